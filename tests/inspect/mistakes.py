"""Mistakes people make with a tape: the code, the reason it must give, and a fix.

``seen`` says where such a mistake was asked about; the code here is our own. Where no
``repaired`` is given, the changes that the answer itself proposes must repair it.
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
    """A program whose last line asks; the kinds of its reasons in order; the fix.

    ``at`` is the code that the first reason points at. ``after`` is what becomes of the
    gradient: "value" as a rule.
    """

    name: str
    kinds: tuple[str, ...]
    at: str
    code: str
    repaired: str = ""
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
    if "repaired" in more:
        more["repaired"] = _tidy(more["repaired"])
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
        "tf.constant of a variable", "left", "tf.constant(x)",
        """
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            h = tf.constant(x) * 2.0
            y = h * 3.0
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
        repaired="""
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
        repaired="""
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
        repaired="""
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
        repaired="""
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
        repaired="""
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
        repaired="""
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
        repaired="""
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
        repaired="""
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
        repaired="""
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
    _row(
        "a model called before the block", "outside",
        "pred = model(x)",
        """
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        x, y = tf.constant([[1.0], [2.0]]), tf.constant([[2.0], [4.0]])
        pred = model(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((pred - y) ** 2)
        answer = why(tape, loss, model.trainable_variables)
        """,
        seen="tensorflow/tensorflow#51489",
    ),
    _row(
        "a model's loss after the block", "outside",
        "loss = tf.reduce_mean((pred - 5.0) ** 2)",
        """
        class Line(tf.Module):
            def __init__(self):
                self.w = tf.Variable(5.0)

            def __call__(self, x):
                return self.w * x

        model = Line()
        with tf.GradientTape() as t:
            pred = model(tf.constant([1.0, 2.0]))
        loss = tf.reduce_mean((pred - 5.0) ** 2)
        answer = why(t, loss, model.w)
        """,
    ),
    _row(
        "a weight that is used only in __init__", "outside",
        "self.scaled = self.w * 0.5",
        """
        class Layer(tf.Module):
            def __init__(self):
                self.w = tf.Variable([[1.0], [2.0]])
                self.scaled = self.w * 0.5

            def __call__(self, x):
                return x @ self.scaled

        layer = Layer()
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(tf.constant([[1.0, 1.0]])) ** 2)
        answer = why(tape, loss, layer.w)
        """,
        seen="tensorflow/tensorflow#32729",
        repaired="""
        class Layer(tf.Module):
            def __init__(self):
                self.w = tf.Variable([[1.0], [2.0]])

            def __call__(self, x):
                return x @ (self.w * 0.5)

        layer = Layer()
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(tf.constant([[1.0, 1.0]])) ** 2)
        answer = why(tape, loss, layer.w)
        """,
    ),
    _row(
        "all that another tape's block did", "outside",
        "fake = g * 3.0",
        """
        g, d = tf.Variable(1.0), tf.Variable(2.0)
        with tf.GradientTape() as g_tape:
            fake = g * 3.0
        with tf.GradientTape() as d_tape:
            loss = (fake * d - 1.0) ** 2
        answer = why(d_tape, loss, g)
        """,
        seen="tensorflow/tensorflow#31919",
    ),
    _row(
        "an attribute rebound in a loop", "rebound",
        "self.w = self.w - 0.1 * g",
        """
        class Model:
            def __init__(self):
                self.w = tf.Variable(2.0)

            def fit(self):
                for step in range(2):
                    with tf.GradientTape() as tape:
                        loss = (self.w * 3.0 - 1.0) ** 2
                    answer = why(tape, loss, self.w)
                    if answer.result == 'none':
                        break
                    g = tape.gradient(loss, self.w)
                    self.w = self.w - 0.1 * g
                return answer

        answer = Model().fit()
        """,
    ),
    _row(
        "a list of weights made anew", "rebound",
        "weights = [w - 0.1 * g for w, g in zip(weights, grads)]",
        """
        weights = [tf.Variable(1.0), tf.Variable(2.0)]
        for step in range(2):
            with tf.GradientTape() as tape:
                loss = (weights[0] * 3.0 + weights[1]) ** 2
            grads = tape.gradient(loss, weights)
            if grads[0] is None:
                break
            weights = [w - 0.1 * g for w, g in zip(weights, grads)]
        answer = why(tape, loss, weights[0])
        """,
        repaired="""
        weights = [tf.Variable(1.0), tf.Variable(2.0)]
        for step in range(2):
            with tf.GradientTape() as tape:
                loss = (weights[0] * 3.0 + weights[1]) ** 2
            grads = tape.gradient(loss, weights)
            for w, g in zip(weights, grads):
                w.assign_sub(0.1 * g)
        answer = why(tape, loss, weights[0])
        """,
    ),
    _row(
        "a dict of weights rebound one by one", "rebound",
        "params[k] = params[k] - 0.1 * grads[k]",
        """
        params = {'w': tf.Variable(1.0), 'b': tf.Variable(0.0)}
        for step in range(2):
            with tf.GradientTape() as tape:
                loss = (params['w'] * 3.0 + params['b'] - 1.0) ** 2
            grads = tape.gradient(loss, params)
            if grads['w'] is None:
                break
            for k in params:
                params[k] = params[k] - 0.1 * grads[k]
        answer = why(tape, loss, params['w'])
        """,
    ),
    _row(
        "an array filled entry by entry", "left",
        "out[i]",
        """
        w = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            out = np.zeros(2, dtype=np.float32)
            for i in range(2):
                out[i] = w[i] * 3.0
            loss = tf.reduce_sum(tf.constant(out))
        answer = why(tape, loss, w)
        """,
        repaired="""
        w = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            out = []
            for i in range(2):
                out.append(w[i] * 3.0)
            loss = tf.reduce_sum(tf.stack(out))
        answer = why(tape, loss, w)
        """,
    ),
    _row(
        "a list of plain numbers", "left",
        "w.numpy().tolist()",
        """
        w = tf.Variable([1.0, 2.0, 3.0])
        with tf.GradientTape() as tape:
            s = sum([v for v in w.numpy().tolist()])
            loss = tf.constant(2.0) * s
        answer = why(tape, loss, w)
        """,
        seen="tensorflow/tensorflow#50111",
    ),
    _row(
        "a constant made of a list of tensors", "left",
        "tf.constant([a * 2.0, b * 3.0])",
        """
        a, b = tf.Variable(1.0), tf.Variable(2.0)
        with tf.GradientTape() as tape:
            v = tf.constant([a * 2.0, b * 3.0])
            y = tf.reduce_sum(v ** 2)
        answer = why(tape, y, a)
        """,
    ),
    _row(
        "a variable that adds up in a loop", "assigned",
        "total.assign_add(w * k)",
        """
        w = tf.Variable(2.0)
        total = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            for k in range(3):
                total.assign_add(w * k)
            loss = total * total
        answer = why(tape, loss, w)
        """,
        seen="tensorflow/tensorflow#6193",
    ),
    _row(
        "accuracy as a loss", "step",
        "tf.argmax(logits, axis=1, output_type=tf.int32)",
        """
        dense = tf.keras.layers.Dense(3)
        images, labels = tf.constant([[1.0, 2.0], [0.5, -1.0]]), tf.constant([0, 2])

        def inaccuracy(logits):
            guesses = tf.argmax(logits, axis=1, output_type=tf.int32)
            return 1.0 - tf.reduce_mean(tf.cast(tf.equal(guesses, labels), tf.float32))

        with tf.GradientTape() as tape:
            loss = inaccuracy(dense(images))
        answer = why(tape, loss, dense.trainable_variables)
        """,
        seen="tensorflow/tensorflow#28836",
        repaired="""
        dense = tf.keras.layers.Dense(3)
        images, labels = tf.constant([[1.0, 2.0], [0.5, -1.0]]), tf.constant([0, 2])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels, dense(images)))
        answer = why(tape, loss, dense.trainable_variables)
        """,
    ),
    _row(
        "a count of the rounds of a loop", "step",
        "v > 1.0",
        """
        x = tf.Variable(5.0)
        with tf.GradientTape() as tape:
            steps, v = tf.constant(0.0), x
            while v > 1.0:
                v = v / 2.0
                steps = steps + 1.0
        answer = why(tape, steps, x)
        """,
        repaired="""
        x = tf.Variable(5.0)
        with tf.GradientTape() as tape:
            steps = tf.math.log(x) / tf.math.log(2.0)
        answer = why(tape, steps, x)
        """,
    ),
    _row(
        "target and source the wrong way round", "unconnected",
        "x * x",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        answer = why(tape, x, y)
        """,
    ),
    _row(
        "a function that computes before its block", "outside",
        "y = w * x",
        """
        w = tf.Variable(2.0)

        def step(x):
            y = w * x
            with tf.GradientTape() as tape:
                loss = y ** 2
            return why(tape, loss, w)

        answer = step(tf.constant(3.0))
        """,
    ),
    _row(
        "a method that runs before the block", "outside",
        "out = self.forward(x)",
        """
        class Trainer:
            def __init__(self):
                self.w = tf.Variable(2.0)

            def forward(self, x):
                return self.w * x

            def step(self, x):
                out = self.forward(x)
                with tf.GradientTape() as tape:
                    loss = (out - 1.0) ** 2
                return why(tape, loss, self.w)

        answer = Trainer().step(tf.constant(3.0))
        """,
    ),
    _row(
        "a loss handed to the function that has the block", "outside",
        "loss = compute(tf.constant([[1.0, 2.0]]))",
        """
        dense = tf.keras.layers.Dense(1)

        def compute(x):
            return tf.reduce_mean((dense(x) - 3.0) ** 2)

        def train(loss):
            with tf.GradientTape() as tape:
                scaled = loss * 0.5
            return why(tape, scaled, dense.trainable_variables)

        loss = compute(tf.constant([[1.0, 2.0]]))
        answer = train(loss)
        """,
        seen="tensorflow/tensorflow#42167",
        repaired="""
        dense = tf.keras.layers.Dense(1)

        def train(x):
            with tf.GradientTape() as tape:
                scaled = tf.reduce_mean((dense(x) - 3.0) ** 2) * 0.5
            return why(tape, scaled, dense.trainable_variables)

        answer = train(tf.constant([[1.0, 2.0]]))
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
        repaired="""
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
        repaired="""
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
        repaired="""
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
        repaired="""
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
        repaired="""
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
        repaired="""
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = 2.5 * x - (x + x)
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "the second derivative of relu", "flat",
        "inner.gradient(u, x)",
        """
        x = tf.Variable([0.5, -1.0])
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                u = tf.nn.relu(x) * 2.0
            u_x = inner.gradient(u, x)
        answer = why(outer, u_x, x)
        """,
        result="zero",
        repaired="""
        x = tf.Variable([0.5, -1.0])
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                u = tf.nn.softplus(x) * 2.0
            u_x = inner.gradient(u, x)
        answer = why(outer, u_x, x)
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
        repaired="""
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * x
        answer = why(tape, y, x)
        """,
    ),
    _row(
        "distances between points and themselves", "steep",
        "tf.norm(d, axis=-1)",
        """
        p = tf.Variable([[0.0, 1.0], [2.0, 3.0]])
        with tf.GradientTape() as tape:
            d = p[:, None, :] - p[None, :, :]
            loss = tf.reduce_sum(tf.norm(d, axis=-1))
        answer = why(tape, loss, p)
        """,
        result="nan",
    ),
    _row(
        "log of a probability that became 0", "zero-times-inf",
        "tf.math.log(1.0 - p)",
        """
        w = tf.Variable(40.0)
        with tf.GradientTape() as tape:
            p = tf.sigmoid(w)
            loss = -(1.0 * tf.math.log(p) + 0.0 * tf.math.log(1.0 - p))
        answer = why(tape, loss, w)
        """,
        result="nan", after="zero",
    ),
    _row(
        "the angle between a vector and itself", "steep zero-times-inf",
        "tf.acos(tf.reduce_sum(a * b))",
        """
        a, b = tf.Variable([1.0, 0.0]), tf.constant([1.0, 0.0])
        with tf.GradientTape() as tape:
            angle = tf.acos(tf.reduce_sum(a * b))
        answer = why(tape, angle, a)
        """,
        result="nan",
    ),
]  # fmt: skip
