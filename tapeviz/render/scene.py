"""The still picture of a graph, as one SVG with an id on everything.

Words are set in sans serif, names and formulas in a monospaced font. A variable is a
box with a bar at its left, a watched constant a box with cut corners, a plain constant
a pill, an op a square box with its symbol in a circle; a target has a second outline.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

from tapeviz.render import beside, heat
from tapeviz.render import text as words
from tapeviz.render import theme as themes
from tapeviz.render.layout import Box, Link, Placement, Point, place
from tapeviz.render.measure import fit, width
from tapeviz.render.pen import BOLD as _BOLD
from tapeviz.render.pen import FONTS, legal
from tapeviz.render.pen import n as _n
from tapeviz.render.pen import text as _text
from tapeviz.render.pen import wide as _wide
from tapeviz.trace.graph import CUTS, GHOSTS, Badge, Edge, Graph, Node
from tapeviz.trace.value import Value

MARGIN = 16
"""The white space around the picture, in pixels."""

_PAD = 11
_ROOM = 230
_MARK = 17
_RIM = 3
_LABEL = width("gradient", 11) + 9
_GRID = (12, 6)
_STACK = 6
_SIGN = 31
_TOLD = 40


@dataclass(frozen=True)
class Rect:
    """A rectangle in the picture's pixels: its top left corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> Point:
        """The middle of it."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def baseline(self) -> float:
        """Where a line of text set in the middle of it stands."""
        return round(self.y + self.height / 2 + 4.5, 1)


@dataclass(frozen=True)
class Scene:
    """A picture and where its parts are.

    ``boxes`` has the rectangle of each node. ``grads`` has the free rectangle of each
    gradient slot: text in it starts at ``x`` and stands on ``baseline``. ``edges`` has
    the rectangle beside each arrow for a note, to be centred in it. All by the ids of
    the graph, without the prefix.
    """

    svg: str
    width: float
    height: float
    boxes: Mapping[str, Rect]
    grads: Mapping[str, Rect]
    edges: Mapping[str, Rect]

    def over(self, markup: str) -> str:
        """The SVG with more SVG markup drawn on top of it."""
        return f"{self.svg.removesuffix('</svg>')}{markup}</svg>"


@dataclass(frozen=True)
class _Row:
    """A row of a card: ``draw(x, y, width)`` gives its markup."""

    width: float
    height: float
    draw: Callable[[float, float, float], str]


@dataclass(frozen=True)
class _Card:
    """A node before it has a place: its rows and its size."""

    node: Node
    rows: tuple[_Row, ...]
    width: float
    height: float
    slot: Rect | None
    looks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Tie:
    """An edge before it has a place: what stands beside it, and its room for a note."""

    edge: Edge
    slot: str
    dims: str
    width: float
    height: float
    noted: bool
    badge: str = ""
    trail: bool = False
    word: str = ""


def scene(  # noqa: PLR0913 - each is one way in which the same graph is shown
    graph: Graph,
    *,
    theme: str = "auto",
    direction: str = "LR",
    prefix: str = "",
    sums: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
    arrays: Mapping[str, Value] | None = None,
    legend: bool = False,
) -> Scene:
    """The picture of a graph as one ``<svg>``, and where its parts are.

    The ids in it are those of the graph's nodes and edges, each after ``prefix``;
    a node's parts are ``n3-value`` and ``n3-grad``. ``sums`` gives for a node, and
    ``notes`` for an edge, the longest text that will be written there later, so
    that room is left for it; ``arrays`` the widest array that ``array_in`` will draw in
    a node's slot. ``legend`` says below it what its marks mean.

    ValueError for an unknown theme or direction; LayoutError when there is no layout
    engine.
    """
    themes.check(theme)
    formulas, sums, notes = words.formulas(graph), sums or {}, notes or {}
    kept = {id: _array_row(value) for id, value in (arrays or {}).items()}
    cards = [
        _badged(
            _card(
                node,
                formulas.get(node.id, ""),
                prefix,
                sums.get(node.id, ""),
                kept.get(node.id),
            ),
            graph.badged.get(node.id, ()),
        )
        for node in graph.nodes
    ]
    ties = _ties(graph, notes)
    spot = place(
        (Box(card.node.id, card.width, card.height) for card in cards),
        map(_link, ties),
        direction=direction,
        groups=beside.groups(graph),
    )
    boxes = {card.node.id: _box(card, spot) for card in cards}
    body, heads = beside.frames(graph, spot.frames, MARGIN, prefix)
    body += [_tie(tie, spot, graph, prefix) for tie in ties] + heads
    body += [_draw(card, boxes[card.node.id], prefix) for card in cards]
    wide, high = round(spot.width) + 2 * MARGIN, round(spot.height) + 2 * MARGIN
    if not cards:
        wide, high = 260, 64
        body = [_text("val", 26, 37, "Nothing was recorded.")]
    loose = bool(graph.frames) and not spot.frames
    below = beside.footer(graph, wide - 2 * MARGIN, legend=legend, named=loose)
    body.append(below.draw(MARGIN, high - 6))
    wide, high = max(wide, below.width + 2 * MARGIN), high + below.height
    return Scene(
        legal(f"{_head(graph, wide, high, theme, prefix)}{''.join(body)}</svg>"),
        wide,
        high,
        boxes,
        {c.node.id: _moved(c.slot, boxes[c.node.id]) for c in cards if c.slot},
        {tie.edge.id: _note_room(tie, spot) for tie in ties},
    )


def _head(graph: Graph, wide: float, high: float, theme: str, prefix: str) -> str:
    """The picture's beginning: its size, its name and description, its style."""
    title, desc = _id(prefix, "title"), _id(prefix, "desc")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tapeviz '
        f'{themes.class_name(theme)}" viewBox="0 0 {_n(wide)} {_n(high)}" '
        f'width="{_n(wide)}" height="{_n(high)}" role="img" '
        f'aria-labelledby="{title} {desc}">'
        f'<title id="{title}">{escape(summary(graph))}</title>'
        f'<desc id="{desc}">{escape(description(graph))}</desc>'
        f"<style>{style(theme)}{_badge_style(graph, theme)}"
        f"{themes.paint(beside.RULES, theme) if beside.used(graph) else ''}</style>"
        f'<rect class="paper" width="100%" height="100%" rx="6"/>'
    )


