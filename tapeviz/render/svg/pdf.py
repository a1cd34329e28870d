"""Our own SVGs as pages of a PDF, whose text can be selected and searched.

matplotlib makes them: everybody has it for the plots, its PDF is small, embeds the
letters it needs and is the same on every machine. Its fontTools reads the shapes.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from tapeviz.render.svg.css import INHERITED
from tapeviz.render.svg.standalone import UNDRAWN, written_out

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from matplotlib.artist import Artist
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D, Bbox

    from tapeviz.trace import markup

FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Microsoft YaHei",
    "PingFang SC", "Hiragino Sans", "Yu Gothic", "Malgun Gothic", "WenQuanYi Zen Hei",
    "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai",
    "Arial Unicode MS", "Segoe UI", "Segoe UI Symbol", "Noto Emoji",
)  # fmt: skip
"""Where characters come from that DejaVu lacks, if this machine has the font."""

Look: TypeAlias = Mapping[str, Any]
"""An element's attributes, those that it inherits included."""

_Run: TypeAlias = tuple[str, Look]

_POINT = 0.75
"""How many points a pixel of the picture has."""

_CODES = {"moveTo": 1, "lineTo": 2, "qCurveTo": 3, "curveTo": 4, "closePath": 79}
"""matplotlib's numbers for the steps of a recorded path."""

_CLEAR: Mapping[str, Any] = {"facecolor": "none", "edgecolor": "none"}
_ANCHORS = {"middle": 0.5, "end": 1.0}


def pages(*pictures: markup.Element) -> bytes:
    """The pictures as the bytes of one PDF file, a page each."""
    from matplotlib.backends.backend_pdf import PdfPages

    roots = [*map(written_out, pictures)]
    unsaid = dict.fromkeys(("Creator", "Producer", "CreationDate"))
    about = {"Title": _title(roots[0]) if roots else "", **unsaid}
    file = io.BytesIO()
    with _default_settings(), PdfPages(file, metadata=about) as document:
        for root in roots:
            _Page(root).figure.savefig(document, format="pdf", **_CLEAR)
    return file.getvalue()


def _title(root: Element) -> str:
    return str(root.findtext("title") or root.get("aria-label", ""))


@contextmanager
def _default_settings() -> Iterator[None]:
    """Matplotlib with its default settings, and no warnings about missing glyphs."""
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams["pdf.fonttype"] = 42
        mpl.rcParams["lines.scale_dashes"] = False
        for lost in ("Glyph .* missing from", "Matplotlib currently does not support"):
            warnings.filterwarnings("ignore", message=lost)
        yield


class _Page:
    """Draws a picture, whose style is in its attributes, on a figure of its size."""

    def __init__(self, root: Element) -> None:
        from matplotlib.figure import Figure
        from matplotlib.transforms import Affine2D

        _, _, wide, high = _view(root)
        size = wide * _POINT, high * _POINT
        self.figure = Figure(figsize=(size[0] / 72, size[1] / 72), dpi=72)
        self.count = 0
        self._draw(root, {}, Affine2D().scale(_POINT, -_POINT).translate(0, size[1]))

    def _draw(self, el: Element, outer: Look, outer_to_page: Affine2D) -> None:
        look = _look(el, outer)
        if el.tag in UNDRAWN or look.get("display") == "none" or not look["opacity"]:
            return
        to_page = _transform(el, outer_to_page)
        if el.tag == "text":
            self._text(el, look, to_page)
        elif el.tag not in {"svg", "g"}:
            self._add(_shape(el, look, to_page), look)
        else:
            if el.tag == "svg" and el.get("overflow") != "visible":
                look["clip"] = _clip(el, to_page)
            for child in el:
                if child.get("width") == "100%":
                    width, height = map(str, _view(el)[2:])
                    child.attrib |= {"width": width, "height": height}
                self._draw(child, look, to_page)

    def _add(self, artist: Artist, look: Look) -> None:
        """Put it over all that is there."""
        from matplotlib.transforms import IdentityTransform

        self.count += 1
        artist.set_transform(IdentityTransform())
        artist.set_zorder(self.count)
        self.figure.add_artist(artist)
        artist.set_clip_box(look.get("clip"))

    def _text(self, el: Element, look: Look, to_page: Affine2D) -> None:
        for x, y, runs in _lines(el, look):
            widths = [_width(said, style) for said, style in runs]
            left = x - sum(widths) * _ANCHORS.get(look.get("text-anchor", ""), 0)
            for (said, style), width in zip(runs, widths, strict=True):
                self._add(_letters(said, style, to_page, (left, y)), style)
                left += width


