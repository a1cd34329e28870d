"""The insides of groups: pictures and tables, made in advance.

So a group can be opened on a page without a kernel. Rounds of a loop that look alike
share one picture; a table beside it has the numbers of each.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from tapeviz.analysis.folded_view import PATIENCE, FoldedView, cost, view
from tapeviz.analysis.folding import Fold, FoldItem
from tapeviz.render.graph.scene import scene
from tapeviz.render.html.page import with_min_size
from tapeviz.render.html.table import Cell
from tapeviz.render.html.table import table as html_table
from tapeviz.trace.graph import Edge, Graph, Node
from tapeviz.trace.markup import Element, element
from tapeviz.trace.value import Summary, Value
from tapeviz.wording import values as words

WEIGHT = 120_000
"""About how many characters all inner pictures may have together."""

PICTURES = 24
"""How many inner pictures there are, at most."""

_ROWS = 60
_LOOKS = 5
_SAMPLE = 300


@dataclass(frozen=True)
class Inside:
    """The inside of one group, as HTML; ``within`` is the group that shows the group.

    ``within`` is "" on the outermost level. ``nodes`` are those in its pictures, with
    the ids they have there.
    """

    id: str
    title: str
    within: str
    html: tuple[Element, ...]
    nodes: tuple[Node, ...] = ()


def insides(
    fold: Fold, outer: FoldedView, *, theme: str, direction: str
) -> list[Inside]:
    """The insides of the groups of a level, of the groups in those, and so on.

    Outer ones come first. When the weight or the time for pictures is used up, groups
    get tables instead.
    """
    renderer = _GroupRenderer(fold, theme, direction)
    found: list[Inside] = []
    todo = deque((outer, id, "") for id in (*outer.groups, *outer.bundles))
    while todo:
        level, id, within = todo.popleft()
        if id in level.bundles:
            title = level.graph.node(id).formula
            found.append(Inside(id, title, within, (table(level.bundles[id]),)))
            continue
        item = level.groups[id]
        html, inner = renderer.inside(item)
        found.append(Inside(id, item.title, within, html, tuple(renderer.taken())))
        todo.extend((inner, one, id) for one in (*inner.groups, *inner.bundles))
    return found


_NOTHING = FoldedView(Graph(), {}, {})


class _GroupRenderer:
    """Draws levels as long as the budget of characters, seconds and pictures lasts."""

    def __init__(self, fold: Fold, theme: str, direction: str) -> None:
        self.fold, self.theme, self.direction = fold, theme, direction
        self.weight, self.seconds, self.pictures = WEIGHT, 3 * PATIENCE, PICTURES
        self.drawn: list[Node] = []

    def taken(self) -> list[Node]:
        """The nodes drawn since the last call."""
        drawn, self.drawn = self.drawn, []
        return drawn

    def inside(self, item: FoldItem) -> tuple[tuple[Element, ...], FoldedView]:
        """An item's inside, and the level whose groups can be opened there."""
        if item.kind == "loop":
            looks = alike(self.fold, item)
            if looks:
                return self._rounds(item, looks)
        level = view(self.fold, item) if self._room() else _NOTHING
        svg = self.picture(level.graph, item) if level is not _NOTHING else None
        if svg is None:
            return (self._listed(item),), _NOTHING
        return (svg,), level

    def _listed(self, item: FoldItem) -> Element:
        """The ops of an item as a table, if there is room for one."""
        if self.weight < -WEIGHT / 2:
            said = "Too much to unfold here; the JSON form has it all."
            return element("p", said, cls="say")
        made = table(self.fold.columns.ops[item.start : item.stop])
        self.weight -= len(made.write())
        return made

    def _room(self) -> bool:
        return self.weight > 0 and self.seconds > 0 and self.pictures > 0

    def picture(self, graph: Graph, item: FoldItem) -> Element | None:
        """A picture without styles of its own; None if it would take too long.

        On a narrow page it scrolls instead of becoming too small to read.
        """
        expected = cost(graph)
        if expected > PATIENCE:
            return None
        prefix = f"{item.id}."
        made = scene(graph, theme=self.theme, direction=self.direction, prefix=prefix)
        self.drawn += [replace(node, id=prefix + node.id) for node in graph.nodes]
        svg = with_min_size(made.unstyled, *made.least)
        self.seconds -= expected
        self.weight -= len(svg.write())
        self.pictures -= 1
        return element("div", svg, cls="scroll", tabindex="0")

    def _rounds(
        self, item: FoldItem, looks: list[list[int]]
    ) -> tuple[tuple[Element, ...], FoldedView]:
        """One picture for all rounds that look alike, and their numbers."""
        found, inner = [], _NOTHING
        for rounds in looks:
            table = _RoundTable(self.fold, item, rounds)
            level = table.level
            svg = self.picture(table.shared(), table.model)
            said = element("p", table.caption(), cls="say")
            parts = (said, table.chooser(), svg, table.html())
            found.append(element("div", *parts, cls="rounds"))
            if inner is _NOTHING:
                inner = level
        return tuple(found), inner


