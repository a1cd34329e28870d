"""Reductions (sums, means, maxima, norms), and running sums and products."""

from __future__ import annotations

from typing import Any

from tapeviz.engine.ops.registry import AXIS, FLOAT, NUMBER, ORDERED, REAL, op

op(
    "sum", "sum(x, axis, keep)", "expand_reduced(g, shape(x), axis, keep)",
    kernel="Sum", symbol="Σ", nickname="a sum distributes", **AXIS, **NUMBER,
    why="the rule gives g to every entry that went in",
)  # fmt: skip
op(
    "mean", "mean(x, axis, keep)",
    "expand_reduced(g, shape(x), axis, keep) / count(shape(x), axis)",
    kernel="Mean", symbol="mean", nickname="a mean distributes equal shares", **AXIS,
    **NUMBER, why="the rule gives every entry its share of g",
)  # fmt: skip
op(
    "max", "max(x, axis, keep)",
    "expand_reduced(g, shape(x), axis, keep) * shares(x, y, axis, keep)",
    kernel="Max", symbol="max", nickname="the greatest gets it; ties share equally",
    **AXIS, **ORDERED,
)  # fmt: skip
op(
    "min", "min(x, axis, keep)",
    "expand_reduced(g, shape(x), axis, keep) * shares(x, y, axis, keep)",
    kernel="Min", symbol="min", nickname="the smallest gets it; ties share equally",
    **AXIS, **ORDERED,
)  # fmt: skip
op(
    "prod", "prod(x, axis, keep)",
    "expand_reduced(g, shape(x), axis, keep)"
    " * (cumprod(x, axis, True, False) * cumprod(x, axis, True, True))",
    kernel="Prod", symbol="Π", nickname="each gets the product of all the others",
    **AXIS, **NUMBER,
)  # fmt: skip
op(
    "logsumexp", "logsumexp(x, axis, keep)",
    "expand_reduced(g, shape(x), axis, keep) * softmax(x, axis)",
    kernel="ReduceLogSumExp", symbol="log Σ exp",
    nickname="its derivative is the softmax", **AXIS, **REAL,
)  # fmt: skip
op(
    "variance", "variance(x, axis, keep)",
    "expand_reduced(g, shape(x), axis, keep)"
    " * (2.0 * (x - mean(x, axis, True)) / count(shape(x), axis))",
    kernel="Variance", symbol="var", conjugates=False, **AXIS, **FLOAT,
)  # fmt: skip
op(
    "std", "sqrt(variance(x, axis, keep))",
    "expand_reduced(quotient(g, y), shape(x), axis, keep)"
    " * ((x - mean(x, axis, True)) / count(shape(x), axis))",
    kernel="Std", symbol="std", conjugates=False, **AXIS, **FLOAT,
)  # fmt: skip
op(
    "norm", "norm(x, axis, keep)",
    "expand_reduced(quotient(g, y), shape(x), axis, keep) * x",
    kernel="EuclideanNorm", symbol="‖x‖", domain="x ≠ 0",
    nickname="its derivative is the direction of x; nan at 0", conjugates=False, **AXIS,
    **FLOAT,
)  # fmt: skip
op(
    "l2_loss", "sum(x * x, None, False) / 2",
    "expand_reduced(g, shape(x), None, False) * x",
    kernel="L2Loss", symbol="½‖x‖²", **REAL,
)  # fmt: skip
op("any", "any(x, axis, keep)", kernel="Any", symbol="any", cut=True, **AXIS)
op("all", "all(x, axis, keep)", kernel="All", symbol="all", cut=True, **AXIS)
op(
    "argmax", "argmax(x, axis)",
    kernel="ArgMax", symbol="argmax", settings=("axis",), cut=True, kinds="biuf",
)  # fmt: skip
op(
    "argmin", "argmin(x, axis)",
    kernel="ArgMin", symbol="argmin", settings=("axis",), cut=True, kinds="biuf",
)  # fmt: skip

# -- running sums and products ---------------------------------------------------------

RUN: dict[str, Any] = {"settings": ("axis", "exclusive", "back")}

op(
    "cumsum", "cumsum(x, axis, exclusive, back)",
    "cumsum(g, axis, exclusive, not back)",
    kernel="Cumsum", symbol="Σ…", nickname="a running sum runs back", **RUN, **NUMBER,
)  # fmt: skip
op(
    "cumprod", "cumprod(x, axis, exclusive, back)",
    "divide_no_nan(cumsum(g * y, axis, exclusive, not back), x)",
    kernel="Cumprod", symbol="Π…", domain="x ≠ 0", conjugates=False, **NUMBER, **RUN,
)  # fmt: skip

# -- words that only rules use ---------------------------------------------------------

op(
    "expand_reduced", "expand_reduced(x, shape, axis, keep)", "sum(g, axis, keep)",
    symbol="spread", settings=("shape", "axis", "keep"),
)  # fmt: skip
op(
    "shares", "shares(a, b, axis, keep)",
    symbol="shares", cut=True, nickname="1 where a is b, divided among ties", **AXIS,
)  # fmt: skip
