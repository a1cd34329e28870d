"""What the engine is compared with: NumPy functions, cases, finite differences.

Nothing here calls the engine's mathematics. An entry of the registry says in its
``reference`` what it is in NumPy; where that is more than a line, it stands in
``NUMPY`` (``test_registry`` says so when both are missing). Operands that are not of
any shape need a line in ``SHAPES``, settings one in ``SETTINGS``; every test of the
engine then runs over the entry.
"""

from __future__ import annotations

import ast
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapeviz.engine.ops import TABLE
from tapeviz.engine.primitives import Op
from tests.engine import references

Shape = tuple[int, ...]
Array = Any


# -- each op in NumPy ------------------------------------------------------------------


def _unreduce(x: Array, shape: Shape, axis: Any, keep: bool) -> Array:
    """Every entry of ``x`` repeated along the axes that were summed."""
    if not keep:
        axes = range(len(shape)) if axis is None else (a % len(shape) for a in axis)
        for a in sorted(axes):
            x = np.expand_dims(x, a)
    return np.ones(shape) * x


def shrink(x: Array, shape: Shape, at: int = 0) -> Array:
    """The sum of ``x`` over the axes along which ``shape`` was stretched."""
    x = np.asarray(x)
    while x.ndim > len(shape):
        x = x.sum(axis=at)
    for axis, n in enumerate(shape):
        if n == 1 and x.shape[axis] != 1:
            x = x.sum(axis=axis, keepdims=True)
    return x


def _grow(x: Array, shape: Shape, at: int = 0) -> Array:
    x = np.asarray(x)
    for _ in range(len(shape) - x.ndim):
        x = np.expand_dims(x, at)
    return np.ones(shape) * x


def _placed(x: Array, shape: Shape, key: Any) -> Array:
    z = np.zeros(shape)
    z[key] = x
    return z


def _placed_at(x: Array, size: int, k: int, axis: int) -> Array:
    z = np.zeros_like(x)
    return np.stack([x if i == k else z for i in range(size)], axis)


NUMPY: dict[str, Callable[..., Any]] = {
    "read": lambda x: x,
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.true_divide,
    "power": np.power,
    "mod": np.mod,
    "floordiv": lambda a, b: np.floor(a / b),
    "negative": np.negative,
    "matmul": np.matmul,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "where": np.where,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "square": np.square,
    "abs": np.abs,
    "sign": np.sign,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "sigmoid": lambda x: 0.5 * (1.0 + np.tanh(0.5 * x)),
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "floor": np.floor,
    "zero": lambda x: 0.0 * x,
    "sum": lambda x, axis, keep: np.sum(x, axis=axis, keepdims=keep),
    "mean": lambda x, axis, keep: np.mean(x, axis=axis, keepdims=keep),
    "expand_reduced": _unreduce,
    "unbroadcast": shrink,
    "broadcast_to": _grow,
    "reshape": np.reshape,
    "transpose": np.transpose,
    "T": lambda x: np.swapaxes(x, -1, -2),
    "pick": lambda x, key: x[key],
    "put": _placed,
    "stack": np.stack,
    "pick_at": lambda x, k, axis: np.moveaxis(x, axis, 0)[k],
    "place_at": _placed_at,
    "cast": lambda x, dtype, _before: np.asarray(x).astype(dtype),
    "cast_whole": lambda x, dtype: np.asarray(x).astype(dtype),
    "identity": lambda x: x,
    "stop_gradient": lambda x: x,
}

NUMPY |= references.NUMPY
NUMPY |= {
    op.name: eval(  # noqa: S307 - our own registry
        f"lambda {', '.join((*op.operands, *op.settings))}: {op.reference}", {"np": np}
    )
    for op in TABLE
    if op.reference
}

LEAVES = references.APART | {op.name for op in TABLE if op.text == "value"}
"""Ops that are not computed, a variable, a watched tensor; ops with their own tests."""


# -- operands and settings -------------------------------------------------------------

