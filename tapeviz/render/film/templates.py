"""A film's texts as templates, so that they follow numbers that a reader changes.

The frames are made a second time, from a backward pass whose numbers are symbolic.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tapeviz.render.film.backward_frames import BackwardFrames, NodeNote
from tapeviz.render.graph.node_cards import GradientSlot, array_in, card_of, draw
from tapeviz.render.live.templates import changing_texts, moving, symbolic, texts_of
from tapeviz.render.svg.elements import Rect
from tapeviz.trace.backward_pass import BackwardPass, Contribution, Step, filled
from tapeviz.trace.film import Frame, Live, LiveQuestion, PredictQuestion
from tapeviz.trace.graph import Node
from tapeviz.trace.program import Program
from tapeviz.trace.questions import Mistake, Practice
from tapeviz.trace.symbolic import (
    MARK,
    NONZERO,
    Symbolic,
    computed,
    exact_text,
    templates,
    text_unless_zero,
)
from tapeviz.trace.value import Value
from tapeviz.wording.values import brief

_SHAPE = re.compile(r"shape\(\w+\)")
_NAME = re.compile(r"[A-Za-z_]\w*")
_NO_ROOM = Rect(0, 0, 0, 0)


def live(builder: BackwardFrames, program: Program) -> Live:
    """The templates of the film that these frames, which are all made, belong to."""
    if any(MARK in text for text in _own_texts(builder.run)):
        return Live(why=f"A name has the letter {MARK}, which a page needs for itself.")
    with templates() as slots:
        symbols = SymbolicPass(builder.run, program)
        second = BackwardFrames(symbols.run, symbols.practice(builder.practice))
        said = tuple(map(_frame, second.all_frames()))
        pairs = zip(builder.node_notes, second.node_notes, strict=True)
        texts: dict[str, tuple[str, ...]] = {}
        for note in second.edge_notes:
            texts[note.id] = (note.text,)
        for was, sum in pairs:
            texts[sum.id] = _slot_texts(was, sum)
        texts = {id: own for id, own in texts.items() if MARK in "".join(own)}
        for node in symbols.run.graph.nodes:
            texts |= _value_texts(node)
        rows = tuple(tuple(map(_changing, row)) for row in second.rows)
        found = {question.step: question for question in second.questions}
        questions = tuple(_question(found.get(q.step, q)) for q in builder.questions)
    sums = dict(symbols.sums())
    return Live(program, tuple(slots), texts, sums, said, rows, questions)


def _own_texts(run: BackwardPass) -> Iterator[str]:
    """What the learner wrote, and what her strings say."""
    yield from (*run.called, *run.reasons)
    for node in run.graph.nodes:
        yield from (node.name, node.formula, node.symbol)
        yield node.span.text if node.span else ""
        yield from (entry for entry in node.value.data or () if isinstance(entry, str))


def _changing(text: str) -> str:
    return text if MARK in text else ""


def _frame(frame: Frame) -> tuple[str, str, str]:
    texts = (frame.caption, frame.formula, frame.check)
    caption, formula, check = map(_changing, texts)
    return caption, formula, check


def _question(question: PredictQuestion) -> LiveQuestion:
    answer = exact_text(question.answer[0])
    mistakes: dict[str, str] = {}
    for mistake in question.mistakes:
        mistakes.setdefault(exact_text(mistake.answer[0]), mistake.text)
    mistakes.pop(answer, None)
    return LiveQuestion(
        _changing(question.question),
        answer,
        tuple(map(_changing, question.hints)),
        tuple(mistakes.items()),
    )


def _slot_texts(recorded: NodeNote, note: NodeNote) -> tuple[str, ...]:
    """What a node's gradient slot says: its cells, if it has any, and its text.

    Where zeros were recorded there are no cells: the numbers are written out.
    """
    if note.array is None:
        return (note.text,)
    if recorded.array is None:
        entries = note.array.data or ()
        count = next(one.other(NONZERO) for one in entries if isinstance(one, Symbolic))
        return (text_unless_zero(count, brief(note.array), "all zero"),)
    array = array_in(_NO_ROOM, note.array)
    return (*(text for part in array for text in texts_of(part)), note.text)


def _value_texts(node: Node) -> dict[str, tuple[str, ...]]:
    """The texts of a node's value, by the id of its element."""
    card = card_of(node, "", node.id, GradientSlot())
    return changing_texts(draw(card, _NO_ROOM, ""))


