"""The layout of boxes and arrows, in pixels, and estimates of what it costs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Point = tuple[float, float]

Corners = tuple[float, float, float, float]
"""The left and the top of a rectangle, its width and its height."""


@dataclass(frozen=True)
class Box:
    """A node to be placed: its width and height in pixels."""

    id: str
    width: float
    height: float


@dataclass(frozen=True)
class Link:
    """An arrow to be routed from box ``tail`` to box ``head``.

    ``width`` and ``height`` reserve room for a label beside it; 0 means none.
    ``weight`` says how much it matters that the arrow is short and straight.
    """

    id: str
    tail: str
    head: str
    width: float = 0
    height: float = 0
    weight: int = 1


@dataclass(frozen=True)
class Group:
    """Boxes to be kept together in a frame with a label of some size above them."""

    id: str
    boxes: tuple[str, ...]
    width: float
    height: float


@dataclass(frozen=True)
class Placement:
    """Where everything is, in pixels, with y growing downwards.

    ``centres`` has the middle of each box. ``paths`` has the points of each arrow's
    curve: a start, then three points for each cubic Bezier piece. ``tips`` has the
    point of each arrow head, a little beyond the end of its path. ``labels`` has the
    middle of each arrow's label, or of the arrow itself where no room was reserved.
    ``frames`` has the rectangles of each group, one in each row that has a part of
    it.
    """

    width: float
    height: float
    centres: Mapping[str, Point]
    paths: Mapping[str, tuple[Point, ...]]
    tips: Mapping[str, Point]
    labels: Mapping[str, Point]
    frames: Mapping[str, tuple[Corners, ...]] = field(default_factory=dict)


def effort(boxes: Iterable[Box], links: Iterable[Link]) -> int:
    """The total number of ranks all arrows span: the time of a layout grows with it.

    Room for a label takes a rank of its own, so that with labels there are twice as
    many. The links must come in an order in which every tail is complete before it is
    used, as those of a recorded graph do; otherwise the number is too low.
    """
    rank = dict.fromkeys((box.id for box in boxes), 0)
    links = tuple(links)
    for link in links:
        rank[link.head] = max(rank[link.head], rank[link.tail] + 1)
    nearest: dict[str, int] = {}
    for link in links:
        nearest[link.tail] = min(
            nearest.get(link.tail, rank[link.head]), rank[link.head]
        )
    for leaf in nearest.keys() - {link.head for link in links}:
        rank[leaf] = nearest[leaf] - 1
    labels = any(link.width for link in links)
    return sum(rank[link.head] - rank[link.tail] for link in links) * (1 + labels)


def seconds(boxes: Iterable[Box], links: Iterable[Link]) -> float:
    """How long the layout will take: fitted to chains, dense and random graphs.

    >>> boxes = [Box(str(i), 9, 9) for i in range(30)]
    >>> seconds(boxes, [Link("", "0", str(i)) for i in range(1, 30)]) < 0.02
    True
    """
    boxes, links = tuple(boxes), tuple(links)
    each = 1e-4 * (len(boxes) + len(links))
    return 0.006 + each + 1e-5 * math.pow(effort(boxes, links), 1.4)


def middle(path: Sequence[Point]) -> Point:
    """The point halfway along a curve, counting its pieces as equally long."""
    pieces = (len(path) - 1) // 3
    if pieces % 2 == 0:
        return path[3 * pieces // 2]
    first = 3 * (pieces // 2)
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = path[first : first + 4]
    return (ax + 3 * bx + 3 * cx + dx) / 8, (ay + 3 * by + 3 * cy + dy) / 8
