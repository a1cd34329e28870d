"""Why a gradient is nan or infinite: where in the backward pass it becomes so."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from tapeviz.inspect.gradient_question import Question, number
from tapeviz.inspect.graph_builder import is_array
from tapeviz.inspect.reasons import code_edits
from tapeviz.inspect.reasons.domains import (
    Singularity,
    outside_domain,
    undefined,
    wanted,
)
from tapeviz.inspect.reasons.entry import (
    Edits,
    Entry,
    Facts,
    Places,
    Search,
    always,
    at_edge,
)
from tapeviz.inspect.reasons.flat_ops import is_op
from tapeviz.inspect.reasons.zero_gradient import RawContribution, parts
from tapeviz.inspect.replay import given
from tapeviz.inspect.source.dataflow import Statement, called, code_of, within

LARGE = ("exp", "expm1", "cosh", "sinh", "square", "multiply")
SMALL = "1e-12"
INSIDE = "0.999999"
BOUNDED = ("asin", "acos", "atanh")


def _course(question: Question) -> tuple[int | None, list[RawContribution]]:
    """The record of the first such value, or the contributions that became so.

    A second contribution is one at which what was infinite turned into nan.
    """
    every = parts(question)
    first = next((p for p in every if fine(p[3]) and not fine(p[4])), None)
    end = len(question.records) - 1 if first is None else first[0]
    origin = _origin(question, end)
    if first is None:
        return origin, []
    if origin is not None and (origin != first[0] or _itself(question, origin)):
        return origin, []
    second = (p for p in every if not _nan(p[3]) and _nan(p[4]) and not _nan(first[4]))
    return None, [first, *list(second)[:1]]


def _forward(question: Question) -> Places:
    """The first record with a value that is not finite."""
    i, _ = _course(question)
    if i is not None:
        value = question.values[i]
        how = {"bad": _word(value), "dtype": value.dtype.name}
        yield 0, {**at_edge(question, i, 0, i), **how, "edges": (), "nodes": (f"n{i}",)}


def _backward(question: Question) -> Places:
    """The first contribution that is not finite, though its upstream gradient is."""
    for part in _course(question)[1][:1]:
        i, slot, j, g, d, _ = part
        what, value = _culprit(question, part)
        facts = at_edge(question, i, slot, j)
        more = {
            "what": what,
            "at": _at(value, d),
            "remedy": _remedy(question, facts["name"]),
        }
        yield 0, {**facts, "g": g, "d": d, **more}


def _onward(question: Question) -> Places:
    return ((1, at_edge(question, *part[:3])) for part in _course(question)[1][1:])


def _itself(question: Question, i: int) -> bool:
    """Whether a record's own value is the fault, and not only its derivative."""
    return _nan(question.values[i]) or question.op(i).name in LARGE


def fine(v: Any) -> bool:
    """Whether every entry is a finite number."""
    return v.dtype.kind not in "fc" or bool(np.all(np.isfinite(v)))


def _nan(v: Any) -> bool:
    return v.dtype.kind in "fc" and bool(np.any(np.isnan(v)))


def _origin(question: Question, end: int) -> int | None:
    """The first record up to ``end`` with a value that is not finite."""
    needed = question.upstream_of([end])
    for i in range(end + 1):
        value = question.values[i]
        if i in needed and is_array(value) and not fine(value):
            return i
    return None


def _word(v: Any) -> str:
    return "nan" if _nan(v) else "infinite"


# -- a value that is not finite --------------------------------------------------------


def _leaf(question: Question, facts: Facts) -> Facts | None:
    i, records = facts["i"], question.records
    if records[i].kind == "op":
        return None
    used = (k for k in range(i + 1, len(records)) if i in records[k].operands)
    spans = (question.builder.span(k) for k in used)
    return {
        "known": facts["operand"] or question.x_name,
        "span": facts["span"] or next(spans, None),
    }  # fmt: skip


def _updated_leaf(question: Question, facts: Facts) -> Facts | None:
    """A variable whose updates in a loop may have made its number."""
    found = _leaf(question, facts)
    known = found["known"] if found else ""
    updates = (o for o in question.program.lines if o.loops and _STEPS & o.calls)
    own = ("apply_gradients" in o.calls or known in o.makes | o.reads for o in updates)
    return found if any(own) else None


_STEPS = {"assign_sub", "assign_add", "assign", "apply_gradients", "minimize"}


