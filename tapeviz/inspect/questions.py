"""For the questions of a film: common mistakes and finite differences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tapeviz.engine.records import Record
from tapeviz.engine.tape import GradientTape
from tapeviz.inspect.explanation import differences
from tapeviz.inspect.graph_builder import GraphBuilder
from tapeviz.inspect.program import tree
from tapeviz.inspect.replay import given, paused, value_of
from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.questions import Mistake, Practice

MOST = 400
"""A pass with more contributions than this gets no questions."""


def practice(
    tape: GradientTape, target: Any, sources: Any, run: BackwardPass
) -> Practice:
    """The usual mistakes at each step of a pass, and finite differences beside it."""
    if sum(len(step.contributions) for step in run.steps) > MOST:
        return Practice()
    with paused():
        checks = differences(tape, target, sources, run)
        builder = GraphBuilder(tape, {})
        return Practice((*_forwards(builder, run), *_mistakes(builder, run)), checks)


def _forwards(builder: GraphBuilder, run: BackwardPass) -> Iterator[Mistake]:
    """The mistakes about the value of an op of two numbers."""
    for node in run.graph.nodes:
        if node.kind != "op" or not node.id[1:].isdigit():
            continue
        record = builder.records[int(node.id[1:])]
        operands = given(record, builder.values)
        if len(record.op.operands) != 2 or not all(map(_plain, operands)):
            continue
        one, two = operands
        with np.errstate(all="ignore"):
            swapped = record.forward((two, one))
            formula = tree(record.op.text)
            yield Mistake(node.id, "swapped", value_of(swapped), formula)
            if node.op == "power":
                product = ("*", *record.op.operands)
                yield Mistake(node.id, "product", value_of(one * two), product)


def _mistakes(builder: GraphBuilder, run: BackwardPass) -> Iterator[Mistake]:
    for step in run.steps:
        if step.upstream.shape or step.upstream.data is None:
            continue
        i, g = int(step.node[1:]), step.upstream.entry
        record = builder.records[i]
        pair = len(record.op.operands) == 2
        if pair and all(map(_plain, given(record, builder.values))):
            for c in step.contributions:
                yield from _pair(builder, record, g, c.edge)


def _plain(v: Any) -> bool:
    return not np.ndim(v) and isinstance(v, (int, float, np.floating))


def _pair(
    builder: GraphBuilder, record: Record, g: Any, edge: str
) -> Iterator[Mistake]:
    """The mistakes of an op of two numbers."""
    slot = int(edge.rpartition("_")[2])
    one, two = given(record, builder.values)
    upstream = builder.values[record.index].dtype.type(g)
    for kind, a, b, k in (
        ("argument", one, two, 1 - slot),
        ("swapped", two, one, slot),
    ):
        value = _by_rule(record, (a, b), upstream, k)
        if value is not None:
            known = record.rule(k)
            formula = None if known is None else tree(known.text)
            yield Mistake(edge, kind, value_of(value), formula)


def _by_rule(record: Record, operands: tuple[Any, Any], g: Any, slot: int) -> Any:
    """The vjp of an operand slot at other operands; None where there is no rule."""
    with np.errstate(all="ignore"):
        y = record.forward(operands)
        return replace(record, values=operands, result=y).vjp(slot, g)
