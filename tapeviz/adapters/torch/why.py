"""``why`` in PyTorch's words: what cut a gradient off, and the change that mends it.

The evidence is what the tape saw: each call with what went in and came out, the error
that PyTorch raised, and the tensors as they are now.
"""

from __future__ import annotations

import ast
import linecache
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from tapeviz.adapters.torch.ops import LEAVING, STEPS
from tapeviz.adapters.torch.recording import Call, CallTape, array, changes
from tapeviz.adapters.torch.trial import outcome
from tapeviz.engine import nest
from tapeviz.engine.records import CallSite
from tapeviz.engine.tensor import array_of
from tapeviz.inspect.diagnose import result_of, shown
from tapeviz.inspect.foreign_tape import agrees, op_name
from tapeviz.inspect.graph_builder import GraphBuilder, gradients, picture
from tapeviz.inspect.replay import value_of
from tapeviz.inspect.source.positions import positions, tree_of
from tapeviz.inspect.source.variables import Names, name_of
from tapeviz.inspect.trial import tried
from tapeviz.trace.diagnosis import Answer, Edit, Reason

SAID: dict[str, tuple[str, str]] = {}
"""What happened and what to do, by the kind of reason."""


def _say(kind: str, what: str, do: str) -> None:
    SAID[kind] = what, do


_say(
    "frozen",
    "{x}.requires_grad is False: PyTorch records nothing of what is computed from it.",
    "write {x}.requires_grad_() before it is used",
)
_say(
    "integer",
    "{x} holds whole numbers ({dtype}), and only floats have gradients.",
    "make it floats, and say requires_grad",
)
_say(
    "no-grad",
    "{code} was computed where PyTorch was told to record nothing.",
    "compute it outside of no_grad, or under torch.enable_grad()",
)
_say(
    "detached",
    "{code} has the numbers and not the history: no gradient passes it.",
    "use the tensor itself",
)
_say(
    "left",
    "{code} takes the number out of PyTorch, where no gradient can follow.",
    "go on with the tensor, and with functions of torch",
)
_say(
    "step",
    "{code} gives whole numbers or True and False: it has no slope.",
    "use a smooth function of {x} in its place",
)
_say(
    "outside",
    "What was computed from {x} before the block is not on the tape; "
    "PyTorch's own gradient passes it.",
    "put the line that uses {x} first into the block",
)
_say(
    "unconnected",
    "{y} was not computed from {x}.",
    "use {x} in what {y} is computed from",
)
_say(
    "computed",
    "{x}.grad is None although there is a gradient: {x} was computed, and "
    "PyTorch fills .grad of leaves only.",
    "write {x}.retain_grad() before the backward pass",
)
_say(
    "added-up",
    "{x}.grad is {grad}, but this backward pass gave {now}: .grad adds up "
    "over backward passes.",
    "write {x}.grad = None (or optimizer.zero_grad()) before each backward pass",
)
_say(
    "freed",
    "The first backward pass freed the graph, so that a second one raises an error.",
    "write backward(retain_graph=True) the first time, or compute {y} again",
)
_say(
    "vector",
    "{y} has {size} numbers, and backward() begins at one.",
    "say which: {y}.sum().backward()",
)
_say(
    "overwritten",
    "{code} changes a tensor in place whose old numbers the backward pass needs.",
    "make a new tensor instead",
)
_say(
    "flat",
    "{code} is flat at {at}: its slope is 0 there.",
    "use a function that is not flat there, or begin elsewhere",
)
_say(
    "factor",
    "In {code} the gradient is multiplied by 0.",
    "see whether that factor should be 0",
)
_say(
    "steep",
    "{code} has no finite slope at {at}.",
    "keep its operand away from there, with clamp or a small number added",
)
_say(
    "domain",
    "{code} is not a number at {at}: that is outside of where it is defined.",
    "keep its operand inside, with clamp or a small number added",
)

