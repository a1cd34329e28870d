"""The few TensorFlow names that programs of ops use, over HIPS autograd's NumPy."""
# ruff: noqa: E501 - snippets stand on one line

from __future__ import annotations

import math
from functools import reduce
from operator import mul
from types import SimpleNamespace
from typing import Any

import numpy  # noqa: ICN001 - np is autograd's here


def error_function(extend: Any) -> Any:
    """``erf``, which autograd has only where SciPy is."""
    erf = extend.primitive(numpy.vectorize(math.erf, otypes=[float]))
    top = 2 / math.sqrt(math.pi)
    extend.defvjp(erf, lambda _y, x: lambda g: g * top * numpy.exp(-x * x))
    return erf


def face(np: Any, plain: Any, erf: Any) -> Any:  # noqa: C901 - a namespace of functions
    """A namespace spelled like TensorFlow over this NumPy; ``plain`` takes a box off."""

    def fold(f: Any) -> Any:
        def folded(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
            axes = tuple(axis) if isinstance(axis, list) else axis
            return f(a, axis=axes, keepdims=keepdims)

        return folded

    def logsumexp(a: Any, axis: Any, keepdims: bool) -> Any:
        return np.log(np.sum(np.exp(a), axis=axis, keepdims=keepdims))

    def prod(a: Any, axis: Any, keepdims: bool) -> Any:
        every = range(a.ndim) if axis is None else axis
        gone = {
            i % a.ndim
            for i in (every if isinstance(every, (tuple, range)) else [every])
        }
        for i in gone:
            rows = [slice(None)] * i
            a = reduce(mul, [a[(*rows, slice(k, k + 1))] for k in range(a.shape[i])])
        left = [n for i, n in enumerate(a.shape) if i not in gone]
        return a if keepdims else np.reshape(a, left)

    def variance(a: Any, axis: Any, keepdims: bool) -> Any:
        away = a - np.mean(a, axis=axis, keepdims=True)
        return np.mean(away * away, axis=axis, keepdims=keepdims)

    def softmax(a: Any) -> Any:
        e = np.exp(a)
        return e / np.sum(e, axis=-1, keepdims=True)

    def where(c: Any, a: Any, b: Any) -> Any:
        chosen = plain(c).astype(float)  # autograd's own does not undo broadcasting
        return a * chosen + b * (1.0 - chosen)

    def elu(a: Any) -> Any:
        return where(a > 0, a, np.exp(np.minimum(a, 0.0)) - 1.0)

    def gather(a: Any, ids: list[int], axis: int = 0) -> Any:
        return a[ids] if axis == 0 else a[..., ids]

    def pad(a: Any, widths: Any) -> Any:
        return np.pad(a, tuple(map(tuple, widths)), "constant")

    def clip(a: Any, low: float, high: float) -> Any:
        return where(a < low, low, where(a > high, high, a))

    def sort(a: Any) -> Any:
        value = plain(a)
        grid = list(numpy.indices(value.shape))
        grid[-1] = numpy.argsort(value, -1)
        return a[tuple(grid)]

    relu = lambda a: where(a > 0, a, 0.0)  # noqa: E731 - a table of functions
    sigmoid = lambda a: 1.0 / (1.0 + np.exp(-a))  # noqa: E731
    maths = SimpleNamespace(
        log=np.log, log1p=np.log1p, atan=np.arctan, atan2=np.arctan2,
        rsqrt=lambda a: 1.0 / np.sqrt(a), softplus=lambda a: np.log(1.0 + np.exp(a)),
        reduce_variance=fold(variance), divide_no_nan=lambda a, b: a / b,
        squared_difference=lambda a, b: (a - b) ** 2, erf=erf,
    )  # fmt: skip
    nn = SimpleNamespace(
        relu=relu, elu=elu, softmax=softmax, silu=lambda a: a * sigmoid(a),
        log_softmax=lambda a: np.log(softmax(a)),
        selu=lambda a: 1.0507009873554805 * where(a > 0, a, 1.6732632423543772 * elu(a)),
        leaky_relu=lambda a: where(a > 0, a, float(numpy.float32(0.2)) * a),
        relu6=lambda a: where(a > 6, 6.0, relu(a)),
    )  # fmt: skip
    return SimpleNamespace(
        math=maths, nn=nn, newaxis=None, tanh=np.tanh, sin=np.sin, cos=np.cos, exp=np.exp,
        sqrt=np.sqrt, square=lambda a: a * a, abs=np.abs, sign=np.sign, sigmoid=sigmoid,
        identity=lambda a: a, maximum=np.maximum, minimum=np.minimum, where=where,
        clip_by_value=clip, reduce_sum=fold(np.sum), reduce_mean=fold(np.mean),
        reduce_max=fold(np.max), reduce_min=fold(np.min), reduce_prod=fold(prod),
        reduce_logsumexp=fold(logsumexp), reshape=np.reshape, expand_dims=np.expand_dims,
        broadcast_to=lambda a, shape: a * np.ones(shape), stack=np.stack,
        ones=lambda shape, _dtype: np.ones(shape), concat=np.concatenate,
        transpose=np.transpose, reverse=lambda a, _axes: a[::-1],
        cumsum=np.cumsum, gather=gather, tile=np.tile, pad=pad, roll=np.roll,
        unstack=list, sort=sort, stop_gradient=plain,
    )  # fmt: skip
