"""The difference of two graphs: which nodes correspond, and what only one has.

Nodes correspond when they are the same operation on operands that belong
together, or bear the same name, or are the one target, or feed the same slot of nodes
that belong together; in this order, each node once. Constants without a name come last:
what uses them tells them apart. It takes time proportional to the graphs' size.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace

from tapeviz.trace.graph import Edge, Graph, Node, UnrecordedEdge

REMOVED_PREFIX = "was-"
"""What stands before the id of a node or edge that only the first graph has."""

_ROUNDS = 3


@dataclass(frozen=True)
class Pair:
    """One node of a comparison: as it was, and as it is; None where it is not."""

    before: Node | None
    after: Node | None


@dataclass(frozen=True)
class GraphDiff:
    """The union of two graphs, and which parts of it each has.

    ``graph`` has the nodes and edges of the second graph under their own ids, and those
    that only the first one has under ids that begin with ``REMOVED_PREFIX``. ``pairs``
    has every node by its id in ``graph``. ``added`` and ``removed`` are the ids of the
    edges that only one graph has. ``before`` is the first graph.
    """

    before: Graph
    graph: Graph
    pairs: Mapping[str, Pair]
    added: frozenset[str]
    removed: frozenset[str]


def compare(before: Graph, after: Graph) -> GraphDiff:
    """The difference from the first graph to the second.

    >>> compare(Graph(), Graph()).pairs
    {}
    """
    before, after = _by_itself(before), _by_itself(after)
    match = _Match(before, after).made()
    new = {match[n.id]: n for n in before.nodes if n.id in match}
    ids = {n.id: match.get(n.id, REMOVED_PREFIX + n.id) for n in before.nodes}
    gone = [n for n in before.nodes if n.id not in match]
    pairs = {n.id: Pair(new.get(n.id), n) for n in after.nodes}
    pairs |= {ids[n.id]: Pair(n, None) for n in gone}
    edges, added, removed = _edges(before, after, ids)
    order = _order(before, after, ids)
    known = {s.name: s for s in before.sources} | {s.name: s for s in after.sources}
    own = {s.name: s for s in before.sources}
    nodes = [*after.nodes]
    for n in gone:
        same = n.span is not None and known[n.span.file] == own[n.span.file]
        nodes.append(replace(n, id=ids[n.id], span=n.span if same else None))
    nodes.sort(key=lambda n: order[n.id])
    shown_edges = tuple(e for e in edges if order[e.tail] < order[e.head])
    graph = Graph(
        tuple(nodes), shown_edges, tuple(known.values()), after.scopes,
        tuple(_trails(before, after, ids, order)), after.frames,
        blocks=after.blocks or before.blocks,
    )  # fmt: skip
    shown = {e.id for e in shown_edges}
    return GraphDiff(before, graph.validate(), pairs, added & shown, removed & shown)


def _by_itself(graph: Graph) -> Graph:
    """The graph without what another tape recorded and this one does not use."""
    uses: dict[str, list[str]] = defaultdict(list)
    for arrow in graph.arrows:
        uses[arrow.tail].append(arrow.head)
    left: set[str] = set()
    for n in reversed(graph.nodes):
        if n.unrecorded == "elsewhere" and left.issuperset(uses[n.id]):
            left.add(n.id)
    shown = graph.induced(graph.by_id.keys() - left) if left else graph
    return replace(shown, notes=(), badges=())


def _edges(
    before: Graph, after: Graph, ids: Mapping[str, str]
) -> tuple[list[Edge], frozenset[str], frozenset[str]]:
    """The edges of both, those that are gone first; and who has which alone."""
    old = {(ids[e.tail], ids[e.head], e.slot): e for e in before.edges}
    new = {(e.tail, e.head, e.slot): e for e in after.edges}
    lost = [
        replace(e, id=REMOVED_PREFIX + e.id, tail=key[0], head=key[1])
        for key, e in old.items()
        if key not in new
    ]
    added = frozenset(e.id for key, e in new.items() if key not in old)
    return [*lost, *after.edges], added, frozenset(e.id for e in lost)


def _trails(
    before: Graph, after: Graph, ids: Mapping[str, str],
    order: Mapping[str, tuple[int, int]],
) -> Iterator[UnrecordedEdge]:  # fmt: skip
    """The unrecorded edges of both graphs, each once."""
    yield from after.unrecorded_edges
    known = {(t.tail, t.head) for t in after.unrecorded_edges}
    for t in before.unrecorded_edges:
        tail, head = ids[t.tail], ids[t.head]
        if (tail, head) not in known and order[tail] < order[head]:
            yield replace(t, id=REMOVED_PREFIX + t.id, tail=tail, head=head)


def _order(
    before: Graph, after: Graph, ids: Mapping[str, str]
) -> dict[str, tuple[int, int]]:
    """A sort key for every node: a removed one comes right after its last operand."""
    order = {n.id: (i, -1) for i, n in enumerate(after.nodes)}
    for k, n in enumerate(before.nodes):
        if ids[n.id] not in order:
            tails = (order[ids[e.tail]][0] for e in before.into[n.id])
            order[ids[n.id]] = max(tails, default=-1), k
    return order


class _Side:
    """One of the two graphs: what leads into its nodes, and what uses them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.uses: dict[str, list[Edge]] = defaultdict(list)
        for e in graph.edges:
            self.uses[e.tail].append(e)
        count = Counter(n.name for n in graph.nodes)
        self.named = {n.name: n for n in graph.nodes if n.name and count[n.name] == 1}

    def tails(self, node: Node) -> list[Node]:
        """The operands of a node."""
        return [self.graph.node(e.tail) for e in self.graph.into[node.id]]


