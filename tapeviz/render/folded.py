"""A folded picture as HTML: groups open on a click, without a kernel."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from html import escape

from tapeviz.render import still
from tapeviz.render import survey as surveys
from tapeviz.render import theme as themes
from tapeviz.render.assets import lean, small, static
from tapeviz.render.fold import Fold
from tapeviz.render.inside import LEGIBLE, Inside, insides
from tapeviz.render.scene import Scene, description, scene
from tapeviz.render.view import View, view

OPEN = 20_000
"""A recording of at least so many ops shows its survey at once."""

_START = (
    "for(const el of document.querySelectorAll('[id=\"%s\"]'))"
    "if(el.querySelector(':scope>img')){el.innerHTML=%s;unfold(el.firstElementChild)}"
)


@dataclass(frozen=True)
class Folded:
    """A fold's outermost level, its picture, and what its groups hold."""

    level: View
    scene: Scene
    insides: tuple[Inside, ...]
    survey: tuple[surveys.Chapter, ...]
    theme: str

    def markup(self) -> str:
        """The picture with the insides of its groups, as HTML without scripts."""
        size = int(self.survey[0].rows[0][1].replace("\u00a0", ""))
        least = f'<svg style="min-width:{round(LEGIBLE * self.scene.width)}px" '
        svg = self.scene.svg.replace("<svg ", least, 1)
        return (
            f'<div class="tapeviz-fold {themes.class_name(self.theme)}">'
            f"<style>{css()}</style>"
            '<nav class="tv-crumbs" aria-label="where you are in the tape" hidden>'
            f'</nav><div class="tv-stage"><div class="tv-level">{svg}</div></div>'
            f"{''.join(map(_template, self.insides))}"
            f"{surveys.html(self.survey, opened=size >= OPEN)}</div>"
        )

    @property
    def alt(self) -> str:
        """The outermost level in words."""
        return description(self.level.graph)

    def notebook(self) -> str:
        """The picture as an image that a script replaces by one that unfolds."""
        whole = _in_script(self.markup())
        id = "tapeviz-" + hashlib.sha256(whole.encode()).hexdigest()[:12]
        start = _START % (id, whole)
        return (
            f'<div id="{id}" style="overflow-x:auto">'
            f"{still.image(self.scene.svg, self.alt)}</div>"
            f"<script>(()=>{{{script()}{start}}})()</script>"
        )

    def page(self) -> str:
        """The picture as an HTML document that stands alone."""
        start = "unfold(document.querySelector('.tapeviz-fold'))"
        script_ = f"<script>(()=>{{{script()}{start}}})()</script>"
        return still.page(f"{self.markup()}{script_}", self.alt)


def folded(fold: Fold, *, theme: str = "auto", direction: str = "LR") -> Folded:
    """The picture of a folded graph, and what its groups hold.

    ValueError for an unknown theme or direction; LayoutError when there is no layout
    engine.
    """
    level = view(fold)
    picture = scene(level.graph, theme=theme, direction=direction, legend=True)
    held = insides(fold, level, theme=theme, direction=direction)
    return Folded(level, picture, tuple(held), surveys.survey(fold, level), theme)


def _template(inside: Inside) -> str:
    return (
        f'<template data-inside="{escape(inside.id)}" '
        f'data-title="{escape(inside.title)}">{inside.html}</template>'
    )


def _in_script(markup: str) -> str:
    r"""Markup as a script's string, in which no tag ends the script or begins another.

    >>> _in_script("</b><script>")
    '"<\\/b>\\u003cscript>"'
    """
    text = json.dumps(markup).replace("</", "<\\/")
    return text.replace("<!", "\\u003c!").replace("<script", "\\u003cscript")


@cache
def script() -> str:
    """The script that opens groups, as statements."""
    return lean(static("fold.js"))


@cache
def css() -> str:
    """The styles around a folded picture."""
    fonts = f".tapeviz-fold{{--tv-sans:{themes.SANS};--tv-mono:{themes.MONO}}}"
    return fonts + small(static("fold.css"))
