"""What a film repaints: the rows that changed, and those to the dot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from PIL import ImageChops

import tapeviz as tf
from tapeviz import descent, play
from tapeviz.render.film.svg import frame_svg
from tapeviz.render.svg import raster, rows
from tapeviz.render.svg.standalone import written_out
from tapeviz.trace.film import Film
from tapeviz.trace.markup import Element, element


def network() -> Film:
    w, x = tf.Variable([[0.5, -0.3], [0.1, 0.8]]), tf.constant([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.tanh(x @ w) ** 2)
    return play(tape, loss, w).film


def walk() -> Film:
    w, b = tf.Variable(2.0), tf.Variable(1.0)
    with descent(w, b) as run:
        for _ in range(4):
            with tf.GradientTape() as tape:
                loss = (w - 1) ** 2 + 3 * (b + w) ** 2
            for variable, grad in zip((w, b), tape.gradient(loss, [w, b]), strict=True):
                variable.assign_sub(0.1 * grad)
    return play(run).film


@pytest.mark.parametrize(("make", "scale"), [(network, 1.0), (walk, 0.5), (walk, 1.3)])
def test_a_film_is_the_same_as_painted_whole(
    make: Callable[[], Film], scale: float
) -> None:
    film = make()
    canvas = raster.Canvas(scale)
    for step in range(len(film.frames)):
        picture = frame_svg(film, step)
        whole = raster.image(picture, scale=scale).convert("RGB")
        found = ImageChops.difference(canvas.paint(picture), whole).convert("L")
        # Where an edge leaves a strip, it is smoothed a little differently.
        counts = found.histogram()
        assert sum(counts[128:]) == 0, f"step {step}: {found.getextrema()}"
        assert sum(counts[8:]) < 0.001 * sum(counts)


def strips(before: Element, after: Element) -> list[tuple[int, int]]:
    one, two = (
        Counter(part for _, part in rows.drawn(written_out(tree)))
        for tree in (before, after)
    )
    return rows.merged((one - two) + (two - one), 400)


def test_strips_hold_what_changed_and_no_more() -> None:
    def picture(y: float, said: str, turn: str = "") -> Element:
        path = element("path", d=f"M0 {y}h9a4 4 0 0 1 0 8", transform=turn or None)
        moved = element(
            "g", element("text", said, x=1, y=100), transform="translate(0 60)"
        )
        return element("svg", path, moved, width=50, height=400)

    assert strips(picture(20, "a"), picture(20, "a")) == []
    assert strips(picture(20, "a"), picture(20, "b")) == [(136, 192)]
    assert strips(picture(20, "a"), picture(300, "a")) == [(16, 40), (296, 320)]
    assert strips(picture(20, "a"), picture(20, "a", "rotate(9)")) == [(0, 400)]
