"""``keras.metrics``: numbers gathered over batches, to print; no gradient passes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine.tensor import Tensor, Variable, wrap
from tapeviz.tf.keras import backend
from tapeviz.tf.keras.naming import auto_name


def _array(x: Any) -> Any:
    return np.asarray(x._v if isinstance(x, (Tensor, Variable)) else x)


class Metric:
    """The base: ``update_state``, then ``result``, then ``reset_state``."""

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.dtype = dtype or backend.floatx()

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Take a batch in and return the result so far."""
        self.update_state(*args, **options)
        return self.result()

    def update_state(self, *args: Any, **options: Any) -> None:
        """Take a batch in."""
        raise NotImplementedError

    def result(self) -> Any:
        """The metric over all batches since the last reset."""
        raise NotImplementedError

    def reset_state(self) -> None:
        """Forget all batches."""
        raise NotImplementedError


class _Averaged(Metric):
    """A weighted mean of numbers, batch by batch."""

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.total = self.count = 0.0

    def _take(self, values: Any, weights: Any) -> None:
        v = _array(values).astype(np.float64)
        w = _array(1.0 if weights is None else weights)
        w = w.reshape(w.shape + (1,) * (v.ndim - w.ndim)) if w.ndim else w
        w = np.broadcast_to(w, v.shape)
        self.total += float(np.sum(v * w))
        self.count += float(np.sum(w))

    def result(self) -> Tensor:
        """The mean; 0 before the first number."""
        return wrap(np.float32(self.total / self.count if self.count else 0.0))

    def reset_state(self) -> None:
        """Forget all numbers."""
        self.total = self.count = 0.0


class Mean(_Averaged):
    """The mean of all numbers so far, weighted if asked.

    >>> mean = Mean()
    >>> mean.update_state([1.0, 3.0])
    >>> mean.update_state(5.0)
    >>> float(mean.result())
    3.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take numbers in."""
        self._take(values, sample_weight)


class Sum(Mean):
    """The sum of all numbers so far."""

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def result(self) -> Tensor:
        """The sum."""
        return wrap(np.float32(self.total))


class _Matching(_Averaged):
    """The mean of a comparison of truth and prediction."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch in."""
        self._take(self.compare(_array(y_true), _array(y_pred)), sample_weight)

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """One number for each sample."""
        raise NotImplementedError


class MeanSquaredError(_Matching):
    """The mean of the squared errors."""

    def __init__(
        self, name: str | None = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(name, dtype)

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """One number for each entry."""
        return np.square(y_true.reshape(y_pred.shape) - y_pred)


class MeanAbsoluteError(_Matching):
    """The mean of the errors' sizes."""

    def __init__(
        self, name: str | None = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(name, dtype)

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """One number for each entry."""
        return np.abs(y_true.reshape(y_pred.shape) - y_pred)


class Accuracy(_Matching):
    """How often the prediction equals the truth."""

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """Whether each is right."""
        return y_true.reshape(y_pred.shape) == y_pred


class BinaryAccuracy(_Matching):
    """How often a probability is on the right side of ``threshold``."""

    def __init__(
        self,
        name: str | None = "binary_accuracy",
        dtype: Any = None,
        threshold: float = 0.5,
    ) -> None:
        super().__init__(name, dtype)
        self.threshold = threshold

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """Whether each is right."""
        return y_true.reshape(y_pred.shape) == (y_pred > self.threshold)


class CategoricalAccuracy(_Matching):
    """How often the largest entry stands where the one-hot label says."""

    def __init__(
        self, name: str | None = "categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(name, dtype)

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """Whether each is right."""
        return np.argmax(y_true, -1) == np.argmax(y_pred, -1)


class SparseCategoricalAccuracy(_Matching):
    """How often the largest entry stands where the class number says."""

    def __init__(
        self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(name, dtype)

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """Whether each is right."""
        best = np.argmax(y_pred, -1)
        return y_true.reshape(best.shape) == best
