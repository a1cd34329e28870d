"""``inspect`` reads the engine by its public names alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tapeviz

HOME = Path(tapeviz.__file__).parent
FILES = sorted((HOME / "inspect").rglob("*.py"))


def _trees(room: str) -> Iterator[ast.Module]:
    for path in sorted((HOME / room).rglob("*.py")):
        yield ast.parse(path.read_text())


def _private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _made(tree: ast.Module) -> Iterator[str]:
    """The private names that a file gives to attributes, methods, fields and slots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.Assign) and "__slots__" in ast.unparse(
            node.targets[0]
        ):
            yield from ast.literal_eval(node.value)


OF_THE_ENGINE = {
    name for tree in _trees("engine") for name in _made(tree) if _private(name)
}
OWN = {name for tree in _trees("inspect") for name in _made(tree) if _private(name)}


def test_the_engines_private_names_are_found() -> None:
    assert {"_v", "_t", "_i", "_recording", "_index_of", "_watched"} <= OF_THE_ENGINE


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(HOME)))
def test_no_private_attribute_of_the_engine_is_read(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and _private(node.attr):
            own = ast.unparse(node.value) in ("self", "cls", "super()", "sys")
            assert own or node.attr in OWN - OF_THE_ENGINE, f"line {node.lineno}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr":
            name = node.args[1]
            assert not isinstance(name, ast.Constant) or name.value not in OF_THE_ENGINE


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(HOME)))
def test_how_the_engine_stores_a_record_is_not_known(path: Path) -> None:
    """The tuples, their numbers, and the tables of rules stay in the engine."""
    stored = {
        "engine.recording": {"Record", "VARIABLE", "WATCHED", "READ", "OFF"},
        "engine.dispatch": {"FORWARD", "VJP", "VJP_STEPS", "VJP_TENSORS"},
    }
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            known = stored.get(node.module.removeprefix("tapeviz."), set())
            assert not known & {name.name for name in node.names}, node.module
