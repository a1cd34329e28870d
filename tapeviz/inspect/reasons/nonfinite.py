"""Why a gradient is nan or infinite: where in the backward pass it becomes so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, TypeGuard

import numpy as np

from tapeviz.inspect.gradient_question import Question, edge, number
from tapeviz.inspect.reasons import code_edits
from tapeviz.inspect.reasons.domains import (
    Singularity,
    outside_domain,
    undefined,
    wanted,
)
from tapeviz.inspect.reasons.zero_gradient import Finding, RawContribution, parts
from tapeviz.inspect.replay import given
from tapeviz.inspect.source.dataflow import Statement, code_of, dotted
from tapeviz.trace.diagnosis import Reason

LARGE = ("exp", "expm1", "cosh", "sinh", "square", "multiply")
SMALL = "1e-12"
INSIDE = "0.999999"
BOUNDED = ("asin", "acos", "atanh")


def nonfinite(question: Question, steps: list[Any]) -> Iterator[tuple[Any, Reason]]:
    """The record where the first nan or infinity appears, and what it turns into.

    ``steps`` are those of ``tape.backward_steps``.
    """
    every = parts(question, steps)
    first = next((p for p in every if fine(p[3]) and not fine(p[4])), None)
    if first is None:
        origin = _origin(question, len(question.records) - 1)
        if origin is not None:
            yield 0, _forward(question, origin)
        return
    origin = _origin(question, first[0])
    if origin is not None and (origin != first[0] or _itself(question, origin)):
        yield 0, _forward(question, origin)
        return
    yield 0, _backward(question, first)
    if not _nan(first[4]):
        second = next((p for p in every if not _nan(p[3]) and _nan(p[4])), None)
        if second is not None:
            yield 1, _product(question, second)


def _itself(question: Question, i: int) -> bool:
    """Whether a record's own value is the fault, and not only its derivative."""
    return _nan(question.value(i)) or question.op(i).name in LARGE


def fine(v: Any) -> bool:
    """Whether every entry is a finite number."""
    return v.dtype.kind not in "fc" or bool(np.all(np.isfinite(v)))


def _nan(v: Any) -> bool:
    return v.dtype.kind in "fc" and bool(np.any(np.isnan(v)))


def _origin(question: Question, end: int) -> int | None:
    """The first record up to ``end`` with a value that is not finite."""
    needed = question.upstream_of([end])
    for i in range(end + 1):
        value = question.value(i)
        if (
            needed[i]
            and isinstance(value, (np.ndarray, np.generic))
            and not fine(value)
        ):
            return i
    return None


def _forward(question: Question, i: int) -> Reason:
    value, code = question.value(i), question.code(i)
    bad = _word(value)
    name, record = question.op(i).name, question.records[i]
    if record.kind != "op":
        known = question.known(i) or question.x_name
        return Reason(
            "domain",
            f"{known} itself holds a number that is {bad}.",
            _first_bad(question, known),
            _where(question, i),
            nodes=(f"n{i}",),
        )
    values = given(record, question.builder.values)
    for slot, (j, v) in enumerate(zip(record.operands, values, strict=True)):
        if j < 0 and not fine(np.asarray(v)):
            return _bad_constant(question, i, slot, np.asarray(v))
    what = outside_domain(question.op(i), values)
    if what is None and bad != "nan":
        return Reason(
            "overflow",
            f"{code} is too large for {value.dtype.name} already on the way forward, "
            "and counts as infinite.",
            _smaller(question, name),
            question.builder.span(i),
            _clipped(question, i, name),
            nodes=(f"n{i}",),
        )
    because = "" if what is None else f", because {_said(question, i, *what)}"
    return Reason(
        "domain",
        f"{code} is {bad} already on the way forward{because}.",
        _fix(question.tf, name, undefined=True),
        question.builder.span(i),
        _edits(question, _singularity(question, i)),
        nodes=(f"n{i}",),
    )


def _word(v: Any) -> str:
    return "nan" if _nan(v) else "infinite"


def _bad_constant(question: Question, i: int, slot: int, v: Any) -> Reason:
    """An operand that the tape did not record is no number already."""
    found = question.operand(i, slot)
    text = question.operand_name(i, slot)
    count = int(np.sum(~np.isfinite(v)))
    share = f" in {count} of its {v.size} entries" if v.ndim else ""
    singular = None if found is None else undefined(question, *found)
    fix, where = _LOOK, question.builder.span(i)
    edits: code_edits.Edits = ()
    if singular is not None:
        share += f", where {singular.said}"
        where = question.span(singular.line, singular.node)
        fix = _fix(question.tf, singular.name, undefined=True)
        edits = _edits(question, singular)
    elif found is not None:
        where = question.span(*found)
    sentence = f"{question.code(i)} is {_word(v)} already on the way forward"
    if text != question.code(i):
        sentence += f", because {text} is {_word(v)}{share}"
    return Reason("domain", f"{sentence}.", fix, where, edits, nodes=(f"n{i}",))


