"""Mistakes and finite differences beside a backward pass."""

from __future__ import annotations

import math

import pytest

import tapeviz as tf
from tapeviz import inspect
from tapeviz.trace.questions import Practice


def practised(target: object, tape: tf.GradientTape, sources: object) -> Practice:
    run = inspect.backward(tape, target, sources, {})
    return inspect.practice(tape, target, sources, run)


def found(practice: Practice) -> dict[tuple[str, str], float]:
    """Each mistake's value by what it is about and its kind."""
    values = {(m.of, m.kind): m.value.entry for m in practice.mistakes}
    return {key: v for key, v in values.items() if isinstance(v, float)}


def test_the_mistakes_of_a_quotient_are_those_worked_out_by_hand() -> None:
    a, b = tf.Variable(6.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = a / b
    made = found(practised(y, tape, [a, b]))
    right = {"e2_0": 1 / 2, "e2_1": -6 / 4}
    assert made["e2_0", "argument"] == pytest.approx(right["e2_1"])
    assert made["e2_1", "argument"] == pytest.approx(right["e2_0"])
    assert made["e2_0", "swapped"] == pytest.approx(1 / 6)
    assert made["e2_1", "swapped"] == pytest.approx(-2 / 36)
    assert made["n2", "swapped"] == pytest.approx(2 / 6)


def test_a_constant_exponent_has_a_derivative_to_confuse_it_with() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2
    made = found(practised(y, tape, x))
    assert made["e1_0", "argument"] == pytest.approx(9 * math.log(3))
    assert made["e1_0", "swapped"] == pytest.approx(3 * 2**2)
    assert made["n1", "swapped"] == 2**3
    assert made["n1", "product"] == 3 * 2


def test_every_contribution_is_compared_with_finite_differences() -> None:
    x = tf.Variable(0.7)
    with tf.GradientTape() as tape:
        y = tf.sin(x) * tf.exp(x) / (x + 2.0)
    practice = practised(y, tape, x)
    run = inspect.backward(tape, y, x, {})
    edges = [c.edge for step in run.steps for c in step.contributions]
    assert [check.edge for check in practice.checks] == edges
    assert all(check.agrees and check.difference for check in practice.checks)


def test_nobody_practises_a_very_long_pass() -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x * 1.0
        for _ in range(401):
            y = y + 0.001
    assert practised(y, tape, x) == Practice()


def test_practice_leaves_the_tape_as_it_was() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as outer, tf.GradientTape() as tape:
        y = x * x
        practised(y, tape, x)
    assert float(tape.gradient(y, x)) == 6.0
    del outer