def style(theme: str = "auto") -> str:
    """The CSS of a picture: the theme's colours, and what is drawn in which."""
    fonts = "".join(
        f".tapeviz .{name}{{font-size:{_n(size)}px}}"
        for name, (size, _) in FONTS.items()
    )
    mono = ",".join(f".tapeviz .{name}" for name, (_, mono) in FONTS.items() if mono)
    fonts += f"{mono}{{font-family:{themes.MONO}}}"
    return themes.css(theme) + fonts + themes.paint(_RULES + heat.RULES, theme)


def _badge_style(graph: Graph, theme: str) -> str:
    return themes.paint(_BADGE_RULES, theme) if graph.badges else ""


_ROLES = {
    "added": "good",
    "removed": "bad",
    "changed": "hot",
    "held": "variable",
    "shared": "muted",
}
"""The colour of each badge."""

_RULES = (
    f".tapeviz{{max-width:100%;height:auto;direction:ltr;font:13px/1.3 {themes.SANS};"
    "font-variant-numeric:tabular-nums;letter-spacing:normal;word-spacing:normal;"
    "text-transform:none}"
    ".tapeviz text{fill:@ink;stroke:none}"
    ".tapeviz .paper{fill:@paper}"
    ".tapeviz .tag,.tapeviz .word,.tapeviz .dims,.tapeviz .slot,"
    ".tapeviz .formula{fill:@muted}"
    ".tapeviz .name,.tapeviz .grad,.tapeviz .slot-value .cell{font-weight:600}"
    ".tapeviz .frame{stroke-width:1.4;stroke:@op;fill:@op-fill}"
    ".tapeviz .hair{stroke:@hair;fill:none}"
    ".tapeviz .badge{stroke:@op;fill:none;stroke-width:1.2}"
    ".tapeviz .symbol{fill:@op;text-anchor:middle}"
    ".tapeviz .title{font-weight:600}"
    ".tapeviz .group .badge{stroke:@group}.tapeviz .group path.pile{fill:none}"
    ".tapeviz .port .frame{stroke:@constant;fill:@paper;stroke-dasharray:3 3}"
    ".tapeviz .cell{text-anchor:end}"
    ".tapeviz .note,.tapeviz .dims,.tapeviz .lone{text-anchor:middle}"
    ".tapeviz .left{text-anchor:start}"
    ".tapeviz .slot{font-style:italic}"
    ".tapeviz .edge .dims{stroke:@paper;stroke-width:3px;paint-order:stroke}"
    ".tapeviz .wire{fill:none;stroke:@line;stroke-width:1.3}"
    ".tapeviz .head{fill:@line}"
    ".tapeviz .dead .wire{stroke-dasharray:4 4}"
    ".tapeviz .mark{fill:none;stroke:@muted;stroke-width:1.3}"
    ".tapeviz .pending .mark{stroke-dasharray:2 2}"
    ".tapeviz .pending .grad{fill:@muted;font-weight:400}"
    ".tapeviz .none .mark{stroke:@none}.tapeviz .none .grad{fill:@none}"
    ".tapeviz .zero .mark{stroke:@ink}"
) + "".join(
    f".tapeviz .{kind} .frame{{stroke:@{kind};fill:@{kind}-fill}}"
    f".tapeviz .{kind} .bar{{fill:@{kind}}}.tapeviz .{kind} .tag{{fill:@{kind}}}"
    for kind in themes.KINDS
)

