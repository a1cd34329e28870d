"""Whole random programs, written as Python: one text, run on two engines.

A program is drawn as a list of whole numbers. ``write`` reads each as one choice among
what is possible at that point, so that any list is a program and a shorter list, or one
of smaller numbers, is a simpler program. The text stands in the failure's message and
can be run by hand.
"""
# ruff: noqa: E501 - snippets stand on one line

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Shape = tuple[int, ...]

SHAPES: tuple[Shape, ...] = ((), (3,), (2, 3), (2, 1), (1, 3), (3, 3), (2, 3, 2))
SMOOTH = (
    "tf.tanh({a})", "{a} * 0.5", "tf.sin({a})", "-{a}", "tf.cos({a})", "tf.sigmoid({a})",
    "{a} + 1.0", "0.5 - {a}", "tf.identity({a})", "tf.exp(-tf.square({a}))",
    "tf.math.log(1.5 + tf.square({a}))", "tf.sqrt(1.0 + {a} * {a})", "{a} / 2.0",
    "1.0 / (1.0 + {a}**2)", "tf.math.softplus({a})", "tf.math.atan({a})",
    "tf.math.log1p({a} * {a})", "tf.math.rsqrt(1.0 + tf.square({a}))", "0.1 * {a}**3",
    "tf.nn.elu({a})", "tf.math.erf({a})", "[0.5] * {a}",
    "np.float64(0.7) * {a}", "2.0 ** -tf.abs({a})", "tf.nn.silu({a})", "tf.nn.selu({a})",
)  # fmt: skip
CORNERS = (
    "tf.nn.relu({a})", "tf.abs({a})", "tf.maximum({a}, 0.1)", "tf.minimum(0.1, {a})",
    "tf.where({a} > 0.2, {a}, 0.3)", "tf.nn.leaky_relu({a})", "tf.clip_by_value({a}, -0.5, 0.5)",
    "tf.sign({a}) * {a}", "{a} % 0.7", "tf.nn.relu6({a} * 4.0) / 6.0",
)  # fmt: skip
CUTS = (
    "tf.stop_gradient({a} * 2.0)", "tf.floor({a} * 3.0)", "tf.cast({a} > 0.0, {a}.dtype)",
    "tf.cast(tf.cast({a} * 3.0, tf.int32), {a}.dtype)", "tf.constant({a}.numpy())",
    "{a} // 0.4", "tf.round({a})", "tf.ones_like({a}) * {a}",
)  # fmt: skip
PAIRS = (
    "{a} + {b}", "{a} * {b}", "{a} - {b}", "{a} / (1.0 + {b} * {b})", "tf.maximum({a}, {b})",
    "tf.minimum({a}, {b})", "tf.where({a} > {b}, {a} * {b}, {b})",
    "tf.math.squared_difference({a}, {b})", "(tf.abs({a}) + 0.5) ** {b}",
    "tf.where({a} < 0.1, {a}, {b})", "tf.math.divide_no_nan({a}, 1.5 + {b} * {b})",
    "tf.stop_gradient(1.0 * {a}) * {b}", "tf.math.atan2({a}, 1.5 + {b} * {b})",
)  # fmt: skip
FOLDS = (
    "tf.reduce_sum({a}, {how})", "tf.reduce_mean({a}, {how})", "tf.reduce_max({a}, {how})",
    "tf.reduce_min({a}, {how})", "tf.reduce_logsumexp({a}, {how})",
    "tf.reduce_prod({a} * 0.9, {how})", "tf.sqrt(1.0 + tf.math.reduce_variance({a}, {how}))",
)  # fmt: skip


@dataclass
class Value:
    """A name in the program: its shape, and how great its entries can be."""

    name: str
    shape: Shape
    bound: float


