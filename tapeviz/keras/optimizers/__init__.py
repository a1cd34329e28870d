"""``keras.optimizers``: from gradients to better variables."""

from __future__ import annotations

from tapeviz.keras.absent import teller
from tapeviz.keras.optimizers import schedules
from tapeviz.keras.optimizers.formulas import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Nadam,
    RMSprop,
    get,
)
from tapeviz.keras.optimizers.optimizer import Optimizer
from tapeviz.keras.optimizers.recipe import Recipe, Term

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "Recipe",
    "Term",
    "get",
    "schedules",
]

__getattr__ = teller("optimizers")
