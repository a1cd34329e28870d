"""A recorded computation as a graph: nodes, edges and the code they came from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar

from tapeviz.trace.codec import Document
from tapeviz.trace.value import Value

KINDS = ("variable", "watched", "constant", "op", "group", "port")
"""What a node is: a variable, a watched tensor, a plain constant, or an operation.

In a folded graph also a group of nodes, or a port to what is not shown.
"""

GRADS = ("pending", "none", "value")
"""The state of a node's gradient: not computed yet, None, or a value."""

NOT_RECORDED: Mapping[str, str] = MappingProxyType(
    {
        "unwatched": "not watched",
        "unseen": "not recorded: nothing watched in it",
        "paused": "not recorded: stop_recording",
        "outside": "not recorded: outside the block",
        "unrecorded": "not recorded",
        "elsewhere": "on another tape",
        "forgotten": "forgotten: reset()",
        "left": "left the tape",
        "failed": "failed",
    }
)
"""Why a tape did not record a value, each with its words in the picture."""

CUTS: Mapping[str, str] = MappingProxyType(
    {
        "stopped": "gradient stopped",
        "integer": "whole numbers",
        "step": "no slope",
        "custom": "no gradient",
        "assigned": "number only",
        "left": "number only",
    }
)
"""Why no gradient comes back along an arrow, each with the words beside it."""

ASKING = ("gradient", "jacobian", "batch_jacobian")
"""The methods of a tape that give derivatives."""

LONG = 200
"""Characters of a span's code that a file holds beside the source's lines."""

NOTES = ("failed", "silent", "reset", "used", "more", "changes", "memory", "differs")
"""What a note is about: an error, an empty tape, a reset or used-up one, something left
out, what two tapes differ in, what a tape keeps alive, numbers of a framework that ours
differ from."""

BADGES = ("added", "removed", "changed", "held", "shared")
"""What a badge tells: a node or arrow that only the second of two tapes has, or only
the first one, or that differs; bytes that a tape alone keeps alive, or not alone."""


@dataclass(frozen=True)
class Span:
    """A part of the learner's code: 1-based lines, 0-based character columns.

    ``file`` names a ``Source`` of the same graph; ``text`` is the code itself.
    """

    file: str
    line: int
    col: int
    end_line: int
    end_col: int
    text: str


@dataclass(frozen=True)
class Source:
    """The lines of code a graph was recorded from, ``first`` being the first's number.

    ``name`` is for people and never a path: a file's last part, or ``In [3]``.
    """

    name: str
    first: int
    lines: tuple[str, ...]

    def text(self, span: Span) -> str:
        """The code of a span of this source; "" where its lines are not here."""
        start, end = span.line - self.first, span.end_line - self.first
        if not 0 <= start <= end < len(self.lines):
            return ""
        return code_between(self.lines[start : end + 1], span.col, span.end_col)


def code_between(lines: Sequence[str], start: int, end: int) -> str:
    r"""The text from a column of the first line to a column of the last one.

    >>> code_between(["y = f(x,", "      2)"], 4, 8)
    'f(x,\n      2)'
    """
    whole = "\n".join(lines)
    return whole[start : len(whole) - len(lines[-1]) + end]


@dataclass(frozen=True)
class Node:
    """One value of the computation.

    ``id`` is ``n0``, ``n1``, ... in the order of recording, which is a topological
    order. ``op`` is the registry's name (``"mul"``) or, for leaves, the kind.
    ``symbol`` is the op as people write it, ``formula`` its text in terms of the
    operand slots (``"a * b"``). ``name`` is the learner's own name for the value, or
    "". ``grad`` is one of ``GRADS``; ``gradient`` holds the value if there is one.
    ``nickname`` says what an op does to a gradient ("add distributes"). ``unrecorded``
    is one of ``NOT_RECORDED`` for what the tape did not record, else "", and ``note``
    says why in a sentence.
    """

    id: str
    kind: str
    op: str
    symbol: str
    formula: str
    name: str
    value: Value
    span: Span | None = None
    target: bool = False
    source: bool = False
    grad: str = "pending"
    gradient: Value | None = None
    nickname: str = ""
    unrecorded: str = field(default="", metadata={"json": "ghost"})
    note: str = ""


