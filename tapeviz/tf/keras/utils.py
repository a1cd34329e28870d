"""``keras.utils``: ``set_random_seed`` and ``to_categorical``."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from tapeviz.tf.random import set_seed


def set_random_seed(seed: int) -> None:
    """Let all random numbers, Python's, NumPy's and ours, come out the same again."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the learner's own code may use it
    set_seed(seed)


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Class numbers as one-hot rows.

    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    labels = np.asarray(x, dtype=np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    return np.eye(num_classes or int(labels.max()) + 1)[labels]
