"""Corners of single functions: values, dtypes and the classes of errors.

Each line is run on TensorFlow and here. What is printed must be alike, or both must
raise an error of the same class.
"""
# ruff: noqa: E501 - programs stand on one line

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tapeviz

LINES = """
tf.argmin([0, 0], axis=[2, -1])
tf.cumsum([0, 0], axis=[7, 1])
tf.expand_dims(-7, [0, 0])
tf.one_hot(1, [0, 0])
tf.as_dtype(tf.constant(1.0))
tf.linalg.adjoint(0.0)
tf.linalg.cross(tf.constant(1.0), tf.ones([2, 2]))
tf.linalg.matvec(0.0, 0.0)
tf.linalg.set_diag(tf.ones([2, 3]), tf.constant(1.0))
tf.linalg.global_norm([])
tf.tensordot(tf.ones([3]), tf.ones([3]), [])
tf.tensordot(tf.ones([3]), tf.ones([3]), [[5], [0]])
tf.math.bincount(-1)
tf.math.confusion_matrix([-7], [1])
tf.math.confusion_matrix([1, 2], [1])
tf.gather_nd(1.5, [1, 0])
tf.scatter_nd([[0]], [1.0, 2.0], [3])
tf.scatter_nd([[0, 0, 0]], [1.0], [3])
tf.tensor_scatter_nd_add([0.0, 1.0], [[0], [1]], [1.0])
tf.tensor_scatter_nd_update([0.0, 1.0], [[0, 1]], [1.0])
tf.strided_slice([0, 1], [1], [0, 0])
tf.pad([1.0], 5)
tf.pad([1.0], [[-1, 0]])
tf.tile([1, 0], [-7])
tf.repeat([1, 2], -7)
tf.nn.moments(tf.ones([2, 3]), [])
tf.nn.max_pool2d(tf.ones([2, 2]), 2, 2, "VALID")
tf.nn.sparse_softmax_cross_entropy_with_logits(1, tf.constant(1.0))
tf.debugging.assert_equal(tf.ones([2, 3]), tf.ones([2, 2]))
tf.boolean_mask(5, [True])
tf.nn.conv2d(tf.ones([3, 3]), tf.ones([2, 2, 1, 1]), 1, "VALID")
tf.nn.conv2d(tf.ones([1, 3, 3, 1]), tf.ones([2, 2]), 1, "VALID")
tf.math.accumulate_n(1.5)
tf.random.uniform([-7])
tf.repeat(tf.constant(3.0), 2, axis=0)
tf.repeat(tf.constant(3.0), [2], axis=0)
tf.searchsorted([[1.0, 2.0], [3.0, 4.0]], [[1.5], [9.0]])
tf.searchsorted([[1.0, 2.0], [3.0, 4.0]], [1.5, 9.0])
tf.fill([2], [1])
tf.fill([2], [[1]])
tf.nn.moments(tf.constant([1, 2, 4]), [0])
tf.identity_n([])
tf.identity_n((tf.constant(1.0), 2))
tf.identity_n(3.0)
tf.nn.moments(tf.constant([1., 2, 4],tf.float16), [0])
tf.nn.moments(tf.constant([1+1j, 2]), [0])
tf.norm(tf.constant([1, 2, -4]), ord=1)
tf.norm(tf.constant([1, 2, -4]), ord=np.inf)
tf.norm(tf.constant([1, 2, -4]))
tf.norm(tf.constant([3+4j]))
tf.norm(tf.constant([3+4j]),ord=1)
tf.norm(tf.constant([[3+4j]]),axis=[0,1])
[tf.constant(1.0)] * tf.constant(2.0, tf.float64)
tf.constant([1],tf.uint8) < 300
tf.constant(True) * 1
tf.constant(True) + 1
tf.constant(True) * 2
1 * tf.constant(True)
tf.constant(True) * True
tf.constant(True) & 1
tf.constant(True) == 1
tf.constant(True) * 1.0
tf.Variable(True) * 1
tf.range(3, dtype=tf.float16)
tf.range(tf.constant(3.,tf.float16))
tf.range(0., 1., .25)
tf.range(3, dtype='float64')
tf.range(1.5)
tf.range(tf.constant(0,tf.int64),3)
tf.range(0, 1., .25)
tf.range(5, 0, -2)
tf.range(5, 0)
tf.range(0,5,-1)
tf.range(np.float64(3))
tf.range(0,3,0.5,dtype=tf.int32)
tf.range([3])
tf.linspace(1j, 1.0, 3)
tf.linspace(1, 3, 3)
tf.linspace([1.,2.], [3.,4.], 3)
tf.linspace(1., 3., 1)
tf.linspace(1., 3., 0)
tf.linspace(1., 3, 2)
tf.linspace(1, 3., 2)
tf.linspace(tf.constant(1,tf.int32), 3, 2)
tf.reduce_mean(tf.zeros([0], tf.complex64))
tf.reduce_mean(tf.zeros([0], tf.complex128))
tf.reduce_mean(tf.zeros([0]))
tf.reduce_mean(tf.zeros([0,2],tf.complex64),0)
tf.reduce_mean(tf.zeros([0],tf.int32))
tf.math.reduce_variance(tf.constant([3+4j,1j]))
tf.math.reduce_std(tf.constant([3+4j,1j]))
tf.math.reduce_std(tf.zeros([0],tf.complex64))
tf.math.l2_normalize(tf.constant([3+4j]))
tf.linalg.normalize(tf.constant([3+4j]))
tf.nn.l2_loss(tf.constant([3+4j]))
tf.clip_by_norm(tf.constant([3+4j]),1.)
tf.linalg.global_norm([tf.constant([3+4j])])
tf.reduce_max(tf.constant([3+4j]))
tf.cumsum(tf.constant([3+4j,1]))
tf.sort(tf.constant([3+4j]))
tf.abs(tf.constant([3+4j],tf.complex64))
tf.sign(tf.constant([3+4j]))
tf.math.real(tf.constant([3]))
tf.concat([tf.constant([1.]), tf.constant([1])], 0)
tf.concat([tf.constant([1.]), [1]], 0)
tf.concat([[1.], tf.constant([1])], 0)
tf.concat([tf.constant([1.]), np.array([1.])], 0)
tf.concat([np.array([1.]), tf.constant([1.])], 0)
tf.concat([tf.constant([1.]), tf.constant([1.],tf.float64)], 0)
tf.stack([tf.constant(1.), tf.constant(1)])
tf.stack([tf.constant(1.), 1])
tf.stack([1, tf.constant(1.)])
tf.stack([np.float64(1.), tf.constant(1.)])
tf.concat([[1.],[2]],0)
tf.concat([[1],[2.]],0)
tf.Variable([1.0, 2.0]).constraint
tf.keras.layers.Flatten()(tf.constant([[1,2]]))
tf.keras.layers.Flatten()(np.array([[[1,2]]]))
tf.keras.layers.Flatten()(tf.constant([1,2]))
tf.keras.layers.Dense(1)(tf.constant([[1,2]])).dtype
tf.keras.layers.BatchNormalization()(tf.constant([[1, 2], [3, 4]]))
tf.keras.layers.ReLU()(tf.constant([[1,-2]]))
tf.keras.layers.Dropout(.5)(tf.constant([[1,-2]]))
tf.keras.layers.Activation('relu')(tf.constant([[1,-2]]))
tf.keras.losses.MeanSquaredError()(tf.zeros([0,2]),tf.zeros([0,2]))
tf.keras.losses.MeanSquaredError(reduction='sum')(tf.zeros([0,2]),tf.zeros([0,2]))
tf.keras.losses.BinaryCrossentropy()(tf.zeros([0,1]),tf.zeros([0,1]))
tf.keras.losses.SparseCategoricalCrossentropy()(tf.zeros([0],tf.int32),tf.zeros([0,3]))
tf.keras.losses.CategoricalCrossentropy()(tf.zeros([0,3]),tf.zeros([0,3]))
tf.keras.losses.mse(tf.zeros([0,2]),tf.zeros([0,2]))
tf.keras.metrics.Mean()(tf.zeros([0]))
tf.keras.metrics.Mean()([])
tf.keras.metrics.Accuracy()(tf.zeros([0]),tf.zeros([0]))
tf.keras.metrics.SparseCategoricalAccuracy()(tf.zeros([0]),tf.zeros([0,3]))
tf.keras.metrics.CategoricalAccuracy()(tf.zeros([0,3]),tf.zeros([0,3]))
tf.keras.metrics.BinaryAccuracy()(tf.zeros([0,1]),tf.zeros([0,1]))
tf.keras.metrics.MeanSquaredError()(tf.zeros([0,1]),tf.zeros([0,1]))
tf.keras.metrics.Sum()(tf.zeros([0]))
tf.keras.metrics.Mean(dtype='float64')([1.,2.])
tf.keras.layers.Lambda(lambda x: x*2)(tf.ones([1,2]))
tf.add_n(tf.constant([1.,2.]))
tf.custom_gradient(lambda x: (x*2, lambda d: d*3))(x=tf.constant(2.))
tf.custom_gradient(lambda x, k=1.: (x*k, lambda d: d*3))(tf.constant(2.), k=4.)
tf.einsum('ii', tf.ones([2,3]))
tf.einsum('ij,jk', tf.ones([2,3]), tf.ones([2,3]))
tf.einsum('ij,jk->iz', tf.ones([2,3]), tf.ones([3,3]))
tf.einsum('i j', tf.ones([2,3]))
tf.einsum('ij->ii', tf.ones([2,3]))
tf.einsum('ii->i', tf.ones([2,2]))
tf.einsum('ij->ijk', tf.ones([2,2]))
tf.einsum('i1->i', tf.ones([2,2]))
tf.ones([2,3])[[True, False]]
tf.ones([2,3])[np.array([True,False])]
tf.ones([2,3])[tf.constant([True,False,True])]
tf.ones([2,3])[True]
tf.ones([2,3])[1.0]
tf.ones([2,3])[tf.constant(1.0)]
tf.ones([2,3])[tf.constant([1])]
tf.ones([2,3])[0:1.5]
tf.ones([2,3])[..., ...]
tf.ones([2,3])[:, [0]]
tf.ones([2,3])[:, np.array([0,1])]
tf.ones([2,3])[:, tf.constant([True,False,True])]
tf.ones([2,3])[(0,1),(0,1)]
tf.ones([2,3])[[0,1],[0,1]]
tf.ones([2,3])[[0],[1]]
tf.ones([2,3])[np.int64(1)]
tf.ones([2,3])[None, 'x']
tf.math.unsorted_segment_sum(tf.ones([2,3]), [1, 0, 1], 3)
tf.math.unsorted_segment_sum(tf.ones([2,3]), [1, 9], 3)
tf.math.segment_sum(tf.ones([2,3]), [0,1,2])
tf.math.segment_sum(tf.ones([2,3]), [0,-1])
tf.math.in_top_k([0], tf.ones([3]), 1)
tf.math.in_top_k([0,1], tf.ones([1,3]), 1)
tf.math.in_top_k([7], tf.ones([1,3]), 1)
tf.math.angle([np.nan, -0.0, -1.0, 2.0])
tf.math.angle(tf.constant([1.0, -3.0], tf.float64))
tf.math.reduce_euclidean_norm(tf.constant([3+4j, 1j]))
tf.math.polyval([1.0, 2.0], tf.constant(2.0, tf.float64))
tf.math.polyval([1.0, tf.constant([1.0, 2.0])], 3.0)
tf.math.polyval([1, 2], tf.constant(2.0))
tf.gather([1.0, 2.0], [])
tf.gather([1.0, 2.0], tf.constant([], tf.int32))
tf.gather_nd([1.0, 2.0], [[]])
tf.one_hot([], 3)
tf.math.segment_sum([], [])
tf.math.unsorted_segment_sum([], [], 2)
tf.math.bincount([])
tf.pad(3.0, [])
tf.scatter_nd([], [], [2])
tf.nn.sparse_softmax_cross_entropy_with_logits([], tf.zeros([0, 3]))
tf.gather(tf.ones([3, 1]), [[0, 1], [1, 0]], batch_dims=1)
tf.gather(tf.ones([2, 3]), [[0, 4], [1, 0]], batch_dims=1)
tf.gather(tf.ones([2]), [[0], [1]], batch_dims=1, axis=1)
tf.gather(tf.ones([2]), [[0], [0]], batch_dims=1)
tf.gather(tf.ones([2, 3]), [[0, 1], [1, 0]], batch_dims=2)
tf.gather(tf.ones([2, 3, 4]), [[0, 1], [1, 0]], batch_dims=1, axis=-1)
tf.gather(tf.ones([2, 3]), 0, batch_dims=1)
tf.where(True)
tf.scatter_nd([[0]], tf.ones([1, 0]), [2, 0])
tf.scatter_nd(tf.zeros([0, 1], tf.int32), tf.zeros([0]), [0])
tf.tensor_scatter_nd_update(tf.ones([2, 0]), [[0]], tf.ones([1, 0]))
tf.map_fn(lambda u: u * u, tf.zeros([0, 3]))
tf.map_fn(lambda u: (u[0], u[1]), (tf.zeros([0]), tf.zeros([0], tf.int32)))
tf.scan(lambda c, u: c + u, tf.zeros([0]), 1.0)
tf.scan(lambda c, u: c + u, tf.zeros([0]))
tf.foldl(lambda c, u: c + u, tf.zeros([0]))
tf.foldl(lambda c, u: c + u, tf.zeros([0]), 1.0)
tf.Variable([1.0, 2.0]).scatter_add(tf.IndexedSlices(tf.constant([3.0, 4.0]), tf.constant([0, 0]))).numpy()
tf.Variable([[1.0], [2.0]]).scatter_sub(tf.IndexedSlices(tf.constant([[3.0], [4.0]]), tf.constant([0, 1]))).numpy()
tf.Variable([1.0, 2.0]).scatter_update(tf.IndexedSlices(tf.constant([3.0]), tf.constant([1]))).numpy()
tf.Variable([1.0, 2.0]).scatter_update(tf.IndexedSlices(tf.constant([3.0]), tf.constant([5])))
tf.Variable([1.0, 2.0]).scatter_update([1.0])
tf.constant("a") + "b"
"b" + tf.constant("a")
tf.constant(["a", "b"]) + "c"
"c" + tf.constant(["a", "b"])
tf.constant(["a", "b"]) + [["c"], ["d"]]
tf.constant("a") + ["c", "d"]
tf.Variable("a") + b"b"
tf.add(tf.constant("a"), "b")
tf.constant("a") + 1
tf.constant("a") - "b"
tf.constant(1.0) + "a"
tf.range(0.0, np.nan, 1.0)
tf.range(0.0, np.inf, 1.0)
tf.nn.leaky_relu([1.0], "a")
tf.sequence_mask("a")
"""


