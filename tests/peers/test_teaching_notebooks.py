"""What public teaching notebooks do with a tape, one small program for each kind.

The programs are our own; their kinds are those that courses teach: regression,
classifiers, physics, attacks, policies, two tapes at once. Each is one function of the
module that is called ``tf``, run with ours and with TensorFlow's; what it yields must
agree, step by step. Data and weights come from NumPy, so that both start alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tapeviz

Program = Callable[[Any], Iterator[Any]]
PROGRAMS: list[Program] = []


def program(made: Program) -> Program:
    """Register a program to be run on both engines."""
    PROGRAMS.append(made)
    return made


def normal(seed: int, *shape: int) -> Any:
    """Numbers that both engines start from."""
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@program
def a_line_by_hand(tf: Any) -> Iterator[Any]:
    """Slope and intercept in a module, updated with assign_sub."""

    class Straight(tf.Module):  # type: ignore[misc] - a class of either engine
        def __init__(self) -> None:
            super().__init__()
            self.w, self.b = tf.Variable(5.0), tf.Variable(0.0)

        def __call__(self, x: Any) -> Any:
            return self.w * x + self.b

    x = normal(0, 100)
    y, line = 3.0 * x + 2.0 + 0.1 * normal(1, 100), Straight()
    for _ in range(10):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(y - line(x)))
        dw, db = tape.gradient(loss, [line.w, line.b])
        line.w.assign_sub(0.1 * dw)
        line.b.assign_sub(0.1 * db)
        yield loss, line.w, line.b
    yield len(line.trainable_variables), [v.name for v in line.variables]


@program
def a_polynomial_with_a_test_set(tf: Any) -> Iterator[Any]:
    """Powers as features, an L2 penalty, losses on data kept back."""
    x = np.linspace(-1, 1, 40, dtype="float32")
    y = np.sin(3 * x).astype("float32")
    powers = tf.stack([tf.pow(tf.constant(x), float(k)) for k in range(6)], axis=1)
    w = tf.Variable(tf.zeros([6, 1]))
    optimizer = tf.keras.optimizers.Adam(learning_rate=0.1)
    for _ in range(8):
        with tf.GradientTape() as tape:
            error = tf.squeeze(powers[::2] @ w) - y[::2]
            loss = tf.reduce_mean(error**2) + 1e-3 * tf.nn.l2_loss(w)
        optimizer.apply_gradients(zip(tape.gradient(loss, [w]), [w], strict=True))
        unseen = tf.squeeze(tf.matmul(powers[1::2], w)) - y[1::2]
        yield loss, tf.reduce_mean(unseen**2), w


@program
def logistic_regression(tf: Any) -> Iterator[Any]:
    """Cross-entropy from logits, accuracy with a cast comparison."""
    x = normal(2, 60, 2)
    labels = (x[:, 0] + x[:, 1] > 0).astype("float32")
    w, b = tf.Variable(tf.zeros((2, 1))), tf.Variable(0.0)
    for _ in range(10):
        with tf.GradientTape() as tape:
            logits = tf.reshape(tf.matmul(x, w) + b, [-1])
            loss = tf.reduce_mean(
                tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
            )
        for variable, g in zip((w, b), tape.gradient(loss, (w, b)), strict=True):
            variable.assign_sub(0.5 * g)
        right = tf.equal(tf.cast(tf.sigmoid(logits) > 0.5, tf.float32), labels)
        yield loss, tf.reduce_mean(tf.cast(right, tf.float32)), w, b


@program
def a_classifier_of_layers(tf: Any) -> Iterator[Any]:
    """A Sequential model, batches, metrics that are reset after each epoch."""
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(8, activation="relu"),
            tf.keras.layers.Dense(3),
        ]
    )
    x, y = normal(3, 48, 2, 2), np.arange(48) % 3
    model(x[:1])
    model.set_weights([0.5 * normal(k, *v.shape) for k, v in enumerate(model.weights)])
    entropy = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = tf.keras.optimizers.SGD(0.1, momentum=0.9)
    mean = tf.keras.metrics.Mean(name="loss")
    accuracy = tf.keras.metrics.SparseCategoricalAccuracy()
    for _ in range(3):
        for start in range(0, 48, 20):  # the last batch is smaller
            batch = slice(start, start + 20)
            with tf.GradientTape() as tape:
                logits = model(x[batch], training=True)
                loss = entropy(y[batch], logits)
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(
                zip(grads, model.trainable_variables, strict=True)
            )
            mean.update_state(loss)
            accuracy.update_state(y[batch], logits)
        yield mean.result(), accuracy.result()
        mean.reset_state()
        accuracy.reset_state()
    yield model.get_weights()


@program
def a_layer_of_ones_own(tf: Any) -> Iterator[Any]:
    """Subclasses with build and add_weight, dropout off, a regularizer's loss."""

    class Scale(tf.keras.layers.Layer):  # type: ignore[misc] - a class of either engine
        def build(self, shape: Any) -> None:
            self.gain = self.add_weight(
                shape=(shape[-1],), initializer="ones", trainable=True, name="gain"
            )

        def call(self, x: Any) -> Any:
            return x * self.gain

    class Net(tf.keras.Model):  # type: ignore[misc] - a class of either engine
        def __init__(self) -> None:
            super().__init__()
            self.scale, self.drop = Scale(), tf.keras.layers.Dropout(0.5)
            self.out = tf.keras.layers.Dense(
                2, kernel_regularizer=tf.keras.regularizers.L2(0.01)
            )

        def call(self, x: Any, training: bool = False) -> Any:
            return self.out(self.drop(self.scale(x), training=training))

    net, x = Net(), normal(4, 5, 3)
    net(x)
    net.out.set_weights([normal(5, 3, 2), normal(6, 2)])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(net(x) ** 2) + sum(net.losses)
    yield loss, tape.gradient(loss, net.trainable_variables)
    yield [tuple(v.shape) for v in net.trainable_variables]


