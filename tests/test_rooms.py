"""The house: what stands where, who imports whom, and the words that are used."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

import tapeviz

PACKAGE = Path(tapeviz.__file__).parent
TESTS = Path(__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

ROOMS = {"analysis", "engine", "inspect", "lessons", "render", "tf", "trace", "views"}
ROOMS |= {"adapters", "wording"}
MODULES = {"__init__", "__main__", "api", "cli", "doctor", "errors"}

FIRST_HOUSE = frozenset(
    (
        "Book",
        "place",
        "spot",
        "Moment",
        "here",
        "heard",
        "tell",
        "told",
        "TELL",
        "BACK",
        "BACKS",
        "AGAIN",
        "AGAINS",
        "fit",
        "stretch",
        "spread",
        "meet",
        "over",
        "Scribe",
        "ghost",
        "ghosts",
        "haunted",
        "Trail",
        "Case",
        "Reading",
        "Line",
        "mend",
        "wild",
        "absent",
        "flat",
        "Around",
        "bends",
        "ways",
        "Opened",
        "opened",
        "Story",
        "Aside",
        "Sum",
        "Slip",
        "Ask",
        "kept",
        "only",
        "still",
        "twin",
        "reel",
        "lean",
        "beside",
        "board",
        "ground",
        "race",
        "pen",
        "Pen",
        "learning",
    )
)
"""Words of a private language, which nobody but its authors could read."""

THEIRS = {
    ("tf/keras/metrics.py", "Sum"),
    ("engine/tensor.py", "flat"),
    ("engine/oracle.py", "flat"),
    ("lessons/training.py", "over"),
    ("render/descents.py", "over"),
}
"""Names of Keras and of NumPy (``a.flat``, ``errstate(over=)``) that are such words."""

TWICE = {"MeanAbsoluteError", "MeanSquaredError"}
"""In Keras a loss and a metric have the same name."""


def test_nothing_else_stands_at_the_root() -> None:
    inside = [path for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    assert {path.name for path in inside if path.is_dir()} == ROOMS
    assert {path.stem for path in inside if path.suffix == ".py"} == MODULES
    others = {p.name for p in inside if p.is_file() and p.suffix != ".py"}
    assert others == {"__init__.pyi", "py.typed"}


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.name == "__init__.py" and path.parent != PACKAGE],
    ids=lambda path: str(path.parent.relative_to(PACKAGE)),
)
def test_a_room_says_whom_it_may_import(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    assert "may import" in said.replace("\n", " ")


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Also those that are imported inside a function, or for types alone."""
    graph = grimp.build_graph("tapeviz", cache_dir=None)
    circles = list(_circles({m: _imported(graph, m) for m in graph.modules}))
    assert circles == []


def _imported(graph: grimp.ImportGraph, module: str) -> set[str]:
    """What a module imports; its own package, which must be loaded anyway, not."""
    return graph.find_modules_directly_imported_by(module) - {module}


def _circles(graph: dict[str, set[str]]) -> Iterator[list[str]]:
    """The groups of modules each of which leads to each other (Tarjan's algorithm)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(module: str) -> Iterator[list[str]]:
        number[module] = low[module] = len(number)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in number:
                yield from visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], number[other])
        if low[module] == number[module]:
            at = stack.index(module)
            group, stack[at:] = stack[at:], []
            if len(group) > 1:
                yield sorted(group)

    for module in sorted(graph):
        if module not in number:
            yield from visit(module)


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}
    assert list(_circles(graph)) == [["b", "c"]]


@pytest.mark.parametrize(
    "path", [*FILES, *sorted(TESTS.rglob("*.py"))], ids=lambda path: str(path.name)
)
def test_the_words_of_the_first_house_are_gone(path: Path) -> None:
    home = path.relative_to(PACKAGE if PACKAGE in path.parents else TESTS).as_posix()
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline)
    found = {
        (token.string, token.start[0])
        for token in tokens
        if token.type == tokenize.NAME
        and token.string.strip("_") in FIRST_HOUSE
        and (home, token.string) not in THEIRS
    }
    assert found == set()


def test_a_class_name_stands_for_one_thing() -> None:
    homes = defaultdict(list)
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                homes[node.name.lstrip("_")].append(path.name)
    assert {n: h for n, h in homes.items() if len(h) > 1 and n not in TWICE} == {}
