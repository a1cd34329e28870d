"""Activations: functions of each entry, and the softmax along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine import dtypes
from tapeviz.engine.arguments import floating, like, one_axis, plain
from tapeviz.engine.dispatch import call
from tapeviz.engine.scopes import composite
from tapeviz.engine.tensor import Tensor, Variable, convert
from tapeviz.errors import value_error


def relu(features: Any, name: str | None = None) -> Tensor:
    """``x`` where it is positive, 0 elsewhere; the derivative at 0 is 0.

    >>> import tapeviz as tf
    >>> tf.nn.relu([-1.0, 0.0, 2.0]).numpy()
    array([0., 0., 2.], dtype=float32)
    """
    return call.relu(features)


def relu6(features: Any, name: str | None = None) -> Tensor:
    """``x`` between 0 and 6, the border outside.

    >>> import tapeviz as tf
    >>> tf.nn.relu6([-1.0, 3.0, 8.0]).numpy()
    array([0., 3., 6.], dtype=float32)
    """
    return call.relu6(features)


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """``x`` where it is positive, ``alpha * x`` elsewhere; ``alpha`` as a float32.

    >>> import tapeviz as tf
    >>> tf.nn.leaky_relu([-10.0, 2.0]).numpy()
    array([-2.,  2.], dtype=float32)
    """
    t = convert(features)
    if t.dtype.is_integer:
        t = call.cast_whole(t, np.dtype(np.float32))
    return call.leaky_relu(t, float(convert(plain(alpha), dtypes.float32)._v))


def elu(features: Any, name: str | None = None) -> Tensor:
    """``x`` where it is positive, ``exp(x) - 1`` elsewhere.

    >>> import tapeviz as tf
    >>> tf.nn.elu([-1.0, 2.0]).numpy().round(4)
    array([-0.6321,  2.    ], dtype=float32)
    """
    return call.elu(features)


def selu(features: Any, name: str | None = None) -> Tensor:
    """An elu with slopes that keep mean 0 and variance 1 from layer to layer.

    >>> import tapeviz as tf
    >>> tf.nn.selu([-1.0, 2.0]).numpy().round(4)
    array([-1.1113,  2.1014], dtype=float32)
    """
    return call.selu(features)


def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Tensor:
    """``x`` times the part of a normal distribution below ``x``.

    >>> import tapeviz as tf
    >>> tf.nn.gelu([-1.0, 0.0, 2.0]).numpy().round(4)
    array([-0.1587,  0.    ,  1.9545], dtype=float32)
    """
    t = convert(features)
    if not t.dtype.is_floating:
        raise value_error(
            "`features.dtype` must be a floating point tensor."
            f"Received:features.dtype={t.dtype}",
            "tf.cast(x, tf.float32) first",
        )
    return _gelu_by_tanh(t) if approximate else call.gelu(t)


@composite("gelu")
def _gelu_by_tanh(features: Any) -> Tensor:
    """0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""
    t = floating(features)
    cube = call.power(t, like(3.0, t))
    inner = call.add(t, call.multiply(like(0.044715, t), cube))
    bend = call.tanh(call.multiply(like(0.7978845608028654, t), inner))
    return call.multiply(call.multiply(like(0.5, t), t), call.add(like(1.0, t), bend))


def silu(features: Any, beta: Any = 1.0) -> Tensor:
    """``x * sigmoid(beta * x)``, also called swish.

    >>> import tapeviz as tf
    >>> tf.nn.silu([-1.0, 0.0, 2.0]).numpy().round(4)
    array([-0.2689,  0.    ,  1.7616], dtype=float32)
    """
    if isinstance(beta, (Tensor, Variable)) or beta != 1.0:
        return _silu(features, beta)
    return call.silu(features)


@composite("silu")
def _silu(features: Any, beta: Any) -> Tensor:
    t = floating(features)
    return call.multiply(t, call.sigmoid(call.multiply(like(beta, t), t)))


swish = silu


@composite("crelu")
def crelu(features: Any, axis: int = -1, name: str | None = None) -> Tensor:
    """The positive part and the negative part, side by side.

    >>> import tapeviz as tf
    >>> tf.nn.crelu([-1.0, 2.0]).numpy()
    array([0., 2., 1., 0.], dtype=float32)
    """
    t = floating(features)
    both = call.concat([t, call.negative(t)], one_axis(t, axis, "ConcatV2"))
    return call.relu(both)


def softmax(logits: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """``exp(x) / sum(exp(x))`` along an axis (the last by default), without overflow.

    >>> import tapeviz as tf
    >>> tf.nn.softmax([1000.0, 1000.0]).numpy()
    array([0.5, 0.5], dtype=float32)
    """
    t = floating(logits)
    return call.softmax(t, (one_axis(t, -1 if axis is None else axis, "Softmax"),))


def log_softmax(logits: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """The logarithm of the softmax, without overflow.

    >>> import tapeviz as tf
    >>> tf.nn.log_softmax([0.0, 1000.0]).numpy()
    array([-1000.,     0.], dtype=float32)
    """
    t = floating(logits)
    return call.log_softmax(
        t, (one_axis(t, -1 if axis is None else axis, "LogSoftmax"),)
    )
