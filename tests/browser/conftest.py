"""A real browser, offline, and a real JupyterLab for it to open."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import nbformat
import pytest

from tapeviz.lessons import copies

if TYPE_CHECKING:
    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Locator,
        Page,
        Request,
    )

PROGRAMS = (
    "chromium-headless-shell",
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
)
"""The first takes a third of the time of a whole browser without a window."""

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
"""The last one leaves it no host but this machine."""

PATIENCE = 30_000
"""Milliseconds that a slow machine may take for anything in the browser."""

Theme = Literal["light", "dark"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test here that fails runs once more, and the summary names it as RERUN.

    Browsers, kernels and servers have a clock of their own.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))


def _missing(reason: str) -> None:
    """Skip, or fail where a browser is required (as the gate does)."""
    if os.environ.get("TAPEVIZ_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, for the whole run; tests skip where there is none."""
    named = os.environ.get("CHROMIUM", "")
    program = named or next(filter(None, map(shutil.which, PROGRAMS)), "")
    if not program:
        _missing("no Chromium on PATH, and CHROMIUM does not name one")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("the Python package playwright is not installed")
    manager = sync_playwright()
    try:
        playwright = manager.start()
    except Exception as error:  # noqa: BLE001 - its driver is a program of its own
        _missing(f"Playwright's driver does not start: {error} (is libatomic1 there?)")
    browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS])
    yield browser
    browser.close()
    playwright.stop()


