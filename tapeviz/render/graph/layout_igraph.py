"""Layout where no program can be run, such as Python inside a web page.

igraph finds an order of the nodes in each layer with few crossings, by the method of
Sugiyama, Tagawa and Toda (1981). Within that order each node is put as close to its
neighbours as possible, by least squares. The result is the same kind of ``Placement``
as from Graphviz, a little plainer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tapeviz.trace.geometry import Box, Link, Placement, Point, middle

GAP, NARROW, APART, HEAD = 44.0, 24.0, 22.0, 7.0
"""Between layers, the same where labels have layers of their own, between neighbours in
a layer, and the length of an arrow head."""

_ROUNDS = 12
_PORTS = 14.0


@dataclass(frozen=True)
class _Vertex:
    """What takes room in a layer: a box, a label, or an arrow passing through."""

    layer: int
    along: float = 0
    across: float = 8


@dataclass
class _Net:
    """All vertices, which of them are joined, and each link's chain of vertices."""

    vertices: list[_Vertex] = field(default_factory=list)
    joins: list[tuple[int, int]] = field(default_factory=list)
    chains: dict[str, list[int]] = field(default_factory=dict)
    gap: float = GAP

    def add(self, vertex: _Vertex) -> int:
        self.vertices.append(vertex)
        return len(self.vertices) - 1


def lay_out(
    boxes: Sequence[Box], links: Sequence[Link], direction: str = "LR"
) -> Placement:
    """Positions for boxes and arrows; ImportError without igraph.

    The links must come in an order in which every tail is complete before it is used.

    >>> placed = lay_out([Box("a", 40, 20), Box("b", 40, 20)], [Link("e", "a", "b")])
    >>> placed.centres["a"][0] < placed.centres["b"][0]
    True
    """
    net = _net(boxes, links, across=direction == "TB")
    layers = _ordered(net)
    cross = _cross(net, layers)
    along = _along(net, layers)
    return _placement(boxes, links, net, along, cross, direction)


def ranks(boxes: Iterable[Box], links: Sequence[Link]) -> dict[str, int]:
    """The layer of each box: after all its operands, and leaves close to their use."""
    rank = {box.id: 0 for box in boxes}
    for link in links:
        rank[link.head] = max(rank[link.head], rank[link.tail] + 1)
    used: dict[str, int] = {}
    heads = {link.head for link in links}
    for link in links:
        if link.tail not in heads:
            used[link.tail] = min(used.get(link.tail, rank[link.head]), rank[link.head])
    return rank | {leaf: first - 1 for leaf, first in used.items()}


def _net(boxes: Sequence[Box], links: Sequence[Link], *, across: bool) -> _Net:
    """The boxes as vertices; every arrow as a chain, one vertex in each layer."""
    net, rank, factor = _Net(), ranks(boxes, links), 1
    if any(link.width for link in links):
        net.gap, factor = NARROW, 2
    vertex_of = {}
    for box in boxes:
        size = (box.height, box.width) if across else (box.width, box.height)
        vertex_of[box.id] = net.add(_Vertex(factor * rank[box.id], *size))
    for link in links:
        size = (link.height, link.width) if across else (link.width, link.height)
        first, last = factor * rank[link.tail], factor * rank[link.head]
        between = [
            net.add(_Vertex(layer, *size) if link.width and not i else _Vertex(layer))
            for i, layer in enumerate(range(first + 1, last))
        ]
        chain = [vertex_of[link.tail], *between, vertex_of[link.head]]
        net.chains[link.id] = chain
        net.joins += pairwise(chain)
    return net


def _ordered(net: _Net) -> list[list[int]]:
    """The vertices of each layer in igraph's order."""
    import igraph

    numbers = [vertex.layer for vertex in net.vertices]
    graph = igraph.Graph(n=len(numbers), edges=net.joins, directed=True)
    found = graph.layout_sugiyama(layers=numbers).coords[: len(numbers)]
    layers: dict[int, list[int]] = defaultdict(list)
    for i, number in enumerate(numbers):
        layers[number].append(i)
    return [
        sorted(layers[number], key=lambda i: (found[i][0], i))
        for number in sorted(layers)
    ]


def _cross(net: _Net, layers: Sequence[Sequence[int]]) -> list[float]:
    """The centre of each vertex within its layer, near its neighbours."""
    near: dict[int, list[int]] = defaultdict(list)
    for a, b in net.joins:
        near[a].append(b)
        near[b].append(a)
    at = [0.0] * len(net.vertices)
    for layer in layers:
        _settle(net, layer, dict.fromkeys(layer, 0.0), at)
    for turn in range(_ROUNDS):
        for layer in layers if turn % 2 == 0 else reversed(layers):
            wish = {
                i: sum(at[j] for j in near[i]) / len(near[i]) if near[i] else at[i]
                for i in layer
            }
            _settle(net, layer, wish, at)
    return at


