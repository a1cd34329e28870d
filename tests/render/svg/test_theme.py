"""Themes: complete, readable, and following the page."""

from __future__ import annotations

import math
import re

import pytest

from tapeviz.render.graph import scene
from tapeviz.render.svg import theme


@pytest.mark.parametrize("name", theme.THEMES)
def test_every_theme_has_every_role(name: str) -> None:
    assert theme.THEMES[name].keys() == theme.THEMES["light"].keys()
    assert all(re.fullmatch("#[0-9a-f]{6}", c) for c in theme.THEMES[name].values())


@pytest.mark.parametrize("name", theme.THEMES)
@pytest.mark.parametrize("pair", theme.TEXT_PAIRS, ids=" on ".join)
def test_text_can_be_read(name: str, pair: tuple[str, str]) -> None:
    text, back = (theme.colours(name)[role] for role in pair)
    assert theme.contrast(text, back) >= 4.5


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#0000ff", "#ffffff", 8.59),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert theme.contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert theme.contrast(other, one) == theme.contrast(one, other)


def test_lines_and_outlines_stand_out_from_the_paper() -> None:
    for colours in theme.THEMES.values():
        for role in ("line", *theme.KINDS):
            assert theme.contrast(colours[role], colours["paper"]) >= 3


def test_high_contrast_is_higher_for_all_text() -> None:
    table = theme.colours("contrast")
    assert min(theme.contrast(table[a], table[b]) for a, b in theme.TEXT_PAIRS) >= 7


VISION = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
               (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
               (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602),
               (0.004733, 0.691367, 0.303900)),
}  # fmt: skip
"""How the light of the three primaries looks to people who lack one kind of cone:
the matrices of Machado, Oliveira and Fernandes (2009) for full severity."""


def seen(colour: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    """A colour as somebody sees it, in CIE Lab."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    light = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    r, g, b = (
        min(1.0, max(0.0, sum(k * c for k, c in zip(row, light, strict=True))))
        for row in matrix
    )
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089
    fx, fy, fz = (
        t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z)
    )
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("kind", VISION)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("variable", "target"),
        ("variable", "constant"),
        ("target", "constant"),
        ("good", "bad"),
    ],
)
def test_colours_differ_for_any_colour_vision(kind: str, one: str, other: str) -> None:
    table = theme.colours("colourblind")
    pair = [seen(table[role], VISION[kind]) for role in (one, other)]
    assert math.dist(*pair) >= 12


def test_unknown_theme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no theme 'blue'.*auto, light, dark"):
        theme.css("blue")


def test_auto_follows_the_page_and_prints_light() -> None:
    light, dark = (theme.THEMES[name]["paper"] for name in ("light", "dark"))
    before, *after = theme.css().split("@media")
    assert f"--l:initial;--n: ;--tv-paper:var(--l,{light})var(--n,{dark})" in before
    assert all(rule.startswith(" screen") for rule in after)
    assert all("{--l: ;--n:initial}" in rule for rule in after)
    assert "prefers-color-scheme:dark" in after[0]
    assert "[data-jp-theme-light=false] .tv-auto" in after[1]


def test_a_fixed_theme_does_not_look_at_the_page() -> None:
    assert "@media" not in theme.css("dark")
    assert "prefers-color-scheme" not in theme.css("dark")


@pytest.mark.parametrize("name", theme.NAMES)
def test_pictures_use_no_colour_of_their_own(name: str) -> None:
    """Outside the variables there is no colour, and the variables are the theme's."""
    css = theme.written({**scene.RULES, **scene.BADGE_RULES})
    assert "#" not in css
    css += theme.css(name)
    allowed = set(theme.colours(name).values())
    allowed |= set(theme.THEMES["dark"].values()) if name == "auto" else set()
    assert set(re.findall("#[0-9a-f]{3,8}", css)) <= allowed
    used = set(re.findall(r"var\(--tv-([a-z-]+)\)", css))
    assert used <= theme.THEMES["light"].keys()
