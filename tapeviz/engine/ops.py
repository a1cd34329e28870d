"""The registry: one entry per op.

An entry gives the op's own text and one rule per operand. ``g`` is the upstream
gradient, ``y`` the result; the other single letters are operands. The rules are
TensorFlow's, so that gradients agree with it also where a function has a corner.
"""

from __future__ import annotations

import ast
from typing import Any

from tapeviz.engine.record import READ, VARIABLE, WATCHED
from tapeviz.engine.rules import OPERANDS, Op, Rule

TABLE: list[Op] = []
NAMED: dict[str, Op] = {}


def op(name: str, text: str, *rules: str | None, **fields: Any) -> Op:
    """Enter an op: its text, then one rule per operand in order of appearance."""
    words = [n.id for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name)]
    seen = sorted(set(words), key=lambda w: text.index(w))
    operands = fields.pop("operands", tuple(n for n in seen if n in OPERANDS))
    texts = rules + (None,) * (len(operands) - len(rules))
    made = Op(
        name, len(TABLE), text, tuple(None if r is None else Rule(r) for r in texts),
        operands, **fields,
    )  # fmt: skip
    TABLE.append(made)
    NAMED[name] = made
    return made


# -- leaves: what is not computed ------------------------------------------------------

op("variable", "value", settings=("label",), cut=False)
op("watched", "value", settings=("label",), cut=False)
op("read", "x", "g", symbol="read")
assert [NAMED[n].code for n in ("variable", "watched", "read")] == [VARIABLE, WATCHED, READ]

# -- arithmetic ------------------------------------------------------------------------

PAIR: dict[str, Any] = {"broadcasts": True}
SWAPS: dict[str, Any] = {"broadcasts": True, "ordered": False}

op("add", "a + b", "g", "g", kernel="AddV2", symbol="+", nickname="add distributes", **SWAPS)
op("subtract", "a - b", "g", "-g", kernel="Sub", symbol="−", nickname="subtract distributes, one side negated", **PAIR)
op("multiply", "a * b", "g * b", "g * a", kernel="Mul", symbol="×", nickname="multiply swaps", **SWAPS)
op("divide", "a / b", "g / b", "g * (-a / b / b)", kernel="RealDiv", symbol="÷", domain="b ≠ 0", **PAIR)
op("power", "a ** b", "g * b * a ** (b - 1)", "g * y * log(where(a > 0, a, 1))", kernel="Pow", symbol="^", **PAIR)
op("mod", "a % b", "g", "-g * floor(a / b)", kernel="FloorMod", symbol="mod", **PAIR)
op("floordiv", "a // b", kernel="FloorDiv", symbol="//", **PAIR)
op("negative", "-x", "-g", kernel="Neg", symbol="−")
op("matmul", "a @ b", "g @ T(b)", "T(a) @ g", kernel="MatMul", symbol="@", nickname="matmul swaps and transposes", **PAIR)
op("maximum", "maximum(a, b)", "where(a >= b, g, 0)", "where(a >= b, 0, g)", kernel="Maximum", symbol="max", nickname="max routes", **PAIR)
op("minimum", "minimum(a, b)", "where(a <= b, g, 0)", "where(a <= b, 0, g)", kernel="Minimum", symbol="min", nickname="min routes", **PAIR)
op("where", "where(c, a, b)", None, "where(c, g, 0)", "where(c, 0, g)", kernel="SelectV2", symbol="where", nickname="where routes", **PAIR)

# -- comparisons: no gradient passes -----------------------------------------------------

for _name, _sign, _kernel in (
    ("greater", ">", "Greater"), ("greater_equal", ">=", "GreaterEqual"),
    ("less", "<", "Less"), ("less_equal", "<=", "LessEqual"),
    ("equal", "==", "Equal"), ("not_equal", "!=", "NotEqual"),
):  # fmt: skip
    op(_name, f"a {_sign} b", kernel=_kernel, symbol=_sign, cut=True, **PAIR)

# -- functions of each entry -------------------------------------------------------------

FLOAT = "f"