def _look(el: Element, outer: Look) -> dict[str, Any]:
    """An element's attributes and those that it inherits, also how opaque it is."""
    look = {k: v for k, v in outer.items() if k in INHERITED or k == "clip"} | el.attrib
    own = float(look.get("opacity", 1))
    return look | {"opacity": own * outer.get("opacity", 1)}


def _numbers(text: str) -> list[float]:
    return [float(n) for n in re.findall(r"-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?", text)]


def _number(look: Look, name: str, usual: float) -> float:
    """A length in pixels."""
    return _numbers(look[name])[0] if name in look else usual


def _view(svg: Element) -> list[float]:
    """The left and top edge of what a picture shows, its width and its height."""
    size = f"0 0 {svg.get('width', 0)} {svg.get('height', 0)}"
    return _numbers(svg.get("viewBox", size))


def _transform(el: Element, outer: Affine2D) -> Affine2D:
    """From an element's coordinates to those of the page."""
    from matplotlib.transforms import Affine2D

    to_page = Affine2D()
    if el.tag == "svg":
        left, top, wide, high = _view(el)
        x, y = (_number(el.attrib, side, 0) for side in ("x", "y"))
        zoom = min(
            _number(el.attrib, "width", wide) / wide,
            _number(el.attrib, "height", high) / high,
        )
        to_page.translate(-left, -top).scale(zoom).translate(x, y)
    steps = re.findall(r"(\w+)\(([^)]*)\)", el.get("transform", ""))
    for name, inside in reversed(steps):
        first, *more = _numbers(inside)
        if name == "translate":
            to_page.translate(first, *(more or [0]))
        elif name == "scale":
            to_page.scale(first, *more)
        elif name == "rotate":
            x, y = more or (0, 0)
            to_page.rotate_deg_around(x, y, first)
    return Affine2D(outer.get_matrix() @ to_page.get_matrix())


def _clip(svg: Element, to_page: Affine2D) -> Bbox:
    """The edge of a picture in a picture."""
    from matplotlib.transforms import Bbox

    left, top, wide, high = _view(svg)
    (x1, y1), (x2, y2) = to_page.transform([(left, top), (left + wide, top + high)])
    return Bbox.from_extents(x1, y2, x2, y1)


def _zoom(to_page: Affine2D) -> float:
    """The length of one unit in points."""
    return math.hypot(*to_page.get_matrix()[:2, 0])


def _shape(el: Element, look: Look, to_page: Affine2D) -> Artist:
    from matplotlib.patches import PathPatch

    zoom = _zoom(to_page)
    dashes = [zoom * n for n in _numbers(look.get("stroke-dasharray", ""))]
    return PathPatch(
        to_page.transform_path(_outline(el)),
        facecolor=_colour(look, "fill", "#000000"),
        edgecolor=_colour(look, "stroke", "none"),
        linewidth=zoom * _number(look, "stroke-width", 1),
        linestyle=(0, dashes * 2) if any(dashes) else "solid",
        capstyle="round" if look.get("stroke-linecap") == "round" else "butt",
        joinstyle="round" if look.get("stroke-linejoin") == "round" else "miter",
    )


