"""Why a gradient is exactly zero: where in the backward pass it becomes so."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tapeviz.inspect.gradient_question import Question, edge, number
from tapeviz.inspect.reasons import code_edits
from tapeviz.inspect.source.dataflow import dotted
from tapeviz.trace.diagnosis import Reason

RawContribution = tuple[int, int, int, Any, Any, Any]
"""One contribution: the record, the operand slot, the operand's record, the upstream
gradient, the contribution and the running sum at the operand."""

Finding = tuple[str, str, str, code_edits.Edits]
"""The kind, the sentence, the fix in words, and the fix as edits."""


def parts(question: Question, steps: list[Any]) -> list[RawContribution]:
    """The contributions on paths from target to source, in backward order."""
    return [
        (i, slot, j, g, d, total)
        for i, g, contributions in steps
        for slot, j, d, total in contributions
        if question.after_x[j]
        and question.before_y[i]
        and _is_number(d)
        and _is_number(g)
    ]


def _is_number(v: Any) -> bool:
    return isinstance(v, (np.ndarray, np.generic))


def none_left(v: Any) -> bool:
    """Whether every entry is exactly zero."""
    return bool(np.size(v)) and not np.any(v)


def zeros(question: Question, steps: list[Any]) -> Iterator[tuple[Any, Reason]]:
    """The ops that pass a zero on, though the upstream gradient is not zero."""
    every = parts(question, steps)
    last: dict[int, Any] = {}
    for i, slot, j, g, d, total in every:
        last[j] = total
        if none_left(d) and (_flat_alone(question, i, slot, g) or not none_left(g)):
            yield (question.order(i), _factor_of_zero(question, i, slot, j))
    for j, total in last.items():
        came = [(i, d) for i, _, k, _, d, _ in every if k == j and not none_left(d)]
        if none_left(total) and len(came) > 1:
            yield (question.order(j), _cancelled(question, j, came))


def _flat_alone(question: Question, i: int, slot: int, g: Any) -> bool:
    """Whether the local derivative is zero, whatever the upstream gradient."""
    record = question.records[i]
    if record.rule(slot) is None or record.op.name == "custom":
        return False
    with np.errstate(all="ignore"):
        return none_left(record.local(slot, np.ones_like(g)[()]))


def _factor_of_zero(question: Question, i: int, slot: int, j: int) -> Reason:
    kind, sentence, fix, edits = _said(question, i, slot, j)
    return Reason(
        kind, sentence, fix, question.builder.span(i), edits, edges=edge(i, slot)
    )


def _said(question: Question, i: int, slot: int, j: int) -> Finding:
    op = question.op(i)
    if not np.size(question.value(i)):
        return (
            "flat",
            (
                f"{question.code(i)} takes no entry at all, so that nothing depends on "
                f"{question.known(j) or 'its operand'}."
            ),
            "choose values, or a condition, that leave at least one entry",
            (),
        )
    if op.name == "gate" and slot == 1:
        return _straight(question, i)
    if op.name in _SAYINGS:
        return _SAYINGS[op.name](question, i, slot, j)
    if op.name == "power" and slot == 0 and none_left(_operand(question, i, 1)):
        return (
            "factor",
            (
                f"In {question.code(i)} the exponent is 0, and anything to the power "
                "of 0 is 1."
            ),
            "give the exponent a value that is not 0",
            (),
        )
    if _summed(question, i):
        return (
            "cancel",
            (
                f"The gradients of the entries of {question.code(i)} sum to 0 at "
                f"{question.known(j) or 'its operand'}."
            ),
            "weigh the entries differently",
            (),
        )
    return (
        "flat",
        (
            f"{question.code(i)} is flat here: its derivative is 0 where "
            f"{_what(question, j)}."
        ),
        f"choose another value of {question.x_name}",
        (),
    )


def _rectified(question: Question, i: int, _slot: int, j: int) -> Finding:
    where = "between 0 and 6" if question.op(i).name == "relu6" else "positive"
    return (
        "flat",
        (
            f"{question.code(i)} is flat where its operand is not {where}, and "
            f"{_what(question, j)}."
        ),
        (
            f"use {question.tf}.nn.leaky_relu, which keeps a small slope there, or "
            "other values"
        ),
        _leaky(question, i),
    )


def _straight(question: Question, i: int) -> Finding:
    """The slope of relu, which is 0 or 1 and never changes by a little."""
    return (
        "flat",
        (
            f"{question.code(i)} holds the slope of a relu, which is 0 on one side and "
            "1 on the other: it does not change by a little, so that its derivative "
            "is 0."
        ),
        (
            "where second derivatives are wanted use a smooth function, "
            f"{question.tf}.tanh or {question.tf}.nn.softplus"
        ),
        (),
    )


def _branch(question: Question, i: int, slot: int, j: int) -> Finding:
    return (
        "branch",
        (
            f"{question.code(i)} took {_other(question, i, slot)}, so a small change "
            f"of {question.known(j) or 'this operand'} changes nothing."
        ),
        (
            "choose values for which this operand is the one taken, or a smooth "
            "mixture of both"
        ),
        (),
    )


def _product(question: Question, i: int, slot: int, _j: int) -> Finding:
    return (
        "factor",
        (
            f"In {question.code(i)} the other factor{_factor(question, i, slot)} is 0, "
            "and 0 times any gradient is 0."
        ),
        "give the other factor a value that is not 0",
        (),
    )


def _jump(question: Question, i: int, _slot: int, _j: int) -> Finding:
    return (
        "flat",
        f"{question.code(i)} is a step: flat everywhere, so that its derivative is 0.",
        f"use a smooth step such as {question.tf}.tanh",
        _renamed(question, i, "sign", "tanh"),
    )


def _shares(question: Question, i: int, _slot: int, _j: int) -> Finding:
    return (
        "cancel",
        (
            f"The entries of {question.code(i)} always sum to 1, so their plain sum "
            "cannot change."
        ),
        "use single entries, or a loss such as the cross entropy",
        (),
    )


_SAYINGS: dict[str, Callable[[Question, int, int, int], Finding]] = {
    **dict.fromkeys(("relu", "relu6", "gate"), _rectified),
    **dict.fromkeys(("maximum", "minimum", "where", "clip"), _branch),
    **dict.fromkeys(("multiply", "matmul", "divide"), _product),
    **dict.fromkeys(("einsum", "tensordot", "matvec"), _product),
    "sign": _jump,
    "softmax": _shares,
}


def _what(question: Question, j: int) -> str:
    value = question.value(j)
    name = question.known(j) or "its operand"
    if np.size(value) == 1:
        return f"{name} is {number(value)}"
    return f"{name} goes from {number(np.min(value))} to {number(np.max(value))}"


def _operand(question: Question, i: int, slot: int) -> Any:
    record = question.records[i]
    j = record.operands[slot]
    return question.value(j) if j >= 0 else record.values[slot]


def _other(question: Question, i: int, slot: int) -> str:
    op = question.op(i)
    others = [s for s in range(len(op.operands)) if s != slot and op.operands[s] != "c"]
    if op.name == "clip" or not others:
        return "its border"
    v = _operand(question, i, others[-1])
    return f"its other operand, {number(v)}" if np.size(v) == 1 else "its other operand"


def _factor(question: Question, i: int, slot: int) -> str:
    op = question.op(i)
    if op.many or len(op.operands) != 2:
        return ""
    j = question.records[i].operands[1 - slot]
    name = (
        question.known(j)
        if j >= 0
        else question.builder.holders.get(
            id(_operand(question, i, 1 - slot)), ("", None)
        )[0]
    )
    return f" {name}" if name else ""


def _summed(question: Question, i: int) -> bool:
    return question.records[i].was_broadcast


def _leaky(question: Question, i: int) -> code_edits.Edits:
    node = question.node(i)
    if isinstance(node, ast.Call) and dotted(node.func).endswith(".relu"):
        return code_edits.replace(
            question, question.line(i), node.func, f"{question.tf}.nn.leaky_relu"
        )
    return ()


def _renamed(question: Question, i: int, old: str, new: str) -> code_edits.Edits:
    node = question.node(i)
    if isinstance(node, ast.Call) and dotted(node.func).endswith(f".{old}"):
        return code_edits.replace(
            question, question.line(i), node.func, f"{question.tf}.{new}"
        )
    return ()


def _cancelled(question: Question, j: int, came: list[tuple[int, Any]]) -> Reason:
    name = question.known(j) or "a value"
    terms = " and ".join(f"{number(d)} through {question.code(i)}" for i, d in came[:4])
    scalar = all(np.size(d) == 1 for _, d in came)
    said = f": {terms}" if scalar and len(came) <= 4 else ""
    return Reason(
        "cancel",
        f"The gradients that reach {name} on {len(came)} paths cancel{said}.",
        f"nothing is broken: at this value the target does not change with {name}; "
        "choose another value, or let one path count more",
        question.builder.span(j) or question.builder.span(came[0][0]),
        nodes=(f"n{j}",),
    )
