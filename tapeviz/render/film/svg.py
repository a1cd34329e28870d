"""A film as one SVG that plays by itself: CSS keyframes, no script."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tapeviz.render.html.code_lines import LitSpan, lit_spans
from tapeviz.render.svg import theme as themes
from tapeviz.render.svg.elements import placed, rect, text
from tapeviz.render.svg.options import step_of
from tapeviz.trace.film import Film, Frame
from tapeviz.trace.markup import Element, element
from tapeviz.wording.text_width import cut

MOST = 100
"""Frames that an animated picture shows at most; a longer one nobody would wait for."""

PACE = 1.8
"""Seconds that a step lasts in a notebook, a GIF or a movie, if nobody chooses."""

_PAD = 20
_LINE = 21
_CELL = 7.8
_ROWS = 14
_COLUMNS = 96
_NARROW = 560

_LOOKS = {
    "": ("1", "unset", "unset"),
    "on": ("1", "unset", "unset"),
    "hot": ("1", " ", "unset"),
    "done": ("1", "unset", " "),
    "dim": (".25", "unset", "unset"),
    "off": ("0", "unset", "unset"),
}
"""What each mark sets: opacity, ``--h`` and ``--d``. A space sets a variable to
nothing, ``unset`` leaves it without a value, so that a fallback applies."""

_WHOLE = 50
_PROPERTIES = ("opacity", "--h", "--d")

_RULES = themes.paint(
    f".tv-film{{background:@paper;font:16px {themes.SANS}}}"
    f".tv-film .tv-mono,.tv-film .tv-eq{{font-family:{themes.MONO}}}"
    ".tv-film .tv-mono,.tv-film .tv-eq,.tv-film .tv-title{font-size:13px}"
    ".tv-film .tv-words{fill:@ink}"
    ".tv-film .tv-title,.tv-film .tv-eq{fill:@muted}"
    ".tv-film .tv-code{fill:@ink;white-space:pre}"
    ".tv-film .tv-number{fill:@muted;text-anchor:end}"
    ".tv-film .tv-paper{fill:@paper}.tv-film .tv-panel{fill:@code-fill}"
    ".tv-film .tv-lit{fill:@hot-fill;stroke:@hot}"
    ".tv-film .tv-rail{fill:@hair}.tv-film .tv-run{fill:@ink}"
    ".tv-film [id]{filter:var(--h)var(--glow,"
    "drop-shadow(0 0 1px @hot)drop-shadow(0 0 2px @hot))}"
)
"""How it looks; the last rule is that of a hot element in a picture without a look of
its own for it."""

_ONCE = ".tv-words>*,.tv-once{opacity:0}.tv-words>:last-child{opacity:1}"
"""What shows where nothing moves: the last words, and the code lit with them."""


@dataclass(frozen=True)
class _CodeLine:
    """One line of code in the picture: its index in the listing and its number."""

    position: int
    number: int
    text: str


def animate(film: Film, seconds_per_frame: float = 1.2) -> Element:
    """The film as a self-contained SVG: code, picture and caption, step after step.

    It repeats for ever; of a film of more than ``MOST`` frames it shows that many,
    evenly spaced. For readers who asked for less motion it stands still at the last
    step. ValueError when ``seconds_per_frame`` is not above zero.
    """
    if not seconds_per_frame > 0:
        raise ValueError(f"a frame must last longer than {seconds_per_frame} seconds")
    return _FilmPicture(abridged(film.validate()), seconds_per_frame).svg()


def frame_svg(film: Film, step: int) -> Element:
    """One step of the film as an SVG that does not move: code, picture and caption.

    The pictures of all steps are of one size. ValueError when there is no such step.
    """
    return _FilmPicture(film.validate(), 1.0).frame_svg(step_of(step, len(film.frames)))


def words_shown(film: Film) -> set[str]:
    """Captions and formulas that the animated picture of a film has word for word."""
    if len(film.frames) > MOST:
        return set()
    picture = _FilmPicture(film, PACE)
    captions = {" ".join(lines) for lines in picture.captions}
    formulas = {_formula(frame.formula, picture.room) for frame in film.frames}
    return captions | formulas - {""}


def abridged(film: Film) -> Film:
    """The film with at most ``MOST`` frames, evenly spread, first and last included."""
    count = len(film.frames)
    if count <= MOST:
        return film
    chosen = {round(i * (count - 1) / (MOST - 1)) for i in range(MOST)}
    frames: list[Frame] = []
    marks: dict[str, str] = {}
    for i, frame in enumerate(film.frames):
        marks |= frame.marks
        if i in chosen:
            frames.append(replace(frame, marks=marks))
            marks = {}
    return replace(film, frames=tuple(frames))


def theme_of(film: Film) -> str:
    """The theme that the film's picture was drawn in; "auto" when it does not say."""
    classes = str(film.picture.attributes.get("class", "")).split()
    known = (name for name in themes.NAMES if themes.class_name(name) in classes)
    return next(known, "auto")


