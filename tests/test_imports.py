"""What loading tapeviz costs, and what its rooms may lean on."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import grimp
import pytest

import tapeviz

PACKAGE = Path(tapeviz.__file__).parent
HEAVY = (
    *("matplotlib", "ipywidgets", "anywidget", "graphviz", "pygraphviz", "IPython"),
    *("PIL", "cssselect2", "tinycss2", "resvg_py"),
)
ALLOWED = 1.3
"""How many times longer than ``import numpy`` the import of tapeviz may take."""

_LOADED = "import sys, {}; print(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
_TIMED = (
    "from time import perf_counter as now; start = now(); import {}; "
    "print(now() - start)"
)


def run(code: str) -> str:
    """What a fresh interpreter prints for this code, which may keep its bytecode."""
    environment = {
        k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("module", ["tapeviz", "tapeviz.cli"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    loaded = set(run(_LOADED.format(module)).split())
    assert "numpy" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.alone
def test_importing_is_quick() -> None:
    """The better of two measurements counts: something else may run beside one."""
    run("import tapeviz")  # compiled once, as after every installation
    ratios = [_ratio(11)]
    if ratios[0] > ALLOWED:
        ratios.append(_ratio(21))
    assert min(ratios) <= ALLOWED, f"import tapeviz / import numpy: {ratios}"


def _ratio(runs: int) -> float:
    """Median import time of tapeviz over that of NumPy, measured in turns."""
    modules = ("numpy", "tapeviz")
    times = [[float(run(_TIMED.format(m))) for m in modules] for _ in range(runs)]
    numpy, ours = zip(*times, strict=True)
    return median(ours) / median(numpy)


def _imports(path: Path) -> Iterator[str]:
    """The top-level names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("path", sorted((PACKAGE / "trace").glob("*.py")), ids=str)
def test_what_is_recorded_needs_only_the_standard_library(path: Path) -> None:
    assert set(_imports(path)) <= sys.stdlib_module_names | {"tapeviz"}


def test_the_rooms_do_not_lean_on_the_door() -> None:
    """The door is for learners, lessons and the command; rooms import each other."""
    graph = grimp.build_graph("tapeviz", cache_dir=None)
    leaning = graph.find_modules_that_directly_import("tapeviz")
    above = ("tapeviz.lessons.", "tapeviz.cli", "tapeviz.doctor", "tapeviz.__main__")
    assert {name for name in leaning if not name.startswith(above)} == set()


def test_the_product_never_imports_the_peers() -> None:
    peers = {"tensorflow", "autograd", "micrograd", "torch", "jax"}
    for path in PACKAGE.rglob("*.py"):
        theirs = "adapters" in path.parts
        assert theirs or peers.isdisjoint(_imports(path)), path
