"""``tf.debugging``: assertions on values, shapes and dtypes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeviz.engine import dtypes
from tapeviz.engine.arguments import common_shape, like, plain, rank, whole
from tapeviz.engine.dispatch import call
from tapeviz.engine.tensor import Tensor, Variable, convert
from tapeviz.errors import invalid_argument, type_error, value_error


def _pair(x: Any, y: Any) -> tuple[Any, Any]:
    a = like(x, y) if isinstance(y, (Tensor, Variable)) else convert(x)
    return a, like(y, a)


def _few(v: Any, summarize: int | None) -> str:
    flattened = np.ravel(v)
    many = 3 if summarize is None else summarize
    text = " ".join(map(str, flattened[:many] if many >= 0 else flattened))
    return text + (" ..." if 0 <= many < flattened.size else "")


def _head(message: Any) -> str:
    """The caller's own words on a line of their own, if there are any."""
    return f"{message}\n" if message else ""


def _compare(
    words: str, test: Callable[[Any, Any], Any], x: Any, y: Any, message: Any,
    summarize: int | None,
) -> None:  # fmt: skip
    a, b = _pair(x, y)
    if common_shape(a.shape, b.shape) is None:
        raise invalid_argument(
            f"Incompatible shapes: {a.shape.as_list()} vs. {b.shape.as_list()}",
            "sizes must be equal or 1, axis by axis from the last",
        )
    good = np.asarray(test(a._v, b._v))
    if not np.all(good):
        raise invalid_argument(
            f"{_head(message)}Condition x {words} y did not "
            f"hold.\n{_differing(a, b, good)}First {min(np.size(a._v), 3)} elements "
            f"of x:\n[{_few(a._v, summarize)}]\nFirst {min(np.size(b._v), 3)} "
            f"elements of y:\n[{_few(b._v, summarize)}]"
        )


def _differing(a: Any, b: Any, good: Any) -> str:
    """Where the first three wrong entries are, and what stands there."""
    if not good.ndim:
        return ""
    bad = np.argwhere(~good)[:3]
    at = tuple(bad.T)
    one, other = (v[at] for v in np.broadcast_arrays(a._v, b._v))
    return (
        f"Indices of first {len(bad)} different values:\n{bad}\n"
        f"Corresponding x values:\n{one}\nCorresponding y values:\n{other}\n"
    )


def assert_equal(
    x: Any, y: Any, message: Any = None, summarize: int | None = None, name: Any = None
) -> None:
    """InvalidArgumentError unless ``x == y`` everywhere.

    >>> assert_equal([1, 2], [1, 2])
    """
    _compare("==", operator.eq, x, y, message, summarize)


def assert_none_equal(
    x: Any, y: Any, summarize: int | None = None, message: Any = None, name: Any = None
) -> None:
    """InvalidArgumentError unless ``x != y`` everywhere."""
    _compare("!=", operator.ne, x, y, message, summarize)


def assert_less(
    x: Any, y: Any, message: Any = None, summarize: int | None = None, name: Any = None
) -> None:
    """InvalidArgumentError unless ``x < y`` everywhere."""
    _compare("<", operator.lt, x, y, message, summarize)


def assert_less_equal(
    x: Any, y: Any, message: Any = None, summarize: int | None = None, name: Any = None
) -> None:
    """InvalidArgumentError unless ``x <= y`` everywhere."""
    _compare("<=", operator.le, x, y, message, summarize)


def assert_greater(
    x: Any, y: Any, message: Any = None, summarize: int | None = None, name: Any = None
) -> None:
    """InvalidArgumentError unless ``x > y`` everywhere."""
    _compare(">", operator.gt, x, y, message, summarize)


def assert_greater_equal(
    x: Any, y: Any, message: Any = None, summarize: int | None = None, name: Any = None
) -> None:
    """InvalidArgumentError unless ``x >= y`` everywhere."""
    _compare(">=", operator.ge, x, y, message, summarize)


def assert_near(
    x: Any, y: Any, rtol: Any = None, atol: Any = None, message: Any = None,
    summarize: int | None = None, name: Any = None,
) -> None:  # fmt: skip
    """InvalidArgumentError unless ``|x - y| <= atol + rtol * |y|`` everywhere.

    Both tolerances are ten times the smallest step of the dtype by default.

    >>> import tapeviz as tf
    >>> tf.debugging.assert_near([1.0], [1.0 + 1e-7])
    """
    a, b = _pair(x, y)
    step = 10 * np.finfo(a._v.dtype).eps
    relative, absolute = (step if t is None else float(plain(t)) for t in (rtol, atol))
    good = np.abs(a._v - b._v) <= absolute + relative * np.abs(b._v)
    if not np.all(good):
        raise invalid_argument(
            f"{_head(message)}x and y not equal to tolerance rtol = {relative}, atol "
            f"= {absolute}\nx: [{_few(a._v, summarize)}]\ny: [{_few(b._v, summarize)}]"
        )


def _sign(words: str, test: Callable[[Any, Any], Any], x: Any, message: Any) -> None:
    v = convert(x)._v
    if not np.all(test(v, 0)):
        raise invalid_argument(
            f"{_head(message)}Condition x {words} 0 did not hold element-wise: x = {v}"
        )


