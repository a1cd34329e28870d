"""A loop of PyTorch, recorded as it is."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from tapeviz import descent, draw, play
from tests.adapters import REQUIRED

torch = import_module("torch") if REQUIRED else pytest.importorskip("torch")

OPTIMIZERS = {
    "SGD": lambda w: torch.optim.SGD([w], lr=0.1),
    "momentum": lambda w: torch.optim.SGD([w], lr=0.1, momentum=0.5),
    "Adam": lambda w: torch.optim.Adam([w], lr=0.1),
}


def loop(w: Any, optimizer: Any, path: list[Any], grads: list[Any]) -> None:
    for _ in range(6):
        optimizer.zero_grad()
        loss = ((w - 5) ** 2).sum() + torch.sin(w).sum()
        loss.backward()
        path.append(w.detach().clone().numpy())
        grads.append(w.grad.clone().numpy())
        optimizer.step()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_run_is_that_of_pytorch(name: str) -> None:
    path: list[Any] = []
    grads: list[Any] = []
    w = torch.tensor([2.0, -1.0], requires_grad=True)
    with descent(w) as run:
        loop(w, OPTIMIZERS[name](w), path, grads)
    plain: list[Any] = []
    other = torch.tensor([2.0, -1.0], requires_grad=True)
    loop(other, OPTIMIZERS[name](other), plain, [])
    np.testing.assert_array_equal(path, plain)  # recording changes nothing
    data = run.data
    assert len(data.updates) == 6
    for update, at, g in zip(data.updates, path, grads, strict=True):
        assert update.at[0].data == pytest.approx(tuple(at.tolist()))
        assert update.gradients[0].data == pytest.approx(tuple(g.tolist()))
    np.testing.assert_allclose(data.updates[-1].to[0].data, w.detach().numpy())
    assert data.names == ("w",)
    assert data.updates[0].rate == (None if name == "Adam" else 0.1)
    assert play(run).film.frames
    assert [n.op for n in draw(run[3]).graph.nodes if n.kind == "op"] == [
        "subtract", "power", "sum", "sin", "sum", "add",
    ]  # fmt: skip
    step = play(run[3]).run
    assert step.results[0].data == pytest.approx(tuple(grads[3].tolist()))  # type: ignore[union-attr]


def test_steps_by_hand() -> None:
    w, b = (torch.tensor(v, requires_grad=True) for v in (2.0, 0.5))
    x = torch.linspace(-1, 1, 8)
    with descent(w, b) as run:
        for _ in range(4):
            loss = ((w * x + b - 3 * x) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                w -= 0.1 * w.grad
                b -= 0.1 * b.grad
            w.grad = b.grad = None
    assert [u.rate for u in run.data.updates] == [0.1] * 4
    assert run.data.names == ("w", "b")
    assert run.data.landscape is not None
    assert run.data.updates[-1].to[0].entry == pytest.approx(w.item())
    assert run.losses[0] == pytest.approx(0.678571, rel=1e-5)  # by hand: 3/7 + 1/4


def test_a_module_and_what_is_no_leaf() -> None:
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.ones(3, 2), torch.zeros(3, 1)
    with descent(model) as run:
        for _ in range(3):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
    assert run.data.names == ("model.weight", "model.bias")
    assert len(run) == 3
    with pytest.raises(TypeError, match="records leaves"):
        descent(torch.ones(2))
    with pytest.raises(TypeError, match=r"with tapeviz.torch.record\(\) as tape"):
        draw(loss)
