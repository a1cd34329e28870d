"""Several runs in one picture, many numbers in two directions, and surfaces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import tapeviz as tf
from tapeviz import descent
from tapeviz.analysis import convergence, projection
from tapeviz.analysis.trajectory import track
from tapeviz.render.descent import figure, words
from tapeviz.render.descent.animation import descent_film
from tapeviz.trace.descent import Descent
from tests.render.descents import arrays, parabola, ravine


def plotted(*runs: Descent, **options: Any) -> Figure:
    """The figure of runs."""
    return figure.figure(runs, **options)


def paths(fig: Figure) -> list[Line2D]:
    """The lines of the runs, in their order."""
    lines = fig.axes[0].lines
    return [line for line in reversed(lines) if 10 < len(line.get_xdata()) < 20]  # type: ignore[arg-type]


def test_every_run_has_a_path_a_loss_curve_and_a_label_of_its_own() -> None:
    runs = [parabola(), parabola(0.9), replace(parabola(0.3), method="SGD")]
    fig = figure.figure(runs)
    drawn = [line for line in paths(fig) if line.get_marker() == "None"]
    assert [line.get_xdata()[1] for line in drawn] == pytest.approx([2.6, 7.4, 3.8])  # type: ignore[index]
    assert len({line.get_color() for line in drawn}) == 3
    assert len({line.get_marker() for line in fig.axes[0].lines}) == 4
    legend = fig.axes[1].get_legend()
    assert legend is not None
    said = [text.get_text() for text in legend.get_texts()]
    assert said == ["rate 0.1", "rate 0.9", "SGD, rate 0.3"]


def test_labels_are_given_or_told_apart() -> None:
    assert convergence.labels([parabola(), parabola()], None) == [
        "rate 0.1 (1)",
        "rate 0.1 (2)",
    ]
    assert convergence.labels([parabola()], ["mine"]) == ["mine"]
    with pytest.raises(ValueError, match="one label for each run"):
        convergence.labels([parabola()], ["a", "b"])


def test_runs_of_two_variables_share_one_landscape() -> None:
    fig = figure.figure([ravine(), ravine(0.2)])
    drawn = [line for line in paths(fig) if line.get_marker() == "None"]
    ends = [line.get_xydata()[1] for line in drawn]  # type: ignore[index]
    assert np.allclose(np.array(ends), [(-3.6, 0.4), (-3.2, -1.2)])
    assert len(fig.axes[0].collections) == 2


def test_many_numbers_are_seen_in_principal_directions() -> None:
    run = arrays(shapes=((3,), (2, 2)))
    fig = plotted(run)
    assert len(fig.axes) == 3
    found = projection.plane(run, track(run), None)
    assert found is not None
    moves = np.diff(track(run).numbers, axis=0)
    seen = np.diff(found.points, axis=0)
    assert np.linalg.norm(seen, axis=1) == pytest.approx(np.linalg.norm(moves, axis=1))
    assert found.share == pytest.approx(1)
    assert "all of the movement" in fig.axes[0].get_title(loc="left")


def test_many_numbers_that_explode_or_rest_can_be_seen() -> None:
    x = tf.Variable([1.0, 2.0, 3.0])
    for power in (4, 2):
        with descent(x) as run:
            for _ in range(12):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum(x**power)
                x.assign_sub(0.6 * tape.gradient(loss, x))
        alt = descent_film(run.data).alt
        assert "two directions hold all of the movement" in alt
        x.assign([0.0, 0.0, 0.0])


def test_two_directions_can_be_chosen() -> None:
    run = arrays(shapes=((3,), (2, 2)))
    found = projection.plane(run, track(run), (0, 6))
    assert found is not None
    assert found.labels == ("w[0]", "b[3]")
    assert found.points[1] == pytest.approx([0.8, 3.2])
    for wrong in ((0, 7), (2, 2)):
        with pytest.raises(ValueError, match="from 0 to 6"):
            projection.plane(run, track(run), wrong)


def test_a_surface_has_the_path_at_the_height_of_its_loss() -> None:
    fig = plotted(ravine(), surface=True)
    lines = [line.get_data_3d() for line in fig.axes[0].lines]  # type: ignore[attr-defined]
    heights = next(z for x, y, z in lines if len(x) == 13)
    assert heights[:2] == pytest.approx([24, (3.6**2 + 8 * 0.4**2) / 2], rel=1e-5)
    with pytest.raises(ValueError, match="surface=True needs"):
        plotted(parabola(), surface=True)


@pytest.mark.parametrize(
    "runs",
    [
        [parabola(), parabola(3.0, 40), Descent(("x",), ())],
        [ravine(0.4, 60), ravine()],
        [arrays(), arrays(3)],
        [parabola(start=float("nan")), parabola()],
    ],
)
def test_nothing_odd_breaks_a_race(runs: list[Descent]) -> None:
    fig = figure.figure(runs)
    picture = figure.page_svg(fig, words.describe_all(runs))
    ET.fromstring(picture.write())  # noqa: S314 - our own
    assert words.describe_all(runs).startswith(f"{len(runs)} runs. ")


def test_a_wrong_number_of_axes_says_how_many_it_needs() -> None:
    fig = Figure()
    with pytest.raises(ValueError, match="two or three"):
        figure.plot([parabola()], axes=[fig.add_subplot()])
