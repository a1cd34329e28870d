"""How fast the tape is, beside hand-written code and beside other tapes.

``python -m tests.benchmarks`` prints one row for each workload: our time, and what
part of each other's it is, beside the goal and whether it is met. Words choose rows:
``python -m tests.benchmarks W4 W5``. All works of a row take turns in one process,
with one thread for BLAS and the garbage collector on. Counted is the time of the own
thread on the processor, which other programs disturb little. Ratios count,
microseconds do not.

What is met: a chain of operations, sums that share a variable (nearly), the memory of
a record, the five arrays of W5, second derivatives, a Jacobian beside its rows. What
is not, and why:

- W1 and W3, a few scalars and one gradient. A tape costs about 1.5 µs to open and
  close (a list, its handle, which thread it belongs to), a gradient 2.5 µs, an
  operation 0.5 µs: NumPy's float32 instead of Python's floats, the place in the
  source, one look at the thread per variable. micrograd has none of these, and its
  two operations of W3 cost less than our tape. A recording of hundreds of operations
  hides that cost.
- W4, one step of a network. The calls of NumPy that the rules make, in a straight
  line without a tape, cost 1.0 to 1.17 times what is written by hand. The rest is
  Python: 8,700 bytecodes for some fifty steps, at 8 ns instead of the 3 ns of a chain
  of scalars, as each product of matrices drives the interpreter out of the nearest
  cache.
- W5, a million numbers. The calls that the rules make, in a straight line without a
  tape, take as long as ours; one pass over all rules, a tenth less. The memory that
  they read and write is what costs.
- W8, a Jacobian beside PyTorch's. Two thirds of our time is what NumPy needs for the
  same steps written by hand.
"""

from __future__ import annotations

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What sets the number of threads; read when NumPy is imported."""
