"""What TensorFlow computes in a block, recorded on tapes of ours.

TensorFlow calls back after each op that it has run eagerly: ``op_callbacks``, on which
its own ``tf.debugging.enable_check_numerics`` stands. (There is no public hook.) The op
of ours that means the same then runs on mirrors of the tensors, and its result is
replaced by TensorFlow's. Beside each tape of ours a persistent ``tf.GradientTape``
watches the same: it is asked for the gradients of all that was recorded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_callbacks

from tapeviz.adapters.tensorflow.ops import FIRST, SHAPES, SUMS, TABLE
from tapeviz.adapters.tensorflow.vjp import OpVjp
from tapeviz.engine import nest
from tapeviz.engine.recording import ActiveTapes, listening, tape_stack
from tapeviz.engine.records import Asked
from tapeviz.engine.scopes import grouped
from tapeviz.engine.tensor import (
    Tensor,
    Variable,
    array_of,
    raw,
    recorded,
    restore_membership,
    with_value,
    wrap,
)
from tapeviz.errors import INSIDE, runtime_error, value_error
from tapeviz.inspect import why
from tapeviz.inspect.foreign_tape import ForeignTape, greatest
from tapeviz.inspect.replay import paused
from tapeviz.inspect.source.variables import DEEP, Names, members
from tapeviz.trace.diagnosis import Answer

INSIDE.folders += tuple(
    folder
    for name in ("tensorflow", "keras")
    if (spec := find_spec(name))
    for folder in spec.submodule_search_locations or ()
)

ASSIGNING = {
    "AssignVariableOp": "assign",
    "AssignAddVariableOp": "assign_add",
    "AssignSubVariableOp": "assign_sub",
}
"""Ops that change a variable, and the method of ours that does."""

_real_enter, _real_exit = tf.GradientTape.__enter__, tf.GradientTape.__exit__


def array(t: tf.Tensor) -> Any:
    """A tensor's numbers; of a scalar a NumPy scalar."""
    if t.dtype == tf.bfloat16:
        t = tf.cast(t, tf.float32)
    return raw(t.numpy()) if t.dtype == tf.string else np.asarray(t.numpy())[()]


def record() -> EagerTape:
    """A tape for what TensorFlow computes in a ``with`` block, whose code stays.

    Then ``draw(tape)``, ``play(tape, loss, [w, b])``, ``explain`` and ``why`` take
    TensorFlow's tensors and variables, and each ``tf.GradientTape`` of the block as
    well: ``play(tape, loss, [w, b])``. Values and gradients are TensorFlow's own; the
    rules shown are ours, evaluated on them. A function under ``tf.function`` is run
    eagerly in the block, so that its ops are seen. RuntimeError in a block of another.
    """
    return EagerTape()


def followed(tape: Any) -> EagerTape | None:
    """Our tape beside a ``tf.GradientTape`` that was entered in a block of ours."""
    return _followed.get(tape) if isinstance(tape, tf.GradientTape) else None


def seen(thing: Any, target: Any, sources: Any) -> tuple[Any, Any, Any] | None:
    """A tape of TensorFlow's as one of ours; None for anything else.

    ValueError for one that was not entered in a block of ours.
    """
    if not isinstance(thing, tf.GradientTape):
        return None
    mine = followed(thing)
    if mine is None:
        raise value_error(
            "this tape of TensorFlow's ran where nothing saw what it recorded",
            "put a block around it: with tapeviz.tensorflow.record(): ...",
        )
    return mine, target, sources


_followed: WeakKeyDictionary[Any, EagerTape] = WeakKeyDictionary()


