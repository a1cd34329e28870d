"""Draw the rooms of the package and who imports whom: ``python docs/rooms.py``.

The arrows are read from the imports themselves. One that follows from two others is
left out, and the errors, which everybody may import, have no arrows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import graphviz
import graphviz.backend.dot_command
import grimp

from tapeviz.render.graph import layout
from tapeviz.render.svg import theme

HERE = Path(__file__).parent / "static"

SAYS = {
    "tapeviz": "the door: every public name",
    "cli": "the command",
    "doctor": "what works here",
    "lessons": "exercises, copies",
    "api": "draw play why explain",
    "views": "what a learner holds",
    "inspect": "tape → frozen data",
    "adapters": "PyTorch, TensorFlow, JAX",
    "render": "frozen data → pictures",
    "analysis": "folding, convergence",
    "wording": "numbers and names",
    "trace": "frozen data",
    "tf": "TensorFlow's names",
    "engine": "tape, ops, kernels",
    "errors": "what, where, what to do",
}
"""Each room in a few words."""


def arrows() -> list[tuple[str, str]]:
    """Who imports whom, without what follows from two other arrows."""
    graph = grimp.build_graph("tapeviz", cache_dir=None)
    pairs = {
        (_room(module), _room(other))
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
    }
    pairs = {(a, b) for a, b in pairs if a != b and "errors" not in {a, b}}
    pairs = {(a, b) for a, b in pairs if "__main__" not in a}
    beyond = {a: set(_reached(pairs, a)) for a, _ in pairs}
    return sorted(
        (a, b)
        for a, b in pairs
        if not any(b in beyond.get(c, ()) for d, c in pairs if d == a and c != b)
    )


def _room(module: str) -> str:
    return [*module.split("."), "tapeviz"][1] if "." in module else module


def _reached(pairs: set[tuple[str, str]], start: str) -> Iterator[str]:
    todo, seen = [start], {start}
    while todo:
        at = todo.pop()
        new = {b for a, b in pairs if a == at} - seen
        yield from new
        seen |= new
        todo += new


def picture(name: str) -> str:
    """The picture as SVG in the colours of a theme, "light" or "dark"."""
    ink = theme.colours(name)
    look: dict[str, Any] = {"fontname": "DejaVu Sans", "color": ink["line"]}
    dot = graphviz.Digraph(
        graph_attr={"bgcolor": ink["paper"], "ranksep": "0.35", "nodesep": "0.25"},
        node_attr={**look, "shape": "box", "style": "rounded", "fontsize": "11"},
        edge_attr={"color": ink["muted"], "arrowsize": "0.6"},
    )
    dot.node_attr["fontcolor"] = ink["ink"]
    for room, says in SAYS.items():
        dot.node(room, f"<<B>{room}</B><BR/><FONT POINT-SIZE='9'>{says}</FONT>>")
    for tail, head in arrows():
        dot.edge(tail, head)
    graphviz.backend.dot_command.DOT_BINARY = Path(next(layout.programs()))
    return str(dot.pipe("svg", encoding="utf-8", quiet=True))


if __name__ == "__main__":
    for name in ("light", "dark"):
        (HERE / f"rooms-{name}.svg").write_text(picture(name), "utf-8")
