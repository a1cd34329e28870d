"""What a picture shows besides the recorded graph: cuts, frames, notes, a legend.

Unrecorded ops and edges are drawn here too. Each mark has a shape, a word and a colour,
so that a reader may miss one of them. The words are those of ``trace.graph``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from tapeviz.render.svg.elements import FONTS, text, wide
from tapeviz.trace.geometry import Corners, Group, Point
from tapeviz.trace.graph import Edge, Graph, GraphFrame, Node, UnrecordedEdge
from tapeviz.trace.markup import n
from tapeviz.wording import values as words
from tapeviz.wording.text_width import shorten_to_fit

RULES = (
    ".tapeviz .tv-ghost .tv-frame{stroke:@muted;fill:@paper;stroke-dasharray:6 4}"
    ".tapeviz .tv-ghost .tv-tag{fill:@muted;font-style:italic}"
    ".tapeviz .tv-ghost .tv-badge{stroke:@muted;stroke-dasharray:3 3}"
    ".tapeviz .tv-ghost .tv-symbol{fill:@muted}"
    ".tapeviz .tv-ghost.tv-target .tv-rim{stroke:@target}"
    ".tapeviz .tv-failed .tv-frame{stroke:@bad;stroke-width:2.2}"
    ".tapeviz .tv-failed .tv-tag,.tapeviz .tv-failed .tv-symbol,"
    ".tapeviz .tv-failed .tv-val{fill:@bad}"
    ".tapeviz .tv-failed .tv-badge,.tapeviz .tv-cross{stroke:@bad}"
    ".tapeviz .tv-cross{fill:none;stroke-width:2.2}"
    ".tapeviz .tv-trail .tv-wire{stroke-dasharray:1.5 4;stroke-linecap:round}"
    ".tapeviz .tv-trail .tv-head{fill:@paper;stroke:@line;stroke-width:1.1}"
    ".tapeviz .tv-cut{fill:none;stroke:@none;stroke-width:2}"
    ".tapeviz .tv-cut-word{fill:@none;text-anchor:middle;"
    "stroke:@paper;stroke-width:3px;"
    "paint-order:stroke}"
    ".tapeviz .tv-key .tv-cut-word,.tapeviz .tv-key text{text-anchor:start}"
    ".tapeviz .tv-block{fill:none;stroke:@line;stroke-width:1}"
    ".tapeviz .tv-block-name{fill:@ink;stroke:@paper;stroke-width:5px;"
    "paint-order:stroke}"
    ".tapeviz .tv-remark{fill:@ink}"
    ".tapeviz .tv-key .tv-remark{fill:@muted}"
    ".tapeviz .tv-sign-line{fill:none;stroke:@muted;"
    "stroke-width:1.4}.tapeviz .tv-sign-line.tv-bad{stroke:@bad;stroke-width:2}"
)
"""The styles of everything this module draws."""

LABEL = 20
"""The height of a frame's label."""

_LINE = 19
_LEAST = 420


def used(graph: Graph) -> bool:
    """Whether a picture has anything of this module in it."""
    unrecorded = any(node.unrecorded for node in graph.nodes)
    cuts = any(edge.cut for edge in graph.edges)
    return (
        unrecorded
        or cuts
        or bool(graph.unrecorded_edges or graph.notes or blocks(graph))
    )


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


def bars(path: list[Point], tip: Point) -> str:
    """Two short bars across an arrow, close to its head: the gradient stops here."""
    (x, y), size = path[-1], math.dist(path[-1], tip) or 1.0
    ux, uy = (tip[0] - x) / size, (tip[1] - y) / size
    drawn = ""
    for back in (5, 10):
        ax, ay = x - ux * back, y - uy * back
        lean_x, lean_y = uy * 6 - ux * 2, -ux * 6 - uy * 2
        drawn += f"M{n(ax + lean_x)} {n(ay + lean_y)}l{n(-2 * lean_x)} {n(-2 * lean_y)}"
    return f'<path class="tv-cut" d="{drawn}"/>'


