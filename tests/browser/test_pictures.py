"""What twenty pictures must be in a browser: legible, orderly, open to everybody."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import tapeviz as tf
from tapeviz import descent, draw, explain, play, why
from tapeviz.render.film.backward import backward_film
from tapeviz.render.graph.scene import scene
from tapeviz.render.svg import theme
from tapeviz.views.drawing import Displayable
from tests import samples
from tests.browser.conftest import Opener
from tests.browser.test_scene import COLLISIONS, FONTS, FORCE, OUTSIDE
from tests.render.tapes import PROGRAMS, picture

LEAST = 4.5
"""The contrast that text must have, by WCAG."""

STYLE = "<style>svg{max-width:none!important;display:block}body{width:3000px}</style>"
HEAD = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>all</title>{STYLE}'

CROSSING = """() => {
  const found = [];
  for (const svg of document.querySelectorAll('svg')) {
    const [left, top, wide, high] = svg.getAttribute('viewBox').split(' ').map(Number);
    for (const el of svg.querySelectorAll('text, .tv-frame')) {
      const box = el.getBBox(), m = el.getCTM().multiply(svg.getCTM().inverse());
      const x = box.x + m.e, y = box.y + m.f;
      if (box.width && (x < left || y < top || x + box.width > left + wide ||
          y + box.height > top + high)) found.push([svg.id, el.textContent, x, y]);
    }
  }
  return found;
}"""

PALE = """least => {
  const found = [];
  const parts = said => said.match(/[\\d.]+/g).map(Number);
  const light = said => {
    const [r, g, b] = parts(said).map(v => v / 255)
      .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const seen = el => {
    for (let e = el; e; e = e.parentElement)
      if (getComputedStyle(e).opacity < 1) return false;
    return true;
  };
  for (const svg of document.querySelectorAll('svg')) {
    const shapes = [...svg.querySelectorAll('rect, path, circle')].filter(seen);
    for (const text of [...svg.querySelectorAll('text')].filter(seen)) {
      for (const part of text.childNodes) {
        if (!part.textContent.trim()) continue;
        const said = part.localName ? part : text, range = new Range();
        range.selectNodeContents(part);
        const box = range.getBoundingClientRect();
        const middle = new DOMPoint(box.x + box.width / 2, box.y + box.height / 2);
        let behind = 'rgb(255, 255, 255)';
        for (const shape of shapes) {
          const fill = getComputedStyle(shape).fill;
          if (fill === 'none' || parts(fill)[3] === 0) continue;
          if (!(shape.compareDocumentPosition(text) & 4)) continue;
          const point = middle.matrixTransform(shape.getScreenCTM().inverse());
          const inside = shape.isPointInFill(point);
          if (inside) behind = fill;
        }
        const ink = light(getComputedStyle(said).fill), paper = light(behind);
        const ratio = (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
        if (ratio < least) found.push([said.textContent, said.getAttribute('class'),
          getComputedStyle(said).fill, behind, ratio]);
      }
    }
  }
  return found;
}"""


@cache
def all_pictures(look: str = "auto") -> str:
    """A page with the twenty pictures in one theme."""
    drawn = [
        scene(picture(name).graph, theme=look, prefix=f"{name}-", legend=True).svg
        for name in PROGRAMS
    ]
    return f"{HEAD}<body>{''.join(drawn)}"


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_text_leaves_its_place_and_no_nodes_overlap(
    open_page: Opener, tmp_path: Path, colours: Any
) -> None:
    page = open_page.content(all_pictures(), tmp_path, theme=colours, width=3100)
    for fonts in FONTS[:2]:
        page.evaluate(FORCE, fonts)
        assert page.evaluate(OUTSIDE) == [], fonts
        assert page.evaluate(COLLISIONS) == [], fonts
        assert page.evaluate(CROSSING) == [], fonts


@pytest.mark.parametrize("look", theme.THEMES)
def test_all_text_has_enough_contrast(
    open_page: Opener, tmp_path: Path, look: str
) -> None:
    page = open_page.content(all_pictures(look), tmp_path, width=3100)
    assert page.evaluate(PALE, 21.1), "the measure finds what it looks for"
    assert page.evaluate(PALE, LEAST) == []


MARK = """marks => {
  for (const el of document.querySelectorAll('svg [id]')) {
    el.classList.remove('on', 'hot', 'done', 'dim', 'off');
    if (marks[el.id]) el.classList.add(marks[el.id]);
  }
}"""


@pytest.mark.parametrize("look", theme.THEMES)
def test_text_of_every_step_of_a_film_has_enough_contrast(
    open_page: Opener, tmp_path: Path, look: str
) -> None:
    film = backward_film(samples.backward_102(), theme=look)
    page = open_page.content(f"{HEAD}<body>{film.svg}", tmp_path, reduced_motion=True)
    for step in range(len(film.frames)):
        page.evaluate(MARK, film.state(step))
        assert page.evaluate(PALE, LEAST) == [], step


def shown(form: Callable[..., Displayable]) -> Displayable:
    x = tf.Variable(3.0)
    c = tf.constant(2.0)
    with tf.GradientTape() as tape:
        y = c * x**2 + 1
    tape.gradient(y, [x, c])
    return form(tape, y, [x, c])


def large() -> Displayable:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x
        for _ in range(60):
            y = y * 0.5 + tf.sin(x)
    tape.gradient(y, x)
    return draw(tape)


def walk() -> Displayable:
    x = tf.Variable(2.0)
    with descent(x) as run:
        for _ in range(5):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            x.assign_sub(0.1 * tape.gradient(loss, x))
    return play(run)


PAGES: dict[str, Callable[[], Displayable]] = {
    "draw": lambda: picture("what_changed"),
    "why": lambda: shown(why),
    "explain": lambda: shown(explain),
    "play": lambda: shown(play),
    "large": large,
    "walk": walk,
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_to_mend(
    open_page: Opener, tmp_path: Path, name: str, colours: Any
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    file = PAGES[name]().save(tmp_path / f"{name}.html")
    page = open_page(file, theme=colours, reduced_motion=True)
    found = axe.Axe().run(page)
    assert found.response["passes"]
    assert found.response["violations"] == [], found.generate_report()
