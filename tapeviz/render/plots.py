"""Pictures of gradient descent: a recorded run drawn with matplotlib.

On the left the landscape with the path on it, on the right the loss at each step.
Everything that a film moves has an id (``set_gid``): points ``p0``, ``p1``, ...,
update arrows ``a0``, ..., the slopes ``t0``, ... and the dots of the loss ``l0``, ...
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeviz.render import theme as themes
from tapeviz.render.lean import Finish, lean
from tapeviz.render.track import Track, coordinates, falls, number, place, track

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tapeviz.trace.descent import Descent

SIZE = (10.0, 4.0)
"""The width and height of a figure in inches."""

WIDTH = 880
"""How wide a picture in a page likes to be, in pixels."""

STYLE = (
    f"&{{max-width:100%;height:auto;font:11px {themes.SANS};direction:ltr;fill:@ink;"
    "font-variant-numeric:tabular-nums;stroke-linejoin:round}"
    "& text{paint-order:stroke;stroke:@paper;stroke-width:3px}"
)
"""What every picture in a page has; ``&`` is the picture, ``@`` a colour."""

_FEW = 4


def plot(
    run: Descent,
    *,
    axes: tuple[Axes, Axes] | None = None,
    theme: str = "light",
    size: tuple[float, float] = SIZE,
) -> tuple[Axes, Axes]:
    """The two axes of a run's picture: its path, and its loss at each step.

    Draws into ``axes`` if given (a pair from a figure of yours), else into a new
    figure, which is ``axes[0].figure``. One number is drawn on the curve of its loss,
    two on its contours; of more the lengths of gradient and update are drawn.
    """
    if axes is None:
        left, right = figure(run, theme=theme, size=size).axes
        return left, right
    _draw(run, axes, theme, film=False)
    return axes


def figure(
    run: Descent,
    *,
    theme: str = "light",
    size: tuple[float, float] = SIZE,
    film: bool = False,
) -> Figure:
    """A figure of a run: the path on its landscape beside the loss at each step.

    ``size`` is in inches. ``film`` adds what only a film shows: the slope and the size
    of the update at every step.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with _look():
        fig = Figure(figsize=size, facecolor=themes.colours(theme)["paper"])
        FigureCanvasAgg(fig)
        _draw(run, _pair(fig), theme, film=film)
    return fig


def svg(run: Descent, **options: Any) -> str:
    """The picture as SVG text, the same on every run; ``options`` as in ``figure``."""
    return write_svg(figure(run, **options))


def picture(
    run: Descent, *, theme: str = "auto", size: tuple[float, float] = SIZE
) -> str:
    """The picture as one small ``<svg>`` whose colours follow the page around it."""
    return themed(figure(run, size=size), describe(run), theme)


def themed(fig: Figure, label: str, theme: str = "auto") -> str:
    """A figure drawn in the light theme as an ``<svg>`` that follows the page.

    What was added to the figure since it was made is in it, in its own colours.
    """
    finish = Finish(_nameless, STYLE, WIDTH, label, themes.check(theme))
    return lean(write_svg(fig), finish)


def _nameless(_: str) -> tuple[str, str]:
    return "", ""


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


def _pair(fig: Figure) -> tuple[Axes, Axes]:
    wide, high = fig.get_size_inches()
    grid = fig.add_gridspec(
        1, 2, width_ratios=(1.4, 1), wspace=0.2, left=0.72 / wide,
        right=1 - 0.2 / wide, bottom=0.58 / high, top=1 - 0.38 / high,
    )  # fmt: skip
    return fig.add_subplot(grid[0]), fig.add_subplot(grid[1])


def _draw(run: Descent, axes: tuple[Axes, Axes], theme: str, *, film: bool) -> None:
    from tapeviz.render import panels

    pen = panels.Pen(run, track(run), themes.colours(theme), film=film)
    panels.draw(pen, *axes)


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
    many = "1 update" if t.updates == 1 else f"{t.updates} updates"
    return f"{what} in {many}. {_where(run, t)} {_how(t)}"


def _list(names: tuple[str, ...]) -> str:
    if len(names) <= _FEW:
        return ", ".join(names) or "no variable"
    return f"{', '.join(names[:3])} and {len(names) - 3} more variables"


def _where(run: Descent, t: Track) -> str:
    if t.kind == "norms":
        first, last = number(t.slopes[0]), number(t.slopes[-1])
        return f"The gradient's length goes from {first} to {last}."
    labels = coordinates(run)
    start, end = (place(labels, t.points[i]) for i in (0, -1))
    return f"It goes from {start} to {end}."


def _how(t: Track) -> str:
    known = t.losses[np.isfinite(t.losses)]
    if not known.size:
        return "The loss was not recorded."
    way = _way(known)
    odd = t.odd_loss()
    return f"{way} {odd[0].upper()}{odd[1:]}." if odd else way


def _way(known: Any) -> str:
    first, last = number(known[0]), number(known[-1])
    if known.size == 1:
        return f"The loss at the start is {first}."
    if falls(known):
        return f"The loss falls at every step, from {first} to {last}."
    if known[-1] < known[0]:
        return f"The loss falls from {first} to {last}, but not at every step."
    if known[-1] > known[0]:
        return f"The loss rises from {first} to {last}."
    return f"The loss ends where it began, at {first}."
