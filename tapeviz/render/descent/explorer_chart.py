"""The explorer's chart: quick to make, its limits fixed, so that nothing jumps.

The background (curve or contours) is made once; the path is made anew at every move of
a control. Both are SVG text without ids, in the classes of ``explorer_chart.css``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tapeviz.analysis.convergence import labels, regime
from tapeviz.analysis.trajectory import (
    Track,
    coordinates,
    number,
    plain,
    point_words,
    sample_steps,
    track,
)
from tapeviz.render.descent.comparison import LOOKS
from tapeviz.render.descent.figure import describe_all
from tapeviz.render.html.assets import read_assets
from tapeviz.render.svg import theme as themes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tapeviz.analysis.trajectory import Floats
    from tapeviz.trace.descent import Descent, Landscape

MOST = 60
"""Points drawn one by one for each run."""

RACE = 120
"""Points of a run at most in the race."""

ROWS = 200
"""Rows of the table at most."""

_LEFT, _TOP, _WIDE, _HIGH = 58.0, 34.0, 448.0, 280.0
_LOSS_LEFT, _LOSS_WIDE = 58.0, 306.0

Frame: TypeAlias = tuple[float, float, float, float]

FRAME: Frame = (_LEFT, _TOP, _WIDE, _HIGH)
"""Where the explorer's window is."""

_LEVELS = 11
_BEYOND = 4.0
_FEW = 12
_CLOSE = 5.0


@dataclass(frozen=True)
class Window:
    """The limits of the axes, for a loss of ``numbers`` (1 or 2) numbers.

    ``x`` and ``y`` are (from, to); for one number ``y`` is the loss. ``names`` are the
    labels of the axes, ``frame`` says in pixels where the window is: left and upper
    edge, width and height.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    numbers: int
    names: tuple[str, ...]
    frame: Frame = FRAME

    def to_pixels(self, x: float, y: float) -> tuple[float, float]:
        """The position of a point in the chart's pixels."""
        left, top, wide, high = self.frame
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return left + across * wide, top + (1 - up) * high


def window(land: Landscape, names: tuple[str, ...]) -> Window:
    """The window on a landscape: all of it, and for one number the losses on it."""
    x = land.xs[0], land.xs[-1]
    if land.ys:
        return Window(x, (land.ys[0], land.ys[-1]), 2, names)
    losses = np.array(land.losses[0])
    fine = losses[np.isfinite(losses)]
    low, high = (float(fine.min()), float(fine.max())) if fine.size else (0.0, 1.0)
    room = high - low or abs(high) or 1.0
    return Window(x, (low - 0.08 * room, high + 0.06 * room), 1, names)


def background(land: Landscape, seen: Window, loss: str) -> dict[str, Any]:
    """The part of the picture that stays: axes, curve or contours, and the frame."""
    inside = _contours(land, seen) if land.ys else _curve(land, seen)
    title = f"the path over {loss}" if land.ys else f"{loss} for each {seen.names[0]}"
    sizes = [(b - a) / 500 for a, b in (seen.x, seen.y)]
    grain = [10.0 ** math.floor(math.log10(s)) for s in sizes]
    return {
        "ground": clipped(inside) + axes(seen, title),
        "frame": {
            "left": _LEFT, "top": _TOP, "width": _WIDE, "height": _HIGH,
            "x": seen.x, "y": seen.y, "numbers": seen.numbers, "grain": grain,
        },
    }  # fmt: skip


def clipped(inside: str, frame: Frame = FRAME) -> str:
    """SVG text clipped at the edges of a frame."""
    left, top, wide, high = frame
    box = f'x="{left}" y="{top}" width="{wide}" height="{high}"'
    view = f"{left} {top} {wide} {high}"
    return f'<svg {box} viewBox="{view}" style="overflow:hidden">{inside}</svg>'


