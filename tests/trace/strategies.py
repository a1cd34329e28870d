"""Any frozen data the trace can hold, for the property tests."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from tapeviz.trace.backward_pass import BackwardPass, Contribution, Step
from tapeviz.trace.descent import Descent, Landscape, Update
from tapeviz.trace.film import MARKS, Film, Frame, Table
from tapeviz.trace.graph import (
    CUTS,
    KINDS,
    NOT_RECORDED,
    NOTES,
    CodeBlock,
    Edge,
    Graph,
    GraphFrame,
    Node,
    Note,
    Scope,
    Source,
    Span,
    UnrecordedEdge,
)
from tapeviz.trace.markup import element
from tapeviz.trace.value import Summary, Value
from tests.samples import HOSTILE

words = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(HOSTILE),
)
floats = st.floats(allow_nan=True, allow_infinity=True)
finite = st.floats(-1e6, 1e6)
entries = st.one_of(
    floats,
    st.integers(-(2**80), 2**80),
    st.booleans(),
    words,
    st.complex_numbers(allow_nan=True, allow_infinity=True),
)
cuts = st.sampled_from(["", *CUTS])
shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)


@st.composite
def values(draw: st.DrawFn) -> Value:
    shape = draw(shapes)
    if draw(st.booleans()):
        size = math.prod(shape)
        data = draw(st.lists(entries, min_size=size, max_size=size))
        return Value("float32", shape, tuple(data))
    row = st.tuples(*[floats] * draw(st.integers(1, 3)))
    thumb = tuple(draw(st.lists(row, max_size=2)))
    norm = draw(st.none() | floats)
    summary = Summary(
        draw(floats), draw(floats), draw(floats), draw(st.integers(0, 9)), thumb, norm
    )
    return Value("float64", (100, *shape), None, summary)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    sources = tuple(
        Source(
            f"In [{i}]{draw(words)}",
            draw(st.integers(1, 99)),
            tuple(draw(st.lists(words, max_size=3))),
        )
        for i in range(draw(st.integers(0, 2)))
    )
    lines = st.integers(0, 99)
    spans = st.none()
    if sources:
        spans = st.none() | st.builds(
            Span,
            st.sampled_from([s.name for s in sources]),
            *[st.integers(0, 99)] * 4,
            words,
        )
    nodes = []
    for i in range(draw(st.integers(0, 5))):
        gradient = draw(st.none() | values())
        grad = "value" if gradient else draw(st.sampled_from(["pending", "none"]))
        nodes.append(
            Node(
                f"n{i}",
                draw(st.sampled_from(KINDS)),
                draw(words),
                draw(words),
                draw(words),
                draw(words),
                draw(values()),
                draw(spans),
                draw(st.booleans()),
                draw(st.booleans()),
                grad,
                gradient,
                draw(words),
                draw(st.sampled_from(["", *NOT_RECORDED])),
                draw(words),
            )
        )
    edges = []
    for head in range(1, len(nodes)):
        for slot in range(draw(st.integers(0, 2))):
            tail = draw(st.integers(0, head - 1))
            ordered, broadcast, live = (draw(st.booleans()) for _ in range(3))
            edges.append(
                Edge(
                    f"e{head}-{slot}",
                    f"n{tail}",
                    f"n{head}",
                    slot,
                    draw(words),
                    ordered,
                    broadcast,
                    live,
                    draw(cuts),
                    draw(words),
                )
            )
    scopes = []
    for _ in range(draw(st.integers(0, 2)) if nodes else 0):
        ends = [draw(st.sampled_from(nodes)).id for _ in range(2)]
        scopes.append(Scope(draw(words), *ends))
    unrecorded_edges = [
        UnrecordedEdge(f"t{head}", f"n{head - 1}", f"n{head}", draw(cuts), draw(words))
        for head in range(1, len(nodes))
        if draw(st.booleans())
    ]
    frames = st.builds(
        GraphFrame,
        words,
        st.just(tuple(n.id for n in nodes)),
        st.lists(words).map(tuple),
    )
    notes = st.builds(Note, st.sampled_from(NOTES), words)
    blocks = st.builds(CodeBlock, words, words, words, lines, lines)
    return Graph(
        tuple(nodes),
        tuple(edges),
        sources,
        tuple(scopes),
        tuple(unrecorded_edges),
        tuple(draw(st.lists(frames, max_size=2))),
        tuple(draw(st.lists(notes, max_size=2))),
        blocks=tuple(draw(st.lists(blocks, max_size=2))),
    )


@st.composite
def passes(draw: st.DrawFn) -> BackwardPass:
    graph = draw(graphs())
    steps = []
    for node in reversed(graph.nodes):
        mine = [e for e in graph.edges if e.head == node.id]
        parts = tuple(
            Contribution(
                e.id,
                e.tail,
                draw(words),
                draw(words),
                draw(values()),
                draw(values()),
                draw(st.booleans()),
                draw(words),
                draw(st.none() | values()),
            )
            for e in mine
        )
        steps.append(Step(node.id, draw(values()), parts, draw(words)))
    ids = [n.id for n in graph.nodes]
    targets = tuple(draw(st.lists(st.sampled_from(ids), max_size=2))) if ids else ()
    sources = tuple(draw(st.lists(st.sampled_from([*ids, ""]), max_size=3)))
    return BackwardPass(
        graph,
        targets,
        tuple(draw(values()) for _ in targets),
        sources,
        tuple(steps),
        tuple(draw(st.none() | values()) for _ in sources),
    )


@st.composite
def descents(draw: st.DrawFn) -> Descent:
    n = draw(st.integers(1, 3))

    def along(one: st.SearchStrategy[Any]) -> tuple[Any, ...]:
        return tuple(draw(one) for _ in range(n))

    updates = tuple(
        Update(
            i,
            along(values()),
            draw(st.none() | values()),
            along(st.none() | values()),
            along(values()),
            along(values()),
            draw(st.none() | floats),
        )
        for i in range(draw(st.integers(0, 3)))
    )
    land = None
    if draw(st.booleans()):
        xs = tuple(draw(st.lists(floats, max_size=3)))
        ys = tuple(draw(st.lists(floats, max_size=2)))
        rows = tuple(tuple(draw(floats) for _ in xs) for _ in range(max(1, len(ys))))
        land = Landscape(xs, ys, rows)
    return Descent(along(words), updates, land, draw(words))


@st.composite
def films(draw: st.DrawFn) -> Film:
    ids = [f"n{i}" for i in range(draw(st.integers(1, 4)))]
    svg = element("svg", *(element("g", id=id) for id in ids))
    source = Source("In [1]", 1, tuple(draw(st.lists(words, max_size=3))))
    width = draw(st.integers(1, 3))
    rows = tuple(
        tuple(draw(words) for _ in range(width)) for _ in range(draw(st.integers(0, 3)))
    )
    spans = st.lists(
        st.builds(Span, st.just("In [1]"), *[st.integers(0, 9)] * 4, words), max_size=2
    )
    frames = tuple(
        Frame(
            draw(words),
            draw(st.dictionaries(st.sampled_from(ids), st.sampled_from(MARKS))),
            draw(words),
            draw(st.integers(-1, len(rows) - 1)),
            tuple(draw(spans)),
            draw(words),
        )
        for _ in range(draw(st.integers(1, 4)))
    )
    return Film(
        draw(words),
        draw(words),
        svg,
        frames,
        (source,),
        Table(tuple("h" * width), rows),
    )
