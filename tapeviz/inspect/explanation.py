"""A backward pass explained: its paths, forward mode, and finite differences."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tapeviz.engine import nest
from tapeviz.engine.indexed_slices import whole
from tapeviz.engine.records import Record
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import array_of
from tapeviz.inspect.backward_pass import backward
from tapeviz.inspect.graph_builder import is_array
from tapeviz.inspect.replay import given, paused, replay, value_of
from tapeviz.inspect.source.variables import Names, name_of
from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.explanation import (
    MOST_PATHS,
    Check,
    Cost,
    Explanation,
    ForwardPass,
    ForwardTerm,
    Path,
    Push,
)
from tapeviz.trace.value import WHOLE

SWEEPS = 3
"""How many forward-mode passes (one per source entry) are listed step by step."""

WORK = 3000
"""Forward mode is left out beyond this many entries along the paths of a source."""


def explanation(
    tape: GradientTape, target: Any, sources: Any, names: Names, *, check: bool = False
) -> Explanation:
    """The backward pass from ``target`` to ``sources`` with all that explains it.

    With ``check`` each contribution is compared with finite differences of its op. The
    tape is not used up.
    """
    with paused():
        run = backward(tape, target, sources, names)
        explained = _Explainer(tape, target, sources, run).whole(check=check)
        called = " + ".join(name_of(names, t) for t in nest.leaves(target))
        return replace(explained, target=called).validate()


def differences(
    tape: GradientTape, target: Any, sources: Any, run: BackwardPass
) -> tuple[Check, ...]:
    """Each contribution of a pass beside finite differences of its op."""
    return tuple(_Explainer(tape, target, sources, run).checks())


class _Explainer:
    """Works out one explanation from the steps of its backward pass."""

    def __init__(
        self, tape: GradientTape, target: Any, sources: Any, run: BackwardPass
    ) -> None:
        self.records = log = tape.records()
        self.values = replay(log)
        self.run = run
        goals = nest.leaves(target)
        seeds = [np.ones_like(array_of(t))[()] for t in goals]
        pairs = zip(map(log.index_of, goals), seeds, strict=True)
        self.targets = [(i, seed) for i, seed in pairs if i >= 0]
        self.sources = [log.index_of(s) for s in nest.leaves(sources)]
        self.steps = list(log.backward_steps(goals, seeds))
        self.forward_edges: dict[int, list[tuple[int, int, int]]] = {}
        self.up: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for i, _, parts in self.steps:
            for slot, j, _, _ in parts:
                self.up[j].append((i, slot))

    def whole(self, *, check: bool) -> Explanation:
        counts = [self._count(s) for s in self.sources]
        return Explanation(
            self.run, tuple(counts), tuple(self._paths(counts)),
            tuple(self.checks()) if check else (), tuple(self._sweeps()),
            self._reverse_cost(), self._forward_cost(),
        )  # fmt: skip

    # -- paths -----------------------------------------------------------------------

    def _count(self, source: int) -> int:
        """How many paths lead from the targets to the record ``source``."""
        counts = Counter(i for i, _ in self.targets)
        for i, _, parts in self.steps:
            for _, j, _, _ in parts:
                counts[j] += counts[i]
        return counts[source]

    def _paths(self, counts: list[int]) -> Iterator[Path]:
        for n, (source, count) in enumerate(zip(self.sources, counts, strict=True)):
            if 0 < count <= MOST_PATHS:
                found = sorted(self._walks(source))
                for steps in found:
                    edges = tuple(f"e{i}_{slot}" for i, slot in steps)
                    yield Path(n, edges, value_of(self._along(steps, source)))

    def _walks(self, source: int) -> Iterator[tuple[tuple[int, int], ...]]:
        """Every path as pairs of record and operand slot, from the target on."""
        todo: list[tuple[int, tuple[tuple[int, int], ...]]] = [(source, ())]
        goals = [i for i, _ in self.targets]
        while todo:
            index, path = todo.pop()
            for _ in range(goals.count(index)):
                yield path
            for i, slot in self.up[index]:
                todo.append((i, ((i, slot), *path)))

    def _along(self, path: tuple[tuple[int, int], ...], source: int) -> Any:
        start = path[0][0] if path else source
        g = dict(self.targets)[start]
        with np.errstate(all="ignore"):
            for i, slot in path:
                g = self.records[i].vjp(slot, g)
        return g

    # -- forwards --------------------------------------------------------------------

    def _edges(self, source: int) -> list[tuple[int, int, int]]:
        """The edges between a source and the targets, in the order of recording."""
        if source not in self.forward_edges:
            moved, found = {source}, []
            for i, _, parts in reversed(self.steps):
                found += [(i, slot, j) for slot, j, _, _ in parts if j in moved]
                if found and found[-1][0] == i:
                    moved.add(i)
            self.forward_edges[source] = found
        return self.forward_edges[source]

    def _plain(self, source: int) -> bool:
        """Whether forward mode is listed: real numbers, and not too many."""
        edges = self._edges(source)
        values = [self.values[i] for i, _, _ in edges] + [self.values[source]]
        return all(map(_real, values)) and sum(map(np.size, values)) <= WORK

    def _sweeps(self) -> Iterator[ForwardPass]:
        left = SWEEPS
        for n, source in enumerate(self.sources):
            if source < 0 or not self._count(source) or not self._plain(source):
                continue
            for entry in range(min(left, int(np.size(self.values[source])))):
                left -= 1
                found = self._sweep(n, source, entry)
                if self._agrees(found, source):
                    yield found

    def _agrees(self, found: ForwardPass, source: int) -> bool:
        """Whether reverse mode gives the same.

        It does not where a gradient function of the learner's is no linear function of
        the upstream gradient (it clips it, say): then there is no forward mode.
        """
        sums = [s for _, _, parts in self.steps for _, j, _, s in parts if j == source]
        if not sums:
            return True
        wanted = float(np.ravel(whole(sums[-1]))[found.entry])
        near = np.isclose(found.result, wanted, rtol=1e-3, atol=1e-6, equal_nan=True)
        return bool(near)

    def _sweep(self, n: int, source: int, entry: int) -> ForwardPass:
        start = self.values[source]
        seed = np.zeros(np.size(start), start.dtype)
        seed[entry] = 1
        moves: dict[int, Any] = {source: seed.reshape(np.shape(start))[()]}
        pushes: dict[int, list[ForwardTerm]] = {}
        with np.errstate(all="ignore"):
            for i, slot, j in self._edges(source):
                part = self._push(i, slot, moves[j])
                moves[i] = moves[i] + part if i in pushes else part
                term = ForwardTerm(f"e{i}_{slot}", value_of(part))
                pushes.setdefault(i, []).append(term)
            sums = (np.sum(g * moves[i]) for i, g in self.targets if i in moves)
            result = sum(map(float, sums))
        steps = tuple(
            Push(f"n{i}", tuple(terms), value_of(moves[i]))
            for i, terms in pushes.items()
        )
        return ForwardPass(n, entry, steps, result)

    def _push(self, i: int, slot: int, move: Any) -> Any:
        """The tangent of a result for the tangent ``move`` of one operand: a jvp.

        Each entry of the result takes one vjp, with a unit vector upstream.
        """
        value, vjp = self.values[i], self.records[i].vjp
        made = np.zeros(np.size(value), value.dtype)
        for k in range(np.size(value)):
            unit = np.zeros(np.size(value), value.dtype)
            unit[k] = 1
            made[k] = np.sum(vjp(slot, unit.reshape(np.shape(value))[()]) * move)
        return made.reshape(np.shape(value))[()]

    # -- costs -----------------------------------------------------------------------

    def _reverse_cost(self) -> Cost:
        sizes = [np.size(d) for _, _, parts in self.steps for _, _, d, _ in parts]
        return Cost(1, len(sizes), sum(sizes))

    def _forward_cost(self) -> Cost:
        sweeps = steps = numbers = 0
        for source in dict.fromkeys(s for s in self.sources if s >= 0):
            entries = int(np.size(self.values[source]))
            edges = self._edges(source)
            sweeps += entries
            steps += entries * len(edges)
            numbers += entries * sum(int(np.size(self.values[i])) for i, _, _ in edges)
        return Cost(sweeps, steps, numbers)

    # -- finite differences ----------------------------------------------------------

    def checks(self) -> Iterator[Check]:
        for i, g, parts in self.steps:
            for slot, _, d, _ in parts:
                yield self._check(i, slot, g, d)

    def _check(self, i: int, slot: int, g: Any, d: Any) -> Check:
        edge, record = f"e{i}_{slot}", self.records[i]
        operands = given(record, self.values)
        x, note = operands[slot], ""
        if not all(map(_real, (x, g, d))) or record.op.name in ("custom", "part"):
            note = "other"
        elif np.size(x) > WHOLE:
            note = "large"
        elif not (np.all(np.isfinite(x)) and np.all(np.isfinite(d))):
            note = "wild"
        if note:
            return Check(edge, None, 0.0, agrees=True, note=note)
        with np.errstate(all="ignore"):
            slope = _FiniteDifferences(record, operands, slot, g)
            return self._compared(edge, slope, d)

    def _compared(self, edge: str, slope: _FiniteDifferences, d: Any) -> Check:
        left, right = slope.sides()
        middle = (left + right) / 2
        if not np.all(np.isfinite(middle)):
            return Check(edge, None, 0.0, agrees=True, note="wild")
        scale = max(1e-3, _greatest(d), _greatest(middle))
        error = _greatest(middle - d) / scale
        agrees = error < slope.tolerance
        turns = _greatest(left - right) / scale > slope.tolerance
        shown = np.asarray(middle, d.dtype)
        value = value_of(shown if np.ndim(d) else shown[()])
        return Check(
            edge, value, error, agrees, "corner" if turns and not agrees else ""
        )


def _greatest(v: Any) -> float:
    return float(np.max(np.abs(v), initial=0))


def _real(v: Any) -> bool:
    return is_array(v) and v.dtype.kind == "f"


class _FiniteDifferences:
    """Finite differences of one op along one operand, in double precision."""

    def __init__(self, record: Record, operands: list[Any], slot: int, g: Any) -> None:
        self.record, self.slot, self.g = record, slot, g
        self.given = [v.astype(np.float64) if _real(v) else v for v in operands]
        coarse = np.asarray(self._run(self.given[slot])).dtype.itemsize < 8
        self.step, self.tolerance = (1e-2, 2e-2) if coarse else (1e-6, 1e-3)

    def _run(self, x: Any) -> Any:
        operands: list[Any] = list(self.given)
        operands[self.slot] = x
        return self.record.forward(operands)

    def sides(self) -> tuple[Any, Any]:
        """The slope to the left and to the right, for each entry."""
        x = np.asarray(self.given[self.slot])
        base, left, right = self._run(x[()]), np.zeros(x.shape), np.zeros(x.shape)
        for entry in np.ndindex(x.shape):
            h = self.step * max(1.0, abs(float(x[entry])))
            for side, out in ((-h, left), (h, right)):
                moved = x.copy()
                moved[entry] += side
                out[entry] = np.sum(self.g * (self._run(moved[()]) - base)) / side
        return left[()], right[()]
