"""The panels of a descent plot, drawn with matplotlib: curve, path, arrows, losses."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from tapeviz.analysis.projection import Plane, plane
from tapeviz.analysis.trajectory import (
    Track,
    about,
    coordinates,
    entries,
    largest,
    noise,
    number,
    plain,
    point_words,
    sample_steps,
    surface_name,
)
from tapeviz.trace.value import WHOLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from tapeviz.analysis.trajectory import Floats
    from tapeviz.trace.descent import Descent, Landscape

    Point = Sequence[float] | Floats

MOST = 60
"""Steps drawn one by one; of longer runs this many, evenly chosen."""

CROWD = 20
"""Points drawn at most between two steps that are shown."""

CURVE, MOVE, SLOPE, POINT = "variable", "target", "none", "ink"
"""The colours of a landscape, of a run (its updates, its loss), a gradient, a point."""

_FLAT = 1e-4
"""A path that is flatter than this is drawn as a line: the rest of it is rounding."""

PARTS = ("watched", "none", "hot")
"""The colours of an update's parts, in their order."""

_DOTS = ((16, 4.8), (32, 3.8))
_EDGE = 0.2
_LOW = 0.4
_FOOT = 0.18
_LABEL = 0.3
_TANGENTS = 0.22
_STRIP = 0.42
_NARROW = 5.3
_NAMED = 22
_LINE = 0.1
_LATE = 8
_APART = 0.35
_MIDDLE = 0.5
_LETTER = 5.8
_FINE = 8

_NOTE_POSITIONS = {
    "top": (0.5, 1.0, "center", "top"),
    "middle": (0.5, 0.6, "center", "top"),
    "right": (1.0, 1.0, "right", "top"),
    "low": (1.0, 0.02, "right", "bottom"),
}

_SIDES = {
    "n": ("center", "bottom", 0, 7),
    "s": ("center", "top", 0, -7),
    "e": ("left", "center", 8, 0),
    "w": ("right", "center", -8, 0),
    "ne": ("left", "bottom", 6, 7),
    "nw": ("right", "bottom", -2, 6),
    "se": ("left", "top", 5, -4),
    "sw": ("right", "top", -5, -4),
}


@dataclass(frozen=True)
class PlotContext:
    """What every panel needs: the run, its track as arrays, and the colours by role.

    ``film`` adds what only a film shows. ``plane`` is set where a run of more than two
    numbers is projected on two directions.
    """

    run: Descent
    t: Track
    colours: Mapping[str, str]
    film: bool = False
    plane: Plane | None = None

    @cached_property
    def steps(self) -> list[int]:
        """The updates drawn one by one."""
        return sample_steps(self.t.updates, MOST)

    @property
    def points(self) -> list[int]:
        """The points drawn one by one: the end is one more."""
        return [*self.steps, self.t.updates]

    @cached_property
    def sloped(self) -> frozenset[int]:
        """The steps whose tangents a static picture shows: at most six, well apart."""
        seen = [i for i in self.steps if self.t.near[i]]
        xs, found = self.t.points[:, 0], seen[:1]
        room = _TANGENTS * float(np.ptp(xs[self.t.near])) if found else 0.0
        for i in seen:
            if abs(xs[i] - xs[found[-1]]) >= room > 0:
                found.append(i)
        return frozenset(found[:6])

    @property
    def loss(self) -> str:
        """What the loss is called."""
        return plain(self.run.loss_name)

    @property
    def dot(self) -> float:
        """How large a dot is; many dots are smaller."""
        return next((size for most, size in _DOTS if len(self.steps) <= most), 3)


def shown(value: float) -> str:
    """A number as it stands in a picture, with a proper minus sign."""
    return number(value).replace("-", "\N{MINUS SIGN}")


def style_axes(ax: Axes, context: PlotContext) -> None:
    """Give the axes the theme's background, spines and tick colours."""
    ax.set_facecolor(context.colours["paper"])
    for side, spine in ax.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set(color=context.colours["line"], linewidth=0.8)
    ax.tick_params(
        colors=context.colours["line"],
        labelcolor=context.colours["muted"],
        length=3,
        width=0.8,
    )


