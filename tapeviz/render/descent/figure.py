"""Pictures of gradient descent: a recorded run drawn with matplotlib.

On the left the landscape with the path on it, on the right the loss at each step.
Everything that a film moves has an id (``set_gid``): points ``p0``, ``p1``, ...,
update arrows ``a0``, ..., the slopes ``t0``, ... and the dots of the loss ``l0``, ...
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeviz.analysis.convergence import labels as run_labels
from tapeviz.analysis.convergence import regime
from tapeviz.analysis.projection import plane
from tapeviz.analysis.trajectory import (
    Track,
    apart,
    coordinates,
    falls,
    largest,
    noise,
    point_words,
    track,
)
from tapeviz.errors import value_error
from tapeviz.render.descent.svg_cleanup import Finish, clean_svg
from tapeviz.render.svg import theme as themes
from tapeviz.render.svg.options import theme_of
from tapeviz.trace.descent import Descent
from tapeviz.wording.values import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZES = {2: (9.0, 3.6), 3: (10.0, 3.6)}
"""The width and height of a figure in inches, by the number of its panels."""

WIDTH = 880
"""How wide a picture in a page likes to be, in pixels."""

STYLE = (
    f"&{{max-width:100%;height:auto;font:11px {themes.SANS};direction:ltr;fill:@ink;"
    "font-variant-numeric:tabular-nums;stroke-linejoin:round}"
    "& text{paint-order:stroke;stroke:@paper;stroke-width:3px}"
)
"""What every picture in a page has; ``&`` is the picture, ``@`` a colour."""

_STACKED = {2: (700, 700), 3: (760, 440)}
"""The width below which panels stand one under the other, by how many there are, and
how wide that picture gets."""

_FEW = 4
_PHONE = 340
"""The width in pixels below which a picture scrolls instead of shrinking."""


@dataclass(frozen=True)
class PlotOptions:
    """What a picture shows of its runs.

    ``surface`` draws two variables on their surface in space; ``directions`` chooses
    two of many numbers for the path, which else is seen along its principal directions;
    ``labels`` names several runs. ``film`` adds what only a film shows: slope and size
    of every update.
    """

    surface: bool = False
    directions: tuple[int, int] | None = None
    labels: Sequence[str] | None = None
    film: bool = False


def plot(
    runs: Descent | Sequence[Descent],
    *,
    axes: Sequence[Axes] | None = None,
    theme: str = "light",
    size: tuple[float, float] | None = None,
    **view: Any,
) -> tuple[Axes, ...]:
    """The axes of a picture: the path on its landscape, and the loss at each step.

    Draws into ``axes`` if given (two or three of a figure of yours), else into a new
    figure, which is ``axes[0].figure``. One number is drawn on the curve of its loss,
    two on its contours; of more the path in two directions and the lengths of gradient
    and update. ``view`` as in ``PlotOptions``.
    """
    if axes is None:
        return tuple(figure(runs, theme=theme, size=size, **view).axes)
    axes = tuple(axes)
    if len(axes) not in {2, 3}:
        raise value_error(
            f"axes has {len(axes)} axes, but the picture needs two or three",
            "fig, axes = plt.subplots(1, 2); run.plot(axes=axes)",
        )
    with _look():
        _draw(_several(runs), axes, theme, PlotOptions(**view))
    return axes


def figure(
    runs: Descent | Sequence[Descent],
    *,
    theme: str = "light",
    size: tuple[float, float] | None = None,
    **view: Any,
) -> Figure:
    """A figure of one run or several: paths on a landscape beside loss at each step.

    ``size`` is in inches, ``view`` as in ``PlotOptions``.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    runs, shown = _several(runs), PlotOptions(**view)
    count = _count(runs, shown)
    with _look():
        paper = themes.colours(theme)["paper"]
        fig = Figure(figsize=size or SIZES[count], facecolor=paper)
        FigureCanvasAgg(fig)
        _draw(runs, _panels(fig, count, shown), theme, shown)
        if not shown.surface:
            _make_room(fig)
    return fig


