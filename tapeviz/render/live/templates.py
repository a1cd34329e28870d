"""Graphs with symbolic numbers, and the texts of pictures that have them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from tapeviz.trace.graph import Graph, Node
from tapeviz.trace.markup import Element
from tapeviz.trace.program import Program
from tapeviz.trace.symbolic import MARK, TEXTS, TOKEN, Slot, Symbolic
from tapeviz.trace.value import Value

_FORMS = {"bool": "b", "int": "i", "uint": "i"}


def symbolic(value: Value, kind: str, of: str) -> Value:
    """The value with slots for its numbers; one that is not kept stays as it is."""
    if value.data is None:
        return value
    form = _FORMS.get(value.dtype.rstrip("0123456789"), "")
    data = tuple(
        Symbolic(float(entry), Slot(kind, of, i), form)
        for i, entry in enumerate(value.data)
        if isinstance(entry, (int, float))
    )
    return replace(value, data=data)


def moving(program: Program) -> frozenset[str]:
    """The ids of the nodes whose values depend on what can be changed."""
    found = {*program.free}
    for i, one in enumerate(program.instructions):
        if not found.isdisjoint(one.operands):
            found.add(i)
    return frozenset(program.instructions[i].id for i in found)


def moving_gradients(program: Program) -> frozenset[str]:
    """The ids of the nodes whose gradients depend on what can be changed."""
    nodes, values = program.instructions, moving(program)
    found: set[str] = set()
    for step in program.sweep:
        head = nodes[step.node]
        formulas = program.formulas[head.formulas]
        many = formulas.operands[:1] == ("xs",)
        names = dict(zip(formulas.operands, head.operands, strict=False))
        for slot in step.slots:
            used = {*_names(formulas.vjps[0 if many else slot])}
            tails = {nodes[names[name]].id for name in used & names.keys()}
            if many and "xs" in used:
                tails |= {nodes[i].id for i in head.operands}
            if "y" in used:
                tails.add(head.id)
            if head.id in found or tails & values:
                found.add(nodes[head.operands[slot]].id)
    return frozenset(found)


def _names(tree: Any) -> Iterator[str]:
    """The names in a tree of which the numbers matter, not the shape alone."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, (tuple, list)) and tree and tree[0] != "shape":
        for part in tree[1:]:
            yield from _names(part)


def symbolic_graph(graph: Graph, program: Program) -> Graph:
    """The graph with slots for each value and gradient that can change."""
    values, gradients = moving(program), moving_gradients(program)

    def changed(node: Node) -> Node:
        value, gradient = node.value, node.gradient
        if node.id in values:
            value = symbolic(value, "v", node.id)
        if node.id in gradients and gradient is not None:
            gradient = symbolic(gradient, "g", node.id)
        return replace(node, value=value, gradient=gradient)

    return replace(graph, nodes=tuple(map(changed, graph.nodes)))


def texts_of(part: Element) -> tuple[str, ...]:
    """What each <text> in an element says."""
    return tuple(
        "".join(child for child in one.children if isinstance(child, str))
        for one in part.walk()
        if one.tag == "text"
    )


def changing_texts(picture: Element) -> dict[str, tuple[str, ...]]:
    """The texts of the elements with an id in which there is a token, by that id."""
    found: dict[str, tuple[str, ...]] = {}
    for part in picture.walk():
        id, texts = part.attributes.get("id"), texts_of(part)
        inner = any("id" in one.attributes for one in part.walk() if one is not part)
        if isinstance(id, str) and not inner and any(MARK in text for text in texts):
            found[id] = texts
    return found


def packed_slots(
    slots: Iterable[Slot], text: Callable[[str], int]
) -> list[str | list[Any]]:
    """The slots as ``live/templates.js`` reads them.

    ``text`` gives the number of a long text among those that the page has in any case.
    """
    return [_packed(slot, text) for slot in slots]


def _packed(slot: Slot, text: Callable[[str], int]) -> str | list[Any]:
    kind, parts = slot.kind, slot.parts
    if not parts:
        return f"{kind}{slot.of}{f':{slot.entry}' if slot.entry else ''}"
    if kind == "?":
        measured, yes, no = parts
        return [kind, slot.entry, measured, yes if yes != measured else 0, no]
    if kind == "~":
        return [kind, slot.of, *map(text, parts)]
    if kind in TEXTS:
        return [kind, *([slot.entry] if slot.entry else []), *parts]
    return [kind, *map(packed_number, parts)]


def packed_number(part: str) -> str | float | None:
    """A number, None where it is none, or the slot of a token as text."""
    if found := TOKEN.fullmatch(part):
        return found[1]
    number = float(part)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


_EXACT = 2**53
