"""What a learner may practise with a backward pass: usual mistakes, and a check."""

from __future__ import annotations

from dataclasses import dataclass

from tapeviz.trace.explanation import Check
from tapeviz.trace.value import Value

KINDS = ("argument", "swapped", "product")
"""Mistakes that only the op itself can work out: the rule of another operand, operands
that are swapped, and a product in place of a power."""


@dataclass(frozen=True)
class Mistake:
    """What a contribution, or an op's value, would be with a mistake of some kind.

    ``of`` is the id of the contribution's edge, or of the op's node.
    """

    of: str
    kind: str
    value: Value


@dataclass(frozen=True)
class Practice:
    """Mistakes and finite differences beside a pass, by the ids of edges and nodes."""

    mistakes: tuple[Mistake, ...] = ()
    checks: tuple[Check, ...] = ()
