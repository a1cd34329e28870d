"""Making tensors: constants, zeros, ranges, one-hot rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine import dtypes
from tapeviz.engine.arguments import (
    floating,
    numbers,
    plain,
    room,
    scalar,
    sizes,
    whole,
)
from tapeviz.engine.arguments import rank as axes_of
from tapeviz.engine.dispatch import call
from tapeviz.engine.recording import tape_stack
from tapeviz.engine.scopes import composite
from tapeviz.engine.tensor import Tensor, Variable, convert, raw, wrap
from tapeviz.errors import invalid_argument, type_error, unimplemented

newaxis = None
"""A new axis of size 1, in an index: ``v[:, tf.newaxis]``."""


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str = "Const"
) -> Tensor:
    """A tensor of ``value``: Python ints become int32, floats float32.

    A tensor is given back as it is, connected to what it was computed from; a variable,
    or anything with a ``shape``, becomes a tensor of its own. TypeError for a tensor of
    another ``dtype``, and for a ``shape`` that the entries do not fill.

    >>> constant([1.0, 2.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>
    >>> constant(3.0, shape=(2,)).numpy()
    array([3., 3.], dtype=float32)
    """
    kind = None if dtype is None else dtypes.as_dtype(dtype)
    if isinstance(value, Tensor):
        if kind is not None and kind != value.dtype:
            raise type_error(
                f"Expected tensor {value._v} with dtype {kind!r}, but got dtype "
                f"{value.dtype!r}.",
                f"tf.cast(..., tf.{kind.name}) changes the dtype of a tensor",
            )
        if shape is None:
            return value
    if isinstance(value, (Tensor, Variable)):
        tape_stack.note("left", value)
        v = np.asarray(value._v, None if kind is None else kind.np)[()]
    else:
        v = raw(value, kind)
    if shape is not None:
        _fills(v, value, shape)
        v = np.broadcast_to(v, shape) if np.size(v) == 1 else np.reshape(v, shape)
        v = v.copy()[()] if not shape else np.ascontiguousarray(v)
    return wrap(v)


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Tensor:
    """``value`` as a tensor; a tensor or variable stays connected.

    >>> import tapeviz as tf
    >>> tf.convert_to_tensor([1, 2])
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 2], dtype=int32)>
    >>> tf.convert_to_tensor([1, 2], tf.float32).numpy()
    array([1., 2.], dtype=float32)
    """
    made = convert(value, dtype)
    return made if isinstance(made, Tensor) else call.identity(made)


def is_tensor(x: Any) -> bool:
    """Whether ``x`` is a tensor or a variable.

    >>> import tapeviz as tf
    >>> tf.is_tensor(tf.constant(1.0)), tf.is_tensor([1.0])
    (True, False)
    """
    return isinstance(x, (Tensor, Variable))


def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """``x`` in another dtype; the gradient flows between floats, not to integers.

    >>> import tapeviz as tf
    >>> tf.cast([1.7, -1.7], tf.int32).numpy()
    array([ 1, -1], dtype=int32)
    """
    to = dtypes.as_dtype(dtype)
    t = convert(x)
    if t.dtype.name == "string" and to.name != "string":
        raise unimplemented(
            f"Cast string to {to.c_name} is not supported [Op:Cast] name: ",
            "Python's float(...) reads a number from text",
        )
    if t.dtype is to:
        return t if t.__class__ is Tensor else call.identity(t)
    if to.np.kind in "fc" and t.dtype.np.kind in "fc":
        made = call.cast(t, to.np, t.dtype.np)
        made._t.has_complex |= to.is_complex
        return made
    return call.cast_whole(t, to.np)


def _fills(v: Any, value: Any, shape: Any) -> None:
    """An error unless there are as many entries as the shape has, or one."""
    wanted, have = int(np.prod(room(shape))), np.size(v)
    if have not in (1, wanted):
        raise type_error(
            f"Eager execution of tf.constant with unsupported shape. Tensor {v} "
            f"(converted from {value!r}) has {have} elements, but got `shape` "
            f"{tuple(room(shape))} with {wanted} elements).",
            "give as many numbers as the shape has, or one for all",
        )


def zeros(
    shape: Any, dtype: Any = "float32", name: str | None = None, layout: Any = None
) -> Tensor:
    """Zeros of a shape.

    >>> import tapeviz as tf
    >>> tf.zeros((2, 3)).numpy()
    array([[0., 0., 0.],
           [0., 0., 0.]], dtype=float32)
    """
    return wrap(np.zeros(room(shape), dtypes.as_dtype(dtype).np)[()])


def ones(
    shape: Any, dtype: Any = "float32", name: str | None = None, layout: Any = None
) -> Tensor:
    """Ones of a shape.

    >>> import tapeviz as tf
    >>> tf.ones((2, 3)).numpy()
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """
    return wrap(np.ones(room(shape), dtypes.as_dtype(dtype).np)[()])


def zeros_like(
    input: Any, dtype: Any = None, name: str | None = None, layout: Any = None
) -> Tensor:
    """Zeros with the shape (and dtype) of another tensor.

    >>> import tapeviz as tf
    >>> tf.zeros_like([1.0, 2.0]).numpy()
    array([0., 0.], dtype=float32)
    """
    t = convert(input)
    return zeros(t.shape, t.dtype if dtype is None else dtype)


def ones_like(
    input: Any, dtype: Any = None, name: str | None = None, layout: Any = None
) -> Tensor:
    """Ones with the shape (and dtype) of another tensor.

    >>> import tapeviz as tf
    >>> tf.ones_like([1, 2, 3]).numpy()
    array([1, 1, 1], dtype=int32)
    """
    t = convert(input)
    return ones(t.shape, t.dtype if dtype is None else dtype)


def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of a shape with one number everywhere; the number may be watched.

    >>> fill([2, 2], 9.0).numpy()
    array([[9., 9.],
           [9., 9.]], dtype=float32)
    """
    t = convert(value)
    if t.shape == (1,):
        t = call.reshape(t, ())
    if axes_of(t):
        raise invalid_argument(
            f"value must represent a scalar, got shape {t.shape.as_list()} [Op:Fill]",
            "tf.broadcast_to stretches a tensor",
        )
    return call.broadcast_to(t, room(dims), 0)


