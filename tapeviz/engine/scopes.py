"""Groups of records: several ops that a learner wrote as one call, a loss or a layer.

The recording lists them as one named group.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, TypeVar, cast

from tapeviz.engine.recording import Record, Recording, tape_stack
from tapeviz.errors import caller

F = TypeVar("F", bound=Callable[..., Any])


class grouped:  # noqa: N801 - used as a statement: with grouped("dense")
    """What is recorded in the block is one group."""

    __slots__ = ("_name", "_recording", "_start")

    def __init__(self, name: str) -> None:
        self._name = name
        self._recording: Recording | None = None
        self._start = 0

    def __enter__(self) -> None:
        self._recording = tape_stack.recording
        if self._recording is not None:
            self._start = len(self._recording.recs)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        recording = self._recording
        if recording is not None and len(recording.recs) > self._start + 1:
            recording.enter("groups", (self._name, self._start, len(recording.recs)))


def composite(name: str) -> Callable[[F], F]:
    """Decorate a function of tapeviz whose ops are one group, made by its caller."""

    def decorate(function: F) -> F:
        @wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            with grouped(name):
                return function(*args, **options)

        return cast("F", call)

    return decorate


def attribute(recs: list[Record], start: int) -> None:
    """Make the learner's line the call site of the records from ``start`` on."""
    frame = caller()
    if frame is not None:
        call_site = (frame.f_code, frame.f_lasti)
        for i in range(start, len(recs)):
            recs[i] = (*recs[i][:-2], *call_site)
