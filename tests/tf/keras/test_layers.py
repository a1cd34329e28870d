"""Layers: weights, names, errors, and whose line their ops are on."""

from __future__ import annotations

import linecache
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.errors import own
from tapeviz.inspect.source.positions import positions
from tests.engine.inside import recording_of, records

keras = tf.keras
layers = keras.layers


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    keras.backend.clear_session()


def test_dense_by_hand() -> None:
    layer = layers.Dense(
        2, kernel_initializer=keras.initializers.Constant([[1.0, 2.0], [3.0, 4.0]])
    )
    layer.build((None, 2))
    layer.bias.assign([10.0, 20.0])
    assert layer([[1.0, 1.0]]).numpy().tolist() == [[14.0, 26.0]]


def test_weights_are_made_on_the_first_call() -> None:
    layer = layers.Dense(3, activation="relu")
    assert layer.weights == []
    with pytest.raises(
        AttributeError, match="build the layer before accessing `kernel`"
    ):
        _ = layer.kernel
    out = layer(np.ones((5, 2)))
    assert out.shape == (5, 3)
    assert out.dtype == "float32"
    shapes = {v.path: tuple(v.shape) for v in layer.trainable_variables}
    assert shapes == {"dense/kernel": (2, 3), "dense/bias": (3,)}
    assert layer.count_params() == 9


def test_weights_are_named_as_in_keras() -> None:
    layer = layers.Dense(2, kernel_initializer="ones", name="last")
    layer.build((None, 1))
    assert (layer.kernel.name, layer.kernel.path) == ("kernel", "last/kernel")
    expected = "<Variable path=last/bias, shape=(2,), dtype=float32, value=[0. 0.]>"
    assert str(layer.bias) == expected
    assert not hasattr(tf.Variable(1.0), "path")


def test_losses_of_regularizers_and_of_the_last_call() -> None:
    class Noted(layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(tf.reduce_sum(x))
            return x

    dense = layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2")
    net = keras.Sequential([Noted(), dense])
    for _ in range(2):
        net([[1.0, 2.0]])
        expected = [float(t) for t in net.losses]
        assert expected == pytest.approx([3.0, 0.02])
    dense.trainable = False
    assert [float(t) for t in net.losses] == [3.0]


def test_an_embeddings_gradient_has_only_the_rows_used() -> None:
    table = layers.Embedding(5, 2)
    with tf.GradientTape() as tape:
        y = 3.0 * table([1, 4, 4])
    (g,) = tape.gradient(y, table.trainable_variables)
    assert g.indices.numpy().tolist() == [1, 4, 4]
    wanted = np.zeros((5, 2))
    wanted[[1, 4]] = [[3, 3], [6, 6]]
    assert tf.convert_to_tensor(g).numpy().tolist() == wanted.tolist()
    assert float(tf.reduce_max(abs(table.embeddings))) <= 0.05


@pytest.mark.parametrize("given", [None, "a"])
def test_what_is_no_tensor_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="Inputs to a layer should be tensors"):
        layers.Dense(1)(given)


def test_names_count_up() -> None:
    names = [layers.Dense(1).name, layers.Dense(1).name, layers.Flatten().name]
    assert names == ["dense", "dense_1", "flatten"]


def test_gradients_of_dense_by_hand() -> None:
    layer = layers.Dense(1, kernel_initializer="ones")
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(layer(x))
    kernel, bias = tape.gradient(y, layer.trainable_variables)
    assert kernel.numpy().tolist() == [[4.0], [6.0]]
    assert bias.numpy().tolist() == [2.0]


def test_activations_by_name_callable_or_none() -> None:
    options: dict[str, Any] = {"kernel_initializer": "ones", "use_bias": False}
    for activation, expected in (
        (None, -2.0), ("linear", -2.0), ("relu", 0.0), (tf.tanh, np.tanh(-2.0)),
        (lambda x: x * x, 4.0),
    ):  # fmt: skip
        layer = layers.Dense(1, activation=activation, **options)
        assert float(layer([[-1.0, -1.0]])[0, 0]) == pytest.approx(expected)
    with pytest.raises(ValueError, match="activation function identifier: foo"):
        layers.Dense(1, activation="foo")


def test_other_dtypes_become_the_layers() -> None:
    layer = layers.Dense(1, kernel_initializer="ones")
    for x in (np.ones((1, 2)), np.ones((1, 2), "int32"), tf.ones((1, 2), "float64")):
        assert layer(x).dtype == "float32"
    assert layers.Dense(1, dtype="float64")(np.ones((1, 2))).dtype == "float64"


