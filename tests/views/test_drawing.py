"""What the learner gets in hand shows itself, saves itself, and says what is wrong."""

from __future__ import annotations

import errno
import io
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

import tapeviz as tf
from tapeviz import descent, draw, explain, play, why
from tapeviz.errors import LayoutError, SaveError
from tapeviz.render.graph import layout
from tapeviz.trace.film import Film
from tapeviz.trace.graph import Graph
from tapeviz.views.drawing import MOST, ComparedDrawing, Drawing
from tapeviz.views.player import Player
from tests.pages import script_data, scripts


def recorded() -> tuple[tf.GradientTape, tf.Tensor, tf.Variable]:
    """Listing 10.2."""
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1
    return tape, y, x


def walk(steps: int = 10) -> object:
    """Listing 10.6, recorded."""
    x = tf.Variable(2.0)
    with descent(x) as run:
        for _ in range(steps):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            x.assign_sub(0.1 * tape.gradient(loss, x))
    return run


def test_a_drawing_names_what_the_learner_named() -> None:
    tape, y, x = recorded()
    tape.gradient(y, x)
    nodes = {n.name: n for n in draw(tape).graph.nodes if n.name}
    assert set(nodes) == {"x", "y"}
    assert nodes["x"].gradient is not None
    assert nodes["x"].gradient.entry == 8.0
    assert nodes["y"].target
    assert nodes["x"].source


def test_before_a_gradient_is_asked_for_none_is_shown() -> None:
    tape, _y, _x = recorded()
    assert {n.grad for n in draw(tape).graph.nodes} == {"pending"}


def test_a_used_up_tape_still_plays_what_it_was_asked() -> None:
    tape, y, x = recorded()
    tape.gradient(y, x)
    assert play(tape).run.results[0].entry == 8.0
    assert play(tape, y, x).run == play(tape).run


def test_an_unread_source_plays_as_none() -> None:
    tape, y, _x = recorded()
    other = tf.Variable(1.0)
    assert play(tape, y, other).run.results == (None,)


@pytest.mark.parametrize("ending", [".png", ".pdf"])
def test_a_drawing_saves_itself_painted(tmp_path: Path, ending: str) -> None:
    first, again = (
        draw(recorded()[0]).save(tmp_path / f"{name}{ending}").read_bytes()
        for name in ("first", "again")
    )
    assert first == again
    assert first.startswith(b"\x89PNG" if ending == ".png" else b"%PDF")


def test_forms_have_options_of_their_own(tmp_path: Path) -> None:
    picture = draw(recorded()[0])
    files = [picture.save(tmp_path / f"{k}.png", scale=k) for k in (1, 3)]
    small, large = (Image.open(io.BytesIO(file.read_bytes())).size for file in files)
    assert large == (3 * small[0], 3 * small[1])
    with pytest.raises(TypeError, match="has no option 'dpi'") as caught:
        picture.save(tmp_path / "x.png", dpi=300)
    assert "what to do: .png takes scale" in str(caught.value)
    with pytest.raises(TypeError, match="what to do: leave it out"):
        picture.save(tmp_path / "x.svg", scale=2)


ENDINGS = (".svg", ".html", ".json", ".dot", ".mmd", ".txt")


