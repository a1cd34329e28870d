"""A tape's backward pass as frozen data: each op's rule, numbers and running sums."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np

from tapeviz.engine import nest
from tapeviz.engine.parsing import parse
from tapeviz.engine.records import Record
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import array_of
from tapeviz.inspect.diagnose import first
from tapeviz.inspect.foreign_tape import ForeignTape
from tapeviz.inspect.formulas import rule
from tapeviz.inspect.graph_builder import GraphBuilder, gradients, picture
from tapeviz.inspect.nested_tapes import frames
from tapeviz.inspect.replay import value_of
from tapeviz.inspect.source.dataflow import CallSite
from tapeviz.inspect.source.variables import Names, name_of
from tapeviz.trace.backward_pass import BackwardPass, Contribution, Step, filled
from tapeviz.trace.graph import ASKING, Graph, Node
from tapeviz.trace.value import Value, spelled_as


def backward(
    tape: GradientTape,
    target: Any,
    sources: Any,
    names: Names,
    call_site: CallSite | None = None,
) -> BackwardPass:
    """The backward pass from ``target`` to ``sources``, with every step of it.

    It works also after ``gradient`` used the tape up. ``call_site`` is the instruction
    that asks, so that the code around it can be read.
    """
    builder = GraphBuilder(tape, names)
    log = builder.records
    targets, flattened = nest.leaves(target), nest.leaves(sources)
    seeds = [_ones_like(array_of(t)) for t in targets]
    backward_steps = list(log.backward_steps(targets, seeds))
    foreign = tape if isinstance(tape, ForeignTape) else None
    grads = gradients(backward_steps)
    grads |= {} if foreign is None else foreign.beyond(targets, grads)
    parts = chain.from_iterable(parts for _i, _g, parts in backward_steps)
    left = Counter(index for _slot, index, _part, _total in parts)
    unrecorded_seeds: dict[int, Any] = {}  # dy/dy is 1 for unrecorded targets, too
    recorded, drawn_indices = [], set(builder.indices)
    for index, t, seed in zip(map(log.index_of, targets), targets, seeds, strict=True):
        if index in drawn_indices:
            grads.setdefault(index, None)
            recorded.append((f"n{index}", value_of(seed)))
        else:
            unrecorded_seeds[id(t)] = unrecorded_seeds.get(id(t), 0) + seed
    whole = picture(builder, targets, flattened, grads)
    steps = []
    for i, g, parts in backward_steps:
        if parts:
            upstream = value_of(g)
            made = (_contribution(builder, i, g, part, left) for part in parts)
            plain = tuple(_filled(c, whole, upstream) for c in made)
            steps.append(Step(f"n{i}", upstream, plain, log[i].op.why))
    drawn = _without_own_derivatives(whole, names, tape)
    drawn = replace(drawn, frames=frames(builder, names, drawn.nodes, drawn.edges))
    drawn = drawn if foreign is None else foreign.annotated(drawn)
    indices = [log.index_of(s) for s in flattened]
    results = [
        unrecorded_seeds.get(id(s), grads.get(i))
        for s, i in zip(flattened, indices, strict=True)
    ]
    lost = [s for s, g in zip(flattened, results, strict=True) if g is None]
    reasons = iter(
        () if not lost
        else first(tape, targets, lost, names, call_site) if foreign is None
        else foreign.reasons(targets, lost, names, call_site)
    )  # fmt: skip
    return BackwardPass(
        drawn,
        tuple(node for node, _ in recorded),
        tuple(seed for _, seed in recorded),
        tuple(n if n in drawn.by_id else "" for n in (f"n{i}" for i in indices)),
        tuple(steps),
        tuple(None if g is None else value_of(g) for g in results),
        tuple(name_of(names, s) for s in flattened),
        tuple(next(reasons) if g is None else "" for g in results) if lost else (),
    ).validate()


def _without_own_derivatives(drawn: Graph, names: Names, tape: GradientTape) -> Graph:
    """The graph without what the tape's own ``gradient`` recorded beside the targets.

    A persistent tape that is asked in its block records the derivatives, too; they are
    no part of the way to a target that they do not lead to.
    """
    leads = drawn.leading_to(n.id for n in drawn.nodes if n.target)
    derivatives = {
        n.id for n in drawn.nodes if n.id not in leads and _derived(n, names, tape)
    }
    if not derivatives:
        return drawn
    for edge in drawn.edges:  # in the order of recording: what follows goes, too
        if edge.tail in derivatives and edge.head not in leads:
            derivatives.add(edge.head)
    used = {e.tail for e in drawn.edges if e.head not in derivatives}
    dropped = derivatives | {
        n.id
        for n in drawn.nodes
        if n.kind == "constant" and n.id not in used and n.id not in leads
    }
    return drawn.induced(drawn.by_id.keys() - dropped)


def _derived(node: Node, names: Names, tape: GradientTape) -> bool:
    """Whether a call of this tape's own ``gradient`` made an operation."""
    code = node.span.text if node.span and node.kind == "op" else ""
    name, _, verb = code.partition("(")[0].rpartition(".")
    return verb in ASKING and names.get(name) is tape


