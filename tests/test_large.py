"""Large tapes are drawn before one has to wait, whatever they are made of."""

from __future__ import annotations

import os
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz import draw, play
from tapeviz.views.drawing import Drawing


def chain(ops: int) -> tf.GradientTape:
    x, w = tf.Variable(1.0), tf.Variable(0.999)
    with tf.GradientTape() as tape:
        y = x
        for _ in range(ops // 2):
            y = y * w
            y = y + x
    tape.gradient(y, [x, w])
    return tape


def perceptron(ops: int) -> tf.GradientTape:
    """Layers that share their weights, each added to one further back."""
    rng = np.random.default_rng(0)
    weights = tf.Variable(rng.normal(size=(4, 4)).astype("f") / 2)
    bias = tf.Variable(np.zeros(4, "f"))
    with tf.GradientTape() as tape:
        h, seen = tf.ones((2, 4)), []
        for i in range(ops // 4):
            h = tf.nn.relu(h @ weights + bias)
            seen.append(h)
            h = h + seen[i // 2]
        loss = tf.reduce_mean(tf.add_n(seen))
    tape.gradient(loss, [weights, bias])
    return tape


def recurrent(ops: int) -> tf.GradientTape:
    rng = np.random.default_rng(0)
    inner = tf.Variable(rng.normal(size=(8, 8)).astype("f") / 4)
    outer = tf.Variable(rng.normal(size=(4, 8)).astype("f"))

    def cell(h: Any, x: Any) -> Any:
        return tf.tanh(x @ outer + h @ inner)

    xs = tf.constant(rng.normal(size=(ops, 1, 4)).astype("f"))
    with tf.GradientTape() as tape:
        h, loss = tf.zeros((1, 8)), 0.0
        for t in range(ops // 7):
            h = cell(h, xs[t])
            loss += tf.reduce_sum(h * h)
    tape.gradient(loss, [inner, outer])
    return tape


def tangle(ops: int) -> tf.GradientTape:
    """Any of four operations on any two of the last forty values."""
    rng = np.random.default_rng(3)
    x = tf.Variable(0.5)
    kinds = [lambda a, b: a + b, lambda a, b: a * b, tf.maximum, tf.minimum]
    with tf.GradientTape() as tape:
        values = [x * 1.0]
        for _ in range(ops):
            a, b = rng.integers(1, min(len(values), 40) + 1, 2)
            values.append(kinds[rng.integers(4)](values[-a], values[-b]))
    tape.gradient(values[-1], x)
    return tape


def doublings(times: int) -> tf.GradientTape:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x
        for _ in range(times):
            y = y + y
    tape.gradient(y, x)
    return tape


def seconds(work: Callable[[], object]) -> float:
    """The processor's time, that of the layout engine included."""
    start = sum(os.times()[:4])
    work()
    return sum(os.times()[:4]) - start


def plain() -> None:
    """What a machine does in about a tenth of a second."""
    total = 0.0
    for i in range(2_000_000):
        total += i * 0.5


def time_to_draw(make: Callable[[int], tf.GradientTape], ops: int) -> float:
    tape = make(ops)
    shown: list[dict[str, str]] = []
    took = seconds(lambda: shown.append(draw(tape)._repr_mimebundle_()))
    html = shown[-1]["text/html"]
    assert "data-fold" in html
    assert len(html) < 155_000
    return took


@pytest.mark.parametrize(
    ("make", "ops", "limit"),
    [
        (chain, 1000, 12),
        (recurrent, 1000, 12),
        (tangle, 1000, 12),
        (chain, 5000, 24),
        (perceptron, 5000, 32),
        (recurrent, 5000, 24),
        (tangle, 5000, 24),
    ],
)
@pytest.mark.alone
def test_time_to_draw_in_plain_loops(
    make: Callable[[int], tf.GradientTape], ops: int, limit: float
) -> None:
    assert min(time_to_draw(make, ops) / seconds(plain) for _ in range(2)) < limit


@pytest.mark.parametrize("make", [chain, recurrent, tangle])
def test_six_times_the_operations_take_about_six_times_as_long(
    make: Callable[[int], tf.GradientTape],
) -> None:
    """A quadratic step would take 36 times as long."""
    assert time_to_draw(make, 24_000) < 15 * time_to_draw(make, 4000)


def test_a_thousand_ops_in_a_hundred_and_fifty_kilobytes() -> None:
    for make in (chain, recurrent, tangle, perceptron):
        assert len(draw(make(1000))._repr_mimebundle_()["text/html"]) < 150_000


def titles(picture: Drawing) -> list[str]:
    return re.findall(r'class="tv-title"[^>]*>([^<]*)<', picture.svg)


def test_groups_name_the_learners_loop() -> None:
    assert titles(draw(chain(1000))) == ["iterations 3\u2013499"]
    assert titles(draw(doublings(60))) == ["iterations 3\u201359"]
    assert titles(draw(recurrent(1000)))[-2:] == [
        "iterations 3\u2013141",
        "iteration 142",
    ]


def test_whether_to_fold_can_be_said() -> None:
    assert titles(draw(doublings(10))) == []
    assert titles(draw(doublings(70), fold=False)) == []
    assert titles(draw(doublings(40), fold=True)) == ["iterations 3\u201339"]
    with pytest.raises(tf.errors.LayoutError, match="fold"):
        _ = draw(perceptron(1500), fold=False).svg


def test_blocks_of_nested_tapes_go_around_their_groups() -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x
            for _ in range(100):
                y = tf.sin(y)
        slope = inner.gradient(y, x)
    outer.gradient(slope, x)
    picture = draw(outer)
    assert "iterations 3\u201399" in titles(picture)
    assert picture.svg.count('class="tv-tape"') == 2


@pytest.mark.alone
def test_one_line_with_a_thousand_operations(tmp_path: Path) -> None:
    learner = tmp_path / "learner.py"
    code = " + ".join(["x * 1.01"] * 500)
    learner.write_text(
        f"def f(tf, x):\n    with tf.GradientTape() as tape:\n        y = {code}\n"
        "    return tape, y\n"
    )
    x = tf.Variable(1.0)
    tape, y = runpy.run_path(str(learner))["f"](tf, x)
    assert float(tape.gradient(y, x)) == pytest.approx(505.0, rel=1e-5)
    picture = draw(tape)
    assert seconds(lambda: picture.html) < 50 * seconds(plain)
    assert len(picture.graph.to_json()) < 1_000_000
    assert play(tape, y, x).html


@pytest.mark.alone
def test_values_that_left_a_thousand_times() -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        for _ in range(3000):
            c = float(x) * 3.0
            y = x * c
    tape.gradient(y, x)
    assert seconds(lambda: draw(tape).graph) < 30 * seconds(plain)
    graph = draw(tape).graph
    assert sum(node.unrecorded == "left" for node in graph.nodes) == 3000
