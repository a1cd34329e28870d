"""Records a loop of gradient descent as a ``Descent``, without a change to the loop.

While its block runs, the recorder listens to every gradient and every assignment in
this thread. An update is all assignments between one gradient and the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from tapeviz.engine.indexed_slices import dense
from tapeviz.engine.recording import tape_stack
from tapeviz.engine.records import given_name
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Variable, array_of
from tapeviz.errors import names_around, type_error
from tapeviz.inspect.loss_surface import LossSurface
from tapeviz.inspect.replay import value_of
from tapeviz.inspect.source.variables import Names, tensors
from tapeviz.trace.descent import Curvature, Descent, Landscape, Update, UpdatePart
from tapeviz.trace.value import WHOLE, Value

LINE = 101
"""Points of the loss curve of one variable."""

GRID = 41
"""Points along each axis of the loss surface of two variables."""

FIRST_TAPES = 16
"""The tapes of this many first updates are kept."""

LATER_TAPES = 64
"""At most this many later tapes are kept, evenly over the run."""

SEARCHED = 10
"""No minimum is looked for in more dimensions than this."""

_CALLS = 8
_COMPARED = 8


@dataclass
class StepSnapshot:
    """The tape of one step: what it was asked for, and the learner's names then."""

    tape: GradientTape
    targets: list[Any]
    sources: list[Any]
    names: dict[str, Any]


@dataclass
class _GradientCall:
    """One call of ``gradient`` since the last update, and the gradients it returned."""

    snapshot: StepSnapshot
    found: list[Any]

    def index_of(self, variable: Variable) -> int:
        """The index of a variable among the sources; -1 if it is not there."""
        indices = (i for i, s in enumerate(self.snapshot.sources) if s is variable)
        return next(indices, -1)


