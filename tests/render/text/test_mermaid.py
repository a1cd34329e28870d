"""Mermaid text: the same graph, and nothing a learner wrote is read as syntax."""

from __future__ import annotations

import html
import re

import pytest

from tapeviz.render.graph import layout
from tapeviz.render.text.dot import node_lines
from tapeviz.render.text.mermaid import escaped, to_mermaid
from tapeviz.wording.values import formulas, one_line
from tests import samples
from tests.render import tapes

ALL = pytest.mark.parametrize("name", samples.GRAPHS)
TEXT = r'"((?:[\w ,.+=\']|#\d+;|<br/>)*)"'
LINES = (
    r"flowchart (?:LR|TB)",
    rf"(?:v\d+|empty)(?:\(\[|\{{\{{|\(|\[){TEXT}(?:\]\)|\}}\}}|\)|\])",
    rf"v\d+ (?:-->|-\.->)(?:\|{TEXT}\|)? v\d+",
    r"classDef (?:variable|watched|constant|op|target|ghost) [\w:#, -]+",
    r"class (?:v\d+,?)+ \w+",
    rf"subgraph f\d+\[{TEXT}\]",
    r"(?:end|v\d+)",
    rf"note\d+\[{TEXT}\]",
    r"style (?:note|f)\d+ fill:none,stroke:(?:none|#\w+)",
)
"""The only lines there are: a text holds letters and numbers of characters."""


@ALL
def test_every_line_is_one_of_few(name: str) -> None:
    first, *rest = to_mermaid(samples.GRAPHS[name]()).splitlines()
    assert re.fullmatch(LINES[0], first)
    for line in rest:
        assert any(re.fullmatch(f"    {known}", line) for known in LINES[1:]), line


@ALL
def test_nodes_and_arrows_are_those_of_the_graph(name: str) -> None:
    graph = samples.GRAPHS[name]()
    source, number = to_mermaid(graph), {n.id: i for i, n in enumerate(graph.nodes)}
    labels = dict(re.findall(rf"^    v(\d+)[\[({{]+{TEXT}", source, re.MULTILINE))
    texts = formulas(graph)
    for node in graph.nodes:
        lines = labels[str(number[node.id])].replace("#", "&#").split("<br/>")
        said = list(map(one_line, node_lines(graph, node, texts)))
        assert list(map(html.unescape, lines)) == said
    arrows = re.findall(r"^    v(\d+) (-\S*->).* v(\d+)$", source, re.MULTILINE)
    assert sorted((int(a), int(b), arrow == "-->") for a, arrow, b in arrows) == sorted(
        (number[e.tail], number[e.head], e.live) for e in graph.edges
    )


def test_targets_and_kinds_have_classes() -> None:
    source = to_mermaid(samples.listing_102())
    assert "class v0 variable" in source
    assert "class v7 target" in source


def test_blocks_ghosts_notes_and_badges_are_there() -> None:
    nested = tapes.picture("nested").mermaid
    assert nested.index('subgraph f0["outer') < nested.index('subgraph f1["inner')
    assert nested.count("\n    end") == 2
    text = tapes.picture("not_recorded").mermaid
    assert "classDef ghost" in text
    assert 'number only"|' in text
    assert 'note0["Used up' in text
    changes = tapes.picture("what_changed").mermaid
    assert "+ new" in changes
    assert html.unescape("&#916; value 2 &#8594; 3") in html.unescape(
        changes.replace("#", "&#")
    )


@pytest.mark.parametrize("name", tapes.PROGRAMS)
def test_lines_of_recorded_programs(name: str) -> None:
    for line in tapes.picture(name).mermaid.splitlines()[1:]:
        assert any(re.fullmatch(f"    {known}", line) for known in LINES[1:]), line


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_hostile_text_comes_back_as_it_was(text: str) -> None:
    safe = escaped(text)
    assert not set('"<>[](){}|`\n;') & set(re.sub(r"#\d+;", "", safe))
    assert re.sub(r"\s+", " ", html.unescape(safe.replace("#", "&#"))).strip()


def test_direction_and_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_candidates", lambda: iter(()))
    monkeypatch.setattr(layout, "find_spec", lambda _name: None)
    assert to_mermaid(samples.square(), direction="TB").startswith("flowchart TB\n")
    with pytest.raises(ValueError, match="LR, TB"):
        to_mermaid(samples.square(), direction="up")
