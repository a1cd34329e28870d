"""Lines of code that use one op each, drawn: its operands, shapes, dtypes, settings.

Every op of the registry has a way to be written, by the signature it has: a table of
strategies, one per signature. A line is Python text, so that it runs on two engines and
can be run by hand.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

import tapeviz
from tapeviz.engine.ops import NAMED, TABLE
from tapeviz.engine.primitives import Op

Shape = tuple[int, ...]
Array = Any
Draw = st.DrawFn

SPACES = ("math", "", "nn", "linalg", "image")

SPELT = {
    "power": "tf.pow", "mod": "tf.math.floormod", "logical_xor": "tf.math.logical_xor",
    "clip": "tf.clip_by_value", "atan2": "tf.math.atan2", "where": "tf.where",
    "variance": "tf.math.reduce_variance", "std": "tf.math.reduce_std",
    "norm": "tf.math.reduce_euclidean_norm", "broadcast_to": "tf.broadcast_to",
    "T": "tf.linalg.matrix_transpose", "pick_at": "tf.unstack", "narrow": "tf.slice",
    "mirror_pad": "tf.pad", "gather_rows": "tf.gather", "matmul": "tf.matmul",
    "scatter": "tf.math.unsorted_segment_sum",
    "softmax_cross_entropy": "tf.nn.softmax_cross_entropy_with_logits",
    "sparse_softmax_cross_entropy": "tf.nn.sparse_softmax_cross_entropy_with_logits",
    "sigmoid_cross_entropy": "tf.nn.sigmoid_cross_entropy_with_logits",
    "check_numerics": "tf.debugging.check_numerics", "cast_whole": "tf.cast",
}  # fmt: skip
"""Where the public name is not that of the registry."""

WORDS = frozenset((
    "variable", "watched", "read", "positive", "nonzero", "zero", "sqrt_grad",
    "quotient", "product", "gate",
    "leak", "cdf", "bell", "expand_reduced", "shares", "unbroadcast", "put",
    "place_at", "widen",
    "trim", "untile", "along", "put_along", "unit", "band", "hot", "part", "custom",
    "even", "half", "gaps", "eigenvalues", "eigenvectors", "singular", "left", "right",
    "orthogonal", "upper",
    "complex", "real", "imag", "conj", "angle", "pick",
))  # fmt: skip
"""Ops that are no function of their own: leaves and words of rules (second gradients
run them), what the learner writes, complex numbers, indexing, and results whose sign is
free: tried elsewhere."""


def spelt(op: Op) -> str:
    """The public name of an op."""
    if op.name in SPELT:
        return SPELT[op.name]
    for name in (op.name, f"reduce_{op.name}"):
        for space in SPACES:
            room = getattr(tapeviz, space) if space else tapeviz
            if name in dir(room):
                return f"tf.{space}.{name}" if space else f"tf.{name}"
    raise LookupError(f"how is {op.name} written? Say so in SPELT")


@dataclass(frozen=True)
class Expression:
    """An expression in ``tf`` and its operands' names, and the operands."""

    text: str
    operands: dict[str, Array]
    forms: tuple[str, ...]

    def __repr__(self) -> str:
        named = zip(self.operands.items(), self.forms, strict=True)
        given = ", ".join(f"{n}={form} {v!r}" for (n, v), form in named)
        return f"{self.text} with {given}"

    def given(self, tf: Any) -> dict[str, Any]:
        """The operands as each is handed in."""
        named = zip(self.operands.items(), self.forms, strict=True)
        return {n: FORMS[form](tf, v) for (n, v), form in named}


def _locked(v: Array) -> Array:
    v = np.array(v)
    v.flags.writeable = False
    return v


FORMS: dict[str, Callable[[Any, Array], Any]] = {
    "watched": lambda tf, v: tf.constant(v),
    "variable": lambda tf, v: tf.Variable(v),
    "constant": lambda tf, v: tf.constant(v),
    "array": lambda _tf, v: _locked(v),
    "list": lambda _tf, v: v.tolist(),
}
"""How an operand is handed in; only the first two are sources of gradients."""


# -- shapes ----------------------------------------------------------------------------

