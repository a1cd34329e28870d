"""An upper bound of a text's width, whatever font the reader's machine has.

The widths are those of DejaVu Sans and of the usual monospaced fonts, which are wider
than the other fonts of the stacks in ``theme``. What does not fit is cut.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from tapeviz.trace.symbolic import cut_text, is_template

ELLIPSIS = "\u2026"
"""Replaces what was left out."""

_SANS = {
    0.30: "'Iijl",
    0.35: " ,./:;\\|",
    0.42: "()-[]ft!r",
    0.50: '"*_`',
    0.55: "?csz",
    0.62: "FLkvxyJ",
    0.66: "$0123456789EPSTYabdeghnopqu{}",
    0.71: "ABCKRVXZ",
    0.76: "NU",
    0.81: "&DGHOQ",
    0.86: "#+<=>^w~M",
    1.00: "%@Wm",
}
_KNOWN = {char: width for width, chars in _SANS.items() for char in chars}
_MONO = 0.62


def width(text: str, size: float, *, mono: bool = False) -> float:
    """The most pixels that the text can take at a font size of ``size`` pixels.

    >>> width("abc", 10, mono=True)
    18.6
    """
    return round(sum(_em(char, mono=mono) for char in text) * size, 1)


def cut(text: str, limit: int) -> str:
    """The text, cut with an ellipsis if it has more than ``limit`` characters.

    >>> cut("a_long_name", 5)
    'a_lo\u2026'
    """
    if is_template(text):
        return cut_text(text, limit)
    return text if len(text) <= limit else _ended(text[: limit - 1])


def shorten_to_fit(text: str, room: float, size: float, *, mono: bool = False) -> str:
    """The text, cut with an ellipsis if it might not fit into ``room`` pixels.

    >>> shorten_to_fit("a_long_name", 40, 10, mono=True)
    'a_lo\u2026'
    """
    if width(text, size, mono=mono) <= room:
        return text
    left = room - width(ELLIPSIS, size, mono=mono)
    count = 0
    while (
        count < len(text) and (left := left - _em(text[count], mono=mono) * size) >= 0
    ):
        count += 1
    return _ended(text[:count])


def _ended(text: str) -> str:
    """The text with one ellipsis, even if it was cut at another."""
    return text.rstrip(ELLIPSIS) + ELLIPSIS


@lru_cache(maxsize=4096)
def _em(char: str, *, mono: bool) -> float:
    if " " <= char <= "~":
        return _MONO if mono else _KNOWN[char]
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0.0
    if char > "\uffff" or char in "\ufdfd\u2e3b":
        return 1.5 if unicodedata.east_asian_width(char) in "WF" else 4.0
    return 1.05 if char < "\u0600" or "\u2000" <= char < "\u2e00" else 1.3
