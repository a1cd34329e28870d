"""Below the film of a loop that was recognised stands a panel that runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz import descent, play
from tapeviz.tf.keras import optimizers
from tapeviz.views.descent import DescentRun
from tapeviz.views.what_if import what_if
from tests.pages import script_data


def walked(
    update: Callable[[Any, Any], None], loss: Any = None, start: Any = 2.0
) -> DescentRun:
    x = tf.Variable(start, name="x")
    with descent(x) as run:
        for _ in range(8):
            with tf.GradientTape() as tape:
                value = (loss or (lambda x: tf.reduce_sum((x - 5) ** 2)))(x)
            update(x, tape.gradient(value, x))
    return run


def plain(x: Any, g: Any) -> None:
    x.assign_sub(0.1 * g)


def state(run: DescentRun) -> dict[str, Any]:
    """What the panel begins with."""
    (below,) = what_if(run, optimizers)
    return script_data(below.write(), "state")


def test_a_loop_by_hand_has_its_rate_steps_and_start() -> None:
    found = state(walked(plain))
    assert (found["learning_rate"], found["steps"], found["start"]) == (0.1, 8, [2.0])
    assert (found["optimizer"], found["parameters"]) == ("gradient descent", {})
    (loss,) = found["setup"]["losses"]
    assert loss["names"] == ["x"]
    assert loss["program"]


def test_so_has_one_of_two_numbers_with_momentum() -> None:
    sgd = optimizers.SGD(0.05, momentum=0.8)
    run = walked(lambda x, g: sgd.apply_gradients([(g, x)]), start=[2.0, 1.0])
    found = state(run)
    assert found["learning_rate"] == pytest.approx(0.05)
    assert found["parameters"] == {"momentum": pytest.approx(0.8)}
    assert found["optimizer"] == "momentum"
    nesterov = optimizers.SGD(0.05, momentum=0.8, nesterov=True)
    run = walked(lambda x, g: nesterov.apply_gradients([(g, x)]))
    assert state(run)["optimizer"] == "Nesterov"


NOISE = iter(np.random.default_rng(1).normal(size=99))


@pytest.mark.parametrize(
    "run",
    [
        lambda: walked(lambda x, g: x.assign_sub(0.1 * g / (1 + tf.abs(g)))),
        lambda: walked(plain, start=[1.0, 2.0, 3.0]),
        lambda: walked(plain, lambda x: (x - float(next(NOISE))) ** 2),
        lambda: walked(plain, lambda x: x**2 if x > 1 else 2 * x),
        lambda: walked(lambda x, g: x.assign_add(0.1 * g)),
        lambda: descent(tf.Variable(1.0)),
    ],
)
def test_others_have_none(run: Callable[[], DescentRun]) -> None:
    assert what_if(run(), optimizers) == ()


def test_two_variables_asked_in_another_order_have_none() -> None:
    x, y = tf.Variable(1.0), tf.Variable(2.0)
    with descent(x, y) as run:
        for _ in range(4):
            with tf.GradientTape() as tape:
                loss = x**2 + 3 * y**2
            dy, dx = tape.gradient(loss, [y, x])
            x.assign_sub(0.1 * dx)
            y.assign_sub(0.1 * dy)
    assert what_if(run, optimizers) == ()


def test_play_shows_it_closed() -> None:
    html = play(walked(plain)).html
    assert html.count("<summary>What if?</summary>") == 1
    assert "<details open" not in html
