"""Why a derivative does not depend on the source: the target is a gradient itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from tapeviz.engine.tape import GradientTape
from tapeviz.inspect.gradient_question import Question
from tapeviz.inspect.reasons import code_edits
from tapeviz.inspect.source.dataflow import Statement, code_of, dotted
from tapeviz.trace.diagnosis import Reason

_BENT = {"custom", "part", "mod", "sign", "zero", "leak", "sort", "top_k"}
"""Ops whose rules have no operand in them though they are not linear."""

_ZERO = 'ask with unconnected_gradients="zero" to get the 0 as a number'


def derivative(question: Question) -> Iterator[tuple[Any, Reason]]:
    """The target was made by asking a tape for a gradient."""
    line = _line(question)
    call = None if line is None else _call(line)
    if line is None or call is None:
        return
    if question.inside(line) is False:
        yield line.order, _outside(question, line)
    else:
        yield line.order, _without_source(question, line, call)


def is_derivative(question: Question) -> bool:
    """Whether a tape was asked for the target, and the target is on no tape itself."""
    return not question.foreign(question.targets[0]) and _line(question) is not None


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


def _outside(question: Question, line: Statement) -> Reason:
    return Reason(
        "outside",
        f"{question.y_name} was computed by a call of gradient outside of "
        f"{question.tape_name}'s block, so the tape did not record how.",
        f"move this line into the block of {question.tape_name}",
        question.span(line),
        code_edits.move(question, [line]),
    )


def _without_source(question: Question, line: Statement, call: ast.Call) -> Reason:
    kind, because, fix = _because(question, call)
    return Reason(
        kind,
        f"{question.y_name} is itself a derivative, and it does not depend on "
        f"{question.x_name}: {because}.",
        fix,
        question.span(line, call),
    )


def _because(question: Question, call: ast.Call) -> tuple[str, str, str]:
    """Why there is no source in a derivative: the kind, the words, what to do."""
    x, what = question.x_name, code_of(call.args[0]) if call.args else "the function"
    goal, by = _asked(question, call)
    after, before = question.downstream(question.x), question.upstream_of([goal])
    ops = [i for i in range(goal + 1) if after[i] and before[i] and i != question.x]
    if goal >= 0 and not after[goal]:
        return "unconnected", f"{what} does not depend on {x}", f"use {x} in {what}"
    for i in ops:
        if question.op(i).name == "custom":
            name = question.records[i].settings[0].name
            return (
                "custom",
                f"the gradient function of {name} does not use {x}",
                f"where its derivative is wanted, use {x} in that gradient function",
            )
    for i in reversed(ops):
        if any(after[j] and rule is None for j, rule in _operands(question, i)):
            return "stopped", f"{question.code(i)} counts as a constant in it", _ZERO
    if by is question.source and all(_is_linear(question, i, after) for i in ops):
        rate = f"{what} changes with {x} at the same rate everywhere"
        second = "its second derivative is 0, which a tape says as None"
        return "linear", f"{rate}, so {second}", _ZERO
    return "linear", f"as the tape computed it, there is no {x} left in it", _ZERO


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


def _is_linear(question: Question, i: int, after: bytearray) -> bool:
    """Whether the rules by the source say that an op is linear in it."""
    op = question.op(i)
    if op.name in _BENT:
        return False
    operands = question.records[i].operands
    labels = op.operands * len(operands) if op.many else op.operands
    bound = {
        "y",
        *(labels[slot] for slot, j in enumerate(operands) if j >= 0 and after[j]),
    }
    return all(
        rule is not None and not rule.names & bound
        for j, rule in _operands(question, i) if after[j]
    )  # fmt: skip
