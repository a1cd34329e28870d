"""Why a source or a target is not on the tape at all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from tapeviz.engine.tensor import Tensor, Variable, array_of, variable_of
from tapeviz.inspect.gradient_question import Question, is_value
from tapeviz.inspect.reasons import code_edits, flat_ops
from tapeviz.inspect.source.dataflow import Statement, code_of, dotted
from tapeviz.trace.diagnosis import Reason

MAKERS = (
    "constant",
    "convert_to_tensor",
    "ones",
    "zeros",
    "fill",
    "linspace",
    "range",
    "eye",
    "normal",
    "uniform",
)


def source(question: Question) -> Iterator[Reason]:
    """Why the tape does not know the source, or does not watch it."""
    x = question.source
    if question.x_plain:
        yield Reason(
            "left",
            f"{question.x_name} is a plain {question.x_plain}, no tensor, and a tape "
            "watches only tensors and variables.",
            f"make a variable of it: {question.tf}.Variable(...)",
            question.span(definition(question)),
        )
        return
    if isinstance(x, Variable):
        yield from _variable(question, x)
    elif not (made := list(_fresh(question, x))):
        yield from _tensor(question, x)
    else:
        yield from made


def _variable(question: Question, x: Variable) -> Iterator[Reason]:
    name, tape = question.x_name, question.tape_name
    line = definition(question)
    if not x.trainable:
        yield Reason(
            "untrainable",
            f"{name} was made with trainable=False, and a tape does not watch such a "
            "variable by itself.",
            f"watch it at the start of the block, {tape}.watch({name}), or make it "
            "trainable",
            question.span(line),
            code_edits.watch(question, question.x_base),
        )
    elif not question.records.watches_variables:
        head = None if question.block is None else question.block[0]
        yield Reason(
            "unnoticed",
            f"{tape} was made with watch_accessed_variables=False, so that it watches "
            f"only what it is told to, and it was not told of {name}.",
            f"watch {name} at the start of the block: {tape}.watch({name})",
            question.span(head),
            code_edits.watch(question, question.x_base),
        )
    elif question.x >= 0 or (question.elsewhere(x) and not question.chain):
        other = question.elsewhere(x)
        yield Reason(
            "elsewhere",
            f"{name} was read for {other or 'another tape'}, not while {tape} "
            "recorded.",
            f"ask {other or 'that tape'} for the gradient, or compute the target in "
            f"{tape}'s block",
            nodes=(f"n{question.x}",) if question.x >= 0 else (),
        )


def _fresh(question: Question, x: Any) -> Iterator[Reason]:
    """A tensor that the question itself made, or that was sliced outside the block."""
    code, base = question.x_code, question.x_base
    part = variable_of(x) if isinstance(x, Tensor) else None
    owner = question.names.get(base.partition(".")[0])
    whole = is_value(owner) and isinstance(
        code, (ast.Subscript, ast.Call, ast.BinOp, ast.UnaryOp)
    )
    if not whole and (part is None or not _outside(question)):
        return
    sliced = isinstance(code, ast.Subscript)
    text = question.x_name
    base = base if whole else question.name_of(part) or base
    edits: Any = ()
    if sliced:
        fix = f"ask for {base} as a whole and take the entry of its gradient"
        edits = code_edits.replace(question, question.program.asking_line, code, base)
    elif whole:
        fix = (
            f"ask for {base} itself, or give {text} a name in the block and use that "
            "name"
        )
        edits = code_edits.replace(question, question.program.asking_line, code, base)
    else:
        fix = (
            f"ask for {base} and take the entry of its gradient, or slice inside the "
            "block"
        )
    where = (
        question.span(question.program.asking_line, code)
        if whole
        else question.span(definition(question))
    )
    what = (
        "a new tensor, made when the question was asked"
        if whole
        else (f"a new tensor, taken from {base} outside the block")
    )
    yield Reason(
        "fresh", f"{text} is {what}; the tape never saw it.", fix, where, edits
    )


def _outside(question: Question) -> bool:
    line = definition(question)
    return line is None or question.inside(line) is False


def _tensor(question: Question, x: Any) -> Iterator[Reason]:
    lines, name = (
        question.program.history(question.x_base, question.program.asking_line),
        question.x_name,
    )
    edges = tuple(f"e{i}_{s}" for i, s in question.constant_edges(array_of(x)))
    line = definition(question)
    late = _watched_after(question)
    if question.x >= 0 or question.foreign(x):
        yield _elsewhere(question, name, x)
    elif line is not None and (first := _was_variable(lines, line)) is not None:
        yield _rebound(question, first, line)
    elif line is not None and _later(question, line):
        yield Reason(
            "renewed",
            f"{name} means another tensor by now: this line gave the name a new value "
            "after the block.",
            "keep the tensor that was watched under a name of its own, and ask for "
            "that one",
            question.span(line),
        )
    elif late is not None:
        yield Reason(
            "late",
            f"{name} was watched only after the block, when nothing was recorded any "
            "more.",
            f"call {question.tape_name}.watch({name}) first thing in the block",
            question.span(late),
            code_edits.watch(question, question.x_base)
            + code_edits.remove(question, late),
            edges=edges,
        )
    else:
        yield _unwatched(question, line, edges)


def _elsewhere(question: Question, name: str, x: Any) -> Reason:
    other = question.elsewhere(x) or "another tape"
    return Reason(
        "elsewhere",
        f"{name} was recorded by {other}, and {question.tape_name} does not watch it.",
        f"watch it with this tape too, {question.tape_name}.watch({name}), or ask "
        f"{other}",
        None,
        code_edits.watch(question, question.x_base),
        (f"n{question.x}",) if question.x >= 0 else (),
    )


def _unwatched(
    question: Question, line: Statement | None, edges: tuple[str, ...]
) -> Reason:
    name, tape = question.x_name, question.tape_name
    within = line is not None and bool(question.inside(line))
    if line is not None and question.paused(line):
        return Reason(
            "paused",
            f"{name} was computed under stop_recording, so for the tape it is a "
            "constant.",
            "move this line out of the stop_recording block",
            question.span(line),
            code_edits.unpause(question, line),
            edges=edges,
        )
    if within and line is not None:
        what = "was computed in the block, but from nothing that the tape watches"
    elif line is not None and not _is_constant(line):
        what = "was computed before the block, so for the tape it is a constant"
    else:
        what = "is a constant, and the tape was not told to watch it"
    when = "right after it is computed" if within else "at the start of the block"
    return Reason(
        "unwatched",
        f"{name} {what}.",
        f"watch it {when}: {tape}.watch({name})",
        question.span(line),
        code_edits.watch(question, question.x_base, after=line if within else None),
        edges=edges,
    )


def _is_constant(line: Statement) -> bool:
    value = line.value
    return (
        isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] in MAKERS
    )


_CONTENTS = {"string": "text", "bool": "True or False"}


def not_a_float(question: Question) -> Iterator[tuple[Any, Reason]]:
    """The source holds whole numbers, text or truth values."""
    line = definition(question)
    dtype = question.source.dtype.name
    kind = _CONTENTS.get(dtype, "whole numbers")
    edits: code_edits.Edits = ()
    if line is not None:
        edits = code_edits.floats(question, line, line.value)
    instead = f": {edits[0].new}" if edits else ""
    reason = Reason(
        "integer",
        f"{question.x_name} holds {kind} ({dtype}), and only floats have a gradient.",
        f"make it a float{instead}",
        question.span(line, None if line is None else line.value),
        edits,
        (f"n{question.x}",) if question.x >= 0 else (),
    )
    yield (0,), reason


def somewhere(question: Question) -> Iterator[tuple[Any, Reason]]:
    """The target is not on the tape, and the code does not show why."""
    watched = question.x >= 0 and not isinstance(question.source, Variable)
    early = f"before {question.tape_name}.watch({question.x_name}), " if watched else ""
    reason = Reason(
        "outside",
        f"{question.y_name} is not on {question.tape_name}: probably it was computed "
        f"{early}outside of the block or under stop_recording, or its value went "
        "through NumPy or Python.",
        f"compute it inside the block of {question.tape_name}, with functions of "
        f"{question.tf}",
        sure=False,
    )
    yield (0,), reason


def definition(question: Question) -> Statement | None:
    """The statement that the source's present value comes from."""
    asking = question.program.asking_line
    if asking is None or not question.x_base:
        return None
    found = [
        one
        for one in question.program.before(question.x_base, asking)
        if one.value is not None
    ]
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
    value = line.value
    return any(
        isinstance(one, ast.Call) and dotted(one.func).endswith("Variable")
        for one in (value, *_elements(value))
    )


