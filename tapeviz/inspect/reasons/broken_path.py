"""Why the path is broken between a target and a source that are both on the tape."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain
from typing import Any

from tapeviz.engine.records import Event
from tapeviz.engine.tensor import Variable, array_of
from tapeviz.inspect.gradient_question import Question
from tapeviz.inspect.reasons import code_edits, not_on_tape
from tapeviz.inspect.reasons.entry import (
    Edits,
    Entry,
    Facts,
    Places,
    Search,
    always,
    at_edge,
    lit,
    once,
)
from tapeviz.inspect.reasons.flat_ops import CUT
from tapeviz.inspect.source.dataflow import Statement, called, code_of, dotted, names_in

# -- operations that pass no gradient --------------------------------------------------


def _cuts(question: Question) -> Places:
    """The edges between source and target that pass no gradient."""
    for i, slot, j in question.between:
        if i in question.barrier:
            cut = question.rule(i, slot) is None and not _behind_a_cut(question, j)
            if i not in question.own or cut:
                yield question.order(i), at_edge(question, i, slot, j)


def _left_out(question: Question) -> Places:
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
    return question.values[j].dtype.kind not in "fc"


def _lost(question: Question, i: int, slot: int, j: int, seen: set[int]) -> Places:
    """Where the path through an operand that gets no gradient was cut."""
    if j not in question.after_x:
        return
    whole = i not in question.own or question.op(i).name == "custom"
    cut = question.rule(i, slot) is None and not _behind_a_cut(question, j)
    if whole or (cut and question.alone(i)):
        yield question.order(i), at_edge(question, i, slot, j)
    elif not cut and j not in seen:
        seen.add(j)
        for other, k in enumerate(question.records[j].operands):
            if not _chooses(question, j, k):
                yield from _lost(question, j, other, k, seen)


def _behind_a_cut(question: Question, j: int) -> bool:
    """Whether record ``j`` is a condition or whole number, which passes no gradient."""
    record = question.records[j]
    if record.is_leaf or question.values[j].dtype.kind in "fc":
        return False
    return all(question.rule(j, s) is None for s in range(len(record.operands)))


def _straight_through(question: Question, facts: Facts) -> Facts | None:
    """The idiom ``u + stop_gradient(step(u) - u)``, which is meant so."""
    i = facts["i"]
    j = question.records[i].operands[0]
    if question.op(i).name != "stop_gradient" or question.op(j).name != "subtract":
        return None
    plain = question.records[j].operands[1]
    adds = any(
        r.op.name == "add" and {i, plain} == {*r.operands} for r in question.records
    )
    if not adds or plain < 0:
        return None
    found = question.operand(j, 0)
    step = "the other operand" if found is None else code_of(found[1])
    return {"step": step, "through": question.known(plain)}


def _custom(question: Question, facts: Facts) -> Facts | None:
    if facts["name"] != "custom":
        return None
    own = question.records[facts["i"]].settings[0]
    return {"function": getattr(own, "name", "the function")}


SILENT = Entry(
    "custom", _custom, "The gradient function of {function} gave None for {operand}.",
    "return a gradient for that argument",
)  # fmt: skip
_NOT_RECORDING = Entry(
    "outside", lambda q, f: f["i"] not in q.own,
    "{code} was computed while {tape} did not record.",
    "compute it inside the block of {tape}",
)  # fmt: skip
_STRAIGHT_THROUGH = Entry(
    "stopped", _straight_through,
    "{code} counts as a constant: the value is that of {step}, the gradient that of "
    "{through} alone, a straight-through estimate.", "nothing, if that is meant",
)  # fmt: skip


def _silent(question: Question) -> Places:
    """The learner's own gradient functions that gave None."""
    for i, slot, j in question.between:
        if question.op(i).name == "custom":
            yield question.order(i), at_edge(question, i, slot, j)


CUTS = Search(_cuts, (_NOT_RECORDING, *CUT))
LEFT_OUT = Search(_left_out, (SILENT, _NOT_RECORDING, _STRAIGHT_THROUGH, *CUT))
OWN = Search(_silent, (SILENT,))

# -- values that went into a variable, or out of the tape ------------------------------


