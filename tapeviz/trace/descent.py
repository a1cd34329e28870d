"""A run of gradient descent: where it went and what every update was."""

from __future__ import annotations

from dataclasses import dataclass

from tapeviz.trace.codec import dumps, loads
from tapeviz.trace.value import Value


@dataclass(frozen=True)
class Update:
    """One update of the variables.

    All tuples run along ``Descent.names``. ``at`` is the point before the update,
    ``gradients`` what the tape gave there (None where it gave none), ``moves`` what
    was added to the variables (minus the learning rate times the gradient, in plain
    descent), ``to`` the point after. ``loss`` is the loss at ``at``. ``rate`` is the
    learning rate if the moves are a multiple of the gradients, else None.
    """

    step: int
    at: tuple[Value, ...]
    loss: Value | None
    gradients: tuple[Value | None, ...]
    moves: tuple[Value, ...]
    to: tuple[Value, ...]
    rate: float | None = None


@dataclass(frozen=True)
class Landscape:
    """The loss where the run did not go, from replaying the recorded computation.

    For one scalar variable: ``xs`` and a single row of ``losses``. For two: ``xs`` for
    the first, ``ys`` for the second, and a row of losses for each y.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    losses: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Descent:
    """A recorded run: the variables' names, its updates, and the loss around them."""

    names: tuple[str, ...]
    updates: tuple[Update, ...]
    landscape: Landscape | None = None
    loss_name: str = "loss"

    def validate(self) -> Descent:
        """Itself, or ValueError saying what does not hold together."""
        n = len(self.names)
        for i, u in enumerate(self.updates):
            if u.step != i:
                raise ValueError(f"update {i} calls itself step {u.step}")
            if {len(u.at), len(u.to), len(u.gradients), len(u.moves)} != {n}:
                raise ValueError(f"update {i} does not speak of {n} variables")
        land = self.landscape
        if land is not None:
            if len(land.losses) != max(1, len(land.ys)):
                raise ValueError("the landscape needs a row of losses for each y")
            if any(len(row) != len(land.xs) for row in land.losses):
                raise ValueError("the landscape needs a loss for each x")
        return self

    def to_json(self) -> str:
        """The run as JSON text, the same on every run."""
        return dumps(self, "descent")

    @staticmethod
    def from_json(text: str) -> Descent:
        """The run in a JSON text of ``to_json``; ValueError if it is not one."""
        return loads(Descent, text, "descent").validate()
