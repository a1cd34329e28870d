"""One question about one gradient, and what the tape and the code know of it."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
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
    code_of,
    dotted,
    part_of,
)
from tapeviz.inspect.source.variables import Names, tensors
from tapeviz.trace.diagnosis import Edit
from tapeviz.trace.graph import Span

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
        targets: list[Any], source: Any, asked: tuple[ast.expr | None, ast.expr | None],
        plain: tuple[str, str] = ("", ""),
    ) -> None:  # fmt: skip
        self.builder, self.program, self.names = builder, program, names
        self.tape: GradientTape = builder.tape
        self.records = builder.records
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
        if isinstance(thing, Variable) and given_name(thing):
            return given_name(thing)
        found = (name for name, one in tensors(self.names) if one is thing)
        return next(found, "")

    def written(self, thing: Any) -> str:
        """What the question writes for its source, ``x[0]``; "" for anything else."""
        asked = thing is self.source and self.x_code is not None
        return self.x_name if asked else ""

    @cached_property
    def tf(self) -> str:
        """The name under which the learner imported tapeviz."""
        found = (
            name
            for name, thing in list(self.names.items())
            if isinstance(thing, ModuleType) and thing.__name__ == "tapeviz"
        )
        return next(found, "tf")

    @cached_property
    def tape_name(self) -> str:
        """The name of the tape."""
        code = self.program.argument(0, "tape")
        if code is not None and dotted(code):
            return dotted(code)
        found = [name for name, thing in list(self.names.items()) if thing is self.tape]
        return next((name for name in found if not name.startswith("_")), "tape")

    def modules(self, name: str) -> bool:
        """Whether a name is a module of plain numbers: NumPy, SciPy or ``math``."""
        thing = self.names.get(name)
        if isinstance(thing, ModuleType):
            return thing.__name__.partition(".")[0] in ("numpy", "math", "scipy")
        return thing is None and name in ("np", "numpy", "math")

    @cached_property
    def block(self) -> tuple[Statement, ast.With] | None:
        """The with-block of the tape, if the code shows it."""
        entered = self.records.entered
        line = None if entered is None else self.program.line_at(entered)
        if line is None or not isinstance(line.node, ast.With):
            return None
        return line, line.node

    def inside(self, line: Statement) -> bool | None:
        """Whether a line is in the tape's block; None if the code does not show it."""
        if self.block is None:
            return None
        if self.block[1] in line.withs:
            return True
        scope = self.block[0].scope
        if line.scope == scope:
            return False
        if scope.startswith(f"{line.scope}/"):
            return None if scope.rpartition("/")[2] in line.calls else False
        ran = self.program.makers(line)
        apart = [one.scope == self.block[0].scope for one in ran]
        early = apart and all(apart) and not any(self.block[1] in r.withs for r in ran)
        return False if early else None

    def paused(self, line: Statement) -> bool:
        """Whether a line is in a block of ``stop_recording``."""
        return any(
            isinstance(item.context_expr, ast.Call)
            and dotted(item.context_expr.func).endswith(".stop_recording")
            for block in line.withs
            for item in block.items
        )

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
            if not self.before_y[i] or i not in self.own:
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
        if root in self.names:
            return root
        return next(
            (
                name for name, one in list(self.names.items())
                if not name.startswith("_") and holds(one, self.source)
            ), "",
        )  # fmt: skip

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
        for span in self.records.spans:
            yield from span

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
        found = []
        for event in self.records.events:
            inside = any(w.start <= event.before <= w.stop for w in self._windows)
            known = inside and event.variable is not None
            if event.what in ("assigned", "made") and known:
                reads = self._reads.get(self.records.index_of(event.variable), [])
                at = bisect_left(reads, event.before)
                found += [(event.index, to, event) for to in reads[at : at + 1]]
        return found

    @cached_property
    def _windows(self) -> tuple[range, ...]:
        return self.records.windows

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

    def downstream(self, start: int) -> bytearray:
        """Marks the records that depend on ``start``, by whatever path."""
        marks = bytearray(len(self.records))
        if start < 0:
            return marks
        marks[start] = 1
        for record in self.records[start + 1 :]:
            ins = (*record.operands, *self._assigned.get(record.index, ()))
            marks[record.index] = any(j >= 0 and marks[j] for j in ins)
        return marks

    def upstream_of(self, starts: list[int]) -> bytearray:
        """Marks the records that ``starts`` depend on, by whatever path."""
        marks = bytearray(len(self.records))
        for i in starts:
            if i >= 0:
                marks[i] = 1
        for i in range(max(starts, default=-1), -1, -1):
            if marks[i]:
                for j in (*self.records[i].operands, *self._assigned.get(i, ())):
                    if j >= 0:
                        marks[j] = 1
        return marks

    @cached_property
    def after_x(self) -> bytearray:
        """Marks of the records that depend on the source."""
        return self.downstream(self.x)

    @cached_property
    def before_y(self) -> bytearray:
        """Marks of the records that the target depends on."""
        return self.upstream_of(self.ys)

    @cached_property
    def between(self) -> list[tuple[int, int, int]]:
        """The edges on paths from source to target: record, slot, operand's record."""
        return [
            (i, slot, j)
            for i in range(len(self.records))
            if self.before_y[i]
            for slot, j in enumerate(self.records[i].operands)
            if j >= 0 and self.after_x[j]
        ]

    @cached_property
    def barrier(self) -> bytearray:
        """Marks of what the target needs and no gradient path from the source reaches.

        A cut that another path goes around, as in ``x + stop_gradient(floor(x) - x)``,
        is not marked.
        """
        live = bytearray(len(self.records))
        if self.x >= 0:
            live[self.x] = 1
        for i in range(self.x + 1, len(self.records)):
            ins = enumerate(self.records[i].operands) if i in self.own else ()
            live[i] = any(
                j >= 0 and live[j] and self.rule(i, s) is not None for s, j in ins
            )
        needed = bytearray(len(self.records))
        for y in self.ys:
            if y >= 0:
                needed[y] = 1
        for i in range(len(self.records) - 1, -1, -1):
            if needed[i] and not live[i]:
                into = self._assigned.get(i, ())
                for j in (*self.records[i].operands, *into):
                    if j >= 0:
                        needed[j] = 1
        return bytearray(n and not r for n, r in zip(needed, live, strict=True))

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
        args = self._args(i, node) if isinstance(node, ast.Call) else []
        return (line, args[slot]) if slot < len(args) else None

    def _args(self, i: int, node: ast.Call) -> list[ast.expr]:
        """The operands that a call of one of tapeviz's functions shows."""
        ours = dotted(node.func).startswith(f"{self.tf}.")
        if not ours or not self.alone(i):
            return []
        inputs, first = len(self.records[i].operands), node.args[:1]
        if first and isinstance(first[0], (ast.List, ast.Tuple)):
            found = first[0].elts if len(first[0].elts) == inputs else []
        else:
            found = node.args if len(node.args) >= inputs else []
        return [] if any(isinstance(a, ast.Starred) for a in found) else found

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
        site = self.records[i].call_site
        return None if site is None else self.program.node_at(site)

    def line_of_call_site(self, call_site: CallSite) -> Statement | None:
        """The statement that an instruction belongs to."""
        return self.program.line_at(call_site)

    def line(self, i: int) -> Statement | None:
        """The statement that made a record."""
        site = self.records[i].call_site
        return None if site is None else self.program.line_at(site)

    def order(self, i: int) -> tuple[int, ...]:
        """Sorts records by the position of their code; those without any come last."""
        line = self.line(i)
        return (*line.order, i) if line is not None else (10**9, i, 0, i)

    def span(self, line: Statement | None, node: Any = None) -> Span | None:
        """The span of a statement, or of an expression in it."""
        if line is None:
            return None
        one = node or (line.share[1] if line.share else line.node)
        if node is None and isinstance(one, (ast.With, ast.For, ast.If, ast.While)):
            last = one.body[0]
            return (
                self.span_of(line, one.lineno, one.col_offset, one.lineno, 10**6)
                if (last.lineno > one.lineno)
                else self.span_of(line, *_ends(one))
            )
        return self.span_of(line, *_ends(one))

    def span_of(
        self, line: Statement, start: int, col: int, end: int, end_col: int
    ) -> Span | None:
        """The span between two positions of the file that a statement is in."""
        return self.builder.code.span_of(line.path, (start, col, end, end_col))

    def value(self, i: int) -> Any:
        """The value of record ``i``."""
        return self.builder.values[i]

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
        for name, one in list(self.names.items()):
            other = isinstance(one, GradientTape) and one is not self.tape
            if other and not name.startswith("_") and knows(one, thing):
                return name
        return ""

    def foreign(self, thing: Any) -> bool:
        """Whether a tensor is in another recording than this tape's."""
        return self.records.is_foreign(thing)


def knows(tape: GradientTape, thing: Any) -> bool:
    """Whether a tensor or variable is in the recording of a tape."""
    return tape.records().index_of(thing) >= 0


def _ends(node: Any) -> tuple[int, int, int, int]:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


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
    one = a.ravel()[0]
    return f"{one:.5g}" if a.dtype.kind in "fiu" else str(one)


def program(builder: GraphBuilder, call_site: CallSite | None) -> ProgramSource:
    """The code around what a tape recorded, and around the instruction that asks."""
    log = builder.records
    sites = [site for record in log if (site := record.call_site)]
    codes = dict.fromkeys(
        one.code for one in (*sites, *(e.call_site for e in log.events))
    )
    ends = [log.entered, log.failed.call_site if log.failed else None]
    first = [end.code for end in ends if end]
    return ProgramSource(call_site, dict.fromkeys([*first, *list(codes)[:CODES]]))
