"""``why``: what a gradient is, and the reasons for it, as an ``Answer``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tapeviz.engine import nest
from tapeviz.engine.parsing import parse
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import array_of, raw, wrap
from tapeviz.inspect import trial
from tapeviz.inspect.gradient_question import (
    Question,
    is_value,
    number,
    program,
)
from tapeviz.inspect.graph_builder import GraphBuilder, gradients, picture
from tapeviz.inspect.reasons import table
from tapeviz.inspect.reasons.nonfinite import bad_share, fine
from tapeviz.inspect.reasons.zero_gradient import none_left
from tapeviz.inspect.replay import paused, value_of
from tapeviz.inspect.source.dataflow import CallSite, ProgramSource
from tapeviz.inspect.source.variables import Names, tensors
from tapeviz.inspect.unrecorded import add_unrecorded
from tapeviz.trace.diagnosis import Answer, Reason
from tapeviz.trace.graph import Graph, Node

PATHS = 4
"""How many terms of a gradient are listed in a sentence."""

MAX_RECORDS = 600
"""Of a recording with more records only the part around the reasons is drawn."""


def why(
    tape: GradientTape, target: Any, sources: Any, names: Names,
    call_site: CallSite | None = None,
) -> tuple[Answer, ...]:  # fmt: skip
    """Why the gradients are what they are: one answer per source.

    ``call_site`` is the instruction that asks, so that the code around it can be read.
    The tape is not used up and may still be recording.
    """
    with paused():
        return tuple(map(_answer, _questions(tape, target, sources, names, call_site)))


def first(
    tape: GradientTape, target: Any, sources: Any, names: Names,
    call_site: CallSite | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """The first reason for each of these sources, whose gradients are None."""
    with paused():
        questions = _questions(tape, target, sources, names, call_site)
        return tuple(
            table.reasons(question, "none", [])[0].sentence for question in questions
        )


def _questions(
    tape: GradientTape, target: Any, sources: Any, names: Names,
    call_site: CallSite | None,
) -> Iterator[Question]:  # fmt: skip
    """One question per source."""
    builder = GraphBuilder(tape, names)
    code = program(builder, call_site)
    targets, flattened = nest.leaves(target), nest.leaves(sources)
    y_code = code.argument(1, "target")
    goals = [_tensor(t) for t in targets]
    if len(goals) == 1:
        y_code = _lasting(y_code, targets[0], names, code)
    y_plain = next((type(t).__name__ for t in targets if not is_value(t)), "")
    for one, x_code in zip(flattened, _source_codes(code, len(flattened)), strict=True):
        plain = "" if is_value(one) else type(one).__name__
        asked = y_code, _lasting(x_code, one, names, code)
        yield Question(
            builder, code, names, goals, _tensor(one), asked, (y_plain, plain)
        )


def _lasting(
    code: ast.expr | None, thing: Any, names: Names, program: ProgramSource
) -> ast.expr | None:
    """The code of a source or target; instead of a loop variable its lasting name."""
    if not isinstance(code, ast.Name) or program.asking_line is None:
        return code
    made = program.before(code.id, program.asking_line)
    if not made or not all(isinstance(line.node, ast.For) for line in made):
        return code
    found = (n for n, one in tensors(names) if one is thing and n != code.id)
    return parse(next(found, code.id), mode="eval").body


def _tensor(thing: Any) -> Any:
    """The tensor or variable itself, or a tensor of a plain number."""
    return thing if is_value(thing) else wrap(raw(thing))


def _source_codes(program: ProgramSource, count: int) -> list[ast.expr | None]:
    """The code of each source, where the question names them one by one."""
    code = program.argument(2, "sources")
    if count == 1 and not isinstance(code, (ast.List, ast.Tuple, ast.Dict)):
        return [code]
    elements = code.elts if isinstance(code, (ast.List, ast.Tuple)) else []
    starred = any(isinstance(e, ast.Starred) for e in elements)
    if len(elements) == count and not starred:
        return list(elements)
    return [None] * count


def _answer(question: Question) -> Answer:
    seeds = [np.ones_like(array_of(t))[()] for t in question.targets]
    gradient = _gradient(question, seeds)
    sweep = list(question.records.backward_steps(question.targets, seeds))
    steps = [] if gradient is None else sweep
    result = result_of(gradient)
    reasons = trial.tried(
        table.reasons(question, result, steps),
        lambda edits: trial.outcome(question, edits, gradient),
    )
    drawn = _drawing(question, reasons, gradients(sweep))
    nodes, edges = {n.id for n in drawn.nodes}, {e.id for e in drawn.edges}
    return Answer(
        question.y_name, question.x_name, result,
        _sentence(question, result, gradient, steps),
        None if gradient is None else value_of(gradient),
        tuple(_drawn(reason, nodes, edges) for reason in reasons), drawn,
    ).validate()  # fmt: skip


def _drawing(question: Question, reasons: list[Reason], grads: dict[int, Any]) -> Graph:
    """The graph; of a long recording only the part around the reasons."""
    builder, about = question.builder, (question.targets, [question.source])
    whole = builder.indices
    if len(whole) <= MAX_RECORDS:
        found = add_unrecorded(
            builder, picture(builder, *about, grads), question.names, question.program,
            *about, asking=True,
        )  # fmt: skip
        return replace(found, nodes=tuple(_named(question, found)), notes=())
    near = {question.x, *question.ys}
    for reason in reasons:
        near |= {
            int(key[1:].partition("_")[0]) for key in (*reason.nodes, *reason.edges)
        }
    for _ in range(2):
        near |= {j for i in near if i >= 0 for j in question.records[i].operands}
    builder.indices = [i for i in whole if i in near]
    drawn = picture(builder, *about, grads)
    builder.indices = whole
    edges = tuple(edge for edge in drawn.edges if edge.tail in drawn.by_id)
    return Graph(drawn.nodes, edges, drawn.sources)


def _named(question: Question, graph: Graph) -> Iterator[Node]:
    """The nodes; a source that only the question made, ``x[0]``, is called as there."""
    code = "" if question.x_code is None else question.x_name
    for node in graph.nodes:
        made = node.source and node.unrecorded and not node.name
        yield replace(node, name=code) if made else node


def _drawn(reason: Reason, nodes: set[str], edges: set[str]) -> Reason:
    """The reason, naming only nodes and edges that the graph has."""
    return replace(
        reason,
        nodes=tuple(n for n in reason.nodes if n in nodes),
        edges=tuple(e for e in reason.edges if e in edges),
    )


def _gradient(question: Question, seeds: list[Any]) -> Any:
    """What ``tape.gradient`` would give, as a raw value; nothing is used up."""
    try:
        return question.records.gradient(question.targets, seeds, question.source)
    except LookupError:
        return None


def result_of(gradient: Any) -> str:
    """What an ``Answer`` calls a gradient: value, zero, none, nan or inf."""
    if gradient is None:
        return "none"
    v = np.asarray(gradient)
    if np.any(np.isnan(v)):
        return "nan"
    if not fine(v):
        return "inf"
    return "zero" if none_left(v) else "value"


def _sentence(question: Question, result: str, gradient: Any, steps: list[Any]) -> str:
    head = f"The gradient of {question.y_name} with respect to {question.x_name} is"
    share = bad_share(np.asarray(gradient)) if result in ("nan", "inf") else ""
    said = {
        "none": "None", "zero": f"0{' in every entry' if np.ndim(gradient) else ''}",
        "nan": f"nan{share}", "inf": f"infinite{share}",
    }  # fmt: skip
    if result in said:
        return f"{head} {said[result]}."
    if any(t is question.source for t in question.targets):
        return f"{head} {shown(gradient)}: it is its own source."
    return f"{head} {shown(gradient)}{_terms(question, steps)}."


def shown(gradient: Any) -> str:
    """A gradient in a sentence: its numbers, if they are few."""
    v = np.asarray(gradient)
    if v.ndim == 1 and v.size <= 4:
        return "[" + ", ".join(number(e) for e in v) + "]"
    return number(gradient)


def _terms(question: Question, steps: list[Any]) -> str:
    by_path: dict[str, list[Any]] = {}
    for i, _, contributions in sorted(steps, key=lambda step: step[0]):
        for _, j, d, _ in contributions:
            if j == question.x:
                by_path.setdefault(question.code(i), []).append(d)
    if len(by_path) > PATHS:
        return f", the sum of {sum(map(len, by_path.values()))} contributions"
    if len(by_path) == 1:
        return f", through {next(iter(by_path))}"
    said = [f"{shown(sum(parts))} through {code}" for code, parts in by_path.items()]
    return f": {', '.join(said[:-1])} and {said[-1]}" if said else ""
