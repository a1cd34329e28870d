"""PyTorch through our pictures: its numbers, our rules, and both agree."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from functools import partial
from typing import Any

import numpy as np
import pytest

import tapeviz
from tapeviz import draw, play
from tapeviz.engine.custom_gradient import CustomOp
from tapeviz.engine.dispatch import call
from tapeviz.engine.tape import GradientTape
from tapeviz.inspect.foreign_tape import error_of
from tapeviz.lessons import Exercise, judge
from tests.adapters import REQUIRED

if not REQUIRED:
    pytest.importorskip("torch")
import torch
from torch.overrides import TorchFunctionMode

from tests.adapters.functions import FUNCTIONS
from tests.test_guides import blocks

THEIRS = {"unknown_to_us", "random_and_unknown", "assigned", "steps"}
THEIRS |= {"in_place_on_a_view", "a_tensor_filled_one_by_one"}
"""Those with functions that have no op of ours."""


class Calls(TorchFunctionMode):
    """What PyTorch computes with a gradient: each result and, later, its gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, Any, dict[str, Any]]] = []

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        results = out if isinstance(out, (tuple, list)) else [out]
        for t in results:
            if isinstance(t, torch.Tensor) and t.requires_grad and not t.is_leaf:
                cell: dict[str, Any] = {}
                t.register_hook(partial(keep_in, cell))
                self.seen.append((name, t.detach().numpy().copy(), cell))
        return out


def keep_in(cell: dict[str, Any], g: Any) -> None:
    if g is not None:
        cell["g"] = g.detach().numpy().copy()


def made(name: str, dtype: Any) -> tuple[Any, list[Any]]:
    """The function of that name, with numbers that are the same every time."""
    random = np.random.default_rng(7)

    def new(*shape: int) -> Any:
        numbers = random.uniform(0.3, 1.4, shape) * random.choice([-1, 1], shape)
        return torch.tensor(numbers, dtype=dtype, requires_grad=True)

    return FUNCTIONS[name](new)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_value_and_gradient_is_that_of_pytorch(name: str, dtype: Any) -> None:
    within = 1e-6 if dtype is torch.float64 else 1e-5
    function, leaves = made(name, dtype)
    with Calls() as calls:
        target = function()
    for *_, cell in calls.seen:  # of gradients on the way, as for a penalty
        cell.clear()
    expected = torch.autograd.grad(target, leaves, allow_unused=True)

    function, leaves = made(name, dtype)
    with tapeviz.torch.record() as tape:
        loss = function()
    run = play(tape, loss, leaves).run
    assert [r is None for r in run.results] == [g is None for g in expected]
    records = tape.records()
    (goal,) = {records.index_of(tape.mirrored(loss))}
    steps = list(
        GradientTape.backward_steps(
            tape, [tape.mirrored(loss)], [np.ones_like(records[goal].result)]
        )
    )
    ours = {goal: np.ones_like(records[goal].result)}
    for _, _, parts in steps:
        ours |= {j: total for _, j, _, total in parts}
    for leaf, g in zip(leaves, expected, strict=True):
        index = records.index_of(tape.mirrored(leaf))
        if g is not None:
            assert error_of(ours[index], g.numpy()) < within
    # Each call of PyTorch is a node, with that value and that gradient.
    values = draw(tape).graph
    known = [(records[i].result, i) for i in range(len(records))]
    for op, value, cell in calls.seen:
        found = [i for v, i in known if v is not None and error_of(v, value) < within]
        assert found, op
        if "g" in cell:
            errors = [error_of(ours[i], cell["g"], 1e-2) for i in found if i in ours]
            assert min(errors, default=9) < within, op
    assert not [n for n in run.graph.notes if "is not known" not in n.text]
    if name not in THEIRS:
        assert values.notes == ()
        assert not [n.op for n in values.nodes if n.op in ("custom", "part")]


def test_the_backward_pass_that_ran_is_shown_after_the_graph_was_freed() -> None:
    w = torch.tensor(3.0, requires_grad=True)
    with tapeviz.torch.record() as tape:
        loss = (w * w).exp()
    loss.backward()
    run = play(tape).run
    assert [r.entry for r in run.results] == [w.grad.item()]
    assert run.graph.notes == ()
    assert draw(tape).graph.node("n0").gradient.entry == w.grad.item()