def cross(x: float, y: float) -> str:
    """The mark of an operation that failed, in the upper right corner of its box."""
    return f'<path class="tv-cross" d="M{n(x - 15)} {n(y + 7)}l8 8m0-8l-8 8"/>'


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
    graph: Graph, placed: Mapping[str, Sequence[Corners]], margin: float, prefix: str
) -> tuple[list[str], list[str]]:
    """The frames, outer ones first, and the words that head each of them.

    The words must be drawn after the arrows, which may cross the frames.
    """
    lines, heads = [], []
    for block in blocks(graph):
        parts = placed.get(block.id, ())
        rects = "".join(
            f'<rect class="tv-block" x="{n(x + margin)}" y="{n(y + margin)}" '
            f'width="{n(across)}" height="{n(down)}" rx="8"/>'
            for x, y, across, down in parts
        )
        if parts:
            lines.append(
                f'<g id="{escape(prefix)}{block.id}" class="tv-tape">'
                f"<title>{escape(block.title)}</title>{rects}</g>"
            )
            x, y = parts[0][0] + margin + 10, parts[0][1] + margin + 16
            heads.append(text("tag block-name", x, y, block.heading))
    return lines, heads


# -- below the picture ----------------------------------------------------------------


@dataclass(frozen=True)
class Footer:
    """Lines below a picture: their size, and ``draw(x, y)`` for their markup."""

    width: int
    height: int
    draw: Callable[[float, float], str]


def footer(graph: Graph, room: float, *, legend: bool, named: bool = False) -> Footer:
    """The notes, and what the marks mean that the picture uses.

    ``named`` lists the frames' headings too, for a layout that draws no frames.
    """
    room = max(room, _LEAST)
    said = [(note.kind, note.text) for note in graph.notes]
    said += [("tape", f"{frame_name(f)}.") for f in graph.frames] if named else []
    lines = [line for kind, text_ in said for line in _note(kind, text_, room)]
    lines += _rows(_keys(graph), room) if legend else []

    def draw(x: float, y: float) -> str:
        parts = (line.draw(x, y + _LINE * k) for k, line in enumerate(lines))
        return f'<g class="tv-below">{"".join(parts)}</g>' if lines else ""

    across = max((line.width for line in lines), default=0)
    return Footer(math.ceil(across), _LINE * len(lines) + (6 if lines else 0), draw)


@dataclass(frozen=True)
class _TextLine:
    width: float
    draw: Callable[[float, float], str]


def _note(kind: str, said: str, room: float) -> Iterator[_TextLine]:
    """A note after its sign, wrapped to the room."""
    for k, line in enumerate(_wrapped(words.one_line(said), room - 22)):
        sign = _SIGNS[kind] if not k else ""
        yield _TextLine(
            22 + wide("remark", line),
            lambda x, y, sign=sign, line=line: (  # type: ignore[misc]
                _at(x + 8, y + 9, sign) + text("remark", x + 22, y + 13, line)
            ),
        )


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


def _at(x: float, y: float, sign: str) -> str:
    return f'<g transform="translate({n(x)} {n(y)})">{sign}</g>' if sign else ""


_CROSS = '<path class="tv-sign-line tv-bad" d="M-5-5l10 10m0-10l-10 10"/>'
_RING = '<circle class="tv-sign-line" r="5.5"/><path class="tv-sign-line" d="{}"/>'

_SIGNS: Mapping[str, str] = {
    "failed": _CROSS,
    "silent": _RING.format("M-4 4l8-8"),
    "reset": _RING.format("M-3 0h6"),
    "used": _RING.format("M-3 0l2 2.5l4-5"),
    "tape": (
        '<rect class="tv-sign-line" x="-5.5" y="-5.5" width="11" height="11" rx="2"/>'
    ),
    "more": _RING.format("M-2.6 0h.1m2.5 0h.1m2.5 0h.1"),
    "changes": _RING.format("M-3.4 2.4l3.4-5.6 3.4 5.6z"),
    "memory": _RING.format("M-2.6-2.6h5.2v5.2h-5.2z"),
}


