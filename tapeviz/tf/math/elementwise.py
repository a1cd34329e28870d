"""Elementwise functions: the result has the shape and dtype of ``x``."""

from __future__ import annotations

import math
from typing import Any

from tapeviz.engine.dispatch import call
from tapeviz.engine.tensor import Tensor, convert
from tapeviz.errors import type_error, unimplemented


def abs(x: Any, name: str | None = None) -> Tensor:
    """The distance from 0; of complex numbers too. Its derivative at 0 is 0.

    Complex entries give their real sizes. The sign is the rule's other factor.

    >>> import tapeviz as tf
    >>> tf.abs([-2.0, 3.0]).numpy()
    array([2., 3.], dtype=float32)
    >>> tf.abs([3 + 4j]).numpy()
    array([5.])
    """
    return call.abs(x)


def sign(x: Any, name: str | None = None) -> Tensor:
    """-1, 0 or 1, with a derivative of 0.

    >>> import tapeviz as tf
    >>> tf.sign([-2.0, 0.0, 3.0]).numpy()
    array([-1.,  0.,  1.], dtype=float32)
    """
    return call.sign(x)


def square(x: Any, name: str | None = None) -> Tensor:
    """``x * x``.

    >>> import tapeviz as tf
    >>> tf.square([-3.0, 2.0]).numpy()
    array([9., 4.], dtype=float32)
    """
    return call.square(x)


def sqrt(x: Any, name: str | None = None) -> Tensor:
    """The square root; its derivative at 0 is inf.

    >>> import tapeviz as tf
    >>> x = tf.Variable([0.0, 4.0])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.sqrt(x)
    >>> tape.gradient(y, x).numpy()
    array([ inf, 0.25], dtype=float32)
    """
    return call.sqrt(x)


def rsqrt(x: Any, name: str | None = None) -> Tensor:
    """One over the square root.

    >>> import tapeviz as tf
    >>> tf.math.rsqrt([4.0, 16.0]).numpy()
    array([0.5 , 0.25], dtype=float32)
    """
    return call.rsqrt(x)


def reciprocal(x: Any, name: str | None = None) -> Tensor:
    """``1 / x``.

    >>> import tapeviz as tf
    >>> tf.math.reciprocal([4.0, 0.5]).numpy()
    array([0.25, 2.  ], dtype=float32)
    """
    return call.reciprocal(x)


def exp(x: Any, name: str | None = None) -> Tensor:
    """E to the power ``x``: the function that is its own derivative.

    >>> import tapeviz as tf
    >>> tf.exp([0.0, -1000.0]).numpy()
    array([1., 0.], dtype=float32)
    """
    return call.exp(x)


def expm1(x: Any, name: str | None = None) -> Tensor:
    """``exp(x) - 1``, exact also for tiny ``x``.

    >>> import tapeviz as tf
    >>> tf.math.expm1([0.0, 1.0]).numpy().round(4)
    array([0.    , 1.7183], dtype=float32)
    """
    return call.expm1(x)


def log(x: Any, name: str | None = None) -> Tensor:
    """The natural logarithm.

    Of 0 it is -inf, of negative numbers nan.

    >>> import tapeviz as tf
    >>> tf.math.log([0.0, 1.0, 10.0]).numpy().round(4)
    array([  -inf, 0.    , 2.3026], dtype=float32)
    """
    return call.log(x)


def log1p(x: Any, name: str | None = None) -> Tensor:
    """``log(1 + x)``, exact also for tiny ``x``.

    >>> import tapeviz as tf
    >>> tf.math.log1p([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.6931], dtype=float32)
    """
    return call.log1p(x)


def sin(x: Any, name: str | None = None) -> Tensor:
    """The sine.

    The derivative is ``cos(x)``.

    >>> import tapeviz as tf
    >>> x = tf.Variable([0.0, 1.0])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.sin(x)
    >>> tape.gradient(y, x).numpy().round(4)
    array([1.    , 0.5403], dtype=float32)
    """
    return call.sin(x)


def cos(x: Any, name: str | None = None) -> Tensor:
    """The cosine.

    The derivative is ``-sin(x)``.

    >>> import tapeviz as tf
    >>> tf.cos([0.0, 1.0]).numpy().round(4)
    array([1.    , 0.5403], dtype=float32)
    """
    return call.cos(x)


def tan(x: Any, name: str | None = None) -> Tensor:
    """The tangent.

    >>> import tapeviz as tf
    >>> tf.tan([0.0, 1.0]).numpy().round(4)
    array([0.    , 1.5574], dtype=float32)
    """
    return call.tan(x)


def asin(x: Any, name: str | None = None) -> Tensor:
    """The angle whose sine is ``x``.

    Its derivative is ``1 / sqrt(1 - x * x)``.

    >>> import tapeviz as tf
    >>> tf.asin([0.0, 1.0]).numpy().round(4)
    array([0.    , 1.5708], dtype=float32)
    """
    return call.asin(x)


def acos(x: Any, name: str | None = None) -> Tensor:
    """The angle whose cosine is ``x``.

    Its derivative is ``-1 / sqrt(1 - x * x)``.

    >>> import tapeviz as tf
    >>> tf.acos([1.0, 0.0]).numpy().round(4)
    array([0.    , 1.5708], dtype=float32)
    """
    return call.acos(x)


