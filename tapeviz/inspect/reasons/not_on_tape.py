"""Why a source or a target is not on the tape at all."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tapeviz.engine.tensor import Tensor, Variable, array_of, variable_of
from tapeviz.inspect.gradient_question import LONG, Question, is_value
from tapeviz.inspect.reasons import code_edits, flat_ops
from tapeviz.inspect.reasons.entry import (
    Edits,
    Entry,
    Evidence,
    Facts,
    Places,
    Search,
    always,
    first_reason,
    lit,
    once,
)
from tapeviz.inspect.source.dataflow import (
    Statement,
    called,
    code_of,
    dotted,
    last_name,
    names_in,
    within,
)
from tapeviz.trace.diagnosis import Reason

MAKERS = (
    "constant", "convert_to_tensor", "ones", "zeros", "fill", "linspace", "range",
    "eye", "normal", "uniform",
)  # fmt: skip


def source(question: Question) -> Reason | None:
    """Why the tape does not know the source, or does not watch it."""
    entries = _VARIABLE if isinstance(question.source, Variable) else _TENSOR
    line = definition(question)
    return first_reason(question, (_PLAIN, *entries), {"line": line})


def against_source(question: Question) -> Iterator[tuple[Any, Reason]]:
    """The same as evidence, if the tape does not watch the source."""
    known = question.x >= 0 and question.records.depends(question.x)
    reason = None if known or is_no_float(question) else source(question)
    if reason is not None:
        yield (-1,), reason


def is_no_float(question: Question) -> bool:
    """Whether the source is a tensor of whole numbers, text or truth values."""
    return array_of(question.source).dtype.kind not in "fc" and not question.x_plain


# -- a variable ------------------------------------------------------------------------


def _watch(question: Question, _facts: Facts) -> Edits:
    return code_edits.watch(question, question.x_base)


def _read_elsewhere(question: Question, _facts: Facts) -> Facts | None:
    other = question.elsewhere(question.source)
    if question.x < 0 and not (other and not question.chain):
        return None
    nodes = (f"n{question.x}",) if question.x >= 0 else ()
    asked = other or "that tape"
    return {"other": other or "another tape", "asked": asked, "span": None,
            "nodes": nodes}  # fmt: skip


_PLAIN = Entry(
    "left", lambda q, _: q.x_plain and {"plain": q.x_plain},
    "{x} is a plain {plain}, no tensor, and a tape watches only tensors and variables.",
    "make a variable of it: {tf}.Variable(...)",
)  # fmt: skip
_VARIABLE = (
    Entry(
        "untrainable", lambda q, _: not q.source.trainable,
        "{x} was made with trainable=False, and a tape does not watch such a variable "
        "by itself.",
        "watch it at the start of the block, {tape}.watch({x}), or make it trainable",
        _watch,
    ),
    Entry(
        "unnoticed",
        lambda q, _: not q.records.watches_variables and {"line": q.head},
        "{tape} was made with watch_accessed_variables=False, so that it watches only "
        "what it is told to, and it was not told of {x}.",
        "watch {x} at the start of the block: {tape}.watch({x})", _watch,
    ),
    Entry(
        "elsewhere", _read_elsewhere,
        "{x} was read for {other}, not while {tape} recorded.",
        "ask {asked} for the gradient, or compute the target in {tape}'s block",
    ),
)  # fmt: skip


# -- a tensor --------------------------------------------------------------------------


def _made_by_question(question: Question, facts: Facts) -> Facts | None:
    """A tensor that the question itself made."""
    code, base, asking = question.x_code, question.x_base, question.program.asking_line
    made = isinstance(code, (ast.Subscript, ast.Call, ast.BinOp, ast.UnaryOp))
    if not made or not is_value(question.names.get(base.partition(".")[0])):
        return None
    edits = code_edits.replace(question, asking, code, base)
    return {**facts, "line": asking, "node": code, "base": base, "edits": edits}


def _sliced_before(question: Question, facts: Facts) -> Facts | None:
    """A part of a variable that was taken outside of the block."""
    x, line = question.source, facts["line"]
    part = variable_of(x) if isinstance(x, Tensor) else None
    if part is None or (line is not None and question.inside(line) is not False):
        return None
    return {"base": question.name_of(part) or question.x_base}


def _recorded_elsewhere(question: Question, _facts: Facts) -> Facts | None:
    if question.x < 0 and not question.records.is_foreign(question.source):
        return None
    nodes = (f"n{question.x}",) if question.x >= 0 else ()
    other = question.elsewhere(question.source) or "another tape"
    return {"other": other, "span": None, "nodes": nodes}


def _rebound(question: Question, facts: Facts) -> Facts | None:
    """The line that made a tensor of a variable, and the one that made that."""
    line = facts["line"]
    lines = question.program.history(question.x_base, question.program.asking_line)
    first = None if line is None else _was_variable(lines, line)
    if first is None:
        return None
    many, name = bool(_elements(first.value)), question.x_base
    instead, edits = f"{name}.assign(...)", code_edits.Edits()
    if isinstance(line.value, ast.ListComp):
        instead = "assign to each of them in a loop"
    elif isinstance(line.node, (ast.Assign, ast.AugAssign)):
        instead, edits = _in_place(question, line), _all_in_place(question, line)
    return {
        "name": name, "start": _spoken(question, first, line),
        "was": "held tf.Variables" if many else "was a tf.Variable",
        "made": "plain tensors of them" if many else "a plain tensor of it",
        "them": "variables" if many else "variable", "instead": instead, "edits": edits,
    }  # fmt: skip


def _later(question: Question, facts: Facts) -> bool:
    """Whether a line gave the source's name its value after the block."""
    line, head = facts["line"], question.head
    if line is None or head is None or not question.records.watched:
        return False
    end = (line.order[0], head.node.end_lineno or 0)
    made = question.program.made(question.x_base, question.program.asking_line)
    earlier = any(one.order < head.order for one in made)
    return earlier and line.order[:2] > end and line.order > head.order


