"""Descents drawn with matplotlib, as figures that anybody can go on working on."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeviz.analysis.convergence import labels as run_labels
from tapeviz.analysis.trajectory import coordinates
from tapeviz.errors import error_message
from tapeviz.render.descent import chart, panels
from tapeviz.render.descent.chart import LOOKS, SIDES, shown
from tapeviz.render.descent.panels import Seen
from tapeviz.render.svg import raster
from tapeviz.render.svg import theme as themes
from tapeviz.trace.markup import Element, css_class, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tapeviz.analysis.trajectory import Floats
    from tapeviz.render.descent.chart import Frame, Panel
    from tapeviz.trace.descent import Descent

    Colours = Mapping[str, str]


@dataclass(frozen=True)
class PlotOptions:
    """What a picture shows of its runs.

    ``surface`` draws two variables on their surface in space; ``directions`` chooses
    two of many numbers for the path, which else is seen along its principal directions;
    ``labels`` names several runs; ``size`` is that of the figure in inches.
    """

    surface: bool = False
    directions: tuple[int, int] | None = None
    labels: Sequence[str] | None = None
    size: tuple[float, float] | None = None


def plot(
    runs: Sequence[Descent],
    *,
    axes: Sequence[Axes],
    theme: str = "light",
    **view: Any,
) -> tuple[Axes, ...]:
    """Draw runs into axes of a figure and return these: two of them, or three.

    ``view`` as in ``PlotOptions``. ValueError for another number of axes.
    """
    axes = tuple(axes)
    if len(axes) not in {2, 3}:
        raise ValueError(
            error_message(
                f"axes has {len(axes)} axes, but the picture needs two or three",
                "fig, axes = plt.subplots(1, 2); run.plot(axes=axes)",
            )
        )
    with _style():
        made = run_panels(runs, PlotOptions(**view), [*map(_frame, axes)])
        for ax, panel in zip(axes, made, strict=False):
            _draw(panel, ax, themes.colours(theme))
    return axes


def figure(runs: Sequence[Descent], *, theme: str = "light", **view: Any) -> Figure:
    """A figure of runs: their paths on a landscape beside the loss at each step.

    One number is drawn on the curve of its loss, two on its contours; of more the path
    in two directions and the lengths of gradient and update. ``view`` as in
    ``PlotOptions``. The figure is not ``stale`` before somebody changes it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    options, colours = PlotOptions(**view), themes.colours(theme)
    made = run_panels(runs, options)
    wide, high = picture_size(made, options)
    with _style():
        fig = Figure(figsize=(wide / 72, high / 72), facecolor=colours["paper"])
        FigureCanvasAgg(fig)
        for k, panel in enumerate(made):
            left, top, w, h = panel.frame
            box = left / wide, 1 - (top + h) / high, w / wide, h / high
            if options.surface and not k:
                space = fig.add_axes(box, projection="3d")
                _surface(Seen.of(runs[0]), space, colours)
            else:
                _draw(panel, fig.add_axes(box), colours)
    fig.stale = False
    return fig


def run_panels(
    runs: Sequence[Descent],
    options: PlotOptions,
    frames: Sequence[Frame] | None = None,
) -> list[Panel]:
    """The panels of a picture of runs."""
    seen = [*map(Seen.of, runs)]
    if options.size and frames is None:
        frames = panels.frames_of(seen, size=_points(options.size))
    names = run_labels(runs, options.labels)
    return panels.panels(seen, names, frames, options.directions)


def _points(inches: tuple[float, float]) -> tuple[float, float]:
    return 72 * inches[0], 72 * inches[1]


def picture_size(made: Sequence[Panel], options: PlotOptions) -> tuple[float, float]:
    """The width and height of a picture in points."""
    if options.size:
        return _points(options.size)
    return panels.SIZES[max(len(made), 2)]


def write_svg(fig: Figure) -> str:
    """A figure as SVG text with real text, no date and stable ids."""
    out = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with _style():
        fig.savefig(out, format="svg", metadata=nothing)
    return out.getvalue()


def printed(fig: Figure) -> bytes:
    """A figure as a small PNG for paper and mail."""
    from PIL import Image

    out = io.BytesIO()
    with _style():
        fig.savefig(out, format="png", dpi=_PRINTED)
    return raster.in_few_colours(Image.open(out))


_PRINTED = 120
"""Dots to an inch of a figure on paper."""


