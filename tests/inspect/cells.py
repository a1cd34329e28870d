"""Programs of several notebook cells, run one after the other in a fresh kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tapeviz.trace.diagnosis import Answer, Reason, apply_edits
from tapeviz.trace.graph import Source

HEAD = "import math\nimport numpy as np\nimport tapeviz as tf\nfrom tapeviz import why"


@contextmanager
def kernel() -> Iterator[Any]:
    """An IPython shell that has run ``HEAD`` as its first cell."""
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell
    running = shell.instance()
    try:
        run_cell(running, HEAD)
        yield running
    finally:
        shell.clear_instance()


def run_cell(shell: Any, code: str) -> None:
    """Run one cell; an assertion error if it raises."""
    done = shell.run_cell(code, store_history=True)
    assert done.error_in_exec is None, code
    assert done.error_before_exec is None, code


def answer(*cells: str) -> Answer:
    """What ``why`` said in the last of several cells, which calls it ``a``."""
    with kernel() as shell:
        for cell in cells:
            run_cell(shell, cell)
        found: Answer = shell.user_ns["a"].answers[-1]
        return found


def mended(cells: Sequence[str], reason: Reason) -> list[str]:
    """The cells after the edits of a reason; ``HEAD`` is no part of them."""
    return [
        "\n".join(
            apply_edits(
                Source(f"In [{number}]", 1, tuple(cell.splitlines())), reason.edits
            )
        )
        for number, cell in enumerate(cells, 2)
    ]
