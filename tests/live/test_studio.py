"""Descents of the page beside those of the engine: paths, regimes, limits, windows."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.analysis.convergence import Regime, regime
from tapeviz.analysis.trajectory import sample_steps, track
from tapeviz.render.html.assets import read_assets
from tapeviz.tf.keras import optimizers
from tapeviz.trace.codec import pack
from tapeviz.trace.program import Program
from tapeviz.views.explorer import METHODS, ExplorerLoss, Method, Settings, method_data
from tapeviz.views.explorer import _spans as spans_around
from tapeviz.views.loss_presets import PRESETS
from tests.live.descents import STEPS, Drawn, drawn
from tests.live.machine import everything, node

FAR = 1e6
COUNT = int(os.environ.get("TAPEVIZ_DESCENTS", "40"))
"""Descents of each optimizer; ``TAPEVIZ_DESCENTS=200`` for all that were looked at."""

SCRIPTS = (
    "live/chart.js", "live/marks.js", "descent/studio_numbers.js",
    "descent/studio_regime.js", "descent/studio_chart.js", "descent/studio.js",
)  # fmt: skip

JUDGE = """
const said = (v) => Array.isArray(v) ? v.map(said) : Number.isFinite(v) ? v : `${v}`;
function descended({ program, method, settings }) {
  const surface = surfaceOf(program);
  const run = { ...descend(surface, method, settings), loss: "loss" };
  run.curvatures = curvatures(surface, run);
  return { surface, run, regime: regime(run) };
}
"""


SCRIPT = f"{everything()}{read_assets(*SCRIPTS)}{JUDGE}"


def page(expression: str, given: Any) -> Any:
    """What the studio's scripts give for each of the given."""
    return node(f"{SCRIPT}out = given.map((one) => {expression});", given)


def job(loss: ExplorerLoss, method: str, settings: Settings) -> dict[str, Any]:
    program = loss.program(settings.start)
    assert isinstance(program, Program), program
    return {
        "program": pack(program),
        "method": method_data(method, METHODS[method], optimizers),
        "settings": {
            "rate": settings.learning_rate,
            "steps": settings.steps,
            "start": settings.start,
            "parameters": dict(settings.parameters),
        },
    }


def both(descents: Sequence[Drawn]) -> Any:
    """Each descent with its run in the engine and in the page."""
    jobs = [job(d.loss, d.method, d.settings) for d in descents]
    act = "(({ run, regime }) => ({ points: said(run.points), regime }))"
    found = page(f"{act}(descended(one))", jobs)
    runs = [d.loss.descend(d.settings, d.method) for d in descents]
    return zip(descents, runs, found, strict=True)


def apart(one: Any, other: Any) -> float:
    """How far two paths are from each other at most, beside their size."""
    one, other = (np.array(path, dtype=float) for path in (one, other))
    if one.shape != other.shape:
        return float("inf")
    with np.errstate(all="ignore"):
        gap = np.abs(one - other) / np.maximum(1, np.abs(other))
    both_odd = ~np.isfinite(one) & ~np.isfinite(other)
    return float(np.where(both_odd | (np.abs(other) > 1e30), 0, gap).max())


def is_chaotic(d: Drawn, path: Any) -> bool:
    """Whether the engine itself goes elsewhere if it rounds otherwise on the way."""
    return any(
        apart(
            track(d.rounded_otherwise(k).descend(d.settings, d.method).quick).numbers,
            path,
        )
        > 1e-5
        for k in (1, -1, 2, -2, 3, -3, 4, -4)
    )


def same_limit(found: float | None, expected: float | None) -> bool:
    """To three digits; where the loss is next to flat, both are far out."""
    if found and expected and min(found, expected) > FAR:
        return True
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= 1e-3 * abs(expected)


@pytest.mark.parametrize("method", METHODS)
def test_descents_are_those_of_the_engine(method: str) -> None:
    """Within 1e-5, and what is said of them: regime, limit, and mostly each word."""
    compared = same = 0
    for d, run, found in both([*drawn(16, method, COUNT)]):
        path = track(run.quick).numbers
        if apart(found["points"], path) > 1e-5:
            assert is_chaotic(d, path), (d.settings, apart(found["points"], path))
            continue
        compared += 1
        expected = regime(run.quick)
        assert found["regime"]["name"] == expected.name, (d.settings, expected)
        assert same_limit(found["regime"]["limit"], expected.limit), d.settings
        same += words(found["regime"]) == [expected.sentence, expected.inequality]
    assert compared >= 0.95 * COUNT
    assert same >= 0.95 * compared, "rounding decides how often some runs turn back"


def words(found: dict[str, Any]) -> list[str]:
    return [found["sentence"], found["rule"]]


@pytest.mark.parametrize(
    "method",
    [Method("AdamW", {"weight_decay": 0.01}), Method("Adamax"), Method("Adadelta"),
     Method("Adam", {"amsgrad": True}), Method("SGD", {"weight_decay": 0.1}),
     Method("RMSprop", {"centered": True, "momentum": 0.5})],
)  # fmt: skip
def test_other_optimizers_run_from_their_own_texts_too(
    method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, "other", method)
    for kind in (np.float32, np.float64):
        x, y = (tf.Variable(kind(v)) for v in (-1.0, 0.7))
        loss = ExplorerLoss(PRESETS["ravine"].loss, [x, y], {}, optimizers=optimizers)
        d = Drawn(loss, Settings(0.05, STEPS, (-1.0, 0.7), "other"), "other")
        ((_, run, found),) = both([d])
        assert apart(found["points"], track(run.quick).numbers) < 1e-5