UNARY: list[tuple[Shape, ...]] = [((),), ((3,),), ((2, 3),), ((0,),), ((2, 0),)]
BINARY: list[tuple[Shape, ...]] = [
    ((), ()), ((3,), (3,)), ((2, 3), (2, 3)),
    ((2, 3), ()), ((), (2, 3)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)),
    ((1,), ()), ((2, 1, 2), (3, 1)), ((0,), (0,)), ((0, 3), (3,)), ((0,), ()),
]  # fmt: skip
TERNARY: list[tuple[Shape, ...]] = [
    ((), (), ()), ((3,), (3,), (3,)), ((2, 3), (2, 3), (2, 3)),
    ((2, 3), (), (3,)), ((), (2, 3), ()), ((3,), (2, 3), (2, 1)), ((0,), (0,), ()),
]  # fmt: skip

SHAPES: dict[str, list[tuple[Shape, ...]]] = {
    "matmul": [
        ((2, 3), (3, 2)), ((1, 1), (1, 1)), ((1, 3), (3, 1)), ((0, 3), (3, 2)),
        ((2, 2, 3), (2, 3, 1)), ((2, 3), (2, 3, 2)), ((2, 1, 1, 3), (2, 3, 1)),
        ((2, 0), (0, 3)),
    ],
    "T": [((2, 3),), ((2, 2, 3),), ((0, 2),)],
}  # fmt: skip
SHAPES |= references.SHAPES
"""The shapes of operands, for ops that do not take every shape."""

_MASK = np.array([[True, False, True], [False, True, True]])
_R = ((None, False), (None, True))

SETTINGS: dict[str, list[tuple[tuple[Shape, ...], tuple[Any, ...]]]] = {
    name: [
        *((((),), s) for s in _R), *((((3,),), s) for s in _R),
        *((((2, 3),), s) for s in _R),
        (((3,),), ((-1,), False)), (((2, 3),), ((-1,), False)),
        (((2, 3),), ((-2,), True)), (((2, 1, 3),), ((-3, -1), False)),
        (((2, 1, 3),), ((-1, -2), True)), (((2, 3),), ((), False)),
        (((0, 3),), ((-1,), False)),
    ]
    for name in ("sum", "mean")
} | {
    "expand_reduced": [
        (((),), ((), None, False)), (((),), ((3,), None, False)),
        (((2,),), ((2, 3), (-1,), False)), (((1, 3),), ((2, 3), (-2,), True)),
        (((3,),), ((2, 3, 2), (-3, -1), False)), (((1, 1),), ((2, 3), None, True)),
    ],
    "unbroadcast": [
        (((2, 3),), ((3,), 0)), (((2, 3),), ((2, 1), 0)), (((2, 3),), ((), 0)),
        (((2, 3),), ((2, 3), 0)), (((2, 3, 2),), ((2, 2), 1)),
        (((2, 3, 2),), ((2, 1), 1)), (((0, 3),), ((3,), 0)),
    ],
    "broadcast_to": [
        (((3,),), ((2, 3), 0)), (((2, 1),), ((2, 3), 0)), (((),), ((2, 3), 0)),
        (((),), ((), 0)), (((2, 2),), ((2, 3, 2), 1)), (((1, 3),), ((0, 3), 0)),
    ],
    "reshape": [
        (((2, 3),), ((3, 2),)), (((2, 3),), ((6,),)), (((1,),), ((),)),
        (((),), ((1, 1),)),
        (((0,),), ((2, 0),)),
    ],
    "transpose": [
        (((2, 3),), ((1, 0),)), (((2, 1, 3),), ((2, 0, 1),)), (((3,),), ((0,),)),
        (((),), ((),)), (((0, 2),), ((1, 0),)),
    ],
    "pick": [
        (((3,),), ((1,),)), (((3,),), ((-1,),)), (((2, 3),), ((0,),)),
        (((2, 3),), ((1, 2),)), (((2, 3),), ((slice(None), slice(None, None, 2)),)),
        (((3,),), ((slice(None, None, -1),),)), (((2, 3),), ((Ellipsis, 1),)),
        (((3,),), ((None, slice(1, None)),)), (((2, 3),), ((_MASK,),)),
        (((3,),), ((slice(3, None),),)), (((),), ((None,),)), (((),), ((Ellipsis,),)),
        (((2, 3),), ((1, _MASK[0]),)),
    ],
    "put": [
        (((),), ((3,), (1,))), (((3,),), ((2, 3), (0,))),
        (((2,),), ((2, 3), (Ellipsis, 1))),
        (((4,),), ((2, 3), (_MASK,))), (((2,),), ((3,), (slice(None, None, 2),))),
    ],
    "stack": [
        (((),) * 3, (-1,)), (((3,),) * 2, (-1,)), (((3,),) * 2, (-2,)),
        (((2, 3),) * 3, (-2,)), (((3,),), (-2,)), (((0,),) * 2, (-2,)),
    ],
    "pick_at": [
        (((3,),), (1, -1)), (((2, 3),), (2, -1)), (((2, 3),), (0, -2)),
        (((2, 0),), (1, -2)),
    ],
    "place_at": [
        (((),), (3, 1, -1)), (((3,),), (2, 0, -2)), (((3,),), (2, 1, -1)),
        (((2, 3),), (2, 1, -3)),
    ],
    "cast": [
        (((),), (np.dtype("float64"), np.dtype("float64"))),
        (((2, 3),), (np.dtype("float32"), np.dtype("float64"))),
        (((0,),), (np.dtype("float32"), np.dtype("float64"))),
    ],
    "cast_whole": [
        (((),), (np.dtype("int32"),)), (((2, 3),), (np.dtype("int64"),)),
        (((3,),), (np.dtype("bool"),)),
    ],
}  # fmt: skip
SETTINGS |= references.SETTINGS
"""For ops with settings: the operands' shapes and the settings that go with them."""

