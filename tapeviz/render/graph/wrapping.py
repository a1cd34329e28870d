"""A long picture in rows, as a text is broken into lines.

A layout from left to right is cut between columns of boxes, where few arrows pass, and
its parts are put one below the other. An arrow that leads on goes to the right end of
its row, back to the left below it, and into its box.
"""

from __future__ import annotations

import math
from bisect import bisect, bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TypeVar

from tapeviz.render.graph.compaction import Area, RowContents, around, compact
from tapeviz.trace.geometry import Box, Corners, Group, Link, Placement, Point

WIDEST = 858.0
"""How wide a picture gets, in pixels, so that a notebook shows it at a good size."""

_LANE, _CORNER, _SPACE, _RIM = 12.0, 7.0, 20.0, 12.0

Path = tuple[Point, ...]
Span = tuple[float, float]
T = TypeVar("T")


def wrap(
    placed: Placement,
    boxes: Iterable[Box],
    links: Iterable[Link],
    groups: Iterable[Group] = (),
    widest: float = WIDEST,
) -> Placement:
    """The placement in rows that are at most so wide, as far as its columns allow it.

    What fits, or nearly fits, is returned as it is. A frame that is cut has a part in
    each row.

    >>> boxes = [Box(id, 40, 20) for id in "abc"]
    >>> centres = {"a": (20, 10), "b": (120, 10), "c": (320, 10)}
    >>> rows = wrap(Placement(340, 20, centres, {}, {}, {}), boxes, (), (), 160)
    >>> rows.centres["b"][1] < rows.centres["c"][1]
    True
    """
    if placed.width <= _NEARLY * widest:
        return placed
    parts = tuple(boxes), tuple(links), tuple(groups)
    tried = (_cuts(placed, *parts, part * widest - 3 * _LANE) for part in _PARTS)
    made = [_Wrapping(placed, *parts, cuts) for cuts in dict.fromkeys(tried) if cuts]
    return min(made, key=lambda one: one.cost(widest)).placement() if made else placed


_NEARLY = 1.05
"""A row that is wider than this part of the width is cut."""

_PARTS = (1.1, 1.0, 0.9, 0.8)
"""Widths of rows that are tried, for one may be cut at better places than another."""


def _cuts(
    placed: Placement,
    boxes: Sequence[Box],
    links: Sequence[Link],
    groups: Sequence[Group],
    widest: float,
) -> tuple[float, ...]:
    """Where the picture is cut: few rows, well filled, with few arrows between them.

    A row that is somewhat too wide is better than many arrows that lead on, or than a
    frame that is cut.
    """
    columns = _columns(placed, boxes, links)
    gaps = [(a[1] + b[0]) / 2 for a, b in pairwise(columns)]
    homes = _homes(placed, boxes, links)
    passing = [_PASSING * much for much in _passing(links, groups, homes, gaps)]
    passing.append(0.0)
    west = [0.0, *_west(placed, boxes, homes, gaps)]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for stop in range(1, len(columns) + 1):
        found: list[tuple[float, int]] = []
        for start in range(stop - 1, -1, -1):
            part = (columns[stop - 1][1] - west[start]) / widest
            if part > _MOST and found:
                break
            cost = (1 - part) ** 2 if part < 1 else _OVER * (part - 1)
            found.append((best[start][0] + 1 + cost + passing[stop - 1], start))
        best.append(min(found))
    cuts, at = [], best[-1][1]
    while at:
        cuts.append(gaps[at - 1])
        at = best[at][1]
    return _with_boxes(cuts[::-1], homes.values())


def _with_boxes(cuts: Iterable[float], homes: Iterable[float]) -> tuple[float, ...]:
    """The cuts that have a box in the row before them, and one after them."""
    homes = sorted(homes)
    counts = {bisect(homes, x): x for x in cuts}
    return tuple(x for count, x in counts.items() if 0 < count < len(homes))


_PASSING, _OVER, _MOST = 0.6, 14.0, 1.3
"""What a second arrow that leads on costs, measured in rows, and a row that is too
wide; and the most that a row may be too wide."""


