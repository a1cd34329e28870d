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

import tapeviz as tf
from tapeviz.engine.dispatch import call
from tapeviz.engine.tensor import array_of

TABLE: dict[str, Callable[..., Any]] = {}
"""Our function for each of PyTorch's names, ``add_`` and ``__add__`` being ``add``."""

WITH_RESULT: set[str] = set()
"""Those that take PyTorch's result as ``out``: which entry is greatest, what was kept."""

LEAVING = frozenset(
    "item tolist numpy float int bool complex index array format".split()
)
"""Functions with which a number leaves for Python."""

IGNORED = frozenset(
    "inplace size_average reduce _stacklevel memory_format non_blocking copy padding_idx "
    "max_norm norm_type scale_grad_by_freq sparse half_to_float enable_gqa ignore_index".split()
)
"""Arguments that do not change what is computed, or are of an older way to say it."""

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


def same(names: str, where: Any) -> None:
    """Functions that are called alike and take one tensor."""
    for name in names.split():
        theirs, _, ours = name.partition("=")
        TABLE[theirs] = _of_one(getattr(where, ours or theirs))


def _of_one(function: Any) -> Any:
    return lambda x, **_: function(x)


same(
    "abs absolute=abs acos arccos=acos acosh arccosh=acosh asin arcsin=asin asinh "
    "arcsinh=asinh atan arctan=atan atanh arctanh=atanh cos cosh exp floor neg=negative "
    "negative round sign sgn=sign sigmoid sin sinh sqrt square tan tanh "
    "logical_not detach=stop_gradient detach_=stop_gradient clone=identity "
    "contiguous=identity T=transpose t=transpose",
    tf,
)
same(
    "ceil digamma erf erfc expm1 lgamma log log1p reciprocal rsqrt softplus isnan=is_nan "
    "isinf=is_inf isfinite=is_finite logsigmoid=log_sigmoid log_sigmoid",
    tf.math,
)
same("relu relu6 selu silu softsign", tf.nn)
same("diagonal=diag_part det logdet trace inv=inv inverse=inv", tf.linalg)
TABLE["data"] = TABLE["detach"]
TABLE["mish"] = lambda x, **_: x * tf.tanh(tf.math.softplus(x))
TABLE["log2"] = lambda x: tf.math.log(x) / math.log(2)
TABLE["log10"] = lambda x: tf.math.log(x) / math.log(10)
TABLE["hardtanh"] = lambda x, low=-1.0, high=1.0, **_: tf.clip_by_value(x, low, high)


# -- two operands ----------------------------------------------------------------------


def _dtype(v: Any) -> Any:
    return array_of(v).dtype if hasattr(v, "_v") else None


def alike(a: Any, b: Any) -> tuple[Any, Any]:
    """Two operands of one dtype, as PyTorch promotes them: arrays before scalars."""
    if _dtype(a) is None or _dtype(b) is None:
        number, tensor = (a, b) if _dtype(a) is None else (b, a)
        if isinstance(number, float) and _dtype(tensor).kind in "iub":
            tensor = tf.cast(tensor, np.dtype(np.float32))
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
    return tuple(v if _dtype(v) == wide else tf.cast(v, wide) for v in (a, b))  # type: ignore[return-value]


def pair(names: str, function: Any) -> None:
    """A function of two operands, and the same of them reflected."""
    for name in names.split():
        TABLE[name] = lambda a, b, **_: function(*alike(a, b))
        TABLE["r" + name] = lambda a, b, **_: function(*alike(b, a))


