"""A film's texts as templates, so that they follow numbers that a reader changes.

The frames are made a second time, from a backward pass whose numbers are symbolic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tapeviz.render.film.backward_frames import BackwardFrames, NodeNote
from tapeviz.render.graph.node_cards import GradientSlot, array_in, card_of
from tapeviz.render.svg.elements import Rect
from tapeviz.trace.backward_pass import BackwardPass, Contribution, Step, filled
from tapeviz.trace.film import Frame, Live, LiveQuestion, PredictQuestion
from tapeviz.trace.graph import Graph, Node
from tapeviz.trace.markup import Element
from tapeviz.trace.program import Program
from tapeviz.trace.questions import Mistake, Practice
from tapeviz.trace.symbolic import (
    MARK,
    Slot,
    Symbolic,
    computed,
    exact_text,
    templates,
)
from tapeviz.trace.value import Value

_FORMS = {"bool": "b", "int": "i"}
_SHAPE = re.compile(r"shape\(\w+\)")
_NAME = re.compile(r"[A-Za-z_]\w*")
_NO_ROOM = Rect(0, 0, 0, 0)


def live(run: BackwardPass, practice: Practice, program: Program) -> Live:
    """The templates of a backward pass's film."""
    with templates() as slots:
        symbols = SymbolicPass(run, program)
        builder = BackwardFrames(symbols.run, symbols.practice(practice))
        frames = [*builder.all_frames()]
        texts = {note.id: (note.text,) for note in builder.edge_notes}
        texts |= {note.id: _slot_texts(note) for note in builder.node_notes}
        for node in symbols.run.graph.nodes:
            texts[f"{node.id}-value"] = _value_texts(node)
        rows = tuple(tuple(map(_changing, row)) for row in builder.rows)
        questions = tuple(map(_question, builder.questions))
        said = tuple(map(_frame, frames))
    return Live(
        program,
        tuple(slots),
        {id: said for id, said in texts.items() if any(MARK in text for text in said)},
        dict(symbols.sums(builder)),
        said,
        rows,
        questions,
    )


def _changing(text: str) -> str:
    return text if MARK in text else ""


def _frame(frame: Frame) -> tuple[str, str, str]:
    texts = (frame.caption, frame.formula, frame.check)
    caption, formula, check = map(_changing, texts)
    return caption, formula, check


def _question(question: PredictQuestion) -> LiveQuestion:
    return LiveQuestion(
        question.step,
        _changing(question.question),
        exact_text(question.answer[0]),
        tuple(map(_changing, question.hints)),
        tuple((exact_text(m.answer[0]), m.text) for m in question.mistakes),
    )


def _slot_texts(note: NodeNote) -> tuple[str, ...]:
    """What a node's gradient slot says: its cells, if it has any, and its text."""
    array = () if note.array is None else array_in(_NO_ROOM, note.array)
    return (*(text for part in array for text in _texts(part)), note.text)


def _value_texts(node: Node) -> tuple[str, ...]:
    card = card_of(node, "", "", GradientSlot())
    parts = [part for row in card.rows for part in row.draw(0, 0, 0)]
    values = [
        one
        for part in parts
        for one in part.walk()
        if one.attributes.get("id") == "-value"
    ]
    return tuple(text for one in values for text in _texts(one))


def _texts(part: Element) -> Iterator[str]:
    """The texts of an element, one for each <text> in it."""
    for one in part.walk():
        if one.tag == "text":
            yield "".join(child for child in one.children if isinstance(child, str))


@dataclass
class SymbolicPass:
    """A backward pass in which the numbers that depend on a handle are symbolic."""

    recorded: BackwardPass
    program: Program
    moving: set[str] = field(default_factory=set)
    adjoints: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        handles = {handle.node for handle in self.program.handles}
        found: set[int] = set()
        for i, one in enumerate(self.program.instructions):
            if i in handles or not found.isdisjoint(one.operands):
                found.add(i)
        self.moving = {self.program.instructions[i].id for i in found}
        graph = self.recorded.graph
        nodes = tuple(
            replace(node, value=_symbolic(node.value, "v", node.id))
            if node.id in self.moving
            else node
            for node in graph.nodes
        )
        self.graph: Graph = replace(graph, nodes=nodes)
        self.edges = {edge.id: edge for edge in graph.edges}
        steps = tuple(map(self._step, self.recorded.steps))
        results = tuple(
            _symbolic(value, "g", id) if value and id in self.adjoints else value
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
            upstream = _symbolic(upstream, "g", step.node)
        made = tuple(self._contribution(c, upstream) for c in step.contributions)
        return replace(step, upstream=upstream, contributions=made)

    def _contribution(self, c: Contribution, upstream: Value) -> Contribution:
        edge = self.edges[c.edge]
        named = {e.label: e.tail for e in self.graph.into[edge.head]}
        named["y"] = edge.head
        local_value, value, total = c.local_value, c.value, c.total
        if local_value and self._moves(c.local, named):
            local_value = _symbolic(local_value, "l", c.edge)
        if edge.head in self.adjoints or self._moves(c.rule, named):
            value = _symbolic(value, "c", c.edge)
            self.adjoints.add(c.node)
        if c.node in self.adjoints:
            total = _symbolic(total, "t", c.edge)
        text = filled(self.graph, edge, c.rule, upstream)
        return replace(
            c, filled=text, value=value, total=total, local_value=local_value
        )

    def _moves(self, rule: str, named: Mapping[str, str]) -> bool:
        """Whether a rule names a number that a handle changes."""
        names = _NAME.findall(_SHAPE.sub("", rule))
        return any(named.get(name) in self.moving for name in names)

    def sums(self, builder: BackwardFrames) -> Iterator[tuple[str, str]]:
        """For each gradient slot that may be zero or not, the edge of its sum."""
        counts = dict.fromkeys(self.run.targets, 1)
        for step in self.run.steps:
            for c in step.contributions:
                counts[c.node] = counts.get(c.node, 0) + 1
                if c.total.symbolic:
                    yield f"{c.node}-g{counts[c.node]}", c.edge

    def practice(self, practice: Practice) -> Practice:
        """The mistakes that can be computed anew, and finite differences."""
        ends = {
            c.edge: step.upstream for step in self.run.steps for c in step.contributions
        }
        mistakes = (self._mistake(m, ends) for m in practice.mistakes)
        checks = tuple(
            replace(check, difference=_symbolic(value, "d", check.edge), note="")
            if (value := self._value(check.edge))
            and value.symbolic
            and check.note not in ("large", "other")
            else check
            for check in practice.checks
        )
        return Practice(tuple(m for m in mistakes if m), checks)

    def _value(self, edge: str) -> Value | None:
        every = (c for step in self.run.steps for c in step.contributions)
        return next((c.value for c in every if c.edge == edge), None)

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


def _symbolic(value: Value, kind: str, of: str) -> Value:
    """The value with slots for its numbers; a large array stays as it is."""
    if value.data is None:
        return value
    form = _FORMS.get(value.dtype.lstrip("u").rstrip("0123456789"), "")
    data = tuple(
        Symbolic(float(entry), Slot(kind, of, i), form)
        for i, entry in enumerate(value.data)
        if isinstance(entry, (int, float))
    )
    return replace(value, data=data)
