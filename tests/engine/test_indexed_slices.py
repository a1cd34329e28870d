"""Gradients by rows: what a gather from a source gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapeviz as tf


def tapes(make: Any, source: Any) -> Any:
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(source)
        y = make(source)
    return tape, y


@pytest.fixture
def table() -> Any:
    return tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def test_rows_come_back_as_they_were_taken(table: Any) -> None:
    tape, y = tapes(lambda v: tf.gather(v, [0, 0, 2]) * 2.0, table)
    g = tape.gradient(y, table)
    assert isinstance(g, tf.IndexedSlices)
    assert g.values.numpy().tolist() == [[2.0, 2.0]] * 3
    assert g.indices.numpy().tolist() == [0, 0, 2]
    assert g.dense_shape.numpy().tolist() == [3, 2]
    assert g.shape == (3, 2)
    assert g.dtype == "float32"
    assert tf.convert_to_tensor(g).numpy().tolist() == [[4.0, 4.0], [0, 0], [2.0, 2.0]]


def test_two_gathers_are_put_behind_one_another(table: Any) -> None:
    tape, y = tapes(
        lambda v: (
            tf.reduce_sum(tf.gather(v, [[0, 2]])) + tf.reduce_sum(tf.gather(v, 1))
        ),
        table,
    )
    g = tape.gradient(y, table)
    assert sorted(g.indices.numpy().tolist()) == [0, 1, 2]
    assert tf.convert_to_tensor(g).numpy().tolist() == [[1.0, 1.0]] * 3


@pytest.mark.parametrize(
    "make",
    [
        lambda v: tf.gather(v * 1.0, [0, 1]),
        lambda v: tf.gather(v, [0, 1], axis=1),
        lambda v: tf.reduce_sum(tf.gather(v, [0])) + tf.reduce_sum(v),
        lambda v: tf.reduce_sum(v) + tf.reduce_sum(tf.nn.embedding_lookup(v, [0])),
        lambda v: tf.gather_nd(v, [[0, 1]]),
    ],
)
def test_otherwise_it_is_whole(make: Any, table: Any) -> None:
    tape, y = tapes(make, table)
    assert isinstance(tape.gradient(y, table), tf.Tensor)


def test_a_watched_constant_and_embedding_lookup() -> None:
    c = tf.constant([1.0, 2.0])
    tape, y = tapes(lambda v: tf.nn.embedding_lookup(v, [1, 1]), c)
    g = tape.gradient(y, c)
    assert g.indices.numpy().tolist() == [1, 1]
    assert g.values.numpy().tolist() == [1.0, 1.0]


def test_a_jacobian_is_whole(table: Any) -> None:
    tape, y = tapes(lambda v: tf.gather(v, [2, 2]), table)
    j = tape.jacobian(y, table)
    assert j.shape == (2, 2, 3, 2)
    assert float(tf.reduce_sum(j)) == 4.0


def test_gradients_of_rows_have_gradients(table: Any) -> None:
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = tf.reduce_sum(tf.gather(table, [0, 0, 1]) ** 3)
        g = tf.convert_to_tensor(inner.gradient(y, table))
        z = tf.reduce_sum(g)
    want = 6 * table.numpy() * np.array([[2.0], [1.0], [0.0]])
    np.testing.assert_allclose(
        tf.convert_to_tensor(outer.gradient(z, table)).numpy(), want
    )


def test_arithmetic_is_refused_but_opposites(table: Any) -> None:
    tape, y = tapes(lambda v: tf.gather(v, [1]), table)
    g = tape.gradient(y, table)
    with pytest.raises(TypeError):
        0.1 * g
    assert not hasattr(g, "numpy")
    assert (-g).values.numpy().tolist() == [[-1.0, -1.0]]
    assert float(tf.linalg.global_norm([g])) == pytest.approx(2**0.5)
    scaled, _ = tf.clip_by_global_norm([g], 1.0)
    assert isinstance(scaled[0], tf.IndexedSlices)


def test_numbers_outside_are_refused(table: Any) -> None:
    for take in (tf.gather, tf.nn.embedding_lookup):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"is not in \[0, 3\)"):
            take(table, [0, 3])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Tindices"):
        tf.gather(table, [0.5])
