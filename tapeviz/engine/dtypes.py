"""TensorFlow's dtypes and shapes, over NumPy's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tapeviz.engine.primitives import Op
from tapeviz.errors import invalid_argument, type_error

_C_NAMES = {"float32": "float", "float64": "double", "float16": "half"}


class DType:
    """An element type, such as ``tf.float32``; equal to its name and to NumPy's type.

    ``is_floating``, ``is_complex``, ``is_integer`` (bool is none), ``is_unsigned``,
    ``is_bool`` and ``is_numeric`` (bool is not) say what it holds; ``size`` is in
    bytes. ``c_name`` is its name in the messages of TensorFlow's kernels (``double``).

    >>> float32 == "float32", float32.is_floating, float32.as_numpy_dtype.__name__
    (True, True, 'float32')
    """

    __slots__ = (
        "as_numpy_dtype", "base_dtype", "c_name", "is_bool", "is_complex",
        "is_floating", "is_integer", "is_numeric", "is_unsigned", "name", "np", "size",
    )  # fmt: skip

    def __init__(self, name: str, np_type: Any) -> None:
        self.name, self.c_name = name, _C_NAMES.get(name, name)
        self.np: np.dtype[Any] = np.dtype(np_type)
        self.as_numpy_dtype, self.base_dtype = np_type, self
        kind: str = self.np.kind
        self.size: int = self.np.itemsize
        self.is_floating, self.is_complex = kind == "f", kind == "c"
        self.is_bool, self.is_numeric = kind == "b", kind in "iufc"
        self.is_integer, self.is_unsigned = kind in "iu", kind == "u"

    @property
    def real_dtype(self) -> DType:
        """The dtype of the real and imaginary parts; a real dtype is its own."""
        return as_dtype(self.np.type(0).real.dtype) if self.is_complex else self

    def is_compatible_with(self, other: Any) -> bool:
        """Whether ``other`` names the same dtype."""
        return as_dtype(other) is self

    @property
    def min(self) -> Any:
        """The smallest finite value."""
        return self._info().min

    @property
    def max(self) -> Any:
        """The largest finite value."""
        return self._info().max

    def _info(self) -> Any:
        return np.finfo(self.np) if self.np.kind in "fc" else np.iinfo(self.np)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self is other
        if other is None:
            return False
        try:
            return as_dtype(other) is self
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: '{self.name}'>"


float16 = DType("float16", np.float16)
float32 = DType("float32", np.float32)
float64 = DType("float64", np.float64)
int8 = DType("int8", np.int8)
int16 = DType("int16", np.int16)
int32 = DType("int32", np.int32)
int64 = DType("int64", np.int64)
uint8 = DType("uint8", np.uint8)
uint16 = DType("uint16", np.uint16)
uint32 = DType("uint32", np.uint32)
uint64 = DType("uint64", np.uint64)
complex64 = DType("complex64", np.complex64)
complex128 = DType("complex128", np.complex128)
bool_ = DType("bool", np.bool_)
string = DType("string", np.object_)

ALL = tuple(found for found in dict(globals()).values() if isinstance(found, DType))
_BY_NAME = {d.name: d for d in ALL} | {"double": float64, "float": float32}
_BY_NUMPY: dict[Any, DType] = {d.np: d for d in ALL}


def of(value: Any) -> DType:
    """The dtype of a NumPy scalar or array."""
    try:
        return _BY_NUMPY[value.dtype]
    except (KeyError, AttributeError):
        return string


def as_dtype(spec: Any) -> DType:
    """The dtype a name, a NumPy type or a dtype stands for; TypeError if none.

    >>> as_dtype("int32"), as_dtype(np.float64)
    (tf.int32, tf.float64)
    """
    if isinstance(spec, DType):
        return spec
    if isinstance(spec, str) and spec in _BY_NAME:
        return _BY_NAME[spec]
    plain = {float: float32, int: int32, bool: bool_, complex: complex128, str: string}
    if isinstance(spec, type) and spec in plain:
        return plain[spec]
    try:
        return _BY_NUMPY[np.dtype(spec)]
    except (TypeError, KeyError, ValueError):
        from difflib import get_close_matches  # slow to import

        near = get_close_matches(str(spec), _BY_NAME, 1)
        raise type_error(
            f"Cannot convert the argument `type_value`: {spec!r} to a TensorFlow "
            "DType.",
            f"you may mean tf.{near[0]}" if near else "tf.float32 is a dtype",
        ) from None


def dtype_mismatch(
    op: Op, one: Any, other: Any, slot: int = 1, do: str = ""
) -> Exception:
    """The error for operands of two dtypes."""
    if op.name in ("divide", "divide_no_nan"):
        return type_error(
            f"`x` and `y` must have the same dtype, got {one!r} != {other!r}.",
            do or f"bring both to one dtype: tf.cast(..., {one!r})",
        )
    return invalid_argument(
        f"cannot compute {op.kernel} as input #{slot}(zero-based) was expected to be "
        f"a {one.c_name} tensor but is a {other.c_name} tensor [Op:{op.kernel}] name: ",
        do or f"bring both to one dtype: tf.cast(..., tf.{one.name})",
    )


class TensorShape(tuple[int, ...]):
    """A shape: a tuple that also equals lists and prints as TensorFlow's does.

    >>> TensorShape([2, 3]), TensorShape([2, 3]) == [2, 3], str(TensorShape([2]))
    (TensorShape([2, 3]), True, '(2,)')
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (list, tuple)):
            return tuple(self) == tuple(other)
        return NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__

    @property
    def rank(self) -> int:
        """How many axes there are."""
        return len(self)

    ndims = rank

    @property
    def dims(self) -> list[int]:
        """The sizes as a list."""
        return list(self)

    def as_list(self) -> list[int]:
        """The sizes as a list of ints."""
        return list(self)

    def num_elements(self) -> int:
        """How many elements an array of this shape has."""
        return int(np.prod(self, dtype=np.int64))

    def is_fully_defined(self) -> bool:
        """Whether every size is known; those of tensors always are."""
        return None not in self

    def is_compatible_with(self, other: Iterable[int | None]) -> bool:
        """Whether ``other`` is this shape; None in it stands for any size."""
        sizes = tuple(other)
        return len(sizes) == len(self) and all(
            b is None or a == b for a, b in zip(self, sizes, strict=True)
        )

    def assert_is_compatible_with(self, other: Iterable[int | None]) -> None:
        """ValueError unless ``other`` is the same shape."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {tuple(other)} are incompatible")

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """The shape itself; ValueError if it has fewer axes."""
        if len(self) < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank(self, rank: int) -> TensorShape:
        """The shape itself; ValueError if it has another number of axes."""
        if len(self) != rank:
            raise ValueError(f"Shape {self} must have rank {rank}")
        return self

    def assert_has_rank(self, rank: int) -> None:
        """ValueError unless there are that many axes."""
        self.with_rank(rank)

    def merge_with(self, other: Iterable[int | None]) -> TensorShape:
        """What is known of both; ValueError if they contradict each other."""
        self.assert_is_compatible_with(other)
        return self

    def __bool__(self) -> bool:
        return True  # also the shape of a scalar is known

    def __radd__(self, other: Iterable[Any]) -> TensorShape:
        return TensorShape((*other, *self))

    def __getitem__(self, key: Any) -> Any:
        got = tuple.__getitem__(self, key)
        return TensorShape(got) if isinstance(key, slice) else got

    def __add__(self, other: Iterable[Any]) -> TensorShape:
        return TensorShape((*self, *other))

    def concatenate(self, other: Iterable[int]) -> TensorShape:
        """The shape followed by another."""
        return self + other

    def __repr__(self) -> str:
        return f"TensorShape({list(self)})"

    def __str__(self) -> str:
        return tuple.__repr__(self)
