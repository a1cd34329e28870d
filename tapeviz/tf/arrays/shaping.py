"""Shape and order of the entries: reshape, transpose, stack, pad, tile, roll."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine import dtypes
from tapeviz.engine.arguments import (
    axes,
    common_shape,
    numbers,
    one_axis,
    plain,
    rank,
    same_dtype,
    sizes,
    whole,
)
from tapeviz.engine.dispatch import call
from tapeviz.engine.scopes import composite, grouped
from tapeviz.engine.tensor import Tensor, Variable, convert, holds_tensors, wrap
from tapeviz.errors import invalid_argument, value_error


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The same entries in another shape; one size may be -1.

    >>> import tapeviz as tf
    >>> tf.reshape([1, 2, 3, 4], [2, -1]).numpy().tolist()
    [[1, 2], [3, 4]]
    """
    t = convert(tensor)
    want = sizes(shape)
    size, known = int(np.size(t._v)), int(np.prod([n for n in want if n != -1]))
    open_, asked = want.count(-1), f"has {int(np.prod(want))}"
    if open_ == 1 and known:
        want = tuple(size // known if n == -1 else n for n in want)
        asked = f"requires a multiple of {known}"
    if open_ > 1:
        first, second = [i for i, n in enumerate(want) if n == -1][:2]
        raise invalid_argument(
            f"Only one input size may be -1, not both {first} and {second} "
            "[Op:Reshape]",
            "give all sizes but one",
        )
    if int(np.prod(want)) != size or -1 in want:
        raise invalid_argument(
            f"Input to reshape is a tensor with {size} values, but the requested "
            f"shape {asked} [Op:Reshape]",
            "the product of the sizes must stay the same",
        )
    return call.reshape(t, want)


def transpose(
    a: Any, perm: Any = None, conjugate: bool = False, name: str = "transpose"
) -> Tensor:
    """The axes reversed, or in the order of ``perm``.

    >>> import tapeviz as tf
    >>> tf.transpose([[1.0, 2.0], [3.0, 4.0]]).numpy()
    array([[1., 3.],
           [2., 4.]], dtype=float32)
    >>> tf.transpose(tf.zeros((2, 3, 4)), (2, 0, 1)).shape
    TensorShape([4, 2, 3])
    """
    t = convert(a)
    n = rank(t)
    order = tuple(reversed(range(n))) if perm is None else sizes(perm)
    if sorted(order) != list(range(n)):
        raise invalid_argument(
            f"transpose expects a vector of size {n}. But input(1) is a vector of "
            f"size {len(order)} [Op:Transpose]",
            f"perm must hold each of 0 to {n - 1} once",
        )
    if conjugate and t.dtype.is_complex:
        return _conjugated(t, order)
    return call.transpose(t, order)


@composite("transpose")
def _conjugated(t: Any, order: tuple[int, ...]) -> Tensor:
    return call.transpose(call.conj(t), order)


def expand_dims(input: Any, axis: Any, name: str | None = None) -> Tensor:
    """A new axis of size 1, which is axis number ``axis``.

    >>> import tapeviz as tf
    >>> tf.expand_dims([1.0, 2.0], 1).shape
    TensorShape([2, 1])
    """
    t = convert(input)
    at = one_axis(t, axis, "ExpandDims", extra=1) + rank(t) + 1
    return call.expand_dims(t, (*t.shape[:at], 1, *t.shape[at:]))


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Without the axes of size 1, all of them or those given.

    >>> import tapeviz as tf
    >>> tf.squeeze([[[1.0], [2.0]]]).numpy()
    array([1., 2.], dtype=float32)
    """
    t = convert(input)
    n = rank(t)
    if axis is None or not sizes(axis):
        gone = {i for i, size in enumerate(t.shape) if size == 1}
    else:
        gone = {a % n for a in axes(t, axis) or () if n}
    for i in gone:
        if t.shape[i] != 1:
            raise invalid_argument(
                f"Can not squeeze dim[{i}], expected a dimension of 1, got "
                f"{t.shape[i]} [Op:Squeeze]",
                "only axes of size 1 can be left out",
            )
    return call.squeeze(t, tuple(s for i, s in enumerate(t.shape) if i not in gone))


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """Stretched to a shape: axes of size 1 (or missing in front) are repeated.

    >>> import tapeviz as tf
    >>> tf.broadcast_to([1.0, 2.0], (2, 2)).numpy()
    array([[1., 2.],
           [1., 2.]], dtype=float32)
    """
    t, want = convert(input), sizes(shape)
    if common_shape(t.shape, want) != want:
        raise invalid_argument(
            f"Incompatible shapes: {t.shape.as_list()} vs. {list(want)} "
            "[Op:BroadcastTo]",
            "sizes must be equal or 1, axis by axis from the last",
        )
    return call.broadcast_to(t, want, 0)


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape side by side along a new axis.

    >>> import tapeviz as tf
    >>> tf.stack([1.0, 2.0]).numpy()
    array([1., 2.], dtype=float32)
    """
    with grouped("stack"):
        made = _alike(values, "stack")
    if not made:
        return wrap(np.zeros(0, np.float32))
    for k, t in enumerate(made):
        if t.shape != made[0].shape:
            raise invalid_argument(
                f"Shapes of all inputs must match: values[0].shape = "
                f"{made[0].shape.as_list()} != values[{k}].shape = "
                f"{t.shape.as_list()} [Op:Pack] name: stack",
                "tensors in one list must have one shape; tf.concat joins others",
            )
    return call.stack(made, one_axis(made[0], axis, "Pack", extra=1))


def _alike(values: Any, name: str, common: bool = True) -> list[Any]:
    """A list of values as tensors of one dtype, that of the first tensor in it.

    Without a tensor in it, it is the dtype of all numbers together (``common``), or
    that of the first.
    """
    known: Any = (v for v in values if isinstance(v, (Tensor, Variable)))
    like = next((v.dtype for v in known), None)
    like = like or (_common(values) if common else None)
    made: list[Any] = []
    for v in values:
        made.append(convert(v, None if isinstance(v, (Tensor, Variable)) else like))
        like = like or made[0].dtype
    return same_dtype(name, made)


def _common(values: Any) -> Any:
    """The dtype of Python numbers together; None where they are of several shapes."""
    try:
        return None if holds_tensors(values) else convert(list(values)).dtype
    except ValueError:
        return None


def concat(values: Any, axis: Any, name: str = "concat") -> Tensor:
    """Tensors one behind the other along an axis that they have already.

    >>> import tapeviz as tf
    >>> tf.concat([[1, 2], [3]], axis=0).numpy()
    array([1, 2, 3], dtype=int32)
    """
    if not isinstance(values, (list, tuple)):
        return call.identity(values)
    with grouped("concat"):
        made = _alike(values, "concat", common=False)
    if not made:
        raise invalid_argument(
            "ConcatOp : there is nothing to join [Op:ConcatV2] name: concat"
        )
    if rank(made[0]) == 0:
        raise invalid_argument(
            "ConcatOp : Expected concatenating dimensions in the range [0, 0), but "
            f"got {whole(axis)} [Op:ConcatV2] name: concat",
            "scalars have no axis: tf.stack makes a vector of them",
        )
    at = one_axis(made[0], axis, "ConcatV2")
    _concat_fits(made, at)
    return call.concat(made, at)


def _concat_fits(made: list[Any], at: int) -> None:
    """Whether all have one rank, and one size along each axis but that of joining."""
    one = made[0].shape.as_list()
    for k, t in enumerate(made):
        other = t.shape.as_list()
        pairs = enumerate(zip(one, other, strict=False))
        apart = [i for i, (n, m) in pairs if n != m and i != at % len(one)]
        if len(other) != len(one):
            wrong = "Ranks of all input tensors should match"
        elif apart:
            wrong = f"Dimension {apart[0]} in both shapes must be equal"
        else:
            continue
        shapes = f"shape[0] = {one} vs. shape[{k}] = {other}".replace(", ", ",")
        raise invalid_argument(
            f"ConcatOp : {wrong}: {shapes} [Op:ConcatV2] name: concat",
            "the shapes may differ only along the axis of joining",
        )


@composite("split")
def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None,
    name: str = "split",
) -> list[Tensor]:  # fmt: skip
    """The parts of a tensor along an axis: so many equal ones, or of the sizes given.

    >>> import tapeviz as tf
    >>> [t.numpy().tolist() for t in tf.split([1, 2, 3, 4], [1, 3])]
    [[1], [2, 3, 4]]
    """
    t = convert(value)
    at = one_axis(t, axis, "Split")
    total = t.shape[at]
    if np.ndim(plain(num_or_size_splits)) == 0:
        n = whole(num_or_size_splits)
        if n <= 0 or total % n:
            raise invalid_argument(
                "Number of ways to split should evenly divide the split dimension, "
                f"but got split_dim {whole(axis)} (size = {total}) and num_split "
                f"{n} [Op:Split] name: split",
                "give the sizes of the parts as a list",
            )
        parts = [total // n] * n
    else:
        given = sizes(num_or_size_splits)
        rest = total - sum(p for p in given if p >= 0)
        parts = [rest if p == -1 else p for p in given]
        if sum(parts) != total:
            raise invalid_argument(
                "Determined shape must either match input shape along split_dim "
                f"exactly if fully specified, Got: {sum(parts)} [Op:SplitV] "
                "name: split",
                f"the sizes must add up to {total}",
            )
    starts = np.cumsum([0, *parts])
    return [call.narrow(t, int(s), p, at) for s, p in zip(starts, parts, strict=False)]


@composite("unstack")
def unstack(
    value: Any, num: Any = None, axis: Any = 0, name: str = "unstack"
) -> list[Tensor]:
    """The entries of a tensor along an axis, as a list.

    >>> import tapeviz as tf
    >>> [t.numpy() for t in tf.unstack([[1, 2], [3, 4]])]
    [array([1, 2], dtype=int32), array([3, 4], dtype=int32)]
    """
    t = convert(value)
    at = one_axis(t, axis, "Unpack")
    if num is not None and whole(num) != t.shape[at]:
        raise invalid_argument(
            f"Input shape axis {whole(axis)} must equal {whole(num)}, got shape "
            f"{t.shape.as_list()} [Op:Unpack]",
            "leave num out",
        )
    return [call.pick_at(t, k, at) for k in range(t.shape[at])]


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """The tensor repeated as a whole, so often along each axis.

    >>> import tapeviz as tf
    >>> tf.tile([1, 2], [2]).numpy()
    array([1, 2, 1, 2], dtype=int32)
    """
    t, times = convert(input), sizes(multiples)
    if len(times) != rank(t) or min(times, default=0) < 0:
        raise invalid_argument(
            f"Expected multiples argument to be a vector of length {rank(t)} but "
            f"got {list(times)} [Op:Tile]",
            "one number per axis, none of them negative",
        )
    return call.tile(t, times)


@composite("repeat")
def repeat(
    input: Any, repeats: Any, axis: Any = None, name: str | None = None
) -> Tensor:
    """Each entry repeated, all equally often or each as often as it says.

    Without an axis the tensor is flattened first.

    >>> import tapeviz as tf
    >>> tf.repeat([3, 4], repeats=[1, 2]).numpy()
    array([3, 4, 4], dtype=int32)
    """
    t = convert(input)
    if axis is None or not rank(t):
        t = call.reshape(t, (int(np.size(t._v)),))
    at = one_axis(t, 0 if axis is None else axis, "Repeat")
    times = np.array(sizes(repeats))
    if len(times) not in (1, t.shape[at]) or np.any(times < 0):
        raise invalid_argument(
            f"repeats {times.tolist()} do not fit {t.shape[at]} entries [Op:Repeat]",
            "give one number, or one for each entry, none of them negative",
        )
    times = np.broadcast_to(times, (t.shape[at],))
    return call.repeat(t, np.repeat(np.arange(t.shape[at]), times), at)


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """The entries in the opposite order along the axes.

    >>> import tapeviz as tf
    >>> tf.reverse([[1, 2], [3, 4]], axis=[1]).numpy()
    array([[2, 1],
           [4, 3]], dtype=int32)
    """
    t = convert(tensor)
    n, given = rank(t), sizes(axis)
    if not n:
        return call.reverse(t, ())
    found = tuple(a % n for a in given)
    for at, bad in ((i, a) for i, a in enumerate(given) if not -n <= a < n):
        raise invalid_argument(
            f"'axis'[{at}] = {bad} is out of valid range [0, {n - 1}] [Op:ReverseV2]",
            f"axes run from 0 to {n - 1}",
        )
    for a in found:
        if found.count(a) > 1:
            raise invalid_argument(
                f"axis {a} specified more than once. [Op:ReverseV2]",
                "name each axis once",
            )
    return call.reverse(t, tuple(a - n for a in found))


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """The entries moved on; those that leave at the end come in at the start.

    >>> import tapeviz as tf
    >>> tf.roll([1, 2, 3, 4], shift=1, axis=0).numpy()
    array([4, 1, 2, 3], dtype=int32)
    """
    t = convert(input)
    n, moves, given = rank(t), sizes(shift), sizes(axis)
    wrong = [a for a in given if not -n <= a < n]
    if not n:
        problem = "input must be 1-D or higher", "a scalar has no entries to move"
    elif len(moves) != len(given):
        problem = (
            "shift and axis must have the same size",
            f"there are {len(moves)} of one and {len(given)} of the other",
        )
    elif wrong:
        problem = f"axis {wrong[0]} is out of range", f"axes run from 0 to {n - 1}"
    else:
        return call.roll(t, moves, tuple(a % n - n for a in given))
    what, advice = problem
    raise invalid_argument(f"{what} [Op:Roll]", advice)


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """More entries around: ``paddings[i]`` is ``[before, after]`` for axis ``i``.

    ``mode`` is ``"CONSTANT"``, ``"REFLECT"`` (mirrored, without the border) or
    ``"SYMMETRIC"`` (mirrored, with it).

    >>> import tapeviz as tf
    >>> tf.pad([1, 2, 3], [[1, 2]], "REFLECT").numpy()
    array([2, 1, 2, 3, 2, 1], dtype=int32)
    """
    t = convert(tensor)
    pairs = numbers(paddings)
    if np.ndim(pairs) != 2 or pairs.shape[1] != 2 or np.any(pairs < 0):
        raise invalid_argument(
            f"paddings must be a matrix with 2 columns: {np.shape(pairs)}, none of "
            "them negative [Op:Pad]",
            "one pair [before, after] per axis",
        )
    widths = tuple((int(a), int(b)) for a, b in pairs)
    if len(widths) != rank(t):
        raise invalid_argument(
            "The first dimension of paddings must be the rank of inputs"
            f"[{len(widths)},2] {t.shape.as_list()} [Op:Pad]",
            "one pair [before, after] per axis",
        )
    kind = mode.upper()
    if kind == "CONSTANT":
        value = plain(constant_values)
        return call.pad(t, widths, value.item() if hasattr(value, "item") else value)
    if kind not in ("REFLECT", "SYMMETRIC"):
        raise value_error(
            "Value of argument `mode` expected to be one of 'CONSTANT', 'REFLECT', "
            f"or 'SYMMETRIC'. Received `mode` = {mode!r}"
        )
    return _mirrored(t, widths, kind.lower())


@composite("pad")
def _mirrored(x: Any, widths: Any, mode: Any) -> Tensor:
    t: Tensor = x
    for i, pair in enumerate(widths):
        _room_to_mirror(mode, pair, t.shape[i])
        if any(pair):
            ids = np.pad(np.arange(t.shape[i]), pair, mode=mode)
            t = call.mirror_pad(t, ids, i - rank(t))
    return t


def _room_to_mirror(mode: str, pair: tuple[int, int], size: int) -> None:
    """An error where there is less to mirror than is asked for."""
    reflects = mode == "reflect"
    if max(pair) <= size - reflects:
        return
    most, fails = ("less than", "not less") if reflects else ("no greater", "greater")
    raise invalid_argument(
        f"paddings must be {most}{'' if reflects else ' than'} the dimension size: "
        f"{pair[0]}, {pair[1]} {fails} than {size} [Op:MirrorPad]",
        f"this axis has {size} entries to mirror",
    )


@composite("meshgrid")
def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Tensor]:
    """Coordinates of all the points of a grid, one tensor per given vector.

    >>> import tapeviz as tf
    >>> x, y = tf.meshgrid([1, 2, 3], [10, 20])
    >>> x.numpy().tolist(), y.numpy().tolist()
    ([[1, 2, 3], [1, 2, 3]], [[10, 10, 10], [20, 20, 20]])
    """
    if indexing not in ("xy", "ij"):
        raise value_error(
            "Argument `indexing` parameter must be either 'xy' or 'ij', got "
            f"'{indexing}'"
        )
    n = len(args)
    order = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else list(range(n))
    given = [convert(a) for a in args]
    shape = tuple(int(np.size(given[order[i]]._v)) for i in range(n))
    made = []
    for k, t in enumerate(given):
        line = [1] * n
        line[order.index(k)] = int(np.size(t._v))
        made.append(call.broadcast_to(call.reshape(t, tuple(line)), shape, 0))
    return made


