"""What a tape did not record, as a graph shows it: nodes, edges, cuts and notes."""

from __future__ import annotations

import linecache
import logging
import math
import textwrap
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.trace.graph import CUTS, NOT_RECORDED, NOTES, Graph, Node
from tests.inspect.mistakes import NONE, WILD, ZERO, Mistake, run

_numbers = count()


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("tensorflow"), "disabled", True)


def drawn(code: str) -> Graph:
    """The graph of the picture that the program's last line asks for."""
    name = f"unrecorded_{next(_numbers)}.py"
    code = textwrap.dedent(code).strip() + "\n"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    space: dict[str, Any] = {"tf": tf, "np": np, "math": math, "draw": tf.draw}
    exec(compile(code, name, "exec"), space)  # noqa: S102 - our own programs
    graph: Graph = space["picture"].graph
    assert Graph.from_json(graph.to_json()) == graph
    return graph


def named(graph: Graph, name: str) -> Node:
    (found,) = (node for node in graph.nodes if node.name == name)
    return found


def unrecorded(graph: Graph) -> dict[str, str]:
    """The kinds of the unrecorded nodes, by name or code."""
    return {n.name or n.formula: n.unrecorded for n in graph.nodes if n.unrecorded}


def unrecorded_edges(graph: Graph) -> set[tuple[str, str, str]]:
    """The unrecorded edges: names or codes of their ends, and their cuts."""
    call = {n.id: n.name or n.formula for n in graph.nodes}
    return {(call[t.tail], call[t.head], t.cut) for t in graph.unrecorded_edges}


def test_an_empty_tape_shows_what_was_not_watched_and_says_why() -> None:
    graph = drawn("""
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        answer = tape.gradient(y, x)
        picture = draw(tape)
    """)
    x, y = named(graph, "x"), named(graph, "y")
    assert (x.unrecorded, x.source, x.grad, x.value.entry) == (
        "unwatched",
        True,
        "none",
        3,
    )
    assert (y.unrecorded, y.target, y.op, y.value.entry) == (
        "unseen",
        True,
        "multiply",
        9,
    )
    assert unrecorded_edges(graph) == {("x", "y", "")}
    assert [n.kind for n in graph.notes] == ["silent", "used"]
    assert graph.notes[0].text == (
        "Nothing was recorded. x is a constant, and the tape was not told to watch it."
    )
    assert x.span is not None
    assert (x.span.line, x.span.text) == (1, "x = tf.constant(3.0)")


def test_the_same_with_the_variables_out_of_sight() -> None:
    graph = drawn("""
        def question():
            x = tf.constant(3.0)
            with tf.GradientTape() as tape:
                y = x * x
            return tape
        x = tf.constant(8.0)
        y = tf.constant(9.0)
        picture = draw(question())
    """)
    assert unrecorded(graph) == {"x": "unwatched", "y": "unseen"}
    assert not named(graph, "x").value.known
    assert not named(graph, "y").value.known


def test_nothing_at_all() -> None:
    graph = drawn("""
        with tf.GradientTape() as tape:
            pass
        picture = draw(tape)
    """)
    assert graph.nodes == ()
    assert "no operation in the block" in graph.notes[0].text
    never = drawn("picture = draw(tf.GradientTape())")
    assert "has not run yet" in never.notes[0].text


CASES = [
    (
        "x = tf.Variable(3.0)\nc = x * 2.0",
        "y = x * c",
        {"c": "outside"},
        ("x", "c", ""),
    ),
    ("x = tf.Variable(3.0)\nc = tf.constant(2.0)", "y = x * c", {"c": "unwatched"}, ()),
    (
        "x = tf.Variable(3.0)",
        "with tape.stop_recording():\n        c = x * 2.0\n    y = x * c",
        {"c": "paused"},
        ("x", "c", ""),
    ),
    (
        "x = tf.Variable(3.0)",
        "c = np.sin(x)\n    y = x * c",
        {"c": "left"},
        ("x", "c", "left"),
    ),
    (
        "x = tf.Variable(3.0)",
        "y = x * float(x)",
        {"float(x)": "left"},
        ("x", "float(x)", "left"),
    ),
    (
        "x = tf.Variable(3.0)",
        "y = x * x\n    seen = y.numpy()",
        {"seen": "left"},
        ("y", "seen", "left"),
    ),
    (
        "x = tf.Variable(3.0, trainable=False)\nw = tf.Variable(1.0)",
        "y = x * w",
        {"x": "unwatched"},
        (),
    ),
    (
        "x = tf.Variable(3.0)\nc = tf.constant(2.0)",
        "y = x * c\n    z = tf.sin(c)",
        {"c": "unwatched", "z": "unseen"},
        ("c", "z", ""),
    ),
]


