"""Pictures of gradient descent: a recorded run drawn with matplotlib.

On the left the landscape with the path on it, on the right the loss at each step.
Everything that a film moves has an id (``set_gid``): points ``p0``, ``p1``, ...,
update arrows ``a0``, ..., the slopes ``t0``, ... and the dots of the loss ``l0``, ...
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeviz.render.track import Track, falls, number, plain, spread, track

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from tapeviz.render.track import Floats
    from tapeviz.trace.descent import Descent, Landscape

MOST = 60
"""Steps drawn one by one; longer runs show a spread of this many."""

CROWD = 20
"""Points drawn at most between two steps that are shown."""


@dataclass(frozen=True)
class Palette:
    """The colours of a descent, by role."""

    paper: str
    ink: str
    muted: str
    rule: str
    curve: str
    point: str
    move: str
    slope: str


PALETTES = {
    "light": Palette(
        "#ffffff", "#1b1f24", "#5b6470", "#d4d8de", "#0072b2", "#1b1f24", "#b84a00",
        "#8a3f73",
    ),
    "dark": Palette(
        "#15181d", "#eceff3", "#a6afbb", "#3a414b", "#56b4e9", "#eceff3", "#f0974a",
        "#e29cc6",
    ),
}  # fmt: skip


def figure(
    run: Descent,
    *,
    theme: str = "light",
    size: tuple[float, float] = (8.0, 3.4),
    stacked: bool = False,
    film: bool = False,
) -> Figure:
    """A figure of a run: the path on its landscape beside the loss at each step.

    ``size`` is in inches. ``stacked`` puts one panel under the other. ``film`` adds
    what only a film shows: the slope and the size of the update at every step.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with _look():
        fig = Figure(figsize=size)
        FigureCanvasAgg(fig)
        fig.set_facecolor(palette(theme).paper)
        _draw(run, _panels(fig, stacked=stacked), palette(theme), film=film)
    return fig


def plot(
    run: Descent,
    *,
    axes: tuple[Axes, Axes] | None = None,
    theme: str = "light",
    size: tuple[float, float] = (8.0, 3.4),
) -> tuple[Axes, Axes]:
    """The two axes of a run's picture: its path, and its loss at each step.

    Draws into ``axes`` if given (a pair from a figure of yours), else into a new
    figure, which is ``axes[0].figure``. One number is drawn on the curve of its loss,
    two on its contours; of more the lengths of gradient and update are drawn.
    """
    if axes is None:
        left, right = figure(run, theme=theme, size=size).axes
        return left, right
    _draw(run, axes, palette(theme), film=False)
    return axes


def svg(run: Descent, *, theme: str = "light", **options: Any) -> str:
    """The picture as SVG text, the same on every run; ``options`` as in ``figure``."""
    with _look():
        return write_svg(figure(run, theme=theme, **options))


def write_svg(fig: Figure) -> str:
    """A figure as SVG text with real text, no date and stable ids."""
    out = io.StringIO()
    meta = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with _look():
        fig.savefig(out, format="svg", metadata=meta, dpi=72)
    return out.getvalue()


def palette(theme: str) -> Palette:
    """The colours of a theme; ValueError for a theme that does not exist."""
    if theme not in PALETTES:
        names = " and ".join(map(repr, PALETTES))
        raise ValueError(f"there is no theme {theme!r} for plots: there are {names}")
    return PALETTES[theme]


def describe(run: Descent) -> str:
    """One paragraph for somebody who does not see the picture.

    >>> from tapeviz.trace.descent import Descent
    >>> describe(Descent(("x",), ()))
    'Gradient descent on x: no update was recorded.'
    """
    t = track(run)
    what = f"Gradient descent on {_list(t.names)}"
    if not t.updates:
        return f"{what}: no update was recorded."
    n = t.updates
    return f"{what} in {n} update{'s'[: n != 1]}. {_where(run, t)}{_how(t)}"


