"""A page of its own around something that a notebook would show."""

from __future__ import annotations

import base64
import json
from html import escape

from tapeviz.render.html.assets import digest, on_each, read_assets
from tapeviz.render.svg import theme as themes

WIDTH = 1080
"""How wide the page's content gets, in pixels."""

_RULES = (
    "body{margin:0;padding:clamp(8px,3vw,32px);background:var(--tv-paper)}"
    "h1{position:absolute;width:1px;height:1px;margin:0;overflow:hidden;"
    "clip-path:inset(50%);white-space:nowrap}"
)


def document(  # noqa: PLR0913 - each is one thing a page may need
    title: str,
    body: str,
    *,
    theme: str = "auto",
    style: str = "",
    policy: str = "",
    width: int = WIDTH,
    bare: bool = False,
) -> str:
    """An HTML document that stands alone, in a theme's colours.

    Its title is also its heading, for screen readers. ``style`` is CSS,
    ``policy`` says what the page may load, ``body`` is the content's markup. A ``bare``
    page has a body that defines the colours, and brings only that of the paper.
    """
    said = escape(title)
    colours = themes.paper_css(theme) if bare else themes.css(theme)
    look = style if style.startswith(colours) else f"{colours}{style}"
    may = f'http-equiv="Content-Security-Policy" content="{policy}"'
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        + (f"<meta {may}>" if policy else "")
        + '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{said}</title><style>{look}{_RULES}"
        f"main{{max-width:{width}px;margin:auto}}</style></head>"
        f'<body class="{themes.class_name(theme)}"><main><h1>{said}</h1>{body}'
        "</main></body></html>\n"
    )


_SWAP = (
    "if(el.querySelector(':scope>img')){el.innerHTML=%s;scoped(el.firstElementChild);"
    "reveal(el,el.querySelectorAll('.tv-target'))}"
)


def image_tag(svg: str, alt: str) -> str:
    """The picture as an ``<img>`` that holds it."""
    data = base64.b64encode(svg.encode("utf-8", "replace")).decode()
    source = f"data:image/svg+xml;base64,{data}"
    return f'<img src="{source}" alt="{escape(alt)}" style="max-width:100%">'


def static_html(svg: str, alt: str, *, container_queries: bool = False) -> str:
    """The picture as an image that a script replaces by the SVG itself.

    So it shows wherever images do, and follows the page's theme where scripts run.
    On a narrow page it can be scrolled, and opens with its target in sight. With
    ``container_queries`` the picture's styles can depend on the width of the box it
    stands in.
    """
    room = ";container-type:inline-size" if container_queries else ""
    id = "tapeviz-" + digest(svg)
    whole = json.dumps(svg).replace("<", "\\u003c")
    return (
        f'<div id="{id}" class="tv-still" {_SCROLLS}{room}">{image_tag(svg, alt)}</div>'
        f"<script>(()=>{{{read_assets('html/elements.js')}"
        f"{on_each(id, _SWAP % whole)}}})()</script>"
    )


_SCROLLS = 'role="group" tabindex="0" aria-label="picture" style="overflow-x:auto'


def with_min_size(svg: str, min_width: float, min_height: float = 0) -> str:
    """The picture with a size in pixels below which it scrolls instead of shrinking.

    A ``min_width`` of 0 leaves it as it is, a ``min_height`` of 0 sets no height.

    >>> with_min_size("<svg />", 8.4)
    '<svg style="min-width:8px" />'
    """
    if not min_width:
        return svg
    style = f"min-width:{round(min_width)}px"
    style += f";min-height:{round(min_height)}px" if min_height else ""
    return svg.replace("<svg ", f'<svg style="{style}" ', 1)


def scrolling(svg: str, min_width: float = 0) -> str:
    """The picture in a box that scrolls on a narrow screen."""
    return f'<div {_SCROLLS}">{with_min_size(svg, min_width)}</div>'