@dataclass
class Writer:
    """Writes a program line by line, taking each choice from the numbers given."""

    numbers: list[int]
    dtype: str
    lines: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    variables: list[Value] = field(default_factory=list)
    indent: int = 0
    count: int = 0
    outcomes: list[str] = field(default_factory=list)
    tapes: list[str] = field(default_factory=list)
    spare: int = 0
    plain: bool = False

    # -- choosing ------------------------------------------------------------------

    def number(self) -> int:
        """The next number, taken apart by ``pick``."""
        return self.numbers.pop() if self.numbers else 0

    def pick(self, options: Sequence[Any]) -> Any:
        """One of the options, by what is left of the number."""
        self.spare, i = divmod(self.spare, len(options))
        return options[i]

    def value(self, fits: Callable[[Value], bool] = lambda _v: True) -> Value | None:
        """One of the latest values that fit."""
        options = [v for v in reversed(self.values) if fits(v)][:12]
        return self.pick(options) if options else None

    # -- writing -------------------------------------------------------------------

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def name(self, prefix: str = "v") -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def let(self, text: str, shape: Shape, bound: float) -> Value:
        """A new value; squashed where it could grow out of hand."""
        if bound > 4:
            text, bound = f"tf.tanh({text})", 1.0
        made = Value(self.name(), shape, bound)
        self.line(f"{made.name} = {text}")
        self.values.append(made)
        return made


def write(numbers: Sequence[int], dtype: str) -> str:
    """The program that the numbers stand for."""
    w = Writer(list(reversed(numbers)), dtype)
    _inputs(w)
    _outer(w)
    return "\n".join(w.lines) + "\n"


def write_plain(numbers: Sequence[int]) -> tuple[list[Shape], str]:
    """The shapes of the arguments and the source of a function ``f(tf, x0, x1, ...)``.

    It is a program of ops alone, in float64: no tapes, assignments or dtypes. Its
    result is a scalar.
    """
    w = Writer(list(reversed(numbers)), "float64", plain=True)
    w.spare = w.number()
    w.values = [
        Value(f"x{i}", w.pick(SHAPES), 1.0) for i in range(1 + w.pick(range(4)))
    ]
    shapes, names = [v.shape for v in w.values], [v.name for v in w.values]
    w.line(f"def f(tf, {', '.join(names)}):")
    w.indent = 1
    while w.numbers:
        w.spare = w.number()
        w.pick([_smooth, _pair, _corner, _smooth, _fold, _move, _product])(w)
    total = " + ".join(f"tf.reduce_sum({v.name})" for v in w.values[-3:])
    w.line(f"return {total}")
    return shapes, "\n".join(w.lines) + "\n"


def _inputs(w: Writer) -> None:
    w.spare = w.number()
    kinds = (
        "tf.Variable({x})", "tf.constant({x})", "tf.Variable({x}, trainable=False)",
        "tf.Variable({x})",
    )  # fmt: skip
    for i in range(2 + w.pick(range(4))):
        shape = w.pick(SHAPES)
        kind = w.pick(kinds)
        x = Value(w.name("x"), shape, 1.0)
        w.line(f"{x.name} = {kind.format(x=f'data({i}, {shape}, {w.dtype!r})')}")
        w.values.append(x)
        if "Variable" in kind:
            w.variables.append(x)


def _outer(w: Writer) -> None:
    sources = [v.name for v in w.values]
    w.spare = w.number()
    persistent = w.pick((False, True))
    accessed = w.pick((True, True, True, False))
    watched = [s for s in sources if w.pick((True, False))]
    w.line(
        f"with tf.GradientTape(persistent={persistent}, watch_accessed_variables={accessed}) as tape:"
    )
    w.indent, w.tapes = 1, ["tape"]
    if watched:
        w.line(f"tape.watch([{', '.join(watched)}])")
    while w.numbers:
        _step(w, depth=0)
    w.line("pass")
    w.indent = 0
    inner = [v.name for v in w.values if v.name not in sources]
    w.spare = 7919 * len(inner)
    w.line(f"target = {w.values[-1].name}")
    asked = sources + inner[-3:] + ([w.pick(inner)] if inner else [])
    w.line(f"asked = [{', '.join(asked)}]")
    w.line("grads = tape.gradient(target, asked)")
    w.line(f"grads[{len(sources)}:] = map(dense, grads[{len(sources)}:])")
    w.line("seen = [v.shape.as_list() for v in tape.watched_variables()]")
    also = "None"
    if persistent:
        pair = [v.name for v in w.values[-2:]]
        also = f"tape.gradient([{', '.join(pair)}], {{'a': {sources[0]}, 'b': {sources[-1]}}}, unconnected_gradients='zero')"
    w.line(f"outcome = [target, grads, seen, {also}, {', '.join(w.outcomes) or None}]")