def _said(question: Question, i: int, slot: int, how: str) -> str:
    op = question.op(i)
    name = question.operand_name(i, slot)
    wants = wanted(op)
    return "it divides by 0" if op.name == "divide" else f"{name} is {how}{wants}"


_LOOK = (
    "look where that number comes from; the gradient cannot be better than its input"
)
_STEPS = {"assign_sub", "assign_add", "assign", "apply_gradients", "minimize"}


def _first_bad(question: Question, name: str) -> str:
    """Where a variable's number that is not finite may come from."""
    lines = (line for line in question.program.lines if line.loops)
    for line in lines:
        known = line.makes | line.reads
        if _STEPS & line.calls and (name in known or "apply_gradients" in line.calls):
            return (
                "the updates in the loop may have made it: start again with a smaller "
                "learning rate, and ask at the first step at which it is not finite"
            )
    return _LOOK


def _where(question: Question, i: int) -> Any:
    return question.builder.span(i) or next(
        (
            question.builder.span(k)
            for k in range(i + 1, len(question.records))
            if i in question.records[k].operands
        ),
        None,
    )


def _smaller(question: Question, name: str) -> str:
    tf = question.tf
    if name in ("exp", "expm1"):
        return (
            f"keep its operand below about 80, or use {tf}.nn.softplus, "
            f"{tf}.nn.log_softmax or {tf}.reduce_logsumexp, which never make the large "
            "number"
        )
    return "keep the numbers smaller, for example with a smaller step or by scaling"


def _clipped(question: Question, i: int, name: str) -> code_edits.Edits:
    node = question.node(i)
    if name == "exp" and isinstance(node, ast.Call) and len(node.args) == 1:
        inner = code_of(node.args[0])
        return code_edits.replace(
            question,
            question.line(i),
            node.args[0],
            f"{question.tf}.minimum({inner}, 80.0)",
        )
    return ()


def _backward(question: Question, part: RawContribution) -> Reason:
    i, slot = part[:2]
    kind, sentence, fix, edits = _slope(question, part)
    span = question.builder.span(i)
    return Reason(kind, sentence, fix, span, edits, edges=edge(i, slot))


def _slope(question: Question, part: RawContribution) -> Finding:
    """Why a contribution is not finite: the kind, a sentence, the fix, its edits."""
    i, _, _, g, d, _ = part
    op, code = question.op(i), question.code(i)
    what, value = _culprit(question, part)
    fix, singular = _fix(question.tf, op.name), _singularity(question, i)
    if _hides_zero(g, d):
        sentence = (
            f"{code} has an infinite slope where {what} is {_at(value, d)}; its "
            "value is not used there, so the gradient that arrives is 0, but 0 times "
            "infinity is nan."
        )
        if chosen := _doubled(question, i, op.name):
            fix = (
                f"keep {what} away from there also where the value is not used: put a "
                f"{question.tf}.where inside as well"
            )
            return ("zero-times-inf", sentence, fix, chosen)
        return ("zero-times-inf", sentence, fix, _edits(question, singular))
    if op.name in ("norm", "std"):
        sentence = (
            f"{code} has a corner where all its entries are "
            f"{'0' if op.name == 'norm' else 'equal'}: no direction is the "
            "steepest, and 0 divided by 0 is nan."
        )
        return ("steep", sentence, fix, _edits(question, singular))
    if _nan(d):
        sentence = (
            f"In the derivative of {code} 0 meets infinity where {what} is "
            f"{_at(value, d)}, and that gives nan."
        )
        return ("zero-times-inf", sentence, fix, _edits(question, singular))
    sentence = (
        f"{code} is infinitely steep where {what} is {_at(value, d)}: its "
        "derivative there is infinite."
    )
    return ("steep", sentence, fix, _edits(question, singular))


def _hides_zero(g: Any, d: Any) -> bool:
    """Whether the contribution is nan just where the upstream gradient is 0."""
    if not _nan(d):
        return False
    if np.shape(g) != np.shape(d):
        return not np.any(g)
    return bool(np.all(np.asarray(g)[np.isnan(d)] == 0))


