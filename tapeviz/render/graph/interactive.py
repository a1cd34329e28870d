"""A picture to explore in a page: hover, pin, search and zoom, without a kernel.

Where scripts do not run it is the static picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tapeviz.render.html import minimap
from tapeviz.render.html.assets import (
    read_assets,
)
from tapeviz.render.html.code_lines import code_listing, lit_spans, to_utf16
from tapeviz.render.html.page import (
    boxed,
    document,
    image,
    in_script,
    scrolling,
)
from tapeviz.render.svg import theme as themes
from tapeviz.trace.graph import Graph
from tapeviz.trace.markup import Element, write

_START = (
    "if(el.querySelector(':scope>%s')&&!el.classList.contains('tapeviz-picture'))"
    "{start(el,told)%s}"
)


def notebook(svg: Element, graph: Graph, alt: str, look: Mapping[str, Any]) -> str:
    """The picture for a notebook: an image that a script makes interactive.

    ``look`` has the ``theme`` and ``direction`` it was drawn in, and ``least``, the
    width in pixels below which it does not shrink.
    """
    return write(_started(image(svg, alt), svg, graph, look))


def page(svg: Element, graph: Graph, title: str, look: Mapping[str, Any]) -> str:
    """The same as an HTML document that stands alone."""
    body = _started(scrolling(svg, look["least"]), svg, graph, look)
    return document(title[:80], body, theme=look["theme"], width=4000)


def _started(
    body: Element, svg: Element, graph: Graph, look: Mapping[str, Any]
) -> tuple[Element, Element]:
    """What shows the picture, in a box, and the script that makes it interactive."""
    large = minimap.is_large(svg)
    data = in_script(payload(graph, look, large=large))
    code = f"{script(large=large)}const told={data};"
    act = _START % (body.tag, ";minimap(el)" if large else "")
    return boxed((body,), f"{body.write()}{data}", code, act)


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
