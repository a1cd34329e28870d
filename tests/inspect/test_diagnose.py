"""why: every mistake gets its reason, the code it lies in and an edit that fixes it."""

from __future__ import annotations

import logging
import math
import re
import textwrap

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.render.text.diagnosis import picture
from tapeviz.trace.diagnosis import FOREIGN, KINDS, Answer, Reason, apply_edits
from tapeviz.trace.graph import Source
from tests.inspect.mistakes import NONE, WILD, ZERO, Mistake, run

ALL = [*NONE, *ZERO, *WILD]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("tensorflow"), "disabled", True)


def ask(code: str) -> Answer:
    """The last answer of a program, sound and the same after a trip through JSON."""
    answer: Answer = run(code).answers[-1]
    assert Answer.from_json(answer.to_json()).to_json() == answer.to_json()
    return answer


@pytest.mark.parametrize("mistake", ALL, ids=str)
def test_the_reason_and_the_code_it_points_at(mistake: Mistake) -> None:
    answer = ask(mistake.code)
    assert answer.result == mistake.result
    assert tuple(r.kind for r in answer.reasons) == mistake.kinds
    first = answer.reasons[0]
    assert ("" if first.span is None else first.span.text) == mistake.at
    assert all(r.sure for r in answer.reasons)


@pytest.mark.parametrize("mistake", ALL, ids=str)
def test_one_plain_sentence(mistake: Mistake) -> None:
    for reason in ask(mistake.code).reasons:
        assert reason.sentence.endswith(".")
        assert reason.sentence.count(". ") == 0
        assert len(reason.sentence) < 240
        assert "\n" not in reason.sentence + reason.fix


@pytest.mark.parametrize("mistake", ALL, ids=str)
def test_the_proposed_edit_repairs_it(mistake: Mistake) -> None:
    """The change of the first reason, then that of the next, until there is none."""
    if mistake.repaired:
        assert ask(mistake.repaired).result == mistake.after
        return
    code = mistake.code
    for _ in mistake.kinds:
        answer = ask(code)
        if answer.result in ("none", "nan", "inf") or answer.result != mistake.after:
            code = changed(code, answer)
    assert ask(code).result == mistake.after


def changed(code: str, answer: Answer) -> str:
    """The program after the first change that the answer proposes."""
    edits = next(r.edits for r in answer.reasons if r.edits)
    whole = Source(edits[0].span.file, 1, tuple(code.splitlines()))
    return "\n".join(apply_edits(whole, edits)) + "\n"


def test_every_kind_of_reason_has_its_mistake() -> None:
    shown = {kind for mistake in ALL for kind in mistake.kinds}
    assert shown == set(KINDS) - {"unknown", *FOREIGN}


def test_a_gradient_that_is_fine_says_where_it_comes_from() -> None:
    answer = ask(
        "x = tf.Variable(3.0)\n"
        "with tf.GradientTape() as tape:\n"
        "    y = x**2 + 2*x + 1\n"
        "answer = why(tape, y, x)\n"
    )
    assert answer.reasons == ()
    assert answer.gradient is not None
    assert answer.gradient.entry == 8.0
    assert answer.sentence == (
        "The gradient of y with respect to x is 8: 6 through x**2 and 2 through 2*x."
    )


def test_a_gradient_that_leaves_a_path_out_says_so() -> None:
    answer = ask(
        "x = tf.Variable(3.0)\n"
        "with tf.GradientTape() as tape:\n"
        "    y = x * float(x)\n"
        "answer = why(tape, y, x)\n"
    )
    assert answer.result == "value"
    assert [r.kind for r in answer.reasons] == ["left"]


def test_nothing_is_used_up_and_nothing_recorded() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
        # a graph shows only what belongs to it, so the records themselves are counted
        before = len(tape._recording.recs)
        inside = tf.why(tape, y, x)
        assert len(tape._recording.recs) == before
        z = y * 2.0
    assert inside.result == "value"
    assert tf.why(tape, z, x).result == "value"
    assert tape.gradient(z, x).numpy() == 12.0


def test_it_can_be_asked_after_the_gradient_without_names() -> None:
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, x) is None
    answer = tf.why(tape)
    assert answer.reasons[0].kind == "unwatched"
    assert "x is a constant" in answer.reasons[0].sentence


def test_several_sources_each_have_an_answer() -> None:
    w, b = tf.Variable(3.0), tf.constant(1.0)
    with tf.GradientTape() as tape:
        y = w * 2.0 + b
    answers = tf.why(tape, y, [w, b])
    assert [a.source for a in answers] == ["w", "b"]
    assert [a.result for a in answers] == ["value", "none"]


