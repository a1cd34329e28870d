"""Where a gradient becomes nan or infinite on its way back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, TypeGuard

import numpy as np

from tapeviz.engine.recording import READ, VARIABLE, WATCHED
from tapeviz.inspect.reasons import code_edits
from tapeviz.inspect.reasons.question import Question, edge, number
from tapeviz.inspect.reasons.zero_gradient import Part, Said, parts
from tapeviz.inspect.source.dataflow import Statement, code_of, dotted
from tapeviz.trace.diagnosis import Reason

LEAVES = (VARIABLE, WATCHED, READ)
LARGE = ("exp", "expm1", "cosh", "sinh", "square", "multiply")
SMALL = "1e-12"
INSIDE = "0.999999"
BOUNDED = ("asin", "acos", "atanh")


def wild(case: Question, told: list[Any]) -> Iterator[tuple[Any, Reason]]:
    """The place where the first nan or infinity comes up, and what it turns into."""
    every = parts(case, told)
    first = next((p for p in every if fine(p[3]) and not fine(p[4])), None)
    if first is None:
        origin = _origin(case, len(case.recs) - 1)
        if origin is not None:
            yield 0, _forward(case, origin)
        return
    origin = _origin(case, first[0])
    if origin is not None and (origin != first[0] or _itself(case, origin)):
        yield 0, _forward(case, origin)
        return
    yield 0, _backward(case, first)
    if not _nan(first[4]):
        second = next((p for p in every if not _nan(p[3]) and _nan(p[4])), None)
        if second is not None:
            yield 1, _product(case, second)


def _itself(case: Question, i: int) -> bool:
    """Whether a record's own value is what hurts, and not only its slope."""
    return _nan(case.value(i)) or case.op(i).name in LARGE


def fine(v: Any) -> bool:
    """Whether every entry is a finite number."""
    return v.dtype.kind not in "fc" or bool(np.all(np.isfinite(v)))


def _nan(v: Any) -> bool:
    return v.dtype.kind in "fc" and bool(np.any(np.isnan(v)))


def _origin(case: Question, end: int) -> int | None:
    """The first record up to ``end`` that makes what is not finite of what is."""
    needed = case.back([end])
    for i in range(end + 1):
        value = case.value(i)
        if (
            needed[i]
            and isinstance(value, (np.ndarray, np.generic))
            and not fine(value)
        ):
            return i
    return None


def _forward(case: Question, i: int) -> Reason:
    value, code = case.value(i), case.code(i)
    bad = "nan" if _nan(value) else "infinite"
    name = case.op(i).name
    if case.recs[i][0] in LEAVES:
        return Reason(
            "domain",
            f"{case.known(i) or case.x_name} itself holds a number that is {bad}.",
            _first_bad(case),
            _where(case, i),
            nodes=(f"n{i}",),
        )
    if name in LARGE and bad != "nan":
        dtype = value.dtype.name
        return Reason(
            "overflow",
            f"{code} is too large for {dtype} already on the way forward, and counts "
            "as infinite.",
            _smaller(case, name),
            case.scribe.span(i),
            _clipped(case, i, name),
            nodes=(f"n{i}",),
        )
    what = _operands(case, i)
    return Reason(
        "domain",
        f"{code} is {bad} already on the way forward{what}.",
        _fix(case, i),
        case.scribe.span(i),
        _edits(case, i),
        nodes=(f"n{i}",),
    )


def _first_bad(case: Question) -> str:
    """Where a number that is not finite may come from, as far as the code tells."""
    steps = {"assign_sub", "assign_add", "apply_gradients"}
    if any(line.loops and steps & line.calls for line in case.reading.lines):
        return (
            "the updates in the loop may have made it: start again with a smaller "
            "learning rate, and ask at the first step at which it is not finite"
        )
    return (
        "look where that number comes from; the gradient cannot be better than its "
        "input"
    )


def _where(case: Question, i: int) -> Any:
    return case.scribe.span(i) or next(
        (
            case.scribe.span(k)
            for k in range(i + 1, len(case.recs))
            if i in case.op(k).inputs(case.recs[k])
        ),
        None,
    )


def _smaller(case: Question, name: str) -> str:
    tf = case.tf
    if name in ("exp", "expm1"):
        return (
            f"keep its operand below about 80, or use {tf}.nn.softplus, "
            f"{tf}.nn.log_softmax or {tf}.reduce_logsumexp, which never make the large "
            "number"
        )
    return "keep the numbers smaller, for example with a smaller step or by scaling"


