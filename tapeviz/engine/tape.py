"""GradientTape: it records operations, then runs the reverse sweep over them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from types import MappingProxyType, TracebackType
from typing import Any, Self

import numpy as np

from tapeviz.engine import foreign_names, nest, with_blocks
from tapeviz.engine.complex_gradients import conjugated, contribution
from tapeviz.engine.dispatch import (
    VJP,
    VJP_BATCHED,
    VJP_BATCHED_TENSORS,
    VJP_STEPS,
    VJP_TENSORS,
    call,
)
from tapeviz.engine.dtypes import TensorShape
from tapeviz.engine.indexed_slices import Rows
from tapeviz.engine.ops import TABLE
from tapeviz.engine.primitives import Sweep
from tapeviz.engine.recording import (
    OFF,
    READ,
    VARIABLE,
    WATCHED,
    Record,
    Recording,
    records_in_any_thread,
    tape_stack,
)
from tapeviz.engine.records import Records
from tapeviz.engine.splice import joined_index, splice
from tapeviz.engine.tensor import Shared, Tensor, Variable, convert, sizes, wrap
from tapeviz.errors import InvalidArgumentError, caller, error_message, own


class UnconnectedGradients(Enum):
    """What ``gradient`` gives for a source the target does not depend on."""

    NONE = "none"
    ZERO = "zero"


f32 = np.float32
ONE = f32(1)
REACHED, RECORDED = 1, 2
"""Marks of a record for one tape: its value depends on what is watched; its op counts.

