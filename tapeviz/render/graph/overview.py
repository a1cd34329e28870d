"""Tables about a large recording: its size, its structure, its ops, its code."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache

from tapeviz.analysis.folded_view import FoldedView
from tapeviz.analysis.folding import Fold
from tapeviz.analysis.loops import RepetitionFinder
from tapeviz.render.html.table import table
from tapeviz.trace.graph import Span
from tapeviz.trace.markup import Element, element
from tapeviz.trace.value import Value
from tapeviz.wording import values as words

_LONGEST = 10


@dataclass(frozen=True)
class Chapter:
    """One table of a survey."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def survey(fold: Fold, outer: FoldedView) -> tuple[Chapter, ...]:
    """Tables of the whole: its size, its structure, its kinds of op, its busiest lines.

    ``outer`` is the outermost level.
    """
    return (
        Chapter("In all", ("what", "how much"), _totals(fold)),
        Chapter("Structure", ("part", "operations"), _structure(outer)),
        Chapter("Kinds of operation", ("operation", "times"), _kinds(fold)),
        Chapter("Busiest lines", ("line", "code", "operations"), _lines(fold)),
    )


def _totals(fold: Fold) -> tuple[tuple[str, ...], ...]:
    nodes, columns = fold.graph.nodes, fold.columns
    leaves = Counter(n.kind for n in nodes if n.id not in columns.at)
    total = sum(_bytes(n.value) for n in nodes)
    kinds = {"variable": "variables", "watched": "watched", "constant": "constants"}
    return (
        ("operations", words.grouped(len(columns.ops))),
        *(
            (said, words.grouped(leaves[kind]))
            for kind, said in kinds.items()
            if leaves[kind]
        ),
        ("longest path, in operations", words.grouped(depth(fold))),
        ("all values together", size(total)),
    )


def depth(fold: Fold) -> int:
    """How many ops the longest path through the graph has."""
    columns = fold.columns
    at, deep = columns.at, [0] * len(columns.ops)
    for i in range(len(deep)):
        before = (deep[at[e.tail]] for e in columns.into(i, i + 1) if e.tail in at)
        deep[i] = 1 + max(before, default=0)
    return max(deep, default=0)


def _structure(outer: FoldedView) -> tuple[tuple[str, ...], ...]:
    groups = [(p.title, words.grouped(p.size)) for p in outer.groups.values()]
    single = sum(n.kind == "op" for n in outer.graph.nodes)
    return (*groups, *([("shown one by one", words.grouped(single))] if single else ()))


def _kinds(fold: Fold) -> tuple[tuple[str, ...], ...]:
    found = Counter(node.op for node in fold.columns.ops)
    return longest([((kind,), count) for kind, count in found.items()])


def _lines(fold: Fold) -> tuple[tuple[str, ...], ...]:
    said = RepetitionFinder(fold.graph).line_in_words
    sources = {s.name: s for s in fold.graph.sources}
    found = Counter(_line(node.span) for node in fold.columns.ops)
    rows: list[tuple[tuple[str, ...], int]] = []
    for (file, line), count in found.items():
        source = sources.get(file)
        at = line - source.first if source else -1
        known = source is not None and 0 <= at < len(source.lines)
        code = source.lines[at].strip() if source and known else ""
        where = said(file, line) if file else "not known"
        rows.append(((where, words.one_line(code, 60)), count))
    return longest(rows)


def _line(span: Span | None) -> tuple[str, int]:
    return ("", 0) if span is None else (span.file, span.line)


def longest(rows: list[tuple[tuple[str, ...], int]]) -> tuple[tuple[str, ...], ...]:
    """The rows with the highest counts, and how many others there are."""
    rows.sort(key=lambda row: (-row[1], row[0]))
    shown = [(*cells, words.grouped(count)) for cells, count in rows[:_LONGEST]]
    rest = sum(count for _, count in rows[_LONGEST:])
    if rest:
        blank = [""] * (len(shown[0]) - 2)
        more = len(rows) - _LONGEST
        shown.append((f"{more} others", *blank, words.grouped(rest)))
    return tuple(shown)


def _bytes(value: Value) -> int:
    return math.prod(value.shape) * _width(value.dtype)


@cache
def _width(dtype: str) -> int:
    """The bytes of one number."""
    bits = re.search(r"\d+$", dtype)
    return int(bits[0]) // 8 if bits else 1


def size(count: int) -> str:
    """A number of bytes, for people.

    >>> size(400), size(12_345_678)
    ('400 bytes', '12.3 MB')
    """
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"


def html(chapters: tuple[Chapter, ...], *, expanded: bool) -> Element:
    """The tables as HTML that unfolds."""
    total = chapters[0].rows[0][1]
    tables = (table(c.heads, c.rows, c.title) for c in chapters if c.rows)
    return element(
        "details",
        element("summary", f"{total} operations at a glance"),
        element("div", *tables, cls="chapters"),
        cls="survey",
        open=expanded,
    )


def text(chapters: tuple[Chapter, ...]) -> str:
    """The tables as plain text."""
    return "\n\n".join(
        f"{chapter.title}\n{words.columns(chapter.heads, chapter.rows)}"
        for chapter in chapters
        if chapter.rows
    )
