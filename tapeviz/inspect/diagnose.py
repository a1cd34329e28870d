"""The question itself: what is the gradient, and where do its reasons lie."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from tapeviz.engine import nest
from tapeviz.engine.dispatch import AGAIN, BACK
from tapeviz.engine.indexed_slices import Rows
from tapeviz.engine.recording import tape_stack
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, Variable, raw, wrap
from tapeviz.inspect.graph_builder import GraphBuilder, gradients, picture
from tapeviz.inspect.reasons import broken_path, code_edits, not_on_tape
from tapeviz.inspect.reasons.nonfinite import fine, wild
from tapeviz.inspect.reasons.question import (
    Question,
    is_value,
    number,
    places_first,
    reading,
)
from tapeviz.inspect.reasons.zero_gradient import none_left, zeros
from tapeviz.inspect.replay import value_of
from tapeviz.inspect.source.dataflow import ProgramSource, Spot
from tapeviz.inspect.source.variables import Names, tensors
from tapeviz.inspect.unrecorded import add_unrecorded
from tapeviz.trace.diagnosis import Answer, Reason
from tapeviz.trace.graph import Graph

PATHS = 4
"""How many terms of a gradient are listed in a sentence."""

PLACES = 600
"""A longer recording is shown in part."""


def why(
    tape: GradientTape,
    target: Any,
    sources: Any,
    names: Names,
    spot: Spot | None = None,
) -> tuple[Answer, ...]:
    """Why the gradients are what they are: one answer per source.

    ``spot`` is the instruction that asks, so that the code around it can be read. The
    tape is not used up and may still be recording.
    """
    with _paused():
        return tuple(map(_answer, _cases(tape, target, sources, names, spot)))


def first(
    tape: GradientTape,
    target: Any,
    sources: Any,
    names: Names,
    spot: Spot | None = None,
) -> tuple[str, ...]:
    """The first reason for each of these sources, whose gradients are None."""
    with _paused():
        cases = _cases(tape, target, sources, names, spot)
        return tuple(_reasons(case, "none", [])[0].sentence for case in cases)


@contextmanager
def _paused() -> Iterator[None]:
    """No tape records what is looked at in the block."""
    tapes, recording = tape_stack.tapes, tape_stack.recording
    tape_stack.set((), recording)
    try:
        yield
    finally:
        tape_stack.set(tapes, recording)


def _cases(
    tape: GradientTape, target: Any, sources: Any, names: Names, spot: Spot | None
) -> Iterator[Question]:
    """One case per source."""
    scribe = GraphBuilder(tape, names)
    code = reading(scribe, spot)
    targets, flat = nest.leaves(target), nest.leaves(sources)
    y_code = code.argument(1, "target")
    goals = [_tensor(t) for t in targets]
    if len(goals) == 1:
        y_code = _lasting(y_code, targets[0], names, code)
    y_plain = next((type(t).__name__ for t in targets if not is_value(t)), "")
    for one, x_code in zip(flat, _source_codes(code, len(flat)), strict=True):
        plain = "" if is_value(one) else type(one).__name__
        asked = y_code, _lasting(x_code, one, names, code)
        yield Question(
            scribe, code, names, goals, _tensor(one), asked, (y_plain, plain)
        )


def _lasting(
    code: ast.expr | None, thing: Any, names: Names, reading: ProgramSource
) -> ast.expr | None:
    """The name that a thing keeps, for one that the head of a loop only lends it."""
    if not isinstance(code, ast.Name) or reading.here is None:
        return code
    made = reading.before(code.id, reading.here)
    if not made or not all(isinstance(line.node, ast.For) for line in made):
        return code
    found = (n for n, one in tensors(names) if one is thing and n != code.id)
    return ast.parse(next(found, code.id), mode="eval").body


def _tensor(thing: Any) -> Any:
    """A tensor of what is a plain number."""
    return thing if is_value(thing) else wrap(raw(thing))


def _source_codes(reading: ProgramSource, count: int) -> list[ast.expr | None]:
    """The code of each source, where the question names them one by one."""
    code = reading.argument(2, "sources")
    if count == 1 and not isinstance(code, (ast.List, ast.Tuple, ast.Dict)):
        return [code]
    elements = code.elts if isinstance(code, (ast.List, ast.Tuple)) else []
    starred = any(isinstance(e, ast.Starred) for e in elements)
    if len(elements) == count and not starred:
        return list(elements)
    return [None] * count


def _answer(case: Question) -> Answer:
    seeds = [np.ones_like(t._v)[()] for t in case.targets]
    gradient = _gradient(case, seeds)
    told = (
        [] if gradient is None else list(case.tape.backward_steps(case.targets, seeds))
    )
    result = _result(gradient)
    reasons = _reasons(case, result, told)
    drawn = _drawing(case, reasons, gradients(case.tape, (case.targets, seeds)))
    nodes, edges = {n.id for n in drawn.nodes}, {e.id for e in drawn.edges}
    return Answer(
        case.y_name,
        case.x_name,
        result,
        _sentence(case, result, gradient, told),
        None if gradient is None else value_of(gradient),
        tuple(_drawn(reason, nodes, edges) for reason in reasons),
        drawn,
    ).validate()


def _drawing(case: Question, reasons: list[Reason], grads: dict[int, Any]) -> Graph:
    """The picture; of a long recording only what lies around the reasons."""
    whole = case.scribe.places
    if len(whole) <= PLACES:
        drawn = picture(case.scribe, case.targets, [case.source], grads)
        about = (case.targets, [case.source])
        found = add_unrecorded(
            case.scribe, drawn, case.names, case.reading, *about, asking=True
        )
        return replace(found, notes=())
    near = {case.x, *case.ys}
    for reason in reasons:
        near |= {int(n[1:]) for n in reason.nodes}
        near |= {int(e[1:].partition("_")[0]) for e in reason.edges}
    for _ in range(2):
        near |= {j for i in near if i >= 0 for j in case.op(i).inputs(case.recs[i])}
    case.scribe.places = [i for i in whole if i in near]
    drawn = picture(case.scribe, case.targets, [case.source], grads)
    case.scribe.places = whole
    nodes = {node.id for node in drawn.nodes}
    edges = tuple(edge for edge in drawn.edges if edge.tail in nodes)
    return Graph(drawn.nodes, edges, drawn.sources)


def _drawn(reason: Reason, nodes: set[str], edges: set[str]) -> Reason:
    """The reason with only those places that the picture has."""
    return Reason(
        reason.kind,
        reason.sentence,
        reason.fix,
        reason.span,
        reason.edits,
        tuple(n for n in reason.nodes if n in nodes),
        tuple(e for e in reason.edges if e in edges),
        reason.sure,
    )


def _gradient(case: Question, seeds: list[Any]) -> Any:
    """What ``tape.gradient`` would give, as a raw value; nothing is used up."""
    try:
        pairs = list(zip(case.targets, seeds, strict=True))
        (g,) = case.tape._pull(pairs, [case.source], BACK, AGAIN)
    except LookupError:
        return None
    if g is None or case.source._v.dtype.kind not in "fc":
        return None
    g = g.dense() if isinstance(g, Rows) else g
    return g._v if isinstance(g, Tensor) else g


def _result(gradient: Any) -> str:
    if gradient is None:
        return "none"
    v = np.asarray(gradient)
    if np.any(np.isnan(v)):
        return "nan"
    if not fine(v):
        return "inf"
    return "zero" if none_left(v) else "value"


def _reasons(case: Question, result: str, told: list[Any]) -> list[Reason]:
    if result == "none":
        return places_first(_none(case)) or [_unknown(case)]
    if result == "zero":
        return places_first(zeros(case, told)) or [_level(case)]
    if result in ("nan", "inf"):
        return [r for _, r in wild(case, told)] or [_unknown(case)]
    found = places_first([*broken_path.leaving(case), *broken_path.assigned(case)])
    odd = any(not fine(t._v) for t in case.targets)
    return found or ([r for _, r in wild(case, told)] if odd else [])


def _none(case: Question) -> Iterator[tuple[Any, Reason]]:
    """Every reason for None, with its place in the order of the code."""
    if case.source._v.dtype.kind not in "fc" and not case.x_plain:
        yield (-2,), _whole(case)
        return
    known = case.x >= 0 and bool(case.tape._reached(len(case.recs))[case.x])
    found = [] if known else list(not_on_tape.source(case))
    yield from (((-1,), reason) for reason in found)
    if all(y < 0 for y in case.ys):
        more = [*not_on_tape.target(case), *broken_path.leaving(case)]
        late = list(broken_path.late(case)) if case.x >= 0 else []
        if late:
            yield from late
        else:
            more = more or list(_blank(case, found))
            yield from more
        return
    if case.x >= 0:
        yield from _connected(case, bool(found))
    elif not found:
        more = [pair for line in case.chain for pair in not_on_tape.faults(case, line)]
        yield from more or broken_path.unconnected(case)


def _connected(case: Question, named: bool) -> Iterator[tuple[Any, Reason]]:
    more = [
        *broken_path.cuts(case),
        *broken_path.leaving(case),
        *broken_path.late(case),
    ]
    more = more or list(broken_path.silent(case))
    if not more and not named:
        more = [
            pair
            for line in not_on_tape.ways(case)
            for pair in not_on_tape.faults(case, line)
        ]
    yield from more or (() if named else broken_path.unconnected(case))


def _blank(case: Question, found: list[Reason]) -> Iterator[tuple[Any, Reason]]:
    """The target is not on the tape, and the code does not tell why."""
    if found:
        return
    decided = broken_path.decision(case)
    if decided is not None:
        yield decided
        return
    if case.goals and (not case.chain or case.by_owner):
        yield from broken_path.unconnected(case)
        return
    watched = case.x >= 0 and not isinstance(case.source, Variable)
    early = f"before {case.tape_name}.watch({case.x_name}), " if watched else ""
    yield (
        (0,),
        Reason(
            "outside",
            f"{case.y_name} is not on {case.tape_name}: probably it was computed "
            f"{early}outside of the block or under stop_recording, or its value went "
            "through NumPy or Python.",
            f"compute it inside the block of {case.tape_name}, with functions of "
            f"{case.tf}",
            sure=False,
        ),
    )


_CONTENTS = {"string": "text", "bool": "True or False"}


def _whole(case: Question) -> Reason:
    line = not_on_tape.definition(case)
    dtype = case.source.dtype.name
    kind = _CONTENTS.get(dtype, "whole numbers")
    edits: code_edits.Edits = ()
    if line is not None:
        edits = code_edits.floats(case, line, line.value)
    instead = f": {edits[0].new}" if edits else ""
    return Reason(
        "integer",
        f"{case.x_name} holds {kind} ({dtype}), and only floats have a gradient.",
        f"make it a float{instead}",
        case.span(line, None if line is None else line.value),
        edits,
        (f"n{case.x}",) if case.x >= 0 else (),
    )


def _unknown(case: Question) -> Reason:
    return Reason(
        "unknown",
        f"The tape shows no way from {case.x_name} to {case.y_name}, and neither does "
        "the code.",
        f"look at the picture of the tape: draw({case.tape_name})",
        sure=False,
    )


def _level(case: Question) -> Reason:
    return Reason(
        "cancel",
        f"At these values {case.y_name} does not change with {case.x_name}.",
        f"choose another value of {case.x_name}",
    )


def _sentence(case: Question, result: str, gradient: Any, told: list[Any]) -> str:
    head = f"The gradient of {case.y_name} with respect to {case.x_name} is"
    if result == "none":
        return f"{head} None."
    if result == "zero":
        return f"{head} 0{' in every entry' if np.ndim(gradient) else ''}."
    if result in ("nan", "inf"):
        said = "nan" if result == "nan" else "infinite"
        return f"{head} {said}{_share(gradient)}."
    said = _shown(gradient)
    if any(t is case.source for t in case.targets):
        return f"{head} {said}: it is its own source."
    return f"{head} {said}{_terms(case, told)}."


def _share(gradient: Any) -> str:
    v = np.asarray(gradient)
    bad = int(np.sum(~np.isfinite(v)))
    return f" in {bad} of its {v.size} entries" if v.ndim else ""


def _shown(gradient: Any) -> str:
    v = np.asarray(gradient)
    if v.ndim == 1 and v.size <= 4:
        return "[" + ", ".join(number(e) for e in v) + "]"
    return number(gradient)


def _terms(case: Question, told: list[Any]) -> str:
    ways: dict[str, list[Any]] = {}
    for i, _, handed in sorted(told, key=lambda step: step[0]):
        for _, j, d, _ in handed:
            if j == case.x:
                ways.setdefault(case.code(i), []).append(d)
    if len(ways) > PATHS:
        return f", the sum of {sum(map(len, ways.values()))} contributions"
    if len(ways) == 1:
        return f", through {next(iter(ways))}"
    said = [f"{_shown(sum(parts))} through {code}" for code, parts in ways.items()]
    return f": {', '.join(said[:-1])} and {said[-1]}" if said else ""
