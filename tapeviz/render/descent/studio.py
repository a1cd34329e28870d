"""The explorer's chart: quick to make, its limits fixed, so that nothing jumps.

The background (curve or contours) is made once; the path is made anew at every move of
a control. Both are SVG text without ids, in the classes of ``chart``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeviz.analysis.convergence import labels, regime
from tapeviz.analysis.trajectory import (
    Track,
    coordinates,
    number,
    point_words,
    sample_steps,
)
from tapeviz.render.descent import chart, panels
from tapeviz.render.descent.chart import RUNS, Axis, LabelMark, Panel
from tapeviz.render.descent.panels import Seen
from tapeviz.render.descent.words import describe_all
from tapeviz.render.html.assets import read_assets
from tapeviz.render.svg import theme as themes
from tapeviz.trace.markup import write
from tapeviz.wording.values import path_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tapeviz.analysis.trajectory import Floats
    from tapeviz.render.descent.chart import Frame, Mark
    from tapeviz.trace.descent import Descent, Landscape

RACE = 120
"""Points of a run at most in the race."""

ROWS = 200
"""Rows of the table at most."""

FRAME: Frame = (58.0, 34.0, 448.0, 280.0)
"""Where the explorer's window is."""

_LOSSES: Frame = (58.0, 34.0, 306.0, 280.0)
_TEXT = 12.5


def window(land: Landscape, names: tuple[str, ...], loss: str) -> Panel:
    """The window on a landscape: all of it, and for one number the losses on it."""
    x, title = Axis(land.xs[0], land.xs[-1], names[0]), f"{loss} for each {names[0]}"
    if land.ys:
        y, title = Axis(land.ys[0], land.ys[-1], names[1]), f"the path over {loss}"
    else:
        fine = [v for v in land.losses[0] if math.isfinite(v)] or [0.0, 1.0]
        low, high = min(fine), max(fine)
        room = high - low or abs(high) or 1.0
        y = Axis(low - 0.08 * room, high + 0.06 * room)
    return Panel(title, x, y, FRAME, text=_TEXT)


def background(land: Landscape, seen: Panel) -> dict[str, Any]:
    """The part of the picture that stays: axes, curve or contours, and the frame."""
    ends = [(seen.x.low, seen.x.high), (seen.y.low, seen.y.high)]
    left, top, wide, high = FRAME
    return {
        "ground": write(chart.drawn(seen.having(*panels.surface(land, seen)))),
        "frame": {
            "left": left, "top": top, "width": wide, "height": high,
            "x": ends[0], "y": ends[1], "numbers": 2 if land.ys else 1,
            "grain": [10.0 ** math.floor(math.log10((b - a) / 500)) for a, b in ends],
        },
    }  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """The runs that are drawn together; the first has the table.

    ``start`` is where all begin, ``names`` what the runs are called, ``limit`` the
    largest stable learning rate, marked on the slider with ``limit_words``, ``number``
    how many scenes came before. ``log`` says whether the losses stand on a log scale,
    as decided by an earlier scene; without it this one decides.
    """

    runs: tuple[Descent, ...]
    start: tuple[float, ...]
    names: tuple[str, ...] | None = None
    limit: float | None = None
    limit_words: str = ""
    number: int = 0
    log: bool | None = None


def scene(comparison: Comparison, seen: Panel) -> dict[str, Any]:
    """Everything in the chart that changes when a control moves, ready for JSON."""
    runs = [Seen.of(run) for run in comparison.runs]
    losses = panels.losses(runs, _LOSSES, log=comparison.log, text=_TEXT)
    names = [seen.x.name, seen.y.name][: len(comparison.start)]
    notes = [_loss_note(one.t) for one in runs]
    inner, outer = chart.layers(seen.having(*_paths(runs, seen)))
    return {
        "number": comparison.number,
        "scale": {"limit": comparison.limit, "words": comparison.limit_words},
        "path": chart.clipped([*inner, *outer], FRAME).write(),
        "curve": write(chart.drawn(losses)),
        "log": losses.y.log,
        "race": [
            {
                "look": RUNS[k % len(RUNS)][0],
                "path": _thinned(seen, one.path),
                "loss": _thinned(losses, one.losses),
            }
            for k, one in enumerate(runs)
        ],
        "at": _start(comparison.start, runs[0].t, seen),
        "start": point_words(names, comparison.start),
        "alt": describe_all(comparison.runs, comparison.names),
        "curveAlt": " ".join(filter(None, ("The loss at each step.", *notes))),
        "words": list(_words(comparison, runs, seen, notes)),
        "table": _table(runs[0]),
    }


