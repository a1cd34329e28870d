"""What a tape keeps alive, as badges of its picture and as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tapeviz.trace.film import Table
from tapeviz.trace.graph import Badge, Graph, Note
from tapeviz.trace.memory import KeptArray, Memory
from tapeviz.wording import values as words

_UNITS = ("B", "kB", "MB", "GB", "TB")


def with_memory(graph: Graph, memory: Memory) -> Graph:
    """The graph with a badge on each node that keeps arrays alive, and a note.

    >>> with_memory(Graph(), Memory((), 64, persistent=False, used=False)).notes[0].text
    'The tape keeps no array alive; its own records take about 64 B.'
    """
    badges = [b for k in memory.arrays if k.node in graph.by_id for b in _badges(k)]
    note = Note("memory", sentence(memory))
    return replace(
        graph, badges=(*graph.badges, *badges), notes=(*graph.notes, note)
    ).validate()


def _badges(record: KeptArray) -> Iterator[Badge]:
    if record.freed:
        yield Badge(record.node, "held", f"keeps {size(record.freed)} alive")
    if record.size > record.freed:
        rest = record.size - record.freed
        yield Badge(record.node, "shared", f"{size(rest)}, alive anyway")


def sentence(memory: Memory) -> str:
    """The totals in words: what the tape keeps alive, and what deleting it frees."""
    own = f"its own records take about {size(memory.records)}"
    if not memory.size:
        return f"The tape keeps no array alive; {own}."
    rest = memory.size - memory.freed
    parts = [f"The tape keeps {size(memory.size)} of arrays alive."]
    if memory.freed:
        parts.append(f"del tape frees {size(memory.freed)} of them")
        parts[-1] += f"; {size(rest)} live on elsewhere." if rest else "."
    else:
        parts.append("All of them live on elsewhere when the tape is gone.")
    parts.append(f"{own[0].upper()}{own[1:]}.")
    if memory.persistent:
        parts.append("It is persistent: all of it stays for the next gradient.")
    elif memory.used:
        parts.append("It is used up, and keeps them only to be drawn and played.")
    return " ".join(parts)


def table(graph: Graph, memory: Memory) -> Table:
    """A row for each record that keeps an array which no earlier record keeps."""
    formulas = words.formulas(graph)
    rows = [
        (
            k.node,
            words.path_name(graph.node(k.node).name),
            words.one_line(formulas.get(k.node, graph.node(k.node).kind), 40),
            ", ".join(_operand(graph, k.node, what) for what in k.what),
            size(k.size),
            size(k.freed),
        )
        for k in memory.arrays
        if k.node in graph.by_id
    ]
    heads = ("id", "name", "formula", "keeps", "bytes", "freed by del tape")
    total = ("", "", "", "all", size(memory.size), size(memory.freed))
    return Table(heads, (*rows, total))


def _operand(graph: Graph, node: str, what: str) -> str:
    """The learner's name of a kept array."""
    if what == "result":
        return "its value"
    tails = [e.tail for e in graph.edges if e.head == node and e.label == what]
    name = graph.node(tails[0]).name if tails else ""
    return words.path_name(name) or what


def size(count: int) -> str:
    """A number of bytes for people.

    >>> [size(n) for n in (0, 999, 1_000, 8_192, 2_500_000)]
    ['0 B', '999 B', '1 kB', '8.19 kB', '2.5 MB']
    """
    shown, unit = float(count), 0
    while round(shown) >= 1000 and unit < len(_UNITS) - 1:
        shown, unit = shown / 1000, unit + 1
    return f"{shown:.3g} {_UNITS[unit]}"
