"""From a bytecode instruction to the span of the learner's code it came from."""

from __future__ import annotations

import ast
import linecache
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import PurePath
from types import CodeType
from typing import Any

from tapeviz.engine.parsing import parse
from tapeviz.inspect.source.files import cell_numbers, taken_off
from tapeviz.trace.graph import CodeBlock, Source, Span, code_between

KINDS: dict[str, Any] = {
    "loop": (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp,
             ast.GeneratorExp),
    "function": (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda),
    "branch": (ast.If, ast.IfExp, ast.ExceptHandler, ast.Match),
}  # fmt: skip
"""The nodes that are blocks, by their kind."""


class Code:
    """Looks up spans of code, and collects the lines around them as sources."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}
        self._names: dict[str, str] = {}
        self._spans: dict[tuple[int, int], Span | None] = {}

    @property
    def names(self) -> dict[str, str]:
        """What each file that was looked at is called."""
        return self._names

    def span(self, code: CodeType, lasti: int) -> Span | None:
        """The sub-expression of one instruction, or None where there is no source."""
        key = (id(code), lasti)
        if key not in self._spans:
            self._spans[key] = self._span(code, lasti)
        return self._spans[key]

    def _span(self, code: CodeType, lasti: int) -> Span | None:
        position = positions(code).get(lasti)
        if position is None:
            return None
        line, end_line, col, end_col = position
        return self.span_of(code.co_filename, (line, col, end_line, end_col))

    def span_of(self, path: str, position: tuple[int, int, int, int]) -> Span | None:
        """The span between two positions of a file: lines, and columns in bytes."""
        line, col, end_line, end_col = position
        every = linecache.getlines(path)
        if not 0 < line <= end_line <= len(every):
            return None
        lines = [text.rstrip("\n") for text in every[line - 1 : end_line]]
        file = self._name(path)
        low, high = self._seen.get(path, (line, end_line))
        self._seen[path] = (min(low, line), max(high, end_line))
        start, end = _chars(lines[0], col), _chars(lines[-1], end_col)
        return Span(file, line, start, end_line, end, code_between(lines, start, end))

    def sources(self) -> tuple[Source, ...]:
        """The lines of each file from the first span to the last, with the head."""
        made = []
        for file, (first, high) in self._seen.items():
            lines = [line.rstrip("\n") for line in linecache.getlines(file)]
            low = _head(lines, first)
            made.append(Source(self._names[file], low, tuple(lines[low - 1 : high])))
        return tuple(made)

    def blocks(self, spans: Iterable[Span]) -> Iterator[CodeBlock]:
        """What is around spans that occur twice, as far as it begins in the sources."""
        again = [span for span, count in Counter(spans).items() if count > 1]
        for path, source in zip(self._seen, self.sources(), strict=True):
            lines = {span.line for span in again if span.file == source.name}
            for block in _blocks(path, source.name) if lines else ():
                reached = range(block.line, block.end_line + 1)
                if source.first <= block.line and not lines.isdisjoint(reached):
                    yield block

    def _name(self, file: str) -> str:
        if file not in self._names:
            name, taken = _label(file), set(self._names.values())
            while name in taken:
                name += "'"
            self._names[file] = name
        return self._names[file]


def _blocks(path: str, file: str) -> Iterator[CodeBlock]:
    """The loops, functions and branches of a file, inner ones last."""
    for node in ast.walk(tree_of(path)):
        for kind, types in KINDS.items():
            if isinstance(node, types):
                name = getattr(node, "name", None) or ""
                yield CodeBlock(file, kind, name, node.lineno, node.end_lineno or 0)


def tree_of(path: str) -> ast.Module:
    """A file parsed; a tree without statements if that is not possible."""
    try:
        return parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


@lru_cache(maxsize=4096)
def line_of(code: CodeType, instruction: int) -> tuple[str, int] | None:
    """The path and the line of an instruction; None where there is none."""
    position = positions(code).get(instruction)
    return None if position is None else (code.co_filename, position[0])


def code_line(path: str, number: int) -> tuple[str, int, str]:
    """What a file is called, the number of a line in it, and its text."""
    return _label(path), number, linecache.getline(path, number).strip()


def positions(code: CodeType) -> dict[int, tuple[int, int, int, int]]:
    """Line, end line and byte columns by instruction offset, in the file as it ran.

    Empty if the file was edited since.
    """
    columns = taken_off(code)
    return {} if columns < 0 else _positions(code, columns)


@lru_cache(maxsize=256)
def _positions(code: CodeType, columns: int) -> dict[int, tuple[int, int, int, int]]:
    found: Any = {2 * i: ends for i, ends in enumerate(code.co_positions())}
    return {
        at: (line, end_line, col + columns, end_col + columns)
        for at, (line, end_line, col, end_col) in found.items()
        if None not in {line, end_line, col, end_col}
    }


def _chars(line: str, column: int) -> int:
    """A column counted in bytes as one counted in characters."""
    return len(line.encode()[:column].decode(errors="ignore"))


_HEAD = re.compile(r"\s*(with|(?:async )?(?:for|while|def))\b")


def _head(lines: list[str], low: int) -> int:
    """The line of the ``with`` that a block begins under, if it is close above.

    Failing that, the outermost loop or function that begins close above.
    """
    indent, head = _indent(lines[low - 1]), low
    for n in range(low - 1, max(0, low - 12), -1):
        text = lines[n - 1]
        if not text.strip() or _indent(text) >= indent:
            continue
        indent = _indent(text)
        found = _HEAD.match(text)
        if found and found[1] == "with":
            return n
        head = n if found else head
    return head


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _label(file: str) -> str:
    """A file's last part, or ``In [3]`` for a notebook cell."""
    number = cell_numbers().get(file)
    if number is not None:
        return f"In [{number}]"
    return PurePath(file).name.strip("<>") or "code"
