"""A module in a folder and back: its numbers, its functions, its own gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tapeviz as tf


@tf.custom_gradient
def clipped(x: Any) -> Any:
    """The value of x; its gradient never longer than a half."""

    def back(upstream: Any) -> Any:
        return tf.clip_by_norm(upstream, 0.5)

    return x, back


class Scale(tf.Module):
    """A module with two names for one variable, and a list of others."""

    def __init__(self) -> None:
        super().__init__()
        self.w = tf.Variable([2.0, 3.0], name="w")
        self.again = self.w
        self.rest = [tf.Variable(1.0, trainable=False), tf.constant(4.0), "text"]

    @tf.function(input_signature=[tf.TensorSpec(None)])
    def __call__(self, x: Any) -> Any:
        return clipped(self.w * x)


def test_a_module_comes_back_with_variables_of_its_own(tmp_path: Path) -> None:
    first = Scale()
    tf.saved_model.save(first, str(tmp_path / "saved"))
    first.w.assign([0.0, 0.0])
    second = tf.saved_model.load(str(tmp_path / "saved"))
    assert second.w.numpy().tolist() == [2.0, 3.0]
    assert second.again is second.w
    assert second.w.name == "w:0"
    assert [v.trainable for v in (second.w, second.rest[0])] == [True, False]
    assert second.rest[1].numpy() == 4.0
    assert second.rest[2] == "text"


def test_custom_gradients_stay(tmp_path: Path) -> None:
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=True)
    tf.saved_model.save(Scale(), tmp_path, options=options)
    loaded, v = tf.saved_model.load(tmp_path), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        out = loaded(v * v)
    # The upstream [1, 1] has length sqrt(2) and is clipped to 0.5; d(w v v)/dv = 2 w v.
    half = np.full(2, 0.5 / np.sqrt(2))
    wanted = float(half @ (2 * np.array([2.0, 3.0]) * 2.0))
    assert tape.gradient(out, v).numpy() == pytest.approx(wanted, rel=1e-6)


def test_a_model_comes_back(tmp_path: Path) -> None:
    model = tf.keras.Sequential(
        [tf.keras.layers.Dense(3, "tanh"), tf.keras.layers.Dense(1)]
    )
    x = tf.constant([[0.5, -1.0]])
    before = model(x).numpy()
    tf.saved_model.save(model, tmp_path)
    assert tf.saved_model.load(tmp_path)(x).numpy() == pytest.approx(before)


def test_a_folder_with_nothing_in_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"does not exist at[\s\S]*what to do"):
        tf.saved_model.load(tmp_path)


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    module = Scale()
    with (tmp_path / "open").open("w") as file:
        module.file = file  # type: ignore[attr-defined]
        with pytest.raises(ValueError, match=r"Scale cannot be saved[\s\S]*what to do"):
            tf.saved_model.save(module, tmp_path)


def test_a_class_that_is_gone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tf.saved_model.save(Scale(), tmp_path)
    monkeypatch.delattr(f"{__name__}.Scale")
    with pytest.raises(tf.errors.NotFoundError, match="define the class"):
        tf.saved_model.load(tmp_path)
