"""What groups hold: inner pictures and tables, worked out before anybody asks.

So a group can be opened on a page without a kernel. Rounds of a loop that look alike
share one picture; a table beside it has the numbers of each.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from html import escape

from tapeviz.analysis.folded_view import PATIENCE, View, cost, view
from tapeviz.analysis.folding import Fold, Part
from tapeviz.render.graph.scene import Scene, scene
from tapeviz.render.html.page import legible
from tapeviz.trace.graph import Edge, Graph, Node
from tapeviz.trace.value import Summary, Value
from tapeviz.wording import values as words

WEIGHT = 120_000
"""About how many characters all inner pictures may have together."""

PICTURES = 24
"""How many inner pictures there are, at most."""

LEGIBLE = 0.72
"""Pictures are shown at this part of their size at least."""

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
    html: str
    nodes: tuple[Node, ...] = ()


def insides(fold: Fold, outer: View, *, theme: str, direction: str) -> list[Inside]:
    """The insides of the groups of a level, of the groups in those, and so on.

    Outer ones come first. When the weight or the time for pictures is used up, groups
    get tables instead.
    """
    draw = _Draughtsman(fold, theme, direction)
    found: list[Inside] = []
    todo = deque((outer, id, "") for id in (*outer.parts, *outer.bundles))
    while todo:
        level, id, within = todo.popleft()
        if id in level.bundles:
            title = level.graph.node(id).formula
            found.append(Inside(id, title, within, table(level.bundles[id])))
            continue
        part = level.parts[id]
        html, inner = draw.inside(part)
        found.append(Inside(id, part.title, within, html, tuple(draw.taken())))
        todo.extend((inner, one, id) for one in (*inner.parts, *inner.bundles))
    return found


_NOTHING = View(Graph(), {}, {})


class _Draughtsman:
    """Draws levels as long as weight and time are left."""

    def __init__(self, fold: Fold, theme: str, direction: str) -> None:
        self.fold, self.theme, self.direction = fold, theme, direction
        self.weight, self.seconds, self.pictures = WEIGHT, 3 * PATIENCE, PICTURES
        self.drawn: list[Node] = []

    def taken(self) -> list[Node]:
        """What was drawn since this was asked the last time."""
        drawn, self.drawn = self.drawn, []
        return drawn

    def inside(self, part: Part) -> tuple[str, View]:
        """A part's inside, and the level whose groups can be opened there."""
        if part.kind == "loop":
            looks = alike(self.fold, part)
            if looks:
                return self._rounds(part, looks)
        level = view(self.fold, part) if self._room() else _NOTHING
        svg = self.picture(level.graph, part) if level is not _NOTHING else None
        if svg is None:
            return self._listed(part), _NOTHING
        return svg, level

    def _listed(self, part: Part) -> str:
        """The ops of a part as a table, if there is room for one."""
        if self.weight < -WEIGHT / 2:
            return (
                '<p class="tv-say">Too much to unfold here; the JSON form has it all.'
                "</p>"
            )
        made = table(self.fold.columns.ops[part.start : part.stop])
        self.weight -= len(made)
        return made

    def _room(self) -> bool:
        return self.weight > 0 and self.seconds > 0 and self.pictures > 0

    def picture(self, graph: Graph, part: Part) -> str | None:
        """A picture without styles of its own; None if it would take too long."""
        expected = cost(graph)
        if expected > PATIENCE:
            return None
        prefix = f"{part.id}."
        made = scene(graph, theme=self.theme, direction=self.direction, prefix=prefix)
        self.drawn += [replace(node, id=prefix + node.id) for node in graph.nodes]
        svg = _plain(made)
        self.seconds -= expected
        self.weight -= len(svg)
        self.pictures -= 1
        return svg

    def _rounds(self, part: Part, looks: list[list[int]]) -> tuple[str, View]:
        """One picture for all rounds that look alike, and their numbers."""
        html, inner = "", _NOTHING
        for rounds in looks:
            table = _Rounds(self.fold, part, rounds)
            level = table.level
            svg = self.picture(table.shared(), table.model) or ""
            said = table.caption()
            html += f'<section class="tv-rounds"><p class="tv-say">{said}</p>'
            html += f"{table.chooser()}{svg}{table.html()}</section>"
            if inner is _NOTHING:
                inner = level
        return html, inner


