"""Where a gradient becomes exactly zero on its way back."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tapeviz.engine.dispatch import TELL
from tapeviz.inspect.reasons import code_edits
from tapeviz.inspect.reasons.question import Question, edge, number
from tapeviz.inspect.source.dataflow import dotted
from tapeviz.trace.diagnosis import Reason

Part = tuple[int, int, int, Any, Any, Any]
"""A record, a slot, the operand's place, the upstream gradient, the part, the sum."""

Said = tuple[str, str, str, code_edits.Edits]
"""The kind, the sentence, the mend, and that in code."""


def parts(case: Question, told: list[Any]) -> list[Part]:
    """What was handed back on the ways from target to source, in the sweep's order."""
    return [
        (i, slot, j, g, d, total)
        for i, g, handed in told
        for slot, j, d, total in handed
        if case.after_x[j] and case.before_y[i] and _is_number(d) and _is_number(g)
    ]


def _is_number(v: Any) -> bool:
    return isinstance(v, (np.ndarray, np.generic))


def none_left(v: Any) -> bool:
    """Whether every entry is exactly zero."""
    return bool(np.size(v)) and not np.any(v)


def zeros(case: Question, told: list[Any]) -> Iterator[tuple[Any, Reason]]:
    """The places where what leaves is zero, though what arrives is not."""
    every = parts(case, told)
    last: dict[int, Any] = {}
    for i, slot, j, g, d, total in every:
        last[j] = total
        if none_left(d) and (_flat_alone(case, i, slot, g) or not none_left(g)):
            yield (case.order(i), _flat(case, i, slot, j))
    for j, total in last.items():
        came = [(i, d) for i, _, k, _, d, _ in every if k == j and not none_left(d)]
        if none_left(total) and len(came) > 1:
            yield (case.order(j), _cancelled(case, j, came))


def _flat_alone(case: Question, i: int, slot: int, g: Any) -> bool:
    """Whether the local derivative is zero whatever arrives."""
    op = case.op(i)
    error_message = TELL[op.code][0 if op.many else slot]
    if error_message is None or op.name == "custom":
        return False
    with np.errstate(all="ignore"):
        return none_left(error_message(np.ones_like(g)[()], case.recs[i], slot))


def _flat(case: Question, i: int, slot: int, j: int) -> Reason:
    kind, sentence, fix, edits = _said(case, i, slot, j)
    return Reason(kind, sentence, fix, case.scribe.span(i), edits, edges=edge(i, slot))


def _said(case: Question, i: int, slot: int, j: int) -> Said:
    op = case.op(i)
    if not np.size(case.value(i)):
        return (
            "flat",
            (
                f"{case.code(i)} takes no entry at all, so that nothing depends on "
                f"{case.known(j) or 'its operand'}."
            ),
            "choose values, or a condition, that leave at least one entry",
            (),
        )
    if op.name == "gate" and slot == 1:
        return _straight(case, i)
    if op.name in _SAYINGS:
        return _SAYINGS[op.name](case, i, slot, j)
    if op.name == "power" and slot == 0 and none_left(_operand(case, i, 1)):
        return (
            "factor",
            (
                f"In {case.code(i)} the exponent is 0, and anything to the power of 0 "
                "is 1."
            ),
            "give the exponent a value that is not 0",
            (),
        )
    if _summed(case, i):
        return (
            "cancel",
            (
                f"The gradients of the entries of {case.code(i)} sum to 0 at "
                f"{case.known(j) or 'its operand'}."
            ),
            "weigh the entries differently",
            (),
        )
    return (
        "flat",
        f"{case.code(i)} is flat here: its derivative is 0 where {_what(case, j)}.",
        f"choose another value of {case.x_name}",
        (),
    )


def _rectified(case: Question, i: int, _slot: int, j: int) -> Said:
    where = "between 0 and 6" if case.op(i).name == "relu6" else "positive"
    return (
        "flat",
        (
            f"{case.code(i)} is flat where its operand is not {where}, and "
            f"{_what(case, j)}."
        ),
        (
            f"use {case.tf}.nn.leaky_relu, which keeps a small slope there, or other "
            "values"
        ),
        _leaky(case, i),
    )


def _straight(case: Question, i: int) -> Said:
    """The slope of relu, which is 0 or 1 and never changes by a little."""
    return (
        "flat",
        (
            f"{case.code(i)} holds the slope of a relu, which is 0 on one side and 1 "
            "on the other: it does not change by a little, so that its derivative is 0."
        ),
        (
            "where second derivatives are wanted use a smooth function, "
            f"{case.tf}.tanh or {case.tf}.nn.softplus"
        ),
        (),
    )


