"""The static picture of a graph, as one SVG with an id on everything.

Words are set in sans serif, names and formulas in a monospaced font.
``node_cards`` draws the nodes, ``edges`` the arrows between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape

from tapeviz.render.graph import annotations as marks
from tapeviz.render.graph import edges, node_cards
from tapeviz.render.graph.layout import lay_out
from tapeviz.render.graph.wrapping import wrap
from tapeviz.render.svg import heatmap
from tapeviz.render.svg import theme as themes
from tapeviz.render.svg.elements import (
    FONTS,
    LEGIBLE,
    MARGIN,
    Rect,
    ident,
    legal,
    shift,
)
from tapeviz.render.svg.elements import text as _text
from tapeviz.render.svg.options import theme_of
from tapeviz.trace.geometry import Box, Placement
from tapeviz.trace.graph import NOT_RECORDED, Graph, Node
from tapeviz.trace.markup import n as _n
from tapeviz.trace.value import Value
from tapeviz.wording import values as words

_DESCRIBED = 40


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

    @property
    def least(self) -> tuple[float, float]:
        """The width and height below which it scrolls instead of shrinking."""
        return LEGIBLE * self.width, LEGIBLE * self.height

    def with_overlay(self, markup: str) -> str:
        """The SVG with more SVG markup drawn on top of it."""
        return f"{self.svg.removesuffix('</svg>')}{markup}</svg>"


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
    theme_of(theme)
    nodes = [*_cards(graph, prefix, sums or {}, arrays or {})]
    planned = edges.planned(graph, notes or {})
    placement = _placed(nodes, planned, graph, direction)
    boxes = {card.node.id: _box(card, placement) for card in nodes}
    body, heads = marks.frames(graph, placement.frames, MARGIN, prefix)
    body += [
        edges.draw(arrow, placement, graph, prefix, ends=sums is None)
        for arrow in planned
    ]
    body += heads
    body += [node_cards.draw(card, boxes[card.node.id], prefix) for card in nodes]
    wide = round(placement.width) + 2 * MARGIN
    high = round(placement.height) + 2 * MARGIN
    if not nodes:
        wide, high = 260, 64
        body = [_text("val", 26, 37, "Nothing was recorded.")]
    loose = bool(graph.frames) and not placement.frames
    below = marks.footer(graph, wide - 2 * MARGIN, legend=legend, named=loose)
    body.append(below.draw(MARGIN, high - 6))
    wide, high = max(wide, below.width + 2 * MARGIN), high + below.height
    return Scene(
        legal(f"{_head(graph, wide, high, theme, prefix)}{''.join(body)}</svg>"),
        wide,
        high,
        boxes,
        {c.node.id: _moved(c.slot, boxes[c.node.id]) for c in nodes if c.slot},
        {arrow.edge.id: edges.note_room(arrow, placement) for arrow in planned},
    )


def _placed(
    nodes: Iterable[node_cards.Card],
    planned: Iterable[edges.Arrow],
    graph: Graph,
    direction: str,
) -> Placement:
    """Where everything goes; what is long from left to right is put into rows."""
    boxes = [Box(card.node.id, card.width, card.height) for card in nodes]
    links, groups = [*map(edges.link, planned)], marks.groups(graph)
    row = lay_out(boxes, links, direction=direction, groups=groups)
    return wrap(row, boxes, links, groups) if direction == "LR" else row


def _cards(
    graph: Graph, prefix: str, sums: Mapping[str, str], arrays: Mapping[str, Value]
) -> Iterator[node_cards.Card]:
    """The card of each node, with room for what is written into it later."""
    formulas = words.formulas(graph)
    for node in graph.nodes:
        preview = node_cards.array_row(arrays[node.id]) if node.id in arrays else None
        card = node_cards.card_of(
            node, formulas.get(node.id, ""), prefix, sums.get(node.id, ""), preview
        )
        yield node_cards.badged(card, graph.badged.get(node.id, ()))


def _head(graph: Graph, wide: float, high: float, theme: str, prefix: str) -> str:
    """The picture's beginning: its size, its name and description, its style."""
    title, desc = ident(prefix, "title"), ident(prefix, "desc")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tapeviz '
        f'{themes.class_name(theme)}" viewBox="0 0 {_n(wide)} {_n(high)}" '
        f'width="{_n(wide)}" height="{_n(high)}" role="img" '
        f'aria-labelledby="{title} {desc}">'
        f'<title id="{title}">{escape(summary(graph))}</title>'
        f'<desc id="{desc}">{escape(description(graph))}</desc>'
        f"<style>{style(theme)}{_badge_style(graph, theme)}"
        f"{themes.paint(marks.RULES, theme) if marks.used(graph) else ''}</style>"
        f'<rect class="tv-paper" width="100%" height="100%" rx="6"/>'
    )


