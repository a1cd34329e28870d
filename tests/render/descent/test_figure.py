"""Pictures of descents: what is in them, and that nothing odd breaks them."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure

from tapeviz.render.descent import chart, figure, panels, words
from tapeviz.render.descent.animation import descent_film
from tapeviz.render.svg import theme
from tapeviz.trace.descent import Descent, Update
from tapeviz.trace.value import Summary, Value
from tests.render.descents import arrays, line, parabola, ravine, value

# Worked by hand from section 10.6: x from 2, the gradient 2 (x - 5), the rate 0.1.
XS = (2, 2.6, 3.08, 3.464, 3.7712, 4.01696, 4.213568, 4.3708544, 4.49668352)
LOSSES = (9, 5.76, 3.6864, 2.359296, 1.50994944)


def plotted(*runs: Descent, **options: Any) -> Figure:
    """The figure of runs."""
    return figure.figure(runs, **options)


def drawn(fig: Figure, axes: int = 0, shape: str = "") -> list[tuple[float, float]]:
    """The dots of some axes in the order of x, or those of one shape."""
    lines = [d for d in fig.axes[axes].lines if d.get_linestyle() == "None"]
    chosen = [d for d in lines if not shape or d.get_marker() == shape]
    return sorted((x, y) for line in chosen for x, y in line.get_xydata().tolist())  # type: ignore[union-attr]


def svg(run: Descent, **options: Any) -> str:
    return figure.write_svg(plotted(run, **options))


def panel(run: Descent, *, film: bool) -> chart.Panel:
    """The left panel of a picture or of a film."""
    return panels.panels([panels.Seen.of(run, film=film)], [""])[0]


def notes(fig: Figure) -> str:
    """All the text in a figure."""
    return "\n".join(t.get_text() for ax in fig.axes for t in ax.texts)


def test_points_stand_on_the_curve_of_the_loss() -> None:
    points = drawn(plotted(parabola()))
    assert len(points) == 11
    for (at, loss), x in zip(points, XS, strict=False):
        assert at == pytest.approx(x, rel=1e-6)
        assert loss == pytest.approx((x - 5) ** 2, rel=1e-5)
    assert points[10][0] == pytest.approx(5 - 3 * 0.8**10, rel=1e-5)
    assert points[10][1] == pytest.approx(9 * 0.64**10, abs=0.01)


def test_losses_stand_beside_step_for_step() -> None:
    dots = drawn(plotted(parabola()), 1)
    assert [step for step, _ in dots] == list(range(10))
    assert [loss for _, loss in dots[:5]] == pytest.approx(LOSSES, rel=1e-6)


def test_arrows_go_from_each_point_to_the_next_x() -> None:
    arrows = plotted(parabola()).axes[0].patches
    assert len(arrows) == 10
    for i in range(4):
        start, tip = arrows[i]._posA_posB  # type: ignore[attr-defined]  # not public
        assert (start[0], tip[0]) == pytest.approx(XS[i : i + 2], rel=1e-6)
        assert start[1] == tip[1]


@pytest.mark.parametrize("film", [False, True])
def test_slopes_touch_the_curve(film: bool) -> None:
    marks = panel(parabola(), film=film).marks
    tangents = [m for m in marks if isinstance(m, chart.LineMark) and m.look == "slope"]
    assert (len(tangents) == 10) if film else (1 < len(tangents) < 6)
    for tangent in tangents:
        (x0, y0), (x1, y1) = tangent.path
        slope = (y1 - y0) / (x1 - x0)
        x = 5 + slope / 2
        assert min(abs(x - seen) for seen in (*XS, 4.5973)) < 1e-3
        assert y0 + slope * (x - x0) == pytest.approx((x - 5) ** 2, rel=1e-4)


def test_start_and_end_differ_in_shape_and_in_words() -> None:
    fig = plotted(parabola())
    shapes = {line.get_marker() for line in fig.axes[0].lines} - {"None"}
    assert len(shapes) == 3
    assert "start, x = 2" in notes(fig)
    assert "end, x = 4.6779" in notes(fig)


def test_the_same_bytes_every_time() -> None:
    assert svg(parabola()) == svg(parabola())
    code = (
        "from tapeviz.render.descent import figure as plots; from "
        "tests.render.descents import ravine; import zlib;"
        "text = plots.write_svg(plots.figure([ravine()]));"
        "print(zlib.crc32(text.encode()))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(runs) == 1


def test_svg_has_real_text_and_no_date() -> None:
    text = svg(parabola())
    ET.fromstring(text)  # noqa: S314 - our own
    assert ">start, x = 2<" in text
    assert "<dc:date>" not in text
    assert "<metadata" not in text or "Matplotlib" not in text


@pytest.mark.parametrize("name", theme.NAMES)
def test_every_theme_has_its_own_paper_and_ink(name: str) -> None:
    text = svg(parabola(), theme=name)
    for role in ("paper", "ink", "variable", "target"):
        assert theme.colours(name)[role] in text


def test_panels_one_under_the_other_stand_on_one_paper() -> None:
    narrow = re.search(r"@container[^}]*}", descent_film(parabola()).svg)
    assert narrow
    assert "background:var(--tv-paper)" in narrow[0]


def test_unknown_theme_says_which_there_are() -> None:
    with pytest.raises(ValueError, match="choose one of"):
        plotted(parabola(), theme="pink")


def test_draws_into_axes_of_ones_own() -> None:
    fig = Figure()
    axes = fig.subplots(1, 2)
    assert figure.plot([parabola()], axes=tuple(axes)) == tuple(axes)
    assert len(drawn(fig)) == 11


def test_draws_without_pyplot() -> None:
    code = (
        "import sys; from tapeviz.render.descent import figure as plots;"
        "from tests.render.descents import parabola;"
        "plots.write_svg(plots.figure([parabola()]));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_two_numbers_make_a_path_on_contours() -> None:
    fig = plotted(ravine())
    points = drawn(fig)
    assert points[0] == (-4, 2)
    assert points[1] == pytest.approx((-3.6, 0.4), rel=1e-6)
    assert len(fig.axes[0].collections) == 2
    assert fig.axes[0].get_xlabel() == "x"
    assert fig.axes[0].get_ylabel() == "y"


def test_arrays_show_how_long_gradient_and_update_are() -> None:
    fig = plotted(arrays())
    whole = math.sqrt(1 + 4 + 9 + 1 + 4 + 9 + 16)
    falls = [0.8**i for i in range(6)]
    for shape, size in (("o", whole), ("^", 0.2 * whole)):
        lengths = [y for _, y in drawn(fig, 1, shape)]
        assert lengths == pytest.approx([size * f for f in falls], rel=1e-5)


def test_one_array_of_two_entries_is_a_path_too() -> None:
    fig = plotted(arrays(shapes=((2,),)))
    assert fig.axes[0].get_xlabel() == "w[0]"
    assert drawn(fig)[-2] == pytest.approx((0.8, 1.6), rel=1e-6)


def test_large_arrays_are_measured_by_their_norm() -> None:
    big = Value("float32", (100,), None, Summary(0, 1, 2, 0, (), norm=3.0))
    blind = replace(big, summary=Summary(0, 1, 2, 0, ()))
    for seen, length in ((big, 3.0), (blind, math.nan)):
        update = Update(0, (seen,), value(1.0), (seen,), (seen,), (seen,), 0.1)
        fig = plotted(Descent(("w",), (update,)))
        sizes = [size for _, size in drawn(fig, 0, "o")]
        assert sizes == ([] if math.isnan(length) else [length])
        assert ("too large" in notes(fig)) == math.isnan(length)


def test_log_scale_only_when_it_helps() -> None:
    scale = {
        steps: plotted(parabola(steps=steps)).axes[1].get_yscale() for steps in (10, 12)
    }
    # The loss shrinks by 0.64 a step: 55 times after nine, 135 times after eleven.
    assert scale == {10: "linear", 12: "log"}
    down = line(lambda x: x**3, lambda x: 3 * x * x, 0.01, 60, 2.0, (-9, 3))
    assert plotted(down).axes[1].get_yscale() == "linear"


def test_a_run_that_flies_off_is_clipped_with_a_note() -> None:
    fig = plotted(parabola(3.0, 40))
    left, right = fig.axes[0].get_xlim()
    assert right - left < 1000
    assert "outside the picture" in notes(fig)
    assert "at step 27 the loss is inf" in notes(fig)
    assert np.isfinite([*fig.axes[1].get_ylim()]).all()


def test_a_run_that_only_just_diverges_is_shown_whole() -> None:
    fig = plotted(parabola(1.1, 10, view=(-20, 30)))
    assert "outside" not in notes(fig)
    assert drawn(fig)[0][0] == pytest.approx(5 - 3 * 1.2**10, rel=1e-4)


@pytest.mark.parametrize(
    "run",
    [
        parabola(steps=1),
        parabola(rate=0.0),
        parabola(start=5.0),
        parabola(land=False),
        parabola(10.0, 60, land=False),
        parabola(start=math.nan),
        parabola(start=math.inf, steps=3),
        parabola(start=1e30, steps=4),
        parabola(0.01, 500),
        ravine(0.4, 60),
        ravine(40.0, 60),
        line(math.fabs, lambda x: math.copysign(1, x), 0.3, 9, 1.0, (-2, 2)),
        line(lambda x: float(np.log(x)), lambda x: 1 / x, 1, 5, 1.0, (0.1, 3)),
        Descent(
            ("x",), (Update(0, (value(1),), None, (None,), (value(0),), (value(1),)),)
        ),
        Descent(("a$b_{", "<x>"), ravine().updates, ravine().landscape, "lo$$"),
        Descent(("\u05d0\n\x07" * 40,), parabola().updates, parabola().landscape),
    ],
)
def test_nothing_odd_breaks_a_picture(run: Descent) -> None:
    for text in (svg(run.validate()), descent_film(run).svg):
        ET.fromstring(text)  # noqa: S314 - our own
        assert not re.findall(r'="[^"]*\b(?:nan|inf)\b', text.partition("<g")[2])
    assert words.describe(run).endswith(".")


def test_no_update_makes_a_clear_picture() -> None:
    run = Descent(("x",), ())
    assert "No update was recorded" in notes(plotted(run))
    assert "no update was recorded" in words.describe(run)


def test_long_runs_stay_light() -> None:
    fig = plotted(parabola(0.001, 5000))
    shown = [round(step) for step, _ in drawn(fig, 1)]
    assert len(shown) <= panels.MOST
    assert shown[:20] == list(range(20))
    assert shown[-1] == 4999


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (parabola(), "falls at every step, from 9 to 0.1621"),
        (parabola(), "from x = 2 to x = 4.6779"),
        (parabola(1.1), "rises from 9 to 239.61"),
        (parabola(3.0, 40), "At step 27 the loss is inf"),
        (ravine(), "from x = -4, y = 2 to"),
        (parabola(steps=1), "in 1 update."),
    ],
)
def test_alt_text_tells_the_story(run: Descent, said: str) -> None:
    assert said in words.describe(run)


def test_a_run_has_one_colour_alone_and_among_others() -> None:
    alone = plotted(parabola()).axes[-1]
    several = figure.figure([parabola(), parabola()]).axes[-1]
    orange = theme.colours("light")["target"]
    assert {one.get_color() for one in alone.lines} == {orange}
    assert orange in {one.get_color() for one in several.lines}


def walk(*points: list[float]) -> Descent:
    """A descent on one array, from point to point with rate 1."""
    updates = []
    for i, (at, to) in enumerate(pairwise(map(np.array, points))):
        move = to - at
        seen = [(value(part),) for part in (at, -move, move, to)]
        x, g, m, after = seen
        updates.append(Update(i, x, value(float((at**2).sum())), g, m, after, 1.0))
    return Descent(("x",), tuple(updates), None).validate()


@pytest.mark.parametrize("far", [1.0, 2.5e-7, 12345.6, 4.5e8])
def test_long_numbers_leave_room_for_the_name_beside_them(far: float) -> None:
    points = [[far * 0.8**k, far * 0.5**k, far * 0.3**k] for k in range(8)]
    fig = plotted(walk(*points))
    assert len(fig.axes) == 3
    for ax in fig.axes:
        box = ax.get_tightbbox()
        assert box
        assert box.x0 >= 0, "nothing is cut at the left"


def test_rounding_is_not_drawn_as_a_path_of_its_own() -> None:
    """On the way straight to 0 only rounding leads aside, some 1e-8 of the way."""
    points = [[3 * 0.8**k, 2 * 0.8**k, 0.8**k] for k in range(8)]
    ax = plotted(walk(*points)).axes[0]
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert high - low > 0.1 * (right - left)