def _curve(land: Landscape, seen: Window) -> str:
    points = [
        seen.to_pixels(x, y) for x, y in zip(land.xs, land.losses[0], strict=True)
        if math.isfinite(y)
    ]  # fmt: skip
    return line(points, "tv-curve")


def line(points: Sequence[tuple[float, float]], look: str) -> str:
    """A line through positions in pixels; ``look`` is its class."""
    where = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{look}" points="{where}"/>' if points else ""


def _contours(land: Landscape, seen: Window) -> str:
    from contourpy import FillType, contour_generator

    grid = np.array(land.losses, dtype=float)
    fine = grid[np.isfinite(grid)]
    if not fine.size or fine.min() == fine.max():
        return ""
    made = contour_generator(
        np.array(land.xs), np.array(land.ys), np.ma.masked_invalid(grid),
        fill_type=FillType.OuterOffset,
    )  # fmt: skip
    low = float(fine.min()) - 1.0
    levels = np.unique(np.quantile(fine, np.linspace(0.02, 0.96, _LEVELS) ** 1.4))
    return "".join(area(made.filled(low, float(v)), seen) for v in levels[::-1])


def area(filled: Any, seen: Window, look: str = "tv-level") -> str:
    """The area that contourpy filled, as one path; ``look`` is its class."""
    rings = (
        points[a:b]
        for points, offsets in zip(*filled, strict=True)
        for a, b in itertools.pairwise(offsets)
    )
    way = "".join(f"M{_ring(ring, seen)}Z" for ring in rings)
    return f'<path class="{look}" d="{way}"/>' if way else ""


def _ring(ring: Any, seen: Window) -> str:
    return " ".join(
        f"{x:.1f} {y:.1f}" for x, y in (seen.to_pixels(*p) for p in ring.tolist())
    )


def axes(seen: Window, title: str) -> str:
    """The title, the axes and their ticks."""
    side, top, wide, high = seen.frame
    foot = top + high
    text = [
        f'<path class="tv-axis" d="M{side} {top}V{foot}H{side + wide}"/>',
        f'<text class="tv-t" x="{side}" y="{top - 16}">{escape(title)}</text>',
        (
            f'<text x="{side + wide / 2}" y="{foot + 36}" text-anchor="middle">'
            f"{escape(seen.names[0])}</text>"
        ),
    ]
    if seen.numbers == 2:
        middle = top + high / 2
        text.append(
            f'<text x="14" y="{middle}" text-anchor="middle" '
            f'transform="rotate(-90 14 {middle})">{escape(seen.names[1])}</text>'
        )
    for v in ticks(*seen.x):
        x = seen.to_pixels(v, 0)[0]
        text.append(_tick(x, foot, f"M{x:.1f} {foot}v4", number(v), below=True))
    for v in ticks(*seen.y, most=max(3, round(high / 45))):
        y = seen.to_pixels(0, v)[1]
        text.append(_tick(side, y, f"M{side} {y:.1f}h-4", number(v), below=False))
    return "".join(text)