def page_svg(fig: Figure, label: str) -> Element:
    """A figure of the light theme, whoever changed it, in the colours of the page."""
    roles = reversed([*themes.colours("light").items()])
    known = {v: f"var(--tv-{k},{v})" for k, v in roles} | {"xlink:href": "href"}
    svg = re.sub(
        "|".join((*known, _PART)),
        lambda found: (
            known.get(found[0]) or f'class="{css_class(f"at{found[1] or 1}")}"'
        ),
        write_svg(fig),
    )
    wide, high = (72 * float(v) for v in fig.get_size_inches())
    frames = [
        (wide * box.x0, 0.0, wide * box.width, 0.0)
        for box in (ax.get_position() for ax in fig.axes)
    ]
    inside = [c for c in parse(svg).children if isinstance(c, Element)]
    first = [c.tag for c in inside].index("g")
    rules = "& text{font-family:" + themes.SANS + "!important}"
    rules += chart.stacked(frames, (wide, high))
    return chart.picture([inside[first:], []], (wide, high), label, rules)


_PART = r'(?<=<g )id="(?:axes_(\d+)|(?:pane|grid|axis)3d_\d+)"'
"""A part of some axes in matplotlib's SVG, by an id that other figures have too."""


@contextmanager
def _style() -> Iterator[None]:
    from matplotlib import style

    own = {"svg.hashsalt": "tapeviz", "svg.fonttype": "none", "font.size": 11}
    with style.context(["default", own]):
        yield


def _frame(ax: Axes) -> Frame:
    """The size of somebody's axes, in points."""
    fig = ax.get_figure(root=True)
    part = 72 / (fig.dpi if fig else 72)
    return 0.0, 0.0, float(ax.bbox.width * part), float(ax.bbox.height * part)


# -- a panel -------------------------------------------------------------------------


def _draw(panel: Panel, ax: Axes, colours: Colours) -> None:
    """A panel's axes and marks, in their order."""
    if not panel.title:
        ax.set_axis_off()
    _axes(panel, ax, colours)
    for k, mark in enumerate(panel.marks):
        drawn = _DRAWN[type(mark)](mark, ax, colours)
        drawn.set(zorder=2 + k / len(panel.marks), gid=mark.id or None)
    if panel.keys:
        from matplotlib.lines import Line2D

        keys = [
            Line2D([], [], label=name, marker=shape, ms=5, **_line_style(look, colours))
            for name, look, shape in panel.keys
        ]
        ink = colours["ink"]
        ax.legend(handles=keys, frameon=False, labelcolor=ink, fontsize="small")


def _axes(panel: Panel, ax: Axes, colours: Colours) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    x, y = panel.x, panel.y
    ax.set_facecolor(colours["paper"])
    for side, spine in ax.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set(color=colours["line"], linewidth=0.8)
    ax.tick_params(
        colors=colours["line"], labelcolor=colours["muted"], length=3, width=0.8
    )
    ax.set_xscale("linear")
    ax.set_yscale("log" if y.log else "linear")
    ax.set(xlim=(x.low, x.high), ylim=(y.low, y.high))
    few = [1, 2, 5, 10]
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=few, integer=x.whole))
    ax.yaxis.set_major_locator(
        FixedLocator(y.ticks()) if y.log else MaxNLocator(5, steps=few)
    )
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda v, _: shown(v)))
        axis.set_minor_locator(NullLocator())
    ax.set_title(
        panel.title, loc="left", y=1.0, pad=12, color=colours["ink"],
        fontsize="medium", parse_math=False,
    )  # fmt: skip
    muted: Any = {"color": colours["muted"], "parse_math": False, "labelpad": 2}
    ax.set_xlabel(x.name, **muted)
    ax.set_ylabel(y.name, **muted)


def _line_style(look: str, colours: Colours) -> dict[str, Any]:
    """How a line looks, in matplotlib's words: dashes are in widths of the line."""
    found = LOOKS[look]
    dashes = tuple(d / found.width for d in found.dashes)
    return {
        "color": colours[found.colour],
        "lw": found.width,
        "ls": (0, dashes) if dashes else "-",
    }


def _line(mark: chart.LineMark, ax: Axes, colours: Colours) -> Any:
    return ax.plot(*mark.path.T, **_line_style(mark.look, colours))[0]


def _dots(mark: chart.DotMark, ax: Axes, colours: Colours) -> Any:
    ink = colours[LOOKS[mark.look].colour]
    return ax.plot(
        *mark.path.T, ls="", marker=mark.shape, ms=mark.size, color=ink,
        mfc=colours["paper"] if mark.hollow else ink, mew=1.2 if mark.hollow else 0,
        clip_on=False,
    )[0]  # fmt: skip


