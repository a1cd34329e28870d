"""What a function of JAX computes, from its jaxpr, recorded on a tape of ours.

The function is traced once. Its equations are run one by one, each by JAX and by the op
of ours that means the same. One ``jax.grad`` with a zero added to each result gives the
gradients of all of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from tapeviz.adapters.jax.ops import BY_NAME, STEPS, TABLE
from tapeviz.engine.records import Asked
from tapeviz.engine.tensor import Variable, array_of, wrap
from tapeviz.errors import INSIDE, learners, type_error
from tapeviz.inspect.foreign_tape import ForeignTape
from tapeviz.inspect.source.variables import Names

HOME = str(Path(jax.__file__).parent)


def record(function: Callable[..., Any], *args: Any) -> JaxTape:
    """A tape of what a function computes from these arguments.

    ``draw``, ``play`` and ``explain`` take it; they are about the gradients of the
    function's result with respect to all floats among the arguments.
    """
    return JaxTape(function, args)


def seen(function: Any, args: Any, sources: Any) -> tuple[Any, Any, Any] | None:
    """A function with its arguments, ``draw(f, (w, x))``, as a tape."""
    if not callable(function):
        return None
    if args is None:
        raise type_error(
            "a function alone computes nothing",
            "give its arguments, too: play(f, (w, x))",
        )
    given = args if isinstance(args, tuple) else (args,)
    tape = record(function, *given)
    return tape, None if sources is None else tape.target, sources


class JaxTape(ForeignTape):
    """The equations of a function, with JAX's own numbers.

    The arguments are called as the function calls them, what is inside of them by its
    path, the result as the function itself.
    """

    framework = "JAX"

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        super().__init__()
        self._jaxpr = jax.make_jaxpr(function)(*args)
        named = inspect.signature(function).bind(*args).arguments
        paths, _ = jax.tree_util.tree_flatten_with_path(tuple(named.values()))
        heads = [*named]
        self._names: dict[str, Any] = {}
        self._args = [jax.numpy.asarray(v) for _, v in paths]
        self._leaves: list[Any] = []
        for (path, _), v in zip(paths, self._args, strict=True):
            leaf = Variable(_array(v)) if _is_float(v) else wrap(_array(v))
            name = heads[path[0].idx] + jax.tree_util.keystr(path[1:])
            self._names[name] = leaf
            self._leaves.append(leaf)
        self._results: list[
            int
        ] = []  # the record of each result, in order; -1 for none
        self._found: dict[int, Any] | None = None
        with self:
            for leaf in self._leaves:  # in JAX what is not used has the gradient 0
                leaf._index()
            pairs = list(zip(self._args, self._leaves, strict=True))
            outs = _walk(self._jaxpr.jaxpr, self._jaxpr.consts, pairs, self._see, _pair)
        (_, self.target), *_ = outs
        if function.__name__.isidentifier():
            self._names.setdefault(function.__name__, self.target)

    def _see(self, eqn: Any, pairs: list[Any]) -> list[Any]:
        """Run an equation, and record what it means."""
        recording: Any = self._recording
        start = len(recording.recs)
        results = _run(eqn, [v for v, _ in pairs])
        theirs, given = list(map(_array, results)), [m for _, m in pairs]
        name = eqn.params.get("name", eqn.primitive.name)
        meaning = BY_NAME.get(name) or TABLE.get(name)
        ours = meaning and self.translated(
            name, lambda: meaning(*given, **eqn.params), theirs, _size(given)
        )
        if not ours:
            pull = _Vjp(eqn, [array_of(m) for m in given])
            ours = self.without_rule(name, given, theirs, pull, silent=name in STEPS)
        site = _site(eqn)
        for i in range(start, len(recording.recs)):
            row = recording.recs[i]
            recording.recs[i] = (*row[:-2], *site) if row[-2] is not None else row
        for a, b in zip(ours, theirs, strict=True):
            index = a._index()
            if not isinstance(a, Variable):
                a._v = b
                if index >= 0:
                    self.values[index] = b
            self._results.append(index)
        return list(zip(results, ours, strict=True))

    # -- what readers ask ------------------------------------------------------------

    def mirrored(self, thing: Any) -> Any:
        """Names of arguments, as ``play(tape, sources="w")``; ours stays as it is."""
        if isinstance(thing, (list, tuple)):
            return [self.mirrored(one) for one in thing]
        return self._names.get(thing, thing) if isinstance(thing, str) else thing

    def named(self, _names: Names) -> Names:
        """The function's own names: those around it are of no meaning here."""
        return self._names

    def own_gradients(self, targets: list[Any]) -> dict[int, Any] | None:
        """From one ``jax.grad``, if it is about the function's result."""
        if [t for t in targets if t is not self.target]:
            return None
        if self._found is None:
            self._found = self._gradients()
        return self._found

    def _gradients(self) -> dict[int, Any]:
        shapes: list[Any] = []

        def plain(eqn: Any, values: list[Any]) -> list[Any]:
            outs = _run(eqn, values)
            shapes.extend(outs)
            return outs

        jaxpr, consts = self._jaxpr.jaxpr, self._jaxpr.consts
        _walk(jaxpr, consts, self._args, plain, lambda v: v)
        zeros = [jax.numpy.zeros_like(v) if _is_float(v) else None for v in shapes]

        def moved(floats: list[Any], moves: list[Any]) -> Any:
            left, own = iter(moves), iter(floats)

            def add(eqn: Any, values: list[Any]) -> list[Any]:
                outs, more = _run(eqn, values), [next(left) for _ in eqn.outvars]
                pairs = zip(outs, more, strict=True)
                return [v if m is None else v + m for v, m in pairs]

            args = [next(own) if _is_float(v) else v for v in self._args]
            return jax.numpy.sum(_walk(jaxpr, consts, args, add, lambda v: v)[0])

        floats = [v for v in self._args if _is_float(v)]
        to_args, to_results = jax.grad(moved, argnums=(0, 1))(floats, zeros)
        leaves = [m for m in self._leaves if isinstance(m, Variable)]
        found = zip([self._index_of(m) for m in leaves], to_args, strict=True)
        every = [*found, *zip(self._results, to_results, strict=True)]
        return {i: _array(g) for i, g in every if i >= 0 and g is not None}

    def last_asked(self) -> Asked | None:
        """The function's result, and the floats among its arguments."""
        leaves = [m for m in self._leaves if isinstance(m, Variable)]
        return Asked([self.target], [np.ones_like(array_of(self.target))[()]], leaves)

    def reasons(self, _targets: list[Any], lost: list[Any], *_about: Any) -> list[str]:
        """Why the gradients of these sources are None, a sentence for each."""
        return ["The result does not depend on it." for _ in lost]