SHAPES: tuple[Shape, ...] = (
    (3,), (), (2, 3), (1,), (4,), (2, 1, 3), (2, 2, 2), (0,), (0, 3), (2, 0),
)  # fmt: skip
PAIRS: tuple[tuple[Shape, Shape], ...] = (
    ((3,), (3,)), ((), ()), ((2, 3), (2, 3)), ((2, 3), ()), ((), (2, 3)),
    ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((1,), ()), ((1,), (3,)),
    ((2, 1, 2), (3, 1)), ((0,), (0,)), ((0, 3), (3,)), ((0,), (1,)), ((2, 0), (1, 1)),
    ((2,), (3,)),
)  # fmt: skip
TRIPLES: tuple[tuple[Shape, Shape, Shape], ...] = (
    ((3,), (3,), (3,)), ((), (), ()), ((2, 3), (2, 3), (2, 3)), ((2, 3), (), (3,)),
    ((3,), (2, 3), (2, 1)), ((2, 1), (1, 3), ()), ((0,), (0,), ()),
)  # fmt: skip
AROUND: tuple[tuple[Shape, Shape, Shape], ...] = (
    ((3,), (), ()), ((), (), ()), ((2, 3), (2, 3), (2, 3)), ((2, 3), (3,), ()),
    ((2, 3), (2, 1), (1, 3)), ((0,), (), ()),
)  # fmt: skip
"""For clip, whose borders may not be larger than what they border."""

PRODUCTS: tuple[tuple[Shape, Shape], ...] = (
    ((2, 3), (3, 2)), ((1, 1), (1, 1)), ((1, 3), (3, 1)), ((2, 2, 3), (2, 3, 1)),
    ((2, 3), (2, 3, 2)), ((2, 1, 1, 3), (2, 3, 1)), ((0, 3), (3, 2)), ((2, 0), (0, 3)),
    ((2, 3), (2, 3)),
)  # fmt: skip
SQUARES: tuple[Shape, ...] = ((3, 3), (1, 1), (2, 2), (2, 2, 2), (2, 3, 3), (1, 3, 3))
MATRICES: tuple[Shape, ...] = (*SQUARES, (2, 3), (3, 2), (2, 3, 2), (0, 2))
SYSTEMS: tuple[tuple[Shape, Shape], ...] = (
    ((2, 2), (2, 1)), ((3, 3), (3, 2)), ((2, 2, 2), (2, 2, 3)), ((1, 1), (1, 1)),
)  # fmt: skip


# -- numbers ---------------------------------------------------------------------------

EDGES = (
    0.0, 1.0, -1.0, 0.5, 2.0, -0.5, 6.0, 3.0, -2.0, -0.0, 0.3, -1.7, 0.25, 1.3, -0.8,
    0.7, 2.6, 1e-3, 12.0, -30.0, 100.0, -1000.0, 1e-7,
)  # fmt: skip
"""Corners, ties, holes, and numbers between them."""

WILD = (math.inf, -math.inf, math.nan, *EDGES[:8])
UNIT = (0.3, -0.7, 0.0, 0.9, 1.0, -1.0, -0.2, 0.55)
TAME = (0.3, -0.7, 1.1, 0.9, 1.6, -1.2, -0.2, 0.55, 2.0, -1.9, 0.05)
GAMMA = (1.0, 0.5, 2.0, 3.3, 1e-2, 7.0, 12.5, 100.0, 1.46)
WHOLE = (0, 1, 2, -1, 3, -3, 7)
POOLS: dict[str, tuple[float, ...]] = {
    "lgamma": GAMMA, "digamma": GAMMA, "polygamma": GAMMA,
    "asin": UNIT, "acos": UNIT, "atanh": UNIT,
    "adjust_contrast": TAME, "det": TAME, "inv": TAME, "solve": TAME,
    "softmax_cross_entropy": TAME,
    # TensorFlow's erf of an infinite float64 is nan.
    "erf": EDGES,
    # The spread of equal numbers is 0, or else only rounding.
    "std": (0.0, 1.0, -1.0, 0.5, 2.0, -0.5, 6.0, 3.0, -2.0, 0.25, 8.0),
    # Beside an infinite entry, ours gives the other entries another of nan, inf and 0.
    "logsumexp": EDGES, "variance": EDGES,
}  # fmt: skip
"""Where any number is not what is asked about."""