# -- regimes that are seldom drawn -----------------------------------------------------

ODD = {
    "not a parabola, far too fast": (lambda x: tf.sqrt(1 + x**2), 3.0, 9.0, 40),
    "a line": (lambda x: 2 * x, 1.0, 0.1, 10),
    "a kink": (tf.abs, 0.35, 0.1, 20),
    "at the minimum": (lambda x: (x - 5) ** 2, 5.0, 0.1, 10),
    "at a top": (lambda x: 1 - x**2, 0.0, 0.1, 10),
    "uphill for good": (lambda x: 1 - x**2, 0.1, 0.1, 10),
    "at the edge": (lambda x: (x - 5) ** 2, 2.0, 1.0, 10),
    "beyond the edge": (lambda x: (x - 5) ** 2, 2.0, 1.1, 10),
    "into infinity": (lambda x: (x - 5) ** 2, 2.0, 3.0, 90),
    "into nan": (tf.math.log, 1.0, 0.6, 10),
    "a plain": (lambda x: 1e-6 * tf.sin(x), 1.0, 0.1, 10),
    "updates that round away": (lambda x: x * 1e-4, 3e6, 1e-4, 5),
    "a quartic": (lambda x: x**4, 1.0, 0.1, 60),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("method", ["gradient descent", "momentum", "Adam"])
def test_odd_runs_are_named_as_in_python(name: str, method: str) -> None:
    loss, start, rate, steps = ODD[name]
    explored = ExplorerLoss(
        loss, [tf.Variable(start, name="x")], {}, optimizers=optimizers
    )
    d = Drawn(explored, Settings(rate, steps, (start,), method), method)
    ((_, run, found),) = both([d])
    expected: Regime = regime(run.quick)
    assert found["regime"]["name"] == expected.name
    assert words(found["regime"]) == [expected.sentence, expected.inequality]
    assert same_limit(found["regime"]["limit"], expected.limit)


@pytest.mark.parametrize(
    ("start", "rate"), [((-2.0, 0.0), 0.1), ((0.0, 0.0), 0.1), ((-2.0, 0.1), 0.1),
                        ((-2.0, 0.0), 1.5), ((-2.0, 0.0), 2.5)],
)  # fmt: skip
def test_a_saddle_is_named_as_in_python(
    start: tuple[float, float], rate: float
) -> None:
    def saddle(x: Any, y: Any) -> Any:
        return (x**2 - y**2) / 2

    for loss in (PRESETS["saddle"].loss, saddle):
        xs = [tf.Variable(v) for v in start]
        explored = ExplorerLoss(loss, xs, {}, optimizers=optimizers)
        settings = Settings(rate, 60, start)
        ((_, run, found),) = both([Drawn(explored, settings, "gradient descent")])
        expected = regime(run.quick)
        assert [found["regime"]["name"], *words(found["regime"])] == [
            expected.name, expected.sentence, expected.inequality,
        ]  # fmt: skip


def test_the_limit_marked_is_where_runs_begin_to_diverge() -> None:
    """2 / 2 for a parabola of curvature 2, times what momentum shifts it by."""
    x = tf.Variable(np.float64(6.0))
    loss = ExplorerLoss(lambda: (x - 5) ** 2, [x], {}, optimizers=optimizers)
    for method in ("gradient descent", "momentum", "Nesterov"):
        settings = Settings(0.1, 10, (6.0,), method)
        (limit,) = page("limitOf(descended(one).run)", [job(loss, method, settings)])
        final = []
        for rate in (0.98 * limit["limit"], 1.02 * limit["limit"]):
            run = loss.descend(Settings(rate, 3000, (6.0,), method), method)
            final.append(abs(run.quick.updates[-1].to[0].entry - 5))
        assert final[0] < 1e-3
        assert not final[1] < 10
        assert limit["words"].startswith("limit ")


def test_a_window_is_around_start_and_minimum_or_around_the_path() -> None:
    descents = [*drawn(7, "gradient descent", 60)]
    descents = [d for i, d in enumerate(descents) if i % 3 < 2]  # with one minimum
    jobs = [job(d.loss, d.method, d.settings) for d in descents]
    act = "(({ run }) => spansAround(one.settings.start, run, track(run).near))"
    for d, spans in zip(descents, page(f"{act}(descended(one))", jobs), strict=True):
        run = d.loss.descend(d.settings, d.method)
        wanted = spans_around(d.settings.start, run)
        assert np.ravel(spans) == pytest.approx(np.ravel(wanted), rel=2e-3, abs=1e-3)


def test_steps_are_sampled_as_in_python() -> None:
    given = [[count, most] for count in (1, 5, 60, 61, 200, 1000) for most in (5, 60)]
    for (count, most), found in zip(
        given, page("sampleSteps(...one)", given), strict=True
    ):
        assert found == sample_steps(count, most)


def test_numbers_in_sentences_are_written_as_in_python() -> None:
    from tapeviz.analysis import trajectory

    rng = np.random.default_rng(2)
    values = [*(rng.normal(size=200) * 10.0 ** rng.integers(-9, 9, 200)), 0.0, -6.0]
    assert page("number(one)", values) == [trajectory.number(v) for v in values]
    pairs = [[v, v * (1 + 1e-7)] for v in values]
    assert page("apart(...one)", pairs) == [[*trajectory.apart(*p)] for p in pairs]


def test_no_text_is_ever_run() -> None:
    scripts = read_assets(*SCRIPTS, "descent/studio_controls.js")
    assert not re.search(r"\beval\b|new Function|innerHTML|insertAdjacent", scripts)
