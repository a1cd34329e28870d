"""JAX through our pictures: its numbers, our rules, and both agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapeviz
from tapeviz import draw, explain, play
from tapeviz.engine.tape import GradientTape
from tapeviz.inspect.foreign_tape import error_of
from tests.test_guides import blocks

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


def layer_norm(x: Any, gain: Any) -> Any:
    mean = jnp.mean(x, -1, keepdims=True)
    var = jnp.mean((x - mean) ** 2, -1, keepdims=True)
    return jnp.sum((gain * (x - mean) * jax.lax.rsqrt(var + 1e-5)) ** 3)


def gru(u: Any, w: Any, x: Any, h: Any) -> Any:
    (ir, iz, i_n), (hr, hz, hn) = jnp.split(x @ w, 3), jnp.split(h @ u, 3)
    r, z = nn.sigmoid(ir + hr), nn.sigmoid(iz + hz)
    return jnp.sum(((1 - z) * jnp.tanh(i_n + r * hn) + z * h) ** 2)


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
    "logistic": (
        lambda w, x: -jnp.mean(jnp.log(nn.sigmoid(x @ w)) + 0.1 * (x @ w)),
        (numbers(3), numbers(5, 3)),
    ),
    "softmax by hand": (
        lambda z: -jnp.log(jnp.exp(z)[2] / jnp.sum(jnp.exp(z))),
        (numbers(5),),
    ),
    "cross entropy": (
        lambda w, x: (
            -jnp.mean(
                jnp.sum(nn.one_hot(jnp.array([0, 2, 1]), 3) * nn.log_softmax(x @ w), -1)
            )
        ),
        (numbers(4, 3), numbers(3, 4)),
    ),
    "layer norm": (layer_norm, (numbers(3, 4), numbers(4))),
    "gru": (gru, (numbers(3, 9), numbers(2, 9), numbers(2), numbers(3))),
    "embedding": (
        lambda table, w: jnp.sum(jnp.tanh(table[jnp.array([1, 4, 1])]) * w),
        (numbers(6, 3), numbers(3)),
    ),
    "mapped": (
        lambda w, xs: jnp.sum(jax.vmap(lambda x: jnp.tanh(w @ x))(xs) ** 2),
        (numbers(3, 2), numbers(4, 2)),
    ),
    "more activations": (
        lambda x: jnp.sum(nn.elu(x) + nn.gelu(x) + nn.leaky_relu(x) + nn.relu6(x)),
        (numbers(6),),
    ),
    "stacked and split": (
        lambda x, y: (
            jnp.sum(jnp.stack([x, y])[1] * jnp.split(jnp.pad(x, 1), 2)[0][0])
            + jnp.std(jnp.roll(x, 1))
        ),
        (numbers(4), numbers(4)),
    ),
    "log-sum-exp": (
        lambda x: jnp.sum(nn.logsumexp(x, axis=1)) + jnp.dot(x[0], x[1]),
        (numbers(2, 4),),
    ),
    "gradient penalty": (
        lambda w, x: jnp.sum(jax.grad(lambda v: jnp.sum(jnp.tanh(v @ w)))(x) ** 2),
        (numbers(3, 2), numbers(4, 3)),
    ),
    "third derivative": (
        jax.grad(jax.grad(lambda x: jnp.exp(-x) * jnp.sin(x) * x**2)),
        (numbers(),),
    ),
    "with a direction": (
        lambda x, v: jax.jvp(lambda z: jnp.sum(jnp.sin(z) * z), (x,), (v,))[1],
        (numbers(3), numbers(3)),
    ),
    "whole numbers": (
        lambda x, y: jnp.sum(jnp.floor(x * 3) * y + jnp.round(x) * y),
        (numbers(3), numbers(3)),
    ),
    "a loop of JAX": (
        lambda x, w: jax.lax.scan(lambda h, v: (jnp.tanh(h * w + v), h), 0.1, x)[0],
        (numbers(4), numbers()),
    ),
    "unknown to us": (
        lambda x: jnp.sum(jnp.sort(x)[:2]) + jax.scipy.special.i0(x[0]),
        (numbers(4),),
    ),
}
THEIRS = {"unknown to us", "a loop of JAX", "whole numbers"}
"""Those with primitives that have no rule of ours."""


def computed(jaxpr: Any, consts: Any, args: Any, made: list[Any]) -> list[Any]:
    """The results of a jaxpr by JAX alone; ``made`` gets those of each equation."""
    values = dict(zip(jaxpr.invars, args, strict=True))
    values |= zip(jaxpr.constvars, consts, strict=True)
    for eqn in jaxpr.eqns:
        given = [v.val if hasattr(v, "val") else values[v] for v in eqn.invars]
        inner = eqn.params.get("jaxpr") or eqn.params.get("call_jaxpr")
        if hasattr(inner, "jaxpr") and eqn.primitive.name != "scan":
            outs = computed(inner.jaxpr, inner.consts, given, made)
        else:
            out = eqn.primitive.bind(*given, **eqn.params)
            outs = list(out) if eqn.primitive.multiple_results else [out]
            made.append((eqn.primitive.name, outs[0]))
        values |= zip(eqn.outvars, outs, strict=True)
    return [v.val if hasattr(v, "val") else values[v] for v in jaxpr.outvars]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_value_and_gradient_is_that_of_jax(name: str) -> None:
    with jax.enable_x64(True):
        _checked(name)


def _checked(name: str) -> None:
    function, given = FUNCTIONS[name]
    args = jax.tree.map(lambda v: jnp.asarray(np.asarray(v, np.float64)), given)
    tape = tapeviz.jax.record(function, *args)
    run = play(tape).run
    every, _ = jax.tree_util.tree_flatten(args)
    expected, _ = jax.tree_util.tree_flatten(
        jax.grad(function, argnums=tuple(range(len(args))))(*args)
    )
    assert len(run.results) == len(every)
    for result, g in zip(run.results, expected, strict=True):
        assert result is not None  # in JAX what is not used has the gradient 0
        assert error_of(np.reshape(result.data, g.shape), g) < 1e-12
    # Our own rules, without JAX's numbers, give the same at every node.
    seeds = [np.float64(1)]
    steps = GradientTape.backward_steps(tape, [tape.target], seeds)
    ours = {j: total for _, _, parts in steps for _, j, _, total in parts}
    theirs = tape.own_gradients([tape.target]) or {}
    for i, total in ours.items():
        if i in theirs:
            assert error_of(total, theirs[i], 1e-9) < 1e-6, tape.records()[i]
    value = function(*args)
    (node,) = [n for n in run.graph.nodes if n.target]
    assert node.value.entry == pytest.approx(float(value), rel=1e-12)
    # Every equation that depends on an argument is a node, with JAX's result.
    made: list[Any] = []
    jaxpr = jax.make_jaxpr(function)(*args)
    computed(jaxpr.jaxpr, jaxpr.consts, every, made)
    results = [r.result for r in tape.records() if r.result is not None]
    results += [v for r in tape.records() for v in r.values if v is not None]
    for primitive, v in made:
        if v.dtype.kind == "f" and np.ndim(v):
            assert any(error_of(r, v) < 1e-6 for r in results), primitive
    assert not [n for n in run.graph.notes if "is not known" not in n.text]
    if name not in THEIRS:
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


def test_a_function_with_its_arguments_is_drawn_and_played() -> None:
    def loss(w: Any, x: Any) -> Any:
        return jnp.tanh(w * x) ** 2

    assert [n.name for n in draw(loss, (3.0, 0.5)).graph.nodes if n.source] == [
        "w",
        "x",
    ]
    slope = jax.grad(loss)(3.0, 0.5)
    (result,) = play(loss, (3.0, 0.5), "w").run.results
    assert result is not None
    assert result.entry == pytest.approx(float(slope), rel=1e-6)
    assert "tanh(x)" in explain(jax.jit(lambda x: jnp.tanh(x) * x), 2.0).text
    with pytest.raises(TypeError, match="give its arguments, too"):
        draw(loss)


def test_all_the_views() -> None:
    tape = tapeviz.jax.record(lambda x: jnp.tanh(x) * x**2, 2.0)
    assert play(tape, mode="forward").film.frames
    assert "<svg" in draw(tape).html
    assert "tanh(x)" in explain(tape).text
    with pytest.raises(TypeError, match="why does not know how JAX"):
        tapeviz.why(tape)


def test_the_guide_is_followed() -> None:
    (block,) = [b for b in blocks("use_it_with_tensorflow") if "jax" in b]
    space: dict[str, Any] = {"draw": draw, "play": play}
    exec(block, space)  # noqa: S102 - our own guide
    assert space["loss"](3.0, 1.0, 2.0) > 1