def _watched_after(question: Question, _facts: Facts) -> Facts | None:
    """The line that watches the source after the block, if there is one."""
    for line in question.program.lines:
        behind = line.order >= (question.head or line).order
        if behind and question.inside(line) is False and watches(question, line):
            return {"line": line, **_uses(question)}
    return None


def watches(question: Question, line: Statement) -> bool:
    """Whether a statement is a call of the tape's ``watch`` with the source."""
    call = line.node.value if isinstance(line.node, ast.Expr) else line.node
    watch = f"{question.tape_name}.watch"
    return called(call) == watch and question.x_base in names_in(call)


def watch_first(question: Question, facts: Facts) -> Edits:
    """The call of ``watch`` moved to the start of the block."""
    late = code_edits.remove(question, facts["line"])
    return code_edits.watch(question, question.x_base) + late


def _uses(question: Question) -> Facts:
    """The edges at which the source was used as a constant."""
    used = question.constant_edges(array_of(question.source))
    return {"edges": tuple(f"e{i}_{s}" for i, s in used)}


def _paused(question: Question, facts: Facts) -> Facts | None:
    line = facts["line"]
    return _uses(question) if line is not None and question.paused(line) else None


def _within(question: Question, facts: Facts) -> Facts | None:
    line = facts["line"]
    if line is None or not question.inside(line):
        return None
    edits = code_edits.watch(question, question.x_base, after=line)
    return {"edits": edits, **_uses(question)}


def _computed(question: Question, facts: Facts) -> Facts | None:
    line = facts["line"]
    made = line is not None and not _is_constant(line)
    return _uses(question) if made else None


def _unpause(question: Question, facts: Facts) -> Edits:
    return code_edits.unpause(question, facts["line"])


