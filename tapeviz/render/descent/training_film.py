"""A training as a film: border, loss and weights under one cursor."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from tapeviz.analysis.trajectory import Track, length, number, plain, track
from tapeviz.render.descent import training_monitor as monitor
from tapeviz.render.descent.comparison import LOOKS
from tapeviz.render.descent.explorer_chart import Window, axes, clipped, line
from tapeviz.render.svg import theme as themes
from tapeviz.render.svg.options import theme_of
from tapeviz.trace.film import Film, Frame, Table
from tapeviz.wording.values import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tapeviz.analysis.trajectory import Floats
    from tapeviz.render.descent.training_monitor import Decision
    from tapeviz.trace.descent import Descent

MOST = 72
"""Weights drawn one by one; of more this many, evenly chosen."""

_POINTS = 120
_WIDE, _HIGH = 920, 360
_LOSS = (590.0, 34.0, 310.0, 112.0)
_WEIGHTS = (590.0, 204.0, 310.0, 110.0)
_LEFT = 530
_ZOOMS = _WIDE / _LEFT, _WIDE / (_WIDE - _LEFT)
_STYLE = (
    "&{max-width:100%;height:auto;direction:ltr;font-family:" + themes.SANS + ";"
    "font-variant-numeric:tabular-nums}"
    "& .tv-late{opacity:0}& .tv-late.tv-on{opacity:1}"
    "& .tv-now{stroke:@hot;fill:none;stroke-width:1.6}"
    "& .tv-spot{fill:@hot;stroke:@paper;stroke-width:1.5}"
    "& .tv-weight{fill:none;stroke-width:1;stroke-opacity:.75}"
    "@container (max-width:560px){.tv-screen>&{width:100%;min-width:340px;aspect-ratio:"
    f"{_WIDE}/{_HIGH * (_ZOOMS[0] + _ZOOMS[1]):.0f}}}& .tv-at1 text{{font-size:18px}}"
    f"& .tv-at1{{transform:scale({_ZOOMS[0]:.3f})}}& .tv-at2{{transform:"
    f"translate(0,{_HIGH * _ZOOMS[0]:.0f}px) scale({_ZOOMS[1]:.3f}) "
    f"translate(-{_LEFT}px,0)}}}}"
)


def training_film(
    run: Descent, decisions: Mapping[int, Decision], theme: str = "auto"
) -> Film:
    """The film of a training of which a decision is known after some of its updates.

    ``decisions`` maps numbers of updates to what the model decided after them. Each
    frame shows one: the border, and a cursor at its step on the loss and on the
    weights. ValueError for an unknown theme.
    """
    theme_of(theme)
    t, steps = track(run), sorted(decisions)
    label = _describe(run, t, decisions)
    return Film(
        f"Training on {len(decisions[steps[0]].points)} points",
        label,
        _picture(run, t, decisions, label, theme),
        tuple(_frames(t, decisions)),
        (),
        _table(run, t, decisions),
    ).validate()


def _describe(run: Descent, t: Track, decisions: Mapping[int, Decision]) -> str:
    first, last = (decisions[f(decisions)].right for f in (min, max))
    many = counted(t.updates, "update")
    said = f"A training of {len(run.names)} variables in {many}: {_share(first)} of"
    return f"{said} the points are right at the start, {_share(last)} at the end."


def _share(right: float) -> str:
    return f"{100 * right:.0f} %"


def _frames(t: Track, decisions: Mapping[int, Decision]) -> Iterator[Frame]:
    before = ""
    for k, (done, found) in enumerate(sorted(decisions.items())):
        when = f"After {counted(done, 'update')}" if done else "At the start"
        loss = float(t.losses[done]) if done < t.updates else math.nan
        low = f"the loss is {number(loss)}, and " if math.isfinite(loss) else ""
        right = f"{_share(found.right)} of the points are right"
        new = {f"d{k}": "on", f"c{k}": "on"}
        old = {f"d{before}": "", f"c{before}": ""} if before else {}
        yield Frame(f"{when} {low}{right}.", old | new, "", k, (), "training")
        before = str(k)


def _table(run: Descent, t: Track, decisions: Mapping[int, Decision]) -> Table:
    rows = (
        (
            str(done),
            number(t.losses[done]) if done < t.updates else "",
            number(t.slopes[done]) if done < t.updates else "",
            _share(found.right),
        )
        for done, found in sorted(decisions.items())
    )
    heads = ("updates", plain(run.loss_name), "length of gradient", "points right")
    return Table(heads, tuple(rows))


def _picture(
    run: Descent, t: Track, decisions: Mapping[int, Decision], label: str, theme: str
) -> str:
    steps = sorted(decisions)
    found = decisions[steps[0]]
    seen = monitor.window(found)
    borders = "".join(
        f'<g id="d{k}" class="tv-late">{monitor.border(decisions[done], seen)}</g>'
        for k, done in enumerate(steps)
    )
    left = clipped(borders + monitor.dots(found, seen)) + axes(seen, "what it decides")
    loss, curve = _losses(run, t)
    weights, lines = _weights(run, t)
    cursors = "".join(
        f'<g id="c{k}" class="tv-late">{_cursor(t, done, loss, weights)}</g>'
        for k, done in enumerate(steps)
    )
    rules = monitor.RULES + _STYLE + "".join(_colours())
    style = themes.paint(rules, theme)
    own = f"tv-p{hashlib.sha256(style.encode()).hexdigest()[:8]}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDE}" height="{_HIGH}" '
        f'viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="xMinYMin" role="img" '
        f'class="{themes.class_name(theme)} {own}" aria-label="{escape(label)}">'
        f"<style>{themes.css(theme)}{style.replace('&', f'.{own}')}</style>"
        f'<g class="tv-at1">{left}</g>'
        f'<g class="tv-at2">{curve}{lines}{cursors}</g></svg>'
    )


def _colours() -> Iterator[str]:
    """A colour for each variable, and dashes, as colour alone tells nobody apart."""
    for k, (colour, _, dashes) in enumerate(LOOKS):
        yield f"& .tv-of{k}{{stroke:@{colour}}}& tspan.tv-of{k}{{fill:@{colour};"
        yield "stroke:none}"
        if isinstance(dashes, tuple):
            _, lengths = dashes
            yield f"& .tv-of{k}{{stroke-dasharray:{' '.join(map(str, lengths))}}}"


def _losses(run: Descent, t: Track) -> tuple[tuple[Window, Floats], str]:
    name = plain(run.loss_name)
    values, log = monitor.scaled(t.losses)
    seen = monitor.steps_window(values, t.updates, _LOSS)
    title = f"the {name}, as a power of ten" if log else f"the {name}"
    return (seen, values), axes(replace(seen, names=("",)), title) + clipped(
        _line(seen, values, "tv-way"), _LOSS
    )


def _line(seen: Window, values: Floats, look: str) -> str:
    last = len(values) - 1
    steps = sorted({round(last * k / _POINTS) for k in range(_POINTS + 1)})
    pixels = [seen.to_pixels(i, values[i]) for i in steps if np.isfinite(values[i])]
    return line(pixels, look)


def _weights(run: Descent, t: Track) -> tuple[Window, str]:
    """The weights over the steps, or how long each variable is where there are many."""
    rows = [u.at for u in run.updates] + [u.to for u in run.updates[-1:]]
    whole = t.numbers.shape[1] > 0
    values = t.numbers if whole else np.array([[length((v,)) for v in r] for r in rows])
    sizes = [v.size if whole else 1 for v in rows[0]] if rows else []
    owners = np.repeat(np.arange(len(sizes)), sizes)
    count = values.shape[1]
    chosen = sorted({round(k * (count - 1) / MOST) for k in range(MOST + 1)})
    seen = monitor.steps_window(values[:, chosen], t.updates, _WEIGHTS)
    lines = "".join(
        _line(seen, values[:, i], f"tv-weight tv-of{owners[i] % len(LOOKS)}")
        for i in chosen
    )
    title = f"the {count} weights" if whole else "how long the variables are"
    return seen, axes(seen, title) + clipped(lines, _WEIGHTS) + _names(t)


def _names(t: Track) -> str:
    """What the variables are called, in the colours of their lines."""
    x, y = _WEIGHTS[0] + _WEIGHTS[2], _WEIGHTS[1] - 8
    names = "\N{NO-BREAK SPACE} ".join(
        f'<tspan class="tv-of{k}">{escape(name)}</tspan>'
        for k, name in enumerate(t.names[: len(LOOKS)])
    )
    return f'<text x="{x}" y="{y}" text-anchor="end">{names}</text>'


def _cursor(t: Track, done: int, loss: tuple[Window, Floats], weights: Window) -> str:
    seen, values = loss
    x, _ = seen.to_pixels(done, 0)
    lines = "".join(
        f'<path class="tv-now" d="M{x:.1f} {top}v{high}"/>'
        for _, top, _, high in (seen.frame, weights.frame)
    )
    if done >= t.updates or not math.isfinite(values[done]):
        return lines
    x, y = seen.to_pixels(done, values[done])
    return f'{lines}<circle class="tv-spot" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
