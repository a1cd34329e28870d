"""The film of a backward pass: what each frame says and shows, and that it is true."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

import tapeviz as tf
from tapeviz.render.film.backward import backward_film
from tapeviz.render.film.backward_frames import HEADS
from tapeviz.render.film.captions import middle
from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.film import Film
from tapeviz.wording.values import fmt
from tests import samples
from tests.render.programs import passes

RUNS = {
    "listing": samples.backward_102,
    "square": samples.backward_square,
    "layer": samples.backward_layer,
}


@pytest.fixture(scope="module")
def film() -> Film:
    return backward_film(samples.backward_102())


def shown(film: Film, step: int, id: str) -> str:
    """The text of the gradient slot of a node at a step; "" when it is hidden."""
    root = ET.fromstring(film.svg)  # noqa: S314 - our own
    state = film.state(step)
    for el in root.iter():
        slot = el.get("id", "")
        if not re.fullmatch(rf"{id}-(g\d+|grad)", slot):
            continue
        late = "late" in el.get("class", "").split()
        if (state.get(slot, "") in {"on", "hot"}) if late else state.get(slot) != "off":
            return " ".join("".join(el.itertext()).split())
    return ""


@pytest.mark.parametrize("name", RUNS)
def test_every_pass_becomes_a_valid_film(name: str) -> None:
    film = backward_film(RUNS[name]())
    assert film.validate() is film
    ET.fromstring(film.svg)  # noqa: S314 - our own
    assert Film.from_json(film.to_json()) == film


def test_the_phases_follow_one_another(film: Film) -> None:
    phases = [frame.phase for frame in film.frames]
    assert phases == [""] + ["forward"] * 5 + ["backward"] * 15


def test_long_code_keeps_its_parentheses_in_sentences_and_formulas() -> None:
    """Lesson 10.10 cut code within parentheses, and set two commas side by side."""
    first_weight = tf.Variable([[1.0, 2.0]])
    second_bias = tf.Variable([1.0])
    points = tf.constant([[1.0]] * 40)
    with tf.GradientTape() as tape:
        hidden = tf.reduce_sum(
            tf.math.tanh(points @ first_weight + points) + second_bias
        )
    film = tf.play(tape, hidden, [first_weight, second_bias]).film
    for frame in film.frames:
        for said in (frame.caption, frame.formula, *frame.terms):
            assert said.count("(") == said.count(")")
            assert ",," not in said
    captions = " ".join(frame.caption for frame in film.frames)
    assert "At tf.math.tanh(...) + second_bias: " in captions
    out = "(points @ self.w2 + self.b2)"
    nested = f"maximum({out}, 0) - labels * {out} + log1p(exp(-abs({out})))"
    assert middle(nested) == "... + log1p(exp(-abs(...)))"
    assert "an array of shape (40, 2), summed over what was stretched" in captions


def test_only_operations_on_the_way_to_the_target_are_counted() -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x**2
        z = x**3 + tf.floor(y)
    films = tf.play(tape, y, x), tf.play(tape, z, x), tf.play(tape, [y, z], x)
    said = [film.film.frames[0].caption.partition(".")[0] for film in films]
    assert said == [
        "The tape recorded 1 operation on the way to y",
        "The tape recorded 4 operations on the way to z",
        "The tape recorded 4 operations on the way to y + z",
    ]
    assert "of y with 1 operation." in films[0].film.alt
    uses = [re.findall(r"used (\d) times", film.film.svg) for film in films]
    assert uses == [[], [], ["2"]], "no gradient comes back through floor"


def test_forward_lights_the_nodes_in_order_with_their_code(film: Film) -> None:
    forward = [f for f in film.frames if f.phase == "forward"]
    hot = [{id for id, mark in f.marks.items() if mark == "hot"} for f in forward]
    assert [min(ids) for ids in [{i for i in h if i[0] == "n"} for h in hot]] == [
        "n0", "n2", "n4", "n5", "n7",
    ]  # fmt: skip
    assert [[s.text for s in f.spans] for f in forward] == [
        [], ["x**2"], ["2*x"], ["x**2 + 2*x"], ["x**2 + 2*x + 1"],
    ]  # fmt: skip
    assert forward[0].caption == "x is a variable. Its value is 3."
    assert forward[2].caption == "2*x gives 6."
    assert forward[2].formula == "2 * x = 2 * 3 = 6"


def test_a_contribution_comes_in_beats(film: Film) -> None:
    arrival, rule, added = film.frames[14:17]
    assert arrival.caption == "At 2*x: the upstream gradient 1 has arrived."
    assert rule.caption == "The derivative of 2*x with respect to x is 2."
    assert (rule.marks["e3"], rule.marks["e3-r"]) == ("hot", "hot")
    assert "e3-c" not in rule.marks
    assert added.caption == (
        "At 2*x: the upstream gradient 1 times the local derivative 2 gives 2; "
        "x has 2 so far, and another path leads to it."
    )
    assert (added.marks["e3-c"], added.marks["n0"]) == ("hot", "hot")
    assert [f.row for f in film.frames[14:17]] == [3, 3, 3]
    assert {s.text for f in film.frames[14:17] for s in f.spans} == {"2*x"}


def test_the_rule_is_shown_in_names_and_in_numbers(film: Film) -> None:
    rule, added = film.frames[18:20]
    assert rule.caption.endswith("is 2 * x, here 6.")
    assert rule.formula == "d(x**2)/dx = 2 * x = 6"
    assert added.formula == "g * 2 * x = 1 * 2 * 3 = 6;  x: 2 + 6 = 8"
    assert added.caption.endswith("x now has 2 + 6 = 8, its whole gradient.")


def test_at_a_fan_out_each_term_stays_visible(film: Film) -> None:
    end = film.state(len(film.frames) - 1)
    assert [end[f"{edge}-c"] for edge in ("e0", "e3")] == ["on", "on"]
    pills = dict(re.findall(r'id="(e\d-c)".*?<text[^>]*>([^<]*)<', film.svg))
    assert (pills["e0-c"], pills["e3-c"]) == ("6", "2")
    slots = [shown(film, step, "n0") for step in (15, 16, 18, 19, 20)]
    assert slots == ["not yet", "2", "2", "2 + 6 = 8", "2 + 6 = 8"]


def test_the_table_tells_every_contribution(film: Film) -> None:
    assert film.table.heads == HEADS
    assert film.table.rows[-2:] == (
        ("16", "2*x", "1", "g * 2", "1 * 2", "2 to x", "2"),
        (
            *("19", "x**2", "1", "g * 2 * x", "1 * 2 * 3"),
            *("6 to x", "2 + 6 = 8"),
        ),
    )
    for n, row in enumerate(film.table.rows):
        assert film.frames[int(row[0])].row == n


def test_the_last_frame_tells_the_gradient(film: Film) -> None:
    last = film.frames[-1]
    assert last.caption == "The gradient of y with respect to x is 8."
    assert last.formula == "dy/dx = 8"
    assert film.alt.endswith(last.caption)
    assert film.state(len(film.frames) - 1)["n0"] == "hot"


@settings(max_examples=30, deadline=None)
@given(passes())
def test_the_film_ends_with_exactly_the_results(run: BackwardPass) -> None:
    film = backward_film(run)
    last = len(film.frames) - 1
    for id, value in zip(run.sources, run.results, strict=True):
        text = shown(film, last, id)
        if value is None:
            assert text == "None"
        else:
            assert text.split(" = ")[-1] == fmt(value)
    for n, row in enumerate(film.table.rows):
        assert {f.row for f in film.frames[int(row[0]) : int(row[0]) + 1]} == {n}
    for frame in film.frames:
        assert re.fullmatch(r"\S.*\.", frame.caption), frame.caption


@settings(max_examples=15, deadline=None)
@given(passes())
def test_going_back_undoes_going_forward(run: BackwardPass) -> None:
    """What the player does: the marks before a frame, kept, and put on again."""
    film = backward_film(run)
    now: dict[str, str] = {}
    undo = []
    for step, frame in enumerate(film.frames):
        undo.append({id: now.get(id, "") for id in frame.marks})
        now |= frame.marks
        assert {id: mark for id, mark in now.items() if mark} == film.state(step)
    for step in range(len(film.frames) - 1, 0, -1):
        now |= undo[step]
        assert {id: mark for id, mark in now.items() if mark} == film.state(step - 1)


def test_a_source_that_nothing_reaches_is_none() -> None:
    run = samples.backward_102()
    graph = run.graph
    lone = replace(graph.nodes[0], id="n8", name="z")
    graph = replace(graph, nodes=(*graph.nodes, lone))
    run = replace(
        run, graph=graph, sources=("n0", "n8", ""), results=(*run.results, None, None)
    )
    film = backward_film(run)
    last = film.frames[-1]
    assert last.caption == (
        "The gradient of y with respect to x is 8. "
        "The gradient of y with respect to z is None: "
        "no gradient flows from y back to z. "
        "The gradient of y with respect to source 3 is None: "
        "the tape never recorded it."
    )
    assert [
        shown(film, s, "n8") for s in (len(film.frames) - 2, len(film.frames) - 1)
    ] == [
        "not yet",
        "None",
    ]


def test_a_pass_without_steps_is_a_film() -> None:
    run = replace(samples.backward_102(), steps=(), results=(None,))
    film = backward_film(run)
    assert film.table.rows == ()
    assert "None" in film.frames[-1].caption


def test_a_zero_does_not_look_like_not_yet() -> None:
    run = samples.backward_102()
    zero = samples.scalar(0.0)
    steps = tuple(
        replace(
            s,
            contributions=tuple(
                replace(c, value=zero, total=zero, last=True) for c in s.contributions
            ),
        )
        for s in run.steps[:1]
    )
    film = backward_film(replace(run, steps=steps, results=(None,)))
    assert 'class="tv-late tv-zero"' in film.svg
    assert shown(film, len(film.frames) - 1, "n5") == "0"
    assert shown(film, len(film.frames) - 2, "n2") == "not yet"
    assert shown(film, len(film.frames) - 1, "n2") == "None"


def test_two_operands_of_one_name_are_told_apart() -> None:
    captions = " ".join(
        f.caption for f in backward_film(samples.backward_square()).frames
    )
    assert "with respect to the first x is x, here 3" in captions
    assert "with respect to the second x is x, here 3" in captions
    assert "x now has 3 + 3 = 6, its whole gradient" in captions


def test_arrays_are_told_by_rule_and_shape() -> None:
    film = backward_film(samples.backward_layer())
    captions = [f.caption for f in film.frames]
    assert "From x @ W to W the rule is T(x) @ g." in captions
    assert any("summed over what was stretched, gives [2, 0, 2]" in c for c in captions)


def hostile() -> BackwardPass:
    """Listing 10.2 with a name that tries to break out of the page."""
    run = samples.backward_102()
    names = dict(zip(("n0", "n2", "n5", "n7"), samples.HOSTILE, strict=False))
    nodes = tuple(replace(n, name=names.get(n.id, n.name)) for n in run.graph.nodes)
    lines = ("x = '</script><img src=x onerror=alert(1)>'", "y" * 10_000, "    z = x")
    source = replace(run.graph.sources[0], lines=lines)
    return replace(run, graph=replace(run.graph, nodes=nodes, sources=(source,)))


def test_hostile_names_stay_text() -> None:
    film = backward_film(hostile())
    root = ET.fromstring(film.svg)  # noqa: S314 - our own
    tags = {el.tag.rpartition("}")[2] for el in root.iter()}
    assert not tags & {"script", "b", "img"}
    assert not any(key.startswith("on") for el in root.iter() for key in el.attrib)


def test_the_same_pass_gives_the_same_bytes() -> None:
    one, two = (backward_film(samples.backward_layer()).to_json() for _ in "ab")
    assert one == two


def test_unknown_looks_are_refused() -> None:
    with pytest.raises(ValueError, match="no theme"):
        backward_film(samples.backward_102(), theme="pink")
    with pytest.raises(ValueError, match="direction"):
        backward_film(samples.backward_102(), direction="up")
