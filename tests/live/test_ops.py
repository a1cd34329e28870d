"""Every op of the registry runs in the page as in the engine."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.engine.dispatch import call
from tapeviz.engine.ops import NAMED, TABLE
from tapeviz.engine.primitives import Op
from tapeviz.engine.tape import GradientTape
from tapeviz.inspect.graph import graph
from tapeviz.inspect.program import REFUSED, SORTING, compiled
from tapeviz.trace.program import Program
from tests.engine.oracle import LEAVES, OpCase, cases, sample
from tests.engine.running import run, tensor
from tests.live.judge import disagreements
from tests.live.machine import RUN, everything, job, node

OPS = [op for op in TABLE if op.name not in LEAVES | {*REFUSED}]


def recorded(case: OpCase, dtype: str, operands: Any) -> tuple[Any, Program | str]:
    """The records of an op with these operands and of its pass, and its program."""
    with GradientTape() as tape:
        logic = case.op.kinds == "biu"
        given = [tensor(v.astype(float) if logic else v, dtype) for v in operands]
        floats = [t for t in given if t.dtype.name in ("float32", "float64")]
        tape.watch(floats)
        if logic:
            given = [call.greater(t, 0.0) for t in given]
        if case.op.name in SORTING:  # the oracle's cases have any order
            ids = np.argsort(given[0].numpy(), case.settings[1], kind="stable")
            case = replace(case, settings=(ids, case.settings[1]))
        out = run(case, *given)
    if case.op.missing:
        return tape.records(), compiled(tape, None, graph(tape, {}))
    tape.gradient(out, floats)
    return tape.records(), compiled(tape)


def trials(op: Op, dtype: str) -> Iterator[tuple[Any, ...]]:
    """Each case of an op: its name, program and job, and records with new numbers."""
    for case in cases(op):
        if case.op.name == "cast" and str(case.settings[1]) != dtype:
            continue
        shapes = tuple(np.shape(v) for v in case.operands)
        other = sample(op, shapes, zlib.crc32(str(case).encode()) + 7)
        _, program = recorded(case, dtype, case.operands)
        records, _ = recorded(case, dtype, other)
        assert isinstance(program, Program), program
        by_id = {f"n{r.index}": r for r in records}
        leaves = {
            id: np.ravel(r.result).tolist() for id, r in by_id.items() if r.is_leaf
        }
        yield str(case), program, job(program, leaves), by_id


@cache
def everything_run(dtype: str) -> dict[str, list[tuple[Any, ...]]]:
    """The trials of every op, each with what Node makes of it."""
    made = [(op.name, trial) for op in OPS for trial in trials(op, dtype)]
    jobs = [job for _, (_, _, job, _) in made]
    found = node(everything() + RUN + "out = given.map(judge)", jobs)
    by_op: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for (name, trial), one in zip(made, found, strict=True):
        by_op[name].append((*trial, one))
    return by_op


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_an_op_with_new_numbers(op: Op, dtype: str) -> None:
    bad = [
        f"{name}: {text}"
        for name, program, _, records, found in everything_run(dtype)[op.name]
        for text in disagreements(program, records, found)
    ]
    assert bad == []


def _matrices(seed: int) -> Any:
    """A symmetric matrix with eigenvalues above 0, and one that is not symmetric."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(3, 3))
    return a @ a.T + 0.5 * np.eye(3), rng.normal(size=(4, 3))


DECOMPOSED = ("cholesky", "eigenvalues", "singular", "orthogonal", "upper")
"""Ops of matrices that the oracle's cases leave out."""


@pytest.mark.parametrize("name", DECOMPOSED)
def test_a_decomposition_with_new_numbers(name: str) -> None:
    op = NAMED[name]
    square = name in ("cholesky", "eigenvalues")
    made, jobs = [], []
    for seed in range(8):
        first, other = (_matrices(seed + k)[0 if square else 1] for k in (0, 100))
        _, program = recorded(OpCase(op, (first,)), "float64", (first,))
        records, _ = recorded(OpCase(op, (other,)), "float64", (other,))
        assert isinstance(program, Program), program
        by_id = {f"n{r.index}": r for r in records}
        made.append((program, by_id))
        jobs.append(job(program, {"n0": np.ravel(other).tolist()}))
    found = node(everything() + RUN + "out = given.map(judge)", jobs)
    bad = [
        text
        for (program, by_id), one in zip(made, found, strict=True)
        for text in disagreements(program, by_id, one)
    ]
    assert bad == []


WHOLE = (
    "tf.reduce_mean(n)", "tf.reduce_sum(n) * 3", "n // 2", "n % 3", "n * n - 7",
    "-n // 3", "tf.reduce_max(n) - tf.reduce_min(n)", "tf.reduce_prod(n)",
    "tf.abs(n) + tf.sign(n)",
    "tf.cast(n > 1, n.dtype) + n", "tf.where(n == 2, n, n * 10)", "tf.argmax(n)",
    "tf.cumsum(n)", "tf.math.minimum(n, 1)", "tf.cast(n, tf.float32) / 3", "n ** 2",
)  # fmt: skip
"""What is done with whole numbers on the way."""


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_whole_numbers_on_the_way(dtype: str) -> None:
    made, jobs = [], []
    rng = np.random.default_rng(5)
    for text in WHOLE:
        tapes = []
        for _ in range(2):
            x = tf.Variable((rng.normal(size=4) * 5).astype(np.float32))
            with GradientTape() as tape:
                n = tf.cast(x, dtype)
                m = eval(text, {"tf": tf, "n": n})  # noqa: S307 - one of the texts
                y = tf.reduce_sum(x) * tf.reduce_sum(tf.cast(m, tf.float32))
            tape.gradient(y, x)
            tapes.append(tape)
        program, records = compiled(tapes[0]), tapes[1].records()
        assert isinstance(program, Program), program
        made.append((program, {f"n{r.index}": r for r in records}))
        jobs.append(job(program, {"n0": records[0].result.tolist()}))
    found = node(everything() + RUN + "out = given.map(judge)", jobs)
    bad = [
        text
        for (program, records), one in zip(made, found, strict=True)
        for text in disagreements(program, records, one)
    ]
    assert bad == []
