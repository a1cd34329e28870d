"""Runs that several tests look at."""

from __future__ import annotations

import tapeviz as tf
from tapeviz import descent
from tapeviz.views.descent import DescentRun


def bowl(rate: float) -> DescentRun:
    """Twelve updates from (4, -3) on (w - 1)^2 + 3 (v + 1)^2, lowest at (1, -1)."""
    w, v = tf.Variable(4.0), tf.Variable(-3.0)
    with descent(w, v) as run:
        for _ in range(12):
            with tf.GradientTape() as tape:
                loss = (w - 1) ** 2 + 3 * (v + 1) ** 2
            for x, g in zip((w, v), tape.gradient(loss, [w, v]), strict=True):
                x.assign_sub(rate * g)
    return run
