"""The record itself: what it is made of, where it comes from, what it keeps alive."""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
import weakref
from collections.abc import Iterator, Sequence
from inspect import iscoroutinefunction
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.engine.ops import NAMED, TABLE
from tapeviz.engine.recording import OFF, tape_stack
from tapeviz.inspect.source.positions import positions
from tests.engine.inside import array_of, handle_of, recording_of, records
from tests.engine.oracle import ALL, OpCase
from tests.engine.running import for_each, recorded, tensors


@pytest.fixture(autouse=True)
def clean_stack() -> Iterator[None]:
    """No test leaves a tape behind in this thread."""
    assert (tape_stack.tapes, tape_stack.recording) == ((), None)
    yield
    assert (tape_stack.tapes, tape_stack.recording) == ((), None)


# -- what a record is ------------------------------------------------------------------

ATOMS = (int, float, str, bytes, type(None), np.generic, np.ndarray, np.dtype, CodeType)
ATOMS_INSIDE = (*ATOMS, slice, type(Ellipsis), bool)


def atoms(part: Any) -> bool:
    if isinstance(part, tuple):
        return all(atoms(p) for p in part)
    return isinstance(part, ATOMS_INSIDE)


@for_each((c,) for c in ALL if c.floats)
def test_a_record_is_made_of_atoms(case: OpCase) -> None:
    _, _, rec = recorded(case, tensors(case))
    assert type(rec) is tuple
    assert atoms(rec)
    assert TABLE[rec[0]] is case.op


@pytest.mark.parametrize(
    "write",
    [
        lambda x: x * x,
        lambda x: x + 1.0,
        lambda x: 2.0**x,
        lambda x: -x,
        tf.math.exp,
        lambda x: tf.maximum(x, 0.0),
        lambda x: x / x - 3,
    ],
)
def test_the_collector_stops_tracking_scalar_records(write: Any) -> None:
    x = tf.Variable(1.5)
    with tf.GradientTape() as tape:
        write(x)
    gc.collect()
    computed = [r for r in records(tape) if TABLE[r[0]].text != "value"]
    assert computed
    assert not any(gc.is_tracked(r) for r in computed)


def test_a_record_needs_few_bytes() -> None:
    w, b = tf.Variable(0.999), tf.Variable(0.001)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        with tf.GradientTape() as tape:
            y = w
            for _ in range(2000):
                y = y * w + b
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(records(tape)) == 4002
    assert (after - before) / 4000 <= 260


def test_indices_are_in_the_order_of_time() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x * x
        z = y + x
        z * y
    for i, rec in enumerate(records(tape)):
        assert all(j < i for j in TABLE[rec[0]].inputs(rec))


# -- where in the code -----------------------------------------------------------------

PROGRAM = """\
x = tf.Variable(3.0)
m = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
with tf.GradientTape() as tape:
    y = x**2 + 2*x + 1
    u = tf.math.exp(tf.sin(x) - x)
    v = m @ tf.transpose(m)
    w = m[0] / x
    s = tf.reduce_sum(
        m * 2.0,
        axis=0,
    )
    k = tf.stack([x, -x])
    é = abs(x); b = é * é
    f = (lambda t: t % 2)(x)
    c = [i * x for i in (1.0, 2.0)]
    (a, _), _ = m
    l = tf.convert_to_tensor([x, u])
    q = x.value()
    p = tf.where(x > 0, x, 0.0)
    r = tf.constant(1.0) - x
"""

WHERE = [
    "x**2",
    "2*x",
    "x**2 + 2*x",
    "x**2 + 2*x + 1",
    "tf.sin(x)",
    "tf.sin(x) - x",
    "tf.math.exp(tf.sin(x) - x)",
    "tf.transpose(m)",
    "m @ tf.transpose(m)",
    "m[0]",
    "m[0] / x",
    "m * 2.0",
    "tf.reduce_sum(\n        m * 2.0,\n        axis=0,\n    )",
    "-x",
    "tf.stack([x, -x])",
    "abs(x)",
    "é * é",
    "t % 2",
    "i * x",
    "i * x",
    "(a, _), _",
    "(a, _), _",
    "(a, _)",
    "(a, _)",
    "tf.convert_to_tensor([x, u])",
    "x.value()",
    "x > 0",
    "tf.where(x > 0, x, 0.0)",
    "tf.constant(1.0) - x",
]


