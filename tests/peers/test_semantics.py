"""Every row of the semantics, run on TensorFlow: the table says what it really does."""

from __future__ import annotations

from types import ModuleType

import pytest

import tapeviz
from tests.engine import (
    test_forward_mode,
    test_semantics_gradient,
    test_semantics_higher,
    test_semantics_values,
    test_semantics_watching,
)
from tests.engine.semantics import Row, agrees, forget_warnings, judged, outcome

ROWS = [
    *test_forward_mode.ROWS,
    *test_semantics_watching.ROWS,
    *test_semantics_gradient.ROWS,
    *test_semantics_higher.ROWS,
    *test_semantics_values.ROWS,
]


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_tensorflow_does_what_the_table_says(tensorflow: ModuleType, case: Row) -> None:
    assert not judged(tensorflow, case)


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_both_give_the_same(tensorflow: ModuleType, case: Row) -> None:
    forget_warnings()
    theirs = outcome(tensorflow, case.code)
    forget_warnings()
    ours = outcome(tapeviz, case.code)
    if agrees(theirs, case.gives) and theirs.split(":")[0].endswith("Error"):
        assert ours.split(":")[0] == theirs.split(":")[0]
    else:
        assert ours == theirs
