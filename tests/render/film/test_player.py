"""The film as HTML: one small text that holds all it needs and runs nothing foreign."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from tapeviz.render.film import player
from tapeviz.render.film.backward import backward_film
from tapeviz.trace.film import MARKS, Film, Frame, Table, Term
from tapeviz.trace.graph import Source, Span
from tapeviz.trace.markup import parse
from tests import samples
from tests.pages import script_data, scripts
from tests.render.film.test_backward import hostile

BUDGET = 46_000


@pytest.fixture(scope="module")
def film() -> Film:
    return backward_film(samples.backward_102())


class _Page(HTMLParser):
    """The tags and attributes of a page, and the text of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))


def unfolded(
    data: dict[str, Any], cells: list[Any], shown: ET.Element | None = None
) -> Frame:
    """A frame as the player reads it, but for the code that is lit."""
    empty: list[Any] = ["", 0, [], [], 0, 0, 0, 0, []]
    whole = [*cells, *empty[len(cells) :]]
    caption, formula, changes, _, row, topic, phase, check, terms = whole
    if caption == 0 and shown is not None:
        lines = [shown.text, *(el.text for el in shown if not el.get("class"))]
        caption = " ".join(map(str, lines))
        formula = data["texts"][formula] if formula >= 0 else shown[-1].text
    ids = [data["ids"][n] for n in changes[::2]]
    return Frame(
        caption,
        dict(zip(ids, (MARKS[n] for n in changes[1::2]), strict=True)),
        formula if isinstance(formula, str) else data["texts"][formula],
        row - 1,
        phase=data["phases"][phase],
        topic=data["ids"][topic],
        check=data["texts"][check],
        terms=tuple(Term(*term) for term in terms),
    )


def picture(text: str) -> ET.Element:
    """The animated picture in a page."""
    source = next(a["src"] for tag, a in _Page(text).tags if tag == "img") or ""
    kind, _, data = source.partition(",")
    assert kind == "data:image/svg+xml"
    return ET.fromstring(unquote(data))  # noqa: S314 - our own


def test_listing_102_is_light(film: Film) -> None:
    assert len(player.notebook(film).encode()) <= BUDGET


def test_a_notebook_holds_an_image_and_a_script(film: Film) -> None:
    text = player.notebook(film)
    assert [tag for tag, _ in _Page(text).tags] == ["div", "img", "script"]
    assert re.match(r'<div id="(tapeviz-[0-9a-f]{12})"><img src="data:', text)
    assert dict(_Page(text).tags[1][1])["alt"] == film.alt
    assert text.endswith("</script>")


def test_the_picture_is_there_once_and_as_it_was_drawn(film: Film) -> None:
    text = player.notebook(film)
    assert "svg" not in script_data(text, "film")
    drawn = ET.fromstring(film.svg)  # noqa: S314 - our own
    ids = [el.get("id") for el in drawn.iter() if el.get("id")]
    inner = picture(text).find(".//{http://www.w3.org/2000/svg}svg")
    assert inner is not None
    assert [el.get("id") for el in inner.iter() if el.get("id")] == ids


@pytest.mark.parametrize("form", [player.notebook, player.page])
def test_nothing_is_fetched(film: Film, form: Any) -> None:
    text = "".join([form(film), *scripts(form(film))])
    addresses = set(re.findall(r"[a-z]+://[^\s\"'<)\\]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(import\s*\(|fetch\(|XMLHttpRequest|@import|url\()", text)
    assert not re.search(r"\beval\(|\bFunction\(", text)


def test_the_script_is_told_every_frame(film: Film) -> None:
    data = script_data(player.notebook(film, step=3), "film")
    assert data["step"] == 3
    svg = "{http://www.w3.org/2000/svg}"
    shown = picture(player.notebook(film)).findall(f"{svg}g[@class='tv-words']/*")
    assert [cells[0] for cells in data["frames"]] == [0] * len(film.frames)
    frames = [*map(partial(unfolded, data), data["frames"], shown)]
    assert frames == [replace(f, spans=()) for f in film.frames]
    places = [data["spans"][n] for n in data["frames"][3][3]]
    line = film.sources[0].lines[2]
    assert [line[a:b] for n, a, b in places if n == 2] == ["2*x"]


@pytest.mark.parametrize("step", [-1, 21, 999])
def test_a_step_outside_the_film_is_refused(film: Film, step: int) -> None:
    with pytest.raises(
        ValueError, match=f"step {step} is not in this film: .* 0 to 20"
    ):
        player.notebook(film, step=step)


@pytest.mark.parametrize("form", [player.notebook, player.page])
def test_hostile_text_is_data(form: Any) -> None:
    film = backward_film(hostile())
    film = replace(film, title="</title><script>1</script>", alt='"><script>2</script>')
    page = _Page(form(film))
    names = [tag for tag, _ in page.tags]
    assert (names.count("script"), names.count("img")) == (1, 1)
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)
    code = script_data(form(film), "film")["code"]
    assert code[0]["lines"][0] == film.sources[0].lines[0]


def test_columns_are_counted_as_scripts_count() -> None:
    line = "\U0001f600\U0001f600 = x"
    span = Span("f", 1, 5, 1, 6, "x")
    film = Film(
        *("t", "a", parse('<svg viewBox="0 0 9 9"/>')),
        (Frame("c.", {}, spans=(span,)),),
        (Source("f", 1, (line,)),),
        Table((), ()),
    )
    assert line[5:6] == "x"
    assert player.payload(film)["spans"] == [(0, 7, 8)]


def test_ids_are_made_of_the_content(film: Film) -> None:
    ids = {player.notebook(f)[:32] for f in (film, film, replace(film, title="other"))}
    assert len(ids) == 2
    assert player.notebook(film) == player.notebook(film)


def test_the_number_of_the_cell_does_not_matter(film: Film) -> None:
    """In another run of the notebook the same code gives the same output."""

    def told_by(cell: str) -> str:
        sources = tuple(replace(s, name=cell) for s in film.sources)
        frames = tuple(
            replace(f, spans=tuple(replace(s, file=cell) for s in f.spans))
            for f in film.frames
        )
        return player.notebook(replace(film, sources=sources, frames=frames))

    assert len(film.sources) == 1
    assert told_by("In [3]") == told_by("In [4]")


def test_a_page_allows_nothing_from_outside(film: Film) -> None:
    page = _Page(player.page(film))
    rules = [a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a]
    assert rules
    assert "default-src 'none'" in str(rules[0])
    assert player.page(film).startswith("<!doctype html>")


def test_the_lean_script_is_a_script(tmp_path: Path) -> None:
    assert len(player.script()) < 18_900
    assert not re.search(r"^\s*//", player.script(), re.MULTILINE)
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to check the script's syntax with; the browser does")
    file = tmp_path / "player.js"
    file.write_text(player.script())
    subprocess.run([node, "--check", str(file)], check=True)
