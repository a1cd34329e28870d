"""Picking entries by index, coordinate or mask, and scattering to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine import dtypes
from tapeviz.engine.arguments import (
    coordinates,
    like,
    numbers,
    one_axis,
    rank,
    sizes,
    updates_fit,
    whole,
)
from tapeviz.engine.dispatch import call
from tapeviz.engine.recording import VARIABLE, WATCHED
from tapeviz.engine.scopes import composite
from tapeviz.engine.tensor import Tensor, Variable, convert, wrap
from tapeviz.errors import invalid_argument, value_error


def gather(
    params: Any, indices: Any, validate_indices: Any = None, axis: Any = None,
    batch_dims: int = 0, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The entries with the given numbers along an axis (the first by default).

    The shape of ``indices`` replaces the axis. What is taken twice gets both gradients.
    If rows are taken from a source itself, its gradient is an ``IndexedSlices``.

    >>> import tapeviz as tf
    >>> tf.gather([10.0, 20.0, 30.0], [2, 0]).numpy()
    array([30., 10.], dtype=float32)
    """
    t, ids = convert(params), numbers(indices, none=False)
    if batch_dims:
        return _gather_batch(t, ids, axis, batch_dims)
    at = one_axis(t, 0 if axis is None else axis, "GatherV2")
    _within(ids, t.shape[at], "GatherV2")
    if at == -rank(t) and is_source(t):
        return call.gather_rows(t, ids, at)
    return call.gather(t, ids, at)


def is_source(t: Any) -> bool:
    """Whether it is a variable or a watched tensor, not something computed."""
    if isinstance(t, Variable):
        return True
    recs = t._t.recs
    return recs is not None and t._i >= 0 and recs[t._i][0] in (VARIABLE, WATCHED)


def _within(ids: Any, size: int, kernel: str) -> None:
    given = np.asarray(ids)
    for at in np.argwhere((given < 0) | (given >= size)):
        where = f"indices[{','.join(map(str, at))}]" if len(at) else "indices"
        raise invalid_argument(
            f"{where} = {given[tuple(at)]} is not in [0, {size}) [Op:{kernel}]",
            "numbers run from 0; negative ones do not count from the end here",
        )


@composite("gather")
def _gather_batch(t: Any, ids: Any, axis: Any, batch_dims: int) -> Tensor:
    """Row by row: ``ids`` and the tensor share their first axes."""
    b = batch_dims + np.ndim(ids) if batch_dims < 0 else batch_dims
    at = b if axis is None else one_axis(t, axis, "GatherV2") % rank(t)
    shared, own_shape = t.shape.as_list()[:b], [*np.shape(ids)[:b]]
    if b > np.ndim(ids) or rank(t) <= at or shared != own_shape[: len(shared)]:
        raise invalid_argument(
            f"params.shape[:{b}]: {shared} should be equal to indices.shape[:{b}]: "
            f"{own_shape} [Op:GatherV2]",
            "with batch_dims both share their first axes",
        )
    _within(ids, t.shape[at], "GatherV2")
    front = np.ogrid[tuple(np.s_[:n] for n in t.shape[:at])] if at else []
    own = np.expand_dims(ids, tuple(range(b, at)))
    inner = (1,) * (np.ndim(ids) - b)
    grid = [np.reshape(g, (*g.shape, *inner)) for g in front]
    key = np.stack(np.broadcast_arrays(*grid, own), -1)
    return call.gather_nd(t, key, 0)


def gather_nd(
    params: Any, indices: Any, batch_dims: int = 0, name: str | None = None,
    bad_indices_policy: str = "",
) -> Tensor:  # fmt: skip
    """The entries at coordinates, which the last axis of ``indices`` holds.

    >>> import tapeviz as tf
    >>> tf.gather_nd([[1, 2], [3, 4]], [[0, 0], [1, 1]]).numpy()
    array([1, 4], dtype=int32)
    """
    t, ids = convert(params), numbers(indices, none=False)
    if batch_dims:
        front = np.indices(np.shape(ids)[:-1])[:batch_dims]
        ids = np.concatenate([np.moveaxis(front, 0, -1), ids], -1)
    _points_within(ids, t.shape, "GatherNd")
    return call.gather_nd(t, ids, 0)


