"""Options given by hand: what cannot be is said in a sentence, with what can."""

from __future__ import annotations

from typing import Any

import pytest

import tapeviz as tf
from tapeviz import draw, play


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"theme": "pink"}, "there is no theme 'pink'.*light, dark"),
        ({"theme": None}, "there is no theme None"),
        ({"direction": "up"}, "there is no direction 'up': choose one of LR, TB"),
        ({"step": "a"}, r"step a is not in this film: its steps are 0 to \d+"),
        ({"step": -1}, "step -1 is not in this film"),
        ({"step": 99}, "step 99 is not in this film"),
        ({"speed": "fast"}, "a speed of 'fast'.*\n.*\n.*above 0"),
        ({"speed": 0}, "a speed of 0"),
    ],
)
def test_an_option_that_cannot_be(options: dict[str, Any], what: str) -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    with pytest.raises(ValueError, match=what) as caught:
        play(tape, y, x, **options)._repr_mimebundle_()
    assert "where: line" in str(caught.value)
    if options.keys() & {"theme", "direction"}:
        with pytest.raises(ValueError, match=what):
            draw(tape, **options)
