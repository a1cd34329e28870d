"""Groups of a folded picture open and close in a real browser, without a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tapeviz as tf
from tapeviz import draw
from tapeviz.analysis.folded_view import chosen
from tapeviz.render.graph.folded import Folded, folded
from tapeviz.trace.graph import Graph
from tapeviz.trace.markup import write
from tests.browser.conftest import Opener
from tests.browser.test_scene import COLLISIONS, OUTSIDE
from tests.render import programs_that_repeat as programs

if TYPE_CHECKING:
    from playwright.sync_api import Page

NOW = ".tv-level:not([hidden])"
FOCUS = "document.activeElement.dataset.fold ?? document.activeElement.textContent"


def picture(graph: Graph) -> Folded:
    fold = chosen(graph)
    assert fold is not None
    return folded(fold)


def notebook(graph: Graph) -> str:
    return f'<!doctype html><meta charset="utf-8"><body>{picture(graph).notebook()}'


@pytest.mark.parametrize("form", ["notebook", "page"])
def test_a_click_opens_and_a_crumb_closes(
    open_page: Opener, tmp_path: Path, form: str
) -> None:
    graph = programs.nested(30, 40)
    text = notebook(graph) if form == "notebook" else picture(graph).page()
    page = open_page.content(text, tmp_path)
    page.click("[data-fold] .tv-title:has-text('iteration 1')")
    assert page.inner_text(".tv-crumbs").split("\n") == [
        "whole tape",
        "iteration 1 of the loop at line 2",
    ]
    page.click(f"{NOW} [data-fold]")
    assert page.locator(f"{NOW} input").count() == 1
    assert "calls 3" in page.inner_text(".tv-crumbs span")
    page.click(".tv-crumbs button:first-child")
    assert page.locator(f"{NOW} [data-fold] .tv-title").count() == 4
    assert page.is_hidden(".tv-crumbs")


COLOURS = """
    (where) => [...document.querySelectorAll(`${where} svg .tv-node.tv-op .tv-frame`)]
      .map((el) => getComputedStyle(el)).map(({ fill, stroke }) => `${fill} ${stroke}`)
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_opened_group_is_coloured_as_any_picture(
    open_page: Opener, tmp_path: Path, theme: str
) -> None:
    """Beside a picture that is not folded, and between two of a fixed theme."""
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        _ = x * x

    def html(**options: Any) -> str:
        return str(draw(tape, **options)._repr_mimebundle_()["text/html"])

    fixed = html(theme="light" if theme == "dark" else "dark")
    folded = notebook(programs.nested(30, 40))
    body = f'{fixed}<div id="plain">{html()}</div>{folded}{fixed}'
    page = open_page.content(
        f'<!doctype html><meta charset="utf-8"><body>{body}', tmp_path, theme=theme
    )
    page.click("[data-fold] .tv-title:has-text('iteration 1')")
    page.click(f"{NOW} [data-fold]")
    inside = page.evaluate(COLOURS, f".tapeviz-fold {NOW}")
    assert inside
    assert set(inside) == set(page.evaluate(COLOURS, "#plain"))


def test_search_looks_into_closed_groups_and_enter_opens_them(
    open_page: Opener, tmp_path: Path
) -> None:
    page = open_page.content(notebook(programs.nested(30, 40)), tmp_path)
    page.locator(f"{NOW} .tv-node[tabindex='0']").focus()
    page.keyboard.press("/")
    page.keyboard.type("calls 3")
    field, found = page.get_by_label("Search the picture"), page.locator(".tv-found")
    assert found.inner_text() == "4 found, 4 in groups: press Enter"
    page.keyboard.press("Enter")
    assert page.locator(".tv-crumbs > *").count() == 2
    assert found.inner_text() == "1 found"
    assert page.locator(f"{NOW} .tv-hit .tv-title").text_content() == "calls 3–39"
    assert field.evaluate("el => document.activeElement === el")
    page.keyboard.type("zz")
    assert found.inner_text() == "none found"


def walk(page: Page) -> str:
    """Press an arrow key until a group is reached; its name."""
    page.locator(f"{NOW} .tv-node[tabindex='0']").focus()
    for _ in range(9):
        if found := page.evaluate("document.activeElement.dataset.fold"):
            return str(found)
        page.keyboard.press("ArrowRight")
    pytest.fail("the arrow keys reach no group")


def test_the_keyboard_opens_walks_back_and_keeps_its_place(
    open_page: Opener, tmp_path: Path
) -> None:
    page = open_page.content(notebook(programs.nested(30, 40)), tmp_path)
    outer = walk(page)
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUS).startswith("iteration ")
    inner = walk(page)
    page.keyboard.press(" ")
    assert page.evaluate(FOCUS).startswith("calls 3")
    page.keyboard.press("Escape")
    assert page.evaluate(FOCUS) == inner
    page.keyboard.press("Escape")
    assert page.evaluate(FOCUS) == outer
    page.keyboard.press("Escape")
    assert page.is_hidden(".tv-crumbs")


def test_the_slider_writes_the_numbers_of_a_round(
    open_page: Opener, tmp_path: Path
) -> None:
    page = open_page.content(notebook(programs.loop(40)), tmp_path)
    page.click("[data-fold]")
    texts = f"{NOW} .tv-node.tv-op .tv-val"
    assert page.locator(texts).all_text_contents() == ["= 9", "= 10"]
    page.locator(f"{NOW} input").focus()
    page.keyboard.press("End")
    assert page.locator(texts).all_text_contents() == ["= 81", "= 82"]
    assert page.inner_text(f"{NOW} output") == "39"
    assert page.inner_text(f"{NOW} tr.tv-now td") == "39"
    page.click(f"{NOW} tbody tr")
    assert page.locator(texts).all_text_contents() == ["= 9", "= 10"]
    grads = page.locator(f"{NOW} .tv-node.tv-op .tv-grad").all_text_contents()
    assert grads == ["1.125", "1.25"]


def test_text_of_folded_pictures_stays_inside_and_apart(
    open_page: Opener, tmp_path: Path
) -> None:
    graphs = (programs.loop(999), programs.nested(30, 9), programs.layers(40))
    shown = "".join(picture(graph).markup().write() for graph in graphs)
    inner = "".join(
        write(one.html) for graph in graphs for one in picture(graph).insides[:4]
    )
    style = "<style>svg{max-width:none!important}</style>"
    html = f'<!doctype html><meta charset="utf-8">{style}{shown}'
    page = open_page.content(f'{html}<div class="tapeviz-fold">{inner}</div>', tmp_path)
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(COLLISIONS) == []


def test_without_scripts_the_picture_is_there(
    open_page: Opener, tmp_path: Path
) -> None:
    page = open_page.content(notebook(programs.loop(40)), tmp_path, scripts=False)
    assert page.locator("img").bounding_box()["width"] > 300  # type: ignore[index]


def test_two_folded_pictures_on_one_page_open_by_themselves(
    open_page: Opener, tmp_path: Path
) -> None:
    one, other = picture(programs.loop(40)), picture(programs.branched(90))
    page = open_page.content(f"{one.notebook()}{other.notebook()}", tmp_path)
    page.locator("[data-fold]").nth(1).click()
    assert page.locator(".tv-crumbs:visible").count() == 1
    assert "line 2" in page.inner_text(".tv-crumbs:visible")
