"""Predict mode, the check, the keys and the big screen, with real keys and clicks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tapeviz as tf
from tapeviz import play
from tapeviz.render.film import player as html
from tapeviz.trace.film import Film
from tests.browser.conftest import Opener, Player, Theme


@pytest.fixture(scope="module")
def film() -> Film:
    """Listing 10.2, with practice."""
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1
    return play(tape, y, x).film


@pytest.fixture
def player(open_page: Opener, tmp_path: Path, film: Film) -> Player:
    page = open_page.content(html.page(film), tmp_path, reduced_motion=True)
    return Player(page.locator(".tapeviz-film"))


def said(player: Player, part: str) -> str:
    """What stands in a part of the player, by its class."""
    return player.root.locator(f".tv-{part}").inner_text()


def answer(player: Player, text: str) -> str:
    """Type an answer; what the player says to it."""
    box = player.root.get_by_role("textbox")
    box.fill(text)
    box.press("Enter")
    return said(player, "said")


def test_nobody_sees_a_value_before_they_answered(player: Player, film: Film) -> None:
    player.press("p")
    assert player.press("End") == (6, 20)
    assert said(player, "question") == film.questions[4].question
    player.root.locator("summary").click()
    assert player.root.locator("tbody tr:visible").count() == 0
    assert player.press("Space") == (6, 20)
    assert answer(player, "1.0") == "Right. It is 1."
    assert player.position == (7, 20)
    assert player.root.evaluate("root => document.activeElement === root")
    player.root.page.keyboard.press("End")
    assert player.position == (9, 20)
    assert player.root.locator("tbody tr:visible").count() == 1


@pytest.mark.parametrize(
    "typed", ["2", "2.0", "2,0", "4/2", "2e0", "+2", "1.99", " 2 "]
)
def test_a_right_answer_may_be_written_in_many_ways(
    player: Player, open_page: Opener, tmp_path: Path, film: Film, typed: str
) -> None:
    page = open_page.content(
        html.page(film, step=14, predict=True), tmp_path, reduced_motion=True
    )
    there = Player(page.locator(".tapeviz-film"))
    assert answer(there, typed).startswith("Right")
    assert there.position == (15, 20)
    del player


def test_mistakes_are_named_and_hints_lead_to_the_answer(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    page = open_page.content(
        html.page(film, step=17, predict=True), tmp_path, reduced_motion=True
    )
    player = Player(page.locator(".tapeviz-film"))
    for slip in film.questions[-1].mistakes:
        assert answer(player, f"{slip.answer[0]}") == slip.text
    assert answer(player, "1234") == "Not that. Try again, or take a hint."
    assert answer(player, "eight").startswith("Type a number")
    assert player.position == (17, 20)
    hint = player.root.get_by_role("button", name="Hint")
    for n, text in enumerate(film.questions[-1].hints, 1):
        hint.click()
        shown = player.root.locator(".tv-hints li").all_inner_texts()
        assert len(shown) == n
        assert shown[-1] == text
    player.root.focus()
    player.root.page.keyboard.press("End")
    assert player.position == (20, 20)
    assert said(player, "score") == "1 of 5 answered: 0 right at once, 1 shown"


def test_the_score_counts_first_answers_later_ones_and_what_was_shown(
    player: Player,
) -> None:
    player.press("p", "End")
    answer(player, "1")
    player.root.page.keyboard.press("End")
    answer(player, "-1")
    answer(player, "1")
    player.root.get_by_role("button", name="Reveal all").click()
    assert said(player, "score") == (
        "5 of 5 answered: 1 right at once, 1 after a hint or another try, 3 shown"
    )
    player.root.page.keyboard.press("End")
    assert player.position == (20, 20)
    player.root.get_by_role("button", name="Start again").click()
    assert player.press("End") == (6, 20)


def test_a_shape_is_asked_for_where_shapes_are_the_point(
    open_page: Opener, tmp_path: Path
) -> None:
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    x = tf.constant([[1.0, 2.0, 3.0]])
    with tf.GradientTape() as tape:
        y = x @ w
    film = play(tape, y, w).film
    ask = next(ask for ask in film.questions if ask.shape and not ask.early)
    page = open_page.content(
        html.page(film, step=ask.step - 1, predict=True), tmp_path, reduced_motion=True
    )
    player = Player(page.locator(".tapeviz-film"))
    assert answer(player, "2, 3") == "The axes are in the wrong order."
    assert answer(player, "(3, 2)") == "Right. The shape is (3, 2)."


def test_values_on_the_way_forward_are_asked_for_if_the_reader_wants(
    player: Player,
) -> None:
    player.press("p", "End")
    assert player.position == (6, 20)
    player.root.get_by_label("forward values too").check()
    assert player.position == (1, 20)
    assert said(player, "question") == "What is x**2?"
    value = player.root.locator("#n1-value")
    assert not value.is_visible()
    assert player.press("Home") == (0, 20)
    assert not value.is_visible()
    assert player.root.locator("#n0-value").is_visible()
    player.press("ArrowRight")
    assert answer(player, "6") == "That is the product, not the power."
    assert answer(player, "9") == ""  # the next question has come
    assert player.position == (2, 20)
    assert value.is_visible()
    assert said(player, "score").startswith("1 of 9 answered")
    player.root.get_by_label("forward values too").uncheck()
    assert said(player, "score").startswith("0 of 5 answered")
    assert player.press("End") == (6, 20)


def test_check_shows_finite_differences(player: Player) -> None:
    player.press("End", "ArrowLeft")
    player.root.get_by_role("button", name="Check").click()
    assert said(player, "check") == "Finite differences give 6, too."
    player.press("End")
    assert said(player, "check") == "Nothing to compare: this step adds nothing."
    player.press("c")
    assert not player.root.locator(".tv-check").is_visible()


def test_every_key_that_help_names_does_what_it_says(player: Player) -> None:
    root = player.root
    player.press("?")
    keys = root.locator(".tv-help dt").all_inner_texts()
    assert keys == [
        *("Space", "← →", "Shift ← →", "Home End", "1 – 5", "p", "c", "t", "f", "?"),
        "r",
    ]
    player.press("Escape")
    assert not root.locator(".tv-help").is_visible()
    for n, speed in enumerate(("0.25", "0.5", "1", "2", "4"), 1):
        player.press(str(n))
        assert root.get_by_label("Speed").input_value() == speed
    player.press("t")
    assert root.locator("details").get_attribute("open") is not None
    player.press("t", "Home")
    seen = [player.press("Shift+ArrowRight")[0] for _ in range(8)]
    assert seen == [1, 2, 3, 4, 5, 9, 14, 17]
    back = [player.press("Shift+ArrowLeft")[0] for _ in range(3)]
    assert back == [14, 9, 5]


def test_the_projector_shows_only_what_the_back_row_needs(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    page = open_page.content(
        html.page(film, step=19), tmp_path, reduced_motion=True, width=1920, height=1080
    )
    root = page.locator(".tapeviz-film")
    Player(root).press("f")
    page.locator(".tv-wide").wait_for()
    box = root.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (1920, 1080)
    for part in (".tv-heading", "details"):
        assert not root.locator(part).is_visible()
    size = "el => parseFloat(getComputedStyle(el).fontSize)"
    assert root.locator(".tv-caption").evaluate(size) >= 28
    assert root.locator(".tv-code").evaluate(size) >= 22
    picture = root.locator(".tv-screen > svg").bounding_box()
    assert picture is not None
    assert picture["width"] > 1300  # the slope stands beside it
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    page.keyboard.press("f")
    page.locator(".tv-wide").wait_for(state="detached")


def test_code_and_terms_lead_to_their_steps(player: Player, film: Film) -> None:
    player.press("Home")
    line = player.root.locator(".tv-line code").last
    width = line.evaluate("el => el.getBoundingClientRect().width")
    text = film.sources[0].lines[-1]
    at = (text.index("2 * x") + 0.5) * width / len(text)
    line.click(position={"x": at, "y": 8})
    assert player.root.locator("mark").all_inner_texts() == ["2 * x"]
    assert player.position[0] == 3
    player.press("End", "ArrowLeft")
    terms = player.root.locator(".tv-term")
    assert terms.all_inner_texts() == ["2", "6"]
    assert terms.last.get_attribute("aria-current") == "step"
    terms.first.click()
    assert player.position[0] == 16


def test_a_link_opens_the_film_where_it_points(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    path = tmp_path / "film.html"
    path.write_text(html.page(film), encoding="utf-8")
    page = open_page(f"{path.as_uri()}#step=6&predict")
    player = Player(page.locator(".tapeviz-film"))
    assert player.position == (6, 20)
    assert said(player, "question") == film.questions[4].question
    player.press("ArrowLeft")
    page.wait_for_url("**#step=5&predict")
    page.goto(f"{path.as_uri()}#step=99&speed=junk")
    page.reload()
    assert player.position == (20, 20)


def test_a_mouse_over_the_picture_pauses_the_film(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    page = open_page.content(html.page(film), tmp_path)
    player = Player(page.locator(".tapeviz-film"))
    page.mouse.move(5, 5)
    player.press("5", "Space")
    player.root.locator(".tv-count", has_text=re.compile("Step [1-9]")).wait_for()
    player.root.locator(".tv-screen").hover()
    before = player.position
    page.wait_for_timeout(900)
    assert player.position == before
    page.mouse.move(5, 5)
    player.wait_past(before[0])


def test_typing_an_answer_moves_nothing(player: Player) -> None:
    player.press("p", "End")
    box = player.root.get_by_role("textbox")
    box.press_sequentially("3 p1t")
    assert box.input_value() == "3 p1t"
    assert player.position == (6, 20)
    box.press("ArrowLeft")
    assert player.position == (6, 20)
    box.fill("")
    box.press("ArrowLeft")
    assert player.position == (5, 20)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_predicting_fits_a_narrow_page(
    open_page: Opener, tmp_path: Path, film: Film, theme: Theme
) -> None:
    page = open_page.content(
        html.page(film, step=17, predict=True),
        tmp_path, reduced_motion=True, width=400, theme=theme,
    )  # fmt: skip
    page.get_by_role("button", name="Hint").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    small = page.evaluate("""() => [...document.querySelectorAll(
      '.tapeviz-film button:not(.tv-term, .tv-scroll *), .tapeviz-film select')].filter(
      el => el.getClientRects().length && el.getBoundingClientRect().height < 36)
      .length""")
    assert small == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_mend_while_predicting(
    open_page: Opener, tmp_path: Path, film: Film, theme: Theme
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_page.content(
        html.page(film, step=17, predict=True),
        tmp_path,
        reduced_motion=True,
        theme=theme,
    )
    player = Player(page.locator(".tapeviz-film"))
    answer(player, "6")
    player.root.get_by_role("button", name="Hint").click()
    player.press("?", "t", "c")
    for step in range(2):
        found = axe.Axe().run(page)
        assert found.response["violations"] == [], found.generate_report()
        if not step:
            answer(player, "8")
            player.press("End", "ArrowLeft")


def test_a_verdict_goes_with_its_step(player: Player) -> None:
    """No "Right" of an earlier question stands beside a later one, or on its way."""
    player.press("p", "End")
    assert answer(player, "7") == "Not that. Try again, or take a hint."
    assert answer(player, "1") == "Right. It is 1."
    assert player.position == (7, 20)
    player.press("ArrowRight")
    assert said(player, "said") == ""
    player.press("ArrowLeft")
    assert said(player, "said") == ""
    player.press("End")
    assert said(player, "said") == ""
    assert answer(player, "7") == "Not that. Try again, or take a hint."
    player.root.focus()
    player.press("ArrowLeft", "ArrowRight")
    assert said(player, "said") == ""


def test_a_question_mark_stands_where_the_number_will(player: Player) -> None:
    marks = player.root.locator(".tv-screen .tv-ask")

    def lit() -> bool:
        """Whether the mark can be seen."""
        marks.evaluate("el => Promise.all(el.getAnimations().map((a) => a.finished))")
        return bool(marks.evaluate("el => getComputedStyle(el).opacity !== '0'"))

    def off(id: str) -> float:
        """How far the mark is from the middle of an element, in pixels."""
        there = player.root.locator(f"#{id}").bounding_box()
        mark = marks.bounding_box()
        assert there is not None
        assert mark is not None
        x = there["x"] + there["width"] / 2 - mark["x"] - mark["width"] / 2
        y = there["y"] + there["height"] / 2 - mark["y"] - mark["height"] / 2
        return max(abs(x), abs(y))

    assert not lit()
    player.press("p", "End")
    assert lit()
    assert off("e4_0-c") < 12
    answer(player, "1")
    assert not lit()
    player.root.get_by_label("forward values too").check()
    assert off("n1-value") < 12
    player.root.get_by_role("button", name="Reveal all").click()
    assert not lit()
