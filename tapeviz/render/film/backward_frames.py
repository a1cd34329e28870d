"""The frames of a backward pass: caption, marks, table row and question of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tapeviz.render.film.captions import TERMS, Sentences, addends, total
from tapeviz.render.film.questions import Arrived, Quiz
from tapeviz.render.graph.node_cards import GradientSlot, is_small
from tapeviz.render.svg import heatmap
from tapeviz.trace.backward_pass import BackwardPass, Contribution, Step
from tapeviz.trace.film import Frame, PredictQuestion, Term
from tapeviz.trace.graph import Node
from tapeviz.trace.questions import Practice
from tapeviz.trace.symbolic import chosen_text
from tapeviz.trace.value import Value
from tapeviz.wording.text_width import cut
from tapeviz.wording.values import brief, fmt, shape

HEADS = (
    "step",
    "node",
    "upstream",
    "rule",
    "with numbers",
    "contribution",
    "running total",
)
"""The columns of a backward pass's table; the first is the film's own step."""

CELL = 60
"""How many characters a cell of the table has at most."""

_SLOT_LENGTH = 26
"""How many characters a gradient slot shows at most."""

_NOTE_LENGTH = 16
"""How many characters a note on an edge has at most."""

_FEW_NODES = 50
"""The size of graph up to which edges have notes and values are asked for."""


@dataclass(frozen=True)
class NodeNote:
    """What a node's gradient slot shows from some step on: the sum so far."""

    id: str
    node: str
    text: str
    state: str
    array: Value | None = None

    @property
    def sizing_text(self) -> str:
        """A text as wide as all of it, its mark included."""
        return self.text if self.state == "value" else f"{self.text}    "


@dataclass(frozen=True)
class EdgeNote:
    """What an edge shows at some steps: a local derivative or a contribution."""

    id: str
    edge: str
    text: str
    look: str
    array: Value | None = None

    @property
    def sizing_text(self) -> str:
        """A text as wide as all of it, its small picture included."""
        return f"{self.text}        " if self.array else self.text


