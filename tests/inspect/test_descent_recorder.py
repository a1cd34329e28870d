"""Any loop is recorded as it stands: by hand, by optimizers, in many shapes."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz import descent, draw, explain, play, why
from tapeviz.tf.keras import optimizers
from tapeviz.trace.descent import Descent
from tests.runs import bowl

CHAPTER = Path(__file__).parents[1] / "data" / "chapter10.txt"

TENSORFLOW = (
    2.5999999046325684, 3.0799999237060547, 3.4639999866485596, 3.771199941635132,
    4.016960144042969, 4.213568210601807, 4.370854377746582, 4.496683597564697,
    4.597346782684326, 4.677877426147461,
)  # fmt: skip
"""The ten values of x that TensorFlow 2.21 gives for the chapter's loop."""


def listing() -> str:
    """Section 10.6's code, byte for byte."""
    text = CHAPTER.read_text(encoding="utf-8")
    code = text[text.index("x = tf.Variable(2.0)\n\nlearning_rate") :]
    return code.rstrip() + "\n"


def moves(run: Descent) -> list[float]:
    return [float(u.to[0].entry) for u in run.updates]  # type: ignore[arg-type]


def test_the_chapters_loop_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    first, loop = listing().split("\n\n", 1)
    names: dict[str, Any] = {"tf": tf}
    exec(first, names)  # noqa: S102 - the chapter's own code
    with descent(names["x"]) as run:
        exec(loop, names)  # noqa: S102 - the chapter's own code
    assert moves(run.data) == list(TENSORFLOW)
    printed = capsys.readouterr().out.splitlines()
    rows = play(run).film.table.rows
    assert len(printed) == len(rows) == 10
    for line, row in zip(printed, rows, strict=True):
        step, x, loss = (part.split()[-1] for part in line.split(","))
        assert step == row[0]
        assert f"{float(row[5]):.4f}" == x
        assert f"{float(row[2]):.4f}" == loss


def test_without_arguments_variables_and_loss_are_found() -> None:
    a, b, other = tf.Variable(1.0), tf.Variable([2.0, 3.0]), tf.Variable(0.0)
    with descent() as run:
        for _ in range(3):
            with tf.GradientTape() as tape:
                cost = a**2 + tf.reduce_sum(b**2)
            da, db = tape.gradient(cost, [a, b])
            a.assign_sub(0.1 * da)
            b.assign_sub(0.1 * db)
            other.assign_add(1.0)
    assert run.data.names == ("a", "b")
    assert run.data.loss_name == "cost"
    assert len(run) == 3
    assert run.data.updates[1].rate == pytest.approx(0.1)
    assert run.data.updates[0].at[1].data == (2.0, 3.0)


def test_a_variable_that_joins_later_stood_still_until_then() -> None:
    x, y = tf.Variable(3.0), tf.Variable(5.0)
    with descent() as run:
        with tf.GradientTape() as tape:
            loss = x * x
        x.assign_sub(0.5 * tape.gradient(loss, x))
        with tf.GradientTape() as tape:
            loss = x * x + y
        for v, g in zip((x, y), tape.gradient(loss, [x, y]), strict=True):
            v.assign_sub(0.5 * g)
    first, second = run.data.updates
    assert run.data.names == ("x", "y")
    assert [[v.entry for v in u.at] for u in (first, second)] == [[3, 5], [0, 5]]
    assert [v.entry for v in first.to] == [0, 5]
    assert first.gradients[1] is None
    assert [v.entry for v in second.to] == [0, 4.5]


def test_the_loss_can_be_named() -> None:
    x = tf.Variable(1.0)
    with descent(x, loss="energy") as run, tf.GradientTape() as tape:
        e = x**2
    with run:
        x.assign_sub(tape.gradient(e, x))
    assert run.data.loss_name == "energy"


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda: optimizers.SGD(0.1), ["gradient"]),
        (lambda: optimizers.SGD(0.1, momentum=0.9), ["momentum", "gradient"]),
        (lambda: optimizers.Adam(0.1), ["momentum", "gradient"]),
        (lambda: optimizers.AdamW(0.1), ["weight decay", "momentum", "gradient"]),
        (lambda: optimizers.RMSprop(0.1), ["gradient"]),
    ],
)
def test_an_optimizers_update_is_the_sum_of_its_parts(make: Any, parts: Any) -> None:
    x, y, optimizer = tf.Variable(2.0), tf.Variable([1.0, -3.0]), make()
    with descent() as run:
        for _ in range(4):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2 + tf.reduce_sum(y**2)
            grads = tape.gradient(loss, [x, y])
            optimizer.apply_gradients(zip(grads, [x, y], strict=True))
    assert run.data.method == type(optimizer).__name__
    for update in run.data.updates:
        assert sorted(p.name for p in update.parts) == sorted(parts)
        for k, move in enumerate(update.moves):
            values = [p.values[k] for p in update.parts]
            total = np.sum([v.data for v in values if v is not None], axis=0)
            assert total == pytest.approx(np.array(move.data), rel=1e-4, abs=1e-6)


