"""Tapes of concurrent tasks: each records its own task, and gradients stay right."""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Iterator
from typing import Any

import tapeviz as tf
from tapeviz.engine.recording import tape_stack


def test_tasks_do_not_share_tapes() -> None:
    variables = [tf.Variable(float(n)) for n in (2, 3, 4)]

    async def task(v: tf.Variable) -> tuple[float, int, int]:
        with tf.GradientTape() as tape:
            y = v * v
            await asyncio.sleep(0.001)
            z = y * v
            await asyncio.sleep(0.001)
        slope = float(tape.gradient(z, v))
        return slope, len(tape.watched_variables()), tape._size()

    async def main() -> list[tuple[float, int, int]]:
        return await asyncio.gather(*map(task, variables))

    assert asyncio.run(main()) == [(12.0, 1, 2), (27.0, 1, 2), (48.0, 1, 2)]
    assert tape_stack.tapes == ()


def test_a_task_records_for_the_tape_that_waits_for_it() -> None:
    x = tf.Variable(3.0)

    async def power(n: int) -> tf.Tensor:
        await asyncio.sleep(0)
        return x**n

    async def main() -> float:
        with tf.GradientTape() as tape:
            a, b = await asyncio.gather(power(2), power(3))
            y = a + b
        return float(tape.gradient(y, x))

    assert asyncio.run(main()) == 6.0 + 27.0
    with tf.GradientTape() as tape:
        y = asyncio.run(power(2))
    assert float(tape.gradient(y, x)) == 6.0


def test_pickles_within_a_block() -> None:
    x = tf.Variable([3.0, 1.0], name="x", trainable=False)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        again, square = pickle.loads(pickle.dumps((x, y)))  # noqa: S301 - our own
    assert again.name == "x:0"
    assert not again.trainable
    assert again.numpy().tolist() == [3.0, 1.0]
    assert square.numpy().tolist() == [9.0, 1.0]
    assert tape.gradient(y, x).numpy().tolist() == [6.0, 2.0]


def second_order() -> Iterator[Any]:
    """The second derivative of x**3 at 2, in a function that can be suspended."""
    x = tf.Variable(2.0)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x**3
        dy = inner.gradient(y, x)
    yield outer.gradient(dy, x)


def test_nested_tapes_of_a_generator_have_a_second_order() -> None:
    (found,) = second_order()
    assert float(found) == 12.0  # 6 x


def test_nested_tapes_of_a_task_have_a_second_order() -> None:
    async def ask() -> float:
        x = tf.Variable(2.0)
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = x**3
            await asyncio.sleep(0)
            dy = inner.gradient(y, x)
        return float(outer.gradient(dy, x))

    async def several() -> list[float]:
        return await asyncio.gather(*(ask() for _ in range(3)))

    assert asyncio.run(several()) == [12.0] * 3


def test_threads_of_a_task_write_in_its_tape() -> None:
    """They run in a copy of its context; no record gets the index of another's."""
    xs = [tf.Variable(float(n)) for n in (2, 3, 4, 5)]

    def chain(x: tf.Variable) -> tf.Tensor:
        y = x * 1.0
        for _ in range(3000):
            y = y * 1.0
        return y * x

    async def main() -> list[float]:
        with tf.GradientTape(persistent=True) as tape:
            ys = await asyncio.gather(*(asyncio.to_thread(chain, x) for x in xs))
        return [float(tape.gradient(y, x)) for x, y in zip(xs, ys, strict=True)]

    before = sys.getswitchinterval()
    try:
        sys.setswitchinterval(1e-6)
        assert asyncio.run(main()) == [4.0, 6.0, 8.0, 10.0]
    finally:
        sys.setswitchinterval(before)


def test_a_task_that_outlives_the_block_records_no_more() -> None:
    x = tf.Variable(3.0)

    async def late(done: asyncio.Event) -> tf.Tensor:
        await done.wait()
        return x * x

    async def main() -> tuple[int, bool]:
        done = asyncio.Event()
        with tf.GradientTape(persistent=True) as tape:
            waiting = asyncio.create_task(late(done))
            y = x * 2.0
            await asyncio.sleep(0)
        done.set()
        after = await waiting
        assert float(tape.gradient(y, x)) == 2.0
        return tape._size(), tape.gradient(after, x) is None

    assert asyncio.run(main()) == (1, True)


def test_what_happens_while_a_generator_waits_is_recorded_by_its_tape() -> None:
    """It runs in the context of its caller: nothing tells the two apart."""
    x = tf.Variable(3.0)

    def slopes() -> Iterator[float]:
        with tf.GradientTape(persistent=True) as tape:
            y = x * x
            yield 0.0
            z = y * x
        yield float(tape.gradient(z, x))
        yield float(tape._size())

    one = slopes()
    next(one)
    with tf.GradientTape() as tape:
        w = x * 2.0
    assert float(tape.gradient(w, x)) == 2.0
    assert tape._size() == 1
    assert next(one) == 27.0
    assert next(one) == 3.0  # the two of its own, and the caller's
    assert tape_stack.tapes == ()
