"""A model in training: progress, the loss so far, and its decision regions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tapeviz.analysis.trajectory import number, sample_steps
from tapeviz.render.descent import chart
from tapeviz.render.descent.chart import (
    Axis,
    ContourMark,
    DotMark,
    Frame,
    LineMark,
    Panel,
)
from tapeviz.render.descent.panels import over_steps
from tapeviz.render.descent.table import folded, losses_table
from tapeviz.render.html import page
from tapeviz.render.svg import theme as themes
from tapeviz.trace.markup import Element, element

MOST = 300
"""Points of the loss curve that are drawn."""

FRAME: Frame = (58.0, 34.0, 448.0, 280.0)

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
    "& text{font-size:13px}& .tv-label{font-size:11px}"
    "& .tv-dot{stroke:@paper;stroke-width:1}"
)
"""How letters and points look; ``&`` is the picture, ``@`` a colour."""


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

    def border(self, *levels: float, id: str = "") -> ContourMark:
        """Where the model is surer of class 1 than one half, and than other levels."""
        other = 1 - np.nan_to_num(np.array(self.grid, dtype=float), nan=0.5)
        return ContourMark(self.xs, self.ys, other, [0.5, *levels], 0.5, id)

    def dots(self) -> Iterator[DotMark]:
        """The points: squares of class 0, circles of class 1."""
        points, ones = np.array(self.points), np.array(self.labels) > 0
        yield DotMark(points[~ones], "run-variable", "s", 6)
        yield DotMark(points[ones], "run-target", "o", 8)

    @property
    def panel(self) -> Panel:
        """The plane on which it decides, empty."""
        x, y = Axis(self.xs[0], self.xs[-1], "x"), Axis(self.ys[0], self.ys[-1], "y")
        return Panel("what it decides", x, y, FRAME, text=13)


def training_picture(
    losses: Sequence[float], steps: int, decision: Decision | None = None
) -> str:
    """The state of a training as HTML: a bar, the loss curve, and the decision."""
    words = telling(losses, steps, decision)
    pictures = _curve(losses, steps) + (_decided(decision) if decision else ())
    return element(
        "div",
        element("style", themes.css("auto") + _BOX),
        element("progress", max=steps, value=len(losses), aria_label=words),
        element("p", words),
        element("div", *pictures, cls="pair"),
        folded(losses_table(losses)),
        cls="learning auto",
    ).write()


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


def _curve(losses: Sequence[float], steps: int) -> tuple[Element, ...]:
    values, shown = np.array(losses, dtype=float), sample_steps(len(losses), MOST)
    panel = over_steps("the loss so far", values, steps, FRAME, text=13)
    curve = LineMark(np.column_stack([shown, values[shown]]), "curve")
    label = f"The loss at each step. {telling(losses, steps)}"
    return _picture(panel.having(curve), label)


def _decided(d: Decision) -> tuple[Element, ...]:
    label = (
        f"What the model decides: {100 * d.right:.0f} % of {len(d.points)} points lie "
        "on the right side of its line. Circles are class 1, squares class 0."
    )
    return _picture(d.panel.having(d.border(0.1, 0.9), *d.dots()), label)


def _picture(panel: Panel, label: str) -> tuple[Element, ...]:
    svg = chart.picture([chart.drawn(panel)], (520, 360), label, RULES)
    return page.swapped_image(svg, label)
