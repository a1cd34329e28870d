"""Loops from TensorFlow's and Keras' guides, run as they stand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.tf import keras

TRUE_W, TRUE_B = 3.0, 2.0


def _data() -> tuple[Any, Any]:
    numbers = np.random.default_rng(0)
    x = tf.constant(np.linspace(-2, 2, 201), dtype=tf.float32)
    noise = tf.constant(0.1 * numbers.normal(size=201), dtype=tf.float32)
    return x, x * TRUE_W + TRUE_B + noise


def test_basic_training_loops() -> None:
    """The guide of that name: tf.Module, a loss function, assign_sub."""
    x, y = _data()

    class MyModel(tf.Module):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.w = tf.Variable(5.0)
            self.b = tf.Variable(0.0)

        def __call__(self, x: Any) -> Any:
            return self.w * x + self.b

    def loss(target_y: Any, predicted_y: Any) -> Any:
        return tf.reduce_mean(tf.square(target_y - predicted_y))

    def train(model: Any, x: Any, y: Any, learning_rate: float) -> None:
        with tf.GradientTape() as t:
            current_loss = loss(y, model(x))
        dw, db = t.gradient(current_loss, [model.w, model.b])
        model.w.assign_sub(learning_rate * dw)
        model.b.assign_sub(learning_rate * db)

    model = MyModel()
    assert [v.name for v in model.variables] == ["Variable:0", "Variable:0"]
    for _ in range(50):
        train(model, x, y, learning_rate=0.1)
    slope, offset = np.polyfit(x.numpy().astype(float), y.numpy().astype(float), 1)
    assert float(model.w.numpy()) == pytest.approx(slope, abs=1e-4)
    assert float(model.b.numpy()) == pytest.approx(offset, abs=1e-4)


def test_writing_a_training_loop_from_scratch() -> None:
    """Keras' guide of that name: model, loss, metric, optimizer, minibatches."""
    keras.utils.set_random_seed(1)
    numbers = np.random.default_rng(1)
    x_train = numbers.normal(size=(256, 2)).astype("float32")
    y_train = (x_train[:, 0] * x_train[:, 1] > 0).astype("int64")
    model = keras.Sequential(
        [
            keras.Input(shape=(2,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(2),
        ]
    )
    optimizer = keras.optimizers.Adam(learning_rate=1e-2)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    train_acc_metric = keras.metrics.SparseCategoricalAccuracy()

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss_value = loss_fn(y, logits)
        grads = tape.gradient(loss_value, model.trainable_weights)
        optimizer.apply_gradients(zip(grads, model.trainable_weights, strict=True))
        train_acc_metric.update_state(y, logits)
        return loss_value

    losses = []
    for _ in range(20):
        train_acc_metric.reset_state()
        for start in range(0, 256, 64):
            batch = slice(start, start + 64)
            losses.append(float(train_step(x_train[batch], y_train[batch])))
    assert losses[0] == pytest.approx(np.log(2), abs=0.3)
    assert losses[-1] < 0.25
    assert float(train_acc_metric.result()) > 0.95
    assert int(optimizer.iterations) == 80


def test_binary_classification() -> None:
    """A sigmoid at the end and binary cross entropy, as in the basics guide."""
    keras.utils.set_random_seed(2)
    numbers = np.random.default_rng(2)
    x = numbers.normal(size=(128, 2)).astype("float32")
    y = (x.sum(axis=1, keepdims=True) > 0).astype("float32")
    model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    loss_fn = keras.losses.BinaryCrossentropy()
    optimizer = tf.optimizers.RMSprop(learning_rate=0.05)
    for _ in range(150):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
    kernel = model.trainable_variables[0].numpy()
    assert float(loss) < 0.2
    assert kernel[0, 0] == pytest.approx(kernel[1, 0], rel=0.25)


def test_minimising_with_a_schedule_and_clipping() -> None:
    """Rosenbrock's valley with Adam, as in the optimizers guide."""
    x, y = tf.Variable(-1.0), tf.Variable(1.5)
    schedule = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=400)
    optimizer = keras.optimizers.Adam(schedule, clipnorm=10.0)
    for _ in range(400):
        with tf.GradientTape() as tape:
            loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2
        optimizer.apply_gradients(zip(tape.gradient(loss, [x, y]), [x, y], strict=True))
    assert float(loss) < 0.02
    assert float(optimizer.learning_rate) == 0.0
