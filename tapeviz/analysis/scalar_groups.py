"""A long computation of single numbers as groups within groups.

The learner's functions are groups. Where a group would show more than fits, what
follows each other on one line becomes one, then what leads to each result, then what
repeats; and at last neighbours, in equal parts.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from tapeviz.analysis.folding import ROOM
from tapeviz.trace.backward_pass import BackwardPass, Contribution, Step
from tapeviz.trace.graph import Edge, Graph, Node, Note
from tapeviz.trace.scalars import ScalarGraph
from tapeviz.trace.value import Summary, Value
from tapeviz.wording.values import counted

_SINGLE = 36  # so many single operations may stand beside each other
_OUTER = 12  # and so many groups on the outermost level, which is seen first
_UNNAMED = 5  # fewer of them where nothing is known but their numbers
_RUN = 4
_PERIOD = 24
_ALIKE = 0.8
_FEW_INPUTS = 8


@dataclass(frozen=True)
class ScalarGroup:
    """Operations ``start`` to ``stop`` under a title; ``parts`` are groups in it.

    A title of "" says that nothing is known of them but their numbers.
    """

    start: int
    stop: int
    title: str
    parts: tuple[ScalarGroup, ...] = ()

    @property
    def size(self) -> int:
        """How many operations it has."""
        return self.stop - self.start

    @property
    def id(self) -> str:
        """A name that no other one has."""
        one = self.size == 1
        return f"n{self.start}" if one else f"g{self.start}-{self.stop}"

    def rows(self, depth: int = 0) -> Iterator[tuple[int, int, int, str]]:
        """It and what is in it: start, stop, depth, title."""
        yield self.start, self.stop, depth, self.title
        for part in self.parts:
            yield from part.rows(depth + 1)


_Item = ScalarGroup
"""A group, or a single operation without a title."""


class Grouping:
    """The groups of a computation; operations are counted after the leaves."""

    def __init__(self, graph: ScalarGraph) -> None:
        self.graph = graph
        count = graph.size - graph.leaves
        self.last = [-1] * graph.size
        ends = graph.first
        parents = graph.parents
        for i in range(graph.leaves, graph.size):
            for j in parents[ends[i] : ends[i + 1]]:
                self.last[j] = i
        whole = ScalarGroup(graph.leaves, graph.size, "whole tape", self._called())
        while len(whole.parts) == 1 and whole.parts[0].size == count:
            (whole,) = whole.parts
        self.whole = self._divided(whole)

    def _called(self) -> tuple[ScalarGroup, ...]:
        """The calls of functions, as groups in groups."""
        shift, todo = self.graph.leaves, list(reversed(self.graph.calls))

        def parts(depth: int) -> tuple[ScalarGroup, ...]:
            found = []
            while todo and todo[-1].depth == depth:
                call = todo.pop()
                inner = parts(depth + 1)
                if call.stop - call.start > 1:
                    group = (call.start + shift, call.stop + shift, call.name, inner)
                    found.append(ScalarGroup(*group))
            return _numbered(found)

        return parts(0)

    @property
    def _reductions(
        self,
    ) -> tuple[Callable[[list[_Item], ScalarGroup], list[_Item]], ...]:
        """The ways to show less, those that say most coming first."""
        return self._runs, self._results, self._lists, self._periods, self._even

    def _is_outermost(self, group: ScalarGroup) -> bool:
        return group.size == self.graph.size - self.graph.leaves

    def _divided(self, group: ScalarGroup) -> ScalarGroup:
        """A group and all in it, none of which shows more than there is room for."""
        items = [*self.items_of(group)]
        room = (
            _OUTER if group.size == len(self.graph.kind) - self.graph.leaves else ROOM
        )
        for reduce in self._reductions:
            if len(items) > (room if any(one.size > 1 for one in items) else _SINGLE):
                items = reduce(items, group)
        parts = (self._divided(one) for one in items if one.size > 1)
        return ScalarGroup(group.start, group.stop, group.title, tuple(parts))

    def items_of(self, group: ScalarGroup) -> Iterator[_Item]:
        """The groups in a group, and its single operations, in their order."""
        at = group.start
        for part in group.parts:
            yield from (ScalarGroup(i, i + 1, "") for i in range(at, part.start))
            yield part
            at = part.stop
        yield from (ScalarGroup(i, i + 1, "") for i in range(at, group.stop))

    # -- ways to make fewer of them --------------------------------------------------

    def _runs(self, items: list[_Item], _group: ScalarGroup) -> list[_Item]:
        """Operations that follow each other on one line together."""
        line, made = self.graph.line, list[list[_Item]]()
        for item in items:
            before = made[-1][-1] if made else None
            alike = before is not None and item.size == before.size == 1
            if before and alike and line[item.start] == line[before.start]:
                made[-1].append(item)
            else:
                made.append([item])
        if len(made) == 1:
            return items
        return [
            one
            for run in made
            for one in (
                [self._together(run, self._line(run[0].start))]
                if len(run) >= _RUN
                else run
            )
        ]

    def _line(self, i: int) -> str:
        return self.graph.lines[self.graph.line[i]][2]

    def _results(self, items: list[_Item], group: ScalarGroup) -> list[_Item]:
        """What leads to each number that is used outside of the group."""
        ends = [k for k, one in enumerate(items) if self._leaves(one, group.stop)]
        if not 1 < len(ends) <= len(items) / 2:
            return items
        cuts = [0, *(k + 1 for k in ends)]
        parts = [items[a:b] for a, b in pairwise(cuts)]
        made = [
            self._together(part, f"result {k}{self._of(part)}")
            for k, part in enumerate(parts, 1)
        ]
        return [*made, *items[cuts[-1] :]]

    def _lists(self, items: list[_Item], _group: ScalarGroup) -> list[_Item]:
        """The results that belong to one list of lists together."""
        parts = [
            (name, list(own))
            for name, own in groupby(items, lambda one: holder(_list_of(one)))
        ]
        if not 1 < len(parts) <= ROOM:
            return items
        return [
            one
            for name, own in parts
            for one in ([self._together(own, name)] if name else own)
        ]

    def _of(self, part: Sequence[_Item]) -> str:
        """The list of numbers that goes in, if there is only one."""
        names, first = self.graph.names, self.graph.first
        used = self.graph.parents[first[part[0].start] : first[part[-1].stop]]
        lists = {names[j].rpartition("[")[0] for j in used if j in names}
        return f" \u00b7 {lists.pop()}" if len(lists) == 1 else ""

    def _leaves(self, item: _Item, stop: int) -> bool:
        return any(self.last[i] >= stop for i in range(item.start, item.stop))

    def _periods(self, items: list[_Item], _group: ScalarGroup) -> list[_Item]:
        """What comes again and again as one each."""
        keys = [self._key(one) for one in items]
        for p in range(2, _PERIOD if len({*keys}) > 1 else 2):
            pairs = list(zip(keys, keys[p:], strict=False))
            if pairs and sum(a == b for a, b in pairs) >= _ALIKE * len(pairs):
                return self._chunks(items, p)
        return items

    def _key(self, item: _Item) -> str:
        if item.size == 1:
            return self.graph.ops[self.graph.kind[item.start]].name
        return _plain(item).rstrip("0123456789")

    def _even(self, items: list[_Item], group: ScalarGroup) -> list[_Item]:
        room = _UNNAMED if self._is_outermost(group) else ROOM
        return self._chunks(items, max(ROOM // 2, math.ceil(len(items) / room)))

    def _chunks(self, items: list[_Item], each: int) -> list[_Item]:
        parts = [items[k : k + each] for k in range(0, len(items), each)]
        return [self._together(part, self._common_title(part)) for part in parts]

    def _common_title(self, part: Sequence[_Item]) -> str:
        """What a row of items is called: as its greatest, or from first to last."""
        first, last = part[0], part[-1]
        if first.title and self._key(first) == self._key(last) and first is not last:
            return f"{_plain(first)}\u2013{_plain(last).rpartition(' ')[2]}"
        most = max(part, key=lambda one: one.size)
        return f"{most.title} \u2026" if most.title else ""

    def _together(self, part: Sequence[_Item], title: str) -> _Item:
        if len(part) == 1:
            return part[0]
        inner = tuple(one for one in part if one.size > 1)
        return ScalarGroup(part[0].start, part[-1].stop, title, inner)


def _plain(item: ScalarGroup) -> str:
    """An item's title without what goes in."""
    return item.title.partition(" \u00b7 ")[0]


