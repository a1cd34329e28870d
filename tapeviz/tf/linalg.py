"""``tf.linalg``: matrices, products of tensors, norms. Axes in front are a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tapeviz.engine.arguments import (
    axes,
    floating,
    leading,
    like,
    plain,
    rank,
    same_dtype,
    sizes,
    whole,
)
from tapeviz.engine.dispatch import call
from tapeviz.engine.dtypes import float16
from tapeviz.engine.indexed_slices import IndexedSlices
from tapeviz.engine.scopes import composite, grouped
from tapeviz.engine.tensor import Tensor, Variable, convert, wrap
from tapeviz.errors import (
    index_error,
    invalid_argument,
    not_found,
    type_error,
    unimplemented,
    value_error,
)
from tapeviz.tf.arrays.creation import eye  # noqa: F401 - it is tf.linalg.eye too
from tapeviz.tf.math.reductions import l2_normalize  # noqa: F401 - and so is this

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False,
    adjoint_a: bool = False, adjoint_b: bool = False, a_is_sparse: bool = False,
    b_is_sparse: bool = False, output_type: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The matrix product over the last two axes; the axes before them broadcast.

    >>> import tapeviz as tf
    >>> tf.matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy()
    array([[11.]], dtype=float32)
    """
    sides = (transpose_a, adjoint_a, "a"), (transpose_b, adjoint_b, "b")
    for turn, adjoint, side in sides:
        if turn and adjoint:
            raise value_error(
                f"Only one of `transpose_{side}` and `adjoint_{side}` can be True. "
                f"Received `transpose_{side}`={turn}, `adjoint_{side}`={adjoint}."
            )
    if transpose_a or transpose_b or adjoint_a or adjoint_b:
        return _turned(a, b, (transpose_a, adjoint_a), (transpose_b, adjoint_b))
    return call.matmul(leading("matmul", a, b), b)


@composite("matmul")
def _turned(a: Any, b: Any, how_a: Any, how_b: Any) -> Tensor:
    first = leading("matmul", a, b)
    return call.matmul(_side(first, *how_a), _side(like(b, first), *how_b))


def _side(t: Any, turn: bool, adjoint: bool) -> Any:
    if not turn and not adjoint:
        return t
    _square(t, "MatMul", any_size=True)
    return _conjugate_transpose(t) if adjoint else call.T(t)


def _conjugate_transpose(t: Any) -> Tensor:
    return call.conj(call.T(t)) if t.dtype.is_complex else call.T(t)


def _square(given: Any, kernel: str, any_size: bool = False) -> Any:
    """A matrix, square unless ``any_size``, as a tensor."""
    t = convert(given)
    if rank(t) < 2:
        raise invalid_argument(
            f"Input must have rank >= 2, got shape {t.shape.as_list()} [Op:{kernel}]",
            "a matrix has two axes: v[:, tf.newaxis] makes a column of a vector",
        )
    if not any_size and t.shape[-1] != t.shape[-2]:
        raise invalid_argument(
            f"Input matrix must be square, got: {t.shape[-2]} != {t.shape[-1]} "
            f"[Op:{kernel}]"
        )
    return t


def _matrix(given: Any, kernel: str, any_size: bool = False) -> Any:
    """A matrix (square unless ``any_size``) that the kernel can take, as a tensor."""
    t = _square(floating(given), kernel, any_size)
    if t.dtype == float16:
        raise not_found(
            f"Could not find device for node: {{{{node {kernel}}}}} = {kernel}"
            "[T=DT_HALF]",
            "nobody computes it with float16: tf.cast(x, tf.float32)",
        )
    return t


