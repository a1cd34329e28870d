"""Where the way back ends between a target and a source that are both on the tape."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from tapeviz.engine.recording import VARIABLE, WATCHED
from tapeviz.engine.tensor import Variable
from tapeviz.inspect.reasons import code_edits, flat_ops, not_on_tape
from tapeviz.inspect.reasons.question import Question, edge
from tapeviz.inspect.source.dataflow import Statement, code_of, dotted
from tapeviz.trace.diagnosis import Reason

Found = Iterator[tuple[Any, Reason]]


def cuts(case: Question) -> Found:
    """The edges between source and target that hand no gradient back."""
    for i, slot, j in case.between:
        if not case.barrier[i]:
            continue
        if i not in case.own:
            yield case.order(i), _deaf(case, i, slot)
        elif case.rule(i, slot) is None and not _behind_a_cut(case, j):
            yield case.order(i), _cut(case, i, slot, j)
    yield from assigned(case)


def assigned(case: Question) -> Found:
    """Values on the way that went into a variable."""
    for place, to, event in case.jumps:
        if case.after_x[place] and case.before_y[to]:
            yield _event_order(case, event), assignment(case, place, event)


def _event_order(case: Question, event: tuple[Any, ...]) -> Any:
    line = case.spot_line(event[-2:])
    return (*line.order, event[1]) if line is not None else (10**9, event[1], 0, 0)


def _behind_a_cut(case: Question, j: int) -> bool:
    """Whether what comes through a slot was cut off just before, as a condition is."""
    dead = all(
        case.rule(j, s) is None for s in range(len(case.op(j).inputs(case.recs[j])))
    )
    return dead and case.recs[j][0] not in (VARIABLE, WATCHED)


def _deaf(case: Question, i: int, slot: int) -> Reason:
    return Reason(
        "outside",
        f"{case.code(i)} was computed while {case.tape_name} did not record.",
        f"compute it inside the block of {case.tape_name}",
        case.scribe.span(i),
        edges=edge(i, slot),
    )


def _cut(case: Question, i: int, slot: int, j: int) -> Reason:
    op, span = case.op(i), case.scribe.span(i)
    kind, sentence, fix = said(case, i, slot, j)
    edits = flat_ops.mended(case, case.line(i), case.node(i), op.name)
    return Reason(kind, sentence, fix, span, edits, edges=edge(i, slot))


def said(case: Question, i: int, slot: int, j: int) -> tuple[str, str, str]:
    """Why an op hands nothing to an operand: the kind, a sentence, what to do."""
    op, code, what = case.op(i), case.code(i), case.known(j) or "it"
    if op.name == "cast_whole":
        dtype = np.dtype(op.settings_of(case.recs[i])[0])
        return flat_ops.cast(case.tf, code, what, dtype)
    told = flat_ops.step(case.tf, code, op.name)
    if told is not None:
        return told
    if op.missing:
        return (
            "step",
            f"{code} has no gradient at all; asking for it is an error.",
            f"take its operand out of the gradient with {case.tf}.stop_gradient",
        )
    slots = op.operands[0 if op.many else slot]
    which = f" (its operand {slots})" if len(op.operands) > 1 else ""
    return (
        "step",
        f"{code} passes no gradient to {what}{which}.",
        "let the target depend on it in another way too",
    )


def assignment(case: Question, place: int, event: tuple[Any, ...]) -> Reason:
    """A recorded value went into a variable, which keeps its number only."""
    variable: Variable = event[3]
    line, spot = case.spot_line(event[-2:]), event[-2:]
    span = case.scribe.code.span(*spot)
    into, what = case.name_of(variable) or "the variable", case.known(place)
    code = "this assignment" if span is None else f"{' '.join(span.text.split())}"
    parts = isinstance(getattr(_assign_call(line), "value", None), ast.Subscript)
    return Reason(
        "assigned",
        f"{code} puts the number of {what} into a variable, and a variable remembers "
        "only its number, not where it came from.",
        f"collect the parts in a list, and make one tensor with {case.tf}.stack"
        if parts
        else f"go on with a tensor instead of assigning to {into}",
        span,
        _unassigned(case, line),
        (f"n{place}",) if place in case.scribe.places else (),
    )


def _assign_call(line: Statement | None) -> ast.expr | None:
    """The ``v.assign`` of a statement ``v.assign(value)``, as it stands."""
    call = None if line is None else line.value
    return call.func if isinstance(call, ast.Call) else None


_SIGNS = {"assign_add": "+", "assign_sub": "-"}


def _unassigned(case: Question, line: Statement | None) -> code_edits.Edits:
    """``v.assign_add(u)`` as ``new_v = v + u``, and ``new_v`` in what follows."""
    node = None if line is None else line.node
    call = getattr(node, "value", None)
    if line is None or not isinstance(call, ast.Call) or not call.args:
        return ()
    func = dotted(call.func)
    name, _, verb = func.rpartition(".")
    arg = code_of(call.args[0])
    if verb == "Variable" and isinstance(node, ast.Assign):
        return code_edits.replace(case, line, call, arg)
    if not isinstance(node, ast.Expr) or not name.isidentifier():
        return ()
    new = name if line.loops else f"new_{name}"
    value = f"{name} {_SIGNS[verb]} {arg}" if verb in _SIGNS else arg
    if not value or not verb.startswith("assign"):
        return ()
    later = [
        (other, n)
        for other in case.reading.lines
        if other.path == line.path and other.order > line.order and case.inside(other)
        for n in other.parts
        if new != name
        and isinstance(n, ast.Name)
        and n.id == name
        and isinstance(n.ctx, ast.Load)
    ]
    edits = code_edits.replace(case, line, node, f"{new} = {value}")
    return edits + tuple(
        e for other, n in later for e in code_edits.replace(case, other, n, new)
    )


def leaving(case: Question) -> Found:
    """Values that left the tape on the way: seen while recording, or in the code."""
    if case.tape._recording is None:
        return
    for what, _at, place, _into, *spot in case.tape._recording.events:
        if what != "left" or not 0 <= place < len(case.recs) or not case.after_x[place]:
            continue
        line = case.spot_line((spot[0], spot[1]))
        if line is not None and line in case.upstream and line.makes | _returned(line):
            node = case.reading.node_at((spot[0], spot[1]))
            drawn = place if place in case.scribe.places else -1
            yield (
                line.order,
                not_on_tape.left(case, line, _wider(case, line, node), drawn),
            )


def _wider(case: Question, line: Statement, node: Any) -> Any:
    return node if node is None else code_edits.outermost(case, line, node)


def _returned(line: Statement) -> set[str]:
    return {"return"} if isinstance(line.node, ast.Return) else set()


def late(case: Question) -> Found:
    """Watched after it was used: earlier uses count as uses of a constant."""
    if case.x < 0:
        return
    since = case.tape._late.get(id(case.source), 0)
    value = case.source._v
    early = [(i, s) for i, s in case.constant_edges(value) if i < case.x]
    early += [(i, slot) for i, slot, j in case.between if j == case.x and i < since]
    line = _watch_line(case)
    if not early and not (line is not None and _used_before(case, line)):
        return
    yield (
        (0, 0, 0),
        Reason(
            "late",
            f"{case.x_name} was watched only after it had been used; what was computed "
            "before that counts it as a constant.",
            f"call {case.tape_name}.watch({case.x_name}) first thing in the block",
            case.span(line),
            code_edits.watch(case, case.x_base) + code_edits.remove(case, line),
            edges=tuple(f"e{i}_{s}" for i, s in early),
        ),
    )


def _watch_line(case: Question) -> Statement | None:
    for line in case.reading.lines:
        call = getattr(line.node, "value", None)
        if (
            isinstance(call, ast.Call)
            and dotted(call.func) == f"{case.tape_name}.watch"
        ):
            names = {dotted(n) for n in ast.walk(call)}
            if case.x_base in names and case.inside(line):
                return line
    return None


def _used_before(case: Question, line: Statement) -> bool:
    inside = [one for one in case.chain if case.inside(one)]
    return bool(inside) and inside[0].order < line.order


def unconnected(case: Question) -> Found:
    """Nothing leads from the source to the target."""
    line = not_on_tape.gradient_line(case)
    if line is not None:
        yield line.order, not_on_tape.linear(case, line)
        return
    special = _swapped(case) or decision(case)
    if special is not None:
        yield special
        return
    x, y = case.x_name, case.y_name
    named = dict.fromkeys(
        case.known(i)
        for i in range(len(case.recs))
        if case.before_y[i] and case.recs[i][0] in (VARIABLE, WATCHED)
    )
    other = _namesake(case)
    if other is not None:
        yield (
            other.order,
            Reason(
                "renewed",
                f"{x} means another variable by now: this line made a new one, and {y} "
                "was computed with the old one.",
                "ask for the variable that was used, or compute the target again",
                case.span(other),
            ),
        )
        return
    made = f": it was computed from {' and '.join(named)}" if any(named) else ""
    goal = max(case.goals, key=lambda one: one.order, default=None)
    yield (
        (0, 0, 0),
        Reason(
            "unconnected",
            f"{y} does not depend on {x}{made}.",
            f"use {x} in the computation of {y}, or ask for the gradient of something "
            "else",
            case.span(goal),
            nodes=tuple(f"n{p}" for p in {case.x} if p in case.scribe.places),
        ),
    )


def _swapped(case: Question) -> tuple[Any, Reason] | None:
    """The source was computed from the target: they were given the wrong way round."""
    if case.x < 0 or not any(y >= 0 and case.onwards(y)[case.x] for y in case.ys):
        return None
    x, y, here = case.x_name, case.y_name, case.reading.here
    swap = ((case.y_code, x), (case.x_code, y))
    edits = [
        e
        for code, new in swap
        if code
        for e in code_edits.replace(case, here, code, new)
    ]
    return (0, 0, 0), Reason(
        "unconnected",
        f"{y} does not depend on {x}: it is the other way round, {x} was computed from "
        f"{y}.",
        f"what is differentiated comes first: {case.tape_name}.gradient({x}, {y})",
        case.scribe.span(case.x),
        tuple(edits),
        (f"n{case.x}",) if case.x in case.scribe.places else (),
    )


def decision(case: Question) -> tuple[Any, Reason] | None:
    """An if or a loop that asks about the source, with the target computed in it."""
    tainted = {case.x_base, *case.reading.makes_of(case.x_base)}
    for line in case.reading.lines:
        for asks, ways in _choices(line):
            known = {dotted(n) for n in ast.walk(asks)} & tainted
            inside = {id(n) for way in ways for n in ast.walk(way)}
            chosen = line in case.upstream and isinstance(line.node, ast.Assign)
            if known and (
                chosen or any(id(goal.node) in inside for goal in case.upstream)
            ):
                return line.order, Reason(
                    "step",
                    f"{case.x_name} only decides what runs, in {code_of(asks)}, "
                    "and a decision passes no gradient.",
                    f"compute {case.y_name} from {case.x_name} itself, for example as "
                    f"a mixture with {case.tf}.sigmoid",
                    case.span(line, asks),
                )
    return None


def _choices(line: Statement) -> Iterator[tuple[ast.expr, list[ast.stmt]]]:
    """What a statement asks to decide, and what runs if it says so."""
    node = line.node
    if isinstance(node, (ast.If, ast.While)):
        yield node.test, [*node.body, *node.orelse]
    elif isinstance(node, ast.For):
        yield node.iter, node.body
    for one in line.parts:
        if isinstance(one, ast.IfExp):
            yield one.test, []


def _namesake(case: Question) -> Statement | None:
    """The line that gave the source's name to a new variable after it was recorded."""
    if not isinstance(case.source, Variable) or case.reading.here is None:
        return None
    lines = case.reading.made(case.x_base, case.reading.here)
    made = [one for one in lines if not_on_tape.makes_variable(one)]
    if len(made) < 2 or case.block is None or made[-1].order < case.block[0].order:
        return None
    return made[-1] if not case.inside(made[-1]) else None


def silent(case: Question) -> Found:
    """The learner's own gradient functions that gave None."""
    for i, slot, j in case.between:
        if case.op(i).name == "custom":
            yield case.order(i), silence(case, i, j, edge(i, slot))


def silence(case: Question, i: int, j: int, edges: tuple[str, ...] = ()) -> Reason:
    """A gradient function of the learner's own gave None for an operand."""
    name = getattr(case.op(i).settings_of(case.recs[i])[0], "name", "the function")
    return Reason(
        "custom",
        f"The gradient function of {name} gave None for "
        f"{case.known(j) or 'this operand'}.",
        "return a gradient for that argument",
        case.scribe.span(i),
        edges=edges,
    )