def eye(
    num_rows: Any, num_columns: Any = None, batch_shape: Any = None,
    dtype: Any = "float32", name: str | None = None,
) -> Tensor:  # fmt: skip
    """The identity matrix: ones on the diagonal, zeros elsewhere.

    >>> import tapeviz as tf
    >>> tf.eye(2).numpy()
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    (rows,) = room([num_rows])
    (columns,) = room([rows if num_columns is None else num_columns])
    made = np.eye(rows, columns, dtype=dtypes.as_dtype(dtype).np)
    front = () if batch_shape is None else sizes(batch_shape)
    return wrap(np.broadcast_to(made, (*front, *made.shape)).copy())


def one_hot(
    indices: Any, depth: Any, on_value: Any = None, off_value: Any = None,
    axis: Any = None, dtype: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """For each number a row of ``depth`` zeros with a 1 at that index.

    A number outside the row gives zeros only.

    >>> one_hot([0, 2], depth=3).numpy()
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    ids, n = numbers(indices), whole(depth)
    given = [plain(v) for v in (on_value, off_value) if v is not None]
    on = 1 if on_value is None else plain(on_value)
    off = 0 if off_value is None else plain(off_value)
    kind = raw(given[0]).dtype if given else np.dtype(np.float32)
    kind = kind if dtype is None else dtypes.as_dtype(dtype).np
    if n < 0:
        raise invalid_argument(
            f"depth must be non-negative, got: {n} [Op:OneHot]",
            "the depth is how many classes there are",
        )
    matches = np.asarray(ids)[..., None] == np.arange(n)
    made = np.where(matches, on, off).astype(kind)
    at = -1 if axis is None else whole(axis)
    return wrap(np.ascontiguousarray(np.moveaxis(made, -1, at)))


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None,
    name: str = "range",
) -> Tensor:  # fmt: skip
    """The numbers from ``start`` up to ``limit``, which is left out.

    >>> range(3).numpy(), range(1, 10, 4).numpy()
    (array([0, 1, 2], dtype=int32), array([1, 5, 9], dtype=int32))
    """
    if limit is None:
        start, limit = 0, start
    given = None if dtype is None else dtypes.as_dtype(dtype)
    ends = [
        scalar(raw(plain(v), None if isinstance(v, (Tensor, Variable)) else given), n)
        for v, n in zip((start, limit, delta), ("start", "limit", "delta"), strict=True)
    ]
    if not all(e.dtype.kind in "iuf" and np.isfinite(e) for e in ends):
        raise invalid_argument(
            f"Requires a start, a limit and a delta that are finite: {ends} "
            "[Op:Range] name: ",
            "give numbers: tf.range(3) is 0, 1, 2",
        )
    kind = _range_dtype(ends) if given is None else given.np
    first, last, step = (e.astype(kind) for e in ends)
    if not step:
        raise invalid_argument("Requires delta != 0: 0 [Op:Range]")
    if (first > last) if step > 0 else (first < last):
        sign, order = (">", "<=") if step > 0 else ("<", ">=")
        raise invalid_argument(
            f"Requires start {order} limit when delta {sign} 0: {first}/{last} "
            "[Op:Range] name: ",
            "a negative delta counts down: tf.range(5, 0, -1)",
        )
    return wrap(np.arange(first, last, step).astype(kind))


