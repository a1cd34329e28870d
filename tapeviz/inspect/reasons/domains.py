"""Operands outside of a function's domain, recorded or only written in the code."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapeviz.engine.ops import TABLE
from tapeviz.engine.primitives import Op
from tapeviz.engine.tensor import array_of
from tapeviz.inspect.gradient_question import Question, is_value, number
from tapeviz.inspect.source.dataflow import (
    Statement,
    called,
    code_of,
    dotted,
    last_name,
)
from tapeviz.inspect.source.operands import OPERATORS

_OPS = {op.name: op for op in TABLE}
_DEPTH = 6
_MAKERS = ("constant", "Variable", "convert_to_tensor", "array", "asarray")


@dataclass(frozen=True)
class Singularity:
    """The code of a function of one operand; ``said``: what is wrong with that."""

    name: str
    line: Statement | None
    node: ast.AST | None
    low: float
    said: str = ""


def wanted(op: Op) -> str:
    """The domain of an op of one operand, to be put behind a sentence."""
    if not op.domain.startswith("x "):
        return ""
    return f" ({op.name} wants an operand {op.domain[2:]})"


def outside_domain(op: Op, values: list[Any]) -> tuple[int, str] | None:
    """The operand slot that is outside of the op's domain, and how; None if none is."""
    if op.many or not values:
        return None
    if op.name == "power" and len(values) == 2:
        base, exponent = np.asarray(values[0]), np.asarray(values[1])
        with np.errstate(all="ignore"):
            bad = ~np.isfinite(base**exponent) & (base <= 0)
        return (0, _shown(np.broadcast_to(base, bad.shape)[bad])) if bad.any() else None
    label = op.domain.strip("|")[:1]
    if label not in op.operands or len(values) != len(op.operands):
        return None
    slot = op.operands.index(label)
    v = np.asarray(values[slot])
    found = v[_beyond(op.domain.replace("−", "-").split(), v)]
    return (slot, _shown(found, v.size > 1)) if found.size else None


def _beyond(domain: list[str], v: Any) -> Any:
    """Which entries are outside of a domain such as ``x ≥ 0``."""
    subject, sign, *bound = domain
    v = np.abs(v) if subject.startswith("|") else np.asarray(v)
    limit = float(bound[0]) if bound else 0.0
    if sign == "≥":
        return v < limit
    if sign == ">":
        return v <= limit
    return v >= limit if sign == "<" else v == limit


def _shown(found: Any, many: bool = False) -> str:
    low = number(found.min())
    return f"as low as {low}" if many and found.min() < 0 else low


def undefined(
    question: Question, line: Statement, code: ast.AST, depth: int = _DEPTH
) -> Singularity | None:
    """Where code that no tape recorded calls a function outside of its domain."""
    name = dotted(code)
    if name and depth:
        made = question.program.before(name, line)
        value = made[0].value if len(made) == 1 else None
        return None if value is None else undefined(question, made[0], value, depth - 1)
    op, args = _operation(code)
    values = [_number(question, line, one) for one in args]
    known = op is not None and all(v is not None for v in values)
    found = outside_domain(op, values) if op is not None and known else None
    if op is not None and found is not None:
        said = f"{code_of(args[found[0]])} is {found[1]}{wanted(op)}"
        return Singularity(op.name, line, code, float(np.min(values[0])), said)
    parts = (undefined(question, line, n, depth) for n in ast.iter_child_nodes(code))
    return next((one for one in parts if one is not None), None)


def _operation(code: ast.AST) -> tuple[Op | None, list[ast.expr]]:
    """The registry's entry for a call or an operator, and the operands."""
    if isinstance(code, ast.BinOp):
        return _OPS.get(OPERATORS.get(type(code.op), "")), [code.left, code.right]
    name = last_name(called(code))
    args = code.args if isinstance(code, ast.Call) else []
    return _OPS.get("power" if name == "pow" else name), args


def _number(question: Question, line: Statement, code: ast.expr) -> Any:
    """The value of a name that still has it, or of a literal; None if not known."""
    name, asking = dotted(code), question.program.asking_line
    if name and asking is not None:
        before = question.program.before
        held = question.names.get(name)
        same = set(before(name, line)) == set(before(name, asking))
        return np.asarray(array_of(held)) if same and is_value(held) else None
    if isinstance(code, ast.Call) and code.args:
        makes = last_name(called(code)) in _MAKERS
        return _number(question, line, code.args[0]) if makes else None
    try:
        return np.asarray(ast.literal_eval(code), float)
    except (ValueError, TypeError, SyntaxError):
        return None
