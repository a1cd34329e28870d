"""In a notebook an error ends at the learner's line; ``%tb`` shows it whole."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

pytest.importorskip("IPython", reason="IPython is not installed")

CELLS = {
    "ours": "x = tf.Variable([1.0])\ntf.matmul(x, x)",
    "within": "def f(v):\n    return tf.reduce_sum(tf.matmul(v, v))\nf(tf.ones(2))",
    "callback": "tf.map_fn(lambda v: v + 'a', tf.ones(2))",
    "numpy": "tf.constant([1.0]).numpy().reshape(7)",
    "play": "with tf.GradientTape() as t: y = tf.ones(2)\nplay(t, y, y, theme='drak')",
    "plain": "1 / 0",
}
RUN = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
shell.run_cell("import tapeviz as tf\\nfrom tapeviz import play")
shell.run_cell({cell!r})
print("=====")
shell.run_line_magic("tb", "")
"""


def _shown(cell: str) -> tuple[str, str]:
    code = RUN.format(cell=cell)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    first, _, whole = text.partition("=====")
    return first, whole


@pytest.mark.parametrize("name", CELLS)
def test_an_error_ends_at_the_learners_line(name: str) -> None:
    first, whole = _shown(CELLS[name])
    assert CELLS[name].splitlines()[-1] in first
    assert "Error" in first
    assert not re.search("/tapeviz/(engine|tf|views|render)/", first)
    if name in ("ours", "within"):
        assert "what to do" in first
        assert "/tapeviz/tf/linalg.py" in whole
