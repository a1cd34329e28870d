"""Several runs in one picture, paths in more than two dimensions, and surfaces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from tapeviz.errors import tell
from tapeviz.render import panels
from tapeviz.render.regime import steady_rate
from tapeviz.render.track import Track, coordinates, entries, number, over, part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from tapeviz.render.panels import Pen
    from tapeviz.render.track import Floats
    from tapeviz.trace.descent import Descent

LOOKS = (
    ("target", "o", "-"),
    ("watched", "s", (0, (5, 1.5))),
    ("none", "^", (0, (1.5, 1.5))),
    ("ink", "D", (0, (6, 1.5, 1.5, 1.5))),
    ("hot", "v", (0, (9, 2, 1.5, 2, 1.5, 2))),
    ("variable", "P", (0, (12, 3))),
)
"""Colour, marker and line of each run: never told by colour alone."""

_ROOM = 0.12
_TALL = 26


@dataclass(frozen=True)
class Plane:
    """Two directions in which a run of many numbers is looked at.

    ``points`` has a row of two for each point, ``labels`` says what the axes are,
    ``share`` which part of the run's movement they show, from 0 to 1, and ``ways`` what
    the two directions are, each of length one.
    """

    points: Floats
    labels: tuple[str, str]
    share: float
    ways: Floats

    @property
    def words(self) -> str:
        """How much of the movement is seen, in words."""
        return f"two directions hold {part(self.share)} of the movement"

    def of(self, vectors: Floats) -> Floats:
        """What is seen of a vector, or of each row, of all numbers."""
        with np.errstate(all="ignore"):
            found: Floats = vectors @ self.ways.T
        return found


def plane(run: Descent, t: Track, directions: tuple[int, int] | None) -> Plane | None:
    """The run in two of its numbers, or in its two principal directions.

    None where the numbers are not known or not finite. ValueError for a number that
    the run does not have.
    """
    if not t.numbers.shape[1]:
        return None
    centred = t.numbers - t.numbers[0]
    centred = np.where((t.whole & t.near)[:, None], centred, 0.0)
    whole = float((centred**2).sum())
    if directions is not None:
        chosen = list(_checked(directions, t.numbers.shape[1]))
        names = coordinates(run)
        share = float((centred[:, chosen] ** 2).sum()) / whole if whole else 1.0
        labels = names[chosen[0]], names[chosen[1]]
        ways = np.eye(t.numbers.shape[1])[chosen]
        return Plane(_hidden(t, t.numbers[:, chosen]), labels, share, ways)
    _, sizes, ways = np.linalg.svd(centred, full_matrices=False)
    ways = ways[:2] * np.sign(ways[:2].sum(axis=1, keepdims=True) + 1e-12)
    share = float((sizes[:2] ** 2).sum() / (sizes**2).sum()) if whole else 1.0
    labels = "along the first direction", "along the second direction"
    return Plane(_hidden(t, centred @ ways.T), labels, share, ways)


def _hidden(t: Track, points: Floats) -> Floats:
    found: Floats = np.where(t.whole[:, None], points, np.nan)
    return found


def _checked(directions: tuple[int, int], count: int) -> tuple[int, int]:
    one, two = directions
    if one == two or not all(-count <= d < count for d in directions):
        raise ValueError(
            tell(
                f"directions={directions!r} are not two of this run's {count} numbers",
                f"choose two different ones from 0 to {count - 1}, or leave it out "
                "for the principal directions",
            )
        )
    return one, two


def label(run: Descent) -> str:
    """What a run is called beside others: its method and its learning rate.

    >>> from tapeviz.trace.descent import Descent
    >>> label(Descent(("x",), (), method="Adam"))
    'Adam'
    """
    rate = steady_rate(run)
    names = [run.method] if run.method else []
    return ", ".join(names + ([f"rate {number(rate)}"] if rate else [])) or "by hand"


def labels(runs: Sequence[Descent], given: Sequence[str] | None) -> list[str]:
    """A different label for each run; ValueError when there are not enough."""
    if given is not None and len(given) != len(runs):
        raise ValueError(
            tell(
                f"{len(given)} labels for {len(runs)} runs",
                "give one label for each run, in their order",
            )
        )
    found = list(given) if given is not None else [label(run) for run in runs]
    return [
        f"{word} ({i + 1})" if found.count(word) > 1 else word
        for i, word in enumerate(found)
    ]


def draw(pens: Sequence[Pen], names: Sequence[str], left: Axes, right: Axes) -> None:
    """Every run's path on one landscape, and every run's loss."""
    first = next((p for p in pens if p.run.landscape), pens[0])
    for ax in (left, right):
        panels.dress(ax, first)
    kinds = {p.t.kind for p in pens}
    if kinds <= {"line", "empty"}:
        _lines(left, first, pens)
    elif kinds <= {"plane", "empty"}:
        _planes(left, first, pens)
    else:
        _lengths(left, first, pens)
    _losses(right, first, pens)
    keys = [
        Line2D([], [], color=p.colours[ink], marker=marker, ls=line, ms=5, label=name)
        for p, (ink, marker, line), name in _looks(pens, names)
    ]
    legend = right.legend(
        handles=keys, frameon=False, labelcolor=first.colours["ink"], fontsize="small"
    )
    legend.set_gid("legend")


def _looks(pens: Sequence[Pen], names: Sequence[str]) -> list[tuple[Pen, Any, str]]:
    return [(p, LOOKS[i % len(LOOKS)], n) for i, (p, n) in enumerate(zip(pens, names))]  # noqa: B905


def _lines(ax: Axes, first: Pen, pens: Sequence[Pen]) -> None:
    spots = [
        np.column_stack([p.t.points[:-1, 0], p.t.losses])[p.t.near[:-1]] for p in pens
        if p.t.updates
    ]  # fmt: skip
    every = np.concatenate(spots) if spots else np.zeros((0, 2))
    land = first.run.landscape
    panels.frame_line(ax, land, every[:, 0], every[:, 1], whole=False)
    panels.head(
        ax, first, f"{over(first.run)} for each {first.t.names[0]}", first.t.names[0]
    )
    panels.ticks(ax)
    panels.curve(ax, first, land)
    for p, look, _ in _looks(pens, [""] * len(pens)):
        _way(ax, p, look, np.column_stack([p.t.points[:, 0], panels.heights(p)]))
    _lost(ax, first, pens)


def _planes(ax: Axes, first: Pen, pens: Sequence[Pen]) -> None:
    every = np.concatenate([p.t.points[p.t.near] for p in pens if p.t.updates])
    x, y = (panels.padded(every[:, k], _ROOM) for k in (0, 1))
    ax.set(xlim=x, ylim=y)
    names = coordinates(first.run)
    panels.head(ax, first, f"the paths over {over(first.run)}", names[0])
    ax.set_ylabel(names[1], color=first.colours["muted"], parse_math=False, labelpad=2)
    panels.ticks(ax)
    panels.contours(ax, first, first.run.landscape)
    panels.least(ax, first)
    for p, look, _ in _looks(pens, [""] * len(pens)):
        _way(ax, p, look, p.t.points)
    _lost(ax, first, pens)


def _lengths(ax: Axes, first: Pen, pens: Sequence[Pen]) -> None:
    panels.head(ax, first, "how long the gradient is", panels.measured(first.t))
    log = panels.upright(ax, np.concatenate([p.t.slopes for p in pens]))
    panels.ticks(ax, log=log, steps=True)
    for p, look, _ in _looks(pens, [""] * len(pens)):
        _way(ax, p, look, np.column_stack([np.arange(p.t.updates), p.t.slopes]))


def _losses(ax: Axes, first: Pen, pens: Sequence[Pen]) -> None:
    drawn = [
        p.t.losses if panels.wide(p.t.losses)
        else np.where(p.t.near[:-1], p.t.losses, np.nan)
        for p in pens
    ]  # fmt: skip
    known = np.concatenate(drawn)
    low, high = np.nanquantile(known, [0, 1]) if np.isfinite(known).any() else (0, 1)
    log = panels.upright(ax, known[(known >= low) & (known <= high)])
    panels.head(ax, first, f"{first.loss} at each step", "step")
    panels.ticks(ax, log=log, steps=True)
    for (p, look, _), values in zip(_looks(pens, [""] * len(pens)), drawn, strict=True):
        _way(ax, p, look, np.column_stack([np.arange(len(values)), values]))


def _way(ax: Axes, pen: Pen, look: tuple[str, str, Any], path: Floats) -> None:
    """A whole path as one line; the start is hollow, a spread of points is marked."""
    ink, marker, line = look
    colour, paper = pen.colours[ink], pen.colours["paper"]
    every = max(1, len(path) // _TALL)
    ax.plot(
        path[:, 0], path[:, 1], color=colour, lw=1.3, ls=line, marker=marker, ms=3.8,
        markevery=every, zorder=4,
    )  # fmt: skip
    ax.plot(
        path[:1, 0], path[:1, 1], color=colour, marker=marker, ms=6.5, mfc=paper,
        mew=1.4, ls="", zorder=5,
    )  # fmt: skip


def _lost(ax: Axes, first: Pen, pens: Sequence[Pen]) -> None:
    away = sum(not p.t.near.all() for p in pens)
    many = "1 run leaves" if away == 1 else f"{away} runs leave"
    panels.note(ax, first, [f"{many} the picture"] if away else [], "top")


# -- many numbers --------------------------------------------------------------------


def many(pen: Pen, directions: tuple[int, int] | None, ax: Axes) -> bool:
    """The path of many numbers in two directions; whether it could be drawn."""
    found = plane(pen.run, pen.t, directions)
    if found is None:
        return False
    slopes = _gradients(pen.run, pen.t.numbers.shape[1])
    flat = replace(
        pen,
        t=replace(pen.t, points=found.points, gradients=found.of(slopes)),
        plane=found,
    )
    near = flat.t.near
    x, y = (panels.padded(found.points[near][:, k], 0.15) for k in (0, 1))
    ax.set(xlim=x, ylim=y)
    points = np.where(near[:, None], found.points, np.nan)
    panels.head(ax, pen, found.words, found.labels[0])
    ax.set_ylabel(
        found.labels[1], color=pen.colours["muted"], parse_math=False, labelpad=2
    )
    panels.ticks(ax)
    if pen.film:
        panels.updates(ax, flat)
    else:
        ink = pen.colours["target"]
        ax.plot(points[:, 0], points[:, 1], color=ink, lw=1.2, zorder=3)
    panels.points(ax, flat, points, drop=False)
    panels.ends(ax, flat, points)
    panels.lost(ax, flat)
    return True


def _gradients(run: Descent, width: int) -> Floats:
    """The gradients in rows of all numbers; nan where one is missing."""
    rows = [[e for g in u.gradients for e in entries(g)] for u in run.updates]
    unknown = [np.nan] * width
    return np.array([row if len(row) == width else unknown for row in rows])


# -- a surface -----------------------------------------------------------------------


def surface(pen: Pen, ax: Any) -> None:
    """The landscape of two numbers as a surface, and the path on it."""
    run, t, ink = pen.run, pen.t, pen.colours
    land = run.landscape
    if land is None or not land.ys:
        raise ValueError(
            tell(
                "surface=True needs a run of two numbers whose loss is known around it",
                "leave surface out for this run",
            )
        )
    xs, ys = np.meshgrid(land.xs, land.ys)
    grid = np.array(land.losses, dtype=float)
    losses = np.append(t.losses, np.nan)
    if t.near[-1]:
        losses[-1] = _height(land.xs, land.ys, grid, t.points[-1])
    seen = losses[t.near & np.isfinite(losses)]
    top = 1.6 * float(seen.max()) if seen.size else float(np.nanmax(grid))
    ax.plot_wireframe(
        xs, ys, np.where(grid <= top, grid, np.nan), rcount=28, ccount=28, lw=0.5,
        color=ink["variable"], alpha=0.55, zorder=1,
    )  # fmt: skip
    x, y = (np.where(t.near, t.points[:, k], np.nan) for k in (0, 1))
    ax.plot(x, y, losses, color=ink["target"], marker="o", ms=3.5, lw=1.6, zorder=6)
    ax.plot(x[:1], y[:1], losses[:1], color=ink["ink"], marker="s", ms=6, zorder=7)
    names = coordinates(run)
    for set_label, word in (
        (ax.set_xlabel, names[0]), (ax.set_ylabel, names[1]), (ax.set_zlabel, pen.loss),
    ):  # fmt: skip
        set_label(word, color=ink["muted"], parse_math=False)
    ax.set_facecolor(ink["paper"])
    ax.set_title(
        f"the path on {pen.loss}", loc="left", color=ink["ink"], fontsize="medium"
    )
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_pane_color((1, 1, 1, 0))
        axis.line.set_color(ink["line"])
        axis.set_tick_params(colors=ink["muted"], labelsize="small")
        axis.set_major_locator(panels.few())
        axis._axinfo["grid"].update(color=ink["hair"], linewidth=0.4)  # noqa: SLF001


def _height(xs: Any, ys: Any, grid: Floats, point: Floats) -> float:
    """The loss at a point of the grid's rectangle, between the nearest corners."""
    along = [np.interp(point[0], xs, row) for row in grid]
    return float(np.interp(point[1], ys, along))
