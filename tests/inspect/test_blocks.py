"""Loops, functions and branches around code that ran more than once."""

from __future__ import annotations

import pytest

from tapeviz.analysis.loops import Repetition, RepetitionFinder
from tapeviz.trace.graph import Graph
from tests.inspect.test_names import ran


def drawn(body: str) -> Graph:
    """The graph of a tape whose block this is, from line 4 on."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    head = "x, lambda_ = tf.Variable(2.0), 0.5\ndef cube(v):\n    return v * v * v\n"
    program = f"{head}with tf.GradientTape() as tape:\n{lines}"
    graph: Graph = ran(f"{program}picture = tf.draw(tape)\n")["picture"].graph
    return graph


LOOP = Repetition("iteration", "of the loop at line 6")


@pytest.mark.parametrize(
    ("body", "repetition"),
    [
        ("y = x\nfor i in range(5):\n    y = y * x", LOOP),
        ("y = x\nfor i in range(5): y = y * x", LOOP),
        ("y = x\nwhile y < 90:\n    y = y * x", LOOP),
        ("y = x\nfor i in range(5):\n    y = y + lambda_ * x", LOOP),
        ("y = x\nfor i in range(5):\n    y = cube(\n        y\n    ) + y", LOOP),
        ("y = x\nfor i in range(5):\n    '''\n' no code\n'''\n    y = y * x", LOOP),
        ("y = x\ny = [\n    x * i\n    for i in range(5)\n]", LOOP),
        ("y = x\ny = sum(x * i for i in range(5))", LOOP),
        (
            "y = x\nfor i in range(5):\n    if y < 9:\n        y = y * x",
            Repetition("iteration", "of the loop at line 6", 1),
        ),
        ("y = cube(cube(x))", Repetition("call", "of cube")),
        (
            "f = lambda v: v * v\ny = f(f(f(x)))",
            Repetition("call", "of the function at line 5"),
        ),
    ],
)
def test_what_repeats_is_the_innermost_loop_or_function(
    body: str, repetition: Repetition
) -> None:
    graph = drawn(body)
    again = max((n.span for n in graph.nodes if n.span), key=lambda s: s.line)
    if repetition.container == "of cube":
        again = min((n.span for n in graph.nodes if n.span), key=lambda s: s.line)
    for known in (graph, Graph.from_json(graph.to_json())):
        assert RepetitionFinder(known).of(again) == repetition


def test_code_that_ran_once_has_no_blocks() -> None:
    graph = drawn("y = cube(x)")
    assert graph.blocks == ()
    assert "blocks" not in graph.to_json()
