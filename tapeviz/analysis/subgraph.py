"""Part of a graph: without constants, some steps deep, between target and sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tapeviz.errors import value_error
from tapeviz.trace.graph import Graph, Node, Note
from tapeviz.wording import values as words


@dataclass(frozen=True)
class Selection:
    """Which part of a graph is to be shown.

    ``depth`` is how many edges back from the target, or without one forward from the
    sources, or without either back from the last results. ``constants`` False leaves
    plain constants out. ``between`` leaves out what is on no path from a source to a
    target.
    """

    depth: int | None = None
    constants: bool = True
    between: bool = False

    def __post_init__(self) -> None:
        whole = isinstance(self.depth, int) and not isinstance(self.depth, bool)
        if self.depth is not None and not (whole and self.depth >= 0):
            raise value_error(
                f"depth is {self.depth!r}, which is no number of steps",
                "give a whole number from 0 up, or None for all steps",
            )

    def of(self, graph: Graph) -> Graph:
        """That part of a graph, with a note of how much is not shown.

        ValueError when ``between`` is asked for and the ends are not marked.
        """
        shown = {node.id for node in graph.nodes}
        if self.between:
            shown &= _between(graph)
        if self.depth is not None:
            shown &= _near(graph, self.depth)
        if not self.constants:
            shown -= {
                n.id for n in graph.nodes if n.kind == "constant" and not n.target
            }
        return graph if len(shown) == len(graph.nodes) else _restricted_to(graph, shown)


def _between(graph: Graph) -> set[str]:
    targets = [n.id for n in graph.nodes if n.target]
    sources = [n.id for n in graph.nodes if n.source]
    if not (targets and sources):
        missing = "sources" if targets else "target"
        raise value_error(
            f"between=True needs a target and sources, and no {missing} is marked",
            "name both, draw(tape, y, x, between=True), or ask the tape for a "
            "gradient first",
        )
    back, forth = _steps(graph)
    on_paths = _reached(back, targets) & _reached(forth, sources)
    return on_paths | {*targets, *sources}


def _near(graph: Graph, depth: int) -> set[str]:
    back, forth = _steps(graph)
    if targets := [n.id for n in graph.nodes if n.target]:
        return _reached(back, targets, depth)
    if sources := [n.id for n in graph.nodes if n.source]:
        return _reached(forth, sources, depth)
    ends = [n.id for n in graph.nodes if n.kind == "op" and n.id not in forth]
    return _reached(back, ends, depth)


def _steps(graph: Graph) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
    """From each node those before it, and those after it."""
    back: dict[str, list[str]] = {}
    forth: dict[str, list[str]] = {}
    for arrow in graph.arrows:
        back.setdefault(arrow.head, []).append(arrow.tail)
        forth.setdefault(arrow.tail, []).append(arrow.head)
    return back, forth


def _reached(
    steps: Mapping[str, list[str]], start: Iterable[str], depth: int | None = None
) -> set[str]:
    """The nodes reached along ``steps``, in at most ``depth`` of them if given."""
    found = front = {*start}
    while front and depth != 0:
        front = {other for id in front for other in steps.get(id, ())} - found
        found = found | front
        depth = None if depth is None else depth - 1
    return found


def _restricted_to(graph: Graph, shown: set[str]) -> Graph:
    """The induced subgraph; formulas still name the operands that are left out."""
    hidden, found = _hidden(graph, shown), graph.induced(shown)
    nodes = tuple(
        replace(n, formula=words.fill(n.formula, hidden[n.id])) if n.id in hidden else n
        for n in found.nodes
    )
    count = len(graph.nodes) - len(nodes)
    said = f"{count} {'box is' if count == 1 else 'boxes are'} not shown."
    return replace(found, nodes=nodes, notes=(*graph.notes, Note("more", said)))


def _hidden(graph: Graph, shown: set[str]) -> dict[str, dict[str, str]]:
    """For each op the names of its operands that are left out, by their slots."""
    found: dict[str, dict[str, str]] = {}
    slots: dict[str, set[str]] = {}
    for edge in graph.edges:
        if edge.head in shown and edge.tail in shown:
            slots.setdefault(edge.head, set()).add(edge.label)
    for edge in graph.edges:
        if edge.head in shown and edge.tail not in shown:
            said = _called(graph.node(edge.tail), slots.get(edge.head, set()))
            found.setdefault(edge.head, {})[edge.label] = said
    return found


def _called(node: Node, taken: set[str]) -> str:
    """A name that cannot be taken for one of the slots still to be filled."""
    free = replace(node, name="") if node.name in taken else node
    return words.operand_name(free, "...")