_FRESH = "{x} is a new tensor, made when the question was asked; the tape never saw it."
_TENSOR = (
    Entry(
        "fresh",
        lambda q, f: isinstance(q.x_code, ast.Subscript) and _made_by_question(q, f),
        _FRESH,
        "ask for {base} as a whole and take the entry of its gradient",
    ),
    Entry(
        "fresh", _made_by_question, _FRESH,
        "ask for {base} itself, or give {x} a name in the block and use that name",
    ),
    Entry(
        "fresh", _sliced_before,
        "{x} is a new tensor, taken from {base} outside the block; the tape never saw "
        "it.",
        "ask for {base} and take the entry of its gradient, or slice inside the block",
    ),
    Entry(
        "elsewhere", _recorded_elsewhere,
        "{x} was recorded by {other}, and {tape} does not watch it.",
        "watch it with this tape too, {tape}.watch({x}), or ask {other}", _watch,
    ),
    Entry(
        "rebound", _rebound,
        "{name} {was} ({start}), but this line makes {made}, which no tape watches.",
        "change the {them} in place: {instead}",
    ),
    Entry(
        "renewed", _later,
        "{x} means another tensor by now: this line gave the name a new value after "
        "the block.",
        "keep the tensor that was watched under a name of its own, and ask for that "
        "one",
    ),
    Entry(
        "late", _watched_after,
        "{x} was watched only after the block, when nothing was recorded any more.",
        "call {tape}.watch({x}) first thing in the block", watch_first,
    ),
    Entry(
        "paused", _paused,
        "{x} was computed under stop_recording, so for the tape it is a constant.",
        "move this line out of the stop_recording block", _unpause,
    ),
    Entry(
        "unwatched", _within,
        "{x} was computed in the block, but from nothing that the tape watches.",
        "watch it right after it is computed: {tape}.watch({x})",
    ),
    Entry(
        "unwatched", _computed,
        "{x} was computed before the block, so for the tape it is a constant.",
        "watch it at the start of the block: {tape}.watch({x})", _watch,
    ),
    Entry(
        "unwatched", lambda q, _: _uses(q),
        "{x} is a constant, and the tape was not told to watch it.",
        "watch it at the start of the block: {tape}.watch({x})", _watch,
    ),
)  # fmt: skip


def _is_constant(line: Statement) -> bool:
    return last_name(called(line.value)) in MAKERS


_CONTENTS = {"string": "text", "bool": "True or False"}


def _not_a_float(question: Question, _facts: Facts) -> Facts:
    line, dtype = definition(question), question.source.dtype.name
    value = None if line is None else line.value
    return {
        "line": line, "node": value, "dtype": dtype, "nodes": lit(question, question.x),
        "held": _CONTENTS.get(dtype, "whole numbers"),
        "edits": code_edits.floats(question, line, value) if line else (),
    }  # fmt: skip


NOT_A_FLOAT = Search(once, (
    Entry(
        "integer", _not_a_float,
        "{x} holds {held} ({dtype}), and only floats have a gradient.",
        "make it a float: {new}", by_hand="make it a float",
    ),
))  # fmt: skip


def _early(question: Question, _facts: Facts) -> Facts:
    watched = question.x >= 0 and not isinstance(question.source, Variable)
    early = f"before {question.tape_name}.watch({question.x_name}), "
    return {"early": early if watched else ""}


SOMEWHERE = Search(once, (
    Entry(
        "outside", _early,
        "{y} is not on {tape}: probably it was computed {early}outside of the block or "
        "under stop_recording, or its value went through NumPy or Python.",
        "compute it inside the block of {tape}, with functions of {tf}", sure=False,
    ),
))  # fmt: skip
"""The target is not on the tape, and the code does not show why."""


def definition(question: Question) -> Statement | None:
    """The statement that the source's present value comes from."""
    asking = question.program.asking_line
    if asking is None or not question.x_base:
        return None
    made = question.program.before(question.x_base, asking)
    found = (one for one in made if one.value is not None)
    return max(found, key=lambda one: one.order, default=None)


def _was_variable(lines: list[Statement], last: Statement) -> Statement | None:
    """The line that made a variable of the name which became a tensor later.

    Lines above one that gives the name an unrelated value do not count.
    """
    earlier = [line for line in lines if line.order < last.order]
    (name,) = last.makes if len(last.makes) == 1 else ("",)
    afresh = makes_variable(last) or _is_constant(last)
    for line in [] if afresh else reversed(earlier):
        if makes_variable(line):
            return line
        if line.sure and name not in line.reads:
            return None
    return None


def makes_variable(line: Statement) -> bool:
    """Whether a statement makes a new variable, or a list or dict of them."""
    made = (line.value, *_elements(line.value))
    return any(called(one).endswith("Variable") for one in made)


