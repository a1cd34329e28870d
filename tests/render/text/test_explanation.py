"""explain: the tables alone hold every gradient; paths and forward mode agree."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import tapeviz as tf
from tapeviz.render.text import explanation
from tapeviz.render.text.explanation_words import ExplanationWords
from tapeviz.trace.explanation import Explanation
from tapeviz.wording import formulas
from tests.engine.programs import TAME, Program, programs
from tests.engine.test_programs import FEW, record
from tests.samples import HOSTILE


def explained(
    program: Program, *, check: bool = False
) -> tuple[Explanation, list[Any]]:
    """What explain says of a random program, and the engine's gradients."""
    tape, sources, y = record(program)
    data = tf.explain(tape, y, sources, check=check).data
    return data, tape.gradient(y, sources)


def rows_of(markdown: str, heading: str) -> list[list[str]]:
    """The cells of the table under a heading of a Markdown text."""
    part = markdown.split(f"### {heading}\n\n")[1].split("\n\n", maxsplit=1)[0]
    lines = part.splitlines()[2:]
    return [
        [cell.strip(" `") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in lines
    ]


def number(cell: str) -> Any:
    """A cell of a table as an array of numbers."""
    plain = re.sub(r"\binf\b", "1e999", cell.replace("nan", "(1e999-1e999)"))
    return np.array(eval(plain, {}), np.float64)  # noqa: S307 - our own table


@FEW
@given(programs())
def test_every_gradient_can_be_rebuilt_from_the_table_alone(program: Program) -> None:
    data, gradients = explained(program)
    totals: dict[str, Any] = {}
    markdown = explanation.to_markdown(data, exact=True)
    for step, at, upstream, to, _, _, part, total in rows_of(markdown, "Backwards"):
        if step != "start":
            np.testing.assert_array_equal(number(upstream), totals[at])
        before = totals.get(to)
        with np.errstate(all="ignore"):
            sum = number(part) if before is None else before + number(part)
        np.testing.assert_allclose(number(total), sum, rtol=1e-12, atol=1e-300)
        totals[to] = number(total)
    labels = ExplanationWords(data).names
    for id, g in zip(data.run.sources, gradients, strict=True):
        name = labels[id] if id else ""
        if g is None:
            assert name not in totals
        else:
            np.testing.assert_array_equal(totals[name], g.numpy())


@FEW
@given(programs())
def test_no_two_values_share_a_name(program: Program) -> None:
    data, _ = explained(program)
    nodes = data.run.graph.by_id
    labels = ExplanationWords(data).names
    names = [name for id, name in labels.items() if nodes[id].kind != "constant"]
    assert len(set(names)) == len(names)


@FEW
@given(programs(TAME, 8))
def test_the_paths_add_up_to_the_gradient(program: Program) -> None:
    data, gradients = explained(program)
    for n, g in enumerate(gradients):
        paths = [p for p in data.paths if p.source == n]
        if paths:
            assert len(paths) == data.counts[n]
            sum = np.sum([p.value.data for p in paths], axis=0)
            np.testing.assert_allclose(sum, np.ravel(g.numpy()), rtol=1e-9, atol=1e-9)


@FEW
@given(programs(TAME, 8))
def test_forward_mode_finds_the_same_entries(program: Program) -> None:
    data, gradients = explained(program)
    for sweep in data.forward:
        g = gradients[sweep.source]
        want = np.ravel(g.numpy())[sweep.entry]
        assert sweep.result == pytest.approx(float(want), rel=1e-9, abs=1e-9)


@FEW
@given(programs(TAME, 8))
def test_finite_differences_agree_with_every_row(program: Program) -> None:
    data, _ = explained(program, check=True)
    assert len(data.checks) == sum(len(s.contributions) for s in data.run.steps)
    for check in data.checks:
        assert check.agrees or check.note == "corner", check


@FEW
@given(programs(longest=6))
def test_it_survives_a_trip_through_json(program: Program) -> None:
    data, _ = explained(program, check=True)
    assert Explanation.from_json(data.to_json()).to_json() == data.to_json()


def listing() -> Explanation:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1
    return tf.explain(tape, y, x, check=True).data


def test_the_numbers_in_the_rules_give_the_contributions() -> None:
    for row in ExplanationWords(listing()).backwards():
        if row.numbers:
            assert eval(row.numbers, vars(math)) == float(row.contribution)  # noqa: S307


def test_the_derivation_is_a_chain_of_equal_formulas() -> None:
    lines = ExplanationWords(listing()).derivation(0)
    first, *rest = [formulas.to_text(line) for line in lines]
    assert first == ("dy/dx = ∂y/∂v3 * ∂v3/∂v1 * ∂v1/∂x + ∂y/∂v3 * ∂v3/∂v2 * ∂v2/∂x")
    assert rest == ["1 * 1 * 6 + 1 * 1 * 2", "6 + 2", "8"]
    assert {eval(line) for line in rest} == {8}  # noqa: S307 - our own text


def test_costs_are_counted() -> None:
    data = listing()
    assert data.reverse_cost == data.forward_cost
    w = tf.Variable([1.0] * 10)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * w)
    many = tf.explain(tape, loss, w).data
    assert many.reverse_cost.sweeps == 1
    assert many.forward_cost.sweeps == 10
    assert many.forward_cost.steps == 10 * many.reverse_cost.steps


