"""The player in hand: its weight, how it opens, and every form it is saved in."""

from __future__ import annotations

import errno
import io
import linecache
import os
import re
import stat
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import tapeviz as tf
from tapeviz import play
from tapeviz.errors import SaveError
from tapeviz.render.film.svg import frame_svg
from tapeviz.views.player import Player
from tests import samples
from tests.pages import script_data


def listing(**options: object) -> Player:
    """The player of listing 10.2."""
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1
    return play(tape, y, x, **options)  # type: ignore[arg-type]


NAMES = (
    "In [3]",
    "In [128]",
    "a_notebook_about_the_backward_pass_of_a_polynomial.py",
)
LISTING = """x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x**2 + 2 * x + 1
player = play(tape, y, x)
"""


@pytest.mark.parametrize("name", NAMES)
def test_the_listing_with_what_if_weighs_sixty_kilobytes(
    name: str, tmp_path: Path
) -> None:
    linecache.cache[name] = (0, None, LISTING.splitlines(keepends=True), name)
    room: dict[str, Any] = {"tf": tf, "play": play}
    exec(compile(LISTING, name, "exec"), room)  # noqa: S102 - it is above
    player = room["player"]
    assert len(player.film.questions) == 9
    assert any(frame.check for frame in player.film.frames)
    shown = player._repr_mimebundle_()["text/html"]
    assert len(shown.encode()) <= 62_000
    assert player.save(tmp_path / "film.html").stat().st_size <= 62_000


def test_a_hundred_operations_weigh_sixty_kilobytes() -> None:
    x = tf.Variable(1.1)
    with tf.GradientTape() as tape:
        y = x * 1.0
        for _ in range(50):
            y = y * 1.01 + 0.1
    player = play(tape, y, x)
    shown = player._repr_mimebundle_()["text/html"]
    assert len(shown.encode()) <= 61_000
    assert any(frame.check for frame in player.film.frames)
    assert player.film.questions


def test_it_opens_where_the_lesson_wants_it() -> None:
    shown = listing(step=7, predict=True, speed=2.0)._repr_mimebundle_()["text/html"]
    payload = script_data(shown, "film")
    assert (payload["step"], payload["predict"], payload["speed"]) == (7, True, 2.0)


def test_a_speed_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="a speed of 0"):
        listing(speed=0)._repr_mimebundle_()


def test_the_widget_opens_there_too() -> None:
    widget = listing(step=7, predict=True, speed=2.0).widget()
    assert (widget.step, widget.predict, widget.speed) == (7, True, 2.0)
    widget.close()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("saved")


def test_a_png_shows_one_step(saved: Path) -> None:
    player = listing()
    one, other = (player.save(saved / f"{n}.png", step=n, scale=1) for n in (3, 16))
    with Image.open(one) as first, Image.open(other) as second:
        assert first.size == second.size
        assert first.tobytes() != second.tobytes()
    with pytest.raises(ValueError, match="its steps are 0 to 20"):
        player.save(saved / "no.png", step=21)


def test_a_gif_has_a_picture_for_every_step(saved: Path) -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    player = play(tape, y, x)
    path = player.save(saved / "square.gif", seconds=1, scale=0.5)
    with Image.open(path) as image:
        assert getattr(image, "n_frames", 0) == len(player.film.frames)
        assert image.info["duration"] == 1000


def test_a_pdf_has_a_page_for_every_step(saved: Path) -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    player = play(tape, y, x)
    text = player.save(saved / "square.pdf").read_bytes()
    assert text.startswith(b"%PDF")
    assert text.count(b"/Type /Page\n") + text.count(b"/Type /Page ") == len(
        player.film.frames
    )


def test_a_path_without_an_ending_becomes_a_folder(saved: Path) -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    player = play(tape, y, x)
    folder = player.save(saved / "slides", scale=0.5)
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == len(player.film.frames)
    assert names[0] == "step-0.png"


def test_without_ffmpeg_it_says_what_to_install(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(saved))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(SaveError, match=r"needs ffmpeg(.|\n)*pip install"):
        listing().save(saved / "film.mp4")


