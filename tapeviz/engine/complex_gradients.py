"""Complex numbers on the tape: the conjugate convention, in one place.

For a complex ``x`` the gradient is the conjugate of the derivative, so that a step
against it goes downhill. A rule says the derivative alone. Here the upstream gradient
is conjugated before a rule and the contribution after it; ops between real and complex
numbers (``conjugates=False``) say the whole in their own rules.
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


class Turned:
    """A table of rules, each with the conjugates around it."""

    def __init__(self, table: Sequence[Rule]) -> None:
        self._table = table

    def __getitem__(self, code: int) -> Rule:
        plain = self._table[code]
        if not TABLE[code].conjugates:
            return plain

        def turned(g: Any, rec: Any, grads: Any, i: int, trace: Any) -> None:
            parts: dict[int, Any] = defaultdict(lambda: None)
            plain(conjugate(g), rec, parts, i, trace)
            for j, part in parts.items():
                d = conjugate(part)
                grads[j] = d if grads[j] is None else grads[j] + d

        return turned


@cache
def turned(sweep: Sweep) -> Sweep:
    """The same sweep for complex numbers."""
    return Sweep(Turned(sweep.table))


def told(op: Op, part_of: Rule, g: Any, rec: Any, slot: int) -> Any:
    """One contribution, as the sweep adds it."""
    if not op.conjugates:
        return part_of(g, rec, slot)
    return conjugate(part_of(conjugate(g), rec, slot))
