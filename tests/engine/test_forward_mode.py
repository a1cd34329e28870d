"""Forward mode: derivatives along a step, against differences, TensorFlow's behaviour."""
# ruff: noqa: E501 - snippets stand on one line

from __future__ import annotations

import numpy as np
import pytest

import tapeviz
from tapeviz.engine.forward_mode import ForwardAccumulator
from tests.engine import oracle
from tests.engine.inside import array_of
from tests.engine.oracle import RULED, OpCase
from tests.engine.running import for_each, run, tensor, tensors
from tests.engine.semantics import Row, judged, row

BOTH = """
x = V([1.0, 2.0])
with tf.autodiff.ForwardAccumulator(x, c([1.0, 0.5])) as a:
    with tf.GradientTape() as t:
        y = tf.reduce_sum(x**3)
    g = t.gradient(y, x)
g, a.jvp(g)
"""
AROUND = """
x = V([1.0, 2.0])
with tf.GradientTape() as t:
    with tf.autodiff.ForwardAccumulator(x, c([1.0, 0.5])) as a:
        y = tf.reduce_sum(x**3)
j = a.jvp(y)
j, t.gradient(j, x)
"""


def along(
    name: str, code: str, gives: str, x: str = "V(2.0)", step: str = "c(1.0)"
) -> Row:
    """What is written in the block, and jvps after it."""
    *block, last = code.splitlines()
    body = "\n    ".join(block or ["pass"])
    start = f"x = {x}\na = tf.autodiff.ForwardAccumulator(x, {step})\n"
    return row(name, f"{start}with a:\n    {body}\n{last}", gives)


ROWS = [
    along("a vector", "y = x * x\na.jvp(y)", "[2, 2] float32", "V([1.0, 2.0])",
          "c([1.0, 0.5])"),
    along("a constant, in the block", "y = x * x\nz = a.jvp(y)\nz, a.jvp(x)",
          "([2, 2] float32, [1, 0.5] float32)", "c([1.0, 2.0])", "c([1.0, 0.5])"),
    along("several primals", "y = x[0] * x[1]\na.jvp(y)", "23 float32",
          "[V(2.0), V(3.0)]", "[c(1.0), c(10.0)]"),
    along("a nest of results", "y = x * x\na.jvp([x, {'k': y}])",
          "[1 float32, {k: 4 float32}]"),
    along("unconnected", "pass\na.jvp(c(1.0)), a.jvp(c(1.0), unconnected_gradients='zero')",
          "(None, 0 float32)"),
    along("unconnected unknown", "pass\na.jvp(x, unconnected_gradients='nonsense')",
          "ValueError: 'nonsense' is not a valid UnconnectedGradients"),
    along("cut", "y = tf.stop_gradient(x) * 2.0\nz = tf.floor(x)\na.jvp(y), a.jvp(z)",
          "(None, None)"),
    along("zero", "y = 3.0 + x * 0.0\na.jvp(y)", "0 float32"),
    along("a Python float as step", "y = x * x\na.jvp(y)", "4 float32", step="1.0"),
    along("an int", "y = x * x\na.jvp(y)", "None", "V(2)", "c(1)"),
    along("after the block", "y = x * x\na.jvp(y * x), a.jvp(y), a.jvp(y)",
          "(None, 4 float32, 4 float32)"),
    along("assign", "y = x * x\nx.assign(5.0)\nz = x * x\na.jvp(y), a.jvp(z)",
          "(4 float32, 10 float32)"),
    along("not trainable", "y = x @ [[3.0], [4.0]]\na.jvp(y)", "[[3]] float32",
          "V([[1.0, 2.0]], trainable=False)", "c([[1.0, 0.0]])"),
    along("entered again", "y = x * x\nwith a:\n    pass\n0",
          "ValueError: Accumulator is already recording."),
    row("finished, then entered again", """
        x = V(2.0)
        a = tf.autodiff.ForwardAccumulator(x, c(1.0))
        with a:
            y = x * x
        with a:
            z = y * x
        a.jvp(z)
        """, "12 float32"),
    row("never entered", "x = V(2.0)\ntf.autodiff.ForwardAccumulator(x, c(1.0)).jvp(x)",
        "1 float32"),
    row("a primal twice", "x = V(2.0)\ntf.autodiff.ForwardAccumulator([x, x], [x, x])",
        "ValueError: was specified as a primal multiple times. This may indicate an error."),
    row("another structure", "tf.autodiff.ForwardAccumulator(c(1.0), [c(1.0)])",
        "ValueError: The two structures don't have the same nested structure."),
    row("another dtype", "tf.autodiff.ForwardAccumulator(c(1.0), c(1))",
        "ValueError: Tensor conversion requested dtype float32 for Tensor with dtype int32"),
    row("a float as primal", "tf.autodiff.ForwardAccumulator(2.0, c(1.0))",
        "AttributeError: 'float' object has no attribute 'dtype'"),
    row("a float as result",
        "x = c(2.0)\nwith tf.autodiff.ForwardAccumulator(x, x) as a:\n    pass\na.jvp(3.0)",
        "AttributeError: 'float' object has no attribute '_id'"),
    row("forward over reverse: a Hessian times a step", BOTH,
        "([3, 12] float32, [6, 6] float32)"),
    row("reverse over forward", AROUND, "(9 float32, [6, 6] float32)"),
    row("forward over forward", """
        x = c(3.0)
        with tf.autodiff.ForwardAccumulator(x, c(1.0)) as a:
            with tf.autodiff.ForwardAccumulator(x, c(1.0)) as b:
                y = x * x * x
            j = b.jvp(y)
        j, a.jvp(j), a.jvp(y)
        """, "(27 float32, 18 float32, 27 float32)"),
]  # fmt: skip


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_row(case: Row) -> None:
    assert not judged(tapeviz, case)


def test_a_step_of_another_shape() -> None:
    with pytest.raises(ValueError, match="does not fit its primal"):
        ForwardAccumulator(tapeviz.constant([1.0, 2.0]), tapeviz.constant(1.0))


@for_each((c,) for c in RULED)
def test_every_op_moves_as_differences_say(case: OpCase) -> None:
    given = tensors(case)
    rng = np.random.default_rng(3)
    steps = {i: rng.uniform(-1, 1, case.operands[i].shape) for i in case.floats}
    with ForwardAccumulator(
        [given[i] for i in steps], [tensor(t) for t in steps.values()]
    ) as a:
        y = run(case, *given)
    got = a.jvp(y, unconnected_gradients="zero")
    h = oracle.step_of(case)
    ends = [
        case.numpy(
            *(
                v + s * h * steps[i] if i in steps else v
                for i, v in enumerate(case.operands)
            )
        )
        for s in (1, -1)
    ]
    want = (ends[0] - ends[1]) / (2 * h)
    np.testing.assert_allclose(array_of(got), want, 1e-5, 1e-6)
