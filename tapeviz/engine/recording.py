"""What is being recorded, and by whom.

One flat list of records is the whole recording. A record is a tuple of atoms: the op's
number, the places of its operands in the list, what its rules need, and where in the
learner's code it happened. A value's place in the list is its id, so the order of ids
is the order of time, and walking the list backwards is the reverse sweep.

Nested tapes share one list: each tape is a window on it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, ClassVar

from numpy import float32 as f32

from tapeviz.errors import caller

VARIABLE, WATCHED, READ = 0, 1, 2
"""The numbers of the three ops that are not computations."""

Record = tuple[Any, ...]


class Trace:
    """The mark that tensors carry: ``recs`` is the list while it records, else None.

    ``left`` holds the places of tensors that carry another mark by now, because a later
    tape watches them: ``id(tensor)`` to ``(place, tensor)``. ``mixed``: there are
    complex numbers.
    """

    __slots__ = ("__dict__", "recs")

    recs: list[Record] | None
    cut = False
    mixed = False
    left: dict[int, tuple[int, Any]] | None = None

    def leave(self, tensor: Any, place: int) -> None:
        """Keep in mind where a tensor stands here that is about to stand elsewhere."""
        if self is not OFF:
            self.left = self.left or {}
            self.left[id(tensor)] = (place, tensor)


OFF = Trace()
OFF.recs = None
"""The trace of everything that is not recorded."""


class Recording:
    """One recording: its list, and the leaves (variables, watched tensors) in it.

    ``leaves`` maps ``id(object)`` to ``[first place, current place, current value,
    object]``, which keeps those objects alive. A variable that is assigned to gets a
    new place whose gradient flows on to its first; ``reads`` lists those. ``groups``
    says which records belong together: ``(name, start, stop)`` for each layer or loss,
    inner ones first. ``events`` tells where a recorded value went where no gradient can
    follow: ``(what, number of records before, its place, variable or None, code,
    instruction)``.
    """

    groups: Sequence[tuple[str, int, int]] = ()
    reads: Sequence[int] = ()
    events: Sequence[tuple[Any, ...]] = ()

    def __init__(self) -> None:
        self.trace = trace = Trace()
        trace.recs = None
        self.recs: list[Record] = []
        self.leaves: dict[int, list[Any]] = {}
        self.tapes = 0

    def enter(self, shelf: str, *entries: Any) -> None:
        """Add to ``groups``, ``reads`` or ``events``; most recordings have none."""
        self.__dict__.setdefault(shelf, []).extend(entries)

    def leaf(self, thing: Any, code: int, name: str) -> list[Any]:
        """Enter a variable or watched tensor, once; its entry among the leaves."""
        leaf = self.leaves.get(id(thing))
        if leaf is None:
            place, value = len(self.recs), thing._v
            self.recs.append((code, value, (name,), None, -1))
            self.leaves[id(thing)] = leaf = [place, place, value, thing]
            if value.__class__ is not f32 and value.dtype.kind == "c":
                self.trace.mixed = True
        return leaf

    def place(self, variable: Any) -> int:
        """Where the present value of a variable stands; -1 if it is not here."""
        leaf = self.leaves.get(id(variable))
        if leaf is None:
            return -1
        if leaf[2] is not variable._v:
            value = leaf[2] = variable._v
            leaf[1] = len(self.recs)
            self.enter("reads", leaf[1])
            self.recs.append((READ, leaf[0], None, value, None, None, -1))
        now: int = leaf[1]
        return now

    def find(self, thing: Any) -> int:
        """The place of a variable, or of a tensor that carries another mark; or -1."""
        leaf = self.leaves.get(id(thing))
        if leaf is not None:
            return int(leaf[0])
        left = self.trace.left
        return left[id(thing)][0] if left is not None and id(thing) in left else -1

    def note(self, what: str, thing: Any, into: Any = None) -> None:
        """A value leaves: for Python or NumPy ("left"), or into a variable."""
        trace, place = _spot(thing)
        frame = caller() if trace is self.trace and place >= 0 else None
        while frame is not None and _in_numpy(frame):
            frame = frame.f_back
        if frame is not None:
            spot = (frame.f_code, frame.f_lasti)
            self.enter("events", (what, len(self.recs), place, into, *spot))


def _in_numpy(frame: FrameType) -> bool:
    """Whether it is NumPy's own Python code that runs, which a learner called."""
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "numpy"


