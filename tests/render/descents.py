"""Descents made by hand with NumPy, for the tests of their pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tapeviz.trace.descent import Descent, Landscape, Update
from tapeviz.trace.value import Value

Number = float | np.float32


def value(entries: object) -> Value:
    """A float32 value."""
    with np.errstate(over="ignore"):
        array = np.asarray(entries, dtype=np.float32)
    return Value("float32", array.shape, tuple(map(float, array.ravel())))


def parabola(
    rate: float = 0.1,
    steps: int = 10,
    *,
    start: float = 2.0,
    view: tuple[float, float] = (1.0, 9.0),
    land: bool = True,
) -> Descent:
    """Section 10.6: (x - 5)**2 from x = 2, in float32."""
    return line(
        lambda x: (x - 5) ** 2,
        lambda x: 2 * (x - 5),
        rate,
        steps,
        start,
        view if land else None,
    )


def line(  # noqa: PLR0913, PLR0917 - the parts of an experiment
    loss: Callable[[Number], Number],
    slope: Callable[[Number], Number],
    rate: float,
    steps: int,
    start: float,
    view: tuple[float, float] | None,
) -> Descent:
    """Plain descent on a function of one number."""
    x, updates = np.float32(start), []
    with np.errstate(all="ignore"):
        for i in range(steps):
            gradient = np.float32(slope(x))
            move = np.float32(-np.float32(rate) * gradient)
            to = np.float32(x + move)
            seen = [(value(v),) for v in (x, gradient, move, to)]
            at, g, m, after = seen
            updates.append(Update(i, at, value(loss(x)), g, m, after, rate))
            x = to
    land = None
    if view:
        xs = np.linspace(*view, 81)
        land = Landscape(tuple(xs.tolist()), (), (tuple(float(loss(v)) for v in xs),))
    return Descent(("x",), tuple(updates), land).validate()


def ravine(rate: float = 0.1, steps: int = 12) -> Descent:
    """Half of x**2 + 8 y**2 from (-4, 2)."""
    at, pull, updates = np.array([-4.0, 2.0]), np.array([1.0, 8.0]), []
    for i in range(steps):
        g = pull * at
        to = at - rate * g
        loss = value(float((pull * at * at).sum() / 2))
        rows = [tuple(map(value, v)) for v in (at, g, -rate * g, to)]
        updates.append(Update(i, rows[0], loss, rows[1], rows[2], rows[3], rate))
        at = to
    xs, ys = np.linspace(-5, 5, 30), np.linspace(-3, 3, 25)
    grid = (xs[None] ** 2 + 8 * ys[:, None] ** 2) / 2
    land = Landscape(
        tuple(xs.tolist()), tuple(ys.tolist()), tuple(map(tuple, grid.tolist()))
    )
    return Descent(("x", "y"), tuple(updates), land).validate()


def arrays(
    steps: int = 6, shapes: Sequence[tuple[int, ...]] = ((3,), (2, 2))
) -> Descent:
    """Half the sum of squares of two arrays, each entry falling by a fifth."""
    parts = [np.arange(1.0, 1 + np.prod(s)).reshape(s) for s in shapes]
    updates = []
    for i in range(steps):
        loss = value(sum(float((p * p).sum()) for p in parts) / 2)
        to = [0.8 * p for p in parts]
        rows = [
            tuple(map(value, row))
            for row in (parts, parts, [-0.2 * p for p in parts], to)
        ]
        updates.append(Update(i, rows[0], loss, rows[1], rows[2], rows[3], 0.2))
        parts = to
    names = ("w", "b")[: len(shapes)]
    return Descent(names, tuple(updates)).validate()
