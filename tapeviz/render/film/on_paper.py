"""A film on paper: the steps that matter, and one picture of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from tapeviz.render.film.svg import frame_svg
from tapeviz.render.svg import raster
from tapeviz.trace.film import Film

MOST = 12
"""Steps between the first and the last that a printed page has room for."""

IN_PICTURE, _READABLE = 4, 0.6
"""The same for one picture, and how far that may make the steps smaller."""

_TERM = re.compile(r"(.+)-g(\d+)")
"""The id of what a node's gradient slot shows, and of which term it is the sum."""


def key_steps(film: Film, most: int = MOST) -> list[int]:
    """Start, each contribution where a gradient is a sum of several, end.

    Of more than ``most`` contributions it names some, evenly spread.
    """
    arrivals = [*_arrivals(film)]
    sums = {node for _, node, count in arrivals if count > 1}
    last = len(film.frames) - 1
    inside = {step for step, node, _ in arrivals if node in sums} - {0, last}
    between = sorted(inside)
    return sorted({0, *between[:: math.ceil(len(between) / most) or 1], last})


def _arrivals(film: Film) -> Iterator[tuple[int, str, int]]:
    """The steps at which a slot shows a new sum: the node, and how many terms."""
    for step, frame in enumerate(film.frames):
        for id, mark in frame.marks.items():
            found = _TERM.fullmatch(id)
            if found and mark == "on":
                yield step, found[1], int(found[2])


def png(film: Film) -> bytes:
    """The key steps beside and below each other, as a PNG file's bytes.

    Of large ones there are fewer, for they are to be read. SaveError where there is no
    resvg, as in a web page's Python.
    """
    whole = frame_svg(film, 0)
    chosen = (key_steps(film, most) for most in range(IN_PICTURE, 0, -1))
    fitting = (it for it in chosen if raster.sheet(whole, len(it))[0] >= _READABLE)
    steps = next(fitting, [*{0, len(film.frames) - 1}])
    return raster.printed(*(frame_svg(film, step) for step in steps))
