"""A large array as a small picture: a grid of cells, the darker the larger."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from tapeviz.render.svg.elements import at, path, rect
from tapeviz.trace.markup import Element
from tapeviz.trace.value import Value

RULES = {
    ".heat": "fill:@op;stroke:none",
    ".heat-rim": "fill:none;stroke:@hair",
}
"""What the cells look like; how dark they are is in their opacity."""

SHADES = 8
"""How many shades there are."""

_SIDE = 7
_ROWS = 6
_ACROSS = 16


def size(value: Value) -> tuple[float, float]:
    """The width and height of the picture; nothing for an array without a grid."""
    grid = cells(value)
    return (_SIDE * len(grid[0]), _SIDE * len(grid)) if grid else (0, 0)


def cells(value: Value) -> tuple[tuple[float, ...], ...]:
    """The numbers of the cells: means of blocks, at most 6 rows of 16.

    An array without numbers, or with nan or infinities in it, has none.

    >>> cells(Value("float32", (2, 7), tuple(float(i) for i in range(14))))[1][:3]
    (7.0, 8.0, 9.0)
    """
    grid = value.summary.thumb if value.summary else _grid(value)
    if not grid or not all(map(math.isfinite, (e for row in grid for e in row))):
        return ()
    rows = [_block_means(row, _ACROSS) for row in grid]
    columns = zip(*rows, strict=True)
    return tuple(zip(*(_block_means(column, _ROWS) for column in columns), strict=True))


def _grid(value: Value) -> tuple[tuple[float, ...], ...]:
    """The entries of a small array, row by row."""
    data = value.data or ()
    if not data or not all(isinstance(e, (int, float)) for e in data):
        return ()
    across = value.shape[-1] if value.shape else 1
    numbers = [float(e) for e in data if isinstance(e, (int, float))]
    return tuple(tuple(numbers[i : i + across]) for i in range(0, len(numbers), across))


def _block_means(row: Sequence[float], most: int) -> tuple[float, ...]:
    """The row as at most so many means, each of as many neighbours."""
    many = min(most, len(row))
    ends = [round(i * len(row) / many) for i in range(many + 1)]
    return tuple(math.fsum(row[a:b]) / (b - a) for a, b in pairwise(ends))


def draw(value: Value, x: float, y: float) -> tuple[Element, ...]:
    """The cells as SVG, from a point on."""
    grid = cells(value)
    if not grid:
        return ()
    low = min(map(min, grid))
    span = max(map(max, grid)) - low
    shades: list[str] = [""] * SHADES
    for i, row in enumerate(grid):
        for j, number in enumerate(row):
            part = (number - low) / span if span > 0 else 0.5
            start = at(x + j * _SIDE, y + i * _SIDE)
            shade = min(SHADES - 1, int(part * SHADES))
            shades[shade] += f"M{start}h{_SIDE}v{_SIDE}h-{_SIDE}z"
    drawn = (
        path("heat", d, fill_opacity=f"{(k + 0.4) / SHADES:.2f}")
        for k, d in enumerate(shades)
        if d
    )
    return (*drawn, rect("heat-rim", x, y, *size(value)))
