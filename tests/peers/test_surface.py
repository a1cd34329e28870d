"""The functions beside TensorFlow's: value, dtype, shape, gradients, and where None is.

Each line is an expression in ``tf`` and the tensors ``x`` (3 numbers), ``y`` (3 others,
positive), ``p`` (between 0 and 1), ``m`` (3 by 3), ``r`` (2 by 3), ``k`` (2 by 4 by 3),
``s`` (one number), ``z`` (with zeros and ties), ``i`` (whole numbers).
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tapeviz
from tests.engine.test_complex_gradients import LINES as COMPLEX
from tests.engine.test_complex_gradients import MASK, M, W, Z

GIVEN = {
    "x": [-1.3, 0.4, 2.1],
    "y": [0.7, 1.9, 0.3],
    "p": [0.2, 0.55, 0.9],
    "m": [[2.0, 0.3, -0.4], [0.1, 1.5, 0.6], [-0.7, 0.2, 1.1]],
    "r": [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]],
    "k": (np.arange(24.0).reshape(2, 4, 3) * 7 % 11 / 5 - 1).tolist(),
    "s": 0.6,
    "z": [0.0, 2.0, 2.0, 0.0, -1.0],
}

ONE = """abs acos:p acosh:1+y asin:p asinh atan atanh:p cos cosh exp floor negative
    round sigmoid sign sin sinh sqrt:y square tan tanh math.ceil math.erf math.erfc
    math.expm1 math.log:y math.log1p:y math.log_sigmoid math.reciprocal math.rint
    math.rsqrt:y math.softplus math.softsign math.reciprocal_no_nan nn.relu nn.relu6
    nn.leaky_relu nn.elu nn.selu nn.gelu nn.silu nn.swish nn.softplus nn.softsign
    nn.crelu nn.l2_loss math.is_nan math.is_inf math.is_finite math.real math.conj
    math.zero_fraction math.count_nonzero nn.softmax nn.log_softmax identity
    zeros_like ones_like size rank shape reduce_sum reduce_mean reduce_max reduce_min
    reduce_prod reduce_logsumexp math.reduce_std math.reduce_variance norm
    math.reduce_euclidean_norm sort argsort cumsum math.cumprod argmax argmin
    math.l2_normalize linalg.diag squeeze unstack"""
TWO = """add subtract multiply divide truediv maximum minimum pow:y,x math.mod
    math.floordiv math.floormod math.squared_difference math.divide_no_nan
    math.multiply_no_nan math.xlogy math.xlog1py math.xdivy atan2 equal not_equal
    greater greater_equal less less_equal"""


def _expanded(text: str, names: str, default: str) -> list[str]:
    made = []
    for word in text.split():
        name, _, given = word.partition(":")
        made.append(f"tf.{name}({given or default})")
    return made


LINES = [
    *_expanded(ONE, "x", "x"), *_expanded(TWO, "xy", "x, y"),
    "tf.nn.relu(z)", "tf.nn.relu6(z * 3.0)", "tf.nn.leaky_relu(z, 0.1)", "tf.nn.elu(z)",
    "tf.nn.selu(z)", "tf.abs(z)", "tf.sign(z)", "tf.sqrt(z)", "tf.math.rsqrt(y + 0.0)",
    "tf.nn.gelu(x, approximate=True)", "tf.nn.silu(x, 2.0)", "tf.maximum(z, 0.0)",
    "tf.maximum(0.0, z)", "tf.minimum(z, 2.0)", "tf.clip_by_value(z, 0.0, 1.0)",
    "tf.clip_by_value(x, -1.0, y)", "tf.where(z > 0, tf.sqrt(z), 0.0)",
    "tf.where(z > 0, z * z, 1.0)", "tf.where(x > 0, x, y)",
    "tf.math.divide_no_nan(1.0, z)", "tf.math.xlogy(z, 2.0)", "tf.math.xlogy(z, z)",
    "tf.math.xdivy(z, 3.0)", "tf.math.multiply_no_nan(x, 0.0)",
    "tf.math.xlog1py(z, 2.0)",
    "tf.reduce_max(z)", "tf.reduce_min(z)", "tf.reduce_prod(z)",
    "tf.reduce_prod(z[:2])",
    "tf.math.cumprod(z)", "tf.norm(z)", "tf.math.reduce_std(z)",
    "tf.cumsum(r, axis=1)", "tf.cumsum(r, exclusive=True)",
    "tf.cumsum(k, 1, reverse=True)",
    "tf.math.cumprod(r, axis=1, exclusive=True, reverse=True)",
    *(f"tf.{f}(k, axis={axis}, keepdims={keep})"
      for f in ("reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod",
                "reduce_logsumexp", "math.reduce_std", "math.reduce_variance", "norm",
                "math.reduce_euclidean_norm")
      for axis, keep in (("1", False), ("[0, 2]", True), ("-1", True),
                         ("[1, 0]", False))),
    "tf.reduce_sum(k, [])", "tf.reduce_prod(k)", "tf.reduce_prod(s)",
    "tf.reduce_max(s)",
    "tf.reduce_any(x > 0)", "tf.reduce_all(r > 0, axis=1)", "tf.reduce_logsumexp(s)",
    "tf.reduce_logsumexp(x * 1000.0)", "tf.nn.softmax(x * 1000.0)",
    "tf.nn.log_softmax(x * 1000.0)", "tf.nn.softmax(k, axis=1)",
    "tf.nn.log_softmax(k, axis=0)",
    "tf.norm(r, ord=1)", "tf.norm(r, ord=np.inf)", "tf.norm(y, ord=3)",
    "tf.norm(r, axis=1)",
    "tf.norm(m, ord=1, axis=[0, 1])", "tf.norm(m, ord=np.inf, axis=[-2, -1])",
    "tf.norm(m, ord='fro', axis=[0, 1])", "tf.linalg.normalize(x)[0]",
    "tf.argmax(r)", "tf.argmax(r, 1)", "tf.argmin(k, axis=-1)",
    "tf.argmax(r, 1, tf.int32)",
    "tf.add_n([x, y, x])", "tf.math.accumulate_n([x, y])", "tf.scalar_mul(2.0, x)",
    "tf.math.polyval([1.0, -2.0, 3.0], x)", "tf.logical_and(x > 0, y > 1)",
    "tf.logical_or(x > 0, y > 1)", "tf.math.logical_xor(x > 0, y > 1)",
    "tf.logical_not(x > 0)", "tf.cast(x, tf.int32)", "tf.cast(x > 0, tf.float32)",
    # shapes
    "tf.concat([x, y], 0)", "tf.concat([r, m], 0)", "tf.concat([r, r], axis=-1)",
    "tf.concat([[1.0], x], 0)", "tf.split(k, 2, axis=1)", "tf.split(x, [1, 2])",
    "tf.split(k, [1, -1], 1)[0]", "tf.unstack(k, axis=1)", "tf.unstack(r)[1]",
    "tf.slice(k, [0, 1, 1], [2, 2, -1])", "tf.strided_slice(x, [0], [3], [2])",
    "tf.gather(x, [2, 0, 0]) * x", "tf.gather(k, [1, 1], axis=1)",
    "tf.gather(k, [[0, 2], [1, 1]], axis=2)", "tf.gather(r, 1, axis=1)",
    "tf.gather(k * 1.0, [1, 0])",
    "tf.gather(k * 1.0, [[0, 2], [1, 1]], axis=1, batch_dims=1)",
    "tf.gather(k * 1.0, [[0, 2], [1, 1]], axis=2, batch_dims=1)",
    "tf.gather_nd(k, [[0, 1], [1, 2], [0, 1]])", "tf.gather_nd(k, [[0], [1]])",
    "tf.gather_nd(k, [[[1], [0]], [[2], [2]]], batch_dims=1)",
    "tf.scatter_nd([[1], [3], [1]], x, [5])", "tf.scatter_nd([[1], [0]], r, [3, 3])",
    "tf.tensor_scatter_nd_add(x, [[0], [0]], [1.0, 2.0])",
    "tf.tensor_scatter_nd_update(x, [[0], [2]], y[:2])",
    "tf.tensor_scatter_nd_sub(x, [[1]], y[:1])",
    "tf.boolean_mask(x, x > 0)", "tf.boolean_mask(r, r > 0)",
    "tf.boolean_mask(r, [True, False])",
    "tf.boolean_mask(r, [True, False, True], axis=1)",
    "tf.pad(r, [[1, 0], [2, 1]])", "tf.pad(x, [[1, 2]], constant_values=5.0)",
    "tf.pad(r, [[1, 0], [2, 1]], 'REFLECT')",
    "tf.pad(r, [[1, 2], [2, 1]], 'SYMMETRIC')",
    "tf.tile(r, [2, 1])", "tf.tile(r, [1, 3])", "tf.repeat(x, 2)",
    "tf.repeat(x, [1, 0, 2])",
    "tf.repeat(r, 2)", "tf.repeat(r, [2, 1], axis=0)", "tf.repeat(r, 3, axis=1)",
    "tf.broadcast_to(x, [2, 3])", "tf.broadcast_to(s, [2, 2])",
    "tf.broadcast_to(r[:, :1], [2, 3])",
    "tf.expand_dims(r, 1)", "tf.expand_dims(r, -1)", "tf.squeeze(r[:1])",
    "tf.squeeze(tf.expand_dims(r, 0), 0)", "tf.reverse(r, [1])",
    "tf.reverse(k, [0, -1])",
    "tf.roll(x, 1, 0)", "tf.roll(k, [1, -2], [0, 1])",
    "tf.sort(r, direction='DESCENDING')",
    "tf.sort(r, axis=0)", "tf.argsort(x, direction='DESCENDING')",
    "tf.argsort(z, stable=True)",
    "tf.math.top_k(x, 2).values", "tf.math.top_k(r, 2).indices",
    "tf.math.top_k(z, 3).indices",
    "tf.meshgrid(x, y[:2])", "tf.meshgrid(x, y[:2], indexing='ij')",
    "tf.meshgrid(x, y, x[:2])[2]",
    "tf.one_hot([0, 2, 5], 3)", "tf.one_hot([0, 2], 3, 5.0, -1.0)",
    "tf.one_hot([[0], [1]], 2, axis=0)",
    "tf.one_hot([1], 2, dtype=tf.int32)", "tf.eye(2, 3)", "tf.eye(2, batch_shape=[2])",
    "tf.fill([2, 2], s)", "tf.fill([2], 9)", "tf.zeros([2, 1], tf.int32)",
    "tf.ones([])",
    "tf.range(5)", "tf.range(1, 10, 3)", "tf.range(0.0, 1.0, 0.25)",
    "tf.range(3, dtype=tf.float32)",
    "tf.linspace(0.0, 1.0, 4)", "tf.linspace(s, 2.0 * s, 3)", "tf.stack([x, y], 1)",
    "tf.stack([s, 2.0, s * s])", "tf.transpose(k, [2, 0, 1])", "tf.transpose(r)",
    "tf.reshape(k, [3, -1])", "tf.unique([3, 1, 3, 2])[0]",
    "tf.unique([3, 1, 3, 2])[1]",
    "tf.sequence_mask([1, 3], 4)", "tf.searchsorted([1.0, 2.0, 3.0], [0.5, 2.0])",
    "tf.math.segment_sum(r, [0, 0])", "tf.math.unsorted_segment_sum(x, [1, 0, 1], 3)",
    "tf.math.bincount([1, 1, 3])", "tf.math.confusion_matrix([0, 1, 2], [0, 2, 2])",
    "tf.math.in_top_k([0, 1], r, 2)", "tf.where(z > 1)", "tf.ensure_shape(x, [3])",
    # matrices
    "tf.matmul(r, m)", "tf.matmul(r, r, transpose_b=True)",
    "tf.matmul(r, r, transpose_a=True)",
    "tf.matmul(k, m)", "tf.matmul(k, k, adjoint_b=True)", "tf.tensordot(x, y, 1)",
    "tf.tensordot(r, m, 1)", "tf.tensordot(x, y, 0)", "tf.tensordot(k, r, [[2], [1]])",
    "tf.tensordot(k, k, [[1, 0], [1, 0]])", "tf.einsum('ij,jk->ik', r, m)",
    "tf.einsum('bij,kj->bik', k, m)", "tf.einsum('i,i->', x, y)",
    "tf.einsum('i,j->ij', x, y)",
    "tf.einsum('ii->i', m)", "tf.einsum('ii->', m)", "tf.einsum('ij->j', r)",
    "tf.einsum('...ij,...kj->...ik', k, m)", "tf.einsum('ij,j', r, x)",
    "tf.einsum('ij,jk,k->i', r, m, x)", "tf.linalg.matvec(m, x)",
    "tf.linalg.matvec(k, x)",
    "tf.linalg.matvec(r, x[:2], transpose_a=True)", "tf.linalg.det(m)",
    "tf.linalg.inv(m)",
    "tf.linalg.inv(m, adjoint=True)", "tf.linalg.solve(m, tf.transpose(r))",
    "tf.linalg.solve(m, x[:, tf.newaxis], adjoint=True)", "tf.linalg.trace(m)",
    "tf.linalg.trace(k)", "tf.linalg.diag(r)", "tf.linalg.diag_part(m)",
    "tf.linalg.diag_part(k)",
    "tf.linalg.set_diag(m, x)", "tf.linalg.band_part(m, 0, -1)",
    "tf.linalg.band_part(m, 1, 0)",
    "tf.linalg.cross(x, y)", "tf.linalg.adjoint(r)", "tf.linalg.matrix_transpose(k)",
    "tf.linalg.tensor_diag(x)", "tf.linalg.tensor_diag_part(m)",
    "tf.linalg.eigvalsh(m)", "tf.abs(tf.linalg.eigh(m)[1]) * x",
    "tf.linalg.svd(k[:, :3] + m, compute_uv=False)",
    "tf.norm(k, 2, [2, 0], keepdims=True)",
    "[tf.abs(t) ** 1.5 for t in tf.linalg.svd(r)]",
    "[tf.abs(t) ** 1.5 for t in tf.linalg.svd(k[:, :3] + m)]",
    "[tf.abs(t) ** 1.5 for t in tf.linalg.qr(k[:, :3] + m)]", "tf.linalg.pinv(r)",
    "tf.linalg.lstsq(k[0], k[1], 0.1)", "tf.linalg.lstsq(r, r[:, :1])",
    "tf.linalg.slogdet(m)[1]", "tf.linalg.triangular_solve(m, r[:, :, None][0])",
    "tf.linalg.triangular_solve(m, m, lower=False, adjoint=True)",
    "tf.linalg.cholesky_solve(m, r[:, :, None][0])",
    # networks
    "tf.nn.softmax_cross_entropy_with_logits([0.0, 1.0, 0.0], x)",
    "tf.nn.softmax_cross_entropy_with_logits([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]], r)",
    "tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(m[:2]), r)",
    "tf.nn.softmax_cross_entropy_with_logits([[1.0, 0, 0], [0, 1.0, 1.0]], r, axis=0)",
    "tf.nn.softmax_cross_entropy_with_logits([2.0, 1.0, 0.5], x)",
    "tf.nn.sparse_softmax_cross_entropy_with_logits(2, x)",
    "tf.nn.sparse_softmax_cross_entropy_with_logits([0, 2], r * 100.0)",
    "tf.nn.sigmoid_cross_entropy_with_logits([0.0, 1.0, 0.5], x * 100.0)",
    "tf.nn.sigmoid_cross_entropy_with_logits(p, x)",
    "tf.nn.weighted_cross_entropy_with_logits(p, x, 3.0)", "tf.nn.moments(r, [0])",
    "tf.nn.moments(k, [0, 2], keepdims=True)[1]", "tf.nn.moments(x, [0])[1]",
    "tf.nn.batch_normalization(r, x, y, s, p, 1e-3)", "tf.nn.bias_add(r, x)",
    "tf.nn.batch_normalization(r, x, y, None, None, 1e-3)",
    "tf.nn.embedding_lookup(k * 1.0, [1, 0, 1])", "tf.nn.l2_normalize(r, axis=1)",
    "tf.nn.conv2d(k[:, :, :, tf.newaxis], tf.reshape(m, [3, 3, 1, 1])[:2], 1, 'SAME')",
    ("tf.nn.conv2d(k[..., tf.newaxis], tf.reshape(m[:, :2], [3, 2, 1, 1]), 4 * [1], "
     "'VALID')"),
    "tf.nn.conv2d(k[:, :, :, tf.newaxis], tf.reshape(m, [3, 1, 1, 3]), 2, 'SAME')",
    "tf.nn.conv1d(k, tf.reshape(k, [2, 3, 4]), 1, 'VALID')",
    "tf.nn.conv1d(k, tf.reshape(k, [2, 3, 4]), 2, 'SAME')",
    "tf.nn.max_pool2d(k[..., tf.newaxis], 2, 2, 'SAME')",
    "tf.nn.max_pool2d(k[..., tf.newaxis], 2, 1, 'VALID')",
    "tf.nn.avg_pool2d(k[..., tf.newaxis], 2, 2, 'SAME')",
    "tf.clip_by_norm(x, 1.0)", "tf.clip_by_norm(r, 0.5, axes=1)",
    "tf.clip_by_norm(z * 0.0, 1.0)",
    "tf.linalg.global_norm([x, r])", "tf.clip_by_global_norm([x, r], 1.0)[0]",
    "tf.clip_by_global_norm([x, None, r], 100.0)[1]",
    "tf.debugging.check_numerics(x, 'x')", "tf.stop_gradient(x) * x",
    # control
    "tf.cond(s > 0, lambda: x * x, lambda: x)", "tf.map_fn(lambda t: t * t, r)",
    "tf.while_loop(lambda n, t: n < 3, lambda n, t: (n + 1, t * x), (0, x))[1]",
    "tf.scan(lambda a, b: a * b, x)", "tf.foldl(lambda a, b: a - b, x)",
    "tf.foldr(lambda a, b: a - b, x, s)", "tf.scan(lambda a, b: a + b * s, x, s)",
    "tf.vectorized_map(lambda t: tf.sin(t), r)",
    "tf.switch_case(tf.constant(1), [lambda: x, lambda: x * y])",
    "tf.case([(s > 5, lambda: x), (s > 0, lambda: x * y)])",
    "tf.grad_pass_through(tf.round)(x)",
    "tf.recompute_grad(lambda t: tf.sin(t) * t)(x)",
]  # fmt: skip

BENT = {
    "tf.nn.softsign(x)": "TensorFlow has no second derivative",
    "tf.math.softsign(x)": "TensorFlow has no second derivative",
    "tf.nn.max_pool2d(k[..., tf.newaxis], 2, 2, 'SAME')": "ours is None where theirs "
    "is 0",
    "tf.nn.max_pool2d(k[..., tf.newaxis], 2, 1, 'VALID')": "ours is None where theirs "
    "is 0",
}
"""Where None differs."""

NARROW = ("polyval", "in_top_k", "sigmoid_cross_entropy_with_logits([")
"""What TensorFlow does not take with float64."""

ROUNDED = ("tf.nn.gelu",)
"""TensorFlow rounds a constant to float32 on the way."""

LEFT_OUT = "tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(m[:2]), r)"
"""TensorFlow leaves out how moving labels move the gradient: wrong at second order."""


UNTURNED = [
    "tf.math.xlogy(z, w)", "tf.math.xlog1py(z, w)", "tf.math.xdivy(z, w)",
    "tf.math.multiply_no_nan(z, w)", "tf.nn.silu(z)",
]  # fmt: skip
"""Complex numbers whose gradients TensorFlow gives without the conjugate."""


def flattened(got: Any) -> list[Any]:
    """The tensors of a result."""
    if isinstance(got, (list, tuple)) and not hasattr(got, "rank"):
        return [t for g in got for t in flattened(g)]
    return [got]


def plain(t: Any) -> Any:
    """A tensor's value, dtype and shape; None for None."""
    if t is None:
        return None
    t = t if hasattr(t, "numpy") else _dense(t)
    return np.asarray(t.numpy())


