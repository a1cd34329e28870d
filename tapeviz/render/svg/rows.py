"""Which rows of pixels a picture's elements take: a film repaints only what changed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tapeviz.render.svg.standalone import UNDRAWN

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

GRID = 8
"""Strips begin and end at multiples of so many pixels."""

_LINE, _STROKE = 24, 4
"""How far a line of text reaches from its baseline at most, a stroke from its path."""

_ANYWHERE = (-1e6, 1e6)
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")


class Drawn(NamedTuple):
    """Something that is drawn: all that it looks like, and its first and last row."""

    look: str
    first: float
    last: float


def drawn(
    el: Element, outer: str = "", down: float = 0.0, zoom: float = 1.0
) -> Iterator[tuple[Element, Drawn]]:
    """What an element draws, styled by attributes: row ``y`` at ``down + zoom y``."""
    if el.tag in UNDRAWN:
        return
    look = f"{outer}<{el.tag} {sorted(el.attrib.items())}"
    down += zoom * _moved(el)
    if el.tag in {"svg", "g"}:
        top, inner = _view(el)
        down += zoom * (_number(el, "y") - inner * top)
        zoom *= inner
        for child in el:
            yield from drawn(child, look, down, zoom)
        return
    said = [
        (sorted(child.attrib.items()), child.text, child.tail) for child in el.iter()
    ]
    first, last = (down + zoom * y for y in _reach(el))
    if math.isnan(first + last):
        first, last = _ANYWHERE
    yield el, Drawn(f"{look}{said}", first, last)


def cut(el: Element, parts: Mapping[Element, Drawn], top: int, bottom: int) -> Element:
    """A copy of a picture, or of a group in it, with what reaches into these rows."""
    copy = el.makeelement(el.tag, el.attrib)
    for child in el:
        if (part := parts.get(child)) is None:
            inner = cut(child, parts, top, bottom)
            copy.extend([inner] if len(inner) else [])
        elif part.first < bottom and part.last > top:
            copy.append(child)
    return copy


def _view(el: Element) -> tuple[float, float]:
    """The first row that a picture in a picture shows, and how much it is enlarged."""
    if "viewBox" not in el.attrib:
        return 0.0, 1.0
    _, top, wide, high = map(float, _NUMBER.findall(el.attrib["viewBox"]))
    across, along = _number(el, "width") / wide, _number(el, "height") / high
    return top, along if math.isclose(across, along, rel_tol=1e-3) else math.nan


def _number(el: Element, name: str) -> float:
    found = _NUMBER.match(el.get(name, ""))
    return float(found[0]) if found else 0.0


def _moved(el: Element) -> float:
    """How far an element's transform moves it down; nan where it does more."""
    transform = el.get("transform", "translate(0 0)")
    if not re.fullmatch(r"translate\([^()]*\)", transform):
        return math.nan
    _, *down = map(float, _NUMBER.findall(transform))
    return down[0] if down else 0.0


def _reach(el: Element) -> tuple[float, float]:
    """The first and the last row of an element without its own transform."""
    if el.tag == "rect" and not el.get("height", "").endswith("%"):
        y = _number(el, "y")
        return y - _STROKE, y + _number(el, "height") + _STROKE
    if el.tag == "text":
        lines = (line for line in el.iter() if line is el or "y" in line.attrib)
        ys = [_number(line, "y") for line in lines]
        return min(ys) - _LINE, max(ys) + _LINE
    return _path_reach(el.get("d", "")) if el.tag == "path" else _ANYWHERE


@lru_cache(9999)
def _path_reach(path: str) -> tuple[float, float]:
    from fontTools.pens.boundsPen import ControlBoundsPen
    from fontTools.svgLib.path import parse_path

    bounds = ControlBoundsPen(None)
    parse_path(path, bounds)
    _, first, _, last = bounds.bounds or (0, 0, 0, 0)
    return first - _STROKE, last + _STROKE


def merged(changed: Iterable[Drawn], height: int) -> list[tuple[int, int]]:
    """The strips of a picture that hold all of these, from top to bottom."""
    strips: list[tuple[int, int]] = []
    for one in sorted(changed, key=lambda one: one.first):
        top = max(0, int(one.first // GRID) * GRID)
        bottom = min(height, int(one.last // GRID + 1) * GRID)
        if strips and top <= strips[-1][1]:
            strips[-1] = strips[-1][0], max(strips[-1][1], bottom)
        elif top < bottom:
            strips.append((top, bottom))
    return strips
