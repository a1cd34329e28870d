"""What a picture shows besides the recorded graph: cuts, frames, notes, a legend.

Unrecorded ops and edges are drawn here too. Each mark has a shape, a word and a colour,
so that a reader may miss one of them. The words are those of ``trace.graph``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tapeviz.render.graph.node_cards import mark
from tapeviz.render.svg.elements import (
    FONTS,
    MARGIN,
    Rect,
    at,
    circle,
    path,
    placed,
    rect,
    text,
    wide,
)
from tapeviz.trace.geometry import Corners, Group, Point
from tapeviz.trace.graph import Edge, Graph, GraphFrame, Node, UnrecordedEdge
from tapeviz.trace.markup import Element, element
from tapeviz.wording import values as words
from tapeviz.wording.text_width import shorten_to_fit

RULES = {
    ".ghost .frame": "stroke:@muted;fill:@paper;stroke-dasharray:6 4",
    ".ghost .tag": "fill:@muted;font-style:italic",
    ".ghost .badge": "stroke:@muted;stroke-dasharray:3 3",
    ".ghost .symbol": "fill:@muted",
    ".ghost.target .rim": "stroke:@target",
    ".failed .frame": "stroke:@bad;stroke-width:2.2",
    ".failed .tag, .failed .symbol, .failed .val": "fill:@bad",
    ".failed .badge, .cross": "stroke:@bad",
    ".cross": "fill:none;stroke-width:2.2",
    ".trail .wire": "stroke-dasharray:1.5 4;stroke-linecap:round",
    ".trail .head": "fill:@paper;stroke:@line;stroke-width:1.1",
    ".cut": "fill:none;stroke:@none;stroke-width:2",
    ".cut-word": "fill:@none;text-anchor:middle;stroke:@paper;stroke-width:3px;"
    "paint-order:stroke",
    ".key .cut-word, .key text": "text-anchor:start",
    ".block": "fill:none;stroke:@line;stroke-width:1",
    ".block-name": "fill:@ink;stroke:@paper;stroke-width:5px;paint-order:stroke",
    ".remark": "fill:@ink",
    ".key .remark": "fill:@muted",
    ".sign-line": "fill:none;stroke:@muted;stroke-width:1.4",
    ".sign-line.bad": "stroke:@bad;stroke-width:2",
}
"""The styles of everything this module draws."""

LABEL = 20
"""The height of a frame's label."""

_LINE = 19
_LEAST = 420


def arrows(graph: Graph) -> Iterator[tuple[Edge, bool]]:
    """All edges, each with whether it was not recorded, by their heads' order."""
    found = [(edge, False) for edge in graph.edges]
    if graph.unrecorded_edges:
        order = {node.id: k for k, node in enumerate(graph.nodes)}
        found += [(_edge(trail), True) for trail in graph.unrecorded_edges]
        found.sort(key=lambda pair: order[pair[0].head])
    return iter(found)


def _edge(trail: UnrecordedEdge) -> Edge:
    return Edge(
        trail.id, trail.tail, trail.head, 0, "", live=False, cut=trail.cut,
        note=trail.note,
    )  # fmt: skip


def trail_title(edge: Edge, tail: Node, head: Node) -> str:
    """The hover text of an edge that was not recorded."""
    name = words.one_line(tail.name, 60) or words.brief(tail.value)
    into = words.one_line(head.name or head.formula or head.op, 60)
    said = f"the value of {name} goes into {into}, and the tape did not record it"
    return "; ".join(filter(None, (said, words.one_line(edge.note))))


def bars(points: list[Point], tip: Point) -> Element:
    """Two short bars across an arrow, close to its head: the gradient stops here."""
    (x, y), size = points[-1], math.dist(points[-1], tip) or 1.0
    ux, uy = (tip[0] - x) / size, (tip[1] - y) / size
    lean_x, lean_y = uy * 6 - ux * 2, -ux * 6 - uy * 2
    starts = (at(x - ux * b + lean_x, y - uy * b + lean_y) for b in (5, 10))
    return path("cut", "".join(f"M{s}l{at(-2 * lean_x, -2 * lean_y)}" for s in starts))


# -- frames ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """A frame around nodes: its heading, and its hover text."""

    id: str
    nodes: tuple[str, ...]
    heading: str
    title: str


