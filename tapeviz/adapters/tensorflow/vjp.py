"""The vjp of one op, from TensorFlow: for ops that tapeviz has no rule for."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context, execute
from tensorflow.python.framework import op_def_registry

from tapeviz.engine.tensor import array_of, wrap


class OpVjp:
    """Runs an op again, on copies of its inputs, and asks a tape of TensorFlow's."""

    def __init__(self, op: str, inputs: Any, attrs: Any, count: int) -> None:
        self.op, self.inputs, self.attrs, self.count = op, inputs, attrs, count

    def __call__(self, *upstream: Any) -> list[Any]:
        """What upstream gradients give to the op's inputs; None for nothing."""
        copies = [t if t.dtype == tf.resource else tf.identity(t) for t in self.inputs]
        floats = [t for t in copies if _has_gradient(t)]
        seeds = [tf.constant(np.asarray(array_of(g))) for g in upstream]
        with tf.GradientTape() as tape:
            tape.watch(floats)
            made = self._run(copies)
        try:
            found = iter(tape.gradient(made[: len(seeds)], floats, seeds))
        except LookupError:  # it has no gradient
            return [None] * len(copies)
        each = [next(found) if _has_gradient(t) else None for t in copies]
        return [
            None if g is None else wrap(tf.convert_to_tensor(g).numpy()) for g in each
        ]

    def _run(self, inputs: list[Any]) -> Any:
        attrs = list(self.attrs)
        for k in range(0, len(attrs), 2):
            if attrs[k + 1] is None:
                attrs[k + 1] = _default(self.op, attrs[k])
        given = self.op.encode(), self.count, inputs, tuple(attrs), context.context()
        made = execute.execute(*given)
        execute.record_gradient(self.op, inputs, tuple(attrs), made)
        return made


def _has_gradient(t: Any) -> bool:
    """Whether it is of floats, or the handle of a variable."""
    return bool(t.dtype.is_floating or t.dtype == tf.resource)


def _default(op: str, name: str) -> Any:
    """What an attribute is where a call leaves it out."""
    found = next(a for a in op_def_registry.get(op).attr if a.name == name)
    value = found.default_value
    kind = value.WhichOneof("value")
    return list(value.list.i) if kind == "list" else getattr(value, kind)
