"""A graph as a Mermaid flowchart, which Markdown on many sites draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tapeviz.render.graph.annotations import arrows, frame_name
from tapeviz.render.graph.layout import check, nested
from tapeviz.render.svg import theme as themes
from tapeviz.render.text.dot import edge_label, node_lines
from tapeviz.trace.graph import Edge, Graph, Node
from tapeviz.wording import values as words

_SHAPES = {
    "variable": ("(", ")"),
    "watched": ("{{", "}}"),
    "constant": ("([", "])"),
    "op": ("[", "]"),
}
"""The brackets around a label: rounded, six corners, a pill, a box."""

_PLAIN = frozenset(" ,.+=_'")


def to_mermaid(graph: Graph, *, direction: str = "LR") -> str:
    """The graph as a flowchart, with the labels and the colours of the picture.

    Node names are ``v0``, ``v1``, ...; names and code of the learner appear in labels
    only, every character that could mean something written as its number. ValueError
    for a direction other than LR and TB.

    >>> print(to_mermaid(Graph()))
    flowchart LR
        empty["Nothing was recorded."]
    <BLANKLINE>
    """
    formulas, number = words.formulas(graph), _numbers(graph)
    nothing = [] if graph.nodes else ['empty["Nothing was recorded."]']
    lines = [
        f"flowchart {check(direction)}",
        *nothing,
        *(_node(n, number[n.id], node_lines(graph, n, formulas)) for n in graph.nodes),
        *_frames(graph, number),
        *(_edge(edge, graph, number) for edge, _trail in arrows(graph)),
        *_notes(graph),
        *_classes(graph, number),
    ]
    return "\n    ".join(lines) + "\n"


def _numbers(graph: Graph) -> dict[str, str]:
    return {node.id: f"v{i}" for i, node in enumerate(graph.nodes)}


def _node(node: Node, name: str, lines: Iterable[str]) -> str:
    before, after = _SHAPES.get(node.kind, ("[", "]"))
    return f'{name}{before}"{"<br/>".join(map(escaped, lines))}"{after}'


def _frames(graph: Graph, number: Mapping[str, str]) -> Iterator[str]:
    """The tapes' blocks, one within the other, each with the nodes of its own."""
    groups = [frame.nodes for frame in graph.frames]
    for k, opens in nested(groups):
        if not opens:
            yield "end"
            yield f"style f{k} fill:none,stroke:{themes.colours('light')['line']}"
            continue
        yield f'subgraph f{k}["{escaped(frame_name(graph.frames[k]))}"]'
        later = (set(group) for group in groups[k + 1 :])
        inner = {id for group in later if group <= set(groups[k]) for id in group}
        yield from (number[id] for id in groups[k] if id not in inner)


def _edge(edge: Edge, graph: Graph, number: Mapping[str, str]) -> str:
    said = escaped(edge_label(edge, graph))
    arrow = "-->" if edge.live else "-.->"
    label = f'|"{said}"|' if said else ""
    return f"{number[edge.tail]} {arrow}{label} {number[edge.head]}"


def _notes(graph: Graph) -> Iterator[str]:
    """The notes about the whole tape, as nodes without a frame."""
    for k, note in enumerate(graph.notes):
        yield f'note{k}["{escaped(note.text)}"]'
        yield f"style note{k} fill:none,stroke:none"


def _classes(graph: Graph, number: Mapping[str, str]) -> Iterator[str]:
    """The light theme's colour for each role that occurs; unrecorded is dashed."""
    table = themes.colours("light")
    roles: dict[str, list[str]] = {}
    for node in graph.nodes:
        role = "target" if node.target else node.kind
        roles.setdefault(role, []).append(number[node.id])
        if node.unrecorded:
            roles.setdefault("ghost", []).append(number[node.id])
    for role, names in roles.items():
        if role == "ghost":
            look = "fill:none,stroke-dasharray:5 3"
        else:
            fill, line, ink = table[f"{role}-fill"], table[role], table["ink"]
            wide = 3 if role == "target" else 1
            look = f"fill:{fill},stroke:{line},color:{ink},stroke-width:{wide}px"
        yield f"classDef {role} {look}"
        yield f"class {','.join(names)} {role}"


def escaped(text: str) -> str:
    """The text with every character escaped that Mermaid could interpret.

    >>> escaped('f(<b>"x"</b>)')
    'f#40;#60;b#62;#34;x#34;#60;#47;b#62;#41;'
    """
    return "".join(map(_character, words.one_line(text)))


def _character(char: str) -> str:
    if char.isalnum() or char in _PLAIN:
        return char
    return f"#{ord(char)};"
