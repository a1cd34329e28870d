"""A gradient by rows in an update's text, some rows more than once.

Keras squares and clips each of the repeated rows by itself; they are added up where
they meet a whole array. For rows that are all different it makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeviz.engine.indexed_slices import IndexedSlices


class RepeatedRows:
    """``values[i]`` is a part of row ``ids[i]`` of an array of this shape."""

    __array_ufunc__ = None

    def __init__(self, values: Any, ids: Any, shape: tuple[int, ...]) -> None:
        self.values = values
        self.ids = ids
        self.shape = shape

    @property
    def dtype(self) -> Any:
        """The element type."""
        return self.values.dtype

    def astype(self, dtype: Any) -> RepeatedRows:
        """The same in another element type."""
        return self._each(lambda v: v.astype(dtype))

    def dense(self) -> Any:
        """The whole array, repeated rows added up."""
        made = np.zeros(self.shape, self.dtype)
        np.add.at(made, self.ids, self.values)
        return made

    def _each(self, f: Callable[[Any], Any]) -> RepeatedRows:
        return RepeatedRows(f(self.values), self.ids, self.shape)

    def _rows_of(self, other: Any) -> Any:
        return other[self.ids] if np.ndim(other) else other

    def __abs__(self) -> RepeatedRows:
        return self._each(np.abs)

    def __neg__(self) -> RepeatedRows:
        return self._each(np.negative)

    def __pow__(self, n: Any) -> RepeatedRows:
        return self._each(lambda v: v**n)

    def __mul__(self, other: Any) -> RepeatedRows:
        return self._each(lambda v: v * self._rows_of(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> RepeatedRows:
        return self._each(lambda v: v / self._rows_of(other))

    def __add__(self, other: Any) -> Any:
        return self.dense() + dense(other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self.dense() - dense(other)

    def __rsub__(self, other: Any) -> Any:
        return other - self.dense()


def dense(value: Any) -> Any:
    """Repeated rows as a whole array; anything else as it is."""
    return value.dense() if isinstance(value, RepeatedRows) else value


def repeated(gradient: IndexedSlices) -> RepeatedRows | None:
    """A gradient with rows that are repeated, as such; None if all are different."""
    ids = np.ravel(gradient.indices._v)
    if len(np.unique(ids)) == len(ids):
        return None
    return RepeatedRows(gradient.values._v, ids, tuple(gradient.shape))
