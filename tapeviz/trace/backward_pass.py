"""One backward pass as frozen data, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tapeviz.trace.codec import Document
from tapeviz.trace.graph import Edge, Graph
from tapeviz.trace.value import Value, factor, format_number


@dataclass(frozen=True)
class Contribution:
    """The contribution of one op to the adjoint of one of its operands.

    ``rule`` is the registry's text (``"g * b"``), ``filled`` the same with numbers
    plugged in (``"1.0 * 2.0"``, or names with shapes for arrays). ``local`` is the
    local derivative as text (``"b"``) where the rule is ``g`` times something, with
    its value in ``local_value``; for rules of another form (matmul) they are "" and
    None. ``value`` is the contribution; ``total`` the running sum at the receiving node
    after it; ``last`` says that the sum is complete.
    """

    edge: str
    node: str
    rule: str
    filled: str
    value: Value
    total: Value
    last: bool
    local: str = ""
    local_value: Value | None = None


@dataclass(frozen=True)
class Step:
    """The backward pass at one op: its upstream gradient and what it passes on.

    ``why`` says what form the op's rules have, from which its nickname comes ("the rule
    is g"), or "".
    """

    node: str
    upstream: Value
    contributions: tuple[Contribution, ...]
    why: str = ""


@dataclass(frozen=True)
class BackwardPass(Document):
    """The whole backward pass from ``targets`` to ``sources``.

    ``seeds`` are the gradients the pass starts with, one per target (usually 1).
    ``results`` has one entry per source: its gradient, or None where nothing arrived.
    A source that was never recorded has the id "" in ``sources``; ``called`` has the
    learner's names for all of them, "" where there is none. ``reasons`` says in a
    sentence why a result is None, "" where it is not; it may be left out.
    """

    saved_as: ClassVar = "backward"

    graph: Graph
    targets: tuple[str, ...]
    seeds: tuple[Value, ...]
    sources: tuple[str, ...]
    steps: tuple[Step, ...]
    results: tuple[Value | None, ...]
    called: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    def problems(self) -> Iterator[str]:
        """What does not hold together, in sentences."""
        yield from self.graph.problems()
        ends = {e.id: (e.head, e.tail) for e in self.graph.edges}
        if len(self.targets) != len(self.seeds):
            yield "every target needs a seed"
        if len(self.sources) != len(self.results):
            yield "every source needs a result"
        if self.reasons and len(self.reasons) != len(self.sources):
            yield "every source needs a reason, or none has one"
        for id in (*self.targets, *filter(None, self.sources)):
            if id not in self.graph.by_id:
                yield f"no node {id} in the graph"
        for step in self.steps:
            for c in step.contributions:
                if ends.get(c.edge) != (step.node, c.node):
                    yield f"step {step.node} has no edge {c.edge} to {c.node}"

    def reason(self, n: int) -> str:
        """Why the result for source ``n`` is None, in a sentence; "" if unknown."""
        return self.reasons[n] if self.reasons else ""


_NAME = re.compile(r"\b[A-Za-z_]\w*\b(?!\()")
_SHAPE = re.compile(r"shape\((\w+)\)")
_FEW = 4

UNNAMED = "\u2026"
"""Stands for an array that has no name, before its shape."""


def filled(graph: Graph, edge: Edge, rule: str, upstream: Value) -> str:
    """An operand's rule with numbers in place of the names of scalars.

    A short vector is written out; larger arrays keep a name, with their shape.
    """
    head = graph.node(edge.head)
    known = {"g": ("g", upstream), "y": (head.name or UNNAMED, head.value)}
    for slot in graph.into[edge.head]:
        tail = graph.node(slot.tail)
        known[slot.label] = (tail.name or UNNAMED, tail.value)
    known["k"] = ("k", Value("int", (), (edge.slot,)))
    shapes = _SHAPE.sub(lambda m: str(known[m[1]][1].shape), rule)
    return _NAME.sub(lambda m: _number(*known[m[0]]) if m[0] in known else m[0], shapes)


def _number(name: str, value: Value) -> str:
    """A scalar as a number (negative ones in brackets), an array by name and shape."""
    entries = value.data or ()
    if any(isinstance(entry, str) for entry in entries) or not value.known:
        return name
    if len(entries) == 1:
        return factor(format_number(entries[0], 6))
    if len(value.shape) == 1 and value.size <= _FEW:
        return f"[{', '.join(format_number(entry, 6) for entry in entries)}]"
    dims = "\u00d7".join(map(str, value.shape))
    return f"{name}[{dims}]"
