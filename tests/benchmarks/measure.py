"""Measuring: works in turn, medians, ratios to ours."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
import tracemalloc

import tapeviz as tf
from tests.benchmarks.workloads import Number, Work, Workload


def medians(works: dict[str, Work], rounds: int = 15) -> dict[str, float]:
    """The median seconds of each work on the processor, taking turns in each round."""
    counts = {name: _count(work) for name, work in works.items()}
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            gc.collect()
            start = time.thread_time()
            for _ in range(counts[name]):
                work()
            times[name].append((time.thread_time() - start) / counts[name])
    return {name: statistics.median(t) for name, t in times.items()}


def _count(work: Work) -> int:
    """How often to repeat a work so that a round lasts about 10 ms."""
    work()
    start = time.thread_time()
    work()
    once = time.thread_time() - start
    return max(1, min(1000, int(0.01 / max(once, 1e-7))))


def row(workload: Workload) -> str:
    """A line: our time, and ours as a part of each other's, beside the goal."""
    slow = "100000" in workload.title
    found = medians(workload.works, 5 if slow else 15)
    ours = found.pop("tapeviz")
    cells = [f"{workload.title:30s} {ours / workload.per * 1e6:9.2f} {workload.unit}"]
    for name, other in found.items():
        aim = judged(ours / other, workload.goals.get(name))
        cells.append(f"{ours / other:.3g}x {name}{aim}")
    return "   ".join(cells)


def judged(value: float, goal: float | None) -> str:
    """The goal beside a value, and whether it is met; nothing where there is none."""
    if goal is None:
        return ""
    return f" (goal {goal:.3g}: {'met' if value <= goal else 'not met'})"


def ratio(workload: Workload, other: str) -> float:
    """Our time over another's, the best of three goes."""
    both = {name: workload.works[name] for name in ("tapeviz", other)}
    goes = [medians(both, 5) for _ in range(3)]
    return min(found["tapeviz"] / found[other] for found in goes)


def growth(short: Workload, long: Workload, times: float) -> float:
    """How much more an operation costs in a recording ``times`` as long."""
    both = {"short": short.works["tapeviz"], "long": long.works["tapeviz"]}
    goes = [medians(both, 3) for _ in range(3)]
    return min(found["long"] / found["short"] for found in goes) / times


def bytes_per_record(steps: int = 20_000) -> float:
    """What one scalar op of a chain costs in memory while its tape lives."""
    start, w, b = tf.Variable(1.0), tf.Variable(0.999), tf.Variable(0.1)
    y: Number = start
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
        "from time import process_time as now; start = now(); "
        f"import {name}; print(now() - start)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return float(out.stdout)
