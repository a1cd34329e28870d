"""What a learner may practise with a backward pass: usual mistakes, and a check."""

from __future__ import annotations

from dataclasses import dataclass

from tapeviz.trace.explanation import Check
from tapeviz.trace.value import Value

KINDS = ("argument", "swapped")
"""Mistakes that only the op itself can work out: the rule of another operand, and the
rule with the operands swapped."""


@dataclass(frozen=True)
class Mistake:
    """What the contribution along an edge would be with a mistake of some kind."""

    edge: str
    kind: str
    value: Value


@dataclass(frozen=True)
class Practice:
    """Mistakes and finite differences beside a backward pass, by the edges' ids."""

    mistakes: tuple[Mistake, ...] = ()
    checks: tuple[Check, ...] = ()
