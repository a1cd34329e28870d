"""The pen that pictures are drawn with: sizes of type, texts, coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from tapeviz.render.layout import Point
from tapeviz.render.measure import width

FONTS = {
    "tag": (11.0, False),
    "name": (15.0, True),
    "val": (15.0, False),
    "formula": (12.5, True),
    "symbol": (14.0, True),
    "cell": (12.0, False),
    "word": (11.0, False),
    "grad": (13.5, False),
    "slot": (11.0, True),
    "dims": (11.0, False),
    "note": (12.5, False),
    "more": (11.5, False),
    "title": (14.0, False),
    "cut-word": (11.0, False),
    "said": (12.0, False),
}
"""The size in pixels of each class of text, and whether it is monospaced."""

BOLD = 1.08
"""How much wider bold type is than regular type."""


def wide(cls: str, said: str) -> float:
    """How many pixels a text of some class takes at most."""
    size, mono = FONTS[cls]
    found = width(said, size, mono=mono)
    return found * BOLD if cls == "grad" else found


def text(cls: str, x: float, y: float, said: str, id: str = "") -> str:
    """A line of text that starts at a point."""
    name = f' id="{id}"' if id else ""
    return f'<text{name} class="{cls}" x="{n(x)}" y="{n(y)}">{escape(said)}</text>'


def n(x: float) -> str:
    """A coordinate with at most one digit after the point.

    >>> n(2.0), n(2.25)
    ('2', '2.2')
    """
    return f"{x:.1f}".removesuffix(".0")


def middle(path: Sequence[Point]) -> tuple[Point, Point]:
    """The point halfway along a curve of Bezier pieces, and the direction there.

    >>> middle([(0, 0), (1, 0), (2, 0), (3, 0)])
    ((1.5, 0.0), (1.0, 0.0))
    """
    piece = 3 * ((len(path) - 1) // 6)
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = path[piece : piece + 4]
    at = 0.5 if (len(path) - 1) // 3 % 2 else 0.0
    weights = ((1 - at) ** 3, 3 * at * (1 - at) ** 2, 3 * at**2 * (1 - at), at**3)
    x = sum(w * v for w, v in zip(weights, (ax, bx, cx, dx), strict=True))
    y = sum(w * v for w, v in zip(weights, (ay, by, cy, dy), strict=True))
    ways = ((dx + cx - bx - ax, dy + cy - by - ay), (bx - ax, by - ay), (1.0, 0.0))
    ux, uy = next(w for w in (ways if at else ways[1:]) if any(w))
    size = math.hypot(ux, uy)
    return (x, y), (ux / size, uy / size)
