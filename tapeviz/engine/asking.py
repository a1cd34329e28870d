"""What a tape may be asked, checked as TensorFlow does it, and what it answers."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np

from tapeviz.engine import nest
from tapeviz.engine.dispatch import call
from tapeviz.engine.dtypes import TensorShape, dtype_mismatch
from tapeviz.engine.indexed_slices import Rows
from tapeviz.engine.ops import NAMED
from tapeviz.engine.recording import OFF
from tapeviz.engine.tensor import Tensor, Variable, convert, sizes, wrap
from tapeviz.errors import (
    attribute_error,
    invalid_argument,
    runtime_error,
    type_error,
    value_error,
)

f32 = np.float32
ONE = f32(1)
Seeds = list[tuple[Any, Any]]
"""Targets, each with its seed: the upstream gradient that the sweep starts from."""


class UnconnectedGradients(Enum):
    """What ``gradient`` gives for a source the target does not depend on."""

    NONE = "none"
    ZERO = "zero"


def seeds_of(targets: list[Any], given: Any) -> Seeds:
    """Each target with its seed, given or 1 where there are not enough."""
    pairs = zip(targets, nest.leaves(given), strict=False)
    seeds = [(t, _weight(t, weight)) for t, weight in pairs]
    return seeds + ones(targets[len(seeds) :])


def ones(targets: list[Any]) -> Seeds:
    """Each target with ones of its shape and dtype."""
    seeds = []
    for t in targets:
        v = t._v
        one = ONE if v.__class__ is f32 else np.ones_like(v)[()]
        seeds.append((t, one))
    return seeds


def _weight(target: Any, weight: Any) -> Any:
    seed = convert(weight)
    if seed.__class__ is Variable:
        seed = call.identity(seed)
    if seed.dtype != target.dtype:
        if not (seed.dtype.is_floating and target.dtype.is_floating):
            name = target.dtype.name
            do = f"give output_gradients the target's dtype: tf.cast(..., tf.{name})"
            raise dtype_mismatch(NAMED["multiply"], seed.dtype, target.dtype, do=do)
        if isinstance(weight, (Tensor, Variable)):
            seed = call.cast(seed, target.dtype.np, seed.dtype.np)
        else:
            seed = convert(weight, target.dtype)
    shape = np.shape(target._v)
    return seed if np.shape(seed._v) == shape else _stretched(seed, shape)


def _stretched(seed: Any, shape: tuple[int, ...]) -> Any:
    """Weights broadcast to the target's shape."""
    try:
        np.broadcast_to(seed._v, shape)
    except ValueError:
        raise invalid_argument(
            f"Incompatible shapes: {sizes(shape)} vs. {sizes(np.shape(seed._v))} "
            "[Op:Mul] name: ",
            "output_gradients holds one weight for each entry of the target",
        ) from None
    return call.broadcast_to(seed, shape, 0)


def one_tensor(target: Any) -> None:
    """AttributeError for several targets: a Jacobian has one."""
    if isinstance(target, (list, tuple, dict)):
        raise attribute_error(
            f"'{type(target).__name__}' object has no attribute 'shape'",
            "a Jacobian has one target tensor: use tf.stack for several",
        )


def batches(target: TensorShape, source: TensorShape) -> None:
    """ValueError unless both shapes are batches of equally many rows."""
    try:
        target.with_rank_at_least(2)
        source.with_rank_at_least(2)
    except ValueError as error:
        do = "a batch has rows of at least one axis; tape.jacobian takes any shape"
        raise value_error(str(error), do) from None
    if target[0] != source[0]:
        raise value_error(
            f"Need first dimension of target shape ({target}) and source shape "
            f"({source}) to match.",
            "row i of the target belongs to row i of the source; tape.jacobian "
            "does without rows",
        )


def wants_zeros(value: Any) -> bool:
    """Whether what is not connected has the gradient 0 instead of None."""
    if value is UnconnectedGradients.NONE:
        return False
    try:
        return UnconnectedGradients(value) is UnconnectedGradients.ZERO
    except ValueError:
        raise value_error(
            f"Unknown value for unconnected_gradients: {value!r}",
            'use "none" or "zero"',
        ) from None