def spoken(source: str, rec: Sequence[Any]) -> str:
    """The learner's own characters that a record came from."""
    span = positions(rec[-2]).get(rec[-1])
    assert span is not None
    line, end_line, col, end_col = span
    lines = [t.encode() for t in source.splitlines()][line - 1 : end_line]
    lines[-1] = lines[-1][:end_col]
    lines[0] = lines[0][col:]
    return b"\n".join(lines).decode()


def test_each_record_knows_its_own_sub_expression() -> None:
    space: dict[str, Any] = {"tf": tf}
    exec(compile(PROGRAM, "lesson.py", "exec"), space)  # noqa: S102 - the lesson above
    found = [
        spoken(PROGRAM, r)
        for r in records(space["tape"])
        if TABLE[r[0]].text != "value" and TABLE[r[0]].name != "read"
    ]
    assert found == WHERE


def test_a_loop_over_rows_is_the_learners() -> None:
    program = compile("for row in m: row * 2.0", "lesson.py", "exec")
    space = {"m": tf.Variable([[1.0, 2.0], [3.0, 4.0]])}
    with tf.GradientTape() as tape:
        exec(program, space)  # noqa: S102 - the lesson above
    found = [(TABLE[r[0]].name, r[-2]) for r in records(tape)[1:]]
    assert found == [("pick", program), ("multiply", program)] * 2


NAMESPACES = ("", "math", "nn", "linalg")
SPACES = [(name, getattr(tf, name) if name else tf) for name in NAMESPACES]
NAMES = sorted(
    f"{namespace}.{name}".strip(".")
    for namespace, space in SPACES
    for name in dir(space)
    if name[0] != "_"
    and callable(f := getattr(space, name))
    and not isinstance(f, type)
    and not iscoroutinefunction(f)
)


def attempts() -> Iterator[tuple[Any, ...]]:
    """What a function of tensors may want to be called with."""
    s, v = tf.Variable(0.4), tf.Variable([0.2, 0.3, 0.4])
    m = tf.Variable([[1.5, 0.5], [0.25, 2.0]])
    yield from (
        (m,),
        (m, m),
        (v,),
        (v, v),
        (s,),
        (s, s),
        ([v, v],),
        ([m, m], 0),
        (m, v),
    )
    yield from (
        (m, [4]),
        (v, 0, 1),
        (m, v, v),
        (m > 0, m, m),
        (v, [0, 1]),
        (m, 1),
        (m, 1, 1),
    )


def test_every_public_function_records_the_learners_line() -> None:
    recorded_by = set()
    for name in NAMES:
        program = compile(f"tf.{name}(*given)", f"{name}.py", "eval")
        for given in attempts():
            with tf.GradientTape() as tape:
                try:
                    eval(program, {"tf": tf, "given": given})  # noqa: S307 - as above
                except Exception:  # noqa: BLE001, S112 - not meant for such operands
                    continue
            done = [r for r in records(tape) if TABLE[r[0]].text != "value"]
            assert all(r[-2] is program for r in done), (
                f"{name} hides the learner's line"
            )
            recorded_by |= {name} if done else set()
    assert {
        "add",
        "stack",
        "convert_to_tensor",
        "math.exp",
        "linalg.matmul",
    } <= recorded_by


def test_the_gradients_own_records_name_the_call_of_gradient() -> None:
    program = (
        "x = tf.Variable(3.0)\n"
        "with tf.GradientTape() as outer:\n"
        "    with tf.GradientTape() as inner:\n"
        "        y = tf.sin(x) * x\n"
        "    g = inner.gradient(y, x)\n"
    )
    space: dict[str, Any] = {"tf": tf}
    exec(compile(program, "lesson.py", "exec"), space)  # noqa: S102 - the lesson above
    found = [
        spoken(program, r.call_site)
        for r in space["outer"].records()
        if r.call_site is not None
    ]
    assert found[:2] == ["tf.sin(x)", "tf.sin(x) * x"]
    assert len(found) > 2
    assert set(found[2:]) == {"inner.gradient(y, x)"}


