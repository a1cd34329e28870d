"""The blocks of nested tapes, which share one recording, as frames of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tapeviz.engine.records import Records, given_name
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Variable
from tapeviz.inspect.graph_builder import GraphBuilder
from tapeviz.inspect.source.variables import Names
from tapeviz.trace.graph import Edge, GraphFrame, Node


def frames(
    builder: GraphBuilder, names: Names, nodes: Sequence[Node], edges: Iterable[Edge]
) -> tuple[GraphFrame, ...]:
    """A frame for each tape that recorded inside this one, and for this one.

    There is none where this tape is alone. A tape that no variable holds is not known.
    """
    tapes = _tapes(builder, names)
    ops = {int(n.id[1:]) for n in nodes if n.id[0] == "n" and n.kind == "op"}
    held = [(name, one, _covered(one, ops)) for name, one in tapes]
    held = [(name, one, indices) for name, one, indices in held if indices]
    held.sort(key=lambda h: (min(h[2]), -len(h[2]), h[1] is not builder.records))
    if len(held) < 2:
        return ()
    heads: dict[str, set[str]] = {}
    for edge in edges:
        heads.setdefault(edge.tail, set()).add(edge.head)
    members: list[tuple[str, Records, set[str]]] = []
    for name, one, indices in held:
        inside = {f"n{i}" for i in indices}
        inside |= {n.id for n in nodes if n.id[0] == "k" and heads[n.id] <= inside}
        # One frame within the other, or side by side: others cannot be drawn.
        if all(inside <= other or not inside & other for _, _, other in members):
            members.append((name, one, inside))
    _settle(members)
    order = {node.id: k for k, node in enumerate(nodes)}
    return tuple(
        GraphFrame(
            name,
            tuple(sorted((id for id in inside if id in order), key=order.__getitem__)),
            _watched(builder, one),
        )
        for name, one, inside in members
    )


def _tapes(builder: GraphBuilder, names: Names) -> list[tuple[str, Records]]:
    """The tapes that recorded inside this one by name, itself among them."""
    found: dict[int, tuple[str, Records]] = {}
    outer = builder.records
    for name, thing in list(names.items()):
        if isinstance(thing, GradientTape) and not name.startswith("_"):
            log = outer if thing is builder.tape else thing.records()
            if _within(log, outer):
                found.setdefault(id(thing), (name, log))
    found.setdefault(id(builder.tape), ("this tape", outer))
    return list(found.values())


def _within(inner: Records, outer: Records) -> bool:
    """Whether a tape recorded only while another one did, in the same recording."""
    return inner.shares(outer) and all(
        any(two.start <= one.start and one.stop <= two.stop for two in outer.windows)
        for one in inner.windows
    )


def _covered(records: Records, ops: set[int]) -> set[int]:
    """The operations that a tape recorded, among some."""
    windows = records.windows
    return {i for i in ops if any(i in window for window in windows)}


def _settle(members: list[tuple[str, Records, set[str]]]) -> None:
    """Put each leaf into the outermost frame whose tape watches it, and outer frames.

    A leaf that an outer tape watches too is outside of the inner tape's frame.
    """
    owner: dict[int, int] = {}
    for k, (_, records, _) in enumerate(members):
        for one in records.watched:
            owner.setdefault(one.index, k)
    for index, k in owner.items():
        for other in range(k + 1):
            if other == k or members[other][2] >= members[k][2]:
                members[other][2].add(f"n{index}")


def _watched(builder: GraphBuilder, records: Records) -> tuple[str, ...]:
    """What a tape watches, by name."""
    found = []
    for one in records.watched:
        name = builder.names.get(one.index, "")
        if not name and isinstance(one.thing, Variable):
            name = given_name(one.thing)
        found.append(name or "a value without a name")
    return tuple(dict.fromkeys(found))