@composite("matvec")
def matvec(
    a: Any, b: Any, transpose_a: bool = False, adjoint_a: bool = False,
    a_is_sparse: bool = False, b_is_sparse: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """A matrix times a vector (the last axis of ``b``).

    >>> import tapeviz as tf
    >>> tf.linalg.matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).numpy()
    array([3., 7.], dtype=float32)
    """
    m, v = same_dtype("matvec", [convert(a), convert(b)])
    across = -2 if transpose_a or adjoint_a else -1
    if rank(m) < 2 or rank(v) < 1 or m.shape[across] != v.shape[-1]:
        raise invalid_argument(
            f"Matrix size-incompatible: In[0]: {m.shape.as_list()}, In[1]: "
            f"{v.shape.as_list()} [Op:MatMul]",
            "the vector needs one number per column of the matrix",
        )
    given = call.conj(m) if adjoint_a and m.dtype.is_complex else m
    rows = "...ij" if across == -1 else "...ji"
    full = _equation(f"{rows},...j->...i", [rank(m), rank(v)])
    return call.matvec([given, v], full)


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """The product summed over axes: the last ``axes`` of ``a`` with the first of ``b``.

    Or over ``[axes of a, axes of b]``. With 0 it is the outer product, with 1 the dot
    product of vectors and the product of matrices.

    >>> import tapeviz as tf
    >>> tf.tensordot([1.0, 2.0], [3.0, 4.0], axes=1).numpy()
    np.float32(11.0)
    """
    x, y = same_dtype("tensordot", [convert(a), convert(b)])
    mine, other = _dot_axes(axes, rank(x), rank(y))
    left, right = list(_LETTERS[: rank(x)]), list(_LETTERS[26 : 26 + rank(y)])
    for i, j in zip(mine, other, strict=True):
        if x.shape[i] != y.shape[j]:
            raise invalid_argument(
                f"Matrix size-incompatible: In[0]: {x.shape.as_list()}, In[1]: "
                f"{y.shape.as_list()} [Op:MatMul]",
                f"axis {i} of a has {x.shape[i]} entries, "
                f"axis {j} of b has {y.shape[j]}",
            )
        right[j] = left[i]
    out = [c for i, c in enumerate(left) if i not in mine]
    out += [c for j, c in enumerate(right) if j not in other]
    return call.tensordot([x, y], f"{''.join(left)},{''.join(right)}->{''.join(out)}")


def _dot_axes(given: Any, n: int, m: int) -> tuple[list[int], list[int]]:
    value = plain(given)
    if np.ndim(value) == 0:
        k = whole(value)
        if not 0 <= k <= min(n, m):
            raise value_error(
                f"`axes` must be an integer between 0 and {min(n, m)}. Received: {k}"
            )
        return list(range(n - k, n)), list(range(k))
    if len(value) != 2:
        raise value_error(
            f"`axes` must be an integer or have length 2. Received {given}.",
            "[axes of a, axes of b], or how many axes",
        )
    mine, other = (sizes(v) if np.ndim(plain(v)) else (whole(v),) for v in value)
    if any(not -n <= i < n for i in mine) or any(not -m <= j < m for j in other):
        raise index_error(
            f"axes {given} are not all axes of tensors with {n} and {m} of them",
            "axes count from 0",
        )
    if len(mine) != len(other):
        raise value_error(
            "Different number of contraction axes `a` and `b`, "
            f"{len(mine)} != {len(other)}."
        )
    return [i % n for i in mine], [j % m for j in other]


def einsum(equation: str, *inputs: Any, **options: Any) -> Tensor:
    """The sum of products that an equation names, letter by letter.

    Letters that are missing after ``->`` are summed over; ``...`` stands for any axes.

    >>> import tapeviz as tf
    >>> tf.einsum("ij,j->i", [[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).numpy()
    array([3., 7.], dtype=float32)
    """
    known = next((t for t in inputs if isinstance(t, (Tensor, Variable))), None)
    given = inputs if known is None else [like(t, known) for t in inputs]
    tensors = same_dtype("einsum", [convert(t) for t in given])
    full = _equation(equation, [rank(t) for t in tensors])
    _check_dimensions(full, tensors, equation)
    return call.einsum(tensors, full)


def _check_labels(text: str, ins: str, out: str) -> None:
    """ValueError unless labels are letters, and those of the result once in it."""
    letters = out.replace("...", "")
    wrong = [c for c in (ins + letters).replace("...", "") if c not in f"{_LETTERS},"]
    unknown = [c for c in letters if c not in ins]
    twice = [c for c in letters if letters.count(c) > 1]
    if wrong:
        what = f"Subscripts have incorrect format: {text}"
    elif unknown:
        what = (
            f"Output subscripts contain the label {unknown[0]} not present in the "
            "input subscripts."
        )
    elif twice:
        what = f"Output subscripts contain a label appearing more than once: {text}"
    else:
        return
    do = "each axis is a letter; the result has some of them, each once: 'ij,jk->ik'"
    raise value_error(what, do)


def _check_dimensions(full: str, tensors: list[Any], text: str) -> None:
    """Whether each letter stands for axes of one size."""
    known: dict[str, int] = {}
    for term, t in zip(full.partition("->")[0].split(","), tensors, strict=True):
        for at, (c, n) in enumerate(zip(term, t.shape, strict=True)):
            size = known.setdefault(c, n)
            if size != n and (c in text or 1 not in (size, n)):
                raise invalid_argument(
                    f"Expected dimension {size} at axis {at} of the input shaped "
                    f"{t.shape.as_list()} but got dimension {n} [Op:Einsum]",
                    f"{c} stands for axes of {size} and of {n} entries",
                )
            known[c] = max(size, n)


def _equation(text: str, ranks: list[int]) -> str:
    """An equation with its right side and without dots."""
    ins, arrow, out = text.replace(" ", "").partition("->")
    terms = ins.split(",")
    if len(terms) != len(ranks):
        raise value_error(
            f"einsum needs one term per tensor: {text!r} has {len(terms)} for "
            f"{len(ranks)} tensors"
        )
    if not arrow:
        once = [c for c in sorted(set(ins) - {",", "."}) if ins.count(c) == 1]
        out = ("..." if "..." in ins else "") + "".join(once)
    _check_labels(text, ins, out)
    free = [c for c in reversed(_LETTERS) if c not in text]
    hidden = [n - len(t.replace("...", "")) for t, n in zip(terms, ranks, strict=True)]
    most = free[: max(0, *hidden)]
    full = []
    for t, n, dots in zip(terms, ranks, hidden, strict=True):
        if dots < 0 or (dots and "..." not in t):
            raise invalid_argument(
                f"Expected input with rank {len(t)} but got one with rank {n} for "
                f"the term {t!r} of {text!r} [Op:Einsum]",
                "one letter per axis",
            )
        full.append(t.replace("...", "".join(most[len(most) - dots :])))
    return ",".join(full) + "->" + out.replace("...", "".join(most))


@composite("cross")
def cross(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The vector perpendicular to both, of vectors with three entries.

    >>> import tapeviz as tf
    >>> tf.linalg.cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]).numpy()
    array([0., 0., 1.], dtype=float32)
    """
    x = convert(a)
    y = like(b, x)
    if x.shape != y.shape or not rank(x) or x.shape[-1] != 3:
        raise invalid_argument(
            f"Both inputs must be of the same shape, with 3-element vectors: "
            f"{x.shape.as_list()} vs. {y.shape.as_list()} [Op:Cross]",
            "a cross product is of two vectors in space",
        )
    return call.cross(x, y)


def matrix_transpose(
    a: Any, name: str = "matrix_transpose", conjugate: bool = False
) -> Tensor:
    """The last two axes swapped.

    >>> import tapeviz as tf
    >>> tf.linalg.matrix_transpose(tf.zeros((5, 2, 3))).shape
    TensorShape([5, 3, 2])
    """
    t = _square(a, "Transpose", any_size=True)
    return _adjoint(t) if conjugate else call.T(t)


def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """The transposed matrix, of complex numbers its conjugate.

    >>> import tapeviz as tf
    >>> tf.linalg.adjoint([[1 + 2j, 3 + 0j]]).numpy()
    array([[1.-2.j],
           [3.-0.j]])
    """
    t = convert(matrix)
    if rank(t) < 2:
        raise value_error(
            "Argument `a` should be a (batch) matrix with rank >= 2. Received `a` "
            f"with shape: {t.shape}",
            "a matrix has two axes: v[:, tf.newaxis] makes a column of a vector",
        )
    return _adjoint(t)


_adjoint = composite("adjoint")(_conjugate_transpose)


def det(input: Any, name: str | None = None) -> Tensor:
    """The determinant of square matrices.

    >>> import tapeviz as tf
    >>> x = tf.Variable([[2.0, 0.0], [1.0, 3.0]])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.linalg.det(x)
    >>> float(y)
    6.0
    >>> tape.gradient(y, x).numpy()
    array([[ 3., -1.],
           [ 0.,  2.]], dtype=float32)
    """
    return call.det(_matrix(input, "MatrixDeterminant"))


@composite("inv")
def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The inverse of square matrices; an error if there is none.

    >>> import tapeviz as tf
    >>> tf.linalg.inv([[2.0, 0.0], [0.0, 4.0]]).numpy()
    array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    t = _matrix(input, "MatrixInverse")
    what = "Input is not invertible. [Op:MatrixInverse]"
    given = _conjugate_transpose(t) if adjoint else t
    return _decomposed(call.inv, given, what=what, do="its determinant is 0")


def cholesky(input: Any, name: str | None = None) -> Tensor:
    """The lower triangle that times itself transposed is the matrix.

    It reads the lower half of a symmetric matrix; an error unless that is positive
    definite.

    >>> import tapeviz as tf
    >>> tf.linalg.cholesky([[4.0, 2.0], [2.0, 5.0]]).numpy()
    array([[2., 0.],
           [1., 2.]], dtype=float32)
    """
    return _decomposed(
        call.cholesky,
        _matrix(input, "Cholesky"),
        what="Cholesky decomposition was not successful. The input might not be "
        "valid. [Op:Cholesky]",
        do="the matrix must be symmetric, its eigenvalues positive",
    )


def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """The logarithm of the determinant of a positive definite matrix.

    >>> import tapeviz as tf
    >>> float(tf.linalg.logdet([[1.0, 0.0], [0.0, 1.0]]))
    0.0
    """
    with grouped("logdet"):
        t = floating(matrix)
        diagonal = call.diag_part(cholesky(t))
        logs = call.log(call.real(diagonal) if t.dtype.is_complex else diagonal)
        return call.multiply(like(2.0, logs), call.sum(logs, (-1,), False))


@composite("solve")
def solve(
    matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """The ``x`` for which ``matrix @ x`` is ``rhs`` (a matrix, one column per system).

    >>> import tapeviz as tf
    >>> tf.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [2.0]]).numpy().ravel()
    array([1. , 0.5], dtype=float32)
    """
    if isinstance(rhs, (Tensor, Variable)):
        matrix = like(matrix, rhs)
    a = _matrix(matrix, "MatrixSolve")
    b = like(rhs, a)
    if rank(b) < 2 or b.shape[-2] != a.shape[-1]:
        raise invalid_argument(
            "Input matrix and rhs are incompatible: "
            f"{a.shape.as_list()} vs. {b.shape.as_list()} [Op:MatrixSolve]",
            "rhs is a matrix with one row per row of the first",
        )
    what = "Input matrix is not invertible. [Op:MatrixSolve]"
    given = _conjugate_transpose(a) if adjoint else a
    return _decomposed(call.solve, given, b, what=what, do="its determinant is 0")


@composite("triangular_solve")
def triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """``solve`` with a triangle; what is on its other side is not read.

    >>> import tapeviz as tf
    >>> tf.linalg.triangular_solve([[2.0, 9.0], [1.0, 1.0]], [[4.0], [5.0]]).numpy()
    array([[2.],
           [3.]], dtype=float32)
    """
    if isinstance(rhs, (Tensor, Variable)):
        matrix = like(matrix, rhs)
    t = floating(matrix)
    return solve(band_part(t, *((-1, 0) if lower else (0, -1))), rhs, adjoint)


@composite("cholesky_solve")
def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Tensor:
    """``solve`` with the matrix of which ``chol`` is the Cholesky factor.

    >>> import tapeviz as tf
    >>> tf.linalg.cholesky_solve([[2.0, 0.0], [1.0, 2.0]], [[4.0], [2.0]]).numpy()
    array([[1.],
           [0.]], dtype=float32)
    """
    factor = floating(chol)
    return triangular_solve(factor, triangular_solve(factor, rhs), adjoint=True)


@composite("lstsq")
def lstsq(
    matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The ``x`` that brings ``matrix @ x`` nearest to ``rhs``: least squares.

    The matrix has full rank; if it has fewer rows than columns, ``x`` is the smallest
    of those that fit.

    >>> import tapeviz as tf
    >>> x = [[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]
    >>> tf.linalg.lstsq(x, [[1.0], [3.0], [5.0]]).numpy().round(3).ravel()
    array([1., 2.], dtype=float32)
    """
    a = _matrix(matrix, "MatrixSolveLs", any_size=True)
    b, turned = like(rhs, a), call.T(a)
    tall = a.shape[-2] >= a.shape[-1]
    product = call.matmul(turned, a) if tall else call.matmul(a, turned)
    if l2_regularizer:
        ridge = l2_regularizer * np.eye(product.shape[-1])
        product = call.add(product, like(ridge, a))
    if tall:
        return solve(product, call.matmul(turned, b))
    return call.matmul(turned, solve(product, b))


