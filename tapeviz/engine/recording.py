"""The recording (Wengert list), its leaves, and the tapes that record right now.

One flat list of records is the whole recording. A record is a tuple of atoms: the op's
number, the indices of its operands in the list (-1 for a constant), the values its vjp
rules need, and its call site (code object, instruction offset). A value is known by its
index in the list. Indices grow with time, so the list is sorted topologically as it is,
and walking it backwards is the reverse sweep.

Nested tapes share one list: each tape is a window on it. Which tapes record is a matter
of the context (``contextvars``): each thread and each asyncio task has its own. A
generator runs in the context of whoever asks it for its next value; so what happens
while it waits inside a tape's block is recorded by that tape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from types import CodeType, FrameType, MappingProxyType
from typing import Any

from numpy import float32 as f32

from tapeviz.errors import caller

VARIABLE, WATCHED, READ = 0, 1, 2
"""The numbers of the three ops that are not computations."""

Record = tuple[Any, ...]


class RecordingHandle:
    """What each recorded tensor points to, to say which recording it is in.

    ``recs`` is the list of records while tapes write in it, else None; a tensor does
    not keep the list alive. ``cut``: an op without a gradient was recorded.
    ``has_complex``: there are complex numbers. ``kept_indices`` has the tensors of this
    recording that point to another by now, because a later tape watches them:
    ``id(tensor)`` to ``(index, tensor)``. ``moved``: the records are part of another
    recording now, so much further on.
    """

    __slots__ = ("__dict__", "recs")

    recs: list[Record] | None
    cut = False
    has_complex = False
    kept_indices: dict[int, tuple[int, Any]] | None = None
    moved: tuple[RecordingHandle, int] | None = None

    def __init__(self) -> None:
        self.recs = None

    def keep_index(self, tensor: Any, index: int) -> None:
        """Remember the index of a tensor that is about to join another recording."""
        if self is not OFF and self is not SHARED:
            self.kept_indices = self.kept_indices or {}
            self.kept_indices[id(tensor)] = (index, tensor)


OFF = RecordingHandle()
"""The handle of everything that is not recorded."""

SHARED = RecordingHandle()
"""That of a tensor in several recordings; each knows its index."""


class Recording:
    """One recording: its list, and the leaves (variables, watched tensors) in it.

    ``leaves`` maps ``id(object)`` to ``[first index, current index, current value,
    object]``, which keeps those objects alive. A variable that is read after an
    assignment gets a new record, whose gradient flows on to its first; ``reads`` lists
    the indices of those. ``groups`` says which records belong together: ``(name, start,
    stop)`` for each layer or loss, inner ones first. ``events`` lists where a recorded
    value went where no gradient can follow: ``(what, number of records before, its
    index, variable or None, code, instruction)``. ``sweeps`` lists what reverse sweeps
    recorded, and the learner's call that asked for it: ``(start, stop, code,
    instruction)``. ``tapes`` counts the tapes that wrote
    in it, ``writing`` are those that do so now. ``moved``: the recording that it was
    joined to, and by how much. ``again`` has the variables that a tape began to watch
    late, and their indices then.
    """

    groups: Sequence[tuple[str, int, int]] = ()
    reads: Sequence[int] = ()
    events: Sequence[tuple[Any, ...]] = ()
    sweeps: Sequence[tuple[int, int, CodeType, int]] = ()
    moved: tuple[Recording | None, int] = (None, 0)
    again: Mapping[int, int] = MappingProxyType({})

    def __init__(self) -> None:
        self.handle = RecordingHandle()
        self.recs: list[Record] = []
        self.leaves: dict[int, list[Any]] = {}
        self.tapes = 0
        self.writing: list[Any] = []

    def open(self, tape: Any) -> None:
        """A tape writes in it from now on."""
        self.writing.append(tape)
        self.handle.recs = self.recs

    def close(self, tape: Any) -> None:
        """A tape writes in it no longer."""
        if self.writing == [tape]:
            self.handle.recs = None
            self.writing = []
        else:
            self.writing = [t for t in self.writing if t is not tape]

    def enter(self, field: str, *entries: Any) -> None:
        """Add entries to ``groups``, ``reads`` and the like; most have none."""
        self.__dict__.setdefault(field, []).extend(entries)

    def append(self, record: Record) -> int:
        """Add a record; its index."""
        recs, index = self.recs, len(self.recs)
        recs.append(record)
        return index if recs[index] is record else index_of(record, recs)

    def leaf(self, thing: Any, code: int, name: str) -> list[Any]:
        """Record a variable or watched tensor, once; its entry in ``leaves``."""
        key = id(thing)
        leaf = self.leaves.get(key)
        if leaf is None:
            value = thing._v
            index = self.append((code, value, (name,), None, -1))
            leaf = self.leaves.setdefault(key, [index, index, value, thing])
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
        index = self.append((READ, earlier, None, value, None, None, -1))
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
        """The index of a leaf or a tensor; -1 if it is not in this recording."""
        leaf = self.leaves.get(id(thing))
        if leaf is not None:
            return int(leaf[0])
        kept_indices = self.handle.kept_indices
        if kept_indices is not None and id(thing) in kept_indices:
            return kept_indices[id(thing)][0]
        handle: RecordingHandle = getattr(thing, "_t", OFF)
        index: int = getattr(thing, "_i", -1)
        while handle.moved is not None and handle is not self.handle:
            handle, by = handle.moved
            index += by
        return index if handle is self.handle else -1

    def note(self, what: str, thing: Any, into: Any = None) -> None:
        """Add an event: a value left for Python or NumPy, or went into a variable."""
        index = thing._index() if hasattr(thing, "_index") else -1
        frame = caller() if index >= 0 else None
        while frame is not None and _in_numpy(frame):
            frame = frame.f_back
        if frame is not None:
            call_site = (frame.f_code, frame.f_lasti)
            self.enter("events", (what, len(self.recs), index, into, *call_site))


def index_of(record: Record, recs: list[Record]) -> int:
    """The index of a record that another thread has come before."""
    return next(i for i in range(len(recs) - 1, -1, -1) if recs[i] is record)


def _in_numpy(frame: FrameType) -> bool:
    """Whether a frame runs NumPy's own Python code, which a learner called."""
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "numpy"


