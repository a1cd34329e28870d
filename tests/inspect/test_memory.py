"""What a tape keeps alive, held against what Python's allocator measures."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import tapeviz as tf
from tapeviz import draw
from tapeviz.inspect import memory
from tapeviz.trace.memory import Memory

SIDE = 200
BYTES = SIDE * SIDE * 4


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def ones() -> np.ndarray:
    return np.ones((SIDE, SIDE), np.float32)


def layer(*, persistent: bool = False) -> tuple[tf.GradientTape, list[object]]:
    """A tape whose records need four arrays, and what the learner holds of them."""
    w, x = tf.Variable(ones()), tf.constant(ones())
    with tf.GradientTape(persistent=persistent) as tape:
        loss = tf.reduce_sum(tf.exp(-tf.nn.relu(x @ w)) ** 2)
    tape.gradient(loss, w)
    return tape, [w, x]


def freed(tapes: list[tf.GradientTape]) -> int:
    """The bytes freed when the last tape of a list is deleted."""
    before = tracemalloc.get_traced_memory()[0]
    del tapes[-1]
    return before - tracemalloc.get_traced_memory()[0]


@pytest.mark.parametrize("persistent", [False, True])
def test_numbers_are_those_of_the_allocator(persistent: bool) -> None:
    tape, mine = layer(persistent=persistent)
    found = memory(tape)
    assert found.size == 4 * BYTES
    assert found.freed == 2 * BYTES
    assert found.persistent is persistent
    assert found.used is not persistent
    tapes = [tape]
    del tape
    assert freed(tapes) == pytest.approx(found.freed, abs=5000)
    assert mine


def test_nothing_is_freed_that_the_learner_still_holds() -> None:
    w = tf.Variable(ones())
    with tf.GradientTape() as tape:
        y = tf.exp(w)
        loss = tf.reduce_sum(y)
    held = memory(tape)
    assert (held.size, held.freed) == (2 * BYTES, 0)
    del y
    assert memory(tape).freed == BYTES
    tapes = [tape]
    del tape
    assert freed(tapes) == pytest.approx(BYTES, abs=5000)
    assert loss is not None


def test_an_array_is_counted_once_and_a_view_as_what_is_behind_it() -> None:
    w = tf.Variable(ones())
    with tf.GradientTape() as tape:
        y = tf.exp(w)
        tf.reduce_sum(y * y * y)
        tf.reduce_sum(y[:2] * w[:2])
    found = memory(tape)
    assert found.size == pytest.approx(3 * BYTES, rel=0.05)
    found_at = {k.node: k.what for k in found.arrays}
    assert found_at["n0"] == ("result",)


def test_a_tape_in_a_tape_shares_its_records() -> None:
    w = tf.Variable(ones())
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            loss = tf.reduce_sum(tf.exp(w))
        inner.gradient(loss, w)
    del loss
    assert memory(inner).freed == 0
    del inner
    found = memory(outer)
    assert found.freed >= BYTES
    tapes = [outer]
    del outer
    assert freed(tapes) == pytest.approx(found.freed, abs=5000)


def nothing() -> tf.GradientTape:
    return tf.GradientTape()


def empty() -> tf.GradientTape:
    with tf.GradientTape() as tape:
        pass
    return tape


@pytest.mark.parametrize("make", [nothing, empty])
def test_a_tape_without_records(make: Callable[[], tf.GradientTape]) -> None:
    assert memory(make()).size == 0


def test_the_picture_tells_it() -> None:
    tape, _mine = layer()
    picture = draw(tape, memory=True)
    assert picture.memory == memory(tape)
    assert Memory.from_json(memory(tape).to_json()) == memory(tape)
    badges = {b.of: (b.kind, b.text) for b in picture.graph.badges}
    assert sorted(badges.values()) == [
        ("held", "keeps 160 kB alive"),
        ("held", "keeps 160 kB alive"),
        ("shared", "160 kB, alive anyway"),
        ("shared", "160 kB, alive anyway"),
    ]
    note = picture.graph.notes[-1]
    assert note.kind == "memory"
    assert "del tape frees 320 kB of them; 320 kB live on elsewhere." in note.text
    assert note.text in str(picture)
    assert "keeps 160 kB alive" in picture.svg
    assert draw(tape).memory is None
    assert not draw(tape).graph.badges
