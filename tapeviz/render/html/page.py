"""What stands around a picture: an image, a box with its script, a page of its own."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from tapeviz.render.html.assets import packed, read_assets
from tapeviz.render.svg import theme as themes
from tapeviz.trace.markup import Attribute, Element, element

WIDTH = 1080
"""How wide the page's content gets, in pixels."""

_RULES = (
    "body{margin:0;padding:clamp(8px,3vw,32px);background:var(--tv-paper)}"
    "h1{position:absolute;width:1px;height:1px;margin:0;overflow:hidden;"
    "clip-path:inset(50%);white-space:nowrap}"
)


def document(  # noqa: PLR0913 - each is one thing a page may need
    title: str,
    body: Iterable[Element | str],
    *,
    theme: str = "auto",
    style: str = "",
    policy: str | None = None,
    width: int = WIDTH,
    bare: bool = False,
) -> str:
    """An HTML document that stands alone, in a theme's colours.

    Its title is also its heading, for screen readers. ``style`` is CSS,
    ``policy`` says what the page may load, ``body`` is the content. A ``bare`` page has
    a body that defines the colours, and brings only that of the paper.
    """
    colours = themes.paper_css(theme) if bare else themes.css(theme)
    look = f"{colours}{style}{_RULES}main{{max-width:{width}px;margin:auto}}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        policy
        and element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width,initial-scale=1"),
        element("title", title),
        element("style", look),
    )
    main = element("main", element("h1", title), *body)
    page = element("html", head, element("body", main, cls=theme), lang="en")
    return f"<!doctype html>\n{page.write()}\n"


_ESCAPED = str.maketrans({c: f"%{ord(c):02X}" for c in "%#\n\r\t"})


def image(svg: Element, alt: str) -> Element:
    """The picture as an ``<img>`` that holds it."""
    data = svg.write("'").translate(_ESCAPED)
    source = f"data:image/svg+xml,{data}"
    return element("img", src=source, alt=alt, style="max-width:100%")


def boxed(
    body: Iterable[Element], code: str, data: str, act: str, **attributes: Attribute
) -> tuple[Element, Element]:
    """A body in a ``<div>``, and a script that does ``act`` on each such ``el``.

    Before it stand ``code``, which many outputs have in common, and ``data``, which is
    this one's. The div's id is the digest of all that. A page may hold the same output
    twice.
    """
    box = element("div", *body, **attributes)
    id = f"tapeviz-{digest(box.write() + code + data + act)}"
    each = f"for(const el of document.querySelectorAll('[id=\"{id}\"]'))"
    script = packed(f"(()=>{{{code}", f"{data}{each}{act}}})()")
    return box.having(id=id), element("script", script)


_SWAP = (
    "if(el.querySelector(':scope>img')){el.innerHTML=svg;scoped(el.firstElementChild);"
    "reveal(el,el.querySelectorAll('.tv-target'))}"
)
_SCROLLS = {"role": "group", "tabindex": "0", "aria_label": "picture"}


def swapped_image(
    svg: Element, alt: str, *, container_queries: bool = False
) -> tuple[Element, Element]:
    """The picture as an image that a script replaces by the SVG itself.

    So it shows wherever images do, and follows the page's theme where scripts run.
    On a narrow page it can be scrolled, and opens with its target in sight. With
    ``container_queries`` the picture's styles can depend on the width of the box it
    stands in.
    """
    room = ";container-type:inline-size" if container_queries else ""
    return boxed(
        (image(svg, alt),),
        read_assets("html/elements.js"),
        f"const svg={in_script(svg.write())};",
        _SWAP,
        cls="still",
        style=f"overflow-x:auto{room}",
        **_SCROLLS,
    )


def with_min_size(svg: Element, min_width: float, min_height: float = 0) -> Element:
    """The picture with a size in pixels below which it scrolls instead of shrinking.

    A ``min_width`` of 0 leaves it as it is, a ``min_height`` of 0 sets no height.

    >>> with_min_size(Element("svg", {}), 8.4).write()
    '<svg style="min-width:8px"></svg>'
    """
    if not min_width:
        return svg
    style = f"min-width:{round(min_width)}px"
    style += f";min-height:{round(min_height)}px" if min_height else ""
    return svg.having(style=style)


def scrolling(svg: Element, min_width: float = 0) -> Element:
    """The picture in a box that scrolls on a narrow screen."""
    inside = with_min_size(svg, min_width)
    return element("div", inside, style="overflow-x:auto", **_SCROLLS)


def in_script(data: Any) -> str:
    r"""Data as JSON in which no tag ends the script around it or begins another.

    >>> in_script(["</b><script>"])
    '["<\\/b>\\u003cscript>"]'
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    text = text.replace("</", "<\\/").replace("<!", "\\u003c!")
    return text.replace("<script", "\\u003cscript")


_VARY = (
    re.compile(r"In \[\d+\](?:'|&#x27;|&#39;)*"),
    re.compile(r'startPacked\("[^"]*",\d+\)'),
)
"""What says nothing: the number of a notebook's cell, and how a script was deflated.

``chapters/sanitize.cfg`` overlooks the same.
"""


def digest(text: str, length: int = 12) -> str:
    """The first digits of the text's SHA-256, without what varies in it.

    >>> digest("In [3], line 1") == digest("In [27], line 1")
    True
    """
    for one in _VARY:
        text = one.sub("", text)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:length]