def _clipped(case: Question, i: int, name: str) -> code_edits.Edits:
    node = case.node(i)
    if name == "exp" and isinstance(node, ast.Call) and len(node.args) == 1:
        inner = code_of(node.args[0])
        return code_edits.replace(
            case, case.line(i), node.args[0], f"{case.tf}.minimum({inner}, 80.0)"
        )
    return ()


def _operands(case: Question, i: int) -> str:
    op, rec = case.op(i), case.recs[i]
    if op.many:
        return ""
    values = [
        case.value(j) if j >= 0 else v
        for j, v in zip(op.inputs(rec), op.values(rec), strict=True)
    ]
    if op.name == "divide":
        return ", because it divides by 0"
    one = values[0]
    low = number(np.min(one)) if np.size(one) else ""
    domain = ""
    if op.domain.startswith("x "):
        domain = f" ({op.name} wants an operand {op.domain[2:]})"
    least = "" if np.size(one) == 1 else " at least"
    name = case.known(op.inputs(rec)[0]) or "its operand"
    return f", because {name} is{' as low as' if least else ''} {low}{domain}"


def _backward(case: Question, part: Part) -> Reason:
    i, slot = part[:2]
    kind, sentence, fix, edits = _slope(case, part)
    span = case.scribe.span(i)
    return Reason(kind, sentence, fix, span, edits, edges=edge(i, slot))


def _slope(case: Question, part: Part) -> Said:
    """What is the matter with a derivative: the kind, a sentence, what to do, how."""
    i, _, j, g, d, _ = part
    op, code = case.op(i), case.code(i)
    what = case.known(j) or "its operand"
    if _hides_zero(g, d):
        sentence = (
            f"{code} has an infinite slope where {what} is {_at(case, j, d)}; its "
            "value is not used there, so the gradient that arrives is 0, but 0 times "
            "infinity is nan."
        )
        if chosen := _doubled(case, i, op.name):
            fix = (
                f"keep {what} away from there also where the value is not used: put a "
                f"{case.tf}.where inside as well"
            )
            return ("zero-times-inf", sentence, fix, chosen)
        return ("zero-times-inf", sentence, _fix(case, i), _edits(case, i))
    if op.name in ("norm", "std"):
        sentence = (
            f"{code} has a corner where all its entries are "
            f"{'0' if op.name == 'norm' else 'equal'}: no direction is the "
            "steepest, and 0 divided by 0 is nan."
        )
        return ("steep", sentence, _fix(case, i), _edits(case, i))
    if _nan(d):
        sentence = (
            f"In the derivative of {code} 0 meets infinity where {what} is "
            f"{_at(case, j, d)}, and that gives nan."
        )
        return ("zero-times-inf", sentence, _fix(case, i), _edits(case, i))
    sentence = (
        f"{code} is infinitely steep where {what} is {_at(case, j, d)}: its derivative "
        "there is infinite."
    )
    return ("steep", sentence, _fix(case, i), _edits(case, i))


def _hides_zero(g: Any, d: Any) -> bool:
    """Whether nan comes up just where nothing arrives."""
    if not _nan(d):
        return False
    if np.shape(g) != np.shape(d):
        return not np.any(g)
    return bool(np.all(np.asarray(g)[np.isnan(d)] == 0))


def _at(case: Question, j: int, d: Any) -> str:
    value = np.asarray(case.value(j))
    bad = ~np.isfinite(np.asarray(d))
    if value.shape == bad.shape and bad.any():
        return number(value[bad][:1])
    return number(value) if value.size == 1 else "as it is here"


def _product(case: Question, part: Part) -> Reason:
    i, slot, *_ = part
    return Reason(
        "zero-times-inf",
        f"At {case.code(i)} the infinite gradient meets a derivative of 0, and 0 times "
        "infinity is nan.",
        "mend the infinite slope first; this one then goes away",
        case.scribe.span(i),
        edges=edge(i, slot),
    )


