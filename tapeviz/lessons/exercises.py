"""What the exercises of the lessons expect, by the name their cells use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeviz.lessons.answers import Known
from tapeviz.lessons.exercise import Exercise, Mistake

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


EXERCISES: dict[str, Exercise] = {
    "10.1a": _exercise(
        2.0,
        (0.0, "At 0 the curve still goes down to the right."),
        (4.0, "At 4 the function is zero, but its slope is not."),
        (-4.0, "That is the lowest value of y, not the x where y has it."),
    ),
    "10.1b": _exercise(
        2.0,
        (8.0, "You went uphill: the update is subtracted."),
        (3.0, "That is how far x moves. Where does it land?"),
        (-1.0, "You took the whole gradient. Multiply it by the learning rate."),
    ),
    "10.2": _exercise(
        7.0,
        (12.0, "You have the slope of x**3. The second term has one too."),
        (-2.0, "That is y itself, not its gradient."),
        (17.0, "Check the sign of the second term."),
        paths=((3.0, 4.0), (-5.0,)),
    ),
    "10.3": _exercise(
        48.0,
        (None, _NONE),
        (64.0, "That is y itself, not its gradient."),
        (16.0, "That is one of three paths from y back to x: the paths add up."),
        paths=((4.0, 4.0),) * 3,
    ),
    "10.4": _exercise(
        (12.0, 4.0),
        ((4.0, 12.0), "The two are the other way round."),
        ((4.0, 4.0), "For df/dx, y stays as a factor."),
        ((12.0, 1.0), "For df/dy, x**2 stays as a factor."),
        paths=(((2.0, 2.0, 3.0),), ((2.0, 2.0),)),
    ),
    "10.5": _exercise(
        (4.0, 48.0, 192.0),
        ((4.0, 12.0, 192.0), "For dv/du, take 3 u**2 at u = 4, not at x = 2."),
        ((4.0, 48.0, 52.0), "Along one path the slopes are multiplied, not added."),
        paths=(((2.0, 2.0),), ((3.0, 16.0),), ((4.0, 48.0),)),
    ),
    "10.6a": _exercise(
        0.5,
        (1.0, "With 1.0 the point jumps to the other side, to x = 8."),
        (0.25, "With 0.25 the first update goes half of the way."),
        (3.0, "That is the distance to go. How many times the gradient is it?"),
        (-0.5, "The rate is positive: the minus sign is in the update already."),
    ),
    "10.6b": _exercise(
        1.0,
        (1.1, "With 1.1 each loss is larger than the one before."),
        (0.5, "With 0.5 one update is enough: the loss falls to zero."),
    ),
    "10.7a": _exercise(
        -4.0,
        (-5.0, "That is y itself, not its gradient."),
        (2.0, "You have the slope of x**2. The second term has one too."),
        (8.0, "Check the sign of the second term."),
        paths=((2.0, 1.0), (-6.0,)),
    ),
    "10.7b": _exercise(
        (6.0, 2.0),
        ((2.0, 6.0), "The two are the other way round."),
        ((4.0, 2.0), "a is used twice, so two paths lead to it: add them."),
        paths=(((4.0,), (2.0,)), ((2.0,),)),
    ),
    "10.7c": _exercise(
        12.0,
        (None, "Still None: look at which lines are inside the block."),
        paths=((2.0, 2.0),) * 3,
    ),
    "10.7d": _exercise(
        (-18.0, -6.0),
        ((-6.0, -6.0), "The error is multiplied by 3 on its way to w."),
        ((18.0, 6.0), "The sizes are right. Check the signs."),
        ((-9.0, -3.0), "The square brings a factor of 2."),
        paths=(((2.0, -3.0, 3.0),), ((2.0, -3.0),)),
    ),
    "10.7e": _exercise(
        4.0,
        (0.0, "w has not moved. Write the update inside the loop."),
        (-4.0, "You are close to minus the answer: mind the sign."),
        (0.8, f"w has moved once only: the update is inside the loop. {_IN_PLACE}"),
        (_uphill, "w runs away: the update is subtracted, by w.assign_sub(...)."),
    ),
    "10.8a": _exercise(
        12.0,
        (4.0, "One of the three factors is still outside of the tape."),
        (8.0, "Two paths lead back, and there should be three: look at x.numpy()."),
        (None, "Still None: look for the place where a number leaves the tape."),
        paths=((2.0, 2.0),) * 3,
    ),
    "10.8b": _exercise(
        (0.0, 0.25),
        ((1.0, 0.25), "The first entry takes the other branch: it is not used."),
    ),
    "10.9a": _exercise(
        5.43656365691809,
        (2.718281828459045, "That is the slope of exp. The product has one, too."),
        (2.0, "That is the slope of the product. exp has one, too."),
    ),
    "10.9b": _exercise(
        30.0,
        (60.0, "Each sum has two operands, but is written down once."),
        (2.0**30, "That is how many paths there are. Count the entries."),
    ),
    "10.10a": _exercise(
        33.0,
        (24.0, "Those are the weights. Each unit has a bias, too, and the output."),
        (32.0, "One is missing: the output has a bias as well."),
        (65.0, "That is the network of this lesson, with 16 units."),
    ),
    "10.10b": _exercise(
        5.4,
        (6.4, "That is without momentum: half of the last speed is kept."),
        (8.0, "That is after one step."),
    ),
}
