"""A film for other numbers than the recorded ones, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tapeviz as tf
from tapeviz import play
from tapeviz.render.film import player as html
from tapeviz.trace.film import Film
from tapeviz.views.widgets.player import PlayerWidget
from tests.browser.conftest import Opener, Player
from tests.browser.test_player import widget_page


def film_at(number: float) -> Film:
    """Listing 10.2, recorded at some number."""
    x = tf.Variable(number)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1
    return play(tape, y, x).film


@pytest.fixture(scope="module")
def film() -> Film:
    return film_at(3.0)


@pytest.fixture
def player(open_page: Opener, tmp_path: Path, film: Film) -> Player:
    page = open_page.content(html.page(film), tmp_path, reduced_motion=True)
    return Player(page.locator(".tapeviz-film"))


def shown(player: Player) -> dict[str, str]:
    """All that a reader sees of a step, and the table."""
    parts = {"caption": ".tv-caption", "formula": ".tv-equation", "table": "table"}
    texts = {name: player.root.locator(css).inner_text() for name, css in parts.items()}
    for id in ("n0-value", "n4-value", "n0-g2", "e1_0-c"):
        texts[id] = player.root.locator(f"#{id}").text_content() or ""
    return texts


def type_number(player: Player, text: str) -> None:
    player.root.get_by_label("x", exact=True).fill(text)
    player.root.page.wait_for_timeout(300)


def test_all_that_is_said_is_what_python_says_at_the_new_number(
    player: Player, open_page: Opener, tmp_path: Path
) -> None:
    player.root.locator("summary").click()
    for _ in range(19):
        player.press("ArrowRight")
    before = shown(player)
    type_number(player, "-5")
    changed = shown(player)
    assert player.position == (19, 20), "the step stays where it is"
    folder = tmp_path / "other"
    folder.mkdir()
    page = open_page.content(html.page(film_at(-5.0)), folder, reduced_motion=True)
    python = Player(page.locator(".tapeviz-film"))
    python.root.locator("summary").click()
    for _ in range(19):
        python.press("ArrowRight")
    assert changed == shown(python) != before
    title = player.root.locator("#n4 > title").text_content() or ""
    assert title.startswith("y = 16.0  float32")
    terms = player.root.locator(".tv-term")
    assert terms.all_inner_texts() == ["2", "(-10)"]
    assert (
        player.root.locator("svg").first.get_attribute("aria-description")
        == (changed["caption"])
    )
    player.root.get_by_role("button", name="Recorded numbers").click()
    player.root.page.wait_for_timeout(300)
    assert shown(player) == before


def test_a_sum_that_becomes_zero_wears_the_mark_of_zero(player: Player) -> None:
    player.press("End")
    total = player.root.locator("#n0-g2")
    assert total.locator(".tv-mark").count() == 0
    type_number(player, "-1")
    assert total.text_content() == "2 + (-2) = 0"
    assert total.locator(".tv-mark").count() == 2
    assert "tv-zero" in (total.get_attribute("class") or "")
    type_number(player, "4")
    assert total.text_content() == "2 + 8 = 10"
    assert not total.locator(".tv-mark").first.is_visible()


def test_a_class_with_one_seed_has_one_set_of_numbers(player: Player) -> None:
    player.press("p")
    player.root.get_by_role("button", name="New numbers").click()
    player.root.page.wait_for_timeout(300)
    field = player.root.get_by_label("x", exact=True)
    first = field.input_value()
    assert first != "3"
    assert player.root.locator(".tv-result").inner_text() == "", "it is asked for"
    seed = player.root.get_by_label("seed")
    assert seed.input_value() == "1"
    seed.fill("7")
    seed.press("Enter")
    player.root.page.wait_for_timeout(300)
    seventh = field.input_value()
    seed.fill("1")
    seed.press("Enter")
    player.root.page.wait_for_timeout(300)
    assert field.input_value() == first
    assert seventh in {"1", "2", "3", "4", "5", "6", "-1", "-2", "-3"}


def test_answers_are_judged_at_the_new_numbers(player: Player) -> None:
    player.press("p")
    player.root.get_by_role("button", name="New numbers").click()
    player.root.page.wait_for_timeout(300)
    x = float(player.root.get_by_label("x", exact=True).input_value())
    box = player.root.get_by_role("textbox")
    for _ in range(8):
        player.press("End")
        question = player.root.locator(".tv-question").inner_text()
        if "from x**2 to x" in question or "last path" in question:
            break
        player.root.get_by_role("button", name="Hint").click(click_count=3)
    else:
        raise AssertionError("nobody asked for it")
    player.root.page.wait_for_timeout(100)
    wanted = 2 * x + 2 if "last path" in question else 2 * x
    box.fill(f"{-wanted}")
    box.press("Enter")
    assert player.root.locator(".tv-said").inner_text() == "The sign is wrong."
    box.fill(f"{wanted}")
    box.press("Enter")
    said = player.root.locator(".tv-said").inner_text()
    assert said == f"Right. It is {wanted:g}."
    player.root.get_by_role("button", name="Copy result").click()
    line = player.root.locator(".tv-said").inner_text()
    assert re.fullmatch(
        r"The backward pass from y to x, seed 1: 0 right at once, \d with a hint, "
        r"\d missed",
        line,
    )


def test_a_film_can_open_with_the_numbers_of_a_seed(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    page = open_page.content(
        html.page(film, seed=7, predict=True), tmp_path, reduced_motion=True
    )
    page.wait_for_timeout(400)
    assert page.get_by_label("seed").input_value() == "7"
    assert page.locator(".tv-was").first.inner_text() == "was 3"


def test_the_views_of_a_widget_change_numbers_of_their_own(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    payload = PlayerWidget(film.to_json()).film
    one, two = widget_page(open_page, tmp_path, payload)
    one.press("End")
    type_number(one, "-5")
    assert one.root.locator(".tv-equation").inner_text() == "dy/dx = -8"
    assert two.root.locator(".tv-equation").inner_text() == "dy/dx = 8"


def test_hostile_names_stay_text(open_page: Opener, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>"
    x = tf.Variable(3.0, name=name)
    with tf.GradientTape() as tape:
        y = tf.square(x)
    shown = html.page(play(tape, y, [x]).film)
    page = open_page.content(shown, tmp_path, reduced_motion=True)
    page.locator(".tv-what-if input").first.fill("2")
    page.wait_for_timeout(300)
    player = Player(page.locator(".tapeviz-film"))
    player.press("End")
    assert page.locator("img").count() == 0
    assert player.root.locator(".tv-equation").inner_text().endswith("= 4")


def test_a_folded_film_says_why_its_numbers_stay(
    open_page: Opener, tmp_path: Path
) -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x
        for _ in range(200):
            y = y * 1.01
    shown = html.page(play(tape, y, x).film)
    page = open_page.content(shown, tmp_path, reduced_motion=True)
    assert page.locator(".tv-what-if").count() == 0
    assert page.locator(".tv-why").inner_text() == (
        "This graph is large, and folded: its numbers cannot be changed here."
    )
