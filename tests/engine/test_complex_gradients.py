"""Complex numbers: gradients are the steepest way up, in the conjugate convention."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapeviz as tf

Z = np.array([1 + 2j, -0.5 + 0.3j])
W = np.array([0.3 - 1j, 2 + 0.5j])
M = np.array([[1 + 1j, 0.2], [0.3j, 2 - 1j]])
MASK = np.array([True, False])

LINES = [
    "z * z", "z * w", "z / w", "z + w", "z - w", "-z", "z ** 2", "z ** w", "2.0 * z",
    "tf.exp(z)", "tf.math.log(z)", "tf.sqrt(z)", "tf.math.rsqrt(z)", "tf.square(z)",
    "tf.math.reciprocal(z)", "tf.sin(z) * tf.cos(z)", "tf.tanh(z)", "tf.sigmoid(z)",
    "tf.abs(z)", "tf.math.real(z) * 2.0", "tf.math.imag(z) * tf.math.real(z)",
    "tf.math.conj(z) * z * z", "tf.math.angle(z)", "tf.norm(z)", "tf.reduce_sum(z * w)",
    "tf.reduce_mean(z * z)", "tf.reduce_prod(z)", "tf.math.reduce_variance(z)",
    "tf.math.reduce_std(z)", "tf.math.squared_difference(z, w)",
    "tf.where(mask, z * z, w)",
    "tf.stack([z, w * w])", "tf.concat([z, w * z], 0)", "tf.einsum('i,i->', z, w)",
    "tf.tensordot(z, w, 0)", "m @ m", "tf.matmul(m, m, adjoint_b=True)",
    "tf.transpose(m, conjugate=True) * m", "tf.linalg.inv(m)", "tf.linalg.trace(m @ m)",
    "tf.linalg.solve(m, z[:, tf.newaxis])", "tf.linalg.matvec(m, z)",
    "tf.cumsum(z * z)",
    "tf.complex(tf.math.imag(z), tf.math.real(w)) * z", "tf.add_n([z, w * z])",
    "tf.cast(tf.abs(z), tf.complex128) * w", "z[0] * w", "tf.gather(z * z, [0, 0])",
]  # fmt: skip


def run(line: str, values: dict[str, Any]) -> Any:
    space = {"tf": tf, "np": np, "mask": MASK, **values}
    return eval(line, space)  # noqa: S307 - the lines above


def height(line: str, arrays: dict[str, Any]) -> float:
    """The real part of a weighted sum of the result, by values alone."""
    y = run(line, {n: tf.constant(v) for n, v in arrays.items()}).numpy()
    return float(np.sum((np.conj(weights(y)) * y).real))


def weights(y: Any) -> Any:
    w = np.cos(np.arange(np.size(y)) + 0.5).reshape(np.shape(y))
    return w * (1 + 0.5j) if np.iscomplexobj(y) else w


@pytest.mark.parametrize("line", LINES)
def test_the_gradient_says_how_the_height_changes(line: str) -> None:
    arrays = {"z": Z, "w": W, "m": M}
    given = {n: tf.constant(v) for n, v in arrays.items()}
    sources = list(given.values())
    with tf.GradientTape() as tape:
        tape.watch(sources)
        y = run(line, given)
    up = tf.constant(weights(y.numpy()))
    got = tape.gradient(y, sources, up, unconnected_gradients="zero")
    for (name, v), g in zip(arrays.items(), got, strict=True):
        want = np.zeros(v.shape, complex)
        for entry in np.ndindex(*v.shape):
            for step in (1e-6, 1e-6j):
                ends = []
                for sign in (1, -1):
                    moved = v.copy()
                    moved[entry] += sign * step
                    ends.append(height(line, {**arrays, name: moved}))
                want[entry] += (
                    (ends[0] - ends[1]) / 2e-6 * (1 if step.imag == 0 else 1j)
                )
        np.testing.assert_allclose(g.numpy(), want, 1e-5, 1e-6)


def test_the_steps_add_up_to_what_ran() -> None:
    z = tf.constant(Z)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        y = tf.exp(z) * z
    ran = tape.gradient(y, z).numpy()
    seeds = [tf.constant(np.ones(2, complex))]
    contributions = [
        p for _, _, parts in tape.backward_steps([y], seeds) for p in parts if p[1] == 0
    ]
    np.testing.assert_allclose(contributions[-1][3], ran)


def test_gradients_of_gradients() -> None:
    z = tf.constant(Z)
    with tf.GradientTape() as outer:
        outer.watch(z)
        with tf.GradientTape() as inner:
            inner.watch(z)
            y = z * z * z
        g = inner.gradient(y, z)
    np.testing.assert_allclose(g.numpy(), np.conj(3 * Z * Z))
    np.testing.assert_allclose(outer.gradient(g, z).numpy(), 6 * np.conj(Z))


def test_a_real_source_has_a_real_gradient() -> None:
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = tf.abs(tf.cast(x, tf.complex64) * (1 + 2j))
    g = tape.gradient(y, x)
    assert g.dtype == "float32"
    np.testing.assert_allclose(g.numpy(), np.sqrt([5.0, 5.0]), 1e-6)
