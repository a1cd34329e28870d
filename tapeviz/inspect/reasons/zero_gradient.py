"""Why a gradient is exactly zero: where in the backward pass it becomes so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeviz.inspect.gradient_question import Question, number
from tapeviz.inspect.graph_builder import is_array
from tapeviz.inspect.reasons import code_edits
from tapeviz.inspect.reasons.entry import (
    Edits,
    Entry,
    Facts,
    Places,
    Search,
    always,
    at_edge,
    once,
)
from tapeviz.inspect.reasons.flat_ops import is_op
from tapeviz.inspect.replay import given
from tapeviz.inspect.source.dataflow import called

RawContribution = tuple[int, int, int, Any, Any, Any]
"""One contribution: the record, the operand slot, the operand's record, the upstream
gradient, the contribution and the running sum at the operand."""


def parts(question: Question) -> list[RawContribution]:
    """The contributions on paths from target to source, in backward order."""
    return [
        (i, slot, j, g, d, total)
        for i, g, contributions in question.steps
        for slot, j, d, total in contributions
        if j in question.after_x
        and i in question.before_y
        and is_array(d)
        and is_array(g)
    ]


def none_left(v: Any) -> bool:
    """Whether every entry is exactly zero."""
    return bool(np.size(v)) and not np.any(v)


def _zeros(question: Question) -> Places:
    """The ops that pass a zero on, though the upstream gradient is not zero."""
    for i, slot, j, g, d, _ in parts(question):
        if none_left(d) and (_flat_alone(question, i, slot, g) or not none_left(g)):
            facts = at_edge(question, i, slot, j)
            yield question.order(i), {**facts, "range": _range(question, j)}


def _cancelling(question: Question) -> Places:
    """The places where contributions that are not zero sum to zero."""
    every = parts(question)
    for j, total in {j: total for _, _, j, _, _, total in every}.items():
        came = [(i, d) for i, _, k, _, d, _ in every if k == j and not none_left(d)]
        if none_left(total) and len(came) > 1:
            yield question.order(j), {"j": j, "came": came, "nodes": (f"n{j}",)}


def _flat_alone(question: Question, i: int, slot: int, g: Any) -> bool:
    """Whether the local derivative is zero, whatever the upstream gradient."""
    record = question.records[i]
    if record.rule(slot) is None or record.op.name == "custom":
        return False
    with np.errstate(all="ignore"):
        return none_left(record.local(slot, np.ones_like(g)[()]))


def _range(question: Question, j: int) -> str:
    """An operand and the values that it has."""
    value, name = question.values[j], question.known(j)
    if np.size(value) == 1:
        return f"{name} is {number(value)}"
    return f"{name} goes from {number(np.min(value))} to {number(np.max(value))}"


def _operand(question: Question, i: int, slot: int) -> Any:
    return given(question.records[i], question.values)[slot]


# -- evidence --------------------------------------------------------------------------


def _other(question: Question, facts: Facts) -> Facts | None:
    """What the op took instead of the operand."""
    op, slot = question.op(facts["i"]), facts["slot"]
    if op.name not in ("maximum", "minimum", "where", "clip"):
        return None
    others = [s for s in range(len(op.operands)) if s != slot and op.operands[s] != "c"]
    if op.name == "clip" or not others:
        return {"other": "its border"}
    v = _operand(question, facts["i"], others[-1])
    value = f", {number(v)}" if np.size(v) == 1 else ""
    return {"other": f"its other operand{value}"}


def _factor(question: Question, facts: Facts) -> Facts | None:
    """The name of the other factor, which is 0."""
    i, op, slot = facts["i"], question.op(facts["i"]), facts["slot"]
    if op.name not in _PRODUCTS:
        return None
    if op.many or len(op.operands) != 2:
        return {"factor": ""}
    j = question.records[i].operands[1 - slot]
    held = question.builder.holder(_operand(question, i, 1 - slot))
    name = question.known(j) if j >= 0 else held[0]
    return {"factor": f" {name}" if name else ""}


_PRODUCTS = ("multiply", "matmul", "divide", "einsum", "tensordot", "matvec")


def _exponent(question: Question, facts: Facts) -> bool:
    power = facts["name"] == "power" and facts["slot"] == 0
    return power and none_left(_operand(question, facts["i"], 1))


def _terms(question: Question, facts: Facts) -> Facts:
    came, j = facts["came"], facts["j"]
    terms = " and ".join(f"{number(d)} through {question.code(i)}" for i, d in came[:4])
    scalar = all(np.size(d) == 1 for _, d in came) and len(came) <= 4
    span = question.builder.span(j) or question.builder.span(came[0][0])
    return {
        "name": question.known(j) or "a value", "count": len(came), "span": span,
        "terms": f": {terms}" if scalar else "",
    }  # fmt: skip


def _renamed(old: str, new: str) -> Callable[[Question, Facts], Edits]:
    """The edit that calls another function of TensorFlow's instead."""

    def edit(question: Question, facts: Facts) -> Edits:
        line, node = facts["line"], facts["node"]
        found = line if called(node).endswith(f".{old}") else None
        func = getattr(node, "func", None)
        return code_edits.replace(question, found, func, f"{question.tf}.{new}")

    return edit


