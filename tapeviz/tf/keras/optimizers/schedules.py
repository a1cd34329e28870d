"""``keras.optimizers.schedules``: learning rates that change from step to step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tapeviz.engine.tensor import Tensor, Variable, raw, wrap
from tapeviz.errors import value_error
from tapeviz.tf.keras.naming import Configurable


class LearningRateSchedule(Configurable):
    """The base: a subclass gives the rate for a step in ``__call__(self, step)``."""

    def __call__(self, step: Any) -> Any:
        """The rate at a step."""
        raise NotImplementedError(
            f"Learning rate schedule '{type(self).__name__}' must override "
            "`__call__(self, step)`."
        )


class _Formula(LearningRateSchedule):
    """A schedule worked out on raw numbers, in the dtype of its initial rate."""

    initial_learning_rate: Any

    def __post_init__(self) -> None:
        for name in ("decay_steps", "first_decay_steps"):
            if (steps := getattr(self, name, 1)) <= 0:
                raise value_error(
                    f"Argument `{name}` must be > 0. Received: {name}={steps}"
                )

    def __call__(self, step: Any) -> Tensor:
        """The rate at a step, a float tensor."""
        first = _number(self.initial_learning_rate)
        kind = first.dtype.type
        with np.errstate(all="ignore"):
            rate = self.rate(_number(step).astype(kind), first, kind)
        return wrap(np.asarray(rate, kind)[()])

    def rate(self, step: Any, first: Any, kind: Any) -> Any:
        """The rate at ``step``; all numbers are of the type ``kind``."""
        raise NotImplementedError


def _number(value: Any) -> Any:
    return value._v if isinstance(value, (Tensor, Variable)) else raw(value)


@dataclass(eq=False, repr=False)
class _Decay(_Formula):
    """A rate that falls at the same pace all the time, in stairs if asked."""

    initial_learning_rate: Any
    decay_steps: Any
    decay_rate: Any
    staircase: bool = False
    name: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.name = self.name or type(self).__name__

    def _passed(self, step: Any, kind: Any) -> Any:
        """How many times ``decay_steps`` is over."""
        p = step / kind(self.decay_steps)
        return np.floor(p) if self.staircase else p


class ExponentialDecay(_Decay):
    """``initial * decay_rate ** (step / decay_steps)``, in stairs if asked.

    >>> schedule = ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
    >>> [f"{float(schedule(step)):.4f}" for step in (0, 10, 20)]
    ['0.1000', '0.0500', '0.0250']
    """

    def rate(self, step: Any, first: Any, kind: Any) -> Any:
        """The rate at a step."""
        return first * kind(self.decay_rate) ** self._passed(step, kind)


class InverseTimeDecay(_Decay):
    """``initial / (1 + decay_rate * step / decay_steps)``, in stairs if asked.

    >>> import tapeviz as tf
    >>> rate = tf.keras.optimizers.schedules.InverseTimeDecay(0.1, 10, 1.0)
    >>> [round(float(rate(step)), 3) for step in (0, 10, 30)]
    [0.1, 0.05, 0.025]
    """

    def rate(self, step: Any, first: Any, kind: Any) -> Any:
        """The rate at a step."""
        return first / (1 + kind(self.decay_rate) * self._passed(step, kind))


@dataclass(eq=False, repr=False)
class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to step ``boundaries[0]``, and so on.

    >>> schedule = PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])
    >>> [f"{float(schedule(step)):.1f}" for step in (10, 11, 21)]
    ['1.0', '0.5', '0.1']
    """

    boundaries: Any
    values: Any
    name: str = "PiecewiseConstant"

    def __post_init__(self) -> None:
        bounds, values = self.boundaries, self.values
        if len(bounds) != len(values) - 1:
            raise value_error(
                "The length of boundaries should be 1 less than the length of "
                f"values. Received: boundaries={bounds} of length {len(bounds)}, and "
                f"values={values} of length {len(values)}."
            )

    def __call__(self, step: Any) -> Tensor:
        """The rate at a step, a float tensor."""
        step = _number(step)
        bounds = np.array([_number(b) for b in self.boundaries]).astype(step.dtype)
        return wrap(raw(self.values)[np.searchsorted(bounds, step)])


@dataclass(eq=False, repr=False)
class PolynomialDecay(_Formula):
    """From ``initial`` to ``end`` in ``decay_steps``: ``(1 - p) ** power`` is left.

    With ``cycle`` it goes on in ever longer rounds, else it stays at the end.

    >>> import tapeviz as tf
    >>> rate = tf.keras.optimizers.schedules.PolynomialDecay(0.1, 10, 0.0)
    >>> [round(float(rate(step)), 3) for step in (0, 5, 10, 20)]
    [0.1, 0.05, 0.0, 0.0]
    """

    initial_learning_rate: Any
    decay_steps: Any
    end_learning_rate: Any = 0.0001
    power: Any = 1.0
    cycle: bool = False
    name: str = "PolynomialDecay"

    def rate(self, step: Any, first: Any, kind: Any) -> Any:
        """The rate at a step."""
        steps, end = kind(self.decay_steps), kind(self.end_learning_rate)
        if self.cycle:
            steps = steps * np.where(step == 0, kind(1), np.ceil(step / steps))
        p = np.minimum(step, steps) / steps
        return (first - end) * (1 - p) ** kind(self.power) + end


@dataclass(eq=False, repr=False)
class CosineDecay(_Formula):
    """Half a wave of the cosine from ``initial`` down to ``alpha * initial``.

    With ``warmup_target`` the rate first rises to it in ``warmup_steps``.
    """

    initial_learning_rate: Any
    decay_steps: Any
    alpha: Any = 0.0
    name: str = "CosineDecay"
    warmup_target: Any = None
    warmup_steps: Any = 0

    def rate(self, step: Any, first: Any, kind: Any) -> Any:
        """The rate at a step."""
        if self.warmup_target is None:
            return self._wave(step, first, kind)
        top, steps = kind(self.warmup_target), kind(self.warmup_steps)
        rising = (top - first) * (step / steps) + first
        return np.where(step < steps, rising, self._wave(step - steps, top, kind))

    def _wave(self, step: Any, top: Any, kind: Any) -> Any:
        p = np.minimum(step, kind(self.decay_steps)) / kind(self.decay_steps)
        wave = kind(0.5) * (1 + np.cos(kind(np.pi) * p))
        return top * ((1 - kind(self.alpha)) * wave + kind(self.alpha))


@dataclass(eq=False, repr=False)
class CosineDecayRestarts(_Formula):
    """Cosine decay in rounds, each ``t_mul`` times longer and ``m_mul`` times lower."""

    initial_learning_rate: Any
    first_decay_steps: Any
    t_mul: Any = 2.0
    m_mul: Any = 1.0
    alpha: Any = 0.0
    name: str = "SGDRDecay"

    def rate(self, step: Any, first: Any, kind: Any) -> Any:
        """The rate at a step."""
        rounds, p = self._round(step / kind(self.first_decay_steps), kind)
        wave = kind(0.5) * kind(self.m_mul) ** rounds * (1 + np.cos(kind(np.pi) * p))
        return first * ((1 - kind(self.alpha)) * wave + kind(self.alpha))

    def _round(self, done: Any, kind: Any) -> tuple[Any, Any]:
        """How many rounds are over, and how much of the present one."""
        longer = kind(self.t_mul)
        if longer == 1:
            return np.floor(done), done - np.floor(done)
        rounds = np.floor(np.log(1 - done * (1 - longer)) / np.log(longer))
        before = (1 - longer**rounds) / (1 - longer)
        return rounds, (done - before) / longer**rounds