def _settle(
    net: _Net, layer: Sequence[int], wish: Mapping[int, float], at: list[float]
) -> None:
    """Move a layer's vertices closest to ``wish``, keeping order and distances.

    This is isotonic regression: neighbours that want to pass each other are pooled.
    """
    offset, edge = {}, 0.0
    for i in layer:
        half = net.vertices[i].across / 2
        offset[i] = edge + half
        edge += 2 * half + APART
    pools: list[tuple[float, list[int]]] = []
    for i in layer:
        pools.append((wish[i] - offset[i], [i]))
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (a, some), (b, more) = pools[-2:]
            mean = (a * len(some) + b * len(more)) / (len(some) + len(more))
            pools[-2:] = [(mean, some + more)]
    for mean, pool in pools:
        for i in pool:
            at[i] = mean + offset[i]


def _along(net: _Net, layers: Sequence[Sequence[int]]) -> list[float]:
    """The centre of each vertex in the direction of the arrows."""
    at, edge = [0.0] * len(net.vertices), 0.0
    for layer in layers:
        wide = max(net.vertices[i].along for i in layer)
        for i in layer:
            at[i] = edge + wide / 2
        edge += wide + net.gap
    return at


def _placement(  # noqa: PLR0913, PLR0917 - what was worked out above, joined
    boxes: Sequence[Box],
    links: Sequence[Link],
    net: _Net,
    along: Sequence[float],
    cross: Sequence[float],
    direction: str,
) -> Placement:
    vertices = net.vertices
    ends = [at + v.across / 2 for at, v in zip(cross, vertices, strict=True)]
    top = min(at - v.across / 2 for at, v in zip(cross, vertices, strict=True))
    length = max(at + v.along / 2 for at, v in zip(along, vertices, strict=True))

    def point(x: float, y: float) -> Point:
        pair = (x, y - top) if direction == "LR" else (y - top, x)
        return round(pair[0], 1), round(pair[1], 1)

    curves = _curves(links, net, along, cross)
    paths = {id: tuple(point(*p) for p in curve) for id, curve in curves.items()}
    tips = {id: point(c[-1][0] + HEAD, c[-1][1]) for id, c in curves.items()}
    labels = {
        link.id: point(along[chain[1]], cross[chain[1]])
        if link.width
        else middle(paths[link.id])
        for link, chain in zip(links, net.chains.values(), strict=True)
    }
    centres = {box.id: point(along[i], cross[i]) for i, box in enumerate(boxes)}
    width, height = point(length, max(ends))
    return Placement(width, height, centres, paths, tips, labels)


def _curves(
    links: Sequence[Link], net: _Net, along: Sequence[float], cross: Sequence[float]
) -> dict[str, list[Point]]:
    """Each arrow as a smooth curve from border to border, through its vertices."""
    out = _ports(links, net, cross, end=0)
    into = _ports(links, net, cross, end=-1)
    curves = {}
    for link in links:
        chain = net.chains[link.id]
        first, last = chain[0], chain[-1]
        start = along[first] + net.vertices[first].along / 2
        stop = along[last] - net.vertices[last].along / 2 - HEAD
        middle = [(along[i], cross[i]) for i in chain[1:-1]]
        points = [(start, out[link.id]), *middle, (stop, into[link.id])]
        curves[link.id] = _smooth(points)
    return curves


def _ports(
    links: Sequence[Link], net: _Net, cross: Sequence[float], *, end: int
) -> dict[str, float]:
    """Where each arrow meets the border of its box, ordered to avoid crossings."""
    at: dict[int, list[str]] = defaultdict(list)
    for link in links:
        at[net.chains[link.id][end]].append(link.id)
    ports = {}
    for vertex, ids in at.items():
        neighbours = {id: cross[net.chains[id][1 if end == 0 else -2]] for id in ids}
        room = max(0.0, net.vertices[vertex].across - _PORTS)
        step = min(_PORTS, room / max(1, len(ids) - 1))
        for i, id in enumerate(sorted(ids, key=neighbours.__getitem__)):
            ports[id] = cross[vertex] + (i - (len(ids) - 1) / 2) * step
    return ports


def _smooth(points: Sequence[Point]) -> list[Point]:
    """Cubic Bézier pieces that pass every point in the arrows' direction."""
    curve = [points[0]]
    for (ax, ay), (bx, by) in pairwise(points):
        half = (ax + bx) / 2
        curve += [(half, ay), (half, by), (bx, by)]
    return curve
