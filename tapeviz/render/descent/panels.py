"""What a picture of descents shows: the loss along one or two numbers, and its fall."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeviz.analysis.projection import Plane, plane
from tapeviz.analysis.trajectory import (
    Track,
    about,
    coordinates,
    entries,
    largest,
    noise,
    point_words,
    rows_of,
    sample_steps,
    surface_name,
    track,
)
from tapeviz.render.descent.chart import (
    RUNS,
    ArrowMark,
    Axis,
    ContourMark,
    DotMark,
    Frame,
    LabelMark,
    LineMark,
    Mark,
    Panel,
    Point,
    minus,
    shown,
)
from tapeviz.render.descent.words import assignment
from tapeviz.trace.value import WHOLE
from tapeviz.wording.text_width import width
from tapeviz.wording.values import path_name

if TYPE_CHECKING:
    from tapeviz.analysis.trajectory import Floats
    from tapeviz.trace.descent import Descent, Landscape

MOST = 60
"""Updates drawn one by one; of longer runs this many, evenly chosen."""

SIZES = {2: (648.0, 259.2), 3: (720.0, 259.2)}
"""The width and height of a picture in points, by the number of its panels."""

_RATIOS = {2: (1.4, 1.0), 3: (1.35, 1.0, 1.0)}
_MARGINS = (52.0, 27.0, 14.0, 42.0)
_GAP = 52.0
_CROWD = 20
_TANGENT, _GRADIENT, _NAMED = 56.0, 38.0, 22.0
_PARTS = ("watched", "none", "hot")
_START, _END = ("s", 6.5, True), ("D", 8.5, False)


@dataclass(frozen=True)
class Seen:
    """A run and its numbers as arrays, as a picture shows them.

    A ``film`` gives everything that appears step by step an id: points ``p0``, ``p1``,
    ..., update arrows ``a0``, ..., slopes ``t0``, ..., losses ``l0``, ... ``plane`` is
    set where more than two numbers are projected on two directions.
    """

    run: Descent
    t: Track
    film: bool = False
    plane: Plane | None = None

    @classmethod
    def of(cls, run: Descent, *, film: bool = False) -> Seen:
        """A run with its track."""
        return cls(run, track(run), film)

    @cached_property
    def steps(self) -> list[int]:
        """The updates drawn one by one."""
        return sample_steps(self.t.updates, MOST)

    @property
    def tangents(self) -> list[int]:
        """The updates whose slope is drawn: all in a film, else a few."""
        near = [i for i in self.steps if self.t.near[i]]
        return near if self.film else near[:: max(1, -(-len(near) // 4))]

    @property
    def loss(self) -> str:
        """What the loss is called."""
        return path_name(self.run.loss_name)

    @property
    def dot(self) -> tuple[str, float, bool]:
        """The shape and size of a dot; many dots are smaller."""
        count = len(self.steps)
        return "o", 4.8 if count <= 16 else 3.8 if count <= 32 else 3, False

    @property
    def last(self) -> float:
        """The loss at the last point; nan where it is not known.

        It is that of the landscape, or extrapolated with the curvature there.
        """
        t, land, end = self.t, self.run.landscape, self.run.curvature("end")
        if land is not None:
            x = t.points[-1, 0]
            inside = land.xs[0] <= x <= land.xs[-1]
            return float(np.interp(x, land.xs, land.losses[0])) if inside else np.nan
        if end is None or not np.isfinite([*t.points[-1], t.losses[-1]]).all():
            return np.nan
        slope = np.array(end.slope) + np.nan_to_num(t.gradients[-1])
        return float(t.losses[-1] + slope @ (t.points[-1] - t.points[-2]) / 2)

    @cached_property
    def path(self) -> Floats:
        """Each point in the picture, a row of two: of one number x and its loss."""
        if self.t.kind != "line":
            return self.t.points
        return np.column_stack([self.t.points[:, 0], [*self.t.losses, self.last]])

    @cached_property
    def near(self) -> Floats:
        """The same, with nan for what the picture can't hold."""
        good = self.t.near & np.isfinite(self.path).all(axis=1)
        found: Floats = np.where(good[:, None], self.path, np.nan)
        return found

    @property
    def losses(self) -> Floats:
        """Step and loss, a row for each update that the picture can hold."""
        far = ~self.t.near[:-1] & (not needs_log(self.t.losses))
        return _over_steps(np.where(far, np.nan, self.t.losses))

    def id(self, letter: str, step: int) -> str:
        """The id of what belongs to a step, in a film."""
        return f"{letter}{step}" if self.film else ""


