"""The film of a descent: the numbers of section 10.6, and marks that can be shown."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

import tapeviz as tf
from tapeviz.render.descent.animation import descent_film
from tapeviz.render.descent.panels import MOST
from tapeviz.render.descent.words import assignment
from tapeviz.render.film.player import notebook
from tapeviz.render.film.svg import animate, frame_svg
from tapeviz.render.svg.standalone import written_out
from tapeviz.trace.descent import Descent, Update
from tapeviz.trace.film import Film
from tapeviz.trace.value import Summary, Value
from tests.render.descents import arrays, parabola, ravine, value

# The chapter's ten printed lines: the new x and the loss before it moved.
PRINTED = (
    ("2.6000", "9.0000"), ("3.0800", "5.7600"), ("3.4640", "3.6864"),
    ("3.7712", "2.3593"), ("4.0170", "1.5099"), ("4.2136", "0.9664"),
    ("4.3709", "0.6185"), ("4.4967", "0.3958"), ("4.5973", "0.2533"),
    ("4.6779", "0.1621"),
)  # fmt: skip


@pytest.fixture(scope="module")
def film() -> Film:
    return descent_film(parabola())


def test_table_holds_the_printed_lines(film: Film) -> None:
    assert film.table.heads == ("step", "x", "loss", "gradient", "update", "new x")
    seen = [(f"{float(r[5]):.4f}", f"{float(r[2]):.4f}") for r in film.table.rows]
    assert seen == list(PRINTED)
    assert [row[0] for row in film.table.rows] == [*map(str, range(10))]


def test_update_has_its_numbers_plugged_in(film: Film) -> None:
    assert film.frames[2].formula == "x := 2 - 0.1 * (-6) = 2.6"
    assert film.frames[5].formula == "x := 2.6 - 0.1 * (-4.8) = 3.08"


def test_three_frames_for_each_update(film: Film) -> None:
    assert len(film.frames) == 31
    assert [frame.row for frame in film.frames] == [0] + [
        row for row in range(10) for _ in range(3)
    ]
    assert {frame.phase for frame in film.frames} == {"descent"}


def test_slope_update_and_loss_come_one_after_another(film: Film) -> None:
    states = [film.state(step) for step in range(5)]
    assert states[0] == {"p0": "hot", "l0": "hot"}
    assert states[1]["t0"] == "hot"
    assert "a0" not in states[1]
    assert states[2]["a0"] == "hot"
    assert "p1" not in states[2]
    assert (states[3]["p1"], states[3]["l1"]) == ("hot", "hot")
    assert "t0" not in states[3]


def test_the_end_shows_the_whole_path(film: Film) -> None:
    shown = film.state(30)
    for i in range(10):
        assert shown[f"a{i}"] == "done"
        assert shown[f"l{i}"]
        assert shown[f"p{i}"]
    assert shown["p10"] == "hot"
    assert film.frames[-1].caption == "The run ends at x = 4.6779, after 10 updates."


def test_what_is_revealed_is_hidden_before(film: Film) -> None:
    late = set(re.findall(r'class="tv-late [^"]*"[^>]*\sid="([^"]+)"', film.svg)) | set(
        re.findall(r'\sid="([^"]+)"[^>]*class="tv-late ', film.svg)
    )
    assert {"p1", "p10", "a0", "t0", "l1"} <= late
    assert not {"p0", "l0"} & late


def test_captions_are_sentences(film: Film) -> None:
    for frame in film.frames:
        assert re.fullmatch(r"[A-Z].*\.", frame.caption)
    assert film.frames[3].caption == "At x = 2.6 the loss falls from 9 to 5.76."
    assert "the gradient is -6" in film.frames[1].caption


def test_picture_is_small_and_stands_alone(film: Film) -> None:
    assert len(film.to_json()) < 30_000
    assert len(notebook(film)) < 55_000
    root = ET.fromstring(film.svg)  # noqa: S314 - our own
    assert root.get("viewBox")
    assert root.get("aria-label") == film.alt
    assert "url(" not in film.svg
    assert "href" not in film.svg
    assert "metadata" not in film.svg


def test_every_colour_follows_the_page(film: Film) -> None:
    body = film.svg[film.svg.index("</style>") :]
    assert not re.findall(r"#[0-9a-f]{6}", body)
    assert "var(--tv-variable)" in film.svg
    assert "prefers-color-scheme:dark" in film.svg


def test_the_same_bytes_every_time(film: Film) -> None:
    assert descent_film(parabola()).to_json() == film.to_json()


def test_film_survives_json_and_becomes_an_animation(film: Film) -> None:
    assert Film.from_json(film.to_json()) == film
    ET.fromstring(animate(film).write())  # noqa: S314 - our own


def test_a_theme_of_ones_own() -> None:
    dark = descent_film(parabola(), theme="dark").svg
    assert 'class="tv-dark ' in dark
    assert "#15181c" in dark
    with pytest.raises(ValueError, match="choose one of"):
        descent_film(parabola(), theme="pink")


def test_a_loss_with_a_name_of_its_own_is_called_by_it() -> None:
    film = descent_film(replace(parabola(), loss_name="y"))
    said = [frame.caption for frame in film.frames[:4]]
    assert said[0] == "It starts at x = 2, where y is 9."
    assert said[1].endswith("so y falls as x grows.")
    assert said[3] == "At x = 2.6 y falls from 9 to 5.76."


def test_two_numbers() -> None:
    film = descent_film(ravine())
    assert film.frames[2].formula == (
        "x := -4 - 0.1 * (-4) = -3.6; y := 2 - 0.1 * 16 = 0.4"
    )
    assert film.table.rows[0] == (
        *("0", "-4", "2", "24", "-4, 16", "0.4, -1.6", "-3.6", "0.4"),
    )
    assert film.state(2)["a0"] == "hot"


def test_arrays_are_named_where_they_are_large() -> None:
    film = descent_film(arrays(shapes=((3,), (5,))))
    assert film.frames[2].formula == (
        "w := [1, 2, 3] - 0.2 * [1, 2, 3] = [0.8, 1.6, 2.4]; b := b - 0.2 * gradient"
    )
    assert film.state(4).get("t0", "") == ""


def test_many_numbers_are_a_path_in_two_directions_of_theirs() -> None:
    run = arrays(shapes=((3,), (2, 2)))
    film = descent_film(run)
    for id in ("p6", "a5", "t5", "l5"):
        assert f' id="{id}"' in film.svg
    assert "two directions hold all of the movement" in film.alt
    assert film.state(2)["a0"] == "hot"
    chosen = descent_film(run, directions=(0, 6))
    share = (1 + 16) / (1 + 4 + 9 + 1 + 4 + 9 + 16)
    said = f"w[0] and b[3]: its two directions hold {100 * share:.0f} %"
    assert said in chosen.alt
    assert ">b[3]<" in chosen.svg


def test_arrays_too_large_for_a_path_show_how_long_they_are() -> None:
    big = Value("float32", (100,), None, Summary(0, 1, 2, 0, (), norm=3.0))
    update = Update(0, (big,), value(1.0), (big,), (big,), (big,), 0.1)
    film = descent_film(Descent(("w",), (update,)))
    assert film.state(3)["t0"] == "done"
    assert "more than 64 numbers: lengths only" in film.svg


def test_moves_without_a_rate_are_added() -> None:
    up, down = (
        Update(0, (value(2),), None, (value(-6),), (value(m),), (value(2 + m),))
        for m in (0.5, -0.5)
    )
    assert assignment("x", up, 0) == "x := 2 + 0.5 = 2.5"
    assert assignment("x", down, 0) == "x := 2 - 0.5 = 1.5"


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_momentum_by_hand_is_not_told_as_the_gradient_alone(share: float) -> None:
    """The move of one number is a multiple of its gradient, whatever it comes from."""
    x, speed = tf.Variable(2.0), 0.0
    with tf.descent(x) as run:
        for _ in range(4):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            speed = share * speed - 0.125 * float(tape.gradient(loss, x))
            x.assign_add(speed)
    frames = descent_film(run.data).frames
    moves = [f for f in frames if f.formula.startswith("x := ")]
    assert ["minus the learning rate" in f.caption for f in moves] == [True] + 3 * [
        False
    ]
    assert moves[0].formula == "x := 2 - 0.125 * (-6) = 2.75"
    second = 0.75 * share + 0.125 * 4.5
    assert moves[1].formula == f"x := 2.75 + {second:.5g} = {2.75 + second:.5g}"


def test_long_runs_tell_a_spread() -> None:
    film = descent_film(parabola(0.001, 3000))
    assert len(film.table.rows) <= MOST
    assert film.table.rows[-1][0] == "2999"
    assert any("updates later, step" in frame.caption for frame in film.frames)


def test_no_update_is_one_clear_frame() -> None:
    film = descent_film(Descent(("x",), ()))
    assert len(film.frames) == 1
    assert film.frames[0].caption.startswith("No update was recorded")


def test_a_run_into_infinity_ends_where_numbers_end() -> None:
    film = descent_film(parabola(3.0, 60))
    assert len(film.frames) < 3 * 40
    assert film.frames[-1].caption == "The run ends at x = nan, after 60 updates."
    assert "rises from" in film.frames[3].caption


def test_a_change_within_rounding_is_no_fall_and_no_rise() -> None:
    """In lesson 10.10 a loss "rises from 0.10463296 to 0.104633", a float32 apart."""
    x = tf.Variable(1.0)
    with tf.descent(x) as run:
        for wanted in (0.10463296, 0.104633, 0.1046, 0.1045):
            with tf.GradientTape() as tape:
                loss = x * wanted
            tape.gradient(loss, x)
            x.assign_sub(0.0)
    captions = [frame.caption for frame in tf.play(run).film.frames]
    said = [caption for caption in captions if caption.startswith("At ")]
    assert said == [
        "At x = 1 the loss is 0.1046.",
        "At x = 1 the loss falls from 0.10463 to 0.1046.",
        "At x = 1 the loss falls from 0.1046 to 0.1045.",
    ]


@pytest.mark.parametrize(
    "run",
    [
        parabola(steps=1),
        parabola(rate=0.0),
        parabola(start=5.0),
        parabola(start=math.nan),
        parabola(land=False),
        ravine(0.4, 60),
        arrays(1),
        Descent(
            ("x",), (Update(0, (value(1),), None, (None,), (value(0),), (value(1),)),)
        ),
        replace(parabola(), names=("</script><b>&'\"",), loss_name="\x00\n<i>"),
        replace(ravine(), names=("\u05d0", "y" * 900)),
    ],
)
def test_nothing_odd_breaks_a_film(run: Descent) -> None:
    film = descent_film(run)
    ET.fromstring(film.svg)  # noqa: S314 - our own
    assert "<b>" not in film.svg
    assert film.frames[-1].caption.endswith(".")


def test_a_finished_update_is_drawn_paler_in_the_picture_of_a_step(film: Film) -> None:
    """In the page it is; the marks of a step are classes there, and variables here."""
    for step in (5, 11):
        root = written_out(frame_svg(film, step))
        marks = film.state(step)
        for id in (id for id in film.state(step) if id.startswith("a")):
            (group,) = root.findall(f".//g[@id='{id}']")
            seen = [
                float(group.get("opacity", 1)) * float(path.get("opacity", 1))
                for path in group
            ]
            assert seen == [0.5 if marks[id] == "done" else 1.0], (step, id)
