"""A tape of the learner's own making, played with our player.

A lesson lets the learner write a small tape: a list with one entry for each operation.
``replay`` reads such a list, walks back over it as the learner's own loop does, and
gives the same film that a tape of tapeviz would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from tapeviz.errors import value_error
from tapeviz.trace.backward_pass import BackwardPass, Contribution, Step
from tapeviz.trace.graph import Edge, Graph, Node
from tapeviz.trace.value import Value, factor, format_number

if TYPE_CHECKING:
    from tapeviz.views.player import Player

Entry: TypeAlias = "tuple[str, Any, Sequence[tuple[Any, float]]]"
"""One operation: its sign, its result, each operand with the local derivative."""

_RULE = "g * slope"


def replay(tape: Sequence[Entry], target: Any, **names: Any) -> Player:
    """The film of the way back over a tape that is a list.

    Each entry is ``(sign, result, parts)``, where ``parts`` has for each operand the
    pair of the operand and the result's derivative with respect to it. Results and
    operands are any things with a ``value``. ``names`` says what the things are called,
    and so which gradients are wanted; a result without a name is called after its index
    on the tape. ValueError if an entry has another form, or the target is not there.

    >>> class Number:
    ...     def __init__(self, value):
    ...         self.value = value
    >>> x, y = Number(3.0), Number(9.0)
    >>> replay([("*", y, [(x, 3.0), (x, 3.0)])], y, x=x, y=y).run.results[0].entry
    6.0
    """
    from tapeviz.views.player import Player

    return Player(sweep(tape, target, names))


def sweep(tape: Sequence[Entry], target: Any, names: Mapping[str, Any]) -> BackwardPass:
    """The backward pass of ``replay`` as frozen data."""
    ids = _Ids()
    edges = [edge for entry in tape for edge in _edges(_checked(entry), ids)]
    if id(target) not in ids.known:
        raise value_error(
            "the target is not on this tape",
            "give the thing that the last operation returned",
        )
    walk = _walk(tape, target, ids)
    called = {ids[result]: f"tape[{i}]" for i, (_, result, _) in enumerate(tape)}
    given = {ids[it]: name for name, it in names.items() if id(it) in ids.known}
    called |= given
    sources = tuple(node for node in given if node != ids[target])
    nodes = tuple(
        _node(it, called, ids[target], sources, walk) for it in ids.entries(tape)
    )
    found = (walk.total.get(source) for source in sources)
    return BackwardPass(
        Graph(nodes, tuple(edges)), (ids[target],), (_value(1.0),), sources,
        tuple(walk.steps),
        tuple(None if total is None else _value(total) for total in found),
    ).validate()  # fmt: skip


class _Ids:
    """The id of each thing: operands before the operations that use them."""

    def __init__(self) -> None:
        self.known: dict[int, str] = {}
        self.things: list[Any] = []

    def __getitem__(self, thing: Any) -> str:
        if id(thing) not in self.known:
            self.known[id(thing)] = f"n{len(self.known)}"
            self.things.append(thing)
        return self.known[id(thing)]

    def entries(self, tape: Sequence[Entry]) -> list[tuple[str, str, Any]]:
        """For each thing its id, the sign that made it (or ""), and itself."""
        signs = {id(result): sign for sign, result, _parts in tape}
        return [(self[it], signs.get(id(it), ""), it) for it in self.things]


def _checked(entry: Any) -> Entry:
    try:
        sign, result, parts = entry
        pairs = [(operand, float(slope)) for operand, slope in parts]
        for thing in (result, *(operand for operand, _ in pairs)):
            float(thing.value)
    except (TypeError, ValueError, AttributeError) as error:
        raise value_error(
            f"an entry of the tape is not (sign, result, parts): {error}",
            "write it like this: ('*', y, [(a, b.value), (b, a.value)])",
        ) from None
    return str(sign), result, pairs


def _edges(entry: Entry, ids: _Ids) -> list[Edge]:
    _sign, result, parts = entry
    tails = [ids[operand] for operand, _slope in parts]
    head = ids[result]
    return [
        Edge(f"e{head[1:]}_{slot}", tail, head, slot, "ab"[slot : slot + 1])
        for slot, tail in enumerate(tails)
    ]


@dataclass
class _BackwardWalk:
    """The backward pass so far: its steps, and the gradient summed up at each node."""

    steps: list[Step]
    total: dict[str, float]


def _walk(tape: Sequence[Entry], target: Any, ids: _Ids) -> _BackwardWalk:
    walk = _BackwardWalk([], {ids[target]: 1.0})
    for _sign, result, parts in reversed(tape):
        upstream = walk.total.get(ids[result])
        if upstream is not None:
            made = _contributions(ids, result, parts, upstream, walk.total)
            walk.steps.append(Step(ids[result], _value(upstream), made))
    _mark_last(walk)
    return walk


def _contributions(
    ids: _Ids, result: Any, parts: Any, upstream: float, total: dict[str, float]
) -> tuple[Contribution, ...]:
    head, made = ids[result], []
    for slot, (operand, given) in enumerate(parts):
        tail, slope = ids[operand], float(given)
        total[tail] = total.get(tail, 0.0) + upstream * slope
        filled = " * ".join(factor(format_number(v, 6)) for v in (upstream, slope))
        part = Contribution(
            f"e{head[1:]}_{slot}", tail, _RULE, filled, _value(upstream * slope),
            _value(total[tail]), last=False, local="slope", local_value=_value(slope),
        )  # fmt: skip
        made.append(part)
    return tuple(made)


def _mark_last(walk: _BackwardWalk) -> None:
    """Say of the last contribution to each node that its sum is complete."""
    seen: set[str] = set()
    for i in reversed(range(len(walk.steps))):
        parts = []
        for part in reversed(walk.steps[i].contributions):
            parts.append(replace(part, last=part.node not in seen))
            seen.add(part.node)
        walk.steps[i] = replace(walk.steps[i], contributions=tuple(reversed(parts)))


def _value(number: float) -> Value:
    return Value("float64", (), (float(number),))


def _node(
    entry: tuple[str, str, Any], called: Mapping[str, str], target: str,
    sources: Sequence[str], walk: _BackwardWalk,
) -> Node:  # fmt: skip
    id, sign, thing = entry
    kind = "op" if sign else "variable" if id in sources else "constant"
    total = walk.total.get(id)
    node = Node(
        id, kind, sign or kind, sign, "", called.get(id, ""), _value(thing.value),
        target=id == target, source=id in sources, grad="none",
    )  # fmt: skip
    if total is None:
        return node
    return replace(node, grad="value", gradient=_value(total))
