"""A real JupyterLab, as a learner has it in front of them."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tapeviz.lessons import copies
from tests.browser.conftest import (
    LISTING,
    PATIENCE,
    Lab,
    LabPage,
    Opener,
    Player,
    Theme,
    server,
    write_notebook,
)

CHAPTERS = Path(__file__).parents[2] / "chapters"
LESSONS = copies.lessons(CHAPTERS)


def player(page: LabPage, index: int) -> Player:
    """The player in the output of a cell."""
    root = page.cell(index).locator(".tapeviz-film")
    root.wait_for()
    return Player(root)


def shown(cells: list[dict[str, Any]], name: str) -> list[int]:
    """The places of the cells that end with a call of this name."""
    called = re.compile(rf"^{name}\(", re.MULTILINE)
    return [i for i, cell in enumerate(cells) if called.search(str(cell["source"]))]


@pytest.fixture
def listing(lab: Lab, request: pytest.FixtureRequest) -> str:
    """The name of a small notebook, not run yet, that shows one player."""
    name = f"{request.node.originalname}.ipynb"
    return write_notebook(lab.root / name, LISTING, "2 + 2").name


def test_the_keys_move_the_player(lab: Lab, listing: str) -> None:
    page = lab.open(listing)
    page.run_all()
    player(page, 0).check()


def test_no_key_of_the_player_reaches_the_notebook(lab: Lab, listing: str) -> None:
    """In JupyterLab a, b, x and dd change cells, Enter edits and Space scrolls."""
    page = lab.open(listing)
    page.run_all()
    film = player(page, 0)
    film.press(*"abxddzym", "Enter", "Escape", "ArrowDown", "ArrowUp", "b", "Space")
    assert page.count() == 2
    assert film.press("Home")[0] == 0
    assert page.page.locator(".jp-Notebook.jp-mod-editMode").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_player_follows_the_theme_of_the_page(
    lab: Lab, listing: str, theme: Theme
) -> None:
    page = lab.open(listing, theme=theme)
    page.run_all()
    colour = player(page, 0).root.evaluate("root => getComputedStyle(root).color")
    red, green, blue = map(float, re.findall(r"[\d.]+", colour)[:3])
    light = (red + green + blue) / 3 > 128
    assert light == (theme == "dark"), f"text of {colour} on a {theme} page"


def test_a_trusted_notebook_plays_before_it_is_run(lab: Lab, listing: str) -> None:
    page = lab.open(listing)
    page.run_all()
    page.save()
    lab.trust(listing)
    player(lab.open(listing), 0).check()


def test_a_notebook_that_is_not_trusted_shows_an_animated_picture(
    lab: Lab, listing: str
) -> None:
    page = lab.open(listing)
    cells = page.run_all()
    name = "not trusted.ipynb"
    lab.write(name, cells)
    cell = lab.open(name).cell(0)
    image = cell.locator(".jp-OutputArea img")
    image.wait_for()
    assert image.evaluate("image => image.complete && image.naturalWidth") > 100
    assert image.get_attribute("alt")
    assert cell.locator(".jp-OutputArea-output").inner_text().strip() == ""
    assert cell.locator(".tapeviz-film").count() == 0


@pytest.mark.parametrize("lesson", [n for n in LESSONS if "pytorch" not in n])
def test_a_lesson_runs_and_its_players_play(lab: Lab, lesson: str) -> None:
    page = lab.open(lesson)
    cells = page.run_all()
    films = shown(cells, "play") + shown(cells, "replay")
    for index in films[:1]:
        player(page, index).check()
    for index in shown(cells, "draw")[:1]:
        page.cell(index).locator(".tapeviz-picture svg").first.wait_for()
    for index in shown(cells, "explore"):
        page.cell(index).get_by_role("slider").first.wait_for()


def _start_page(folder: Path) -> Path:
    """The page that the browser would open; written after the server's address."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        for page in folder.glob("jpserver-file-to-run-*-open.html"):
            return page
        time.sleep(0.1)
    pytest.fail("JupyterLab wrote no page that opens the lesson")


def test_the_command_opens_the_first_lesson(open_page: Opener, tmp_path: Path) -> None:
    """``tapeviz lab`` as in the README, but for the browser window it would open."""
    mine = tmp_path / "mine"
    command = [sys.executable, "-m", "tapeviz", "lab", "--dir", str(mine), "--"]
    options = ["--no-browser", "--ip=127.0.0.1", "--port=0"]
    with server([*command, *options], tmp_path):
        page = open_page(_start_page(tmp_path / "runtime_dir"), strict=False)
        heading = page.locator(".jp-Notebook h1").first
        heading.wait_for()
        assert "10.1" in heading.inner_text()
        assert copies.lessons(mine) == LESSONS
