"""The overview beside a large picture, for pages that hold one."""

from __future__ import annotations

from tapeviz.trace.markup import Element

LARGE = 700_000
"""How many square pixels a picture has that gets an overview where it doesn't fit."""

SCRIPT, STYLE = "html/minimap.js", "html/minimap.css"


def is_large(svg: Element) -> bool:
    """Whether a picture may be larger than its window on a usual page.

    >>> is_large(Element("svg", {"viewBox": "0 0 900 2000"}))
    True
    """
    _, _, width, height = map(float, str(svg.attributes["viewBox"]).split())
    return width * height > LARGE
