"""Random small programs with their backward passes, worked out here from scratch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from tapeviz.trace.backward_pass import BackwardPass, Contribution, Step
from tapeviz.trace.graph import Edge, Graph, Node
from tests.samples import scalar

LOCALS = {
    "add": ("a + b", lambda _a, _b: (1.0, 1.0), lambda a, b: a + b),
    "sub": ("a - b", lambda _a, _b: (1.0, -1.0), lambda a, b: a - b),
    "mul": ("a * b", lambda a, b: (b, a), lambda a, b: a * b),
}


@dataclass
class _Sweep:
    """A reverse sweep over a list of ops, as a textbook writes it."""

    graph: Graph
    totals: dict[str, float] = field(default_factory=dict)

    def steps(self) -> tuple[Step, ...]:
        last = self.graph.nodes[-1].id
        self.totals[last] = 1.0
        into = {
            n.id: [e for e in self.graph.edges if e.head == n.id]
            for n in self.graph.nodes
        }
        left = {n.id: self._paths(n.id, into) for n in self.graph.nodes}
        found = [
            self._step(node, into[node.id], left)
            for node in reversed(self.graph.nodes)
            if node.id in self.totals and into[node.id]
        ]
        return tuple(found)

    def _paths(self, id: str, into: dict[str, list[Edge]]) -> int:
        reached, todo = set(), [self.graph.nodes[-1].id]
        while todo:
            node = todo.pop()
            if node not in reached:
                reached.add(node)
                todo += [edge.tail for edge in into[node] if edge.live]
        return sum(
            e.tail == id and e.live and e.head in reached for e in self.graph.edges
        )

    def _step(self, node: Node, edges: list[Edge], left: dict[str, int]) -> Step:
        values = [self.graph.node(e.tail).value.entry for e in edges]
        local = LOCALS[node.op][1](*values)
        g = self.totals[node.id]
        handed = []
        for edge, slope in zip(edges, local, strict=True):
            if edge.live:
                self.totals[edge.tail] = self.totals.get(edge.tail, 0.0) + g * slope
                left[edge.tail] -= 1
                handed.append(
                    Contribution(
                        edge.id,
                        edge.tail,
                        "g * d",
                        f"{g} * {slope}",
                        scalar(g * slope),
                        scalar(self.totals[edge.tail]),
                        left[edge.tail] == 0,
                        "d",
                        scalar(slope),
                    )
                )
        return Step(node.id, scalar(g), tuple(handed))


@st.composite
def passes(draw: st.DrawFn) -> BackwardPass:
    """The backward pass of up to eight ops on two variables and a constant."""
    kinds = ("variable", "variable", "constant")
    names = ("x", "y", "")
    nodes = [
        Node(f"n{i}", kind, kind, "", "", name, scalar(float(draw(st.integers(-3, 3)))))
        for i, (kind, name) in enumerate(zip(kinds, names, strict=True))
    ]
    edges: list[Edge] = []
    for k in range(draw(st.integers(1, 8))):
        op = draw(st.sampled_from(sorted(LOCALS)))
        formula, _, run = LOCALS[op]
        tails = [draw(st.integers(0, len(nodes) - 1)) for _ in "ab"]
        value = run(*(nodes[t].value.entry for t in tails))
        id = f"n{len(nodes)}"
        for slot, tail in enumerate(tails):
            live = nodes[tail].kind != "constant"
            edges.append(
                Edge(f"e{2 * k + slot}", f"n{tail}", id, slot, "ab"[slot], live=live)
            )
        nodes.append(Node(id, "op", op, op, formula, "", scalar(value)))
    nodes[-1] = replace(nodes[-1], target=True)
    graph = Graph(tuple(nodes), tuple(edges)).validate()
    sweep = _Sweep(graph)
    steps = sweep.steps()
    found = tuple(
        scalar(sweep.totals[s]) if s in sweep.totals else None for s in ("n0", "n1")
    )
    return BackwardPass(
        graph, (nodes[-1].id,), (scalar(1.0),), ("n0", "n1"), steps, found
    ).validate()
