"""The named regime agrees with theory, and odd runs get a name of their own."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import tapeviz as tf
from tapeviz import descent, explore
from tapeviz.analysis.convergence import (
    CONVERGING,
    DIVERGING,
    FLAT,
    NAMES,
    NAN,
    NONE,
    OSCILLATING,
    OVERSHOOTING,
    SADDLE,
    regime,
)
from tapeviz.tf.keras import optimizers
from tapeviz.trace.descent import Descent as Run
from tapeviz.views.descent import DescentRun
from tests.render.descents import arrays, parabola

CASES = 300
DRAWN = {
    "below": CONVERGING, "between": OVERSHOOTING, "at": OSCILLATING,
    "above": DIVERGING, "downhill": DIVERGING, "ridge": SADDLE, "rest": FLAT,
}  # fmt: skip


def walked(rate: float, start: float = 2.0, steps: int = 8) -> DescentRun:
    x = tf.Variable(start)
    with descent(x) as run:
        for _ in range(steps):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            x.assign_sub(rate * tape.gradient(loss, x))
    return run


def drawn(rng: np.random.Generator, case: str) -> tuple[DescentRun, float]:
    """A random quadratic in 1 to 5 dimensions and its largest curvature."""
    size = int(rng.integers(2 if case in {"downhill", "ridge"} else 1, 6))
    eigenvectors, _ = np.linalg.qr(rng.normal(size=(size, size)))
    eigenvalues = np.exp(rng.uniform(-1.5, 1.5, size))
    away = rng.uniform(0.3, 2, size) * rng.choice([-1, 1], size)
    factor = {
        "below": rng.uniform(0.05, 0.98), "between": rng.uniform(1.02, 1.97),
        "at": 2.0, "above": rng.uniform(2.03, 3.5),
    }.get(case, 0.5)  # fmt: skip
    rate = factor / eigenvalues.max()
    if case in {"downhill", "ridge"}:
        least = int(np.argmin(eigenvalues))
        eigenvalues[least] *= -1
        away[least] *= case == "downhill"
    if case == "rest":
        away[:] = 0
    middle = rng.normal(size=size)
    matrix = tf.constant((eigenvectors * eigenvalues) @ eigenvectors.T)
    centre = tf.constant(middle)
    x = tf.Variable(middle + eigenvectors @ away)
    with descent(x) as run:
        for _ in range(4):
            with tf.GradientTape() as tape:
                gap = x - centre
                loss = tf.reduce_sum(gap * tf.linalg.matvec(matrix, gap)) / 2
            x.assign_sub(rate * tape.gradient(loss, x))
    return run, float(eigenvalues.max())


def test_hundreds_of_quadratics_agree_with_theory() -> None:
    rng = np.random.default_rng(106)
    for case, _ in zip(itertools.cycle(DRAWN), range(CASES), strict=False):
        run, bend = drawn(rng, case)
        assert run.regime.name == DRAWN[case], (case, run.regime)
        assert run.regime.limit == pytest.approx(2 / bend, rel=1e-9)


@pytest.mark.parametrize(
    ("rate", "name", "rule"),
    [
        (0.1, CONVERGING, "0.1 · 2 = 0.2 ≤ 1"),
        (0.5, CONVERGING, "0.5 · 2 = 1 ≤ 1"),
        (0.9, OVERSHOOTING, "1 < rate · curvature = 0.9 · 2 = 1.8 < 2"),
        (1.0, OSCILLATING, "1 · 2 = 2"),
        (1.1, DIVERGING, "1.1 · 2 = 2.2 > 2"),
    ],
)
def test_the_chapters_parabola(rate: float, name: str, rule: str) -> None:
    found = walked(rate).regime
    assert found.name == name
    assert rule in found.inequality
    assert found.limit == 1.0


def test_a_run_into_infinity_diverges_and_does_not_just_hit_nan() -> None:
    found = walked(3.0, steps=90).regime
    assert (found.name, found.limit) == (DIVERGING, 1.0)
    assert "> 2" in found.inequality


def test_a_number_that_breaks_is_said_with_its_step() -> None:
    x = tf.Variable(1.0)
    with descent(x) as run:
        for _ in range(6):
            with tf.GradientTape() as tape:
                loss = tf.math.log(x)
            x.assign_sub(0.6 * tape.gradient(loss, x))
    assert run.regime.name == NAN
    assert run.regime.sentence.startswith("At step 2 the loss is nan")


def test_optimizers_with_a_memory_are_judged_by_what_they_did() -> None:
    x, adam = tf.Variable(2.0), optimizers.Adam(0.5)
    with descent(x) as run:
        for _ in range(40):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            adam.apply_gradients([(tape.gradient(loss, x), x)])
    assert run.regime.name == OVERSHOOTING


def rolled(
    rng: np.random.Generator, *, ahead: bool, diverges: bool
) -> tuple[DescentRun, float]:
    """A drawn quadratic with momentum a little inside or outside of its bound.

    The bound comes from the largest root of the recurrence, found by bisection.
    """
    size, share = int(rng.integers(1, 4)), float(rng.uniform(0.3, 0.8))
    eigenvectors, _ = np.linalg.qr(rng.normal(size=(size, size)))
    eigenvalues = rng.uniform(0.5, 1.0, size) * rng.uniform(0.5, 3)

    def grows(product: float) -> bool:
        left = 1 - product
        line = [1, -(1 + share) * left, share * left]
        roots = np.roots(line if ahead else [1, -(share + left), share])
        return bool(np.abs(roots).max() > 1)

    low, high = 0.0, 5.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (low, middle) if grows(middle) else (middle, high)
    rate = low * (1.15 if diverges else 0.9) / float(eigenvalues.max())
    matrix = tf.constant((eigenvectors * eigenvalues) @ eigenvectors.T)
    x = tf.Variable(eigenvectors @ rng.uniform(0.5, 2, size))
    sgd = optimizers.SGD(rate, momentum=share, nesterov=ahead)
    with descent(x) as run:
        for _ in range(30):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(x * tf.linalg.matvec(matrix, x)) / 2
            sgd.apply_gradients([(tape.gradient(loss, x), x)])
    return run, low / float(eigenvalues.max())


def test_momentum_has_a_bound_of_its_own() -> None:
    rng = np.random.default_rng(9)
    for case in range(200):
        diverges, ahead = bool(case % 2), bool(case // 2 % 2)
        run, limit = rolled(rng, ahead=ahead, diverges=diverges)
        found = run.regime
        assert found.limit == pytest.approx(limit, rel=1e-5)
        assert (found.name == DIVERGING) == diverges, found
        assert f" {'>' if diverges else '<'} " in found.inequality
        assert (run.losses[-1] > run.losses[0]) == diverges


def test_momentum_by_hand_is_recognised_and_adam_has_no_bound() -> None:
    x, v = tf.Variable(2.0), 0.0
    with descent(x) as run:
        for _ in range(20):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            v = 0.9 * v - 0.1 * float(tape.gradient(loss, x))
            x.assign_add(v)
    assert run.regime.inequality.endswith("0.2 < 3.8 = 2 · (1 + 0.9)")
    assert run.regime.limit == pytest.approx(1.9, rel=1e-4)
    y, adam = tf.Variable(2.0), optimizers.Adam(0.5)
    with descent(y) as other:
        for _ in range(20):
            with tf.GradientTape() as tape:
                loss = (y - 5) ** 2
            adam.apply_gradients([(tape.gradient(loss, y), y)])
    assert "no inequality decides" in other.regime.inequality


def test_gradients_that_add_up_are_no_momentum_that_comes_to_rest() -> None:
    """As where ``.grad`` is never emptied: x swings about 5 for ever, by 3."""
    x, total = tf.Variable(2.0), 0.0
    with descent(x) as run:
        for _ in range(20):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            total += float(tape.gradient(loss, x))
            x.assign_sub(0.1 * total)
    assert run.regime.name == OSCILLATING
    assert run.regime.limit is None


@pytest.mark.parametrize(
    ("rate", "name"), [(0.1, CONVERGING), (1.0, OSCILLATING), (1.1, DIVERGING)]
)
def test_large_arrays_are_judged_by_their_losses(rate: float, name: str) -> None:
    x = tf.Variable(np.linspace(1, 2, 100))
    with descent(x) as run:
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(x**2)
            x.assign_sub(rate * tape.gradient(loss, x))
    assert run.regime.name == name


def test_a_run_that_came_to_rest_still_has_its_inequality() -> None:
    assert "0.3 · 2 = 0.6 ≤ 1" in walked(0.3, steps=60).regime.inequality


def test_two_straight_lines_are_no_parabola() -> None:
    x = tf.Variable(0.5)
    with descent(x) as run:
        for _ in range(12):
            with tf.GradientTape() as tape:
                y = tf.abs(x)
            x.assign_sub(0.2 * tape.gradient(y, x))
    assert run.regime.name == OSCILLATING


def test_updates_that_round_to_nothing_are_flat() -> None:
    x = tf.Variable(2.0)
    with descent(x) as run:
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = 1e-30 * x**2
            x.assign_sub(0.1 * tape.gradient(loss, x))
    assert run.regime.name == FLAT
    assert "round to nothing" in run.regime.sentence


def test_a_dead_unit_is_flat() -> None:
    x = tf.Variable(-2.0)
    with descent(x) as run:
        for _ in range(5):
            with tf.GradientTape() as tape:
                loss = tf.nn.relu(x) ** 2
            x.assign_sub(0.1 * tape.gradient(loss, x))
    assert run.regime.name == FLAT
    assert "nothing moves" in run.regime.sentence


def test_a_saddle_that_is_no_parabola_is_found_at_the_end() -> None:
    x, y = tf.Variable(-2.0), tf.Variable(0.0)
    with descent(x, y) as run:
        for _ in range(30):
            with tf.GradientTape() as tape:
                loss = x**4 / 4 + x**2 / 2 + (y**2 - 2) ** 2 / 4
            grads = tape.gradient(loss, [x, y])
            for v, g in zip([x, y], grads, strict=True):
                v.assign_sub(0.2 * g)
    assert run.regime.name == SADDLE
    assert "-2 < 0" in run.regime.inequality


@pytest.mark.parametrize(
    "run",
    [
        Run(("x",), ()),
        parabola(),
        parabola(3.0, 60),
        parabola(start=math.nan),
        arrays(),
    ],
)
def test_runs_without_curvature_still_have_a_regime(run: Run) -> None:
    found = regime(run)
    assert found.name in NAMES
    assert found.sentence.endswith(".")
    assert (found.name == NONE) == (not run.updates)


def test_a_run_that_adds_the_gradient_goes_uphill() -> None:
    """The sign turned round: the section's loss grows at every step."""
    found = walked(-0.1).regime
    assert found.name == DIVERGING
    assert "uphill" in found.sentence
    assert found.inequality == "learning rate -0.1 < 0"