def _paths(runs: list[Seen], seen: Panel) -> Iterator[Mark]:
    """The run with its updates, or the paths of several, without words."""
    marks: Iterable[Mark] = ()
    if len(runs) > 1:
        paths = panels.compared(runs, [one.path for one in runs])
        marks = *panels.minimum(runs[0].run, seen), *paths
    elif runs[0].t.updates:
        drawn = {"line": panels.on_curve, "plane": panels.on_contours}
        marks = drawn[runs[0].t.kind](runs[0], seen)
    return (mark for mark in marks if not isinstance(mark, LabelMark))


def _start(start: tuple[float, ...], t: Track, seen: Panel) -> list[float]:
    """Where the start stands, or the nearest position inside the frame."""
    loss = [v if math.isfinite(v) else 0.0 for v in (*t.losses[:1], 0.0)]
    left, top, wide, high = FRAME
    (at,) = seen.pixels([*start, *loss][:2])
    inside = np.clip(at, (left, top), (left + wide, top + high))
    found: list[float] = inside.round(1).tolist()
    return found


def _words(
    comparison: Comparison, runs: list[Seen], seen: Panel, notes: list[str]
) -> Iterator[dict[str, str]]:
    several = len(runs) > 1
    names = labels(comparison.runs, comparison.names)
    for i, one in enumerate(runs):
        found = regime(one.run)
        name = f"{found.name[0].upper()}{found.name[1:]}"
        said = (found.sentence, _away(one, seen), notes[i])
        yield {
            "look": RUNS[i % len(RUNS)][0] if several else "",
            "name": f"{names[i]}: {found.name}." if several else f"{name}.",
            "text": " ".join(filter(None, said)),
            "rule": found.inequality,
        }


def _away(one: Seen, seen: Panel) -> str:
    """Where a run leaves the picture."""
    axes = (seen.x, seen.y)
    for i, point in enumerate(one.t.points.tolist()):
        pairs = zip(axes, point, strict=False)
        if not all(axis.low <= v <= axis.high for axis, v in pairs):
            return f"It leaves the picture at step {i}."
    return ""


def _loss_note(t: Track) -> str:
    """What the picture of the losses leaves out of a run, as sentences."""
    odd = t.odd_loss()
    cut = t.losses[np.isfinite(t.losses) & ~t.near[:-1]]
    high = f"The loss goes up to {number(float(cut.max()))}." if cut.size else ""
    said = f"{odd[0].upper()}{odd[1:]}." if odd else ""
    return " ".join(filter(None, (said, high)))


def _table(seen: Seen) -> dict[str, Any]:
    t = seen.t
    names = coordinates(seen.run) if t.updates else []
    heads = ["step", *names, path_name(seen.run.loss_name), "length of gradient"]
    heads += ["length of update", "new loss"]
    rows = [
        [
            str(i),
            *map(number, (*t.points[i], t.losses[i], t.slopes[i], t.strides[i])),
            *(
                number(v) if np.isfinite(v) else ""
                for v in [*t.losses, np.nan][i + 1 :][:1]
            ),
        ]
        for i in sample_steps(t.updates, ROWS)
    ]
    return {"heads": heads, "rows": rows}


def _thinned(panel: Panel, path: Floats) -> list[list[float]]:
    """At most ``RACE`` points of a path till it leaves the panel, evenly.

    Each is a step and its position in the picture.
    """
    there = np.logical_and.accumulate(panel.inside(path))
    count = int(there.sum())
    chosen = np.linspace(0, count - 1, min(RACE + 1, count)).round().astype(int)
    pixels = panel.pixels(path[chosen]).round(1).tolist()
    return [[step, *at] for step, at in zip(chosen.tolist(), pixels, strict=True)]


def script() -> str:
    """The panel as an ES module for a widget."""
    names = ("html/elements", "descent/explorer_controls", "descent/explorer_chart")
    return read_assets(*(f"{name}.js" for name in names))


def styles() -> str:
    """The panel's styles, and the colours of every theme."""
    looks = re.sub(r"@([a-z-]+)", r"var(--tv-\1)", chart.RULES)
    return (
        "".join(map(themes.css, themes.NAMES))
        + themes.fonts(".tapeviz-board")
        + looks.replace("&", ".tv-b-chart")
        + read_assets("descent/explorer_chart.css")
    )
