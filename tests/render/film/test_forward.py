"""Forward mode as a film: what moves, and that it ends with the gradient."""

from __future__ import annotations

import re

import pytest

import tapeviz as tf
from tapeviz import play
from tapeviz.views.player import Player


@pytest.fixture
def player() -> Player:
    x, z = tf.Variable(3.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x * z
    return play(tape, y, [x, z], mode="forward")


def test_each_source_moves_in_turn(player: Player) -> None:
    phases = dict.fromkeys(frame.phase for frame in player.film.frames)
    assert list(phases) == ["", "x moves", "z moves"]


def test_every_sweep_ends_with_what_the_backward_pass_found(player: Player) -> None:
    ends = [f for f in player.film.frames if f.check]
    assert [f.formula for f in ends] == ["dy/dx = 10", "dy/dz = 6"]
    assert [f.check for f in ends] == [
        "The backward pass found 10 for x.",
        "The backward pass found 6 for z.",
    ]
    assert ends[1].caption.endswith(
        "Forward mode takes 2 sweeps for the whole gradient, backward mode takes 1."
    )


def test_movements_that_meet_are_added_in_sight(player: Player) -> None:
    meeting = next(f for f in player.film.frames if "in all" in f.caption)
    assert meeting.caption.endswith("moves by 4 more: 6 + 4 = 10 in all.")
    assert "6 + 4 = 10" in player.film.svg


def test_a_new_sweep_starts_from_nothing(player: Player) -> None:
    film = player.film
    start = next(i for i, f in enumerate(film.frames) if f.phase == "z moves")
    shown = {id for id, mark in film.state(start).items() if mark in {"on", "hot"}}
    slots = {id for id in shown if re.search(r"-g\d+$", id)}
    assert len(slots) == 1
    assert not any(id.endswith(("-c", "-r")) for id in shown)


def test_the_picture_says_moves_and_the_table_has_every_step(player: Player) -> None:
    assert ">moves by</text>" in player.film.svg
    assert ">gradient</text>" not in player.film.svg
    for n, row in enumerate(player.film.table.rows):
        assert player.film.frames[int(row[0])].row == n


def test_an_entry_of_an_array_moves_alone() -> None:
    w = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(w * w)
    film = play(tape, y, w, mode="forward").film
    assert [f.formula for f in film.frames if f.check] == [
        "dy/d(w[0]) = 2",
        "dy/d(w[1]) = 4",
    ]


def test_where_nothing_depends_on_the_source_it_says_so() -> None:
    x, z = tf.Variable(3.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x * 1.0
        _ = z * 1.0
    with pytest.raises(ValueError, match="nothing to tell"):
        play(tape, y, z, mode="forward")
    with pytest.raises(ValueError, match="no mode 'sideways'"):
        play(tape, y, x, mode="sideways")


def test_a_nested_tape_says_which_tape_goes_back() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x**3
        dy = inner.gradient(y, x)
    film = play(outer, dy, x).film
    phases = dict.fromkeys(frame.phase for frame in film.frames)
    assert list(phases) == ["", "forward", "inner, backward", "outer, backward"]
    captions = [f.caption for f in film.frames]
    assert "inner goes back, and x**2 gives 4." in captions
    assert any(c.startswith("Now backwards on outer, from dy") for c in captions)
    assert captions[-1] == "The gradient of dy with respect to x is 12."