@program
def a_heat_equation(tf: Any) -> Iterator[Any]:
    """Derivatives of a network by its inputs inside a persistent tape."""
    w1, w2 = tf.Variable(normal(7, 2, 6)), tf.Variable(normal(8, 6, 1))
    points = tf.constant(normal(9, 12, 2))
    x, t = points[:, :1], points[:, 1:]
    with tf.GradientTape() as outer:
        with tf.GradientTape(persistent=True) as inner:
            inner.watch([x, t])
            u = tf.tanh(tf.concat([x, t], axis=1) @ w1) @ w2
            u_x = inner.gradient(u, x)
        u_xx, u_t = inner.gradient(u_x, x), inner.gradient(u, t)
        loss = tf.reduce_mean(tf.square(u_t - 0.1 * u_xx))
    yield u_x, u_xx, u_t, loss, outer.gradient(loss, [w1, w2])


@program
def an_attack_on_an_image(tf: Any) -> Iterator[Any]:
    """The sign of the gradient by the input, clipped back to an image."""
    weights = tf.constant(normal(10, 16, 4))
    image = tf.convert_to_tensor(np.abs(normal(11, 1, 4, 4)) / 3)
    label = tf.one_hot([2], 4)
    with tf.GradientTape() as tape:
        tape.watch(image)
        prediction = tf.nn.softmax(tf.reshape(image, (1, 16)) @ weights)
        loss = tf.keras.losses.CategoricalCrossentropy()(label, prediction)
    sign = tf.sign(tape.gradient(loss, image))
    yield loss, sign, tf.clip_by_value(image + 0.1 * sign, 0.0, 1.0)


@program
def integrated_gradients(tf: Any) -> Iterator[Any]:
    """A path of images from a baseline, batched, and the trapezoidal rule."""
    w, x = tf.constant(normal(12, 6, 3)), tf.constant(normal(13, 6))
    alphas = tf.linspace(0.0, 1.0, 9)[:, tf.newaxis]
    path = alphas * x
    with tf.GradientTape() as tape:
        tape.watch(path)
        chosen = tf.nn.softmax(tf.tanh(path) @ w, axis=-1)[:, 1]
    grads = tape.gradient(chosen, path)
    total = tf.reduce_mean((grads[:-1] + grads[1:]) / 2.0, axis=0) * x
    yield grads, total, tf.reduce_sum(total)


@program
def a_policy(tf: Any) -> Iterator[Any]:
    """REINFORCE: log-probabilities gathered, weighted by returns."""
    theta = tf.Variable(normal(14, 4, 3))
    states, actions = normal(15, 7, 4), np.array([0, 2, 1, 1, 0, 2, 2])
    rewards = np.arange(7, dtype="float32")[::-1].copy()
    returns = tf.cumsum(rewards, reverse=True)
    returns = (returns - tf.reduce_mean(returns)) / tf.math.reduce_std(returns)
    with tf.GradientTape() as tape:
        logits = tf.nn.log_softmax(states @ theta)
        indices = tf.stack([tf.range(7), tf.constant(actions, tf.int32)], axis=1)
        chosen = tf.gather_nd(logits, indices)
        entropy = -tf.reduce_sum(tf.exp(logits) * logits, axis=1)
        loss = -tf.reduce_mean(chosen * returns + 0.01 * entropy)
    yield returns, loss, tape.gradient(loss, theta)


