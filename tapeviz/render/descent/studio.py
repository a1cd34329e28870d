"""The studio's panel: its script and styles, in a notebook and as a page of its own.

The page draws all of it, and runs what was compiled; ``state`` is what the panel begins
with, as the traits of ``views.widgets.explorer.Studio`` say it to a widget.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from tapeviz.render.descent import chart
from tapeviz.render.html.assets import read_assets
from tapeviz.render.html.page import boxed, document, in_script
from tapeviz.render.live import assets
from tapeviz.render.svg import theme as themes
from tapeviz.trace.markup import Element, element, write
from tapeviz.trace.program import FAMILIES, Program

_WORDS = ("basic", "common")
"""The words that the optimizers' updates are made of."""

_PARTS = ("controls", "numbers", "regime", "chart")
_POLICY = "default-src 'none'; img-src data:; " + "; ".join(
    f"{kind}-src 'unsafe-inline'" for kind in ("style", "script")
)


def script(*programs: Program) -> str:
    """The panel as statements, with what runs such programs."""
    return (
        f"const RUNS={json.dumps(chart.RUNS)},SHAPES={json.dumps(chart.SHAPES)};"
        + read_assets("html/elements.js", *assets.scripts(*programs, more=_WORDS))
        + read_assets("live/expression.js", "live/chart.js", "live/contours.js")
        + read_assets(*(f"descent/studio_{name}.js" for name in _PARTS))
        + read_assets("descent/studio.js")
    )


@cache
def module() -> str:
    """The panel as an ES module whose default is a widget, for any program."""
    more = (f"live/words-{name}.js" for name in FAMILIES if name not in _WORDS)
    return script() + read_assets(*more, "descent/studio_widget.js")


def styles(*names: str) -> str:
    """The panel's styles, and the colours of these themes."""
    looks = re.sub(r"@([a-z-]+)", r"var(--tv-\1)", chart.RULES)
    return (
        "".join(map(themes.css, names))
        + themes.fonts(".tapeviz-board")
        + looks.replace("&", ".tv-b-chart")
        + read_assets("descent/studio.css")
    )


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
        _boxed(state, first, programs),
        theme=theme,
        style=styles(),
        policy=_POLICY,
        width=1300,
    )


def _boxed(
    state: Mapping[str, Any],
    first: Element,
    programs: tuple[Program, ...],
    style: str = "",
) -> tuple[Element, Element]:
    data = in_script({**state, "css": style} if style else state)
    code = f"{script(*programs)}const state={data};"
    act = "if(!el.querySelector('.tapeviz-board'))studioIn(el,state)"
    return boxed((first,), f"{first.write()}{data}", code, act)
