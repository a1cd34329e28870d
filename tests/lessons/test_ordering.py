"""The steps of a backward pass in order: judged by doing them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

import tapeviz as tf
from tapeviz import play
from tapeviz.lessons import Ordering, check, grade, ordering, replay
from tapeviz.trace.backward_pass import BackwardPass
from tests.pages import scripts


@pytest.fixture
def run() -> BackwardPass:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        u = 2 * x
        v = u * u
        y = v + 5 * x
    return play(tape, y, x).run


def done(run: BackwardPass, order: Sequence[int]) -> float | None:
    """The gradient of x, if the steps are done in an order; 0 is the seed.

    Each step sends on what has come to it by then, along its local derivatives.
    """
    sums: dict[str, float] = {}
    read = None
    for n in order:
        if n == 0:
            sums[run.targets[0]] = sums.get(run.targets[0], 0.0) + 1.0
        elif n > len(run.steps):
            read = sums.get(run.sources[0])
        else:
            step = run.steps[n - 1]
            for c in step.contributions:
                local = c.value.entry / step.upstream.entry
                sent = sums.get(step.node, 0.0) * local
                sums[c.node] = sums.get(c.node, 0.0) + sent
    return read


def test_an_order_is_right_if_and_only_if_it_gives_the_gradient(
    run: BackwardPass,
) -> None:
    """Of all 720, among them several that are right."""
    task = ordering(run)
    assert run.results[0] is not None
    gradient = run.results[0].entry
    named = [engine_index(run, text) for text in task.task.steps]
    right = 0
    for order in permutations(range(len(named))):
        verdict = task.judge([n + 1 for n in order])
        assert verdict.right == (done(run, [named[n] for n in order]) == gradient)
        right += verdict.right
    assert right == 3


def engine_index(run: BackwardPass, text: str) -> int:
    """Which step of the engine a text is about: 0 for the seed, the last is x."""
    heads = {"Begin": 0, "y =": 1, "5 * x:": 2, "v =": 3, "u =": 4, "The gradient": 5}
    assert len(run.steps) == 4
    return next(n for head, n in heads.items() if text.startswith(head))


def test_it_begins_mixed_and_the_seed_mixes(run: BackwardPass) -> None:
    for seed in range(20):
        assert not ordering(run, seed=seed).judge(range(1, 7))
    assert ordering(run, seed="ada").task == ordering(run, seed="ada").task
    assert len({ordering(run, seed=seed).task.steps for seed in range(9)}) > 3


def test_what_is_wrong_is_said_by_its_first_step(run: BackwardPass) -> None:
    task = ordering(run)
    letters = dict(zip(task.task.steps, "ABCDEF", strict=True))
    wanted = sorted(letters, key=lambda text: engine_index(run, text))
    right = "".join(letters[text] for text in wanted)
    assert task.judge(right.lower()).right
    assert task.judge(" ".join(right)).right
    early = right[1] + right[0] + right[2:]
    assert task.judge(early).words == (
        f"not right yet. “{wanted[1]}” needs what comes from “{wanted[0]}”."
    )


@pytest.mark.parametrize("odd", ["", "ABC", "ABCDEE", "ABCDEFG", 3, None, [0] * 6, "?"])
def test_what_is_no_order_stops_nothing(run: BackwardPass, odd: object) -> None:
    said = ordering(run).judge(odd)
    assert said.words == "not right yet. Write each of the letters ABCDEF once."


def test_it_is_checked_and_graded_as_an_exercise(
    run: BackwardPass, capsys: pytest.CaptureFixture[str]
) -> None:
    task = ordering(run)
    assert grade(task, "ABCDEF", 3) == 0
    assert task.judge(...).kind == "open"
    check(task, "ABCDEF")
    task.check("ABCDEF")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("✗ Exercise on the backward pass from y in order, seed 1: ")
    assert second.startswith("✗ The backward pass from y in order, seed 1: not right")


def test_the_learners_own_tape() -> None:
    w, b = tf.Variable([1.0, 2.0]), tf.Variable(0.5)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((w * w + b) ** 2)
    tape.gradient(loss, [w, b])
    steps = ordering(tape).task.steps
    assert "The gradient of b is complete" in steps
    assert "w * w: its gradient goes to w twice" in steps
    text = str(ordering(tape))
    assert text.splitlines()[1].startswith("A  ")
    assert '.check("ABCDEFG") judges an order.' in text


def test_a_tape_without_formulas() -> None:
    """As the one that lesson 10.9 builds."""
    x, y = Number(3.0), Number(9.0)
    run = replay([("*", y, [(x, 3.0), (x, 3.0)])], y, x=x, y=y).run
    assert isinstance(run, BackwardPass)
    assert "y: its gradient goes to x twice" in ordering(run).task.steps


class Number:
    def __init__(self, value: float) -> None:
        self.value = value


def test_steps_that_read_alike_are_told_apart() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x * x + x * x
    steps = ordering(tape, y, x).task.steps
    assert len({*steps}) == len(steps) == 5
    assert "x * x: its gradient goes to x twice (no. 2 of 2 on the tape)" in steps


def test_what_cannot_be_put_in_order_says_so() -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x
        for _ in range(20):
            y = y * x
    with pytest.raises(ValueError, match="22 steps, and 12 can be put in order"):
        ordering(tape, y, x)
    c = tf.constant(1.0)
    with tf.GradientTape() as tape:
        y = x * c
    with pytest.raises(ValueError, match="no gradient arrives"):
        ordering(tape, y, c)


def test_a_task_is_a_page_and_a_text(run: BackwardPass, tmp_path: object) -> None:
    task = ordering(run)
    assert isinstance(task, Ordering)
    html = task.html
    assert html.count("<li") == 6
    # What is shown when the order is right stands nowhere in plain words.
    assert "gradient of u: " not in "".join([html, *scripts(html)])
