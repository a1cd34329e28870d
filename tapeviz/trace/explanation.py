"""A gradient explained: its steps, its paths, and forward mode beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.codec import Document
from tapeviz.trace.value import Value

NOTES = ("", "corner", "wild", "large", "other")
"""Why a check has no number: "" (it has one); the slopes on both sides differ; nan or
infinite; too many entries; an op that cannot be computed again."""

MOST_PATHS = 12
"""More paths than this are counted, not listed."""


@dataclass(frozen=True)
class Check:
    """One contribution compared with finite differences of its op.

    ``edge`` names the contribution, ``difference`` is what the differences give, or
    None where ``note`` says why there is none. ``error`` is the greatest deviation in
    relation to the greatest entry.
    """

    edge: str
    difference: Value | None
    error: float
    agrees: bool
    note: str = ""


@dataclass(frozen=True)
class Path:
    """One path from a target to a source, and what it contributes to the gradient.

    ``source`` is the index of the source; ``edges`` lead from the target backwards.
    """

    source: int
    edges: tuple[str, ...]
    value: Value


@dataclass(frozen=True)
class ForwardTerm:
    """The part of an op's tangent that comes from one operand."""

    edge: str
    value: Value


@dataclass(frozen=True)
class Push:
    """Forward mode at one op: the sum of the terms of its operands is its tangent."""

    node: str
    terms: tuple[ForwardTerm, ...]
    value: Value


@dataclass(frozen=True)
class ForwardPass:
    """Forward mode from one entry of a source: how every result moves with it.

    ``entry`` is the index into the flattened source. ``result`` is the tangent of the
    targets, weighted by the seeds of the backward pass: that entry of the gradient.
    """

    source: int
    entry: int
    steps: tuple[Push, ...]
    result: float


@dataclass(frozen=True)
class Cost:
    """How much work forward or reverse mode takes for all gradients asked for.

    ``sweeps`` is the number of passes over the graph, ``steps`` the number of rules
    applied in all, ``numbers`` how many numbers they compute.
    """

    sweeps: int
    steps: int
    numbers: int


@dataclass(frozen=True)
class Explanation(Document):
    """A backward pass with all that explains it.

    ``counts`` has the number of paths to each source, ``paths`` the paths themselves
    where they are few. ``checks`` is empty unless asked for. ``forward`` has the first
    passes of forward mode; ``reverse_cost`` and ``forward_cost`` are for everything.
    ``target`` is the learner's name for it, also where it is not recorded.
    """

    saved_as: ClassVar = "explanation"

    run: BackwardPass
    counts: tuple[int, ...]
    paths: tuple[Path, ...]
    checks: tuple[Check, ...]
    forward: tuple[ForwardPass, ...]
    reverse_cost: Cost
    forward_cost: Cost
    target: str = ""

    def problems(self) -> Iterator[str]:
        """What does not hold together, in sentences."""
        yield from self.run.problems()
        edges = {e.id for e in self.run.graph.edges}
        if len(self.counts) != len(self.run.sources):
            yield "every source needs a number of paths"
        for path in self.paths:
            if not edges.issuperset(path.edges) or path.source >= len(self.counts):
                yield "a path leads where there is nothing"
        for check in self.checks:
            if check.edge not in edges or check.note not in NOTES:
                yield f"a check is of no known edge or kind: {check.edge}"
        for sweep in self.forward:
            if any(step.node not in self.run.graph.by_id for step in sweep.steps):
                yield "a forward step is at no known node"
