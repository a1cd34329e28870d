"""Long computations of single numbers as columns, without an object for each node."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, product
from typing import Any

import numpy as np

from tapeviz.engine import nest
from tapeviz.engine.ops import NAMED
from tapeviz.engine.records import Record
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, Variable, array_of
from tapeviz.inspect.foreign_tape import NEAR
from tapeviz.inspect.formulas import formula, rule
from tapeviz.inspect.object_graph import BY_SIGN, CANDIDATES, EXACT, ObjectTape
from tapeviz.inspect.replay import replay
from tapeviz.inspect.source.call_structure import CallReader, Location
from tapeviz.inspect.source.positions import code_line, line_of
from tapeviz.inspect.source.variables import SHELL, Names, members
from tapeviz.trace.scalars import FunctionCall, ScalarGraph, ScalarOp

LONG = 10_000
"""From so many operations on a computation of single numbers is shown from columns."""

_SHORT = 256  # a longer list of numbers alone is no row of a matrix
_SCALARS = (np.float32, np.float64, np.float16)


def scalar_graph(
    tape: GradientTape, names: Names, target: Any, sources: Any, *, functions: int = 0
) -> ScalarGraph | None:
    """The columns of a long tape of single numbers; None of any other tape.

    Without a target the gradients are those that the tape was last asked for. A tape of
    ours must have been recorded in at least so many ``functions``: of a long loop alone
    the groups say more that a ``Graph`` is folded into.
    """
    found: _ObjectGraph | _OwnTape
    if isinstance(tape, ObjectTape):
        found = _ObjectGraph(tape, names)
    elif type(tape) is GradientTape and len(tape.records()) >= LONG:
        found = _OwnTape(tape, names, target, sources, functions)
    else:
        return None
    return found.graph() if found.fits else None


class _ColumnBuilder:
    """Columns while they are filled: leaves first, then a row for each operation."""

    def __init__(self) -> None:
        self.ops: dict[ScalarOp, int] = {}
        self.kind: list[int] = []
        self.counts: list[int] = []
        self.parents: list[int] = []
        self.value: list[float] = []
        self.leaves = 0

    def op(self, op: ScalarOp) -> int:
        """The number of an op, a new one where it is not known."""
        return self.ops.setdefault(op, len(self.ops))

    @property
    def first(self) -> list[int]:
        """Where the operands of each node begin."""
        return [0, *accumulate(self.counts)]

    def graph(self, sites: Iterable[Location | None], **more: Any) -> ScalarGraph:
        """All columns; ``sites`` has the line of each operation."""
        known: dict[Location, int] = {}
        line = [
            0 if site is None else known.setdefault(site, len(known) + 1)
            for site in sites
        ]
        lines = list(known)
        return ScalarGraph(
            ops=tuple(self.ops),
            leaves=self.leaves,
            kind=self.kind,
            first=self.first,
            parents=self.parents,
            value=self.value,
            line=[0] * self.leaves + line,
            lines=(("", 0, ""), *(code_line(path, number) for path, number in lines)),
            calls=_calls(lines, line),
            **more,
        )


def _text_of(record: Record) -> ScalarOp:
    """The texts of a record's operation on single numbers."""
    op, shapes = record.op, [()] * len(record.operands)
    rules = tuple(rule(record, k, shapes) for k in range(len(shapes)))
    words = tuple(f"x{k}" for k in range(len(shapes))) if op.many else op.operands
    return ScalarOp(op.name, op.symbol, formula(record, shapes), words, rules)


def paths(
    names: Names, wanted: Callable[[Any], bool], most: int = 100_000
) -> Iterator[tuple[str, Any]]:
    """What the learner calls the numbers in objects, and in lists of any length.

    Short paths come first; a long list of numbers, such as all parameters, comes last.
    """
    todo = deque(
        (name, thing)
        for name, thing in list(names.items())
        if name[0] != "_" and name not in SHELL
    )
    later: deque[tuple[str, Any]] = deque()
    seen: set[int] = set()
    while (todo or later) and most:
        most -= 1
        path, thing = (todo or later).popleft()
        if wanted(thing):
            yield path, thing
        elif id(thing) not in seen:
            seen.add(id(thing))
            inner = _inside(path, thing)
            long = len(inner) > _SHORT and wanted(inner[0][1])
            (later if long else todo).extend(inner)