def atan(x: Any, name: str | None = None) -> Tensor:
    """The angle whose tangent is ``x``.

    Its derivative is ``1 / (1 + x * x)``.

    >>> import tapeviz as tf
    >>> tf.atan([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.7854], dtype=float32)
    """
    return call.atan(x)


def sinh(x: Any, name: str | None = None) -> Tensor:
    """The hyperbolic sine, ``(exp(x) - exp(-x)) / 2``.

    >>> import tapeviz as tf
    >>> tf.sinh([0.0, 1.0]).numpy().round(4)
    array([0.    , 1.1752], dtype=float32)
    """
    return call.sinh(x)


def cosh(x: Any, name: str | None = None) -> Tensor:
    """The hyperbolic cosine, ``(exp(x) + exp(-x)) / 2``.

    >>> import tapeviz as tf
    >>> tf.cosh([0.0, 1.0]).numpy().round(4)
    array([1.    , 1.5431], dtype=float32)
    """
    return call.cosh(x)


def tanh(x: Any, name: str | None = None) -> Tensor:
    """The hyperbolic tangent, between -1 and 1.

    The derivative is ``1 - y * y``: close to 0 where ``y`` is close to its border.

    >>> import tapeviz as tf
    >>> x = tf.Variable([0.0, 5.0])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.tanh(x)
    >>> y.numpy().round(4)
    array([0.    , 0.9999], dtype=float32)
    >>> tape.gradient(y, x).numpy().round(4)
    array([1.e+00, 2.e-04], dtype=float32)
    """
    return call.tanh(x)


def asinh(x: Any, name: str | None = None) -> Tensor:
    """The inverse of ``sinh``.

    >>> import tapeviz as tf
    >>> tf.asinh([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.8814], dtype=float32)
    """
    return call.asinh(x)


def acosh(x: Any, name: str | None = None) -> Tensor:
    """The inverse of ``cosh``, for ``x`` from 1 on.

    >>> import tapeviz as tf
    >>> tf.acosh([1.0, 2.0]).numpy().round(4)
    array([0.   , 1.317], dtype=float32)
    """
    return call.acosh(x)


def atanh(x: Any, name: str | None = None) -> Tensor:
    """The inverse of ``tanh``, for ``x`` between -1 and 1.

    >>> import tapeviz as tf
    >>> tf.atanh([0.0, 0.5]).numpy().round(4)
    array([0.    , 0.5493], dtype=float32)
    """
    return call.atanh(x)


def erf(x: Any, name: str | None = None) -> Tensor:
    """The error function.

    The derivative is ``2 / sqrt(pi) * exp(-x * x)``.

    >>> import tapeviz as tf
    >>> tf.math.erf([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.8427], dtype=float32)
    """
    return call.erf(x)


def erfc(x: Any, name: str | None = None) -> Tensor:
    """One minus the error function.

    >>> import tapeviz as tf
    >>> tf.math.erfc([0.0, 1.0]).numpy().round(4)
    array([1.    , 0.1573], dtype=float32)
    """
    return call.erfc(x)


def lgamma(x: Any, name: str | None = None) -> Tensor:
    """The logarithm of the gamma function; ``exp(lgamma(n + 1))`` is ``n!``.

    >>> import tapeviz as tf
    >>> tf.exp(tf.math.lgamma([5.0])).numpy().round(3)
    array([24.], dtype=float32)
    """
    return call.lgamma(x)


def digamma(x: Any, name: str | None = None) -> Tensor:
    """The derivative of ``lgamma``.

    >>> import tapeviz as tf
    >>> tf.math.digamma([1.0, 2.0]).numpy().round(4)
    array([-0.5772,  0.4228], dtype=float32)
    """
    return call.digamma(x)


def polygamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """The ``a``-th derivative of ``digamma``; ``a`` is one whole number.

    >>> import tapeviz as tf
    >>> tf.math.polygamma(1.0, [1.0, 2.0]).numpy().round(4)
    array([1.6449, 0.6449], dtype=float32)
    """
    n = float(convert(a)._v)
    if n != int(n) or n < 0:
        raise unimplemented("tapeviz has polygamma of whole orders only: 0, 1, 2, ...")
    return call.polygamma(x, int(n))


def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """``1 / (1 + exp(-x))``, between 0 and 1, without overflow.

    The derivative is ``y * (1 - y)``, never above a quarter.

    >>> import tapeviz as tf
    >>> x = tf.Variable([-2.0, 0.0])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.sigmoid(x)
    >>> y.numpy().round(4)
    array([0.1192, 0.5   ], dtype=float32)
    >>> tape.gradient(y, x).numpy().round(4)
    array([0.105, 0.25 ], dtype=float32)
    """
    return call.sigmoid(x)


def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """The logarithm of the sigmoid, without overflow.

    >>> import tapeviz as tf
    >>> tf.math.log_sigmoid([-100.0, 0.0]).numpy().round(4)
    array([-100.    ,   -0.6931], dtype=float32)
    """
    return call.log_sigmoid(x)


