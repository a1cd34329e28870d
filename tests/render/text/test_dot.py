"""DOT text: the same graph, safe names, and no layout engine to write it."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

from tapeviz.render.graph import layout
from tapeviz.render.text.dot import quoted, to_dot
from tests import samples


def read_back(source: str) -> dict[str, Any]:
    """What Graphviz itself makes of the text, its warnings taken as errors."""
    done = subprocess.run(
        [next(layout.programs()), "-Tdot_json"],
        input=source,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert "syntax" not in done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("name", samples.GRAPHS)
def test_graphviz_reads_the_same_graph(name: str) -> None:
    graph = samples.GRAPHS[name]()
    seen = read_back(to_dot(graph))
    nodes = seen.get("objects", [])
    assert [item["name"] for item in nodes] == [node.id for node in graph.nodes]
    ends = [
        (nodes[e["tail"]]["name"], nodes[e["head"]]["name"])
        for e in seen.get("edges", [])
    ]
    assert sorted(ends) == sorted((e.tail, e.head) for e in graph.edges)


def test_labels_say_what_the_picture_says() -> None:
    labels = {
        item["name"]: item["label"]
        for item in read_back(to_dot(samples.listing_102_done()))["objects"]
    }
    assert labels["n0"] == r"variable\nx = 3\ngradient 8"
    assert labels["n1"] == r"constant\n= 2"
    assert labels["n7"] == r"x ** 2 + 2 * x + 1, target\ny = 16\ngradient 1"


def test_three_marks_and_the_cut_edge() -> None:
    source = to_dot(samples.marks())
    for words in ("gradient 0", "gradient None", "gradient not yet"):
        assert words in source
    assert re.findall(r'"(n\d)" -> "n\d" \[style=dashed\]', source) == ["n1"]


def test_kinds_and_targets_have_shapes_of_their_own() -> None:
    source = to_dot(samples.big())
    shapes = dict(re.findall(r'"(n\d)" \[(shape[^"]*);label', source))
    assert len({shapes["n0"], shapes["n1"], shapes["n2"], shapes["n4"]}) == 4
    assert "peripheries=2" in shapes["n4"]


def test_hostile_names_stay_inside_their_quotes() -> None:
    label = quoted('"] evil [label="\\N\n&lt;')
    assert label == r'"\"] evil [label=\"\\N &amp;lt;"'


def test_direction() -> None:
    assert "rankdir=TB" in to_dot(samples.square(), direction="TB")
    with pytest.raises(ValueError, match="LR, TB"):
        to_dot(samples.square(), direction="down; evil")


def test_no_engine_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_candidates", lambda: iter(()))
    monkeypatch.setattr(layout, "find_spec", lambda _name: None)
    assert to_dot(samples.listing_102()).startswith("digraph")
