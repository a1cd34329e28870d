"""Hand-built graphs and backward passes: what the renderers are tested with.

The numbers are worked out on paper, not by the engine.
"""

from __future__ import annotations

from dataclasses import replace

from tapeviz.trace.backward_pass import BackwardPass, Contribution, Step
from tapeviz.trace.graph import Edge, Graph, Node, Source, Span
from tapeviz.trace.value import Entry, Summary, Value

HOSTILE = (
    "<script>alert('x')</script>",
    'a "quoted" \\name\\ & <b>more</b>',
    "two\nlines\tand\r\x00control",
    "\u202egnirts\u202c \u05e9\u05dc\u05d5\u05dd",
    "\u0645\u062a\u063a\u064a\u0631",
    "\u5909\u6570\u540d\U0001f600",
    "a_very_long_name_that_nobody_would_want_to_read_in_a_picture" * 4,
    "]]>--><![CDATA[",
)
"""Names that try to break a picture or the page around it."""


def scalar(entry: Entry, dtype: str = "float32") -> Value:
    """A value that is one number."""
    return Value(dtype, (), (entry,))


def vector(*entries: Entry) -> Value:
    """A float32 vector."""
    return Value("float32", (len(entries),), entries)


def matrix(*rows: tuple[Entry, ...]) -> Value:
    """A float32 matrix, given row by row."""
    entries = tuple(entry for row in rows for entry in row)
    return Value("float32", (len(rows), len(rows[0])), entries)


def _leaf(id: str, kind: str, value: Value, name: str = "") -> Node:
    return Node(id, kind, kind, "", "", name, value)


def _op(id: str, op: str, symbol: str, formula: str, value: Value) -> Node:
    return Node(id, "op", op, symbol, formula, "", value)


def _seen(node: Node, gradient: Value) -> Node:
    return replace(node, grad="value", gradient=gradient)


CODE_102 = Source(
    "In [1]",
    1,
    (
        "x = tf.Variable(3.0)",
        "with tf.GradientTape() as tape:",
        "    y = x**2 + 2*x + 1",
    ),
)


def _span(col: int, end: int) -> Span:
    return Span("In [1]", 3, col, 3, end, CODE_102.lines[2][col:end])


def _add(id: str, value: Value) -> Node:
    return replace(_op(id, "add", "+", "a + b", value), nickname="add distributes")


def listing_102() -> Graph:
    """``y = x**2 + 2*x + 1`` at x = 3, recorded and not yet differentiated."""
    nodes = (
        _leaf("n0", "variable", scalar(3.0), "x"),
        _leaf("n1", "constant", scalar(2.0)),
        replace(_op("n2", "pow", "**", "a ** b", scalar(9.0)), span=_span(8, 12)),
        _leaf("n3", "constant", scalar(2.0)),
        replace(
            _op("n4", "mul", "\u00d7", "a * b", scalar(6.0)),
            span=_span(15, 18),
            nickname="multiply swaps",
        ),
        replace(_add("n5", scalar(15.0)), span=_span(8, 18)),
        _leaf("n6", "constant", scalar(1.0)),
        replace(_add("n7", scalar(16.0)), span=_span(8, 22), name="y"),
    )
    edges = (
        Edge("e0", "n0", "n2", 0, "a", ordered=True),
        Edge("e1", "n1", "n2", 1, "b", ordered=True, live=False),
        Edge("e2", "n3", "n4", 0, "a", live=False),
        Edge("e3", "n0", "n4", 1, "b"),
        Edge("e4", "n2", "n5", 0, "a"),
        Edge("e5", "n4", "n5", 1, "b"),
        Edge("e6", "n5", "n7", 0, "a"),
        Edge("e7", "n6", "n7", 1, "b", live=False),
    )
    nodes = (
        replace(nodes[0], source=True),
        *nodes[1:7],
        replace(nodes[7], target=True),
    )
    return Graph(nodes, edges, (CODE_102,)).validate()


def listing_102_done() -> Graph:
    """Listing 10.2 with the gradients filled in, as it is after the pass."""
    graph = listing_102()
    found = {"n0": 8.0, "n2": 1.0, "n4": 1.0, "n5": 1.0, "n7": 1.0}
    nodes = tuple(
        _seen(n, scalar(found[n.id])) if n.id in found else n for n in graph.nodes
    )
    return replace(graph, nodes=nodes).validate()