def test_floatx() -> None:
    keras.backend.set_floatx("float64")
    try:
        assert layers.Dense(1)(np.ones((1, 2))).dtype == "float64"
    finally:
        keras.backend.set_floatx("float32")
    with pytest.raises(ValueError, match="Unknown `floatx`"):
        keras.backend.set_floatx("int32")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Dense(0), "invalid value for `units`"),
        (lambda: layers.Dense(2.5), "invalid value for `units`"),
        (lambda: layers.Dense(1, foo=3), r"passed to Dense: \{'foo': 3\}"),
        (
            lambda: layers.Dense(1, kernel_initializer="foo"),
            "initializer identifier: foo",
        ),
        (lambda: layers.Dense(1)(np.ones(3)), "expected min_ndim=2, found ndim=1"),
        (lambda: layers.Dropout(2.0), "invalid value|Invalid value"),
        (layers.Input, "must pass a `shape`"),
    ],
)
def test_bad_arguments(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_another_number_of_inputs_than_before() -> None:
    layer = layers.Dense(1)
    layer(np.ones((4, 2)))
    message = r"expected axis -1 of input shape to have value 2.*shape \(4, 3\)"
    with pytest.raises(ValueError, match=message):
        layer(np.ones((4, 3)))


def test_flatten_and_activation() -> None:
    x = np.arange(12.0).reshape(2, 3, 2)
    assert layers.Flatten()(x).numpy().tolist() == x.reshape(2, 6).tolist()
    assert layers.Flatten()([1.0, 2.0]).shape == (2, 1)
    assert layers.Activation("relu")([-1.0, 1.0]).numpy().tolist() == [0.0, 1.0]
    assert layers.ReLU(max_value=2.0)([-1.0, 5.0]).numpy().tolist() == [0.0, 2.0]


def test_dropout_only_in_training_and_keeps_the_mean() -> None:
    layer = layers.Dropout(0.25, seed=1)
    x = tf.ones((100, 100))
    assert layer(x).numpy().tolist() == x.numpy().tolist()
    out = layer(x, training=True).numpy()
    assert set(np.unique(out)) == {np.float32(0), np.float32(4 / 3)}
    assert out.mean() == pytest.approx(1.0, abs=0.03)
    model = keras.Sequential([layers.Dropout(0.5, seed=1)])
    assert (model(x, training=True).numpy() == 0).any()
    assert (model(x).numpy() == 1).all()


class Linear(layers.Layer):  # type: ignore[misc, name-defined]
    """The layer of Keras' guide "Making new layers and models via subclassing"."""

    def __init__(self, units: int = 32) -> None:
        super().__init__()
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units),
            initializer="random_normal",
            trainable=True,
        )
        self.b = self.add_weight(
            shape=(self.units,), initializer="zeros", trainable=True
        )

    def call(self, inputs: Any) -> Any:
        return tf.matmul(inputs, self.w) + self.b


class MLPBlock(layers.Layer):  # type: ignore[misc, name-defined]
    """The block of layers of the same guide."""

    def __init__(self) -> None:
        super().__init__()
        self.linear_1 = Linear(32)
        self.linear_2 = Linear(32)
        self.linear_3 = Linear(1)
        self.scale = tf.Variable(1.0, trainable=False, name="scale")

    def call(self, inputs: Any) -> Any:
        x = self.linear_1(inputs)
        x = tf.nn.relu(x)
        x = self.linear_2(x)
        x = tf.nn.relu(x)
        return self.linear_3(x)


def test_the_guides_layers() -> None:
    mlp = MLPBlock()
    assert mlp(tf.ones(shape=(3, 64))).shape == (3, 1)
    assert len(mlp.weights) == 7
    assert len(mlp.trainable_weights) == 6
    assert [v.name for v in mlp.non_trainable_weights] == ["scale:0"]
    assert mlp.weights[1].path == "mlp_block/linear/variable"


def test_frozen_layers_give_no_trainable_variables() -> None:
    mlp = MLPBlock()
    mlp(tf.ones((1, 2)))
    mlp.linear_1.trainable = False
    assert len(mlp.trainable_variables) == 4
    mlp.trainable = False
    assert mlp.trainable_variables == []
    assert len(mlp.variables) == 7


def test_weights_can_be_read_and_set() -> None:
    layer = layers.Dense(1)
    layer.build((None, 2))
    layer.set_weights([np.array([[1.0], [2.0]]), np.array([3.0])])
    assert [w.tolist() for w in layer.get_weights()] == [[[1.0], [2.0]], [3.0]]
    with pytest.raises(ValueError, match="list of length 1"):
        layer.set_weights([np.ones((2, 1))])


