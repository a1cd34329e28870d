"""Films and panels in the front ends that people teach in, opened in Chromium.

    python -m tests.front_ends voila notebook streamlit panel marimo

Each is installed into an environment of its own, below ``.venv/front-ends``, serves the
same film and the same panel, and is looked at. What comes out is its row in "Where it
runs". It takes minutes and asks package indexes, so the gate leaves it out.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
from playwright.sync_api import Error, Frame, Page, sync_playwright

ROOT = Path(__file__).parents[1]
HOMES = ROOT / ".venv" / "front-ends"

PROGRAM = """\
import tapeviz as tf
from tapeviz import explore, play

x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x**2 + 2*x + 1
film = play(tape, y, x)
w = tf.Variable(2.0)
panel = explore(lambda: (w - 5)**2, w)
"""


@dataclass(frozen=True)
class FrontEnd:
    """What to install, how to start it, and the app in its own words.

    ``app`` is added to ``PROGRAM``; in a notebook its lines are cells. ``menu`` is
    what has to be clicked until they run.
    """

    packages: tuple[str, ...]
    start: tuple[str, ...]
    app: str
    file: str = "app.py"
    path: str = ""
    menu: tuple[str, ...] = ()


FRONT_ENDS = {
    "voila": FrontEnd(
        ("voila", "ipykernel"),
        ("voila", "app.ipynb", "--no-browser", "--port={port}"),
        "film\npanel",
        "app.ipynb",
    ),
    "notebook": FrontEnd(
        ("notebook", "ipykernel"),
        (
            *("jupyter-notebook", "--no-browser", "--allow-root"),
            *("--port={port}", "--IdentityProvider.token="),
        ),
        "film\npanel",
        "app.ipynb",
        "notebooks/app.ipynb",
        menu=("Run", "Run All Cells"),
    ),
    "streamlit": FrontEnd(
        ("streamlit",),
        (
            *("streamlit", "run", "app.py", "--server.headless=true"),
            *("--server.port={port}", "--browser.gatherUsageStats=false"),
        ),
        "import streamlit as st\n"
        "st.iframe(film.html, height=900)\n"
        "st.iframe(panel._repr_html_(), height=700)",
    ),
    "panel": FrontEnd(
        ("panel",),
        ("panel", "serve", "app.py", "--port={port}"),
        "from html import escape\n"
        "import panel as pn\n"
        "def shown(html):\n"
        "    page = f'<iframe width=1000 height=900 srcdoc=\"{escape(html)}\">'\n"
        "    return pn.pane.HTML(page)\n"
        "pn.Column(shown(film.html), shown(panel._repr_html_())).servable()",
        path="app",
    ),
    "marimo": FrontEnd(
        ("marimo",),
        ("marimo", "run", "app.py", "--headless", "--no-token", "--port", "{port}"),
        "film\npanel",
    ),
}


def write_app(name: str, folder: Path) -> None:
    """Write the film and the panel as an app of this front end."""
    one = FRONT_ENDS[name]
    path = folder / one.file
    if one.file.endswith(".ipynb"):
        cells = [
            nbformat.v4.new_code_cell(it) for it in (PROGRAM, *one.app.split("\n"))
        ]
        about = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        made = nbformat.v4.new_notebook(cells=cells, metadata=about)
        nbformat.write(made, path)
    elif name == "marimo":
        code = "".join(f"    {line}\n" for line in PROGRAM.splitlines())
        path.write_text(
            "import marimo\n\napp = marimo.App()\n\n\n"
            f"@app.cell\ndef _():\n{code}    return film, panel\n\n\n"
            "@app.cell\ndef _(film):\n    film\n    return\n\n\n"
            "@app.cell\ndef _(panel):\n    panel\n    return\n",
            encoding="utf-8",
        )
    else:
        path.write_text(PROGRAM + one.app + "\n", encoding="utf-8")


def installed(name: str) -> Path:
    """The programs of an environment that has the front end and this tapeviz."""
    home = HOMES / name
    if not home.exists():
        venv.create(home, with_pip=True)
    programs = home / ("Scripts" if sys.platform == "win32" else "bin")
    words = [programs / "python", "-m", "pip", "install", "-q", ROOT]
    subprocess.run([*words, *FRONT_ENDS[name].packages], check=True)
    return programs


def wait_for(address: str, seconds: float = 90) -> None:
    """Return when the server answers; TimeoutError if it does not."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            urlopen(address, timeout=5).close()  # noqa: S310 - this machine's own
        except (URLError, OSError):
            time.sleep(0.5)
        else:
            return
    raise TimeoutError(address)


def frame_with(page: Page, what: str, seconds: float = 60) -> Frame | None:
    """The frame that shows an element, once it is there."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for frame in page.frames:
            try:
                if frame.locator(what).first.is_visible():
                    return frame
            except Error:  # a frame that has just gone
                continue
        page.wait_for_timeout(300)
    return None


def film_plays(page: Page) -> bool:
    """Whether the keys lead to the film's last step."""
    frame = frame_with(page, ".tapeviz-film .tv-count")
    if frame is None:
        return False
    film = frame.locator(".tapeviz-film").first
    film.focus()
    film.press("End")
    return film.locator(".tv-count").inner_text() == "Step 20 / 20"


def panel_runs(page: Page) -> bool:
    """Whether another learning rate gives another run."""
    frame = frame_with(page, ".tapeviz-board [type=range]")
    if frame is None:
        return False
    page.wait_for_timeout(3000)  # a widget may take the place of the page's own panel
    studio = frame.locator(".tapeviz-board").locator("visible=true").first
    before = studio.inner_text()
    rate = studio.get_by_role("slider", name="learning rate")
    rate.focus()
    for _ in range(12):
        rate.press("ArrowRight")
    page.wait_for_timeout(1500)
    return studio.inner_text() != before


def look(name: str) -> str:
    """Serve the app, look at it; the row of the table."""
    programs, one = installed(name), FRONT_ENDS[name]
    with socket.socket() as free, TemporaryDirectory() as made:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        folder = Path(made)
        write_app(name, folder)
        words = [word.format(port=port) for word in one.start]
        command = [str(programs / words[0]), *words[1:]]
        with subprocess.Popen(command, cwd=folder) as server, sync_playwright() as play:
            try:
                address = f"http://localhost:{port}/{one.path}"
                wait_for(address)
                browser = play.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox"]
                )
                page = browser.new_page(viewport={"width": 1280, "height": 1000})
                page.goto(address)
                page.wait_for_timeout(5000 * bool(one.menu))  # until a kernel is there
                for item in one.menu:
                    page.get_by_role("menuitem", name=item, exact=True).click()
                found = film_plays(page), panel_runs(page)
                page.screenshot(path=f"{name}.png", full_page=True)
                browser.close()
            finally:
                server.terminate()
    asked = [programs / "python", "-c", VERSION, one.packages[0]]
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    said = " | ".join("yes" if it else "no" for it in (*found[:1] * 3, found[1]))
    today = f"{datetime.now(UTC):%d %B %Y}"
    return f"| {name} {version.strip()} | {said} | by hand, {today} |"


VERSION = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))"


if __name__ == "__main__":
    rows = [look(name) for name in sys.argv[1:] or FRONT_ENDS]
    print("\n".join(rows))