A value that is watched itself is reached though its op was not recorded.
"""
_NONE = UnconnectedGradients.NONE
Seeds = list[tuple[Any, Any]]
"""Targets, each with its seed: the upstream gradient that the sweep starts from."""


class GradientTape:
    """Records the operations in its block, to differentiate them.

    Trainable variables are watched when they are read; other tensors after
    ``watch``. A tape can be asked for gradients once, or, with ``persistent=True``,
    as often as you like.

    >>> from tapeviz.engine.tensor import Variable
    >>> x = Variable(3.0)
    >>> with GradientTape() as tape:
    ...     y = x * x
    >>> tape.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=6.0>
    """

    _recording: Recording | None = None
    _is_recording = False
    _used = False  # gradient was called, on a tape that is not persistent
    _windows: list[list[int]]  # [start, stop] in the recording; stop is -1 while open
    _watched: dict[int, tuple[int, Any]]  # id(leaf): its index, the leaf
    _late: Mapping[int, int] = MappingProxyType({})  # id(leaf): watched since
    _last: tuple[Seeds, list[Any]] | None = None  # the last gradient's arguments
    _entered: tuple[Any, ...] = ()  # call site of the block's with
    _failed: tuple[Any, ...] = ()  # the error that ended the block: class, text, site
    _block: with_blocks.Block | None = None  # the block that it was entered by
    _dropped = 0  # operations that reset() threw away

    def __init__(
        self, persistent: bool = False, watch_accessed_variables: bool = True
    ) -> None:
        self._persistent = persistent
        self._accessed = watch_accessed_variables
        self._windows = []
        self._watched = {}

    # -- recording -----------------------------------------------------------------

    def __enter__(self) -> Self:
        now = tape_stack.now
        if now is not None:
            now = tape_stack.drop_abandoned()
        if self._is_recording and (now is None or self not in now.tapes):
            self._abandon()
        if self._is_recording:
            raise ValueError(
                error_message(
                    "Tape is still recording, This can happen if you try to re-enter "
                    "an already-active tape.",
                    "use a second tape for the inner block",
                )
            )
        if self._recording is None or self._used:
            self._begin(now)
        self._block = block = with_blocks.entered()
        self._entered = block[0].f_code, block[1]
        if with_blocks.suspends(block) or tape_stack.has_tasks:
            tape_stack.enter_task(self)
            now = tape_stack.now
        self._start(now)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_recording:
            self._stop()
        self._block = None
        if error is not None:
            self._failed = _failure(error, traceback)

    def _is_abandoned(self) -> bool:
        """Whether an interrupt has left the tape recording after its block."""
        block = self._block
        return not self._is_recording or (
            block is None or not with_blocks.running(block)
        )

    def _abandon(self) -> None:
        """End a window that an interrupt has left open."""
        recording, windows = self._recording, self._windows
        if recording is not None and windows and windows[-1][1] < 0:
            windows[-1][1] = len(recording.recs)
        self._is_recording, self._block = False, None
        tape_stack.leave_task(self)

    def _begin(self, now: Any) -> None:
        """A fresh recording: the one that outer tapes write, or a new one."""
        if self._recording is not None:
            self._windows, self._watched, self._late = [], {}, {}
            self._failed, self._dropped = (), 0
        self._recording = recording = Recording() if now is None else now.recording
        self._used = False
        recording.tapes += 1

    def _start(self, now: Any) -> None:
        """Begin a window, beside the tapes that record now (``now``)."""
        if now is not None and self._recording is not now.recording:
            self._join(now.recording)
            now = tape_stack.now
        recording: Any = self._recording
        recording.handle.take_back()
        if self._windows and self._windows[-1][1] < 0:  # left open by an interrupt
            self._windows[-1][1] = len(recording.recs)
        self._windows.append([len(recording.recs), -1])
        tape_stack.change(
            now, (self,) if now is None else (*now.tapes, self), recording
        )
        self._is_recording = True

    def _join(self, recording: Recording) -> None:
        """Move what is recorded into the recording that other tapes are writing."""
        old = self._recording
        if old is None:
            return
        moved, by = old.moved
        if moved is not recording:
            by = splice(old, recording)
            for tape in tape_stack.tapes:
                tape._windows[-1][1] = by
                tape._windows.append([len(recording.recs), -1])
        self._recording = recording
        self._windows = [[start + by, stop + by] for start, stop in self._windows]
        self._watched = {
            k: (joined_index(old, recording, i, by), t)
            for k, (i, t) in self._watched.items()
        }
        self._late = {k: since + by for k, since in self._late.items()}

    def _stop(self) -> None:
        """End the window."""
        recording: Any = self._recording
        window = self._windows[-1]
        window[1] = len(recording.recs)
        self._is_recording = False
        now = tape_stack.now
        tapes = () if now is None else now.tapes
        alone = len(tapes) == 1 and tapes[0] is self
        left = () if alone else tuple(t for t in tapes if t is not self)
        tape_stack.change(now, left, recording)
        if tape_stack.has_tasks:
            tape_stack.leave_task(self)

    def watch(self, tensor: Any) -> None:
        """Record what is computed from a tensor (or from any nest of tensors)."""
        for t in nest.leaves(tensor):
            if not isinstance(t, (Tensor, Variable)):
                raise ValueError(
                    error_message(
                        f"Passed in object {t} of type '{type(t).__name__}', not "
                        "tf.Tensor or tf.Variable or ExtensionType.",
                        "make a tensor of it first: tf.constant(...)",
                    )
                )
            if self._recording is None:
                raise AttributeError(
                    error_message(
                        "'NoneType' object has no attribute '_tape'",
                        "watch inside the block: "
                        "with tf.GradientTape() as tape: tape.watch(x)",
                    )
                )
            if t.dtype.np.kind not in "fc":
                _warn_dtype("watched tensor", t)
            elif self._is_recording:
                self._watch(t)

    def _watch(self, t: Any) -> None:
        recording = self._recording
        if recording is None:
            return
        if isinstance(t, Variable):
            if id(t) not in self._watched:
                self._watched[id(t)] = (recording.read_again(t), t)
            t._seen = (self, OFF, -1)
            return
        _mark_in_turn(t, recording)
        self._add(t, t._i, recording)

    def _add(self, t: Any, index: int, recording: Recording) -> None:
        """Watch the leaf at ``index`` in what is recorded from now on, not before."""
        if id(t) not in self._watched:
            self._watched[id(t)] = (index, t)
            if index + 1 < len(recording.recs):
                self._late = {**self._late, id(t): len(recording.recs)}

    def _notice(self, v: Variable, leaf: list[Any] | None) -> list[Any] | None:
        """A variable is read for the first time: watch it; its leaf, if it has one."""
        recording = self._recording
        if self._accessed and v._trainable and recording is not None:
            leaf = leaf or recording.leaf(v, VARIABLE, v._name)
            self._watched[id(v)] = (leaf[0], v)
        return leaf

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables this tape has seen, in the order they were made."""
        seen = [t for _, t in self._watched.values() if isinstance(t, Variable)]
        return tuple(sorted(seen, key=lambda v: v._made))

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Leave out what is computed in this block."""
        if self._recording is None:
            raise RuntimeError(
                error_message("Trying to stop recording a tape which is not recording.")
            )
        if not self._is_recording:
            raise ValueError(error_message("Tape is not recording."))
        self._stop()
        try:
            yield
        finally:
            if self._block is not None:  # not after an interrupt that ended the block
                self._start(tape_stack.now)

    def reset(self) -> None:
        """Forget all that was recorded and go on recording."""
        if not self._is_recording:
            raise ValueError(error_message("Tape is not recording."))
        self._stop()
        dropped = self._dropped + self._size()
        self._begin(tape_stack.now)
        self._start(tape_stack.now)
        self._dropped = dropped

    def _size(self) -> int:
        """How many operations the windows have."""
        recs = [] if self._recording is None else self._recording.recs
        return sum(
            recs[i][0] > READ for start, stop in self._windows
            for i in range(start, stop)
        )  # fmt: skip

    def records(self) -> Records:
        """What was recorded so far, as frozen records with names, to be read.

        >>> from tapeviz.engine.tensor import Variable
        >>> with GradientTape() as tape:
        ...     y = Variable(3.0) ** 2
        >>> [record.op.name for record in tape.records()]
        ['variable', 'power']
        """
        return Records(self)

    # -- differentiating -------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """The derivatives of ``target`` (a nest of targets is summed) by ``sources``.

        Each has the dtype and shape of its source, in the same nest; None where the
        target does not depend on it (``tapeviz.why`` tells the reason).
        """
        zero = unconnected_gradients is not _NONE and _unconnected(
            unconnected_gradients
        )
        targets = [target] if target.__class__ is Tensor else _leaves(target, "target")
        single = sources.__class__ is Variable
        flattened = [sources] if single else _leaves(sources, "source")
        self._ask()
        seeds = _seeds(targets, output_gradients)
        found = self._pull(seeds, flattened, VJP, VJP_TENSORS)
        if single:
            out = [_result(found[0], sources, zero)]
        else:
            out = [_result(g, s, zero) for g, s in zip(found, flattened, strict=True)]
        self._last = (seeds, flattened)
        for listener in tape_stack.listeners:
            listener("gradient", self, targets, flattened, out)
        return out[0] if single else nest.like(sources, out)

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """All derivatives of all entries: shape ``target.shape + source.shape``."""
        zero = _unconnected(unconnected_gradients)
        _one_tensor(target)
        _check(target, "target")
        _check(sources, "source")
        self._ask()
        if not experimental_use_pfor:
            self._ask_persistent("jacobian with eager execution enabled and with  ")
        flattened = nest.leaves(sources)
        size, shape = int(np.size(target._v)), tuple(target.shape)
        eye = np.eye(size, dtype=target._v.dtype).reshape(size, *shape)
        found = self._pull([(target, eye)], flattened, VJP_BATCHED, VJP_BATCHED_TENSORS)
        out = [
            _jacobian(g, s, shape, zero) for g, s in zip(found, flattened, strict=True)
        ]
        return nest.like(sources, out)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Tensor:
        """The Jacobian of each row.

        Its shape is ``(b, *target.shape[1:], *source.shape[1:])``. Row ``i`` of the
        target should depend on row ``i`` of the source only. Where it does not, the
        rows' derivatives are summed.
        """
        _unconnected(unconnected_gradients)
        _one_tensor(target)
        _check(target, "target")
        _check(source, "source")
        rows, columns = target.shape, source.shape
        _batches(rows, columns)
        self._ask()
        if not experimental_use_pfor:
            self._ask_persistent(
                "batch_jacobian with eager execution enabled and  with "
            )
        size = int(np.prod(rows[1:]))
        eye = np.eye(size, dtype=target._v.dtype).reshape(size, 1, *rows[1:])
        seed = np.repeat(eye, rows[0], axis=1)
        (g,) = self._pull([(target, seed)], [source], VJP_BATCHED, VJP_BATCHED_TENSORS)
        full = (*rows, *columns[1:])
        if g is None:
            return wrap(np.zeros(full, target._v.dtype))
        if not isinstance(g, Tensor):
            return wrap(np.moveaxis(g, 0, 1).reshape(full))
        swapped = call.transpose(g, (1, 0, *range(2, 1 + len(columns))))
        return call.reshape(swapped, full)

    def _ask_persistent(self, what: str) -> None:
        """RuntimeError unless persistent: TensorFlow would loop over gradients."""
        if not self._persistent:
            raise RuntimeError(
                error_message(
                    "GradientTape must be created with persistent=True to compute the "
                    f"{what}experimental_use_pfor set to False.",
                    "leave experimental_use_pfor out: one sweep finds all rows",
                )
            )

    def _ask(self) -> None:
        """Use the tape up, unless persistent; RuntimeError if it is used up already."""
        persistent = self._persistent
        if self._recording is None or (self._used and not persistent):
            raise RuntimeError(
                error_message(
                    "A non-persistent GradientTape can only be used to compute one set "
                    "of gradients (or jacobians)",
                    "ask for all at once, tape.gradient(y, [a, b]), or record with "
                    "tf.GradientTape(persistent=True)",
                )
            )
        self._used = not persistent
        if self._is_recording:
            _warn_inside() if persistent else self._stop()

    def _pull(
        self, seeds: Seeds, sources: list[Any], on_arrays: Sweep, on_tensors: Sweep
    ) -> list[Any]:
        """The sources' gradients; tensors if a tape records this sweep, else arrays."""
        recording = self._recording
        if recording is None:
            return [None] * len(sources)
        handle, start = recording.handle, len(recording.recs)
        taped = handle.recs is not None
        rules = on_tensors if taped else on_arrays
        keep = []
        for s in sources:
            keep.append(self._index_of(s))  # noqa: PERF401 - hot
        try:
            grads, loose = self._sweep(rules, seeds, keep, taped)
        except RuntimeWarning:  # warnings were made errors: nan and inf are values
            with np.errstate(all="ignore"):
                grads, loose = self._sweep(rules, seeds, keep, taped)
        if taped:
            _attribute(recording.recs, start)
        if loose or recording.tapes > 1 or handle.cut:
            return self._choose(grads, keep, loose, sources)
        found = []
        for i in keep:
            found.append(None if i < 0 else grads[i])  # noqa: PERF401 - hot
        return found

    def _sweep(
        self, rules: Sweep, seeds: Seeds, keep: list[int], taped: bool
    ) -> tuple[list[Any], dict[int, Any]]:
        """The reverse sweep: adjoints of all records, from the seeds backwards.

        It returns them by index, None once they are used up and not in ``keep``; and
        the seeds of the targets that were not recorded, by ``id``.
        """
        recording: Any = self._recording
        recs, handle, last = recording.recs, recording.handle, len(recording.recs)
        grads: list[Any] = [None] * last
        loose: dict[int, Any] = {}
        for t, seed in seeds:
            g = (
                convert(seed)
                if taped
                else seed._v
                if seed.__class__ is Tensor
                else seed
            )
            i = self._index_of(t)
            if i >= 0:
                grads[i] = g if grads[i] is None else grads[i] + g
            if i < 0 or recording.tapes > 1 or handle.cut:
                loose[id(t)] = g if id(t) not in loose else loose[id(t)] + g
        run = conjugated(rules).run if handle.has_complex else rules.run
        for start, stop in self._counted(seeds, keep, last)[::-1]:
            end = last if stop < 0 or stop > last else stop
            run(recs, grads, start, end, keep, handle)
        return grads, loose

    def _counted(self, seeds: Seeds, keep: list[int], last: int) -> list[list[int]]:
        """The spans of the records that this tape may count.

        An op counts if an operand was watched, or came from something watched, at the
        moment it ran. What was recorded is more than that only if this tape watched
        something late, or shares the recording and has a target that is a source too.
        """
        recording: Any = self._recording
        several = recording.tapes > 1 and any(
            self._index_of(t) in keep for t, _ in seeds
        )
        if keep.count(-1) == len(keep) or not (self._late or several):
            return self._spans() if recording.reads else self._windows
        marks = self._reached(last)
        spans: list[list[int]] = []
        for i in range(last):
            if marks[i] & RECORDED:
                if spans and spans[-1][1] == i:
                    spans[-1][1] = i + 1
                else:
                    spans.append([i, i + 1])
        return spans

    def _choose(
        self, grads: list[Any], keep: list[int], loose: Any, sources: Any
    ) -> list[Any]:
        """The sources' gradients, None for what this tape does not watch."""
        reached, out = None, []
        for i, s in zip(keep, sources, strict=True):
            if i >= 0 and id(s) not in self._watched:
                reached = reached or self._reached(len(grads))
            known = id(s) in self._watched or (reached is not None and reached[i])
            out.append(grads[i] if i >= 0 and known else loose.get(id(s)))
        return out

    def _index_of(self, t: Any) -> int:
        """The index of a target or source in this recording, -1 if it has none."""
        recording = self._recording
        if recording is None:
            return -1
        if t.__class__ is Variable:
            watched = self._watched.get(id(t))
            leaf = recording.leaves.get(id(t))
            return watched[0] if watched else -1 if leaf is None else leaf[0]
        index: int = t._i if t._t is recording.handle else recording.find(t)
        return index

    def _reached(self, end: int) -> bytearray:
        """``RECORDED`` and ``REACHED`` for each record, by what this tape watches."""
        recording = self._recording
        marks = bytearray(end)
        if recording is None:
            return marks
        begins = sorted(
            (self._late.get(k, 0), index)
            for k, (index, _) in self._watched.items()
            if index < end
        )
        done = 0
        for since, index in begins:
            if since > done:
                self._mark_reached(marks, done, since)
                done = since
            marks[index] |= REACHED
            for i in recording.reads:  # later values of a variable that is watched
                if i < since and recording.recs[i][1] == index:
                    marks[i] |= REACHED | RECORDED
        self._mark_reached(marks, done, end)
        return marks

    def _mark_reached(self, marks: bytearray, start: int, stop: int) -> None:
        """Mark the ops of a range that have an operand which is reached."""
        recs = [] if self._recording is None else self._recording.recs
        for first, last in self._spans():
            for i in range(max(first, start), stop if last < 0 else min(last, stop)):
                op = TABLE[recs[i][0]]
                if not op.cut and any(j >= 0 and marks[j] for j in op.inputs(recs[i])):
                    marks[i] |= REACHED | RECORDED

    def _spans(self) -> list[list[int]]:
        """The windows, and the reads of assigned variables outside of them."""
        reads = [] if self._recording is None else self._recording.reads
        if not reads:
            return self._windows
        inside = [range(a, b if b >= 0 else reads[-1] + 1) for a, b in self._windows]
        outside = [[i, i + 1] for i in reads if not any(i in w for w in inside)]
        return sorted(self._windows + outside)

    def backward_steps(self, targets: Any, seeds: Any) -> Iterator[tuple[Any, ...]]:
        """The same sweep step by step: ``(index, gradient, parts)`` for each record.

        ``parts`` has what the record's vjp gives to each watched operand: ``(slot, its
        index, contribution, sum so far)``.
        """
        recording = self._recording
        if recording is None:
            return
        shared = recording.tapes > 1 or recording.handle.cut
        reached = self._reached(len(recording.recs)) if shared else None
        grads: dict[int, Any] = {}
        for t, seed in zip(targets, seeds, strict=True):
            i, g = self._index_of(t), seed._v if isinstance(seed, Tensor) else seed
            if i >= 0 and t.dtype.np.kind in "fc":
                grads[i] = grads[i] + g if i in grads else g
        for start, stop in reversed(self._spans()):
            last = max(grads, default=-1)
            for i in range(
                min(last, (stop if stop >= 0 else last + 1) - 1), start - 1, -1
            ):
                if i in grads:
                    parts: list[tuple[Any, ...]] = []
                    if reached is None or reached[i] & RECORDED:
                        with np.errstate(all="ignore"):
                            parts = _parts(recording, i, grads, reached)
                    yield i, grads[i], parts


