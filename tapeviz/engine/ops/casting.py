"""Casts, copies, ``stop_gradient``, checks, and the parts of complex numbers."""

from __future__ import annotations

from typing import Any

from tapeviz.engine.ops.registry import PAIR, REAL, op

op(
    "cast", "cast(x, dtype)", "cast(g, before)",
    kernel="Cast", symbol="cast", settings=("dtype", "before"), conjugates=False,
)  # fmt: skip
op(
    "cast_whole", "cast(x, dtype)",
    kernel="Cast", symbol="cast", settings=("dtype",), cut=True,
)  # fmt: skip
op(
    "identity", "same(x)", "g",
    kernel="Identity", symbol="=", nickname="a copy passes on", why="the rule is g",
)  # fmt: skip
op("stop_gradient", "same(x)", kernel="StopGradient", symbol="stop", cut=True)
op(
    "check_numerics", "finite(x, message)", "finite(g, gradient_message(message))",
    kernel="CheckNumerics", symbol="finite?", settings=("message",),
    **REAL,
)  # fmt: skip

# -- complex numbers: the conjugate convention, as in TensorFlow -----------------------

PARTS: dict[str, Any] = {"conjugates": False}

op(
    "complex", "complex(a, b)", "real(g)", "imag(g)",
    kernel="Complex", symbol="a+bi", **PARTS, **PAIR,
)  # fmt: skip
op("real", "real(x)", "complex(g, zero(g))", kernel="Real", symbol="Re", **PARTS)
op("imag", "imag(x)", "complex(zero(g), g)", kernel="Imag", symbol="Im", **PARTS)
op("conj", "conj(x)", "conj(g)", kernel="Conj", symbol="x̄", **PARTS)
op(
    "angle", "angle(x)", "-complex(g, zero(g)) / complex(imag(x), real(x))",
    kernel="Angle", symbol="∠", domain="x ≠ 0", **PARTS,
)  # fmt: skip
