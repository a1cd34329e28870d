"""Large graphs fold: loops, layers and long runs become groups that can be opened.

A group is a stretch of the recording. Ops are recorded in an order in which every
operand comes first, so whatever the stretches are, arrows between them run forwards.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from tapeviz.analysis.loops import Loop, Repetition, Surroundings, pieces
from tapeviz.trace.graph import Edge, Graph

ROOM = 24
"""How many ops and groups one picture shows, at most."""

_BODY = 6
_SPLIT = 20
_NUMBER = re.compile(r"_?\d+$")


class Part(NamedTuple):
    """A stretch of the ops, ``start`` to ``stop`` in the order of recording.

    ``kind`` is "op" (one op), "loop" (rounds that begin at ``starts``, the first of
    them being number ``first``), "round", "scope" (a layer or a loss) or "run".
    ``noun`` says what a round is ("iteration", "call"), ``place`` of what. ``earlier``
    has the beginnings of the last few rounds before the first.
    """

    kind: str
    start: int
    stop: int
    title: str = ""
    starts: tuple[int, ...] = ()
    first: int = 1
    noun: str = ""
    place: str = ""
    earlier: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """A name that no other part within the same whole has."""
        return f"g{self.start}-{self.stop}"

    @property
    def size(self) -> int:
        """How many ops it has."""
        return self.stop - self.start

    def round(self, i: int) -> Part:
        """Round number ``i`` of a loop, counted from 0."""
        start = self.starts[i]
        stop = self.starts[i + 1] if i + 1 < len(self.starts) else self.stop
        if stop - start == 1:
            return Part("op", start, stop)
        title = f"{self.noun} {self.first + i} {self.place}".strip()
        return Part("round", start, stop, title)

    def some(self, low: int, high: int) -> Part:
        """A loop of the rounds from number ``low`` up to ``high``, counted from 0."""
        stop = (*self.starts, self.stop)[high]
        if high - low == 1:
            return self.round(low)
        starts, first = self.starts[low:high], self.first + low
        title = f"{self.noun}s {first}\u2013{first + high - low - 1} {self.place}"
        return self._replace(
            start=starts[0], stop=stop, starts=starts, first=first,
            title=title.strip(), earlier=(*self.earlier, *self.starts[:low])[-_BODY:],
        )  # fmt: skip


class Columns:
    """A graph's ops in order, with what the folding asks of them.

    ``last`` has the last op that uses each op, or -1; ``users`` the first and the last
    op that use each leaf.
    """

    def __init__(self, graph: Graph) -> None:
        heads = {e.head for e in graph.edges} | {t.head for t in graph.trails}
        self.ops = [n for n in graph.nodes if n.kind == "op" or n.id in heads]
        self.at = at = {node.id: i for i, node in enumerate(self.ops)}
        self.last = [-1] * len(self.ops)
        self.users: dict[str, tuple[int, int]] = {}
        self._edges = sorted(graph.edges, key=lambda edge: at[edge.head])
        self._first = [0] * (len(self.ops) + 1)
        for edge in self._edges:
            head, tail = at[edge.head], at.get(edge.tail, -1)
            self._first[head + 1] += 1
            if tail >= 0:
                self.last[tail] = head
            else:
                low, _ = self.users.get(edge.tail, (head, head))
                self.users[edge.tail] = (low, head)
        for i in range(len(self.ops)):
            self._first[i + 1] += self._first[i]

    def into(self, start: int, stop: int) -> list[Edge]:
        """The arrows into the ops from ``start`` up to ``stop``."""
        return self._edges[self._first[start] : self._first[stop]]

    @cached_property
    def crossing(self) -> list[int]:
        """How many values are computed before each op and used from it on."""
        change = [0] * (len(self.ops) + 2)
        for i, last in enumerate(self.last):
            if last >= 0:
                change[i + 1] += 1
                change[last + 1] -= 1
        found, now = [], 0
        for step in change:
            now += step
            found.append(now)
        return found


class Fold:
    """A graph as parts within parts; nothing is worked out before it is asked for.

    ``room`` is how many ops and groups a level may show. ``views`` keeps the levels
    that were asked for.
    """

    def __init__(self, graph: Graph, *, room: int = ROOM) -> None:
        self.graph = graph
        self.room = room
        self.views: dict[Part, Any] = {}
        self._inside: dict[Part, tuple[Part, ...]] = {}

    @cached_property
    def columns(self) -> Columns:
        """The ops and arrows as lists."""
        return Columns(self.graph)

    @cached_property
    def whole(self) -> Part:
        """The part that has all ops."""
        return Part("run", 0, len(self.columns.ops), "whole tape")

    def inside(self, part: Part) -> tuple[Part, ...]:
        """The parts of a part, in order; together they have just its ops."""
        if part not in self._inside:
            self._inside[part] = self._parts(part)
        return self._inside[part]

    def parts(self) -> Iterator[Part]:
        """All parts, those that a part has after it."""
        todo = [self.whole]
        while todo:
            part = todo.pop()
            yield part
            if part.kind != "op":
                todo.extend(reversed(self.inside(part)))

    def _parts(self, part: Part) -> tuple[Part, ...]:
        made = tuple(self._split(part))
        while len(made) == 1 and made[0].kind != "op":
            made = tuple(self._split(made[0]))
        if part is self.whole:
            made = self._exposed(made)
        return made

    def _split(self, part: Part) -> Iterable[Part]:
        if part.kind == "loop":
            return _rounds(part)
        if part.size <= self.room and part is not self.whole:
            return _ops(part.start, part.stop)
        items = self._items(part)
        if len(items) <= self.room:
            return self._opened(items)
        return self._level(items)

    def _opened(self, items: list[Part]) -> list[Part]:
        """The items, with the largest layers opened as long as there is room."""
        for size in sorted({item.size for item in items}, reverse=True):
            opened = [
                inner
                for item in items
                for inner in (self._items(item) if item.size == size > 1 else [item])
            ]
            if len(opened) > self.room:
                break
            items = opened
        return items

    # -- the items of a level --------------------------------------------------------

    @cached_property
    def _scopes(self) -> list[tuple[int, int, str]]:
        """Layers and losses by where they start, outer ones first."""
        at = self.columns.at
        found = [
            (at[s.first], at[s.last] + 1, s.name)
            for s in self.graph.scopes
            if s.first in at and s.last in at
        ]
        found = [(start, stop, name) for start, stop, name in found if start < stop]
        return sorted(found, key=lambda scope: (scope[0], -scope[1]))

    def _items(self, part: Part) -> list[Part]:
        """The ops of a part, layers and losses as one."""
        items: list[Part] = []
        at = part.start
        first = bisect_left(self._scopes, (at, -1, ""))
        for start, stop, name in self._scopes[first:]:
            if start >= part.stop:
                break
            whole = (start, stop) == (part.start, part.stop)
            if at <= start < stop <= part.stop and not whole and stop - start > 1:
                items += _ops(at, start)
                items.append(Part("scope", start, stop, name))
                at = stop
        items += _ops(at, part.stop)
        return items

    @cached_property
    def _keys(self) -> list[int]:
        """Where each op comes from, as a number."""
        numbers: dict[object, int] = {}
        quick: dict[tuple[int, str], int] = {}  # spans are shared, most of the time
        found = []
        for n in self.columns.ops:
            key = (id(n.span), n.op)
            if key not in quick:
                quick[key] = numbers.setdefault((n.span, n.op), len(numbers))
            found.append(quick[key])
        return found

    @cached_property
    def _surroundings(self) -> Surroundings:
        return Surroundings(self.graph.sources)

    def _level(self, items: list[Part]) -> list[Part]:
        """Loops among the items, and the rest, made to fit into the room."""
        keys = [self._key(item) for item in items]
        one_of = dict(zip(reversed(keys), reversed(items), strict=True))
        number = {key: i for i, key in enumerate(one_of)}
        around = [self._around(item) for item in one_of.values()]
        shapes = [
            _Loop(items[a:b], loop, a, around[loop.key])
            if loop
            else _Plain(items[a:b], self)
            for a, b, loop in pieces([number[key] for key in keys], around)
        ]
        made = self._fit(shapes)
        if len(made) == 1 and made[0].kind == "run":
            return self.chunks(made[0].start, made[0].stop, max(2, self.room // 2))
        return made

    def _fit(self, shapes: list[_Loop | _Plain]) -> list[Part]:
        """The pieces, the largest of them made smaller until they fit."""
        forms = [0] * len(shapes)
        made = [shape.form(0) for shape in shapes]
        while sum(map(len, made)) > self.room:
            open_ones = [i for i, shape in enumerate(shapes) if forms[i] < shape.last]
            if not open_ones:
                return self._bundled([part for one in made for part in one])
            most = max(open_ones, key=lambda i: len(made[i]))
            forms[most] += 1
            made[most] = shapes[most].form(forms[most])
        return [part for one in made for part in one]

    def _bundled(self, parts: list[Part]) -> list[Part]:
        """Neighbouring parts together, so that few are left."""
        each = math.ceil(len(parts) / max(2, self.room // 2))
        return [
            self.run(parts[i].start, parts[min(i + each, len(parts)) - 1].stop)
            for i in range(0, len(parts), each)
        ]

    def _key(self, item: Part) -> object:
        if item.kind == "scope":
            return _NUMBER.sub("", item.title)
        return self._keys[item.start]

    def _around(self, item: Part) -> Repetition:
        return self._surroundings.of(self.columns.ops[item.start].span)

    def run(self, start: int, stop: int) -> Part:
        """A stretch of ops that have nothing else in common."""
        if stop - start == 1:
            return Part("op", start, stop)
        return Part("run", start, stop, f"operations {start + 1}\u2013{stop}")

    def chunks(self, start: int, stop: int, count: int) -> list[Part]:
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

    def _exposed(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """The parts, with targets as ops of their own if they are few."""
        goals = [i for i, node in enumerate(self.columns.ops) if node.target]
        if len(goals) > _BODY:
            return parts
        for at in goals:
            whole = next(i for i, part in enumerate(parts) if part.stop > at)
            parts = (*parts[:whole], *self._around_op(parts[whole], at),
                     *parts[whole + 1 :])  # fmt: skip
        return parts

    def _around_op(self, part: Part, at: int) -> Iterator[Part]:
        """The part in pieces, one of which is the op."""
        if part.kind == "op":
            yield part
            return
        if part.kind == "loop":
            k = bisect_right(part.starts, at) - 1
            if k:
                yield part.some(0, k)
            yield from self._around_op(part.round(k), at)
            if k + 1 < len(part.starts):
                yield part.some(k + 1, len(part.starts))
            return
        for start, stop in ((part.start, at), (at, at + 1), (at + 1, part.stop)):
            if start < stop:
                run = self.run(start, stop)
                named = part.kind in {"round", "scope"}
                yield run._replace(title=part.title) if named else run


def _ops(start: int, stop: int) -> list[Part]:
    return [Part("op", i, i + 1) for i in range(start, stop)]


def _rounds(part: Part) -> Sequence[Part]:
    """The rounds of a loop, or some stretches of them where they are many."""
    count = len(part.starts)
    if count <= _SPLIT:
        return [part.round(i) for i in range(count)]
    each = math.ceil(count / min(_SPLIT, math.ceil(count / _SPLIT)))
    return [part.some(i, min(i + each, count)) for i in range(0, count, each)]


class _Loop:
    """A loop in three forms: open at its ends, as groups, and as one group."""

    last = 2

    def __init__(
        self, items: list[Part], loop: Loop, shift: int, around: Repetition
    ) -> None:
        self.items = items
        self.cuts = [at - shift for at in loop.starts]
        starts = tuple(items[at].start for at in self.cuts)
        self.part = Part(
            "loop", items[0].start, items[-1].stop, "", starts,
            noun=around.noun, place=around.place,
        )  # fmt: skip
        self.scopes = all(item.kind == "scope" for item in items)

    def form(self, number: int) -> list[Part]:
        count = len(self.cuts)
        if number == 2:
            return [self._all(f"{count} {self.part.noun}s {self.part.place}".strip())]
        ends = list(range(count)) if count <= _BODY else [0, 1, count - 1]
        return list(self._shown(number, ends))

    def _items(self, k: int) -> list[Part]:
        ends = [*self.cuts[1:], len(self.items)]
        return self.items[self.cuts[k] : ends[k]]

    def _shown(self, number: int, ends: list[int]) -> Iterator[Part]:
        """The rounds at the ends, open or each a group; those between as one."""
        done = 0
        for k in [*ends, len(self.cuts)]:
            if done < k:
                yield self._some(done, k)
            if k < len(self.cuts):
                brief = number == 0 and len(self._items(k)) <= _BODY
                yield from self._items(k) if brief else [self._some(k, k + 1)]
            done = k + 1

    def _some(self, low: int, high: int) -> Part:
        if high - low == 1 and len(self._items(low)) == 1:
            return self._items(low)[0]
        part = self.part.some(low, high)
        if not self.scopes or part.kind == "op":
            return part
        ends = [*self.cuts[1:], len(self.items)]
        first, last = self.items[self.cuts[low]], self.items[ends[high - 1] - 1]
        return part._replace(title=f"{first.title} to {last.title}")

    def _all(self, title: str) -> Part:
        part = self._some(0, len(self.cuts))
        return part if self.scopes else part._replace(title=title)


class _Plain:
    """Items one after the other: open, or in some runs, or in one."""

    last = 2

    def __init__(self, items: list[Part], fold: Fold) -> None:
        self.items = items
        self.fold = fold

    def form(self, number: int) -> list[Part]:
        if number == 0:
            return self.items
        start, stop = self.items[0].start, self.items[-1].stop
        few = math.ceil((stop - start) / self.fold.room)
        return self.fold.chunks(start, stop, min(few, 12) if number == 1 else 1)
