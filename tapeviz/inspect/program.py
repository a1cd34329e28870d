"""From a tape to a ``Program`` that a page can run, or a sentence why there is none."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

import numpy as np

from tapeviz.engine.ops import TABLE
from tapeviz.engine.parsing import parse
from tapeviz.engine.records import CallSite, Event, Record, Records
from tapeviz.engine.tape import GradientTape
from tapeviz.inspect.replay import replay, shape_of
from tapeviz.inspect.source.positions import Code, positions, tree_of
from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.graph import Graph
from tapeviz.trace.program import (
    FAMILY,
    Exit,
    Formulas,
    Goal,
    Handle,
    Instruction,
    Program,
    SweepStep,
    words,
)
from tapeviz.trace.value import WHOLE

MANY = 2000
"""A page does not run more values than this."""

DTYPES = frozenset(("float32", "float64", "bool", "int32", "int64", "int", "float"))
"""The dtypes that a page computes with; ``int`` and ``float`` are Python's own."""

_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
    ast.Mod: "%", ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==",
    ast.NotEq: "!=", ast.USub: "neg", ast.Invert: "~", ast.Not: "not",
}  # fmt: skip


class _NotInPages(Exception):  # noqa: N818 - no error, but the answer
    """Why a page cannot run it, in a sentence."""


def tree(text: str) -> Any:
    """A formula of the registry, or one like it, as the page reads it.

    >>> tree("g * cos(x)"), tree("-g"), tree("x > 0")
    (('*', 'g', ('cos', 'x')), ('neg', 'g'), ('>', 'x', 0))
    >>> tree("g[..., None]"), tree("sum(x, (-1,), False)")
    (('[]', 'g', '...', None), ('sum', 'x', ('()', ('neg', 1)), False))
    """
    return _tree(parse(text, mode="eval").body)


def _tree(node: ast.expr) -> Any:  # noqa: C901, PLR0911 - a line for each kind of node
    match node:
        case ast.Name():
            return node.id
        case ast.Constant():
            return "..." if node.value is ... else node.value
        case ast.UnaryOp():
            return (_SIGNS[type(node.op)], _tree(node.operand))
        case ast.BinOp():
            return (_SIGNS[type(node.op)], _tree(node.left), _tree(node.right))
        case ast.Compare():
            sides = (node.left, node.comparators[0])
            return (_SIGNS[type(node.ops[0])], *map(_tree, sides))
        case ast.Call():
            return (ast.unparse(node.func), *map(_tree, node.args))
        case ast.Subscript():
            keys = (
                node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            )
            return ("[]", _tree(node.value), *map(_tree, keys))
        case ast.Tuple() | ast.List():
            return ("()", *map(_tree, node.elts))
        case ast.Slice():
            return ":"
        case ast.Starred():
            return ("...", _tree(node.value))
    raise ValueError(f"no formula has this: {ast.unparse(node)}")


@cache
def formulas(code: int) -> Formulas:
    """The op of that number as trees."""
    op = TABLE[code]
    vjps = tuple(None if rule is None else tree(rule.text) for rule in op.rules)
    made = Formulas(
        op.name, tree(op.text), vjps, op.operands, op.settings, op.broadcasts
    )
    if op.name not in SORTING:
        return made
    forward, vjps = _sorted((made.forward, vjps))
    return replace(made, forward=forward, vjps=vjps)


SORTING = ("sort", "top_k")
"""Ops that the engine records with the order of their entries, a page with how it is
found: it changes with the numbers."""


REFUSED: Mapping[str, str] = {
    "read": "A variable was assigned to while the tape recorded.",
    **dict.fromkeys(
        ("custom", "part"),
        "A function with a gradient of its own runs in Python alone.",
    ),
    **dict.fromkeys(
        ("eigenvectors", "left", "right"),
        "The signs of such vectors hang on who computes them.",
    ),
    **dict.fromkeys(
        ("along", "put_along"),
        "Where the greatest entries stand was recorded, not how they were found.",
    ),
}
"""Ops that a page does not compute though it has their words, or never could; why."""


def _sorted(part: Any) -> Any:
    if isinstance(part, tuple):
        return tuple(map(_sorted, part))
    return ("order", "x", "ids", "axis") if part == "ids" else part


def unknown_words(known: Formulas) -> set[str]:
    """The words of an op's formulas that a page does not know."""
    return {w for t in (known.forward, *known.vjps) for w in words(t)} - FAMILY.keys()


def compiled(
    tape: GradientTape, run: BackwardPass | None = None, graph: Graph | None = None
) -> Program | str:
    """A tape as a program for the page, or a sentence why there is none.

    The backward pass is that of ``run``, else the one that the tape was asked for last.
    ``graph`` says which nodes there are and what they are called; without it there are
    those that the targets need.
    """
    try:
        return _Compiler(tape.records(), run, graph).program().validate()
    except _NotInPages as reason:
        return str(reason)