SAFE: dict[str, dict[str, tuple[float, float]]] = {
    "power": {"a": (0.3, 2.0), "b": (-2.0, 2.0)},
    "exp": {"x": (-1.5, 1.5)},
}
SAFE |= references.SAFE
"""Where to take an operand from, if not from -2 to 2 within the op's own domain."""


@dataclass(frozen=True)
class OpCase:
    """One op with operands (float64, or bool for a condition) and settings."""

    op: Op
    operands: tuple[Array, ...]
    settings: tuple[Any, ...] = ()

    @property
    def floats(self) -> tuple[int, ...]:
        """The operands that a derivative can be taken by."""
        return tuple(i for i, v in enumerate(self.operands) if v.dtype.kind == "f")

    def numpy(self, *operands: Array) -> Array:
        """The op's value by NumPy alone."""
        fn = NUMPY[self.op.name]
        args = (operands,) if self.op.many else operands
        with np.errstate(all="ignore"):
            return np.asarray(fn(*args, *self.settings))

    def __str__(self) -> str:
        shapes = "_".join("x".join(map(str, v.shape)) or "s" for v in self.operands)
        return f"{self.op.name}-{shapes}"


def conditions(op: Op) -> list[str]:
    """The domain that the registry's entry states, as Python."""
    text = op.domain
    for sign, code in (("≠", "!="), ("≥", ">="), ("≤", "<="), ("²", "**2"), ("−", "-")):
        text = text.replace(sign, code)
    text = re.sub(r"\|(\w+)\|", r"abs(\1)", text)
    return [p.strip() for p in re.split(r"\band\b|,", text) if p.strip()]


def holds(parts: list[str], values: dict[str, Array]) -> Array:
    """Where all of the conditions hold."""
    space = {"abs": np.abs, "pi": np.pi, "floor": np.floor, "det": np.linalg.det}
    every = [eval(p, space, values) for p in parts]  # noqa: S307 - the registry's own
    return np.logical_and.reduce(np.broadcast_arrays(np.True_, *every))


def _draw(rng: np.random.Generator, ends: tuple[float, float], shape: Shape) -> Array:
    """Numbers away from the whole and half ones, where functions have their corners."""
    v = rng.uniform(*ends, shape)
    near = np.abs(2 * v - np.round(2 * v)) < 0.1
    return np.where(near, v + 0.12, v)


def _operand(op: Op, name: str, shape: Shape, rng: np.random.Generator) -> Array:
    """One operand, each entry within what the domain says of it alone."""
    if name == "c" and op.name == "where":
        return np.asarray(rng.random(shape) < 0.5)
    special = references.operand(op.name, name, shape, rng)
    if special is not None:
        return special
    ends = SAFE.get(op.name, {}).get(name, (-2.0, 2.0))
    v = _draw(rng, ends, shape)
    others = set(op.operands) - {name}
    mine = [p for p in conditions(op) if not others & set(re.findall(r"\w+", p))]
    for _ in range(100 if mine else 0):
        v = np.where(holds(mine, {name: v}), v, _draw(rng, ends, shape))
    return v


