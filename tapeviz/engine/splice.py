"""Joining two recordings: a finished tape is entered again inside another's block."""

from __future__ import annotations

import gc

from tapeviz.engine.ops import TABLE
from tapeviz.engine.recording import READ, Record, Recording
from tapeviz.engine.tensor import Tensor


def splice(old: Recording, new: Recording) -> int:
    """Append ``old`` to the recording that is being written; how far indices moved.

    What both have read is one leaf afterwards: the leaf of ``old`` becomes a read of
    the leaf of ``new``.
    """
    by = len(new.recs)
    new.recs += [_moved(rec, by) for rec in old.recs]
    moved = [(name, start + by, stop + by) for name, start, stop in old.groups]
    new.enter("groups", *moved)
    new.enter("reads", *(index + by for index in old.reads))
    events = [(what, at + by, i + by, *rest) for what, at, i, *rest in old.events]
    new.enter("events", *events)
    new.handle.cut |= old.handle.cut
    new.handle.has_complex |= old.handle.has_complex
    new.tapes += old.tapes
    _merge_leaves(old, new, by)
    _move_tensors(old, new, by)
    return by


def _moved(rec: Record, by: int) -> Record:
    """The record with its operands' indices moved."""
    op = TABLE[rec[0]]
    indices = tuple(i + by if i >= 0 else i for i in op.inputs(rec))
    if op.many:
        return (rec[0], indices, *rec[2:])
    return (rec[0], *indices, *rec[1 + len(indices) :])


def _merge_leaves(old: Recording, new: Recording, by: int) -> None:
    for key, (first, index, value, thing) in old.leaves.items():
        known = new.leaves.get(key)
        if known is None:
            new.leaves[key] = [first + by, index + by, value, thing]
        else:
            read = old.recs[first][1]
            new.recs[first + by] = (READ, known[0], None, read, None, None, -1)
            new.enter("reads", first + by)


def _move_tensors(old: Recording, new: Recording, by: int) -> None:
    """Point the tensors of ``old`` to ``new``; ``old`` remembers their indices."""
    for index, tensor in list((old.handle.kept_indices or {}).values()):
        new.handle.keep_index(tensor, index + by)
    for tensor in gc.get_referrers(old.handle):
        if tensor.__class__ is Tensor and tensor._t is old.handle:
            old.handle.keep_index(tensor, tensor._i)
            tensor._t, tensor._i = new.handle, tensor._i + by
