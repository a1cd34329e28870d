"""Arithmetic, maximum and minimum of two, comparisons and logic."""

from __future__ import annotations

from tapeviz.engine.ops.registry import (
    BITS,
    FLOAT,
    NUMBER,
    ORDERED,
    PAIR,
    REAL,
    ROUTES,
    SWAPS,
    op,
)

op(
    "add", "a + b", "g", "g",
    kernel="AddV2", symbol="+", nickname="add distributes", kinds="iufcO", **SWAPS,
    why="the rule is g",
)  # fmt: skip
op(
    "subtract", "a - b", "g", "-g",
    kernel="Sub", symbol="−", nickname="subtract distributes, one side negated",
    why="the rule is g or -g", **PAIR, **NUMBER,
)  # fmt: skip
op(
    "multiply", "a * b", "g * b", "g * a",
    kernel="Mul", symbol="×", nickname="multiply swaps", kinds="biufc", **SWAPS,
    why="the rule is g times the other operand",
)  # fmt: skip
op(
    "divide", "a / b", "g / b", "g * (-a / b / b)",
    kernel="RealDiv", symbol="÷", domain="b ≠ 0", **PAIR,
)  # fmt: skip
op(
    "power", "a ** b", "g * b * a ** (b - 1)", "g * y * log(where(positive(a), a, 1))",
    kernel="Pow", symbol="**", **PAIR, **NUMBER,
)  # fmt: skip
op("mod", "a % b", "g", "-g * floor(a / b)", kernel="FloorMod", **PAIR, **ORDERED)
op("floordiv", "floordiv(a, b)", kernel="FloorDiv", symbol="//", **PAIR, **ORDERED)
op("negative", "-x", "-g", kernel="Neg", symbol="−", why="the rule is -g", **NUMBER)
op(
    "add_n", "add_n(xs)", "g",
    symbol="Σ", ordered=False, nickname="a sum hands the same gradient to all",
    why="the rule is g",
)  # fmt: skip
op(
    "maximum", "maximum(a, b)", "where(a >= b, g, 0)", "where(a >= b, 0, g)",
    symbol="max", nickname="max routes", **PAIR, **ORDERED, **ROUTES,
)  # fmt: skip
op(
    "minimum", "minimum(a, b)", "where(a <= b, g, 0)", "where(a <= b, 0, g)",
    symbol="min", nickname="min routes", **PAIR, **ORDERED, **ROUTES,
)  # fmt: skip
op(
    "where", "where(c, a, b)", None, "where(c, g, 0)", "where(c, 0, g)",
    kernel="SelectV2", nickname="where routes", **PAIR, **ROUTES,
)  # fmt: skip
op(
    "clip", "maximum(minimum(a, c), b)",
    "where(minimum(a, c) >= b, where(a <= c, g, 0), 0)",
    "where(minimum(a, c) >= b, where(a <= c, 0, g), 0)",
    "where(minimum(a, c) >= b, 0, g)",
    kernel="ClipByValue", nickname="clip routes: outside, the border gets it", **PAIR,
    **ORDERED, **ROUTES,
)  # fmt: skip
op(
    "squared_difference", "(a - b) * (a - b)", "g * (2.0 * (a - b))",
    "-g * (2.0 * (a - b))",
    symbol="(a−b)²", **SWAPS, **NUMBER,
)  # fmt: skip

# -- 0 where the plain formula is undefined --------------------------------------------

op(
    "divide_no_nan", "divide_no_nan(a, b)", "divide_no_nan(g, b)",
    "g * divide_no_nan(divide_no_nan(-a, b), b)",
    kernel="DivNoNan", symbol="÷ or 0", nickname="0 where b is 0", **PAIR,
)  # fmt: skip
op(
    "multiply_no_nan", "multiply_no_nan(a, b)", "multiply_no_nan(g, b)",
    "multiply_no_nan(a, g)",
    kernel="MulNoNan", symbol="× or 0", nickname="0 where b is 0, even beside inf",
    **PAIR, conjugates=False, **FLOAT,
)  # fmt: skip
op(
    "xlogy", "xlogy(a, b)", "g * xlogy(nonzero(a), b)", "g * xdivy(a, b)",
    symbol="a·ln b", domain="b > 0", **PAIR, conjugates=False, **FLOAT,
)  # fmt: skip
op(
    "xlog1py", "xlog1py(a, b)", "g * xlog1py(nonzero(a), b)", "g * xdivy(a, b + 1)",
    symbol="a·ln(1+b)", domain="b > −1", **PAIR, conjugates=False, **FLOAT,
)  # fmt: skip
op(
    "xdivy", "xdivy(a, b)", "g * xdivy(nonzero(a), b)", "g * xdivy(-a, b * b)",
    symbol="a÷b or 0", domain="b ≠ 0", nickname="0 where a is 0", **PAIR,
    conjugates=False, **FLOAT,
)  # fmt: skip
op("positive", "positive(x)", kernel="Greater", symbol="> 0", cut=True)
op("nonzero", "nonzero(x)", kernel="NotEqual", symbol="≠ 0", cut=True)
op(
    "atan2", "arctan2(a, b)", "b * (g / (a * a + b * b))", "-a * (g / (a * a + b * b))",
    **PAIR, **REAL,
)  # fmt: skip

# -- comparisons and logic: no gradient passes -----------------------------------------

for _name, _sign, _kernel in (
    ("greater", ">", "Greater"), ("greater_equal", ">=", "GreaterEqual"),
    ("less", "<", "Less"), ("less_equal", "<=", "LessEqual"),
):  # fmt: skip
    op(_name, f"a {_sign} b", kernel=_kernel, symbol=_sign, cut=True, **PAIR, **ORDERED)

op("equal", "a == b", symbol="==", cut=True, **PAIR)
op("not_equal", "a != b", symbol="!=", cut=True, **PAIR)

for _name, _sign, _kernel in (
    ("logical_and", "&", "LogicalAnd"), ("logical_or", "|", "LogicalOr"),
    ("logical_xor", "^", "LogicalXor"),
):  # fmt: skip
    op(_name, f"a {_sign} b", kernel=_kernel, symbol=_sign, cut=True, **PAIR, **BITS)

op("logical_not", "~x", symbol="not", cut=True, **BITS)

for _name, _kernel in (("nan", "IsNan"), ("inf", "IsInf"), ("finite", "IsFinite")):
    op(
        f"is_{_name}", f"is{_name}(x)",
        kernel=_kernel, symbol=f"is {_name}", cut=True, missing=True, **REAL,
    )  # fmt: skip