def _ones_like(v: Any) -> Any:
    return np.ones_like(v) if isinstance(v, np.ndarray) else v.dtype.type(1)


def _contribution(
    builder: GraphBuilder, i: int, g: Any, part: tuple[Any, ...], left: Counter[int]
) -> Contribution:
    slot, index, d, total = part
    record = builder.records[i]
    text = rule(record, slot, builder.shapes(i), builder.code_of(i))
    left[index] -= 1
    local = local_text(text)
    return Contribution(
        f"e{i}_{slot}", f"n{index}", text, "", value_of(d), value_of(total),
        left[index] == 0, local, _local_value(record, slot, g, local),
    )  # fmt: skip


def _filled(c: Contribution, graph: Graph, upstream: Value) -> Contribution:
    """The contribution with its rule in numbers."""
    head, _, slot = c.edge[1:].partition("_")
    edge = graph.into[f"n{head}"][int(slot)]
    return replace(c, filled=filled(graph, edge, c.rule, upstream))


ENTRYWISE = ("where", "divide_no_nan", "multiply_no_nan")
"""The words that work on each entry of ``g`` alone."""


@lru_cache(maxsize=512)
def local_text(rule: str) -> str:
    """The local derivative in a rule that is ``g`` times something, else "".

    >>> [local_text(rule) for rule in ("g * cos(x)", "-g", "g / x", "T(g)")]
    ['cos(x)', '-1', '1 / x', '']
    """
    try:
        tree = parse(rule, mode="eval")
    except SyntaxError:
        return ""
    if any(map(_mixes_entries, ast.walk(tree))):
        return ""
    return spelled_as(rule, ast.unparse(_LocalDerivative().visit(tree)))


class _LocalDerivative(ast.NodeTransformer):
    """A rule with 1 for ``g``; a product with that 1 is its other factor."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(1) if node.id == "g" else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Mult):
            return node
        products = {"1": node.right, "-1": ast.UnaryOp(ast.USub(), node.right)}
        return products.get(ast.unparse(node.left), node)


def _mixes_entries(node: ast.AST) -> bool:
    """Whether an operation mixes entries of ``g``, or moves them."""
    moves = isinstance(node, ast.Subscript) or (
        isinstance(node, ast.Call) and ast.unparse(node.func) not in ENTRYWISE
    )
    product = isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)
    inside = (n.id for n in ast.walk(node) if isinstance(n, ast.Name))
    return (moves or product) and "g" in inside


def _local_value(record: Record, slot: int, g: Any, local: str) -> Value | None:
    if not local or record.was_broadcast:
        return None
    with np.errstate(all="ignore"):
        found = record.local(slot, _ones_like(g))
    return None if found is None else value_of(found)
