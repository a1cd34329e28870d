"""The worked model: two moons, a small network, a line, and a live picture."""

from __future__ import annotations

import re
import time
import types
from html import unescape
from itertools import pairwise
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import IPython
import numpy as np
import pytest

import tapeviz as tf
from tapeviz import descent, play
from tapeviz.analysis.trajectory import number
from tapeviz.lessons.training import (
    Network,
    best_line,
    decision,
    live,
    noisy_line,
    two_moons,
)
from tapeviz.render.descent.training_monitor import telling, training_picture
from tapeviz.tf.keras import optimizers
from tapeviz.views.descent import DescentRun


def trained(steps: int = 120) -> tuple[DescentRun, Network, Any, Any]:
    points, labels = two_moons()
    net, adam = Network(), optimizers.Adam(0.05)
    with descent() as run:
        for _ in live(steps, run, lambda: decision(net, points, labels)):
            with tf.GradientTape() as tape:
                loss = net.loss(points, labels)
            grads = tape.gradient(loss, net.variables)
            adam.apply_gradients(zip(grads, net.variables, strict=True))
    return run, net, points, labels


def test_the_network_learns_the_moons_and_the_run_is_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, net, points, labels = trained()
    assert decision(net, points, labels).right > 0.97
    assert run.data.names == ("w1", "b1", "w2", "b2")
    assert len(run.losses) == len(run.data.updates) == 120
    assert run.losses[-1] < 0.1 * run.losses[0]
    film = play(run).film
    assert sorted(run.decisions) == list(range(0, 121, 3))
    assert len(film.frames) == 41
    assert film.frames[0].caption.startswith("At the start the loss is ")
    assert film.frames[-1].caption.startswith("After 120 updates 100 %")
    assert film.table.rows[1][:2] == ("3", number(run.losses[3]))
    assert len(run.plot().axes) == 3
    printed = capsys.readouterr().out
    assert printed.endswith("points right.\n")
    assert "Step 120 of 120" in printed


def test_its_gradient_is_that_of_finite_differences() -> None:
    points, labels = two_moons(20)
    net = Network(hidden=3, seed=2)
    with tf.GradientTape() as tape:
        loss = net.loss(points, labels)
    slope = tape.gradient(loss, net.w1).numpy()
    at = net.w1.numpy()
    for entry in np.ndindex(*at.shape):
        ends = []
        for step in (1e-2, -1e-2):
            moved = at.copy()
            moved[entry] += step
            net.w1.assign(moved)
            ends.append(float(net.loss(points, labels)))
        assert slope[entry] == pytest.approx((ends[0] - ends[1]) / 2e-2, abs=2e-4)


def test_moons_are_the_same_every_time_and_half_and_half() -> None:
    points, labels = two_moons(101)
    again, _ = two_moons(101)
    assert points.shape == (101, 2)
    assert labels.shape == (101, 1)
    assert np.array_equal(points, again)
    assert labels.numpy().sum() == 50


def test_descent_on_a_line_finds_the_exact_solution() -> None:
    x, y = noisy_line()
    w, b = tf.Variable(0.0), tf.Variable(0.0)
    with descent() as run:
        for _ in range(150):
            with tf.GradientTape() as tape:
                mse = tf.reduce_mean((w * x + b - y) ** 2)
            dw, db = tape.gradient(mse, [w, b])
            w.assign_sub(0.15 * dw)
            b.assign_sub(0.15 * db)
    exact = np.polyfit(x.numpy(), y.numpy(), 1)
    assert best_line(x, y) == pytest.approx(tuple(exact), rel=1e-5)
    assert (float(w), float(b)) == pytest.approx(tuple(exact), rel=1e-4)
    least = run.data.curvature("minimum")
    assert least is not None
    assert least.at == pytest.approx(tuple(exact), rel=1e-4)
    marks = [a for a in run.plot().axes[0].lines if a.get_gid() == "least"]
    assert len(marks) == 1


def pictures(page: str) -> list[str]:
    """The SVG texts that a page's images hold."""
    found = re.findall(r'<img src="data:image/svg\+xml,([^"]+)"', page)
    return [unquote(unescape(text)) for text in found]


