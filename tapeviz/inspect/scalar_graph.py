"""Long computations of single numbers as columns, without an object for each node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
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
from tapeviz.inspect.source.call_structure import CallReader, Line
from tapeviz.inspect.source.positions import code_line, line_of
from tapeviz.inspect.source.variables import SHELL, Names
from tapeviz.trace.scalars import ScalarGraph, ScalarOp

LONG = 10_000
"""From so many operations on a computation of single numbers is shown from columns."""

_SCALARS = (np.float32, np.float64, np.float16)


def scalar_graph(
    tape: GradientTape, names: Names, target: Any, sources: Any
) -> ScalarGraph | None:
    """The columns of a long tape of single numbers; None of any other tape.

    Without a target the gradients are those that the tape was last asked for.
    """
    if isinstance(tape, ObjectTape):
        found = _Objects(tape, names)
    elif type(tape) is GradientTape and len(tape.records()) >= LONG:
        found = _Records(tape, names, target, sources)
    else:
        return None
    return found.graph() if found.fits else None


@dataclass
class _Columns:
    """The columns of ops while they are read; of a leaf there are value and name."""

    ops: dict[ScalarOp, int] = field(default_factory=dict)

    def op(self, op: ScalarOp) -> int:
        return self.ops.setdefault(op, len(self.ops))


def _text_of(record: Record) -> ScalarOp:
    """The texts of a record's operation on single numbers."""
    op, shapes = record.op, [()] * len(record.operands)
    rules = tuple(rule(record, k, shapes) for k in range(len(shapes)))
    words = tuple(f"x{k}" for k in range(len(shapes))) if op.many else op.operands
    return ScalarOp(op.name, op.symbol, formula(record, shapes), words, rules)


def paths(
    names: Names, wanted: Callable[[Any], bool], most: int = 100_000
) -> Iterator[tuple[str, Any]]:
    """What the learner calls the numbers in lists and dictionaries of any length."""
    todo = [
        (name, thing)
        for name, thing in reversed(list(names.items()))
        if name[0] != "_" and name not in SHELL
    ]
    seen: set[int] = set()
    while todo and most:
        most -= 1
        path, thing = todo.pop()
        if wanted(thing):
            yield path, thing
        elif id(thing) not in seen and thing.__class__ in (list, tuple, dict):
            seen.add(id(thing))
            inner = thing.items() if thing.__class__ is dict else enumerate(thing)
            found = [(f"{path}[{key!r}]", one) for key, one in list(inner)]
            todo += reversed(found)


class _Objects:
    """The objects of somebody's own engine, whose operations follow from the numbers."""

    def __init__(self, tape: ObjectTape, names: Names) -> None:
        self.tape = tape
        self.fits = len(tape.order) >= LONG
        self.names = names

    def graph(self) -> ScalarGraph | None:
        """The columns; what nothing was computed from stands first."""
        tape = self.tape
        every = [(v, tape.parents(v)) for v in tape.order]
        leaves = [v for v, parts in every if not parts]
        computed = tape.as_made([pair for pair in every if pair[1]])
        order = [*leaves, *(v for v, _ in computed)]
        number = {id(v): i for i, v in enumerate(order)}
        parents = [number[id(p)] for _, parts in computed for p in parts]
        slopes = [s for v, parts in computed for s in tape.slopes(v, parts)]
        counts = [0] * len(leaves) + [len(parts) for _, parts in computed]
        first = np.concatenate([[0], np.cumsum(counts)])
        value = np.array([tape.value(v) for v in order])
        target = number[id(tape.root)]
        gradient, given = _pulled(first, parents, slopes, target)
        if np.isnan(value).any() or np.isnan(slopes).any():
            return None  # nan stands for None in a column
        columns, called = _Columns(), dict[int, str]()
        kind = type(tape.root)
        for name, v in paths(self.names, lambda v: isinstance(v, kind)):
            i = number.get(id(v), -1)
            if i >= 0 and (i < len(leaves) or name.isidentifier()):
                called.setdefault(i, name)
        named = [v for i, v in enumerate(leaves) if i in called]
        sources = tape.sources if tape.is_asked else named or leaves
        watched = {id(v) for v in sources}
        kinds = [
            columns.op(ScalarOp("variable" if id(v) in watched else "constant"))
            for v in leaves
        ]
        labels = [tape.label(v) for v, _ in computed]
        kinds += _recognised(
            columns, labels, first[len(leaves) :], parents, slopes, value, len(leaves)
        )
        lines, line = _lines(tape.line(v) for v, _ in computed)
        return ScalarGraph(
            tuple(columns.ops), len(leaves), kinds, first, np.array(parents), value,
            gradient, given, [0] * len(leaves) + line, _with_text(lines),
            _calls(lines, line), called, target,
            tuple(number[id(v)] for v in sources if id(v) in number),
            sum(id(v) not in number for v in sources),
        )  # fmt: skip