def _list_of(item: ScalarGroup) -> str:
    """What goes into an item, as its title says."""
    return item.title.partition(" \u00b7 ")[2]


def _numbered(groups: list[ScalarGroup]) -> tuple[ScalarGroup, ...]:
    """Groups of one name with a number each."""
    count, seen = Counter(one.title for one in groups), Counter[str]()
    made = []
    for one in groups:
        seen[one.title] += 1
        more = f" {seen[one.title]}" if count[one.title] > 1 else ""
        made.append(ScalarGroup(one.start, one.stop, f"{one.title}{more}", one.parts))
    return tuple(made)


# -- the outermost level as a graph of its own ---------------------------------------

_INDICES, _ROOT = re.compile(r"(\[\d+\])+$"), re.compile(r"[.\[]")


def holder(name: str) -> str:
    """What holds a number, by the number's name.

    >>> holder("w['wq'][3][5]"), holder("bias")
    ("w['wq']", 'bias')
    """
    return _INDICES.sub("", name)


UNNAMED = (
    "Which functions ran is not known: with tapeviz.lines_of(...) around the code the "
    "groups are these functions."
)


class OuterLevel:
    """The outermost level as a ``Graph``, and the backward pass through it."""

    def __init__(self, grouping: Grouping) -> None:
        self.scalars, self.grouping = grouping.graph, grouping
        self.items: list[tuple[str, int, int, str]] = []
        self.owner = [-1] * self.scalars.size
        for item in grouping.items_of(grouping.whole):
            self.owner[item.start : item.stop] = [len(self.items)] * item.size
            self.items.append((item.id, item.start, item.stop, item.title))
        self.flows = self._flows()
        self.inputs = self._inputs()

    def _flows(self) -> dict[tuple[int, int], list[int]]:
        """The operands that lead from one item to another, or from a leaf to an item.

        A leaf has the number that it has as a node, but negative: -1 - i.
        """
        whole, owner, found = (
            self.scalars,
            self.owner,
            dict[tuple[int, int], list[int]](),
        )
        ends, parents = whole.first, whole.parents
        for i in range(whole.leaves, whole.size):
            head = owner[i]
            for k in range(ends[i], ends[i + 1]):
                j = parents[k]
                tail = owner[j] if j >= whole.leaves else -1 - j
                if tail != head:
                    found.setdefault((tail, head), []).append(k)
        return found

    def _inputs(self) -> list[tuple[str, list[int]]]:
        """The leaves with names, those of one list or matrix together."""
        held: dict[str, list[int]] = {}
        for i in range(self.scalars.leaves):
            name = holder(self.scalars.names.get(i, ""))
            if name or self.scalars.ops[self.scalars.kind[i]].name != "constant":
                held.setdefault(name, []).append(i)
        heads: dict[int, set[int]] = {}
        for tail, head in self.flows:
            heads.setdefault(-1 - tail, set()).add(head)
        used = {
            name: frozenset(h for i in own for h in heads.get(i, ()))
            for name, own in held.items()
        }
        every = [name for name, users in used.items() if users]
        keys: tuple[Callable[[str], object], ...] = (str, used.__getitem__, _root)
        groups = [_grouped(every, key) for key in keys]
        chosen = next((g for g in groups if len(g) <= _FEW_INPUTS), groups[-1])
        roots = Counter(root for group in chosen for root in {*map(_root, group)})
        return [
            (_listed(names, roots), [i for name in names for i in held[name]])
            for names in chosen
        ]

    def graph(self) -> Graph:
        """The groups, the single operations and what goes into them."""
        inputs = [self._input(k) for k in range(len(self.inputs))]
        return Graph(
            (*inputs, *map(self._node, range(len(self.items)))),
            tuple(edge for edge, _ in self._edges()),
            notes=() if self.scalars.calls else (Note("more", UNNAMED),),
        )

    def backward_pass(self) -> BackwardPass:
        """A step for each item, last ones first, that adds to all that it uses."""
        graph, sums = self.graph(), _Sums(self)
        inputs_of: dict[str, list[tuple[Edge, list[int]]]] = {}
        for edge, operands in self._edges():
            if edge.live:
                sums.left[edge.tail] += 1
                inputs_of.setdefault(edge.head, []).append((edge, operands))
        steps = []
        for k in range(len(self.items) - 1, -1, -1):
            id, start, stop, _ = self.items[k]
            upstream = graph.by_id[id].gradient
            if upstream and id in inputs_of:
                rule = f"back through {counted(stop - start, 'operation')}"
                made = [sums.add(edge, own, rule) for edge, own in inputs_of[id]]
                steps.append(Step(id, upstream, tuple(made)))
        target = self.items[self.owner[self.scalars.target]][0]
        asked = [n for n in graph.nodes if n.source]
        return BackwardPass(
            graph, (target,), (self.value([1.0]),), tuple(n.id for n in asked),
            tuple(steps), tuple(n.gradient for n in asked),
            tuple(n.name for n in asked),
        ).validate()  # fmt: skip

    def nodes(self, id: str) -> list[int]:
        """The nodes whose values and gradients a box shows: what is used outside."""
        if id[0] == "v":
            return self.inputs[int(id[1:])][1]
        _, start, stop, _ = next(item for item in self.items if item[0] == id)
        target = self.scalars.target
        if start <= target < stop:
            return [target]
        last = self.grouping.last
        return [i for i in range(start, stop) if last[i] >= stop] or [stop - 1]

    def _edges(self) -> Iterator[tuple[Edge, list[int]]]:
        """An arrow for all operands from one item or input to an item."""
        of = {i: k for k, (_, own) in enumerate(self.inputs) for i in own}
        found: dict[tuple[str, str], list[int]] = {}
        for (tail, head), operands in self.flows.items():
            k = of.get(-1 - tail, -1)
            id = self.items[tail][0] if tail >= 0 else f"v{k}" if k >= 0 else ""
            if id:
                found.setdefault((id, self.items[head][0]), []).extend(operands)
        for (one, other), operands in found.items():
            live = not all(math.isnan(self.scalars.contributions[k]) for k in operands)
            text = counted(len(operands), "use") if len(operands) > 1 else ""
            yield Edge(f"{one}.{other}", one, other, 0, text, live=live), operands

    def _input(self, k: int) -> Node:
        whole, (name, own) = self.scalars, self.inputs[k]
        kind = whole.ops[whole.kind[own[0]]].name
        value = self.value([whole.value[i] for i in own])
        more = {"source": not {*whole.sources}.isdisjoint(own), **self._gradient(own)}
        return Node(f"v{k}", kind, kind, "", "", name, value, **more)

    def _node(self, item: int) -> Node:
        whole, (id, start, stop, title) = self.scalars, self.items[item]
        own = self.nodes(id)
        about = whole.ops[whole.kind[own[-1]]]
        more: dict[str, Any] = {"target": own == [whole.target], **self._gradient(own)}
        name = whole.names.get(own[0], "") if len(own) == 1 else ""
        value = self.value([whole.value[i] for i in own])
        if stop - start == 1:
            texts = (about.name, about.symbol, about.formula)
            return Node(id, "op", *texts, name, value, **more)
        size = counted(stop - start, "operation")
        base = whole.leaves
        shown = title or f"operations {start - base + 1}\u2013{stop - base}"
        return Node(id, "group", "group", "", shown, name, value, nickname=size, **more)

    def _gradient(self, nodes: list[int]) -> dict[str, Any]:
        found = [self.scalars.gradient[i] for i in nodes]
        if all(map(math.isnan, found)):
            return {"grad": "none"}
        return {"grad": "value", "gradient": self.value(found)}

    def value(self, numbers: Sequence[float]) -> Value:
        """A number, or several as an array that is told in brief."""
        if len(numbers) == 1:
            return Value(self.scalars.dtype, (), (numbers[0],))
        fine = [v for v in numbers if math.isfinite(v)] or [0.0]
        mean, odd = math.fsum(fine) / len(fine), sum(map(math.isinf, numbers))
        about = Summary(min(fine), mean, max(fine), odd, ())
        return Value(self.scalars.dtype, (len(numbers),), None, about)


