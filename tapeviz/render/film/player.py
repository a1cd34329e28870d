"""A film as HTML that holds all it needs: for a notebook, and as a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import cache, partial
from itertools import chain
from typing import Any

from tapeviz.render.film.on_paper import key_steps
from tapeviz.render.film.svg import PACE, animate, theme_of, words_shown
from tapeviz.render.html import minimap
from tapeviz.render.html.assets import (
    read_assets,
)
from tapeviz.render.html.code_lines import code_listing, lit_spans, to_utf16
from tapeviz.render.html.page import boxed, document, image, in_script
from tapeviz.render.live import handles
from tapeviz.render.live.templates import packed_number, packed_slots
from tapeviz.render.svg import theme as themes
from tapeviz.render.svg.options import one_of, speed_of, step_of
from tapeviz.trace.codec import pack
from tapeviz.trace.film import MARKS, Film, Frame, Live, LiveQuestion, PredictQuestion
from tapeviz.trace.markup import Element, write

_START = "if(el.querySelector(':scope>img')){start(el,film)%s}"
_NOTHING_ELSE = (
    "default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)


Composition = Callable[[Sequence[Element]], Iterable[Element]]
"""What puts a film together with what is shown beside it."""


def notebook(film: Film, around: Composition = tuple, **start: Any) -> str:
    """The film for a notebook: an animated picture that a script replaces by a player.

    Nothing is fetched, and where scripts do not run the picture plays by itself.
    ``start`` says how the player opens, as in ``payload``.
    """
    theme = theme_of(film)
    colours = "" if theme in themes.colours_of(film.picture) else themes.css(theme)
    return write(around(_boxed(film, start, {}, colours)))


def page(film: Film, around: Composition = tuple, **start: Any) -> str:
    """The film as an HTML document that stands alone and may not fetch anything.

    Its address can say how it opens and follows the reader: ``#step=7&predict``.
    """
    theme = theme_of(film)
    return document(
        film.title,
        around(_boxed(film, start, {"link": True})),
        theme=theme,
        policy=_NOTHING_ELSE,
        bare=theme in themes.colours_of(film.picture),
    )


def _boxed(
    film: Film, start: Mapping[str, Any], more: Mapping[str, Any], colours: str = ""
) -> tuple[Element, ...]:
    """The animated picture of a film, and the script that makes a player of it."""
    large = minimap.is_large(film.picture)
    content = {
        **payload(film, shown=words_shown(film), **start),
        "css": colours + css(large=large) + live_css(film),
        **more,
    }
    data = f"const film={in_script(content)};"
    shown = image(animate(film, PACE), film.alt)
    code = live_script(film) + script(large=large)
    act = _START % (";minimap(el)" if large else "")
    return boxed((shown,), code, data, act)


def payload(  # noqa: PLR0913 - how it opens, by keyword
    film: Film,
    *,
    step: int = 0,
    predict: bool | str = False,
    speed: float = 1.0,
    seed: int = 0,
    shown: Container[str] = (),
) -> dict[str, Any]:
    """The film as the player's script reads it, without its picture.

    ``step``, ``predict`` and ``speed`` say how it opens; ValueError when it has no
    such step or the speed is not above zero. A ``seed`` above 0 draws other numbers
    for it. Texts, ids and phases stand in lists of
    their own, and the frames name them by number. Spans become lines and columns of
    the listing, the columns in UTF-16 units as scripts count. Of captions and formulas
    that are ``shown``, as the picture has them too, nothing is said but that.
    """
    film.validate()
    if not isinstance(predict, bool):
        one_of("way to predict", predict, ("all",))
    step, speed = step_of(step, len(film.frames)), speed_of(speed)
    spans = [lit_spans(film.sources, frame.spans) for frame in film.frames]
    known = {span: i for i, span in enumerate(dict.fromkeys(chain(*spans)))}
    pool = _Pool(shown)
    frames = [
        pool.frame(frame, [known[span] for span in in_frame])
        for frame, in_frame in zip(film.frames, spans, strict=True)
    ]
    opening = {"step": step, "predict": predict, "speed": speed, "seed": seed}
    asks = [*map(pool.ask, film.questions)]
    live = {} if film.live is None else {"live": pool.live(film.live)}
    return {
        **{name: value for name, value in opening.items() if value != _OPENING[name]},
        "title": film.title,
        "theme": theme_of(film),
        "code": code_listing(film.sources),
        "spans": [*map(to_utf16(film.sources), known)],
        "frames": frames,
        "asks": asks,
        **live,
        "table": {"heads": film.table.heads, "rows": film.table.rows},
        "texts": [*pool.texts],
        "ids": [*pool.ids],
        "phases": [*pool.phases],
        "keys": key_steps(film),
    }


_OPENING = {"step": 0, "predict": False, "speed": 1.0, "seed": 0}
"""How a film opens if nothing is said."""


class _Pool:
    """Texts, ids and phases that many frames share, written once, named by number."""

    def __init__(self, shown: Container[str]) -> None:
        self.shown = shown
        self.texts: dict[str, int] = {"": 0}
        self.ids: dict[str, int] = {"": 0}
        self.phases: dict[str, int] = {"": 0}

    def frame(self, frame: Frame, spans: list[int]) -> list[Any]:
        """A frame as a list; what is empty at its end is left out."""
        marks = [
            n
            for id, mark in frame.marks.items()
            for n in (_number(self.ids, id), MARKS.index(mark))
        ]
        cells: list[Any] = [
            0 if frame.caption in self.shown else frame.caption,
            -1 if frame.formula in self.shown else _number(self.texts, frame.formula),
            marks,
            spans,
            frame.row + 1,
            _number(self.ids, frame.topic),
            _number(self.phases, frame.phase),
            _number(self.texts, frame.check),
            [(t.first, t.last, t.step) for t in frame.terms],
        ]
        while len(cells) > 1 and not cells[-1]:
            cells.pop()
        return cells

    def ask(self, ask: PredictQuestion) -> list[Any]:
        """A question as a list."""
        return [
            ask.step,
            ask.question,
            [*map(_plain, ask.answer)],
            [_number(self.texts, hint) for hint in ask.hints],
            [
                [_number(self.texts, mistake.text), *map(_plain, mistake.answer)]
                for mistake in ask.mistakes
            ],
            ask.shape + 2 * ask.early,
            _number(self.ids, ask.where),
        ]

    def live(self, live: Live) -> dict[str, Any]:
        """What follows other numbers; 0 stands for a text that does not change."""
        if live.program is None:
            return {"why": live.why}
        return {
            "program": pack(live.program),
            "slots": packed_slots(live.slots, partial(_number, self.texts)),
            "texts": live.texts,
            "sums": live.sums,
            "frames": [*map(_templates, live.frames)],
            "rows": [*map(_templates, live.rows)],
            "asks": [*map(self.live_ask, live.questions)],
            "slope": handles.shows_slope(live.program),
        }

    def live_ask(self, ask: LiveQuestion) -> list[Any]:
        """A question's templates as a list."""
        return [
            ask.question or 0,
            packed_number(ask.answer),
            _templates(ask.hints),
            [
                [packed_number(answer), _number(self.texts, text)]
                for answer, text in ask.mistakes
            ],
        ]


