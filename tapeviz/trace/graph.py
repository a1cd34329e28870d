"""A recorded computation as a graph: nodes, edges and the code they came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from tapeviz.trace.codec import dumps, loads
from tapeviz.trace.value import Value

KINDS = ("variable", "watched", "constant", "op", "group", "port")
"""What a node is: a variable, a watched tensor, a plain constant, or an operation.

In a folded graph also a group of nodes, or a port to what is not shown.
"""

GRADS = ("pending", "none", "value")
"""What is known of a node's gradient: not computed yet, None, or a value."""


@dataclass(frozen=True)
class Span:
    """A stretch of the learner's code: 1-based lines, 0-based character columns.

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


@dataclass(frozen=True)
class Node:
    """One value of the computation.

    ``id`` is ``n0``, ``n1``, ... in the order of recording, which is a topological
    order. ``op`` is the registry's name (``"mul"``) or, for leaves, the kind.
    ``symbol`` is the op as people write it, ``formula`` its text in terms of the
    operand slots (``"a * b"``). ``name`` is the learner's own name for the value, or
    "". ``grad`` is one of ``GRADS``; ``gradient`` holds the value if there is one.
    ``nickname`` says what an op does to a gradient ("add distributes").
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


@dataclass(frozen=True)
class Edge:
    """One operand slot: the value of node ``tail`` used by the op ``head``.

    ``slot`` counts from 0; ``label`` names the slot as the rules do ("a", "b", "x").
    ``ordered`` says that the operands may not be swapped. ``broadcast`` says that the
    operand was stretched. ``live`` is False where no gradient flows back: a constant,
    or an op without a derivative.
    """

    id: str
    tail: str
    head: str
    slot: int
    label: str
    ordered: bool = False
    broadcast: bool = False
    live: bool = True


@dataclass(frozen=True)
class Scope:
    """A layer or a loss: its name, and the ids of its first and last op."""

    name: str
    first: str
    last: str


@dataclass(frozen=True)
class Graph:
    """Nodes in order of recording, edges by head and slot, and the code.

    ``scopes`` says which ops belong together, inner ones first.

    >>> Graph().to_json()
    '{"tapeviz":"graph","nodes":[],"edges":[],"sources":[],"scopes":[]}'
    """

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    sources: tuple[Source, ...] = field(default=())
    scopes: tuple[Scope, ...] = ()

    def node(self, id: str) -> Node:
        """The node of that id; KeyError when there is none."""
        return self.by_id[id]

    @cached_property
    def by_id(self) -> dict[str, Node]:
        """All nodes by their id."""
        return {n.id: n for n in self.nodes}

    def validate(self) -> Graph:
        """Itself, or ValueError saying what does not hold together."""
        place = {n.id: i for i, n in enumerate(self.nodes)}
        files = {s.name for s in self.sources}
        if len(place) != len(self.nodes):
            raise ValueError("two nodes have one id")
        if len({e.id for e in self.edges}) != len(self.edges):
            raise ValueError("two edges have one id")
        for n in self.nodes:
            _check_node(n, files)
        for e in self.edges:
            if e.tail not in place or e.head not in place:
                raise ValueError(
                    f"edge {e.id} joins {e.tail} and {e.head}: no such node"
                )
            if place[e.tail] >= place[e.head]:
                raise ValueError(f"edge {e.id} runs backwards in time")
        for s in self.scopes:
            if s.first not in place or s.last not in place:
                raise ValueError(f"the scope {s.name} has no such nodes")
        return self

    def to_json(self) -> str:
        """The graph as JSON text, the same on every run."""
        return dumps(self, "graph")

    @staticmethod
    def from_json(text: str) -> Graph:
        """The graph in a JSON text of ``to_json``; ValueError if it is not one."""
        return loads(Graph, text, "graph").validate()


def _check_node(n: Node, files: set[str]) -> None:
    n.value.validate()
    if n.kind not in KINDS:
        raise ValueError(f"node {n.id} is of no known kind: {n.kind}")
    if n.grad not in GRADS or (n.grad == "value") != (n.gradient is not None):
        raise ValueError(f"node {n.id} says {n.grad!r} of its gradient {n.gradient}")
    if n.span is not None and n.span.file not in files:
        raise ValueError(f"node {n.id} comes from {n.span.file}, which has no source")
