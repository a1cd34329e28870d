"""A folded picture as HTML: groups open on a click, without a kernel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape

from tapeviz.analysis.folded_view import FoldedView, view
from tapeviz.analysis.folding import Fold
from tapeviz.render.graph import interactive
from tapeviz.render.graph import overview as surveys
from tapeviz.render.graph.folded_groups import Inside, insides
from tapeviz.render.graph.scene import Scene, description, scene, summary
from tapeviz.render.html.assets import (
    boxed,
    read_assets,
    script_safe,
)
from tapeviz.render.html.page import document, image_tag, with_min_size
from tapeviz.render.svg import theme as themes
from tapeviz.trace.graph import Graph, Source

OPEN = 20_000
"""From so many ops on the page opens with the survey unfolded."""

_START = (
    "if(!el.classList.contains('tapeviz-picture')){%s"
    "unfold(el.firstElementChild);start(el,told);minimap(el)}"
)


@dataclass(frozen=True)
class Folded:
    """A fold's outermost level, its picture, and the insides of its groups."""

    level: FoldedView
    scene: Scene
    insides: tuple[Inside, ...]
    survey: tuple[surveys.Chapter, ...]
    sources: tuple[Source, ...]
    look: Mapping[str, str]

    def markup(self) -> str:
        """The picture with the insides of its groups, as HTML without scripts."""
        size = int(self.survey[0].rows[0][1].replace("\u00a0", ""))
        svg = with_min_size(self.scene.svg, *self.scene.least)
        return (
            f'<div class="tapeviz-fold {themes.class_name(self.look["theme"])}">'
            f"<style>{css()}</style>"
            '<div class="tv-crumbs" role="navigation" '
            'aria-label="where you are in the tape" hidden>'
            f'</div><div class="tv-stage"><div class="tv-level">{svg}</div></div>'
            f"{''.join(map(_template, self.insides))}"
            f"{surveys.html(self.survey, expanded=size >= OPEN)}</div>"
        )

    @property
    def alt(self) -> str:
        """The outermost level in words."""
        return description(self.level.graph)

    def notebook(self) -> str:
        """The picture as an image that a script replaces by the one that unfolds."""
        image = image_tag(self.scene.svg, self.alt)
        return self._started(image, f"el.innerHTML={_in_script(self.markup())};")

    def page(self) -> str:
        """The picture as an HTML document that stands alone."""
        body = self._started(self.markup(), "")
        title = summary(self.level.graph)[:80]
        return document(title, body, theme=self.look["theme"], width=4000)

    def _started(self, body: str, first: str) -> str:
        """The body in a box, and the scripts that make its groups open on a click."""
        nodes = [
            *self.level.graph.nodes,
            *(n for one in self.insides for n in one.nodes),
        ]
        known = {source.name for source in self.sources}
        walked = Graph(
            tuple(n for n in nodes if n.span is None or n.span.file in known),
            sources=self.sources,
        )
        script_data = script_safe(
            interactive.payload(walked, {**self.look, "least": 0}, large=True)
        )
        code = f"{interactive.script(large=True)}{script()}const told={script_data};"
        return boxed(body, body + first + script_data, code, _START % first)


def folded(fold: Fold, *, theme: str = "auto", direction: str = "LR") -> Folded:
    """The picture of a folded graph, and the insides of its groups.

    ValueError for an unknown theme or direction; LayoutError when there is no layout
    engine.
    """
    level = view(fold)
    drawn = scene(level.graph, theme=theme, direction=direction, legend=True)
    held = insides(fold, level, theme=theme, direction=direction)
    chapters = surveys.survey(fold, level)
    look = {"theme": theme, "direction": direction}
    return Folded(level, drawn, tuple(held), chapters, fold.graph.sources, look)


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
    """The script that opens groups, as one statement with a scope of its own."""
    code = read_assets("graph/folded.js")
    return f"const unfold=(()=>{{{code}return unfold}})();"


@cache
def css() -> str:
    """The styles around a folded picture."""
    return themes.fonts(".tapeviz-fold") + read_assets("graph/folded.css")
