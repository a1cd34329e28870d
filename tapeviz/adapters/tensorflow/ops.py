"""The ops of TensorFlow in our functions: a table by their name, such as "AddV2".

An entry takes tensors of ours in the place of the op's inputs, and its attributes by
name. What is not in the table, or comes out otherwise, is recorded without a formula.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tapeviz.engine.tensor import array_of
from tapeviz.tf import clip, linalg
from tapeviz.tf.arrays import creation, indexing, shaping
from tapeviz.tf.math import arithmetic, elementwise, reductions
from tapeviz.tf.nn import activations, convolution, losses

TABLE: dict[str, Callable[..., Any]] = {}
"""Our function for each op."""

FIRST = frozenset(
    ("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
)
"""Ops whose first result is what they are for; the second helps the gradient."""

SHAPES = frozenset(("BroadcastGradientArgs", "Rank", "Shape", "ShapeN", "Size"))
"""Ops whose result no value has a part in: they are not recorded."""

SUMS = frozenset((
    "AddN", "AddV2", "BatchMatMulV2", "BatchMatMulV3", "Conv2D", "Cumsum", "Einsum",
    "MatMul", "Mean", "Sub", "Sum",
))  # fmt: skip
"""Ops whose terms may cancel out, and then nothing but rounding is left."""

SAME_MEANING = """
    Abs Acos Acosh Add AddV2=add ArgMax=argmax ArgMin=argmin Asin Asinh Atan Atan2 Atanh
    Ceil Cholesky Conj Cos Cosh Digamma Div=divide DivNoNan=divide_no_nan Elu Equal Erf
    Erfc Exp Expm1 Floor FloorDiv=floordiv FloorMod=floormod GatherNd Greater
    GreaterEqual Identity Imag Inv=reciprocal IsFinite IsInf IsNan Less LessEqual Lgamma
    Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr MatrixDeterminant=det
    MatrixInverse=inv Maximum Minimum Mul=multiply MulNoNan=multiply_no_nan Neg=negative
    NotEqual OnesLike Pow Real RealDiv=divide Reciprocal Relu Relu6 Rint Round Rsqrt
    Select=where SelectV2=where Selu Sigmoid Sign Sin Sinh Snapshot=identity Softmax
    Softplus Softsign Sqrt Square SquaredDifference StopGradient Sub=subtract Tan Tanh
    Xdivy Xlog1py Xlogy ZerosLike
"""
"""Ops that mean what one of TensorFlow's functions means, by the operands alone."""

_HOMES = (
    arithmetic, elementwise, activations, shaping, indexing, creation, linalg,
    reductions,
)  # fmt: skip


def _plain(function: Any) -> Any:
    return lambda *operands, **_: function(*operands)


for _pair in SAME_MEANING.split():
    _op, _, _name = _pair.partition("=")
    _name = _name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", _op).lower()
    _home = next(m for m in _HOMES if hasattr(m, _name))
    TABLE[_op] = _plain(getattr(_home, _name))


def entry(*names: str) -> Callable[[Any], Any]:
    """Put a function into the table, under names of ops."""

    def put(function: Any) -> Any:
        TABLE.update(dict.fromkeys(names, function))
        return function

    return put


def _list(t: Any) -> Any:
    """The numbers of an operand that says how: a shape, an axis, a permutation."""
    return np.asarray(array_of(t)).tolist()


# -- sums and products -----------------------------------------------------------------


@entry("MatMul")
def _matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, **_: Any
) -> Any:
    return linalg.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)


@entry("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def _batch_matmul(
    a: Any, b: Any, adj_x: bool = False, adj_y: bool = False, **_: Any
) -> Any:
    return linalg.matmul(a, b, adjoint_a=adj_x, adjoint_b=adj_y)


@entry("Einsum")
def _einsum(*operands: Any, equation: Any, **_: Any) -> Any:
    text = equation.decode() if isinstance(equation, bytes) else equation
    return linalg.einsum(text, *operands)


@entry("MatrixSolve")
def _solve(a: Any, b: Any, adjoint: bool = False, **_: Any) -> Any:
    return linalg.solve(a, b, adjoint)


@entry("AddN")
def _add_n(*terms: Any, **_: Any) -> Any:
    return arithmetic.add_n(list(terms))


@entry("BiasAdd", "BiasAddV1")
def _bias_add(x: Any, b: Any, data_format: Any = b"NHWC", **_: Any) -> Any:
    if data_format not in (b"NHWC", "NHWC"):
        # Shown with its numbers, and without a formula.
        raise NotImplementedError("no rule where the channels come first")
    return arithmetic.add(x, b)


def _reduction(op: str, function: Any) -> None:
    def reduce(x: Any, axes: Any, keep_dims: bool = False, **_: Any) -> Any:
        return function(x, _list(axes), keep_dims)

    TABLE[op] = reduce


