"""JSON and back: nothing is lost, nothing foreign is taken for ours."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.codec import pack
from tapeviz.trace.descent import Curvature, Descent
from tapeviz.trace.film import Film
from tapeviz.trace.graph import Graph, Node, Source, Span
from tapeviz.trace.value import Summary, Value
from tests import samples
from tests.trace import strategies

FEW = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
)
KINDS = [
    (Graph, strategies.graphs()),
    (BackwardPass, strategies.passes()),
    (Descent, strategies.descents()),
    (Film, strategies.films()),
]
EACH = pytest.mark.parametrize(
    ("kind", "some"), KINDS, ids=[k.__name__ for k, _ in KINDS]
)


def graph_of(value: Value) -> Graph:
    return Graph((Node("n0", "op", "exp", "exp", "exp(x)", "y", value),))


def strict(text: str) -> Any:
    """JSON as a browser reads it: NaN and Infinity are no words of it."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


@EACH
@FEW
@given(data=st.data())
def test_there_and_back(kind: Any, some: Any, data: st.DataObject) -> None:
    one = data.draw(some)
    text = one.to_json()
    strict(text)
    back = kind.from_json(text)
    assert repr(back) == repr(one)  # nan is not equal to itself, its repr is
    assert back.to_json() == text


@EACH
@FEW
@given(data=st.data())
def test_what_is_sound_validates(kind: Any, some: Any, data: st.DataObject) -> None:
    one = data.draw(some)
    assert one.validate() is one


@EACH
def test_only_its_own_kind(kind: Any, some: Any) -> None:
    for other in ("graph", "backward", "descent", "film", "", "tape"):
        if not kind.__name__.lower().startswith(other or " "):
            with pytest.raises(ValueError, match="is not a tapeviz"):
                kind.from_json(json.dumps({"tapeviz": other}))


@EACH
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("<svg/>", "not JSON"),
        ("[]", "is not a tapeviz"),
        ("null", "is not a tapeviz"),
        ('{"nodes": []}', "is not a tapeviz"),
    ],
)
def test_what_is_not_ours(kind: Any, some: Any, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        kind.from_json(text)


def without(text: str, change: Callable[[dict[str, Any]], Any]) -> str:
    data = json.loads(text)
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["nodes"].pop("value"),
        lambda d: d["nodes"].update(id=[]),
        lambda d: d["nodes"].update(value=3),
        lambda d: d["nodes"].update(value={"dtype": ["float32"]}),
        lambda d: d.update(nodes=7),
        lambda d: d["nodes"]["value"][0].update(shape=None),
    ],
)
def test_a_damaged_text(change: Callable[[dict[str, Any]], Any]) -> None:
    text = graph_of(Value("float32", (), (1.0,))).to_json()
    with pytest.raises(ValueError, match="tapeviz graph is damaged"):
        Graph.from_json(without(text, change))


