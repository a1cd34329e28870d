"""The groups of a long computation open in a real browser, down to one product."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tapeviz as tf
from tapeviz import draw, play
from tapeviz.trace.value import format_number
from tests.browser.conftest import Opener
from tests.data import scalar_gpt

if TYPE_CHECKING:
    from playwright.sync_api import Page

NOW = ".tapeviz-fold .tv-level:not([hidden])"
PATH = ("one_token 1", "attention", "linear 1", "w['wk']", "result", "a * b")


@pytest.fixture(scope="module")
def trained() -> tuple[Any, Any]:
    w = scalar_gpt.weights()
    with tf.lines_of(scalar_gpt.Value):
        return w, scalar_gpt.document_loss(w, "a")


def notebook(html: str) -> str:
    head = '<!doctype html><html lang="en"><title>x</title><meta charset="utf-8">'
    return f"{head}<main><h1>x</h1>{html}</main>"


def open_group(page: Page, title: str) -> None:
    page.locator(f"{NOW} [data-fold]", has_text=title).first.dispatch_event("click")


def rest(page: Page) -> Any:
    return pytest.importorskip("axe_playwright_python.sync_playwright").Axe().run(page)


def test_from_one_token_to_one_product(
    open_page: Opener, tmp_path: Path, trained: Any
) -> None:
    w, loss = trained
    picture: Any = draw(loss)
    assert len(w) == 9
    graph = picture.grouping.graph
    page = open_page.content(notebook(picture.html), tmp_path)
    assert page.locator(f"{NOW} .tv-node.tv-group").count() >= 3
    for title in PATH:
        open_group(page, title)
        inside = page.eval_on_selector_all(f"{NOW} svg.tapeviz .tv-node", OVERLAPS)
        assert inside == [], title
    assert page.inner_text(".tv-crumbs").split("\n")[0] == "whole tape"
    op = int((page.get_attribute(f"{NOW} .tv-node.tv-op", "data-id") or "")[1:])
    a, b = (graph.value[j] for j in graph.operands(op))
    given = graph.contributions[graph.first[op]]
    said = page.inner_text(f"{NOW} .tv-told")
    assert f"a * b = {format_number(a * b)}" in said
    assert f"gets g * b = {signed(graph.gradient[op])} × {signed(b)} = " in said
    notes = page.locator(f"{NOW} .tv-edge .tv-note").all_text_contents()
    assert notes[0] == format_number(given)
    assert re.match(r"a \(w\['wk'\]\[\d+\]\[\d+\]\)", said.partition("arrives: ")[2])
    assert rest(page).violations_count == 0, rest(page).generate_report()


def signed(v: float) -> str:
    return f"({format_number(v)})" if v < 0 else format_number(v)


OVERLAPS = """
  (nodes) => {
    const frame = (el) => el.querySelector(".tv-frame:not(.tv-pile)").getBBox();
    const boxes = nodes.map(frame);
    const meets = (p, q) => p.x < q.x + q.width && q.x < p.x + p.width
      && p.y < q.y + q.height && q.y < p.y + p.height;
    const out = ({ x, width }, box) => x < box.x || x + width > box.x + box.width + 1;
    const cut = nodes.flatMap((el, k) => [...el.querySelectorAll("text")]
      .filter((text) => out(text.getBBox(), boxes[k])).map((text) => text.textContent));
    const met = boxes.filter((p, i) => boxes.slice(i + 1).some((q) => meets(p, q)));
    return [...cut, ...met];
  }
"""


def test_a_group_of_a_film_opens_below_it_and_steps_back(
    open_page: Opener, tmp_path: Path, trained: Any
) -> None:
    w, loss = trained
    film: Any = play(loss, [*w.values()])
    page = open_page.content(
        notebook(film.html), tmp_path, theme="dark", width=400, height=800
    )
    page.locator(".tapeviz-film .tv-group", has_text="one_token 2").dispatch_event(
        "click"
    )
    assert page.inner_text(".tv-crumbs span").startswith("one_token 2")
    open_group(page, "rmsnorm 2")
    open_group(page, "return [xi * scale")
    count = page.locator(f"{NOW} .tv-op").count()
    assert page.locator(f"{NOW} .tv-late").count() > 0
    for step in range(1, count + 1):
        page.click(f"{NOW} button[title='Next step']")
        assert page.inner_text(f"{NOW} .tv-place") == f"{step} / {count}"
        assert page.locator(f"{NOW} .tv-node.tv-hot").count() == 1
    assert page.locator(f"{NOW} .tv-late").count() == 0
    one = page.evaluate(STEPS, f"{NOW} .tv-steps input")
    assert one < 160, "milliseconds for one step; a machine at rest needs less than 2"
    shown = page.evaluate("document.documentElement.scrollWidth")
    assert shown <= 400
    assert rest(page).violations_count == 0, rest(page).generate_report()


STEPS = """
  (where) => {
    const slider = document.querySelector(where);
    const times = [];
    for (let k = 0; k <= +slider.max; k++) {
      slider.value = k;
      const start = performance.now();
      slider.dispatchEvent(new Event("input"));
      document.body.offsetHeight;
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[times.length >> 1];
  }
"""


def test_what_arrives_in_the_page_is_what_was_sent(
    open_page: Opener, tmp_path: Path, trained: Any
) -> None:
    """Each level in the page has arrows for all operands, none twice."""
    from tapeviz.render.graph.folded import LAZY
    from tapeviz.render.graph.scalars import packed_scalars
    from tapeviz.render.html.assets import read_assets
    from tapeviz.render.html.page import in_script

    w, loss = trained
    grouping = draw(loss).grouping  # type: ignore[attr-defined]
    assert len(w) == 9
    assert grouping.graph.names[0].startswith("w[")
    graph = grouping.graph
    data = in_script(packed_scalars(grouping, "auto"))
    code = read_assets("html/elements.js", *LAZY)
    page = open_page.content(
        f"<body><script>{code}const groups=scalarGroups({data})</script>", tmp_path
    )
    for one in (
        grouping.whole,
        grouping.whole.parts[0],
        grouping.whole.parts[0].parts[3],
    ):
        level = page.evaluate("(id) => groups.level(id)", one.id)
        assert [i["id"] for i in level["inner"]] == [
            i.id for i in grouping.items_of(one)
        ]
        owner = {
            i: item.id
            for item in grouping.items_of(one)
            for i in range(item.start, item.stop)
        }
        expected = {
            k
            for i in range(one.start, one.stop)
            for k in range(graph.first[i], graph.first[i + 1])
            if owner.get(graph.parents[k]) != owner[i]
            and known(graph, graph.parents[k])
        }
        found = [k for arrow in level["arrows"] for k in arrow["operands"]]
        assert sorted(found) == sorted(expected)
        for arrow in level["arrows"]:
            for k in arrow["operands"]:
                tail = owner.get(graph.parents[k])
                assert tail is None or tail == arrow["tail"]
    assert not math.isnan(graph.gradient[graph.target])


def known(graph: Any, i: int) -> bool:
    """Plain numbers are no boxes beside groups."""
    return i >= graph.leaves or i in graph.names
