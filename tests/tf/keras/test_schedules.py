"""Learning-rate schedules against their formulas, in plain Python."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tapeviz as tf

schedules = tf.keras.optimizers.schedules

S = schedules
CASES: list[tuple[Any, dict[int, float]]] = [
    (S.ExponentialDecay(0.8, 10, 0.5), {0: 0.8, 5: 0.8 * math.sqrt(0.5), 20: 0.2}),
    (S.ExponentialDecay(0.8, 10, 0.5, staircase=True), {9: 0.8, 10: 0.4, 25: 0.2}),
    (S.InverseTimeDecay(0.8, 10, 0.5), {0: 0.8, 10: 0.8 / 1.5, 20: 0.4}),
    (S.InverseTimeDecay(0.8, 10, 0.5, staircase=True), {9: 0.8, 15: 0.8 / 1.5}),
    (S.PiecewiseConstantDecay([3, 6], [1.0, 0.5, 0.1]), {3: 1, 4: 0.5, 6: 0.5, 7: 0.1}),
    (S.PolynomialDecay(1.0, 10, 0.2), {0: 1.0, 5: 0.6, 10: 0.2, 99: 0.2}),
    (S.PolynomialDecay(1.0, 10, 0.0, power=2.0), {5: 0.25}),
    (S.PolynomialDecay(1.0, 10, 0.0, cycle=True), {0: 1.0, 10: 0.0, 15: 0.25}),
    (S.CosineDecay(1.0, 10), {0: 1.0, 5: 0.5, 10: 0.0, 99: 0.0}),
    (S.CosineDecay(1.0, 10, alpha=0.2), {10: 0.2}),
    (S.CosineDecay(0.0, 10, 0.0, "warm", 1.0, 4), {2: 0.5, 4: 1.0, 9: 0.5}),
    (S.CosineDecayRestarts(1.0, 10), {0: 1.0, 5: 0.5, 10: 1.0, 20: 0.5}),
    (S.CosineDecayRestarts(1.0, 10, t_mul=1.0, m_mul=0.5), {15: 0.25}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("schedule", "rates"), CASES, ids=lambda v: getattr(v, "name", "")
)
def test_rates(schedule: Any, rates: dict[int, float]) -> None:
    for step, rate in rates.items():
        got = schedule(step)
        assert float(got) == pytest.approx(rate, abs=2e-7)
        assert got.dtype == "float32"
    variable = tf.Variable(max(rates), dtype="int64", trainable=False)
    assert float(schedule(variable)) == pytest.approx(rates[max(rates)], abs=2e-7)


@pytest.mark.parametrize("schedule", [s for s, _ in CASES], ids=lambda s: s.name)
def test_many_steps_at_once(schedule: Any) -> None:
    steps = np.arange(30)
    each = [float(schedule(int(step))) for step in steps]
    np.testing.assert_allclose(schedule(steps).numpy(), each, atol=1e-7)


def test_config_makes_the_same_schedule() -> None:
    schedule = schedules.CosineDecay(1.0, 10, alpha=0.5)
    assert float(schedules.CosineDecay.from_config(schedule.get_config())(10)) == 0.5


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="`decay_steps` must be > 0"):
        schedules.ExponentialDecay(0.1, 0, 0.9)
    with pytest.raises(ValueError, match="should be 1 less than"):
        schedules.PiecewiseConstantDecay([1, 2], [1.0, 2.0])


class Warming(schedules.LearningRateSchedule):  # type: ignore[misc, name-defined]
    """A learner's own schedule, in TensorFlow's functions."""

    def __call__(self, step: Any) -> Any:
        return 0.1 * tf.cast(step + 1, tf.float32)


def test_a_schedule_of_ones_own() -> None:
    x = tf.Variable(0.0)
    optimizer = tf.keras.optimizers.SGD(Warming())
    optimizer.apply_gradients([(1.0, x)])
    optimizer.apply_gradients([(1.0, x)])
    assert float(x.numpy()) == pytest.approx(-0.3)
    with pytest.raises(NotImplementedError, match="must override"):
        schedules.LearningRateSchedule()(0)