def ticks(ax: Axes, *, log: bool = False, steps: bool = False) -> None:
    """Put about five ticks on each axis, their numbers as in all our texts."""
    ax.xaxis.set_major_locator(few(integer=steps))
    ax.yaxis.set_major_locator(FixedLocator(_powers(ax)) if log else few())
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda v, _: shown(v)))
        axis.set_minor_locator(NullLocator())


def _powers(ax: Axes) -> list[float]:
    """About six powers of ten on the axis of y, as far as floats go."""
    low, high = np.log10(ax.get_ylim())
    found = range(math.ceil(low), math.floor(high) + 1)
    return [10.0**k for k in found[:: max(1, math.ceil(len(found) / 6))]]


def few(*, integer: bool = False) -> MaxNLocator:
    """Where about five ticks stand."""
    return MaxNLocator(5, steps=[1, 2, 2.5, 5, 10], integer=integer, min_n_ticks=1)


def head(ax: Axes, context: PlotContext, title: str, x: str) -> None:
    """The title and what the x-axis is."""
    ax.set_title(
        title, loc="left", y=1.0, pad=12, color=context.colours["ink"],
        fontsize="medium",
        parse_math=False,
    )  # fmt: skip
    ax.set_xlabel(x, color=context.colours["muted"], parse_math=False)


@dataclass(frozen=True)
class _Label:
    """A short text on one side of a data point; ``gid`` is its id in a film."""

    words: str
    at: Point
    side: str
    colour: str
    gid: str = ""


def _write_label(ax: Axes, context: PlotContext, label: _Label) -> None:
    ha, va, right, up = _SIDES[label.side]
    note = ax.annotate(
        label.words, (label.at[0], label.at[1]), (right, up), ha=ha, va=va,
        textcoords="offset points", color=context.colours[label.colour],
        fontsize="small",
        parse_math=False, annotation_clip=False, zorder=6, gid=label.gid or None,
    )  # fmt: skip
    if not context.film:
        paper = context.colours["paper"]
        note.set_bbox({"fc": paper, "ec": "none", "alpha": 0.8, "pad": 0.6})


def note(ax: Axes, context: PlotContext, lines: list[str], where: str) -> None:
    """Write into the picture what it leaves out; ``where`` is a key of positions."""
    if lines:
        x, y, ha, va = _NOTE_POSITIONS[where]
        ax.text(
            x, y, "\n".join(lines), ha=ha, va=va, transform=ax.transAxes, zorder=7,
            fontsize="small", style="italic", color=context.colours["ink"],
            parse_math=False, gid=f"note-{where}", linespacing=1.5,
        )  # fmt: skip


def _empty(ax: Axes, context: PlotContext) -> None:
    ax.set_axis_off()
    said = (
        (0.6, "No update was recorded.", "ink", "large"),
        (0.46, "Run the loop that changes the variables", "muted", "medium"),
        (0.37, "inside the with block.", "muted", "medium"),
    )
    for y, words, colour, size in said:
        ink = context.colours[colour]
        ax.text(0, y, words, transform=ax.transAxes, color=ink, fontsize=size)


def _line(ax: Axes, context: PlotContext) -> None:
    run, xs, ys = context.run, context.t.points[:, 0], heights(context)
    near = context.t.near & np.isfinite(ys)
    land = run.landscape if run.landscape and not run.landscape.ys else None
    foot = _STRIP if context.film else 0.17
    frame_line(
        ax, land, xs[near], ys[near], whole=bool(context.t.near.all()), foot=foot
    )
    head(
        ax,
        context,
        f"{surface_name(context.run)} for each {context.t.names[0]}",
        context.t.names[0],
    )
    ticks(ax)
    curve(ax, context, land)
    for i in context.steps:
        if near[i]:
            _line_update(ax, context, i, (xs[i], ys[i]))
    path = np.column_stack([xs, np.where(near, ys, np.nan)])
    points(ax, context, path, drop=True)
    ends(ax, context, path)
    note(ax, context, _lost(context), "top")


def heights(context: PlotContext) -> Floats:
    """The loss at each of the n + 1 points; the last from the landscape, or nan."""
    end, land, x = np.nan, context.run.landscape, context.t.points[-1, 0]
    if land is not None and not land.ys and land.xs[0] <= x <= land.xs[-1]:
        end = np.interp(x, land.xs, land.losses[0])
    return np.append(context.t.losses, end)