def _elements(value: ast.expr | None) -> list[Any]:
    """What a written list, tuple, dict or comprehension consists of."""
    if isinstance(value, (ast.List, ast.Tuple)):
        return list(value.elts)
    if isinstance(value, ast.Dict):
        return list(value.values)
    return [value.elt] if isinstance(value, ast.ListComp) else []


_STEPS = {ast.Sub: "assign_sub", ast.Add: "assign_add"}


def _rebound(question: Question, first: Statement, line: Statement) -> Reason:
    name, node = question.x_base, line.node
    start = _spoken(question, first, line)
    many = bool(_elements(first.value))
    was, made = (
        ("held tf.Variables", "plain tensors of them")
        if many
        else ("was a tf.Variable", "a plain tensor of it")
    )
    instead, edits = f"{name}.assign(...)", code_edits.Edits()
    if isinstance(line.value, ast.ListComp):
        instead = "assign to each of them in a loop"
    elif isinstance(node, (ast.Assign, ast.AugAssign)):
        instead = _in_place(question, line)
        edits = _all_in_place(question, line)
    return Reason(
        "rebound",
        f"{name} {was} ({start}), but this line makes {made}, which no tape watches.",
        f"change the variable{'s' * many} in place: {instead}",
        question.span(line),
        edits,
    )


