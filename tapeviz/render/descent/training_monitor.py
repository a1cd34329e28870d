"""A model in training: progress, the loss so far, and its decision regions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeviz.analysis.trajectory import number, sample_steps
from tapeviz.render.descent.explorer_chart import Window, area, axes, clipped, line
from tapeviz.render.descent.table import folded, losses_table
from tapeviz.render.html import page
from tapeviz.render.svg import theme as themes

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 300
"""Points of the loss curve that are drawn."""

_BOX = (
    ".tv-learning{font:14px/1.45 " + themes.SANS + ";color:var(--tv-ink);"
    "background:var(--tv-paper);padding:8px;max-width:900px}"
    ".tv-learning p{margin:0 0 4px}.tv-learning progress{width:100%;height:10px;"
    "accent-color:var(--tv-variable)}"
    ".tv-learning .tv-pair{display:flex;flex-wrap:wrap;gap:12px}"
    ".tv-learning .tv-pair>div{flex:1 1 300px;min-width:0}"
    ".tv-learning svg{display:block;max-width:100%;height:auto}"
)
_PICTURE = (
    "&{font-family:" + themes.SANS + "}"
    "& text{font-size:13px;fill:@muted}& text.tv-t{fill:@ink}"
    "& .tv-axis{fill:none;stroke:@line}"
    "& .tv-way{fill:none;stroke:@variable;stroke-width:1.8}"
    "& .tv-yes{fill:@target;fill-opacity:.16;fill-rule:evenodd}"
    "& .tv-edge{fill:none;stroke:@ink;stroke-width:1.6}"
    "& .tv-one{fill:@target;stroke:@paper}& .tv-zero{fill:@variable;stroke:@paper}"
)


@dataclass(frozen=True)
class Decision:
    """A model's predictions on a grid, and the points it is trained on.

    ``grid[i][j]`` is the probability of class 1 at ``(xs[j], ys[i])``. ``right`` is the
    accuracy on the points, from 0 to 1.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    grid: tuple[tuple[float, ...], ...]
    points: tuple[tuple[float, float], ...]
    labels: tuple[int, ...]
    right: float


def training_picture(
    losses: Sequence[float], steps: int, decision: Decision | None = None
) -> str:
    """The state of a training as HTML: a bar, the loss curve, and the decision."""
    done, words = len(losses), telling(losses, steps, decision)
    pictures = _curve(losses, steps) + (_decided(decision) if decision else "")
    return (
        f'<div class="tv-learning {themes.class_name("auto")}">'
        f"<style>{themes.css('auto')}{_BOX}</style>"
        f'<progress max="{steps}" value="{done}" aria-label="{escape(words)}">'
        f'</progress><p>{escape(words)}</p><div class="tv-pair">{pictures}</div>'
        f"{folded(losses_table(losses))}</div>"
    )


def telling(
    losses: Sequence[float], steps: int, decision: Decision | None = None
) -> str:
    """The state of a training in a sentence.

    >>> telling([0.9, 0.5], 10)
    'Step 2 of 10, loss 0.5.'
    """
    loss = f", loss {number(losses[-1])}" if losses else ""
    right = f", {100 * decision.right:.0f} % of the points right" if decision else ""
    return f"Step {len(losses)} of {steps}{loss}{right}."


def _picture(inside: str, label: str) -> str:
    style = themes.css("auto") + themes.paint(_PICTURE.replace("&", ".tv-learns"))
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="520" height="360" '
        'viewBox="0 0 520 360" role="img" class="tv-learns '
        f'{themes.class_name("auto")}" aria-label="{escape(label)}">'
        f"<style>{style}</style>{inside}</svg>"
    )
    return page.static_html(svg, label)


def _curve(losses: Sequence[float], steps: int) -> str:
    known = [v for v in losses if math.isfinite(v)]
    log = bool(known) and min(known) > 0 and max(known) > 100 * min(known)
    scaled = [math.log10(v) if log else v for v in known]
    low, high = (min(scaled), max(scaled)) if scaled else (0.0, 1.0)
    room = 0.06 * (high - low) or 0.5
    seen = Window((0, max(steps, 1)), (low - room, high + room), 1, ("step",))
    shown = [i for i in sample_steps(len(losses), MOST) if math.isfinite(losses[i])]
    pixels = [
        seen.to_pixels(i, math.log10(losses[i]) if log else losses[i]) for i in shown
    ]
    title = "the loss so far, as a power of ten" if log else "the loss so far"
    label = f"The loss at each step. {telling(losses, steps)}"
    return _picture(axes(seen, title) + clipped(line(pixels, "tv-way")), label)


def _decided(d: Decision) -> str:
    from contourpy import FillType, contour_generator

    seen = Window((d.xs[0], d.xs[-1]), (d.ys[0], d.ys[-1]), 2, ("x", "y"))
    grid = np.nan_to_num(np.array(d.grid, dtype=float), nan=0.5)
    made: Any = contour_generator(
        np.array(d.xs), np.array(d.ys), grid, fill_type=FillType.OuterOffset
    )
    sure = "".join(area(made.filled(v, 2.0), seen, "tv-yes") for v in (0.1, 0.5, 0.9))
    edge = "".join(
        line([seen.to_pixels(*p) for p in way.tolist()], "tv-edge")
        for way in made.lines(0.5)
    )
    dots = "".join(
        _dot(seen.to_pixels(*p), k) for p, k in zip(d.points, d.labels, strict=True)
    )
    label = (
        f"What the model decides: {100 * d.right:.0f} % of {len(d.points)} points lie "
        "on the right side of its line. Circles are class 1, squares class 0."
    )
    return _picture(clipped(sure + edge + dots) + axes(seen, "what it decides"), label)


def _dot(position: tuple[float, float], label: int) -> str:
    x, y = position
    if label:
        return f'<circle class="tv-one" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    return (
        f'<rect class="tv-zero" x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"/>'
    )
