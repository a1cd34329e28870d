"""Runs of odd numbers: they are drawn, and nothing is printed about them."""

from __future__ import annotations

import re
from typing import Any

import matplotlib.figure  # noqa: F401 - what it warns of as it loads is its own
import numpy as np
import pytest

import tapeviz as tf
from tapeviz import descent, play
from tapeviz.views.descent import DescentRun
from tests.runs import bowl


@pytest.mark.parametrize(
    ("kind", "start", "rate", "count"),
    [
        (np.float32, 1e20, 0.1, 1), (np.float32, -1e37, 3.0, 1),
        (np.float32, -1e37, 0.1, 2), (np.float32, 1e20, 3.0, 3),
        (np.float64, 1e20, 3.0, 1), (np.float64, 1e200, 0.1, 1),
        (np.float64, 1e200, 3.0, 2), (np.float64, 1e20, 0.1, 2),
        (np.float64, -1e37, 0.1, 3), (np.float64, 1e200, 3.0, 3),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_a_start_far_out_has_a_film_a_plot_and_a_page(
    kind: Any, start: float, rate: float, count: int
) -> None:
    x = tf.Variable(kind(start) if count == 1 else np.full(count, start, kind))
    with descent(x) as run:
        for _ in range(12):
            with np.errstate(all="ignore"):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum((x - 5.0) ** 2)
                x.assign_sub(rate * tape.gradient(loss, x))
    view = play(run)
    assert "1e20" in view.film.frames[0].caption or start != 1e20 or count > 2
    assert view._page()
    assert len(run.plot().axes) == (3 if count > 2 else 2)


@pytest.mark.filterwarnings("error")
def test_a_divergence_past_the_largest_float_is_drawn_in_silence() -> None:
    x = tf.Variable(np.float64(8.0))
    with descent(x) as run:
        for _ in range(200):
            with np.errstate(all="ignore"):
                with tf.GradientTape() as tape:
                    loss = (x - 5.0) ** 2
                x.assign_sub(3.0 * tape.gradient(loss, x))
    assert run.regime.name == "diverging"
    assert len(play(run).film.frames) > 60


def ravine(steps: int) -> DescentRun:
    x, y = tf.Variable(-4.0), tf.Variable(1.2)
    with descent(x, y) as run:
        for _ in range(steps):
            with tf.GradientTape() as tape:
                loss = (x**2 + 12 * y**2) / 2
            slopes = tape.gradient(loss, [x, y])
            x.assign_sub(0.1 * slopes[0])
            y.assign_sub(0.1 * slopes[1])
    return run


def test_what_is_only_rounding_is_said_to_be_about_nothing() -> None:
    run = ravine(40)
    film = play(run).film
    said = "\n".join(frame.caption + frame.formula for frame in film.frames)
    assert "y about 0" in said
    assert not re.search(r"y[^;.\n]*e-(1[3-9]|[2-9]\d)", said)
    assert "about 0" in film.alt
    assert "e-2" not in film.svg.partition("</style>")[2]


def test_a_loss_that_falls_is_never_said_to_fall_to_where_it_was() -> None:
    x = tf.Variable(2.0)
    with descent(x) as run:
        for _ in range(60):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2 + 0.1046
            x.assign_sub(0.1 * tape.gradient(loss, x))
    found = [
        pair
        for frame in play(run).film.frames
        for pair in re.findall(
            r"(?:from|loss:) (\S+) (?:to|->) (\S+?)\.?$", frame.caption + frame.formula
        )
    ]
    assert len(found) > 35  # the last updates change less than float32 can tell
    assert [pair for pair in found if pair[0] == pair[1]] == []


def test_the_minimums_label_is_not_where_the_run_ends() -> None:
    run = bowl(0.05)
    figure = run.plot()
    figure.canvas.draw()
    axes = figure.axes[0]
    (label,) = [text for text in axes.texts if text.get_text() == "minimum"]
    box = label.get_window_extent()
    last = [float(to.data[0]) for to in run.data.updates[-1].to]
    assert not box.padded(4).contains(*axes.transData.transform([last])[0])
