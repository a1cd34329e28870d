"""Any of our SVG pictures as PNG, as PDF or as pixels, painted by matplotlib.

The SVG is read as a browser reads it, the styles worked out by ``css``: the pictures
are laid out and coloured in one place only, and a PNG shows what the SVG shows. Text
is set in DejaVu, which matplotlib brings along; characters that it lacks come from a
font of this machine. No screen, no browser and no pyplot are needed, and the same
picture gives the same bytes.

>>> blue = '<svg width="4" height="3"><rect width="4" height="3" fill="#0000ff"/></svg>'
>>> pixels(blue, scale=1).shape
(3, 4, 4)
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from tapeviz.render.svg.css import Styled, numbers, styled
from tapeviz.render.svg.css import pixels as length
from tapeviz.render.svg.lettering import Run, font, lines
from tapeviz.render.svg.outlines import outline, view

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.path import Path
    from matplotlib.text import Text
    from matplotlib.transforms import Affine2D
    from numpy.typing import NDArray

SCALE = 2.0
"""How many dots of a PNG a pixel of the picture takes in each direction."""

_CLEAR: Mapping[str, Any] = {"facecolor": "none", "edgecolor": "none"}
_INCH = 96.0
_HIDDEN = frozenset(("title", "desc", "style", "defs", "metadata", "tspan"))
_GROUPS = frozenset(("g", "svg"))


def png(svg: str, *, scale: float = SCALE) -> bytes:
    """The picture as the bytes of a PNG file, ``scale`` dots to a pixel."""
    file = io.BytesIO()
    root = _root(svg)
    metadata = {"Software": None, "Title": _text_of(root, "title"), "Description": None}
    with _default_settings():
        figure = _figure(root)
        figure.savefig(
            file, format="png", dpi=_INCH * scale, metadata=metadata, **_CLEAR
        )
    return file.getvalue()


def pdf(*svgs: str) -> bytes:
    """The pictures as the bytes of one PDF file, a page each, its text selectable."""
    from matplotlib.backends.backend_pdf import PdfPages

    roots = [_root(svg) for svg in svgs]
    file = io.BytesIO()
    metadata = {"Creator": None, "Producer": None, "CreationDate": None}
    title = {"Title": _text_of(roots[0], "title") if roots else ""}
    with _default_settings(), PdfPages(file, metadata=metadata | title) as pages:
        for root in roots:
            _figure(root).savefig(pages, format="pdf", **_CLEAR)
    return file.getvalue()


def pixels(svg: str, *, scale: float = SCALE) -> NDArray[np.uint8]:
    """The picture as an array of shape (height, width, 4): red, green, blue, alpha."""
    import numpy as np

    file = io.BytesIO()
    with _default_settings():
        figure = _figure(_root(svg))
        figure.set_dpi(_INCH * scale)
        figure.savefig(file, format="rgba", dpi=figure.dpi, **_CLEAR)
        wide, high = figure.canvas.get_width_height()
    return np.frombuffer(file.getvalue(), np.uint8).reshape(high, wide, 4)


def _root(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own


def _text_of(root: ET.Element, tag: str) -> str:
    """The text of a child such as ``title``, or the picture's ``aria-label``."""
    found = next((el for el in root if el.tag.endswith(tag)), None)
    return root.get("aria-label", "") if found is None else found.text or ""


@contextmanager
def _default_settings() -> Iterator[None]:
    """Matplotlib with its default settings, and no warnings about missing glyphs."""
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams["pdf.fonttype"] = 42
        for lost in ("Glyph .* missing from", "Matplotlib currently does not support"):
            warnings.filterwarnings("ignore", message=lost)
        yield


def _figure(root: ET.Element) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.transforms import Affine2D

    left, top, wide, high = view(root)
    figure = Figure(figsize=(wide / _INCH, high / _INCH), dpi=_INCH)
    flip = Affine2D().translate(-left, -top).scale(1 / _INCH, -1 / _INCH)
    flip = flip.translate(0, high / _INCH)
    brush = _Brush(figure, flip)
    for el in styled(root):
        brush.paint(el)
    return figure


@dataclass(frozen=True)
class _State:
    """What an element passes to its children besides its style."""

    transform: Affine2D
    alpha: float
    visible: bool


