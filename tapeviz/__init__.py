"""See automatic differentiation: a NumPy tape spelled like TensorFlow's, and its pictures.

>>> import tapeviz as tf
>>> x = tf.Variable(3.0)
>>> with tf.GradientTape() as tape:
...     y = x**2 + 2*x + 1
>>> print("dy/dx:", tape.gradient(y, x).numpy())
dy/dx: 8.0
"""

from __future__ import annotations

from tapeviz import errors, linalg, math, nn
from tapeviz.arrays import (
    cast,
    constant,
    convert_to_tensor,
    identity,
    is_tensor,
    linspace,
    newaxis,
    ones,
    ones_like,
    range,  # noqa: A004 - TensorFlow's names
    reshape,
    shape,
    stack,
    stop_gradient,
    transpose,
    where,
    zeros,
    zeros_like,
)
from tapeviz.engine.dtypes import (
    DType,
    TensorShape,
    as_dtype,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    string,
    uint8,
)
from tapeviz.engine.dtypes import bool_ as bool  # noqa: A004
from tapeviz.engine.tape import GradientTape, UnconnectedGradients
from tapeviz.engine.tensor import Tensor, Variable
from tapeviz.face import bundle as _bundle
from tapeviz.face import descent, draw, explore, play
from tapeviz.linalg import matmul
from tapeviz.math import (
    abs,  # noqa: A004
    add,
    cos,
    divide,
    equal,
    exp,
    floor,
    greater,
    greater_equal,
    less,
    less_equal,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    pow,  # noqa: A004
    reduce_mean,
    reduce_sum,
    sigmoid,
    sign,
    sin,
    sqrt,
    square,
    subtract,
    tanh,
)
from tapeviz.module import Module, function, name_scope
from tapeviz.nn import relu

__version__ = "0.1.0"

GradientTape._repr_mimebundle_ = _bundle  # type: ignore[attr-defined]

_LATER = {
    "keras": "keras",
    "initializers": "keras.initializers",
    "losses": "keras.losses",
    "metrics": "keras.metrics",
    "optimizers": "keras.optimizers",
}


def __getattr__(name: str) -> object:
    """Rooms that are loaded when somebody enters."""
    if name in _LATER:
        from importlib import import_module

        return import_module(f"tapeviz.{_LATER[name]}")
    raise AttributeError(f"module 'tapeviz' has no attribute {name!r}")