_BADGE_RULES = (
    ".tapeviz .more{font-weight:600}.tapeviz .plate{stroke-width:1.2;fill:@paper}"
    ".tapeviz .sign{fill:none;stroke-width:1.6}"
    ".tapeviz .is-removed .frame,.tapeviz .is-removed .wire{stroke-dasharray:2 3}"
    ".tapeviz .is-added .wire{stroke-width:2.2}.tapeviz .held .sign{fill:@variable}"
) + "".join(
    f".tapeviz .{kind} .plate,.tapeviz .{kind} .sign,.tapeviz .is-{kind} .wire"
    f"{{stroke:@{role}}}.tapeviz .{kind} .more,.tapeviz .is-{kind} .slot,"
    f".tapeviz .is-{kind} .head{{fill:@{role}}}"
    for kind, role in _ROLES.items()
)


def summary(graph: Graph) -> str:
    """One line that names the picture: how much was recorded, and the targets."""
    if not graph.nodes:
        return "An empty computation graph"
    ops = sum(node.kind == "op" and not node.ghost for node in graph.nodes)
    names = [_called(node) for node in graph.nodes if node.target]
    of = f" of {' and '.join(names)}" if names else ""
    return f"Computation graph{of}: {words.counted(ops, 'operation')}"


def description(graph: Graph) -> str:
    """The picture in words: one clause for each node, in the order of recording."""
    formulas = words.formulas(graph)
    clauses = [
        ", ".join((_clause(node, formulas.get(node.id, "")), *_badges(graph, node.id)))
        for node in graph.nodes[:_TOLD]
    ]
    more = len(graph.nodes) - _TOLD
    if more > 0:
        clauses.append(f"and {more} more")
    said = [f"{'; '.join(clauses)}." if clauses else "Nothing was recorded."]
    return " ".join([*said, *words.remarks(graph)])


def _clause(node: Node, formula: str) -> str:
    folded = node.kind in {"group", "port"}
    kind = _WORDS.get(node.kind, node.kind)
    kind = words.one_line(node.formula) if folded else kind
    head = formula if node.kind == "op" else kind
    name = f"{words.one_line(node.name, 40)} = " if node.name else "= "
    ghost = f", {GHOSTS[node.ghost]}" if node.ghost else ""
    tail = ghost + (", the target" if node.target else "")
    shown = "" if words.quiet(node) else f", gradient {words.gradient(node)}"
    return f"{head} {name}{words.fmt(node.value)}{tail}{shown}"


def _badges(graph: Graph, id: str) -> Iterator[str]:
    return (words.one_line(badge.text) for badge in graph.badged.get(id, ()))


def _called(node: Node) -> str:
    return words.one_line(node.name, 24) or "a value without a name"


def _card(
    node: Node, formula: str, prefix: str, longest: str, kept: _Row | None
) -> _Card:
    if node.kind == "op":
        rows = _op_rows(node, formula, prefix)
    elif node.kind in {"group", "port"}:
        rows = _folded_rows(node, prefix)
    else:
        rows = _leaf_rows(node, prefix)
    rim = _RIM if node.target else 0
    stack = _STACK if node.kind == "group" else 0
    above = sum(row.height for row in rows)
    open_slot = bool(longest or kept) or not words.quiet(node)
    if open_slot:
        rows = (*rows, _grad_row(node, prefix, longest, kept))
    wide = math.ceil(max(row.width for row in rows) + 2 * _PAD)
    high = math.ceil(sum(row.height for row in rows) + (8 if open_slot else 10))
    left = rim + _PAD + _LABEL
    slot = Rect(left, rim + above + 10, wide + rim - left - 6, 24)
    return _Card(
        node,
        rows,
        wide + 2 * rim + stack,
        high + 2 * rim + stack,
        slot if open_slot else None,
    )


def _badged(card: _Card, badges: Sequence[Badge]) -> _Card:
    """The card with a row more for each badge."""
    if not badges:
        return card
    rows = [_badge_row(badge) for badge in badges]
    around = card.width - max(row.width for row in card.rows)
    return replace(
        card,
        rows=(*card.rows, *rows),
        width=max(card.width, math.ceil(max(row.width for row in rows) + around)),
        height=card.height + sum(math.ceil(row.height) for row in rows) + 3,
        looks=tuple(dict.fromkeys(f"is-{badge.kind}" for badge in badges)),
    )


