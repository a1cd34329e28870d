"""Mistakes people make with a tape: the code, the reason it must give, and a mend.

``seen`` says where such a mistake was asked about; the code here is our own. Where no
``mend`` is given, the changes that the answer itself proposes must mend it.
"""

from __future__ import annotations

import linecache
import math
import textwrap
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

import tapeviz as tf

_numbers = count()


@dataclass(frozen=True)
class Mistake:
    """A program whose last line asks; the kinds of its reasons in order; the mend.

    ``at`` is the code that the first reason points at. ``after`` is what becomes of the
    gradient: "value" as a rule.
    """

    name: str
    kinds: tuple[str, ...]
    at: str
    code: str
    mend: str = ""
    after: str = "value"
    result: str = "none"
    seen: str = ""

    def __str__(self) -> str:
        return self.name


def run(code: str) -> Any:
    """What ``why`` says at the end of a program that has lines to be read."""
    name = f"mistake_{next(_numbers)}.py"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    space: dict[str, Any] = {
        "tf": tf, "np": np, "math": math, "why": tf.why, "__name__": name,
    }  # fmt: skip
    exec(compile(code, name, "exec"), space)  # noqa: S102 - our own programs
    return space["answer"]


def _tidy(code: str) -> str:
    return textwrap.dedent(code).strip() + "\n"


def _row(name: str, kinds: str, at: str, code: str, **more: str) -> Mistake:
    if "mend" in more:
        more["mend"] = _tidy(more["mend"])
    return Mistake(name, tuple(kinds.split()), at, _tidy(code), **more)


GUIDE = "TensorFlow's guide to gradients and automatic differentiation"
ADVANCED = "TensorFlow's guide to advanced automatic differentiation"