@dataclass(frozen=True)
class Edge:
    """One operand slot: the value of node ``tail`` used by the op ``head``.

    ``slot`` counts from 0; ``label`` names the slot as the rules do ("a", "b", "x").
    ``ordered`` says that the operands may not be swapped. ``broadcast`` says that the
    operand was broadcast to the result's shape. ``live`` is False where no gradient
    flows back: a constant, or an op without a derivative. ``cut`` is one of ``CUTS``
    where the gradient ends at this very edge, else "", and ``note`` says why.
    """

    id: str
    tail: str
    head: str
    slot: int
    label: str
    ordered: bool = False
    broadcast: bool = False
    live: bool = True
    cut: str = ""
    note: str = ""


@dataclass(frozen=True)
class UnrecordedEdge:
    """A dependency that the tape did not record, of node ``head`` on ``tail``.

    ``cut`` is one of ``CUTS`` where something recorded loses its history here, else "";
    ``note`` says why in a sentence.
    """

    id: str
    tail: str
    head: str
    cut: str = ""
    note: str = ""


@dataclass(frozen=True)
class GraphFrame:
    """The block of one of several tapes: its name, its nodes and what it watches.

    Outer frames come before the frames inside them. ``watches`` holds names.
    """

    name: str
    nodes: tuple[str, ...]
    watches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Note:
    """A remark on the tape as a whole; ``kind`` is one of ``NOTES``."""

    kind: str
    text: str


@dataclass(frozen=True)
class Badge:
    """A remark on the node or edge ``of``; ``kind`` is in ``BADGES``."""

    of: str
    kind: str
    text: str


@dataclass(frozen=True)
class Scope:
    """A layer or a loss: its name, and the ids of its first and last op."""

    name: str
    first: str
    last: str


@dataclass(frozen=True)
class CodeBlock:
    """A loop, a function or a branch of the learner's code, and its lines.

    ``kind`` is "loop", "function" or "branch"; ``name`` is the function's, or "".
    """

    file: str
    kind: str
    name: str
    line: int
    end_line: int


