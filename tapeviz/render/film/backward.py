"""A backward pass as a film: forwards through the code, then backwards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from html import escape

from tapeviz.render.film.backward_frames import HEADS, Aside, Story, Sum
from tapeviz.render.film.nicknames import explained
from tapeviz.render.graph.node_cards import array_in, mark
from tapeviz.render.graph.scene import Scene, scene
from tapeviz.render.html.page import legible
from tapeviz.render.svg import heatmap
from tapeviz.render.svg import theme as themes
from tapeviz.render.svg.elements import Rect
from tapeviz.render.svg.elements import n as _n
from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.film import Film, Frame, Table
from tapeviz.trace.graph import Graph
from tapeviz.trace.questions import Practice
from tapeviz.trace.value import Value
from tapeviz.wording.text_width import fit, width

_SMALLEST = 0.78

_RULES = (
    ".tapeviz{--glow:none}"
    ".tapeviz .hot{--h: ;}.tapeviz .done{--d: ;}"
    ".tapeviz .dim{opacity:.25}.tapeviz .off{opacity:0}"
    ".tapeviz .late{opacity:0}.tapeviz .late:is(.on,.hot,.done){opacity:1}"
    ".tapeviz :is(.node,.edge){--s:var(--h)var(--tv-hot);"
    "--f:var(--h)var(--tv-hot-fill);--t:var(--h)2.4}"
    ".tapeviz .edge{--e:var(--d)var(--tv-done);--u:var(--d)1.8}"
    ".tapeviz .frame{stroke-width:var(--t,1.4)}"
    ".tapeviz .wire{stroke:var(--s,var(--e,var(--tv-line)));"
    "stroke-width:var(--t,var(--u,1.3))}"
    ".tapeviz .head{fill:var(--s,var(--e,var(--tv-line)))}"
    ".tapeviz .pill{fill:var(--tv-paper);stroke:var(--tv-done);stroke-width:1.2}"
    ".tapeviz .chip{fill:var(--tv-hot-fill);stroke:var(--tv-hot);stroke-width:1.2}"
    ".tapeviz .pill+.note{fill:var(--tv-done);font-weight:600}"
    ".tapeviz .chip+.note{fill:var(--tv-hot)}"
    ".tapeviz .way.hot{animation:tv-way .6s ease-out}"
    "@keyframes tv-way{from{transform:var(--way)}}"
)
"""How marks look. ``--h`` is set, to nothing, on what is hot, ``--d`` on what is done:
a variable made with one that is not set is not set either, and its fallback counts."""

_CLASSES = re.compile("""class=["']([^"']*)""")
_SIZES = re.compile(r"\.tapeviz \.([\w-]+)\{font-size:[^{}]*\}")
_SPARE = re.compile(r"(?<=[{;])([a-z-]+):#[0-9a-f]+;(?=\1:var\()")


def _bare(svg: str, graph: Graph) -> str:
    """The picture without colours and sizes that nobody needs.

    They are those of kinds and of words that are not there, and those for programs that
    know no variables: what a mark makes of an element is said with variables.
    """
    there = {name for found in _CLASSES.findall(svg) for name in found.split()}
    svg = _SIZES.sub(lambda m: m[0] if m[1] in there else "", svg)
    lost = "|".join(sorted({*themes.KINDS, "port"} - _kinds(graph)))
    idle = rf"\.tapeviz \.(?:{lost}) [^{{}},]*\{{[^}}]*\}}"
    return _SPARE.sub("", re.sub(idle, "", svg) if lost else svg)


def _kinds(graph: Graph) -> set[str]:
    """The kinds of nodes that there are."""
    there = {node.kind for node in graph.nodes}
    return there | ({"target"} if any(node.target for node in graph.nodes) else set())


def _rules(graph: Graph) -> str:
    """How marks look, on nodes of the kinds that there are."""
    there = _kinds(graph)
    return _RULES + "".join(
        f".tapeviz .{kind} .frame{{stroke:var(--s,var(--tv-{kind}));"
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
    story = Story(run.validate(), practice or Practice())
    return built(story, theme=theme, direction=direction)


def built(story: Story, *, theme: str = "auto", direction: str = "LR") -> Film:
    """The film that a story tells: its frames, and the picture that has room for all.

    ValueError for an unknown theme or direction; LayoutError without a layout engine.
    """
    told = [*story.all_frames()]
    graph = story.run.graph
    picture = scene(
        _untold(explained(story.run)),
        theme=theme,
        direction=direction,
        sums=story.longest(story.sums),
        arrays=story.widest(),
        notes=story.longest(story.notes) if story.small else {},
    )
    over = f"<style>{_rules(graph)}</style>"
    over += "".join(_overlays(story, picture))
    drawn = _bare(picture.over(over), graph)
    return Film(
        story.title(),
        story.alt(),
        legible(
            story.worded(drawn), _SMALLEST * picture.width, _SMALLEST * picture.height
        ),
        tuple(_differences(told)),
        graph.sources,
        Table(story.heads, tuple(story.rows)),
        tuple(story.asks),
    ).validate()


def backward_table(run: BackwardPass) -> Table:
    """The film's table alone, which needs no layout."""
    story = Story(run.validate(), marked=False)
    for _ in story.all_frames():
        pass
    return Table(HEADS, tuple(story.rows))


def _untold(graph: Graph) -> Graph:
    """The graph as it is before the pass."""
    nodes = (replace(node, grad="pending", gradient=None) for node in graph.nodes)
    return replace(graph, nodes=tuple(nodes))


def _differences(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames with only the marks that change, from frames with all marks."""
    before: Mapping[str, str] = {}
    for frame in frames:
        now = frame.marks
        ids = dict.fromkeys((*before, *now))
        changed = [id for id in ids if before.get(id, "") != now.get(id, "")]
        yield replace(frame, marks={id: now.get(id, "") for id in changed})
        before = now


def _overlays(story: Story, picture: Scene) -> Iterator[str]:
    for note in story.notes:
        start = picture.boxes[story.starts[note.edge]]
        yield _pill(note, picture.edges[note.edge], start)
    for sum in story.sums:
        if sum.node in picture.grads:
            yield _slot(sum, picture.grads[sum.node])


def _pill(note: Aside, room: Rect, start: Rect) -> str:
    """A note in its place; a contribution travels there from its op."""
    text = fit(note.text, max(room.width, 90), 12.5)
    picture, more = _thumb(note.array)
    wide = width(text, 12.5) + 12 + more
    x, y = room.centre
    told = note.look == "done"
    look, cls = ("pill", "late way") if told else ("chip", "late")
    dx = min(max(x, start.x), start.x + start.width) - x
    dy = min(max(y, start.y), start.y + start.height) - y
    way = f' style="--way:translate({_n(dx)}px,{_n(dy)}px)"' if told else ""
    return (
        f'<g id="{note.id}" class="{cls}"{way}>'
        f'<rect class="{look}" x="{_n(x - wide / 2)}" y="{_n(y - 9)}" '
        f'width="{_n(wide)}" height="18" rx="9"/>'
        f'<text class="note" x="{_n(x + more / 2)}" y="{_n(room.baseline)}">'
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
    place = f'transform="translate({{x}} {{y}}) scale({scale:.3g})"'
    return f"<g {place}>{heatmap.draw(array, 0, 0)}</g>", wide * scale + 8


def _slot(sum: Sum, room: Rect) -> str:
    x, y = room.x + 6, room.centre[1]
    sign = mark(sum.state, x, y)
    text = fit(sum.text, 230, 13.5)
    array = "" if sum.array is None else array_in(room, sum.array)
    bold = " slot-value" if array else ""
    return (
        f'<g id="{sum.id}" class="late {sum.state}{bold}">{sign}{array}'
        f'<text class="grad" x="{_n(room.x + (17 if sign else 0))}" '
        f'y="{_n(room.baseline)}">{escape(text)}</text></g>'
    )
