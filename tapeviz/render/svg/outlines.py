"""The shapes of an SVG as paths of matplotlib."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tapeviz.render.svg.css import Styled, numbers
from tapeviz.render.svg.css import pixels as length

if TYPE_CHECKING:
    from matplotlib.path import Path

_COMMAND = re.compile(r"([MLHVCSQTAZ])([^MLHVCSQTAZ]*)", re.IGNORECASE)
_ROUND = 0.5523


def view(root: ET.Element) -> tuple[float, float, float, float]:
    """What a picture shows: its left and top edge, its width and its height."""
    box = numbers(root.get("viewBox", ""))
    if len(box) == 4:
        return box[0], box[1], box[2], box[3]
    return 0.0, 0.0, length(root.get("width", "")), length(root.get("height", ""))


def outline(el: Styled) -> Path:
    """The shape of an element in its own coordinates."""
    get = el.element.get
    one = {k: length(get(k, "")) for k in ("x", "y", "width", "height", "cx", "cy")}
    if el.tag == "path":
        return _path(get("d", ""))
    if el.tag == "rect":
        wide, high = _extent(el, "width"), _extent(el, "height")
        rx = length(get("rx", get("ry", "")))
        return _rect(one["x"], one["y"], wide, high, min(rx, wide / 2, high / 2))
    if el.tag in {"circle", "ellipse"}:
        rx, ry = length(get("rx", get("r", ""))), length(get("ry", get("r", "")))
        return _oval(one["cx"], one["cy"], rx, ry)
    if el.tag == "line":
        x1, y1, x2, y2 = (get(k, "0") for k in ("x1", "y1", "x2", "y2"))
        return _path(f"M{x1} {y1}L{x2} {y2}")
    if el.tag in {"polyline", "polygon"}:
        return _path(f"M{get('points', '0 0')}{'z' if el.tag == 'polygon' else ''}")
    raise ValueError(f"a picture with a {el.tag} element cannot be painted")


def _extent(el: Styled, name: str) -> float:
    """A width or height, which may be a percentage of the picture's around it."""
    text = el.element.get(name, "")
    if not text.endswith("%"):
        return length(text)
    outer = el.parent or el
    while outer.parent is not None and outer.tag != "svg":
        outer = outer.parent
    whole = view(outer.element)[2 if name == "width" else 3]
    return whole * length(text) / 100


def _rect(x: float, y: float, wide: float, high: float, r: float) -> Path:
    if not r:
        return _path(f"M{x} {y}h{wide}v{high}h{-wide}z")
    w, h, k = wide - 2 * r, high - 2 * r, r * (1 - _ROUND)
    return _path(
        f"M{x + r} {y}h{w}c{r - k} 0 {r} {k} {r} {r}v{h}c0 {r - k} {-k} {r} {-r} {r}"
        f"h{-w}c{k - r} 0 {-r} {-k} {-r} {-r}v{-h}c0 {k - r} {k} {-r} {r} {-r}z"
    )


def _oval(cx: float, cy: float, rx: float, ry: float) -> Path:
    a, b = rx * _ROUND, ry * _ROUND
    return _path(
        f"M{cx - rx} {cy}c0 {-b} {rx - a} {-ry} {rx} {-ry}c{a} 0 {rx} {ry - b} {rx} "
        f"{ry}c0 {b} {a - rx} {ry} {-rx} {ry}c{-a} 0 {-rx} {b - ry} {-rx} {-ry}z"
    )


_TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "Z": 0}
"""How many numbers each command of a path takes."""


def _path(d: str) -> Path:
    """A path's commands as matplotlib's; ValueError for one it does not know."""
    from matplotlib.path import Path

    points: list[tuple[float, float]] = []
    codes: list[int] = []
    current = start = (0.0, 0.0)
    for letter, given in _commands(d):
        made = _points(letter, given, current)
        if letter in "Zz":
            made = [start]
        current = made[-1]
        start = current if letter in "Mm" else start
        points += made
        codes += [_CODES[letter.upper()]] * len(made)
    return Path(points or [(0, 0)], codes or [Path.MOVETO])


_CODES = {"M": 1, "L": 2, "H": 2, "V": 2, "Q": 3, "C": 4, "Z": 79}
"""matplotlib's numbers for the commands."""


def _commands(d: str) -> Iterator[tuple[str, list[float]]]:
    """Each command with its own numbers; what repeats is written out."""
    for letter, rest in _COMMAND.findall(d):
        if letter.upper() not in _TAKES:
            raise ValueError(f"a path with the command {letter} cannot be painted")
        given, takes = numbers(rest), _TAKES[letter.upper()]
        for i in range(0, len(given) if takes else 1, takes or 1):
            again = {"M": "L", "m": "l"}.get(letter, letter) if i else letter
            yield again, given[i : i + takes]


def _points(
    letter: str, given: list[float], current: tuple[float, float]
) -> list[tuple[float, float]]:
    x, y = current if letter.islower() else (0.0, 0.0)
    if letter in "Hh":
        return [(x + given[0], current[1])]
    if letter in "Vv":
        return [(current[0], y + given[0])]
    return [(x + a, y + b) for a, b in zip(given[::2], given[1::2], strict=True)]
