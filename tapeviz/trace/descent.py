"""A run of gradient descent: where it went and what every update was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from tapeviz.trace.codec import Document
from tapeviz.trace.value import Value


@dataclass(frozen=True)
class UpdatePart:
    """One term of an update: what it comes from, its formula and its values.

    ``name`` is "gradient", "weight decay" or what carries earlier gradients
    ("momentum"). ``values`` run along ``Descent.names``, None where a variable has no
    such term; the parts of an update add up to its moves.
    """

    name: str
    formula: str
    values: tuple[Value | None, ...]


@dataclass(frozen=True)
class Update:
    """One update of the variables.

    All tuples run along ``Descent.names``. ``at`` is the point before the update,
    ``gradients`` what the tape gave there (None where it gave none), ``moves`` what
    was added to the variables (minus the learning rate times the gradient, in plain
    descent), ``to`` the point after. ``loss`` is the loss at ``at``. ``rate`` is the
    learning rate if the moves are a multiple of the gradients, else None. ``parts`` are
    the terms of the moves as far as they are known, and ``opens`` says that the tape of
    this step was kept, so that its graph can be opened.
    """

    step: int
    at: tuple[Value, ...]
    loss: Value | None
    gradients: tuple[Value | None, ...]
    moves: tuple[Value, ...]
    to: tuple[Value, ...]
    rate: float | None = None
    parts: tuple[UpdatePart, ...] = ()
    opens: bool = False


@dataclass(frozen=True)
class Landscape:
    """The loss around the run's path, from replaying the recorded computation.

    For one scalar variable: ``xs`` and a single row of ``losses``. For two: ``xs`` for
    the first, ``ys`` for the second, and a row of losses for each y.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    losses: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Curvature:
    """The curvature of the loss at one point: gradient and eigenvalues of the Hessian.

    ``where`` is "start", "end" or "minimum". ``at`` holds the numbers of all variables
    in a row, ``slope`` the gradient there. ``eigenvalues`` are in ascending order, and
    ``eigenvectors`` has the unit vector of each.
    """

    where: str
    at: tuple[float, ...]
    slope: tuple[float, ...]
    eigenvalues: tuple[float, ...] = field(metadata={"json": "bends"})
    eigenvectors: tuple[tuple[float, ...], ...] = field(metadata={"json": "ways"})

    @property
    def limit(self) -> float | None:
        """The learning rate above which plain descent diverges: 2 / largest eigenvalue.

        None where no eigenvalue is positive.

        >>> Curvature("end", (5.0,), (0.0,), (2.0,), ((1.0,),)).limit
        1.0
        """
        largest = self.eigenvalues[-1] if self.eigenvalues else 0.0
        return 2 / largest if largest > 0 else None


@dataclass(frozen=True)
class Descent(Document):
    """A recorded run: the variables' names, its updates, and the loss around them.

    ``loss_name`` is what the learner calls the loss, ``method`` what made the updates
    ("Adam", or "" for a loop written by hand), ``curvatures`` the curvature where the
    run began and ended and at the minimum near it, as far as that is known.
    ``shifting`` says that the loss is another function at some steps, as with
    minibatches; landscape and curvatures are then those of the first.
    """

    saved_as: ClassVar = "descent"

    names: tuple[str, ...]
    updates: tuple[Update, ...]
    landscape: Landscape | None = None
    loss_name: str = "loss"
    method: str = ""
    curvatures: tuple[Curvature, ...] = ()
    shifting: bool = False

    def curvature(self, where: str) -> Curvature | None:
        """The curvature at the "start", the "end" or the "minimum"."""
        return next((c for c in self.curvatures if c.where == where), None)

    @property
    def limit(self) -> float | None:
        """The learning rate above which plain descent diverges, if it is known.

        It is that of the minimum, or of the run's end where no minimum was found.
        """
        found = self.curvature("minimum") or self.curvature("end")
        return None if found is None else found.limit

    def problems(self) -> Iterator[str]:
        """What does not hold together, in sentences."""
        n, land = len(self.names), self.landscape
        for i, u in enumerate(self.updates):
            if u.step != i:
                yield f"update {i} calls itself step {u.step}"
            if {len(u.at), len(u.to), len(u.gradients), len(u.moves)} != {n}:
                yield f"update {i} does not speak of {n} variables"
            if any(len(part.values) != n for part in u.parts):
                yield f"a part of update {i} is not of {n} variables"
        if land and len(land.losses) != max(1, len(land.ys)):
            yield "the landscape needs a row of losses for each y"
        if land and any(len(row) != len(land.xs) for row in land.losses):
            yield "the landscape needs a loss for each x"