@dataclass
class Opener:
    """Opens pages that see nothing but this machine, and remembers what they did.

    ``foreign`` lists the requests to other hosts: always a failure. ``errors`` lists
    script errors and console errors: a failure unless the page was opened with
    ``strict=False`` (JupyterLab logs some of its own) or the test cleared the list.
    """

    browser: Browser
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(  # noqa: PLR0913 - each is one way in which a reader's page differs
        self,
        target: str | Path,
        *,
        theme: Theme = "light",
        width: int = 1280,
        height: int = 900,
        scripts: bool = True,
        reduced_motion: bool = False,
        media: Literal["screen", "print"] = "screen",
        strict: bool = True,
    ) -> Page:
        """A page on a file or an address of this machine, loaded.

        ``reduced_motion`` asks for reduced motion, ``scripts=False`` turns scripts off.
        """
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce" if reduced_motion else "no-preference",
            java_script_enabled=scripts,
        )
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.on("request", self._requested)
        page = context.new_page()
        page.emulate_media(media=media)
        if strict:
            page.on("console", self._collect)
            page.on("pageerror", lambda error: self.errors.append(str(error)))
        url = target.resolve().as_uri() if isinstance(target, Path) else target
        page.goto(url)
        return page

    def content(self, html: str, folder: Path, **options: Any) -> Page:
        """A page that shows this HTML text, saved in the folder first."""
        path = folder / "page.html"
        path.write_text(html, encoding="utf-8")
        return self(path, **options)

    def close(self) -> None:
        """Close its pages; an AssertionError if one did what no page may."""
        for context in self.contexts:
            context.close()
        assert self.foreign == [], "the page asked other hosts"
        assert self.errors == [], "the page had script errors"

    def _requested(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in {"http", "https"} and url.hostname != "127.0.0.1":
            self.foreign.append(request.url)

    def _collect(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opener]:
    """``open_page(path_or_url, theme=, width=, ...)`` gives a loaded page.

    At the end the test fails if a page asked another host for anything, or if a
    script failed.
    """
    opener = Opener(browser)
    yield opener
    opener.close()


@dataclass(frozen=True)
class Player:
    """A film's player on a page: ``root`` is its outermost element."""

    root: Locator

    @property
    def position(self) -> tuple[int, int]:
        """The step shown and the last step, as the player itself says."""
        text = self.root.locator(".tv-count").inner_text()
        step, last = map(int, re.findall(r"\d+", text))
        return step, last

    @property
    def state(self) -> str:
        """All that a reader sees of a step: caption, formula, marks, lit code."""
        return str(self.root.evaluate(_STATE))

    def press(self, *keys: str) -> tuple[int, int]:
        """Press keys on the focused player; the step it is at then."""
        self.root.focus()
        for key in keys:
            self.root.page.keyboard.press(key)
        return self.position

    def wait_past(self, step: int) -> None:
        """Return when the player, playing, has come past this step."""
        deadline = time.monotonic() + PATIENCE / 1000
        while self.position[0] <= step:
            assert time.monotonic() < deadline, f"still at step {step}"
            self.root.page.wait_for_timeout(50)

    def ask_nothing(self) -> None:
        """Leave predict mode, in which a player stops at each question."""
        asks = self.root.get_by_role("button", name="Predict")
        if asks.count() and asks.get_attribute("aria-pressed") == "true":
            asks.click()

    def check(self) -> None:
        """Press every key a reader would, and see the step and the picture change."""
        self.ask_nothing()
        _, last = self.press("Home")
        first = self.state
        assert last > 0
        assert self.press("ArrowRight") == (1, last)
        assert self.state != first
        assert self.press("ArrowRight", "ArrowLeft", "ArrowLeft") == (0, last)
        assert self.state == first, "stepping back undoes stepping forward"
        assert self.press("End") == (last, last)
        assert self.state != first
        # So fast that it moves at once, so slow that it does not end before it stops.
        speed = "4" if last < 60 else "0.5"
        self.root.get_by_label("Speed").select_option(speed)
        self.press("Home", "Space")
        self.root.locator(".tv-count", has_text=re.compile("Step [1-9]")).wait_for()
        self.press("Space")
        step = self.position
        self.root.page.wait_for_timeout(700)
        assert self.position == step, "Space pauses"
        assert step[0] < last


_STATE = """root => JSON.stringify([
  root.querySelector('.tv-caption').textContent,
  root.querySelector('.tv-equation').textContent,
  [...root.querySelectorAll('mark')].map(mark => mark.textContent),
  [...root.querySelectorAll('svg [id]')].map(
    el => el.id + ' ' + [...el.classList].sort().join(' ')),
])"""

LISTING = """\
import tapeviz as tf
from tapeviz import play

x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x**2 + 2*x + 1
dy_dx = tape.gradient(y, x)
play(tape, y, x)
"""
"""Listing 10.2 of the chapter and its player, for tests that need a small notebook."""


def write_notebook(path: Path, *cells: str) -> Path:
    """A notebook of code cells that were not run, saved."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(notebook, path)
    return path


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its token and the folder it shows.

    ``pages`` holds the pages that were opened on it, by theme.
    """

    url: str
    token: str
    root: Path
    env: dict[str, str]
    opener: Opener
    pages: dict[str, Page] = field(default_factory=dict)

    def trust(self, name: str) -> None:
        """Mark a notebook as trusted, so that its saved scripts run when opened."""
        command = [sys.executable, "-m", "jupyter", "trust", str(self.root / name)]
        subprocess.run(command, env=self.env, check=True, capture_output=True)

    def write(self, name: str, cells: list[dict[str, Any]]) -> None:
        """Save cells as a notebook that nobody has trusted."""
        path = write_notebook(self.root / name)
        notebook = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**notebook, "cells": cells}), encoding="utf-8")

    def open(self, name: str, theme: Theme = "light") -> LabPage:
        """The notebook as it is on the disk, with a kernel of its own, idle.

        A page of JupyterLab takes seconds to load: a test gets the one that those
        before it had, with their notebooks closed and their kernels shut down.
        """
        page = self.pages.get(theme)
        if page is None:
            url = f"{self.url}lab?reset&token={self.token}"
            page = self.opener(url, theme=theme, strict=False)
            page.wait_for_function("() => window.jupyterapp?.restored")
            self.pages[theme] = page
        page.set_viewport_size({"width": 1280, "height": 900})
        page.evaluate(_OPEN, name)
        notebook = LabPage(page)
        notebook.wait()
        return notebook


