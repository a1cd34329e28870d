"""``why`` in PyTorch's words: each mistake, its reason, and a mend that mends."""

from __future__ import annotations

import linecache
import textwrap
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from typing import Any

import numpy as np
import pytest

import tapeviz
from tapeviz.trace.diagnosis import Answer, apply_edits
from tapeviz.trace.graph import Source
from tests.adapters import REQUIRED

torch = import_module("torch") if REQUIRED else pytest.importorskip("torch")

_numbers = count()


@dataclass(frozen=True)
class Mistake:
    """A program that asks why, the first reason, the code that it points at.

    ``good`` must be true in the program after the mend.
    """

    name: str
    kind: str
    at: str
    code: str
    good: str = "answer.result == 'value'"
    result: str = "none"

    def __str__(self) -> str:
        return self.name


HEAD = "w = torch.tensor(3.0, requires_grad=True)\n"
ASK = "answer = why(tape, loss, w).answers[0]\n"


def block(*lines: str, head: str = HEAD, ask: str = ASK) -> str:
    inside = textwrap.indent("\n".join(lines), "    ")
    return f"{head}with tapeviz.torch.record() as tape:\n{inside}\n{ask}"


MISTAKES = [
    Mistake(
        "requires_grad is missing", "frozen", "",
        block("loss = w * w", head="w = torch.tensor(3.0)\n"),
    ),
    Mistake(
        "a frozen layer", "frozen", "",
        block(
            "loss = layer(torch.ones(1, 2)).sum()",
            head="layer = torch.nn.Linear(2, 1)\nfor p in layer.parameters():\n"
            "    p.requires_grad = False\n",
            ask="answer = why(tape, loss, layer.weight).answers[0]\n",
        ),
    ),
    Mistake(
        "whole numbers", "integer", "",
        block("loss = w * 2.0", head="w = torch.tensor(3)\n"),
    ),
    Mistake(
        "detach on the way", "detached", "y.detach()",
        block("y = w * 2", "loss = y.detach() ** 2"),
    ),
    Mistake("data", "detached", "w.data", block("loss = w.data * 2")),
    Mistake(
        "copied with torch.tensor", "detached", "torch.tensor(w * 2)",
        "import warnings\nwarnings.simplefilter('ignore')\n"
        + block("loss = torch.tensor(w * 2) ** 2"),
    ),
    Mistake("item", "left", "w.item()", block("loss = torch.tensor(w.item() * 2)")),
    Mistake("float", "left", "float(w)",
            "import warnings\nwarnings.simplefilter('ignore')\n"
            + block("k = float(w)", "loss = torch.sin(torch.tensor(k))")),
    Mistake(
        "numpy on the way", "detached", "w.detach()",
        block("loss = torch.from_numpy(np.asarray(np.sin(w.detach().numpy())))"),
    ),
    Mistake(
        "tolist", "left", "w.tolist()",
        block("loss = torch.tensor(w.tolist()).sum()",
              head="w = torch.ones(2, requires_grad=True)\n"),
    ),
    Mistake(
        "math.sin", "left", "math.sin(w)",
        "import warnings\nwarnings.simplefilter('ignore')\n"
        + block("loss = torch.tensor(math.sin(w))"),
    ),
    Mistake(
        "numpy() on what requires a gradient", "left", "w.numpy()",
        "loss = None\ntry:\n"
        + textwrap.indent(
            HEAD + "with tapeviz.torch.record() as tape:\n"
            "    loss = torch.tensor(np.sin(w.numpy()))\n", "    ")
        + "except RuntimeError:\n    loss = w * 1\n" + ASK,
        good="answer.gradient.entry == pytest.approx(np.cos(3.0))", result="value",
    ),
    Mistake(
        "no_grad", "no-grad", "w * 2",
        block("with torch.no_grad():", "    y = w * 2", "loss = y * y"),
    ),
    Mistake(
        "no_grad as a decorator", "no-grad", "w * w",
        "@torch.no_grad()\ndef model(w):\n    return w * w\n"
        + block("loss = model(w) + 1"),
    ),
    Mistake(
        "gradients switched off", "no-grad", "w * w",
        block("torch.set_grad_enabled(False)", "loss = w * w",
              ask="torch.set_grad_enabled(True)\n" + ASK),
    ),
    Mistake(
        "whole numbers on the way", "step", "w.long()",
        block("loss = w.long() * 2.0"), good="",
    ),
    Mistake("a condition", "step", "w > 1", block("loss = (w > 1).float()"), good=""),
    Mistake(
        "argmax", "step", "w.argmax()",
        block(
            "loss = w.argmax().float()", head="w = torch.ones(2, requires_grad=True)\n"
        ),
        good="",
    ),
    Mistake(
        "not connected", "unconnected", "",
        block(
            "loss = v * v", head=HEAD + "v = torch.tensor(1.0, requires_grad=True)\n"
        ),
        good="",
    ),
    Mistake(
        "history outside of the block", "outside", "",
        block("loss = y * 3", head=HEAD + "y = w * w\n"), result="value", good="",
    ),
    Mistake(
        "grad of what was computed", "computed", "",
        block("y = w * w", "loss = y * 3",
              ask="loss.backward()\nanswer = why(tape, loss, y).answers[0]\n"),
        result="value", good="y.grad == 3",
    ),
    Mistake(
        "a leaf that is none after double()", "computed", "",
        block("loss = w * w",
              head="w = torch.tensor(3.0, requires_grad=True).double()\n",
              ask="loss.backward()\n" + ASK),
        result="value", good="w.grad == 6",
    ),
    Mistake(
        "a step that rebinds the parameter", "computed", "",
        HEAD + "for step in range(2):\n"
        "    with tapeviz.torch.record() as tape:\n        loss = w * w\n"
        "    loss.backward()\n"
        "    answer = why(tape, loss, w).answers[0]\n"
        "    if step == 0:\n        w = w - 0.1 * w.grad\n",
        result="value", good="w.grad is not None",
    ),
    Mistake(
        "grad adds up over steps", "added-up", "",
        HEAD + "for _ in range(2):\n    with tapeviz.torch.record() as tape:\n"
        "        loss = w * w\n    loss.backward()\n" + ASK,
        result="value", good="w.grad == 6",
    ),
    Mistake(
        "the graph was freed", "freed", "",
        block("loss = w * w", ask="try:\n    loss.backward()\n    loss.backward()\n"
              "    answer = why(tape, loss, w).answers[0]\n"
              "except RuntimeError:\n    answer = why(tape, loss, w).answers[0]\n"),
        result="value", good="w.grad == 12",
    ),
    Mistake(
        "backward from several numbers", "vector", "",
        block("loss = w * w", head="w = torch.ones(2, requires_grad=True)\n",
              ask="try:\n    loss.backward()\n"
              "    answer = why(tape, loss, w).answers[0]\n"
              "except RuntimeError:\n    answer = why(tape, loss, w).answers[0]\n"),
        result="value", good="(w.grad == 2).all()",
    ),
    Mistake(
        "a value that the backward pass needs", "overwritten", "y += 1",
        block("y = w.exp()", "loss = y * 2", "y += 1",
              ask="try:\n    loss.backward()\n"
              "    answer = why(tape, loss, w).answers[0]\n"
              "except RuntimeError:\n    answer = why(tape, loss, w).answers[0]\n"),
        result="value", good="w.grad == 2 * torch.exp(w)",
    ),
    Mistake(
        "a method that works in place", "overwritten", "y.relu_()",
        block("y = w.exp()", "loss = y * 2", "y.relu_().mul_(2)",
              ask="try:\n    loss.backward()\n"
              "    answer = why(tape, loss, w).answers[0]\n"
              "except RuntimeError:\n    answer = why(tape, loss, w).answers[0]\n")
        .replace("y.relu_().mul_(2)", "y.relu_()"),
        result="value", good="w.grad == 2 * torch.exp(w)",
    ),
    Mistake(
        "a leaf changed in place", "overwritten", "w -= 0.1 * w.grad",
        HEAD + "(w * w).backward()\n"
        "try:\n    with tapeviz.torch.record() as tape:\n"
        "        w -= 0.1 * w.grad\n        loss = w * w\n"
        "    answer = why(tape, loss, w).answers[0]\n"
        "except RuntimeError:\n    answer = why(tape, w, w).answers[0]\n",
        result="value", good="abs(answer.gradient.entry - 4.8) < 1e-6",
    ),
    Mistake(
        "a dead relu", "flat", "torch.relu(w)",
        block("loss = torch.relu(w) * 2",
              head="w = torch.tensor(-2.0, requires_grad=True)\n"),
        result="zero",
    ),
    Mistake(
        "round", "flat", "torch.round(w)", block("loss = torch.round(w) * 2"),
        result="zero", good="",
    ),
    Mistake(
        "a factor of zero", "factor", "w * 0.0", block("loss = w * 0.0"),
        result="zero", good="",
    ),
    Mistake(
        "the log of zero", "steep", "torch.log(w)",
        block("loss = torch.log(w)",
              head="w = torch.tensor(0.0, requires_grad=True)\n"),
        result="inf", good="np.isfinite(answer.gradient.entry)",
    ),
    Mistake(
        "the root of a negative number", "domain", "torch.sqrt(w)",
        block("loss = torch.sqrt(w)",
              head="w = torch.tensor(-1.0, requires_grad=True)\n"),
        result="nan", good="np.isfinite(answer.gradient.entry)",
    ),
]  # fmt: skip