# -- the whole picture ---------------------------------------------------------------


def panels(
    runs: Sequence[Seen],
    names: Sequence[str] = (),
    frames: Sequence[Frame] | None = None,
    directions: tuple[int, int] | None = None,
) -> list[Panel]:
    """The panels of one run, or of several in the same picture.

    Without ``frames`` they are two, or three for one run of many numbers; the first
    leaves room for the longest numbers beside it.
    """
    if frames is None:
        made = panels(runs, names, frames_of(runs), directions)
        if made[0].margin <= _MARGINS[0]:
            return made
        return panels(runs, names, frames_of(runs, made[0].margin), directions)
    going = [seen for seen in runs if seen.t.updates]
    if not going:
        empty = Panel("", Axis(0, 1), Axis(0, 1), frames[0])
        said = ("No update was recorded.", "Run the loop that changes the variables",
                "inside the with block.")  # fmt: skip
        return [empty.having(*_note(empty, said, "middle"))]
    if len(runs) > 1:
        keys = tuple(
            (name, *look) for name, look, seen in zip(names, RUNS, runs, strict=False)
            if seen.t.updates
        )  # fmt: skip
        right = replace(losses(going, frames[-1]), keys=keys)
        return [paths(going, frames[0]), right]
    seen, middle = runs[0], [lengths(runs[0], frame) for frame in frames[1:-1]]
    left = {"line": line, "plane": contours}.get(seen.t.kind)
    found = left(seen, frames[0]) if left else projection(seen, frames[0], directions)
    return [found or lengths(seen, frames[0]), *middle, losses(runs, frames[-1])]


def frames_of(
    runs: Sequence[Seen], left: float = 0.0, size: tuple[float, float] | None = None
) -> list[Frame]:
    """Where the panels of runs stand side by side in a picture of that size."""
    many = runs[0].t.kind == "norms" and runs[0].t.numbers.shape[1] > 0
    count = 3 if many and len(runs) == 1 and not runs[0].film else 2
    wide, high = size or SIZES[count]
    least, top, right, foot = _MARGINS
    left, ratios = max(left, least), _RATIOS[count]
    room = wide - left - right - (count - 1) * _GAP
    frames: list[Frame] = []
    for ratio in ratios:
        share = room * ratio / sum(ratios)
        frames.append((left, top, share, high - top - foot))
        left += share + _GAP
    return frames


# -- one number ----------------------------------------------------------------------


def line(seen: Seen, frame: Frame) -> Panel:
    """The curve of the loss of one number, and the run on it."""
    panel = curve([seen], frame, whole=bool(seen.t.near.all()))
    labels = *_ends(seen, panel), *_lost(seen, panel)
    return panel.having(*on_curve(seen, panel), *labels)


def curve(runs: Sequence[Seen], frame: Frame, *, whole: bool = False) -> Panel:
    """The curve of a loss around the points of runs; ``whole`` shows all of it."""
    seen, path = runs[0], np.concatenate([seen.near for seen in runs])
    land = next((one.run.landscape for one in runs if one.run.landscape), None)
    left, right = (
        (land.xs[0], land.xs[-1]) if land and whole else _padded(path[:, 0], 0.15)
    )
    low, high = _padded(path[:, 1], 0)
    if land:
        pairs = zip(land.xs, land.losses[0], strict=True)
        inside = [v for x, v in pairs if left <= x <= right and np.isfinite(v)]
        low = max(min([low, *inside]), low - (high - low))
    name, room = seen.t.names[0], high - low
    y = Axis(low - (0.42 if seen.film else 0.17) * room, high + 0.24 * room)
    title = f"{surface_name(seen.run)} for each {name}"
    panel = Panel(title, Axis(left, right, name), y, frame)
    return panel.having(*surface(land, panel))


