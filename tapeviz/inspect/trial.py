"""An edit tried before it is offered: applied to the block, in a copy of its names.

The block runs again only where that has no effect that anybody could notice. Nothing
the learner holds is changed: names are copied, tapes and listeners are away meanwhile,
and tensors that the copy watches belong to their own recordings again afterwards.
"""

from __future__ import annotations

import ast
import linecache
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from tapeviz.engine import nest
from tapeviz.engine.parsing import parse
from tapeviz.engine.recording import tape_stack
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import (
    Tensor,
    Variable,
    array_of,
    membership,
    restore_membership,
)
from tapeviz.errors import own
from tapeviz.inspect.gradient_question import Question, is_value
from tapeviz.inspect.pure_code import PureCode
from tapeviz.inspect.source.dataflow import Statement
from tapeviz.trace.diagnosis import Edit, Reason, apply_edits
from tapeviz.trace.graph import Source

MANY = 2000
"""A block that recorded more operations is not run again."""

LARGE = 200_000
"""Nor one whose values have more entries than this."""

UNTRIED, RAISES, STILL, WORKS = "untried", "raises", "still", "works"
"""Not run; it raises an error; the gradient is no number, or the same; it is one."""


class UntriedError(Exception):
    """The edits cannot be tried."""


def tried(
    reasons: Sequence[Reason], outcome_of: Callable[[Sequence[Edit]], str]
) -> list[Reason]:
    """The reasons with those edits only that mend, as far as they can be tried.

    Edits that do not mend alone count if those of all reasons together do, or if
    another reason, which has none, is told beside them.
    """
    found = [outcome_of(r.edits) for r in reasons]
    if STILL in found:
        every = [e for r in reasons for e in r.edits]
        both = outcome_of(every) if len(reasons) > 1 else ""
        by_hand = any(not r.edits for r in reasons)
        mends = both == WORKS or by_hand
        found = [WORKS if o == STILL and mends else o for o in found]
    return [
        replace(r, edits=() if o in (RAISES, STILL) else r.edits, tried=o == WORKS)
        for r, o in zip(reasons, found, strict=True)
    ]


def outcome(question: Question, edits: Sequence[Edit], gradient: Any) -> str:
    """What becomes of the gradient asked for when the code has these edits.

    ``gradient`` is what it is now: None or an array.
    """
    sizes = sum(int(np.size(v)) for v in question.builder.values)
    if not edits or len(question.records) > MANY or sizes > LARGE:
        return UNTRIED
    try:
        found = _Trial(question, edits).gradient()
    except UntriedError:
        return UNTRIED
    except Exception:  # noqa: BLE001 - whatever the edited code raises
        return RAISES
    if found is None or not np.all(np.isfinite(found)):
        return STILL
    finite = gradient is not None and bool(np.all(np.isfinite(gradient)))
    same = finite and np.shape(found) == np.shape(gradient)
    return STILL if same and np.array_equal(found, gradient) else WORKS


