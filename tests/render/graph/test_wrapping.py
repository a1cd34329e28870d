"""Long pictures in rows: nothing overlaps, every arrow arrives, no row is too wide."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapeviz.render.graph import wrapping
from tapeviz.render.graph.compaction import RowContents, compact
from tapeviz.render.graph.layout import lay_out
from tapeviz.render.graph.wrapping import WIDEST, wrap
from tapeviz.trace.geometry import Box, Group, Link, Placement, Point

Rect = tuple[float, float, float, float]


def chain(count: int, *, leaves: bool = False) -> tuple[list[Box], list[Link]]:
    """Ops one after the other, and for each, if asked, a variable that it uses."""
    boxes = [Box("n0", 120, 76)]
    links = []
    for i in range(1, count):
        if leaves:
            boxes.append(Box(f"w{i}", 150, 90))
            links.append(Link(f"v{i}", f"w{i}", f"n{i}", 40, 15))
        boxes.append(Box(f"n{i}", 150, 76))
        links.append(Link(f"e{i}", f"n{i - 1}", f"n{i}", 30, 15, 6))
    return boxes, links


def rect(box: Box, placed: Placement) -> Rect:
    x, y = placed.centres[box.id]
    w, h = box.width / 2, box.height / 2
    return x - w, y - h, x + w, y + h


def overlap(one: Rect, other: Rect) -> bool:
    apart = one[2] <= other[0] or other[2] <= one[0]
    return not (apart or one[3] <= other[1] or other[3] <= one[1])


def along(path: Sequence[Point]) -> list[Point]:
    """Points of a curve, sixteen on each of its pieces."""
    found = []
    for k in range(0, len(path) - 3, 3):
        for i in range(17):
            t = i / 16
            parts = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            piece = path[k : k + 4]
            x, y = (
                sum(p * point[axis] for p, point in zip(parts, piece, strict=True))
                for axis in (0, 1)
            )
            found.append((x, y))
    return found


def check(placed: Placement, boxes: list[Box], links: list[Link]) -> None:
    """Boxes and labels lie apart and inside, and arrows lead from border to border."""
    rects = {box.id: rect(box, placed) for box in boxes}
    for left, top, right, bottom in rects.values():
        assert -0.5 <= left < right <= placed.width + 0.5
        assert -0.5 <= top < bottom <= placed.height + 0.5
    for one, other in itertools.combinations(rects.values(), 2):
        assert not overlap(one, other)
    for link in links:
        path, tip = placed.paths[link.id], placed.tips[link.id]
        assert len(path) % 3 == 1
        assert all(-3 <= x <= placed.width + 3 for x, _ in along(path))
        assert all(-3 <= y <= placed.height + 3 for _, y in along(path))
        tail, head = rects[link.tail], rects[link.head]
        assert _touches(path[0], tail)
        assert _touches(tip, head)
        if link.width:
            x, y = placed.labels[link.id]
            w, h = link.width / 2 - 1, link.height / 2 - 1
            label = (x - w, y - h, x + w, y + h)
            assert not any(overlap(label, other) for other in rects.values())


def lowered(placed: Placement, far: float) -> Placement:
    """The placement with as much room above it and below it."""

    def put(points: Mapping[str, Point]) -> dict[str, Point]:
        return {id: (x, y + far) for id, (x, y) in points.items()}

    paths = {k: tuple((x, y + far) for x, y in p) for k, p in placed.paths.items()}
    return replace(
        placed,
        height=placed.height + 2 * far,
        centres=put(placed.centres),
        paths=paths,
        tips=put(placed.tips),
        labels=put(placed.labels),
    )


def _touches(point: Point, box: Rect, near: float = 3) -> bool:
    x, y = point
    left, top, right, bottom = box
    return left - near <= x <= right + near and top - near <= y <= bottom + near


def crossed(placed: Placement, boxes: list[Box], links: list[Link]) -> list[str]:
    """The arrows that run through a box that is neither their tail nor their head."""
    inner = {
        b.id: rect(replace(b, width=b.width - 6, height=b.height - 6), placed)
        for b in boxes
    }
    return [
        link.id
        for link in links
        for x, y in along(placed.paths[link.id])
        for id, (left, top, right, bottom) in inner.items()
        if id not in {link.tail, link.head} and left < x < right and top < y < bottom
    ]


@pytest.mark.parametrize("leaves", [False, True])
def test_a_long_chain_is_read_like_a_text(*, leaves: bool) -> None:
    boxes, links = chain(14, leaves=leaves)
    row = lay_out(boxes, links)
    assert row.width > 2 * WIDEST
    placed = wrap(row, boxes, links)
    assert placed.width <= 1.1 * WIDEST
    check(placed, boxes, links)
    assert crossed(placed, boxes, links) == []
    for i in range(1, 14):
        (x, y), (to_x, to_y) = placed.centres[f"n{i - 1}"], placed.centres[f"n{i}"]
        assert to_x > x + 100 or to_y > y + 76, "to the right, or in the next row"


def test_a_leaf_stands_in_the_row_of_what_uses_it() -> None:
    boxes, links = chain(14, leaves=True)
    placed = wrap(lay_out(boxes, links), boxes, links)
    for i in range(1, 14):
        assert abs(placed.centres[f"w{i}"][1] - placed.centres[f"n{i}"][1]) < 180


def test_leaves_come_near_to_what_uses_them_so_that_rows_are_low() -> None:
    boxes, links = chain(14, leaves=True)
    placed = wrap(lay_out(boxes, links), boxes, links)
    below_a_box = 76 / 2 + 14 + 90 / 2
    step = 4
    for i in range(1, 14):
        far = placed.centres[f"w{i}"][1] - placed.centres[f"n{i}"][1]
        assert abs(far) <= below_a_box + step
    check(placed, boxes, links)
    assert crossed(placed, boxes, links) == []


def test_a_row_that_would_hold_only_a_leaf_of_the_next_is_none() -> None:
    boxes = [Box(id, 90, 60) for id in ("x", "w", "y", "z")]
    links = [Link("a", "x", "y", 300, 15, 6), Link("b", "y", "z", 300, 15, 6)]
    links += [Link("c", "w", "z")]
    placed = wrap(lay_out(boxes, links), boxes, links, widest=200)
    check(placed, boxes, links)


def test_of_the_places_to_cut_those_are_taken_that_give_a_low_picture() -> None:
    boxes, links = [Box("h", 130, 120)], []
    for i in range(3):
        boxes += [
            Box(f"w{i}", 210, 140),
            Box(f"m{i}", 180, 160),
            Box(f"r{i}", 240, 160),
        ]
        before = f"r{i - 1}" if i else "h"
        links += [Link(f"a{i}", before, f"m{i}", 58, 15, 6 if i else 1)]
        links += [Link(f"b{i}", f"w{i}", f"m{i}", 58, 15)]
        links += [Link(f"c{i}", f"m{i}", f"r{i}", 80, 33, 6)]
    placed = wrap(lay_out(boxes, links), boxes, links)
    for i in range(3):
        x, y = placed.centres[f"w{i}"]
        assert x < placed.centres[f"m{i}"][0] - 100, "beside its product, not below"
        assert abs(placed.centres[f"m{i}"][1] - placed.centres[f"r{i}"][1]) < 5
        assert abs(y - placed.centres[f"m{i}"][1]) < 100


def test_what_fits_stays_as_it_is() -> None:
    boxes, links = chain(4)
    row = lay_out(boxes, links)
    assert wrap(row, boxes, links) is row


def test_an_arrow_over_several_rows_goes_around_them() -> None:
    boxes, links = chain(14)
    links.append(Link("skip", "n0", "n13", 40, 15))
    placed = wrap(lay_out(boxes, links), boxes, links)
    check(placed, boxes, links)
    assert crossed(placed, boxes, links) == []


def test_a_frame_has_a_part_in_each_row_and_holds_its_boxes() -> None:
    boxes, links = chain(12)
    held = tuple(f"n{i}" for i in range(2, 12))
    groups = [Group("f0", held, 120, 20), Group("f1", held[2:9], 120, 20)]
    placed = wrap(lay_out(boxes, links, groups=groups), boxes, links, groups)
    check(placed, boxes, links)
    for group in groups:
        frames = placed.frames[group.id]
        assert len(frames) > 1
        for box in boxes:
            x, y = placed.centres[box.id]
            inside = [a < x < a + w and b < y < b + h for a, b, w, h in frames]
            assert sum(inside) == (box.id in group.boxes)


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[Box], list[Link]]:
    """Graphs as tapes have them: leaves, then ops of one or two operands."""
    boxes = [Box(f"x{i}", 90, 60) for i in range(draw(st.integers(1, 3)))]
    links = []
    for i in range(draw(st.integers(4, 16))):
        count = draw(st.integers(1, 2))
        near = boxes[-draw(st.integers(2, 8)) :]
        tails = draw(st.lists(st.sampled_from(near), min_size=count, max_size=count))
        if high := draw(st.sampled_from([0, 0, 40, 140])):
            boxes.append(Box(f"w{i}", draw(st.sampled_from([42, 150, 220])), high))
            tails.append(boxes[-1])
        boxes.append(Box(f"n{i}", draw(st.sampled_from([110, 150, 240])), 76))
        for slot, tail in enumerate(tails):
            wide = draw(st.sampled_from([0, 0, 40]))
            links.append(Link(f"e{i}_{slot}", tail.id, f"n{i}", wide, wide and 15, 6))
    return boxes, links


@settings(max_examples=40, deadline=None)
@given(programs(), st.sampled_from([400.0, 700.0]))
def test_any_program_in_rows_is_whole(
    program: tuple[list[Box], list[Link]], widest: float
) -> None:
    boxes, links = program
    row = lay_out(boxes, links)
    placed = wrap(row, boxes, links, widest=widest)
    check(placed, boxes, links)
    assert set(placed.paths) == set(row.paths)
    assert placed == wrap(row, boxes, links, widest=widest)


@settings(max_examples=40, deadline=None)
@given(programs())
def test_what_is_compact_is_as_legible_as_before(
    program: tuple[list[Box], list[Link]],
) -> None:
    boxes, links = program
    row = lay_out(boxes, links)
    placed = compact(row, RowContents(boxes, links))
    heads = {link.head for link in links}
    check(lowered(placed, 1000), boxes, links)
    assert set(crossed(placed, boxes, links)) <= set(crossed(row, boxes, links))
    for box in boxes:
        now, before = placed.centres[box.id], row.centres[box.id]
        mine = [row.tips[link.id][1] for link in links if link.tail == box.id]
        if box.id in heads or not mine:
            assert now == before
        else:
            goal = min(mine, key=lambda y: abs(y - before[1]))
            assert abs(now[1] - goal) <= abs(before[1] - goal)


def line(count: int) -> tuple[Placement, list[Box], list[Link]]:
    """A chain as it is laid out, without asking for it."""
    boxes, links = chain(count)
    xs = {box.id: 75 + 200.0 * i for i, box in enumerate(boxes)}
    starts = {link.id: xs[link.tail] + 75 for link in links}
    placed = Placement(
        200.0 * count,
        76.0,
        {id: (x, 38.0) for id, x in xs.items()},
        {id: tuple((x + k, 38.0) for k in (0, 10, 20, 40)) for id, x in starts.items()},
        {id: (x + 50, 38.0) for id, x in starts.items()},
        {id: (x + 25, 30.0) for id, x in starts.items()},
    )
    return placed, boxes, links


@pytest.mark.parametrize("count", [40, 400])
def test_each_arrow_is_looked_at_as_often_however_many_rows_there_are(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    asked = []
    ends = wrapping._Wrapping.ends
    monkeypatch.setattr(
        wrapping._Wrapping, "ends", lambda it, link: asked.append(1) or ends(it, link)
    )
    wrapped = wrap(*line(count))
    assert wrapped.height > 76 * count / 8
    assert len(asked) < 30 * count
