"""The words for complex numbers, and the check for nan and inf."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine.kernels.core import tidy
from tapeviz.errors import invalid_argument

conj = np.conjugate


def complex(a: Any, b: Any) -> Any:
    """The complex numbers with these real and imaginary parts."""
    z = np.empty(np.broadcast(a, b).shape, np.result_type(a.dtype, np.complex64))
    z.real, z.imag = a, b
    return tidy(z)


def real(x: Any) -> Any:
    """The real part."""
    return x.real


def imag(x: Any) -> Any:
    """The imaginary part."""
    return x.imag


def angle(x: Any) -> Any:
    """The angle to the positive real axis, from -pi to pi."""
    return np.arctan2(x.imag, x.real)


def finite(x: Any, message: str) -> Any:
    """``x``; an error if it holds nan or inf."""
    bad = [n for n, f in (("NaN", np.isnan), ("Inf", np.isinf)) if np.any(f(x))]
    if bad:
        raise invalid_argument(
            f"{message} : Tensor had {' and '.join(bad)} values [Op:CheckNumerics]",
            "look before it for a division by 0, a log of 0, an exp that overflows",
        )
    return x


def gradient_message(message: str) -> str:
    """The error message for the upstream gradient of what was checked."""
    return (
        f"Not a number (NaN) or infinity (Inf) values detected in gradient. {message}"
    )
