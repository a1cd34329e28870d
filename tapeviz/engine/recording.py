"""The recording (Wengert list), its leaves, and the stack of tapes of each thread.

One flat list of records is the whole recording. A record is a tuple of atoms: the op's
number, the indices of its operands in the list (-1 for a constant), the values its vjp
rules need, and its call site (code object, instruction offset). A value is known by its
index in the list. Indices grow with time, so the list is sorted topologically as it is,
and walking it backwards is the reverse sweep.

Nested tapes share one list: each tape is a window on it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from threading import get_ident
from types import FrameType, MappingProxyType
from typing import Any, ClassVar, cast
from weakref import WeakSet

from numpy import float32 as f32

from tapeviz.errors import caller

VARIABLE, WATCHED, READ = 0, 1, 2
"""The numbers of the three ops that are not computations."""

Record = tuple[Any, ...]


class RecordingHandle:
    """What each recorded tensor points to, to say which recording it is in.

    ``recs`` is the list of records while they are being recorded, else None; a tensor
    does not keep the list alive. ``cut``: an op without a gradient was recorded.
    ``has_complex``: there are complex numbers. ``kept_indices`` has the tensors of this
    recording that point to another by now, because a later tape watches them:
    ``id(tensor)`` to ``(index, tensor)``.
    """

    __slots__ = ("__dict__", "recs")

    recs: list[Record] | None
    cut = False
    has_complex = False
    kept_indices: dict[int, tuple[int, Any]] | None = None

    def keep_index(self, tensor: Any, index: int) -> None:
        """Remember the index of a tensor that is about to join another recording."""
        if self is not OFF:
            self.kept_indices = self.kept_indices or {}
            self.kept_indices[id(tensor)] = (index, tensor)

    def take_back(self) -> None:
        """Point the tensors that have left for other recordings to this one again."""
        for index, tensor in list((self.kept_indices or {}).values()):
            if hasattr(tensor, "_seen") or tensor._t is self:
                continue
            tensor._t.keep_index(tensor, tensor._i)
            tensor._t, tensor._i = self, index


OFF = RecordingHandle()
OFF.recs = None
"""The handle of everything that is not recorded."""


class Recording:
    """One recording: its list, and the leaves (variables, watched tensors) in it.

    ``leaves`` maps ``id(object)`` to ``[first index, current index, current value,
    object]``, which keeps those objects alive. A variable that is read after an
    assignment gets a new record, whose gradient flows on to its first; ``reads`` lists
    the indices of those. ``groups`` says which records belong together: ``(name, start,
    stop)`` for each layer or loss, inner ones first. ``events`` lists where a recorded
    value went where no gradient can follow: ``(what, number of records before, its
    index, variable or None, code, instruction)``. ``tapes`` counts the tapes that wrote
    in it. ``moved``: the recording that it was joined to, and by how much. ``again``
    has the variables that a tape began to watch late, and their indices then.
    """

    groups: Sequence[tuple[str, int, int]] = ()
    reads: Sequence[int] = ()
    events: Sequence[tuple[Any, ...]] = ()
    moved: tuple[Recording | None, int] = (None, 0)
    again: Mapping[int, int] = MappingProxyType({})

    def __init__(self) -> None:
        self.handle = handle = RecordingHandle()
        handle.recs = None
        self.recs: list[Record] = []
        self.leaves: dict[int, list[Any]] = {}
        self.tapes = 0

    def enter(self, field: str, *entries: Any) -> None:
        """Add entries to ``groups``, ``reads`` or ``events``; most have none."""
        self.__dict__.setdefault(field, []).extend(entries)

    def leaf(self, thing: Any, code: int, name: str) -> list[Any]:
        """Record a variable or watched tensor, once; its entry in ``leaves``."""
        leaf = self.leaves.get(id(thing))
        if leaf is None:
            index, value = len(self.recs), thing._v
            self.recs.append((code, value, (name,), None, -1))
            self.leaves[id(thing)] = leaf = [index, index, value, thing]
            if value.__class__ is not f32 and value.dtype.kind == "c":
                self.handle.has_complex = True
        return leaf

    def current_index(self, variable: Any) -> int:
        """The index of a variable's present value; -1 if it was never read here."""
        leaf = self.leaves.get(id(variable))
        if leaf is None:
            return -1
        value = variable._v
        if leaf[2] is not value:  # in an order that an interrupt may break off
            self._read(leaf, self.again.get(id(variable), leaf[0]), value)
        now: int = leaf[1]
        return now

    def _read(self, leaf: list[Any], earlier: int, value: Any) -> None:
        index = len(self.recs)
        self.recs.append((READ, earlier, None, value, None, None, -1))
        self.enter("reads", index)
        leaf[1] = index
        leaf[2] = value

    def read_again(self, variable: Any) -> int:
        """The index from which on a tape counts a variable that it begins to watch.

        What was read before, for other tapes, does not count for this one.
        """
        leaf = self.leaf(variable, VARIABLE, variable._name)
        if leaf[1] + 1 < len(self.recs) or leaf[2] is not variable._v:
            self._read(leaf, leaf[1], variable._v)
        if leaf[1] != leaf[0]:  # later reads pass on to this one
            self.again = {**self.again, id(variable): leaf[1]}
        return int(leaf[1])

    def find(self, thing: Any) -> int:
        """The index of a leaf, or of a tensor that has left for another tape; or -1."""
        leaf = self.leaves.get(id(thing))
        if leaf is not None:
            return int(leaf[0])
        kept_indices = self.handle.kept_indices
        return (
            kept_indices[id(thing)][0]
            if kept_indices is not None and id(thing) in kept_indices
            else -1
        )

    def note(self, what: str, thing: Any, into: Any = None) -> None:
        """Add an event: a value left for Python or NumPy, or went into a variable."""
        handle, index = _locate(thing)
        frame = caller() if handle is self.handle and index >= 0 else None
        while frame is not None and _in_numpy(frame):
            frame = frame.f_back
        if frame is not None:
            call_site = (frame.f_code, frame.f_lasti)
            self.enter("events", (what, len(self.recs), index, into, *call_site))