def test_an_answer_saves_its_picture(tmp_path: Path) -> None:
    tape, y, x = recorded()
    answer = why(tape, y, x)
    assert answer.save(tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")
    assert answer.save(tmp_path / "why.pdf").read_bytes().startswith(b"%PDF")


def test_pictures_need_no_pyplot() -> None:
    code = (
        "import sys, tapeviz as tf\nwith tf.GradientTape() as tape: pass\n"
        "tf.draw(tape).png()\nprint('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_drawing_saves_itself(tmp_path: Path, ending: str) -> None:
    tape, _y, _x = recorded()
    file = draw(tape).save(tmp_path / f"picture{ending}")
    text = file.read_text("utf-8")
    assert "x" in text
    if ending == ".svg":
        assert ET.fromstring(text).tag.endswith("svg")  # noqa: S314 - our own
    if ending == ".json":
        assert Graph.from_json(text).nodes


@pytest.mark.parametrize("ending", [".svg", ".html", ".json", ".txt"])
def test_a_film_saves_itself(tmp_path: Path, ending: str) -> None:
    tape, y, x = recorded()
    file = play(tape, y, x).save(tmp_path / f"film{ending}")
    text = file.read_text("utf-8")
    assert "2 + 6 = 8" in text
    if ending == ".json":
        assert Film.from_json(text).frames


def test_two_tapes_are_compared() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as before:
        y = x**2
    with tf.GradientTape() as after:
        y = x**2 + 1
    both = draw(before, after)
    assert isinstance(both, ComparedDrawing)
    assert [row[0] for row in both.changes.rows] == ["+ new", "+ new"]
    assert "new" in both.svg
    assert str(both).startswith("From the first tape to the second: 2 new.")
    assert both.text == str(both)
    assert repr(both) == "<picture of two tapes: 2 differences>"
    assert y is not None


def test_the_same_tape_gives_the_same_bytes() -> None:
    first, second = (play(*recorded())._repr_mimebundle_() for _ in range(2))
    assert first == second


FIRST = """
import tapeviz as tf
from tapeviz import draw

pictures = []
for _ in range(2):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2*x - 1
        z = [1.0] * y / x
    pictures.append(draw(tape).graph.to_json())
print(pictures[0] == pictures[1], '"x**2"' in pictures[0])
"""


def test_the_first_tape_of_a_session_is_drawn_like_any_other(tmp_path: Path) -> None:
    script = tmp_path / "first.py"
    script.write_text(FIRST, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True"]


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    tape, _y, _x = recorded()
    with pytest.raises(ValueError, match="what to do: end the file's name with one of"):
        draw(tape).save(tmp_path / "picture.xyz")
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    tape, _y, _x = recorded()
    with pytest.raises(SaveError, match="could not be written") as caught:
        draw(tape).save(tmp_path / "no such folder" / "picture.svg")
    assert isinstance(caught.value, OSError)
    assert "what to do: choose a folder that exists" in str(caught.value)


@pytest.fixture
def nothing_lays_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_candidates", lambda: iter(()))
    monkeypatch.setattr(layout, "find_spec", lambda _name: None)


@pytest.mark.usefixtures("nothing_lays_out")
def test_without_a_layout_engine_there_is_the_text_and_what_to_do() -> None:
    tape, y, x = recorded()
    for shown in (draw(tape), play(tape, y, x)):
        bundle = shown._repr_mimebundle_()
        assert list(bundle) == ["text/plain"]
        assert bundle["text/plain"].count("pip install graphviz-pure") == 1
    assert "x**2" in str(draw(tape))
    with pytest.raises(LayoutError, match="pip install graphviz-pure"):
        _ = draw(tape).svg


@pytest.mark.usefixtures("nothing_lays_out")
def test_without_a_layout_engine_a_descent_still_plays(tmp_path: Path) -> None:
    film = play(walk())  # type: ignore[arg-type]
    assert film.save(tmp_path / "run.html").stat().st_size > 10_000


def test_a_bare_tape_shows_its_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    tape, y, x = recorded()
    cell = ModuleType("__main__")
    vars(cell).update(first=x, last=y)
    monkeypatch.setitem(sys.modules, "__main__", cell)
    shown = tape._repr_mimebundle_()  # type: ignore[attr-defined]
    assert "<img src=" in shown["text/html"]
    assert "first" in shown["text/html"]
    (script,) = scripts(shown["text/html"])
    assert "whatIf" in script, "its numbers can be changed"


def test_a_player_opens_at_its_step() -> None:
    tape, y, x = recorded()
    body = play(tape, y, x, step=7)._repr_mimebundle_()["text/html"]
    assert script_data(body, "film")["step"] == 7


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda _t, y, _x: draw(y), "not a tape"),
        (lambda t, _y, _x: play(t), "was not told what to differentiate"),
        (lambda t, _y, x: play(t, 3.0, x), "the target 3.0 is not a tensor"),
        (lambda t, y, _x: play(t, y, "x"), "the source 'x' is not a tensor"),
        (lambda _t, y, _x: descent(y), "descent() records variables"),
        (lambda _t, _y, x: tf.explore(3.0, x), "wants a function and the variable"),
    ],
)
def test_what_is_no_tape_or_tensor_is_refused(call: object, words: str) -> None:
    with pytest.raises(TypeError) as caught:
        call(*recorded())  # type: ignore[operator]
    message = str(caught.value)
    assert words in message
    assert "where: line" in message
    assert "what to do:" in message


