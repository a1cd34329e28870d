"""The stop button: after an interrupt anywhere, the next block starts clean."""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext
from types import FrameType
from typing import Any

import pytest

import tapeviz as tf
from tapeviz.engine.recording import tape_stack

# An interrupt may come where Python can only say that it is ignored: in a callback of
# the garbage collector, or when a generator ends.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)

X = tf.Variable(3.0)


def interrupt_at(n: int, run: Callable[[], Any]) -> bool:
    """Run something and raise KeyboardInterrupt at its n-th instruction."""
    left = n

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal left
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left < 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    try:
        sys.settrace(trace)
        run()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False


def one_tape() -> None:
    with tf.GradientTape() as tape:
        y = X * X
    tape.gradient(y, X)


def nested_tapes() -> None:
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = X**3
        g = inner.gradient(y, X)
    outer.gradient(g, X)


def stopped_tape() -> None:
    with tf.GradientTape() as tape:
        y = X * X
        with tape.stop_recording():
            y.numpy()
        z = y * X
    tape.gradient(z, X)


@tf.custom_gradient
def cube(x: Any) -> Any:
    return x**3, lambda g: g * 3 * x**2


def custom() -> None:
    with tf.GradientTape() as tape:
        y = cube(X)
    tape.gradient(y, X)


def forward() -> None:
    with tf.autodiff.ForwardAccumulator(X, tf.constant(1.0)) as accumulator:
        y = X * X
    accumulator.jvp(y)


def next_block_is_clean() -> None:
    with tf.GradientTape() as tape:
        y = X * X
        assert len(tape_stack.tapes) == 1
    assert tape._size() == 1  # the square, nothing older
    assert float(tape.gradient(y, X)) == 6.0
    assert tape_stack.tapes == ()


@pytest.mark.parametrize("run", [one_tape, nested_tapes, stopped_tape, custom, forward])
def test_every_instruction(run: Callable[[], None]) -> None:
    interrupt_at(10**9, run)  # Python 3.12 traces instructions from the second time on
    n = 0
    while interrupt_at(n, run):
        next_block_is_clean()
        n += 1 if n < 150 else 17
    assert n > 50


def test_every_instruction_in_the_same_frame() -> None:
    """The block is a loop's, which catches the interrupt and goes round again."""

    def body() -> None:
        with tf.GradientTape() as tape:
            tape.watch(X)

    for n in range(400):
        interrupt_at(n, body)
        with tf.GradientTape() as tape:
            y = X * X
        assert tape._size() == 1
        assert float(tape.gradient(y, X)) == 6.0


@pytest.mark.parametrize("persistent", [False, True])
def test_a_tape_that_is_used_again(persistent: bool) -> None:
    for n in range(400):
        tape = tf.GradientTape(persistent=persistent)

        def body(tape: Any = tape) -> None:
            with tape:
                y = X**3
            tape.gradient(y, X)

        interrupt_at(n, body)
        with tape:
            y = X * X
        assert float(tape.gradient(y, X)) == 6.0
        assert tape_stack.tapes == ()


def test_outer_blocks_stay_open() -> None:
    """An inner block is interrupted, and the outer one catches that and goes on."""
    for n in range(0, 700, 3):
        with tf.GradientTape() as outer:
            interrupt_at(n, one_tape)
            with tf.GradientTape() as inner:
                y = X**3
            g = inner.gradient(y, X)
        assert float(outer.gradient(g, X)) == 18.0


def test_blocks_of_others() -> None:
    """Tapes that ExitStack or a generator keeps open are not taken for abandoned."""
    from contextlib import ExitStack, contextmanager

    @contextmanager
    def recording() -> Any:
        with tf.GradientTape(persistent=True) as tape:
            yield tape

    by_hand = tf.GradientTape()
    by_hand.__enter__()
    with ExitStack() as stack, recording() as generated:
        stacked = stack.enter_context(tf.GradientTape())
        try:
            with tf.GradientTape() as tape:
                y = X * X
        finally:
            pass
    by_hand.__exit__(None, None, None)
    for one in (by_hand, generated, stacked, tape):
        assert float(one.gradient(y, X)) == 6.0


def test_blocks_within_handlers() -> None:
    """A block stays open in try, except, finally and other blocks within it."""
    with tf.GradientTape() as outer:
        try:
            raise ValueError  # noqa: TRY301
        except ValueError:
            with nullcontext(), tf.GradientTape() as inner:
                y = X**3
        finally:
            with tf.GradientTape() as other:
                z = X * X
        g = inner.gradient(y, X)
        h = other.gradient(z, X)
        total = g + h
    assert float(outer.gradient(total, X)) == 20.0


@pytest.mark.alone
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no such timer here")
def test_random_moments() -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    moments = random.Random(13)  # noqa: S311 - no secret
    try:
        for _ in range(700):
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, moments.uniform(1e-4, 2e-3))
                    # Long enough for every moment, and an end for an interrupt that
                    # a callback of the garbage collector swallowed.
                    for _turn in range(1000):
                        nested_tapes()
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                pass
            next_block_is_clean()
    finally:
        signal.signal(signal.SIGALRM, before)
