"""All derivatives of all entries at once: one sweep with a batch of gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine import nest
from tapeviz.engine.asking import batches, check, one_tensor, wants_zeros
from tapeviz.engine.dispatch import VJP_BATCHED, VJP_BATCHED_TENSORS, call
from tapeviz.engine.tensor import Tensor, wrap
from tapeviz.errors import runtime_error


def jacobian(
    tape: Any, target: Any, sources: Any, unconnected: Any, *, at_once: bool
) -> Any:
    """All derivatives of all entries: shape ``target.shape + source.shape``."""
    zero = wants_zeros(unconnected)
    one_tensor(target)
    check(target, "target")
    check(sources, "source")
    tape._ask()
    if not at_once:
        _ask_persistent(tape, "jacobian with eager execution enabled and with  ")
    flattened = nest.leaves(sources)
    size, shape = int(np.size(target._v)), tuple(target.shape)
    eye = np.eye(size, dtype=target._v.dtype).reshape(size, *shape)
    found = tape._pull([(target, eye)], flattened, VJP_BATCHED, VJP_BATCHED_TENSORS)
    out = [_jacobian(g, s, shape, zero) for g, s in zip(found, flattened, strict=True)]
    return nest.like(sources, out)


def batch_jacobian(
    tape: Any, target: Any, source: Any, unconnected: Any, *, at_once: bool
) -> Tensor:
    """The Jacobian of each row."""
    wants_zeros(unconnected)
    one_tensor(target)
    check(target, "target")
    check(source, "source")
    rows, columns = target.shape, source.shape
    batches(rows, columns)
    tape._ask()
    if not at_once:
        _ask_persistent(tape, "batch_jacobian with eager execution enabled and  with ")
    size = int(np.prod(rows[1:]))
    eye = np.eye(size, dtype=target._v.dtype).reshape(size, 1, *rows[1:])
    seed = np.repeat(eye, rows[0], axis=1)
    (g,) = tape._pull([(target, seed)], [source], VJP_BATCHED, VJP_BATCHED_TENSORS)
    full = (*rows, *columns[1:])
    if g is None:
        return wrap(np.zeros(full, target._v.dtype))
    if not isinstance(g, Tensor):
        return wrap(np.moveaxis(g, 0, 1).reshape(full))
    swapped = call.transpose(g, (1, 0, *range(2, 1 + len(columns))))
    return call.reshape(swapped, full)


def _ask_persistent(tape: Any, what: str) -> None:
    """RuntimeError unless persistent: TensorFlow would loop over gradients."""
    if not tape._persistent:
        raise runtime_error(
            "GradientTape must be created with persistent=True to compute the "
            f"{what}experimental_use_pfor set to False.",
            "leave experimental_use_pfor out: one sweep finds all rows",
        )


def _jacobian(g: Any, source: Any, shape: tuple[int, ...], zero: bool) -> Any:
    full = (*shape, *source.shape)
    if g is None or source.dtype.np.kind not in "fc":
        return wrap(np.zeros(full, source._v.dtype)[()]) if zero else None
    if isinstance(g, Tensor):
        return call.reshape(g, full)
    return wrap(np.reshape(g, full)[()])
