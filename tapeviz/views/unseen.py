"""A hint for a view in the middle of a cell, which a notebook does not show."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import Any

VIEWS = ("draw", "play", "why", "explain", "explore")
"""The functions whose result is there to be seen."""


def unseen_calls(cell: str) -> Iterator[ast.Call]:
    r"""Calls of ``VIEWS`` that stand alone on a line of a cell, but not on its last.

    >>> [ast.unparse(call) for call in unseen_calls("draw(tape)\nprint(1)")]
    ['draw(tape)']
    >>> [*unseen_calls("y = draw(tape)\ndraw(tape)")]
    []
    """
    try:
        tree = ast.parse(cell)
    except SyntaxError:  # a magic command
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and node is not tree.body[-1]:
            call = node.value
            if isinstance(call, ast.Call) and ast.unparse(call.func) in VIEWS:
                yield call


def _after_cell(result: Any) -> None:
    shell = sys.modules["IPython"].get_ipython()
    info = result.info
    if shell is None or info is None or not result.success:
        return
    for call in unseen_calls(info.raw_cell):
        name = ast.unparse(call.func)
        home = getattr(shell.user_ns.get(name), "__module__", "")
        if str(home).startswith("tapeviz."):
            print(  # noqa: T201 - a word to the learner, below the cell
                f"tapeviz: line {call.lineno}, {ast.unparse(call)}, shows nothing, as "
                "only the last line of a cell shows itself.\n"
                f"What to do: {ast.unparse(call)}.show()"
            )


def tell_after_cells() -> None:
    """Let each cell of a notebook end with the hint, where it is needed."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    events = getattr(shell, "events", None)
    if events is not None and _after_cell not in events.callbacks["post_run_cell"]:
        events.register("post_run_cell", _after_cell)
