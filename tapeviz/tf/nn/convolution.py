"""What layers use: moments, normalization, dropout, embedding, convolution, pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine.arguments import axes, floating, like, numbers, plain, rank, sizes
from tapeviz.engine.dispatch import call
from tapeviz.engine.scopes import composite
from tapeviz.engine.tensor import Tensor, convert, wrap
from tapeviz.errors import invalid_argument, not_implemented, value_error
from tapeviz.tf.arrays.indexing import is_source
from tapeviz.tf.math.arithmetic import squared_difference


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """Half the sum of squares; its gradient is ``t`` itself.

    >>> import tapeviz as tf
    >>> float(tf.nn.l2_loss([3.0, 4.0]))
    12.5
    """
    return call.l2_loss(t)


@composite("moments")
def moments(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The mean and the variance over some axes.

    As in TensorFlow, the mean inside the variance counts as a constant.

    >>> import tapeviz as tf
    >>> x = tf.constant([[1.0, 2.0], [3.0, 6.0]])
    >>> [t.numpy() for t in tf.nn.moments(x, axes=[0])]
    [array([2., 4.], dtype=float32), array([1., 4.], dtype=float32)]
    """
    t = convert(x)
    at = _axes(t, axes)
    mean = call.mean(t, at, True)
    squares = squared_difference(t, call.stop_gradient(mean))
    variance = call.mean(squares, at, True)
    if keepdims:
        return mean, variance
    gone = {a % rank(t) for a in (range(rank(t)) if at is None else at)}
    shape = tuple(n for i, n in enumerate(t.shape) if i not in gone)
    return call.squeeze(mean, shape), call.squeeze(variance, shape)


_axes = axes


@composite("batch_normalization")
def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """``(x - mean) / sqrt(variance + epsilon) * scale + offset``.

    >>> import tapeviz as tf
    >>> x = tf.constant([[1.0], [3.0]])
    >>> tf.nn.batch_normalization(x, 2.0, 1.0, None, None, 0.0).numpy()
    array([[-1.],
           [ 1.]], dtype=float32)
    """
    t = floating(x)
    inv = call.rsqrt(call.add(like(variance, t), like(variance_epsilon, t)))
    if scale is not None:
        inv = call.multiply(inv, like(scale, t))
    shift = call.multiply(like(mean, t), inv)
    if offset is None:
        shift = call.negative(shift)
    else:
        shift = call.subtract(like(offset, t), shift)
    return call.add(call.multiply(t, inv), shift)


def bias_add(
    value: Any, bias: Any, data_format: str | None = None, name: str | None = None
) -> Tensor:
    """A vector added to the last axis.

    >>> import tapeviz as tf
    >>> tf.nn.bias_add([[1.0, 2.0], [3.0, 4.0]], [10.0, 20.0]).numpy()
    array([[11., 22.],
           [13., 24.]], dtype=float32)
    """
    t = convert(value)
    b = like(bias, t)
    if rank(b) != 1 or rank(t) < 2 or b.shape[0] != t.shape[-1]:
        raise invalid_argument(
            "Must provide as many biases as the last dimension of the input "
            f"tensor: {b.shape.as_list()} vs. {t.shape.as_list()} [Op:BiasAdd]",
            "the bias is a vector with one number per column; x + b broadcasts",
        )
    return call.add(t, b)


def embedding_lookup(
    params: Any, ids: Any, max_norm: Any = None, name: str | None = None
) -> Tensor:
    """The rows of a table with the given numbers.

    The gradient of a table that is a source itself is an ``IndexedSlices``.

    >>> import tapeviz as tf
    >>> tf.nn.embedding_lookup(tf.constant([[1.0, 2.0], [3.0, 4.0]]), [1, 0, 1]).numpy()
    array([[3., 4.],
           [1., 2.],
           [3., 4.]], dtype=float32)
    """
    t, rows = convert(params), numbers(ids)
    size = t.shape[0] if rank(t) else 0
    if np.any(np.asarray(rows) < 0) or np.any(np.asarray(rows) >= size):
        raise invalid_argument(
            f"indices = {plain(rows)} is not in [0, {size}) [Op:ResourceGather]",
            f"the table has {size} rows",
        )
    take = call.gather_rows if is_source(t) else call.gather
    found = take(t, rows, -rank(t))
    return found if max_norm is None else _clipped(found, max_norm, np.ndim(rows))