def _make_room(fig: Figure) -> None:
    """A margin at the left in which the longest numbers and the name have room."""
    first, wide = fig.axes[0], float(fig.bbox.width)
    box = first.get_tightbbox()
    if box is not None and box.x0 < _EDGE:
        grid: Any = first.get_gridspec()
        grid.update(left=float(first.get_position().x0) + (_EDGE - box.x0) / wide)
        for ax in fig.axes:
            spec: Any = ax.get_subplotspec()
            ax.set_position(spec.get_position(fig))


_EDGE = 3.0
"""The white space left of all numbers and names, in pixels."""


def _several(runs: Descent | Sequence[Descent]) -> tuple[Descent, ...]:
    return (runs,) if isinstance(runs, Descent) else tuple(runs)


def _count(runs: tuple[Descent, ...], view: PlotOptions) -> int:
    """How many panels: three for one run of many numbers."""
    t = track(runs[0])
    known = t.kind == "norms" and t.numbers.shape[1] > 0
    return 3 if known and len(runs) == 1 and not view.film else 2


def svg(run: Descent, **options: Any) -> str:
    """The picture as SVG text, the same on every run; ``options`` as in ``figure``."""
    return write_svg(figure(run, **options))


def picture(run: Descent, *, theme: str = "auto", **options: Any) -> str:
    """The picture as one small ``<svg>`` whose colours follow the page around it."""
    label = describe(run, options.get("directions"))
    return themed(figure(run, **options), label, theme)


def themed(fig: Figure, label: str, theme: str = "auto") -> str:
    """A figure drawn in the light theme as an ``<svg>`` that follows the page.

    What was added to the figure since it was made is in it, in its own colours.
    """
    rules = STYLE + narrow(fig, ".tv-still>&")
    finish = Finish(panel, rules, WIDTH, label, theme_of(theme))
    return clean_svg(write_svg(fig), finish)


def panel(id: str) -> tuple[str, str]:
    """No ids; a class for each of the figure's axes.

    What stands around a surface in space is beside its axes' own element.
    """
    if id.startswith(("pane3d", "grid3d", "axis3d")):
        return "", "tv-at1"
    return "", f"tv-at{id.removeprefix('axes_')}" if id.startswith("axes_") else ""


def narrow(fig: Figure, root: str) -> str:
    """Rules that put the panels one under the other where the page is narrow.

    ``root`` selects the picture in the container whose width decides. On a telephone
    all letters have 11 pixels or more.
    """
    wide, high = (float(72 * v) for v in fig.get_size_inches())
    boxes = [ax.get_position() for ax in fig.axes]
    if len(boxes) < 2:
        return ""
    left = max(0.88 * 72 / wide, 1.2 * float(boxes[0].x0))
    zoom = 1 / (left + max(float(box.width) for box in boxes) + 0.02)
    rules = [
        f"& .tv-at{k}{{transform:scale({zoom:.3f}) translate("
        f"{(left - float(box.x0)) * wide:.1f}px,{(k - 1) * high:.1f}px)}}"
        for k, box in enumerate(boxes, 1)
    ]
    tall = len(boxes) * high * zoom
    letters = 11 * wide / zoom / _PHONE
    below, most = _STACKED[len(boxes)]
    return (
        f"@container (max-width:{below}px){{{root}{{width:min(100%,{most}px);"
        f"height:auto;aspect-ratio:{wide:.0f}/{tall:.0f};background:@paper}}{''.join(rules)}}}"
        f"@container (max-width:480px){{{root}{{min-width:{_PHONE}px}}"
        f"{root} text{{font-size:{letters:.1f}px}}{root} text[transform]"
        "{translate:-5px}}"
    )


def write_svg(fig: Figure) -> str:
    """A figure as SVG text with real text, no date and stable ids."""
    out = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with _look():
        fig.savefig(out, format="svg", metadata=nothing)
    return out.getvalue()


@contextmanager
def _look() -> Iterator[None]:
    from matplotlib import style

    own = {"svg.hashsalt": "tapeviz", "svg.fonttype": "none", "font.size": 11}
    with style.context(["default", own]):
        yield