def backward_102() -> BackwardPass:
    """The backward pass of listing 10.2: 6 and 2 meet at x and make 8."""
    one, two, six, eight = (scalar(v) for v in (1.0, 2.0, 6.0, 8.0))
    steps = (
        Step(
            "n7",
            one,
            (Contribution("e6", "n5", "g", "1", one, one, True, "1", one),),
            "the rule is g",
        ),
        Step(
            "n5",
            one,
            (
                Contribution("e4", "n2", "g", "1", one, one, True, "1", one),
                Contribution("e5", "n4", "g", "1", one, one, True, "1", one),
            ),
            "the rule is g",
        ),
        Step(
            "n4",
            one,
            (Contribution("e3", "n0", "g * a", "1 * 2", two, two, False, "a", two),),
            "the rule is g times the other operand",
        ),
        Step(
            "n2",
            one,
            (
                Contribution(
                    "e0",
                    "n0",
                    "g * b * a ** (b - 1)",
                    "1 * 2 * 3 ** (2 - 1)",
                    six,
                    eight,
                    True,
                    "b * a ** (b - 1)",
                    six,
                ),
            ),
        ),
    )
    graph = listing_102()
    return BackwardPass(graph, ("n7",), (one,), ("n0",), steps, (eight,)).validate()


def square() -> Graph:
    """``y = x * x`` at x = 3: two arrows between the same two nodes."""
    nodes = (
        replace(_leaf("n0", "watched", scalar(3.0), "x"), source=True),
        replace(
            _op("n1", "mul", "\u00d7", "a * b", scalar(9.0)), name="y", target=True
        ),
    )
    edges = (Edge("e0", "n0", "n1", 0, "a"), Edge("e1", "n0", "n1", 1, "b"))
    return Graph(nodes, edges).validate()


def backward_square() -> BackwardPass:
    """The backward pass of ``x * x``: 3 along each arrow, 6 together."""
    one, three, six = (scalar(v) for v in (1.0, 3.0, 6.0))
    step = Step(
        "n1",
        one,
        (
            Contribution("e0", "n0", "g * b", "1 * 3", three, three, False, "b", three),
            Contribution("e1", "n0", "g * a", "1 * 3", three, six, True, "a", three),
        ),
        "the rule is g times the other operand",
    )
    return BackwardPass(square(), ("n1",), (one,), ("n0",), (step,), (six,)).validate()


def layer() -> Graph:
    """``loss = sum(relu(x @ W + b))`` with a bias that is broadcast."""
    nodes = (
        _leaf("n0", "constant", matrix((1.0, 2.0), (3.0, 4.0)), "x"),
        replace(
            _leaf("n1", "variable", matrix((1.0, -1.0, 0.5), (0.0, 1.0, 2.0)), "W"),
            source=True,
        ),
        _op(
            "n2",
            "matmul",
            "@",
            "a @ b",
            matrix((1.0, 1.0, 4.5), (3.0, 1.0, 9.5)),
        ),
        replace(_leaf("n3", "variable", vector(0.5, -2.0, 0.0), "b"), source=True),
        _add("n4", matrix((1.5, -1.0, 4.5), (3.5, -1.0, 9.5))),
        _op("n5", "relu", "relu", "relu(x)", matrix((1.5, 0.0, 4.5), (3.5, 0.0, 9.5))),
        replace(
            _op("n6", "reduce_sum", "sum", "sum(x)", scalar(19.0)),
            name="loss",
            target=True,
        ),
    )
    edges = (
        Edge("e0", "n0", "n2", 0, "a", ordered=True, live=False),
        Edge("e1", "n1", "n2", 1, "b", ordered=True),
        Edge("e2", "n2", "n4", 0, "a"),
        Edge("e3", "n3", "n4", 1, "b", broadcast=True),
        Edge("e4", "n4", "n5", 0, "x"),
        Edge("e5", "n5", "n6", 0, "x"),
    )
    return Graph(nodes, edges).validate()


def layer_done() -> Graph:
    """``layer`` with the gradients filled in, as it is after the pass."""
    ones = matrix((1.0,) * 3, (1.0,) * 3)
    gate = matrix((1.0, 0.0, 1.0), (1.0, 0.0, 1.0))
    found = {
        "n1": matrix((4.0, 0.0, 4.0), (6.0, 0.0, 6.0)),
        "n2": gate,
        "n3": vector(2.0, 0.0, 2.0),
        "n4": gate,
        "n5": ones,
        "n6": scalar(1.0),
    }
    graph = layer()
    nodes = tuple(_seen(n, found[n.id]) if n.id in found else n for n in graph.nodes)
    return replace(graph, nodes=nodes).validate()


