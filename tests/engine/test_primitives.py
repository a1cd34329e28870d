"""Every vjp rule of the registry, by every way there is to evaluate it.

For each op and operand: against finite differences at first and second order, the text
evaluated by Python over plain NumPy, the step-by-step sweep, the batched sweep, and the
sweep that is itself recorded.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from tapeviz.engine.dispatch import SHOWN, VJP, VJP_BATCHED
from tapeviz.engine.ops import TABLE
from tapeviz.engine.primitives import Op, Rule
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor
from tests.engine import oracle
from tests.engine.inside import array_of, handed_on, index_of, records
from tests.engine.oracle import RULED, Array, OpCase
from tests.engine.running import (
    floats,
    for_each,
    gradients,
    recorded,
    run,
    tensor,
    tensors,
    weights,
)

CASES = for_each((c,) for c in RULED)
SLOTS = [(c, i) for c in RULED for i in c.floats if c.op.rules[0 if c.op.many else i]]
EACH = for_each(SLOTS)
TWICE = for_each(product(RULED, ["float32", "float64"]))


def near(got: Any, want: Any, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Equal, as far as finite differences are exact."""
    got = np.asarray(array_of(got) if isinstance(got, Tensor) else got)
    assert got.shape == np.shape(want)
    np.testing.assert_allclose(got, want, rtol, atol)


def test_every_rule_is_tried() -> None:
    tried = {(c.op.name, 0 if c.op.many else i) for c, i in SLOTS}
    there = {
        (op.name, i)
        for op in TABLE
        if op.name not in oracle.LEAVES
        for i, rule in enumerate(op.rules)
        if rule is not None
    }
    assert tried == there


# -- against finite differences --------------------------------------------------------


@CASES
def test_the_gradient_is_the_slope(case: OpCase) -> None:
    w = weights(case)
    got = gradients(case, case.operands, w)
    for g, slot in zip(got, case.floats, strict=True):
        want = oracle.slope(
            lambda *v: float(np.sum(w * case.numpy(*v))),
            case.operands,
            slot,
            oracle.step_of(case),
        )
        near(g, want)


def second(case: OpCase, ws: list[Array]) -> list[Any]:
    """The gradients of a weighted sum of the gradients."""
    given = tensors(case)
    sources = floats(case, given)
    with GradientTape() as outer:
        outer.watch(sources)
        with GradientTape() as inner:
            inner.watch(sources)
            y = run(case, *given)
        got = inner.gradient(y, sources, tensor(weights(case)))
        parts = [g * tensor(w) for g, w in zip(got, ws, strict=True) if g is not None]
    return outer.gradient(parts, sources, unconnected_gradients="zero")  # type: ignore[no-any-return]


@CASES
def test_the_gradient_of_the_gradient_is_its_slope(case: OpCase) -> None:
    ws = [
        np.cos(1.0 + np.arange(case.operands[i].size)).reshape(case.operands[i].shape)
        for i in case.floats
    ]

    def first(*operands: Array) -> float:
        got = gradients(case, operands, weights(case))
        return sum(float(np.sum(w * array_of(g))) for w, g in zip(ws, got, strict=True))

    for g, slot in zip(second(case, ws), case.floats, strict=True):
        near(
            g,
            oracle.slope(first, case.operands, slot, oracle.step_of(case)),
            1e-4,
            1e-5,
        )


# -- the text --------------------------------------------------------------------------


def back(case: OpCase, rules: Any, g: Any) -> list[Any]:
    """What a sweep adds to each operand, given one record."""
    tape, _, rec = recorded(case, tensors(case))
    with np.errstate(all="ignore"):
        grads = handed_on(rules, rec, len(records(tape)), g)
    return [grads[i] for i in case.op.inputs(rec)]


@EACH
def test_what_is_shown_is_what_ran(case: OpCase, slot: int) -> None:
    g = weights(case)
    shown = oracle.read_rule(case, slot, g)
    ran = back(case, VJP, array_of(tensor(g)))[slot]
    near(ran, shown, 1e-13, 1e-14)


@EACH
def test_what_a_step_gives_is_what_ran(case: OpCase, slot: int) -> None:
    g = array_of(tensor(weights(case)))
    _, _, rec = recorded(case, tensors(case))
    step_vjp = SHOWN.vjp(rec, slot)
    assert step_vjp is not None
    ran = back(case, VJP, g)[slot]
    np.testing.assert_array_equal(step_vjp(g, rec), ran)


@CASES
def test_the_recorded_sweep_gives_the_same(case: OpCase) -> None:
    given, w = tensors(case), tensor(weights(case))
    sources = floats(case, given)
    with GradientTape() as outer:
        outer.watch([*sources, w])
        with GradientTape() as inner:
            inner.watch(sources)
            y = run(case, *given)
        again = inner.gradient(y, sources, w, unconnected_gradients="zero")
    plain = gradients(case, case.operands, weights(case))
    for a, p in zip(again, plain, strict=True):
        assert type(a) is Tensor
        np.testing.assert_allclose(array_of(a), array_of(p), 1e-13, 1e-15)


