"""Each op of the wider surface in plain NumPy, and the cases it is tried with.

Written without the engine's words, by other formulas where there are any: an einsum by
loops of outer products, a determinant by expansion, erf by its series.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeviz.engine.kernels import linalg

Shape = tuple[int, ...]
Array = Any
Layout = list[tuple[tuple[Shape, ...], tuple[Any, ...]]]


# -- functions -------------------------------------------------------------------------


def _erf(x: Array) -> Array:
    """By its power series; good for |x| < 4 at 60 terms."""
    x = np.asarray(x, np.float64)
    terms = [
        (-1) ** n * x ** (2 * n + 1) / (math.factorial(n) * (2 * n + 1))
        for n in range(60)
    ]
    return np.asarray(2 / math.sqrt(math.pi) * sum(terms))


def _unless(hole: Array, value: Callable[[], Array]) -> Array:
    with np.errstate(all="ignore"):
        return np.where(hole, 0.0, value())


def _normal(x: Array) -> Array:
    return np.exp(-np.square(x) / 2) / np.sqrt(2 * np.pi)


def _below(x: Array) -> Array:
    return (1 + _erf(np.divide(x, np.sqrt(2)))) / 2


def _lgamma(x: Array) -> Array:
    return np.log(np.abs(np.vectorize(math.gamma, otypes=[float])(x)))


def _digamma(x: Array) -> Array:
    """By the harmonic sum up to 40, and the asymptotic series from there on."""
    x = np.asarray(x, np.float64)
    far = x + 40
    end = np.log(far) - 1 / (2 * far) - 1 / (12 * far**2) + 1 / (120 * far**4)
    end -= 1 / (252 * far**6)
    return np.asarray(end - sum(1 / (x + k) for k in range(40)))


def _series(n: int, x: Array) -> Array:
    """The sum of 1 / (x + k)^(n + 1), its end as an integral."""
    x, m, s = np.asarray(x, np.float64), 4000, n + 1
    total = sum((x + k) ** -s for k in range(m))
    far = x + m
    total += far ** (1 - s) / n + far**-s / 2 + s * far ** (-s - 1) / 12
    return (-1) ** s * math.factorial(n) * total


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add_n": lambda xs: np.sum(np.stack(xs), axis=0),
    "clip": lambda a, hi, lo: np.fmax(np.fmin(a, hi), lo),
    "squared_difference": lambda a, b: np.square(np.subtract(a, b)),
    "divide_no_nan": lambda a, b: _unless(np.equal(b, 0), lambda: np.divide(a, b)),
    "multiply_no_nan": lambda a, b: _unless(np.equal(b, 0), lambda: np.multiply(a, b)),
    "xlogy": lambda a, b: _unless(np.equal(a, 0), lambda: a * np.log2(b) * np.log(2)),
    "xlog1py": lambda a, b: _unless(np.equal(a, 0), lambda: a * np.log(np.add(1, b))),
    "xdivy": lambda a, b: _unless(np.equal(a, 0), lambda: np.divide(a, b)),
    "nonzero": lambda x: np.where(np.equal(x, 0), 0.0, 1.0),
    "positive": lambda x: np.greater(x, 0),
    "atan2": lambda a, b: np.angle(np.multiply(a, 1j) + b),
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "logical_not": np.logical_not,
    "is_nan": lambda x: np.not_equal(x, x),
    "is_inf": lambda x: np.equal(np.abs(x), np.inf),
    "is_finite": lambda x: np.less(np.abs(x), np.inf),
    "expm1": lambda x: np.exp(x) - 1,
    "log1p": lambda x: np.log(1 + np.asarray(x)),
    "rsqrt": lambda x: np.power(x, -0.5),
    "reciprocal": lambda x: np.power(x, -1.0),
    "erf": _erf,
    "erfc": lambda x: 1 - _erf(x),
    "lgamma": _lgamma,
    "digamma": _digamma,
    "polygamma": lambda x, n: _series(n, x),
    "adjust_contrast": lambda a, b: b * a + (1 - b) * np.mean(
        a, axis=(-3, -2), keepdims=True
    ),
    "tan": lambda x: np.sin(x) / np.cos(x),
    "asin": np.arcsin,
    "acos": lambda x: np.pi / 2 - np.arcsin(x),
    "atan": np.arctan,
    "sinh": lambda x: (np.exp(x) - np.exp(np.negative(x))) / 2,
    "cosh": lambda x: (np.exp(x) + np.exp(np.negative(x))) / 2,
    "asinh": lambda x: np.log(x + np.sqrt(np.square(x) + 1)),
    "acosh": lambda x: np.log(x + np.sqrt(np.square(x) - 1)),
    "atanh": lambda x: np.log((1 + np.asarray(x)) / (1 - np.asarray(x))) / 2,
    "ceil": lambda x: -np.floor(np.negative(x)),
    "round": np.round,
    "log_sigmoid": lambda x: -np.log(1 + np.exp(np.negative(x))),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x, alpha: np.where(np.greater(x, 0), x, alpha * np.asarray(x)),
    "elu": lambda x: np.where(np.greater(x, 0), x, np.exp(x) - 1),
    "selu": lambda x: 1.0507009873554805 * np.where(
        np.greater(x, 0), x, 1.6732632423543772 * (np.exp(x) - 1)
    ),
    "gelu": lambda x: x * _below(x),
    "silu": lambda x: x / (1 + np.exp(np.negative(x))),
    "sqrt_grad": lambda a, b: _unless(np.equal(a, 0), lambda: a / (2 * np.asarray(b))),
    "quotient": lambda a, b: _unless(np.equal(a, 0), lambda: np.divide(a, b)),
    "product": lambda a, b: _unless(np.equal(a, 0), lambda: np.multiply(a, b)),
    "gate": lambda a, b: a * np.greater(b, 0),
    "leak": lambda x, alpha: np.where(np.greater(x, 0), 1.0, alpha),
    "cdf": _below,
    "bell": _normal,
}  # fmt: skip


# -- reductions ------------------------------------------------------------------------


def _all_of(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, axis, keep: f(np.asarray(x), axis=axis, keepdims=keep)


def _run(
    f: Callable[[list[float]], float], x: Array, axis: Any, exclusive: bool, back: bool
) -> Array:
    """A running reduction, each entry from its own list of numbers."""
    at = axis[0] if isinstance(axis, tuple) else axis
    rows = np.moveaxis(np.asarray(x), at, -1)
    out = np.empty(rows.shape)
    for entry in np.ndindex(*rows.shape):
        row, i = rows[entry[:-1]], entry[-1]
        part = row[i + exclusive :] if back else row[: i + 1 - exclusive]
        out[entry] = f(part.tolist())
    return np.moveaxis(out, -1, at)


def _softmax(x: Array, axis: Any) -> Array:
    e = np.exp(x)
    return np.asarray(e / np.sum(e, axis=axis, keepdims=True))


def _shares(a: Array, b: Array, axis: Any, keep: bool) -> Array:
    a = np.asarray(a)
    if not keep:
        axes = range(a.ndim) if axis is None else (i % a.ndim for i in axis)
        b = np.expand_dims(b, tuple(sorted(axes)))
    won = np.where(a == b, 1.0, 0.0)
    with np.errstate(all="ignore"):
        return np.asarray(won / np.sum(won, axis=axis, keepdims=True))


def _hot(a: Array, b: Array) -> Array:
    return np.eye(np.shape(b)[-1])[np.asarray(a, int)]


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "max": _all_of(np.amax),
    "min": _all_of(np.amin),
    "prod": _all_of(np.prod),
    "any": _all_of(np.any),
    "all": _all_of(np.all),
    "variance": _all_of(np.var),
    "std": _all_of(np.std),
    "logsumexp": lambda x, axis, keep: np.log(
        np.sum(np.exp(x), axis=axis, keepdims=keep)
    ),
    "norm": lambda x, axis, keep: np.sum(np.square(x), axis=axis, keepdims=keep) ** 0.5,
    "l2_loss": lambda x: np.sum(np.square(x)) * 0.5,
    "argmax": lambda x, axis: (
        np.argsort(-np.asarray(x), axis, kind="stable").take(0, axis)
    ),
    "argmin": lambda x, axis: np.argsort(x, axis, kind="stable").take(0, axis),
    "cumsum": lambda *of: _run(math.fsum, *of),
    "cumprod": lambda *of: _run(math.prod, *of),
    "shares": _shares,
    "softmax": _softmax,
    "log_softmax": lambda x, axis: np.log(_softmax(x, axis)),
    "softmax_cross_entropy": lambda a, b: -np.sum(a * np.log(_softmax(b, -1)), axis=-1),
    "sparse_softmax_cross_entropy": lambda a, b: -np.log(
        np.sum(_softmax(b, -1) * _hot(a, b), -1)
    ),
    "sigmoid_cross_entropy": lambda a, b: -(
        a * np.log(1 / (1 + np.exp(np.negative(b))))
        + (1 - np.asarray(a)) * np.log(1 / (1 + np.exp(b)))
    ),
    "hot": _hot,
}  # fmt: skip


# -- moves -----------------------------------------------------------------------------


def _moved(f: Callable[..., Any], axis: int, x: Array, *rest: Any) -> Array:
    """A function of the first axis, applied at another."""
    return np.moveaxis(f(np.moveaxis(np.asarray(x), axis, 0), *rest), 0, axis)


def _widened(x: Array, size: int, start: int) -> Array:
    z = np.zeros((size, *x.shape[1:]))
    z[start : start + len(x)] = x
    return z


def _padded(x: Array, widths: Any, value: float) -> Array:
    x = np.asarray(x)
    z = np.full(
        [n + lo + hi for n, (lo, hi) in zip(x.shape, widths, strict=True)], value, float
    )
    z[tuple(slice(lo, lo + n) for n, (lo, _) in zip(x.shape, widths, strict=True))] = x
    return z


def _tiled(x: Array, times: Shape) -> Array:
    x = np.asarray(x)
    for axis, t in enumerate(times):
        x = np.concatenate([x] * t, axis)
    return x


def _untiled(x: Array, shape: Shape, times: Shape) -> Array:
    x = np.asarray(x)
    for axis, t in enumerate(times):
        x = sum(np.split(x, t, axis))  # type: ignore[assignment]
    return x


def _taken(x: Any, ids: Array, axis: int) -> Array:
    return _in_place(np.moveaxis(np.asarray(x), axis, 0), ids, axis)


def _in_place(x: Array, ids: Array, axis: int) -> Array:
    """``x`` has the axis in front; the entries end up where the axis was."""
    many, at = np.ndim(ids), axis % x.ndim
    out = np.empty((*np.shape(ids), *x.shape[1:]))
    for entry in np.ndindex(*np.shape(ids)):
        out[entry] = x[np.asarray(ids)[entry]]
    order = [*range(many, many + at), *range(many), *range(many + at, out.ndim)]
    return np.transpose(out, order)


def _scattered(x: Array, shape: Shape, ids: Array, axis: int) -> Array:
    z = np.zeros(shape)
    back = np.moveaxis(z, axis, 0)
    many, at = np.ndim(ids), axis % len(shape)
    parts = np.moveaxis(np.asarray(x), tuple(range(at, at + many)), tuple(range(many)))
    for entry in np.ndindex(*np.shape(ids)):
        back[np.asarray(ids)[entry]] += parts[entry]
    return z


def _points(x: Array, ids: Array, lead: int) -> Array:
    assert lead == 0
    return np.stack([x[tuple(p)] for p in ids.reshape(-1, ids.shape[-1])]).reshape(
        *ids.shape[:-1], *np.shape(x)[ids.shape[-1] :]
    )


def _points_back(x: Array, shape: Shape, ids: Array, lead: int) -> Array:
    assert lead == 0
    z = np.zeros(shape)
    for entry in np.ndindex(*ids.shape[:-1]):
        z[tuple(ids[entry])] += x[entry]
    return z


def _along(x: Array, ids: Array, axis: int) -> Array:
    x, ids = np.moveaxis(x, axis, -1), np.moveaxis(ids, axis, -1)
    out = np.empty(ids.shape)
    for entry in np.ndindex(*ids.shape):
        out[entry] = x[(*entry[:-1], ids[entry])]
    return np.moveaxis(out, -1, axis)


def _put_along(x: Array, shape: Shape, ids: Array, axis: int) -> Array:
    z = np.zeros(shape)
    back, x, ids = (np.moveaxis(v, axis, -1) for v in (z, x, ids))
    for entry in np.ndindex(*ids.shape):
        back[(*entry[:-1], ids[entry])] = x[entry]
    return z


MOVES: dict[str, Callable[..., Any]] = {
    "expand_dims": np.reshape,
    "squeeze": np.reshape,
    "reverse": lambda x, axis: x[tuple(
        slice(None, None, -1 if i - np.ndim(x) in axis else 1)
        for i in range(np.ndim(x))
    )],
    "roll": lambda x, shift, axis: x if not axis else MOVES["roll"](
        _moved(lambda v: v[(np.arange(len(v)) - shift[0]) % len(v)], axis[0], x),
        shift[1:], axis[1:],
    ),
    "concat": lambda xs, axis: np.moveaxis(
        np.array([row for x in xs for row in np.moveaxis(x, axis, 0)]).reshape(
            -1, *np.moveaxis(np.asarray(xs[0]), axis, 0).shape[1:]
        ), 0, axis,
    ),
    "narrow": lambda x, start, size, axis: _moved(
        lambda v: v[start : start + size], axis, x
    ),
    "widen": lambda x, size, start, axis: _moved(_widened, axis, x, size, start),
    "pad": _padded,
    "trim": lambda x, widths: x[tuple(
        slice(lo, n - hi) for n, (lo, hi) in zip(np.shape(x), widths, strict=True)
    )],
    "tile": _tiled,
    "untile": _untiled,
    "gather": _taken,
    "repeat": _taken,
    "mirror_pad": _taken,
    "scatter": _scattered,
    "gather_nd": _points,
    "scatter_nd": _points_back,
    "sort": _along,
    "top_k": _along,
    "along": _along,
    "put_along": _put_along,
}  # fmt: skip


# -- matrices --------------------------------------------------------------------------


def _einsum(xs: Any, eq: str) -> Array:
    """Every product of entries, added where the equation says."""
    ins, out = eq.split("->")
    terms = ins.split(",")
    sizes = {
        c: n
        for t, x in zip(terms, xs, strict=True)
        for c, n in zip(t, np.shape(x), strict=True)
    }
    letters = sorted(sizes)
    z = np.zeros([sizes[c] for c in out])
    for entry in itertools.product(*(range(sizes[c]) for c in letters)):
        at = dict(zip(letters, entry, strict=True))
        product = math.prod(
            float(np.asarray(x)[tuple(at[c] for c in t)])
            for t, x in zip(terms, xs, strict=True)
        )
        z[tuple(at[c] for c in out)] += product
    return z


def _det(x: Array) -> Array:
    """By expansion along the first row."""
    n = np.shape(x)[-1]
    if n == 1:
        return x[..., 0, 0]
    parts = [
        (-1) ** j * x[..., 0, j] * _det(np.delete(x[..., 1:, :], j, -1))
        for j in range(n)
    ]
    return sum(parts[1:], parts[0])


def _diag(x: Array, rows: int, columns: int) -> Array:
    z = np.zeros((*x.shape[:-1], rows, columns))
    for i in range(x.shape[-1]):
        z[..., i, i] = x[..., i]
    return z


def _cross(a: Array, b: Array) -> Array:
    a, b = np.broadcast_arrays(a, b)
    parts = [
        a[..., i] * b[..., j] - a[..., j] * b[..., i]
        for i, j in ((1, 2), (2, 0), (0, 1))
    ]
    return np.stack(parts, -1)


MATRICES: dict[str, Callable[..., Any]] = {
    "gaps": lambda x: np.subtract(x[..., None, :], x[..., :, None]),
    "even": lambda x: 0.5 * (x + np.swapaxes(x, -1, -2)),
    "half": lambda x: x * (np.tri(x.shape[-1], k=-1) + np.eye(x.shape[-1]) / 2),
    "einsum": _einsum,
    "tensordot": _einsum,
    "matvec": _einsum,
    "cross": _cross,
    "det": _det,
    "inv": np.linalg.pinv,
    "solve": lambda a, b: np.linalg.pinv(a) @ b,
    "diag": _diag,
    "diag_part": lambda x: np.stack(
        [x[..., i, i] for i in range(min(x.shape[-2:]))], -1
    ),
    "trace": lambda x: sum(x[..., i, i] for i in range(min(x.shape[-2:]))),
    "band_part": lambda x, lower, upper: np.triu(
        np.tril(x, upper if upper >= 0 else 99), -lower if lower >= 0 else -99
    ),
    "unit": lambda x: np.tri(*x.shape[-2:]) - np.tri(*x.shape[-2:], -1),
    "band": lambda x, lower, upper: (
        MATRICES["band_part"](np.ones(x.shape[-2:]), lower, upper) > 0
    ),
}  # fmt: skip

OTHER: dict[str, Callable[..., Any]] = {
    "check_numerics": lambda x, _message: x,
}

NUMPY = FUNCTIONS | REDUCTIONS | MOVES | MATRICES | OTHER

APART = frozenset(
    (
        "custom", "part", "gather_rows", "complex", "real", "imag", "conj", "angle",
        "cholesky", "eigenvalues", "eigenvectors", "singular", "left", "right",
        "orthogonal", "upper",
    )
)  # fmt: skip
"""Ops with tests of their own: what the learner gives, complex numbers, functions of
symmetric matrices alone, whose entries cannot be moved one by one, and those whose
results have a sign that is free."""


# -- shapes and settings ---------------------------------------------------------------

SHAPES: dict[str, list[tuple[Shape, ...]]] = {
    "add_n": [((3,),), ((2, 3),) * 3, ((),) * 2, ((0,),) * 2],
    "det": [((1, 1),), ((3, 3),), ((2, 2, 2),)],
    "gaps": [((3,),), ((2, 3),), ((1,),)],
    "even": [((3, 3),), ((2, 2, 2),)],
    "half": [((3, 3),), ((2, 2, 2),)],
    "adjust_contrast": [((2, 2, 1), ()), ((2, 1, 2, 2), ())],
    "inv": [((1, 1),), ((3, 3),), ((2, 2, 2),)],
    "solve": [((2, 2), (2, 1)), ((3, 3), (3, 2)), ((2, 2, 2), (2, 2, 3))],
    "diag_part": [((2, 2),), ((2, 3, 3),), ((2, 3),)],
    "trace": [((3, 3),), ((2, 2, 2),), ((2, 3),)],
    "unit": [((3, 3),), ((2, 2, 3),)],
    "cross": [((3,), (3,)), ((2, 3), (2, 3))],
    "softmax_cross_entropy": [((3,), (3,)), ((2, 3), (2, 3)), ((2, 1, 3), (2, 1, 3))],
    "sparse_softmax_cross_entropy": [((), (3,)), ((2,), (2, 3)), ((2, 1), (2, 1, 3))],
    "hot": [((), (3,)), ((2,), (2, 3))],
}  # fmt: skip

_AXES: Layout = [
    (((3,),), (None, False)), (((2, 3),), (None, True)), (((2, 3),), ((-1,), False)),
    (((2, 3),), ((-2,), True)), (((2, 1, 3),), ((-3, -1), False)),
    (((),), (None, False)), (((3,),), ((-1,), True)),
]  # fmt: skip
_ONE_AXIS: Layout = [
    (((3,),), ((-1,), False)), (((2, 3),), ((-2,), True)),
    (((2, 3, 2),), ((-2,), False)),
]  # fmt: skip
_WHOLE: Layout = [(((3,),), (None, False)), (((2, 3),), ((-1,), True))]
_RUNS: Layout = [
    (((3,),), (-1, False, False)), (((3,),), (-1, True, False)),
    (((2, 3),), (-2, False, True)), (((2, 3),), (-1, True, True)),
    (((3,),), ((-1,), True, False)),
]  # fmt: skip
_IDS = np.array([2, 0, 2])
_TABLE = np.array([[1, 0], [1, 1]])
_POINTS = np.array([[0, 1], [1, 2], [0, 1]])
_ORDER = np.array([[2, 0, 1], [0, 2, 1]])
_TAKEN: Layout = [
    (((3,),), (_IDS, -1)), (((3, 2),), (_IDS, -2)), (((2, 3),), (_IDS, -1)),
    (((2, 3),), (_TABLE, -2)), (((3, 2, 2),), (_TABLE, -2)),
    (((3,),), (np.array(1), -1)),
]  # fmt: skip
_BY_ROW: Layout = [
    (((3,),), (np.array([2, 0, 1]), -1)), (((2, 3),), (_ORDER, -1)),
    (((2, 3),), (_ORDER[:, :2], -1)), (((3, 2),), (_ORDER.T, -2)),
]  # fmt: skip

_EQUATIONS: Layout = [
    (((2, 3), (3, 2)), ("ij,jk->ik",)), (((3,), (3,)), ("i,i->",)),
    (((2, 3),), ("ij->ji",)),
    (((2, 3),), ("ij->j",)), (((3, 3),), ("ii->",)), (((3, 3),), ("ii->i",)),
    (((2, 3), (3,), (2,)), ("ij,j,i->",)), (((2,), (3,)), ("i,j->ij",)),
    (((2, 2, 3), (2, 3, 1)), ("bij,bjk->bik",)), (((2, 3), (2,)), ("ij,i->i",)),
]  # fmt: skip

SETTINGS: dict[str, Layout] = {
    **dict.fromkeys(("max", "min", "logsumexp", "norm", "any", "all"), _AXES),
    **dict.fromkeys(("variance", "std"), _AXES[:5]),
    "prod": _ONE_AXIS,
    "shares": [(((3,), ()), (None, False)), (((2, 3), (2,)), ((-1,), False))],
    "argmax": [(((3,),), (-1,)), (((2, 3),), (-2,))],
    "argmin": [(((3,),), (-1,)), (((2, 3),), (-2,))],
    "cumsum": _RUNS,
    "cumprod": _RUNS,
    "polygamma": [(((),), (1,)), (((2, 3),), (2,)), (((0,),), (3,))],
    "leaky_relu": [(((),), (0.2,)), (((2, 3),), (0.01,))],
    "leak": [(((),), (0.2,)), (((2, 3),), (0.01,))],
    "softmax": [(((3,),), ((-1,),)), (((2, 3),), ((-1,),)), (((2, 3),), ((-2,),)),
                (((2, 3),), (None,))],
    "log_softmax": [(((3,),), ((-1,),)), (((2, 3),), ((-1,),)), (((2, 3),), ((-2,),))],
    "expand_dims": [(((),), ((1,),)), (((2, 3),), ((2, 1, 3),))],
    "squeeze": [(((1,),), ((),)), (((2, 1, 3),), ((2, 3),))],
    "reverse": [(((3,),), ((-1,),)), (((2, 3),), ((-2, -1),)), (((2, 3),), ((-2,),))],
    "roll": [(((3,),), ((1,), (-1,))), (((2, 3),), ((1, -2), (-2, -1)))],
    "concat": [
        (((3,), (2,)), (-1,)), (((2, 3), (1, 3)), (-2,)),
        (((2, 3), (2, 1), (2, 2)), (-1,)),
        (((0, 2), (1, 2)), (-2,)),
    ],
    "narrow": [(((4,),), (1, 2, -1)), (((3, 2),), (0, 2, -2)), (((3, 2),), (1, 0, -2))],
    "widen": [(((2,),), (4, 1, -1)), (((2, 2),), (3, 0, -2))],
    "pad": [(((2,),), (((1, 2),), 0)), (((2, 1),), (((0, 1), (1, 0)), 5.0)),
            (((),), ((), 0))],
    "trim": [(((5,),), (((1, 2),),)), (((3, 2),), (((0, 1), (1, 0)),))],
    "tile": [(((2,),), ((3,),)), (((2, 3),), ((2, 1),)), (((2, 3),), ((1, 2),)),
             (((),), ((),))],
    "untile": [(((6,),), ((2,), (3,))), (((4, 3),), ((2, 3), (2, 1)))],
    **dict.fromkeys(("gather", "repeat", "mirror_pad"), _TAKEN),
    "scatter": [
        (((3,),), ((3,), _IDS, -1)), (((3, 2),), ((4, 2), _IDS, -2)),
        (((2, 2, 3),), ((2, 3), _TABLE, -2)), (((2,),), ((3, 2), np.array(1), -2)),
    ],
    "gather_nd": [(((2, 3),), (_POINTS, 0)), (((2, 3, 2),), (_POINTS, 0)),
                  (((3,),), (_IDS[:, None], 0))],
    "scatter_nd": [
        (((3,),), ((2, 3), _POINTS, 0)), (((3, 2),), ((2, 3, 2), _POINTS, 0)),
        (((3,),), ((4,), _IDS[:, None], 0)),
    ],
    **dict.fromkeys(("sort", "top_k", "along"), _BY_ROW),
    "put_along": [
        (((3,),), ((3,), np.array([2, 0, 1]), -1)),
        (((2, 2),), ((2, 3), _ORDER[:, :2], -1)),
    ],
    "einsum": _EQUATIONS,
    "tensordot": _EQUATIONS[:2],
    "matvec": [(((2, 3), (3,)), ("ij,j->i",))],
    "diag": [(((3,),), (3, 3)), (((2, 2),), (2, 3))],
    "band_part": [(((3, 3),), (0, -1)), (((3, 3),), (-1, 1)), (((2, 3, 2),), (1, 0))],
    "band": [(((3, 3),), (0, -1)), (((3, 3),), (1, 0))],
    "check_numerics": [(((),), ("y",)), (((2, 3),), ("y",))],
}  # fmt: skip

SAFE: dict[str, dict[str, tuple[float, float]]] = {
    "xlogy": {"b": (0.3, 2.0)},
    "xlog1py": {"b": (-0.6, 2.0)},
    "acosh": {"x": (1.2, 3.0)},
    "sqrt_grad": {"b": (0.4, 2.0)},
    "quotient": {"b": (0.4, 2.0)},
    "lgamma": {"x": (0.3, 4.0)},
    "digamma": {"x": (0.3, 4.0)},
    "polygamma": {"x": (0.3, 4.0)},
}

WORDS: dict[str, Any] = {
    "opposite": lambda shift: [-s for s in shift],
    "before": lambda shapes, k, axis: int(
        np.sum([s[axis] for s in shapes[:k]], dtype=int)
    ),
    "gradient_message": lambda message: message,
    "entry": lambda x, a: np.sum(x * _hot(a, x), -1),
    "others": linalg.others,
    "turned": linalg.turned,
}
"""Words that are no ops."""


def operand(
    name: str, slot: str, shape: Shape, rng: np.random.Generator
) -> Array | None:
    """Operands of a special kind: labels, conditions, rows that sum to 1; else None."""
    if name.startswith("logical"):
        return rng.random(shape) < 0.5
    if name in ("sparse_softmax_cross_entropy", "hot") and slot == "a":
        return rng.integers(0, 3, shape)
    if name == "softmax_cross_entropy" and slot == "a":
        rows = rng.uniform(0.2, 1.0, shape)
        return np.asarray(rows / rows.sum(-1, keepdims=True))
    return None
