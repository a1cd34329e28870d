"""Sequential and Model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapeviz as tf

keras = tf.keras
layers = keras.layers


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    keras.backend.clear_session()


BUILT = """\
Model: "net"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ dense (Dense)                   │ (None, 16)             │            48 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_1 (Dense)                 │ (None, 1)              │            17 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 65 (260.00 B)
 Trainable params: 65 (260.00 B)
 Non-trainable params: 0 (0.00 B)
"""


def _net(*head: Any) -> Any:
    return keras.Sequential(
        [*head, layers.Dense(16, activation="tanh"), layers.Dense(1)], name="net"
    )


def test_summary(capsys: pytest.CaptureFixture[str]) -> None:
    _net(keras.Input(shape=(2,))).summary()
    assert capsys.readouterr().out == BUILT


def test_summary_before_and_after_the_first_call() -> None:
    model, texts = _net(), []
    model.summary(print_fn=texts.append)
    model(np.ones((4, 2)))
    model.summary(print_fn=texts.append)
    assert "?                      │   0 (unbuilt)" in texts[0]
    assert "(4, 16)                │            48" in texts[1]


def test_layers_run_one_after_the_other() -> None:
    model = keras.Sequential()
    model.add(layers.Dense(2, kernel_initializer="ones"))
    model.add(layers.Dense(1, kernel_initializer="ones"))
    assert model([[1.0, 2.0]]).numpy().tolist() == [[6.0]]
    names = [v.path for v in model.trainable_variables]
    assert names == [
        f"sequential/{layer}/{weight}"
        for layer in ("dense", "dense_1")
        for weight in ("kernel", "bias")
    ]
    assert [layer.name for layer in model.layers] == ["dense", "dense_1"]
    assert model.pop().name == "dense_1"
    assert model([[1.0, 2.0]]).numpy().tolist() == [[3.0, 3.0]]


def test_the_shape_can_be_told_beforehand() -> None:
    for model in (
        _net(keras.Input(shape=(2,))),
        _net(layers.InputLayer(shape=(2,))),
        keras.Sequential([layers.Dense(16, input_shape=(2,)), layers.Dense(1)]),
        keras.Sequential([layers.Dense(16, input_dim=2), layers.Dense(1)]),
    ):
        assert model.count_params() == 65
    model = _net()
    model.build((None, 2))
    assert model.count_params() == 65


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"Only instances of `keras\.Layer`"):
        keras.Sequential([tf.nn.relu])
    with pytest.raises(ValueError, match="should have unique names"):
        keras.Sequential([layers.Dense(1, name="a"), layers.Dense(1, name="a")])
    with pytest.raises(ValueError, match="it has no layers"):
        keras.Sequential()(np.ones((1, 2)))
    with pytest.raises(ValueError, match="already been configured"):
        keras.Sequential([keras.Input((2,)), keras.Input((2,))])
    with pytest.raises(NotImplementedError, match="inputs, outputs"):
        keras.Model(keras.Input((2,)), None)


@pytest.mark.parametrize("name", ["fit", "compile", "predict"])
def test_what_keras_has_and_we_have_not(name: str) -> None:
    with pytest.raises(
        AttributeError, match=rf"Keras has Sequential\.{name}, tapeviz has"
    ):
        getattr(_net(), name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = _net().nonsense


class MyModel(keras.Model):  # type: ignore[misc, name-defined]
    """The model of TensorFlow's guide to training loops."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.w = tf.Variable(5.0)
        self.b = tf.Variable(0.0)
        self.inner = [layers.Dense(1)]

    def call(self, x: Any) -> Any:
        return self.w * x + self.b


def test_a_model_of_ones_own() -> None:
    model = MyModel()
    assert float(model(tf.constant(3.0))) == 15.0
    assert [layer.name for layer in model.layers] == ["dense"]
    assert len(model.trainable_variables) == 2
    assert model.name == "my_model"


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda: keras.layers.Conv2D,
            r"tapeviz has no tf\.keras\.layers\.Conv2D; tf\.nn\.conv1d and",
        ),
        (
            lambda: keras.losses.MSEs,
            r"no tf\.keras\.losses\.MSEs; the nearest is .*\.MSE",
        ),
        (
            lambda: keras.optimizers.Adams,
            r"the nearest is tf\.keras\.optimizers\.Adam",
        ),
        (
            lambda: keras.callbacks.EarlyStopping,
            r"no tf\.keras\.callbacks; print or plot in the loop",
        ),
    ],
)
def test_names_that_are_not_here(ask: Any, message: str) -> None:
    with pytest.raises(AttributeError, match=message):
        ask()