def _list(names: tuple[str, ...]) -> str:
    if len(names) <= 4:
        return ", ".join(names) or "no variable"
    return f"{', '.join(names[:3])} and {len(names) - 3} more variables"


def _where(run: Descent, t: Track) -> str:
    if t.kind == "norms":
        return (
            f"The gradient has length {number(t.slopes[0])} at first"
            f" and {number(t.slopes[-1])} before the last update. "
        )
    labels = coordinates(run)
    start, end = (_point(labels, t.points[i]) for i in (0, -1))
    return f"It goes from {start} to {end}. "


def _point(labels: list[str], place: Floats) -> str:
    pairs = zip(labels, place, strict=True)
    return ", ".join(f"{a} = {number(v)}" for a, v in pairs)


def _how(t: Track) -> str:
    known = t.losses[np.isfinite(t.losses)]
    if not known.size:
        return "The loss was not recorded."
    first, last = number(known[0]), number(known[-1])
    odd = _odd_loss(t)
    tail = f" {odd[0].upper()}{odd[1:]}." if odd else ""
    if known.size == 1:
        return f"The loss at the start is {first}.{tail}"
    if falls(known):
        return f"The loss falls at every step, from {first} to {last}.{tail}"
    if known[-1] < known[0]:
        return f"The loss falls from {first} to {last}, but not at every step.{tail}"
    verb = "stays at" if known[-1] == known[0] else f"rises from {first} to"
    return f"The loss {verb} {last}.{tail}"


def _odd_loss(t: Track) -> str:
    odd = np.flatnonzero(~np.isfinite(t.losses))
    if not odd.size:
        return ""
    return f"at step {odd[0]} the loss is {number(t.losses[odd[0]])}"


def coordinates(run: Descent) -> list[str]:
    """A label for each number of the variables: ``x``, or ``w[0]`` and ``w[1]``."""
    return [
        name
        for v, n in zip(run.updates[0].at, map(plain, run.names), strict=True)
        for name in ([n] if v.size == 1 else [f"{n}[{i}]" for i in range(v.size)])
    ]


@contextmanager
def _look() -> Iterator[None]:
    from matplotlib import style

    own = {
        "svg.hashsalt": "tapeviz",
        "svg.fonttype": "none",
        "font.size": 9.5,
        "path.simplify": True,
    }
    with style.context(["default", own]):
        yield


def _panels(fig: Figure, *, stacked: bool) -> tuple[Axes, Axes]:
    wide, high = fig.get_size_inches()
    left, right, low, top = 0.5 / wide, 1 - 0.15 / wide, 0.5 / high, 1 - 0.4 / high
    if stacked:
        grid = fig.add_gridspec(2, 1, height_ratios=(1.7, 1), hspace=0.5)
    else:
        grid = fig.add_gridspec(1, 2, width_ratios=(1.7, 1), wspace=0.2)
    grid.update(left=left, right=right, bottom=low, top=top)
    return fig.add_subplot(grid[0]), fig.add_subplot(grid[1])


def _draw(
    run: Descent, axes: tuple[Axes, Axes], colours: Palette, *, film: bool
) -> None:
    pen = Pen(run, track(run), colours, film=film)
    left, right = axes
    for ax in axes:
        pen.dress(ax)
    {"empty": _empty, "line": _line, "plane": _plane, "norms": _norms}[pen.t.kind](
        left, pen
    )
    if pen.t.updates:
        _losses(right, pen)
    else:
        right.set_axis_off()


