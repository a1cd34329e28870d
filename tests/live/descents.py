"""Losses and settings drawn at random, to be descended in Python and in the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import tapeviz as tf
from tapeviz.tf.keras import optimizers
from tapeviz.views.explorer import METHODS, ExplorerLoss, Settings
from tapeviz.views.loss_presets import PRESETS

STEPS = 100


@dataclass
class Drawn:
    """A loss, the settings of its descent, and the method's name."""

    loss: ExplorerLoss
    settings: Settings
    method: str
    function: Callable[..., Any] = abs

    def rounded_otherwise(self, k: int) -> ExplorerLoss:
        """The same loss times next to 1, so that other roundings happen on the way."""
        xs = self.loss.variables
        near = 1 + k * np.finfo(xs[0].dtype.as_numpy_dtype).eps
        given = xs if self.function.__name__ in PRESETS else ()
        return ExplorerLoss(
            lambda: self.function(*given) * near, xs, {}, optimizers=optimizers
        )


def _quadratic(rng: np.random.Generator, kind: Any) -> tuple[Any, Any, float]:
    """A bowl in one or two numbers, one variable, and its largest curvature."""
    size = int(rng.integers(1, 3))
    turned, _ = np.linalg.qr(rng.normal(size=(size, size)))
    eigenvalues = np.exp(rng.uniform(-1.5, 1.5, size))
    matrix = tf.constant((turned * eigenvalues @ turned.T).astype(kind))
    middle = tf.constant(rng.normal(size=size).astype(kind))
    x = tf.Variable(rng.normal(size=size).astype(kind) * 3)

    def loss() -> Any:
        gap = x - middle
        return tf.reduce_sum(gap * tf.reduce_sum(matrix * gap, axis=1)) / 2

    return loss, x, float(eigenvalues.max())


def _smooth(rng: np.random.Generator, kind: Any) -> tuple[Any, Any, float]:
    """A bowl that is no parabola."""
    x = tf.Variable(kind(rng.uniform(-3, 3)))
    a, b = float(rng.uniform(0.3, 2)), float(rng.normal())
    losses: list[Callable[[], Any]] = [
        lambda: tf.math.log(1 + a * (x - b) ** 2),
        lambda: tf.sqrt(1 + (x - b) ** 2) + tf.exp(-a * x**2),
        lambda: tf.math.log(1 + tf.exp(a * x)) - b * tf.sigmoid(x),
        lambda: tf.tanh(x - b) ** 2 + 0.1 * x**2,
    ]
    return losses[int(rng.integers(len(losses)))], x, 2 * a


def drawn(seed: int, method: str, count: int) -> Iterator[Drawn]:
    """So many descents with a method: presets, bowls and others, in both dtypes."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        made = METHODS[method]
        kind = (np.float32, np.float64)[i % 2]
        if i % 3 == 0:
            preset = PRESETS[[*PRESETS][i // 3 % len(PRESETS)]]
            start = np.array(preset.start) + rng.normal(size=len(preset.start)) * 0.3
            xs = [tf.Variable(kind(v), name=n)
                  for v, n in zip(start, preset.names, strict=True)]  # fmt: skip
            loss: Any = preset.loss
            bend = 1 / preset.learning_rate
        else:
            loss, x, bend = (_quadratic if i % 3 == 1 else _smooth)(rng, kind)
            xs = [x]
        rate = float(np.exp(rng.uniform(np.log(0.02), np.log(3.0)))) / bend
        if made.kind in {"RMSprop", "Adagrad", "Adam"}:
            rate = float(np.exp(rng.uniform(np.log(0.003), np.log(1.0))))
        explored = ExplorerLoss(loss, xs, {}, optimizers=optimizers)
        settings = Settings(rate, STEPS, explored.position, method)
        yield Drawn(explored, settings, method, loss)
