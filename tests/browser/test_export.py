"""A lesson as a web page: no kernel, no network, the same player."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import LISTING, Opener, Player, write_notebook

CHAPTERS = Path(__file__).parents[2] / "chapters"
LESSONS = sorted(p for p in CHAPTERS.glob("*.ipynb") if "pytorch" not in p.stem)
"""Without lesson 10.11, whose films are those of the others."""
NO_CDN = [
    f"--HTMLExporter.{name}_url="
    for name in ("jquery", "mathjax", "mermaid_js", "require_js", "widget_renderer")
]
"""nbconvert's own page asks other hosts for these; ours must do without them."""


def export(folder: Path, *words: str | Path) -> None:
    """The pages that nbconvert makes of notebooks, beside its options."""
    command = [sys.executable, "-m", "nbconvert", "--to", "html", *NO_CDN]
    subprocess.run(
        [*command, "--output-dir", str(folder), *map(str, words)],
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a notebook that was run and shows one player."""
    folder = tmp_path_factory.mktemp("listing")
    notebook = write_notebook(folder / "listing.ipynb", LISTING)
    export(folder, notebook, "--execute")
    return folder / "listing.html"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the page of each lesson."""
    folder = tmp_path_factory.mktemp("pages")
    export(folder, *LESSONS)
    return folder


@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_plays(listing: Path, open_page: Opener, width: int) -> None:
    page = open_page(listing, width=width)
    Player(page.locator(".tapeviz-film")).check()


def test_with_scripts_off_the_picture_moves(listing: Path, open_page: Opener) -> None:
    page = open_page(listing, scripts=False)
    image = page.locator(".jp-OutputArea-output img")
    box = image.bounding_box()
    assert box
    assert box["width"] > 100
    first = image.screenshot()
    seen = [image.screenshot() for _ in range(10) if page.wait_for_timeout(500) is None]
    assert any(shot != first for shot in seen)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_the_page_of_a_lesson_plays_every_film(
    lesson: Path, open_page: Opener, pages: Path
) -> None:
    page = open_page(pages / f"{lesson.stem}.html")
    films = page.locator(".tapeviz-film")
    for i in range(films.count()):
        film = Player(films.nth(i))
        film.ask_nothing()
        _, last = film.press("Home")
        assert film.press("ArrowRight") == (1, last)
        assert film.press("End") == (last, last)


WORN = """
    (root) => [...root.querySelectorAll("svg.tapeviz :is(.tv-hot, .tv-done)")]
      .filter((el) => el.matches(".tv-node, .tv-edge"))
      .map((el) => {
        const part = el.querySelector(".tv-frame, .tv-wire");
        const { stroke, strokeWidth, opacity } = getComputedStyle(part);
        return [el.classList.contains("tv-hot"), el.matches(".tv-edge"), stroke,
          parseFloat(strokeWidth), opacity];
      })
"""
HOT, DONE = "rgb(133, 86, 0)", "rgb(0, 109, 80)"
"""What the light theme says a lit element and a finished path look like."""


@pytest.mark.parametrize("lesson", ["10_2", "10_3", "10_5"])
def test_the_films_of_a_whole_lesson_are_lit_at_every_step(
    open_page: Opener, pages: Path, lesson: str
) -> None:
    """With all other outputs of the lesson before and after them on the page."""
    (path,) = pages.glob(f"{lesson}_*.html")
    page = open_page(path)
    page.wait_for_selector(".tapeviz-film svg.tapeviz")
    films = page.locator(".tapeviz-film").all()
    assert films
    seen = set()
    for film in map(Player, films):
        film.ask_nothing()
        _, last = film.press("Home")
        for _ in range(last):
            film.press("ArrowRight")
            for hot, edge, stroke, width, opacity in film.root.evaluate(WORN):
                assert stroke == (HOT if hot else DONE if edge else stroke)
                assert opacity == "1"
                assert width > 1.5 or not (hot or edge)
                seen.add((hot, edge))
    assert {(True, False), (True, True), (False, True)} <= seen
