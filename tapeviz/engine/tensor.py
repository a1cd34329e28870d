"""Tensor and Variable, and how Python and NumPy values become tensors.

A tensor is a NumPy value, a handle on the recording it is in, and its index there.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeviz.engine import dtypes, foreign_names
from tapeviz.engine.dtypes import DType, TensorShape, dtype_mismatch
from tapeviz.engine.ops import NAMED
from tapeviz.engine.recording import (
    OFF,
    RecordingHandle,
    active,
    listening,
    tape_stack,
)
from tapeviz.errors import (
    attribute_error,
    invalid_argument,
    runtime_error,
    type_error,
    value_error,
)

if TYPE_CHECKING:
    from tapeviz.engine.operators import Operators
else:
    Operators = object

_new = object.__new__


class Ops:
    """Every op as a function, made when it is first asked for.

    ``dispatch`` puts ``make`` here, which needs tensors itself.
    """

    make: Callable[[str], Callable[..., Tensor]]

    def __getattr__(self, name: str) -> Callable[..., Tensor]:
        made = self.make(name)
        setattr(self, name, made)
        return made


call = Ops()


class Valued(Operators):
    """What a tensor and a variable have in common."""

    __slots__ = ()
    __array_priority__ = 100

    @property
    def dtype(self) -> DType:
        """The element type."""
        return dtypes.of(self._v)

    @property
    def shape(self) -> TensorShape:
        """The size of each axis."""
        return TensorShape(np.shape(self._v))

    @property
    def device(self) -> str:
        """Where the value lives: always the CPU."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    def get_shape(self) -> TensorShape:
        """The shape."""
        return self.shape

    def numpy(self) -> Any:
        """The value: a NumPy scalar, or a copy of the array."""
        tape_stack.note("left", self)
        return _out(self._v)

    def ref(self) -> Reference:
        """A hashable stand-in for this object."""
        return Reference(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        tape_stack.note("left", self)
        return np.array(self._v, dtype=dtype)

    def __bool__(self) -> bool:
        tape_stack.note("compared", self)
        return bool(np.size(self._v)) and bool(self._v)

    def __float__(self) -> float:
        tape_stack.note("left", self)
        return float(self._v)

    def __int__(self) -> int:
        tape_stack.note("left", self)
        return int(self._v)

    def __complex__(self) -> complex:
        tape_stack.note("left", self)
        return complex(self._v)

    def __index__(self) -> int:
        if self._v.dtype.kind not in "iu" or np.ndim(self._v):
            raise type_error("only integer scalar tensors can be converted to an index")
        tape_stack.note("compared", self)
        return int(self._v)

    def __iter__(self) -> Iterator[Tensor]:
        if not np.ndim(self._v):
            raise type_error("Cannot iterate over a scalar tensor.")
        return map(self.__getitem__, range(len(self._v)))


class Tensor(Valued):
    """An immutable array of numbers, as the ops make and take it.

    Its value ``_v`` is a NumPy scalar or array; ``_t`` is the handle of the recording
    that it is in (``OFF`` if none), ``_i`` its index there (-1 if none). Make one with
    ``tf.constant``.
    """

    __slots__ = ("__weakref__", "_i", "_part", "_t", "_v")

    _v: Any
    _t: RecordingHandle
    _i: int
    _part: tuple[Variable, Any]

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return int(np.ndim(self._v))

    def set_shape(self, shape: Any) -> None:
        """ValueError unless the shape is this one already."""
        self.shape.assert_is_compatible_with(shape)

    def _index(self) -> int:
        """Its index in what is being recorded; -1 if it is not part of that."""
        now = active()
        if self._t is now.handle:
            return self._i
        recording = None if self._t is OFF else now.recording
        return -1 if recording is None else recording.find(self)

    @property
    def assign(self) -> Callable[..., Variable]:
        """Of a slice of a variable, ``v[0].assign(5.0)``: replace that part of it."""
        try:
            variable, key = self._part
        except AttributeError:
            what = "'Tensor' object has no attribute 'assign'"
            raise attribute_error(what, foreign_names.ASSIGN) from None
        return partial(variable._assign_part, key, np.shape(self._v))

    def __len__(self) -> int:
        if not np.ndim(self._v):
            raise type_error("Scalar tensor has no `len()`")
        return len(self._v)

    def __setitem__(self, _key: Any, _value: Any) -> None:
        raise type_error(
            "'tensorflow.python.framework.ops.EagerTensor' object does not support "
            "item assignment",
            "tensors never change; build a new one, or use a tf.Variable",
        )

    def __hash__(self) -> int:
        raise TypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")

    def __repr__(self) -> str:
        return (
            f"<tf.Tensor: shape={tuple(self.shape)}, dtype={self.dtype.name}, "
            f"numpy={_shown(self._v)}>"
        )

    def __str__(self) -> str:
        v = self._v
        text = str(v)
        if "\n" in text:
            text = "\n" + text
        return f"tf.Tensor({text}, shape={tuple(self.shape)}, dtype={self.dtype.name})"

    def __format__(self, spec: str) -> str:
        return format(_bare(self._v), spec)

    def __copy__(self) -> Tensor:
        return self  # a tensor never changes

    def __reduce__(self) -> Any:
        return restored_tensor, (self._v,)

    def __deepcopy__(self, _memo: Any) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        """The tensor itself: it is on the CPU already."""
        return self


def _bare(v: Any) -> Any:
    """A scalar as Python's own number or bytes, an array as it is."""
    return v.item() if isinstance(v, np.generic) else v


def _shown(v: Any) -> str:
    """NumPy's repr, of a scalar Python's: all the digits it has in binary."""
    text = repr(bytes(v) if isinstance(v, bytes) else _bare(v))
    return "\n" + text if "\n" in text else text


def _out(v: Any) -> Any:
    if type(v) is np.ndarray:
        return v.copy()
    return bytes(v) if type(v) is Text else v


class Reference:
    """A hashable stand-in for a tensor or variable; ``deref()`` gives it back."""

    __slots__ = ("_object",)

    def __init__(self, object: Any) -> None:
        self._object = object

    def deref(self) -> Any:
        """The tensor or variable itself."""
        return self._object

    def __hash__(self) -> int:
        return id(self._object)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and other._object is self._object

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._object!r}>"


