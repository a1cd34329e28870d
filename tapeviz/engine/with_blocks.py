"""Which ``with`` blocks are being run, to find what an interrupted one leaves open.

An interrupt (the stop button) can come between any two instructions, also in the first
or last one of ``__enter__`` and ``__exit__``; then a tape stays open although its block
is over. A frame tells the truth: its present instruction is in the block or it is not.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from types import CodeType, FrameType, TracebackType
from typing import Any

from tapeviz.errors import INSIDE, own

Block = tuple[FrameType, int]
"""The frame that entered a block, and the instruction that did; -1: the whole frame."""

_PASSED = ("__enter__", "enter_context")
"""Functions that enter a block for somebody else."""

_Table = list[tuple[int, int, int]]


def entered(frame: FrameType) -> Block:
    """The block that is being entered in a frame, or in that which it acts for."""
    while frame.f_code.co_name in _PASSED and frame.f_back is not None:
        frame = frame.f_back
    return frame, frame.f_lasti


def running(block: Block) -> bool:
    """Whether a block that was entered has not been left; True if nobody can tell."""
    frame, start = block
    if start < 0:
        return _on_stack(frame)
    table = _table(frame.f_code)
    handler = _handler_of_with(frame.f_code, start)
    if handler < 0:
        return True
    at = _handler(table, frame.f_lasti)
    while at >= 0 and at != handler:
        at = _handler(table, at)
    return at == handler


def _on_stack(frame: FrameType) -> bool:
    """Whether a frame is one of those that run now in this thread."""
    one: FrameType | None = sys._getframe(1)
    while one is not None and one is not frame:
        one = one.f_back
    return one is frame


@lru_cache(256)
def _table(code: CodeType) -> _Table:
    """The handlers of exceptions in a code object: (start, stop, handler)."""
    import dis

    entries = dis.Bytecode(code).exception_entries  # type: ignore[attr-defined] # not in its stubs
    return [(e.start, e.end, e.target) for e in entries]


def _handler(table: _Table, at: int) -> int:
    """Where an exception at an instruction goes; -1 if out of the function."""
    return next((goal for start, stop, goal in table if start <= at < stop), -1)


@lru_cache(1024)
def _handler_of_with(code: CodeType, start: int) -> int:
    """The handler of the ``with`` statement that an instruction enters, or -1."""
    import dis

    body = [i for i in dis.get_instructions(code) if i.offset >= start][:2]
    if len(body) < 2 or not body[0].opname.startswith(("BEFORE_", "CALL")):
        return -1
    if body[0].opname == "CALL" and not _special(code, start):
        return -1
    return _handler(_table(code), body[1].offset)


def _special(code: CodeType, start: int) -> bool:
    """Whether a call is the one of ``with`` in Python 3.14, which looks it up so."""
    import dis

    before = [i.opname for i in dis.get_instructions(code) if i.offset < start]
    return before[-1:] == ["LOAD_SPECIAL"]


def failure(error: BaseException, traceback: TracebackType | None) -> tuple[Any, ...]:
    """The class and the text of an error, and the learner's last instruction."""
    call_site: tuple[Any, ...] = ()
    while traceback is not None:
        inner = str(traceback.tb_frame.f_globals.get("__name__")).startswith("numpy")
        code = traceback.tb_frame.f_code
        if not (inner or own(code) or INSIDE[code.co_filename]):
            call_site = (code, traceback.tb_lasti)
        traceback = traceback.tb_next
    return (type(error).__name__, str(error), *call_site)
