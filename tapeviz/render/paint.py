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
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from xml.etree import ElementTree as ET

from tapeviz.render.css import Styled, numbers, styled
from tapeviz.render.css import pixels as length

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.path import Path
    from matplotlib.text import Text
    from matplotlib.transforms import Affine2D
    from numpy.typing import NDArray

SCALE = 2.0
"""How many dots of a PNG a pixel of the picture takes in each direction."""

FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Microsoft YaHei",
    "PingFang SC", "Hiragino Sans", "Yu Gothic", "Malgun Gothic", "WenQuanYi Zen Hei",
    "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai",
    "Arial Unicode MS", "Segoe UI", "Segoe UI Symbol", "Noto Emoji",
)  # fmt: skip
"""Where characters come from that DejaVu lacks, if this machine has the font."""

_CLEAR: Mapping[str, Any] = {"facecolor": "none", "edgecolor": "none"}
_INCH = 96.0
_POINT = 0.75
_HIDDEN = frozenset(("title", "desc", "style", "defs", "metadata", "tspan"))
_GROUPS = frozenset(("g", "svg"))
_COMMAND = re.compile(r"([MLHVCSQTAZ])([^MLHVCSQTAZ]*)", re.IGNORECASE)
_ROUND = 0.5523

_Slant: TypeAlias = Literal["normal", "italic"]


def png(svg: str, *, scale: float = SCALE) -> bytes:
    """The picture as the bytes of a PNG file, ``scale`` dots to a pixel."""
    file = io.BytesIO()
    root = _root(svg)
    told = {"Software": None, "Title": _said(root, "title"), "Description": None}
    with _plain():
        made = _figure(root)
        made.savefig(file, format="png", dpi=_INCH * scale, metadata=told, **_CLEAR)
    return file.getvalue()


def pdf(*svgs: str) -> bytes:
    """The pictures as the bytes of one PDF file, a page each, its text selectable."""
    from matplotlib.backends.backend_pdf import PdfPages

    roots = [_root(svg) for svg in svgs]
    file = io.BytesIO()
    told = {"Creator": None, "Producer": None, "CreationDate": None}
    title = {"Title": _said(roots[0], "title") if roots else ""}
    with _plain(), PdfPages(file, metadata=told | title) as pages:
        for root in roots:
            _figure(root).savefig(pages, format="pdf", **_CLEAR)
    return file.getvalue()


def pixels(svg: str, *, scale: float = SCALE) -> NDArray[np.uint8]:
    """The picture as an array of shape (height, width, 4): red, green, blue, alpha."""
    import numpy as np

    file = io.BytesIO()
    with _plain():
        made = _figure(_root(svg))
        made.set_dpi(_INCH * scale)
        made.savefig(file, format="rgba", dpi=made.dpi, **_CLEAR)
        wide, high = made.canvas.get_width_height()
    return np.frombuffer(file.getvalue(), np.uint8).reshape(high, wide, 4)


