"""What a tape recorded, as frozen data with names: the one door for readers.

``tape.records()`` gives ``Records``: a sequence of ``Record``, and beside it the
events, the scopes and what the tape watches. It is a snapshot; reading it changes
nothing and uses nothing up. How the engine itself stores a record is nobody else's
business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import Any, NamedTuple, overload

from tapeviz.engine.complex_gradients import conjugated
from tapeviz.engine.counted import reached, spans
from tapeviz.engine.dispatch import FORWARD, SHOWN, VJP, VJP_TENSORS
from tapeviz.engine.indexed_slices import whole
from tapeviz.engine.ops import TABLE
from tapeviz.engine.primitives import Op, Rule
from tapeviz.engine.recording import OFF, READ, VARIABLE, WATCHED, Recording
from tapeviz.engine.tensor import Tensor, Variable, array_of

_HEAD, _ATOM = 64, 8


class CallSite(NamedTuple):
    """An instruction of the learner's: its code object and the offset in it."""

    code: CodeType
    instruction: int


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a recording: an operation, or a leaf that operations start from.

    ``index`` is its place in the recording and names it. ``op`` is the registry's
    entry; ``operands`` are the indices of the operands, -1 for a constant, and
    ``values`` what the record keeps of their values (None: not needed by any rule).
    ``result`` is the value of a leaf, or the op's own where a rule needs it, else
    None. ``extras`` are the op's settings and the shapes that its rules ask for; of an
    op that broadcasts the operands' shapes, None where they are one shape.
    ``call_site`` is None where no line of the learner's is known.
    """

    index: int
    op: Op
    operands: tuple[int, ...]
    values: tuple[Any, ...]
    result: Any
    extras: tuple[Any, ...] | None
    call_site: CallSite | None

    @property
    def kind(self) -> str:
        """variable, watched, read (of a variable that was assigned to) or op."""
        return self.op.name if self.op.code <= READ else "op"

    @property
    def is_leaf(self) -> bool:
        """Whether it is a variable or a watched tensor."""
        return self.op.code in (VARIABLE, WATCHED)

    @property
    def label(self) -> str:
        """The name that the learner gave to a leaf's variable, else ""."""
        return given_name(self.settings[0]) if self.is_leaf else ""

    @property
    def settings(self) -> tuple[Any, ...]:
        """The op's arguments that are no tensors, in the order of ``op.settings``."""
        if self.op.broadcasts or self.extras is None:
            return ()
        return self.extras[: len(self.op.settings)]

    @property
    def was_broadcast(self) -> bool:
        """Whether operands of several shapes were brought to one."""
        return self.op.broadcasts and self.extras is not None

    @property
    def nbytes(self) -> int:
        """The bytes of the record alone, without the arrays it refers to."""
        atoms = 2 if self.op.many else 2 * len(self.operands)
        return _HEAD + _ATOM * (5 if self.is_leaf else 5 + atoms)

    def rule(self, slot: int) -> Rule | None:
        """The vjp rule of an operand; None if no gradient passes to it."""
        return self.op.rules[0 if self.op.many else slot]

    def forward(self, operands: Sequence[Any]) -> Any:
        """The op's result for other values of its operands, or these again."""
        given = [list(operands)] if self.op.many else operands
        return FORWARD[self.op.code](*given, *self.settings)

    def vjp(self, slot: int, g: Any) -> Any:
        """What an upstream gradient ``g`` gives to an operand; None for nothing."""
        vjp = conjugated(SHOWN).vjp(self._row, slot)
        return None if vjp is None else vjp(g, self._row)

    def local(self, slot: int, g: Any) -> Any:
        """The rule's own value, without the conjugates that complex numbers ask for."""
        vjp = SHOWN.vjp(self._row, slot)
        return None if vjp is None else vjp(g, self._row)

    @property
    def _row(self) -> tuple[Any, ...]:
        """The record as the engine stores it."""
        many = self.op.many
        head = (self.operands, self.values) if many else (*self.operands, *self.values)
        site = self.call_site or (None, -1)
        return (self.op.code, *head, self.result, self.extras, *site)


@dataclass(frozen=True, slots=True)
class Event:
    """A recorded value went where no gradient can follow.

    ``what`` is ``"left"`` (for Python or NumPy), ``"compared"`` (``if``, ``while``, an
    index: what Python does next hangs on it), ``"assigned"`` or ``"made"`` (a variable
    of it). ``before`` is how many records there were, ``index`` the value's
    record, ``variable`` what it went into, if it was one.
    """

    what: str
    before: int
    index: int
    variable: Variable | None
    call_site: CallSite


