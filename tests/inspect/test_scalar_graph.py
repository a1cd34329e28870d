"""Long computations of single numbers: their numbers, operations and functions."""

from __future__ import annotations

import math
import os
import time
from typing import Any

import pytest

import tapeviz as tf
from tapeviz import draw, play
from tapeviz.inspect import scalar_graph
from tapeviz.inspect.object_graph import ObjectTape, description_of
from tapeviz.inspect.source.call_structure import CallReader
from tapeviz.trace.scalars import ScalarGraph
from tests.data import scalar_gpt
from tests.data.scalar_gpt import Value
from tests.peers.conftest import peer

WORD = os.environ.get("TAPEVIZ_SCALAR_GPT", "a")
"""The document whose loss is looked at; "emma" has some 43,000 nodes."""


@pytest.fixture(scope="module")
def objects() -> tuple[ScalarGraph, Any, Any]:
    w = scalar_gpt.weights()
    with tf.lines_of(Value):
        loss = scalar_gpt.document_loss(w, WORD)
    about = description_of(loss)
    assert about
    every = [v for matrix in w.values() for row in matrix for v in row]
    names = {"every": every, "w": w, "loss": loss}
    tape = ObjectTape(loss, about, names, None)
    found = scalar_graph(tape, names, None, None)
    assert found
    loss.backward()
    return found, w, loss


@pytest.fixture(scope="module")
def own() -> tuple[ScalarGraph, list[Any], Any]:
    w = scalar_gpt.weights(lambda v: tf.Variable(v, dtype="float64"))
    numbers = [v for matrix in w.values() for row in matrix for v in row]
    with pytest.MonkeyPatch.context() as changed:
        for name, op in {"exp": tf.exp, "log": tf.math.log, "relu": tf.nn.relu}.items():
            changed.setattr(scalar_gpt, name, op)
        with tf.GradientTape(persistent=True) as tape:
            loss = scalar_gpt.document_loss(w, WORD)
    found = scalar_graph(tape, {"w": w, "loss": loss}, loss, numbers)
    assert found
    return found, numbers, tape.gradient(loss, numbers)


def numbers_by_name(w: Any) -> dict[str, Any]:
    return {
        f"w[{key!r}][{i}][{j}]": v
        for key, matrix in w.items()
        for i, row in enumerate(matrix)
        for j, v in enumerate(row)
    }


def test_every_gradient_is_that_of_the_learners_own_backward(objects: Any) -> None:
    graph, w, loss = objects
    known = numbers_by_name(w)
    leaves = {name: i for i, name in graph.names.items() if i < graph.leaves}
    assert leaves.keys() == {n for n, v in known.items() if v.grad or n in leaves}
    for name, i in leaves.items():
        assert graph.value[i] == known[name].data
        assert graph.gradient[i] == pytest.approx(known[name].grad, rel=1e-9)
    assert graph.value[graph.target] == loss.data
    assert graph.names[graph.target] == "loss"


def test_what_comes_to_a_number_adds_up_to_its_gradient(objects: Any, own: Any) -> None:
    for graph in (objects[0], own[0]):
        sums = [0.0] * graph.size
        for j, d in zip(graph.parents, graph.contributions, strict=True):
            sums[j] += 0 if math.isnan(d) else d
        for i in range(graph.size):
            if i != graph.target and not math.isnan(graph.gradient[i]):
                assert sums[i] == pytest.approx(graph.gradient[i], rel=1e-9, abs=1e-15)


def test_a_tape_of_ours_gives_what_gradient_gives(own: Any) -> None:
    graph, numbers, gradients = own
    assert len(graph.sources) + graph.unused == len(numbers) == 4192
    given = [float(g) for g in gradients if g is not None]
    assert [graph.gradient[i] for i in graph.sources] == pytest.approx(given, rel=1e-12)


def test_both_engines_tell_the_same_gpt(objects: Any, own: Any) -> None:
    one, other = objects[0], own[0]
    by_name = {name: other.gradient[i] for i, name in other.names.items()}
    for i, name in one.names.items():
        if i < one.leaves:
            assert by_name[name] == pytest.approx(one.gradient[i], rel=1e-6, abs=1e-12)


def test_each_operation_is_recognised_by_its_numbers(objects: Any) -> None:
    graph, _, loss = objects
    assert not [op for op in graph.ops if op.name == "custom"]
    todo, seen = [loss], dict[int, Any]()
    while todo:
        v = todo.pop()
        if id(v) not in seen and v._children:
            seen[id(v)] = v
            todo += v._children
    pairs = [v for v in seen.values() if len(v._children) == 2]
    sums = sum(v.data == v._children[0].data + v._children[1].data for v in pairs)
    names = [graph.ops[k].name for k in graph.kind[graph.leaves :]]
    assert (names.count("add"), names.count("multiply")) == (sums, len(pairs) - sums)
    assert len(names) == len(seen)
    assert {*names} == {"multiply", "add", "power", "exp", "log", "relu"}


