"""``keras.activations``: relu, sigmoid, softmax and their like, by name too."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from tapeviz.engine.scopes import composite
from tapeviz.tf import clip
from tapeviz.tf.arrays import creation, indexing
from tapeviz.tf.keras.naming import by_name
from tapeviz.tf.math import arithmetic, elementwise
from tapeviz.tf.nn import activations

_logits: dict[int, tuple[weakref.ref[Any], Any]] = {}


def _remember(output: Any, logits: Any) -> Any:
    """Keep what went into a sigmoid or softmax for as long as its output lives."""
    key = id(output)
    _logits[key] = (weakref.ref(output, lambda _: _logits.pop(key, None)), logits)
    return output


def logits_of(output: Any) -> Any:
    """What went into the sigmoid or softmax that gave this tensor; else None.

    Keras' cross entropies use it, so that a confident mistake keeps its gradient.
    """
    known = _logits.get(id(output))
    return known[1] if known is not None and known[0]() is output else None


def linear(x: Any) -> Any:
    """``x`` as it is.

    >>> import tapeviz as tf
    >>> tf.keras.activations.linear(tf.constant([-1.0, 2.0])).numpy()
    array([-1.,  2.], dtype=float32)
    """
    return x


@composite("relu")
def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None,
    threshold: float = 0.0,
) -> Any:  # fmt: skip
    """``x`` above ``threshold``, else 0 or a slope; at most ``max_value``.

    >>> import tapeviz as tf
    >>> x = tf.constant([-1.0, 3.0, 8.0])
    >>> tf.keras.activations.relu(x, max_value=6.0).numpy()
    array([0., 3., 6.], dtype=float32)
    """
    if not negative_slope and not threshold:
        limits = max_value is not None
        return clip.clip_by_value(x, 0.0, max_value) if limits else activations.relu(x)
    x = creation.convert_to_tensor(x)
    below = negative_slope * (x - threshold)
    capped = x if max_value is None else arithmetic.minimum(x, max_value)
    return indexing.where(x > threshold, capped, below)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """``x`` where it is positive, else ``negative_slope * x``.

    >>> import tapeviz as tf
    >>> x = tf.constant([-10.0, 2.0])
    >>> tf.keras.activations.leaky_relu(x, negative_slope=0.1).numpy()
    array([-1.,  2.], dtype=float32)
    """
    return activations.leaky_relu(x, alpha=negative_slope)


def relu6(x: Any) -> Any:
    """relu, cut at 6.

    >>> import tapeviz as tf
    >>> tf.keras.activations.relu6(tf.constant([-1.0, 3.0, 8.0])).numpy()
    array([0., 3., 6.], dtype=float32)
    """
    return activations.relu6(x)


@composite("elu")
def elu(x: Any, alpha: float = 1.0) -> Any:
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)``.

    >>> import tapeviz as tf
    >>> tf.keras.activations.elu(tf.constant([-1.0, 2.0]), alpha=2.0).numpy().round(4)
    array([-1.2642,  2.    ], dtype=float32)
    """
    if alpha == 1:
        return activations.elu(x)
    x = creation.convert_to_tensor(x)
    return indexing.where(x > 0.0, activations.elu(x), alpha * activations.elu(x))


def selu(x: Any) -> Any:
    """elu, scaled so that layers keep mean 0 and variance 1."""
    return activations.selu(x)


def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``: relu with a round corner."""
    return elementwise.softplus(x)


def softsign(x: Any) -> Any:
    """``x / (1 + |x|)``."""
    return elementwise.softsign(x)


def silu(x: Any) -> Any:
    """``x * sigmoid(x)``, also called swish."""
    return activations.silu(x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """``x`` times the share of the normal distribution that lies below it."""
    return activations.gelu(x, approximate=approximate)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return elementwise.tanh(x)


@composite("sigmoid")
def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``."""
    x = creation.convert_to_tensor(x)
    return _remember(elementwise.sigmoid(x), x)


def log_sigmoid(x: Any) -> Any:
    """``log(sigmoid(x))``."""
    return elementwise.log_sigmoid(x)


@composite("hard_sigmoid")
def hard_sigmoid(x: Any) -> Any:
    """Three straight lines instead of sigmoid: ``x / 6 + 1/2`` between 0 and 1.

    >>> import tapeviz as tf
    >>> tf.keras.activations.hard_sigmoid(tf.constant([-4.0, 0.0, 1.5])).numpy()
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return activations.relu6(creation.convert_to_tensor(x) + 3.0) / 6.0


def exponential(x: Any) -> Any:
    """``exp(x)``."""
    return elementwise.exp(x)


@composite("softmax")
def softmax(x: Any, axis: int = -1) -> Any:
    """``exp(x)``, divided by its sum along the axis.

    >>> import tapeviz as tf
    >>> tf.keras.activations.softmax(tf.constant([[0.0, 0.0]])).numpy()
    array([[0.5, 0.5]], dtype=float32)
    """
    x = creation.convert_to_tensor(x)
    return _remember(activations.softmax(x, axis=axis), x)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """``log(softmax(x))``, without overflow."""
    return activations.log_softmax(x, axis=axis)


@composite("mish")
def mish(x: Any) -> Any:
    """``x * tanh(softplus(x))``.

    >>> import tapeviz as tf
    >>> tf.keras.activations.mish(tf.constant([0.0, 1.0])).numpy().round(4)
    array([0.    , 0.8651], dtype=float32)
    """
    x = creation.convert_to_tensor(x)
    return x * elementwise.tanh(elementwise.softplus(x))


swish = silu

_KNOWN: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        linear, relu, leaky_relu, relu6, elu, selu, softplus, softsign, silu, gelu,
        tanh, sigmoid, log_sigmoid, hard_sigmoid, exponential, softmax, log_softmax,
        mish,
    )
} | {"swish": silu}  # fmt: skip


def get(identifier: Any) -> Callable[..., Any]:
    """An activation by its name, or itself; None is ``linear``.

    >>> import tapeviz as tf
    >>> tf.keras.activations.get("relu")(tf.constant([-1.0, 2.0])).numpy()
    array([0., 2.], dtype=float32)
    """
    found = linear if identifier is None else identifier
    made: Callable[..., Any] = by_name("activation function", _KNOWN, found)
    return made