def _in_numpy(frame: FrameType) -> bool:
    """Whether a frame runs NumPy's own Python code, which a learner called."""
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "numpy"


def _locate(thing: Any) -> tuple[Any, int]:
    """The handle and index of a tensor or variable; ``(None, -1)`` for others."""
    if hasattr(thing, "_t"):
        return thing._t, thing._i
    return thing._read()[1:] if hasattr(thing, "_read") else (None, -1)


_plain_recs: Any = RecordingHandle.__dict__["recs"]
"""The slot that holds the list of records, readable from every thread."""


def _own(handle: RecordingHandle) -> list[Record] | None:
    """The list of records, if this thread is recording it."""
    recording = tape_stack.recording
    return (
        recording.recs if recording is not None and recording.handle is handle else None
    )


_own_thread_recs: Any = property(_own, _plain_recs.__set__)


def records_in_any_thread(handle: RecordingHandle) -> bool:
    """Whether any thread at all is recording there."""
    return _plain_recs.__get__(handle) is not None


def _choose_recs() -> None:
    """Let ``handle.recs`` be the plain slot, unless others must not see it."""
    many = len(ThreadRegistration.threads) > 1 or _task_tapes.apart
    recs = _own_thread_recs if many else _plain_recs
    if RecordingHandle.__dict__["recs"] is not recs:
        RecordingHandle.recs = recs