def leaves(one: Any, role: str) -> list[Any]:
    """The tensors and variables in a nest; an error if it holds anything else."""
    if one is None:
        check(one, role)
    found = nest.leaves(one)
    for t in found:
        if t.__class__ is not Variable and t.__class__ is not Tensor:
            _check_leaf(t, role)
    return found


def check(one: Any, role: str) -> None:
    """An error unless ``one`` is a tensor, a variable or a nest of them."""
    if one.__class__ is Variable or one.__class__ is Tensor:
        return
    if one is None and role == "target":
        raise type_error(
            "Argument `target` should be a list or nested structure of Tensors, "
            "Variables or CompositeTensors to be differentiated, but received None.",
            "is the first argument the value computed in the block?",
        )
    leaves(() if one is None else one, role)


def _check_leaf(t: Any, role: str) -> None:
    if t is None:
        raise type_error(
            "Cannot convert the argument `type_value`: None to a TensorFlow DType.",
            f"the {role} is None: give the tensor or variable itself",
        )
    if not isinstance(t, (Tensor, Variable)):
        raise attribute_error(
            f"'{type(t).__name__}' object has no attribute 'dtype'",
            f"{t!r} is no tensor: only a tensor or a variable can be a {role}",
        )


def result(g: Any, source: Any, zero: bool) -> Any:
    """The gradient that was found for a source as the tape hands it out."""
    kind = g.__class__
    if kind is Tensor:
        return g if source._v.dtype.kind in "fc" else result(None, source, zero)
    if kind is Rows:
        return g.slices()
    if kind is not f32 and (g is None or source._v.dtype.kind not in "fc"):
        return wrap(np.zeros_like(source._v)[()]) if zero else None
    out = Tensor()
    out._v = g
    out._t = OFF
    out._i = -1
    return out


_warned = {"dtype": 0, "inside": 0}


def _log() -> Any:
    """TensorFlow's logger, loaded when there is something to say."""
    import logging

    return logging.getLogger("tensorflow")


def warn_dtype(what: str, t: Any) -> None:
    """Warn of a dtype that has no gradient, the first five times."""
    if _warned["dtype"] < 5:
        _warned["dtype"] += 1
        text = "The dtype of the %s must be floating (e.g. tf.float32), got tf.%s"
        _log().warning(text, what, t.dtype.name)


def warn_inside() -> None:
    """Warn of a gradient asked inside the block, once."""
    if not _warned["inside"]:
        _warned["inside"] = 1
        _log().warning(
            "Calling GradientTape.gradient on a persistent tape inside its context is "
            "significantly less efficient than calling it outside the context (it "
            "causes the gradient ops to be recorded on the tape, leading to increased "
            "CPU and memory usage). Only call GradientTape.gradient inside the context "
            "if you actually want to trace the gradient in order to compute higher "
            "order derivatives."
        )


def still_recording() -> Exception:
    """The error for a tape that is entered twice."""
    return value_error(
        "Tape is still recording, This can happen if you try to re-enter "
        "an already-active tape.",
        "use a second tape for the inner block",
    )


def not_a_tensor(t: Any) -> Exception:
    """The error for something else that is to be watched."""
    return value_error(
        f"Passed in object {t} of type '{type(t).__name__}', not "
        "tf.Tensor or tf.Variable or ExtensionType.",
        "make a tensor of it first: tf.constant(...)",
    )


def not_entered() -> Exception:
    """The error for watching before the block."""
    return attribute_error(
        "'NoneType' object has no attribute '_tape'",
        "watch inside the block: with tf.GradientTape() as tape: tape.watch(x)",
    )


def used_up() -> Exception:
    """The error for a second gradient of a tape that is not persistent."""
    return runtime_error(
        "A non-persistent GradientTape can only be used to compute one set "
        "of gradients (or jacobians)",
        "ask for all at once, tape.gradient(y, [a, b]), or record with "
        "tf.GradientTape(persistent=True)",
    )