class Slogdet(NamedTuple):
    """A determinant in two parts: too great a one has a logarithm yet."""

    sign: Tensor
    log_abs_determinant: Tensor


@composite("slogdet")
def slogdet(input: Any, name: str | None = None) -> Slogdet:
    """The sign of the determinant, and the logarithm of its size.

    >>> import tapeviz as tf
    >>> [float(t) for t in tf.linalg.slogdet([[-1.0, 0.0], [0.0, 1.0]])]
    [-1.0, 0.0]
    """
    determinant = call.det(_matrix(input, "LogMatrixDeterminant"))
    return Slogdet(call.sign(determinant), call.log(call.abs(determinant)))


# -- eigenvalues, singular values, QR --------------------------------------------------


@composite("eigh")
def eigh(tensor: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """The eigenvalues of symmetric matrices, smallest first, and the eigenvectors.

    Only the lower half is read, and the gradient is there. An eigenvector may come
    with another sign than TensorFlow's: both are right.

    >>> import tapeviz as tf
    >>> values, vectors = tf.linalg.eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> values.numpy()
    array([1., 2.], dtype=float32)
    """
    t = _real(tensor, "SelfAdjointEigV2")
    return _decomposed(call.eigenvalues, t), _decomposed(call.eigenvectors, t)


@composite("eigvalsh")
def eigvalsh(tensor: Any, name: str | None = None) -> Tensor:
    """The eigenvalues of symmetric matrices, smallest first.

    >>> import tapeviz as tf
    >>> tf.linalg.eigvalsh([[2.0, 0.0], [0.0, 1.0]]).numpy()
    array([1., 2.], dtype=float32)
    """
    return _decomposed(call.eigenvalues, _real(tensor, "SelfAdjointEigV2"))


@composite("svd")
def svd(
    tensor: Any, full_matrices: bool = False, compute_uv: bool = True,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Singular values, left and right singular vectors: ``x`` is ``u @ diag(s) @ v.T``.

    The greatest comes first; with ``compute_uv=False`` the values alone. A pair of
    vectors may come with another sign than TensorFlow's: both are right.

    >>> import tapeviz as tf
    >>> tf.linalg.svd([[3.0, 0.0], [0.0, -4.0]], compute_uv=False).numpy()
    array([4., 3.], dtype=float32)
    """
    t = _real(tensor, "Svd", any_size=True)
    _thin(full_matrices, "svd")
    if not compute_uv:
        return _decomposed(call.singular, t)
    return tuple(_decomposed(f, t) for f in (call.singular, call.left, call.right))


class Qr(NamedTuple):
    """The two factors of a matrix."""

    q: Tensor
    r: Tensor


@composite("qr")
def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Qr:
    """Columns of length 1 at right angles, and an upper triangle: ``x`` is ``q @ r``.

    The matrix has at least as many rows as columns.

    >>> import tapeviz as tf
    >>> q, r = tf.linalg.qr([[3.0, 1.0], [4.0, 2.0]])
    >>> abs(r).numpy().round(3)
    array([[5. , 2.2],
           [0. , 0.4]], dtype=float32)
    """
    t = _real(input, "Qr", any_size=True)
    _thin(full_matrices, "qr")
    if t.shape[-2] < t.shape[-1]:
        raise unimplemented(
            "tapeviz has qr of matrices with at least as many rows as columns",
            f"this one is {t.shape[-2]} by {t.shape[-1]}: take its transpose",
        )
    return Qr(call.orthogonal(t), call.upper(t))


def _real(given: Any, kernel: str, any_size: bool = False) -> Any:
    t = _matrix(given, kernel, any_size)
    if t.dtype.is_complex:
        raise unimplemented(
            f"tapeviz has {kernel} of real numbers only", "use NumPy's np.linalg"
        )
    return t


def _thin(full_matrices: bool, name: str) -> None:
    if full_matrices:
        raise unimplemented(f"tapeviz has {name} with full_matrices=False only")


def _decomposed(
    function: Callable[..., Tensor], *matrices: Any, what: str = "",
    do: str = "is there a nan or inf in the matrix?",
) -> Tensor:  # fmt: skip
    """What NumPy finds; an error where it finds nothing, as beside nan."""
    try:
        return function(*matrices)
    except np.linalg.LinAlgError as error:
        raise invalid_argument(what or f"Input is not valid: {error}", do) from None


@composite("pinv")
def pinv(
    a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The pseudo-inverse: of a matrix of any shape, the nearest to an inverse.

    Singular values below ``rcond`` times the greatest count as 0.

    >>> import tapeviz as tf
    >>> tf.linalg.pinv([[2.0], [0.0]]).numpy()
    array([[0.5, 0. ]], dtype=float32)
    """
    s, u, v = svd(a)
    if rcond is None:
        rcond = 10.0 * max(floating(a).shape[-2:]) * float(np.finfo(s.dtype.np).eps)
    least = call.multiply(call.max(s, (-1,), True), like(rcond, s))
    nonzero = call.where(call.greater(s, least), s, like(np.inf, s))
    row = (*nonzero.shape[:-1], 1, nonzero.shape[-1])
    return call.matmul(call.divide(v, call.expand_dims(nonzero, row)), call.T(u))


def trace(x: Any, name: str | None = None) -> Tensor:
    """The sum of the diagonal.

    >>> import tapeviz as tf
    >>> float(tf.linalg.trace([[1.0, 2.0], [3.0, 4.0]]))
    5.0
    """
    return call.trace(_square(x, "MatrixDiagPart", any_size=True))


def diag(
    diagonal: Any, name: str = "diag", k: int = 0, num_rows: int = -1,
    num_cols: int = -1, padding_value: Any = 0, align: str = "RIGHT_LEFT",
) -> Tensor:  # fmt: skip
    """A square matrix with these numbers on the diagonal, 0 elsewhere.

    >>> import tapeviz as tf
    >>> tf.linalg.diag([1.0, 2.0]).numpy()
    array([[1., 0.],
           [0., 2.]], dtype=float32)
    """
    t = convert(diagonal)
    _main(k, padding_value)
    if not rank(t):
        raise invalid_argument(
            "diagonal must be at least 1-dim, received shape: [] [Op:MatrixDiagV3] "
            "name: diag"
        )
    n = t.shape[-1]
    rows, columns = (n if given == -1 else given for given in (num_rows, num_cols))
    return call.diag(t, rows, columns)


def diag_part(
    input: Any, name: str = "diag_part", k: int = 0, padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:  # fmt: skip
    """The diagonal of a matrix.

    >>> import tapeviz as tf
    >>> tf.linalg.diag_part([[1.0, 2.0], [3.0, 4.0]]).numpy()
    array([1., 4.], dtype=float32)
    """
    _main(k, padding_value)
    return call.diag_part(_square(input, "MatrixDiagPart", any_size=True))


def _main(k: Any, padding_value: Any) -> None:
    if np.any(plain(k)) or np.any(plain(padding_value)):
        raise unimplemented("tapeviz has the main diagonal only (k=0, padding_value=0)")


@composite("set_diag")
def set_diag(
    input: Any, diagonal: Any, name: str = "set_diag", k: int = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:  # fmt: skip
    """A copy of a matrix with another diagonal.

    >>> import tapeviz as tf
    >>> tf.linalg.set_diag([[1.0, 2.0], [3.0, 4.0]], [8.0, 9.0]).numpy()
    array([[8., 2.],
           [3., 9.]], dtype=float32)
    """
    t = convert(input)
    _main(k, 0)
    line = like(diagonal, t)
    wanted = [*t.shape[:-2], min(t.shape[-2:], default=0)]
    if rank(t) < 2 or line.shape.as_list() != wanted:
        raise invalid_argument(
            f"a diagonal of shape {line.shape.as_list()} does not fit a matrix of "
            f"shape {t.shape.as_list()} [Op:MatrixSetDiagV3]",
            "give one number for each row, or column if there are fewer",
        )
    on = wrap(np.broadcast_to(np.eye(*t.shape[-2:]) > 0, t.shape))
    put = call.diag(line, *t.shape[-2:])
    return call.where(on, put, t)


def tensor_diag(diagonal: Any, name: str | None = None) -> Tensor:
    """A square matrix with the numbers of a vector on the diagonal.

    >>> import tapeviz as tf
    >>> tf.linalg.tensor_diag([1.0, 2.0]).numpy()
    array([[1., 0.],
           [0., 2.]], dtype=float32)
    """
    t = convert(diagonal)
    if rank(t) != 1:
        raise unimplemented("tapeviz has tensor_diag of vectors only")
    return call.diag(t, t.shape[0], t.shape[0])


def tensor_diag_part(input: Any, name: str | None = None) -> Tensor:
    """The diagonal of a square matrix.

    >>> import tapeviz as tf
    >>> tf.linalg.tensor_diag_part(tf.constant([[1.0, 2.0], [3.0, 4.0]])).numpy()
    array([1., 4.], dtype=float32)
    """
    t = convert(input)
    if rank(t) != 2:
        raise unimplemented("tapeviz has tensor_diag_part of matrices only")
    return call.diag_part(_square(t, "DiagPart"))


def band_part(
    input: Any, num_lower: Any, num_upper: Any, name: str | None = None
) -> Tensor:
    """A matrix with 0 far from the diagonal; -1 keeps all on that side.

    ``(0, -1)`` is the upper triangle, ``(-1, 0)`` the lower one.

    >>> import tapeviz as tf
    >>> tf.linalg.band_part([[1.0, 2.0], [3.0, 4.0]], 0, -1).numpy()
    array([[1., 2.],
           [0., 4.]], dtype=float32)
    """
    t = _square(input, "MatrixBandPart", any_size=True)
    return call.band_part(t, whole(num_lower), whole(num_upper))


@composite("norm")
def norm(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The length: the root of the sum of squares, or with ``ord`` 1, inf or any p.

    At 0 the gradient of the euclidean norm is nan, as in TensorFlow.

    >>> import tapeviz as tf
    >>> tf.norm([3.0, 4.0]).numpy()
    np.float32(5.0)
    """
    t = convert(tensor)
    keep = bool(keepdims)
    matrix = isinstance(axis, (tuple, list))
    if matrix and (len(axis) != 2 or axis[0] == axis[1]):
        raise value_error(
            "'axis' must be None, an integer, or a tuple of 2 unique integers, got "
            f"{axis}",
            "one axis for vectors, two for matrices",
        )
    at = axes(t, axis)
    if ord in ("euclidean", "fro") or (ord == 2 and not matrix):
        return _euclidean(t, at, keep)
    if isinstance(ord, str) or ord <= 0 or (matrix and ord not in (1, 2, np.inf)):
        raise value_error(
            f"'ord' must be a supported {'matrix' if matrix else 'vector'} norm, got "
            f"{ord}",
            "tapeviz knows 'euclidean', 1, 2, np.inf; any positive p for vectors",
        )
    if matrix and ord == 2 and at is not None:
        return _spectral_norm(t, at, keep)
    size = call.abs(t)
    if matrix and at is not None:
        lines, other = (at[0], at[1]) if ord == 1 else (at[1], at[0])
        full = call.max(call.sum(size, (lines,), True), (other,), True)
        shape = tuple(n for i, n in enumerate(t.shape, -rank(t)) if i not in at)
        return full if keep else call.squeeze(full, shape)
    if ord == 1:
        return call.sum(size, at, keep)
    if ord == np.inf:
        return call.max(size, at, keep)
    p = like(float(ord), floating(size))
    return call.power(call.sum(call.power(size, p), at, keep), like(1.0 / ord, size))


def _euclidean(t: Any, at: tuple[int, ...] | None, keep: bool) -> Tensor:
    """The root of the sum of squares; of complex numbers it is a complex number."""
    if t.dtype.is_complex:
        return call.sqrt(call.sum(call.multiply(t, call.conj(t)), at, keep))
    return call.norm(floating(t), at, keep)


def _spectral_norm(t: Any, at: tuple[int, ...], keep: bool) -> Tensor:
    """The greatest singular value of the matrices along two axes."""
    n = rank(t)
    rest = [i for i in range(n) if i - n not in at]
    last = call.transpose(t, (*rest, *(a % n for a in at)))
    found = call.max(svd(last, compute_uv=False), (-1,), False)
    shape = tuple(1 if i - n in at else t.shape[i] for i in range(n))
    return call.reshape(found, shape) if keep else found


@composite("normalize")
def normalize(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """A tensor divided by its norm, and the norm.

    >>> import tapeviz as tf
    >>> unit, norm = tf.linalg.normalize([3.0, 4.0])
    >>> unit.numpy(), norm.numpy()
    (array([0.6, 0.8], dtype=float32), array([5.], dtype=float32))
    """
    t = floating(tensor)
    size = norm(t, ord, axis, keepdims=True)
    return call.divide(t, size), size


@composite("global_norm")
def global_norm(t_list: Any, name: str | None = None) -> Tensor:
    """The norm of all tensors of a list together; None entries are passed over.

    >>> import tapeviz as tf
    >>> float(tf.linalg.global_norm([tf.constant([3.0]), None, tf.constant([4.0])]))
    5.0
    """
    if isinstance(t_list, (Tensor, Variable)):
        raise type_error(
            f"`t_list` should be a sequence of tensors. Received {type(t_list)}.",
            "tf.norm(t) is the norm of one tensor",
        )
    if not len(t_list):
        return wrap(np.float32(0))
    given = [t.values if isinstance(t, IndexedSlices) else t for t in t_list]
    halves = [call.l2_loss(convert(t)) for t in given if t is not None]
    total = call.sum(call.stack(halves, -1), None, False)
    return call.sqrt(call.multiply(total, like(2.0, total)))