foreign_names.mark(GradientTape, foreign_names.TAPE)


def _failure(error: BaseException, traceback: TracebackType | None) -> tuple[Any, ...]:
    """The class and the text of an error, and the learner's last instruction."""
    call_site: tuple[Any, ...] = ()
    while traceback is not None:
        inner = str(traceback.tb_frame.f_globals.get("__name__")).startswith("numpy")
        if not inner and not own(traceback.tb_frame.f_code):
            call_site = (traceback.tb_frame.f_code, traceback.tb_lasti)
        traceback = traceback.tb_next
    return (type(error).__name__, str(error), *call_site)


def _parts(
    recording: Recording, i: int, grads: dict[int, Any], reached: bytearray | None
) -> list[tuple[Any, ...]]:
    """The contributions of record ``i`` to its watched operands, added to ``grads``."""
    rec, g, has_complex = recording.recs[i], grads[i], recording.handle.has_complex
    op, parts = TABLE[rec[0]], []
    for slot, index in enumerate(op.inputs(rec)):
        part_of = VJP_STEPS[op.code][0 if op.many else slot]
        watched = index >= 0 and (reached is None or reached[index])
        if watched and part_of is not None:
            part = (
                contribution(op, part_of, g, rec, slot)
                if has_complex
                else part_of(g, rec, slot)
            )
            if part is None:
                continue
            grads[index] = grads[index] + part if index in grads else part
            parts.append((slot, index, part, grads[index]))
    return parts


