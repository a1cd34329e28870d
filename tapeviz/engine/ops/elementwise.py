"""Elementwise functions: exponentials, trigonometry, rounding, activations."""

from __future__ import annotations

from tapeviz.engine.ops.registry import FLOAT, NUMBER, ORDERED, PAIR, REAL, ROUTES, op

op(
    "exp", "exp(x)", "g * y",
    kernel="Exp", symbol="exp", nickname="exp is its own derivative", **FLOAT,
    why="the rule is g times its own result",
)  # fmt: skip
op("expm1", "expm1(x)", "g * exp(x)", kernel="Expm1", symbol="exp−1", **FLOAT)
op(
    "log", "log(x)", "g * reciprocal(x)",
    kernel="Log", symbol="log", domain="x > 0", **FLOAT,
)  # fmt: skip
op(
    "log1p", "log1p(x)", "g * reciprocal(1.0 + x)",
    kernel="Log1p", symbol="log1p", domain="x > −1", **FLOAT,
)  # fmt: skip
op(
    "sqrt", "sqrt(x)", "sqrt_grad(g, y)",
    kernel="Sqrt", symbol="√", domain="x ≥ 0", **FLOAT,
)  # fmt: skip
op(
    "rsqrt", "1.0 / sqrt(x)", "product(g, -0.5 * y * y * y)",
    kernel="Rsqrt", symbol="1/√", domain="x > 0", **FLOAT,
)  # fmt: skip
op(
    "reciprocal", "reciprocal(x)", "product(g, -y * y)",
    kernel="Reciprocal", symbol="1/x", domain="x ≠ 0", **FLOAT,
)  # fmt: skip
op("square", "x * x", "g * (2.0 * x)", kernel="Square", symbol="x²", **NUMBER)
op(
    "abs", "abs(x)", "g * sign(x)",
    kernel="Abs", symbol="|x|", conjugates=False, **NUMBER,
)  # fmt: skip
op(
    "adjust_contrast", "contrast(a, b)",
    kernel="AdjustContrastv2", symbol="contrast", missing=True,
)  # fmt: skip
op("sign", "sign(x)", "zero(g)", kernel="Sign", symbol="sign", **NUMBER)
op(
    "erf", "erf(x)", "g * (1.1283791670955126 * exp(-x * x))",
    kernel="Erf", symbol="erf", **REAL,
)  # fmt: skip
op(
    "erfc", "erfc(x)", "g * (-1.1283791670955126 * exp(-x * x))",
    kernel="Erfc", symbol="erfc", **REAL,
)  # fmt: skip

op("lgamma", "lgamma(x)", "g * digamma(x)", kernel="Lgamma", symbol="ln Γ", **REAL)
op(
    "digamma", "digamma(x)", "g * polygamma(x, 1)",
    kernel="Digamma", symbol="ψ", **REAL,
)  # fmt: skip
op(
    "polygamma", "polygamma(x, n)", "g * polygamma(x, n + 1)",
    kernel="Polygamma", symbol="ψ⁽ⁿ⁾", settings=("n",), **REAL,
)  # fmt: skip

# -- angles ----------------------------------------------------------------------------

op("sin", "sin(x)", "g * cos(x)", kernel="Sin", symbol="sin", **FLOAT)
op("cos", "cos(x)", "-g * sin(x)", kernel="Cos", symbol="cos", **FLOAT)
op(
    "tan", "tan(x)", "g / (cos(x) * cos(x))",
    kernel="Tan", symbol="tan", domain="|x| < 1.57", **FLOAT,
)  # fmt: skip
op(
    "asin", "arcsin(x)", "g * reciprocal(sqrt(1.0 - x * x))",
    kernel="Asin", symbol="asin", domain="|x| < 1", **FLOAT,
)  # fmt: skip
op(
    "acos", "arccos(x)", "-g * reciprocal(sqrt(1.0 - x * x))",
    kernel="Acos", symbol="acos", domain="|x| < 1", **FLOAT,
)  # fmt: skip
op("atan", "arctan(x)", "g / (1.0 + x * x)", kernel="Atan", symbol="atan", **FLOAT)
op("sinh", "sinh(x)", "g * cosh(x)", kernel="Sinh", symbol="sinh", **FLOAT)
op("cosh", "cosh(x)", "g * sinh(x)", kernel="Cosh", symbol="cosh", **FLOAT)
op("tanh", "tanh(x)", "g * (1.0 - y * y)", kernel="Tanh", symbol="tanh", **FLOAT)
op("asinh", "arcsinh(x)", "g / cosh(y)", kernel="Asinh", symbol="asinh", **FLOAT)
op(
    "acosh", "arccosh(x)", "g / sinh(y)",
    kernel="Acosh", symbol="acosh", domain="x > 1", **FLOAT,
)  # fmt: skip
op(
    "atanh", "arctanh(x)", "g * reciprocal(1.0 - x * x)",
    kernel="Atanh", symbol="atanh", domain="|x| < 1", **FLOAT,
)  # fmt: skip

