"""Tapes of several threads: one stack of tapes each, nothing mixes."""
# ruff: noqa: E501

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.engine.recording import tape_stack
from tests.engine.inside import records

MANY = 32


def in_threads(work: Callable[[int], Any], count: int = MANY) -> list[Any]:
    """What ``work(0)``, ``work(1)``, ... give, each in its own thread, all at once."""
    found: list[Any] = [None] * count
    ready = threading.Barrier(count)

    def run(i: int) -> None:
        ready.wait(timeout=30)
        try:
            found[i] = work(i)
        except Exception as error:  # noqa: BLE001 - returned instead of a result
            found[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return found


def test_one_constant_watched_by_all() -> None:
    x = tf.constant(3.0)
    all_watch = threading.Barrier(MANY)

    def work(i: int) -> tuple[float, float, float]:
        w = tf.constant(float(i))
        with tf.GradientTape() as tape:
            tape.watch(x)
            all_watch.wait(timeout=30)  # every thread watches it now
            y = x
            for _ in range(50):
                y = y * 1.0 + w * x
            y = x * y + tf.square(x) + 2.0 * x
        return float(y), float(tape.gradient(y, x)), float(w)

    for i, got in enumerate(in_threads(work)):
        inner = 3.0 + 50 * i * 3.0
        assert got == (3 * inner + 9 + 6, inner + 3 * (1 + 50 * i) + 6 + 2, i)


def test_one_variable_read_by_all() -> None:
    v = tf.Variable([1.0, 2.0])

    def work(i: int) -> list[float]:
        with tf.GradientTape() as tape:
            y = v * 0.0
            for _ in range(50):
                y = y + float(i) * v * v
        return tape.gradient(y, v).numpy().tolist()  # type: ignore[no-any-return]

    for i, got in enumerate(in_threads(work)):
        assert got == [100.0 * i, 200.0 * i]


def test_what_one_thread_records_is_a_constant_to_the_others() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as outer:
        y = x * x

        def work(i: int) -> tuple[Any, ...]:
            with tf.GradientTape() as tape:
                z = y * x * float(i)
                z = x * y * z
            return tuple(g if g is None else float(g) for g in tape.gradient(z, [x, y]))

        found = in_threads(work)
        end = y * x
    assert len(records(outer)) == 3  # x, its square, and what came of that
    assert float(outer.gradient(end, x)) == 27.0
    for i, got in enumerate(found):
        assert got == (81.0 * 2 * 3.0 * i, None)


def test_a_result_watched_in_other_threads_keeps_its_place_in_its_own() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as outer:
        y = x * x

        def work(i: int) -> float:
            with tf.GradientTape() as tape:
                tape.watch(y)
                z = y * y * float(i)
            return float(tape.gradient(z, y))

        found = in_threads(work)
        end = y * x + 2.0 * y
    assert [float(g) for g in outer.gradient(end, [x, y])] == [27.0 + 12.0, 5.0]
    assert found == [18.0 * i for i in range(MANY)]


def _fail(i: int) -> None:
    raise KeyError(i)


def test_an_error_in_one_thread_leaves_all_stacks_clean() -> None:
    def work(i: int) -> Any:
        try:
            with tf.GradientTape(), tf.GradientTape():
                _fail(i)
        except KeyError:
            return tape_stack.tapes, tape_stack.recording

    assert in_threads(work, 4) == [((), None)] * 4
    assert (tape_stack.tapes, tape_stack.recording) == ((), None)


@pytest.mark.parametrize("use", ["left", "right", "function", "list", "index", "array"])
def test_a_shared_tensor_is_an_operand_like_any_other(use: str) -> None:
    x = tf.constant([2.0, 3.0])
    step = threading.Barrier(2)
    uses: dict[str, Callable[[], Any]] = {
        "left": lambda: x * 2.0,
        "right": lambda: tf.constant([1.0, 1.0]) * x,
        "function": lambda: tf.exp(x),
        "list": lambda: tf.stack([x, x * x]),
        "index": lambda: x[0],
        "array": lambda: tf.constant(np.asarray(x)),
    }

    def work(_i: int) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            step.wait(timeout=30)
            y = uses[use]()
            step.wait(timeout=30)
        g = tape.gradient(y, x)
        return None if g is None else g.numpy().round(2).tolist()

    wanted = {
        "left": [2.0, 2.0], "right": [1.0, 1.0], "list": [5.0, 7.0], "index": [1.0, 0.0],
        "function": [7.39, 20.09], "array": None,
    }  # fmt: skip
    for got in in_threads(work, 2):
        assert (
            got is None if wanted[use] is None else np.allclose(got, wanted[use], 1e-3)
        )


def test_a_move_that_an_interrupt_broke_off_stops_no_thread() -> None:
    """The stop button can come while a tensor is pointed to another recording."""
    from tapeviz.engine import splice as home
    from tapeviz.engine.recording import Recording

    x, found = tf.constant(3.0), []
    home._moving[id(x)] = Recording()

    def watch() -> None:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        found.append(float(tape.gradient(y, x)))

    other = threading.Thread(target=watch)
    other.start()
    other.join(20)
    watch()
    assert found == [6.0, 6.0]
