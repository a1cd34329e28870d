"""Lessons under test count their cells, as they do in front of a learner.

A picture says from which cell a line of code comes, such as ``In [3]``. nbval runs
cells without counting them, and would find ``In [1]`` for every one.
"""

from __future__ import annotations

from nbval.kernel import RunningKernel


def _execute(self: RunningKernel, source: str, *, allow_stdin: bool = False) -> str:
    message: str = self.kc.execute(source, allow_stdin=allow_stdin, stop_on_error=False)
    return message


RunningKernel.execute_cell_input = _execute
