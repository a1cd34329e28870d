"""The vjp of one op, from TensorFlow: for ops that tapeviz has no rule for."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context, execute

from tapeviz.engine.tensor import array_of, wrap


class OpVjp:
    """Runs an op again, on copies of its inputs, and asks a tape of TensorFlow's."""

    def __init__(self, op: str, inputs: Any, attrs: Any, count: int) -> None:
        self.op, self.inputs, self.attrs, self.count = op, inputs, attrs, count

    def __call__(self, *upstream: Any) -> list[Any]:
        """What upstream gradients give to the op's inputs; None for nothing."""
        copies = [t if t.dtype == tf.resource else tf.identity(t) for t in self.inputs]
        with tf.GradientTape() as tape:
            tape.watch([t for t in copies if t.dtype.is_floating])
            ctx = context.context()
            made = execute.execute(
                self.op.encode(), self.count, copies, self.attrs, ctx
            )
            execute.record_gradient(self.op, copies, self.attrs, made)
        floats = [t for t in copies if t.dtype.is_floating]
        seeds = [tf.constant(np.asarray(array_of(g))) for g in upstream]
        try:
            found = iter(tape.gradient(made[: len(seeds)], floats, seeds))
        except LookupError:  # TensorFlow has no gradient of it
            return [None] * len(copies)
        each = [next(found) if t.dtype.is_floating else None for t in copies]
        return [None if g is None else wrap(_array(g)) for g in each]


def _array(g: Any) -> Any:
    return np.asarray(tf.convert_to_tensor(g).numpy())[()]
