"""The numbers of a picture as a table, folded below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tapeviz.analysis.convergence import labels
from tapeviz.analysis.trajectory import number, sample_steps, scalar
from tapeviz.render.descent.animation import descent_table
from tapeviz.render.html.table import table as html_table
from tapeviz.render.svg import theme as themes
from tapeviz.trace.film import Table
from tapeviz.trace.markup import Element, element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tapeviz.trace.descent import Descent

MOST = 60
"""Rows of a table at most; of longer runs this many, evenly chosen."""

_STYLE = (
    ".tv-twin{font:13px/1.4 " + themes.SANS + ";color:var(--tv-ink);"
    "background:var(--tv-paper);padding:4px 8px}"
    ".tv-twin summary{cursor:pointer;color:var(--tv-muted);width:fit-content}"
    ".tv-twin div{overflow:auto;max-height:320px}"
    ".tv-twin table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    ".tv-twin :is(th,td){padding:2px 14px 2px 0;text-align:right;font-weight:normal;"
    "color:var(--tv-ink);background:none}"
    ".tv-twin thead th{color:var(--tv-muted)}"
)


def folded(table: Table, theme: str = "auto") -> Element | None:
    """A table as HTML, in a closed ``<details>``; None without rows."""
    if not table.rows:
        return None
    whole = html_table(table.heads, table.rows, row_heads=True)
    return element(
        "details",
        element("style", themes.css(theme) + _STYLE),
        element("summary", "All steps as a table"),
        element(
            "div", whole, tabindex="0", role="group", aria_label="Table of the steps"
        ),
        cls=f"twin {theme}",
    )


def runs_table(runs: Sequence[Descent], given: Sequence[str] | None = None) -> Table:
    """The table of a picture: every update of one run, or the losses of several."""
    if len(runs) == 1:
        return descent_table(runs[0])
    rows = [[scalar(u.loss) for u in run.updates] for run in runs]
    longest = max(map(len, rows))
    padded = [row + [np.nan] * (longest - len(row)) for row in rows]
    return Table(
        ("step", *(f"{runs[0].loss_name}, {name}" for name in labels(runs, given))),
        tuple(
            (str(i), *(number(row[i]) if np.isfinite(row[i]) else "" for row in padded))
            for i in sample_steps(longest, MOST)
        ),
    )


def losses_table(losses: Sequence[float]) -> Table:
    """The loss of each step."""
    steps = sample_steps(len(losses), MOST)
    return Table(("step", "loss"), tuple((str(i), number(losses[i])) for i in steps))