def test_many_paths_are_counted_not_listed() -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x
        for _ in range(40):
            y = y * 0.5 + y * 0.5
    data = tf.explain(tape, y, x).data
    assert data.counts == (2**40,)
    assert data.paths == ()
    assert "1,099,511,627,776 paths" in explanation.to_text(data)


def test_what_has_no_gradient_says_so() -> None:
    x, w = tf.Variable(3.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = w * w
    text = tf.explain(tape, y, [x, w]).text
    assert "its gradient is None" in text
    assert "dy/dw = 4" in text


def test_what_was_not_recorded_is_called_by_its_name() -> None:
    c = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = c * c
    text = tf.explain(tape, y, c).text
    assert "the tape did not record y" in text
    assert "dy/dc = None" in text


def test_a_corner_is_told_from_an_error() -> None:
    x = tf.Variable(-1.0)
    with tf.GradientTape() as tape:
        y = tf.nn.relu(x + 1.0) * 2.0
    explained = tf.explain(tape, y, x, check=True)
    assert [c.note for c in explained.data.checks] == ["", "corner", ""]
    assert "a corner" in explained.text


def test_a_wrong_number_is_seen() -> None:
    data = listing()
    wrong = replace(data.checks[0], agrees=False)
    text = explanation.to_text(replace(data, checks=(wrong, *data.checks[1:])))
    assert text.count("DIFFERS: 1") == 1


def test_formulas_are_spelled_as_the_learner_spells_them() -> None:
    x, a = tf.Variable(2.0), tf.Variable(-3.0)
    with tf.GradientTape() as tape:
        y = x**3 * a
    said = tf.explain(tape, y, [x, a])
    rows = list(ExplanationWords(said.data).backwards())
    assert rows[-1].rule == "g * 3 * x**2"
    assert "8 * (-3)" in said.text


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(name: str) -> None:
    data = listing()
    node = replace(data.run.graph.nodes[0], name=name)
    graph = replace(data.run.graph, nodes=(node, *data.run.graph.nodes[1:]))
    hostile = replace(data, run=replace(data.run, graph=graph))
    html = explanation.page(hostile)
    assert "<script" not in html
    assert "<b>more" not in html
    for row in rows_of(explanation.to_markdown(hostile), "Backwards"):
        assert len(row) == 9
    assert explanation.to_text(hostile)
    assert explanation.to_latex(hostile).count("{") >= 10


def test_the_same_bytes_every_time() -> None:
    data = listing()
    for write in (
        explanation.to_text,
        explanation.to_markdown,
        explanation.to_latex,
        explanation.to_html,
        explanation.page,
    ):
        assert write(data) == write(Explanation.from_json(data.to_json()))


def test_every_form_tells_all_of_it() -> None:
    data = listing()
    forms = (
        explanation.to_text,
        explanation.to_markdown,
        explanation.to_latex,
        explanation.page,
    )
    for write in forms:
        said = write(data)
        for words in ("moves by 1", "paths lead from", "1 sweep, ", "agrees: "):
            assert words in said, write
        rows = [row for row in ExplanationWords(data).backwards() if row.at]
        assert said.count("agrees: ") == len(rows)


def test_html_holds_tables_with_captions_and_formulas() -> None:
    html = explanation.page(listing())
    assert html.count("<caption>") == html.count("<table>")
    assert "<mfrac>" in html
    assert 'alttext="' in html
    assert 'scope="col"' in html


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("g * b", r"g \cdot b"),
        ("-(a + b) * c", r"- \left(a + b\right) \cdot c"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("a / b ** 2", r"\frac{a}{{b}^{2}}"),
        ("g @ T(b)", r"g \, {b}^{\mathrm{T}}"),
        ("sqrt(x1)", r"\sqrt{x_{1}}"),
        ("sigmoid(dy_dx)", r"\operatorname{sigmoid}\left(\mathtt{dy\_dx}\right)"),
        ("x >= 0", r"x \ge 0"),
        ("not python {", r"\mathrm{not python \{}"),
    ],
)
def test_notation(text: str, latex: str) -> None:
    assert formulas.to_latex(formulas.read(text)) == latex


@pytest.mark.parametrize(
    "text",
    ["a + b * c", "(a + b) * c", "a - (b - c)", "a / (b / c)", "-a ** 2", "(-a) ** 2",
     "(a / b) / c", "a * -b", "a ** (b - 1)", "g * (2.0 * (a - b))"],
)  # fmt: skip
def test_plain_text_means_what_was_read(text: str) -> None:
    names = {"a": 2.0, "b": 3.0, "c": 5.0, "g": 7.0}
    said = formulas.to_text(formulas.read(text)).replace("−", "-")
    ast.parse(said, mode="eval")
    assert eval(said, {}, names) == eval(text, {}, names)  # noqa: S307 - our own texts


def test_what_is_no_derivative_has_no_forward_mode() -> None:
    """A gradient function that clips is not linear: 1 upstream tells nothing of 10."""

    @tf.custom_gradient
    def clip(z: tf.Tensor) -> object:
        return tf.identity(z), lambda up: tf.clip_by_value(up, -1.0, 1.0)

    x = tf.Variable(5.0)
    with tf.GradientTape() as tape:
        y = clip(x) ** 2
    explained = str(tf.explain(tape, y, x))
    assert "dy/dx = 1" in explained
    assert "Forward mode, from" not in explained
    with pytest.raises(ValueError, match="forward mode has nothing to tell"):
        tf.play(tape, y, x, mode="forward")
