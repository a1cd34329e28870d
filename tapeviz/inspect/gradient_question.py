"""One question about one gradient, and what the tape and the code know of it."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Container, Iterable, Iterator
from functools import cached_property
from itertools import chain, pairwise
from types import ModuleType
from typing import Any

import numpy as np

from tapeviz.engine.primitives import Op
from tapeviz.engine.records import Event, given_name
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, Variable
from tapeviz.inspect.graph_builder import GraphBuilder
from tapeviz.inspect.source.dataflow import (
    CallSite,
    ProgramSource,
    Statement,
    called,
    code_of,
    dotted,
    part_of,
)
from tapeviz.inspect.source.operands import operands_of
from tapeviz.inspect.source.variables import Names, name_of
from tapeviz.trace.diagnosis import Edit
from tapeviz.trace.graph import Span
from tapeviz.trace.value import format_number

LONG = 44
"""Code of more characters than this is not quoted in a sentence."""

CODES = 64
"""Recorded operations are looked up in at most this many code objects."""


class Question:
    """Why ``source`` has the gradient it has, or none, on this tape.

    ``x`` is the source's index in the recording and ``ys`` those of the targets, -1 for
    what is not recorded. ``x_name`` and ``y_name`` are what the learner calls them,
    ``x_code`` and ``y_code`` the expressions in the call that asks. ``x_plain`` and
    ``y_plain`` name the type of what is no tensor, else "". ``steps`` are those of the
    reverse sweep, where it has been made.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - all that a question consists of
        self, builder: GraphBuilder, program: ProgramSource, names: Names,
        targets: list[Any], source: Any,
        asked: tuple[ast.expr | None, ast.expr | None] = (None, None),
        plain: tuple[str, str] = ("", ""),
    ) -> None:  # fmt: skip
        self.builder, self.program, self.names = builder, program, names
        self.tape: GradientTape = builder.tape
        self.records, self.values = builder.records, builder.values
        self.targets, self.source = targets, source
        self.y_code, self.x_code = asked
        self.y_plain, self.x_plain = plain
        self.by_owner = False
        self.steps: list[Any] = []
        self.ys = [self.records.index_of(t) for t in targets]
        self.x = self.records.index_of(source)
        self.y_name = self._called(
            targets[0] if len(targets) == 1 else None, self.y_code, "the target"
        )
        self.x_name = self._called(source, self.x_code, "the source")

    # -- names and code --------------------------------------------------------------

    def _called(self, thing: Any, code: ast.expr | None, else_: str) -> str:
        text = "" if code is None else code_of(code)
        if text and len(text) <= LONG:
            return text
        index = -1 if thing is None else self.records.index_of(thing)
        return self.name_of(thing) or self.builder.names.get(index, "") or else_

    def name_of(self, thing: Any) -> str:
        """What the learner calls a tensor or variable; "" if nothing is known."""
        own = given_name(thing) if isinstance(thing, Variable) else ""
        return own or name_of(self.names, thing)

    def about(self, thing: Any, name: str = "") -> Question:
        """The question why another tensor or variable has no gradient."""
        targets = self.targets or [thing]
        made = Question(self.builder, self.program, self.names, targets, thing)
        made.x_name = name or made.x_name
        return made

    @cached_property
    def tf(self) -> str:
        """The name under which the learner imported tapeviz."""
        modules = ((n, t) for n, t in self._held if isinstance(t, ModuleType))
        return next((n for n, t in modules if t.__name__ == "tapeviz"), "tf")

    @cached_property
    def tape_name(self) -> str:
        """The name of the tape."""
        code = self.program.argument(0, "tape")
        asked = "" if code is None else dotted(code)
        if self.names.get(asked) is self.tape:
            return asked
        found = (n for n, t in self._held if t is self.tape and not n.startswith("_"))
        return next(found, asked or "tape")

    @property
    def _held(self) -> list[tuple[str, Any]]:
        return list(self.names.items())

    def modules(self, name: str) -> bool:
        """Whether a name is a module of plain numbers: NumPy, SciPy or ``math``."""
        thing = self.names.get(name)
        if isinstance(thing, ModuleType):
            return thing.__name__.partition(".")[0] in ("numpy", "math", "scipy")
        return thing is None and name in ("np", "numpy", "math")

    @cached_property
    def head(self) -> Statement | None:
        """The head of the tape's with-block, if the code shows it."""
        line = self.program.line_at(self.records.entered)
        return line if line is not None and isinstance(line.node, ast.With) else None

    def inside(self, line: Statement) -> bool | None:
        """Whether a line is in the tape's block; None if the code does not show it."""
        head = self.head
        if head is None or head.node in line.withs:
            return None if head is None else True
        scope = head.scope
        if line.scope == scope:
            return False
        if scope.startswith(f"{line.scope}/"):
            return None if scope.rpartition("/")[2] in line.calls else False
        ran = self.program.makers(line)
        apart = all(o.scope == scope and head.node not in o.withs for o in ran)
        return False if ran and apart else None

    def paused(self, line: Statement) -> bool:
        """Whether a line is in a block of ``stop_recording``."""
        heads = (item.context_expr for block in line.withs for item in block.items)
        return any(called(head).endswith(".stop_recording") for head in heads)

    @cached_property
    def goals(self) -> list[Statement]:
        """The statements that made the target."""
        return self.program.goals(self.y_code, self.y_name)

    @cached_property
    def chain(self) -> list[Statement]:
        """The statements on the paths from the source to the target.

        What this tape was asked for comes after what it recorded: it is no part of it.
        Where nothing reads the source by its name, the object it hangs on counts.
        """
        found = self.program.chain(self.x_base, self.goals, self.tape_name)
        self.by_owner = not found
        return found or self.path_to(self.goals)

    def path_to(self, goals: list[Statement]) -> list[Statement]:
        """The statements on the paths from the source, or its owner, to others."""
        found = self.program.chain(self.x_base, goals, self.tape_name)
        return found or self.program.chain(self.owner, goals, self.tape_name)

    @cached_property
    def constants(self) -> list[Statement]:
        """The code of what the target's ops used and the tape did not record."""
        found: dict[int, Statement] = {}
        for i, record in enumerate(self.records):
            if i not in self.before_y or i not in self.own:
                continue
            for slot, j in enumerate(record.operands):
                shown = self.operand(i, slot) if j < 0 else None
                if shown is not None and not isinstance(shown[1], ast.Constant):
                    found.setdefault(id(shown[1]), part_of(*shown))
        return list(found.values())

    @cached_property
    def owner(self) -> str:
        """The name of the learner's object that holds the source, or ""."""
        root = self.x_base.partition(".")[0].partition("[")[0]
        own = (n for n, t in self._held if n[:1] != "_" and holds(t, self.source))
        return root if root in self.names else next(own, "")

    @cached_property
    def upstream(self) -> set[Statement]:
        """All statements that feed the target."""
        return self.program.upstream(self.goals)

    @cached_property
    def x_base(self) -> str:
        """The plain name of the source: ``x`` for ``x[0]`` too."""
        code = self.x_code
        while isinstance(code, (ast.Subscript, ast.Call)):
            inner = code.func if isinstance(code, ast.Call) else code.value
            if isinstance(code, ast.Call) and isinstance(inner, ast.Attribute):
                inner = code.args[0] if code.args else inner.value
            code = inner
        found = "" if code is None else dotted(code)
        return found or self.name_of(self.source)

    # -- records ---------------------------------------------------------------------

    def op(self, i: int) -> Op:
        """The registry's entry for a record."""
        return self.records[i].op

    def indices(self) -> Iterator[int]:
        """The indices of the records in the tape's own windows."""
        return chain.from_iterable(self.records.spans)

    @cached_property
    def own(self) -> frozenset[int]:
        """The same indices, and those of all leaves."""
        leaves = (i for i, record in enumerate(self.records) if record.is_leaf)
        return frozenset((*self.indices(), *leaves))

    @cached_property
    def jumps(self) -> list[tuple[int, int, Event]]:
        """Values assigned to a variable: the record, the next read, the event.

        What was assigned before the tape recorded, or while it did not, is left out.
        """
        found, windows = [], self.records.windows
        for event in self.records.events:
            inside = any(w.start <= event.before <= w.stop for w in windows)
            if event.what != "left" and inside and event.variable is not None:
                reads = self._reads.get(self.records.index_of(event.variable), [])
                at = bisect_left(reads, event.before)
                found += [(event.index, to, event) for to in reads[at : at + 1]]
        return found

    @cached_property
    def _reads(self) -> dict[int, list[int]]:
        """Where each variable was read, by its leaf, in order."""
        found: dict[int, list[int]] = {}
        for record in self.records:
            leaf = record.operands[0] if record.kind == "read" else record.index
            if record.kind in ("read", "variable"):
                found.setdefault(leaf, []).append(record.index)
        return found

    @cached_property
    def _assigned(self) -> dict[int, list[int]]:
        """What a read depends on though no tape says so: what was assigned before."""
        found: dict[int, list[int]] = {}
        for index, to, _ in self.jumps:
            found.setdefault(to, []).append(index)
        for reads in self._reads.values() if found else ():
            for early, late in pairwise(reads):
                found.setdefault(late, []).append(early)
        return found

    def _into(self, i: int) -> list[int]:
        """What record ``i`` was computed from, or its variable was given before."""
        every = (*self.records[i].operands, *self._assigned.get(i, ()))
        return [j for j in every if j >= 0]

    def downstream(self, start: int) -> set[int]:
        """The records that depend on ``start``, by whatever path."""
        found = {start} if start >= 0 else set()
        for i in range(start + 1, len(self.records)) if found else ():
            if not found.isdisjoint(self._into(i)):
                found.add(i)
        return found

    def upstream_of(self, starts: list[int], ends: Container[int] = ()) -> set[int]:
        """The records that ``starts`` depend on, by whatever path, up to ``ends``."""
        found, todo = set(), [i for i in starts if i >= 0]
        while todo:
            i = todo.pop()
            if i not in found:
                found.add(i)
                todo += [] if i in ends else self._into(i)
        return found

    @cached_property
    def after_x(self) -> set[int]:
        """The records that depend on the source."""
        return self.downstream(self.x)

    @cached_property
    def before_y(self) -> set[int]:
        """The records that the target depends on."""
        return self.upstream_of(self.ys)

    @cached_property
    def between(self) -> list[tuple[int, int, int]]:
        """The edges on paths from source to target: record, slot, operand's record."""
        return [
            (i, slot, j)
            for i in sorted(self.before_y)
            for slot, j in enumerate(self.records[i].operands)
            if j in self.after_x
        ]

    @cached_property
    def barrier(self) -> set[int]:
        """What the target needs and no gradient path from the source reaches.

        A cut that another path goes around, as in ``x + stop_gradient(floor(x) - x)``,
        is not in it.
        """
        live = {self.x} - {-1}
        for i in range(self.x + 1, len(self.records)):
            ins = enumerate(self.records[i].operands) if i in self.own else ()
            if any(j in live and self.rule(i, s) is not None for s, j in ins):
                live.add(i)
        return self.upstream_of(self.ys, live) - live

    def rule(self, i: int, slot: int) -> Any:
        """The vjp rule of an operand slot; None if there is none."""
        record = self.records[i]
        return None if record.op.cut else record.rule(slot)

    def operand(self, i: int, slot: int) -> tuple[Statement, ast.expr] | None:
        """The statement and expression of an operand, where the code shows it."""
        node, line = self.node(i), self.line(i)
        if line is None:
            return None
        if node is None and isinstance(line.node, ast.AugAssign) and slot < 2:
            return line, (line.node.target, line.node.value)[slot]
        if isinstance(node, ast.BinOp):
            return line, (node.left, node.right)[min(slot, 1)]
        if isinstance(node, ast.Compare):
            return line, (node.left, node.comparators[0])[min(slot, 1)]
        ours = called(node).startswith(f"{self.tf}.") and self.alone(i)
        args = operands_of(node) if ours and isinstance(node, ast.Call) else []
        known = len(args) >= len(self.records[i].operands) and slot < len(args)
        return (line, args[slot]) if known else None

    def operand_name(self, i: int, slot: int) -> str:
        """What a sentence calls an operand, recorded or not."""
        j, shown = self.records[i].operands[slot], self.operand(i, slot)
        text = code_of(shown[1]) if shown is not None and j < 0 else ""
        return text if 0 < len(text) <= LONG else self.known(j) or "its operand"

    def alone(self, i: int) -> bool:
        """Whether the code of record ``i`` made no other record."""
        return self._sites[self.records[i].call_site] == 1

    @cached_property
    def _sites(self) -> Counter[Any]:
        return Counter(self.records[i].call_site for i in self.builder.indices)

    # -- sentences -------------------------------------------------------------------

    def code(self, i: int) -> str:
        """The learner's code for record ``i``; the op's name where that is too long."""
        span = self.builder.span(i)
        text = "" if span is None else " ".join(span.text.split())
        return text if 0 < len(text) <= LONG else self.op(i).name

    def node(self, i: int) -> ast.AST | None:
        """The expression that made a record."""
        return self.program.node_at(self.records[i].call_site)

    def line(self, i: int) -> Statement | None:
        """The statement that made a record."""
        return self.program.line_at(self.records[i].call_site)

    def order(self, i: int) -> tuple[int, ...]:
        """Sorts records by the position of their code; those without any come last."""
        line = self.line(i)
        return (*line.order, i) if line is not None else (10**9, i, 0, i)

    def span(self, line: Statement | None, node: Any = None) -> Span | None:
        """The span of a statement, or of an expression in it."""
        if line is None:
            return None
        one: Any = node or (line.share[1] if line.share else line.node)
        ends = one.lineno, one.col_offset, one.end_lineno, one.end_col_offset
        compound = isinstance(one, (ast.With, ast.For, ast.If, ast.While))
        if node is None and compound and one.body[0].lineno > one.lineno:
            ends = one.lineno, one.col_offset, one.lineno, 10**6
        return self.span_of(line, *ends)

    def span_of(
        self, line: Statement, start: int, col: int, end: int, end_col: int
    ) -> Span | None:
        """The span between two positions of the file that a statement is in."""
        return self.builder.code.span_of(line.path, (start, col, end, end_col))

    def known(self, i: int) -> str:
        """What a sentence calls record ``i``: its name, its code, or "a variable"."""
        name = self.builder.names.get(i, "")
        if name or i < 0:
            return name
        if self.records[i].is_leaf:
            return self.records[i].label or "a variable"
        return self.code(i)

    def constant_edges(self, value: Any) -> list[tuple[int, int]]:
        """Where recorded ops use an unrecorded value (by ``is``): record and slot."""
        if not isinstance(value, (np.ndarray, np.generic)):
            return []
        return [
            (i, slot)
            for i in self.indices()
            for slot, j in enumerate(self.records[i].operands)
            if j < 0 and self.records[i].values[slot] is value
        ]

    def elsewhere(self, thing: Any) -> str:
        """The name of another tape that knows a tensor or variable, or ""."""
        tapes = ((n, t) for n, t in self._held if isinstance(t, GradientTape))
        others = ((n, t) for n, t in tapes if t is not self.tape and n[:1] != "_")
        return next((n for n, t in others if t.records().index_of(thing) >= 0), "")