@dataclass
class _UpdateRecord:
    """One update, first in progress, then complete: a raw value per variable.

    ``calls`` is emptied when the update is complete.
    """

    at: list[Any]
    calls: list[_GradientCall] = field(default_factory=list)
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
        """Replace large arrays by their summaries, to save memory in long runs."""
        moves = self.differences()
        self.rate = _rate(self.gradients, moves)
        self.moves = _small(moves)
        self.at, self.to = _small(self.at), _small(self.to)
        self.gradients = _small(self.gradients)

    def widen(self, values: list[Any]) -> None:
        """Add variables that joined later and had these values until then."""
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
    and the tapes of the first updates, of the last one and of some in between.
    """

    def __init__(
        self, variables: Sequence[Variable], names: Names, loss: str = "",
        look: Callable[[], Names] = names_around,
    ) -> None:  # fmt: skip
        for v in variables:
            if not isinstance(v, Variable):
                raise type_error(
                    f"descent() records variables, but was given {v!r}",
                    "name the tf.Variable that the loop updates: descent(x)",
                )
        self._variables = list(variables)
        self._given = bool(variables)
        self._names = dict(tensors(names))
        self._look = look
        self._updates: list[_UpdateRecord] = []
        self._current: _UpdateRecord | None = None
        self._snapshots: dict[int, StepSnapshot] = {}
        self._stride = 1
        self._loss_name = loss
        self._method = ""

    def __enter__(self) -> Self:
        tape_stack.listeners = (*tape_stack.listeners, self._on_event)
        return self

    def __exit__(self, *_: object) -> None:
        tape_stack.listeners = tuple(
            h for h in tape_stack.listeners if h != self._on_event
        )
        self._close()

    @property
    def steps(self) -> int:
        """How many updates are complete."""
        return len(self._updates)

    @property
    def seen(self) -> list[float]:
        """The loss of every update, the one in progress included."""
        found = [_scalar(r.loss) for r in self._updates]
        current = self._current
        if current is not None and current.moved:
            call = _applied(current.calls, [self._variables[i] for i in current.moved])
            found.append(_scalar(call and _sum(call.snapshot.targets)))
        return found

    @property
    def kept_steps(self) -> list[int]:
        """The steps whose tape was kept."""
        return sorted(self._snapshots)

    def snapshot(self, step: int) -> StepSnapshot | None:
        """The tape of a step and the names at that time; None if it was not kept."""
        return self._snapshots.get(step)

    # -- listening ---------------------------------------------------------------------

    def _on_event(self, what: str, *details: Any) -> None:
        if what == "gradient":
            self._gradient(*details)
        else:
            self._assigned(*details)

    def _gradient(
        self, tape: GradientTape, targets: list[Any], sources: list[Any],
        found: list[Any],
    ) -> None:  # fmt: skip
        mine = [s for s in sources if isinstance(s, Variable)]
        if self._given:
            mine = [v for v in mine if self._index_in_run(v) >= 0]
        if not mine:
            return
        if self._current is not None and self._current.moved:
            self._close()
        if self._current is None:
            self._current = _UpdateRecord(self._values())
        call = _GradientCall(
            StepSnapshot(tape, list(targets), list(sources), {}), list(found)
        )
        if self._due(len(self._updates)):
            call.snapshot.names = _names_of(self._look(), call.snapshot)
        self._current.calls = [*self._current.calls, call][-_CALLS:]

    def _due(self, step: int) -> bool:
        """Whether the tape of a step is kept to the end of the run."""
        return step < FIRST_TAPES or step % self._stride == 0

    def _assigned(self, variable: Variable, old: Any, _new: Any) -> None:
        index = self._index_in_run(variable)
        if index < 0 and (self._given or not self._adopt(variable, old)):
            return
        index = self._index_in_run(variable)
        if self._current is not None and index in self._current.moved:
            before = self._values()
            before[index] = old
            self._close(before)
        if self._current is None:
            before = self._values()
            before[index] = old
            self._current = _UpdateRecord(before)
        self._current.moved[index] = _terms(variable)
        if tape_stack.optimizer is not None:
            self._method = type(tape_stack.optimizer).__name__

    def _index_in_run(self, variable: Any) -> int:
        return next((i for i, v in enumerate(self._variables) if v is variable), -1)

    def _adopt(self, variable: Variable, old: Any) -> bool:
        """Also record the variables of the gradient that is being applied.

        False when ``variable`` is not among the sources of any recent gradient.
        """
        calls = self._current.calls if self._current is not None else []
        for call in reversed(calls):
            if call.index_of(variable) >= 0 and self._current is not None:
                new = [s for s in call.snapshot.sources if isinstance(s, Variable)]
                new = [v for v in new if self._index_in_run(v) < 0]
                self._variables += new
                values = [old if v is variable else array_of(v) for v in new]
                self._current.at += values
                for done in self._updates:
                    done.widen(values)
                return True
        return False

    def _values(self) -> list[Any]:
        return [array_of(v) for v in self._variables]

    def _close(self, to: list[Any] | None = None) -> None:
        """Complete the update in progress, if it moved a variable."""
        current, self._current = self._current, None
        if current is None or not current.moved:
            return
        step = len(self._updates)
        applied = _applied(current.calls, [self._variables[i] for i in current.moved])
        self._finish(current, applied, self._values() if to is None else to)
        self._updates.append(current)
        if applied is not None:
            self._keep(step, applied.snapshot)

    def _finish(
        self, current: _UpdateRecord, applied: _GradientCall | None, to: list[Any]
    ) -> None:
        """Fill in the loss, gradients and terms, and let go of tapes and tensors."""
        if applied is not None:
            current.loss = _sum(applied.snapshot.targets)
            if not self._loss_name:
                self._loss_name = _loss_name(applied.snapshot, self._look())
        grads = [_gradient_of(current.calls, v) for v in self._variables]
        current.gradients, current.to = grads, to
        current.parts = _parts(current.moved, len(self._variables))
        current.calls = []
        current.moved = {}
        if any(v.size > WHOLE for v in to):
            current.shrink()

    def _keep(self, step: int, snapshot: StepSnapshot) -> None:
        """Keep a step's tape; beyond the limit drop every second of the later ones."""
        last = step - 1
        if last in self._snapshots and not self._due(last):
            del self._snapshots[last]
        self._snapshots[step] = snapshot
        if len(self._snapshots) > FIRST_TAPES + LATER_TAPES:
            self._stride *= 2
            for i in [i for i in self._snapshots if not self._due(i) and i != step]:
                del self._snapshots[i]

    # -- what came of it ---------------------------------------------------------------

    def minimum(self) -> Any:
        """The minimum near the best point of the run; None if none is found."""
        surface = self._loss_surface()
        if surface is None or not self._updates:
            return None
        points, losses = self._path()
        if points.shape[1] > SEARCHED:
            return None
        fine = np.isfinite(losses)
        best = int(np.nanargmin(np.where(fine, losses, np.nan))) if fine.any() else 0
        return surface.minimum(points[best])

    def losses(self, points: Any) -> list[float] | None:
        """The loss at each point, by the first kept tape; None if that cannot tell."""
        surface = self._loss_surface()
        if surface is None or min(surface.indices) < 0:
            return None
        return surface.losses(points)

    @property
    def names(self) -> tuple[str, ...]:
        """What the variables are called."""
        return tuple(self._name(i, v) for i, v in enumerate(self._variables))

    def descent(self, *, landscape: bool = True) -> Descent:
        """The run as frozen data.

        ``landscape`` adds the loss around its path, for up to two numbers in all.
        """
        updates = tuple(self._update(i, r) for i, r in enumerate(self._updates))
        surface = self._loss_surface()
        least = self.minimum() if self._small_enough else None
        around = self._landscape(surface, least) if landscape else None
        return Descent(
            self.names, updates, around, self._loss_name or "loss",
            self._method, self._curvatures(surface, least), self._shifts(surface),
        ).validate()  # fmt: skip

    def _update(self, i: int, r: _UpdateRecord) -> Update:
        moves = r.moves or r.differences()
        rate = r.rate if r.moves else _rate(r.gradients, moves)
        parts = tuple(
            UpdatePart(name, formula, tuple(map(_value, values)))
            for name, formula, values in r.parts
        )
        return Update(
            i, tuple(map(value_of_any, r.at)), _value(r.loss),
            tuple(map(_value, r.gradients)), tuple(map(value_of_any, moves)),
            tuple(map(value_of_any, r.to)), rate, parts, i in self._snapshots,
        )  # fmt: skip

    def _name(self, i: int, variable: Variable) -> str:
        if given_name(variable):
            return given_name(variable)
        first = self._snapshots[self.kept_steps[0]].names if self._snapshots else {}
        known = (*tensors(self._names), *tensors(first))
        return next((n for n, t in known if t is variable), f"x{i}")

    def _loss_surface(self) -> LossSurface | None:
        """The loss as a function, from the first tape that was kept."""
        for step in self.kept_steps:
            snapshot = self._snapshots[step]
            records = snapshot.tape.records()
            if len(snapshot.targets) != 1:
                continue
            goal = records.index_of(snapshot.targets[0])
            if goal >= 0 and np.size(array_of(snapshot.targets[0])) == 1:
                return LossSurface(records, goal, self._variables)
        return None

    def _landscape(self, surface: LossSurface | None, least: Any) -> Landscape | None:
        size = sum(int(np.size(array_of(v))) for v in self._variables)
        if surface is None or not 0 < size <= 2 or min(surface.indices) < 0:
            return None
        near = _near(*self._path())
        if near is None:
            return None
        count = LINE if near.shape[1] == 1 else GRID
        ends = _reach(near)
        if least is not None and _at_an_edge(ends, least):
            ends = _reach(np.vstack([near, least]))
        return landscape([np.linspace(*it, count) for it in ends], surface.losses)

    def _path(self) -> tuple[Any, Any]:
        """Every point as a row of numbers, and the loss of each update."""
        points = [r.at for r in self._updates] + [r.to for r in self._updates[-1:]]
        rows = [np.concatenate([np.ravel(v) for v in p]) for p in points]
        losses = [_scalar(r.loss) for r in self._updates]
        return np.array(rows, np.float64), np.array(losses, np.float64)

    def _shifts(self, surface: LossSurface | None) -> bool:
        """Whether the loss is another function at later steps, as with minibatches."""
        if surface is None or not self._updates or not self._small_enough:
            return False
        points, losses = self._path()
        fine = np.flatnonzero(np.isfinite(losses) & np.isfinite(points[:-1]).all(1))
        if not fine.size:
            return False
        some = fine[np.linspace(0, fine.size - 1, _COMPARED).astype(int)]
        again = np.array([surface.loss(points[i]) for i in some])
        seen = losses[some]
        room = 1e-3 * np.abs(seen) + 1e-5 * np.abs(seen).max()
        return bool((np.abs(again - seen) > room).any())

    @property
    def _small_enough(self) -> bool:
        """Whether every number of every point was kept."""
        return all(np.size(array_of(v)) <= WHOLE for v in self._variables)

    def _curvatures(
        self, surface: LossSurface | None, least: Any
    ) -> tuple[Curvature, ...]:
        if surface is None or not self._updates or not self._small_enough:
            return ()
        points, _ = self._path()
        ends = {"start": points[0], "end": points[-1], "minimum": least}
        found = (
            surface.curvature(where, p)
            for where, p in ends.items()
            if p is not None and np.isfinite(p).all()
        )
        return tuple(c for c in found if c is not None)


