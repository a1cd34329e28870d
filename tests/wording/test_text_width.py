"""Widths of text: never less than in the fonts that are really there."""

from __future__ import annotations

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.ft2font import FT2Font, LoadFlags

from tapeviz.wording.text_width import cut, shorten_to_fit, width

_FONTS = f"{mpl.get_data_path()}/fonts/ttf"


def _real(text: str, font: FT2Font) -> float:
    """The width at 10 pixels, from the font's own table of widths."""
    font.set_size(10, 72)
    scale = 10 / font.units_per_EM
    glyphs = (font.load_char(ord(c), flags=LoadFlags.NO_SCALE) for c in text)
    return sum(glyph.horiAdvance for glyph in glyphs) * scale


@pytest.mark.parametrize(
    ("name", "mono"), [("DejaVuSans", False), ("DejaVuSansMono", True)]
)
@given(text=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
def test_no_text_is_wider_than_thought(name: str, mono: bool, text: str) -> None:
    font = FT2Font(f"{_FONTS}/{name}.ttf")
    assert _real(text, font) <= width(text, 10, mono=mono) + 0.1


@pytest.mark.parametrize(
    ("name", "mono"), [("DejaVuSans", False), ("DejaVuSansMono", True)]
)
def test_little_room_is_wasted(name: str, mono: bool) -> None:
    real = _real("gradient = 0.125, x ** 2 + 1", FT2Font(f"{_FONTS}/{name}.ttf"))
    assert width("gradient = 0.125, x ** 2 + 1", 10, mono=mono) <= 1.06 * real


def test_text_that_is_cut_at_an_ellipsis_has_one() -> None:
    """In lesson 10.10 a box said "labels * " and two of them."""
    text = "maximum(\u2026, 0) - labels * \u2026 + log1p(\u2026)"
    end = text.index(" + ")
    assert cut(text, end + 1) == text[:end]
    for room in range(10, 400, 3):
        assert "\u2026\u2026" not in shorten_to_fit(text, room, 10)


@given(st.text(), st.floats(12, 300))
def test_cut_text_fits(text: str, room: float) -> None:
    short = shorten_to_fit(text, room, 10)
    assert width(short, 10) <= room + 0.1
    assert short == text or (short[-1] == "\u2026" and text.startswith(short[:-1]))


def test_wide_and_strange_letters_get_more_room() -> None:
    assert width("\u5909", 10) >= 10
    assert width("\U0001f600", 10) >= 13
    assert width("e\u0301", 10) == width("e", 10)
    assert width("\ufdfd", 10) >= 30