def _homes(
    placed: Placement, boxes: Iterable[Box], links: Iterable[Link]
) -> dict[str, float]:
    """The place that decides in which row a box is: a leaf is with what uses it."""
    heads = {link.head for link in links}
    homes = {box.id: placed.centres[box.id][0] for box in boxes}
    used: dict[str, float] = {}
    for link in links:
        if link.tail not in heads:
            x = homes[link.head]
            used[link.tail] = min(used.get(link.tail, x), x)
    return homes | used


def _west(
    placed: Placement,
    boxes: Iterable[Box],
    homes: Mapping[str, float],
    cuts: Sequence[float],
) -> list[float]:
    """Where the rows begin: their leaves may stand before the cut."""
    west = [*cuts]
    for box in boxes:
        x = placed.centres[box.id][0]
        for k in range(bisect(cuts, x), bisect_left(cuts, homes[box.id])):
            west[k] = min(west[k], x - box.width / 2)
    return west


def _columns(
    placed: Placement, boxes: Iterable[Box], links: Iterable[Link]
) -> list[Span]:
    """What boxes and labels take from left to right, as intervals."""
    taken = [(placed.centres[box.id][0], box.width / 2) for box in boxes]
    taken += [(placed.labels[link.id][0], link.width / 2) for link in links]
    merged: list[Span] = []
    for start, stop in sorted((x - half, x + half) for x, half in taken if half):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], stop)
        else:
            merged.append((start, stop))
    return merged


def _passing(
    links: Iterable[Link],
    groups: Iterable[Group],
    homes: Mapping[str, float],
    cuts: Sequence[float],
) -> list[int]:
    """How many arrows more than one lead on past each cut; a cut frame weighs more."""
    arrows = [(homes[link.tail], homes[link.head]) for link in links]
    spans = [[homes[id] for id in group.boxes] for group in groups if group.boxes]
    counts = _covered(cuts, arrows), _covered(cuts, [(min(x), max(x)) for x in spans])
    return [
        max(0, count - 1) + 3 * frames for count, frames in zip(*counts, strict=True)
    ]


def _covered(cuts: Sequence[float], spans: Iterable[Span]) -> list[int]:
    """How many of the spans have each cut in them."""
    more = [0] * (len(cuts) + 1)
    for start, stop in spans:
        if start < stop:
            more[bisect(cuts, start)] += 1
            more[bisect_left(cuts, stop)] -= 1
    return [*accumulate(more)][:-1]


@dataclass(frozen=True)
class _Turn:
    """An arrow from row ``start`` to a later one, ``stop``.

    ``out`` is its path up to the end of its row, ``into`` that from the beginning of
    the other one; ``label`` the height of a label that stands in neither. ``right`` and
    ``left`` number its lanes beside the rows, ``down`` is how far below its row it
    runs back.
    """

    link: Link
    start: int
    stop: int
    out: Path
    into: Path
    label: float
    right: int = 0
    down: float = 0.0
    left: int = 0


@dataclass(frozen=True)
class _Row:
    """Where a row was laid out, and where its upper left corner comes to lie."""

    west: float
    east: float
    north: float
    south: float
    x: float = 0.0
    y: float = 0.0

    @property
    def right(self) -> float:
        """Where it ends in the picture."""
        return self.x + self.east - self.west

    @property
    def bottom(self) -> float:
        """Where it ends below."""
        return self.y + self.south - self.north

    def put(self, point: Point) -> Point:
        """Where a point comes to lie."""
        x, y = point[0] - self.west + self.x, point[1] - self.north + self.y
        return round(x, 1), round(y, 1)


