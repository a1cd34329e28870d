"""What PyTorch computes in a block, recorded on a tape of ours.

A function mode sees each call of a PyTorch function. PyTorch runs it; then the op of
ours that means the same runs on mirrors of the arguments, and its result is replaced by
PyTorch's. Hooks on the tensors take the gradients from whatever backward pass PyTorch
runs later.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from tapeviz.adapters.torch.ops import (
    IGNORED,
    LEAVING,
    SAME,
    STEPS,
    SUMS,
    TABLE,
    WITH_RESULT,
)
from tapeviz.adapters.torch.uses import Use, outputs_of, shared, uses
from tapeviz.engine import nest
from tapeviz.engine.asking import seeds_of
from tapeviz.engine.dispatch import VJP, VJP_TENSORS
from tapeviz.engine.recording import ActiveTapes, tape_stack
from tapeviz.engine.records import Asked, CallSite
from tapeviz.engine.scopes import grouped
from tapeviz.engine.tensor import Tensor, Variable, array_of, recorded, wrap
from tapeviz.errors import INSIDE, caller, runtime_error
from tapeviz.inspect.foreign_tape import ForeignTape, greatest
from tapeviz.inspect.replay import paused
from tapeviz.inspect.source.variables import DEEP, Names, members

INSIDE.folders += (str(Path(torch.__file__).parent),)


def array(t: torch.Tensor) -> Any:
    """A copy of a tensor's numbers; of a scalar a NumPy scalar."""
    plain = t.detach()
    if plain.is_sparse:
        plain = plain.to_dense()
    if plain.dtype is torch.bfloat16:
        plain = plain.float()
    return plain.cpu().resolve_conj().resolve_neg().numpy().copy()[()]


@dataclass(frozen=True)
class Call:
    """One call of a function of PyTorch, by the mirrors of what went in and came out.

    ``carries`` says that an operand required a gradient, ``live`` that a result does,
    ``graded`` that PyTorch recorded at that moment.
    """

    name: str
    operands: tuple[Any, ...]
    results: tuple[Any, ...]
    carries: bool
    live: bool
    graded: bool
    site: CallSite