@dataclass
class _Compiler:
    """Makes the program of one tape; records are meant by their indices."""

    records: Records
    run: BackwardPass | None
    graph: Graph | None
    instructions: list[Instruction] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    codes: dict[int, int] = field(default_factory=dict)
    used: dict[int, set[int]] = field(default_factory=dict)
    looks: list[tuple[Event, str]] = field(default_factory=list)

    def program(self) -> Program:
        if self.graph is None and self.run is not None:
            self.graph = self.run.graph
        goals, sources, sweep = self._asked()
        for i, slots in sweep:
            op = self.records[i].op
            used = self.used.setdefault(op.code, set())
            used |= {0 if op.many else slot for slot in slots}
        ends = [i for i, _ in goals] + sources
        self.looks = list(self._looks(max(self._needed(ends), default=-1)))
        needed = self._needed([*ends, *(event.index for event, _ in self.looks)])
        if not needed:
            raise _NotInPages("The tape recorded nothing that can be run again.")
        if len(needed) > MANY:
            raise _NotInPages(f"More than {MANY:,} values are not run in a page.")
        self.values = replay(self.records[: needed[-1] + 1])
        for i in needed:
            self._add(i)
        number = self.numbers
        return Program(
            tuple(self.instructions),
            tuple(map(self._formulas, self.codes)),
            tuple(Goal(number[f"n{i}"], data, self._label(i)) for i, data in goals),
            tuple(number[f"n{i}"] for i in sources),
            tuple(SweepStep(number[f"n{i}"], slots) for i, slots in sweep),
            tuple(self._handles()),
            tuple(self._exits(needed)),
        )

    def _looks(self, last: int) -> Iterator[tuple[Event, str]]:
        """Where Python looked at a value, and how; ``last`` is the last record needed.

        Of a number that left after that nothing comes back.
        """
        kinds: dict[Any, str] = {}
        for event in self.records.events:
            site = event.call_site
            if event.what == "left" and site not in kinds:
                kinds[site] = _kind_of_exit(site)
            kind = kinds.get(site, event.what)
            if kind == "compared" or (kind == "left" and event.before <= last):
                yield event, kind

    # -- what is asked -----------------------------------------------------------------

    def _asked(self) -> tuple[list[Any], list[int], list[Any]]:
        """The targets with their seeds, the sources, and the steps of the sweep."""
        run, log = self.run, self.records
        if run is not None:
            goals = [
                (_index(id), seed.data or ())
                for id, seed in zip(run.targets, run.seeds, strict=True)
            ]
            sweep = [
                (
                    _index(s.node),
                    tuple(int(c.edge.split("_")[1]) for c in s.contributions),
                )
                for s in run.steps
            ]
            return goals, [_index(id) for id in run.sources if id], sweep
        asked = log.asked
        if asked is None:
            return [], [], []
        pairs = zip(map(log.index_of, asked.targets), asked.seeds, strict=True)
        goals = [(i, tuple(np.ravel(g).tolist())) for i, g in pairs if i >= 0]
        found = [i for i in map(log.index_of, asked.sources) if i >= 0]
        steps = log.backward_steps(asked.targets, asked.seeds)
        sweep = [(i, tuple(p[0] for p in parts)) for i, _, parts in steps if parts]
        return goals, found, sweep

    def _needed(self, ends: Sequence[int]) -> list[int]:
        """The records that are drawn or asked for, and all that they need, in order."""
        found = set(ends)
        if self.graph is not None:
            ids = (_index(node.id) for node in self.graph.nodes)
            found |= {i for i in ids if i >= 0}
        for i in range(max(found, default=-1), -1, -1):
            if i in found:
                found |= {j for j in self.records[i].operands if j >= 0}
        return sorted(found)

    # -- instructions ------------------------------------------------------------------

    def _add(self, i: int) -> None:
        record = self.records[i]
        if record.is_leaf:
            self._leaf(f"n{i}", record.result)
            return
        self._check(record)
        operands = []
        for slot, (j, v) in enumerate(zip(record.operands, record.values, strict=True)):
            id = f"n{j}" if j >= 0 else self._tails.get(f"e{i}_{slot}", f"k{i}_{slot}")
            if id not in self.numbers:
                self._leaf(id, v)
            operands.append(self.numbers[id])
        op = self.codes.setdefault(record.op.code, len(self.codes))
        settings = tuple(map(_plain, record.settings))
        if record.op.name in SORTING:
            settings = self._order(record, settings)
        self._append(f"n{i}", self.values[i], op, tuple(operands), settings)

    def _order(self, record: Record, settings: tuple[Any, ...]) -> tuple[Any, ...]:
        """The settings of a sort: how it sorts, as the numbers decide the order."""
        ids, axis = record.settings
        x = self.values[record.operands[0]]
        size, count = np.shape(x)[axis], np.shape(ids)[axis]
        up = np.argsort(x, axis, kind="stable")
        down = size - 1 - np.argsort(np.flip(x, axis), axis, kind="stable")
        for descending, order in ((False, up), (True, np.flip(down, axis))):
            if np.array_equal(np.take(order, range(count), axis), ids):
                return ({"descending": descending, "count": count}, settings[1])
        raise _NotInPages("The order of its entries is not computed in a page.")

    def _formulas(self, code: int) -> Formulas:
        """An op's trees, of its vjps those that the backward pass needs."""
        known, used = formulas(code), self.used.get(code, ())
        vjps = (t if slot in used else None for slot, t in enumerate(known.vjps))
        return replace(known, vjps=tuple(vjps))

    @cached_property
    def _tails(self) -> dict[str, str]:
        return {} if self.graph is None else {e.id: e.tail for e in self.graph.edges}

    def _check(self, record: Record) -> None:
        if record.op.name in REFUSED:
            raise _NotInPages(REFUSED[record.op.name])
        if unknown_words(self._formulas(record.op.code)):
            raise _NotInPages(
                f"No page computes {record.op.name} ({record.op.symbol})."
            )

    def _leaf(self, id: str, v: Any) -> None:
        self._append(id, v)

    def _append(
        self, id: str, v: Any, op: int = -1, operands: tuple[int, ...] = (),
        settings: tuple[Any, ...] = (),
    ) -> None:  # fmt: skip
        dtype = _dtype(v)
        if dtype not in DTYPES:
            raise _NotInPages(f"Numbers of dtype {dtype} are not computed in a page.")
        if np.size(v) > WHOLE:
            raise _NotInPages(
                f"Arrays of more than {WHOLE} entries are not computed in a page."
            )
        data = tuple(np.ravel(v).tolist()) if op < 0 else ()
        self.numbers[id] = len(self.instructions)
        self.instructions.append(
            Instruction(id, dtype, shape_of(v), op, operands, settings, data)
        )

    def _label(self, i: int) -> str:
        """What the learner calls a target."""
        node = self.graph.by_id.get(f"n{i}") if self.graph else None
        return node.name if node else self.records[i].label

    # -- handles and exits -------------------------------------------------------------

    def _handles(self) -> Iterator[Handle]:
        """What may be changed; a constant's name stands for all of its uses."""
        found: dict[Any, list[int]] = defaultdict(list)
        for number, one in enumerate(self.instructions):
            if one.formulas < 0:
                kind, label = self._called(one.id)
                own = label if kind == "constant" else number
                if own != "":
                    found[kind, label, own].append(number)
        for (kind, label, _), (number, *alike) in found.items():
            yield Handle(number, label or kind, kind, tuple(alike))

    def _called(self, id: str) -> tuple[str, str]:
        """What a leaf is, and what the learner calls it."""
        record = self.records[_index(id)] if id[0] == "n" else None
        node = self.graph.by_id.get(id) if self.graph else None
        kind = "constant" if record is None else record.kind
        return kind, node.name if node else record.label if record else ""

    def _exits(self, needed: Sequence[int]) -> Iterator[Exit]:
        code, number = Code(), self.numbers
        for event, kind in self.looks:
            span = code.span(*event.call_site)
            later = (number[f"n{i}"] for i in needed if i >= event.before)
            follows = next(later, len(self.instructions))
            line = span.line if span else 0
            yield Exit(number[f"n{event.index}"], follows, line, kind)


