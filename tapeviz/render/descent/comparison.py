"""Several runs in one picture, and the surface of a loss of two numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from tapeviz.analysis.trajectory import coordinates, surface_name
from tapeviz.errors import value_error
from tapeviz.render.descent import axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from tapeviz.analysis.trajectory import Floats
    from tapeviz.render.descent.axes import PlotContext

LOOKS = (
    ("target", "o", "-"),
    ("watched", "s", (0, (5, 1.5))),
    ("none", "^", (0, (1.5, 1.5))),
    ("ink", "D", (0, (6, 1.5, 1.5, 1.5))),
    ("hot", "v", (0, (9, 2, 1.5, 2, 1.5, 2))),
    ("variable", "P", (0, (12, 3))),
)
"""Colour, marker and line style of each run: colour alone never tells them apart."""

_ROOM = 0.12
_TALL = 26


def draw(
    contexts: Sequence[PlotContext], names: Sequence[str], left: Axes, right: Axes
) -> None:
    """Every run's path on one landscape, and every run's loss."""
    first = next((p for p in contexts if p.run.landscape), contexts[0])
    for ax in (left, right):
        axes.style_axes(ax, first)
    kinds = {p.t.kind for p in contexts}
    if kinds <= {"line", "empty"}:
        _lines(left, first, contexts)
    elif kinds <= {"plane", "empty"}:
        _planes(left, first, contexts)
    else:
        _lengths(left, first, contexts)
    _losses(right, first, contexts)
    keys = [
        Line2D([], [], color=p.colours[ink], marker=marker, ls=line, ms=5, label=name)
        for p, (ink, marker, line), name in _looks(contexts, names)
    ]
    legend = right.legend(
        handles=keys, frameon=False, labelcolor=first.colours["ink"], fontsize="small"
    )
    legend.set_gid("legend")


def _looks(
    contexts: Sequence[PlotContext], names: Sequence[str]
) -> list[tuple[PlotContext, Any, str]]:
    return [
        (p, LOOKS[i % len(LOOKS)], n)
        for i, (p, n) in enumerate(zip(contexts, names))  # noqa: B905
    ]


def _lines(ax: Axes, first: PlotContext, contexts: Sequence[PlotContext]) -> None:
    known_points = [
        np.column_stack([p.t.points[:-1, 0], p.t.losses])[p.t.near[:-1]]
        for p in contexts
        if p.t.updates
    ]  # fmt: skip
    every = np.concatenate(known_points) if known_points else np.zeros((0, 2))
    land = first.run.landscape
    axes.frame_line(ax, land, every[:, 0], every[:, 1], whole=False)
    axes.head(
        ax,
        first,
        f"{surface_name(first.run)} for each {first.t.names[0]}",
        first.t.names[0],
    )
    axes.ticks(ax)
    axes.curve(ax, first, land)
    for p, look, _ in _looks(contexts, [""] * len(contexts)):
        _draw_path(ax, p, look, np.column_stack([p.t.points[:, 0], axes.heights(p)]))
    _lost(ax, first, contexts)


def _planes(ax: Axes, first: PlotContext, contexts: Sequence[PlotContext]) -> None:
    every = np.concatenate([p.t.points[p.t.near] for p in contexts if p.t.updates])
    x, y = (axes.padded(every[:, k], _ROOM) for k in (0, 1))
    ax.set(xlim=x, ylim=y)
    names = coordinates(first.run)
    axes.head(ax, first, f"the paths over {surface_name(first.run)}", names[0])
    ax.set_ylabel(names[1], color=first.colours["muted"], parse_math=False, labelpad=2)
    axes.ticks(ax)
    axes.contours(ax, first, first.run.landscape)
    axes.mark_minimum(ax, first)
    for p, look, _ in _looks(contexts, [""] * len(contexts)):
        _draw_path(ax, p, look, p.t.points)
    _lost(ax, first, contexts)


def _lengths(ax: Axes, first: PlotContext, contexts: Sequence[PlotContext]) -> None:
    axes.head(ax, first, "how long the gradient is", axes.measured(first.t))
    log = axes.set_loss_range(ax, np.concatenate([p.t.slopes for p in contexts]))
    axes.ticks(ax, log=log, steps=True)
    for p, look, _ in _looks(contexts, [""] * len(contexts)):
        _draw_path(ax, p, look, np.column_stack([np.arange(p.t.updates), p.t.slopes]))


def _losses(ax: Axes, first: PlotContext, contexts: Sequence[PlotContext]) -> None:
    drawn = [
        p.t.losses if axes.needs_log_scale(p.t.losses)
        else np.where(p.t.near[:-1], p.t.losses, np.nan)
        for p in contexts
    ]  # fmt: skip
    known = np.concatenate(drawn)
    low, high = np.nanquantile(known, [0, 1]) if np.isfinite(known).any() else (0, 1)
    log = axes.set_loss_range(ax, known[(known >= low) & (known <= high)])
    axes.head(ax, first, f"{first.loss} at each step", "step")
    axes.ticks(ax, log=log, steps=True)
    for (p, look, _), values in zip(
        _looks(contexts, [""] * len(contexts)), drawn, strict=True
    ):
        _draw_path(ax, p, look, np.column_stack([np.arange(len(values)), values]))


def _draw_path(
    ax: Axes, context: PlotContext, look: tuple[str, str, Any], path: Floats
) -> None:
    """A whole path as one line: the start hollow, markers evenly along it."""
    ink, marker, line = look
    colour, paper = context.colours[ink], context.colours["paper"]
    every = max(1, len(path) // _TALL)
    ax.plot(
        path[:, 0], path[:, 1], color=colour, lw=1.3, ls=line, marker=marker, ms=3.8,
        markevery=every, zorder=4,
    )  # fmt: skip
    ax.plot(
        path[:1, 0], path[:1, 1], color=colour, marker=marker, ms=6.5, mfc=paper,
        mew=1.4, ls="", zorder=5,
    )  # fmt: skip


def _lost(ax: Axes, first: PlotContext, contexts: Sequence[PlotContext]) -> None:
    away = sum(not p.t.near.all() for p in contexts)
    many = "1 run leaves" if away == 1 else f"{away} runs leave"
    axes.note(ax, first, [f"{many} the picture"] if away else [], "top")


# -- a surface -----------------------------------------------------------------------


def surface(context: PlotContext, ax: Any) -> None:
    """The landscape of two numbers as a surface with the path on it, on 3D axes.

    ValueError unless the run has two numbers and a landscape.
    """
    run, t, ink = context.run, context.t, context.colours
    land = run.landscape
    if land is None or not land.ys:
        raise value_error(
            "surface=True needs a run of two numbers whose loss is known around it",
            "leave surface out for this run",
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
        (ax.set_xlabel, names[0]), (ax.set_ylabel, names[1]),
        (ax.set_zlabel, context.loss),
    ):  # fmt: skip
        set_label(word, color=ink["muted"], parse_math=False)
    ax.set_facecolor(ink["paper"])
    ax.set_title(
        f"the path on {context.loss}", loc="left", color=ink["ink"], fontsize="medium"
    )
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_pane_color((1, 1, 1, 0))
        axis.line.set_color(ink["line"])
        axis.set_tick_params(colors=ink["muted"], labelsize="small")
        axis.set_major_locator(axes.few())
        axis._axinfo["grid"].update(color=ink["hair"], linewidth=0.4)  # noqa: SLF001


def _height(xs: Any, ys: Any, grid: Floats, point: Floats) -> float:
    """The loss at a point inside the grid, by bilinear interpolation."""
    along = [np.interp(point[0], xs, row) for row in grid]
    return float(np.interp(point[1], ys, along))
