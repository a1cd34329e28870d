"""What a machine says of its runs: numbers by kind, losses, checks, and how fast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.inspect.backward_pass import backward
from tapeviz.inspect.explanation import explanation
from tapeviz.inspect.program import compiled, tree
from tapeviz.trace.codec import pack
from tapeviz.trace.program import Program
from tests.live.machine import everything, node
from tests.samples import HOSTILE


def program_of(tape: Any, *more: Any) -> Program:
    made = compiled(tape, *more)
    assert isinstance(made, Program), made
    return made


def rosenbrock() -> Program:
    x, y = tf.Variable(-1.0), tf.Variable(1.5)
    with tf.GradientTape() as tape:
        loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    tape.gradient(loss, [x, y])
    return program_of(tape)


def asked(program: Program, script: str) -> Any:
    """What a script makes of ``machine``, the program compiled."""
    return node(f"{everything()}const machine = compile(given);{script}", pack(program))


def test_losses_and_gradients_of_other_points() -> None:
    """By hand: at (2, 3) it is 1 + 100, its slopes 2 + 800 and -200."""
    script = """
    const before = machine.at("v", "n0");
    out = [machine.loss([2, 3]), machine.gradient([2, 3]), machine.loss([1, 1]),
           before, machine.at("v", "n0")];
    """
    at_23, slopes, least, before, after = asked(rosenbrock(), script)
    assert at_23 == 101
    assert slopes == {"loss": 101, "gradients": [802, -200]}
    assert (least, before, after) == (0, -1, -1)


def test_a_loss_goes_on_from_the_last_run() -> None:
    """Other handles keep what they were changed to: c * x at x = 3, with c = 5."""
    x, c = tf.Variable(2.0), tf.Variable(4.0, trainable=False)
    with tf.GradientTape() as tape:
        tape.watch(c)
        y = c * x
    tape.gradient(y, [x])
    script = """
    machine.run(new Map([[machine.handles[0].node, [5]]]));
    out = [machine.handles.map((h) => h.id), machine.loss([3]), machine.gradient([3])];
    """
    ids, loss, both = asked(program_of(tape), script)
    assert ids[0] == "n0"
    assert loss == both["loss"] == 15
    assert both["gradients"] == [5]


def test_loss_and_gradient_of_arrays() -> None:
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    b = tf.Variable([0.5, -0.5])
    x = tf.constant([[1.0, -1.0], [2.0, 0.5], [0.0, 1.0]])
    with tf.GradientTape() as tape:
        y = tf.reduce_mean(tf.square(x @ w + b))
    expected = tape.gradient(y, [w, b])
    numbers = [1.0, 2.0, 3.0, 4.0, 0.5, -0.5]
    found = asked(program_of(tape), f"out = machine.gradient({numbers})")
    assert found["loss"] == pytest.approx(float(y), rel=1e-6)
    together = np.concatenate([np.ravel(g.numpy()) for g in expected])
    assert found["gradients"] == pytest.approx(together.tolist(), rel=1e-5)


def test_finite_differences_and_local_derivatives_are_those_of_explain() -> None:
    x, w = tf.Variable(0.7), tf.Variable([1.0, -2.0, 0.5])
    with tf.GradientTape(persistent=True) as tape:
        y = tf.reduce_sum(tf.sin(w * x) ** 2 + tf.exp(x) / 3)
    names = {"x": x, "w": w, "y": y}
    run = backward(tape, y, [x, w], names)
    checks = explanation(tape, y, [x, w], names, check=True).checks
    kinds = [("d", c.edge, c.difference) for c in checks]
    parts = [c for step in run.steps for c in step.contributions]
    kinds += [("l", c.edge, c.local_value) for c in parts]
    wanted = [(k, e, v.data) for k, e, v in kinds if v is not None]
    questions = [[k, e, i] for k, e, data in wanted for i in range(len(data))]
    script = f"out = {questions}.map((q) => machine.at(...q))"
    found = asked(program_of(tape, run), script)
    expected = [float(entry) for _, _, data in wanted for entry in data]
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert len({k for k, _, _ in wanted}) == 2


def test_means_and_what_is_recorded() -> None:
    w = tf.Variable([1.0, 2.0, 6.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(w * w)
    tape.gradient(y, w)
    script = """
    machine.run(new Map([[0, [0, 0, 3]]]));
    out = [machine.at("v", "n0", -1), machine.recorded("v", "n0", -1),
           machine.at("g", "n0", 2), machine.recorded("g", "n0", 2)];
    """
    assert asked(program_of(tape), script) == [1, 3, 6, 12]


def test_a_gradient_of_a_gradient_follows() -> None:
    """The inner tape's ops are recorded by the outer one: 6x of x³ is 12 at 2."""
    x = tf.Variable(3.0)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x**3 + tf.sqrt(x) + tf.nn.relu(x)
        slope = inner.gradient(y, x)
    outer.gradient(slope, x)
    script = "machine.run(new Map([[0, [2]]])); out = machine.at('g', 'n0')"
    assert asked(program_of(outer), script) == pytest.approx(12 - 2**-1.5 / 4)