class _Vjp:
    """The vjp of one equation, from JAX."""

    def __init__(self, eqn: Any, values: list[Any]) -> None:
        self.eqn, self.values = eqn, values

    def __call__(self, *upstream: Any) -> list[Any]:
        _, back = jax.vjp(lambda *xs: tuple(_run(self.eqn, xs)), *self.values)
        found = back(tuple(jax.numpy.asarray(array_of(g)) for g in upstream))
        return [wrap(_array(g)) if _is_float(g) else None for g in found]


def _walk(jaxpr: Any, consts: Any, args: Any, see: Any, lift: Any) -> list[Any]:
    """Run the equations of a jaxpr, those inside of calls too; its results."""
    values: dict[Any, Any] = dict(zip(jaxpr.invars, args, strict=True))
    values |= zip(jaxpr.constvars, map(lift, consts), strict=True)

    def read(atom: Any) -> Any:
        if not hasattr(atom, "val"):
            return values[atom]
        return lift(jax.numpy.asarray(atom.val, atom.aval.dtype))

    for eqn in jaxpr.eqns:
        given = [read(atom) for atom in eqn.invars]
        inner = eqn.params.get("jaxpr") or eqn.params.get("call_jaxpr")
        known = eqn.params.get("name") in BY_NAME
        if hasattr(inner, "jaxpr") and not known and eqn.primitive.name in CALLS:
            outs = _walk(inner.jaxpr, inner.consts, given, see, lift)
        else:
            outs = see(eqn, given)
        values |= zip(eqn.outvars, outs, strict=True)
    return [read(atom) for atom in jaxpr.outvars]


CALLS = (
    "jit",
    "pjit",
    "closed_call",
    "core_call",
    "custom_jvp_call",
    "custom_vjp_call",
)
"""Primitives that run a jaxpr of their own once."""


def _run(eqn: Any, values: Any) -> list[Any]:
    """JAX's own results of an equation."""
    found = eqn.primitive.get_bind_params(eqn.params)  # two of them before JAX 0.10
    functions, params = found if isinstance(found, tuple) else ((), found)
    out = eqn.primitive.bind(*functions, *values, **params)
    return list(out) if eqn.primitive.multiple_results else [out]


def _pair(value: Any) -> tuple[Any, Any]:
    return value, wrap(_array(value))


def _array(value: Any) -> Any:
    return np.array(value)[()]


def _is_float(value: Any) -> bool:
    return bool(jax.numpy.issubdtype(value.dtype, jax.numpy.inexact))


def _size(given: list[Any]) -> float:
    """The greatest entry of the operands: what a sum may cancel from."""
    sizes = [float(np.max(np.abs(v), initial=0)) for v in map(array_of, given)
             if v.dtype.kind == "f" and np.all(np.isfinite(v))]  # fmt: skip
    return max(sizes, default=0.0)


def _site(eqn: Any) -> tuple[Any, int]:
    """The learner's instruction that made an equation."""
    traceback = eqn.source_info.traceback
    codes, instructions = traceback.raw_frames() if traceback else ((), ())
    for code, instruction in zip(codes, instructions, strict=True):
        file = code.co_filename
        if not (file.startswith(HOME) or INSIDE[file]):
            return code, instruction
    return learners.__code__, -1
