"""Random programs: all readers of one record agree, and the gradient is the slope."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor
from tests.engine import oracle
from tests.engine.inside import array_of, index_of
from tests.engine.programs import TAME, Program, programs

FEW = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
)


def record(program: Program) -> tuple[GradientTape, list[Tensor], Tensor]:
    sources = program.given()
    with GradientTape(persistent=True) as tape:
        tape.watch(sources)
        y = program.tensors(sources)
    return tape, sources, y


def same(a: Any, b: Any) -> None:
    """Equal entry by entry, nan beside nan."""
    if a is None or b is None:
        assert a is b
        return
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)


def raw(results: list[Any]) -> list[Any]:
    return [None if r is None else array_of(r) for r in results]


@FEW
@given(programs(TAME))
def test_the_value_is_numpys(program: Program) -> None:
    _, _, y = record(program)
    np.testing.assert_allclose(
        array_of(y), program.numpy(*program.inputs), rtol=1e-9, atol=1e-12
    )


@FEW
@given(programs(TAME, 10))
def test_the_gradient_is_the_slope(program: Program) -> None:
    tape, sources, y = record(program)
    got = tape.gradient(y, sources, unconnected_gradients="zero")
    rough = float(np.max(np.abs(array_of(y)), initial=1.0))
    for slot, g in enumerate(got):
        want = oracle.slope(
            lambda *v: float(np.sum(program.numpy(*v))), program.inputs, slot, 1e-5
        )
        scale = float(np.max(np.abs(want), initial=rough))
        np.testing.assert_allclose(array_of(g), want, rtol=1e-4, atol=1e-5 * scale)


@FEW
@given(programs())
def test_the_sweep_step_by_step_gives_what_the_fast_one_does(program: Program) -> None:
    tape, sources, y = record(program)
    fast = raw(tape.gradient(y, sources))
    seed = np.ones(y.shape)[()]
    totals: dict[int, Any] = {index_of(y): seed}
    indices = []
    for index, g, parts in tape.backward_steps([y], [seed]):
        indices.append(index)
        np.testing.assert_array_equal(g, totals[index])
        for _, tail, part, total in parts:
            assert tail < index, "an operand is older than its result"
            before = totals.get(tail)
            with np.errstate(all="ignore"):
                np.testing.assert_array_equal(
                    total, part if before is None else before + part
                )
            totals[tail] = total
    assert indices == sorted(indices, reverse=True)
    for s, g in zip(sources, fast, strict=True):
        total = totals.get(index_of(s))
        assert (total is None) == (g is None)
        if g is not None:
            np.testing.assert_array_equal(total, g)


@FEW
@given(programs())
def test_the_recorded_sweep_agrees(program: Program) -> None:
    tape, sources, y = record(program)
    with GradientTape(persistent=True) as outer:
        outer.watch(sources)
        with GradientTape() as inner:
            inner.watch(sources)
            again = inner.gradient(program.tensors(sources), sources)
    for a, b in zip(raw(again), raw(tape.gradient(y, sources)), strict=True):
        same(a, b)


@FEW
@given(programs(longest=8))
def test_the_batched_sweep_agrees(program: Program) -> None:
    tape, sources, y = record(program)
    whole = raw(tape.jacobian(y, sources))
    for entry in np.ndindex(*y.shape):
        one = np.zeros(y.shape)
        one[entry] = 1.0
        for j, g in zip(whole, raw(tape.gradient(y, sources, one[()])), strict=True):
            if j is not None and np.all(np.isfinite(g)):
                same(j[entry], g)


@FEW
@given(programs(TAME, 6))
def test_a_hessian_is_symmetric(program: Program) -> None:
    sources = program.given()
    with GradientTape(persistent=True) as outer:
        outer.watch(sources)
        with GradientTape() as inner:
            inner.watch(sources)
            y = program.tensors(sources)
        firsts = inner.gradient(y, sources, unconnected_gradients="zero")
    rows = [outer.jacobian(f, sources, unconnected_gradients="zero") for f in firsts]
    size = [int(np.prod(s.shape, dtype=int)) for s in sources]
    for i, a in enumerate(size):
        for j, b in enumerate(size):
            h, k = array_of(rows[i][j]), array_of(rows[j][i])
            scale = float(np.max(np.abs(h), initial=1.0))
            np.testing.assert_allclose(
                np.reshape(h, (a, b)),
                np.reshape(k, (b, a)).T,
                rtol=1e-8,
                atol=1e-9 * scale,
            )


@FEW
@given(programs(), st.data())
def test_only_what_was_watched_has_a_gradient(
    program: Program, data: st.DataObject
) -> None:
    _, whole_sources, _ = whole = record(program)
    sources = program.given()
    chosen = data.draw(st.sets(st.sampled_from(range(len(sources))), min_size=1))
    with GradientTape() as tape:
        tape.watch([sources[i] for i in sorted(chosen)])
        y = program.tensors(sources)
    every = raw(whole[0].gradient(whole[2], whole_sources))
    for i, g in enumerate(raw(tape.gradient(y, sources))):
        if i not in chosen:
            assert g is None
        elif every[i] is None or np.all(np.isfinite(every[i])):
            same(g, every[i])