def surface(land: Landscape | None, panel: Panel) -> Iterator[Mark]:
    """The loss along one number as a curve, over two as contours."""
    if land is None:
        return
    xs, grid = np.array(land.xs), np.array(land.losses, dtype=float)
    known = grid[np.isfinite(grid)]
    if not land.ys:
        if ((panel.x.low <= xs) & (xs <= panel.x.high)).sum() >= 8:
            yield LineMark(np.column_stack([xs, grid[0]]), "curve")
    elif known.size and min(grid.shape) > 1:
        levels = np.unique(np.quantile(known, np.linspace(0, 1, 11) ** 1.5))
        yield ContourMark(land.xs, land.ys, grid, levels[1:-1].tolist())


def _padded(values: Floats, share: float) -> tuple[float, float]:
    """The range of the finite values, and that share of it more on both sides."""
    values = values[np.isfinite(values)]
    if not values.size:
        return -1.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = share * (high - low) if low < high else abs(high) / 2 or 1.0
    return low - room, high + room


def on_curve(seen: Seen, panel: Panel) -> Iterator[Mark]:
    """The updates of a run on the curve of its loss, and its points."""
    for i in seen.steps:
        if np.isfinite(seen.near[i]).all():
            yield from _update(seen, panel, i, seen.near[i])
    yield from _points(seen, "drop")


def _update(seen: Seen, panel: Panel, i: int, start: Point) -> Iterator[Mark]:
    """An update of one number: the slope, the arrow, and in a film its numbers."""
    if i in seen.tangents:
        yield from _tangent(seen, panel, i, start)
    move = seen.t.points[i + 1, 0] - start[0]
    if not np.isfinite(move) or not move:
        return
    tip = panel.cut(start, (start[0] + move, start[1]))
    yield ArrowMark(start, tip, "update", seen.id("a", i))
    side = _ahead(panel, start, tip)
    if seen.film:
        said = "about 0" if noise(move, seen.t.sizes[0]) else _signed(move)
        yield LabelMark(f"update {said}", tip, side, "target", f"m{i}")
        yield from _number_line(seen, panel, i)
    elif i == 0:
        yield LabelMark("update", tip, side, "target")


def _tangent(seen: Seen, panel: Panel, i: int, start: Point) -> Iterator[Mark]:
    """The tangent at a point, and in a film or at the start how steep it is."""
    slope = float(seen.t.gradients[i, 0])
    if not np.isfinite(slope):
        return
    reach = np.array([1, slope]) * (_TANGENT / np.hypot(*(panel.units * (1, slope))))
    ends = [panel.cut(start, np.add(start, way * reach)) for way in (-1, 1)]
    yield LineMark(np.array(ends), "slope", seen.id("t", i))
    if seen.film or i == 0:
        said = f"slope {minus(about(slope, largest(seen.t.slopes)))}"
        first, side = (0, "sw") if slope < 0 else (1, "se")
        edge = (panel.x.low, panel.x.high)[first]
        room = abs(ends[first][0] - edge) * panel.units[0]
        at = ends[first if room > width(said, 11) else 1 - first]
        yield LabelMark(said, at, side, "none", seen.id("s", i))


def _number_line(seen: Seen, panel: Panel, i: int) -> Iterator[Mark]:
    """The assignment on a line of its own: from x to new x, part by part."""
    x, to = seen.t.points[i : i + 2, 0]
    most = largest(seen.t.numbers)
    said = minus(assignment(seen.t.names[0], seen.run.updates[i], 0, most))
    half = min(0.5, 0.5 * width(said, 9) / panel.frame[2])
    middle = min(max(float(panel.x.part((x + to) / 2)), half), 1 - half)
    yield LabelMark(said, (panel.x.at(middle), panel.y.at(0.08)), "n", "ink", f"n{i}")
    for k, (name, (move,)) in enumerate(_terms(seen, i)):
        level = panel.y.at(0.07 - 0.045 * k)
        ends = np.clip([x, x + move], panel.x.low, panel.x.high)
        look = f"part{k}" if name else "update"
        yield ArrowMark((ends[0], level), (ends[1], level), look, f"{'bcd'[k]}{i}")
        if name:
            words, end = f"{name} {_signed(move)}", (ends.max(), level)
            yield LabelMark(words, end, "e", _PARTS[k], f"{'fhk'[k]}{i}")
        x = x + move