def run(code: str) -> dict[str, Any]:
    """The names after a program that has lines to be read."""
    name = f"torch_mistake_{next(_numbers)}.py"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    import math

    space: dict[str, Any] = {
        "torch": torch, "tapeviz": tapeviz, "np": np, "why": tapeviz.why,
        "math": math, "pytest": pytest, "__name__": name,
    }  # fmt: skip
    exec(compile(code, name, "exec"), space)  # noqa: S102 - it is above
    return space


def ask(code: str) -> Answer:
    answer: Answer = run(code)["answer"]
    assert Answer.from_json(answer.to_json()).to_json() == answer.to_json()
    return answer


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_the_reason_and_where_it_is(mistake: Mistake) -> None:
    answer = ask(mistake.code)
    assert answer.result == mistake.result
    reason = answer.reasons[0]
    assert reason.kind == mistake.kind
    assert (reason.span.text if reason.span else "") == mistake.at
    assert reason.sentence.endswith(".")
    assert "{" not in reason.sentence + reason.fix


@pytest.mark.parametrize("mistake", [m for m in MISTAKES if m.good], ids=str)
def test_the_mend_is_run_and_mends(mistake: Mistake) -> None:
    answer = ask(mistake.code)
    edits = answer.reasons[0].edits
    assert answer.reasons[0].tried
    whole = Source(edits[0].span.file, 1, tuple(mistake.code.splitlines()))
    after = run("\n".join(apply_edits(whole, edits)) + "\n")
    assert eval(mistake.good, after)  # noqa: S307 - it is above


