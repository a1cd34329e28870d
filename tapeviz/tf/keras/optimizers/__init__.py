"""``keras.optimizers``: from gradients to better variables.

The updates are short texts, as the rules of the engine are. It may import ``engine``,
``errors`` and other rooms of ``tf``.
"""

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

__all__ = [
    "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Nadam", "Optimizer",
    "RMSprop", "get", "schedules",
]  # fmt: skip