def _terms(seen: Seen, i: int) -> list[tuple[str, Any]]:
    """The parts of an update by name; one without a name where it has no parts."""
    update = seen.run.updates[i]
    if not 1 < len(update.parts) <= 3:
        return [("", [e for m in update.moves for e in entries(m)])]
    terms = [
        (part.name, [e for v, at in zip(part.values, update.at, strict=True)
                     for e in (entries(v) if v else [0.0] * at.size)])
        for part in update.parts
    ]  # fmt: skip
    if seen.plane is None:
        return terms
    return [(name, seen.plane.of(np.array(move))) for name, move in terms]


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{shown(value)}"


def _ahead(panel: Panel, start: Point, tip: Point) -> str:
    """The side beyond an arrow's tip, or before it where the picture ends."""
    far = float(panel.x.part(tip[0]))
    if tip[0] > start[0]:
        return "e" if far < 0.8 else "nw"
    return "w" if far > 0.2 else "ne"


# -- two numbers ---------------------------------------------------------------------


def contours(seen: Seen, frame: Frame) -> Panel:
    """The contours of the loss of two numbers, and the run on them."""
    land = seen.run.landscape
    x, y = (_padded(seen.near[:, k], 0.2) for k in (0, 1))
    if land and seen.t.near.all():
        x, y = (land.xs[0], land.xs[-1]), (land.ys[0], land.ys[-1])
    title = f"the path over {surface_name(seen.run)}"
    return _walked(seen, _plane_panel(title, x, y, coordinates(seen.run), frame))


def _plane_panel(
    title: str,
    x: tuple[float, float],
    y: tuple[float, float],
    names: Sequence[str],
    frame: Frame,
) -> Panel:
    return Panel(title, Axis(*x, names[0]), Axis(*y, names[1]), frame)


def projection(
    seen: Seen, frame: Frame, directions: tuple[int, int] | None
) -> Panel | None:
    """The path of many numbers in two directions; None if it can't be drawn."""
    found = plane(seen.run, seen.t, directions)
    if found is None:
        return None
    gradients = [u.gradients for u in seen.run.updates]
    slopes = rows_of(gradients, seen.t.numbers.shape[1])
    t = replace(seen.t, points=found.points, gradients=found.of(slopes))
    seen = replace(seen, t=t, plane=found)
    x, y = (_padded(seen.near[:, k], 0.15) for k in (0, 1))
    if y[1] - y[0] < 1e-4 * (x[1] - x[0]):  # the rest of it is rounding
        y = sum(y) / 2 - (x[1] - x[0]) / 10, sum(y) / 2 + (x[1] - x[0]) / 10
    return _walked(seen, _plane_panel(found.words, x, y, found.labels, frame))


def _walked(seen: Seen, panel: Panel) -> Panel:
    """The panel with the landscape, the run and its labels."""
    land = None if seen.plane else seen.run.landscape
    panel = panel.having(*surface(land, panel), *on_contours(seen, panel))
    return panel.having(*_ends(seen, panel), *_lost(seen, panel))


def on_contours(seen: Seen, panel: Panel) -> Iterator[Mark]:
    """The updates of a run of two numbers, the minimum, and its points."""
    for i in seen.steps:
        if seen.t.near[i]:
            yield from _step(seen, panel, i)
    yield from minimum(seen.run, panel)
    yield from _points(seen, "path")


def _step(seen: Seen, panel: Panel, i: int) -> Iterator[Mark]:
    """An update of two numbers: its arrow, and in a film its parts and the gradient."""
    start, there = seen.t.points[i], seen.t.points[i + 1]
    if seen.film or seen.plane is None:
        yield from _straight(panel, start, there, "update", seen.id("a", i))
    if not seen.film:
        return
    parts, at = _terms(seen, i), start
    for k, (name, move) in enumerate(parts if len(parts) > 1 else []):
        arrow = [*_straight(panel, at, at + move, f"part{k}", f"{'bcd'[k]}{i}")]
        yield from arrow
        if arrow and np.hypot(*(panel.units * move)) >= _NAMED:
            side = "n" if k % 2 else "s"
            yield LabelMark(name, arrow[0].end, side, _PARTS[k], f"{'fhk'[k]}{i}")
        at = at + move
    slope = seen.t.gradients[i]
    if np.isfinite(slope).all() and slope.any():
        far = float(np.hypot(*(panel.units * slope)))
        tip = panel.cut(start, start + slope * (_GRADIENT / far))
        yield ArrowMark(start, tip, "slope", f"t{i}")
        yield LabelMark("gradient", tip, _ahead(panel, start, tip), "none", f"s{i}")