def test_a_freed_graph_that_nobody_saw_is_said() -> None:
    w = torch.tensor(3.0, requires_grad=True)
    with tapeviz.torch.record() as tape:
        half = w * w
        loss = half * 2
    loss.backward()
    run = play(tape, half, w).run
    assert [r.entry for r in run.results] == [6.0]
    assert "PyTorch has freed the graph" in run.graph.notes[0].text


def test_names_lines_and_layers_are_the_learners() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh())
    params = {"scale": torch.tensor([2.0], requires_grad=True)}
    x = torch.ones(1, 2)
    with tapeviz.torch.record() as tape:
        out = model(x) * params["scale"]
        loss = out.sum()
    graph = draw(tape).graph
    named = [n.name for n in graph.nodes if n.name]
    assert named == [
        "model[0].weight", "model[0].bias", "x", "params['scale']", "out", "loss",
    ]  # fmt: skip
    assert {s.name for s in graph.scopes} == {"linear", "Linear", "Sequential"}
    texts = [n.span.text for n in graph.nodes if n.span]
    assert texts[-3:] == ["model(x)", 'model(x) * params["scale"]', "out.sum()"]
    assert [n.name for n in play(tape, loss, [*model.parameters()]).run.graph.nodes]


def test_a_difference_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from tapeviz.adapters.torch.ops import TABLE

    monkeypatch.setitem(TABLE, "tanh", lambda x: tapeviz.tanh(x) * 1.001)
    x = torch.tensor([0.5, 1.0], requires_grad=True)
    with tapeviz.torch.record() as tape:
        y = torch.tanh(x).sum()
    graph = draw(tape, y, x).graph
    assert [n.op for n in graph.nodes] == ["variable", "custom", "sum"]
    assert "tanh is not known to tapeviz" in graph.notes[0].text
    (result,) = play(tape, y, x).run.results
    assert result.data == pytest.approx((1 / np.cosh([0.5, 1.0]) ** 2).tolist())


def contributions(tape: Any, target: Any) -> dict[tuple[int, int], Any]:
    """What is shown to go to each operand, by record and operand."""
    y = tape.mirrored(target)
    one = np.ones_like(tape.records()[tape.records().index_of(y)].result)
    steps = tape.backward_steps([y], [one])
    return {(i, slot): d for i, _, parts in steps for slot, _, d, _ in parts}


@pytest.mark.parametrize("name", ["polynomial", "two_leaves", "rnn_cell", "mlp"])
def test_what_each_use_gives_is_what_pytorch_handed_on(name: str) -> None:
    """Where a value is used several times, node by node of PyTorch's graph."""
    function, _ = made(name, torch.float64)
    with tapeviz.torch.record() as tape:
        target = function()
    shown, handed = contributions(tape, target), tape.handed([tape.mirrored(target)])
    records = tape.records()
    several = Counter(j for record in records for j in record.operands)
    shared = {
        (i, slot)
        for i, slot in shown
        if several[records[i].operands[slot]] > 1 and shown[i, slot] is not None
    }
    assert shared == handed.keys()
    assert all(np.array_equal(shown[use], handed[use]) for use in shared)


def test_the_uses_of_one_number_by_hand() -> None:
    x = torch.tensor([3.0, 2.0], requires_grad=True)
    with tapeviz.torch.record() as tape:
        y = (x * x + torch.sum(x) * 5).sum()
        (y * 2).backward(retain_graph=True)
    y.backward()
    _, square, total, *_ = tape.records()
    assert [square.op.name, total.op.name] == ["multiply", "sum"]
    shown = contributions(tape, y)
    assert [shown[1, 0].tolist(), shown[1, 1].tolist()] == [[3, 2], [3, 2]]
    assert shown[2, 0].tolist() == [10, 10]  # 5 for each of the two entries
    assert tape.handed([tape.mirrored(y)]).keys() == {(1, 0), (1, 1), (2, 0)}