def _branch(case: Question, i: int, slot: int, j: int) -> Said:
    return (
        "branch",
        (
            f"{case.code(i)} took {_other(case, i, slot)}, so a small change of "
            f"{case.known(j) or 'this operand'} changes nothing."
        ),
        (
            "choose values for which this operand is the one taken, or a smooth "
            "mixture of both"
        ),
        (),
    )


def _product(case: Question, i: int, slot: int, _j: int) -> Said:
    return (
        "factor",
        (
            f"In {case.code(i)} the other factor{_factor(case, i, slot)} is 0, and 0 "
            "times any gradient is 0."
        ),
        "give the other factor a value that is not 0",
        (),
    )


def _jump(case: Question, i: int, _slot: int, _j: int) -> Said:
    return (
        "flat",
        f"{case.code(i)} is a step: flat everywhere, so that its derivative is 0.",
        f"use a smooth step such as {case.tf}.tanh",
        _renamed(case, i, "sign", "tanh"),
    )


def _shares(case: Question, i: int, _slot: int, _j: int) -> Said:
    return (
        "cancel",
        (
            f"The entries of {case.code(i)} always sum to 1, so their plain sum cannot "
            "change."
        ),
        "use single entries, or a loss such as the cross entropy",
        (),
    )


_SAYINGS: dict[str, Callable[[Question, int, int, int], Said]] = {
    **dict.fromkeys(("relu", "relu6", "gate"), _rectified),
    **dict.fromkeys(("maximum", "minimum", "where", "clip"), _branch),
    **dict.fromkeys(("multiply", "matmul", "divide"), _product),
    **dict.fromkeys(("einsum", "tensordot", "matvec"), _product),
    "sign": _jump,
    "softmax": _shares,
}


def _what(case: Question, j: int) -> str:
    value = case.value(j)
    name = case.known(j) or "its operand"
    if np.size(value) == 1:
        return f"{name} is {number(value)}"
    return f"{name} goes from {number(np.min(value))} to {number(np.max(value))}"


def _operand(case: Question, i: int, slot: int) -> Any:
    rec, op = case.recs[i], case.op(i)
    j = op.inputs(rec)[slot]
    return case.value(j) if j >= 0 else op.values(rec)[slot]


def _other(case: Question, i: int, slot: int) -> str:
    op = case.op(i)
    others = [s for s in range(len(op.operands)) if s != slot and op.operands[s] != "c"]
    if op.name == "clip" or not others:
        return "its border"
    v = _operand(case, i, others[-1])
    return f"its other operand, {number(v)}" if np.size(v) == 1 else "its other operand"


def _factor(case: Question, i: int, slot: int) -> str:
    op = case.op(i)
    if op.many or len(op.operands) != 2:
        return ""
    j = op.inputs(case.recs[i])[1 - slot]
    name = (
        case.known(j)
        if j >= 0
        else case.scribe.holders.get(id(_operand(case, i, 1 - slot)), ("", None))[0]
    )
    return f" {name}" if name else ""


def _summed(case: Question, i: int) -> bool:
    return case.op(i).broadcasts and case.recs[i][-3] is not None


def _leaky(case: Question, i: int) -> code_edits.Edits:
    node = case.node(i)
    if isinstance(node, ast.Call) and dotted(node.func).endswith(".relu"):
        return code_edits.replace(
            case, case.line(i), node.func, f"{case.tf}.nn.leaky_relu"
        )
    return ()


def _renamed(case: Question, i: int, old: str, new: str) -> code_edits.Edits:
    node = case.node(i)
    if isinstance(node, ast.Call) and dotted(node.func).endswith(f".{old}"):
        return code_edits.replace(case, case.line(i), node.func, f"{case.tf}.{new}")
    return ()


def _cancelled(case: Question, j: int, came: list[tuple[int, Any]]) -> Reason:
    name = case.known(j) or "a value"
    terms = " and ".join(f"{number(d)} through {case.code(i)}" for i, d in came[:4])
    scalar = all(np.size(d) == 1 for _, d in came)
    said = f": {terms}" if scalar and len(came) <= 4 else ""
    return Reason(
        "cancel",
        f"The gradients that reach {name} on {len(came)} paths cancel{said}.",
        f"nothing is broken: at this value the target does not change with {name}; "
        "choose another value, or let one path count more",
        case.scribe.span(j) or case.scribe.span(came[0][0]),
        nodes=(f"n{j}",),
    )
