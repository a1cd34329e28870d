"""Ratios within one process that must hold, with room for a noisy machine."""

from __future__ import annotations

import pytest

from tests.benchmarks import workloads
from tests.benchmarks.measure import bytes_per_record, medians
from tests.benchmarks.workloads import Workload


def ratio(workload: Workload, other: str) -> float:
    """Our time over another's, the best of three goes."""
    both = {name: workload.works[name] for name in ("tapeviz", other)}
    goes = [medians(both, 5) for _ in range(3)]
    return min(found["tapeviz"] / found[other] for found in goes)


@pytest.mark.parametrize(
    ("workload", "other", "limit"),
    [
        (workloads.chain(1000), "floor", 90),
        (workloads.descent(10), "floor", 200),
        (workloads.network(), "floor", 4),
        (workloads.arrays(), "numpy forward", 4.5),
        (workloads.jacobian(), "row by row", 0.25),
    ],
    ids=lambda value: value.title if isinstance(value, Workload) else str(value),
)
def test_a_tape_costs_no_more_than(
    workload: Workload, other: str, limit: float
) -> None:
    assert ratio(workload, other) < limit


def test_cost_per_op_does_not_grow_with_the_tape() -> None:
    short, long = workloads.chain(1000), workloads.chain(50_000)
    goes = [
        medians({"short": short.works["tapeviz"], "long": long.works["tapeviz"]}, 3)
        for _ in range(3)
    ]
    assert min(g["long"] / 50_000 / (g["short"] / 1000) for g in goes) < 2.8


def test_a_record_is_small() -> None:
    assert bytes_per_record() <= 200


def test_paths_are_added_not_enumerated() -> None:
    thirty, sixty = workloads.doublings(30), workloads.doublings(60)
    found = medians({"30": thirty.works["tapeviz"], "60": sixty.works["tapeviz"]}, 5)
    assert found["60"] / found["30"] < 4