def sample(op: Op, shapes: tuple[Shape, ...], seed: int) -> tuple[Array, ...]:
    """Operands of those shapes within the op's domain, the same on every run."""
    names = ["xs"] * len(shapes) if op.many else list(op.operands)
    for attempt in range(200):
        rng = np.random.default_rng([seed, attempt])
        made = [_operand(op, n, s, rng) for n, s in zip(names, shapes, strict=True)]
        if op.many or np.all(
            holds(conditions(op), dict(zip(names, made, strict=True)))
        ):
            return tuple(made)
    raise ValueError(f"found no operands with {op.domain!r} for {op.name}: see SAFE")


def layouts(op: Op) -> list[tuple[tuple[Shape, ...], tuple[Any, ...]]]:
    """The shapes and settings an op is tried with."""
    if op.settings:
        return SETTINGS[op.name]
    count = len(op.operands)
    shapes = SHAPES.get(op.name) or {1: UNARY, 2: BINARY, 3: TERNARY}[count]
    return [(s, ()) for s in shapes]


def cases(op: Op) -> Iterator[OpCase]:
    """All cases of one op."""
    for n, (shapes, settings) in enumerate(layouts(op)):
        seed = zlib.crc32(f"{op.name} {n}".encode())
        yield OpCase(op, sample(op, shapes, seed), settings)


COMPUTED = [op for op in TABLE if op.name not in LEAVES]
KNOWN = [
    op
    for op in COMPUTED
    if op.name in NUMPY and (not op.settings or op.name in SETTINGS)
]
ALL = [case for op in KNOWN for case in cases(op)]
RULED = [case for case in ALL if any(case.op.rules)]


# -- finite differences ----------------------------------------------------------------


def slope(
    f: Callable[..., float], at: tuple[Array, ...], slot: int, step: float
) -> Array:
    """Central differences of a scalar function by each entry of one operand."""
    out = np.zeros(at[slot].shape)
    for entry in np.ndindex(*out.shape):
        ends = []
        for sign in (1, -1):
            moved = [v.copy() for v in at]
            moved[slot][entry] += sign * step
            ends.append(f(*moved))
        out[entry] = (ends[0] - ends[1]) / (2 * step)
    return out


def step_of(case: OpCase) -> float:
    """A step that the case's own rounding allows (a cast to float32 is coarse)."""
    return 2.0**-4 if case.op.name == "cast" else 1e-6


# -- the rule's text, read by somebody else --------------------------------------------


def _word(op: Op) -> str:
    word, _, rest = op.text.partition("(")
    plain = rest.rstrip(")").split(", ") == [*op.operands, *op.settings]
    return word if plain else ""


def _shape(v: Any) -> Any:
    return tuple(map(np.shape, v)) if isinstance(v, tuple) else np.shape(v)


def _count(shape: Shape, axis: Any) -> int:
    return int(np.sum(np.ones(shape), axis=axis).flat[0]) if 0 not in shape else 0


WORDS: dict[str, Any] = (
    {
        "abs": np.abs,
        "shape_of": _shape,
        "count": _count,
        "inverse": lambda perm: tuple(int(i) for i in np.argsort(perm)),
    }
    | references.WORDS
    | {word: NUMPY[op.name] for op in KNOWN if (word := _word(op))}
)
"""What the words of the rules mean, in NumPy: an op's word is the op."""


def read_rule(case: OpCase, slot: int, g: Array) -> Array:
    """The displayed rule of an operand, evaluated as plain Python over NumPy."""
    rule = case.op.rules[0 if case.op.many else slot]
    if rule is None:
        raise ValueError(f"{case.op.name} has no rule for operand {slot}")
    given = (case.operands,) if case.op.many else case.operands
    names = dict(zip(case.op.operands, given, strict=True))
    names |= dict(zip(case.op.settings, case.settings, strict=True))
    names |= {"g": g, "y": case.numpy(*case.operands)}
    if case.op.many:
        names["k"] = slot
    text = re.sub(r"\bshape\(", "shape_of(", rule.text)  # "shape" may be a setting too
    with np.errstate(all="ignore"):
        value = eval(text, WORDS, names)  # noqa: S307 - the registry's own text
    return shrink(value, case.operands[slot].shape)


def words_used(text: str) -> frozenset[str]:
    """The functions a rule's text calls."""
    calls = (
        n for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Call)
    )
    return frozenset(n.func.id for n in calls if isinstance(n.func, ast.Name)) - {
        "shape"
    }