def _kind_of_exit(site: CallSite) -> str:
    """How a number that left is used: "compared", "left", or "" for not at all."""
    code, instruction = site
    position = positions(code).get(instruction)
    around = [n for n in ast.walk(tree_of(code.co_filename)) if _holds(n, position)]
    if any(_holds(part, position) for node in around for part in _tested(node)):
        return "compared"
    inner = [node for node in around if isinstance(node, ast.stmt)]
    return "" if inner and isinstance(inner[-1], ast.Expr) else "left"


def _tested(node: ast.AST) -> Iterator[ast.AST]:
    """What the way of a program hangs on in a statement or an expression."""
    if isinstance(node, (ast.If, ast.While, ast.IfExp, ast.Assert)):
        yield node.test
    elif isinstance(node, ast.For):
        yield node.iter
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        for part in node.generators:
            yield from (part.iter, *part.ifs)


def _holds(node: Any, position: tuple[int, int, int, int] | None) -> bool:
    """Whether a part of a program is around a position: lines, and columns in bytes."""
    if position is None or getattr(node, "end_lineno", None) is None:
        return False
    line, end_line, col, end_col = position
    start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    return start <= (line, col) and (end_line, end_col) <= end


def _index(id: str) -> int:
    """The index of the record that a node stands for; -1 for constants and others."""
    return int(id[1:]) if re.fullmatch(r"n\d+", id) else -1


def _dtype(v: Any) -> str:
    return str(v.dtype) if hasattr(v, "dtype") else type(v).__name__


def _plain(v: Any) -> Any:
    """A setting as plain data."""
    if isinstance(v, np.ndarray):
        return {"shape": v.shape, "data": tuple(v.ravel().tolist())}
    if isinstance(v, slice):
        return {"slice": (v.start, v.stop, v.step)}
    if isinstance(v, (tuple, list)):
        return tuple(map(_plain, v))
    if isinstance(v, np.dtype):
        return str(v)
    if isinstance(v, np.generic):
        return v.item()
    return "..." if v is Ellipsis else v
