"""The studio's panel without Jupyter: a page that has its script and its state."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tapeviz as tf
from tapeviz import explore
from tests.browser.conftest import Opener

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PAGE = """<!doctype html><title>Panel</title><body data-theme="%s"><div></div>
<script type="module">%s
const acts = {}, sent = [];
const model = {
  get: (name) => state[name],
  set(name, value) {
    state[name] = value;
    sent.push(name);
    acts[`change:${name}`]?.();
  },
  save_changes() {},
  on: (name, act) => (acts[name] = ((old) => () => (old?.(), act()))(acts[name])),
  off: (name) => delete acts[name],
};
Object.assign(window, { state, model, sent, acts });
const host = document.querySelector("div").attachShadow({ mode: "open" });
const el = host.appendChild(document.createElement("div"));
host.appendChild(document.createElement("style")).textContent = state._css;
window.close_panel = panel.render({ model, el });
</script>"""
"""A host that keeps its widgets in a shadow, as marimo does."""


def shown(open_page: Opener, folder: Path, panel: Any, page: str = "light") -> Page:
    """The panel in a page of its own: its script and its state, and nothing else."""
    state = panel.get_state()
    names = [*(n for n in panel.trait_names(sync=True) if n[0] != "_"), "_css"]
    data = json.dumps({n: state[n] for n in names if n != "layout"}, allow_nan=False)
    script = state["_esm"].replace("export default", "const panel =")
    data = data.replace("<", "\\u003c")
    return open_page.content(PAGE % (page, f"{script}\nconst state = {data};"), folder)


def studio(page: Page) -> Locator:
    return page.locator(".tapeviz-board")


def test_the_panel_needs_its_script_and_its_state_alone(
    open_page: Opener, tmp_path: Path
) -> None:
    panel = explore("ravine", optimizer="momentum", compare=["Adam"])
    page = shown(open_page, tmp_path, panel)
    chart = studio(page)
    assert chart.get_by_label("loss", exact=True).input_value() == "ravine"
    assert chart.get_by_label("Adam", exact=True).is_checked()
    chart.get_by_role("spinbutton", name="start y").fill("2.5")
    chart.get_by_role("spinbutton", name="start y").press("Enter")
    chart.get_by_label("Adam", exact=True).uncheck()
    chart.get_by_role("slider", name="steps", exact=True).press("ArrowRight")
    chart.get_by_role("slider", name="momentum").press("Home")
    assert page.evaluate("sent") == ["start", "compare", "steps", "parameters"]
    state = page.evaluate("state")
    assert state["start"] == [-4, 2.5]
    assert (state["compare"], state["steps"]) == ([], 41)
    assert state["parameters"] == {"momentum": 0}
    chart.get_by_role("button", name="Play the race").click()
    chart.locator(".tv-b-step", has_text="step").wait_for()
    page.evaluate("close_panel()")
    assert page.evaluate("Object.keys(acts)") == []


@pytest.mark.parametrize(("page", "paper"), [("light", 255), ("dark", 21)])
def test_inside_a_shadow_the_panel_is_as_dark_as_the_page(
    open_page: Opener, tmp_path: Path, page: str, paper: int
) -> None:
    chart = studio(shown(open_page, tmp_path, explore("parabola"), page))
    colour = chart.evaluate("el => getComputedStyle(el).backgroundColor")
    assert colour.startswith(f"rgb({paper},")


def test_a_loss_that_fails_from_the_start_leaves_controls_and_a_sentence(
    open_page: Opener, tmp_path: Path
) -> None:
    panel = explore(lambda: tf.constant(3.0), tf.Variable(2.0), start=float("nan"))
    chart = studio(shown(open_page, tmp_path, panel))
    chart.get_by_role("status").get_by_text("the start is not a finite").wait_for()
    assert chart.get_by_role("spinbutton", name="start").input_value() == ""
    assert not chart.locator(".tv-b-pair").is_visible()
    assert chart.get_by_role("button").count() == 0


def test_marimo_runs_it(open_page: Opener, tmp_path: Path) -> None:
    pytest.importorskip("marimo", reason="marimo is not installed")
    path = tmp_path / "panel.py"
    path.write_text(
        "import marimo\napp = marimo.App()\n\n@app.cell\ndef _():\n"
        "    import tapeviz as tf\n    x = tf.Variable(2.0)\n"
        "    panel = tf.explore(lambda: (x - 5)**2, x)\n    panel\n    return\n"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "marimo", "run", str(path), "--headless"]
    command += ["--no-token", "--host", "127.0.0.1", "--port", port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        next(line for line in process.stdout if "URL" in line)
        try:
            page = open_page(f"http://127.0.0.1:{port}", strict=False)
            chart = studio(page)
            chart.get_by_text("Converging.").wait_for()
            rate = chart.get_by_role("spinbutton", name="type the rate")
            rate.fill("1.1")
            rate.press("Enter")
            chart.get_by_text("Diverging.").wait_for()
            page.close()
        finally:
            process.terminate()
    open_page.foreign.clear()