def _inside(path: str, thing: Any) -> list[tuple[str, Any]]:
    """What a list, a dictionary or an object holds, each with its path."""
    if thing.__class__ is dict:
        return [(f"{path}[{k!r}]", one) for k, one in list(thing.items())]
    if thing.__class__ in (list, tuple):
        return [(f"{path}[{k}]", one) for k, one in enumerate(thing)]
    return members(path, thing)


class _ObjectGraph:
    """The objects of somebody's own engine; their ops follow from the numbers."""

    def __init__(self, tape: ObjectTape, names: Names) -> None:
        self.tape, self.names = tape, names
        self.fits = len(tape.order) >= LONG

    def graph(self) -> ScalarGraph | None:
        """The columns; None where nan would stand for a number and for None."""
        tape, columns = self.tape, _ColumnBuilder()
        every = [(v, tape.parents(v)) for v in tape.order]
        leaves = [v for v, parts in every if not parts]
        computed = tape.as_made([pair for pair in every if pair[1]])
        number = {id(v): i for i, v in enumerate(leaves)}
        number |= {id(v): i for i, (v, _) in enumerate(computed, len(leaves))}
        columns.leaves = len(leaves)
        columns.counts = [0] * len(leaves) + [len(parts) for _, parts in computed]
        columns.parents = [number[id(p)] for _, parts in computed for p in parts]
        columns.value = [tape.value(v) for v in leaves]
        columns.value += [tape.value(v) for v, _ in computed]
        slopes = [s for v, parts in computed for s in tape.slopes(v, parts)]
        if np.isnan(columns.value).any() or np.isnan(slopes).any():
            return None
        target, called = number[id(tape.root)], self._called(number, len(leaves))
        named = [v for i, v in enumerate(leaves) if i in called]
        sources = tape.sources if tape.is_asked else named or leaves
        asked = {id(v): number.get(id(v), -1) for v in sources}
        columns.kind = [
            columns.op(ScalarOp("variable" if id(v) in asked else "constant"))
            for v in leaves
        ]
        columns.kind += _recognised(
            columns, [tape.label(v) for v, _ in computed], slopes
        )
        gradient, given = _pulled(columns, slopes, target)
        return columns.graph(
            (tape.line(v) for v, _ in computed),
            gradient=gradient,
            contributions=given,
            names=called,
            target=target,
            sources=tuple(i for i in asked.values() if i >= 0),
            unused=sum(i < 0 for i in asked.values()),
        )

    def _called(self, number: Mapping[int, int], leaves: int) -> dict[int, str]:
        kind = type(self.tape.root)
        found = paths(self.names, lambda v: isinstance(v, kind))
        return _named(((name, number.get(id(v), -1)) for name, v in found), leaves)


def _named(found: Iterable[tuple[str, int]], leaves: int) -> dict[int, str]:
    """A name for each node that has any; what is in a list has one as a leaf only."""
    called: dict[int, str] = {}
    for name, i in found:
        if 0 <= i < leaves or (i >= 0 and name.isidentifier()):
            called.setdefault(i, name)
    return called


def _pulled(
    columns: _ColumnBuilder, slopes: list[float], target: int
) -> tuple[list[float], list[float]]:
    """The gradient of every node, and what comes to each operand: the chain rule."""
    first, parents = columns.first, columns.parents
    total: list[float | None] = [None] * len(columns.counts)
    total[target] = 1.0
    given = [math.nan] * len(parents)
    for i in range(target, -1, -1):
        g = total[i]
        if g is not None:
            for k in range(first[i], first[i + 1]):
                j, d = parents[k], g * slopes[k]
                before = total[j]
                given[k], total[j] = d, d if before is None else before + d
    return [math.nan if g is None else g for g in total], given


