"""What changed from one tape to the next, as badges of the picture and as a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from tapeviz.analysis.graph_diff import GraphDiff, Pair
from tapeviz.trace.film import Table
from tapeviz.trace.graph import NOT_RECORDED, Badge, Graph, Node, Note
from tapeviz.trace.value import Value
from tapeviz.wording import values as words

_NOUNS = {"added": "new", "removed": "gone", "changed": "changed"}
_SHORT = 14


def changed(both: GraphDiff) -> Graph:
    """The union of both graphs, with a badge on every difference and their count.

    >>> from tapeviz.analysis.graph_diff import compare
    >>> changed(compare(Graph(), Graph())).notes[0].text
    'Nothing changed.'
    """
    nodes = (b for node in both.graph.nodes for b in _badges(node.id, both))
    note = Note("changes", _counted(both))
    found = replace(both.graph, badges=(*nodes, *_arrows(both)), notes=(note,))
    return found.validate()


def changes(both: GraphDiff) -> Table:
    """A row for each difference: its kind, what it is about, before and after."""
    formulas, old = words.formulas(both.graph), words.formulas(both.before)
    for id, pair in both.pairs.items():
        if pair.before is not None and pair.after is None:
            formulas[id] = old.get(pair.before.id, "")
    rows = [
        (f"{words.SIGNS[kind]} {aspect}", _called(pair), formulas.get(id, ""), was, now)
        for id, pair in ((n.id, both.pairs[n.id]) for n in both.graph.nodes)
        for kind, aspect, was, now in _differences(pair)
    ]
    return Table(("change", "of", "formula", "before", "after"), tuple(rows))


def to_text(both: GraphDiff) -> str:
    """The list of differences as plain text."""
    table = changes(both)
    listed = words.columns(table.heads, table.rows) if table.rows else ""
    return "\n\n".join(filter(None, (_counted(both), listed)))


def _badges(id: str, both: GraphDiff) -> Iterator[Badge]:
    for kind, aspect, was, now in _differences(both.pairs[id]):
        if kind == "changed":
            yield Badge(id, kind, f"{aspect} {was} \u2192 {now}")
        else:
            yield Badge(id, kind, aspect)


def _arrows(both: GraphDiff) -> Iterator[Badge]:
    """Badges of the arrows; in words only between nodes that both graphs have."""
    for edge in both.graph.edges:
        kind = "added" if edge.id in both.added else "removed"
        if edge.id in both.added | both.removed:
            ends = (both.pairs[edge.tail], both.pairs[edge.head])
            known = all(pair.before and pair.after for pair in ends)
            yield Badge(
                edge.id, kind, f"{words.SIGNS[kind]} {_NOUNS[kind]}" if known else ""
            )


def _differences(pair: Pair) -> Iterator[tuple[str, str, str, str]]:
    """Each difference: its kind, what differs, how it was and how it is."""
    old, new = pair.before, pair.after
    if old is None and new is not None:
        yield "added", "new", "", words.brief(new.value, _SHORT)
    elif new is None and old is not None:
        yield "removed", "gone", words.brief(old.value, _SHORT), ""
    elif old is not None and new is not None:
        for aspect, was, now in _aspects(old, new):
            yield "changed", aspect, was, now


def _aspects(old: Node, new: Node) -> Iterator[tuple[str, str, str]]:
    if (old.kind, old.op, old.formula) != (new.kind, new.op, new.formula):
        was, now = (n.symbol or n.kind for n in (old, new))
        yield "operation", *((was, now) if was != now else (old.formula, new.formula))
    if old.unrecorded != new.unrecorded:
        yield (
            "recorded",
            NOT_RECORDED.get(old.unrecorded, "yes"),
            NOT_RECORDED.get(new.unrecorded, "yes"),
        )
    if old.name != new.name:
        was, now = (words.path_name(n.name) or "none" for n in (old, new))
        yield "name", was, now
    if repr(old.value) != repr(new.value):
        yield "value", *_before_after(old.value, new.value)
    if repr((old.grad, old.gradient)) != repr((new.grad, new.gradient)):
        if old.gradient is not None and new.gradient is not None:
            yield "gradient", *_before_after(old.gradient, new.gradient)
        else:
            yield "gradient", words.gradient(old), words.gradient(new)
    if (old.target, old.source) != (new.target, new.source):
        yield "role", _role(old), _role(new)


def _before_after(old: Value, new: Value) -> tuple[str, str]:
    """Two values, with as much detail as it takes to tell them apart."""
    for said in (lambda v: words.brief(v, _SHORT), words.fmt, words.describe):
        was, now = said(old), said(new)
        if was != now:
            return _shorter(was, now, f"{words.shape(old)} ")
    return "other numbers", "in places"


def _shorter(was: str, now: str, shape: str) -> tuple[str, str]:
    """Two means without the shape, where it is the same."""
    same = f"{shape}mean "
    if was.startswith(same) and now.startswith(same):
        return was.removeprefix(shape), now.removeprefix(same)
    return was, now


def _role(node: Node) -> str:
    roles = ("target" if node.target else "", "source" if node.source else "")
    return " and ".join(filter(None, roles)) or "none"


def _called(pair: Pair) -> str:
    node = pair.after or pair.before
    if node is None:
        return ""
    plain = node.kind != "op" and not node.value.shape
    usual = words.brief(node.value, _SHORT) if plain else node.op
    return words.path_name(node.name) or usual


def _counted(both: GraphDiff) -> str:
    """How much is new, gone and changed, in a sentence."""
    kinds: Counter[str] = Counter()
    for pair in both.pairs.values():
        kinds.update({kind for kind, *_ in _differences(pair)})
    arrows = [b.kind for b in _arrows(both) if b.text and not kinds[b.kind]]
    parts = [f"{kinds[kind]} {_NOUNS[kind]}" for kind in _NOUNS if kinds[kind]]
    parts += [f"arrows {_NOUNS[kind]}" for kind in dict.fromkeys(arrows)]
    said = ", ".join(parts)
    return f"From the first tape to the second: {said}." if said else "Nothing changed."
