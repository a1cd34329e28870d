"""What the exercises of the lessons expect, by the name their cells use.

No answer stands here as a number: each says how it is computed, with the tape itself,
and so do the usual mistakes. The tests compare them with finite differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Variable
from tapeviz.lessons.answers import Known
from tapeviz.lessons.exercise import Exercise, Mistake
from tapeviz.lessons.training import Network
from tapeviz.tf.math.elementwise import exp
from tapeviz.tf.math.elementwise import log as ln


def slopes(f: Callable[..., Any], *at: float) -> list[float]:
    """The partial derivatives of a function at a point, by a tape.

    >>> slopes(lambda x, y: x * y, 2.0, 3.0)
    [3.0, 2.0]
    """
    variables = [Variable(number, dtype="float64") for number in at]
    with GradientTape() as tape:
        y = f(*variables)
    return [float(g) for g in tape.gradient(y, variables)]


def slope(f: Callable[[Any], Any], at: float) -> float:
    """The derivative of a function of one number.

    >>> slope(lambda x: x**2, 3.0)
    6.0
    """
    return slopes(f, at)[0]


def lowest(f: Callable[[Any], Any]) -> float:
    """Where a parabola is lowest: its slope is a line, which crosses zero there.

    >>> lowest(lambda x: (x - 1) ** 2)
    1.0
    """
    start, after = slope(f, 0.0), slope(f, 1.0)
    return -start / (after - start)


def entries(f: Callable[[Any], Any]) -> int:
    """How many operations a tape writes down while a function runs on a variable."""
    with GradientTape() as tape:
        f(Variable(1.0))
    return sum(record.op.name != "variable" for record in tape.records())


def momentum(
    f: Callable[[Any], Any], at: float, rate: float, keep: float, steps: int
) -> float:
    """Where a descent with momentum stands after some steps."""
    speed = 0.0
    for _ in range(steps):
        speed = keep * speed - rate * slope(f, at)
        at += speed
    return at


def _parabola(x: Any) -> Any:  # 10.1
    return x * x - 4 * x


def _square(x: Any) -> Any:
    return x**2


def _cube(x: Any) -> Any:
    return x * x * x


def _one_jump(at: float, target: float) -> float:  # 10.6
    """The learning rate with which a single update leads from one x to another."""
    return (target - at) / -slope(lambda x: (x - 5) ** 2, at)


def _model(w: Any, b: Any) -> Any:  # 10.7d
    return (3 * w + b - 10) ** 2


def _loss(w: Any) -> Any:  # 10.7e
    return (w - 4) ** 2


def _thirty_sums(u: Any) -> Any:  # 10.9b
    for _ in range(30):
        u = u + u
    return u


def _size(hidden: int) -> int:  # 10.10a
    """How many numbers a network learns."""
    return sum(math.prod(v.shape) for v in Network(hidden).variables)


_NONE = "The gradient is still None: is x a float, and does the tape watch it?"

_IN_PLACE = (
    "And w = w - ... makes a new tensor; w.assign_sub(...) changes the variable."
)


def _uphill(w: Any) -> bool:
    """Whether w has gone far to the wrong side, as it does when the update is added."""
    return bool(np.asarray(getattr(w, "numpy", lambda: w)()) < -100)


def _exercise(
    expected: Known, *mistakes: Mistake, paths: Sequence[Any] = ()
) -> Exercise:
    return Exercise(expected, mistakes, paths=paths)


def _lesson_1() -> dict[str, Exercise]:
    bottom, step = lowest(_parabola), slope(_parabola, 5)
    return {
        "10.1a": _exercise(
            bottom,
            (0.0, "At 0 the curve still goes down to the right."),
            (4.0, "At 4 the function is zero, but its slope is not."),
            (
                _parabola(bottom),
                "That is the lowest value of y, not the x where y has it.",
            ),
        ),
        "10.1b": _exercise(
            5 - 0.5 * step,
            (5 + 0.5 * step, "You went uphill: the update is subtracted."),
            (0.5 * step, "That is how far x moves. Where does it land?"),
            (
                5 - step,
                "You took the whole gradient. Multiply it by the learning rate.",
            ),
        ),
    }


def _lesson_2() -> dict[str, Exercise]:
    x, first, second = 2.0, slope(_cube, 2), slope(lambda x: -5 * x, 2)
    return {
        "10.2": _exercise(
            first + second,
            (first, "You have the slope of x**3. The second term has one too."),
            (_cube(x) - 5 * x, "That is y itself, not its gradient."),
            (first - second, "Check the sign of the second term."),
            paths=[[3, _square(x)], [second]],
        )
    }


def _lesson_3() -> dict[str, Exercise]:
    x = 4.0
    return {
        "10.3": _exercise(
            slope(_cube, x),
            (None, _NONE),
            (_cube(x), "That is y itself, not its gradient."),
            (x * x, "That is one of three paths from y back to x: the paths add up."),
            paths=[[x, x]] * 3,
        )
    }


def _lesson_4() -> dict[str, Exercise]:
    x, y = 2.0, 3.0
    to_x, to_y = slopes(lambda x, y: x**2 * y, x, y)
    return {
        "10.4": _exercise(
            [to_x, to_y],
            ([to_y, to_x], "The two are the other way round."),
            ([slope(_square, x), to_y], "For df/dx, y stays as a factor."),
            ([to_x, 1], "For df/dy, x**2 stays as a factor."),
            paths=[[[2, x, y]], [[x, x]]],
        )
    }


def _lesson_5() -> dict[str, Exercise]:
    x, u = 2.0, _square(2.0)
    inner, outer = slope(_square, x), slope(_cube, u)
    return {
        "10.5": _exercise(
            [inner, outer, slope(lambda x: _cube(_square(x)), x)],
            (
                [inner, slope(_cube, x), inner * outer],
                "For dv/du, take 3 u**2 at u = 4, not at x = 2.",
            ),
            (
                [inner, outer, inner + outer],
                "Along one path the slopes are multiplied, not added.",
            ),
            paths=[[[2, x]], [[3, u * u]], [[inner, outer]]],
        )
    }


def _lesson_6() -> dict[str, Exercise]:
    arrives, jumps = _one_jump(2, 5), _one_jump(2, 8)
    return {
        "10.6a": _exercise(
            arrives,
            (jumps, "With that the point jumps to the other side, to x = 8."),
            (arrives / 2, "With that the first update goes half of the way."),
            (5 - 2, "That is the distance to go. How many times the gradient is it?"),
            (
                -arrives,
                "The rate is positive: the minus sign is in the update already.",
            ),
        ),
        "10.6b": _exercise(
            jumps,
            (1.1, "With 1.1 each loss is larger than the one before."),
            (arrives, "With that one update is enough: the loss falls to zero."),
        ),
    }


def _lesson_7() -> dict[str, Exercise]:
    first, second = slope(_square, 1), slope(lambda x: -6 * x, 1)
    a, b = 2.0, 4.0
    to_a, to_b = slopes(lambda a, b: a * b + 2 * a, a, b)
    x = 2.0
    to_w, to_bias = slopes(_model, 2, 1)
    error = 3 * 2 + 1 - 10
    target = lowest(_loss)
    return {
        "10.7a": _exercise(
            first + second,
            (1 - 6, "That is y itself, not its gradient."),
            (first, "You have the slope of x**2. The second term has one too."),
            (first - second, "Check the sign of the second term."),
            paths=[[2, 1], [second]],
        ),
        "10.7b": _exercise(
            [to_a, to_b],
            ([to_b, to_a], "The two are the other way round."),
            ([b, to_b], "a is used twice, so two paths lead to it: add them."),
            paths=[[[b], [2]], [[a]]],
        ),
        "10.7c": _exercise(
            slope(_cube, x),
            (None, "Still None: look at which lines are inside the block."),
            paths=[[x, x]] * 3,
        ),
        "10.7d": _exercise(
            [to_w, to_bias],
            ([to_bias, to_bias], "The error is multiplied by 3 on its way to w."),
            ([-to_w, -to_bias], "The sizes are right. Check the signs."),
            ([to_w / 2, to_bias / 2], "The square brings a factor of 2."),
            paths=[[[2, error, 3]], [[2, error]]],
        ),
        "10.7e": _exercise(
            target,
            (0.0, "w has not moved. Write the update inside the loop."),
            (-target, "You are close to minus the answer: mind the sign."),
            (
                0 - 0.1 * slope(_loss, 0),
                f"w has moved once only: the update is inside the loop. {_IN_PLACE}",
            ),
            (_uphill, "w runs away: the update is subtracted, by w.assign_sub(...)."),
        ),
    }


def _lesson_8() -> dict[str, Exercise]:
    x = 2.0
    return {
        "10.8a": _exercise(
            slope(_cube, x),
            (x * x, "One of the three factors is still outside of the tape."),
            (
                x * slope(_square, x),
                "Two paths lead back, and there should be three: look at x.numpy().",
            ),
            (None, "Still None: look for the place where a number leaves the tape."),
            paths=[[x, x]] * 3,
        ),
        "10.8b": _exercise(
            [0.0, slope(ln, 4)],
            (
                [1.0, slope(ln, 4)],
                "The first entry takes the other branch: it is not used.",
            ),
        ),
    }


def _lesson_9() -> dict[str, Exercise]:
    many = entries(_thirty_sums)
    return {
        "10.9a": _exercise(
            slope(lambda t: exp(t * t), 1),
            (slope(exp, 1), "That is the slope of exp. The product has one, too."),
            (slope(_square, 1), "That is the slope of the product. exp has one, too."),
        ),
        "10.9b": _exercise(
            many,
            (2 * many, "Each sum has two operands, but is written down once."),
            (2**many, "That is how many paths there are. Count the entries."),
        ),
    }


def _lesson_10() -> dict[str, Exercise]:
    numbers = _size(hidden=8)
    return {
        "10.10a": _exercise(
            numbers,
            (
                2 * 8 + 8,
                "Those are the weights. Each unit has a bias, too, and the output.",
            ),
            (numbers - 1, "One is missing: the output has a bias as well."),
            (_size(hidden=16), "That is the network of this lesson, with 16 units."),
        ),
        "10.10b": _exercise(
            momentum(_square, 10.0, rate=0.1, keep=0.5, steps=2),
            (
                momentum(_square, 10.0, rate=0.1, keep=0.0, steps=2),
                "That is without momentum: half of the last speed is kept.",
            ),
            (
                momentum(_square, 10.0, rate=0.1, keep=0.5, steps=1),
                "That is after one step.",
            ),
        ),
    }


def _lesson_11() -> dict[str, Exercise]:
    once, target = slope(_square, 2), lowest(_loss)
    return {
        "10.11a": _exercise(
            3 * once,
            (once, "That is one round alone: nobody empties .grad before the next."),
            (2 * once, "That is two of the three rounds."),
        ),
        "10.11b": _exercise(
            target,
            (
                momentum(_loss, 0.0, rate=0.5, keep=1.0, steps=20),
                "Each update still takes the gradients of all rounds before it.",
            ),
            (0.0, "w has not moved. Empty .grad after the update, not before it."),
        ),
    }


EXERCISES: dict[str, Exercise] = {
    **_lesson_1(), **_lesson_2(), **_lesson_3(), **_lesson_4(), **_lesson_5(),
    **_lesson_6(), **_lesson_7(), **_lesson_8(), **_lesson_9(), **_lesson_10(),
    **_lesson_11(),
}  # fmt: skip
"""The exercises of the lessons, in their order."""
