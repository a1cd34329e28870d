"""Losses to minimise: the explorer's presets, each with a start and a window.

Their functions take one tensor for each number, all of one shape, and are elementwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tapeviz.engine.dispatch import call

Range = tuple[float, float]


@dataclass(frozen=True)
class Preset:
    """One preset: a loss, its start, the limits of its axes, a good learning rate."""

    title: str
    formula: str
    loss: Callable[..., Any]
    start: tuple[float, ...]
    window: tuple[Range, ...]
    learning_rate: float
    steps: int

    @property
    def names(self) -> tuple[str, ...]:
        """What its numbers are called."""
        return ("x", "y")[: len(self.start)]


def parabola(x: Any) -> Any:
    """The loss of section 10.6."""
    return (x - 5) ** 2


def ravine(x: Any, y: Any) -> Any:
    """Flat along x, steep along y."""
    return (x**2 + 12 * y**2) / 2


def rosenbrock(x: Any, y: Any) -> Any:
    """A bent valley; its lowest point is (1, 1)."""
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def himmelblau(x: Any, y: Any) -> Any:
    """Four minima, all of them zero."""
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def saddle(x: Any, y: Any) -> Any:
    """Down along x to the ridge y = 0, and down from the ridge on both sides."""
    return x**2 / 2 + (y**2 - 2) ** 2 / 4


def bumpy(x: Any) -> Any:
    """A bowl with bumps: which minimum is reached depends on start and rate."""
    return x**2 / 8 + sin(3 * x) - cos(x)


def sin(x: Any) -> Any:
    """As ``tf.sin``; ``call`` records the call site of its caller, here ``bumpy``'s."""
    return call.sin(x)


def cos(x: Any) -> Any:
    """As ``tf.cos``."""
    return call.cos(x)


PRESETS = MappingProxyType(
    {
        "parabola": Preset(
            "the chapter's parabola", "(x - 5)**2", parabola, (2.0,), ((-1.0, 11.0),),
            0.1, 10,
        ),
        "bumpy": Preset(
            "a bumpy bowl", "x**2/8 + sin(3*x) - cos(x)", bumpy, (4.6,),
            ((-6.0, 6.0),), 0.03, 40,
        ),
        "ravine": Preset(
            "a ravine", "(x**2 + 12*y**2)/2", ravine, (-4.0, 1.2),
            ((-5.0, 3.0), (-2.0, 2.0)), 0.1, 40,
        ),
        "rosenbrock": Preset(
            "Rosenbrock's valley", "(1 - x)**2 + 100*(y - x**2)**2", rosenbrock,
            (-1.2, 1.0), ((-2.0, 2.0), (-1.0, 3.0)), 0.001, 200,
        ),
        "himmelblau": Preset(
            "Himmelblau's four hollows", "(x**2 + y - 11)**2 + (x + y**2 - 7)**2",
            himmelblau, (-0.5, -1.0), ((-5.0, 5.0), (-5.0, 5.0)), 0.01, 40,
        ),
        "saddle": Preset(
            "a saddle", "x**2/2 + (y**2 - 2)**2/4", saddle, (-2.0, 0.0),
            ((-2.5, 2.5), (-2.2, 2.2)), 0.1, 60,
        ),
    }
)  # fmt: skip
"""The presets by name."""