def table(nodes: Iterable[Node]) -> Element:
    """Nodes as an HTML table: what, value, gradient, code; long ones in part."""
    nodes = list(nodes)
    rows = (
        (
            _what(node),
            words.fmt(node.value),
            "" if words.quiet(node) else words.gradient(node),
            words.where(node),
        )
        for node in nodes[:_ROWS]
    )
    more = f"the first {_ROWS} of {len(nodes)}" if len(nodes) > _ROWS else ""
    made = html_table(("what", "value", "gradient", "code"), rows, more)
    return element("div", made, cls="table")


def _what(node: Node) -> str:
    name = words.path_name(node.name)
    kind = node.formula if node.kind == "op" else node.kind
    return f"{name} = {kind}" if name else kind


# -- rounds that look alike ----------------------------------------------------------


@dataclass(frozen=True)
class _Offset:
    """The position of an op relative to a round of the loop.

    ``back`` is how many rounds before that round it is, ``at`` its index there, or -1
    for the last op of an earlier round. For an op before the loop ``back`` is -1 and
    ``at`` its index in the recording.
    """

    back: int
    at: int


class _LoopRounds:
    """The rounds of a loop, and the positions of ops relative to them."""

    def __init__(self, loop: FoldItem) -> None:
        self.round = loop.round
        self.starts = (*loop.earlier, *loop.starts)
        self.ends = (*self.starts[1:], loop.stop)
        self.first = len(loop.earlier)

    def offset(self, at: int, one: int) -> _Offset:
        """The position of op ``at`` relative to round number ``one``."""
        number = bisect_right(self.starts, at) - 1
        if number < 0:
            return _Offset(-1, at)
        back = self.first + one - number
        last = back and at == self.ends[number] - 1
        return _Offset(back, -1 if last else at - self.starts[number])

    def find(self, offset: _Offset, one: int) -> int:
        """The index of the op at that position relative to round number ``one``."""
        if offset.back < 0:
            return offset.at
        number = self.first + one - offset.back
        return (self.ends if offset.at < 0 else self.starts)[number] + offset.at


def alike(fold: Fold, loop: FoldItem) -> list[list[int]]:
    """The rounds of a loop, grouped by what they look like, largest group first.

    Rounds are numbered from 0. Empty if there are more than a few different looks. In a
    very long loop only some rounds are compared.
    """
    loop_rounds, count = _LoopRounds(loop), len(loop.starts)
    step = math.ceil(count / _SAMPLE) if loop.size > 20 * _SAMPLE else 1
    looks: dict[object, list[int]] = {}
    for one in (*range(0, count - 1, step), count - 1):
        looks.setdefault(_look(fold, loop_rounds, one), []).append(one)
        if len(looks) > _LOOKS:
            return []
    return sorted(looks.values(), key=lambda found: (-len(found), found[0]))


def _look(fold: Fold, loop_rounds: _LoopRounds, one: int) -> object:
    columns, item = fold.columns, loop_rounds.round(one)
    return tuple(
        (
            node.span,
            node.op,
            node.value.shape,
            tuple(_origin(fold, e, loop_rounds, one) for e in columns.into(i, i + 1)),
        )
        for i, node in enumerate(columns.ops[item.start : item.stop], item.start)
    )


def _origin(fold: Fold, edge: Edge, loop_rounds: _LoopRounds, one: int) -> object:
    """Where an operand comes from, relative to the round."""
    at = fold.columns.at.get(edge.tail, -1)
    if at >= 0:
        return loop_rounds.offset(at, one)
    low, high = fold.columns.users[edge.tail]
    item = loop_rounds.round(one)
    return edge.slot if item.start <= low and high < item.stop else edge.tail