def softplus(features: Any, name: str | None = None) -> Tensor:
    """``log(1 + exp(x))``, without overflow.

    The derivative is the sigmoid.

    >>> import tapeviz as tf
    >>> tf.math.softplus([-100.0, 0.0, 100.0]).numpy().round(4)
    array([  0.    ,   0.6931, 100.    ], dtype=float32)
    """
    return call.softplus(features)


def softsign(features: Any, name: str | None = None) -> Tensor:
    """``x / (1 + abs(x))``, between -1 and 1.

    >>> import tapeviz as tf
    >>> tf.math.softsign([-1.0, 3.0]).numpy()
    array([-0.5 ,  0.75], dtype=float32)
    """
    return call.softsign(features)


def floor(x: Any, name: str | None = None) -> Tensor:
    """Rounded down; no gradient passes.

    >>> import tapeviz as tf
    >>> tf.floor([-1.5, 1.5]).numpy()
    array([-2.,  1.], dtype=float32)
    """
    return call.floor(x)


def ceil(x: Any, name: str | None = None) -> Tensor:
    """Rounded up; no gradient passes.

    >>> import tapeviz as tf
    >>> tf.math.ceil([-1.5, 1.5]).numpy()
    array([-1.,  2.], dtype=float32)
    """
    return call.ceil(x)


def round(x: Any, name: str | None = None) -> Tensor:
    """Rounded, halves to the even number; no gradient passes.

    >>> import tapeviz as tf
    >>> tf.round([0.5, 1.5, 2.5]).numpy()
    array([0., 2., 2.], dtype=float32)
    """
    t = convert(x)
    return call.identity(t) if t.dtype.np.kind in "iu" else call.round(t)


def rint(x: Any, name: str | None = None) -> Tensor:
    """Rounded, halves to the even number; no gradient passes.

    >>> import tapeviz as tf
    >>> tf.math.rint([0.5, 1.5, 2.6]).numpy()
    array([0., 2., 3.], dtype=float32)
    """
    return call.round(x)


def is_nan(x: Any, name: str | None = None) -> Tensor:
    """Where ``x`` is not a number.

    >>> import tapeviz as tf
    >>> tf.math.is_nan([1.0, float("nan")]).numpy()
    array([False,  True])
    """
    return call.is_nan(x)


def is_inf(x: Any, name: str | None = None) -> Tensor:
    """Where ``x`` is infinite.

    >>> import tapeviz as tf
    >>> tf.math.is_inf([1.0, float("-inf")]).numpy()
    array([False,  True])
    """
    return call.is_inf(x)


def is_finite(x: Any, name: str | None = None) -> Tensor:
    """Where ``x`` is neither infinite nor nan.

    >>> import tapeviz as tf
    >>> tf.math.is_finite([1.0, float("inf")]).numpy()
    array([ True, False])
    """
    return call.is_finite(x)


# -- complex numbers ------------------------------------------------------------------


def complex(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """The complex number ``real + imag * 1j``; float32 makes complex64.

    >>> import tapeviz as tf
    >>> tf.complex(3.0, 4.0).numpy()
    np.complex64(3+4j)
    """
    parts = [convert(real), convert(imag)]
    kinds = [t.dtype for t in parts]
    if not all(k.is_floating for k in kinds):
        raise type_error(
            "The `real` and `imag` components have incorrect types: "
            f"{kinds[0].name} {kinds[1].name}. They must be consistent, and one of "
            "[tf.float32, tf.float64]",
            "use floats: 3.0 instead of 3",
        )
    made = call.complex(*parts)
    made._t.has_complex = True
    return made


def real(input: Any, name: str | None = None) -> Tensor:
    """The real part; a real tensor is its own.

    >>> import tapeviz as tf
    >>> tf.math.real([1 + 2j]).numpy()
    array([1.])
    """
    t = convert(input)
    return call.real(t) if t.dtype.is_complex else call.identity(t)


def imag(input: Any, name: str | None = None) -> Tensor:
    """The imaginary part; 0 for real tensors.

    >>> import tapeviz as tf
    >>> tf.math.imag([1 + 2j]).numpy()
    array([2.])
    """
    t = convert(input)
    return call.imag(t) if t.dtype.is_complex else call.zero(call.stop_gradient(t))


def conj(x: Any, name: str | None = None) -> Tensor:
    """The complex conjugate; a real tensor is its own.

    >>> import tapeviz as tf
    >>> tf.math.conj([1 + 2j]).numpy()
    array([1.-2.j])
    """
    t = convert(x)
    return call.conj(t) if t.dtype.is_complex else call.identity(t)


def angle(input: Any, name: str | None = None) -> Tensor:
    """The angle of complex numbers to the positive real axis, from -pi to pi.

    >>> import tapeviz as tf
    >>> tf.math.angle([1 + 1j, -1 + 0j]).numpy().round(4)
    array([0.7854, 3.1416])
    """
    t = convert(input)
    if t.dtype.is_complex:
        return call.angle(t)
    real = call.stop_gradient(t)
    return call.where(call.less(real, 0), call.add(call.zero(real), math.pi), 0)
