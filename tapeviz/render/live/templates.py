"""Graphs with symbolic numbers, and the texts of pictures that have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tapeviz.trace.graph import Graph
from tapeviz.trace.markup import Element
from tapeviz.trace.program import Program
from tapeviz.trace.symbolic import MARK, Slot, Symbolic
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
    found = {handle.node for handle in program.handles}
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
    nodes = []
    for node in graph.nodes:
        if node.id in values:
            node = replace(node, value=symbolic(node.value, "v", node.id))
        if node.id in gradients and node.gradient is not None:
            node = replace(node, gradient=symbolic(node.gradient, "g", node.id))
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


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