class _FilmPicture:
    """Builds a film's picture from top to bottom, animated or of a single step."""

    def __init__(self, film: Film, seconds: float) -> None:
        self.film, self.seconds = film, seconds
        self.theme, self.late = theme_of(film), _late_ids(film)
        self.count = len(film.frames)
        self.rules: list[str] = []
        self.names: dict[str, str] = {}
        self.y = 0.0
        self.lit_by_frame = [lit_spans(film.sources, f.spans) for f in film.frames]
        self.lines = _listed_lines(film, self.lit_by_frame)
        self.inner = _size(film.picture)
        code = max((_cells(line.text) for line in self.lines), default=0) * _CELL + 46
        self.width = max(_NARROW, round(max(self.inner[0], code) + 2 * _PAD))
        self.room = int((self.width - 2 * _PAD) / 8.3)
        self.captions = [textwrap.wrap(f.caption, self.room)[:4] for f in film.frames]

    def svg(self) -> Element:
        """The picture that plays."""
        body = [*self._body()]
        self._elements()
        moving = "".join((*self._shared(), *self.rules))
        at_rest = f"{_ONCE}{self._marked(self.count - 1)}"
        motion = f"@media(prefers-reduced-motion:no-preference){{{moving}}}"
        return self._whole(at_rest + motion, body)

    def frame_svg(self, step: int) -> Element:
        """The picture of one step, as large as those of the others."""
        return self._whole(self._marked(step), [*self._body(step)])

    def _body(self, step: int = -1) -> Iterator[Element]:
        self.y = 34
        yield text("title", _PAD, 22, self.film.title)
        yield from self._code(step)
        yield self._picture(step)
        yield from self._words(step)

    def _whole(self, style: str, body: Iterable[Element]) -> Element:
        w, h = self.width, round(self.y + 8)
        defined = self.theme in themes.colours_of(self.film.picture)
        colours = "" if defined else themes.css(self.theme)
        return element(
            "svg",
            element("style", f"{colours}{_RULES}{style}"),
            element("rect", cls="paper", width=w, height=h),
            *body,
            xmlns="http://www.w3.org/2000/svg",
            cls=f"film {self.theme}",
            width=w,
            height=h,
            viewBox=f"0 0 {w} {h}",
            role="img",
            aria_label=self.film.alt,
        )

    def _shared(self) -> Iterable[str]:
        """What all timelines have in common; their names follow."""
        seconds = f"{self.count * self.seconds:.5g}s"
        yield f"[id],.tv-words>*{{animation:{seconds} step-end infinite}}"
        delay = f"calc(var(--i)*{self.seconds:.5g}s)"
        yield f".tv-words>*{{animation-name:c;animation-delay:{delay}}}"
        yield f"@keyframes c{{0%{{opacity:1}}{self._moment(1)}{{opacity:0}}}}"
        yield "@keyframes r{0%{transform:scaleX(0)}}"
        yield f".tv-run{{animation:r {seconds} steps({self.count},jump-none) infinite}}"

    def _marked(self, step: int) -> str:
        """The marks of a step, for when nothing moves."""
        last = self.film.state(step)
        groups: dict[str, list[str]] = {}
        for id, mark in last.items():
            values = zip(_PROPERTIES, _LOOKS[mark], strict=True)
            look = ";".join(f"{name}:{v}" for name, v in values if v != "unset")
            groups.setdefault(look, []).append(_selector(id))
        return "".join(f"{','.join(ids)}{{{look}}}" for look, ids in groups.items())

    def _code(self, step: int) -> Iterator[Element]:
        if not self.lines:
            return
        top, height = self.y, len(self.lines) * _LINE + 14
        yield rect("panel", 0, top, self.width, height)
        rows = {line.position: i for i, line in enumerate(self.lines)}
        yield from self._highlights(rows, top + 7, step)
        for i, line in enumerate(self.lines):
            yield from _code_line(line, top + 7 + i * _LINE + 15)
        self.y = top + height

    def _highlights(
        self, rows: dict[int, int], top: float, step: int
    ) -> Iterator[Element]:
        shown = self.lit_by_frame if step < 0 else self.lit_by_frame[step : step + 1]
        known = dict.fromkeys(p for places in shown for p in places)
        for i, (position, first, last) in enumerate(known):
            if position not in rows:
                continue
            is_lit = [(position, first, last) in places for places in self.lit_by_frame]
            if step < 0:
                self._timeline([f"#l{i}"], ["on" if on else "off" for on in is_lit])
            said = self.lines[rows[position]].text
            x = 46 + _cells(said[:first]) * _CELL - 2
            width = _cells(said[first:last]) * _CELL + 4
            y = top + rows[position] * _LINE + 1
            cls = "lit once" if step < 0 and not is_lit[-1] else "lit"
            yield rect(cls, x, y, width, 19, rx=3, id=f"l{i}")

    def _picture(self, step: int) -> Element:
        """The film's picture; that of one step without what is hidden then."""
        width, height = self.inner
        x, y = (self.width - width) / 2, self.y + 14
        self.y = y + height + 14
        marks = dict.fromkeys(self.late, "off") | self.film.state(step)
        hidden = {id for id, mark in marks.items() if mark == "off" and step >= 0}
        return placed(x, y, self.film.picture.without(hidden))

    def _words(self, step: int) -> Iterator[Element]:
        top = self.y + 22
        high = max(len(lines) for lines in self.captions) * 23
        said = []
        for i, frame in enumerate(self.film.frames):
            if step in {i, -1}:
                turn = f"--i:{i - self.count}" if step < 0 else None
                lines = _caption_lines(self.captions[i], frame.formula, self.room)
                said.append(element("text", *lines, style=turn))
        yield element("g", *said, cls="words", transform=f"translate({_PAD} {top:.0f})")
        self.y = top + high + 12
        part = (step + 1) / self.count if step >= 0 else 1
        yield rect("rail", 0, self.y, self.width, 2)
        yield rect("run", 0, self.y, self.width * part, 2)
        self.y += 2

    def _elements(self) -> None:
        states: dict[str, list[str]] = {
            id: [] for frame in self.film.frames for id in frame.marks
        }
        now: dict[str, str] = {}
        for frame in self.film.frames:
            now.update(frame.marks)
            for id, marks in states.items():
                hidden = "off" if id in self.late else ""
                marks.append(now.get(id, "") or hidden)
        groups: dict[tuple[str, ...], list[str]] = {}
        for id, marks in states.items():
            groups.setdefault(tuple(marks), []).append(_selector(id))
        for line, ids in groups.items():
            self._timeline(ids, line)

    def _timeline(self, selectors: Iterable[str], marks: Iterable[str]) -> None:
        """Animate what the selectors select through these marks, one for each frame."""
        stops = "".join(self._stops([_LOOKS[mark] for mark in marks]))
        if not stops:
            return
        if stops not in self.names:
            self.names[stops] = f"k{len(self.names)}"
            self.rules.append(f"@keyframes {self.names[stops]}{{{stops}}}")
        ids = ",".join(selectors)
        self.rules.append(f"{ids}{{animation-name:{self.names[stops]}}}")

    def _stops(self, looks: Sequence[tuple[str, ...]]) -> Iterable[str]:
        """The keyframes: what each frame changes of the properties that change at all.

        A property keeps its value through the stops that do not name it, and begins
        with that of the picture at rest, which shows the last frame.
        """
        moving = [
            k for k, values in enumerate(zip(*looks, strict=True)) if len({*values}) > 1
        ]
        before = looks[-1]
        for i, look in enumerate(looks):
            new = [
                f"{_PROPERTIES[k]}:{look[k]}" for k in moving if look[k] != before[k]
            ]
            if new:
                yield f"{self._moment(i)}{{{';'.join(new)}}}"
            before = look

    def _moment(self, i: int) -> str:
        """When a frame begins: whole percents where they tell the frames apart."""
        return f"{100 * i / self.count:.{0 if self.count <= _WHOLE else 2}f}%"


