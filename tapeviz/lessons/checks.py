"""Checks of the exercises: they say how an answer stands, and never what it is.

A lesson's cell ends with ``check("10.2", answer)``. ``EXERCISES`` in ``exercises.py``
knows what belongs there; ``judge`` compares without printing, ``grade`` gives points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tapeviz.errors import value_error
from tapeviz.lessons.exercise import Exercise
from tapeviz.lessons.exercises import EXERCISES
from tapeviz.lessons.feedback import Feedback, show
from tapeviz.lessons.verdict import Task, Verdict


def check(exercise: str | Task, answer: Any) -> None:
    """Show how the answer to an exercise stands: one of ours, or one of your own.

    A right answer to one of ours is told what comes next. An answer that is still
    ``...`` is open, which is no error. ValueError for a name that is not in
    ``EXERCISES``.

    >>> check(Exercise(6.0, [(3.0, "Half of it is missing.")], name="a"), 3.0)
    ✗ Exercise a: not right yet. Half of it is missing.
    """
    verdict = judge(exercise, answer)
    name, after = getattr(exercise, "name", exercise), ""
    if verdict.right and isinstance(exercise, str):
        after = _after([*EXERCISES], exercise)
    title = f"Exercise {name}".rstrip()
    show(Feedback(verdict.kind, f"{title}: {verdict}", after))


def judge(exercise: str | Task, answer: Any) -> Verdict:
    """How an answer stands, without the answer being told.

    It may be a number, a tensor, an array, None, or a list or tuple of these.
    ValueError for a name that is not in ``EXERCISES``.

    >>> judge(Exercise(6.0), 6.0).right
    True
    >>> judge(Exercise(6.0), ...).kind
    'open'
    >>> print(judge(Exercise(6.0, [(3.0, "Half of it is missing.")]), 3.0))
    not right yet. Half of it is missing.
    """
    return _task(exercise).judge(answer)


def grade(exercise: str | Task, answer: Any, points: float | None = None) -> float:
    """The points for an answer: all of them if it is right, and else 0.

    Without ``points`` they are the exercise's own. ValueError for a name that is not
    in ``EXERCISES``. Nothing is shown, and no answer raises an error.

    >>> slope = Exercise(6.0, points=2)
    >>> grade(slope, 6.0), grade(slope, 3.0), grade(slope, ...)
    (2.0, 0.0, 0.0)
    >>> grade(slope, 6.0, points=5)
    5.0
    """
    task = _task(exercise)
    worth = task.points if points is None else points
    return float(worth) if task.judge(answer).right else 0.0


def _after(names: Sequence[str], name: str) -> str:
    """What comes after an exercise: the next one of its lesson, or the next lesson.

    >>> _after(["10.1a", "10.1b", "10.2"], "10.1a")
    'Next: exercise 10.1b.'
    >>> _after(["10.1a", "10.1b", "10.2"], "10.1b")
    'Next: lesson 10.2.'
    """
    rest = names[names.index(name) + 1 :]
    if not rest:
        return "That was the last exercise."
    lesson, after = (one.rstrip("abcdefgh") for one in (name, rest[0]))
    return f"Next: {f'exercise {rest[0]}' if lesson == after else f'lesson {after}'}."


def _task(exercise: str | Task) -> Task:
    return _named(EXERCISES, exercise) if isinstance(exercise, str) else exercise


def _named(exercises: Mapping[str, Exercise], name: str) -> Exercise:
    if name not in exercises:
        known = ", ".join(exercises)
        fix = f"name one of {known}; or give an Exercise of your own"
        raise value_error(f"there is no exercise {name!r}", fix)
    return exercises[name]