NOTICED = {
    "printed": "print(w)",
    "written": "open('a', 'w').write('b')",
    "a list of a class": "Seen.every.append(1)",
    "a number of a class": "Seen.count += 1",
    "drawn by NumPy": "np.random.normal()",
    "through a closure": "outer(w)",
    "a default that lasts": "lasting(w)",
    "a random number for all": "torch.manual_seed(1)",
    "a hook": "layer(torch.ones(1, 2))",
    "called for each element": "w.apply_(print)",
}


@pytest.mark.parametrize("line", NOTICED.values(), ids=NOTICED)
def test_what_somebody_could_notice_is_not_run_again(line: str) -> None:
    head = (
        "class Seen:\n    every, count = [], 0\n"
        "def made():\n    seen = []\n    def inner(x):\n        seen.append(1)\n"
        "    return inner, seen\nouter, seen = made()\n"
        "def lasting(x, seen=[0]):\n    seen[0] += 1\n"
        "layer = torch.nn.Linear(2, 1)\n"
        "layer.register_forward_hook(lambda *a: Seen.every.append(2))\n"
        "w = torch.tensor(3.0)\n"
    )
    code = block("if tape is None:", f"    {line}", "loss = w * w", head=head)
    after = run(code)
    (reason,) = after["answer"].reasons
    assert reason.edits
    assert not reason.tried
    assert (after["Seen"].every, after["Seen"].count, after["seen"]) == ([], 0, [])