class TorchPass(dict[int, Any]):
    """The gradients of one backward pass, by record.

    ``handed`` has what an operand was given, by record and operand, as far as it was
    heard: where a value is used more than once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.handed: dict[tuple[int, int], Any] = {}


class CallTape(ForeignTape):
    """Records what PyTorch computes in its block, and the backward passes after it."""

    framework = "PyTorch"

    def __init__(self) -> None:
        super().__init__()
        self._mirrors: dict[int, tuple[torch.Tensor, Any, int]] = {}
        self._tensors: dict[int, torch.Tensor] = {}  # by record, those with a gradient
        self._passes: dict[int, TorchPass] = {}
        self.calls: list[Call] = []
        self._uses: list[Use] = []  # that are not listened to
        self._found: dict[tuple[int, ...], TorchPass | None] = {}

    # -- the block -------------------------------------------------------------------

    def _start(self, now: ActiveTapes) -> None:
        if any(isinstance(tape, CallTape) for tape in now.tapes):
            raise runtime_error(
                "PyTorch is being recorded already, by a block around this one",
                "end that block first, or leave this one out",
            )
        super()._start(now)

    def watchers(self) -> list[AbstractContextManager[Any]]:
        """What shows it PyTorch's calls while it records."""
        return [_SeenCalls(self), _Layers()]

    # -- mirrors ---------------------------------------------------------------------

    def mirror(self, t: torch.Tensor) -> Any:
        """Our tensor or variable for one of PyTorch's, with its present numbers."""
        _, known, version = self._mirrors.get(id(t), (t, None, -1))
        leaf = t.is_leaf and t.requires_grad
        if isinstance(known, Variable) and leaf:
            now = array(t)
            if not np.array_equal(now, array_of(known), equal_nan=True):
                with paused():
                    known.assign(now)
            self._listen(t, known._index())
            return known
        if known is not None and version == t._version and not leaf:
            return known
        base = t._base if t.requires_grad and t._is_view() else None
        if base is not None and not base.is_leaf and id(base) in self._mirrors:
            return self._of_views(t, _part, (self.mirror(base),), (base,), t)
        made: Any = Variable(array(t)) if leaf else wrap(array(t))
        self.keep(t, made)
        if leaf:
            self._listen(t, made._index())
        elif t.requires_grad:  # its history is outside of the block
            self.watch(made)
            self._listen(t, made._index())
        return made

    def keep(self, t: torch.Tensor, mirror: Any) -> None:
        """From now on a tensor of ours stands for one of PyTorch's."""
        self._mirrors[id(t)] = (t, mirror, t._version)

    def _listen(self, t: torch.Tensor, index: int) -> None:
        """Take the gradient of a tensor from every backward pass from now on."""
        if index < 0 or index in self._tensors:
            return
        self._tensors[index] = t
        passes = weakref.ref(self)

        def hook(g: torch.Tensor | None) -> None:
            tape = passes()
            if tape is not None and g is not None and index in tape._tensors:
                task = torch._C._current_graph_task_id()
                if index in tape.values:  # a leaf hears of passes of others, too
                    tape._passes.setdefault(task, TorchPass())
                if task in tape._passes:
                    tape._passes[task][index] = array(g)

        weakref.finalize(self, t.register_hook(hook).remove)

    def _leave(self) -> None:
        super()._leave()
        self._listen_to_uses()

    def _listen_to_uses(self) -> None:
        """Take what PyTorch hands to each use of a value that has several."""
        if not self._uses:
            return
        records = self.records()
        several, waiting = shared(records), self._uses
        self._uses = [use for use in waiting if use.operand not in several]
        for use in waiting:
            if use.operand in several:
                for (node, k), slot in use.slots(records):
                    self._listen_to(node, k, slot)

    def _listen_to(self, node: Any, k: int, slot: tuple[int, int]) -> None:
        """Take what a node hands to one of its inputs from every backward pass."""
        passes = weakref.ref(self)

        def hook(handed: Any, _upstream: Any) -> None:
            tape = passes()
            task = torch._C._current_graph_task_id()
            if tape is not None and task in tape._passes and handed[k] is not None:
                tape._passes[task].handed[slot] = array(handed[k])

        weakref.finalize(self, node.register_hook(hook).remove)

    def mirrored(self, thing: Any) -> Any:
        """A nest with mirrors in the place of PyTorch's tensors."""
        if isinstance(thing, torch.Tensor):
            return self.mirror(thing)
        if isinstance(thing, torch.nn.Module):
            return self.mirrored(list(thing.parameters()))
        if isinstance(thing, Mapping):
            return {k: self.mirrored(v) for k, v in thing.items()}
        if isinstance(thing, Iterator):
            thing = list(thing)
        if isinstance(thing, (list, tuple)):
            return (
                type(thing)(map(self.mirrored, thing))
                if type(thing) in (list, tuple)
                else tuple(map(self.mirrored, thing))
            )
        return thing

    def named(self, names: Names) -> Names:
        """The learner's names; those in modules, lists and objects by their path."""
        found: dict[str, Any] = {}
        for name, thing in list(names.items()):
            if not name.startswith("_"):
                found |= self._named(name, thing, DEEP)
        return {**names, **found}

    def _named(self, name: str, thing: Any, depth: int) -> dict[str, Any]:
        if isinstance(thing, torch.Tensor):
            known = self._mirrors.get(id(thing))
            return {} if known is None else {name: known[1]}
        if isinstance(thing, torch.nn.Module):
            parts = [*thing.named_parameters(), *thing.named_buffers()]
            inner = ((f"{name}.{k}", v) for k, v in parts)
            return {
                _NUMBER.sub(r"[\1]", k): self._mirrors[id(v)][1]
                for k, v in inner
                if id(v) in self._mirrors
            }
        found: dict[str, Any] = {}
        for inner_name, one in members(name, thing) if depth else ():
            found |= self._named(inner_name, one, depth - 1)
        return found

    # -- gradients -------------------------------------------------------------------

    def handed(self, targets: list[Any]) -> dict[tuple[int, int], Any]:
        """What the nodes of PyTorch handed on, where a value is used more than once."""
        own = self.own_gradients(targets)
        return {} if own is None else own.handed

    def own_gradients(self, targets: list[Any]) -> TorchPass | None:
        """From the hooks if PyTorch ran this backward pass; else it is asked now."""
        key = tuple(self._index_of(t) for t in targets)
        if key not in self._found:
            roots = [self._tensors[i] for i in key if i in self._tensors]
            asked = self._ask_pytorch(roots) if roots else TorchPass()
            self._found[key] = self._ran(key) if asked is None else asked
        return self._found[key]

    def _ask_pytorch(self, roots: list[torch.Tensor]) -> TorchPass | None:
        """A backward pass of our own; None if PyTorch has freed the graph."""
        self._listen_to_uses()
        records = self.records()
        leaves = [t for i, t in self._tensors.items() if records[i].is_leaf]
        ran, self._passes = self._passes, {}
        try:
            torch.autograd.grad(
                roots, leaves, [torch.ones_like(t) for t in roots],
                retain_graph=True, allow_unused=True,
            )  # fmt: skip
            return next(iter(self._passes.values()), TorchPass())
        except RuntimeError:
            return None
        finally:
            self._passes = ran

    def _ran(self, key: tuple[int, ...]) -> TorchPass | None:
        """What the hooks saw of a backward pass from this target that began with 1."""
        if len(key) > 1:
            return None
        found = [
            seen
            for seen in self._passes.values()
            if max(seen) == key[0] and np.all(np.asarray(seen[key[0]]) == 1)
        ]
        return max(found[::-1], key=len, default=None)

    def last_asked(self) -> Asked | None:
        """The root and the leaves of the last backward pass."""
        if not self._passes:
            return None
        last = self.last_pass()
        root = self._tensors[max(last)]
        leaves = [t for i, t in self._tensors.items() if i in last and t.is_leaf]
        seed = last[max(last)]
        sources = [self._mirrors[id(t)][1] for t in leaves]
        return Asked([self._mirrors[id(root)][1]], [seed], sources)

    def tensor_of(self, mirror: Any) -> Any:
        """PyTorch's tensor of one of ours; None if there is none."""
        return next((t for t, m, _ in self._mirrors.values() if m is mirror), None)

    def last_pass(self) -> dict[int, Any]:
        """The gradients of the last backward pass, by record."""
        return self._passes[max(self._passes)] if self._passes else {}

    def passes_from(self, index: int) -> list[dict[int, Any]]:
        """The gradients of each backward pass that began at a record, by record."""
        return [seen for seen in self._passes.values() if max(seen) == index]

    # -- recording -------------------------------------------------------------------

    def see(self, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Run a function of PyTorch, and record what it means."""
        name = _name(func)
        if func in BACKWARD:
            self._listen_to_uses()
        if func is torch.autograd.grad and kwargs.get("create_graph"):
            return self._differentiate(*args, **kwargs)
        into = args[0] if args and isinstance(args[0], torch.Tensor) else None
        if self._is_quiet(name, func, into):
            return func(*args, **kwargs)
        plain = {k: v for k, v in kwargs.items() if v is not None and k not in IGNORED}
        given = self.mirrored(args), self.mirrored(plain)
        state = None if name in TABLE.keys() - {"dropout"} else torch.get_rng_state()
        operands = {
            output: recorded(self.mirror(t))
            for output, t in outputs_of(_tensors((args, kwargs))).items()
        }
        carries, start = bool(operands), len(self._recs)
        out = func(*args, **kwargs)
        if name in LEAVING and into is not None:
            tape_stack.note("left", given[0][0])
        results: list[Any] = [into] if name == "setitem" else _tensors(out)
        if into is out and name in SAME:
            return out
        live, graded = any(t.requires_grad for t in results), torch.is_grad_enabled()
        ours = name in TABLE or name.rstrip("_") in TABLE
        if graded and results and (live or ours):
            drawn = _mask(func, args, kwargs, state) if name == "dropout" else out
            self._record(name, func, given, (args, kwargs), results, drawn, state)
            self._uses += uses(results, operands, start, len(self._recs))
            if changes(name) and into is not None and into._is_view():
                self._put_back(into, into._base)
        new = (t for t in results if id(t) in self._mirrors or not t._is_view())
        made = tuple(map(self.mirror, new))
        frame = caller()
        if frame is not None:
            site, inputs = CallSite(frame.f_code, frame.f_lasti), tuple(_ours(given))
            self.calls.append(Call(name, inputs, made, carries, live, graded, site))
        return out

    @property
    def _recs(self) -> list[Any]:
        recording: Any = self._recording
        found: list[Any] = recording.recs
        return found

    def _is_quiet(self, name: str, func: Any, into: Any) -> bool:
        """Whether a call computes nothing, or is about what the tape does not know."""
        if getattr(func, "__name__", "") == "__get__" and name not in TABLE:
            return True
        known = into is None or into.is_leaf or id(into) in self._mirrors
        return name in SILENT or (name in LEAVING and not known)

    def _differentiate(
        self, outputs: Any, inputs: Any, grad_outputs: Any = None, **options: Any
    ) -> Any:
        """A gradient that is computed with: the rules of ours are recorded."""
        out = torch.autograd.grad(outputs, inputs, grad_outputs, **options)
        ys, xs = (nest.leaves(self.mirrored(v)) for v in (outputs, inputs))
        given = nest.leaves(self.mirrored(grad_outputs))
        seeds = seeds_of(ys, [g for g in given if g is not None])
        found = self._pull(seeds, xs, VJP, VJP_TENSORS)
        for t, mine in zip(out, found, strict=True):
            if t is not None and isinstance(mine, Tensor):
                self._settle(t, mine, array(t))
        return out

    def _record(
        self, name: str, func: Any, given: Any, raw: Any, results: list[Any], out: Any,
        state: Any,
    ) -> None:  # fmt: skip
        theirs = [array(t) for t in results]
        terms = [greatest(array_of(m)) for m in _ours(given)] if name in SUMS else []
        ours = self.translated(
            name.strip("_"),
            lambda: _ours(_meaning(name)(*given[0], **given[1], **_extras(name, out))),
            theirs,
            max(terms, default=0.0),
        )
        if ours is None:
            ours = self._custom(name, func, given, raw, theirs, state)
        for t, a, b in zip(results, ours, theirs, strict=True):
            if not isinstance(a, Variable) and np.shape(array_of(a)) == np.shape(b):
                self._settle(t, a, b)

    def _put_back(self, view: torch.Tensor, base: torch.Tensor) -> None:
        """A view was changed in place, and so was that which it is a view of.

        PyTorch takes the view from its base again, and so does ``mirror``.
        """
        _, old, _ = self._mirrors.get(id(base), (base, None, 0))
        if old is None or base.is_leaf or not base.is_contiguous():
            return
        _, part, _ = self._mirrors.pop(id(view))
        self._tensors.pop(part._index(), None)
        self._of_views(base, _with_part, (old, part), (base, view), view)

    def _of_views(
        self, t: torch.Tensor, func: Any, ours: Any, theirs: Any, view: torch.Tensor
    ) -> Tensor:
        """The mirror of a tensor, computed from a view or its base."""
        where, numbers = _where(view), array(t)
        given: Any = ((*ours, *where), {})
        raw: Any = ((*theirs, *where), {})
        made: Tensor
        (made,) = self._custom("view", func, given, raw, [numbers], None)
        self._settle(t, made, numbers)
        return made

    def _settle(self, t: torch.Tensor, mine: Tensor, theirs: Any) -> None:
        """From now on our result has PyTorch's numbers, and stands for its tensor."""
        mine._v = theirs
        index = mine._index()
        if index >= 0:
            self.values[index] = theirs
        self.keep(t, mine)
        if t.requires_grad:
            self._listen(t, index)

    def _custom(
        self, name: str, func: Any, given: Any, raw: Any, theirs: list[Any], state: Any
    ) -> list[Any]:
        """A call without an op of ours: PyTorch itself is asked for its vjp."""
        inputs = _ours(given)
        before = [
            torch.as_tensor(np.array(array_of(m))).to(t.dtype)
            for t, m in zip(_tensors(raw), inputs, strict=True)
        ]
        pull = _Pull(func, raw, before, state)
        silent = name.rstrip("_") in (*STEPS, "view")
        return self.without_rule(name, inputs, theirs, pull, silent=silent)


BACKWARD = (torch.Tensor.backward, torch.autograd.backward, torch.autograd.grad)
"""Functions that run a backward pass."""

SILENT = frozenset({"grad", "backward", "requires_grad_", "register_hook", "set_data"})
"""Functions that compute nothing of their own."""

_NUMBER = re.compile(r"\.(\d+)(?=\.|$)")


class _SeenCalls(TorchFunctionMode):  # type: ignore[misc] # it is not there to be checked
    """Shows a tape every call of a function of PyTorch."""

    def __init__(self, tape: CallTape) -> None:
        super().__init__()
        self.tape = tape

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if not self.tape._is_recording:
            return func(*args, **(kwargs or {}))
        return self.tape.see(func, args, kwargs or {})


class _Layers:
    """While it is entered, what a module computes is one group, named as its class."""

    def __enter__(self) -> None:
        self._open: list[grouped] = []
        hooks = torch.nn.modules.module
        self._hooks = [
            hooks.register_module_forward_pre_hook(self._begin),
            hooks.register_module_forward_hook(self._end, always_call=True),
        ]

    def _begin(self, module: Any, _args: Any) -> None:
        self._open.append(group := grouped(type(module).__name__))
        group.__enter__()

    def _end(self, *_: Any) -> None:
        if self._open:
            self._open.pop().__exit__(None, None, None)

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()


class _Pull:
    """The vjp of one call, from PyTorch: the call again, on copies of its tensors."""

    def __init__(self, func: Any, raw: Any, values: list[Any], state: Any) -> None:
        self.func, self.raw, self.values, self.state = func, raw, values, state

    def __call__(self, *upstream: Tensor) -> list[Any]:
        with torch.enable_grad(), torch.random.fork_rng(devices=[]):
            if self.state is not None:
                torch.set_rng_state(self.state)
            leaves = [
                v.clone().requires_grad_(v.is_floating_point()) for v in self.values
            ]
            copies = iter([v.clone() for v in leaves])
            args, kwargs = _put(self.raw, lambda _: next(copies))
            out = self.func(*args, **kwargs)
            results = _tensors(out) or [args[0]]
            pairs = [
                (t, torch.as_tensor(np.array(array_of(g))).to(t.dtype))
                for t, g in zip(results, upstream, strict=True)
                if t.requires_grad
            ]
            wanted = [v for v in leaves if v.requires_grad]
            if not pairs or not wanted:
                return [None] * len(leaves)
            found = iter(
                torch.autograd.grad(
                    [t for t, _ in pairs], wanted, [g for _, g in pairs],
                    allow_unused=True,
                )
            )  # fmt: skip
        each = [next(found) if v.requires_grad else None for v in leaves]
        return [None if g is None else wrap(array(g)) for g in each]


def _where(view: torch.Tensor) -> tuple[Any, ...]:
    """Which numbers of its base a view shows."""
    return view.size(), view.stride(), view.storage_offset()


def _part(whole: torch.Tensor, *where: Any) -> torch.Tensor:
    """A view of a tensor."""
    return whole.contiguous().as_strided(*where)


def _with_part(whole: torch.Tensor, part: torch.Tensor, *where: Any) -> torch.Tensor:
    """A tensor with other numbers in the place of a view."""
    made = whole.clone()
    made.as_strided(*where).copy_(part)
    return made


def _mask(func: Any, args: Any, kwargs: Any, state: Any) -> Any:
    """What dropout makes of ones with the random numbers that it had."""
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(state)
        options = {**kwargs, "inplace": False}
        return func(torch.ones_like(args[0]), *args[1:], **options)


def changes(name: str) -> bool:
    """Whether a function changes its first tensor."""
    return name == "setitem" or (name.endswith("_") and not name.endswith("__"))


def _name(func: Any) -> str:
    """A function's plain name: ``__rsub__`` is "rsub", the property ``T`` is "T"."""
    name = str(getattr(func, "__name__", func))
    if name in ("__get__", "__set__"):
        prefix = "" if name == "__get__" else "set_"
        return prefix + str(getattr(func.__self__, "__name__", ""))
    return name.strip("_") if name.startswith("__") else name


def _meaning(name: str) -> Any:
    """Our function of that name; KeyError if there is none. ``add_`` means ``add``."""
    return TABLE[name] if name in TABLE else TABLE[name.rstrip("_")]


def _extras(name: str, out: Any) -> dict[str, Any]:
    """What an op of ours takes from PyTorch's result: which entry is greatest."""
    if name.rstrip("_") not in WITH_RESULT:
        return {}
    return {"out": _put(out, array)}


def _put(nest: Any, change: Callable[[Any], Any]) -> Any:
    """A nest with something else in the place of each tensor."""
    if isinstance(nest, torch.Tensor):
        return change(nest)
    if isinstance(nest, dict):
        return {k: _put(v, change) for k, v in nest.items()}
    if isinstance(nest, (list, tuple)):
        made = [_put(v, change) for v in nest]
        return made if isinstance(nest, list) else tuple(made)
    return nest


def _tensors(nest: Any) -> list[Any]:
    found: list[Any] = []
    _put(nest, found.append)
    return found


def _ours(nest: Any) -> list[Any]:
    """The tensors and variables of ours in a nest."""
    if isinstance(nest, (Tensor, Variable)):
        return [nest]
    if isinstance(nest, dict):
        nest = list(nest.values())
    if isinstance(nest, (list, tuple)):
        return [t for one in nest for t in _ours(one)]
    return []