ERRORS = {
    "backward through the graph a second time": "freed",
    "can be implicitly created only for scalar": "vector",
    "modified by an inplace operation": "overwritten",
    "is being used in an in-place operation": "overwritten",
    "call numpy() on Tensor that requires grad": "left",
}
"""The kind of reason by a part of PyTorch's message."""

FINITE = ("value", "zero")
DETACHING = {"detach", "data", "detach_", "tensor", "as_tensor", "from_numpy"}
FLAT = {"relu", "relu6", "clip", "maximum", "minimum", "where"}
ROUNDING = {"relu": "torch.nn.functional.leaky_relu", "hardtanh": "torch.tanh"}


class TorchTape(CallTape):
    """A tape of what PyTorch computes, which also knows why a gradient is None."""

    def answers(self, target: Any, sources: Any, *about: Any) -> tuple[Answer, ...]:
        """Why the gradients are what they are: one answer for each source."""
        return tuple(one.answer() for one in self._inquiries(target, sources, *about))

    def reasons(self, targets: list[Any], lost: list[Any], *about: Any) -> list[str]:
        """Why the gradients of these sources are None, a sentence for each."""
        found = (one.suggested() for one in self._inquiries(targets, lost, *about))
        return [next((r.sentence for r in reasons), "") for reasons in found]

    def _inquiries(self, target: Any, sources: Any, *about: Any) -> Iterator[Inquiry]:
        (y, *_) = nest.leaves(target)
        return (Inquiry(self, y, x, *about) for x in nest.leaves(sources))


@dataclass(frozen=True)
class Evidence:
    """A kind of reason, where it is, and the texts that change there."""

    kind: str
    site: CallSite | None = None
    edits: tuple[Edit, ...] = ()
    words: tuple[tuple[str, str], ...] = ()