def wrap(v: Any) -> Tensor:
    """A tensor with this value that belongs to no recording."""
    out = _new(Tensor)
    out._v = v
    out._t = OFF
    out._i = -1
    return out


def array_of(thing: Any) -> Any:
    """What a tensor or variable holds: not a copy, and not to be changed."""
    return thing._v


def recorded(thing: Tensor | Variable) -> int:
    """The index of a tensor or variable in what is being recorded; -1 for none."""
    return thing._index()


def with_value(thing: Any, value: Any) -> Any:
    """A tensor itself, which from now on holds what another engine computed."""
    thing._v = value
    return thing


def variable_of(part: Tensor) -> Variable | None:
    """The variable that a tensor is a slice of, ``v[0]``; None if it is none."""
    found: tuple[Variable, Any] | None = getattr(part, "_part", None)
    return None if found is None else found[0]


def put(variable: Variable, value: Any) -> None:
    """Replace a variable's value, and tell nobody."""
    variable._put(value)


def membership(tensor: Tensor) -> tuple[Any, ...]:
    """Which recording a tensor belongs to, to be restored later."""
    return tensor._t, tensor._i


def restore_membership(tensor: Tensor, was: tuple[Any, ...]) -> None:
    """Let a tensor belong to the recording that it belonged to before."""
    tensor._t, tensor._i = was


def _no(name: str, sign: str, instead: str) -> Any:
    """An in-place operator: TensorFlow has none for variables."""

    def refuse(_self: Any, _other: Any) -> Any:
        raise runtime_error(
            f"`{name} {sign}= value` with `tf.Variable`s is not supported. Use "
            f"`{name}.{instead}` to modify the variable or `out = {name} {sign} "
            "value` if you need to get a new output Tensor."
        )

    return refuse


class WeightPath(str):
    """The name of a weight of Keras: its last part is ``name``, without ``:0``."""

    __slots__ = ()