def _pulled(
    first: Any, parents: list[int], slopes: list[float], target: int
) -> tuple[Any, Any]:
    """The gradient of every node, and what comes to each operand: the chain rule."""
    total: list[float | None] = [None] * (len(first) - 1)
    total[target] = 1.0
    given = [float("nan")] * len(parents)
    ends = first.tolist()
    for i in range(target, -1, -1):
        g = total[i]
        if g is not None:
            for k in range(ends[i], ends[i + 1]):
                j, d = parents[k], g * slopes[k]
                given[k] = d
                before = total[j]
                total[j] = d if before is None else before + d
    return np.array([np.nan if g is None else g for g in total]), np.array(given)


def _recognised(  # noqa: PLR0913 - the columns
    columns: _Columns,
    labels: list[str],
    first: Any,
    parents: list[int],
    slopes: list[float],
    value: Any,
    leaves: int,
) -> list[int]:
    """For each computed node the op that gives its value and has its slopes.

    All nodes with as many operands are tried at once.
    """
    counts = np.diff(first)
    made = np.full(len(counts), -1)
    used, slope, result = np.array(parents), np.array(slopes, float), value[leaves:]
    signs = np.array(labels)
    for count, candidates in CANDIDATES.items():
        mine = np.flatnonzero(counts == count)
        places = first[:-1][mine, None] + np.arange(count)
        x, s, y, said = value[used[places]].T, slope[places].T, result[mine], signs[mine]
        for near, label in product((EXACT, NEAR[8]), dict.fromkeys(labels)):
            sign = label.rstrip("-.0123456789")
            wanted = BY_SIGN.get(sign, sign if sign in NAMED else "")
            for name in dict.fromkeys((wanted, *candidates)):
                left = np.flatnonzero((made[mine] < 0) & (said == label))
                if name and left.size and len(NAMED[name].operands) == count:
                    fits = left[_fitting(name, x[:, left], y[left], s[:, left], near)]
                    if fits.size:
                        made[mine[fits]] = columns.op(_text_of(_record(name, x, y)))
        if count == 1:
            _powers(columns, made, mine, x[0], y, s[0])
    for i in np.flatnonzero(made < 0):
        operands = tuple(f"x{k}" for k in range(counts[i]))
        name = labels[i] or "step"
        made[i] = columns.op(ScalarOp("custom", name, "", operands, ("",) * counts[i]))
    return [int(k) for k in made]


def _record(name: str, x: Any, y: Any) -> Record:
    return Record(0, NAMED[name], (-1,) * len(x), tuple(x), y, None, None)


def _fitting(name: str, x: Any, y: Any, slopes: Any, near: float) -> Any:
    """For which of many operands an op has these results and slopes."""
    record = _record(name, x, y)
    with np.errstate(all="ignore"):
        found = np.isclose(record.forward(tuple(x)), y, near, 0.0)
        for k, slope in enumerate(slopes):
            found &= np.isclose(record.vjp(k, np.ones_like(y)), slope, near, 0.0)
    return found


def _powers(
    columns: _Columns, made: Any, mine: Any, x: Any, y: Any, slope: Any
) -> None:
    """Powers with a number as exponent, which the slope tells."""
    left = np.flatnonzero(made[mine] < 0)
    with np.errstate(all="ignore"):
        powers = np.round(slope * x / y, 9)
        fits = np.isclose(x**powers, y, NEAR[8], 0.0)
        fits &= np.isclose(powers * x ** (powers - 1), slope, NEAR[8], 0.0)
    for i in left[fits[left]]:
        n = f"{float(powers[i]):g}"
        made[mine[i]] = columns.op(
            ScalarOp("power", "**", f"x ** {n}", ("x",), (f"g * {n} * x ** ({n} - 1)",))
        )


