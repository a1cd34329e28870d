"""Checks of the exercises: they say how an answer stands, and never what it is.

A lesson's cell ends with ``check("10.2", answer)``. ``EXERCISES`` in ``exercises.py``
knows what belongs there; ``judge`` compares without printing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tapeviz.errors import tell

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Known: TypeAlias = "ArrayLike | Sequence[Any] | None"
"""What can be expected of an answer: a number, several, or None for "no gradient"."""

EXACT, CLOSE = 1e-5, 2e-2
"""How far off, measured by the largest expected number, an answer may be."""


@dataclass(frozen=True)
class Exercise:
    """What an answer should be, and what to say to answers that come up often.

    ``expected`` is a number, a list or an array of numbers, or None where no gradient
    is right; a list may hold None as well. ``mistakes`` pairs a wrong answer with the
    sentence that names what went wrong; ``name`` is what ``check`` calls the exercise.
    TypeError for what cannot be compared, ValueError for a mistake that is right.
    """

    expected: Known
    mistakes: Sequence[tuple[Known, str]] = ()
    name: str = ""

    def __post_init__(self) -> None:
        """Tell the author, not the learner, that an exercise cannot be solved."""
        _ask_for_numbers(self.expected)
        for pair in self.mistakes:
            _ask_for_a_pair(pair)
            if _equal(pair[0], self.expected):
                fix = "take it out of mistakes"
                raise ValueError(tell(f"{pair[0]!r} is the right answer", fix))


def _ask_for_numbers(expected: Known) -> None:
    if expected is not None and isinstance(_numbers(_split(expected)[1]), str):
        what = f"no answer can be compared with {expected!r}"
        fix = "expect a number, a list of numbers, or None"
        raise TypeError(tell(what, fix))


def _ask_for_a_pair(pair: Any) -> None:
    if not (_many(pair) and len(pair) == 2 and isinstance(pair[1], str)):
        fix = 'write mistakes=[(3.0, "You have one of two paths: add them.")]'
        raise TypeError(tell("a mistake is an answer and a sentence", fix))


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
    from tapeviz.lessons.exercises import EXERCISES

    own = isinstance(exercise, Exercise)
    found = exercise if isinstance(exercise, Exercise) else _named(EXERCISES, exercise)
    title = f"Exercise {found.name if own else exercise}".rstrip()
    print(f"{title}: {judge(found, answer)}")  # noqa: T201 - for the learner to read


def _named(exercises: Mapping[str, Exercise], name: str) -> Exercise:
    if name not in exercises:
        known = ", ".join(exercises)
        fix = f"name one of {known}; or give an Exercise of your own"
        raise ValueError(tell(f"there is no exercise {name!r}", fix))
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
        if _equal(known, answer):
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
    gaps, numbers = _split(expected)
    if not any(gaps):
        return _compare_numbers(_numbers(expected), _numbers(answer))
    found, others = _split(answer)
    if found != gaps:
        text = f"not right yet. Which of the {len(gaps)} are None, and which numbers?"
        return Verdict("wrong", text)
    return _compare_numbers(_numbers(numbers), _numbers(others))


def _compare_numbers(wanted: Any, got: Any) -> Verdict:
    if isinstance(got, str):
        return Verdict("wrong", got)
    if got.shape != wanted.shape:
        return Verdict("wrong", f"not right yet. This asks for {_kind(wanted)}.")
    return _distance(wanted, got)


def _distance(wanted: Any, got: Any) -> Verdict:
    off = float(np.max(np.abs(got - wanted), initial=0.0))
    size = float(np.max(np.abs(wanted), initial=1.0))
    if off <= EXACT * size:
        return _RIGHT
    text = f"off by {off:.3g}" if got.ndim == 0 else f"off by {off:.3g} at most"
    if off <= CLOSE * size:
        return Verdict("close", f"close, but {text}.")
    return Verdict("wrong", f"not right yet: {text}.")


_RIGHT = Verdict("exact", "right.")


def _numbers(answer: Any) -> Any:
    """The answer as an array of finite numbers, or a sentence that says why not."""
    if isinstance(answer, (list, tuple)) and any(part is None for part in answer):
        return "not right yet. One of your gradients is None."
    if callable(answer):
        return "not right yet. This is a function: give the value it returns."
    try:
        parts = [_number(part) for part in answer] if _many(answer) else _number(answer)
        got = np.asarray(parts, float)
    except (TypeError, ValueError):
        return f"not right yet. A number is wanted here, not {_kind_of(answer)}."
    return got if np.isfinite(got).all() else "not right yet. It is not finite."


def _split(answer: Any) -> tuple[tuple[bool, ...], Any]:
    """Which parts of a list are None, and the others; no such parts without a list."""
    if not _many(answer):
        return (), answer
    gaps = tuple(part is None for part in answer)
    return gaps, [part for part in answer if part is not None]


def _many(answer: Any) -> bool:
    return isinstance(answer, (list, tuple))


def _kind_of(answer: Any) -> str:
    return {"str": "text in quotes", "list": "this list"}.get(
        type(answer).__name__, f"a thing of type {type(answer).__name__}"
    )


def _number(part: Any) -> Any:
    if isinstance(part, (str, bytes, bool)):
        raise TypeError(part)
    return np.asarray(part.numpy() if hasattr(part, "numpy") else part, float)


def _equal(known: Known, answer: Any) -> bool:
    if known is None or answer is None:
        return answer is known
    (gaps, numbers), (found, others) = _split(known), _split(answer)
    if any(gaps) or any(found):
        return gaps == found and _equal(numbers, others)
    wanted, got = _numbers(known), _numbers(answer)
    if isinstance(wanted, str) or isinstance(got, str) or got.shape != wanted.shape:
        return False
    return np.allclose(got, wanted, rtol=EXACT, atol=EXACT)


def _kind(wanted: Any) -> str:
    """What is wanted, in words, such as "a table of 2 rows and 3 columns"."""
    words = (
        "one number",
        "{} numbers, in a list",
        "a table of {} rows and {} columns",
    )
    if wanted.ndim < len(words):
        return words[wanted.ndim].format(*wanted.shape)
    return f"an array of shape {wanted.shape}"
