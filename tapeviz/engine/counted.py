"""What a tape of several counts: one rule, in one place.

An op counts for a tape if it was recorded in one of the tape's windows, and an operand
was watched by this tape, or came from something that was, at the moment it ran.
"""

from __future__ import annotations

from typing import Any

from tapeviz.engine.asking import Seeds
from tapeviz.engine.ops import TABLE
from tapeviz.engine.recording import Record

REACHED, RECORDED = 1, 2
"""Marks of a record for one tape: its value depends on what is watched; its op counts.

A value that is watched itself is reached though its op was not recorded.
"""


def counted(tape: Any, seeds: Seeds, keep: list[int], last: int) -> Any:
    """The spans of the records that this tape may count.

    An op counts if an operand was watched, or came from something watched, at the
    moment it ran. What was recorded is more than that only if this tape watched
    something late, or shares the recording and has a target that is a source too.
    """
    recording: Any = tape._recording
    several = recording.tapes > 1 and any(tape._index_of(t) in keep for t, _ in seeds)
    if keep.count(-1) == len(keep) or not (tape._late or several):
        return spans(tape) if recording.reads else tape._windows
    marks = reached(tape, last)
    found: list[list[int]] = []
    for i in range(last):
        if marks[i] & RECORDED:
            if found and found[-1][1] == i:
                found[-1][1] = i + 1
            else:
                found.append([i, i + 1])
    return found


def choose(
    tape: Any, grads: list[Any], keep: list[int], loose: Any, sources: Any
) -> list[Any]:
    """The sources' gradients, None for what this tape does not watch."""
    marks, out = None, []
    for i, s in zip(keep, sources, strict=True):
        if i >= 0 and id(s) not in tape._watched:
            marks = marks or reached(tape, len(grads))
        known = id(s) in tape._watched or (marks is not None and marks[i])
        out.append(grads[i] if i >= 0 and known else loose.get(id(s)))
    return out


def reached(tape: Any, end: int) -> bytearray:
    """``RECORDED`` and ``REACHED`` for each record, by what this tape watches."""
    recording = tape._recording
    marks = bytearray(end)
    if recording is None:
        return marks
    begins = sorted(
        (tape._late.get(k, 0), index)
        for k, (index, _) in tape._watched.items()
        if index < end
    )
    done = 0
    for since, index in begins:
        if since > done:
            _mark_reached(tape, marks, done, since)
            done = since
        marks[index] |= REACHED
        for i in recording.reads:  # later values of a variable that is watched
            if i < since and recording.recs[i][1] == index:
                marks[i] |= REACHED | RECORDED
    _mark_reached(tape, marks, done, end)
    return marks


def _mark_reached(tape: Any, marks: bytearray, start: int, stop: int) -> None:
    """Mark the ops of a range that have an operand which is reached."""
    recs = [] if tape._recording is None else tape._recording.recs
    for first, last in spans(tape):
        for i in range(max(first, start), stop if last < 0 else min(last, stop)):
            op = TABLE[recs[i][0]]
            if not op.cut and any(j >= 0 and marks[j] for j in op.inputs(recs[i])):
                marks[i] |= REACHED | RECORDED


def spans(tape: Any) -> Any:
    """The windows, and the reads of assigned variables outside of them."""
    reads = [] if tape._recording is None else tape._recording.reads
    if not reads:
        return tape._windows
    inside = [range(a, b if b >= 0 else reads[-1] + 1) for a, b in tape._windows]
    outside = [[i, i + 1] for i in reads if not any(i in w for w in inside)]
    every: list[list[int]] = sorted(tape._windows + outside)
    return every


def only_reached(recs: list[Record], marks: bytearray) -> list[Record]:
    """The records without the operands that do not depend on what is watched."""
    out = []
    for i, rec in enumerate(recs):
        op, counts = TABLE[rec[0]], marks[i] & RECORDED
        ins = tuple(j if counts and j >= 0 and marks[j] else -1 for j in op.inputs(rec))
        out.append(
            (rec[0], ins, *rec[2:]) if op.many else (rec[0], *ins, *rec[1 + len(ins) :])
        )
    return out
