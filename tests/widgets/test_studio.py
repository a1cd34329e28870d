"""The studio's panel: it asks for a run, shows its film, and never a traceback."""

from __future__ import annotations

import asyncio
import json

import pytest
from ipywidgets.widgets.widget import _instances

from tapeviz.trace.descent import Descent
from tapeviz.trace.film import Film, Frame, Table
from tapeviz.widgets import studio
from tapeviz.widgets.player import PlayerWidget
from tapeviz.widgets.studio import Studio


def film(title: str) -> Film:
    frames = (Frame("It starts.", {}), Frame("It ends.", {}))
    return Film(title, "", "<svg></svg>", frames, (), Table((), ()))


class Loop:
    """Stands for the learner's descent; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, int, float]] = []
        self.error: Exception | None = None

    def __call__(self, rate: float, steps: int, start: float) -> tuple[Descent, Film]:
        self.asked.append((rate, steps, start))
        if self.error:
            raise self.error
        return Descent((f"x{len(self.asked)}",), ()), film(f"rate {rate}")


def test_first_film_is_there_at_once() -> None:
    loop = Loop()
    panel = Studio(loop, learning_rate=0.1, steps=10, start=2.0)
    assert loop.asked == [(0.1, 10, 2.0)]
    assert panel.run == Descent(("x1",), ())
    assert json.loads(panel.children[-1].film)["title"] == "rate 0.1"
    assert panel.children[-1].step == 1


def test_each_control_runs_it_again_in_the_same_player() -> None:
    loop = Loop()
    panel = Studio(loop, learning_rate=0.1, steps=10, start=2.0)
    player = panel.children[-1]
    panel.rate.value = 1.0
    panel.count.value = 3
    panel.origin.value = -4.5
    assert loop.asked[1:] == [(1.0, 10, 2.0), (1.0, 3, 2.0), (1.0, 3, -4.5)]
    assert panel.children[-1] is player
    assert json.loads(player.film)["title"] == "rate 1.0"
    assert panel.run == Descent(("x4",), ())


def test_newest_value_wins() -> None:
    loop = Loop()
    panel = Studio(loop, learning_rate=0.1)

    async def drag() -> None:
        for rate in (0.2, 0.3, 0.4, 0.5):
            panel.rate.value = rate
        assert len(loop.asked) == 1
        await asyncio.sleep(5 * studio.PAUSE)

    asyncio.run(drag())
    assert [rate for rate, _, _ in loop.asked] == [0.1, 0.5]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            ValueError("the loss is a vector\n  give it one number"),
            "the loss is a vector",
        ),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (RuntimeError("<b>bold</b>"), "<b>bold</b>"),
    ],
)
def test_an_error_is_a_sentence_and_the_last_film_stays(
    error: Exception, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = Loop()
    panel = Studio(loop, learning_rate=0.1)
    loop.error = error
    panel.rate.value = 0.5
    assert panel.message.startswith(sentence)
    assert "\n" not in panel.message
    assert "<b>" not in panel.children[1].value
    assert json.loads(panel.children[-1].film)["title"] == "rate 0.1"
    assert panel.run == Descent(("x1",), ())
    loop.error = None
    panel.rate.value = 0.2
    assert panel.message == panel.children[1].value == ""
    assert capsys.readouterr() == ("", "")


def test_a_loop_that_fails_at_first_can_still_be_mended() -> None:
    loop = Loop()
    loop.error = ValueError("not yet")
    panel = Studio(loop)
    assert (panel.run, panel.message) == (None, "not yet")
    loop.error = None
    panel.count.value = 5
    assert panel.run is not None
    assert isinstance(panel.children[-1], PlayerWidget)


@pytest.mark.parametrize("rate", [0.0, -0.1, float("nan"), float("inf")])
def test_a_learning_rate_must_be_above_zero(rate: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        Studio(Loop(), learning_rate=rate)


def test_at_least_one_step() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Studio(Loop(), steps=0)


@pytest.mark.parametrize("rate", [1e-7, 0.3, 250.0])
def test_slider_reaches_what_it_is_given(rate: float) -> None:
    panel = Studio(Loop(), learning_rate=rate, steps=5000)
    assert panel.rate.value == pytest.approx(rate)
    assert panel.count.value == 5000


def test_every_control_says_what_it_is() -> None:
    panel = Studio(Loop())
    for control in (panel.rate, panel.count, panel.origin):
        assert control.description
        assert control.tooltip


def test_closing_frees_everything() -> None:
    before = len(_instances)
    for _ in range(5):
        Studio(Loop()).close()
    assert len(_instances) == before
