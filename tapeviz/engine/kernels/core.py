"""The words that the first ops need: choices, sums, shapes.

Scalars are NumPy scalars here, never 0-d arrays: every function keeps it so. ``axis``
is None or a tuple of negative numbers, so that the same call works on a batch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Axis = tuple[int, ...] | None

stack = np.stack


def tidy(v: Any) -> Any:
    """A scalar instead of a 0-d array."""
    return v[()] if type(v) is np.ndarray and v.ndim == 0 else v


def where(c: Any, a: Any, b: Any) -> Any:
    """``a`` where ``c`` holds, else ``b``; plain 0 and 1 take the other's dtype."""
    if type(c) is np.bool_ and _scalar(a) and _scalar(b):
        kind = type(b if type(a) is int or type(a) is float else a)
        return kind(a if c else b)
    if type(a) is int or type(a) is float:
        a = b.dtype.type(a)
    elif type(b) is int or type(b) is float:
        b = a.dtype.type(b)
    return tidy(np.where(c, a, b))


def _scalar(v: Any) -> bool:
    return type(v) is not np.ndarray


def sigmoid(x: Any) -> Any:
    """The logistic function, without overflow on either side."""
    if x.dtype.kind == "c":
        return 1 / (1 + np.exp(-x))
    e = np.exp(-np.abs(x))
    return where(x >= 0, 1 / (1 + e), e / (1 + e))


def relu(x: Any) -> Any:
    """``x`` where it is positive, 0 elsewhere (nan stays nan)."""
    return np.maximum(x, 0)


def zero(x: Any) -> Any:
    """Zeros like ``x``."""
    return np.zeros_like(x)[()]


def T(x: Any) -> Any:  # noqa: N802 - the field's name for the transpose
    """The last two axes swapped."""
    return x.swapaxes(-1, -2)


def transpose(x: Any, perm: Shape) -> Any:
    """The axes in the order of ``perm``."""
    return x.transpose(perm) if perm else x


def inverse(perm: Shape) -> Shape:
    """The permutation that undoes ``perm``."""
    return tuple(sorted(range(len(perm)), key=perm.__getitem__))


def reshape(x: Any, shape: Shape) -> Any:
    """The same entries in another shape."""
    return tidy(x.reshape(shape))


def _full(shape: Shape, axis: Axis) -> Shape:
    """``shape`` with 1 for each axis that a reduction takes away."""
    if axis is None:
        return (1,) * len(shape)
    gone = {a % len(shape) for a in axis} if shape else set()
    return tuple(1 if i in gone else n for i, n in enumerate(shape))


def sum(x: Any, axis: Axis, keep: bool) -> Any:
    """The sum over the axes; bool and small ints keep their dtype."""
    add: Any = np.add
    return add.reduce(x, axis=axis, keepdims=keep, dtype=x.dtype)


def count(shape: Shape, axis: Axis) -> int:
    """How many entries a reduction over ``axis`` puts together."""
    return math.prod(shape if axis is None else [shape[i] for i in axis])


def mean(x: Any, axis: Axis, keep: bool) -> Any:
    """The mean over the axes, in the dtype of ``x`` (whole numbers stay whole)."""
    total = sum(x, axis, keep)
    n = count(x.shape, axis)
    if x.dtype.kind in "iu":
        return tidy(np.asarray(np.fix(total / n)).astype(x.dtype)) if n else total
    if not n and x.dtype.kind == "c":  # as in TensorFlow; of floats it is nan
        return total
    return total / x.dtype.type(n)


def expand_reduced(x: Any, shape: Shape, axis: Axis, keep: bool) -> Any:
    """Undo a reduction's change of shape: repeat each entry along the reduced axes."""
    if not x.ndim:  # a view of one number; broadcast_to takes ten times as long
        view: Any = np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
        return view if shape else x
    return np.broadcast_to(x if keep else x.reshape(_full(shape, axis)), shape)


def unbroadcast(x: Any, shape: Shape, at: int = 0) -> Any:
    """Undo broadcasting: sum ``x`` down to ``shape``; new axes came in at ``at``."""
    if x.shape == shape:
        return x
    extra = x.ndim - len(shape)
    if extra:
        x = np.add.reduce(x, axis=tuple(range(at, at + extra)))
    if 1 not in shape:
        return x
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and x.shape[i] != 1)
    return np.add.reduce(x, axis=stretched, keepdims=True) if stretched else x


def broadcast_to(x: Any, shape: Shape, at: int = 0) -> Any:
    """Broadcast ``x`` to ``shape``, new axes coming in at ``at``."""
    if at and type(x) is np.ndarray:
        new = (1,) * (len(shape) - x.ndim)
        x = x.reshape(x.shape[:at] + new + x.shape[at:])
    return np.broadcast_to(x, shape) if shape else x


def pick(x: Any, key: Any) -> Any:
    """``x[key]``."""
    return tidy(x[key])


def put(x: Any, shape: Shape, key: Any) -> Any:
    """Zeros of that shape with ``x`` put at ``key``."""
    z = np.zeros(shape, x.dtype)
    z[key] = x
    return tidy(z)


def cast(x: Any, dtype: Any) -> Any:
    """``x`` in another dtype (a fraction is cut off on the way to an integer)."""
    if dtype.kind != "c" and x.dtype.kind == "c":
        x = x.real
    return tidy(x.astype(dtype))


def same(x: Any) -> Any:
    """``x`` itself."""
    return x


def pick_at(x: Any, k: int, axis: int) -> Any:
    """Entry ``k`` along ``axis``."""
    return tidy(np.take(x, k, axis))


def place_at(x: Any, size: int, k: int, axis: int) -> Any:
    """Zeros with ``x`` as entry ``k`` along a new axis of ``size`` entries."""
    z = np.zeros((size, *np.shape(x)), x.dtype)
    z[k] = x
    return np.moveaxis(z, 0, axis)
