"""The learner's files as they ran: a file that was edited since is not read.

Code remembers where in its file each of its instructions stood. If the file's text
gives others now, it is not what ran, and nothing of it is shown.
"""

from __future__ import annotations
import __future__

import dis
import linecache
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import Any

_FUTURE = {name: getattr(__future__, name) for name in __future__.all_feature_names}
_FLAGS = sum({feature.compiler_flag for feature in _FUTURE.values()})


def cell_numbers() -> Mapping[str, int]:
    """The number of each of the notebook's cells by its file; none elsewhere."""
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    numbers: Mapping[str, int] = getattr(
        getattr(running, "compile", None), "_filename_map", {}
    )
    return numbers


def as_run(code: CodeType) -> bool:
    """Whether the text that is known of a code's file is what the code was made from.

    A notebook's cell always is. Where a program rewrote the file while importing it, as
    pytest does, the text cannot be compared, and is believed.
    """
    return taken_off(code) >= 0


def taken_off(code: CodeType) -> int:
    """How many columns of indentation its file's lines lost before they were compiled.

    0 as a rule; marimo's cells are functions in their file. -1 if the text is not what
    the code was made from.
    """
    path = code.co_filename
    for _ in range(2):
        linecache.getlines(path)
        stamp = linecache.cache.get(path, ())[:2]
        if len(stamp) < 2 or stamp[1] is None:
            return 0
        if (found := _fits(code, stamp)) >= 0:
            return found
        linecache.checkcache(path)
    return -1


@lru_cache(maxsize=256)
def _fits(code: CodeType, stamp: tuple[Any, ...]) -> int:
    whole = _file(code.co_filename, stamp, code.co_flags & _FLAGS)
    mine = [*_placed(code)]
    for columns in (0, *_shifts(mine, whole)):
        if all((*at, col + columns, said) in whole for *at, col, said in mine):
            return columns
    return 0 if _rewritten(code.co_filename) else -1


def _shifts(mine: list[Any], whole: frozenset[Any]) -> set[int]:
    """The columns by which the first of a code's parts may have moved."""
    parts = [(line, wide, said, col) for line, wide, col, said in mine[:1]]
    return {
        there[2] - col
        for line, wide, said, col in parts
        for there in whole
        if (*there[:2], there[3]) == (line, wide, said) and there[2] > col
    }


@lru_cache(maxsize=16)
def _file(
    path: str,
    stamp: tuple[Any, ...],  # noqa: ARG001 - the version of the file that is asked for
    flags: int,
) -> frozenset[Any]:
    """What the code of a whole file does, each instruction with its place."""
    try:
        text = "".join(linecache.getlines(path))
        whole = compile(text, path, "exec", flags=flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found: set[Any] = set()
    todo = [whole]
    while todo:
        code = todo.pop()
        found.update(_placed(code))
        todo += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
    return frozenset(found)


_CONSTANTS = {*dis.hasconst}
_NAMES = {*dis.hasname, *dis.haslocal, *dis.hasfree}
_SIGNS = ("BINARY", "COMPARE", "CONTAINS", "IS_OP", "UNARY")


def _placed(code: CodeType) -> Iterator[tuple[int, int, int, str]]:
    """The names, constants and operators of one code, each with its line and column.

    How a name is looked up is left out: it depends on what the code was compiled with.
    """
    for one in dis.get_instructions(code):
        line, end_line, col, end_col = one.positions or (None,) * 4
        if line is None or end_line is None or col is None or end_col is None:
            continue
        at = line, (end_line - line) * 10_000 + end_col - col, col
        if isinstance(one.argval, CodeType):
            yield *at, one.argval.co_name
        elif one.opcode in _NAMES or (one.opcode in _CONSTANTS and _said(one.argval)):
            yield *at, repr(one.argval)
        elif one.opname.startswith(_SIGNS):
            yield *at, f"{one.opname} {one.argrepr}"


def _said(constant: Any) -> bool:
    """Whether a constant stands in the code; None also ends every function."""
    return constant is not None


def _rewritten(path: str) -> bool:
    """Whether an importer that may change the text has imported the file."""
    specs = (getattr(module, "__spec__", None) for module in list(sys.modules.values()))
    return any(
        spec.origin == path and type(spec.loader) is not SourceFileLoader
        for spec in specs
        if spec is not None
    )