def _seeds(targets: list[Any], given: Any) -> Seeds:
    """Each target with its seed, given or 1."""
    if given is None:
        return _ones(targets)
    pairs = zip(targets, nest.leaves(given), strict=False)
    seeds = [(t, _weight(t, weight)) for t, weight in pairs]
    return seeds + _ones(targets[len(seeds) :])


def _ones(targets: list[Any]) -> Seeds:
    """Each target with ones of its shape and dtype."""
    seeds = []
    for t in targets:
        v = t._v
        one = ONE if v.__class__ is f32 else np.ones_like(v)[()]
        seeds.append((t, one))
    return seeds


def _weight(target: Any, weight: Any) -> Any:
    seed = convert(weight)
    if seed.__class__ is Variable:
        seed = call.identity(seed)
    if seed.dtype != target.dtype:
        if not (seed.dtype.is_floating and target.dtype.is_floating):
            raise InvalidArgumentError(_mixed_seed(seed, target))
        if isinstance(weight, (Tensor, Variable)):
            seed = call.cast(seed, target.dtype.np, seed.dtype.np)
        else:
            seed = convert(weight, target.dtype)
    shape = np.shape(target._v)
    return seed if np.shape(seed._v) == shape else _stretched(seed, shape)


def _mixed_seed(seed: Any, target: Any) -> str:
    return error_message(
        "cannot compute Mul as input #1(zero-based) was expected to be a "
        f"{seed.dtype.c_name} tensor but is a {target.dtype.c_name} tensor [Op:Mul] "
        "name: ",
        "give output_gradients the target's dtype: "
        f"tf.cast(..., tf.{target.dtype.name})",
    )


