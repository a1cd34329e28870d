"""Numbers that are written as tokens."""

from __future__ import annotations

import ast
import math

import pytest

from tapeviz.trace.backward_pass import filled
from tapeviz.trace.symbolic import (
    Slot,
    Symbolic,
    chosen_text,
    cut_text,
    symbol_of,
    templates,
    text_unless_zero,
)
from tapeviz.trace.value import Value, factor, format_number
from tapeviz.wording.formulas import bracketed, simplified
from tests.samples import listing_102


def test_a_token_is_a_name_that_formulas_keep() -> None:
    with templates() as slots:
        x = Symbolic(-3.0, Slot("v", "n0"))
        text = format_number(x)
        assert ast.parse(f"2 * {text}", mode="eval")
        assert simplified(f"g * {text} ** (2 - 1)") == f"g * {text}"
        assert format_number(x, 6) != text
        assert factor(text) != text
        assert bracketed(f"2 * {factor(text)}") == f"2 * {text}"
        assert [*slots] == [Slot("v", "n0")]
    assert float(x) == -3.0
    assert format_number(float(x)) == "-3"


def test_what_is_computed_has_a_slot_that_says_how() -> None:
    with templates() as slots:
        x = Symbolic(3.0, Slot("v", "n0"))
        token = format_number(2 * x - 1)
        found = symbol_of(token)
        assert found is not None
        assert found.slot == Slot("-", parts=(format_number(2 * x), "1.0"))
        assert (x + 0.0).slot.kind == "+"
        assert 0.0 + x is x
        assert math.prod((x,)) == 3.0
        assert Slot("*", parts=("2.0", format_number(x))) in slots


def test_a_text_is_chosen_by_the_page_where_its_length_is_not_known() -> None:
    with templates() as slots:
        x = format_number(Symbolic(3.0, Slot("v", "n0")))
        assert chosen_text("long enough", 4, "yes", "no") == "no"
        assert chosen_text(x, 12, x, "no") == x, "no number is longer"
        chosen = chosen_text(x, 8, x, "no")
        assert [*slots][-1] == Slot("?", entry=8, parts=(x, x, "no"))
        assert symbol_of(chosen) is None
        assert cut_text(chosen, 8) == chosen
        assert cut_text(f"{x} and more", 16) != f"{x} and more"
        count = Symbolic(1.0, Slot("v", "n0", -5))
        text_unless_zero(count, x, "all zero")
        assert [*slots][-1].kind == "!"


def test_outside_of_templates_nothing_is_symbolic() -> None:
    with pytest.raises(LookupError):
        format_number(Symbolic(3.0, Slot("v", "n0")))


def test_a_rule_is_filled_in_with_tokens_as_with_numbers() -> None:
    graph = listing_102()
    edge = next(e for e in graph.edges if e.label == "a")
    upstream = Value("float32", (), (2.0,))
    with templates():
        symbolic = Value("float32", (), (Symbolic(2.0, Slot("g", "n1")),))
        plain = filled(graph, edge, "g * b", upstream)
        template = filled(graph, edge, "g * b", symbolic)
        token = factor(format_number(Symbolic(2.0, Slot("g", "n1")), 6))
        assert plain.startswith("2 * ")
        assert template == plain.replace("2 * ", f"{token} * ", 1)
