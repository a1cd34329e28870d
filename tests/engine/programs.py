"""Random programs over the registry: lines that name earlier values and an op."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tapeviz.engine.dispatch import call
from tapeviz.engine.ops import TABLE
from tapeviz.engine.primitives import Op
from tapeviz.engine.tensor import Tensor
from tests.engine.oracle import KNOWN, LEAVES, NUMPY, SHAPES, Array
from tests.engine.running import tensor

ANY = [
    op
    for op in KNOWN
    if op.name not in LEAVES
    and not op.settings
    and op.name not in SHAPES
    and "c" not in op.operands
    and not op.many
    and any(op.rules)
]
"""Every op that takes floats of any shape, without settings."""

TAME = [
    op
    for op in TABLE
    if op.name
    in ("add", "subtract", "multiply", "sin", "cos", "tanh", "sigmoid", "negative")
]
"""Ops whose programs stay smooth and small enough for finite differences."""


@dataclass(frozen=True)
class Program:
    """Inputs, and lines ``(op, indices of its operands)``; the last is the result."""

    inputs: tuple[Array, ...]
    lines: tuple[tuple[Op, tuple[int, ...]], ...]

    def tensors(self, given: list[Tensor]) -> Tensor:
        """Run it on the engine."""
        values: list[Any] = list(given)
        for op, operands in self.lines:
            values.append(getattr(call, op.name)(*(values[p] for p in operands)))
        return values[-1]  # type: ignore[no-any-return]

    def numpy(self, *given: Array) -> Array:
        """Run it on NumPy."""
        values = list(given)
        with np.errstate(all="ignore"):
            for op, operands in self.lines:
                values.append(NUMPY[op.name](*(values[p] for p in operands)))
        return np.asarray(values[-1])

    def given(self) -> list[Tensor]:
        """The inputs as tensors."""
        return [tensor(v) for v in self.inputs]

    def __repr__(self) -> str:
        lines = [f"{op.name}{operands}" for op, operands in self.lines]
        return f"{[v.tolist() for v in self.inputs]}: {'; '.join(lines)}"


SHAPES_OF_INPUTS = [(), (3,), (2, 3), (2, 1), (1, 3)]
"""Any two of these broadcast, and so do their results."""


@st.composite
def programs(draw: st.DrawFn, ops: list[Op] = ANY, longest: int = 12) -> Program:
    """Programs of up to ``longest`` lines, with shared values and broadcasting."""
    number = st.floats(-2, 2, allow_subnormal=False)
    inputs = []
    for _ in range(draw(st.integers(1, 3))):
        shape = draw(st.sampled_from(SHAPES_OF_INPUTS))
        size = int(np.prod(shape, dtype=int))
        entries = draw(st.lists(number, min_size=size, max_size=size))
        inputs.append(np.array(entries).reshape(shape))
    lines: list[tuple[Op, tuple[int, ...]]] = []
    for _ in range(draw(st.integers(1, longest))):
        op = draw(st.sampled_from(ops))
        size = len(inputs) + len(lines)
        lines.append((op, tuple(draw(st.integers(0, size - 1)) for _ in op.operands)))
    return Program(tuple(inputs), tuple(lines))
