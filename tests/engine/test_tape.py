"""What gradient() gives back, for any nest of sources and any list of targets."""

from __future__ import annotations

import collections
import gc
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tapeviz as tf
from tapeviz.engine import nest

FEW = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
)
Pair = collections.namedtuple("Pair", "first second")  # noqa: PYI024 - what learners have

LEAF = st.integers(0, 3)
nests = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        st.tuples(inner, inner).map(lambda t: Pair(*t)),
        st.dictionaries(st.sampled_from("abc"), inner).map(collections.OrderedDict),
    ),
    max_leaves=8,
)


def filled(structure: Any, values: list[Any]) -> Any:
    """The nest with numbers replaced by what they are places of."""
    if isinstance(structure, int):
        return values[structure]
    if isinstance(structure, dict):
        return type(structure)((k, filled(v, values)) for k, v in structure.items())
    if isinstance(structure, Pair):
        return Pair(*(filled(v, values) for v in structure))
    return type(structure)(filled(v, values) for v in structure)


@FEW
@given(nests)
def test_the_result_mirrors_the_sources(structure: Any) -> None:
    xs = [tf.Variable(float(i + 1)) for i in range(4)]
    with tf.GradientTape() as tape:
        y = xs[0] ** 2 + 3.0 * xs[1] + xs[2]
    got = tape.gradient(y, filled(structure, xs))
    want = filled(structure, [2.0, 3.0, 1.0, None])

    def plain(v: Any) -> Any:
        return None if v is None else float(v)

    assert nest.like(structure, [plain(v) for v in nest.leaves(got)]) == want
    assert type(got) is (type(want) if not isinstance(structure, int) else type(got))


@FEW
@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=5),
    st.lists(st.floats(-2, 2), min_size=5, max_size=5),
)
def test_targets_are_summed_with_their_weights(
    positions: list[int], weights: list[float]
) -> None:
    x = tf.Variable(1.5, dtype="float64")
    with tf.GradientTape(persistent=True) as tape:
        ys = [x * x, tf.sin(x), x * 4.0]
    slopes = [3.0, np.cos(1.5), 4.0]
    targets = [ys[p] for p in positions]
    plain = tape.gradient(targets, x).numpy()
    np.testing.assert_allclose(plain, sum(slopes[p] for p in positions), rtol=1e-12)
    used = weights[: len(positions)]
    weighted = tape.gradient(targets, x, output_gradients=used).numpy()
    want = sum(w * slopes[p] for w, p in zip(used, positions, strict=True))
    np.testing.assert_allclose(weighted, want, rtol=1e-12, atol=1e-12)


def test_a_source_given_twice_gets_the_whole_gradient_twice() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    assert [float(g) for g in tape.gradient(y, [x, x])] == [6.0, 6.0]


def test_a_target_that_is_also_a_source() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
        z = y * y
    assert [float(g) for g in tape.gradient(z, [z, y, x])] == [1.0, 18.0, 108.0]


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_zeros_where_nothing_is_connected(shape: tuple[int, ...], dtype: str) -> None:
    x, other = tf.Variable(2.0), tf.Variable(np.ones(shape, dtype))
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
    g = tape.gradient(y, other, unconnected_gradients="zero")
    assert (tuple(g.shape), g.dtype) == (shape, dtype)
    assert not g.numpy().any()
    j = tape.jacobian(y, other, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    assert tuple(j.shape) == shape
    assert tape.gradient(y, other) is None
    assert tape.jacobian(y, other) is None


def test_the_variable_keeps_the_value_each_use_read() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        a = x * x
        x.assign(5.0)
        b = x * x
        y = a + b
    x.assign(100.0)
    assert float(tape.gradient(y, x)) == 2 * 2.0 + 2 * 5.0


def test_an_array_variable_keeps_it_too() -> None:
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        a = x * x
        x.assign_add([10.0, 10.0])
        y = tf.reduce_sum(a) + tf.reduce_sum(x * x)
    x.assign([0.0, 0.0])
    assert tape.gradient(y, x).numpy().tolist() == [2.0 + 22.0, 4.0 + 24.0]


def test_a_result_may_be_changed_without_harm() -> None:
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        y = x + 0.0
    first = tape.gradient(y, x).numpy()
    first += 100.0
    assert tape.gradient(y, x).numpy().tolist() == [1.0, 1.0]


def test_a_loop_that_makes_tapes_leaves_no_rubbish() -> None:
    x = tf.Variable(2.0)

    def lesson() -> None:
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = x**3
            g = inner.gradient(y, x)
        outer.gradient(g, x)

    lesson()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            lesson()
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_hessian_by_jacobians(n: int) -> None:
    a = np.random.default_rng(n).normal(size=(n, n))
    x = tf.Variable(np.ones(n))
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = tf.reduce_sum(
                x * tf.reshape(tf.constant(a) @ tf.reshape(x, [n, 1]), [n])
            )
        g = inner.gradient(y, x)
    np.testing.assert_allclose(
        outer.jacobian(g, x).numpy(), a + a.T, rtol=1e-10, atol=1e-10
    )


_QUIET = """
import tapeviz as tf

def tried(f, *xs):
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape(persistent=True) as tape:
            for x in xs:
                tape.watch(x)
            y = f(*xs)
        first = tape.gradient(y, xs[0])
        tape.gradient(y, xs)
    outer.gradient(first, xs[0])
    if y.shape.rank:
        tape.jacobian(y, xs[0])

count = 0
for name in sorted(dir(tf.math)):
    for xs in ([0.0], [-1.0], [float("inf")], [3e38], [0.0, 0.0], [-1.0, 0.0]):
        for given in (xs, [[x, float("nan")] for x in xs]):
            try:
                tried(getattr(tf.math, name), *map(tf.constant, given))
                count += 1
            except Exception:
                pass
print(count)
"""


def test_nan_and_infinity_are_no_warnings() -> None:
    """A learner's cell prints what it says and nothing else, forwards and back."""
    run = [sys.executable, "-W", "always", "-c", _QUIET]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert int(done.stdout) > 200
    said = [line for line in done.stderr.splitlines() if "RuntimeWarning" in line]
    assert said == []
