"""Overwriting an upstream gradient that nobody else refers to changes no result."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tapeviz as tf
from tapeviz.engine.dispatch import VJP, VJP_BATCHED, VJP_TENSORS
from tapeviz.engine.kernels import in_place
from tapeviz.engine.sweep import Rules
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor
from tests.engine.inside import array_of, handed_on, pull, records
from tests.engine.oracle import RULED, OpCase
from tests.engine.programs import ANY, Program, programs
from tests.engine.running import for_each, recorded, tensors, weights

PLAIN = Rules(VJP.words)
PLAINS = Rules(VJP_BATCHED.words)
"""The same sweeps without overwriting anything."""

SETTINGS = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
)


def arrays(value: Any) -> list[Any]:
    """Every array in nested tuples and lists."""
    if isinstance(value, np.ndarray):
        return [value]
    inside = value if isinstance(value, (tuple, list)) else ()
    return [a for v in inside for a in arrays(v)]


def image(values: Any) -> list[bytes]:
    return [np.asarray(a).tobytes() for a in arrays(values)]


def raw(found: list[Any]) -> list[Any]:
    """Copies of gradients, as arrays; None stays."""
    return [None if g is None else np.array(g) for g in found]


def equal(got: list[Any], want: list[Any]) -> None:
    """The same bits."""
    for a, b in zip(raw(got), raw(want), strict=True):
        assert (a is None) is (b is None)
        if a is not None:
            assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


def with_constants(rec: Any, case: OpCase, constant: tuple[int, ...]) -> Any:
    """The record with some operands marked as constants."""
    ins = [-1 if k in constant else i for k, i in enumerate(case.op.inputs(rec))]
    return (rec[0], *ins, *rec[1 + len(ins) :])


def given_to_operands(
    rules: Rules, rec: Any, size: int, g: Any, *, own: bool = False
) -> list[Any]:
    with np.errstate(all="ignore"):
        return handed_on(rules, rec, size, g, own=own)


@for_each((c,) for c in RULED if not c.op.many)
def test_a_rule_that_writes_over_its_gradient_hands_on_the_same(case: OpCase) -> None:
    hands_on_the_same(case)


@for_each((c,) for c in RULED if not c.op.many)
def test_a_rule_gives_the_same_block_by_block(case: OpCase) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_place, "_LARGE", 2)
        patch.setattr(in_place, "_BLOCK", 2)
        hands_on_the_same(case)


def hands_on_the_same(case: OpCase) -> None:
    slots = range(len(case.op.operands))
    for constant in (c for n in slots for c in combinations(slots, n)):
        tape, _, rec = recorded(case, tensors(case))
        size = len(records(tape))
        rec, g = with_constants(rec, case, constant), np.array(weights(case))
        if g.ndim == 0:
            continue
        saved = image(rec)
        want = raw(given_to_operands(PLAIN, rec, size, g.copy()))
        equal(given_to_operands(VJP, rec, size, g, own=True), want)
        assert image(rec) == saved


@SETTINGS
@given(programs(ANY))
def test_a_program_has_the_same_gradients_bit_for_bit(program: Program) -> None:
    sources = program.given()
    with GradientTape(persistent=True) as tape:
        tape.watch(sources)
        y = program.tensors(sources)
    saved = image([list(r) for r in records(tape)])
    seeds = [(y, np.ones_like(array_of(y))[()])]
    with np.errstate(all="ignore"):
        got = pull(tape, seeds, sources, VJP, VJP_TENSORS)
        copies = raw(got)
        equal(got, pull(tape, seeds, sources, PLAIN, VJP_TENSORS))
        equal(pull(tape, seeds, sources, VJP, VJP_TENSORS), copies)
    equal(got, copies)
    assert image([list(r) for r in records(tape)]) == saved
    np.testing.assert_array_equal(seeds[0][1], 1)


@SETTINGS
@given(programs(ANY, 6))
def test_a_program_has_the_same_jacobians_bit_for_bit(program: Program) -> None:
    sources = program.given()
    with GradientTape(persistent=True) as tape:
        tape.watch(sources)
        y = program.tensors(sources)
    n = int(np.size(array_of(y)))
    eye = np.eye(n, dtype=array_of(y).dtype).reshape(n, *np.shape(array_of(y)))
    with np.errstate(all="ignore"):
        got = pull(tape, [(y, eye)], sources, VJP_BATCHED, VJP_TENSORS)
        equal(got, pull(tape, [(y, eye.copy())], sources, PLAINS, VJP_TENSORS))
    np.testing.assert_array_equal(eye.reshape(n, n), np.eye(n))


WORDS: dict[str, Any] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
    "neg": lambda a, _: -a, "same": lambda a, _: tf.identity(a),
    "turn": lambda a, _: tf.transpose(a), "tanh": lambda a, _: tf.tanh(a),
}  # fmt: skip


@st.composite
def sums(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """Lines of a program whose values are used several times and joined again."""
    words = st.sampled_from(sorted(WORDS))
    return [
        (draw(words), draw(st.integers(0, n + 1)), draw(st.integers(0, n + 1)))
        for n in range(draw(st.integers(1, 12)))
    ]


def compute(lines: list[tuple[str, int, int]], given: list[Any]) -> list[Any]:
    values = list(given)
    for word, i, j in lines:
        values.append(WORDS[word](values[i], values[j]))
    return values


@SETTINGS
@given(sums(), st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_every_value_is_a_source_with_its_own_gradient(
    lines: list[tuple[str, int, int]], more: list[int]
) -> None:
    rng = np.random.default_rng(0)
    given = [tf.Variable(rng.normal(size=(3, 3))), tf.Variable(rng.normal(size=(3, 3)))]
    with tf.GradientTape(persistent=True) as tape:
        values = compute(lines, given)
    seed = tf.constant(rng.normal(size=(3, 3)))
    targets = [values[-1], *(values[k % len(values)] for k in more)]
    weights = [seed] * len(targets)
    got = tape.gradient(targets, values, weights)
    copies = raw(got)
    pairs = [(t, array_of(seed)) for t in targets]
    equal(pull(tape, pairs, values, PLAIN, VJP_TENSORS), copies)
    for one, want in zip(values, copies, strict=True):
        equal([tape.gradient(targets, one, weights)], [want])
    equal(got, copies)
    np.testing.assert_array_equal(seed, pairs[0][1])


def test_what_the_learner_gave_and_got_stays() -> None:
    data = np.linspace(0.1, 0.9, 6).reshape(2, 3)
    x, w = tf.Variable(data), tf.constant(data)
    seed = tf.constant(np.full((2, 3), 2.0))
    with tf.GradientTape(persistent=True) as tape:
        y = tf.exp(-tf.tanh(x * w) / 2.0)
    first = tape.gradient(y, x, seed)
    before = [np.array(v) for v in (data, x, w, seed, y, first)]
    second = tape.gradient(y, x, seed)
    rate = x - 0.1 * second
    after = [np.array(v) for v in (data, x, w, seed, y, first)]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.shares_memory(array_of(first), array_of(second))
    assert not np.shares_memory(array_of(rate), array_of(second))


def test_an_upstream_gradient_that_the_learner_keeps_is_not_written_over() -> None:
    upstream: list[Tensor] = []

    @tf.custom_gradient
    def watcher(x: Any) -> Any:
        def grad(up: Any) -> Any:
            upstream.append(up)
            return up

        return tf.identity(x), grad

    x = tf.Variable(np.full((2, 2), 3.0))
    with tf.GradientTape() as tape:
        y = watcher(tf.exp(x * 2.0)) * 5.0
    g = tape.gradient(y, x)
    np.testing.assert_array_equal(upstream[0], np.full((2, 2), 5.0))
    np.testing.assert_allclose(g, 10 * np.exp(6.0) * np.ones((2, 2)))


def test_second_order_sweeps_write_over_nothing_recorded() -> None:
    x = tf.Variable(np.linspace(0.2, 0.8, 4))
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            y = tf.tanh(x) * tf.exp(-(x**2))
        g = inner.gradient(y, x)
    first = np.array(g)
    h = outer.gradient(g, x)
    np.testing.assert_array_equal(g, first)
    equal([outer.gradient(g, x)], [h])


def test_only_what_the_sweep_made_is_written_over() -> None:
    """Of arrays it was given, of views and of sources' gradients it makes new ones."""
    x = tf.Variable(np.ones(3))
    with tf.GradientTape(persistent=True) as tape:
        z = -x
        y = -z
    seed = np.full(3, 2.0)
    for sources, shared in (([x], False), ([x, z], True)):
        got = pull(tape, [(y, seed)], sources, VJP, VJP_TENSORS)
        np.testing.assert_array_equal(seed, 2.0)
        np.testing.assert_array_equal(got[0], 2.0)
        assert not np.shares_memory(got[0], seed)
        if shared:
            np.testing.assert_array_equal(got[1], -2.0)
            assert not np.shares_memory(*got)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.exp(-x))  # the sum's gradient is a view of one number
    np.testing.assert_allclose(tape.gradient(y, x), -np.exp(-1.0) * np.ones(3))


def test_an_array_of_its_own_is_written_over() -> None:
    made: list[Any] = []

    def negative(x: Any, out: Any = None) -> Any:
        made.append(out)
        return np.negative(x, out)

    rules = Rules(VJP.words | {"negative": negative}, in_place=True)
    x = tf.Variable(np.ones(3))
    with tf.GradientTape() as tape:
        y = -tf.negative(x)
    pull(tape, [(y, np.ones(3))], [x], rules, VJP_TENSORS)
    assert [out is None for out in made] == [False]  # the first is not, the second is


def test_a_square_makes_no_copy_of_its_base() -> None:
    a = np.linspace(-2.0, 2.0, 5)
    words = VJP.words
    assert words["raised"](a, 1) is a
    np.testing.assert_array_equal(words["raised"](a, 2), a * a)
    np.testing.assert_array_equal(words["raised"](a, 1.0), a)
    x = tf.Variable(a)
    with GradientTape() as tape:
        y = tf.reduce_sum(tf.exp(x**2))
    before = x.numpy()
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), 2 * a * np.exp(a * a))
    np.testing.assert_array_equal(x.numpy(), before)