_reduction("All", reductions.reduce_all)
_reduction("Any", reductions.reduce_any)
_reduction("EuclideanNorm", reductions.reduce_euclidean_norm)
_reduction("Max", reductions.reduce_max)
_reduction("Mean", reductions.reduce_mean)
_reduction("Min", reductions.reduce_min)
_reduction("Prod", reductions.reduce_prod)
_reduction("Sum", reductions.reduce_sum)


@entry("Cumsum")
def _cumsum(
    x: Any, axis: Any, exclusive: bool = False, reverse: bool = False, **_: Any
) -> Any:
    return reductions.cumsum(x, _list(axis), exclusive, reverse)


@entry("Cumprod")
def _cumprod(
    x: Any, axis: Any, exclusive: bool = False, reverse: bool = False, **_: Any
) -> Any:
    return reductions.cumprod(x, _list(axis), exclusive, reverse)


@entry("L2Loss")
def _l2_loss(x: Any, **_: Any) -> Any:
    return reductions.reduce_sum(elementwise.square(x)) / 2.0


@entry("UnsortedSegmentSum")
def _segment_sum(x: Any, ids: Any, count: Any, **_: Any) -> Any:
    return reductions.unsorted_segment_sum(x, array_of(ids), _list(count))


# -- shapes ----------------------------------------------------------------------------


@entry("Reshape")
def _reshape(x: Any, shape: Any, **_: Any) -> Any:
    return shaping.reshape(x, _list(shape))


@entry("ExpandDims")
def _expand_dims(x: Any, axis: Any, **_: Any) -> Any:
    return shaping.expand_dims(x, _list(axis))


@entry("Squeeze")
def _squeeze(x: Any, squeeze_dims: Any = None, **_: Any) -> Any:
    return shaping.squeeze(x, list(squeeze_dims or ()) or None)


@entry("Transpose")
def _transpose(x: Any, order: Any, **_: Any) -> Any:
    return shaping.transpose(x, _list(order))


@entry("BroadcastTo")
def _broadcast_to(x: Any, shape: Any, **_: Any) -> Any:
    return shaping.broadcast_to(x, _list(shape))


@entry("Fill")
def _fill(shape: Any, x: Any, **_: Any) -> Any:
    return shaping.broadcast_to(x, _list(shape))


@entry("ConcatV2")
def _concat(*given: Any, **_: Any) -> Any:
    return shaping.concat(list(given[:-1]), _list(given[-1]))


@entry("Pack")
def _pack(*given: Any, axis: int = 0, **_: Any) -> Any:
    return shaping.stack(list(given), axis)


@entry("Unpack")
def _unpack(x: Any, axis: int = 0, **_: Any) -> Any:
    return shaping.unstack(x, axis=axis)


@entry("Split")
def _split(axis: Any, x: Any, num_split: int, **_: Any) -> Any:
    return shaping.split(x, num_split, _list(axis))


@entry("SplitV")
def _split_sizes(x: Any, sizes: Any, axis: Any, **_: Any) -> Any:
    return shaping.split(x, _list(sizes), _list(axis))


@entry("Tile")
def _tile(x: Any, multiples: Any, **_: Any) -> Any:
    return shaping.tile(x, _list(multiples))


@entry("Pad", "PadV2")
def _pad(x: Any, widths: Any, value: Any = None, **_: Any) -> Any:
    return shaping.pad(x, _list(widths), "CONSTANT", 0 if value is None else value)


@entry("ReverseV2")
def _reverse(x: Any, axis: Any, **_: Any) -> Any:
    return shaping.reverse(x, _list(axis))


@entry("Roll")
def _roll(x: Any, shift: Any, axis: Any, **_: Any) -> Any:
    return shaping.roll(x, _list(shift), _list(axis))


# -- parts -----------------------------------------------------------------------------


@entry("StridedSlice")
def _strided_slice(x: Any, begin: Any, end: Any, steps: Any, **masks: Any) -> Any:
    key: list[Any] = []
    for i, (s, e, step) in enumerate(
        zip(*map(_list, (begin, end, steps)), strict=True)
    ):
        is_set = {k: bool(v >> i & 1) for k, v in masks.items() if k.endswith("_mask")}
        if is_set["ellipsis_mask"]:
            key.append(Ellipsis)
        elif is_set["new_axis_mask"]:
            key.append(None)
        elif is_set["shrink_axis_mask"]:
            key.append(s)
        else:
            first = None if is_set["begin_mask"] else s
            key.append(slice(first, None if is_set["end_mask"] else e, step))
    return x[tuple(key)]


