"""The words for functions of each entry."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapeviz.engine.kernels.core import tidy, where, zero

_ROOT_HALF = 0.7071067811865476
_BELL_TOP = 0.3989422804014327


def add_n(xs: Any) -> Any:
    """The sum of operands of one shape."""
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    return total


def floordiv(a: Any, b: Any) -> Any:
    """``a / b`` rounded down, as TensorFlow does it: ``2.0 // 0.4`` is 5, not 4."""
    like = b if type(a) in (int, float) else a
    return a // b if like.dtype.kind in "iu" else np.floor(a / b)


def divide_no_nan(a: Any, b: Any) -> Any:
    """``a / b``, and 0 where ``b`` is 0."""
    hole = b == 0
    return where(hole, 0, a / where(hole, 1, b))


def multiply_no_nan(a: Any, b: Any) -> Any:
    """``a * b``, and 0 where ``b`` is 0, even beside inf and nan."""
    return where(b == 0, 0, a * b)


def reciprocal(x: Any) -> Any:
    """``1 / x``."""
    return 1.0 / x


def nonzero(x: Any) -> Any:
    """1 where ``x`` is not 0, in its dtype."""
    return tidy((x != 0).astype(x.dtype))


def positive(x: Any) -> Any:
    """Where ``x`` is positive; of complex numbers, where it is not 0."""
    return x != 0 if x.dtype.kind == "c" else x > 0


def xlogy(a: Any, b: Any) -> Any:
    """``a * log(b)``, and 0 where ``a`` is 0."""
    return where(a == 0, 0, a * np.log(where(a == 0, _one(b), b)))


def xlog1py(a: Any, b: Any) -> Any:
    """``a * log(1 + b)``, and 0 where ``a`` is 0."""
    return where(a == 0, 0, a * np.log1p(where(a == 0, zero(b), b)))


def xdivy(a: Any, b: Any) -> Any:
    """``a / b``, and 0 where ``a`` is 0."""
    return where(a == 0, 0, a / where(a == 0, _one(b), b))


def _one(x: Any) -> Any:
    return x.dtype.type(1)


def contrast(a: Any, b: Any) -> Any:
    """Images ``a`` with the distance from each channel's mean ``b`` times as great."""
    mean = a.mean((-3, -2), keepdims=True)
    return (a - mean) * b + mean


def sqrt_grad(a: Any, b: Any) -> Any:
    """``0.5 * a / b``, and 0 where ``a`` is 0, even beside a root that is 0."""
    hole = a == 0
    return where(hole, a, 0.5 * a / where(hole, _one(b), b))


def quotient(a: Any, b: Any) -> Any:
    """``a / b``, and 0 where ``a`` is 0, even beside a ``b`` that is 0."""
    hole = a == 0
    return where(hole, a, a / where(hole, _one(b), b))


def product(a: Any, b: Any) -> Any:
    """``a * b``, and 0 where ``a`` is 0, even beside a ``b`` that is infinite."""
    hole = a == 0
    return where(hole, a, a * where(hole, _one(b), b))


def gate(a: Any, b: Any) -> Any:
    """``a`` where ``b`` is positive, 0 elsewhere."""
    on = b > 0  # of one dtype, arrays are multiplied in half the time
    return a * (on.astype(a.dtype) if type(on) is np.ndarray else on)


def leak(x: Any, alpha: float) -> Any:
    """1 where ``x`` is positive, ``alpha`` elsewhere."""
    return where(x > 0, _one(x), x.dtype.type(alpha))


def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``, without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def erf(x: Any) -> Any:
    """The error function."""
    return each(math.erf, x)


def erfc(x: Any) -> Any:
    """One minus the error function, exact also where that is tiny."""
    return each(math.erfc, x)


def each(f: Any, x: Any) -> Any:
    """A function of Python numbers, of each entry."""
    if type(x) is not np.ndarray:
        return x.dtype.type(f(float(x)))
    made = np.fromiter(map(f, x.ravel().tolist()), np.float64, x.size)
    return made.reshape(x.shape).astype(x.dtype)


def cdf(x: Any) -> Any:
    """How much of a normal distribution lies below ``x``."""
    return 0.5 * (1.0 + erf(x * _ROOT_HALF))


def bell(x: Any) -> Any:
    """The density of a normal distribution."""
    return _BELL_TOP * np.exp(-0.5 * x * x)
