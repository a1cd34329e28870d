"""A learner's tape, played: the same numbers as finite differences give."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest

from tapeviz.lessons import replay
from tapeviz.lessons.replay import sweep


@dataclass(eq=False)
class Number:
    """A value, as the lesson's own class has it."""

    value: float


class Tape:
    """The lesson's tape: a list, and two operations that write to it."""

    def __init__(self) -> None:
        self.entries: list[Any] = []

    def add(self, a: Number, b: Number) -> Number:
        return self._record("+", a.value + b.value, (a, 1.0), (b, 1.0))

    def mul(self, a: Number, b: Number) -> Number:
        return self._record("×", a.value * b.value, (a, b.value), (b, a.value))

    def _record(self, sign: str, value: float, *parts: tuple[Number, float]) -> Number:
        result = Number(value)
        self.entries.append((sign, result, parts))
        return result


def program(seed: int, values: list[float]) -> tuple[Tape, list[Number], Number]:
    """Twelve random sums and products of two or three numbers."""
    draw = random.Random(seed)  # noqa: S311 - not a secret
    tape, leaves = Tape(), [Number(value) for value in values]
    known = [*leaves]
    for _ in range(12):
        a, b = draw.choice(known), draw.choice(known[-3:])
        known.append((tape.add if draw.random() < 0.6 else tape.mul)(a, b))
    return tape, leaves, known[-1]


@pytest.mark.parametrize("seed", range(20))
def test_the_gradients_are_those_of_finite_differences(seed: int) -> None:
    at, step = [0.7, -0.4, 0.9], 1e-6
    tape, leaves, target = program(seed, at)
    names = dict(zip("uvw", leaves, strict=True))
    run = sweep(tape.entries, target, names)
    for node, result in zip(run.sources, run.results, strict=True):
        i = "uvw".index(run.graph.node(node).name)
        up, down = [*at], [*at]
        up[i], down[i] = at[i] + step, at[i] - step
        rise = program(seed, up)[2].value - program(seed, down)[2].value
        got = 0.0 if result is None else result.entry
        assert got == pytest.approx(rise / (2 * step), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("seed", range(20))
def test_every_sum_is_complete_exactly_once(seed: int) -> None:
    tape, leaves, target = program(seed, [0.7, -0.4, 0.9])
    run = sweep(tape.entries, target, {"u": leaves[0]})
    parts = [part for step in run.steps for part in step.contributions]
    last = [part.node for part in parts if part.last]
    assert sorted(last) == sorted({part.node for part in parts})
    assert {p.node: p.total for p in parts} == {
        p.node: p.total for p in parts if p.last
    }


def test_results_are_called_after_their_place_on_the_tape() -> None:
    tape = Tape()
    x = Number(3.0)
    square = tape.mul(x, x)
    y = tape.add(square, x)
    graph = sweep(tape.entries, y, {"x": x, "y": y}).graph
    assert [node.name for node in graph.nodes] == ["x", "tape[0]", "y"]


def test_a_number_that_nothing_reaches_has_no_gradient() -> None:
    tape = Tape()
    x, v = Number(3.0), Number(2.0)
    y = tape.mul(x, x)
    tape.mul(v, v)
    run = sweep(tape.entries, y, {"x": x, "v": v})
    assert run.results[1] is None
    assert run.results[0] is not None
    assert run.results[0].entry == 6.0


@pytest.mark.parametrize(
    "entry", [("×", Number(1.0)), "abc", ("×", Number(1.0), [(3.0, 1.0)]), None]
)
def test_an_entry_of_another_form_is_told(entry: Any) -> None:
    with pytest.raises(ValueError, match="write it like this"):
        replay([entry], Number(1.0))


def test_a_target_that_is_elsewhere_is_told() -> None:
    with pytest.raises(ValueError, match="not on this tape"):
        replay([], Number(1.0))