@EACH
def test_the_batched_rule_is_the_rule_row_by_row(case: OpCase, slot: int) -> None:
    shape = case.numpy(*case.operands).shape
    rows = np.random.default_rng(3).uniform(-1, 1, (4, *shape))
    many = back(case, VJP_BATCHED, rows)[slot]
    assert many.shape == (4, *case.operands[slot].shape)
    for g, got in zip(rows, many, strict=True):
        one = back(case, VJP, array_of(tensor(np.asarray(g))))[slot]
        np.testing.assert_allclose(got, one, 1e-13, 1e-15)


# -- whole Jacobians -------------------------------------------------------------------


def jacobian(case: OpCase, operands: tuple[Array, ...]) -> list[Any]:
    given = [tensor(v) for v in operands]
    with GradientTape() as tape:
        tape.watch(floats(case, given))
        y = run(case, *given)
    return tape.jacobian(y, floats(case, given), unconnected_gradients="zero")  # type: ignore[no-any-return]


@CASES
def test_a_jacobian_is_its_rows(case: OpCase) -> None:
    given = tensors(case)
    tape, y, _ = recorded(case, given)
    got = jacobian(case, case.operands)
    for j, source in zip(got, floats(case, given), strict=True):
        assert j.shape == (*y.shape, *source.shape)
        for entry in np.ndindex(*y.shape):
            one = np.zeros(y.shape)
            one[entry] = 1.0
            row = tape.gradient(y, source, tensor(one), unconnected_gradients="zero")
            np.testing.assert_allclose(array_of(j)[entry], array_of(row), 1e-13, 1e-15)


@CASES
def test_a_recorded_jacobian_is_the_same(case: OpCase) -> None:
    given = tensors(case)
    sources = floats(case, given)
    with GradientTape() as outer:
        outer.watch(sources)
        with GradientTape() as inner:
            inner.watch(sources)
            y = run(case, *given)
        again = inner.jacobian(y, sources, unconnected_gradients="zero")
    for a, j in zip(again, jacobian(case, case.operands), strict=True):
        np.testing.assert_allclose(array_of(a), array_of(j), 1e-13, 1e-15)


@CASES
def test_the_gradient_of_a_jacobian_is_its_slope(case: OpCase) -> None:
    def total(parts: list[Any]) -> list[Any]:
        return [
            j * tensor(np.cos(np.arange(float(np.size(array_of(j))))).reshape(j.shape))
            for j in parts
            if j is not None
        ]

    def plain(*operands: Array) -> float:
        return sum(float(np.sum(array_of(p))) for p in total(jacobian(case, operands)))

    given = tensors(case)
    sources = floats(case, given)
    with GradientTape() as outer:
        outer.watch(sources)
        with GradientTape() as inner:
            inner.watch(sources)
            y = run(case, *given)
        parts = total(inner.jacobian(y, sources))
    got = outer.gradient(parts, sources, unconnected_gradients="zero")
    for g, slot in zip(got, case.floats, strict=True):
        near(
            g,
            oracle.slope(plain, case.operands, slot, oracle.step_of(case)),
            1e-4,
            1e-5,
        )


# -- dtypes, and hands off -------------------------------------------------------------


@TWICE
def test_a_gradient_has_the_dtype_of_its_source(case: OpCase, dtype: str) -> None:
    given = tensors(case, dtype)
    sources = floats(case, given)
    tape, y, _ = recorded(case, given)
    exact = gradients(case, case.operands, np.ones(y.shape))
    for g, s, e in zip(tape.gradient(y, sources), sources, exact, strict=True):
        if g is not None and case.op.name != "cast":
            assert g.dtype == dtype == s.dtype
            assert g.shape == s.shape
            assert isinstance(array_of(g), np.ndarray) == bool(array_of(g).ndim)
            near(g, array_of(e), 1e-4, 1e-5)


@TWICE
def test_a_second_gradient_has_it_too(case: OpCase, dtype: str) -> None:
    given = tensors(case, dtype)
    sources = floats(case, given)
    with GradientTape() as outer:
        outer.watch(sources)
        with GradientTape() as inner:
            inner.watch(sources)
            y = run(case, *given)
        firsts = inner.gradient(y, sources)
    for g, s in zip(
        outer.gradient([f for f in firsts if f is not None], sources),
        sources,
        strict=True,
    ):
        if g is not None and case.op.name != "cast":
            assert g.dtype == s.dtype
            assert g.shape == s.shape


@CASES
def test_nothing_given_is_written_to(case: OpCase) -> None:
    given, w = tensors(case), tensor(weights(case))
    held = [array_of(t) for t in (*given, w) if isinstance(array_of(t), np.ndarray)]
    for v in held:
        v.flags.writeable = False
    before = [v.copy() for v in held]
    tape, y, _ = recorded(case, given)
    y_before = np.copy(array_of(y))
    for _ in range(2):
        tape.gradient(y, floats(case, given), w)
    tape.jacobian(y, floats(case, given))
    np.testing.assert_array_equal(array_of(y), y_before)
    for v, b in zip(held, before, strict=True):
        np.testing.assert_array_equal(v, b)