def _panels(fig: Figure, count: int, view: PlotOptions) -> tuple[Axes, ...]:
    wide, high = fig.get_size_inches()
    ratios = (1.4, 1) if count == 2 else (1.2, 1, 1)
    grid = fig.add_gridspec(
        1, count, width_ratios=ratios, wspace=0.2 if count == 2 else 0.28,
        left=0.72 / wide, right=1 - 0.2 / wide, bottom=0.58 / high, top=1 - 0.38 / high,
    )  # fmt: skip
    space = {"projection": "3d"} if view.surface else {}
    first = fig.add_subplot(grid[0], **space)
    return first, *(fig.add_subplot(grid[k]) for k in range(1, count))


def _draw(
    runs: tuple[Descent, ...], axes: tuple[Axes, ...], theme: str, view: PlotOptions
) -> None:
    from tapeviz.render.descent import axes as panels
    from tapeviz.render.descent import comparison

    colours = themes.colours(theme)
    contexts = [
        panels.PlotContext(run, track(run), colours, film=view.film) for run in runs
    ]
    names = run_labels(runs, view.labels)
    going = [i for i, context in enumerate(contexts) if context.t.updates]
    if len(contexts) > 1 and going:
        called = [names[i] for i in going]
        comparison.draw([contexts[i] for i in going], called, axes[0], axes[-1])
    elif view.surface:
        comparison.surface(contexts[0], axes[0])
        panels.draw_losses(axes[-1], contexts[0])
    else:
        panels.draw(contexts[0], axes, view.directions)


def describe_all(
    runs: Sequence[Descent],
    labels: Sequence[str] | None = None,
    directions: tuple[int, int] | None = None,
) -> str:
    """What a picture of several runs shows, a sentence or two for each."""
    if len(runs) == 1:
        return describe(runs[0], directions)
    names = run_labels(runs, labels)
    said = (f"{n}: {describe(r)}" for n, r in zip(names, runs, strict=True))
    return f"{len(runs)} runs. {' '.join(said)}"


def describe(run: Descent, directions: tuple[int, int] | None = None) -> str:
    """One paragraph for somebody who does not see the picture.

    >>> from tapeviz.trace.descent import Descent
    >>> describe(Descent(("x",), ()))
    'Gradient descent on x: no update was recorded.'
    """
    t = track(run)
    what = f"Gradient descent on {_list(t.names)}"
    if not t.updates:
        return f"{what}: no update was recorded."
    many = counted(t.updates, "update")
    how = regime(run)
    named = f"{how.name[0].upper()}{how.name[1:]}."
    return f"{what} in {many}. {_where(run, t, directions)} {_how(t)} {named}"


def _list(names: tuple[str, ...]) -> str:
    if len(names) <= _FEW:
        return ", ".join(names) or "no variable"
    return f"{', '.join(names[:3])} and {len(names) - 3} more variables"


def _where(run: Descent, t: Track, directions: tuple[int, int] | None) -> str:
    if t.kind == "norms":
        first, last = apart(t.slopes[0], t.slopes[-1])
        said = f"The gradient's length goes from {first} to {last}."
        return f"{_seen(run, t, directions)}{said}"
    labels = coordinates(run)
    start, end = (point_words(labels, t.points[i], t.sizes) for i in (0, -1))
    return f"It goes from {start} to {end}."


def _seen(run: Descent, t: Track, directions: tuple[int, int] | None) -> str:
    """In which plane the path of many numbers is drawn."""
    found = plane(run, t, directions)
    if found is None:
        return ""
    chosen = f", {' and '.join(found.labels)}" if directions else ""
    return f"The path is seen in a plane{chosen}: its {found.words}. "


def _how(t: Track) -> str:
    known = t.losses[np.isfinite(t.losses)]
    if not known.size:
        return "The loss was not recorded."
    way = _way(known)
    odd = t.odd_loss()
    return f"{way} {odd[0].upper()}{odd[1:]}." if odd else way


def _way(known: Any) -> str:
    first, last = apart(known[0], known[-1])
    last = "about 0" if noise(known[-1], largest(known)) else last
    if known.size == 1:
        return f"The loss at the start is {first}."
    if falls(known):
        return f"The loss falls at every step, from {first} to {last}."
    if known[-1] < known[0]:
        return f"The loss falls from {first} to {last}, but not at every step."
    if known[-1] > known[0]:
        return f"The loss rises from {first} to {last}."
    return f"The loss ends where it began, at {first}."
