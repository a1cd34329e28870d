"""What an answer can be, and when it equals what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


Known: TypeAlias = "ArrayLike | Sequence[Any] | None"
"""What can be expected of an answer: a number, several, or None for "no gradient"."""


EXACT, CLOSE = 1e-5, 2e-2
"""How far off each number of an answer may be, in relation to the expected one."""

NOISE = 1e-7
"""What rounding may add to it, in relation to the largest number."""


def numbers(answer: Any) -> Any:
    """The answer as an array of finite numbers, or a sentence that says why not."""
    if isinstance(answer, (list, tuple)) and any(part is None for part in answer):
        return "not right yet. One of your gradients is None."
    if callable(answer):
        return "not right yet. This is a function: give the value it returns."
    try:
        parts = [_number(part) for part in answer] if many(answer) else _number(answer)
        got = np.asarray(parts, float)
    except Exception:  # noqa: BLE001 - an odd answer never stops a notebook
        return f"not right yet. A number is wanted here, not {_kind_of(answer)}."
    return got if np.isfinite(got).all() else "not right yet. It is not finite."


def split(answer: Any) -> tuple[tuple[bool, ...], Any]:
    """Which parts of a list are None, and the others; no such parts without a list."""
    if not many(answer):
        return (), answer
    gaps = tuple(part is None for part in answer)
    return gaps, [part for part in answer if part is not None]


def many(answer: Any) -> bool:
    """Whether an answer is a list or tuple of answers."""
    return isinstance(answer, (list, tuple))


def _kind_of(answer: Any) -> str:
    return {"str": "text in quotes", "list": "this list"}.get(
        type(answer).__name__, f"a thing of type {type(answer).__name__}"
    )


def _number(part: Any) -> Any:
    part = getattr(part, "detach", lambda: part)()  # of PyTorch, with a gradient
    found = np.asarray(part.numpy() if hasattr(part, "numpy") else part)
    if isinstance(part, (list, tuple)):
        return np.asarray([_number(one) for one in part], float)
    if found.dtype.kind not in "iuf":  # text, truth values, complex numbers, objects
        raise TypeError(part)
    return found.astype(float)


def equal(known: Known, answer: Any) -> bool:
    """Whether an answer is the known one, up to ``EXACT``."""
    if known is None or answer is None:
        return answer is known
    (gaps, one), (found, other) = split(known), split(answer)
    if any(gaps) or any(found):
        return gaps == found and equal(one, other)
    wanted, got = numbers(known), numbers(answer)
    if isinstance(wanted, str) or isinstance(got, str) or got.shape != wanted.shape:
        return False
    return bool(np.all(near(wanted, got)))


def near(wanted: Any, got: Any, tolerance: float = EXACT) -> Any:
    """Which numbers are the wanted ones, up to a tolerance and rounding."""
    size = float(np.max(np.abs(wanted), initial=0.0)) or 10.0
    return np.abs(got - wanted) <= tolerance * np.abs(wanted) + NOISE * size


def wanted_kind(wanted: Any) -> str:
    """What is wanted, in words, such as "a table of 2 rows and 3 columns"."""
    words = ("one number", "{} numbers, in a list", "a table of {} rows and {} columns")
    if wanted.ndim < len(words):
        return words[wanted.ndim].format(*wanted.shape)
    return f"an array of shape {wanted.shape}"
