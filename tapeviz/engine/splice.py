"""From one recording to another: all of it, or one tensor.

Two are joined where a finished tape is entered again inside another's block.
"""

from __future__ import annotations

from typing import Any

from tapeviz.engine.ops import TABLE
from tapeviz.engine.recording import READ, SHARED, Record, Recording
from tapeviz.engine.tensor import Tensor
from tapeviz.errors import unimplemented


def splice(old: Recording, new: Recording) -> int:
    """Append ``old`` to the recording that is being written; how far indices moved.

    What both have read is one leaf afterwards: the leaf of ``old`` becomes a read of
    what ``new`` has. UnimplementedError if ``new`` has watched a result of ``old``,
    which would have to come before it.
    """
    _in_order(old, new)
    by = len(new.recs)
    old.moved = new, by
    new.recs += [_moved(rec, by) for rec in old.recs]
    moved = [(name, start + by, stop + by) for name, start, stop in old.groups]
    new.enter("groups", *moved)
    new.enter("reads", *(index + by for index in old.reads))
    events = [(what, at + by, i + by, *rest) for what, at, i, *rest in old.events]
    new.enter("events", *events)
    new.enter("sweeps", *((a + by, b + by, *site) for a, b, *site in old.sweeps))
    new.handle.cut |= old.handle.cut
    new.handle.has_complex |= old.handle.has_complex
    new.tapes += old.tapes
    _merge_leaves(old, new, by)
    _move_tensors(old, new, by)
    return by


def joined_index(old: Recording, new: Recording, index: int, by: int) -> int:
    """Where a value of ``old`` is in ``new``; of a leaf of both, that of ``new``."""
    rec = new.recs[index + by]
    merged = rec[0] == READ and old.recs[index][0] != READ
    return int(rec[1]) if merged else index + by


def _moved(rec: Record, by: int) -> Record:
    """The record with its operands' indices moved."""
    op = TABLE[rec[0]]
    indices = tuple(i + by if i >= 0 else i for i in op.inputs(rec))
    if op.many:
        return (rec[0], indices, *rec[2:])
    return (rec[0], *indices, *rec[1 + len(indices) :])


def _in_order(old: Recording, new: Recording) -> None:
    for _, _, _, thing in new.leaves.values():
        if id(thing) not in old.leaves and _index_in(old, thing) >= 0:
            raise unimplemented(
                "A tape is entered again inside the block of another tape that "
                "watches one of its results.",
                "enter both tapes together, the first outside: "
                "with tf.GradientTape() as one, tf.GradientTape() as two:",
            )


def _index_in(recording: Recording, thing: Any) -> int:
    """The index of a leaf or a tensor there, -1 if it has none."""
    in_it = thing.__class__ is Tensor and thing._t is recording.handle
    return int(thing._i) if in_it else recording.find(thing)


def _merge_leaves(old: Recording, new: Recording, by: int) -> None:
    for key, (first, index, value, thing) in old.leaves.items():
        known = _index_in(new, thing)
        if known < 0:
            new.leaves[key] = [first + by, index + by, value, thing]
        else:
            read = old.recs[first][1]
            new.recs[first + by] = (READ, known, None, read, None, None, -1)
            new.enter("reads", first + by)


def _move_tensors(old: Recording, new: Recording, by: int) -> None:
    """Let the tensors of ``old`` be found in ``new``."""
    for index, tensor in list((old.handle.kept_indices or {}).values()):
        known = _index_in(new, tensor)
        new.handle.keep_index(tensor, known if known >= 0 else index + by)
    old.handle.moved = (new.handle, by)


_moving: dict[int, Recording] = {}
"""Tensors that are about to be pointed to a recording: ``id(tensor)`` to it.

No lock is held meanwhile: an interrupt could leave it closed for ever.
"""


def move(t: Tensor, recording: Recording, index: int) -> None:
    """Point a tensor that is watched to its new recording, if it is that one's alone.

    It is not if tapes, of another thread perhaps, write in its old one still, or if
    another thread is moving it. Then each recording looks it up among its leaves.
    """
    first = _moving.setdefault(id(t), recording) is recording
    old = t._t
    old.keep_index(t, t._i)
    t._t = SHARED
    if first and old.recs is None:
        t._i = index
        t._t = recording.handle
    if first:
        _moving.pop(id(t), None)
