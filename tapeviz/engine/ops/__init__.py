"""The registry: one entry per op.

An entry gives the op's own text and one vjp rule per operand. ``g`` is the upstream
gradient, ``y`` the result; the other single letters are operands. The rules are
TensorFlow's, so that gradients agree with it also where a function has a corner.

The entries stand in files by family, in the order of their numbers; ``registry`` says
how one is made. The words that the texts use are in ``tapeviz.engine.kernels``. It may
import ``engine.primitives`` and ``engine.recording``.
"""

from __future__ import annotations

from tapeviz.engine.ops import (
    arithmetic,
    casting,
    custom,
    elementwise,
    linalg,
    nn,
    reductions,
    shaping,
)
from tapeviz.engine.ops.registry import NAMED, TABLE, op

FAMILIES = (arithmetic, elementwise, reductions, shaping, linalg, nn, casting, custom)
"""The files of entries, in order."""

__all__ = ["FAMILIES", "NAMED", "TABLE", "op"]