def _plain(made: Scene) -> str:
    """The picture's SVG without the styles, which are on the page already.

    On a narrow page it scrolls rather than become too small to read.
    """
    before, _, rest = made.svg.partition("<style>")
    svg = legible(before, LEGIBLE * made.width) + rest.partition("</style>")[2]
    return f'<div class="tv-scroll" tabindex="0">{svg}</div>'


def table(nodes: Iterable[Node]) -> str:
    """Nodes as an HTML table: what, value, gradient, code; long ones in part."""
    nodes = list(nodes)
    rows = "".join(
        f"<tr><td>{escape(_what(n))}<td>{escape(words.fmt(n.value))}"
        f"<td>{escape('' if words.quiet(n) else words.gradient(n))}"
        f"<td>{escape(words.where(n))}"
        for n in nodes[:_ROWS]
    )
    more = len(nodes) - _ROWS
    rest = f"<caption>the first {_ROWS} of {len(nodes)}</caption>" if more > 0 else ""
    heads = "<tr><th>what<th>value<th>gradient<th>code"
    return f'<div class="tv-table"><table>{rest}{heads}{rows}</table></div>'


def _what(node: Node) -> str:
    name = words.one_line(node.name, 24)
    kind = node.formula if node.kind == "op" else node.kind
    return f"{name} = {kind}" if name else kind


# -- rounds that look alike ----------------------------------------------------------


@dataclass(frozen=True)
class _Spot:
    """An op as seen from a round: in which round before it, and which op there.

    ``at`` is -1 for the last op of a round before this one. ``back`` is -1 for an op
    before the loop, whose place is ``at`` itself.
    """

    back: int
    at: int


class _Line:
    """The rounds of a loop, and where in them an op is."""

    def __init__(self, loop: Part) -> None:
        self.round = loop.round
        self.starts = (*loop.earlier, *loop.starts)
        self.ends = (*self.starts[1:], loop.stop)
        self.first = len(loop.earlier)

    def spot(self, at: int, one: int) -> _Spot:
        """Where an op is as seen from round number ``one``."""
        number = bisect_right(self.starts, at) - 1
        if number < 0:
            return _Spot(-1, at)
        back = self.first + one - number
        last = back and at == self.ends[number] - 1
        return _Spot(back, -1 if last else at - self.starts[number])

    def find(self, spot: _Spot, one: int) -> int:
        """The op that is there as seen from round number ``one``."""
        if spot.back < 0:
            return spot.at
        number = self.first + one - spot.back
        return (self.ends if spot.at < 0 else self.starts)[number] + spot.at


def alike(fold: Fold, loop: Part) -> list[list[int]]:
    """The rounds of a loop by how they look, most frequent first.

    Rounds are numbers from 0. None are given if there are more than a few looks. In a
    very long loop only some rounds are compared.
    """
    line, count = _Line(loop), len(loop.starts)
    step = math.ceil(count / _SAMPLE) if loop.size > 20 * _SAMPLE else 1
    looks: dict[object, list[int]] = {}
    for one in (*range(0, count - 1, step), count - 1):
        looks.setdefault(_look(fold, line, one), []).append(one)
        if len(looks) > _LOOKS:
            return []
    return sorted(looks.values(), key=lambda found: (-len(found), found[0]))


def _look(fold: Fold, line: _Line, one: int) -> object:
    columns, part = fold.columns, line.round(one)
    return tuple(
        (
            node.span,
            node.op,
            node.value.shape,
            tuple(_origin(fold, e, line, one) for e in columns.into(i, i + 1)),
        )
        for i, node in enumerate(columns.ops[part.start : part.stop], part.start)
    )


def _origin(fold: Fold, edge: Edge, line: _Line, one: int) -> object:
    """Where an operand comes from, as seen from the round."""
    at = fold.columns.at.get(edge.tail, -1)
    if at >= 0:
        return line.spot(at, one)
    low, high = fold.columns.users[edge.tail]
    part = line.round(one)
    return edge.slot if part.start <= low and high < part.stop else edge.tail