def frame_line(  # noqa: PLR0913 - what is to be seen
    ax: Axes,
    land: Landscape | None,
    xs: Floats,
    ys: Floats,
    *,
    whole: bool,
    foot: float = 0.17,
) -> None:
    """The limits of a picture that shows these points of a curve."""
    left, right = padded(xs, 0.15)
    if land and whole:
        left, right = land.xs[0], land.xs[-1]
    low, high = padded(ys, 0)
    if land:
        inside = (np.array(land.xs) >= left) & (np.array(land.xs) <= right)
        seen = np.array(land.losses[0])[inside]
        seen = seen[np.isfinite(seen)]
        low = max(min(low, *seen), low - (high - low)) if seen.size else low
    room = high - low
    ax.set_xlim(left, right)
    ax.set_ylim(low - foot * room, high + 0.24 * room)


def padded(values: Floats, part: float) -> tuple[float, float]:
    """The range of the finite values and a part of it more on both sides."""
    values = values[np.isfinite(values)]
    if not values.size:
        return -1.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = part * (high - low) if low < high else abs(high) / 2 or 1.0
    return low - room, high + room


def curve(ax: Axes, context: PlotContext, land: Landscape | None) -> None:
    """The loss along one variable."""
    if land is not None and _seen(np.array(land.xs), ax.get_xlim()).sum() >= _FINE:
        xs, ys = np.array(land.xs), np.array(land.losses[0], dtype=float)
        xs, ys = _cut(*_cut(xs, ys, *ax.get_xlim()), *ax.get_ylim(), flip=True)
        ax.plot(xs, ys, color=context.colours[CURVE], lw=1.8, zorder=2, gid="curve")


def _cut(
    xs: Floats, ys: Floats, low: float, high: float, *, flip: bool = False
) -> tuple[Floats, Floats]:
    """A curve cut where x (or y, if flipped) leaves a range; nan stands for a gap."""
    a, b = (ys, xs) if flip else (xs, ys)
    out: list[tuple[float, float]] = []
    for (a0, b0), (a1, b1) in zip(_pairs(a, b)[:-1], _pairs(a, b)[1:], strict=True):
        ends = _inside(a0, a1, low, high)
        if ends is None or not np.isfinite([b0, b1]).all():
            out.append((np.nan, np.nan))
            continue
        part = [(a0 + t * (a1 - a0), b0 + t * (b1 - b0)) for t in ends]
        out += part[1:] if out and out[-1] == part[0] else part
    a, b = np.array(out or [(np.nan, np.nan)]).T
    return (b, a) if flip else (a, b)


def _pairs(a: Floats, b: Floats) -> list[tuple[float, float]]:
    return list(zip(a.tolist(), b.tolist(), strict=True))


def _inside(a: float, b: float, low: float, high: float) -> tuple[float, float] | None:
    """Between which parts of the way from a to b the range holds it."""
    if not np.isfinite([a, b]).all() or max(a, b) < low or min(a, b) > high:
        return None
    if a == b:
        return 0.0, 1.0
    one, two = sorted(((low - a) / (b - a), (high - a) / (b - a)))
    return max(one, 0.0), min(two, 1.0)


def _line_update(
    ax: Axes, context: PlotContext, i: int, start: tuple[float, float]
) -> None:
    to = context.t.points[i + 1, 0]
    if context.film or i in context.sloped:
        _tangent(ax, context, i, start)
    if np.isfinite(to) and to != start[0]:
        tip = _arrow(ax, f"a{i}", start, (to, start[1]), context.colours[MOVE])
        move = to - start[0]
        said = "about 0" if noise(move, context.t.sizes[0]) else _signed(move)
        words, side = f"update {said}", _ahead(ax, start, tip)
        if context.film:
            _write_label(ax, context, _Label(words, tip, side, MOVE, f"m{i}"))
            _number_line(ax, context, i)
        elif i == 0:
            _write_label(ax, context, _Label("update", tip, side, MOVE))