class Variable(Valued):
    """A value that can be assigned to; every tape watches the variables it reads.

    ``initial_value`` is a number, an array, a tensor or a function that makes one.
    The value is replaced as a whole by ``assign``, so what a tape has read stays.

    >>> x = Variable(3.0, name="x")
    >>> x.assign_sub(1.0)
    <tf.Variable 'x:0' shape=() dtype=float32, numpy=2.0>
    """

    __slots__ = (
        "__weakref__", "_constraint", "_made", "_name", "_seen", "_trainable", "_v",
    )  # fmt: skip
    _count = itertools.count()

    def __init__(
        self, initial_value: Any = None, trainable: bool | None = None,
        validate_shape: bool = True, caching_device: Any = None,
        name: str | None = None, variable_def: Any = None, dtype: Any = None,
        import_scope: Any = None, constraint: Any = None, **_ignored: Any,
    ) -> None:  # fmt: skip
        if initial_value is None:
            raise value_error(
                "The `initial_value` arg to `tf.Variable` must be specified",
                "give the variable its first value: tf.Variable(3.0)",
            )
        if callable(initial_value) and not isinstance(
            initial_value, (Tensor, Variable)
        ):
            initial_value = initial_value()
        self._v = convert(initial_value, dtype)._v
        self._trainable = True if trainable is None else bool(trainable)
        self._name = tape_stack.scope + (name or "Variable")
        self._seen: tuple[Any, int] = (None, -1)
        self._made = next(Variable._count)
        self._constraint = constraint
        tape_stack.note("made", initial_value, self)

    @property
    def name(self) -> str:
        """The name, with TensorFlow's ``:0`` at its end; of a layer's weight without.

        >>> from tapeviz.tf.keras.layers import Dense
        >>> layer = Dense(1, name="last")
        >>> layer.build((None, 2))
        >>> layer.kernel.name, layer.kernel.path
        ('kernel', 'last/kernel')
        """
        if isinstance(self._name, WeightPath):
            return self._name.rpartition("/")[2]
        return f"{self._name}:0"

    @property
    def path(self) -> str:
        """Of a layer's weight: its name behind those of the layers it is in."""
        if isinstance(self._name, WeightPath):
            return str(self._name)
        raise attribute_error(
            "'Variable' object has no attribute 'path'",
            "only weights of layers have one; every variable has a name",
        )

    @property
    def trainable(self) -> bool:
        """Whether tapes watch it by themselves."""
        return self._trainable

    @property
    def constraint(self) -> Callable[..., Any] | None:
        """What optimizers put the value through after a step, if anything."""
        return getattr(self, "_constraint", None)

    def value(self) -> Tensor:
        """The present value as a tensor, connected to this variable."""
        return call.identity(self)

    read_value = value

    def is_initialized(self, name: Any = None) -> Tensor:
        """True: every variable has a value from the start."""
        return wrap(np.True_)

    def __reduce__(self) -> Any:
        return restored_variable, (self._v, self._trainable, self._name)

    def __deepcopy__(self, _memo: Any) -> Variable:
        made = Variable(self._v, self._trainable)
        made._name = self._name
        return made

    def _index(self) -> int:
        """Read it: let the tapes see it; its index in what they record, or -1."""
        key, index = self._seen
        return index if key is active().key else touch(self)

    def assign(
        self, value: Any, use_locking: bool = False, name: Any = None,
        read_value: bool = True,
    ) -> Variable | None:  # fmt: skip
        """Replace the value by one of the same shape and dtype; the variable itself."""
        new = self._convert(value)._v
        if np.shape(new) != np.shape(self._v):
            raise value_error(
                f"Cannot assign value to variable ' {self.name}': Shape mismatch."
                f"The variable shape {tuple(self.shape)}, and the assigned value "
                f"shape {np.shape(new)} are incompatible.",
                "give a value of the variable's own shape",
            )
        return self._set(new, read_value, value)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: Any = None,
        read_value: bool = True,
    ) -> Variable | None:  # fmt: skip
        """Add ``delta``, of the variable's own shape, to the value."""
        return self._set(self._v + self._step(delta), read_value, delta)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: Any = None,
        read_value: bool = True,
    ) -> Variable | None:  # fmt: skip
        """Subtract ``delta``, of the variable's own shape, from the value."""
        return self._set(self._v - self._step(delta), read_value, delta)

    def scatter_add(self, sparse_delta: Any, use_locking: Any = False) -> Any:
        """Add the rows of an ``IndexedSlices``; those of one number add up."""
        return self._scatter(np.add.at, *_rows_of(sparse_delta))

    def scatter_sub(self, sparse_delta: Any, use_locking: Any = False) -> Any:
        """Subtract the rows of an ``IndexedSlices``."""
        return self._scatter(np.subtract.at, *_rows_of(sparse_delta))

    def scatter_update(self, sparse_delta: Any, use_locking: Any = False) -> Any:
        """Replace rows by those of an ``IndexedSlices``.

        >>> import tapeviz as tf
        >>> rows = tf.IndexedSlices(tf.constant([5.0]), tf.constant([1]))
        >>> tf.Variable([1.0, 2.0]).scatter_update(rows).numpy()
        array([1., 5.], dtype=float32)
        """
        return self._scatter(operator.setitem, *_rows_of(sparse_delta))

    def scatter_nd_add(self, indices: Any, updates: Any, name: Any = None) -> Any:
        """Add ``updates`` at coordinates, which the last axis of ``indices`` holds."""
        return self._scatter(np.add.at, indices, updates)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: Any = None) -> Any:
        """Subtract ``updates`` at coordinates."""
        return self._scatter(np.subtract.at, indices, updates)

    def scatter_nd_update(self, indices: Any, updates: Any, name: Any = None) -> Any:
        """Replace the entries at coordinates by ``updates``.

        >>> Variable([1.0, 2.0]).scatter_nd_update([[1]], [5.0]).numpy()
        array([1., 5.], dtype=float32)
        """
        return self._scatter(operator.setitem, indices, updates)

    def _scatter(self, put: Callable[..., None], indices: Any, updates: Any) -> Any:
        at, new = np.asarray(convert(indices)._v), np.array(self._v)
        depth = at.shape[-1] if at.ndim else 0
        limit = np.array(new.shape[:depth])
        if not 0 < depth <= new.ndim or np.any((at < 0) | (at >= limit)):
            raise invalid_argument(
                f"indices {at.tolist()} are outside of shape {sizes(new.shape)} "
                "[Op:ResourceScatterNd]",
                "the last axis of indices holds one number per axis: [[0], [2]]",
            )
        wanted, given = at.shape[:-1] + new.shape[depth:], self._convert(updates)._v
        if np.shape(given) != wanted:
            raise invalid_argument(
                f"updates have shape {sizes(np.shape(given))}, which is not "
                f"{sizes(wanted)} [Op:ResourceScatterNd]",
                "give one update for each of the coordinates",
            )
        put(new, tuple(np.moveaxis(at, -1, 0)), given)
        return self._set(new, True, updates)

    def _convert(self, value: Any) -> Any:
        return convert(value, self.dtype)

    def _step(self, delta: Any) -> Any:
        old = self._v
        if delta.__class__ is Tensor and old.__class__ is delta._v.__class__:
            step = delta._v
            if old.__class__ is not np.ndarray or (
                step.shape == old.shape and step.dtype is old.dtype
            ):
                return step
        step = self._convert(delta)._v
        if np.shape(step) != np.shape(old):
            raise invalid_argument(
                f"Cannot update variable with shape {sizes(self.shape)} using a "
                f"Tensor with shape {sizes(np.shape(step))}, shapes must be equal.",
                "nothing is broadcast here: give a step of the variable's shape",
            )
        return step

    def _assign_part(
        self, key: Any, shape: tuple[int, ...], value: Any, name: Any = None
    ) -> Variable:
        """Replace what ``self[key]`` shows, which has that shape."""
        part = self._convert(value)._v
        while np.ndim(part) > len(shape) and part.shape[0] == 1:
            part = part[0]
        new = np.array(self._v)
        try:
            new[key] = np.broadcast_to(part, shape)
        except ValueError:
            raise invalid_argument(
                f"Cannot broadcast input shape {sizes(np.shape(part))} into final "
                f"shape {sizes(shape)} [Op:ResourceStridedSliceAssign]",
                "give a value of the slice's own shape",
            ) from None
        self._set(new[()], read_value=True, given=value)
        return self

    def _set(self, new: Any, read_value: bool, given: Any = None) -> Variable | None:
        if active().recording is not None:
            self._index()
            tape_stack.note("assigned", given, self)
        old, self._v, self._seen = self._v, new, _STALE
        for listener in listening():
            listener("assign", self, old, new)
        return self if read_value else None

    def _put(self, new: Any) -> None:
        """Replace the value without calling the listeners."""
        self._v = new
        self._seen = _STALE

    def __hash__(self) -> int:
        raise TypeError(
            "Variable is unhashable. Instead, use variable.ref() as the key. "
            f"(Variable: {self!r})"
        )

    __iadd__ = _no("variable", "+", "assign_add(value)")
    __isub__ = _no("variable", "-", "assign_sub(value)")
    __imul__ = _no("var", "*", "assign(var * value)")
    __itruediv__ = _no("var", "/", "assign(var / value)")
    __ifloordiv__ = _no("var", "//", "assign(var // value)")
    __imod__ = _no("var", "%", "assign(var % value)")
    __ipow__ = _no("var", "**", "assign(var ** value)")

    def __repr__(self) -> str:
        self._index()
        if isinstance(self._name, WeightPath):
            return (
                f"<Variable path={self._name}, shape={tuple(self.shape)}, "
                f"dtype={self.dtype.name}, value={_bare(self._v)}>"
            )
        return (
            f"<tf.Variable '{self.name}' shape={tuple(self.shape)} "
            f"dtype={self.dtype.name}, numpy={_shown(self._v)}>"
        )

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        if spec:
            raise type_error(
                "unsupported format string passed to ResourceVariable.__format__",
                "format its number: f'{v.numpy():.2f}'",
            )
        return repr(self)