class ActiveTapes:
    """The tapes that record in a context, outermost first, and what they write.

    It never changes: another set of tapes is another object with another ``key``, so
    ``is`` tells whether anything has changed since a variable was last read.
    """

    __slots__ = ("handle", "key", "recording", "tapes")

    def __init__(self, tapes: tuple[Any, ...], recording: Recording | None) -> None:
        self.tapes = tapes
        self.recording = recording
        self.handle = RecordingHandle() if recording is None else recording.handle
        self.key = object()


NO_TAPES = ActiveTapes((), None)
_tapes = ContextVar("tapes", default=NO_TAPES)
_listeners: ContextVar[Any] = ContextVar("listeners", default=())
_optimizer: ContextVar[Any] = ContextVar("optimizer", default=None)
_scope = ContextVar("scope", default="")

active = _tapes.get
"""The ``ActiveTapes`` of this context."""

listening = _listeners.get
"""What is called after every gradient and every assignment in this context."""


class TapeStack:
    """What the running context says of tapes and of whoever watches them.

    ``listeners`` are called after every gradient and every assignment; ``optimizer`` is
    the one that is assigning, if any. ``scope`` is the prefix of the names of new
    variables.
    """

    @property
    def recording(self) -> Recording | None:
        """The recording that the tapes write."""
        return active().recording

    @property
    def tapes(self) -> tuple[Any, ...]:
        """The tapes that record."""
        return active().tapes

    listeners = property(
        lambda _: _listeners.get(), lambda _, new: _listeners.set(new) and None
    )
    optimizer = property(
        lambda _: _optimizer.get(), lambda _, new: _optimizer.set(new) and None
    )
    scope = property(lambda _: _scope.get(), lambda _, new: _scope.set(new) and None)

    def note(self, what: str, thing: Any, into: Any = None) -> None:
        """Add an event to the recording, if there is one."""
        recording = active().recording
        if recording is not None:
            recording.note(what, thing, into)

    def set(self, tapes: tuple[Any, ...], recording: Recording | None) -> None:
        """Let exactly these tapes record, in this recording."""
        _tapes.set(ActiveTapes(tapes, recording) if tapes and recording else NO_TAPES)

    def drop_abandoned(self) -> ActiveTapes:
        """Close what an interrupted block has left open; the present tapes."""
        now = active()
        left = tuple(tape for tape in now.tapes if not tape._is_abandoned())
        if len(left) < len(now.tapes):
            for tape in now.tapes:
                if tape not in left:
                    tape._abandon()
            self.set(left, now.recording)
        return active()


tape_stack = TapeStack()