class EagerTape(ForeignTape):
    """Records what TensorFlow computes eagerly in its block.

    ``theirs`` is the ``tf.GradientTape`` beside it. That of a block has ``mirrors`` of
    its own; one that follows a tape of the learner's shares those of the block.
    """

    framework = "TensorFlow"
    works_as_ours = True

    def __init__(self, block: EagerTape | None = None, tape: Any = None) -> None:
        super().__init__()
        self.block = block
        self._asked: Asked | None = None
        if block is None:
            self.mirrors = Mirrors(self)
        else:
            self.mirrors, self.remarks = block.mirrors, block.remarks
            self._persistent = tape._persistent
            self._accessed = tape._watch_accessed_variables
        self.values, self.tensors = self.mirrors.values, self.mirrors.tensors
        self._renew()

    def _renew(self) -> None:
        self.theirs = tf.GradientTape(
            persistent=True, watch_accessed_variables=self._accessed
        )
        self._found: dict[tuple[int, ...], dict[int, Any]] = {}

    # -- the block -------------------------------------------------------------------

    def watchers(self) -> list[AbstractContextManager[Any]]:
        """TensorFlow's own tape; that of a block looks at ops and tapes as well."""
        own: list[AbstractContextManager[Any]] = [_Entered(self.theirs)]
        return own if self.block else [*own, _SeenOps(self.mirrors), _SeenTapes(self)]

    def _start(self, now: ActiveTapes) -> None:
        if self.block is None and any(isinstance(t, EagerTape) for t in now.tapes):
            raise runtime_error(
                "TensorFlow is being recorded already, by a block around this one",
                "end that block first, or leave this one out",
            )
        if self._recording is not None and not self._windows:
            self._renew()
        super()._start(now)

    def _leave(self) -> None:
        self.mirrors.in_scope("")
        super()._leave()

    def begin_again(self) -> None:
        """Go on with another recording, as long as no tape of the learner's is open."""
        if tape_stack.tapes == (self,):
            self.mirrors.forget()
            self.values, self.tensors = self.mirrors.values, self.mirrors.tensors
            self.reset()

    def watch(self, tensor: Any) -> None:
        """Watch tensors of TensorFlow's from now on."""
        self.theirs.watch(tensor)
        for one in tf.nest.flatten(tensor):
            mine = self.mirrors.of(one)
            if array_of(mine).dtype.kind in "fc":
                super().watch(mine)
                self.mirrors.index(mine, one)

    def ask(self, gradient: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """A gradient of the learner's tape; its ops are seen if a tape records them."""
        if self._is_recording and not self._persistent:
            self._stop()
        self._used = not self._persistent
        seen = any(isinstance(t, EagerTape) and t.block for t in tape_stack.tapes)
        with nullcontext() if seen else self.mirrors.unseen():
            found = gradient(*args, **options)
        names = ("target", "sources", "output_gradients")
        given = {**dict(zip(names, args, strict=False)), **options}
        with self.mirrors.unseen():
            self._asked = asked = self._ours(*map(given.get, names))
            if asked is not None and listening():
                self._report(asked, tf.nest.flatten(found))
        return found

    def _report(self, asked: Asked, found: list[Any]) -> None:
        """Let who records a descent know of a gradient."""
        dense = [None if g is None else tf.convert_to_tensor(g) for g in found]
        grads = [None if g is None else wrap(array(g)) for g in dense]
        for listener in listening():
            listener("gradient", self, asked.targets, asked.sources, grads)

    def _ours(self, *given: Any) -> Asked | None:
        """What a tape was asked, in ours; None inside of a Jacobian."""
        targets, sources, seeds = (nest.leaves(self.mirrored(one)) for one in given)
        if not all(isinstance(t, (Tensor, Variable)) for t in (*targets, *sources)):
            return None
        ones = [np.ones_like(array_of(t))[()] for t in targets]
        seeds = [array_of(g) for g in seeds if g is not None]
        return Asked(targets, seeds or ones, sources)

    # -- what readers ask ------------------------------------------------------------

    def mirrored(self, thing: Any) -> Any:
        """A nest with mirrors in the place of TensorFlow's tensors and variables."""
        if isinstance(thing, _of_keras("Layer")):
            thing = list(thing.trainable_variables)
        if isinstance(thing, dict):
            return {k: self.mirrored(v) for k, v in thing.items()}
        if isinstance(thing, (list, tuple)):
            return [self.mirrored(one) for one in thing]
        known = self.mirrors.of(thing)
        return thing if known is None else known

    def named(self, names: Names) -> Names:
        """The learner's names; those in layers, lists and objects by their path."""
        found: dict[str, Any] = {}
        for name, thing in list(names.items()):
            if not name.startswith("_"):
                found |= self._named(name, thing, DEEP)
        ours = sys.modules["tapeviz"]  # to the learner it is called as TensorFlow is
        left = {n: v for n, v in names.items() if v is not ours}
        every = {n: ours if v is tf else v for n, v in {**left, **found}.items()}
        return {n: v for n, v in every.items() if v is not self.block}

    def _named(self, name: str, thing: Any, depth: int) -> dict[str, Any]:
        if isinstance(thing, tf.GradientTape):
            own = followed(thing)
            return {} if own is None else {name: own}
        known = self.mirrors.of(thing)
        if known is not None:
            return {name: known}
        found: dict[str, Any] = {}
        for inner, one in _parts(name, thing) if depth else ():
            found |= self._named(inner, one, depth - 1)
        return found

    def own_gradients(self, targets: list[Any]) -> dict[int, Any] | None:
        """From TensorFlow's own tape beside this one."""
        key = tuple(self._index_of(t) for t in targets)
        if key not in self._found:
            variables = self.mirrors.variables()
            ours = [*self.tensors.items()]
            ours += [(self._index_of(mine), theirs) for mine, theirs in variables]
            ours = [(i, theirs) for i, theirs in ours if i >= 0]
            ys = [self.tensors[i] for i in key if i in self.tensors]
            with self.mirrors.unseen():
                grads = self.theirs.gradient(ys, [t for _, t in ours]) if ys else ()
                found = zip(ours, grads, strict=False)
                self._found[key] = {
                    i: array(tf.convert_to_tensor(g))
                    for (i, _), g in found
                    if g is not None
                }
        return self._found[key]

    def last_asked(self) -> Asked | None:
        """What the learner's tape was asked last."""
        return self._asked

    def reasons(self, targets: list[Any], lost: list[Any], *about: Any) -> list[str]:
        """Why the gradients of these sources are None: the first reason for each."""
        every = self.answers(targets, lost, *about)
        return [answer.reasons[0].sentence for answer in every]

    def answers(self, target: Any, sources: Any, *about: Any) -> tuple[Answer, ...]:
        """What ``inspect.why`` says: a tape of ours works as TensorFlow's does.

        That the tape of the block has seen it is no reason of the learner's.
        """
        found = why(self, target, sources, *about)
        alone = (
            (one, [r for r in one.reasons if r.kind != "elsewhere"]) for one in found
        )
        return tuple(
            replace(one, reasons=tuple(rest or one.reasons)) for one, rest in alone
        )


class Mirrors:
    """Tensors of ours for TensorFlow's, and what its ops mean; one for each block.

    ``values`` has TensorFlow's number for each record, ``tensors`` its own tensor.
    """

    def __init__(self, tape: EagerTape) -> None:
        self._tape: Any = ref(tape)
        self.values: dict[int, Any] = {}
        self.tensors: dict[int, Any] = {}
        self._known: dict[int, tuple[Any, Any]] = {}  # by id, with what keeps the id
        self._variables: dict[int, Any] = {}  # theirs, by id of the handle
        self._reads: dict[int, list[Any]] = {}  # what was read, by id of the handle
        self._scope: list[tuple[str, grouped]] = []
        self._unseen = 0

    def forget(self) -> None:
        """Know nothing but the variables; another recording begins."""
        known = self._known.items()
        self.values, self.tensors, self._reads = {}, {}, {}
        self._known = {k: v for k, v in known if k in self._variables}

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """A block whose ops are not the learner's."""
        self._unseen += 1
        try:
            yield
        finally:
            self._unseen -= 1

    # -- tensors ---------------------------------------------------------------------

    def of(self, thing: Any) -> Any:
        """Our tensor or variable for one of TensorFlow's; None for anything else."""
        if _handle(thing) is not None:
            self.remember(thing)
            return self._variable(_handle(thing))
        if not isinstance(thing, tf.Tensor) or not hasattr(thing, "numpy"):
            return None
        if thing.dtype == tf.resource:
            return self._variable(thing)
        known = self._mirror(thing)
        if known is None:
            known = wrap(array(thing))
            self._known[id(thing)] = thing, known
        return known

    def _mirror(self, t: Any) -> Any:
        """Our tensor or variable for a tensor that was seen before, else None."""
        if id(t) not in self._known and t.dtype.is_floating:
            self._find_read(t)
        return self._known.get(id(t), (None, None))[1]

    def _find_read(self, t: Any) -> None:
        """See whether a tensor was read of a variable on the way to an op.

        TensorFlow does not call back then, but a tape of its leads from one to the
        other.
        """
        now = array(t)
        for tape in tape_stack.tapes:
            if not isinstance(tape, EagerTape):
                continue
            like = [
                v for v in tape.theirs.watched_variables()
                if v.dtype == t.dtype and v.shape == t.shape
                and np.array_equal(array(tf.convert_to_tensor(v)), now, equal_nan=True)
            ]  # fmt: skip
            if not like:
                continue
            with tape.theirs.stop_recording():
                leads = tape.theirs.gradient(t, like, output_gradients=t)
            found = [v for v, g in zip(like, leads, strict=True) if g is not None]
            if len(found) == 1:
                self._read(found[0].handle, t)
                return

    def remember(self, thing: Any) -> None:
        """Know a variable by its handle."""
        if _handle(thing) is not None:
            self._variables[id(_handle(thing))] = thing

    def _variable(self, handle: Any, now: Any = None) -> Any:
        """Our variable for a handle, which TensorFlow's ops are given.

        None of one that was neither read, which gives its value ``now``, nor watched.
        """
        if id(handle) not in self._known:
            known = self._watched(handle)
            if known is None and now is None:
                return None
            now = array(tf.convert_to_tensor(known)) if now is None else now
            name = None if known is None else _own_name(known)
            mine = Variable(now, trainable=_is_trainable(known), name=name)
            self._known[id(handle)] = handle, mine
        return self._known[id(handle)][1]

    def _watched(self, handle: Any) -> Any:
        """The variable of a handle, if TensorFlow's tape watches it or we know it."""
        for one in self._tape().theirs.watched_variables():
            self.remember(one)
        return self._variables.get(id(handle))

    # -- ops -------------------------------------------------------------------------

    def see(
        self, op: Any, inputs: Any, attrs: Any, outputs: Any, *_: Any, **more: Any
    ) -> None:
        """TensorFlow has run an op: what it means is recorded."""
        if more.get("graph") is not None or self._unseen:
            return
        name = op.decode() if isinstance(op, bytes) else op
        with self.unseen():
            self.in_scope(tf.get_current_name_scope())
            if name == "ReadVariableOp":
                self._read(inputs[0], outputs[0])
            elif name in ASSIGNING:
                self._assign(ASSIGNING[name], *inputs)
            elif name not in SHAPES and self._any_recorded(inputs):
                self._record(name, inputs, attrs, outputs)

    def _any_recorded(self, inputs: Any) -> bool:
        return max(map(self._is_recorded, inputs), default=False)  # each is looked at

    def _is_recorded(self, t: Any) -> bool:
        mine = self._variable(t) if t.dtype == tf.resource else self._mirror(t)
        return mine is not None and self.index(mine) >= 0

    def index(self, mine: Any, theirs: Any = None) -> int:
        """The record of one of ours, to stand for one of theirs; -1 if there is none.

        Each tape has its own record of a variable.
        """
        index = recorded(mine)
        if index >= 0 and theirs is not None and isinstance(mine, Tensor):
            self.tensors[index] = theirs
        return index

    def variables(self) -> Iterator[tuple[Variable, Any]]:
        """Our variables, and theirs as far as they are known."""
        for handle, mine in list(self._known.values()):
            if id(handle) in self._variables:
                yield mine, self._variables[id(handle)]

    def _read(self, handle: Any, out: Any) -> None:
        """A variable was read: the tensor read stands for it, while it is there."""
        now, key = array(out), id(out)
        mine = self._variable(handle, now)
        mine._trainable = mine._trainable or _is_trainable(self._watched(handle))
        if not np.array_equal(array_of(mine), now, equal_nan=True):
            self._before_change(handle, mine)
            with paused():
                mine.assign(now)
        self.index(mine)
        alive = ref(out, lambda _: self._known.pop(key, None))
        self._known[key] = alive, mine
        self._reads.setdefault(id(handle), []).append(alive)

    def _before_change(self, handle: Any, mine: Any) -> None:
        """What was read and is still there keeps the old value, and its record."""
        recording, index = tape_stack.recording, self.index(mine)
        for alive in self._reads.pop(id(handle), ()):
            if (out := alive()) is not None:
                old = wrap(array_of(mine))
                if recording is not None and index >= 0:
                    restore_membership(old, (recording.handle, recorded(mine)))
                self._known[id(out)] = out, old

    def _assign(self, method: str, handle: Any, given: Any) -> None:
        if id(handle) in self._known:
            mine = self._variable(handle)
            self._before_change(handle, mine)
            getattr(mine, method)(self.of(given))
        elif method == "assign" and self._is_recorded(given):
            mine = self._variable(handle, array(given))
            mine.assign(self.of(given))

    def _record(self, name: str, inputs: Any, attrs: Any, outputs: Any) -> None:
        pairs = zip(attrs[::2], attrs[1::2], strict=True)
        options = {k: v for k, v in pairs if v is not None}
        tape = self._tape()
        given = [self.of(t) for t in inputs]
        made = outputs[:1] if name in FIRST else outputs
        theirs = [array(t) for t in made]
        meaning = TABLE.get(name)
        terms = [greatest(array_of(m)) for m in given] if name in SUMS else []
        ours = meaning and tape.translated(
            name, lambda: meaning(*given, **options), theirs, max(terms, default=0.0)
        )
        if ours is None:
            pull = OpVjp(name, inputs, attrs, len(outputs))
            ours = tape.without_rule(name, given, theirs, pull)
        for t, mine, value in zip(made, ours, theirs, strict=True):
            if isinstance(mine, Tensor):
                index = self.index(with_value(mine, value), t)
                if index >= 0:
                    self.values[index] = value
            self._known[id(t)] = t, mine

    def in_scope(self, scope: str) -> None:
        """The ops from now on are in this ``tf.name_scope``; each is a group."""
        parts = scope.split("/") if scope else []
        while [name for name, _ in self._scope] != parts[: len(self._scope)]:
            self._scope.pop()[1].__exit__(None, None, None)
        for name in parts[len(self._scope) :]:
            self._scope.append((name, grouped(name)))
            self._scope[-1][1].__enter__()


class _SeenOps:
    """While it is entered, TensorFlow's ops are seen, those of functions one by one."""

    def __init__(self, mirrors: Mirrors) -> None:
        self._see = mirrors.see

    def __enter__(self) -> None:
        self._were_eager = tf.config.functions_run_eagerly()
        tf.config.run_functions_eagerly(True)
        op_callbacks.add_op_callback(self._see)

    def __exit__(self, *_: object) -> None:
        op_callbacks.remove_op_callback(self._see)
        tf.config.run_functions_eagerly(self._were_eager)


class _SeenTapes:
    """While it is entered, a tape of ours follows each tape of the learner's."""

    def __init__(self, block: EagerTape) -> None:
        self._block = block

    def __enter__(self) -> None:
        block = self._block

        def __enter__(tape: Any) -> Any:  # noqa: N807 - engine/with_blocks passes it
            _real_enter(tape)
            if tape is not block.theirs:
                _follow(tape, block).__enter__()
            return tape

        def __exit__(tape: Any, *error: Any) -> None:  # noqa: N807 - as above
            _real_exit(tape, *error)
            mine = _followed.get(tape)
            if mine is not None:
                mine.__exit__(*error)

        tf.GradientTape.__enter__, tf.GradientTape.__exit__ = __enter__, __exit__

    def __exit__(self, *_: object) -> None:
        tf.GradientTape.__enter__, tf.GradientTape.__exit__ = _real_enter, _real_exit


class _Entered:
    """TensorFlow's tape, entered without being followed."""

    def __init__(self, tape: Any) -> None:
        self._tape = tape

    def __enter__(self) -> None:
        _real_enter(self._tape)

    def __exit__(self, *error: object) -> None:
        _real_exit(self._tape, *error)


def _follow(tape: Any, block: EagerTape) -> EagerTape:
    """Our tape for one of the learner's, which from now on tells it what it is told."""
    if tape in _followed:
        return _followed[tape]
    mine = _followed[tape] = EagerTape(block, tape)
    watch, reset, stop = tape.watch, tape.reset, tape.stop_recording

    def both(theirs: Any, ours: Any) -> Any:
        def passed_on(*args: Any) -> None:
            theirs(*args)
            ours(*args)

        return passed_on

    @contextmanager
    def stop_recording() -> Iterator[None]:
        with stop(), mine.stop_recording():
            yield

    tape.watch, tape.reset = both(watch, mine.watch), both(reset, mine.reset)
    for name in ("gradient", "jacobian", "batch_jacobian"):
        setattr(tape, name, partial(mine.ask, getattr(tape, name)))
    tape.stop_recording = stop_recording
    tape._repr_mimebundle_ = mine._repr_mimebundle_  # type: ignore[attr-defined] # the door's
    return mine


def _handle(thing: Any) -> Any:
    """The handle of a variable, also of one of Keras; None for anything else."""
    known = isinstance(thing, (tf.Variable, _of_keras("Variable")))
    return thing.handle if known else None


def _is_trainable(variable: Any) -> bool:
    """Whether tapes watch a variable when it is read; None is none that they know."""
    return variable is not None and bool(variable.trainable)


def _of_keras(kind: str) -> Any:
    """A class of Keras; before Keras is loaded none, and nothing is of it."""
    return getattr(sys.modules.get("keras"), kind, ())


def _own_name(variable: Any) -> str | None:
    """The name that the learner gave to a variable; that of a weight is Keras's."""
    name: str = variable.name.partition(":")[0]
    of_keras = "/" in name or isinstance(variable, _of_keras("Variable"))
    return None if of_keras or name == "Variable" else name


def _parts(name: str, thing: Any) -> list[tuple[str, Any]]:
    """What a thing of the learner's holds: layers of a model, weights of a layer."""
    if isinstance(thing, _of_keras("Model")):
        return [(f"{name}.layers[{k}]", one) for k, one in enumerate(thing.layers)]
    if isinstance(thing, _of_keras("Layer")):
        return [(f"{name}.{v.name}", v) for v in thing.weights]
    return members(name, thing)
