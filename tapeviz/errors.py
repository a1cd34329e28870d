"""The error classes, and the parts of a message: what happened, where, what to do.

Also who the learner is: the innermost frame that is not of tapeviz.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Mapping
from functools import partial
from types import CodeType, FrameType, TracebackType
from typing import Any, TypeVar

E = TypeVar("E", bound=Exception)

_HOME = os.path.dirname(__file__)  # noqa: PTH120 - pathlib is slow to import


class TapevizError(Exception):
    """The base class of the errors that only tapeviz raises."""


class LayoutError(TapevizError, RuntimeError):
    """A graph could not be laid out: no layout engine, or one that fails."""


class SaveError(TapevizError, OSError):
    """A picture could not be written to the file asked for."""


class OpError(TapevizError):
    """The base class of TensorFlow's own errors; ``message`` is the text."""

    @property
    def message(self) -> str:
        """The error's text."""
        return str(self.args[0]) if self.args else ""


class InvalidArgumentError(OpError, ValueError):
    """An op met a dtype, shape or value that it cannot work with."""


class NotFoundError(OpError, LookupError):
    """Something that was asked for by name is not there."""


class OutOfRangeError(OpError):
    """A sequence is at its end."""


class UnimplementedError(OpError, NotImplementedError):
    """TensorFlow has it, tapeviz has not."""


class ResourceExhaustedError(OpError, MemoryError):
    """There is not enough memory for the result."""


RULES = "<tapeviz rule>"
"""The file name of the code that is compiled from rule texts."""

_STRING = "<string>"


class _Passing(dict[str, bool]):
    """Whether a frame of a file is walked through on the way to the learner's.

    Those of tapeviz are, those of ``contextlib`` and of ``folders``, where a framework
    lies that we look into; of ``"<string>"`` ``__init__``, which a dataclass has from
    there. The sweep is not: what it records gets the call site of whoever asked for the
    gradient.
    """

    folders: tuple[str, ...] = ()

    def __missing__(self, file: str) -> bool:
        between = file in (contextlib.__file__, _STRING) or file.startswith(
            self.folders
        )
        self[file] = found = between or (_is_own(file) and file not in _SWEEP)
        return found


INSIDE = _Passing()
_SWEEP = (RULES, os.path.join(_HOME, "engine", "sweep.py"))  # noqa: PTH118


def _is_own(file: str) -> bool:
    return file.startswith((_HOME + os.sep, "<tapeviz "))


def own(code: CodeType) -> bool:
    """Whether a piece of code belongs to tapeviz itself."""
    return _is_own(code.co_filename)


def learners(frame: FrameType) -> FrameType:
    """The innermost frame outside tapeviz, from this one outwards; or the last one.

    In a sweep that counts as outside.
    """
    while INSIDE[file := (code := frame.f_code).co_filename]:
        around = frame.f_back
        if around is None or (file == _STRING and code.co_name != "__init__"):
            break
        frame = around
    return frame


def caller() -> FrameType | None:
    """The innermost frame outside tapeviz: the learner's."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - inspect is slow to import
    while frame is not None and own((frame := learners(frame)).f_code):
        frame = frame.f_back
    return frame


def names_around() -> Mapping[str, object]:
    """The learner's variables, its local ones before its global ones."""
    frame = caller()
    return {} if frame is None else {**frame.f_globals, **frame.f_locals}


def at() -> str:
    """The learner's line that is running: ``line 3: y = x * "a"``, or ""."""
    frame = caller()
    if frame is None:
        return ""
    import linecache  # slow to import

    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    return f"line {frame.f_lineno}: {line}" if line else f"line {frame.f_lineno}"


def error_message(what: str, do: str = "") -> str:
    """A message in three parts: what happened, where, what to do."""
    lines = [what]
    if location := at():
        lines.append(f"  where: {location}")
    if do:
        lines.append(f"  what to do: {do}")
    return "\n".join(lines)


def _made(kind: type[E], what: str, do: str = "") -> E:
    return kind(error_message(what, do))


attribute_error = partial(_made, AttributeError)
index_error = partial(_made, IndexError)
invalid_argument = partial(_made, InvalidArgumentError)
lookup_error = partial(_made, LookupError)
not_found = partial(_made, NotFoundError)
not_implemented = partial(_made, NotImplementedError)
out_of_range = partial(_made, OutOfRangeError)
runtime_error = partial(_made, RuntimeError)
type_error = partial(_made, TypeError)
unimplemented = partial(_made, UnimplementedError)
value_error = partial(_made, ValueError)
"""Errors with such a message: ``raise value_error(what, do)``."""


def warn(text: str, kind: type[Warning] = UserWarning) -> None:
    """Warn, as if the innermost line outside tapeviz had done it."""
    level, frame = 1, sys._getframe(0)  # noqa: SLF001 - inspect is slow to import
    while frame.f_back is not None and own(frame.f_code):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, kind, stacklevel=level)


def without_own_frames(traceback: TracebackType | None) -> TracebackType | None:
    """The levels of an error that are the learner's: none of tapeviz, or below it."""
    levels, inside = [], False
    while traceback is not None:
        frame = traceback.tb_frame
        below = inside and str(frame.f_globals.get("__name__")).startswith("numpy")
        inside = own(frame.f_code) or below
        if not inside:
            levels.append(traceback)
        traceback = traceback.tb_next
    made: TracebackType | None = None
    for one in reversed(levels):
        made = TracebackType(made, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return made


def hide_own_frames() -> None:
    """In a notebook an error ends at the learner's line; ``%tb`` then shows it whole.

    Nothing changes where somebody else shows errors in a way of their own.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and not shell.custom_exceptions:
        shell.set_custom_exc((Exception,), _show)


def _show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType | None,
    tb_offset: int | None = None,
) -> None:
    """IPython asks: show an error without the frames of tapeviz."""
    shell.showtraceback(
        (kind, error, without_own_frames(traceback)), tb_offset=tb_offset
    )
    sys.last_traceback = traceback
