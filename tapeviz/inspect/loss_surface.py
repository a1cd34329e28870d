"""The loss away from a run's path: its recorded ops run again at other points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tapeviz.engine.dispatch import call
from tapeviz.engine.recording import tape_stack
from tapeviz.engine.records import Record, Records
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, Variable, array_of, wrap
from tapeviz.inspect.replay import replay
from tapeviz.trace.descent import Curvature

MANY = 100
"""The Hessian is not computed for more numbers than this in all variables."""

_ROUNDS = 20
_CONVERGED = 1e-5
_ROUNDING = 1e-3
_SAMPLES = 5


def split(variables: Sequence[Variable], numbers: Any) -> list[Any]:
    """A row of numbers as a value for each variable."""
    parts, start = [], 0
    for v in variables:
        value = array_of(v)
        size = int(np.size(value))
        part = np.asarray(numbers[start : start + size]).reshape(np.shape(value))
        parts.append(part.astype(value.dtype)[()])
        start += size
    return parts


@dataclass
class LossSurface:
    """The loss of one step as a function of the numbers of some variables.

    ``goal`` is the index of the loss in the recording. A point is a flat row of the
    numbers of all variables.
    """

    records: Records
    goal: int
    variables: Sequence[Variable]

    @cached_property
    def indices(self) -> list[int]:
        """The variables' indices in the recording; -1 for one that was not read."""
        return [self.records.index_of(v) for v in self.variables]

    @cached_property
    def needed(self) -> list[int]:
        """The indices of the records that the loss depends on, in order."""
        found = {self.goal}
        for i in range(self.goal, -1, -1):
            if i in found and self.records[i].kind != "read":
                found |= {j for j in self.records[i].operands if j >= 0}
        return sorted(found)

    # -- the loss alone ----------------------------------------------------------------

    def loss(self, numbers: Any) -> float:
        """The loss at a point."""
        return float(np.sum(self._replayed(split(self.variables, numbers))))

    def losses(self, points: Any) -> list[float]:
        """The loss at each row of ``points``, all at once where the ops allow it."""
        points = np.asarray(points, np.float64)
        at_once = self._at_once(points)
        if at_once is not None:
            return [float(v) for v in at_once]
        return [self.loss(p) for p in points]

    def _replayed(self, values: list[Any]) -> Any:
        pairs = zip(self.indices, values, strict=True)
        put = {index: v for index, v in pairs if index >= 0}
        return replay(self.records[: self.goal + 1], put)[self.goal]

    def _at_once(self, points: Any) -> Any:
        """All losses in one pass, scalar variables as arrays of points.

        None where that gives anything else than the losses one by one: checked at
        ``_SAMPLES`` points.
        """
        if any(np.ndim(array_of(v)) for v in self.variables) or len(points) <= _SAMPLES:
            return None
        kinds = [array_of(v).dtype for v in self.variables]
        columns = [c.astype(k) for c, k in zip(points.T, kinds, strict=True)]
        try:
            found = self._replayed(columns)
        except Exception:  # noqa: BLE001 - an op may need its recorded shapes
            return None
        if np.shape(found) != (len(points),):
            return None
        sample = np.linspace(0, len(points) - 1, _SAMPLES).astype(int)
        sure = [self.loss(points[i]) for i in sample]
        same = np.allclose(found[sample], sure, rtol=1e-4, equal_nan=True)
        return found if same else None

    # -- its derivatives ---------------------------------------------------------------

    def recomputed(self, tensors: Sequence[Tensor]) -> Tensor:
        """The loss computed again from tensors, so that a tape can record it."""
        pairs = zip(self.indices, tensors, strict=True)
        made: dict[int, Any] = {index: t for index, t in pairs if index >= 0}
        for i in self.needed:
            if i not in made:
                made[i] = _run(self.records[i], made)
        found: Tensor = made[self.goal]
        return found

    def derivatives(self, numbers: Any) -> tuple[Any, Any] | None:
        """Gradient and Hessian at a point, by nested tapes.

        None where an op has no second derivative or there are too many numbers.
        """
        size = len(numbers)
        if not 0 < size <= MANY or min(self.indices) < 0:
            return None
        listeners, tape_stack.listeners = tape_stack.listeners, ()
        try:
            slope, rows = _twice(
                self.recomputed, [wrap(v) for v in split(self.variables, numbers)]
            )
        except Exception:  # noqa: BLE001 - an op of the learner's may raise anything
            return None
        finally:
            tape_stack.listeners = listeners
        return slope, (rows + rows.T) / 2

    def curvature(self, where: str, numbers: Any) -> Curvature | None:
        """Eigenvalues and eigenvectors of the Hessian at a point; None if not known."""
        found = self.derivatives(numbers)
        if found is None or not all(np.isfinite(f).all() for f in found):
            return None
        eigenvalues, eigenvectors = np.linalg.eigh(found[1])
        return Curvature(
            where, _row(numbers), _row(found[0]), _row(eigenvalues),
            tuple(map(_row, eigenvectors.T)),
        )  # fmt: skip

    def minimum(self, numbers: Any) -> Any:
        """The minimum near a point, by Newton's method; None if none is found."""
        x = np.array(numbers, np.float64)
        for _ in range(_ROUNDS):
            found = self.derivatives(x)
            if found is None or not all(np.isfinite(f).all() for f in found):
                return None
            slope, matrix = found
            eigenvalues, eigenvectors = np.linalg.eigh(matrix)
            step = _newton(slope, eigenvalues, eigenvectors)
            far = float(np.abs(step).max()) / max(1.0, float(np.abs(x).max()))
            lower = None if far <= _CONVERGED else self._lower(x, step)
            if lower is None:
                good = eigenvalues[0] > 0 and far <= _ROUNDING
                return (
                    x + step if good and self._lowest(x + step, eigenvectors) else None
                )
            x = lower
        return None

    def _lowest(self, x: Any, eigenvectors: Any) -> bool:
        """Whether the loss is lower on neither side along any eigenvector."""
        floor = self.loss(x) - 1e-6 * abs(self.loss(x))
        far = _ROUNDING * max(1.0, float(np.abs(x).max()))
        sides = (
            x + s * far * direction for direction in eigenvectors.T for s in (-1, 1)
        )
        return not any(self.loss(p) < floor for p in sides)

    def _lower(self, x: Any, step: Any) -> Any:
        """A point along a step where the loss is lower; None if there is none."""
        value, part = self.loss(x), 1.0
        while part > 1e-6:
            if self.loss(x + part * step) <= value:
                return x + part * step
            part /= 2
        return None


