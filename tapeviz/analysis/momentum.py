"""Gradient descent with momentum: its coefficient, its rate, and where it settles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tapeviz.analysis.trajectory import entries, number, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tapeviz.analysis.trajectory import Floats
    from tapeviz.trace.descent import Descent, Update
    from tapeviz.trace.value import Value

_EXACT = 2e-3
_ENOUGH = 3
_ROUNDED = 1e-6


@dataclass(frozen=True)
class Momentum:
    """The learning rate and the momentum coefficient of a run.

    Each update is ``share * last_update - rate * gradient``. ``ahead`` is Nesterov's
    variant, ``share * velocity - rate * gradient`` with the new velocity.
    """

    rate: float
    share: float
    ahead: bool = False

    @property
    def bound(self) -> float:
        """The largest ``rate * curvature`` for which the run converges."""
        return bound(self.share, ahead=self.ahead)

    @property
    def lasts(self) -> bool:
        """Whether no gradient is ever forgotten, as where ``.grad`` is not emptied."""
        return self.share > 1 - _ROUNDED

    @property
    def words(self) -> str:
        """The bound as a formula with its numbers filled in."""
        b = number(self.share)
        below = f" / (1 + 2 · {b})" if self.ahead else ""
        return f"{number(self.bound)} = 2 · (1 + {b}){below}"

    def swings(self, curvature: float) -> bool:
        """Whether the run overshoots along an eigenvector of this curvature.

        The distance to the minimum obeys ``z**2 - total * z + product = 0`` from step
        to step; it keeps its sign as long as both roots are real and above zero.
        """
        left = 1 - self.rate * curvature
        total = (1 + self.share) * left if self.ahead else self.share + left
        product = self.share * left if self.ahead else self.share
        return bool(total**2 < 4 * product or product < 0 or total < 0)


def bound(share: float, *, ahead: bool = False) -> float:
    """The largest ``rate * curvature`` at which descent with momentum settles.

    >>> bound(0.0), round(bound(0.9), 6), round(bound(0.9, ahead=True), 6)
    (2.0, 3.8, 1.357143)
    """
    return 2 * (1 + share) / (1 + 2 * share if ahead else 1)


def momentum_of(run: Descent) -> Momentum | None:
    """The momentum that explains every update of a run; None if none does."""
    if len(run.updates) < _ENOUGH or run.method not in {"", "SGD"}:
        return None
    width = sum(v.size for v in run.updates[0].at)
    moves = rows_of([u.moves for u in run.updates], width)
    gradients = rows_of([u.gradients for u in run.updates], width)
    count = _whole(moves, gradients)
    if count < _ENOUGH:
        return None
    moves, gradients = moves[:count], gradients[:count]
    if gradients[0].any() and run.updates[1].parts:
        found = _from_parts(run, moves, gradients)
    else:
        found = _fitted(moves, gradients)
    return found if found and _holds(found, moves, gradients) else None


def _whole(moves: Floats, gradients: Floats) -> int:
    """How many updates there are before the first that has no finite numbers."""
    odd = ~(np.isfinite(moves) & np.isfinite(gradients)).all(axis=1)
    return int(np.append(odd, True).argmax())


def _row(values: Iterable[Value | None]) -> list[float]:
    return [e for v in values for e in entries(v)]


def _from_parts(run: Descent, moves: Floats, gradients: Floats) -> Momentum | None:
    """The momentum from the terms that an optimizer reported for an update.

    It is the first update whose gradient and predecessor are not zero.
    """
    telling = gradients[1:].any(axis=1) & moves[:-1].any(axis=1)
    k = int(telling.argmax()) + 1
    update, slope, before = run.updates[k], gradients[k], moves[k - 1]
    parts = {p.name: p for p in update.parts}
    if not telling.any() or set(parts) != {"momentum", "gradient"}:
        return None
    if any(v is None for p in update.parts for v in p.values):
        return None
    carried, new = (np.array(_row(parts[n].values)) for n in ("momentum", "gradient"))
    weight, share = -_times(slope, new), _times(before, carried)
    noise = _noise(update, before)
    if "momentum" not in parts["gradient"].formula:
        return Momentum(weight, _tidy(share, noise))
    ratio = max(share, 0.0)
    share = _tidy((ratio + float(np.sqrt(ratio**2 + 4 * ratio))) / 2, noise)
    return Momentum(weight / (1 + share), share, ahead=True)


def _noise(update: Update, before: Floats) -> float:
    """The rounding error of an update, relative to the update before it."""
    fine = max(float(np.finfo(v.dtype).eps) for v in update.at)
    return 2 * fine * float(np.abs(_row(update.at)).max() / np.abs(before).max())


def _tidy(share: float, noise: float) -> float:
    """The share with the fewest decimals that lies within the noise, such as 0.9."""
    near = (round(share, digits) for digits in (1, 2, 3))
    return next((v for v in near if abs(v - share) <= noise), share)


def _fitted(moves: Floats, gradients: Floats) -> Momentum | None:
    """The momentum of a loop written by hand, by least squares."""
    if not gradients[0].any():
        return None
    rate = -_times(gradients[0], moves[0])
    before, rest = moves[:-1].ravel(), (moves[1:] + rate * gradients[1:]).ravel()
    return Momentum(rate, _times(before, rest)) if before.any() else None


def _times(one: Floats, other: Floats) -> float:
    """How many times one vector is the other, by least squares."""
    top = np.abs(one).max()  # or the squares may overflow
    one = one / top
    return float(one @ (other / top)) / float(one @ one)


def _holds(found: Momentum, moves: Floats, gradients: Floats) -> bool:
    """Whether every update follows from the one before it by this momentum."""
    if not (0 < found.share < 1 + _ROUNDED and found.rate > 0):
        return False
    rate, share = found.rate, found.share
    expected = share * moves[:-1] - rate * gradients[1:]
    if found.ahead:
        expected += share * rate * (gradients[:-1] - gradients[1:])
    gap = np.abs(moves[1:] - expected).max(axis=1)
    return bool((gap <= _EXACT * np.abs(moves[1:]).max()).all())