def _number_line(ax: Axes, context: PlotContext, i: int) -> None:
    """The assignment on a line of its own: from x to new x, part by part."""
    from tapeviz.render.descent.words import assignment

    x, to = context.t.points[i : i + 2, 0]
    wide = ax.get_xaxis_transform()
    most = largest(context.t.numbers)
    words = assignment(context.t.names[0], context.run.updates[i], 0, most)
    left, right = ax.get_xlim()
    half = min(0.5, 0.5 * _NARROW * len(words) / (_units(ax)[0] * (right - left)))
    middle = min(max(_across(ax, ((x + to) / 2, 0)), half), 1 - half)
    ax.text(
        middle, _LINE, words.replace("-", "\N{MINUS SIGN}"), ha="center", va="bottom",
        transform=ax.transAxes, color=context.colours["ink"],
        fontsize="small", zorder=6,
        parse_math=False, gid=f"n{i}",
    )  # fmt: skip
    parts = _terms(context, i)
    for k, (name, move) in enumerate(parts):
        level = _LINE - 0.03 - 0.045 * k
        ink = context.colours[PARTS[k % len(PARTS)]] if name else context.colours[MOVE]
        low, high = ax.get_xlim()
        ends = np.clip([x, x + move[0]], low, high)
        tip = ">" if move[0] > 0 else "<"
        ax.plot(
            ends, [level, level], color=ink, lw=2.2, transform=wide, zorder=5,
            marker=tip, ms=5, markevery=[1], gid=f"{'bcd'[k]}{i}",
        )  # fmt: skip
        if name:
            ax.annotate(
                f"{name} {_signed(move[0])}", (ends.max(), level), (9, 0), wide,
                "offset points", va="center", ha="left", color=ink, fontsize="small",
                zorder=6, parse_math=False, gid=f"{'fhk'[k]}{i}",
                annotation_clip=False,
            )  # fmt: skip
        x = x + move[0]


def _terms(context: PlotContext, i: int) -> list[tuple[str, list[float]]]:
    """The parts of an update by name; one without a name where it has no parts."""
    update = context.run.updates[i]
    if not 1 < len(update.parts) <= 3:
        moves = [e for m in update.moves for e in entries(m)]
        return [("", moves)]
    terms = [
        (part.name, [e for v, at in zip(part.values, update.at, strict=True)
                     for e in (entries(v) if v else [0.0] * at.size)])
        for part in update.parts
    ]  # fmt: skip
    if context.plane is None:
        return terms
    return [(name, context.plane.of(np.array(move)).tolist()) for name, move in terms]


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{shown(value)}"


def _ahead(ax: Axes, start: Point, tip: Point) -> str:
    """The side beyond an arrow's tip, or before it where the picture ends."""
    far, east = _across(ax, tip), tip[0] > start[0]
    if east:
        return "e" if far < 1 - _EDGE else "nw"
    return "w" if far > _EDGE else "ne"


def _across(ax: Axes, point: Point) -> float:
    """How far to the right in the picture a point is, from 0 to 1."""
    left, right = ax.get_xlim()
    return float((point[0] - left) / (right - left))


def _tangent(
    ax: Axes, context: PlotContext, i: int, start: tuple[float, float]
) -> None:
    slope = context.t.gradients[i, 0]
    if not np.isfinite(slope):
        return
    wide, high = _units(ax)
    dx = 56 / float(np.hypot(wide, high * slope))
    xs = np.array([start[0] - dx, start[0] + dx])
    xs, ys = _cut(xs, start[1] + slope * (xs - start[0]), *ax.get_ylim(), flip=True)
    ax.plot(
        xs,
        ys,
        lw=1.6,
        dashes=(4, 2),
        zorder=3,
        color=context.colours[SLOPE],
        gid=f"t{i}",
    )
    if not (context.film or i == 0):
        return
    said = about(slope, largest(context.t.slopes)).replace("-", "\N{MINUS SIGN}")
    words, side = f"slope {said}", "sw" if slope < 0 else "se"
    ends = list(zip(xs, ys, strict=True))[:: 1 if slope < 0 else -1]
    room = abs(ends[0][0] - ax.get_xlim()[0 if slope < 0 else 1]) * wide
    anchor = ends[0 if room > _LETTER * len(words) else -1]
    _write_label(ax, context, _Label(words, anchor, side, SLOPE, f"s{i}"))


