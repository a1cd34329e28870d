"""A long backward pass in few steps: one step for each group of a folded graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from tapeviz.analysis.folded_view import chosen, shows, view
from tapeviz.analysis.folding import Fold
from tapeviz.trace.backward_pass import BackwardPass, Contribution, Step
from tapeviz.trace.graph import Edge
from tapeviz.trace.value import Entry, Value
from tapeviz.wording.values import counted


def folded_run(run: BackwardPass) -> BackwardPass:
    """The pass over the folded graph; the pass itself if its graph is not folded.

    A group has one step. Its upstream gradient is that of the last value used outside
    it, and it makes one contribution to each node outside that it uses.
    """
    found = chosen(run.graph)
    return run if found is None else _FoldedPass(run, found).folded()


class _FoldedPass:
    """The steps of a pass, put together by the groups they happen in."""

    def __init__(self, run: BackwardPass, fold: Fold) -> None:
        self.run = run
        self.level = view(fold)
        self.stands = shows(fold)
        self.edges: dict[tuple[str, str], list[Edge]] = {}
        for edge in self.level.graph.edges:
            self.edges.setdefault((edge.tail, edge.head), []).append(edge)
        self.own = {edge.id for edge in self.level.graph.edges}

    def folded(self) -> BackwardPass:
        run, stands = self.run, self.stands
        steps = groupby(run.steps, key=lambda step: stands[step.node])
        return replace(
            run,
            graph=self.level.graph,
            targets=tuple(stands[id] for id in run.targets),
            sources=tuple(stands[id] if id else "" for id in run.sources),
            steps=tuple(self._step(id, list(own)) for id, own in steps),
        ).validate()

    def _step(self, id: str, steps: list[Step]) -> Step:
        parts = [part for step in steps for part in step.contributions]
        outward = [part for part in parts if self.stands[part.node] != id]
        if self.level.graph.node(id).kind != "group":
            made = tuple(self._named(id, part) for part in outward)
            return replace(steps[0], node=id, contributions=made)
        size = counted(self.level.groups[id].size, "operation")
        return Step(
            id, self._upstream(id, steps), tuple(self._contributions(id, outward, size))
        )

    def _upstream(self, id: str, steps: list[Step]) -> Value:
        """The gradient of the value that the group's node shows."""
        known = self.level.graph.node(id).gradient
        return steps[0].upstream if known is None else known

    def _named(self, id: str, part: Contribution) -> Contribution:
        """A contribution of a single op, with the ids of the folded graph."""
        tail = self.stands[part.node]
        edge = part.edge if part.edge in self.own else self.edges[tail, id][0].id
        return replace(part, edge=edge, node=tail)

    def _contributions(
        self, id: str, parts: Iterable[Contribution], size: str
    ) -> Iterator[Contribution]:
        """One contribution for each node outside that the group uses."""
        found: dict[str, list[Contribution]] = {}
        for part in parts:
            found.setdefault(self.stands[part.node], []).append(part)
        rule = f"back through {size}"
        for tail, own in found.items():
            last, edge = own[-1], self.edges[tail, id][0].id
            value = _sum([part.value for part in own]) or last.total
            yield Contribution(edge, tail, rule, rule, value, last.total, last.last)


def _sum(values: list[Value]) -> Value | None:
    """The sum of values of one shape; None where some entries are unknown."""
    first = values[0]
    rows = [value.data for value in values if value.shape == first.shape]
    whole = [row for row in rows if row is not None]
    if len(whole) < len(values):
        return first if len(values) == 1 else None
    return replace(first, data=tuple(map(_added, zip(*whole, strict=True))))


def _added(entries: tuple[Entry, ...]) -> Entry:
    numbers = [e for e in entries if isinstance(e, (int, float, complex))]
    return sum(numbers)
