"""The conjugate convention for gradients of complex numbers, in one place.

For a complex ``x`` the gradient is the conjugate of the derivative, so that a step
against it goes downhill. A rule says the derivative alone. Here the upstream gradient
is conjugated before a rule and the contribution after it. The rules of ops between real
and complex numbers (``conjugates=False``) have the conjugates in their own text.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from tapeviz.engine.dispatch import call
from tapeviz.engine.indexed_slices import Rows
from tapeviz.engine.primitives import Op
from tapeviz.engine.sweep import Rules
from tapeviz.engine.tensor import Tensor


def conjugate(v: Any) -> Any:
    """The conjugate of a gradient; what is not complex stays as it is."""
    if isinstance(v, Rows):
        return Rows(conjugate(v.values), v.ids, v.shape)
    if isinstance(v, Tensor):
        return call.conj(v) if v.dtype.is_complex else v
    kind = getattr(getattr(v, "dtype", None), "kind", "")
    return np.conjugate(v) if kind == "c" else v


class Conjugated(Rules):
    """Vjps that take and give conjugates, where the op asks for it."""

    def compiled(self, op: Op, slot: int) -> Any:
        """The vjp of one operand as a function."""
        plain = super().compiled(op, slot)
        if not op.conjugates:
            return plain

        def vjp(g: Any, *record: Any) -> Any:
            return conjugate(plain(conjugate(g), *record))

        return vjp


@cache
def conjugated(rules: Rules) -> Rules:
    """The rules for recordings with complex numbers."""
    return Conjugated(rules.words, strict=rules.strict)
