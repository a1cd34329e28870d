"""Several ops that a learner wrote as one call: a loss, a layer.

The records they make belong to the learner's line, not to the line inside tapeviz that
called the op, and they are kept together as a group with a name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, TypeVar, cast

from tapeviz.engine.recording import Book, here
from tapeviz.errors import caller, own

F = TypeVar("F", bound=Callable[..., Any])


class grouped:  # noqa: N801 - used as a statement: with grouped("dense")
    """What is recorded in the block belongs to the caller's line and to one group."""

    __slots__ = ("_book", "_name", "_start")

    def __init__(self, name: str) -> None:
        self._name = name
        self._book: Book | None = None
        self._start = 0

    def __enter__(self) -> None:
        self._book = here.book
        if self._book is not None:
            self._start = len(self._book.recs)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        book = self._book
        if book is not None and len(book.recs) > self._start:
            _claim(book, self._start)
            if len(book.recs) > self._start + 1:
                book.enter("groups", (self._name, self._start, len(book.recs)))


def _claim(book: Book, start: int) -> None:
    """Give the records that tapeviz's own lines made to the learner's line."""
    frame = caller()
    if frame is None:
        return
    spot = (frame.f_code, frame.f_lasti)
    for i in range(start, len(book.recs)):
        code = book.recs[i][-2]
        if hasattr(code, "co_filename") and own(code):
            book.recs[i] = (*book.recs[i][:-2], *spot)


def composite(name: str) -> Callable[[F], F]:
    """Decorate a function of ours so that its ops count as the learner's one call."""

    def decorate(function: F) -> F:
        @wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            with grouped(name):
                return function(*args, **options)

        return cast("F", call)

    return decorate
