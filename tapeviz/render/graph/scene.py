"""The static picture of a graph, as one SVG with an id on everything.

Words are set in sans serif, names and formulas in a monospaced font.
``node_cards`` draws the nodes, ``edges`` the arrows between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from tapeviz.render.graph import annotations as marks
from tapeviz.render.graph import edges, node_cards
from tapeviz.render.graph.layout import lay_out
from tapeviz.render.graph.wrapping import wrap
from tapeviz.render.svg import heatmap
from tapeviz.render.svg import theme as themes
from tapeviz.render.svg.elements import FONTS, LEGIBLE, MARGIN, Rect, shift, text
from tapeviz.render.svg.options import theme_of
from tapeviz.trace.geometry import Box, Placement
from tapeviz.trace.graph import NOT_RECORDED, Graph, Node
from tapeviz.trace.markup import Element, element, n
from tapeviz.wording import values as words

_DESCRIBED = 40


@dataclass(frozen=True)
class Scene:
    """A picture and where its parts are.

    ``unstyled`` is the picture without its style, whose ``rules`` are in the colours of
    ``theme``. ``boxes`` has the rectangle of each node. ``grads`` has the free
    rectangle of each gradient slot: text in it starts at ``x`` and stands on
    ``baseline``. ``edges`` has the rectangle beside each arrow for a note, to be
    centred in it. All by the ids of the graph, without the prefix.
    """

    unstyled: Element
    theme: str
    width: float
    height: float
    boxes: Mapping[str, Rect]
    grads: Mapping[str, Rect]
    edges: Mapping[str, Rect]
    rules: themes.Rules

    @property
    def least(self) -> tuple[float, float]:
        """The width and height below which it scrolls instead of shrinking."""
        return LEGIBLE * self.width, LEGIBLE * self.height

    @cached_property
    def root(self) -> Element:
        """The picture with its style.

        All pictures have the same rules: where a page has several, those of one are in
        force for the others too.
        """
        return themes.styled(self.unstyled, self.rules, self.theme)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG text."""
        return self.root.write()

    def with_overlay(self, parts: Iterable[Element], rules: themes.Rules) -> Scene:
        """The picture with more drawn on top of it, and more rules of style."""
        root = self.unstyled.containing(*parts)
        return replace(self, unstyled=root, rules={**self.rules, **rules})


def scene(  # noqa: PLR0913 - each is one way in which the same graph is shown
    graph: Graph,
    *,
    theme: str = "auto",
    direction: str = "LR",
    prefix: str = "",
    slots: Mapping[str, node_cards.GradientSlot] | None = None,
    notes: Mapping[str, str] | None = None,
    legend: bool = False,
) -> Scene:
    """The picture of a graph as one ``<svg>``, and where its parts are.

    The ids in it are those of the graph's nodes and edges, each after ``prefix``;
    a node's parts are ``n3-value`` and ``n3-grad``. ``slots`` gives for a node, and
    ``notes`` for an edge, what will be written there later, so that room is left for
    it; a picture with ``slots`` becomes a film, whose steps describe it. ``legend``
    says below it what its marks mean.

    ValueError for an unknown theme or direction; LayoutError when there is no layout
    engine.
    """
    theme_of(theme)
    nodes = [*_cards(graph, prefix, slots or {})]
    planned = edges.planned(graph, notes or {})
    placement = _placed(nodes, planned, graph, direction)
    boxes = {card.node.id: _box(card, placement) for card in nodes}
    frames, heads = marks.frames(graph, placement.frames, prefix)
    arrows = (
        edges.draw(arrow, placement, graph, prefix, ends=slots is None)
        for arrow in planned
    )
    cards = (node_cards.draw(card, boxes[card.node.id], prefix) for card in nodes)
    body = [*frames, *arrows, *heads, *cards]
    wide = round(placement.width) + 2 * MARGIN
    high = round(placement.height) + 2 * MARGIN
    if not nodes:
        wide, high = 260, 64
        body = [text("val", 26, 37, "Nothing was recorded.")]
    loose = bool(graph.frames) and not placement.frames
    below = marks.footer(graph, wide - 2 * MARGIN, legend=legend, named=loose)
    footer = below.draw(MARGIN, high - 6)
    wide, high = max(wide, below.width + 2 * MARGIN), high + below.height
    said = [element("title", summary(graph), id=f"{prefix}title")]
    if slots is None:
        said.append(element("desc", description(graph), id=f"{prefix}desc"))
    return Scene(
        element(
            "svg",
            *said,
            element("rect", cls="paper", width="100%", height="100%", rx=6),
            *body,
            footer,
            xmlns="http://www.w3.org/2000/svg",
            cls=f"tapeviz {theme}",
            viewBox=f"0 0 {n(wide)} {n(high)}",
            width=wide,
            height=high,
            role="img",
            aria_labelledby=" ".join(str(one.attributes["id"]) for one in said),
        ),
        theme,
        wide,
        high,
        boxes,
        {
            c.node.id: c.slot.moved(boxes[c.node.id].x, boxes[c.node.id].y)
            for c in nodes
            if c.slot
        },
        {arrow.edge.id: edges.note_room(arrow, placement) for arrow in planned},
        {**RULES, **BADGE_RULES} if graph.badges else RULES,
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
    graph: Graph, prefix: str, slots: Mapping[str, node_cards.GradientSlot]
) -> Iterator[node_cards.Card]:
    """The card of each node, with room for what is written into it later."""
    formulas, plain = words.formulas(graph), node_cards.GradientSlot()
    for node in graph.nodes:
        formula, slot = formulas.get(node.id, ""), slots.get(node.id, plain)
        card = node_cards.card_of(node, formula, prefix + node.id, slot)
        yield node_cards.badged(card, graph.badged.get(node.id, ()))