def _keys(graph: Graph) -> Iterator[tuple[str, str]]:
    """The legend of the marks in a picture: a small drawing and words for each."""
    shown = [node for node in graph.nodes if not words.quiet(node)]
    states = {"pending" for node in shown if node.grad == "pending"}
    states |= {"none" for node in shown if node.grad == "none"}
    states |= {"zero" for node in shown if node.gradient and node.gradient.is_zero}
    yield from (_STATES[state] for state in _STATES if state in states)
    cut = any(edge.cut for edge, _ in arrows(graph))
    broadcast = any(edge.broadcast for edge in graph.edges)
    unrecorded = any(
        node.unrecorded and node.unrecorded != "failed" for node in graph.nodes
    )
    dead = any(not edge.live for edge in graph.edges)
    found = (
        ("cut", cut),
        ("dead", dead),
        ("broadcast", broadcast),
        ("ghost", unrecorded),
    )
    yield from (
        _KEYS[key]
        for key, there in (*found, ("trail", graph.unrecorded_edges))
        if there
    )


_PENDING = (
    '<g class="tv-pending">'
    '<rect class="tv-mark" x="-5" y="-5" width="10" height="10"/></g>'
)
_ZERO = (
    '<g class="tv-zero"><circle class="tv-mark" r="5.5"/>'
    '<circle class="tv-mark" r="1.5"/></g>'
)
_BARS = '<path class="tv-cut" d="M-5 5l3-10m2 10l3-10"/>'
_UNRECORDED = (
    '<g class="tv-ghost">'
    '<rect class="tv-frame" x="-10" y="-6" width="20" height="12" rx="2"/></g>'
)

_STATES: Mapping[str, tuple[str, str]] = {
    "pending": (
        _PENDING,
        "gradient not computed yet",
    ),
    "zero": (
        _ZERO,
        "gradient exactly zero",
    ),
    "none": (
        '<g class="tv-none"><path class="tv-mark" d="M-5-5l10 10m0-10l-10 10"/></g>',
        "no gradient: None",
    ),
}

_WIRE = '<path class="tv-wire" d="M-11 0h18"/>'
_HEAD = '<path class="tv-head" d="M11 0L4-3V3z"/>'

_KEYS: Mapping[str, tuple[str, str]] = {
    "cut": (
        f'<g class="tv-edge tv-dead">{_WIRE}{_HEAD}</g>{_BARS}',
        "the way back ends",
    ),
    "dead": (
        f'<g class="tv-edge tv-dead">{_WIRE}{_HEAD}</g>',
        "no gradient flows back",
    ),
    "broadcast": (
        (
            f'<g class="tv-edge">{_WIRE}{_HEAD}'
            '<path class="tv-head" d="M5 0L-2-3V3z"/></g>'
        ),
        "stretched by broadcasting",
    ),
    "ghost": (
        _UNRECORDED,
        "not recorded by this tape",
    ),
    "trail": (
        f'<g class="tv-edge tv-trail">{_WIRE}{_HEAD}</g>',
        "a way that was not recorded",
    ),
}


def _rows(keys: Iterable[tuple[str, str]], room: float) -> list[_TextLine]:
    """The legend's entries side by side, in as many rows as it takes."""
    rows: list[list[tuple[float, str, str]]] = []
    at = room
    for sign, said in keys:
        need = 30 + wide("remark", said) + 16
        if at + need - 16 > room:
            rows.append([])
            at = 0.0
        rows[-1].append((at, sign, said))
        at += need
    return [
        _TextLine(
            row[-1][0] + 30 + wide("remark", row[-1][2]),
            lambda x, y, row=row: "".join(  # type: ignore[misc]
                f'<g class="tv-key">{_at(x + left + 12, y + 9, sign)}'
                f"{text('remark', x + left + 28, y + 13, said)}</g>"
                for left, sign, said in row
            ),
        )
        for row in rows
    ]
