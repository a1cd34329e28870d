"""JAX through our pictures: its numbers, our rules, and both agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapeviz
from tapeviz import draw, explain, play
from tapeviz.engine.tape import GradientTape
from tapeviz.inspect.foreign_tape import error_of

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402 - after the skip
from jax import nn  # noqa: E402

RANDOM = np.random.default_rng(7)


def numbers(*shape: int) -> Any:
    signs = RANDOM.choice([-1, 1], shape)
    return jnp.asarray(RANDOM.uniform(0.3, 1.4, shape) * signs, jnp.float32)


def mlp(params: Any, x: Any, y: Any) -> Any:
    for w, b in params[:-1]:
        x = jnp.tanh(x @ w + b)
    w, b = params[-1]
    return jnp.mean((x @ w + b - y) ** 2)


def rnn(w: Any, u: Any, xs: Any) -> Any:
    h = jnp.zeros(3)
    for x in xs:
        h = jnp.tanh(w @ h + u @ x)
    return jnp.sum(h**2)


def attention(q: Any, k: Any, v: Any) -> Any:
    scores = q @ k.T / jnp.sqrt(4.0)
    mask = jnp.tril(jnp.ones((5, 5), bool))
    weights = nn.softmax(jnp.where(mask, scores, -jnp.inf), axis=-1)
    return jnp.sum((weights @ v) ** 2)


FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "polynomial": (lambda x: x**3 - 2 * x**2 + 4 / x - 1, (numbers(),)),
    "two leaves": (
        lambda x, y: jnp.log(x * x) + x * y - jnp.sin(y),
        (numbers(), numbers()),
    ),
    "regression": (
        lambda w, b, x: jnp.mean((x @ w + b - 1) ** 2),
        (numbers(3), numbers(), numbers(8, 3)),
    ),
    "mlp": (
        mlp,
        (
            [(numbers(3, 4), numbers(4)), (numbers(4, 1), numbers(1))],
            numbers(5, 3),
            numbers(5, 1),
        ),
    ),
    "rnn": (rnn, (numbers(3, 3), numbers(3, 2), numbers(4, 2))),
    "attention": (attention, (numbers(5, 4), numbers(5, 4), numbers(5, 4))),
    "softmax": (lambda z: -nn.log_softmax(z)[2], (numbers(5),)),
    "activations": (
        lambda x: jnp.sum(nn.relu(x) + nn.silu(x) + nn.sigmoid(x) + nn.softplus(x)),
        (numbers(6),),
    ),
    "reductions": (
        lambda x: x.max() + x.min(1).sum() + x.prod() + x.var() + x.cumsum(1).sum(),
        (numbers(3, 4),),
    ),
    "shapes": (
        lambda x: jnp.sum(
            jnp.concatenate([x.T, x.reshape(4, 3)])[1:7:2, ::-1][None].squeeze() ** 2
        ),
        (numbers(3, 4),),
    ),
    "einsum": (
        lambda a, b: jnp.sum(jnp.einsum("bij,bjk->bik", a, b) ** 2),
        (numbers(2, 3, 4), numbers(2, 4, 5)),
    ),
    "penalties": (
        lambda w: jnp.sum(jnp.abs(w)) + 0.1 * jnp.linalg.norm(w) ** 2,
        (numbers(4),),
    ),
    "decisions": (
        lambda x, y: jnp.sum(jnp.where(x > y, x, y * 2) + jnp.clip(x, 0, 1)),
        (numbers(6), numbers(6)),
    ),
    "stopped": (
        lambda x: jnp.sum(jax.lax.stop_gradient(x) * x),
        (numbers(3),),
    ),
    "jitted": (jax.jit(lambda x: jnp.sum(jnp.exp(x) * x)), (numbers(3),)),
    "second derivative": (
        jax.grad(lambda z: jnp.sin(z) * z**3),
        (numbers(),),
    ),
    "numbers of Python": (
        lambda w, b, x: (nn.relu(w * x + b) - 1.0) ** 2 + 3 * x,
        (2.0, 0.5, 0.75),
    ),
    "unused": (lambda x, _y: x * 2, (numbers(), numbers())),
    "unknown to us": (
        lambda x: jnp.sum(jnp.sort(x)[:2]) + jax.scipy.special.i0(x[0]),
        (numbers(4),),
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_gradient_is_that_of_jax(name: str) -> None:
    function, args = FUNCTIONS[name]
    tape = tapeviz.jax.record(function, *args)
    run = play(tape).run
    every, _ = jax.tree_util.tree_flatten(args)
    expected, _ = jax.tree_util.tree_flatten(
        jax.grad(function, argnums=tuple(range(len(args))))(*args)
    )
    assert len(run.results) == len(every)
    for result, g in zip(run.results, expected, strict=True):
        assert error_of(np.reshape(result.data, g.shape), g) < 1e-6  # type: ignore[union-attr]
    # And our own rules, without JAX's numbers, give the same.
    seeds = [np.float32(1)]
    steps = GradientTape.backward_steps(tape, [tape.target], seeds)
    ours = {j: total for _, _, parts in steps for _, j, _, total in parts}
    for name_of, leaf in zip(run.called, run.sources, strict=True):
        g = expected[run.called.index(name_of)]
        if leaf and int(leaf[1:]) in ours:
            assert error_of(ours[int(leaf[1:])], g, 1e-2) < 1e-5
    value = function(*args)
    (node,) = [n for n in run.graph.nodes if n.target]
    assert node.value.entry == pytest.approx(float(value), rel=1e-6)
    assert not [n for n in run.graph.notes if "is not known" not in n.text]
    if "unknown" not in name:
        assert run.graph.notes == ()


def test_names_and_lines_are_the_functions() -> None:
    def loss(params: Any, x: Any) -> Any:
        y = params["w"] * x
        return jnp.tanh(y) + params["b"]

    params = {"w": jnp.float32(2.0), "b": jnp.float32(0.5)}
    graph = draw(tapeviz.jax.record(loss, params, 0.25)).graph
    assert [n.name for n in graph.nodes if n.name] == [
        "params['b']", "params['w']", "x", "loss",
    ]  # fmt: skip
    texts = [n.span.text for n in graph.nodes if n.span]
    assert texts == [
        'params["w"] * x', "jnp.tanh(y)", 'jnp.tanh(y) + params["b"]',
    ]  # fmt: skip


def test_all_the_views() -> None:
    tape = tapeviz.jax.record(lambda x: jnp.tanh(x) * x**2, 2.0)
    assert play(tape, mode="forward").film.frames
    assert "<svg" in draw(tape).html
    assert "tanh(x)" in explain(tape).text
    with pytest.raises(TypeError, match="why does not know how JAX"):
        tapeviz.why(tape)
