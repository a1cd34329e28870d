"""The learner's files as they ran: a file that was edited since is not read.

Code remembers where in its file each of its instructions stood. If the file's text
gives others now, it is not what ran, and nothing of it is shown.
"""

from __future__ import annotations
import __future__

import dis
import linecache
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import Any

_FUTURE = {name: getattr(__future__, name) for name in __future__.all_feature_names}
_FLAGS = sum({feature.compiler_flag for feature in _FUTURE.values()})


def as_run(code: CodeType) -> bool:
    """Whether the text that is known of a code's file is what the code was made from.

    A notebook's cell always is. Where a program rewrote the file while importing it, as
    pytest does, the text cannot be compared, and is believed.
    """
    path = code.co_filename
    for _ in range(2):
        linecache.getlines(path)
        stamp = linecache.cache.get(path, ())[:2]
        if len(stamp) < 2 or stamp[1] is None or _fits(code, stamp):
            return True
        linecache.checkcache(path)
    return False


@lru_cache(maxsize=256)
def _fits(code: CodeType, stamp: tuple[Any, ...]) -> bool:
    found = _file(code.co_filename, stamp, code.co_flags & _FLAGS)
    return found.issuperset(_placed(code)) or _rewritten(code.co_filename)


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


_NAMED = {*dis.hasname, *dis.hasconst, *dis.haslocal, *dis.hasfree, *dis.hascompare}
_NAMED.add(dis.opmap["BINARY_OP"])
_ENDS = re.compile("RETURN|POP_TOP|PRINT|NOP|CALL_INTRINSIC")
"""How a statement ends depends on whether it is compiled with those after it."""


def _placed(code: CodeType) -> Iterator[tuple[Any, str, str]]:
    """What one code does, with what names and constants, each with its place."""
    for one in dis.get_instructions(code):
        where, said = one.positions, ""
        if where is None or None in where or _ENDS.match(one.opname):
            continue
        if isinstance(one.argval, CodeType):
            said = one.argval.co_name
        elif one.opcode in _NAMED:
            said = repr((one.argval, one.argrepr))
        if one.opname != "LOAD_CONST" or one.argval is not None:
            yield where, one.opname, said


def _rewritten(path: str) -> bool:
    """Whether an importer that may change the text has imported the file."""
    specs = (getattr(module, "__spec__", None) for module in list(sys.modules.values()))
    return any(
        spec.origin == path and type(spec.loader) is not SourceFileLoader
        for spec in specs
        if spec is not None
    )