@CASES
def test_a_gradient_is_no_view_of_what_was_given(case: OpCase) -> None:
    """Writing to what came out must not change what went in, nor a second answer."""
    given, w = tensors(case), tensor(weights(case))
    tape, y, _ = recorded(case, given)
    first = [g.numpy() for g in tape.gradient(y, floats(case, given), w, "zero")]
    again = [np.copy(g) for g in first]
    for g in first:
        if isinstance(g, np.ndarray):
            assert g.flags.writeable
            np.add(g, 1.0, out=g)
    for a, g in zip(
        again, tape.gradient(y, floats(case, given), w, "zero"), strict=True
    ):
        np.testing.assert_array_equal(a, array_of(g))


# -- one operand a constant ------------------------------------------------------------

PAIRS = [
    c
    for c in RULED
    if len(c.op.operands) > 1
    and not c.op.many
    and len(c.floats) == len(c.operands) - ("c" in c.op.operands[:1])
]
FORMS = {
    "python": lambda v: v.tolist(),
    "numpy": lambda v: v[()],
    "numpy float32": lambda v: v.astype(np.float32)[()],
    "tensor": tensor,
}


def _can_be(case: OpCase, form: str) -> bool:
    """An empty list does not show its other sizes."""
    return form != "python" or all(
        np.shape(v.tolist()) == v.shape for v in case.operands
    )


@for_each((c, f) for c, f in product(PAIRS, FORMS) if _can_be(c, f))
def test_one_operand_may_be_a_constant(case: OpCase, form: str) -> None:
    w = weights(case)
    whole = dict(zip(case.floats, gradients(case, case.operands, w), strict=True))
    for slot in case.floats:
        given: list[Any] = [
            tensor(v) if i == slot or v.dtype.kind == "b" else FORMS[form](v)
            for i, v in enumerate(case.operands)
        ]
        tape, y, rec = recorded_at(case, given, slot)
        assert y.dtype == "float64"
        assert [i >= 0 for i in case.op.inputs(rec)] == [
            i == slot for i in range(len(given))
        ]
        if case.op.rules[slot] is not None:
            g = tape.gradient(y, given[slot], tensor(w))
            near(g, array_of(whole[slot]), 1e-5, 1e-5)


def recorded_at(
    case: OpCase, given: list[Any], slot: int
) -> tuple[GradientTape, Tensor, Any]:
    with GradientTape() as tape:
        tape.watch(given[slot])
        y = run(case, *given)
    return tape, y, records(tape)[index_of(y)]


@pytest.mark.parametrize(
    ("number", "dtype"), [*product([2, 2.5], ["float32", "float64"])]
)
@pytest.mark.parametrize(
    "op",
    sorted(
        {
            c.op
            for c in PAIRS
            if len(c.op.operands) == 2 and c.op.name not in oracle.SHAPES
        },
        key=lambda o: o.code,
    ),
    ids=lambda op: op.name,
)
def test_a_python_number_takes_the_tensors_dtype(
    op: Op, number: float, dtype: str
) -> None:
    for shape, slot in product([(), (3,)], [0, 1]):
        t = tensor(np.full(shape, 1.25), dtype)
        given: list[Any] = [t, t]
        given[1 - slot] = number
        tape, y, _ = recorded_at(OpCase(op, ()), given, slot)
        want = oracle.NUMPY[op.name](
            *(np.float64(array_of(v)) if v is t else v for v in given)
        )
        assert y.dtype == dtype
        np.testing.assert_allclose(array_of(y), want, 1e-6)
        if op.rules[slot] is not None:
            assert tape.gradient(y, t).dtype == dtype


# -- where no gradient goes ------------------------------------------------------------


@for_each(
    (c,) for c in oracle.ALL if c.floats and not any(c.op.rules) and not c.op.missing
)
def test_without_a_rule_there_is_no_gradient(case: OpCase) -> None:
    given = tensors(case)
    tape, y, _ = recorded(case, given)
    assert tape.gradient(y, floats(case, given)) == [None] * len(case.floats)


# -- what a rule's text is taken apart into --------------------------------------------


def test_a_rule_saves_what_it_names() -> None:
    assert Rule("g * cos(x)").names == {"g", "cos", "x"}
    assert Rule("expand_reduced(g, shape(x), axis)").names == {
        "expand_reduced",
        "g",
        "shape_x",
        "axis",
    }
    assert Rule("expand_reduced(g, shape(x), axis)").shapes == {"x"}


@CASES
def test_a_record_keeps_what_its_rules_name_and_no_more(case: OpCase) -> None:
    _, _, rec = recorded(case, tensors(case))
    named = {n for r in case.op.rules if r for n in r.names}
    if not case.op.many:
        for n, v, i in zip(
            case.op.operands, case.op.values(rec), case.op.inputs(rec), strict=True
        ):
            assert i < 0 or (v is None) == (n not in named)
    assert (rec[-4] is None) == ("y" not in named)