def sizes(shape: Any) -> str:
    """A shape as TensorFlow's messages write it: ``[2,3]``."""
    return str(list(shape)).replace(" ", "")


_STALE: tuple[Any, int] = (object(), -1)
"""What was seen of a variable that was assigned to since."""


def restored_tensor(value: Any) -> Tensor:
    """A tensor that was pickled: its value, without what a tape recorded."""
    return wrap(value)


def restored_variable(value: Any, trainable: bool, name: str) -> Variable:
    """A variable that was pickled."""
    made = Variable(wrap(value), trainable=trainable)
    made._name = name
    return made


def touch(v: Variable) -> int:
    """Let the tapes of this context see a variable; its index for them, or -1."""
    now = active()
    recording, index = now.recording, -1
    if recording is not None:
        key = id(v)
        leaf = recording.leaves.get(key)
        for tape in now.tapes:
            if key not in tape._watched and tape._is_recording:
                leaf = tape._notice(v, leaf)
        if leaf is not None and now.handle.recs is not None:
            index = leaf[1] if leaf[2] is v._v else recording.current_index(v)
    v._seen = (now.key, index)
    return index


def convert(value: Any, dtype: Any = None) -> Any:
    """A Tensor of ``value``; Python numbers become int32 and float32."""
    if isinstance(value, (Tensor, Variable)):
        if value.__class__ is Variable:
            value._index()
        if dtype is not None and value.dtype != dtype:
            have, want = value.dtype.name, dtypes.as_dtype(dtype).name
            raise value_error(
                f"Tensor conversion requested dtype {want} for Tensor with dtype "
                f"{have}: {value!r}",
                f"change the dtype first: tf.cast(value, tf.{want})",
            )
        return value
    if isinstance(value, (list, tuple)) and holds_tensors(value):
        return pack(value, dtype)
    if hasattr(value, "_dense"):
        return convert(value._dense(), dtype)
    return wrap(raw(value, None if dtype is None else dtypes.as_dtype(dtype)))