@pytest.mark.parametrize(("before", "block", "found", "edge"), CASES)
def test_each_kind_of_unrecorded_node(
    before: str, block: str, found: dict[str, str], edge: tuple[str, ...]
) -> None:
    graph = drawn(
        f"{before}\nwith tf.GradientTape() as tape:\n    {block}\npicture = draw(tape)"
    )
    assert unrecorded(graph) == found
    assert unrecorded_edges(graph) == ({edge} if edge else set())
    for node in graph.nodes:
        assert not node.unrecorded or node.note.endswith(".")
        assert not node.unrecorded or node.span is not None


def test_a_value_seen_from_outside_is_the_value_that_was_computed() -> None:
    graph = drawn("""
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        z = y + 1.0
        tape.gradient(z, x)
        picture = draw(tape)
    """)
    z = named(graph, "z")
    assert (z.unrecorded, z.target, z.value.entry, z.op) == (
        "outside",
        True,
        10.0,
        "add",
    )
    assert unrecorded_edges(graph) == {("y", "z", "")}
    assert "after the block of tape" in z.note


def test_updates_after_the_block_are_not_taken_for_operations_of_it() -> None:
    graph = drawn("""
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        dy = tape.gradient(y, x)
        x.assign_sub(0.1 * dy)
        with tf.GradientTape() as other:
            w = x * 3.0
        print(y)
        picture = draw(tape)
    """)
    assert unrecorded(graph) == {}


def test_where_a_function_computed_is_said_only_if_the_code_tells() -> None:
    inside = drawn("""
        a = tf.constant(2.0)
        def model(q):
            bias = a * a
            return q * bias
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = model(x)
        picture = draw(tape)
    """)
    assert unrecorded(inside) == {"bias": "unseen", "a": "unwatched"}
    around = drawn("""
        x = tf.Variable(3.0)
        def make():
            bias = x * x
            def model(q):
                return q * bias
            return model
        model = make()
        with tf.GradientTape() as tape:
            y = model(x)
        picture = draw(tape)
    """)
    assert unrecorded(around) == {"bias": "unrecorded"}


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (
            "y = x * x\n    g = tape.gradient(y, x)\n    z = y * 2.0",
            "z was computed after gradient() had ended the recording.",
        ),
        (
            "z = c * 2.0\n    tape.watch(c)\n    y = c * x",
            "z was computed before c was watched.",
        ),
    ],
)
def test_computed_from_something_recorded_and_still_not_recorded(
    block: str, said: str
) -> None:
    graph = drawn(
        "x = tf.Variable(3.0)\nc = tf.constant(2.0)\n"
        f"with tf.GradientTape() as tape:\n    {block}\npicture = draw(tape)"
    )
    assert (named(graph, "z").unrecorded, named(graph, "z").note) == (
        "unrecorded",
        said,
    )


def test_cuts_at_operations_without_a_slope() -> None:
    graph = drawn("""
        x = tf.Variable(2.5)
        with tf.GradientTape() as tape:
            a = tf.floor(x)
            b = tf.stop_gradient(x)
            c = tf.cast(x, tf.int32)
            d = tf.where(x > 1.0, x, a)
            y = a + b + d
        picture = draw(tape)
    """)
    by = graph.by_id
    found = {by[e.head].op: (by[e.tail].name, e.cut) for e in graph.edges if e.cut}
    assert found == {
        "floor": ("x", "step"),
        "stop_gradient": ("x", "stopped"),
        "cast_whole": ("x", "integer"),
        "greater": ("x", "step"),
    }
    assert all(e.note.endswith(".") and not e.live for e in graph.edges if e.cut)


def test_a_gradient_function_that_gives_none_is_a_cut() -> None:
    graph = drawn("""
        @tf.custom_gradient
        def f(x):
            return x * x, lambda g: None

        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = f(x)
        tape.gradient(y, x)
        picture = draw(tape)
    """)
    (cut,) = (e for e in graph.edges if e.cut)
    assert (cut.cut, graph.node(cut.head).name) == ("custom", "y")
    assert "gave None for x" in cut.note


