"""Whether what a page computed is what the engine computes, step by step.

Each step is judged from the page's own operands, so that it is one op that is compared
and not what a long computation makes of a rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tapeviz.engine.records import Record
from tapeviz.trace.program import Program, words

EXACT = frozenset(("+", "-", "*", "/", "neg", "sqrt", "same", "where", ">", ">=", "<"))
EXACT |= {
    "<=",
    "==",
    "!=",
    "positive",
    "nonzero",
    "gate",
    "zero",
    "reciprocal",
    "product",
}
"""Words that round once: 2 units in the last place of float32."""

TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
"""How much the other words may deviate, relative to the greatest number in them."""


def array(numbers: Any, dtype: str, shape: Sequence[int]) -> Any:
    """What Node wrote, as the engine holds it."""
    kind = {"int": "int64", "float": "float64"}.get(dtype, dtype)
    made = np.array([float(v) for v in numbers], "float64").astype(kind)
    return made.reshape(shape)[()]


def disagreements(
    program: Program, records: Mapping[str, Record], found: Mapping[str, Any]
) -> Iterator[str]:
    """Where a page's numbers are not the engine's, for people."""
    nodes = program.instructions
    values = [
        array(v, n.dtype, n.shape) for v, n in zip(found["values"], nodes, strict=True)
    ]
    weak = [n.dtype in ("int", "float") for n in nodes]
    given = [v.item() if w else v for v, w in zip(values, weak, strict=True)]
    adjoints = found["adjoints"]
    parts = iter(found["parts"])
    sums: dict[int, Any] = {}
    for goal in program.targets:
        seed = array(goal.seed, nodes[goal.node].dtype, nodes[goal.node].shape)
        sums[goal.node] = sums.get(goal.node, 0) + seed
    for i, one in enumerate(nodes):
        if one.formulas < 0:
            continue
        operands = [given[j] for j in one.operands]
        tree = program.formulas[one.formulas].forward
        forward = records[one.id].forward
        yield from _compared(_named(program, i), values[i], forward, operands, tree)
    for step in program.sweep:
        one = nodes[step.node]
        of = program.formulas[one.formulas]
        operands = [given[j] for j in one.operands]
        g = array(adjoints[step.node], one.dtype, one.shape)
        record = replace(records[one.id], result=values[step.node])
        for slot in step.slots:
            to = nodes[one.operands[slot]]
            part, total = next(parts)

            def vjp(given: Any, slot: int = slot, record: Record = record) -> Any:
                return replace(record, values=tuple(given[1:])).vjp(slot, given[0])

            tree = of.vjps[0 if of.operands == ("xs",) else slot]
            what = f"{_named(program, step.node)}, rule {slot}"
            got = array(part, to.dtype, to.shape)
            yield from _compared(what, got, vjp, [g, *operands], tree)
            j = one.operands[slot]
            with np.errstate(all="ignore"):
                sums[j] = sums[j] + got if j in sums else got
            found_sum = array(total, to.dtype, to.shape)
            if not np.array_equal(found_sum, sums[j], equal_nan=True):
                yield f"{what}: the sum is {found_sum}, not {sums[j]}"

    for j, total in sums.items():
        adjoint = array(adjoints[j], nodes[j].dtype, nodes[j].shape)
        if not np.array_equal(adjoint, total, equal_nan=True):
            yield f"the gradient of {nodes[j].id} is {adjoint}, not {total}"


def _named(program: Program, i: int) -> str:
    one = program.instructions[i]
    return f"{one.id} {program.formulas[one.formulas].name}{list(one.settings)}"


def _compared(
    what: str, got: Any, f: Callable[[Any], Any], operands: Sequence[Any], tree: Any
) -> Iterator[str]:
    with np.errstate(all="ignore"):
        got, expected = np.asarray(got), np.asarray(f(operands))
    if got.shape != expected.shape or got.dtype != expected.dtype:
        yield f"{what}: {got.dtype}{got.shape}, not {expected.dtype}{expected.shape}"
        return
    if got.dtype.kind != "f":
        if not np.array_equal(got, expected):
            yield f"{what}: {got}, not {expected} from {operands}"
        return
    with np.errstate(all="ignore"):
        same = (got == expected) | (np.isnan(got) & np.isnan(expected))
        exact = set(words(tree)) <= EXACT and np.isfinite(expected).all()
        if exact and got.dtype == np.float32:
            near = np.abs(got - expected) <= 2 * np.spacing(np.abs(expected))
        else:
            scale = max(np.max(np.abs(expected), initial=0), 1e-30)
            sums = {"+", "-"} & set(words(tree))  # and their terms may cancel
            if sums or got.size < max(map(np.size, operands)):
                terms = [f([abs(v) for v in operands]), operands[0]]
                scale = max(scale, *map(_greatest, terms))
            near = np.abs(got - expected) <= TOLERANCE[str(got.dtype)] * scale
        inside = set(words(tree))
        cancels = inside & {"+", "-", "@"} and not inside <= EXACT
        if not cancels:  # else what is left of rounded terms is noise
            near &= (got == 0) == (expected == 0)  # the mark of a zero
        if not np.all(same | near):
            yield f"{what}: {got}, not {expected} from {operands}"


def _greatest(terms: Any) -> float:
    return float(np.max(np.abs(terms), initial=0, where=np.isfinite(terms)))
