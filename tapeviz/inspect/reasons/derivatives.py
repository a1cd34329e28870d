"""Why a derivative does not depend on the source: the target is a gradient itself."""

from __future__ import annotations

import ast
from typing import Any

from tapeviz.engine.tape import GradientTape
from tapeviz.inspect.gradient_question import Question
from tapeviz.inspect.reasons import code_edits
from tapeviz.inspect.reasons.entry import Entry, Facts, Places, Search, always
from tapeviz.inspect.source.dataflow import Statement, code_of, dotted

_BENT = {"custom", "part", "mod", "sign", "zero", "leak", "sort", "top_k"}
"""Ops whose rules have no operand in them though they are not linear."""


def is_derivative(question: Question) -> bool:
    """Whether a tape was asked for the target, and the target is on no tape itself."""
    foreign = question.records.is_foreign(question.targets[0])
    return not foreign and _line(question) is not None


def _derivative(question: Question) -> Places:
    """The call of a tape that made the target, and what it differentiated.

    ``ops`` are the operations between that and the source.
    """
    line = _line(question)
    call = None if line is None else _call(line)
    if line is None or call is None:
        return
    what = code_of(call.args[0]) if call.args else "the function"
    goal, by = _asked(question, call)
    after, before = question.downstream(question.x), question.upstream_of([goal])
    ops = [i for i in range(goal + 1) if i in after and i in before and i != question.x]
    inside = question.inside(line) is not False
    facts = {"what": what, "goal": goal, "by": by, "after": after, "ops": ops}
    node = call if inside else None
    yield line.order, {**facts, "inside": inside, "line": line, "node": node}


def _line(question: Question) -> Statement | None:
    """The statement that made the target by asking a tape for a gradient."""
    returns = [o for o in question.upstream if isinstance(o.node, ast.Return)]
    for line in [*question.goals, *sorted(returns, key=lambda one: one.order)]:
        call = _call(line)
        if call is not None and dotted(call.func).endswith(".gradient"):
            return line
    return None


def _call(line: Statement) -> ast.Call | None:
    value = line.value
    value = value.value if isinstance(value, ast.Subscript) else value
    return value if isinstance(value, ast.Call) else None


def _asked(question: Question, call: ast.Call) -> tuple[int, Any]:
    """The index of what a call differentiates, and the source that it goes by.

    -1 and None where the tape that was asked is not known any more.
    """
    tape = question.names.get(dotted(call.func).rpartition(".")[0])
    if not isinstance(tape, GradientTape) or tape is question.tape:
        return -1, None
    records = tape.records()
    last = records.asked if records.shares(question.records) else None
    if last is None or len(last.targets) != 1:
        return -1, None
    at = _position(question, len(last.sources))
    return records.index_of(last.targets[0]), last.sources[at] if at >= 0 else None


def _position(question: Question, count: int) -> int:
    """Which of several derivatives the target is, as in ``d1, d2 = ...``; or -1."""
    if count == 1:
        return 0
    for line in question.goals:
        for to in getattr(line.node, "targets", ()):
            names = [dotted(one) for one in getattr(to, "elts", ())]
            if len(names) == count and question.y_name in names:
                return names.index(question.y_name)
    return -1


def _operands(question: Question, i: int) -> list[tuple[int, Any]]:
    """The recorded operands of an op, each with its rule."""
    inputs = question.records[i].operands
    return [(j, question.rule(i, slot)) for slot, j in enumerate(inputs) if j >= 0]


def _is_linear(question: Question, i: int, after: set[int]) -> bool:
    """Whether the rules by the source say that an op is linear in it."""
    op = question.op(i)
    if op.name in _BENT:
        return False
    operands = question.records[i].operands
    labels = op.operands * len(operands) if op.many else op.operands
    used = (labels[slot] for slot, j in enumerate(operands) if j in after)
    bound = {"y", *used}
    rules = [rule for j, rule in _operands(question, i) if j in after]
    return all(rule is not None and not rule.names & bound for rule in rules)


# -- the entries -----------------------------------------------------------------------


def _own_gradient(question: Question, facts: Facts) -> Facts | None:
    own = [i for i in facts["ops"] if question.op(i).name == "custom"]
    return {"function": question.records[own[0]].settings[0].name} if own else None


def _stopped(question: Question, facts: Facts) -> Facts | None:
    for i in reversed(facts["ops"]):
        rules = [rule for j, rule in _operands(question, i) if j in facts["after"]]
        if None in rules:
            return {"code": question.code(i)}
    return None


def _linear(question: Question, facts: Facts) -> bool:
    linear = all(_is_linear(question, i, facts["after"]) for i in facts["ops"])
    return facts["by"] is question.source and linear


_HEAD = "{y} is itself a derivative, and it does not depend on {x}: "
_ZERO = 'ask with unconnected_gradients="zero" to get the 0 as a number'
DERIVATIVE = Search(_derivative, (
    Entry(
        "outside",
        lambda q, f: not f["inside"] and {"edits": code_edits.move(q, [f["line"]])},
        "{y} was computed by a call of gradient outside of {tape}'s block, so the tape "
        "did not record how.",
        "move this line into the block of {tape}",
    ),
    Entry(
        "unconnected", lambda _, f: f["goal"] >= 0 and f["goal"] not in f["after"],
        _HEAD + "{what} does not depend on {x}.", "use {x} in {what}",
    ),
    Entry(
        "custom", _own_gradient,
        _HEAD + "the gradient function of {function} does not use {x}.",
        "where its derivative is wanted, use {x} in that gradient function",
    ),
    Entry(
        "stopped", _stopped, _HEAD + "{code} counts as a constant in it.", _ZERO,
    ),
    Entry(
        "linear", _linear,
        _HEAD + "{what} changes with {x} at the same rate everywhere, so its second "
        "derivative is 0, which a tape says as None.", _ZERO,
    ),
    Entry(
        "linear", always,
        _HEAD + "as the tape computed it, there is no {x} left in it.", _ZERO,
    ),
))  # fmt: skip