def explored(name: str, method: str, rate: float) -> DescentRun:
    """The studio's run on a preset."""
    run: DescentRun = explore(name, optimizer=method, learning_rate=rate).run
    return run


@pytest.mark.parametrize("rate", [1e-4, 0.1, 10.0])
def test_momentum_is_never_taken_for_plain_descent(rate: float) -> None:
    """By hand: 2 * rate against 2 * (1 + 0.9) = 3.8, whatever the rounding."""
    rule = explored("parabola", "momentum", rate).regime.inequality
    assert rule.endswith("= 2 · (1 + 0.9)")
    assert f"· 2 = {f'{2 * rate:.4f}'.rstrip('0').rstrip('.')} " in rule
    off = explored("ravine", "momentum", 1.0).regime
    assert off.name == DIVERGING
    assert off.inequality.endswith("= 12 > 3.8 = 2 · (1 + 0.9)")
    assert "rescales" in explored("parabola", "Adam", 1e-4).regime.inequality


def test_who_leaps_about_at_the_end_does_not_converge() -> None:
    found = explored("bumpy", "gradient descent", 1.0).regime
    assert found.name == OSCILLATING
    assert "does not come to rest" in found.sentence


def test_no_saddle_and_no_rest_where_there_is_none() -> None:
    """The only place of no slope in Rosenbrock's valley is its minimum, (1, 1)."""
    assert explored("rosenbrock", "RMSprop", 10.0).regime.name != SADDLE
    assert (
        "on its way" in explored("rosenbrock", "gradient descent", 1e-4).regime.sentence
    )


def test_in_two_dimensions_the_steepest_direction_decides() -> None:
    steep = "Along the direction that bends most, each update goes past"
    assert explored("ravine", "gradient descent", 0.1).regime.sentence.startswith(steep)
    both = explored("ravine", "gradient descent", 10.0).regime.sentence
    assert both.startswith("Each update")


def test_a_run_that_comes_back_from_nan_is_not_called_lost() -> None:
    x = tf.Variable(2.0)
    with descent(x) as run:
        for _ in range(10):
            with tf.GradientTape() as tape:
                loss = tf.math.log(x)
            x.assign_sub(tape.gradient(loss, x))
    assert math.isfinite(run.losses[-1])
    assert run.regime.sentence == "At step 3 the loss is nan."
