"""Why the path is broken between a target and a source that are both on the tape."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from tapeviz.engine.records import Event
from tapeviz.engine.tensor import Variable, array_of
from tapeviz.inspect.gradient_question import Question, edge
from tapeviz.inspect.reasons import code_edits, flat_ops, not_on_tape
from tapeviz.inspect.source.dataflow import Statement, code_of, dotted
from tapeviz.trace.diagnosis import Reason

Findings = Iterator[tuple[Any, Reason]]


def cuts(question: Question) -> Findings:
    """The edges between source and target that pass no gradient."""
    for i, slot, j in question.between:
        if not question.barrier[i]:
            continue
        if i not in question.own:
            yield question.order(i), _not_recording(question, i, slot)
        elif question.rule(i, slot) is None and not _behind_a_cut(question, j):
            yield question.order(i), _cut(question, i, slot, j)
    yield from assigned(question)


def left_out(question: Question) -> Findings:
    """Where a gradient that reaches the source has not come on all the paths.

    What only chooses, as the condition of a where, has no gradient to lose.
    """
    seen: set[int] = set()
    for i, _, contributions in question.steps:
        given = {slot for slot, *_ in contributions}
        for slot, j in enumerate(question.records[i].operands):
            if slot not in given and not _chooses(question, i, j):
                yield from _lost(question, i, slot, j, seen)


def _chooses(question: Question, i: int, j: int) -> bool:
    """Whether an operand only says which of the other ones counts."""
    if j < 0 or not any(question.op(i).rules):
        return False
    return question.value(j).dtype.kind not in "fc"


def _lost(question: Question, i: int, slot: int, j: int, seen: set[int]) -> Findings:
    """Where the path through an operand that gets no gradient was cut."""
    if j < 0 or not question.after_x[j]:
        return
    cut = question.rule(i, slot) is None
    if question.op(i).name == "custom":
        yield question.order(i), silence(question, i, j, edge(i, slot))
    elif i not in question.own:
        yield question.order(i), _not_recording(question, i, slot)
    elif cut and not _behind_a_cut(question, j):
        if question.alone(i):
            through = _straight_through(question, i)
            yield question.order(i), through or _cut(question, i, slot, j)
    elif j not in seen:
        seen.add(j)
        for other, k in enumerate(question.records[j].operands):
            if not _chooses(question, j, k):
                yield from _lost(question, j, other, k, seen)


def _straight_through(question: Question, i: int) -> Reason | None:
    """The idiom ``u + stop_gradient(step(u) - u)``, which is meant so."""
    j = question.records[i].operands[0]
    if question.op(i).name != "stop_gradient" or question.op(j).name != "subtract":
        return None
    plain = question.records[j].operands[1]
    adds = any(
        r.op.name == "add" and {i, plain} == {*r.operands} for r in question.records
    )
    if not adds or plain < 0:
        return None
    step, u = (_shown(question, j, 0), question.known(plain))
    return Reason(
        "stopped",
        f"{question.code(i)} counts as a constant: the value is that of {step}, the "
        f"gradient that of {u} alone, a straight-through estimate.",
        "nothing, if that is meant",
        question.builder.span(i),
        edges=edge(i, 0),
    )


def _shown(question: Question, i: int, slot: int) -> str:
    """The code of an operand."""
    found = question.operand(i, slot)
    return "the other operand" if found is None else code_of(found[1])


def assigned(question: Question) -> Findings:
    """Values on the path that were assigned to a variable."""
    seen = set()
    for index, to, event in question.jumps:
        lies_between = question.after_x[index] and question.before_y[to]
        if lies_between and event.call_site not in seen:
            seen.add(event.call_site)
            yield _event_order(question, event), assignment(question, index, event)


def _event_order(question: Question, event: Event) -> Any:
    line, at = question.line_of_call_site(event.call_site), event.before
    return (*line.order, at) if line is not None else (10**9, at, 0, 0)


def _behind_a_cut(question: Question, j: int) -> bool:
    """Whether record ``j`` is a condition or whole number, which passes no gradient."""
    record = question.records[j]
    if record.is_leaf or question.value(j).dtype.kind in "fc":
        return False
    return all(question.rule(j, s) is None for s in range(len(record.operands)))


def _not_recording(question: Question, i: int, slot: int) -> Reason:
    return Reason(
        "outside",
        f"{question.code(i)} was computed while {question.tape_name} did not record.",
        f"compute it inside the block of {question.tape_name}",
        question.builder.span(i),
        edges=edge(i, slot),
    )


def _cut(question: Question, i: int, slot: int, j: int) -> Reason:
    op, span = question.op(i), question.builder.span(i)
    kind, sentence, fix = said(question, i, slot, j)
    edits = flat_ops.suggested_edits(
        question, question.line(i), question.node(i), op.name
    )
    return Reason(kind, sentence, fix, span, edits, edges=edge(i, slot))


def said(question: Question, i: int, slot: int, j: int) -> tuple[str, str, str]:
    """Why an op passes nothing to an operand: the kind, a sentence, what to do."""
    op, code, what = question.op(i), question.code(i), question.known(j) or "it"
    if op.name == "cast_whole":
        dtype = np.dtype(question.records[i].settings[0])
        return flat_ops.cast(question.tf, code, what, dtype)
    if op.name in flat_ops.COMPARES and _is_derivative(question.node(i)):
        return _corner(question.tf, code)
    found = flat_ops.step(question.tf, code, op.name)
    if found is not None:
        return found
    if op.missing:
        return (
            "step",
            f"{code} has no gradient at all; asking for it is an error.",
            f"take its operand out of the gradient with {question.tf}.stop_gradient",
        )
    slots = op.operands[0 if op.many else slot]
    which = f" (its operand {slots})" if len(op.operands) > 1 else ""
    return (
        "step",
        f"{code} passes no gradient to {what}{which}.",
        "let the target depend on it in another way too",
    )


def _corner(tf: str, code: str) -> tuple[str, str, str]:
    sentence = (
        f"{code} holds the slope of something with a corner, which jumps from one "
        "number to another and passes no gradient."
    )
    smooth = f"use a smooth function such as {tf}.nn.softplus"
    return "step", sentence, f"where second derivatives are wanted, {smooth}"


def _is_derivative(node: Any) -> bool:
    """Whether code asks a tape for a derivative."""
    verbs = (".gradient", ".jacobian", ".batch_jacobian")
    return isinstance(node, ast.Call) and dotted(node.func).endswith(verbs)


def assignment(question: Question, index: int, event: Event) -> Reason:
    """A recorded value was assigned to a variable, which holds only the number."""
    line = question.line_of_call_site(event.call_site)
    span = question.builder.code.span(*event.call_site)
    into, what = (
        question.name_of(event.variable) or "the variable",
        question.known(index),
    )
    code = "this assignment" if span is None else f"{' '.join(span.text.split())}"
    parts = isinstance(getattr(_assign_call(line), "value", None), ast.Subscript)
    return Reason(
        "assigned",
        f"{code} puts the number of {what} into a variable, and a variable remembers "
        "only its number, not where it came from.",
        f"collect the parts in a list, and make one tensor with {question.tf}.stack"
        if parts
        else f"go on with a tensor instead of assigning to {into}",
        span,
        _unassigned(question, line),
        (f"n{index}",) if index in question.builder.indices else (),
    )


def _assign_call(line: Statement | None) -> ast.expr | None:
    """The expression ``v.assign`` of a statement ``v.assign(value)``."""
    call = None if line is None else line.value
    return call.func if isinstance(call, ast.Call) else None


_SIGNS = {"assign_add": "+", "assign_sub": "-"}


def _unassigned(question: Question, line: Statement | None) -> code_edits.Edits:
    """``v.assign_add(u)`` as ``new_v = v + u``, and ``new_v`` in what follows."""
    node = None if line is None else line.node
    call = getattr(node, "value", None)
    if line is None or not isinstance(call, ast.Call) or not call.args:
        return ()
    func = dotted(call.func)
    name, _, verb = func.rpartition(".")
    arg = code_of(call.args[0])
    if verb == "Variable" and isinstance(node, ast.Assign):
        return code_edits.replace(question, line, call, arg)
    if not isinstance(node, ast.Expr) or not name.isidentifier():
        return ()
    new = name if line.loops else f"new_{name}"
    value = arg
    if verb in _SIGNS:
        value = code_edits.filled(f"{name} {_SIGNS[verb]} ARG", ARG=call.args[0])
    if not value or not verb.startswith("assign"):
        return ()
    later = [
        (other, n)
        for other in question.program.lines
        if other.path == line.path
        and other.order > line.order
        and question.inside(other)
        for n in other.parts
        if new != name
        and isinstance(n, ast.Name)
        and n.id == name
        and isinstance(n.ctx, ast.Load)
    ]
    edits = code_edits.replace(question, line, node, f"{new} = {value}")
    return edits + tuple(
        e for other, n in later for e in code_edits.replace(question, other, n, new)
    )


def leaving(question: Question) -> Findings:
    """Recorded values on the path that went on through NumPy or Python."""
    for event in question.records.events:
        index = event.index
        inside = 0 <= index < len(question.records)
        if event.what != "left" or not inside or not question.after_x[index]:
            continue
        line = question.line_of_call_site(event.call_site)
        if (
            line is not None
            and line in question.upstream
            and line.makes | _returned(line)
        ):
            node = question.program.node_at(event.call_site)
            drawn = index if index in question.builder.indices else -1
            yield (
                line.order,
                not_on_tape.left(question, line, _wider(question, line, node), drawn),
            )


def _wider(question: Question, line: Statement, node: Any) -> Any:
    return node if node is None else code_edits.outermost(question, line, node)


def _returned(line: Statement) -> set[str]:
    return {"return"} if isinstance(line.node, ast.Return) else set()


def late(question: Question) -> Findings:
    """The source was watched after it was used: earlier uses are of a constant."""
    if question.x < 0:
        return
    watched = question.records.watched
    since = next((one.since for one in watched if one.thing is question.source), 0)
    value = array_of(question.source)
    early = [(i, s) for i, s in question.constant_edges(value) if i < question.x]
    early += [
        (i, slot) for i, slot, j in question.between if j == question.x and i < since
    ]
    line = _watch_line(question)
    if not early and not (line is not None and _used_before(question, line)):
        return
    yield (
        (0, 0, 0),
        Reason(
            "late",
            f"{question.x_name} was watched only after it had been used; what was "
            "computed before that counts it as a constant.",
            f"call {question.tape_name}.watch({question.x_name}) first thing in the "
            "block",
            question.span(line),
            code_edits.watch(question, question.x_base)
            + code_edits.remove(question, line),
            edges=tuple(f"e{i}_{s}" for i, s in early),
        ),
    )


def _watch_line(question: Question) -> Statement | None:
    for line in question.program.lines:
        call = getattr(line.node, "value", None)
        if (
            isinstance(call, ast.Call)
            and dotted(call.func) == f"{question.tape_name}.watch"
        ):
            names = {dotted(n) for n in ast.walk(call)}
            if question.x_base in names and question.inside(line):
                return line
    return None


def _used_before(question: Question, line: Statement) -> bool:
    inside = [one for one in question.chain if question.inside(one)]
    return bool(inside) and inside[0].order < line.order


def unconnected(question: Question) -> Findings:
    """No path leads from the source to the target."""
    special = _swapped(question) or decision(question)
    if special is not None:
        yield special
        return
    x, y = question.x_name, question.y_name
    named = dict.fromkeys(
        question.known(i)
        for i, record in enumerate(question.records)
        if question.before_y[i] and record.is_leaf
    )
    other = _namesake(question)
    if other is not None:
        yield (
            other.order,
            Reason(
                "renewed",
                f"{x} means another variable by now: this line made a new one, and {y} "
                "was computed with the old one.",
                "ask for the variable that was used, or compute the target again",
                question.span(other),
            ),
        )
        return
    made = f": it was computed from {' and '.join(named)}" if any(named) else ""
    goal = max(question.goals, key=lambda one: one.order, default=None)
    yield (
        (0, 0, 0),
        Reason(
            "unconnected",
            f"{y} does not depend on {x}{made}.",
            f"use {x} in the computation of {y}, or ask for the gradient of something "
            "else",
            question.span(goal),
            nodes=tuple(f"n{p}" for p in {question.x} if p in question.builder.indices),
        ),
    )


def _swapped(question: Question) -> tuple[Any, Reason] | None:
    """The source was computed from the target: the arguments were swapped."""
    if question.x < 0 or not any(
        y >= 0 and question.downstream(y)[question.x] for y in question.ys
    ):
        return None
    x, y, asking = question.x_name, question.y_name, question.program.asking_line
    swap = ((question.y_code, x), (question.x_code, y))
    edits = [
        e
        for code, new in swap
        if code
        for e in code_edits.replace(question, asking, code, new)
    ]
    return (0, 0, 0), Reason(
        "unconnected",
        f"{y} does not depend on {x}: it is the other way round, {x} was computed from "
        f"{y}.",
        f"what is differentiated comes first: {question.tape_name}.gradient({x}, {y})",
        question.builder.span(question.x),
        tuple(edits),
        (f"n{question.x}",) if question.x in question.builder.indices else (),
    )


def unused(question: Question) -> Findings:
    """The code shows no way from the source to a target that is not on the tape."""
    if question.goals and (not question.chain or question.by_owner):
        yield from unconnected(question)


def decided(question: Question) -> Findings:
    """The same as ``decision``, as evidence."""
    found = decision(question)
    yield from () if found is None else (found,)


def decision(question: Question) -> tuple[Any, Reason] | None:
    """An if or a loop whose condition reads the source and whose body the target."""
    tainted = {question.x_base, *question.program.makes_of(question.x_base)}
    for line in question.program.lines:
        for asks, branches in _choices(line):
            known = {dotted(n) for n in ast.walk(asks)} & tainted
            inside = {id(n) for branch in branches for n in ast.walk(branch)}
            chosen = line in question.upstream and isinstance(line.node, ast.Assign)
            if known and (
                chosen or any(id(goal.node) in inside for goal in question.upstream)
            ):
                return line.order, Reason(
                    "step",
                    f"{question.x_name} only decides what runs, in {code_of(asks)}, "
                    "and a decision passes no gradient.",
                    f"compute {question.y_name} from {question.x_name} itself, for "
                    f"example as a mixture with {question.tf}.sigmoid",
                    question.span(line, asks),
                )
    return None


def _choices(line: Statement) -> Iterator[tuple[ast.expr, list[ast.stmt]]]:
    """The conditions of a statement, each with the statements it decides about."""
    node = line.node
    if isinstance(node, (ast.If, ast.While)):
        yield node.test, [*node.body, *node.orelse]
    elif (
        isinstance(node, ast.For)
        and dotted(getattr(node.iter, "func", node)) == "range"
    ):
        yield node.iter, node.body
    for one in line.parts:
        if isinstance(one, ast.IfExp):
            yield one.test, []


def _namesake(question: Question) -> Statement | None:
    """The line that gave the source's name to a new variable after it was recorded."""
    if (
        not isinstance(question.source, Variable)
        or question.program.asking_line is None
    ):
        return None
    lines = question.program.made(question.x_base, question.program.asking_line)
    made = [one for one in lines if not_on_tape.makes_variable(one)]
    if (
        len(made) < 2
        or question.block is None
        or made[-1].order < question.block[0].order
    ):
        return None
    return made[-1] if not question.inside(made[-1]) else None


def silent(question: Question) -> Findings:
    """The learner's own gradient functions that gave None."""
    for i, slot, j in question.between:
        if question.op(i).name == "custom":
            yield question.order(i), silence(question, i, j, edge(i, slot))


def silence(question: Question, i: int, j: int, edges: tuple[str, ...] = ()) -> Reason:
    """A gradient function of the learner's own gave None for an operand."""
    name = getattr(question.records[i].settings[0], "name", "the function")
    return Reason(
        "custom",
        f"The gradient function of {name} gave None for "
        f"{question.known(j) or 'this operand'}.",
        "return a gradient for that argument",
        question.builder.span(i),
        edges=edges,
    )
