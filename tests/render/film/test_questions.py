"""What is asked before a step, and how wrong answers are told apart."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tapeviz as tf
from tapeviz import play
from tapeviz.render.film.questions import COMMON_MISTAKES, SHAPE_MISTAKES, TOLERANCE
from tapeviz.trace.film import Film, PredictQuestion


def listing() -> Film:
    """The film of listing 10.2."""
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1
    return play(tape, y, x).film


def layer() -> Film:
    """The film of a layer of arrays."""
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    x = tf.constant([[1.0, 2.0, 3.0]])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(x @ w * 2.0)
    return play(tape, y, w).film


def judged(ask: PredictQuestion, typed: float) -> str:
    """What the player says of a typed number: "right", a slip, or nothing."""
    every = [(ask.answer[0], "right"), *((m.answer[0], m.text) for m in ask.mistakes)]
    far = [abs(typed - wanted) / (abs(wanted) + 1e-10) for wanted, _ in every]
    nearest = min(range(len(every)), key=far.__getitem__)
    return every[nearest][1] if far[nearest] < TOLERANCE else ""


def test_every_contribution_is_asked_for_before_its_rule_is_shown() -> None:
    film = listing()
    late = [ask for ask in film.questions if not ask.early]
    assert [ask.step for ask in late] == [7, 10, 12, 15, 18]
    for ask in late:
        assert film.frames[ask.step].caption.startswith("The derivative of ")


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        (6.0, "paths"),
        (14.0, "swapped"),
        (2 + 9 * math.log(3), "argument"),
        (-4, "sign"),
    ],
)
def test_the_usual_mistakes_are_named(typed: float, kind: str) -> None:
    """x**2 at 3 hands 6 to x, beside the 2 that came from 2*x: 8 in all."""
    last = listing().questions[-1]
    assert judged(last, 8.0) == "right"
    assert judged(last, typed) == COMMON_MISTAKES[kind]


def test_forgetting_the_upstream_gradient_is_named() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = tf.sin(x * x) * 5.0
    asks = [a for a in play(tape, y, x).film.questions if not a.early]
    ask = next(a for a in asks if "sin" in a.question)
    assert judged(ask, 5.0) == "right"
    assert judged(ask, math.sin(9)) == COMMON_MISTAKES["argument"]
    into = asks[1]
    assert judged(into, 5 * math.cos(9)) == "right"
    assert judged(into, math.cos(9)) == COMMON_MISTAKES["upstream"]
    assert judged(into, 5.0) == COMMON_MISTAKES["local"]


def test_arrays_are_asked_for_by_shape_or_by_an_entry() -> None:
    asks = [ask for ask in layer().questions if not ask.early]
    shape = next(ask for ask in asks if ask.shape and ask.answer == (3.0, 2.0))
    assert {slip.text for slip in shape.mistakes} == {*SHAPE_MISTAKES.values()}
    entry = next(ask for ask in asks if not ask.shape)
    assert "entry [0, 0] of" in entry.question
    assert entry.answer == (2.0,)


def test_the_last_hint_gives_the_answer_and_those_before_do_not() -> None:
    for ask in (*listing().questions, *layer().questions):
        *most, last = ask.hints
        assert most
        said = str([int(n) for n in ask.answer])[1:-1]
        assert said in last
        assert not any(hint.startswith("It is") for hint in most)


def test_numbers_nobody_can_type_are_not_asked_for() -> None:
    x = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        y = tf.math.log(x)
    assert play(tape, y, x).film.questions == ()


def test_every_value_on_the_way_forward_is_asked_for_early() -> None:
    film = listing()
    early = [ask for ask in film.questions if ask.early]
    assert [ask.step for ask in early] == [2, 3, 4, 5]
    assert [ask.answer for ask in early] == [(9.0,), (6.0,), (15.0,), (16.0,)]
    assert all(film.frames[ask.step].phase == "forward" for ask in early)


@pytest.mark.parametrize(
    ("typed", "kind"),
    [(8.0, "swapped"), (6.0, "product"), (3.0, "alone"), (-9.0, "sign")],
)
def test_the_usual_mistakes_about_a_power_are_named(typed: float, kind: str) -> None:
    """x**2 at 3: 2**3, 3 * 2, one operand, and -(3**2)."""
    square = listing().questions[0]
    assert judged(square, 9.0) == "right"
    assert judged(square, typed) == COMMON_MISTAKES[kind]


def test_hints_about_a_value_name_the_rule_and_then_its_numbers() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        z = x / 4
        y = tf.sin(z)
    one, two = (ask for ask in play(tape, y, x).film.questions if ask.early)
    assert one.hints == ("With numbers: 2 / 4.", "It is 0.5.")
    assert judged(one, 2.0) in {COMMON_MISTAKES["swapped"], COMMON_MISTAKES["alone"]}
    assert two.hints == (
        "The rule is sin(z).",
        "With numbers: sin(0.5).",
        "It is 0.47943.",
    )


def test_the_shape_of_a_matrix_product_is_asked_for_on_the_way_forward() -> None:
    w = tf.Variable([[1.0], [2.0], [3.0]])
    x = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    with tf.GradientTape() as tape:
        y = x @ w
    ask = play(tape, y, w).film.questions[0]
    assert (ask.shape, ask.early, ask.answer) == (True, True, (2.0, 1.0))
    assert [slip.answer for slip in ask.mistakes] == [(1.0, 2.0)]


@settings(max_examples=25, deadline=None)
@given(a=st.integers(-5, 5), b=st.integers(1, 5), c=st.integers(-5, 5))
def test_no_wrong_answer_is_a_right_one(a: int, b: int, c: int) -> None:
    x, z = tf.Variable(float(a)), tf.Variable(float(b))
    with tf.GradientTape() as tape:
        y = x * z + (x - c) / z - z
    for ask in play(tape, y, [x, z]).film.questions:
        assert judged(ask, ask.answer[0]) in {"right", ""}
        for slip in ask.mistakes:
            assert judged(ask, slip.answer[0]) == slip.text


def test_a_total_with_the_wrong_sign_and_a_forgotten_path_are_named() -> None:
    """x**2 + 2 * x + 1 at 3: 2 came first, 8 is the total."""
    last = listing().questions[-1]
    assert judged(last, -8.0) == COMMON_MISTAKES["total sign"]
    assert judged(last, 2.0) == COMMON_MISTAKES["others"]


def test_the_value_of_a_product_is_not_called_another_derivative() -> None:
    """With 2 arriving at 2 * x at 6, 12 is the value and the other derivative, too."""
    x = tf.Variable(6.0)
    with tf.GradientTape() as tape:
        y = (2 * x) * 2
    last = play(tape, y, x).film.questions[-1]
    assert judged(last, 4.0) == "right"
    assert judged(last, 12.0) == COMMON_MISTAKES["value"]


def asks_of(source: float, power: int) -> list[PredictQuestion]:
    """The late questions about ``5 * x**power``."""
    x = tf.Variable(source)
    with tf.GradientTape() as tape:
        y = 5 * x**power
    return [ask for ask in play(tape, y, x).film.questions if not ask.early]


@pytest.mark.parametrize(
    ("typed", "kind"),
    [(12.0, "upstream"), (5.0, "local"), (20.0, "factor"), (15.0, "factor")],
)
def test_a_forgotten_factor_of_a_rule_is_named(typed: float, kind: str) -> None:
    """5 * x**3 at 2: 5 * (3 * 2**2) is 60; without 3 it is 20, without 2**2 15."""
    last = asks_of(2.0, 3)[-1]
    assert judged(last, 60.0) == "right"
    assert judged(last, typed) == COMMON_MISTAKES[kind]


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        (48.0, "right"), (16.0, "paths"), (32.0, "others"), (-48.0, "total sign"),
        (4096.0, "multiplied"), (64.0, "value"), (5.0, ""),
    ],
)  # fmt: skip
def test_of_three_paths_a_forgotten_one_is_named(typed: float, kind: str) -> None:
    """At 4, x * x * x: three paths of 16 each."""
    x = tf.Variable(4.0)
    with tf.GradientTape() as tape:
        y = x * x * x
    film = play(tape, y, x).film
    last = film.questions[-1]
    assert judged(last, typed) == COMMON_MISTAKES.get(kind, kind)


def test_the_sum_so_far_is_not_the_contribution() -> None:
    """At 4, x * x * x: the second path brings 16, and 32 is there then."""
    x = tf.Variable(4.0)
    with tf.GradientTape() as tape:
        y = x * x * x
    late = [ask for ask in play(tape, y, x).film.questions if not ask.early]
    second = next(ask for ask in late if "first x" in ask.question)
    assert judged(second, 16.0) == "right"
    assert judged(second, 32.0) == COMMON_MISTAKES["so far"]


def test_the_product_of_2_and_6_is_no_derivative_by_the_other_operand() -> None:
    a, b = tf.Variable(2.0), tf.Variable(6.0)
    with tf.GradientTape() as tape:
        y = a * b
    early, *late = play(tape, y, [a, b]).film.questions
    assert judged(early, 12.0) == "right"
    assert judged(early, 8.0) == COMMON_MISTAKES["operation"]
    for ask, right, other in zip(late, (6.0, 2.0), (2.0, 6.0), strict=True):
        assert judged(ask, right) == "right"
        assert judged(ask, other) == COMMON_MISTAKES["argument"]
        assert judged(ask, 12.0) == COMMON_MISTAKES["value"]


def test_every_question_has_its_place_in_the_picture() -> None:
    for film in (listing(), layer()):
        assert {ask.where for ask in film.questions} <= film.ids()
    late = [ask for ask in listing().questions if not ask.early]
    assert [ask.where for ask in late] == [
        *("e4_0-c", "e3_0-c", "e3_1-c", "e2_1-c", "n0-g2"),
    ]


def test_no_hint_but_the_last_gives_the_number() -> None:
    for ask in listing().questions:
        *most, last = ask.hints
        assert f"It is {ask.answer[0]:g}." == last
        assert f"With numbers: {ask.answer[0]:g}." not in most


def test_a_number_alone_is_no_hint() -> None:
    """In lesson 10.6 the gradient that arrives is -0.805306, and it is handed on."""
    x = tf.Variable(4.597347)
    with tf.GradientTape() as tape:
        loss = (x - 5) ** 2
    last = play(tape, loss, x).film.questions[-1]
    assert last.hints == ("The rule is g.", f"It is {2 * (4.597347 - 5):.5g}.")