def test_an_assignment_keeps_the_number_only() -> None:
    graph = drawn("""
        v = tf.Variable(1.0)
        u = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            t = v * 3.0
            u.assign(t)
            y = u * v
        tape.gradient(y, v)
        picture = draw(tape)
    """)
    (edge,) = graph.unrecorded_edges
    assert (graph.node(edge.tail).name, graph.node(edge.head).op) == ("t", "read")
    assert edge.cut == "assigned"
    assert "remembers only its number" in edge.note


def test_an_assignment_to_a_variable_that_is_not_watched() -> None:
    graph = drawn("""
        x = tf.Variable(3.0)
        mean = tf.Variable(0.0, trainable=False)
        with tf.GradientTape() as tape:
            y = x * x
            mean.assign(y)
            z = mean * x
        picture = draw(tape)
    """)
    assert unrecorded(graph) == {"mean": "unwatched"}
    assert unrecorded_edges(graph) == {("y", "mean", "assigned")}
    assert named(graph, "mean").value.entry == 9.0


def test_used_up_and_reset() -> None:
    graph = drawn("""
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x + 1.0
            tape.reset()
            z = x * y
        tape.gradient(z, x)
        picture = draw(tape)
    """)
    assert [(n.kind, n.text) for n in graph.notes] == [
        ("reset", "reset() dropped 2 operations."),
        ("used", "Used up by gradient(); persistent=True lets it be asked again."),
    ]
    assert named(graph, "y").unrecorded == "forgotten"
    again = drawn("""
        x = tf.Variable(3.0)
        with tf.GradientTape(persistent=True) as tape:
            y = x * x
        tape.gradient(y, x)
        picture = draw(tape)
    """)
    assert again.notes == ()


@pytest.mark.parametrize(
    ("line", "code", "error", "tails"),
    [
        ("y = h @ b", "h @ b", "InvalidArgumentError", {"h", "b"}),
        ("y = tf.matmul(h, b)", "tf.matmul(h, b)", "InvalidArgumentError", {"h", "b"}),
        ("y = (h * 2.0) + c", "(h * 2.0) + c", "InvalidArgumentError", {"c", ""}),
        ("y = h + 'text'", "h + 'text'", "", {"h"}),
        ("y = h + nowhere", "nowhere", "NameError", set()),
        ("raise KeyError('odd')", "raise KeyError('odd')", "KeyError", set()),
        ("raise StopAsyncIteration", "raise StopAsyncIteration", "StopAsync", set()),
    ],
)
def test_failing_code(line: str, code: str, error: str, tails: set[str]) -> None:
    graph = drawn(f"""
        a = tf.Variable([[1.0, 2.0]])
        b = tf.Variable([[1.0, 2.0]])
        c = tf.constant([1.0, 2.0, 3.0])
        try:
            with tf.GradientTape() as tape:
                h = a * 2.0
                {line}
        except Exception:
            pass
        picture = draw(tape)
    """)
    (failed,) = (n for n in graph.nodes if n.unrecorded == "failed")
    assert failed.formula == code
    assert failed.note.startswith(error)
    assert not failed.note.endswith((" ", ":"))
    assert "[Op:" not in failed.note
    assert failed.span is not None
    assert failed.span.line == 7
    assert {
        graph.node(t.tail).name for t in graph.unrecorded_edges if t.head == failed.id
    } == (tails)
    assert graph.notes[0].kind == "failed"
    assert "\n" not in graph.notes[0].text + failed.note


def test_a_failure_deep_in_the_learners_own_function() -> None:
    graph = drawn("""
        def model(w):
            return w @ w
        w = tf.Variable([[1.0, 2.0]])
        try:
            with tf.GradientTape() as tape:
                y = model(w * 2.0)
        except Exception:
            pass
        picture = draw(tape)
    """)
    (failed,) = (n for n in graph.nodes if n.unrecorded == "failed")
    assert failed.formula == "w @ w"
    again = drawn("""
        x = tf.Variable(1.0)
        tape = tf.GradientTape()
        try:
            with tape:
                raise ValueError("no")
        except ValueError:
            pass
        tape = tf.GradientTape()
        with tape:
            y = x * x
        picture = draw(tape)
    """)
    assert again.notes == ()


