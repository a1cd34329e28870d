"""The functions of PyTorch in ours: a table by their plain name.

An entry takes PyTorch's arguments, with tensors of ours in the place of PyTorch's, and
gives what PyTorch gives. What is not in the table, or comes out otherwise, is recorded
as a call without a formula.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeviz.engine.dispatch import call
from tapeviz.engine.tensor import array_of
from tapeviz.tf import clip, linalg
from tapeviz.tf.arrays import creation, indexing, shaping
from tapeviz.tf.math import arithmetic, elementwise, reductions
from tapeviz.tf.nn import activations, losses

TABLE: dict[str, Callable[..., Any]] = {}
"""Our function for each of PyTorch's names, ``add_`` and ``__add__`` being ``add``."""

WITH_RESULT: set[str] = set()
"""Those that take PyTorch's result as ``out``: which entry is greatest, what stayed."""

LEAVING = frozenset((
    "item", "tolist", "numpy", "float", "int", "bool", "complex", "index", "array",
    "format",
))  # fmt: skip
"""Functions with which a number leaves for Python."""

STEPS = frozenset(("ceil", "floor", "round", "sgn", "sign", "trunc"))
"""Functions whose gradient is 0 in PyTorch, and None in TensorFlow."""

SUMS = frozenset((
    "add", "addmm", "bmm", "cumsum", "dot", "einsum", "layer_norm", "linear", "matmul",
    "mean", "mm", "mv", "sub", "sum",
))  # fmt: skip
"""Functions whose terms may cancel out, and then nothing but rounding is left."""

IGNORED = frozenset((
    "_stacklevel", "copy", "dtype", "enable_gqa", "ignore_index", "inplace",
    "max_norm", "memory_format", "non_blocking", "norm_type", "padding_idx", "reduce",
    "scale_grad_by_freq", "size_average", "sparse",
))  # fmt: skip
"""Arguments of which ours know nothing. Where one changes a result, that is noticed."""

SAME = frozenset(("contiguous", "to", "type", "float", "double", "cpu", "positive"))
"""Functions that may give the tensor itself."""


def entry(*names: str, out: bool = False) -> Callable[[Any], Any]:
    """Put a function into the table, under names of PyTorch's."""

    def put(function: Any) -> Any:
        for name in names or (function.__name__.strip("_"),):
            TABLE[name] = function
            if out:
                WITH_RESULT.add(name)
        return function

    return put


SAME_MEANING = """
    abs absolute=abs acos arccos=acos acosh arccosh=acosh asin arcsin=asin asinh
    arcsinh=asinh atan arctan=atan atanh arctanh=atanh clone=identity
    contiguous=identity cos cosh det detach=stop_gradient diagonal=diag_part digamma
    erf erfc exp expm1 inv=inv inverse=inv isfinite=is_finite isinf=is_inf
    isnan=is_nan lgamma log log1p log_sigmoid logdet logical_not logsigmoid=log_sigmoid
    neg=negative negative reciprocal relu relu6 rsqrt selu sigmoid silu sin sinh
    softsign sqrt square t=transpose T=transpose tan tanh trace
"""
"""Functions of one tensor, and which of TensorFlow's means the same, if another."""

_HOMES = (arithmetic, elementwise, activations, shaping, linalg)


def _of_one(function: Any) -> Any:
    return lambda x, **_: function(x)


for _pair in SAME_MEANING.split():
    _theirs, _, _name = _pair.partition("=")
    _home = next(m for m in _HOMES if hasattr(m, _name or _theirs))
    TABLE[_theirs] = _of_one(getattr(_home, _name or _theirs))
TABLE["data"] = TABLE["detach"]
TABLE["mish"] = lambda x, **_: x * elementwise.tanh(elementwise.softplus(x))
TABLE["log2"] = lambda x: elementwise.log(x) / math.log(2)
TABLE["log10"] = lambda x: elementwise.log(x) / math.log(10)
TABLE["hardtanh"] = lambda x, low=-1.0, high=1.0, **_: clip.clip_by_value(x, low, high)