@entry("Slice")
def _slice(x: Any, begin: Any, size: Any, **_: Any) -> Any:
    return indexing.slice(x, _list(begin), _list(size))


@entry("GatherV2")
def _gather(x: Any, ids: Any, axis: Any, batch_dims: int = 0, **_: Any) -> Any:
    return indexing.gather(x, array_of(ids), axis=_list(axis), batch_dims=batch_dims)


@entry("ResourceGather")
def _gather_rows(variable: Any, ids: Any, **_: Any) -> Any:
    return indexing.gather(variable, array_of(ids))


@entry("TensorScatterUpdate")
def _scatter_update(x: Any, at: Any, updates: Any, **_: Any) -> Any:
    return indexing.tensor_scatter_nd_update(x, array_of(at), updates)


@entry("TensorScatterAdd")
def _scatter_add(x: Any, at: Any, updates: Any, **_: Any) -> Any:
    return indexing.tensor_scatter_nd_add(x, array_of(at), updates)


@entry("MatrixDiagPartV3")
def _diag_part(x: Any, k: Any, *_: Any, **__: Any) -> Any:
    return linalg.diag_part(x, k=_list(k))


@entry("MatrixDiagV3")
def _diag(x: Any, k: Any, *_: Any, **__: Any) -> Any:
    return linalg.diag(x, k=_list(k))


@entry("MatrixBandPart")
def _band_part(x: Any, lower: Any, upper: Any, **_: Any) -> Any:
    return linalg.band_part(x, _list(lower), _list(upper))


@entry("Cast")
def _cast(x: Any, DstT: Any, **_: Any) -> Any:  # noqa: N803 - the attribute's name
    return creation.cast(x, np.dtype(tf.dtypes.as_dtype(DstT).as_numpy_dtype))


# -- layers and losses -----------------------------------------------------------------


@entry("LeakyRelu")
def _leaky_relu(x: Any, alpha: float = 0.2, **_: Any) -> Any:
    return activations.leaky_relu(x, alpha)


@entry("ClipByValue")
def _clip(x: Any, low: Any, high: Any, **_: Any) -> Any:
    return clip.clip_by_value(x, low, high)


@entry("SoftmaxCrossEntropyWithLogits")
def _softmax_loss(logits: Any, labels: Any, **_: Any) -> Any:
    return losses.softmax_cross_entropy_with_logits(labels, logits)


@entry("SparseSoftmaxCrossEntropyWithLogits")
def _sparse_softmax_loss(logits: Any, labels: Any, **_: Any) -> Any:
    return losses.sparse_softmax_cross_entropy_with_logits(labels, logits)


def _text(v: Any) -> Any:
    return v.decode() if isinstance(v, bytes) else v


@entry("Conv2D")
def _conv2d(
    x: Any, filters: Any, strides: Any, padding: Any, data_format: Any = b"NHWC",
    dilations: Any = None, **_: Any,
) -> Any:  # fmt: skip
    layout = list(dilations or (1, 1, 1, 1))
    return convolution.conv2d(
        x, filters, list(strides), _text(padding), _text(data_format), layout
    )


@entry("MaxPool")
def _max_pool(
    x: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = b"NHWC", **_: Any
) -> Any:
    layout = _text(data_format)
    return convolution.max_pool2d(x, list(ksize), list(strides), _text(padding), layout)


@entry("AvgPool")
def _avg_pool(
    x: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = b"NHWC", **_: Any
) -> Any:
    layout = _text(data_format)
    return convolution.avg_pool2d(x, list(ksize), list(strides), _text(padding), layout)


# -- what gradients are computed with, seen where a tape records a gradient ------------


@entry("ReluGrad")
def _relu_grad(g: Any, x: Any, **_: Any) -> Any:
    return indexing.where(x > 0.0, g, shaping.stop_gradient(g) * 0.0)


@entry("TanhGrad")
def _tanh_grad(y: Any, g: Any, **_: Any) -> Any:
    return g * (1.0 - elementwise.square(y))


@entry("SigmoidGrad")
def _sigmoid_grad(y: Any, g: Any, **_: Any) -> Any:
    return g * y * (1.0 - y)


@entry("SqrtGrad")
def _sqrt_grad(y: Any, g: Any, **_: Any) -> Any:
    return g * 0.5 / y


@entry("RsqrtGrad")
def _rsqrt_grad(y: Any, g: Any, **_: Any) -> Any:
    return g * -0.5 * y**3.0


@entry("ReciprocalGrad", "InvGrad")
def _reciprocal_grad(y: Any, g: Any, **_: Any) -> Any:
    return -g * elementwise.square(y)


@entry("SoftplusGrad")
def _softplus_grad(g: Any, x: Any, **_: Any) -> Any:
    return g * elementwise.sigmoid(x)
