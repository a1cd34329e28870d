"""Answers as text, HTML and pictures."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from tapeviz.errors import LayoutError
from tapeviz.render.text import diagnosis as words
from tapeviz.trace.diagnosis import Answer, Edit, Reason, apply_edits
from tapeviz.trace.graph import Graph, Source, Span
from tapeviz.views.diagnosis import Diagnosis
from tests.samples import HOSTILE, listing_102_done, scalar

GRAPH = listing_102_done()
CODE = GRAPH.sources[0]
SPAN = Span("In [1]", 3, 8, 3, 12, "x**2")
CUT = Reason(
    "stopped",
    "x**2 lets nothing back.",
    "leave it out",
    SPAN,
    (Edit(SPAN, "x"),),
    edges=("e0",),
    tried=True,
)
LEFT = Reason("left", "The number left.", "stay with tensors", nodes=("n0",))
NONE = Answer("y", "x", "none", "dy/dx is None.", None, (CUT,), GRAPH).validate()
BOTH = replace(NONE, reasons=(CUT, LEFT)).validate()


def test_text_shows_the_sentence_the_place_and_the_change() -> None:
    assert words.to_text(NONE).splitlines() == [
        "dy/dx is None.",
        "",
        "x**2 lets nothing back.",
        "  where: In [1], line 3",
        "    y = x**2 + 2*x + 1",
        "        ^^^^",
        "  to mend: leave it out",
        "      with tf.GradientTape() as tape:",
        "    -     y = x**2 + 2*x + 1",
        "    +     y = x + 2*x + 1",
    ]


def test_a_change_that_was_not_tried_is_called_a_suggestion() -> None:
    guess = replace(NONE, reasons=(replace(CUT, tried=False),))
    assert "\n  to mend (a suggestion, not tried): leave it out" in words.to_text(guess)
    assert "<b>To mend (a suggestion, not tried):</b>" in words.page([guess])
    by_hand = replace(NONE, reasons=(replace(CUT, edits=(), tried=False),))
    assert "\n  to mend: leave it out" in words.to_text(by_hand)


def test_several_reasons_are_numbered() -> None:
    text = words.to_text(BOTH)
    assert "\n1. x**2 lets" in text
    assert "\n2. The number left." in text
    html = words.to_html([BOTH]).write()
    assert html.count("<li>") == 2
    assert "1: cut here" in words.picture(BOTH).write()
    assert "2: its number leaves" in words.picture(BOTH).write()


def test_lines_are_not_wider_than_a_terminal() -> None:
    long = replace(CUT, sentence="word " * 60 + ".", fix="thing " * 60)
    text = words.to_text(replace(NONE, reasons=(long, long)))
    assert max(map(len, text.splitlines())) <= 88


def test_html_marks_the_code_and_the_change() -> None:
    html = words.page([NONE])
    assert "<mark>x**2</mark>" in html
    assert "<del>y = x**2 + 2*x + 1</del>" in html
    assert "<ins>y = x + 2*x + 1</ins>" in html
    assert "<script>(()=>{" in html


@pytest.mark.parametrize(
    ("result", "kind", "said"),
    [
        ("none", "step", "cut here"),
        ("zero", "flat", "0 from here"),
        ("nan", "zero-times-inf", "nan from here"),
        ("inf", "steep", "infinite from here"),
    ],
)
def test_the_picture_says_what_happens_at_the_edge(
    result: str, kind: str, said: str
) -> None:
    value = (
        None if result == "none" else scalar(float(result if result != "zero" else 0))
    )
    one = replace(
        NONE, result=result, gradient=value, reasons=(replace(CUT, kind=kind),)
    )
    assert f">{said}</text>" in words.picture(one.validate()).write()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_code_and_names_are_text(text: str) -> None:
    line = text.replace("\n", " ").replace("\r", " ")
    source = Source("In [1]", 3, (line,))
    span = Span("In [1]", 3, 0, 3, len(line), line)
    reason = Reason("left", f"{line} leaves.", line, span, (Edit(span, line + "!"),))
    node = replace(GRAPH.nodes[0], name=text, span=None)
    nodes = (node, *(replace(n, span=None) for n in GRAPH.nodes[1:]))
    graph = Graph(nodes, GRAPH.edges, (source,))
    one = Answer("y", text, "none", f"d/{line} is None.", None, (reason,), graph)
    html = words.page([one.validate()])
    html = re.sub(r"<script>\(\(\)=>.*?</script>", "", html, flags=re.DOTALL)
    assert "<script" not in html
    assert "<b>more" not in html
    assert words.to_text(one)
    assert "\x00" not in words.to_text(one)


def test_without_a_layout_engine_the_words_remain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LayoutError("no engine")

    monkeypatch.setattr(words, "scene", broken)
    bundle = Diagnosis([NONE])._repr_mimebundle_()
    assert "<mark>x**2</mark>" in bundle["text/html"]
    assert bundle["text/plain"] == words.to_text(NONE)


def test_the_same_bytes_every_time() -> None:
    again = Answer.from_json(BOTH.to_json())
    assert words.page([BOTH]) == words.page([again])


def test_an_answer_without_a_graph() -> None:
    bare = Answer("y", "x", "none", "None.", None, (replace(LEFT, nodes=()),))
    assert "<svg" not in words.to_html([bare]).write()
    assert unescape(words.to_html([bare]).write()).count("The number left.") == 1


def test_edits_that_overlap_and_edits_elsewhere() -> None:
    other = Edit(Span("In [2]", 1, 0, 1, 1, "z"), "q")
    inner = Edit(Span("In [1]", 3, 8, 3, 9, "x"), "z")
    assert (
        apply_edits(CODE, [Edit(SPAN, "x"), inner, other])[2] == "    y = x + 2*x + 1"
    )
    assert apply_edits(CODE, [other]) == CODE.lines


def test_an_insertion_and_a_deletion() -> None:
    put = Edit(Span("In [1]", 3, 4, 3, 4, ""), "tape.watch(x)\n    ")
    assert apply_edits(CODE, [put])[2:] == (
        "    tape.watch(x)",
        "    y = x**2 + 2*x + 1",
    )
    gone = Edit(Span("In [1]", 1, 20, 2, 31, ""), "")
    assert apply_edits(CODE, [gone]) == (CODE.lines[0], CODE.lines[2])
    with pytest.raises(ValueError, match="outside"):
        apply_edits(CODE, [Edit(Span("In [1]", 9, 0, 9, 0, ""), "x")])


@pytest.mark.parametrize("ending", [".html", ".txt", ".svg", ".json"])
def test_saving(ending: str, tmp_path: object) -> None:
    file = Diagnosis([NONE]).save(f"{tmp_path}/answer{ending}")
    assert file.read_text(encoding="utf-8")
