"""What to say when a name of Keras is not there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

HINTS = {
    "callbacks": "print or plot in the loop itself",
    "datasets": "make small data with NumPy, or read it with NumPy",
    "models.Model": "use keras.Sequential, or a subclass of keras.Model",
    "regularizers": "add the term to the loss: loss + 0.01 * tf.reduce_sum(w**2)",
    "constraints": "assign the constrained value after each step",
    "ops": "use TensorFlow's functions: tf.matmul, tf.reduce_mean",
    "random": "use tf.random",
}


def teller(space: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of ``tf.keras`` or one of its rooms.

    >>> teller("losses")("Dice")
    Traceback (most recent call last):
    AttributeError: tapeviz has no tf.keras.losses.Dice; see dir(tf.keras.losses)
    """

    def absent(name: str) -> Any:
        where = f"tf.keras.{space}".rstrip(".")
        if name.startswith("__"):
            raise AttributeError(f"module {where!r} has no attribute {name!r}")
        module = sys.modules[f"tapeviz.keras.{space}".rstrip(".")]
        known = [n for n in dir(module) if n[0] != "_"]
        near = get_close_matches(name, known, 1, 0.75)
        hint = f"the nearest is {where}.{near[0]}" if near else f"see dir({where})"
        raise AttributeError(f"tapeviz has no {where}.{name}; {HINTS.get(name, hint)}")

    return absent
