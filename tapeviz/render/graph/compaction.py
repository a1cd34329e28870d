"""Leaves drawn near what uses them, so that a row of a picture is low.

A layout leaves room for arrows that pass; in a row of its own few do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tapeviz.trace.geometry import Box, Link, Placement, Point

_STEP, _CLEAR, _ALONG = 4.0, 14.0, 16

Area = tuple[float, float, float, float]
"""A rectangle: its left, top, right and bottom."""

Path = tuple[Point, ...]


@dataclass(frozen=True)
class RowContents:
    """What is in a row: its boxes, and the arrows between them.

    ``passing`` are the other arrows in it, ``taken`` areas to be kept free, ``held``
    the boxes that stay where they are.
    """

    boxes: Sequence[Box]
    links: Sequence[Link]
    passing: Sequence[Path] = ()
    taken: Sequence[Area] = ()
    held: Collection[str] = ()


def compact(placed: Placement, row: RowContents) -> Placement:
    """The placement with a row's leaves near to the height of their arrows' tips.

    Nothing gets too near to anything else.

    >>> boxes, links = [Box("w", 40, 20), Box("n", 40, 20)], [Link("e", "w", "n")]
    >>> path = ((40, 190), (60, 140), (80, 90), (100, 40))
    >>> centres = {"w": (20, 190), "n": (120, 10)}
    >>> one = Placement(140, 200, centres, {"e": path}, {"e": (100, 10)}, {"e": (0, 0)})
    >>> compact(one, RowContents(boxes, links)).centres["w"]
    (20, 10.0)
    """
    fixed = {link.head for link in row.links}.union(row.held)
    own = {
        box: [link for link in row.links if link.tail == box.id]
        for box in row.boxes
        if box.id not in fixed
    }
    free = [box for box in own if own[box]]
    for box in sorted(free, key=lambda box: abs(_far(placed, box, own[box]))):
        rest = _Others(placed, row, box)
        placed = _nearest(placed, box, own[box], rest)
    return placed


def _far(placed: Placement, box: Box, links: Iterable[Link]) -> float:
    """How far below a leaf the nearest of its arrows' tips is."""
    y = placed.centres[box.id][1]
    return min((placed.tips[link.id][1] - y for link in links), key=abs)


def _nearest(
    placed: Placement, box: Box, links: Sequence[Link], rest: _Others
) -> Placement:
    """The leaf moved step by step, until it is there or something is in its way."""
    way = _far(placed, box, links)
    step = _STEP if way > 0 else -_STEP
    found = placed
    for k in range(1, int(abs(way) / _STEP) + 1):
        moved = _moved(placed, box, links, k * step)
        if not rest.allows(moved, box, links):
            break
        found = moved
    return found


def _moved(placed: Placement, box: Box, links: Iterable[Link], far: float) -> Placement:
    """The leaf somewhat lower; its arrows follow, and end where they did."""
    x, y = placed.centres[box.id]
    paths: dict[str, Path] = {}
    labels: dict[str, Point] = {}
    for link in links:
        start, tip = placed.paths[link.id][0][0], placed.tips[link.id][0]

        def put(point: Point, start: float = start, tip: float = tip) -> Point:
            part = (tip - point[0]) / ((tip - start) or 1.0)
            return point[0], round(point[1] + far * part, 1)

        paths[link.id] = tuple(map(put, placed.paths[link.id]))
        labels[link.id] = _label_near(placed, link, paths[link.id])
    return replace(
        placed,
        centres={**placed.centres, box.id: (x, y + far)},
        paths={**placed.paths, **paths},
        labels={**placed.labels, **labels},
    )


def _label_near(placed: Placement, link: Link, path: Path) -> Point:
    """The label of an arrow, as near to its new path as to its old one at most."""
    x, y = placed.labels[link.id]
    old, _ = _height(placed.paths[link.id], x)
    new, slope = _height(path, x)
    room = (link.height + abs(slope) * link.width) / 2 + 2
    aside = min(room, abs(y - old)) if link.width else abs(y - old)
    return x, round(new + (aside if y > old else -aside), 1)


def _height(path: Path, x: float) -> Point:
    """The height of an arrow at some ``x``, and how steep it is there."""
    points = _along(path)
    (ax, ay), (bx, by) = min(
        pairwise(points), key=lambda ends: abs(ends[0][0] + ends[1][0] - 2 * x)
    )
    return (ay + by) / 2, (by - ay) / ((bx - ax) or 1.0)


class _Others:
    """What is in the way of a leaf in a row."""

    def __init__(self, placed: Placement, row: RowContents, leaf: Box) -> None:
        links = [link for link in row.links if link.tail != leaf.id]
        self.boxes = {b.id: _taken(placed, b) for b in row.boxes if b.id != leaf.id}
        self.labels = [label for link in links if (label := _label(placed, link))]
        self.taken = [*self.boxes.values(), *self.labels, *row.taken]
        paths = [*row.passing, *(placed.paths[link.id] for link in links)]
        self.points = [point for path in paths for point in _along(path)]

    def allows(self, moved: Placement, box: Box, links: Iterable[Link]) -> bool:
        """Whether nothing is too near to the leaf, to its arrows and their labels."""
        mine = _taken(moved, box)
        if _meets(mine, self.taken, _CLEAR):
            return False
        return not _holds([mine], self.points, _CLEAR / 2) and all(
            self._allows_arrow(moved, link, mine) for link in links
        )

    def _allows_arrow(self, moved: Placement, link: Link, mine: Area) -> bool:
        others = [at for id, at in self.boxes.items() if id != link.head]
        points = _along(moved.paths[link.id])
        free = not _holds([*others, *self.labels], points, 3)
        free = free and not _holds([mine], points[1:], -3)
        label = _label(moved, link)
        return free and not (
            label
            and (
                _meets(label, [mine, *self.boxes.values(), *self.labels], 1)
                or _holds([label], self.points, 1)
            )
        )


def _taken(placed: Placement, box: Box) -> Area:
    return around(placed.centres[box.id], box.width, box.height)


def _label(placed: Placement, link: Link) -> Area | None:
    size = link.width, link.height
    return around(placed.labels[link.id], *size) if link.width else None


def around(middle: Point, width: float, height: float) -> Area:
    """The rectangle of some size around a point."""
    (x, y), w, h = middle, width / 2, height / 2
    return x - w, y - h, x + w, y + h


def _meets(one: Area, others: Iterable[Area], near: float) -> bool:
    """Whether a rectangle is nearer than that to another."""
    left, top, right, bottom = one
    return any(
        left - near < c and a < right + near and top - near < d and b < bottom + near
        for a, b, c, d in others
    )


def _holds(areas: Iterable[Area], points: Sequence[Point], near: float) -> bool:
    """Whether a point is nearer than that to a rectangle."""
    return any(
        a - near < x < c + near and b - near < y < d + near
        for a, b, c, d in areas
        for x, y in points
    )


def _along(path: Path) -> list[Point]:
    """Points of a curve, the same number on each of its pieces."""
    return [
        _on(path[k : k + 4], i / _ALONG)
        for k in range(0, len(path) - 3, 3)
        for i in range(_ALONG + 1)
    ]


def _on(piece: Path, t: float) -> Point:
    u = 1 - t
    a, b, c, d = u**3, 3 * t * u**2, 3 * t**2 * u, t**3
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = piece
    return a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy
