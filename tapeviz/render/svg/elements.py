"""The smallest parts of an SVG: sizes of type, texts, rectangles, paths."""

from __future__ import annotations

from dataclasses import dataclass

from tapeviz.trace.geometry import Point
from tapeviz.trace.markup import Attribute, Element, element, n
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

LEGIBLE = 0.88
"""A picture is shown at this part of its size at least: its letters at 11 pixels."""

MARGIN = 16
"""The white space around the picture, in pixels."""


def wide(cls: str, said: str) -> float:
    """How many pixels a text of some class takes at most."""
    size, mono = FONTS[cls]
    found = width(said, size, mono=mono)
    return found * BOLD if cls == "grad" else found


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

    def moved(self, x: float, y: float) -> Rect:
        """The same rectangle so much further right and down."""
        return Rect(self.x + x, self.y + y, self.width, self.height)

    def inset(self, far: float) -> Rect:
        """The rectangle within it, so far from each of its sides."""
        wide, high = self.width - 2 * far, self.height - 2 * far
        return Rect(self.x + far, self.y + far, wide, high)

    def draw(self, cls: str, **more: Attribute) -> Element:
        """It as an element."""
        return rect(cls, self.x, self.y, self.width, self.height, **more)


def text(cls: str, x: float, y: float, said: str, id: str | None = None) -> Element:
    """A line of text that starts at a point."""
    return element("text", said, id=id, cls=cls, x=x, y=y)


def rect(
    cls: str, x: float, y: float, width: float, height: float, **more: Attribute
) -> Element:
    """A rectangle."""
    return element("rect", cls=cls, x=x, y=y, width=width, height=height, **more)


def path(cls: str, d: str, **more: Attribute) -> Element:
    """A path."""
    return element("path", cls=cls, d=d, **more)


def circle(cls: str, x: float, y: float, r: float) -> Element:
    """A circle around a point."""
    return element("circle", cls=cls, cx=x, cy=y, r=r)


def at(x: float, y: float) -> str:
    """A point as it stands in a path.

    >>> at(2.0, 0.25)
    '2 0.2'
    """
    return f"{n(x)} {n(y)}"


def placed(x: float, y: float, *parts: Element, scale: float = 1.0) -> Element:
    """Elements that were drawn about the origin, moved to a point."""
    size = "" if scale == 1.0 else f" scale({scale:.3g})"
    return element("g", *parts, transform=f"translate({at(x, y)}){size}")


def shift(point: Point) -> Point:
    """Where a point of the layout lies in the picture."""
    return point[0] + MARGIN, point[1] + MARGIN