def _caption_lines(
    lines: list[str], formula: str, room: int
) -> Iterator[Element | str]:
    """The first line of a caption, and the others in spans below it."""
    first, *others = lines or [""]
    said: list[tuple[str | None, str]] = [(None, line) for line in others]
    if formula:
        said.append(("eq", _formula(formula, room)))
    yield first
    for i, (cls, line) in enumerate(said, 1):
        yield element("tspan", line, cls=cls, x=0, y=i * 23)


def _formula(text: str, room: int) -> str:
    return cut(" ".join(text.split("\n")), room)


def _listed_lines(
    film: Film, lit_by_frame: list[tuple[LitSpan, ...]]
) -> list[_CodeLine]:
    every = [
        _CodeLine(0, source.first + n, text)
        for source in film.sources
        for n, text in enumerate(source.lines)
    ]
    every = [_CodeLine(i, e.number, _short(e.text)) for i, e in enumerate(every)]
    if len(every) <= _ROWS:
        return every
    wanted = {position for places in lit_by_frame for position, _, _ in places}
    return [line for line in every if line.position in wanted][:_ROWS]


def _short(text: str) -> str:
    return cut(text.expandtabs(4), _COLUMNS)


def _code_line(line: _CodeLine, y: float) -> Iterator[Element]:
    yield text("mono number", 34, y, str(line.number))
    code = line.text.lstrip()
    if code:
        x = 46 + (len(line.text) - len(code)) * _CELL
        shown = text("mono code", x, y, code)
        yield shown.having(textLength=_cells(code) * _CELL)


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _late_ids(film: Film) -> frozenset[str]:
    known = [one.attributes for one in film.picture.walk()]
    late = (a for a in known if "tv-late" in str(a.get("class", "")).split())
    return frozenset(str(a["id"]) for a in late if "id" in a)


def _size(svg: Element) -> tuple[float, float]:
    """The size of a picture in pixels, or else in units of its own."""
    try:
        width, height = (float(svg.attributes[side]) for side in ("width", "height"))
    except (KeyError, ValueError):
        box = str(svg.attributes.get("viewBox", "")).split()
        if len(box) < 4:
            raise ValueError(
                "the film's picture says neither its size nor a viewBox"
            ) from None
        width, height = float(box[2]), float(box[3])
    return width, height


def _selector(id: str) -> str:
    r"""What selects an id in a style sheet, whatever characters it has.

    >>> print(_selector("n0"), _selector("a.b<"))
    #n0 [id="a.b\3c "]
    """
    if id.isascii() and id[:1].isalpha() and id.replace("-", "_").isidentifier():
        return f"#{id}"
    safe = (c if c.isalnum() or c in "-_. " else f"\\{ord(c):x} " for c in id)
    return f'[id="{"".join(safe)}"]'
