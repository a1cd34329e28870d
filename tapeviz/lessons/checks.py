"""Checks of the exercises: they say how an answer stands, and never what it is.

A lesson's cell ends with ``check("10.2", answer)``. ``EXERCISES`` in ``exercises.py``
knows what belongs there; ``judge`` compares without printing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

import numpy as np

from tapeviz.errors import error_message
from tapeviz.lessons.answers import (
    CLOSE,
    EXACT,
    Known,
    equal,
    numbers,
    split,
    wanted_kind,
)
from tapeviz.lessons.exercises import EXERCISES, Exercise


@dataclass(frozen=True)
class Verdict:
    """How an answer stands: "open", "exact", "close" or "wrong", and in words."""

    kind: str
    words: str

    def __str__(self) -> str:
        return self.words


def check(exercise: str | Exercise, answer: Any) -> None:
    """Print how the answer to an exercise stands: one of ours, or one of your own.

    An answer that is still ``...`` is open, which is no error. ValueError for a name
    that is not in ``EXERCISES``.

    >>> check(Exercise(6.0, [(3.0, "Half of it is missing.")], name="a"), 3.0)
    Exercise a: not right yet. Half of it is missing.
    """
    own = isinstance(exercise, Exercise)
    found = exercise if isinstance(exercise, Exercise) else _named(EXERCISES, exercise)
    title = f"Exercise {found.name if own else exercise}".rstrip()
    print(f"{title}: {judge(found, answer)}")  # noqa: T201 - for the learner to read


def _named(exercises: Mapping[str, Exercise], name: str) -> Exercise:
    if name not in exercises:
        known = ", ".join(exercises)
        fix = f"name one of {known}; or give an Exercise of your own"
        raise ValueError(error_message(f"there is no exercise {name!r}", fix))
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
    if _is_open(answer):
        return Verdict("open", "no answer yet. Put yours where the dots are.")
    for known, sentence in exercise.mistakes:
        if equal(known, answer):
            return Verdict("wrong", f"not right yet. {sentence}")
    return _compare(exercise.expected, answer)


def _is_open(answer: Any) -> bool:
    if isinstance(answer, (list, tuple)):
        return any(map(_is_open, answer))
    return isinstance(answer, EllipsisType)


def _compare(expected: Known, answer: Any) -> Verdict:
    if expected is None or answer is None:
        if answer is expected:
            return _RIGHT
        return Verdict("wrong", "not right yet. Should it be a number here, or None?")
    gaps, others = split(expected)
    if not any(gaps):
        return _compare_numbers(numbers(expected), numbers(answer))
    found, given = split(answer)
    if found != gaps:
        text = f"not right yet. Which of the {len(gaps)} are None, and which numbers?"
        return Verdict("wrong", text)
    return _compare_numbers(numbers(others), numbers(given))


def _compare_numbers(wanted: Any, got: Any) -> Verdict:
    if isinstance(got, str):
        return Verdict("wrong", got)
    if got.shape != wanted.shape:
        return Verdict("wrong", f"not right yet. This asks for {wanted_kind(wanted)}.")
    return _distance(wanted, got)


def _distance(wanted: Any, got: Any) -> Verdict:
    off = float(np.max(np.abs(got - wanted), initial=0.0))
    size = float(np.max(np.abs(wanted), initial=1.0))
    if off <= EXACT * size:
        return _RIGHT
    if off <= CLOSE * size:
        at_most = " at most" if got.ndim else ""
        return Verdict("close", f"close, but off by {off:.3g}{at_most}.")
    if np.allclose(np.abs(got), np.abs(wanted), rtol=EXACT, atol=EXACT):
        return Verdict("wrong", "not right yet. The size is right. Check the sign.")
    if got.size > 1 and np.allclose(
        np.sort(got, axis=None), np.sort(wanted, axis=None), rtol=EXACT, atol=EXACT
    ):
        text = "not right yet. The numbers are right. Check their order."
        return Verdict("wrong", text)
    return Verdict("wrong", "not right yet. Do it again by hand, one step at a time.")


_RIGHT = Verdict("exact", "right.")
