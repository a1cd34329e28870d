"""A small GPT whose every number is a scalar that remembers where it came from.

The engine is the kind that is published in a single file: a value, its gradient, the
values it was computed from, and what a gradient is multiplied by on its way to each.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WIDTH, HEADS, CONTEXT = 16, 4, 16


class Value:
    """A number that remembers what it was computed from."""

    __slots__ = ("_children", "_local_grads", "data", "grad")

    def __init__(self, data: float, children: Any = (), local_grads: Any = ()) -> None:
        self.data, self.grad = data, 0.0
        self._children, self._local_grads = children, local_grads

    def __add__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n: float) -> Value:
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self) -> Value:
        return Value(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self) -> Value:
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def relu(self) -> Value:
        return Value(max(0.0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self) -> Value:
        return self * -1

    def __radd__(self, other: Any) -> Value:
        return self + other

    def __sub__(self, other: Any) -> Value:
        return self + (-other)

    def __rmul__(self, other: Any) -> Value:
        return self * other

    def __truediv__(self, other: Any) -> Value:
        return self * other**-1

    def backward(self) -> None:
        """Add the derivatives of this value to every ``grad``."""
        order, seen, todo = [], set(), [(self, False)]
        while todo:
            v, done = todo.pop()
            if done:
                order.append(v)
            elif id(v) not in seen:
                seen.add(id(v))
                todo += [(v, True), *((c, False) for c in v._children)]
        self.grad = 1.0
        for v in reversed(order):
            for child, slope in zip(v._children, v._local_grads, strict=True):
                child.grad += slope * v.grad


Weights = dict[str, list[list[Any]]]


def weights(number: Callable[[float], Any] = Value, seed: int = 42) -> Weights:
    """4,192 numbers in nine matrices."""
    rng = random.Random(seed)  # noqa: S311 - no secrets

    def matrix(rows: int, columns: int) -> list[list[Any]]:
        return [
            [number(rng.gauss(0, 0.08)) for _ in range(columns)] for _ in range(rows)
        ]

    vocabulary = len(LETTERS) + 1
    return {
        "wte": matrix(vocabulary, WIDTH),
        "wpe": matrix(CONTEXT, WIDTH),
        "wq": matrix(WIDTH, WIDTH),
        "wk": matrix(WIDTH, WIDTH),
        "wv": matrix(WIDTH, WIDTH),
        "wo": matrix(WIDTH, WIDTH),
        "fc1": matrix(4 * WIDTH, WIDTH),
        "fc2": matrix(WIDTH, 4 * WIDTH),
        "lm_head": matrix(vocabulary, WIDTH),
    }


def exp(v: Any) -> Any:
    return v.exp()


def log(v: Any) -> Any:
    return v.log()


def relu(v: Any) -> Any:
    return v.relu()


def linear(x: list[Any], w: list[list[Any]]) -> list[Any]:
    return [sum(wi * xi for wi, xi in zip(row, x, strict=True)) for row in w]


def softmax(logits: list[Any]) -> list[Any]:
    top = max(float(getattr(v, "data", v)) for v in logits)
    exps = [exp(v - top) for v in logits]
    total = sum(exps)
    return [e / total for e in exps]


def rmsnorm(x: list[Any]) -> list[Any]:
    mean = sum(xi * xi for xi in x) / len(x)
    scale = (mean + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def attention(
    w: Weights, x: list[Any], keys: list[Any], values: list[Any]
) -> list[Any]:
    q = linear(x, w["wq"])
    keys.append(linear(x, w["wk"]))
    values.append(linear(x, w["wv"]))
    heads = []
    for h in range(0, WIDTH, WIDTH // HEADS):
        heads += head(h, h + WIDTH // HEADS, q, keys, values)
    return linear(heads, w["wo"])


def head(a: int, b: int, q: list[Any], keys: list[Any], values: list[Any]) -> list[Any]:
    scores = [
        sum(qj * kj for qj, kj in zip(q[a:b], k[a:b], strict=True)) / (b - a) ** 0.5
        for k in keys
    ]
    share = softmax(scores)
    return [
        sum(s * v[j] for s, v in zip(share, values, strict=True)) for j in range(a, b)
    ]


def mlp(w: Weights, x: list[Any]) -> list[Any]:
    return linear([relu(h) for h in linear(x, w["fc1"])], w["fc2"])


def one_token(
    w: Weights, token: int, at: int, keys: list[Any], values: list[Any]
) -> list[Any]:
    x = [t + p for t, p in zip(w["wte"][token], w["wpe"][at], strict=True)]
    x = rmsnorm(x)
    x = [a + b for a, b in zip(attention(w, rmsnorm(x), keys, values), x, strict=True)]
    x = [a + b for a, b in zip(mlp(w, rmsnorm(x)), x, strict=True)]
    return linear(x, w["lm_head"])


def document_loss(w: Weights, document: str) -> Any:
    """The mean cross-entropy of each next letter of a document."""
    end = len(LETTERS)
    tokens = [end, *map(LETTERS.index, document), end]
    keys: list[Any] = []
    values: list[Any] = []
    losses = []
    for at in range(len(tokens) - 1):
        logits = one_token(w, tokens[at], at, keys, values)
        share = softmax(logits)
        losses.append(-log(share[tokens[at + 1]]))
    return sum(losses) / len(losses)