def holds_tensors(value: Any) -> bool:
    """Whether there is a tensor or variable in a list of lists."""
    return any(
        isinstance(v, (Tensor, Variable))
        or (isinstance(v, (list, tuple)) and holds_tensors(v))
        for v in value
    )


def pack(value: Any, dtype: Any = None) -> Any:
    """A list (of lists) with tensors in it as one tensor, connected to them."""
    like = dtype or _first_dtype(value)
    if dtype is not None:
        value = [_in_dtype(v, dtypes.as_dtype(dtype)) for v in value]
    items = [
        pack(v, like)
        if isinstance(v, (list, tuple))
        else convert(
            v, None if v.__class__ in (Tensor, Variable) and not dtype else like
        )
        for v in value
    ]
    for k, t in enumerate(items):
        if t.dtype != items[0].dtype:
            raise dtype_mismatch(NAMED["stack"], items[0].dtype, t.dtype, k)
    shapes = {np.shape(t._v) for t in items}
    if len(shapes) > 1:
        a, b = sorted(shapes)[:2]
        raise invalid_argument(
            f"Shapes of all inputs must match: values[0].shape = {list(a)} != "
            f"values[1].shape = {list(b)} [Op:Pack] name: packed",
            "tensors in one list must have one shape",
        )
    return call.stack(items, -1 - len(next(iter(shapes))))