def _straight(
    panel: Panel, start: Floats, end: Floats, look: str, id: str
) -> Iterator[ArrowMark]:
    """An arrow, if it goes anywhere."""
    if np.isfinite(end).all() and (start != end).any():
        yield ArrowMark(start, panel.cut(start, end), look, id)


def minimum(run: Descent, panel: Panel) -> Iterator[Mark]:
    """The minimum that was found near the run, if it is in the picture."""
    found = run.curvature("minimum")
    if found is None:
        return
    at = np.array([[*found.at, panel.y.low][:2]])
    if not panel.inside(at).all():
        return
    if len(found.at) == 1:
        x, y = at[0]
        yield LineMark(np.array([(x, y), (x, y + 9 / panel.units[1])]), "point")
    elif len(found.at) == 2:
        yield DotMark(at, "minimum", "P", 9, hollow=True, id="least")
        yield LabelMark(
            "minimum", at[0], _free_side(run, panel, at[0]), "good", "least"
        )


def _free_side(run: Descent, panel: Panel, at: Any) -> str:
    """The right of the minimum, unless the run ends there."""
    end = run.curvature("end")
    off = panel.x.part(end.at[0]) - panel.x.part(at[0]) if end else 0
    if not 0.05 < off < 0.4:
        return "e"
    return "s" if panel.y.part(at[1]) > 0.2 else "n"


# -- points, labels, notes -----------------------------------------------------------


def _points(seen: Seen, look: str) -> Iterator[Mark]:
    """The points of a run and the path between them: first and last stand out."""
    ends = {0: _START, seen.t.updates: _END}
    styles = {i: ends.get(i, seen.dot) for i in (*seen.steps, seen.t.updates)}
    return _trail(seen, "p", seen.near, (look, "point"), styles)


def _trail(
    seen: Seen,
    letter: str,
    path: Floats,
    looks: tuple[str, str],
    styles: dict[int, tuple[str, float, bool]],
) -> Iterator[Mark]:
    """A path with a dot for each step that has a style; in a film step by step."""
    look, dots = looks
    segments = list(_segments(path, styles, drop=look == "drop"))
    if seen.film:
        for (i, style), way in zip(styles.items(), segments, strict=True):
            yield LineMark(way, look, f"{letter}{i}")
            yield DotMark(path[[i]], dots, *style, id=f"{letter}{i}")
        return
    gap = np.full((1, 2), np.nan)
    yield LineMark(
        np.concatenate([part for way in segments for part in (way, gap)]), look
    )
    for style, group in groupby(styles, key=lambda i: styles[i]):
        steps = [i for i in group if np.isfinite(path[i]).all()]
        yield DotMark(path[steps], dots, *style, steps=steps)


def _segments(path: Floats, steps: Iterable[int], *, drop: bool) -> Iterator[Floats]:
    """The way to each point that is shown from the one before; a drop goes down."""
    before = -1
    for i in steps:
        if drop and 0 < i == before + 1:
            yield np.array([(path[i, 0], path[before, 1]), path[i]])
        else:
            first = max(before, 0)
            many = min(_CROWD, i - first + 1)
            yield path[np.linspace(first, i, many).round().astype(int)]
        before = i


def _ends(seen: Seen, panel: Panel) -> Iterator[Mark]:
    """Labels of the start and the end, each on the side where there is room."""
    labels, path = coordinates(seen.run), seen.near[[0, -1]]
    places = [(float(panel.x.part(x)), float(panel.y.part(y))) for x, y in path]
    sides = [_side(*places[0]), _end_side(seen, *places[1])]
    if sides == ["s", "s"] and abs(places[0][0] - places[1][0]) < 0.35:
        sides[0] = "n"
    ids = ["", seen.id("e", seen.t.updates)]
    for word, at, side, id in zip(("start", "end"), path, sides, ids, strict=True):
        if np.isfinite(at).all():
            where = point_words(labels[:1], at[:1], seen.t.sizes)
            said = minus(f"{word}, {where}") if len(labels) == 1 else word
            yield LabelMark(said, at, side, "ink", id)