pair("mul multiply", tf.multiply)
pair("true_divide truediv", tf.divide)
pair("pow", tf.pow)
pair("matmul mm bmm", tf.matmul)
pair("maximum fmax", tf.maximum)
pair("minimum fmin", tf.minimum)
pair("atan2 arctan2", tf.math.atan2)
pair("remainder mod", tf.math.floormod)
pair("floor_divide floordiv", tf.math.floordiv)
pair("gt greater", tf.greater)
pair("ge greater_equal", tf.greater_equal)
pair("lt less", tf.less)
pair("le less_equal", tf.less_equal)
pair("eq", tf.equal)
pair("ne not_equal", tf.not_equal)
pair("logical_and and", tf.logical_and)
pair("logical_or or", tf.logical_or)
pair("xlogy", tf.math.xlogy)


@entry("add", "radd")
def _add(a: Any, b: Any, *, alpha: Any = 1) -> Any:
    return tf.add(*alike(a, b if alpha == 1 else alpha * b))


@entry("sub", "subtract")
def _sub(a: Any, b: Any, *, alpha: Any = 1) -> Any:
    return tf.subtract(*alike(a, b if alpha == 1 else alpha * b))


@entry("rsub")
def _rsub(a: Any, b: Any, *, alpha: Any = 1) -> Any:
    return _sub(b, a, alpha=alpha)


@entry("div", "divide")
def _div(a: Any, b: Any, *, rounding_mode: str | None = None) -> Any:
    made = tf.divide(*alike(a, b))
    return tf.floor(made) if rounding_mode == "floor" else made


@entry("rdiv", "rtruediv")
def _rdiv(a: Any, b: Any) -> Any:
    return _div(b, a)


@entry("mv")
def _mv(a: Any, b: Any) -> Any:
    return tf.linalg.matvec(a, b)


@entry("matmul", "mm", "bmm")
def _matmul(a: Any, b: Any) -> Any:
    a, b = alike(a, b)
    ranks = np.ndim(array_of(a)), np.ndim(array_of(b))
    if ranks == (1, 1):
        return tf.tensordot(a, b, 1)
    if ranks[1] == 1:
        return tf.linalg.matvec(a, b)
    if ranks[0] == 1:
        return tf.linalg.matvec(b, a, transpose_a=True)
    return tf.matmul(a, b)


@entry("rmatmul")
def _rmatmul(a: Any, b: Any) -> Any:
    return _matmul(b, a)


entry("dot", "inner", "vdot")(_matmul)


@entry("outer", "ger")
def _outer(a: Any, b: Any) -> Any:
    return tf.expand_dims(a, 1) * tf.expand_dims(b, 0)


@entry("einsum")
def _einsum(equation: str, *operands: Any) -> Any:
    given = operands[0] if isinstance(operands[0], (list, tuple)) else operands
    return tf.einsum(equation, *given)


