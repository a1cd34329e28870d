"""Functions with a gradient of their own (``tf.custom_gradient``)."""

from __future__ import annotations

from tapeviz.engine.ops.registry import op

op(
    "custom", "value(xs, made)", "pulled(g, k, made)",
    kernel="CustomGradient", symbol="your op",
    nickname="its rule is the function you gave", conjugates=False,
)  # fmt: skip
op("part", "nth(x, k)", "bundle(g, k)", conjugates=False)