def _elements(value: ast.expr | None) -> list[Any]:
    """What a written list, tuple, dict or comprehension consists of."""
    if isinstance(value, (ast.List, ast.Tuple)):
        return list(value.elts)
    if isinstance(value, ast.Dict):
        return list(value.values)
    return [value.elt] if isinstance(value, ast.ListComp) else []


_STEPS = {ast.Sub: "assign_sub", ast.Add: "assign_add"}


def _all_in_place(question: Question, line: Statement) -> Edits:
    """The edits for an assignment, and for its like in the same run of a loop.

    In ``w, b = w - dw, b - db`` the second variable becomes a tensor as the first does.
    """
    edits: Edits = ()
    by_statement: dict[int, list[Statement]] = {}
    for one in question.program.lines:
        if one.node is line.node or (
            line.loops
            and (one.scope, one.loops) == (line.scope, line.loops)
            and _rebinds(question, one)
        ):
            by_statement.setdefault(id(one.node), []).append(one)
    for shares in by_statement.values():
        calls = "; ".join(_in_place(question, one) for one in shares)
        edits += code_edits.replace(question, shares[0], shares[0].node, calls)
    return edits


def _rebinds(question: Question, line: Statement) -> bool:
    """Whether an assignment rebinds the name of a variable to something else."""
    if not isinstance(line.node, (ast.Assign, ast.AugAssign)) or len(line.makes) != 1:
        return False
    (name,) = line.makes
    made = question.program.history(name, line)
    return name in line.reads and _was_variable(made, line) is not None


def _in_place(question: Question, line: Statement) -> str:
    """``w = value`` as ``w.assign(value)``, if ``w`` was a variable."""
    value, node = line.value, line.node
    (name,) = line.makes if len(line.makes) == 1 else (question.x_base,)
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        return _step(code_of(node.targets[0]), value)
    made = question.program.history(name, line)
    if _was_variable(made, line) is None:
        return f"{name} = {code_of(value)}" if value else name
    return _step(name, value)


def _step(name: str, value: Any) -> str:
    """``w - 0.1 * g`` as a step of the variable ``w``."""
    step = isinstance(value, ast.BinOp) and type(value.op) in _STEPS
    if step and code_of(value.left) == name:
        return f"{name}.{_STEPS[type(value.op)]}({code_of(value.right)})"
    return f"{name}.assign({code_of(value)})"


def _spoken(question: Question, line: Statement, other_line: Statement) -> str:
    """A line's number, with its file or cell where ``other_line`` is in another one."""
    span, number = question.span(line), f"line {line.node.lineno}"
    apart = span is not None and line.path != other_line.path
    return f"{span.file}, {number}" if span and apart else number


# -- the target ------------------------------------------------------------------------


def _is_explained(question: Question) -> bool:
    """Whether it is plain from the target itself why no tape shows its code."""
    y = question.targets[0]
    plain = bool(question.y_plain) and not question.chain
    return plain or isinstance(y, Variable) or question.records.is_foreign(y)


def _reset(question: Question, _facts: Facts) -> Facts | None:
    """The line that made the tape forget, if there is one."""
    forgets = f"{question.tape_name}.reset"
    for line in question.program.lines:
        resets = called(getattr(line.node, "value", None)) == forgets
        late = any(goal.order < line.order for goal in question.goals)
        if resets and late and question.inside(line):
            return {"line": line, "edits": code_edits.remove(question, line)}
    return None


def _another(question: Question, _facts: Facts) -> Facts | None:
    program, other = question.program, question.elsewhere(question.targets[0])
    tape = program.argument(0, "tape")
    edits = code_edits.replace(question, program.asking_line, tape, other)
    return {"other": other, "edits": edits} if other else None


