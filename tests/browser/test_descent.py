"""The film of a descent and the studio in a real browser."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

import tapeviz as tf
from tapeviz import descent, play
from tapeviz.lessons.training import Network, decision, two_moons
from tapeviz.render.descent.animation import descent_film
from tapeviz.render.descent.training_monitor import training_picture
from tapeviz.render.film.player import page as html_page
from tapeviz.trace.descent import Descent
from tapeviz.views.descent import DescentRun as Walk
from tests.browser.conftest import Opener, Player
from tests.render.descents import arrays, parabola, ravine

RUNS = {
    "line": parabola(),
    "rising": parabola(1.1, view=(-20, 30)),
    "plane": ravine(),
    "norms": arrays(),
    "away": parabola(3.0, 40),
}

_BOXES = """svg => [...svg.querySelectorAll('text')].filter(text => {
  for (let el = text; el !== svg; el = el.parentNode)
    if (getComputedStyle(el).opacity === '0') return false;
  return true;
}).map(text => {
  const { left, right, top, bottom } = text.getBoundingClientRect();
  return [text.textContent, left, right, top, bottom];
})"""


def film_page(
    open_page: Opener, folder: Path, run: Descent, step: int = 0, **options: Any
) -> Player:
    page = open_page.content(
        html_page(descent_film(run), step=step), folder, reduced_motion=True, **options
    )
    return Player(page.locator(".tapeviz-film"))


@pytest.mark.parametrize("width", [1280, 400])
def test_the_film_plays(open_page: Opener, tmp_path: Path, width: int) -> None:
    film_page(open_page, tmp_path, parabola(), width=width).check()


def test_the_point_moves_from_step_to_step_while_it_plays(
    open_page: Opener, tmp_path: Path
) -> None:
    page = open_page.content(html_page(descent_film(parabola(steps=4))), tmp_path)
    seen = page.locator(".tapeviz-film").evaluate(_MOVED)
    stops = [seen[0], seen[-1]]
    between = {round(x) for x in seen if min(abs(x - stop) for stop in stops) > 1}
    assert stops[0] < stops[1], "x grows on the way to the minimum"
    assert len(between) >= 6, "more places than the five points have"
    assert all(stops[0] - 1 <= x <= stops[1] + 1 for x in between)


_MOVED = """async (root) => {
  const button = root.querySelector(".tv-play");
  button.click();
  const found = [];
  while (button.getAttribute("aria-label") === "Pause") {
    const hot = [...root.querySelectorAll("[id^=p].tv-hot")].at(-1);
    const at = hot?.lastElementChild.getBoundingClientRect();
    if (at) found.push(at.x + at.width / 2);
    await new Promise(requestAnimationFrame);
  }
  return found;
}"""


def test_panels_stand_side_by_side_or_one_below_the_other(
    open_page: Opener, tmp_path: Path
) -> None:
    for width in (1280, 400):
        film = film_page(open_page, tmp_path, parabola(), width=width)
        frame = film.root.locator(".tv-screen").bounding_box()
        left, right = (film.root.locator(f".tv-at{k}").bounding_box() for k in (1, 2))
        assert left
        assert right
        assert frame
        below = right["y"] >= left["y"] + left["height"]
        assert below == (width == 400)
        for box in (left, right):
            assert box["x"] >= frame["x"]
            assert box["x"] + box["width"] <= frame["x"] + frame["width"]
            assert box["y"] + box["height"] <= frame["y"] + frame["height"]


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("run", RUNS)
def test_no_text_covers_another_at_the_end(
    open_page: Opener, tmp_path: Path, run: str, width: int
) -> None:
    film = film_page(open_page, tmp_path, RUNS[run], width=width)
    film.press("End")
    boxes = film.root.locator(".tv-screen > svg").evaluate(_BOXES)
    assert len(boxes) > 10
    for (one, *a), (two, *b) in itertools.combinations(boxes, 2):
        wide = min(a[1], b[1]) - max(a[0], b[0])
        high = min(a[3], b[3]) - max(a[2], b[2])
        assert wide <= 1 or high <= 3, f"{one!r} covers {two!r}"


def test_text_is_large_enough_on_a_phone(open_page: Opener, tmp_path: Path) -> None:
    film = film_page(open_page, tmp_path, parabola(), width=400)
    film.press("End")
    boxes = film.root.locator(".tv-screen > svg").evaluate(_BOXES)
    assert min(bottom - top for *_, top, bottom in boxes) >= 8


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_film_follows_the_page(
    open_page: Opener, tmp_path: Path, theme: str
) -> None:
    film = film_page(open_page, tmp_path, parabola(), theme=theme)
    text = film.root.locator(".tv-screen svg text").first
    colour = text.evaluate("el => getComputedStyle(el).fill")
    red = int(colour.split("(")[1].split(",")[0])
    assert (red > 128) == (theme == "dark"), colour


def test_two_films_on_a_page_do_not_disturb_each_other(
    open_page: Opener, tmp_path: Path
) -> None:
    one, two = (
        html_page(descent_film(run)).split("<main>")[1].split("</main>")[0]
        for run in (parabola(), ravine())
    )
    head = html_page(descent_film(parabola())).split("<main>")[0]
    page = open_page.content(f"{head}{one}{two}", tmp_path, reduced_motion=True)
    films = page.locator(".tapeviz-film")
    first, second = Player(films.nth(0)), Player(films.nth(1))
    first.press("End")
    assert second.position[0] == 0
    fill = "el => getComputedStyle(el).fill"
    alone = film_page(open_page, tmp_path, parabola())
    alone.press("End")
    for film in (first, alone):
        shapes = film.root.locator(".tv-screen > svg :is(path,circle)").all()
        film_fills = [shape.evaluate(fill) for shape in shapes]
        if film is first:
            fills = film_fills
    assert film_fills == fills


def test_a_click_on_a_point_opens_its_graph(open_page: Opener, tmp_path: Path) -> None:
    page = open_page(play(walk()).save(tmp_path / "run.html"), reduced_motion=True)
    film = Player(page.locator(".tapeviz-film"))
    film.press("End")
    film.root.locator("#p7").click(force=True)
    graph = page.get_by_role("group", name="The graph of step 7")
    graph.locator("svg text", has_text="4.3709").first.wait_for()
    assert film.position[0] == 30, "the film stays where it is"
    page.get_by_role("button", name="Close").press("Enter")
    assert graph.count() == 0
    page.get_by_role("button", name="Open the graph of step 0").press("Enter")
    page.get_by_role("group", name="The graph of step 0").wait_for()


def walk(rate: float = 0.1) -> Walk:
    x = tf.Variable(2.0)
    with descent(x) as run:
        for _ in range(10):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            x.assign_sub(rate * tape.gradient(loss, x))
    return run


def shown(html: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><title>shown</title></head>'
        f"<body><main><h1>shown</h1>{html}</main></body></html>"
    )


FIGURES = {
    "plot": lambda: walk().plot()._repr_mimebundle_()["text/html"],
    "race": lambda: walk().plot(walk(0.9))._repr_mimebundle_()["text/html"],
    "film": lambda: play(walk())._repr_mimebundle_()["text/html"],
    "training": lambda: training_picture(
        [0.7, 0.4], 10, decision(Network(), *two_moons(20))
    ),
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_mend(
    open_page: Opener, tmp_path: Path, name: str, theme: Any
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    html = shown(FIGURES[name]())
    page = open_page.content(html, tmp_path, theme=theme, reduced_motion=True)
    for summary in page.get_by_text("All steps as a table").all():
        summary.click()
    assert page.get_by_role("table").count() == 1
    for picture in page.locator("svg[role=img]").all():
        assert picture.get_attribute("aria-label")
    found = axe.Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()