DTYPES = ("float64", "float32", "float64", "int32")


def numbers(draw: Draw, shape: Shape, dtype: str, pool: tuple[float, ...]) -> Array:
    """An array of drawn numbers."""
    size = math.prod(shape)
    if dtype.startswith("int"):
        pool = WHOLE
    some = draw(st.lists(st.sampled_from(pool), min_size=size, max_size=size))
    return np.array(some, dtype).reshape(shape)


def solid(draw: Draw, shape: Shape, dtype: str) -> Array:
    """Square matrices far from singular."""
    a = numbers(draw, shape, dtype, TAME)
    return a + 4 * np.eye(shape[-1], dtype=dtype)


# -- a strategy for each signature -----------------------------------------------------

Strategy = Callable[[Draw, Op, str], tuple[str, dict[str, Array]]]


def any_of(draw: Draw, options: Any) -> Any:
    return draw(st.sampled_from(options))


def _pool(draw: Draw, op: Op) -> tuple[float, ...]:
    return POOLS.get(op.name) or any_of(draw, (EDGES, EDGES, EDGES, WILD))


def _fill(draw: Draw, op: Op, dtype: str, shapes: dict[str, Shape]) -> dict[str, Array]:
    pool = _pool(draw, op)
    return {n: numbers(draw, shape, dtype, pool) for n, shape in shapes.items()}


