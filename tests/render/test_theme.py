"""Themes: complete, readable, and following the page."""

from __future__ import annotations

import re

import pytest

from tapeviz.render import scene, theme


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


def test_unknown_theme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no theme 'blue'.*auto, light, dark"):
        theme.css("blue")


def test_auto_follows_the_page_and_prints_light() -> None:
    css = theme.css()
    paper = {
        name: f"--tv-paper:{theme.THEMES[name]['paper']}" for name in ("light", "dark")
    }
    before, *after = css.split("@media")
    assert paper["light"] in before
    assert paper["dark"] not in before
    assert all(rule.startswith(" screen") and paper["dark"] in rule for rule in after)
    assert "prefers-color-scheme:dark" in after[0]
    assert "[data-jp-theme-light=false] .tv-auto" in after[1]


def test_a_fixed_theme_does_not_look_at_the_page() -> None:
    assert "@media" not in theme.css("dark")
    assert "prefers-color-scheme" not in theme.css("dark")


def test_fallback_colours_are_those_of_the_theme() -> None:
    dark = theme.THEMES["dark"]["ink"]
    assert theme.paint("a{fill:@ink}", "dark") == f"a{{fill:{dark};fill:var(--tv-ink)}}"


@pytest.mark.parametrize("name", theme.NAMES)
def test_pictures_use_no_colour_of_their_own(name: str) -> None:
    """Outside the variables every colour is one of the theme's, as a fallback."""
    css = scene.style(name)
    allowed = set(theme.colours(name).values())
    allowed |= set(theme.THEMES["dark"].values()) if name == "auto" else set()
    assert set(re.findall("#[0-9a-f]{3,8}", css)) <= allowed
    used = set(re.findall(r"var\(--tv-([a-z-]+)\)", css))
    assert used <= theme.THEMES["light"].keys()