def _arrow(mark: chart.ArrowMark, ax: Axes, colours: Colours) -> Any:
    from matplotlib.patches import FancyArrowPatch

    start, end = tuple(mark.start), tuple(mark.end)
    pixels = ax.transData.transform([start, end]) * 72 / ax.figure.dpi
    far = float(np.hypot(*(pixels[1] - pixels[0])))
    arrow = FancyArrowPatch(
        start, end, arrowstyle="-|>", shrinkA=min(3, far / 4), shrinkB=0,
        mutation_scale=min(10, 0.8 * far), lw=min(1.7, 0.4 + far / 12),
        color=colours[LOOKS[mark.look].colour],
    )  # fmt: skip
    return ax.add_patch(arrow)


def _label(mark: chart.LabelMark, ax: Axes, colours: Colours) -> Any:
    anchor, level, right, down = SIDES[mark.side]
    paper = {"fc": colours["paper"], "ec": "none", "alpha": 0.8, "pad": 0.6}
    return ax.annotate(
        mark.words, tuple(mark.at), (right, -down), textcoords="offset points",
        ha=_HA[anchor], va=level, color=colours[mark.colour], fontsize="small",
        parse_math=False, annotation_clip=False, bbox=paper,
    )  # fmt: skip


def _contours(mark: chart.ContourMark, ax: Axes, colours: Colours) -> Any:
    from matplotlib.colors import to_rgba

    colour, grid = colours[LOOKS["contour"].colour], np.ma.masked_invalid(mark.grid)
    levels = [float(grid.min()), *mark.levels]
    tints = [to_rgba(colour, a) for a in np.linspace(0.4, 0.03, len(levels) - 1)]
    ax.contourf(mark.xs, mark.ys, grid, levels, colors=tints, zorder=1)
    return ax.contour(
        mark.xs, mark.ys, grid, mark.levels, colors=colour, linewidths=0.7
    )


_HA = {"start": "left", "middle": "center", "end": "right"}

_DRAWN: dict[type, Callable[[Any, Axes, Colours], Any]] = {
    chart.LineMark: _line, chart.DotMark: _dots, chart.ArrowMark: _arrow,
    chart.LabelMark: _label, chart.ContourMark: _contours,
}  # fmt: skip


# -- a surface -----------------------------------------------------------------------


def _surface(seen: Seen, ax: Any, ink: Colours) -> None:
    """The landscape of two numbers as a surface with the path on it, on 3D axes.

    ValueError unless the run has two numbers and a landscape.
    """
    from matplotlib.ticker import MaxNLocator

    t, land = seen.t, seen.run.landscape
    if land is None or not land.ys:
        raise ValueError(
            error_message(
                "surface=True needs a run of two numbers whose loss is known around it",
                "leave surface out for this run",
            )
        )
    xs, ys = np.meshgrid(land.xs, land.ys)
    grid = np.array(land.losses, dtype=float)
    losses = np.append(t.losses, _height(land.xs, land.ys, grid, t.points[-1]))
    losses[~t.near] = np.nan
    top = 1.6 * float(np.nanmax(np.append(losses, np.nanmin(grid))))
    ax.plot_wireframe(
        xs, ys, np.where(grid <= top, grid, np.nan), rcount=28, ccount=28, lw=0.5,
        color=ink["variable"], alpha=0.55, zorder=1,
    )  # fmt: skip
    x, y = seen.near.T
    ax.plot(x, y, losses, color=ink["target"], marker="o", ms=3.5, lw=1.6, zorder=6)
    ax.plot(x[:1], y[:1], losses[:1], color=ink["ink"], marker="s", ms=6, zorder=7)
    muted = {"color": ink["muted"], "parse_math": False}
    for axis, name in zip("xyz", (*coordinates(seen.run), seen.loss), strict=True):
        getattr(ax, f"set_{axis}label")(name, **muted)
    ax.set_facecolor(ink["paper"])
    title = f"the path on {seen.loss}"
    ax.set_title(title, loc="left", color=ink["ink"], fontsize="medium")
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_pane_color((1, 1, 1, 0))
        axis.line.set_color(ink["line"])
        axis.set_tick_params(colors=ink["muted"], labelsize="small")
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axis._axinfo["grid"].update(color=ink["hair"], linewidth=0.4)  # noqa: SLF001 - no public way


def _height(xs: Any, ys: Any, grid: Floats, point: Floats) -> float:
    """The loss at a point inside the grid, by bilinear interpolation."""
    along = [np.interp(point[0], xs, row) for row in grid]
    return float(np.interp(point[1], ys, along))