def _newton(slope: Any, eigenvalues: Any, eigenvectors: Any) -> Any:
    """The Newton step; along negative eigenvalues it goes downhill."""
    least = 1e-6 * max(float(np.abs(eigenvalues).max()), 1e-30)
    return -eigenvectors @ (
        (eigenvectors.T @ slope) / np.maximum(np.abs(eigenvalues), least)
    )


def _run(record: Record, made: dict[int, Any]) -> Any:
    """One record's op on tensors."""
    if record.kind != "op":
        return wrap(record.result)
    given = [
        made[j] if j >= 0 else v if isinstance(v, (int, float)) else wrap(v)
        for j, v in zip(record.operands, record.values, strict=True)
    ]
    function = getattr(call, record.op.name)
    return function(*([given] if record.op.many else given), *record.settings)


def _twice(loss: Callable[[Sequence[Tensor]], Tensor], xs: list[Tensor]) -> Any:
    """The gradient and the Hessian of a loss, as NumPy arrays."""
    with GradientTape(persistent=True) as outer:
        outer.watch(xs)
        with GradientTape() as inner:
            inner.watch(xs)
            y = loss(xs)
        slopes = inner.gradient(y, xs, unconnected_gradients="zero")
    rows = [
        [_block(d, g, x) for d, x in zip(_derived(outer, g, xs), xs, strict=True)]
        for g in slopes
    ]
    slope = np.concatenate([np.ravel(array_of(g)) for g in slopes]).astype(np.float64)
    return slope, np.block(rows).astype(np.float64)


def _derived(tape: GradientTape, g: Any, xs: list[Tensor]) -> Any:
    """The derivatives of one gradient, which is an array or one number."""
    return tape.jacobian(g, xs) if np.ndim(array_of(g)) else tape.gradient(g, xs)


def _block(found: Any, g: Any, x: Any) -> Any:
    """The block of the Hessian of one gradient and one variable, as a matrix."""
    shape = (int(np.size(array_of(g))), int(np.size(array_of(x))))
    return np.zeros(shape) if found is None else np.reshape(array_of(found), shape)


def _row(numbers: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in np.ravel(numbers))
