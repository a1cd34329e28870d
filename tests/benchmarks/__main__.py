"""``python -m tests.benchmarks``: medians and ratios of one interleaved run."""

from __future__ import annotations

import os
import sys

from tests.benchmarks import THREADS


def _one_thread() -> None:
    """Start again with one thread for BLAS and OpenMP, which is read on import."""
    if any(os.environ.get(name) != "1" for name in THREADS):
        os.environ.update(dict.fromkeys(THREADS, "1"))
        words = [sys.executable, "-m", "tests.benchmarks", *sys.argv[1:]]
        os.execv(sys.executable, words)


def main() -> None:
    """Print one row for each workload; words on the command line choose rows."""
    _one_thread()
    from tests.benchmarks.measure import bytes_per_record, import_ratio, judged, row
    from tests.benchmarks.workloads import everything

    for workload in everything():
        if not sys.argv[1:] or any(w in workload.title for w in sys.argv[1:]):
            print(row(workload), flush=True)
    if not sys.argv[1:]:
        size, times = bytes_per_record(), import_ratio()
        print(f"bytes per recorded scalar op: {size:.0f}{judged(size, 200)}")
        print(f"import, times numpy's: {times:.2f}{judged(times, 1.3)}")


main()
