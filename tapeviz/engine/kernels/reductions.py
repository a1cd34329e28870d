"""The words for reductions and running sums.

``axis`` is None or a tuple of negative numbers, so that the same call works on a batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine.kernels.core import Axis, expand_reduced, mean, tidy

_MAX: Any = np.maximum
_MIN: Any = np.minimum
_ADD: Any = np.add
_TIMES: Any = np.multiply
_OR: Any = np.logical_or
_AND: Any = np.logical_and


def _lowest(x: Any, sign: int) -> Any:
    """What the greatest (or smallest) of no entries is."""
    if x.dtype.kind in "fc":
        return x.dtype.type(-sign * np.inf)
    info = np.iinfo(x.dtype)
    return info.min if sign > 0 else info.max


def max(x: Any, axis: Axis, keep: bool) -> Any:
    """The greatest entry over the axes."""
    return _MAX.reduce(x, axis=axis, keepdims=keep, initial=_lowest(x, 1))


def min(x: Any, axis: Axis, keep: bool) -> Any:
    """The smallest entry over the axes."""
    return _MIN.reduce(x, axis=axis, keepdims=keep, initial=_lowest(x, -1))


def prod(x: Any, axis: Axis, keep: bool) -> Any:
    """The product over the axes."""
    return _TIMES.reduce(x, axis=axis, keepdims=keep, dtype=x.dtype)


def any(x: Any, axis: Axis, keep: bool) -> Any:
    """Whether one entry is true."""
    return _OR.reduce(x, axis=axis, keepdims=keep)


def all(x: Any, axis: Axis, keep: bool) -> Any:
    """Whether every entry is true."""
    return _AND.reduce(x, axis=axis, keepdims=keep)


def argmax(x: Any, axis: int) -> Any:
    """Where the greatest entry stands; the first of equals, nan never."""
    return np.argmax(_ranked(x, 1), axis)


def argmin(x: Any, axis: int) -> Any:
    """Where the smallest entry stands; the first of equals, nan never."""
    return np.argmin(_ranked(x, -1), axis)


def _ranked(x: Any, sign: int) -> Any:
    """``x`` with its nans behind all others."""
    return np.where(np.isnan(x), _lowest(x, sign), x) if x.dtype.kind == "f" else x


def shares(a: Any, b: Any, axis: Axis, keep: bool) -> Any:
    """1 where ``a`` is the ``b`` it was reduced to, divided equally among ties."""
    won = np.asarray(a == expand_reduced(b, np.shape(a), axis, keep)).astype(a.dtype)
    return tidy(won / _ADD.reduce(won, axis=axis, keepdims=True))


def _peak(x: Any, axis: Axis) -> Any:
    """The greatest entry, or 0 where that is not finite, with its axes kept."""
    top = max(x, axis, keep=True)
    return np.where(np.isfinite(top), top, x.dtype.type(0))


def logsumexp(x: Any, axis: Axis, keep: bool) -> Any:
    """``log(sum(exp(x)))``, without overflow."""
    top = _peak(x, axis)
    total = np.log(_ADD.reduce(np.exp(x - top), axis=axis, keepdims=keep))
    return tidy(total + np.reshape(top, np.shape(total)))


def softmax(x: Any, axis: Axis) -> Any:
    """``exp(x) / sum(exp(x))``, without overflow."""
    e = np.exp(x - max(x, axis, keep=True))
    return tidy(e / _ADD.reduce(e, axis=axis, keepdims=True))


def log_softmax(x: Any, axis: Axis) -> Any:
    """``log(softmax(x))``, without overflow."""
    moved = x - max(x, axis, keep=True)
    total = _ADD.reduce(np.exp(moved), axis=axis, keepdims=True)
    return tidy(moved - np.log(total))


def _squares(x: Any) -> Any:
    return (x * x.conj()).real if x.dtype.kind == "c" else x * x


def variance(x: Any, axis: Axis, keep: bool) -> Any:
    """The mean square distance from the mean."""
    return mean(_squares(x - mean(x, axis, True)), axis, keep)


def norm(x: Any, axis: Axis, keep: bool) -> Any:
    """The square root of the sum of squares."""
    return np.sqrt(_ADD.reduce(_squares(x), axis=axis, keepdims=keep))


def _running(ufunc: Any, x: Any, axis: Any, exclusive: bool, back: bool) -> Any:
    at = axis[0] if isinstance(axis, tuple) else axis
    x = np.flip(x, at) if back else x
    y = ufunc.accumulate(x, at, dtype=x.dtype)
    if exclusive:
        y = np.moveaxis(np.roll(y, 1, at), at, 0)
        y[:1] = ufunc.identity
        y = np.moveaxis(y, 0, at)
    return np.flip(y, at) if back else y


def cumsum(x: Any, axis: Any, exclusive: bool, back: bool) -> Any:
    """The running sum; exclusive: without the entry itself, back: from the end."""
    return _running(np.add, x, axis, exclusive, back)


def cumprod(x: Any, axis: Any, exclusive: bool, back: bool) -> Any:
    """The running product, in the same two variants."""
    return _running(np.multiply, x, axis, exclusive, back)
