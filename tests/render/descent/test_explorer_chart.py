"""The explorer's chart: positions, ticks, contours, and nothing that breaks it."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from tapeviz.render.descent import explorer_chart
from tapeviz.render.descent.chart import Axis, Panel
from tapeviz.trace.descent import Descent, Landscape
from tests.render.descents import parabola, ravine

LINE = Landscape((0.0, 5.0, 10.0), (), ((25.0, 0.0, 25.0),))
PLANE = ravine().landscape
WINDOW = Panel("", Axis(0, 10, "x"), Axis(-1, 26), explorer_chart.FRAME)


def numbers(text: str) -> list[float]:
    return [float(v) for v in re.findall(r"-?\d+\.?\d*", text)]


def test_a_window_shows_all_of_a_curve() -> None:
    seen = explorer_chart.window(LINE, ("x",), "loss")
    assert (seen.x.low, seen.x.high) == (0, 10)
    assert seen.y.low < 0
    assert seen.y.high > 25
    ends = [(0, seen.y.low), (10, seen.y.high)]
    left, right = seen.pixels(ends)
    (middle,) = seen.pixels((5, (seen.y.low + seen.y.high) / 2))
    assert middle == pytest.approx((left + right) / 2)


@pytest.mark.parametrize(
    "span", [(0, 1), (-1.2, 9), (1e-7, 3e-7), (-3e9, 1e9), (4.999, 5.001)]
)
def test_ticks_are_few_and_round(span: tuple[float, float]) -> None:
    found = Axis(*span).ticks()
    assert 2 <= len(found) <= 6
    assert all(span[0] <= v <= span[1] for v in found)
    step = found[1] - found[0]
    assert round(step / 10 ** math.floor(math.log10(step) + 1e-9), 6) in {1, 2, 5}


def test_contours_run_where_the_loss_has_their_level() -> None:
    assert PLANE is not None
    seen = explorer_chart.window(PLANE, ("x", "y"), "loss")
    background = explorer_chart.background(PLANE, seen)
    levels = re.findall(r'class="tv-level" d="([^"]+)"', background["ground"])
    assert len(levels) == 9
    frame = background["frame"]
    smallest = numbers(levels[-1])
    xs = np.array(smallest[::2])
    ys = np.array(smallest[1::2])
    x = frame["x"][0] + (xs - frame["left"]) / frame["width"] * np.ptp(frame["x"])
    y = frame["y"][1] - (ys - frame["top"]) / frame["height"] * np.ptp(frame["y"])
    loss = (x**2 + 8 * y**2) / 2
    assert np.ptp(loss) < 0.25 * loss.mean() + 0.3


def test_points_stand_where_the_run_was() -> None:
    run, seen = parabola(), WINDOW
    drawn = explorer_chart.scene(explorer_chart.Comparison((run,), (2.0,)), seen)
    circles = re.findall(
        r'd="M([\d.]+) ([\d.]+)m[^"]*" data-step="(\d+)"', drawn["path"]
    )
    assert [int(step) for *_, step in circles] == list(range(11))
    for (x, y, _), update in zip(circles, run.updates, strict=False):
        expected = seen.pixels((update.at[0].entry, update.loss.entry))[0]  # type: ignore[union-attr]
        assert (float(x), float(y)) == pytest.approx(expected, abs=0.06)
    assert drawn["at"] == pytest.approx(seen.pixels((2, 9))[0], abs=0.06)
    assert drawn["start"] == "x = 2"


def test_words_table_and_labels_say_what_the_picture_shows() -> None:
    runs = (parabola(), parabola(1.1))
    seen = WINDOW
    drawn = explorer_chart.scene(
        explorer_chart.Comparison(runs, (2.0,), ("slow", "fast")), seen
    )
    assert [w["name"] for w in drawn["words"]] == [
        "slow: converging.",
        "fast: diverging.",
    ]
    assert [w["look"] for w in drawn["words"]] == ["run-target", "run-watched"]
    assert len(drawn["table"]["rows"]) == 10
    assert drawn["table"]["rows"][1][:3] == ["1", "2.6", "5.76"]
    assert drawn["alt"].startswith("2 runs. slow: ")
    assert "leaves the picture at step" in drawn["words"][1]["text"]
    assert "<text" not in drawn["path"]


@pytest.mark.parametrize(
    "run",
    [
        parabola(3.0, 60),
        parabola(start=math.nan),
        parabola(rate=0.0),
        parabola(start=5.0),
        parabola(steps=1),
        Descent(("<x>&",), parabola().updates, None, "</svg>"),
    ],
)
def test_nothing_odd_breaks_a_chart(run: Descent) -> None:
    seen = replace(WINDOW, title="<l>", x=Axis(0, 10, "<x>&"))
    drawn = explorer_chart.scene(explorer_chart.Comparison((run,), (2.0,)), seen)
    json.dumps(drawn)
    for text in (
        drawn["path"],
        drawn["curve"],
        explorer_chart.background(LINE, seen)["ground"],
    ):
        ET.fromstring(f"<svg>{text}</svg>")  # noqa: S314 - our own
        assert not re.findall(r'="[^"]*(?:nan|inf)', text)


def test_a_landscape_without_a_number_is_an_empty_background() -> None:
    nothing = Landscape((0.0, 1.0), (0.0, 1.0), ((math.nan, math.nan),) * 2)
    seen = explorer_chart.window(nothing, ("x", "y"), "loss")
    assert "level" not in explorer_chart.background(nothing, seen)["ground"]
    line = Landscape((0.0, 1.0), (), ((math.nan,) * 2,))
    assert explorer_chart.window(line, ("x",), "loss").y.low < 0


def test_styles_and_script_bring_all_they_need() -> None:
    assert "https://" not in explorer_chart.styles() + explorer_chart.script().replace(
        "http://www.w3.org/2000/svg", ""
    )
    assert len(explorer_chart.script()) + len(explorer_chart.styles()) < 26_000
