"""TensorFlow through our pictures: its numbers, our rules, and both agree."""

from __future__ import annotations

import linecache
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tapeviz
from tapeviz import draw, explain, play
from tapeviz.engine.tape import GradientTape
from tapeviz.inspect import backward
from tapeviz.inspect.foreign_tape import error_of
from tests.peers import programs
from tests.peers.conftest import peer, tensorflow
from tests.test_guides import blocks

__all__ = ["tensorflow"]  # the fixture

peer("tensorflow")
from tests.adapters.tensorflow_functions import FUNCTIONS  # noqa: E402 - after the skip

THEIRS = {"unknown_to_us", "own_gradient"}
"""Those that have no op of ours, or another gradient."""


def made(name: str, tf: ModuleType) -> tuple[Any, list[Any]]:
    """The function of that name, with numbers that are the same every time."""
    random = np.random.default_rng(7)

    def new(*shape: int) -> Any:
        numbers = random.uniform(0.3, 1.4, shape) * random.choice([-1, 1], shape)
        return tf.Variable(numbers, dtype=tf.float64)

    return FUNCTIONS[name](new)


def truth(tf: ModuleType, function: Any, leaves: list[Any]) -> Any:
    """What TensorFlow alone computes: each op's float results and their gradients."""
    from tensorflow.python.framework import op_callbacks

    ops: list[tuple[str, Any]] = []

    def see(op: Any, _in: Any, _attrs: Any, outputs: Any, *_: Any, **more: Any) -> None:
        if more.get("graph") is None:
            ops.extend((str(op), t) for t in outputs if t.dtype.is_floating)

    op_callbacks.add_op_callback(see)
    try:
        with tf.GradientTape(persistent=True) as tape:
            y = function()
    finally:
        op_callbacks.remove_op_callback(see)
    results = tape.gradient(y, [t for _, t in ops])
    grads = [None if g is None else tf.convert_to_tensor(g) for g in results]
    return tape.gradient(y, leaves), list(zip(ops, grads, strict=True))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_value_and_gradient_is_that_of_tensorflow(
    name: str, tensorflow: ModuleType
) -> None:
    tf = tensorflow
    was = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    expected, every = truth(tf, *made(name, tf))
    tf.config.run_functions_eagerly(was)

    function, leaves = made(name, tf)
    with tapeviz.tensorflow.record(), tf.GradientTape() as tape:
        loss = function()
    own, _, _ = tapeviz.tensorflow.seen(tape, None, None)
    run = play(tape, loss, leaves).run
    assert [r is None for r in run.results] == [g is None for g in expected]
    for result, g in zip(run.results, expected, strict=True):
        if g is not None:
            shown = np.reshape(result.data, g.shape)
            assert error_of(shown, tf.convert_to_tensor(g).numpy()) < 1e-12
    records = own.records()
    goal = records.index_of(own.mirrored(loss))
    seed = np.ones_like(records[goal].result)
    steps = GradientTape.backward_steps(own, [own.mirrored(loss)], [seed])
    ours = {goal: seed}
    for _, _, parts in steps:  # our rules alone
        ours |= {j: total for _, j, _, total in parts}
    for leaf, g in zip(leaves, expected, strict=True):
        if g is not None and name != "own_gradient":
            index = records.index_of(own.mirrored(leaf))
            assert error_of(ours[index], tf.convert_to_tensor(g).numpy()) < 1e-6
    # Each op on the way is a node, with that value and that gradient.
    known = [(records[i].result, i) for i in range(len(records))]
    for (op, t), g in every:
        if g is None or op in ("ReadVariableOp", "ZerosLike"):
            continue
        found = [i for v, i in known if v is not None and error_of(v, t.numpy()) < 1e-6]
        assert found, op
        errors = [error_of(ours[i], g.numpy(), 1e-9) for i in found if i in ours]
        assert min(errors, default=9) < 1e-6 or name == "own_gradient", op
    notes = [n.text for n in run.graph.notes if n.kind == "differs"]
    if name not in THEIRS:
        assert notes == []
        assert not [n.op for n in run.graph.nodes if n.op in ("custom", "part")]