def _badge_row(badge: Badge) -> _Row:
    """A sign of its own shape and the badge's words, in a pill."""
    said = fit(words.one_line(badge.text), _ROOM, FONTS["more"][0])
    wide = _wide("more", said) * _BOLD + 30

    def draw(x: float, y: float, _: float) -> str:
        at = f'x="{_n(x)}" y="{_n(y + 3)}" width="{_n(wide)}" height="19" rx="9.5"'
        sign = (
            f'<path class="sign" d="M{_n(x + 12)} {_n(y + 12.5)}{_SIGNS[badge.kind]}"/>'
        )
        return (
            f'<g class="{badge.kind}"><rect class="plate" {at}/>{sign}'
            f"{_text('more', x + 22, y + 17, said)}</g>"
        )

    return _Row(wide, 23, draw)


_SIGNS = {
    "added": "m-4 0h8m-4-4v8",
    "removed": "m-4 0h8",
    "changed": "m-4 3.5l4-7 4 7z",
    "held": "m-3.5-3.5h7v7h-7z",
    "shared": "m-3.5-3.5h7v7h-7z",
}
"""The shape of each badge, drawn about its middle."""


def _leaf_rows(node: Node, prefix: str) -> tuple[_Row, ...]:
    bare = not (node.name or node.value.shape or node.target or node.ghost)
    if words.quiet(node) and bare:
        return (_lone_row(node, prefix),)
    return (_tag_row(node), *_value_rows(node, prefix))


def _op_rows(node: Node, formula: str, prefix: str) -> tuple[_Row, ...]:
    tags = (_tag_row(node),) if node.target or node.source or node.ghost else ()
    first, *rest = _value_rows(node, prefix)
    return (*tags, _op_row(node, formula, first), *rest)


def _folded_rows(node: Node, prefix: str) -> tuple[_Row, ...]:
    """What a group is and how much it holds, or where a port leads; then its value."""
    tags = (_tag_row(node),) if node.target or node.source else ()
    value = () if node.op == "out" else _value_rows(node, prefix)
    return (*tags, _title_row(node), *value)


def _title_row(node: Node) -> _Row:
    """A group's title in two lines beside the sign that it opens; a port's in one."""
    whole, nickname = (words.one_line(s) for s in (node.formula, node.nickname))
    first, of, rest = whole.partition(" of ")
    lines = [("title", first)] if node.kind == "group" else [("tag", whole)]
    more = " \u00b7 ".join(filter(None, ((of + rest).strip(), nickname)))
    lines += [("word", more.strip())] if node.kind == "group" and more.strip() else []
    shown = [(cls, fit(said, _ROOM + 40, FONTS[cls][0])) for cls, said in lines]
    left = _SIGN if node.kind == "group" else 0

    def draw(x: float, y: float, _: float) -> str:
        texts = (
            _text(cls, x + left, y + 14 + 17 * i, said)
            for i, (cls, said) in enumerate(shown)
        )
        return (_sign(x, y + 6) if left else "") + "".join(texts)

    wide = max(_wide(cls, said) * _BOLD for cls, said in shown)
    return _Row(left + wide, 17 * max(len(shown), 2 if left else 1) + 2, draw)


def _sign(x: float, y: float) -> str:
    """A plus in a box: there is something to open."""
    box = f'x="{_n(x)}" y="{_n(y)}" width="20" height="20" rx="4"'
    return (
        f'<rect class="badge" {box}/>'
        f'<path class="badge" d="M{_n(x + 5)} {_n(y + 10)}h10m-5-5v10"/>'
    )


def _tags(node: Node) -> str:
    kind = GHOSTS.get(node.ghost) or _WORDS.get(node.kind, node.kind)
    kind = f"variable, {kind}" if node.ghost and node.kind == "variable" else kind
    roles = ("target" if node.target else "", "source" if node.source else "")
    line = f"line {node.span.line}" if node.ghost and node.span else ""
    return " \u00b7 ".join(filter(None, (kind, *roles, line)))


_WORDS = {"op": "", "group": "", "port": "", "watched": "watched constant"}
"""What is said of a node of some kind, where it is not the kind's own name."""


def _tag_row(node: Node) -> _Row:
    tags = _tags(node)
    return _Row(_wide("tag", tags), 17, lambda x, y, _: _text("tag", x, y + 13, tags))