# -- steps: flat everywhere, so no gradient passes -------------------------------------

op("floor", "floor(x)", kernel="Floor", symbol="⌊x⌋", **REAL)
op("ceil", "ceil(x)", kernel="Ceil", symbol="⌈x⌉", **REAL)
op(
    "round", "rint(x)",
    kernel="Round", symbol="round", nickname="halves go to the even number", **ORDERED,
)  # fmt: skip

# -- activations -----------------------------------------------------------------------

op("sigmoid", "sigmoid(x)", "g * y * (1.0 - y)", kernel="Sigmoid", symbol="σ", **FLOAT)
op(
    "log_sigmoid", "-softplus(-x)", "g * sigmoid(-x)",
    kernel="LogSigmoid", symbol="log σ", **REAL,
)  # fmt: skip
op(
    "softplus", "softplus(x)", "g * sigmoid(x)",
    kernel="Softplus", symbol="softplus", nickname="a relu with a round corner",
    **REAL,
)  # fmt: skip
op(
    "softsign", "x / (1.0 + abs(x))", "g / ((1.0 + abs(x)) * (1.0 + abs(x)))",
    kernel="Softsign", symbol="softsign", **REAL,
)  # fmt: skip
op(
    "relu", "relu(x)", "gate(g, y)",
    kernel="Relu", symbol="relu", nickname="relu lets through what was positive",
    **ORDERED, **ROUTES,
)  # fmt: skip
op(
    "relu6", "minimum(relu(x), 6)", "gate(gate(g, y), 6.0 - y)",
    kernel="Relu6", symbol="relu6", nickname="lets through what is between 0 and 6",
    **ORDERED, **ROUTES,
)  # fmt: skip
op(
    "leaky_relu", "x * leak(x, alpha)", "g * leak(x, alpha)",
    kernel="LeakyRelu", symbol="leaky relu", settings=("alpha",), **REAL,
)  # fmt: skip
op(
    "elu", "where(x > 0, x, expm1(minimum(x, 0)))", "where(y < 0, g * (y + 1.0), g)",
    kernel="Elu", symbol="elu", **REAL,
)  # fmt: skip
op(
    "selu",
    "where(x > 0, 1.0507009873554805 * x, 1.7580993408473768 * expm1(minimum(x, 0)))",
    "where(y < 0, g * (y + 1.7580993408473768), g * 1.0507009873554805)",
    kernel="Selu", symbol="selu", **REAL,
)  # fmt: skip
op(
    "gelu", "x * cdf(x)", "g * (cdf(x) + x * bell(x))",
    kernel="Gelu", symbol="gelu", **REAL,
)  # fmt: skip
op(
    "silu", "x * sigmoid(x)", "g * (sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x))))",
    kernel="Silu", symbol="silu", conjugates=False, **FLOAT,
)  # fmt: skip

# -- words that only rules use ---------------------------------------------------------

op("zero", "zero(x)", "zero(g)", symbol="0")
op(
    "sqrt_grad", "sqrt_grad(a, b)", "0.5 * (g / b)", "-(g / b) * y",
    kernel="SqrtGrad", symbol="a/2b", domain="b ≠ 0",
    nickname="half of a over b, but 0 where a is 0", **PAIR,
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
    symbol="gate", nickname="a where b is positive, else 0", **PAIR,
)  # fmt: skip
op(
    "leak", "leak(x, alpha)", "zero(g)",
    symbol="leak", settings=("alpha",), nickname="1 where x is positive, else alpha",
)  # fmt: skip
op(
    "cdf", "cdf(x)", "g * bell(x)",
    symbol="Φ", nickname="the part of a normal distribution below x",
)  # fmt: skip
op("bell", "bell(x)", "-g * x * y", symbol="φ", nickname="the bell curve")