def _end_side(seen: Seen, across: float, up: float) -> str:
    """The side of the end's label: where a loss curve does not run."""
    slopes = seen.t.gradients[:, 0] if seen.t.kind == "line" else np.zeros(0)
    slopes = slopes[np.isfinite(slopes)]
    if not slopes.size or up < 0.18:
        return _side(across, up)
    if slopes[-1] < 0:
        return "sw" if across > 0.3 else "ne"
    return "se" if across < 0.7 else "nw"


def _side(across: float, up: float) -> str:
    """Below a low point; above a high one, towards the middle."""
    return "s" if up < 0.4 else "ne" if across < 0.5 else "nw"


def _lost(seen: Seen, panel: Panel) -> Iterator[Mark]:
    """Says which points lie outside the picture."""
    t, away = seen.t, np.flatnonzero(~seen.t.near)
    if not away.size:
        return
    said = [f"{len(away)} of {len(t.near)} points lie outside the picture"]
    if len(away) == len(t.near) - away[0]:
        said = [f"from point {away[0]} on the run is outside the picture"]
    if seen.plane is None:
        end = point_words(coordinates(seen.run), t.points[-1], t.sizes)
        said.append(minus(f"it ends at {end}"))
    yield from _note(panel, said, "top")


_NOTES = {
    "top": (0.5, 1.0, "s"),
    "middle": (0.5, 0.6, "s"),
    "right": (1.0, 1.0, "sw"),
    "low": (1.0, 0.06, "nw"),
}


def _note(panel: Panel, lines: Iterable[str], where: str) -> Iterator[Mark]:
    """Lines of text about the whole panel."""
    across, up, side = _NOTES[where]
    for k, words in enumerate(lines):
        down = 1.3 * k * panel.text / panel.frame[3]
        yield LabelMark(words, (panel.x.at(across), panel.y.at(up - down)), side)


# -- over the steps ------------------------------------------------------------------


def losses(
    runs: Sequence[Seen], frame: Frame, *, log: bool | None = None, text: float = 11
) -> Panel:
    """The loss at each step: of one run with its first and last, or of several."""
    seen, rows = runs[0], [one.losses for one in runs]
    values = np.concatenate(rows)[:, 1]
    title, last = f"{seen.loss} at each step", max(len(row) for row in rows) - 1
    panel = over_steps(title, values, last, frame, log=log, text=text)
    if len(runs) > 1:
        return panel.having(*compared(runs, rows))
    series = _series(seen, "l", seen.losses, *RUNS[0])
    return panel.having(*series, *_first_and_last(seen, panel))


def _first_and_last(seen: Seen, panel: Panel) -> Iterator[Mark]:
    """Labels of the first and the last loss, and what the picture leaves out."""
    t, drawn = seen.t, seen.losses[:, 1]
    known = np.flatnonzero(np.isfinite(drawn))
    rising = bool(known.size and drawn[known[-1]] > drawn[known[0]])
    late = drawn[known[-8:]]
    above = late.size > 1 and late[-1] > np.median(late)
    sides = ("se" if rising else "ne", "nw" if above else "sw")
    ends = dict.fromkeys(known.tolist()[:: max(len(known) - 1, 1)])
    for i, side in zip(ends, sides, strict=False):
        said = minus(about(t.losses[i], largest(t.losses)))
        yield LabelMark(said, (i, drawn[i]), side, "ink", seen.id("v", i) if i else "")
    cut = t.losses[np.isfinite(t.losses) & ~np.isfinite(drawn)]
    high = f"up to {shown(cut.max())}, outside the picture" if cut.size else ""
    notes = [t.odd_loss(), high]
    if np.isnan(t.losses).all():
        notes = ["the loss was not recorded"]
    yield from _note(panel, filter(None, notes), "low" if rising else "right")


def lengths(seen: Seen, frame: Frame) -> Panel:
    """How long gradient and update are at each step."""
    t, title = seen.t, "how long gradient and update are"
    both = np.concatenate([t.slopes, t.strides])
    panel = _lengths_panel(title, both, [seen], frame)
    if not np.isfinite(both).any():
        large = "these arrays are too large to be measured here"
        panel = panel.having(*_note(panel, [large], "middle"))
    gradient = _series(seen, "t", _over_steps(t.slopes), "gradient", "o")
    update = _series(seen, "a", _over_steps(t.strides), "path", "^")
    keys = (("gradient", "gradient", "o"), ("update", "path", "^"))
    return replace(panel.having(*gradient, *update), keys=keys)


