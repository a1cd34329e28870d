"""The checks of the exercises: right, nearly right, wrong and odd answers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.lessons import Exercise, check, judge
from tapeviz.lessons.exercises import EXERCISES

STEP = 1e-5


def slopes(f: Callable[..., float], *at: float) -> list[float]:
    """The partial derivatives of a function, by central differences."""
    found = []
    for i, value in enumerate(at):
        up, down = [*at], [*at]
        up[i], down[i] = value + STEP, value - STEP
        found.append((f(*up) - f(*down)) / (2 * STEP))
    return found


def slope(f: Callable[[float], float], at: float) -> float:
    """The derivative of a function of one number."""
    return slopes(f, at)[0]


def parabola(x: float) -> float:
    """The function of lesson 10.1."""
    return x * x - 4 * x


def _momentum(w: float, steps: int) -> float:
    """Where w stands after so many steps down w**2 with momentum."""
    speed = 0.0
    for _ in range(steps):
        speed = 0.5 * speed - 0.1 * slope(lambda w: w**2, w)
        w += speed
    return w


ANSWERS: dict[str, Any] = {
    "10.1a": min(np.linspace(-5, 5, 1001), key=parabola),
    "10.1b": 5 - 0.5 * slope(parabola, 5),
    "10.2": slope(lambda x: x**3 - 5 * x, 2),
    "10.3": slope(lambda x: x * x * x, 4),
    "10.4": slopes(lambda x, y: x**2 * y, 2, 3),
    "10.5": [
        slope(lambda x: x**2, 2),
        slope(lambda u: u**3, 4),
        slope(lambda x: (x**2) ** 3, 2),
    ],
    "10.6a": (5 - 2) / -slope(lambda x: (x - 5) ** 2, 2),
    "10.6b": (8 - 2) / -slope(lambda x: (x - 5) ** 2, 2),
    "10.7a": slope(lambda x: x**2 - 6 * x, 1),
    "10.7b": slopes(lambda a, b: a * b + 2 * a, 2, 4),
    "10.7c": slope(lambda x: x**3, 2),
    "10.7d": slopes(lambda w, b: (3 * w + b - 10) ** 2, 2, 1),
    "10.7e": min(np.linspace(0, 10, 1001), key=lambda w: (w - 4) ** 2),
    "10.8a": slope(lambda x: x * x * x, 2),
    "10.8b": [0.0, slope(math.log, 4)],
    "10.9a": slope(lambda t: math.exp(t * t), 1),
    "10.9b": len([None for _ in range(30)]),
    "10.10a": np.zeros((2, 8)).size + np.zeros(8).size + np.zeros((8, 1)).size + 1,
    "10.10b": _momentum(10.0, steps=2),
}
"""The answers by finite differences and search: nothing of ours computes them."""


def test_every_exercise_has_its_answer_here() -> None:
    assert [*ANSWERS] == [*EXERCISES]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_right_answer_is_right(name: str) -> None:
    verdict = judge(EXERCISES[name], ANSWERS[name])
    assert verdict.kind == "exact", verdict.words


@pytest.mark.parametrize("name", EXERCISES)
def test_tensors_and_arrays_are_answers_too(name: str) -> None:
    numbers = np.asarray(ANSWERS[name])
    parts = tf.constant(numbers, tf.float64)
    listed = [tf.constant(n, tf.float32) for n in np.atleast_1d(numbers)]
    assert judge(EXERCISES[name], numbers).kind == "exact"
    assert judge(EXERCISES[name], parts).kind == "exact"
    assert judge(EXERCISES[name], listed if numbers.ndim else listed[0]).kind == "exact"


@pytest.mark.parametrize("name", EXERCISES)
def test_a_nearly_right_answer_is_close(name: str) -> None:
    verdict = judge(EXERCISES[name], np.asarray(ANSWERS[name]) * 1.005)
    assert verdict.kind == "close"
    assert "off by" in verdict.words


@pytest.mark.parametrize("name", EXERCISES)
def test_a_wrong_answer_is_wrong(name: str) -> None:
    wrong = np.asarray(ANSWERS[name]) * 3 + 1.7
    assert judge(EXERCISES[name], wrong).kind == "wrong"


@pytest.mark.parametrize("name", EXERCISES)
def test_the_usual_mistakes_are_named(name: str) -> None:
    for known, sentence in EXERCISES[name].mistakes:
        verdict = judge(EXERCISES[name], known)
        assert verdict.kind == "wrong"
        assert verdict.words == f"not right yet. {sentence}"


ODD = [
    *(..., None, math.nan, math.inf, "7", b"7", 1 + 2j, True, object(), print, {}),
    *([], [...], [None, 1.0], [[1.0], [1.0, 2.0]], [1.0] * 1000, np.zeros((2, 2))),
]


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: type(odd).__name__)
def test_no_answer_is_told_and_none_stops_the_notebook(name: str, odd: Any) -> None:
    verdict = judge(EXERCISES[name], odd)
    assert verdict.kind in {"open", "wrong"}
    assert str(ANSWERS[name]) not in verdict.words
    assert len(verdict.words) < 200


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("near", [1.0, 1.005, 3.0])
def test_no_verdict_holds_the_answer(name: str, near: float) -> None:
    numbers = np.atleast_1d(ANSWERS[name])
    words = judge(EXERCISES[name], np.asarray(ANSWERS[name]) * near).words
    said = [float(n) for n in _numbers(words)]
    assert not any(np.isclose(n, numbers, rtol=1e-6).any() for n in said)


def _numbers(words: str) -> list[str]:
    return re.findall(r"-?\d+(?:\.\d+)?", words)


def test_none_can_be_the_answer() -> None:
    expected = Exercise(None, ((0.0, "Zero would be an answer."),))
    assert judge(expected, None).kind == "exact"
    assert judge(expected, 0.0).words == "not right yet. Zero would be an answer."
    assert judge(expected, 5.0).kind == "wrong"


def test_none_can_be_one_of_several() -> None:
    expected = Exercise([2.0, None], [([None, 2.0], "The other way round.")])
    assert judge(expected, (tf.constant(2.0), None)).kind == "exact"
    assert judge(expected, [2.01, None]).kind == "close"
    assert judge(expected, [None, 2.0]).words.endswith("The other way round.")
    assert "None" in judge(expected, [2.0, 0.0]).words
    assert judge(Exercise([None, None]), [None, None]).kind == "exact"


def test_a_table_can_be_expected() -> None:
    expected = Exercise(np.eye(2, 3))
    assert judge(expected, tf.eye(2, 3)).kind == "exact"
    assert "2 rows and 3 columns" in judge(expected, 1.0).words


def test_an_exercise_that_cannot_be_solved_is_the_authors_error() -> None:
    with pytest.raises(TypeError, match=r"line \d+: Exercise"):
        Exercise(6.0, (3.0, "no comma"))  # type: ignore[arg-type]  # the mistake
    with pytest.raises(TypeError, match="compared with '6'"):
        Exercise("6")
    with pytest.raises(ValueError, match="6 is the right answer"):
        Exercise(6.0, [(6, "It is right.")])


def test_an_exercise_of_your_own_has_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    check(Exercise(6.0, name="2b"), 6.0)
    check(Exercise(6.0), 6.0)
    assert capsys.readouterr().out == "Exercise 2b: right.\nExercise: right.\n"


def test_check_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    check("10.2", ...)
    check("10.2", tf.constant(7.0))
    assert capsys.readouterr().out == (
        "Exercise 10.2: no answer yet. Put yours where the dots are.\n"
        "Exercise 10.2: right.\n"
    )


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"no exercise '11\.9'"):
        check("11.9", 1.0)


@pytest.mark.parametrize("name", EXERCISES)
def test_zero_is_not_told_how_far_off_it_is(name: str) -> None:
    words = judge(EXERCISES[name], np.zeros_like(np.asarray(ANSWERS[name]))).words
    assert "off by" not in words


def test_sign_and_order_are_recognised_everywhere() -> None:
    assert "sign" in judge(Exercise(7.0), -7.0).words
    assert "order" in judge(Exercise([1.0, 2.0]), [2.0, 1.0]).words
    assert "sign" in judge(Exercise([1.0, 2.0]), [1.0, -2.0]).words


@pytest.mark.parametrize(
    "odd",
    [
        *({}, {"a": 7.0}, {7.0}, "7", ["7"], np.array("7"), 7 + 1j, 7j),
        *(np.array(7 + 1j), np.array(True), np.array([7.0], object), math.nan),
        (n for n in [7.0]),
    ],
)
def test_an_odd_answer_is_not_seven(odd: Any) -> None:
    assert judge(EXERCISES["10.2"], odd).kind == "wrong"