def _all_in_place(question: Question, line: Statement) -> code_edits.Edits:
    """The edits for an assignment, and for its like in the same run of a loop.

    In ``w, b = w - dw, b - db`` the second variable becomes a tensor as the first does.
    """
    edits: code_edits.Edits = ()
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
    span = question.span(line)
    number = f"line {line.node.lineno}"
    return (
        number
        if span is None or line.path == other_line.path
        else f"{span.file}, {number}"
    )


def _later(question: Question, line: Statement) -> bool:
    """Whether a line gave the source's name its value after the block."""
    if question.block is None or not question.records.watched:
        return False
    head, block = question.block
    end = (line.order[0], block.end_lineno or 0)
    earlier = [
        one
        for one in question.program.made(
            question.x_base, question.program.asking_line
        )
        if one.order < head.order
    ]  # fmt: skip
    return bool(earlier) and line.order[:2] > end and line.order > head.order


def _watched_after(question: Question) -> Statement | None:
    """The line that watches the source after the block, if there is one."""
    for line in question.program.lines:
        if not isinstance(line.node, ast.Expr) or question.inside(line) is not False:
            continue
        if question.block is None or line.order < question.block[0].order:
            continue
        call = line.node.value
        if (
            isinstance(call, ast.Call)
            and dotted(call.func) == f"{question.tape_name}.watch"
            and question.x_base in {dotted(n) for n in ast.walk(call)}
        ):
            return line
    return None


# -- the target ---------------------------------------------------------------------


def target(question: Question) -> Iterator[tuple[Any, Reason]]:
    """Why the target is not on the tape: one reason per position in the code."""
    y, name = question.targets[0], question.y_name
    if question.y_plain and not question.chain:
        yield (
            (0,),
            Reason(
                "left",
                f"{name} is a plain {question.y_plain}, no tensor: the tape does not "
                "know how it was computed.",
                f"compute it with tensors and functions of {question.tf}",
            ),
        )
        return
    if isinstance(y, Variable):
        yield (
            (0,),
            Reason(
                "unconnected",
                f"{name} is a variable itself: nothing was computed from "
                f"{question.x_name}.",
                f"give the result of a computation with {question.x_name} as target",
            ),
        )
        return
    if question.foreign(y):
        forgotten = _reset(question)
        yield (0,), forgotten or _another(question, name, y)
        return
    for line in relevant_lines(question):
        yield from faults(question, line)


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def lost(question: Question) -> Iterator[tuple[Any, Reason]]:
    """What is wrong with the statements that made constants of the target's ops.

    Those count that are computed from the source, as ``k`` in ``w * 3.0 + k``.
    """
    seen: set[Statement] = set()
    for line in question.constants:
        for one in question.path_to([line]):
            if one not in seen and not isinstance(one.node, _DEFINITIONS):
                seen.add(one)
                yield from faults(question, one)


def left_before(question: Question) -> Iterator[tuple[Any, Reason]]:
    """The same beside a live path: only what the source, as it is, was used for.

    What came of an earlier value, before it was changed in place, or of a derivative,
    as in momentum, is a constant by right.
    """
    for order, reason in lost(question):
        if reason.kind == "outside" and not _is_past(question, order):
            yield order, reason


_CHANGES = {
    "assign", "assign_add", "assign_sub", "apply_gradients", "minimize", "fit",
    "gradient", "train_step",
}  # fmt: skip


def _is_past(question: Question, order: Any) -> bool:
    """Whether the source may have been changed between a statement and the block."""
    head = None if question.block is None else question.block[0]
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


def _another(question: Question, name: str, y: Any) -> Reason:
    other = question.elsewhere(y)
    return Reason(
        "elsewhere",
        f"{name} was recorded by {other or 'another tape'}, not by "
        f"{question.tape_name}.",
        (
            f"ask that one: {other}.gradient({name}, {question.x_name})"
            if other
            else "ask the tape in whose block it was computed"
        ),
        edits=(
            code_edits.replace(
                question,
                question.program.asking_line,
                question.program.argument(0, "tape"),
                other,
            )
            if other
            else ()
        ),
    )


