"""A recorded computation runs in the page as it does here."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.inspect.backward_pass import backward
from tapeviz.inspect.program import compiled
from tapeviz.trace.program import FAMILIES, Program
from tapeviz.trace.value import format_number
from tests.live.machine import RUN, everything, job, machine, node


def listing_102() -> Program:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1
    run = backward(tape, y, x, {"x": x, "y": y})
    program = compiled(tape, run)
    assert isinstance(program, Program)
    return program


def test_listing_102_with_another_number() -> None:
    """At 4: 16 + 8 + 1 = 25, and 2 * 4 + 2 = 10; 8 comes through the square."""
    program = listing_102()
    (found,) = node(f"{machine(program)}{RUN}out = given.map(judge)", [
        job(program, {"n0": [4.0]}),
    ])  # fmt: skip
    assert found["values"][-1] == [25]
    assert found["adjoints"][0] == [10]
    assert [[2], [2]] in found["parts"]
    assert [[8], [10]] in found["parts"]
    assert found["left"] is None


def test_a_program_is_a_document() -> None:
    program = listing_102()
    assert Program.from_json(program.to_json()) == program
    assert json.loads(program.to_json())["tapeviz"] == "program"


def test_it_has_handles_by_name() -> None:
    assert [(h.label, h.kind) for h in listing_102().handles] == [("x", "variable")]


def test_the_words_are_those_of_the_scripts() -> None:
    tables = "[WORDS, ARRAY_WORDS, ROUNDED_WORDS]"
    script = f"{everything()}out = {tables}.flatMap((table) => Object.keys(table))"
    known = [word for words in FAMILIES.values() for word in words]
    assert sorted(known) == sorted(node(script, None))


@pytest.mark.parametrize("digits", [2, 4, 5, 6])
def test_numbers_are_written_as_python_does(digits: int) -> None:
    rng = np.random.default_rng(digits)
    wide = rng.normal(size=2000) * 10.0 ** rng.integers(-12, 20, 2000)
    halves = rng.integers(-(10**7), 10**7, 2000) / 2.0 ** rng.integers(0, 20, 2000)
    single = rng.normal(size=500).astype(np.float32)
    odd = [0.0, -0.0, 1e7, 9999999.0, 0.0001, 0.00001, 99999.5, 10000.5, -10000.5]
    numbers = [float(v) for v in (*wide, *halves, *single, *odd)]
    script = f"{everything()}out = given.map((v) => formatNumber(v, {digits}))"
    assert node(script, numbers) == [format_number(v, digits) for v in numbers]


def test_numbers_that_are_none_and_whole_numbers() -> None:
    script = (
        "out = [formatNumber(NaN), formatNumber(-Infinity), formatNumber(true),"
        "formatNumber(123456789, 5, true), formatNumber(123456789)]"
    )
    found = node(everything() + script, None)
    expected = [math.nan, -math.inf, True, 123456789, 123456789.0]
    assert found == [format_number(v) for v in expected]


def recorded(f: Any, *leaves: float) -> Program:
    """The program of a function of scalar variables."""
    variables = [tf.Variable(v) for v in leaves]
    with tf.GradientTape() as tape:
        y = f(*variables)
    tape.gradient(y, variables)
    program = compiled(tape)
    assert isinstance(program, Program), program
    return program


def left(program: Program, **leaves: float) -> Any:
    """What ``left`` says with other numbers."""
    jobs = [job(program, {id: [v] for id, v in leaves.items()})]
    return node(everything() + RUN + "out = given.map(judge)", jobs)[0]["left"]


def _branching(x: Any) -> Any:
    y = x * x
    if y > 5.0:
        y = y * 2.0
    while y < 100.0:
        y = y * x
    return y


def test_an_if_and_a_while_that_come_out_differently_are_told() -> None:
    program = recorded(_branching, 3.0)
    assert {one.kind for one in program.exits} == {"compared"}
    assert left(program, n0=3.1) is None
    line = _branching.__code__.co_firstlineno + 2
    found = left(program, n0=2.0)
    assert (found["line"], found["kind"]) == (line, "compared")
    assert found["before"] == 1
    assert found["now"] == 0
    later = left(program, n0=8.0)  # 64 * 2 is not below 100
    assert later["line"] == line + 2
    assert left(program, n0=2.9) is None  # 16.8, 48.8, 141.5: as many rounds
    more = left(program, n0=2.3)  # 10.6, 24.3, 56.0: one more round
    assert (more["line"], more["after"]) == (line + 2, [])


def test_numbers_that_leave_are_told_only_where_something_hangs_on_them() -> None:
    seen = []

    def printed(x: Any) -> Any:
        seen.append(float(x * 2.0))
        return x * x

    def used(x: Any) -> Any:
        k = float(x)
        return x * k

    def asked(x: Any) -> Any:
        return x * 2.0 if x.numpy() > 0 else -x

    def counted(x: Any) -> Any:
        for _ in range(int(x)):
            x = x * x
        return x

    def last(x: Any) -> Any:
        y = x * x
        k = float(y)
        seen.append(k)
        return y

    assert recorded(printed, 3.0).exits == ()
    assert recorded(last, 3.0).exits == ()
    assert [one.kind for one in recorded(used, 3.0).exits] == ["left"]
    assert [one.kind for one in recorded(asked, 3.0).exits] == ["compared"]
    assert [one.kind for one in recorded(counted, 3.0).exits] == ["compared"]


def test_cond_is_an_exit() -> None:
    def chosen(x: Any) -> Any:
        return tf.cond(x > 0.0, lambda: x * x, lambda: -x)

    program = recorded(chosen, 3.0)
    assert [one.kind for one in program.exits] == ["compared"]
    assert left(program, n0=-1.0)["kind"] == "compared"