@dataclass
class SymbolicPass:
    """A backward pass in which the numbers that depend on a handle are symbolic."""

    recorded: BackwardPass
    program: Program
    adjoints: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.moving = moving(self.program)
        graph = self.recorded.graph
        nodes = tuple(
            replace(node, value=symbolic(node.value, "v", node.id))
            if node.id in self.moving
            else node
            for node in graph.nodes
        )
        self.graph = replace(graph, nodes=nodes)
        self.edges = {edge.id: edge for edge in graph.edges}
        steps = tuple(map(self._step, self.recorded.steps))
        results = tuple(
            symbolic(value, "g", id) if value and id in self.adjoints else value
            for id, value in zip(
                self.recorded.sources, self.recorded.results, strict=True
            )
        )
        self.run = replace(
            self.recorded, graph=self.graph, steps=steps, results=results
        )

    def _step(self, step: Step) -> Step:
        upstream = step.upstream
        if step.node in self.adjoints:
            upstream = symbolic(upstream, "g", step.node)
        made = tuple(self._contribution(c, upstream) for c in step.contributions)
        return replace(step, upstream=upstream, contributions=made)

    def _contribution(self, c: Contribution, upstream: Value) -> Contribution:
        edge = self.edges[c.edge]
        named = {e.label: e.tail for e in self.graph.into[edge.head]}
        named["y"] = edge.head
        local_value, value, total = c.local_value, c.value, c.total
        if local_value and self._moves(c.local, named):
            local_value = symbolic(local_value, "l", c.edge)
        if edge.head in self.adjoints or self._moves(c.rule, named):
            value = symbolic(value, "c", c.edge)
            self.adjoints.add(c.node)
        if c.node in self.adjoints:
            total = symbolic(total, "t", c.edge)
        text = filled(self.graph, edge, c.rule, upstream)
        return replace(
            c, filled=text, value=value, total=total, local_value=local_value
        )

    def _moves(self, rule: str, named: Mapping[str, str]) -> bool:
        """Whether a rule names a number that a handle changes."""
        names = _NAME.findall(_SHAPE.sub("", rule))
        return any(named.get(name) in self.moving for name in names)

    def sums(self) -> Iterator[tuple[str, str]]:
        """For each gradient slot that may be zero or not, the edge of its sum."""
        counts = Counter(self.run.targets)
        for step in self.run.steps:
            for c in step.contributions:
                counts[c.node] += 1
                if c.total.symbolic:
                    yield f"{c.node}-g{counts[c.node]}", c.edge

    def practice(self, practice: Practice) -> Practice:
        """The mistakes that can be computed anew, and finite differences."""
        ends = {
            c.edge: step.upstream for step in self.run.steps for c in step.contributions
        }
        mistakes = (self._mistake(m, ends) for m in practice.mistakes)
        every = (c for step in self.run.steps for c in step.contributions)
        values = {c.edge: c.value for c in every if c.value.symbolic}
        checks = tuple(
            replace(check, difference=symbolic(values[check.edge], "d", check.edge))
            if check.edge in values and check.note not in ("large", "other")
            else check
            for check in practice.checks
        )
        return Practice(tuple(m for m in mistakes if m), checks)

    def _mistake(self, m: Mistake, upstream: Mapping[str, Value]) -> Mistake | None:
        node = self.graph.node(self.edges[m.of].head if m.of in self.edges else m.of)
        into = self.graph.into[node.id]
        values = [self.graph.node(edge.tail).value for edge in into]
        if m.kind == "swapped":
            values.reverse()
        known = {e.label: v.entry for e, v in zip(into, values, strict=True)}
        known |= {"y": node.value.entry}
        if m.of in upstream:
            known |= {"g": upstream[m.of].entry}
        try:
            found = _computed(m.tree, known)
        except (KeyError, TypeError):
            return None
        return replace(m, value=Value("float", (), (found,)))


def _computed(tree: Any, known: Mapping[str, Any]) -> Any:
    """What a formula gives for symbolic numbers; KeyError for a name not known."""
    if isinstance(tree, str):
        return known[tree]
    if isinstance(tree, (int, float)):
        return tree
    word, *rest = tree
    return computed(word, *(_computed(part, known) for part in rest))