_RANGES = [np.dtype(n) for n in ("int32", "int64", "float16", "float32", "float64")]


def _range_dtype(ends: list[Any]) -> Any:
    """The last of their dtypes in TensorFlow's order."""
    for e in ends:
        if e.dtype not in _RANGES:
            raise invalid_argument(
                f"tf.range takes no {dtypes.of(e).name}",
                "whole numbers and floats have an order",
            )
    return max((e.dtype for e in ends), key=_RANGES.index)


def linspace(
    start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0
) -> Tensor:
    """``num`` evenly spaced numbers from ``start`` to ``stop``, both included.

    >>> linspace(0.0, 1.0, 5).numpy()
    array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    a = convert(start)
    b = convert(stop, None if isinstance(stop, (Tensor, Variable)) else a.dtype)
    if any(isinstance(t, Variable) or t._i >= 0 for t in (a, b)):
        return _between(a, b, whole(num), axis)
    kind = a.dtype.np if a.dtype.np.kind in "fc" else np.dtype(np.float64)
    return wrap(np.linspace(a._v, b._v, whole(num), dtype=kind, axis=axis))


@composite("linspace")
def _between(a: Any, b: Any, n: int, axis: int) -> Tensor:
    """The same from ends that are recorded: the gradient reaches both."""
    start = floating(a)
    at = axis % (axes_of(start) + 1)
    line = (1,) * at + (n,) + (1,) * (axes_of(start) - at)
    part = np.linspace(0.0, 1.0, n, dtype=start.dtype.np).reshape(line)
    first = call.expand_dims(start, (*start.shape[:at], 1, *start.shape[at:]))
    way = call.subtract(b, start)
    way = call.expand_dims(way, (*way.shape[:at], 1, *way.shape[at:]))
    return call.add(first, call.multiply(way, wrap(part)))


def shape(input: Any, out_type: Any = None, name: str | None = None) -> Tensor:
    """The shape as an integer tensor.

    >>> import tapeviz as tf
    >>> tf.shape([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).numpy()
    array([2, 3], dtype=int32)
    """
    kind = dtypes.as_dtype("int32" if out_type is None else out_type).np
    return wrap(np.array(tuple(convert(input).shape), kind))


def size(input: Any, out_type: Any = None, name: str | None = None) -> Tensor:
    """How many entries there are, as an integer tensor.

    >>> import tapeviz as tf
    >>> int(tf.size([[1.0, 2.0], [3.0, 4.0]]))
    4
    """
    kind = dtypes.as_dtype("int32" if out_type is None else out_type).np
    return wrap(kind.type(np.size(convert(input)._v)))


def rank(input: Any, name: str | None = None) -> Tensor:
    """How many axes there are, as an integer tensor.

    >>> import tapeviz as tf
    >>> int(tf.rank([[1.0, 2.0], [3.0, 4.0]]))
    2
    """
    return wrap(np.int32(axes_of(convert(input))))