_TARGET = Search(once, (
    Entry(
        "left", lambda q, _: bool(q.y_plain) and not q.chain and {"plain": q.y_plain},
        "{y} is a plain {plain}, no tensor: the tape does not know how it was "
        "computed.",
        "compute it with tensors and functions of {tf}",
    ),
    Entry(
        "unconnected", lambda q, _: isinstance(q.targets[0], Variable),
        "{y} is a variable itself: nothing was computed from {x}.",
        "give the result of a computation with {x} as target",
    ),
    Entry(
        "forgotten", _reset,
        "{tape} was reset after {y} was computed, and has forgotten how.",
        "compute {y} after the reset, or leave the reset out",
    ),
    Entry(
        "elsewhere", _another, "{y} was recorded by {other}, not by {tape}.",
        "ask that one: {other}.gradient({y}, {x})",
    ),
    Entry(
        "elsewhere", always, "{y} was recorded by another tape, not by {tape}.",
        "ask the tape in whose block it was computed",
    ),
)).where(_is_explained)  # fmt: skip


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _constants(question: Question) -> Iterator[Statement]:
    """The statements that made constants of the target's ops.

    Those count that are computed from the source, as ``k`` in ``w * 3.0 + k``.
    """
    every = (one for line in question.constants for one in question.path_to([line]))
    for one in dict.fromkeys(every):
        if not isinstance(one.node, _DEFINITIONS):
            yield one


def _constants_by_fault(question: Question) -> Iterator[Statement]:
    """The same beside a live path: only what the source, as it is, was used for.

    What came of an earlier value, before it was changed in place, or of a derivative,
    as in momentum, is a constant by right.
    """
    return (one for one in _constants(question) if not _is_past(question, one.order))


_CHANGES = {
    "assign", "assign_add", "assign_sub", "apply_gradients", "minimize", "fit",
    "gradient", "train_step",
}  # fmt: skip


def _is_past(question: Question, order: Any) -> bool:
    """Whether the source may have been changed between a statement and the block."""
    head = question.head
    return head is None or any(
        line.calls & _CHANGES and (order <= line.order <= head.order or line.loops)
        for line in question.program.lines
        if line.scope == head.scope and line.order < head.order
    )


def relevant_lines(question: Question) -> list[Statement]:
    """The statements that count, and the question itself if it computes something."""
    lines = list(question.chain)
    asking, code = question.program.asking_line, question.y_code
    made = isinstance(code, (ast.BinOp, ast.Call, ast.UnaryOp))
    if isinstance(code, ast.Subscript):
        made = is_value(question.names.get(dotted(code.value)))
    if asking is not None and made:
        lines.append(asking)
    return [line for line in lines if not isinstance(line.node, _DEFINITIONS)]


# -- statements on the path ------------------------------------------------------------


def left_at(line: Statement | None, node: Any, nodes: tuple[str, ...] = ()) -> Facts:
    """A place where a value went on through NumPy or Python."""
    text = " ".join(code_of(node).split()) if isinstance(node, ast.AST) else "this"
    last = getattr(getattr(node, "func", None), "attr", "")
    return {
        "code": text if len(text) <= LONG else "This expression",
        "func": called(node) or (f".{last}" if last else ""),
        "line": line, "node": node, "nodes": nodes,
    }  # fmt: skip


def _stored(_question: Question, facts: Facts) -> bool:
    node = facts["node"]
    return isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)


def _stay(question: Question, facts: Facts) -> Edits:
    line, node = facts["line"], facts["node"]
    return code_edits.stay(question, line, node) if isinstance(node, ast.AST) else ()


def _leaves(evidence: Evidence, how: str) -> Entry:
    """A function that takes the number out of a tensor, and what it does."""
    lost = "and the tape does not see where it goes from there"
    stay, by_hand = "stay with tensors: {new}", "stay with tensors, with functions of "
    said = f"{{code}} {how}, {lost}."
    return Entry("left", evidence, said, stay, _stay, by_hand + "{tf}")


LEFT = (
    Entry(
        "left", _stored,
        "{code} is a place in a NumPy array or list of plain numbers, and only the "
        "number goes there.",
        "collect the parts in a list, and make one tensor with {tf}.stack",
    ),
    _leaves(
        lambda _, f: not f["func"] or f["func"].endswith((".constant", ".Variable")),
        "copies only the number into a new tensor",
    ),
    _leaves(
        lambda _, f: f["func"] in ("float", "int", "complex"),
        "makes a plain Python number of it",
    ),
    _leaves(lambda _, f: f["func"].endswith(".numpy"), "takes the bare number out"),
    _leaves(always, "computes with NumPy or Python numbers"),
)  # fmt: skip


def _leaving(question: Question, lines: Iterable[Statement]) -> Places:
    """Where statements take a value out of the tape, as their code shows."""
    for line in lines:
        for node in _written(question, line):
            yield line.order, left_at(line, node)