class _Rounds:
    """The rounds of one look: what is different from one to the next."""

    def __init__(self, fold: Fold, loop: Part, rounds: list[int]) -> None:
        self.fold, self.loop = fold, loop
        self.line = _Line(loop)
        step = math.ceil(len(rounds) / _ROWS)
        self.rounds = [*rounds[:-1:step], rounds[-1]]
        self.count = len(rounds)
        self.first = rounds[0]
        self.model = self.line.round(self.first)
        self.level = view(fold, self.model._replace(kind="round"))
        self.columns = [
            (node, found)
            for node in self.level.graph.nodes
            if (found := self._finder(node.id)) is not None
        ]

    def _finder(self, id: str) -> Callable[[int], Node] | None:
        """How to find, in another round, what is this node in the model."""
        columns, line = self.fold.columns, self.line
        if (at := columns.at.get(id, -1)) >= 0:
            spot = line.spot(at, self.first)
            return (
                None if spot.back < 0 else lambda one: columns.ops[line.find(spot, one)]
            )
        first, last = columns.users.get(id, (-1, -1))
        if not self.model.start <= first <= last < self.model.stop:
            return None
        into = columns.into(first, first + 1)
        slot = next(e.slot for e in into if e.tail == id)
        user, by_id = line.spot(first, self.first), self.fold.graph.by_id

        def find(one: int) -> Node:
            at = line.find(user, one)
            into = columns.into(at, at + 1)
            return by_id[next(e.tail for e in into if e.slot == slot)]

        return find

    def shared(self) -> Graph:
        """The model's graph with room for the longest number of every round."""
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

    def chooser(self) -> str:
        """A slider over the rounds."""
        first, last = (self.loop.first + self.rounds[i] for i in (0, -1))
        noun = self.loop.noun
        return (
            f'<label class="tv-choose">{noun} <output>{first}</output>'
            f'<input type="range" min="0" max="{len(self.rounds) - 1}" value="0" '
            f'aria-label="{noun}, from {first} to {last}"></label>'
        )

    def html(self) -> str:
        """The table: a row for each round, two cells for each value that varies."""
        shared = self.shared()
        formulas, named = words.formulas(shared), shared.by_id
        heads = "".join(
            self._heading(named[node.id], formulas.get(node.id, ""))
            for node, _ in self.columns
        )
        rows = "".join(
            f"<tr><td>{self.loop.first + one}{''.join(self._cells(one))}"
            for one in self.rounds
        )
        return (
            f'<div class="tv-table" tabindex="0"><table>'
            f"<tr><th>{self.loop.noun}{heads}{rows}</table></div>"
        )

    def _heading(self, node: Node, formula: str) -> str:
        id = escape(f"{self.model.id}.{node.id}")
        said = words.one_line(node.name or formula or node.formula or node.kind, 20)
        value = f'<th data-node="{id}-value">{escape(said)}'
        mute = words.quiet(node)
        return value if mute else f'{value}<th data-node="{id}-grad">gradient'

    def _cells(self, one: int) -> Iterator[str]:
        for node, find in self.columns:
            found = find(one)
            yield f"<td>{escape(_said(found.value))}"
            if not words.quiet(node):
                yield f"<td>{escape(words.gradient(found))}"


def _nameless(node: Node, every: list[Node]) -> Node:
    """The node without its name, if that is another one in other rounds."""
    return node if len({one.name for one in every}) == 1 else replace(node, name="")


def _said(value: Value) -> str:
    return words.fmt(value) if not value.shape else words.brief(_in_words(value), 1)


def _length(value: Value) -> int:
    return len(_said(value))


def _in_words(value: Value) -> Value:
    """An array as one whose numbers are not all shown; a single number as it is."""
    if value.data is None and value.summary is not None:
        return replace(value, summary=replace(value.summary, thumb=()))
    if not value.shape or value.data is None:
        return value
    numbers = [float(v) for v in value.data if isinstance(v, (int, float))]
    fine = [v for v in numbers if math.isfinite(v)] or [0.0]
    mean = math.fsum(fine) / len(fine)
    summary = Summary(min(fine), mean, max(fine), len(numbers) - len(fine), ())
    return replace(value, data=None, summary=summary)