def _plain(options: tuple[Any, ...], names: str, tail: str = "") -> Strategy:
    """Operands of drawn shapes, in the order of ``names``."""

    def write(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
        shapes = any_of(draw, options)
        shapes = shapes if len(names) > 1 else (shapes,)
        given = _fill(draw, op, dtype, dict(zip(names, shapes, strict=True)))
        return f"{spelt(op)}({', '.join(names)}{tail})", given

    return write


def _axis(draw: Draw, rank: int, *, several: bool = True) -> str:
    """An axis, several, or none, as Python."""
    options: list[Any] = [*range(rank), *range(-rank, 0)]
    if several:
        many = [
            [*axes]
            for n in range(rank + 1)
            for axes in itertools.combinations(range(rank), n)
        ]
        options = [None, *options, *many]
    return repr(any_of(draw, options or [0]))


def _fold(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    given = _fill(draw, op, dtype, {"x": any_of(draw, SHAPES)})
    if op.name in ("any", "all"):
        given["x"] = given["x"] > 0
    axis, keep = _axis(draw, given["x"].ndim), draw(st.booleans())
    return f"{spelt(op)}(x, axis={axis}, keepdims={keep})", given


def _along(tail: str = "") -> Strategy:
    def write(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
        given = _fill(draw, op, dtype, {"x": any_of(draw, SHAPES)})
        flags = {"e": draw(st.booleans()), "r": draw(st.booleans())}
        axis = _axis(draw, given["x"].ndim, several=False)
        return f"{spelt(op)}(x, axis={axis}{tail.format(**flags)})", given

    return write


def _several(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    """A list of tensors of one shape, and the axis they meet at."""
    shape = any_of(draw, SHAPES if op.name != "concat" else SHAPES[2:])
    names = ["a", "b", "x"][: draw(st.integers(1, 3))]
    given = _fill(draw, op, dtype, dict.fromkeys(names, shape))
    rank = len(shape) + (op.name == "stack")
    tail = "" if op.name == "add_n" else f", axis={_axis(draw, rank, several=False)}"
    return f"{spelt(op)}([{', '.join(names)}]{tail})", given


def _condition(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    text, given = _plain(TRIPLES, "cab")(draw, op, dtype)
    given["c"] = given["c"] > 0.4
    return text, given


def _logical(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    names, options = ("x", SHAPES) if op.operands == ("x",) else ("ab", PAIRS)
    text, given = _plain(options, names)(draw, op, dtype)
    return text, {n: v > 0.4 for n, v in given.items()}


def _resize(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    given = _fill(draw, op, dtype, {"x": any_of(draw, SHAPES)})
    shape = given["x"].shape
    size = math.prod(shape)
    choices = {
        "reshape": [[size], [-1], [1, size], [size, 1, 1], [*reversed(shape)], []],
        "expand_dims": [*range(len(shape) + 1), *range(-len(shape) - 1, 0)],
        "transpose": [None, *map(list, itertools.permutations(range(len(shape))))],
        "broadcast_to": [[*shape], [2, *shape], [3, 1, *shape], [2, 3], [0, 3]],
    }  # fmt: skip
    return f"{spelt(op)}(x, {any_of(draw, choices[op.name])!r})", given


def _squeeze(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    shape = any_of(draw, ((1,), (2, 1, 3), (1, 1), (1, 0), (3,)))
    given = _fill(draw, op, dtype, {"x": shape})
    return f"tf.squeeze(x, axis={_axis(draw, len(shape))})", given


def _each_axis(low: int, high: int) -> Strategy:
    """One whole number per axis: tile."""

    def write(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
        given = _fill(draw, op, dtype, {"x": any_of(draw, SHAPES)})
        many = [draw(st.integers(low, high)) for _ in given["x"].shape]
        return f"{spelt(op)}(x, np.array({many!r}, 'int32'))", given

    return write


def _reverse(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    given = _fill(draw, op, dtype, {"x": any_of(draw, SHAPES)})
    axes = draw(st.sets(st.integers(0, max(0, given["x"].ndim - 1)), max_size=2))
    return f"tf.reverse(x, np.array({sorted(axes)!r}, 'int32'))", given


def _roll(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    given = _fill(draw, op, dtype, {"x": any_of(draw, SHAPES)})
    rank = given["x"].ndim
    if draw(st.booleans()):
        axis = _axis(draw, rank, several=False)
        return f"tf.roll(x, {draw(st.integers(-4, 4))}, {axis})", given
    return f"tf.roll(x, [1, -2], [0, {rank - 1}])", given


def _padding(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    full = [s for s in SHAPES if 0 not in s]
    shape = any_of(draw, full if op.name == "mirror_pad" else SHAPES)
    given = _fill(draw, op, dtype, {"x": shape})
    if op.name == "mirror_pad":
        mode = any_of(draw, ("REFLECT", "SYMMETRIC"))
        most = [max(0, n - (mode == "REFLECT")) for n in shape]
    else:
        mode, most = "CONSTANT", [2] * len(shape)
    widths = [[draw(st.integers(0, min(2, n))) for _ in range(2)] for n in most]
    table = f"np.array({widths!r}, 'int32').reshape(-1, 2)"
    value = f", constant_values={any_of(draw, (0, 5))}" if mode == "CONSTANT" else ""
    return f"tf.pad(x, {table}, '{mode}'{value})", given


def _part(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    given = _fill(draw, op, dtype, {"x": any_of(draw, SHAPES)})
    begin = [draw(st.integers(0, n)) for n in given["x"].shape]
    size = [
        any_of(draw, (-1, *range(n - b + 1)))
        for b, n in zip(begin, given["x"].shape, strict=True)
    ]
    return f"tf.slice(x, np.array({begin}, 'int32'), np.array({size}, 'int32'))", given


def _ids(draw: Draw, size: int, shape: Shape) -> str:
    many = math.prod(shape)
    one = st.integers(0, max(0, size - 1))
    some = draw(st.lists(one, min_size=many, max_size=many))
    return f"np.array({some!r}, 'int32').reshape({shape!r})"


def _gather(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    full = [s for s in SHAPES if s and 0 not in s]
    given = _fill(draw, op, dtype, {"x": any_of(draw, full)})
    axis = draw(st.integers(0, given["x"].ndim - 1))
    if op.name == "gather_rows":
        axis = 0
    ids = _ids(
        draw, given["x"].shape[axis], any_of(draw, ((2,), (), (3,), (2, 2), (0,)))
    )
    operand = "x" if op.name == "gather_rows" else any_of(draw, ("x", "(x * 1)"))
    return f"tf.gather({operand}, {ids}, axis={axis})", given


def _points(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    shape = any_of(draw, ((3,), (2, 3), (2, 1, 3), (2, 2, 2)))
    deep = draw(st.integers(1, len(shape)))
    count = any_of(draw, (2, 1, 3, 0))
    columns = [_ids(draw, n, (count,)) for n in shape[:deep]]
    ids = f"np.stack([{', '.join(columns)}], -1)"
    if op.name == "gather_nd":
        given = _fill(draw, op, dtype, {"x": shape})
        return f"tf.gather_nd(x, {ids})", given
    given = _fill(draw, op, dtype, {"x": (count, *shape[deep:])})
    return f"tf.scatter_nd({ids}, x, {[*shape]!r})", given


def _segments(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    shape = any_of(draw, ((3,), (2, 3), (4,), (0, 3)))
    given = _fill(draw, op, dtype, {"x": shape})
    ids = _ids(draw, 3, shape[:1])
    return f"{spelt(op)}(x, {ids}, {any_of(draw, (3, 4))})", given


def _repeat(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    shape = any_of(draw, ((3,), (2, 3), (), (2, 1, 3)))
    given = _fill(draw, op, dtype, {"x": shape})
    axis = any_of(draw, (None, *range(len(shape))))
    times: Any = draw(st.integers(0, 3))
    if axis is not None and draw(st.booleans()):
        times = [draw(st.integers(0, 2)) for _ in range(shape[axis])]
    return f"tf.repeat(x, {times!r}, axis={axis})", given


def _order(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    pool = tuple(e for e in EDGES if e or math.copysign(1, e) > 0)
    shape = any_of(draw, ((3,), (2, 3), (4,), (2, 2, 2)))
    given = {"x": numbers(draw, shape, dtype, pool)}
    if op.name == "top_k":
        return f"tf.math.top_k(x, {draw(st.integers(0, shape[-1]))}).values", given
    strategy_for = any_of(draw, ("ASCENDING", "DESCENDING"))
    axis = _axis(draw, len(shape), several=False)
    return f"tf.sort(x, axis={axis}, direction='{strategy_for}')", given


EQUATIONS = (
    ("ij,jk->ik", (2, 3), (3, 2)), ("i,i->", (3,), (3,)), ("i,j->ij", (2,), (3,)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 1)), ("ij,i->i", (2, 3), (2,)),
    ("ij,ij->j", (2, 3), (2, 3)), ("...i,i->...", (2, 2, 3), (3,)),
    ("ij,jk", (1, 3), (3, 1)), ("ab,cb->ca", (2, 3), (4, 3)), ("ij,j->i", (0, 3), (3,)),
)  # fmt: skip
DOTS = (
    ("1", (2, 3), (3, 2)), ("1", (3,), (3,)), ("0", (2,), (3,)), ("2", (2, 3), (2, 3)),
    ("[[0], [0]]", (3, 2), (3, 1)), ("[[1, 0], [0, 1]]", (2, 3), (3, 2)),
    ("[[2], [1]]", (2, 1, 3), (2, 3)), ("1", (0, 3), (3, 2)),
)  # fmt: skip


def _product(table: tuple[Any, ...], text: str) -> Strategy:
    def write(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
        how, *shapes = any_of(draw, table)
        given = _fill(draw, op, dtype, dict(zip("ab", shapes, strict=True)))
        return text.format(how), given

    return write


def _solid(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    if op.operands == ("x",):
        given = {"x": solid(draw, any_of(draw, SQUARES), dtype)}
        return f"{spelt(op)}(x)", given
    one, two = any_of(draw, SYSTEMS)
    given = {"a": solid(draw, one, dtype), "b": numbers(draw, two, dtype, TAME)}
    return f"{spelt(op)}(a, b, adjoint={draw(st.booleans())})", given


def _positive(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    """A symmetric matrix of positive eigenvalues."""
    a = numbers(draw, any_of(draw, SQUARES), dtype, TAME)
    b = a @ np.swapaxes(a, -1, -2) + np.eye(a.shape[-1], dtype=dtype)
    return f"{spelt(op)}(x)", {"x": b}


def _orders(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    given = _fill(draw, op, dtype, {"x": any_of(draw, SHAPES)})
    n = draw(st.integers(0, 3))
    return f"tf.math.polygamma(tf.constant({n}, x.dtype), x)", given


def _image(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    """Floats: images of whole numbers are scaled, which we do not do."""
    kind = dtype if dtype.startswith("float") else "float32"
    shape = any_of(draw, ((2, 2, 1), (2, 1, 2, 2)))
    return f"{spelt(op)}(x, 1.5)", _fill(draw, op, kind, {"x": shape})


def _band(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    given = _fill(draw, op, dtype, {"x": any_of(draw, MATRICES)})
    low, high = draw(st.integers(-1, 2)), draw(st.integers(-1, 2))
    most = min(given["x"].shape[-2:])
    return f"tf.linalg.band_part(x, {min(low, most)}, {min(high, most)})", given


def _classes(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    shape = any_of(draw, ((3,), (2, 3), (1, 3), (2, 2, 3), (0, 3)))
    given = {"b": numbers(draw, shape, dtype, _pool(draw, op))}
    if op.name.startswith("sparse"):
        return f"{spelt(op)}({_ids(draw, 3, shape[:-1])}, b)", given
    given["a"] = numbers(draw, shape, dtype, (0.2, 0.0, 1.0, 0.5, 0.3))
    return f"{spelt(op)}(a, b)", given


def _cast(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    whole = ("int32", "int64", "bool")
    kinds = whole if op.name == "cast_whole" else ("float64", "float32", "float16")
    given = {"x": numbers(draw, any_of(draw, SHAPES), dtype, EDGES)}
    return f"tf.cast(x, tf.{any_of(draw, kinds)})", given


def _one(tail: str = "", options: tuple[Shape, ...] = SHAPES) -> Strategy:
    return _plain(options, "x", tail)


def _slope(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    tail = any_of(draw, ("", ", alpha=0.1", ", alpha=0.0", ", alpha=0.5"))
    return _one(tail)(draw, op, dtype)


def _at(draw: Draw, op: Op, dtype: str) -> tuple[str, dict[str, Array]]:
    shape = any_of(draw, [s for s in SHAPES if s])
    given = _fill(draw, op, dtype, {"x": shape})
    return f"tf.unstack(x, axis={_axis(draw, len(shape), several=False)})", given


BY_NAME: dict[str, Strategy] = {
    "where": _condition, "clip": _plain(AROUND, "abc"),
    "add_n": _several, "stack": _several, "concat": _several, "squeeze": _squeeze,
    "matmul": _plain(PRODUCTS, "ab"),
    "cross": _plain((((3,), (3,)), ((2, 3), (2, 3))), "ab"),
    **dict.fromkeys(("reshape", "expand_dims", "transpose", "broadcast_to"), _resize),
    "tile": _each_axis(0, 3), "reverse": _reverse, "roll": _roll, "pad": _padding,
    "mirror_pad": _padding, "narrow": _part, "gather": _gather, "gather_rows": _gather,
    "gather_nd": _points, "scatter_nd": _points, "scatter": _segments,
    "repeat": _repeat, "sort": _order, "top_k": _order, "pick_at": _at,
    "einsum": _product(EQUATIONS, "tf.einsum('{}', a, b)"),
    "tensordot": _product(DOTS, "tf.tensordot(a, b, {})"),
    "matvec": _plain((((2, 3), (3,)), ((2, 2, 3), (2, 3)), ((1, 1), (1,))), "ab"),
    **dict.fromkeys(("det", "inv", "solve"), _solid), "band_part": _band,
    "cholesky": _positive, "polygamma": _orders,
    "adjust_contrast": _image,
    **dict.fromkeys(("diag_part", "trace", "T"), _one(options=MATRICES)),
    "diag": _one(options=((3,), (2, 2), (1,), (0,))),
    "softmax_cross_entropy": _classes, "sparse_softmax_cross_entropy": _classes,
    "sigmoid_cross_entropy": _plain(
        (((3,), (3,)), ((2, 3), (2, 3)), ((), ()), ((0,), (0,))), "ab"
    ),
    "cast": _cast, "cast_whole": _cast, "check_numerics": _one(", 'x'"),
    "leaky_relu": _slope,
    **dict.fromkeys(
        ("logical_and", "logical_or", "logical_xor", "logical_not"), _logical
    ),
}  # fmt: skip

BY_SIGNATURE: dict[tuple[tuple[str, ...], tuple[str, ...]], Strategy] = {
    (("x",), ()): _one(),
    (("a", "b"), ()): _plain(PAIRS, "ab"),
    (("x",), ("axis", "keep")): _fold,
    (("x",), ("axis",)): _along(),
    (("x",), ("axis", "exclusive", "back")): _along(", exclusive={e}, reverse={r}"),
}

TRIED = [op for op in TABLE if op.name not in WORDS]


def strategy_for(op: Op) -> Strategy:
    """How lines with this op are drawn."""
    found = BY_NAME.get(op.name) or BY_SIGNATURE.get((op.operands, op.settings))
    if found is None:
        raise LookupError(f"no strategy for {op.name}{op.operands, op.settings}")
    return found


# -- functions of several ops ----------------------------------------------------------

Fields = dict[str, tuple[Any, ...]]
TWO_AXES: tuple[Shape, ...] = ((2, 3), (3, 3), (1, 3), (2, 2, 3))

SEVERAL: dict[str, tuple[str, dict[str, tuple[Shape, ...]], Fields]] = {
    "norm": ("tf.norm(x, ord={o}, axis={axes}, keepdims={k})", {"x": SHAPES[:7]},
             {"o": (1, "np.inf", "'euclidean'", 3), "k": (False, True)}),
    "matrix norm": ("tf.norm(x, ord={o}, axis={a})", {"x": TWO_AXES},
                    {"o": (1, "np.inf", "'fro'"), "a": ([-2, -1], [1, 0])}),
    "clip_by_norm": ("tf.clip_by_norm(x, {c}, axes={axes})", {"x": SHAPES[:7]},
                     {"c": (1.0, 0.5, 100.0)}),
    "l2_normalize": ("tf.math.l2_normalize(x, axis={axes})", {"x": SHAPES[:7]}, {}),
    "normalize": ("tf.linalg.normalize(x, axis={axes})[{i}]", {"x": TWO_AXES},
                  {"i": (0, 1)}),
    "moments": ("tf.nn.moments(x, axes={some}, keepdims={k})", {"x": TWO_AXES},
                {"k": (False, True)}),
    "split": ("tf.split(x, {n}, axis={a})", {"x": ((4, 2), (2, 4), (4, 4))},
              {"n": (2, 1, [1, -1], [2, 0, -1], 3), "a": (0, 1, -1)}),
    "boolean_mask": ("tf.boolean_mask(x, {m}, axis={a})", {"x": ((3, 3), (3, 3, 2))},
                     {"m": ([True, False, True], [False] * 3), "a": (0, 1)}),
    "one_hot": ("tf.one_hot({i}, {d}, axis={a}) * tf.reduce_sum(x)", {"x": ((), (3,))},
                {"i": ([0, 2], 1, [[1], [-1]], []), "d": (3, 2, 0), "a": (-1, 0)}),
    "set_diag": ("tf.linalg.set_diag(x, x[..., 0, :] * 2)", {"x": SQUARES}, {}),
    "logdet": ("tf.linalg.logdet(x @ tf.linalg.matrix_transpose(x) + {e} * np.eye(3))",
               {"x": ((3, 3), (2, 3, 3))}, {"e": (1, 2)}),
    "polyval": ("tf.math.polyval([x, {c}, x], x)", {"x": SHAPES[:5]},
                {"c": ("x", "x * 2")}),
    "reciprocal_no_nan": ("tf.math.reciprocal_no_nan(x)", {"x": SHAPES}, {}),
    "crelu": ("tf.nn.crelu(x, axis={axis})", {"x": SHAPES[2:7]}, {}),
    "gather batch": ("tf.gather(x * 1, {i}, axis={a}, batch_dims=1)",
                     {"x": ((2, 3), (2, 3, 2))},
                     {"i": ([[0], [1]], [1, 0]), "a": (1,)}),
    "meshgrid": ("tf.meshgrid(x, x * 2, indexing={w})", {"x": ((3,), (1,), (2,))},
                 {"w": ("'xy'", "'ij'")}),
    "scatter update": ("tf.tensor_scatter_nd_{how}(x, [[{i}], [1]], x[:2] * 2)",
                       {"x": ((3,), (2, 3), (4,))},
                       {"how": ("add", "sub", "update"), "i": (0, 2, 5)}),
    "index": ("x[{key}]", {"x": ((3, 3), (2, 3), (2, 3, 2))},
              {"key": ("0", "-1", "..., 0", ":, 1:", "::-1", "tf.newaxis, 1", "1, ::2",
                       "x > 0", "..., tf.newaxis", "tf.constant(1)", "5", "0:0",
                       "-2:, ..., -1", "0, 1, 0, 1")}),
    "cumulative": ("tf.cumsum(tf.math.cumprod(x, {a}), {a}, reverse={r})",
                   {"x": ((3,), (2, 3))}, {"a": (0, -1), "r": (True, False)}),
    "linspace": ("tf.linspace({a}, tf.reduce_sum(x), {n})", {"x": ((), (2,))},
                 {"a": ("x[..., None] * 0" , "tf.reduce_sum(x) * 0"), "n": (1, 2, 5)}),
    "in turns": ("tf.{how}(lambda a, b: a * b + x[0], x)", {"x": ((3,), (2, 3))},
                 {"how": ("scan", "foldl", "foldr")}),
    "map": ("tf.{how}(lambda t: tf.sin(t) * x[0], x)", {"x": ((3,), (2, 3))},
            {"how": ("map_fn", "vectorized_map")}),
    "sort twice": ("tf.argsort(x, axis={axis}, direction={d}, stable=True)",
                   {"x": SHAPES[2:7]}, {"d": ("'ASCENDING'", "'DESCENDING'")}),
    "pools": ("tf.nn.{how}_pool2d(x, {n}, {s}, {p})",
              {"x": ((1, 3, 4, 2), (2, 2, 2, 1))},
              {"how": ("avg",), "n": (1, 2), "s": (1, 2), "p": ("'SAME'", "'VALID'")}),
    "conv2d": ("tf.nn.conv2d(x, w, {s}, {p})",
               {"x": ((1, 3, 4, 2),), "w": ((2, 2, 2, 3),)},
               {"s": (1, 2), "p": ("'SAME'", "'VALID'")}),
    "conv1d": ("tf.nn.conv1d(x, w, {s}, {p})", {"x": ((2, 5, 2),), "w": ((2, 2, 3),)},
               {"s": (1, 2, 3), "p": ("'SAME'", "'VALID'")}),
    "repeated": ("tf.concat([x, x * 2, tf.reverse(x, [0])], {axis})",
                 {"x": SHAPES[2:7]}, {}),
}  # fmt: skip
"""Text, operands, and what its fields may be; ``axis``, ``axes`` and ``some`` fit x."""


def composed(draw: Draw, name: str, dtype: str) -> tuple[str, dict[str, Array]]:
    """A line with a function that is made of several ops."""
    text, shapes, fields = SEVERAL[name]
    pool = any_of(draw, (TAME, EDGES[:12]))
    given = {
        n: numbers(draw, any_of(draw, some), dtype, pool) for n, some in shapes.items()
    }
    rank = given["x"].ndim
    chosen = {n: any_of(draw, options) for n, options in fields.items()}
    chosen["axes"] = _axis(draw, rank)
    chosen["axis"] = _axis(draw, rank, several=False)
    chosen["some"] = any_of(draw, [[0], [rank - 1], [*range(rank)]])
    return text.format(**chosen), given


@st.composite
def lines(draw: Draw, name: str) -> Expression:
    """Lines that use one op, or one function of several."""
    dtype = any_of(draw, DTYPES)
    if name in SEVERAL:
        kind = dtype if dtype.startswith("float") else "float32"
        text, given = composed(draw, name, kind)
    else:
        text, given = strategy_for(NAMED[name])(draw, NAMED[name], dtype)
    if len(given) > 1 and draw(st.integers(0, 9)) == 9:
        last = [*given][-1]
        given[last] = given[last].astype(any_of(draw, ("float32", "int32", "float64")))
    return Expression(text, given, tuple(_forms(draw, name, given)))


LISTLESS = ("einsum", "where")
"""What TensorFlow does not take lists for, or not beside variables."""


def _forms(draw: Draw, name: str, given: dict[str, Array]) -> Iterator[str]:
    """One is watched; the others are anything that has a shape."""
    yield "watched" if len(given) > 1 else any_of(draw, ("watched", "variable"))
    for v in list(given.values())[1:]:
        plain = (
            ("list",) if v.size and v.dtype.kind == "f" and name not in LISTLESS else ()
        )
        yield any_of(draw, ("watched", "variable", "constant", "array", *plain))