def _reset(question: Question) -> Reason | None:
    """The line that made the tape forget, if there is one."""
    for line in question.program.lines:
        call = getattr(line.node, "value", None)
        forgets = (
            isinstance(call, ast.Call)
            and dotted(call.func) == f"{question.tape_name}.reset"
        )
        if (
            forgets
            and question.inside(line)
            and any(g.order < line.order for g in question.goals)
        ):
            return Reason(
                "forgotten",
                f"{question.tape_name} was reset after {question.y_name} was computed, "
                "and has forgotten how.",
                f"compute {question.y_name} after the reset, or leave the reset out",
                question.span(line),
                code_edits.remove(question, line),
            )
    return None


def faults(question: Question, line: Statement) -> Iterator[tuple[Any, Reason]]:
    """What is wrong with one statement on the path from source to target."""
    found = list(written(question, line))
    yield from ((line.order, r) for r in found)
    yield from ((line.order, r) for r in flat_ops.written(question, line))
    if question.paused(line):
        yield (
            line.order,
            Reason(
                "paused",
                "This line runs under stop_recording, so the tape did not see how "
                f"{_made(question, line)} was computed.",
                "move it out of the stop_recording block",
                question.span(line),
                code_edits.unpause(question, line),
            ),
        )
    elif question.inside(line) is False and not (
        found and line is question.program.asking_line
    ):
        yield line.order, outside(question, line)


def outside(question: Question, line: Statement) -> Reason:
    """A statement on the path ran outside of the tape's block."""
    if line is question.program.asking_line:
        return Reason(
            "outside",
            f"{question.y_name} was computed in the question itself, after the block, "
            "when nothing was recorded any more.",
            f"give it a name inside the block of {question.tape_name}, and ask for "
            "that",
            question.span(line, question.y_code),
        )
    head = None if question.block is None else question.block[0]
    when = "before" if head is not None and line.order < head.order else "after"
    lines = [one for one in question.chain if question.inside(one) is False]
    apart = head is not None and line.scope != head.scope
    when = "outside" if apart else when
    edits = code_edits.move(question, lines)
    stays = bool(edits) and all(e.new not in ("", "pass") for e in edits)
    fix = "compute it in the block too" if stays else "move this line into the block"
    if apart:
        fix = "compute it anew in the block, or in a function that the block calls"
    return Reason(
        "outside",
        f"{_made(question, line)} was computed {when} the block of "
        f"{question.tape_name}, where nothing is recorded.",
        fix,
        question.span(line),
        edits,
    )


def _made(question: Question, line: Statement) -> str:
    return ", ".join(sorted(n for n in line.makes)) or question.y_name


def written(question: Question, line: Statement) -> Iterator[Reason]:
    """Where a statement takes a value out of the tape, as its code shows."""
    known = {question.x_base, *(n for one in question.chain for n in one.makes)}
    outer: list[Any] = []
    for node in line.parts:
        inside = any(n is node for o in outer for n in ast.walk(o))
        if inside or not code_edits.escapes(question, node):
            continue
        if known & {dotted(n) for n in ast.walk(node)} and not _of_numbers(
            question, node
        ):
            outer.append(node)
            yield left(question, line, node)


def _of_numbers(question: Question, node: ast.AST) -> bool:
    """Whether a call makes a tensor of what had been plain numbers already."""
    arg = node.args[0] if isinstance(node, ast.Call) and node.args else None
    numbers = (int, float, np.ndarray, np.generic)
    return isinstance(arg, ast.Name) and isinstance(question.names.get(arg.id), numbers)


def left(
    question: Question, line: Statement | None, node: Any, index: int = -1
) -> Reason:
    """A value went on through NumPy or Python, outside of the tape."""
    text = " ".join(code_of(node).split()) if isinstance(node, ast.AST) else "this"
    short = text if len(text) <= 44 else "This expression"
    called = getattr(node, "func", ast.Pass())
    func = dotted(called) or f".{getattr(called, 'attr', '')}".rstrip(".")
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return Reason(
            "left",
            f"{short} is a place in a NumPy array or list of plain numbers, and only "
            "the number goes there.",
            "collect the parts in a list, and make one tensor with "
            f"{question.tf}.stack",
            question.span(line, node) if line else None,
            nodes=(f"n{index}",) if index >= 0 else (),
        )
    if not func or func.endswith((".constant", ".Variable")):
        what = f"{short} copies only the number into a new tensor"
    elif func in ("float", "int", "complex"):
        what = f"{short} makes a plain Python number of it"
    else:
        what = f"{short} computes with NumPy or Python numbers"
        if func.endswith(".numpy"):
            what = f"{short} takes the bare number out"
    edits = code_edits.stay(question, line, node) if isinstance(node, ast.AST) else ()
    instead = f": {edits[0].new}" if edits else f", with functions of {question.tf}"
    return Reason(
        "left",
        f"{what}, and the tape does not see where it goes from there.",
        f"stay with tensors{instead}",
        question.span(line, node) if line else None,
        edits,
        (f"n{index}",) if index >= 0 else (),
    )