def blocks(graph: Graph) -> tuple[Block, ...]:
    """The frames of a picture, outer ones first.

    There is one for each tape of several, and one around what a function with a
    gradient of its own computed.
    """
    names = ((frame, frame_name(frame)) for frame in graph.frames)
    found = [(frame.nodes, name, name) for frame, name in names]
    for nodes, name in _bodies(graph):
        if all(_apart(set(nodes), set(other)) for other, *_ in found):
            found.append((nodes, f"{name} has a gradient of its own", _BODY))
    found.sort(key=lambda block: -len(block[0]))
    return tuple(Block(f"f{k}", *block) for k, block in enumerate(found))


_BODY = "what is in this frame computed its value; its gradient comes from its own rule"


def _apart(one: set[str], other: set[str]) -> bool:
    """Whether two frames can be drawn: one within the other, or side by side."""
    return one <= other or one > other or not one & other


def _bodies(graph: Graph) -> Iterator[tuple[tuple[str, ...], str]]:
    """The nodes and the name of each function with a gradient of its own."""
    order = {node.id: k for k, node in enumerate(graph.nodes)}
    heads: dict[str, set[str]] = {}
    for edge in graph.edges:
        heads.setdefault(edge.tail, set()).add(edge.head)
    for scope in graph.scopes:
        inside = graph.nodes[order[scope.first] : order[scope.last] + 1]
        ops = [node for node in inside if node.kind == "op" and node.op != "part"]
        if len(ops) > 1 and ops[-1].op == "custom" and ops[-1].symbol == scope.name:
            ids = {node.id for node in inside if node.kind == "op"}
            constants = {
                id for id, into in heads.items() if id[0] == "k" and into <= ids
            }
            mine = (id for id in order if id in ids | constants)
            yield tuple(mine), words.one_line(scope.name, 24)


def groups(graph: Graph) -> tuple[Group, ...]:
    """The frames as groups for the layout."""
    return tuple(
        Group(block.id, block.nodes, wide("tag", block.heading) + 8, LABEL)
        for block in blocks(graph)
    )


def frame_name(frame: GraphFrame) -> str:
    """The heading of a frame: its tape, and what that tape watches."""
    watched = [words.one_line(name, 16) for name in frame.watches]
    more = [f"{len(watched) - 4} more"] if len(watched) > 5 else []
    named = ", ".join([*watched[: 4 if more else 5], *more])
    name = words.one_line(frame.name, 24)
    return f"{name} watches {named}" if named else f"{name} watches nothing"


def frames(
    graph: Graph, rectangles: Mapping[str, Sequence[Corners]], prefix: str
) -> tuple[list[Element], list[Element]]:
    """The frames, outer ones first, and the words that head each of them.

    The words must be drawn after the arrows, which may cross the frames.
    """
    lines, heads = [], []
    for block in blocks(graph):
        parts = [Rect(*c).moved(MARGIN, MARGIN) for c in rectangles.get(block.id, ())]
        if parts:
            title = element("title", block.title)
            drawn = (part.draw("block", rx=8) for part in parts)
            lines.append(element("g", title, *drawn, id=prefix + block.id, cls="tape"))
            x, y = parts[0].x + 10, parts[0].y + 16
            heads.append(text("tag block-name", x, y, block.heading))
    return lines, heads


# -- below the picture ----------------------------------------------------------------


@dataclass(frozen=True)
class Footer:
    """Lines below a picture: their size, and ``draw(x, y)`` for their elements."""

    width: int
    height: int
    draw: Callable[[float, float], Element | None]


def footer(graph: Graph, room: float, *, legend: bool, named: bool = False) -> Footer:
    """The notes, and what the marks mean that the picture uses.

    ``named`` lists the frames' headings too, where nothing is there to be framed.
    """
    room = max(room, _LEAST)
    said = [(note.kind, note.text) for note in graph.notes]
    said += [("tape", f"{frame_name(f)}.") for f in graph.frames] if named else []
    lines = [line for kind, text_ in said for line in _note(kind, text_, room)]
    lines += _rows(_keys(graph), room) if legend else []

    def draw(x: float, y: float) -> Element | None:
        moved = (placed(x, y + _LINE * k, *line.parts) for k, line in enumerate(lines))
        return element("g", *moved, cls="below") if lines else None

    across = max((line.width for line in lines), default=0)
    return Footer(math.ceil(across), _LINE * len(lines) + (6 if lines else 0), draw)


