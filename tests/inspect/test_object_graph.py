"""Graphs of objects that other small engines leave: micrograd and its children."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tapeviz
from tapeviz import draw, explain, play
from tests.peers.conftest import peer


class Scalar:
    """The value of a published GPT in a single file: local gradients, and no sign."""

    __slots__ = ("_children", "_local_grads", "data", "grad")

    def __init__(self, data: float, children: Any = (), local_grads: Any = ()) -> None:
        self.data, self.grad = data, 0.0
        self._children, self._local_grads = children, local_grads

    def __add__(self, other: Any) -> Scalar:
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other: Any) -> Scalar:
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n: float) -> Scalar:
        return Scalar(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self) -> Scalar:
        y = math.exp(self.data)
        return Scalar(y, (self,), (y,))

    def log(self) -> Scalar:
        return Scalar(math.log(self.data), (self,), (1 / self.data,))

    def relu(self) -> Scalar:
        return Scalar(max(0, self.data), (self,), (float(self.data > 0),))

    def odd(self) -> Scalar:
        return Scalar(math.gamma(self.data), (self,), (1.25,))


def test_a_scalar_with_local_gradients_and_no_sign() -> None:
    a, b, c = Scalar(2.0), Scalar(-3.0), Scalar(0.5)
    z = (a * b + 7) ** 2
    y = z.log() + c.exp().relu() * a
    run = play(y).run
    assert dict(zip(run.called, [r.entry for r in run.results], strict=True)) == (
        pytest.approx(
            {"a": 2 * -3 / 1 + math.exp(0.5), "b": 4.0, "c": 2 * math.exp(0.5)}
        )
    )
    ops = [n.op for n in run.graph.nodes if n.kind == "op"]
    assert ops == ["multiply", "add", "power", "log", "exp", "relu", "multiply", "add"]
    assert [n.name for n in run.graph.nodes if n.name] == ["a", "b", "z", "c", "y"]
    assert run.graph.notes == ()
    assert all(n.span is None for n in run.graph.nodes)
    assert [play(y, [c]).run.called, play(y, sources=c).run.called] == [("c",), ("c",)]
    assert "dy/dc" in explain(y, [c]).text


def test_a_step_without_a_rule_of_ours_has_its_numbers() -> None:
    x = Scalar(3.5)
    y = x.odd() * 2
    run = play(y).run
    assert [n.op for n in run.graph.nodes] == [
        "variable",
        "custom",
        "constant",
        "multiply",
    ]
    assert [r.entry for r in run.results] == [2.5]
    assert draw(y).graph.by_id["n0"].gradient == run.results[0]


@pytest.mark.parametrize("seed", range(8))
def test_micrograd_needs_no_description(seed: int) -> None:
    engine = peer("micrograd.engine")
    random = np.random.default_rng(seed)
    leaves = [engine.Value(float(v)) for v in random.normal(size=4)]
    pool = [*leaves]
    for _ in range(12):
        p, q = (pool[k] for k in random.integers(len(pool), size=2))
        kinds = [
            p + q,
            p * q,
            p - q,
            p.relu(),
            p * p,
            p + p,
            (p * p + 1) ** -0.5,
            p / 3,
        ]
        pool.append(kinds[random.integers(len(kinds))])
    y = sum(pool[4:], engine.Value(0.0))
    run = play(y, leaves).run
    y.backward()
    for leaf, result in zip(leaves, run.results, strict=True):
        assert (0.0 if result is None else result.entry) == pytest.approx(leaf.grad)
    for node in run.graph.nodes:
        assert node.op != "custom"
    grads = sorted(v.grad for v in {id(v): v for v in every(y)}.values() if v._prev)
    ours = [n.gradient.entry for n in run.graph.nodes if n.kind == "op" and n.gradient]
    assert sorted(ours) == pytest.approx(grads)


def every(value: Any) -> list[Any]:
    return [value, *(one for v in value._prev for one in every(v))]


def test_the_class_of_lesson_10_9() -> None:
    space: dict[str, Any] = {}
    exec(LESSON, space)  # noqa: S102 - it is below
    tape, number = space["tape"], space["Number"]

    def parts(n: Any) -> list[Any]:
        return next((p for _, result, p in tape if result is n), [])

    tapeviz.describe(
        number,
        value="value",
        parents=lambda n: [operand for operand, _ in parts(n)],
        slopes=lambda n: [slope for _, slope in parts(n)],
    )
    x, w, y = space["x"], space["w"], space["y"]
    run = play(y, [x, w]).run
    assert [r.entry for r in run.results] == [8.0, 3.0]
    assert [n.name for n in run.graph.nodes if n.name] == ["x", "w", "y"]


LESSON = """
tape = []

class Number:
    def __init__(self, value):
        self.value = value
    def __add__(self, other):
        return record("+", self.value + other.value, (self, 1.0), (other, 1.0))
    def __mul__(self, other):
        product = self.value * other.value
        return record("×", product, (self, other.value), (other, self.value))

def record(sign, value, *parts):
    result = Number(value)
    tape.append((sign, result, parts))
    return result

x, w = Number(3.0), Number(2.0)
y = x * x + w * x
"""


def test_what_is_not_said_is_asked_for() -> None:
    class Mine:
        def __init__(self, n: float, came_from: Any = ()) -> None:
            self.n, self.came_from = n, came_from

    y = Mine(9.0, (Mine(3.0),))
    with pytest.raises(TypeError, match="is not a tape"):
        play(y)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="why does not know how your engine"):
        tapeviz.why(Scalar(1.0) * 2)  # type: ignore[arg-type]
    tapeviz.describe(Mine, value="n", parents="came_from")
    with pytest.raises(TypeError, match="describe the class with slopes="):
        play(y)  # type: ignore[arg-type]


def test_a_long_graph_is_read_without_recursion() -> None:
    x = y = Scalar(1.0)
    for _ in range(3000):
        y = y + x
    (result,) = draw(y).graph.node("n0").gradient.data  # type: ignore[union-attr]
    assert result == 3001.0
