"""A film's frames speak only of what is in its picture, code and table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from tapeviz.trace.film import MARKS, Film, Frame, Table
from tapeviz.trace.graph import Source, Span
from tapeviz.trace.markup import parse
from tests.trace import strategies

SPAN = Span("In [1]", 1, 0, 1, 5, "x * x")
FIRST = Frame(
    "x is 3.", {"n0": "on", "n1": "off"}, row=0, spans=(SPAN,), phase="forward"
)
NEXT = Frame("y is 9.", {"n1": "hot", "n0": ""}, "y = x * x", row=-1)
SVG = parse(
    '<svg><g id="n0"/><g class="late" id="n1"/>'
    '<text data-id="no">id="quoted"</text></svg>'
)
FILM = Film(
    "10.2",
    "a graph of two nodes",
    SVG,
    (FIRST, NEXT),
    (Source("In [1]", 1, ("x * x",)),),
    Table(("step", "value"), (("0", "3"), ("1", "9"))),
)


def with_frame(**change: object) -> Film:
    return replace(FILM, frames=(FIRST, replace(NEXT, **change)))  # type: ignore[arg-type]


def test_a_sound_film() -> None:
    assert FILM.validate() is FILM
    assert Film.from_json(FILM.to_json()) == FILM


def test_ids_are_the_pictures_own() -> None:
    assert {"n0", "n1"} <= FILM.ids()
    assert "no" not in FILM.ids()


def test_the_state_at_a_step_is_all_that_was_marked_so_far() -> None:
    assert FILM.state(0) == {"n0": "on", "n1": "off"}
    assert FILM.state(1) == {"n1": "hot"}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (replace(FILM, frames=()), "at least one frame"),
        (with_frame(marks={"n7": "on"}), r"frame 1 marks \['n7'\]"),
        (with_frame(marks={"n1": "purple"}), "frame 1 has an unknown mark"),
        (with_frame(row=2), "frame 1 lights row 2 of 2"),
        (with_frame(row=-2), "frame 1 lights row -2 of 2"),
        (
            with_frame(spans=(replace(SPAN, file="In [2]"),)),
            "frame 1 lights code that has no source",
        ),
        (replace(FILM, sources=()), "frame 0 lights code that has no source"),
        (replace(FILM, table=Table(("step",), (("0", "3"),))), "one cell per head"),
        (replace(FILM, picture=parse("<svg/>")), "which the picture has not"),
    ],
)
def test_a_broken_film(broken: Film, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        broken.validate()
    with pytest.raises(ValueError, match=said):
        Film.from_json(broken.to_json())


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
)
@given(strategies.films())
def test_stepping_back_undoes_stepping_forward(film: Film) -> None:
    states = [film.state(i) for i in range(len(film.frames))]
    for i, (now, frame) in enumerate(zip(states[1:], film.frames[1:], strict=True), 1):
        assert now == {k: m for k, m in {**states[i - 1], **frame.marks}.items() if m}
    assert all(set(s.values()) <= set(MARKS) - {""} for s in states)
    assert all(set(s) <= film.ids() for s in states)
