"""Runs a descent itself, as the controls of ``explore`` say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, Variable, array_of, put
from tapeviz.inspect.descent_recorder import Recorder
from tapeviz.inspect.loss_surface import LossSurface, split
from tapeviz.inspect.program import compiled
from tapeviz.trace.program import Program

Loss = Callable[[], Any]
Apply = Callable[[Iterable[tuple[Any, Variable]]], Any]

_PROBES = 12


def rerun(  # noqa: PLR0913 - what the explorer's controls say
    loss: Loss, variables: Sequence[Variable], apply: Apply, *, steps: int,
    start: Sequence[float], recorder: Recorder,
) -> Recorder:  # fmt: skip
    """The recorded descent of ``loss`` from ``start``, in at most ``steps`` updates.

    ``apply`` gets pairs of gradient and variable, as an optimizer's
    ``apply_gradients``. It ends early where a number is no number any more. The
    variables are put back after it. ValueError in plain words when the loss has no
    gradient or is not one number.
    """
    with _restored(variables):
        set_arrays(variables, split(variables, start))
        with recorder:
            for _ in range(steps):
                _step(loss, variables, apply)
                if not all(np.isfinite(array_of(v)).all() for v in variables):
                    break
    return recorder


@contextmanager
def _restored(variables: Sequence[Variable]) -> Iterator[None]:
    """At its end the variables have the values they had before."""
    before = [array_of(v) for v in variables]
    try:
        yield
    finally:
        set_arrays(variables, before)


def set_arrays(variables: Sequence[Variable], arrays: Sequence[Any]) -> None:
    """Assign an array to each variable."""
    for v, array in zip(variables, arrays, strict=True):
        put(v, array)


def losses(
    loss: Loss, variables: Sequence[Variable], points: Sequence[Sequence[float]]
) -> list[float]:
    """The loss at each row of numbers; nan where it cannot be worked out."""
    found = []
    with _restored(variables):
        for point in points:
            set_arrays(variables, split(variables, point))
            try:
                found.append(float(np.sum(array_of(_number(loss())))))
            except Exception:  # noqa: BLE001 - outside its domain a loss may raise
                found.append(float("nan"))
    return found


def loss_program(
    loss: Loss, variables: Sequence[Variable], start: Sequence[float]
) -> Program | str:
    """The loss as a program for a page, or a sentence why only Python can run it.

    It is recorded once, at ``start``. Called at ``_PROBES`` points around it, the loss
    has to be what the record gives there; it is not where Python takes another way, or
    draws random numbers.
    """
    with _restored(variables):
        set_arrays(variables, split(variables, start))
        try:
            with GradientTape() as tape:
                value = _number(loss())
            grads = tape.gradient(value, list(variables))
        except Exception:  # noqa: BLE001 - whatever the learner's loss raises
            return "This loss fails where it starts."
    if any(g is None for g in grads):
        return "No gradient flows to some variable."
    found = tape_program(tape)
    if isinstance(found, str):
        return found
    records = tape.records()
    surface = LossSurface(records, records.index_of(value), variables)
    points = _around(np.asarray(start, np.float64))
    called = losses(loss, variables, points)
    if not np.allclose(surface.losses(points), called, rtol=1e-4, equal_nan=True):
        return "This loss is not the same computation at every point."
    return found


def tape_program(tape: GradientTape) -> Program | str:
    """A tape's gradient as a program for other numbers; or why there is none."""
    found = compiled(tape)
    if isinstance(found, str):
        return found
    moving = set(found.sources)
    for i, one in enumerate(found.instructions):
        moving |= {i} if moving.intersection(one.operands) else set()
    for exit in found.exits:
        if exit.node in moving:
            line = f", line {exit.line}" if exit.line else ""
            return f"This loss looks at a number in Python{line}, and may depend on it."
    return found


def _around(start: Any) -> Any:
    """Points on all sides of one, near and far: on a spiral, or a line."""
    turns = np.linspace(0, 1, _PROBES)[:, None]
    angles = 7 * turns + np.arange(len(start)) * np.pi / 2
    return start + 3 * np.maximum(1, np.abs(start)) * turns * np.cos(angles)


def _step(loss: Loss, variables: Sequence[Variable], apply: Apply) -> None:
    with GradientTape() as tape:
        value = loss()
    grads = tape.gradient(_number(value), list(variables))
    if all(g is None for g in grads):
        raise ValueError(
            "the loss does not depend on the variable, so it has no gradient: "
            "the function must read the variable itself, with TensorFlow's functions"
        )
    pairs = zip(grads, variables, strict=True)
    apply([(g, v) for g, v in pairs if g is not None])


def _number(value: Any) -> Tensor:
    """The loss itself; ValueError when it is not one real number."""
    if isinstance(value, Variable):
        value = value.value()
    if not isinstance(value, Tensor):
        raise ValueError(  # noqa: TRY004 - said to a learner, in a panel
            f"the loss returned {value!r}, which is not a tensor: return what was "
            "computed from the variable"
        )
    if np.size(array_of(value)) != 1:
        shape = "x".join(map(str, np.shape(array_of(value))))
        raise ValueError(
            f"the loss returned {shape} numbers, but descent needs one: take "
            "tf.reduce_sum or tf.reduce_mean of them"
        )
    return value