def _lengths_panel(
    title: str, values: Floats, runs: Sequence[Seen], frame: Frame
) -> Panel:
    why = f" (arrays of more than {WHOLE} numbers: lengths only)"
    name = f"step{'' if runs[0].t.seen else why}"
    last = max(seen.t.updates for seen in runs) - 1
    return over_steps(title, values, last, frame, name=name)


def over_steps(  # noqa: PLR0913 - what a panel of steps may be
    title: str,
    values: Floats,
    last: int,
    frame: Frame,
    *,
    name: str = "step",
    log: bool | None = None,
    text: float = 11,
) -> Panel:
    """An empty panel of the steps up to the last, for such values.

    They stand on a log scale if that helps, or as ``log`` says.
    """
    known, room = values[np.isfinite(values)], max(last, 8)
    if needs_log(values) if log is None else log:
        ends = _padded(np.log10(known[known > 0]), 0.15)
        low, high = 10.0 ** np.clip(ends, -307.0, 308.0)  # as floats go
        y = Axis(float(low), float(high), log=True)
    else:
        low, high = _padded(known, 0.18)
        if known.size and 0 <= known.min() < 0.3 * known.max():
            low = -0.09 * high
        y = Axis(low, high)
    x = Axis(-0.05 * room, last + 0.06 * room, name, whole=True)
    return Panel(title, x, y, frame, text=text)


def _over_steps(values: Floats) -> Floats:
    return np.column_stack([np.arange(len(values)), values])


def needs_log(values: Floats) -> bool:
    """Whether a log scale helps: all positive, over more than two decades."""
    known = values[np.isfinite(values)]
    return bool(known.size and known.min() > 0 and known.max() > 100 * known.min())


def _series(
    seen: Seen, letter: str, rows: Floats, look: str, shape: str
) -> Iterator[Mark]:
    """Values over the steps, a dot for each that is drawn."""
    styles = dict.fromkeys(seen.steps, (shape, *seen.dot[1:]))
    return _trail(seen, letter, rows, (look, look), styles)


# -- several runs --------------------------------------------------------------------


def paths(runs: Sequence[Seen], frame: Frame) -> Panel:
    """Every run's path on one landscape, or the lengths of their gradients."""
    first = next((s for s in runs if s.run.landscape), runs[0])
    kinds, land = {s.t.kind for s in runs}, first.run.landscape
    if kinds == {"line"}:
        panel = curve([first, *runs], frame)
    elif kinds == {"plane"}:
        near = np.concatenate([s.near for s in runs])
        x, y = (_padded(near[:, k], 0.12) for k in (0, 1))
        title = f"the paths over {surface_name(first.run)}"
        panel = _plane_panel(title, x, y, coordinates(first.run), frame)
        panel = panel.having(*surface(land, panel), *minimum(first.run, panel))
    else:
        rows = [_over_steps(s.t.slopes) for s in runs]
        values, title = np.concatenate(rows)[:, 1], "how long the gradient is"
        panel = _lengths_panel(title, values, runs, frame)
        return panel.having(*compared(runs, rows))
    away = sum(not s.t.near.all() for s in runs)
    many = "1 run leaves" if away == 1 else f"{away} runs leave"
    note = _note(panel, [f"{many} the picture"] if away else [], "top")
    return panel.having(*compared(runs, [s.path for s in runs]), *note)


def compared(runs: Sequence[Seen], rows: Sequence[Floats]) -> Iterator[Mark]:
    """A path for each run in its look: the start hollow, the first run on top."""
    for k, (seen, row) in reversed([*enumerate(zip(runs, rows, strict=True))]):
        look, shape = RUNS[k % len(RUNS)]
        steps = [i for i in (*seen.steps, seen.t.updates) if i < len(row)]
        known = [i for i in steps if np.isfinite(row[i]).all()]
        yield LineMark(row, look)
        yield DotMark(row[known[1:]], look, shape, 4.2, steps=() if k else known[1:])
        yield DotMark(row[known[:1]], look, shape, 6.5, hollow=True)