# -- the entries -----------------------------------------------------------------------

_NOT = "{code} is flat where its operand is not "
_LEAKY = (
    "use {tf}.nn.leaky_relu, which keeps a small slope there, or other values",
    _renamed("relu", "nn.leaky_relu"),
)
ZEROS = Search(_zeros, (
    Entry(
        "flat", lambda q, f: not np.size(q.values[f["i"]]),
        "{code} takes no entry at all, so that nothing depends on {operand}.",
        "choose values, or a condition, that leave at least one entry",
    ),
    Entry(
        "flat", lambda _, f: f["name"] == "gate" and f["slot"] == 1,
        "{code} holds the slope of a relu, which is 0 on one side and 1 on the other: "
        "it does not change by a little, so that its derivative is 0.",
        "where second derivatives are wanted use a smooth function, {tf}.tanh or "
        "{tf}.nn.softplus",
    ),
    Entry("flat", is_op("relu", "gate"), _NOT + "positive, and {range}.", *_LEAKY),
    Entry("flat", is_op("relu6"), _NOT + "between 0 and 6, and {range}.", *_LEAKY),
    Entry(
        "branch", _other,
        "{code} took {other}, so a small change of {operand} changes nothing.",
        "choose values for which this operand is the one taken, or a smooth mixture of "
        "both",
    ),
    Entry(
        "factor", _factor,
        "In {code} the other factor{factor} is 0, and 0 times any gradient is 0.",
        "give the other factor a value that is not 0",
    ),
    Entry(
        "flat", is_op("sign"),
        "{code} is a step: flat everywhere, so that its derivative is 0.",
        "use a smooth step such as {tf}.tanh", _renamed("sign", "tanh"),
    ),
    Entry(
        "cancel", is_op("softmax"),
        "The entries of {code} always sum to 1, so their plain sum cannot change.",
        "use single entries, or a loss such as the cross entropy",
    ),
    Entry(
        "factor", _exponent,
        "In {code} the exponent is 0, and anything to the power of 0 is 1.",
        "give the exponent a value that is not 0",
    ),
    Entry(
        "cancel", lambda q, f: q.records[f["i"]].was_broadcast,
        "The gradients of the entries of {code} sum to 0 at {operand}.",
        "weigh the entries differently",
    ),
    Entry(
        "flat", always, "{code} is flat here: its derivative is 0 where {range}.",
        "choose another value of {x}",
    ),
))  # fmt: skip
CANCELLED = Search(_cancelling, (
    Entry(
        "cancel", _terms,
        "The gradients that reach {name} on {count} paths cancel{terms}.",
        "nothing is broken: at this value the target does not change with {name}; "
        "choose another value, or let one path count more",
    ),
))  # fmt: skip
NO_CHANGE = Search(once, (
    Entry(
        "cancel", always, "At these values {y} does not change with {x}.",
        "choose another value of {x}",
    ),
))  # fmt: skip