def _dense(g: Any) -> Any:
    spaces = type(g).__module__
    if spaces.startswith("tapeviz"):
        return tapeviz.convert_to_tensor(g)
    import tensorflow as tf

    return tf.convert_to_tensor(g)


def weights(t: Any, tf: Any) -> Any:
    """Upstream gradients that differ from entry to entry."""
    n = int(np.prod(t.shape))
    return tf.constant(np.cos(np.arange(n) + 0.5).reshape(tuple(t.shape)), t.dtype)


def evaluated(tf: Any, line: str, dtype: str) -> list[Any]:
    """Values, gradients, their gradients, and which of the third order are None."""
    space = {n: tf.constant(v, dtype) for n, v in GIVEN.items()}
    used = [
        n
        for n in space
        if n in line.replace("tf.", "").replace("axis", "").replace("max", "")
    ]
    sources = [space[n] for n in used]
    with tf.GradientTape() as third:
        third.watch(sources)
        with tf.GradientTape() as second:
            second.watch(sources)
            with tf.GradientTape() as first:
                first.watch(sources)
                values = flattened(eval(line, {"tf": tf, "np": np, **space}))  # noqa: S307
            smooth = [t for t in values if t.dtype.is_floating]
            if not smooth:
                return [plain(t) for t in values]
            ones = first.gradient(smooth, sources, [weights(t, tf) for t in smooth])
        ones = [g if g is None or hasattr(g, "numpy") else _dense(g) for g in ones]
        linked = [g for g in ones if g is not None]
        twos = _once(second, linked, sources, tf)
    twos = [g if g is None or hasattr(g, "numpy") else _dense(g) for g in twos]
    out = [plain(t) for t in (*values, *ones, *twos)]
    linked = [g for g in twos if g is not None]
    return [*out, *(g is None for g in _once(third, linked, sources, tf))]


