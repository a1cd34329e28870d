"""What has no rule of its own: seeds, printing, nests, checks, loops, custom gradients."""

# ruff: noqa: E501 - tables, one case a line

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

import tapeviz as tf

# -- random ----------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_numbers() -> None:
    def draw() -> list[Any]:
        tf.random.set_seed(7)
        made = [tf.random.normal([3]), tf.random.uniform([2, 2], seed=1)]
        made += [tf.random.uniform([2, 2], seed=1), tf.random.shuffle(tf.range(9))]
        made += [tf.random.truncated_normal([4]), tf.nn.dropout(tf.ones([9]), 0.5)]
        return [t.numpy() for t in made]

    first, again = draw(), draw()
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[1], first[2])
    tf.random.set_seed(8)
    assert not np.array_equal(first[0], tf.random.normal([3]).numpy())


def test_numbers_have_their_distribution() -> None:
    tf.random.set_seed(1)
    n = tf.random.normal([20000], mean=3.0, stddev=2.0, dtype=tf.float64)
    assert n.dtype == tf.float64
    assert abs(float(tf.reduce_mean(n)) - 3.0) < 0.1
    assert abs(float(tf.math.reduce_std(n)) - 2.0) < 0.1
    u = tf.random.uniform([20000], -1.0, 3.0).numpy()
    assert -1 <= u.min() < -0.9 < 2.9 < u.max() < 3
    whole = tf.random.uniform([500], 0, 3, dtype=tf.int32)
    assert whole.dtype == tf.int32
    assert set(whole.numpy()) == {0, 1, 2}
    assert np.abs(tf.random.truncated_normal([5000]).numpy()).max() <= 2
    ids = tf.random.categorical([[0.0, 5.0]], 200).numpy()
    assert ids.shape == (1, 200)
    assert ids.mean() > 0.9
    assert sorted(tf.random.shuffle([3, 1, 2]).numpy()) == [1, 2, 3]
    with pytest.raises(ValueError, match="Must specify maxval"):
        tf.random.uniform([2], dtype=tf.int32)


def test_mean_and_deviation_may_be_learnt() -> None:
    mean, deviation = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.random.normal([5], mean, deviation))
    a, b = tape.gradient(y, [mean, deviation])
    assert float(a) == 5.0
    assert float(b) == pytest.approx((float(y) - 5.0) / 2.0, abs=1e-5)


def test_stateless_numbers_depend_on_their_seed_alone() -> None:
    a, b = (tf.random.stateless_normal([3], [1, 2]).numpy() for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, tf.random.stateless_normal([3], [1, 3]).numpy())
    g, h = (tf.random.Generator.from_seed(4) for _ in range(2))
    np.testing.assert_array_equal(g.normal([2]).numpy(), h.normal([2]).numpy())


def test_dropout_keeps_the_mean_and_routes_the_gradient() -> None:
    tf.random.set_seed(3)
    x = tf.Variable(tf.ones([1000]))
    with tf.GradientTape() as tape:
        y = tf.nn.dropout(x, 0.25)
    values = set(np.round(y.numpy(), 4))
    assert values == {0.0, np.float32(1.3333)}
    assert 0.85 < float(tf.reduce_mean(y)) < 1.15
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), y.numpy())
    with pytest.raises(ValueError, match="rate"):
        tf.nn.dropout(x, 1.0)


# -- printing, nests, checks -----------------------------------------------------------

PRINTED = [
    (("x is", tf.constant(0.1)), "x is 0.1\n"),
    ((tf.constant([1.0, 2.5]),), "[1 2.5]\n"),
    ((tf.range(10),), "[0 1 2 ... 7 8 9]\n"),
    ((tf.constant([[1, 2], [3, 4]]),), "[[1 2]\n [3 4]]\n"),
    (
        (tf.constant(1 / 3), tf.constant(1 / 3, tf.float64)),
        "0.333333343 0.33333333333333331\n",
    ),
    ((tf.constant(True), tf.constant([True, False])), "1 [1 0]\n"),
    (([1, tf.constant(2.0)], {"a": tf.constant(1)}, (3,)), "[1, 2] {'a': 1} (3,)\n"),
    ((tf.constant("hi"), tf.constant(["a", "b"])), '"hi" ["a" "b"]\n'),
    ((tf.constant(float("inf")), tf.constant(float("nan"))), "inf nan\n"),
    ((tf.constant(1e10), tf.constant(1e-7)), "1e+10 1e-07\n"),
    (
        (tf.constant(np.zeros((2, 2, 2), int)),),
        "[[[0 0]\n  [0 0]]\n\n [[0 0]\n  [0 0]]]\n",
    ),
    ((tf.constant([]),), "[]\n"),
]