def test_what_a_loop_asks_about_has_the_name_it_keeps() -> None:
    """Each turn has its own reason, not those of the whole list."""
    said = []
    x, w = tf.Variable(3.0), tf.Variable(1.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x * w
        z = tf.constant(y.numpy()) * 2.0
        v = tf.stop_gradient(y) * 3.0
    for t in (z, v):
        for s in (x, w):
            said += tf.why(tape, t, s).answers
    assert [(a.target, a.source) for a in said] == [
        ("z", "x"), ("z", "w"), ("v", "x"), ("v", "w"),
    ]  # fmt: skip
    for answer, call in zip(said, ["numpy"] * 2 + ["stop_gradient"] * 2, strict=True):
        assert [call in reason.sentence for reason in answer.reasons] == [True]


def test_the_cut_edge_is_in_the_picture() -> None:
    x = tf.Variable(3.7)
    with tf.GradientTape() as tape:
        y = tf.floor(x) * 2.0
    answer = tf.why(tape, y, x).answers[0]
    (id,) = answer.reasons[0].edges
    edge = next(e for e in answer.graph.edges if e.id == id)
    assert answer.graph.node(edge.tail).name == "x"
    assert answer.graph.node(edge.head).op == "floor"
    assert not edge.live


@pytest.mark.parametrize("source", ["x[0]", "tf.identity(x)"])
def test_a_source_made_in_the_question_is_named_in_the_picture(source: str) -> None:
    answer = run(
        textwrap.dedent(f"""
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = x[0] ** 2
        answer = why(tape, y, {source})
    """)
    )
    names = [n.name for n in answer.answers[0].graph.nodes if n.unrecorded]
    assert names == [source]


@pytest.mark.parametrize(("at", "label"), [(0.0, "infinite here"), (-1.0, "nan here")])
def test_the_picture_tells_an_infinite_value_from_nan(at: float, label: str) -> None:
    """log(0) is -inf and log(-1) is nan; of a large array no entry is in the graph."""
    for entries, said in ((1, label), (100, "nan or infinite here")):
        x = tf.Variable([at] * entries)
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.math.log(x) * x)
        svg = picture(tf.why(tape, y, x).answers[0]).write()
        assert set(re.findall(">([^<>]* here)<", svg)) == {said}


def test_a_mark_stands_clear_of_the_words_at_its_arrow() -> None:
    """A letter of 13 pixels rises 10 above its line, and the mark ends above that."""
    x = tf.Variable([3.0, 1.0])
    with tf.GradientTape() as tape:
        y = 2.0 * tf.cast(tf.argmax(tf.stop_gradient(x * x)), tf.float32)
    svg = picture(tf.why(tape, y, x).answers[0]).write()
    mark = re.search(r'tv-cut"><rect x="[\d.]+" y="([\d.]+)"[^>]* height="20"', svg)
    assert mark is not None
    bottom = float(mark[1]) + 20
    lines = re.findall(
        r'<text class="tv-(?:cut-word|dims)" x="[\d.]+" y="([\d.]+)"', svg
    )
    below = [float(y) for y in lines if float(y) > bottom]
    assert min(below) >= bottom + 13


def test_code_that_cannot_be_read_is_said_to_be_probable() -> None:
    space = {"tf": tf}
    code = (
        "x = tf.Variable(3.0)\n"
        "with tf.GradientTape() as tape:\n    h = x * x\n"
        "y = h + 1.0\nanswer = tf.why(tape, y, x)\n"
    )
    exec(compile(code, "<nowhere>", "exec"), space)  # noqa: S102 - our own program
    (reason,) = space["answer"].reasons
    assert not reason.sure
    assert "probably" in reason.sentence


@pytest.mark.parametrize("odd", [None, "x", object()])
def test_what_is_no_tensor(odd: object) -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    with pytest.raises(TypeError, match="what to do"):
        tf.why(tape, y, odd)
    with pytest.raises(TypeError, match="not a tape"):
        tf.why(odd, y, x)


def test_a_long_recording_is_quick_and_shown_in_part() -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = tf.floor(x)
        for _ in range(3000):
            y = y * 1.0
    answer = tf.why(tape, y, x).answers[0]
    assert answer.reasons[0].kind == "step"
    assert len(answer.graph.nodes) < 100
    assert set(answer.reasons[0].edges) <= {e.id for e in answer.graph.edges}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (Answer("y", "x", "fine", "s"), "no gradient is 'fine'"),
        (Answer("y", "x", "value", "s"), "is not None"),
        (Answer("y", "x", "none", "s"), "has a reason"),
        (Answer("y", "x", "none", "s", None, (Reason("odd", "s.", "f"),)), "no reason"),
        (Answer("y", "x", "none", "s", None, (Reason("late", "", "f"),)), "needs a"),
        (
            Answer(
                "y", "x", "none", "s", None, (Reason("late", "s.", "f", nodes=("n9",)),)
            ),
            "not in the picture",
        ),
    ],
)
def test_a_broken_answer(broken: Answer, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        broken.validate()


def test_in_a_notebook_every_answer_is_the_same_as_alone() -> None:
    """One cell after the other, all with the same names, as notebooks are."""
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell
    running = shell.instance()
    try:
        running.user_ns.update(tf=tf, np=np, math=math, why=tf.why)
        for mistake in ALL:
            done = running.run_cell(mistake.code, store_history=True)
            assert done.error_in_exec is None, mistake.name
            found = running.user_ns["answer"]
            answer = found.answers[-1]
            first = answer.reasons[0]
            assert tuple(r.kind for r in answer.reasons) == mistake.kinds, mistake.name
            at = "" if first.span is None else first.span.text
            assert at == mistake.at, mistake.name
            assert answer.sentence in " ".join(str(found).split())
    finally:
        shell.clear_instance()


def test_whole_numbers_have_no_gradient_in_the_picture_either() -> None:
    answer = ask(
        "x = tf.Variable(10)\n"
        "with tf.GradientTape() as tape:\n"
        "    y = x * x\n"
        "answer = why(tape, y, x)\n"
    )
    assert {node.grad for node in answer.graph.nodes} == {"none"}


def test_cells_that_nobody_counts_are_read_in_order() -> None:
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell
    running = shell.instance()
    try:
        running.user_ns.update(tf=tf, why=tf.why)
        block = "with tf.GradientTape() as tape:\n    y = x * x"
        for cell in (
            f"x = tf.Variable(1.0)\n{block}",
            "answer = why(tape, y, x)",
            f"x = tf.constant(3.0)\n{block}",
            "answer = why(tape, y, x)",
        ):
            running.run_cell(cell, store_history=False)
        (reason,) = running.user_ns["answer"].reasons
        assert reason.kind == "unwatched"
        assert reason.span.text == "x = tf.constant(3.0)"
    finally:
        shell.clear_instance()