@dataclass(frozen=True)
class Pen:
    """What every part of the picture needs: the run, its numbers and its colours."""

    run: Descent
    t: Track
    colours: Palette
    film: bool = False

    @cached_property
    def steps(self) -> list[int]:
        """The points drawn one by one, the last one included."""
        return [*spread(self.t.updates, MOST), self.t.updates]

    def dress(self, ax: Axes) -> None:
        """Take from the axes all that does not inform."""
        c = self.colours
        ax.set_facecolor(c.paper)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            ax.spines[side].set_color(c.muted)
            ax.spines[side].set_linewidth(0.7)
        ax.tick_params(colors=c.muted, length=3, width=0.7, which="both")

    def ticks(self, ax: Axes, *, log: bool = False, steps: bool = False) -> None:
        """Few ticks, labelled as people write numbers."""
        from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator
        from matplotlib.ticker import NullLocator

        ax.xaxis.set_major_locator(MaxNLocator(5, integer=steps))
        ax.yaxis.set_major_locator(LogLocator(numticks=6) if log else MaxNLocator(5))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda v, _: shown(v)))
            axis.set_minor_locator(NullLocator())

    def head(self, ax: Axes, title: str, x: str) -> None:
        """A title over the axes' left end, and the name of what runs along them."""
        c = self.colours
        ax.set_title(
            title, loc="left", color=c.ink, fontsize="medium", parse_math=False, pad=10
        )
        ax.set_xlabel(x, color=c.muted, parse_math=False)

    def say(
        self,
        ax: Axes,
        text: str,
        at: tuple[float, float],
        move: tuple[float, float],
        colour: str,
        gid: str = "",
    ) -> None:
        """A short text, ``move`` points away from a place and on that side of it."""
        right, up = move
        note = ax.annotate(
            text,
            at,
            move,
            textcoords="offset points",
            ha="center" if not right else "left" if right > 0 else "right",
            va="center" if not up else "bottom" if up > 0 else "top",
            color=colour,
            fontsize="small",
            parse_math=False,
            annotation_clip=False,
            zorder=6,
        )
        if gid:
            note.set_gid(gid)
        else:
            note.set_bbox(
                {"facecolor": self.colours.paper, "edgecolor": "none", "alpha": 0.8,
                 "pad": 0.6}
            )  # fmt: skip

    def note(self, ax: Axes, lines: list[str]) -> None:
        """What the picture had to leave out, written into it."""
        if lines:
            ax.text(
                0.5, 1.0, "\n".join(lines), transform=ax.transAxes, ha="center",
                va="top", fontsize="small", style="italic", color=self.colours.ink,
                parse_math=False, zorder=7, gid=f"note-{len(ax.figure.axes)}"
                if ax is ax.figure.axes[0] else "note-loss",
                bbox={"facecolor": self.colours.paper, "edgecolor": "none",
                      "alpha": 0.85, "pad": 1},
            )  # fmt: skip

    def spot(self, ax: Axes, gid: str, xs: Any, ys: Any, **style: Any) -> Line2D:
        """Some places joined by a line, the marker on the last of them."""
        (line,) = ax.plot(xs, ys, **{"lw": 0, **self.marker(gid), **style})
        line.set_gid(gid)
        return line

    def marker(self, gid: str) -> dict[str, Any]:
        """The shape of a point: a square to start with, a diamond at the end."""
        step, c = int(gid[1:]), self.colours
        first, last = step == 0, step == self.end(gid[0])
        return {
            "marker": "s" if first else "D" if last else "o",
            "ms": 6 if first or last else 4.5,
            "mec": c.point,
            "mew": 1.1,
            "mfc": c.paper if first else c.point,
            "zorder": 5 if first or last else 4,
            "solid_capstyle": "butt",
        }

    def end(self, letter: str) -> int:
        """The number of the last element of a kind: one point more than losses."""
        return self.t.updates - (letter != "p")


def shown(value: float) -> str:
    """A number as it stands in a picture, with a proper minus sign."""
    return number(value).replace("-", "\N{MINUS SIGN}")


def _empty(ax: Axes, pen: Pen) -> None:
    ax.set_axis_off()
    ax.text(
        0, 0.6, "No update was recorded.", transform=ax.transAxes,
        color=pen.colours.ink, fontsize="large",
    )  # fmt: skip
    ax.text(
        0, 0.45, "Put the loop that changes the variables inside the with block.",
        transform=ax.transAxes, color=pen.colours.muted,
    )  # fmt: skip


