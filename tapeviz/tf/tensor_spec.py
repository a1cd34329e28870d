"""``tf.TensorSpec``: shape, dtype and name of an argument, for signatures."""

from __future__ import annotations

from typing import Any

from tapeviz.engine.dtypes import DType, TensorShape, as_dtype, float32
from tapeviz.engine.tensor import Tensor, Variable


class TensorSpec:
    """A shape (None for any, also axis by axis), a dtype and a name.

    >>> TensorSpec([None, 2])
    TensorSpec(shape=(None, 2), dtype=tf.float32, name=None)
    """

    def __init__(
        self, shape: Any = None, dtype: Any = float32, name: str | None = None
    ) -> None:
        self.shape = None if shape is None else TensorShape(shape)
        self.dtype: DType = as_dtype(dtype)
        self.name = name

    @classmethod
    def from_tensor(cls, tensor: Tensor | Variable, name: str | None = None) -> Any:
        """What this tensor is like."""
        return cls(tensor.shape, tensor.dtype, name)

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a tensor is as this says."""
        if self.dtype != other.dtype:
            return False
        return self.shape is None or other.shape.is_compatible_with(self.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype.name, self.name))

    def __repr__(self) -> str:
        shape = TensorShape.__str__(self.shape) if self.shape is not None else None
        return (
            f"TensorSpec(shape={shape or '<unknown>'}, dtype={self.dtype!r}, "
            f"name={self.name!r})"
        )
