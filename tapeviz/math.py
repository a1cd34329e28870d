"""``tf.math``: elementwise functions and reductions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine.assembly import call, direct
from tapeviz.engine.tensor import Tensor, convert
from tapeviz.errors import InvalidArgumentError, tell

add = direct.add
subtract = direct.subtract
multiply = direct.multiply
divide = truediv = direct.divide
floordiv = direct.floordiv
mod = floormod = direct.mod
pow = direct.power
negative = direct.negative
abs = direct.abs
sign = direct.sign
exp = direct.exp
log = direct.log
sqrt = direct.sqrt
square = direct.square
sin = direct.sin
cos = direct.cos
tanh = direct.tanh
sigmoid = direct.sigmoid
floor = direct.floor
maximum = direct.maximum
minimum = direct.minimum
equal = direct.equal
not_equal = direct.not_equal
greater = direct.greater
greater_equal = direct.greater_equal
less = direct.less
less_equal = direct.less_equal


def _axes(t: Any, axis: Any) -> tuple[int, ...] | None:
    """The axes of a reduction as negative numbers; None for all of them."""
    if axis is None:
        return None
    n = np.ndim(t._v)
    given = [int(a) for a in np.ravel(axis._v if isinstance(axis, Tensor) else axis)]
    for a in given:
        if not -n <= a < n:
            raise InvalidArgumentError(
                tell(
                    f"Invalid reduction dimension {a} for input with {n} dimension(s) "
                    "[Op:Sum]",
                    f"axes run from 0 to {n - 1}" if n else "a scalar has no axis",
                )
            )
    return tuple(a if a < 0 else a - n for a in given)


def reduce_sum(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The sum over the axes (over all by default)."""
    t = convert(input_tensor)
    return call.sum(t, _axes(t, axis), keepdims)  # type: ignore[no-any-return]


def reduce_mean(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The mean over the axes (over all by default); of integers, an integer."""
    t = convert(input_tensor)
    return call.mean(t, _axes(t, axis), keepdims)  # type: ignore[no-any-return]