def test_a_helper_of_the_learner_is_where_it_happened(tmp_path: Path) -> None:
    space: dict[str, Any] = {"tf": tf}
    program = (
        "def double(t):\n"
        "    return t + t\n"
        "x = tf.Variable(1.0)\n"
        "with tf.GradientTape() as tape:\n"
        "    double(x)\n"
    )
    exec(compile(program, str(tmp_path / "own.py"), "exec"), space)  # noqa: S102
    (rec,) = (r for r in records(space["tape"]) if r[0] == NAMED["add"].code)
    assert rec[-2].co_name == "double"
    assert spoken(program, rec) == "t + t"


# -- long and deep ---------------------------------------------------------------------


def test_a_long_chain_needs_no_stack() -> None:
    n = 100_000
    x = tf.Variable(1.0, dtype="float64")
    with tf.GradientTape(persistent=True) as tape:
        y = x
        for _ in range(n):
            y = y + x
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(120 + depth())
        g = tape.gradient(y, x)
        steps = sum(1 for _ in tape.backward_steps([y], [1.0]))
    finally:
        sys.setrecursionlimit(limit)
    assert g.numpy() == n + 1
    assert steps == n + 1
    del tape, y


def depth() -> int:
    frame, n = sys._getframe(), 0  # inspect has no other way that is as short
    while frame.f_back is not None:
        frame, n = frame.f_back, n + 1
    return n


def test_paths_are_added_not_walked() -> None:
    x = tf.Variable(1.0, dtype="float64")
    with tf.GradientTape() as tape:
        y = x
        for _ in range(60):
            y = y + y
    assert tape.gradient(y, x).numpy() == 2.0**60


def test_a_nested_list_of_sources_may_be_long() -> None:
    xs = [tf.Variable(float(i)) for i in range(500)]
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.stack(xs) * 2.0)
    assert [float(g) for g in tape.gradient(y, xs)] == [2.0] * 500


# -- nested tapes ----------------------------------------------------------------------


def test_nested_tapes_share_one_recording() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as outer, tf.GradientTape() as inner:
        y = x**3
    assert recording_of(inner) is recording_of(outer)
    assert inner.gradient(y, x).numpy() == 27.0
    assert outer.gradient(y, x).numpy() == 27.0


def test_tapes_one_after_the_other_do_not() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as one:
        x * x
    with tf.GradientTape() as two:
        x * x
    assert recording_of(one) is not recording_of(two)


@pytest.mark.parametrize("order", range(1, 6))
def test_orders_one_to_five(order: int) -> None:
    x = tf.Variable(0.7, dtype="float64")

    def derivative(n: int) -> Any:
        if n == 0:
            return tf.sin(x) * tf.math.exp(x)
        with tf.GradientTape() as tape:
            y = derivative(n - 1)
        return tape.gradient(y, x)

    # d^n/dx^n of e^x sin x is 2^(n/2) e^x sin(x + n pi / 4).
    want = 2 ** (order / 2) * np.exp(0.7) * np.sin(0.7 + order * np.pi / 4)
    np.testing.assert_allclose(derivative(order).numpy(), want, rtol=1e-12)


def test_the_inner_of_two_may_leave_first_or_last() -> None:
    x = tf.Variable(2.0)
    one, two = tf.GradientTape(), tf.GradientTape()
    one.__enter__()
    two.__enter__()
    y = x * x
    one.__exit__(None, None, None)
    z = y * x
    two.__exit__(None, None, None)
    assert two.gradient(z, x).numpy() == 12.0
    assert one.gradient(y, x).numpy() == 4.0


# -- errors in the block ---------------------------------------------------------------


def test_an_error_in_the_block_leaves_the_stack_clean() -> None:
    x = tf.Variable(2.0)
    outer, inner, values = tf.GradientTape(), tf.GradientTape(), []

    def lesson() -> None:
        with outer, inner:
            values.append(x * x)
            1 / 0  # noqa: B018 - the mistake

    with pytest.raises(ZeroDivisionError):
        lesson()
    assert tape_stack.tapes == ()
    assert handle_of(x + 1.0) is OFF
    assert inner.gradient(values, x).numpy() == 4.0
    assert outer.gradient(values, x).numpy() == 4.0


