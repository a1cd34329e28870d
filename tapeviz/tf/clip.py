"""Clipping by value, by norm and by global norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine.arguments import axes as reduced
from tapeviz.engine.arguments import common_shape, floating, like
from tapeviz.engine.dispatch import call
from tapeviz.engine.indexed_slices import IndexedSlices, dense
from tapeviz.engine.scopes import composite
from tapeviz.engine.tensor import Tensor, convert, wrap
from tapeviz.errors import type_error, value_error
from tapeviz.tf.linalg import global_norm


def clip_by_value(
    t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None
) -> Tensor:
    """``t``, but not below the one and not above the other border.

    The gradient passes inside and on either border, and is 0 outside.

    >>> import tapeviz as tf
    >>> x = tf.Variable([-2.0, 0.5, 1.0])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.clip_by_value(x, -1.0, 1.0)
    >>> y.numpy()
    array([-1. ,  0.5,  1. ], dtype=float32)
    >>> tape.gradient(y, x).numpy()
    array([0., 1., 1.], dtype=float32)
    """
    given = convert(t.values if isinstance(t, IndexedSlices) else t)
    high, low = like(clip_value_max, given), like(clip_value_min, given)
    for border in (high, low):
        if common_shape(border.shape, given.shape) != given.shape:
            raise value_error(
                f"Shapes {given.shape} and {border.shape} are incompatible",
                "a border is a number, or has the shape of what it bounds",
            )
    return call.clip(given, high, low)


@composite("clip_by_norm")
def clip_by_norm(
    t: Any, clip_norm: Any, axes: Any = None, name: str | None = None
) -> Tensor:
    """``t`` made shorter, if its norm is above ``clip_norm``.

    >>> import tapeviz as tf
    >>> tf.clip_by_norm([3.0, 4.0], 1.0).numpy()
    array([0.6, 0.8], dtype=float32)
    """
    x = floating(dense(t))
    total = call.sum(call.multiply(x, x), reduced(x, axes), True)
    there = call.greater(total, like(0.0, total))
    safe = call.where(there, total, wrap(np.ones_like(total._v)[()]))
    length = call.where(there, call.sqrt(safe), total)
    top = like(clip_norm, x)
    return call.divide(call.multiply(x, top), call.maximum(length, top))


@composite("clip_by_global_norm")
def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Tensor]:
    """All tensors of a list made shorter together, if their global norm is too great.

    Returns the list (None stays None) and the norm before.

    >>> import tapeviz as tf
    >>> parts = [tf.constant([3.0]), tf.constant([4.0])]
    >>> short, norm = tf.clip_by_global_norm(parts, 1.0)
    >>> [t.numpy() for t in short], float(norm)
    ([array([0.6], dtype=float32), array([0.8], dtype=float32)], 5.0)
    """
    if not isinstance(t_list, (list, tuple)):
        raise type_error(
            f"`t_list` should be a sequence of tensors. Received {type(t_list)}.",
            "put one tensor in a list: [t]",
        )
    length = global_norm(t_list) if use_norm is None else convert(use_norm)
    one = like(1.0, length)
    top = like(clip_norm, length)
    scale = call.multiply(
        top, call.minimum(call.divide(one, length), call.divide(one, top))
    )
    scale = call.add(scale, call.subtract(length, length))
    return [_scaled(t, scale) for t in t_list], length


def _scaled(t: Any, scale: Any) -> Any:
    if t is None:
        return None
    if isinstance(t, IndexedSlices):
        return IndexedSlices(call.multiply(t.values, scale), t.indices, t.dense_shape)
    return call.multiply(t, scale)