class _Match:
    """Matches the nodes of two graphs, in passes from certain to less certain."""

    def __init__(self, before: Graph, after: Graph) -> None:
        self.old, self.new = _Side(before), _Side(after)
        self.match: dict[str, str] = {}
        self.taken: set[str] = set()

    def made(self) -> dict[str, str]:
        """The id in the second graph for each node of the first that has one."""
        self.same()
        for _ in range(_ROUNDS):
            size = len(self.match)
            self.named()
            self.built()
            self.fed()
            if len(self.match) == size:
                break
        self.same(anonymous=True)
        return self.match

    def join(self, old: Node, new: Node) -> bool:
        """Let two nodes be one, if they can; whether they are."""
        free = old.id not in self.match and new.id not in self.taken
        if not free or (old.kind == "op") != (new.kind == "op"):
            return False
        self.match[old.id] = new.id
        self.taken.add(new.id)
        return True

    def same(self, *, anonymous: bool = False) -> None:
        """Pair what was computed in the same way from the same and named the same."""
        table: dict[Hashable, int] = {}
        waiting: dict[int, deque[Node]] = defaultdict(deque)
        for node, mark in _marks(self.new, table):
            if node.id not in self.taken and _anonymous(node) is anonymous:
                waiting[mark].append(node)
        for node, mark in _marks(self.old, table):
            if waiting[mark] and node.id not in self.match:
                self.join(node, waiting[mark].popleft())

    def named(self) -> None:
        """Pair what alone bears a name in both graphs, and the one target with it."""
        for name, node in self.old.named.items():
            if name in self.new.named:
                self.join(node, self.new.named[name])
        olds, news = (
            [n for n in s.graph.nodes if n.target] for s in (self.old, self.new)
        )
        if len(olds) == len(news) == 1 and olds[0].op == news[0].op:
            self.join(olds[0], news[0])

    def built(self) -> None:
        """Pair the same operation on paired operands, whatever the constants are."""
        for node in self.old.graph.nodes:
            tails = self.old.tails(node)
            goal = [None if _anonymous(n) else self.match.get(n.id, "") for n in tails]
            if node.id in self.match or "" in goal or not any(goal):
                continue
            for use in self.new.uses[next(filter(None, goal))]:
                other = self.new.graph.node(use.head)
                tails = self.new.tails(other)
                found = [None if _anonymous(n) else n.id for n in tails]
                if other.op == node.op and found == goal and self.join(node, other):
                    break

    def fed(self) -> None:
        """Pair what feeds the same slot of paired nodes."""
        for node in reversed(self.old.graph.nodes):
            for use in () if node.id in self.match else self.old.uses[node.id]:
                slots = self.new.graph.into.get(self.match.get(use.head, ""), ())
                tails = [e.tail for e in slots if e.slot == use.slot]
                other = self.new.graph.node(tails[0]) if tails else None
                if other and other.op == node.op and _near(node, other):
                    self.join(node, other)


def _anonymous(node: Node) -> bool:
    """Whether only what uses it tells a leaf from others."""
    return node.kind == "constant" and not node.name


def _near(old: Node, new: Node) -> bool:
    """Whether two values may be one that changed: not two of different names."""
    return old.name == new.name or not (old.name and new.name)


def _marks(side: _Side, table: dict[Hashable, int]) -> Iterator[tuple[Node, int]]:
    """A number for each node: equal ones were computed alike from equal leaves."""
    marks: dict[str, int] = {}
    for node in side.graph.nodes:
        tails = tuple(marks[n.id] for n in side.tails(node))
        own = node.name or ("" if tails else repr(node.value))
        key = (node.kind, node.op, node.formula, own, tails)
        marks[node.id] = table.setdefault(key, len(table))
        yield node, marks[node.id]