def assert_positive(
    x: Any, message: Any = None, summarize: int | None = None, name: Any = None
) -> None:
    """InvalidArgumentError unless ``x > 0`` everywhere."""
    _sign(">", operator.gt, x, message)


def assert_negative(
    x: Any, message: Any = None, summarize: int | None = None, name: Any = None
) -> None:
    """InvalidArgumentError unless ``x < 0`` everywhere."""
    _sign("<", operator.lt, x, message)


def assert_non_negative(
    x: Any, message: Any = None, summarize: int | None = None, name: Any = None
) -> None:
    """InvalidArgumentError unless ``x >= 0`` everywhere."""
    _sign(">=", operator.ge, x, message)


def assert_non_positive(
    x: Any, message: Any = None, summarize: int | None = None, name: Any = None
) -> None:
    """InvalidArgumentError unless ``x <= 0`` everywhere."""
    _sign("<=", operator.le, x, message)


def Assert(condition: Any, data: Any, summarize: Any = None, name: Any = None) -> None:  # noqa: N802
    """InvalidArgumentError with ``data`` unless the condition holds.

    >>> import tapeviz as tf
    >>> tf.debugging.Assert(tf.constant(True), ["never said"])
    """
    if not np.all(plain(condition)):
        shown = "\n".join(str(plain(d)) for d in data)
        raise invalid_argument(
            f"Expected '{plain(condition)}' to be true. Summarized data: {shown}"
        )


def check_numerics(tensor: Any, message: str, name: Any = None) -> Tensor:
    """The tensor itself; InvalidArgumentError for nan or inf, also in its gradient.

    >>> import tapeviz as tf
    >>> tf.debugging.check_numerics([1.0, 2.0], "after the sum").numpy()
    array([1., 2.], dtype=float32)
    """
    return call.check_numerics(tensor, message)


def assert_all_finite(x: Any, message: str, name: Any = None) -> Tensor:
    """The tensor itself; InvalidArgumentError if it has nan or inf."""
    return call.check_numerics(x, message)


def assert_rank(x: Any, rank: Any, message: Any = None, name: Any = None) -> None:
    """ValueError unless ``x`` has so many axes."""
    t, want = convert(x), whole(rank)
    if _rank(t) != want:
        raise value_error(
            f"{message or ''} Tensor {t} must have rank {want}.  Received rank "
            f"{_rank(t)}, shape {t.shape}"
        )


_rank = rank


def assert_rank_at_least(
    x: Any, rank: Any, message: Any = None, name: Any = None
) -> None:
    """ValueError if ``x`` has fewer axes."""
    t, want = convert(x), whole(rank)
    if _rank(t) < want:
        raise value_error(
            f"{message or ''} Tensor {t} must have rank at least {want}.  Received "
            f"rank {_rank(t)}, shape {t.shape}"
        )


def assert_scalar(tensor: Any, message: Any = None, name: Any = None) -> Tensor:
    """The tensor itself; ValueError if it has an axis."""
    t: Tensor = convert(tensor)
    if _rank(t):
        raise value_error(
            f"{message or ''}Expected scalar shape, saw shape: {t.shape}."
        )
    return t


def assert_shapes(
    shapes: Any, data: Any = None, summarize: Any = None, message: Any = None,
    name: Any = None,
) -> None:  # fmt: skip
    """ValueError unless tensors have these shapes; equal letters stand for equal sizes.

    >>> assert_shapes([([[1, 2], [3, 4]], ("n", "m")), ([5, 6], ("m",))])
    """
    known: dict[str, int] = {}
    pairs = shapes.items() if isinstance(shapes, dict) else shapes
    for x, want in pairs:
        t = convert(x)
        sizes = list(want) if isinstance(want, (list, tuple, str)) else [want]
        fits = len(sizes) == _rank(t)
        for size, n in zip(sizes, t.shape, strict=False):
            if isinstance(size, str):
                fits = fits and known.setdefault(size, n) == n
            else:
                fits = fits and size in (None, n)
        if not fits:
            raise value_error(
                f"{message or ''}. Specified by tensor dimension. Tensor has shape "
                f"{t.shape}, expected {tuple(sizes)} with {known}"
            )


def assert_type(
    tensor: Any, tf_type: Any, message: Any = None, name: Any = None
) -> None:
    """TypeError unless the tensor has this dtype."""
    t, want = convert(tensor), dtypes.as_dtype(tf_type)
    if t.dtype != want:
        raise type_error(
            f"{message or ''}  tensor must be of type {want!r}; got {t.dtype!r}"
        )


def assert_integer(x: Any, message: Any = None, name: Any = None) -> None:
    """TypeError unless the tensor holds whole numbers."""
    t = convert(x)
    if not t.dtype.is_integer:
        raise type_error(
            f'{message or ""}Expected "x" to be integer type. Found: {t.dtype!r}'
        )


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether it is a tensor of numbers (not of bools or text).

    >>> import tapeviz as tf
    >>> tf.debugging.is_numeric_tensor(tf.constant(1.0))
    True
    >>> tf.debugging.is_numeric_tensor(tf.constant(True))
    False
    """
    known = isinstance(tensor, (Tensor, Variable))
    return known and tensor.dtype.np.kind in "fciu"
