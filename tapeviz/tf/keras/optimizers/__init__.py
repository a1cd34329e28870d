"""``keras.optimizers``: from gradients to better variables."""

from __future__ import annotations

from tapeviz.tf.keras.optimizers import schedules
from tapeviz.tf.keras.optimizers.formulas import (
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
from tapeviz.tf.keras.optimizers.optimizer import Optimizer
from tapeviz.tf.keras.optimizers.update_rule import Recipe, Term

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