def _once(tape: Any, targets: list[Any], sources: list[Any], tf: Any) -> list[Any]:
    if not targets:
        return [None] * len(sources)
    try:
        return tape.gradient(targets, sources, [weights(t, tf) for t in targets])  # type: ignore[no-any-return]
    except (LookupError, NotImplementedError):
        return [None] * len(sources)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("line", LINES)
def test_a_function_is_tensorflows(
    tensorflow: ModuleType, line: str, dtype: str
) -> None:
    if dtype == "float64" and any(n in line for n in NARROW):
        pytest.skip("TensorFlow takes float32 only")
    ours, theirs = evaluated(tapeviz, line, dtype), evaluated(tensorflow, line, dtype)
    assert len(ours) == len(theirs)
    if line == LEFT_OUT:
        ours, theirs = ours[:3], theirs[:3]
    for a, b in zip(ours, theirs, strict=True):
        if (a is None) != (b is None) and line in BENT:
            continue
        assert (a is None) == (b is None), (ours, theirs)
        if isinstance(b, bool):
            assert a == b or line in BENT, (ours, theirs)
        elif a is not None:
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            rough = dtype == "float32" or line.startswith(ROUNDED)
            near = 3e-5 if rough else 1e-11
            np.testing.assert_allclose(a, b, near, near * 3)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("line", [*COMPLEX, *UNTURNED])
def test_complex_numbers_are_tensorflows(tensorflow: ModuleType, line: str) -> None:
    got = []
    for tf in (tapeviz, tensorflow):
        given = {"z": tf.constant(Z), "w": tf.constant(W), "m": tf.constant(M)}
        sources = list(given.values())
        with tf.GradientTape() as tape:
            tape.watch(sources)
            y = eval(line, {"tf": tf, "np": np, "mask": MASK, **given})  # noqa: S307
        grads = tape.gradient(y, sources)
        got.append([plain(t) for t in (y, *grads)])
    for a, b in zip(*got, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, 1e-9, 1e-11)
