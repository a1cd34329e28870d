"""The overview beside a large picture, for pages that hold one."""

from __future__ import annotations

import re

LARGE = 700_000
"""How many square pixels a picture has that gets an overview where it doesn't fit."""

SCRIPT, STYLE = "html/minimap.js", "html/minimap.css"

_SIZE = re.compile(r"viewBox=[\"']0 0 ([\d.]+) ([\d.]+)[\"']")


def is_large(svg: str) -> bool:
    """Whether a picture may be larger than its window on a usual page.

    >>> is_large('<svg viewBox="0 0 900 2000">')
    True
    """
    size = _SIZE.search(svg)
    return size is not None and float(size[1]) * float(size[2]) > LARGE
