"""Outputs of one page: the styles of each reach none of the others."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

import tapeviz as tf
from tapeviz import draw, play
from tests.browser.conftest import Opener

LOOK = """
    () => [...document.querySelectorAll(".tapeviz-film svg.tapeviz .hot")].map((el) => {
      const part = el.querySelector(".frame, .wire");
      const { stroke, strokeWidth, fill, opacity } = getComputedStyle(part ?? el);
      return [el.dataset.id ?? el.id, stroke, strokeWidth, fill, opacity].join(" ");
    })
"""


def outputs(step: int) -> dict[str, str]:
    """A film at a step, a picture, a dark one, and one that has a custom look."""
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1
    tape.gradient(y, x)

    def html(view: Any) -> str:
        return str(view._repr_mimebundle_()["text/html"])

    return {
        "film": html(play(tape, y, x, step=step)),
        "draw": html(draw(tape)),
        "dark": html(draw(tape, theme="dark")),
    }


@pytest.mark.parametrize("step", [3, 8, 12])
def test_a_film_is_lit_whatever_stands_around_it(
    open_page: Opener, tmp_path: Path, step: int
) -> None:
    made = outputs(step)
    head = "<!doctype html><body>"
    alone = open_page.content(f"{head}{made['film']}", tmp_path).evaluate(LOOK)
    assert any("rgb(133, 86, 0)" in one for one in alone), "the colour of what is hot"
    for order in permutations(made):
        body = "<hr>".join(made[name] for name in order)
        page = open_page.content(f"{head}{body}", tmp_path)
        page.wait_for_function("document.querySelectorAll('svg.tapeviz').length == 3")
        assert page.evaluate(LOOK) == alone, order
