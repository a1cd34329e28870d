"""The still picture: everything has its id, its place, its words and its mark."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import tapeviz as tf
from tapeviz import draw
from tapeviz.render.graph import layout
from tapeviz.render.graph.node_cards import GradientSlot
from tapeviz.render.graph.scene import Scene, description, scene, summary
from tapeviz.render.svg.elements import FONTS, LEGIBLE, Rect
from tapeviz.trace.graph import Badge, Graph, Note
from tapeviz.trace.markup import element
from tests import samples

SVG = "{http://www.w3.org/2000/svg}"
ALL = pytest.mark.parametrize("name", samples.GRAPHS)


def parsed(picture: Scene) -> ET.Element:
    return ET.fromstring(picture.svg)  # noqa: S314 - it is our own


def by_id(root: ET.Element) -> dict[str, ET.Element]:
    return {el.attrib["id"]: el for el in root.iter() if "id" in el.attrib}


def said(element: ET.Element) -> str:
    """The text one sees in an element: all but what is told on hovering."""
    texts = (el for el in element.iter(f"{SVG}text"))
    return " | ".join("".join(text.itertext()) for text in texts)


@ALL
def test_every_node_and_edge_has_its_id_once(name: str) -> None:
    graph = samples.GRAPHS[name]()
    picture = scene(graph)
    ids = re.findall(r'\sid="([^"]*)"', picture.svg)
    assert len(ids) == len(set(ids))
    assert {n.id for n in graph.nodes} | {e.id for e in graph.edges} <= set(ids)
    assert {f"{n.id}-value" for n in graph.nodes} <= set(ids)
    assert picture.boxes.keys() == {n.id for n in graph.nodes}
    assert picture.edges.keys() == {e.id for e in graph.edges}
    assert {f"{id}-grad" for id in picture.grads} <= set(ids)


@ALL
def test_picture_is_well_formed_and_the_same_each_time(name: str) -> None:
    graph = samples.GRAPHS[name]()
    first = scene(graph)
    root = parsed(first)
    assert root.tag == f"{SVG}svg"
    assert root.attrib["role"] == "img"
    assert root.find(f"{SVG}title") is not None
    layout.cached_layout.cache_clear()
    assert scene(Graph.from_json(graph.to_json())) == first


def test_prefix_stands_before_every_id_and_reference() -> None:
    picture = scene(samples.listing_102(), prefix="fig1-")
    ids = re.findall(r'\sid="([^"]*)"', picture.svg)
    assert all(id.startswith("fig1-") for id in ids)
    label = parsed(picture).attrib["aria-labelledby"].split()
    assert set(label) <= set(ids)
    assert picture.boxes.keys() == scene(samples.listing_102()).boxes.keys()


def pairs(picture: Scene) -> Iterator[tuple[Rect, Rect]]:
    return itertools.combinations(picture.boxes.values(), 2)


@ALL
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_no_two_nodes_overlap_and_all_are_inside(name: str, direction: str) -> None:
    picture = scene(samples.GRAPHS[name](), direction=direction)
    for a, b in pairs(picture):
        apart = a.x + a.width < b.x or b.x + b.width < a.x
        assert apart or a.y + a.height < b.y or b.y + b.height < a.y
    for id, box in picture.boxes.items():
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= picture.width
        assert box.y + box.height <= picture.height
        slot = picture.grads.get(id)
        if slot is not None:
            assert box.x < slot.x < slot.x + slot.width <= box.x + box.width
            assert box.y < slot.y < slot.y + slot.height <= box.y + box.height


def test_nodes_say_name_value_formula_and_gradient() -> None:
    parts = by_id(parsed(scene(samples.listing_102_done())))
    assert said(parts["n0"]) == "variable · source | x | = 3 | gradient | 8"
    assert said(parts["n1"]) == "2"
    assert said(parts["n2"]) == "** | x ** 2 | = 9 | gradient | 1"
    assert said(parts["n7"]) == (
        "target | + | x ** 2 + 2 * x + 1 | y | = 16 | gradient | 1"
    )


def test_two_arrows_for_two_slots_of_one_value() -> None:
    parts = by_id(parsed(scene(samples.square())))
    paths = [parts[e].find(f"{SVG}path").attrib["d"] for e in ("e0", "e1")]  # type: ignore[union-attr]
    assert paths[0] != paths[1]


def test_slots_are_named_where_order_matters_only() -> None:
    parts = by_id(parsed(scene(samples.listing_102())))
    assert [said(parts[f"e{i}"]) for i in range(4)] == ["a", "b", "", ""]


def test_shapes_flow_along_edges_and_broadcasting_is_marked() -> None:
    root = parsed(scene(samples.layer()))
    parts = by_id(root)
    assert said(parts["e1"]) == "b(2, 3)"
    assert said(parts["e3"]) == "(3,) → (2, 3)"
    assert "broadcast" in parts["e3"].attrib["class"]
    heads = {
        e: len(parts[e].findall(f"{SVG}path[@class='tv-head']")) for e in ("e2", "e3")
    }
    assert heads == {"e2": 1, "e3": 2}
    stretched = by_id(parsed(scene(samples.big())))["e1"]
    assert said(stretched) == "bscalar → (64, 128)"


def test_dead_edges_are_marked() -> None:
    picture = scene(samples.listing_102())
    dead = re.findall(r'id="(e\d)" class="tv-edge tv-dead"', picture.svg)
    assert dead == ["e1", "e2", "e7"]
    assert ".tapeviz .tv-dead .tv-wire{stroke-dasharray" in picture.svg


def test_three_marks_differ_in_words_and_in_shape() -> None:
    parts = by_id(parsed(scene(samples.marks())))
    slots = [parts[f"{id}-grad"] for id in ("n0", "n1", "n2")]
    assert [said(slot) for slot in slots] == ["zero", "None", "not yet"]
    shapes = [[el.tag for el in slot if el.get("class") == "tv-mark"] for slot in slots]
    assert len({tuple(shape) for shape in shapes}) == 3
    assert all(shapes)


def test_kinds_differ_in_shape_words_and_class() -> None:
    graph = samples.big()
    constant = replace(samples.listing_102().nodes[1], id="n9")
    parts = by_id(parsed(scene(replace(graph, nodes=(*graph.nodes, constant)))))
    frames = {id: parts[id].find(f"{SVG}*[@class='tv-frame']") for id in parts}
    looks = [
        (frames[id].tag, frames[id].get("rx"), parts[id].attrib["class"].split()[1])  # type: ignore[union-attr]
        for id in ("n0", "n1", "n2", "n9")
    ]
    assert len({look[:2] for look in looks}) == 4
    assert [look[2] for look in looks] == [
        "tv-variable", "tv-watched", "tv-op", "tv-constant",
    ]  # fmt: skip
    assert parts["n4"].find(f"{SVG}*[@class='tv-frame tv-rim']") is not None


def test_arrays_are_cells_or_words() -> None:
    parts = by_id(parsed(scene(samples.layer())))
    assert said(parts["n1-value"]) == "1 | -1 | 0.5 | 0 | 1 | 2"
    large = by_id(parsed(scene(samples.big())))
    assert said(large["n0"]).split(" | ")[1:4] == [
        "weights",
        "(64, 128) float32",
        "min -3.25 \u00b7 mean 0.0213 \u00b7 max 4.5",
    ]


def test_gradients_of_arrays_are_cells_too() -> None:
    parts = by_id(parsed(scene(samples.layer_done())))
    assert said(parts["n1-grad"]) == "4 | 0 | 4 | 6 | 0 | 6"
    assert said(parts["n3-grad"]) == "2 | 0 | 2"


def test_exact_value_gradient_and_code_on_hovering() -> None:
    parts = by_id(parsed(scene(samples.listing_102_done())))
    title = parts["n5"].findtext(f"{SVG}title")
    assert title == (
        "15.0  float32\nadd\ngradient 1.0  float32\nline 3  x**2 + 2*x\nadd distributes"
    )


def test_hostile_names_are_text_and_nothing_else() -> None:
    graph = samples.hostile()
    picture = scene(graph)
    root = parsed(picture)
    tags = {el.tag.removeprefix(SVG) for el in root.iter()}
    assert tags <= {
        "svg", "g", "rect", "path", "circle", "text", "tspan", "title", "desc", "style",
    }  # fmt: skip
    assert not [a for el in root.iter() for a in el.attrib if a.startswith("on")]
    parts = by_id(root)
    assert "<script>alert('x')</script>" in (parts["n0"].findtext(f"{SVG}title") or "")
    whole = samples.HOSTILE[6]
    assert whole in (parts["n6"].findtext(f"{SVG}title") or "")
    assert whole not in said(parts["n6"])
    assert "\u2026" in said(parts["n6"])
    assert "\u202e" not in picture.svg


def test_hostile_ids_cannot_leave_their_quotes() -> None:
    evil = '"><script>1</script>'
    node = replace(samples.square().nodes[0], id=evil)
    picture = scene(Graph((node,)), prefix="'\"<")
    assert f"'\"<{evil}" in by_id(parsed(picture))
    assert "<script" not in picture.svg


def test_room_is_kept_for_what_comes_later() -> None:
    graph = samples.listing_102()
    long_sum, note = "0.123456 + 0.654321 = 0.777777", "1 × 6 = 6"
    bare = scene(graph)
    slots = {"n0": GradientSlot(longest=long_sum), "n1": GradientSlot(longest="0")}
    roomy = scene(graph, slots=slots, notes={"e4": note})
    assert "n1" not in bare.grads
    assert "n1" in roomy.grads
    assert roomy.grads["n0"].width > bare.grads["n0"].width
    assert roomy.grads["n0"].width > len(long_sum) * 6
    room = roomy.edges["e4"]
    assert room.width > len(note) * 5
    for box in roomy.boxes.values():
        apart = room.x + room.width <= box.x or box.x + box.width <= room.x
        assert apart or room.y + room.height <= box.y or box.y + box.height <= room.y


def test_markup_can_be_laid_over() -> None:
    more = scene(samples.square()).with_overlay((element("g", id="late"),), {})
    assert parsed(more)[-1].attrib["id"] == "late"


def test_listing_fits_the_page_and_the_phone() -> None:
    assert scene(samples.listing_102()).width <= 1280
    assert scene(samples.listing_102(), direction="TB").width <= 400
    assert len(scene(samples.listing_102()).svg) < 15_000


@pytest.mark.parametrize("theme", ["auto", "light", "dark", "contrast", "print"])
def test_theme_changes_colours_and_nothing_else(theme: str) -> None:
    usual, other = scene(samples.marks()), scene(samples.marks(), theme=theme)
    strip = re.compile(r"<style.*?</style>|tv-\w+", re.DOTALL)
    assert strip.sub("", usual.svg) == strip.sub("", other.svg)
    assert f'class="tapeviz tv-{theme}"' in other.svg


def test_wrong_theme_or_direction() -> None:
    with pytest.raises(ValueError, match="no theme 'pink'"):
        scene(samples.square(), theme="pink")
    with pytest.raises(ValueError, match="LR, TB"):
        scene(samples.square(), direction="RL")


def test_empty_graph_says_so() -> None:
    picture = scene(Graph())
    assert "Nothing was recorded." in said(parsed(picture))
    assert picture.width > 0


def test_words_for_those_who_do_not_see_it() -> None:
    graph = samples.listing_102_done()
    assert summary(graph) == "Computation graph of y: 4 operations"
    words = description(graph)
    assert words.startswith("variable x = 3, gradient 8; constant = 2; x ** 2 = 9,")
    assert words.endswith("x ** 2 + 2 * x + 1 y = 16, the target, gradient 1.")
    assert description(samples.chain(99)).endswith("and 61 more.")


EVIL = "a\x00b\x1f\ufffe\ud800]]>&<script>"


def test_no_text_can_spoil_the_markup() -> None:
    graph = samples.layer_done()
    words = dict.fromkeys(("name", "symbol", "formula", "op", "nickname", "note"), EVIL)
    nodes = tuple(replace(node, **words) for node in graph.nodes)
    kinds = ("variable", "watched", "constant", "op", "group", "port")
    nodes = tuple(
        replace(node, kind=kind, span=None)
        for node, kind in zip(nodes, itertools.cycle(kinds), strict=False)
    )
    edges = tuple(replace(e, label=EVIL, note=EVIL, ordered=True) for e in graph.edges)
    notes = (Note("more", EVIL),)
    badges = (Badge(nodes[0].id, "changed", EVIL), Badge(edges[0].id, "added", EVIL))
    spoilt = Graph(nodes, edges, notes=notes, badges=badges)
    root = parsed(scene(spoilt, legend=True))
    assert not [el for el in root.iter() if "script" in el.tag]


def network(layers: int) -> Graph:
    """A dense network's graph, its arrays small enough to be shown."""
    shapes = [(2, 3), *[(3, 3)] * (layers - 2), (3, 1)]
    data = tf.constant(np.linspace(-1, 1, 8, dtype="float32").reshape(4, 2))
    weights = [tf.Variable(np.ones(shape, "float32")) for shape in shapes]
    biases = [tf.Variable(np.zeros(shape[1], "float32")) for shape in shapes]
    with tf.GradientTape() as tape:
        h = data
        for w, b in zip(weights, biases, strict=True):
            h = tf.nn.relu(h @ w + b)
        loss = tf.reduce_mean((h - 1.0) ** 2)
    tape.gradient(loss, weights)
    return draw(tape).graph


@pytest.mark.parametrize("layers", [2, 3, 5])
def test_a_network_is_no_wider_than_a_page_and_has_little_blank(layers: int) -> None:
    picture = scene(network(layers))
    assert picture.width <= 1030, "at its least size it fits the 826 px of a notebook"
    filled = sum(box.width * box.height for box in picture.boxes.values())
    assert filled > 0.2 * picture.width * picture.height


def test_no_letter_is_smaller_than_ten_pixels_on_any_screen() -> None:
    assert min(size for size, _ in FONTS.values()) * LEGIBLE >= 10


def test_slot_and_shape_have_places_of_their_own() -> None:
    """CairoSVG centres each piece of a text for itself, one upon the other."""
    x, w = tf.constant([[1.0, 2.0]]), tf.Variable([[3.0], [4.0]])
    with tf.GradientTape() as tape:
        x @ w
    root = ET.fromstring(draw(tape).svg)  # noqa: S314 - our own
    pieces = [
        list(el)
        for el in root.iter()
        if el.tag.endswith("text") and len(el) > 1 and "tv-dims" in el.get("class", "")
    ]
    assert pieces
    for slot, dims in pieces:
        assert float(dims.get("x", "nan")) >= float(slot.get("x", "nan")) + 12
