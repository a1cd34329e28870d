"""A loop of gradient descent becomes a Descent: the loop itself stays as it is.

Between entering and leaving, the recorder hears of every gradient and every assignment
in this thread. An update is what the variables went through from one gradient to the
next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np

from tapeviz.engine.record import Book, here
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Variable
from tapeviz.errors import tell
from tapeviz.trace.descent import Descent, Landscape, Update
from tapeviz.trace.observe.names import Names
from tapeviz.trace.observe.values import replay, value_of

LINE = 101
"""How many points of the loss curve are worked out for one variable."""

GRID = 41
"""How many points along each axis for two."""


@dataclass
class _Round:
    """One update in the making: raw values, along the recorder's variables."""

    at: list[Any]
    loss: Any = None
    gradients: list[Any] = field(default_factory=list)
    moved: set[int] = field(default_factory=set)


class Recorder:
    """Records the descent of some variables while its block runs.

    Without variables it takes those that the first gradient is asked for. The loop in
    the block needs no change; a break or an error in it loses nothing.
    """

    def __init__(self, variables: Sequence[Variable], names: Names) -> None:
        for v in variables:
            if not isinstance(v, Variable):
                raise TypeError(
                    tell(
                        f"descent() records variables, but was given {v!r}",
                        "name the tf.Variable that the loop updates: descent(x)",
                    )
                )
        self._variables = list(variables)
        self._names = names
        self._rounds: list[tuple[_Round, list[Any]]] = []
        self._now: _Round | None = None
        self._tape: tuple[GradientTape, Any] | None = None
        self._loss_name = "loss"

    def __enter__(self) -> Self:
        here.heard = (*here.heard, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        here.heard = tuple(h for h in here.heard if h != self._hear)
        self._close()

    @property
    def steps(self) -> int:
        """How many updates are complete."""
        return len(self._rounds)

    def _hear(self, what: str, *details: Any) -> None:
        if what == "gradient":
            self._gradient(*details)
        else:
            self._assigned(*details)

    def _gradient(
        self,
        tape: GradientTape,
        targets: list[Any],
        sources: list[Any],
        found: list[Any],
    ) -> None:
        if not self._variables:
            self._variables = [s for s in sources if isinstance(s, Variable)]
        by_id = {id(s): g for s, g in zip(sources, found, strict=True)}
        if not any(id(v) in by_id for v in self._variables):
            return
        self._close()
        grads = [by_id.get(id(v)) for v in self._variables]
        loss = targets[0]._v if len(targets) == 1 else None
        self._now = _Round(
            self._values(), loss, [None if g is None else g._v for g in grads]
        )
        if self._tape is None and len(targets) == 1:
            self._tape = (tape, targets[0])

    def _assigned(self, variable: Variable, old: Any, _new: Any) -> None:
        spot = next((i for i, v in enumerate(self._variables) if v is variable), -1)
        if spot < 0:
            return
        if self._now is not None and spot in self._now.moved:
            before = self._values()
            before[spot] = old
            self._close(before)
        if self._now is None:
            before = self._values()
            before[spot] = old
            self._now = _Round(before, None, [None] * len(self._variables))
        self._now.moved.add(spot)

    def _values(self) -> list[Any]:
        return [v._v for v in self._variables]

    def _close(self, to: list[Any] | None = None) -> None:
        """An update is complete when its round moved something."""
        now, self._now = self._now, None
        if now is not None and now.moved:
            self._rounds.append((now, self._values() if to is None else to))

    # -- what came of it ---------------------------------------------------------------

    def descent(self) -> Descent:
        """The run as frozen data, with the loss around its path if it can be drawn."""
        updates = tuple(_update(i, now, to) for i, (now, to) in enumerate(self._rounds))
        return Descent(
            tuple(self._name(i, v) for i, v in enumerate(self._variables)),
            updates,
            self._landscape(),
            self._loss_name,
        ).validate()

    def _name(self, i: int, variable: Variable) -> str:
        if variable.name != "Variable:0":
            return variable.name.removesuffix(":0")
        found = [
            n for n, t in list(self._names.items()) if t is variable and n[0] != "_"
        ]
        return found[0] if found else f"x{i}"

    def _landscape(self) -> Landscape | None:
        if self._tape is None or not self._rounds:
            return None
        tape, target = self._tape
        book, goal = tape._book, tape._place(target)
        axes = self._axes()
        if book is None or goal < 0 or np.ndim(target._v) or not axes:
            return None
        lines = [self._reach(v, k, GRID if len(axes) == 2 else LINE) for v, k in axes]
        if any(line is None for line in lines):
            return None
        xs, ys = lines[0], lines[1] if len(lines) == 2 else ()
        losses = tuple(
            tuple(self._loss(book, goal, axes, point) for point in row)
            for row in (
                [[(x, y) for x in xs] for y in ys] if len(ys) else [[(x,) for x in xs]]
            )
        )
        return Landscape(tuple(map(float, xs)), tuple(map(float, ys)), losses)

    def _axes(self) -> list[tuple[Variable, int | None]]:
        """The one or two numbers that the variables consist of, if no more."""
        numbers: list[tuple[Variable, int | None]] = []
        for v in self._variables:
            if np.ndim(v._v) == 0:
                numbers.append((v, None))
            elif np.size(v._v) <= 2:
                numbers += [(v, k) for k in range(np.size(v._v))]
            else:
                return []
        return numbers if len(numbers) <= 2 else []

    def _reach(self, variable: Variable, k: int | None, count: int) -> Any:
        """Evenly spaced numbers a little beyond where the run went."""
        spot = next(i for i, v in enumerate(self._variables) if v is variable)
        points = [now.at[spot] for now, _ in self._rounds] + [self._rounds[-1][1][spot]]
        x = np.array([np.ravel(p)[k or 0] for p in points], np.float64)
        losses = np.array([_scalar(now.loss) for now, _ in self._rounds], np.float64)
        fine = np.isfinite(losses) & np.isfinite(x[:-1])
        x, losses = np.append(x[:-1][fine], x[-1:][np.isfinite(x[-1:])]), losses[fine]
        if not x.size:
            return None
        x = _near(x, losses)
        half = max((x.max() - x.min()) / 2, 1e-3 * max(1.0, abs(x[0])))
        middle = (x.max() + x.min()) / 2
        return np.linspace(middle - 1.8 * half, middle + 1.8 * half, count)

    def _loss(self, book: Book, goal: int, axes: Any, point: Sequence[float]) -> float:
        """The loss at a point, by running the first step's record again."""
        put: dict[int, Any] = {}
        for (variable, k), x in zip(axes, point, strict=True):
            leaf = book.leaves.get(id(variable))
            if leaf is None:
                return float("nan")
            old = put.get(leaf[0], book.recs[leaf[0]][1])
            put[leaf[0]] = _with(old, k, x)
        return float(replay(book.recs[: goal + 1], put)[goal])


def _scalar(loss: Any) -> float:
    return float(loss) if loss is not None and np.ndim(loss) == 0 else float("nan")


def _near(x: Any, losses: Any) -> Any:
    """The points that a picture can show when a run leaves for infinity.

    Those whose loss is not beyond all proportion to how the run began.
    """
    if losses.size < 2:
        return x
    start, fall = losses[0], max(losses[0] - losses.min(), abs(losses[1] - losses[0]))
    near = x[: losses.size][losses <= start + 100 * fall]
    return near if near.size else x[:1]


def _with(value: Any, k: int | None, x: float) -> Any:
    if k is None:
        return value.dtype.type(x)
    new = np.array(value)
    new.flat[k] = x
    return new


def _update(step: int, now: _Round, to: list[Any]) -> Update:
    with np.errstate(all="ignore"):
        moves = [b - a for a, b in zip(now.at, to, strict=True)]
    return Update(
        step,
        tuple(map(value_of, now.at)),
        None if now.loss is None else value_of(now.loss),
        tuple(None if g is None else value_of(g) for g in now.gradients),
        tuple(map(value_of, moves)),
        tuple(map(value_of, to)),
        _rate(now.gradients, moves),
    )


def _rate(gradients: list[Any], moves: list[Any]) -> float | None:
    """The one number that all moves are minus the gradients times, if there is one."""
    g = np.concatenate(
        [np.ravel(g) for g in gradients if g is not None] or [np.zeros(0)]
    )
    m = np.concatenate(
        [np.ravel(m) for g, m in zip(gradients, moves, strict=True) if g is not None]
        or [np.zeros(0)]
    )
    g, m = g.astype(np.float64), m.astype(np.float64)
    size = (
        float(g @ g)
        if g.size and np.isfinite(g).all() and np.isfinite(m).all()
        else 0.0
    )
    if not size:
        return None
    rate = -float(g @ m) / size
    error = float(np.abs(m + rate * g).max())
    return _short(rate) if error <= 1e-4 * float(np.abs(m).max() or 1.0) else None


def _short(rate: float) -> float:
    """The roundest number that float32 noise allows: 0.1, not 0.09999996."""
    for digits in range(1, 7):
        short = float(f"{rate:.{digits}g}")
        if abs(short - rate) <= 2e-6 * abs(rate):
            return short
    return rate


def record(*variables: Variable, names: Mapping[str, Any]) -> Recorder:
    """A recorder for these variables, to be used in a ``with`` statement."""
    return Recorder(variables, names)


def rerun(  # noqa: PLR0913 - what the studio's sliders say
    loss: Callable[[], Any],
    x: Variable,
    *,
    learning_rate: float,
    steps: int,
    start: Any,
    names: Names,
) -> Descent:
    """Plain gradient descent of ``loss`` from ``start``; ``x`` is put back after it."""
    before = x._v
    try:
        x.assign(start)
        with Recorder([x], names) as run:
            for _ in range(steps):
                _step(loss, x, learning_rate, run._name(0, x))
        return run.descent()
    finally:
        x.assign(before)


def _step(
    loss: Callable[[], Any], x: Variable, learning_rate: float, name: str
) -> None:
    with GradientTape() as tape:
        value = loss()
    grad = tape.gradient(value, x)
    if grad is None:
        raise ValueError(
            f"the loss does not depend on {name}, so it has no "
            "gradient: the function must read the variable itself"
        )
    x.assign_sub(learning_rate * grad)
