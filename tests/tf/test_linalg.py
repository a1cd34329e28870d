"""Eigenvalues, singular values and QR: what they give, and their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.errors import InvalidArgumentError, NotFoundError, UnimplementedError

STEP = 1e-6
NUMBERS = np.random.default_rng(3)

PARTS: dict[str, tuple[Callable[[Any], Any], list[tuple[int, ...]]]] = {
    "eigenvalues": (lambda x: tf.linalg.eigh(x)[0], [(3, 3), (2, 2, 2)]),
    "eigenvectors": (lambda x: tf.linalg.eigh(x)[1], [(3, 3), (2, 2, 2)]),
    "singular": (lambda x: tf.linalg.svd(x)[0], [(3, 2), (2, 4), (2, 2, 2)]),
    "left": (lambda x: tf.linalg.svd(x)[1], [(3, 2), (2, 4), (2, 2, 2)]),
    "right": (lambda x: tf.linalg.svd(x)[2], [(3, 2), (2, 4), (2, 2, 2)]),
    "orthogonal": (lambda x: tf.linalg.qr(x)[0], [(3, 3), (4, 2), (2, 2, 2)]),
    "upper": (lambda x: tf.linalg.qr(x)[1], [(3, 3), (4, 2), (2, 2, 2)]),
}  # fmt: skip
CASES = [(name, shape) for name, (_, shapes) in PARTS.items() for shape in shapes]


def weighed(t: Any) -> Any:
    """One number of all entries."""
    weights = np.cos(np.arange(np.prod(t.shape)) + 0.3).reshape(tuple(t.shape))
    return tf.reduce_sum(t * weights)


def slope(f: Callable[[Any], Any], x: Any) -> Any:
    """The derivative of a number by central differences."""
    out = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = STEP
        out[i] = (float(f(x + step)) - float(f(x - step))) / (2 * STEP)
    return out


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_first_and_second_derivatives(name: str, shape: tuple[int, ...]) -> None:
    part = PARTS[name][0]
    at = NUMBERS.normal(size=shape) + 2 * np.eye(*shape[-2:])

    def first(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = weighed(part(x))
        return tape.gradient(y, x)

    x = tf.constant(at)
    with tf.GradientTape() as tape:
        tape.watch(x)
        g = first(x)
        total = weighed(g)
    wanted = slope(lambda a: weighed(part(tf.constant(a))), at)
    np.testing.assert_allclose(g, wanted, 1e-6, 1e-6)
    wanted = slope(lambda a: weighed(first(tf.constant(a))), at)
    np.testing.assert_allclose(tape.gradient(total, x), wanted, 1e-5, 1e-5)


def test_factors_put_together_give_the_matrix() -> None:
    a = NUMBERS.normal(size=(2, 4, 3))
    s, u, v = (t.numpy() for t in tf.linalg.svd(a))
    np.testing.assert_allclose(u * s[..., None, :] @ v.swapaxes(-1, -2), a, atol=1e-12)
    q, r = tf.linalg.qr(a)
    np.testing.assert_allclose(q @ r, a, atol=1e-12)
    even = a.swapaxes(-1, -2) @ a
    e, w = (t.numpy() for t in tf.linalg.eigh(even))
    np.testing.assert_allclose(w * e[..., None, :] @ w.swapaxes(-1, -2), even, 1e-9)
    np.testing.assert_allclose(tf.linalg.pinv(a) @ a, [np.eye(3)] * 2, atol=1e-12)


@pytest.mark.parametrize(
    ("do", "kind", "says"),
    [
        (lambda: tf.linalg.qr(tf.ones((2, 3))), UnimplementedError, "its transpose"),
        (lambda: tf.linalg.svd([[1.0]], True), UnimplementedError, "full_matrices"),
        (lambda: tf.linalg.eigh([[1 + 2j]]), UnimplementedError, "real numbers"),
        (lambda: tf.linalg.eigvalsh([[1.0, 2.0]]), InvalidArgumentError, "square"),
        (lambda: tf.linalg.svd([[np.nan]]), InvalidArgumentError, "nan or inf"),
        (lambda: tf.linalg.det(tf.eye(2, dtype="float16")), NotFoundError, "float32"),
        (lambda: tf.linalg.qr([1.0]), InvalidArgumentError, "two axes"),
    ],
)  # fmt: skip
def test_what_is_not_there_says_so(do: Any, kind: Any, says: str) -> None:
    with pytest.raises(kind, match=says):
        do()


def test_adjoint_of_complex_numbers_times_a_vector() -> None:
    """Here (1 - 2j) * (1 + 1j) - 0.5j * (2 - 1j) = 2.5 - 2j comes first."""
    a = tf.constant([[1 + 2j, 3 - 1j], [0.5j, 2 + 0j]])
    found = tf.linalg.matvec(a, tf.constant([1 + 1j, 2 - 1j]), adjoint_a=True)
    np.testing.assert_allclose(found.numpy(), [2.5 - 2j, 6 + 2j])