def test_without_a_rule_the_vjp_is_tensorflows(
    tensorflow: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tapeviz.adapters.tensorflow import recording

    for name in ("mlp", "shapes", "lstm_step", "embedding", "convolution"):
        monkeypatch.setattr(recording, "TABLE", {})
        function, leaves = made(name, tensorflow)
        with tapeviz.tensorflow.record() as tape:
            loss = function()
        graph = play(tape, loss, leaves).run.graph
        assert {n.op for n in graph.nodes if n.kind == "op"} <= {"custom", "part"}
        expected, every = truth(tensorflow, *made(name, tensorflow))
        seed = np.float64(1)
        steps = GradientTape.backward_steps(tape, [tape.mirrored(loss)], [seed])
        ours = {j: total for _, _, parts in steps for _, j, _, total in parts}
        for leaf, g in zip(leaves, expected, strict=True):
            index = tape.records().index_of(tape.mirrored(leaf))
            assert error_of(ours[index], tensorflow.convert_to_tensor(g).numpy()) < 1e-6
        shown = [n for n in graph.nodes if n.kind == "op"]
        assert len(shown) >= len([g for _, g in every if g is not None]) - len(leaves)


MISTAKES = {
    "unwatched": ("c = tf.constant(2.0)", "y = c * c", "c"),
    "integer": ("n = tf.Variable(3)", "y = n * n", "n"),
    "left": ("x = tf.Variable(3.0)", "y = tf.constant((x * 2.0).numpy()) * 2.0", "x"),
    "stopped": ("x = tf.Variable(3.0)", "y = tf.stop_gradient(x * x) * 2.0", "x"),
    "assigned": (
        "x, s = tf.Variable(3.0), tf.Variable(1.0)",
        "s.assign(x * x)\n    y = s * 2.0",
        "x",
    ),
    "untrainable": ("x = tf.Variable(3.0, trainable=False)", "y = x * x", "x"),
    "outside": ("x = tf.Variable(3.0)\n  h = x * x", "y = h * 2.0", "x"),
    "outside, paused": (
        "x = tf.Variable(3.0)",
        "with tape.stop_recording():\n        y = x * x",
        "x",
    ),
    "late": ("c = tf.constant(2.0)", "y = c * c\n    tape.watch(c)", "c"),
    "step": ("x = tf.Variable(3.0)", "y = tf.round(x) * 2.0", "x"),
    "flat": ("x = tf.Variable(-3.0)", "y = tf.nn.relu(x)", "x"),
    "steep": ("x = tf.Variable(0.0)", "y = tf.sqrt(x)", "x"),
}
"""A mistake by the kind of reason: before the tape, in its block, and the source."""


@pytest.mark.parametrize("kind", MISTAKES)
def test_why_is_said_of_tensorflows_own_tape(kind: str, tensorflow: ModuleType) -> None:
    before, inside, source = MISTAKES[kind]
    code = f"""
with tapeviz.tensorflow.record():
  {before}
  with tf.GradientTape() as tape:
    {inside}
  g = tape.gradient(y, {source})
answers = tapeviz.why(tape, y, {source})
"""
    file = f"<{kind}>"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    space: dict[str, Any] = {"tf": tensorflow, "tapeviz": tapeviz}
    with warned_by_tensorflow():
        exec(compile(code, file, "exec"), space)  # noqa: S102 - as a learner writes it
    reasons = space["answers"].reasons
    assert kind.partition(",")[0] in [r.kind for r in reasons], reasons
    assert "tapeviz." not in str(space["answers"]).replace("tapeviz.tensorflow", "")
    if kind not in ("flat", "steep"):
        assert space["g"] is None


@contextmanager
def warned_by_tensorflow() -> Iterator[None]:
    """A block in which TensorFlow's log says nothing."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def test_a_tape_that_nobody_saw_is_said(tensorflow: ModuleType) -> None:
    tf = tensorflow
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    with pytest.raises(ValueError, match="ran where nothing saw what it recorded"):
        draw(tape, y)
    with tapeviz.tensorflow.record(), pytest.raises(RuntimeError, match="already"):
        tapeviz.tensorflow.record().__enter__()
    assert tape.gradient(y, x).numpy() == 6.0  # and nothing of it is left behind
    assert tf.GradientTape.__enter__.__module__.startswith("tensorflow")
    assert not tf.config.functions_run_eagerly()


def test_names_lines_groups_and_live_pages(tensorflow: ModuleType) -> None:
    tf = tensorflow
    model = tf.keras.Sequential(
        [tf.keras.layers.Dense(2, "tanh", name="dense")], name="model"
    )
    inputs = tf.constant([[1.0, 2.0]])
    with tapeviz.tensorflow.record(), tf.GradientTape() as tape:
        out = model(inputs)
        loss = tf.reduce_sum(out**2)
    tape.gradient(loss, model.trainable_variables)
    graph = draw(tape).graph
    names = [n.name for n in graph.nodes if n.kind == "variable"]
    assert names == ["model.layers[0].kernel", "model.layers[0].bias"]
    spans = [n.span.text for n in graph.nodes if n.span and n.kind == "op"]
    assert spans[-2:] == ["out**2", "tf.reduce_sum(out**2)"]
    assert [s.name for s in graph.scopes] == ["dense", "model"]
    assert "<svg" in draw(tape).html
    assert play(tape).run.called == tuple(names)
    assert play(tape, mode="forward").film.frames
    assert "tanh" in explain(tape).text
    assert not isinstance(draw(tape)._program, str)  # every op runs in a page


def test_the_guide_is_followed(tensorflow: ModuleType) -> None:
    space: dict[str, Any] = {}
    for block in blocks("use_it_with_tensorflow"):
        if "jax" not in block:
            exec(block, space)  # noqa: S102 - our own guide
    (answer,) = space["why"](space["tape"], space["y"], space["x"]).answers
    assert answer.reasons[0].kind == "unwatched"


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "by hand"])
def test_a_loop_is_a_descent(optimizer: str, tensorflow: ModuleType) -> None:
    tf = tensorflow

    def loop(w: Any, b: Any, steps: int) -> list[Any]:
        by = None if optimizer == "by hand" else getattr(tf.keras.optimizers, optimizer)
        rule, path = by and by(0.1), []
        for _ in range(steps):
            with tf.GradientTape() as tape:
                loss = (w * 2.0 + b - 5.0) ** 2
            grads = tape.gradient(loss, [w, b])
            path.append([w.numpy(), b.numpy(), loss.numpy(), grads[0].numpy()])
            if rule:
                rule.apply_gradients(zip(grads, [w, b], strict=True))
            else:
                w.assign_sub(0.1 * grads[0])
                b.assign_sub(0.1 * grads[1])
        return path

    expected = loop(tf.Variable(1.0), tf.Variable(0.5), 5)
    w, b = tf.Variable(1.0), tf.Variable(0.5)
    with tapeviz.descent(w, b) as run:
        loop(w, b, 5)
    updates = run.data.updates
    shown = [
        [u.at[0].entry, u.at[1].entry, u.loss.entry, u.gradients[0].entry]  # type: ignore[union-attr]
        for u in updates
    ]
    assert np.allclose(np.asarray(shown), np.asarray(expected), rtol=1e-6)
    assert run.data.names == ("w", "b")
    assert [n.name for n in draw(run[3]).graph.nodes if n.kind == "variable"] == [
        "w",
        "b",
    ]
    assert play(run).film.frames
    assert play(run[3]).run.results[0].entry == pytest.approx(float(expected[3][3]))  # type: ignore[union-attr]


def test_an_error_in_the_block_is_said_where_it_was_raised(
    tensorflow: ModuleType,
) -> None:
    tf = tensorflow
    x = tf.Variable([1.0, 2.0])
    with tapeviz.tensorflow.record(), tf.GradientTape() as tape:
        y = x * 2
        with pytest.raises(tf.errors.InvalidArgumentError) as error:
            y + tf.constant([1.0, 2.0, 3.0])
        tape.__exit__(error.type, error.value, error.tb)
    graph = draw(tape).graph
    assert [n.name for n in graph.nodes if n.kind == "variable"] == ["x"]
    failed = [n for n in graph.notes if n.kind == "failed"]
    assert len(failed) == 1
    (node,) = [n for n in graph.nodes if n.unrecorded == "failed"]
    assert node.span is not None
    assert node.span.text == "y + tf.constant([1.0, 2.0, 3.0])"


def test_a_jacobian_is_not_the_learners_computation(tensorflow: ModuleType) -> None:
    tf = tensorflow
    x = tf.Variable([1.0, 2.0])
    with tapeviz.tensorflow.record(), warned_by_tensorflow():
        with tf.GradientTape(persistent=True) as tape:
            y = x**2
        jacobian = tape.jacobian(y, x)
    assert jacobian.numpy().tolist() == [[2.0, 0.0], [0.0, 4.0]]
    ops = [n.op for n in draw(tape).graph.nodes if n.kind == "op"]
    assert ops == ["power"]


def test_a_variable_that_is_not_trainable_is_watched(tensorflow: ModuleType) -> None:
    tf = tensorflow
    x = tf.Variable(2.0, trainable=False)
    with tapeviz.tensorflow.record(), tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x  # the second x is read by TensorFlow's own code
    run = play(tape, y, x).run
    assert run.results[0].entry == tape.gradient(y, x).numpy() == 4.0  # type: ignore[union-attr]
    assert len(run.graph.edges) == 2
    assert not [n for n in run.graph.notes if n.kind == "differs"]


def test_random_programs_are_seen_as_they_are(tensorflow: ModuleType) -> None:
    """``TAPEVIZ_PROGRAMS=250`` is a long run."""
    for seed in range(int(os.environ.get("TAPEVIZ_PROGRAMS", "4"))):
        random = Random(seed)  # noqa: S311 - no secret
        source = programs.write([random.randrange(1000) for _ in range(60)], "float64")
        with warned_by_tensorflow(), tapeviz.tensorflow.record():
            space = programs.run(tensorflow, source)
        tapes = [
            own
            for thing in space.values()
            if isinstance(thing, tensorflow.GradientTape)
            for own, _, _ in [tapeviz.tensorflow.seen(thing, None, None)]
        ]
        for own in tapes:
            if (asked := own.last_asked()) is not None:
                run = backward(own, asked.targets, asked.sources, own.named(space))
                notes = [n.text for n in run.graph.notes if n.kind == "differs"]
                assert notes == [], f"seed {seed}\n{source}"
