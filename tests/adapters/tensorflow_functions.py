"""Small functions as tutorials of TensorFlow have them, seen through our pictures.

Each takes a maker of variables, and gives a function of no arguments and the variables
whose gradients are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Made = tuple[Callable[[], Any], list[Any]]
FUNCTIONS: dict[str, Callable[[Callable[..., Any]], Made]] = {}


def function(make: Any) -> Any:
    FUNCTIONS[make.__name__] = make
    return make


@function
def polynomial(new: Any) -> Made:
    x = new()
    return lambda: x**3 - 2 * x**2 + 4 / x - 1, [x]


@function
def two_leaves(new: Any) -> Made:
    x, y = new(), new()
    return lambda: tf.math.log(x * x) + x * y - tf.sin(y), [x, y]


@function
def regression(new: Any) -> Made:
    w, b, x, y = new(3, 1), new(1), tf.constant(new(8, 3)), tf.constant(new(8, 1))
    return lambda: tf.reduce_mean((x @ w + b - y) ** 2), [w, b]


@function
def logistic(new: Any) -> Made:
    w, x = new(4, 1), tf.constant(new(6, 4))
    y = tf.cast(new(6, 1) > 0, x.dtype)
    return lambda: tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, x @ w)), [
        w
    ]


@function
def softmax_by_hand(new: Any) -> Made:
    z = new(5)
    return lambda: -tf.math.log(tf.exp(z)[2] / tf.reduce_sum(tf.exp(z))), [z]


@function
def cross_entropy(new: Any) -> Made:
    w, x = new(4, 3), tf.constant(new(6, 4))
    labels = tf.one_hot([0, 2, 1, 1, 0, 2], 3, dtype=x.dtype)
    return lambda: tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits(labels, tf.matmul(x, w))
    ), [w]


@function
def sparse_cross_entropy(new: Any) -> Made:
    w, x = new(4, 3), tf.constant(new(6, 4))
    labels = tf.constant([0, 2, 1, 1, 0, 2])
    return lambda: tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels, x @ w)
    ), [w]


@function
def mlp(new: Any) -> Made:
    w1, b1, w2, b2 = new(3, 4), new(4), new(4, 1), new(1)
    x, y = tf.constant(new(5, 3)), tf.constant(new(5, 1))
    return lambda: tf.reduce_mean(
        tf.square(tf.nn.bias_add(tf.tanh(x @ w1 + b1) @ w2, b2) - y)
    ), [w1, b1, w2, b2]


@function
def keras_model(new: Any) -> Made:
    dtype = new().dtype.name
    layers = tf.keras.layers
    model = tf.keras.Sequential([
        layers.Dense(4, "relu", dtype=dtype), layers.Dense(2, "tanh", dtype=dtype),
        layers.Dense(1, dtype=dtype),
    ])  # fmt: skip
    x = tf.constant(new(5, 3))
    model(x)
    for v in model.weights:
        v.assign(new(*v.shape))
    return lambda: tf.reduce_mean(tf.square(model(x))), model.trainable_variables


@function
def keras_losses(new: Any) -> Made:
    p, y = new(4, 3), tf.constant(new(4, 3))
    mse, huber = tf.keras.losses.MeanSquaredError(), tf.keras.losses.Huber()
    return lambda: mse(y, p) + huber(y, p), [p]


@function
def rnn_cell(new: Any) -> Made:
    w, u, b, xs = new(3, 3), new(2, 3), new(3), tf.constant(new(4, 1, 2))

    def loss() -> Any:
        h = tf.zeros((1, 3), w.dtype)
        for x in tf.unstack(xs):
            h = tf.tanh(h @ w + x @ u + b)
        return tf.reduce_sum(h**2)

    return loss, [w, u, b]


@function
def lstm_step(new: Any) -> Made:
    w, x, h = new(5, 8), tf.constant(new(1, 3)), tf.constant(new(1, 2))

    def loss() -> Any:
        gates = tf.concat([x, h], 1) @ w
        i, f, g, o = tf.split(gates, 4, axis=1)
        c = tf.sigmoid(f) * h + tf.sigmoid(i) * tf.tanh(g)
        return tf.reduce_sum(tf.sigmoid(o) * tf.tanh(c))

    return loss, [w]


@function
def attention(new: Any) -> Made:
    q, k, v = new(5, 4), new(5, 4), new(5, 4)

    def loss() -> Any:
        scores = tf.matmul(q, k, transpose_b=True) / tf.sqrt(tf.cast(4, q.dtype))
        mask = tf.linalg.band_part(tf.ones((5, 5), q.dtype), -1, 0)
        weights = tf.nn.softmax(scores - 1e9 * (1 - mask))
        return tf.reduce_sum((weights @ v) ** 2)

    return loss, [q, k, v]


@function
def attention_of_heads(new: Any) -> Made:
    q, k = new(2, 3, 4), new(2, 3, 4)
    return lambda: tf.reduce_sum(tf.nn.softmax(tf.einsum("bqd,bkd->bqk", q, k)) @ k), [
        q,
        k,
    ]


@function
def layer_norm(new: Any) -> Made:
    x, gain = new(3, 4), new(4)

    def loss() -> Any:
        mean = tf.reduce_mean(x, axis=-1, keepdims=True)
        var = tf.reduce_mean(tf.math.squared_difference(x, mean), -1, keepdims=True)
        return tf.reduce_sum(gain * (x - mean) * tf.math.rsqrt(var + 1e-5) ** 2)

    return loss, [x, gain]


@function
def embedding(new: Any) -> Made:
    table, w = new(6, 3), new(3)
    return lambda: tf.reduce_sum(tf.tanh(tf.gather(table, [1, 4, 1])) * w), [table, w]


@function
def lookup(new: Any) -> Made:
    table = new(6, 3)
    return lambda: tf.reduce_sum(
        tf.nn.embedding_lookup(table, [[1, 4], [1, 0]]) ** 2
    ), [table]


@function
def penalties(new: Any) -> Made:
    w = new(4)
    return (
        lambda: tf.reduce_sum(tf.abs(w)) + 0.1 * tf.norm(w) ** 2 + tf.nn.l2_loss(w),
        [w],
    )


@function
def activations(new: Any) -> Made:
    x = new(6)
    return lambda: tf.reduce_sum(
        tf.nn.relu(x) + tf.nn.elu(x) + tf.nn.softplus(x) + tf.nn.leaky_relu(x)
        + tf.nn.selu(x) + tf.nn.softsign(x) + tf.nn.relu6(x) + tf.nn.gelu(x)
    ), [x]  # fmt: skip


@function
def swish(new: Any) -> Made:
    x = new(6)
    return lambda: tf.reduce_sum(tf.nn.silu(x) * 2), [x]


@function
def elementary(new: Any) -> Made:
    x = new(5)
    return lambda: tf.reduce_sum(
        tf.cos(x) * tf.exp(-x) + tf.sqrt(tf.abs(x)) + tf.atan(x) + tf.math.log1p(x * x)
        + tf.math.erf(x) + tf.sinh(x) + tf.math.expm1(x) + tf.math.reciprocal(x)
    ), [x]  # fmt: skip


@function
def reductions(new: Any) -> Made:
    x = new(3, 4)
    return lambda: (
        tf.reduce_max(x) + tf.reduce_sum(tf.reduce_min(x, 1)) + tf.reduce_prod(x)
        + tf.math.reduce_variance(x) + tf.math.reduce_std(x)
        + tf.reduce_sum(tf.cumsum(x, axis=1)) + tf.reduce_logsumexp(x)
    ), [x]  # fmt: skip


@function
def shapes(new: Any) -> Made:
    x = new(3, 4)

    def loss() -> Any:
        y = tf.concat([tf.transpose(x), tf.reshape(x, (4, 3))], 0)[1:7:2, ::-1]
        y = tf.squeeze(tf.expand_dims(tf.tile(y, [1, 2]), 0)) + y[..., tf.newaxis, 0]
        y = tf.pad(tf.stack([y, tf.reverse(y, [0])], 1), [[0, 0], [1, 0], [0, 1]])
        return tf.reduce_sum(tf.roll(y, 1, 0)[0] ** 2) + tf.reduce_sum(y**2)

    return loss, [x]


@function
def broadcasting(new: Any) -> Made:
    a, b = new(4, 1), new(3)
    return lambda: tf.reduce_sum(
        tf.broadcast_to(b, (4, 3)) * tf.maximum(a, b) + a / (b * b)
    ), [a, b]


@function
def decisions(new: Any) -> Made:
    x, y = new(6), new(6)
    return lambda: tf.reduce_sum(
        tf.where(x > y, x, y * 2) + tf.clip_by_value(x, 0, 1) + tf.minimum(x * 3, y)
    ), [x, y]


@function
def stopped_and_unused(new: Any) -> Made:
    x, y, unused = new(3), new(3), new(2)
    return lambda: tf.reduce_sum(tf.stop_gradient(x * y) * x), [x, y, unused]


@function
def cut_by_whole_numbers(new: Any) -> Made:
    x, y = new(3), new(3)
    return lambda: tf.reduce_sum(
        tf.cast(tf.cast(x * 3, tf.int32), y.dtype) * y + tf.round(x) * y
    ), [x, y]


@function
def assigned(new: Any) -> Made:
    x, y = new(), new()

    def loss() -> Any:
        first = x * y
        x.assign(y * 2)
        return first + x * x

    return loss, [x, y]


@function
def watched_by_hand(new: Any) -> Made:
    x, y = tf.Variable(new(), trainable=False), new()

    def loss() -> Any:
        with tf.GradientTape() as inner:
            inner.watch(x)
            z = x * x * y
        return inner.gradient(z, x)

    return loss, [y]


@function
def kept_from_before(new: Any) -> Made:
    x = new()

    def loss() -> Any:
        old = x.value()
        x.assign_add(1.0)
        return old * old * x

    return loss, [x]


@function
def under_tf_function(new: Any) -> Made:
    x = new(3)
    squared = tf.function(lambda v: tf.reduce_sum(v * v) + v[0])
    return lambda: tf.tanh(squared(x)), [x]


@function
def second_derivative(new: Any) -> Made:
    x = new()

    def slope() -> Any:
        with tf.GradientTape() as inner:
            y = tf.sin(x) * x**3 + tf.tanh(x) + tf.sigmoid(x)
        return inner.gradient(y, x)

    return slope, [x]


@function
def gradient_penalty(new: Any) -> Made:
    w, x = new(3, 2), tf.constant(new(4, 3))

    def loss() -> Any:
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_sum(tf.nn.softplus(x @ w))
        return y + tf.reduce_sum(inner.gradient(y, x) ** 2)

    return loss, [w]


@function
def convolution(new: Any) -> Made:
    x, f = tf.constant(new(1, 6, 6, 1)), new(3, 3, 1, 2)
    return lambda: tf.reduce_sum(
        tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(x, f, 1, "SAME")), 2, 2, "VALID")
    ), [f]


@function
def own_gradient(new: Any) -> Made:
    x = new(3)

    @tf.custom_gradient
    def clipped(v: Any) -> Any:
        return v * v, lambda g: tf.clip_by_value(g * 2 * v, -1, 1)

    return lambda: tf.reduce_sum(clipped(x) * 3), [x]


@function
def solved(new: Any) -> Made:
    a, b = new(3, 3), new(3, 1)
    far = 4 * tf.eye(3, dtype=a.dtype)
    return lambda: tf.reduce_sum(tf.linalg.solve(a + far, b)), [a, b]


@function
def unknown_to_us(new: Any) -> Made:
    x = new(4)
    return lambda: tf.math.bessel_i0(x[0]) * tf.reduce_sum(tf.sort(x)[:2]), [x]
