"""A chart as data, panel by panel, and its SVG.

A panel has two axes and marks: lines, dots, arrows, labels, contours. They stand at the
numbers they show; ``figure`` draws the same panels with matplotlib.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, product
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tapeviz.analysis.trajectory import number
from tapeviz.render.svg import theme as themes
from tapeviz.trace.markup import Element, element, n
from tapeviz.wording.text_width import width

if TYPE_CHECKING:
    from tapeviz.analysis.trajectory import Floats

Frame: TypeAlias = tuple[float, float, float, float]
"""Left and upper edge, width and height of a panel."""

Point: TypeAlias = "Sequence[float] | Floats"


@dataclass(frozen=True)
class Look:
    """The colour of a line or dot by its role, its width, its dashes."""

    colour: str
    width: float = 1.5
    dashes: tuple[float, ...] = ()


_RUNS: dict[str, tuple[str, tuple[float, ...]]] = {
    "target": ("o", ()),
    "watched": ("s", (7, 2)),
    "none": ("^", (2, 2)),
    "ink": ("D", (8, 2, 2, 2)),
    "hot": ("v", (9, 2, 2, 2, 2, 2)),
    "variable": ("P", (14, 3)),
}
RUNS = tuple((f"run-{colour}", shape) for colour, (shape, _) in _RUNS.items())
"""The look and the shape of each run: colour alone never tells them apart."""

LOOKS = {
    "curve": Look("variable", 1.8),
    "contour": Look("variable", 0.7),
    "path": Look("target", 1),
    "drop": Look("target", 1, (1.5, 2.5)),
    "update": Look("target", 1.7),
    "slope": Look("none", 1.6, (6, 3)),
    "gradient": Look("none"),
    "point": Look("ink"),
    "minimum": Look("good"),
    "cursor": Look("hot"),
    "part0": Look("watched", 2),
    "part1": Look("none", 2),
    "part2": Look("hot", 2),
    **{f"run-{name}": Look(name, 1.5, dashes) for name, (_, dashes) in _RUNS.items()},
}
"""How lines, arrows and dots look, whoever draws them."""

SIDES = {
    "n": ("middle", "bottom", 0, -7),
    "s": ("middle", "top", 0, 7),
    "e": ("start", "center", 8, 0),
    "w": ("end", "center", -8, 0),
    "ne": ("start", "bottom", 6, -7),
    "nw": ("end", "bottom", 2, -6),
    "se": ("start", "top", 5, 4),
    "sw": ("end", "top", -5, 4),
}
"""For each side of a point: how a label is anchored there, and how far away."""

_BASELINE = {"bottom": -0.2, "center": 0.36, "top": 0.8}
SHAPES = {
    "s": "m-{r} -{r}h{d}v{d}h-{d}z",
    "o": "m-{r} 0a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z",
    "D": "m0 -{q}l{q} {q}l-{q} {q}l-{q} -{q}z",
    "^": "m0 -{r}l{r} {d}h-{d}z",
    "v": "m0 {r}l{r} -{d}h-{d}z",
    "P": "m-{t} -{r}h{k}v{k}h{k}v{k}h-{k}v{k}h-{k}v-{k}h-{k}v-{k}h{k}z",
}
"""The shapes of dots as path data around a point, for sizes that ``_shape`` knows."""
_TEXT = 11.0
_SMALL = 0.84
_FAR = 1e5


@dataclass(frozen=True)
class Axis:
    """From where to where an axis goes, and its name.

    On a logarithmic one the ticks are powers of ten; ``whole`` allows whole numbers
    only.
    """

    low: float
    high: float
    name: str = ""
    log: bool = False
    whole: bool = False

    def part(self, value: Any) -> Any:
        """How far along the axis a number is, from 0 to 1; also of an array."""
        low, high = self._scaled
        with np.errstate(all="ignore"):
            return ((np.log10(value) if self.log else value) - low) / (high - low)

    def at(self, part: float) -> float:
        """The number that is so far along the axis."""
        low, high = self._scaled
        found = low + part * (high - low)
        return 10.0**found if self.log else found

    @property
    def _scaled(self) -> tuple[float, float]:
        ends = self.low, self.high
        return (math.log10(ends[0]), math.log10(ends[1])) if self.log else ends

    def ticks(self, most: int = 6) -> list[float]:
        """Round numbers on the axis, at most so many.

        >>> Axis(-1.2, 9.0).ticks()
        [0.0, 2.0, 4.0, 6.0, 8.0]
        """
        low, high = self._scaled
        if self.log:
            powers = range(math.ceil(low), math.floor(high) + 1)
            return [10.0**k for k in powers[:: max(1, math.ceil(len(powers) / most))]]
        step = 10.0 ** math.floor(math.log10((high - low) / most))
        step *= next(k for k in (1, 2, 5, 10) if (high - low) / (k * step) <= most)
        step = max(step, 1.0) if self.whole else step
        steps = range(math.ceil(low / step), math.floor(high / step) + 1)
        return [round(k * step, 12) for k in steps]


@dataclass(frozen=True)
class LineMark:
    """A line through points, a row for each; nan is a gap. ``look`` is in ``LOOKS``."""

    path: Floats
    look: str
    id: str = ""


@dataclass(frozen=True)
class DotMark:
    """Dots of one shape and size; ``steps`` says which update each belongs to."""

    path: Floats
    look: str
    shape: str = "o"
    size: float = 4.8
    hollow: bool = False
    steps: Sequence[int] = ()
    id: str = ""


@dataclass(frozen=True)
class ArrowMark:
    """An arrow from one point to another."""

    start: Point
    end: Point
    look: str
    id: str = ""


@dataclass(frozen=True)
class LabelMark:
    """A short text on one side of a point; ``side`` is a key of ``SIDES``."""

    words: str
    at: Point
    side: str
    colour: str = "ink"
    id: str = ""


@dataclass(frozen=True)
class ContourMark:
    """A quantity over the panel, shaded below each level: darker where it is lower.

    ``grid`` has a row for each of the ``ys``. Each level has a thin line, or only
    ``edge`` a bold one.
    """

    xs: Sequence[float]
    ys: Sequence[float]
    grid: Floats
    levels: Sequence[float]
    edge: float | None = None
    id: str = ""


Mark: TypeAlias = LineMark | DotMark | ArrowMark | LabelMark | ContourMark


@dataclass(frozen=True)
class Panel:
    """Two axes, what is drawn on them, and where the panel stands in its picture.

    ``keys`` explains the looks: name, look and shape of each. ``text`` is the size of
    its letters. Without a title it has no axes.
    """

    title: str
    x: Axis
    y: Axis
    frame: Frame
    marks: tuple[Mark, ...] = ()
    keys: tuple[tuple[str, str, str], ...] = ()
    text: float = _TEXT

    def having(self, *marks: Mark) -> Panel:
        """The panel with more marks on top."""
        return replace(self, marks=(*self.marks, *marks))

    def pixels(self, path: Any) -> Floats:
        """Where points stand in the picture, a row for each."""
        left, top, wide, high = self.frame
        x, y = np.asarray(path, dtype=float).reshape(-1, 2).T
        across, down = self.x.part(x), 1 - self.y.part(y)
        found = np.column_stack([left + wide * across, top + high * down])
        return np.clip(np.where(np.isfinite(found), found, np.nan), -_FAR, _FAR)

    def inside(self, path: Floats) -> Any:
        """Which points lie in the panel, as a mask; those at its very edge do."""
        parts = np.array([self.x.part(path[:, 0]), self.y.part(path[:, 1])])
        return (np.abs(parts - 0.5) < 0.501).all(axis=0)

    @property
    def units(self) -> Floats:
        """The lengths of a unit of x and a unit of y in the picture."""
        spans = [self.x.high - self.x.low, self.y.high - self.y.low]
        return np.array(self.frame[2:]) / spans

    def cut(self, start: Point, end: Point) -> Floats:
        """The end of an arrow that starts in the panel, or where it leaves it."""
        (x, y), (to_x, to_y) = start, end
        share = min(1.0, _share(x, to_x, self.x), _share(y, to_y, self.y))
        return np.array([x + share * (to_x - x), y + share * (to_y - y)])

    @property
    def margin(self) -> float:
        """How much room the numbers and the name of y take at the left."""
        ticks = max((width(shown(v), self.text) for v in self.y_ticks), default=0.0)
        return ticks + self.text * (2.4 if self.y.name else 1)

    @property
    def y_ticks(self) -> list[float]:
        """The ticks of y, as many as have room."""
        return self.y.ticks(max(3, min(6, round(self.frame[3] / (2.6 * self.text)))))


def _share(start: float, end: float, axis: Axis) -> float:
    """Which part of the way from a number to another lies on an axis."""
    if axis.low <= end <= axis.high or start == end:
        return 1.0
    edge = axis.high if end > axis.high else axis.low
    return max(0.0, float((edge - start) / (end - start)))


def shown(value: float) -> str:
    """A number as it stands in a picture, with a proper minus sign."""
    return minus(number(value))


def minus(words: str) -> str:
    """Words with a proper minus sign."""
    return words.replace("-", "\N{MINUS SIGN}")


# -- as SVG --------------------------------------------------------------------------


def drawn(panel: Panel) -> list[Element]:
    """The panel as SVG elements: marks, axes, title and keys.

    Lines, arrows and contours end at its edges.
    """
    inner, outer = layers(panel)
    axes = _axes(panel) if panel.title else ()
    return [clipped(inner, panel.frame), *axes, *outer, *_keys(panel)]


def layers(panel: Panel) -> tuple[list[Element], list[Element]]:
    """The panel's marks: what ends at its edges, and what may stand out.

    Neighbours of the same id are one element. Where that is a letter and a step, it is
    hidden at first, unless the film begins with it.
    """
    inner: list[Element] = []
    outer: list[Element] = []
    for id, group in groupby(panel.marks, key=lambda mark: mark.id or type(mark)):
        marks = list(group)
        parts = [part for mark in marks for part in _DRAWN[type(mark)](mark, panel)]
        if isinstance(id, str):
            late = "late" if id[1:].isdigit() and id not in {"p0", "l0"} else ""
            parts = [element("g", *parts, id=id, cls=f"{late} {id[0]}")]
        out = any(isinstance(mark, (DotMark, LabelMark)) for mark in marks)
        (outer if out else inner).extend(parts)
    return inner, outer


def clipped(inside: Sequence[Element], frame: Frame) -> Element:
    """Elements that end at the edges of a frame."""
    left, top, wide, high = frame
    box = {"x": left, "y": top, "width": wide, "height": high}
    view = " ".join(map(n, frame))
    return element("svg", *inside, viewBox=view, style="overflow:hidden", **box)


def _way(pixels: Floats) -> str:
    """Path data through positions, interrupted where one is no number."""
    parts, letter = [], "M"
    for x, y in pixels.tolist():
        known = math.isfinite(x) and math.isfinite(y)
        parts.append(f"{letter}{n(x)} {n(y)}" if known else "")
        letter = "L" if known else "M"
    return "".join(parts)


def _line(mark: LineMark, panel: Panel) -> Iterator[Element]:
    yield element("path", cls=f"line {mark.look}", d=_way(panel.pixels(mark.path)))


def _dots(mark: DotMark, panel: Panel) -> Iterator[Element]:
    shape = _shape(mark.shape, mark.size * panel.text / _TEXT)
    inside = panel.inside(mark.path)
    shapes = [
        f"M{n(x)} {n(y)}{shape}" for x, y in panel.pixels(mark.path[inside]).tolist()
    ]
    cls = f"dot {mark.look}{' hollow' if mark.hollow else ''}"
    if not mark.steps:
        yield element("path", cls=cls, d="".join(shapes))
        return
    for step, shape in zip(np.array(mark.steps)[inside], shapes, strict=True):
        yield element("path", cls=cls, d=shape, data_step=str(step))


def _shape(shape: str, size: float) -> str:
    sizes = {"r": size / 2, "d": size, "q": 0.65 * size, "t": size / 6, "k": size / 3}
    return SHAPES[shape].format(**{name: f"{v:.2g}" for name, v in sizes.items()})


def _arrow(mark: ArrowMark, panel: Panel) -> Iterator[Element]:
    start, tip = panel.pixels([mark.start, mark.end])
    far = math.dist(start, tip)
    if not far:
        return
    head, ahead = min(6.0, 0.6 * far), (tip - start) / far
    back, aside = tip - head * ahead, 0.4 * head * np.array([-ahead[1], ahead[0]])
    shaft = _way(np.array([start + min(3, far / 4) * ahead, back]))
    point = _way(np.array([tip, back + aside, back - aside]))
    yield element("path", cls=f"arrow {mark.look}", d=f"{shaft}{point}Z")


def _label(mark: LabelMark, panel: Panel) -> Iterator[Element]:
    anchor, level, right, down = SIDES[mark.side]
    ((x, y),) = panel.pixels(mark.at)
    at = {"x": x + right, "y": y + down + _BASELINE[level] * _SMALL * panel.text}
    cls = f"label of-{mark.colour}"
    yield element("text", mark.words, cls=cls, text_anchor=anchor, **at)


def _contours(mark: ContourMark, panel: Panel) -> Iterator[Element]:
    from contourpy import FillType, contour_generator

    grid = np.ma.masked_invalid(mark.grid)
    kind = FillType.OuterOffset
    made: Any = contour_generator(mark.xs, mark.ys, grid, fill_type=kind)
    for level in sorted(mark.levels, reverse=True):
        filled = made.filled(float(min(grid.min(), level)) - 1, level)
        rings = "".join(
            f"{_way(panel.pixels(points[a:b]))}Z"
            for points, offsets in zip(*filled, strict=True)
            for a, b in pairwise(offsets)
        )
        fill, line = ("area", "edge") if mark.edge else ("level", "contour")
        yield element("path", cls=fill, d=rings)
        lines = "".join(_way(panel.pixels(points)) for points in made.lines(level))
        if lines and mark.edge in {None, level}:
            yield element("path", cls=f"line {line}", d=lines)


_DRAWN: dict[type, Callable[[Any, Panel], Iterator[Element]]] = {
    LineMark: _line, DotMark: _dots, ArrowMark: _arrow, LabelMark: _label,
    ContourMark: _contours,
}  # fmt: skip


def _axes(panel: Panel) -> Iterator[Element]:
    """The title, the axes, their ticks and names."""
    (left, top, wide, high), size = panel.frame, panel.text
    foot = top + high
    xs = [(v, left + wide * float(panel.x.part(v))) for v in panel.x.ticks()]
    ys = [(v, foot - high * float(panel.y.part(v))) for v in panel.y_ticks]
    lines = [f"M{n(left)} {n(top)}V{n(foot)}H{n(left + wide)}"]
    lines += [f"M{n(x)} {n(foot)}v4" for _, x in xs]
    lines += [f"M{n(left)} {n(y)}h-4" for _, y in ys]
    yield element("path", cls="axis", d="".join(lines))
    yield element("text", panel.title, cls="t", x=left, y=top - 1.25 * size)
    for v, x in xs:
        yield _centred(shown(v), x=x, y=foot + 1.45 * size)
    for v, y in ys:
        at = {"x": left - 0.65 * size, "y": y + 0.35 * size}
        yield element("text", shown(v), text_anchor="end", **at)
    if panel.x.name:
        yield _centred(panel.x.name, x=left + wide / 2, y=foot + 2.8 * size)
    if not panel.y.name:
        return
    x = max(left - panel.margin + 0.9 * size, size)
    turn = f"translate({n(x)} {n(top + high / 2)}) rotate(-90)"
    yield _centred(panel.y.name, transform=turn)


def _centred(words: str, **at: Any) -> Element:
    return element("text", words, text_anchor="middle", **at)


def _keys(panel: Panel) -> Iterator[Element]:
    """What the looks mean, in the corner where the fewest points lie."""
    if not panel.keys:
        return
    (left, top, wide, high), size = panel.frame, panel.text
    room = 34 + max(width(name, _SMALL * size) for name, *_ in panel.keys)
    tall = 1.3 * size * len(panel.keys) + 4
    lines = [panel.pixels(m.path) for m in panel.marks if isinstance(m, LineMark)]
    seen = np.concatenate(lines)
    corners = product((left + wide - room, left + 6), (top, top + high - tall))
    x, y = min(
        corners,
        key=lambda at: ((at < seen) & (seen < np.add(at, (room, tall)))).all(1).sum(),
    )
    for name, look, shape in panel.keys:
        y += 0.65 * size
        dot = f"M{n(x + 13)} {n(y)}{_shape(shape, 5)}"
        yield element("path", cls=f"line {look}", d=f"M{n(x)} {n(y)}h26")
        yield element("path", cls=f"dot {look}", d=dot)
        yield element("text", name, cls="label of-ink", x=x + 32, y=y + 0.3 * size)
        y += 0.65 * size


def rules(*looks: str) -> str:
    """How a chart looks in which there are only these, as CSS like ``RULES``."""
    return "".join(_rules({name: LOOKS[name] for name in looks}, ()))


def _rules(looks: Mapping[str, Look], colours: Iterable[str]) -> Iterator[str]:
    yield (
        "& text{fill:@muted;paint-order:stroke;stroke:@paper;stroke-width:3px;"
        "stroke-linejoin:round}& .tv-t{fill:@ink}"
        "& .tv-axis{fill:none;stroke:@line;stroke-width:.8}"
        "& .tv-level{fill:@variable;fill-opacity:.05;fill-rule:evenodd}"
        "& .tv-area{fill:@target;fill-opacity:.16;fill-rule:evenodd}"
        "& .tv-edge{stroke:@ink;stroke-width:1.6}"
    )
    for name, look in looks.items():
        dashes = f";stroke-dasharray:{' '.join(f'{d:g}' for d in look.dashes)}"
        line = f"stroke-width:{look.width:g}{dashes if look.dashes else ''}"
        yield f"& .tv-{name}{{fill:@{look.colour};stroke:@{look.colour};{line}}}"
    yield "& .tv-line{fill:none;stroke-linejoin:round}"
    yield "& .tv-dot{stroke-dasharray:none;stroke-width:0}"
    yield "& .tv-dot.tv-hollow{fill:@paper;stroke-width:1.2}"
    for colour in colours:
        yield f"& .tv-of-{colour}{{fill:@{colour}}}"


RULES = "".join(_rules(LOOKS, (*_RUNS, "good")))
"""How a chart looks, as CSS; ``&`` is the picture, ``@`` a colour."""


# -- as a picture --------------------------------------------------------------------

WIDTH = 880
"""How wide a picture in a page likes to be, in pixels."""

_STACKED = {2: (700, 700), 3: (760, 440)}
_PHONE = 340


def stacked(frames: Sequence[Frame], size: tuple[float, float]) -> str:
    """Rules that put panels one inner the other where the page is narrow.

    Each stands in a group of its own, ``at1``, ``at2``, ... On a telephone all letters
    have 11 pixels or more.
    """
    if len(frames) < 2:
        return ""
    wide, high = size
    left = max(63.0, 1.2 * frames[0][0])
    zoom = wide / (left + max(frame[2] for frame in frames) + 0.02 * wide)
    below, most = _STACKED[len(frames)]
    letters, tall = 11 * wide / zoom / _PHONE, len(frames) * high * zoom
    root = ":is(.tv-screen,.tv-still)>&"
    moved = "".join(
        f"& .tv-at{k}{{transform:scale({zoom:.3f}) translate("
        f"{left - frame[0]:.1f}px,{(k - 1) * high:.1f}px)}}"
        for k, frame in enumerate(frames, 1)
    )
    return (
        f"@container (max-width:{below}px){{{root}{{width:min(100%,{most}px);"
        f"height:auto;aspect-ratio:{wide:.0f}/{tall:.0f};background:@paper}}{moved}}}"
        f"@container (max-width:480px){{{root}{{min-width:{_PHONE}px}}{root} text"
        f"{{font-size:{letters:.1f}px}}{root} text[transform]{{translate:-5px}}}}"
    )


def picture(
    groups: Sequence[Sequence[Element | str]],
    size: tuple[float, float],
    label: str,
    rules: str = "",
    *,
    theme: str = "auto",
) -> Element:
    """A picture of its own, in the page's colours; ``label`` says what it shows.

    ``rules`` is more CSS like ``RULES``. No rule touches another picture of the page.
    """
    wide, high = size
    base = (
        f"&{{max-width:100%;height:auto;font:{_TEXT:g}px {themes.SANS};direction:ltr;"
        "font-variant-numeric:tabular-nums}"
        f"& .tv-label{{font-size:{_SMALL * _TEXT:.3g}px}}"
    )
    style = themes.paint(base + RULES + rules)
    own = f"p{hashlib.sha256(style.encode()).hexdigest()[:8]}"
    colours = themes.css(theme) + style.replace("&", f".tv-{own}")
    scale = max(1.0, WIDTH / wide) if len(groups) > 1 else 1.0
    return element(
        "svg", element("style", colours, data_theme=theme),
        *(element("g", *inside, cls=f"at{k}") for k, inside in enumerate(groups, 1)),
        xmlns="http://www.w3.org/2000/svg", width=round(scale * wide),
        height=round(scale * high), viewBox=f"0 0 {wide:g} {high:g}",
        preserveAspectRatio="xMinYMin", role="img", aria_label=label,
        cls=f"{theme} tapeviz-descent {own}",
    )  # fmt: skip


def panels_picture(
    panels: Sequence[Panel], size: tuple[float, float], label: str, **look: Any
) -> Element:
    """Panels side by side as a picture, one inner the other on a narrow page."""
    rules = look.pop("rules", "") + stacked([p.frame for p in panels], size)
    return picture([drawn(p) for p in panels], size, label, rules, **look)
