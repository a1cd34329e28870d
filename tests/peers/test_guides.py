"""What TensorFlow's guides on tensors, variables, tapes and training loops use.

Each snippet uses the calls and patterns of one section of a guide, with numbers of our
own, and must give the same in both: "import tapeviz as tf" is all that changes.
"""

# ruff: noqa: E501 - snippets stand on their own lines

from __future__ import annotations

from types import ModuleType

import pytest

import tapeviz
from tests.engine.semantics import Row, forget_warnings, outcome, row

LAYER = """
def dense(units, act=None, seed=0):
    start = lambda shape, dtype=None: tf.constant(
        np.cos(np.arange(int(np.prod(shape))) + seed).reshape(shape), "float32")
    return tf.keras.layers.Dense(units, activation=act, kernel_initializer=start)
x = c(np.sin(np.arange(35.0)).reshape(7, 5), dtype=tf.float32)
def close(t, digits=3):
    return np.round(tf.convert_to_tensor(t).numpy(), digits) + 0.0
"""


def section(name: str, code: str) -> Row:
    """A snippet whose last line is what both must give."""
    return row(name, code, "")


def layered(name: str, code: str) -> Row:
    """A snippet about layers whose weights are given."""
    return Row(name, LAYER + section(name, code).code, "")


ROWS = [
    # -- gradients and automatic differentiation ---------------------------------------
    section("a list times a matrix and a bias, by a dictionary", """
        w = V([[0.5, -1.0], [2.0, 0.25], [1.0, 1.0]], name="w")
        b = V(tf.zeros(2, dtype=tf.float32), name="b")
        x = [[1.0, 2.0, 3.0]]
        with tf.GradientTape(persistent=True) as tape:
            y = x @ w + b
            loss = tf.reduce_mean(y**2)
        [dw, db] = tape.gradient(loss, [w, b])
        again = tape.gradient(loss, {"w": w, "b": b})
        w.shape, dw.shape, dw, again["b"], db
        """),
    layered("a layer's trainable variables", """
        layer = dense(2, "relu")
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(layer(c([[1.0, 2.0, 3.0]]))**2)
        grad = tape.gradient(loss, layer.trainable_variables)
        [tuple(g.shape) for g in grad], [close(g) for g in grad]
        """),
    section("what is watched and what is not", """
        x0 = V(3.0, name="x0")
        x1 = V(3.0, name="x1", trainable=False)
        x2 = V(2.0, name="x2") + 1.0
        x3 = c(3.0, name="x3")
        with tf.GradientTape() as tape:
            y = (x0**2) + (x1**2) + (x2**2)
        tape.gradient(y, [x0, x1, x2, x3]), [v.name for v in tape.watched_variables()]
        """),
    section("only what is asked to be watched", """
        x0, x1 = V(0.5), V(2.0)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x1)
            ys = tf.reduce_sum(tf.math.sin(x0) + tf.nn.softplus(x1))
        grad = tape.gradient(ys, {"x0": x0, "x1": x1})
        grad["x0"], grad["x1"].numpy()
        """),
    section("a persistent tape, dropped at the end", """
        x = c([1, 3.0])
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        found = [tape.gradient(z, x).numpy(), tape.gradient(z, y), tape.gradient(y, x)]
        del tape
        found
        """),
    section("several targets, and targets that are no scalars", """
        x = V(2.0)
        with tf.GradientTape(persistent=True) as tape:
            y0, y1 = x**2, 1 / x
            y = x * [3.0, 4.0]
        tape.gradient({"y0": y0, "y1": y1}, x).numpy(), tape.gradient(y, x)
        """),
    section("a curve and its slope at once", """
        x = tf.linspace(-10.0, 10.0, 200 + 1)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.nn.sigmoid(x)
        dy = tape.gradient(y, x)
        x.shape, dy.shape, x[100], y[100], dy[::100], np.round(np.sum(dy), 3)
        """),
    section("a branch that Python takes", """
        x, v0, v1 = c(1.0), V(2.0), V(2.0)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            if x > 0.0:
                result = v0
            else:
                result = v1**2
        tape.gradient(result, [v0, v1]), tape.gradient(result, x)
        """),
    section("a variable replaced by a tensor", """
        x, seen = V(2.0), []
        for epoch in range(2):
            with tf.GradientTape() as tape:
                y = x + 1
            seen.append((type(x).__name__[-8:], tape.gradient(y, x)))
            x = x + 1
        [n == "Variable" for n, _ in seen], [g for _, g in seen]
        """),
    section("a calculation outside", """
        x = V([[1.0, 2.0], [3.0, 4.0]], dtype=tf.float32)
        with tf.GradientTape() as tape:
            x2 = x**2
            y = np.mean(x2, axis=0)
            y = tf.reduce_mean(y, axis=0)
        tape.gradient(y, x), y
        """),
    section("an op without a gradient", """
        image, delta = V([[[0.5, 0.0, 0.25]]]), V(0.1)
        with tf.GradientTape() as tape:
            new = tf.image.adjust_contrast(image, delta)
        new, error(lambda: tape.gradient(new, [image, delta]))
        """),
    section("zeros where nothing is connected", """
        x, y = V([2.0, 2.0]), V(3.0)
        with tf.GradientTape() as tape:
            z = y**2
        tape.gradient(z, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        """),
    # -- advanced automatic differentiation --------------------------------------------
    section("the recording stopped for a moment", """
        x, y = V(2.0), V(3.0)
        with tf.GradientTape() as t:
            x_sq = x * x
            with t.stop_recording():
                y_sq = y * y
            z = x_sq + y_sq
        t.gradient(z, {"x": x, "y": y})
        """),
    section("the recording begun again", """
        x, y = V(2.0), V(3.0)
        with tf.GradientTape() as t:
            y_sq = y * y
            t.reset()
            z = x * x + y_sq
        t.gradient(z, {"x": x, "y": y})
        """),
    section("a gradient clipped on its way", """
        @tf.custom_gradient
        def clipped(y):
            def backward(dy):
                return tf.clip_by_norm(dy, 0.5)
            return y, backward
        v = V(2.0)
        class Holder(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec(None)])
            def call(self, x):
                return clipped(x)
        with tf.GradientTape(persistent=True) as t:
            one = clipped(v * v)
        t.gradient(one, v), Holder().call(v * v)
        """),
    section("two tapes, each with its own tensor", """
        x0, x1 = c(0.0), c(0.0)
        with tf.GradientTape() as tape0, tf.GradientTape() as tape1:
            tape0.watch(x0)
            tape1.watch(x1)
            ys = tf.reduce_sum(tf.math.sin(x0) + tf.nn.sigmoid(x1))
        tape0.gradient(ys, x0).numpy(), tape1.gradient(ys, x1).numpy()
        """),
    layered("the size of an input's gradient, by the weights", """
        layer = dense(10, tf.nn.relu)
        with tf.GradientTape() as t2:
            with tf.GradientTape(watch_accessed_variables=False) as t1:
                t1.watch(x)
                out = tf.reduce_sum(layer(x)**2)
            g1 = t1.gradient(out, x)
            size = tf.norm(g1)
        found = t2.gradient(size, layer.trainable_variables)
        [tuple(g.shape) for g in found], [close(g, 2) for g in found]
        """),
    layered("a Jacobian by one number, and by a kernel", """
        delta = V(0.0)
        line = tf.linspace(-2.0, 2.0, 5)
        with tf.GradientTape() as tape:
            y = tf.nn.sigmoid(line + delta)
        slopes = tape.jacobian(y, delta)
        layer = dense(4, tf.nn.relu)
        with tf.GradientTape(persistent=True) as tape:
            y = layer(x)
        j, g = tape.jacobian(y, layer.kernel), tape.gradient(y, layer.kernel)
        gap = tf.reduce_max(abs(g - tf.reduce_sum(j, axis=[0, 1]))).numpy()
        slopes, y.shape, layer.kernel.shape, j.shape, bool(gap < 1e-3)
        """),
    layered("a Hessian, and a step of Newton's", """
        one, two = dense(3, tf.nn.relu), dense(2, tf.nn.relu, 1)
        with tf.GradientTape() as t2:
            with tf.GradientTape() as t1:
                loss = tf.reduce_mean(two(one(x))**2)
            g = t1.gradient(loss, one.kernel)
        h = t2.jacobian(g, one.kernel)
        n = tf.reduce_prod(one.kernel.shape)
        matrix = tf.reshape(h, [n, n])
        lean = matrix + tf.eye(matrix.shape[0]) * 1.0
        update = tf.linalg.solve(lean, tf.reshape(g, [n, 1]))
        _ = one.kernel.assign_sub(tf.reshape(update, one.kernel.shape))
        even = tf.reduce_max(abs(matrix - tf.transpose(matrix))) < 1e-4
        n, h.shape, even, close(update), close(one.kernel)
        """),
    layered("Jacobians of a batch", """
        one, two = dense(4, tf.nn.elu), dense(3, tf.nn.elu, 2)
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(x)
            y = two(one(x))
        j, jb = tape.jacobian(y, x), tape.batch_jacobian(y, x)
        picked = tf.einsum("bxby->bxy", j)
        error = tf.reduce_max(abs(jb - tf.reduce_sum(j, axis=2)))
        s = tf.pad(tf.transpose(j, [1, 0, 3, 2]), [[0, 0], [1, 1], [0, 0], [1, 1]],
                   constant_values=-tf.reduce_max(abs(j))).shape
        j.shape, jb.shape, picked.shape, error < 1e-3, s, s[0] * s[1], close(jb)
        """),
    layered("Jacobians where the rows depend on each other", """
        one, bn, two = dense(4, tf.nn.elu), tf.keras.layers.BatchNormalization(), dense(3)
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(x)
            y = two(bn(one(x), training=True))
        j, jb = tape.jacobian(y, x), tape.batch_jacobian(y, x)
        j.shape, close(j), close(jb), [close(v) for v in bn.variables], close(bn(one(x)))
        """),
    # -- training loops ----------------------------------------------------------------
    section("a line fitted by hand", """
        class Line(tf.Module):
            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                self.w = V(5.0)
                self.b = V(0.0)
            def __call__(self, x):
                return self.w * x + self.b
        x = tf.cast(tf.linspace(-2, 2, 21), tf.float32)
        y = x * 3.0 + 2.0 + c(np.sin(np.arange(21.0) * 7), dtype=tf.float32)
        model, texts = Line(name="line"), []
        for epoch in range(4):
            with tf.GradientTape() as t:
                loss = tf.reduce_mean(tf.square(y - model(x)))
            dw, db = t.gradient(loss, [model.w, model.b])
            model.w.assign_sub(0.1 * dw)
            model.b.assign_sub(0.1 * db)
            texts.append(f"{epoch:2d}: {model.w.numpy():1.2f} {loss:2.3f}")
        model(3.0), len(model.variables), texts, "%1.3f" % loss.numpy()
        """),
    section("steps of an optimizer", """
        w = V([1.0, -2.0])
        optimizer = tf.keras.optimizers.Adam(learning_rate=0.1)
        for _ in range(5):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(w**2)
            optimizer.apply_gradients(zip(tape.gradient(loss, [w]), [w]))
        w, optimizer.iterations.numpy()
        """),
    section("modules that hold modules, made when called", """
        class Flexible(tf.Module):
            def __init__(self, out, name=None):
                super().__init__(name=name)
                self.built = False
                self.out = out
            def __call__(self, x):
                if not self.built:
                    self.w = V(tf.ones([x.shape[-1], self.out]), name="w")
                    self.b = V(tf.zeros([self.out]), name="b")
                    self.built = True
                return tf.nn.relu(tf.matmul(x, self.w) + self.b)
        class Chain(tf.Module):
            def __init__(self, name=None):
                super().__init__(name=name)
                self.one, self.two = Flexible(3), Flexible(2)
            def __call__(self, x):
                return self.two(self.one(x))
        model = Chain(name="the_model")
        made = model(c([[2.0, 2.0, 2.0]]))
        names = [v.name for v in model.variables]
        made, names, len(model.submodules), len(model.trainable_variables)
        """),
    # -- tensors and variables ---------------------------------------------------------
    section("tensors of all ranks, as arrays", """
        two = c([[1, 2], [3, 4], [5, 6]], dtype=tf.float16)
        four = tf.zeros([3, 2, 4, 5])
        both = np.array(two), two.numpy()
        shape = four.dtype, four.ndim, four.shape, four.shape[0], four.shape[-1]
        both, shape, tf.size(four).numpy(), tf.rank(four), tf.shape(four), c("wolf")
        """),
    section("a slice of everything", """
        v = c([0, 1, 1, 2, 3, 5, 8, 13, 21, 34])
        m = tf.reshape(tf.range(24), [3, 2, 4])
        (v[0].numpy(), v[:4], v[4:], v[2:7], v[::2], v[::-1], m[1, 1].numpy(),
         m[:, 1], m[-1, :, 2], m[:, :, 3], m[0, 1:, ::2])
        """),
    section("reshaped, turned and stretched", """
        x = tf.reshape(tf.range(6), [3, 2, 1])
        y = tf.transpose(x, perm=[2, 1, 0])
        row, column = c([1, 2, 3, 4]), tf.reshape(c([1, 2, 3]), [3, 1])
        (x.shape.as_list(), y, tf.reshape(x, [-1]), row * column,
         tf.broadcast_to(c([1, 2, 3]), [3, 3]),
         error(lambda: tf.reshape(x, [4, -1])).split(":")[0])
        """),
    section("cast to and fro", """
        the64 = c([2.2, 3.3, 4.4], dtype=tf.float64)
        the16 = tf.cast(the64, dtype=tf.float16)
        the16.dtype, tf.cast(the16, dtype=tf.uint8), tf.argmax(the64), tf.nn.softmax(the64)
        """),
    section("variables: assigned, copied, named, placed", """
        a = V([2.0, 3.0])
        b = V(a)
        _ = a.assign([5, 6])
        wrong = error(lambda: a.assign([1.0, 2.0, 3.0]))
        m = c([[1.0, 2.0], [3.0, 4.0]])
        p, q = V(m, name="Mark"), V(m + 1, name="Mark")
        with tf.device("CPU:0"):
            k = tf.matmul(p, m)
        (a.numpy(), b.numpy(), a.assign_add([2, 3]).numpy(), a.assign_sub([7, 9]).numpy(),
         wrong.split(":")[0], p == q, p.name, tf.math.argmax(p), tf.reshape(p, [1, 4]), k,
         V([5 + 4j, 6 + 1j]), V([False, True]), V(1, trainable=False), k.device[-5:])
        """),
    section("what computes", "tf.config.list_physical_devices('GPU')"),
    section("a function of Python, run and run again", """
        calls = []
        @tf.function
        def f(x):
            return tf.reduce_sum(x)
        f(c([1, 2, 3])), f(c([1.0, 2.0]))
        """),
    section("numbers that a function returns are tensors", """
        double = tf.function(lambda x: 2 * x)
        v = V(1.0)
        held = tf.function(lambda: v)
        nest = tf.function(lambda x: {"a": 1, "b": (x, None, 0.5)})(c(3.0))
        graph = double.get_concrete_function(tf.TensorSpec([], tf.float32))
        (double(21).numpy(), double(np.ones(2)), nest, hasattr(held(), "assign"),
         graph(c(2.0)), double.python_function(21))
        """),
    section("steps kept in an array of tensors", """
        x = V(2.0)
        with tf.GradientTape() as tape:
            steps = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
            for i in tf.range(3):
                steps = steps.write(i, x ** tf.cast(i, tf.float32))
            y = steps.stack()
        body = lambda i, a: (i + 1, a.write(i, tf.cast(i, tf.float32) * x))
        start = [c(0), tf.TensorArray(tf.float32, 3)]
        _, looped = tf.while_loop(lambda i, a: i < 3, body, start)
        rows = tf.TensorArray(tf.float32, 2).unstack([[1.0, 2.0], [3.0, 4.0]])
        once = tf.TensorArray(tf.float32, 2, clear_after_read=False).write(1, 5.0)
        (y, tape.gradient(y, x), steps.size(), looped.stack(), looped.size(), rows.dtype,
         rows.concat(), error(lambda: rows.read(0)).split(":")[0],
         error(lambda: rows.write(5, [1.0, 2.0])).split(":")[0],
         error(lambda: once.write(0, c(1))).split(":")[0],
         error(lambda: tf.TensorArray(tf.float32, 1).stack()).split(":")[0],
         once.read(1), once.read(1), once.read(0),
         tf.TensorArray(tf.float32, 2, element_shape=[]).stack())
        """),
    layered("what weights cost", """
        class Noted(tf.keras.layers.Layer):
            def call(self, x):
                self.add_loss(0.01 * tf.reduce_sum(x))
                return x
        class Net(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.noted = Noted()
                self.dense = tf.keras.layers.Dense(
                    1, kernel_initializer="ones", bias_regularizer="l2",
                    bias_initializer="one", kernel_regularizer=tf.keras.regularizers.L1(0.1))
            def call(self, x):
                return self.dense(self.noted(x))
        net = Net()
        found = []
        for _ in range(2):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(net(tf.ones((2, 3)))) + sum(net.losses)
            found.append((net.losses, tape.gradient(loss, net.trainable_variables)))
        w = c([1.0, -2.0])
        r = tf.keras.regularizers
        (found, r.L1L2(0.1, 0.2)(w), r.l2(0.5)(w), r.get("l1")(w), r.get(None),
         error(lambda: r.get("l3")).split(":")[0], error(lambda: r.L2(-1.0)).split(":")[0],
         r.L2(0.5).get_config())
        """),
    section("a table of words", """
        table = tf.keras.layers.Embedding(5, 2, embeddings_initializer="ones", name="words")
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(table(c([[1, 4, 4]])) ** 2)
        g, = tape.gradient(y, table.trainable_variables)
        tf.keras.optimizers.SGD(0.1).apply_gradients([(g, table.embeddings)])
        g.indices, g.values, table.embeddings.path, table.get_weights()
        """),
    section("how pixels differ", """
        x = V(np.cos(np.arange(48.0)).reshape(2, 3, 4, 2), dtype=tf.float64)
        with tf.GradientTape() as tape:
            y = tf.image.total_variation(x)
        (y, tape.gradient(y, x), tf.image.total_variation(x[0]), tf.image.image_gradients(x),
         error(lambda: tf.image.total_variation(x[0, 0])).split(":")[0],
         error(lambda: tf.image.image_gradients(x[0])).split(":")[0])
        """),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", ROWS, ids=str)
def test_a_guides_pattern_gives_the_same(tensorflow: ModuleType, case: Row) -> None:
    forget_warnings()
    theirs = outcome(tensorflow, case.code)
    ours = outcome(tapeviz, case.code)
    failed = theirs.partition(":")[0]
    assert not (failed.isidentifier() and failed.endswith("Error")), theirs
    assert ours == theirs