op("exp", "exp(x)", "g * y", kernel="Exp", symbol="exp", kinds=FLOAT)
op("log", "log(x)", "g / x", kernel="Log", symbol="log", domain="x > 0", kinds=FLOAT)
op("sqrt", "sqrt(x)", "g * 0.5 / y", kernel="Sqrt", symbol="√", domain="x ≥ 0", kinds=FLOAT)
op("square", "x * x", "g * (2.0 * x)", kernel="Square", symbol="x²")
op("abs", "abs(x)", "g * sign(x)", kernel="Abs", symbol="|x|")
op("sign", "sign(x)", "zero(g)", kernel="Sign", symbol="sign")
op("sin", "sin(x)", "g * cos(x)", kernel="Sin", symbol="sin", kinds=FLOAT)
op("cos", "cos(x)", "-g * sin(x)", kernel="Cos", symbol="cos", kinds=FLOAT)
op("tanh", "tanh(x)", "g * (1.0 - y * y)", kernel="Tanh", symbol="tanh", kinds=FLOAT)
op("sigmoid", "sigmoid(x)", "g * y * (1.0 - y)", kernel="Sigmoid", symbol="σ", kinds=FLOAT)
op("relu", "relu(x)", "where(y > 0, g, 0)", kernel="Relu", symbol="relu", nickname="relu lets through what was positive")
op("floor", "floor(x)", kernel="Floor", symbol="⌊x⌋", kinds=FLOAT)
op("zero", "zero(x)", "zero(g)", symbol="0")

# -- sums, means and shapes --------------------------------------------------------------

AXIS: dict[str, Any] = {"settings": ("axis", "keep")}

op("sum", "sum(x, axis, keep)", "spread(g, shape(x), axis, keep)", kernel="Sum", symbol="Σ", nickname="a sum distributes", **AXIS)
op("mean", "mean(x, axis, keep)", "spread(g, shape(x), axis, keep) / count(shape(x), axis)", kernel="Mean", symbol="mean", nickname="a mean distributes equal shares", **AXIS)
op("spread", "spread(x, shape, axis, keep)", "sum(g, axis, keep)", symbol="spread", settings=("shape", "axis", "keep"))
op("fit", "fit(x, shape, at)", "stretch(g, shape(x), at)", symbol="Σ", settings=("shape", "at"))
op("stretch", "stretch(x, shape, at)", "fit(g, shape(x), at)", kernel="BroadcastTo", symbol="stretch", settings=("shape", "at"))
op("reshape", "reshape(x, shape)", "reshape(g, shape(x))", kernel="Reshape", symbol="reshape", settings=("shape",))
op("transpose", "transpose(x, perm)", "transpose(g, inverse(perm))", kernel="Transpose", symbol="transpose", settings=("perm",))
op("T", "T(x)", "T(g)", kernel="Transpose", symbol="T")
op("pick", "pick(x, key)", "place(g, shape(x), key)", kernel="StridedSlice", symbol="[ ]", nickname="a slice puts its gradient back in place", settings=("key",))
op("place", "place(x, shape, key)", "pick(g, key)", symbol="place", settings=("shape", "key"))
op("stack", "stack(xs, axis)", "pick_at(g, k, axis)", kernel="Pack", symbol="stack", operands=("xs",), settings=("axis",))
op("pick_at", "pick_at(x, k, axis)", "place_at(g, shape(x)[axis], k, axis)", kernel="StridedSlice", symbol="[ ]", settings=("k", "axis"))
op("place_at", "place_at(x, size, k, axis)", "pick_at(g, k, axis)", symbol="place", settings=("size", "k", "axis"))

# -- dtypes, copies, cuts ----------------------------------------------------------------

op("cast", "cast(x, dtype)", "cast(g, before)", kernel="Cast", symbol="cast", settings=("dtype", "before"))
op("cast_whole", "cast(x, dtype)", kernel="Cast", symbol="cast", settings=("dtype",), cut=True)
op("identity", "same(x)", "g", kernel="Identity", symbol="=", nickname="a copy passes on")
op("stop_gradient", "same(x)", kernel="StopGradient", symbol="stop", cut=True)
