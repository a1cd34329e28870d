"""JupyterLite: built by its one command, and what a browser needs is in it.

Python for the browser comes from another host, which the tests do not ask. So what is
tested here is the build, the page up to the start of the kernel, and, in an ordinary
Python, that the lessons run where no program can be started. That Graphviz lays out in
the page's Python is tested by tests/render/test_golden.py, in Node.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pytest

from tapeviz.lessons import copies
from tests.browser.conftest import Opener

pytest.importorskip("jupyterlite_core", reason="comes with the extra 'site'")
packaging = pytest.importorskip("packaging.requirements")

ROOT = Path(__file__).parents[2]
LESSONS = copies.lessons(copies.shipped())

IN_PYODIDE = {"numpy", "matplotlib"}
"""Packages with compiled parts that Pyodide has, by its own list of packages."""

PURE = {"anywidget", "cssselect2", "graphviz", "ipywidgets", "tinycss2"}
"""Packages that are Python alone: the browser takes the same wheels as everybody."""


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built JupyterLite."""
    folder = tmp_path_factory.mktemp("lite") / "site"
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "lite.py"), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_lesson_is_there_and_begins_by_installing(lite: Path) -> None:
    files = lite / "files"
    assert copies.lessons(files) == LESSONS
    for name in LESSONS:
        first, *rest = nbformat.read(files / name, as_version=4).cells
        assert first.source.splitlines() == [
            "%pip install -q tapeviz",
            "import tapeviz",
            "await tapeviz.load_graphviz()",
        ]
        ours = nbformat.read(copies.shipped() / name, as_version=4).cells
        assert [cell.source for cell in rest] == [cell.source for cell in ours]


def test_the_browser_can_install_what_tapeviz_needs(lite: Path) -> None:
    index = json.loads((lite / "pypi" / "all.json").read_text("utf-8"))
    ((release,),) = index["tapeviz"]["releases"].values()
    with ZipFile(lite / "pypi" / release["filename"]) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith("/METADATA")]
        metadata = archive.read(name).decode()
    wanted = [
        packaging.Requirement(line.removeprefix("Requires-Dist: "))
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist: ")
    ]
    there = {"sys_platform": "emscripten", "extra": ""}
    needed = {it.name for it in wanted if not it.marker or it.marker.evaluate(there)}
    assert needed == IN_PYODIDE | PURE


def test_widgets_have_their_extensions(lite: Path) -> None:
    extensions = {path.parent.name for path in lite.glob("extensions/**/package.json")}
    assert "anywidget" in extensions
    assert "jupyterlab-manager" in extensions


@pytest.fixture(scope="module")
def server(lite: Path) -> Iterator[str]:
    """The folder behind a web server of this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = partial(Quiet, directory=str(lite))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_a_lesson_opens_with_its_saved_pictures(server: str, open_page: Opener) -> None:
    page = open_page(f"{server}/lab/index.html?path={LESSONS[1]}", strict=False)
    page.locator(".jp-Notebook").wait_for()
    page.get_by_role("heading", name="10.2 Recording").first.wait_for()
    page.locator(".jp-OutputArea-output img").first.wait_for()
    said = page.get_by_role("alert").filter(has_text="Python could not be loaded")
    said.wait_for()
    assert "cdn.jsdelivr.net" in said.inner_text()
    said.get_by_role("button", name="Close").click()
    assert said.count() == 0
    asked = [url for url in open_page.foreign if "pyodide" not in url]
    assert asked == [], "Python alone comes from elsewhere"
    open_page.foreign.clear()


RUN = """
import ast, linecache, subprocess, sys, threading
import nbformat
import tapeviz.render.graph.layout as layout

def refuse(*_, **__):
    raise OSError("no processes here")

subprocess.Popen.__init__ = refuse
threading.Thread.start = refuse
layout._candidates = lambda: iter((layout.IN_PROCESS,))

space, shown = {"__name__": "__main__"}, 0
for cell in nbformat.read(sys.argv[1], as_version=4).cells:
    if cell.cell_type != "code":
        continue
    lines = cell.source.splitlines(keepends=True)
    linecache.cache[cell.id] = (1, None, lines, cell.id)
    tree = ast.parse(cell.source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, cell.id, "exec"), space)
    if last is not None:
        made = eval(compile(ast.Expression(last.value), cell.id, "eval"), space)
        if hasattr(made, "_repr_mimebundle_"):
            html = made._repr_mimebundle_()["text/html"]
            shown += "<svg" in html or "data:image/svg" in html
print(shown)
"""


@pytest.mark.parametrize("name", [LESSONS[1], LESSONS[2], LESSONS[4]])
def test_a_lesson_runs_where_no_program_can_be_started(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(copies.shipped() / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) > 1, "pictures, laid out all the same"