def _root(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own


def _said(root: ET.Element, tag: str) -> str:
    """What the picture calls itself."""
    found = next((el for el in root if el.tag.endswith(tag)), None)
    return root.get("aria-label", "") if found is None else found.text or ""


@contextmanager
def _plain() -> Iterator[None]:
    """Matplotlib as it comes, whatever its user has set; silent about lost letters."""
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

    left, top, wide, high = _view(root)
    made = Figure(figsize=(wide / _INCH, high / _INCH), dpi=_INCH)
    flip = Affine2D().translate(-left, -top).scale(1 / _INCH, -1 / _INCH)
    flip = flip.translate(0, high / _INCH)
    brush = _Brush(made, flip)
    for el in styled(root):
        brush.paint(el)
    return made


def _view(root: ET.Element) -> tuple[float, float, float, float]:
    box = numbers(root.get("viewBox", ""))
    if len(box) == 4:
        return box[0], box[1], box[2], box[3]
    return 0.0, 0.0, length(root.get("width", "")), length(root.get("height", ""))


@dataclass(frozen=True)
class _State:
    """What an element hands on to those inside it beside its style."""

    moved: Affine2D
    alpha: float
    shown: bool


class _Brush:
    """Paints one element after the other on a figure."""

    def __init__(self, made: Figure, flip: Affine2D) -> None:
        self.made, self.order = made, 0
        self.outer = _State(flip, 1.0, shown=True)
        self.states: dict[int, _State] = {}

    def paint(self, el: Styled) -> None:
        around = self.states.get(id(el.around), self.outer)
        state = self.states[id(el)] = _state(el, around)
        if not state.shown or state.alpha == 0 or el.tag in _HIDDEN | _GROUPS:
            return
        if el.tag == "text":
            self.text(el, state)
        else:
            self.shape(el, _outline(el), state)

    def add(self, artist: Any, state: _State) -> None:
        self.order += 1
        artist.set_zorder(self.order)
        artist.set_transform(state.moved + self.made.dpi_scale_trans)
        self.made.add_artist(artist)

    def shape(self, el: Styled, path: Path, state: _State) -> None:
        from matplotlib.patches import PathPatch

        wide = length(el.get("stroke-width"), 1.0) * _zoom(state.moved)
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
        for line in _lines(el):
            whole = sum(run.width for run in line)
            anchor = {"middle": 0.5, "end": 1.0}.get(el.get("text-anchor"), 0.0)
            left = -whole * anchor
            for run in line:
                self.run(run, left, state)
                left += run.width

    def run(self, run: _Run, left: float, state: _State) -> None:
        """The letters, after a halo of them if they have an outline."""
        from matplotlib.patheffects import Stroke

        if run.styled.get("stroke", "none") != "none":
            colour = _colour(run.styled, "stroke", "none", state.alpha)
            wide = length(run.styled.get("stroke-width"), 1.0) * _zoom(state.moved)
            halo = self.letters(run, left, state)
            halo.set_path_effects([Stroke(linewidth=wide, foreground=colour)])
            self.add(halo, state)
        self.add(self.letters(run, left, state), state)

    def letters(self, run: _Run, left: float, state: _State) -> Text:
        from matplotlib.text import Text

        return Text(
            run.x + left + run.gap,
            run.y,
            run.text,
            color=_colour(run.styled, "fill", "#000000", state.alpha),
            fontproperties=_font(run.styled, run.text, _zoom(state.moved)),
            verticalalignment="baseline",
            parse_math=False,
            rotation=_angle(state.moved),
            rotation_mode="anchor",
        )


def _state(el: Styled, around: _State) -> _State:
    hidden = el.get("display") == "none" or el.get("visibility") == "hidden"
    return _State(
        _moved(around.moved, el.get("transform")),
        around.alpha * length(el.get("opacity"), 1.0),
        around.shown and not hidden and el.tag not in _HIDDEN - {"tspan"},
    )


def _moved(around: Affine2D, text: str) -> Affine2D:
    """Where things come to stand by ``translate(..) rotate(..)`` and their like."""
    from matplotlib.transforms import Affine2D

    matrix = around.get_matrix()
    for name, inside in re.findall(r"(\w+)\(([^)]*)\)", text):
        matrix = matrix @ _move(name, numbers(inside)).get_matrix()
    return Affine2D(matrix)


def _move(name: str, given: list[float]) -> Affine2D:
    from matplotlib.transforms import Affine2D

    if name == "translate":
        return Affine2D().translate(given[0], given[1] if len(given) > 1 else 0)
    if name == "scale":
        return Affine2D().scale(given[0], given[-1])
    if name == "rotate":
        x, y = given[1:] or (0.0, 0.0)
        return Affine2D().rotate_deg_around(x, y, given[0])
    return Affine2D.from_values(*given)


def _zoom(moved: Affine2D) -> float:
    """How many points one unit is long, before the figure's dots."""
    a, b = moved.get_matrix()[:2, 0]
    return float((a * a + b * b) ** 0.5) * 72


def _angle(moved: Affine2D) -> float:
    import math

    a, b = moved.get_matrix()[:2, 0]
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


def _outline(el: Styled) -> Path:
    """The shape of an element in its own coordinates."""
    get = el.element.get
    one = {k: length(get(k, "")) for k in ("x", "y", "width", "height", "cx", "cy")}
    if el.tag == "path":
        return _path(get("d", ""))
    if el.tag == "rect":
        wide, high = _extent(el, "width"), _extent(el, "height")
        rx = length(get("rx", get("ry", "")))
        return _rect(one["x"], one["y"], wide, high, min(rx, wide / 2, high / 2))
    if el.tag in {"circle", "ellipse"}:
        rx, ry = length(get("rx", get("r", ""))), length(get("ry", get("r", "")))
        return _oval(one["cx"], one["cy"], rx, ry)
    if el.tag == "line":
        x1, y1, x2, y2 = (get(k, "0") for k in ("x1", "y1", "x2", "y2"))
        return _path(f"M{x1} {y1}L{x2} {y2}")
    if el.tag in {"polyline", "polygon"}:
        return _path(f"M{get('points', '0 0')}{'z' if el.tag == 'polygon' else ''}")
    raise ValueError(f"a picture with a {el.tag} element cannot be painted")


def _extent(el: Styled, name: str) -> float:
    """A width or height, which may be a part of the picture's own."""
    text = el.element.get(name, "")
    if not text.endswith("%"):
        return length(text)
    top = el
    while top.around is not None:
        top = top.around
    whole = _view(top.element)[2 if name == "width" else 3]
    return whole * length(text) / 100


def _rect(x: float, y: float, wide: float, high: float, r: float) -> Path:
    if not r:
        return _path(f"M{x} {y}h{wide}v{high}h{-wide}z")
    w, h, k = wide - 2 * r, high - 2 * r, r * (1 - _ROUND)
    return _path(
        f"M{x + r} {y}h{w}c{r - k} 0 {r} {k} {r} {r}v{h}c0 {r - k} {-k} {r} {-r} {r}"
        f"h{-w}c{k - r} 0 {-r} {-k} {-r} {-r}v{-h}c0 {k - r} {k} {-r} {r} {-r}z"
    )


def _oval(cx: float, cy: float, rx: float, ry: float) -> Path:
    a, b = rx * _ROUND, ry * _ROUND
    return _path(
        f"M{cx - rx} {cy}c0 {-b} {rx - a} {-ry} {rx} {-ry}c{a} 0 {rx} {ry - b} {rx} "
        f"{ry}c0 {b} {a - rx} {ry} {-rx} {ry}c{-a} 0 {-rx} {b - ry} {-rx} {-ry}z"
    )


_TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "Z": 0}
"""How many numbers each command of a path takes."""


