"""``keras.initializers``: the values that new weights begin with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapeviz.engine.arguments import plain
from tapeviz.engine.dtypes import as_dtype
from tapeviz.engine.tensor import Tensor, wrap
from tapeviz.errors import value_error
from tapeviz.tf.keras import backend
from tapeviz.tf.keras.naming import Configurable, by_name, snake
from tapeviz.tf.random import draw, within_two


def new_seed() -> int:
    """A seed from the global one, or from nowhere."""
    return int(draw().integers(1, 10**9))


class Initializer(Configurable):
    """The base: called with a shape and a dtype it gives a tensor."""

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """A tensor of that shape."""
        kind = as_dtype(dtype or backend.floatx()).np
        sizes = tuple(int(n) for n in shape)
        return wrap(np.asarray(self.draw(sizes)).astype(kind)[()])

    def draw(self, shape: tuple[int, ...]) -> Any:
        """An array of that shape."""
        raise NotImplementedError


class Zeros(Initializer):
    """All zeros.

    >>> import tapeviz as tf
    >>> tf.keras.initializers.Zeros()((2,)).numpy()
    array([0., 0.], dtype=float32)
    """

    def draw(self, shape: tuple[int, ...]) -> Any:
        """An array of that shape."""
        return np.zeros(shape)


class Ones(Initializer):
    """All ones.

    >>> import tapeviz as tf
    >>> tf.keras.initializers.Ones()((2,)).numpy()
    array([1., 1.], dtype=float32)
    """

    def draw(self, shape: tuple[int, ...]) -> Any:
        """An array of that shape."""
        return np.ones(shape)


@dataclass(eq=False, repr=False)
class Constant(Initializer):
    """One number everywhere, or an array of the weight's shape.

    >>> import tapeviz as tf
    >>> tf.keras.initializers.Constant(2.0)((2,)).numpy()
    array([2., 2.], dtype=float32)
    """

    value: Any = 0.0

    def draw(self, shape: tuple[int, ...]) -> Any:
        """An array of that shape."""
        given = plain(self.value)
        return np.broadcast_to(np.asarray(given), shape)


@dataclass(eq=False, repr=False)
class Identity(Initializer):
    """Ones on the diagonal of a matrix, times ``gain``.

    >>> import tapeviz as tf
    >>> tf.keras.initializers.Identity(gain=3.0)((2, 2)).numpy()
    array([[3., 0.],
           [0., 3.]], dtype=float32)
    """

    gain: float = 1.0

    def draw(self, shape: tuple[int, ...]) -> Any:
        """An array of that shape."""
        if len(shape) != MATRIX:
            raise value_error(
                "Identity matrix initializer can only be used for 2D matrices. "
                f"Received: shape={shape} of rank {len(shape)}."
            )
        rows, columns = shape
        return self.gain * np.eye(rows, columns)


class _Random(Initializer):
    """Random numbers: the same on every call of one initializer, as in Keras.

    Without a seed of its own it gets one from ``tf.random.set_seed``.
    """

    seed: int | None

    def __post_init__(self) -> None:
        self.seed = new_seed() if self.seed is None else self.seed

    @property
    def _numbers(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)


@dataclass(eq=False, repr=False)
class RandomNormal(_Random):
    """The normal distribution."""

    mean: float = 0.0
    stddev: float = 0.05
    seed: int | None = None

    def draw(self, shape: tuple[int, ...]) -> Any:
        """An array of that shape."""
        return self._numbers.normal(self.mean, self.stddev, shape)


class TruncatedNormal(RandomNormal):
    """The normal distribution without what lies beyond two standard deviations."""

    def draw(self, shape: tuple[int, ...]) -> Any:
        """An array of that shape."""
        return self.mean + self.stddev * within_two(self._numbers, shape)


@dataclass(eq=False, repr=False)
class RandomUniform(_Random):
    """Evenly spread between ``minval`` and ``maxval``.

    >>> import tapeviz as tf
    >>> draw = tf.keras.initializers.RandomUniform(-0.1, 0.1)
    >>> bool(tf.reduce_all(tf.abs(draw((100,))) <= 0.1))
    True
    """

    minval: float = -0.05
    maxval: float = 0.05
    seed: int | None = None

    def draw(self, shape: tuple[int, ...]) -> Any:
        """An array of that shape."""
        return self._numbers.uniform(self.minval, self.maxval, shape)


@dataclass(eq=False, repr=False)
class VarianceScaling(_Random):
    """Numbers whose variance is ``scale`` over the number of inputs (or outputs).

    So that a layer's outputs are neither much larger nor much smaller than its inputs.
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "truncated_normal"
    seed: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scale <= 0:
            raise value_error(
                f"Argument `scale` must be positive float. Received: scale={self.scale}"
            )
        for name, known in _CHOICES.items():
            given = getattr(self, name)
            if given not in known:
                raise value_error(
                    f"Invalid `{name}` argument: {given}", f"use one of {known}"
                )

    def draw(self, shape: tuple[int, ...]) -> Any:
        """An array of that shape."""
        fan_in, fan_out = _fans(shape)
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, fans[self.mode])
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return self._numbers.uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return self._numbers.normal(0, math.sqrt(variance), shape)
        return math.sqrt(variance) / _TRUNCATED * within_two(self._numbers, shape)


