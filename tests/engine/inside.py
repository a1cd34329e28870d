"""What the tests of the engine read of its private state, all in one place.

There is no public way to any of it: what a tensor holds without a copy, where it stands
in a recording, and the records themselves are what those tests are about.
"""

from __future__ import annotations

from typing import Any

from tapeviz.engine.primitives import Sweep
from tapeviz.engine.recording import Record, Recording, RecordingHandle
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
    on_arrays: Sweep,
    on_tensors: Sweep,
) -> list[Any]:
    """The gradients by a chosen sweep, as the sweep leaves them."""
    return tape._pull(seeds, sources, on_arrays, on_tensors)
