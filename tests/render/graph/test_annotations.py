"""Ghosts, trails, cuts, frames, notes and the legend, as they are drawn and said."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import tapeviz as tf
from tapeviz import draw
from tapeviz.render.graph import annotations
from tapeviz.render.graph.scene import Scene, description, scene
from tapeviz.render.svg import heatmap
from tapeviz.render.text.dot import to_dot
from tapeviz.render.text.mermaid import to_mermaid
from tapeviz.trace.graph import (
    CUTS,
    NOT_RECORDED,
    NOTES,
    Edge,
    Graph,
    GraphFrame,
    Node,
    Note,
    UnrecordedEdge,
)
from tapeviz.trace.markup import write
from tapeviz.trace.value import UNKNOWN, Summary, Value
from tapeviz.wording.values import remarks, table
from tests import samples
from tests.inspect.mistakes import NONE, Mistake, run
from tests.samples import scalar

SVG = "{http://www.w3.org/2000/svg}"


def node(id: str, kind: str, name: str, unrecorded: str = "", **more: object) -> Node:
    op = kind == "op"
    note = f"{name} is a {unrecorded} ghost." if unrecorded else ""
    found = Node(
        id, kind, "mul" if op else kind, "×" if op else "", "a * b" if op else "",
        name, scalar(2.0), unrecorded=unrecorded, note=note,
    )  # fmt: skip
    return replace(found, **more)  # type: ignore[arg-type]


def unrecorded_graph() -> Graph:
    """A leaf is recorded; floor cuts; c came by a trail; outer holds inner."""
    nodes = (
        node("u1", "constant", "c", "unwatched", source=True, grad="none"),
        node("n0", "variable", "x"),
        node("n1", "op", "y"),
        node("n2", "op", "z"),
        node("u2", "op", "w", "left", value=UNKNOWN),
        node("u3", "op", "", "failed", value=UNKNOWN, note="ValueError: odd"),
    )
    edges = (
        Edge("e1_0", "n0", "n1", 0, "a", ordered=True),
        Edge("e2_0", "n1", "n2", 0, "a", live=False, cut="step", note="It is flat."),
    )
    unrecorded_edges = (
        UnrecordedEdge("t0", "u1", "n1"),
        UnrecordedEdge("t1", "n2", "u2", "left", "It left."),
        UnrecordedEdge("t2", "n2", "u3"),
    )
    frames = (
        GraphFrame("outer", ("n0", "n1", "n2"), ("x",)),
        GraphFrame("inner", ("n1",)),
    )
    notes = (Note("failed", "The block was left by ValueError: odd"),)
    return Graph(nodes, edges, (), (), unrecorded_edges, frames, notes).validate()


def parts(picture: Scene) -> dict[str, ET.Element]:
    root = ET.fromstring(picture.svg)  # noqa: S314 - our own
    return {e.attrib["id"]: e for e in root.iter() if "id" in e.attrib}


def classes(element: ET.Element) -> set[str]:
    return set(element.attrib["class"].split())


def said(element: ET.Element) -> str:
    return " | ".join(t for e in element.iter(f"{SVG}text") if (t := e.text))


def test_each_ghost_has_a_class_a_word_and_its_reason_on_hovering() -> None:
    for unrecorded, word in NOT_RECORDED.items():
        one = node("u1", "op", "w", unrecorded, note="Because.")
        found = parts(scene(Graph((one,))))["u1"]
        assert "tv-ghost" in classes(found)
        assert said(found).split(" | ")[0] == word
        assert "Because." in (found.findtext(f"{SVG}title") or "")
    style = scene(unrecorded_graph()).svg
    assert re.search(r"\.tv-ghost \.tv-frame\{[^}]*stroke-dasharray", style)


def test_a_ghost_shows_a_source_whose_gradient_is_none() -> None:
    found = parts(scene(unrecorded_graph()))
    assert said(found["u1"]) == "not watched \u00b7 source | c | = 2 | gradient | None"
    assert "gradient" not in said(found["u2"])


def test_a_value_that_nobody_kept_is_a_question_mark() -> None:
    assert said(parts(scene(unrecorded_graph()))["u2"]).endswith("w | = ?")
    group = parts(scene(unrecorded_graph()))["u2"]
    assert "not kept" in (group.findtext(f"{SVG}title") or "")
    assert re.search(r"^u2 .* \?$", table(unrecorded_graph()), re.MULTILINE)


def test_what_failed_names_its_error_and_bears_a_cross() -> None:
    failed = parts(scene(unrecorded_graph()))["u3"]
    assert {"tv-ghost", "tv-failed"} <= classes(failed)
    assert "ValueError" in said(failed)
    assert failed.find(f"{SVG}path[@class='tv-cross']") is not None


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_has_bars_and_words(cut: str) -> None:
    graph = unrecorded_graph()
    edge = replace(graph.edges[1], cut=cut)
    found = parts(scene(replace(graph, edges=(graph.edges[0], edge))))
    assert found["e2_0"].find(f"{SVG}path[@class='tv-cut']") is not None
    assert found["e1_0"].find(f"{SVG}path[@class='tv-cut']") is None
    assert CUTS[cut] in said(found["e2_0"])
    assert "It is flat." in (found["e2_0"].findtext(f"{SVG}title") or "")


def test_trails_are_arrows_of_their_own() -> None:
    found = parts(scene(unrecorded_graph()))
    assert "tv-trail" in classes(found["t0"])
    assert "tv-trail" not in classes(found["e1_0"])
    assert "did not record" in (found["t0"].findtext(f"{SVG}title") or "")
    assert found["t1"].find(f"{SVG}path[@class='tv-cut']") is not None


def rect(element: ET.Element) -> tuple[float, float, float, float]:
    box = element.find(f"{SVG}rect")
    assert box is not None
    x, y, w, h = (float(box.attrib[k]) for k in ("x", "y", "width", "height"))
    return x, y, x + w, y + h


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_frames_hold_their_nodes_and_no_other(direction: str) -> None:
    picture = scene(unrecorded_graph(), direction=direction)
    found = parts(picture)
    for k, frame in enumerate(unrecorded_graph().frames):
        x, y, right, low = rect(found[f"f{k}"])
        inside = {
            id
            for id, box in picture.boxes.items()
            if x <= box.x and box.x + box.width <= right
            and y + annotations.LABEL <= box.y and box.y + box.height <= low
        }  # fmt: skip
        assert inside == set(frame.nodes)
    outer, inner = rect(found["f0"]), rect(found["f1"])
    assert outer[0] < inner[0] < inner[2] < outer[2]
    heads = re.findall(r'block-name"[^>]*>([^<]*)<', picture.svg)
    assert heads == ["outer watches x", "inner watches nothing"]
    assert found["f0"].findtext(f"{SVG}title") == heads[0]


def test_the_legend_explains_what_is_used_and_nothing_else() -> None:
    def keys(graph: Graph) -> list[str]:
        root = ET.fromstring(scene(graph, legend=True).svg)  # noqa: S314 - our own
        return [
            t.text or ""
            for g in root.iter(f"{SVG}g")
            if g.get("class") == "tv-key"
            for t in g.iter(f"{SVG}text")
        ]

    assert keys(unrecorded_graph()) == [
        "gradient not computed yet",
        "no gradient: None",
        "the way back ends",
        "no gradient flows back",
        "not recorded by this tape",
        "a way that was not recorded",
    ]
    plain = Graph((node("n0", "variable", "x", grad="value", gradient=scalar(1.0)),))
    assert keys(plain) == []
    zero = Graph((node("n0", "variable", "x", grad="value", gradient=scalar(0.0)),))
    assert keys(zero) == ["gradient exactly zero"]
    above = scene(unrecorded_graph(), legend=False).svg.split("u3")[0]
    assert 'class="tv-below"' not in above


def test_the_three_marks_differ_in_shape() -> None:
    def mark(one: Node) -> list[tuple[str, str | None]]:
        element = parts(scene(Graph((one,))))["n0-grad"]
        return [
            (e.tag, e.get("d")) for e in element.iter() if e.get("class") == "tv-mark"
        ]

    states = (
        node("n0", "variable", "x"),
        node("n0", "variable", "x", grad="none"),
        node("n0", "variable", "x", grad="value", gradient=scalar(0.0)),
    )
    pending, none, zero = (mark(one) for one in states)
    assert [e[0].removeprefix(SVG) for e in pending] == ["rect"]
    assert [e[0].removeprefix(SVG) for e in none] == ["path"]
    assert [e[0].removeprefix(SVG) for e in zero] == ["circle", "circle"]


@pytest.mark.parametrize("kind", NOTES)
def test_notes_stand_below_and_within_the_picture(kind: str) -> None:
    long = (
        "A sentence that is long enough to need more than a single line of text. " * 3
    )
    bare = scene(samples.listing_102())
    noted = scene(replace(samples.listing_102(), notes=(Note(kind, long.strip()),)))
    assert noted.height > bare.height + 19
    assert noted.boxes == bare.boxes
    root = ET.fromstring(noted.svg)  # noqa: S314 - our own
    (below,) = (g for g in root.iter(f"{SVG}g") if g.get("class") == "tv-below")
    lines = [(g, t) for g in below for t in g.iter(f"{SVG}text")]
    assert " ".join(t.text or "" for _, t in lines) == long.strip()
    for line, text in lines:
        moved = re.findall(r"[\d.]+", line.attrib["transform"])
        y = float(moved[1]) + float(text.attrib["y"])
        assert bare.height - 8 < y < noted.height


def test_where_there_is_nothing_to_frame_the_tapes_are_named_below() -> None:
    tapes = tuple(replace(it, nodes=()) for it in unrecorded_graph().frames)
    picture = scene(Graph(frames=tapes))
    assert ">outer watches x.<" in picture.svg
    assert 'class="tv-block"' not in picture.svg


def test_an_empty_graph_says_why_it_is_empty() -> None:
    graph = Graph(notes=(Note("silent", "Nothing was recorded. No x."),))
    assert "No x." in scene(graph).svg
    assert table(graph) == "Nothing was recorded. No x."


def test_the_text_twin_says_all_of_it() -> None:
    lines = remarks(unrecorded_graph())
    assert lines == [
        "The block was left by ValueError: odd",
        "outer watches x and recorded y, z.",
        "inner watches nothing and recorded y.",
        "From z to y: no slope. It is flat.",
        "From w to z: number only. It left.",
        "c, not watched: c is a unwatched ghost.",
        "w from z, left the tape: w is a left ghost.",
    ]
    assert all(line in description(unrecorded_graph()) for line in lines)
    assert "constant, not watched" in table(unrecorded_graph())


def test_dot_and_mermaid_say_it_too() -> None:
    dot = to_dot(unrecorded_graph())
    assert '"u1" -> "n1" [style=dotted]' in dot
    assert '"n1" -> "n2" [label="no slope";style=dashed]' in dot
    assert dot.count("subgraph") == dot.count("\n  }") == 2
    assert 'style=dashed;label="constant\\nnot watched' in dot
    assert "The block was left by ValueError" in dot
    assert "v0 -.-> v2" in to_mermaid(unrecorded_graph())


def test_hostile_names_stay_text() -> None:
    for name in samples.HOSTILE:
        graph = replace(
            unrecorded_graph(),
            frames=(GraphFrame(name, ("n1",), (name,)),),
            notes=(Note("reset", name),),
        )
        graph = replace(
            graph, nodes=tuple(replace(n, name=name, note=name) for n in graph.nodes)
        )
        svg = scene(graph, legend=True).svg
        ET.fromstring(svg)  # noqa: S314 - our own
        assert "<script" not in svg
        assert "\n" not in "".join(remarks(graph))


@pytest.mark.parametrize("mistake", NONE, ids=str)
def test_every_form_of_every_mistake(
    mistake: Mistake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("tensorflow"), "disabled", True)
    graph = run(mistake.code).answers[-1].graph
    ET.fromstring(scene(graph, legend=True).svg)  # noqa: S314 - our own
    sentences = {
        NOT_RECORDED[n.unrecorded].partition(":")[0]
        for n in graph.nodes
        if n.unrecorded
    }
    for form in (table(graph), description(graph), to_dot(graph), to_mermaid(graph)):
        assert form
        assert all(words in form for words in sentences)


def test_large_arrays_have_a_small_picture() -> None:
    thumb = tuple(tuple(float(r * c) for c in range(16)) for r in range(16))
    value = Value("float32", (64, 64), None, Summary(0.0, 5.0, 225.0, 0, thumb))
    assert heatmap.size(value) == (112, 42)
    found = heatmap.cells(value)
    assert found[0][0] < found[-1][-1]
    drawn = write(heatmap.draw(value, 0, 0))
    assert drawn.count("h7v7h-7z") == 96
    shades = [float(s) for s in re.findall(r'fill-opacity="([\d.]+)"', drawn)]
    assert shades == sorted(set(shades))
    odd = Value(
        "float32", (64, 64), None, Summary(0.0, 5.0, 9.0, 1, ((float("nan"),),))
    )
    assert heatmap.draw(odd, 0, 0) == ()
    assert heatmap.size(Value("string", (20,), ("a",) * 20)) == (0, 0)
    level = Value("float32", (7, 3), (1.0,) * 21)
    assert write(heatmap.draw(level, 0, 0)).count("h7v7h-7z") == 18


def test_what_a_custom_gradient_computed_stands_in_a_frame_with_its_op() -> None:
    @tf.custom_gradient
    def clip(v: Any) -> Any:
        return tf.clip_by_value(v * 2.0, -1.0, 1.0) + v, lambda g: g * 0.5

    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        clip(x * x) + 3.0 * x
    graph = draw(tape).graph
    ops = [node.op for node in graph.nodes if node.kind == "op"]
    assert ops == ["multiply", "multiply", "clip", "add", "custom", "multiply", "add"]
    shown = scene(graph)
    found = re.search(r"its own rule</title>((?:<rect[^>]*>)+)</g>", shown.svg)
    assert found
    assert "clip has a gradient of its own" in shown.svg
    number = r'x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"'
    frames = [[*map(float, one)] for one in re.findall(number, found[1])]
    held = {
        id
        for id, box in shown.boxes.items()
        for x_at, y_at, wide, high in frames
        if x_at < box.centre[0] < x_at + wide and y_at < box.centre[1] < y_at + high
    }
    assert held == {"n2", "k2_1", "n3", "k3_1", "k3_2", "n4", "n5"}


def test_a_custom_gradient_that_recorded_nothing_has_no_frame() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        tf.recompute_grad(lambda v: v * v)(x)
    assert annotations.blocks(draw(tape).graph) == ()