@dataclass
class BackwardFrames:
    """Makes the frames of a backward pass one by one, and remembers what they need.

    ``marks`` are those in force, ``terms`` and ``totals`` the contributions that each
    node has received and their sum, ``arrival_steps`` the frames that brought them.
    ``slots`` has the id of the ``NodeNote`` that each node shows now. What the film
    needs beside the frames is collected in ``node_notes``, ``edge_notes`` (for the
    picture), ``rows`` (for the table) and ``questions``. Without ``marked`` the frames
    have no marks, which is enough for the table.
    """

    run: BackwardPass
    practice: Practice = field(default_factory=Practice)
    marks: dict[str, str] = field(default_factory=dict)
    terms: dict[str, list[Value]] = field(default_factory=dict)
    slots: dict[str, str] = field(default_factory=dict)
    node_notes: list[NodeNote] = field(default_factory=list)
    edge_notes: list[EdgeNote] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    questions: list[PredictQuestion] = field(default_factory=list)
    totals: dict[str, Value] = field(default_factory=dict)
    arrival_steps: dict[str, list[int]] = field(default_factory=dict)
    frame_count: int = 0
    phase: str = ""
    heads: tuple[str, ...] = HEADS
    slot_label: str = "gradient"
    marked: bool = True
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.words = Sentences(self.run)
        self.quiz = Quiz(self.words, self.practice)
        self.nodes = self.run.graph.by_id
        self.starts = {edge.id: edge.head for edge in self.run.graph.edges}

    def title(self) -> str:
        """The film's title."""
        return self.words.title()

    def alt(self) -> str:
        """The film in a few words, for somebody who does not see it."""
        return self.words.alt()

    @property
    def small(self) -> bool:
        """Whether the graph is small enough for notes on its edges."""
        return len(self.nodes) <= _FEW_NODES

    def longest(self, shown: Iterable[NodeNote | EdgeNote]) -> dict[str, str]:
        """For each node or edge the longest text it will show."""
        found: dict[str, str] = {}
        for one in shown:
            key = one.node if isinstance(one, NodeNote) else one.edge
            found[key] = max(found.get(key, ""), one.sizing_text, key=len)
        return found

    def slots_needed(self) -> dict[str, GradientSlot]:
        """For each node what its gradient slot is called and the most it will show."""
        longest = self.longest(self.node_notes)
        widest: dict[str, Value] = {}
        for sum in self.node_notes:
            if sum.array is not None:
                both = [widest.get(sum.node, sum.array), sum.array]
                widest[sum.node] = max(both, key=lambda value: len(fmt(value)))
        return {
            id: GradientSlot(self.slot_label, longest.get(id, ""), widest.get(id))
            for id in self.nodes
        }

    def all_frames(self) -> Iterator[Frame]:
        """All frames, each with all its marks."""
        yield self.frame(self.words.opening(), ())
        yield from self.forward()
        yield from self.seeds()
        for step in self.run.steps:
            yield from self.step(step)
        yield self.ending()

    def frame(
        self, caption: str, hot: Iterable[str], node: Node | None = None, **more: Any
    ) -> Frame:
        """The next frame: the marks in force, and "hot" on the ids in ``hot``."""
        self.frame_count += 1
        old = self.marks.items() if self.marked else ()
        marks = {id: mark for id, mark in old if mark}
        marks |= dict.fromkeys(hot, "hot")
        spans = (node.span,) if node and node.span else ()
        topic = node.id if node else ""
        about: dict[str, Any] = {"spans": spans, "phase": self.phase, "topic": topic}
        return Frame(caption, marks, **about, **more)

    def forward(self) -> Iterator[Frame]:
        """A frame for every value, in the order of recording."""
        graph, self.phase = self.run.graph, "forward"
        self.marks = dict.fromkeys((*self.nodes, *(e.id for e in graph.edges)), "dim")
        waiting: list[Node] = []
        for node in graph.nodes:
            back = self.words.inner_tape(node)
            self.phase = f"{back}, backward" if back else "forward"
            if _is_plain_constant(node):
                waiting.append(node)
            elif node.kind in {"op", "group"}:
                yield self.operation(node, waiting)
                waiting = []
            else:
                yield self.value(node)
        for node in waiting:
            yield self.value(node)

    def value(self, node: Node) -> Frame:
        """The frame of a leaf."""
        self.marks[node.id] = ""
        caption = self.words.leaf(node)
        return self.frame(caption, [node.id], node=node)

    def operation(self, node: Node, waiting: Iterable[Node]) -> Frame:
        """The frame of an op; constants that only it uses appear with it."""
        edges = [edge.id for edge in self.run.graph.into[node.id]]
        new = [node.id, *edges, *(leaf.id for leaf in waiting)]
        self.ask_value(node)
        self.marks.update(dict.fromkeys(new, ""))
        return self.frame(
            self.words.forward(node),
            [node.id, *edges],
            formula=self.words.forward_formula(node),
            node=node,
        )

    def seeds(self) -> Iterator[Frame]:
        """A frame for each target's seed, the gradient that the sweep starts with."""
        self.phase = f"{self.words.tape}, backward" if self.words.tape else "backward"
        for id, value in zip(self.run.targets, self.run.seeds, strict=True):
            self.receive(id, value, value)
            yield self.frame(
                self.words.seed(id, value),
                [id],
                formula=self.words.seed_formula(id, value),
                node=self.nodes[id],
            )

    def step(self, step: Step) -> Iterator[Frame]:
        """The sweep at one op: its upstream gradient, then each contribution."""
        node, terms = self.nodes[step.node], self.terms.get(step.node, [])
        first = len(self.rows) if step.contributions else -1
        if not self.seed_just_shown(step):
            caption = self.words.arrival(step, terms)
            formula = f"g = {total(terms, step.upstream)}"
            yield self.frame(
                caption,
                [node.id],
                formula=formula if len(terms) > 1 else f"g = {brief(step.upstream)}",
                row=first,
                node=node,
                terms=self.linked(formula, node.id, step.upstream),
            )
        for c in step.contributions:
            yield from self.contribution(step, c)

    def seed_just_shown(self, step: Step) -> bool:
        """Whether the frame before was this op's seed, so that nothing new arrives."""
        first = self.run.steps and self.run.steps[0] is step
        alone = len(self.terms.get(step.node, ())) == 1
        return bool(first and alone and self.run.targets[-1:] == (step.node,))

    def contribution(self, step: Step, c: Contribution) -> Iterator[Frame]:
        """Two frames for a contribution: the rule, then the sum it is added to."""
        row = len(self.rows)
        self.ask_contribution(step, c)
        yield self.rule(step, c, row)
        self.receive(c.node, c.value, c.total)
        frame = self.added(step, c, row)
        self.rows.append(self.row(step, c, self.terms[c.node]))
        yield frame

    def rule(self, step: Step, c: Contribution, row: int) -> Frame:
        """The frame of the rule, or of the local derivative, for one operand."""
        value = c.local_value
        text = self.words.local(c) or self.words.rule_in_names(c)
        if value is not None:
            text = f"\u00d7 {_noted(value, _NOTE_LENGTH - 2)}"
        chip = [self.note(c.edge, text, "rule")] if self.small else []
        return self.frame(
            self.words.rule(c),
            [step.node, c.edge, *chip],
            formula=self.words.rule_formula(c),
            row=row,
            node=self.nodes[step.node],
        )

    def added(self, step: Step, c: Contribution, row: int) -> Frame:
        """The frame that adds a contribution to its node's gradient."""
        terms = self.terms[c.node]
        note = self.note(c.edge, _noted(c.value, _NOTE_LENGTH), "done", c.value)
        self.marks |= {c.edge: "done", note: "on"}
        formula = self.words.added_formula(c, terms)
        return self.frame(
            self.words.added(step, c, terms),
            [c.node, c.edge, note],
            formula=formula,
            row=row,
            node=self.nodes[step.node],
            check=self.quiz.check(c),
            terms=self.linked(formula, c.node, c.total),
        )

    def ask_value(self, node: Node) -> None:
        """Ask for an op's value before it is shown, if all questions are wanted."""
        ask = self.quiz.ask_value(node, self.frame_count) if self.small else None
        self.questions += [ask] if ask else []

    def ask_contribution(self, step: Step, c: Contribution) -> None:
        """Ask for a contribution before its rule is shown."""
        if self.small or c.rule != "g":
            arrived = Arrived(
                self.totals.get(c.node),
                tuple(self.terms.get(c.node, ())),
                self.note_id(c.edge, "c"),
                f"{c.node}-g{self.counts[c.node] + 1}",
            )
            ask = self.quiz.ask_contribution(step, c, arrived, self.frame_count)
            self.questions += [ask] if ask else []

    def linked(self, formula: str, node: str, now: Value) -> tuple[Term, ...]:
        """The terms of the sum that a formula ends with, and the steps they came at."""
        values, steps = self.terms.get(node, []), self.arrival_steps.get(node, [])
        if not 1 < len(values) <= TERMS:
            return ()
        parts, sum = addends(values), total(values, now)
        shown = sum.startswith(f"{' + '.join(parts)} = ")
        if not shown or not formula.endswith(sum):
            return ()
        first, found = len(formula) - len(sum), []
        for part, step in zip(parts, steps, strict=True):
            found.append(Term(first, first + len(part), step))
            first += len(part) + len(" + ")
        return tuple(found)

    def row(self, step: Step, c: Contribution, terms: list[Value]) -> tuple[str, ...]:
        """The table's row for a contribution."""
        row, step_number = self.words.row(step, c), str(self.frame_count - 1)
        cells = (
            step_number, row.at, row.upstream, row.rule, row.numbers,
            f"{row.contribution} to {row.to}",
            total(terms, c.total) if len(terms) > 1 else row.total,
        )  # fmt: skip
        return tuple(cut(cell, CELL) for cell in cells)

    def note(self, edge: str, text: str, look: str, value: Value | None = None) -> str:
        """Put a new note on an edge; its id."""
        letter = "r" if look == "rule" else "c"
        id = self.note_id(edge, letter)
        self.counts[f"{edge}-{letter}"] += 1
        array = None
        if value is not None and value.shape and text != fmt(value):
            array = value if heatmap.cells(value) else None
            text = shape(value) if array else text
        self.edge_notes.append(EdgeNote(id, edge, cut(text, _NOTE_LENGTH), look, array))
        return id

    def note_id(self, edge: str, letter: str) -> str:
        """The id of the next note on an edge: "r" a rule, "c" a contribution."""
        count = self.counts[f"{edge}-{letter}"]
        return f"{edge}-{letter}{count + 1 if count else ''}"

    def receive(self, node: str, value: Value, now: Value) -> None:
        """Add a term to a node's gradient; its slot shows the sum from now on."""
        terms = self.terms.setdefault(node, [])
        terms.append(value)
        self.totals[node] = now
        self.arrival_steps.setdefault(node, []).append(self.frame_count)
        text = total(terms, now) if len(terms) > 1 else brief(now)
        text = chosen_text(text, _SLOT_LENGTH, text, brief(now))
        array = now if now.shape and not now.is_zero and heatmap.cells(now) else None
        if now.is_zero and now.shape:
            text = "all zero"
        elif array and is_small(now):
            many = len(terms) > 1 and len(now.shape) > 1
            text = f"sum of {len(terms)} paths" if many else ""
        self.show(
            node, cut(text, _SLOT_LENGTH), "zero" if now.is_zero else "value", array
        )

    def show(
        self, node: str, text: str, state: str, array: Value | None = None
    ) -> None:
        """Let a node's gradient slot show this text from now on."""
        self.counts[node] += 1
        id = f"{node}-g{self.counts[node]}"
        self.marks[self.slots.get(node, f"{node}-grad")] = "off"
        self.marks[id] = "on"
        self.slots[node] = id
        self.node_notes.append(NodeNote(id, node, text, state, array))

    def ending(self) -> Frame:
        """The last frame: the gradients of the sources."""
        known = [id for id in self.run.sources if id]
        for id, node in self.nodes.items():
            if id not in self.slots and (id in known or not _is_plain_constant(node)):
                self.show(id, "None", "none")
        untouched = {e.id for e in self.run.graph.edges if not self.marks.get(e.id)}
        self.marks.update(dict.fromkeys(untouched, "dim"))
        words = self.words
        return self.frame(words.ending(), known, formula=words.ending_formula())


def _is_plain_constant(node: Node) -> bool:
    """Whether a node is a constant that only matters where an op uses it."""
    return node.kind == "constant" and not node.source and not node.target


def _noted(value: Value, limit: int) -> str:
    """The value in so many characters; if it is too long its shape stands for it."""
    text = brief(value, limit)
    return chosen_text(text, limit, text, shape(value)) if value.shape else text