class _Brush:
    """Paints one element after the other on a figure."""

    def __init__(self, figure: Figure, flip: Affine2D) -> None:
        self.figure, self.order = figure, 0
        self.outer = _State(flip, 1.0, visible=True)
        self.states: dict[int, _State] = {}

    def paint(self, el: Styled) -> None:
        outer = self.states.get(id(el.parent), self.outer)
        state = self.states[id(el)] = _state(el, outer)
        if not state.visible or state.alpha == 0 or el.tag in _HIDDEN | _GROUPS:
            return
        if el.tag == "text":
            self.text(el, state)
        else:
            self.shape(el, outline(el), state)

    def add(self, artist: Any, state: _State) -> None:
        self.order += 1
        artist.set_zorder(self.order)
        artist.set_transform(state.transform + self.figure.dpi_scale_trans)
        self.figure.add_artist(artist)

    def shape(self, el: Styled, path: Path, state: _State) -> None:
        from matplotlib.patches import PathPatch

        wide = length(el.get("stroke-width"), 1.0) * _zoom(state.transform)
        self.add(
            PathPatch(
                path,
                facecolor=_colour(el, "fill", "#000000", state.alpha),
                edgecolor=_colour(el, "stroke", "none", state.alpha),
                linewidth=0 if el.get("stroke", "none") == "none" else wide,
                linestyle=_dashes(el, wide),
                capstyle={"round": "round", "square": "projecting"}.get(
                    el.get("stroke-linecap"), "butt"
                ),
                joinstyle={"round": "round", "bevel": "bevel"}.get(
                    el.get("stroke-linejoin"), "miter"
                ),
            ),
            state,
        )

    def text(self, el: Styled, state: _State) -> None:
        for line in lines(el):
            whole = sum(run.width for run in line)
            anchor = {"middle": 0.5, "end": 1.0}.get(el.get("text-anchor"), 0.0)
            left = -whole * anchor
            for run in line:
                self.run(run, left, state)
                left += run.width

    def run(self, run: Run, left: float, state: _State) -> None:
        """The letters, after a halo of them if they have an outline."""
        from matplotlib.patheffects import Stroke

        if run.styled.get("stroke", "none") != "none":
            colour = _colour(run.styled, "stroke", "none", state.alpha)
            wide = length(run.styled.get("stroke-width"), 1.0) * _zoom(state.transform)
            halo = self.letters(run, left, state)
            halo.set_path_effects([Stroke(linewidth=wide, foreground=colour)])
            self.add(halo, state)
        self.add(self.letters(run, left, state), state)

    def letters(self, run: Run, left: float, state: _State) -> Text:
        from matplotlib.text import Text

        return Text(
            run.x + left + run.gap,
            run.y,
            run.text,
            color=_colour(run.styled, "fill", "#000000", state.alpha),
            fontproperties=font(run.styled, run.text, _zoom(state.transform)),
            verticalalignment="baseline",
            parse_math=False,
            rotation=_angle(state.transform),
            rotation_mode="anchor",
        )


def _state(el: Styled, outer: _State) -> _State:
    hidden = el.get("display") == "none" or el.get("visibility") == "hidden"
    return _State(
        _transformed(outer.transform, el.get("transform")),
        outer.alpha * length(el.get("opacity"), 1.0),
        outer.visible and not hidden and el.tag not in _HIDDEN - {"tspan"},
    )


def _transformed(outer: Affine2D, text: str) -> Affine2D:
    """The outer transform, then that of a ``transform`` attribute."""
    from matplotlib.transforms import Affine2D

    matrix = outer.get_matrix()
    for name, inside in re.findall(r"(\w+)\(([^)]*)\)", text):
        matrix = matrix @ _as_affine(name, numbers(inside)).get_matrix()
    return Affine2D(matrix)


def _as_affine(name: str, given: list[float]) -> Affine2D:
    from matplotlib.transforms import Affine2D

    if name == "translate":
        return Affine2D().translate(given[0], given[1] if len(given) > 1 else 0)
    if name == "scale":
        return Affine2D().scale(given[0], given[-1])
    if name == "rotate":
        x, y = given[1:] or (0.0, 0.0)
        return Affine2D().rotate_deg_around(x, y, given[0])
    return Affine2D.from_values(*given)


def _zoom(transform: Affine2D) -> float:
    """The length of one unit in points (1/72 inch)."""
    a, b = transform.get_matrix()[:2, 0]
    return float((a * a + b * b) ** 0.5) * 72


def _angle(transform: Affine2D) -> float:
    import math

    a, b = transform.get_matrix()[:2, 0]
    return math.degrees(math.atan2(b, a))


def _colour(el: Styled, name: str, usual: str, alpha: float) -> Any:
    from matplotlib.colors import to_rgba

    said = el.get(name, usual)
    if said == "currentColor":
        said = el.get("color", "#000000")
    if said in {"none", "transparent"}:
        return (0.0, 0.0, 0.0, 0.0)
    red, green, blue, own = to_rgba(_rgb(said))
    return red, green, blue, own * alpha * length(el.get(f"{name}-opacity"), 1.0)


def _rgb(said: str) -> Any:
    if not said.startswith("rgb"):
        return said
    parts = numbers(said)
    return (*(part / 255 for part in parts[:3]), *parts[3:])


def _dashes(el: Styled, wide: float) -> Any:
    """The dashes in units of the line's width, as matplotlib takes them."""
    found = numbers(el.get("stroke-dasharray"))
    one = length(el.get("stroke-width"), 1.0)
    if not found or not sum(found) or not wide or not one:
        return "solid"
    return 0, [part / one for part in (found if len(found) % 2 == 0 else found * 2)]
