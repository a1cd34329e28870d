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
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from xml.etree import ElementTree as ET

from tapeviz.render.svg.css import Cascade, Styled, numbers, styled
from tapeviz.render.svg.css import pixels as length
from tapeviz.render.svg.lettering import Run, font, lines
from tapeviz.render.svg.outlines import outline, view

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.transforms import Affine2D
    from numpy.typing import NDArray

SCALE = 2.0
"""How many dots of a PNG a pixel of the picture takes in each direction."""

_CLEAR: Mapping[str, Any] = {"facecolor": "none", "edgecolor": "none"}
_INCH = 96.0
_HIDDEN = frozenset(("title", "desc", "style", "defs", "metadata", "tspan"))
_GROUPS = frozenset(("g", "svg"))
_ROOM = 6.0

_Artists: TypeAlias = "tuple[Artist, ...]"
_Box: TypeAlias = tuple[int, int, int, int]


def png(svg: str, *, scale: float = SCALE) -> bytes:
    """The picture as the bytes of a PNG file, ``scale`` dots to a pixel."""
    file = io.BytesIO()
    root = _root(svg)
    metadata = {"Software": None, "Title": _text_of(root, "title"), "Description": None}
    with default_settings():
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
    with default_settings(), PdfPages(file, metadata=metadata | title) as pages:
        for root in roots:
            _figure(root).savefig(pages, format="pdf", **_CLEAR)
    return file.getvalue()


def pixels(svg: str, *, scale: float = SCALE) -> NDArray[np.uint8]:
    """The picture as an array of shape (height, width, 4): red, green, blue, alpha."""
    with default_settings():
        return Canvas(scale).paint(svg)


class Canvas:
    """Paints pictures of one size, one after the other: each time only what changed.

    It is to be used inside ``default_settings``.
    """

    def __init__(self, scale: float = SCALE) -> None:
        self._scale = scale
        self._cascade = Cascade()
        self._shown: list[_Artists] = []
        self._boxes: dict[_Artists, _Box] = {}

    def paint(self, svg: str) -> NDArray[np.uint8]:
        """The pixels as those of ``pixels``; the next picture is painted over them."""
        root = _root(svg)
        if not self._shown:
            self._begin(root)
        styled = self._cascade.styled(root)
        shown = [made for el in styled if (made := self._brush.artists(el))]
        old, new = Counter(self._shown), Counter(shown)
        changed = [*(old - new), *(new - old)]
        for box in _merged(map(self._box, changed)) if old else [self._whole]:
            self._repaint(box, shown)
        self._shown = shown
        return self._buffer

    def _begin(self, root: ET.Element) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        figure, flip = _blank(root)
        figure.set_dpi(_INCH * self._scale)
        self._brush = _Brush(figure, flip)
        canvas: Any = FigureCanvasAgg(figure)
        self._paper = canvas.get_renderer()
        self._whole = 0, 0, int(self._paper.width), int(self._paper.height)

    @property
    def _buffer(self) -> NDArray[np.uint8]:
        import numpy as np

        return np.asarray(self._paper.buffer_rgba())

    def _repaint(self, box: _Box, shown: list[_Artists]) -> None:
        """Paint what lies in a box, counted from the lower left corner."""
        from matplotlib.transforms import Bbox

        left, low, right, high = box
        top = self._whole[3]
        self._buffer[top - high : top - low, left:right] = 0
        clip = Bbox.from_extents(*box)
        for made in shown:
            if _overlap(self._box(made), box):
                for artist in made:
                    artist.set_clip_box(clip)
                    artist.draw(self._paper)

    def _box(self, made: _Artists) -> _Box:
        """Around what these paint, its outline included."""
        if made not in self._boxes:
            extents = [one.get_window_extent(self._paper).extents for one in made]
            left, low = (min(e[k] for e in extents) for k in (0, 1))
            right, high = (max(e[k] for e in extents) for k in (2, 3))
            room = self._scale * _ROOM
            _, _, wide, tall = self._whole
            self._boxes[made] = (
                max(0, int(left - room)), max(0, int(low - room)),
                min(wide, int(right + room)), min(tall, int(high + room)),
            )  # fmt: skip
        return self._boxes[made]


def _overlap(one: _Box, two: _Box) -> bool:
    return (
        one[0] <= two[2] and two[0] <= one[2] and one[1] <= two[3] and two[1] <= one[3]
    )


def _merged(boxes: Iterable[_Box]) -> list[_Box]:
    """Boxes that don't meet, which hold all of these."""
    apart: list[_Box] = []
    for box in boxes:
        while near := [other for other in apart if _overlap(other, box)]:
            apart = [other for other in apart if other not in near]
            left, low, *_ = map(min, zip(box, *near, strict=True))
            *_, right, high = map(max, zip(box, *near, strict=True))
            box = left, low, right, high  # noqa: PLW2901 - it grows
        apart.append(box)
    return apart


