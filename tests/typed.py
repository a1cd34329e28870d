"""What a learner writes, for the type checker alone: nothing here is run.

The operators are made when the engine is put together, and namespaces load when they
are used; type checkers and editors must know them all the same.
"""

from __future__ import annotations

from typing import assert_type

import tapeviz as tf
from tapeviz import descent, draw, explore, play


def tensors() -> None:
    x = tf.Variable(3.0, name="x")
    y = x**2 + 2 * x - 1 / x
    assert_type(y, tf.Tensor)
    assert_type(tf.exp(-y) @ abs(x) > 1.0, tf.Tensor)
    assert_type(tf.constant([1.0, 2.0])[0], tf.Tensor)
    assert_type(tf.math.log(tf.reduce_sum(tf.nn.relu(y))), tf.Tensor)
    assert_type(y.dtype == tf.float32, bool)
    assert_type([float(row) for row in y], list[float])


def training() -> None:
    x, optimizer = tf.Variable(2.0), tf.keras.optimizers.SGD(learning_rate=0.1)
    with descent(x) as run:
        for _ in range(10):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            gradient = tape.gradient(loss, x)
            optimizer.apply_gradients([(gradient, x)])
            x.assign_sub(0.1 * gradient + tf.random.normal(x.shape))
    draw(tape).save("graph.svg")
    play(tape, loss, x)
    play(run)
    explore(lambda: (x - 5) ** 2, x)
