"""Entries by size: sorted, or the greatest few."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tapeviz.engine import dtypes
from tapeviz.engine.arguments import numbers, one_axis, whole
from tapeviz.engine.dispatch import call
from tapeviz.engine.tensor import Tensor, convert, wrap
from tapeviz.errors import invalid_argument, value_error


class TopKV2(NamedTuple):
    """What ``top_k`` gives: the greatest entries, and where they stood."""

    values: Tensor
    indices: Tensor


def _order(v: Any, axis: int, direction: str) -> Any:
    """The numbers of the entries in order of size; equals stay in their order."""
    if direction not in ("ASCENDING", "DESCENDING"):
        raise value_error(
            "Argument `direction` should be one of `'ASCENDING'` or "
            f"`'DESCENDING'`. Received: direction={direction}"
        )
    if direction == "ASCENDING":
        return np.argsort(v, axis, kind="stable")
    n = np.shape(v)[axis]
    return n - 1 - np.flip(np.argsort(np.flip(v, axis), axis, kind="stable"), axis)


def sort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None
) -> Tensor:
    """The entries in order of size along an axis.

    >>> import tapeviz as tf
    >>> tf.sort([3.0, 1.0, 2.0], direction="DESCENDING").numpy()
    array([3., 2., 1.], dtype=float32)
    """
    t = convert(values)
    at = one_axis(t, axis, "Sort")
    return call.sort(t, _order(t._v, at, direction), at)


def argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The numbers of the entries in order of their size.

    >>> import tapeviz as tf
    >>> tf.argsort([3.0, 1.0, 2.0]).numpy()
    array([1, 2, 0], dtype=int32)
    """
    t = convert(values)
    return wrap(_order(t._v, one_axis(t, axis, "Sort"), direction).astype(np.int32))


def top_k(
    input: Any, k: Any = 1, sorted: bool = True, index_type: Any = "int32",
    name: str | None = None,
) -> TopKV2:  # fmt: skip
    """The ``k`` greatest entries along the last axis, and their numbers.

    >>> import tapeviz as tf
    >>> tf.math.top_k([3.0, 9.0, 5.0], k=2).values.numpy()
    array([9., 5.], dtype=float32)
    """
    t, many = convert(input), whole(k)
    size = t.shape[one_axis(t, -1, "TopKV2")]
    if not 0 <= many <= size:
        raise invalid_argument(
            f"input must have at least k columns. Had {size}, needed {many} [Op:TopKV2]"
        )
    ids = _order(t._v, -1, "DESCENDING")[..., :many]
    found = wrap(ids.astype(dtypes.as_dtype(index_type).np))
    return TopKV2(call.top_k(t, ids, -1), found)


def in_top_k(targets: Any, predictions: Any, k: Any, name: str | None = None) -> Tensor:
    """Whether the target class is among the ``k`` greatest predictions, row by row.

    >>> import tapeviz as tf
    >>> tf.math.in_top_k([0, 1], [[0.9, 0.1], [0.8, 0.2]], k=1).numpy()
    array([ True, False])
    """
    v, ids = convert(predictions)._v, numbers(targets)
    if np.ndim(v) != 2 or np.shape(ids) != v.shape[:1]:
        what = (
            "predictions must be 2-dimensional"
            if np.ndim(v) != 2
            else f"First dimension of predictions {len(v)} must match length of "
            f"targets {np.size(ids)}"
        )
        raise invalid_argument(
            f"{what} [Op:InTopKV2]", "one row of predictions for each target"
        )
    inside = (ids >= 0) & (ids < v.shape[1])
    mine = np.take_along_axis(v, np.where(inside, ids, 0)[:, None], 1)
    above = np.count_nonzero(v > mine, axis=1)
    return wrap((above < whole(k)) & np.isfinite(mine[:, 0]) & inside)
