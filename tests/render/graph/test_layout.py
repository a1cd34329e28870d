"""Layout: nothing overlaps, every arrow arrives, and it says so when it cannot."""

from __future__ import annotations

import itertools
import shutil
import sys
import sysconfig
from pathlib import Path

import pytest

from tapeviz.errors import LayoutError, TapevizError
from tapeviz.render.graph import layout
from tapeviz.render.graph.layout import lay_out
from tapeviz.trace.geometry import Box, Link, Placement

BOXES = (Box("x", 150, 76), Box("a", 170, 90), Box("b", 120, 90), Box("y", 200, 100))
LINKS = (
    Link("e0", "x", "a", 60, 18),
    Link("e1", "x", "b"),
    Link("e2", "a", "y", 40, 15),
    Link("e3", "b", "y"),
    Link("e4", "b", "y"),
)
REAL = next(layout.programs())


def rects(placed: Placement) -> dict[str, tuple[float, float, float, float]]:
    return {
        box.id: (
            placed.centres[box.id][0] - box.width / 2,
            placed.centres[box.id][1] - box.height / 2,
            placed.centres[box.id][0] + box.width / 2,
            placed.centres[box.id][1] + box.height / 2,
        )
        for box in BOXES
    }


@pytest.mark.parametrize("direction", layout.DIRECTIONS)
def test_boxes_keep_apart_and_inside(direction: str) -> None:
    placed = lay_out(BOXES, LINKS, direction=direction)
    spots = rects(placed)
    for left, top, right, bottom in spots.values():
        assert -0.5 <= left < right <= placed.width + 0.5
        assert -0.5 <= top < bottom <= placed.height + 0.5
    for one, other in itertools.combinations(spots.values(), 2):
        apart = one[2] < other[0] or other[2] < one[0]
        assert apart or one[3] < other[1] or other[3] < one[1]


@pytest.mark.parametrize(("direction", "axis"), [("LR", 0), ("TB", 1)])
def test_operands_come_before_their_op(direction: str, axis: int) -> None:
    placed = lay_out(BOXES, LINKS, direction=direction)
    for link in LINKS:
        assert placed.centres[link.tail][axis] < placed.centres[link.head][axis]


def test_arrows_touch_their_boxes_and_differ() -> None:
    placed = lay_out(BOXES, LINKS)
    spots = rects(placed)
    for link in LINKS:
        path = placed.paths[link.id]
        assert len(path) % 3 == 1
        assert path[0][0] == pytest.approx(spots[link.tail][2], abs=2)
        assert placed.tips[link.id][0] == pytest.approx(spots[link.head][0], abs=2)
    assert placed.paths["e3"] != placed.paths["e4"]


def test_labels_lie_on_no_box() -> None:
    placed = lay_out(BOXES, LINKS)
    for link in LINKS[:1] + LINKS[2:3]:
        x, y = placed.labels[link.id]
        for left, top, right, bottom in rects(placed).values():
            apart = x + link.width / 2 <= left or x - link.width / 2 >= right
            assert apart or y + link.height / 2 <= top or y - link.height / 2 >= bottom


def test_same_input_same_output() -> None:
    first = lay_out(BOXES, LINKS)
    layout.cached_layout.cache_clear()
    assert lay_out(BOXES, LINKS) == first


def test_nothing_is_placed_nowhere() -> None:
    assert lay_out((), ()) == Placement(0, 0, {}, {}, {}, {})


def test_unknown_direction() -> None:
    with pytest.raises(ValueError, match="LR, TB"):
        lay_out(BOXES, LINKS, direction="up")


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Neither the scripts directory nor PATH holds a layout engine."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(layout, "find_spec", lambda _name: None)
    layout.cached_layout.cache_clear()
    return tmp_path


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!{shutil.which('sh', path='/bin:/usr/bin')}\n{script}\n")
    path.chmod(0o755)


def test_engine_beside_the_interpreter_needs_no_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(layout, "find_spec", lambda _name: None)
    layout.cached_layout.cache_clear()
    assert "graphviz-pure" in layout.engine()
    assert lay_out(BOXES, LINKS).width > 0


@pytest.mark.usefixtures("no_engine")
def test_missing_engine_says_what_to_do() -> None:
    with pytest.raises(LayoutError, match="pip install graphviz-pure") as caught:
        lay_out(BOXES, LINKS)
    assert isinstance(caught.value, TapevizError)
    assert isinstance(caught.value, RuntimeError)


def test_dot_on_path_is_the_second_choice(no_engine: Path) -> None:
    program(no_engine, "dot", "exit 1")
    assert layout.engine() == str(no_engine / "dot")
    program(no_engine, "graphviz-pure", "exit 1")
    assert layout.engine() == str(no_engine / "graphviz-pure")


def test_broken_engine_is_passed_over(no_engine: Path) -> None:
    program(no_engine, "graphviz-pure", "echo it is broken >&2; exit 3")
    program(no_engine, "dot", f'exec "{REAL}" "$@"')
    assert lay_out(BOXES, LINKS).width > 0


def test_a_package_that_is_installed_is_taken_before_a_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layout, "_aside", None)
    layout.cached_layout.cache_clear()
    assert layout.engine() == layout.IN_PROCESS
    assert lay_out(BOXES, LINKS).width > 0


def test_a_large_graph_is_laid_out_by_what_can_be_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layout, "_EASY", 1)
    monkeypatch.setattr(layout, "_in_process", None)
    layout.cached_layout.cache_clear()
    assert lay_out(BOXES, LINKS).width > 0


def test_a_package_that_does_not_load_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, layout.IN_PROCESS, None)
    layout.cached_layout.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "find_spec", lambda _name: True)
        assert lay_out(BOXES, LINKS).width > 0


def test_elsewhere_than_in_a_page_there_is_nothing_to_load() -> None:
    with pytest.raises(StopIteration):
        layout.load_graphviz("https://nowhere.invalid").send(None)
    assert not layout._loaded


def test_failing_engine_is_quoted(no_engine: Path) -> None:
    program(no_engine, "dot", "echo it is broken >&2; exit 3")
    with pytest.raises(LayoutError, match=r"dot said 'it is broken'.*pip install"):
        lay_out(BOXES, LINKS)


def test_engine_that_talks_nonsense(no_engine: Path) -> None:
    program(no_engine, "dot", "echo hello")
    with pytest.raises(LayoutError, match="dot said"):
        lay_out(BOXES, LINKS)


def test_slow_engine_is_given_up(
    no_engine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "PATIENCE", 0.2)
    program(no_engine, "dot", "while :; do :; done")
    with pytest.raises(LayoutError, match=r"not done after 0\.2 seconds"):
        lay_out(BOXES, LINKS)


def test_too_large_a_graph_is_refused_before_it_is_tried() -> None:
    boxes = [Box(str(i), 40, 30) for i in range(400)]
    links = [Link(f"c{i}", str(i), str(i + 1)) for i in range(399)]
    links += [Link(f"l{i}", "0", str(i)) for i in range(2, 400)]
    links.sort(key=lambda link: int(link.head))
    with pytest.raises(LayoutError, match="too large to be drawn"):
        lay_out(boxes, links)


def test_effort_counts_the_ranks_that_arrows_pass() -> None:
    links = (Link("a", "x", "a"), Link("b", "a", "b"), Link("c", "x", "b"))
    assert layout.effort((Box("x", 1, 1), Box("a", 1, 1), Box("b", 1, 1)), links) == 4
