"""The picture in the page, with a real mouse and real keys, without a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tapeviz as tf
from tapeviz import draw
from tapeviz.render.svg import theme as themes
from tests.browser.conftest import Lab, Opener, write_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CELL = """import tapeviz as tf
x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x**2 + 2 * x + 1
grad = tape.gradient(y, x)
tf.draw(tape)
"""


def output() -> str:
    """Listing 10.2 as a notebook shows it."""
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1
    tape.gradient(y, x)
    return draw(tape)._repr_mimebundle_()["text/html"]


def shown(open_page: Opener, tmp_path: Path, *, times: int = 1, **options: int) -> Page:
    """A page with the output, and so much below it that it can be scrolled."""
    body = output() * times + '<div style="height:2000px"></div>'
    html = f'<!doctype html><meta charset="utf-8"><body>{body}'
    return open_page.content(html, tmp_path, **options)


def box(page: Page, formula: str) -> Locator:
    """The box of an op by its formula, or of a leaf by its name."""
    exact = page.locator(".tapeviz-picture .tv-node").filter(
        has=page.get_by_text(formula, exact=True)
    )
    return exact.first


def lit(page: Page) -> list[str]:
    """The code that is lit."""
    return page.locator(".tapeviz-picture mark").all_inner_texts()


def test_a_mouse_lights_a_box_its_kin_and_its_code(
    open_page: Opener, tmp_path: Path
) -> None:
    page = shown(open_page, tmp_path)
    box(page, "2 * x").hover()
    assert lit(page) == ["2 * x"]
    near = page.locator(".tv-node.tv-near").all_inner_texts()
    assert len(near) == 3
    assert page.locator(".tv-edge.tv-near").count() == 3
    said = page.locator(".tv-say").inner_text()
    assert said.startswith("2 * x · 6.0 float32")
    assert "from" in said
    assert "to x**2 + 2 * x" in said
    page.mouse.move(2, 700)
    assert lit(page) == []


def test_a_click_pins_and_escape_lets_go(open_page: Opener, tmp_path: Path) -> None:
    page = shown(open_page, tmp_path)
    box(page, "x**2").click()
    box(page, "2 * x").hover()
    assert lit(page) == ["x**2"]
    assert box(page, "x**2").get_attribute("aria-pressed") == "true"
    assert "held fast" in page.locator(".tv-say").inner_text()
    page.mouse.move(2, 700)
    page.keyboard.press("Escape")
    assert page.locator(".tv-fast").count() == 0
    assert lit(page) == []


def test_keys_walk_along_the_arrows(open_page: Opener, tmp_path: Path) -> None:
    page = shown(open_page, tmp_path)
    page.locator(".tapeviz-picture button").last.focus()
    while page.evaluate("!document.activeElement.matches('.tv-node')"):
        page.keyboard.press("Tab")
    assert page.locator(".tv-say").inner_text().startswith("x ·"), "the first box too"
    name = "document.activeElement.querySelector('.tv-name,.tv-formula')?.textContent"
    assert page.locator(".tv-node[tabindex='0']").count() == 1
    walked = []
    for key in ("Home", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowLeft", "End"):
        page.keyboard.press(key)
        walked.append(page.evaluate(name))
    assert walked[:5] == ["x", "x**2", "2 * x", "x**2 + 2 * x", "2 * x"]
    assert walked[5] == "x**2 + 2 * x + 1"
    assert page.locator(".tv-node[tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.ariaPressed") == "true"
    frame = "getComputedStyle(document.activeElement.querySelector('.tv-frame'))"
    assert float(page.evaluate(f"parseFloat({frame}.strokeWidth)")) >= 3
    assert page.locator(".tv-say").get_attribute("aria-live") == "polite"


def test_search_finds_by_name_and_by_op(open_page: Opener, tmp_path: Path) -> None:
    page = shown(open_page, tmp_path)
    page.locator(".tv-node[tabindex='0']").focus()
    page.keyboard.press("/")
    page.keyboard.type("add")
    assert page.locator(".tv-found").inner_text() == "2 found"
    assert page.locator(".tv-hit").count() == 2
    page.keyboard.press("Enter")
    assert page.locator(".tv-found").inner_text() == "1 of 2"
    assert lit(page) == ["x**2 + 2 * x"]
    page.keyboard.press("Enter")
    assert lit(page) == ["x**2 + 2 * x + 1"]
    page.keyboard.press("Escape")
    assert page.locator(".tv-seeking").count() == 0
    page.keyboard.press("/")
    page.keyboard.type("nothing")
    assert page.locator(".tv-found").inner_text() == "none found"


def test_it_grows_moves_and_never_holds_the_page(
    open_page: Opener, tmp_path: Path
) -> None:
    page = shown(open_page, tmp_path, width=900, height=700)
    width = "document.querySelector('svg.tapeviz').getBoundingClientRect().width"
    before = page.evaluate(width)
    page.get_by_label("Keys and tools").click()
    for _ in range(4):
        page.get_by_label("Larger").click()
    assert page.evaluate(width) == pytest.approx(before * 1.25**4, rel=0.02)
    assert page.locator(".tv-more-right").count() == 1
    screen = page.locator(".tv-screen")
    bounds = screen.bounding_box()
    assert bounds is not None
    at = bounds["x"] + 300, bounds["y"] + 60
    left = screen.evaluate("el => el.scrollLeft")
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0] - 100, at[1], steps=4)
    page.mouse.up()
    assert screen.evaluate("el => el.scrollLeft") == pytest.approx(left + 100, abs=2)
    assert page.locator(".tv-fast").count() == 0
    page.get_by_label("Whole picture").click()
    assert page.locator(".tv-more-right").count() == 0
    page.mouse.move(*at)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    page.wait_for_function(f"{width} > {before}")
    page.get_by_label("Whole picture").click()
    page.mouse.move(*at)
    page.mouse.wheel(0, 300)
    page.wait_for_function("scrollY >= 200")


def test_a_narrow_page_says_that_the_picture_goes_on(
    open_page: Opener, tmp_path: Path
) -> None:
    page = shown(open_page, tmp_path, width=400)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.wait_for_selector(".tv-more-left")
    screen = page.locator(".tv-screen")
    assert screen.get_attribute("tabindex") == "0"
    screen.evaluate("el => { el.scrollLeft = 0 }")
    page.wait_for_selector(".tv-more-right:not(.tv-more-left)")
    screen.evaluate("el => { el.scrollLeft = 9999 }")
    page.wait_for_selector(".tv-more-left:not(.tv-more-right)")


def test_no_tool_is_cut_off_on_a_telephone(open_page: Opener, tmp_path: Path) -> None:
    page = shown(open_page, tmp_path, width=360)
    edge = "el => el.getBoundingClientRect().right"
    end = page.locator(".tv-bar").first.evaluate(edge)
    tools = page.locator(".tv-tools").first.locator("> *").all()
    assert len(tools) > 4
    assert [tool for tool in tools if tool.evaluate(edge) > end] == []


def test_a_small_picture_shows_few_tools_until_more_are_asked_for(
    open_page: Opener, tmp_path: Path
) -> None:
    page = shown(open_page, tmp_path, width=1280)
    tools = page.locator(".tv-bar :is(button, select, input):visible")
    assert tools.count() == 2, "full screen, and the keys"
    page.get_by_label("Keys and tools").click()
    assert tools.count() == 7
    page.get_by_label("Keys and tools").click()
    assert tools.count() == 2
    page.locator(".tv-node").first.focus()
    page.keyboard.press("/")
    page.keyboard.type("x**2")
    assert page.locator(".tv-found").inner_text() == "3 found"


def test_tools_that_are_needed_are_there(open_page: Opener, tmp_path: Path) -> None:
    """On a narrow page the small picture is cut: it can be made smaller."""
    page = shown(open_page, tmp_path, width=400)
    assert page.get_by_label("Smaller").is_visible()
    assert not page.get_by_label("Search the picture").is_visible()


PAPER = "svg => getComputedStyle(svg.querySelector('.tv-paper')).fill"


@pytest.mark.parametrize("name", themes.THEMES)
def test_colours_change_in_the_page(
    open_page: Opener, tmp_path: Path, name: str
) -> None:
    page = shown(open_page, tmp_path, times=2)
    page.get_by_label("Keys and tools").first.click()
    page.get_by_label("Colours").first.select_option(name)
    ink = "svg => getComputedStyle(svg.querySelector('.tv-val')).fill"
    svg = page.locator("svg.tapeviz").first
    for role, found in (("paper", svg.evaluate(PAPER)), ("ink", svg.evaluate(ink))):
        red, green, blue = (
            int(themes.colours(name)[role][i : i + 2], 16) for i in (1, 3, 5)
        )
        assert found == f"rgb({red}, {green}, {blue})"
    other = page.locator("svg.tapeviz").nth(1)
    assert other.evaluate(PAPER) == "rgb(255, 255, 255)"


def test_full_screen_fills_it_and_escape_ends_it(
    open_page: Opener, tmp_path: Path
) -> None:
    page = shown(open_page, tmp_path, width=1920, height=1080)
    page.locator(".tv-node[tabindex='0']").focus()
    page.keyboard.press("f")
    page.wait_for_selector(".tapeviz-picture.tv-wide")
    bounds = page.locator(".tapeviz-picture").bounding_box()
    assert bounds == {"x": 0, "y": 0, "width": 1920, "height": 1080}
    size = page.locator(".tv-node .tv-name").first.bounding_box()
    assert size is not None
    assert size["height"] > 25
    page.keyboard.press("f")
    page.wait_for_selector(".tapeviz-picture:not(.tv-wide)")


def test_two_outputs_share_no_id_and_no_state(
    open_page: Opener, tmp_path: Path
) -> None:
    page = shown(open_page, tmp_path, times=2)
    ids = page.eval_on_selector_all(
        ".tapeviz-picture [id]", "all => all.map(el => el.id)"
    )
    assert len(ids) == len(set(ids))
    assert page.locator(".tapeviz-picture").count() == 2
    box(page, "2 * x").hover()
    counts = [
        page.locator(".tapeviz-picture").nth(i).locator(".tv-here").count()
        for i in (0, 1)
    ]
    assert counts == [1, 0]


def test_without_scripts_the_still_picture_remains(
    open_page: Opener, tmp_path: Path
) -> None:
    page = open_page.content(output(), tmp_path, scripts=False)
    image = page.locator("img")
    assert image.count() == 1
    assert image.evaluate("el => el.complete && el.naturalWidth > 500")
    assert "2 * x" in (image.get_attribute("alt") or "")


def test_a_saved_page_is_walked_through_too(open_page: Opener, tmp_path: Path) -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        x * x
    page = open_page(draw(tape).save(tmp_path / "picture.html"))
    box(page, "x * x").hover()
    assert lit(page) == ["x * x"]


def test_in_jupyterlab_keys_stay_in_the_picture(lab: Lab) -> None:
    write_notebook(lab.root / "picture.ipynb", CELL, "2 + 2")
    notebook = lab.open("picture.ipynb")
    notebook.run_all()
    cell = notebook.cell(0)
    cell.locator(".tapeviz-picture").wait_for()
    before = notebook.count()
    box(notebook.page, "2 * x").click()
    assert lit(notebook.page) == ["2 * x"]
    for key in ("b", "a", "j", "k", "x", "ArrowRight", "d", "d", "/", "y", "Escape"):
        notebook.page.keyboard.press(key)
    assert notebook.count() == before
    assert cell.locator(".tv-node:focus").count() == 1
