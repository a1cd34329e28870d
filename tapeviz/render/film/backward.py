"""A backward pass as a film: forward through the code, then back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from tapeviz.render.film.backward_frames import (
    HEADS,
    BackwardFrames,
    EdgeNote,
    NodeNote,
)
from tapeviz.render.film.templates import live
from tapeviz.render.graph.node_cards import array_in, mark
from tapeviz.render.graph.scene import Scene, scene
from tapeviz.render.html.page import with_min_size
from tapeviz.render.svg import heatmap
from tapeviz.render.svg import theme as themes
from tapeviz.render.svg.elements import Rect, placed, rect
from tapeviz.render.svg.elements import text as _text
from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.film import MARKS, Film, Frame, Live, Table
from tapeviz.trace.graph import Graph, Node
from tapeviz.trace.markup import Element, css_class, element, n
from tapeviz.trace.program import Program
from tapeviz.trace.questions import Practice
from tapeviz.wording.text_width import shorten_to_fit, width

_RULES: themes.Rules = {
    ".frame": "stroke-width:var(--t,1.4);stroke:@op;fill:@op-fill",
    ".wire": "fill:none;stroke:var(--s,var(--e,@line));"
    "stroke-width:var(--t,var(--u,1.3))",
    ".head": "fill:var(--s,var(--e,@line))",
    **{
        f".{kind} .frame": f"stroke:var(--s,@{kind});fill:var(--f,@{kind}-fill)"
        for kind in themes.KINDS
    },
    ".hot": "--h: ;",
    ".done": "--d: ;",
    ".dim": "opacity:.25",
    ".off": "opacity:0",
    ".late": "opacity:0",
    ".late:is(.on,.hot,.done)": "opacity:1",
    ":is(.node,.edge)": "--s:var(--h)@hot;--f:var(--h)@hot-fill;--t:var(--h)2.4",
    ".edge": "--e:var(--d)@done;--u:var(--d)1.8",
    ".pill": "fill:@paper;stroke:@done;stroke-width:1.2",
    ".chip": "fill:@hot-fill;stroke:@hot;stroke-width:1.2",
    ".pill+.note": "fill:@done;font-weight:600",
    ".chip+.note": "fill:@hot",
    ".way.hot": "animation:tv-way .6s ease-out",
    "@keyframes tv-way": "from{transform:var(--way,translate(30px,0px))}",
}
"""How marks look. "hot" sets the variable ``--h`` to nothing, "done" sets ``--d``. A
variable that uses one of them is invalid where it is not set, so that the fallback of
``var()`` applies there."""


def backward_film(
    run: BackwardPass,
    *,
    theme: str = "auto",
    direction: str = "LR",
    practice: Practice | None = None,
    program: Program | str = "",
) -> Film:
    """The film of a backward pass: first every value, then every contribution.

    The frames before the sweep light the nodes in the order of recording. In the sweep
    there is a frame for each gradient that arrives at an op, one for each derivative
    that comes into play, and one for each contribution that is added to its node's sum.
    The last frame tells the gradients of the sources. ``practice`` has the mistakes and
    the finite differences that go beside it; with a ``program`` a page shows it for
    other numbers, too, or says in its place why it cannot.

    ValueError for an unknown theme or direction; LayoutError without a layout engine.
    """
    builder = BackwardFrames(run.validate(), practice or Practice())
    film = build_film(builder, theme=theme, direction=direction)
    if isinstance(program, str):
        return replace(film, live=Live(why=program)) if program else film
    return replace(film, live=live(builder, program)).validate()


def build_film(
    builder: BackwardFrames, *, theme: str = "auto", direction: str = "LR"
) -> Film:
    """The film of these frames, over one picture with room for all they will show.

    ValueError for an unknown theme or direction; LayoutError without a layout engine.
    """
    frames = [*builder.all_frames()]
    graph = builder.run.graph
    picture = scene(
        _before_the_pass(builder.run),
        theme=theme,
        direction=direction,
        slots=builder.slots_needed(),
        notes=builder.longest(builder.edge_notes) if builder.small else {},
    )
    overlay = [*_overlays(builder, picture)]
    if builder.questions:
        overlay.append(element("text", "?", cls="late ask"))
    drawn = picture.with_overlay(overlay, _RULES)
    used = themes.classes_of(drawn.unstyled).union(css_class(*MARKS).split())
    root = themes.styled(drawn.unstyled, drawn.rules, theme, used)
    return Film(
        builder.title(),
        builder.alt(),
        with_min_size(root, *picture.least),
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


def _before_the_pass(run: BackwardPass) -> Graph:
    """The graph with all its gradients pending.

    Nicknames say why, and which gradients are sums.
    """
    whys = {step.node: step.why for step in run.steps}
    uses = Counter(e.tail for e in run.graph.edges if e.live and e.head in whys)
    nodes = (
        replace(
            node,
            grad="pending",
            gradient=None,
            nickname=_nickname(node, whys.get(node.id, ""), uses[node.id]),
        )
        for node in run.graph.nodes
    )
    return replace(run.graph, nodes=tuple(nodes))


def _nickname(node: Node, why: str, uses: int) -> str:
    said = ": ".join(filter(None, (node.nickname, why)))
    sums = f"used {uses} times: its gradients add up" if uses > 1 else ""
    return "; ".join(filter(None, (said, sums)))


def _only_changes(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames, each with only the marks that differ from the frame before."""
    before: Mapping[str, str] = {}
    for frame in frames:
        now = frame.marks
        ids = dict.fromkeys((*before, *now))
        changed = [id for id in ids if before.get(id, "") != now.get(id, "")]
        yield replace(frame, marks={id: now.get(id, "") for id in changed})
        before = now


