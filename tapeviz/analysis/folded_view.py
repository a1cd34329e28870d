"""One level of a folded graph, as a graph that can be drawn.

Groups are nodes of kind "group": they show the value and the gradient of their last op
whose value is used outside. What comes from outside the level, or goes there, is a node
of kind "port".
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from tapeviz.analysis.folding import ROOM, Fold, FoldItem
from tapeviz.trace.geometry import Box, Link, seconds
from tapeviz.trace.graph import Edge, Graph, GraphFrame, Node, UnrecordedEdge
from tapeviz.wording.values import counted

WHOLE = 60
"""Graphs of at most so many nodes are not folded, if the layout is quick."""

PATIENCE = 0.3
"""Seconds that the layout of a picture may take, as estimated."""

_ROOMS = (ROOM, 12, 6, 3)
_FEW = 8
_ALONE = 3
_PORTS = 6


@dataclass(frozen=True)
class FoldedView:
    """A level as a graph; ``groups`` has the item behind each group by its node's id.

    ``bundles`` has the nodes behind each group of variables or constants.
    """

    graph: Graph
    groups: Mapping[str, FoldItem]
    bundles: Mapping[str, tuple[Node, ...]]


def cost(graph: Graph) -> float:
    """The seconds that the picture of a graph will take to lay out, roughly."""
    nodes = graph.by_id
    links = (
        Link(e.id, e.tail, e.head, bool(e.ordered or nodes[e.tail].value.shape))
        for e in graph.edges
    )
    return seconds((Box(id, 1, 1) for id in nodes), links)


def chosen(graph: Graph, *, fold: bool | None = None) -> Fold | None:
    """The graph folded so far that its outermost level is quick to lay out.

    None where the whole can be shown as it is; ``fold`` overrules that.
    """
    brief = len(graph.nodes) <= WHOLE and cost(graph) <= PATIENCE
    if fold is False or (fold is None and brief):
        return None
    folds = (Fold(graph, room=room) for room in _ROOMS)
    return next(one for one in folds if one.room == _ROOMS[-1] or _quick(one))


def _quick(fold: Fold) -> bool:
    return cost(view(fold).graph) <= PATIENCE


def view(fold: Fold, item: FoldItem | None = None) -> FoldedView:
    """The level that shows the inside of an item, by default the outermost one."""
    item = item or fold.whole
    if item not in fold.views:
        fold.views[item] = _Level(fold, item).view()
    found: FoldedView = fold.views[item]
    return found


class _Level:
    """Builds the graph of one level, item by item."""

    def __init__(self, fold: Fold, item: FoldItem) -> None:
        self.fold, self.parent = fold, item
        self.columns = fold.columns
        self.items = fold.inside(item)
        self.starts = [item.start for item in self.items]
        self.outer = item is fold.whole
        nodes = fold.graph.nodes
        marked = [n for n in nodes if n.source and n.id not in self.columns.at]
        self.always_shown = {n.id for n in marked} if len(marked) <= _FEW else set()
        self.edges: dict[tuple[str, str], list[Edge]] = defaultdict(list)
        self.nodes: dict[str, Node] = {}
        self.leaves: dict[str, list[str]] = {}
        self.ports: dict[str, dict[str, None]] = {}
        self.bundles: dict[str, tuple[Node, ...]] = {}

    def view(self) -> FoldedView:
        by_id = self.fold.graph.by_id
        if self.outer:
            for id, node in by_id.items():
                if id not in self.columns.at and id not in self.columns.users:
                    self._leaf(node, "")
        for item in self.items:
            self._item(item)
        self._bundle()
        self._gather()
        groups = {item.id: item for item in self.items if item.kind != "op"}
        return FoldedView(self._graph(), groups, self.bundles)

    def _graph(self) -> Graph:
        whole, arrows = self.fold.graph, tuple(self._arrows())
        unrecorded_edges = tuple(self._trails()) if whole.unrecorded_edges else ()
        nodes = tuple(self._ordered(unrecorded_edges))
        spans = {node.span.file for node in nodes if node.span}
        ids = {*self.nodes, *(a.id for a in arrows), *(t.id for t in unrecorded_edges)}
        return Graph(
            nodes,
            arrows,
            tuple(s for s in whole.sources if s.name in spans),
            unrecorded_edges=unrecorded_edges,
            frames=tuple(self._frames()) if self.outer else (),
            notes=whole.notes if self.outer else (),
            badges=tuple(badge for badge in whole.badges if badge.of in ids),
        )

    def _leaf(self, node: Node, head: str) -> None:
        self.nodes[node.id] = node
        self.leaves.setdefault(node.id, [])
        if head and head not in self.leaves[node.id]:
            self.leaves[node.id].append(head)

    def _item(self, item: FoldItem) -> None:
        """An item with the arrows into it, and the ports that it feeds."""
        columns = self.columns
        id = self._id(item)
        at, start = columns.at, item.start
        for edge in columns.into(start, item.stop):
            tail = at.get(edge.tail, -1)
            if tail < start:
                self._arrow(edge, item, id, tail)
        leaving = [
            i for i in range(item.start, item.stop) if columns.last[i] >= item.stop
        ]
        self.nodes[id] = self._node(item, leaving)
        outside = [i for i in leaving if columns.last[i] >= self.parent.stop]
        if outside:
            self._port_out(id, outside)

    def _id(self, item: FoldItem) -> str:
        return self.columns.ops[item.start].id if item.kind == "op" else item.id

    def _arrow(self, edge: Edge, item: FoldItem, head: str, at: int) -> None:
        """An arrow into an item from another, from a leaf, or from outside."""
        tail = self.fold.graph.by_id[edge.tail]
        if at >= self.parent.start:
            self._tie(self._owner(at), head, edge)
        elif at >= 0:
            self.nodes.setdefault(edge.tail, _port(tail, "from before"))
            self.ports.setdefault(edge.tail, {})[head] = None
            self._tie(edge.tail, head, edge)
        elif not self._hidden(tail, item):
            low, high = self.columns.users[tail.id]
            own = self.parent.start <= low and high < self.parent.stop
            self._leaf(tail if own else _port(tail, f"{tail.kind}, shared"), head)
            self._tie(edge.tail, head, edge)

    def _hidden(self, leaf: Node, item: FoldItem) -> bool:
        """Whether a leaf belongs to the inside of a group alone."""
        if item.kind == "op" or (self.outer and leaf.id in self.always_shown):
            return False
        low, high = self.columns.users[leaf.id]
        return item.start <= low and high < item.stop

    def _tie(self, tail: str, head: str, edge: Edge) -> None:
        self.edges[tail, head].append(edge)

    def _port_out(self, id: str, outside: list[int]) -> None:
        node = self.columns.ops[outside[-1]]
        more = f"{counted(len(outside), 'value')} used later"
        text = "used later" if len(outside) == 1 else more
        port = replace(_port(node, text), id=f"{id}-out", op="out", name="")
        self.nodes[port.id] = port
        self._tie(id, port.id, Edge("", id, port.id, 0, ""))

    def _node(self, item: FoldItem, leaving: list[int]) -> Node:
        ops = self.columns.ops
        if item.kind == "op":
            return ops[item.start]
        node = ops[leaving[-1] if leaving else item.stop - 1]
        inside = ops[item.start : item.stop]
        lost = all(op.unrecorded for op in inside)
        return replace(
            _group(node, item.id, item.title), note="",
            target=any(op.target for op in inside), source=False,
            nickname=counted(item.size, "operation"),
            unrecorded=node.unrecorded if lost else "",
        )  # fmt: skip

    # -- leaves together -------------------------------------------------------------

    def _bundle(self) -> None:
        """Leaves used by the same nodes become one group, where there are too many."""
        for single in (False, True):
            if len(self.leaves) <= self.fold.room:
                return
            alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
            for id, heads in self.leaves.items():
                if id not in self.always_shown:
                    kind = self.nodes[id].kind
                    feeds = heads[:1] if single else heads
                    alike[kind, *feeds].append(id)
            for ids in alike.values():
                if len(ids) > _ALONE or (single and len(ids) > 1):
                    self._together(ids)

    def _gather(self) -> None:
        """Values from before with the same users share one port."""
        if len(self.ports) <= _PORTS:
            return
        alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for id, feeds in self.ports.items():
            alike[*feeds].append(id)
        for heads, ids in alike.items():
            if len(ids) > 1:
                made = f"{self.parent.id}-{ids[0]}-in"
                text = f"{counted(len(ids), 'value')} from before"
                self.nodes[made] = replace(
                    self.nodes[ids[0]], id=made, op="out", formula=text, name=""
                )
                for id in ids:
                    self._moved(id, heads, made)

    def _moved(self, id: str, heads: Iterable[str], made: str) -> None:
        """The arrows from a node come from the one that replaces it."""
        for head in heads:
            self.edges[made, head] += self.edges.pop((id, head))
        del self.nodes[id]

    def _together(self, ids: list[str]) -> None:
        own = tuple(n for id in ids for n in self.bundles.pop(id, (self.nodes[id],)))
        made = f"{self.parent.id}-{own[0].id}"
        heads = dict.fromkeys(head for id in ids for head in self.leaves[id])
        noun = Counter(n.kind for n in own).most_common(1)[0][0]
        for id in ids:
            self._moved(id, self.leaves.pop(id), made)
        self.leaves[made] = list(heads)
        self.bundles[made] = own
        said = counted(len(own), _NOUNS.get(noun, noun))
        self.nodes[made] = replace(
            _group(own[0], made, said), name="", symbol=own[0].symbol,
            source=any(n.source for n in own), nickname="",
        )  # fmt: skip

    # -- the graph -------------------------------------------------------------------

    def stand_ins(self) -> dict[str, str]:
        """For each node of the graph the id of the one that represents it."""
        found: dict[str, str] = {}
        for item in self.items:
            ops = self.columns.ops[item.start : item.stop]
            found |= {op.id: self._id(item) for op in ops}
        for leaf, (first, _last) in self.columns.users.items():
            if self.parent.start <= first < self.parent.stop:
                found[leaf] = self._owner(first)
        for id, nodes in self.bundles.items():
            found |= {node.id: id for node in nodes}
        return found | {id: id for id in self.nodes}

    def _owner(self, at: int) -> str:
        """The id of the item that has an op."""
        return self._id(self.items[bisect_right(self.starts, at) - 1])

    def _trails(self) -> Iterator[UnrecordedEdge]:
        """The unrecorded edges, between the nodes that represent their ends."""
        stands = self.stand_ins()
        done: set[tuple[str, str]] = set()
        for trail in self.fold.graph.unrecorded_edges:
            ends = (stands.get(trail.tail, ""), stands.get(trail.head, ""))
            if all(ends) and ends[0] != ends[1] and ends not in done:
                done.add(ends)
                yield replace(trail, tail=ends[0], head=ends[1])

    def _frames(self) -> Iterator[GraphFrame]:
        """The blocks of several tapes, with the groups that are wholly in them."""
        if not self.fold.graph.frames:
            return
        stands, at = self.stand_ins(), self.columns.at
        total = Counter(stands[id] for id in at if id in stands)
        for frame in self.fold.graph.frames:
            own = Counter(stands[id] for id in frame.nodes if id in at and id in stands)
            inside = [id for id, count in own.items() if count == total[id]]
            inside += [id for id in frame.nodes if id in self.leaves]
            if inside:
                yield replace(frame, nodes=tuple(inside))

    def _ordered(self, unrecorded_edges: tuple[UnrecordedEdge, ...]) -> list[Node]:
        """The nodes, each leaf or port just before the first that uses it."""
        rank = {self._id(item): 2 * i + 2 for i, item in enumerate(self.items)}
        items = dict(rank)
        for tail, head in (*self.edges, *((t.tail, t.head) for t in unrecorded_edges)):
            if head not in items:
                rank[head] = items.get(tail, 0) + 1
            elif tail not in items:
                rank[tail] = min(rank.get(tail, items[head]), items[head] - 1)
        return sorted(self.nodes.values(), key=lambda node: rank.get(node.id, 0))

    def _arrows(self) -> Iterator[Edge]:
        """The arrows: those between ops as they are, the others one for each pair."""
        for (tail, head), edges in self.edges.items():
            plain = (self.nodes[tail].kind, self.nodes[head].kind)
            if not {"group", "port"} & set(plain):
                yield from edges
            elif len(edges) <= _ALONE and plain[1] == "op":
                yield from (replace(edge, tail=tail) for edge in edges)
            else:
                live = any(edge.live for edge in edges)
                text = counted(len(edges), "use") if len(edges) > 1 else ""
                yield Edge(f"{tail}.{head}", tail, head, 0, text, live=live)


_NOUNS = {"watched": "watched constant", "port": "outside value"}


def _group(node: Node, id: str, said: str) -> Node:
    return replace(
        node, id=id, kind="group", op="group", symbol="", formula=said, span=None
    )


def _port(node: Node, said: str) -> Node:
    return replace(
        node, kind="port", op="port", symbol="", formula=said, target=False,
        source=False, grad="pending", gradient=None, nickname="",
    )  # fmt: skip


def shows(fold: Fold, item: FoldItem | None = None) -> dict[str, str]:
    """For each node of the whole graph the id of the node that represents it.

    Nodes that are not on this level are left out.
    """
    level = _Level(fold, item or fold.whole)
    level.view()
    return level.stand_ins()
