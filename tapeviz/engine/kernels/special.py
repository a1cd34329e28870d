"""The words for the gamma function's logarithm and its derivatives."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from tapeviz.engine.kernels.elementwise import each

_FAR = 12.0
"""From here on few terms of the series are enough."""

_TINY = 1e-60
"""Powers of less than this are beyond all numbers."""

_HUGE = 1e17
"""From here on the first term of the series is all that a float64 can hold."""

_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510,
)  # fmt: skip
"""The numbers B2, B4, ... that the series are made of."""


def lgamma(x: Any) -> Any:
    """The logarithm of the gamma function's absolute value."""
    return each(_lgamma, x)


def digamma(x: Any) -> Any:
    """The derivative of ``lgamma``."""
    return each(_digamma, x)


def polygamma(x: Any, n: int) -> Any:
    """The ``n``-th derivative of ``digamma``."""
    return each(partial(_polygamma, n), x) if n else digamma(x)


def _lgamma(x: float) -> float:
    try:
        return math.inf if _pole(x) else math.lgamma(x)
    except OverflowError:
        return math.inf


def _pole(x: float) -> bool:
    return x <= 0 and (math.isinf(x) or x == math.floor(x))


def _digamma(x: float) -> float:
    if _pole(x):
        return math.nan
    if x > _HUGE:  # the series' terms are smaller than the last digit of the logarithm
        return math.log(x)
    if x < -_FAR:
        return _digamma(1 - x) - math.pi / math.tan(math.pi * x)
    total = 0.0
    while x < _FAR:
        total -= 1 / x
        x += 1
    terms = (b / (2 * j * x ** (2 * j)) for j, b in enumerate(_BERNOULLI, 1))
    return total + math.log(x) - 0.5 / x - math.fsum(terms)


def _polygamma(n: int, x: float) -> float:
    """By the sum of ``1 / (x + k) ** (n + 1)``, its end by a series."""
    s, total = n + 1, 0.0
    if _pole(x):
        return math.inf if n % 2 else math.nan
    if x > _HUGE:
        power = 0.0 if math.isinf(x) else math.exp(-n * math.log(x))
        return float((-1) ** s * math.factorial(n - 1)) * power
    if abs(x) < _TINY:
        return math.copysign(math.inf, (-x) ** s)
    while x < _FAR:
        total += x**-s
        x += 1
    total += x ** (1 - s) / n + 0.5 * x**-s
    rising = s * x ** (-s - 1) / 2
    for j, b in enumerate(_BERNOULLI, 1):
        total += b * rising
        rising *= (s + 2 * j - 1) * (s + 2 * j)
        rising /= x * x * (2 * j + 1) * (2 * j + 2)
    return float((-1) ** s * math.factorial(n)) * total
