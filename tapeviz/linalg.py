"""``tf.linalg``: matrices."""

from __future__ import annotations

from typing import Any

from tapeviz.engine.assembly import call
from tapeviz.engine.tensor import Tensor, convert


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, name: str | None = None
) -> Tensor:
    """The matrix product over the last two axes; the axes before them broadcast."""
    if transpose_a:
        a = call.T(convert(a))
    if transpose_b:
        b = call.T(convert(b))
    return call.matmul(a, b)  # type: ignore[no-any-return]