class _Wrapping:
    """The parts of a placement, and where each of them goes."""

    def __init__(
        self,
        placed: Placement,
        boxes: Sequence[Box],
        links: Sequence[Link],
        groups: Sequence[Group],
        cuts: Sequence[float],
    ) -> None:
        self.placed, self.links = placed, links
        self.cuts = [*cuts, math.inf]
        homes = _homes(placed, boxes, links)
        self.row_of = {id: bisect(cuts, x) for id, x in homes.items()}
        self.west = [0.0, *_west(placed, boxes, homes, cuts)]
        self.east = [*cuts, placed.width]
        self.boxes_of = _by_row((self.row_of[box.id], box) for box in boxes)
        self.links_of = _by_row(
            (ends[0], link) for link in links if len(ends := self.ends(link)) == 1
        )
        on = [link for link in links if len(self.ends(link)) > 1]
        self.turns = _with_lanes(map(self.turn, on))
        self.turns_of = _by_row(
            (row, turn) for turn in self.turns for row in (turn.start, turn.stop)
        )
        self.labels = {link.id: self.label_row(link) for link in links}
        self.labels_of = _by_row(
            (self.labels[link.id], link) for link in links if link.width
        )
        framed = [group for group in groups if group.id in placed.frames]
        self.frames = {group.id: self.framed(group, groups) for group in framed}
        self.parts_of = _by_row(
            part for frame in self.frames.values() for part in frame.items()
        )
        held = {id for group in groups for id in group.boxes}
        held |= {id for turn in self.turns for id in (turn.link.tail, turn.link.head)}
        moved = [self.compacted(row, held) for row in range(len(self.cuts))]
        self.placed = replace(
            placed,
            centres={**placed.centres, **_joined(one.centres for one in moved)},
            paths={**placed.paths, **_joined(one.paths for one in moved)},
            labels={**placed.labels, **_joined(one.labels for one in moved)},
        )
        self.rows = self.stacked()

    def ends(self, link: Link) -> tuple[int, ...]:
        """The rows that an arrow starts and ends in."""
        one, other = self.row_of[link.tail], self.row_of[link.head]
        if one == other:
            return (one,)
        return (one, other) if one < other else (other, one)

    def label_row(self, link: Link) -> int:
        """The row that an arrow's label stands in; -1 if it leads past it."""
        ends = self.ends(link)
        at = bisect(self.cuts, self.placed.labels[link.id][0])
        return ends[0] if len(ends) == 1 else at if at in ends else -1

    def turn(self, link: Link) -> _Turn:
        """An arrow that is cut."""
        path, (start, stop) = self.placed.paths[link.id], self.ends(link)
        out, _ = split(path, self.east[start])
        _, into = split(path, self.west[stop])
        label = link.height if self.label_row(link) < 0 else 0.0
        return _Turn(link, start, stop, out, into, label)

    def compacted(self, row: int, held: set[str]) -> Placement:
        """What is in a row, its leaves near to what uses them."""
        placed, boxes, links = self.placed, self.boxes_of[row], self.links_of[row]
        on = self.turns_of[row]
        taken = [(x, y, x + wide, y + high) for x, y, wide, high in self.parts_of[row]]
        taken += [
            around(placed.labels[link.id], link.width, link.height)
            for link in self.labels_of[row]
            if len(self.ends(link)) > 1
        ]
        contents = RowContents(
            boxes,
            links,
            self.passing(row),
            taken + [self.straight(turn, row) for turn in on],
            held,
        )
        own = replace(
            placed,
            centres={box.id: placed.centres[box.id] for box in boxes},
            paths={link.id: placed.paths[link.id] for link in links},
            labels={link.id: placed.labels[link.id] for link in links},
        )
        return compact(own, contents)

    def passing(self, row: int) -> list[Path]:
        """What is in a row of the arrows that are cut."""
        on = self.turns_of[row]
        return [turn.out if turn.start == row else turn.into for turn in on]

    def straight(self, turn: _Turn, row: int) -> Area:
        """What an arrow passes on its straight way out of a row, or into it."""
        if turn.start == row:
            x, y = turn.out[-1]
            return x, y, self.placed.width, y
        x, y = turn.into[0]
        return 0.0, y, x, y

    def framed(self, group: Group, groups: Sequence[Group]) -> dict[int, Corners]:
        """The part of a frame in each row that has boxes of it."""
        mine = set(group.boxes)
        within = sum(mine.issuperset(other.boxes) for other in groups)
        rim = _RIM * within
        parts: dict[int, Corners] = {}
        for row in sorted({self.row_of[id] for id in mine}):
            held = [box for box in self.boxes_of[row] if box.id in mine]
            north, south = self.reach(held)
            north -= (_RIM + (0.0 if parts else group.height)) * within
            west, east = self.reach(held, axis=0)
            wide = max(east - west, 0.0 if parts else group.width)
            high = south + rim - north
            parts[row] = (west - rim, north, wide + 2 * rim, high)
        return parts

    def reach(self, boxes: Iterable[Box], axis: int = 1) -> Span:
        """How far boxes reach, from top to bottom or, on axis 0, from left to right."""
        spans = [
            _span(self.placed.centres[b.id][axis], (b.width, b.height)[axis])
            for b in boxes
        ]
        return min(a for a, _ in spans), max(b for _, b in spans)

    def extent(self, row: int) -> Span:
        """The highest and the lowest point of what lies in a row."""
        placed = self.placed
        found = [self.reach(self.boxes_of[row])]
        found += [
            _span(placed.labels[link.id][1], link.height)
            for link in self.labels_of[row]
        ]
        paths = [placed.paths[link.id] for link in self.links_of[row]]
        paths += self.passing(row)
        found += [(y, y) for path in paths for _, y in path]
        found += [(y, y + high) for _, y, _, high in self.parts_of[row]]
        return min(a for a, _ in found), max(b for _, b in found)

    def stacked(self) -> list[_Row]:
        """The rows, one below the other."""
        lanes = max((turn.left + 1 for turn in self.turns), default=0)
        rows, y = [], 0.0
        for row, (start, stop) in enumerate(zip(self.west, self.east, strict=True)):
            parts = self.parts_of[row]
            west = min(start, *(x for x, *_ in parts), start)
            east = max(stop, *(x + wide for x, _, wide, _ in parts), stop)
            rows.append(_Row(west, east, *self.extent(row), _LANE * lanes, y))
            below = [turn.down for turn in self.turns_of[row] if turn.start == row]
            y = rows[-1].bottom + max(below, default=0.0) + _SPACE
        return rows

    def cost(self, widest: float) -> float:
        """How high it is; too wide a row and each arrow that leads on count, too."""
        wide = max(row.right for row in self.rows)
        return self.rows[-1].bottom * max(1.0, wide / widest) ** 2 + 40 * len(
            self.turns
        )

    def placement(self) -> Placement:
        """The whole, put together again."""
        placed, put = self.placed, {row: _.put for row, _ in enumerate(self.rows)}
        ends = {link.id: self.row_of[link.head] for link in self.links}
        whole = {id: put[row] for id, row in ends.items()}
        paths = {
            id: tuple(map(whole[id], path)) for id, path in placed.paths.items()
        } | {turn.link.id: self.way(turn) for turn in self.turns}
        labels = {
            id: put[max(self.labels[id], 0)](point)
            for id, point in placed.labels.items()
        } | {turn.link.id: self.label(turn) for turn in self.turns if turn.label}
        frames = {
            id: tuple((*put[row](part[:2]), *part[2:]) for row, part in parts.items())
            for id, parts in self.frames.items()
        }
        rightmost = [max(x for x, _ in path) for path in paths.values()]
        return Placement(
            max(*(row.right for row in self.rows), *rightmost),
            self.rows[-1].bottom,
            {id: put[self.row_of[id]](point) for id, point in placed.centres.items()},
            paths,
            {id: whole[id](point) for id, point in placed.tips.items()},
            labels,
            frames,
        )

    def way(self, turn: _Turn) -> Path:
        """The path of an arrow that leads on, from row to row."""
        above, below = self.rows[turn.start], self.rows[turn.stop]
        out, into = map(above.put, turn.out), map(below.put, turn.into)
        (*start, (x, y)), ((to_x, to_y), *stop) = [*out], [*into]
        right = above.right + _LANE * turn.right + _CORNER
        left, back = above.x - _LANE * (turn.left + 1), above.bottom + turn.down
        corners = [(x, y), (right, y), (right, back), (left, back), (left, to_y)]
        return (*start, *_rounded([*corners, (to_x, to_y)]), *stop)

    def label(self, turn: _Turn) -> Point:
        """Where a label stands that has no place in a row: on the way back."""
        above = self.rows[turn.start]
        x = above.x + turn.link.width / 2 + _LANE
        return x, above.bottom + turn.down - turn.label / 2


