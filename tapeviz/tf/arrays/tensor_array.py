"""``tf.TensorArray``: tensors written one by one and stacked at the end."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine.arguments import whole
from tapeviz.engine.dispatch import call
from tapeviz.engine.dtypes import as_dtype
from tapeviz.engine.tensor import Tensor, convert, wrap
from tapeviz.errors import invalid_argument, out_of_range, value_error
from tapeviz.tf.arrays.shaping import concat, stack


class TensorArray:
    """A list of tensors of one dtype, written and read by number.

    ``write`` returns the array to go on with, as in TensorFlow. An entry can be read
    once, unless ``clear_after_read`` is False. With ``dynamic_size`` it grows.

    >>> import tapeviz as tf
    >>> steps = tf.TensorArray(tf.float32, size=2)
    >>> for k in range(2):
    ...     steps = steps.write(k, 10.0 * k)
    >>> steps.stack().numpy()
    array([ 0., 10.], dtype=float32)
    """

    def __init__(
        self, dtype: Any, size: Any = None, dynamic_size: bool | None = None,
        clear_after_read: bool | None = None, tensor_array_name: str | None = None,
        handle: Any = None, flow: Any = None, infer_shape: bool = True,
        element_shape: Any = None, colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:  # fmt: skip
        self.dtype = as_dtype(dtype)
        self._entries: list[Tensor | None] = [None] * whole(0 if size is None else size)
        self._gone: set[int] = set()
        self._shape = None if element_shape is None else tuple(element_shape)
        self.dynamic_size = bool(dynamic_size)
        self._clears = clear_after_read is not False

    def size(self, name: str | None = None) -> Tensor:
        """How many entries there are."""
        return wrap(as_dtype("int32").np.type(len(self._entries)))

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Put a tensor at an index; the array itself."""
        k, t = whole(index), self._own(value)
        if k < 0 or (k >= len(self._entries) and not self.dynamic_size):
            raise out_of_range(
                f"Tried to write to index {k} but array is not resizeable and size "
                f"is: {len(self._entries)}",
                "tf.TensorArray(..., dynamic_size=True) grows",
            )
        self._entries += [None] * (k + 1 - len(self._entries))
        self._entries[k] = t
        self._shape = tuple(t.shape)
        self._gone.discard(k)
        return self

    def _own(self, value: Any) -> Any:
        t = convert(value if isinstance(value, Tensor) else convert(value, self.dtype))
        if t.dtype != self.dtype:
            raise invalid_argument(
                f"TensorArray dtype is {self.dtype.name} but Op is trying to "
                f"write dtype {t.dtype.name}",
                f"tf.cast(value, tf.{self.dtype.name})",
            )
        return call.identity(t)

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """The tensor at an index."""
        k = whole(index)
        if not 0 <= k < len(self._entries):
            raise out_of_range(
                f"Tried to read from index {k} but array size is: {len(self._entries)}"
            )
        if k in self._gone:
            raise invalid_argument(
                f"Could not read index {k} twice because it was cleared after a "
                "previous read (perhaps try setting clear_after_read = false?)",
                "tf.TensorArray(..., clear_after_read=False)",
            )
        t = self._at(k)
        if self._clears:
            self._entries[k] = None
            self._gone.add(k)
        return t

    def _at(self, k: int) -> Tensor:
        """Entry ``k``; zeros where nothing was written."""
        known = self._entries[k]
        if known is not None:
            return known
        if self._shape is None:
            raise value_error(
                f"Could not read index {k}: nothing was written, so that not even "
                "the shape of an entry is known",
                "array = array.write(k, tensor) comes first",
            )
        return wrap(np.zeros(self._shape, self.dtype.np)[()])

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """The entries at these indices, stacked."""
        return stack([self._at(k) for k in convert(indices).numpy()])

    def stack(self, name: str | None = None) -> Tensor:
        """All entries along a new first axis."""
        every = list(range(len(self._entries)))
        return self.gather(every) if every else convert([], self.dtype)

    def concat(self, name: str | None = None) -> Tensor:
        """All entries, one after the other along their first axis."""
        return concat([self._at(k) for k in range(len(self._entries))], 0)

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Write the rows of a tensor; the array itself."""
        rows = convert(
            value if isinstance(value, Tensor) else convert(value, self.dtype)
        )
        for k, row in enumerate(rows):
            self._entries += [None] * (k + 1 - len(self._entries))
            self.write(k, row)
        return self

    def close(self, name: str | None = None) -> None:
        """Forget everything."""
        self._entries = []