def test_nested_tapes_are_frames_with_what_each_watches() -> None:
    graph = drawn("""
        x = tf.Variable(2.0)
        c = tf.constant(3.0)
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(c)
                y = x ** 3 * c
            dy = inner.gradient(y, x)
        d2 = outer.gradient(dy, x)
        picture = draw(outer)
    """)
    out, within = graph.frames
    assert (out.name, out.watches) == ("outer", ("x",))
    assert (within.name, within.watches) == ("inner", ("c", "x"))
    assert set(within.nodes) < set(out.nodes)
    inside = {graph.node(id).name for id in within.nodes}
    assert {"y", "c"} <= inside
    assert not {"x", "dy"} & inside
    assert named(graph, "c").unrecorded == "elsewhere"


def test_the_inner_tape_alone_has_no_frames() -> None:
    graph = drawn("""
        x = tf.Variable(2.0)
        with tf.GradientTape() as outer:
            a = x * 2.0
            with tf.GradientTape() as inner:
                y = a * a
            dy = inner.gradient(y, a)
        picture = draw(inner)
    """)
    assert graph.frames == ()
    assert unrecorded(graph)["a"] == "elsewhere"


def test_two_tapes_that_share_a_tensor() -> None:
    graph = drawn("""
        x = tf.Variable(2.0)
        with tf.GradientTape() as first:
            y = x * x
        with tf.GradientTape() as second:
            z = y * x
        picture = draw(second)
    """)
    y = named(graph, "y")
    assert (y.unrecorded, y.note) == (
        "elsewhere", "y was recorded by another tape, not by second.",
    )  # fmt: skip
    assert unrecorded_edges(graph) == {("x", "y", "")}


# -- names -----------------------------------------------------------------------------


def test_of_two_names_for_one_tensor_the_first_is_shown() -> None:
    graph = drawn("""
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * 2.0
        z = y
        picture = draw(tape)
    """)
    assert [n.name for n in graph.nodes if n.kind == "op"] == ["y"]


def test_a_name_that_was_given_to_something_else_is_the_one_in_the_line() -> None:
    graph = drawn("""
        x = tf.Variable(3.0)
        a = tf.constant(2.0)
        rate = 0.5
        with tf.GradientTape() as tape:
            y = x * a
            y = y * rate
            y = y + 1.0
        a = tf.constant(7.0)
        rate = 0.25
        picture = draw(tape)
    """)
    assert [n.name for n in graph.nodes] == ["x", "a", "", "rate", "", "", "y"]
    assert unrecorded(graph) == {}


def test_a_loop_variable_names_the_last_round_only() -> None:
    graph = drawn("""
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            s = x
            for k in range(3):
                u = tf.constant(float(k))
                s = s * u
        picture = draw(tape)
    """)
    constants = [(n.name, n.value.entry) for n in graph.nodes if n.kind == "constant"]
    assert constants == [("", 0.0), ("", 1.0), ("u", 2.0)]
    assert [n.name for n in graph.nodes if n.kind == "op"] == ["", "", "s"]


def test_a_comprehension_names_nothing_that_is_gone() -> None:
    graph = drawn("""
        w = "not this"
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            parts = [x * w for w in (tf.constant(1.0), tf.constant(2.0))]
            y = tf.add_n(parts)
        picture = draw(tape)
    """)
    names = [n.name for n in graph.nodes]
    assert "w" not in names
    assert [n for n in names if n] == ["x", "parts[0]", "parts[1]", "y"]


def test_the_name_given_to_a_variable_comes_first() -> None:
    graph = drawn("""
        x = tf.Variable(3.0, name="weight")
        with tf.GradientTape() as tape:
            y = x * x
        picture = draw(tape)
    """)
    assert graph.nodes[0].name == "weight"


def test_a_name_in_another_function_is_that_of_its_line() -> None:
    graph = drawn("""
        def step(v):
            scale = tf.constant(2.0)
            with tf.GradientTape() as tape:
                y = v * scale
            return tape
        scale = tf.constant(5.0)
        y = tf.constant(0.0)
        picture = draw(step(tf.Variable(1.0)))
    """)
    assert [n.name for n in graph.nodes] == ["v", "scale", ""]
    assert [n.value.data for n in graph.nodes[:2]] == [(1.0,), (2.0,)]
    assert unrecorded(graph) == {}


