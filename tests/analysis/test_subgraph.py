"""Part of a graph: what stays, what goes, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import tapeviz as tf
from tapeviz import draw
from tapeviz.analysis.subgraph import Selection
from tapeviz.trace.graph import Graph
from tapeviz.views.drawing import Drawing
from tapeviz.wording import values
from tests import samples


def part(**options: Any) -> Drawing:
    """Two ways from x to z, through y; what is made of b alone leads nowhere."""
    x, b = tf.Variable(3.0), tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x
        _unused = tf.sin(b)
        z = y * x + b
    tape.gradient(z, x)
    return draw(tape, **options)


def shown(graph: Graph) -> set[str]:
    """The nodes by their name, or by their formula."""
    formulas = values.formulas(graph)
    return {n.name or formulas.get(n.id) or values.fmt(n.value) for n in graph.nodes}


def test_constants_are_hidden_and_formulas_keep_their_numbers() -> None:
    graph = part(constants=False).graph
    assert "constant" not in {n.kind for n in graph.nodes}
    assert {"x**2", "2 * x"} <= {*values.formulas(graph).values()}
    assert graph.notes[-1].text == "2 boxes are not shown."
    graph.validate()


def test_depth_counts_arrows_back_from_the_target() -> None:
    by_depth = [shown(part(depth=k).graph) for k in range(5)]
    assert by_depth[0] == {"z"}
    assert by_depth[1] == {"z", "y * x", "b"}
    assert by_depth[2] == {"z", "y * x", "b", "y", "x"}
    assert "2 * x" in by_depth[3]
    assert by_depth[4] == by_depth[3] | {"2"}


def test_depth_counts_forward_from_the_sources_without_a_target() -> None:
    graph = samples.listing_102()
    first, *rest = (replace(node, target=False) for node in graph.nodes)
    marked = replace(graph, nodes=(replace(first, source=True), *rest))
    near = {e.head for e in graph.edges if e.tail == first.id}
    assert {n.id for n in Selection(depth=1).of(marked).nodes} == {first.id, *near}


def test_between_is_what_lies_on_a_way() -> None:
    graph = part(between=True).graph
    assert shown(graph) == {"x", "x**2", "2 * x", "y", "y * x", "z"}
    assert graph.validate()


def test_all_of_a_graph_is_the_graph_itself() -> None:
    graph = samples.listing_102()
    assert Selection().of(graph) is graph
    assert Selection(depth=99).of(graph) is graph


def test_a_hidden_name_is_not_taken_for_a_slot() -> None:
    """The constant is called as the rule of ``-`` calls its other operand."""
    x, a = tf.Variable(3.0), tf.constant(7.0)
    with tf.GradientTape() as tape:
        y = x - a
    tape.gradient(y, x)
    assert [*values.formulas(draw(tape, constants=False).graph).values()] == ["x - 7"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"depth": -1}, "depth is -1, which is no number of steps"),
        ({"depth": 1.5}, "depth is 1.5"),
        ({"precision": 0}, "precision is 0, which is no number of digits"),
        ({"precision": True}, "precision is True"),
        ({"theme": "blue"}, "there is no theme 'blue'.*colourblind"),
        ({"direction": "up"}, "there is no direction .*: choose one of LR, TB"),
    ],
)
def test_a_look_that_cannot_be_is_refused_at_once(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        part(**options)


def test_between_needs_both_ends() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        x * x
    with pytest.raises(ValueError, match=r"no target is marked[\s\S]*draw\(tape, y, x"):
        draw(tape, between=True)


def test_precision_is_that_of_every_number_shown() -> None:
    x = tf.Variable([1.23456789, 2.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(x * 3.14159265)
    tape.gradient(y, x)
    few, many = draw(tape, precision=2), draw(tape, precision=7)
    assert ">1.2<" in few.svg
    assert ">1.234568<" in many.svg
    assert ">3.1<" in few.svg
    assert ">3.141593<" in many.svg
    assert "1.234568" in str(many)
    assert "1.234568" not in str(few)
    assert ">1.235<" in draw(tape).svg
    assert values.number(3.14159265) == "3.1416"


def test_all_digits_have_room() -> None:
    x = tf.Variable(1 / 3, dtype=tf.float64)
    with tf.GradientTape() as tape:
        x * 1.0
    assert "= 0.33333333333333331 float64<" in draw(tape, precision=17).svg


def test_a_part_shows_prints_saves_and_tells_of_memory() -> None:
    picture = part(constants=False, depth=2, memory=True)
    assert "<svg" in picture.svg
    assert "boxes are not shown" in picture.svg
    assert picture.dot.startswith("digraph")
    assert picture.mermaid
    assert str(picture)
