"""A long computation of single numbers as columns: a line of numbers for each field.

A ``Graph`` has an object for each node. This has none, so that a computation of some
hundred thousand numbers is made, sent to a page and opened there without a wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ScalarOp:
    """What nodes have in common: an operation's texts, or the kind of a leaf.

    ``rules`` has the vjp rule of each operand, and ``formula`` is in terms of
    ``operands``; all are "" where no rule of ours is known.
    """

    name: str
    symbol: str = ""
    formula: str = ""
    operands: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class FunctionCall:
    """A function that was running while the operations ``start`` to ``stop`` were made.

    Calls come in the order in which they began; ``depth`` counts those around it.
    """

    start: int
    stop: int
    name: str
    depth: int


@dataclass(frozen=True)
class ScalarGraph:
    """Nodes in a topological order, ``leaves`` of them at the beginning, in columns.

    ``kind`` has the index of each node in ``ops``. The operands of node ``i`` are
    ``parents[first[i]:first[i + 1]]``, and ``contributions`` has beside each operand
    what the node gave to its gradient. What is not there is nan: the gradient of a
    node that none reaches, the contribution to what needs none. ``line`` has for each
    node the index of its line of code in ``lines`` (file, number, text), which begins
    with one for none. ``sources`` are the nodes asked about, ``unused`` how many more
    numbers were asked about, which nothing was computed from.
    """

    ops: tuple[ScalarOp, ...]
    leaves: int
    kind: Sequence[int]
    first: Sequence[int]
    parents: Sequence[int]
    value: Sequence[float]
    gradient: Sequence[float]
    contributions: Sequence[float]
    line: Sequence[int]
    lines: tuple[tuple[str, int, str], ...]
    calls: tuple[FunctionCall, ...]
    names: Mapping[int, str]
    target: int
    sources: tuple[int, ...]
    unused: int = 0
    dtype: str = "float64"

    @property
    def size(self) -> int:
        """How many nodes it has."""
        return len(self.kind)

    def operands(self, i: int) -> Sequence[int]:
        """The nodes from which a node was computed."""
        return self.parents[self.first[i] : self.first[i + 1]]
