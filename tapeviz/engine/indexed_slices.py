"""Sparse gradients of a gather: some rows, and their indices in the whole tensor."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from tapeviz.engine import kernels
from tapeviz.engine.dtypes import DType, TensorShape
from tapeviz.engine.tensor import Tensor, call, wrap


class IndexedSlices:
    """Rows of a tensor that is 0 elsewhere: ``values[i]`` is row ``indices[i]``.

    All three are tensors; ``dense_shape`` is the shape of the whole.
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
        self.values: Tensor = values
        self.indices: Tensor = indices
        self.dense_shape: Any = dense_shape

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole tensor."""
        return TensorShape(tuple(int(n) for n in self.dense_shape._v))

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self.values.dtype

    @property
    def name(self) -> str:
        """The name of the values."""
        return "IndexedSlices"

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(call.negative(self.values), self.indices, self.dense_shape)

    def _dense(self) -> Tensor:
        """The whole tensor, repeated rows added up."""
        whole: Tensor = _scattered(self.values, tuple(self.shape), self.indices._v)
        return whole

    def __repr__(self) -> str:
        return (
            f"IndexedSlices(indices={self.indices}, values={self.values}, "
            f"dense_shape={self.dense_shape})"
        )


class Rows:
    """The same during the reverse sweep: it can be added to others and to arrays."""

    __slots__ = ("ids", "shape", "values")
    __array_ufunc__ = None

    def __init__(self, values: Any, ids: Any, shape: tuple[int, ...]) -> None:
        self.values = values
        self.ids = ids
        self.shape = shape

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, Rows):
            return self.dense() + other
        parts = [_in_rows(self), _in_rows(other)]
        ids = np.concatenate([np.ravel(self.ids), np.ravel(other.ids)])
        values = _words(parts[0]).concat(parts, -len(self.shape))
        return Rows(values, ids, self.shape)

    def __radd__(self, other: Any) -> Any:
        return other + self.dense()

    def dense(self) -> Any:
        """The whole array (or tensor), repeated rows added up."""
        return _scattered(self.values, self.shape, self.ids)

    _dense = dense

    def slices(self) -> IndexedSlices:
        """The gradient that the caller of ``gradient`` gets."""
        values = _in_rows(self)
        whole = values if isinstance(values, Tensor) else wrap(values)
        size = wrap(np.array(self.shape, np.int32))
        return IndexedSlices(whole, wrap(np.ravel(self.ids)), size)


def rows(g: Any, shape: tuple[int, ...], ids: Any, _axis: int) -> Rows:
    """The gradient of rows that were taken from a source."""
    return Rows(g, ids, shape)


WORDS = {"rows": rows}
"""The word of the op ``gather_rows``."""

_ARRAYS = SimpleNamespace(**kernels.WORDS)


def _words(value: Any) -> Any:
    """The words for tensors or for arrays."""
    return call if isinstance(value, Tensor) else _ARRAYS


def _scattered(x: Any, shape: tuple[int, ...], ids: Any) -> Any:
    """Rows put in their places and added up."""
    return _words(x).scatter(x, shape, ids, -len(shape))


def _in_rows(rows: Rows) -> Any:
    """The rows along one axis, whatever shape their numbers have."""
    x, inner = rows.values, rows.shape[1:]
    size = int(np.prod(inner, dtype=int)) or 1
    return _words(x).reshape(x, (int(np.prod(x.shape, dtype=int)) // size, *inner))


def dense(value: Any) -> Any:
    """Slices as a whole tensor; anything else as it is."""
    return value._dense() if isinstance(value, IndexedSlices) else value


def whole(g: Any) -> Any:
    """A gradient by rows as a whole array or tensor; any other as it is."""
    return g.dense() if isinstance(g, Rows) else g
