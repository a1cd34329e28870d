"""The optimizers, schedules, losses and layers beside Keras' own."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tapeviz as ours
import tapeviz.tf.keras

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    theirs = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

STEPS = 50

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"learning_rate": 0.05}),
    ("SGD", {"learning_rate": 0.05, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"learning_rate": 0.05, "momentum": 0.5, "weight_decay": 0.1}),
    ("SGD", {"learning_rate": 0.05, "clipnorm": 0.7}),
    ("SGD", {"learning_rate": 0.05, "clipvalue": 0.3}),
    ("SGD", {"learning_rate": 0.05, "global_clipnorm": 0.9}),
    ("Adam", {"learning_rate": 0.05}),
    ("Adam", {"learning_rate": 0.05, "amsgrad": True}),
    ("Adam", {"learning_rate": 0.05, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Adam", {"learning_rate": 0.05, "weight_decay": 0.02}),
    ("Adam", {"learning_rate": 0.05, "clipnorm": 0.7}),
    ("AdamW", {"learning_rate": 0.05}),
    ("AdamW", {"learning_rate": 0.05, "weight_decay": 0.2, "amsgrad": True}),
    ("Adamax", {"learning_rate": 0.05}),
    ("Adamax", {"learning_rate": 0.05, "weight_decay": 0.1}),
    ("Nadam", {"learning_rate": 0.05}),
    ("Nadam", {"learning_rate": 0.05, "beta_1": 0.8, "global_clipnorm": 1.0}),
    ("RMSprop", {"learning_rate": 0.02}),
    ("RMSprop", {"learning_rate": 0.02, "centered": True}),
    ("RMSprop", {"learning_rate": 0.02, "momentum": 0.6}),
    ("RMSprop", {"learning_rate": 0.02, "momentum": 0.6, "centered": True, "rho": 0.8}),
    ("Adagrad", {"learning_rate": 0.2}),
    ("Adagrad", {"learning_rate": 0.2, "initial_accumulator_value": 0.5}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adadelta", {"learning_rate": 1.0, "rho": 0.8, "weight_decay": 0.05}),
]


def _title(value: Any) -> str | None:
    return (
        ",".join(f"{k}={v}" for k, v in value.items())
        if isinstance(value, dict)
        else None
    )


def _bowl(x: Any, s: Any) -> tuple[Any, Any]:
    """The gradients of a skew bowl with ripples, by hand."""
    curve = np.array([1.0, 4.0, 0.3], x.dtype)
    return curve * (x - 2) + np.sin(3 * x) * s, np.sum(np.cos(x)) + s


def _path(tf: Any, name: str, options: dict[str, Any], dtype: Any) -> Iterator[Any]:
    """Where an optimizer goes, its gradients taken along its own path."""
    x = tf.Variable(np.array([3.0, -1.0, 0.5], dtype))
    s = tf.Variable(np.asarray(0.7, dtype))
    optimizer = getattr(tf.keras.optimizers, name)(**options)
    for _ in range(STEPS):
        grads = _bowl(x.numpy(), s.numpy())
        pairs = [(tf.constant(g, dtype), v) for g, v in zip(grads, (x, s), strict=True)]
        optimizer.apply_gradients(pairs)
        yield np.append(x.numpy(), s.numpy())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=_title)
def test_paths_agree(name: str, options: dict[str, Any], dtype: Any) -> None:
    ours_path = np.array(list(_path(ours, name, options, dtype)))
    their_path = np.array(list(_path(theirs, name, options, dtype)))

    np.testing.assert_array_equal(ours_path, their_path)


# -- schedules ------------------------------------------------------------------------

SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"decay_steps": 7, "decay_rate": 0.9}),
    ("ExponentialDecay", {"decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
    ("InverseTimeDecay", {"decay_steps": 7, "decay_rate": 0.9}),
    ("InverseTimeDecay", {"decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
    ("PolynomialDecay", {"decay_steps": 17, "power": 0.5}),
    ("PolynomialDecay", {"decay_steps": 7, "power": 2.0, "cycle": True}),
    ("CosineDecay", {"decay_steps": 17, "alpha": 0.1}),
    ("CosineDecay", {"decay_steps": 17, "warmup_target": 0.9, "warmup_steps": 5}),
    ("CosineDecayRestarts", {"first_decay_steps": 5}),
    ("CosineDecayRestarts", {"first_decay_steps": 5, "t_mul": 1.0, "m_mul": 0.7}),
    ("CosineDecayRestarts", {"first_decay_steps": 5, "t_mul": 1.5, "alpha": 0.2}),
]


SPARSE: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"momentum": 0.9}), ("SGD", {"clipnorm": 0.7}), ("Adam", {"amsgrad": True}),
    ("AdamW", {}), ("Adam", {"clipnorm": 0.7}), ("Adamax", {}), ("Nadam", {}),
    ("RMSprop", {"momentum": 0.6}), ("RMSprop", {}), ("Adagrad", {}),
    ("Adadelta", {"weight_decay": 0.05}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), SPARSE, ids=_title)
def test_paths_of_repeated_rows_agree(name: str, options: dict[str, Any]) -> None:
    """A row that is gathered twice: Keras squares each of the two by itself."""
    found = []
    for tf in (ours, theirs):
        x = tf.Variable(np.sin(np.arange(8.0) * 1.37 + 5.8).reshape(4, 2))
        optimizer = getattr(tf.keras.optimizers, name)(learning_rate=0.1, **options)
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.gather(x, [3, 0, 3, 3]) ** 2 * [1.0, 2.0])
            optimizer.apply_gradients(zip(tape.gradient(loss, [x]), [x], strict=True))
        found.append(x.numpy())
    np.testing.assert_allclose(*found, 1e-5, 1e-6)


@pytest.mark.parametrize(("name", "options"), SCHEDULES, ids=_title)
def test_schedules_agree(name: str, options: dict[str, Any]) -> None:
    mine = getattr(ours.keras.optimizers.schedules, name)(0.3, **options)
    other = getattr(theirs.keras.optimizers.schedules, name)(0.3, **options)
    for step in range(STEPS):
        np.testing.assert_allclose(
            float(mine(step)), float(other(step)), rtol=1e-6, atol=1e-7
        )


def test_piecewise_schedules_agree() -> None:
    bounds, values = [3, 10], [1.0, 0.5, 0.1]
    mine = ours.keras.optimizers.schedules.PiecewiseConstantDecay(bounds, values)
    other = theirs.keras.optimizers.schedules.PiecewiseConstantDecay(bounds, values)
    assert [float(mine(i)) for i in range(15)] == [float(other(i)) for i in range(15)]


# -- losses: values and gradients -----------------------------------------------------

numbers = np.random.default_rng(5)
REAL = numbers.normal(size=(6, 3)), numbers.normal(size=(6, 3))
SHARES = numbers.dirichlet(np.ones(3), 6), numbers.dirichlet(np.ones(3), 6)
BITS = numbers.integers(0, 2, (6, 3)).astype(float), numbers.uniform(0.02, 0.98, (6, 3))
LABELS = numbers.integers(0, 3, 6)

LOSSES: list[tuple[str, dict[str, Any], Any]] = [
    ("MeanSquaredError", {}, REAL),
    ("MeanAbsoluteError", {}, REAL),
    ("MeanAbsolutePercentageError", {}, REAL),
    ("Huber", {}, REAL),
    ("Huber", {"delta": 0.5}, REAL),
    ("LogCosh", {}, REAL),
    ("Hinge", {}, (BITS[0], REAL[0])),
    ("Hinge", {}, REAL),
    ("SquaredHinge", {}, (BITS[0], REAL[0])),
    ("KLDivergence", {}, SHARES),
    ("Poisson", {}, SHARES),
    ("BinaryCrossentropy", {}, BITS),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, BITS),
    ("BinaryCrossentropy", {"from_logits": True}, (BITS[0], 20 * REAL[1])),
    ("CategoricalCrossentropy", {}, SHARES),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, SHARES),
    ("CategoricalCrossentropy", {"from_logits": True}, (SHARES[0], 20 * REAL[1])),
    ("SparseCategoricalCrossentropy", {}, (LABELS, SHARES[1])),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, (LABELS, 20 * REAL[1])),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, (LABELS, SHARES[1])),
]


def _loss(tf: Any, loss: Any, truth: Any, given: Any, weights: Any) -> tuple[Any, Any]:
    prediction = tf.Variable(given.astype("float32"))
    with tf.GradientTape() as tape:
        value = loss(truth, prediction, sample_weight=weights)
    return value.numpy(), tape.gradient(value, prediction).numpy()


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "none"])
@pytest.mark.parametrize(
    "weights", [None, np.float32([1, 0, 2, 0.5, 1, 3])], ids=["", "w"]
)
@pytest.mark.parametrize(("name", "options", "data"), LOSSES, ids=_title)
def test_losses_agree(
    name: str, options: dict[str, Any], data: Any, weights: Any, reduction: str
) -> None:
    options = options | {"reduction": reduction}
    got, expected = (
        _loss(tf, getattr(tf.keras.losses, name)(**options), *data, weights)
        for tf in (ours, theirs)
    )
    for mine, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-6, atol=1e-6)
        assert mine.dtype == other.dtype


# -- layers and initializers ----------------------------------------------------------

ACTIVATIONS = [
    "elu", "exponential", "gelu", "hard_sigmoid", "leaky_relu", "linear", "log_sigmoid",
    "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softmax",
    "softplus", "softsign", "tanh",
]  # fmt: skip


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dense_layers_agree(activation: str) -> None:
    x = REAL[0].astype("float32")
    weights = [3 * REAL[1][:3].astype("float32"), REAL[1][3].astype("float32")]
    results = []
    for tf in (ours, theirs):
        layer = tf.keras.layers.Dense(3, activation=activation)
        layer.build((None, 3))
        layer.set_weights(weights)
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(layer(x) ** 2)
        grads = tape.gradient(y, layer.trainable_variables)
        results.append(
            [layer(x).numpy(), *(tf.convert_to_tensor(g).numpy() for g in grads)]
        )
    for mine, other in zip(*results, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"axis": 1, "center": False},
        {"scale": False, "momentum": 0.5, "epsilon": 0.1},
        {"trainable": False},
    ],
    ids=str,
)
def test_batch_normalization_agrees(options: dict[str, Any]) -> None:
    data = np.cos(np.arange(24.0) * 1.7).reshape(4, 2, 3).astype(np.float32)
    trained: list[list[Any]] = []
    for tf in (ours, theirs):
        layer, x, found = (
            tf.keras.layers.BatchNormalization(**options),
            tf.constant(data),
            [],
        )
        for training in (True, False, None, True):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x, training=training)
                loss = tf.reduce_sum(y * y * tf.sin(tf.constant(data * 9)))
            grads = tape.gradient(loss, [x, *layer.trainable_variables])
            found += [y, *grads, *layer.variables]
        trained.append([v.numpy() for v in found])
    for a, b in zip(*trained, strict=True):
        np.testing.assert_allclose(a, b, 1e-4, 1e-5)


def test_training_a_network_agrees() -> None:
    """The same start, the same data: the same losses, step by step."""
    x = numbers.normal(size=(32, 2)).astype("float32")
    y = np.sin(x.sum(axis=1, keepdims=True))
    start = [
        numbers.normal(size=s).astype("float32") for s in ((2, 8), (8,), (8, 1), (1,))
    ]
    curves = []
    for tf in (ours, theirs):
        model = tf.keras.Sequential(
            [
                tf.keras.Input((2,)),
                tf.keras.layers.Dense(8, activation="tanh"),
                tf.keras.layers.Dense(1),
            ]
        )
        model.set_weights(start)
        loss_fn = tf.keras.losses.MeanSquaredError()
        optimizer = tf.keras.optimizers.Adam(0.02)
        losses = []
        for _ in range(STEPS):
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x))
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(
                zip(grads, model.trainable_variables, strict=True)
            )
            losses.append(float(loss))
        curves.append(losses)
    np.testing.assert_allclose(*curves, rtol=1e-4)
    assert curves[0][-1] < curves[0][0] / 5


@pytest.mark.parametrize(
    ("activation", "name", "truth"),
    [
        ("sigmoid", "BinaryCrossentropy", [[0.0, 1.0]]),
        ("softmax", "CategoricalCrossentropy", [[0.0, 1.0]]),
        ("softmax", "SparseCategoricalCrossentropy", [1]),
        ("sigmoid", "MeanSquaredError", [[0.0, 1.0]]),
    ],
)
def test_confident_mistakes_agree(activation: str, name: str, truth: Any) -> None:
    """Keras works a cross entropy out from what went into the activation."""
    results = []
    for tf in (ours, theirs):
        x = tf.Variable([[20.0, -1.0]])
        loss_fn, layer = (
            getattr(tf.keras.losses, name)(),
            tf.keras.layers.Activation(activation),
        )
        with tf.GradientTape(persistent=True) as tape:
            p = layer(x)
            loss = loss_fn(tf.constant(truth), p)
        grads = tape.gradient(loss, [x, p])
        results.append([float(loss), grads[0].numpy(), grads[1] is None])
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-6)
    np.testing.assert_allclose(results[0][1], results[1][1], atol=1e-6)
    assert results[0][2] == results[1][2]


def test_summaries_agree() -> None:
    texts = []
    for tf in (ours, theirs):
        dense = tf.keras.layers.Dense
        model = tf.keras.Sequential(
            [tf.keras.Input((200,)), dense(1000, name="one"), dense(1, name="two")],
            name="n",
        )
        lines: list[str] = []
        model.summary(print_fn=lines.append)
        texts.append("\n".join(lines))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "name", ["GlorotUniform", "GlorotNormal", "HeNormal", "HeUniform", "LecunNormal"]
)
def test_initializers_spread_alike(name: str) -> None:
    spreads = [
        float(np.std(getattr(tf.keras.initializers, name)(seed=1)((300, 200))))
        for tf in (ours, theirs)
    ]
    assert spreads[0] == pytest.approx(spreads[1], rel=0.03)


# -- what they say --------------------------------------------------------------------


def _said(tf: Any, do: Any) -> tuple[type[BaseException], str]:
    with pytest.raises(Exception) as error:  # noqa: PT011 - the class is the result
        do(tf)
    return error.type, str(error.value)


SAYINGS = {
    "all None": lambda tf: _sgd(tf).apply_gradients([(None, tf.Variable(1.0))]),
    "unknown": lambda tf: _built(tf).apply_gradients([(1.0, tf.Variable(2.0))]),
    "lr": lambda tf: tf.keras.optimizers.SGD(lr=0.1),
    "int rate": lambda tf: tf.keras.optimizers.SGD(1),
    "momentum": lambda tf: tf.keras.optimizers.SGD(0.1, momentum=2.0),
    "clips": lambda tf: tf.keras.optimizers.SGD(0.1, clipnorm=1.0, clipvalue=1.0),
    "decay": lambda tf: tf.keras.optimizers.AdamW(0.1, weight_decay=None),
    "not built": lambda tf: _sgd(tf).apply([1.0]),
    "length": lambda tf: _built(tf).apply([1.0, 2.0]),
    "empty": lambda tf: _sgd(tf).apply_gradients([]),
    "fixed": lambda tf: setattr(_scheduled(tf), "learning_rate", 0.1),
    "units": lambda tf: tf.keras.layers.Dense(0),
    "option": lambda tf: tf.keras.layers.Dense(1, foo=3),
    "activation": lambda tf: tf.keras.layers.Dense(1, activation="foo"),
    "initializer": lambda tf: tf.keras.layers.Dense(1, kernel_initializer="foo"),
    "kernel": lambda tf: tf.keras.layers.Dense(1).kernel,
    "rate": lambda tf: tf.keras.layers.Dropout(2.0),
    "loss": lambda tf: tf.keras.losses.get("foo"),
    "optimizer": lambda tf: tf.keras.optimizers.get("foo"),
    "module": lambda tf: tf.Module(name="a b"),
    "minimize": lambda tf: _sgd(tf).minimize,
}


def _sgd(tf: Any) -> Any:
    return tf.keras.optimizers.SGD(0.1)


def _scheduled(tf: Any) -> Any:
    schedule = tf.keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    return tf.keras.optimizers.SGD(schedule)


def _built(tf: Any) -> Any:
    optimizer = _sgd(tf)
    optimizer.build([tf.Variable(1.0)])
    return optimizer


@pytest.mark.parametrize("what", SAYINGS)
def test_errors_begin_alike(what: str) -> None:
    """The same class, and TensorFlow's first words up to thirty characters."""
    mine, other = (_said(tf, SAYINGS[what]) for tf in (ours, theirs))
    assert mine[0].__name__ == other[0].__name__
    assert mine[1].startswith(other[1][:30])
