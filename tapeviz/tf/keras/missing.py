"""The error for names of Keras that tapeviz does not have, with a hint."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from types import ModuleType
from typing import Any, NoReturn

from tapeviz.errors import value_error, warn

_HINTS = {
    "callbacks": "print or plot in the loop itself",
    "datasets": "make small data with NumPy, or read it with NumPy",
    "models.Model": "use keras.Sequential, or a subclass of keras.Model",
    "clone_model": "copy.deepcopy(model), or build it again by the same lines; then "
    "other.set_weights(model.get_weights())",
    "load_model": "build it by the same lines, then model.set_weights(...)",
    "applications": "there are no trained networks here",
    "preprocessing": "prepare numbers with NumPy",
    "mixed_precision": "give a dtype to layers and variables",
    "saving": "np.save the values of model.get_weights()",
    "tree": "tf.nest takes lists and dicts apart",
    "Conv1D Conv2D": "tf.nn.conv1d and tf.nn.conv2d, with a tf.Variable",
    "MaxPooling2D MaxPool2D AveragePooling2D":
        "tf.nn.max_pool2d and tf.nn.avg_pool2d are functions",
    "GRU LSTM RNN SimpleRNN":
        "a Python loop over the steps: h = tf.tanh(x[:, t] @ w + h @ u + b)",
    "Concatenate Add Multiply Reshape":
        "in call: tf.concat, +, *, tf.reshape, or any function of tensors",
    "LayerNormalization": "tf.nn.moments, then (x - mean) / tf.sqrt(variance + 1e-3)",
    "constraints": "assign the constrained value after each step",
    "ops": "use TensorFlow's functions: tf.matmul, tf.reduce_mean",
    "random": "use tf.random",
}  # fmt: skip
HINTS = {name: do for names, do in _HINTS.items() for name in names.split()}

_ARGUMENTS = {
    "lr": "it is called learning_rate",
    "use_ema ema_momentum ema_overwrite_frequency":
        "keep an average in a tf.Variable: a.assign(0.99 * a + 0.01 * x) after a step",
    "loss_scale_factor": "divide the gradients by it before apply_gradients",
    "gradient_accumulation_steps": "add up the gradients, and apply their mean",
}  # fmt: skip
ARGUMENTS = {name: do for names, do in _ARGUMENTS.items() for name in names.split()}
"""What to do instead of an optimizer's argument that is not here."""

ROOMS = (
    "applications", "callbacks", "constraints", "datasets", "mixed_precision",
    "preprocessing", "saving",
)  # fmt: skip


class Absent(ModuleType):
    """A room of Keras that is not here, so that others can be imported beside it.

    >>> from tapeviz.keras import datasets, layers
    >>> datasets.mnist  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AttributeError: tapeviz has no tf.keras.datasets; make small data with NumPy, ...
    """

    def __getattr__(self, name: str) -> NoReturn:
        missing("", self.__name__, ())


def missing(space: str, name: str, known: Iterable[str]) -> NoReturn:
    """AttributeError for a name that ``tf.keras`` or one of its rooms has not.

    >>> missing("losses", "Dice", ["Huber"])
    Traceback (most recent call last):
    AttributeError: tapeviz has no tf.keras.losses.Dice; see dir(tf.keras.losses)
    """
    where = f"tf.keras.{space}".rstrip(".")
    if name.startswith("__"):
        raise AttributeError(f"module {where!r} has no attribute {name!r}")
    near = get_close_matches(name, known, 1, 0.75)
    hint = f"the nearest is {where}.{near[0]}" if near else f"see dir({where})"
    if space == "backend":
        hint = f"tf.{name}, or its like in tf"
    raise AttributeError(f"tapeviz has no {where}.{name}; {HINTS.get(name, hint)}")


def no_unknown(given: dict[str, Any]) -> None:
    """ValueError for arguments that an optimizer has not.

    >>> no_unknown({"lr": 0.1})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: Argument(s) not recognized: {'lr': 0.1}
    ...
    """
    if given.pop("decay", None) is not None:
        warn("Argument `decay` is no longer supported and will be ignored.")
    if given:
        do = dict.fromkeys(ARGUMENTS[n] for n in given if n in ARGUMENTS)
        raise value_error(f"Argument(s) not recognized: {given}", "; ".join(do))