class Inquiry:
    """Why one source has the gradient that it has."""

    def __init__(
        self, tape: CallTape, y: Any, x: Any, names: Names, call_site: Any = None
    ) -> None:
        self.tape, self.y, self.x, self.names = tape, y, x, names
        self.builder = GraphBuilder(tape, names)
        self.code, self.records = self.builder.code, self.builder.records
        self.goal, self.start = map(self.records.index_of, (y, x))
        self.theirs = tape.tensor_of(x)
        self.y_name = self._called(names, y, self.goal) or "the target"
        self.x_name = self._called(names, x, self.start) or "the source"
        self.site = call_site
        self.steps = list(
            self.records.backward_steps([y], [np.ones_like(array_of(y))[()]])
        )

    def _called(self, names: Names, thing: Any, index: int) -> str:
        return name_of(names, thing) or self.builder.names.get(index, "")

    # -- the answer ------------------------------------------------------------------

    def answer(self) -> Answer:
        """What the gradient is, and the reasons."""
        gradient = self.gradient
        result = result_of(gradient)
        grads = gradients(self.steps)
        drawn = picture(self.builder, [self.y], [self.x], grads)
        reasons = tuple(
            tried(list(self.suggested()), lambda edits: outcome(self, edits))
        )
        drawn = self.tape.annotated(replace(drawn, sources=self.code.sources()))
        head = f"The gradient of {self.y_name} with respect to {self.x_name} is"
        said = "None" if gradient is None else shown(gradient)
        value = None if gradient is None else value_of(gradient)
        return Answer(
            self.y_name, self.x_name, result, f"{head} {said}.", value, reasons, drawn
        ).validate()

    def suggested(self) -> Iterator[Reason]:
        """The reasons, with edits that nobody has tried."""
        return map(self._reason, self._found(result_of(self.gradient)))

    @cached_property
    def gradient(self) -> Any:
        """What PyTorch has for the source; None for None."""
        grads = gradients(self.steps)
        if self.start >= 0:
            found = grads.get(self.start)
            if self.start == self.goal and found is None:
                return np.ones_like(array_of(self.y))[()]
            if found is not None:
                return found
        return self._outside()

    def _outside(self) -> Any:
        """The gradient of a source whose history is outside of the block."""
        y = self.tape.tensor_of(self.y)
        if self.theirs is None or y is None:
            return None
        if not (self.theirs.requires_grad and y.requires_grad):
            return None
        try:
            (found,) = torch.autograd.grad(
                y, self.theirs, torch.ones_like(y), retain_graph=True, allow_unused=True
            )
        except RuntimeError:
            return None
        return None if found is None else array(found)

    def _reason(self, found: Evidence) -> Reason:
        span = None if found.site is None else self.code.span(*found.site)
        sentence, fix = SAID[found.kind]
        words = {
            "x": self.x_name, "y": self.y_name, "code": span.text if span else "A call",
            **dict(found.words),
        }  # fmt: skip
        return Reason(
            found.kind, sentence.format(**words), fix.format(**words), span, found.edits
        )

    def is_fine(self, tape: Any, y: torch.Tensor, x: torch.Tensor) -> bool:
        """Whether the gradient is a number, with tensors that a trial has computed.

        A zero is one too, where there was none.
        """
        after = Inquiry(tape, tape.mirrored(y), tape.mirrored(x), self.names)
        before, result = result_of(self.gradient), result_of(after.gradient)
        number = result == "value" or (result == "zero" and before not in FINITE)
        if before == "none" or not number:
            return number
        kinds = ({one.kind for one in each._about_grad()} for each in (self, after))
        return not set.intersection(*kinds)

    # -- findings --------------------------------------------------------------------

    def _found(self, result: str) -> Iterator[Evidence]:
        raised = list(self._raised())
        yield from raised
        if result == "none" and not raised:
            yield from self._none()
        elif result == "zero":
            yield from self._at_step(_vanishes, self._zero)
        elif result in ("nan", "inf"):
            yield from self._at_step(_breaks, self._broken)
        if result != "none" and self.theirs is not None:
            yield from self._about_grad()

    def _raised(self) -> Iterator[Evidence]:
        """What PyTorch's error says, in the block or after it."""
        failed = self.records.failed
        error = sys.exc_info()[1] or getattr(sys, "last_value", None)
        said = (failed.text if failed else "") + str(error or "")
        kind = next((k for part, k in ERRORS.items() if part in said), "")
        if kind == "freed":
            edits = self._at_backward(lambda y, _: f"{y}.backward(retain_graph=True)")
            yield Evidence(kind, None, edits)
        elif kind == "vector":
            size = str(np.size(array_of(self.y)))
            edits = self._at_backward(lambda y, _: f"{y}.sum().backward()")
            yield Evidence(kind, None, edits, (("size", size),))
        elif kind == "left":
            yield Evidence(
                kind, failed.call_site if failed else None, self._connected()
            )
        elif kind == "overwritten":
            yield from self._overwritten(failed.call_site if failed else None)

    def _overwritten(self, site: CallSite | None) -> Iterator[Evidence]:
        if site is None:
            changed = [c for c in self.tape.calls if changes(c.name)]
            site = changed[-1].site if changed else None
        statement = self._statement(site)
        edits: tuple[Edit, ...] = ()
        if statement is not None:
            path, node = statement
            edits = self._edit(path, node, _out_of_place(node))
        yield Evidence("overwritten", site, edits)

    def _none(self) -> Iterator[Evidence]:
        t = self.theirs
        if t is None:
            yield Evidence("unconnected")
        elif not (t.is_floating_point() or t.is_complex()):
            words = (("dtype", str(t.dtype)),)
            edits = self._before_block(
                f"{self.x_name} = {self.x_name}.float().requires_grad_()"
            )
            yield Evidence("integer", None, edits, words)
        elif not t.requires_grad:
            edits = self._before_block(f"{self.x_name}.requires_grad_()")
            yield Evidence("frozen", None, edits)
        else:
            cuts = list(self._cuts())
            for cut in cuts:
                yield self._cut(cut)
            if not cuts:
                yield Evidence("unconnected")

    def _cuts(self) -> Iterator[Call]:
        """The calls that a gradient does not pass, between source and target."""
        after, cuts = {id(self.x)}, []
        for call in self.tape.calls:
            if any(id(m) in after for m in call.operands):
                after |= {id(m) for m in call.results}
                if call.carries and not call.live:
                    cuts.append(call)
        before = {id(self.y)}
        for call in reversed(self.tape.calls):
            if any(id(m) in before for m in call.results):
                before |= {id(m) for m in call.operands}
        leading = [c for c in cuts if any(id(m) in before for m in c.results)]
        gone = [c for c in cuts if c.name in (*LEAVING, *DETACHING)]
        yield from (leading or gone or cuts)[:2]

    def _cut(self, cut: Call) -> Evidence:
        if not cut.graded:
            return Evidence("no-grad", cut.site, self._graded(cut.site))
        if cut.name in DETACHING or cut.name in LEAVING:
            kind = "left" if cut.name in LEAVING else "detached"
            return Evidence(kind, cut.site, self._connected())
        return Evidence("step", cut.site)

    def _at_step(
        self, holds: Callable[..., bool], say: Callable[..., Evidence]
    ) -> Iterator[Evidence]:
        """The first step back, on the way to the source, at which something holds."""
        leads = self._leading()
        for i, g, parts in self.steps:
            for slot, j, d, _ in parts:
                if j in leads and holds(g, d):
                    yield say(i, slot, g)
                    return

    def _leading(self) -> set[int]:
        """The records that lead from the source on."""
        found = {self.start}
        for i, record in enumerate(self.records):
            if found & set(record.operands):
                found.add(i)
        return found

    def _operand(self, i: int, slot: int) -> Any:
        j = self.records[i].operands[slot]
        return self.builder.values[j] if j >= 0 else self.records[i].values[slot]

    def _zero(self, i: int, slot: int, _g: Any) -> Evidence:
        record = self.records[i]
        at = (("at", shown(self._operand(i, slot))),)
        if op_name(record) not in {*FLAT, *STEPS}:
            return Evidence("factor", record.call_site)
        return Evidence("flat", record.call_site, self._renamed(record.call_site), at)

    def _broken(self, i: int, slot: int, _g: Any) -> Evidence:
        record, x = self.records[i], self._operand(i, slot)
        at = (("at", shown(x)),)
        outside = not np.all(np.isfinite(np.asarray(self.builder.values[i])))
        kind = "domain" if outside and np.any(np.asarray(x) < 0) else "steep"
        return Evidence(kind, record.call_site, self._clamped(record.call_site), at)

    def _about_grad(self) -> Iterator[Evidence]:
        """What is in ``.grad``, where that is not the gradient."""
        t = self.theirs
        if self.start < 0:
            yield Evidence("outside")
        elif not t.is_leaf:
            if self.start != self.goal and not t.retains_grad:
                line = f"{self.x_name}.retain_grad()"
                yield Evidence("computed", None, self._before_backward(line))
            return
        if not t.is_leaf or t.grad is None:
            return
        passes = self.tape.passes_from(self.goal)
        last = next((p[self.start] for p in passes[::-1] if self.start in p), None)
        held = array(t.grad)
        if last is not None and not agrees(held, last):
            words = (("grad", shown(held)), ("now", shown(last)))
            line = f"{self.x_name}.grad = None"
            yield Evidence("added-up", None, self._before_backward(line), words)

    # -- edits -----------------------------------------------------------------------

    def _edit(self, path: str, node: Any, new: str) -> tuple[Edit, ...]:
        """The text of a node becomes another; nothing where there is none."""
        ends = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
        span = self.code.span_of(path, ends) if new else None
        if span is None:
            return ()
        indent = "\n" + linecache.getline(path, node.lineno)[: span.col]
        return (Edit(span, new.replace("\n", indent)),)

    def _insert(self, path: str, node: Any, line: str) -> tuple[Edit, ...]:
        """A line of its own before a statement."""
        ends = (node.lineno, node.col_offset, node.lineno, node.col_offset)
        span = self.code.span_of(path, ends)
        if span is None:
            return ()
        return (Edit(span, f"{line}\n{' ' * span.col}"),)

    def _statement(self, site: CallSite | None) -> tuple[str, Any] | None:
        """The innermost statement that an instruction is part of."""
        ends = None if site is None else positions(site.code).get(site.instruction)
        if site is None or ends is None:
            return None
        path, line = site.code.co_filename, ends[0]
        inside = [n for n in _statements(path) if n.lineno <= line <= n.end_lineno]
        return (path, inside[-1]) if inside else None

    @cached_property
    def block(self) -> tuple[str, Any] | None:
        """The with-block of the tape."""
        return self._statement(self.records.entered)

    def _before_block(self, line: str) -> tuple[Edit, ...]:
        return self._insert(*self.block, line) if self.block else ()

    @cached_property
    def backwards(self) -> list[tuple[str, Any]]:
        """The statements that run a backward pass between the block and the question.

        Of a notebook, those of the two cells.
        """
        if self.block is None or self.site is None:
            return []
        asking = positions(self.site[0]).get(self.site[1], (10**6,))[0]
        path, block = self.block
        cell = self.site[0].co_filename
        ends = {path: (block.end_lineno, 10**6), cell: (0, asking)}
        ends = ends if cell != path else {path: (block.end_lineno, asking)}
        return [
            (file, n)
            for file, (low, high) in ends.items()
            for n in _statements(file)
            if low < n.lineno < high
            and isinstance(n, ast.Expr)
            and ast.unparse(n).partition("(")[0].endswith(".backward")
        ]

    def _before_backward(self, line: str) -> tuple[Edit, ...]:
        return tuple(
            e for path, n in self.backwards[-1:] for e in self._insert(path, n, line)
        )

    def _at_backward(self, new: Callable[[str, Any], str]) -> tuple[Edit, ...]:
        for path, node in self.backwards[:1]:
            owner = ast.unparse(node.value.func.value)
            return self._edit(path, node, new(owner, node))
        return ()

    def _connected(self) -> tuple[Edit, ...]:
        """The statements of the block with tensors in the place of plain numbers."""
        if self.block is None:
            return ()
        path, block = self.block
        edits: tuple[Edit, ...] = ()
        for node in ast.walk(block):
            if isinstance(node, (ast.Assign, ast.Expr, ast.Return)) and node.value:
                before = ast.unparse(node.value)
                after = ast.unparse(_Connected().visit(ast.parse(before, mode="eval")))
                if after != before:
                    edits += self._edit(path, node.value, after)
        return edits

    def _graded(self, site: CallSite) -> tuple[Edit, ...]:
        """``enable_grad`` in the place of what switches recording off."""
        path = site.code.co_filename
        ends = positions(site.code).get(site.instruction)
        for node in ast.walk(tree_of(path)):
            heads = getattr(node, "decorator_list", None) or [
                item.context_expr for item in getattr(node, "items", ())
            ]
            if ends and heads and node.lineno <= ends[0] <= node.end_lineno:  # type: ignore[attr-defined]
                for head in heads:
                    if _OFF.search(ast.unparse(head)):
                        return self._edit(path, head, "torch.enable_grad()")
        for node in _statements(path):
            if isinstance(node, ast.Expr) and _OFF.search(ast.unparse(node)):
                return self._edit(path, node, "torch.set_grad_enabled(True)")
        return ()

    def _renamed(self, site: CallSite | None) -> tuple[Edit, ...]:
        """A flat function replaced by one that is not."""
        found = self._call_at(site)
        for old, new in ROUNDING.items():
            if found and ast.unparse(found[1].func).endswith(old):
                path, node = found
                method = isinstance(node.func, ast.Attribute) and not node.args
                inner = node.func.value if method else node.args[0]
                return self._edit(path, node, f"{new}({ast.unparse(inner)})")
        return ()

    def _clamped(self, site: CallSite | None) -> tuple[Edit, ...]:
        """The operand kept above 0, of a call that has one operand."""
        found = self._call_at(site)
        if not found:
            return ()
        path, node = found
        if node.args:
            inner = ast.unparse(node.args[0])
            whole = f"{ast.unparse(node.func)}(({inner}).clamp(min=1e-6))"
        else:
            inner = ast.unparse(node.func.value)
            whole = f"({inner}).clamp(min=1e-6).{node.func.attr}()"
        return self._edit(path, node, re.sub(r"\((\w+)\)\.clamp", r"\1.clamp", whole))

    def _call_at(self, site: CallSite | None) -> tuple[str, Any] | None:
        """The call that an instruction makes, and its file."""
        ends = None if site is None else positions(site.code).get(site.instruction)
        if site is None or ends is None:
            return None
        path = site.code.co_filename
        for n in ast.walk(tree_of(path)):
            if isinstance(n, ast.Call) and ends == (
                n.lineno, n.end_lineno, n.col_offset, n.end_col_offset
            ):  # fmt: skip
                return path, n
        return None


