"""The texts of an SVG as runs of letters, measured, in fonts of this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from tapeviz.render.svg.css import Styled
from tapeviz.render.svg.css import pixels as length

FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Microsoft YaHei",
    "PingFang SC", "Hiragino Sans", "Yu Gothic", "Malgun Gothic", "WenQuanYi Zen Hei",
    "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai",
    "Arial Unicode MS", "Segoe UI", "Segoe UI Symbol", "Noto Emoji",
)  # fmt: skip
"""Where characters come from that DejaVu lacks, if this machine has the font."""

_POINT = 0.75

_Slant: TypeAlias = Literal["normal", "italic"]


@dataclass(frozen=True)
class Run:
    """A piece of text in one style: where its line begins, and its gap before it."""

    text: str
    styled: Styled
    x: float
    y: float
    gap: float
    width: float


def lines(el: Styled) -> list[list[Run]]:
    """The runs of a text, line by line: ``x`` or ``y`` begins a new line."""
    found: list[list[Run]] = []
    x = y = 0.0
    for piece, said, opens in _pieces(el):
        at = dict(piece.element.items()) if opens else {}
        x, y = length(at.get("x", ""), x), length(at.get("y", ""), y)
        y += length(at.get("dy", ""))
        gap = length(at.get("dx", ""))
        if at.keys() & {"x", "y"} or not found:
            found.append([])
        text = said if found[-1] else said.lstrip(" ")
        if text:
            found[-1].append(Run(text, piece, x, y, gap, gap + _width(piece, text)))
    return found


def _pieces(el: Styled) -> Iterator[tuple[Styled, str, bool]]:
    """A text and its spans piece by piece, and whether a piece opens its element."""
    yield el, _collapsed(el, el.element.text or ""), True
    for one in el.children:
        yield from _pieces(one)
        yield el, _collapsed(el, one.element.tail or ""), False


def _folds(el: Styled) -> bool:
    return not el.get("white-space").startswith("pre")


def _collapsed(el: Styled, text: str) -> str:
    return re.sub(r"\s+", " ", text) if _folds(el) else text


def _width(el: Styled, text: str) -> float:
    """How wide matplotlib will set a text, in the picture's units."""
    return _measured(text, _family(el, text), *_face(el)) / _POINT


@lru_cache(maxsize=4096)
def _measured(
    text: str, family: tuple[str, ...], style: _Slant, weight: str, size: float
) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    face = FontProperties(family=list(family), style=style, weight=weight, size=size)
    wide, _high, _low = text_to_path.get_text_width_height_descent(
        text, face, ismath=False
    )
    return float(wide)


def font(el: Styled, text: str, zoom: float) -> Any:
    """The type for a text as matplotlib has it; ``zoom`` is the picture's scale."""
    from matplotlib.font_manager import FontProperties

    style, weight, size = _face(el)
    family = list(_family(el, text))
    return FontProperties(
        family=family, style=style, weight=weight, size=size / _POINT * zoom
    )


def _face(el: Styled) -> tuple[_Slant, str, float]:
    """Style, weight and size (in points) of a text's type."""
    weight = el.get("font-weight", "normal")
    bold = weight in {"bold", "bolder"} or (weight.isdigit() and int(weight) > 500)
    style: _Slant = "italic" if el.get("font-style") == "italic" else "normal"
    size = length(el.get("font-size"), 16.0) * _POINT
    return style, "bold" if bold else "normal", size


def _family(el: Styled, text: str) -> tuple[str, ...]:
    """The fonts for a text, the first one for all that it can write."""
    mono = "mono" in el.get("font-family").lower()
    usual = ("DejaVu Sans Mono", "DejaVu Sans") if mono else ("DejaVu Sans",)
    strange = any(ord(char) not in _letters() for char in text)
    return (*usual, *_others()) if strange else usual[:1] if not mono else usual


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    """The code points that DejaVu Sans has."""
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


@lru_cache(maxsize=1)
def _others() -> tuple[str, ...]:
    """Those of ``FONTS`` that this machine has."""
    from matplotlib.font_manager import get_font_names

    installed = set(get_font_names())
    return tuple(name for name in FONTS if name in installed)
