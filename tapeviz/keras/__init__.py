"""``tf.keras``, as far as a lesson on gradients needs it."""

from __future__ import annotations

from tapeviz.keras import optimizers

__all__ = ["optimizers"]
