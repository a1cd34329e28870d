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
from tapeviz.errors import value_error
from tapeviz.tf.math.elementwise import tanh
from tapeviz.tf.math.reductions import reduce_mean
from tapeviz.tf.nn.losses import sigmoid_cross_entropy_with_logits

if TYPE_CHECKING:
    from tapeviz.render.descent.training_monitor import Decision
    from tapeviz.views.descent import DescentRun

PACE = 0.12
"""Seconds that a picture of a loop that runs stays at least, for eyes to follow."""

LATE = 0.5
"""Seconds after which a slow loop is drawn anew in any case."""

LOOKS = 40
"""Pictures of a training, evenly over its steps; its film is made of them."""

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


def decision(
    model: Callable[[Any], Any], points: Any, labels: Any, *, from_logits: bool = True
) -> Decision:
    """What a model of two numbers decides around its points, as data for a picture.

    ``model`` is any function from points of shape (n, 2) to one number for each, or
    two, one for each class: logits, or probabilities with ``from_logits=False``.
    ValueError for points or answers of another shape.

    >>> import tapeviz as tf
    >>> dense = tf.keras.layers.Dense(1, "sigmoid")
    >>> found = decision(dense, *two_moons(40), from_logits=False)
    >>> len(found.grid), 0 <= found.right <= 1
    (45, True)
    """
    from tapeviz.render.descent.training_monitor import Decision

    seen, wanted = np.asarray(points), np.asarray(labels).ravel()
    if seen.ndim != 2 or seen.shape[1] != 2:
        raise value_error(
            f"a decision is drawn over points of shape (n, 2), not {seen.shape}",
            "give two numbers for each point",
        )
    low, high = seen.min(axis=0) - 0.4, seen.max(axis=0) + 0.4
    xs, ys = (np.linspace(low[k], high[k], GRID) for k in (0, 1))
    plane = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype("float32")
    sure = _sure(model, plane, from_logits=from_logits).reshape(GRID, GRID)
    right = (_sure(model, seen, from_logits=from_logits) > 0.5) == (wanted > 0)
    return Decision(
        tuple(xs.tolist()), tuple(ys.tolist()), tuple(map(tuple, sure.tolist())),
        tuple((float(a), float(b)) for a, b in seen),
        tuple(int(v > 0) for v in wanted), float(right.mean()),
    )  # fmt: skip


def _sure(model: Callable[[Any], Any], points: Any, *, from_logits: bool) -> Any:
    """How sure a model is of class 1, for each point."""
    said = np.asarray(model(convert(points)), dtype=float)
    if said.size not in {len(points), 2 * len(points)}:
        raise value_error(
            f"for {len(points)} points the model gave an array of {said.shape}",
            "let it give one number for each point, or one for each of two classes",
        )
    said = said.reshape(len(points), -1)
    if not from_logits:
        return said[:, -1]
    logits = said[:, -1] - (said[:, 0] if said.shape[1] > 1 else 0)
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-logits))


def live(
    steps: int, run: DescentRun, show: Callable[[], Decision] | None = None, *,
    pace: float = PACE,
) -> Iterator[int]:  # fmt: skip
    """The numbers 0 to ``steps - 1``, with a live picture of the run between them.

    Write ``for i in live(300, run):`` where the loop would have ``range(300)``, inside
    ``with descent() as run:``. ``show`` gives the decision to be drawn beside the loss,
    as in ``lambda: decision(model, points, labels)``. At ``LOOKS`` steps, evenly
    chosen, a notebook draws the picture anew and leaves it there for ``pace`` seconds
    at least; elsewhere a line is written. With ``show`` the run keeps what it saw:
    at the end the picture becomes its film, which is also ``play(run)``.
    """
    put = _screen(pace)
    count = min(steps, LOOKS)
    looks = {round(k * steps / count) for k in range(count + 1)} if count else {0}
    late = time.monotonic() + LATE
    for done in range(steps + 1):
        if done in looks or time.monotonic() > late:
            found = show() if show else None
            if found and done in looks:
                run.decisions[done] = found
            put(run.losses, steps, found)
            late = time.monotonic() + LATE
        if done < steps:
            yield done
    if run.decisions:
        put.film(run)


class _Lines:
    """A terminal: the state of the training as a line that is written over."""

    def __call__(self, losses: list[float], steps: int, found: Decision | None) -> None:
        from tapeviz.render.descent.training_monitor import telling

        end = "\n" if len(losses) >= steps else ""
        sys.stdout.write(f"\r{telling(losses, steps, found)}{end}")
        sys.stdout.flush()

    def film(self, run: DescentRun) -> None:
        """A terminal shows no film."""


class _Output:
    """One output of a notebook: each picture stays for ``pace`` seconds at least."""

    def __init__(self, pace: float) -> None:
        from IPython import display as shown

        display: Any = shown.display
        self._handle = display({"text/plain": ""}, raw=True, display_id=True)
        self._pace, self._next = pace, 0.0

    def __call__(self, losses: list[float], steps: int, found: Decision | None) -> None:
        from tapeviz.render.descent import training_monitor

        page = training_monitor.training_picture(losses, steps, found)
        words = training_monitor.telling(losses, steps, found)
        self._wait()
        self._handle.update({"text/html": page, "text/plain": words}, raw=True)

    def _wait(self) -> None:
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + self._pace

    def film(self, run: DescentRun) -> None:
        """The film of the training takes the picture's place."""
        from tapeviz import play

        bundle = play(run)._repr_mimebundle_()
        self._wait()
        self._handle.update(bundle, raw=True)


def _screen(pace: float) -> _Lines | _Output:
    """Where the pictures go: one output of a notebook, or a line of a terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return _Output(pace) if hasattr(shell, "kernel") else _Lines()
