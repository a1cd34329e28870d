"""The workloads, each for every framework that can be had.

A workload is a table from a framework's name to a function without arguments that does
the work once and returns a number to compare. ``floor`` is the same work written by
hand in Python or NumPy, without any tape.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

import tapeviz as tf

Work = Callable[[], float]
Number: TypeAlias = tf.Tensor | tf.Variable


def peer(name: str) -> Any:
    """A framework's module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


@dataclass
class Workload:
    """One row of the benchmark: its works, its unit, and the goals for its ratios."""

    title: str
    per: float
    unit: str
    works: dict[str, Work]
    goals: dict[str, float] = field(default_factory=dict)


def parabola() -> Workload:
    """W1: record x**2 + 2*x + 1 and its gradient."""
    x = tf.Variable(3.0)

    def ours() -> float:
        with tf.GradientTape() as tape:
            y = x**2 + 2 * x + 1
        return float(tape.gradient(y, x))

    def floor() -> float:
        at = 3.0
        _value = at**2 + 2 * at + 1
        return 2 * at + 2

    works = {"tapeviz": ours, "floor": floor}
    if engine := peer("micrograd.engine"):

        def micrograd() -> float:
            v = engine.Value(3.0)
            y = v**2 + 2 * v + 1
            y.backward()
            return float(v.grad)

        works["micrograd"] = micrograd
    if torch := peer("torch"):

        def pytorch() -> float:
            v = torch.tensor(3.0, requires_grad=True)
            y = v**2 + 2 * v + 1
            y.backward()
            return float(v.grad)

        works["torch"] = pytorch
    return Workload("W1 parabola", 1, "µs", works, {"micrograd": 0.7, "torch": 1 / 8})


def chain(steps: int, others: int = 0) -> Workload:
    """W2: y = y*w + b, over and over; per operation."""

    def ours() -> float:
        start, w, b = tf.Variable(1.0), tf.Variable(0.999), tf.Variable(0.1)
        y: Number = start
        with tf.GradientTape() as tape:
            for _ in range(steps):
                y = y * w + b
        return float(tape.gradient(y, b))

    def floor() -> float:
        y, w, b, g = 1.0, 0.999, 0.1, 0.0
        for _ in range(steps):
            y = y * w + b
        up = 1.0
        for _ in range(steps):
            g += up
            up *= w
        return g

    works = {"tapeviz": ours, "floor": floor}
    if others:
        works |= _chain_peers(others, steps)
    return Workload(
        f"W2 chain of {steps}", steps, "µs", works,
        {"micrograd": 0.4, "torch": 1 / 8} if others else {},
    )  # fmt: skip


def _chain_peers(limit: int, steps: int) -> dict[str, Work]:
    works: dict[str, Work] = {}
    if (engine := peer("micrograd.engine")) and steps <= limit:

        def micrograd() -> float:
            y, w, b = engine.Value(1.0), engine.Value(0.999), engine.Value(0.1)
            for _ in range(steps):
                y = y * w + b
            y.backward()
            return float(b.grad)

        works["micrograd"] = micrograd
    if torch := peer("torch"):

        def pytorch() -> float:
            w = torch.tensor(0.999, requires_grad=True)
            b = torch.tensor(0.1, requires_grad=True)
            y = torch.tensor(1.0)
            for _ in range(steps):
                y = y * w + b
            y.backward()
            return float(b.grad)

        works["torch"] = pytorch
    return works


def descent(steps: int) -> Workload:
    """W3: the loop of section 10.6."""

    def ours() -> float:
        x = tf.Variable(2.0)
        for _ in range(steps):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            x.assign_sub(0.1 * tape.gradient(loss, x))
        return float(x)

    def floor() -> float:
        x = 2.0
        for _ in range(steps):
            _loss = (x - 5) ** 2
            x -= 0.1 * (2 * (x - 5))
        return x

    works = {"tapeviz": ours, "floor": floor}
    if engine := peer("micrograd.engine"):

        def micrograd() -> float:
            x = engine.Value(2.0)
            for _ in range(steps):
                loss = (x - 5) ** 2
                x.grad = 0
                loss.backward()
                x.data -= 0.1 * x.grad
            return float(x.data)

        works["micrograd"] = micrograd
    return Workload(f"W3 descent of {steps}", 1, "µs", works, {"micrograd": 0.75})