def _tick(x: float, y: float, way: str, words: str, *, below: bool) -> str:
    words = words.replace("-", "\N{MINUS SIGN}")
    where = (
        f'x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle"'
        if below
        else f'x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end"'
    )
    return f'<path class="tv-axis" d="{way}"/><text {where}>{words}</text>'


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers in a range, at most ``most`` of them.

    >>> ticks(-1.2, 9.0)
    [0.0, 2.0, 4.0, 6.0, 8.0]
    """
    step = 10.0 ** math.floor(math.log10((high - low) / most))
    step *= next(k for k in (1, 2, 5, 10) if (high - low) / (k * step) <= most)
    first = math.ceil(low / step)
    return [round(k * step, 12) for k in range(first, math.floor(high / step) + 1)]


# -- what changes --------------------------------------------------------------------


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


def scene(comparison: Comparison, seen: Window) -> dict[str, Any]:
    """Everything in the chart that changes when a control moves, ready for JSON."""
    tracks = [track(run) for run in comparison.runs]
    at = (
        comparison.start
        if seen.numbers == 2
        else (*comparison.start, _first_loss(tracks[0]))
    )
    chart = _LossChart.of(comparison, tracks)
    notes = _notes(tracks, seen)
    said = " ".join(filter(None, _loss_notes(tracks)))
    return {
        "number": comparison.number,
        "scale": {"limit": comparison.limit, "words": comparison.limit_words},
        "path": _paths(comparison, tracks, seen),
        "curve": chart.svg(tracks),
        "log": chart.log,
        "race": [
            _runner(run, t, k, seen, chart)
            for k, (run, t) in enumerate(zip(comparison.runs, tracks, strict=True))
        ],
        "at": _clamped(seen.to_pixels(*at)),
        "start": point_words(seen.names[: seen.numbers], comparison.start),
        "alt": describe_all(comparison.runs, comparison.names),
        "curveAlt": f"The loss at each step. {said}".strip(),
        "words": list(_words(comparison, notes)),
        "table": _table(comparison.runs[0], tracks[0]),
    }  # fmt: skip


def _first_loss(t: Track) -> float:
    return float(t.losses[0]) if t.updates and np.isfinite(t.losses[0]) else 0.0


def _clamped(pixel: tuple[float, float]) -> tuple[float, float]:
    """The nearest position inside the frame."""
    x = min(max(pixel[0], _LEFT), _LEFT + _WIDE)
    return round(x, 1), round(min(max(pixel[1], _TOP), _TOP + _HIGH), 1)


def _words(comparison: Comparison, notes: list[str]) -> Iterator[dict[str, str]]:
    several = len(comparison.runs) > 1
    names = labels(comparison.runs, comparison.names)
    for i, run in enumerate(comparison.runs):
        found = regime(run)
        lead = f"{names[i]}: " if several else ""
        name = found.name if several else f"{found.name[0].upper()}{found.name[1:]}"
        yield {
            "look": LOOKS[i % len(LOOKS)][0] if several else "",
            "name": f"{lead}{name}.",
            "text": f"{found.sentence} {notes[i]}".strip(),
            "rule": found.inequality,
        }


def _table(run: Descent, t: Track) -> dict[str, Any]:
    names = coordinates(run) if t.updates else []
    heads = ["step", *names, plain(run.loss_name), "length of gradient"]
    heads += ["length of update", "new loss"]
    after = np.append(t.losses[1:], np.nan)
    rows = [
        [
            str(i),
            *map(number, t.points[i]),
            *map(number, (t.losses[i], t.slopes[i], t.strides[i])),
            number(after[i]) if np.isfinite(after[i]) else "",
        ]
        for i in sample_steps(t.updates, ROWS)
    ]
    return {"heads": heads, "rows": rows}


def _paths(comparison: Comparison, tracks: list[Track], seen: Window) -> str:
    parts = []
    for i, (run, t) in reversed(
        [*enumerate(zip(comparison.runs, tracks, strict=True))]
    ):
        if t.updates:
            heights = np.append(t.losses, _last_loss(run, t))
            path = t.points if seen.numbers == 2 else np.c_[t.points[:, 0], heights]
            parts.append(_path(path, t, seen, f"tv-b-{LOOKS[i % len(LOOKS)][0]}", i))
    least = comparison.runs[0].curvature("minimum")
    return clipped(_least(least, seen) + "".join(parts))


def _last_loss(run: Descent, t: Track) -> float:
    """The loss at the last point, extrapolated with the curvature there."""
    end = run.curvature("end")
    step = t.points[-1] - t.points[-2]
    if end is None or not np.isfinite([*t.points[-1], t.losses[-1]]).all():
        return math.nan
    slope = np.array(end.slope) + np.nan_to_num(t.gradients[-1])
    return float(t.losses[-1] + slope @ step / 2)


def _least(found: Any, seen: Window) -> str:
    if found is None:
        return ""
    if seen.numbers == 1:
        x = seen.to_pixels(found.at[0], 0)[0]
        foot = _TOP + _HIGH
        return f'<path class="tv-least" d="M{x:.1f} {foot}v-9"/>'
    x, y = seen.to_pixels(*found.at[:2])
    return (
        f'<path class="tv-least" d="M{x - 5:.1f} {y:.1f}h10M{x:.1f} {y - 5:.1f}v10"/>'
    )


def _path(path: Floats, t: Track, seen: Window, look: str, which: int) -> str:
    """One run: its path, its points, and for one number the steps between."""
    pixels = [_near(seen, x, y) for x, y in path.tolist()]
    end = next((i for i, s in enumerate(pixels) if s is None), len(pixels))
    way = [s for s in pixels[:end] if s is not None]
    shown = [i for i in sample_steps(t.updates, MOST) if i < end]
    size = 4 if len(shown) <= _FEW else 3
    dots = _dots([(i, way[i]) for i in shown], look, size, which)
    if end > t.updates:
        dots += _dot(way[-1], look, size)
    if seen.numbers == 2 or which:
        return line(way, f"tv-way {look}") + dots
    return _steps(way, look) + _slope(way, t, seen) + dots


def _dots(
    marked: Sequence[tuple[int, tuple[float, float]]], look: str, size: int, which: int
) -> str:
    """The points of a run; one that covers the point before it has no rim."""
    before = [(math.inf, math.inf), *(pixel for _, pixel in marked)]
    return "".join(
        _dot(
            pixel,
            f"{look} tv-close" if math.dist(last, pixel) < 1.5 * size else look,
            size,
            _opens(step, which),
        )
        for last, (step, pixel) in zip(before, marked, strict=False)
    )


def _dot(pixel: tuple[float, float], look: str, size: int, more: str = "") -> str:
    x, y = pixel
    return (
        f'<circle class="tv-spot {look}" cx="{x:.1f}" cy="{y:.1f}" r="{size}"{more}/>'
    )


def _opens(step: int, which: int) -> str:
    return "" if which else f' data-step="{step}"'


def _steps(way: list[tuple[float, float]], look: str) -> str:
    """The update of each step as a level line, and the drop to the new loss."""
    ahead = "".join(
        f"M{a[0]:.1f} {a[1]:.1f}H{b[0]:.1f}{_head(a, b)}"
        for a, b in itertools.pairwise(way)
    )
    drop = "".join(
        f"M{b[0]:.1f} {a[1]:.1f}V{b[1]:.1f}" for a, b in itertools.pairwise(way)
    )
    return (
        f'<path class="tv-drop {look}" d="{drop}"/>'
        f'<path class="tv-way {look}" d="{ahead}"/>'
    )


def _head(a: tuple[float, float], b: tuple[float, float]) -> str:
    far = b[0] - a[0]
    if abs(far) < _CLOSE:
        return ""
    back = -math.copysign(min(7.0, abs(far) / 2), far)
    return f"l{back:.1f} -3.5m{-back:.1f} 3.5l{back:.1f} 3.5"


def _slope(way: list[tuple[float, float]], t: Track, seen: Window) -> str:
    """The tangent at the start."""
    slope = float(t.gradients[0, 0]) if t.updates else math.nan
    if not way or not math.isfinite(slope):
        return ""
    wide, high = _WIDE / (seen.x[1] - seen.x[0]), _HIGH / (seen.y[1] - seen.y[0])
    run, rise = wide, -slope * high
    part = 60 / math.hypot(run, rise)
    (x, y), (dx, dy) = way[0], (run * part, rise * part)
    ends = f"M{x - dx:.1f} {y - dy:.1f}L{x + dx:.1f} {y + dy:.1f}"
    return f'<path class="tv-slope" d="{ends}"/>'


def _near(seen: Window, x: float, y: float) -> tuple[float, float] | None:
    """The position in pixels, in the frame or not too far from it; None beyond."""
    if not (math.isfinite(x) and math.isfinite(y)):
        return None
    px, py = seen.to_pixels(x, y)
    across = abs(px - _LEFT - _WIDE / 2) / _WIDE
    up = abs(py - _TOP - _HIGH / 2) / _HIGH
    return (px, py) if max(across, up) < _BEYOND * 10 else None


def _notes(tracks: list[Track], seen: Window) -> list[str]:
    """What the pictures leave out of each run, in words."""
    return [
        " ".join(filter(None, (_away(t, seen), odd)))
        for t, odd in zip(tracks, _loss_notes(tracks), strict=True)
    ]


def _away(t: Track, seen: Window) -> str:
    """Where a run leaves the picture."""
    outside = [i for i, p in enumerate(t.points.tolist()) if not _inside(seen, p)]
    return f"It leaves the picture at step {outside[0]}." if outside else ""


def _inside(seen: Window, point: list[float]) -> bool:
    pairs = zip((seen.x, seen.y), point, strict=False)
    return all(math.isfinite(v) and low <= v <= high for (low, high), v in pairs)


# -- the loss ------------------------------------------------------------------------


@dataclass(frozen=True)
class _LossChart:
    """The losses of every run over the steps, on a log scale if that helps.

    ``low`` and ``high`` are the ends of the axis, as powers of ten on a log scale;
    None where no loss is known.
    """

    title: str
    steps: int
    log: bool
    low: float | None = None
    high: float = 0.0

    @classmethod
    def of(cls, comparison: Comparison, tracks: list[Track]) -> _LossChart:
        """The chart that holds the losses of all runs as far as they are near."""
        known = np.concatenate([*map(_drawn, tracks), np.zeros(0)])
        known = known[np.isfinite(known)]
        steps = max(1, *(t.updates - 1 for t in tracks)) if tracks else 1
        title = f"{plain(comparison.runs[0].loss_name)} at each step"
        wide = known.size and known.min() > 0 and known.max() > 100 * known.min()
        log = bool(wide) if comparison.log is None else comparison.log
        known = np.log10(known[known > 0]) if log else known
        if not known.size:
            return cls(title, steps, log)
        low, high = float(known.min()), float(known.max())
        room = high - low or abs(high) or 1.0
        return cls(title, steps, log, low - 0.07 * room, high + 0.06 * room)

    def to_pixels(self, i: int, loss: float) -> tuple[float, float] | None:
        """Where a step's loss stands; None where the chart cannot hold it."""
        if self.low is None or not math.isfinite(loss) or (self.log and loss <= 0):
            return None
        value = math.log10(loss) if self.log else loss
        up = (self.high - value) * _HIGH / (self.high - self.low)
        return _LOSS_LEFT + i * _LOSS_WIDE / self.steps, _TOP + up

    def svg(self, tracks: list[Track]) -> str:
        """The axes, and a line for each run, the first on top."""
        if self.low is None:
            title = escape(self.title)
            return f'<text class="tv-t" x="{_LOSS_LEFT}" y="18">{title}</text>'
        log, low, high = self.log, self.low, self.high
        marks = [10.0**v for v in _powers(low, high)] if log else ticks(low, high)
        placed = [(at[1], v) for v in marks if (at := self.to_pixels(0, v))]
        lines = (
            _loss_line(self.points(t), k) for k, t in reversed([*enumerate(tracks)])
        )
        return _loss_axes(self.title, self.steps, placed) + "".join(lines)

    def points(self, t: Track) -> list[tuple[int, tuple[float, float]]]:
        """The steps of a run whose loss the chart holds, and where it stands."""
        found = ((i, self.to_pixels(i, v)) for i, v in enumerate(_drawn(t).tolist()))
        return [(i, pixel) for i, pixel in found if pixel]