def _stretched(seed: Any, shape: tuple[int, ...]) -> Any:
    """Weights broadcast to the target's shape."""
    try:
        np.broadcast_to(seed._v, shape)
    except ValueError:
        raise InvalidArgumentError(
            error_message(
                f"Incompatible shapes: {sizes(shape)} vs. {sizes(np.shape(seed._v))} "
                "[Op:Mul] name: ",
                "output_gradients holds one weight for each entry of the target",
            )
        ) from None
    return call.broadcast_to(seed, shape, 0)


def _result(g: Any, source: Any, zero: bool) -> Any:
    if g.__class__ is Tensor:
        return g if source.dtype.np.kind in "fc" else _result(None, source, zero)
    if g.__class__ is Rows:
        return g.slices()
    if g is None or (g.__class__ is not f32 and source.dtype.np.kind not in "fc"):
        return wrap(np.zeros_like(source._v)[()]) if zero else None
    out = Tensor()
    out._v = g
    out._t = OFF
    out._i = -1
    return out


def _jacobian(g: Any, source: Any, shape: tuple[int, ...], zero: bool) -> Any:
    full = (*shape, *source.shape)
    if g is None or source.dtype.np.kind not in "fc":
        return wrap(np.zeros(full, source._v.dtype)[()]) if zero else None
    if isinstance(g, Tensor):
        return call.reshape(g, full)
    return wrap(np.reshape(g, full)[()])