def _root(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own


def _text_of(root: ET.Element, tag: str) -> str:
    """The text of a child such as ``title``, or the picture's ``aria-label``."""
    found = next((el for el in root if el.tag.endswith(tag)), None)
    return root.get("aria-label", "") if found is None else found.text or ""


@contextmanager
def default_settings() -> Iterator[None]:
    """Matplotlib with its default settings, and no warnings about missing glyphs."""
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams["pdf.fonttype"] = 42
        for lost in ("Glyph .* missing from", "Matplotlib currently does not support"):
            warnings.filterwarnings("ignore", message=lost)
        yield


def _figure(root: ET.Element) -> Figure:
    figure, flip = _blank(root)
    brush, order = _Brush(figure, flip), 0
    for el in styled(root):
        for artist in brush.artists(el):
            order += 1
            artist.set_zorder(order)
            figure.add_artist(artist)
    return figure


def _blank(root: ET.Element) -> tuple[Figure, Affine2D]:
    """A figure of a picture's size, and the way from its coordinates to inches."""
    from matplotlib.figure import Figure
    from matplotlib.transforms import Affine2D

    left, top, wide, high = view(root)
    figure = Figure(figsize=(wide / _INCH, high / _INCH), dpi=_INCH)
    flip = Affine2D().translate(-left, -top).scale(1 / _INCH, -1 / _INCH)
    return figure, flip.translate(0, high / _INCH)


@dataclass(frozen=True)
class _State:
    """What an element passes to its children besides its style."""

    transform: Affine2D
    alpha: float
    visible: bool


class _Brush:
    """Makes what paints an element on a figure: once for those that look alike."""

    def __init__(self, figure: Figure, flip: Affine2D) -> None:
        self.figure = figure
        self.outer = _State(flip, 1.0, visible=True)
        self.states: dict[int, _State] = {}
        self.made: dict[object, _Artists] = {}

    def artists(self, el: Styled) -> _Artists:
        """What paints an element, in order; nothing for one that can't be seen."""
        if el.key not in self.states:
            outer = self.states[el.parent.key] if el.parent else self.outer
            self.states[el.key] = _state(el, outer)
        state = self.states[el.key]
        if not state.visible or state.alpha == 0 or el.tag in _HIDDEN | _GROUPS:
            return ()
        look = _wording(el) if el.tag == "text" else el.key
        if look not in self.made:
            made = self.text(el, state) if el.tag == "text" else self.shape(el, state)
            self.made[look] = tuple(self.placed(artist, state) for artist in made)
        return self.made[look]

    def placed(self, artist: Artist, state: _State) -> Artist:
        artist.set_transform(state.transform + self.figure.dpi_scale_trans)
        artist.set_figure(self.figure)
        artist.set_clip_on(True)
        return artist

    def shape(self, el: Styled, state: _State) -> Iterator[Artist]:
        from matplotlib.patches import PathPatch

        wide = length(el.get("stroke-width"), 1.0) * _zoom(state.transform)
        yield PathPatch(
            outline(el),
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
        )

    def text(self, el: Styled, state: _State) -> Iterator[Artist]:
        for line in lines(el):
            whole = sum(run.width for run in line)
            anchor = {"middle": 0.5, "end": 1.0}.get(el.get("text-anchor"), 0.0)
            left = -whole * anchor
            for run in line:
                yield from self.run(run, left, state)
                left += run.width

    def run(self, run: Run, left: float, state: _State) -> Iterator[Artist]:
        """The letters, after a halo of them if they have an outline."""
        from matplotlib.patheffects import Stroke

        if run.styled.get("stroke", "none") != "none":
            colour = _colour(run.styled, "stroke", "none", state.alpha)
            wide = length(run.styled.get("stroke-width"), 1.0) * _zoom(state.transform)
            halo = self.letters(run, left, state)
            halo.set_path_effects([Stroke(linewidth=wide, foreground=colour)])
            yield halo
        yield self.letters(run, left, state)

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


def _wording(el: Styled) -> tuple[object, ...]:
    """What decides how a text looks: its own words and pieces, and their styles."""
    inner = ((_wording(one), one.element.tail) for one in el.children)
    return el.key, el.element.text, *inner


def _fitted(outer: Affine2D, el: ET.Element) -> Affine2D:
    """The transform inside a picture in a picture, which may be drawn larger."""
    left, top, wide, high = view(el)
    x, y, *size = (length(el.get(k, "")) for k in ("x", "y", "width", "height"))
    zoom = min(size[0] / wide, size[1] / high) if min(*size, wide, high) > 0 else 1.0
    inner = f"translate({x} {y})scale({zoom} {zoom})translate({-left} {-top})"
    return _transformed(outer, inner)


def _state(el: Styled, outer: _State) -> _State:
    hidden = el.get("display") == "none" or el.get("visibility") == "hidden"
    inner = el.tag == "svg" and el.parent is not None
    placed = _fitted(outer.transform, el.element) if inner else outer.transform
    return _State(
        _transformed(placed, el.get("transform")),
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
