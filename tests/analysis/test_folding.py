"""Folding loses nothing, shows what matters, and is done before one has to wait."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

import tapeviz as tf
from tapeviz import inspect
from tapeviz.analysis.folded_view import PATIENCE, chosen, cost, shows, view
from tapeviz.analysis.folding import ROOM, Fold, FoldItem
from tapeviz.render.graph.overview import depth, survey
from tapeviz.trace.geometry import effort
from tapeviz.trace.graph import Edge, Graph
from tapeviz.wording.values import counted
from tests.render import programs_that_repeat as programs
from tests.samples import chain, listing_102

SOME = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
)


def all_items(fold: Fold) -> Iterator[FoldItem]:
    """All items of the tree, each before those inside it."""
    todo = [fold.whole]
    while todo:
        item = todo.pop()
        yield item
        if item.kind != "op":
            todo.extend(reversed(fold.inside(item)))


def titles(fold: Fold, item: FoldItem | None = None) -> list[str]:
    inside = fold.inside(item or fold.whole)
    return [one.title for one in inside if one.kind != "op"]


def said(graph: Graph) -> list[str]:
    fold = chosen(graph, fold=True)
    assert fold is not None
    return titles(fold)


@SOME
@given(graph=programs.programs())
def test_every_op_is_in_exactly_one_part_of_each_level(graph: Graph) -> None:
    for room in (ROOM, 6, 3):
        fold = Fold(graph, room=room)
        ops = [item.start for item in all_items(fold) if item.kind == "op"]
        assert ops == list(range(len(fold.columns.ops)))
        groups = [item for item in all_items(fold) if item.kind != "op"]
        for item in groups:
            at = item.start
            for inner in fold.inside(item):
                assert inner.start == at
                at = inner.stop
            assert at == item.stop
        assert len({item.id for item in groups}) == len(groups)


@SOME
@given(graph=programs.programs())
def test_arrows_of_all_levels_together_are_the_arrows_of_the_graph(
    graph: Graph,
) -> None:
    fold = Fold(graph, room=6)
    found: set[str] = set()
    for item in all_items(fold):
        if item.kind == "op":
            continue
        level = view(fold, item)
        level.graph.validate()
        arrows = {(e.tail, e.head) for e in level.graph.edges}
        drawn = Counter(arrows)
        stands = shows(fold, item)
        for edge in fold.columns.into(item.start, item.stop):
            ends = (stands.get(edge.tail, ""), stands.get(edge.head, ""))
            if all(ends) and ends[0] != ends[1]:
                assert ends in arrows
                drawn[ends] = 0
                found.add(edge.id)
        ports = {n.id for n in level.graph.nodes if n.id.endswith("-out")}
        assert {pair for pair, left in drawn.items() if left} <= {
            (tail, head) for tail, head in arrows if head in ports
        }
    assert found == {edge.id for edge in graph.edges}


@SOME
@given(graph=programs.programs())
def test_levels_are_small_and_show_targets_and_sources(graph: Graph) -> None:
    fold = Fold(graph, room=12)
    for item in all_items(fold):
        if item.kind == "op":
            continue
        items = fold.inside(item)
        if item is not fold.whole:
            assert len(items) <= 20
    level = view(fold).graph
    assert {n.id for n in graph.nodes if n.target or n.source} <= level.by_id.keys()


def test_small_graphs_are_left_alone() -> None:
    assert chosen(listing_102()) is None
    assert chosen(listing_102(), fold=True) is not None
    assert chosen(chain(500)) is not None
    assert chosen(chain(500), fold=False) is None


@pytest.mark.parametrize("rounds", [20, 1000])
def test_a_loop_shows_its_first_and_last_rounds(rounds: int) -> None:
    graph = programs.loop(rounds)
    fold = Fold(graph)
    items = fold.inside(fold.whole)
    middle = f"iterations 3\u2013{rounds - 1} of the loop at line 3"
    assert titles(fold) == [middle]
    assert [item.kind for item in items] == ["op"] * 5 + ["loop"] + ["op"] * 3
    level = view(fold).graph
    group = level.by_id[items[5].id]
    assert group.nickname == counted(2 * (rounds - 3), "operation")
    assert group.name == ""
    assert group.value == graph.nodes[-4].value
    assert group.gradient == graph.nodes[-4].gradient


def test_loops_in_loops_fold_into_rounds_of_the_outer_one() -> None:
    fold = Fold(programs.nested(30, 20))
    first, second, middle, last = titles(fold)
    assert first == "iteration 1 of the loop at line 2"
    assert second == "iteration 2 of the loop at line 2"
    assert middle == "iterations 3\u201329 of the loop at line 2"
    assert last == "iteration 30 of the loop at line 2"
    inner = titles(fold, fold.inside(fold.whole)[0])
    assert inner == ["calls 3\u201319 of cell"]


def test_a_branch_does_not_hide_the_loop() -> None:
    assert said(programs.branched(300)) == [
        "iterations 3\u2013299 of the loop at line 2"
    ]


def test_layers_are_groups_by_their_names() -> None:
    assert said(programs.layers(12)) == [f"dense_{i}" for i in range(12)]
    many = said(programs.layers(90))
    assert many == ["dense_0", "dense_1", "dense_2 to dense_88", "dense_89"]


def test_without_code_runs_are_cut_where_few_values_pass() -> None:
    run = programs.Machine()
    y = run.leaf()
    for _ in range(30):
        items = [run.op(1, y) for _ in range(5)]
        y = run.op(1, *items)
    graph = run.graph(y)
    nodes = tuple(
        node.__class__(**{**node.__dict__, "op": f"op{i}"})
        for i, node in enumerate(graph.nodes)
    )
    fold = Fold(Graph(nodes, graph.edges))
    assert all(re.match(r"operations \d+\u2013\d+$", one) for one in titles(fold))
    starts = [item.start for item in fold.inside(fold.whole) if item.kind == "run"]
    assert sum(start % 6 == 0 for start in starts) >= len(starts) - 1


def test_a_target_within_a_loop_is_taken_out_of_it() -> None:
    graph = programs.loop(100)
    target = graph.nodes[105].id
    nodes = tuple(
        node.__class__(**{**node.__dict__, "target": node.id == target})
        for node in graph.nodes
    )
    fold = Fold(Graph(nodes, graph.edges, graph.sources))
    level = view(fold).graph
    assert level.by_id[target].kind == "op"
    numbers = [int(n) for one in titles(fold) for n in re.findall(r"\d+", one)[:2]]
    assert numbers == sorted(numbers)


def test_many_leaves_of_one_op_are_one_group() -> None:
    run = programs.Machine()
    y = run.op(1, *(run.leaf() for _ in range(300)))
    level = view(Fold(run.graph(y)))
    (bundle,) = level.bundles.values()
    assert len(bundle) == 300
    assert [n.formula for n in level.graph.nodes] == ["300 variables", "a + b"]


@pytest.mark.parametrize("share", [0.05, 0.25, 1.0])
def test_dense_graphs_fold_until_they_are_quick(share: float) -> None:
    run = programs.Machine()
    ops = [run.op(1, run.leaf())]
    for i in range(1, 200):
        step = round(1 / share)
        ops.append(run.op(i, *ops[i % step :: step]))
    fold = chosen(run.graph(ops[-1]))
    assert fold is not None
    assert cost(view(fold).graph) <= PATIENCE


def test_the_estimate_grows_with_what_makes_layouts_slow() -> None:
    short, long = programs.loop(10), programs.loop(100)
    assert cost(short) < 0.1 < PATIENCE < cost(long)
    dense = programs.Machine()
    ops = [dense.leaf()]
    for _ in range(39):
        ops.append(dense.op(1, *ops))
    assert cost(dense.graph()) > 1
    assert effort((), ()) == 0


def test_the_survey_counts_everything() -> None:
    graph = programs.loop(1000)
    fold = Fold(graph)
    totals, structure, kinds, lines = survey(fold, view(fold))
    assert totals.rows[0] == ("operations", "2\u00a0002")
    assert ("variables", "3") in totals.rows
    assert structure.rows[0][1] == "1\u00a0994"
    assert kinds.rows == (("add", "2\u00a0002"),)
    assert ("line 4", "y = y * w", "1\u00a0000") in lines.rows
    assert depth(fold) == 2002


def test_the_same_graph_folds_the_same_way() -> None:
    graph = programs.nested(20, 9)
    again = Graph.from_json(graph.to_json())
    assert [*all_items(Fold(graph))] == [*all_items(Fold(again))]


@pytest.mark.alone
def test_folding_recurses_nowhere_and_takes_linear_time() -> None:
    def seconds(graph: Graph) -> float:
        start = time.perf_counter()
        fold = chosen(graph)
        assert fold is not None
        view(fold)
        return time.perf_counter() - start

    limit = sys.getrecursionlimit()
    small, large = chain(4000), chain(40_000)
    # the frames themselves, as inspect.stack() would read every source file
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    sys.setrecursionlimit(depth + 60)
    try:
        ratios = [seconds(large) / seconds(small) for _ in range(3)]
    finally:
        sys.setrecursionlimit(limit)
    assert min(ratios) < 40


def test_sixty_doublings_are_one_group() -> None:
    code = ("for i in range(60):", "    y = y + y")
    run = programs.Machine(code, blocks=(programs.block("loop", 1, 2),))
    y = run.leaf()
    for _ in range(60):
        y = run.op(2, y, y)
    level = view(Fold(run.graph(y))).graph
    assert [n.formula for n in level.nodes if n.kind == "group"] == [
        "iterations 3\u201359 of the loop at line 1"
    ]
    twice = [e for e in level.edges if e.head == "n60"]
    assert [type(e) for e in twice] == [Edge, Edge]


def test_a_folded_graph_keeps_the_blocks_of_nested_tapes() -> None:
    x = tf.Variable(0.5, name="x")
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x
            for _ in range(30):
                y = tf.sin(y) * x  # two operations: the last is number 60
        g = inner.gradient(y, x)
        z = g * g
    fold = chosen(inspect.graph(outer, dict(locals()), z, x), fold=True)
    assert fold is not None
    level = view(fold).graph
    around, within = level.frames
    assert (around.name, within.name) == ("outer", "inner")
    assert {*around.nodes} == {node.id for node in level.nodes}
    ops = [node.id for node in level.nodes if node.kind in {"op", "group"}]
    assert within.nodes == tuple(ops[: ops.index("n60") + 1])
    assert any(id[0] == "g" for id in within.nodes)
