"""Which stretches of the learner's lines a step lights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tapeviz.trace.graph import Source, Span

Place = tuple[int, int, int]
"""A lit stretch of one line: the line's place among all lines, and its columns."""


def lit(sources: Iterable[Source], spans: Iterable[Span]) -> tuple[Place, ...]:
    """The stretches that spans light, in order and without overlap.

    A span over several lines becomes a stretch on each; one outside the lines is
    left out.
    """
    lines = [
        (source.name, source.first + n, text)
        for source in sources
        for n, text in enumerate(source.lines)
    ]
    at = {(name, number): i for i, (name, number, _) in enumerate(lines)}
    found = [
        _stretch(span, number, at[span.file, number], lines)
        for span in spans
        for number in range(span.line, span.end_line + 1)
        if (span.file, number) in at
    ]
    return _merged(found)


def _stretch(
    span: Span, number: int, place: int, lines: list[tuple[str, int, str]]
) -> Place:
    text = lines[place][2]
    indent = len(text) - len(text.lstrip())
    first = span.col if number == span.line else indent
    last = span.end_col if number == span.end_line else len(text.rstrip())
    return place, min(first, len(text)), min(last, len(text))


def _merged(places: list[Place]) -> tuple[Place, ...]:
    merged: list[Place] = []
    for line, first, last in sorted({p for p in places if p[1] < p[2]}):
        if merged and merged[-1][0] == line and first <= merged[-1][2]:
            merged[-1] = line, merged[-1][1], max(last, merged[-1][2])
        else:
            merged.append((line, first, last))
    return tuple(merged)


def listed(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """The lines for a script, with the names of the sources where there are several.

    A single one needs none; that of a notebook cell changes with every run.
    """
    several = len(sources) > 1
    return [
        {"name": s.name if several else "", "first": s.first, "lines": s.lines}
        for s in sources
    ]


def units(sources: Iterable[Source]) -> Callable[[Place], Place]:
    """A stretch of a line as scripts count: in UTF-16 units."""
    lines = [text for source in sources for text in source.lines]

    def count(place: Place) -> Place:
        line, first, last = place
        return line, _length(lines[line][:first]), _length(lines[line][:last])

    return count


def _length(text: str) -> int:
    return len(text) + sum(char > "\uffff" for char in text)
