"""Graphviz in a web page's Python: a real Pyodide, run by Node instead of a browser.

Pyodide and Graphviz come from the npm registry. Pyodide's NumPy does not: what is asked
here needs none.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import tapeviz
from tapeviz.render.graph import layout

_PAGE = """
import { readFileSync } from "node:fs";
import { loadPyodide } from "pyodide";
const python = await loadPyodide();
python.mountNodeFS("/mnt", process.argv[2]);
python.globals.set("engine", import.meta.resolve("@hpcc-js/wasm-graphviz"));
python.globals.set("sources", readFileSync("sources.json", "utf8"));
try {
  console.log(await python.runPythonAsync(readFileSync("page.py", "utf8")));
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
"""

_PYTHON = """
import json, sys, types

sys.dont_write_bytecode = True
sys.modules["tapeviz"] = door = types.ModuleType("tapeviz")  # it would load NumPy
door.__path__ = ["/mnt/tapeviz"]

from tapeviz.errors import LayoutError
from tapeviz.render.graph import layout

made = {}
try:
    layout.engine()
except LayoutError as error:
    made["before"] = str(error)
try:
    await layout.load_graphviz("file:///nowhere.js")
except LayoutError as error:
    made["elsewhere"] = str(error)
await layout.load_graphviz(engine)
made["engine"] = layout.engine()
try:
    layout._run(layout._engines(), "digraph {")
except LayoutError as error:
    made["failed"] = str(error)
made["answers"] = {
    source: json.dumps(layout._run(layout._engines(), source))
    for source in json.loads(sources)
}
json.dumps(made)
"""


def ask(sources: Iterable[str]) -> dict[str, Any]:
    """What the page's Python answers to DOT texts, and how it says what is wrong."""
    constants = pytest.importorskip(
        "jupyterlite_pyodide_kernel.constants", reason="comes with the extra 'site'"
    )
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("Node is not installed")
    package = layout.WEB_ASSEMBLY.partition("/npm/")[2].partition("/dist/")[0]
    install = [npm, "install", "--silent", "--no-audit", "--no-fund"]
    with TemporaryDirectory() as made:
        folder = Path(made)
        wanted = f"pyodide@{constants.PYODIDE_VERSION}", package
        if subprocess.run([*install, *wanted], cwd=folder, check=False).returncode:
            pytest.skip("the npm registry was not reached")
        (folder / "sources.json").write_text(json.dumps([*sources]), encoding="utf-8")
        (folder / "page.mjs").write_text(_PAGE, encoding="utf-8")
        (folder / "page.py").write_text(_PYTHON, encoding="utf-8")
        done = subprocess.run(
            [node, "page.mjs", str(Path(tapeviz.__file__).parents[1])],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        lock = (folder / "node_modules" / "pyodide" / "pyodide-lock.json").read_text()
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return {**answer, "packages": json.loads(lock)["packages"]}