def _templates(texts: Sequence[str]) -> list[str | int] | int:
    """Templates as a list that ends with the last one; 0 where there is none."""
    found: list[str | int] = [text or 0 for text in texts]
    while found and not found[-1]:
        found.pop()
    return found or 0


def _number(known: dict[str, int], text: str) -> int:
    return known.setdefault(text, len(known))


def _plain(number: float) -> float | int:
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


_EXACT = 2**53


@cache
def module() -> str:
    """The player as an ES module whose default is a widget."""
    live = handles.script_for_any() + read_assets(*_LIVE)
    return live + script(large=True) + read_assets("film/widget.js")


def live_script(film: Film) -> str:
    """The scripts that compute and show other numbers, if the film has a program."""
    program = film.live.program if film.live else None
    return handles.script(program) + read_assets(*_LIVE) if program else ""


_LIVE = ("live/templates.js", "film/templates.js")


def live_css(film: Film | None = None) -> str:
    """The styles of what changes numbers, if the film has a program; or any film's."""
    if film is None:
        return handles.css_for_any()
    program = film.live.program if film.live else None
    return handles.css(program) if program else ""


@cache
def script(*, large: bool = False) -> str:
    """The player as statements for a classic script.

    The overview is part of it where the picture is large.
    """
    more = [minimap.SCRIPT] if large else []
    parts = ("html/numeral.js", "film/questions.js", "film/player.js")
    return read_assets("html/elements.js", "html/page.js", *more, *parts)


@cache
def css(*, large: bool = False) -> str:
    """The player's styles and fonts."""
    more = [minimap.STYLE] if large else []
    styles = read_assets("html/page.css", "film/player.css", *more)
    return themes.fonts(".tapeviz-film") + styles
