"""``keras.regularizers``: what large weights cost, to be added to the loss.

A layer that is given one adds its cost to ``layer.losses``.
"""

from __future__ import annotations

from typing import Any

from tapeviz.engine.scopes import composite
from tapeviz.errors import value_error
from tapeviz.tf.arrays import creation
from tapeviz.tf.keras.naming import Configurable, by_name, snake
from tapeviz.tf.math import elementwise, reductions


class Regularizer(Configurable):
    """The base: called with a weight it gives the cost, a scalar.

    >>> import tapeviz as tf
    >>> class Balanced(Regularizer):
    ...     def __call__(self, x):
    ...         return tf.reduce_sum(x) ** 2
    >>> Balanced()([1.0, -3.0]).numpy()
    np.float32(4.0)
    """

    def __call__(self, x: Any) -> Any:
        """The cost of a weight."""
        return 0.0


class L1L2(Regularizer):
    """``l1`` times the sum of sizes, plus ``l2`` times the sum of squares.

    >>> L1L2(l1=0.5, l2=0.25)([2.0, -4.0]).numpy()
    np.float32(8.0)
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = _share(l1)
        self.l2 = _share(l2)

    @composite("L1L2")
    def __call__(self, x: Any) -> Any:
        """The cost of a weight."""
        x = creation.convert_to_tensor(x)
        cost = creation.constant(0.0, x.dtype)
        if self.l1:
            cost += self.l1 * reductions.reduce_sum(elementwise.abs(x))
        if self.l2:
            cost += self.l2 * reductions.reduce_sum(elementwise.square(x))
        return cost


class L1(Regularizer):
    """``l1`` times the sum of sizes: it draws weights to exactly 0.

    >>> L1(0.5)([2.0, -4.0]).numpy()
    np.float32(3.0)
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = _share(l1)

    @composite("L1")
    def __call__(self, x: Any) -> Any:
        """The cost of a weight."""
        x = creation.convert_to_tensor(x)
        return self.l1 * reductions.reduce_sum(elementwise.abs(x))


class L2(Regularizer):
    """``l2`` times the sum of squares: it draws weights towards 0.

    >>> L2(0.25)([2.0, -4.0]).numpy()
    np.float32(5.0)
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = _share(l2)

    @composite("L2")
    def __call__(self, x: Any) -> Any:
        """The cost of a weight."""
        x = creation.convert_to_tensor(x)
        return self.l2 * reductions.reduce_sum(elementwise.square(x))


def _share(given: float) -> float:
    """A number to multiply costs by; ValueError if it is none."""
    if isinstance(given, (int, float)) and 0 <= given < float("inf"):
        return given
    raise value_error(
        "Value is not a valid regularization penalty: expected a non-negative "
        f"float. Received: {given!r}"
    )


l1, l2, l1_l2 = L1, L2, L1L2
ALL = {snake(kind.__name__): kind for kind in (L1, L2)} | {"l1_l2": L1L2}


def get(identifier: Any) -> Any:
    """A regularizer by its name (``"l2"``), a function of a weight, or None."""
    if identifier is None:
        return None
    named = isinstance(identifier, str)
    return by_name("regularizer", ALL, identifier.lower() if named else identifier)
