"""The optimizers, schedules, losses and layers beside Keras' own."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tapeviz as ours
import tapeviz.keras

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
    ("SGD", {"learning_rate": 0.05, "use_ema": True, "ema_momentum": 0.8}),
    ("SGD", {"learning_rate": 0.05, "use_ema": True, "ema_overwrite_frequency": 4}),
    ("SGD", {"learning_rate": 0.05, "gradient_accumulation_steps": 3}),
    ("SGD", {"learning_rate": 0.05, "loss_scale_factor": 8.0}),
    ("Adam", {"learning_rate": 0.05}),
    ("Adam", {"learning_rate": 0.05, "amsgrad": True}),
    ("Adam", {"learning_rate": 0.05, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Adam", {"learning_rate": 0.05, "weight_decay": 0.02}),
    ("Adam", {"learning_rate": 0.05, "clipnorm": 0.7}),
    ("Adam", {"learning_rate": 0.05, "gradient_accumulation_steps": 2}),
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
    return ",".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else None


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
