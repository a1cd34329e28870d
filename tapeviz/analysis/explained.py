"""A backward pass with all that explains it, from the data of the pass alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from tapeviz.trace.backward_pass import BackwardPass, Contribution, Step
from tapeviz.trace.explanation import MOST_PATHS, Cost, Explanation, Path
from tapeviz.trace.value import Value


def explained(run: BackwardPass) -> Explanation:
    """The explanation of a pass that somebody else has recorded.

    Paths have values where every number on them is a scalar. There is no forward mode
    and there are no finite differences: both need the operations themselves.
    """
    parts = [(step, c) for step in run.steps for c in step.contributions]
    counts = Counter(run.targets)
    for step, c in parts:
        counts[c.node] += counts[step.node]
    found = tuple(counts[s] if s else 0 for s in run.sources)
    named = (run.graph.node(t).name for t in run.targets)
    numbers = sum(c.value.size for _, c in parts)
    return Explanation(
        run, found, tuple(_paths(run, parts, found)), (), (),
        Cost(1, len(parts), numbers), _forward_cost(run, parts), " + ".join(named),
    ).validate()  # fmt: skip


Parts = list[tuple[Step, Contribution]]


def _paths(run: BackwardPass, parts: Parts, counts: tuple[int, ...]) -> Iterator[Path]:
    seeds = {t: _number(seed) for t, seed in zip(run.targets, run.seeds, strict=True)}
    into: dict[str, list[tuple[str, str, float]]] = {}
    for step, c in parts:
        into.setdefault(c.node, []).append((step.node, c.edge, _factor(step, c)))

    def walks(node: str) -> Iterator[tuple[tuple[str, ...], float]]:
        if node in seeds:
            yield (), seeds[node]
        for before, edge, factor in into.get(node, ()):
            for edges, value in walks(before):
                yield (*edges, edge), value * factor

    for n, (source, count) in enumerate(zip(run.sources, counts, strict=True)):
        found = list(walks(source)) if 0 < count <= MOST_PATHS else []
        if not any(math.isnan(value) for _, value in found):
            dtype = run.graph.node(source).value.dtype if found else ""
            for edges, value in found:
                yield Path(n, edges, Value(dtype, (), (value,)))


def _number(value: Value) -> float:
    """The number of a scalar; nan for anything else."""
    whole = value.data is not None and len(value.data) == 1
    return float(value.entry) if whole and not isinstance(value.entry, complex) else NAN


NAN = float("nan")


def _factor(step: Step, c: Contribution) -> float:
    """The local derivative that a contribution is made with; nan if it is no scalar."""
    if c.local_value is not None:
        return _number(c.local_value)
    upstream = _number(step.upstream)
    return _number(c.value) / upstream if upstream else NAN


def _forward_cost(run: BackwardPass, parts: Parts) -> Cost:
    """What forward mode would cost: a sweep for each entry of each source."""
    sweeps = steps = numbers = 0
    for source in dict.fromkeys(filter(None, run.sources)):
        moved, sizes = {source}, []
        for step, c in reversed(parts):
            if c.node in moved:
                moved.add(step.node)
                sizes.append(run.graph.node(step.node).value.size)
        entries = run.graph.node(source).value.size
        sweeps += entries
        steps += entries * len(sizes)
        numbers += entries * sum(sizes)
    return Cost(sweeps, steps, numbers)