def landscape(axes: Sequence[Any], loss: Callable[[Any], Sequence[float]]) -> Landscape:
    """The loss along one axis, or on the grid of two.

    ``axes`` are arrays of numbers; ``loss`` gives the losses at rows of one of each.
    """
    points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, len(axes))
    found = np.reshape(loss(points), (-1, len(axes[0])))
    xs, *more = (tuple(axis.tolist()) for axis in axes)
    return Landscape(xs, more[0] if more else (), tuple(map(tuple, found.tolist())))


def _reach(points: Any) -> list[tuple[float, float]]:
    """From where to where a picture goes: a little beyond each column's range.

    A column that hardly moves takes the half width of the widest one.
    """
    widest = float(np.ptp(points, axis=0).max()) / 2
    found = []
    for x in points.T:
        own = (x.max() - x.min()) / 2
        half = own if own > 1e-3 * widest else widest
        half = max(half, 1e-3 * max(1.0, abs(x[0])))
        middle = (x.max() + x.min()) / 2
        found.append((middle - 1.8 * half, middle + 1.8 * half))
    return found


def _at_an_edge(ends: list[tuple[float, float]], at: Any) -> bool:
    """Whether a point is at an edge of a picture, or not far outside of it."""
    low, high = np.array(ends).T
    wide = high - low
    inside = (at > low + wide / 12) & (at < high - wide / 12)
    near = (at > low - wide / 3) & (at < high + wide / 3)
    return bool(near.all() and not inside.all())