@entry("addmm")
def _addmm(c: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    product = tf.matmul(a, b)
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
        return tf.clip_by_value(x, min, max)
    return tf.maximum(*alike(x, _like(min, x))) if max is None else tf.minimum(
        *alike(x, _like(max, x))
    )


def _like(v: Any, x: Any) -> Any:
    return v if hasattr(v, "_v") else tf.constant(v, _dtype(x))


TABLE["clamp_min"] = lambda x, min: _clamp(x, min)
TABLE["clamp_max"] = lambda x, max: _clamp(x, None, max)


@entry("where")
def _where(condition: Any, a: Any, b: Any) -> Any:
    one = a if hasattr(a, "_v") else b
    return tf.where(condition, *alike(_like(a, one), _like(b, one)))


@entry("masked_fill")
def _masked_fill(x: Any, mask: Any, value: Any) -> Any:
    return tf.where(mask, _like(value, x), x)


# -- reductions ------------------------------------------------------------------------


def _axis(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, (list, tuple)) else dim


def _from_end(x: Any, dim: int) -> int:
    """An axis counted from the end, as the ops of the engine have it."""
    return dim if dim < 0 else dim - np.ndim(array_of(x))


def reduction(names: str, function: Any) -> None:
    """A reduction over all axes, or over ``dim``."""

    def reduce(
        x: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, **_: Any
    ) -> Any:
        axis = _axis(dim)
        return function(x, None if axis == () else axis, keepdim)

    for name in names.split():
        TABLE[name] = reduce


reduction("sum nansum", tf.reduce_sum)
reduction("mean", tf.reduce_mean)
reduction("prod", tf.reduce_prod)
reduction("amax", tf.reduce_max)
reduction("amin", tf.reduce_min)
reduction("logsumexp", tf.reduce_logsumexp)
reduction("any", tf.reduce_any)
reduction("all", tf.reduce_all)


def _spread(x: Any, dim: Any, keepdim: bool, correction: Any, unbiased: Any) -> Any:
    """The variance, with n - 1 below as PyTorch has it."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    correction = correction if unbiased is None else int(unbiased)
    shape = np.shape(array_of(x))
    axes = range(len(shape)) if dim is None else np.atleast_1d(dim)
    count = math.prod(shape[k] for k in axes)
    middle = tf.reduce_mean(x, _axis(dim), True)
    total = tf.reduce_sum(tf.square(x - middle), _axis(dim), keepdim)
    return total / (count - correction)


@entry("var")
def _var(
    x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *,
    correction: Any = 1,
) -> Any:  # fmt: skip
    return _spread(x, dim, keepdim, correction, unbiased)


@entry("std")
def _std(
    x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *,
    correction: Any = 1,
) -> Any:  # fmt: skip
    return tf.sqrt(_spread(x, dim, keepdim, correction, unbiased))


@entry("norm", "linalg_norm", "linalg_vector_norm")
def _norm(
    x: Any, p: Any = None, dim: Any = None, keepdim: bool = False, **_: Any
) -> Any:
    if p in (None, 2, 2.0, "fro") or (p == "fro"):
        return tf.norm(x, axis=_axis(dim), keepdims=keepdim)
    if p == 1:
        return tf.reduce_sum(tf.abs(x), _axis(dim), keepdim)
    raise NotImplementedError(p)


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
        return _along(x, dim, ids, keep), tf.constant(ids)

    entry(name, out=True)(choose)


def _along(x: Any, dim: int, ids: Any, keep: bool) -> Any:
    axis = _from_end(x, dim)
    ids = ids if keep else np.expand_dims(ids, axis)
    found = call.along(x, ids, axis)
    return found if keep else tf.squeeze(found, axis)


chosen("max", (tf.reduce_max, tf.maximum))
chosen("min", (tf.reduce_min, tf.minimum))


@entry("sort", "topk", out=True)
def _sorted(x: Any, *more: Any, out: Any, dim: int = -1, **_: Any) -> Any:
    _, ids = out
    return call.sort(x, ids, _from_end(x, dim)), tf.constant(ids)


@entry("cumsum")
def _cumsum(x: Any, dim: int, **_: Any) -> Any:
    return tf.cumsum(x, dim)


@entry("cumprod")
def _cumprod(x: Any, dim: int, **_: Any) -> Any:
    return tf.math.cumprod(x, dim)


@entry("argmax", out=True)
def _argmax(x: Any, *_: Any, out: Any, **__: Any) -> Any:
    return tf.constant(out)


entry("argmin", "argsort", "bucketize", "searchsorted", out=True)(_argmax)


@entry("softmax")
def _softmax(x: Any, dim: Any = -1, *_: Any, **__: Any) -> Any:
    return tf.nn.softmax(x, dim)


@entry("log_softmax")
def _log_softmax(x: Any, dim: Any = -1, *_: Any, **__: Any) -> Any:
    return tf.nn.log_softmax(x, dim)


# -- shapes ----------------------------------------------------------------------------


def _sizes(given: Any) -> Any:
    """``view(2, 3)`` and ``view((2, 3))``."""
    sizes = given[0] if len(given) == 1 and isinstance(given[0], (list, tuple)) else given
    return tuple(int(array_of(k)) if hasattr(k, "_v") else int(k) for k in sizes)


@entry("reshape", "view", "unflatten", "flatten", "ravel", out=True)
def _reshape(x: Any, *_: Any, out: Any, **__: Any) -> Any:
    return tf.reshape(x, np.shape(out))


@entry("view_as", "reshape_as", out=True)
def _reshape_as(x: Any, _: Any, *, out: Any) -> Any:
    return tf.reshape(x, np.shape(out))


@entry("unsqueeze")
def _unsqueeze(x: Any, dim: int) -> Any:
    return tf.expand_dims(x, dim)


@entry("squeeze", out=True)
def _squeeze(x: Any, *_: Any, out: Any, **__: Any) -> Any:
    return call.squeeze(x, np.shape(out))


@entry("expand", "expand_as", "broadcast_to", out=True)
def _expand(x: Any, *_: Any, out: Any, **__: Any) -> Any:
    return tf.broadcast_to(x, np.shape(out))


@entry("permute")
def _permute(x: Any, *dims: Any, **options: Any) -> Any:
    return tf.transpose(x, _sizes(dims or (options["dims"],)))


@entry("transpose", "swapaxes", "swapdims")
def _transpose(x: Any, a: int, b: int) -> Any:
    order = [*range(np.ndim(array_of(x)))]
    order[a], order[b] = order[b], order[a]
    return tf.transpose(x, order)


@entry("mT")
def _mt(x: Any) -> Any:
    return tf.linalg.matrix_transpose(x)


@entry("cat", "concat", "concatenate")
def _cat(tensors: Any, dim: int = 0) -> Any:
    return tf.concat(list(tensors), dim)


@entry("stack")
def _stack(tensors: Any, dim: int = 0) -> Any:
    return tf.stack(list(tensors), dim)


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
        return tf.gather(x, key)
    return x[key]


@entry("index_select")
def _index_select(x: Any, dim: int, index: Any) -> Any:
    return tf.gather(x, index, axis=dim)


@entry("gather", "take_along_dim")
def _gather(x: Any, dim: int, index: Any, **_: Any) -> Any:
    return call.along(x, array_of(index), _from_end(x, dim))


@entry("flip")
def _flip(x: Any, *dims: Any) -> Any:
    return tf.reverse(x, [k % np.ndim(array_of(x)) for k in _sizes(dims)])


@entry("roll")
def _roll(x: Any, shifts: Any, dims: Any = None) -> Any:
    return tf.roll(x, shifts, dims)


@entry("repeat", "tile")
def _repeat(x: Any, *sizes: Any) -> Any:
    times = _sizes(sizes)
    for _ in range(len(times) - np.ndim(array_of(x))):
        x = tf.expand_dims(x, 0)
    return tf.tile(x, times)


@entry("triu")
def _triu(x: Any, diagonal: int = 0) -> Any:
    mask = np.triu(np.ones(np.shape(array_of(x)), _dtype(x)), diagonal)
    return x * tf.constant(mask)


@entry("tril")
def _tril(x: Any, diagonal: int = 0) -> Any:
    mask = np.tril(np.ones(np.shape(array_of(x)), _dtype(x)), diagonal)
    return x * tf.constant(mask)


@entry("diag")
def _diag(x: Any, diagonal: int = 0) -> Any:
    if diagonal:
        raise NotImplementedError(diagonal)
    vector = np.ndim(array_of(x)) == 1
    return tf.linalg.diag(x) if vector else tf.linalg.diag_part(x)


@entry(
    "to", "type", "float", "double", "half", "bfloat16", "int", "long", "bool", "cpu",
    "type_as", out=True,
)  # fmt: skip
def _cast(x: Any, *_: Any, out: Any, **__: Any) -> Any:
    return x if _dtype(x) == out.dtype else tf.cast(x, out.dtype)


# -- layers ----------------------------------------------------------------------------


@entry("linear")
def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    made = _matmul(x, tf.transpose(weight))
    return made if bias is None else made + bias


@entry("softplus")
def _softplus(x: Any, beta: Any = 1, threshold: Any = 20) -> Any:
    return tf.math.softplus(x) if beta == 1 else tf.math.softplus(beta * x) / beta


@entry("gelu")
def _gelu(x: Any, *, approximate: str = "none") -> Any:
    return tf.nn.gelu(x, approximate=approximate == "tanh")


@entry("leaky_relu")
def _leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    return tf.nn.leaky_relu(x, negative_slope)


@entry("elu")
def _elu(x: Any, alpha: float = 1.0) -> Any:
    if alpha != 1:
        return tf.where(x > 0, x, alpha * tf.math.expm1(tf.minimum(x, 0.0)))
    return tf.nn.elu(x)


@entry("embedding")
def _embedding(ids: Any, weight: Any) -> Any:
    return tf.gather(weight, ids)


@entry("dropout", out=True)
def _dropout(
    x: Any, p: float = 0.5, training: bool = True, *, out: Any, **__: Any
) -> Any:
    """The mask is read from the result; where the operand is 0 it does not matter."""
    if not training or not p:
        return tf.identity(x)
    scale = 0.0 if p == 1 else 1 / (1 - p)
    mask = np.where(np.asarray(out) != 0, scale, 0).astype(out.dtype)
    return x * tf.constant(mask[()])


@entry("layer_norm")
def _layer_norm(
    x: Any, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    axes = tuple(range(-len(shape), 0))
    middle = tf.reduce_mean(x, axes, True)
    away = x - middle
    made = away / tf.sqrt(tf.reduce_mean(tf.square(away), axes, True) + eps)
    made = made if weight is None else made * weight
    return made if bias is None else made + bias


@entry("rms_norm")
def _rms_norm(x: Any, shape: Any, weight: Any = None, eps: Any = None) -> Any:
    axes = tuple(range(-len(shape), 0))
    eps = float(np.finfo(_dtype(x)).eps) if eps is None else eps
    made = x * tf.math.rsqrt(tf.reduce_mean(tf.square(x), axes, True) + eps)
    return made if weight is None else made * weight


@entry("batch_norm")
def _batch_norm(  # noqa: PLR0913, PLR0917 - PyTorch's signature
    x: Any, mean: Any = None, var: Any = None, weight: Any = None, bias: Any = None,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    rank = np.ndim(array_of(x))
    axes = (0, *range(2, rank))
    shape = (1, -1) + (1,) * (rank - 2)
    if training:
        mean = tf.reduce_mean(x, axes, True)
        var = tf.reduce_mean(tf.square(x - mean), axes, True)
    else:
        mean, var = tf.reshape(mean, shape), tf.reshape(var, shape)
    made = (x - mean) / tf.sqrt(var + eps)
    made = made if weight is None else made * tf.reshape(weight, shape)
    return made if bias is None else made + tf.reshape(bias, shape)


@entry("scaled_dot_product_attention")
def _attention(  # noqa: PLR0913, PLR0917 - PyTorch's signature
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0,
    is_causal: bool = False, *, scale: Any = None,
) -> Any:  # fmt: skip
    size = np.shape(array_of(query))[-1]
    scores = tf.matmul(query, key, transpose_b=True)
    scores = scores * (1 / math.sqrt(size) if scale is None else scale)
    mask = array_of(attn_mask) if attn_mask is not None else None
    if is_causal:
        mask = np.tril(np.ones(np.shape(array_of(scores))[-2:], bool))
    if mask is not None and mask.dtype == bool:
        mask = np.where(mask, 0, -np.inf).astype(_dtype(scores))
    if mask is not None:
        scores = scores + tf.constant(mask)
    return tf.matmul(tf.nn.softmax(scores), value)


@entry("rnn_tanh_cell")
def _rnn_tanh_cell(  # noqa: PLR0913, PLR0917 - PyTorch's signature
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    return tf.tanh(_linear(x, w_ih, b_ih) + _linear(h, w_hh, b_hh))


@entry("rnn_relu_cell")
def _rnn_relu_cell(  # noqa: PLR0913, PLR0917 - PyTorch's signature
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    return tf.nn.relu(_linear(x, w_ih, b_ih) + _linear(h, w_hh, b_hh))


@entry("gru_cell")
def _gru_cell(  # noqa: PLR0913, PLR0917 - PyTorch's signature
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    xr, xz, xn = tf.split(_linear(x, w_ih, b_ih), 3, axis=-1)
    hr, hz, hn = tf.split(_linear(h, w_hh, b_hh), 3, axis=-1)
    reset, update = tf.sigmoid(xr + hr), tf.sigmoid(xz + hz)
    new = tf.tanh(xn + reset * hn)
    return new + update * (h - new)


@entry("lstm_cell")
def _lstm_cell(  # noqa: PLR0913, PLR0917 - PyTorch's signature
    x: Any, hidden: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    h, c = hidden
    gates = _linear(x, w_ih, b_ih) + _linear(h, w_hh, b_hh)
    i, f, g, o = tf.split(gates, 4, axis=-1)
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    return tf.sigmoid(o) * tf.tanh(c), c


# -- losses ----------------------------------------------------------------------------


def _reduced(x: Any, reduction: str) -> Any:
    return {"mean": tf.reduce_mean, "sum": tf.reduce_sum, "none": lambda v: v}[
        reduction
    ](x)


@entry("mse_loss")
def _mse_loss(x: Any, y: Any, *, reduction: str = "mean") -> Any:
    return _reduced(tf.math.squared_difference(*alike(x, y)), reduction)


@entry("l1_loss")
def _l1_loss(x: Any, y: Any, *, reduction: str = "mean") -> Any:
    return _reduced(tf.abs(x - y), reduction)


@entry("smooth_l1_loss", "huber_loss")
def _huber(
    x: Any, y: Any, reduction: str = "mean", delta: float = 1.0, beta: float = 1.0
) -> Any:
    if delta != 1 or beta != 1:
        raise NotImplementedError
    away = tf.abs(x - y)
    return _reduced(tf.where(away < 1.0, 0.5 * tf.square(away), away - 0.5), reduction)


@entry("cross_entropy")
def _cross_entropy(
    x: Any, y: Any, *, reduction: str = "mean", weight: Any = None,
    label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    if weight is not None or label_smoothing or np.ndim(array_of(x)) > 2:
        raise NotImplementedError
    if _dtype(y).kind in "iu":
        made = tf.nn.sparse_softmax_cross_entropy_with_logits(y, x)
    else:
        made = tf.nn.softmax_cross_entropy_with_logits(y, x)
    return _reduced(made, reduction)


@entry("nll_loss")
def _nll_loss(x: Any, y: Any, *, reduction: str = "mean") -> Any:
    ids = np.expand_dims(array_of(y), 1)
    return _reduced(-tf.squeeze(call.along(x, ids, -1), 1), reduction)


@entry("binary_cross_entropy")
def _bce(x: Any, y: Any, *, reduction: str = "mean") -> Any:
    made = y * tf.math.log(x) + (1.0 - y) * tf.math.log(1.0 - x)
    return _reduced(-made, reduction)


@entry("binary_cross_entropy_with_logits")
def _bce_logits(x: Any, y: Any, *, reduction: str = "mean") -> Any:
    return _reduced(tf.nn.sigmoid_cross_entropy_with_logits(y, x), reduction)


@entry("kl_div")
def _kl_div(
    x: Any, y: Any, *, reduction: str = "mean", log_target: bool = False
) -> Any:
    made = tf.exp(y) * (y - x) if log_target else tf.math.xlogy(y, y) - y * x
    if reduction == "batchmean":
        return tf.reduce_sum(made) / np.shape(array_of(x))[0]
    return _reduced(made, reduction)
