"""A picture that does not move, for a notebook and as a page of its own."""

from __future__ import annotations

import base64
import json
from html import escape

from tapeviz.render.assets import on_each
from tapeviz.render.digest import digest
from tapeviz.render.page import document

_SWAP = "if(el.querySelector(':scope>img'))el.innerHTML=%s"


def image(svg: str, alt: str) -> str:
    """The picture as an ``<img>`` that holds it."""
    data = base64.b64encode(svg.encode("utf-8", "replace")).decode()
    source = f"data:image/svg+xml;base64,{data}"
    return f'<img src="{source}" alt="{escape(alt)}" style="max-width:100%">'


def notebook(svg: str, alt: str, *, least: float = 0, asks: bool = False) -> str:
    """The picture as an image that a script replaces by the SVG itself.

    So it shows wherever images do, and follows the page's theme where scripts run.
    On a narrow page it shrinks to ``least`` pixels and can then be scrolled. ``asks``
    lets the picture's own styles ask how wide its place is.
    """
    room = ";container-type:inline-size" if asks else ""
    svg = legible(svg, least)
    id = "tapeviz-" + digest(svg)
    whole = json.dumps(svg).replace("<", "\\u003c")
    return (
        f'<div id="{id}" class="tv-still" {_SCROLLS}{room}">{image(svg, alt)}</div>'
        f"<script>{on_each(id, _SWAP % whole)}</script>"
    )


_SCROLLS = 'role="group" tabindex="0" aria-label="picture" style="overflow-x:auto'


def legible(svg: str, least: float, high: float = 0) -> str:
    """The picture with a width in pixels below which it scrolls, not shrinks.

    ``high`` is a height of that kind, for places that may be low.

    >>> legible("<svg />", 8.4)
    '<svg style="min-width:8px" />'
    """
    if not least:
        return svg
    style = f"min-width:{round(least)}px"
    style += f";min-height:{round(high)}px" if high else ""
    return svg.replace("<svg ", f'<svg style="{style}" ', 1)


def page(svg: str, title: str, *, theme: str = "auto", least: float = 0) -> str:
    """The picture as an HTML document that stands alone.

    On a narrow screen it shrinks to ``least`` pixels and can then be scrolled.
    """
    return document(title[:80], scrolling(svg, least), theme=theme, width=4000)


def scrolling(svg: str, least: float = 0) -> str:
    """The picture in a box that scrolls on a narrow screen."""
    return f'<div {_SCROLLS}">{legible(svg, least)}</div>'
