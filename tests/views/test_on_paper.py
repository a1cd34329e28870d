"""What paper and mail show: a PNG beside the HTML, of a film its key steps."""

from __future__ import annotations

import base64
import io
import logging
from typing import Any

import nbformat
import pytest
from PIL import Image

import tapeviz as tf
from tapeviz import draw, explain, explore, play, why
from tapeviz.errors import SaveError
from tapeviz.render.film import on_paper
from tapeviz.render.film.backward import backward_film
from tapeviz.render.svg import raster
from tests import samples
from tests.views.test_drawing import recorded, walk

PNG = "image/png"


def picture(view: Any) -> Image.Image:
    data = view._repr_mimebundle_(include=None, exclude=None)[PNG]
    assert isinstance(data, str)
    return Image.open(io.BytesIO(base64.b64decode(data, validate=True)))


def test_every_view_with_a_picture_has_it_for_paper() -> None:
    tape, y, x = recorded()
    run: Any = walk()
    panel = explore(lambda x: (x - 5) ** 2, x)._page
    for view in (tape, play(tape, y, x), why(tape, y, x), run[3], run.plot(), panel):
        image = picture(view)
        assert 300 <= image.width <= raster.PAPER[0] + 1
        assert 100 <= image.height <= raster.PAPER[1] + 4


def test_what_has_no_picture_has_none_for_paper() -> None:
    tape, y, x = recorded()
    assert PNG not in explain(tape, y, x)._repr_mimebundle_()


def test_it_is_painted_only_for_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster, "image", None)
    tape, y, x = recorded()
    for view in (tape, draw(tape), why(tape, y, x), walk().plot()):  # type: ignore[attr-defined]
        assert PNG not in view._repr_mimebundle_(include=("text/html",))
    assert "<svg" in draw(tape).html


def test_where_nothing_paints_the_rest_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise SaveError("no resvg")

    monkeypatch.setattr(raster, "image", fail)
    assert {*draw(recorded()[0])._repr_mimebundle_()} == {"text/html", "text/plain"}


def test_the_key_steps_are_start_each_term_of_a_sum_and_end() -> None:
    film = backward_film(samples.backward_102())
    steps = on_paper.key_steps(film)
    assert (steps[0], steps[-1]) == (0, len(film.frames) - 1)
    inside = [film.frames[step].formula for step in steps[1:-1]]
    # By hand: x is used twice in x**2 + 2*x + 1, so its gradient is 2 and then 2 + 6.
    assert [formula.rpartition("= ")[2] for formula in inside] == ["2", "8"]


def test_of_many_terms_some_are_on_paper() -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x * 1.0
        for _ in range(15):
            y = y + x
    film = play(tape, y, x).film
    many = on_paper.key_steps(film, 1000)
    for most in (1, 2, 5, 12):
        some = on_paper.key_steps(film, most)
        assert len(some) <= most + 2
        assert {*some} <= {*many}
    assert len(many) > 14


def test_it_weighs_little() -> None:
    tape, y, x = recorded()
    for view, most in ((draw(tape), 22_000), (play(tape, y, x), 56_000)):
        assert len(view._repr_mimebundle_()[PNG]) < most


def test_the_first_plot_begins_without_a_red_box(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It warns while it looks for fonts, in a web page at every visit."""
    log = logging.getLogger("matplotlib.font_manager")
    log.warning("Matplotlib is building the font cache; this may take a moment.")
    log.warning("findfont: Font family 'Ada' not found.")
    assert [record.getMessage()[:8] for record in caplog.records] == ["findfont"]


def test_nbconvert_takes_it_for_latex() -> None:
    from nbconvert.exporters import LatexExporter
    from nbconvert.filters import DataTypeFilter

    tape, y, x = recorded()
    bundle = play(tape, y, x)._repr_mimebundle_()
    order = LatexExporter().default_config.NbConvertBase.display_data_priority
    assert DataTypeFilter(display_data_priority=order)(bundle) == [PNG]
    made = nbformat.v4.new_output("display_data", bundle)
    cell = nbformat.v4.new_code_cell("play(tape, y, x)", outputs=[made])
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