# -- two operands ----------------------------------------------------------------------


def _dtype(v: Any) -> Any:
    return array_of(v).dtype if hasattr(v, "_v") else None


def alike(a: Any, b: Any) -> tuple[Any, Any]:
    """Two operands of one dtype, as PyTorch promotes them: arrays before scalars."""
    if _dtype(a) is None or _dtype(b) is None:
        number, tensor = (a, b) if _dtype(a) is None else (b, a)
        if isinstance(number, float) and _dtype(tensor).kind in "iub":
            tensor = creation.cast(tensor, np.dtype(np.float32))
        return (number, tensor) if _dtype(a) is None else (tensor, number)
    kinds = "biufc"
    ranked = sorted(
        (a, b),
        key=lambda v: (
            kinds.index(_dtype(v).kind.replace("u", "i")), bool(np.ndim(array_of(v))),
            _dtype(v).itemsize,
        ),
    )  # fmt: skip
    wide = _dtype(ranked[-1])
    return tuple(v if _dtype(v) == wide else creation.cast(v, wide) for v in (a, b))  # type: ignore[return-value] # two


def pair(names: str, function: Any) -> None:
    """A function of two operands, and the same of them reflected."""
    for name in names.split():
        TABLE[name] = lambda a, b, **_: function(*alike(a, b))
        TABLE["r" + name] = lambda a, b, **_: function(*alike(b, a))


pair("mul multiply", arithmetic.multiply)
pair("true_divide truediv", arithmetic.divide)
pair("pow", arithmetic.pow)
pair("matmul mm bmm", linalg.matmul)
pair("maximum fmax", arithmetic.maximum)
pair("minimum fmin", arithmetic.minimum)
pair("atan2 arctan2", arithmetic.atan2)
pair("remainder mod", arithmetic.floormod)
pair("floor_divide floordiv", arithmetic.floordiv)
pair("gt greater", arithmetic.greater)
pair("ge greater_equal", arithmetic.greater_equal)
pair("lt less", arithmetic.less)
pair("le less_equal", arithmetic.less_equal)
pair("eq", arithmetic.equal)
pair("ne not_equal", arithmetic.not_equal)
pair("logical_and and", arithmetic.logical_and)
pair("logical_or or", arithmetic.logical_or)
pair("xlogy", arithmetic.xlogy)


@entry("add", "radd")
def _add(a: Any, b: Any, *, alpha: Any = 1) -> Any:
    return arithmetic.add(*alike(a, b if alpha == 1 else alpha * b))


@entry("sub", "subtract")
def _sub(a: Any, b: Any, *, alpha: Any = 1) -> Any:
    return arithmetic.subtract(*alike(a, b if alpha == 1 else alpha * b))


@entry("rsub")
def _rsub(a: Any, b: Any, *, alpha: Any = 1) -> Any:
    return _sub(b, a, alpha=alpha)


@entry("div", "divide")
def _div(a: Any, b: Any, *, rounding_mode: str | None = None) -> Any:
    made = arithmetic.divide(*alike(a, b))
    return elementwise.floor(made) if rounding_mode == "floor" else made


@entry("rdiv", "rtruediv")
def _rdiv(a: Any, b: Any) -> Any:
    return _div(b, a)


@entry("mv")
def _mv(a: Any, b: Any) -> Any:
    return linalg.matvec(a, b)


@entry("matmul", "mm", "bmm")
def _matmul(a: Any, b: Any) -> Any:
    a, b = alike(a, b)
    ranks = np.ndim(array_of(a)), np.ndim(array_of(b))
    if ranks == (1, 1):
        return linalg.tensordot(a, b, 1)
    if ranks[1] == 1:
        return linalg.matvec(a, b)
    if ranks[0] == 1:
        return linalg.matvec(b, a, transpose_a=True)
    return linalg.matmul(a, b)