def _path(d: str) -> Path:
    """A path's commands as matplotlib's; ValueError for one it does not know."""
    from matplotlib.path import Path

    points: list[tuple[float, float]] = []
    codes: list[int] = []
    here = start = (0.0, 0.0)
    for letter, given in _commands(d):
        made = _points(letter, given, here)
        if letter in "Zz":
            made = [start]
        here = made[-1]
        start = here if letter in "Mm" else start
        points += made
        codes += [_CODES[letter.upper()]] * len(made)
    return Path(points or [(0, 0)], codes or [Path.MOVETO])


_CODES = {"M": 1, "L": 2, "H": 2, "V": 2, "Q": 3, "C": 4, "Z": 79}
"""matplotlib's numbers for the commands."""


def _commands(d: str) -> Iterator[tuple[str, list[float]]]:
    """Each command with its own numbers; what repeats is written out."""
    for letter, rest in _COMMAND.findall(d):
        if letter.upper() not in _TAKES:
            raise ValueError(f"a path with the command {letter} cannot be painted")
        given, takes = numbers(rest), _TAKES[letter.upper()]
        for i in range(0, len(given) if takes else 1, takes or 1):
            again = {"M": "L", "m": "l"}.get(letter, letter) if i else letter
            yield again, given[i : i + takes]


