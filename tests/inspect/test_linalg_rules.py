"""The rules of linear algebra as they are shown: in words of the field, and right.

Each shown text is evaluated with NumPy's decompositions; ``phi`` is the lower triangle
with half of its diagonal (Murray, "Differentiation of the Cholesky decomposition").
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.inspect.backward_pass import backward

X = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.2], [0.5, -0.2, 2.0]])
G = np.array([[0.3, -1.0, 0.7], [0.2, 0.5, -0.4], [1.1, 0.6, -0.8]])
ROW, COLUMN = np.arange(3)[:, None], np.arange(3)[None]


def _svd(x: Any) -> Any:
    u, s, vt = np.linalg.svd(x)
    return SimpleNamespace(u=u, s=s, v=vt.T)


def _divide_no_nan(a: Any, b: Any) -> Any:
    return np.where(b == 0, 0, a / np.where(b == 0, 1, b))


def _phi(x: Any) -> Any:
    return np.tril(x) - np.diag(np.diag(x)) / 2


WORDS = {
    "T": np.transpose, "inv": np.linalg.inv, "diag": np.diag, "svd": _svd,
    "qr": lambda x: SimpleNamespace(**dict(zip("qr", np.linalg.qr(x), strict=True))),
    "sym": lambda x: (x + x.T) / 2, "phi": _phi, "i": ROW, "j": COLUMN,
    "eigenvalues": np.linalg.eigvalsh, "eigenvectors": lambda x: np.linalg.eigh(x)[1],
    "eye_like": lambda x: np.eye(len(x)), "divide_no_nan": _divide_no_nan,
}  # fmt: skip
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "cholesky": tf.linalg.cholesky,
    "eigenvalues": lambda x: tf.linalg.eigh(x)[0],
    "eigenvectors": lambda x: tf.linalg.eigh(x)[1],
    "s": lambda x: tf.linalg.svd(x)[0],
    "u": lambda x: tf.linalg.svd(x)[1],
    "v": lambda x: tf.linalg.svd(x)[2],
    "q": lambda x: tf.linalg.qr(x)[0],
    "r": lambda x: tf.linalg.qr(x)[1],
    "det": tf.linalg.det,
    "inv": tf.linalg.inv,
    "trace": tf.linalg.trace,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_shown_is_the_rule(name: str) -> None:
    x = tf.Variable(X, name="x")
    with tf.GradientTape(persistent=True) as tape:
        y = FUNCTIONS[name](x)
        g = G.ravel()[: y.shape.num_elements()].reshape(y.shape)
        target = tf.reduce_sum(y * g)
    run = backward(tape, target, [x], {"x": x, "y": y})
    rule = run.steps[-1].contributions[-1].rule
    assert not {"half", "even", "gaps", "left", "right"} & set(rule.split("("))
    with np.errstate(all="ignore"):
        shown = eval(rule, WORDS | {"g": g, "x": X, "y": y.numpy()})  # noqa: S307 - our own rule
    np.testing.assert_allclose(shown, tape.gradient(target, x).numpy(), 1e-9, 1e-9)
