"""A picture to explore in a page: hover, pin, search and zoom, without a kernel.

Where scripts do not run it is the static picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape
from typing import Any

from tapeviz.render.html import minimap
from tapeviz.render.html.assets import (
    boxed,
    data_uri,
    read_assets,
    script_safe,
)
from tapeviz.render.html.code_lines import code_listing, lit_spans, to_utf16
from tapeviz.render.html.page import document, scrolling
from tapeviz.render.svg import theme as themes
from tapeviz.trace.graph import Graph

_START = (
    "if(el.querySelector(':scope>%s')&&!el.classList.contains('tapeviz-picture'))"
    "{start(el,told)%s}"
)


def notebook(svg: str, graph: Graph, alt: str, look: Mapping[str, Any]) -> str:
    """The picture for a notebook: an image that a script makes interactive.

    ``look`` has the ``theme`` and ``direction`` it was drawn in, and ``least``, the
    width in pixels below which it does not shrink.
    """
    image = f'<img src="{data_uri(svg)}" alt="{escape(alt)}" style="max-width:100%">'
    return started(image, "img", graph, look)


def page(svg: str, graph: Graph, title: str, look: Mapping[str, Any]) -> str:
    """The same as an HTML document that stands alone."""
    body = started(scrolling(svg, look["least"]), "div", graph, look)
    return document(title[:80], body, theme=look["theme"], width=4000)


def started(body: str, first: str, graph: Graph, look: Mapping[str, Any]) -> str:
    """The markup in a box, and the script that makes a picture of it.

    ``first`` is the name of the markup's outermost element.
    """
    large = minimap.is_large(body)
    script_data = script_safe(payload(graph, look, large=large))
    code = f"{script(large=large)}const told={script_data};"
    act = _START % (first, ";minimap(el)" if large else "")
    return boxed(body, body + script_data, code, act)


def payload(
    graph: Graph, look: Mapping[str, Any], *, large: bool = False
) -> dict[str, Any]:
    """The script's data: the code, the part that each node lights, the colours.

    A part of the code is a line and two columns, counted in UTF-16 units.
    """
    position, sources = to_utf16(graph.sources), graph.sources
    spans = {
        node.id: lit_spans(sources, [node.span]) for node in graph.nodes if node.span
    }
    return {
        **look,
        "css": css(large=large),
        "code": code_listing(graph.sources),
        "lit": {id: [*map(position, places)] for id, places in spans.items() if places},
        "names": {**themes.LABELS},
        "roles": [*themes.THEMES["light"]],
        "themes": {
            name: [colour[1:] for colour in table.values()]
            for name, table in themes.THEMES.items()
        },
    }


@cache
def script(*, large: bool = False) -> str:
    """The script as statements.

    The overview is part of it where the picture is large.
    """
    more = [minimap.SCRIPT] if large else []
    shared = ("html/elements.js", "html/page.js")
    return read_assets(*shared, *more, "graph/interactive.js")


@cache
def css(*, large: bool = False) -> str:
    """The styles around a picture, and its fonts."""
    more = [minimap.STYLE] if large else []
    styles = read_assets("html/page.css", "graph/interactive.css", *more)
    return themes.fonts(".tapeviz-picture") + styles
