"""Names that tensors and tapes have in other libraries, and what to write instead.

NumPy, PyTorch and TensorFlow 1 spell some things as methods that are functions here.
Each such name is a ``ForeignName``: asking for it is an AttributeError, as it is in
TensorFlow, that says what to write. They are no methods, and ``dir`` does not list
them. (A ``__getattr__`` would do the same, but slow every other attribute down.)
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

from tapeviz.errors import error_message

_TENSOR = {
    "sum mean max min prod any all": "tf.reduce_{}(t)",
    "abs argmax argmin cumsum exp norm round sigmoid size sqrt squeeze tanh transpose":
        "tf.{}(t)",
    "relu softmax": "tf.nn.{}(t)",
    "T": "tf.transpose(t)",
    "astype float": "tf.cast(t, tf.float32)",
    "backward grad gradient": "gradients come from the tape: tape.gradient(y, x)",
    "clamp clip": "tf.clip_by_value(t, low, high)",
    "copy": "tf.identity(t)",
    "data": "t.numpy() is the value, tf.stop_gradient(t) a constant with it",
    "detach": "tf.stop_gradient(t)",
    "dot": "tf.tensordot(a, b, 1), or a @ b for matrices",
    "eval": "tensors have their values at once: t.numpy()",
    "fill": "tensors never change; tf.fill(shape, value) makes a new one",
    "flatten ravel": "tf.reshape(t, [-1])",
    "item": "float(t), or int(t)",
    "log": "tf.math.log(t)",
    "matmul mm": "a @ b",
    "numel": "tf.size(t)",
    "permute": "tf.transpose(t, axes)",
    "pow": "t ** 2",
    "repeat": "tf.repeat(t, times)",
    "requires_grad requires_grad_":
        "a tape watches variables by itself, tensors after tape.watch(t)",
    "reshape view": "tf.reshape(t, shape)",
    "std": "tf.math.reduce_std(t)",
    "tolist": "t.numpy().tolist()",
    "unsqueeze": "tf.expand_dims(t, axis)",
    "var": "tf.math.reduce_variance(t)",
    "zero_grad": "there is nothing to reset: every tape starts from zero",
}  # fmt: skip
TENSOR = {n: do.format(n) for names, do in _TENSOR.items() for n in names.split()}
"""Of a tensor or a variable ``t``."""

ASSIGN = (
    "only a tf.Variable can be assigned to; `x = x - step` makes a tensor of it, "
    "x.assign_sub(step) does not"
)
PLAIN_TENSOR = {
    "assign_add": ASSIGN,
    "assign_sub": ASSIGN,
    "trainable": "only variables are trained: tf.Variable(...)",
    "value": "t.numpy()",
}
"""Of a tensor only."""

TAPE = dict.fromkeys(
    ("backward", "compute_gradient", "derivative", "diff", "grad", "gradients"),
    "tape.gradient(y, x)",
) | {
    "hessian": "the gradient of a gradient: two nested tapes",
    "jacobians": "tape.jacobian(y, x)",
    "record": "the block of `with tf.GradientTape() as tape:` is recorded",
    "start": "the block of `with tf.GradientTape() as tape:` is recorded",
    "stop": "recording ends with the block; tape.stop_recording() leaves a part out",
    "unwatch": "leave tape.watch(x) out, or use tf.stop_gradient(x)",
    "variables": "tape.watched_variables()",
    "zero_grad": "there is nothing to reset: every tape starts from zero",
}
"""Of a tape."""


class ForeignName:
    """A descriptor that raises AttributeError and says what to write instead."""

    def __init__(self, name: str, instead: str) -> None:
        self._name = name
        self._instead = instead

    def __get__(self, thing: Any, owner: type) -> Any:
        return self if thing is None else self._refuse(owner)

    def _refuse(self, owner: type) -> NoReturn:
        what = f"'{owner.__name__}' object has no attribute '{self._name}'"
        asking = str(sys._getframe(2).f_globals.get("__name__"))
        if not asking.startswith("numpy."):  # it asks everything whether it has a sum
            what = error_message(what, self._instead)
        raise AttributeError(what, name=self._name)


def mark(owner: type, table: dict[str, str]) -> None:
    """Put a ``ForeignName`` for each name of a table on a class that lacks it."""
    for name, instead in table.items():
        if not hasattr(owner, name):
            setattr(owner, name, ForeignName(name, instead))
    # A plain function is a method here; mypy wants one written in the class.
    owner.__dir__ = _own_names  # type: ignore[assignment, method-assign]


def _own_names(thing: Any) -> list[str]:
    """``dir`` without the foreign names."""
    found = object.__dir__(thing)
    return [n for n in found if not isinstance(getattr(type(thing), n, 0), ForeignName)]
