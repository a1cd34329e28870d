"""Softmax and the cross entropies, fused so that ``exp`` does not overflow."""

from __future__ import annotations

from tapeviz.engine.ops.registry import PAIR, REAL, op

op("softmax", "softmax(x, axis)", "(g - sum(g * y, axis, True)) * y", **REAL)
op(
    "log_softmax", "log_softmax(x, axis)", "g - sum(g, axis, True) * exp(y)",
    symbol="log softmax", **REAL,
)  # fmt: skip
op(
    "softmax_cross_entropy", "-sum(a * log_softmax(b, (-1,)), (-1,), False)",
    "g[..., None] * -log_softmax(b, (-1,))", "g[..., None] * (softmax(b, (-1,)) - a)",
    kernel="SoftmaxCrossEntropyWithLogits", symbol="cross entropy",
    nickname="what softmax says, minus what is so", **PAIR, **REAL,
)  # fmt: skip
op(
    "sparse_softmax_cross_entropy", "-entry(log_softmax(b, (-1,)), a)", None,
    "g[..., None] * (softmax(b, (-1,)) - hot(a, b))",
    operands=("a", "b"), kernel="SparseSoftmaxCrossEntropyWithLogits",
    symbol="cross entropy", nickname="what softmax says, minus what is so",
)  # fmt: skip
op(
    "sigmoid_cross_entropy", "maximum(b, 0) - a * b + log1p(exp(-abs(b)))", "-g * b",
    "g * (sigmoid(b) - a)",
    operands=("a", "b"), kernel="SigmoidCrossEntropyWithLogits", symbol="cross entropy",
    nickname="what sigmoid says, minus what is so", **PAIR, **REAL,
)  # fmt: skip

# -- words that only rules use ---------------------------------------------------------

op(
    "hot", "hot(a, b)",
    symbol="one-hot", cut=True,
    nickname="1 at the place that a says, in the shape of b",
)  # fmt: skip
