"""A mend of PyTorch code tried before it is offered: on copies of what it works with.

What runs again is the tape's block as it is after the edits, the edited statements and
functions before it, and the backward passes after it. Tensors, modules and lists are
copied with everything in them, so what changes them in place is not noticed; code that
prints, writes or does what is not known here is not run.
"""

from __future__ import annotations

import ast
import copy
import dis
import linecache
import textwrap
from collections.abc import Callable, Iterator, Sequence
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import torch

from tapeviz.adapters.torch.recording import CallTape
from tapeviz.engine.parsing import parse
from tapeviz.engine.recording import active
from tapeviz.engine.tensor import Tensor, Variable
from tapeviz.inspect import trial
from tapeviz.inspect.gradient_question import program
from tapeviz.inspect.pure_code import IMMUTABLE, IMPURE, METHODS, PureCode
from tapeviz.inspect.source.positions import tree_of
from tapeviz.trace.diagnosis import Edit, apply_edits
from tapeviz.trace.graph import Source

Place = tuple[str, Any]
"""A statement, and the file that it is in."""


def outcome(inquiry: Any, edits: Sequence[Edit]) -> str:
    """What becomes of the gradient that an ``Inquiry`` is about, after these edits."""
    if not edits or len(inquiry.records) > trial.MANY:
        return trial.UNTRIED
    try:
        return trial.WORKS if _TorchTrial(inquiry, edits).mends() else trial.STILL
    except (trial.UntriedError, NameError):
        return trial.UNTRIED
    except Exception:  # noqa: BLE001 - whatever the edited code raises
        return trial.RAISES


