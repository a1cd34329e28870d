"""Make a JupyterLite of the lessons: JupyterLab and Python in the reader's browser.

    python docs/lite.py               # into docs/_lite
    python docs/lite.py FOLDER

What comes out is a folder of files for any web server; no program runs on it. The
browser takes Python itself (Pyodide) from Pyodide's own server, NumPy and matplotlib
with it, and Graphviz, compiled to WebAssembly. tapeviz is in the folder.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

HERE = Path(__file__).parent
ROOT = HERE.parent
LITE = HERE / "_lite"

INSTALL = """%pip install -q tapeviz
import tapeviz
await tapeviz.load_graphviz()"""
"""The cell that each lesson begins with here: a browser starts with an empty Python."""


def stage(folder: Path) -> None:
    """The lessons as they are, each with a cell in front that installs tapeviz."""
    folder.mkdir()
    for path in (ROOT / "chapters").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        cell = nbformat.v4.new_code_cell(INSTALL, id="install")
        notebook.cells = [cell, *notebook.cells]
        nbformat.write(notebook, folder / path.name)


def wheel(folder: Path) -> Path:
    """The wheel of this checkout."""
    words = ["wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    (made,) = folder.glob("*.whl")
    return made


def watch(folder: Path) -> None:
    """Let each page say when the reader's network does not let Python through."""
    from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL, PYODIDE_MJS

    shutil.copy(HERE / WATCH, folder)
    for page in folder.glob("*/index.html"):
        text = page.read_text("utf-8")
        address = f"{PYODIDE_CDN_URL}/{PYODIDE_MJS}"
        script = f'<script src="../{WATCH}" data-python="{address}"></script>'
        page.write_text(text.replace("</body>", f"{script}</body>"), "utf-8")


WATCH = "lite.js"


def build(folder: Path = LITE) -> None:
    """Write the JupyterLite into a folder; CalledProcessError if a step fails."""
    with TemporaryDirectory() as made:
        base = Path(made)
        stage(base / "lessons")
        words = [
            *("--lite-dir", made),
            *("--contents", str(base / "lessons")),
            *("--piplite-wheels", str(wheel(base / "wheels"))),
            *("--output-dir", str(folder.resolve())),
        ]
        command = [sys.executable, "-m", "jupyter", "lite", "build", *words]
        subprocess.run(command, cwd=base, check=True, stdout=subprocess.DEVNULL)
    watch(folder)
    print(f"JupyterLite is in {folder}; to look at it:")
    print(f"  {sys.executable} -m http.server --directory {folder}")


if __name__ == "__main__":
    build(Path(sys.argv[1]) if sys.argv[1:] else LITE)
