"""The gradient of a gather: some rows, and where they belong."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine.dtypes import DType, TensorShape
from tapeviz.engine.tensor import Tensor, wrap


class IndexedSlices:
    """Rows of a tensor that is 0 elsewhere: ``values[i]`` belongs to row ``indices[i]``.

    This is what ``gradient`` gives for a source of which only rows were taken, by
    ``tf.gather`` or ``tf.nn.embedding_lookup``. Repeated rows are not added up yet:
    ``tf.convert_to_tensor`` does that.

    >>> import tapeviz as tf
    >>> v = tf.Variable([1.0, 2.0, 3.0])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.gather(v, [0, 0, 2])
    >>> g = tape.gradient(y, v)
    >>> g.indices.numpy(), tf.convert_to_tensor(g).numpy()
    (array([0, 0, 2], dtype=int32), array([2., 0., 1.], dtype=float32))
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self._values = values
        self._indices = indices
        self._dense_shape = dense_shape

    @property
    def values(self) -> Tensor:
        """The rows."""
        return self._values  # type: ignore[no-any-return]

    @property
    def indices(self) -> Tensor:
        """Where each row belongs."""
        return self._indices  # type: ignore[no-any-return]

    @property
    def dense_shape(self) -> Tensor | None:
        """The shape of the whole tensor, as a tensor."""
        return self._dense_shape  # type: ignore[no-any-return]

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole tensor."""
        return TensorShape(tuple(int(n) for n in self._dense_shape._v))

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self.values.dtype

    @property
    def name(self) -> str:
        """The name of the values."""
        return "IndexedSlices"

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self.values, self.indices, self.dense_shape)

    def _dense(self) -> Tensor:
        """The whole tensor, repeated rows added up."""
        return scatter(self.values, tuple(self.shape), self.indices._v, -len(self.shape))

    def __repr__(self) -> str:
        return (
            f"IndexedSlices(indices={self.indices}, values={self.values}, "
            f"dense_shape={self.dense_shape})"
        )


def scatter(_x: Any, _shape: Any, _ids: Any, _axis: int) -> Tensor:
    """The recorded op of that name; set when the registry is put to work."""
    raise NotImplementedError


def dense(value: Any) -> Any:
    """Slices as a whole tensor; anything else as it is."""
    return value._dense() if isinstance(value, IndexedSlices) else value


def gathered(grads: list[tuple[Any, Any]], shape: tuple[int, ...]) -> IndexedSlices:
    """One set of slices from the gradients of several gathers and their row numbers."""
    ids = np.concatenate([np.ravel(i) for _, i in grads])
    kind = np.int64 if any(np.asarray(i).dtype == np.int64 for _, i in grads) else np.int32
    rows = [joined(g, (-1, *shape[1:])) for g, _ in grads]
    whole = rows[0] if len(rows) == 1 else concat(rows, -len(shape))
    sizes = wrap(np.array(shape, np.int32))
    return IndexedSlices(whole, wrap(ids.astype(kind)), sizes)


def joined(_x: Any, _shape: Any) -> Tensor:
    """The recorded reshape; set when the registry is put to work."""
    raise NotImplementedError


def concat(_xs: Any, _axis: int) -> Tensor:
    """The recorded op of that name; set when the registry is put to work."""
    raise NotImplementedError
