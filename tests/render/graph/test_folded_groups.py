"""What groups hold is there before anybody asks, and weighs little."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from tapeviz.analysis.folded_view import chosen, view
from tapeviz.analysis.folding import Fold
from tapeviz.render.graph.folded import Folded, folded
from tapeviz.render.graph.folded_groups import PICTURES, Inside, alike, insides
from tapeviz.trace.graph import Graph
from tapeviz.trace.markup import write
from tests.render import programs_that_repeat as programs
from tests.samples import HOSTILE, chain


def picture(graph: Graph) -> Folded:
    fold = chosen(graph, fold=True)
    assert fold is not None
    return folded(fold)


def held(graph: Graph) -> list[Inside]:
    return list(picture(graph).insides)


def shown(inside: Inside) -> str:
    return write(inside.html)


def cells(inside: Inside) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)(?=<tr>|</table>)", shown(inside))
    return [re.split(r"<td>|<th[^>]*>", row)[1:] for row in rows]


def test_all_rounds_share_one_picture_and_have_their_own_numbers() -> None:
    graph = programs.loop(30)
    (inside,) = held(graph)
    assert shown(inside).count("<svg") == 1
    assert "All 27 iterations look like this." in shown(inside)
    head, *rows = cells(inside)
    assert head[0] == "iteration"
    assert [row[0] for row in rows] == [str(n) for n in range(3, 30)]
    by_id = graph.by_id
    for number, row in enumerate(rows, 3):
        first, second = (by_id[f"n{5 + 2 * (number - 1) + k}"] for k in (0, 1))
        before = by_id[f"n{5 + 2 * (number - 1) - 1}"]
        expected = [before, first, None, second, None]
        for cell, node in zip(row[1:], expected, strict=True):
            assert node is None or float(cell) == node.value.entry
        assert float(row[3]) == pytest.approx(first.gradient.entry)  # type: ignore[union-attr]


def test_long_tables_are_thinned_out_and_say_so() -> None:
    (inside,) = held(programs.loop(2000))
    rows = cells(inside)[1:]
    assert len(rows) <= 61
    assert rows[0][0] == "3"
    assert rows[-1][0] == "1999"
    assert "of them are in the table" in shown(inside)


def test_a_branch_makes_two_looks() -> None:
    fold = Fold(programs.branched(100))
    (loop,) = (p for p in fold.inside(fold.whole) if p.kind == "loop")
    looks = alike(fold, loop)
    assert sum(map(len, looks)) == 97
    assert len({rounds for look in looks for rounds in look}) == 97
    (inside,) = held(programs.branched(100))
    assert shown(inside).count("<svg") == len(looks)
    assert shown(inside).count("97 iterations look like this") == len(looks)


def test_groups_in_groups_are_held_by_the_groups_that_show_them() -> None:
    found = {one.id: one for one in held(programs.nested(30, 40))}
    assert len(found) > 4
    for one in found.values():
        if one.within:
            assert f'data-fold="{one.id}"' in shown(found[one.within])
    named = re.findall(r'data-fold="([^"]*)"', "".join(map(shown, found.values())))
    assert set(named) <= found.keys()


@pytest.mark.parametrize("graph", [chain(400), programs.loop(500)])
def test_a_thousand_ops_weigh_little(graph: Graph) -> None:
    assert len(picture(graph).notebook()) < 55_000


def test_weight_is_bounded_whatever_the_graph() -> None:
    run = programs.Machine()
    ops = [run.op(1, run.leaf())]
    for i in range(2, 1200):
        ops.append(run.op(1 + i * i % 97, ops[-1], ops[i * 7919 % len(ops)]))
    fold = chosen(run.graph(ops[-1]))
    assert fold is not None
    found = insides(fold, view(fold), theme="auto", direction="LR")
    assert sum("<svg" in shown(one) for one in found) <= PICTURES
    assert len(folded(fold).notebook()) < 83_000


def test_inner_pictures_are_well_formed_and_have_ids_of_their_own() -> None:
    made = picture(programs.nested(30, 12))
    ids = re.findall(r'\sid="([^"]*)"', made.markup().write())
    assert len(ids) == len(set(ids))
    for one in made.insides:
        for svg in re.findall(r"<svg.*?</svg>", shown(one)):
            ET.fromstring(svg)  # noqa: S314 - it is our own


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_code_cannot_break_out(name: str) -> None:
    graph = programs.loop(40)
    nodes = tuple(replace(node, name=name) for node in graph.nodes)
    lines = (*graph.sources[0].lines[:3], name.replace("\n", " "), *["    y"] * 2)
    code = (replace(graph.sources[0], lines=lines),)
    made = picture(replace(graph, nodes=nodes, sources=code))
    html = made.markup().write()
    assert made.notebook().count("</script") == 1
    assert "<script>" not in html
    assert html.count("<template") == html.count("</template>") == 1


def test_the_same_graph_gives_the_same_page() -> None:
    graph = programs.nested(20, 9)
    again = Graph.from_json(graph.to_json())
    assert picture(graph).notebook() == picture(again).notebook()


def test_a_shared_picture_bears_no_name_of_one_round_alone() -> None:
    graph = programs.layers(60)
    nodes = tuple(
        replace(node, name=f"W{i}" if node.kind == "variable" else node.name)
        for i, node in enumerate(graph.nodes)
    )
    found = held(replace(graph, nodes=nodes))
    (loop,) = (one for one in found if "tv-rounds" in shown(one))
    assert "look like this" in shown(loop)
    assert not re.findall(r'class="tv-name"[^>]*>W\d', shown(loop))
