"""Metrics beside Keras': rows, weights, dtypes, batch after batch."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tapeviz

RNG = np.random.default_rng(5)
SHAPES = [(), (4,), (0,), (3, 2), (2, 3, 2), (3, 1)]
WEIGHTS: dict[tuple[int, ...], list[Any]] = {
    (): [None, 2.0],
    (4,): [None, 2.0, [1.0, 0.0, 2.0, 0.5]],
    (0,): [None, 3.0],
    (3, 2): [None, 0.5, [1.0, 2.0, 0.0], [[1.0], [0.0], [2.0]], [[1.0, 2.0]] * 3],
    (2, 3, 2): [None, [1.0, 3.0], [[1.0, 2.0, 0.0], [0.5, 1.0, 1.0]]],
    (3, 1): [None, [1.0, 2.0, 0.0]],
}


@pytest.mark.parametrize("dtype", [None, "float64"])
@pytest.mark.parametrize("kind", ["Mean", "Sum"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_means_and_sums(
    tensorflow: ModuleType, kind: str, shape: tuple[int, ...], dtype: str | None
) -> None:
    batches = [(RNG.normal(size=shape), w) for w in WEIGHTS[shape]]
    ours, theirs = (
        getattr(tf.keras.metrics, kind)(dtype=dtype) for tf in (tapeviz, tensorflow)
    )
    for values, weight in batches:
        for metric in (ours, theirs):
            metric.update_state(values.astype("float32"), sample_weight=weight)
        a, b = ours.result(), theirs.result()
        assert a.dtype.name == b.dtype.name
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)


CASES = {
    "MeanSquaredError": [((3, 2), (3, 2)), ((4,), (4, 1)), ((3, 1), (3,))],
    "MeanAbsoluteError": [((3, 2), (3, 2)), ((2, 2, 3), (2, 2, 3))],
    "Accuracy": [((4,), (4,)), ((4, 1), (4,)), ((3, 2), (3, 2))],
    "BinaryAccuracy": [((4, 1), (4, 1)), ((4,), (4, 1)), ((3, 2), (3, 2))],
    "SparseCategoricalAccuracy": [((4,), (4, 3)), ((4, 1), (4, 3))],
    "CategoricalAccuracy": [((4, 3), (4, 3)), ((2, 2, 3), (2, 2, 3))],
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", CASES)
def test_comparisons(tensorflow: ModuleType, kind: str, *, weighted: bool) -> None:
    ours, theirs = (getattr(tf.keras.metrics, kind)() for tf in (tapeviz, tensorflow))
    for true, predicted in CASES[kind]:
        a = RNG.integers(0, 2, true).astype("float32")
        b = RNG.random(predicted).astype("float32")
        b = b.round() if kind == "Accuracy" else b
        weight = RNG.random(true[0]).astype("float32") if weighted else None
        for metric in (ours, theirs):
            metric.update_state(a, b, sample_weight=weight)
        got, want = float(ours.result()), float(theirs.result())
        assert got == pytest.approx(want, rel=1e-5, abs=1e-6), (true, predicted)
