"""The numbers of a descent as arrays, and how its pictures write a number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise, repeat
from typing import TYPE_CHECKING

import numpy as np

from tapeviz.wording import values as text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from tapeviz.trace.descent import Descent
    from tapeviz.trace.value import Value

    Floats = NDArray[np.float64]

FLAT = 2
"""Runs of at most this many parameters are drawn on the loss surface itself."""

FAR = 100.0
"""A point counts as far out when its loss rose by this many times the usual."""

_SMALL, _LARGE = 0.01, 1e5
_WHOLE, _NEARLY = 1e-9, 0.995
_NOISE, _SHARE = 1e-12, 1e-9
_MOST = 17


@dataclass(frozen=True)
class Track:
    """A descent as arrays: ``n`` updates of ``d`` scalar parameters in all.

    ``points`` has shape (n + 1, d) and ``gradients`` (n, d), with nan for what is not
    known; both have no columns if d is larger than ``FLAT``. ``losses``, ``slopes``
    and ``strides`` have one entry per update: the loss before it, the norm of the
    gradient and the norm of the update. ``numbers`` are the points whatever d is,
    without columns if some array was too large to be recorded, and ``whole`` says
    which of them hold no nan and no infinity.
    """

    names: tuple[str, ...]
    points: Floats
    gradients: Floats
    losses: Floats
    slopes: Floats
    strides: Floats
    numbers: Floats
    whole: NDArray[np.bool_]

    @property
    def updates(self) -> int:
        """How many updates there are."""
        return len(self.losses)

    @property
    def kind(self) -> str:
        """Which picture fits: "empty", "line", "plane" or "norms"."""
        if not self.updates:
            return "empty"
        return {1: "line", 2: "plane"}.get(self.points.shape[1], "norms")

    @property
    def seen(self) -> bool:
        """Whether every parameter's number is known, so that the path can be drawn."""
        return bool(self.updates and self.numbers.shape[1])

    @cached_property
    def near(self) -> NDArray[np.bool_]:
        """Which of the ``n + 1`` points a picture can hold, as a mask.

        Left out are points that are nan or infinite and those of a run that diverges:
        whose loss rose by ``FAR`` times its largest usual change.
        """
        finite = np.isfinite(self.points).all(axis=1)
        loss = np.append(self.losses, np.nan)
        near = finite & ~(loss > self._ceiling)
        near[:-1] &= np.isfinite(self.losses) | np.isnan(self.losses).all()
        near[-1] &= self._last_is_near(near)
        return near

    @cached_property
    def _ceiling(self) -> float:
        known = self.losses[np.isfinite(self.losses)]
        if not known.size:
            return math.inf
        rise = abs(known[1] - known[0]) if known.size > 1 else 0.0
        usual = max(known[0] - known.min(), rise)
        return float(known[0] + FAR * usual) if usual else math.inf

    def sound(self, steps: list[int]) -> list[int]:
        """Those of the steps up to the first whose loss or gradient is no number."""
        odd = ~np.isfinite(self.losses) | ~np.isfinite(self.slopes)
        first = int(odd.argmax()) if odd.any() and not odd.all() else self.updates
        return [i for i in steps if i <= first]

    def odd_loss(self) -> str:
        """Where the loss first was no number, in words; "" if it always was one."""
        odd = np.flatnonzero(~np.isfinite(self.losses))
        if not odd.size:
            return ""
        return f"at step {odd[0]} the loss is {number(self.losses[odd[0]])}"

    @cached_property
    def sizes(self) -> list[float]:
        """The largest finite size of each number of ``points`` in the run."""
        return [largest(column) for column in self.points.T]

    def _last_is_near(self, near: NDArray[np.bool_]) -> bool:
        if not (near[-1] and near[-2] and self.points.size):
            return bool(near[-1] and near[-2])
        near_points = self.points[:-1][near[:-1]]
        room = np.ptp(near_points, axis=0).max() or math.inf
        return bool(np.abs(self.points[-1] - near_points[-1]).max() <= 3 * room)


def track(run: Descent) -> Track:
    """The numbers of a run as arrays."""
    ups = run.updates
    width = sum(v.size for v in ups[0].at) if ups else 0
    wide = width if width <= FLAT else 0
    points = [u.at for u in ups] + ([ups[-1].to] if ups else [])
    known = all(value.data is not None for point in points[:1] for value in point)
    numbers = rows_of(points, width if known else 0)
    return Track(
        names=tuple(map(text.path_name, run.names)),
        points=numbers if width <= FLAT else numbers[:, :0],
        gradients=rows_of([u.gradients for u in ups], wide),
        losses=np.array([scalar(u.loss) for u in ups], dtype=float),
        slopes=np.array([length(u.gradients) for u in ups], dtype=float),
        strides=np.array([length(u.moves) for u in ups], dtype=float),
        numbers=numbers,
        whole=np.array([all(map(_whole, point)) for point in points], dtype=bool),
    )


def _whole(value: Value) -> bool:
    """Whether every entry is a finite number."""
    if value.data is None:
        return value.summary is not None and value.summary.odd == 0
    return all(map(math.isfinite, entries(value)))


def rows_of(rows: Sequence[tuple[Value | None, ...]], width: int) -> Floats:
    """The entries of several values in a row each; nan where they are not ``width``."""
    out = np.full((len(rows), width), np.nan)
    for i, row in enumerate(rows):
        flattened = [e for v in row for e in entries(v)]
        out[i] = flattened if len(flattened) == width else np.nan
    return out


