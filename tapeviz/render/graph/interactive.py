"""A picture to explore in a page: hover, pin, search and zoom, without a kernel.

Where scripts do not run it is the static picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tapeviz.render.graph.scene import boxes
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
from tapeviz.render.live import handles
from tapeviz.render.live.templates import (
    changing_texts,
    packed_slots,
    symbolic_graph,
)
from tapeviz.render.svg import theme as themes
from tapeviz.trace.codec import pack
from tapeviz.trace.graph import Graph
from tapeviz.trace.markup import Element, write
from tapeviz.trace.program import Program
from tapeviz.trace.symbolic import Slot, templates
from tapeviz.wording import values as words

_START = (
    "if(el.querySelector(':scope>%s')&&!el.classList.contains('tapeviz-picture'))"
    "{start(el,told)%s}"
)


@dataclass(frozen=True)
class LivePicture:
    """What runs in a picture's page, and the texts in its boxes that hang on it.

    ``slots`` are the numbers in the templates, ``texts`` those of each element by its
    id; ``zeros`` says for each gradient's element what a gradient of 0 is called.
    """

    program: Program
    slots: tuple[Slot, ...]
    texts: Mapping[str, tuple[str, ...]]
    zeros: Mapping[str, str]

    @classmethod
    def of(cls, graph: Graph, program: Program) -> LivePicture:
        """What follows the program's numbers in the picture of a graph."""
        texts: dict[str, tuple[str, ...]] = {}
        zeros: dict[str, str] = {}
        with templates() as slots:
            symbols = symbolic_graph(graph, program)
            for box in boxes(symbols):
                texts |= changing_texts(box)
            for node in graph.nodes:
                id, gradient = f"{node.id}-grad", node.gradient
                if gradient is None or id not in texts:
                    continue
                if not gradient.shape or gradient.is_zero:
                    zeros[id] = "all zero" if gradient.shape else "zero"
                    texts[id] = (words.gradient(symbols.node(node.id)),)
        return cls(program, tuple(slots), texts, zeros)

    @property
    def payload(self) -> dict[str, Any]:
        """It for the script."""
        return {
            "program": pack(self.program),
            "slope": handles.shows_slope(self.program),
            "slots": packed_slots(self.slots, lambda _: 0),
            "texts": self.texts,
            "zeros": {
                id: ["g", id.removesuffix("-grad"), word]
                for id, word in self.zeros.items()
            },
        }


def notebook(
    svg: Element,
    graph: Graph,
    alt: str,
    look: Mapping[str, Any],
    live: LivePicture | str = "",
) -> str:
    """The picture for a notebook: an image that a script makes interactive.

    ``look`` has the ``theme`` and ``direction`` it was drawn in, and ``least``, the
    width in pixels below which it does not shrink. ``live`` is what can be changed in
    the page, or why nothing can.
    """
    return write(_started(image(svg, alt), svg, graph, look, live))


def page(
    svg: Element,
    graph: Graph,
    title: str,
    look: Mapping[str, Any],
    live: LivePicture | str = "",
) -> str:
    """The same as an HTML document that stands alone."""
    body = _started(scrolling(svg, look["least"]), svg, graph, look, live)
    return document(title[:80], body, theme=look["theme"], width=4000)


def _started(
    body: Element,
    svg: Element,
    graph: Graph,
    look: Mapping[str, Any],
    live: LivePicture | str,
) -> tuple[Element, Element]:
    """What shows the picture, in a box, and the script that makes it interactive."""
    large = minimap.is_large(svg)
    content = payload(graph, look, large=large)
    own = ""
    if isinstance(live, str):
        content |= {"why": live} if live else {}
    else:
        own = handles.script(live.program) + read_assets("live/templates.js")
        content["css"] += handles.css(live.program)
        content["live"] = live.payload
    data = f"const told={in_script(content)};"
    act = _START % (body.tag, ";minimap(el)" if large else "")
    return boxed((body,), own + script(large=large), data, act)


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
