"""Which parts of the learner's lines a step lights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tapeviz.trace.graph import Source, Span

LitSpan = tuple[int, int, int]
"""A lit part of one line: the line's index among all lines, first and last column."""


def lit_spans(sources: Iterable[Source], spans: Iterable[Span]) -> tuple[LitSpan, ...]:
    """The parts of lines that spans light, in order and without overlap.

    A span over several lines becomes a part of each; one outside the lines is left out.
    """
    lines = [
        (source.name, source.first + n, text)
        for source in sources
        for n, text in enumerate(source.lines)
    ]
    at = {(name, number): i for i, (name, number, _) in enumerate(lines)}
    found = [
        _lit_part(span, number, at[span.file, number], lines)
        for span in spans
        for number in range(span.line, span.end_line + 1)
        if (span.file, number) in at
    ]
    return _merged(found)


def _lit_part(
    span: Span, number: int, position: int, lines: list[tuple[str, int, str]]
) -> LitSpan:
    text = lines[position][2]
    indent = len(text) - len(text.lstrip())
    first = span.col if number == span.line else indent
    last = span.end_col if number == span.end_line else len(text.rstrip())
    return position, min(first, len(text)), min(last, len(text))


def _merged(spans: list[LitSpan]) -> tuple[LitSpan, ...]:
    merged: list[LitSpan] = []
    for line, first, last in sorted({s for s in spans if s[1] < s[2]}):
        if merged and merged[-1][0] == line and first <= merged[-1][2]:
            merged[-1] = line, merged[-1][1], max(last, merged[-1][2])
        else:
            merged.append((line, first, last))
    return tuple(merged)


def code_listing(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """The lines for a script, with the names of the sources where there are several.

    A single one needs none; that of a notebook cell changes with every run.
    """
    several = len(sources) > 1
    return [
        {"name": s.name if several else "", "first": s.first, "lines": s.lines}
        for s in sources
    ]


def to_utf16(sources: Iterable[Source]) -> Callable[[LitSpan], LitSpan]:
    """A function that gives the columns of a part as scripts count: in UTF-16 units."""
    lines = [text for source in sources for text in source.lines]

    def count(span: LitSpan) -> LitSpan:
        line, first, last = span
        return line, _length(lines[line][:first]), _length(lines[line][:last])

    return count


def _length(text: str) -> int:
    return len(text) + sum(char > "\uffff" for char in text)