def _near(points: Any, losses: Any) -> Any:
    """The points that a picture can show, also of a run that diverges.

    Those whose loss is less than 100 times the first fall above the first loss.
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
    """The same values, large arrays replaced by their summaries."""
    return [
        value_of(v, image=False) if v is not None and np.size(v) > WHOLE else v
        for v in values
    ]


def _scalar(loss: Any) -> float:
    return float(loss) if loss is not None and np.ndim(loss) == 0 else float("nan")


def _sum(targets: list[Any]) -> Any:
    """The loss of a gradient call: the sum of all entries of all targets."""
    if len(targets) == 1 and np.ndim(array_of(targets[0])) == 0:
        return array_of(targets[0])
    with np.errstate(all="ignore"):
        return np.asarray(sum(np.sum(array_of(t)) for t in targets))[()]


def _applied(calls: list[_GradientCall], moved: list[Variable]) -> _GradientCall | None:
    """The call of ``gradient`` that an update used.

    The latest one since the last update whose sources include a variable that moved
    and whose target is not itself a gradient, as the inner one of Newton's method is.
    """
    made = {id(g) for call in calls for g in call.found}
    mine = [call for call in calls if any(call.index_of(v) >= 0 for v in moved)]
    plain = [a for a in mine if not any(id(t) in made for t in a.snapshot.targets)]
    found = plain or mine
    return found[-1] if found else None


def _gradient_of(calls: list[_GradientCall], variable: Variable) -> Any:
    call = _applied(calls, [variable])
    found = None if call is None else call.found[call.index_of(variable)]
    return None if found is None else array_of(dense(found))


def _names_of(names: Mapping[str, Any], snapshot: StepSnapshot) -> dict[str, Any]:
    """The learner's names of variables and of tensors on this tape."""
    records = snapshot.tape.records()
    return {
        name: t for name, t in tensors(names)
        if isinstance(t, Variable) or not records.is_foreign(t)
        or any(t is target for target in snapshot.targets)
    }  # fmt: skip


def _loss_name(snapshot: StepSnapshot, names_now: Names) -> str:
    """What the learner calls the target of a gradient."""
    names = snapshot.names or names_now
    for target in snapshot.targets:
        found = [n for n, t in tensors(names) if t is target]
        if found:
            whole = len(snapshot.targets) == 1 and not np.ndim(array_of(target))
            return found[0] if whole else f"sum of {found[0]}"
    return ""


def _terms(variable: Variable) -> Any:
    """The terms of the update that an optimizer is applying; None without one."""
    by = tape_stack.optimizer
    if by is None or np.size(array_of(variable)) > WHOLE:
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
    for index, terms in moved.items():
        for term in terms or ():
            row = found.setdefault((term.name, term.formula), [None] * count)
            row[index] = term.value
    return tuple((name, text, tuple(row)) for (name, text), row in found.items())


def _rate(gradients: list[Any], moves: list[Any]) -> float | None:
    """The learning rate in ``moves = -rate * gradients``; None if there is none."""
    pairs = [p for p in zip(gradients, moves, strict=True) if p[0] is not None]
    if not pairs:
        return None
    columns = (map(np.ravel, column) for column in zip(*pairs, strict=True))
    g, m = (np.concatenate([*column]).astype(np.float64) for column in columns)
    top = float(np.abs(g).max(initial=0.0))
    if not top or not (np.isfinite(top) and np.isfinite(m).all()):
        return None
    g, m = g / top, m / top  # or the squares may overflow
    rate = -float(g @ m) / float(g @ g)
    error = float(np.abs(m + rate * g).max())
    return _short(rate) if error <= 1e-4 * float(np.abs(m).max() or 1.0) else None


def _short(rate: float) -> float:
    """The rate with as few digits as float32 rounding allows: 0.1, not 0.09999996."""
    for digits in range(1, 7):
        short = float(f"{rate:.{digits}g}")
        if abs(short - rate) <= 2e-6 * abs(rate):
            return short
    return rate