def boxes(graph: Graph) -> Iterator[Element]:
    """The box of each node by itself, as it is in the picture but for its place."""
    for card in _cards(graph, "", {}):
        yield node_cards.draw(card, Rect(0, 0, card.width, card.height), "")


def _font_rules() -> themes.Rules:
    """The size of each class of text; those that are monospaced."""
    sizes: dict[float, list[str]] = {}
    for name, (size, _) in FONTS.items():
        sizes.setdefault(size, []).append(f".{name}")
    rules = {
        ", ".join(names): f"font-size:{n(size)}px" for size, names in sizes.items()
    }
    mono = ", ".join(f".{name}" for name, (_, mono) in FONTS.items() if mono)
    return {**rules, mono: f"font-family:{themes.MONO}"}


_BADGE_ROLES = {
    "added": "good",
    "removed": "bad",
    "changed": "hot",
    "held": "variable",
    "shared": "muted",
}
"""The colour of each badge."""


RULES: themes.Rules = {
    **_font_rules(),
    "": f"max-width:100%;height:auto;direction:ltr;font:13px/1.3 {themes.SANS};"
    "font-variant-numeric:tabular-nums;letter-spacing:normal;word-spacing:normal;"
    "text-transform:none;--glow:none",
    "text": "fill:@ink;stroke:none",
    ".paper": "fill:@paper",
    ".tag, .word, .dims, .slot, .formula": "fill:@muted",
    ".name, .grad, .value .cell": "font-weight:600",
    ".frame": "stroke-width:1.4;stroke:@op;fill:@op-fill",
    ".hair": "stroke:@hair;fill:none",
    ".badge": "stroke:@op;fill:none;stroke-width:1.2",
    ".symbol": "fill:@op;text-anchor:middle",
    ".title": "font-weight:600",
    ".group .badge": "stroke:@group",
    ".group path.pile": "fill:none",
    ".port .frame": "stroke:@constant;fill:@paper;stroke-dasharray:3 3",
    ".cell": "text-anchor:end",
    ".note, .dims, .lone": "text-anchor:middle",
    ".left": "text-anchor:start",
    ".slot": "font-style:italic",
    ".edge .dims": "stroke:@paper;stroke-width:3px;paint-order:stroke",
    ".wire": "fill:none;stroke:@line;stroke-width:1.3",
    ".head": "fill:@line",
    ".dead .wire": "stroke-dasharray:4 4",
    ".mark": "fill:none;stroke:@muted;stroke-width:1.3",
    ".pending .mark": "stroke-dasharray:2 2",
    ".pending .grad": "fill:@muted;font-weight:400",
    ".none .mark": "stroke:@none",
    ".none .grad": "fill:@none",
    ".zero .mark": "stroke:@ink",
    **{
        selector: look
        for kind in themes.KINDS
        for selector, look in {
            f".{kind} .frame": f"stroke:@{kind};fill:@{kind}-fill",
            f".{kind} .accent": f"fill:@{kind}",
            f".{kind} .tag": f"fill:@{kind}",
        }.items()
    },
    **heatmap.RULES,
    **marks.RULES,
}
"""The style of everything that any picture may have in it."""

BADGE_RULES: themes.Rules = {
    ".more": "font-weight:600",
    ".plate": "stroke-width:1.2;fill:@paper",
    ".sign": "fill:none;stroke-width:1.6",
    ".is-removed .frame, .is-removed .wire": "stroke-dasharray:2 3",
    ".is-added .wire": "stroke-width:2.2",
    ".held .sign": "fill:@variable",
    **{
        selector: look
        for kind, role in _BADGE_ROLES.items()
        for selector, look in {
            f".{kind} .plate, .{kind} .sign, .is-{kind} .wire": f"stroke:@{role}",
            f".{kind} .more, .is-{kind} .slot, .is-{kind} .head": f"fill:@{role}",
        }.items()
    },
}
"""The style of badges."""


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
    return words.path_name(node.name) or "a value without a name"


def _box(card: node_cards.Card, placement: Placement) -> Rect:
    x, y = shift(placement.centres[card.node.id])
    return Rect(
        round(x - card.width / 2, 1),
        round(y - card.height / 2, 1),
        card.width,
        card.height,
    )