def _recognised(
    columns: _ColumnBuilder, labels: list[str], slopes: list[float]
) -> list[int]:
    """For each operation the op that gives its value and has its slopes.

    All with as many operands are tried at once.
    """
    first = np.array(columns.first[columns.leaves :])
    value, counts = np.array(columns.value), np.diff(first)
    made, signs = np.full(len(counts), -1), np.array(labels)
    for count in CANDIDATES:
        mine = np.flatnonzero(counts == count)
        places = first[:-1][mine, None] + np.arange(count)
        x = value[np.array(columns.parents)[places]].T
        group = _SameArity(
            x, np.array(slopes, float)[places].T, value[columns.leaves :][mine]
        )
        for near, label in product((EXACT, NEAR[8]), dict.fromkeys(labels)):
            sign = label.rstrip("-.0123456789")
            wanted = BY_SIGN.get(sign, sign if sign in NAMED else "")
            for name in dict.fromkeys((wanted, *CANDIDATES[count])):
                left = (made[mine] < 0) & (signs[mine] == label)
                fits = left & group.fits(name, near) if left.any() else left
                if fits.any():
                    made[mine[fits]] = columns.op(_text_of(_record(name, x)))
        left = made[mine] < 0
        for i, n in group.powers(left) if count == 1 else ():
            made[mine[i]] = columns.op(_power(n))
    for i in map(int, np.flatnonzero(made < 0)):
        words = tuple(f"x{k}" for k in range(counts[i]))
        rules = ("",) * len(words)
        made[i] = columns.op(ScalarOp("custom", labels[i] or "step", "", words, rules))
    return [int(k) for k in made]


@dataclass(frozen=True)
class _SameArity:
    """Operations with as many operands: these, their slopes and the results."""

    x: Any
    slopes: Any
    y: Any

    def fits(self, name: str, near: float) -> Any:
        """Which of them may be an op: its result and slopes are as near as that."""
        if not name or len(NAMED[name].operands) != len(self.x):
            return np.zeros(len(self.y), bool)
        record = replace(_record(name, self.x), result=self.y)
        with np.errstate(all="ignore"):
            found = np.isclose(record.forward(tuple(self.x)), self.y, near, 0.0)
            for k, slope in enumerate(self.slopes):
                own = record.vjp(k, np.ones_like(self.y))
                found &= np.isclose(own, slope, near, 0.0)
        return found

    def powers(self, left: Any) -> Iterator[tuple[int, float]]:
        """Powers with a number as exponent, which the slope tells."""
        (x,), (slope,) = self.x, self.slopes
        with np.errstate(all="ignore"):
            n = np.round(slope * x / self.y, 9)
            fits = np.isclose(x**n, self.y, NEAR[8], 0.0)
            fits &= np.isclose(n * x ** (n - 1), slope, NEAR[8], 0.0)
        return ((int(i), float(n[i])) for i in np.flatnonzero(fits & left))


def _power(n: float) -> ScalarOp:
    rule = f"g * {n:g} * x ** {n - 1:g}"
    return ScalarOp("power", "**", f"x ** {n:g}", ("x",), (rule,))


def _record(name: str, x: Any) -> Record:
    return Record(0, NAMED[name], (-1,) * len(x), tuple(x), None, None, None)


def _calls(lines: list[Location], numbers: list[int]) -> tuple[FunctionCall, ...]:
    """The calls of functions in which operations with these lines were made."""
    if not lines:
        return ()
    reader = CallReader(dict.fromkeys(path for path, _ in lines))
    return reader.calls([("", 0) if k == 0 else lines[k - 1] for k in numbers])