def _points(
    letter: str, given: list[float], here: tuple[float, float]
) -> list[tuple[float, float]]:
    x, y = here if letter.islower() else (0.0, 0.0)
    if letter in "Hh":
        return [(x + given[0], here[1])]
    if letter in "Vv":
        return [(here[0], y + given[0])]
    return [(x + a, y + b) for a, b in zip(given[::2], given[1::2], strict=True)]


@dataclass(frozen=True)
class _Run:
    """A piece of text in one style: where its line begins, and its gap before it."""

    text: str
    styled: Styled
    x: float
    y: float
    gap: float
    width: float


def _lines(el: Styled) -> list[list[_Run]]:
    """The runs of a text, line by line: a new line begins where a place is said."""
    lines: list[list[_Run]] = []
    x = y = 0.0
    for piece, said, opens in _pieces(el):
        at = dict(piece.element.items()) if opens else {}
        x, y = length(at.get("x", ""), x), length(at.get("y", ""), y)
        y += length(at.get("dy", ""))
        gap = length(at.get("dx", ""))
        if at.keys() & {"x", "y"} or not lines:
            lines.append([])
        text = said if lines[-1] else said.lstrip(" ")
        if text:
            lines[-1].append(_Run(text, piece, x, y, gap, gap + _width(piece, text)))
    return lines


def _pieces(el: Styled) -> Iterator[tuple[Styled, str, bool]]:
    """A text and its spans piece by piece, and whether a piece opens its element."""
    yield el, _collapsed(el, el.element.text or ""), True
    for one in el.inner:
        yield from _pieces(one)
        yield el, _collapsed(el, one.element.tail or ""), False


def _folds(el: Styled) -> bool:
    return not el.get("white-space").startswith("pre")


def _collapsed(el: Styled, text: str) -> str:
    return re.sub(r"\s+", " ", text) if _folds(el) else text


def _width(el: Styled, text: str) -> float:
    """How wide matplotlib will set a text, in the picture's units."""
    return _measured(text, _family(el, text), *_face(el)) / _POINT


@lru_cache(maxsize=4096)
def _measured(
    text: str, family: tuple[str, ...], style: _Slant, weight: str, size: float
) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    face = FontProperties(family=list(family), style=style, weight=weight, size=size)
    wide, _high, _low = text_to_path.get_text_width_height_descent(
        text, face, ismath=False
    )
    return float(wide)


def _font(el: Styled, text: str, zoom: float) -> Any:
    from matplotlib.font_manager import FontProperties

    style, weight, size = _face(el)
    family = list(_family(el, text))
    return FontProperties(
        family=family, style=style, weight=weight, size=size / _POINT * zoom
    )


def _face(el: Styled) -> tuple[_Slant, str, float]:
    """Style, weight and size (in points) of a text's type."""
    weight = el.get("font-weight", "normal")
    bold = weight in {"bold", "bolder"} or (weight.isdigit() and int(weight) > 500)
    style: _Slant = "italic" if el.get("font-style") == "italic" else "normal"
    size = length(el.get("font-size"), 16.0) * _POINT
    return style, "bold" if bold else "normal", size


def _family(el: Styled, text: str) -> tuple[str, ...]:
    """The fonts for a text, the first one for all that it can write."""
    mono = "mono" in el.get("font-family").lower()
    usual = ("DejaVu Sans Mono", "DejaVu Sans") if mono else ("DejaVu Sans",)
    strange = any(ord(char) not in _letters() for char in text)
    return (*usual, *_others()) if strange else usual[:1] if not mono else usual


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    """What DejaVu can write."""
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


@lru_cache(maxsize=1)
def _others() -> tuple[str, ...]:
    """Those of ``FONTS`` that this machine has."""
    from matplotlib.font_manager import get_font_names

    here = set(get_font_names())
    return tuple(name for name in FONTS if name in here)