@dataclass(frozen=True, slots=True)
class RecordScope:
    """The records of one layer or loss: from ``start`` to before ``stop``."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Watched:
    """A tensor or variable that a tape watches, its record, and since which record."""

    index: int
    thing: Any
    since: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What ``gradient`` was asked last: targets, their seeds, and sources."""

    targets: list[Any]
    seeds: list[Any]
    sources: list[Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """The error that ended a tape's block: class, text and where it was raised."""

    kind: str
    text: str
    call_site: CallSite | None


class Records(Sequence[Record]):
    """The recording that a tape writes in, as that tape sees it.

    It holds the records of all tapes that share the recording; ``spans`` says which are
    this tape's own. ``is_empty``: the tape's block has not run at all; ``entered``: the
    ``with`` that entered it, None if none did; ``dropped``: how many operations
    ``reset()`` threw away; ``is_used_up``: ``gradient`` was called, on a tape that is
    not persistent; ``watches_variables``: when they are read.

    >>> from tapeviz.engine.tape import GradientTape
    >>> x = Variable(3.0)
    >>> with GradientTape() as tape:
    ...     y = x * x
    >>> [(record.op.name, record.operands) for record in tape.records()]
    [('variable', ()), ('multiply', (0, 0))]
    >>> tape.records()[-1].values
    (np.float32(3.0), np.float32(3.0))
    """

    def __init__(self, tape: Any) -> None:
        self._tape = tape
        self._recording: Recording | None = tape._recording
        rows = [] if self._recording is None else self._recording.recs
        self._size = len(rows)
        self.is_empty = tape._recording is None
        self.entered = CallSite(*tape._entered) if tape._entered else None
        self.dropped: int = tape._dropped
        self.is_used_up, self.is_persistent = bool(tape._used), bool(tape._persistent)
        self.watches_variables = bool(tape._accessed)

    @cached_property
    def _records(self) -> tuple[Record, ...]:
        if self._recording is None:
            return ()
        rows = self._recording.recs[: self._size]
        for start, stop, *site in self._recording.sweeps:
            rows[start:stop] = [(*row[:-2], *site) for row in rows[start:stop]]
        return tuple(self.adapted(_record(i, row)) for i, row in enumerate(rows))

    def adapted(self, record: Record) -> Record:
        """A record as readers get it: as it is, where the tape is the engine's own."""
        return record

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Record, ...]: ...
    def __getitem__(self, index: Any) -> Any:
        """A record by its index, or a tuple of some."""
        return self._records[index]

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    # -- beside the records ----------------------------------------------------------

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Where recorded values went that no gradient can follow."""
        rows = () if self._recording is None else self._recording.events
        return tuple(
            Event(what, before, index, into, CallSite(code, instruction))
            for what, before, index, into, code, instruction in rows
        )

    @property
    def scopes(self) -> tuple[RecordScope, ...]:
        """The layers and losses, inner ones first."""
        rows = () if self._recording is None else self._recording.groups
        return tuple(RecordScope(*row) for row in rows)

    @cached_property
    def windows(self) -> tuple[range, ...]:
        """What was recorded while this tape did, by index."""
        return tuple(self._ranges(self._tape._windows))

    @cached_property
    def spans(self) -> tuple[range, ...]:
        """The windows, and the reads of assigned variables outside of them."""
        return tuple(self._ranges(spans(self._tape)))

    def _ranges(self, spans: list[list[int]]) -> Iterator[range]:
        for start, stop in spans:
            yield range(start, self._size if stop < 0 else min(stop, self._size))

    @cached_property
    def watched(self) -> tuple[Watched, ...]:
        """What the tape watches, in the order in which it was noticed."""
        late = self._tape._late
        return tuple(
            Watched(index, thing, late.get(key, 0))
            for key, (index, thing) in self._tape._watched.items()
        )

    @property
    def asked(self) -> Asked | None:
        """What ``gradient`` was asked last; None if it never was."""
        last = self._tape._last
        if last is None:
            return None
        seeds, sources = last
        return Asked([t for t, _ in seeds], [g for _, g in seeds], list(sources))

    @property
    def failed(self) -> Failure | None:
        """The error that ended the block, if one did."""
        if not self._tape._failed:
            return None
        kind, text, *site = self._tape._failed
        return Failure(kind, text, CallSite(*site) if site else None)

    # -- questions -------------------------------------------------------------------

    def index_of(self, thing: Any) -> int:
        """The index of a tensor or variable; -1 if it is not in the recording."""
        return int(self._tape._index_of(thing))

    def shares(self, other: Records) -> bool:
        """Whether two tapes write in one recording."""
        return self._recording is not None and self._recording is other._recording

    def is_foreign(self, thing: Any) -> bool:
        """Whether a tensor belongs to another recording."""
        handle = getattr(thing, "_t", OFF)
        mine = self._recording
        return handle is not OFF and (mine is None or handle is not mine.handle)

    def depends(self, index: int) -> bool:
        """Whether a record's value depends on what the tape watches."""
        return bool(reached(self._tape, self._size)[index])

    def backward_steps(self, targets: Any, seeds: Any) -> Iterator[tuple[Any, ...]]:
        """The reverse sweep step by step, as ``GradientTape.backward_steps``."""
        return iter(self._tape.backward_steps(targets, seeds))

    def gradient(self, targets: list[Any], seeds: list[Any], source: Any) -> Any:
        """The array that ``gradient`` would give for a source; None for None."""
        pairs = list(zip(targets, seeds, strict=True))
        (g,) = self._tape._pull(pairs, [source], VJP, VJP_TENSORS)
        if g is None or array_of(source).dtype.kind not in "fc":
            return None
        g = whole(g)
        return array_of(g) if isinstance(g, Tensor) else g


def _record(index: int, row: tuple[Any, ...]) -> Record:
    """A record of the engine with names."""
    op = TABLE[row[0]]
    if op.code in (VARIABLE, WATCHED):
        return Record(index, op, (), (), row[1], row[2], None)
    operands, values = op.inputs(row), op.values(row)
    *_, result, extras, code, instruction = row
    site = None if code is None else CallSite(code, instruction)
    return Record(index, op, operands, values, result, extras, site)


def given_name(thing: Any) -> str:
    """The name that a learner gave to a variable (or the name itself), else ""."""
    name: str = thing._name if isinstance(thing, Variable) else thing
    return "" if name == "Variable" else name