def _by_row(pairs: Iterable[tuple[int, T]]) -> Mapping[int, list[T]]:
    """What is in each row."""
    found: defaultdict[int, list[T]] = defaultdict(list)
    for row, one in pairs:
        found[row].append(one)
    return found


def _joined(parts: Iterable[Mapping[str, T]]) -> dict[str, T]:
    return {id: one for part in parts for id, one in part.items()}


def _span(middle: float, size: float) -> Span:
    return middle - size / 2, middle + size / 2


def _with_lanes(turns: Iterable[_Turn]) -> list[_Turn]:
    """The turns with their lanes, so that few of them meet.

    Of those that leave a row, the lowest turns first and runs back highest.
    """
    found: list[_Turn] = []
    for turn in sorted(turns, key=lambda turn: (turn.start, -turn.out[-1][1])):
        before = found[-1] if found and found[-1].start == turn.start else None
        right = before.right + 1 if before else 0
        down = (before.down if before else 0.0) + _LANE + turn.label
        found.append(replace(turn, right=right, down=down))
    taken: list[list[_Turn]] = []
    for turn in sorted(found, key=lambda turn: (turn.stop - turn.start, -turn.right)):
        free = (k for k, lane in enumerate(taken) if not _meets(turn, lane))
        lane = next(free, len(taken))
        taken[lane:] = taken[lane:] or [[]]
        taken[lane].append(replace(turn, left=lane))
    return [turn for lane in taken for turn in lane]


