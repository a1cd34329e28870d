"""An argument by position means what it means in TensorFlow and Keras."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import tapeviz

SPACES = (
    "", "math", "nn", "linalg", "random", "debugging", "nest", "autodiff", "config",
    "image", "keras.layers", "keras.losses", "keras.metrics", "keras.optimizers",
    "keras.optimizers.schedules", "keras.initializers", "keras.activations",
    "keras.regularizers",
)  # fmt: skip
CLASSES = ("Variable", "Tensor", "GradientTape", "TensorArray", "Module")

OTHERWISE = {
    "DType", "TensorShape", "as_dtype", "nest.is_nested", "random.Generator",
    "keras.layers.InputLayer.call", "Variable.value", "Variable.read_value",
    # An argument between that only its machinery knows, or that has come since.
    "matmul", "linalg.matmul",
    "keras.layers.Input", "keras.layers.InputLayer",
}  # fmt: skip
"""The first argument has another name, or those behind the third differ."""


def _pairs(theirs: ModuleType) -> Iterator[tuple[str, Any, Any]]:
    def find(root: Any, path: str) -> Any:
        for part in path.split(".") if path else ():
            root = getattr(root, part)
        return root

    homes = [(space, find(tapeviz, space), find(theirs, space)) for space in SPACES]
    homes += [(name, getattr(tapeviz, name), getattr(theirs, name)) for name in CLASSES]
    for space, ours, other in homes:
        for name in dir(ours):
            mine, its = getattr(ours, name, None), getattr(other, name, None)
            if name[0] == "_" or not callable(mine) or not callable(its):
                continue
            called = f"{space}.{name}".lstrip(".")
            yield called, mine, its
            for method in ("__call__", "call", "update_state"):
                if (
                    inspect.isclass(mine)
                    and hasattr(mine, method)
                    and hasattr(its, method)
                ):
                    yield (
                        f"{called}.{method}",
                        getattr(mine, method),
                        getattr(its, method),
                    )


def _by_position(thing: Any) -> list[str] | None:
    """The names of what can be given by position; None where that is not told."""
    try:
        parts = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parts):
        return None
    return [
        p.name for p in parts if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}
    ]


def test_arguments_by_position_are_tensorflows(tensorflow: ModuleType) -> None:
    wrong, compared = {}, 0
    for name, ours, theirs in _pairs(tensorflow):
        mine, its = _by_position(ours), _by_position(theirs)
        if mine is None or its is None or name in OTHERWISE:
            continue
        compared += 1
        if mine != its[: len(mine)]:
            wrong[name] = (mine, its)
    assert compared > 400
    assert wrong == {}


@pytest.mark.parametrize(
    ("kind", "given"),
    [("ReLU", (0.5,)), ("ReLU", (None, 0.1)), ("LeakyReLU", (0.5,)), ("ELU", (2.0,)),
     ("Softmax", (0,))],
)  # fmt: skip
def test_layers_of_one_activation(
    tensorflow: ModuleType, kind: str, given: tuple[Any, ...]
) -> None:
    x = [[-1.0, 0.2, 2.0], [3.0, -2.0, 0.0]]
    ours, theirs = (
        getattr(tf.keras.layers, kind)(*given)(tf.constant(x)).numpy()
        for tf in (tapeviz, tensorflow)
    )
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_rows_with_a_negative_number_are_left_out(tensorflow: ModuleType) -> None:
    found = []
    for tf in (tapeviz, tensorflow):
        x = tf.Variable([1.0, 2.0, 4.0])
        with tf.GradientTape() as tape:
            y = tf.math.unsorted_segment_sum(x * x, [1, -1, 1], 2)
        found.append((y.numpy().tolist(), tape.gradient(y, x).numpy().tolist()))
    assert found[0] == found[1] == ([0.0, 17.0], [2.0, 0.0, 8.0])
