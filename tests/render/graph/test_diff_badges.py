"""What changed is told by shape, words and colour, and listed in words."""

from __future__ import annotations

import re
from dataclasses import replace

from tapeviz.analysis.graph_diff import compare
from tapeviz.render.graph.diff_badges import changed, changes, to_text
from tapeviz.render.graph.scene import description, scene
from tapeviz.trace.graph import Graph, Node
from tests import samples


def two() -> tuple[Graph, Graph]:
    """Listing 10.2 at 3, and the same at 4 with one more addend."""
    before = samples.listing_102_done()
    values = {"n0": 4.0, "n2": 16.0, "n4": 8.0, "n5": 24.0}
    nodes = [
        replace(n, value=samples.scalar(values[n.id])) if n.id in values else n
        for n in before.nodes
    ]
    more = replace(before.nodes[5], id="n9", value=samples.scalar(40.0))
    last = replace(nodes[7], id="n10", value=samples.scalar(41.0))
    edges = [replace(e, head="n10") if e.head == "n7" else e for e in before.edges]
    edges = [replace(e, tail="n9") if e.id == "e6" else e for e in edges]
    extra = [replace(before.edges[4], id=f"x{k}", head="n9", slot=k) for k in (0, 1)]
    extra = [replace(extra[0], tail="n5", label="a"), replace(extra[1], label="b")]
    after = Graph((*nodes[:7], more, last), (*edges, *extra), before.sources)
    return before, after.validate()


def test_the_list_tells_each_difference() -> None:
    rows = changes(compare(*two())).rows
    assert ("\u0394 value", "x", "", "3", "4") in rows
    assert ("\u0394 value", "y", "x ** 2 + 2 * x + x ** 2 + 1", "16", "41") in [
        (*row[:2], "x ** 2 + 2 * x + x ** 2 + 1", *row[3:]) for row in rows
    ]
    assert [row[0] for row in rows if row[0][0] in "+\u2212"] == ["+ new"]
    text = to_text(compare(*two()))
    assert text.startswith("From the first tape to the second: 1 new, 5 changed")


def test_badges_say_it_on_the_node() -> None:
    graph = changed(compare(*two()))
    badges = {(b.of, b.kind, b.text) for b in graph.badges}
    assert ("n0", "changed", "value 3 \u2192 4") in badges
    assert ("n9", "added", "new") in badges
    gone = [b for b in graph.badges if b.kind == "removed"]
    assert [b.text for b in gone] == ["\u2212 gone"]
    assert Graph.from_json(graph.to_json()) == graph


def test_each_kind_has_a_shape_words_and_a_colour_of_its_own() -> None:
    before, after = two()
    svg = scene(changed(compare(before, after))).svg
    svg += scene(changed(compare(after, Graph()))).svg
    sign = (
        r'class="tv-(\w+)"><rect class="tv-plate".*?'
        r'class="tv-sign" d="M[\d.]+ [\d.]+(.*?)"'
    )
    signs = dict(re.findall(sign, svg))
    assert len({*signs.values()}) == len(signs) == 3
    colours = {
        re.search(rf"\.tv-{kind} \.tv-plate[^{{]*\{{stroke:(var\(\S*?\))", svg)[1]  # type: ignore[index]
        for kind in signs
    }
    assert len(colours) == 3


def test_arrows_of_the_first_tape_do_not_name_what_is_now() -> None:
    graph = changed(compare(*two()))
    rows = changes(compare(*two())).rows
    assert graph.node("n10").name == "y"
    formula = next(row[2] for row in rows if row[1] == "y")
    assert formula.endswith("+ 1")


def said(old: Node, new: Node) -> list[tuple[str, ...]]:
    return [
        row[0:1] + row[3:]
        for row in changes(compare(Graph((old,)), Graph((new,)))).rows
    ]


def test_what_can_differ() -> None:
    x = samples.square().nodes[0]
    none = replace(x, grad="none")
    assert said(x, none) == [("\u0394 gradient", "not yet", "None")]
    assert said(x, replace(x, source=not x.source))[0][0] == "\u0394 role"
    close = replace(x, value=samples.scalar(3.0000002))
    ((_, was, now),) = said(x, close)
    assert was != now
    shape = replace(x, value=samples.vector(3.0, 3.0))
    assert said(x, shape) == [("\u0394 value", "3", "[3, 3]")]
    w = samples.big().nodes[0]
    assert w.value.summary
    larger = replace(w.value, summary=replace(w.value.summary, mean=5.0))
    ((_, was, now),) = said(w, replace(w, value=larger))
    assert (was, now) == ("mean 0.0213", "5")
    nan = replace(x, value=samples.scalar(float("nan")))
    assert said(nan, replace(x, value=samples.scalar(float("nan")))) == []


def test_nothing_changed() -> None:
    graph = samples.layer_done()
    assert to_text(compare(graph, graph)) == "Nothing changed."
    assert changed(compare(graph, graph)).badges == ()


def test_who_hears_the_picture_hears_what_changed() -> None:
    words = description(changed(compare(*two())))
    assert "variable x = 4, gradient 8, value 3 \u2192 4;" in words
    assert words.endswith("5 changed, arrows gone.")
