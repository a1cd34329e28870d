"""A film as HTML that holds all it needs: for a notebook, and as a page of its own."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Callable
from functools import cache
from itertools import chain
from typing import Any

from tapeviz.render import theme as themes
from tapeviz.render.animate import animate, theme_of
from tapeviz.render.assets import lean, small, static
from tapeviz.render.lines import Place, lit
from tapeviz.trace.film import Film, Frame

_START = (
    "for(const el of document.querySelectorAll('[id=\"%s\"]'))"
    "if(el.querySelector(':scope>img'))start(el,film)"
)
_PACE = 1.8
_NOTHING_ELSE = (
    "default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)


def notebook(film: Film, *, step: int = 0) -> str:
    """The film for a notebook: an animated picture that a script makes a player.

    Nothing is fetched, and where scripts do not run the picture plays by itself.
    ``step`` is the step the player opens at; ValueError when the film has no such step.
    """
    theme = theme_of(film)
    colours = themes.css(theme)
    style = css(theme).removeprefix(colours if colours in film.svg else "")
    return _markup(film, {**payload(film, step=step), "css": style})


def page(film: Film, *, step: int = 0) -> str:
    """The film as an HTML document that stands alone and may not fetch anything."""
    theme = theme_of(film)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_NOTHING_ELSE}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(film.title)}</title>"
        f"<style>{css(theme)}{small(_PAGE)}</style></head>"
        f'<body class="tv-{theme}"><main>{_markup(film, payload(film, step=step))}'
        "</main></body></html>\n"
    )


_PAGE = """
body { margin: 0; padding: clamp(8px, 3vw, 32px); background: var(--tv-paper); }
main { max-width: 1080px; margin: auto; }
"""


def _markup(film: Film, told: dict[str, Any]) -> str:
    image = base64.b64encode(animate(film, _PACE).encode("utf-8", "replace")).decode()
    text = _script_safe(told)
    id = "tapeviz-" + hashlib.sha256((image + text).encode()).hexdigest()[:12]
    return (
        f'<div id="{id}"><img src="data:image/svg+xml;base64,{image}" '
        f'alt="{html.escape(film.alt)}" style="max-width:100%"></div>'
        f"<script>(()=>{{{script()}const film={text};{_START % id}}})()</script>"
    )


def payload(film: Film, *, step: int = 0) -> dict[str, Any]:
    """What the player is told of a film, without its picture.

    Spans become places in the listing, counted in UTF-16 units as scripts count;
    ``jump`` has the steps at which each element becomes what the film is about, and
    ``rows`` the last step of each row of the table.
    """
    film.validate()
    if not 0 <= step < len(film.frames):
        last = len(film.frames) - 1
        raise ValueError(f"step {step} is not in this film: its steps are 0 to {last}")
    spans = [lit(film.sources, frame.spans) for frame in film.frames]
    known = {place: i for i, place in enumerate(dict.fromkeys(chain(*spans)))}
    return {
        "title": film.title,
        "step": step,
        "theme": theme_of(film),
        "code": [
            {"name": name, "first": s.first, "lines": s.lines}
            for s, name in zip(film.sources, _code_names(film), strict=True)
        ],
        "spans": [*map(_units(film), known)],
        "frames": [
            _frame(frame, [known[place] for place in places])
            for frame, places in zip(film.frames, spans, strict=True)
        ],
        "table": {"heads": film.table.heads, "rows": film.table.rows},
        "rows": _rows(film),
        "jump": jumps(film),
    }


def _code_names(film: Film) -> list[str]:
    """The names of the sources, shown where there are several.

    A single one needs none; that of a notebook cell changes with every run.
    """
    return [s.name if len(film.sources) > 1 else "" for s in film.sources]


def _frame(frame: Frame, spans: list[int]) -> dict[str, Any]:
    return {
        "caption": frame.caption,
        "formula": frame.formula,
        "marks": frame.marks,
        "row": frame.row,
        "spans": spans,
        "phase": frame.phase,
    }


def _rows(film: Film) -> list[int]:
    last = {frame.row: step for step, frame in enumerate(film.frames)}
    return [last.get(row, 0) for row in range(len(film.table.rows))]


def jumps(film: Film) -> dict[str, list[int]]:
    """The steps at which each element becomes hot."""
    found: dict[str, list[int]] = {}
    for step, frame in enumerate(film.frames):
        for id, mark in frame.marks.items():
            if mark == "hot":
                found.setdefault(id, []).append(step)
    return found


def _units(film: Film) -> Callable[[Place], Place]:
    """A stretch of a line as scripts count: in UTF-16 units."""
    lines = [text for source in film.sources for text in source.lines]

    def units(place: Place) -> Place:
        line, first, last = place
        return line, _length(lines[line][:first]), _length(lines[line][:last])

    return units


def _length(text: str) -> int:
    return len(text) + sum(char > "\uffff" for char in text)


def _script_safe(data: Any) -> str:
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


@cache
def module() -> str:
    """The player as an ES module: ``mount``, ``start``, and a widget as its default."""
    return static("player.js")


@cache
def script() -> str:
    """The player as statements for a classic script, without comments and indents."""
    own = module().partition("\nexport default")[0]
    return lean(own.replace("export function", "function"))


@cache
def css(theme: str = "auto") -> str:
    """The player's styles and fonts, and the colours of the theme."""
    fonts = f".tapeviz-film{{--tv-sans:{themes.SANS};--tv-mono:{themes.MONO}}}"
    return themes.css(theme) + fonts + small(static("player.css"))
