"""A film: one static SVG, and for each frame what changes on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from tapeviz.trace.codec import Document
from tapeviz.trace.graph import Source, Span
from tapeviz.trace.markup import Element
from tapeviz.trace.program import Program
from tapeviz.trace.symbolic import Slot

MARKS = ("", "on", "hot", "done", "dim", "off")
"""The marks that a frame can set on an element of the picture.

``""`` as drawn · ``on`` shown (an element of class ``tv-late`` is hidden until then) ·
``hot`` what this step is about · ``done`` finished · ``dim`` out of play · ``off``
hidden.
"""


@dataclass(frozen=True)
class Term:
    """A part of a formula that links to the frame where its value came up.

    ``first`` and ``last`` are the slice of the formula's characters, ``step`` is the
    number of the frame.
    """

    first: int
    last: int
    step: int


@dataclass(frozen=True)
class Frame:
    """One step of a film.

    ``marks`` maps element ids of the picture to the mark they take in this frame: only
    the changes since the frame before. ``caption`` is one plain sentence, spoken as it
    stands. ``formula`` is the equation of the step in plain text, and ``terms`` are
    its parts that lead to a step. ``row`` is the number of the table row lit, or -1.
    ``spans`` are the parts of the code lit. ``phase`` names the part of the film, as
    in "forward", "backward" or "descent". ``topic`` is the element that this step and
    its neighbours are about, or "". ``check`` compares the step with a second way to
    the same number, in a sentence, or "".
    """

    caption: str
    marks: dict[str, str]
    formula: str = ""
    row: int = -1
    spans: tuple[Span, ...] = ()
    phase: str = ""
    topic: str = ""
    check: str = ""
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True)
class CommonMistake:
    """A wrong answer that learners give, and what it comes from."""

    answer: tuple[float, ...]
    text: str


@dataclass(frozen=True)
class PredictQuestion:
    """What a learner is asked before the frame ``step`` is shown.

    ``answer`` is the right number, or the lengths of an array's axes where ``shape``
    is true. ``mistakes`` are wrong answers with a reply of their own. ``hints``
    come one by one; the last one gives the answer away. ``early`` is true of a question
    that is only asked of those who want to be asked everything. Until it is answered, a
    question mark stands in the place of the element ``where``.
    """

    step: int
    question: str
    answer: tuple[float, ...]
    hints: tuple[str, ...]
    mistakes: tuple[CommonMistake, ...] = field(default=(), metadata={"json": "slips"})
    shape: bool = False
    early: bool = False
    where: str = ""


@dataclass(frozen=True)
class Table:
    """The film as a text table: column heads and rows of cells."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class LiveQuestion:
    """One of the film's questions as templates, "" where nothing changes.

    ``answer`` and the mistakes' answers are tokens, or numbers as text. Mistakes that
    give the right answer, or the same one, are among them.
    """

    question: str
    answer: str
    hints: tuple[str, ...]
    mistakes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Live:
    """What a page needs to show the film for other numbers than the recorded ones.

    ``program`` computes them; ``slots`` say which of them stand for the tokens in the
    templates. ``texts`` has those of the texts in an element of the picture, by its id,
    ``frames`` those of captions, formulas and checks, ``rows`` of the table's cells; ""
    is a text that does not change. ``sums`` has the edge whose sum a gradient slot of
    the picture shows. Without a program ``why`` says in a sentence why there is none.
    """

    program: Program | None = None
    slots: tuple[Slot, ...] = ()
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)
    frames: tuple[tuple[str, str, str], ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    questions: tuple[LiveQuestion, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Film(Document):
    """A static SVG with stable ids, the frames over it, the code and the table.

    ``alt`` describes the picture to somebody who does not see it. ``picture`` is one
    ``<svg>`` element without scripts; ids in it are as the frames name them. ``live``
    has what follows numbers that a reader changes, None where none can be changed.
    """

    saved_as: ClassVar = "film"

    title: str
    alt: str
    picture: Element = field(metadata={"json": "svg"})
    frames: tuple[Frame, ...]
    sources: tuple[Source, ...]
    table: Table
    questions: tuple[PredictQuestion, ...] = field(
        default=(), metadata={"json": "asks"}
    )
    live: Live | None = field(default=None, metadata={"sparse": True})

    @property
    def svg(self) -> str:
        """The picture as SVG text."""
        return self.picture.write()

    def ids(self) -> frozenset[str]:
        """The ids of the picture's elements."""
        return self.picture.ids()

    def state(self, step: int) -> dict[str, str]:
        """The marks in force at a step, those of the frames before included."""
        marks: dict[str, str] = {}
        for frame in self.frames[: step + 1]:
            marks.update(frame.marks)
        return {id: mark for id, mark in marks.items() if mark}

    def problems(self) -> Iterator[str]:
        """What does not hold together, in sentences."""
        if not self.frames:
            yield "a film needs at least one frame"
        if any(len(row) != len(self.table.heads) for row in self.table.rows):
            yield "a row of the table has not one cell per head"
        rows, steps = len(self.table.rows), len(self.frames)
        ids, files = self.ids(), {s.name for s in self.sources}
        for i, frame in enumerate(self.frames):
            said = (*_marked_wrongly(frame, ids), *_leads_nowhere(frame, rows, steps))
            yield from (f"frame {i} {what}" for what in said)
            if any(s.file not in files for s in frame.spans):
                yield f"frame {i} lights code that has no source"
        for question in self.questions:
            if not 0 < question.step < steps:
                yield f"step {question.step} is asked for, of {steps}"
            if not question.hints:
                yield f"the question at step {question.step} has no answer to give away"


def _marked_wrongly(frame: Frame, ids: frozenset[str]) -> Iterator[str]:
    lost = set(frame.marks) - ids
    if lost:
        yield f"marks {sorted(lost)}, which the picture has not"
    if not set(frame.marks.values()) <= set(MARKS):
        yield "has an unknown mark"


def _leads_nowhere(frame: Frame, rows: int, steps: int) -> Iterator[str]:
    if not -1 <= frame.row < rows:
        yield f"lights row {frame.row} of {rows}"
    for term in frame.terms:
        inside = 0 <= term.first < term.last <= len(frame.formula)
        if not inside or not 0 <= term.step < steps:
            yield "has a term that leads nowhere"
