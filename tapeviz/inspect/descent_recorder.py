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

from tapeviz.engine.indexed_slices import dense
from tapeviz.engine.recording import tape_stack
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Variable
from tapeviz.errors import error_message, names_around
from tapeviz.inspect.loss_surface import LossSurface
from tapeviz.inspect.replay import value_of
from tapeviz.inspect.source.variables import Names, tensors
from tapeviz.trace.descent import Curvature, Descent, Landscape, Part, Update
from tapeviz.trace.value import WHOLE, Value

LINE = 101
"""How many points of the loss curve are worked out for one variable."""

GRID = 41
"""How many points along each axis for two."""

HEAD = 16
"""The tapes of this many first steps are kept."""

KEPT = 64
"""Of the later ones at most so many, spread over the run."""

SEARCHED = 10
"""Numbers in all beyond which no minimum is looked for."""

_ASKED = 8
_COMPARED = 8


@dataclass
class StepSnapshot:
    """The tape of one step: what it was asked for, and the learner's names then."""

    tape: GradientTape
    targets: list[Any]
    sources: list[Any]
    names: dict[str, Any]


@dataclass
class _Ask:
    """One gradient that was asked for since the last update."""

    opened: StepSnapshot
    found: list[Any]

    def of(self, variable: Variable) -> int:
        """Where a variable is among the sources; -1 if it is not."""
        spots = (i for i, s in enumerate(self.opened.sources) if s is variable)
        return next(spots, -1)


@dataclass
class _Round:
    """One update in the making, then made: raw values along the variables.

    ``asks`` is emptied when the update is complete.
    """

    at: list[Any]
    asks: list[_Ask] = field(default_factory=list)
    moved: dict[int, Any] = field(default_factory=dict)
    loss: Any = None
    gradients: list[Any] = field(default_factory=list)
    parts: tuple[tuple[str, str, tuple[Any, ...]], ...] = ()
    rate: float | None = None
    moves: list[Any] = field(default_factory=list)
    to: list[Any] = field(default_factory=list)

    def differences(self) -> list[Any]:
        """What was added to each variable."""
        with np.errstate(all="ignore"):
            return [b - a for a, b in zip(self.at, self.to, strict=True)]

    def shrink(self) -> None:
        """Keep large arrays as their summaries only, so that long runs stay small."""
        moves = self.differences()
        self.rate = _rate(self.gradients, moves)
        self.moves = _small(moves)
        self.at, self.to = _small(self.at), _small(self.to)
        self.gradients = _small(self.gradients)

    def widen(self, values: list[Any]) -> None:
        """Take in variables that joined later and had these values until then."""
        missing = [None] * len(values)
        self.at += values
        self.to += values
        self.gradients += missing
        self.moves += missing if self.moves else []
        self.parts = tuple(
            (name, text, (*row, *missing)) for name, text, row in self.parts
        )


