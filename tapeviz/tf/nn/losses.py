"""Cross entropies from logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine.arguments import (
    common_shape,
    floating,
    like,
    numbers,
    one_axis,
    rank,
)
from tapeviz.engine.dispatch import call
from tapeviz.engine.dtypes import dtype_mismatch
from tapeviz.engine.ops import NAMED
from tapeviz.engine.scopes import composite, grouped
from tapeviz.engine.tensor import Tensor, convert
from tapeviz.errors import invalid_argument, value_error
from tapeviz.tf.arrays.creation import cast


def softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, axis: int = -1, name: str | None = None
) -> Tensor:
    """How badly the softmax of ``logits`` fits ``labels``, one number per row.

    ``labels`` has the shape of ``logits``; each row is a distribution, so it sums to 1.
    The gradient is softmax minus labels.

    >>> import tapeviz as tf
    >>> tf.nn.softmax_cross_entropy_with_logits([[0.0, 1.0]], [[0.0, 0.0]]).numpy()
    array([0.6931472], dtype=float32)
    """
    t = floating(logits)
    at = one_axis(t, axis, "SoftmaxCrossEntropyWithLogits")
    with grouped("softmax_cross_entropy"):
        marks = cast(labels, t.dtype)
    if at != -1:
        return _along(marks, t, at)
    if common_shape(marks.shape, t.shape) is None:
        raise invalid_argument(
            "logits and labels must be broadcastable: logits_size="
            f"{t.shape.as_list()} labels_size={marks.shape.as_list()} "
            "[Op:SoftmaxCrossEntropyWithLogits]",
            "labels need one number per class; for class numbers there is "
            "sparse_softmax_cross_entropy_with_logits",
        )
    return call.softmax_cross_entropy(marks, t)


@composite("softmax_cross_entropy")
def _along(labels: Any, logits: Any, at: int) -> Tensor:
    n = rank(logits)
    order = (*(i for i in range(n) if i != n + at), n + at)
    turned = [call.transpose(t, order) for t in (labels, logits)]
    return call.softmax_cross_entropy(*turned)


def sparse_softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, name: str | None = None
) -> Tensor:
    """The same for labels that are class numbers, one per row of ``logits``.

    >>> import tapeviz as tf
    >>> tf.nn.sparse_softmax_cross_entropy_with_logits([1], [[0.0, 0.0]]).numpy()
    array([0.6931472], dtype=float32)
    """
    t, ids = floating(logits), numbers(labels, none=False)
    if not rank(t):
        raise value_error(
            f"`logits` cannot be a scalar. Received logits={logits}`",
            "give one row of logits for each sample",
        )
    if np.shape(ids) != tuple(t.shape[:-1]):
        raise value_error(
            "`labels.shape` must equal `logits.shape` except for the last dimension. "
            f"Received: labels.shape={np.shape(ids)} and logits.shape={t.shape}",
            "one class number per row of logits",
        )
    given = np.asarray(ids)
    bad = given[(given < 0) | (given >= t.shape[-1])]
    if len(bad):
        raise invalid_argument(
            f"Received a label value of {bad[0]} which is outside the valid range of "
            f"[0, {t.shape[-1]}).  Label values: {' '.join(map(str, np.ravel(ids)))} "
            "[Op:SparseSoftmaxCrossEntropyWithLogits]",
            "class numbers run from 0 to one less than the number of classes",
        )
    return call.sparse_softmax_cross_entropy(convert(labels), t)


def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """How badly the sigmoid of each logit fits its label (0, 1 or between).

    Both have one shape. The gradient is sigmoid minus label.

    >>> import tapeviz as tf
    >>> tf.nn.sigmoid_cross_entropy_with_logits([1.0, 0.0], [2.0, 2.0]).numpy().round(4)
    array([0.1269, 2.1269], dtype=float32)
    """
    t = floating(logits)
    marks = _labels(labels, t)
    return call.sigmoid_cross_entropy(marks, t)


def _labels(labels: Any, logits: Any) -> Any:
    """The labels, which must have the shape and the dtype of the logits."""
    t = convert(labels)
    if t.shape != logits.shape:
        raise value_error(
            "`logits` and `labels` must have the same shape, received "
            f"({logits.shape} vs {t.shape})."
        )
    if t.dtype != logits.dtype:
        do = f"labels keep their own dtype: tf.cast(labels, tf.{logits.dtype.name})"
        raise dtype_mismatch(NAMED["multiply"], logits.dtype, t.dtype, do=do)
    return t


@composite("weighted_cross_entropy")
def weighted_cross_entropy_with_logits(
    labels: Any, logits: Any, pos_weight: Any, name: str | None = None
) -> Tensor:
    """The sigmoid cross entropy, with label 1 counting ``pos_weight`` times.

    >>> import tapeviz as tf
    >>> labels, logits = tf.constant([1.0, 0.0]), tf.constant([0.0, 0.0])
    >>> loss = tf.nn.weighted_cross_entropy_with_logits(labels, logits, pos_weight=3.0)
    >>> loss.numpy().round(4)
    array([2.0794, 0.6931], dtype=float32)
    """
    t = floating(logits)
    marks = _labels(labels, t)
    one = like(1.0, t)
    more = call.subtract(like(pos_weight, t), one)
    weight = call.add(one, call.multiply(more, marks))
    tail = call.log1p(call.exp(call.negative(call.abs(t))))
    inside = call.multiply(weight, call.add(tail, call.relu(call.negative(t))))
    return call.add(call.multiply(call.subtract(one, marks), t), inside)
