"""Making tensors and changing their shape: TensorFlow's top-level functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine import dtypes
from tapeviz.engine.assembly import call, direct
from tapeviz.engine.composite import grouped
from tapeviz.engine.tensor import Tensor, Variable, convert, raw, wrap
from tapeviz.errors import InvalidArgumentError, tell

newaxis = None

identity = direct.identity
stop_gradient = direct.stop_gradient


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Tensor:
    """A tensor of ``value``: Python ints become int32, floats float32.

    >>> constant([1.0, 2.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>
    """
    if isinstance(value, (Tensor, Variable)):
        return wrap(value._v)
    v = raw(value, None if dtype is None else dtypes.as_dtype(dtype))
    if shape is not None:
        v = np.broadcast_to(v, shape) if np.size(v) == 1 else np.reshape(v, shape)
        v = v.copy()[()] if not shape else np.ascontiguousarray(v)
    return wrap(v)


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Tensor:
    """``value`` as a tensor; a tensor or variable stays connected."""
    made = convert(value, dtype)
    if made.__class__ is Variable:
        made = call.identity(made)
    return made  # type: ignore[no-any-return]


def is_tensor(x: Any) -> bool:
    """Whether ``x`` is a tensor or a variable."""
    return isinstance(x, (Tensor, Variable))


def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """``x`` in another dtype. Between floats the gradient flows; to integers it ends."""
    to = dtypes.as_dtype(dtype)
    t = convert(x)
    if t.dtype is to:
        return t if t.__class__ is Tensor else call.identity(t)  # type: ignore[no-any-return]
    if to.np.kind in "fc" and t.dtype.np.kind in "fc":
        return call.cast(t, to.np, t.dtype.np)  # type: ignore[no-any-return]
    return call.cast_whole(t, to.np)  # type: ignore[no-any-return]


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The same entries in another shape; one size may be -1."""
    t = convert(tensor)
    want = _sizes(shape)
    size, known = int(np.size(t._v)), int(np.prod([n for n in want if n != -1]))
    if want.count(-1) == 1 and known:
        want = tuple(size // known if n == -1 else n for n in want)
    if int(np.prod(want)) != size or -1 in want:
        raise InvalidArgumentError(
            tell(
                f"Input to reshape is a tensor with {size} values, but the requested "
                f"shape has {int(np.prod(want))} [Op:Reshape]",
                "the product of the sizes must stay the same",
            )
        )
    return call.reshape(t, want)  # type: ignore[no-any-return]


def _sizes(shape: Any) -> tuple[int, ...]:
    values = np.ravel(shape._v if isinstance(shape, (Tensor, Variable)) else [int(n) for n in np.ravel(shape)])
    return tuple(int(n) for n in values)


def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str = "transpose") -> Tensor:
    """The axes reversed, or in the order of ``perm``."""
    t = convert(a)
    n = np.ndim(t._v)
    order = tuple(reversed(range(n))) if perm is None else _sizes(perm)
    if sorted(order) != list(range(n)):
        raise InvalidArgumentError(
            tell(
                f"transpose expects a vector of size {n}. But input(1) is a vector of "
                f"size {len(order)} [Op:Transpose]",
                f"perm must hold each of 0 to {n - 1} once",
            )
        )
    return call.transpose(t, order)  # type: ignore[no-any-return]


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape side by side along a new axis."""
    with grouped("stack"):
        made = [convert(v) for v in values]
    n = np.ndim(made[0]._v) + 1
    return call.stack(made, axis - n if axis >= 0 else axis)  # type: ignore[no-any-return]


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """``x`` where the condition holds, ``y`` elsewhere; alone, the places where it holds.

    The gradient goes to the chosen side only; the other gets zero (or nan, if its own
    derivative is infinite there).
    """
    if x is None and y is None:
        return wrap(np.argwhere(convert(condition)._v))
    return call.where(condition, x, y)  # type: ignore[no-any-return]


def zeros(shape: Any, dtype: Any = "float32", name: str | None = None) -> Tensor:
    """Zeros of a shape."""
    return wrap(np.zeros(_sizes(shape), dtypes.as_dtype(dtype).np)[()])


def ones(shape: Any, dtype: Any = "float32", name: str | None = None) -> Tensor:
    """Ones of a shape."""
    return wrap(np.ones(_sizes(shape), dtypes.as_dtype(dtype).np)[()])


def zeros_like(input: Any, dtype: Any = None, name: str | None = None) -> Tensor:  # noqa: A002
    """Zeros with the shape (and dtype) of another tensor."""
    t = convert(input)
    return zeros(t.shape, t.dtype if dtype is None else dtype)


def ones_like(input: Any, dtype: Any = None, name: str | None = None) -> Tensor:  # noqa: A002
    """Ones with the shape (and dtype) of another tensor."""
    t = convert(input)
    return ones(t.shape, t.dtype if dtype is None else dtype)


def range(  # noqa: A001 - TensorFlow's name
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range"
) -> Tensor:
    """The numbers from ``start`` up to ``limit``, which is left out."""
    if limit is None:
        start, limit = 0, start
    ends = [raw(v._v if isinstance(v, (Tensor, Variable)) else v) for v in (start, limit, delta)]
    kind = dtypes.as_dtype(dtype).np if dtype is not None else np.result_type(*ends)
    if dtype is None and kind == np.float64 and not any(e.dtype == kind for e in ends):
        kind = np.dtype(np.float32)
    return wrap(np.arange(*ends).astype(kind))


def linspace(start: Any, stop: Any, num: int, name: str | None = None, axis: int = 0) -> Tensor:
    """``num`` evenly spaced numbers from ``start`` to ``stop``, both included."""
    a, b = convert(start), convert(stop)
    kind = a.dtype.np if a.dtype.np.kind == "f" else np.dtype(np.float64)
    return wrap(np.linspace(a._v, b._v, int(num), dtype=kind, axis=axis))


def shape(input: Any, out_type: Any = "int32", name: str | None = None) -> Tensor:  # noqa: A002
    """The shape as an integer tensor."""
    return wrap(np.array(convert(input).shape, dtypes.as_dtype(out_type).np))
