"""A training as a film: border, loss and weights under one cursor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tapeviz.analysis.trajectory import Track, length, number, track
from tapeviz.render.descent import chart
from tapeviz.render.descent import training_monitor as monitor
from tapeviz.render.descent.chart import (
    LOOKS,
    RUNS,
    DotMark,
    Frame,
    LabelMark,
    LineMark,
    Panel,
)
from tapeviz.render.descent.panels import over_steps
from tapeviz.render.svg.options import theme_of
from tapeviz.trace import film
from tapeviz.wording.text_width import width
from tapeviz.wording.values import counted, path_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tapeviz.analysis.trajectory import Floats
    from tapeviz.render.descent.training_monitor import Decision
    from tapeviz.trace.descent import Descent

MOST = 72
"""Weights drawn one by one; of more this many, evenly chosen."""

_POINTS = 120
_SIZE = (920.0, 360.0)
_LOSS: Frame = (590.0, 34.0, 310.0, 112.0)
_WEIGHTS: Frame = (590.0, 204.0, 310.0, 110.0)
_RULES = (
    "& .tv-late{opacity:0}& .tv-late.tv-on{opacity:1}"
    "& .tv-line[class*=run]{stroke-width:1;stroke-opacity:.75}"
)


def training_film(
    run: Descent, decisions: Mapping[int, Decision], theme: str = "auto"
) -> film.Film:
    """The film of a training of which a decision is known after some of its updates.

    ``decisions`` maps numbers of updates to what the model decided after them. Each
    frame shows one: the border, and a cursor at its step on the loss and on the
    weights. ValueError for an unknown theme.
    """
    theme_of(theme)
    t, steps = track(run), sorted(decisions)
    first, last = (_share(decisions[steps[k]].right) for k in (0, -1))
    label = (
        f"A training of {len(run.names)} variables in {counted(t.updates, 'update')}: "
        f"{first} of the points are right at the start, {last} at the end."
    )
    left = decisions[steps[0]].panel.having(
        *(decisions[done].border(id=f"d{k}") for k, done in enumerate(steps)),
        *decisions[steps[0]].dots(),
    )
    right = [p for panel in _right(run, t, steps) for p in chart.drawn(panel)]
    groups = chart.drawn(left), right
    rules = monitor.RULES + _RULES + chart.stacked([left.frame, _LOSS], _SIZE)
    return film.Film(
        f"Training on {len(decisions[steps[0]].points)} points",
        label,
        chart.picture(groups, _SIZE, label, rules, theme=theme),
        tuple(_frames(t, decisions)),
        (),
        _table(run, t, decisions),
    ).validate()


def _share(right: float) -> str:
    return f"{100 * right:.0f} %"


def _frames(t: Track, decisions: Mapping[int, Decision]) -> Iterator[film.Frame]:
    for k, (done, found) in enumerate(sorted(decisions.items())):
        when = f"After {counted(done, 'update')}" if done else "At the start"
        loss = float(t.losses[done]) if done < t.updates else math.nan
        low = f"the loss is {number(loss)}, and " if math.isfinite(loss) else ""
        right = f"{_share(found.right)} of the points are right"
        marks = {f"{letter}{k - 1}": "" for letter in "dcw" if k}
        marks |= {f"{letter}{k}": "on" for letter in "dcw"}
        yield film.Frame(f"{when} {low}{right}.", marks, "", k, (), "training")


def _table(run: Descent, t: Track, decisions: Mapping[int, Decision]) -> film.Table:
    rows = (
        (
            str(done),
            number(t.losses[done]) if done < t.updates else "",
            number(t.slopes[done]) if done < t.updates else "",
            _share(found.right),
        )
        for done, found in sorted(decisions.items())
    )
    heads = ("updates", path_name(run.loss_name), "length of gradient", "points right")
    return film.Table(heads, tuple(rows))


def _right(run: Descent, t: Track, steps: list[int]) -> Iterator[Panel]:
    """The loss and the weights, with a cursor for each frame."""
    title = f"the {path_name(run.loss_name)}"
    panel = over_steps(title, t.losses, t.updates, _LOSS, name="", text=13)
    panel = panel.having(_thin(t.losses, "curve"))
    for k, done in enumerate(steps):
        panel = panel.having(_cursor(panel, done, f"c{k}"))
        if done < t.updates and math.isfinite(t.losses[done]):
            last = np.array([(done, t.losses[done])])
            panel = panel.having(DotMark(last, "cursor", size=9, id=f"c{k}"))
    yield panel
    panel = _weights(run, t)
    yield panel.having(*(_cursor(panel, done, f"w{k}") for k, done in enumerate(steps)))


def _cursor(panel: Panel, done: int, id: str) -> LineMark:
    return LineMark(np.array([(done, panel.y.low), (done, panel.y.high)]), "cursor", id)


def _thin(values: Floats, look: str) -> LineMark:
    count = min(len(values), _POINTS)
    steps = np.linspace(0, len(values) - 1, count).round().astype(int)
    return LineMark(np.column_stack([steps, values[steps]]), look)


def _weights(run: Descent, t: Track) -> Panel:
    """The weights over the steps, or how long each variable is where there are many."""
    rows = [u.at for u in run.updates] + [u.to for u in run.updates[-1:]]
    whole = t.numbers.shape[1] > 0
    values = t.numbers if whole else np.array([[length((v,)) for v in r] for r in rows])
    sizes = [v.size if whole else 1 for v in rows[0]] if rows else []
    owners = np.repeat(np.arange(len(sizes)), sizes)
    count = values.shape[1]
    chosen = sorted({round(k * (count - 1) / MOST) for k in range(MOST + 1)})
    title = f"the {count} weights" if whole else "how long the variables are"
    panel = over_steps(title, values[:, chosen], t.updates, _WEIGHTS, text=13)
    looks = [RUNS[owner % len(RUNS)][0] for owner in owners]
    lines = (_thin(values[:, i], looks[i]) for i in chosen)
    return panel.having(*lines, *_names(t, panel))


def _names(t: Track, panel: Panel) -> Iterator[LabelMark]:
    """What the variables are called, in the colours of their lines."""
    x, unit = panel.x.high, panel.units[0]
    for name, (look, _) in reversed([*zip(t.names, RUNS, strict=False)]):
        yield LabelMark(name, (x, panel.y.high), "nw", LOOKS[look].colour)
        x -= (width(name, panel.text) + 12) / unit