def _overlays(builder: BackwardFrames, picture: Scene) -> Iterator[Element]:
    for note in builder.edge_notes:
        start = picture.boxes[builder.starts[note.edge]]
        yield _pill(note, picture.edges[note.edge], start)
    for sum in builder.node_notes:
        if sum.node in picture.grads:
            yield _slot(sum, picture.grads[sum.node])


def _pill(note: EdgeNote, room: Rect, start: Rect) -> Element:
    """A note on its edge; a contribution slides there from the op it comes from."""
    said = shorten_to_fit(note.text, max(room.width, 90), 12.5)
    more, scale = 0.0, 1.0
    if note.array is not None:  # a small picture of it, 12 pixels high
        across, high = heatmap.size(note.array)
        scale = min(12 / high, 30 / across)
        more = across * scale + 8
    wide = width(said, 12.5) + 12 + more
    x, y = room.centre
    left, way = x - wide / 2, None
    contribution = note.look == "done"
    if contribution:
        dx = min(max(x, start.x), start.x + start.width) - x
        dy = min(max(y, start.y), start.y + start.height) - y
        far = f"translate({n(dx)}px,{n(dy)}px)"
        way = None if far == "translate(30px,0px)" else f"--way:{far}"
    parts = [
        rect("pill" if contribution else "chip", left, y - 9, wide, 18, rx=9),
        _text("note", x + more / 2, room.baseline, said),
    ]
    if note.array is not None:
        array = heatmap.draw(note.array, 0, 0)
        parts.append(placed(left + 8, y - 6, *array, scale=scale))
    cls = "late way" if contribution else "late"
    return element("g", *parts, id=note.id, cls=cls, style=way)


def _slot(sum: NodeNote, room: Rect) -> Element:
    sign = mark(sum.state, room.x + 6, room.centre[1])
    array = () if sum.array is None else array_in(room, sum.array)
    said = shorten_to_fit(sum.text, 230, 13.5)
    label = _text("grad", room.x + (17 if sign else 0), room.baseline, said)
    return element("g", *sign, *array, label, id=sum.id, cls=f"late {sum.state}")
