"""The graphs of a descent's steps, below its film, opened on a click."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from tapeviz.render.html.assets import read_assets
from tapeviz.render.html.page import boxed, in_script
from tapeviz.render.svg import theme as themes
from tapeviz.trace.markup import Element, element

MOST = 12
"""Graphs that go with a film; of longer runs this many, evenly chosen."""

_STYLE = (
    ".tv-steps{font:14px/1.45 " + themes.SANS + ";color:var(--tv-ink);"
    "background:var(--tv-paper)}"
    ".tv-steps .tv-graph-bar{display:flex;flex-wrap:wrap;gap:4px;align-items:center;"
    "padding:6px 0}"
    ".tv-steps :is(.tv-graph-bar,.tv-graph-view) button{font:inherit;"
    "color:var(--tv-variable);"
    "background:var(--tv-paper);border:1px solid var(--tv-line);border-radius:4px;"
    "padding:1px 8px;min-width:30px;min-height:26px;cursor:pointer}"
    ".tv-steps button[aria-pressed=true]{background:var(--tv-hot-fill);"
    "color:var(--tv-ink)}"
    ".tv-steps :is(.tv-graph-bar,.tv-graph-view) :focus-visible{outline:2.5px solid "
    "var(--tv-hot);outline-offset:1px}"
    ".tv-steps .tv-graph-bar span{color:var(--tv-muted);margin-right:4px}"
    ".tv-steps .tv-graph-view p{margin:4px 0}"
    ".tv-steps .tv-graph-picture{overflow-x:auto}"
)


def with_step_graphs(
    film: Sequence[Element], graphs: Mapping[int, str], theme: str = "auto"
) -> Sequence[Element]:
    """A film's HTML in a box that opens the graph of a step.

    ``graphs`` maps steps to their pictures. A click on a point of the film opens its
    step, or the nearest one there is; so do the buttons below the film.
    """
    if not graphs:
        return film
    data = f"const graphs={in_script(sorted(graphs.items()))};"
    act = "if(!el.querySelector('.tv-graph-bar'))opened(el,new Map(graphs))"
    style = element("style", themes.css(theme) + _STYLE)
    inside = (style, *film)
    return boxed(inside, _script(), data, act, cls=f"steps {theme}")


@cache
def _script() -> str:
    return read_assets("html/elements.js", "descent/step_graphs.js")