class _TorchTrial:
    """The edited statements, and the names they run with."""

    def __init__(self, inquiry: Any, edits: Sequence[Edit]) -> None:
        self.inquiry, self.edits = inquiry, edits
        self.program = program(inquiry.builder, inquiry.site)
        self.files = {shown: path for path, shown in inquiry.code.names.items()}

    def mends(self) -> bool:
        """Whether the edited code runs, and the question has another answer then."""
        if any(isinstance(tape, CallTape) for tape in active().tapes):
            raise trial.UntriedError
        asked = self.program.argument(1, "target") or _code(self.inquiry.y_name)
        y_code, x_code = asked, _code(self.inquiry.x_name)
        body = [one for where in self._statements() for one in self._edited(*where)]
        names = self._names(body)
        if not TorchCode(names, self.program.definition_of).allows(body):
            raise trial.UntriedError
        with (
            trial.quiet(),
            torch.random.fork_rng(devices=[]),
            torch.set_grad_enabled(torch.is_grad_enabled()),
        ):
            trial.execute(body, names)
            y, x = (trial.evaluate(code, names) for code in (y_code, x_code))
            tape = names.get(self._tape_name())
            if not isinstance(tape, CallTape) or not isinstance(x, torch.Tensor):
                raise trial.UntriedError
            return isinstance(y, torch.Tensor) and self.inquiry.is_fine(tape, y, x)

    # -- the code --------------------------------------------------------------------

    def _block(self) -> Place:
        block: Place | None = self.inquiry.block
        site = self.inquiry.site
        entered = self.inquiry.records.entered
        if block is None or site is None or entered is None:
            raise trial.UntriedError
        one, other = entered.code, site[0]
        if one is not other and {one.co_name, other.co_name} != {"<module>"}:
            raise trial.UntriedError
        return block

    def _tape_name(self) -> str:
        head = self._block()[1].items[0].optional_vars
        return head.id if isinstance(head, ast.Name) else ""

    def _statements(self) -> Iterator[Place]:
        """What runs: the edited code before the block, the block, backward passes."""
        block, after = self._block(), self.inquiry.backwards
        inside = [block, *after]
        before = [
            self._before(self.files[e.span.file], e)
            for e in self.edits
            if not any(self._has(where, e) for where in inside)
        ]
        unique = {id(node): (path, node) for path, node in before}
        yield from sorted(unique.values(), key=lambda where: where[1].lineno)
        yield from inside

    def _has(self, where: Place, e: Edit) -> bool:
        path, node = where
        first, last = _lines(node)
        mine = self.files.get(e.span.file) == path
        return mine and first <= e.span.line and e.span.end_line <= last

    def _before(self, path: str, e: Edit) -> Place:
        """The function or plain statement outside of the block that an edit is in."""
        for node in tree_of(path).body:
            plain = isinstance(node, (ast.FunctionDef, ast.Expr, ast.Assign))
            if plain and self._has((path, node), e):
                return path, node
        raise trial.UntriedError

    def _edited(self, path: str, node: Any) -> list[ast.stmt]:
        """A statement as it is after the edits, with what they put before it."""
        first, last = _lines(node)
        mine = [e for e in self.edits if self._has((path, node), e)]
        text = "".join(linecache.getlines(path)[first - 1 : last])
        shown = next((e.span.file for e in mine), path)
        source = Source(shown, first, tuple(text.splitlines()))
        return parse(textwrap.dedent("\n".join(apply_edits(source, mine)))).body

    # -- the names -------------------------------------------------------------------

    def _names(self, body: list[ast.stmt]) -> dict[str, Any]:
        """Copies of what the code reads by a name; functions see these copies."""
        module = ast.fix_missing_locations(ast.Module(body, []))
        code = compile(module, "<trial>", "exec")
        names: dict[str, Any] = {"__name__": self.inquiry.names.get("__name__")}
        waiting = [*_reads(code, set())]
        while waiting:
            name = waiting.pop()
            if name in names or name not in self.inquiry.names:
                continue
            names[name] = thing = self._theirs(self.inquiry.names[name])
            if isinstance(thing, FunctionType) and trial.is_theirs(thing, names):
                waiting += _reads(thing.__code__, set())
        return self._copied(names)

    def _theirs(self, thing: Any) -> Any:
        """PyTorch's tensor in the place of the one that mirrors it."""
        mirror = isinstance(thing, (Tensor, Variable))
        return self.inquiry.tape.tensor_of(thing) if mirror else thing

    def _copied(self, names: dict[str, Any]) -> dict[str, Any]:
        memo: dict[int, Any] = {}
        shared = (ModuleType, FunctionType, BuiltinFunctionType, type)
        held = {n: t for n, t in names.items() if not isinstance(t, shared)}
        tensors = [t for thing in held.values() for t in _tensors_in(thing)]
        if sum(t.numel() for t in tensors) > trial.LARGE:
            raise trial.UntriedError
        for t in tensors:
            memo[id(t)] = self._copy(t)
        try:
            found = names | {n: copy.deepcopy(t, memo) for n, t in held.items()}
        except Exception as error:  # an open file, or history in an object
            raise trial.UntriedError from error
        for n, f in names.items():
            if isinstance(f, FunctionType) and trial.is_theirs(f, names):
                found[n] = trial.rebuilt(f, found)
        return found

    def _copy(self, t: torch.Tensor) -> torch.Tensor:
        """A tensor with the same numbers, and as much history as can be had."""
        made = t.detach().clone().requires_grad_(t.requires_grad)
        if not t.is_leaf:
            if t is not self.inquiry.theirs:  # the source may be what led to it
                raise trial.UntriedError
            return made.clone()
        if isinstance(t, torch.nn.Parameter):
            made = torch.nn.Parameter(made.detach(), t.requires_grad)
        if t.grad is not None:
            made.grad = t.grad.detach().clone()
        return made


def _code(name: str) -> ast.expr:
    try:
        return parse(name, mode="eval").body
    except SyntaxError as error:
        raise trial.UntriedError from error


def _lines(node: Any) -> tuple[int, int]:
    """The first and last line of a statement, its decorators included."""
    heads = (d.lineno for d in getattr(node, "decorator_list", ()))
    return min((node.lineno, *heads)), node.end_lineno