def test_a_moment_is_told_in_words_and_stands_alone() -> None:
    net = Network()
    found = decision(net, *two_moons(30))
    losses = [1.0, 0.5, float("nan")]
    page = training_picture(losses, 10, found)
    assert 'value="3"' in page
    curve, decided = pictures(page)
    for picture in (curve, decided):
        ET.fromstring(picture)  # noqa: S314 - our own
    assert telling(losses[:2], 10, found).startswith("Step 2 of 10, loss 0.5, ")
    zeros, ones = re.findall(r"class='tv-dot [^']*' d='([^']+)'", decided)
    assert zeros.count("z") == ones.count("z") == 15
    assert ones.count("a") == 2 * 15
    assert "a" not in zeros
    assert "points lie on the right side" in page
    assert len(pictures(training_picture([], 0))) == 1


def in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], list[float]]:
    """What is shown there, and when."""
    shown: list[Any] = []
    times: list[float] = []

    class Handle:
        def update(self, bundle: Any, **_: Any) -> None:
            shown.append(bundle)
            times.append(time.monotonic())

    shell = types.SimpleNamespace(kernel=True)
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    monkeypatch.setattr(IPython.display, "display", lambda *_, **__: Handle())
    return shown, times


def test_in_a_notebook_one_output_is_drawn_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown, times = in_a_notebook(monkeypatch)
    x = tf.Variable(2.0)
    with descent(x) as run:
        for _ in live(5, run, pace=0.05):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            x.assign_sub(0.1 * tape.gradient(loss, x))
    assert [bundle["text/plain"] for bundle in shown[:3]] == [
        "Step 0 of 5.",
        "Step 1 of 5, loss 9.",
        "Step 2 of 5, loss 5.76.",
    ]
    assert len(shown) == 6
    assert all(b - a >= 0.04 for a, b in pairwise(times))


def test_a_quick_training_is_seen_in_many_pictures_and_ends_as_a_film(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown, _ = in_a_notebook(monkeypatch)
    points, labels = two_moons(30)
    dense = tf.keras.layers.Dense(1, "sigmoid")
    with descent() as run:
        for _ in live(300, run, lambda: own(dense, points, labels), pace=0):
            with tf.GradientTape() as tape:
                miss = tf.reduce_mean((dense(points) - labels) ** 2)
            grads = tape.gradient(miss, dense.trainable_variables)
            for w, grad in zip(dense.trainable_variables, grads, strict=True):
                w.assign_sub(0.5 * grad)
    lines = [bundle["text/plain"] for bundle in shown]
    assert len(lines) == 42
    assert len({bundle["text/html"] for bundle in shown}) == 42
    assert "3 weights" in play(run).film.svg
    assert "miss" in play(run).film.table.heads
    assert "Training on 30 points" in shown[-1]["text/html"]


def own(model: Any, points: Any, labels: Any) -> Any:
    return decision(model, points, labels, from_logits=False)


def test_the_film_shows_the_border_the_model_had_at_each_step() -> None:
    points, labels = two_moons(30)
    w = tf.Variable([[1.0], [0.0]])
    with descent(w) as run:
        for _ in live(4, run, lambda: decision(lambda p: p @ w, points, labels)):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((points @ w) ** 2)
            tape.gradient(loss, w)
            w.assign_add([[-1.0], [0.0]])
    film = play(run).film
    assert [run.decisions[k].grid[0][-1] > 0.5 for k in range(5)] == [
        True, False, False, False, False,
    ]  # fmt: skip
    root = ET.fromstring(film.svg)  # noqa: S314 - our own
    for k in range(5):
        state = film.state(k)
        shown = {id for id, mark in state.items() if mark == "on"}
        assert shown == {f"d{k}", f"c{k}", f"w{k}"}
        group = next(el for el in root.iter() if el.get("id") == f"d{k}")
        assert sum("tv-edge" in el.get("class", "") for el in group.iter()) == (k != 1)


def test_two_classes_probabilities_and_what_is_neither() -> None:
    points, labels = two_moons(20)
    one = decision(lambda p: p[:, :1] * 3, points, labels)
    two = decision(lambda p: tf.concat([p[:, :1] * 0, p[:, :1] * 3], 1), points, labels)
    sure = decision(
        lambda p: tf.sigmoid(p[:, :1] * 3), points, labels, from_logits=False
    )
    assert np.allclose(one.grid, two.grid, atol=1e-6)
    assert np.allclose(one.grid, sure.grid, atol=1e-6)
    with pytest.raises(ValueError, match="one number for each point"):
        decision(lambda p: tf.concat([p, p], 1), points, labels)
    with pytest.raises(ValueError, match="two numbers for each point"):
        decision(lambda p: p, np.zeros((5, 3)), np.zeros(5))
