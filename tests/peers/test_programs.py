"""Whole random programs: TensorFlow, HIPS autograd and this engine must agree.

On value, gradient, None-ness, dtype and shape. ``TAPEVIZ_PROGRAMS=50000 pytest
tests/peers/test_programs.py`` is a long run; where the peers are required there are
1,000 programs, elsewhere a fifth of it.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import tapeviz
from tapeviz.inspect.backward_pass import backward
from tests.peers.autograd_face import error_function, face
from tests.peers.conftest import REQUIRED
from tests.peers.programs import data, differ, play, run, write, write_plain

MANY = int(os.environ.get("TAPEVIZ_PROGRAMS", "1000" if REQUIRED else "200"))
SHARES = {"float64": 3, "float32": 1}
"""How many of four programs are of each dtype."""

TOLERANCE = {"float64": 1e-7, "float32": 2e-3}
LENGTH = {"float64": 200, "float32": 60}


def numbers(most: int) -> Any:
    return st.lists(st.integers(0, 2**40), min_size=20, max_size=most)


def few(share: float) -> settings:
    return settings(
        max_examples=max(1, int(MANY * share)), deadline=None, print_blob=True,
        derandomize="TAPEVIZ_PROGRAMS" not in os.environ, database=None,
        suppress_health_check=[*HealthCheck],
    )  # fmt: skip


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("dtype", SHARES)
def test_tensorflow_finds_the_same(
    tensorflow: ModuleType, dtype: str, part: int
) -> None:
    @few(SHARES[dtype] / 8)
    @given(numbers(LENGTH[dtype]))
    def agree(choices: list[int]) -> None:
        source = write([part + 1, *choices], dtype)
        found = differ(
            play(tapeviz, source), play(tensorflow, source), TOLERANCE[dtype]
        )
        assert not found, f"{found}\n\n{source}"

    agree()


@few(1 / 4)
@given(numbers(100))
def test_autograd_finds_the_same(autograd: ModuleType, choices: list[int]) -> None:
    shapes, source = write_plain(choices)
    space: dict[str, Any] = {"np": np}
    exec(compile(source, "<program>", "exec"), space)  # noqa: S102 - our own program
    values = [data(i, shape, "float64") for i, shape in enumerate(shapes)]
    there = face(
        autograd.numpy, autograd.tracer.getval, error_function(autograd.extend)
    )
    try:
        theirs = autograd.value_and_grad(lambda xs: space["f"](there, *xs))(values)
    except TypeError as error:
        if "first operand must be array" not in str(error):
            raise
        reject()  # autograd cannot add an axis to a scalar
    sources = [tapeviz.constant(v) for v in values]
    with tapeviz.GradientTape() as tape:
        tape.watch(sources)
        y = space["f"](tapeviz, *sources)
    ours = tape.gradient(y, sources, unconnected_gradients="zero")
    scale = 1e-8 * (1 + max(float(np.max(np.abs(g))) for g in theirs[1]))
    np.testing.assert_allclose(y.numpy(), theirs[0], 1e-9, 1e-9, err_msg=source)
    for g, want in zip(ours, theirs[1], strict=True):
        dense = tapeviz.convert_to_tensor(g).numpy()
        np.testing.assert_allclose(dense, want, 1e-8, scale, err_msg=source)


@few(1)
@given(numbers(100))
def test_the_told_sweep_gives_the_same_numbers(choices: list[int]) -> None:
    """Gradients of gradients among them: a program's inner tapes feed its target."""
    source = write(choices, "float64")
    space = run(tapeviz, source)
    run_of = backward(space["tape"], space["target"], space["asked"], {})
    for shown, fast in zip(run_of.results, space["grads"], strict=True):
        assert (shown is None) == (fast is None), source
        if shown is not None:
            dense = tapeviz.convert_to_tensor(fast).numpy()
            assert shown.shape == dense.shape
            if shown.data is not None:  # of the largest there is a summary only
                np.testing.assert_array_equal(shown.data, dense.ravel(), err_msg=source)