def test_a_contribution_that_differs_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from tapeviz.adapters.torch.ops import TABLE

    def tanh(x: Any) -> Any:
        """Right in its value, and wrong in its gradient."""
        value = np.tanh(x.numpy())
        op = CustomOp("tanh", (value,), single=True, pull=lambda g: [g * 2])
        return call.custom([x], op)

    monkeypatch.setitem(TABLE, "tanh", tanh)
    x = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    with tapeviz.torch.record() as tape:
        y = torch.tanh(x) + 3 * x
    run = play(tape, y, x).run
    assert [note.text.partition(", by")[0] for note in run.graph.notes] == [
        "PyTorch and the rule shown differ in what tanh hands on"
    ]
    given = [c.value.entry for step in run.steps for c in step.contributions]
    assert given == pytest.approx([1, 1, 3, 1 - np.tanh(0.5) ** 2])


def test_the_recording_leaves_nothing_behind() -> None:
    w = torch.tensor(3.0, requires_grad=True)
    with tapeviz.torch.record() as tape:
        loss = w * w
    hooks = w._backward_hooks
    assert len(hooks) == 1
    del tape, loss
    assert len(hooks) == 0
    assert not torch.nn.modules.module._global_forward_hooks
    (w * w).backward()
    assert w.grad == 6


def test_the_guide_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    space: dict[str, Any] = {}
    for block in blocks("use_it_with_pytorch"):
        exec(block, space)  # noqa: S102 - our own guide
    assert len(space["run"]) == 10


def test_nothing_loads_a_framework_before_it_is_asked_for() -> None:
    code = (
        "import sys, tapeviz as tf\n"
        "x = tf.Variable(3.0)\n"
        "with tf.GradientTape() as tape: y = x * x\n"
        "tf.play(tape, y, x).html, tf.draw(tape).html\n"
        "assert not {'jax', 'tensorflow', 'torch'} & set(sys.modules)\n"
        "from tapeviz.torch import record\n"
        "assert 'torch' in sys.modules and record is tf.torch.record"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_error_in_the_block_is_said_and_nothing_stays_entered() -> None:
    w = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError), tapeviz.torch.record() as tape:
        (w * 2) @ torch.ones(3)
    graph = draw(tape).graph
    assert [n.op for n in graph.nodes] == ["variable", "constant", "multiply"]
    assert graph.notes[0].kind == "failed"
    assert "RuntimeError" in graph.notes[0].text
    before = len(tape.records())
    w.exp()
    assert len(tape.records()) == before


def test_one_recording_at_a_time() -> None:
    with (
        tapeviz.torch.record(),
        pytest.raises(RuntimeError, match="is being recorded already"),
        tapeviz.torch.record(),
    ):
        pass
    with tapeviz.torch.record() as tape:
        torch.ones(1, requires_grad=True).exp()
    assert len(tape.records()) == 2


def test_two_targets_compare_memory_and_forward_mode() -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with tapeviz.torch.record() as tape:
        y, z = (w * 2).sum(), (w**3).sum()
    assert play(tape, [y, z], w).run.results[0].data == (5.0, 14.0)  # type: ignore[union-attr]
    assert all(c.agrees for c in tapeviz.explain(tape, z, w, check=True).data.checks)
    assert play(tape, z, w, mode="forward").film.frames
    assert draw(tape, memory=True).memory is not None
    with tapeviz.torch.record() as other:
        y = (w * 2).sum()
    assert draw(tape, other).changes.rows  # type: ignore[attr-defined]
    assert "<svg" in tape._repr_mimebundle_()["text/html"]  # type: ignore[attr-defined]


def test_what_is_alive_in_a_page_is_alive_here() -> None:
    w = torch.tensor(3.0, requires_grad=True)
    x = torch.tensor(2.0)
    with tapeviz.torch.record() as tape:
        loss = torch.tanh(w * x - 5) ** 2
    assert play(tape, loss, w).film.frames
    program = draw(tape)._program
    assert not isinstance(program, str), program
    assert [h.label for h in program.handles] == ["w", "x"]


def test_an_exercise_takes_tensors_of_pytorch() -> None:
    w = torch.tensor(12.0, requires_grad=True)
    slope = Exercise([12.0, 3.0])
    assert judge(slope, [w, torch.tensor(3.0)]).kind == "exact"
    assert judge(slope, [w, w]).kind == "wrong"
