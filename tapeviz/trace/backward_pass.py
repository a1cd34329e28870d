"""One backward pass as frozen data, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from tapeviz.trace.codec import dumps, loads
from tapeviz.trace.graph import Graph
from tapeviz.trace.value import Value


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
    """The backward pass at one op: its upstream gradient and what it passes on."""

    node: str
    upstream: Value
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True)
class BackwardPass:
    """The whole backward pass from ``targets`` to ``sources``.

    ``seeds`` are the gradients the pass starts with, one per target (usually 1).
    ``results`` has one entry per source: its gradient, or None where nothing arrived.
    A source that was never recorded has the id "" in ``sources``; ``called`` has the
    learner's names for all of them, "" where there is none. ``reasons`` says in a
    sentence why a result is None, "" where it is not; it may be left out.
    """

    graph: Graph
    targets: tuple[str, ...]
    seeds: tuple[Value, ...]
    sources: tuple[str, ...]
    steps: tuple[Step, ...]
    results: tuple[Value | None, ...]
    called: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    def validate(self) -> BackwardPass:
        """Itself, or ValueError saying what does not hold together."""
        self.graph.validate()
        nodes = self.graph.by_id
        edges = {e.id: e for e in self.graph.edges}
        if len(self.targets) != len(self.seeds):
            raise ValueError("every target needs a seed")
        if len(self.sources) != len(self.results):
            raise ValueError("every source needs a result")
        if self.reasons and len(self.reasons) != len(self.sources):
            raise ValueError("every source needs a reason, or none has one")
        for id in (*self.targets, *(s for s in self.sources if s)):
            if id not in nodes:
                raise ValueError(f"no node {id} in the graph")
        for step in self.steps:
            for c in step.contributions:
                e = edges.get(c.edge)
                if e is None or (e.head, e.tail) != (step.node, c.node):
                    raise ValueError(
                        f"step {step.node} has no edge {c.edge} to {c.node}"
                    )
        return self

    def reason(self, n: int) -> str:
        """Why the result for source ``n`` is None, in a sentence; "" if unknown."""
        return self.reasons[n] if self.reasons else ""

    def to_json(self) -> str:
        """The pass as JSON text, the same on every run."""
        return dumps(self, "backward")

    @staticmethod
    def from_json(text: str) -> BackwardPass:
        """The pass in a JSON text of ``to_json``; ValueError if it is not one."""
        return loads(BackwardPass, text, "backward").validate()
