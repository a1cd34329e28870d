"""Paths of the explorer's optimizers beside those of Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tapeviz.keras import optimizers

from tapeviz.engine.tensor import Variable
from tapeviz.views.explorer import METHODS, ExplorerLoss, Settings
from tapeviz.views.loss_presets import PRESETS

STEPS = 60


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("terrain", ["parabola", "ravine", "himmelblau"])
def test_paths_agree_with_keras(tensorflow: Any, method: str, terrain: str) -> None:
    tf, preset, made = tensorflow, PRESETS[terrain], METHODS[method]
    rate = min(preset.learning_rate, 0.05)
    mine = [Variable(np.float64(v)) for v in preset.start]
    explored = ExplorerLoss(preset.loss, mine, {}, optimizers=optimizers)
    run = explored.descend(Settings(rate, STEPS, preset.start, method), method)
    ours = [[v.entry for v in u.to] for u in run.quick.updates]

    theirs = [tf.Variable(np.float64(v)) for v in preset.start]
    optimizer = getattr(tf.keras.optimizers, made.kind)(rate, **made.settings)
    path = []
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            loss = preset.loss(*theirs)
        optimizer.apply_gradients(zip(tape.gradient(loss, theirs), theirs, strict=True))
        path.append([float(v.numpy()) for v in theirs])
    assert np.abs(np.array(ours) - np.array(path)).max() <= 1e-6