def _step(w: Writer, depth: int) -> None:
    w.spare = w.number()
    kinds: list[Callable[[Writer], None]] = [
        _smooth, _pair, _corner, _smooth, _pair, _fold, _move, _product, _smooth, _cut,
        _dtype, _group,
    ]  # fmt: skip
    rare: list[Callable[[Writer, int], None]] = [_nested, _quiet, _assign, _watch]
    if w.pick(range(10)) == 9:
        w.pick(rare)(w, depth)
    else:
        w.pick(kinds)(w)


def _smooth(w: Writer) -> None:
    a = w.value()
    if a is not None:
        text = w.pick(SMOOTH)
        shape = (1,) if text.startswith("[") and not a.shape else a.shape
        w.let(text.format(a=a.name), shape, _bound(text, a.bound))


def _bound(text: str, b: float) -> float:
    if text in (
        "{a} + 1.0",
        "0.5 - {a}",
        "tf.sqrt(1.0 + {a} * {a})",
        "tf.math.softplus({a})",
    ):
        return b + 1
    if text == "0.1 * {a}**3":
        return 0.1 * b**3
    return max(b, 1.8) if "selu" in text else max(b, 1.0)


def _corner(w: Writer) -> None:
    a = w.value()
    if a is not None:
        w.let(w.pick(CORNERS).format(a=a.name), a.shape, max(a.bound, 1.0))


def _cut(w: Writer) -> None:
    a = w.value()
    if a is not None:
        w.let(w.pick(CUTS).format(a=a.name), a.shape, 3 * a.bound + 1)


def _pair(w: Writer) -> None:
    a = w.value()
    b = a and w.value(lambda v: _broadcast(a.shape, v.shape) is not None)
    if a is None or b is None:
        return
    shape = _broadcast(a.shape, b.shape)
    if shape is not None and math.prod(shape) <= 36:
        text = w.pick(PAIRS)
        w.let(
            text.format(a=a.name, b=b.name), shape, _pair_bound(text, a.bound, b.bound)
        )


def _pair_bound(text: str, a: float, b: float) -> float:
    if "squared_difference" in text:
        return (a + b) ** 2
    if "**" in text:
        return (a + 0.5) ** b + 2**b
    if "atan2" in text:
        return 3.2
    return max(a * b if "*" in text else 0.0, a + b)


def _broadcast(a: Shape, b: Shape) -> Shape | None:
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        return None


def _fold(w: Writer) -> None:
    a = w.value(lambda v: len(v.shape) > 0)
    if a is None:
        return
    n = len(a.shape)
    axis = w.pick((None, 0, -1, [0, n - 1] if n > 1 else [0]))
    keep = w.pick((False, True))
    gone = (
        set(range(n))
        if axis is None
        else {i % n for i in ([axis] if isinstance(axis, int) else axis)}
    )
    shape = tuple(
        1 if i in gone else s for i, s in enumerate(a.shape) if keep or i not in gone
    )
    how = f"axis={axis}, keepdims={keep}"
    size = math.prod(a.shape) / max(1, math.prod(shape))
    text = w.pick(FOLDS)
    bound = {
        "tf.reduce_sum": a.bound * size,
        "tf.reduce_prod": max(1.0, a.bound) ** size,
    }
    w.let(
        text.format(a=a.name, how=how),
        shape,
        bound.get(text.split("(")[0], a.bound + 2 + size / 6),
    )


def _move(w: Writer) -> None:
    a = w.value()
    if a is None:
        return
    moved = _moves(a)
    text, shape = w.pick(moved)
    if math.prod(shape) <= 36:
        w.let(text.format(a=a.name), shape, a.bound * (4 if "cumsum" in text else 1))