def test_the_functions_are_those_that_ran(objects: Any, own: Any) -> None:
    tokens = len(WORD) + 1
    for graph in (objects[0], own[0]):
        within: dict[str, set[str]] = {}
        around: list[str] = []
        for call in graph.calls:
            around[call.depth :] = [call.name]
            within.setdefault(call.name, set()).add("/".join(around[:-1]))
        assert sum(call.name == "one_token" for call in graph.calls) == tokens
        assert sum(call.name == "head" for call in graph.calls) == 4 * tokens
        assert within["one_token"] == {"document_loss"}
        assert within["attention"] == {"document_loss/one_token"}
        assert within["head"] == {"document_loss/one_token/attention"}
        assert within["softmax"] == {
            "document_loss",
            *(f"{h}/head" for h in within["head"]),
        }


@pytest.mark.parametrize(
    ("make", "name"),
    [(math.tanh, "tanh"), (lambda x: max(0.0, x), "relu"), (math.sin, "sin")],
)
def test_a_small_number_does_not_hide_what_was_done_to_it(make: Any, name: str) -> None:
    """The tanh, the sine and the ReLU of a small number are nearly the number."""
    slopes = {
        "tanh": lambda x: 1 - math.tanh(x) ** 2,
        "relu": lambda _: 1.0,
        "sin": math.cos,
    }
    x = Value(2e-4)
    y = Value(make(x.data), (x,), (slopes[name](x.data),))
    assert [n.op for n in draw(y).graph.nodes if n.kind == "op"] == [name]


def test_lines_of_leaves_the_class_as_it_was() -> None:
    class Plain(Value):
        pass

    with pytest.raises(ZeroDivisionError), tf.lines_of(Plain):
        Plain(1.0 / 0)
    assert "__init__" not in vars(Plain)

    class Own(Plain):
        def __init__(self, n: float, more: Any = (), slopes: Any = ()) -> None:
            super().__init__(n, more, slopes)

    before = Own.__init__
    with tf.lines_of(Own):
        assert Own(2.0).data == 2.0
    assert Own.__init__ is before


def test_calls_from_lines_alone(tmp_path: Any) -> None:
    path = str(tmp_path / "learner.py")
    code = """
def inner(x):
    a = x * x
    return a + a

def outer(x):
    for _ in range(2):
        x = inner(x)
        x = x * 3
    return other(x)

def other(x):
    return -x
"""
    (tmp_path / "learner.py").write_text(code)
    lines = [3, 4, 9, 3, 4, 9, 13]
    calls = CallReader([path]).calls([(path, n) for n in lines])
    found = [(c.name, c.depth, c.start, c.stop) for c in calls]
    assert found == [
        ("outer", 0, 0, 7), ("inner", 1, 0, 2), ("inner", 1, 3, 5), ("other", 1, 6, 7),
    ]  # fmt: skip


def test_drawn_and_played_in_little_room(objects: Any) -> None:
    """Bytes for each node, whatever the machine does: 0.8 MB for some 43,000."""
    _, w, loss = objects
    picture, film = draw(loss), play(loss, list(numbers_by_name(w).values()))
    graph = film.grouping.graph  # type: ignore[attr-defined]
    assert len(graph.sources) + graph.unused == 4192
    for view in (picture, film):
        assert len(view.html) < 100_000 + 15 * graph.size
    assert len(picture.graph.nodes) < 30


def test_without_lines_it_is_said_that_the_functions_are_not_known() -> None:
    w = scalar_gpt.weights()
    loss = scalar_gpt.document_loss(w, WORD)
    picture, film = draw(loss), play(loss)
    (note,) = picture.graph.notes
    assert "tapeviz.lines_of" in note.text
    assert film.run.graph.notes == picture.graph.notes
    size = picture.grouping.graph.size  # type: ignore[attr-defined] # it folds scalars
    assert len(film.html) < 155_000 + 15 * size
    names = [n.name for n in picture.graph.nodes if n.kind == "variable"]
    assert len({*names}) == len(names)


def test_a_long_graph_of_micrograd_whose_parents_are_sets() -> None:
    """Read once each: with a sort for every question it took half a minute."""
    engine, nn = peer("micrograd.engine"), peer("micrograd.nn")
    model = nn.MLP(3, [16, 16, 1])
    with tf.lines_of(engine.Value):
        loss = sum((model([k / 40, 1.0, -1.0]) for k in range(20)), engine.Value(0.0))
    began = time.process_time()
    graph = play(loss, model.parameters()).grouping.graph  # type: ignore[attr-defined]
    assert time.process_time() - began < 8
    loss.backward()
    for i, v in zip(graph.sources, model.parameters(), strict=True):
        assert graph.gradient[i] == pytest.approx(v.grad, rel=1e-9)
    assert "model.layers[0].neurons[0].w[0]" in graph.names.values()
    assert "Neuron" in {call.name for call in graph.calls}
