"""``tf.keras``, as far as a lesson on gradients needs it.

It may import ``engine``, ``errors`` and other rooms of ``tf``.
"""

from __future__ import annotations

from tapeviz.tf.keras import (
    activations,
    backend,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    utils,
)
from tapeviz.tf.keras.initializers import Initializer
from tapeviz.tf.keras.layers import Input, InputLayer, Layer
from tapeviz.tf.keras.losses import Loss
from tapeviz.tf.keras.metrics import Metric
from tapeviz.tf.keras.models import Model, Sequential
from tapeviz.tf.keras.optimizers import Optimizer

__all__ = [
    "Initializer", "Input", "InputLayer", "Layer", "Loss", "Metric", "Model",
    "Optimizer", "Sequential", "activations", "backend", "initializers", "layers",
    "losses", "metrics", "models", "optimizers", "regularizers", "utils",
]  # fmt: skip
