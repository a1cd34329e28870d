"""Checks of operands: dtypes, shapes, Python numbers, with TensorFlow's errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeviz.engine import dtypes
from tapeviz.engine.dtypes import dtype_mismatch
from tapeviz.engine.primitives import Op
from tapeviz.engine.recording import OFF
from tapeviz.engine.tensor import (
    Tensor,
    Variable,
    convert,
    no_value,
    raw,
    sizes,
    wrap,
)  # fmt: skip
from tapeviz.errors import (
    invalid_argument,
    warn,
)

Shapes = tuple[tuple[int, ...], ...]

KNOWN = (Tensor, Variable)
f32 = np.float32
FLOATS: frozenset[Any] = frozenset((np.float16, np.float32, np.float64))
"""Scalars that need no check if both operands of a binary op have the same class."""

_LISTED = (
    "bfloat16", "half", "float", "double", "int8", "int16", "int32", "int64", "uint8",
    "uint16", "uint32", "uint64", "complex64", "complex128", "bool",
)  # fmt: skip
_KINDS = dict(zip(_LISTED, "ffffiiiiuuuuccb", strict=True))
_ADDS = ("add",)
_WHOLE = ("floordiv", "mod", "power")


def quiet(forward: Callable[..., Any], *args: Any) -> Any:
    """The op again, where a warning was made an error: nan and inf are values here."""
    with np.errstate(all="ignore"):
        return forward(*args)


def first(op: Op, value: Any) -> Any:
    """The one operand of an op as a tensor."""
    if value is None:
        raise no_value(f"give {op.name} a number or a tensor")
    return convert(value)


def operands(op: Op, *given: Any) -> list[Any]:
    """The operands as tensors; plain values take the first tensor's dtype."""
    skip = op.operands[0] == "c"
    rest = given[1:] if skip else given
    like = next((t.dtype for t in rest if t.__class__ in KNOWN), None)
    made: list[Any] = []
    for slot, t in enumerate(given):
        if t.__class__ in KNOWN:
            made.append(t)
        elif (skip and slot == 0) or isinstance(t, Tensor):
            made.append(convert(t))
        else:
            made.append(_operand(op, t, like))
            like = like or made[-1].dtype
    return made


def _operand(op: Op, value: Any, like: Any) -> Any:
    text = isinstance(value, (str, bytes))
    joins = op.name in _ADDS and like is dtypes.string
    if text and like is not None and not op.cut and not joins:
        do = f"{value!r} is text, not a number: float({value!r}) would make it one"
        raise dtype_mismatch(op, like, dtypes.string, do=do)
    plain = not isinstance(value, (np.ndarray, np.generic))
    if op.name in _ADDS and like is not None and like.is_integer and plain:
        made = convert(value)
        if made.dtype.is_floating:
            raise dtype_mismatch(op, like, made.dtype)
    if type(value) is int and like is not None and op.cut:
        return wrap(wrapped(value, like))
    return convert(value, like)


def wrapped(number: Any, dtype: Any) -> Any:
    """A Python number compared with a tensor; one that is too great is wrapped."""
    whole = type(number) is int and dtype.np.kind in "iu" and -(2**63) <= number < 2**63
    info = np.iinfo(dtype.np) if whole else None
    if info is None or info.min <= number <= info.max:
        return raw(number, dtype)
    made = np.int64(number).astype(dtype.np)
    warn(
        f"{number} is no {dtype.name}: TensorFlow compares with {made} instead. "
        "tf.cast(x, tf.int64) has room for it."
    )
    return made


def weak(op: Op, x: Any, number: Any, slot: int) -> Any:
    """A Python number as the operand beside ``x``, which is operand ``slot``.

    It has the dtype of ``x`` or is weakly typed; an error if that is impossible. ``x``
    is no float32 scalar, for which there is nothing to check.
    """
    if op.name == "matmul":
        _meet_matmul(((), np.shape(x)) if slot else (np.shape(x), ()))
    kind = x.dtype.kind
    if kind == "f" and (not op.kinds or "f" in op.kinds):
        return number
    dtype = dtypes.of(x)
    if kind == "b" and op.name == "multiply" and not slot:
        return np.bool_(number)
    if op.kinds and kind not in op.kinds:
        raise unlisted(op, x)
    if kind == "c":
        return number
    if kind == "O" and op.name in _ADDS:
        raise dtype_mismatch(op, dtype, dtypes.of(raw(number)))
    if type(number) is float and kind in "iu" and op.name in _ADDS and not slot:
        raise dtype_mismatch(op, dtype, dtypes.float32)
    value = wrapped(number, dtype) if op.cut else raw(number, dtype)
    if op.name in _WHOLE:
        _whole(op, *((value, x) if slot else (x, value)))
    return value