class _RoundTable:
    """Rounds that look alike: one picture, and a table of what differs."""

    def __init__(self, fold: Fold, loop: FoldItem, rounds: list[int]) -> None:
        self.fold, self.loop = fold, loop
        self.loop_rounds = _LoopRounds(loop)
        step = math.ceil(len(rounds) / _ROWS)
        self.rounds = [*rounds[:-1:step], rounds[-1]]
        self.count = len(rounds)
        self.first = rounds[0]
        self.model = self.loop_rounds.round(self.first)
        self.level = view(fold, self.model._replace(kind="round"))
        self.columns = [
            (node, found)
            for node in self.level.graph.nodes
            if (found := self._finder(node.id)) is not None
        ]

    def _finder(self, id: str) -> Callable[[int], Node] | None:
        """A function from a round to the node that corresponds to this one."""
        columns, loop_rounds = self.fold.columns, self.loop_rounds
        if (at := columns.at.get(id, -1)) >= 0:
            offset = loop_rounds.offset(at, self.first)
            return (
                None
                if offset.back < 0
                else lambda one: columns.ops[loop_rounds.find(offset, one)]
            )
        first, last = columns.users.get(id, (-1, -1))
        if not self.model.start <= first <= last < self.model.stop:
            return None
        into = columns.into(first, first + 1)
        slot = next(e.slot for e in into if e.tail == id)
        user, by_id = loop_rounds.offset(first, self.first), self.fold.graph.by_id

        def find(one: int) -> Node:
            at = loop_rounds.find(user, one)
            into = columns.into(at, at + 1)
            return by_id[next(e.tail for e in into if e.slot == slot)]

        return find

    def shared(self) -> Graph:
        """The model's graph, each value replaced by the longest one of all rounds."""
        found = dict(self._widest())
        nodes = [found.get(n.id, n) for n in self.level.graph.nodes]
        return replace(self.level.graph, nodes=tuple(nodes))

    def _widest(self) -> Iterator[tuple[str, Node]]:
        for node, find in self.columns:
            every = [find(one) for one in self.rounds]
            node = _nameless(node, every)  # noqa: PLW2901 - the same, but for its name
            value = max((_in_words(n.value) for n in every), key=_length)
            grads = [_in_words(n.gradient) for n in every if n.gradient is not None]
            gradient = max(grads, key=_length, default=None)
            if node.kind in {"port", "constant"} or gradient is None:
                yield node.id, replace(node, value=value)
            else:
                yield (
                    node.id,
                    replace(node, value=value, grad="value", gradient=gradient),
                )

    def caption(self) -> str:
        """How many rounds look like this, and how many of them the table has."""
        every, noun = len(self.loop.starts), self.loop.noun
        alone = self.count == 1
        some = f"{self.count} of {every}" if self.count < every else f"All {every}"
        few = len(self.rounds)
        rest = f"; {few} of them are in the table" if few < self.count else ""
        return f"{some} {noun}s look{'s' if alone else ''} like this{rest}."

    def chooser(self) -> Element:
        """A slider over the rounds."""
        first, last = (self.loop.first + self.rounds[i] for i in (0, -1))
        noun = self.loop.noun
        slider = element(
            "input",
            type="range",
            min="0",
            max=str(len(self.rounds) - 1),
            value="0",
            aria_label=f"{noun}, from {first} to {last}",
        )
        number = element("output", str(first))
        return element("label", f"{noun} ", number, slider, cls="choose")

    def html(self) -> Element:
        """The table: a row for each round, two cells for each value that varies."""
        shared = self.shared()
        formulas, named = words.formulas(shared), shared.by_id
        heads: list[Cell] = [self.loop.noun]
        for node, _ in self.columns:
            heads += self._heading(named[node.id], formulas.get(node.id, ""))
        rows = ((str(self.loop.first + one), *self._cells(one)) for one in self.rounds)
        return element("div", html_table(heads, rows), cls="table", tabindex="0")

    def _heading(self, node: Node, formula: str) -> Iterator[Element]:
        id = f"{self.model.id}.{node.id}"
        said = words.short_name(node.name or formula or node.formula or node.kind, 20)
        yield element("th", said, data_node=f"{id}-value")
        if not words.quiet(node):
            yield element("th", "gradient", data_node=f"{id}-grad")

    def _cells(self, one: int) -> Iterator[str]:
        for node, find in self.columns:
            found = find(one)
            yield _said(found.value)
            if not words.quiet(node):
                yield words.gradient(found)


def _nameless(node: Node, every: list[Node]) -> Node:
    """The node without its name, if the name differs between rounds."""
    return node if len({one.name for one in every}) == 1 else replace(node, name="")


def _said(value: Value) -> str:
    return words.fmt(value) if not value.shape else words.brief(_in_words(value), 1)


def _length(value: Value) -> int:
    return len(_said(value))


def _in_words(value: Value) -> Value:
    """An array as a summary of its numbers; a scalar as it is."""
    if value.data is None and value.summary is not None:
        return replace(value, summary=replace(value.summary, thumb=()))
    if not value.shape or value.data is None:
        return value
    numbers = [float(v) for v in value.data if isinstance(v, (int, float))]
    fine = [v for v in numbers if math.isfinite(v)] or [0.0]
    mean = math.fsum(fine) / len(fine)
    summary = Summary(min(fine), mean, max(fine), len(numbers) - len(fine), ())
    return replace(value, data=None, summary=summary)