def _attribute(recs: list[Record], start: int) -> None:
    """Make the learner's line the call site of the records from ``start`` on."""
    frame = caller()
    if frame is not None:
        call_site = (frame.f_code, frame.f_lasti)
        for i in range(start, len(recs)):
            recs[i] = (*recs[i][:-2], *call_site)


def _one_tensor(target: Any) -> None:
    if isinstance(target, (list, tuple, dict)):
        raise AttributeError(
            error_message(
                f"'{type(target).__name__}' object has no attribute 'shape'",
                "a Jacobian has one target tensor: use tf.stack for several",
            )
        )


def _batches(target: TensorShape, source: TensorShape) -> None:
    """ValueError unless both shapes are batches of equally many rows."""
    try:
        target.with_rank_at_least(2)
        source.with_rank_at_least(2)
    except ValueError as error:
        do = "a batch has rows of at least one axis; tape.jacobian takes any shape"
        raise ValueError(error_message(str(error), do)) from None
    if target[0] != source[0]:
        raise ValueError(
            error_message(
                f"Need first dimension of target shape ({target}) and source shape "
                f"({source}) to match.",
                "row i of the target belongs to row i of the source; tape.jacobian "
                "does without rows",
            )
        )


_watching = threading.Lock()


def _mark_in_turn(t: Tensor, recording: Recording) -> None:
    """Make a watched tensor a leaf; threads do so one after the other."""
    global _watching  # noqa: PLW0603 - there is one for all threads
    turn = _watching
    if not turn.acquire(timeout=1):  # an interrupt has kept it from being given back
        _watching = turn = threading.Lock()
        turn.acquire()
    try:
        if t._t is not recording.handle:
            _mark(t, recording)
    finally:
        turn.release()