def _meets(turn: _Turn, lane: Iterable[_Turn]) -> bool:
    """Whether a turn comes down beside the same rows as one of the lane."""
    return any(turn.start < one.stop and one.start < turn.stop for one in lane)


def split(path: Path, x: float) -> tuple[Path, Path]:
    """A curve from left to right, cut in two where it passes ``x``.

    >>> split(((0, 0), (1, 0), (2, 0), (3, 0)), 1.5)[0][-1][1]
    0.0
    """
    for k in range(0, len(path) - 3, 3):
        if path[k + 3][0] >= x:
            one, other = _halves(path[k : k + 4], x)
            return (*path[:k], *one), (*other, *path[k + 4 :])
    return path, path[-1:]


def _halves(piece: Path, x: float) -> tuple[Path, Path]:
    """One Bezier piece cut at ``x``, by de Casteljau's construction."""
    xs, ys = zip(*piece, strict=True)
    a, b, c, d = xs
    linear, square, cube = 3 * (b - a), 3 * (a - 2 * b + c), d - a + 3 * (b - c)
    low, high, t = 0.0, 1.0, 0.5
    for _ in range(24):
        t = (low + high) / 2
        at = a + t * (linear + t * (square + t * cube))
        low, high = (t, high) if at < x else (low, t)
    steps = [*zip(_between(xs, t), _between(ys, t), strict=True)]
    left = tuple((u[0], v[0]) for u, v in steps)
    return left, tuple((u[-1], v[-1]) for u, v in reversed(steps))


def _between(values: Sequence[float], t: float) -> list[Sequence[float]]:
    """Coordinates, those between each two of them, and so on, down to the last one."""
    found = [values]
    while len(found[-1]) > 1:
        found.append([a + (b - a) * t for a, b in pairwise(found[-1])])
    return found


def _rounded(points: Sequence[Point]) -> Iterator[Point]:
    """Straight lines with rounded corners as a curve of Bezier pieces."""
    at = points[0]
    yield at
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        start, stop = _towards(corner, before), _towards(corner, after)
        yield from (at, start, start, corner, corner, stop)
        at = stop
    yield from (at, points[-1], points[-1])


def _towards(corner: Point, other: Point) -> Point:
    """The point where a rounded corner begins, on the way to another point."""
    far = math.dist(corner, other) or 1.0
    part = min(_CORNER, far / 2) / far
    (x, y), (to_x, to_y) = corner, other
    return round(x + (to_x - x) * part, 1), round(y + (to_y - y) * part, 1)