def test_an_error_of_an_op_leaves_no_half_record() -> None:
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = x * x
        before = len(records(tape))
        with pytest.raises(tf.errors.InvalidArgumentError):
            y + tf.ones([3])
        assert len(records(tape)) == before
        z = y * 2.0
    assert tape.gradient(z, x).numpy().tolist() == [4.0, 8.0]


def test_an_error_under_stop_recording_goes_on_recording() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        with pytest.raises(ZeroDivisionError), tape.stop_recording():
            1 / 0  # noqa: B018 - the mistake
        y = x * x
    assert tape.gradient(y, x).numpy() == 4.0


def test_a_failing_gradient_leaves_the_stack_clean() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x * x
        with pytest.raises(TypeError):
            tape.gradient(None, x)
    assert tape.gradient(y, x).numpy() == 4.0


# -- threads ---------------------------------------------------------------------------


def test_threads_do_not_mix() -> None:
    shared = tf.Variable(3.0)
    start = threading.Barrier(32)
    wrong: list[str] = []

    def work(n: int) -> None:
        own = tf.Variable(float(n))
        start.wait()
        for turn in range(40):
            with tf.GradientTape() as tape:
                y = shared * own + own * own
                if turn % 8 == 0:
                    with tf.GradientTape() as inner:
                        z = shared * shared * own
                    inner.gradient(z, shared)
            g = tape.gradient(y, [shared, own])
            if [None if p is None else float(p) for p in g] != [n, 3.0 + 2.0 * n]:
                wrong.append(f"thread {n}, turn {turn}: {g}")
            if len(tape.watched_variables()) != 2:
                wrong.append(f"thread {n} watches {tape.watched_variables()}")

    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(n,)) for n in range(32)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(old)
    assert not wrong, wrong[:3]


def test_a_tape_of_one_thread_does_not_hear_another() -> None:
    x, y = tf.Variable(2.0), tf.constant(5.0)
    with tf.GradientTape() as tape:
        tape.watch(y)
        other = threading.Thread(target=lambda: x * x)
        other.start()
        other.join()
    assert tape.watched_variables() == ()


# -- memory ----------------------------------------------------------------------------


def test_a_kept_loss_does_not_keep_the_recording() -> None:
    x = tf.Variable(np.ones(1000))
    with tf.GradientTape() as tape:
        middle = x * 2.0
        loss = tf.reduce_sum(middle * middle)
    big = weakref.ref(array_of(middle))
    tape.gradient(loss, x)
    del tape, middle
    gc.collect()
    assert big() is None
    assert loss.numpy() == 4000.0


def test_a_tape_goes_without_the_collector() -> None:
    x = tf.Variable(2.0)
    gc.disable()
    try:
        with tf.GradientTape() as tape:
            y = x * x
        tape.gradient(y, x)
        gone = weakref.ref(tape)
        recording = sys.getrefcount(recording_of(tape))
        del tape
        assert gone() is None
        assert recording
    finally:
        gc.enable()


def test_a_variable_is_not_kept_by_a_tape_that_is_gone() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        x * x
    gone = weakref.ref(x)
    del tape, x
    gc.collect()
    assert gone() is None


def test_a_training_loop_keeps_its_memory() -> None:
    x = tf.Variable(2.0)

    def steps(n: int) -> None:
        for _ in range(n):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            x.assign_sub(0.1 * tape.gradient(loss, x))

    def growth() -> int:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        steps(500)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before

    steps(50)
    tracemalloc.start()
    try:
        # Other threads of a test run allocate, too; what leaks does so each time.
        assert min(growth() for _ in range(3)) < 20_000
    finally:
        tracemalloc.stop()


def test_what_is_not_recorded_leaves_nothing() -> None:
    x = tf.Variable(2.0)
    y = x * x + 1.0
    assert handle_of(y) is OFF
    with tf.GradientTape() as tape:
        tf.constant(2.0) * 3.0
    assert records(tape) == []