@program
def an_autoencoder_with_noise(tf: Any) -> Iterator[Any]:
    """The reparametrisation of a variational autoencoder, and its two losses."""
    encode, decode = tf.Variable(normal(16, 5, 4)), tf.Variable(normal(17, 2, 5))
    x, noise = tf.constant(normal(18, 8, 5)), normal(19, 8, 2)
    with tf.GradientTape() as tape:
        mean, logvar = tf.split(x @ encode, num_or_size_splits=2, axis=1)
        z = mean + tf.exp(0.5 * logvar) * noise
        misfit = tf.reduce_sum((z @ decode - x) ** 2, axis=1)
        kl = -0.5 * tf.reduce_sum(1 + logvar - mean**2 - tf.exp(logvar), axis=1)
        loss = tf.reduce_mean(misfit + kl)
    yield loss, tape.gradient(loss, {"encode": encode, "decode": decode})


@program
def a_recurrent_cell(tf: Any) -> Iterator[Any]:
    """A loop over time, gradients clipped by their common norm."""
    wx, wh = tf.Variable(normal(20, 3, 4)), tf.Variable(normal(21, 4, 4))
    b, sequence = tf.Variable(tf.zeros(4)), normal(22, 6, 2, 3)
    with tf.GradientTape() as tape:
        h, states = tf.zeros((2, 4)), []
        for step in sequence:
            h = tf.tanh(step @ wx + h @ wh + b)
            states.append(h)
        loss = tf.reduce_mean(tf.stack(states) ** 2)
    grads = tape.gradient(loss, [wx, wh, b])
    clipped, norm = tf.clip_by_global_norm(grads, 0.05)
    yield loss, grads, clipped, norm


@program
def factors_of_a_matrix(tf: Any) -> Iterator[Any]:
    """Rows of two tables looked up, some twice: sparse gradients to an optimizer."""
    users, items = tf.Variable(normal(23, 4, 2)), tf.Variable(normal(24, 5, 2))
    who, what = np.array([0, 1, 1, 3]), np.array([2, 2, 4, 0])
    stars = np.array([5.0, 3.0, 4.0, 1.0], "float32")
    for optimizer in (
        tf.keras.optimizers.SGD(0.1),
        tf.keras.optimizers.Adam(0.1),
        tf.keras.optimizers.Adagrad(0.1),
    ):
        for _ in range(3):
            with tf.GradientTape() as tape:
                found = tf.nn.embedding_lookup(users, who) * tf.gather(items, what)
                loss = tf.reduce_mean((tf.reduce_sum(found, 1) - stars) ** 2)
            grads = tape.gradient(loss, [users, items])
            optimizer.apply_gradients(zip(grads, [users, items], strict=True))
            yield loss, users, items


@program
def newton_on_a_banana(tf: Any) -> Iterator[Any]:
    """Rosenbrock's valley: gradient, Hessian by a Jacobian, a linear system."""
    x = tf.Variable([-1.2, 1.0], dtype=tf.float64)
    for _ in range(5):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                loss = 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2
            g = inner.gradient(loss, x)
        hessian = outer.jacobian(g, x)
        step = tf.linalg.solve(hessian, tf.expand_dims(g, 1))
        x.assign_sub(tf.squeeze(step))
        yield loss, g, hessian, x


@program
def two_players(tf: Any) -> Iterator[Any]:
    """A generator and a discriminator, each with a tape and an optimizer."""
    make, judge = tf.Variable(normal(25, 2, 3)), tf.Variable(normal(26, 3, 1))
    entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)
    ours, theirs = tf.keras.optimizers.Adam(0.05), tf.keras.optimizers.Adam(0.05)
    for step in range(3):
        noise, real = normal(30 + step, 4, 2), 1 + normal(40 + step, 4, 3)
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake = tf.tanh(noise @ make)
            said_real, said_fake = real @ judge, fake @ judge
            g_loss = entropy(tf.ones_like(said_fake), said_fake)
            d_loss = entropy(tf.ones_like(said_real), said_real)
            d_loss += entropy(tf.zeros_like(said_fake), said_fake)
        ours.apply_gradients([(g_tape.gradient(g_loss, make), make)])
        theirs.apply_gradients([(d_tape.gradient(d_loss, judge), judge)])
        yield g_loss, d_loss, make, judge


