"""Layout without a program: nothing overlaps, and arrows run from box to box."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from tapeviz.errors import LayoutError
from tapeviz.render.graph import layout, layout_igraph
from tapeviz.trace.geometry import Box, Link, Placement

pytest.importorskip("igraph", reason="comes with the extra 'test'")


def graph(seed: int, size: int = 24, *, labels: bool) -> tuple[list[Box], list[Link]]:
    """A random program: some leaves, then operations of one or two operands."""
    draw = random.Random(seed)  # noqa: S311 - not a secret
    boxes = [
        Box(f"n{i}", draw.randint(40, 160), draw.randint(24, 90)) for i in range(size)
    ]
    links = []
    for i in range(4, size):
        for slot in range(draw.choice((1, 2))):
            tail = draw.randrange(max(0, i - 8), i)
            width = draw.randint(20, 60) if labels else 0
            links.append(
                Link(f"e{i}_{slot}", f"n{tail}", f"n{i}", width, 16 if labels else 0)
            )
    return boxes, links


def boxes_of(boxes: list[Box], placed: Placement) -> dict[str, tuple[float, ...]]:
    """The left, top, right and bottom of each box."""
    found: dict[str, tuple[float, ...]] = {}
    for box in boxes:
        x, y = placed.centres[box.id]
        w, h = box.width / 2, box.height / 2
        found[box.id] = (x - w, y - h, x + w, y + h)
    return found


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("direction", layout.DIRECTIONS)
def test_nothing_overlaps_and_all_is_inside(
    seed: int, labels: bool, direction: str
) -> None:
    boxes, links = graph(seed, labels=labels)
    placed = layout_igraph.lay_out(boxes, links, direction)
    areas = boxes_of(boxes, placed)
    for a, b in combinations(areas, 2):
        assert not overlap(areas[a], areas[b]), (a, b)
    for left, top, right, bottom in areas.values():
        assert min(left, top) >= -0.1
        assert right <= placed.width + 0.1
        assert bottom <= placed.height + 0.1
    if labels:
        for link in links:
            x, y = placed.labels[link.id]
            area = (x - link.width / 2, y - 8, x + link.width / 2, y + 8)
            assert not any(overlap(area, box) for box in areas.values()), link.id


@pytest.mark.parametrize("seed", range(12))
def test_arrows_run_forwards_from_border_to_border(seed: int) -> None:
    boxes, links = graph(seed, labels=True)
    placed = layout_igraph.lay_out(boxes, links)
    areas = boxes_of(boxes, placed)
    for link in links:
        path, tip = placed.paths[link.id], placed.tips[link.id]
        tail, head = areas[link.tail], areas[link.head]
        assert path[0][0] == pytest.approx(tail[2], abs=0.2)
        assert tail[1] <= path[0][1] <= tail[3]
        assert tip[0] == pytest.approx(head[0], abs=0.2)
        assert head[1] <= tip[1] <= head[3]
        assert [x for x, _ in path] == sorted(x for x, _ in path)
        assert len(path) % 3 == 1


def test_parallel_arrows_have_ways_of_their_own() -> None:
    boxes = [Box("x", 60, 40), Box("y", 60, 40)]
    links = [Link("a", "x", "y"), Link("b", "x", "y")]
    placed = layout_igraph.lay_out(boxes, links)
    assert placed.paths["a"] != placed.paths["b"]


def test_the_same_graph_has_the_same_picture() -> None:
    one, two = (layout_igraph.lay_out(*graph(3, labels=True)) for _ in range(2))
    assert one == two


def test_constants_stand_close_to_where_they_are_used() -> None:
    links = [
        Link("a", "x", "p"), Link("b", "p", "q"), Link("c", "q", "r"),
        Link("d", "one", "r"),
    ]  # fmt: skip
    boxes = [Box(id, 40, 20) for id in ("x", "p", "q", "one", "r")]
    assert layout_igraph.ranks(boxes, links) == {
        "x": 0,
        "p": 1,
        "q": 2,
        "one": 2,
        "r": 3,
    }


def test_it_steps_in_where_there_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes, links = graph(1, labels=False)
    by_program = layout.lay_out(boxes, links)
    monkeypatch.setattr(layout, "_candidates", lambda: iter(()))
    placed = layout.lay_out(boxes, links)
    assert placed == layout_igraph.lay_out(boxes, links, "LR")
    assert placed != by_program


def test_without_both_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layout, "_candidates", lambda: iter(()))
    monkeypatch.setattr(layout, "find_spec", lambda _name: None)
    with pytest.raises(LayoutError, match="pip install graphviz-pure"):
        layout.lay_out([Box("a", 10, 10)], [])