def heights(pen: Pen) -> Floats:
    """The loss at each of the n + 1 points; the last from the landscape, or nan."""
    end, land = np.nan, pen.run.landscape
    x = pen.t.points[-1, 0]
    if land is not None and not land.ys and land.xs[0] <= x <= land.xs[-1]:
        end = np.interp(x, land.xs, land.losses[0])
    return np.append(pen.t.losses, end)


def _line(ax: Axes, pen: Pen) -> None:
    t, run = pen.t, pen.run
    xs, ys = t.points[:, 0], heights(pen)
    near = t.near & np.isfinite(ys)
    land = run.landscape if run.landscape and not run.landscape.ys else None
    _frame_line(ax, land, xs[near], ys[near], whole=bool(t.near.all()))
    _curve(ax, pen, land)
    name = plain(run.names[0])
    pen.head(ax, f"{plain(run.loss_name)} for each {name}", name)
    pen.ticks(ax)
    for i in pen.steps[:-1]:
        _line_update(ax, pen, i, xs, ys)
    for before, i in zip([None, *pen.steps], pen.steps, strict=False):
        _line_point(ax, pen, before, i, xs, np.where(near, ys, np.nan))
    _ends(ax, pen, np.column_stack([xs, ys]), near)
    pen.note(ax, _lost(pen, t.near))


def _frame_line(
    ax: Axes, land: Landscape | None, xs: Floats, ys: Floats, *, whole: bool
) -> None:
    left, right = _padded(xs, 0.15)
    if land and whole:
        left, right = land.xs[0], land.xs[-1]
    low, high = _padded(ys, 0)
    if land:
        row = np.array(land.losses[0])
        inside = (np.array(land.xs) >= left) & (np.array(land.xs) <= right)
        seen = row[inside & np.isfinite(row)]
        low = max(min(low, *seen), low - (high - low)) if seen.size else low
    room = high - low
    ax.set_xlim(left, right)
    ax.set_ylim(low - 0.16 * room, high + 0.22 * room)


def _padded(values: Floats, part: float) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    if not values.size:
        return -1.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = (high - low) or abs(high) or 1.0
    if low == high:
        low, high, part = low - room / 2, high + room / 2, 0
    return low - part * room, high + part * room


def _curve(ax: Axes, pen: Pen, land: Landscape | None) -> None:
    if land is None:
        return
    low, high = ax.get_ylim()
    room = high - low
    ys = np.clip(np.array(land.losses[0], dtype=float), low - room, high + room)
    (line,) = ax.plot(land.xs, ys, color=pen.colours.curve, lw=1.6, zorder=2)
    line.set_gid("curve")


def _line_point(
    ax: Axes, pen: Pen, before: int | None, i: int, xs: Floats, ys: Floats
) -> None:
    style: dict[str, Any] = {}
    if before is None or not np.isfinite(ys[i]):
        places = [i]
    elif i - before == 1:
        places = [i]
        c = pen.colours
        style = {"lw": 0.9, "ls": (0, (1.5, 2)), "color": c.move, "markevery": [1]}
        xs, ys = np.append(xs, xs[i]), np.append(ys, ys[before])
        places = [len(xs) - 1, i]
    else:
        places = _thin(before + 1, i)
    pen.spot(ax, f"p{i}", xs[places], ys[places], **style)


def _thin(first: int, last: int) -> list[int]:
    count = min(CROWD, last - first + 1)
    return sorted({*np.linspace(first, last, count).round().astype(int).tolist()})


def _line_update(ax: Axes, pen: Pen, i: int, xs: Floats, ys: Floats) -> None:
    if not np.isfinite([xs[i], ys[i]]).all() or not pen.t.near[i]:
        return
    here, c = (xs[i], ys[i]), pen.colours
    if pen.film:
        _tangent(ax, pen, i, here)
    if np.isfinite(xs[i + 1]) and xs[i + 1] != xs[i]:
        _arrow(ax, f"a{i}", here, (xs[i + 1], ys[i]), c.move)
        _line_words(ax, pen, i, here, xs[i + 1])


