"""The learner's code around a tape, and the values that its names have now.

A name is looked up only where its present value is surely the one that a line of code
read or assigned: visible in the same scope, and not rebound since.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from tapeviz.engine.tensor import Tensor, Variable, wrap
from tapeviz.inspect.gradient_question import Question
from tapeviz.inspect.graph_builder import GraphBuilder
from tapeviz.inspect.source.dataflow import CallSite, ProgramSource, Statement, dotted
from tapeviz.inspect.source.positions import positions
from tapeviz.inspect.source.variables import Names
from tapeviz.trace.graph import Span

Definition = tuple[Statement, ast.expr]

OPERATORS = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.MatMult: "matmul",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.USub: "negative",
}
"""The registry's name for each of Python's operators."""


class Lookup:
    """The code around one tape: its block, its lines, and what their names hold."""

    def __init__(
        self, builder: GraphBuilder, names: Names, program: ProgramSource
    ) -> None:
        self.builder, self.names, self.tape = builder, names, builder.tape
        self.program = program
        self.question = self.about(wrap(0.0))
        self._lines: dict[CallSite, Statement | None] = {}
        self._nodes: dict[CallSite, ast.AST | None] = {}

    def about(self, thing: Any, name: str = "") -> Question:
        """The question why a tensor or variable has no gradient."""
        last = self.builder.records.asked
        goals = (last.targets if last else []) or [thing]
        question = Question(
            self.builder, self.program, self.names, goals, thing, (None, None)
        )
        if self._called and self.names.get(question.tape_name) is not self.tape:
            question.tape_name = self._called
        question.x_name = name or question.x_name
        return question

    @cached_property
    def _called(self) -> str:
        """A variable that holds this tape now; "" if there is none."""
        found = [n for n, thing in list(self.names.items()) if thing is self.tape]
        return next((n for n in found if not n.startswith("_")), "")

    # -- lines -----------------------------------------------------------------------

    def line(self, call_site: CallSite) -> Statement | None:
        """The statement that an instruction belongs to."""
        if call_site not in self._lines:
            self._lines[call_site] = self.program.line_at(call_site)
        return self._lines[call_site]

    def node(self, call_site: CallSite) -> ast.AST | None:
        """The expression of an instruction."""
        if call_site not in self._nodes:
            self._nodes[call_site] = self.program.node_at(call_site)
        return self._nodes[call_site]

    @property
    def block(self) -> tuple[Statement, ast.With] | None:
        """The with-block of the tape, if the code shows it."""
        return self.question.block

    def inside(self, line: Statement) -> bool:
        """Whether a line is in the tape's block."""
        return self.block is not None and self.block[1] in line.withs

    @cached_property
    def lines(self) -> list[Statement]:
        """The statements in the block."""
        return [line for line in self.program.lines if self.inside(line)]

    @cached_property
    def later(self) -> list[Statement]:
        """The statements after the block, up to the question, in no tape's block."""
        asking = self.program.asking_line
        if self.block is None or asking is None:
            return []
        head, block = self.block
        end = (head.order[0], block.end_lineno or 0, 10**6)
        return [
            line
            for line in self.program.lines
            if end < line.order <= asking.order
            and line.scope == head.scope
            and not any(map(is_tape_block, line.withs))
        ]

    # -- names -----------------------------------------------------------------------

    def seen(self, name: str, line: Statement) -> bool:
        """Whether a name means the same in a line and in the question."""
        scope = self.program.key(name, line)
        asking = self.program.asking_line
        if asking is None:
            return "/" not in scope[0].replace(line.path, "")
        return scope == self.program.key(name, asking)

    def definition(self, name: str, line: Statement) -> Statement | None:
        """The one statement that made the value which a line reads by this name.

        None where several may have made it.
        """
        found = [one for one in self.program.before(name, line) if _binds(one, name)]
        return found[0] if len(found) == 1 and found[0].value is not None else None

    def held(self, name: str, line: Statement) -> Any:
        """The value that a line read by this name, if it surely still holds it."""
        thing = self._thing(name)
        if thing is None or not self.seen(name, line):
            return None
        made = [one for one in self._made(name, line) if _binds(one, name)]
        later = (o for o in made if o.order >= line.order or {*o.loops} & {*line.loops})
        if next(later, None) is None:
            return thing
        before = [one for one in self.program.before(name, line) if one in made]
        return thing if before == [made[-1]] else None

    def result(self, name: str, line: Statement) -> Any:
        """The value that a line assigned to this name, if it surely still holds it."""
        thing = self._thing(name)
        if thing is None or not self.seen(name, line):
            return None
        made = [one for one in self._made(name, line) if _binds(one, name)]
        return thing if made and made[-1] is line and line.sure else None

    def watched(self, name: str) -> bool:
        """Whether some line may call ``watch`` with this name."""
        return any(
            "watch" in line.calls and {name, name.partition(".")[0]} & line.reads
            for line in self.program.lines
        )

    def _made(self, name: str, line: Statement) -> list[Statement]:
        asking = self.program.asking_line
        return [
            one
            for one in self.program.made(name, line)
            if asking is None or one.scope != asking.scope or one.order < asking.order
        ]

    def _thing(self, name: str) -> Any:
        """The value of a dotted name, read from ``__dict__`` so that no code runs."""
        first, *rest = name.split(".")
        thing = self.names.get(first)
        for part in rest:
            thing = getattr(thing, "__dict__", {}).get(part)
        return thing

    # -- expressions -----------------------------------------------------------------

    def operand(self, i: int, slot: int) -> Definition | None:
        """The expression of an operand of record ``i``, where the code shows it."""
        return self.question.operand(i, slot)

    @cached_property
    def _at(self) -> dict[Any, list[int]]:
        """The records in the graph by the position of their code."""
        found: dict[Any, list[int]] = {}
        for i in self.builder.indices:
            site = self.builder.records[i].call_site
            if site is not None and (key := _key(site)) is not None:
                found.setdefault(key, []).append(i)
        return found

    def record_at(self, line: Statement, node: ast.AST) -> int:
        """The index of the last record that an expression made; -1 if it made none."""
        if not isinstance(node, ast.expr):
            return -1
        position = (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)
        return self._at.get((line.path, *position), [-1])[-1]

    def span(self, line: Statement, node: Any = None) -> Span | None:
        """The span of a statement, or of an expression in it."""
        return self.question.span(line, node)


def is_tape_block(block: ast.With) -> bool:
    """Whether a with-statement is the block of a tape."""
    return any(
        isinstance(item.context_expr, ast.Call)
        and dotted(item.context_expr.func).endswith("GradientTape")
        for item in block.items
    )


def _binds(line: Statement, name: str) -> bool:
    """Whether a line rebinds a name, and does not only change the object it holds."""
    return name in line.makes and not isinstance(line.node, ast.Expr)


def _key(call_site: CallSite) -> Any:
    position = positions(call_site[0]).get(call_site[1])
    return None if position is None else (call_site[0].co_filename, *position)


def names_in(node: ast.AST) -> Iterator[str]:
    """The names that an expression reads, but for those of functions it calls."""
    calls = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    inner = {
        id(n.value)
        for n in ast.walk(node)
        if isinstance(n, ast.Attribute) and id(n) not in calls
    }
    for one in ast.walk(node):
        free = id(one) not in calls and id(one) not in inner
        if free and isinstance(one, (ast.Name, ast.Attribute)) and dotted(one):
            yield dotted(one)


def is_tensor(thing: Any) -> bool:
    """Whether it is a tensor or a variable itself."""
    return thing.__class__ in (Tensor, Variable)
