"""Two graphs compared: every node once, partners that are partners, nothing lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

import tapeviz as tf
from tapeviz.analysis.graph_diff import REMOVED_PREFIX, GraphDiff, compare
from tapeviz.render.graph.diff_badges import changed
from tapeviz.trace.graph import Graph
from tests import samples
from tests.render.programs import passes
from tests.trace.strategies import graphs

ALL = pytest.mark.parametrize("name", samples.GRAPHS)


def kinds(both: GraphDiff) -> dict[str, str]:
    """What became of each node: kept, added or removed."""
    words = {(True, True): "kept", (False, True): "added", (True, False): "removed"}
    return {
        id: words[pair.before is not None, pair.after is not None]
        for id, pair in both.pairs.items()
    }


@ALL
def test_a_graph_and_itself_are_one(name: str) -> None:
    graph = samples.GRAPHS[name]()
    both = compare(graph, Graph.from_json(graph.to_json()))
    assert repr(both.graph.nodes) == repr(graph.nodes)
    assert set(both.graph.edges) == set(graph.edges)
    assert all(repr(p.before) == repr(p.after) for p in both.pairs.values())
    assert not both.added | both.removed


@ALL
def test_everything_is_new_after_nothing_and_gone_before_it(name: str) -> None:
    graph = samples.GRAPHS[name]()
    assert set(kinds(compare(Graph(), graph)).values()) <= {"added"}
    gone = compare(graph, Graph())
    assert set(kinds(gone).values()) <= {"removed"}
    assert [n.id for n in gone.graph.nodes] == [
        REMOVED_PREFIX + n.id for n in graph.nodes
    ]
    assert len(gone.graph.edges) == len(graph.edges) == len(gone.removed)


@given(passes(), passes())
def test_every_node_is_there_once(one: object, other: object) -> None:
    before, after = one.graph, other.graph  # type: ignore[attr-defined]
    both = compare(before, after)
    olds = [p.before.id for p in both.pairs.values() if p.before]
    news = [p.after.id for p in both.pairs.values() if p.after]
    assert sorted(olds) == sorted(n.id for n in before.nodes)
    assert sorted(news) == sorted(n.id for n in after.nodes)
    assert both.pairs.keys() == {n.id for n in both.graph.nodes}
    assert set(after.edges) <= set(both.graph.edges)
    assert compare(before, after) == both
    for pair in both.pairs.values():
        if pair.before and pair.after:
            assert (pair.before.kind == "op") == (pair.after.kind == "op")


@given(graphs(), graphs())
def test_whatever_the_graphs_are_the_whole_holds_together(
    before: Graph, after: Graph
) -> None:
    both = compare(before, after)
    assert both.graph.validate() is both.graph
    found = {p.after.id for p in both.pairs.values() if p.after}
    assert found >= {n.id for n in after.nodes if n.unrecorded != "elsewhere"}
    found = {p.before.id for p in both.pairs.values() if p.before}
    assert found >= {n.id for n in before.nodes if n.unrecorded != "elsewhere"}
    graph = changed(both)
    assert Graph.from_json(graph.to_json()).to_json() == graph.to_json()
    assert repr(compare(before, after)) == repr(both)


def test_another_number_is_the_same_node() -> None:
    before = samples.listing_102()
    nodes = list(before.nodes)
    nodes[3] = replace(nodes[3], value=samples.scalar(5.0))
    nodes[4] = replace(nodes[4], value=samples.scalar(15.0))
    both = compare(before, replace(before, nodes=tuple(nodes)))
    assert set(kinds(both).values()) == {"kept"}
    differ = {id for id, pair in both.pairs.items() if pair.before != pair.after}
    assert differ == {"n3", "n4"}


def test_a_step_put_in_between_is_new_and_the_rest_stays() -> None:
    after = samples.chain(3)
    ids = [n.id for n in after.nodes if n.kind == "op"]
    out, last = ids[1], ids[2]
    tail = next(e.tail for e in after.edges if e.head == out and e.live)
    edges = [e for e in after.edges if e.head != out]
    edges = [replace(e, tail=tail) if e.tail == out else e for e in edges]
    used = {e.tail for e in edges} | {last}
    whole = [replace(n, name="end") if n.id == last else n for n in after.nodes]
    nodes = [n for n in whole if n.id in used]
    before = Graph(tuple(nodes), tuple(edges)).validate()
    both = compare(before, replace(after, nodes=tuple(whole)))
    assert [id for id, kind in kinds(both).items() if kind != "kept"] == [out]
    assert len(both.added) == 3
    assert len(both.removed) == 1


def test_a_variable_of_another_name_is_another_variable() -> None:
    graph = samples.square()
    renamed = tuple(replace(n, name="z") if n.name == "x" else n for n in graph.nodes)
    assert kinds(compare(graph, replace(graph, nodes=renamed)))["n0"] == "added"


def test_same_names_belong_together_whatever_computed_them() -> None:
    one, other = samples.square(), samples.listing_102()
    both = compare(one, other)
    pair = next(p for p in both.pairs.values() if p.after and p.after.name == "y")
    assert pair.before is not None
    assert pair.before.name == "y"


def test_code_that_is_no_longer_there_is_not_pointed_to() -> None:
    before, after = samples.listing_102(), samples.square()
    other = replace(samples.CODE_102, lines=("something else",) * 3)
    both = compare(before, replace(after, sources=(other,)))
    gone = [n for n in both.graph.nodes if n.id.startswith(REMOVED_PREFIX)]
    assert gone
    assert all(n.span is None for n in gone)


def test_what_the_other_tape_recorded_is_not_this_ones_ghost() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as before:
        h = tf.sin(x)
        y = h * 2
    with tf.GradientTape() as after:
        h = tf.cos(x)
        y = h * 2
    both = tf.draw(before, after)
    assert y is not None
    assert not [n for n in both.graph.nodes if n.unrecorded]
    changes = {row[:3] for row in both.changes.rows}
    assert ("+ new", "h", "cos(x)") in changes
    assert ("\u2212 gone", "sin", "sin(x)") in changes


def test_an_equal_constant_elsewhere_is_not_the_one_that_changed() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as one:
        _ = x**2 + 2 * x
    with tf.GradientTape() as other:
        _ = x**3 + 2 * x
    both = compare(tf.draw(one).graph, tf.draw(other).graph)
    assert not both.added | both.removed
    assert set(kinds(both).values()) == {"kept"}