def backward_layer() -> BackwardPass:
    """The backward pass of ``layer``: a matmul rule and a sum over the rows."""
    one = scalar(1.0)
    ones = matrix((1.0,) * 3, (1.0,) * 3)
    gate = matrix((1.0, 0.0, 1.0), (1.0, 0.0, 1.0))
    bias = vector(2.0, 0.0, 2.0)
    weights = matrix((4.0, 0.0, 4.0), (6.0, 0.0, 6.0))
    steps = (
        Step(
            "n6",
            one,
            (Contribution("e5", "n5", "fill(g, x)", "1 for each", ones, ones, True),),
        ),
        Step(
            "n5",
            ones,
            (Contribution("e4", "n4", "g * (x > 0)", "g * (x > 0)", gate, gate, True),),
        ),
        Step(
            "n4",
            gate,
            (
                Contribution("e2", "n2", "g", "g", gate, gate, True),
                Contribution("e3", "n3", "g", "sum of g", bias, bias, True),
            ),
            "the rule is g",
        ),
        Step(
            "n2",
            gate,
            (
                Contribution(
                    "e1",
                    "n1",
                    "T(a) @ g",
                    "(2, 2) @ (2, 3)",
                    weights,
                    weights,
                    True,
                ),
            ),
            "the rule is a product with the other, turned",
        ),
    )
    return BackwardPass(
        layer(), ("n6",), (one,), ("n1", "n3"), steps, (weights, bias)
    ).validate()


def marks() -> Graph:
    """``y = relu(x) * c`` at x = -1: gradients 0, None and not computed yet."""
    nodes = (
        replace(_seen(_leaf("n0", "variable", scalar(-1.0), "x"), scalar(0.0))),
        replace(_leaf("n1", "constant", scalar(5.0), "c"), source=True, grad="none"),
        _op("n2", "relu", "relu", "relu(x)", scalar(0.0)),
        replace(
            _op("n3", "mul", "\u00d7", "a * b", scalar(0.0)), name="y", target=True
        ),
    )
    edges = (
        Edge("e0", "n0", "n2", 0, "x"),
        Edge("e1", "n2", "n3", 0, "a"),
        Edge("e2", "n1", "n3", 1, "b", live=False),
    )
    return Graph((replace(nodes[0], source=True), *nodes[1:]), edges).validate()


def big() -> Graph:
    """A large array with a summary, odd numbers, and an ordered division."""
    thumb = tuple(tuple((r - c) / 16 for c in range(16)) for r in range(16))
    summary = Summary(-3.25, 0.0213, 4.5, 0, thumb)
    wide = Value("float32", (64, 128), None, summary)
    nodes = (
        _leaf("n0", "variable", wide, "weights"),
        _leaf("n1", "watched", scalar(1e-7), "eps"),
        _op("n2", "div", "/", "a / b", wide),
        replace(_op("n3", "log", "log", "log(x)", wide), name="z"),
        replace(
            _seen(
                _op("n4", "reduce_mean", "mean", "mean(x)", scalar(float("nan"))),
                scalar(float("inf")),
            ),
            name="m",
            target=True,
        ),
    )
    edges = (
        Edge("e0", "n0", "n2", 0, "a", ordered=True),
        Edge("e1", "n1", "n2", 1, "b", ordered=True, broadcast=True),
        Edge("e2", "n2", "n3", 0, "x"),
        Edge("e3", "n3", "n4", 0, "x"),
    )
    return Graph(nodes, edges).validate()


def hostile() -> Graph:
    """One variable for each hostile name, all added up; the sums bear them too."""
    leaves = tuple(
        _leaf(f"n{i}", "variable", scalar(float(i)), name)
        for i, name in enumerate(HOSTILE)
    )
    nodes, edges = list(leaves), []
    last = "n0"
    for i in range(1, len(HOSTILE)):
        id = f"n{len(HOSTILE) + i - 1}"
        nodes.append(replace(_add(id, scalar(0.0)), name=HOSTILE[i]))
        edges += [
            Edge(f"e{2 * i - 2}", last, id, 0, "a"),
            Edge(f"e{2 * i - 1}", f"n{i}", id, 1, "b"),
        ]
        last = id
    return Graph(tuple(nodes), tuple(edges)).validate()


def chain(length: int) -> Graph:
    """A chain of ``length`` additions of 1 to x = 0."""
    nodes = [
        _leaf("n0", "variable", scalar(0.0), "x"),
        _leaf("n1", "constant", scalar(1.0)),
    ]
    edges = []
    for i in range(length):
        tail = "n0" if i == 0 else f"n{i + 1}"
        nodes.append(_add(f"n{i + 2}", scalar(float(i + 1))))
        edges += [
            Edge(f"e{2 * i}", tail, f"n{i + 2}", 0, "a"),
            Edge(f"e{2 * i + 1}", "n1", f"n{i + 2}", 1, "b", live=False),
        ]
    return Graph(tuple(nodes), tuple(edges)).validate()


GRAPHS = {
    "listing": listing_102,
    "done": listing_102_done,
    "square": square,
    "layer": layer,
    "layer done": layer_done,
    "marks": marks,
    "big": big,
    "hostile": hostile,
    "empty": Graph,
}
"""All sample graphs by name, for tests that hold for each of them."""
