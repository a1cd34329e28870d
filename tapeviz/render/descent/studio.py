"""The studio's panel: its script and styles, in a notebook and as a page of its own.

The page draws all of it, and runs what was compiled; ``state`` is what the panel begins
with, as the traits of ``views.widgets.explorer.Studio`` say it to a widget.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tapeviz.render.descent import chart
from tapeviz.render.html.assets import read_assets
from tapeviz.render.html.page import boxed, document, in_script
from tapeviz.render.live import assets
from tapeviz.render.svg import theme as themes
from tapeviz.trace.markup import Element, element, write
from tapeviz.trace.program import Program

_WORDS = ("basic", "common")
"""The words that the optimizers' updates are made of."""

_NAMES = ("_controls", "_numbers", "_regime", "_chart", "")
_PARTS = (
    "live/expression.js",
    "live/chart.js",
    "live/marks.js",
    *(f"descent/studio{name}.js" for name in _NAMES),
)
_POLICY = "default-src 'none'; img-src data:; " + "; ".join(
    f"{kind}-src 'unsafe-inline'" for kind in ("style", "script")
)


def script(*programs: Program) -> str:
    """The panel as statements, with what runs such programs."""
    data = f"const RUNS={json.dumps(chart.RUNS)},SHAPES={json.dumps(chart.SHAPES)};"
    parts = ("html/elements.js", *assets.scripts(*programs, more=_WORDS), *_PARTS)
    return data + read_assets(*parts)


def module(*programs: Program) -> str:
    """The panel as an ES module whose default is a widget."""
    return script(*programs) + read_assets("descent/studio_widget.js")


_LOOKS = (
    *("curve", "contour", "path", "drop", "update", "slope", "point", "minimum"),
    *(look for look, _ in chart.RUNS),
)


def styles(*names: str) -> str:
    """The panel's styles, and the colours of these themes that it uses."""
    looks = themes.paint(chart.rules(*_LOOKS)).replace("&", ".tv-b-chart")
    rules = f"{looks}.tv-b-chart .tv-of-ink{{fill:var(--tv-ink)}}"
    rules += themes.fonts(".tapeviz-board") + read_assets("descent/studio.css")
    roles = themes.colours("light")
    unused = [role for role in roles if f"var(--tv-{role})" not in rules]
    return "".join(themes.css(name, unused) for name in names) + rules


def notebook(state: Mapping[str, Any], first: Element, *programs: Program) -> str:
    """The panel for a notebook, where no kernel need be: a script puts it in.

    ``first`` stands there where no script runs.
    """
    style = styles(str(state["theme"]))
    return write((element("div", *_boxed(state, first, programs, style), cls="kept"),))


def page(state: Mapping[str, Any], first: Element, *programs: Program) -> str:
    """The panel as an HTML document that stands alone and may not fetch anything."""
    theme = str(state["theme"])
    return document(
        "Gradient descent",
        _boxed(state, first, programs, styles()),
        theme=theme,
        policy=_POLICY,
        width=1300,
    )


def below(state: Mapping[str, Any], *programs: Program) -> tuple[Element, ...]:
    """The panel below a film, which a button opens."""
    theme = str(state["theme"])
    style = element("style", styles(theme) + _BUTTON)
    inside = _boxed(state, element("p", _CLOSED), programs)
    button = element("summary", "What if?")
    return (element("details", style, button, *inside, cls=f"what-if {theme}"),)


_CLOSED = "Another rate or start for this loop can be tried where scripts run."
_BUTTON = (
    ".tv-what-if>summary{width:fit-content;margin:8px 0;padding:0 14px;cursor:pointer;"
    f"font:14px/42px {themes.SANS};border:1px solid var(--tv-line);border-radius:4px;"
    "color:var(--tv-ink);background:var(--tv-paper)}"
    ".tv-what-if>summary:focus-visible{outline:2.5px solid var(--tv-hot)}"
)


def _boxed(
    state: Mapping[str, Any],
    first: Element,
    programs: tuple[Program, ...],
    style: str = "",
) -> tuple[Element, Element]:
    data = in_script({**state, "css": style} if style else state)
    act = "if(!el.querySelector('.tapeviz-board'))studioIn(el,state)"
    return boxed((first,), script(*programs), f"const state={data};", act)
