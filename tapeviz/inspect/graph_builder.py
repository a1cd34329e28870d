"""From the records of one tape to the nodes, edges and scopes of a ``Graph``.

A record holds only the values that its vjps need. The other values, which a picture
shows, are computed again here from the leaves: recording stays cheap, and only who
looks pays for it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np

from tapeviz.engine.ops import TABLE
from tapeviz.engine.primitives import Op
from tapeviz.engine.tape import GradientTape
from tapeviz.inspect.formulas import formula
from tapeviz.inspect.replay import given, replay, shape_of, value_of
from tapeviz.inspect.source.operands import operand_words
from tapeviz.inspect.source.positions import Code
from tapeviz.inspect.source.variables import (
    Names,
    containers_of,
    given_names,
    holders,
    names_of,
    tensors,
)
from tapeviz.trace.graph import Edge, Graph, Node, Scope, Span


class GraphBuilder:
    """Reads one tape: its records, values, names and code, and makes nodes of them.

    A record is meant by its index in ``records``; ``indices`` are those that are drawn.
    """

    def __init__(self, tape: GradientTape, names: Names) -> None:
        self.tape = tape
        self.records = tape.records()
        self.values = replay(self.records)
        self.own = names_of(self.records, names)
        self.holders = holders(names)
        self.held = dict(tensors(names))
        self.code = Code()
        self.indices = self._own_indices()
        self.words = self._words_in_lines()
        self.names = self._named(containers_of(self.records, names))

    def _words_in_lines(self) -> dict[tuple[int, int], str]:
        """What the learner's line calls the operand in each slot.

        Of an operation's result only where the learner has several names for it.
        """
        sites = Counter(self.records[i].call_site for i in self.indices)
        found: dict[tuple[int, int], str] = {}
        for i in self.indices:
            slots = [
                slot
                for slot, j in enumerate(self.records[i].operands)
                if j < 0 or self.kind(j) != "op" or len(self.own.get(j, ())) > 1
            ]
            span = self.span(i) if slots and self.kind(i) == "op" else None
            if span is None:
                continue
            record = self.records[i]
            count, alone = len(record.operands), sites[record.call_site] == 1
            words = operand_words(span.text, record.op.name, count, alone=alone)
            found |= {(i, slot): words[slot] for slot in slots if words[slot]}
        return found

    def _named(self, containers: dict[int, str]) -> dict[int, str]:
        """One name for each record that has any.

        The ``name=`` of a variable comes first, then the learner's own name, if there
        are several the one in the line; then the word in the line; then the object or
        list that holds it. A word that stands for several values names none of them.
        """
        meant: dict[str, set[int]] = defaultdict(set)
        spoken: dict[int, list[str]] = defaultdict(list)
        for (i, slot), word in self.words.items():
            j = self.records[i].operands[slot]
            if j >= 0:
                meant[word].add(j)
                spoken[j].append(word)
        clear = {
            j: [word for word in words if len(meant[word]) == 1]
            for j, words in spoken.items()
        }
        named = dict(given_names(self.records))
        for j, own in self.own.items():
            sure = [n for n in own if len(meant[n]) < 2 or j not in containers]
            first = [n for n in sure if n in clear.get(j, ())] or sure
            if first:
                named.setdefault(j, first[0])
        taken = set(named.values())
        for j, words in clear.items():
            if self.kind(j) != "op" and words and words[0] not in taken:
                named.setdefault(j, words[0])
        return {**containers, **named}

    def _own_indices(self) -> list[int]:
        """The records of this tape: its windows, what they read and what it watches."""
        mine = {i for window in self.records.windows for i in window}
        leaves = {one.index for one in self.records.watched}
        used = {j for i in mine for j in self.records[i].operands if j >= 0}
        leaf_ops = {i for i in mine if self.records[i].is_leaf}
        return sorted((mine - leaf_ops) | leaves | used)

    def span(self, i: int) -> Span | None:
        """The learner's code that made record ``i``; None if there is no source."""
        site = self.records[i].call_site
        return None if site is None else self.code.span(*site)

    def code_of(self, i: int) -> str:
        """The learner's code that made record ``i``; "" if there is no source."""
        span = self.span(i)
        return "" if span is None else span.text

    def shapes(self, i: int) -> list[tuple[int, ...]]:
        """The shapes of the operands of record ``i``."""
        return [shape_of(v) for v in given(self.records[i], self.values)]

    def kind(self, i: int) -> str:
        """The kind of node that record ``i`` becomes: "variable", "watched" or "op"."""
        record = self.records[i]
        return record.kind if record.is_leaf else "op"

    def node(self, i: int, **more: Any) -> Node:
        """The node of record ``i``; ``more`` are further fields of it."""
        record, kind = self.records[i], self.kind(i)
        op, leaf = record.op, kind != "op"
        name = self.names.get(i, "") or record.label
        symbol = str(record.settings[0].name) if op.name == "custom" else op.symbol
        return Node(
            f"n{i}",
            kind,
            kind if leaf else op.name,
            "" if leaf else symbol,
            "" if leaf else formula(record, self.shapes(i), self.code_of(i)),
            name,
            value_of(self.values[i]),
            self.span(i),
            nickname=op.nickname,
            **more,
        )

    def constant(self, v: Any, i: int, slot: int) -> Node:
        """The node of an operand that is not recorded."""
        name = self.constant_name(v, i, slot)
        return Node(f"k{i}_{slot}", "constant", "constant", "", "", name, value_of(v))

    def holder(self, v: Any) -> tuple[str, Any]:
        """The name and the tensor that hold a raw value; "" and None if none does."""
        return self.holders.get(id(v), ("", None)) if is_array(v) else ("", None)

    def constant_name(self, v: Any, i: int, slot: int) -> str:
        """What the learner calls an operand that is not recorded; "" for nothing.

        A word in the line that means several values names none of them.
        """
        (name, thing), word = self.holder(v), self.words.get((i, slot), "")
        if thing is not None and self.held.get(word) is thing:
            return word
        unclear = not word or word in self.names.values()
        return name or ("" if unclear or self.constant_values[word] > 1 else word)

    @cached_property
    def constant_values(self) -> dict[str, int]:
        """How many different values the constants have that a word stands for."""
        found: dict[str, set[Any]] = {}
        for (i, slot), word in self.words.items():
            if self.records[i].operands[slot] < 0:
                v = self.records[i].values[slot]
                small = isinstance(v, (bool, int, float, np.number)) or np.ndim(v) == 0
                found.setdefault(word, set()).add(repr(v) if small else id(v))
        return {word: len(values) for word, values in found.items()}


