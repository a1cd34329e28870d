"""Matrices: products, determinant, inverse, solve, and decompositions.

The rules of the eigenvalues, and of the determinant and the inverse, are in Giles,
"Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008); those of the singular vectors in Townsend, "Differentiating the
singular value decomposition" (2016); those of QR in Walter and Lehmann, "Algorithmic
differentiation of linear algebra functions" (2010). Of a symmetric matrix only the
lower half is read, so that the gradient is there.
"""

from __future__ import annotations

from typing import Any

from tapeviz.engine.ops.registry import FLOAT, ORDERED, PAIR, REAL, ROUTES, op

op(
    "matmul", "a @ b", "g @ T(b)", "T(a) @ g",
    kernel="MatMul", symbol="@", nickname="matmul swaps and transposes", **PAIR,
    why="the rule is a product with the other, turned",
)  # fmt: skip

PRODUCT: dict[str, Any] = {
    "nickname": "a product of tensors: each gets the gradient times the others",
}  # fmt: skip
PHI = "phi takes the lower triangle, with half of its diagonal"
OTHERS = "unbroadcast(einsum([g, *others(xs, k, eq)], turned(eq, k)), shape(xs)[k], 0)"

op("einsum", "einsum(xs, eq)", OTHERS, **PRODUCT)
op("tensordot", "einsum(xs, eq)", OTHERS, kernel="MatMul", **PRODUCT)
op("matvec", "einsum(xs, eq)", OTHERS, kernel="MatMul", symbol="A·v", **PRODUCT)
op("cross", "cross(a, b)", "cross(b, g)", "cross(g, a)", symbol="×", **PAIR, **ORDERED)

op(
    "det", "det(x)", "(g * y)[..., None, None] * T(inv(x))",
    kernel="MatrixDeterminant", domain="det(x) ≠ 0", **FLOAT,
)  # fmt: skip
op(
    "inv", "inv(x)", "-(T(y) @ g @ T(y))",
    kernel="MatrixInverse", symbol="x⁻¹", domain="det(x) ≠ 0", **FLOAT,
)  # fmt: skip
op(
    "solve", "solve(a, b)", "-solve(T(a), g) @ T(y)", "solve(T(a), g)",
    kernel="MatrixSolve", symbol="a⁻¹b", domain="det(a) ≠ 0", **PAIR, **FLOAT,
)  # fmt: skip
op(
    "cholesky", "cholesky(x)", "even(T(inv(y)) @ half(T(y) @ g) @ inv(y))",
    symbol="chol", nickname=f"x is y times y transposed; {PHI}", **FLOAT,
)  # fmt: skip

# -- eigenvalues, singular values, QR: each result is an op of its own -----------------

op(
    "eigenvalues", "eigenvalues(x)",
    "2.0 * half((eigenvectors(x) * g[..., None, :]) @ T(eigenvectors(x)))",
    kernel="SelfAdjointEigV2", symbol="λ", nickname=PHI, **REAL,
)  # fmt: skip
op(
    "eigenvectors", "eigenvectors(x)",
    "2.0 * half(even(y @ divide_no_nan(T(y) @ g, gaps(eigenvalues(x))) @ T(y)))",
    kernel="SelfAdjointEigV2", nickname=PHI, **REAL,
)  # fmt: skip
op(
    "singular", "singular(x)", "(left(x) * g[..., None, :]) @ T(right(x))",
    kernel="Svd", symbol="σᵢ", nickname="singular values", **REAL,
)  # fmt: skip
op(
    "left", "left(x)",
    "(y @ (divide_no_nan(T(y) @ g - T(g) @ y, gaps(singular(x) ** 2))"
    " * singular(x)[..., None, :])"
    " + divide_no_nan(g - y @ (T(y) @ g), singular(x)[..., None, :])) @ T(right(x))",
    kernel="Svd", symbol="U", nickname="left singular vectors", **REAL,
)  # fmt: skip
op(
    "right", "right(x)",
    "left(x) @ T(y @ (divide_no_nan(T(y) @ g - T(g) @ y, gaps(singular(x) ** 2))"
    " * singular(x)[..., None, :])"
    " + divide_no_nan(g - y @ (T(y) @ g), singular(x)[..., None, :]))",
    kernel="Svd", symbol="V", nickname="right singular vectors", **REAL,
)  # fmt: skip
op(
    "orthogonal", "orthogonal(x)",
    "(g - 2.0 * y @ even(half(T(g) @ y))) @ T(inv(T(y) @ x))",
    kernel="Qr", symbol="Q", nickname=PHI, **REAL,
)  # fmt: skip
op(
    "upper", "upper(x)", "2.0 * orthogonal(x) @ even(half(y @ T(g))) @ T(inv(y))",
    kernel="Qr", symbol="R", nickname=PHI, **REAL,
)  # fmt: skip
op("diag", "diag(x, rows, columns)", "diag_part(g)", kernel="MatrixDiagV3")
op(
    "diag_part", "diag_part(x)", "diag(g, shape(x)[-2], shape(x)[-1])",
    kernel="MatrixDiagPartV3", symbol="diagonal",
)  # fmt: skip
op("trace", "trace(x)", "g[..., None, None] * unit(x)", symbol="tr")
op(
    "band_part", "where(band(x, lower, upper), x, 0)",
    "where(band(x, lower, upper), g, 0)",
    kernel="MatrixBandPart", symbol="band", **ROUTES,
)  # fmt: skip

# -- words that only rules use ---------------------------------------------------------

op("even", "even(x)", "even(g)", symbol="(x+xᵀ)/2")
op(
    "gaps", "gaps(x)", "sum(g, (-2,), False) - sum(g, (-1,), False)",
    symbol="xⱼ−xᵢ", nickname="how far the entries are from one another",
)  # fmt: skip
op("half", "half(x)", "half(g)", symbol="◣", nickname="the lower half of x")
op(
    "unit", "unit(x)",
    symbol="I", cut=True, nickname="the identity matrix, of the size of x",
)  # fmt: skip
op("band", "band(x, lower, upper)", cut=True, nickname="True near the diagonal")