def test_newtons_method_by_nested_tapes() -> None:
    x = tf.Variable(2.0)
    with descent() as run:
        for _ in range(4):
            with tf.GradientTape() as outer:
                with tf.GradientTape() as inner:
                    f = x**4 - 3 * x**2
                slope = inner.gradient(f, x)
            bend = outer.gradient(slope, x)
            x.assign_sub(slope / bend)
    assert run.data.loss_name == "f"
    first = run.data.updates[0]
    assert first.loss.entry == 4.0
    assert first.gradients[0].entry == 20.0
    assert first.moves[0].entry == pytest.approx(-20 / 42)


def test_two_gradients_of_one_persistent_tape_make_one_update() -> None:
    w, b = tf.Variable(1.0), tf.Variable(1.0)
    with descent() as run:
        for _ in range(3):
            with tf.GradientTape(persistent=True) as tape:
                loss = (2 * w + b) ** 2
            dw, db = tape.gradient(loss, w), tape.gradient(loss, b)
            w.assign_sub(0.01 * dw)
            b.assign_sub(0.01 * db)
    assert [len(u.gradients) for u in run.data.updates] == [2, 2, 2]
    assert run.data.updates[0].gradients[0].entry == 12.0
    assert run.data.updates[2].gradients[1].entry == pytest.approx(6 * 0.9**2)


def test_minibatches_have_losses_of_their_own() -> None:
    w, data = tf.Variable(0.0), tf.constant([1.0, 3.0, 5.0, 7.0])
    with descent(w) as run:
        for i in range(4):
            with tf.GradientTape() as tape:
                loss = (w - data[i]) ** 2
            w.assign_sub(0.5 * tape.gradient(loss, w))
    assert [u.loss.entry for u in run.data.updates] == [1.0, 4.0, 4.0, 4.0]


@pytest.mark.parametrize("end", ["break", "raise"])
def test_a_break_or_an_error_loses_nothing(end: str) -> None:
    x, run = tf.Variable(2.0), None
    try:
        with descent(x) as run:
            for i in range(10):
                with tf.GradientTape() as tape:
                    loss = (x - 5) ** 2
                if i == 4 and end == "break":
                    break
                if i == 4:
                    tape.gradient("no tensor", x)
                x.assign_sub(0.1 * tape.gradient(loss, x))
    except (TypeError, AttributeError, ValueError):
        assert end == "raise"
    assert run is not None
    assert moves(run.data) == list(TENSORFLOW[:4])


def test_a_vector_loss_is_summed_as_the_gradient_sums_it() -> None:
    w = tf.Variable([1.0, 2.0])
    with descent(w) as run:
        with tf.GradientTape() as tape:
            squares = w**2
        w.assign_sub(0.1 * tape.gradient(squares, w))
    assert run.data.updates[0].loss.entry == 5.0
    assert run.data.loss_name == "sum of squares"


def test_a_step_opens_with_the_names_and_numbers_of_its_time() -> None:
    x = tf.Variable(2.0)
    with descent(x) as run:
        for _ in range(10):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            x.assign_sub(0.1 * tape.gradient(loss, x))
    nodes = {n.name: n.value.entry for n in draw(run[7]).graph.nodes if n.name}
    assert nodes["x"] == pytest.approx(TENSORFLOW[6])
    assert nodes["loss"] == pytest.approx((TENSORFLOW[6] - 5) ** 2)
    assert play(run[7]).run.results[0].entry == run[7].update.gradients[0].entry
    assert explain(run[-1]).data.paths
    assert "is -6" in str(why(run[0]))
    assert repr(run[7]).startswith("<step 7 of a descent")
    assert "4.3709" in run[7]._repr_mimebundle_()["text/html"]
    assert [step.number for step in run] == list(range(10))
    with pytest.raises(IndexError, match="its steps are 0 to 9"):
        run[10]


def test_long_runs_keep_every_point_and_a_spread_of_tapes() -> None:
    x = tf.Variable(100.0)
    with descent(x) as run:
        for _ in range(3000):
            with tf.GradientTape() as tape:
                loss = x**2
            x.assign_sub(0.001 * tape.gradient(loss, x))
    found_at = run.kept_steps
    assert len(run.data.updates) == 3000
    assert found_at[:16] == list(range(16))
    assert found_at[-1] == 2999
    assert len(found_at) <= 82
    assert max(np.diff(found_at)) <= 2 * min(np.diff(found_at[16:-1]))
    lost = next(i for i in range(3000) if i not in found_at)
    with pytest.raises(LookupError, match=r"run\[15\] or run\[64\]") as caught:
        run[lost]
    assert f"step {lost}" in str(caught.value)


