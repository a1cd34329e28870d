"""A folded picture as HTML: groups open on a click, without a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tapeviz.analysis.folded_view import FoldedView, view
from tapeviz.analysis.folding import Fold
from tapeviz.render.graph import interactive
from tapeviz.render.graph import overview as surveys
from tapeviz.render.graph.folded_groups import Inside, insides
from tapeviz.render.graph.scene import Scene, description, scene, summary
from tapeviz.render.html.assets import read_assets
from tapeviz.render.html.page import boxed, document, image, in_script, with_min_size
from tapeviz.render.svg import theme as themes
from tapeviz.trace.graph import Graph, Source
from tapeviz.trace.markup import Element, element, write

LAZY = ("live/format.js", "graph/scalars.js")
STYLE = "graph/scalars.css"
"""What draws a group in the page."""

OPEN = 20_000
"""From so many ops on the page opens with the survey unfolded."""

_START = (
    "if(!el.classList.contains('tapeviz-picture')){%s"
    "unfold(el.firstElementChild%s);start(el,told);minimap(el)}"
)


@dataclass(frozen=True)
class Folded:
    """A fold's outermost level, its picture, and the insides of its groups.

    With ``columns`` the page makes the insides: they are what ``scalars.js`` reads.
    """

    level: FoldedView
    scene: Scene
    insides: tuple[Inside, ...]
    survey: tuple[surveys.Chapter, ...]
    sources: tuple[Source, ...]
    size: int
    look: Mapping[str, str]
    columns: Mapping[str, Any] | None = None

    def markup(self) -> Element:
        """The picture with the insides of its groups, as HTML without scripts."""
        svg = with_min_size(self.scene.root, *self.scene.least)
        level = element("div", svg, cls="level")
        crumbs = element(
            "div",
            cls="crumbs",
            role="navigation",
            aria_label="where you are in the tape",
            hidden=True,
        )
        return element(
            "div",
            element("style", css() + (read_assets(STYLE) if self.columns else "")),
            crumbs,
            element("div", level, cls="stage"),
            *map(_template, self.insides),
            surveys.html(
                self.survey, expanded=self.columns is None and self.size >= OPEN
            ),
            cls=f"tapeviz-fold {self.look['theme']}",
        )

    @property
    def alt(self) -> str:
        """The outermost level in words."""
        return description(self.level.graph)

    def notebook(self) -> str:
        """The picture as an image that a script replaces by the one that unfolds."""
        shown = image(self.scene.root, self.alt)
        swap = f"el.innerHTML={in_script(self.markup().write())};"
        return write(self._started(shown, swap))

    def page(self) -> str:
        """The picture as an HTML document that stands alone."""
        body = self._started(self.markup(), "")
        title = summary(self.level.graph)[:80]
        return document(title, body, theme=self.look["theme"], width=4000)

    def _started(self, body: Element, first: str) -> tuple[Element, Element]:
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
        content = interactive.payload(walked, {**self.look, "least": 0}, large=True)
        code = interactive.script(large=True) + script()
        data, inside = f"const told={in_script(content)};", ""
        if self.columns is not None:
            code += read_assets(*LAZY)
            data += f"const columns={in_script(self.columns)};"
            inside = ",scalarGroups(columns)"
        return boxed((body,), code, data, _START % (first, inside))


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
    sources, size = fold.graph.sources, len(fold.columns.ops)
    return Folded(level, drawn, tuple(held), chapters, sources, size, look)


def _template(inside: Inside) -> Element:
    return element(
        "template", *inside.html, data_inside=inside.id, data_title=inside.title
    )


@cache
def script() -> str:
    """The script that opens groups, as one statement with a scope of its own."""
    code = read_assets("graph/folded.js")
    return f"const unfold=(()=>{{{code}return unfold}})();"


@cache
def css() -> str:
    """The styles around a folded picture."""
    return themes.fonts(".tapeviz-fold") + read_assets("graph/folded.css")
