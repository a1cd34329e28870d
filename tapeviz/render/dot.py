"""A graph as DOT text, for Graphviz and the programs that read its language."""

from __future__ import annotations

from collections.abc import Iterator

from tapeviz.render import text as words
from tapeviz.render.layout import check
from tapeviz.trace.graph import Edge, Graph, Node

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
        *(_node(node, formulas.get(node.id, "")) for node in graph.nodes),
        *(_edge(edge, graph.by_id) for edge in graph.edges),
    ]
    return "\n  ".join(("digraph tape {", *lines)) + "\n}\n"


def _node(node: Node, formula: str) -> str:
    label = "\\n".join(_escaped(line) for line in node_lines(node, formula))
    rim = ";peripheries=2" if node.target else ""
    return f'{quoted(node.id)} [{_SHAPES[node.kind]}{rim};label="{label}"]'


def node_lines(node: Node, formula: str) -> Iterator[str]:
    """What a node's label says, line by line."""
    kind = formula or (node.formula if node.kind in {"group", "port"} else node.kind)
    yield f"{kind}, target" if node.target else kind
    name = words.one_line(node.name, 24)
    yield f"{name} = {words.fmt(node.value)}" if name else f"= {words.fmt(node.value)}"
    if not words.quiet(node):
        yield f"gradient {words.gradient(node)}"


def edge_label(edge: Edge, nodes: dict[str, Node]) -> str:
    """What stands beside an edge: its slot where order matters, and its shape."""
    slot = edge.label if edge.ordered else ""
    flow = words.flow(edge, nodes[edge.tail].value, nodes[edge.head].value)
    return "  ".join(filter(None, (slot, flow)))


def _edge(edge: Edge, nodes: dict[str, Node]) -> str:
    label = _escaped(edge_label(edge, nodes))
    parts = [f'label="{label}"'] if label else []
    parts += ["style=dashed"] if not edge.live else []
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
