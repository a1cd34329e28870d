"""Casts, copies, ``stop_gradient``, checks, and the parts of complex numbers."""

from __future__ import annotations

from typing import Any

from tapeviz.engine.ops.registry import PAIR, REAL, op

op(
    "cast", "cast(x, dtype)", "cast(g, before)",
    settings=("dtype", "before"), conjugates=False,
)  # fmt: skip
op("cast_whole", "cast(x, dtype)", kernel="Cast", symbol="cast", cut=True)
op(
    "identity", "same(x)", "g",
    symbol="=", nickname="a copy passes on", why="the rule is g",
)  # fmt: skip
op("stop_gradient", "same(x)", symbol="stop", cut=True)
op(
    "check_numerics", "finite(x, message)", "finite(g, gradient_message(message))",
    symbol="finite?", **REAL,
)  # fmt: skip

# -- complex numbers: the conjugate convention, as in TensorFlow -----------------------

PARTS: dict[str, Any] = {"conjugates": False}

op("complex", "complex(a, b)", "real(g)", "imag(g)", symbol="a+bi", **PARTS, **PAIR)
op("real", "real(x)", "complex(g, zero(g))", symbol="Re", **PARTS)
op("imag", "imag(x)", "complex(zero(g), g)", symbol="Im", **PARTS)
op("conj", "conj(x)", "conj(g)", symbol="x̄", **PARTS)
op(
    "angle", "angle(x)", "-complex(g, zero(g)) / complex(imag(x), real(x))",
    symbol="∠", domain="x ≠ 0", **PARTS,
)  # fmt: skip
