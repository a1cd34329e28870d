"""The learner's code around a tape, and the values that its names have now.

A name is looked up only where its present value is surely the one that a line of code
read or assigned: visible in the same scope, and not rebound since.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from tapeviz.inspect.gradient_question import Question
from tapeviz.inspect.source.dataflow import Statement, called, dotted
from tapeviz.inspect.source.positions import positions

Definition = tuple[Statement, ast.expr]


class Lookup:
    """The code around the tape of a question: its lines, and what their names hold."""

    def __init__(self, question: Question) -> None:
        self.question, self.names = question, question.names
        self.program, self.asking = question.program, question.program.asking_line

    # -- lines -----------------------------------------------------------------------

    def inside(self, line: Statement) -> bool:
        """Whether a line is in the tape's block."""
        head = self.question.head
        return head is not None and head.node in line.withs

    def after_the_block(self) -> Iterator[Statement]:
        """The statements after the block, up to the question, in no tape's block."""
        head = self.question.head
        if head is None or self.asking is None:
            return
        end = (head.order[0], head.node.end_lineno or 0, 10**6)
        for line in self.program.lines:
            near = line.scope == head.scope and end < line.order <= self.asking.order
            if near and not any(map(_is_tape_block, line.withs)):
                yield line

    # -- names -----------------------------------------------------------------------

    def seen(self, name: str, line: Statement) -> bool:
        """Whether a name means the same in a line and in the question."""
        scope = self.program.key(name, line)
        if self.asking is None:
            return "/" not in scope[0].replace(line.path, "")
        return scope == self.program.key(name, self.asking)

    def definition(self, name: str, line: Statement | None) -> Definition | None:
        """The one statement that made the value which a line reads by this name.

        None where several may have made it. Without a line, the question reads it.
        """
        line = line or self.asking
        every = self.program.before(name, line) if line is not None else []
        found = [one for one in every if _binds(one, name)]
        value = found[0].value if len(found) == 1 else None
        return None if value is None else (found[0], value)

    def held(self, name: str, line: Statement) -> Any:
        """The value that a line read by this name, if it surely still holds it."""
        thing, made = self._present(name, line)
        if thing is None:
            return None
        if not any(o.order >= line.order or {*o.loops} & {*line.loops} for o in made):
            return thing
        before = [one for one in self.program.before(name, line) if one in made]
        return thing if before == [made[-1]] else None

    def result(self, name: str, line: Statement) -> Any:
        """The value that a line assigned to this name, if it surely still holds it."""
        thing, made = self._present(name, line)
        return thing if made and made[-1] is line and line.sure else None

    def watched(self, name: str) -> bool:
        """Whether some line may call ``watch`` with this name."""
        known = {name, name.partition(".")[0]}
        lines = self.program.lines
        return any("watch" in line.calls and known & line.reads for line in lines)

    def _present(self, name: str, line: Statement) -> tuple[Any, list[Statement]]:
        """What a name holds that a line and the question see; what gave it values."""
        first, *rest = name.split(".")
        thing = self.names.get(first)
        for part in rest:  # read from ``__dict__`` so that no code runs
            thing = getattr(thing, "__dict__", {}).get(part)
        if thing is None or not self.seen(name, line):
            return None, []
        asking, made = self.asking, self.program.made(name, line)
        early = (
            one for one in made
            if asking is None or one.scope != asking.scope or one.order < asking.order
        )  # fmt: skip
        return thing, [one for one in early if _binds(one, name)]

    # -- expressions -----------------------------------------------------------------

    @cached_property
    def _at(self) -> dict[Any, int]:
        """The last record in the graph by the position of its code."""
        found: dict[Any, int] = {}
        for i in self.question.builder.indices:
            site = self.question.records[i].call_site
            position = positions(site.code).get(site.instruction) if site else None
            if site is not None and position is not None:
                found[site.code.co_filename, *position] = i
        return found

    def record_at(self, line: Statement, node: ast.AST) -> int:
        """The index of the last record that an expression made; -1 if it made none."""
        if not isinstance(node, ast.expr):
            return -1
        position = (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)
        return self._at.get((line.path, *position), -1)


def _is_tape_block(block: ast.With) -> bool:
    heads = (item.context_expr for item in block.items)
    return any(called(head).endswith("GradientTape") for head in heads)


def _binds(line: Statement, name: str) -> bool:
    """Whether a line rebinds a name, and does not only change the object it holds."""
    return name in line.makes and not isinstance(line.node, ast.Expr)


def names_read(node: ast.AST) -> Iterator[str]:
    """The names that an expression reads, but for those of functions it calls."""
    calls = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    inner = {
        id(n.value)
        for n in ast.walk(node)
        if isinstance(n, ast.Attribute) and id(n) not in calls
    }
    for one in ast.walk(node):
        if id(one) not in calls | inner and dotted(one):
            yield dotted(one)
