"""The words of rules that overwrite the upstream gradient, to save an allocation.

The sweep knows which arrays it has made itself and may overwrite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

add = np.add
divide = np.divide
multiply = np.multiply
negative = np.negative
subtract = np.subtract


def below(step: Callable[..., Any], a: Any, b: Any) -> Any:
    """``step(a, b)``, written over ``b``, an intermediate result."""
    return step(a, b, b) if is_whole(b) else step(a, b)


def raised(a: Any, b: Any) -> Any:
    """``a ** b``, which is ``a`` itself where a whole number ``b`` is 1."""
    return a if type(b) is int and b == 1 else a**b


def is_whole(v: Any) -> bool:
    """Whether it is an array of floats with memory of its own, and may be written."""
    return (
        type(v) is np.ndarray
        and v.base is None
        and v.flags.writeable
        and v.dtype.kind == "f"
    )