def _in_dtype(v: Any, dtype: Any) -> Any:
    """A tensor in a list that becomes one of this dtype; anything else as it is."""
    if v.__class__ not in (Tensor, Variable) or v.dtype == dtype:
        return v
    real = dtype.np.kind in "fc" and v.dtype.np.kind in "fc"
    return call.cast(v, dtype.np, v.dtype.np) if real else call.cast_whole(v, dtype.np)


def _first_dtype(value: Any) -> Any:
    for v in value:
        if v.__class__ in (Tensor, Variable):
            return v.dtype
        if isinstance(v, (list, tuple)) and (found := _first_dtype(v)) is not None:
            return found
    return None


def no_value(do: str) -> ValueError:
    """The error for None where a number is wanted."""
    what = "Attempt to convert a value (None) with an unsupported type "
    return value_error(f"{what}(<class 'NoneType'>) to a Tensor.", do)


def raw(value: Any, dtype: DType | None = None) -> Any:
    """A NumPy scalar or array of a Python or NumPy value, always a copy."""
    kind = type(value)
    if kind is float:
        return (
            dtypes.float32 if dtype is None else _real(value, dtype)
        ).as_numpy_dtype(value)
    if kind is int:
        if dtype is None:
            dtype = dtypes.int32 if -(2**31) <= value < 2**31 else dtypes.int64
        return _plain_int(value, dtype)
    if value is None:
        raise no_value(
            "a function without return gives None; of a gradient that is None "
            "why(tape, y, x) says the reason"
        )
    return _array(value, dtype)


def _not_of(value: Any, dtype: DType, do: str) -> TypeError:
    what = f"Cannot convert {value!r} to EagerTensor of dtype {dtype.c_name}"
    return type_error(what, do)


def _real(value: float, dtype: DType) -> DType:
    if dtype.np.kind not in "fc":
        do = "write a whole number, or tf.cast the tensor to a float dtype"
        raise _not_of(value, dtype, do)
    return dtype


def _plain_int(value: int, dtype: DType) -> Any:
    if dtype.np.kind not in "iufc":
        truth = "write True or False, or tf.cast the tensor to a number"
        do = truth if dtype.is_bool else "str(value) makes text of a number"
        raise _not_of(value, dtype, do)
    try:
        return dtype.as_numpy_dtype(value)
    except OverflowError:
        raise value_error(
            f"Can't convert Python int {value} to Tensor of dtype {dtype.name}.",
            "tf.int64 holds greater numbers, floats greater ones still",
        ) from None