def network() -> Workload:
    """W4: a 64-128-128-10 network, batch 64, one training step."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 64)).astype(np.float32)
    y = np.eye(10, dtype=np.float32)[rng.integers(0, 10, 64)]
    sizes = (64, 128, 128, 10)
    start = [
        (rng.normal(size=(a, b)) * np.sqrt(2 / a)).astype(np.float32)
        for a, b in pairwise(sizes)
    ]
    zero = [np.zeros(b, np.float32) for b in sizes[1:]]
    works = {
        "tapeviz": _net_ours(x, y, start, zero),
        "floor": _net_floor(x, y, start, zero),
    }
    if torch := peer("torch"):
        works["torch"] = _net_torch(torch, x, y, start, zero)
    return Workload("W4 network step", 1, "µs", works, {"floor": 1.15, "torch": 0.5})


def _net_ours(x: Any, y: Any, start: Any, zero: Any) -> Work:
    ws, bs = [tf.Variable(w) for w in start], [tf.Variable(b) for b in zero]
    tx, ty = tf.constant(x), tf.constant(y)
    rate = tf.constant(1e-6)

    def step() -> float:
        with tf.GradientTape() as tape:
            h = tf.nn.relu(tx @ ws[0] + bs[0])
            h = tf.nn.relu(h @ ws[1] + bs[1])
            out = h @ ws[2] + bs[2]
            loss = tf.reduce_mean(tf.square(out - ty))
        params = ws + bs
        for p, g in zip(params, tape.gradient(loss, params), strict=True):
            p.assign_sub(rate * g)
        return float(loss)

    return step


def _net_floor(x: Any, y: Any, start: Any, zero: Any) -> Work:
    ws, bs = [w.copy() for w in start], [b.copy() for b in zero]
    rate = np.float32(1e-6)

    def step() -> float:
        z1 = x @ ws[0] + bs[0]
        h1 = np.maximum(z1, 0)
        z2 = h1 @ ws[1] + bs[1]
        h2 = np.maximum(z2, 0)
        d = h2 @ ws[2] + bs[2]
        d -= y
        loss = float((d * d).mean())
        d *= np.float32(2 / d.size)
        g2, c2 = h2.T @ d, d.sum(0)
        d2 = d @ ws[2].T
        d2 *= h2 > 0
        g1, c1 = h1.T @ d2, d2.sum(0)
        d1 = d2 @ ws[1].T
        d1 *= h1 > 0
        g0, c0 = x.T @ d1, d1.sum(0)
        for p, g in zip(ws + bs, (g0, g1, g2, c0, c1, c2), strict=True):
            g *= rate  # noqa: PLW2901 - in place
            p -= g  # noqa: PLW2901
        return loss

    return step


def _net_torch(torch: Any, x: Any, y: Any, start: Any, zero: Any) -> Work:
    params = [torch.tensor(p, requires_grad=True) for p in (*start, *zero)]
    w0, w1, w2, b0, b1, b2 = params
    tx, ty = torch.tensor(x), torch.tensor(y)

    def step() -> float:
        h = torch.relu(tx @ w0 + b0)
        h = torch.relu(h @ w1 + b1)
        loss = ((h @ w2 + b2 - ty) ** 2).mean()
        for p, g in zip(params, torch.autograd.grad(loss, params), strict=True):
            with torch.no_grad():
                p -= 1e-6 * g  # noqa: PLW2901 - in place
        return float(loss)

    return step


def arrays() -> Workload:
    """W5: the gradient of sum(tanh(x) * exp(-x**2)) over a million float64."""
    x = np.random.default_rng(0).normal(size=1_000_000)
    v = tf.Variable(x)

    def ours() -> float:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.tanh(v) * tf.exp(-(v**2)))
        return float(tape.gradient(y, v)[0])

    def forward() -> float:
        return float(np.sum(np.tanh(x) * np.exp(-(x**2))))

    works = {"tapeviz": ours, "numpy forward": forward}
    if torch := peer("torch"):
        t = torch.tensor(x, requires_grad=True)

        def pytorch() -> float:
            y = (torch.tanh(t) * torch.exp(-(t**2))).sum()
            (g,) = torch.autograd.grad(y, t)
            return float(g[0])

        works["torch"] = pytorch
    return Workload("W5 a million numbers", 1, "µs", works, {"numpy forward": 1.4})


def fan_out() -> Workload:
    """W6a: a sum of 1000 terms that share one variable."""

    def ours() -> float:
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            y = x * 0.0
            for k in range(1000):
                y = y + x * float(k)
        return float(tape.gradient(y, x))

    works = {"tapeviz": ours}
    if torch := peer("torch"):

        def pytorch() -> float:
            x = torch.tensor(1.5, requires_grad=True)
            y = x * 0.0
            for k in range(1000):
                y = y + x * float(k)
            y.backward()
            return float(x.grad)

        works["torch"] = pytorch
    return Workload("W6a 1000 terms, one variable", 1, "µs", works, {"torch": 0.1})


def doublings(k: int) -> Workload:
    """W6b: 2**k paths in k additions."""

    def ours() -> float:
        x = tf.Variable(1.0, dtype="float64")
        y: Number = x
        with tf.GradientTape() as tape:
            for _ in range(k):
                y = y + y
        g = float(tape.gradient(y, x))
        if g != 2.0**k:
            raise AssertionError(f"the gradient of {k} doublings is {g}")
        return g

    return Workload(f"W6b {k} doublings", k, "µs", {"tapeviz": ours})


def second(ops: int = 50) -> Workload:
    """W7: the second derivative of an expression of 50 operations."""

    def ours() -> float:
        x = tf.Variable(0.3)
        y: Number = x
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                for _ in range(ops // 2):
                    y = y * x + 0.5
            g = inner.gradient(y, x)
        return float(outer.gradient(g, x))

    works = {"tapeviz": ours}
    if torch := peer("torch"):

        def pytorch() -> float:
            x = torch.tensor(0.3, requires_grad=True)
            y = x
            for _ in range(ops // 2):
                y = y * x + 0.5
            (g,) = torch.autograd.grad(y, x, create_graph=True)
            (h,) = torch.autograd.grad(g, x)
            return float(h)

        works["torch"] = pytorch
    return Workload("W7 second derivative", 1, "µs", works, {"torch": 1 / 6})


def jacobian(n: int = 100) -> Workload:
    """W8: the Jacobian of a map from 100 numbers to 100."""
    rng = np.random.default_rng(0)
    a, start = rng.normal(size=(n, n)) / n, rng.normal(size=(1, n))
    m, x = tf.constant(a), tf.Variable(start)

    def ours() -> float:
        with tf.GradientTape() as tape:
            y = tf.tanh(x @ m)
        return float(np.sum(tape.jacobian(y, x).numpy()))

    def rows() -> float:
        total = 0.0
        with tf.GradientTape(persistent=True) as tape:
            y = tf.tanh(x @ m)
            parts = [y[0, i] for i in range(n)]
        for part in parts:
            total += float(np.sum(tape.gradient(part, x).numpy()))
        return total

    works = {"tapeviz": ours, "row by row": rows}
    if torch := peer("torch"):
        tm, tx = torch.tensor(a), torch.tensor(start)

        def pytorch() -> float:
            full = torch.autograd.functional.jacobian(
                lambda v: torch.tanh(v @ tm), tx, vectorize=True
            )
            return float(full.sum())

        works["torch"] = pytorch
    return Workload(
        "W8 Jacobian 100 to 100", 1, "µs", works, {"torch": 1 / 7, "row by row": 0.1}
    )


def scalar_gpt() -> Workload:
    """W9: the picture of a GPT's loss, some 43,000 scalars; the floor is its step."""
    from tests.data import scalar_gpt as gpt

    weights = gpt.weights()
    numbers = [v for matrix in weights.values() for row in matrix for v in row]

    def step() -> float:
        loss = gpt.document_loss(weights, "emma")
        loss.backward()
        return float(loss.data)

    with tf.lines_of(gpt.Value):
        loss = gpt.document_loss(weights, "emma")

    def drawn() -> float:
        return loss.data if len(tf.draw(loss).html) < 2e6 else 0.0

    def played() -> float:
        return loss.data if len(tf.play(loss, numbers).html) < 2e6 else 0.0

    return Workload(
        "W9 GPT of scalars", 1, "\u00b5s",
        {"tapeviz": drawn, "tapeviz, film": played, "floor": step}, {"floor": 20},
    )  # fmt: skip


def everything() -> list[Workload]:
    """All rows, in the order they are printed."""
    return [
        parabola(), chain(100, others=100), chain(1000, others=100), chain(100_000),
        descent(10), descent(1000), network(), arrays(), fan_out(), doublings(30),
        doublings(60), second(), jacobian(), scalar_gpt(),
    ]  # fmt: skip
