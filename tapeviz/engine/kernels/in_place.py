"""The words of rules that overwrite the upstream gradient, to save an allocation.

Only an array that nobody else refers to is overwritten, by its reference count.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import getrefcount
from typing import Any

import numpy as np

add = np.add
divide = np.divide
multiply = np.multiply
negative = np.negative
subtract = np.subtract


def below(step: Callable[..., Any], a: Any, b: Any) -> Any:
    """``step(a, b)``, written over ``b``, an intermediate result."""
    return step(a, b, b) if type(b) is np.ndarray and is_whole(b) else step(a, b)


def raised(a: Any, b: Any) -> Any:
    """``a ** b``, which is ``a`` itself where a whole number ``b`` is 1."""
    return a if type(b) is int and b == 1 else a**b


def is_whole(v: Any) -> bool:
    """Whether an array of floats has memory of its own, and may be written."""
    return v.base is None and v.flags.writeable and v.dtype.kind == "f"


def _holders(values: list[Any], index: int) -> int:
    """What ``getrefcount`` says of an object that only one list refers to."""
    s = values[index]
    return getrefcount(s)


_ONCE = _holders([object()], 0)


def accumulate(sums: list[Any], index: int, d: Any) -> None:
    """Add ``d`` to ``sums[index]``, in place if nothing else refers to that array."""
    s = sums[index]
    if s is None:
        sums[index] = d
    elif type(s) is np.ndarray and getrefcount(s) == _ONCE and _alike(s, d):
        np.add(s, d, s)
    else:
        sums[index] = s + d


def _alike(s: Any, d: Any) -> bool:
    return (
        is_whole(s) and type(d) is type(s) and (s.dtype, s.shape) == (d.dtype, d.shape)
    )
