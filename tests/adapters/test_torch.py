"""PyTorch through our pictures: the numbers are PyTorch's, the rules agree with them."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np
import pytest

import tapeviz
from tapeviz import draw, explain, play
from tapeviz.engine.tape import GradientTape
from tapeviz.inspect.foreign_tape import agrees, error_of

if "TAPEVIZ_REQUIRE_PEERS" not in os.environ:
    pytest.importorskip("torch")
import torch
from torch.overrides import TorchFunctionMode

from tests.adapters.functions import FUNCTIONS

OURS_ONLY = {"unknown_to_us", "random_and_unknown", "assigned"}
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
        cell["g"] = g.numpy().copy()


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
    expected = torch.autograd.grad(target, leaves, allow_unused=True)

    function, leaves = made(name, dtype)
    with tapeviz.torch.record() as tape:
        loss = function()
    run = play(tape, loss, leaves).run
    assert [r is None for r in run.results] == [g is None for g in expected]
    records = tape.records()
    (goal,) = {records.index_of(tape.mirrored(loss))}
    steps = list(GradientTape.backward_steps(tape, [tape.mirrored(loss)], [
        np.ones_like(records[goal].result)
    ]))
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
        found = [
            i for v, i in known if v is not None and error_of(v, value) < within
        ]
        assert found, op
        if "g" in cell:
            errors = [error_of(ours[i], cell["g"], 1e-2) for i in found if i in ours]
            assert min(errors, default=9) < within, op
    if name not in OURS_ONLY:
        assert values.notes == ()
        assert not [n.op for n in values.nodes if n.op in ("custom", "part")]