def _op_row(node: Node, formula: str, value: _Row) -> _Row:
    """The symbol in its circle; beside it the formula, and the value below that."""
    symbol = fit(words.one_line(node.symbol or node.op), 70, 14, mono=True)
    wide = max(27.0, _wide("symbol", symbol) + (17 if len(symbol) > 1 else 12))
    shown = fit(formula, _ROOM, 12.5, mono=True)
    right = wide + 9

    def draw(x: float, y: float, room: float) -> str:
        return (
            f'<rect class="badge" x="{_n(x)}" y="{_n(y + 7)}" width="{_n(wide)}" '
            f'height="27" rx="13.5"/>'
            + _text("symbol", x + wide / 2, y + 25, symbol)
            + _text("formula", x + right, y + 15, shown)
            + value.draw(x + right, y + 19, room - right)
        )

    inner = max(_wide("formula", shown), value.width)
    return _Row(right + inner, 19 + value.height, draw)


def _value_rows(node: Node, prefix: str) -> tuple[_Row, ...]:
    value = node.value
    if not value.shape:
        return (_value_row(node, prefix),)
    name = _value_row(node, prefix, bare=not node.name, shape=True)
    grid = _grid_row(node, prefix) if is_small(value) else _large_row(node, prefix)
    return (name, grid)


def _value_row(
    node: Node, prefix: str, *, bare: bool = False, shape: bool = False
) -> _Row:
    """``x = 3``, ``= 3``, the bare ``3``, or an array's name and shape."""
    name = fit(words.one_line(node.name, 24), 150, 15, mono=True)
    gap = _wide("name", name) + (6 if name else 0)
    said = words.shape(node.value) if shape else words.fmt(node.value)
    kind = words.kind(node.value)
    said = f"{said} {kind}" if kind else said
    shown = fit(said if bare or shape else f"= {said}", _value_room(), 15)
    if node.ghost == "failed":
        shown = fit(words.one_line(node.note.partition(":")[0]), _ROOM, 15)
    id = "" if shape else _id(prefix, node.id, "-value")
    cls = "dims left" if shape else "val"

    def draw(x: float, y: float, _: float) -> str:
        label = _text("name", x, y + 16, name) if name else ""
        return label + _text(cls, x + gap, y + 16, shown, id)

    return _Row(gap + _wide(cls.partition(" ")[0], shown), 22, draw)


def _value_room() -> float:
    """How wide a value may be: as usual, or what the chosen digits need."""
    return max(150.0, 10.0 * words.chosen(0) + 130)


def _lone_row(node: Node, prefix: str) -> _Row:
    """The number of a plain constant, in the middle of its pill."""
    shown = fit(words.fmt(node.value), _value_room(), 15)
    id = _id(prefix, node.id, "-value")
    return _Row(
        max(20.0, _wide("val", shown)),
        22,
        lambda x, y, wide: _text("val lone", x + wide / 2, y + 16, shown, id),
    )


def is_small(value: Value) -> bool:
    """Whether an array is drawn as cells: a short vector or a small matrix."""
    most, across = _GRID
    flat = 0 < len(value.shape) <= 2
    few = value.data is not None and 0 < len(value.data) <= most
    return flat and few and value.shape[-1] <= across


def _grid_row(node: Node, prefix: str) -> _Row:
    """A node's small array as cells."""
    return _grid(node.value, _named(prefix, node, "-value"))


def _grid(value: Value, name: str = "", boldness: float = 1) -> _Row:
    across = value.shape[-1]
    cells = [words.number(entry, words.chosen(4)) for entry in value.data or ()]
    wide = max(26.0, *(_wide("cell", cell) * boldness + 12 for cell in cells))
    down = len(cells) // across
    spots = [divmod(i, across) for i in range(len(cells))]

    def draw(x: float, y: float, _: float) -> str:
        lines = [f"M{_n(x + i * wide)} {_n(y)}v{down * 20}" for i in range(across + 1)]
        lines += [
            f"M{_n(x)} {_n(y + i * 20)}h{_n(across * wide)}" for i in range(down + 1)
        ]
        texts = "".join(
            _text("cell", x + (at + 1) * wide - 6, y + row * 20 + 14.5, cell)
            for (row, at), cell in zip(spots, cells, strict=True)
        )
        path = f'<path class="hair" d="{"".join(lines)}"/>'
        return f"<g{name}>{path}{texts}</g>"

    return _Row(across * wide, down * 20 + 4, draw)


def _large_row(node: Node, prefix: str) -> _Row:
    """A large array: its lowest, mean and highest entry, and a small picture of it."""
    value = node.value
    said = words.range_of(value) or words.fmt(value)
    id = _id(prefix, node.id, "-value")
    wide, high = heat.size(value)

    def draw(x: float, y: float, _: float) -> str:
        return _text("cell left", x, y + 13, said, id) + heat.draw(value, x, y + 20)

    return _Row(max(_wide("cell", said), wide), 20 + (high + 4 if high else 0), draw)