def _line_words(
    ax: Axes, pen: Pen, i: int, here: tuple[float, float], to: float
) -> None:
    if not pen.film and i:
        return
    left, right = ax.get_xlim()
    move = to - here[0]
    side = 1 if move > 0 else -1
    if not left + 0.2 * (right - left) < to < right - 0.2 * (right - left):
        side = -side
    words = f"update {shown(move)}" if move < 0 else f"update +{shown(move)}"
    place = (float(np.clip(to, left, right)), here[1])
    pen.say(
        ax,
        words if pen.film else "update",
        place,
        (7 * side, 0),
        pen.colours.move,
        f"m{i}" if pen.film else "",
    )


def _scale(ax: Axes) -> tuple[float, float]:
    (x0, y0), (x1, y1) = ax.transData.transform([(0, 0), (1, 1)])
    unit = 72 / ax.figure.get_figure(root=True).dpi
    return (x1 - x0) * unit, (y1 - y0) * unit


def _tangent(ax: Axes, pen: Pen, i: int, here: tuple[float, float]) -> None:
    slope = pen.t.gradients[i, 0]
    if not np.isfinite(slope):
        return
    wide, high = _scale(ax)
    dx = 38 / float(np.hypot(wide, high * slope))
    xs = np.array([here[0] - dx, here[0] + dx])
    (line,) = ax.plot(xs, here[1] + slope * (xs - here[0]), lw=1.5, zorder=3)
    line.set(gid=f"t{i}", color=pen.colours.slope, dashes=(4, 2))
    down = xs[0] if slope > 0 else xs[1]
    left, right = ax.get_xlim()
    side = 1 if slope > 0 else -1
    if not left + 0.2 * (right - left) < down < right - 0.2 * (right - left):
        side = -side
    place = (down, here[1] + slope * (down - here[0]))
    text = f"slope {shown(slope)}"
    pen.say(ax, text, place, (5 * side, -3), pen.colours.slope, f"s{i}")


def _arrow(
    ax: Axes, gid: str, start: tuple[float, float], end: tuple[float, float],
    colour: str, **style: Any,
) -> None:  # fmt: skip
    from matplotlib.patches import FancyArrowPatch

    tip = _within(ax, end)
    span = np.multiply(np.subtract(tip, start), _scale(ax))
    far = float(np.hypot(*span))
    arrow = FancyArrowPatch(
        start, tip, arrowstyle="-|>", mutation_scale=min(9.0, 0.75 * far),
        shrinkA=min(3.0, far / 4), shrinkB=0, lw=min(1.5, 0.4 + far / 12),
        color=colour, zorder=3.5, clip_on=True, **style,
    )  # fmt: skip
    arrow.set_gid(gid)
    ax.add_patch(arrow)


def _within(ax: Axes, place: tuple[float, float]) -> tuple[float, float]:
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    x = float(np.clip(place[0], 2 * x0 - x1, 2 * x1 - x0))
    return x, float(np.clip(place[1], 2 * y0 - y1, 2 * y1 - y0))


def _ends(ax: Axes, pen: Pen, places: Floats, near: Any) -> None:
    """Name the start and the end, each on the side where there is room."""
    shown_at = np.flatnonzero(near)
    if not shown_at.size:
        return
    labels, c = coordinates(pen.run), pen.colours
    if near[0]:
        pen.say(ax, _tag("start", labels, pen.t.points[0]), tuple(places[0]),
                (_side(ax, places[0]) * 8, 7), c.ink)  # fmt: skip
    if near[-1]:
        pen.say(
            ax,
            _tag("end", labels, pen.t.points[-1]),
            tuple(places[-1]),
            (0, -8),
            c.ink,
            f"e{pen.t.updates}" if pen.film else "",
        )


def _side(ax: Axes, place: Floats) -> int:
    left, right = ax.get_xlim()
    return 1 if place[0] < (left + right) / 2 else -1


