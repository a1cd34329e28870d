"""``tf.keras``, as far as a lesson on gradients needs it."""

from __future__ import annotations

from tapeviz.keras import (
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
from tapeviz.keras.absent import teller
from tapeviz.keras.initializers import Initializer
from tapeviz.keras.layers import Input, InputLayer, Layer
from tapeviz.keras.losses import Loss
from tapeviz.keras.metrics import Metric
from tapeviz.keras.models import Model, Sequential
from tapeviz.keras.optimizers import Optimizer

__all__ = [
    "Initializer",
    "Input",
    "InputLayer",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Sequential",
    "activations",
    "backend",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "utils",
]

__getattr__ = teller("")