def test_a_trial_leaves_no_trace() -> None:
    """Not on tensors, modules, lists or the random numbers that come next."""
    after = run(
        "w = torch.tensor(3.0)\nseen = []\nstate = torch.ones(2)\n"
        "model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))\n"
        "def step(x):\n    seen.append(x)\n    state.add_(1)\n    return x * w\n"
        "torch.manual_seed(5)\n"
        + block(
            "noise = torch.randn(3, 2)", "state[0] = 7", "state += 1",
            "torch.set_grad_enabled(True)", "y = step(noise) + model(noise) + state",
            "loss = y.sum()", head="",
            ask="before = [(t, t._version, t.clone()) for t in "
            "(state, noise, y, *model.buffers())]\ncount = len(seen)\n"
            "random = torch.get_rng_state()\n" + ASK,
        )
    )  # fmt: skip
    assert after["answer"].reasons[0].tried
    assert len(after["seen"]) == after["count"]
    assert not after["w"].requires_grad
    assert torch.equal(torch.get_rng_state(), after["random"])
    for t, version, numbers in after["before"]:
        assert t._version == version
        assert torch.equal(t, numbers)
    assert all(p.grad is None for p in after["model"].parameters())
    assert all(not p._backward_hooks or len(p._backward_hooks) == 1
               for p in after["model"].parameters())  # fmt: skip


def test_two_cuts_are_mended_together() -> None:
    code = block("y = w.detach() * 2", "loss = y.detach() ** 2")
    reasons = ask(code).reasons
    assert [r.kind for r in reasons] == ["detached"] * len(reasons)
    assert all(r.tried for r in reasons if r.edits)


IN_PLACE = """
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)
    def forward(self, x):
        h = torch.relu(self.a(x))
        return self.b(h)
net = Net()
def scaled(x):
    return x * 2
"""

ELSEWHERE = {
    "a module and a function": (
        IN_PLACE + block("y = scaled(net(torch.ones(1, 2)))", "loss = y.detach().sum()",
                         ask="answer = why(tape, loss, net.a.weight).answers[0]\n"),
        True,
    ),
    "a module that prints": (
        IN_PLACE.replace("        return self", "        print(x); return self")
        + block("loss = net(torch.ones(1, 2)).detach().sum()",
                ask="answer = why(tape, loss, net.a.weight).answers[0]\n"),
        False,
    ),
    "in a function": (
        "def train():\n"
        + textwrap.indent(block("loss = w * w", head="w = torch.tensor(3.0)\n"), "    ")
        + "    return answer\nanswer = train()\n",
        True,
    ),
    "asked in another function": (
        "def train():\n" + textwrap.indent(
            block("loss = w * w", head="w = torch.tensor(3.0)\n",
                  ask="return tape, loss, w\n"), "    ")
        + "tape, loss, w = train()\n" + ASK,
        False,
    ),
    "while it records": (
        block("loss = w * w", ASK, head="w = torch.tensor(3.0)\n", ask=""), False,
    ),
    "of what was computed before": (
        block("loss = y.detach() * 2", head=HEAD + "y = w * 2\n",
              ask="answer = why(tape, loss, y).answers[0]\n"),
        True,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "tried"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_where_a_mend_can_be_tried(code: str, tried: bool) -> None:
    (reason,) = ask(code).reasons
    assert reason.edits
    assert reason.tried == tried


def test_an_edit_that_does_not_mend_is_not_offered() -> None:
    """At -2 a leaky relu has a slope, but nothing is left of it after times 0."""
    (reason,) = ask(
        block("loss = torch.relu(w) * 0.0",
              head="w = torch.tensor(-2.0, requires_grad=True)\n")
    ).reasons  # fmt: skip
    assert reason.edits == ()
    assert not reason.tried


def test_there_are_enough() -> None:
    assert sum(bool(m.good) for m in MISTAKES) >= 25


def test_why_is_shown_and_printed() -> None:
    w = torch.tensor(3.0, requires_grad=True)
    with tapeviz.torch.record() as tape:
        loss = w.detach() * 2
    said = tapeviz.why(tape, loss, w)
    assert "w.detach() has the numbers and not the history" in str(said)
    assert "w.detach()" in said.html
    (reason,) = tapeviz.play(tape, loss, w).run.reasons
    assert reason == said.reasons[0].sentence


def test_a_gradient_that_is_fine_has_no_reasons() -> None:
    w = torch.tensor(3.0, requires_grad=True)
    with tapeviz.torch.record() as tape:
        loss = w * w
    loss.backward()
    said = tapeviz.why(tape)
    assert said.result == "value"
    assert said.reasons == ()
    assert "is 6." in str(said)