def test_trees_of_named_numbers() -> None:
    whole = tree("m * a + (1 - m) * sqrt(maximum(b, 0.0))")
    script = f"""
    {everything()}
    const made = (single) => expression(given, ["m", "a", "b"], single);
    out = [false, true].map((single) => made(single)([0.1, 2, 2]));
    """
    double, single = node(script, whole)
    assert double == 0.1 * 2 + 0.9 * 2**0.5
    f = np.float32
    assert single == float(f(f(0.1) * f(2)) + f(f(0.9) * np.sqrt(f(2))))


def test_a_constants_name_is_one_handle_for_all_of_its_uses() -> None:
    """At x = 3 and k = 5, x * k + k is 20."""
    x, k = tf.Variable(3.0), 2.0
    with tf.GradientTape() as tape:
        y = x * k + k
    program = program_of(tape, backward(tape, y, x, {"x": x, "k": k, "y": y}))
    assert [one.label for one in program.handles] == ["x", "k"]
    script = """
    machine.run(new Map([[machine.handles[1].node, [5]]]));
    out = machine.targets.map(({ id }) => machine.at("v", id));
    """
    assert asked(program, script) == [20]


def test_a_leaf_without_a_name_is_called_what_it_is() -> None:
    with tf.GradientTape() as tape:
        y = tf.Variable(3.0) * 2.0
    tape.gradient(y, [])
    assert [one.label for one in program_of(tape).handles] == ["variable"]


# -- why not ---------------------------------------------------------------------------


def why_not(f: Any, *leaves: Any) -> str:
    variables = [tf.Variable(v) for v in leaves]
    with tf.GradientTape() as tape:
        y = f(*variables)
    tape.gradient(y, variables)
    found = compiled(tape)
    assert isinstance(found, str), found
    return found


def _assigned(x: Any) -> Any:
    y = x * x
    x.assign(5.0)
    return y * x


@tf.custom_gradient
def _own(x: Any) -> Any:
    return x * x, lambda g: g


REASONS = {
    "read": (_assigned, 3.0, "A variable was assigned to while the tape recorded."),
    "custom": (
        _own, 3.0, "A function with a gradient of its own runs in Python alone.",
    ),
    "complex": (
        lambda x: tf.math.real(x * x), 1 + 2j,
        "Numbers of dtype complex128 are not computed in a page.",
    ),
    "half": (
        lambda x: x * x, np.float16(2),
        "Numbers of dtype float16 are not computed in a page.",
    ),
    "large": (
        lambda x: tf.reduce_sum(x * x), np.ones(65, np.float32),
        "Arrays of more than 64 entries are not computed in a page.",
    ),
    "signs": (
        lambda x: tf.reduce_sum(tf.linalg.eigh(x)[1]), np.eye(3, dtype=np.float32),
        "The signs of such vectors hang on who computes them.",
    ),
    "many": (
        lambda x: sum((x * 1.0 for _ in range(1100)), x),
        3.0, "More than 2,000 values are not run in a page.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REASONS)
def test_a_tape_that_no_page_runs_says_why(name: str) -> None:
    f, leaf, sentence = REASONS[name]
    assert why_not(f, leaf) == sentence


def test_an_empty_tape_says_so() -> None:
    with tf.GradientTape() as tape:
        pass
    assert compiled(tape) == "The tape recorded nothing that can be run again."


def test_hostile_names_stay_text() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    names = dict.fromkeys(HOSTILE, x)
    program = program_of(tape, backward(tape, y, x, names))
    labels = asked(program, "out = machine.handles.map((h) => h.label)")
    assert labels == [handle.label for handle in program.handles]


# -- how fast --------------------------------------------------------------------------

TIMED = """
const best = (f, count) => {
  let least = Infinity;
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    f();
    least = Math.min(least, performance.now() - start);
  }
  return least;
};
"""


def _deep() -> Program:
    x, w = tf.Variable(1.1), tf.Variable(0.3)
    with tf.GradientTape() as tape:
        y = x
        for _ in range(75):
            y = tf.sin(y * w) + x * 0.5 - w
    tape.gradient(y, [x, w])
    return program_of(tape)


@pytest.mark.alone
def test_a_run_costs_little() -> None:
    program = _deep()
    assert sum(one.formulas >= 0 for one in program.instructions) >= 300
    script = f"""{TIMED}
    out = [best(() => compile(given), 40),
           best(() => machine.run(new Map([[0, [1.3]]])), 60)];
    """
    compiling, running = asked(program, script)
    assert compiling < 8, f"{compiling:.1f} ms to compile"
    assert running < 4, f"{running:.1f} ms a run"


@pytest.mark.alone
def test_a_contour_of_losses_costs_little() -> None:
    script = f"""{TIMED}
    const all = () => {{
      for (let i = 0; i < 61; i++)
        for (let j = 0; j < 61; j++) machine.loss([i / 30 - 1, j / 30 - 1]);
    }};
    out = best(all, 20);
    """
    spent = asked(rosenbrock(), script)
    assert spent < 10, f"{spent:.1f} ms for 3,721 losses"
