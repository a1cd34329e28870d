"""The picture that plays by itself: its keyframes show what the film says."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from tapeviz.render.film.backward import backward_film
from tapeviz.render.film.svg import MOST, animate
from tapeviz.trace.film import Film, Frame, Table
from tapeviz.trace.graph import Source, Span
from tapeviz.trace.markup import parse
from tests import samples
from tests.render.film.test_backward import hostile

SVG = "{http://www.w3.org/2000/svg}"
OPACITY = {"": "1", "on": "1", "hot": "1", "done": "1", "dim": ".25", "off": "0"}


@pytest.fixture(scope="module")
def film() -> Film:
    return backward_film(samples.backward_102())


def moving(film: Film, *seconds: float) -> str:
    return animate(film, *seconds).write()


def looks(svg: str, id: str, step: int, frames: int) -> dict[str, str]:
    """What an element has at rest, and the keyframes change until amid a frame."""
    style = re.findall(r"<style>(.*?)</style>", svg, re.DOTALL)[0]
    at_rest, _, moving = style.partition("no-preference")
    resting = re.search(rf"#{id}(?=[,{{])[^{{}}]*{{([^}}]*)}}", at_rest)
    rule = re.search(rf"#{id}(?=[,{{])[^{{}}]*{{animation-name:([^}}]*)}}", moving)
    found = dict(re.findall(r"([\w-]+):([^;]*)", resting[1] if resting else ""))
    for name in rule[1].split(",") if rule else ():
        track = re.search(rf"@keyframes {name}{{((?:[^{{}}]*{{[^}}]*}})*)}}", moving)
        assert track
        for percent, set_here in re.findall(r"([\d.]+)%{([^}]*)}", track[1]):
            if float(percent) / 100 * frames <= step + 0.5:
                found |= dict(re.findall(r"([\w-]+):([^;]*)", set_here))
    return found


def test_every_frame_shows_the_marks_of_the_film(film: Film) -> None:
    svg, count = moving(film), len(film.frames)
    late = set(re.findall(r'id="([^"]+)" class="tv-late', film.svg))
    ids = {id for frame in film.frames for id in frame.marks}
    assert len(ids) > 20
    for id in ids:
        for step in range(count):
            mark = film.state(step).get(id, "off" if id in late else "")
            look = looks(svg, id, step, count)
            at_first = "0" if id in late else "1"
            assert look.get("opacity", at_first) == OPACITY[mark], (id, step)
            assert (look.get("--h", "initial") == " ") == (mark == "hot"), (id, step)
            assert (look.get("--d", "initial") == " ") == (mark == "done"), (id, step)


def test_every_caption_has_its_turn(film: Film) -> None:
    root = ET.fromstring(moving(film, 2.0))  # noqa: S314
    captions = [*root.iterfind(f"{SVG}g[@class='tv-words']/{SVG}text")]
    assert len(captions) == len(film.frames)
    turns = [int(el.get("style", "").removeprefix("--i:")) for el in captions]
    assert turns == [i - len(captions) for i in range(len(captions))]
    assert "animation-delay:calc(var(--i)*2s)" in moving(film, 2.0)
    words = "".join(" ".join(captions[19].itertext()).split())
    assert film.frames[19].caption.replace(" ", "") in words


def test_without_motion_it_is_the_last_frame(film: Film) -> None:
    style = re.findall(r"<style>(.*?)</style>", moving(film), re.DOTALL)[0]
    at_rest, _, keyframes = style.partition(
        "@media(prefers-reduced-motion:no-preference)"
    )
    assert "animation" not in at_rest
    assert "@keyframes" in keyframes
    rule = next(r for r in re.findall(r"([^{}]*){opacity:0}", at_rest) if "#n0-g1" in r)
    assert "#n0-g2" not in rule
    assert "#n7-grad" in rule


def test_it_holds_no_script_and_asks_for_nothing(film: Film) -> None:
    svg = moving(film)
    names = {el.tag.removeprefix(SVG) for el in ET.fromstring(svg).iter()}  # noqa: S314
    assert names <= {
        *("svg", "style", "rect", "text", "tspan", "g", "path", "title", "desc"),
        *("circle",),
    }
    assert "href" not in svg
    assert "url(" not in svg


def test_the_code_is_lit_where_the_film_lights_it(film: Film) -> None:
    root = ET.fromstring(moving(film))  # noqa: S314
    boxes = [
        el for el in root.iter(f"{SVG}rect") if "tv-lit" in el.get("class", "").split()
    ]
    spans = {s.text for frame in film.frames for s in frame.spans}
    assert len(boxes) == len(spans)
    code = [el for el in root.iter(f"{SVG}text") if "tv-code" in el.get("class", "")]
    cell = float(code[2].get("textLength", "")) / len(code[2].text or "")
    widths = sorted(round((float(b.get("width", "")) - 4) / cell) for b in boxes)
    assert widths == sorted(map(len, spans))


def test_hostile_and_endless_code_stays_text() -> None:
    svg = moving(backward_film(hostile()))
    root = ET.fromstring(svg)  # noqa: S314 - our own
    assert not [el for el in root.iter() if el.tag.endswith(("script", "img"))]
    assert float(root.get("width", "")) < 2000
    assert max(len(el.text or "") for el in root.iter(f"{SVG}text")) < 200


def test_control_characters_do_not_break_it(film: Film) -> None:
    frame = Frame("A \x00 \x1b \ud800 caption.", {})
    ET.fromstring(moving(replace(film, frames=(frame,), questions=())).encode())  # noqa: S314


def test_any_picture_can_be_a_film() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt" '
        'viewBox="0 0 72 36"><g id="point.1"/><g id="p2" class="tv-late x"/></svg>'
    )
    source = Source("f", 1, tuple(f"line {i}" for i in range(40)))
    frames = (
        Frame("One.", {"point.1": "hot"}, spans=(Span("f", 30, 0, 30, 4, "line"),)),
        Frame("Two.", {"point.1": "dim", "p2": "on"}),
    )
    film = Film("t", "a", parse(svg), frames, (source,), Table((), ()))
    text = moving(film)
    root = ET.fromstring(text)  # noqa: S314 - our own
    assert '[id="point.1"]' in text
    assert [el.text for el in root.iter(f"{SVG}text") if el.text][:3] == [
        "t",
        "30",
        "line 29",
    ]
    with pytest.raises(ValueError, match="neither its size nor a viewBox"):
        moving(replace(film, picture=parse('<svg><g id="point.1"/><g id="p2"/></svg>')))


def test_time_must_pass(film: Film) -> None:
    with pytest.raises(ValueError, match="longer than 0 seconds"):
        moving(film, 0)


def test_the_same_film_gives_the_same_bytes(film: Film) -> None:
    assert moving(film) == moving(backward_film(samples.backward_102()))


def test_a_long_film_is_abridged_to_its_end() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g id="a"/></svg>'
    marks = [{"a": ("hot", "dim", "")[i % 3]} for i in range(500)]
    frames = tuple(Frame(f"Step {i}.", m) for i, m in enumerate(marks))
    text = moving(Film("t", "a", parse(svg), frames, (), Table((), ())))
    root = ET.fromstring(text)  # noqa: S314 - our own
    captions = ["".join(el.itertext()) for el in root.iter(f"{SVG}text")][1:]
    assert len(captions) == MOST
    assert (captions[0], captions[-1]) == ("Step 0.", "Step 499.")
    for step, said in enumerate(captions):
        mark = frames[int(said[5:-1])].marks["a"]
        assert looks(text, "a", step, MOST).get("opacity") == OPACITY[mark]