def _written(question: Question, line: Statement) -> Iterator[ast.AST]:
    """Where a statement takes a value out of the tape, as its code shows."""
    known = {question.x_base, *(n for one in question.chain for n in one.makes)}
    outer: list[ast.AST] = []
    for node in line.parts:
        takes = code_edits.escapes(question, node) and known & names_in(node)
        inside = takes and any(within(node, one) for one in outer)
        if takes and not inside and not _of_numbers(question, node):
            outer.append(node)
            yield node


def _of_numbers(question: Question, node: ast.AST) -> bool:
    """Whether a call makes a tensor of what had been plain numbers already."""
    arg = node.args[0] if isinstance(node, ast.Call) and node.args else None
    numbers = (int, float, np.ndarray, np.generic)
    return isinstance(arg, ast.Name) and isinstance(question.names.get(arg.id), numbers)


def _running(lines: Iterable[Statement]) -> Places:
    for line in lines:
        yield line.order, {"line": line}


def _outside(question: Question, facts: Facts) -> Facts | None:
    """A statement ran outside of the tape's block."""
    line: Statement = facts["line"]
    if question.paused(line) or question.inside(line) is not False:
        return None
    if line is question.program.asking_line and any(_written(question, line)):
        return None
    return {"made": _made(question, line)}


def _in_question(question: Question, facts: Facts) -> Facts | None:
    asks = facts["line"] is question.program.asking_line
    return {"node": question.y_code} if asks and _outside(question, facts) else None


def _apart(question: Question, facts: Facts) -> Facts | None:
    """A statement outside ran in another function, too."""
    line = facts["line"]
    other = line.scope != (question.head or line).scope
    found = _outside(question, facts) if other else None
    return found and {**found, "edits": _moved(question)}


def _before_or_after(question: Question, facts: Facts) -> Facts | None:
    line, found = facts["line"], _outside(question, facts)
    when = "before" if line.order < (question.head or line).order else "after"
    return found and {**found, "when": when, "edits": _moved(question)}


def _needed_before(question: Question, facts: Facts) -> Facts | None:
    """A statement outside that must stay there, too."""
    found = _before_or_after(question, facts)
    stays = found and found["edits"]
    return found if stays and all(e.new not in ("", "pass") for e in stays) else None


def _moved(question: Question) -> Edits:
    lines = [one for one in question.chain if question.inside(one) is False]
    return code_edits.move(question, lines)


def _made(question: Question, line: Statement) -> str:
    return ", ".join(sorted(n for n in line.makes)) or question.y_name


_WHEN = "{made} was computed {when} the block of {tape}, where nothing is recorded."
OUTSIDE = (
    Entry(
        "outside", _in_question,
        "{y} was computed in the question itself, after the block, when nothing was "
        "recorded any more.",
        "give it a name inside the block of {tape}, and ask for that",
    ),
    Entry(
        "outside", _apart,
        "{made} was computed outside the block of {tape}, where nothing is recorded.",
        "compute it anew in the block, or in a function that the block calls",
    ),
    Entry("outside", _needed_before, _WHEN, "compute it in the block too"),
    Entry("outside", _before_or_after, _WHEN, "move this line into the block"),
)  # fmt: skip
_PAUSED = Entry(
    "paused",
    lambda q, f: q.paused(f["line"]) and {"made": _made(q, f["line"])},
    "This line runs under stop_recording, so the tape did not see how {made} was "
    "computed.",
    "move it out of the stop_recording block", _unpause,
)  # fmt: skip

Lines = Callable[[Question], Iterable[Statement]]


def _faults(lines: Lines) -> tuple[Search, ...]:
    """What may be wrong with statements on the path from source to target."""
    return (
        Search(lambda q: _leaving(q, lines(q)), LEFT),
        Search(lambda q: flat_ops.written(lines(q)), flat_ops.FLAT),
        Search(lambda q: _running(lines(q)), (_PAUSED, *OUTSIDE)),
    )


TARGET = (
    _TARGET,
    *(one.where(lambda q: not _is_explained(q)) for one in _faults(relevant_lines)),
)
LOST = _faults(_constants)
LEFT_BEFORE = Search(lambda q: _running(_constants_by_fault(q)), OUTSIDE)