def _units(ax: Axes) -> tuple[float, float]:
    """The length of one data unit of x and of y, in points (1/72 inch)."""
    part, box = 72 / _dpi(ax), ax.bbox
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    return box.width * part / (right - left), box.height * part / (high - low)


def _dpi(ax: Axes) -> float:
    fig = ax.get_figure(root=True)
    return fig.dpi if fig else 72.0


def _arrow(
    ax: Axes, gid: str, start: Point, end: Point, colour: str, **style: Any
) -> tuple[float, float]:
    """Draw an arrow, cut off at the axes' edge; gives its tip in data coordinates."""
    tip = _cut_at_edge(ax, start, end)
    far = float(np.hypot(*np.multiply(np.subtract(tip, start), _units(ax))))
    arrow = FancyArrowPatch(
        (start[0], start[1]), tip, arrowstyle="-|>", shrinkA=min(3, far / 4), shrinkB=0,
        mutation_scale=min(10, 0.8 * far), lw=min(1.7, 0.4 + far / 12), color=colour,
        zorder=3.5, clip_on=True, gid=gid, **style,
    )  # fmt: skip
    ax.add_patch(arrow)
    return tip


def _cut_at_edge(ax: Axes, start: Point, end: Point) -> tuple[float, float]:
    part = 1.0
    for k, limits in enumerate((ax.get_xlim(), ax.get_ylim())):
        inside = _inside(float(start[k]), float(end[k]), *limits)
        part = min(part, inside[1] if inside else 0.0)
    x, y = (float(s + part * (e - s)) for s, e in zip(start, end, strict=True))
    return x, y


def points(ax: Axes, context: PlotContext, path: Floats, *, drop: bool) -> None:
    """Draw every point that is shown, each with the path from the one shown before."""
    before = -1
    for i in context.points:
        step = i > 0 and i - before == 1
        way = path[_thin(before + 1, i)]
        if drop and step and np.isfinite(path[[before, i]]).all():
            way = np.array([(path[i, 0], path[before, 1]), path[i]])
        _point(ax, context, i, way, drop=drop)
        before = i


def _point(ax: Axes, context: PlotContext, i: int, way: Floats, *, drop: bool) -> None:
    first, last = i == 0, i == context.t.updates
    ink, paper = context.colours[POINT], context.colours["paper"]
    ax.plot(
        way[:, 0], way[:, 1], color=context.colours[MOVE], lw=1, gid=f"p{i}",
        ls=(0, (1.5, 2)) if drop else "-", markevery=[len(way) - 1],
        marker="s" if first else "D" if last else "o",
        ms=6.5 if first else 6 if last else context.dot, mew=1.2, mec=ink,
        mfc=paper if first else ink, zorder=5 if first or last else 4, clip_on=False,
    )  # fmt: skip


def _thin(first: int, last: int) -> list[int]:
    count = min(CROWD, last - first + 1)
    return sorted({*np.linspace(first, last, count).round().astype(int).tolist()})


def ends(ax: Axes, context: PlotContext, path: Floats) -> None:
    """Label the start and the end, each on the side where there is room."""
    labels, end = coordinates(context.run), context.t.updates
    fractions = (path - (ax.get_xlim()[0], ax.get_ylim()[0])) / (
        np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim()),
    )  # fmt: skip
    sides = [_side(fractions[0]), _end_side(context, fractions[-1])]
    if sides == ["s", "s"] and abs(fractions[0, 0] - fractions[-1, 0]) < _APART:
        sides[0] = "n"
    gids = ["", f"e{end}" if context.film else ""]
    for i, word, side, gid in zip((0, -1), ("start", "end"), sides, gids, strict=True):
        if np.isfinite(path[i]).all():
            at = point_words(labels[:1], path[i, :1], context.t.sizes)
            words = f"{word}, {at}".replace("-", "\N{MINUS SIGN}")
            said = words if len(labels) == 1 else word
            _write_label(ax, context, _Label(said, path[i], side, "ink", gid))


def _end_side(context: PlotContext, position: Floats) -> str:
    """The side of the end's label: where a loss curve does not run."""
    slopes = context.t.gradients[:, 0] if context.t.kind == "line" else np.zeros(0)
    slopes = slopes[np.isfinite(slopes)]
    if not slopes.size or position[1] < _FOOT:
        return _side(position)
    if slopes[-1] < 0:
        return "sw" if position[0] > _LABEL else "ne"
    return "se" if position[0] < 1 - _LABEL else "nw"


