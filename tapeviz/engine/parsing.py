"""Python text as a tree, read by one thread at a time."""

from __future__ import annotations

import ast
import threading
from typing import Any, Literal, overload

_turn = threading.RLock()


@overload
def parse(text: str, mode: Literal["exec"] = "exec") -> ast.Module: ...
@overload
def parse(text: str, mode: Literal["eval"]) -> ast.Expression: ...
@overload
def parse(text: str, mode: str) -> Any: ...
def parse(text: str, mode: str = "exec") -> Any:
    """The tree that ``ast.parse`` gives.

    Two threads that parse at once can make CPython raise SystemError, because it counts
    the depth of both trees together (github.com/python/cpython/issues/106905).

    >>> ast.unparse(parse("x+1", "eval"))
    'x + 1'
    """
    with _turn:
        return ast.parse(text, mode=mode)
