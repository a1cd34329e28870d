"""``keras.metrics``: numbers gathered over batches, to print; no gradient passes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeviz.engine.arguments import plain
from tapeviz.engine.tensor import Tensor, Variable, wrap
from tapeviz.errors import invalid_argument
from tapeviz.tf.keras import backend, initializers
from tapeviz.tf.keras.naming import auto_name, snake


def _array(x: Any) -> Any:
    return np.asarray(plain(x))


class Metric:
    """The base: ``update_state``, then ``result``, then ``reset_state``."""

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.dtype = np.dtype(backend.floatx() if dtype is None else dtype).name
        self._weights: list[Variable] = []

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None,
        name: str | None = None,
    ) -> Variable:  # fmt: skip
        """A variable that ``reset_state`` sets back: zeros, or as ``initializer`` says.

        >>> class Largest(Metric):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.top = self.add_weight(name="top")
        >>> len(Largest().variables)
        1
        """
        first = np.zeros(shape, dtype or self.dtype)[()]
        if initializer is not None:
            first = initializers.get(initializer)(tuple(shape), dtype or self.dtype)
        made = Variable(first, trainable=False, name=name)
        self._weights.append(made)
        return made

    add_variable = add_weight

    @property
    def variables(self) -> list[Variable]:
        """The numbers that the metric carries from batch to batch."""
        return list(self._weights)

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
        for v in self._weights:
            v.assign(np.zeros(v.shape, v.dtype.as_numpy_dtype))


Reduce = Callable[..., Any]


def _per_sample(
    values: Any, weights: Any, reduce: Reduce, dtype: str
) -> tuple[Any, Any]:
    """One value for each row, weighted, and the weight of each row, as in Keras.

    Weights of fewer axes than the values weigh whole rows, whose entries are reduced
    first. InvalidArgumentError when they do not fit.
    """
    values = _array(values).astype(dtype)
    if weights is not None:
        values, weights = _same_rank(values, _array(weights).astype(dtype))
        rank = weights.ndim
        if values.ndim > rank:
            values = reduce(values, axis=tuple(range(rank, values.ndim)))
        try:
            weights = np.broadcast_to(weights, values.shape)
        except ValueError:
            raise invalid_argument(
                f"Incompatible shapes: {list(weights.shape)} vs. "
                f"{list(values.shape)} [Op:BroadcastTo]",
                "sample_weight has one weight for each row, or one for each entry",
            ) from None
        values = values * weights
        if rank > 1:
            weights = reduce(weights, axis=tuple(range(1, rank)))
    if values.ndim > 1:
        values = reduce(values, axis=tuple(range(1, values.ndim)))
    return values, weights


def _equal(a: Any, b: Any) -> Any:
    """Whether each entry is equal; ValueError when the shapes do not fit."""
    np.broadcast_shapes(a.shape, b.shape)
    return np.asarray(a == b)


def _same_rank(a: Any, b: Any) -> tuple[Any, Any]:
    """An axis of size 1 at the end added or taken away where ranks differ by one."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, b[:, None]) if b.ndim == 1 else (a[..., 0], b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (a[:, None], b) if a.ndim == 1 else (a, b[..., 0])
    return a, b


def _mean(values: Any, axis: tuple[int, ...]) -> Any:
    """The mean over axes; nan where they are empty, without a warning."""
    count = math.prod(values.shape[a] for a in axis)
    with np.errstate(all="ignore"):
        return np.sum(values, axis=axis) / values.dtype.type(count)


class _Averaged(Metric):
    """A weighted mean over rows, batch by batch."""

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name or snake(type(self).__name__))
        self.total = self.add_weight(name="total")
        self.count = self.add_weight(name="count")

    def _take(self, values: Any, sample_weight: Any) -> None:
        taken, weights = _per_sample(values, sample_weight, _mean, self.dtype)
        rows = (len(taken) if taken.ndim else 1) if weights is None else np.sum(weights)
        self.total.assign_add(np.sum(taken).astype(self.dtype))
        self.count.assign_add(np.asarray(rows, self.dtype)[()])

    def result(self) -> Tensor:
        """The mean; 0 before the first number."""
        total, count = self.total.numpy(), self.count.numpy()
        return wrap(total / count if count else total * 0)


class Mean(_Averaged):
    """The mean of all numbers so far, weighted if asked: each row counts once.

    >>> mean = Mean()
    >>> mean.update_state([1.0, 3.0])
    >>> mean.update_state(5.0)
    >>> float(mean.result())
    3.0
    """

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take numbers in."""
        self._take(values, sample_weight)


class Sum(Metric):
    """The sum of all numbers so far."""

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_weight(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take numbers in."""
        taken, _ = _per_sample(values, sample_weight, np.sum, self.dtype)
        self.total.assign_add(np.sum(taken).astype(self.dtype))

    def result(self) -> Tensor:
        """The sum."""
        return wrap(self.total.numpy())


class _Matching(_Averaged):
    """The mean of a comparison of truth and prediction."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch in."""
        true, predicted = _array(y_true), _array(y_pred)
        try:
            compared = self.compare(*_same_rank(true, predicted))
        except ValueError:
            raise invalid_argument(
                f"Incompatible shapes: {list(true.shape)} vs. {list(predicted.shape)}",
                "y_true and y_pred have a row for each sample",
            ) from None
        self._take(compared, sample_weight)

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """One number for each sample."""
        raise NotImplementedError


class MeanSquaredError(_Matching):
    """The mean of the squared errors."""

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """One number for each row."""
        return np.mean(np.square(y_true - y_pred), -1)


class MeanAbsoluteError(_Matching):
    """The mean of the errors' sizes."""

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """One number for each row."""
        return np.mean(np.abs(y_true - y_pred), -1)


class Accuracy(_Matching):
    """How often the prediction equals the truth."""

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """Whether each is right."""
        return _equal(y_true, y_pred)


class BinaryAccuracy(_Matching):
    """How often a probability is on the right side of ``threshold``."""

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: Any = None,
        threshold: float = 0.5,
    ) -> None:  # fmt: skip
        super().__init__(name, dtype)
        self.threshold = threshold

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """Whether each is right."""
        return _equal(y_true, y_pred > self.threshold)


class CategoricalAccuracy(_Matching):
    """How often the largest entry stands where the one-hot label says."""

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """Whether each is right."""
        return _equal(np.argmax(y_true, -1), np.argmax(y_pred, -1))


class SparseCategoricalAccuracy(_Matching):
    """How often the largest entry stands where the class number says."""

    def compare(self, y_true: Any, y_pred: Any) -> Any:
        """Whether each is right."""
        if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
            y_true = y_true[..., 0]
        return _equal(y_true, np.argmax(y_pred, -1))
