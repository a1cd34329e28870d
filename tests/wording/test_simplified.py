"""A rule simplified for the eye is still the rule: both texts are evaluated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeviz.wording.formulas import read, simplified, to_latex, to_mathml, to_text
from tapeviz.wording.values import fill

_LEAVES = st.sampled_from(("g", "x", "y", "0", "1", "2", "3"))
_TEXTS = st.recursive(
    _LEAVES,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(("+", "-", "*")), inner)
        | st.builds(
            "({} ** {})".format, inner, st.sampled_from(("0", "1", "(2 - 1)", "2"))
        )
        | st.builds("(-{})".format, inner)
    ),
    max_leaves=8,
)


@given(_TEXTS, st.booleans())
def test_both_texts_have_the_same_value(text: str, exponents: bool) -> None:
    known = {"g": 7, "x": -3, "y": 5}
    short = simplified(text, exponents=exponents)
    assert eval(short, known) == eval(text, known)  # noqa: S307 - made above


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("g * 3 * x ** (3 - 1)", "g * 3 * x ** 2"),
        ("2 * x ** (2 - 1)", "2 * x"),
        ("g * n * x ** (n - 1)", "g * n * x ** (n - 1)"),
        ("g * 2.0 * x", "g * 2.0 * x"),
    ],
)
def test_a_rule_is_short(text: str, short: str) -> None:
    assert simplified(text) == short


def test_a_small_number_below_zero_keeps_its_exponent() -> None:
    short = simplified("2 * (-1e-07) * x ** (2 - 1)", exponents=True)
    assert eval(short, {"x": 3}) == pytest.approx(-6e-7)  # noqa: S307 - made above


def test_a_formula_writes_exponents_as_values_do() -> None:
    assert fill("a * 1e-7", {"a": "x"}) == "x * 1e-7"
    assert to_text(read("x * 1e-7")) == "x * 1e-7"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("9 + -6", "9 + (-6)"),
        ("9 + -6 * x", "9 + (-6) * x"),
        ("a + -b", "a + (-b)"),
        ("9 - -6", "9 − (-6)"),
        ("-6 * -2", "-6 * (-2)"),
        ("-6 + 9", "-6 + 9"),
        ("f(-6) + (-6 + 9) * 2", "f(-6) + (-6 + 9) * 2"),
        ("x ** -2", "x ** -2"),
        ("x > -3", "x > -3"),
    ],
)
def test_a_minus_after_a_sign_is_in_brackets(text: str, written: str) -> None:
    """As on paper, whatever the notation."""
    said = read(text)
    brackets = written.count("(")
    assert to_text(said) == written
    assert to_latex(said).count(r"\left(") == brackets
    signs = [el.children[0] for el in to_mathml(said).walk() if el.tag == "mo"]
    assert signs.count("(") == brackets