# -- all mistakes ----------------------------------------------------------------------

SHOWN = {
    "unwatched": "unwatched", "untrainable": "unwatched", "unnoticed": "unwatched",
    "rebound": "unwatched", "fresh": "unwatched", "left": "left", "step": "step",
    "stopped": "stopped", "paused": "paused", "outside": "outside",
    "assigned": "assigned", "elsewhere": "elsewhere", "forgotten": "forgotten",
}  # fmt: skip
"""What the picture shows for a reason that ``why`` gives first."""

UNNAMED = {
    "the target sliced in the question",
    "a weight that is used only in __init__",
    "all that another tape's block did",
    "a loss handed to the function that has the block",
}


@pytest.mark.parametrize("mistake", [*NONE, *ZERO, *WILD], ids=str)
def test_the_picture_shows_what_why_says(mistake: Mistake) -> None:
    answer = run(mistake.code).answers[-1]
    graph = answer.graph
    found = {n.unrecorded for n in graph.nodes} | {e.cut for e in graph.edges}
    found |= {t.cut for t in graph.unrecorded_edges}
    assert found <= {"", *NOT_RECORDED, *CUTS}
    first = SHOWN.get(answer.reasons[0].kind)
    if first and mistake.name not in UNNAMED:
        assert first in found
    if mistake.result == "value":
        assert not {n.name for n in graph.nodes if n.unrecorded and n.source}


def test_marking_by_hand_what_is_not_on_the_tape() -> None:
    graph = drawn("""
        x = tf.Variable(3.0)
        c = tf.constant(2.0)
        with tf.GradientTape() as tape:
            y = x * c
            z = y.numpy()
        tape.gradient(y, x)
        picture = draw(tape, z, c)
    """)
    c = named(graph, "c")
    assert (c.source, c.grad, c.unrecorded) == (True, "pending", "unwatched")
    assert not any(n.target for n in graph.nodes)


@pytest.mark.parametrize("many", [150, 1000])
def test_an_expression_with_very_many_layers(many: int) -> None:
    terms = " + ".join(["c"] * many)
    graph = drawn(
        "x = tf.Variable(1.0)\nc = tf.constant(2.0)\n"
        f"with tf.GradientTape() as tape:\n    y = float(x) * ({terms}) + x\n"
        f"z = y * ({terms})\npicture = draw(tape)\nanswer = tf.why(tape, y, c)"
    )
    assert named(graph, "z").unrecorded == "outside"
    assert len(graph.to_json()) < 20_000 + 40 * many


def test_unrecorded_nodes_of_an_unknown_kind_are_refused() -> None:
    graph = drawn("""
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        picture = draw(tape)
    """)
    odd = replace(graph.nodes[0], unrecorded="odd")
    with pytest.raises(ValueError, match="no known kind"):
        replace(graph, nodes=(odd, *graph.nodes[1:])).validate()
    back = replace(graph.unrecorded_edges[0], tail=graph.unrecorded_edges[0].head)
    with pytest.raises(ValueError, match="backwards in time"):
        replace(graph, unrecorded_edges=(back,)).validate()
    note = replace(graph.notes[0], kind="odd")
    assert "odd" not in NOTES
    with pytest.raises(ValueError, match="not known"):
        replace(graph, notes=(note,)).validate()


def test_the_same_code_gives_the_same_bytes() -> None:
    code = """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            c = np.sin(x)
            y = x * c
        z = y * 2.0
        picture = draw(tape)
    """
    one, two = (drawn(code).to_json() for _ in range(2))
    number = next(_numbers)
    assert one.replace(f"unrecorded_{number - 2}", "") == two.replace(
        f"unrecorded_{number - 1}", ""
    )


def test_a_target_that_only_another_tape_recorded_is_played() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape(), tf.GradientTape(persistent=True) as inner:
        z = x * 2.0
        with inner.stop_recording():
            y = x * x
    run = tf.play(inner, [y, z], [x, y]).run
    expected = inner.gradient([y, z], [x, y])
    assert [v.numpy() for v in expected] == [2.0, 1.0]
    assert [r.entry for r in run.results] == [2.0, 1.0]
    assert tf.play(inner, y, x).run.results == (None,)