def _drawn(t: Track) -> Floats:
    return np.where(t.near[:-1], t.losses, np.nan)


def _runner(
    run: Descent, t: Track, which: int, seen: Window, chart: _LossChart
) -> dict[str, Any]:
    """A run for the race: step and position in both pictures, till it leaves them."""
    heights = np.append(t.losses, _last_loss(run, t)) if t.updates else t.losses
    path = t.points if seen.numbers == 2 else np.c_[t.points[:, 0], heights]
    way = ((i, _near(seen, *row)) for i, row in enumerate(path.tolist()))
    there = itertools.takewhile(lambda at: at[1] is not None, way)
    pixels = [(i, pixel) for i, pixel in there if pixel is not None]
    return {
        "look": LOOKS[which % len(LOOKS)][0],
        "path": _thinned(pixels),
        "loss": _thinned(chart.points(t)),
    }


def _thinned(points: list[tuple[int, tuple[float, float]]]) -> list[list[float]]:
    """At most ``RACE`` points, evenly: step, x and y."""
    last = len(points) - 1
    chosen = sorted({round(k * last / RACE) for k in range(RACE + 1) if points})
    return [[points[k][0], *(round(v, 1) for v in points[k][1])] for k in chosen]


def _powers(low: float, high: float) -> list[int]:
    found = list(range(math.ceil(low), math.floor(high) + 1))
    return found[:: max(1, math.ceil(len(found) / 6))]