def _tag(word: str, labels: list[str], place: Floats) -> str:
    if len(labels) > 1:
        return word
    return f"{word}, {labels[0]} = {shown(place[0])}"


def _lost(pen: Pen, near: Any) -> list[str]:
    t = pen.t
    away = np.flatnonzero(~near)
    if not away.size:
        return []
    first, last = int(away[0]), t.points[-1]
    labels = coordinates(pen.run)
    if len(away) == 1:
        what = f"point {first} lies outside the picture"
    elif len(away) == len(near) - first:
        what = f"from point {first} on the run is outside the picture"
    else:
        what = f"{len(away)} of {len(near)} points lie outside the picture"
    return [what, f"end: {_point(labels, last)}".replace("-", "\N{MINUS SIGN}")]


def _plane(ax: Axes, pen: Pen) -> None:
    t, run = pen.t, pen.run
    land = run.landscape if run.landscape and run.landscape.ys else None
    labels = coordinates(run)
    _frame_plane(ax, land, t.points[t.near], whole=bool(t.near.all()))
    pen.head(ax, f"the path over {plain(run.loss_name)}", labels[0])
    ax.set_ylabel(labels[1], color=pen.colours.muted, parse_math=False)
    pen.ticks(ax)
    _contours(ax, pen, land)
    for i in pen.steps[:-1]:
        _plane_update(ax, pen, i)
    for before, i in zip([None, *pen.steps], pen.steps, strict=False):
        _plane_point(ax, pen, before, i)
    _ends(ax, pen, t.points, t.near)
    pen.note(ax, _lost(pen, t.near))


def _frame_plane(
    ax: Axes, land: Landscape | None, places: Floats, *, whole: bool
) -> None:
    x, y = (_padded(places[:, k], 0.2) for k in (0, 1))
    if land and whole:
        x, y = (land.xs[0], land.xs[-1]), (land.ys[0], land.ys[-1])
    ax.set_xlim(*x)
    ax.set_ylim(*y)


def _contours(ax: Axes, pen: Pen, land: Landscape | None) -> None:
    if land is None:
        return
    from matplotlib.colors import to_rgba

    grid = np.ma.masked_invalid(np.array(land.losses, dtype=float))
    levels = _levels(grid.compressed())
    if len(levels) < 2:
        return
    tints = [to_rgba(pen.colours.curve, a) for a in np.linspace(0.3, 0.0, len(levels))]
    ax.contourf(land.xs, land.ys, grid, [grid.min(), *levels], colors=tints, zorder=0)
    lines = ax.contour(
        land.xs, land.ys, grid, levels, colors=pen.colours.curve, linewidths=0.7,
        zorder=1,
    )  # fmt: skip
    lines.set_gid("contours")


def _levels(losses: Floats) -> list[float]:
    if not losses.size or losses.min() == losses.max():
        return []
    found = np.quantile(losses, np.linspace(0.02, 0.98, 9) ** 1.5)
    return sorted({float(v) for v in found if v > losses.min()})


def _plane_update(ax: Axes, pen: Pen, i: int) -> None:
    t, c = pen.t, pen.colours
    here, there = t.points[i], t.points[i + 1]
    if not t.near[i]:
        return
    if np.isfinite(there).all() and (here != there).any():
        _arrow(ax, f"a{i}", tuple(here), tuple(there), c.move)
    slope = t.gradients[i]
    if pen.film and np.isfinite(slope).all() and slope.any():
        wide = np.hypot(*np.multiply(_scale(ax), slope))
        tip = here + slope * (34 / wide)
        _arrow(ax, f"t{i}", tuple(here), tuple(tip), c.slope, ls=(0, (3, 1.5)))
        side = 5.0 if tip[0] >= here[0] else -5.0
        pen.say(ax, "gradient", tuple(tip), (side, 0), c.slope, f"s{i}")