def _culprit(question: Question, part: RawContribution) -> tuple[str, Any]:
    """The operand that a derivative is not finite for: its name and its value.

    It is the operand itself if its rule has it in it, else another one that it has.
    """
    i, slot = part[:2]
    op, record = question.op(i), question.records[i]
    values, rule = given(record, question.builder.values), record.rule(slot)
    if not op.many and rule is not None and op.operands[slot] not in rule.names:
        others = (k for k, label in enumerate(op.operands) if label in rule.names)
        slot = next(others, slot)
    return question.operand_name(i, slot), values[slot]


def _at(value: Any, d: Any) -> str:
    value = np.asarray(value)
    bad = ~np.isfinite(np.asarray(d))
    if value.shape == bad.shape and bad.any():
        return number(value[bad][:1])
    return number(value) if value.size == 1 else "as it is here"


def _product(question: Question, part: RawContribution) -> Reason:
    i, slot, *_ = part
    return Reason(
        "zero-times-inf",
        f"At {question.code(i)} the infinite gradient meets a derivative of 0, and 0 "
        "times infinity is nan.",
        "mend the infinite slope first; this one then goes away",
        question.builder.span(i),
        edges=edge(i, slot),
    )


def _fix(tf: str, name: str, *, undefined: bool = False) -> str:
    """What to do, in words; ``undefined`` if the value itself is no number."""
    if name in ("sqrt", "rsqrt", "power") and undefined:
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


def _singularity(question: Question, i: int) -> Singularity:
    """Where the code of a record is, and how low its first operand goes."""
    values = given(question.records[i], question.builder.values)
    low = float(np.min(values[0])) if values and np.size(values[0]) else 0.0
    return Singularity(question.op(i).name, question.line(i), question.node(i), low)


def _edits(question: Question, singular: Singularity) -> code_edits.Edits:
    """The code with its operand moved a little away from the singular point."""
    name, node, line = singular.name, singular.node, singular.line
    if isinstance(node, ast.BinOp):
        return _binary(question, line, node, name)
    if not isinstance(node, ast.Call) or len(node.args) != 1:
        return ()
    arg = node.args[0]
    if name in ("norm", "std") and {w.arg for w in node.keywords} <= _AXES:
        return code_edits.replace(question, line, node, _rooted(question, node, name))
    if node.keywords:
        return ()
    if _is_softmax(arg) and name == "log":
        rest = ", ".join(code_of(a) for a in (*arg.args, *arg.keywords))
        new = f"{question.tf}.nn.log_softmax({rest})"
        return code_edits.replace(question, line, node, new)
    moved = _moved(question.tf, singular, arg)
    return code_edits.replace(question, line, arg, moved) if moved else ()


_AXES = {"axis", "keepdims"}


def _rooted(question: Question, node: ast.Call, name: str) -> str:
    """A norm or a standard deviation with a tiny number under its root."""
    tf, inner = question.tf, code_of(node.args[0])
    how = "".join(f", {code_of(word)}" for word in node.keywords)
    under = f"{tf}.reduce_sum({tf}.square({inner}){how})"
    if name == "std":
        under = f"{tf}.math.reduce_variance({inner}{how})"
    return f"{tf}.sqrt({under} + {SMALL})"


def _is_softmax(node: ast.expr) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and dotted(node.func).endswith("softmax")


def _moved(tf: str, singular: Singularity, arg: ast.expr) -> str:
    """The operand kept away from where the function is infinitely steep, or ""."""
    name, inner = singular.name, code_of(arg)
    if name in ("log", "log1p"):
        return f"{tf}.maximum({inner}, 1e-7)"
    if name in BOUNDED:
        return code_of(ast.BinOp(ast.Name(INSIDE), ast.Mult(), arg))
    if name in ("sqrt", "rsqrt"):
        least = f"{tf}.maximum({inner}, {SMALL})"
        return f"{inner} + {SMALL}" if singular.low >= 0 else least
    return ""


def _binary(
    question: Question, line: Statement | None, node: ast.BinOp, name: str
) -> code_edits.Edits:
    left, right = code_of(node.left), code_of(node.right)
    if name == "divide":
        new = f"{question.tf}.math.divide_no_nan({left}, {right})"
        return code_edits.replace(question, line, node, new)
    if name == "power":
        return code_edits.replace(question, line, node.left, f"{left} + {SMALL}")
    return ()


def _doubled(question: Question, i: int, name: str) -> code_edits.Edits:
    """``where(c, f(x), 0)`` as ``where(c, f(where(c, x, 1.0)), 0)``."""
    node, line = question.node(i), question.line(i)
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
                    question, line, arg, f"{question.tf}.where({condition}, {pair})"
                )
    return ()
