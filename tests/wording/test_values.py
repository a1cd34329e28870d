"""Numbers, names, formulas and tables as people write them."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeviz.trace.graph import Edge, Graph, Node
from tapeviz.trace.value import Entry, Summary, Value
from tapeviz.wording import values
from tests import samples
from tests.samples import matrix, scalar, vector


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        (6.0, "6"),
        (-0.0, "0"),
        (0.10000000149011612, "0.1"),
        (1e-7, "1e-7"),
        (1.5e20, "1.5e20"),
        (-2.5e-10, "-2.5e-10"),
        (4.677902698516846, "4.6779"),
        (3141592.0, "3141592"),
        (123456.78, "1.2346e5"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (7, "7"),
        (10**11, "100000000000"),
        (True, "True"),
        ("a\nb", "'a b'"),
        (1 + 2j, "1+2j"),
        (1.5 - 0.25j, "1.5-0.25j"),
    ],
)
def test_numbers_for_people(entry: Entry, shown: str) -> None:
    assert values.fmt(scalar(entry)) == shown


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_shown_number_is_close_to_the_real_one(x: float) -> None:
    shown = float(values.fmt(scalar(x)))
    assert shown == pytest.approx(x, rel=6e-5, abs=0)


@given(st.floats(width=32))
def test_exact_number_reads_back_as_the_same_float32(x: float) -> None:
    back = np.float32(values.exact(scalar(x)))
    assert np.array_equal(back, np.float32(x), equal_nan=True)


@given(st.floats())
def test_exact_number_reads_back_as_the_same_float64(x: float) -> None:
    back = float(values.exact(scalar(x, "float64")))
    assert back == x or math.isnan(x)


def test_arrays_for_people() -> None:
    assert values.fmt(vector(1.0, 2.5)) == "[1, 2.5]"
    assert values.fmt(matrix((1.0, 2.0), (3.0, 4.0))) == "[[1, 2], [3, 4]]"
    cube = Value("float32", (2, 1, 2), (1.0, 2.0, 3.0, 4.0))
    assert values.fmt(cube) == "[[[1, 2]], [[3, 4]]]"
    assert values.fmt(Value("float32", (0, 3), ())) == "empty float32 (0, 3)"


def test_large_arrays_in_words() -> None:
    summary = Summary(-1.0, 0.02, 1.0, 0, ())
    large = Value("float32", (64, 128), None, summary)
    assert values.fmt(large) == "float32 (64, 128)  mean 0.02"
    assert values.exact(large) == "from -1.0 to 1.0, mean 0.02"
    odd = replace(large, summary=replace(summary, odd=3))
    assert "3 nan or infinite" in values.exact(odd)
    whole = Value("float32", (4, 5), tuple(map(float, range(20))))
    assert values.fmt(whole) == "float32 (4, 5)  mean 9.5"
    words = Value("string", (20,), ("a",) * 20)
    assert values.fmt(words) == "string (20,)"


def test_brief_prefers_the_entries_and_keeps_to_its_limit() -> None:
    assert values.brief(vector(1.0, 2.0)) == "[1, 2]"
    wide = vector(0.12345, -0.23456, 0.34567, -0.45678)
    assert values.brief(wide) == "(4,) mean -0.055555"
    assert values.brief(scalar(2.0)) == "2"


def test_hover_text_names_dtype_and_shape() -> None:
    assert values.describe(scalar(0.10000000149011612)) == "0.1  float32"
    assert values.describe(vector(1.0)) == "[1.0]  float32, shape (1,)"


def test_names_stay_on_one_line_and_lose_what_cannot_be_seen() -> None:
    assert values.one_line("two\nlines\t x") == "two lines x"
    assert values.one_line("a\u202eb\x00\ud800c") == "a\ufffdb\ufffd\ufffdc"
    assert values.one_line("abcdef", 4) == "abc\u2026"
    assert values.one_line("\u05d0") == "\u05d0\u200e"


@given(st.text(st.characters()), st.integers(2, 40))
def test_names_can_stand_in_xml_and_are_short(name: str, limit: int) -> None:
    once = values.one_line(name, limit)
    assert len(once) <= limit + 1
    assert values.one_line(once) == once
    once.encode()
    assert not set(once) & {*map(chr, range(32)), "\x7f", "\ufffe", "\uffff"}


def test_formulas_in_the_learners_names() -> None:
    assert values.formulas(samples.listing_102()) == {
        "n2": "x ** 2",
        "n4": "2 * x",
        "n5": "x ** 2 + 2 * x",
        "n7": "x ** 2 + 2 * x + 1",
    }
    assert values.formulas(samples.square()) == {"n1": "x * x"}
    assert values.formulas(samples.layer())["n6"] == "sum(relu(x @ W + b))"


def test_long_operands_become_an_ellipsis() -> None:
    short = [*values.formulas(samples.chain(50)).values()]
    assert short[5:7] == ["x" + 6 * " + 1", "\u2026 + 1"]
    assert all(len(f) < 30 for f in short)


def _op(formula: str, **slots: Node) -> Graph:
    nodes = [replace(node, id=f"n{i}") for i, node in enumerate(slots.values())]
    edges = [Edge(f"e{i}", f"n{i}", "n9", i, label) for i, label in enumerate(slots)]
    op = Node("n9", "op", "f", "f", formula, "", scalar(0.0))
    return Graph((*nodes, op), tuple(edges)).validate()


def _leaf(value: float, name: str = "") -> Node:
    return Node("", "constant", "constant", "", "", name, scalar(value))


@pytest.mark.parametrize(
    ("formula", "slots", "shown"),
    [
        ("a ** b", {"a": _leaf(-2.0), "b": _leaf(3.0)}, "(-2) ** 3"),
        ("a - b", {"a": _leaf(1.0), "b": _leaf(-2.0)}, "1 - -2"),
        ("sum(x, axis=0)", {"x": _leaf(1.0, "b")}, "sum(b, axis=0)"),
        ("a * b", {"a": _leaf(1.0, "b"), "b": _leaf(1.0, "a")}, "b * a"),
        ("not python!", {"x": _leaf(1.0)}, "not python!"),
    ],
)
def test_operands_get_parentheses_where_they_must(
    formula: str, slots: dict[str, Node], shown: str
) -> None:
    assert values.formulas(_op(formula, **slots))["n9"] == shown


def test_names_are_never_read_as_code() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph = _op("a * b", a=_leaf(1.0, "1 is 1"), b=_leaf(1.0, "x + y"))
    assert values.formulas(graph)["n9"] == "1 is 1 * x + y"


def test_formulas_with_strange_names_are_used_again() -> None:
    graph = _op("a * b", a=_leaf(1.0, "<b>"), b=_leaf(1.0, "u"))
    again = Node("n10", "op", "f", "f", "a ** b", "", scalar(0.0))
    edges = (Edge("e8", "n9", "n10", 0, "a"), Edge("e9", "n1", "n10", 1, "b"))
    graph = Graph((*graph.nodes, again), (*graph.edges, *edges)).validate()
    assert values.formulas(graph)["n10"] == "(<b> * u) ** u"


def test_table_of_the_listing() -> None:
    lines = values.table(samples.listing_102_done()).splitlines()
    heads = ["id", "kind", "name", "formula", "value", "gradient", "where"]
    assert lines[0].split() == heads
    assert lines[2].split() == ["n0", "variable", "x", "3", "8"]
    assert lines[3].split() == ["n1", "constant", "2"]
    last = "n7 add, target y n5 + 1 16 1 line 3 x**2 + 2*x + 1"
    assert lines[-1].split() == last.split()
    assert len(lines) == 2 + 8


def test_table_tells_three_kinds_of_no_gradient_apart() -> None:
    rows = {
        line.split()[0]: line for line in values.table(samples.marks()).splitlines()
    }
    assert rows["n0"].endswith(" 0")
    assert rows["n1"].endswith("None")
    assert rows["n2"].endswith("not yet")


@pytest.mark.parametrize("name", samples.GRAPHS)
def test_table_has_a_line_for_each_node(name: str) -> None:
    graph = samples.GRAPHS[name]()
    lines = values.table(graph).splitlines()
    assert len(lines) == (len(graph.nodes) + 2 if graph.nodes else 1)
    assert values.table(Graph.from_json(graph.to_json())) == values.table(graph)
    assert json.loads(graph.to_json())


def test_columns_of_wide_letters_line_up() -> None:
    lines = values.columns(
        ("a", "b"), [("\u5909\u6570", "1"), ("abcd", "2")]
    ).splitlines()
    assert lines == ["a     b", "----  -", "\u5909\u6570  1", "abcd  2"]


def test_the_number_of_a_cell_is_not_told() -> None:
    """It changes with every run; a file's name stays."""
    node = samples.listing_102_done().nodes[-1]
    assert node.span
    elsewhere = replace(node, span=replace(node.span, file="In [7]"))
    in_a_file = replace(node, span=replace(node.span, file="walk.py"))
    assert values.where(node) == values.where(elsewhere) == "line 3  x**2 + 2*x + 1"
    assert values.where(in_a_file) == "walk.py:3  x**2 + 2*x + 1"