def _found(tf: Any, line: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return repr(eval(line, {"tf": tf, "np": np}))  # noqa: S307 - our own lines
        except Exception as error:  # noqa: BLE001 - its class is what is compared
            return type(error).__name__


@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_a_line_finds_the_same(tensorflow: ModuleType, line: str) -> None:
    assert _found(tapeviz, line) == _found(tensorflow, line)


STRICT = (
    "tf.matmul(np.ones((1, 2)), w)", "tf.matmul([[1, 2]], w)", "tf.matmul(w, np.ones((1, 2)))",
    "tf.add(np.ones((1, 2)), r)", "tf.add([[1, 2]], r)", "tf.math.add(2, r)", "tf.add(r, 2)",
    "tf.add(2.0, r)", "tf.truediv(2, r)", "tf.truediv(np.ones(2), r)", "tf.multiply(np.ones(2), r)",
    "tf.subtract(2, r)", "tf.divide(np.float64(2), r)", "tf.maximum(0, r)", "np.ones(2) * r", "2 + r",
    "tf.nn.sigmoid_cross_entropy_with_logits(labels=np.ones((1, 2)), logits=r)",
    "tf.nn.sigmoid_cross_entropy_with_logits(labels=[[1, 0]], logits=r)",
    "tf.nn.sigmoid_cross_entropy_with_logits(labels=[[1.0, 0.0]], logits=r)",
    "tf.nn.weighted_cross_entropy_with_logits(np.ones((1, 2)), r, 2.0)",
    "tf.keras.losses.mse(np.ones((1, 2)), r)", "tf.keras.losses.mse(r, [[1, 2]])",
    "tf.keras.losses.mae(r, [[1, 2]])", "tf.linalg.solve(np.eye(2), tf.transpose(r))",
    "tf.linalg.solve([[2, 0], [0, 2]], tf.transpose(r))", "tf.nn.bias_add(r, [1.0, 2.0])",
    "tf.nn.bias_add(r, [1.0])", "tf.scalar_mul([1.0], r)", "tf.add_n(r)", "tf.linalg.global_norm(r)",
    "tf.cast(tf.constant([1]) < 10**12, tf.int32)", "[tf.constant(1.0)] * tf.constant(2.0, tf.float64)", "tf.cast(tf.constant(True) * 2, tf.int32)",
)  # fmt: skip


@pytest.mark.parametrize("line", STRICT)
def test_operands_meet_as_there(tensorflow: ModuleType, line: str) -> None:
    """A lesson written here must run there, and be refused where it is refused there."""

    def found(tf: Any) -> str:
        names = f"w = tf.Variable([[1.0], [2.0]]); r = tf.Variable([[1.0, 2.0]]); y = {line}"
        space: dict[str, Any] = {"tf": tf, "np": np}
        try:
            exec(names, space)  # noqa: S102 - our own line
        except Exception as error:  # noqa: BLE001 - its class is what is compared
            return type(error).__name__
        return repr(space["y"].numpy().round(5))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert found(tapeviz) == found(tensorflow)


@pytest.mark.parametrize(
    ("call", "sources"),
    [
        ("f(x=x)", "x"), ("f(x, k=k)", "x k"), ("f(x=x, k=k)", "x k"), ("f(x, k=v)", "x v"),
        ("f(x=v)", "x v"), ("f(v)", "x v"), ("f(tf.constant(1.0), k=k)", "x k"), ("f(x, k)", "x k"),
    ],
)  # fmt: skip
def test_a_custom_gradient_called_with_keywords(
    tensorflow: ModuleType, call: str, sources: str
) -> None:
    def found(tf: Any) -> Any:
        @tf.custom_gradient
        def f(x: Any, k: Any = 1.0) -> Any:
            return (
                x * k,
                lambda d: (d * 100.0, d * 7.0) if call == "f(x, k)" else d * 100.0,
            )

        space = {"tf": tf, "f": f, "x": tf.constant(2.0), "k": tf.constant(3.0)}
        space["v"] = tf.Variable(5.0)
        with tf.GradientTape() as tape:
            tape.watch([space["x"], space["k"]])
            y = eval(call, space)  # noqa: S307 - our own call
        got = tape.gradient(y, [space[name] for name in sources.split()])
        return float(y), [None if g is None else float(g) for g in got]

    assert found(tapeviz) == found(tensorflow)


TWICE = (
    "tf.math.log(x)", "tf.math.log1p(x)", "tf.atanh(x)", "tf.asin(x / 2)", "tf.acos(x / 2)",
    "tf.sqrt(x)", "tf.math.rsqrt(x)", "1 / x", "tf.math.reciprocal(x)", "x ** 0.5", "tf.acosh(x)",
    "tf.math.xlogy(x, x)", "tf.math.lgamma(x)", "tf.exp(tf.math.log(x) / 3)", "tf.norm(x * 0) * x",
    "tf.atan2(x, x)",
)  # fmt: skip


@pytest.mark.parametrize("how", ["gradient", "jacobian"])
@pytest.mark.parametrize("text", TWICE)
def test_zero_meets_infinity_in_the_second_derivative(
    tensorflow: ModuleType, text: str, how: str
) -> None:
    """Where a value is not chosen: nan and 0 must be where they are in TensorFlow."""

    def found(tf: Any) -> Any:
        x = tf.constant([0.0, 2.0, -1.0, 0.5], tf.float64)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = eval(text, {"tf": tf, "x": x})  # noqa: S307 - our own lines
                y = tf.where(x > 0, value, 0.0)
            first = getattr(inner, how)(y, x)
        return first.numpy(), outer.gradient(first, x).numpy()

    with np.errstate(all="ignore"):
        for ours, theirs in zip(found(tapeviz), found(tensorflow), strict=True):
            np.testing.assert_allclose(ours, theirs, 1e-9)


@pytest.mark.parametrize(
    ("equation", "shape"),
    [
        ("ii->i", (2, 2)),
        ("ii->", (2, 2)),
        ("aii->ai", (1, 2, 2)),
        ("iaia->i", (2,) * 4),
    ],
)
def test_an_infinite_gradient_stays_on_the_diagonal(
    tensorflow: ModuleType, equation: str, shape: tuple[int, ...]
) -> None:
    def found(tf: Any) -> Any:
        x = tf.reshape(tf.range(2.0 ** len(shape) // shape[0] * shape[0]), [-1])
        x = tf.reshape(x[: int(np.prod(shape))], shape)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.sqrt(tf.einsum(equation, x) * [0.0, 1.0])
        return tape.gradient(y, x).numpy()

    with np.errstate(all="ignore"):
        np.testing.assert_allclose(found(tapeviz), found(tensorflow), 1e-5)


def test_the_jacobian_of_no_entries_through_a_custom_gradient(
    tensorflow: ModuleType,
) -> None:
    def found(tf: Any) -> Any:
        @tf.custom_gradient
        def f(x: Any) -> Any:
            return x * 2.0, lambda d: d * 2.0

        x = tf.constant([1.0, 2.0])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)[:0]
        return tape.jacobian(y, x).shape.as_list()

    assert found(tapeviz) == found(tensorflow) == [0, 2]