@entry("rmatmul")
def _rmatmul(a: Any, b: Any) -> Any:
    return _matmul(b, a)


entry("dot", "inner", "vdot")(_matmul)


@entry("outer", "ger")
def _outer(a: Any, b: Any) -> Any:
    return shaping.expand_dims(a, 1) * shaping.expand_dims(b, 0)


@entry("einsum")
def _einsum(equation: str, *operands: Any) -> Any:
    given = operands[0] if isinstance(operands[0], (list, tuple)) else operands
    return linalg.einsum(equation, *given)


@entry("addmm")
def _addmm(c: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    product = linalg.matmul(a, b)
    product = product if alpha == 1 else alpha * product
    return product + (c if beta == 1 else beta * c)


@entry("addcmul")
def _addcmul(x: Any, a: Any, b: Any, *, value: Any = 1) -> Any:
    return x + (a * b if value == 1 else value * a * b)


@entry("lerp")
def _lerp(a: Any, b: Any, weight: Any) -> Any:
    return a + weight * (b - a)


@entry("clamp", "clip")
def _clamp(x: Any, min: Any = None, max: Any = None) -> Any:
    if min is not None and max is not None:
        return clip.clip_by_value(x, min, max)
    return (
        arithmetic.maximum(*alike(x, _like(min, x)))
        if max is None
        else arithmetic.minimum(*alike(x, _like(max, x)))
    )


def _like(v: Any, x: Any) -> Any:
    return v if hasattr(v, "_v") else creation.constant(v, _dtype(x))


@entry("clamp_max")
def _clamp_max(x: Any, max: Any) -> Any:
    return _clamp(x, None, max)


entry("clamp_min")(_clamp)


@entry("where")
def _where(condition: Any, a: Any, b: Any) -> Any:
    one = a if hasattr(a, "_v") else b
    return indexing.where(condition, *alike(_like(a, one), _like(b, one)))


@entry("masked_fill")
def _masked_fill(x: Any, mask: Any, value: Any) -> Any:
    return indexing.where(mask, _like(value, x), x)


# -- reductions ------------------------------------------------------------------------


def _axis(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, (list, tuple)) else dim


def _from_end(x: Any, dim: int) -> int:
    """An axis counted from the end, as the ops of the engine have it."""
    return dim if dim < 0 else dim - np.ndim(array_of(x))


def reduction(names: str, function: Any) -> None:
    """A reduction over all axes, or over ``dim``."""

    def reduce(x: Any, dim: Any = None, keepdim: bool = False, **_: Any) -> Any:
        axis = _axis(dim)
        return function(x, None if axis == () else axis, keepdim)

    for name in names.split():
        TABLE[name] = reduce


reduction("sum nansum", reductions.reduce_sum)
reduction("mean", reductions.reduce_mean)
reduction("prod", reductions.reduce_prod)
reduction("amax", reductions.reduce_max)
reduction("amin", reductions.reduce_min)
reduction("logsumexp", reductions.reduce_logsumexp)
reduction("any", reductions.reduce_any)
reduction("all", reductions.reduce_all)


def _variance(x: Any, dim: Any, keepdim: bool, correction: Any, unbiased: Any) -> Any:
    """The variance, with n - 1 below as PyTorch has it."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    correction = correction if unbiased is None else int(unbiased)
    shape = np.shape(array_of(x))
    axes = range(len(shape)) if dim is None else np.atleast_1d(dim)
    count = math.prod(shape[k] for k in axes)
    middle = reductions.reduce_mean(x, _axis(dim), True)
    total = reductions.reduce_sum(elementwise.square(x - middle), _axis(dim), keepdim)
    return total / (count - correction)


@entry("var")
def _var(
    x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *,
    correction: Any = 1,
) -> Any:  # fmt: skip
    return _variance(x, dim, keepdim, correction, unbiased)


@entry("std")
def _std(
    x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *,
    correction: Any = 1,
) -> Any:  # fmt: skip
    return elementwise.sqrt(_variance(x, dim, keepdim, correction, unbiased))


@entry("norm", "linalg_norm", "linalg_vector_norm")
def _norm(
    x: Any, p: Any = None, dim: Any = None, keepdim: bool = False, **_: Any
) -> Any:
    if p in (None, 2, 2.0, "fro") or (p == "fro"):
        return linalg.norm(x, axis=_axis(dim), keepdims=keepdim)
    if p == 1:
        return reductions.reduce_sum(elementwise.abs(x), _axis(dim), keepdim)
    raise NotImplementedError(f"no rule for the norm {p!r}")  # shown without one


def chosen(name: str, function: Any) -> None:
    """``max`` and ``min``: over all, of two tensors, or along an axis with indices."""

    def choose(x: Any, *more: Any, out: Any, **options: Any) -> Any:
        given = [*more, *options.values()]
        if not given:
            return function[0](x)
        if hasattr(given[0], "_v"):
            return function[1](*alike(x, given[0]))
        dim = options.get("dim", more[0] if more else None)
        keep = options.get("keepdim", more[1] if len(more) > 1 else False)
        _, ids = out
        return _along(x, dim, ids, keep), creation.constant(ids)

    entry(name, out=True)(choose)


def _along(x: Any, dim: Any, ids: Any, keep: bool) -> Any:
    axis = _from_end(x, dim)
    ids = ids if keep else np.expand_dims(ids, axis)
    found = call.along(x, ids, axis)
    return found if keep else shaping.squeeze(found, axis)


chosen("max", (reductions.reduce_max, arithmetic.maximum))
chosen("min", (reductions.reduce_min, arithmetic.minimum))


@entry("sort", "topk", out=True)
def _sorted(x: Any, *more: Any, out: Any, dim: int = -1, **_: Any) -> Any:
    _, ids = out
    return call.sort(x, ids, _from_end(x, dim)), creation.constant(ids)


@entry("cumsum")
def _cumsum(x: Any, dim: int, **_: Any) -> Any:
    return reductions.cumsum(x, dim)


@entry("cumprod")
def _cumprod(x: Any, dim: int, **_: Any) -> Any:
    return reductions.cumprod(x, dim)


@entry("argmax", out=True)
def _argmax(x: Any, *_: Any, out: Any, **__: Any) -> Any:
    return creation.constant(out)


entry("argmin", "argsort", "bucketize", "searchsorted", out=True)(_argmax)


@entry("softmax")
def _softmax(x: Any, dim: Any = -1, *_: Any, **__: Any) -> Any:
    return activations.softmax(x, dim)


@entry("log_softmax")
def _log_softmax(x: Any, dim: Any = -1, *_: Any, **__: Any) -> Any:
    return activations.log_softmax(x, dim)


# -- shapes ----------------------------------------------------------------------------


def _sizes(given: Any) -> Any:
    """``view(2, 3)`` and ``view((2, 3))``."""
    sizes = (
        given[0] if len(given) == 1 and isinstance(given[0], (list, tuple)) else given
    )
    return tuple(int(array_of(k)) if hasattr(k, "_v") else int(k) for k in sizes)


@entry("reshape", "view", "unflatten", "flatten", "ravel", out=True)
def _reshape(x: Any, *_: Any, out: Any, **__: Any) -> Any:
    return shaping.reshape(x, np.shape(out))


@entry("view_as", "reshape_as", out=True)
def _reshape_as(x: Any, _: Any, *, out: Any) -> Any:
    return shaping.reshape(x, np.shape(out))


@entry("unsqueeze")
def _unsqueeze(x: Any, dim: int) -> Any:
    return shaping.expand_dims(x, dim)


@entry("squeeze", out=True)
def _squeeze(x: Any, *_: Any, out: Any, **__: Any) -> Any:
    return call.squeeze(x, np.shape(out))


@entry("expand", "expand_as", "broadcast_to", out=True)
def _expand(x: Any, *_: Any, out: Any, **__: Any) -> Any:
    return shaping.broadcast_to(x, np.shape(out))


@entry("permute")
def _permute(x: Any, *dims: Any, **options: Any) -> Any:
    return shaping.transpose(x, _sizes(dims or (options["dims"],)))


@entry("transpose", "swapaxes", "swapdims")
def _transpose(x: Any, a: int, b: int) -> Any:
    order = [*range(np.ndim(array_of(x)))]
    order[a], order[b] = order[b], order[a]
    return shaping.transpose(x, order)


@entry("mT")
def _mt(x: Any) -> Any:
    return linalg.matrix_transpose(x)


@entry("cat", "concat", "concatenate")
def _cat(tensors: Any, dim: int = 0) -> Any:
    return shaping.concat(list(tensors), dim)


@entry("stack")
def _stack(tensors: Any, dim: int = 0) -> Any:
    return shaping.stack(list(tensors), dim)


@entry("unbind", out=True)
def _unbind(x: Any, dim: int = 0, *, out: Any) -> Any:
    axis = _from_end(x, dim)
    return [call.pick_at(x, k, axis) for k in range(len(out))]


@entry("split", "chunk", "tensor_split", out=True)
def _split(x: Any, _: Any, dim: int = 0, *, out: Any) -> Any:
    axis, start, made = _from_end(x, dim), 0, []
    for part in out:
        made.append(call.narrow(x, start, np.shape(part)[axis], axis))
        start += np.shape(part)[axis]
    return made


@entry("narrow")
def _narrow(x: Any, dim: int, start: int, length: int) -> Any:
    return call.narrow(x, start, length, _from_end(x, dim))


@entry("select")
def _select(x: Any, dim: int, index: int) -> Any:
    return call.pick_at(x, index, _from_end(x, dim))


@entry("getitem")
def _getitem(x: Any, key: Any) -> Any:
    """Basic keys, a mask, and one list or tensor of numbers."""
    if hasattr(key, "_v") and _dtype(key).kind in "iu" and np.ndim(array_of(key)):
        return indexing.gather(x, key)
    return x[key]


@entry("index_select")
def _index_select(x: Any, dim: int, index: Any) -> Any:
    return indexing.gather(x, index, axis=dim)


@entry("gather", "take_along_dim")
def _gather(x: Any, dim: int, index: Any, **_: Any) -> Any:
    return call.along(x, array_of(index), _from_end(x, dim))


@entry("flip")
def _flip(x: Any, *dims: Any) -> Any:
    return shaping.reverse(x, [k % np.ndim(array_of(x)) for k in _sizes(dims)])


@entry("roll")
def _roll(x: Any, shifts: Any, dims: Any = None) -> Any:
    return shaping.roll(x, shifts, dims)


@entry("repeat", "tile")
def _repeat(x: Any, *sizes: Any) -> Any:
    times = _sizes(sizes)
    for _ in range(len(times) - np.ndim(array_of(x))):
        x = shaping.expand_dims(x, 0)
    return shaping.tile(x, times)


@entry("triu")
def _triu(x: Any, diagonal: int = 0) -> Any:
    mask = np.triu(np.ones(np.shape(array_of(x)), _dtype(x)), diagonal)
    return x * creation.constant(mask)


@entry("tril")
def _tril(x: Any, diagonal: int = 0) -> Any:
    mask = np.tril(np.ones(np.shape(array_of(x)), _dtype(x)), diagonal)
    return x * creation.constant(mask)


@entry("diag")
def _diag(x: Any, diagonal: int = 0) -> Any:
    if diagonal:
        raise NotImplementedError("no rule beside the main diagonal")
    vector = np.ndim(array_of(x)) == 1
    return linalg.diag(x) if vector else linalg.diag_part(x)


@entry(
    "to", "type", "float", "double", "half", "bfloat16", "int", "long", "bool", "cpu",
    "type_as", out=True,
)  # fmt: skip
def _cast(x: Any, *_: Any, out: Any, **__: Any) -> Any:
    return x if _dtype(x) == out.dtype else creation.cast(x, out.dtype)


# -- layers ----------------------------------------------------------------------------


@entry("linear")
def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    made = _matmul(x, shaping.transpose(weight))
    return made if bias is None else made + bias


@entry("softplus")
def _softplus(x: Any, beta: Any = 1, threshold: Any = 20) -> Any:
    return (
        elementwise.softplus(x) if beta == 1 else elementwise.softplus(beta * x) / beta
    )


@entry("gelu")
def _gelu(x: Any, *, approximate: str = "none") -> Any:
    return activations.gelu(x, approximate=approximate == "tanh")


@entry("leaky_relu")
def _leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    return activations.leaky_relu(x, negative_slope)


@entry("elu")
def _elu(x: Any, alpha: float = 1.0) -> Any:
    if alpha != 1:
        return indexing.where(
            x > 0, x, alpha * elementwise.expm1(arithmetic.minimum(x, 0.0))
        )
    return activations.elu(x)


@entry("embedding")
def _embedding(ids: Any, weight: Any) -> Any:
    return indexing.gather(weight, ids)


@entry("dropout", out=True)
def _dropout(
    x: Any, p: float = 0.5, training: bool = True, *, out: Any, **__: Any
) -> Any:
    """``out`` is what PyTorch makes of ones with the same random numbers."""
    return x * creation.constant(out) if training and p else shaping.identity(x)


@entry("layer_norm")
def _layer_norm(
    x: Any, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    axes = tuple(range(-len(shape), 0))
    middle = reductions.reduce_mean(x, axes, True)
    away = x - middle
    made = away / elementwise.sqrt(
        reductions.reduce_mean(elementwise.square(away), axes, True) + eps
    )
    made = made if weight is None else made * weight
    return made if bias is None else made + bias


@entry("rms_norm")
def _rms_norm(x: Any, shape: Any, weight: Any = None, eps: Any = None) -> Any:
    axes = tuple(range(-len(shape), 0))
    eps = float(np.finfo(_dtype(x)).eps) if eps is None else eps
    made = x * elementwise.rsqrt(
        reductions.reduce_mean(elementwise.square(x), axes, True) + eps
    )
    return made if weight is None else made * weight


@entry("batch_norm")
def _batch_norm(
    x: Any, mean: Any = None, var: Any = None, weight: Any = None, bias: Any = None,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    rank = np.ndim(array_of(x))
    axes = (0, *range(2, rank))
    shape = (1, -1) + (1,) * (rank - 2)
    if training:
        mean = reductions.reduce_mean(x, axes, True)
        var = reductions.reduce_mean(elementwise.square(x - mean), axes, True)
    else:
        mean, var = shaping.reshape(mean, shape), shaping.reshape(var, shape)
    made = (x - mean) / elementwise.sqrt(var + eps)
    made = made if weight is None else made * shaping.reshape(weight, shape)
    return made if bias is None else made + shaping.reshape(bias, shape)


@entry("scaled_dot_product_attention")
def _attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0,
    is_causal: bool = False, *, scale: Any = None,
) -> Any:  # fmt: skip
    size = np.shape(array_of(query))[-1]
    scores = linalg.matmul(query, key, transpose_b=True)
    scores = scores * (1 / math.sqrt(size) if scale is None else scale)
    mask = array_of(attn_mask) if attn_mask is not None else None
    if is_causal:
        mask = np.tril(np.ones(np.shape(array_of(scores))[-2:], bool))
    if mask is not None and mask.dtype == bool:
        mask = np.where(mask, 0, -np.inf).astype(_dtype(scores))
    if mask is not None:
        scores = scores + creation.constant(mask)
    return linalg.matmul(activations.softmax(scores), value)


@entry("rnn_tanh_cell")
def _rnn_tanh_cell(
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    return elementwise.tanh(_linear(x, w_ih, b_ih) + _linear(h, w_hh, b_hh))


@entry("rnn_relu_cell")
def _rnn_relu_cell(
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    return activations.relu(_linear(x, w_ih, b_ih) + _linear(h, w_hh, b_hh))


@entry("gru_cell")
def _gru_cell(
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    xr, xz, xn = shaping.split(_linear(x, w_ih, b_ih), 3, axis=-1)
    hr, hz, hn = shaping.split(_linear(h, w_hh, b_hh), 3, axis=-1)
    reset, update = elementwise.sigmoid(xr + hr), elementwise.sigmoid(xz + hz)
    new = elementwise.tanh(xn + reset * hn)
    return new + update * (h - new)


@entry("lstm_cell")
def _lstm_cell(
    x: Any, hidden: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    h, c = hidden
    gates = _linear(x, w_ih, b_ih) + _linear(h, w_hh, b_hh)
    i, f, g, o = shaping.split(gates, 4, axis=-1)
    c = elementwise.sigmoid(f) * c + elementwise.sigmoid(i) * elementwise.tanh(g)
    return elementwise.sigmoid(o) * elementwise.tanh(c), c


# -- losses ----------------------------------------------------------------------------


def _reduced(x: Any, reduction: str) -> Any:
    return {
        "mean": reductions.reduce_mean,
        "sum": reductions.reduce_sum,
        "none": lambda v: v,
    }[reduction](x)


@entry("mse_loss")
def _mse_loss(x: Any, y: Any, *, reduction: str = "mean") -> Any:
    return _reduced(arithmetic.squared_difference(*alike(x, y)), reduction)


@entry("l1_loss")
def _l1_loss(x: Any, y: Any, *, reduction: str = "mean") -> Any:
    return _reduced(elementwise.abs(x - y), reduction)


@entry("smooth_l1_loss", "huber_loss")
def _huber(
    x: Any, y: Any, reduction: str = "mean", delta: float = 1.0, beta: float = 1.0
) -> Any:
    if delta != 1 or beta != 1:
        raise NotImplementedError("no rule for another delta or beta than 1")
    away = elementwise.abs(x - y)
    return _reduced(
        indexing.where(away < 1.0, 0.5 * elementwise.square(away), away - 0.5),
        reduction,
    )


@entry("cross_entropy")
def _cross_entropy(
    x: Any, y: Any, *, reduction: str = "mean", weight: Any = None,
    label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    if weight is not None or label_smoothing or np.ndim(array_of(x)) > 2:
        raise NotImplementedError("no rule with weights, smoothing or more axes")
    if _dtype(y).kind in "iu":
        made = losses.sparse_softmax_cross_entropy_with_logits(y, x)
    else:
        made = losses.softmax_cross_entropy_with_logits(y, x)
    return _reduced(made, reduction)


@entry("nll_loss")
def _nll_loss(x: Any, y: Any, *, reduction: str = "mean") -> Any:
    ids = np.expand_dims(array_of(y), 1)
    return _reduced(-shaping.squeeze(call.along(x, ids, -1), 1), reduction)


@entry("binary_cross_entropy")
def _bce(x: Any, y: Any, *, reduction: str = "mean") -> Any:
    made = y * elementwise.log(x) + (1.0 - y) * elementwise.log(1.0 - x)
    return _reduced(-made, reduction)


@entry("binary_cross_entropy_with_logits")
def _bce_logits(x: Any, y: Any, *, reduction: str = "mean") -> Any:
    return _reduced(losses.sigmoid_cross_entropy_with_logits(y, x), reduction)


@entry("kl_div")
def _kl_div(
    x: Any, y: Any, *, reduction: str = "mean", log_target: bool = False
) -> Any:
    made = (
        elementwise.exp(y) * (y - x) if log_target else arithmetic.xlogy(y, y) - y * x
    )
    if reduction == "batchmean":
        return reductions.reduce_sum(made) / np.shape(array_of(x))[0]
    return _reduced(made, reduction)
