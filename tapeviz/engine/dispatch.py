"""Ops as Python functions: forward, operator methods, and the tables of vjps.

``call`` has every op as a function; ``FORWARD`` the same on arrays, by number.

The vjp tables differ in the namespace that a rule's words are looked up in: ``VJP``
(arrays), ``VJP_BATCHED`` (arrays with one more axis in front, for Jacobians),
``VJP_TENSORS`` and ``VJP_BATCHED_TENSORS`` (the same on tensors, recorded). ``SHOWN``
is for readers: the words of arrays, but nothing is written over or left out.

Each function is made when it is first called, not on import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeviz.engine import (
    custom_gradient,
    indexed_slices,
    kernels,
    operations,
    tensor,
    validation,
)
from tapeviz.engine.ops import NAMED, TABLE
from tapeviz.engine.primitives import Op, forward
from tapeviz.engine.recording import active, tape_stack
from tapeviz.engine.scopes import claim
from tapeviz.engine.sweep import Rules
from tapeviz.engine.tensor import Tensor, Valued, Variable, wrap
from tapeviz.errors import invalid_argument, type_error, value_error

PLAIN = frozenset((int, float))


def _number(v: Any, g: Any) -> Any:
    """A Python number in the dtype of a gradient; anything else as it is."""
    return g.dtype.type(v) if v.__class__ in PLAIN else v


RAW: dict[str, Any] = {
    **kernels.WORDS,
    **custom_gradient.WORDS,
    **indexed_slices.WORDS,
    "number": _number,
}
"""The words of the rules on arrays."""


call = tensor.call


def function(name: str) -> Callable[..., Tensor]:
    """An op as a function of anything that can be a tensor."""
    op = NAMED.get(name)
    if op is None:
        raise AttributeError(f"no op is called {name!r}")
    return operations.function(op, FORWARD[op.code])


call.make = function


class _Forward(dict[int, Callable[..., Any]]):
    """Every op on arrays by its number, compiled when it is first asked for."""

    def __missing__(self, code: int) -> Callable[..., Any]:
        self[code] = made = forward(TABLE[code], RAW)
        return made


FORWARD = _Forward()


def _words_on_tensors() -> dict[str, Any]:
    """The words of the rules as recorded ops."""
    words = dict(RAW)
    for op in reversed(TABLE):
        word, _, rest = op.text.partition("(")
        names = rest[:-1].replace(" ", "").split(",")
        if rest and word in RAW and names == [*op.operands, *op.settings]:
            words[word] = _recorded(op.name)
    unbroadcast, broadcast = words["unbroadcast"], words["broadcast_to"]
    words["unbroadcast"] = lambda d, s, at=0: (
        d if d.shape == s else unbroadcast(d, s, at)
    )
    words["broadcast_to"] = lambda d, s, at=0: broadcast(d, s, at)
    words["cast"] = lambda d, dtype: call.cast(d, dtype, d._v.dtype)
    return words | {"number": lambda v, _g: v, "matmul": _recorded("matmul")}


def _recorded(name: str) -> Callable[..., Any]:
    def recorded(*args: Any) -> Any:
        return getattr(call, name)(*args)

    return recorded


def _unary(name: str, op: str) -> None:
    """An operator method of one operand that is made at its first use."""

    def first(self: Any) -> Any:
        setattr(Valued, name, getattr(call, op))
        return getattr(self, name)()

    setattr(Valued, name, first)


def _methods() -> None:
    """The operators of tensors and variables."""
    spellings = {
        "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv",
        "power": "pow", "mod": "mod", "floordiv": "floordiv", "matmul": "matmul",
        "greater": "gt", "greater_equal": "ge", "less": "lt", "less_equal": "le",
        "logical_and": "and", "logical_or": "or", "logical_xor": "xor",
    }  # fmt: skip
    for name, dunder in spellings.items():
        op = NAMED[name]
        _operator(op, f"__{dunder}__")
        if not op.name.startswith(("greater", "less")):
            _operator(op, f"__r{dunder}__")
    _unary("__neg__", "negative")
    _unary("__abs__", "abs")
    _unary("__invert__", "logical_not")
    owner: Any = Valued
    owner.__eq__ = _equality("equal")
    owner.__ne__ = _equality("not_equal")
    owner.__getitem__ = _getitem


def _operator(op: Op, name: str) -> None:
    """An operator method that is made at its first use."""

    def first(self: Any, other: Any) -> Any:
        mirrored = name.startswith("__r")
        make: Any = operations.reflected if mirrored else operations.method
        made = make(op, FORWARD[op.code])
        setattr(Valued, name, made)
        recording = active().recording
        start = 0 if recording is None else len(recording.recs)
        out = made(self, other)
        if recording is not None:  # the record is the learner's, not this function's
            claim(recording.recs, start)
        return out

    setattr(Valued, name, first)


def _equality(name: str) -> Callable[[Any, Any], Any]:
    unequal = name == "not_equal"

    def method(self: Any, other: Any) -> Any:
        if other is None:
            if self.__class__ is Variable:
                raise tensor.no_value("ask `v is None` instead")
            return unequal
        if type(other) is int:
            other = tensor.wrap(validation.wrapped(other, self.dtype))
        elif other.__class__ not in validation.KNOWN:
            other = tensor.convert(other, self.dtype)
        try:
            np.broadcast_shapes(np.shape(self._v), np.shape(other._v))
        except ValueError:
            return tensor.wrap(np.bool_(unequal))
        if self.dtype.name == other.dtype.name == "string":
            return _same_text(self, other, unequal)
        return getattr(call, name)(self, other)

    return method


def _same_text(one: Any, other: Any, unequal: bool) -> Tensor:
    same = np.equal(np.asarray(one._v, object), np.asarray(other._v, object))
    return tensor.wrap(np.not_equal(same.astype(bool), unequal)[()])


def _getitem(self: Any, key: Any) -> Any:
    """``t[key]``: ints, slices, ``...``, ``tf.newaxis``, scalar and mask tensors."""
    key = _key(key, np.shape(self._v))
    out = call.pick(self, key)
    if self.__class__ is Variable and not any(type(k) is np.ndarray for k in key):
        out._part = (self, key)
    return out


def _key(key: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(key, (list, tuple)) and any(isinstance(k, bool) for k in key):
        raise _no_flag()
    if isinstance(key, list) and len(key) > len(shape):
        key = tuple(key)  # TensorFlow's error for t[[0, 1]] where t is a vector
    parts = tuple(_key_part(k) for k in (key if isinstance(key, tuple) else (key,)))
    masks = [k for k in parts if isinstance(k, np.ndarray)]
    if masks:
        return _mask(parts, masks[0], shape)
    if parts.count(Ellipsis) > 1:
        raise _no_slice(
            "Multiple ellipses in slice spec not allowed", "write ... once only"
        )
    axis = 0
    for i, k in enumerate(parts):
        if k is Ellipsis:  # it stands for the axes that the keys behind it leave
            behind = sum(p is not None and p is not Ellipsis for p in parts[i:])
            axis = max(axis, len(shape) - behind)
        elif k is not None:
            _in_bounds(k, axis, shape)
            axis += 1
    return parts


def _no_flag() -> Exception:
    return invalid_argument(
        "Value for attr 'Index' of bool is not in the list of allowed values: "
        "int16, int32, int64",
        "a mask is a tensor: tf.boolean_mask(t, [True, False])",
    )


def _mask(parts: Any, mask: Any, shape: tuple[int, ...]) -> Any:
    """A mask stands alone, and has the shape of the axes that it covers."""
    if len(parts) > 1:
        raise _no_index(wrap(mask))
    covered = shape[: mask.ndim]
    if covered != mask.shape:
        raise value_error(
            f"Shapes {covered} and {mask.shape} are incompatible",
            "a mask has one True or False for each entry of the axes it covers",
        )
    return parts


def _in_bounds(k: Any, axis: int, shape: tuple[int, ...]) -> None:
    if axis >= len(shape):
        what = (
            f"Index out of range using input dim {axis}; "
            f"input has only {len(shape)} dims"
            if shape
            else "Attempting to slice scalar input."
        )
        raise _no_slice(what, "use at most one index per axis")
    if type(k) is slice:
        if k.step == 0:
            raise _no_slice(
                f"strides[{axis}] must be non-zero", "a step is 1, 2, -1, ..."
            )
    elif type(k) is int and not -shape[axis] <= k < shape[axis]:
        k = k if k >= 0 else k + shape[axis]
        what = f"slice index {k} of dimension {axis} out of bounds."
        raise _no_slice(what, f"that axis has {shape[axis]} entries")


def _no_slice(what: str, do: str) -> Exception:
    return invalid_argument(f"{what} [Op:StridedSlice] name: strided_slice/", do)


def _key_part(k: Any) -> Any:
    if k.__class__ in validation.KNOWN:
        tape_stack.note("compared", k)
        k = k._v
    if isinstance(k, (int, np.integer)) and not isinstance(k, bool):
        return int(k)
    if isinstance(k, slice):
        ends = (k.start, k.stop, k.step)
        return slice(*(None if e is None else _end(e) for e in ends))
    if k is None or k is Ellipsis or (isinstance(k, np.ndarray) and k.dtype == bool):
        return k
    if isinstance(k, (bool, np.bool_)):
        raise value_error(
            "mask cannot be scalar.", "a mask holds True or False for each entry"
        )
    raise _no_index(k)


def _end(k: Any) -> int:
    """A whole number that begins or ends a slice."""
    number = k._v if k.__class__ in validation.KNOWN else k
    if np.ndim(number) or np.asarray(number).dtype.kind not in "iu":
        raise _no_index(k)
    return int(number)


def _no_index(k: Any) -> Exception:
    return type_error(
        "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and "
        f"scalar tf.int32/tf.int64 tensors are valid indices, got {k!r}",
        "to take several rows by number use tf.gather(t, [0, 2])",
    )


_methods()
_TAPED = _words_on_tensors()
VJP = Rules({**RAW, **kernels.IN_PLACE}, in_place=True, quick=True)
VJP_BATCHED = Rules({**kernels.batched(RAW), **kernels.IN_PLACE}, in_place=True)
VJP_TENSORS = Rules(_TAPED, quick=True)
VJP_BATCHED_TENSORS = Rules({**kernels.batched(_TAPED), "matmul": _TAPED["matmul"]})
SHOWN = Rules({**RAW, "rows": RAW["scatter"]}, strict=False)
