"""The still picture in a real browser: all text inside its box, in any font."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tapeviz.render.graph.scene import scene
from tests import samples
from tests.browser.conftest import Opener

FONTS = (
    ("", ""),
    ("DejaVu Sans", "DejaVu Sans Mono"),
    ("Liberation Sans", "Liberation Mono"),
    ("DejaVu Serif", "Liberation Mono"),
)
"""What a reader's machine may put in the place of the fonts asked for."""

FORCE = """([sans, mono]) => {
  const code = document.querySelectorAll('.tv-name,.tv-formula,.tv-symbol,.tv-slot');
  for (const text of document.querySelectorAll('text')) text.style.fontFamily = sans;
  for (const text of code) text.style.fontFamily = mono;
}"""

OUTSIDE = """() => {
  const found = [];
  const inside = (a, b) => a.left >= b.left - .5 && a.right <= b.right + .5 &&
    a.top >= b.top - .5 && a.bottom <= b.bottom + .5;
  for (const svg of document.querySelectorAll('svg')) {
    for (const node of svg.querySelectorAll('.tv-node')) {
      const box = node.querySelector('.tv-frame').getBoundingClientRect();
      for (const text of node.querySelectorAll('text')) {
        const rect = text.getBoundingClientRect();
        if (text.textContent && !inside(rect, box))
          found.push([node.id, text.textContent, rect.right - box.right]);
      }
    }
    for (const text of svg.querySelectorAll('text'))
      if (!inside(text.getBoundingClientRect(), svg.getBoundingClientRect()))
        found.push(['picture', text.textContent]);
  }
  return found;
}"""

COLLISIONS = """() => {
  const found = [];
  const meet = (a, b) => a.left < b.right - .5 && b.left < a.right - .5 &&
    a.top < b.bottom - 1 && b.top < a.bottom - 1;
  for (const svg of document.querySelectorAll('svg')) {
    const texts = [...svg.querySelectorAll('text')].map(
      el => [el.textContent, el.getBoundingClientRect()]);
    const frames = [...svg.querySelectorAll('.tv-frame:not(.tv-rim)')].map(
      el => [el.parentNode.id, el.getBoundingClientRect()]);
    const labels = [...svg.querySelectorAll('.tv-edge text')].map(
      el => [el.textContent, el.getBoundingClientRect()]);
    for (const [i, [name, rect]] of texts.entries())
      for (const [other, place] of texts.slice(i + 1))
        if (meet(rect, place)) found.push([name, other]);
    for (const [i, [name, rect]] of frames.entries())
      for (const [other, place] of [...frames.slice(i + 1), ...labels])
        if (meet(rect, place)) found.push([name, other]);
  }
  return found;
}"""


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_text_stays_inside_and_apart(
    open_page: Opener, tmp_path: Path, direction: str
) -> None:
    pictures = "".join(
        f"<p>{scene(graph(), prefix=f'{name}-', direction=direction).svg}</p>"
        for name, graph in samples.GRAPHS.items()
    )
    style = "<style>svg{max-width:none!important}</style>"
    html = f'<!doctype html><meta charset="utf-8">{style}{pictures}'
    page = open_page.content(html, tmp_path, width=3000)
    for fonts in FONTS:
        page.evaluate(FORCE, fonts)
        assert page.evaluate(OUTSIDE) == [], fonts
        assert page.evaluate(COLLISIONS) == [], fonts


PAPER = "svg => getComputedStyle(svg.querySelector('.tv-paper')).fill"


@pytest.mark.parametrize(
    ("system", "around", "paper"),
    [
        ("light", "<body>", "rgb(255, 255, 255)"),
        ("dark", "<body>", "rgb(21, 24, 28)"),
        ("dark", '<body data-jp-theme-light="true">', "rgb(255, 255, 255)"),
        ("light", '<body data-jp-theme-light="false">', "rgb(21, 24, 28)"),
        ("light", '<body class="vscode-dark">', "rgb(21, 24, 28)"),
    ],
)
def test_colours_follow_the_page(
    open_page: Opener, tmp_path: Path, system: Any, around: str, paper: str
) -> None:
    html = f"<!doctype html>{around}{scene(samples.square()).svg}"
    page = open_page.content(html, tmp_path, theme=system)
    assert page.eval_on_selector("svg", PAPER) == paper
    page.emulate_media(media="print")
    assert page.eval_on_selector("svg", PAPER) == "rgb(255, 255, 255)"


def test_picture_shrinks_with_its_page(open_page: Opener, tmp_path: Path) -> None:
    html = f"<!doctype html><body>{scene(samples.listing_102()).svg}"
    page = open_page.content(html, tmp_path, width=400)
    scrolled = page.evaluate("document.documentElement.scrollWidth")
    assert scrolled <= 400


def test_pictures_of_one_page_do_not_share_colours(
    open_page: Opener, tmp_path: Path
) -> None:
    themes = ("dark", "print", "light")
    pictures = [scene(samples.square(), theme=name, prefix=name).svg for name in themes]
    page = open_page.content(f"<!doctype html><body>{''.join(pictures)}", tmp_path)
    papers = page.eval_on_selector_all("svg", f"all => all.map({PAPER})")
    assert papers == ["rgb(21, 24, 28)", "rgb(255, 255, 255)", "rgb(255, 255, 255)"]
