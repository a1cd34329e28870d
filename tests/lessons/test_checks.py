"""The checks of the exercises: right, nearly right, wrong and odd answers."""

from __future__ import annotations

import ast
import io
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.lessons import Exercise, Verdict, check, exercises, grade, judge
from tapeviz.lessons.exercises import EXERCISES
from tapeviz.lessons.feedback import LOOKS, Feedback

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
    "10.11a": sum(slope(lambda w: w**2, 2) for _ in range(3)),
    "10.11b": min(np.linspace(0, 10, 1001), key=lambda w: (w - 4) ** 2),
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
    assert not _numbers(verdict.words), "a distance gives the answer away"


@pytest.mark.parametrize("name", EXERCISES)
def test_a_wrong_answer_is_wrong(name: str) -> None:
    wrong = np.asarray(ANSWERS[name]) * 3 + 1.7
    assert judge(EXERCISES[name], wrong).kind == "wrong"


@pytest.mark.parametrize("name", EXERCISES)
def test_the_usual_mistakes_are_named(name: str) -> None:
    for known, sentence in EXERCISES[name].mistakes:
        if callable(known):
            continue
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
    assert capsys.readouterr().out == "✓ Exercise 2b: right.\n✓ Exercise: right.\n"


def test_check_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    check("10.2", ...)
    check("10.2", tf.constant(7.0))
    assert capsys.readouterr().out == (
        "○ Exercise 10.2: no answer yet. Put yours where the dots are.\n"
        "✓ Exercise 10.2: right. Next: lesson 10.3.\n"
    )


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"no exercise '11\.9'"):
        check("11.9", 1.0)


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


