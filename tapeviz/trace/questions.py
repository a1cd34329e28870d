"""Data for questions about a backward pass: common mistakes and checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tapeviz.trace.explanation import Check
from tapeviz.trace.value import Value

KINDS = ("argument", "swapped", "product")
"""Mistakes whose value only the engine can compute: the rule of another operand,
swapped operands, and a product instead of a power."""


@dataclass(frozen=True)
class Mistake:
    """What a contribution, or an op's value, would be with a mistake of some kind.

    ``of`` is the id of the contribution's edge, or of the op's node. ``tree`` is the
    formula that gives the value, as in a ``Program``.
    """

    of: str
    kind: str
    value: Value
    tree: Any = None


@dataclass(frozen=True)
class Practice:
    """Mistakes and finite differences beside a pass, by the ids of edges and nodes."""

    mistakes: tuple[Mistake, ...] = ()
    checks: tuple[Check, ...] = ()
