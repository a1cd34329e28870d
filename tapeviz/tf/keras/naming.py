"""Automatic names of layers, as in Keras: ``dense``, ``dense_1``, ``max_pooling``."""

from __future__ import annotations

import re
from collections import Counter

_used: Counter[str] = Counter()


def snake(name: str) -> str:
    """A class's name in small letters with underscores.

    >>> snake("MeanSquaredError"), snake("RMSprop"), snake("SGD")
    ('mean_squared_error', 'rm_sprop', 'sgd')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix: str) -> str:
    """The next free name for an object of this class."""
    name = snake(prefix)
    number = _used[name]
    _used[name] += 1
    return f"{name}_{number}" if number else name


def forget() -> None:
    """Begin counting anew."""
    _used.clear()