def identity(input: Any, name: str | None = None) -> Tensor:
    """A copy that stays connected: the gradient passes on unchanged.

    >>> import tapeviz as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = 2.0 * tf.identity(x)
    >>> float(tape.gradient(y, x))
    2.0
    """
    return call.identity(input)


@composite("identity_n")
def identity_n(input: Any, name: str | None = None) -> list[Tensor]:
    """Copies of a list of tensors, all connected.

    >>> import tapeviz as tf
    >>> [t.numpy() for t in tf.identity_n([tf.constant(1), tf.constant([2, 3])])]
    [np.int32(1), array([2, 3], dtype=int32)]
    """
    made = [call.identity(t) for t in input]
    if not made:
        what = "Length for attr 'T' of 0 must be at least minimum 1 [Op:IdentityN]"
        raise invalid_argument(what, "give a list with at least one tensor")
    return made


def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """The same value, through which no gradient passes: it counts as a constant.

    >>> import tapeviz as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x * tf.stop_gradient(x)
    >>> float(tape.gradient(y, x))
    3.0
    """
    return call.stop_gradient(input)


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """``x``, or an error if it has another shape (None stands for any size).

    >>> import tapeviz as tf
    >>> tf.ensure_shape(tf.constant([1.0, 2.0]), [None]).numpy()
    array([1., 2.], dtype=float32)
    """
    t = convert(x)
    want = list(t.shape if shape is None else shape)
    if len(want) != rank(t) or any(
        w not in (None, n) for w, n in zip(want, t.shape, strict=True)
    ):
        raise invalid_argument(
            f"Shape of tensor x {t.shape.as_list()} is not compatible with "
            f"expected shape {want}. [Op:EnsureShape]"
        )
    return call.identity(t)


def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = "int32",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Where in a sorted vector each value would be put in.

    >>> import tapeviz as tf
    >>> tf.searchsorted([1.0, 3.0, 5.0], [2.0, 3.0]).numpy()
    array([1, 1], dtype=int32)
    """
    kind: Any = side
    places, wanted = convert(sorted_sequence), convert(values)
    if places.shape[:-1] != wanted.shape[:-1]:
        raise invalid_argument(
            "Leading dim_size of both tensors must match. [Op:LowerBound]",
            "each row of values belongs to one row of the sorted sequence",
        )
    rows = zip(_lines(places), _lines(wanted), strict=True)
    found = [np.searchsorted(line, v, kind) for line, v in rows]
    return wrap(np.reshape(found, wanted.shape).astype(dtypes.as_dtype(out_type).np))


def _lines(t: Any) -> Any:
    """The last axes of a tensor, one below the other."""
    if not rank(t):
        raise invalid_argument(
            "Shape must be at least rank 1 but is rank 0 [Op:LowerBound]",
            "give a list of numbers",
        )
    return np.reshape(t._v, (-1, t.shape[-1]))
