"""Every entry of the registry, forward: NumPy computes the same, nothing is missed."""

from __future__ import annotations

import numpy as np
import pytest

from tapeviz.engine.dispatch import FORWARD, VJP
from tapeviz.engine.ops import NAMED, TABLE
from tapeviz.engine.primitives import Op
from tests.engine import oracle
from tests.engine.inside import array_of
from tests.engine.oracle import ALL, COMPUTED, OpCase
from tests.engine.running import for_each, run, tensors


@pytest.mark.parametrize("op", COMPUTED, ids=lambda op: op.name)
def test_every_op_is_known_to_the_oracle(op: Op) -> None:
    assert op.name in oracle.NUMPY, (
        f"write {op.name} in NumPy in tests/engine/oracle.py"
    )
    if op.settings:
        assert op.name in oracle.SETTINGS, f"give settings for {op.name} in oracle.py"


def test_the_oracle_knows_no_op_that_is_gone() -> None:
    tables = {*oracle.NUMPY, *oracle.SHAPES, *oracle.SETTINGS, *oracle.SAFE}
    assert tables <= set(NAMED)


def test_codes_are_places_in_the_table() -> None:
    assert [op.code for op in TABLE] == list(range(len(TABLE)))
    assert len(NAMED) == len(TABLE) == len(VJP.table)
    assert all(callable(FORWARD[op.code]) for op in COMPUTED)


@pytest.mark.parametrize("op", COMPUTED, ids=lambda op: op.name)
def test_an_entry_is_fit_to_be_shown(op: Op) -> None:
    assert op.symbol
    assert len(op.rules) == len(op.operands)
    assert not (op.cut and any(op.rules)), "what cuts has no rule"
    for rule in filter(None, op.rules):
        unknown = oracle.words_used(rule.text) - set(oracle.WORDS)
        assert not unknown, f"{op.name}: {rule.text!r} uses words that are no ops"


@for_each((c,) for c in ALL)
def test_forward_is_numpys(case: OpCase) -> None:
    out = array_of(run(case, *tensors(case)))
    want = case.numpy(*case.operands)
    assert np.shape(out) == want.shape
    np.testing.assert_allclose(out, want, rtol=1e-13, atol=1e-15)


@for_each((c,) for c in ALL)
def test_a_scalar_is_a_scalar_inside(case: OpCase) -> None:
    out = array_of(run(case, *tensors(case)))
    assert isinstance(out, np.ndarray) == bool(np.ndim(out))


@for_each((c,) for c in ALL)
def test_float32_stays_float32(case: OpCase) -> None:
    out = array_of(run(case, *tensors(case, "float32")))
    want = case.numpy(*case.operands)
    fixed = case.op.name.startswith("cast") or want.dtype.kind in "bi"
    assert out.dtype == (want.dtype if fixed else np.float32)
    np.testing.assert_allclose(out, want, rtol=2e-5, atol=2e-6)


@for_each((c,) for c in ALL)
def test_operands_are_left_alone(case: OpCase) -> None:
    given = tensors(case)
    for t in given:
        if isinstance(array_of(t), np.ndarray):
            array_of(t).flags.writeable = False
    before = [np.copy(array_of(t)) for t in given]
    run(case, *given)
    for t, b in zip(given, before, strict=True):
        np.testing.assert_array_equal(array_of(t), b)


@for_each((c,) for c in ALL)
def test_the_text_is_the_op(case: OpCase) -> None:
    given = (case.operands,) if case.op.many else case.operands
    names = dict(zip(case.op.operands, given, strict=True))
    names |= dict(zip(case.op.settings, case.settings, strict=True))
    words = oracle.WORDS | {"same": lambda x: x}
    out = eval(case.op.text, words, names)  # noqa: S307 - the registry's own text
    np.testing.assert_allclose(out, case.numpy(*case.operands), rtol=1e-14)