def unlisted(op: Op, value: Any) -> Exception:
    """The error for a kind of number that an op does not take."""
    dtype = dtypes.of(value)
    allowed = ", ".join(n for n, kind in _KINDS.items() if kind in op.kinds)
    real = "f" in op.kinds and dtype.np.kind in "iub"
    return invalid_argument(
        f"Value for attr 'T' of {dtype.c_name} is not in the list of allowed "
        f"values: {allowed} [Op:{op.kernel}] name: ",
        "use floats: 3.0 instead of 3, or tf.cast(x, tf.float32)"
        if real
        else f"{op.name} takes no {dtype.name}: tf.cast(...) changes the dtype",
    )


def _whole(op: Op, a: Any, b: Any) -> None:
    """InvalidArgumentError where whole numbers have no result."""
    if not np.size(a):
        return
    if op.name == "power" and np.any(b < 0):
        raise invalid_argument(
            "Integers to negative integer powers are not allowed [Op:Pow] name: ",
            "write 2.0 instead of 2, or tf.cast the base to a float dtype",
        )
    if op.name != "power" and not np.all(b):
        raise invalid_argument(
            f"Integer division by zero [Op:{op.kernel}] name: ",
            "only floats divide by zero (to inf or nan): tf.cast(x, tf.float32)",
        )


def check_pair(op: Op, a: Any, b: Any) -> Shapes | None:
    """The same as ``check_operands`` for two, quick for floats of one dtype."""
    dtype = a.dtype
    if dtype is b.dtype and dtype.kind == "f":
        one, two = a.shape, b.shape
        if op.meets_floats:
            if one == two:
                return None
            if not one or two == one[len(one) - len(two) :]:
                return one, two
        elif op.name == "matmul" and len(one) == len(two) == 2 and one[1] == two[0]:
            return None
    return check_operands(op, a, b)


def check_operands(op: Op, *values: Any) -> Shapes | None:
    """Their shapes if operands must be broadcast, else None; an error if impossible."""
    same = _chosen(op, *values) if op.operands[0] == "c" else values
    for v in same[1:]:
        if _differ(same[0], v):
            slot = len(values) - len(same) + 1
            raise dtype_mismatch(op, dtypes.of(same[0]), dtypes.of(v), slot)
    kind = same[0].dtype.kind
    if op.kinds and kind not in op.kinds:
        raise unlisted(op, same[0])
    shapes = tuple(np.shape(v) for v in values)
    if op.name == "matmul":
        return _meet_matmul(shapes)
    if op.name == "solve":
        return shapes
    if kind in "iu" and op.name in _WHOLE:
        _whole(op, *values)
    if all(s == shapes[0] for s in shapes):
        return None
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise _apart(op, shapes) from None
    return shapes


def _chosen(op: Op, condition: Any, *rest: Any) -> tuple[Any, ...]:
    """The operands that a condition chooses among; an error if it is not boolean."""
    if condition.dtype.kind != "b":
        raise dtype_mismatch(op, dtypes.bool_, dtypes.of(condition), slot=0)
    return rest


def _apart(op: Op, shapes: Shapes) -> Exception:
    text = " vs. ".join(sizes(s) for s in shapes[-2:])
    return invalid_argument(
        f"Incompatible shapes: {text} [Op:{op.kernel}] name: ",
        "sizes must be equal or 1, axis by axis from the last; see tf.reshape",
    )


def _differ(a: Any, b: Any) -> bool:
    plain = (int, float)
    return type(a) not in plain and type(b) not in plain and a.dtype != b.dtype


def _meet_matmul(shapes: Shapes) -> Shapes | None:
    a, b = shapes
    if len(a) == len(b) == 2 and a[1] == b[0]:
        return None
    if len(a) < 2 or len(b) < 2:
        what = f"ndims must be >= 2: {len(a)}"
        if len(a) != len(b):
            what = f"has different ndims: {sizes(a)} vs. {sizes(b)}"
        raise invalid_argument(
            f"In[0] and In[1] {what} [Op:MatMul] name: ",
            "a vector is no matrix: v[:, tf.newaxis] makes it a column, and "
            "tf.reduce_sum(u * v) is the dot product",
        )
    if a[-1] != b[-2]:
        show = [sizes(s) for s in shapes]
        raise invalid_argument(
            f"Matrix size-incompatible: In[0]: {show[0]}, In[1]: {show[1]} "
            "[Op:MatMul] name: ",
            f"the first has {a[-1]} columns, the second {b[-2]} rows; tf.transpose "
            "may be missing",
        )
    if a[:-2] == b[:-2]:
        return None
    try:
        np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        raise invalid_argument(
            f"In[0] and In[1] must have compatible batch dimensions: {a} vs. {b}"
        ) from None
    return shapes


def lift(v: Any, index: int, handle: Any, g: Any) -> Any:
    """A saved value as a tensor, at the index where it was recorded."""
    if v.__class__ is not f32:
        if v is None or isinstance(v, Tensor):
            return v
        if v.__class__ is int or v.__class__ is float:
            v = g._v.dtype.type(v)
        if v.dtype.kind in "iu" and g._v.dtype.kind in "fc":
            return wrap(v.astype(g._v.dtype))  # whole numbers have no gradient to pass
    out = Tensor()
    out._v = v
    out._t = handle if index >= 0 else OFF
    out._i = index
    return out