@dataclass(frozen=True)
class _TextLine:
    """A line: its width, and what is in it, from the line's upper left corner on."""

    width: float
    parts: tuple[Element, ...]


def _note(kind: str, said: str, room: float) -> Iterator[_TextLine]:
    """A note after its sign, wrapped to the room."""
    for k, line in enumerate(_wrapped(words.one_line(said), room - 22)):
        sign = () if k else (placed(8, 9, *_SIGNS[kind]),)
        label = text("remark", 22, 13, line)
        yield _TextLine(22 + wide("remark", line), (*sign, label))


def _wrapped(said: str, room: float) -> list[str]:
    """The text broken between words into lines that fit."""
    lines: list[str] = []
    for word in said.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and wide("remark", longer) <= room:
            lines[-1] = longer
        else:
            lines.append(shorten_to_fit(word, room, FONTS["remark"][0]))
    return lines


def _ring(d: str) -> tuple[Element, ...]:
    return circle("sign-line", 0, 0, 5.5), path("sign-line", d)


_SIGNS: Mapping[str, tuple[Element, ...]] = {
    "failed": (path("sign-line bad", "M-5-5l10 10m0-10l-10 10"),),
    "silent": _ring("M-4 4l8-8"),
    "reset": _ring("M-3 0h6"),
    "used": _ring("M-3 0l2 2.5l4-5"),
    "tape": (rect("sign-line", -5.5, -5.5, 11, 11, rx=2),),
    "more": _ring("M-2.6 0h.1m2.5 0h.1m2.5 0h.1"),
    "changes": _ring("M-3.4 2.4l3.4-5.6 3.4 5.6z"),
    "memory": _ring("M-2.6-2.6h5.2v5.2h-5.2z"),
    "differs": _ring("M-3-1.5h6m-6 3h6m-5 2l4-7"),
}


def _keys(graph: Graph) -> Iterator[tuple[Sequence[Element], str]]:
    """The legend of the marks in a picture: a small drawing and words for each."""
    shown = [node for node in graph.nodes if not words.quiet(node)]
    there = {
        "pending": any(node.grad == "pending" for node in shown),
        "zero": any(node.gradient and node.gradient.is_zero for node in shown),
        "none": any(node.grad == "none" for node in shown),
        "cut": any(edge.cut for edge, _ in arrows(graph)),
        "dead": any(not edge.live for edge in graph.edges),
        "broadcast": any(edge.broadcast for edge in graph.edges),
        "ghost": any(n.unrecorded not in ("", "failed") for n in graph.nodes),
        "trail": bool(graph.unrecorded_edges),
    }
    return (key for name, key in _KEYS.items() if there[name])


def _arrow(*more: Element, look: str = "") -> Element:
    wire, head = path("wire", "M-11 0h18"), path("head", "M11 0L4-3V3z")
    return element("g", wire, head, *more, cls=f"edge {look}")


def _mark(state: str) -> Sequence[Element]:
    return (element("g", *mark(state, 0, 0), cls=state),)


_KEYS: Mapping[str, tuple[Sequence[Element], str]] = {
    "pending": (_mark("pending"), "gradient not computed yet"),
    "zero": (_mark("zero"), "gradient exactly zero"),
    "none": (_mark("none"), "no gradient: None"),
    "cut": (
        (_arrow(look="dead"), path("cut", "M-5 5l3-10m2 10l3-10")),
        "the way back ends",
    ),
    "dead": ((_arrow(look="dead"),), "no gradient flows back"),
    "broadcast": (
        (_arrow(path("head", "M5 0L-2-3V3z")),),
        "stretched by broadcasting",
    ),
    "ghost": (
        (element("g", rect("frame", -10, -6, 20, 12, rx=2), cls="ghost"),),
        "not recorded by this tape",
    ),
    "trail": ((_arrow(look="trail"),), "a way that was not recorded"),
}


def _rows(
    keys: Iterable[tuple[Sequence[Element], str]], room: float
) -> list[_TextLine]:
    """The legend's entries side by side, in as many rows as it takes."""
    rows: list[_TextLine] = []
    left = room
    for sign, said in keys:
        need = 30 + wide("remark", said)
        if left + need > room:
            rows.append(_TextLine(0, ()))
            left = 0.0
        label = text("remark", left + 28, 13, said)
        key = element("g", placed(left + 12, 9, *sign), label, cls="key")
        rows[-1] = _TextLine(left + need, (*rows[-1].parts, key))
        left += need + 16
    return rows