def _loss_line(points: list[tuple[int, tuple[float, float]]], which: int) -> str:
    look = f"tv-b-{LOOKS[which % len(LOOKS)][0]}"
    pixels = [pixel for _, pixel in points]
    marked = [points[k] for k in sample_steps(len(points), MOST)]
    dots = _dots(marked, look, 3, which)
    breaks = [k for k in range(1, len(points)) if points[k][0] != points[k - 1][0] + 1]
    ends = [0, *breaks, len(points)]
    parts = (pixels[a:b] for a, b in itertools.pairwise(ends))
    return "".join(line(part, f"tv-way {look}") for part in parts) + dots


def _loss_axes(title: str, steps: int, marks: list[tuple[float, float]]) -> str:
    foot, left = _TOP + _HIGH, _LOSS_LEFT
    text = [
        f'<path class="tv-axis" d="M{left} {_TOP}V{foot}H{left + _LOSS_WIDE}"/>',
        f'<text class="tv-t" x="{left}" y="18">{escape(title)}</text>',
        (
            f'<text x="{left + _LOSS_WIDE / 2}" y="{foot + 36}" text-anchor="middle">'
            "step</text>"
        ),
    ]
    for v in ticks(0, max(steps, 1)):
        if v == int(v):
            x = left + v * _LOSS_WIDE / steps
            text.append(_tick(x, foot, f"M{x:.1f} {foot}v4", number(v), below=True))
    for y, v in marks:
        text.append(_tick(left, y, f"M{left} {y:.1f}h-4", number(v), below=False))
    return "".join(text)


def _loss_notes(tracks: list[Track]) -> list[str]:
    """What the picture of the losses leaves out of each run, as sentences."""
    lines = []
    for t in tracks:
        odd = t.odd_loss()
        cut = t.losses[np.isfinite(t.losses) & ~t.near[:-1]]
        high = f"The loss goes up to {number(float(cut.max()))}." if cut.size else ""
        said = f"{odd[0].upper()}{odd[1:]}." if odd else ""
        lines.append(" ".join(filter(None, (said, high))))
    return lines


def script() -> str:
    """The panel as an ES module for a widget."""
    names = ("html/elements", "descent/explorer_controls", "descent/explorer_chart")
    return read_assets(*(f"{name}.js" for name in names))


def styles() -> str:
    """The panel's styles, and the colours of every theme."""
    return (
        "".join(map(themes.css, themes.NAMES))
        + themes.fonts(".tapeviz-board")
        + read_assets("descent/explorer_chart.css")
    )
