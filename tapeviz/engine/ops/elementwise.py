"""Elementwise functions: exponentials, trigonometry, rounding, activations."""

from __future__ import annotations

from tapeviz.engine.ops.registry import FLOAT, NUMBER, ORDERED, PAIR, REAL, ROUTES, op

op(
    "exp", "exp(x)", "g * y",
    nickname="exp is its own derivative", **FLOAT,
    why="the rule is g times its own result",
)  # fmt: skip
op("expm1", "expm1(x)", "g * exp(x)", symbol="exp−1", **FLOAT)
op("log", "log(x)", "g * reciprocal(x)", domain="x > 0", **FLOAT)
op("log1p", "log1p(x)", "g * reciprocal(1.0 + x)", domain="x > −1", **FLOAT)
op("sqrt", "sqrt(x)", "sqrt_grad(g, y)", symbol="√", domain="x ≥ 0", **FLOAT)
op(
    "rsqrt", "1.0 / sqrt(x)", "product(g, -0.5 * y * y * y)",
    symbol="1/√", domain="x > 0", **FLOAT,
)  # fmt: skip
op(
    "reciprocal", "reciprocal(x)", "product(g, -y * y)",
    symbol="1/x", domain="x ≠ 0", **FLOAT,
)  # fmt: skip
op("square", "x * x", "g * (2.0 * x)", symbol="x²", **NUMBER)
op("abs", "abs(x)", "g * sign(x)", symbol="|x|", conjugates=False, **NUMBER)
op(
    "adjust_contrast", "contrast(a, b)",
    kernel="AdjustContrastv2", symbol="contrast", missing=True,
)  # fmt: skip
op("sign", "sign(x)", "zero(g)", **NUMBER)
op("erf", "erf(x)", "g * (1.1283791670955126 * exp(-x * x))", **REAL)
op("erfc", "erfc(x)", "g * (-1.1283791670955126 * exp(-x * x))", **REAL)

op("lgamma", "lgamma(x)", "g * digamma(x)", symbol="ln Γ", **REAL)
op("digamma", "digamma(x)", "g * polygamma(x, 1)", symbol="ψ", **REAL)
op("polygamma", "polygamma(x, n)", "g * polygamma(x, n + 1)", symbol="ψ⁽ⁿ⁾", **REAL)

# -- angles ----------------------------------------------------------------------------

op("sin", "sin(x)", "g * cos(x)", **FLOAT)
op("cos", "cos(x)", "-g * sin(x)", **FLOAT)
op("tan", "tan(x)", "g / (cos(x) * cos(x))", domain="|x| < 1.57", **FLOAT)
op("asin", "arcsin(x)", "g * reciprocal(sqrt(1.0 - x * x))", domain="|x| < 1", **FLOAT)
op("acos", "arccos(x)", "-g * reciprocal(sqrt(1.0 - x * x))", domain="|x| < 1", **FLOAT)
op("atan", "arctan(x)", "g / (1.0 + x * x)", **FLOAT)
op("sinh", "sinh(x)", "g * cosh(x)", **FLOAT)
op("cosh", "cosh(x)", "g * sinh(x)", **FLOAT)
op("tanh", "tanh(x)", "g * (1.0 - y * y)", **FLOAT)
op("asinh", "arcsinh(x)", "g / cosh(y)", **FLOAT)
op("acosh", "arccosh(x)", "g / sinh(y)", domain="x > 1", **FLOAT)
op("atanh", "arctanh(x)", "g * reciprocal(1.0 - x * x)", domain="|x| < 1", **FLOAT)

# -- steps: flat everywhere, so no gradient passes -------------------------------------

op("floor", "floor(x)", symbol="⌊x⌋", **REAL)
op("ceil", "ceil(x)", symbol="⌈x⌉", **REAL)
op("round", "rint(x)", nickname="halves go to the even number", **ORDERED)

# -- activations -----------------------------------------------------------------------

op("sigmoid", "sigmoid(x)", "g * y * (1.0 - y)", symbol="σ", **FLOAT)
op("log_sigmoid", "-softplus(-x)", "g * sigmoid(-x)", symbol="log σ", **REAL)
op(
    "softplus", "softplus(x)", "g * sigmoid(x)",
    nickname="a relu with a round corner", **REAL,
)  # fmt: skip
op("softsign", "x / (1.0 + abs(x))", "g / ((1.0 + abs(x)) * (1.0 + abs(x)))", **REAL)
op(
    "relu", "relu(x)", "gate(g, y)",
    nickname="relu lets through what was positive", **ORDERED, **ROUTES,
)  # fmt: skip
op(
    "relu6", "minimum(relu(x), 6)", "gate(gate(g, y), 6.0 - y)",
    nickname="lets through what is between 0 and 6", **ORDERED, **ROUTES,
)  # fmt: skip
op(
    "leaky_relu", "x * leak(x, alpha)", "g * leak(x, alpha)",
    symbol="leaky relu", **REAL,
)  # fmt: skip
op(
    "elu", "where(x > 0, x, expm1(minimum(x, 0)))", "where(y < 0, g * (y + 1.0), g)",
    **REAL,
)  # fmt: skip
op(
    "selu",
    "where(x > 0, 1.0507009873554805 * x, 1.7580993408473768 * expm1(minimum(x, 0)))",
    "where(y < 0, g * (y + 1.7580993408473768), g * 1.0507009873554805)",
    **REAL,
)  # fmt: skip
op("gelu", "x * cdf(x)", "g * (cdf(x) + x * bell(x))", **REAL)
op(
    "silu", "x * sigmoid(x)", "g * (sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x))))",
    conjugates=False, **FLOAT,
)  # fmt: skip

# -- words that only rules use ---------------------------------------------------------

op("zero", "zero(x)", "zero(g)", symbol="0")
op(
    "sqrt_grad", "sqrt_grad(a, b)", "0.5 * (g / b)", "-(g / b) * y",
    symbol="a/2b", domain="b ≠ 0", nickname="half of a over b, but 0 where a is 0",
    **PAIR,
)  # fmt: skip
op(
    "quotient", "quotient(a, b)", "quotient(g, b)", "-quotient(g, b) * quotient(a, b)",
    kernel="DivNoNan", symbol="a/b", domain="b ≠ 0",
    nickname="a over b, but 0 where a is 0", **PAIR,
)  # fmt: skip
op(
    "product", "product(a, b)", "product(g, b)", "g * a",
    kernel="MulNoNan", symbol="a·b", why="the rule is g times the other operand",
    nickname="a times b, but 0 where a is 0", **PAIR,
)  # fmt: skip
op(
    "gate", "gate(a, b)", "gate(g, b)", "zero(gate(g, b))",
    nickname="a where b is positive, else 0", **PAIR,
)  # fmt: skip
op("leak", "leak(x, alpha)", "zero(g)", nickname="1 where x is positive, else alpha")
op(
    "cdf", "cdf(x)", "g * bell(x)",
    symbol="Φ", nickname="the part of a normal distribution below x",
)  # fmt: skip
op("bell", "bell(x)", "-g * x * y", symbol="φ", nickname="the bell curve")