_OPEN = """async name => {
  const app = window.jupyterapp;
  await app.restored;
  for (const widget of [...app.shell.widgets('main')]) widget.dispose();
  await app.serviceManager.sessions.shutdownAll();
  await app.commands.execute('docmanager:open', { path: name });
}"""
_READY = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  return panel?.sessionContext?.session?.kernel?.status === 'idle'
    && panel.context.isReady && panel.sessionContext.isReady;
}"""
_RUN = """async patience => {
  const panel = window.jupyterapp.shell.currentWidget;
  const late = new Promise((_, fail) =>
    setTimeout(fail, patience, Error('the cells did not finish in time')));
  await Promise.race(
    [late, window.jupyterapp.commands.execute('notebook:run-all-cells')]);
  return panel.content.widgets.map(cell => cell.model.toJSON());
}"""
_COUNT = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
_SHOW = """async index => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = index;
  await notebook.scrollToItem(index, 'start');
}"""


@dataclass(frozen=True)
class LabPage:
    """A notebook open in JupyterLab: ``page`` is Playwright's page."""

    page: Page

    def wait(self) -> None:
        """Return when the notebook is there and its kernel idle."""
        self.page.wait_for_function(_READY)

    def run_all(self) -> list[dict[str, Any]]:
        """Run all cells, wait for the last one, and give the cells as JSON.

        An error or a warning in any of them fails the test.
        """
        self.wait()
        cells: list[dict[str, Any]] = self.page.evaluate(_RUN, 2 * PATIENCE)
        assert failures(cells) == []
        return cells

    def save(self) -> None:
        """Save the notebook as it is."""
        self.page.evaluate(
            "() => window.jupyterapp.commands.execute('docmanager:save')"
        )

    def count(self) -> int:
        """How many cells the notebook has."""
        return int(self.page.evaluate(_COUNT))

    def cell(self, index: int) -> Locator:
        """A cell, scrolled to: JupyterLab keeps cells out of sight out of the page."""
        self.page.evaluate(_SHOW, index)
        cell = self.page.locator(f'.jp-Notebook [data-windowed-list-index="{index}"]')
        cell.wait_for()
        return cell


def failures(cells: list[dict[str, Any]]) -> list[str]:
    """What went wrong in cells that were run: error outputs and text on stderr."""
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return [
        str(output.get("evalue") or output.get("text"))
        for output in outputs
        if output["output_type"] == "error" or output.get("name") == "stderr"
    ]


SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false"},
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
}
"""No news pop-up; light or dark as the browser asks."""


@pytest.fixture(scope="session")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab on 127.0.0.1 whose folder holds copies of the lessons."""
    base = tmp_path_factory.mktemp("jupyter")
    root, settings = base / "root", base / "settings"
    copies.copy(root)
    settings.mkdir()
    (settings / "overrides.json").write_text(json.dumps(SETTINGS))
    env = _environment(base)
    token = secrets.token_hex(16)
    with server(_command(root, settings, base), base, JUPYTER_TOKEN=token) as url:
        opener = Opener(browser)
        yield Lab(url, token, root, env, opener)
        opener.close()


@contextmanager
def server(command: list[str], base: Path, **more: str) -> Iterator[str]:
    """A Jupyter server, started by a command and ended at the end; its address."""
    with (base / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=base,
            env={**_environment(base), **more},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield _started(process, base)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(base: Path) -> dict[str, str]:
    """The environment, with every folder that Jupyter writes to inside ``base``."""
    names = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    folders = {f"JUPYTER_{name}": str(base / name.lower()) for name in names}
    return {**os.environ, **folders, "IPYTHONDIR": str(base / "ipython")}


def _command(root: Path, settings: Path, base: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", "--port=0", "--expose-app-in-browser"),
        f"--ServerApp.root_dir={root}",
        f"--LabApp.app_settings_dir={settings}",
        f"--LabApp.user_settings_dir={base / 'user'}",
        f"--LabApp.workspaces_dir={base / 'workspaces'}",
    ]


def _started(process: subprocess.Popen[bytes], base: Path) -> str:
    """The server's address, from the file it writes when it listens."""
    deadline = time.monotonic() + 2 * PATIENCE / 1000
    while time.monotonic() < deadline and process.poll() is None:
        for path in (base / "runtime_dir").glob("jpserver-*.json"):
            try:
                return str(json.loads(path.read_text())["url"])
            except (ValueError, KeyError):
                pass
        time.sleep(0.1)
    log = (base / "log.txt").read_text(errors="replace")
    pytest.fail(f"JupyterLab did not start:\n{log[-3000:]}")