def _constant(question: Question, facts: Facts) -> Facts | None:
    """An operand that the tape did not record is no number already."""
    i, record = facts["i"], question.records[facts["i"]]
    values = [np.asarray(v) for v in given(record, question.values)]
    pairs = enumerate(zip(record.operands, values, strict=True))
    slot = next((s for s, (j, v) in pairs if j < 0 and not fine(v)), -1)
    if slot < 0:
        return None
    v, found = values[slot], question.operand(i, slot)
    text = question.operand_name(i, slot)
    share = bad_share(v)
    singular = None if found is None else undefined(question, *found)
    where: tuple[Any, Any] = found or (None, None)
    line, node = where
    more: Facts = {"singular": singular}
    if singular is not None:
        share += f", where {singular.said}"
        line, node = singular.line, singular.node
        more["remedy"] = _remedy(question, singular.name, undefined=True)
    if found is not None:
        more["span"] = question.span(line, node)
    because = f", because {text} is {_word(v)}{share}"
    because = "" if text == facts["code"] else because
    return {**more, "line": line, "node": node, "because": because}


def bad_share(v: Any) -> str:
    """How many entries of an array are not finite; "" for a single number."""
    return (
        f" in {int(np.sum(~np.isfinite(v)))} of its {v.size} entries" if v.ndim else ""
    )


def _undefined_constant(question: Question, facts: Facts) -> Facts | None:
    found = _constant(question, facts)
    return found if found and found["singular"] else None


def _too_large(question: Question, facts: Facts) -> bool:
    values = given(question.records[facts["i"]], question.values)
    outside = outside_domain(question.op(facts["i"]), values)
    return outside is None and facts["bad"] != "nan"


def _undefined(question: Question, facts: Facts) -> Facts:
    i, op = facts["i"], question.op(facts["i"])
    found = outside_domain(op, given(question.records[i], question.values))
    because = ""
    if found is not None:
        name = question.operand_name(i, found[0])
        zero = "it divides by 0"
        said = zero if op.name == "divide" else f"{name} is {found[1]}{wanted(op)}"
        because = f", because {said}"
    return {"because": because, "remedy": _remedy(question, op.name, undefined=True)}


_LOOK = (
    "look where that number comes from; the gradient cannot be better than its input"
)
_ITSELF = "{known} itself holds a number that is {bad}."
_LARGE = (
    "{code} is too large for {dtype} already on the way forward, and counts as "
    "infinite."
)
_BAD = "{code} is {bad} already on the way forward{because}."


def _clipped(question: Question, facts: Facts) -> Edits:
    node = facts["node"]
    if facts["name"] == "exp" and isinstance(node, ast.Call) and len(node.args) == 1:
        new = f"{question.tf}.minimum({code_of(node.args[0])}, 80.0)"
        return code_edits.replace(question, facts["line"], node.args[0], new)
    return ()


# -- a slope that is not finite --------------------------------------------------------


def _hidden(_question: Question, facts: Facts) -> bool:
    """Whether the contribution is nan just where the upstream gradient is 0."""
    g, d = facts["g"], facts["d"]
    if not _nan(d):
        return False
    if np.shape(g) != np.shape(d):
        return not np.any(g)
    return bool(np.all(np.asarray(g)[np.isnan(d)] == 0))


def _hidden_by_where(question: Question, facts: Facts) -> Facts | None:
    edits = _doubled(question, facts) if _hidden(question, facts) else ()
    return {"edits": edits} if edits else None


def _culprit(question: Question, part: RawContribution) -> tuple[str, Any]:
    """The operand that a derivative is not finite for: its name and its value.

    It is the operand itself if its rule has it in it, else another one that it has.
    """
    i, slot = part[:2]
    op, record = question.op(i), question.records[i]
    values, rule = given(record, question.values), record.rule(slot)
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


_REMEDIES = {
    ("sqrt", "rsqrt", "norm", "std", "power"):
        f"add a tiny number under the root, such as {SMALL}",
    ("log", "log1p"):
        "keep the operand above 0, for example with a smallest value, or take the "
        "logarithm of a softmax or sigmoid at once, as {tf}.nn.log_softmax does",
    BOUNDED: f"keep the operand between -1 and 1, for example times {INSIDE}",
    ("divide", "reciprocal", "xdivy"):
        "keep the denominator away from 0, or use {tf}.math.divide_no_nan",
}  # fmt: skip


def _remedy(question: Question, name: str, *, undefined: bool = False) -> str:
    """What to do, in words; ``undefined`` if the value itself is no number."""
    if name in ("sqrt", "rsqrt", "power") and undefined:
        return f"keep the operand above 0, for example with {question.tf}.maximum"
    found = (text for names, text in _REMEDIES.items() if name in names)
    return next(found, "keep the operand inside the function's domain").format(
        tf=question.tf
    )