def _state(node: Node) -> str:
    if node.gradient is None:
        return node.grad
    return "zero" if node.gradient.is_zero else "value"


def _grad_row(node: Node, prefix: str, longest: str, kept: _Row | None) -> _Row:
    """The gradient slot, with a mark of its own for each state."""
    state = _state(node)
    known = node.gradient
    if known is not None and state == "value" and known.shape and is_small(known):
        shown = _grad_cells(known)
    else:
        shown = _grad_words(node, state)
    room = max(shown.width, _LABEL + max(_wide("grad", longest), 70))
    high = shown.height
    if kept is not None:
        room, high = max(room, kept.width), max(high, kept.height)

    def draw(x: float, y: float, wide: float) -> str:
        return (
            f'<path class="hair" d="M{_n(x)} {_n(y + 2.5)}h{_n(wide)}"/>'
            + _text("word", x, y + 20, "gradient")
            + f'<g{_named(prefix, node, "-grad")} class="slot-{state} {state}">'
            + shown.draw(x, y, wide)
            + "</g>"
        )

    return _Row(room, high, draw)


def _array_row(value: Value) -> _Row:
    """An array in a gradient's slot: as cells, or a large one as a small picture."""
    if is_small(value):
        return _grad_cells(value)
    wide, high = heat.size(value)
    return _Row(wide, 31 + high, lambda x, y, _: heat.draw(value, x, y + 27))


def array_in(slot: Rect, value: Value) -> str:
    """An array drawn in a node's gradient slot, for which ``arrays`` left room."""
    return _array_row(value).draw(slot.x - _LABEL, slot.y - 6, slot.width)


def _grad_words(node: Node, state: str) -> _Row:
    """A gradient as a number or a word after its mark."""
    said = fit(words.gradient(node), _ROOM, 13.5)
    if state == "zero":
        said = "zero" if not node.value.shape else "all zero"
    left = _LABEL + (0 if state == "value" else _MARK)
    return _Row(
        left + _wide("grad", said),
        29,
        lambda x, y, _: (
            mark(state, x + _LABEL + 6, y + 15.5)
            + _text("grad", x + left, y + 20, said)
        ),
    )


def _grad_cells(value: Value) -> _Row:
    """A gradient as cells: a vector beside the word, a matrix below it."""
    grid = _grid(value, boldness=_BOLD)
    left, down = (_LABEL, 6.0) if len(value.shape) == 1 else (0.0, 27.0)
    return _Row(
        left + grid.width,
        down + grid.height,
        lambda x, y, wide: grid.draw(x + left, y + down, wide),
    )


def mark(state: str, x: float, y: float) -> str:
    """The mark of a gradient's state around a point; a value has none."""
    return _MARKS[state](x, y)


_MARKS: Mapping[str, Callable[[float, float], str]] = {
    "value": lambda _x, _y: "",
    "pending": lambda x, y: (
        f'<rect class="mark" x="{_n(x - 5)}" y="{_n(y - 5)}" width="10" height="10"/>'
    ),
    "zero": lambda x, y: (
        f'<circle class="mark" cx="{_n(x)}" cy="{_n(y)}" r="5.5"/>'
        f'<circle class="mark" cx="{_n(x)}" cy="{_n(y)}" r="1.5"/>'
    ),
    "none": lambda x, y: (
        f'<path class="mark" d="M{_n(x - 5)} {_n(y - 5)}l10 10m0-10l-10 10"/>'
    ),
}


def _ties(graph: Graph, notes: Mapping[str, str]) -> list[_Tie]:
    nodes, badged = graph.by_id, graph.badged
    planned = (
        replace(
            _plan(edge, nodes[edge.tail], nodes[edge.head], notes.get(edge.id, "")),
            trail=trail,
        )
        for edge, trail in beside.arrows(graph)
    )
    return [
        _marked(tie, badged[tie.edge.id][0]) if tie.edge.id in badged else tie
        for tie in planned
    ]


def _marked(tie: _Tie, badge: Badge) -> _Tie:
    """The arrow with its badge in the place of its slot's name, which goes after it."""
    slot = " ".join(filter(None, (badge.text, tie.slot)))
    wide = tie.width + _wide("slot", f"{badge.text} ") + 8
    high = tie.height if tie.slot or tie.dims else tie.height + 15
    return replace(tie, slot=slot, width=wide, height=high, badge=badge.kind)


