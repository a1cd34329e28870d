"""Checks and conversions of what is no tensor: axes, sizes, whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine import dtypes
from tapeviz.engine.dtypes import dtype_mismatch
from tapeviz.engine.ops import NAMED
from tapeviz.engine.recording import tape_stack
from tapeviz.engine.tensor import Tensor, Variable, convert, no_value
from tapeviz.errors import invalid_argument, type_error


def plain(value: Any) -> Any:
    """The NumPy value of a tensor; anything else as it is."""
    return value._v if isinstance(value, (Tensor, Variable)) else value


def whole(value: Any) -> int:
    """A whole number given as such, as a NumPy value or as a tensor."""
    number = plain(value)
    if number.__class__ is not int:
        if isinstance(number, (list, tuple)):
            number = convert(number)._v
        _count(number)
        number = scalar(number, "A size, an axis or a number of entries")
    return int(number)


def _count(given: Any) -> None:
    """An error unless it is a whole number."""
    if given is None:
        raise no_value("a whole number is wanted here")
    kind = np.asarray(given).dtype
    if kind.kind not in "biu":
        raise invalid_argument(
            f"Value for attr 'Tidx' of {dtypes.of(np.empty(0, kind)).c_name} is "
            "not in the list of allowed values: int32, int64",
            f"axes, sizes and numbers of entries are whole: {given} is not",
        )


def sizes(shape: Any) -> tuple[int, ...]:
    """A shape given as a list, a tuple, one number, an array or a tensor."""
    if isinstance(shape, (Tensor, Variable)):
        return tuple(whole(n) for n in np.ravel(shape._v))
    if isinstance(shape, (list, tuple)):
        return tuple(whole(n) for n in shape)
    return tuple(whole(n) for n in np.ravel(shape))


def room(shape: Any) -> tuple[int, ...]:
    """The shape of something to be made: no size may be negative."""
    given = sizes(shape)
    for n in given:
        if n < 0:
            raise invalid_argument(f"Dimension {n} must be >= 0 [Op:Fill] name: ")
    return given


def rank(t: Any) -> int:
    """How many axes a tensor has."""
    return int(np.ndim(t._v))


def common_shape(*shapes: Any) -> tuple[int, ...] | None:
    """The shape that all can be broadcast to; None if there is none."""
    try:
        return np.broadcast_shapes(*map(tuple, shapes))
    except ValueError:
        return None


def axes(t: Any, axis: Any) -> tuple[int, ...] | None:
    """The axes of a reduction as negative numbers; None for all of them."""
    if axis is None:
        return None
    n = rank(t)
    given = sizes(axis)
    for a in given:
        if not -n <= a < n:
            raise invalid_argument(
                f"Invalid reduction dimension {a} for input with {n} dimension(s) "
                "[Op:Sum]",
                f"axes run from 0 to {n - 1}" if n else "a scalar has no axis",
            )
    found = tuple(a if a < 0 else a - n for a in given)
    if len(set(found)) < len(found):
        raise invalid_argument(
            "Invalid reduction arguments: Axes contains duplicate dimension: "
            f"{axis} [Op:Sum]",
            "name each axis once",
        )
    return found


def one_axis(t: Any, axis: Any, kernel: str, extra: int = 0) -> int:
    """One axis as a negative number; ``extra`` counts axes that are still to come."""
    n, a = rank(t) + extra, whole(axis)
    if not -n <= a < n:
        raise invalid_argument(
            f"Expected dimension in the range [{-n}, {n}), but got {a} [Op:{kernel}]",
            f"axes run from 0 to {n - 1}" if n else "a scalar has no axis",
        )
    return a if a < 0 else a - n


def numbers(value: Any, *, none: bool = True) -> Any:
    """Whole numbers (a list, an array or a tensor) as a NumPy value.

    An empty list, which is one of floats, is refused unless ``none`` may be given.
    """
    t = convert(value)
    tape_stack.note("compared", t)
    v = t._v
    if v.dtype.kind not in "iu":
        if none and not np.size(v):
            return np.asarray(v, np.int32)
        raise invalid_argument(
            f"Value for attr 'Tindices' of {dtypes.of(v).c_name} is not in the "
            "list of allowed values: int16, int32, int64",
            "indices are whole numbers: tf.cast(indices, tf.int32)",
        )
    return v


def floating(value: Any) -> Any:
    """A tensor of floats (or complex numbers); an error for whole numbers."""
    t = convert(value)
    if t.dtype.np.kind not in "fc":
        raise invalid_argument(
            f"Value for attr 'T' of {t.dtype.name} is not in the list of allowed "
            "values: bfloat16, half, float, double",
            "use floats: 3.0 instead of 3, or tf.cast(x, tf.float32)",
        )
    return t


def like(value: Any, t: Any) -> Any:
    """A number or tensor in the dtype of ``t``."""
    return convert(value, None if isinstance(value, (Tensor, Variable)) else t.dtype)


def leading(name: str, value: Any, other: Any) -> Any:
    """The first operand of an op in which it keeps its own dtype, as a tensor.

    So it is with ``tf.add``, ``tf.truediv`` and ``tf.matmul``: an array of float64 or a
    whole number does not become float32 for the sake of the second operand.
    """
    if isinstance(value, (Tensor, Variable)):
        return value
    t = convert(value)
    if isinstance(other, (Tensor, Variable)) and other.dtype != t.dtype:
        do = (
            f"the first operand is {t.dtype.name} and stays so: make it "
            f"tf.constant(..., tf.{other.dtype.name}) first"
        )
        raise dtype_mismatch(NAMED[name], t.dtype, other.dtype, do=do)
    return t


def same_dtype(name: str, tensors: list[Any]) -> list[Any]:
    """The operands of an op, which must all have the dtype of the first."""
    for slot, t in enumerate(tensors):
        if t.dtype != tensors[0].dtype:
            raise dtype_mismatch(NAMED[name], tensors[0].dtype, t.dtype, slot)
    return tensors


def scalar(value: Any, what: str) -> Any:
    """A number that may come as an array of one entry."""
    if np.size(value) != 1 or np.ndim(value) > 1:
        raise invalid_argument(
            f"{what} must be a scalar, not shape {list(np.shape(value))}",
            "give one number",
        )
    return np.reshape(value, ())[()]


def coordinates(ids: Any, shape: Any, kernel: str) -> None:
    """An error unless the last axis of ``ids`` fits the axes of a shape."""
    depth = np.shape(ids)[-1] if np.ndim(ids) else -1
    if not 0 <= depth <= len(shape):
        raise invalid_argument(
            f"indices of shape {list(np.shape(ids))} do not fit a tensor of shape "
            f"{list(shape)} [Op:{kernel}]",
            "the last axis of indices holds one number per axis: [[0], [2]]",
        )


def updates_fit(ids: Any, updates: Any, shape: Any, kernel: str) -> None:
    """An error unless there is one update for each of the coordinates."""
    wanted = [*np.shape(ids)[:-1], *shape[np.shape(ids)[-1] :]]
    if np.size(ids) and 0 in shape:
        raise invalid_argument(
            f"Indices and updates specified for empty output shape [Op:{kernel}]",
            "there is no entry that could be written: give no indices either",
        )
    if updates.shape.as_list() != wanted:
        raise invalid_argument(
            f"updates have shape {updates.shape.as_list()}, which is not {wanted} "
            f"[Op:{kernel}]",
            "give one update for each of the coordinates",
        )


def truths(value: Any, kernel: str, slot: int = 0) -> Any:
    """A tensor of bools; an error for numbers."""
    held = isinstance(value, (np.ndarray, np.generic))
    t = convert(value, dtypes.bool_ if held else None)
    if t.dtype.np.kind != "b" and t is not value:
        raise type_error(
            f"Cannot convert {value!r} to EagerTensor of dtype bool",
            "compare first: x > 0 is a tensor of bools",
        )
    if t.dtype.np.kind != "b":
        raise invalid_argument(
            f"cannot compute {kernel} as input #{slot}(zero-based) was expected to be "
            f"a bool tensor but is a {t.dtype.c_name} tensor [Op:{kernel}] name: ",
            "compare first: x > 0 is a tensor of bools",
        )
    return t
