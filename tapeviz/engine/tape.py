"""GradientTape: it records operations, then runs the reverse sweep over them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from tapeviz.engine import asking, foreign_names, jacobians, nest, with_blocks
from tapeviz.engine.asking import Seeds, UnconnectedGradients
from tapeviz.engine.complex_gradients import conjugated
from tapeviz.engine.counted import choose, counted, only_reached, reached, spans
from tapeviz.engine.dispatch import SHOWN, VJP, VJP_TENSORS
from tapeviz.engine.recording import (
    NO_TAPES,
    READ,
    SHARED,
    VARIABLE,
    WATCHED,
    ActiveTapes,
    Recording,
    active,
    listening,
    tape_stack,
)
from tapeviz.engine.scopes import claim_sweep
from tapeviz.engine.splice import joined_index, move, splice
from tapeviz.engine.sweep import Lifted, ListenedRules, Rules, Step, sweep
from tapeviz.engine.tensor import Tensor, Variable, convert
from tapeviz.errors import runtime_error, value_error

if TYPE_CHECKING:
    from tapeviz.engine.records import Records

f32 = np.float32
_NONE = UnconnectedGradients.NONE


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
        now = active()
        if now is not NO_TAPES:
            now = tape_stack.drop_abandoned()
        if self._is_recording:
            if self in now.tapes:
                raise asking.still_recording()
            self._abandon()
        if self._recording is None or self._used:
            self._begin(now)
        self._block = block = with_blocks.entered(sys._getframe(1))
        self._entered = block[0].f_code, block[1]
        self._start(now)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._is_recording:
            self._stop()
        self._block = None
        if error is not None:
            self._failed = with_blocks.failure(error, traceback)

    def _is_abandoned(self) -> bool:
        """Whether an interrupt has left the tape recording after its block."""
        block = self._block
        return not self._is_recording or (
            block is None or not with_blocks.running(block)
        )

    def _abandon(self) -> None:
        """End a window that an interrupt has left open."""
        recording, windows = self._recording, self._windows
        if recording is not None:
            if windows and windows[-1][1] < 0:
                windows[-1][1] = len(recording.recs)
            recording.close(self)
        self._is_recording, self._block = False, None

    def _begin(self, now: ActiveTapes) -> None:
        """A fresh recording: the one that outer tapes write, or a new one."""
        if self._recording is not None:
            self._windows, self._watched, self._late = [], {}, {}
            self._failed, self._dropped = (), 0
        self._recording = recording = now.recording or Recording()
        self._used = False
        recording.tapes += 1

    def _start(self, now: ActiveTapes) -> None:
        """Begin a window, beside the tapes that record now (``now``)."""
        if now.recording is not None and self._recording is not now.recording:
            self._join(now.recording)
        recording: Any = self._recording
        if self._windows and self._windows[-1][1] < 0:  # left open by an interrupt
            self._windows[-1][1] = len(recording.recs)
        self._windows.append([len(recording.recs), -1])
        recording.open(self)
        tape_stack.set((*now.tapes, self), recording)
        self._is_recording = True

    def _join(self, recording: Recording) -> None:
        """Move what is recorded into the recording that other tapes are writing."""
        old = self._recording
        if old is None:
            return
        moved, by = old.moved
        if moved is not recording:
            by = splice(old, recording)
            for tape in active().tapes:
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
        tapes = active().tapes
        left = () if tapes == (self,) else tuple(t for t in tapes if t is not self)
        tape_stack.set(left, recording)
        recording.close(self)

    def watch(self, tensor: Any) -> None:
        """Record what is computed from a tensor (or from any nest of tensors)."""
        for t in nest.leaves(tensor):
            if not isinstance(t, (Tensor, Variable)):
                raise asking.not_a_tensor(t)
            if self._recording is None:
                raise asking.not_entered()
            if t.dtype.np.kind not in "fc":
                asking.warn_dtype("watched tensor", t)
            elif self._is_recording:
                self._watch(t)

    def _watch(self, t: Any) -> None:
        recording = self._recording
        if recording is None:
            return
        if isinstance(t, Variable):
            if id(t) not in self._watched:
                self._watched[id(t)] = (recording.read_again(t), t)
            t._seen = (self, -1)  # to be looked at again when it is read
            return
        index = t._i
        if t._t is not recording.handle:
            index = recording.leaf(t, WATCHED, "")[0]
            if t._t is not SHARED:
                move(t, recording, index)
        self._add(t, index, recording)

    def _add(self, t: Any, index: int, recording: Recording) -> None:
        """Watch the leaf at ``index`` in what is recorded from now on, not before."""
        if id(t) not in self._watched:
            self._watched[id(t)] = (index, t)
            if index + 1 < len(recording.recs):
                self._late = {**self._late, id(t): len(recording.recs)}

    def _notice(self, v: Variable, leaf: list[Any] | None) -> list[Any] | None:
        """A variable is read for the first time: watch it; its leaf, if it has one."""
        if self._accessed and v._trainable and self._recording is not None:
            leaf = leaf or self._recording.leaf(v, VARIABLE, v._name)
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
            raise runtime_error(
                "Trying to stop recording a tape which is not recording."
            )
        if not self._is_recording:
            raise value_error("Tape is not recording.")
        self._stop()
        try:
            yield
        finally:
            if self._block is not None:  # not after an interrupt that ended the block
                self._start(active())

    def reset(self) -> None:
        """Forget all that was recorded and go on recording."""
        if not self._is_recording:
            raise value_error("Tape is not recording.")
        self._stop()
        dropped = self._dropped + self._size()
        self._begin(active())
        self._start(active())
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
        from tapeviz.engine.records import Records

        return Records(self)

    # -- differentiating -------------------------------------------------------------

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:  # fmt: skip
        """The derivatives of ``target`` (a nest of targets is summed) by ``sources``.

        Each has the dtype and shape of its source, in the same nest; None where the
        target does not depend on it (``tapeviz.why`` tells the reason).
        """
        zero = unconnected_gradients is not _NONE and asking.wants_zeros(
            unconnected_gradients
        )
        targets = (
            [target] if target.__class__ is Tensor else asking.leaves(target, "target")
        )
        single = sources.__class__ is Variable
        flattened = [sources] if single else asking.leaves(sources, "source")
        self._ask()
        if output_gradients is None:
            seeds = asking.ones(targets)
        else:
            seeds = asking.seeds_of(targets, output_gradients)
        found = self._pull(seeds, flattened, VJP, VJP_TENSORS)
        if single:
            out = [asking.result(found[0], sources, zero)]
        else:
            out = [
                asking.result(g, s, zero) for g, s in zip(found, flattened, strict=True)
            ]
        self._last = (seeds, flattened)
        for listener in listening():
            listener("gradient", self, targets, flattened, out)
        return out[0] if single else nest.like(sources, out)

    def jacobian(
        self, target: Any, sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None, experimental_use_pfor: bool = True,
    ) -> Any:  # fmt: skip
        """All derivatives of all entries: shape ``target.shape + source.shape``."""
        return jacobians.jacobian(
            self, target, sources, unconnected_gradients, at_once=experimental_use_pfor
        )

    def batch_jacobian(
        self, target: Any, source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None, experimental_use_pfor: bool = True,
    ) -> Tensor:  # fmt: skip
        """The Jacobian of each row.

        Its shape is ``(b, *target.shape[1:], *source.shape[1:])``. Row ``i`` of the
        target should depend on row ``i`` of the source only. Where it does not, the
        rows' derivatives are summed.
        """
        return jacobians.batch_jacobian(
            self, target, source, unconnected_gradients, at_once=experimental_use_pfor
        )

    def _ask(self) -> None:
        """Use the tape up, unless persistent; RuntimeError if it is used up already."""
        persistent = self._persistent
        if self._recording is None or (self._used and not persistent):
            raise asking.used_up()
        self._used = not persistent
        if self._is_recording:
            asking.warn_inside() if persistent else self._stop()

    def _pull(
        self, seeds: Seeds, sources: list[Any], on_arrays: Rules, on_tensors: Rules
    ) -> list[Any]:
        """The sources' gradients; tensors if a tape records this sweep, else arrays."""
        recording = self._recording
        if recording is None:
            return [None] * len(sources)
        handle, start = recording.handle, len(recording.recs)
        taped = handle is active().handle and handle.recs is not None
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
            claim_sweep(recording, start)
        if loose or recording.tapes > 1 or handle.cut:
            return choose(self, grads, keep, loose, sources)
        out = []
        for i in keep:
            out.append(None if i < 0 else grads[i])  # noqa: PERF401 - hot
        return out

    def _sweep(
        self, rules: Rules, seeds: Seeds, keep: list[int], taped: bool
    ) -> tuple[list[Any], dict[int, Any]]:
        """The reverse sweep: adjoints of all records, from the seeds backwards.

        It returns them by index, None once they are used up and not in ``keep``; and
        the seeds of the targets that were not recorded, by ``id``.
        """
        recording: Any = self._recording
        handle, last = recording.handle, len(recording.recs)
        grads: list[Any] = [None] * last
        loose: dict[int, Any] = {}
        for t, seed in seeds:
            g = seed._v if seed.__class__ is Tensor else seed
            g = convert(seed) if taped else g
            i = self._index_of(t)
            if i >= 0:
                grads[i] = g if grads[i] is None else grads[i] + g
            if i < 0 or recording.tapes > 1 or handle.cut:
                loose[id(t)] = g if id(t) not in loose else loose[id(t)] + g
        rules = conjugated(rules) if handle.has_complex else rules
        recs = Lifted(recording.recs, grads, handle) if taped else recording.recs
        parts = self._windows
        if recording.tapes > 1 or recording.reads or self._late:
            parts = counted(self, seeds, keep, last)
        sweep(recs, grads, parts, rules, keep)
        return grads, loose

    def _index_of(self, t: Any) -> int:
        """The index of a target or source in this recording, -1 if it has none."""
        recording = self._recording
        if recording is None:
            return -1
        if t.__class__ is Variable:
            watched = self._watched.get(id(t)) or recording.leaves.get(id(t))
            return -1 if watched is None else watched[0]
        return t._i if t._t is recording.handle else recording.find(t)

    def backward_steps(self, targets: Any, seeds: Any) -> Iterator[Step]:
        """The same sweep step by step: ``(index, gradient, parts)`` for each record.

        ``parts`` has what the record's vjp gives to each watched operand: ``(slot, its
        index, contribution, sum so far)``.
        """
        recording = self._recording
        if recording is None:
            return iter(())
        last, recs = len(recording.recs), recording.recs
        if recording.tapes > 1 or recording.handle.cut:
            recs = only_reached(recs, reached(self, last))
        grads: list[Any] = [None] * last
        for t, seed in zip(targets, seeds, strict=True):
            i, g = self._index_of(t), seed._v if isinstance(seed, Tensor) else seed
            if i >= 0 and t.dtype.np.kind in "fc":
                grads[i] = g if grads[i] is None else grads[i] + g
        shown = conjugated(SHOWN) if recording.handle.has_complex else SHOWN
        rules = ListenedRules(shown, grads)
        with np.errstate(all="ignore"):
            sweep(recs, grads, spans(self), rules)
        return iter(rules.steps)


foreign_names.mark(GradientTape, foreign_names.TAPE)
