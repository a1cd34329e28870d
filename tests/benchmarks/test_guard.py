"""Ratios within one process that must hold, with room for a noisy machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import THREADS

ROOT = Path(__file__).parents[2]
LIMITS = {
    "chain, beside Python": ('ratio(works.chain(1000), "floor")', 50),
    "descent, beside Python": ('ratio(works.descent(10), "floor")', 120),
    "network, beside NumPy": ('ratio(works.network(), "floor")', 2.3),
    "arrays, beside the forward pass": ('ratio(works.arrays(), "numpy forward")', 2.1),
    "Jacobian, beside its rows": ('ratio(works.jacobian(), "row by row")', 0.1),
    "chain, its cost per op": (
        "growth(works.chain(1000), works.chain(50_000), 50)", 1.8,
    ),
    "paths are added": ("growth(works.doublings(30), works.doublings(60), 2)", 2),
    "bytes per record": ("bytes_per_record()", 200),
}  # fmt: skip
"""What is measured, how, and what it must not exceed."""

CODE = """
import json
from tests.benchmarks import workloads as works
works.peer = lambda name: None
from tests.benchmarks.measure import bytes_per_record, growth, ratio
print(json.dumps([{}]))
"""


@pytest.fixture(scope="module")
def measured() -> dict[str, float]:
    """All numbers, from one process with one thread for BLAS."""
    code = CODE.format(", ".join(how for how, _ in LIMITS.values()))
    out = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | dict.fromkeys(THREADS, "1"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(LIMITS, json.loads(out.stdout), strict=True))


@pytest.mark.parametrize("what", LIMITS)
@pytest.mark.alone
def test_it_costs_no_more_than(what: str, measured: dict[str, float]) -> None:
    assert measured[what] <= LIMITS[what][1]
