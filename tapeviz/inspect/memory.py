"""What a tape keeps alive: its arrays, and which of them nobody else holds.

References are counted as Python's own collector counts them. Starting from the tape,
every object it leads to is visited. One that is referred to more often than from there
has an owner elsewhere, and so has all that it leads to; the rest goes with the tape.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import CellType, FunctionType
from typing import Any

import numpy as np

from tapeviz.engine.ops import TABLE
from tapeviz.engine.recording import (
    READ,
    VARIABLE,
    WATCHED,
    ActiveTapes,
    Record,
    Recording,
    Trace,
)
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, Variable
from tapeviz.trace.memory import Kept, Memory

_SLOT, _RECORD = 8, 64
_LEADS_ON = (
    GradientTape, Recording, Trace, ActiveTapes, Tensor, Variable, tuple, list, dict, set,
    np.ndarray, np.generic, FunctionType, CellType,
)  # fmt: skip


def memory(tape: GradientTape) -> Memory:
    """The bytes that each record of a tape keeps alive, and what ``del tape`` frees.

    An array is counted with the first record that holds it. A view counts as the whole
    array behind it, because that is what stays.
    """
    goes = _alone(tape)
    recs = [] if tape._recording is None else tape._recording.recs
    seen: set[int] = set()
    kept = []
    own = _own(tape)
    for i in own:
        found = {id(a): (a.nbytes, n) for n, a in _arrays(recs[i]) if id(a) not in seen}
        seen |= found.keys()
        if found:
            size = sum(size for size, _ in found.values())
            freed = sum(size for key, (size, _) in found.items() if key in goes)
            what = dict.fromkeys(n for _, n in found.values())
            kept.append(Kept(f"n{i}", size, freed, tuple(what)))
    rest = sum(_RECORD + _SLOT * len(recs[i]) for i in own)
    return Memory(tuple(kept), rest, tape._persistent, tape._used)


def _own(tape: GradientTape) -> list[int]:
    """The places of a tape's records, and of what it watches."""
    end = 0 if tape._recording is None else len(tape._recording.recs)
    inside = {
        i
        for start, stop in tape._windows
        for i in range(start, end if stop < 0 else stop)
    }
    return sorted(inside | {place for place, _ in tape._watched.values()})


def _arrays(rec: Record) -> Iterator[tuple[str, Any]]:
    """Every array a record holds, with what it is to the record."""
    op = TABLE[rec[0]]
    if rec[0] in (VARIABLE, WATCHED):
        yield from _named("result", rec[1])
        return
    if rec[0] != READ:
        values = op.values(rec)
        labels = op.operands if not op.many else [f"x{k}" for k in range(len(values))]
        for label, v in zip(labels, values, strict=True):
            yield from _named(label, v)
    yield from _named("result", rec[-4])
    yield from _named("setting", rec[-3])


def _named(what: str, v: Any) -> Iterator[tuple[str, Any]]:
    """The arrays in a value, each as the one that owns its bytes."""
    todo = [v]
    while todo:
        one = todo.pop()
        if isinstance(one, (tuple, list)):
            todo += one
        elif isinstance(one, np.ndarray):
            yield what, _owner(one)
        elif isinstance(one, np.generic):
            yield what, one


def _owner(a: Any) -> Any:
    """The array whose bytes these are."""
    while isinstance(a.base, np.ndarray):
        a = a.base
    return a


def _alone(tape: GradientTape) -> set[int]:
    """The ids of the objects that go when a tape goes.

    While it counts, no variable may refer to what a tape leads to.
    """
    seen, links = _visited(tape)
    counts = [sys.getrefcount(one) for one in seen]
    spare = counts.pop()
    inner = [0] * len(counts)
    for heads in links:
        for k in heads:
            inner[k] += 1
    stays = {k for k, count in enumerate(counts) if k and count - spare > inner[k]}
    todo = [*stays]
    while todo:
        fresh = {*links[todo.pop()]} - stays - {0}
        stays |= fresh
        todo += fresh
    return {id(one) for k, one in enumerate(seen) if k not in stays}


def _visited(tape: GradientTape) -> tuple[list[Any], list[list[int]]]:
    """All that a tape leads to, and for each the places of what it leads to itself.

    The list ends with a fresh object: so often is referred to what nobody holds.
    """
    seen: list[Any] = [tape]
    place = {id(tape): 0}
    links: list[list[int]] = []
    while len(links) < len(seen):
        heads = []
        for one in _inside(seen[len(links)]):
            if isinstance(one, _LEADS_ON):
                if id(one) not in place:
                    place[id(one)] = len(seen)
                    seen.append(one)
                heads.append(place[id(one)])
        links.append(heads)
    del one
    seen.append(object())
    return seen, links


def _inside(one: Any) -> list[Any]:
    if isinstance(one, np.ndarray):
        return [] if one.base is None else [one.base]
    if isinstance(one, FunctionType):
        return [] if one.__closure__ is None else [one.__closure__]
    return gc.get_referents(one)