def _plane_point(ax: Axes, pen: Pen, before: int | None, i: int) -> None:
    places = [i] if before is None or i - before == 1 else _thin(before + 1, i)
    seen = np.where(pen.t.near[:, None], pen.t.points, np.nan)[places]
    style: dict[str, Any] = {}
    if len(places) > 1:
        style = {"lw": 1.0, "color": pen.colours.move, "markevery": [len(places) - 1]}
    pen.spot(ax, f"p{i}", seen[:, 0], seen[:, 1], **style)


def _norms(ax: Axes, pen: Pen) -> None:
    t, c = pen.t, pen.colours
    pen.head(ax, "how long the gradient and the update are", "step")
    both = np.concatenate([t.slopes, t.strides])
    log = _scale_y(ax, both)
    pen.ticks(ax, log=log, steps=True)
    _series(ax, pen, "t", t.slopes, c.slope, "o")
    _series(ax, pen, "a", t.strides, c.move, "^")
    from matplotlib.lines import Line2D

    keys = [
        Line2D([], [], color=c.slope, marker="o", ms=4.5, lw=1, label="gradient"),
        Line2D([], [], color=c.move, marker="^", ms=4.5, lw=1, label="update"),
    ]
    ax.legend(
        handles=keys, frameon=False, labelcolor=c.ink, fontsize="small",
        loc="upper right",
    )  # fmt: skip
    lost = "its arrays are too large to be drawn"
    pen.note(ax, [lost] if not np.isfinite(both).any() else [])


def _losses(ax: Axes, pen: Pen) -> None:
    t = pen.t
    kept = np.where(t.near[:-1], t.losses, np.nan)
    log = _wide(t.losses)
    drawn = t.losses if log else kept
    _scale_y(ax, drawn)
    pen.head(ax, f"{plain(pen.run.loss_name)} at each step", "step")
    pen.ticks(ax, log=log, steps=True)
    _series(ax, pen, "l", drawn, pen.colours.curve, "o")
    seen = np.flatnonzero(np.isfinite(drawn))
    for i, side in zip(seen[[0, -1]] if seen.size > 1 else seen, (1, 0), strict=False):
        pen.say(ax, shown(t.losses[i]), (i, drawn[i]), (7 * side, 7), pen.colours.ink)
    pen.note(ax, _loss_notes(t, drawn))


def _loss_notes(t: Track, drawn: Floats) -> list[str]:
    if np.isnan(t.losses).all():
        return ["the loss was not recorded"]
    odd = _odd_loss(t)
    cut = np.isfinite(t.losses) & ~np.isfinite(drawn)
    high = f"up to {shown(t.losses[cut].max())}, outside the picture" if any(cut) else ""
    return [line for line in (odd, high) if line]


def _wide(values: Floats) -> bool:
    """Whether a log scale helps: all positive, over more than two decades."""
    known = values[np.isfinite(values)]
    return bool(known.size and known.min() > 0 and known.max() > 100 * known.min())


def _scale_y(ax: Axes, values: Floats) -> bool:
    log = _wide(values)
    known = values[np.isfinite(values)]
    ax.set_xlim(-0.6, max(len(values) // (1 + (len(values) > 0)), 1))
    if log:
        ax.set_yscale("log")
        edges = np.log10([known.min(), known.max()])
        low, high = _padded(edges, 0.15)
        ax.set_ylim(10**low, 10**high)
    else:
        low, high = _padded(known, 0.15)
        ax.set_ylim(min(low, 0) if low > -0.3 * high else low, high)
    return log


def _series(
    ax: Axes, pen: Pen, letter: str, values: Floats, colour: str, marker: str
) -> None:
    last = len(values) - 1
    ax.set_xlim(-0.04 * max(last, 4), last + 0.06 * max(last, 4))
    shown_at = [i for i in pen.steps if i <= last]
    for before, i in zip([None, *shown_at], shown_at, strict=False):
        places = [i] if before is None else [before, *_thin(before + 1, i)]
        (line,) = ax.plot(
            places, values[places], color=colour, lw=1, marker=marker, ms=4.5,
            markevery=[len(places) - 1], zorder=3,
        )  # fmt: skip
        line.set_gid(f"{letter}{i}")
