"""What operands may meet: dtypes, shapes, Python numbers, and TensorFlow's errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeviz.engine import dtypes
from tapeviz.engine.rules import Op
from tapeviz.engine.tensor import Tensor, Variable, convert, raw, wrap
from tapeviz.errors import InvalidArgumentError, tell

KNOWN = (Tensor, Variable)


def quiet(forward: Callable[..., Any], *args: Any) -> Any:
    """The op again, where a warning was made an error: nan and inf are values here."""
    with np.errstate(all="ignore"):
        return forward(*args)


def first(op: Op, value: Any) -> Any:
    """The one operand of an op as a tensor."""
    if value is None:
        message = "Attempt to convert a value (None) with an unsupported type (<class 'NoneType'>) to a Tensor."
        raise ValueError(tell(message, f"give {op.name} a number or a tensor"))
    return convert(value)


def operands(op: Op, *given: Any) -> list[Any]:
    """The operands as tensors; Python and NumPy values take the first tensor's dtype."""
    like = next((t.dtype for t in given if t.__class__ in KNOWN), None)
    skip = op.operands[0] == "c"
    if skip:
        like = next((t.dtype for t in given[1:] if t.__class__ in KNOWN), None)
    made: list[Any] = []
    for slot, t in enumerate(given):
        if t.__class__ in KNOWN:
            made.append(t)
        elif skip and slot == 0:
            made.append(convert(t))
        else:
            made.append(_operand(op, t, like))
            like = like or made[-1].dtype
    return made


def _operand(op: Op, value: Any, like: Any) -> Any:
    if value is None:
        message = "Attempt to convert a value (None) with an unsupported type (<class 'NoneType'>) to a Tensor."
        raise ValueError(
            tell(message, "a gradient may be None: why(tape, y, x) says the reason")
        )
    if like is not None and isinstance(value, (str, bytes)):
        raise InvalidArgumentError(
            tell(
                f"cannot compute {op.kernel} as input #1(zero-based) was expected to be a "
                f"{like.c_name} tensor but is a string tensor [Op:{op.kernel}] name: ",
                f"{value!r} is text, not a number: float({value!r}) would make it one",
            )
        )
    return convert(value, like)


def weak(op: Op, x: Any, number: Any) -> Any:
    """A Python number beside a value that is not a float32 scalar, or an error."""
    kind = x.dtype.kind
    if kind in "fc" or (kind in "iu" and type(number) is int):
        return number
    dtype = dtypes.of(x)
    if type(number) is float and kind in "iu" and op.name in ("add", "subtract"):
        raise InvalidArgumentError(_mixed(op, dtype, dtypes.float32))
    return raw(number, dtype)


def _mixed(op: Op, one: Any, other: Any) -> str:
    return tell(
        f"cannot compute {op.kernel} as input #1(zero-based) was expected to be a "
        f"{one.c_name} tensor but is a {other.c_name} tensor [Op:{op.kernel}] name: ",
        f"bring both to one dtype: tf.cast(..., tf.{one.name})",
    )


def meet(op: Op, *values: Any) -> tuple[tuple[int, ...], ...] | None:
    """None for operands of one shape, else their shapes; an error if they do not fit."""
    same = values[1:] if op.operands[0] == "c" else values
    for v in same[1:]:
        if _differ(same[0], v):
            raise InvalidArgumentError(_mixed(op, dtypes.of(same[0]), dtypes.of(v)))
    shapes = tuple(np.shape(v) for v in values)
    if op.name == "matmul":
        return _meet_matmul(shapes)
    if op.name == "solve":
        return shapes
    if all(s == shapes[0] for s in shapes):
        return None
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        text = " vs. ".join(str(list(s)) for s in shapes[-2:])
        raise InvalidArgumentError(
            tell(
                f"Incompatible shapes: {text} [Op:{op.kernel}] name: ",
                "sizes must be equal or 1, axis by axis from the last; see tf.reshape",
            )
        ) from None
    return shapes


def _differ(a: Any, b: Any) -> bool:
    plain = (int, float)
    return type(a) not in plain and type(b) not in plain and a.dtype != b.dtype


def _meet_matmul(shapes: tuple[tuple[int, ...], ...]) -> Any:
    a, b = shapes
    if len(a) < 2 or len(b) < 2:
        which, bad = (0, a) if len(a) < 2 else (1, b)
        raise InvalidArgumentError(
            tell(
                f"In[{which}] ndims must be >= 2: {len(bad)} [Op:MatMul] name: ",
                "a vector is no matrix: v[:, tf.newaxis] makes it a column, and "
                "tf.reduce_sum(u * v) is the dot product",
            )
        )
    if a[-1] != b[-2]:
        show = [str(list(s)).replace(" ", "") for s in shapes]
        raise InvalidArgumentError(
            tell(
                f"Matrix size-incompatible: In[0]: {show[0]}, In[1]: {show[1]} "
                "[Op:MatMul] name: ",
                f"the first has {a[-1]} columns, the second {b[-2]} rows; tf.transpose "
                "may be missing",
            )
        )
    if a[:-2] == b[:-2]:
        return None
    try:
        np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        raise InvalidArgumentError(
            tell(f"In[0] and In[1] must have compatible batch dimensions: {a} vs. {b}")
        ) from None
    return shapes


def check(op: Op, x: Any, *_rest: Any) -> None:
    """InvalidArgumentError unless the operand is a float (or complex) one."""
    dtype = dtypes.of(x)
    if dtype.np.kind not in "fc":
        raise InvalidArgumentError(
            tell(
                f"Value for attr 'T' of {dtype.name} is not in the list of allowed "
                "values: bfloat16, half, float, double, complex64, complex128 "
                f"[Op:{op.kernel}]",
                "use floats: 3.0 instead of 3, or tf.cast(x, tf.float32)",
            )
        )


def lift(v: Any, place: int, trace: Any, g: Any) -> Any:
    """A saved value as a tensor that stands where the value was recorded."""
    if v is None or isinstance(v, Tensor):
        return v
    if type(v) is int or type(v) is float:
        v = g._v.dtype.type(v)
    out = wrap(v)
    if place >= 0:
        out._t, out._i = trace, place
    return out
