"""Section 3 of the semantics: higher order, jacobians, custom gradients."""

from __future__ import annotations

import pytest

import tapeviz
from tests.engine.semantics import Row, judged, row


def third(expression: str, gives: str) -> Row:
    """First, second and third derivative at 3."""
    return row(f"first to third derivative of {expression}", f"""
        x = V(3.0)
        with tf.GradientTape() as t:
            with tf.GradientTape() as u:
                with tf.GradientTape() as v:
                    y = {expression}
                one = v.gradient(y, x)
            two = u.gradient(one, x) if one is not None else None
        three = t.gradient(two, x) if two is not None else None
        one, two, three
        """, gives)  # fmt: skip


ROWS = [
    row("inner gradient inside the outer block", """
        x = V(3.0)
        with tf.GradientTape() as t:
            with tf.GradientTape() as u:
                y = x * x * x
            g = u.gradient(y, x)
        g, t.gradient(g, x)
        """, "(27 float32, 18 float32)"),
    row("inner gradient outside the outer block", """
        x = V(3.0)
        with tf.GradientTape() as t:
            with tf.GradientTape() as u:
                y = x * x * x
        g = u.gradient(y, x)
        g, t.gradient(g, x)
        """, "(27 float32, None)"),
    third("5.0 * x", "(5 float32, None, None)"),
    third("x + x", "(2 float32, None, None)"),
    third("x * x", "(6 float32, 2 float32, None)"),
    third("tf.square(x)", "(6 float32, 2 float32, None)"),
    third("x**2", "(6 float32, 2 float32, 0 float32)"),
    third("x**3", "(27 float32, 18 float32, 6 float32)"),
    third("tf.exp(x)", "(20.086 float32, 20.086 float32, 20.086 float32)"),
    third("tf.sin(x)", "(-0.98999 float32, -0.14112 float32, 0.98999 float32)"),
    third("tf.math.log(x)", "(0.33333 float32, -0.11111 float32, 0.074074 float32)"),
    third("1.0 / x", "(-0.11111 float32, 0.074074 float32, -0.074074 float32)"),
    third("tf.nn.relu(x)", "(1 float32, 0 float32, 0 float32)"),
    third("tf.maximum(x, 1.0)", "(1 float32, None, None)"),
    third("tf.abs(x)", "(1 float32, 0 float32, None)"),
    third("tf.cast(tf.cast(x, tf.float64) ** 3, tf.float32)",
          "(27 float32, 18 float32, 6 float32)"),
    row("recompute_grad at second order", """
        f = tf.recompute_grad(lambda x: tf.sin(x) * x)
        x = c(1.5)
        with tf.GradientTape() as t:
            t.watch(x)
            with tf.GradientTape() as u:
                u.watch(x)
                y = f(x)
            g = u.gradient(y, x)
        g, t.gradient(g, x)
        """, "(1.1036 float32, -1.3548 float32)"),
    row("a quotient of integer variables on the way", """
        n, m, x = V(3), V(2), V(2.0)
        with tf.GradientTape() as t:
            with tf.GradientTape() as u:
                y = tf.cast(n / m, tf.float32) * x * x
            g = u.gradient(y, x)
        g, t.gradient(g, x)
        """, "(6 float32, 3 float32)"),
    row("integer variables as sources in an outer block", """
        n, m = V(3), V(2)
        with tf.GradientTape() as t:
            with tf.GradientTape() as u:
                y = n / m
            g = u.gradient(y, [n, m])
        g
        """, "[None, None]"),
    row("watched in the inner only", """
        x = c(3.0)
        with tf.GradientTape() as t:
            with tf.GradientTape() as u:
                u.watch(x)
                y = x * x
            g = u.gradient(y, x)
        g, t.gradient(g, x)
        """, "(6 float32, None)"),
    row("watched in the outer only", """
        x = c(3.0)
        with tf.GradientTape() as t:
            t.watch(x)
            with tf.GradientTape() as u:
                y = x * x
            g = u.gradient(y, x)
        g, t.gradient(y, x)
        """, "(None, 6 float32)"),
    row("mixed second derivatives", """
        x, w = V(3.0), V([1.0, 2.0])
        with tf.GradientTape(persistent=True) as t:
            with tf.GradientTape() as u:
                y = tf.reduce_sum(x * x * w * w)
            gx, gw = u.gradient(y, [x, w])
        t.gradient(gx, [x, w]), t.gradient(gw, [x, w])
        """, "([10 float32, [12, 24] float32], [36 float32, [18, 18] float32])"),
    row("a gradient penalty", """
        x, w = c([[1.0, 2.0]]), V([[0.5], [0.25]])
        with tf.GradientTape() as t:
            with tf.GradientTape() as u:
                u.watch(x)
                y = tf.tanh(x @ w)
            g = u.gradient(y, x)
            p = tf.reduce_sum(g * g) + tf.reduce_sum(y)
        t.gradient(p, w)
        """, "[[0.42844], [0.59232]] float32"),
    row("jacobian: shape", """
        x = V([1.0, 2.0, 3.0])
        with tf.GradientTape() as t:
            y = tf.reshape(tf.stack([x * x, 2.0 * x]), [3, 2])
        j = t.jacobian(y, x)
        tuple(j.shape), j[0]
        """, "((3, 2, 3), [[2, 0, 0], [0, 4, 0]] float32)"),
    row("jacobian: scalar by scalar", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
        t.jacobian(y, x)
        """, "6 float32"),
    row("jacobian: matrix product", """
        x, w = c([[1.0, 2.0]]), V([[3.0], [4.0]])
        with tf.GradientTape(persistent=True) as t:
            t.watch(x)
            y = x @ w
        t.jacobian(y, w), t.jacobian(y, x)
        """, "([[[[1], [2]]]] float32, [[[[3, 4]]]] float32)"),
    row("jacobian: nest of sources, unconnected", """
        x, w = V([1.0, 2.0]), V([5.0])
        with tf.GradientTape() as t:
            y = x * x
        t.jacobian(y, {"a": x, "b": (w,)})
        """, "{a: [[2, 0], [0, 4]] float32, b: (None)}"),
    row("jacobian: unconnected zeros", """
        x, w = V([1.0, 2.0]), V([5.0])
        with tf.GradientTape() as t:
            y = x * x
        t.jacobian(y, [w], unconnected_gradients="zero")
        """, "[[[0], [0]] float32]"),
    row("jacobian: a list as target", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
        t.jacobian([y], x)
        """, "AttributeError: 'list' object has no attribute 'shape'"),
    row("jacobian: gather made dense", """
        x = V([1.0, 2.0, 3.0])
        with tf.GradientTape() as t:
            y = tf.gather(x, [2, 0, 2]) * 2.0
        t.jacobian(y, x)
        """, "[[0, 0, 2], [2, 0, 0], [0, 0, 2]] float32"),
    row("jacobian uses up a plain tape", """
        x = V([1.0, 2.0])
        with tf.GradientTape() as t:
            y = x * x
        t.jacobian(y, x)
        t.jacobian(y, x)
        """,
        "RuntimeError: A non-persistent GradientTape can only be used to compute one "
             "set of gradients (or jacobians)"),
    row("jacobian: without pfor on a plain tape", """
        x = V([1.0, 2.0])
        with tf.GradientTape() as t:
            y = x * x
        t.jacobian(y, x, experimental_use_pfor=False)
        """,
        "RuntimeError: GradientTape must be created with persistent=True to compute "
        "the jacobian with eager execution enabled and with  experimental_use_pfor set "
        "to False."),
    row("jacobian: without pfor on a persistent tape", """
        x = V([1.0, 2.0])
        with tf.GradientTape(persistent=True) as t:
            y = x * x
        t.jacobian(y, x, experimental_use_pfor=False)
        """, "[[2, 0], [0, 4]] float32"),
    row("Hessian by jacobian of gradient", """
        x = V([1.0, 2.0])
        with tf.GradientTape() as t:
            with tf.GradientTape() as u:
                y = tf.reduce_sum(x**3) + x[0] * x[1]
            g = u.gradient(y, x)
        t.jacobian(g, x)
        """, "[[6, 1], [1, 12]] float32"),
    row("derivative of a jacobian", """
        x = V([1.0, 2.0])
        with tf.GradientTape() as t:
            with tf.GradientTape() as u:
                y = x**3
            j = u.jacobian(y, x)
        j, t.gradient(j, x)
        """, "([[3, 0], [0, 12]] float32, [6, 12] float32)"),
    row("jacobian of a jacobian", """
        x = V([1.0, 2.0])
        with tf.GradientTape() as t:
            with tf.GradientTape() as u:
                y = x**3
            j = u.jacobian(y, x)
        t.jacobian(j, x)
        """, "[[[6, 0], [0, 0]], [[0, 0], [0, 12]]] float32"),
    row("batch_jacobian", """
        x = V([[1.0, 2.0], [3.0, 4.0]])
        with tf.GradientTape() as t:
            y = x * x
        t.batch_jacobian(y, x)
        """, "[[[2, 0], [0, 4]], [[6, 0], [0, 8]]] float32"),
    row("batch_jacobian: [b, y..., x...]", """
        x = V(tf.ones([4, 2, 3]))
        with tf.GradientTape() as t:
            y = tf.stack([tf.reduce_sum(x * x, 2)] * 5, 1)
        tuple(t.batch_jacobian(y, x).shape)
        """, "(4, 5, 2, 2, 3)"),
    row("batch_jacobian: rows that depend on each other are summed", """
        x = V([[1.0, 2.0], [3.0, 4.0]])
        with tf.GradientTape() as t:
            y = tf.stack([x[0] * x[1], x[0] + x[1]])
        t.batch_jacobian(y, x)
        """, "[[[4, 0], [0, 5]], [[2, 0], [0, 3]]] float32"),
    row("batch_jacobian: unconnected gives zeros", """
        x, w = V([[1.0, 2.0], [3.0, 4.0]]), V([[1.0], [1.0]])
        with tf.GradientTape() as t:
            y = x * x
        t.batch_jacobian(y, w)
        """, "[[[0], [0]], [[0], [0]]] float32"),
    row("batch_jacobian: rank 1", """
        x = V([1.0, 2.0])
        with tf.GradientTape() as t:
            y = x * x
        t.batch_jacobian(y, x)
        """, "ValueError: Shape (2,) must have rank at least 2"),
    row("batch_jacobian: first dimensions differ", """
        x = V([[1.0, 2.0], [3.0, 4.0]])
        with tf.GradientTape() as t:
            y = tf.stack([x[0], x[0], x[1], x[1]])
        t.batch_jacobian(y, x)
        """,
        "ValueError: Need first dimension of target shape ((4, 2)) and source shape "
             "((2, 2)) to match."),
    row("batch_jacobian: without pfor on a plain tape", """
        x = V([[1.0, 2.0]])
        with tf.GradientTape() as t:
            y = x * x
        t.batch_jacobian(y, x, experimental_use_pfor=False)
        """,
        "RuntimeError: GradientTape must be created with persistent=True to compute "
        "the batch_jacobian with eager execution enabled and  with "
        "experimental_use_pfor set to False."),
    row("batch_jacobian: Hessians of rows", """
        x = V([[1.0, 2.0], [3.0, 4.0]])
        with tf.GradientTape() as t:
            with tf.GradientTape() as u:
                y = x[:, 0] ** 2 * x[:, 1]
            g = u.gradient(y, x)
        t.batch_jacobian(g, x)
        """, "[[[4, 2], [2, 0]], [[8, 6], [6, 0]]] float32"),
    row("batch_jacobian recorded by an outer tape", """
        x = V([[1.0, 2.0], [3.0, 4.0]])
        with tf.GradientTape() as t:
            with tf.GradientTape() as u:
                y = x**3
            j = u.batch_jacobian(y, x)
        t.gradient(j, x)
        """, "[[6, 12], [18, 24]] float32"),
    row("custom_gradient", """
        @tf.custom_gradient
        def f(x):
            return x * x, lambda up: up * 100.0
        x = V(3.0)
        with tf.GradientTape() as t:
            y = f(x.value()) * 2.0
        y, t.gradient(y, x)
        """, "(18 float32, 200 float32)"),
    row("custom_gradient gets its arguments as passed", """
        seen = []
        @tf.custom_gradient
        def f(a, b):
            seen.append((type(a).__name__.replace("ResourceVariable", "Variable"), b))
            return a * b, lambda up, variables=None: (up * 10.0, None)
        f(c(3.0), 2.0)
        seen[0][1]
        """, "2.0"),
    row("custom_gradient: several arguments, None allowed", """
        @tf.custom_gradient
        def f(a, b):
            return a * b, lambda up: (up * 10.0, None)
        a, b = c(3.0), c(2.0)
        with tf.GradientTape() as t:
            t.watch([a, b])
            y = f(a, b)
        t.gradient(y, [a, b])
        """, "[10 float32, None]"),
    row("custom_gradient: several results", """
        @tf.custom_gradient
        def f(a):
            return (a * a, a + a), lambda u, v: u * 10.0 + v * 100.0
        a = c(3.0)
        with tf.GradientTape() as t:
            t.watch(a)
            p, q = f(a)
            y = p + 2.0 * q
        t.gradient(y, a)
        """, "210 float32"),
    row("custom_gradient: wrong count", """
        @tf.custom_gradient
        def f(a):
            return a * a, lambda up: (up, up)
        a = c(3.0)
        with tf.GradientTape() as t:
            t.watch(a)
            y = f(a)
        t.gradient(y, a)
        """,
        "ValueError: custom_gradient function expected to return 1 gradients, but "
        "returned 2 instead."),
    row("custom_gradient: the shape is not checked", """
        @tf.custom_gradient
        def f(a):
            return a * a, lambda up: c([1.0, 2.0])
        a = c(3.0)
        with tf.GradientTape() as t:
            t.watch(a)
            y = f(a)
        t.gradient(y, a)
        """, "[1, 2] float32"),
    row("custom_gradient: ops in grad are differentiated by outer tapes", """
        @tf.custom_gradient
        def f(a):
            return tf.stop_gradient(a * a), lambda up: up * a * a * a
        a = c(3.0)
        with tf.GradientTape() as t:
            t.watch(a)
            with tf.GradientTape() as u:
                u.watch(a)
                y = f(a)
            g = u.gradient(y, a)
        g, t.gradient(g, a)
        """, "(27 float32, 27 float32)"),
    row("custom_gradient: inner forward ops are ignored", """
        @tf.custom_gradient
        def f(a):
            b = tf.exp(a) * a
            return b, lambda up: up * 0.5
        a = c(0.0)
        with tf.GradientTape(persistent=True) as t:
            t.watch(a)
            y = f(a) + a
        t.gradient(y, a)
        """, "1.5 float32"),
    row("custom_gradient: closed-over variable", """
        w = V(2.0)
        @tf.custom_gradient
        def f(a):
            return a * w, lambda up: up
        a = c(3.0)
        with tf.GradientTape() as t:
            t.watch(a)
            y = f(a)
        0
        """,
        "TypeError: @tf.custom_gradient grad_fn must accept keyword argument "
        "'variables', since function uses variables: "),
    row("custom_gradient: variables=", """
        w = V(2.0)
        @tf.custom_gradient
        def f(a):
            def grad(up, variables=None):
                return up * 10.0, [up * 100.0 for v in variables]
            return a * w, grad
        a = c(3.0)
        with tf.GradientTape() as t:
            t.watch(a)
            y = f(a)
        t.gradient(y, [a, w])
        """, "[10 float32, 100 float32]"),
]  # fmt: skip


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_row(case: Row) -> None:
    assert not judged(tapeviz, case)