_OFF = re.compile(r"no_grad|inference_mode|set_grad_enabled\(False\)")


def _statements(path: str) -> list[Any]:
    """The statements of a file, inner ones after those around them."""
    found = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.stmt)]
    return sorted(found, key=lambda n: (n.lineno, n.col_offset))


def _out_of_place(node: Any) -> str:
    """A statement that makes a new tensor where this one changes its own."""
    text = ast.unparse(node)
    if isinstance(node, ast.AugAssign) and ".grad" in text:
        return f"with torch.no_grad():\n    {text}"
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        left = ast.Name(node.target.id, ast.Load())
        value = ast.fix_missing_locations(ast.BinOp(left, node.op, node.value))
        return f"{node.target.id} = {ast.unparse(value)}"
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        name = ast.unparse(node.targets[0].value)
        return f"{name} = {name}.clone()\n{text}"
    call = getattr(node, "value", None)
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
        made = re.sub(r"_\(", "(", text, count=1)
        alone = isinstance(node, ast.Expr)
        return f"{ast.unparse(call.func.value)} = {made}" if alone else made
    return ""


class _Connected(ast.NodeTransformer):
    """Code that stays with tensors: no detach, item, numpy or math on the way."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        func = node.func
        name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        if isinstance(func, ast.Attribute) and name in (*LEAVING, "detach", "cpu"):
            return func.value
        plain = all(
            isinstance(n, (ast.Constant, ast.List, ast.UnaryOp, ast.USub, ast.Load))
            for a in node.args
            for n in ast.walk(a)
        )
        if (
            name in ("float", "int", "array", "asarray", *DETACHING)
            and node.args
            and not plain
        ):
            return node.args[0]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr == "data":
            return node.value
        if isinstance(node.value, ast.Name) and node.value.id in (
            "np",
            "numpy",
            "math",
        ):
            return ast.Attribute(ast.Name("torch", ast.Load()), node.attr, ast.Load())
        return node


def _vanishes(g: Any, d: Any) -> bool:
    """Whether a gradient that was there is 0 after a step."""
    return bool(np.any(np.asarray(g))) and not np.any(np.asarray(d))


def _breaks(g: Any, d: Any) -> bool:
    """Whether a gradient that was finite is not any more after a step."""
    return bool(np.all(np.isfinite(g))) and not np.all(np.isfinite(d))
