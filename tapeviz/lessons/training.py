"""A small model to train by hand: data, a network, and a live picture of the loop.

>>> points, labels = two_moons(40)
>>> net = Network(seed=1)
>>> net(points).shape
TensorShape([40, 1])
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeviz.engine.tensor import Tensor, Variable, convert
from tapeviz.tf.math.elementwise import tanh
from tapeviz.tf.math.reductions import reduce_mean
from tapeviz.tf.nn.losses import sigmoid_cross_entropy_with_logits

if TYPE_CHECKING:
    from tapeviz.render.descent.training_monitor import Decision
    from tapeviz.views.descent import DescentRun

PACE = 0.25
"""Seconds between two pictures of a loop that runs."""

GRID = 45
"""Points along each axis at which a model is asked what it decides."""


def two_moons(
    count: int = 200, noise: float = 0.12, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Points of two interlocking half circles, and which of them each belongs to.

    The points have shape (count, 2), the labels (count, 1), both float32; the first
    half is class 0.
    """
    rng = np.random.default_rng(seed)
    angle = np.pi * np.linspace(0, 1, count - count // 2)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    angle = np.pi * np.linspace(0, 1, count // 2)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    points = np.concatenate([upper, lower]) + noise * rng.normal(size=(count, 2))
    labels = np.arange(count)[:, None] >= len(upper)
    return convert(points.astype("float32")), convert(labels.astype("float32"))


def noisy_line(
    count: int = 30, slope: float = 2.0, height: float = -1.0, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Points near a straight line: x from -1 to 3 and ``slope * x + height + noise``.

    Both have shape (count,) and are float32.
    """
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 3, count)
    y = slope * x + height + 0.4 * rng.normal(size=count)
    return convert(x.astype("float32")), convert(y.astype("float32"))


def best_line(x: Any, y: Any) -> tuple[float, float]:
    """Slope and height of the line with the least mean square error, exactly.

    >>> best_line([0.0, 1.0, 2.0], [1.0, 3.0, 5.0])
    (2.0, 1.0)
    """
    columns = np.stack([np.asarray(x, float), np.ones(len(x))], axis=1)
    found = np.linalg.lstsq(columns, np.asarray(y, float), rcond=None)[0]
    slope, height = (round(float(v), 12) for v in found)
    return slope, height


class Network:
    """Two numbers in, ``hidden`` units with tanh, one number out.

    Its value is a logit: above zero it says class 1. ``variables`` are the weights and
    biases, made from ``seed``.
    """

    def __init__(self, hidden: int = 16, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        first = rng.normal(size=(2, hidden)).astype("float32")
        second = (rng.normal(size=(hidden, 1)) / np.sqrt(hidden)).astype("float32")
        self.w1 = Variable(first, name="w1")
        self.b1 = Variable(np.zeros(hidden, "float32"), name="b1")
        self.w2 = Variable(second, name="w2")
        self.b2 = Variable(np.zeros(1, "float32"), name="b2")

    @property
    def variables(self) -> list[Variable]:
        """All that is learned."""
        return [self.w1, self.b1, self.w2, self.b2]

    def __call__(self, points: Any) -> Any:
        """The logit of each point: shape (n, 1) for points of shape (n, 2)."""
        return tanh(points @ self.w1 + self.b1) @ self.w2 + self.b2

    def loss(self, points: Any, labels: Any) -> Tensor:
        """The mean cross-entropy, to be recorded on a tape."""
        logits = self(points)
        losses = sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
        found: Tensor = reduce_mean(losses)
        return found


def decision(model: Callable[[Any], Any], points: Any, labels: Any) -> Decision:
    """What a model of two numbers decides around its points, as data for a picture.

    ``model`` gives a logit for each row of points.
    """
    from tapeviz.render.descent.training_monitor import Decision

    seen, wanted = np.asarray(points), np.asarray(labels).ravel()
    low, high = seen.min(axis=0) - 0.4, seen.max(axis=0) + 0.4
    xs, ys = (np.linspace(low[k], high[k], GRID) for k in (0, 1))
    plane = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype("float32")
    logits = np.asarray(model(convert(plane))).reshape(GRID, GRID).astype(float)
    right = (np.asarray(model(convert(seen))).ravel() > 0) == (wanted > 0)
    with np.errstate(over="ignore"):
        sure = 1 / (1 + np.exp(-logits))
    return Decision(
        tuple(xs.tolist()), tuple(ys.tolist()), tuple(map(tuple, sure.tolist())),
        tuple((float(a), float(b)) for a, b in seen),
        tuple(int(v > 0) for v in wanted), float(right.mean()),
    )  # fmt: skip


def live(
    steps: int,
    run: DescentRun,
    show: Callable[[], Decision] | None = None,
    *,
    pace: float = PACE,
) -> Iterator[int]:
    """The numbers 0 to ``steps - 1``, with a live picture of the run between them.

    Write ``for i in live(300, run):`` where the loop would have ``range(300)``, inside
    ``with descent() as run:``. ``show`` gives the decision to be drawn beside the loss,
    as in ``lambda: decision(net, points, labels)``. In a notebook a bar and the
    pictures are drawn anew at most every ``pace`` seconds, and once at the end;
    elsewhere a line is written.
    """
    put = _screen()
    last = -pace
    for i in range(steps):
        yield i
        now = time.perf_counter()
        if now - last >= pace or i == steps - 1:
            put(run.losses, steps, show() if show else None)
            last = now


def _screen() -> Callable[..., None]:
    """Where the pictures go: one output of a notebook, or a line of a terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if not hasattr(shell, "kernel"):
        return _written
    from IPython import display as shown

    display: Any = shown.display
    handle = display({"text/plain": ""}, raw=True, display_id=True)

    def put(losses: list[float], steps: int, found: Decision | None) -> None:
        from tapeviz.render.descent import training_monitor

        page = training_monitor.training_picture(losses, steps, found)
        words = training_monitor.telling(losses, steps, found)
        handle.update({"text/html": page, "text/plain": words}, raw=True)

    return put


def _written(losses: list[float], steps: int, found: Decision | None) -> None:
    from tapeviz.render.descent.training_monitor import telling

    end = "\n" if len(losses) >= steps else ""
    sys.stdout.write(f"\r{telling(losses, steps, found)}{end}")
    sys.stdout.flush()
