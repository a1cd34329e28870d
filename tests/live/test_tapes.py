"""Programs of nested, paused and re-entered tapes: compiled or refused, never wrong.

A page runs what they recorded with the recorded numbers.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest

import tapeviz
from tapeviz.inspect.graph import graph
from tapeviz.inspect.program import compiled
from tests.live.judge import disagreements
from tests.live.machine import RUN, everything, job, node
from tests.peers import programs, tape_programs

SEEDS = range(60)


class Recorded:
    """The package with tapes that are remembered."""

    def __init__(self) -> None:
        self.tapes: list[Any] = []

    def GradientTape(self, *args: Any, **words: Any) -> Any:  # noqa: N802 - its name
        self.tapes.append(tapeviz.GradientTape(*args, **words))
        return self.tapes[-1]

    def __getattr__(self, name: str) -> Any:
        return getattr(tapeviz, name)


def _sources(seed: int) -> tuple[str, str]:
    rng = np.random.default_rng([seed, 5])
    numbers = rng.integers(0, 2**40, int(rng.integers(3, 16))).tolist()
    dtype = ("float32", "float64")[seed % 2]
    return programs.write(numbers, dtype), tape_programs.write(seed)


@pytest.mark.filterwarnings("ignore")
def test_what_tapes_recorded_runs_in_a_page_or_is_refused() -> None:
    made = []
    for source in (text for seed in SEEDS for text in _sources(seed)):
        tf = Recorded()
        space = {"tf": tf, "np": np, "data": programs.data, "dense": lambda g: g}
        with contextlib.suppress(Exception):  # an error is an outcome of some
            exec(source, space)  # noqa: S102 - a program that we have just written
        names = {k: v for k, v in space.items() if k[0] != "_"}
        for tape in tf.tapes:
            for drawn in (None, graph(tape, names)):
                program = compiled(tape, None, drawn)
                if not isinstance(program, str):
                    records = {f"n{r.index}": r for r in tape.records()}
                    made.append((source, program, records))
    assert len(made) > 2 * len(SEEDS)
    jobs = [job(program, {}) for _, program, _ in made]
    found = node(everything() + RUN + "out = given.map(judge)", jobs)
    bad = [
        f"{text}\n{source}"
        for (source, program, records), one in zip(made, found, strict=True)
        for text in disagreements(program, records, one)
    ]
    assert bad == []
