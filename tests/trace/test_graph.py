"""A graph holds together, or says what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tapeviz.trace.graph import Edge, Graph, Node, Source, Span
from tapeviz.trace.value import Value

ONE = Value("float32", (), (1.0,))
SPAN = Span("In [1]", 1, 0, 1, 5, "x * x")
X = Node("n0", "variable", "variable", "", "", "x", ONE)
Y = Node("n1", "op", "multiply", "×", "a * b", "y", ONE, SPAN)
A = Edge("n1-a", "n0", "n1", 0, "a")
B = Edge("n1-b", "n0", "n1", 1, "b")
SOUND = Graph((X, Y), (A, B), (Source("In [1]", 1, ("x * x",)),))


def test_a_sound_graph() -> None:
    assert SOUND.validate() is SOUND
    assert Graph().validate() == Graph()


def test_node_by_id() -> None:
    assert SOUND.node("n1") is Y
    with pytest.raises(KeyError):
        SOUND.node("n9")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (replace(SOUND, nodes=(X, replace(Y, id="n0"))), "two nodes have one id"),
        (replace(SOUND, edges=(A, replace(B, id="n1-a"))), "two edges have one id"),
        (replace(SOUND, edges=(replace(A, tail="n7"),)), "n7 and n1: no such node"),
        (replace(SOUND, edges=(replace(A, head="n7"),)), "n0 and n7: no such node"),
        (
            replace(SOUND, edges=(replace(A, tail="n1", head="n0"),)),
            "backwards in time",
        ),
        (replace(SOUND, edges=(replace(A, tail="n1"),)), "backwards in time"),
        (replace(SOUND, nodes=(Y, X)), "backwards in time"),
        (
            replace(SOUND, nodes=(X, replace(Y, kind="function"))),
            "no known kind: function",
        ),
        (replace(SOUND, nodes=(X, replace(Y, grad="maybe"))), "says 'maybe'"),
        (
            replace(SOUND, nodes=(X, replace(Y, grad="value"))),
            "says 'value' of its gradient None",
        ),
        (
            replace(SOUND, nodes=(X, replace(Y, grad="none", gradient=ONE))),
            "says 'none'",
        ),
        (replace(SOUND, nodes=(X, replace(Y, gradient=ONE))), "says 'pending'"),
        (replace(SOUND, sources=()), "comes from In .1., which has no source"),
        (
            replace(SOUND, nodes=(replace(X, value=Value("f", (2,), (1.0,))), Y)),
            "1 entries for shape",
        ),
    ],
)
def test_a_broken_graph(broken: Graph, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        broken.validate()
    with pytest.raises(ValueError, match=said):
        Graph.from_json(broken.to_json())


def test_json_is_the_same_on_every_run() -> None:
    assert SOUND.to_json() == SOUND.to_json()
    assert Graph.from_json(SOUND.to_json()) == SOUND