@dataclass(frozen=True)
class Graph(Document):
    """Nodes in order of recording, edges by head and slot, and the code.

    ``scopes`` says which ops belong together, inner ones first. ``unrecorded_edges``
    lead to and from the nodes that the tape did not record, ``frames`` are the blocks
    of several tapes, ``notes`` are about the tape as a whole. ``badges`` mark what two
    tapes differ in, or what a tape keeps alive. ``blocks`` stand around code that was
    recorded more than once, inner ones last.

    >>> Graph().to_json()[:60]
    '{"tapeviz":"graph","version":1,"nodes":[],"edges":[],"source'
    """

    saved_as: ClassVar = "graph"

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    sources: tuple[Source, ...] = field(default=())
    scopes: tuple[Scope, ...] = ()
    unrecorded_edges: tuple[UnrecordedEdge, ...] = field(
        default=(), metadata={"json": "trails"}
    )
    frames: tuple[GraphFrame, ...] = ()
    notes: tuple[Note, ...] = ()
    badges: tuple[Badge, ...] = ()
    blocks: tuple[CodeBlock, ...] = field(default=(), metadata={"sparse": True})

    def node(self, id: str) -> Node:
        """The node of that id; KeyError when there is none."""
        return self.by_id[id]

    @cached_property
    def by_id(self) -> dict[str, Node]:
        """All nodes by their id."""
        return {n.id: n for n in self.nodes}

    @cached_property
    def into(self) -> dict[str, list[Edge]]:
        """The edges that lead into each node, by slot."""
        found: dict[str, list[Edge]] = {n.id: [] for n in self.nodes}
        for e in sorted(self.edges, key=lambda e: e.slot):
            found[e.head].append(e)
        return found

    @cached_property
    def badged(self) -> dict[str, tuple[Badge, ...]]:
        """The badges of each node or edge that has any."""
        found: dict[str, tuple[Badge, ...]] = {}
        for badge in self.badges:
            found[badge.of] = (*found.get(badge.of, ()), badge)
        return found

    @property
    def arrows(self) -> tuple[Edge | UnrecordedEdge, ...]:
        """The edges, and then the unrecorded edges."""
        return (*self.edges, *self.unrecorded_edges)

    def leading_to(self, ends: Iterable[str]) -> set[str]:
        """The nodes that recorded edges lead from to these, and these."""
        found: set[str] = set()
        todo = list(ends)
        while todo:
            node = todo.pop()
            if node not in found:
                found.add(node)
                todo += [edge.tail for edge in self.into[node]]
        return found

    def induced(self, shown: Collection[str]) -> Graph:
        """The part with these nodes, and what is between them or belongs to them.

        Of a scope there stay those of its ops that do.
        """
        inside = [a for a in self.arrows if a.tail in shown and a.head in shown]
        ids = {*shown, *(a.id for a in inside)}
        return replace(
            self,
            nodes=tuple(n for n in self.nodes if n.id in shown),
            edges=tuple(a for a in inside if isinstance(a, Edge)),
            unrecorded_edges=tuple(a for a in inside if not isinstance(a, Edge)),
            scopes=tuple(self._scopes_of(shown)),
            frames=tuple(
                replace(f, nodes=tuple(id for id in f.nodes if id in shown))
                for f in self.frames
            ),
            badges=tuple(b for b in self.badges if b.of in ids),
        )

    def _scopes_of(self, shown: Collection[str]) -> Iterator[Scope]:
        order = {n.id: i for i, n in enumerate(self.nodes)}
        for scope in self.scopes:
            inner = self.nodes[order[scope.first] : order[scope.last] + 1]
            ops = [n.id for n in inner if n.kind == "op" and n.id in shown]
            if ops:
                yield replace(scope, first=ops[0], last=ops[-1])

    def problems(self) -> Iterator[str]:
        """What does not hold together, in sentences."""
        order = {n.id: i for i, n in enumerate(self.nodes)}
        files = {s.name for s in self.sources}
        ids = {*order, *(a.id for a in self.arrows)}
        if len(order) != len(self.nodes):
            yield "two nodes have one id"
        if len(ids) != len(order) + len(self.arrows):
            yield "two edges have one id"
        for n in self.nodes:
            yield from _node_problems(n, files)
        for a in self.arrows:
            yield from _arrow_problems(a, order)
        named = [(f"the scope {s.name}", {s.first, s.last}) for s in self.scopes]
        named += [(f"the frame {f.name}", {*f.nodes}) for f in self.frames]
        yield from (
            f"{what} has no such nodes" for what, own in named if own - {*order}
        )
        unknown = (note.kind for note in self.notes if note.kind not in NOTES)
        yield from (f"{kind!r} is not known" for kind in unknown)
        for b in self.badges:
            if b.kind not in BADGES or b.of not in ids:
                yield f"the badge {b.text!r} of {b.of} is not known"

    def packed(self) -> Graph:
        """Itself for JSON: long code stands in the sources only, not in each span."""
        return self._with_texts(lambda text, code: "" if text == code else text)

    def unpacked(self) -> Graph:
        """Itself from JSON: with the code of every span."""
        return self._with_texts(lambda text, code: text or code)

    def _with_texts(self, choose: Callable[[str, str], str]) -> Graph:
        """Itself, the texts of long spans chosen from its own and the source's."""
        by_name = {source.name: source for source in self.sources}

        def chosen(node: Node) -> Node:
            span = node.span
            if span is None or span.file not in by_name or 0 < len(span.text) <= LONG:
                return node
            text = choose(span.text, by_name[span.file].text(span))
            return replace(node, span=replace(span, text=text))

        return replace(self, nodes=tuple(map(chosen, self.nodes)))


def _arrow_problems(
    a: Edge | UnrecordedEdge, order: Mapping[str, int]
) -> Iterator[str]:
    if a.tail not in order or a.head not in order:
        yield f"edge {a.id} joins {a.tail} and {a.head}: no such node"
    elif order[a.tail] >= order[a.head]:
        yield f"edge {a.id} runs backwards in time"
    if a.cut and a.cut not in CUTS:
        yield f"{a.cut!r} is not known"


def _node_problems(n: Node, files: set[str]) -> Iterator[str]:
    yield from n.value.problems()
    if n.kind not in KINDS:
        yield f"node {n.id} is of no known kind: {n.kind}"
    if n.grad not in GRADS or (n.grad == "value") != (n.gradient is not None):
        yield f"node {n.id} says {n.grad!r} of its gradient {n.gradient}"
    if n.unrecorded and n.unrecorded not in NOT_RECORDED:
        yield f"node {n.id} is unrecorded, of no known kind: {n.unrecorded}"
    if n.span is not None and n.span.file not in files:
        yield f"node {n.id} comes from {n.span.file}, which has no source"
