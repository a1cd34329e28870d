"""The words of rules that overwrite the upstream gradient, to save an allocation.

The sweep knows which arrays it has made itself and may overwrite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_BLOCK, _LARGE = 2**14, 2**17
"""Entries of a block, and of an array that is worth cutting into blocks."""

add = np.add
divide = np.divide
multiply = np.multiply
negative = np.negative
subtract = np.subtract


def below(step: Callable[..., Any], a: Any, b: Any) -> Any:
    """``step(a, b)``, written over ``b``, an intermediate result."""
    return step(a, b, b) if type(b) is np.ndarray else step(a, b)


def raised(a: Any, b: Any) -> Any:
    """``a ** b``, which is ``a`` itself where a whole number ``b`` is 1."""
    return a if type(b) is int and b == 1 else a**b


def in_blocks(
    written: Callable[..., Any], plain: Callable[..., Any], g: Any,
    record: tuple[Any, ...],
) -> Any:  # fmt: skip
    """A rule that writes over ``g``, block by block if the arrays are large.

    Then what is between two of its steps stays in the processor's cache. Only for
    rules that act on each entry: all arrays have one shape, and there are no settings.
    Only floats are written over; ``plain`` is the rule that does not.
    """
    if g.dtype.kind != "f":
        return plain(g, record)
    arrays = [v for v in record if v.__class__ is np.ndarray]
    if (
        g.size < _LARGE
        or record[-3] is not None
        or any(v.shape != g.shape or not v.flags.c_contiguous for v in (g, *arrays))
    ):
        return written(g, record)
    rows = [v.reshape(-1) if v.__class__ is np.ndarray else v for v in record]
    row = g.reshape(-1)
    for i in range(0, g.size, _BLOCK):
        part = slice(i, i + _BLOCK)
        written(row[part], [v[part] if v.__class__ is np.ndarray else v for v in rows])
    return g
