"""Reductions (sums, means, maxima, norms), and running sums and products."""

from __future__ import annotations

from tapeviz.engine.ops.registry import FLOAT, NUMBER, ORDERED, REAL, op

op(
    "sum", "sum(x, axis, keep)", "expand_reduced(g, shape(x), axis, keep)",
    symbol="Σ", nickname="a sum distributes", **NUMBER,
    why="the rule gives g to every entry that went in",
)  # fmt: skip
op(
    "mean", "mean(x, axis, keep)",
    "expand_reduced(g, shape(x), axis, keep) / count(shape(x), axis)",
    nickname="a mean distributes equal shares", **NUMBER,
    why="the rule gives every entry its share of g",
)  # fmt: skip
op(
    "max", "max(x, axis, keep)",
    "expand_reduced(g, shape(x), axis, keep) * shares(x, y, axis, keep)",
    nickname="the greatest gets it; ties share equally", **ORDERED,
)  # fmt: skip
op(
    "min", "min(x, axis, keep)",
    "expand_reduced(g, shape(x), axis, keep) * shares(x, y, axis, keep)",
    nickname="the smallest gets it; ties share equally", **ORDERED,
)  # fmt: skip
op(
    "prod", "prod(x, axis, keep)",
    "expand_reduced(g, shape(x), axis, keep)"
    " * (cumprod(x, axis, True, False) * cumprod(x, axis, True, True))",
    symbol="Π", nickname="each gets the product of all the others", **NUMBER,
)  # fmt: skip
op(
    "logsumexp", "logsumexp(x, axis, keep)",
    "expand_reduced(g, shape(x), axis, keep) * softmax(x, axis)",
    kernel="ReduceLogSumExp", symbol="log Σ exp",
    nickname="its derivative is the softmax", **REAL,
)  # fmt: skip
op(
    "variance", "variance(x, axis, keep)",
    "expand_reduced(g, shape(x), axis, keep)"
    " * (2.0 * (x - mean(x, axis, True)) / count(shape(x), axis))",
    symbol="var", conjugates=False, **FLOAT,
)  # fmt: skip
op(
    "std", "sqrt(variance(x, axis, keep))",
    "expand_reduced(quotient(g, y), shape(x), axis, keep)"
    " * ((x - mean(x, axis, True)) / count(shape(x), axis))",
    conjugates=False, **FLOAT,
)  # fmt: skip
op(
    "norm", "norm(x, axis, keep)",
    "expand_reduced(quotient(g, y), shape(x), axis, keep) * x",
    kernel="EuclideanNorm", symbol="‖x‖", domain="x ≠ 0",
    nickname="its derivative is the direction of x; nan at 0", conjugates=False,
    **FLOAT,
)  # fmt: skip
op(
    "l2_loss", "sum(x * x, None, False) / 2",
    "expand_reduced(g, shape(x), None, False) * x",
    symbol="½‖x‖²", **REAL,
)  # fmt: skip
op("any", "any(x, axis, keep)", cut=True)
op("all", "all(x, axis, keep)", cut=True)
op("argmax", "argmax(x, axis)", kernel="ArgMax", cut=True, kinds="biuf")
op("argmin", "argmin(x, axis)", kernel="ArgMin", cut=True, kinds="biuf")

# -- running sums and products ---------------------------------------------------------

op(
    "cumsum", "cumsum(x, axis, exclusive, back)",
    "cumsum(g, axis, exclusive, not back)",
    symbol="Σ…", nickname="a running sum runs back", **NUMBER,
)  # fmt: skip
op(
    "cumprod", "cumprod(x, axis, exclusive, back)",
    "divide_no_nan(cumsum(g * y, axis, exclusive, not back), x)",
    symbol="Π…", domain="x ≠ 0", conjugates=False, **NUMBER,
)  # fmt: skip

# -- words that only rules use ---------------------------------------------------------

op(
    "expand_reduced", "expand_reduced(x, shape, axis, keep)", "sum(g, axis, keep)",
    symbol="spread",
)  # fmt: skip
op(
    "shares", "shares(a, b, axis, keep)",
    cut=True, nickname="1 where a is b, divided among ties",
)  # fmt: skip
