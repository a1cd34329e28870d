"""Programs with loops and calls, run by a machine that knows nothing of folding."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from tapeviz.trace.graph import CodeBlock, Edge, Graph, Node, Scope, Source, Span
from tests.samples import scalar

FILE = "In [1]"


@dataclass
class Machine:
    """Writes a graph down op by op, each from a line of the code it is given."""

    code: tuple[str, ...] = ()
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    blocks: tuple[CodeBlock, ...] = ()

    def leaf(self, kind: str = "variable", name: str = "", source: bool = False) -> str:
        id = f"n{len(self.nodes)}"
        value = scalar(float(len(self.nodes)))
        self.nodes.append(Node(id, kind, kind, "", "", name, value, source=source))
        return id

    def op(self, line: int, *tails: str, name: str = "") -> str:
        id, at = f"n{len(self.nodes)}", len(self.nodes)
        text = self.code[line - 1].strip() if line <= len(self.code) else "op"
        span = Span(FILE, line, 0, line, len(text), text) if self.code else None
        node = Node(
            id, "op", "add", "+", "a + b", name, scalar(float(at)), span,
            grad="value", gradient=scalar(at / 8),
        )  # fmt: skip
        self.nodes.append(node)
        for slot, tail in enumerate(tails):
            self.edges.append(Edge(f"e{at}_{slot}", tail, id, slot, "ab"[slot % 2]))
        return id

    def graph(self, *targets: str) -> Graph:
        nodes = (replace(n, target=n.id in targets) for n in self.nodes)
        sources = (Source(FILE, 1, self.code),) if self.code else ()
        return Graph(
            tuple(nodes), tuple(self.edges), sources, tuple(self.scopes),
            blocks=self.blocks,
        ).validate()  # fmt: skip


def block(kind: str, line: int, end_line: int, name: str = "") -> CodeBlock:
    return CodeBlock(FILE, kind, name, line, end_line)


LOOP = (
    "with tf.GradientTape() as tape:",
    "    y = x * 1",
    "    for i in range(n):",
    "        y = y * w",
    "        y = y + b",
    "    loss = y * y",
)


def loop(rounds: int) -> Graph:
    """``rounds`` times two ops, an op before and the target after."""
    run = Machine(LOOP, blocks=(block("loop", 3, 5),))
    x, w, b = (run.leaf(name=name, source=True) for name in "xwb")
    y = run.op(2, x, run.leaf("constant"))
    for _ in range(rounds):
        y = run.op(5, run.op(4, y, w), b)
    return run.graph(run.op(6, y, y, name="loss"))


NESTED = (
    "with tf.GradientTape() as tape:",
    "    for i in range(n):",
    "        y = x",
    "        for j in range(m):",
    "            y = cell(y)",
    "        s = s + y",
    "def cell(y):",
    "    return tanh(y * w)",
    "    # tanh",
)


def nested(outer: int, inner: int) -> Graph:
    """A loop in a loop, whose body is a function of two ops."""
    loops = (block("loop", 2, 6), block("loop", 4, 5))
    run = Machine(NESTED, blocks=(*loops, block("function", 7, 9, "cell")))
    x, w, s = (run.leaf(name=name) for name in "xws")
    for _ in range(outer):
        y = x
        for _ in range(inner):
            y = run.op(9, run.op(8, y, w))
        s = run.op(6, s, y)
    return run.graph(s)


BRANCHED = (
    "with tf.GradientTape() as tape:",
    "    for i in range(n):",
    "        if c(i):",
    "            y = y / 2",
    "        y = y + 1",
)


def branched(rounds: int) -> Graph:
    """A loop with an op that is not in every round."""
    run = Machine(BRANCHED, blocks=(block("loop", 2, 5), block("branch", 3, 4)))
    y = run.leaf(name="x")
    for i in range(rounds):
        y = run.op(4, y) if i * i % 7 < 3 else y
        y = run.op(5, y)
    return run.graph(y)


def layers(count: int, each: int = 3) -> Graph:
    """Layers called one after the other from one line, each with its own weights."""
    run = Machine(("y = model(x)",))
    y = run.leaf("watched", "x")
    for i in range(count):
        ops = []
        for _ in range(each):
            y = run.op(1, y, run.leaf())
            ops.append(y)
        run.scopes.append(Scope(f"dense_{i}", ops[0], ops[-1]))
    return run.graph(y)


@st.composite
def programs(draw: st.DrawFn) -> Graph:
    """Any graph: lines in any order, operands from anywhere, targets and scopes."""
    code = tuple(
        "    " * draw(st.integers(0, 3))
        + draw(st.sampled_from(["for i in r:", "if i:", "def f():", "y = y + 1"]))
        for _ in range(draw(st.integers(0, 6)))
    )
    lines = st.integers(1, 6)
    kinds = st.sampled_from(("loop", "function", "branch"))
    blocks = st.lists(st.builds(block, kinds, lines, lines), max_size=4)
    run = Machine(code, blocks=tuple(draw(blocks)))
    leaves = [run.leaf(source=draw(st.booleans())) for _ in range(3)]
    body = draw(st.lists(st.integers(1, 8), min_size=1, max_size=6))
    ops: list[str] = []
    for _ in range(draw(st.integers(1, 60))):
        for line in body if draw(st.integers(0, 9)) else reversed(body):
            near = ops[-draw(st.integers(1, 9)) :] + leaves
            tails = [draw(st.sampled_from(near)) for _ in range(line % 3)]
            tails += [run.leaf("constant")] if line % 4 == 1 else []
            ops.append(run.op(line, *tails))
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, len(ops) - 1))
        stop = draw(st.integers(start, min(start + 20, len(ops) - 1)))
        run.scopes.append(Scope("layer", ops[start], ops[stop]))
    targets = draw(st.lists(st.sampled_from(ops), max_size=3))
    return run.graph(*targets)