def test_a_movie_is_what_ffmpeg_makes_of_the_steps(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for ffmpeg keeps what it is given, and its orders."""
    program = saved / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport sys\ngiven = sys.stdin.buffer.read()\n"
        "open(sys.argv[-1], 'wb').write(repr(sys.argv).encode() + given)\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    player = play(tape, y, x)
    made = player.save(saved / "film.webm", seconds=0.2, scale=0.5).read_bytes()
    assert made.count(b"\x89PNG") == len(player.film.frames)
    assert b"'-framerate', '5'" in made


def test_what_an_encoder_complains_of_is_said(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops reading at once, as one does that knows no such codec."""
    program = saved / "broken" / "ffmpeg"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho no such codec >&2\nexit 1\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(SaveError, match=r"no such codec(.|\n)*save a \.gif"):
        listing().save(saved / "film.mp4", scale=0.5)


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_a_movie_on_a_full_disk_keeps_the_one_that_was_there(
    saved: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """Full where ffmpeg writes, or only where the movie goes."""
    program = saved / "full" / "ffmpeg"
    program.parent.mkdir(exist_ok=True)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    film, folder = saved / f"film{ending}", saved
    film.write_bytes(b"the good one")
    before = sorted(folder.iterdir())
    copies = f"#!{sys.executable}\nimport sys\nopen(sys.argv[-1], 'w').write('new')\n"
    for script in ("#!/bin/sh\necho No space left >&2\nexit 1\n", copies):
        program.write_text(script)
        program.chmod(program.stat().st_mode | stat.S_IEXEC)
        player = listing()
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", _full)
            with pytest.raises(SaveError, match="No space"):
                player.save(film, scale=0.5)
        assert film.read_bytes() == b"the good one"
        assert sorted(folder.iterdir()) == before


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_step_standing_still_shows_what_the_player_shows() -> None:
    film = listing().film
    svg = frame_svg(film, 19).write()
    said = re.sub(r"(<[^>]*>)+", " ", svg)
    assert "x now has 2 + 6 = 8, its whole gradient." in said
    assert film.frames[18].caption not in said
    assert "@keyframes k" not in svg
    with pytest.raises(ValueError, match="its steps are 0 to 20"):
        frame_svg(film, 21)


class _Tags(HTMLParser):
    found: list[str]

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.found.append(tag)


@pytest.mark.parametrize("name", samples.HOSTILE)
def test_hostile_names_stay_text_in_every_saved_form(saved: Path, name: str) -> None:
    x = tf.Variable(3.0, name=name)
    with tf.GradientTape() as tape:
        y = x * x
    player = play(tape, y, x)
    for ending in (".html", ".svg", ".json", ".txt"):
        text = player.save(saved / f"hostile{ending}").read_text(encoding="utf-8")
        if ending in {".html", ".svg"}:
            tags = _Tags()
            tags.found = []
            tags.feed(text)
            assert tags.found.count("script") == (ending == ".html")
            assert not {"b", "iframe"} & {*tags.found}
            assert tags.found.count("img") == (ending == ".html")
    picture = player.save(saved / "hostile.png", step=1, scale=0.5)
    assert Image.open(io.BytesIO(picture.read_bytes())).size[0] > 100


STEPS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / (b * b + 1.0),
    "sin": lambda a, _b: tf.sin(a),
    "max": tf.maximum,
}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 9), st.integers(0, 9)),
        min_size=1,
        max_size=8,
    )
)
def test_the_last_frame_of_any_program_tells_the_engines_gradients(
    program: list[tuple[str, int, int]],
) -> None:
    x, z = tf.Variable(1.5), tf.Variable(-0.5)
    with tf.GradientTape(persistent=True) as tape:
        values: list[object] = [x, z]
        for op, i, j in program:
            values.append(STEPS[op](values[i % len(values)], values[j % len(values)]))
        y = values[-1]
    film = play(tape, y, [x, z]).film.validate()
    parts = film.frames[-1].formula.split(",  ")
    for part, gradient in zip(parts, tape.gradient(y, [x, z]), strict=True):
        value = part.rpartition(" = ")[2]
        if gradient is None:
            assert value == "None"
        else:
            assert float(value) == pytest.approx(float(gradient), rel=1e-4, abs=1e-6)


def test_its_end_says_what_why_would_say_of_a_gradient_that_is_none() -> None:
    x, w = tf.Variable(3.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x**2
        z = tf.constant(y.numpy()) * w
    ending = play(tape, z, [x, w]).film.frames[-1].caption
    assert "x is None: tf.constant(y.numpy()) copies only the number" in ending


def test_the_result_comes_first() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
    for verb in (tf.play, tf.explain):
        with pytest.raises(ValueError, match=r"the result comes first"):
            verb(tape, x, y)
        verb(tape, x, x)
        verb(tape, [x, y], x)


@pytest.mark.parametrize("verb", ["play", "draw", "explain", "why"])
def test_a_wrong_theme_is_refused_at_once(verb: str) -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    with pytest.raises(ValueError, match="there is no theme 'drak': choose one of"):
        getattr(tf, verb)(tape, y, x, theme="drak")


def test_a_note_on_an_arrow_tells_the_shape_where_a_mean_would_be_cut() -> None:
    h, w = tf.constant([[0.1, -0.7, 0.4]] * 4), tf.Variable(tf.ones((3, 3)))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.relu(h @ w / 7.0) ** 2)
    svg = play(tape, loss, w).film.svg
    notes = re.findall(r'class="tv-note"[^>]*>([^<]*)<', svg)
    assert "\u00d7 (4, 3)" in notes
    assert not [note for note in notes if "mean" in note and "\u2026" in note]


def test_a_seed_is_part_of_how_a_film_opens() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    film = play(tape, y, x, seed=7)
    assert script_data(film.html, "film")["seed"] == 7
    assert "seed" not in script_data(play(tape, y, x).html, "film")
    assert '"seed": 7' in film.widget().film