def _mark(t: Tensor, recording: Recording) -> None:
    """Make a watched tensor a leaf of this recording."""
    index = recording.leaf(t, WATCHED, "")[0]
    if t.__class__ is Shared:
        return
    t._t.keep_index(t, t._i)
    if records_in_any_thread(t._t):  # another thread is recording it right now
        t.__class__ = Shared
    else:
        t._t, t._i = recording.handle, index


def _unconnected(value: Any) -> bool:
    try:
        return UnconnectedGradients(value) is UnconnectedGradients.ZERO
    except ValueError:
        raise ValueError(
            error_message(
                f"Unknown value for unconnected_gradients: {value!r}",
                'use "none" or "zero"',
            )
        ) from None


def _leaves(one: Any, role: str) -> list[Any]:
    """The tensors and variables in a nest; an error if it holds anything else."""
    _check(one, role)
    return nest.leaves(one)


def _check(one: Any, role: str) -> None:
    """An error unless ``one`` is a tensor, a variable or a nest of them."""
    if one.__class__ is Variable or one.__class__ is Tensor:
        return
    if one is None and role == "target":
        raise TypeError(
            error_message(
                "Argument `target` should be a list or nested structure of Tensors, "
                "Variables or CompositeTensors to be differentiated, but received "
                "None.",
                "is the first argument the value computed in the block?",
            )
        )
    for t in nest.leaves(one):
        _check_leaf(t, role)


def _check_leaf(t: Any, role: str) -> None:
    if t is None:
        raise TypeError(
            error_message(
                "Cannot convert the argument `type_value`: None to a TensorFlow DType.",
                f"the {role} is None: give the tensor or variable itself",
            )
        )
    if not isinstance(t, (Tensor, Variable)):
        raise AttributeError(
            error_message(
                f"'{type(t).__name__}' object has no attribute 'dtype'",
                f"{t!r} is no tensor: only a tensor or a variable can be a {role}",
            )
        )


_warned = {"dtype": 0, "inside": 0}


def _log() -> Any:
    """TensorFlow's logger, loaded when there is something to say."""
    import logging

    return logging.getLogger("tensorflow")


def _warn_dtype(what: str, t: Any) -> None:
    if _warned["dtype"] < 5:
        _warned["dtype"] += 1
        _log().warning(
            "The dtype of the %s must be floating (e.g. tf.float32), got tf.%s",
            what,
            t.dtype.name,
        )


def _warn_inside() -> None:
    if not _warned["inside"]:
        _warned["inside"] = 1
        _log().warning(
            "Calling GradientTape.gradient on a persistent tape inside its context is "
            "significantly less efficient than calling it outside the context (it "
            "causes the gradient ops to be recorded on the tape, leading to increased "
            "CPU and memory usage). Only call GradientTape.gradient inside the context "
            "if you actually want to trace the gradient in order to compute higher "
            "order derivatives."
        )