def _singularity(question: Question, i: int) -> Singularity:
    """Where the code of a record is, and how low its first operand goes."""
    values = given(question.records[i], question.values)
    low = float(np.min(values[0])) if values and np.size(values[0]) else 0.0
    return Singularity(question.op(i).name, question.line(i), question.node(i), low)


def _apart(question: Question, facts: Facts) -> Edits:
    """The code with its operand moved a little away from the singular point."""
    singular = facts.get("singular") or _singularity(question, facts["i"])
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
    if isinstance(arg, ast.Call) and called(arg).endswith("softmax") and name == "log":
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
) -> Edits:
    left, right = code_of(node.left), code_of(node.right)
    if name == "divide":
        new = f"{question.tf}.math.divide_no_nan({left}, {right})"
        return code_edits.replace(question, line, node, new)
    power = name == "power"
    return code_edits.replace(
        question, line if power else None, node.left, f"{left} + {SMALL}"
    )


def _doubled(question: Question, facts: Facts) -> Edits:
    """``where(c, f(x), 0)`` as ``where(c, f(where(c, x, 1.0)), 0)``."""
    node, line, name = facts["node"], facts["line"], facts["name"]
    arg: Any = None
    if isinstance(node, ast.BinOp):
        arg = node.right if name == "divide" else node.left
    elif isinstance(node, ast.Call) and node.args:
        arg = node.args[0]
    for one in () if line is None or arg is None else line.parts:
        choice = called(one).endswith(".where") and len(one.args) == 3
        where = [within(node, a) for a in one.args[1:]] if choice else []
        if any(where):
            condition, inner = code_of(one.args[0]), code_of(arg)
            pair = f"{inner}, 1.0" if where[0] else f"1.0, {inner}"
            new = f"{question.tf}.where({condition}, {pair})"
            return code_edits.replace(question, line, arg, new)
    return ()


# -- the entries -----------------------------------------------------------------------

_HIDDEN = (
    "{code} has an infinite slope where {what} is {at}; its value is not used there, "
    "so the gradient that arrives is 0, but 0 times infinity is nan."
)
_CORNER = (
    "{{code}} has a corner where all its entries are {}: no direction is the steepest, "
    "and 0 divided by 0 is nan."
)
NONFINITE = (
    Search(_forward, (
        Entry(
            "domain", _updated_leaf, _ITSELF,
            "the updates in the loop may have made it: start again with a smaller "
            "learning rate, and ask at the first step at which it is not finite",
        ),
        Entry("domain", _leaf, _ITSELF, _LOOK),
        Entry("domain", _undefined_constant, _BAD, "{remedy}", _apart),
        Entry("domain", _constant, _BAD, _LOOK),
        Entry(
            "overflow",
            lambda q, f: f["name"] in ("exp", "expm1") and _too_large(q, f), _LARGE,
            "keep its operand below about 80, or use {tf}.nn.softplus, "
            "{tf}.nn.log_softmax or {tf}.reduce_logsumexp, which never make the large "
            "number", _clipped,
        ),
        Entry(
            "overflow", _too_large, _LARGE,
            "keep the numbers smaller, for example with a smaller step or by scaling",
        ),
        Entry("domain", _undefined, _BAD, "{remedy}", _apart),
    )),
    Search(_backward, (
        Entry(
            "zero-times-inf", _hidden_by_where, _HIDDEN,
            "keep {what} away from there also where the value is not used: put a "
            "{tf}.where inside as well",
        ),
        Entry("zero-times-inf", _hidden, _HIDDEN, "{remedy}", _apart),
        Entry("steep", is_op("norm"), _CORNER.format("0"), "{remedy}", _apart),
        Entry("steep", is_op("std"), _CORNER.format("equal"), "{remedy}", _apart),
        Entry(
            "zero-times-inf", lambda _, f: _nan(f["d"]),
            "In the derivative of {code} 0 meets infinity where {what} is {at}, and "
            "that gives nan.", "{remedy}", _apart,
        ),
        Entry(
            "steep", always,
            "{code} is infinitely steep where {what} is {at}: its derivative there is "
            "infinite.", "{remedy}", _apart,
        ),
    )),
    Search(_onward, (
        Entry(
            "zero-times-inf", always,
            "At {code} the infinite gradient meets a derivative of 0, and 0 times "
            "infinity is nan.",
            "mend the infinite slope first; this one then goes away",
        ),
    )),
)  # fmt: skip