def _fix(case: Question, i: int) -> str:
    name, tf = case.op(i).name, case.tf
    if name in ("sqrt", "rsqrt", "power") and _nan(case.value(i)):
        return f"keep the operand above 0, for example with {tf}.maximum"
    if name in ("sqrt", "rsqrt", "norm", "std", "power"):
        return f"add a tiny number under the root, such as {SMALL}"
    if name in ("log", "log1p"):
        return (
            "keep the operand above 0, for example with a smallest value, or take the "
            f"logarithm of a softmax or sigmoid at once, as {tf}.nn.log_softmax does"
        )
    if name in BOUNDED:
        return f"keep the operand between -1 and 1, for example times {INSIDE}"
    if name in ("divide", "reciprocal", "xdivy"):
        return f"keep the denominator away from 0, or use {tf}.math.divide_no_nan"
    return "keep the operand inside the function's domain"


def _edits(case: Question, i: int) -> code_edits.Edits:
    """The operand moved a little off the place that hurts."""
    name, node, line = case.op(i).name, case.node(i), case.line(i)
    if isinstance(node, ast.BinOp):
        return _binary(case, line, node, name)
    if not isinstance(node, ast.Call) or len(node.args) != 1:
        return ()
    arg = node.args[0]
    if name in ("norm", "std") and {w.arg for w in node.keywords} <= _AXES:
        return code_edits.replace(case, line, node, _rooted(case, node, name))
    if node.keywords:
        return ()
    if _is_softmax(arg) and name == "log":
        rest = ", ".join(code_of(a) for a in (*arg.args, *arg.keywords))
        return code_edits.replace(case, line, node, f"{case.tf}.nn.log_softmax({rest})")
    return (
        code_edits.replace(case, line, arg, new)
        if (new := _moved(case, i, arg))
        else ()
    )


_AXES = {"axis", "keepdims"}


def _rooted(case: Question, node: ast.Call, name: str) -> str:
    """A norm or a standard deviation with a tiny number under its root."""
    tf, inner = case.tf, code_of(node.args[0])
    how = "".join(f", {code_of(word)}" for word in node.keywords)
    under = f"{tf}.reduce_sum({tf}.square({inner}){how})"
    if name == "std":
        under = f"{tf}.math.reduce_variance({inner}{how})"
    return f"{tf}.sqrt({under} + {SMALL})"


def _is_softmax(node: ast.expr) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and dotted(node.func).endswith("softmax")


def _moved(case: Question, i: int, arg: ast.expr) -> str:
    """The operand kept away from where the function is infinitely steep, or ""."""
    name, inner, tf = case.op(i).name, code_of(arg), case.tf
    if name in ("log", "log1p"):
        return f"{tf}.maximum({inner}, 1e-7)"
    if name in BOUNDED:
        return code_of(ast.BinOp(ast.Name(INSIDE), ast.Mult(), arg))
    if name in ("sqrt", "rsqrt"):
        low = np.min(case.value(case.op(i).inputs(case.recs[i])[0]))
        return f"{inner} + {SMALL}" if low >= 0 else f"{tf}.maximum({inner}, {SMALL})"
    return ""


def _binary(
    case: Question, line: Statement | None, node: ast.BinOp, name: str
) -> code_edits.Edits:
    left, right = code_of(node.left), code_of(node.right)
    if name == "divide":
        new = f"{case.tf}.math.divide_no_nan({left}, {right})"
        return code_edits.replace(case, line, node, new)
    if name == "power":
        new = f"{left} + {SMALL}"
        wrapped = isinstance(node.left, ast.BinOp)
        return code_edits.replace(case, line, node.left, new if wrapped else f"({new})")
    return ()


def _doubled(case: Question, i: int, name: str) -> code_edits.Edits:
    """``where(c, f(x), 0)`` as ``where(c, f(where(c, x, 1.0)), 0)``."""
    node, line = case.node(i), case.line(i)
    if line is None or not isinstance(node, (ast.Call, ast.BinOp)):
        return ()
    if isinstance(node, ast.Call) and not node.args:
        return ()
    arg = (
        node.args[0]
        if isinstance(node, ast.Call)
        else (node.right if name == "divide" else node.left)
    )
    for one in line.parts:
        if (
            isinstance(one, ast.Call)
            and dotted(one.func).endswith(".where")
            and len(one.args) == 3
        ):
            where = [any(n is node for n in ast.walk(a)) for a in one.args[1:]]
            if any(where):
                condition, inner = code_of(one.args[0]), code_of(arg)
                pair = f"{inner}, 1.0" if where[0] else f"1.0, {inner}"
                return code_edits.replace(
                    case, line, arg, f"{case.tf}.where({condition}, {pair})"
                )
    return ()
