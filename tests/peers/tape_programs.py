"""Random programs about tapes: two or three at once, late watches, pauses, re-entries.

``write`` gives the text of a program. What it runs into is among what it finds:
gradients, None, watched variables. ``play`` runs it on one engine.
"""
# ruff: noqa: E501 - snippets stand on one line

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tests.peers.programs import data, plain

OPS = (
    "tf.sin({a})", "{a} * 0.5", "{a} + {b}", "tf.tanh({a}) * {b}", "{a} * {b}", "tf.square({a})",
    "{a} - 0.3 * {b}", "tf.identity({a})", "tf.stop_gradient(1.0 * {a})", "{a} ** 2", "{a} * {a}",
    "tf.convert_to_tensor({a}) / 2.0", "tf.where({a} > {b}, {a}, 2.0 * {b})", "scaled({a})",
    "curved({a})", "closing(1.0 * {a})", "tf.reduce_sum([{a}, {b}], 0)", "through({a})",
    "tf.gather(tf.stack([{a}, {b}]), 1)", "sided({a}, {b})",
    "-{a}", "tf.exp(-{a} * {a})", "two({a}, {b})[0]", "two({a}, {b})[1]",
)  # fmt: skip
STARTS = (
    "tf.Variable({x})", "tf.constant({x})", "tf.Variable({x}, trainable=False)",
)  # fmt: skip
HEAD = """
@tf.custom_gradient
def scaled(x):
    return x * 2.0, lambda dy: dy * 3.0

@tf.custom_gradient
def curved(x):
    y = tf.sin(x)
    return y, lambda dy: dy * tf.cos(x) + 0.1 * y

@tf.custom_gradient
def closing(x):
    @tf.custom_gradient
    def first(dy):
        return dy * tf.cos(x), lambda ddy: ddy * tf.sin(x)
    return tf.sin(x), first

@tf.custom_gradient
def sided(x, y):
    return x * y, lambda dy: (dy * y, None)

@tf.custom_gradient
def two(x, y):
    return (x * y, x + y), lambda d, e: (d * y + e, d * x + e)

@tf.custom_gradient
def through(x):
    with tf.GradientTape() as t:
        t.watch(x)
        y = x * x
    slope = t.gradient(y, x)
    return y, lambda dy: dy * slope
"""


@dataclass
class Tape:
    """A tape of the program: whether it may be asked, and what it is doing."""

    name: str
    persistent: bool
    recording: bool = True
    entered: bool = True
    used: bool = False
    paused: bool = False
    accessed: bool = True
    reach: set[str] = field(default_factory=set)


@dataclass
class Writer:
    """Writes a program line by line."""

    rng: random.Random
    lines: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    trainable: list[str] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    tapes: list[Tape] = field(default_factory=list)
    indent: int = 0
    count: int = 0
    left: int = 0

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def value(self) -> str:
        """A value, a late one or a watched one more often than others."""
        if self.rng.random() < 0.5:
            return self.rng.choice(self.values[-3:] + self.seen[-3:])
        return self.rng.choice(self.values)


def write(seed: int) -> str:
    """The program that the seed stands for."""
    w = Writer(random.Random(seed))  # noqa: S311 - a test's dice
    w.lines = [HEAD, "found = []"]
    shape = w.rng.choice([(), (3,)])
    for i in range(w.rng.randint(2, 3)):
        kind = w.rng.choice(STARTS)
        x = w.name("x")
        start = f"data({i}, {shape}, 'float64')"
        w.line(f"{x} = {kind.format(x=start)}")
        w.values.append(x)
        if "Variable" in kind:
            w.variables.append(f"{x}, {shape}")
            w.trainable += [x] * ("trainable" not in kind)
    w.left = w.rng.randint(8, 28)
    while w.left > 0:
        _step(w, 0)
    for tape in w.tapes:
        for _ in range(2 if tape.persistent else 1):
            _ask(w, tape)
    return "\n".join(w.lines) + "\n"


def _step(w: Writer, depth: int) -> None:
    w.left -= 1
    kinds: list[Any] = [_op] * 8 + [_watch] * 3 + [_new] * 3 + [_pause, _again, _reset]
    kinds += [_assign, _gradient, _gradient]
    w.rng.choice(kinds)(w, depth)


def _op(w: Writer, _depth: int) -> None:
    text, a, b = w.rng.choice(OPS), w.value(), w.value()
    v = w.name("v")
    w.line(f"{v} = {text.format(a=a, b=b)}")
    _follow(w, v, {a, b} if "{b}" in text else {a})
    w.values.append(v)


def _follow(w: Writer, result: str, operands: set[str]) -> None:
    """Which tapes record it, and which of its operands none of them knows."""
    tapes = [t for t in w.tapes if t.recording]
    for t in tapes:
        t.reach |= operands.intersection(w.trainable) if t.accessed else set()
        t.reach |= {result} if t.reach & operands else set()
    known = set().union(*(t.reach for t in tapes))
    w.hidden |= (operands if operands & known else set()) - known