@program
def attention(tf: Any) -> Iterator[Any]:
    """Queries, keys and values of two heads, and a mask that hides the future."""
    q, k, v = (tf.Variable(normal(50 + i, 1, 2, 4, 3)) for i in range(3))
    mask = 1.0 - tf.linalg.band_part(tf.ones((4, 4)), -1, 0)
    with tf.GradientTape() as tape:
        scores = tf.matmul(q, k, transpose_b=True) / tf.sqrt(3.0)
        weights = tf.nn.softmax(scores + mask * -1e9, axis=-1)
        merged = tf.transpose(weights @ v, perm=[0, 2, 1, 3])
        out = tf.reshape(merged, (1, 4, -1))
        loss = tf.reduce_sum(tf.einsum("btd,btd->bt", out, out))
    yield weights, loss, tape.gradient(loss, [q, k, v])


@program
def learning_to_learn(tf: Any) -> Iterator[Any]:
    """A step of descent inside the tape that differentiates through it."""
    w = tf.Variable([0.5, -1.0])
    tasks = [(normal(60 + i, 6, 2), normal(70 + i, 6)) for i in range(3)]
    with tf.GradientTape() as outer:
        total = tf.constant(0.0)
        for x, y in tasks:
            with tf.GradientTape() as inner:
                inner.watch(w)
                loss = tf.reduce_mean((tf.linalg.matvec(x, w) - y) ** 2)
            quick = w - 0.1 * inner.gradient(loss, w)
            total += tf.reduce_mean((tf.linalg.matvec(x, quick) - y) ** 2)
    yield total, outer.gradient(total, w)


@program
def a_texture(tf: Any) -> Iterator[Any]:
    """Gram matrices of features as a style, the image itself as the variable."""
    filters, style = normal(80, 3, 4), normal(81, 1, 3, 3, 3)
    image = tf.Variable(tf.clip_by_value(normal(82, 1, 3, 3, 3), 0.0, 1.0))

    def gram(pixels: Any) -> Any:
        features = tf.nn.relu(tf.tensordot(pixels, filters, axes=1))
        return tf.linalg.einsum("bijc,bijd->bcd", features, features) / 9.0

    optimizer = tf.keras.optimizers.Adam(0.02, beta_1=0.99, epsilon=1e-1)
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.add_n([tf.reduce_mean((gram(image) - gram(style)) ** 2)])
        optimizer.apply_gradients([(tape.gradient(loss, image), image)])
        image.assign(tf.clip_by_value(image, 0.0, 1.0))
        yield loss, image


@program
def a_function_with_its_own_gradient(tf: Any) -> Iterator[Any]:
    """log(1 + exp(x)) made stable, a clipped gradient, a straight-through rounding."""

    @tf.custom_gradient  # type: ignore[untyped-decorator] - of either engine
    def log1pexp(x: Any) -> Any:
        e = tf.exp(x)
        return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))

    @tf.custom_gradient  # type: ignore[untyped-decorator] - of either engine
    def clipped(x: Any) -> Any:
        return tf.identity(x), lambda upstream: tf.clip_by_norm(upstream, 0.5)

    x = tf.constant([0.0, 1.7, 100.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        soft = log1pexp(x)
        short = tf.reduce_sum(clipped(x) * 3.0)
        rounded = x + tf.stop_gradient(tf.round(x) - x)
        cut = tf.reduce_sum(tf.stop_gradient(x) * x)
    for y in (soft, short, rounded, cut, tf.round(x)):
        yield y, tape.gradient(y, x)


def plain(thing: Any) -> Any:
    """What a program yields, in NumPy's terms."""
    if isinstance(thing, dict):
        return {key: plain(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [plain(one) for one in thing]
    if hasattr(thing, "indices") and hasattr(thing, "values"):
        return [plain(thing.indices), plain(thing.values)]
    return np.asarray(thing) if hasattr(thing, "dtype") else thing


def check(ours: Any, theirs: Any, where: str) -> None:
    """That two yields agree in kind, dtype, shape and number."""
    assert type(ours) is type(theirs), where
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), where
        ours, theirs = list(ours.values()), list(theirs.values())
    if isinstance(ours, list):
        assert len(ours) == len(theirs), where
        for i, pair in enumerate(zip(ours, theirs, strict=True)):
            check(*pair, f"{where}[{i}]")
    elif isinstance(ours, np.ndarray):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), where
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5, err_msg=where)
    else:
        assert ours == theirs, where


@pytest.mark.parametrize("made", PROGRAMS, ids=lambda made: made.__name__)
def test_a_kind_of_notebook_gives_the_same_numbers(
    tensorflow: ModuleType, made: Program
) -> None:
    steps = 0
    for ours, theirs in zip(made(tapeviz), made(tensorflow), strict=True):
        check(plain(ours), plain(theirs), f"step {steps}")
        steps += 1
    assert steps
