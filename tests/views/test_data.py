"""Data in place of a tape: what somebody else has filled is shown as well."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

import tapeviz as tf
from tapeviz import draw, explain, play
from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.explanation import Explanation


def passed() -> tuple[BackwardPass, Explanation]:
    """The pass of listing 10.2, and its explanation."""
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1
    return play(tape, y, x).run, explain(tape, y, x).data  # type: ignore[return-value]


def test_a_graph_is_drawn() -> None:
    run, _ = passed()
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1  # noqa: F841 - its name is in the picture
    graph = draw(tape).graph
    assert draw(graph).svg == draw(tape).svg
    assert draw(run).graph is run.graph
    assert draw(graph, graph).changes.rows == ()  # type: ignore[attr-defined]


def test_a_backward_pass_and_a_film_are_played() -> None:
    run, _ = passed()
    player = play(run, step=3)
    assert player.film.frames == play(BackwardPass.from_json(run.to_json())).film.frames
    again = play(player.film)
    assert again.film is player.film
    assert repr(again) == f"<film: {len(player.film.frames)} steps>"
    assert str(again) == str(player)
    assert "<svg" in again.html
    x = tf.Variable(3.0)
    with tf.descent(x) as steps:
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = x * x
            x.assign_sub(0.1 * tape.gradient(loss, x))
    assert play(steps.data).film.frames == play(steps).film.frames


def test_a_backward_pass_is_explained_without_the_tape() -> None:
    run, full = passed()
    alone = explain(run).data
    assert alone.counts == full.counts == (2,)
    assert {(p.edges, p.value.entry) for p in alone.paths} == {
        (p.edges, p.value.entry) for p in full.paths
    }
    assert (alone.reverse_cost, alone.forward_cost) == (
        full.reverse_cost,
        full.forward_cost,
    )
    assert alone.target == "y"
    for text in (explain(run).text, explain(run).html, explain(run).latex):
        assert "6" in text


def test_paths_over_arrays_have_no_number_but_are_counted() -> None:
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(w @ w)
    alone = explain(play(tape, y, w).run)  # type: ignore[arg-type]
    assert alone.data.counts == (2,)
    assert alone.data.paths == ()
    assert "2" in alone.text


def test_what_does_not_hold_together_is_said() -> None:
    run, _ = passed()
    with pytest.raises(ValueError, match="every target needs a seed"):
        play(replace(run, seeds=()))
    with pytest.raises(TypeError, match="a graph has no tensors"):
        draw(run.graph, tf.Variable(1.0))


@pytest.mark.parametrize("framework", ["torch", "jax", "tensorflow"])
def test_a_framework_that_is_not_there_is_named(
    framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, framework, None)
    for name in [m for m in sys.modules if m.startswith("tapeviz.adapters.")]:
        monkeypatch.delitem(sys.modules, name)
    tf.__dict__.pop(framework, None)
    with pytest.raises(
        ModuleNotFoundError, match=r"pip install .tapeviz\[" + framework
    ):
        getattr(tf, framework)
