"""The graphs of a descent's steps, packed below its film and opened on a click."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from functools import cache

from tapeviz.render.html.assets import (
    digest,
    on_each,
    read_assets,
)
from tapeviz.render.svg import theme as themes

MOST = 12
"""Graphs that are packed with a film; of longer runs this many, evenly chosen."""

_STYLE = (
    "&{font:14px/1.45 " + themes.SANS + ";color:var(--tv-ink);"
    "background:var(--tv-paper)}"
    "& .tv-graph-bar{display:flex;flex-wrap:wrap;gap:4px;align-items:center;"
    "padding:6px 0}"
    "& :is(.tv-graph-bar,.tv-graph-view) button{font:inherit;color:var(--tv-variable);"
    "background:var(--tv-paper);border:1px solid var(--tv-line);border-radius:4px;"
    "padding:1px 8px;min-width:30px;min-height:26px;cursor:pointer}"
    "& button[aria-pressed=true]{background:var(--tv-hot-fill);color:var(--tv-ink)}"
    "& :is(.tv-graph-bar,.tv-graph-view) :focus-visible{outline:2.5px solid "
    "var(--tv-hot);outline-offset:1px}"
    "& .tv-graph-bar span{color:var(--tv-muted);margin-right:4px}"
    "& .tv-graph-view p{margin:4px 0}"
    "& .tv-graph-picture{overflow-x:auto}"
)


def with_step_graphs(film: str, graphs: Mapping[int, str], theme: str = "auto") -> str:
    """A film's HTML in a box that opens the graph of a step.

    ``graphs`` maps steps to their pictures. A click on a point of the film opens its
    step, or the nearest one there is; so do the buttons below the film.
    """
    if not graphs:
        return film
    own = f"tapeviz-{digest(film)}-graphs"
    style = themes.css(theme) + _STYLE.replace("&", f'[id="{own}"]')
    act = (
        "if(!el.querySelector('.tv-graph-bar'))"
        f"opened(el,{json.dumps(_packed(graphs))},{json.dumps(sorted(graphs))})"
    )
    return (
        f'<div id="{own}" class="{themes.class_name(theme)}"><style>{style}</style>'
        f"{film}</div><script>(()=>{{{_script()}{on_each(own, act)}}})()</script>"
    )


def _packed(graphs: Mapping[int, str]) -> str:
    """All graphs as one text: JSON, zlib, base64. Together, as they are much alike."""
    text = json.dumps([graphs[step] for step in sorted(graphs)])
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 9)).decode()


@cache
def _script() -> str:
    return read_assets("html/elements.js", "descent/step_graphs.js")
