"""Groups of records: several ops that a learner wrote as one call, a loss or a layer.

Their call site is the learner's line, not the line inside tapeviz that called the op,
and the recording lists them as one named group.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from tapeviz.engine.recording import Record, Recording, tape_stack
from tapeviz.errors import caller, own

F = TypeVar("F", bound=Callable[..., Any])


class grouped:  # noqa: N801 - used as a statement: with grouped("dense")
    """What is recorded in the block has the caller's call site and is one group."""

    __slots__ = ("_name", "_recording", "_start")

    def __init__(self, name: str) -> None:
        self._name = name
        self._recording: Recording | None = None
        self._start = 0

    def __enter__(self) -> None:
        self._recording = tape_stack.recording
        if self._recording is not None:
            self._start = len(self._recording.recs)

    def __exit__(self, *_error: object) -> None:
        recording = self._recording
        if recording is not None and len(recording.recs) > self._start:
            claim(recording.recs, self._start)
            if len(recording.recs) > self._start + 1:
                group = (self._name, self._start, len(recording.recs))
                recording.enter("groups", group)


def claim(recs: list[Record], start: int) -> None:
    """Put the learner's call site into the records that tapeviz's own lines made."""
    frame = caller()
    if frame is None:
        return
    call_site = (frame.f_code, frame.f_lasti)
    for i in range(start, len(recs)):
        code = recs[i][-2]
        if code is not None and own(code):
            recs[i] = (*recs[i][:-2], *call_site)


def composite(name: str) -> Callable[[F], F]:
    """Decorate a function of tapeviz whose ops are one group, made by its caller."""

    def decorate(function: F) -> F:
        @wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            with grouped(name):
                return function(*args, **options)

        return cast("F", call)

    return decorate


def claim_sweep(recording: Recording, start: int) -> None:
    """Say of what a sweep recorded from ``start`` on that the learner asked for it."""
    frame = caller()
    if frame is not None and len(recording.recs) > start:
        site = (frame.f_code, frame.f_lasti)
        recording.enter("sweeps", (start, len(recording.recs), *site))