def _side(position: Floats) -> str:
    """Below a low point; above a high one, towards the middle."""
    return "s" if position[1] < _LOW else "ne" if position[0] < _MIDDLE else "nw"


def _lost(context: PlotContext) -> list[str]:
    t, near = context.t, context.t.near
    away = np.flatnonzero(~near)
    if not away.size:
        return []
    first = int(away[0])
    what = f"{len(away)} of {len(near)} points lie outside the picture"
    if len(away) == len(near) - first:
        what = f"from point {first} on the run is outside the picture"
    if context.plane is not None:
        return [what]
    end = point_words(coordinates(context.run), t.points[-1], t.sizes)
    return [what, f"it ends at {end}".replace("-", "\N{MINUS SIGN}")]


def _plane(ax: Axes, context: PlotContext) -> None:
    t, run, labels = context.t, context.run, coordinates(context.run)
    land = run.landscape if run.landscape and run.landscape.ys else None
    x, y = (padded(t.points[t.near][:, k], 0.2) for k in (0, 1))
    if land and t.near.all():
        x, y = (land.xs[0], land.xs[-1]), (land.ys[0], land.ys[-1])
    ax.set(xlim=x, ylim=y)
    head(ax, context, f"the path over {surface_name(run)}", labels[0])
    ax.set_ylabel(
        labels[1], color=context.colours["muted"], parse_math=False, labelpad=2
    )
    ticks(ax)
    contours(ax, context, land)
    updates(ax, context)
    path = np.where(t.near[:, None], t.points, np.nan)
    mark_minimum(ax, context)
    points(ax, context, path, drop=False)
    ends(ax, context, path)
    lost(ax, context)


def updates(ax: Axes, context: PlotContext) -> None:
    """The arrows of every update that is shown."""
    for i in context.steps:
        if context.t.near[i]:
            _plane_update(ax, context, i)


def lost(ax: Axes, context: PlotContext) -> None:
    """Say which points lie outside the picture."""
    note(ax, context, _lost(context), "top")


def contours(ax: Axes, context: PlotContext, land: Landscape | None) -> None:
    """The loss over two variables."""
    if land is None:
        return
    xs, ys = np.array(land.xs), np.array(land.ys)
    seen_x, seen_y = _seen(xs, ax.get_xlim()), _seen(ys, ax.get_ylim())
    grid = np.array(land.losses, dtype=float)[np.ix_(seen_y, seen_x)]
    levels = _levels(grid[np.isfinite(grid)])
    if min(*grid.shape, len(levels)) <= 1:
        return
    colour = context.colours[CURVE]
    tints = [to_rgba(colour, a) for a in np.linspace(0.32, 0.03, len(levels) - 1)]
    where = (xs[seen_x], ys[seen_y], np.ma.masked_invalid(grid))
    ax.contourf(*where, levels, colors=tints, zorder=0, antialiased=True)
    lines = ax.contour(*where, levels[1:-1], colors=colour, linewidths=0.7, zorder=1)
    lines.set_gid("contours")


def mark_minimum(ax: Axes, context: PlotContext) -> None:
    """Mark the minimum that was found near the run, if it is in the picture."""
    found = context.run.curvature("minimum")
    inside = found is not None and all(
        low < v < high
        for v, (low, high) in zip(
            found.at, (ax.get_xlim(), ax.get_ylim()), strict=False
        )
    )
    if found is None or not inside or len(found.at) != 2:
        return
    x, y = found.at
    ink, paper = context.colours["good"], context.colours["paper"]
    ax.plot(
        [x], [y], marker="P", ms=9, mfc=paper, mec=ink, mew=1.5, ls="", zorder=3.2,
        gid="least",
    )  # fmt: skip
    _write_label(ax, context, _Label("minimum", (x, y), "e", "good"))


def _seen(values: Floats, limits: tuple[float, float]) -> NDArray[np.bool_]:
    return (values >= limits[0]) & (values <= limits[1])


