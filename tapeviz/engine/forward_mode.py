"""Forward mode (Jacobian-vector products) by two reverse sweeps.

There is no second set of rules. The vjp of ``y``, ``w -> sum of w * dy/dx``, is linear
in the upstream gradient ``w``. Its own vjp with respect to ``w``, with the tangent as
upstream gradient, is ``dy/dx * tangent``: the jvp.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import numpy as np

from tapeviz.engine import nest
from tapeviz.engine.asking import UnconnectedGradients, result
from tapeviz.engine.dispatch import VJP, VJP_TENSORS, call
from tapeviz.engine.indexed_slices import whole
from tapeviz.engine.recording import active, tape_stack
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, Variable, convert, wrap
from tapeviz.errors import attribute_error, value_error


class ForwardAccumulator:
    """Computes derivatives along a step (Jacobian-vector products) in its block.

    ``primals`` is a tensor, a variable or a nest of them, ``tangents`` the step, of the
    same structure. ``jvp`` may be asked in the block or after it; nested accumulators
    and tapes give higher derivatives.

    >>> from tapeviz.engine.tensor import Variable
    >>> x = Variable([1.0, 2.0])
    >>> with ForwardAccumulator(x, wrap(np.array([1.0, 0.5], "float32"))) as acc:
    ...     y = x * x
    >>> acc.jvp(y)
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([2., 2.], dtype=float32)>
    """

    def __init__(self, primals: Any, tangents: Any) -> None:
        self._primals = nest.leaves(primals)
        _same_nest(primals, tangents)
        one = isinstance(primals, (Tensor, Variable))
        steps = [tangents] if one else nest.leaves(tangents)
        for p in self._primals:
            _check_primal(p, self._primals)
        pairs = zip(self._primals, steps, strict=True)
        self._steps = [(p, _step(p, t)) for p, t in pairs]
        self._tape = GradientTape(persistent=True, watch_accessed_variables=False)
        self._around: tuple[GradientTape, ...] = ()

    def __enter__(self) -> Self:
        if self._tape._is_recording:
            raise value_error(
                "Accumulator is already recording.",
                "use a second accumulator for the inner block",
            )
        self._around = tape_stack.tapes
        self._tape.__enter__()
        self._tape.watch([p for p in self._primals if _is_real(p)])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        self._tape.__exit__(kind, error, traceback)

    def jvp(
        self, primals: Any, unconnected_gradients: Any = UnconnectedGradients.NONE
    ) -> Any:
        """The derivative of each of the results ``primals`` along the step, or None."""
        zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        flattened = nest.leaves(primals)
        out = [self._along(t) for t in flattened]
        if zero:
            pairs = zip(flattened, out, strict=True)
            out = [result(None, t, zero) if d is None else d for t, d in pairs]
        return nest.like(primals, out)

    def _along(self, y: Any) -> Any:
        if not isinstance(y, (Tensor, Variable)):
            raise attribute_error(
                f"'{type(y).__name__}' object has no attribute '_id'",
                f"{y!r} is no tensor: ask for what was computed in the block",
            )
        for p, t in self._steps:
            if p is y:
                return t
        if not _is_real(y):
            return None
        pull, real = self._tape._pull, [s for s in self._steps if _is_real(s[0])]
        with self._listening():
            weight = wrap(np.ones_like(y._v)[()])
            self._tape.watch(weight)
            shares = pull([(y, weight)], [p for p, _ in real], VJP, VJP_TENSORS)
            both = zip(shares, real, strict=True)
            pairs = [(whole(g), t) for g, (_, t) in both if g is not None]
            return pull(pairs, [weight], VJP, VJP_TENSORS)[0] if pairs else None

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Let the tape, and those around it, record in this block."""
        idle = [t for t in (*self._around, self._tape) if not t._is_recording]
        idle = [t for t in idle if t._persistent or not t._used]
        caller = sys._getframe(2)  # beyond contextlib's __enter__
        for tape in idle:
            tape._block = caller, -1
            tape._start(active())
        try:
            yield
        finally:
            for tape in reversed(idle):
                tape._stop()
                tape._block = None


def _is_real(p: Any) -> bool:
    return p.dtype.np.kind in "fc"


def _same_nest(primals: Any, tangents: Any) -> None:
    if _frame(primals) != _frame(tangents):
        raise value_error(
            "The two structures don't have the same nested structure. First "
            f"structure: {primals!r} Second structure: {tangents!r}",
            "give one step for each primal, in the same lists or dicts",
        )


def _frame(structure: Any) -> Any:
    """The structure of a nest alone; None if there is no tensor in it."""
    flattened = nest.leaves(structure)
    if not any(isinstance(t, (Tensor, Variable)) for t in flattened):
        return None
    return nest.like(structure, [None] * len(flattened))


def _check_primal(p: Any, primals: list[Any]) -> None:
    if not isinstance(p, (Tensor, Variable)):
        raise attribute_error(
            f"'{type(p).__name__}' object has no attribute 'dtype'",
            f"{p!r} is no tensor: tf.constant({p!r}) makes one",
        )
    if sum(p is q for q in primals) > 1:
        raise value_error(
            "Tensor {} was specified as a primal multiple times. This may indicate "
            "an error. If it was intended, please sum the corresponding tangents."
        )


def _step(p: Any, tangent: Any) -> Tensor:
    """The step of one primal, in its dtype and shape."""
    made = convert(tangent, p.dtype)
    if np.shape(made._v) != np.shape(p._v):
        raise value_error(
            f"The step of shape {np.shape(made._v)} does not fit its primal of "
            f"shape {np.shape(p._v)}.",
            "a tangent says for each entry of its primal how far it moves",
        )
    return call.identity(made) if made.__class__ is Variable else made
