"""A module in a folder and back: its numbers, its functions, its own gradients."""

from __future__ import annotations

import json
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


def test_a_strangers_folder_runs_nothing(tmp_path: Path) -> None:
    """Neither a pickle of an older version nor a name from elsewhere is taken."""
    mark = tmp_path / "mark"
    run = f"import pathlib; pathlib.Path({str(mark)!r}).touch()"
    code = f"cbuiltins\nexec\n(V{run}\ntR."
    (tmp_path / "saved_model.tapeviz").write_bytes(code.encode())
    with pytest.raises(OSError, match=r"does not exist[\s\S]*save the module again"):
        tf.saved_model.load(tmp_path)
    for module, name in [
        ("os", "system"), ("subprocess", "Popen"), ("builtins", "exec"),
        ("tapeviz.cli", "os.system"), ("pathlib", "Path"),
    ]:  # fmt: skip
        tf.saved_model.save(Scale(), tmp_path)
        path = tmp_path / "saved_model.json"
        whole = json.loads(path.read_text())
        whole["root"] = ["partial", ["named", module, name], ["tuple"], ["dict"]]
        path.write_text(json.dumps(whole))
        with pytest.raises(tf.errors.NotFoundError, match="does not know"):
            tf.saved_model.load(tmp_path)
        whole["root"], whole["objects"] = (
            ["object", 0],
            [["instance", module, name, ["dict"]]],
        )
        path.write_text(json.dumps(whole))
        with pytest.raises(tf.errors.NotFoundError, match="does not know"):
            tf.saved_model.load(tmp_path)
    assert not mark.exists()


def test_what_was_saved_stays_if_it_cannot_be_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Scale()
    tf.saved_model.save(first, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    first.w.assign([7.0, 7.0])
    monkeypatch.setattr("os.fdopen", full)
    with pytest.raises(OSError, match="No space left"):
        tf.saved_model.save(first, tmp_path)
    monkeypatch.undo()
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_layers_of_every_kind_come_back(tmp_path: Path) -> None:
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Dense(4, "tanh", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.ReLU(0.5),
            layers.Dropout(0.25),
            layers.Dense(1),
        ]
    )
    x = tf.constant([[0.5, -1.0], [1.0, 2.0]])
    before = model(x).numpy()
    tf.saved_model.save(model, tmp_path)
    loaded = tf.saved_model.load(tmp_path)
    assert loaded(x).numpy() == pytest.approx(before)
    assert [v.name for v in loaded.variables] == [v.name for v in model.variables]
    assert float(loaded.losses[0]) == pytest.approx(float(model.losses[0]))
