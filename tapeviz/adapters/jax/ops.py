"""The primitives of JAX in ours: tables by their name.

An entry takes tensors of ours and the primitive's parameters by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeviz.engine.dispatch import call
from tapeviz.engine.tensor import array_of
from tapeviz.tf import linalg
from tapeviz.tf.arrays import indexing, shaping
from tapeviz.tf.arrays.creation import cast
from tapeviz.tf.math import arithmetic, elementwise, reductions
from tapeviz.tf.nn import activations

TABLE: dict[str, Callable[..., Any]] = {}
"""Our function for each primitive."""

SAME_MEANING = """
    abs acos acosh add add_any=add asin asinh atan atan2 atanh copy=identity
    copy_p=identity cos cosh digamma div=divide eq=equal erf erfc exp expm1
    ge=greater_equal gt=greater is_finite le=less_equal lgamma log log1p
    logistic=sigmoid lt=less max=maximum min=minimum mul=multiply ne=not_equal
    neg=negative pow rem=floormod rsqrt sin sinh sqrt square stop_gradient sub=subtract
    tan tanh
"""
"""Primitives that mean what one of TensorFlow's names means."""

_HOMES = (arithmetic, elementwise, shaping)

STEPS = ("ceil", "floor", "round", "sign")
"""Primitives whose gradient is 0 in JAX, and None in TensorFlow."""

BY_NAME: dict[str, Callable[..., Any]] = {
    "relu": lambda x, **_: activations.relu(x),
    "silu": lambda x, **_: activations.silu(x),
}
"""Functions of JAX that are seen as one, since their derivative is their own."""


def _plain(function: Any) -> Any:
    return lambda *operands, **_: function(*operands)


for _meaning in SAME_MEANING.split():
    _theirs, _, _name = _meaning.partition("=")
    _homes = [m for m in _HOMES if hasattr(m, _name or _theirs)]
    if _homes:
        TABLE[_theirs] = _plain(getattr(_homes[0], _name or _theirs))


def _entry(name: str) -> Callable[[Any], Any]:
    def put(function: Any) -> Any:
        TABLE[name] = function
        return function

    return put


def _reduction(name: str, function: Any) -> None:
    TABLE[name] = lambda x, axes, **_: function(x, tuple(axes)) if axes else x


_reduction("reduce_sum", reductions.reduce_sum)
_reduction("reduce_max", reductions.reduce_max)
_reduction("reduce_min", reductions.reduce_min)
_reduction("reduce_prod", reductions.reduce_prod)


@_entry("integer_pow")
def _integer_pow(x: Any, y: int, **_: Any) -> Any:
    return arithmetic.pow(x, float(y))


@_entry("broadcast_in_dim")
def _broadcast(
    x: Any, *_: Any, shape: Any, broadcast_dimensions: Any, **__: Any
) -> Any:
    sizes = iter(np.shape(array_of(x)))
    ones = [next(sizes) if k in broadcast_dimensions else 1 for k in range(len(shape))]
    x = x if tuple(ones) == np.shape(array_of(x)) else shaping.reshape(x, ones)
    return x if tuple(ones) == tuple(shape) else shaping.broadcast_to(x, shape)


@_entry("reshape")
def _reshape(x: Any, *_: Any, new_sizes: Any, **__: Any) -> Any:
    return shaping.reshape(x, new_sizes)


@_entry("squeeze")
def _squeeze(x: Any, dimensions: Any, **_: Any) -> Any:
    return shaping.squeeze(x, list(dimensions))


@_entry("transpose")
def _transpose(x: Any, permutation: Any, **_: Any) -> Any:
    return shaping.transpose(x, list(permutation))


@_entry("concatenate")
def _concatenate(*parts: Any, dimension: int, **_: Any) -> Any:
    return shaping.concat(list(parts), dimension)


@_entry("stack")
def _stack(*parts: Any, axis: int, **_: Any) -> Any:
    return shaping.stack(list(parts), axis)


@_entry("split")
def _split(x: Any, sizes: Any, axis: int, **_: Any) -> Any:
    return shaping.split(x, [int(n) for n in sizes], axis)


@_entry("pad")
def _pad(x: Any, value: Any, padding_config: Any, **_: Any) -> Any:
    if any(between or min(low, high) < 0 for low, high, between in padding_config):
        # Shown with its numbers, and without a formula.
        raise NotImplementedError("no rule for what lies between, or is cut off")
    return shaping.pad(x, [(int(a), int(b)) for a, b, _ in padding_config], "CONSTANT",
                       value)  # fmt: skip


@_entry("gather")
def _gather(
    x: Any, ids: Any, dimension_numbers: Any, slice_sizes: Any, **_: Any
) -> Any:
    """Rows of an array, as ``x[ids]`` picks them."""
    where, shape = dimension_numbers, np.shape(array_of(x))
    rows = (1, *shape[1:]) == tuple(slice_sizes) and where.start_index_map == (0,)
    if not rows or where.collapsed_slice_dims != (0,) or where.operand_batching_dims:
        # Shown with its numbers, and without a formula.
        raise NotImplementedError("no rule for other parts than rows")
    return indexing.gather(x, array_of(ids)[..., 0])


@_entry("slice")
def _slice(
    x: Any, start_indices: Any, limit_indices: Any, strides: Any, **_: Any
) -> Any:
    steps = strides or [1] * len(start_indices)
    ends = zip(start_indices, limit_indices, steps, strict=True)
    return call.pick(x, tuple(slice(*e) for e in ends))


@_entry("rev")
def _rev(x: Any, dimensions: Any, **_: Any) -> Any:
    return shaping.reverse(x, list(dimensions))


@_entry("select_n")
def _select(which: Any, no: Any, yes: Any, **_: Any) -> Any:
    return indexing.where(which, yes, no)


@_entry("convert_element_type")
def _convert(x: Any, new_dtype: Any, **_: Any) -> Any:
    same = array_of(x).dtype == new_dtype
    return x if same else cast(x, np.dtype(new_dtype))


@_entry("dot_general")
def _dot(a: Any, b: Any, dimension_numbers: Any, **_: Any) -> Any:
    (ca, cb), (ba, bb) = dimension_numbers
    ranks = np.ndim(array_of(a)), np.ndim(array_of(b))
    if (*map(tuple, (ca, cb, ba, bb)), *ranks) == ((1,), (0,), (), (), 2, 2):
        return linalg.matmul(a, b)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    left = [next(letters) for _ in range(ranks[0])]
    right = [next(letters) for _ in range(ranks[1])]
    for i, j in (*zip(ca, cb, strict=True), *zip(ba, bb, strict=True)):
        right[j] = left[i]
    shared = [left[i] for i in ba]
    rest = [c for k, c in enumerate(left) if k not in (*ca, *ba)]
    rest += [c for k, c in enumerate(right) if k not in (*cb, *bb)]
    out = "".join((*shared, *rest))
    return linalg.einsum(f"{''.join(left)},{''.join(right)}->{out}", a, b)


@_entry("cumsum")
def _cumsum(x: Any, axis: int, reverse: bool = False, **_: Any) -> Any:
    return reductions.cumsum(x, axis, reverse=reverse)