def _reads(code: CodeType, made: set[str]) -> Iterator[str]:
    """The global names that code reads before it makes them."""
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_NAME", "LOAD_GLOBAL") and step.argval not in made:
            yield step.argval
        elif step.opname in ("STORE_NAME", "STORE_GLOBAL"):
            made.add(step.argval)
        elif isinstance(step.argval, CodeType):
            yield from _reads(step.argval, {*made})


def _tensors_in(thing: Any) -> Iterator[torch.Tensor]:
    """The tensors in lists, dictionaries and modules."""
    if isinstance(thing, torch.Tensor):
        yield thing
    elif isinstance(thing, torch.nn.Module):
        yield from (*thing.parameters(), *thing.buffers())
    elif isinstance(thing, (list, tuple, dict)):
        for one in thing.values() if isinstance(thing, dict) else thing:
            yield from _tensors_in(one)


GLOBAL = frozenset((
    "compile", "cuda", "distributed", "func", "hub", "jit", "library", "manual_seed",
    "multiprocessing", "onnx", "overrides", "package", "profiler", "seed", "set_data",
    "set_default_device", "set_default_dtype", "set_default_tensor_type",
    "set_detect_anomaly", "set_flush_denormal", "set_num_threads",
    "use_deterministic_algorithms",
))  # fmt: skip
"""Words in the names of PyTorch's functions that change more than their operands."""

LOCAL = frozenset(("Module", "Sequential", "dropout", "layers"))
"""Words that PyTorch has for other things than the modules that PureCode knows."""

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")

TENSOR_METHODS = frozenset(
    name
    for name in dir(torch.Tensor)
    if not name.startswith(("_", "register", "map", "apply", "share"))
    and name not in {"cuda", "data_ptr", "pin_memory", "record_stream", "storage"}
)


class TorchCode(PureCode):
    """Judges code that runs with copies of tensors and modules of PyTorch."""

    modules = (*PureCode.modules, "torch")
    impure = (IMPURE | GLOBAL) - LOCAL
    methods = METHODS | TENSOR_METHODS | {"append", "extend", "update"}
    values = (*PureCode.values, torch.Tensor, list, dict)
    copied = True
    assigned = frozenset(("data", "grad", "requires_grad"))

    def member(self, thing: Any, name: str) -> Any:
        """A parameter or a module in a module, or what an object holds."""
        inside = isinstance(thing, torch.nn.Module)
        return getattr(thing, name, None) if inside else super().member(thing, name)

    def calls(self, thing: Any) -> bool:
        """Whether an object that a name holds may be called."""
        home = str(getattr(thing, "__module__", None) or type(thing).__module__)
        if isinstance(thing, torch.nn.Module):
            return self._layer(thing)
        if home.startswith(("torch.", "tapeviz.adapters.torch")):
            return getattr(thing, "__name__", "") not in self.impure
        if isinstance(thing, FunctionType):  # it may hold what is no copy
            held = (*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values())
            if thing.__closure__ or not all(isinstance(v, IMMUTABLE) for v in held):
                return False
        return super().calls(thing)

    def _layer(self, layer: Any) -> bool:
        """Whether a module and those in it have no hooks, and forward may be called."""
        if any(getattr(layer, name, None) for name in _HOOKS):
            return False
        if not all(map(self._layer, layer.children())):
            return False
        theirs = type(layer).__module__.startswith("torch.")
        return theirs or self._forward(layer, type(layer).forward)

    def _forward(self, layer: Any, forward: Callable[..., Any]) -> bool:
        """Whether the learner's own forward may be called, which sees no copies."""
        code = getattr(forward, "__code__", None)
        found = None if code is None else self.source(code)
        if found is None or code in self._seen:
            return found is not None
        self._seen.add(code)
        own, *args = [a.arg for a in ast.walk(found.args) if isinstance(a, ast.arg)]
        inner = _OwnForward({**forward.__globals__, own: layer}, self.source)
        inner._seen = self._seen
        return inner.allows(found.body, args)


class _OwnForward(TorchCode):
    """Judges a method: what it reads by a global name is the learner's own."""

    methods = frozenset(m for m in TorchCode.methods if not m.endswith("_"))
    copied = False
    assigned = frozenset()