def is_array(v: Any) -> bool:
    """Whether it is a value that is itself, and no number equal to others."""
    return isinstance(v, (np.generic, np.ndarray))


def asked(tape: GradientTape) -> tuple[Any, Any]:
    """The targets and sources of the last gradient, or None for both."""
    last = tape.records().asked
    return (None, None) if last is None else (last.targets, last.sources)


def gradients(steps: Iterable[tuple[Any, ...]]) -> dict[int, Any]:
    """The gradient of every record that a backward pass reaches, from its steps."""
    found: dict[int, Any] = {}
    for i, g, parts in steps:
        found[i] = g
        found.update({index: total for _slot, index, _part, total in parts})
    return found


def picture(
    builder: GraphBuilder,
    targets: list[Any],
    sources: list[Any],
    grads: dict[int, Any] | None,
) -> Graph:
    """The graph of a builder's records, with the gradient of each in ``grads``.

    ``targets`` and ``sources`` are marked; without ``grads`` no gradient was asked for.
    """
    goals = {builder.records.index_of(t) for t in targets}
    starts = {builder.records.index_of(s) for s in sources}
    nodes: dict[str, Node] = {}
    edges: list[Edge] = []
    spotted: dict[int, str] = {}
    known = set(builder.indices)
    for i in builder.indices:
        inside = known.issuperset(j for j in builder.records[i].operands if j >= 0)
        tails = _tails(builder, i, nodes, spotted) if inside else []
        more: dict[str, Any] = {"target": i in goals, "source": i in starts}
        if grads is not None:
            g = grads.get(i)
            more["grad"] = "none" if g is None else "value"
            more["gradient"] = None if g is None else value_of(g)
        nodes[f"n{i}"] = builder.node(i, **more)
        edges += _edges(builder, i, tails) if inside else []
    blocks = builder.code.blocks(node.span for node in nodes.values() if node.span)
    return Graph(
        tuple(nodes.values()), tuple(edges), builder.code.sources(), _scopes(builder),
        blocks=tuple(blocks),
    )  # fmt: skip