@pytest.mark.parametrize(("given", "text"), PRINTED)
def test_print(given: Any, text: str) -> None:
    out = io.StringIO()
    tf.print(*given, output_stream=out)
    assert out.getvalue() == text


def test_print_goes_to_the_stream_for_errors(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tf.print("a", tf.range(8), summarize=-1, sep="|", end="!")
    assert capsys.readouterr().err == "a|[0 1 2 3 4 5 6 7]!"


def test_nests() -> None:
    tree = {"b": 2, "a": [1, (3, {"k": 4})]}
    flattened = tf.nest.flatten(tree)
    assert flattened == [1, 3, 4, 2]
    assert tf.nest.pack_sequence_as(tree, flattened) == tree
    assert tf.nest.map_structure(lambda a, b: a * b, tree, tree)["b"] == 4
    assert tf.nest.is_nested([])
    assert not tf.nest.is_nested(tf.constant([1]))
    tf.nest.assert_same_structure([1, (2,)], [tf.constant(1), (5,)])
    with pytest.raises(ValueError, match="nested structure"):
        tf.nest.assert_same_structure([1, 2], [1])
    with pytest.raises(TypeError, match="nested structure"):
        tf.nest.assert_same_structure([1], (1,))
    with pytest.raises(ValueError, match="had 2 items"):
        tf.nest.pack_sequence_as([1], [1, 2])


def test_checks_pass_and_fail() -> None:
    debugging, wrong = tf.debugging, tf.errors.InvalidArgumentError
    debugging.assert_near(1.0, 1.0 + 1e-7)
    debugging.assert_equal([1, 2], tf.constant([1, 2]))
    debugging.assert_less(1, 2)
    debugging.assert_rank([1], 1)
    debugging.assert_shapes([(tf.ones([2, 3]), ("n", 3)), (tf.ones([2]), ("n",))])
    debugging.assert_type(tf.constant(1.0), tf.float32)
    for check, given in (
        (debugging.assert_near, (1.0, 1.1)), (debugging.assert_equal, ([1, 2], [1, 3])),
        (debugging.assert_less, (2, 1)), (debugging.assert_positive, ([1.0, 0.0],)),
        (debugging.assert_greater, ([3, 1], [2, 2])), (debugging.Assert, (False, [1])),
    ):  # fmt: skip
        with pytest.raises(wrong):
            check(*given)
    with pytest.raises(ValueError, match="rank"):
        debugging.assert_rank(1.0, 2)
    with pytest.raises(ValueError, match="shape"):
        debugging.assert_shapes([(tf.ones([2]), ("n",)), (tf.ones([3]), ("n",))])
    with pytest.raises(TypeError):
        debugging.assert_type(1.0, tf.int32)


def test_check_numerics_also_watches_the_gradient() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="here : Tensor had NaN"):
        tf.debugging.check_numerics([1.0, float("nan")], "here")
    x = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        y = tf.sqrt(tf.debugging.check_numerics(x, "here"))
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"detected in gradient\. here"
    ):
        tape.gradient(y, x)


# -- custom gradients --------------------------------------------------------------------


def test_a_custom_gradient_is_called_once_for_all_arguments() -> None:
    calls = []

    @tf.custom_gradient
    def both(a: Any, b: Any) -> Any:
        def grad(*up: Any) -> Any:
            calls.append([float(u) for u in up])
            return up[0] * 2.0, up[1] * 3.0

        return (a + b, a * b), grad

    a, b = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        s, p = both(a, b)
        y = 5.0 * s + 7.0 * p
    assert [float(g) for g in tape.gradient(y, [a, b])] == [10.0, 21.0]
    assert calls == [[5.0, 7.0]]


