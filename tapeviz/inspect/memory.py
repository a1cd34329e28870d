"""The arrays a tape keeps alive, and which of them ``del tape`` frees.

The method is that of Python's cyclic garbage collector: every object reachable from the
tape is visited. An object with more references than come from there is also held from
outside, and so is all that it leads to; the rest is freed with the tape.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import CellType, FunctionType
from typing import Any

import numpy as np

from tapeviz.engine.recording import ActiveTapes, Recording, RecordingHandle
from tapeviz.engine.records import Record
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, Variable
from tapeviz.inspect.graph_builder import op_labels
from tapeviz.trace.memory import KeptArray, Memory

_LEADS_ON = (
    GradientTape, Recording, RecordingHandle, ActiveTapes, Tensor, Variable, tuple,
    list, dict, set, np.ndarray, np.generic, FunctionType, CellType,
)  # fmt: skip


def memory(tape: GradientTape) -> Memory:
    """The bytes that each record of a tape keeps alive, and what ``del tape`` frees.

    An array is counted with the first record that holds it. A view counts as the whole
    array behind it, because that is what stays.
    """
    goes = _alone(tape)
    log = tape.records()
    seen: set[int] = set()
    records = []
    own = sorted({i for w in log.windows for i in w} | {w.index for w in log.watched})
    for i in own:
        found = {id(a): (a.nbytes, n) for n, a in _arrays(log[i]) if id(a) not in seen}
        seen |= found.keys()
        if found:
            size = sum(size for size, _ in found.values())
            freed = sum(size for key, (size, _) in found.items() if key in goes)
            what = dict.fromkeys(n for _, n in found.values())
            records.append(KeptArray(f"n{i}", size, freed, tuple(what)))
    rest = sum(log[i].nbytes for i in own)
    return Memory(tuple(records), rest, log.is_persistent, log.is_used_up)


def _arrays(record: Record) -> Iterator[tuple[str, Any]]:
    """Every array a record holds: the operand's name, "result" or "setting", and it."""
    op, values = record.op, record.values
    for label, v in zip(op_labels(op, len(values)), values, strict=False):
        yield from _named(label, v)
    yield from _named("result", record.result)
    yield from _named("setting", record.settings)


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
    """The array or number whose bytes these are."""
    while isinstance(a.base, (np.ndarray, np.generic)):
        a = a.base
    return a


def _alone(tape: GradientTape) -> set[int]:
    """The ids of the objects that are freed with a tape.

    While this counts references, no local variable may hold an object of the tape.
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
    """All objects reachable from a tape, and the positions of each one's referents.

    The list ends with a new object: its count is that of an object nobody else holds.
    """
    seen: list[Any] = [tape]
    order = {id(tape): 0}
    links: list[list[int]] = []
    while len(links) < len(seen):
        heads = []
        for one in _inside(seen[len(links)]):
            if isinstance(one, _LEADS_ON):
                if id(one) not in order:
                    order[id(one)] = len(seen)
                    seen.append(one)
                heads.append(order[id(one)])
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
