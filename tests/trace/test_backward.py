"""A backward pass holds together, or says what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tapeviz.trace.backward import BackwardPass, Contribution, Step
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