class ThreadRegistration:
    """Counts the threads that use tapes; each has one, which dies with it.

    While there is one thread only, ``handle.recs`` is a plain slot, which is fast. As
    soon as there are more it is a property: None but to the thread that is recording.
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
        _choose_recs()


class ActiveTapes:
    """The tapes that record right now, and the recording they share.

    Every change of that set makes a new object, so ``is`` tells whether anything has
    changed since a variable was last read. The old one is emptied, so that variables
    which still refer to it keep no tape alive; but not while tasks may share it.
    """

    __slots__ = ("recording", "tapes")

    recording: Recording | None
    tapes: tuple[Any, ...]


class TaskTapes:
    """Keeps the tapes of concurrent tasks apart while a block with ``await`` is open.

    ``open`` are the tapes entered since, ``apart`` says whether there are any (which
    takes a ``WeakSet`` long to say). While there are, ``TapeStack.now`` is a property
    that looks into the context of the running task (``contextvars``), which begins with
    the tapes of whoever started the task; and ``handle.recs`` is None but to the task
    that records. Else both are plain attributes, which are fast.
    """

    def __init__(self) -> None:
        self.open: WeakSet[Any] = WeakSet()
        self.apart = False
        self.turn = 0
        self.var: ContextVar[tuple[int, int, Any]] = ContextVar(
            "tapes", default=(-1, 0, None)
        )

    def enter(self, tape: Any) -> None:
        """Count a tape that is about to record."""
        if not self.open:
            self.turn += 1
        self.open.add(tape)
        self.apart = True
        if not isinstance(TapeStack.__dict__["now"], property):
            # A property in place of the class's attribute: mypy knows only the latter.
            TapeStack.now = property(self._get, self._set)  # type: ignore[assignment]
            _choose_recs()

    def leave(self, tape: Any) -> None:
        """Forget a tape that has stopped."""
        self.open.discard(tape)
        self.apart = len(self.open) > 0
        if not self.apart and isinstance(TapeStack.__dict__["now"], property):
            now = self._get(tape_stack)
            TapeStack.now = None
            tape_stack.now = now
            _choose_recs()

    def _get(self, stack: TapeStack) -> ActiveTapes | None:
        turn, thread, now = self.var.get()
        if turn != self.turn or thread != get_ident():
            now = stack.__dict__.get("now")
        if now is None or now.recording is None:
            return None
        if all(tape._is_recording for tape in now.tapes):
            return cast("ActiveTapes", now)
        left = tuple(tape for tape in now.tapes if tape._is_recording)
        found = _active(left, now.recording) if left else None
        self._set(stack, found)
        return found

    def _set(self, _stack: TapeStack, now: ActiveTapes | None) -> None:
        self.var.set((self.turn, get_ident(), now))


_task_tapes = TaskTapes()


def _active(tapes: tuple[Any, ...], recording: Recording) -> ActiveTapes:
    now = ActiveTapes()
    now.recording, now.tapes = recording, tapes
    return now


class TapeStack(threading.local):
    """The tapes that record in this thread, outermost first.

    ``now`` is the present ``ActiveTapes``, None if there is no tape: a variable whose
    last read saw ``now`` is known to all of them. ``listeners`` are called after every
    gradient and every assignment; ``optimizer`` is the one that is assigning, if any.
    ``scope`` is the prefix of the names of new variables.
    """

    now: ActiveTapes | None = None
    listeners: tuple[Callable[..., None], ...] = ()
    optimizer: Any = None
    scope: str = ""

    def __init__(self) -> None:
        self.registration = ThreadRegistration()

    @property
    def recording(self) -> Recording | None:
        """The recording that the tapes write."""
        now = self.now
        return None if now is None else now.recording

    @property
    def tapes(self) -> tuple[Any, ...]:
        """The tapes that record."""
        now = self.now
        return () if now is None else now.tapes

    def note(self, what: str, thing: Any, into: Any = None) -> None:
        """Add an event to the recording, if there is one."""
        if self.now is not None and self.now.recording is not None:
            self.now.recording.note(what, thing, into)

    def set(self, tapes: tuple[Any, ...], recording: Recording | None) -> None:
        """Let exactly these tapes record, in this recording."""
        self.change(self.now, tapes, recording)

    def change(
        self,
        old: ActiveTapes | None,
        tapes: tuple[Any, ...],
        recording: Recording | None,
    ) -> None:
        """The same for a caller who has looked up ``now`` already, as ``old``.

        An interrupt may break it off anywhere. So what it finds open is what ``now``
        says: a handle is closed before ``now`` forgets it, and opened after ``now``
        has it; and what ``now`` holds is never an emptied object.
        """
        before = None if old is None else old.recording
        if before is not None and before is not recording:
            before.handle.recs = None
        if tapes and recording is not None:
            now = ActiveTapes()
            now.recording, now.tapes = recording, tapes
            self.now = now
            recording.handle.recs = recording.recs
        else:
            if recording is not None:
                recording.handle.recs = None
            self.now = None
        if old is not None and not _task_tapes.apart:
            old.recording, old.tapes = None, ()

    def drop_abandoned(self) -> ActiveTapes | None:
        """Close what an interrupted block has left open; the present ``now``."""
        now = self.now
        if now is None:
            return None
        left = tuple(tape for tape in now.tapes if not tape._is_abandoned())
        if len(left) == len(now.tapes) > 0 and now.recording is not None:
            return now
        for tape in now.tapes:
            if tape not in left:
                tape._abandon()
        self.change(now, left, now.recording)
        return self.now

    @property
    def has_tasks(self) -> bool:
        """Whether the tapes of tasks are kept apart now."""
        return _task_tapes.apart

    def enter_task(self, tape: Any) -> None:
        """A tape begins whose block can be suspended, or that is beside such a one."""
        _task_tapes.enter(tape)

    def leave_task(self, tape: Any) -> None:
        """A tape has stopped."""
        _task_tapes.leave(tape)


tape_stack = TapeStack()
