"""An exercise: what is expected, the usual mistakes, and how an answer is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np

from tapeviz.errors import type_error, value_error
from tapeviz.lessons.answers import (
    CLOSE,
    Known,
    equal,
    many,
    near,
    numbers,
    split,
    wanted_kind,
)
from tapeviz.lessons.usual_mistakes import Paths, explained, value
from tapeviz.lessons.verdict import RIGHT, Verdict, wrong

Mistake: TypeAlias = "tuple[Known | Callable[[Any], bool], str]"
"""A wrong answer, or a function that knows one, and the sentence about it."""


@dataclass(frozen=True)
class Exercise:
    """What an answer should be, and what to say to answers that come up often.

    ``expected`` is a number, a list or an array of numbers, or None where no gradient
    is right; a list may hold None as well. ``mistakes`` pairs a wrong answer, or a
    function that knows one, with the sentence that names what went wrong; ``name`` is
    what ``check`` calls the exercise. ``paths`` are the slopes along each path of a
    derivative, ``[[3, 4], [-5]]`` for ``3 * 4 - 5``; for several numbers, a list of
    such for each: then a path, a factor or a sign that is missing is recognised.
    ``points`` is what ``grade`` gives for a right answer. Printed, an exercise does not
    show what it expects. TypeError for what cannot be compared; ValueError for a
    mistake that is right, for paths that do not give what is expected, and for points
    below zero.

    >>> Exercise(7.0, paths=[[3, 4], [-5]]).each_paths
    ([[3, 4], [-5]],)
    >>> Exercise(7.0, name="2b", points=3)
    Exercise(name='2b', points=3)
    """

    expected: Known = field(repr=False)
    mistakes: Sequence[Mistake] = field(default=(), repr=False)
    name: str = ""
    paths: Sequence[Any] = field(default=(), repr=False)
    points: float = 1.0

    def __post_init__(self) -> None:
        """Tell the author, not the learner, that an exercise cannot be solved."""
        _ask_for_numbers(self.expected)
        for pair in self.mistakes:
            _ask_for_a_pair(pair)
            known = pair[0]
            right = self.expected
            if known(right) if callable(known) else equal(known, right):
                fix = "take it out of mistakes"
                raise value_error(f"{known!r} is the right answer", fix)
        if self.paths:
            _ask_for_the_sum(self.expected, self.each_paths)
        if not self.points >= 0:
            fix = "give points=0 for an exercise that does not count"
            raise value_error(f"{self.points!r} points cannot be given", fix)

    @property
    def each_paths(self) -> tuple[Paths, ...]:
        """The paths of each number that is expected."""
        several = self.paths and np.ndim(self.paths[0][0])
        return tuple(self.paths) if several or not self.paths else (self.paths,)

    def judge(self, answer: Any) -> Verdict:
        """How an answer stands, without the answer being told; nothing is raised.

        >>> Exercise(6.0).judge(6.0).right
        True
        """
        try:
            return _judged(self, answer)
        except Exception:  # noqa: BLE001 - an odd answer never stops a notebook
            return wrong("A number is wanted here.")


def _ask_for_the_sum(expected: Known, paths: Sequence[Paths]) -> None:
    wanted = np.ravel(numbers(split(expected)[1]))
    made = np.array([value(one) for one in paths])
    if made.shape != wanted.shape or not np.all(near(wanted, made)):
        what = f"the paths give {made.tolist()}, and {wanted.tolist()} is expected"
        fix = "give for each number its paths, each a list of the slopes along it"
        raise value_error(what, fix)


def _ask_for_numbers(expected: Known) -> None:
    if expected is not None and isinstance(numbers(split(expected)[1]), str):
        what = f"no answer can be compared with {expected!r}"
        fix = "expect a number, a list of numbers, or None"
        raise type_error(what, fix)


def _ask_for_a_pair(pair: Any) -> None:
    if not (many(pair) and len(pair) == 2 and isinstance(pair[1], str)):
        fix = 'write mistakes=[(3.0, "You have one of two paths: add them.")]'
        raise type_error("a mistake is an answer and a sentence", fix)


# -- judging ------------------------------------------------------------------------


def _judged(exercise: Exercise, answer: Any) -> Verdict:
    if _is_open(answer):
        return Verdict("open", "no answer yet. Put yours where the dots are.")
    for known, sentence in exercise.mistakes:
        if known(answer) if callable(known) else equal(known, answer):
            return wrong(sentence)
    return _compare(exercise, answer)


def _is_open(answer: Any) -> bool:
    if isinstance(answer, (list, tuple)):
        return any(map(_is_open, answer))
    return isinstance(answer, EllipsisType)


def _compare(exercise: Exercise, answer: Any) -> Verdict:
    expected = exercise.expected
    if expected is None or answer is None:
        if answer is expected:
            return RIGHT
        return wrong("Should it be a number here, or None?")
    gaps, others = split(expected)
    if not any(gaps):
        return _compare_numbers(exercise, numbers(expected), numbers(answer))
    found, given = split(answer)
    if found != gaps:
        return wrong(f"Which of the {len(gaps)} are None, and which numbers?")
    return _compare_numbers(exercise, numbers(others), numbers(given))


def _compare_numbers(exercise: Exercise, wanted: Any, got: Any) -> Verdict:
    if isinstance(got, str):
        return Verdict("wrong", got)
    if got.shape != wanted.shape:
        return wrong(f"This asks for {wanted_kind(wanted)}.")
    right = near(wanted, got)
    if np.all(right):
        return RIGHT
    said = explained(wanted, got, exercise.each_paths)
    if not said and np.all(near(wanted, got, CLOSE)):
        return Verdict("close", "close, but not exact. Do not round on the way.")
    some = f"{np.count_nonzero(right)} of the {right.size} are right."
    by_hand = "Do it again by hand, one step at a time."
    return wrong(said or (some if np.any(right) else by_hand))
