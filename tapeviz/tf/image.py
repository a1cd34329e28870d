"""``tf.image``: image gradients and total variation, and an op without gradient."""

from __future__ import annotations

from typing import Any

from tapeviz.engine.arguments import floating, like, rank
from tapeviz.engine.dispatch import call
from tapeviz.engine.dtypes import dtype_mismatch, float32
from tapeviz.engine.ops import NAMED
from tapeviz.engine.scopes import composite
from tapeviz.engine.tensor import Tensor, convert
from tapeviz.errors import invalid_argument, value_error
from tapeviz.tf.arrays.creation import cast
from tapeviz.tf.arrays.shaping import pad

RANK = 3
"""An image has rows, columns and channels."""

BATCH = 4
"""Several images have one axis more."""


def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """Images whose distance from the mean of each channel is that much greater.

    Asking for its gradient is a LookupError, as in TensorFlow, where nobody wrote the
    derivative.

    >>> import tapeviz as tf
    >>> tf.image.adjust_contrast([[[1.0], [3.0]]], 2.0).numpy().ravel()
    array([0., 4.], dtype=float32)
    """
    t = floating(images)
    if rank(t) < RANK:
        raise invalid_argument(
            f"input must be at least 3-D, got shape{t.shape.as_list()} "
            "[Op:AdjustContrastv2]",
            "an image has rows, columns and channels",
        )
    image = t if t.dtype == float32 else cast(t, float32)
    factor = like(contrast_factor, image)
    if factor.dtype != float32:
        raise dtype_mismatch(NAMED["adjust_contrast"], float32, factor.dtype)
    made = call.adjust_contrast(image, factor)
    return made if t.dtype == float32 else cast(made, t.dtype)


@composite("image_gradients")
def image_gradients(image: Any) -> tuple[Tensor, Tensor]:
    """How each pixel differs from the next below, and from the next to the right.

    >>> import tapeviz as tf
    >>> row = tf.reshape([1.0, 2.0, 4.0], (1, 1, 3, 1))
    >>> down, right = tf.image.image_gradients(row)
    >>> right.numpy().ravel()
    array([1., 2., 0.], dtype=float32)
    """
    t = convert(image)
    if rank(t) != BATCH:
        raise value_error(
            "image_gradients expects a 4D tensor [batch_size, h, w, d], not "
            f"{t.shape}.",
            "image[tf.newaxis] makes a batch of one image",
        )
    down, right = _steps(t)
    return (
        pad(down, [[0, 0], [0, 1], [0, 0], [0, 0]]),
        pad(right, [[0, 0], [0, 0], [0, 1], [0, 0]]),
    )


@composite("total_variation")
def total_variation(images: Any, name: str | None = None) -> Tensor:
    """The sum of all differences of neighbours: how rough an image is.

    >>> import tapeviz as tf
    >>> tf.image.total_variation([[[1.0], [2.0]], [[4.0], [4.0]]]).numpy()
    np.float32(6.0)
    """
    t = convert(images)
    if rank(t) not in (RANK, BATCH):
        raise value_error(
            "'images' must be either 3 or 4-dimensional.",
            "an image has rows, columns and channels",
        )
    down, right = _steps(t)
    at = (-3, -2, -1) if rank(t) == BATCH else None
    return call.add(
        call.sum(call.abs(down), at, False), call.sum(call.abs(right), at, False)
    )


def _steps(t: Any) -> tuple[Tensor, Tensor]:
    """The differences of neighbours, downwards and to the right."""
    return t[..., 1:, :, :] - t[..., :-1, :, :], t[..., 1:, :] - t[..., :-1, :]