def entries(value: Value | None) -> list[float]:
    """The entries of a value as floats; a missing or summarised one is nan."""
    if value is None or value.data is None:
        return [math.nan]
    return [float(e) if isinstance(e, (int, float)) else math.nan for e in value.data]


def scalar(value: Value | None) -> float:
    """The one number of a value; nan if it is missing or an array."""
    found = entries(value)
    return found[0] if len(found) == 1 else math.nan


def length(values: Iterable[Value | None]) -> float:
    """The Euclidean length of all values together; a missing one counts as zero."""
    return math.hypot(*(_length(v) for v in values if v is not None))


def _length(value: Value) -> float:
    if value.data is not None:
        return math.hypot(*entries(value)) if value.data else 0.0
    norm = value.summary.norm if value.summary else None
    return math.nan if norm is None else norm


def number(value: float) -> str:
    """A number for people: four decimals, or four digits when it is tiny or huge.

    >>> number(2.5999999046), number(-6.0), number(3.2e9), number(0.00012345)
    ('2.6', '-6', '3.2e9', '0.0001234')
    """
    if _SMALL <= abs(value) < _LARGE:
        return text.number(round(float(value), 4), 9)
    return text.number(float(value), 4)


def largest(values: Floats) -> float:
    """The largest finite size among the values; 0 where there is none."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0))


def noise(value: float, scale: float) -> bool:
    """Whether a number is next to nothing, in itself and beside ``scale``.

    >>> noise(1.3e-28, 1.2), noise(0.0, 1.2), noise(1.3e-28, 2e-28)
    (True, False, False)
    """
    return 0 < abs(value) < min(_NOISE, _SHARE * scale)


def about(value: float, scale: float) -> str:
    """A number for a sentence about numbers of the size ``scale``.

    >>> about(2.6, 4.0), about(1.319e-28, 1.2)
    ('2.6', 'about 0')
    """
    return "about 0" if noise(value, scale) else number(value)


def apart(*values: float) -> tuple[str, ...]:
    """Numbers for people, with as many digits as it takes to tell them apart.

    >>> apart(9.0, 5.76), apart(0.10461, 0.10463), apart(0.5, 0.5)
    (('9', '5.76'), ('0.10461', '0.10463'), ('0.5', '0.5'))
    """
    said, digits = tuple(map(number, values)), 4
    while len({*said}) < len({*values}) and digits < _MOST:
        digits += 1
        said = tuple(text.number(float(v), digits) for v in values)
    return said


def called(loss: str) -> str:
    """A loss in the middle of a sentence: "the loss", or the name that it has.

    >>> called("loss"), called("y")
    ('the loss', 'y')
    """
    return "the loss" if loss == "loss" else text.path_name(loss)


def surface_name(run: Descent) -> str:
    """What the surface under a run's path shows: its loss, or step 0's loss."""
    loss = text.path_name(run.loss_name)
    return f"step 0's {loss}" if run.shifting else loss


def opening(loss: str) -> str:
    """A loss at the beginning of a sentence.

    >>> opening("loss"), opening("y")
    ('The loss', 'y')
    """
    return "The loss" if loss == "loss" else text.path_name(loss)


def coordinates(run: Descent) -> list[str]:
    """A label for each number of the variables: ``x``, or ``w[0]`` and ``w[1]``."""
    names = map(text.path_name, run.names)
    return [
        label
        for value, name in zip(run.updates[0].at, names, strict=True)
        for label in entry_labels(name, value.size)
    ]


def entry_labels(name: str, size: int) -> list[str]:
    """A label for each number of a variable.

    >>> entry_labels("x", 1), entry_labels("w", 2)
    (['x'], ['w[0]', 'w[1]'])
    """
    return [name] if size == 1 else [f"{name}[{i}]" for i in range(size)]


def point_words(
    labels: Iterable[str], point: Iterable[float], sizes: Iterable[float] = ()
) -> str:
    """A point in words; ``sizes`` are those of a run's numbers, where it is of one.

    >>> point_words(["x", "y"], [1.0, -2.5])
    'x = 1, y = -2.5'
    >>> point_words(["x", "y"], [0.06, 1.3e-28], [4.0, 1.2])
    'x = 0.06, y about 0'
    """
    known = chain(sizes, repeat(0.0))
    return ", ".join(
        f"{label} about 0" if noise(v, size) else f"{label} = {number(v)}"
        for label, v, size in zip(labels, point, known)  # noqa: B905 - sizes never end
    )


def part(share: float) -> str:
    """A share from 0 to 1 in per cent, "all" only where nothing is missing.

    >>> part(0.974), part(0.9999), part(1.0)
    ('97 %', 'over 99 %', 'all')
    """
    if share > 1 - _WHOLE:
        return "all"
    return f"{100 * share:.0f} %" if share < _NEARLY else "over 99 %"


def sample_steps(count: int, most: int) -> list[int]:
    """At most ``most`` of the steps 0 to ``count - 1``, early ones closer together.

    >>> sample_steps(5, 60), sample_steps(1000, 5)
    ([0, 1, 2, 3, 4], [0, 1, 2, 3, 999])
    """
    if count <= most:
        return list(range(count))
    head = list(range((most + 1) // 2))
    tail = np.geomspace(len(head), count - 1, most - len(head)).round().astype(int)
    return sorted({*head, *map(int, tail)})


def falls(losses: Floats) -> bool:
    """Whether the loss falls at every step, as far as it is known."""
    return all(b < a for a, b in pairwise(losses))
