"""Drills and ordering tasks in a real browser: judged in the page, without Python."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tapeviz as tf
from tapeviz.lessons import Drill, Ordering, drill, ordering
from tests.browser.conftest import Opener

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Shown = Callable[..., "Page"]


@pytest.fixture
def shown(open_page: Opener, tmp_path: Path) -> Shown:
    """``shown(view)`` is a page that was saved and holds a view."""

    def show(view: Any, **options: Any) -> Page:
        return open_page(view.save(tmp_path / "task.html"), **options)

    return show


@pytest.fixture(scope="module")
def sheet() -> Drill:
    """Ten questions, among them such as are typed and such as are chosen."""
    found = drill("10.7", seed=2, count=10)
    assert {bool(item.choices) for item in found.items} == {True, False}
    return found


@pytest.fixture(scope="module")
def task() -> Ordering:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        u = 2 * x
        y = u * u
    return ordering(tape, y, x)


def said(where: Locator) -> str:
    return where.locator(".tv-said").inner_text()


ANSWERS = """answers => [...document.forms].flatMap((form, n) =>
  answers[n].map((answer) => {
  const [field] = [form.elements.answer].flat();
  if (form.elements.answer.length) form.elements.answer[answer].checked = true;
  else field.value = answer;
  form.requestSubmit();
  return form.querySelector(".tv-said").textContent;
}))"""


def test_the_page_judges_as_python_does(shown: Shown, sheet: Drill) -> None:
    """Every choice, and for a number each mistake, what is close and what is not."""
    given, wanted = [], []
    for n, item in enumerate(sheet.items, 1):
        right = item.answer[0] or 0.0
        numbers = [*(v[0] for v, _ in item.mistakes), right * 1.01, 12345, right]
        given.append([*range(4)] if item.choices else numbers)
        for answer in "abcd" if item.choices else numbers:
            verdict = sheet.judge(n, answer)
            wanted.append(f"right. {item.because}" if verdict else verdict.words)
    words = shown(sheet).evaluate(ANSWERS, given)
    assert [text[2].lower() + text[3:] for text in words] == wanted
    assert any("close" in text for text in wanted)


def test_keys_hints_and_the_result(shown: Shown, sheet: Drill) -> None:
    page = shown(sheet)
    choosing = next(n for n, item in enumerate(sheet.items) if item.choices)
    item, form = sheet.items[choosing], page.locator("form").nth(choosing)
    form.get_by_role("button", name="Check").click()
    assert said(form) == "○ Choose an answer first."
    form.get_by_role("radio").first.focus()
    for _ in range(item.choices.index(item.answer) + 4):  # once around, and on
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert said(form).startswith("✓ Right.")
    typing = next(n for n, item in enumerate(sheet.items) if not item.choices)
    item, form = sheet.items[typing], page.locator("form").nth(typing)
    form.get_by_role("textbox").press("Enter")
    assert said(form) == "○ Type a number, such as 6, 0.5 or -1/3."
    form.get_by_role("button", name="Hint").click()
    assert said(form) == f"? {item.hint}"
    form.get_by_role("textbox").fill(f"{item.answer[0]}")
    page.keyboard.press("Enter")
    last = page.locator("form").nth(9)
    for button in ("Hint", "Show answer"):
        last.get_by_role("button", name=button).click()
    assert said(last) == f"? {sheet.items[9].because}"
    score = page.locator(".tv-score")
    assert score.inner_text() == (
        "3 of 10 answered: 1 right at once, 1 with a hint"
        if 9 not in {choosing, typing}
        else ""
    )
    page.get_by_role("button", name="Copy result").click()
    assert score.inner_text() == (
        "Drill 10.7, seed 2: 1 right at once, 1 with a hint, 8 missed"
    )
    page.get_by_role("button", name="Start again").click()
    assert score.inner_text().startswith("0 of 10 answered")
    assert said(form) == ""


def texts(page: Page) -> list[str]:
    return page.locator("li .tv-words>span").all_inner_texts()


ORDERS = """orders => orders.map((order) => {
  const list = document.querySelector("ol");
  list.append(...order.map((n) => list.querySelector(`[data-step="${n}"]`)));
  document.querySelector(".tv-check").click();
  return document.querySelector(".tv-said").textContent;
})"""


def test_every_order_is_judged_as_python_judges_it(
    shown: Shown, task: Ordering
) -> None:
    page = shown(task)
    orders = [*itertools.permutations(range(4))]
    words = page.evaluate(ORDERS, [*map(list, orders)])
    for order, text in zip(orders, words, strict=True):
        verdict = task.judge([n + 1 for n in order])
        wanted = RIGHT if verdict else verdict.words
        assert text[2].lower() + text[3:] == wanted
    assert sum("✓" in text for text in words) == 1
    page.get_by_role("button", name="Start again").click()
    page.evaluate(ORDERS, [[*map(task.task.steps.index, RIGHT_ORDER)]])
    numbers = page.locator("small").all_inner_texts()
    assert numbers == ["", "gradient of y: 1", "gradient of u: 12", "24"]
    assert page.locator(".tv-score").inner_text().endswith(": right at once")


RIGHT = "right. Each step has all it needs from those before it."
RIGHT_ORDER = (
    "Begin with 1 at y",
    "y = u * u: the gradient of y goes to u twice",
    "u = 2 * x: the gradient of u goes to x",
    "The gradient of x is complete",
)


def test_steps_move_by_keys_buttons_and_the_handle(
    shown: Shown, task: Ordering
) -> None:
    page = shown(task)
    root = page.locator(".tapeviz-practice")
    one, two, three, four = texts(page)
    page.locator("li").nth(2).get_by_role("button").first.focus()
    page.keyboard.press("Alt+ArrowUp")
    assert texts(page) == [one, three, two, four]
    assert said(root) == f"○ Step 2 of 4: {three}"
    assert page.evaluate("document.activeElement.ariaLabel") == f"Move up: {three}"
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.ariaLabel") == f"Move up: {four}"
    page.keyboard.press("Enter")
    assert texts(page) == [one, two, four, three]
    assert page.evaluate("document.activeElement.ariaLabel") == f"Move up: {four}"
    handle = page.locator(".tv-handle").nth(0).bounding_box()
    end = page.locator("li").nth(3).bounding_box()
    assert handle
    assert end
    page.mouse.move(handle["x"] + 9, handle["y"] + 20)
    page.mouse.down()
    for y in range(int(handle["y"]), int(end["y"] + end["height"]), 10):
        page.mouse.move(handle["x"] + 9, y)
    page.mouse.up()
    assert texts(page) == [two, four, three, one]
    page.get_by_role("button", name="Start again").click()
    assert texts(page) == [one, two, three, four]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_anybody_can_use_them(
    open_page: Opener, tmp_path: Path, sheet: Drill, task: Ordering, theme: Any
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    outputs = f"<main><h1>Tasks</h1>{task.html}{sheet.html}</main>"
    around = "<!doctype html><html lang=en><title>Tasks</title>"
    dark = "body{background:#111;color:#eee}"
    look = f"<style>@media (prefers-color-scheme:dark){{{dark}}}</style>"
    html = f"{around}{look}{outputs}"
    page = open_page.content(html, tmp_path, theme=theme, width=400)
    for n in range(4):
        page.get_by_role("button", name="Check").nth(n).click()
    page.get_by_role("button", name="Hint").last.click()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    small = page.evaluate(
        "[...document.querySelectorAll('button,input[type=text],label')]"
        ".filter((el) => el.getBoundingClientRect().height < 44).length"
    )
    assert small == 0


def test_without_scripts_the_questions_stand_there(shown: Shown, sheet: Drill) -> None:
    page = shown(sheet, scripts=False)
    assert page.locator("fieldset").count() == 10
    assert page.get_by_text("Answers are judged where scripts run.").is_visible()


def test_one_output_twice_in_a_notebook_is_two_tasks(
    open_page: Opener, tmp_path: Path, sheet: Drill
) -> None:
    page = open_page.content(f"<!doctype html>{sheet.html}{sheet.html}", tmp_path)
    assert page.get_by_role("button", name="Copy result").count() == 2
    one, two = (page.locator("form").nth(n) for n in (0, 10))
    for form in (one, two):
        form.get_by_role("button", name="Hint").click()
        assert said(form) == f"? {sheet.items[0].hint}"


HOST = """<!doctype html><title>Host</title><style>
.jp-ThemedContainer .jp-RenderedHTMLCommon pre {
  border: 0; margin: 0; padding: 0; background-color: rgb(255, 255, 255); }
</style>
<div class="jp-ThemedContainer"><div class="jp-RenderedHTMLCommon">%s</div></div>"""
"""What JupyterLab 4 says of code in an output (its theme's rule for ``pre``)."""


def test_in_jupyterlab_the_code_of_a_question_has_its_ground(
    open_page: Opener, tmp_path: Path, sheet: Drill
) -> None:
    page = open_page.content(HOST % sheet._repr_html_(), tmp_path)
    seen = "e => (s => [s.backgroundColor, s.paddingLeft])(getComputedStyle(e))"
    looks = page.locator("pre").evaluate_all(f"all => all.map({seen})")
    assert looks
    assert {padding for _, padding in looks} == {"14px"}
    assert "rgb(255, 255, 255)" not in {colour for colour, _ in looks}
