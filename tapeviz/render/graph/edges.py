"""The arrows of a picture: their paths, their heads, and the labels beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tapeviz.render.graph import annotations as marks
from tapeviz.render.svg.elements import Rect, at, path, shift
from tapeviz.render.svg.elements import text as _text
from tapeviz.render.svg.elements import wide as _wide
from tapeviz.trace.geometry import Link, Placement, Point
from tapeviz.trace.graph import CUTS, Badge, Edge, Graph, Node
from tapeviz.trace.markup import Element, element
from tapeviz.wording import values as words


@dataclass(frozen=True)
class Arrow:
    """An edge before it is laid out: its label, and the room for a later note.

    ``slot`` is the operand's name, ``dims`` the shape that flows, ``word`` says why the
    gradient is cut; ``trail`` is true for an unrecorded edge, ``leaf`` for one from a
    variable or a constant. Sizes are in pixels.
    """

    edge: Edge
    slot: str
    dims: str
    width: float
    height: float
    noted: bool
    badge: str = ""
    trail: bool = False
    word: str = ""
    leaf: bool = False


def planned(graph: Graph, notes: Mapping[str, str]) -> list[Arrow]:
    """The arrows of a graph, each with the room for the note it will bear."""
    nodes, badged = graph.by_id, graph.badged
    unmarked = (
        replace(
            _plan(edge, nodes[edge.tail], nodes[edge.head], notes.get(edge.id, "")),
            trail=trail,
        )
        for edge, trail in marks.arrows(graph)
    )
    return [
        _marked(arrow, badged[arrow.edge.id][0]) if arrow.edge.id in badged else arrow
        for arrow in unmarked
    ]


def _marked(arrow: Arrow, badge: Badge) -> Arrow:
    """The arrow with its badge in front of its slot's name."""
    slot = " ".join(filter(None, (badge.text, arrow.slot)))
    wide = arrow.width + _wide("slot", f"{badge.text} ") + 8
    high = arrow.height if arrow.slot or arrow.dims else arrow.height + 15
    return replace(arrow, slot=slot, width=wide, height=high, badge=badge.kind)


def _plan(edge: Edge, tail: Node, head: Node, note: str) -> Arrow:
    slot = words.one_line(edge.label, 8) if edge.ordered else ""
    dims = words.flow(edge, tail.value, head.value)
    word = CUTS.get(edge.cut, "")
    tall = (15 if slot or dims else 0) + (15 if word else 0) + (22 if note else 0)
    gap = 6 if slot and dims else 0
    said = _wide("slot", slot) + gap + _wide("dims", dims)
    wide = max(said, _wide("note", note), _wide("cut-word", word)) + 8 if tall else 0
    leaf = tail.kind not in {"op", "group", "port"}
    return Arrow(
        edge, slot, dims, math.ceil(wide), tall, bool(note), word=word, leaf=leaf
    )


def link(arrow: Arrow) -> Link:
    """The arrow for the layout; from op to op, where gradients flow, it is straight."""
    edge = arrow.edge
    weight = 6 if edge.live and not arrow.leaf else 1
    return Link(edge.id, edge.tail, edge.head, arrow.width, arrow.height, weight)


def draw(
    arrow: Arrow, placement: Placement, graph: Graph, prefix: str, *, ends: bool
) -> Element:
    """A laid-out arrow as SVG; with ``ends`` a script finds its two boxes."""
    edge = arrow.edge
    points = [shift(point) for point in placement.paths[edge.id]]
    tip = shift(placement.tips[edge.id])
    flags = {
        "dead": not edge.live and not arrow.trail,
        "trail": arrow.trail,
        "broadcast": edge.broadcast,
        f"is-{arrow.badge}": arrow.badge,
    }
    return element(
        "g",
        element("title", _edge_title(arrow, graph)),
        path("wire", f"M{at(*points[0])}C{' '.join(at(*p) for p in points[1:])}"),
        *_heads(points[-1], tip, double=edge.broadcast),
        marks.bars(points, tip) if edge.cut else None,
        *_edge_label(arrow, placement),
        id=prefix + edge.id,
        cls=" ".join(["edge", *(name for name, on in flags.items() if on)]),
        data_ends=f"{prefix}{edge.tail} {prefix}{edge.head}" if ends else None,
    )


def _edge_label(arrow: Arrow, placement: Placement) -> Iterator[Element]:
    """The slot's name where order matters, and the shape where arrays flow."""
    x, y = shift(placement.labels[arrow.edge.id])
    low = y + arrow.height / 2 - 4
    if arrow.word:
        yield _text("cut-word", x, low, arrow.word)
        low -= 15
    if arrow.slot and arrow.dims:
        # A place for each part: CairoSVG, for one, would centre each for itself.
        first = _wide("slot", arrow.slot) + 6
        left = x - (first + _wide("dims", arrow.dims)) / 2
        slot = element("tspan", arrow.slot, cls="slot", x=left)
        dims = element("tspan", arrow.dims, x=left + first)
        yield element("text", slot, dims, cls="dims left", y=low)
    elif arrow.slot:
        slot = element("tspan", arrow.slot, cls="slot")
        yield element("text", slot, cls="dims", x=x, y=low)
    elif arrow.dims:
        yield _text("dims", x, low, arrow.dims)


def _edge_title(arrow: Arrow, graph: Graph) -> str:
    edge = arrow.edge
    tail, head = graph.node(edge.tail), graph.node(edge.head)
    if arrow.trail:
        return marks.trail_title(edge, tail, head)
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


def _heads(end: Point, tip: Point, *, double: bool) -> Iterator[Element]:
    """The arrow head; two of them, one behind the other, for a broadcast operand."""
    dx, dy = tip[0] - end[0], tip[1] - end[1]
    size = math.hypot(dx, dy) or 1.0
    ux, uy = dx / size, dy / size
    for back in (0.0, 6.0) if double else (0.0,):
        x, y = tip[0] - ux * back, tip[1] - uy * back
        left = at(x - (ux + uy * 0.42) * 8, y - (uy - ux * 0.42) * 8)
        right = at(x - (ux - uy * 0.42) * 8, y - (uy + ux * 0.42) * 8)
        yield path("head", f"M{at(x, y)}L{left} {right}z")


def note_room(arrow: Arrow, placement: Placement) -> Rect:
    """The rectangle beside an arrow that is free for a note."""
    x, y = shift(placement.labels[arrow.edge.id])
    if arrow.noted:
        return Rect(x - arrow.width / 2, y - arrow.height / 2, arrow.width, 18)
    return Rect(x - 20, y - 18, 40, 16)