def _plan(edge: Edge, tail: Node, head: Node, note: str) -> _Tie:
    slot = words.one_line(edge.label, 8) if edge.ordered else ""
    dims = words.flow(edge, tail.value, head.value)
    word = CUTS.get(edge.cut, "")
    tall = (15 if slot or dims else 0) + (15 if word else 0) + (18 if note else 0)
    gap = 6 if slot and dims else 0
    said = _wide("slot", slot) + gap + _wide("dims", dims)
    wide = max(said, _wide("note", note), _wide("cut-word", word)) + 8 if tall else 0
    return _Tie(edge, slot, dims, math.ceil(wide), tall, bool(note), word=word)


def _link(tie: _Tie) -> Link:
    """The arrow as the layout wants it: where gradients flow it is kept straight."""
    edge = tie.edge
    weight = 6 if edge.live else 1
    return Link(edge.id, edge.tail, edge.head, tie.width, tie.height, weight)


def _tie(tie: _Tie, spot: Placement, graph: Graph, prefix: str) -> str:
    edge = tie.edge
    path = [_shift(point) for point in spot.paths[edge.id]]
    tip = _shift(spot.tips[edge.id])
    classes = ["edge", *(["dead"] if not edge.live and not tie.trail else [])]
    classes += ["trail"] if tie.trail else []
    classes += ["broadcast"] if edge.broadcast else []
    classes += [f"is-{tie.badge}"] if tie.badge else []
    label = _edge_label(tie, spot)
    return (
        f'<g id="{_id(prefix, edge.id)}" class="{" ".join(classes)}" '
        f'data-ends="{_id(prefix, edge.tail)} {_id(prefix, edge.head)}">'
        f"<title>{escape(_edge_title(tie, graph))}</title>"
        f'<path class="wire" d="{_curve(path)}"/>'
        f"{_heads(path[-1], tip, double=edge.broadcast)}"
        f"{beside.bars(path, tip) if edge.cut else ''}{label}</g>"
    )


def _edge_label(tie: _Tie, spot: Placement) -> str:
    """The slot's name where order matters, and the shape where arrays flow."""
    x, y = _shift(spot.labels[tie.edge.id])
    low = y + tie.height / 2 - 4
    word = _text("cut-word", x, low, tie.word) if tie.word else ""
    if not tie.slot and not tie.dims:
        return word
    slot = f'<tspan class="slot">{escape(tie.slot)}</tspan>' if tie.slot else ""
    gap = '<tspan dx="6">' if slot and tie.dims else "<tspan>"
    dims = f"{gap}{escape(tie.dims)}</tspan>" if tie.dims else ""
    at = f'x="{_n(x)}" y="{_n(low - (15 if word else 0))}"'
    return f'<text class="dims" {at}>{slot}{dims}</text>{word}'


def _edge_title(tie: _Tie, graph: Graph) -> str:
    edge = tie.edge
    tail, head = graph.node(edge.tail), graph.node(edge.head)
    if tie.trail:
        return beside.trail_title(edge, tail, head)
    name = words.one_line(tail.name, 60) or words.brief(tail.value)
    parts = [f"{name} is operand {edge.label} of {head.op}"]
    if head.kind in {"group", "port"}:
        into = words.one_line(head.formula)
        parts = [f"{name} goes into {into}", *filter(None, [edge.label])]
    if edge.broadcast:
        parts.append(f"broadcast to shape {words.shape(head.value)}")
    if not edge.live:
        parts.append("no gradient flows back here")
    parts += [words.one_line(edge.note)] if edge.note else []
    return "; ".join(parts)


def _shift(point: Point) -> Point:
    return point[0] + MARGIN, point[1] + MARGIN


def _curve(path: list[Point]) -> str:
    first, *rest = (f"{_n(x)} {_n(y)}" for x, y in path)
    return f"M{first}C{' '.join(rest)}"


def _heads(end: Point, tip: Point, *, double: bool) -> str:
    """The arrow head; two of them, one behind the other, for a broadcast operand."""
    dx, dy = tip[0] - end[0], tip[1] - end[1]
    size = math.hypot(dx, dy) or 1.0
    ux, uy = dx / size, dy / size
    backs = (0.0, 6.0) if double else (0.0,)
    return "".join(
        _chevron(tip[0] - ux * back, tip[1] - uy * back, ux * 8, uy * 8)
        for back in backs
    )


def _chevron(x: float, y: float, dx: float, dy: float) -> str:
    left = f"{_n(x - dx - dy * 0.42)} {_n(y - dy + dx * 0.42)}"
    right = f"{_n(x - dx + dy * 0.42)} {_n(y - dy - dx * 0.42)}"
    return f'<path class="head" d="M{_n(x)} {_n(y)}L{left} {right}z"/>'


