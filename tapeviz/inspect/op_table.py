"""The registry of operations as a table to read."""

from __future__ import annotations

from tapeviz.engine.ops import TABLE
from tapeviz.engine.primitives import Op
from tapeviz.trace.film import Table

HEADS = ("operation", "computes", "by", "rule", "domain", "in words")


def operations() -> Table:
    """Every operation, a row for each operand: its rule, or that no gradient passes.

    The rules are the very texts that ``gradient`` runs: ``g`` is the upstream
    gradient, ``y`` the operation's result.
    """
    rows = [row for op in TABLE if op.text != "value" for row in _rows(op)]
    return Table(HEADS, tuple(rows))


def _rows(op: Op) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for operand, rule in zip(op.operands, op.rules, strict=True):
        text = "no gradient passes" if rule is None else rule.text
        head = (op.name, op.text) if not rows else ("", "")
        rows.append((*head, operand, text, "" if rows else op.domain, op.nickname))
    return rows