def _outline(el: Element) -> Path:
    """The shape of an element in its own coordinates."""
    from fontTools.pens.recordingPen import RecordingPen
    from fontTools.svgLib.path import parse_path
    from fontTools.svgLib.path.shapes import PathBuilder
    from matplotlib.path import Path

    shape, recorded = PathBuilder(), RecordingPen()
    plain = {k: v for k, v in el.items() if k != "transform"}
    shape.add_path_from_element(el.makeelement(el.tag, plain))
    for path in shape.paths:
        parse_path(path, recorded)
    points, codes = [(0.0, 0.0)], [int(Path.MOVETO)]
    for name, given in recorded.value:
        if name != "endPath":
            points += given or points[-1:]
            codes += [_CODES[name]] * (len(given) or 1)
    return Path(points, codes)


def _colour(look: Look, name: str, usual: str) -> Any:
    from matplotlib.colors import to_rgba

    opaque = float(look.get(f"{name}-opacity", 1)) * look["opacity"]
    said = look.get(name, usual)
    return "none" if said == "none" else to_rgba(said, opaque)


def _lines(el: Element, look: Look) -> list[tuple[float, float, list[_Run]]]:
    """The pieces of a text line by line: ``x`` or ``y`` begins a new one there."""
    lines: list[tuple[float, float, list[_Run]]] = []
    x = y = 0.0
    for at, style, text in _pieces(el, look):
        x, y = _number(at, "x", x), _number(at, "y", y)
        if not lines or at.keys() & {"x", "y"}:
            lines.append((x, y, []))
        runs = lines[-1][2]
        keeps = style.get("white-space", "").startswith("pre")
        said = text if keeps else re.sub(r"\s+", " ", text)
        if said := said if runs else said.lstrip(" "):
            runs.append((said, style))
    return lines


def _pieces(el: Element, look: Look) -> Iterator[tuple[Look, Look, str]]:
    """What a text is made of: where it says to begin, how it looks, what it says."""
    yield el.attrib, look, el.text or ""
    for span in el:
        yield from _pieces(span, _look(span, look))
        yield {}, look, span.tail or ""


def _width(said: str, look: Look) -> float:
    """How wide matplotlib will set a text, in the picture's pixels."""
    from matplotlib.textpath import text_to_path

    size = text_to_path.get_text_width_height_descent(
        said, _font(said, look, _POINT), ismath=False
    )
    return float(size[0]) / _POINT


def _letters(
    said: str, look: Look, to_page: Affine2D, at: tuple[float, float]
) -> Artist:
    """A text; or its outline, where it is there to be one."""
    from matplotlib.patheffects import Stroke
    from matplotlib.text import Text

    zoom, (a, b) = _zoom(to_page), to_page.get_matrix()[:2, 0]
    x, y = to_page.transform(at)
    text = Text(
        x,
        y,
        said,
        color=_colour(look, "fill", "#000000"),
        fontproperties=_font(said, look, zoom),
        verticalalignment="baseline",
        parse_math=False,
        rotation=math.degrees(math.atan2(b, a)),
        rotation_mode="anchor",
    )
    if look.get("stroke", "none") != "none":
        width, colour = _number(look, "stroke-width", 1), _colour(look, "stroke", "")
        text.set_path_effects([Stroke(linewidth=width * zoom, foreground=colour)])
    return text


def _font(said: str, look: Look, zoom: float) -> FontProperties:
    """The type for a text, where a pixel is ``zoom`` points."""
    from matplotlib.font_manager import FontProperties

    weight = look.get("font-weight", "normal")
    mono = "mono" in look.get("font-family", "")
    strange = any(ord(char) not in _known() for char in said)
    return FontProperties(
        family=["DejaVu Sans Mono"] * mono + ["DejaVu Sans"] + strange * _others(),
        style="italic" if look.get("font-style") == "italic" else "normal",
        weight="bold" if weight in {"bold", "600", "700"} else "normal",
        size=_number(look, "font-size", 16) * zoom,
    )


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    """The code points that DejaVu Sans has."""
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


@lru_cache(maxsize=1)
def _others() -> list[str]:
    """Those of ``FONTS`` that this machine has."""
    from matplotlib.font_manager import get_font_names

    installed = set(get_font_names())
    return [name for name in FONTS if name in installed]
