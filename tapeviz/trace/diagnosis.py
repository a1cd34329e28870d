"""Why a gradient is None, zero, not a number, or what it is: the answer, as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType
from typing import ClassVar

from tapeviz.trace.codec import Document
from tapeviz.trace.graph import Graph, Source, Span
from tapeviz.trace.value import Value

RESULTS = ("none", "zero", "nan", "inf", "value")
"""What a gradient is: None, zero in all entries, nan or infinite in one, or fine."""

FOREIGN: Mapping[str, str] = MappingProxyType(
    {
        "frozen": "requires_grad is False",
        "detached": "cut off from its history",
        "no-grad": "computed without gradients",
        "computed": ".grad of a tensor that was computed",
        "added-up": ".grad adds up",
        "freed": "the graph was freed",
        "overwritten": "changed in place",
        "vector": "backward from more than one number",
    }
)
"""Those of PyTorch's alone."""

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "unwatched": "a constant that was never watched",
        "late": "watched too late",
        "rebound": "a variable that became a tensor",
        "renewed": "the name means something else by now",
        "left": "the value went through NumPy or Python",
        "integer": "whole numbers or text instead of floats",
        "step": "an operation without a slope",
        "stopped": "stop_gradient",
        "paused": "computed under stop_recording",
        "outside": "computed outside the block",
        "assigned": "an assignment cut the history",
        "untrainable": "a variable with trainable=False",
        "unnoticed": "a tape with watch_accessed_variables=False",
        "elsewhere": "another tape recorded it",
        "fresh": "a new tensor, made in the question",
        "forgotten": "the tape was reset",
        "unconnected": "not connected",
        "linear": "the derivative of something linear",
        "custom": "your own gradient function says None",
        "flat": "a flat place",
        "factor": "a factor that is 0",
        "branch": "the other branch was taken",
        "cancel": "parts that cancel",
        "zero-times-inf": "0 times infinity",
        "steep": "an infinitely steep place",
        "domain": "outside of the function's domain",
        "overflow": "a number too large",
        "unknown": "not known",
        **FOREIGN,
    }
)
"""The reasons there are, each with a few words for a heading."""


@dataclass(frozen=True)
class Edit:
    """A change of the learner's code: the text at ``span`` becomes ``new``.

    An empty span is an insertion.
    """

    span: Span
    new: str


@dataclass(frozen=True)
class Reason:
    """One reason: what happened, where, and what to do.

    ``kind`` is one of ``KINDS``. ``sentence`` says what happened, ``fix`` what to
    do; ``edits`` is the smallest such change of the code where it is known. ``nodes``
    and ``edges`` are the ids of where in the graph the gradient ends. ``sure`` is False
    where another cause is possible; the sentence then says "probably". ``tried`` says
    that the edits were tried on a copy of the block, and that it ran and gave a number.
    """

    kind: str
    sentence: str
    fix: str
    span: Span | None = None
    edits: tuple[Edit, ...] = ()
    nodes: tuple[str, ...] = ()
    edges: tuple[str, ...] = ()
    sure: bool = True
    tried: bool = False


@dataclass(frozen=True)
class Answer(Document):
    """What the gradient of ``target`` with respect to ``source`` is, and why.

    ``result`` is one of ``RESULTS``, ``sentence`` says it in words, and ``reasons``
    come in the order in which they took effect. A gradient that is fine may have
    reasons too: they tell which paths it leaves out.

    >>> Answer("y", "x", "value", "dy/dx is 6.", Value("float32", (), (6.0,))).result
    'value'
    """

    saved_as: ClassVar = "answer"

    target: str
    source: str
    result: str
    sentence: str
    gradient: Value | None = None
    reasons: tuple[Reason, ...] = ()
    graph: Graph = field(default_factory=Graph)

    def problems(self) -> Iterator[str]:
        """What does not hold together, in sentences."""
        yield from self.graph.problems()
        if self.result not in RESULTS:
            yield f"no gradient is {self.result!r}"
        if (self.result == "none") != (self.gradient is None):
            yield f"a gradient that is {self.result} is not {self.gradient}"
        if self.result == "none" and not self.reasons:
            yield "a gradient that is None has a reason"
        nodes = {n.id for n in self.graph.nodes}
        edges = {e.id for e in self.graph.edges}
        files = {s.name for s in self.graph.sources}
        for reason in self.reasons:
            if reason.kind not in KINDS:
                yield f"there is no reason {reason.kind!r}"
            if not reason.sentence or not reason.fix:
                yield f"reason {reason.kind} needs a sentence and a fix"
            if {*reason.nodes} - nodes or {*reason.edges} - edges:
                yield f"reason {reason.kind} points at what is not in the picture"
            for span in (reason.span, *(edit.span for edit in reason.edits)):
                if span is not None and span.file not in files:
                    yield f"reason {reason.kind} is in {span.file}, which has no source"


def apply_edits(source: Source, edits: Iterable[Edit]) -> tuple[str, ...]:
    """The lines of a source after those of the edits that belong to it.

    Of two edits of the same span the first one counts.

    >>> code = Source("In [1]", 7, ("y = np.sin(x)",))
    >>> apply_edits(code, [Edit(Span("In [1]", 7, 4, 7, 6, "np"), "tf")])
    ('y = tf.sin(x)',)
    """
    text = "\n".join(source.lines)
    starts = [0, *accumulate(len(line) + 1 for line in source.lines)]

    def at(line: int, col: int) -> int:
        if not 0 <= line - source.first < len(starts):
            raise ValueError("an edit lies outside of its source")
        return min(starts[line - source.first] + col, len(text))

    found: list[tuple[int, int, str]] = []
    for e in (one for one in edits if one.span.file == source.name):
        start = at(e.span.line, e.span.col)
        end = at(e.span.end_line, e.span.end_col)
        free = all(
            end <= a or b <= start for a, b, _ in found if (a, b) != (start, start)
        )
        if free and (start, end, e.new) not in found:
            found.append((start, end, e.new))
    for start, end, new in sorted(found, reverse=True):
        text = text[:start] + new + text[end:]
    return tuple(text.split("\n"))