def _assigned(question: Question) -> Places:
    """Values on the path that were assigned to a variable."""
    seen = set()
    for index, to, event in question.jumps:
        lies_between = index in question.after_x and to in question.before_y
        if lies_between and event.call_site not in seen:
            seen.add(event.call_site)
            line, at = question.program.line_at(event.call_site), event.before
            order = (10**9, at, 0, 0) if line is None else (*line.order, at)
            yield order, assigned_at(question, index, event)


def assigned_at(question: Question, index: int, event: Event) -> Facts:
    """A recorded value was assigned to a variable, which holds only the number."""
    span = question.builder.code.span(*event.call_site)
    return {
        "code": " ".join(span.text.split()) if span else "this assignment",
        "into": question.name_of(event.variable) or "the variable",
        "operand": question.known(index), "span": span, "nodes": lit(question, index),
        "line": question.program.line_at(event.call_site),
    }  # fmt: skip


def _in_parts(_question: Question, facts: Facts) -> bool:
    call = getattr(facts["line"], "value", None)
    func = call.func if isinstance(call, ast.Call) else None
    return isinstance(getattr(func, "value", None), ast.Subscript)


_SIGNS = {"assign_add": "+", "assign_sub": "-"}


def _unassigned(question: Question, facts: Facts) -> Edits:
    """``v.assign_add(u)`` as ``new_v = v + u``, and ``new_v`` in what follows."""
    line = facts["line"]
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
    edits = code_edits.replace(question, line, node, f"{new} = {value}")
    for other in question.program.lines if new != name else ():
        later = other.path == line.path and other.order > line.order
        if later and question.inside(other):
            for n in other.parts:
                if (
                    isinstance(n, ast.Name)
                    and n.id == name
                    and isinstance(n.ctx, ast.Load)
                ):
                    edits += code_edits.replace(question, other, n, new)
    return edits


_HOLDS = (
    "{code} puts the number of {operand} into a variable, and a variable remembers "
    "only its number, not where it came from."
)
INTO_VARIABLE = (
    Entry(
        "assigned", _in_parts, _HOLDS,
        "collect the parts in a list, and make one tensor with {tf}.stack", _unassigned,
    ),
    Entry(
        "assigned", always, _HOLDS,
        "go on with a tensor instead of assigning to {into}", _unassigned,
    ),
)  # fmt: skip
ASSIGNED = Search(_assigned, INTO_VARIABLE)


def _leaving(question: Question) -> Places:
    """Recorded values on the path that went on through NumPy or Python."""
    for event in question.records.events:
        index = event.index
        if event.what != "left" or index not in question.after_x:
            continue
        line = question.program.line_at(event.call_site)
        if line is None or line not in question.upstream:
            continue
        if line.makes or isinstance(line.node, ast.Return):
            node: Any = question.program.node_at(event.call_site)
            node = node and code_edits.outermost(question, line, node)
            yield line.order, not_on_tape.left_at(line, node, lit(question, index))


LEAVING = Search(_leaving, not_on_tape.LEFT)

# -- the source was watched late -------------------------------------------------------


def _late(question: Question, _facts: Facts) -> Facts | None:
    """The source was used before it was watched: as a constant."""
    if question.x < 0:
        return None
    watched = question.records.watched
    since = next((one.since for one in watched if one.thing is question.source), 0)
    value = array_of(question.source)
    early = [(i, s) for i, s in question.constant_edges(value) if i < question.x]
    early += [(i, s) for i, s, j in question.between if j == question.x and i < since]
    line = _watch_line(question)
    used = line is not None and _used_before(question, line)
    edges = tuple(f"e{i}_{s}" for i, s in early)
    return {"line": line, "edges": edges} if early or used else None


def _watch_line(question: Question) -> Statement | None:
    watching = (o for o in question.program.lines if not_on_tape.watches(question, o))
    return next((one for one in watching if question.inside(one)), None)


def _used_before(question: Question, line: Statement) -> bool:
    inside = (one for one in question.chain if question.inside(one))
    first = next(inside, None)
    return first is not None and first.order < line.order


