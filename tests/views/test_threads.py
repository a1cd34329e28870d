"""Runs in several threads at once: each records its own and nothing of the others."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

import tapeviz as tf
from tapeviz import descent, draw

optimizers: Any = tf.keras.optimizers


@pytest.fixture(autouse=True)
def _threads_take_turns_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def walk(seed: int, optimizer: Any = None, *, named: bool = True) -> list[Any]:
    """A descent of its own, and what its record says of it."""
    w, b = tf.Variable(float(seed)), tf.Variable(1.0)
    with descent(w, b) if named else descent() as run:
        for _ in range(30):
            with tf.GradientTape() as tape:
                loss = (w - 5) ** 2 + 0.1 * (b * w - seed) ** 2
            grads = tape.gradient(loss, [w, b])
            if optimizer is not None:
                optimizer.apply_gradients(zip(grads, [w, b], strict=True))
            else:
                w.assign_sub(0.1 * grads[0])
                b.assign_sub(0.1 * grads[1])
    nodes = [node.name for node in draw(tape).graph.nodes if node.name]
    return [len(run), run.losses, run.data.names, run.data.updates[3].rate, nodes]


def jobs() -> list[tuple[Any, ...]]:
    makers = [lambda: None, lambda: optimizers.SGD(0.1), lambda: optimizers.Adam(0.1)]
    return [(seed, make) for make in makers for seed in range(3)]


@pytest.mark.parametrize("named", [True, False])
def test_descents_and_optimizers_leave_each_other_alone(named: bool) -> None:
    alone = [walk(seed, make(), named=named) for seed, make in jobs()]
    start = Barrier(len(alone))

    def one_of_many(job: tuple[Any, ...]) -> list[Any]:
        seed, make = job
        start.wait()
        return walk(seed, make(), named=named)

    with ThreadPoolExecutor(len(alone)) as pool:
        assert list(pool.map(one_of_many, jobs())) == alone


def test_layers_keep_their_scopes() -> None:
    def scopes(_: int) -> list[tuple[str, int]]:
        layers: Any = tf.keras.layers
        found = []
        for _turn in range(10):
            model = tf.keras.Sequential([layers.Dense(3, "tanh"), layers.Dense(1)])
            with tf.GradientTape() as tape:
                y = tf.reduce_sum(model(tf.ones((2, 2))))
            tape.gradient(y, model.trainable_variables)
            graph = draw(tape).graph
            found.append((len(graph.scopes), len(graph.nodes)))
        return sorted(set(found))

    alone = scopes(0)
    assert len(alone) == 1
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(scopes, range(4))) == [alone] * 4