def _array(value: Any, dtype: DType | None) -> Any:
    if isinstance(value, (str, bytes)):
        return _text(value, dtype)
    try:
        a = np.array(value)
    except ValueError:
        raise value_error(
            "Can't convert non-rectangular Python sequence to Tensor.",
            "give every row as many entries as the others",
        ) from None
    if a.dtype.kind in "US" and not _all_text(np.array(value, object)):
        raise _mixture()
    if a.dtype.kind in "US" or (a.dtype == object and a.size and _all_text(a)):
        a = np.array(
            [s.encode() if isinstance(s, str) else bytes(s) for s in a.ravel()], object
        ).reshape(a.shape)
        return a if a.ndim else a[()]
    if a.dtype.kind == "c" and dtype is not None and dtype.np.kind != "c":
        do = "a complex number is wanted on neither side, or on both: tf.cast"
        raise _not_of(value, dtype, do)
    if a.dtype == object:
        raise value_error(
            f"Attempt to convert a value ({value!r}) with an unsupported type "
            f"({type(value)}) to a Tensor.",
            "numbers, arrays, and lists of them become tensors",
        )
    if dtype is not None:
        _fits(a, value, dtype)
        return a.astype(dtype.np)[()] if a.ndim == 0 else a.astype(dtype.np)
    if not isinstance(value, (np.ndarray, np.generic)):
        a = _narrow(a, value)
    return a if a.ndim else a[()]


def _fits(a: Any, value: Any, dtype: DType) -> None:
    """An error unless the entries of ``value`` can be converted to a dtype."""
    if not isinstance(value, (np.ndarray, np.generic)):
        if a.size and a.dtype.kind == "f" and dtype.np.kind not in "fc":
            _real(float(a.flat[0]), dtype)
        elif a.size and dtype.np.kind == "O":
            _plain_int(int(a.flat[0]), dtype)
    elif dtype.np.kind == "O":
        raise value_error(
            "Failed to convert a NumPy array to a Tensor (Unsupported object type "
            f"{a.dtype.type.__name__.rstrip('0123456789_')}).",
            "array.astype(str) makes text of numbers",
        )


def _rows_of(slices: Any) -> tuple[Any, Any]:
    """The coordinates and the values of an ``IndexedSlices``."""
    if not hasattr(slices, "indices"):
        raise type_error(
            f"sparse_delta is not IndexedSlices: {slices!r}",
            "tf.IndexedSlices(values, indices) says which rows they are for",
        )
    return np.asarray(slices.indices)[..., None], slices.values


def _all_text(a: Any) -> bool:
    return all(isinstance(s, (str, bytes)) for s in a.ravel())


class Text(bytes):
    """A string scalar that knows NumPy's dtype for it."""

    dtype = np.dtype(object)
    shape = ()
    ndim = 0
    size = 1

    __array_ufunc__ = None

    def __add__(self, other: Any) -> Any:
        joins = isinstance(other, bytes)
        if joins:
            return Text(bytes.__add__(self, other))
        return np.array(bytes(self), object) + other

    def __radd__(self, other: Any) -> Any:
        return other + np.array(bytes(self), object)


def _text(value: Any, dtype: DType | None) -> Any:
    if dtype is not None and dtype.name != "string":
        do = "a number is wanted here: float('3.0') makes one from a string"
        raise _not_of(value, dtype, do)
    return Text(value.encode() if isinstance(value, str) else value)


def _mixture() -> Exception:
    return value_error(
        "Can't convert Python sequence with mixed types to Tensor.",
        "numbers, bools or texts: one kind in one tensor",
    )


def _narrow(a: Any, value: Any) -> Any:
    """Python's floats and ints as float32 and int32, NumPy's as they are."""
    kinds = _leaves(value)
    if bool in kinds and len(kinds) > 1:
        raise _mixture()
    if a.dtype == np.float64 and np.float64 not in kinds:
        return a.astype(np.float32)
    if a.dtype == np.int64 and np.int64 not in kinds:
        fits = not a.size or (a.min() >= -(2**31) and a.max() < 2**31)
        return a.astype(np.int32) if fits else a
    return a


def _leaves(value: Any) -> set[Any]:
    if isinstance(value, (list, tuple)):
        return {k for v in value for k in _leaves(v)}
    return {value.dtype.type} if isinstance(value, np.ndarray) else {type(value)}


foreign_names.mark(Tensor, foreign_names.TENSOR | foreign_names.PLAIN_TENSOR)
foreign_names.mark(Variable, foreign_names.TENSOR)
