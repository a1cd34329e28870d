"""The smallest parts of an SVG: sizes of type, texts, coordinates, ids."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from tapeviz.trace.geometry import Point
from tapeviz.trace.markup import css_class, n
from tapeviz.wording.text_width import width

FONTS = {
    "tag": (12.5, False),
    "name": (15.0, True),
    "val": (15.0, False),
    "formula": (12.5, True),
    "symbol": (14.0, True),
    "cell": (12.5, False),
    "word": (12.5, False),
    "grad": (13.5, False),
    "slot": (12.5, True),
    "dims": (12.5, False),
    "note": (12.5, False),
    "more": (12.5, False),
    "title": (14.0, False),
    "cut-word": (12.5, False),
    "remark": (12.5, False),
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
    at = f'class="{css_class(cls)}" x="{n(x)}" y="{n(y)}"'
    return f"<text{name} {at}>{escape(said)}</text>"


_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def legal(markup: str) -> str:
    """The markup without the characters that no XML file may hold.

    >>> legal("a" + chr(0)) == "a" + chr(0xFFFD)
    True
    """
    return _ILLEGAL.sub("\ufffd", markup)


LEGIBLE = 0.88
"""A picture is shown at this part of its size at least: its letters at 11 pixels."""

MARGIN = 16
"""The white space around the picture, in pixels."""


@dataclass(frozen=True)
class Rect:
    """A rectangle in the picture's pixels: its top left corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> Point:
        """The middle of it."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def baseline(self) -> float:
        """Where a line of text set in the middle of it stands."""
        return round(self.y + self.height / 2 + 4.5, 1)


def shift(point: Point) -> Point:
    """Where a point of the layout lies in the picture."""
    return point[0] + MARGIN, point[1] + MARGIN


def ident(prefix: str, id: str, part: str = "") -> str:
    """The id of a node, an edge or a part of one, as it stands in an attribute."""
    return escape(f"{prefix}{id}{part}")
