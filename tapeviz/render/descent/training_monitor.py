"""A model in training: progress, the loss so far, and its decision regions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeviz.analysis.trajectory import number, sample_steps
from tapeviz.render.descent.explorer_chart import (
    FRAME,
    Frame,
    Window,
    area,
    axes,
    clipped,
    line,
)
from tapeviz.render.descent.table import folded, losses_table
from tapeviz.render.html import page
from tapeviz.render.svg import theme as themes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tapeviz.analysis.trajectory import Floats

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
RULES = (
    "&{font-family:" + themes.SANS + "}"
    "& text{font-size:13px;fill:@muted}& text.tv-t{fill:@ink}"
    "& .tv-axis{fill:none;stroke:@line}"
    "& .tv-way{fill:none;stroke:@variable;stroke-width:1.8}"
    "& .tv-yes{fill:@target;fill-opacity:.16;fill-rule:evenodd}"
    "& .tv-edge{fill:none;stroke:@ink;stroke-width:1.6}"
    "& .tv-one{fill:@target;stroke:@paper}& .tv-zero{fill:@variable;stroke:@paper}"
)
"""How curves, borders and points look; ``&`` is the picture, ``@`` a colour."""


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
    style = themes.css("auto") + themes.paint(RULES.replace("&", ".tv-learns"))
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="520" height="360" '
        'viewBox="0 0 520 360" role="img" class="tv-learns '
        f'{themes.class_name("auto")}" aria-label="{escape(label)}">'
        f"<style>{style}</style>{inside}</svg>"
    )
    return page.static_html(svg, label)


def scaled(losses: Floats) -> tuple[Floats, bool]:
    """The losses as they are drawn: as powers of ten where that helps."""
    known = losses[np.isfinite(losses)]
    if not known.size or known.min() <= 0 or known.max() <= 100 * known.min():
        return losses, False
    return np.log10(losses), True


def _curve(losses: Sequence[float], steps: int) -> str:
    values, log = scaled(np.array(losses, dtype=float))
    seen = steps_window(values, steps)
    shown = [i for i in sample_steps(len(values), MOST) if math.isfinite(values[i])]
    pixels = [seen.to_pixels(i, values[i]) for i in shown]
    title = "the loss so far, as a power of ten" if log else "the loss so far"
    label = f"The loss at each step. {telling(losses, steps)}"
    return _picture(axes(seen, title) + clipped(line(pixels, "tv-way")), label)


def steps_window(values: Floats, steps: int, frame: Frame = FRAME) -> Window:
    """A window on values over so many steps."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    room = 0.06 * (high - low) or 0.5
    seen = (low - room, high + room)
    return Window((0, max(steps, 1)), seen, 1, ("step",), frame)


def window(d: Decision) -> Window:
    """The window on a decision: all of its grid."""
    return Window((d.xs[0], d.xs[-1]), (d.ys[0], d.ys[-1]), 2, ("x", "y"))


def border(d: Decision, seen: Window, levels: Sequence[float] = (0.5,)) -> str:
    """The ground where a model is surer of class 1 than each level, and the border."""
    from contourpy import FillType, contour_generator

    grid = np.nan_to_num(np.array(d.grid, dtype=float), nan=0.5)
    made: Any = contour_generator(
        np.array(d.xs), np.array(d.ys), grid, fill_type=FillType.OuterOffset
    )
    sure = "".join(area(made.filled(v, 2.0), seen, "tv-yes") for v in levels)
    return sure + "".join(
        line([seen.to_pixels(*p) for p in way.tolist()], "tv-edge")
        for way in made.lines(0.5)
    )


def dots(d: Decision, seen: Window) -> str:
    """The points of both classes."""
    pairs = zip(d.points, d.labels, strict=True)
    return "".join(_dot(seen.to_pixels(*p), label) for p, label in pairs)


def _decided(d: Decision) -> str:
    seen = window(d)
    label = (
        f"What the model decides: {100 * d.right:.0f} % of {len(d.points)} points lie "
        "on the right side of its line. Circles are class 1, squares class 0."
    )
    inside = clipped(border(d, seen, (0.1, 0.5, 0.9)) + dots(d, seen))
    return _picture(inside + axes(seen, "what it decides"), label)


def _dot(position: tuple[float, float], label: int) -> str:
    x, y = position
    if label:
        return f'<circle class="tv-one" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    return (
        f'<rect class="tv-zero" x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"/>'
    )
