"""why tries an edit before it offers it, and nobody notices."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tests.inspect.cells import answer, kernel, mended, run_cell
from tests.inspect.mistakes import NONE, WILD, ZERO, Mistake, run
from tests.inspect.test_diagnose import changed

ASK = "a = why(tape, y, w)"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("tensorflow"), "disabled", True)


@pytest.mark.parametrize("mistake", [*NONE, *ZERO, *WILD], ids=str)
def test_every_edit_that_was_tried_gives_a_finite_number(mistake: Mistake) -> None:
    """Each is applied, with those of the next reasons; the program runs again."""
    code = mistake.code
    offered = [r for r in run(code).answers[-1].reasons if r.tried]
    assert all(r.edits for r in offered)
    if not offered:
        return
    for _ in mistake.kinds:
        found = run(code).answers[-1]
        if any(r.edits for r in found.reasons):
            code = changed(code, found)
    again = run(code).answers[-1]
    assert again.result in ("value", "zero")
    assert again.gradient is not None
    assert np.all(np.isfinite(again.gradient.data))


def test_most_edits_can_be_tried() -> None:
    reasons = [
        r for m in (*NONE, *ZERO, *WILD) for r in run(m.code).answers[-1].reasons
    ]
    edited = [r for r in reasons if r.edits]
    assert sum(r.tried for r in edited) > 0.9 * len(edited)


@pytest.mark.parametrize(
    ("start", "step"),
    [
        ("w = tf.Variable(3.0)", "w = w - 0.1 * g"),
        (
            "w, b = tf.Variable(3.0), tf.Variable(1.0)",
            "w, b = w - 0.1 * g, b - 0.1 * g",
        ),
    ],
)
def test_a_variable_that_became_a_tensor_is_tried_as_one(start: str, step: str) -> None:
    """In place the second pass has w = 3 - 0.1 * 2 * 3 = 2.4, so that dy/dw is 4.8."""
    cells = [
        start,
        "for k in range(2):\n"
        "    with tf.GradientTape() as tape:\n"
        "        y = w * w\n"
        "    g = tape.gradient(y, w)\n"
        "    if g is None:\n"
        "        break\n"
        f"    {step}\n"
        "held = w\n" + ASK,
    ]
    with kernel() as shell:
        for cell in cells:
            run_cell(shell, cell)
        (reason,) = shell.user_ns["a"].answers[-1].reasons
        assert shell.user_ns["w"] is shell.user_ns["held"]
        assert not isinstance(shell.user_ns["w"], tf.Variable)
    assert reason.kind == "rebound"
    assert reason.tried
    _, after = mended(cells, reason)
    again = answer(start, after)
    assert again.gradient is not None
    assert again.gradient.entry == pytest.approx(4.8)


@pytest.mark.parametrize(
    ("before", "line", "tried"),
    [
        ("", "y = tf.floor(w) * 2.0", True),
        ("", "print('hi'); y = tf.floor(w)", False),
        ("log = []", "y = tf.floor(w); log.append(1)", False),
        ("log = []", "y = tf.floor(w); log += [1]", False),
        ("d = {}", "y = tf.floor(w); d['k'] = 1", False),
        ("n = np.zeros(2)", "y = tf.floor(w); n[0] = 1", False),
        ("n = np.zeros(2)", "y = tf.floor(w); n += 1", False),
        ("n = np.zeros(2)", "y = tf.floor(w); np.copyto(n, 1)", False),
        ("n = np.zeros(2)", "y = tf.floor(w); np.add(n, 1, out=n)", False),
        ("c = tf.Variable(0.0)", "y = tf.floor(w); c.assign_add(1.0)", False),
        ("", "y = tf.floor(w) * tf.random.normal([])", False),
        ("", "y = tf.floor(w) * np.random.rand()", False),
        ("g = iter([1.0, 2.0, 3.0])", "y = tf.floor(w) * next(g)", False),
        ("g = iter([1.0, 2.0, 3.0])", "y = tf.floor(w) * sum(g)", False),
        ("f = open('/dev/null', 'w')", "y = tf.floor(w); f.write('x')", False),
        ("class O: pass\no = O()", "y = tf.floor(w); o.last = 1", False),
        ("def h(v):\n    print(v)\n    return v", "y = tf.floor(h(w))", False),
        ("log = []\ndef h(v):\n    log.append(v)\n    return v", "y = tf.floor(h(w))",
         False),
        ("def h(v):\n    global k\n    k = v\n    return v", "y = tf.floor(h(w))",
         False),
        ("def h(v):\n    return v * 2.0", "y = tf.floor(h(w))", True),
        ("def h(v):\n    return g(v) * 2.0\ndef g(v):\n    return v + 1.0",
         "y = tf.floor(h(w))", True),
        ("h = lambda v: v * 2.0", "y = tf.floor(w)", True),
        ("", "parts = []; parts.append(tf.floor(w)); y = tf.add_n(parts)", True),
        ("", "y = sum([tf.floor(w) * k for k in range(3)])", True),
        ("", "y = sum(tf.floor(w) * k for k in range(10 ** 7) if k < 3)", False),
        ("d = tf.keras.layers.Dense(1)", "y = tf.floor(w) * d(tf.ones([1, 1]))[0, 0]",
         True),
        ("d = tf.keras.layers.Dropout(0.5)", "y = tf.floor(w) * d(tf.ones([1]))[0]",
         False),
    ],
)  # fmt: skip
def test_only_blocks_without_effects_are_run_again(
    before: str, line: str, tried: bool
) -> None:
    found = answer(
        f"w = tf.Variable(1.5)\n{before}",
        f"with tf.GradientTape() as tape:\n    {line}",
        ASK,
    )
    reason = found.reasons[0]
    assert reason.edits
    assert reason.tried == tried


def test_nothing_of_the_learners_is_changed() -> None:
    """Names, tensors, tapes, random state and listeners are what they were."""
    x, w = tf.constant(2.0), tf.Variable(3.0)
    parts = [x]
    with tf.GradientTape() as older:
        older.watch(x)
        u = x * x
    with tf.GradientTape() as asked:
        y = tf.reduce_sum(tf.stack(parts)) * w
    with tf.GradientTape() as tape:
        v = x * w
        before = len(tape.records())
        state = np.random.get_state()[1].copy()  # noqa: NPY002 - what learners use
        reason = tf.why(asked, y, x).reasons[0]
        assert reason.tried
        assert len(tape.records()) == before
        z = v * 2.0
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002 - as above
    assert older.gradient(u, x).numpy() == 4.0
    assert tape.gradient(z, w).numpy() == 4.0
    assert asked.gradient(y, w).numpy() == 2.0
    assert parts[0] is x


def test_a_tensor_stays_with_the_tape_that_records_it() -> None:
    """A trial watches x on a tape of its own; the open tape goes on seeing it."""
    x, c = tf.constant(2.0), tf.constant(5.0)
    with tf.GradientTape() as done:
        y = c * c
    with tf.GradientTape() as tape:
        tape.watch([x, c])
        assert tf.why(done, y, c).reasons[0].kind in ("unwatched", "elsewhere")
        z = x * c
    assert [g.numpy() for g in tape.gradient(z, [x, c])] == [5.0, 2.0]


def test_an_edit_that_changes_nothing_is_not_offered() -> None:
    """The stopped path stays 0 without stop_gradient, as its factor is 0."""
    (reason,) = answer(
        "w = tf.Variable(3.0)\n"
        "with tf.GradientTape() as tape:\n"
        "    y = w * 2.0 + 0.0 * tf.stop_gradient(w)",
        ASK,
    ).reasons
    assert reason.kind == "stopped"
    assert reason.edits == ()


def test_an_edit_that_raises_is_not_offered() -> None:
    """Without .numpy() the array would have to be added to one of another dtype."""
    reason = answer(
        "w = tf.Variable([1.0, 2.0])\nbig = np.ones(2)\n"
        "with tf.GradientTape() as tape:\n"
        "    y = tf.reduce_sum(tf.constant(w.numpy() + big) * tf.ones(2, tf.float64))",
        ASK,
    ).reasons[0]
    assert reason.kind == "left"
    assert reason.edits == () or reason.tried


def test_an_edit_of_a_function_in_another_cell_is_tried() -> None:
    cells = [
        "def loss(v):\n    return tf.constant(v.numpy() ** 2) * 1.0",
        "w = tf.Variable(3.0)\nwith tf.GradientTape() as tape:\n    y = loss(w)",
        ASK,
    ]
    reason = answer(*cells).reasons[0]
    assert reason.tried
    after = answer(*mended(cells, reason))
    assert after.gradient is not None
    assert after.gradient.entry == 6.0


def test_two_edits_that_mend_only_together_are_both_offered() -> None:
    found = answer(
        "w = tf.Variable(1.5)\n"
        "with tf.GradientTape() as tape:\n"
        "    h = tf.floor(w) * 3.0\n    y = tf.stop_gradient(h)",
        ASK,
    )
    assert [(r.kind, r.tried) for r in found.reasons] == [
        ("step", True), ("stopped", True),
    ]  # fmt: skip


def test_what_was_not_tried_is_said_to_be_a_suggestion() -> None:
    with kernel() as shell:
        run_cell(shell, "w = tf.Variable(1.5)\nlog = []")
        code = "with tf.GradientTape() as tape:\n    y = tf.floor(w); log.append(y)"
        run_cell(shell, code)
        run_cell(shell, ASK)
        said = " ".join(str(shell.user_ns["a"]).split())
        assert "to mend (a suggestion, not tried):" in said
        assert len(shell.user_ns["log"]) == 1


def test_a_long_block_is_not_run_again() -> None:
    x: Any = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = tf.floor(x)
        for _ in range(3000):
            y = y * 1.0
    reason = tf.why(tape, y, x).reasons[0]
    assert reason.edits
    assert not reason.tried