NONE = [
    _row(
        "a constant that was never watched", "unwatched", "x = tf.constant(3.0)",
        """
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        answer = why(tape, y, x)
        """, seen="tensorflow/tensorflow#56968",
    ),
    _row(
        "a constant beside a variable", "unwatched", "x = tf.constant([1.0, 2.0])",
        """
        w = tf.Variable([3.0, 4.0])
        x = tf.constant([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(w * x)
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "a tensor computed before the block", "unwatched", "z = v + 1.0",
        """
        v = tf.Variable(3.0)
        z = v + 1.0
        with tf.GradientTape() as tape:
            y = z * z
        answer = why(tape, y, z)
        """, seen="tensorflow/tensorflow#29942",
    ),
    _row(
        "computed in the block from a constant", "unwatched", "h = c * c",
        """
        c = tf.constant(2.0)
        with tf.GradientTape() as tape:
            h = c * c
            y = h * 3.0
        answer = why(tape, y, h)
        """,
    ),
    _row(
        "a block on one line", "unwatched", "x = tf.constant(3.0)",
        """
        x = tf.constant(3.0)
        with tf.GradientTape() as tape: y = x * x
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "watched too late", "late", "tape.watch(x)",
        """
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            y = x ** 2
            tape.watch(x)
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "watched too late, beside a variable", "late", "tape.watch(x)",
        """
        w = tf.Variable(2.0)
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            y = w * x
            tape.watch(x)
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "watched after the block", "late", "tape.watch(x)",
        """
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            y = x ** 2
        tape.watch(x)
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "a variable rebound to a tensor", "rebound", "x = x - 0.1 * g",
        """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x ** 2
        g = tape.gradient(y, x)
        x = x - 0.1 * g
        with tf.GradientTape() as tape:
            y = x ** 2
        answer = why(tape, y, x)
        """, seen=GUIDE,
    ),
    _row(
        "a variable rebound in a loop", "rebound", "x = x + 1.0",
        """
        x = tf.Variable(2.0)
        for epoch in range(2):
            with tf.GradientTape() as tape:
                y = x + 1.0
            answer = why(tape, y, x)
            if answer.result == "none":
                break
            x = x + 1.0
        """, seen=GUIDE,
    ),
    _row(
        "two variables rebound in a loop", "rebound", "w = w - 0.1 * dw",
        """
        w = tf.Variable(2.0)
        b = tf.Variable(1.0)
        for epoch in range(2):
            with tf.GradientTape() as tape:
                y = (w * 3.0 + b) ** 2
            answer = why(tape, y, w)
            if answer.result == "none":
                break
            dw, db = tape.gradient(y, [w, b])
            w = w - 0.1 * dw
            b = b - 0.1 * db
        """, seen=GUIDE,
    ),
    _row(
        "two variables rebound in one line", "rebound", "b - 0.1 * db",
        """
        w, b = tf.Variable(2.0), tf.Variable(1.0)
        for epoch in range(2):
            with tf.GradientTape() as tape:
                y = (w * 3.0 + b) ** 2
            answer = why(tape, y, b)
            if answer.result == "none":
                break
            dw, db = tape.gradient(y, [w, b])
            w, b = w - 0.1 * dw, b - 0.1 * db
        """, seen=GUIDE,
    ),
    _row(
        "two constants in one line", "unwatched", "tf.constant(4.0)",
        """
        a, b = tf.constant(3.0), tf.constant(4.0)
        with tf.GradientTape() as tape:
            y = a * b
        answer = why(tape, y, b)
        """,
    ),
    _row(
        "NumPy on the way", "left", "np.mean(x2, axis=0)",
        """
        x = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
        with tf.GradientTape() as tape:
            x2 = x ** 2
            y = np.mean(x2, axis=0)
            y = tf.reduce_mean(y, axis=0)
        answer = why(tape, y, x)
        """, seen=GUIDE,
    ),
    _row(
        "numpy() on the way", "left", "fake.numpy()",
        """
        g = tf.Variable([1.0, 2.0])
        d = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            fake = g * 2.0
            loss = tf.reduce_sum(d * fake.numpy())
        answer = why(tape, loss, g)
        """, seen="tensorflow/tensorflow#31919",
    ),
    _row(
        "float() on the way", "left", "float(x)",
        """
        x = tf.Variable(1.5)
        w = tf.Variable(4.0)
        with tf.GradientTape() as tape:
            k = float(x)
            y = w * k
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "the math module on the way", "left", "math.exp(x)",
        """
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            y = tf.constant(1.0) * math.exp(x)
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "tf.constant of a tensor", "left", "tf.constant(h)",
        """
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            h = x * 2.0
            y = tf.constant(h) * 3.0
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "a loss function that uses NumPy", "left", "np.square(w * 2.0)",
        """
        def loss(w):
            return np.square(w * 2.0)

        def main():
            v = tf.Variable(3.0)
            with tf.GradientTape() as t:
                l = loss(v)
            return why(t, l, v)

        answer = main()
        """,
    ),
    _row(
        "a model that takes its weight's number", "left", "self.w.numpy()",
        """
        class Model:
            def __init__(self):
                self.w = tf.Variable(3.0)

            def __call__(self, x):
                return self.w.numpy() * x

        m = Model()
        v = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            out = m(v)
        answer = why(tape, out, m.w)
        """,
    ),
    _row(
        "numbers added up in a loop", "left", "x.numpy()",
        """
        xs = [tf.Variable(1.0), tf.Variable(2.0)]
        total = 0.0
        with tf.GradientTape() as tape:
            for x in xs:
                total += x.numpy() ** 2
            loss = tf.convert_to_tensor(total)
        answer = why(tape, loss, xs[0])
        """,
    ),
    _row(
        "an integer variable", "integer", "tf.Variable(10)",
        """
        x = tf.Variable(10)
        with tf.GradientTape() as tape:
            y = x * x
        answer = why(tape, y, x)
        """, seen=GUIDE,
    ),
    _row(
        "an integer vector", "integer", "tf.Variable([1, 2, 3], dtype=tf.int64)",
        """
        x = tf.Variable([1, 2, 3], dtype=tf.int64)
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x * x)
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "text on the way", "left left", "tf.constant(str(x.numpy()))",
        """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            s = tf.constant(str(x.numpy()))
            y = float(s.numpy().decode()) * tf.constant(1.0)
        answer = why(tape, y, x)
        """,
        mend="""
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * tf.constant(1.0)
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "a cast to integers", "integer", "tf.cast(x, tf.int32)",
        """
        x = tf.Variable(3.7)
        with tf.GradientTape() as tape:
            n = tf.cast(x, tf.int32)
            y = tf.cast(n, tf.float32) * 2.0
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "argmax in a loss", "step", "tf.argmax(logits, axis=1)",
        """
        logits = tf.Variable([[0.1, 0.2, 0.7]])
        labels = tf.constant([2.0])
        with tf.GradientTape() as tape:
            guess = tf.cast(tf.argmax(logits, axis=1), tf.float32)
            loss = tf.reduce_mean((guess - labels) ** 2)
        answer = why(tape, loss, logits)
        """,
    ),
    _row(
        "floor", "step", "tf.floor(x)",
        """
        x = tf.Variable(3.7)
        with tf.GradientTape() as tape:
            y = tf.floor(x) * 2.0
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "round", "step", "tf.round(x)",
        """
        x = tf.Variable([3.7, 1.2])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.round(x))
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "a comparison", "step", "x > 3.0",
        """
        x = tf.Variable(3.7)
        with tf.GradientTape() as tape:
            y = tf.cast(x > 3.0, tf.float32)
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "the condition of a where", "step", "x < 3.0",
        """
        x = tf.Variable(3.7)
        with tf.GradientTape() as tape:
            y = tf.where(x < 3.0, 5.0, 1.0)
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "an if that asks for x", "step", "x > 2.0",
        """
        x = tf.Variable(3.0)
        w = tf.Variable(5.0)
        with tf.GradientTape() as tape:
            if x > 2.0:
                y = w * 2.0
            else:
                y = w * 3.0
        answer = why(tape, y, x)
        """, seen=GUIDE,
        mend="""
        x = tf.Variable(3.0)
        w = tf.Variable(5.0)
        with tf.GradientTape() as tape:
            p = tf.sigmoid(x - 2.0)
            y = p * w * 2.0 + (1 - p) * w * 3.0
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "computed after the block", "outside", "y = h + 1.0",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            h = x * x
        y = h + 1.0
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "computed before the block", "outside", "y = x * x",
        """
        x = tf.Variable(3.0)
        y = x * x
        with tf.GradientTape() as tape:
            z = x + 1.0
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "the target sliced in the question", "outside", "c[0]",
        """
        a = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            c = a * a
        answer = why(tape, c[0], a)
        """, seen="tensorflow/tensorflow#41999",
        mend="""
        a = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            c = a * a
            first = c[0]
        answer = why(tape, first, a)
        """,
    ),
    _row(
        "under stop_recording", "paused", "h = x * x",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            with tape.stop_recording():
                h = x * x
            y = h * 2.0
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "stop_gradient", "stopped", "tf.stop_gradient(x * x)",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = tf.stop_gradient(x * x) + 1.0
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "an assignment cut the history", "assigned", "x1.assign_add(x0)",
        """
        x0 = tf.Variable(3.0)
        x1 = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            x1.assign_add(x0)
            y = x1 ** 2
        answer = why(tape, y, x0)
        """, seen=ADVANCED,
    ),
    _row(
        "a variable made of a computed value", "assigned", "tf.Variable(x * 2.0)",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            v = tf.Variable(x * 2.0)
            y = v ** 2
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "trainable=False", "untrainable", "x = tf.Variable(3.0, trainable=False)",
        """
        x = tf.Variable(3.0, trainable=False)
        with tf.GradientTape() as tape:
            y = x * x
        answer = why(tape, y, x)
        """, seen=GUIDE,
    ),
    _row(
        "watch_accessed_variables=False", "unnoticed",
        "with tf.GradientTape(watch_accessed_variables=False) as tape:",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            y = x * x
        answer = why(tape, y, x)
        """, seen=GUIDE,
    ),
    _row(
        "another tape recorded it", "elsewhere", "",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape1:
            y = x * x
        with tf.GradientTape() as tape2:
            z = x + 1.0
        answer = why(tape2, y, x)
        """,
    ),
    _row(
        "watched by the inner tape only", "elsewhere", "",
        """
        x = tf.constant(3.0)
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x ** 3
            dy = inner.gradient(y, x)
        answer = why(outer, dy, x)
        """, seen="tensorflow/tensorflow#31519",
    ),
    _row(
        "a fresh slice as source", "fresh", "x[0]",
        """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = x[0] ** 2 + x[1]
        answer = why(tape, y, x[0])
        """,
    ),
    _row(
        "a fresh copy as source", "fresh", "tf.identity(x)",
        """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x * x)
        answer = why(tape, y, tf.identity(x))
        """,
    ),
    _row(
        "the tape was reset", "forgotten", "tape.reset()",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
            tape.reset()
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "not in the expression", "unconnected", "z = y * y",
        """
        x = tf.Variable(2.0)
        y = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            z = y * y
        answer = why(tape, z, x)
        """, seen="tensorflow/tensorflow#24849",
        mend="""
        x = tf.Variable(2.0)
        y = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            z = y * y * x
        answer = why(tape, z, x)
        """,
    ),
    _row(
        "printed, but not used", "unconnected", "z = y * y",
        """
        x = tf.Variable(2.0)
        y = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            seen = []
            seen.append(x.numpy())
            h = x * 2.0
            z = y * y
        answer = why(tape, z, x)
        """,
        mend="""
        x = tf.Variable(2.0)
        y = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            h = x * 2.0
            z = y * y + h
        answer = why(tape, z, x)
        """,
    ),
    _row(
        "a new variable of the same name", "renewed", "x = tf.Variable(3.0)",
        """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * x
        x = tf.Variable(3.0)
        answer = why(tape, y, x)
        """,
        mend="""
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * x
        answer = why(tape, y, x)
        x = tf.Variable(3.0)
        """,
    ),
    _row(
        "a watched tensor, renamed", "renewed", "x = x - 0.1",
        """
        x = tf.constant(2.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        x = x - 0.1
        answer = why(tape, y, x)
        """,
        mend="""
        x = tf.constant(2.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        old, x = x, x - 0.1
        answer = why(tape, y, old)
        """,
    ),
    _row(
        "the second derivative of a line", "linear", "inner.gradient(y, x)",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = 3.0 * x + 1.0
            dy_dx = inner.gradient(y, x)
        answer = why(outer, dy_dx, x)
        """, seen="tensorflow/tensorflow#9398",
        mend="""
        x = tf.Variable(3.0)
        with tf.GradientTape(persistent=True) as outer:
            with tf.GradientTape() as inner:
                y = 3.0 * x + 1.0
            dy_dx = inner.gradient(y, x)
        assert outer.gradient(dy_dx, x, unconnected_gradients="zero").numpy() == 0
        y = 3.0 * x
        with tf.GradientTape() as tape:
            y = x ** 2
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "the first derivative taken outside", "outside", "dw = inner.gradient(w, y)",
        """
        y = tf.Variable(2.0)
        v = tf.Variable(3.0)
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                w = y * y * v
        dw = inner.gradient(w, y)
        answer = why(outer, dw, v)
        """, seen="tensorflow/tensorflow#41510",
    ),
    _row(
        "a custom gradient that gives None", "custom", "f(x)",
        """
        @tf.custom_gradient
        def f(x):
            return x * x, lambda g: None

        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = f(x)
        answer = why(tape, y, x)
        """,
        mend="""
        @tf.custom_gradient
        def f(x):
            return x * x, lambda g: g * 2.0 * x

        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = f(x)
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "several reasons at once", "unwatched step left", "x = tf.constant([1.0, 3.0])",
        """
        x = tf.constant([1.0, 3.0])
        with tf.GradientTape() as tape:
            i = tf.cast(tf.argmax(x), tf.float32)
            y = np.square(i) * 2.0
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "several cuts on the tape", "step stopped", "tf.floor(x)",
        """
        x = tf.Variable([1.2, 3.4])
        with tf.GradientTape() as tape:
            i = tf.floor(x)
            y = tf.stop_gradient(tf.reduce_sum(i))
        answer = why(tape, y, x)
        """,
    ),
]  # fmt: skip

ZERO = [
    _row(
        "relu's flat side", "flat", "tf.nn.relu(x)",
        """
        x = tf.Variable(-2.0)
        with tf.GradientTape() as tape:
            y = tf.nn.relu(x) * 3.0
        answer = why(tape, y, x)
        """, result="zero",
    ),
    _row(
        "a factor 0", "factor", "h @ W2",
        """
        W1 = tf.Variable([[0.1, 0.2], [0.3, 0.4]])
        W2 = tf.Variable([[0.0], [0.0]])
        x = tf.constant([[1.0, 2.0]])
        with tf.GradientTape() as tape:
            h = tf.tanh(x @ W1)
            loss = tf.reduce_sum((h @ W2 - 1.0) ** 2)
        answer = why(tape, loss, W1)
        """, result="zero",
        mend="""
        W1 = tf.Variable([[0.1, 0.2], [0.3, 0.4]])
        W2 = tf.Variable([[0.1], [0.2]])
        x = tf.constant([[1.0, 2.0]])
        with tf.GradientTape() as tape:
            h = tf.tanh(x @ W1)
            loss = tf.reduce_sum((h @ W2 - 1.0) ** 2)
        answer = why(tape, loss, W1)
        """,
    ),
    _row(
        "maximum's other branch", "branch", "tf.maximum(x, 3.0)",
        """
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = tf.maximum(x, 3.0)
        answer = why(tape, y, x)
        """, result="zero",
        mend="""
        x = tf.Variable(4.0)
        with tf.GradientTape() as tape:
            y = tf.maximum(x, 3.0)
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "where's other branch", "branch", "tf.where(x > 3.0, x, 3.0)",
        """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.where(x > 3.0, x, 3.0))
        answer = why(tape, y, x)
        """, result="zero",
        mend="""
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.where(x > 1.5, x, 3.0))
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "sign", "flat", "tf.sign(x)",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = tf.sign(x)
        answer = why(tape, y, x)
        """, result="zero",
    ),
    _row(
        "the bottom of a parabola", "flat", "(x - 3.0) ** 2",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = (x - 3.0) ** 2
        answer = why(tape, y, x)
        """, result="zero",
        mend="""
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = (x - 3.0) ** 2
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "a saturated sigmoid", "flat", "tf.sigmoid(x)",
        """
        x = tf.Variable(200.0)
        with tf.GradientTape() as tape:
            y = tf.sigmoid(x)
        answer = why(tape, y, x)
        """, result="zero",
        mend="""
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = tf.sigmoid(x)
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "paths that cancel", "cancel", "x + x",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = 2.0 * x - (x + x)
        answer = why(tape, y, x)
        """, result="zero",
        mend="""
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = 2.5 * x - (x + x)
        answer = why(tape, y, x)
        """,
    ),
]  # fmt: skip

WILD = [
    _row(
        "sqrt at 0", "steep zero-times-inf", "tf.sqrt(x * x)",
        """
        x = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            y = tf.sqrt(x * x)
        answer = why(tape, y, x)
        """, result="nan", after="zero", seen="tensorflow/tensorflow#4914",
    ),
    _row(
        "only sqrt at 0", "steep", "tf.sqrt(x)",
        """
        x = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            y = tf.sqrt(x)
        answer = why(tape, y, x)
        """, result="inf",
    ),
    _row(
        "norm at 0", "steep", "tf.norm(x)",
        """
        x = tf.Variable([0.0, 0.0])
        with tf.GradientTape() as tape:
            y = tf.norm(x)
        answer = why(tape, y, x)
        """, result="nan", after="zero", seen="tensorflow/tensorflow#12071",
    ),
    _row(
        "log of a negative number", "domain", "tf.math.log(x - 2.0)",
        """
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = tf.math.log(x - 2.0) ** 2
        answer = why(tape, y, x)
        """, result="nan", after="zero",
    ),
    _row(
        "0 times infinity in a where", "zero-times-inf", "tf.math.log(x)",
        """
        x = tf.Variable([0.0, 2.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.where(x > 0.0, tf.math.log(x), 0.0))
        answer = why(tape, y, x)
        """, result="nan", seen="tensorflow/tensorflow#27684",
    ),
    _row(
        "an overflow in a where", "overflow", "tf.exp(a)",
        """
        a = tf.Variable(200.0)
        with tf.GradientTape() as tape:
            y = tf.where(a > 1.0, a, tf.exp(a))
        answer = why(tape, y, a)
        """, result="nan", seen="tensorflow/tensorflow#38349",
    ),
    _row(
        "log of 1 + exp", "overflow", "tf.exp(x)",
        """
        x = tf.Variable(100.0)
        with tf.GradientTape() as tape:
            y = tf.math.log(1.0 + tf.exp(x))
        answer = why(tape, y, x)
        """, result="nan", after="zero",
    ),
    _row(
        "division by 0", "steep", "1.0 / x",
        """
        x = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            y = 1.0 / x
        answer = why(tape, y, x)
        """, result="inf", after="zero",
    ),
    _row(
        "nan from the start", "domain", "x * x",
        """
        x = tf.Variable(float("nan"))
        with tf.GradientTape() as tape:
            y = x * x
        answer = why(tape, y, x)
        """, result="nan",
        mend="""
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * x
        answer = why(tape, y, x)
        """,
    ),
]  # fmt: skip
