"""What the tests of the engine read of its private state, all in one place.

There is no public way to any of it: what a tensor holds without a copy, where it stands
in a recording, and the records themselves are what those tests are about.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine.ops import NAMED
from tapeviz.engine.recording import Record, Recording, RecordingHandle
from tapeviz.engine.sweep import Rules, sweep
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor


def array_of(t: Tensor) -> Any:
    """The array or NumPy scalar that a tensor holds, not a copy of it."""
    return t._v


def index_of(t: Tensor) -> int:
    """The index of a tensor in its recording."""
    return t._i


def handle_of(t: Tensor) -> RecordingHandle:
    """The handle of the recording that a tensor is in."""
    return t._t


def recording_of(tape: GradientTape) -> Recording:
    """The recording that a tape writes in."""
    recording = tape._recording
    assert recording is not None
    return recording


def records(tape: GradientTape) -> list[Record]:
    """The records of a tape, in a list of its own."""
    return list(recording_of(tape).recs)


def pull(
    tape: GradientTape,
    seeds: list[tuple[Any, Any]],
    sources: list[Any],
    on_arrays: Rules,
    on_tensors: Rules,
) -> list[Any]:
    """The gradients by a chosen sweep, as the sweep leaves them."""
    return tape._pull(seeds, sources, on_arrays, on_tensors)


def handed_on(
    rules: Rules, rec: Record, size: int, g: Any, *, own: bool = False
) -> list[Any]:
    """What a record adds to the gradients of ``size`` records before it.

    ``own``: the upstream gradient ``g`` is nobody else's and may be written over.
    """
    leaf = (0, None, ("",), None, -1)
    recs, grads = [leaf] * size + [rec], [None] * size + [g]
    if own:  # one more record, whose gradient the sweep has made itself
        recs.append((NAMED["negative"].code, size, None, None, None, None, -1))
        grads = [None] * (size + 1) + [np.negative(g)]
    sweep(recs, grads, [[size, len(recs)]], rules)
    return grads[:size]
