"""A finished tape goes on inside another tape's block: its recording moves there."""

from __future__ import annotations

import gc

from tapeviz.engine.ops import TABLE
from tapeviz.engine.recording import READ, Record, Recording
from tapeviz.engine.tensor import Tensor


def splice(old: Recording, new: Recording) -> int:
    """Append a recording to the one that is being written; how far its places moved.

    What both have read is one leaf afterwards: the old one reads the new one.
    """
    by = len(new.recs)
    new.recs += [_moved(rec, by) for rec in old.recs]
    moved = [(name, start + by, stop + by) for name, start, stop in old.groups]
    new.enter("groups", *moved)
    new.enter("reads", *(place + by for place in old.reads))
    left = [(what, at + by, i + by, *rest) for what, at, i, *rest in old.events]
    new.enter("events", *left)
    new.trace.cut |= old.trace.cut
    new.trace.mixed |= old.trace.mixed
    new.tapes += old.tapes
    _merge_leaves(old, new, by)
    _move_tensors(old, new, by)
    return by


def _moved(rec: Record, by: int) -> Record:
    """The record with its operands' places moved."""
    op = TABLE[rec[0]]
    places = tuple(i + by if i >= 0 else i for i in op.inputs(rec))
    if op.many:
        return (rec[0], places, *rec[2:])
    return (rec[0], *places, *rec[1 + len(places) :])


def _merge_leaves(old: Recording, new: Recording, by: int) -> None:
    for key, (first, place, value, thing) in old.leaves.items():
        known = new.leaves.get(key)
        if known is None:
            new.leaves[key] = [first + by, place + by, value, thing]
        else:
            read = old.recs[first][1]
            new.recs[first + by] = (READ, known[0], None, read, None, None, -1)
            new.enter("reads", first + by)


def _move_tensors(old: Recording, new: Recording, by: int) -> None:
    """Give tensors with the old mark the new; the old book still finds them."""
    for place, tensor in list((old.trace.left or {}).values()):
        new.trace.leave(tensor, place + by)
    for tensor in gc.get_referrers(old.trace):
        if tensor.__class__ is Tensor and tensor._t is old.trace:
            old.trace.leave(tensor, tensor._i)
            tensor._t, tensor._i = new.trace, tensor._i + by
