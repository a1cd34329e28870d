"""The conjugate convention for gradients of complex numbers, in one place.

For a complex ``x`` the gradient is the conjugate of the derivative, so that a step
against it goes downhill. A rule says the derivative alone. Here the upstream gradient
is conjugated before a rule and the contribution after it. The rules of ops between real
and complex numbers (``conjugates=False``) have the conjugates in their own text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from tapeviz.engine.dispatch import call
from tapeviz.engine.indexed_slices import Rows
from tapeviz.engine.ops import TABLE
from tapeviz.engine.primitives import Op, Sweep
from tapeviz.engine.tensor import Tensor

Rule = Callable[..., Any]


def conjugate(v: Any) -> Any:
    """The conjugate of a gradient; what is not complex stays as it is."""
    if isinstance(v, Rows):
        return Rows(conjugate(v.values), v.ids, v.shape)
    if isinstance(v, Tensor):
        return call.conj(v) if v.dtype.is_complex else v
    kind = getattr(getattr(v, "dtype", None), "kind", "")
    return np.conjugate(v) if kind == "c" else v


class ConjugatedRules:
    """A table of vjps that takes and gives conjugates, where the op asks for it."""

    def __init__(self, table: Sequence[Rule]) -> None:
        self._table = table

    def __getitem__(self, code: int) -> Rule:
        plain = self._table[code]
        if not TABLE[code].conjugates:
            return plain

        def conjugated(g: Any, rec: Any, grads: Any, i: int, handle: Any) -> None:
            parts: dict[int, Any] = defaultdict(lambda: None)
            plain(conjugate(g), rec, parts, i, handle)
            for j, part in parts.items():
                d = conjugate(part)
                grads[j] = d if grads[j] is None else grads[j] + d

        return conjugated


@cache
def conjugated(sweep: Sweep) -> Sweep:
    """The sweep for recordings with complex numbers."""
    return Sweep(ConjugatedRules(sweep.table))


def contribution(op: Op, part_of: Rule, g: Any, rec: Any, slot: int) -> Any:
    """The contribution to operand ``slot``, as the sweep adds it."""
    if not op.conjugates:
        return part_of(g, rec, slot)
    return conjugate(part_of(conjugate(g), rec, slot))
