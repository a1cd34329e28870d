"""Measuring: works in turn, medians, ratios to ours."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
import tracemalloc

import tapeviz as tf
from tests.benchmarks.workloads import Work, Workload


def medians(works: dict[str, Work], rounds: int = 15) -> dict[str, float]:
    """The median seconds of each work, all taking turns in every round."""
    counts = {name: _count(work) for name, work in works.items()}
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            gc.collect()
            start = time.perf_counter()
            for _ in range(counts[name]):
                work()
            times[name].append((time.perf_counter() - start) / counts[name])
    return {name: statistics.median(t) for name, t in times.items()}


def _count(work: Work) -> int:
    """How often to repeat a work so that a round lasts about 10 ms."""
    work()
    start = time.perf_counter()
    work()
    once = time.perf_counter() - start
    return max(1, min(1000, int(0.01 / max(once, 1e-7))))


def row(workload: Workload) -> str:
    """A line: our time, and ours as a part of each other's, beside the goal."""
    slow = "100000" in workload.title
    found = medians(workload.works, 5 if slow else 15)
    ours = found.pop("tapeviz")
    cells = [f"{workload.title:30s} {ours / workload.per * 1e6:9.2f} {workload.unit}"]
    for name, other in found.items():
        goal = workload.goals.get(name)
        aim = f" (goal {goal:.2g})" if goal else ""
        cells.append(f"{ours / other:.3g}x {name}{aim}")
    return "   ".join(cells)


def bytes_per_record(steps: int = 20_000) -> float:
    """What one scalar op of a chain costs in memory while its tape lives."""
    y, w, b = tf.Variable(1.0), tf.Variable(0.999), tf.Variable(0.1)
    gc.collect()
    tracemalloc.start()
    with tf.GradientTape() as tape:
        for _ in range(steps):
            y = y * w + b
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del tape
    return size / (2 * steps)


def import_ratio(rounds: int = 7) -> float:
    """The time of ``import tapeviz`` over that of ``import numpy``, medians."""
    times: dict[str, list[float]] = {"numpy": [], "tapeviz": []}
    for _ in range(rounds):
        for name, seconds in times.items():
            seconds.append(_import(name))
    return statistics.median(times["tapeviz"]) / statistics.median(times["numpy"])


def _import(name: str) -> float:
    code = (
        "from time import perf_counter as now; start = now(); "
        f"import {name}; print(now() - start)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return float(out.stdout)