class _Sums:
    """The gradients of the boxes as they add up; ``left`` counts what is to come."""

    def __init__(self, level: OuterLevel) -> None:
        self.level, self.left = level, Counter[str]()
        self._positions: dict[str, dict[int, int]] = {}
        self._sums: dict[str, list[float]] = {}

    def add(self, edge: Edge, operands: list[int], rule: str) -> Contribution:
        """What an arrow adds to each number of the box that it comes from."""
        whole, tail = self.level.scalars, edge.tail
        if tail not in self._positions:
            nodes = self.level.nodes(tail)
            self._positions[tail] = {i: k for k, i in enumerate(nodes)}
            self._sums[tail] = [0.0] * len(nodes)
        given, total = [0.0] * len(self._sums[tail]), self._sums[tail]
        for k in operands:
            position, d = (
                self._positions[tail][whole.parents[k]],
                whole.contributions[k],
            )
            if not math.isnan(d):
                given[position] += d
                total[position] += d
        self.left[tail] -= 1
        values = self.level.value(given), self.level.value(total)
        return Contribution(edge.id, tail, rule, rule, *values, not self.left[tail])


def _grouped(names: list[str], key: Callable[[str], object]) -> list[list[str]]:
    """Names together that have one key."""
    found: dict[object, list[str]] = {}
    for name in names:
        found.setdefault(key(name), []).append(name)
    return list(found.values())


def _root(name: str) -> str:
    """The variable that a path of names begins with."""
    return _ROOT.split(name)[0]


def _listed(names: list[str], roots: Counter[str]) -> str:
    """The variable that holds them alone, or one name and how many others there are."""
    if len(names) == 1:
        return names[0]
    own = {*map(_root, names)}
    alone = len(own) == 1 and roots[_root(names[0])] == 1
    return own.pop() if alone else f"{names[0]} and {len(names) - 1} more"