def _spot(thing: Any) -> tuple[Any, int]:
    """Where a tensor or variable stands now; nowhere for anything else."""
    if hasattr(thing, "_t"):
        return thing._t, thing._i
    return thing._read()[1:] if hasattr(thing, "_read") else (None, -1)


_open: Any = Trace.__dict__["recs"]
"""Where a trace keeps its list."""


def _own(trace: Trace) -> list[Record] | None:
    """The list of a trace, if this thread records it."""
    recording = tape_stack.recording
    return (
        recording.recs if recording is not None and recording.trace is trace else None
    )


_guarded: Any = property(_own, _open.__set__)


def listed(trace: Trace) -> bool:
    """Whether any thread at all records in this trace."""
    return _open.__get__(trace) is not None


class Presence:
    """One for each thread that uses tapes.

    While there is one only, ``trace.recs`` is plainly there. As soon as there are more,
    a list shows itself only to the thread that records it.
    """

    threads: ClassVar[set[int]] = set()

    def __init__(self) -> None:
        self.threads.add(id(self))
        self._switch()

    def __del__(self) -> None:
        if sys is None or sys.is_finalizing():  # the modules are being taken apart
            return
        self.threads.discard(id(self))
        self._switch()

    def _switch(self) -> None:
        recs = _guarded if len(self.threads) > 1 else _open
        if Trace.__dict__["recs"] is not recs:
            Trace.recs = recs


class ActiveTapes:
    """A set of recording tapes for as long as it stays the same: its identity counts.

    When the set changes it is emptied, so that who remembers it keeps no tape alive.
    """

    __slots__ = ("recording", "tapes")

    recording: Recording | None
    tapes: tuple[Any, ...]


class TapeStack(threading.local):
    """The tapes that record in this thread, outermost first.

    ``now`` is a fresh ``ActiveTapes`` for each change of that set, None when it is empty:
    a variable that has seen ``now`` is known to all of them. ``listeners`` are told of
    every gradient and every assignment, and ``by`` is the optimizer that assigns, if it
    is one. ``scope`` begins the name of every new variable.
    """

    now: ActiveTapes | None = None
    listeners: tuple[Callable[..., None], ...] = ()
    by: Any = None
    scope: str = ""

    def __init__(self) -> None:
        self.presence = Presence()

    @property
    def recording(self) -> Recording | None:
        """The book that the tapes write."""
        now = self.now
        return None if now is None else now.recording

    @property
    def tapes(self) -> tuple[Any, ...]:
        """The tapes that record."""
        now = self.now
        return () if now is None else now.tapes

    def note(self, what: str, thing: Any, into: Any = None) -> None:
        """Tell the book, if there is one, that a value leaves."""
        if self.now is not None and self.now.recording is not None:
            self.now.recording.note(what, thing, into)

    def set(self, tapes: tuple[Any, ...], recording: Recording | None) -> None:
        """Let exactly these tapes record, in this book."""
        self.change(self.now, tapes, recording)

    def change(
        self,
        old: ActiveTapes | None,
        tapes: tuple[Any, ...],
        recording: Recording | None,
    ) -> None:
        """The same for one who has looked up ``now`` already."""
        if old is not None:
            if old.recording is not None and old.recording is not recording:
                old.recording.trace.recs = None
            old.recording, old.tapes = None, ()
        if tapes and recording is not None:
            self.now = now = ActiveTapes()
            now.recording, now.tapes = recording, tapes
            recording.trace.recs = recording.recs
        else:
            self.now = None
            if recording is not None:
                recording.trace.recs = None


tape_stack = TapeStack()
