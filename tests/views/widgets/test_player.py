"""The player as a widget: what it shares with the page, and what it refuses."""

from __future__ import annotations

import json

import ipywidgets
import pytest
import traitlets

from tapeviz.render.film.backward import backward_film
from tapeviz.trace.film import Film
from tapeviz.views.widgets.player import PlayerWidget
from tests import samples


@pytest.fixture(scope="module")
def film() -> Film:
    return backward_film(samples.backward_102())


def test_step_and_playing_are_shared(film: Film) -> None:
    widget = PlayerWidget(film.to_json(), step=3)
    assert {"film", "step", "playing", "speed"} <= set(widget.keys)
    assert (widget.step, widget.playing) == (3, False)
    payload = json.loads(widget.film)
    assert payload["svg"] == film.svg
    assert len(payload["frames"]) == len(film.frames)


def test_the_page_moves_the_step(film: Film) -> None:
    widget, seen = PlayerWidget(film.to_json()), []
    widget.observe(lambda change: seen.append(change["new"]), "step")
    widget.set_state({"step": 7, "playing": True})
    assert (widget.step, widget.playing, seen) == (7, True, [7])


def test_the_step_can_be_linked(film: Film) -> None:
    widget = PlayerWidget(film.to_json())
    slider = ipywidgets.IntSlider(max=20)
    link = traitlets.link((widget, "step"), (slider, "value"))
    slider.value = 9
    assert widget.step == 9
    widget.step = 2
    assert slider.value == 2
    link.unlink()


def test_answers_come_from_the_page_and_can_be_taken_back(film: Film) -> None:
    widget, seen = PlayerWidget(film.to_json()), []
    widget.observe(lambda change: seen.append(change["new"]), "answers")
    answers = {"7": {"typed": "1", "right": True, "tries": 1, "hints": 0, "done": True}}
    widget.set_state({"answers": answers, "predict": True})
    assert (widget.answers, widget.predict) == (answers, True)
    widget.answers = {}
    assert seen == [answers, {}]
    widget.answers = answers
    widget.show(film, 3)
    assert (widget.answers, widget.step) == ({}, 3)


def test_predicting_can_be_linked(film: Film) -> None:
    widget, box = PlayerWidget(film.to_json()), ipywidgets.Checkbox()
    link = traitlets.link((widget, "predict"), (box, "value"))
    box.value = True
    assert widget.predict
    link.unlink()


def test_a_hundred_widgets_leave_nothing_behind(film: Film) -> None:
    from ipywidgets.widgets.widget import _instances

    text, before = film.to_json(), len(_instances)
    for _ in range(100):
        PlayerWidget(text).close()
    assert len(_instances) <= before


@pytest.mark.parametrize("step", [-1, 21])
def test_a_step_outside_the_film_is_refused(film: Film, step: int) -> None:
    widget = PlayerWidget(film.to_json())
    with pytest.raises(traitlets.TraitError, match="its steps are 0 to 20"):
        widget.step = step
    assert widget.step == 0
    with pytest.raises(ValueError, match="its steps are 0 to 20"):
        PlayerWidget(film.to_json(), step=step)


def test_what_is_not_a_film_is_refused() -> None:
    with pytest.raises(ValueError, match="not a tapeviz film"):
        PlayerWidget('{"tapeviz": "graph"}')


def test_closing_frees_the_film(film: Film) -> None:
    from ipywidgets.widgets.widget import _instances

    before = len(_instances)
    for _ in range(50):
        widget = PlayerWidget(film.to_json())
        widget.close()
        assert widget.film == ""
    assert len(_instances) <= before
