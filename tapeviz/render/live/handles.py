"""The "What if" row of an output: the scripts and styles that its program needs."""

from __future__ import annotations

from tapeviz.render.descent import chart
from tapeviz.render.html.assets import read_assets
from tapeviz.render.live.assets import scripts
from tapeviz.render.svg import theme as themes
from tapeviz.trace.program import Program

_LOOKS = ("curve", "contour", "slope", "drop", "update", "gradient", "point")


def shows_slope(program: Program) -> bool:
    """Whether it is one number of one or two that can be changed: then it has a curve.

    The gradient must be the slope itself, from a seed of 1.
    """
    free = {handle.node for handle in program.handles}
    numbers = [program.instructions[i] for i in program.sources]
    ends = [(program.instructions[goal.node], goal.seed) for goal in program.targets]
    return (
        0 < len(numbers) <= 2
        and free.issuperset(program.sources)
        and all(not n.shape and n.dtype.startswith("float") for n in numbers)
        and [(end.shape, seed) for end, seed in ends] == [((), (1.0,))]
    )


def script(*programs: Program) -> str:
    """The scripts of the row as statements, with those that run these programs."""
    more = ("live/chart.js", "live/slope.js") if any(map(shows_slope, programs)) else ()
    return read_assets(*scripts(*programs), *more, "live/handles.js")


def css(*programs: Program) -> str:
    """The styles of the row, and of the curve if it has one."""
    looks = chart.rules(*_LOOKS) if any(map(shows_slope, programs)) else ""
    return read_assets("live/handles.css") + themes.paint(looks).replace("&", _CHART)


_CHART = ".tv-chart"
