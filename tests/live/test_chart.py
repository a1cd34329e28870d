"""The page's charts against those of Python: ticks, levels, and where contours run."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from typing import Any

import numpy as np
import pytest
from contourpy import contour_generator

from tapeviz.render.descent.chart import Axis
from tapeviz.render.html.assets import read_assets

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")


def computed(call: str, *rows: Any) -> list[Any]:
    """What a call of the chart's script gives for each row of arguments."""
    script = read_assets("live/format.js", "live/chart.js", "live/marks.js")
    out = f"JSON.stringify({json.dumps(rows)}.map((row) => {call}))"
    code = f"{script};process.stdout.write({out})"
    done = subprocess.run(
        [str(NODE), "-e", code], capture_output=True, text=True, check=True
    )
    found: list[Any] = json.loads(done.stdout)
    return found


def test_the_ticks_of_an_axis_are_those_of_python() -> None:
    rng = np.random.default_rng(3)
    ends = [(-1.2, 9.0), (0.0, 1.0), (-3.0, 3.0), (1e-5, 2e-5), (-7e6, 3.0)]
    ends += [(a, a + b) for a, b in rng.normal(0, 9, (40, 2)) ** 2]
    for found, (low, high) in zip(
        computed("axis(...row).ticks()", *ends), ends, strict=True
    ):
        assert found == pytest.approx(Axis(low, high).ticks(), rel=1e-11, abs=1e-12)
        assert 2 <= len(found) <= 7


def test_the_ticks_of_a_logarithmic_axis_are_powers_of_ten() -> None:
    ends = [(0.002, 4e3), (1.0, 100.0), (1e-30, 1.0)]
    found = computed("axis(...row, { log: true }).ticks()", *ends)
    for ticks, (low, high) in zip(found, ends, strict=True):
        assert ticks == pytest.approx(Axis(low, high, log=True).ticks(), rel=1e-12)


def test_levels_are_the_quantiles_that_python_takes() -> None:
    values = np.random.default_rng(1).normal(size=400).tolist()
    (found,) = computed("levels(row[0])", [values])
    quantiles = np.quantile(values, np.linspace(0, 1, 11) ** 1.5)
    assert found == pytest.approx(quantiles[1:-1].tolist())


def _area(points: Any) -> float:
    x, y = np.asarray([point[:2] for point in points], dtype=float).T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


SURFACES = {
    "bowl": lambda x, y: x**2 + 2 * y**2,
    "saddle": lambda x, y: x * y,
    "waves": lambda x, y: np.sin(2 * x) + np.cos(3 * y),
    "slope": lambda x, y: x + 0.3 * y,
}


@pytest.mark.parametrize("name", SURFACES)
def test_what_lies_below_a_level_is_as_large_as_in_contourpy(name: str) -> None:
    ticks = np.linspace(-3, 3, 25)
    grid = SURFACES[name](*np.meshgrid(ticks, ticks))
    for level in (-0.71, 0.13, 0.94):
        (found,) = computed(
            "rings(25, 25, row[0], row[1])", [grid.ravel().tolist(), level]
        )
        polygons, offsets = contour_generator(
            z=grid, fill_type="OuterOffset", quad_as_tri=False
        ).filled(-1e9, level)
        expected = sum(
            abs(_area(ring)) * (1 if k == 0 else -1)
            for points, ends in zip(polygons, offsets, strict=True)
            for k, ring in enumerate(np.split(points, ends[1:-1].astype(int)))
        )
        assert abs(sum(map(_area, found))) == pytest.approx(expected, abs=1e-6)
        crossings = [p for ring in found for p in ring if not p[2]]
        lines = contour_generator(z=grid).lines(level)
        assert len(crossings) == len(
            {tuple(p) for line in lines for p in np.round(np.asarray(line), 9)}
        )


def test_a_contour_ends_where_values_are_not_known() -> None:
    values: list[float | None] = [float(x) for _ in range(4) for x in range(4)]
    values[5] = None  # in JSON a nan
    call = "rings(4, 4, row[0].map((v) => v ?? NaN), 1.5)"
    (found,) = computed(call, [values])
    assert all(math.isfinite(number) for ring in found for number in ring[0][:2])
    assert any(p[2] for ring in found for p in ring)


def test_an_island_between_grid_points_is_no_contour() -> None:
    values = [1.0] * 81
    values[40] = -1.0  # one low point in the middle of 9 x 9
    found = computed(
        "rings(9, 9, row[0], 0).map((ring) => isWide(ring))", [values], [[*range(81)]]
    )
    assert found[0] == [False]
    values = [float((i % 9 - 4) ** 2 + (i // 9 - 4) ** 2 - 5) for i in range(81)]
    assert computed("rings(9, 9, row[0], 0).map((ring) => isWide(ring))", [values]) == [
        [True]
    ]
