"""TensorFlow through our pictures: its numbers, our rules, and both agree."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tapeviz
from tapeviz import play
from tapeviz.engine.tape import GradientTape
from tapeviz.inspect.foreign_tape import error_of
from tests.peers.conftest import peer, tensorflow

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
