"""Large and wide pictures on pages of many widths, on a projector and on paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz import descent, draw, play, why
from tapeviz.lessons.training import Network, decision, live, two_moons
from tests.browser.conftest import Opener, Player

if TYPE_CHECKING:
    from playwright.sync_api import Page


def whole(*views: Any) -> str:
    """A page with text before, between and after what the views show."""
    shown = "<p>between</p>".join(v._repr_mimebundle_()["text/html"] for v in views)
    return (
        '<!doctype html><meta name="viewport" content="width=device-width">'
        f"<body style='margin:8px'><h1>before</h1>{shown}<p>after</p>"
    )


def listing() -> tuple[Any, Any, Any]:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1
    return tape, y, x


def network(*, lost: bool = False) -> tuple[Any, Any, Any]:
    """A network of three layers; one weight of it is lost, if asked."""
    data = tf.constant(np.linspace(-1, 1, 8, dtype="float32").reshape(4, 2))
    weights = [tf.Variable(np.ones(s, "float32")) for s in ((2, 3), (3, 3), (3, 1))]
    with tf.GradientTape(persistent=True) as tape:
        h = data
        for k, w in enumerate(weights):
            h = tf.nn.relu(h @ w)
            h = tf.constant(h.numpy()) if lost and not k else h
        loss = tf.reduce_mean((h - 1.0) ** 2)
    return tape, loss, weights


_LETTERS = """(root) => Math.min(...[...document.querySelectorAll(root + ' text')]
  .filter(el => el.getClientRects().length && el.textContent.trim())
  .map(el => { const { a, b } = el.getScreenCTM();
    return parseFloat(getComputedStyle(el).fontSize) * Math.hypot(a, b); }))"""

_INSIDE = """([box, one]) => {
  const frame = document.querySelector(box).getBoundingClientRect();
  const { left, right, top, bottom } =
    document.querySelector(box + ' ' + one).getBoundingClientRect();
  return left >= frame.left && right <= frame.right
    && top >= frame.top && bottom <= frame.bottom; }"""


def letters(page: Page, root: str) -> float:
    """The size in pixels of the smallest letters of a picture."""
    return float(page.evaluate(_LETTERS, root))


@pytest.mark.parametrize("width", [400, 700, 826, 1280])
def test_letters_of_drawing_film_and_why_can_be_read(
    open_page: Opener, tmp_path: Path, width: int
) -> None:
    tape, y, x = listing()
    net, loss, weights = network(lost=True)
    views = play(tape, y, x), draw(net, loss, weights), why(net, loss, weights[0])
    page = open_page.content(whole(*views), tmp_path, width=width)
    for box in (".tapeviz-film .tv-screen", ".tapeviz-picture .tv-screen", ".tv-still"):
        assert letters(page, box) >= 10.95, "11 pixels, but for the rounded width"
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_network_fits_a_page_from_left_to_right(
    open_page: Opener, tmp_path: Path
) -> None:
    net, loss, weights = network()
    page = open_page.content(whole(draw(net, loss, weights)), tmp_path, width=900)
    screen = page.locator(".tv-screen")
    assert screen.evaluate("el => el.scrollWidth <= el.clientWidth + 1")


@pytest.mark.parametrize("width", [400, 640, 700])
def test_film_drawing_and_why_open_with_their_target_in_sight(
    open_page: Opener, tmp_path: Path, width: int
) -> None:
    tape, y, x = listing()
    net, loss, weights = network(lost=True)
    html = whole(play(tape, y, x), draw(tape, y, x), why(net, loss, weights[0]))
    page = open_page.content(html, tmp_path, width=width)
    for box in (".tapeviz-film .tv-screen", ".tapeviz-picture .tv-screen", ".tv-still"):
        page.wait_for_function(_INSIDE, arg=[box, ".tv-target"])


def test_a_long_film_keeps_its_controls_on_the_page(
    open_page: Opener, tmp_path: Path
) -> None:
    net, loss, weights = network()
    page = open_page.content(whole(play(net, loss, weights)), tmp_path)
    page.wait_for_function(_INSIDE, arg=[".tv-screen", ".tv-target"])
    box = page.locator(".tv-screen").bounding_box()
    assert box is not None
    assert box["height"] <= 0.8 * 900
    Player(page.locator(".tapeviz-film")).press("Home", "ArrowRight", "ArrowRight")
    page.wait_for_function(_INSIDE, arg=[".tv-screen", ".tv-node.tv-hot"])


def test_full_screen_scales_letters_and_controls(
    open_page: Opener, tmp_path: Path
) -> None:
    net, loss, weights = network()
    page = open_page.content(
        whole(play(net, loss, weights, predict=True)), tmp_path, width=1920, height=1080
    )
    player = Player(page.locator(".tapeviz-film"))
    player.press("f")
    page.wait_for_selector(".tapeviz-film.tv-wide")
    assert letters(page, ".tv-screen") > 15.9
    player.press("End")
    for name in ("Predict", "Check against", "Answer", "Hint", "Play"):
        control = player.root.get_by_role("button", name=name).first
        box = control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44, name
        size = control.evaluate("el => parseFloat(getComputedStyle(el).fontSize)")
        assert size >= 20, name


def test_a_listener_hears_question_step_and_state(
    open_page: Opener, tmp_path: Path
) -> None:
    tape, y, x = listing()
    film = play(tape, y, x, predict=True)
    page = open_page.content(whole(film), tmp_path)
    player = Player(page.locator(".tapeviz-film"))
    player.press("End")
    step, last = player.position
    question = next(ask for ask in film.film.questions if ask.step == step + 1)
    assert player.root.get_by_role("textbox", name=question.question).count() == 1
    slider = player.root.get_by_role("slider", name="Step of the film")
    text = slider.get_attribute("aria-valuetext") or ""
    assert text.startswith(f"{step} of {last}")
    said = page.locator(".tv-screen > svg").get_attribute("aria-description")
    assert said == film.film.frames[step].caption


def test_paper_shows_start_sums_and_end(open_page: Opener, tmp_path: Path) -> None:
    tape, y, x = listing()
    film = play(tape, y, x).film
    page = open_page.content(whole(play(tape, y, x)), tmp_path)
    assert page.locator(".tv-leaf").count() == 0
    page.emulate_media(media="print")
    page.wait_for_selector(".tv-leaf")
    leaves = page.locator(".tv-leaf").all()
    captions = [film.frames[k].caption for k in (0, 16, 19, 20)]
    for said, words in zip(
        captions, ("recorded", "gives 2;", "gives 6;", "is 8."), strict=True
    ):
        assert words in said
    for leaf, caption in zip(leaves, captions, strict=True):
        assert caption in leaf.inner_text()
    shown = "el => getComputedStyle(el.querySelector('[id=\"n0-g2\"]')).opacity"
    assert [leaf.evaluate(shown) for leaf in leaves] == ["0", "0", "1", "1"]
    for part in (".tv-bar", ".tv-words", ".tapeviz-film > .tv-screen"):
        assert not page.locator(part).first.is_visible(), part
    page.emulate_media(media="screen")
    page.wait_for_selector(".tv-leaf", state="detached")
    assert page.locator(".tv-words").is_visible()
    assert Player(page.locator(".tapeviz-film")).position[0] == 0


@pytest.mark.parametrize("width", [280, 400, 470, 1280])
def test_a_plot_of_a_run_can_be_read_on_every_page(
    open_page: Opener, tmp_path: Path, width: int
) -> None:
    x, y = tf.Variable(4.0), tf.Variable(2.0)
    with descent(x, y) as run:
        for _ in range(8):
            with tf.GradientTape() as tape:
                loss = (x - 1) ** 2 + 3 * y**2
            for v, g in zip((x, y), tape.gradient(loss, [x, y]), strict=True):
                v.assign_sub(0.1 * g)
    many = tf.Variable([3.0, 2.0, 1.0])
    with descent(many) as long:
        for _ in range(8):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(many**2)
            many.assign_sub(0.1 * tape.gradient(loss, many))
    net, (points, labels) = Network(), two_moons(20)
    with descent(*net.variables) as training:
        for _ in live(4, training, lambda: decision(net, points, labels)):
            with tf.GradientTape() as tape:
                loss = net.loss(points, labels)
            for v, g in zip(
                net.variables, tape.gradient(loss, net.variables), strict=True
            ):
                v.assign_sub(0.1 * g)
    films = play(run), play(training)
    html = whole(run.plot(), run.plot(surface=True), long.plot(), *films)
    page = open_page.content(html, tmp_path, width=width)
    page.locator(".tapeviz-film svg text").nth(60).wait_for(state="attached")
    assert page.locator(".tapeviz-film").count() == 2
    assert letters(page, ".tv-still") >= 10.9
    assert letters(page, ".tapeviz-film .tv-screen") >= 10.9
    assert page.evaluate("document.documentElement.scrollWidth") <= width


_SHARE = """() => { const screen = document.querySelector('.tv-screen');
  const pane = document.querySelector('.tv-window').getBBox();
  const svg = screen.querySelector('svg.tapeviz');
  const { width, height } = svg.viewBox.baseVal;
  const shown = svg.getBoundingClientRect();
  return [pane.y / height, pane.height / height, pane.width / width,
    screen.scrollTop / shown.height, screen.clientHeight / shown.height]; }"""


@pytest.mark.parametrize("width", [400, 826, 1280])
def test_a_film_larger_than_its_window_has_an_overview(
    open_page: Opener, tmp_path: Path, width: int
) -> None:
    page = open_page.content(whole(play(*network())), tmp_path, width=width)
    overview = page.locator(".tv-map")
    assert overview.is_visible()
    page.wait_for_function(f"({_SHARE})()[3] > 0.4")
    up, high, _, scrolled, window = page.evaluate(_SHARE)
    assert abs(up - scrolled) < 0.05
    assert 0.1 < high <= window + 0.01
    overview.scroll_into_view_if_needed()
    box = overview.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 3)
    page.mouse.down()
    page.mouse.move(box["x"] + 3, box["y"] + 3, steps=4)
    page.mouse.up()
    page.wait_for_function(f"({_SHARE})()[0] < 0.01")
    assert page.locator(".tv-screen").evaluate("el => el.scrollTop") == 0
    overview.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function(f"({_SHARE})()[0] > 0.05")
    player = Player(page.locator(".tapeviz-film"))
    assert player.position[0] == 0, "the arrows moved the picture, not the film"
    player.press("Home", "ArrowRight")
    page.wait_for_selector(".tv-map .tv-lit")


def test_a_long_drawing_has_a_window_and_an_overview(
    open_page: Opener, tmp_path: Path
) -> None:
    h = x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        for k in range(12):
            h = h * x + tf.sin(h) * float(k)
    page = open_page.content(whole(draw(tape, fold=False)), tmp_path)
    page.wait_for_selector(".tv-map", state="visible")
    page.wait_for_function("document.querySelector('.tv-screen').clientHeight < 900")
    page.locator(".tv-map").click(position={"x": 20, "y": 190})
    page.wait_for_function("document.querySelector('.tv-screen').scrollTop > 300")


def test_what_fits_its_window_has_no_overview(
    open_page: Opener, tmp_path: Path
) -> None:
    small = whole(play(*listing()), draw(*listing()))
    assert "minimap" not in small
    page = open_page.content(whole(draw(*network())), tmp_path)
    assert page.locator(".tv-map").count() == 1
    assert not page.locator(".tv-map").is_visible()


def test_three_panels_can_be_read_on_a_page_of_a_book(
    open_page: Opener, tmp_path: Path
) -> None:
    x = tf.Variable([3.0, 2.0, 1.0])
    with descent(x) as run:
        for _ in range(8):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(x**2)
            x.assign_sub(0.1 * tape.gradient(loss, x))
    page = open_page.content(whole(run.plot()), tmp_path, width=720)
    page.wait_for_selector(".tv-still svg text")
    assert letters(page, ".tv-still") >= 11
    box = page.locator(".tv-still > svg").bounding_box()
    assert box is not None
    assert box["height"] < 1300
