"""``tf.image``: what a lesson shows of an op that has no gradient."""

from __future__ import annotations

from typing import Any

from tapeviz.arrays import cast
from tapeviz.engine.arguments import floating, like, rank
from tapeviz.engine.assembly import call
from tapeviz.engine.checks import mixed
from tapeviz.engine.dtypes import float32
from tapeviz.engine.ops import NAMED
from tapeviz.engine.tensor import Tensor
from tapeviz.errors import InvalidArgumentError, tell
from tapeviz.missing import teller

__all__ = ["adjust_contrast"]

RANK = 3
"""An image has rows, columns and channels."""


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
        raise InvalidArgumentError(
            tell(
                f"input must be at least 3-D, got shape{t.shape.as_list()} "
                "[Op:AdjustContrastv2]",
                "an image has rows, columns and channels",
            )
        )
    image = t if t.dtype == float32 else cast(t, float32)
    factor = like(contrast_factor, image)
    if factor.dtype != float32:
        raise mixed(NAMED["adjust_contrast"], float32, factor.dtype)
    made = call.adjust_contrast(image, factor)
    return made if t.dtype == float32 else cast(made, t.dtype)


__getattr__ = teller("image")
