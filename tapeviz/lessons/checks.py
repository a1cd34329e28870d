"""Checks of the exercises: they say how an answer stands, and never what it is.

A lesson's cell ends with ``check("10.2", answer)``. ``EXERCISES`` in ``exercises.py``
knows what belongs there; ``judge`` compares without printing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

import numpy as np

from tapeviz.errors import value_error
from tapeviz.lessons.answers import CLOSE, equal, near, numbers, split, wanted_kind
from tapeviz.lessons.exercises import EXERCISES, Exercise
from tapeviz.lessons.feedback import Feedback, show
from tapeviz.lessons.usual_mistakes import explained


@dataclass(frozen=True)
class Verdict:
    """How an answer stands: "open", "exact", "close" or "wrong", and in words."""

    kind: str
    words: str

    def __str__(self) -> str:
        return self.words


def check(exercise: str | Exercise, answer: Any) -> None:
    """Show how the answer to an exercise stands: one of ours, or one of your own.

    A right answer to one of ours is told what comes next. An answer that is still
    ``...`` is open, which is no error. ValueError for a name that is not in
    ``EXERCISES``.

    >>> check(Exercise(6.0, [(3.0, "Half of it is missing.")], name="a"), 3.0)
    ✗ Exercise a: not right yet. Half of it is missing.
    """
    own = isinstance(exercise, Exercise)
    found = exercise if isinstance(exercise, Exercise) else _named(EXERCISES, exercise)
    title = f"Exercise {found.name if own else exercise}".rstrip()
    verdict = judge(found, answer)
    done = verdict.kind == "exact" and isinstance(exercise, str)
    after = _after([*EXERCISES], str(exercise)) if done else ""
    show(Feedback(verdict.kind, f"{title}: {verdict}", after))


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


def _named(exercises: Mapping[str, Exercise], name: str) -> Exercise:
    if name not in exercises:
        known = ", ".join(exercises)
        fix = f"name one of {known}; or give an Exercise of your own"
        raise value_error(f"there is no exercise {name!r}", fix)
    return exercises[name]


def judge(exercise: Exercise, answer: Any) -> Verdict:
    """How an answer stands, without the answer being told.

    It may be a number, a tensor, an array, None, or a list or tuple of these.

    >>> judge(Exercise(6.0), 6.0).kind
    'exact'
    >>> judge(Exercise(6.0), ...).kind
    'open'
    >>> print(judge(Exercise(6.0, [(3.0, "Half of it is missing.")]), 3.0))
    not right yet. Half of it is missing.
    """
    try:
        return _judged(exercise, answer)
    except Exception:  # noqa: BLE001 - an odd answer never stops a notebook
        return _wrong("A number is wanted here.")


def _judged(exercise: Exercise, answer: Any) -> Verdict:
    if _is_open(answer):
        return Verdict("open", "no answer yet. Put yours where the dots are.")
    for known, sentence in exercise.mistakes:
        if known(answer) if callable(known) else equal(known, answer):
            return _wrong(sentence)
    return _compare(exercise, answer)


def _is_open(answer: Any) -> bool:
    if isinstance(answer, (list, tuple)):
        return any(map(_is_open, answer))
    return isinstance(answer, EllipsisType)


def _compare(exercise: Exercise, answer: Any) -> Verdict:
    expected = exercise.expected
    if expected is None or answer is None:
        if answer is expected:
            return _RIGHT
        return _wrong("Should it be a number here, or None?")
    gaps, others = split(expected)
    if not any(gaps):
        return _compare_numbers(exercise, numbers(expected), numbers(answer))
    found, given = split(answer)
    if found != gaps:
        return _wrong(f"Which of the {len(gaps)} are None, and which numbers?")
    return _compare_numbers(exercise, numbers(others), numbers(given))


def _compare_numbers(exercise: Exercise, wanted: Any, got: Any) -> Verdict:
    if isinstance(got, str):
        return Verdict("wrong", got)
    if got.shape != wanted.shape:
        return _wrong(f"This asks for {wanted_kind(wanted)}.")
    right = near(wanted, got)
    if np.all(right):
        return _RIGHT
    said = explained(wanted, got, exercise.each_paths)
    if not said and np.all(near(wanted, got, CLOSE)):
        return Verdict("close", "close, but not exact. Do not round on the way.")
    some = f"{np.count_nonzero(right)} of the {right.size} are right."
    by_hand = "Do it again by hand, one step at a time."
    return _wrong(said or (some if np.any(right) else by_hand))


def _wrong(sentence: str) -> Verdict:
    return Verdict("wrong", f"not right yet. {sentence}")


_RIGHT = Verdict("exact", "right.")