def paths_in(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every value in a JSON document."""
    inner = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data if isinstance(data, list) else ())
    )
    return [path, *(p for k, v in inner for p in paths_in(v, (*path, k)))]


JUNK = st.sampled_from(
    [
        None,
        True,
        -1,
        1.5,
        "",
        "n0",
        [],
        [1],
        [[]],
        {},
        {"#": "nan"},
        {"#": 7},
        {"id": ["n0"]},
    ]
)


@EACH
@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
    phases=[Phase.generate],
)
@given(data=st.data())
def test_whatever_is_damaged_is_a_value_error(
    kind: Any, some: Any, data: st.DataObject
) -> None:
    document = json.loads(data.draw(some).to_json())
    *path, last = data.draw(st.sampled_from(paths_in(document)[1:]))
    inside = document
    for key in path:
        inside = inside[key]
    inside[last] = data.draw(JUNK)
    try:
        whole = kind.from_json(json.dumps(document))
    except ValueError:
        return
    assert kind.from_json(whole.to_json()).to_json() == whole.to_json()


ODD = [
    math.nan,
    math.inf,
    -math.inf,
    0.0,
    -0.0,
    5e-324,
    1.7976931348623157e308,
    0.1,
    1,
    -3,
    2**80,
    True,
    False,
    "a",
    "#",
    '{"#": "nan"}',
    "</script>",
    "\u2028",
    1j,
    1 + 2j,
    -1j,
    0j,
    complex(math.nan, math.inf),
    complex(-0.0, -0.0),
    complex(0.0, math.inf),
]


@pytest.mark.parametrize("entry", ODD, ids=repr)
def test_every_entry_comes_back_as_it_was(entry: Any) -> None:
    one = graph_of(Value("float64", (2,), (entry, entry)))
    text = one.to_json()
    strict(text)
    (node,) = Graph.from_json(text).nodes
    assert node.value.data is not None
    for back in node.value.data:
        assert type(back) is type(entry)
        assert repr(back) == repr(entry)


def test_a_large_array_is_a_summary() -> None:
    thumb = tuple(tuple(float(i * j) for j in range(16)) for i in range(16))
    large = Value(
        "float32", (1000, 1000), None, Summary(-1.0, math.nan, math.inf, 3, thumb, 2.0)
    )
    text = graph_of(large).to_json()
    assert len(text) < 3000
    assert repr(Graph.from_json(text).nodes[0].value) == repr(large)


def test_a_field_that_came_later_takes_its_default() -> None:
    text = graph_of(Value("float32", (), (1.0,))).to_json()

    def older(data: dict[str, Any]) -> None:
        del data["nodes"]["nickname"], data["nodes"]["grad"], data["nodes"]["gradient"]

    (node,) = Graph.from_json(without(text, older)).nodes
    assert (node.nickname, node.grad, node.gradient) == ("", "pending", None)


def test_a_renamed_field_is_saved_under_its_first_name() -> None:
    """The ids in a page are digests of this text: a new key would change them all."""
    curve = Curvature("end", (5.0,), (0.0,), (2.0,), ((1.0,),))
    saved = json.loads(Descent(("x",), (), curvatures=(curve,)).to_json())
    assert saved["curvatures"]["bends"] == [[2.0]]
    assert "eigenvalues" not in saved["curvatures"]


def test_many_nodes_are_columns() -> None:
    nodes = tuple(
        Node(
            f"n{i}", "op", "exp", "exp", "exp(x)", "", Value("float32", (), (float(i),))
        )
        for i in range(1000)
    )
    text = Graph(nodes).to_json()
    assert len(text) < 200 * 1000
    assert Graph.from_json(text) == Graph(nodes)


def one_line(ops: int) -> Graph:
    """What a line of chained additions records: each sum's code holds all before it."""
    code = "y = " + " + ".join(["x"] * (ops + 1))
    source = Source("In [1]", 3, ("with tf.GradientTape() as tape:", f"    {code}"))
    value = samples.scalar(1.0)
    nodes = [Node("v0", "variable", "variable", "", "", "x", value)]
    for i in range(ops):
        end = len("    y = x") + 4 * (i + 1)
        span = Span("In [1]", 4, 8, 4, end, f"    {code}"[8:end])
        nodes.append(Node(f"n{i}", "op", "add", "+", "a + b", "", value, span))
    return Graph(tuple(nodes), sources=(source,))


def test_long_code_is_written_once() -> None:
    sizes = [len(one_line(ops).to_json()) for ops in (500, 1000, 2000)]
    assert sizes[2] - sizes[1] < 2.3 * (sizes[1] - sizes[0])
    assert sizes[1] < 500_000
    assert Graph.from_json(one_line(1000).to_json()) == one_line(1000)


def test_long_code_that_its_source_does_not_have_is_kept() -> None:
    graph = one_line(300)
    for source in (replace(graph.sources[0], lines=("other", "code")), None):
        other = replace(graph, sources=(source,) if source else ())
        text = other.to_json()
        assert text.count(" + x + x") > 20_000
        if source:
            assert Graph.from_json(text) == other


def test_a_file_that_holds_all_code_is_read_as_before() -> None:
    graph = one_line(300)
    whole = json.loads(graph.to_json())
    whole["nodes"]["span"] = [pack(node.span) for node in graph.nodes]
    assert Graph.from_json(json.dumps(whole)) == graph
