"""The words for matrices, and for products of tensors by an equation."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine.kernels.core import tidy

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

cross = np.cross
matmul = np.matmul
det = np.linalg.det
inv = np.linalg.inv
solve = np.linalg.solve
cholesky = np.linalg.cholesky
eigenvalues = np.linalg.eigvalsh


def einsum(xs: Any, eq: str) -> Any:
    """The sum of products that the equation names; axes it does not name broadcast."""
    ins, out = eq.split("->")
    terms = ins.split(",")
    if any(np.ndim(x) > len(t) for x, t in zip(xs, terms, strict=True)):
        eq = ",".join("..." + t for t in terms) + "->..." + out
    made = tidy(np.einsum(eq, *map(np.asarray, xs), optimize=True))
    for x, term in zip(xs, terms, strict=True):
        if isinstance(x, UnitMatrix):
            made = _diagonal(made, x, [out[::-1].index(c) for c in term])
    return made


class UnitMatrix(np.ndarray[Any, Any]):
    """An identity matrix beside which nan and inf stay on the diagonal."""


def _diagonal(x: Any, unit: Any, axes: list[int]) -> Any:
    """``x`` where two of its axes, counted from the last, have the same index."""
    shape = [1] * x.ndim
    for at in axes:
        shape[-1 - at] = len(unit)
    return np.where(np.asarray(unit).reshape(shape) != 0, x, x.dtype.type(0))


def turned(eq: str, k: int) -> str:
    """The equation of the gradient: operand ``k`` and the result change places."""
    ins, out = eq.split("->")
    terms = ins.split(",")
    lone, twice, goal = _odd(terms, out, k)
    rest = terms[:k] + terms[k + 1 :] + lone + [a + b for a, b in twice]
    return ",".join([out, *rest]) + "->" + goal


def others(xs: Any, k: int, eq: str) -> list[Any]:
    """The operands but ``k``; ones for its lone axes, identities for repeated ones."""
    ins, out = eq.split("->")
    terms = ins.split(",")
    lone, twice, _ = _odd(terms, out, k)
    dtype = getattr(xs[k].dtype, "np", xs[k].dtype)
    shape = xs[k].shape[len(xs[k].shape) - len(terms[k]) :]
    sizes = dict(zip(terms[k], shape, strict=True))
    made = [np.ones(sizes[a], dtype) for a in lone]
    made += [np.eye(sizes[a], dtype=dtype).view(UnitMatrix) for a, _ in twice]
    return [*xs[:k], *xs[k + 1 :], *made]


def _odd(
    terms: list[str], out: str, k: int
) -> tuple[list[str], list[tuple[str, str]], str]:
    """Letters of term ``k`` that stand nowhere else; repeated ones, with a new name."""
    known = set(out).union(*terms[:k], *terms[k + 1 :])
    free = iter(c for c in _LETTERS if c not in known | set(terms[k]))
    seen: list[str] = []
    twice = []
    goal = ""
    for c in terms[k]:
        name = c
        if c in seen:
            name = next(free)
            twice.append((c, name))
        seen.append(c)
        goal += name
    return [c for c in dict.fromkeys(seen) if c not in known], twice, goal


def diag(x: Any, rows: int, columns: int) -> Any:
    """Matrices with ``x`` on the diagonal, 0 elsewhere."""
    z = np.zeros((*x.shape[:-1], rows, columns), x.dtype)
    i = np.arange(x.shape[-1])
    z[..., i, i] = x
    return z


def diag_part(x: Any) -> Any:
    """The diagonals of matrices."""
    return np.diagonal(x, axis1=-2, axis2=-1)


def trace(x: Any) -> Any:
    """The sums of the diagonals."""
    return np.trace(x, axis1=-2, axis2=-1, dtype=x.dtype)


def eigenvectors(x: Any) -> Any:
    """The eigenvectors of symmetric matrices, one in each column."""
    return np.linalg.eigh(x)[1]


def singular(x: Any) -> Any:
    """The singular values, the greatest first."""
    return np.linalg.svd(x, compute_uv=False)


def left(x: Any) -> Any:
    """The left singular vectors, one in each column."""
    return np.linalg.svd(x, full_matrices=False)[0]


def right(x: Any) -> Any:
    """The right singular vectors, one in each column."""
    return np.linalg.svd(x, full_matrices=False)[2].swapaxes(-1, -2)


def orthogonal(x: Any) -> Any:
    """The first factor of ``x = q @ r``: columns of length 1 at right angles."""
    return np.linalg.qr(x)[0]


def upper(x: Any) -> Any:
    """The second factor of ``x = q @ r``: an upper triangle."""
    return np.linalg.qr(x)[1]


def gaps(x: Any) -> Any:
    """Entry ``j`` minus entry ``i``, at row ``i`` and column ``j``."""
    return x[..., None, :] - x[..., None]


def even(x: Any) -> Any:
    """The mean of ``x`` and its transpose (of complex numbers, the adjoint)."""
    return (x + x.swapaxes(-1, -2).conj()) / 2


def half(x: Any) -> Any:
    """The lower triangle of ``x``, with half of the diagonal."""
    return np.tril(x) - x * np.eye(x.shape[-1], dtype=x.dtype) / 2


def unit(x: Any) -> Any:
    """The identity matrix, of the size and dtype of ``x``."""
    return np.eye(*x.shape[-2:], dtype=x.dtype)


def band(x: Any, lower: int, upper: int) -> Any:
    """True up to that far below and above the diagonal; -1 is without end."""
    rows, columns = np.ogrid[: x.shape[-2], : x.shape[-1]]
    below = (rows - columns <= lower) | (lower < 0)
    return below & ((columns - rows <= upper) | (upper < 0))