@composite("clip_by_norm")
def _clipped(found: Any, max_norm: Any, many: int) -> Tensor:
    at = tuple(range(many - rank(found), 0))
    top = like(max_norm, found)
    norm = call.sqrt(call.sum(call.square(found), at, True))
    return call.divide(call.multiply(found, top), call.maximum(norm, top))


@composite("dropout")
def dropout(
    x: Any, rate: Any, noise_shape: Any = None, seed: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Some entries set to 0, each with chance ``rate``, the others scaled up to match.

    The same seed drops the same entries, but not those that TensorFlow drops.
    """
    from tapeviz.tf.random import draw

    t = floating(x)
    part = float(plain(rate))
    if not 0 <= part < 1:
        raise value_error(
            "`rate` must be a scalar tensor or a float in the range [0, 1). "
            f"Received: rate={rate}"
        )
    given = t.shape if noise_shape is None else list(noise_shape)
    shape = tuple(n if s is None else s for s, n in zip(given, t.shape, strict=True))
    keep = wrap(np.asarray(draw(seed).random(shape) >= part)[()])
    if not part:
        return call.identity(t)
    scaled = call.multiply(t, like(1.0 / (1.0 - part), t))
    return call.where(keep, scaled, like(0.0, t))


# -- convolution and pooling ----------------------------------------------------------


def _windows(
    t: Any, size: Any, step: Any, padding: Any, kernel: str, fill: float
) -> tuple[Any, Any]:
    """Pad the two middle axes; the tensor, and the indices of each window's entries."""
    high, wide = t.shape[1:3]
    if isinstance(padding, str) and padding.upper() == "SAME":
        out = [-(-n // s) for n, s in zip((high, wide), step, strict=True)]
        more = [
            max((o - 1) * s + k - n, 0)
            for o, s, k, n in zip(out, step, size, (high, wide), strict=True)
        ]
        widths = ((0, 0), *((m // 2, m - m // 2) for m in more), (0, 0))
        if any(more):
            t = call.pad(t, widths, fill)
    else:
        if not isinstance(padding, str):
            t = call.pad(t, tuple((int(a), int(b)) for a, b in padding), fill)
        sides = zip(t.shape[1:3], size, step, strict=True)
        out = [(n - k) // s + 1 for n, k, s in sides]
    if min(out) <= 0:
        raise invalid_argument(
            f"Computed output size would be negative: {min(out)} [input_size: {high}, "
            f"effective_filter_size: {size[0]}, stride: {step[0]}] [Op:{kernel}]",
            "the window must not be larger than the image",
        )
    rows, columns = (
        np.arange(o)[:, None] * s + np.arange(k)
        for o, s, k in zip(out, step, size, strict=True)
    )
    return t, (rows, columns)


def _unfolded(t: Any, windows: Any) -> Tensor:
    """``[batch, rows, row in window, columns, column in window, channels]``."""
    rows, columns = windows
    return call.gather(call.gather(t, rows, -3), columns, -2)


def _pair(value: Any) -> tuple[int, int]:
    given = sizes(value)
    if len(given) == 4:
        given = given[1:3]
    return given[0], given[-1 if len(given) == 1 else 1]


def _images(given: Any) -> Any:
    """A batch of images: rows, columns and channels."""
    t = floating(given)
    if rank(t) != 4:
        raise invalid_argument(
            f"`input` must have rank 4. Received: input.shape={t.shape} of rank "
            f"{rank(t)}.",
            "its axes are samples, rows, columns, channels",
        )
    return t


@composite("conv2d")
def conv2d(
    input: Any, filters: Any, strides: Any, padding: Any, data_format: str = "NHWC",
    dilations: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Each filter slid over each image.

    ``input`` is ``[batch, rows, columns, channels]``, ``filters`` ``[rows, columns,
    channels, filters]``, ``padding`` ``"SAME"`` or ``"VALID"``.

    >>> import tapeviz as tf
    >>> x = tf.ones([1, 3, 3, 1])
    >>> tf.nn.conv2d(x, tf.ones([2, 2, 1, 1]), strides=1, padding="VALID").shape
    TensorShape([1, 2, 2, 1])
    """
    _plain_layout(data_format, "NHWC", dilations)
    t = _images(input)
    f = _filters(like(filters, t), t)
    if rank(f) != 4 or t.shape[-1] != f.shape[2]:
        raise invalid_argument(
            "input depth must be evenly divisible by filter depth: "
            f"{t.shape.as_list()} vs {f.shape.as_list()} [Op:Conv2D]",
            "filters are [rows, columns, channels of the input, filters]",
        )
    return _convolved(t, f, _pair(strides), padding)


def _convolved(t: Any, f: Any, step: tuple[int, int], padding: Any) -> Tensor:
    t, windows = _windows(t, f.shape[:2], step, padding, "Conv2D", 0)
    return call.einsum([_unfolded(t, windows), f], "bihjwc,hwcf->bijf")


def _filters(given: Any, t: Any) -> Any:
    """The filters, which must be of the dtype of what they slide over."""
    f = floating(given)
    if f.dtype != t.dtype:
        raise invalid_argument(
            "cannot compute Conv2D as input #1(zero-based) was expected to be a "
            f"{t.dtype.c_name} tensor but is a {f.dtype.c_name} tensor [Op:Conv2D] "
            "name: ",
            f"bring both to one dtype: tf.cast(..., tf.{t.dtype.name})",
        )
    return f


@composite("conv1d")
def conv1d(
    input: Any, filters: Any, stride: Any, padding: Any, data_format: str = "NWC",
    dilations: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Each filter slid along each row: ``[batch, steps, channels]``.

    >>> import tapeviz as tf
    >>> x = tf.reshape(tf.constant([1.0, 2.0, 4.0, 8.0]), (1, 4, 1))
    >>> tf.nn.conv1d(x, tf.ones((2, 1, 1)), 1, "VALID").numpy().squeeze()
    array([ 3.,  6., 12.], dtype=float32)
    """
    _plain_layout(data_format, "NWC", dilations)
    t = floating(input)
    f = _filters(filters, t)
    given = sizes(stride)
    step = given[1] if len(given) == 3 else given[-1]
    t = call.expand_dims(t, (t.shape[0], 1, *t.shape[1:]))
    f = call.expand_dims(f, (1, *f.shape))
    out = _convolved(t, f, (1, step), padding)
    return call.squeeze(out, (out.shape[0], *out.shape[2:]))


@composite("max_pool")
def max_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The greatest entry of each window; of ties the first gets the gradient.

    >>> import tapeviz as tf
    >>> x = tf.reshape(tf.range(16.0), (1, 4, 4, 1))
    >>> tf.nn.max_pool2d(x, 2, 2, "VALID").numpy().squeeze()
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """
    _plain_layout(data_format, "NHWC", None)
    t = _images(input)
    t, windows = _windows(t, _pair(ksize), _pair(strides), padding, "MaxPool", -np.inf)
    parts = call.transpose(_unfolded(t, windows), (0, 1, 3, 5, 2, 4))
    lines = call.reshape(parts, (*parts.shape[:4], int(np.prod(parts.shape[4:]))))
    best = call.along(lines, np.argmax(lines._v, -1)[..., None], -1)
    return call.squeeze(best, tuple(best.shape[:-1]))


@composite("avg_pool")
def avg_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window, of the entries that lie within the image.

    >>> import tapeviz as tf
    >>> x = tf.reshape(tf.range(16.0), (1, 4, 4, 1))
    >>> tf.nn.avg_pool2d(x, 2, 2, "VALID").numpy().squeeze()
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
    """
    _plain_layout(data_format, "NHWC", None)
    t = _images(input)
    ones = wrap(np.ones(t.shape, t.dtype.np))
    size, step = _pair(ksize), _pair(strides)
    padded, windows = _windows(t, size, step, padding, "AvgPool", 0)
    inside, _ = _windows(ones, size, step, padding, "AvgPool", 0)
    total = call.sum(_unfolded(padded, windows), (-4, -2), False)
    return call.divide(total, call.sum(_unfolded(inside, windows), (-4, -2), False))


def max_pool(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The same as ``tf.nn.max_pool2d``."""
    return max_pool2d(input, ksize, strides, padding, data_format or "NHWC")


def avg_pool(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The same as ``tf.nn.avg_pool2d``."""
    return avg_pool2d(input, ksize, strides, padding, data_format or "NHWC")


def _plain_layout(given: str, known: str, dilations: Any) -> None:
    if given != known or (dilations is not None and set(sizes(dilations)) != {1}):
        raise not_implemented(
            f"tapeviz convolves in the layout {known} without dilations",
            f"bring the channels to the last axis with tf.transpose ({known})",
        )
