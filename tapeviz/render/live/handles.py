"""The "What if" row of an output: the scripts and styles that its program needs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from tapeviz.render.descent import chart
from tapeviz.render.html.assets import read_assets
from tapeviz.render.live.assets import scripts
from tapeviz.render.svg import theme as themes
from tapeviz.trace.program import FAMILIES, Program

_PARTS = {1: ("chart", "slope", "tangent"), 2: ("chart", "slope", "marks", "ascent")}
_LOOKS = {1: ("curve", "drop", "update", "point"), 2: ("contour", "point")}

PARTS = (*dict.fromkeys(chain(*_PARTS.values())), "fields", "heat", "exits", "handles")
"""All scripts of the row, for a page whose programs are not known before."""


def shows_slope(program: Program) -> bool:
    """Whether it is one number of one or two that can be changed: then it has a curve.

    The gradient must be the slope itself, from a seed of 1.
    """
    free = {handle.node for handle in program.handles}
    numbers = [program.instructions[i] for i in program.sources]
    ends = [(program.instructions[goal.node], goal.seed) for goal in program.targets]
    return (
        0 < len(numbers) <= 2
        and len(free.intersection(program.sources)) == len(numbers)
        and all(not n.shape and n.dtype.startswith("float") for n in numbers)
        and [(end.shape, seed) for end, seed in ends] == [((), (1.0,))]
    )


def script(*programs: Program) -> str:
    """The scripts of the row as statements, with those that run these programs."""
    parts = dict.fromkeys(part for one in programs for part in _parts(one))
    own = (f"live/{part}.js" for part in (*parts, "handles"))
    return read_assets(*scripts(*programs), *own)


def script_for_any() -> str:
    """The same for a widget, which gets its program later."""
    own = (f"live/{part}.js" for part in PARTS)
    return read_assets(*scripts(more=FAMILIES), *own)


def _parts(program: Program) -> Iterator[str]:
    if shows_slope(program):
        yield from _PARTS[len(program.sources)]
    if any(program.instructions[one.node].shape for one in program.handles):
        yield "fields"
    if "arrays" in program.families:
        yield "heat"
    if program.exits:
        yield "exits"


def css(*programs: Program) -> str:
    """The styles of the row, and of the curve if it has one."""
    seen = {len(one.sources) for one in programs if shows_slope(one)}
    looks = {look: None for count in sorted(seen) for look in _LOOKS[count]}
    rules = chart.rules(*looks) if looks else ""
    return read_assets("live/handles.css") + themes.paint(rules).replace("&", _CHART)


def css_for_any() -> str:
    """The same for a widget, which gets its program later."""
    rules = chart.rules(*dict.fromkeys(chain(*_LOOKS.values())))
    return read_assets("live/handles.css") + themes.paint(rules).replace("&", _CHART)


_CHART = ".tv-chart"