class Recorder:
    """Records the descent of some variables while its block runs.

    Without variables it takes those whose gradient is first applied. The loop in the
    block needs no change; a break or an error in it loses nothing. Every point is kept,
    the tapes of the first steps, the last one and a spread of the others.
    """

    def __init__(
        self,
        variables: Sequence[Variable],
        names: Names,
        loss: str = "",
        look: Callable[[], Names] = names_around,
    ) -> None:
        for v in variables:
            if not isinstance(v, Variable):
                raise TypeError(
                    error_message(
                        f"descent() records variables, but was given {v!r}",
                        "name the tf.Variable that the loop updates: descent(x)",
                    )
                )
        self._variables = list(variables)
        self._given = bool(variables)
        self._names = dict(tensors(names))
        self._look = look
        self._rounds: list[_Round] = []
        self._now: _Round | None = None
        self._opened: dict[int, StepSnapshot] = {}
        self._stride = 1
        self._loss_name = loss
        self._method = ""

    def __enter__(self) -> Self:
        tape_stack.listeners = (*tape_stack.listeners, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        tape_stack.listeners = tuple(h for h in tape_stack.listeners if h != self._hear)
        self._close()

    @property
    def steps(self) -> int:
        """How many updates are complete."""
        return len(self._rounds)

    @property
    def seen(self) -> list[float]:
        """The loss of every update, that of the one being made included."""
        found = [_scalar(r.loss) for r in self._rounds]
        now = self._now
        if now is not None and now.moved:
            ask = _applied(now.asks, [self._variables[i] for i in now.moved])
            found.append(_scalar(ask and _sum(ask.opened.targets)))
        return found

    @property
    def kept(self) -> list[int]:
        """The steps whose tape was kept."""
        return sorted(self._opened)

    def opened(self, step: int) -> StepSnapshot | None:
        """The tape of a step and the names in force then; None if it was let go."""
        return self._opened.get(step)

    # -- listening ---------------------------------------------------------------------

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
        mine = [s for s in sources if isinstance(s, Variable)]
        if self._given:
            mine = [v for v in mine if self._spot(v) >= 0]
        if not mine:
            return
        if self._now is not None and self._now.moved:
            self._close()
        if self._now is None:
            self._now = _Round(self._values())
        ask = _Ask(StepSnapshot(tape, list(targets), list(sources), {}), list(found))
        if self._due(len(self._rounds)):
            ask.opened.names = _names_of(self._look(), ask.opened)
        self._now.asks = [*self._now.asks, ask][-_ASKED:]

    def _due(self, step: int) -> bool:
        """Whether the tape of a step is to be kept for good."""
        return step < HEAD or step % self._stride == 0

    def _assigned(self, variable: Variable, old: Any, _new: Any) -> None:
        spot = self._spot(variable)
        if spot < 0 and (self._given or not self._adopt(variable, old)):
            return
        spot = self._spot(variable)
        if self._now is not None and spot in self._now.moved:
            before = self._values()
            before[spot] = old
            self._close(before)
        if self._now is None:
            before = self._values()
            before[spot] = old
            self._now = _Round(before)
        self._now.moved[spot] = _terms(variable)
        if tape_stack.by is not None:
            self._method = type(tape_stack.by).__name__

    def _spot(self, variable: Any) -> int:
        return next((i for i, v in enumerate(self._variables) if v is variable), -1)

    def _adopt(self, variable: Variable, old: Any) -> bool:
        """Take the variables of the gradient that is being applied."""
        asks = self._now.asks if self._now is not None else []
        for ask in reversed(asks):
            if ask.of(variable) >= 0 and self._now is not None:
                new = [s for s in ask.opened.sources if isinstance(s, Variable)]
                new = [v for v in new if self._spot(v) < 0]
                self._variables += new
                values = [old if v is variable else v._v for v in new]
                self._now.at += values
                for done in self._rounds:
                    done.widen(values)
                return True
        return False

    def _values(self) -> list[Any]:
        return [v._v for v in self._variables]

    def _close(self, to: list[Any] | None = None) -> None:
        """An update is complete when its round moved something."""
        now, self._now = self._now, None
        if now is None or not now.moved:
            return
        step = len(self._rounds)
        applied = _applied(now.asks, [self._variables[i] for i in now.moved])
        self._finish(now, applied, self._values() if to is None else to)
        self._rounds.append(now)
        if applied is not None:
            self._keep(step, applied.opened)

    def _finish(self, now: _Round, applied: _Ask | None, to: list[Any]) -> None:
        """Reduce a round to what is kept of every update."""
        if applied is not None:
            now.loss = _sum(applied.opened.targets)
            if not self._loss_name:
                self._loss_name = _loss_name(applied.opened, self._look())
        grads = [_gradient_of(now.asks, v) for v in self._variables]
        now.gradients, now.to = grads, to
        now.parts = _parts(now.moved, len(self._variables))
        now.asks = []
        now.moved = {}
        if any(v.size > WHOLE for v in to):
            now.shrink()

    def _keep(self, step: int, opened: StepSnapshot) -> None:
        """Keep a step's tape, and let go of those that the spread has no room for."""
        last = step - 1
        if last in self._opened and not self._due(last):
            del self._opened[last]
        self._opened[step] = opened
        if len(self._opened) > HEAD + KEPT:
            self._stride *= 2
            for i in [i for i in self._opened if not self._due(i) and i != step]:
                del self._opened[i]

    # -- what came of it ---------------------------------------------------------------

    def minimum(self) -> Any:
        """The lowest point near the best one of the run; None if none is found."""
        around = self._around()
        if around is None or not self._rounds:
            return None
        points, losses = self._path()
        if points.shape[1] > SEARCHED:
            return None
        fine = np.isfinite(losses)
        best = int(np.nanargmin(np.where(fine, losses, np.nan))) if fine.any() else 0
        return around.minimum(points[best])

    def losses(self, points: Any) -> list[float] | None:
        """The loss at rows of numbers, by the first record; None if there is none."""
        around = self._around()
        if around is None or min(around.places) < 0:
            return None
        return around.losses(points)

    def descent(self, *, landscape: bool = True) -> Descent:
        """The run as frozen data, with the loss around its path if it can be drawn.

        ``landscape=False`` leaves that out, for who draws it otherwise.
        """
        updates = tuple(self._update(i, r) for i, r in enumerate(self._rounds))
        around = self._around()
        return Descent(
            tuple(self._name(i, v) for i, v in enumerate(self._variables)),
            updates,
            self._landscape(around) if landscape else None,
            self._loss_name or "loss",
            self._method,
            self._curvatures(around),
            self._shifts(around),
        ).validate()

    def _update(self, i: int, r: _Round) -> Update:
        moves = r.moves or r.differences()
        rate = r.rate if r.moves else _rate(r.gradients, moves)
        parts = tuple(
            Part(name, formula, tuple(map(_value, values)))
            for name, formula, values in r.parts
        )
        return Update(
            i,
            tuple(map(value_of_any, r.at)),
            _value(r.loss),
            tuple(map(_value, r.gradients)),
            tuple(map(value_of_any, moves)),
            tuple(map(value_of_any, r.to)),
            rate,
            parts,
            i in self._opened,
        )

    def _name(self, i: int, variable: Variable) -> str:
        if variable._name != "Variable":
            return variable._name
        first = self._opened[self.kept[0]].names if self._opened else {}
        known = (*tensors(self._names), *tensors(first))
        return next((n for n, t in known if t is variable), f"x{i}")

    def _around(self) -> LossSurface | None:
        """The loss as a function, from the first tape that was kept."""
        for step in self.kept:
            opened = self._opened[step]
            recording = opened.tape._recording
            if recording is None or len(opened.targets) != 1:
                continue
            goal = opened.tape._place(opened.targets[0])
            if goal >= 0 and np.size(opened.targets[0]._v) == 1:
                return LossSurface(recording, goal, self._variables)
        return None

    def _landscape(self, around: LossSurface | None) -> Landscape | None:
        size = sum(int(np.size(v._v)) for v in self._variables)
        if around is None or not 0 < size <= 2 or min(around.places) < 0:
            return None
        points, losses = self._path()
        return landscape(around.losses, points, losses)

    def _path(self) -> tuple[Any, Any]:
        """Every point in a row of numbers, the last one too, and the losses."""
        points = [r.at for r in self._rounds] + [r.to for r in self._rounds[-1:]]
        rows = [np.concatenate([np.ravel(v) for v in p]) for p in points]
        losses = [_scalar(r.loss) for r in self._rounds]
        return np.array(rows, np.float64), np.array(losses, np.float64)

    def _shifts(self, around: LossSurface | None) -> bool:
        """Whether the first step's record gives other losses than later steps had."""
        if around is None or not self._rounds or not self._small_enough:
            return False
        points, losses = self._path()
        fine = np.flatnonzero(np.isfinite(losses) & np.isfinite(points[:-1]).all(1))
        if not fine.size:
            return False
        some = fine[np.linspace(0, fine.size - 1, _COMPARED).astype(int)]
        again = np.array([around.loss(points[i]) for i in some])
        seen = losses[some]
        room = 1e-3 * np.abs(seen) + 1e-5 * np.abs(seen).max()
        return bool((np.abs(again - seen) > room).any())

    @property
    def _small_enough(self) -> bool:
        """Whether every number of every point was kept."""
        return all(np.size(v._v) <= WHOLE for v in self._variables)

    def _curvatures(self, around: LossSurface | None) -> tuple[Curvature, ...]:
        if around is None or not self._rounds or not self._small_enough:
            return ()
        points, _ = self._path()
        spots = {"start": points[0], "end": points[-1], "minimum": self.minimum()}
        found = (
            around.curvature(where, p)
            for where, p in spots.items()
            if p is not None and np.isfinite(p).all()
        )
        return tuple(c for c in found if c is not None)


def landscape(
    loss: Callable[[Any], list[float]], points: Any, losses: Any
) -> Landscape | None:
    """The loss on evenly spaced numbers a little beyond where a run went.

    ``points`` has a row of one or two numbers for each point of the run, ``losses`` an
    entry for each but the last; ``loss`` gives the losses at such rows.
    """
    near = _near(points, losses)
    if near is None:
        return None
    count = LINE if near.shape[1] == 1 else GRID
    widest = float(np.ptp(near, axis=0).max()) / 2
    xs, *more = (_reach(column, count, widest) for column in near.T)
    ys = more[0] if more else np.zeros(1)
    grid = np.array([(x, y)[: near.shape[1]] for y in ys for x in xs])
    flat = loss(grid)
    rows = tuple(tuple(flat[i : i + count]) for i in range(0, len(flat), count))
    return Landscape(tuple(map(float, xs)), tuple(map(float, ys)) if more else (), rows)


def _reach(x: Any, count: int, widest: float) -> Any:
    """Numbers a little beyond a column; as wide as the widest if it stands still."""
    own = (x.max() - x.min()) / 2
    half = own if own > 1e-3 * widest else widest
    half = max(half, 1e-3 * max(1.0, abs(x[0])))
    middle = (x.max() + x.min()) / 2
    return np.linspace(middle - 1.8 * half, middle + 1.8 * half, count)


def _near(points: Any, losses: Any) -> Any:
    """The points that a picture can show when a run leaves for infinity.

    Those whose loss is not beyond all proportion to how the run began.
    """
    fine = np.isfinite(losses) & np.isfinite(points[:-1]).all(axis=1)
    last = points[-1:][np.isfinite(points[-1:]).all(axis=1)]
    losses, inner = losses[fine], points[:-1][fine]
    if losses.size >= 2:
        start = losses[0]
        fall = max(start - losses.min(), abs(losses[1] - start))
        close = losses <= start + 100 * fall
        if not close.all():
            last = last[:0]
        inner = inner[close]
    found = np.concatenate([inner, last])
    return found if len(found) else None


def value_of_any(value: Any) -> Value:
    """A raw value as plain data; what is plain data already stays."""
    return value if isinstance(value, Value) else value_of(value)


def _value(value: Any) -> Value | None:
    return None if value is None else value_of_any(value)


def _small(values: list[Any]) -> list[Any]:
    """Large arrays as their summaries, so that long runs stay small."""
    return [
        value_of(v, image=False) if v is not None and np.size(v) > WHOLE else v
        for v in values
    ]


def _scalar(loss: Any) -> float:
    return float(loss) if loss is not None and np.ndim(loss) == 0 else float("nan")


def _sum(targets: list[Any]) -> Any:
    """What was differentiated: a tensor of several entries, or a list, is summed."""
    if len(targets) == 1 and np.ndim(targets[0]._v) == 0:
        return targets[0]._v
    with np.errstate(all="ignore"):
        return np.asarray(sum(np.sum(t._v) for t in targets))[()]


def _applied(asks: list[_Ask], moved: list[Variable]) -> _Ask | None:
    """The gradient that an update goes by.

    Of those asked for since the last update: the newest one of a variable that moved
    whose target is not itself a gradient, as in Newton's method.
    """
    made = {id(g) for ask in asks for g in ask.found}
    mine = [ask for ask in asks if any(ask.of(v) >= 0 for v in moved)]
    plain = [a for a in mine if not any(id(t) in made for t in a.opened.targets)]
    found = plain or mine
    return found[-1] if found else None


def _gradient_of(asks: list[_Ask], variable: Variable) -> Any:
    ask = _applied(asks, [variable])
    found = None if ask is None else ask.found[ask.of(variable)]
    return None if found is None else dense(found)._v


def _names_of(names: Mapping[str, Any], opened: StepSnapshot) -> dict[str, Any]:
    """Those of the learner's names that mean something on this tape."""
    recording = opened.tape._recording
    return {
        name: t for name, t in tensors(names)
        if isinstance(t, Variable) or (recording is not None and t._t is recording.trace)
        or any(t is target for target in opened.targets) or t._i < 0
    }  # fmt: skip


def _loss_name(opened: StepSnapshot, now: Names) -> str:
    """What the learner calls the target of a gradient."""
    names = opened.names or now
    for target in opened.targets:
        found = [n for n, t in tensors(names) if t is target]
        if found:
            whole = len(opened.targets) == 1 and not np.ndim(target._v)
            return found[0] if whole else f"sum of {found[0]}"
    return ""


def _terms(variable: Variable) -> Any:
    """The terms of the move that an optimizer makes just now, raw; None by hand."""
    by = tape_stack.by
    if by is None or np.size(variable._v) > WHOLE:
        return None
    try:
        return by.terms(variable)
    except (AttributeError, ValueError):
        return None


def _parts(
    moved: Mapping[int, Any], count: int
) -> tuple[tuple[str, str, tuple[Any, ...]], ...]:
    """The terms by name, each with a value for every variable that has it."""
    found: dict[tuple[str, str], list[Any]] = {}
    for spot, terms in moved.items():
        for term in terms or ():
            row = found.setdefault((term.name, term.formula), [None] * count)
            row[spot] = term.value
    return tuple((name, text, tuple(row)) for (name, text), row in found.items())


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


def record(*variables: Variable, names: Mapping[str, Any], loss: str = "") -> Recorder:
    """A recorder for these variables, to be used in a ``with`` statement."""
    return Recorder(variables, names, loss)