def edge(i: int, slot: int) -> tuple[str, ...]:
    """The id of an operand's edge, as ``Reason.edges`` holds it."""
    return (f"e{i}_{slot}",)


def edit(span: Span | None, new: str) -> tuple[Edit, ...]:
    """One edit, or none where the span is not known."""
    return () if span is None else (Edit(span, new),)


HELD = 400
"""An owner is searched for a variable through at most this many objects."""


def holds(thing: Any, variable: Any) -> bool:
    """Whether a variable is reachable from an object by attributes, lists and dicts."""
    todo, seen = deque([thing]), {id(thing)}
    while todo and len(seen) < HELD:
        one = todo.popleft()
        if isinstance(one, (list, tuple)):
            parts: Iterable[Any] = one
        elif isinstance(one, dict):
            parts = one.values()
        elif isinstance(one, (type, ModuleType, Tensor, GradientTape, np.ndarray)):
            continue
        else:
            parts = getattr(one, "__dict__", {}).values()
        for part in list(parts):
            if part is variable:
                return True
            if id(part) not in seen:
                seen.add(id(part))
                todo.append(part)
    return False


def is_value(thing: Any) -> bool:
    """Whether it is a tensor or a variable."""
    return isinstance(thing, (Tensor, Variable))


def number(v: Any) -> str:
    """A number as a sentence says it."""
    a = np.asarray(v)
    if a.size != 1:
        return f"an array of shape {a.shape}"
    return format_number(a.item())


def program(builder: GraphBuilder, call_site: CallSite | None) -> ProgramSource:
    """The code around what a tape recorded, and around the instruction that asks."""
    log = builder.records
    sites = (one.call_site for one in (*log, *log.events))
    codes = dict.fromkeys(site.code for site in sites if site)
    ends = (log.entered, log.failed.call_site if log.failed else None)
    first = [end.code for end in ends if end]
    return ProgramSource(call_site, dict.fromkeys([*first, *list(codes)[:CODES]]))