def _watch(w: Writer, _depth: int) -> None:
    """Watch a value, though not one that stood beside a recorded one before.

    TensorFlow counts such an operand from the past on, this engine does not know it.
    """
    tapes, seen = [t for t in w.tapes if t.recording], w.value()
    if tapes and seen not in w.hidden:
        tape = w.rng.choice(tapes)
        w.seen.append(seen)
        tape.reach.add(seen)
        w.line(f"{tape.name}.watch({seen})")


def _block(w: Writer, depth: int, most: int) -> None:
    w.indent += 1
    w.line("pass")
    for step in (_watch, _op, _op):
        if w.rng.random() < 0.5:
            step(w, depth)
    for _ in range(w.rng.randint(1, most)):
        if w.left > 0:
            _step(w, depth + 1)
    w.indent -= 1


def _new(w: Writer, depth: int) -> None:
    if depth > 3 or len(w.tapes) > 3:
        _op(w, depth)
        return
    tape = Tape(w.name("t"), w.rng.random() < 0.6)
    tape.accessed = w.rng.random() < 0.7
    w.line(
        f"with tf.GradientTape(persistent={tape.persistent}, watch_accessed_variables={tape.accessed}) as {tape.name}:"
    )
    w.tapes.append(tape)
    _block(w, depth, 10)
    tape.recording = tape.entered = False


def _pause(w: Writer, depth: int) -> None:
    tapes = [t for t in w.tapes if t.recording]
    if tapes and depth < 5:
        tape = w.rng.choice(tapes)
        w.line(f"with {tape.name}.stop_recording():")
        tape.recording, tape.paused = False, True
        _block(w, depth, 4)
        tape.recording, tape.paused = True, False


def _again(w: Writer, depth: int) -> None:
    tapes = [t for t in w.tapes if not t.entered]
    if tapes and depth < 4:
        tape = w.rng.choice(tapes)
        w.line(f"with {tape.name}:")
        tape.recording = tape.entered = True
        tape.used = False
        _block(w, depth, 6)
        tape.recording = tape.entered = False


def _reset(w: Writer, _depth: int) -> None:
    tapes = [t for t in w.tapes if t.recording]
    if tapes and w.rng.random() < 0.3:
        w.line(f"{w.rng.choice(tapes).name}.reset()")


def _assign(w: Writer, _depth: int) -> None:
    if w.variables:
        v, shape = w.rng.choice(w.variables).split(", ", 1)
        step = (
            f"0.3 * tf.tanh(tf.reduce_sum({w.value()})) * tf.ones({shape}, tf.float64)"
        )
        w.line(f"{v}.{w.rng.choice(('assign', 'assign_add', 'assign_sub'))}({step})")


def _gradient(w: Writer, _depth: int) -> None:
    """Ask a tape, though not in the block of a later one that reads variables anew.

    A variable read before that block is a constant there for TensorFlow; here it is
    the variable.
    """
    last = max(
        (w.tapes.index(t) for t in w.tapes if t.recording and t.accessed), default=0
    )
    tapes = [t for t in w.tapes if not t.used and (t.persistent or not t.paused)]
    tapes = [t for t in tapes if w.tapes.index(t) >= last or not w.trainable]
    if tapes:
        _ask(w, w.rng.choice(tapes))


def _ask(w: Writer, tape: Tape) -> None:
    """Ask for gradients; what comes is a value of the program if it is no None."""
    if tape.used:
        return
    if not tape.persistent:
        tape.used, tape.recording = True, False
    known = [v for v in w.values if v in tape.reach] or w.values
    targets = w.rng.choices(known[-4:], k=w.rng.choice((1, 1, 1, 2)))
    sources = w.rng.choices(w.values, k=3)
    if w.rng.random() < 0.7:
        sources = list(dict.fromkeys(known[:3] + w.values[:3] + w.seen[-2:]))
    if len(targets) > 1:  # a target that is an operand of the other one as well
        sources = [s for s in sources if s not in targets] or [w.values[0]]
    g = w.name("g")
    asked = f"[{', '.join(targets)}], [{', '.join(sources)}]"
    w.line(f"{g} = {tape.name}.gradient({asked})")
    w.line(
        f"found.append([list(map(dense, {g})), len({tape.name}.watched_variables())])"
    )
    other = w.value()
    w.line(f"{g} = 1.0 * {other} if {g}[0] is None else tf.tanh({g}[0])")
    w.values.append(g)


def play(tf: Any, source: str) -> Any:
    """What the program finds, as plain data; an error as its class.

    ``UnimplementedError`` is this engine's own word: there the program ends.
    """

    def dense(g: Any) -> Any:
        return g if g is None else tf.convert_to_tensor(g)

    space: dict[str, Any] = {"tf": tf, "data": data, "dense": dense}
    try:
        exec(compile(source, "<program>", "exec"), space)  # noqa: S102 - our own program
    except Exception as error:  # noqa: BLE001 - an error is an outcome too
        space["found"].append([type(error).__name__])
    return plain(tf, space["found"])