def test_a_run_is_the_chapters() -> None:
    run = walk()
    data = run.data  # type: ignore[attr-defined]
    points = [round(float(u.to[0].entry), 4) for u in data.updates]
    losses = [round(float(u.loss.entry), 4) for u in data.updates]
    assert points[:3] == [2.6, 3.08, 3.464]
    assert (points[-1], losses[0], losses[-1]) == (4.6779, 9.0, 0.1621)
    assert {u.rate for u in data.updates} == {0.1}
    assert data.names == ("x",)
    valley = min(zip(data.landscape.losses[0], data.landscape.xs, strict=True))
    assert valley[1] == pytest.approx(5.0, abs=0.05)


def test_a_plot_is_a_figure_that_says_what_it_shows() -> None:
    figure = walk().plot()  # type: ignore[attr-defined]
    assert len(figure.axes) == 2
    bundle = figure._repr_mimebundle_()
    assert "from 9 to 0.1621" in bundle["text/plain"]
    assert 'alt="' in bundle["text/html"]


def test_a_run_without_updates_is_an_empty_run() -> None:
    run = walk(0)
    assert len(run) == 0  # type: ignore[arg-type]
    assert json.loads(run.data.to_json())["updates"] == []  # type: ignore[attr-defined]


def test_what_is_shown_says_what_it_is() -> None:
    tape, y, x = recorded()
    assert (
        repr(Drawing(draw(tape).graph)) == "<picture of a tape: 4 operations, 8 nodes>"
    )
    assert isinstance(play(tape, y, x), Player)
    assert repr(walk()) == "<a descent of 10 updates: run.plot(), play(run)>"


def every_view() -> list[Any]:
    """What a learner gets in hand, one of each kind."""
    tape, y, x = recorded()
    tape.gradient(y, x)
    run: Any = walk()
    return [
        *(draw(tape), play(tape, y, x), why(tape, y, x), explain(tape, y, x)),
        *(draw(tape, tape), draw(tape, memory=True), run, run[3], play(run)),
    ]


def test_every_view_gives_its_html_to_whoever_asks_for_it() -> None:
    for view in every_view():
        html = view._repr_html_()
        assert html == view._repr_mimebundle_()["text/html"]
        assert html.startswith("<")
        assert "\n" not in html  # marimo takes the spaces off each line


def test_every_view_shows_itself_in_the_middle_of_a_cell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[object] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    views = [*every_view(), walk().plot()]  # type: ignore[attr-defined]
    assert [view.show() for view in views] == [None] * len(views)
    assert shown == views


def test_without_ipython_a_view_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", None)
    picture = draw(recorded()[0])
    picture.show()
    assert capsys.readouterr().out == f"{picture}\n"


def test_where_only_text_is_shown_there_is_the_table() -> None:
    tape, y, x = recorded()
    for view in (draw(tape), play(tape, y, x), play(walk())):  # type: ignore[arg-type]
        said = view._repr_mimebundle_()["text/plain"]
        assert said == f"{view!r}\n{view}"


def test_where_only_text_is_shown_a_long_table_is_cut() -> None:
    run = play(walk(200))  # type: ignore[arg-type]
    lines = run._repr_mimebundle_()["text/plain"].splitlines()
    whole = str(run).splitlines()
    assert lines[1:-1] == whole[:MOST]
    assert lines[-1] == f"... {len(whole) - MOST} more lines: print it"


@pytest.mark.usefixtures("nothing_lays_out")
def test_without_a_layout_engine_html_is_the_text() -> None:
    html = draw(recorded()[0]).html
    assert html.startswith("<pre>")
    assert "pip install graphviz-pure" in html


def test_a_full_disk_is_called_so_and_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape, _y, _x = recorded()
    picture, path = draw(tape), tmp_path / "picture.svg"
    picture.save(path)
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(SaveError, match=r"No space left(.|\n)*free some space"):
        picture.save(path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["picture.svg"]
