"""The words that change shapes and positions, and pick or put entries.

Axes are negative numbers, and shapes are matched from the right, so that the same call
works with more axes in front: one gradient per row of a Jacobian.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeviz.engine.kernels.core import Shape, tidy

reverse, roll, concat = np.flip, np.roll, np.concatenate


def opposite(shift: Shape) -> Shape:
    """The shifts that undo these."""
    return tuple(-s for s in shift)


def before(shapes: tuple[Shape, ...], k: int, axis: int) -> int:
    """How many entries stand before part ``k``."""
    return sum(s[axis] for s in shapes[:k])


def _along(part: slice, axis: int) -> tuple[Any, ...]:
    return (Ellipsis, part, *(slice(None),) * (-axis - 1))


def narrow(x: Any, start: int, size: int, axis: int) -> Any:
    """``size`` entries along ``axis``, from ``start`` on."""
    return x[_along(slice(start, start + size), axis)]


def widen(x: Any, size: int, start: int, axis: int) -> Any:
    """Zeros of ``size`` entries along ``axis``, with ``x`` from ``start`` on."""
    shape = list(x.shape)
    part = slice(start, start + shape[axis])
    shape[axis] = size
    z = np.zeros(shape, x.dtype)
    z[_along(part, axis)] = x
    return z


def pad(x: Any, widths: tuple[tuple[int, int], ...], value: Any) -> Any:
    """``x`` with ``value`` around it."""
    if not widths:
        return x
    front = ((0, 0),) * (np.ndim(x) - len(widths))
    return tidy(np.pad(x, (*front, *widths), constant_values=value))


def trim(x: Any, widths: tuple[tuple[int, int], ...]) -> Any:
    """``x`` without that much at each end."""
    ends = [slice(lo, -hi if hi else None) for lo, hi in widths]
    return x[(Ellipsis, *ends)] if ends else x


def tile(x: Any, times: Shape) -> Any:
    """``x`` that many times along each axis."""
    return tidy(np.tile(x, (*(1,) * (np.ndim(x) - len(times)), *times)))


def untile(x: Any, shape: Shape, times: Shape) -> Any:
    """The sum of the tiles."""
    n = len(times)
    lead = np.shape(x)[: np.ndim(x) - n]
    sizes = [
        s for t, m in zip(times, shape[len(shape) - n :], strict=True) for s in (t, m)
    ]
    axes = tuple(range(-2 * n, 0, 2))
    return np.add.reduce(np.reshape(x, (*lead, *sizes)), axis=axes) if n else x


def gather(x: Any, ids: Any, axis: int) -> Any:
    """The entries with these numbers along ``axis``."""
    return tidy(np.take(x, ids, axis))


def scatter(x: Any, shape: Shape, ids: Any, axis: int) -> Any:
    """Zeros of that shape with the parts of ``x`` added at these numbers."""
    many = np.ndim(ids)
    lead = np.ndim(x) - (len(shape) - 1 + many)
    z = np.zeros((*np.shape(x)[:lead], *shape), x.dtype)
    at = z.ndim + axis
    parts = np.moveaxis(np.asarray(x), tuple(range(at, at + many)), tuple(range(many)))
    if z.size:
        np.add.at(np.moveaxis(z, at, 0), ids, parts)
    return z


def _points(ids: Any, lead: int) -> tuple[Any, ...]:
    return (*(slice(None),) * lead, *np.moveaxis(ids, -1, 0))


def gather_nd(x: Any, ids: Any, lead: int) -> Any:
    """The entries at these places; ``lead`` axes in front are left alone."""
    return tidy(x[_points(ids, lead)])


def scatter_nd(x: Any, shape: Shape, ids: Any, lead: int) -> Any:
    """Zeros of that shape with the parts of ``x`` added at these places."""
    z = np.zeros(shape, x.dtype)
    np.add.at(z, _points(ids, lead), x)
    return tidy(z)


def _along_rows(ids: Any, x: Any) -> Any:
    return ids.reshape((1,) * (np.ndim(x) - ids.ndim) + ids.shape)


def along(x: Any, ids: Any, axis: int) -> Any:
    """Along ``axis``, the entries with numbers that differ from row to row."""
    return np.take_along_axis(x, _along_rows(ids, x), axis)


def put_along(x: Any, shape: Shape, ids: Any, axis: int) -> Any:
    """Zeros of that shape with the entries of ``x`` put at those numbers."""
    lead = np.shape(x)[: np.ndim(x) - len(shape)]
    z = np.zeros((*lead, *shape), x.dtype)
    np.put_along_axis(z, _along_rows(ids, x), x, axis)
    return z


def entry(x: Any, a: Any) -> Any:
    """Of each row of ``x``, the entry with number ``a``."""
    return tidy(np.take_along_axis(x, a[..., None], -1)[..., 0])


def hot(a: Any, b: Any) -> Any:
    """1 at the place that ``a`` says, 0 elsewhere, like ``b``."""
    return (a[..., None] == np.arange(b.shape[-1])).astype(b.dtype)