class _OwnTape:
    """The records of a tape of our engine."""

    def __init__(
        self,
        tape: GradientTape,
        names: Names,
        target: Any,
        sources: Any,
        functions: int,
    ) -> None:
        self.tape, self.names = tape, names
        self.records = tape.records()
        last = self.records.asked
        self.targets = nest.leaves(target) if target is not None else []
        self.sources = nest.leaves(sources) if sources is not None else []
        if target is None and last is not None:
            self.targets, self.sources = list(last.targets), list(last.sources)
        self.functions = functions

    @property
    def fits(self) -> bool:
        """Whether it has one target, and nothing but single numbers."""
        codes = {site.code for r in self.records if (site := r.call_site)}
        return (
            len(self.targets) == 1
            and len(codes) >= self.functions
            and self.records.index_of(self.targets[0]) >= 0
            and not any(one.op.name == "custom" for one in self.records)
            and all(isinstance(v, _SCALARS) for v in self.values)
        )

    @cached_property
    def values(self) -> list[Any]:
        """The value of each record."""
        return replay(self.records)

    def graph(self) -> ScalarGraph | None:
        """The columns; a constant is one leaf for all operations that use it.

        None where nan would stand for a number and for None.
        """
        records, columns = self.records, _ColumnBuilder()
        leaves = [r for r in records if r.is_leaf]
        computed = [r for r in records if r.kind == "op"]
        constants: dict[float, int] = {}
        for r in computed:
            for j, v in zip(r.operands, r.values, strict=True):
                if j < 0:
                    constants.setdefault(float(v), len(constants))
        every = enumerate((*leaves, *computed), len(constants))
        number = {r.index: i for i, r in every}
        columns.leaves = len(constants) + len(leaves)
        columns.kind = [columns.op(ScalarOp("constant"))] * len(constants)
        columns.kind += [columns.op(ScalarOp(r.kind)) for r in leaves]
        columns.kind += self._kinds(columns, computed)
        columns.counts = [0] * columns.leaves + [len(r.operands) for r in computed]
        columns.parents = [
            number[j] if j >= 0 else constants[float(v)]
            for r in computed
            for j, v in zip(r.operands, r.values, strict=True)
        ]
        columns.value = [*constants, *(float(self.values[i]) for i in number)]
        found = self._gradients(columns, number)
        if any(map(math.isnan, columns.value)) or found is None:
            return None
        asked = [number.get(records.index_of(s), -1) for s in self.sources]
        named = paths(self.names, lambda v: v.__class__ in (Tensor, Variable))
        where = ((n, number.get(records.index_of(v), -1)) for n, v in named)
        return columns.graph(
            map(_line_of, computed),
            gradient=found[0],
            contributions=found[1],
            names=_named(where, columns.leaves),
            target=number[records.index_of(self.targets[0])],
            sources=tuple(i for i in asked if i >= 0),
            unused=asked.count(-1),
            dtype=str(self.values[-1].dtype),
        )

    def _kinds(self, columns: _ColumnBuilder, computed: list[Record]) -> Iterator[int]:
        texts: dict[object, int] = {}
        for r in computed:
            key = (r.op.code, len(r.operands), r.settings)
            if key not in texts:
                texts[key] = columns.op(_text_of(r))
            yield texts[key]

    def _gradients(
        self, columns: _ColumnBuilder, number: Mapping[int, int]
    ) -> tuple[list[float], list[float]] | None:
        """As in the tape's own sweep; None if there is nan among them."""
        first = columns.first
        gradient, given = [math.nan] * len(first), [math.nan] * len(columns.parents)
        seeds = [array_of(t).dtype.type(1) for t in self.targets]
        gradient[number[self.records.index_of(self.targets[0])]] = 1.0
        for i, _g, parts in self.records.backward_steps(self.targets, seeds):
            for slot, j, d, total in parts:
                given[first[number[i]] + slot] = float(d)
                gradient[number[j]] = float(total)
                if math.isnan(total):
                    return None
        return gradient[:-1], given


def _line_of(record: Record) -> Location | None:
    site = record.call_site
    return None if site is None else line_of(*site)