def test_memory_stays_bounded() -> None:
    def grown(steps: int) -> float:
        w = tf.Variable(np.ones((40, 40), "float32"))
        gc.collect()
        tracemalloc.start()
        with descent(w) as run:
            for _ in range(steps):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum(w * w)
                w.assign_sub(0.001 * tape.gradient(loss, w))
        gc.collect()
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(run) == steps
        return size / 1e6

    few, many = grown(100), grown(900)
    # A point of 1600 numbers is 6.4 kB; eight hundred more are only summarised.
    assert many - few < 8.0


def test_the_curvature_comes_from_nested_tapes() -> None:
    a, b = tf.Variable(-1.0), tf.Variable(1.5)
    with descent() as run:
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = (1 - a) ** 2 + 10 * (b - a**2) ** 2
            grads = tape.gradient(loss, [a, b])
            for g, v in zip(grads, [a, b], strict=True):
                v.assign_sub(0.001 * g)
    least = run.data.curvature("minimum")
    assert least is not None
    assert least.at == pytest.approx((1, 1), abs=1e-3)
    # By hand, at (1, 1): [[2 + 80, -40], [-40, 20]].
    assert least.eigenvalues == pytest.approx(
        np.linalg.eigvalsh([[82, -40], [-40, 20]]), rel=1e-3
    )
    assert run.data.limit == pytest.approx(2 / least.eigenvalues[-1])


def test_a_flat_place_on_a_slope_is_no_minimum() -> None:
    """x**3 has slope zero at 0 and falls on; x**2 has its minimum there."""
    for power, found in ((3, False), (2, True)):
        x = tf.Variable(2.0)
        with descent(x) as run:
            for _ in range(5):
                with tf.GradientTape() as tape:
                    loss = x**power
                x.assign_sub(0.01 * tape.gradient(loss, x))
        assert (run.data.curvature("minimum") is not None) == found


def test_a_variable_that_stands_still_has_a_picture_as_wide_as_high() -> None:
    x, y = tf.Variable(-2.0), tf.Variable(0.0)
    with descent(x, y) as run:
        for _ in range(5):
            with tf.GradientTape() as tape:
                loss = x**2 + y**2
            grads = tape.gradient(loss, [x, y])
            for g, v in zip(grads, [x, y], strict=True):
                v.assign_sub(0.1 * g)
    land = run.data.landscape
    assert land is not None
    assert np.ptp(land.ys) == pytest.approx(np.ptp(land.xs))


@pytest.mark.parametrize(("rate", "seen"), [(0.05, True), (0.03, True), (0.002, False)])
def test_a_minimum_near_the_path_is_well_inside_the_picture(
    rate: float, seen: bool
) -> None:
    run = bowl(rate)
    land = run.data.landscape
    assert land is not None
    inside = [
        ends[0] + np.ptp(ends) / 12 < at < ends[-1] - np.ptp(ends) / 12
        for ends, at in ((land.xs, 1), (land.ys, -1))
    ]
    assert all(inside) == seen
    end = 1 + 3 * (1 - 2 * rate) ** 12
    assert land.xs[0] < end < 4 < land.xs[-1]


def line(size: int) -> Any:
    """A straight line through 24 points, ``size`` of them at a time."""
    rng = np.random.default_rng(4)
    xs = rng.uniform(-1, 3, 24).astype("float32")
    ys = (2 * xs + 1 + 0.3 * rng.normal(size=24)).astype("float32")
    w, b = tf.Variable(0.0), tf.Variable(0.0)
    with descent(w, b) as run:
        for i in range(0, 24 * 3, size):
            part = slice(i % 24, i % 24 + size)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((w * xs[part] + b - ys[part]) ** 2)
            for v, g in zip([w, b], tape.gradient(loss, [w, b]), strict=True):
                v.assign_sub(0.1 * g)
    return run


def test_minibatches_are_told_from_the_whole_of_the_data() -> None:
    parts, whole = line(6), line(24)
    assert (parts.data.shifting, whole.data.shifting) == (True, False)
    found = parts.regime
    assert (found.name, found.limit) == ("converging", None)
    assert "Each step sees other data" in found.sentence
    assert "no inequality decides" in found.inequality
    assert "minimum" in whole.regime.sentence
    titles = [run.plot().axes[0].get_title(loc="left") for run in (parts, whole)]
    assert titles == ["the path over step 0's loss", "the path over loss"]


def test_what_is_no_variable_is_refused() -> None:
    with pytest.raises(TypeError, match=r"name the tf\.Variable"):
        descent(tf.constant(1.0))  # type: ignore[arg-type]
