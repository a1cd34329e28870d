"""What the words of the rule texts compute on NumPy arrays.

Scalars are NumPy scalars here, never 0-d arrays: every function keeps it so. ``axis``
is None or a tuple of negative numbers, so that the same call works on a batch. Nothing
is recorded here. It may import ``errors``.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from tapeviz.engine.kernels import (
    complex_numbers,
    core,
    elementwise,
    in_place,
    linalg,
    reductions,
    shaping,
    special,
)
from tapeviz.engine.kernels.batching import batched

NUMPY = (
    "abs", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
    "ceil", "cos", "cosh", "exp", "expm1", "floor", "isfinite", "isinf", "isnan",
    "log", "log1p", "maximum", "minimum", "rint", "sign", "sin", "sinh", "sqrt", "tan",
    "tanh",
)  # fmt: skip
"""The words that are NumPy's own functions."""


def _words(module: ModuleType) -> dict[str, Any]:
    """The functions that a module offers as words."""
    every = vars(module).items()
    return {n: f for n, f in every if callable(f) and n[0] != "_" and n != "Any"}


WORDS: dict[str, Any] = {n: getattr(np, n) for n in NUMPY}
for _module in (
    core, elementwise, special, reductions, shaping, linalg, complex_numbers
):  # fmt: skip
    WORDS |= _words(_module)

IN_PLACE: dict[str, Any] = _words(in_place)
"""The additional words of rules that overwrite the upstream gradient."""

__all__ = ["IN_PLACE", "WORDS", "batched"]