class _Scaled(VarianceScaling):
    rule: tuple[float, str, str]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self.rule, seed=seed)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an initializer like this one."""
        return {"seed": self.seed}


class GlorotUniform(_Scaled):
    """The one that layers use: uniform, by the mean of inputs and outputs.

    >>> weights = GlorotUniform(seed=1)(shape=(2, 4))
    >>> bool(abs(weights.numpy()).max() <= (6 / (2 + 4)) ** 0.5)
    True
    """

    rule = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Normal, by the mean of inputs and outputs.

    >>> import tapeviz as tf
    >>> tf.keras.initializers.GlorotNormal(seed=1)((3, 2)).shape
    TensorShape([3, 2])
    """

    rule = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform, by the inputs, for layers with relu.

    The border is ``sqrt(6 / inputs)``.

    >>> import tapeviz as tf
    >>> draw = tf.keras.initializers.HeUniform()
    >>> bool(tf.reduce_all(tf.abs(draw((600, 2))) <= 0.1))
    True
    """

    rule = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Normal, by the inputs, for layers with relu.

    >>> import tapeviz as tf
    >>> tf.keras.initializers.HeNormal(seed=1)((3, 2)).shape
    TensorShape([3, 2])
    """

    rule = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform, by the inputs.

    The border is ``sqrt(3 / inputs)``.

    >>> import tapeviz as tf
    >>> draw = tf.keras.initializers.LecunUniform()
    >>> bool(tf.reduce_all(tf.abs(draw((300, 2))) <= 0.1))
    True
    """

    rule = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Normal, by the inputs."""

    rule = (1.0, "fan_in", "truncated_normal")


_CHOICES = {
    "mode": ("fan_in", "fan_out", "fan_avg"),
    "distribution": ("truncated_normal", "normal", "untruncated_normal", "uniform"),
}

_TRUNCATED = 0.87962566103423978
"""The standard deviation of a standard normal distribution cut at two of them."""

MATRIX = 2
"""The number of axes of a matrix."""


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs and outputs a weight of this shape joins."""
    if len(shape) < MATRIX:
        return (shape or (1,))[0], (shape or (1,))[0]
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


_CLASSES = (
    Zeros, Ones, Constant, Identity, RandomNormal, TruncatedNormal, RandomUniform,
    VarianceScaling, GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform,
    LecunNormal,
)  # fmt: skip
_KNOWN: dict[str, type[Initializer]] = {
    name: kind for kind in _CLASSES for name in (kind.__name__, snake(kind.__name__))
}
_KNOWN |= {
    "zero": Zeros, "one": Ones, "normal": RandomNormal, "uniform": RandomUniform
}  # fmt: skip


def get(identifier: Any) -> Any:
    """An initializer by its name (``"zeros"``), or itself; a class is called."""
    if identifier is None:
        return None
    return by_name("initializer", _KNOWN, identifier)
