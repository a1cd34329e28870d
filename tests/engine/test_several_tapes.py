"""What one tape of several may count; expected numbers from TensorFlow 2.21."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapeviz as tf


def test_a_late_watch_does_not_count_what_an_inner_tape_recorded_before() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape(watch_accessed_variables=False) as outer:
        with tf.GradientTape():
            y = x * x
        outer.watch(x)
        z = y + x
    assert float(outer.gradient(z, x)) == 1.0


def test_late_watches_of_values_and_assigned_variables() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as outer:
        with tf.GradientTape():
            y = x * x
            x.assign(5.0)
            w = x * 2.0
        outer.watch([y, x])
        z = y + x * w
    assert float(outer.gradient(z, x)) == 10.0
    assert float(outer.gradient(z, y)) == 1.0
    assert float(outer.gradient([z, x], x)) == 11.0
    assert float(outer.gradient([y, z], x)) == 10.0
    assert outer.gradient(w, x) is None


def test_a_target_that_is_a_source_counts_itself_alone_on_the_other_tape() -> None:
    c = tf.constant(2.0)
    with tf.GradientTape() as outer, tf.GradientTape() as inner:
        inner.watch(c)
        q = c * c
    assert float(outer.gradient([q, c], c)) == 1.0
    assert float(inner.gradient([q, c], c)) == 5.0


def test_a_value_that_another_tape_watched_in_a_pause_is_still_recorded() -> None:
    c = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(c)
        y = 3.0 * c
        with tape.stop_recording():
            with tf.GradientTape() as other:
                other.watch([c, y])
                square = c * c * y
            slope = other.gradient(square, c)
        z = slope * c * y
    assert float(slope) == 24.0
    assert float(tape.gradient(z, c)) == 24.0 * 12.0


def test_a_late_watch_counts_no_earlier_read_beside_what_is_watched() -> None:
    w, x = tf.Variable(3.0), tf.Variable(2.0)
    with tf.GradientTape(watch_accessed_variables=False) as outer:
        outer.watch(w)
        with tf.GradientTape():
            y = w * x
        outer.watch(x)
        z = y * w * x
    assert [float(g) for g in outer.gradient(z, [w, x])] == [24.0, 18.0]


def test_a_target_that_is_a_source_of_another_tape_counts_itself_alone() -> None:
    x, w = tf.Variable(2.0, trainable=False), tf.Variable(3.0)
    with tf.GradientTape() as outer, tf.GradientTape() as inner:
        inner.watch(x)
        y = x * w
    assert [float(g) for g in outer.gradient([y, x], [x, w])] == [1.0, 2.0]
    assert [float(g) for g in inner.gradient([y, x], [x, w])] == [4.0, 2.0]


def test_two_tapes_of_one_recording_are_entered_again_in_a_third_ones_block() -> None:
    x = tf.constant(2.0)
    with tf.GradientTape() as one, tf.GradientTape(persistent=True) as two:
        two.watch(x)
        y = x * x
    with tf.GradientTape() as third:
        third.watch(x)
        z = 5.0 * x
        with two:
            v = z * y
            with one:
                w = v * x
    assert float(third.gradient(w, x)) == 80.0
    assert float(two.gradient(w, x)) == 120.0


def test_a_tape_is_not_entered_in_a_block_that_watches_its_result() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as one:
        y = x * x
    with tf.GradientTape() as two:
        two.watch(y)
        with pytest.raises(tf.errors.UnimplementedError, match="enter both tapes"), one:
            pass


def test_a_late_watch_of_a_value_that_stop_gradient_gave() -> None:
    x, w = tf.Variable(2.0), tf.constant(3.0)
    with tf.GradientTape() as tape:
        s = tf.stop_gradient(2.0 * x)
        y = s * w
        tape.watch(s)
        z = y + s
    assert float(tape.gradient(z, s)) == 1.0


def test_an_inner_tape_watches_a_variable_that_was_assigned_twice() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as outer:
        y = 2.0 * x
        x.assign(3.0)
        x.assign_add(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            z = x * x
        slope = inner.gradient(z, x)
        w = y + z
    assert float(slope) == 12.0
    assert float(outer.gradient(w, x)) == 14.0


def test_a_rule_that_closes_over_the_outer_argument_has_a_second_order() -> None:
    @tf.custom_gradient
    def f(q: Any) -> Any:
        @tf.custom_gradient
        def first(dy: Any) -> Any:
            return dy * tf.cos(q), lambda ddy: ddy * 5

        return tf.sin(q), first

    x = tf.constant(0.7)
    with tf.GradientTape() as second:
        second.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        g = inner.gradient(y, x)
    assert float(second.gradient(g, x)) == pytest.approx(-np.sin(0.7), abs=1e-6)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: tf.norm(x) ** 2,
        lambda x: tf.where(tf.norm(x) > 0.5, tf.norm(x), 1.0),
        lambda x: tf.math.reduce_std(x) * 0.0,
        lambda x: tf.math.rsqrt(x) * 0.0,
    ],
)
def test_a_rule_gives_0_for_an_upstream_gradient_of_0(f: Any) -> None:
    x = tf.Variable([0.0, 0.0])
    with tf.GradientTape() as tape:
        y = f(x)
    assert tape.gradient(y, x).numpy().tolist() == [0.0, 0.0]


@pytest.mark.parametrize("size", [1e20, 1e30])
def test_digamma_and_its_derivative_far_out(size: float) -> None:
    x = tf.Variable(size)
    with tf.GradientTape() as tape:
        y = tf.math.digamma(x)
    assert float(y) == pytest.approx(np.log(size), rel=1e-6)
    assert float(tape.gradient(y, x)) == pytest.approx(0.0, abs=1e-19)


def test_the_gradient_of_lgamma_far_out_is_the_logarithm() -> None:
    x = tf.Variable(1e25)
    with tf.GradientTape() as tape:
        y = tf.math.lgamma(x)
    assert float(tape.gradient(y, x)) == pytest.approx(np.log(1e25), rel=1e-6)


def test_a_gather_of_empty_rows_has_an_empty_gradient() -> None:
    v = tf.Variable(tf.zeros([2, 0]))
    with tf.GradientTape() as tape:
        y = tf.gather(v, [0, 1])
    assert tuple(tf.convert_to_tensor(tape.gradient(y, v)).shape) == (2, 0)


def test_a_constant_of_a_tensor_is_that_tensor() -> None:
    """As in TensorFlow: only of a variable, or with a shape, it is one of its own."""
    t = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(t)
        same, other = tf.constant(t) * 2.0, tf.constant(t, shape=(2, 1)) * 2.0
    assert tape.gradient(same, t).numpy().tolist() == [2.0, 2.0]
    assert tape.gradient(other, t) is None
