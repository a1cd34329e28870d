"""The registry's formulas as a learner reads them: settings filled in or left out."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from tapeviz.engine.records import Record

SHOWN = {
    "identity": "identity(x)",
    "stop_gradient": "stop_gradient(x)",
    "round": "round(x)",
}
"""What is shown of ops whose text has a word that only the kernels know."""


def settings(record: Record) -> dict[str, Any]:
    """The settings of a recorded op by name."""
    return dict(zip(record.op.settings, record.settings, strict=False))


def formula(record: Record) -> str:
    """What an op computes, in terms of its operands: ``mean(x)``, ``x[0]``."""
    op = record.op
    if op.name in SHOWN:
        return SHOWN[op.name]
    return spelled(op.text, settings(record)) if op.settings else op.text


def spelled(text: str, known: Mapping[str, Any]) -> str:
    """A formula of the registry with its settings in place of their names.

    An argument that is None or False is left out.

    >>> spelled("sum(x, axis, keep)", {"axis": (-1,), "keep": False})
    'sum(x, (-1,))'
    >>> spelled("pick(x, key)", {"key": (slice(1, None), 0)})
    'x[1:, 0]'
    """
    if not known:
        return text
    words = {n: _literal(v) if n != "key" else _index(v) for n, v in known.items()}
    return _spelled(text, tuple(words.items()))


@lru_cache(maxsize=512)
def _spelled(text: str, known: tuple[tuple[str, str], ...]) -> str:
    tree = _Speller(dict(known)).visit(ast.parse(text, mode="eval"))
    return ast.unparse(tree)


class _Speller(ast.NodeTransformer):
    def __init__(self, known: dict[str, str]) -> None:
        self._known = known

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id not in self._known or node.id == "key":
            return node
        return ast.parse(self._known[node.id], mode="eval").body

    def visit_Call(self, node: ast.Call) -> ast.AST:
        word = node.func.id if isinstance(node.func, ast.Name) else ""
        if word == "pick" and isinstance(node.args[1], ast.Name):
            key = self._known.get(node.args[1].id, "key")
            return ast.parse(f"{ast.unparse(node.args[0])}[{key}]", mode="eval").body
        shown = [self.visit(arg) for arg in node.args]
        node.args = [a for a in shown if not _silent(a)]
        return node


def _silent(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and (
        node.value is None or node.value is False
    )


def _literal(v: Any) -> str:
    """A setting as Python text that can be parsed."""
    if isinstance(v, np.dtype):
        return str(v.name)
    if isinstance(v, (bool, int, float, str, type(None))):
        return repr(v)
    if isinstance(v, (tuple, list)) and all(
        isinstance(k, (int, type(None))) for k in v
    ):
        return repr(v)
    return "..."


def _index(key: Any) -> str:
    return ", ".join(_key(k) for k in (key if isinstance(key, tuple) else (key,)))


def _key(k: Any) -> str:
    if isinstance(k, slice):
        ends = ("" if e is None else str(e) for e in (k.start, k.stop))
        return ":".join([*ends, *([] if k.step is None else [str(k.step)])])
    return (
        "..." if k is Ellipsis else str(k) if not isinstance(k, np.ndarray) else "mask"
    )