def _levels(losses: Floats) -> list[float]:
    """Contour levels at quantiles of the loss, denser where it is low."""
    if not losses.size:
        return []
    found = np.quantile(losses, np.linspace(0, 1, 11) ** 1.5)
    return sorted({float(v) for v in found})


def _plane_update(ax: Axes, context: PlotContext, i: int) -> None:
    start, there = context.t.points[i], context.t.points[i + 1]
    if np.isfinite(there).all() and (start != there).any():
        _arrow(ax, f"a{i}", start, there, context.colours[MOVE])
        if context.film:
            _plane_parts(ax, context, i)
    slope = context.t.gradients[i]
    if context.film and np.isfinite(slope).all() and slope.any():
        tip = start + slope * (38 / float(np.hypot(*np.multiply(_units(ax), slope))))
        ink = context.colours[SLOPE]
        tip = _arrow(ax, f"t{i}", start, tip, ink, ls=(0, (3, 1.5)))
        side = _ahead(ax, start, tip)
        _write_label(ax, context, _Label("gradient", tip, side, SLOPE, f"s{i}"))


def _plane_parts(ax: Axes, context: PlotContext, i: int) -> None:
    """The update's parts as arrows head to tail: their sum is the update."""
    parts, start = _terms(context, i), context.t.points[i]
    for k, (name, move) in enumerate(parts if len(parts) > 1 else []):
        there = start + move
        if np.isfinite(there).all() and (there != start).any():
            ink = PARTS[k % len(PARTS)]
            tip = _arrow(ax, f"{'bcd'[k]}{i}", start, there, context.colours[ink])
            side = "n" if k % 2 else "s"
            far = np.hypot(*np.multiply(_units(ax), move))
            word = name if far >= _NAMED else ""
            _write_label(ax, context, _Label(word, tip, side, ink, f"{'fhk'[k]}{i}"))
        start = there


def _norms(ax: Axes, context: PlotContext) -> None:
    t, c = context.t, context.colours
    head(ax, context, "how long gradient and update are", measured(t))
    both = np.concatenate([t.slopes, t.strides])
    log = set_loss_range(ax, both)
    ticks(ax, log=log, steps=True)
    keys = []
    for letter, values, ink, marker, word in (
        ("t", t.slopes, c[SLOPE], "o", "gradient"),
        ("a", t.strides, c[MOVE], "^", "update"),
    ):
        style: dict[str, Any] = {"color": ink, "marker": marker, "lw": 1.2}
        _series(ax, context, letter, values, **style)
        keys.append(Line2D([], [], label=word, ms=5, **style))
    ax.legend(handles=keys, frameon=False, labelcolor=c["ink"], fontsize="small")
    large = "these arrays are too large to be measured here"
    note(ax, context, [] if np.isfinite(both).any() else [large], "middle")


def measured(t: Track) -> str:
    """The label of the axis of steps; says so where arrays are too large for a path."""
    why = f" (arrays of more than {WHOLE} numbers: lengths only)"
    return f"step{'' if t.seen else why}"


def draw_losses(ax: Axes, context: PlotContext) -> None:
    """The loss at each step."""
    style_axes(ax, context)
    t = context.t
    log = needs_log_scale(t.losses)
    drawn = t.losses if log else np.where(t.near[:-1], t.losses, np.nan)
    set_loss_range(ax, drawn)
    head(ax, context, f"{context.loss} at each step", "step")
    ticks(ax, log=log, steps=True)
    _series(ax, context, "l", drawn, color=context.colours[MOVE], marker="o", lw=1.2)
    known = np.flatnonzero(np.isfinite(drawn))
    rising = bool(known.size and drawn[known[-1]] > drawn[known[0]])
    late = drawn[known[-_LATE:]]
    above = late.size > 1 and late[-1] > np.median(late)
    sides = ("se" if rising else "ne", "nw" if above else "sw")
    ends = dict.fromkeys(known.tolist()[:: max(len(known) - 1, 1)])
    for i, side in zip(ends, sides, strict=False):
        gid = f"v{i}" if context.film and i else ""
        _write_label(
            ax, context, _Label(_loss_said(t, i), (i, drawn[i]), side, "ink", gid)
        )
    note(ax, context, _loss_notes(t, drawn), "low" if rising else "right")