def _note_room(tie: _Tie, spot: Placement) -> Rect:
    x, y = _shift(spot.labels[tie.edge.id])
    if tie.noted:
        return Rect(x - tie.width / 2, y - tie.height / 2, tie.width, 18)
    return Rect(x - 20, y - 18, 40, 16)


def _box(card: _Card, spot: Placement) -> Rect:
    x, y = _shift(spot.centres[card.node.id])
    return Rect(
        round(x - card.width / 2, 1),
        round(y - card.height / 2, 1),
        card.width,
        card.height,
    )


def _moved(slot: Rect, box: Rect) -> Rect:
    return Rect(box.x + slot.x, box.y + slot.y, slot.width, slot.height)


def _draw(card: _Card, box: Rect, prefix: str) -> str:
    node = card.node
    rim = _RIM if node.target else 0
    stack = _STACK if node.kind == "group" else 0
    box = Rect(box.x, box.y, box.width - stack, box.height - stack)
    inner = Rect(box.x + rim, box.y + rim, box.width - 2 * rim, box.height - 2 * rim)
    y, rows = inner.y + (5 if len(card.rows) == 1 else 4), []
    for row in card.rows:
        rows.append(row.draw(inner.x + _PAD, y, inner.width - 2 * _PAD))
        y += row.height
    classes = ["node", node.kind, *(["target"] if node.target else [])]
    classes += ["source"] if node.source else []
    failed = node.ghost == "failed"
    classes += ["ghost"] * bool(node.ghost) + ["failed"] * failed
    classes += card.looks
    fold = f' data-fold="{_id("", node.id)}"' if stack else ""
    return (
        f'<g id="{_id(prefix, node.id)}" class="{" ".join(classes)}"{fold}>'
        f"<title>{escape(_node_title(node))}</title>"
        f"{_shape(node, inner)}{_rim(box) if rim else ''}"
        f"{beside.cross(inner.x + inner.width, inner.y) if failed else ''}"
        f"{''.join(rows)}</g>"
    )


def _node_title(node: Node) -> str:
    folded = node.kind in {"group", "port"}
    whole = words.one_line(node.formula)
    kind = node.op if node.kind == "op" else whole if folded else _tags(node)
    name = f"{words.one_line(node.name)} = " if node.name else ""
    lines = [f"{name}{words.describe(node.value)}", kind]
    if node.gradient is not None:
        lines.append(f"gradient {words.describe(node.gradient)}")
    elif not words.quiet(node):
        state = "None" if node.grad == "none" else "not computed yet"
        lines.append(f"gradient: {state}")
    lines += [where] if (where := words.where(node)) else []
    lines += [words.one_line(said) for said in (node.nickname, node.note) if said]
    return "\n".join(lines)


def _shape(node: Node, box: Rect) -> str:
    if node.kind == "watched":
        return f'<path class="frame" d="{_cut(box, 9)}"/>'
    rx = {"variable": 5.0, "op": 1.0, "group": 3.0}.get(
        node.kind, min(box.height / 2, 20)
    )
    bar = ""
    if node.kind == "group":
        bar = f'<path class="frame rim pile" d="{_pile(box)}"/>'
    if node.kind == "variable" and not node.ghost:
        at = f'x="{_n(box.x)}" y="{_n(box.y)}" height="{_n(box.height)}"'
        bar = f'<rect class="bar" {at} width="5" rx="2.5"/>'
    return f'<rect class="frame" {_at(box)} rx="{_n(rx)}"/>{bar}'


def _pile(box: Rect) -> str:
    """The edges of two sheets that lie below a group's own."""
    wide, high = _n(box.width), _n(box.height)
    return "".join(
        f"M{_n(box.x + box.width + at - 3)} {_n(box.y + at)}h3v{high}h-{wide}v-3"
        for at in (3, 6)
    )


def _cut(box: Rect, c: float) -> str:
    wide, high = _n(box.width - 2 * c), _n(box.height - 2 * c)
    return (
        f"M{_n(box.x + c)} {_n(box.y)}h{wide}l{c} {c}v{high}l-{c} {c}"
        f"h-{wide}l-{c}-{c}v-{high}z"
    )


def _rim(box: Rect) -> str:
    return f'<rect class="frame rim" {_at(box)} rx="3" style="fill:none"/>'


def _at(box: Rect) -> str:
    return (
        f'x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" '
        f'height="{_n(box.height)}"'
    )


def _id(prefix: str, id: str, part: str = "") -> str:
    return escape(f"{prefix}{id}{part}")


def _named(prefix: str, node: Node, part: str) -> str:
    return f' id="{_id(prefix, node.id, part)}"'