def test_a_custom_op_has_jacobians_and_is_replayed() -> None:
    @tf.custom_gradient
    def cube(x: Any) -> Any:
        return x * x * x, lambda up: up * 3.0 * x * x

    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        y = cube(x)
    assert tape.jacobian(y, x).numpy().tolist() == [[3.0, 0.0], [0.0, 12.0]]
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = cube(x)
        g = inner.gradient(y, x)
    assert outer.gradient(g, x).numpy().tolist() == [6.0, 12.0]


def test_a_result_that_is_not_used_counts_as_zero() -> None:
    @tf.custom_gradient
    def two(x: Any) -> Any:
        return [x, x * 2.0], lambda a, b: a + 10.0 * b

    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        _, second = two(x)
    assert float(tape.gradient(second, x)) == 10.0


def test_recompute_grad_runs_twice_and_gives_the_same() -> None:
    runs, w = [], tf.Variable(3.0)

    @tf.recompute_grad
    def f(x: Any) -> Any:
        runs.append(1)
        return tf.sin(x * w)

    x = tf.Variable(0.5)
    with tf.GradientTape() as tape:
        y = f(x)
    gx, gw = tape.gradient(y, [x, w])
    assert float(gx) == pytest.approx(3 * np.cos(1.5), rel=1e-6)
    assert float(gw) == pytest.approx(0.5 * np.cos(1.5), rel=1e-6)
    assert len(runs) == 2


# -- control ----------------------------------------------------------------------------


def test_only_the_branch_that_runs_is_on_the_tape() -> None:
    x, w = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = tf.cond(x > 1, lambda: x * x, lambda: w * x)
    assert [g and float(g) for g in tape.gradient(y, [x, w])] == [4.0, None]
    with pytest.raises(TypeError, match="true_fn must be callable"):
        tf.cond(x > 1, 3.0, lambda: x)


def test_loops_stop_when_told() -> None:
    n = tf.while_loop(
        lambda i: i < 100, lambda i: i + 1, [tf.constant(0)], maximum_iterations=7
    )
    assert int(n[0]) == 7


def test_maps_take_and_give_nests() -> None:
    out = tf.map_fn(
        lambda p: (p[0] * p[1], p[0]),
        (tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])),
    )
    assert [t.numpy().tolist() for t in out] == [[3.0, 8.0], [1.0, 2.0]]


def test_a_custom_op_is_shown_by_its_name() -> None:
    from tapeviz.inspect import backward, graph

    @tf.custom_gradient
    def halves(x: Any) -> Any:
        return [x / 2.0, tf.reduce_sum(x)], lambda a, b: a / 2.0 + b

    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        a, b = halves(x)
        y = tf.reduce_sum(a) * b
    assert "halves" in {n.symbol for n in graph(tape, {}).nodes}
    assert backward(tape, y, x, {}).steps


def test_matplotlib_takes_tensors() -> None:
    """Curves and images are plotted as they are, without ``.numpy()``."""
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    x = tf.linspace(0.0, 1.0, 5)
    (line,) = axes.plot(x, x * x)
    np.testing.assert_allclose(line.get_ydata(), np.linspace(0, 1, 5) ** 2)
    matrix = tf.reshape(x[:4] - 0.5, [2, 2])
    most = tf.reduce_max(abs(matrix))
    shown = axes.imshow(matrix, vmin=-most, vmax=most)
    assert shown.get_clim() == (-0.5, 0.5)
    assert shown.get_array().shape == (2, 2)


def test_recompute_grad_of_variables_has_a_second_derivative() -> None:
    """TensorFlow has it of tensors only, and raises NotImplementedError here."""
    w, x = tf.Variable(2.0), tf.Variable(1.5)
    f = tf.recompute_grad(lambda t: tf.sin(t) * w * w)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = f(x)
        g = inner.gradient(y, w)
    by_x, by_w = outer.gradient(g, [x, w])
    np.testing.assert_allclose(
        [g, by_x, by_w], [4 * np.sin(1.5), 4 * np.cos(1.5), 2 * np.sin(1.5)], 1e-6
    )
