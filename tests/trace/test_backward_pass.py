"""A backward pass holds together, or says what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import tapeviz as tf
from tapeviz.inspect.backward_pass import backward
from tapeviz.trace.backward_pass import BackwardPass, Contribution, Step
from tapeviz.trace.value import Value
from tests.trace.test_graph import ONE, SOUND

PART = Contribution("n1-a", "n0", "g * b", "1.0 * 1.0", ONE, ONE, False, "b", ONE)
LAST = replace(PART, edge="n1-b", rule="g * a", last=True)
STEP = Step("n1", ONE, (PART, LAST))
PASS = BackwardPass(SOUND, ("n1",), (ONE,), ("n0", ""), (STEP,), (ONE, None))


def broken_step(**change: str) -> BackwardPass:
    return replace(
        PASS, steps=(replace(STEP, contributions=(replace(PART, **change),)),)
    )  # type: ignore[arg-type]


def test_a_sound_pass() -> None:
    assert PASS.validate() is PASS
    assert BackwardPass.from_json(PASS.to_json()) == PASS


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (replace(PASS, seeds=()), "every target needs a seed"),
        (replace(PASS, results=(ONE,)), "every source needs a result"),
        (replace(PASS, targets=("n8",)), "no node n8"),
        (replace(PASS, sources=("n8", "")), "no node n8"),
        (broken_step(edge="e9"), "no edge e9"),
        (broken_step(node="n1"), "no edge n1-a to n1"),
        (replace(PASS, steps=(replace(STEP, node="n0"),)), "step n0 has no edge n1-a"),
        (replace(PASS, graph=replace(SOUND, sources=())), "has no source"),
        (replace(PASS, graph=replace(SOUND, edges=())), "no edge n1-a"),
    ],
)
def test_a_broken_pass(broken: BackwardPass, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        broken.validate()
    with pytest.raises(ValueError, match=said):
        BackwardPass.from_json(broken.to_json())


def test_a_target_may_not_be_nothing() -> None:
    with pytest.raises(ValueError, match="no node"):
        replace(PASS, targets=("",)).validate()


def test_no_steps_at_all() -> None:
    nothing = BackwardPass(SOUND, ("n1",), (ONE,), ("",), (), (None,))
    assert BackwardPass.from_json(nothing.to_json()) == nothing


def test_local_value_may_be_missing() -> None:
    bare = replace(
        PASS,
        steps=(replace(STEP, contributions=(replace(PART, local_value=None), LAST)),),
    )
    assert BackwardPass.from_json(bare.to_json()) == bare
    assert Value("float32", (), (1.0,)) == ONE


# -- beside the engine's own sweep -----------------------------------------------------


def results(tape: Any, target: Any, sources: Any) -> list[Any]:
    run = backward(tape, target, sources, {})
    return [None if v is None else v.data for v in run.results]


def test_a_tensor_that_was_not_recorded_is_its_own_source() -> None:
    v, y, z = tf.Variable(2.0), tf.constant(3.0), tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        u = v * v
    assert results(tape, [y, u, y], [y, v, z]) == [(2.0,), (4.0,), None]
    assert results(tape, z, z) == [(1.0, 1.0)]


def test_what_only_an_outer_tape_watches_has_no_gradient_here() -> None:
    x, w = tf.constant(2.0), tf.constant(3.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape(persistent=True) as inner:
            inner.watch(w)
            y = x * x * w
    assert results(inner, y, [x, w]) == [None, (4.0,)]
    assert inner.gradient(y, x) is None


def test_what_another_tape_recorded_meanwhile_is_drawn_as_it_comes() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape(), tf.GradientTape(persistent=True) as tape:
        y = x * x
        with tape.stop_recording():
            h = tf.sin(y) * y
        z = h * x
    assert results(tape, z, x) == [(float(h),)]
    drawn = backward(tape, z, x, {}).graph
    (hidden,) = [n for n in drawn.nodes if n.value.data == (float(h),)]
    assert not [e for e in drawn.edges if e.head == hidden.id]


def test_every_none_of_a_film_and_of_a_table_says_why() -> None:
    x = tf.Variable(3.0)
    c = tf.constant(2.0)
    n = tf.Variable(4)
    with tf.GradientTape() as tape:
        y = c * x**2 + tf.cast(n, tf.float32)
    film = tf.play(tape, y, [x, c, n])
    why = [w.reasons[0].sentence for w in tf.why(tape, y, [x, c, n]).answers[1:]]
    assert film.run.reasons == ("", *why)
    assert why[0] == "c is a constant, and the tape was not told to watch it."
    for sentence in why:
        assert sentence in film.film.frames[-1].caption
        assert sentence in str(tf.explain(tape, y, [x, c, n]))


def test_reasons_are_for_all_sources_or_for_none() -> None:
    assert PASS.reason(1) == ""
    assert replace(PASS, reasons=("", "lost")).validate().reason(1) == "lost"
    with pytest.raises(ValueError, match="every source needs a reason"):
        replace(PASS, reasons=("lost",)).validate()


@pytest.mark.parametrize(
    ("factor", "text"), [(2.0**-20, "9.53674e-7"), (2.0**40, "1.09951e12")]
)
def test_tiny_and_huge_numbers_are_written_as_elsewhere(
    factor: float, text: str
) -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x * factor
    (step,) = backward(tape, y, x, {}).steps
    assert step.contributions[0].filled == f"1 * {text}"
