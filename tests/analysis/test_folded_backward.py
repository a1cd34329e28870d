"""A folded pass ends in the same gradients, and says how they came together."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tapeviz as tf
from tapeviz import play
from tapeviz.analysis.folded_backward import folded_run
from tapeviz.render.film.backward import backward_film
from tapeviz.trace.backward_pass import BackwardPass
from tests.samples import backward_102


def decay(rounds: int) -> tuple[BackwardPass, float]:
    """``y = w**rounds * x + b * sum(w**k)``, and dy/dw worked out by hand."""
    x, w, b = (tf.Variable(v, dtype=tf.float64) for v in (1.0, 0.99, 0.1))
    with tf.GradientTape() as tape:
        y = x
        for _ in range(rounds):
            y = y * w
            y = y + b
    slope = rounds * 0.99 ** (rounds - 1)
    slope += 0.1 * sum(k * 0.99 ** (k - 1) for k in range(1, rounds))
    return play(tape, y, [x, w, b]).run, slope


@pytest.mark.parametrize("rounds", [40, 400])
def test_contributions_of_groups_and_ops_add_up_to_the_gradient(rounds: int) -> None:
    run, slope = decay(rounds)
    short = folded_run(run).validate()
    assert len(short.steps) < 20
    assert short.results == run.results
    sums = dict.fromkeys((node.id for node in short.graph.nodes), 0.0)
    for step in short.steps:
        for part in step.contributions:
            sums[part.node] += float(part.value.entry)  # type: ignore[arg-type]
            assert part.total.entry == pytest.approx(sums[part.node])
    for id, result in zip(short.sources, short.results, strict=True):
        assert result is not None
        assert sums[id] == pytest.approx(result.entry)
    (w,) = (node.id for node in short.graph.nodes if node.name == "w")
    assert sums[w] == pytest.approx(slope)


def test_what_leaves_a_group_is_what_arrived_in_it_times_its_derivative() -> None:
    run, _ = decay(40)
    short = folded_run(run)
    (step,) = (s for s in short.steps if short.graph.node(s.node).kind == "group")
    part = next(p for p in step.contributions if p.node not in short.sources)
    assert part.value.entry == pytest.approx(step.upstream.entry * 0.99**37)


def test_the_film_begins_with_all_operations() -> None:
    """Forty rounds of two."""
    run, _ = decay(40)
    opening = backward_film(folded_run(run)).frames[0].caption
    assert "a group of" in opening
    assert sum(int(n) for n in re.findall(r"(\d+) operations", opening)) == 80


def test_short_passes_are_left_alone() -> None:
    run = backward_102()
    assert folded_run(run) is run


def test_a_film_of_a_thousand_ops_has_few_frames_and_tells_the_same_end() -> None:
    run, slope = decay(500)
    film = backward_film(folded_run(run))
    assert len(film.frames) < 80
    assert f"{slope:.5g}" in film.frames[-1].caption
    assert any("Many ways lead" in frame.caption for frame in film.frames)


def test_arrays_and_many_targets() -> None:
    w = tf.Variable(np.eye(3) / 2)
    with tf.GradientTape() as tape:
        h, seen = tf.ones((2, 3), tf.float64), []
        for _ in range(60):
            h = tf.tanh(h @ w)
            seen.append(h)
    player = play(tape, seen[-3:], [w, h])
    short = folded_run(player.run)
    assert len(short.targets) == 3
    assert short.results == player.run.results
    assert len(player.film.frames) < 120


def test_forward_mode_of_a_long_tape_is_refused_and_says_what_to_do() -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x
        for _ in range(80):
            y = tf.sin(y)
    shown = play(tape, y, x, mode="forward")._repr_mimebundle_()
    assert shown["text/plain"].startswith("this tape is too long for a film of forward")
    assert "step" in shown["text/plain"]
