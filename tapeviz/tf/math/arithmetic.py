"""Arithmetic, comparison and logic of two tensors, entry by entry.

Operands are broadcast to one shape. A Python or NumPy operand takes the dtype of the
tensor beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine.arguments import leading, like, rank, same_dtype, truths
from tapeviz.engine.dispatch import call
from tapeviz.engine.indexed_slices import IndexedSlices, dense
from tapeviz.engine.scopes import composite
from tapeviz.engine.tensor import Tensor, Variable, convert
from tapeviz.errors import invalid_argument, value_error
from tapeviz.tf.arrays.shaping import unstack


def add(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The sum ``x + y``.

    >>> import tapeviz as tf
    >>> tf.add(1.0, [2.0, 3.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([3., 4.], dtype=float32)>
    """
    return call.add(leading("add", x, y), y)


def subtract(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The difference ``x - y``.

    >>> import tapeviz as tf
    >>> tf.subtract([5.0, 7.0], 2.0).numpy()
    array([3., 5.], dtype=float32)
    """
    return call.subtract(x, y)


def multiply(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The product ``x * y``, entry by entry; ``tf.matmul`` multiplies matrices.

    Shapes that differ are broadcast to one; the gradient is summed back.

    >>> import tapeviz as tf
    >>> x = tf.Variable([1.0, 2.0])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.multiply(x, [[3.0], [4.0]])
    >>> y.numpy()
    array([[3., 6.],
           [4., 8.]], dtype=float32)
    >>> tape.gradient(y, x).numpy()
    array([7., 7.], dtype=float32)
    """
    return call.multiply(x, y)


def divide(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient ``x / y``; of whole numbers, a float64.

    >>> import tapeviz as tf
    >>> tf.divide([1, 2], [2, 4]).numpy()
    array([0.5, 0.5])
    """
    return call.divide(x, y)


def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient ``x / y``; of whole numbers, a float64.

    >>> import tapeviz as tf
    >>> tf.truediv([1, 2], [2, 4]).numpy()
    array([0.5, 0.5])
    """
    return call.divide(leading("divide", x, y), y)


def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient rounded down, ``x // y``; no gradient passes.

    >>> import tapeviz as tf
    >>> tf.math.floordiv([5.0, -5.0], 3.0).numpy()
    array([ 1., -2.], dtype=float32)
    """
    return call.floordiv(x, y)


def mod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """What is left of ``x`` when whole ``y`` are taken away, with the sign of ``y``.

    >>> import tapeviz as tf
    >>> tf.math.mod([5.0, -5.0], 3.0).numpy()
    array([2., 1.], dtype=float32)
    """
    return call.mod(x, y)


def floormod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The same as ``tf.math.mod``."""
    return call.mod(x, y)


def pow(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The power ``x ** y``.

    The gradient by ``y`` is 0 where ``x`` is not positive: it has no real logarithm.

    >>> import tapeviz as tf
    >>> x, n = tf.Variable(3.0), tf.Variable(2.0)
    >>> with tf.GradientTape() as tape:
    ...     y = tf.pow(x, n)
    >>> [round(float(g), 4) for g in tape.gradient(y, [x, n])]
    [6.0, 9.8875]
    """
    return call.power(x, y)


def negative(x: Any, name: str | None = None) -> Tensor:
    """The opposite, ``-x``.

    >>> import tapeviz as tf
    >>> tf.negative([1.0, -2.0]).numpy()
    array([-1.,  2.], dtype=float32)
    """
    return call.negative(x)


@composite("scalar_mul")
def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Tensor:
    """A tensor times a number.

    >>> import tapeviz as tf
    >>> tf.scalar_mul(3.0, tf.constant([1.0, 2.0])).numpy()
    array([3., 6.], dtype=float32)
    """
    t = convert(dense(x))
    factor = like(scalar, t)
    if rank(factor):
        raise value_error(
            f"Only scalar multiply works, got shape {factor.shape}",
            "scalar * x broadcasts",
        )
    return call.multiply(factor, t)


def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """The sum of a list of tensors of one shape.

    >>> import tapeviz as tf
    >>> tf.add_n([tf.constant(1.0), tf.constant(2.0), tf.constant(4.0)]).numpy()
    np.float32(7.0)
    """
    alone = isinstance(inputs, IndexedSlices)
    given = [inputs] if alone or not np.iterable(inputs) else inputs
    if isinstance(given, (Tensor, Variable)):
        given = unstack(given)
    if not given:
        raise value_error(
            "Inputs must be an iterable of at least one Tensor/IndexedSlices with "
            "the same dtype and shape."
        )
    tensors = same_dtype("add_n", [convert(dense(t)) for t in given])
    shapes = list(dict.fromkeys(str(t.shape.as_list()) for t in tensors))
    if len(shapes) > 1:
        raise invalid_argument(
            "Inputs to operation AddN of type AddN must have the same size and "
            f"shape. Found {' and '.join(shapes)} [Op:AddN]",
            "add_n does not broadcast; a + b does",
        )
    return call.add_n(tensors)


@composite("add_n")
def accumulate_n(
    inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Tensor:
    """The same as ``tf.add_n``.

    >>> import tapeviz as tf
    >>> tf.math.accumulate_n([[1.0, 2.0], [3.0, 4.0]]).numpy()
    array([4., 6.], dtype=float32)
    """
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise value_error(
            "inputs must be a list of at least one Tensor with the same dtype and "
            "shape",
            "tf.reduce_sum(t, 0) adds the rows of one tensor",
        )
    return call.add_n([convert(dense(t)) for t in inputs])


def maximum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The greater of two; where they are equal the gradient goes to ``x`` alone.

    >>> import tapeviz as tf
    >>> x, w = tf.Variable([1.0, 2.0, 3.0]), tf.Variable(2.0)
    >>> with tf.GradientTape() as tape:
    ...     y = tf.maximum(x, w)
    >>> tape.gradient(y, x).numpy()
    array([0., 1., 1.], dtype=float32)
    """
    return call.maximum(x, y)


def minimum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The smaller of two; where they are equal the gradient goes to ``x`` alone.

    >>> import tapeviz as tf
    >>> x, w = tf.Variable([1.0, 2.0, 3.0]), tf.Variable(2.0)
    >>> with tf.GradientTape() as tape:
    ...     y = tf.minimum(x, w)
    >>> tape.gradient(y, x).numpy()
    array([1., 1., 0.], dtype=float32)
    """
    return call.minimum(x, y)


def squared_difference(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The square of the difference, ``(x - y) ** 2``; of complex numbers, its size.

    >>> import tapeviz as tf
    >>> tf.math.squared_difference([1.0, 5.0], 3.0).numpy()
    array([4., 4.], dtype=float32)
    """
    if any(getattr(getattr(t, "dtype", None), "is_complex", False) for t in (x, y)):
        return _square_size(x, y)
    return call.squared_difference(x, y)


@composite("squared_difference")
def _square_size(x: Any, y: Any) -> Tensor:
    d = call.subtract(x, y)
    return call.multiply(call.conj(d), d)


def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient ``x / y``, and 0 where ``y`` is 0; so are its gradients.

    >>> import tapeviz as tf
    >>> tf.math.divide_no_nan([1.0, 2.0], [0.0, 4.0]).numpy()
    array([0. , 0.5], dtype=float32)
    """
    return call.divide_no_nan(x, y)


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The product ``x * y``, and 0 where ``y`` is 0, even if ``x`` is inf or nan.

    >>> import tapeviz as tf
    >>> tf.math.multiply_no_nan([2.0, float("inf")], [3.0, 0.0]).numpy()
    array([6., 0.], dtype=float32)
    """
    t = convert(x)
    return call.multiply_no_nan(t, convert(y, t.dtype))


def reciprocal_no_nan(x: Any, name: str | None = None) -> Tensor:
    """``1 / x``, and 0 where ``x`` is 0.

    >>> import tapeviz as tf
    >>> tf.math.reciprocal_no_nan([0.0, 4.0]).numpy()
    array([0.  , 0.25], dtype=float32)
    """
    t = convert(x)
    return call.divide_no_nan(like(1.0, t), t)


def xlogy(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x * log(y)``, and 0 where ``x`` is 0, whatever ``y``.

    >>> import tapeviz as tf
    >>> tf.math.xlogy([0.0, 2.0], [0.0, 1.0]).numpy()
    array([0., 0.], dtype=float32)
    """
    return call.xlogy(x, y)


def xlog1py(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x * log(1 + y)``, and 0 where ``x`` is 0, whatever ``y``.

    >>> import tapeviz as tf
    >>> tf.math.xlog1py([0.0, 2.0], [-1.0, 0.0]).numpy()
    array([0., 0.], dtype=float32)
    """
    return call.xlog1py(x, y)


def xdivy(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x / y``, and 0 where ``x`` is 0, whatever ``y``.

    >>> import tapeviz as tf
    >>> tf.math.xdivy([0.0, 2.0], [0.0, 4.0]).numpy()
    array([0. , 0.5], dtype=float32)
    """
    return call.xdivy(x, y)


def atan2(y: Any, x: Any, name: str | None = None) -> Tensor:
    """The angle of the point ``(x, y)`` to the positive x axis, from -pi to pi.

    >>> import tapeviz as tf
    >>> tf.atan2([1.0, -1.0], [0.0, -1.0]).numpy().round(4)
    array([ 1.5708, -2.3562], dtype=float32)
    """
    return call.atan2(y, x)


# -- comparisons: a tensor of bools, through which no gradient passes ------------------


def equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where ``x == y``.

    >>> import tapeviz as tf
    >>> tf.equal([1, 2, 3], 2).numpy()
    array([False,  True, False])
    """
    return call.equal(x, y)


def not_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where ``x != y``.

    >>> import tapeviz as tf
    >>> tf.not_equal([1, 2, 3], 2).numpy()
    array([ True, False,  True])
    """
    return call.not_equal(x, y)


def greater(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where ``x > y``.

    >>> import tapeviz as tf
    >>> tf.greater([1.0, 2.0, 3.0], 2.0).numpy()
    array([False, False,  True])
    """
    return call.greater(x, y)


def greater_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where ``x >= y``.

    >>> import tapeviz as tf
    >>> tf.greater_equal([1.0, 2.0, 3.0], 2.0).numpy()
    array([False,  True,  True])
    """
    return call.greater_equal(x, y)


def less(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where ``x < y``.

    >>> import tapeviz as tf
    >>> tf.less([1.0, 2.0, 3.0], 2.0).numpy()
    array([ True, False, False])
    """
    return call.less(x, y)


def less_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where ``x <= y``.

    >>> import tapeviz as tf
    >>> tf.less_equal([1.0, 2.0, 3.0], 2.0).numpy()
    array([ True,  True, False])
    """
    return call.less_equal(x, y)


def logical_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where both are true; takes bools only.

    >>> import tapeviz as tf
    >>> tf.logical_and([True, True], [True, False]).numpy()
    array([ True, False])
    """
    return call.logical_and(truths(x, "LogicalAnd"), truths(y, "LogicalAnd", 1))


def logical_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where one or both are true; takes bools only.

    >>> import tapeviz as tf
    >>> tf.logical_or([False, True], [False, False]).numpy()
    array([False,  True])
    """
    return call.logical_or(truths(x, "LogicalOr"), truths(y, "LogicalOr", 1))


def logical_xor(x: Any, y: Any, name: str = "LogicalXor") -> Tensor:
    """Where exactly one is true; takes bools only.

    >>> import tapeviz as tf
    >>> tf.math.logical_xor([True, True], [True, False]).numpy()
    array([False,  True])
    """
    return call.logical_xor(truths(x, "LogicalAnd"), truths(y, "LogicalAnd", 1))


def logical_not(x: Any, name: str | None = None) -> Tensor:
    """True where ``x`` is false; takes bools only.

    >>> import tapeviz as tf
    >>> tf.logical_not([True, False]).numpy()
    array([False,  True])
    """
    return call.logical_not(truths(x, "LogicalNot"))


@composite("polyval")
def polyval(coeffs: Any, x: Any, name: str | None = None) -> Tensor:
    """The polynomial with these coefficients, the highest power first, at ``x``.

    >>> import tapeviz as tf
    >>> tf.math.polyval([1.0, 2.0, 1.0], 3.0).numpy()
    np.float32(16.0)
    """
    if not isinstance(coeffs, list):
        message = f"Argument coeffs must be list type. Received type {type(coeffs)}."
        raise value_error(message)
    t = convert(x)
    if not coeffs:
        return call.zero(t)
    total: Tensor = call.identity(convert(coeffs[0]))
    for c in coeffs[1:]:
        total = call.add(convert(c), call.multiply(total, t))
    return total
