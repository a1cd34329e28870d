"""A run of many parameters projected onto a plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tapeviz.analysis.trajectory import Track, coordinates, part
from tapeviz.errors import value_error

if TYPE_CHECKING:
    from tapeviz.analysis.trajectory import Floats
    from tapeviz.trace.descent import Descent


@dataclass(frozen=True)
class Plane:
    """A run of many parameters, projected onto two orthonormal directions.

    ``points`` has a row of two for each point, ``labels`` says what the axes are,
    ``share`` which part of the run's movement they show, from 0 to 1, and ``basis``
    what the two directions are, each of length one.
    """

    points: Floats
    labels: tuple[str, str]
    share: float
    basis: Floats

    @property
    def words(self) -> str:
        """How much of the movement is seen, in words."""
        return f"two directions hold {part(self.share)} of the movement"

    def of(self, vectors: Floats) -> Floats:
        """The projection of a vector, or of each row, of all d parameters."""
        with np.errstate(all="ignore"):
            found: Floats = vectors @ self.basis.T
        return found


def plane(run: Descent, t: Track, directions: tuple[int, int] | None) -> Plane | None:
    """The run in two of its parameters, or in its two principal directions.

    None where the numbers are not known or not finite. ValueError for a number that
    the run does not have.
    """
    if not t.numbers.shape[1]:
        return None
    centred = t.numbers - t.numbers[0]
    centred = np.where((t.whole & t.near)[:, None], centred, 0.0)
    scaled = centred / (np.abs(centred).max() or 1.0)  # or the squares may overflow
    whole = float((scaled**2).sum())
    if directions is not None:
        chosen = list(_checked(directions, t.numbers.shape[1]))
        names = coordinates(run)
        share = float((scaled[:, chosen] ** 2).sum()) / whole if whole else 1.0
        labels = names[chosen[0]], names[chosen[1]]
        basis = np.eye(t.numbers.shape[1])[chosen]
        return Plane(_hidden(t, t.numbers[:, chosen]), labels, share, basis)
    _, sizes, basis = np.linalg.svd(scaled, full_matrices=False)
    basis = basis[:2] * np.sign(basis[:2].sum(axis=1, keepdims=True) + 1e-12)
    share = float((sizes[:2] ** 2).sum() / (sizes**2).sum()) if whole else 1.0
    labels = "along the first direction", "along the second direction"
    return Plane(_hidden(t, centred @ basis.T), labels, share, basis)


def _hidden(t: Track, points: Floats) -> Floats:
    found: Floats = np.where(t.whole[:, None], points, np.nan)
    return found


def _checked(directions: tuple[int, int], count: int) -> tuple[int, int]:
    one, two = directions
    if one == two or not all(-count <= d < count for d in directions):
        raise value_error(
            f"directions={directions!r} are not two of this run's {count} numbers",
            f"choose two different ones from 0 to {count - 1}, or leave it out "
            "for the principal directions",
        )
    return one, two