class Rude:
    """An answer whose every attribute raises."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_rude_and_endless_answers_raise_nothing() -> None:
    endless: list[Any] = []
    endless.append(endless)
    for odd in (Rude(), [Rude()], endless, (7.0, endless)):
        assert judge(EXERCISES["10.2"], odd).kind == "wrong"
        assert judge(EXERCISES["10.4"], odd).kind == "wrong"


@pytest.mark.parametrize(
    ("expected", "answer", "kind"),
    [
        (1e-6, 0.0, "wrong"), (0.01, 0.02, "wrong"), (1e-3, 1.01e-3, "close"),
        (0.0, 1e-8, "exact"), (0.0, 0.01, "wrong"), (1e8, 1e8 + 8, "exact"),
        ([1e6, 1.0], [1e6, 5.0], "wrong"), ([0.0, 0.25], [1e-9, 0.25], "exact"),
        ([100.0, 1.0], [100.0, -1.0], "wrong"), (1.0, True, "wrong"),
        ([1.0, 0.0], [True, False], "wrong"), (7.0, [7.0], "wrong"),
        (7.0, 7 + 0j, "wrong"), (7.0, np.array([[7.0]]), "wrong"),
        ([[1.0, 2.0]], [1.0, 2.0], "wrong"), ([1.0, 2.0], [[1.0], [2.0]], "wrong"),
        (6.0, np.int64(6), "exact"), ([None, 2.0], [None, math.nan], "wrong"),
    ],
)  # fmt: skip
def test_right_and_close_are_measured_number_by_number(
    expected: Any, answer: Any, kind: str
) -> None:
    assert judge(Exercise(expected), answer).kind == kind


PATH, SIGN, FACTOR, PRODUCT, SUM = (
    *("path is missing", "Check the signs", "factor is missing", "not added"),
    *("added, not multiplied",),
)


@pytest.mark.parametrize(
    ("paths", "answer", "word"),
    [
        ([[3, 4], [-5]], 12.0, PATH),  # 3 * 4 - 5 is 7
        ([[3, 4], [-5]], -5.0, PATH),
        ([[3, 4], [-5]], 17.0, SIGN),
        ([[3, 4], [-5]], -7.0, "Check the sign."),
        ([[3, 4], [-5]], -1.0, FACTOR),  # 4 - 5
        ([[3, 4], [-5]], 2.0, PRODUCT),  # 3 + 4 - 5
        ([[3, 4], [-5]], -60.0, SUM),
        ([[4, 4], [4, 4], [4, 4]], 32.0, PATH),
        ([[4, 4], [4, 4], [4, 4]], 12.0, FACTOR),  # 4 + 4 + 4
        ([[2, -3, 3]], 9.0, "by hand"),  # of -18
        ([[2, -3, 3]], -9.0, FACTOR),
    ],
)
def test_what_is_forgotten_along_a_path_is_named(
    paths: Any, answer: float, word: str
) -> None:
    expected = sum(math.prod(path) for path in paths)
    assert word in judge(Exercise(expected, paths=paths), answer).words


def test_of_several_numbers_the_wrong_one_is_explained() -> None:
    exercise = Exercise([12.0, 4.0], paths=[[[2, 2, 3]], [[2, 2]]])
    assert FACTOR in judge(exercise, [6.0, 4.0]).words
    assert FACTOR in judge(exercise, [12.0, 2.0]).words
    assert "1 of the 2" in judge(exercise, [12.0, 17.0]).words
    assert "their order" in judge(exercise, [4.0, 12.0]).words
    assert "signs, and the order" in judge(exercise, [-4.0, 12.0]).words


def test_a_common_factor_is_recognised_without_paths() -> None:
    assert "factor missing" in judge(Exercise([5.0, 10.0]), [1.0, 2.0]).words
    assert "factor there" in judge(Exercise(np.eye(2)), 3 * np.eye(2)).words
    assert "equal paths" in judge(Exercise(8.0), 4.0).words
    assert judge(Exercise([5.0, 10.0]), [5.05, 10.1]).kind == "close"


def test_paths_that_do_not_give_the_answer_are_the_authors_error() -> None:
    with pytest.raises(ValueError, match=r"the paths give \[17\.0\]"):
        Exercise(7.0, paths=[[3, 4], [5]])


def test_an_update_that_is_added_and_one_that_is_made_once_are_named() -> None:
    w = tf.Variable(0.0)
    for _ in range(100):
        with tf.GradientTape() as tape:
            loss = (w - 4) ** 2
        w.assign_add(0.1 * tape.gradient(loss, w))
    assert "subtracted" in judge(EXERCISES["10.7e"], w).words
    assert "subtracted" in judge(EXERCISES["10.7e"], -math.inf).words
    assert "assign_sub" in judge(EXERCISES["10.7e"], tf.constant(0.8)).words


def test_every_lesson_says_what_comes_next(capsys: pytest.CaptureFixture[str]) -> None:
    for name, answer in ANSWERS.items():
        check(name, answer)
    said = capsys.readouterr().out.splitlines()
    assert all(line.startswith("✓ ") for line in said)
    assert said[0].endswith("Next: exercise 10.1b.")
    assert said[1].endswith("Next: lesson 10.2.")
    assert said[-1].endswith("That was the last exercise.")


def test_a_mark_that_a_terminal_cannot_write_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, "ascii", newline=""))
    check(Exercise(6.0), 6.0)
    sys.stdout.flush()
    assert raw.getvalue().decode().strip() == "Exercise: right."


def test_a_notebook_shows_mark_and_colour() -> None:
    page = Feedback("exact", "Exercise a: right.", "Next: exercise b.").html()
    assert "✓" in page
    assert LOOKS["exact"][1] in page
    assert "Next: exercise b." in page
    assert "&lt;b&gt;" in Feedback("wrong", "<b>").html()


def test_what_is_right_is_right_in_every_way_it_may_be_asked() -> None:
    kinds = ("open", "exact", "close", "wrong")
    assert [Verdict(kind, "").right for kind in kinds] == [False, True, False, False]
    assert judge("10.2", 7.0).right
    assert judge("10.2", 7.0)
    assert not judge("10.2", 7.05), "close is not right"
    with pytest.raises(ValueError, match=r"no exercise '11\.9'"):
        judge("11.9", 1.0)


@pytest.mark.parametrize("answer", [7.0, tf.constant(7.0), 7.05, 12.0, ..., None, "7"])
def test_points_are_for_right_answers_alone(answer: Any) -> None:
    right = judge("10.2", answer).kind == "exact"
    assert grade("10.2", answer, 3) == (3.0 if right else 0.0)
    assert grade(Exercise(7.0, points=2.5), answer) == (2.5 if right else 0.0)
    assert grade("10.2", answer) == EXERCISES["10.2"].points * right


def test_an_exercise_has_points_and_shows_no_number() -> None:
    exercise = Exercise(7.0, [(12.0, "")], "2b", [[3, 4], [-5]], points=2)
    assert repr(exercise) == "Exercise(name='2b', points=2)"
    with pytest.raises(ValueError, match="-1 points cannot be given"):
        Exercise(7.0, points=-1)


def test_another_kind_of_task_is_checked_and_graded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Word:
        name, points = "w", 4

        def judge(self, answer: Any) -> Verdict:
            return Verdict("exact" if answer == "tape" else "wrong", "a word.")

    check(Word(), "tape")
    assert capsys.readouterr().out == "✓ Exercise w: a word.\n"
    assert (grade(Word(), "tape"), grade(Word(), "tap")) == (4.0, 0.0)


def test_no_answer_stands_in_the_package_as_a_number() -> None:
    tree = ast.parse(Path(exercises.__file__).read_text("utf-8"))
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    asked = [c for c in calls if isinstance(c.func, ast.Name) and _makes(c.func.id)]
    assert len(asked) >= len(EXERCISES)
    for call in asked:
        with pytest.raises(ValueError, match="malformed"):
            ast.literal_eval(call.args[0])
    assert not _numbers(repr([*EXERCISES.values()]).replace("points=1.0", ""))


def _makes(name: str) -> bool:
    return name in {"Exercise", "_exercise"}