def _moves(a: Value) -> list[tuple[str, Shape]]:
    n, s = len(a.shape), a.shape
    moved: list[tuple[str, Shape]] = [
        ("tf.reshape({a}, [-1])", (math.prod(s),)),
        ("tf.expand_dims({a}, 0)", (1, *s)),
        ("{a}[..., tf.newaxis]", (*s, 1)),
        (f"tf.broadcast_to({{a}}, {[2, *s]})", (2, *s)),
        ("tf.stack([{a}, {a} * 2.0])", (2, *s)),
        (f"tf.ones({list(s)}, {{a}}.dtype) * {{a}}", s),
    ]
    if n:
        moved += [
            ("{a}[0]", s[1:]), ("{a}[-1]", s[1:]), ("{a}[::2]", ((s[0] + 1) // 2, *s[1:])),
            ("{a}[::-1]", s), ("tf.concat([{a}, {a}], 0)", (2 * s[0], *s[1:])),
            ("{a}[..., :1]", (*s[:-1], 1)), ("tf.transpose({a})", s[::-1]),
            ("tf.reverse({a}, [0])", s), ("tf.cumsum({a}, -1)", s),
            (f"tf.gather({{a}}, [0, 0, {s[0] - 1}])", (3, *s[1:])),
            (f"tf.gather({{a}}, [0, {s[-1] - 1}, 0], axis=-1)", (*s[:-1], 3)),
            (f"tf.tile({{a}}, {[2] + [1] * (n - 1)})", (2 * s[0], *s[1:])),
            (f"tf.pad({{a}}, {[[1, 0]] + [[0, 0]] * (n - 1)})", (s[0] + 1, *s[1:])),
            ("tf.nn.softmax({a})", s), ("tf.nn.log_softmax({a}) * 0.3", s),
            ("tf.unstack({a})[0]", s[1:]), ("tf.roll({a}, 1, 0)", s), ("tf.sort({a})", s),
        ]  # fmt: skip
    return moved


def _product(w: Writer) -> None:
    a = w.value(lambda v: len(v.shape) == 2)
    if a is None:
        _pair(w)
        return
    b = w.value(lambda v: len(v.shape) == 2 and v.shape[0] == a.shape[1])
    if b is None or w.pick((False, True)):
        w.let(
            f"{a.name} @ tf.transpose({a.name})",
            (a.shape[0],) * 2,
            a.bound**2 * a.shape[1],
        )
    else:
        w.let(
            f"{a.name} @ {b.name}",
            (a.shape[0], b.shape[1]),
            a.bound * b.bound * a.shape[1],
        )


def _dtype(w: Writer) -> None:
    a = w.value()
    if a is not None:
        other = "float64" if w.dtype == "float32" else "float32"
        w.let(
            f"tf.cast(tf.cast({a.name}, tf.{other}) * 0.5, tf.{w.dtype})",
            a.shape,
            a.bound,
        )


def _group(w: Writer) -> None:
    """A list with tensors in it beside a tensor."""
    a = w.value(lambda v: v.shape == ())
    if a is not None:
        w.let(
            f"tf.reduce_sum([{a.name}, {a.name} * 0.5]) * [0.5, {a.name}]",
            (2,),
            3 * a.bound**2,
        )


def _nested(w: Writer, depth: int) -> None:
    """A tape in the block, whose gradient is used further on."""
    if depth > 1 or len(w.numbers) < 4:
        return
    tape, start = w.name("t"), len(w.values)
    persistent = w.pick((False, True))
    seen = w.pick((w.values[-1], w.values[0]))
    steps, inside = 2 + w.pick(range(5)), w.pick((False, False, True))
    w.line(f"with tf.GradientTape(persistent={persistent}) as {tape}:")
    w.indent += 1
    w.tapes.append(tape)
    w.line(f"{tape}.watch({seen.name})")
    for _ in range(steps):
        if w.numbers:
            _step(w, depth + 1)
    w.line("pass")
    if not inside:
        w.indent -= 1
        w.tapes.pop()
    if len(w.values) > start:
        goal = w.values[-1]
        for source in (w.values[0], seen)[: 2 if persistent else 1]:
            g = w.name("g")
            w.line(f"{g} = {tape}.gradient({goal.name}, {source.name})")
            w.outcomes.append(g if source.name[0] == "x" else f"dense({g})")
            dense = f"tf.tanh(tf.convert_to_tensor({g}))"
            w.let(
                f"{dense} if {g} is not None else {source.name} * 1.0",
                source.shape,
                1.0,
            )
    if inside:
        w.indent -= 1
        w.tapes.pop()


def _quiet(w: Writer, depth: int) -> None:
    if depth > 1:
        return
    w.line(f"with {w.pick(w.tapes)}.stop_recording():")
    w.indent += 1
    hidden, w.tapes = w.tapes, []
    for _ in range(1 + w.pick(range(3))):
        if w.numbers:
            w.spare = w.number()
            w.pick([_smooth, _pair, _fold, _move])(w)
    w.line("pass")
    w.tapes = hidden
    w.indent -= 1


def _assign(w: Writer, _depth: int) -> None:
    if not w.variables:
        return
    v = w.pick(w.variables)
    fits = [a for a in reversed(w.values) if a.shape == v.shape][:6]
    how, step = w.pick(("assign_add", "assign", "assign_sub")), w.pick(fits)
    w.line(f"{v.name}.{how}(0.3 * tf.tanh({step.name}))")


def _watch(w: Writer, _depth: int) -> None:
    """Watch the latest value: nothing has used it yet."""
    if w.tapes:
        w.line(f"{w.pick(w.tapes)}.watch({w.values[-1].name})")


# -- running ---------------------------------------------------------------------------


def data(k: int, shape: Shape, dtype: str) -> Any:
    """Numbers between -1 and 1, no two alike."""
    n = np.arange(math.prod(shape), dtype="float64") + 1
    return np.asarray(np.sin(n * 1.37 + 2.9 * (k + 1)), dtype).reshape(shape)


def run(tf: Any, source: str) -> dict[str, Any]:
    """The names that the program leaves."""

    def dense(g: Any) -> Any:
        """A gradient by an intermediate: TensorFlow may give rows, we never do."""
        return g if g is None else tf.convert_to_tensor(g)

    space = {"tf": tf, "np": np, "data": data, "dense": dense}
    exec(compile(source, "<program>", "exec"), space)  # noqa: S102 - our own program
    return space


def play(tf: Any, source: str) -> Any:
    """What the program finds, as plain data."""
    return plain(tf, run(tf, source)["outcome"])


def plain(tf: Any, value: Any) -> Any:
    """Tensors as (kind, dtype, array), nests as they are."""
    if isinstance(value, (list, tuple)):
        return [plain(tf, v) for v in value]
    if isinstance(value, dict):
        return {k: plain(tf, v) for k, v in value.items()}
    if hasattr(value, "dtype"):
        kind = "IndexedSlices" if type(value).__name__ == "IndexedSlices" else "Tensor"
        return (kind, value.dtype.name, np.asarray(tf.convert_to_tensor(value).numpy()))
    return value


def differ(ours: Any, theirs: Any, tolerance: float, path: str = "outcome") -> str:
    """Where two outcomes are not the same, or nothing."""
    if isinstance(theirs, tuple):
        if (
            not isinstance(ours, tuple)
            or ours[:2] != theirs[:2]
            or ours[2].shape != theirs[2].shape
        ):
            return f"{path}: {ours} is not {theirs}"
        scale = tolerance * (
            1 + np.max(np.abs(theirs[2]), initial=0, where=np.isfinite(theirs[2]))
        )
        if np.allclose(ours[2], theirs[2], tolerance, scale, equal_nan=True):
            return ""
        return f"{path}: {ours[2]} is not {theirs[2]}"
    if isinstance(theirs, (list, dict)):
        if type(ours) is not type(theirs) or len(ours) != len(theirs):
            return f"{path}: {ours} is not {theirs}"
        pairs = theirs.items() if isinstance(theirs, dict) else enumerate(theirs)
        found = (differ(ours[k], v, tolerance, f"{path}[{k!r}]") for k, v in pairs)
        return next((text for text in found if text), "")
    return (
        ""
        if (ours is None and theirs is None) or ours == theirs
        else f"{path}: {ours} is not {theirs}"
    )