def scatter_nd(
    indices: Any, updates: Any, shape: Any, bad_indices_policy: str = "",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Zeros with ``updates`` put at coordinates, added up where those are equal.

    >>> import tapeviz as tf
    >>> tf.scatter_nd([[1], [3], [1]], [5.0, 6.0, 7.0], [4]).numpy()
    array([ 0., 12.,  0.,  6.], dtype=float32)
    """
    ids, want = numbers(indices, none=False), sizes(shape)
    t = convert(updates)
    _points_within(ids, want, "ScatterNd", t)
    return call.scatter_nd(t, want, ids, 0)


def _points_within(ids: Any, shape: Any, kernel: str, updates: Any = None) -> None:
    """Check coordinates, along the last axis, against a shape (and the updates)."""
    coordinates(ids, shape, kernel)
    if updates is not None:
        updates_fit(ids, updates, shape, kernel)
    for k in range(np.shape(ids)[-1]):
        _within(ids[..., k], shape[k], kernel)


def _put(updates: Any, indices: Any, t: Any) -> Tensor:
    """Zeros of the shape of ``t`` with the updates at coordinates."""
    ids, new = numbers(indices, none=False), like(updates, t)
    _points_within(ids, t.shape, "TensorScatterUpdate", new)
    return call.scatter_nd(new, tuple(t.shape), ids, 0)


@composite("tensor_scatter_nd_add")
def tensor_scatter_nd_add(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """A copy of a tensor with ``updates`` added at coordinates.

    >>> import tapeviz as tf
    >>> tf.tensor_scatter_nd_add([1.0, 2.0, 3.0], [[0], [0]], [5.0, 6.0]).numpy()
    array([12.,  2.,  3.], dtype=float32)
    """
    t = convert(tensor)
    return call.add(t, _put(updates, indices, t))


@composite("tensor_scatter_nd_update")
def tensor_scatter_nd_update(
    tensor: Any, indices: Any, updates: Any, name: str | None = None,
    *, bad_indices_policy: str = "",
) -> Tensor:  # fmt: skip
    """A copy of a tensor with its entries at coordinates replaced by ``updates``.

    >>> import tapeviz as tf
    >>> tf.tensor_scatter_nd_update([1.0, 2.0, 3.0], [[1]], [9.0]).numpy()
    array([1., 9., 3.], dtype=float32)
    """
    t = convert(tensor)
    put = _put(updates, indices, t)
    new = np.zeros(t.shape, bool)
    new[tuple(np.moveaxis(numbers(indices, none=False), -1, 0))] = True
    return call.where(wrap(new), put, t)


@composite("tensor_scatter_nd_sub")
def tensor_scatter_nd_sub(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """A copy of a tensor with ``updates`` subtracted at coordinates.

    >>> import tapeviz as tf
    >>> tf.tensor_scatter_nd_sub([1.0, 2.0, 3.0], [[1]], [5.0]).numpy()
    array([ 1., -3.,  3.], dtype=float32)
    """
    t = convert(tensor)
    return call.subtract(t, _put(updates, indices, t))


def boolean_mask(
    tensor: Any, mask: Any, axis: Any = None, name: str = "boolean_mask"
) -> Tensor:
    """The entries where a mask of bools is true, one behind the other.

    >>> import tapeviz as tf
    >>> x = tf.constant([1.0, -2.0, 3.0])
    >>> tf.boolean_mask(x, x > 0).numpy()
    array([1., 3.], dtype=float32)
    """
    t, m = convert(tensor), convert(mask)._v
    if not np.ndim(m):
        raise value_error("mask cannot be scalar.")
    at = 0 if axis is None or not rank(t) else one_axis(t, axis, "GatherV2") % rank(t)
    part = t.shape[at : at + np.ndim(m)]
    if tuple(part) != np.shape(m):
        raise value_error(
            f"Shapes {tuple(part)} and {np.shape(m)} are incompatible",
            "the mask must have the shape of the axes it covers",
        )
    return call.pick(t, (*(np.s_[:],) * at, np.asarray(m, bool)))


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """The block that starts at ``begin`` and has this size; -1 means to the end.

    >>> import tapeviz as tf
    >>> tf.slice([[1, 2, 3], [4, 5, 6]], [0, 1], [2, -1]).numpy()
    array([[2, 3],
           [5, 6]], dtype=int32)
    """
    t, start, many = convert(input_), sizes(begin), sizes(size)
    if not len(start) == len(many) == rank(t):
        raise invalid_argument(
            f"Expected begin and size arguments to be 1-D tensors of size {rank(t)}, "
            f"but got shapes [{len(start)}] and [{len(many)}] instead. [Op:Slice]"
        )
    key = []
    for i, (s, m, n) in enumerate(zip(start, many, t.shape, strict=True)):
        e = n if m == -1 else s + m
        if not 0 <= s <= e <= n:
            raise invalid_argument(
                f"Expected size[{i}] in [0, {n - s}], but got {e - s} [Op:Slice]",
                f"axis {i} has {n} entries",
            )
        key.append(np.s_[s:e])
    return call.pick(t, tuple(key) or (Ellipsis,))


def strided_slice(
    input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0,
    end_mask: int = 0, ellipsis_mask: int = 0, new_axis_mask: int = 0,
    shrink_axis_mask: int = 0, var: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The entries from ``begin`` to ``end`` in steps, as ``x[begin:end:strides]``.

    >>> import tapeviz as tf
    >>> tf.strided_slice([10, 20, 30, 40, 50], [0], [5], [2]).numpy()
    array([10, 30, 50], dtype=int32)
    """
    starts, ends = sizes(begin), sizes(end)
    steps = (1,) * len(starts) if strides is None else sizes(strides)
    if not len(starts) == len(ends) == len(steps) <= max(1, rank(convert(input_))):
        raise invalid_argument(
            "Expected begin, end, and strides to be 1D equal size tensors, but got "
            f"shapes [{len(starts)}], [{len(ends)}], and [{len(steps)}] instead. "
            "[Op:StridedSlice]",
            "give one number per axis; x[begin:end] does the same",
        )
    key: list[Any] = []
    for i, (s, e, step) in enumerate(zip(starts, ends, steps, strict=True)):
        bit = 1 << i
        if ellipsis_mask & bit:
            key.append(Ellipsis)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(s)
        else:
            ends_here = None if end_mask & bit else e
            key.append(np.s_[None if begin_mask & bit else s : ends_here : step])
    return call.pick(convert(input_), tuple(key))


def where(
    condition: Any, x: Any = None, y: Any = None, name: str | None = None
) -> Tensor:
    """``x`` where the condition holds, else ``y``; without both, where it holds.

    The gradient goes to the chosen side only; the other gets zero (or nan, if its own
    derivative is infinite there).

    >>> import tapeviz as tf
    >>> x = tf.Variable([-1.0, 2.0])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.where(x > 0.0, x * x, 0.0)
    >>> y.numpy()
    array([0., 4.], dtype=float32)
    >>> tape.gradient(y, x).numpy()
    array([-0.,  4.], dtype=float32)
    """
    if x is None and y is None:
        chosen = convert(condition)._v
        if not np.ndim(chosen):
            raise invalid_argument(
                "WhereOp : Unhandled input dimensions: 0 [Op:Where] name: ",
                "one number has no places: tf.where(c, a, b) chooses one of two",
            )
        return wrap(np.argwhere(chosen))
    return call.where(condition, x, y)


def unique(
    x: Any, out_idx: Any = "int32", name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The different entries of a vector as they appear, and which one each is.

    >>> import tapeviz as tf
    >>> [t.numpy() for t in tf.unique([4, 7, 4])]
    [array([4, 7], dtype=int32), array([0, 1, 0], dtype=int32)]
    """
    v = convert(x)._v
    if np.ndim(v) != 1:
        raise invalid_argument("unique expects a 1D vector. [Op:Unique]")
    found, first, back = np.unique(v, return_index=True, return_inverse=True)
    order = np.argsort(first)
    positions = np.argsort(order)[back].astype(dtypes.as_dtype(out_idx).np)
    return wrap(found[order]), wrap(positions)


def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = "bool", name: str | None = None
) -> Tensor:
    """True for the first ``lengths[i]`` entries of row ``i``.

    >>> import tapeviz as tf
    >>> tf.sequence_mask([1, 3], 3).numpy()
    array([[ True, False, False],
           [ True,  True,  True]])
    """
    n = convert(lengths)._v
    n = numbers(lengths) if n.dtype.kind not in "iuf" else n
    width = int(n.max()) if maxlen is None else whole(maxlen)
    made = np.arange(width) < n[..., None]
    return wrap(made.astype(dtypes.as_dtype(dtype).np))
