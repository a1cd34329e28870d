"""Reductions: sums, means, products, extrema and norms over axes; running sums.

``axis`` is None, a number or a list of numbers (negative ones count from the end);
``keepdims`` leaves the reduced axes in place with size 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine import dtypes
from tapeviz.engine.arguments import (
    axes,
    floating,
    numbers,
    one_axis,
    rank,
    truths,
    whole,
)
from tapeviz.engine.dispatch import call
from tapeviz.engine.scopes import composite
from tapeviz.engine.tensor import Tensor, convert, wrap
from tapeviz.errors import invalid_argument, type_error
from tapeviz.tf.arrays import creation


def reduce_sum(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The sum.

    >>> import tapeviz as tf
    >>> tf.reduce_sum([[1.0, 2.0], [3.0, 4.0]], axis=0).numpy()
    array([4., 6.], dtype=float32)
    """
    t = convert(input_tensor)
    return call.sum(t, axes(t, axis), bool(keepdims))


def reduce_mean(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The mean; of whole numbers, a whole number.

    Each entry gets the gradient, divided by how many there are.

    >>> import tapeviz as tf
    >>> x = tf.Variable([1.0, 2.0, 6.0])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.reduce_mean(x)
    >>> float(y)
    3.0
    >>> tape.gradient(y, x).numpy()
    array([0.33333334, 0.33333334, 0.33333334], dtype=float32)
    """
    t = convert(input_tensor)
    return call.mean(t, axes(t, axis), bool(keepdims))


def reduce_max(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The greatest entry; entries that tie share the gradient equally.

    >>> import tapeviz as tf
    >>> x = tf.Variable([2.0, 5.0, 5.0])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.reduce_max(x)
    >>> tape.gradient(y, x).numpy()
    array([0. , 0.5, 0.5], dtype=float32)
    """
    t = convert(input_tensor)
    return call.max(t, axes(t, axis), bool(keepdims))


def reduce_min(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The smallest entry; entries that tie share the gradient equally.

    >>> import tapeviz as tf
    >>> tf.reduce_min([[3.0, 1.0], [2.0, 4.0]], axis=1).numpy()
    array([1., 2.], dtype=float32)
    """
    t = convert(input_tensor)
    return call.min(t, axes(t, axis), bool(keepdims))


@composite("reduce_prod")
def reduce_prod(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The product; its gradient is right also where entries are 0.

    >>> import tapeviz as tf
    >>> x = tf.Variable([2.0, 0.0, 4.0])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.reduce_prod(x)
    >>> tape.gradient(y, x).numpy()
    array([0., 8., 0.], dtype=float32)
    """
    t = convert(input_tensor)
    n = rank(t)
    given = axes(t, axis)
    gone = sorted(a % n for a in (range(n) if given is None else given)) if n else []
    if not gone:
        return call.prod(call.reshape(t, (*t.shape, 1)), (-1,), False)
    if len(gone) == 1:
        return call.prod(t, (gone[0] - n,), bool(keepdims))
    stay = [i for i in range(n) if i not in gone]
    if gone[-1] != n - 1 or stay != list(range(len(stay))):
        t = call.transpose(t, (*stay, *gone))
    shape = [t.shape[i] for i in range(len(stay))]
    flattened = call.reshape(t, (*shape, int(np.prod(t.shape[len(stay) :]))))
    out = call.prod(flattened, (-1,), False)
    full = np.insert(shape, [i - k for k, i in enumerate(gone)], 1)
    return call.reshape(out, tuple(int(s) for s in full)) if keepdims else out


def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """``log(sum(exp(x)))``, without overflow; its gradient is the softmax.

    >>> import tapeviz as tf
    >>> print(f"{tf.reduce_logsumexp([1000.0, 1000.0]):.2f}")
    1000.69
    """
    t = convert(input_tensor)
    return call.logsumexp(t, axes(t, axis), bool(keepdims))


def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The mean square distance from the mean.

    >>> import tapeviz as tf
    >>> float(tf.math.reduce_variance([1.0, 2.0, 6.0]))
    4.666666507720947
    """
    t = _no_integers(convert(input_tensor))
    return call.variance(t, axes(t, axis), bool(keepdims))


def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The square root of the variance; its gradient is nan where all are equal.

    >>> import tapeviz as tf
    >>> tf.math.reduce_std([[1.0, 3.0], [2.0, 8.0]], axis=1).numpy()
    array([1., 3.], dtype=float32)
    """
    t = _no_integers(convert(input_tensor))
    return call.std(t, axes(t, axis), bool(keepdims))


def _no_integers(t: Any) -> Any:
    if t.dtype.np.kind not in "fc":
        raise type_error(
            f"Input must be either real or complex. Received integer type {t.dtype}.",
            "tf.cast(x, tf.float32) first",
        )
    return t


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The square root of the sum of squares; its gradient at 0 is nan.

    >>> import tapeviz as tf
    >>> float(tf.math.reduce_euclidean_norm([3.0, 4.0]))
    5.0
    """
    t = convert(input_tensor)
    if t.dtype.is_integer:
        real = call.cast_whole(t, np.dtype(np.float64))
        return call.cast_whole(
            call.norm(real, axes(t, axis), bool(keepdims)), t.dtype.np
        )
    made: Tensor = call.norm(t, axes(t, axis), bool(keepdims))
    return call.cast(made, t.dtype.np, made.dtype.np) if t.dtype.is_complex else made


def reduce_any(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Whether one of the bools is true.

    >>> import tapeviz as tf
    >>> tf.reduce_any([[True, False], [False, False]], axis=1).numpy()
    array([ True, False])
    """
    t = truths(input_tensor, "Any")
    return call.any(t, axes(t, axis), bool(keepdims))


def reduce_all(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Whether all of the bools are true.

    >>> import tapeviz as tf
    >>> tf.reduce_all([[True, False], [True, True]], axis=1).numpy()
    array([False,  True])
    """
    t = truths(input_tensor, "All")
    return call.all(t, axes(t, axis), bool(keepdims))


@composite("count_nonzero")
def count_nonzero(
    input: Any, axis: Any = None, keepdims: bool | None = None, dtype: Any = "int64",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """How many entries are not 0.

    >>> import tapeviz as tf
    >>> tf.math.count_nonzero([[0.0, 1.0], [2.0, 3.0]], axis=0).numpy()
    array([1, 2])
    """
    t = convert(input)
    full = np.count_nonzero(t._v, axis=axes(t, axis), keepdims=bool(keepdims))
    return wrap(np.asarray(full).astype(dtypes.as_dtype(dtype).np)[()])


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """Which part of the entries is 0, as float32.

    >>> import tapeviz as tf
    >>> float(tf.math.zero_fraction([0.0, 1.0, 0.0, 2.0]))
    0.5
    """
    v = convert(value)._v
    return wrap(np.float32(1 - np.count_nonzero(v) / np.size(v)))


def argmax(
    input: Any, axis: Any = None, output_type: Any = "int64", name: str | None = None
) -> Tensor:
    """Where along an axis (the first by default) the greatest entry stands.

    >>> import tapeviz as tf
    >>> tf.argmax([[1.0, 5.0], [7.0, 2.0]], axis=1).numpy()
    array([1, 0])
    """
    return _index_of("argmax", "ArgMax", convert(input), axis, output_type)


def argmin(
    input: Any, axis: Any = None, output_type: Any = "int64", name: str | None = None
) -> Tensor:
    """Where along an axis (the first by default) the smallest entry stands.

    >>> import tapeviz as tf
    >>> tf.argmin([3.0, 1.0, 2.0]).numpy()
    np.int64(1)
    """
    return _index_of("argmin", "ArgMin", convert(input), axis, output_type)


def _index_of(op: str, kernel: str, t: Any, axis: Any, dtype: Any) -> Tensor:
    """What ``op`` finds along an axis, the first by default, that has entries."""
    at = one_axis(t, 0 if axis is None else axis, kernel)
    if not t.shape[at]:
        raise invalid_argument(
            f"Reduction axis {at + rank(t)} is empty in shape {t.shape.as_list()} "
            f"[Op:{kernel}]",
            "among no entries there is none that is greatest or smallest",
        )
    found: Tensor = getattr(call, op)(t, at)
    found._v = found._v.astype(dtypes.as_dtype(dtype).np, copy=False)
    return found


def cumsum(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The running sum along an axis; ``exclusive`` leaves out the entry itself.

    >>> import tapeviz as tf
    >>> tf.cumsum([1.0, 2.0, 3.0]).numpy()
    array([1., 3., 6.], dtype=float32)
    """
    t = convert(x)
    return call.cumsum(t, one_axis(t, axis, "Cumsum"), bool(exclusive), bool(reverse))


def cumprod(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The running product along an axis; where an entry is 0 its gradient is 0.

    >>> import tapeviz as tf
    >>> tf.math.cumprod([2.0, 3.0, 4.0]).numpy()
    array([ 2.,  6., 24.], dtype=float32)
    """
    t = convert(x)
    return call.cumprod(t, one_axis(t, axis, "Cumprod"), bool(exclusive), bool(reverse))


@composite("l2_normalize")
def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None,
    dim: Any = None,
) -> Tensor:  # fmt: skip
    """``x`` divided by its norm (or by the root of ``epsilon``, if that is greater).

    >>> import tapeviz as tf
    >>> tf.math.l2_normalize([3.0, 4.0]).numpy()
    array([0.6, 0.8], dtype=float32)
    """
    t = floating(x)
    size = call.abs(t) if t.dtype.is_complex else t
    total = call.sum(call.square(size), axes(t, dim if axis is None else axis), True)
    scale = call.rsqrt(call.maximum(total, epsilon))
    if t.dtype.is_complex:
        scale = creation.cast(scale, t.dtype)
    return call.multiply(t, scale)


# -- groups ---------------------------------------------------------------------------


def unsorted_segment_sum(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """Rows with the same number added: row ``i`` goes to sum ``segment_ids[i]``.

    Rows with a negative number are left out.

    >>> import tapeviz as tf
    >>> tf.math.unsorted_segment_sum([1.0, 2.0, 4.0], [0, 1, 0], 2).numpy()
    array([5., 2.], dtype=float32)
    """
    t, ids, n = convert(data), numbers(segment_ids, none=False), whole(num_segments)
    if tuple(t.shape[: np.ndim(ids)]) != np.shape(ids):
        raise invalid_argument(
            f"data.shape = {t.shape.as_list()} does not start with "
            f"segment_ids.shape = {list(np.shape(ids))} [Op:UnsortedSegmentSum]",
            "each row needs one number of a sum",
        )
    for at in np.argwhere(ids >= n):
        raise invalid_argument(
            f"segment_ids[{', '.join(map(str, at))}] = {ids[tuple(at)]} is out of "
            f"range [0, {n}) [Op:UnsortedSegmentSum]",
            "num_segments is one more than the greatest number",
        )
    flattened = (
        t if np.ndim(ids) == 1 else call.reshape(t, (-1, *t.shape[np.ndim(ids) :]))
    )
    shape, ids = (n, *flattened.shape[1:]), np.ravel(ids)
    if (ids < 0).any():
        rows = np.flatnonzero(ids >= 0)
        flattened, ids = call.gather(flattened, rows, -len(shape)), ids[rows]
    return call.scatter(flattened, shape, ids, -len(shape))


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Rows with the same number added; the numbers must not fall.

    >>> import tapeviz as tf
    >>> tf.math.segment_sum([1.0, 2.0, 4.0], [0, 0, 1]).numpy()
    array([3., 4.], dtype=float32)
    """
    t, ids = convert(data), numbers(segment_ids, none=False)
    if np.ndim(ids) != 1 or len(ids) != (t.shape[0] if rank(t) else -1):
        raise invalid_argument(
            "segment_ids should be the same size as dimension 0 of input. "
            "[Op:SegmentSum]",
            "each row needs one number of a sum",
        )
    if np.any(ids < 0):
        raise invalid_argument(
            "segment ids must be >= 0 [Op:SegmentSum]", "numbers run from 0"
        )
    if np.any(np.diff(ids) < 0):
        raise invalid_argument("segment ids are not increasing [Op:SegmentSum]")
    shape = (int(ids[-1]) + 1 if len(ids) else 0, *t.shape[1:])
    return call.scatter(t, shape, ids, -len(shape))


def _counts(ids: Any, what: str) -> None:
    if np.any(ids < 0):
        raise invalid_argument(
            f"{what} contains negative values", "classes count from 0"
        )


def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None,
    dtype: Any = "int32", name: str | None = None,
) -> Tensor:  # fmt: skip
    """How often each whole number from 0 on occurs.

    >>> import tapeviz as tf
    >>> tf.math.bincount([1, 1, 3]).numpy()
    array([0, 2, 0, 1], dtype=int32)
    """
    ids = np.ravel(numbers(arr))
    _counts(ids, "Input")
    given = None if weights is None else np.ravel(convert(weights)._v)
    n = 0 if minlength is None else whole(minlength)
    made = np.bincount(ids, given, n)[: None if maxlength is None else whole(maxlength)]
    kind = dtypes.as_dtype(dtype).np if given is None else given.dtype
    return wrap(made.astype(kind))


def confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any = None, weights: Any = None,
    dtype: Any = "int32", name: str | None = None,
) -> Tensor:  # fmt: skip
    """How often label ``i`` was taken for ``j``: row ``i``, column ``j``.

    >>> import tapeviz as tf
    >>> tf.math.confusion_matrix([0, 1, 1], [0, 1, 0]).numpy()
    array([[1, 0],
           [1, 1]], dtype=int32)
    """
    i, j = (np.ravel(numbers(v)) for v in (labels, predictions))
    _counts(i, "`labels`")
    _counts(j, "`predictions`")
    if len(i) != len(j):
        raise invalid_argument(
            f"Dimensions {len(i)} and {len(j)} are not compatible",
            "give one prediction for each label",
        )
    n = int(max(i.max(initial=-1), j.max(initial=-1))) + 1
    n = n if num_classes is None else whole(num_classes)
    z = np.zeros((n, n), dtypes.as_dtype(dtype).np)
    np.add.at(z, (i, j), 1 if weights is None else convert(weights)._v)
    return wrap(z)