def _lines(sites: Iterable[Line | None]) -> tuple[list[Line], list[int]]:
    """The lines that occur, and the number of each site's, from 1 on; 0 for none."""
    known: dict[Line, int] = {}
    numbers = [
        0 if site is None else known.setdefault(site, len(known) + 1) for site in sites
    ]
    return list(known), numbers


def _with_text(lines: list[Line]) -> tuple[tuple[str, int, str], ...]:
    return (("", 0, ""), *(code_line(path, number) for path, number in lines))


def _calls(lines: list[Line], numbers: list[int]) -> tuple[Any, ...]:
    """The calls of functions in which operations with these lines were made."""
    if not lines:
        return ()
    reader = CallReader(dict.fromkeys(path for path, _ in lines))
    return reader.calls([("", 0) if k == 0 else lines[k - 1] for k in numbers])


class _Records:
    """The records of a tape of our engine."""

    def __init__(
        self, tape: GradientTape, names: Names, target: Any, sources: Any
    ) -> None:
        self.tape, self.names = tape, names
        self.records = tape.records()
        last = self.records.asked
        self.targets = nest.leaves(target) if target is not None else []
        self.sources = nest.leaves(sources) if sources is not None else []
        if target is None and last is not None:
            self.targets, self.sources = list(last.targets), list(last.sources)
        self.values = replay(self.records)
        self.fits = (
            len(self.targets) == 1
            and self.records.index_of(self.targets[0]) >= 0
            and all(isinstance(v, _SCALARS) for v in self.values)
            and not any(one.op.name == "custom" for one in self.records)
        )

    def graph(self) -> ScalarGraph | None:
        """The columns; a constant is one leaf for all operations that use it."""
        records, columns = self.records, _Columns()
        mine = [r for r in records if r.is_leaf or r.kind == "op"]
        constants: dict[float, int] = {}
        for r in mine:
            for j, v in zip(r.operands, r.values, strict=True):
                if j < 0:
                    constants.setdefault(float(v), len(constants))
        leaves = [r for r in mine if r.is_leaf]
        computed = [r for r in mine if not r.is_leaf]
        base = len(constants)
        number = {r.index: base + i for i, r in enumerate((*leaves, *computed))}
        parents = [
            number[j] if j >= 0 else constants[float(v)]
            for r in computed
            for j, v in zip(r.operands, r.values, strict=True)
        ]
        counts = [0] * (base + len(leaves)) + [len(r.operands) for r in computed]
        first = np.concatenate([[0], np.cumsum(counts)])
        texts: dict[object, int] = {}
        kinds = [columns.op(ScalarOp("constant"))] * base
        kinds += [columns.op(ScalarOp(r.kind)) for r in leaves]
        for r in computed:
            key = (r.op.code, len(r.operands), r.settings)
            if key not in texts:
                texts[key] = columns.op(_text_of(r))
            kinds.append(texts[key])
        size = base + len(leaves) + len(computed)
        gradient, given = np.full(size, np.nan), np.full(len(parents), np.nan)
        target = number[records.index_of(self.targets[0])]
        seed = [array_of(t).dtype.type(1) for t in self.targets]
        gradient[target] = 1.0
        for i, _g, parts in records.backward_steps(self.targets, seed):
            at = first[number[i]]
            for slot, j, d, total in parts:
                if d != d or total != total:
                    return None  # nan stands for None in a column
                given[at + slot] = d
                gradient[number[j]] = total
        lines, line = _lines(_line_of(r) for r in computed)
        asked = [records.index_of(s) for s in self.sources]
        value = [*constants, *(self.values[r.index] for r in (*leaves, *computed))]
        return ScalarGraph(
            tuple(columns.ops), base + len(leaves), kinds, first, np.array(parents),
            np.array(value, float), gradient, given, [0] * (base + len(leaves)) + line,
            _with_text(lines), _calls(lines, line), self._called(number, len(leaves) + base),
            target, tuple(number[i] for i in asked if i in number),
            sum(i not in number for i in asked), str(self.values[-1].dtype),
        )  # fmt: skip

    def _called(self, number: Mapping[int, int], leaves: int) -> dict[int, str]:
        found: dict[int, str] = {}
        wanted = (Tensor, Variable)
        for name, thing in paths(self.names, lambda v: v.__class__ in wanted):
            i = number.get(self.records.index_of(thing), -1)
            if i >= 0 and (i < leaves or name.isidentifier()):
                found.setdefault(i, name)
        return found


def _line_of(record: Record) -> Line | None:
    site = record.call_site
    return None if site is None else line_of(*site)
