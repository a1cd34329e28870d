"""A backward pass as a film: forward through the code, then back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from html import escape

from tapeviz.render.film.backward_frames import (
    HEADS,
    BackwardFrames,
    EdgeNote,
    NodeNote,
)
from tapeviz.render.film.nicknames import with_nicknames
from tapeviz.render.graph.node_cards import array_in, mark
from tapeviz.render.graph.scene import Scene, scene
from tapeviz.render.html.page import with_min_size
from tapeviz.render.svg import heatmap
from tapeviz.render.svg import theme as themes
from tapeviz.render.svg.elements import Rect
from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.film import MARKS, Film, Frame, Table
from tapeviz.trace.graph import Graph
from tapeviz.trace.markup import css_class
from tapeviz.trace.markup import n as _n
from tapeviz.trace.questions import Practice
from tapeviz.trace.value import Value
from tapeviz.wording.text_width import shorten_to_fit, width

_RULES = (
    ".tapeviz{--glow:none}"
    ".tapeviz .tv-hot{--h: ;}.tapeviz .tv-done{--d: ;}"
    ".tapeviz .tv-dim{opacity:.25}.tapeviz .tv-off{opacity:0}"
    ".tapeviz .tv-late{opacity:0}"
    ".tapeviz .tv-late:is(.tv-on,.tv-hot,.tv-done){opacity:1}"
    ".tapeviz :is(.tv-node,.tv-edge){--s:var(--h)var(--tv-hot);"
    "--f:var(--h)var(--tv-hot-fill);--t:var(--h)2.4}"
    ".tapeviz .tv-edge{--e:var(--d)var(--tv-done);--u:var(--d)1.8}"
    ".tapeviz .tv-frame{stroke-width:var(--t,1.4)}"
    ".tapeviz .tv-wire{stroke:var(--s,var(--e,var(--tv-line)));"
    "stroke-width:var(--t,var(--u,1.3))}"
    ".tapeviz .tv-head{fill:var(--s,var(--e,var(--tv-line)))}"
    ".tapeviz .tv-pill{fill:var(--tv-paper);stroke:var(--tv-done);stroke-width:1.2}"
    ".tapeviz .tv-chip{fill:var(--tv-hot-fill);stroke:var(--tv-hot);stroke-width:1.2}"
    ".tapeviz .tv-pill+.tv-note{fill:var(--tv-done);font-weight:600}"
    ".tapeviz .tv-chip+.tv-note{fill:var(--tv-hot)}"
    ".tapeviz .tv-way.tv-hot{animation:tv-way .6s ease-out}"
    "@keyframes tv-way{from{transform:var(--way,translate(30px,0px))}}"
)
"""How marks look. "hot" sets the variable ``--h`` to nothing, "done" sets ``--d``. A
variable that uses one of them is invalid where it is not set, so that the fallback of
``var()`` applies there."""

_CLASSES = re.compile("""class=["']([^"']*)""")
_STYLE = re.compile(r"<style>[^<]*")
_RULE = re.compile(r"(?<=[}>])([.,\w -]+)(\{[^{}]*\})")
_SPARE = re.compile(r"(?<=[{;])([a-z-]+):#[0-9a-f]+;(?=\1:var\()")


_STILL = re.compile(
    r' data-ends="[^"]*"|\ngradient: not computed yet'
    r'|<desc .*?</desc>|(?<=title) desc(?=")'
    r"|\.tapeviz \.tv-(\w+) \.tv-frame\{stroke:var\(--tv-\1\);fill:[^}]*\}"
)
"""What only a picture that stays as it is needs: a film is described by its steps."""


_OWN_COLOURS = ("watched", "watched-fill", "group", "group-fill", "none")
"""The colours that only pictures with such nodes or gradients use, and no page."""


def _without_unused_parts(svg: str) -> str:
    """The picture without what nothing in a film uses.

    It loses the selectors with a class that no element has and no mark gives, and the
    literal colours for programs without CSS variables: marks need variables anyway.
    """
    found = " ".join(_CLASSES.findall(svg)).split()
    there = {*found, *css_class(*MARKS).split()}

    def used(rule: re.Match[str]) -> str:
        selectors = [
            one
            for one in rule[1].split(",")
            if there.issuperset(re.findall(r"\.([\w-]+)", one))
        ]
        return ",".join(selectors) + rule[2] if selectors else ""

    svg = _SPARE.sub("", _STYLE.sub(lambda style: _RULE.sub(used, style[0]), svg))
    svg = _STILL.sub("", svg)
    for role in _OWN_COLOURS:
        if f"var(--tv-{role})" not in svg:
            svg = re.sub(rf"--tv-{role}:[^;}}]*;", "", svg)
    return svg


def _kinds(graph: Graph) -> set[str]:
    """The kinds of nodes that there are."""
    there = {node.kind for node in graph.nodes}
    return there | ({"target"} if any(node.target for node in graph.nodes) else set())


def _rules(graph: Graph) -> str:
    """How marks look, on nodes of the kinds that there are."""
    there = _kinds(graph)
    return _RULES + "".join(
        f".tapeviz .tv-{kind} .tv-frame{{stroke:var(--s,var(--tv-{kind}));"
        f"fill:var(--f,var(--tv-{kind}-fill))}}"
        for kind in themes.KINDS
        if kind in there
    )


def backward_film(
    run: BackwardPass,
    *,
    theme: str = "auto",
    direction: str = "LR",
    practice: Practice | None = None,
) -> Film:
    """The film of a backward pass: first every value, then every contribution.

    The frames before the sweep light the nodes in the order of recording. In the sweep
    there is a frame for each gradient that arrives at an op, one for each derivative
    that comes into play, and one for each contribution that is added to its node's sum.
    The last frame tells the gradients of the sources. ``practice`` has the mistakes and
    the finite differences that go beside it.

    ValueError for an unknown theme or direction; LayoutError without a layout engine.
    """
    builder = BackwardFrames(run.validate(), practice or Practice())
    return build_film(builder, theme=theme, direction=direction)


def build_film(
    builder: BackwardFrames, *, theme: str = "auto", direction: str = "LR"
) -> Film:
    """The film of these frames, over one picture with room for all they will show.

    ValueError for an unknown theme or direction; LayoutError without a layout engine.
    """
    frames = [*builder.all_frames()]
    graph = builder.run.graph
    picture = scene(
        _before_the_pass(with_nicknames(builder.run)),
        theme=theme,
        direction=direction,
        sums=builder.longest(builder.node_notes),
        arrays=builder.widest(),
        notes=builder.longest(builder.edge_notes) if builder.small else {},
    )
    overlay = f"<style>{_rules(graph)}</style>"
    overlay += "".join(_overlays(builder, picture))
    overlay += '<text class="tv-late tv-ask">?</text>' if builder.questions else ""
    drawn = _without_unused_parts(picture.with_overlay(overlay))
    return Film(
        builder.title(),
        builder.alt(),
        with_min_size(
            builder.worded(drawn),
            *picture.least,
        ),
        tuple(_only_changes(frames)),
        graph.sources,
        Table(builder.heads, tuple(builder.rows)),
        tuple(builder.questions),
    ).validate()


def backward_table(run: BackwardPass) -> Table:
    """The film's table alone, which needs no layout."""
    builder = BackwardFrames(run.validate(), marked=False)
    for _ in builder.all_frames():
        pass
    return Table(HEADS, tuple(builder.rows))


def _before_the_pass(graph: Graph) -> Graph:
    """The graph with all its gradients pending."""
    nodes = (replace(node, grad="pending", gradient=None) for node in graph.nodes)
    return replace(graph, nodes=tuple(nodes))


def _only_changes(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames, each with only the marks that differ from the frame before."""
    before: Mapping[str, str] = {}
    for frame in frames:
        now = frame.marks
        ids = dict.fromkeys((*before, *now))
        changed = [id for id in ids if before.get(id, "") != now.get(id, "")]
        yield replace(frame, marks={id: now.get(id, "") for id in changed})
        before = now


def _overlays(builder: BackwardFrames, picture: Scene) -> Iterator[str]:
    for note in builder.edge_notes:
        start = picture.boxes[builder.starts[note.edge]]
        yield _pill(note, picture.edges[note.edge], start)
    for sum in builder.node_notes:
        if sum.node in picture.grads:
            yield _slot(sum, picture.grads[sum.node])


def _pill(note: EdgeNote, room: Rect, start: Rect) -> str:
    """A note on its edge; a contribution slides there from the op it comes from."""
    text = shorten_to_fit(note.text, max(room.width, 90), 12.5)
    picture, more = _thumb(note.array)
    wide = width(text, 12.5) + 12 + more
    x, y = room.centre
    contribution = note.look == "done"
    look, cls = (
        ("tv-pill", "tv-late tv-way") if contribution else ("tv-chip", "tv-late")
    )
    dx = min(max(x, start.x), start.x + start.width) - x
    dy = min(max(y, start.y), start.y + start.height) - y
    far = f"translate({_n(dx)}px,{_n(dy)}px)"
    usual = not contribution or far == "translate(30px,0px)"
    way = "" if usual else f' style="--way:{far}"'
    return (
        f'<g id="{note.id}" class="{cls}"{way}>'
        f'<rect class="{look}" x="{_n(x - wide / 2)}" y="{_n(y - 9)}" '
        f'width="{_n(wide)}" height="18" rx="9"/>'
        f'<text class="tv-note" x="{_n(x + more / 2)}" y="{_n(room.baseline)}">'
        f"{escape(text)}</text>"
        + picture.format(x=_n(x - wide / 2 + 8), y=_n(y - 6))
        + "</g>"
    )


def _thumb(array: Value | None) -> tuple[str, float]:
    """A small picture of an array, 12 pixels high, and how much room it takes."""
    if array is None:
        return "", 0
    wide, high = heatmap.size(array)
    scale = min(12 / high, 30 / wide)
    transform = f'transform="translate({{x}} {{y}}) scale({scale:.3g})"'
    return f"<g {transform}>{heatmap.draw(array, 0, 0)}</g>", wide * scale + 8


def _slot(sum: NodeNote, room: Rect) -> str:
    x, y = room.x + 6, room.centre[1]
    sign = mark(sum.state, x, y)
    text = shorten_to_fit(sum.text, 230, 13.5)
    array = "" if sum.array is None else array_in(room, sum.array)
    return (
        f'<g id="{sum.id}" class="tv-late tv-{sum.state}">{sign}{array}'
        f'<text class="tv-grad" x="{_n(room.x + (17 if sign else 0))}" '
        f'y="{_n(room.baseline)}">{escape(text)}</text></g>'
    )