def test_forgotten_super() -> None:
    class Bad(layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.units = 3

        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(RuntimeError, match=r"forgot to call `super\(\).__init__\(\)`"):
        Bad()(tf.ones(2))


def _source(record: Any) -> str:
    """The text of the learner's expression that made a record."""
    code, lasti = record[-2:]
    span = positions(code).get(lasti)
    assert span is not None
    line, _, start, stop = span
    return linecache.getline(code.co_filename, line)[start:stop]


def test_every_op_of_a_layer_is_on_the_learners_line() -> None:
    model = keras.Sequential([layers.Dense(2, activation="tanh"), layers.Dense(1)])
    loss = keras.losses.MeanSquaredError()
    x = np.ones((3, 2))
    with tf.GradientTape() as tape:
        y = model(x)
        value = loss(np.zeros((3, 1)), y)
    tape.gradient(value, model.trainable_variables)
    ops = [r for r in records(tape) if r[-2] is not None]
    assert {_source(r) for r in ops} == {"model(x)", "loss(np.zeros((3, 1)), y)"}
    assert not any(own(r[-2]) for r in ops)
    names = [name for name, _, _ in recording_of(tape).groups]
    assert names[:3] == ["dense", "dense_1", "sequential"]
    for _, start, stop in recording_of(tape).groups:
        assert 0 <= start < stop <= len(records(tape))


def test_a_layer_of_ones_own_keeps_its_own_lines() -> None:
    class Twice(layers.Layer):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            return x + x

    model = keras.Sequential([Twice(), layers.Activation("tanh")])
    x = tf.Variable([[1.0]])
    with tf.GradientTape() as tape:
        y = model(x)
    assert y.shape == (1, 1)
    ops = [r for r in records(tape) if r[-2] is not None]
    assert [_source(r) for r in ops][-2:] == ["x + x", "model(x)"]


def test_initializers() -> None:
    initializers = keras.initializers
    assert initializers.Zeros()((2,)).numpy().tolist() == [0.0, 0.0]
    assert initializers.get("identity")((2, 2)).numpy().tolist() == [[1, 0], [0, 1]]
    for kind, limit in (
        ("GlorotUniform", (6 / 500) ** 0.5),
        ("HeUniform", (6 / 200) ** 0.5),
    ):
        draw = getattr(initializers, kind)(seed=1)((200, 300)).numpy()
        assert abs(draw).max() <= limit
        assert draw.std() == pytest.approx(limit / 3**0.5, rel=0.02)
    for kind, std in (
        ("GlorotNormal", (2 / 500) ** 0.5),
        ("HeNormal", (2 / 200) ** 0.5),
    ):
        draw = getattr(initializers, kind)(seed=1)((200, 300)).numpy()
        assert draw.std() == pytest.approx(std, rel=0.02)
        assert abs(draw).max() <= 2 * std / 0.87962566 + 1e-6
    same = initializers.RandomNormal(seed=3)
    assert same((3,)).numpy().tolist() == same((3,)).numpy().tolist()
    with pytest.raises(ValueError, match="2D matrices"):
        initializers.Identity()((3,))


def test_seeds_make_weights_the_same_again() -> None:
    made = []
    for seed in (keras.utils.set_random_seed, tf.random.set_seed) * 2:
        seed(7)
        layer = layers.Dense(3)
        layer.build((None, 2))
        made.append(layer.kernel.numpy().tolist())
    assert made == [made[0]] * 4
    assert layers.Dense(3)(np.ones((1, 2))).numpy().tolist() != made[0]


def test_batch_normalization_by_hand() -> None:
    layer = layers.BatchNormalization(epsilon=0.0, momentum=0.5)
    x = tf.constant([[1.0, 10.0], [3.0, 30.0]])
    assert layer(x, training=True).numpy().round(5).tolist() == [[-1, -1], [1, 1]]
    assert layer.moving_mean.numpy().tolist() == [1.0, 10.0]
    assert layer.moving_variance.numpy().tolist() == [1.0, 50.5]
    layer.gamma.assign([2.0, 2.0])
    layer.beta.assign([5.0, 0.0])
    assert layer(x).numpy()[:, 0].tolist() == [5.0, 9.0]
    assert [v.trainable for v in layer.variables] == [True, True, False, False]


def test_a_truncated_normal_is_that_of_tf_random() -> None:
    weights = tf.keras.initializers.TruncatedNormal(0.0, 1.0, seed=3)((500,))
    numbers = tf.random.Generator.from_seed(3).truncated_normal([500])
    assert weights.numpy().tolist() == numbers.numpy().tolist()
