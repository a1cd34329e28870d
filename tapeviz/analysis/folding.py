"""Large graphs fold: loops, layers and long runs become groups that can be opened.

A group is a contiguous run of recorded ops. The recording is in topological order, so
however it is cut into runs, the arrows between them point forwards.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate, count
from typing import Any, NamedTuple

from tapeviz.analysis.loops import Loop, Repetition, RepetitionFinder, pieces
from tapeviz.trace.graph import Edge, Graph

ROOM = 24
"""How many ops and groups one picture shows, at most."""

_BODY = 6
_SPLIT = 20
_NUMBER = re.compile(r"_?\d+$")


class FoldItem(NamedTuple):
    """Contiguous ops, from index ``start`` up to ``stop`` in the order of recording.

    ``kind`` is "op" (one op), "loop" (rounds that begin at ``starts``, the first of
    them being number ``first``), "round", "scope" (a layer or a loss) or "run".
    ``noun`` says what a round is ("iteration", "call"), ``container`` of what.
    ``earlier`` has the beginnings of the last few rounds before the first.
    """

    kind: str
    start: int
    stop: int
    title: str = ""
    starts: tuple[int, ...] = ()
    first: int = 1
    noun: str = ""
    container: str = ""
    earlier: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """A name that no other item of the same fold has."""
        return f"g{self.start}-{self.stop}"

    @property
    def size(self) -> int:
        """How many ops it has."""
        return self.stop - self.start

    def round(self, i: int) -> FoldItem:
        """Round number ``i`` of a loop, counted from 0."""
        start = self.starts[i]
        stop = self.starts[i + 1] if i + 1 < len(self.starts) else self.stop
        if stop - start == 1:
            return FoldItem("op", start, stop)
        title = f"{self.noun} {self.first + i} {self.container}".strip()
        return FoldItem("round", start, stop, title)

    def some(self, low: int, high: int) -> FoldItem:
        """A loop of the rounds from number ``low`` up to ``high``, counted from 0."""
        stop = (*self.starts, self.stop)[high]
        if high - low == 1:
            return self.round(low)
        starts, first = self.starts[low:high], self.first + low
        title = f"{self.noun}s {first}\u2013{first + high - low - 1} {self.container}"
        return self._replace(
            start=starts[0], stop=stop, starts=starts, first=first,
            title=title.strip(), earlier=(*self.earlier, *self.starts[:low])[-_BODY:],
        )  # fmt: skip


class Columns:
    """A graph's ops in order, and indices over them.

    ``last`` has for each op the index of the last op that uses it, or -1; ``users``
    has for each leaf the indices of the first and the last op that use it.
    """

    def __init__(self, graph: Graph) -> None:
        heads = {e.head for e in graph.edges} | {t.head for t in graph.unrecorded_edges}
        self.ops = [n for n in graph.nodes if n.kind == "op" or n.id in heads]
        self.at = at = {node.id: i for i, node in enumerate(self.ops)}
        self.last = [-1] * len(self.ops)
        self.users: dict[str, tuple[int, int]] = {}
        self._edges = sorted(graph.edges, key=lambda edge: at[edge.head])
        self._heads = [at[edge.head] for edge in self._edges]
        for edge, head in zip(self._edges, self._heads, strict=True):
            tail = at.get(edge.tail, -1)
            if tail >= 0:
                self.last[tail] = head
            else:
                low, _ = self.users.get(edge.tail, (head, head))
                self.users[edge.tail] = (low, head)

    def into(self, start: int, stop: int) -> list[Edge]:
        """The arrows into the ops from ``start`` up to ``stop``."""
        first, last = (bisect_left(self._heads, at) for at in (start, stop))
        return self._edges[first:last]

    @cached_property
    def crossing(self) -> list[int]:
        """How many values are computed before each op and used from it on."""
        change = [0] * (len(self.ops) + 2)
        for i, last in enumerate(self.last):
            if last >= 0:
                change[i + 1] += 1
                change[last + 1] -= 1
        return list(accumulate(change))


class Fold:
    """A graph as a tree of items, each level computed when it is asked for.

    ``room`` is how many ops and groups a level may show. ``views`` caches the levels
    that were asked for.
    """

    def __init__(self, graph: Graph, *, room: int = ROOM) -> None:
        self.graph = graph
        self.room = room
        self.views: dict[FoldItem, Any] = {}
        self._inside: dict[FoldItem, tuple[FoldItem, ...]] = {}

    @cached_property
    def columns(self) -> Columns:
        """The ops and arrows as lists."""
        return Columns(self.graph)

    @cached_property
    def whole(self) -> FoldItem:
        """The item that has all ops: the root."""
        return FoldItem("run", 0, len(self.columns.ops), "whole tape")

    def inside(self, item: FoldItem) -> tuple[FoldItem, ...]:
        """The items that an item consists of, in order."""
        if item not in self._inside:
            self._inside[item] = self._inner_items(item)
        return self._inside[item]

    def _inner_items(self, item: FoldItem) -> tuple[FoldItem, ...]:
        made = tuple(self._split(item))
        while len(made) == 1 and made[0].kind != "op":
            made = tuple(self._split(made[0]))
        if item is self.whole:
            made = self._exposed(made)
        return made

    def _split(self, item: FoldItem) -> Iterable[FoldItem]:
        if item.kind == "loop":
            return _rounds(item)
        if item.size <= self.room and item is not self.whole:
            return _ops(item.start, item.stop)
        items = self._items(item)
        if len(items) <= self.room:
            return self._expanded(items)
        return self._level(items)

    def _expanded(self, items: list[FoldItem]) -> list[FoldItem]:
        """The items, the largest layers divided as long as there is room."""
        for size in sorted({item.size for item in items}, reverse=True):
            expanded = [
                inner
                for item in items
                for inner in (self._items(item) if item.size == size > 1 else [item])
            ]
            if len(expanded) > self.room:
                break
            items = expanded
        return items

    # -- the items of a level --------------------------------------------------------

    @cached_property
    def _scopes(self) -> list[tuple[int, int, str]]:
        """Layers and losses by where they start, outer ones first."""
        at = self.columns.at
        known = [s for s in self.graph.scopes if s.first in at and s.last in at]
        found = [(at[s.first], at[s.last] + 1, s.name) for s in known]
        return sorted(found, key=lambda scope: (scope[0], -scope[1]))

    def _items(self, item: FoldItem) -> list[FoldItem]:
        """The ops of an item, each layer and each loss as one item."""
        items: list[FoldItem] = []
        at = item.start
        first = bisect_left(self._scopes, (at, -1, ""))
        for start, stop, name in self._scopes[first:]:
            if start >= item.stop:
                break
            whole = (start, stop) == (item.start, item.stop)
            if at <= start < stop <= item.stop and not whole and stop - start > 1:
                items += _ops(at, start)
                items.append(FoldItem("scope", start, stop, name))
                at = stop
        items += _ops(at, item.stop)
        return items

    @cached_property
    def _keys(self) -> list[int]:
        """A number for each op, the same for ops from the same place in the code."""
        numbers: dict[object, int] = defaultdict(count().__next__)
        quick: dict[tuple[int, str], int] = {}  # spans are shared, most of the time
        for n in self.columns.ops:
            if (id(n.span), n.op) not in quick:
                quick[id(n.span), n.op] = numbers[n.span, n.op]
        return [quick[id(n.span), n.op] for n in self.columns.ops]

    @cached_property
    def _repetitions(self) -> RepetitionFinder:
        return RepetitionFinder(self.graph)

    def _level(self, items: list[FoldItem]) -> list[FoldItem]:
        """Loops among the items, and the rest, made to fit into the room."""
        keys = [self._key(item) for item in items]
        one_of = dict(zip(reversed(keys), reversed(items), strict=True))
        number = {key: i for i, key in enumerate(one_of)}
        repetitions = [self._repetition(item) for item in one_of.values()]
        shapes = [
            _LoopItem(items[a:b], loop, a, repetitions[loop.key])
            if loop
            else _Plain(items[a:b], self)
            for a, b, loop in pieces([number[key] for key in keys], repetitions)
        ]
        made = self._fitting(shapes)
        if len(made) == 1 and made[0].kind == "run":
            return self.chunks(made[0].start, made[0].stop, max(2, self.room // 2))
        return made

    def _fitting(self, shapes: list[_LoopItem | _Plain]) -> list[FoldItem]:
        """The pieces, the largest of them made smaller until they fit."""
        forms = [0] * len(shapes)
        made = [shape.form(0) for shape in shapes]
        while sum(map(len, made)) > self.room:
            open_ones = [i for i, shape in enumerate(shapes) if forms[i] < shape.last]
            if not open_ones:
                return self._bundled([item for one in made for item in one])
            most = max(open_ones, key=lambda i: len(made[i]))
            forms[most] += 1
            made[most] = shapes[most].form(forms[most])
        return [item for one in made for item in one]

    def _bundled(self, items: list[FoldItem]) -> list[FoldItem]:
        """Neighbouring items together, so that few are left."""
        each = math.ceil(len(items) / max(2, self.room // 2))
        return [
            self.run(items[i].start, items[min(i + each, len(items)) - 1].stop)
            for i in range(0, len(items), each)
        ]

    def _key(self, item: FoldItem) -> object:
        if item.kind == "scope":
            return _NUMBER.sub("", item.title)
        return self._keys[item.start]

    def _repetition(self, item: FoldItem) -> Repetition:
        return self._repetitions.of(self.columns.ops[item.start].span)

    def run(self, start: int, stop: int) -> FoldItem:
        """Contiguous ops that have nothing else in common."""
        if stop - start == 1:
            return FoldItem("op", start, stop)
        return FoldItem("run", start, stop, f"operations {start + 1}\u2013{stop}")

    def chunks(self, start: int, stop: int, count: int) -> list[FoldItem]:
        """About ``count`` runs of about equal size, cut where few values pass."""
        each = math.ceil((stop - start) / max(1, count))
        slack, cuts = each // 5, [start]
        crossing = self.columns.crossing
        for even in range(start + each, stop - slack, each):
            near = range(even - slack, even + slack + 1)
            best = min(near, key=lambda i: (crossing[i], abs(i - even)))
            cuts.append(best)
        ends = [*cuts[1:], stop]
        return [self.run(a, b) for a, b in zip(cuts, ends, strict=True) if a < b]

    # -- targets ---------------------------------------------------------------------

    def _exposed(self, items: tuple[FoldItem, ...]) -> tuple[FoldItem, ...]:
        """The items, with targets as ops of their own if they are few."""
        goals = [i for i, node in enumerate(self.columns.ops) if node.target]
        if len(goals) > _BODY:
            return items
        for at in goals:
            whole = next(i for i, item in enumerate(items) if item.stop > at)
            items = (*items[:whole], *self._around_op(items[whole], at),
                     *items[whole + 1 :])  # fmt: skip
        return items

    def _around_op(self, item: FoldItem, at: int) -> Iterator[FoldItem]:
        """The item in pieces, one of which is the op."""
        if item.kind == "op":
            yield item
            return
        if item.kind == "loop":
            k, count = bisect_right(item.starts, at) - 1, len(item.starts)
            yield from [item.some(0, k)] if k else []
            yield from self._around_op(item.round(k), at)
            yield from [item.some(k + 1, count)] if k + 1 < count else []
            return
        named: dict[str, Any] = (
            {"title": item.title} if item.kind in {"round", "scope"} else {}
        )
        for start, stop in ((item.start, at), (at, at + 1), (at + 1, item.stop)):
            if start < stop:
                yield self.run(start, stop)._replace(**named)


def _ops(start: int, stop: int) -> list[FoldItem]:
    return [FoldItem("op", i, i + 1) for i in range(start, stop)]


def _rounds(item: FoldItem) -> Sequence[FoldItem]:
    """The rounds of a loop, or runs of several rounds where they are many."""
    count = len(item.starts)
    if count <= _SPLIT:
        return [item.round(i) for i in range(count)]
    each = math.ceil(count / min(_SPLIT, math.ceil(count / _SPLIT)))
    return [item.some(i, min(i + each, count)) for i in range(0, count, each)]


class _LoopItem:
    """A loop in three forms: open at its ends, as groups, and as one group."""

    last = 2

    def __init__(
        self, items: list[FoldItem], loop: Loop, shift: int, repetition: Repetition
    ) -> None:
        self.items = items
        self.cuts = [at - shift for at in loop.starts]
        starts = tuple(items[at].start for at in self.cuts)
        self.item = FoldItem(
            "loop", items[0].start, items[-1].stop, "", starts,
            noun=repetition.noun, container=repetition.container,
        )  # fmt: skip
        self.scopes = all(item.kind == "scope" for item in items)

    def form(self, number: int) -> list[FoldItem]:
        count = len(self.cuts)
        if number == 2:
            whole = self._some(0, count)
            title = f"{count} {self.item.noun}s {self.item.container}".strip()
            return [whole if self.scopes else whole._replace(title=title)]
        ends = list(range(count)) if count <= _BODY else [0, 1, count - 1]
        return list(self._shown(number, ends))

    def _items(self, k: int) -> list[FoldItem]:
        ends = [*self.cuts[1:], len(self.items)]
        return self.items[self.cuts[k] : ends[k]]

    def _shown(self, number: int, ends: list[int]) -> Iterator[FoldItem]:
        """The rounds at the ends, open or each a group; those between as one."""
        done = 0
        for k in [*ends, len(self.cuts)]:
            if done < k:
                yield self._some(done, k)
            if k < len(self.cuts):
                brief = number == 0 and len(self._items(k)) <= _BODY
                yield from self._items(k) if brief else [self._some(k, k + 1)]
            done = k + 1

    def _some(self, low: int, high: int) -> FoldItem:
        if high - low == 1 and len(self._items(low)) == 1:
            return self._items(low)[0]
        item = self.item.some(low, high)
        if not self.scopes or item.kind == "op":
            return item
        ends = [*self.cuts[1:], len(self.items)]
        first, last = self.items[self.cuts[low]], self.items[ends[high - 1] - 1]
        return item._replace(title=f"{first.title} to {last.title}")


class _Plain:
    """Items one after the other: open, or in some runs, or in one."""

    last = 2

    def __init__(self, items: list[FoldItem], fold: Fold) -> None:
        self.items = items
        self.fold = fold

    def form(self, number: int) -> list[FoldItem]:
        if number == 0:
            return self.items
        start, stop = self.items[0].start, self.items[-1].stop
        few = math.ceil((stop - start) / self.fold.room)
        return self.fold.chunks(start, stop, min(few, 12) if number == 1 else 1)