def _scopes(builder: GraphBuilder) -> tuple[Scope, ...]:
    """The layers and losses whose ops are in the graph."""
    ops = [i for i in builder.indices if builder.kind(i) == "op"]
    found = []
    for scope in builder.records.scopes:
        mine = ops[bisect_left(ops, scope.start) : bisect_left(ops, scope.stop)]
        if mine:
            found.append(Scope(scope.name, f"n{mine[0]}", f"n{mine[-1]}"))
    return tuple(found)


def _tails(
    builder: GraphBuilder, i: int, nodes: dict[str, Node], spotted: dict[int, str]
) -> list[str]:
    """The ids of an op's operands; nodes of constants are added to ``nodes``."""
    record = builder.records[i]
    tails = []
    for slot, (j, v) in enumerate(zip(record.operands, record.values, strict=True)):
        key = f"n{j}" if j >= 0 else spotted.get(id(v) if is_array(v) else -1, "")
        if not key:
            made = builder.constant(v, i, slot)
            key = made.id
            nodes[key] = made
            spotted[id(v)] = key
        tails.append(key)
    return tails


def op_labels(op: Op, count: int) -> Sequence[str]:
    """What an op's formulas call its operands, of which there are ``count``."""
    return [f"x{k}" for k in range(count)] if op.many else op.operands


@cache
def _slots(code: int, count: int) -> tuple[tuple[int, str, bool], ...]:
    """The number and name of each operand slot, and whether a gradient comes back."""
    op = TABLE[code]
    rules = op.rules * count if op.many else op.rules
    found = zip(op_labels(op, count), rules, strict=False)
    return tuple((k, name, rule is not None) for k, (name, rule) in enumerate(found))


def _edges(builder: GraphBuilder, i: int, tails: list[str]) -> list[Edge]:
    op, head, shapes = builder.records[i].op, f"n{i}", builder.shapes(i)
    shape = shape_of(builder.values[i])
    may_broadcast = op.broadcasts and op.name != "matmul" and shape != ()
    ordered = len(tails) > 1 and op.ordered
    made = []
    for slot, label, ruled in _slots(op.code, len(tails)):
        tail = tails[slot]
        broadcast = may_broadcast and shapes[slot] != shape
        live = ruled and tail[0] == "n"
        cut = "" if live or tail[0] != "n" else _cut(builder, i, int(tail[1:]))
        made.append(
            Edge(f"e{i}_{slot}", tail, head, slot, label, ordered, broadcast, live, cut)
        )
    return made


_REASONS = {"stop_gradient": "stopped", "cast_whole": "integer", "custom": "custom"}


def _cut(builder: GraphBuilder, i: int, j: int) -> str:
    """Why op ``i`` passes no gradient to record ``j``: one of ``CUTS``.

    "" where no gradient would have gone on from there, as from a condition.
    """
    before = builder.records[j].op
    if before.operands and not any(before.rules):
        return ""
    if builder.values[j].dtype.kind not in "fc":
        return ""
    return _REASONS.get(builder.records[i].op.name, "step")