LATE = Search(once, (
    Entry(
        "late", _late,
        "{x} was watched only after it had been used; what was computed before that "
        "counts it as a constant.",
        "call {tape}.watch({x}) first thing in the block", not_on_tape.watch_first,
    ),
))  # fmt: skip

# -- no path at all --------------------------------------------------------------------


def _swapped(question: Question, _facts: Facts) -> Facts | None:
    """The source was computed from the target: the arguments were swapped."""
    if not any(question.x in question.downstream(y) for y in question.ys):
        return None
    asking = question.program.asking_line
    swap = ((question.y_code, question.x_name), (question.x_code, question.y_name))
    parts = (code_edits.replace(question, asking, *pair) for pair in swap if pair[0])
    span, nodes = question.builder.span(question.x), lit(question, question.x)
    return {"edits": (*chain.from_iterable(parts),), "span": span, "nodes": nodes}


def _decision(question: Question, _facts: Facts) -> Facts | None:
    """An if or a loop whose condition reads the source and whose body the target."""
    tainted = {question.x_base, *question.program.makes_of(question.x_base)}
    made = {id(goal.node) for goal in question.upstream}
    for line in question.program.lines:
        chosen = line in question.upstream and isinstance(line.node, ast.Assign)
        for asks, branches in _choices(line):
            inside = {id(n) for branch in branches for n in ast.walk(branch)}
            if names_in(asks) & tainted and (chosen or not made.isdisjoint(inside)):
                return {"line": line, "node": asks, "asks": code_of(asks)}
    return None


def _choices(line: Statement) -> Iterator[tuple[ast.expr, list[ast.stmt]]]:
    """The conditions of a statement, each with the statements it decides about."""
    node = line.node
    if isinstance(node, (ast.If, ast.While)):
        yield node.test, [*node.body, *node.orelse]
    elif isinstance(node, ast.For) and called(node.iter) == "range":
        yield node.iter, node.body
    for one in line.parts:
        if isinstance(one, ast.IfExp):
            yield one.test, []


def _namesake(question: Question, _facts: Facts) -> Facts | None:
    """The line that gave the source's name to a new variable after it was recorded."""
    asking, head = question.program.asking_line, question.head
    if not isinstance(question.source, Variable) or asking is None or head is None:
        return None
    lines = question.program.made(question.x_base, asking)
    made = [one for one in lines if not_on_tape.makes_variable(one)]
    late = len(made) > 1 and made[-1].order >= head.order
    return {"line": made[-1]} if late and not question.inside(made[-1]) else None


def _unconnected(question: Question, _facts: Facts) -> Facts:
    leaves = dict.fromkeys(
        question.known(i)
        for i, record in enumerate(question.records)
        if i in question.before_y and record.is_leaf
    )
    made = f": it was computed from {' and '.join(leaves)}" if any(leaves) else ""
    goal = max(question.goals, key=lambda one: one.order, default=None)
    return {"made": made, "line": goal, "nodes": lit(question, question.x)}


_DECIDED = Entry(
    "step", _decision,
    "{x} only decides what runs, in {asks}, and a decision passes no gradient.",
    "compute {y} from {x} itself, for example as a mixture with {tf}.sigmoid",
)  # fmt: skip
DECIDED = Search(once, (_DECIDED,))
UNCONNECTED = Search(once, (
    Entry(
        "unconnected", _swapped,
        "{y} does not depend on {x}: it is the other way round, {x} was computed from "
        "{y}.",
        "what is differentiated comes first: {tape}.gradient({x}, {y})",
    ),
    _DECIDED,
    Entry(
        "renewed", _namesake,
        "{x} means another variable by now: this line made a new one, and {y} was "
        "computed with the old one.",
        "ask for the variable that was used, or compute the target again",
    ),
    Entry(
        "unconnected", _unconnected, "{y} does not depend on {x}{made}.",
        "use {x} in the computation of {y}, or ask for the gradient of something else",
    ),
))  # fmt: skip


def _unused(question: Question) -> bool:
    """Whether the code shows no way from the source to the target."""
    return bool(question.goals) and (not question.chain or question.by_owner)


UNUSED = UNCONNECTED.where(_unused)