def style(theme: str = "auto") -> str:
    """The CSS of a picture: the theme's colours, and what is drawn in which."""
    fonts = "".join(
        f".tapeviz .tv-{name}{{font-size:{_n(size)}px}}"
        for name, (size, _) in FONTS.items()
    )
    mono = ",".join(f".tapeviz .tv-{name}" for name, (_, mono) in FONTS.items() if mono)
    fonts += f"{mono}{{font-family:{themes.MONO}}}"
    return themes.css(theme) + fonts + themes.paint(_RULES + heatmap.RULES, theme)


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
    ".tapeviz .tv-paper{fill:@paper}"
    ".tapeviz .tv-tag,.tapeviz .tv-word,.tapeviz .tv-dims,.tapeviz .tv-slot,"
    ".tapeviz .tv-formula{fill:@muted}"
    ".tapeviz .tv-name,.tapeviz .tv-grad,.tapeviz .tv-value .tv-cell{font-weight:600}"
    ".tapeviz .tv-frame{stroke-width:1.4;stroke:@op;fill:@op-fill}"
    ".tapeviz .tv-hair{stroke:@hair;fill:none}"
    ".tapeviz .tv-badge{stroke:@op;fill:none;stroke-width:1.2}"
    ".tapeviz .tv-symbol{fill:@op;text-anchor:middle}"
    ".tapeviz .tv-title{font-weight:600}"
    ".tapeviz .tv-group .tv-badge{stroke:@group}"
    ".tapeviz .tv-group path.tv-pile{fill:none}"
    ".tapeviz .tv-port .tv-frame{stroke:@constant;fill:@paper;stroke-dasharray:3 3}"
    ".tapeviz .tv-cell{text-anchor:end}"
    ".tapeviz .tv-note,.tapeviz .tv-dims,.tapeviz .tv-lone{text-anchor:middle}"
    ".tapeviz .tv-left{text-anchor:start}"
    ".tapeviz .tv-slot{font-style:italic}"
    ".tapeviz .tv-edge .tv-dims{stroke:@paper;stroke-width:3px;paint-order:stroke}"
    ".tapeviz .tv-wire{fill:none;stroke:@line;stroke-width:1.3}"
    ".tapeviz .tv-head{fill:@line}"
    ".tapeviz .tv-dead .tv-wire{stroke-dasharray:4 4}"
    ".tapeviz .tv-mark{fill:none;stroke:@muted;stroke-width:1.3}"
    ".tapeviz .tv-pending .tv-mark{stroke-dasharray:2 2}"
    ".tapeviz .tv-pending .tv-grad{fill:@muted;font-weight:400}"
    ".tapeviz .tv-none .tv-mark{stroke:@none}.tapeviz .tv-none .tv-grad{fill:@none}"
    ".tapeviz .tv-zero .tv-mark{stroke:@ink}"
) + "".join(
    f".tapeviz .tv-{kind} .tv-frame{{stroke:@{kind};fill:@{kind}-fill}}"
    f".tapeviz .tv-{kind} .tv-accent{{fill:@{kind}}}"
    f".tapeviz .tv-{kind} .tv-tag{{fill:@{kind}}}"
    for kind in themes.KINDS
)


_BADGE_RULES = (
    ".tapeviz .tv-more{font-weight:600}.tapeviz .tv-plate{stroke-width:1.2;fill:@paper}"
    ".tapeviz .tv-sign{fill:none;stroke-width:1.6}"
    ".tapeviz .tv-is-removed .tv-frame,"
    ".tapeviz .tv-is-removed .tv-wire{stroke-dasharray:2 3}"
    ".tapeviz .tv-is-added .tv-wire{stroke-width:2.2}"
    ".tapeviz .tv-held .tv-sign{fill:@variable}"
) + "".join(
    f".tapeviz .tv-{kind} .tv-plate,.tapeviz .tv-{kind} .tv-sign,"
    f".tapeviz .tv-is-{kind} .tv-wire"
    f"{{stroke:@{role}}}.tapeviz .tv-{kind} .tv-more,.tapeviz .tv-is-{kind} .tv-slot,"
    f".tapeviz .tv-is-{kind} .tv-head{{fill:@{role}}}"
    for kind, role in _ROLES.items()
)


def summary(graph: Graph) -> str:
    """One line that names the picture: how much was recorded, and the targets."""
    if not graph.nodes:
        return "An empty computation graph"
    ops = sum(node.kind == "op" and not node.unrecorded for node in graph.nodes)
    names = [_called(node) for node in graph.nodes if node.target]
    of = f" of {' and '.join(names)}" if names else ""
    return f"Computation graph{of}: {words.counted(ops, 'operation')}"


def description(graph: Graph) -> str:
    """The picture in words: one clause for each node, in the order of recording."""
    formulas = words.formulas(graph)
    clauses = [
        ", ".join((_clause(node, formulas.get(node.id, "")), *_badges(graph, node.id)))
        for node in graph.nodes[:_DESCRIBED]
    ]
    more = len(graph.nodes) - _DESCRIBED
    if more > 0:
        clauses.append(f"and {more} more")
    said = [f"{'; '.join(clauses)}." if clauses else "Nothing was recorded."]
    return " ".join([*said, *words.remarks(graph)])


def _clause(node: Node, formula: str) -> str:
    folded = node.kind in {"group", "port"}
    kind = node_cards.WORDS.get(node.kind, node.kind)
    kind = words.one_line(node.formula) if folded else kind
    head = formula if node.kind == "op" else kind
    name = f"{words.one_line(node.name, 40)} = " if node.name else "= "
    unrecorded = f", {NOT_RECORDED[node.unrecorded]}" if node.unrecorded else ""
    tail = unrecorded + (", the target" if node.target else "")
    silent = words.quiet(node) or node.grad == "pending"
    shown = "" if silent else f", gradient {words.gradient(node)}"
    return f"{head} {name}{words.fmt(node.value)}{tail}{shown}"


def _badges(graph: Graph, id: str) -> Iterator[str]:
    return (words.one_line(badge.text) for badge in graph.badged.get(id, ()))


def _called(node: Node) -> str:
    return words.one_line(node.name, 24) or "a value without a name"


def _box(card: node_cards.Card, placement: Placement) -> Rect:
    x, y = shift(placement.centres[card.node.id])
    return Rect(
        round(x - card.width / 2, 1),
        round(y - card.height / 2, 1),
        card.width,
        card.height,
    )


def _moved(slot: Rect, box: Rect) -> Rect:
    return Rect(box.x + slot.x, box.y + slot.y, slot.width, slot.height)
