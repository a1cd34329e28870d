"""A film as one SVG that plays by itself: CSS keyframes, no script."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape

from tapeviz.render.html.code_lines import LitSpan, lit_spans
from tapeviz.render.svg import theme
from tapeviz.render.svg.elements import legal
from tapeviz.render.svg.options import step_of
from tapeviz.trace.film import Film, Frame
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

_STYLE = (
    f".tv-film{{background:@paper;font:16px {theme.SANS}}}"
    f".tv-film .tv-mono,.tv-film .tv-eq{{font-family:{theme.MONO}}}"
    ".tv-film .tv-mono,.tv-film .tv-eq,.tv-film .tv-title{font-size:13px}"
    ".tv-film .tv-words{fill:@ink}"
    ".tv-film .tv-title,.tv-film .tv-eq{fill:@muted}"
    ".tv-film .tv-code{fill:@ink;white-space:pre}"
    ".tv-film .tv-number{fill:@muted;text-anchor:end}"
    ".tv-film .tv-paper{fill:@paper}.tv-film .tv-panel{fill:@code-fill}"
    ".tv-film .tv-lit{fill:@hot-fill;stroke:@hot}"
    ".tv-film .tv-rail{fill:@hair}.tv-film .tv-run{fill:@ink}"
)

_ONCE = ".tv-words>*,.tv-once{opacity:0}.tv-words>:last-child{opacity:1}"
"""What shows where nothing moves: the last words, and the code lit with them."""

_GLOW = (
    ".tv-film [id]{filter:var(--h)var(--glow,"
    "drop-shadow(0 0 1px var(--tv-hot))drop-shadow(0 0 2px var(--tv-hot)))}"
)
"""How a hot element looks in a picture that has no look of its own for it."""


@dataclass(frozen=True)
class _CodeLine:
    """One line of code in the picture: its index in the listing and its number."""

    position: int
    number: int
    text: str


def animate(film: Film, seconds_per_frame: float = 1.2) -> str:
    """The film as a self-contained SVG: code, picture and caption, step after step.

    It repeats for ever; of a film of more than ``MOST`` frames it shows that many,
    evenly spaced. For readers who asked for less motion it stands still at the last
    step. ValueError when ``seconds_per_frame`` is not above zero.
    """
    if not seconds_per_frame > 0:
        raise ValueError(f"a frame must last longer than {seconds_per_frame} seconds")
    return _FilmPicture(abridged(film.validate()), seconds_per_frame).svg()


def frame_svg(film: Film, step: int) -> str:
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
    head = film.svg[: film.svg.index(">")]
    found = re.search(rf"\btv-({'|'.join(theme.NAMES)})\b", head)
    return found[1] if found else "auto"


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
        self.inner = _size(film.svg)
        code = max((_cells(line.text) for line in self.lines), default=0) * _CELL + 46
        self.width = max(_NARROW, round(max(self.inner[0], code) + 2 * _PAD))
        self.room = int((self.width - 2 * _PAD) / 8.3)
        self.captions = [textwrap.wrap(f.caption, self.room)[:4] for f in film.frames]

    def svg(self) -> str:
        body = [*self._title(), *self._code(), self._picture(), *self._words()]
        self._elements()
        return self._whole(self._style(), body)

    def _whole(self, style: str, body: Iterable[str]) -> str:
        w, h = self.width, round(self.y + 8)
        film = self.film
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="tv-film tv-{self.theme}" '
            f'width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" '
            f'aria-label="{_text(film.alt)}"><style>{style}</style>'
            f'<rect class="tv-paper" width="{w}" height="{h}"/>{"".join(body)}</svg>'
        )

    def frame_svg(self, step: int) -> str:
        """The picture of one step, as large as those of the others."""
        body = [*self._title(), *self._code(step), self._picture(), *self._words(step)]
        style = f"{self._base()}{self._marked(step)}"
        return self._whole(_css(style), body)

    def _style(self) -> str:
        moving = "".join((*self._shared(), *self.rules))
        return _css(
            f"{self._base()}{_ONCE}"
            f"{self._marked(self.count - 1)}"
            f"@media(prefers-reduced-motion:no-preference){{{moving}}}"
        )

    def _base(self) -> str:
        colours = theme.css(self.theme)
        colours = "" if theme.defined_in(self.film.svg, self.theme) else colours
        return f"{colours}{_variables(_STYLE + _GLOW)}"

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

    def _title(self) -> Iterable[str]:
        self.y = 34
        title = _text(self.film.title)
        yield f'<text class="tv-title" x="{_PAD}" y="22">{title}</text>'

    def _code(self, step: int = -1) -> Iterable[str]:
        if not self.lines:
            return
        top, height = self.y, len(self.lines) * _LINE + 14
        size = f'width="{self.width}" height="{height}"'
        yield f'<rect class="tv-panel" y="{top}" {size}/>'
        rows = {line.position: i for i, line in enumerate(self.lines)}
        yield from self._highlights(rows, top + 7, step)
        for i, line in enumerate(self.lines):
            yield _code_line(line, top + 7 + i * _LINE + 15)
        self.y = top + height

    def _highlights(self, rows: dict[int, int], top: float, step: int) -> Iterable[str]:
        shown = self.lit_by_frame if step < 0 else self.lit_by_frame[step : step + 1]
        known = dict.fromkeys(p for places in shown for p in places)
        for i, (position, first, last) in enumerate(known):
            if position not in rows:
                continue
            is_lit = [(position, first, last) in places for places in self.lit_by_frame]
            if step < 0:
                self._timeline([f"#l{i}"], ["on" if on else "off" for on in is_lit])
            text = self.lines[rows[position]].text
            x = 46 + _cells(text[:first]) * _CELL - 2
            width = _cells(text[first:last]) * _CELL + 4
            y = top + rows[position] * _LINE + 1
            once = " tv-once" if step < 0 and not is_lit[-1] else ""
            yield (
                f'<rect id="l{i}" class="tv-lit{once}" x="{x:.1f}" y="{y:.0f}" '
                f'width="{width:.1f}" height="19" rx="3"/>'
            )

    def _picture(self) -> str:
        width, height = self.inner
        x, y = (self.width - width) / 2, self.y + 14
        self.y = y + height + 14
        return f'<g transform="translate({x:.1f} {y:.1f})">{self.film.svg}</g>'

    def _words(self, step: int = -1) -> Iterable[str]:
        top = self.y + 22
        high = max(len(lines) for lines in self.captions) * 23
        yield f'<g class="tv-words" transform="translate({_PAD} {top:.0f})">'
        for i, frame in enumerate(self.film.frames):
            if step in {i, -1}:
                turn = f' style="--i:{i - self.count}"' if step < 0 else ""
                said = _caption_spans(self.captions[i], frame.formula, self.room)
                yield f"<text{turn}>{said}</text>"
        yield "</g>"
        self.y = top + high + 12
        yield from self._rail((step + 1) / self.count if step >= 0 else 1)

    def _rail(self, part: float) -> Iterable[str]:
        at = f'y="{self.y:.0f}" height="2"'
        yield f'<rect class="tv-rail" {at} width="{self.width}"/>'
        run = round(self.width * part, 1)
        yield f'<rect class="tv-run" {at} width="{run:g}"/>'
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


def _caption_spans(lines: list[str], formula: str, room: int) -> str:
    """The first line of a caption, and the others in spans below it."""
    first, *others = lines or [""]
    said = [("", line) for line in others]
    if formula:
        said.append((' class="tv-eq"', _formula(formula, room)))
    return _text(first) + "".join(
        f'<tspan{cls} x="0" y="{n * 23}">{_text(line)}</tspan>'
        for n, (cls, line) in enumerate(said, 1)
    )


def _formula(text: str, room: int) -> str:
    return cut(" ".join(text.split("\n")), room)


def _variables(rules: str) -> str:
    return re.sub(r"@([a-z-]+)", r"var(--tv-\1)", rules)


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


def _code_line(line: _CodeLine, y: float) -> str:
    number = f'<text class="tv-mono tv-number" x="34" y="{y:.0f}">{line.number}</text>'
    code = line.text.lstrip()
    if not code:
        return number
    indent = len(line.text) - len(code)
    x, width = 46 + indent * _CELL, _cells(code) * _CELL
    return (
        f'{number}<text class="tv-mono tv-code" x="{x:.1f}" y="{y:.0f}" '
        f'textLength="{width:.1f}">{_text(code)}</text>'
    )


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _late_ids(film: Film) -> frozenset[str]:
    tags = re.findall(r'<[^>]*\sclass="(?:[^"]* )?tv-late[ "][^>]*>', film.svg)
    found = (re.search(r'\sid="([^"]+)"', tag) for tag in tags)
    return frozenset(match[1] for match in found if match)


def _size(svg: str) -> tuple[float, float]:
    head = svg[: svg.index(">")]
    width, height = (_pixels(head, name) for name in ("width", "height"))
    if width and height:
        return width, height
    box = re.search(r'viewBox="([^"]+)"', head)
    if box is None:
        raise ValueError("the film's picture says neither its size nor a viewBox")
    _, _, width, height = (float(part) for part in box[1].split())
    return width, height


def _pixels(head: str, name: str) -> float:
    found = re.search(rf'\s{name}="([\d.]+)(px|pt)?"', head)
    if found is None:
        return 0.0
    return float(found[1]) * (4 / 3 if found[2] == "pt" else 1)


def _selector(id: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_][\w-]*", id, re.ASCII)
    if plain:
        return f"#{id}"
    text = id.replace("\\", "\\\\").replace('"', '\\"')
    return f'[id="{text}"]'


def _text(text: str) -> str:
    return escape(legal(text))


def _css(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
