"""For the questions of a film: common mistakes and finite differences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tapeviz.engine.complex_gradients import contribution
from tapeviz.engine.dispatch import FORWARD, VJP_STEPS
from tapeviz.engine.ops import TABLE
from tapeviz.engine.primitives import Op
from tapeviz.engine.recording import tape_stack
from tapeviz.engine.tape import GradientTape
from tapeviz.inspect.explanation import differences
from tapeviz.inspect.graph_builder import GraphBuilder
from tapeviz.inspect.replay import value_of
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
    tapes, recording = tape_stack.tapes, tape_stack.recording
    tape_stack.set((), recording)
    try:
        checks = differences(tape, target, sources, run)
        builder = GraphBuilder(tape, {})
        return Practice((*_forwards(builder, run), *_mistakes(builder, run)), checks)
    finally:
        tape_stack.set(tapes, recording)


def _forwards(builder: GraphBuilder, run: BackwardPass) -> Iterator[Mistake]:
    """The mistakes about the value of an op of two numbers."""
    for node in run.graph.nodes:
        if node.kind != "op" or not node.id[1:].isdigit():
            continue
        rec = builder.recs[int(node.id[1:])]
        given, op = _given(builder, int(node.id[1:])), TABLE[rec[0]]
        if len(op.operands) != 2 or not all(map(_plain, given)):
            continue
        one, two = given
        with np.errstate(all="ignore"):
            swapped = FORWARD[op.code](two, one, *op.settings_of(rec))
            yield Mistake(node.id, "swapped", value_of(swapped))
            if node.op == "power":
                yield Mistake(node.id, "product", value_of(one * two))


def _mistakes(builder: GraphBuilder, run: BackwardPass) -> Iterator[Mistake]:
    for step in run.steps:
        if step.upstream.shape or step.upstream.data is None:
            continue
        i, g = int(step.node[1:]), step.upstream.entry
        op = TABLE[builder.recs[i][0]]
        if len(op.operands) == 2 and all(_plain(v) for v in _given(builder, i)):
            for c in step.contributions:
                yield from _pair(builder, op, i, g, c.edge)


def _plain(v: Any) -> bool:
    return not np.ndim(v) and isinstance(v, (int, float, np.floating))


def _given(builder: GraphBuilder, i: int) -> list[Any]:
    """The operands of an op, those included that its rules do not need."""
    rec = builder.recs[i]
    op = TABLE[rec[0]]
    pairs = zip(op.inputs(rec), op.values(rec), strict=True)
    return [builder.values[j] if j >= 0 else v for j, v in pairs]


def _pair(
    builder: GraphBuilder, op: Op, i: int, g: Any, edge: str
) -> Iterator[Mistake]:
    """The mistakes of an op of two numbers."""
    rec, slot = builder.recs[i], int(edge.rpartition("_")[2])
    one, two = _given(builder, i)
    upstream = builder.values[i].dtype.type(g)
    for kind, a, b, k in (
        ("argument", one, two, 1 - slot),
        ("swapped", two, one, slot),
    ):
        value = _by_rule(op, rec, (a, b), upstream, k)
        if value is not None:
            yield Mistake(edge, kind, value_of(value))


def _by_rule(op: Op, rec: Any, given: tuple[Any, Any], g: Any, slot: int) -> Any:
    """The vjp of an operand slot at other operands; None where there is no rule."""
    vjp = VJP_STEPS[op.code][slot]
    if vjp is None:
        return None
    with np.errstate(all="ignore"):
        y = FORWARD[op.code](*given, *op.settings_of(rec))
        full = (*rec[:3], *given, y, *rec[-3:])
        return contribution(op, vjp, g, full, slot)
