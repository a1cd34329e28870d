"""A graph as DOT text, for Graphviz and the programs that read its language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tapeviz.render.graph.annotations import arrows, frame_name
from tapeviz.render.graph.layout import check, nested
from tapeviz.trace.graph import CUTS, NOT_RECORDED, Edge, Graph, Node
from tapeviz.wording import values as words

_SHAPES = {
    "variable": "shape=box;style=rounded",
    "watched": "shape=octagon",
    "constant": "shape=oval",
    "op": "shape=box",
    "group": "shape=box3d",
    "port": "shape=oval;style=dashed",
}


def to_dot(graph: Graph, *, direction: str = "LR") -> str:
    """The graph in the DOT language, with the labels of the picture.

    Node names are the ids of the graph; names and code of the learner appear in
    labels only, escaped. No layout engine is needed. ValueError for a direction other
    than LR and TB.

    >>> print(to_dot(Graph()))
    digraph tape {
      graph [rankdir=LR]
      node [fontname="Helvetica";fontsize=12]
      edge [fontname="Helvetica";fontsize=10]
    }
    <BLANKLINE>
    """
    formulas = words.formulas(graph)
    lines = [
        f"graph [rankdir={check(direction)}]",
        'node [fontname="Helvetica";fontsize=12]',
        'edge [fontname="Helvetica";fontsize=10]',
        *(_node(node, node_lines(graph, node, formulas)) for node in graph.nodes),
        *_frames(graph),
        *(_edge(edge, graph, trail=trail) for edge, trail in arrows(graph)),
        *_notes(graph),
    ]
    return "\n  ".join(("digraph tape {", *lines)) + "\n}\n"


def _notes(graph: Graph) -> Iterator[str]:
    """The notes about the whole tape, below the picture."""
    if graph.notes:
        label = "\\l".join(_escaped(note.text) for note in graph.notes)
        yield f'graph [labelloc=b;labeljust=l;fontname="Helvetica";label="{label}\\l"]'


def _frames(graph: Graph) -> Iterator[str]:
    """The tapes' blocks as clusters, one within the other."""
    for k, opens in nested([frame.nodes for frame in graph.frames]):
        frame = graph.frames[k]
        label, names = _escaped(frame_name(frame)), " ".join(map(quoted, frame.nodes))
        yield f'subgraph cluster_{k} {{ label="{label}"; {names}' if opens else "}"


def _node(node: Node, lines: Iterator[str]) -> str:
    label = "\\n".join(map(_escaped, lines))
    rim = ";peripheries=2" if node.target else ""
    look = (
        _SHAPES[node.kind].partition(";")[0] if node.unrecorded else _SHAPES[node.kind]
    )
    look += ";style=dashed" if node.unrecorded else ""
    return f'{quoted(node.id)} [{look}{rim};label="{label}"]'


def node_lines(graph: Graph, node: Node, formulas: Mapping[str, str]) -> Iterator[str]:
    """What a node's label says, line by line."""
    formula = formulas.get(node.id, "")
    kind = formula or (node.formula if node.kind in {"group", "port"} else node.kind)
    yield f"{kind}, target" if node.target else kind
    if node.unrecorded:
        yield NOT_RECORDED[node.unrecorded]
    name = words.path_name(node.name)
    yield f"{name} = {words.fmt(node.value)}" if name else f"= {words.fmt(node.value)}"
    if not words.quiet(node):
        yield f"gradient {words.gradient(node)}"
    yield from map(words.badge, graph.badged.get(node.id, ()))


def edge_label(edge: Edge, graph: Graph) -> str:
    """What stands beside an edge: its slot where order matters, its shape, its cut."""
    slot = edge.label if edge.ordered else ""
    flow = words.flow(edge, graph.node(edge.tail).value, graph.node(edge.head).value)
    badges = map(words.badge, graph.badged.get(edge.id, ()))
    return "  ".join(filter(None, (*badges, slot, flow, CUTS.get(edge.cut, ""))))


def _edge(edge: Edge, graph: Graph, *, trail: bool) -> str:
    label = _escaped(edge_label(edge, graph))
    parts = [f'label="{label}"'] if label else []
    parts += [f"style={'dotted' if trail else 'dashed'}"] if not edge.live else []
    inside = f" [{';'.join(parts)}]" if parts else ""
    return f"{quoted(edge.tail)} -> {quoted(edge.head)}{inside}"


def quoted(text: str) -> str:
    r"""The text as a quoted DOT string that means just the text.

    >>> print(quoted('say "hi"'))
    "say \"hi\""
    """
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    plain = words.one_line(text)
    return plain.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