class _Trial:
    """The edited statements, and the names they run with."""

    def __init__(self, question: Question, edits: Sequence[Edit]) -> None:
        self.question, self.edits = question, edits
        self.trees: dict[str, tuple[ast.Module, list[Edit]]] = {}
        self.watched: list[tuple[Tensor, Any]] = []
        self.variables: dict[str, Tensor] = {}

    def gradient(self) -> Any:
        """The gradient asked for, as an array; None for None."""
        question, asking = self.question, self.question.program.asking_line
        head = question.head
        if head is None or asking is None:
            raise UntriedError
        run = self._before(head, asking)
        touched = any(self._touches(e, head) for e in self.edits)
        changed = run or self.variables or touched
        if changed and head.scope != asking.scope:
            raise UntriedError
        block = [self._edited(head)] if changed else []
        ask, names = self._ask(asking), self._names()
        judge = PureCode(names, self.question.program.definition_of)
        asked = [code for code in ask[1:] if code is not None]
        if not judge.allows([*run, *block]) or not judge.allows(asked):
            raise UntriedError
        with quiet(), self._restored():
            names.update({n: Variable(array_of(t)) for n, t in self.variables.items()})
            execute([*run, *block], names)
            tape, y, x = (evaluate(code, names) for code in ask)
            x = question.source if ask[2] is None else x
            return self._pulled(block, names, tape, y, x)

    def _pulled(self, block: Any, names: Any, tape: Any, y: Any, x: Any) -> Any:
        if block:
            bound = block[0].items[0].optional_vars
            tape = names.get(bound.id) if isinstance(bound, ast.Name) else None
        targets = nest.leaves(y)
        if not isinstance(tape, GradientTape) or not is_value(x):
            raise UntriedError
        if not all(map(is_value, targets)):
            return None
        seeds = [np.ones_like(array_of(t))[()] for t in targets]
        return tape.records().gradient(targets, seeds, x)

    # -- the code --------------------------------------------------------------------

    def _tree(self, path: str) -> ast.Module:
        """A file or cell after the edits; SyntaxError if they break it."""
        if path not in self.trees:
            names = self.question.builder.code.names
            lines = [line.rstrip("\n") for line in linecache.getlines(path)]
            mine = [e for e in self.edits if e.span.file == names.get(path)]
            new = apply_edits(Source(names.get(path, path), 1, tuple(lines)), mine)
            self.trees[path] = parse("\n".join(new)), mine
        return self.trees[path][0]

    def _edited(self, line: Statement) -> Any:
        """A statement as it is after the edits; found again by where it begins."""
        tree = self._tree(line.path)
        at = line.node.lineno + sum(
            e.new.count("\n") - (e.span.end_line - e.span.line)
            for e in self.trees[line.path][1]
            if (e.span.line, e.span.col) < (line.node.lineno, line.node.col_offset)
        )
        for one in ast.walk(tree):
            if isinstance(one, type(line.node)) and one.lineno == at:
                return one
        raise UntriedError

    def _touches(self, e: Edit, line: Statement) -> bool:
        node: Any = line.node
        names = self.question.builder.code.names
        inside = node.lineno <= e.span.line and e.span.end_line <= node.end_lineno
        return names.get(line.path) == e.span.file and inside

    def _before(self, head: Statement, asking: Statement) -> list[ast.stmt]:
        """The edited statements outside of the block that must run before it."""
        found: dict[int, tuple[Statement, Any]] = {}
        for e in self.edits:
            inside = self._touches(e, head) or self._touches(e, asking)
            ran = inside or e.new in ("", "pass") or self._stays_a_variable(e)
            line = None if ran else self._top(e, head)
            if line is not None:
                found[id(line.node)] = line, self._edited(line)
        ordered = sorted(found.values(), key=lambda pair: pair[0].order)
        return [node for _, node in ordered]

    def _stays_a_variable(self, e: Edit) -> bool:
        """Whether an edit assigns in place what the code made a tensor.

        It is not run: the trial has a variable of the value that the tensor has.
        """
        made = {
            name: self.question.names.get(name)
            for line in self.question.program.lines if self._touches(e, line)
            for name in line.makes if f"{name}.assign" in e.new
        }  # fmt: skip
        tensors = {name: t for name, t in made.items() if type(t) is Tensor}
        self.variables |= tensors
        return bool(tensors) and len(tensors) == len(made)

    def _top(self, e: Edit, head: Statement) -> Statement | None:
        """The assignment or function before the block that an edit is in."""
        lines = self.question.program.lines
        around = [one for one in lines if self._touches(e, one)]
        defined = [o for o in around if isinstance(o.node, ast.FunctionDef)]
        line = next(iter(defined or around), None)
        if line is None:
            return None
        same = line.scope == head.scope and line.order < head.order
        plain = same and isinstance(line.node, (ast.Assign, ast.AnnAssign))
        if line.loops or not (line.function is None if defined else plain):
            raise UntriedError
        return line

    def _ask(self, asking: Statement) -> list[ast.expr | None]:
        """The expressions of tape, target and source in the question."""
        question = self.question
        tape = question.program.argument(0, "tape")
        codes = [tape, question.y_code, question.x_code]
        if not any(self._touches(e, asking) for e in self.edits):
            return codes
        edited = next(
            (n for n in ast.walk(self._edited(asking)) if isinstance(n, ast.Call)
             and len(n.args) == 3 and question.program.call is not None
             and ast.dump(n.func) == ast.dump(question.program.call.func)), None,
        )  # fmt: skip
        if edited is None:
            raise UntriedError
        return list(edited.args)

    # -- the names -------------------------------------------------------------------

    def _names(self) -> dict[str, Any]:
        """A copy of the learner's names, with functions that see the copy."""
        names = dict(self.question.names)
        tape = _tape_class(self.watched)
        for name, thing in list(names.items()):
            if isinstance(thing, ModuleType) and thing.__name__ == "tapeviz":
                names[name] = TrialModule(thing, tape)
            elif thing is GradientTape:
                names[name] = tape
            elif isinstance(thing, FunctionType) and is_theirs(thing, names):
                names[name] = rebuilt(thing, names)
        return names

    @contextmanager
    def _restored(self) -> Iterator[None]:
        """A block that leaves no lasting marks on tensors."""
        try:
            yield
        finally:
            for tensor, was in reversed(self.watched):
                restore_membership(tensor, was)


@contextmanager
def quiet() -> Iterator[None]:
    """A block without listeners and warnings."""
    listeners, logger = tape_stack.listeners, logging.getLogger("tensorflow")
    silent = logger.disabled
    tape_stack.listeners, logger.disabled = (), True
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        tape_stack.listeners, logger.disabled = listeners, silent


def evaluate(code: ast.expr | None, names: dict[str, Any]) -> Any:
    """The value of an expression; None for none."""
    if code is None:
        return None
    expression = ast.fix_missing_locations(ast.Expression(code))
    return eval(compile(expression, "<trial>", "eval"), names)  # noqa: S307 - their own


def execute(body: Sequence[ast.stmt], names: dict[str, Any]) -> None:
    """Run statements with these names."""
    module = ast.fix_missing_locations(ast.Module(list(body), []))
    exec(compile(module, "<trial>", "exec"), names)  # noqa: S102 - their own


def is_theirs(f: FunctionType, names: dict[str, Any]) -> bool:
    """Whether a function is the learner's, and of the file or notebook that asks."""
    same = f.__globals__.get("__name__") == names.get("__name__")
    return same and not own(f.__code__)


def rebuilt(f: FunctionType, names: dict[str, Any]) -> FunctionType:
    """The same function with other names around it."""
    made = FunctionType(f.__code__, names, f.__name__, f.__defaults__, f.__closure__)
    made.__kwdefaults__ = f.__kwdefaults__
    return made


def _tape_class(watched: list[tuple[Tensor, Any]]) -> type[GradientTape]:
    """A class of tapes that note what their tensors belonged to before."""

    class TrialTape(GradientTape):
        def watch(self, tensor: Any) -> None:
            tensors = [t for t in nest.leaves(tensor) if isinstance(t, Tensor)]
            watched.extend((t, membership(t)) for t in tensors)
            super().watch(tensor)

    return TrialTape


class TrialModule:
    """The learner's ``tf``, whose tapes are those of a trial."""

    def __init__(self, module: ModuleType, tape: type[GradientTape]) -> None:
        self._module, self.GradientTape = module, tape
        self.__name__ = "TrialModule"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)
