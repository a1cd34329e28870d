"""A recorded run holds together, or says what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tapeviz.trace.descent import Curvature, Descent, Landscape, Update, UpdatePart
from tapeviz.trace.value import Value

ONE = Value("float32", (), (1.0,))
FIRST = Update(0, (ONE,), ONE, (ONE,), (ONE,), (ONE,), 0.1)
NEXT = replace(FIRST, step=1, loss=None, gradients=(None,), rate=None)
LINE = Landscape((0.0, 1.0, 2.0), (), ((1.0, 0.0, 1.0),))
PLANE = Landscape((0.0, 1.0), (5.0, 6.0, 7.0), ((1.0, 2.0),) * 3)
RUN = Descent(("x",), (FIRST, NEXT), LINE)
PARTS = replace(
    FIRST,
    parts=(
        UpdatePart("momentum", "m", (ONE,)),
        UpdatePart("gradient", "-lr * g", (None,)),
    ),
)
BEND = Curvature("minimum", (5.0,), (0.0,), (2.0,), ((1.0,),))
FULL = Descent(("x",), (PARTS,), LINE, "cost", "SGD", (BEND,))


@pytest.mark.parametrize(
    "run",
    [
        RUN,
        FULL,
        replace(RUN, landscape=None),
        replace(RUN, landscape=PLANE),
        Descent((), ()),
    ],
)
def test_a_sound_run(run: Descent) -> None:
    assert run.validate() is run
    assert Descent.from_json(run.to_json()) == run


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (replace(RUN, updates=(NEXT,)), "update 0 calls itself step 1"),
        (replace(RUN, updates=(FIRST, FIRST)), "update 1 calls itself step 0"),
        (replace(RUN, names=("x", "y")), "update 0 does not speak of 2 variables"),
        (
            replace(RUN, updates=(replace(FIRST, at=()),)),
            "does not speak of 1 variables",
        ),
        (
            replace(RUN, updates=(replace(FIRST, to=(ONE, ONE)),)),
            "does not speak of 1 variables",
        ),
        (
            replace(RUN, updates=(replace(FIRST, gradients=()),)),
            "does not speak of 1 variables",
        ),
        (
            replace(RUN, updates=(replace(FIRST, moves=()),)),
            "does not speak of 1 variables",
        ),
        (
            replace(RUN, updates=(replace(PARTS, parts=(UpdatePart("m", "m", ()),)),)),
            "a part of update 0 is not of 1 variables",
        ),
        (
            replace(RUN, landscape=replace(LINE, losses=())),
            "a row of losses for each y",
        ),
        (
            replace(RUN, landscape=replace(PLANE, ys=(5.0,))),
            "a row of losses for each y",
        ),
        (replace(RUN, landscape=replace(LINE, xs=(0.0,))), "a loss for each x"),
    ],
)
def test_a_broken_run(broken: Descent, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        broken.validate()
    with pytest.raises(ValueError, match=said):
        Descent.from_json(broken.to_json())


def test_the_limit_is_that_of_the_minimum_or_of_the_end() -> None:
    assert FULL.limit == 1.0
    end = replace(
        BEND,
        where="end",
        eigenvalues=(-3.0, 4.0),
        eigenvectors=((1.0, 0.0), (0.0, 1.0)),
    )
    assert replace(FULL, curvatures=(end, BEND)).limit == 1.0
    assert replace(FULL, curvatures=(end,)).limit == 0.5
    assert replace(FULL, curvatures=(replace(end, eigenvalues=(-3.0,)),)).limit is None
    assert RUN.limit is None
