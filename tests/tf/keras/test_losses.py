"""Losses by hand: values, gradients, reductions, weights, errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tapeviz as tf

losses = tf.keras.losses

LOG2 = math.log(2)


@pytest.mark.parametrize(
    ("loss", "truth", "prediction", "expected"),
    [
        (losses.MeanSquaredError(), [[0.0], [2.0]], [[1.0], [5.0]], 5.0),
        (losses.MeanAbsoluteError(), [[0.0], [2.0]], [[1.0], [5.0]], 2.0),
        (losses.MeanAbsolutePercentageError(), [[2.0], [4.0]], [[1.0], [5.0]], 37.5),
        (losses.Huber(), [[0.0, 0.0]], [[0.5, 3.0]], (0.125 + 2.5) / 2),
        (losses.Huber(delta=2.0), [[0.0]], [[3.0]], 2 * 3 - 2),
        (losses.LogCosh(), [[0.0]], [[1.0]], math.log(math.cosh(1))),
        (losses.Hinge(), [[1.0, -1.0]], [[0.5, 0.5]], (0.5 + 1.5) / 2),
        (losses.Hinge(), [[1.0, 0.0]], [[0.5, 0.5]], (0.5 + 1.5) / 2),
        (losses.SquaredHinge(), [[1.0, -1.0]], [[0.5, 0.5]], (0.25 + 2.25) / 2),
        (
            losses.KLDivergence(), [[0.5, 0.5]], [[0.25, 0.75]],
            LOG2 / 2 - math.log(1.5) / 2,
        ),
        (losses.Poisson(), [[2.0]], [[3.0]], 3 - 2 * math.log(3)),
        (losses.BinaryCrossentropy(), [[1.0], [0.0]], [[0.5], [0.75]], 1.5 * LOG2),
        (losses.BinaryCrossentropy(from_logits=True), [[1.0]], [[0.0]], LOG2),
        (
            losses.BinaryCrossentropy(label_smoothing=0.2), [[1.0]], [[0.75]],
            -0.9 * math.log(0.75) - 0.1 * math.log(0.25),
        ),
        (losses.CategoricalCrossentropy(), [[0.0, 1.0]], [[0.75, 0.25]], 2 * LOG2),
        (losses.CategoricalCrossentropy(), [[0.0, 1.0]], [[3.0, 1.0]], 2 * LOG2),
        (
            losses.CategoricalCrossentropy(from_logits=True), [[0.0, 1.0, 0.0]],
            [[0.0, LOG2, 0.0]], LOG2,
        ),
        (
            losses.CategoricalCrossentropy(label_smoothing=0.5), [[0.0, 1.0]],
            [[0.75, 0.25]], -0.25 * math.log(0.75) + 0.75 * 2 * LOG2,
        ),
        (
            losses.SparseCategoricalCrossentropy(), [1, 0], [[0.5, 0.5], [0.25, 0.75]],
            1.5 * LOG2,
        ),
        (
            losses.SparseCategoricalCrossentropy(from_logits=True), [[1]], [[0.0, 0.0]],
            LOG2,
        ),
        (
            losses.SparseCategoricalCrossentropy(ignore_class=-1), [1, -1],
            [[0.5, 0.5], [0.1, 0.9]], LOG2,
        ),
    ],
    ids=lambda v: getattr(v, "name", ""),
)  # fmt: skip
def test_values(loss: Any, truth: Any, prediction: Any, expected: float) -> None:
    got = loss(truth, prediction)
    assert (tuple(got.shape), got.dtype) == ((), "float32")
    assert float(got) == pytest.approx(expected, rel=1e-5)


EACH = ([[1.0, 3.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 4.0]])
"""Squared errors 1, 9 and 0, 16: means 5 and 8."""


@pytest.mark.parametrize(
    ("reduction", "weights", "expected"),
    [
        ("sum_over_batch_size", None, 6.5),
        ("mean", None, 6.5),
        ("sum", None, 13.0),
        ("none", None, [5.0, 8.0]),
        (None, None, [5.0, 8.0]),
        ("sum_over_batch_size", [1.0, 0.5], 4.5),
        ("sum_over_batch_size", [[1.0], [0.5]], 4.5),
        ("sum_over_batch_size", 2.0, 13.0),
        ("sum", [1.0, 0.5], 9.0),
        ("mean_with_sample_weight", [1.0, 0.5], 6.0),
        ("mean_with_sample_weight", None, 6.5),
        ("mean_with_sample_weight", [0.0, 0.0], 0.0),
        (None, [1.0, 0.5], [5.0, 4.0]),
    ],
)
def test_reductions_and_weights(reduction: Any, weights: Any, expected: Any) -> None:
    loss = losses.MeanSquaredError(reduction=reduction)
    got = loss(*EACH, sample_weight=weights).numpy()
    np.testing.assert_allclose(np.ravel(got), np.ravel(expected), rtol=1e-6)


def test_gradients_by_hand() -> None:
    """2 (p - y) / n, and for cross entropies from logits p - y over n."""
    p = tf.Variable([[1.0], [5.0]])
    with tf.GradientTape() as tape:
        loss = losses.MeanSquaredError()([[0.0], [2.0]], p)
    np.testing.assert_allclose(tape.gradient(loss, p).numpy(), [[1.0], [3.0]])

    z = tf.Variable([[0.0, 0.0], [0.0, 0.0]])
    with tf.GradientTape() as tape:
        loss = losses.SparseCategoricalCrossentropy(from_logits=True)([0, 1], z)
    expected = [[-0.25, 0.25], [0.25, -0.25]]
    np.testing.assert_allclose(tape.gradient(loss, z).numpy(), expected)

    q = tf.Variable([[0.25]])
    with tf.GradientTape() as tape:
        loss = losses.BinaryCrossentropy()([[1.0]], q)
    np.testing.assert_allclose(tape.gradient(loss, q).numpy(), [[-4.0]], rtol=1e-6)


def test_a_missing_last_axis_is_added() -> None:
    loss = losses.MeanSquaredError()
    assert float(loss([1.0, 2.0, 3.0], [[1.0], [2.0], [3.0]])) == 0.0
    assert float(loss([[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0])) == 0.0


def test_functions_give_one_number_for_each_sample() -> None:
    got = losses.mean_squared_error(*EACH)
    assert got.numpy().tolist() == [5.0, 8.0]
    assert losses.mse is losses.MSE is losses.mean_squared_error
    assert losses.mean_absolute_error(*EACH).shape == (2,)


def test_extreme_predictions_stay_finite() -> None:
    binary = losses.BinaryCrossentropy()
    assert float(binary([[1.0]], [[0.0]])) == pytest.approx(-math.log(1e-7), rel=1e-3)
    logits = losses.BinaryCrossentropy(from_logits=True)
    assert float(logits([[1.0]], [[-1000.0]])) == pytest.approx(1000.0)
    sparse = losses.SparseCategoricalCrossentropy(from_logits=True)
    assert float(sparse([0], [[-1000.0, 1000.0]])) == pytest.approx(2000.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: losses.MeanSquaredError(reduction="x"), "Invalid value for argument"),
        (
            lambda: losses.BinaryCrossentropy()(np.ones((3, 2)), np.ones((3, 3))),
            r"must have the same shape. Received: target.shape=\(3, 2\)",
        ),
        (
            lambda: losses.CategoricalCrossentropy()([1, 2], np.ones((2, 3))),
            r"same rank \(ndim\)",
        ),
        (
            lambda: losses.SparseCategoricalCrossentropy()(
                np.ones((3, 2)), np.ones((3, 3))
            ),
            r"must have rank \(ndim\)",
        ),
        (
            lambda: losses.SparseCategoricalCrossentropy()(np.ones(2), np.ones((3, 3))),
            "same shape up until the last dimension",
        ),
        (lambda: losses.get("foo"), "Could not interpret loss identifier: foo"),
    ],
)
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_shapes_that_do_not_broadcast() -> None:
    message = r"Incompatible shapes: \[3\] vs. \[2\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        losses.MeanSquaredError()(np.ones(3), np.ones(2))


def test_get() -> None:
    assert losses.get("mse") is losses.mean_squared_error
    assert isinstance(losses.get("MeanSquaredError"), losses.MeanSquaredError)
    assert losses.get(None) is None


def test_config_makes_the_same_loss() -> None:
    config = losses.Huber(delta=2.0).get_config()
    assert float(losses.Huber.from_config(config)([[0.0]], [[3.0]])) == 4.0


class Quartic(losses.Loss):  # type: ignore[misc, name-defined]
    """A learner's own loss."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return tf.reduce_mean((y_pred - y_true) ** 4, axis=-1)


def test_a_loss_of_ones_own() -> None:
    assert float(Quartic()([[0.0]], [[2.0]])) == 16.0
    assert Quartic(name="q").name == "q"
