"""How many of the registry's ops run in a page, and that the guide says so."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

import tapeviz as tf
from tapeviz.engine.ops import TABLE
from tapeviz.inspect.program import REFUSED, compiled, formulas, unknown_words
from tapeviz.trace.program import Program
from tests.live.judge import disagreements
from tests.live.machine import RUN, everything, job, node
from tests.live.test_ops import DECOMPOSED, OPS

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "where_it_runs.md"

COMPUTED = [op for op in TABLE if op.text != "value" and op.name != "read"]
COMPILED = [
    op
    for op in COMPUTED
    if op.name not in REFUSED and not unknown_words(formulas(op.code))
]


def test_the_guide_has_the_number() -> None:
    number = f"{len(COMPILED)} of the registry's {len(COMPUTED)} operations"
    print(number)
    assert number in " ".join(GUIDE.read_text("utf-8").split())
    assert len(COMPILED) >= 150


def test_the_guide_names_the_others() -> None:
    text = GUIDE.read_text("utf-8").split("What a page computes")[1].split("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", text))
    assert {op.name for op in COMPUTED} - {op.name for op in COMPILED} <= named


def test_each_of_them_is_compared_with_the_engine() -> None:
    compared = {op.name for op in OPS} | {*DECOMPOSED, "gather_rows"}
    assert {op.name for op in COMPILED} <= compared


def test_rows_that_were_gathered() -> None:
    rng = np.random.default_rng(3)
    table, other = rng.normal(size=(2, 4, 3)).astype(np.float32)
    made = []
    for numbers in (table, other):
        x = tf.Variable(numbers)
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.gather(x, [1, 3, 1]) ** 2)
        tape.gradient(y, x)
        made.append(tape)
    program = compiled(made[0])
    assert isinstance(program, Program)
    jobs = [job(program, {"n0": np.ravel(other).tolist()})]
    (found,) = node(everything() + RUN + "out = given.map(judge)", jobs)
    records = {f"n{record.index}": record for record in made[1].records()}
    assert list(disagreements(program, records, found)) == []