def _loss_said(t: Track, i: int) -> str:
    said = about(t.losses[i], largest(t.losses))
    return said.replace("-", "\N{MINUS SIGN}")


def _loss_notes(t: Track, drawn: Floats) -> list[str]:
    if np.isnan(t.losses).all():
        return ["the loss was not recorded"]
    cut = t.losses[np.isfinite(t.losses) & ~np.isfinite(drawn)]
    high = f"up to {shown(cut.max())}, outside the picture" if cut.size else ""
    return [line for line in (t.odd_loss(), high) if line]


def needs_log_scale(values: Floats) -> bool:
    """Whether a log scale helps: all positive, over more than two decades."""
    known = values[np.isfinite(values)]
    return bool(known.size and known.min() > 0 and known.max() > 100 * known.min())


def set_loss_range(ax: Axes, values: Floats) -> bool:
    """Set the range of y, on a log scale if that helps; gives whether it is one."""
    known = values[np.isfinite(values)]
    if needs_log_scale(values):
        low, high = padded(np.log10(known), 0.15)
        ax.set_yscale("log")
        ax.set_ylim(*10.0 ** np.clip([low, high], -307.0, 308.0))  # as floats go
        return True
    low, high = padded(known, 0.18)
    if known.size and 0 <= known.min() < 0.3 * known.max():
        low = -0.09 * high
    ax.set_ylim(low, high)
    return False


def _series(
    ax: Axes, context: PlotContext, letter: str, values: Floats, **style: Any
) -> None:
    last = len(values) - 1
    ax.set_xlim(-0.05 * max(last, 8), last + 0.06 * max(last, 8))
    before = 0
    for i in context.steps:
        way = [before, *_thin(before + 1, i)] if i else [0]
        ax.plot(
            way, values[way], ms=context.dot, markevery=[len(way) - 1], zorder=3,
            gid=f"{letter}{i}", clip_on=False, **style,
        )  # fmt: skip
        before = i


def draw_projection(
    context: PlotContext, directions: tuple[int, int] | None, ax: Axes
) -> bool:
    """Draw the path of more than two numbers in two directions; False if it can't."""
    found = plane(context.run, context.t, directions)
    if found is None:
        return False
    slopes = _gradients(context.run, context.t.numbers.shape[1])
    projected = replace(
        context,
        t=replace(context.t, points=found.points, gradients=found.of(slopes)),
        plane=found,
    )
    near = projected.t.near
    x, y = (padded(found.points[near][:, k], 0.15) for k in (0, 1))
    if y[1] - y[0] < _FLAT * (x[1] - x[0]):
        y = sum(y) / 2 - (x[1] - x[0]) / 10, sum(y) / 2 + (x[1] - x[0]) / 10
    ax.set(xlim=x, ylim=y)
    path = np.where(near[:, None], found.points, np.nan)
    head(ax, context, found.words, found.labels[0])
    ax.set_ylabel(
        found.labels[1], color=context.colours["muted"], parse_math=False, labelpad=2
    )
    ticks(ax)
    if context.film:
        updates(ax, projected)
    else:
        ink = context.colours["target"]
        ax.plot(path[:, 0], path[:, 1], color=ink, lw=1.2, zorder=3)
    points(ax, projected, path, drop=False)
    ends(ax, projected, path)
    lost(ax, projected)
    return True


def _gradients(run: Descent, width: int) -> Floats:
    """The gradients, shape (steps, ``width``); a row of nan where one is missing."""
    rows = [[e for g in u.gradients for e in entries(g)] for u in run.updates]
    unknown = [np.nan] * width
    return np.array([row if len(row) == width else unknown for row in rows])


def draw(
    context: PlotContext,
    axes: Sequence[Axes],
    directions: tuple[int, int] | None = None,
) -> None:
    """The whole picture on two axes, or on three where there are many numbers."""
    for ax in axes:
        style_axes(ax, context)
    left, *middle, right = axes
    parts = {"empty": _empty, "line": _line, "plane": _plane, "norms": _norms}
    if context.t.kind != "norms" or not draw_projection(context, directions, left):
        parts[context.t.kind](left, context)
    for ax in middle:
        _norms(ax, context)
    if context.t.updates:
        draw_losses(right, context)
    else:
        right.set_axis_off()
