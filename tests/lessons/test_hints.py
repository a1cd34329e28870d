"""A hint below an error that a gradient of None gave, in a real IPython shell."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from tapeviz.lessons import hints

interactive = pytest.importorskip("IPython.core.interactiveshell")

HEAD = """
import tapeviz as tf
import tapeviz.lessons
w = tf.Variable(0.0)
"""


@pytest.fixture
def shell() -> Any:
    """A shell that learners' cells run in."""
    made = interactive.InteractiveShell.instance()
    hints.install()
    hints.install()
    yield made
    interactive.InteractiveShell.clear_instance()


def said(shell: Any, capsys: pytest.CaptureFixture[str], cell: str) -> str:
    """What is printed when a cell ran, its traceback included."""
    shell.run_cell(HEAD)
    capsys.readouterr()
    shell.run_cell(dedent(cell))
    return capsys.readouterr().out


def test_a_variable_that_became_a_tensor(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    out = said(shell, capsys, """
        for i in range(3):
            with tf.GradientTape() as tape:
                loss = (w - 4)**2
            grad = tape.gradient(loss, w)
            w = w - 0.1 * grad
    """)  # fmt: skip
    assert "unsupported operand" in out, "Python's own error is there, too"
    assert out.count(hints.OPENING) == 1
    assert "w.assign_sub(0.1 * grad)" in out
    out = said(shell, capsys, """
        for i in range(3):
            with tf.GradientTape() as tape:
                loss = (w - 4)**2
            w = w - 0.1 * tape.gradient(loss, w)
    """)  # fmt: skip
    assert "w.assign_sub(0.1 * tape.gradient(loss, w))" in out


def test_a_constant_in_a_function(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    out = said(shell, capsys, """
        def step(x):
            with tf.GradientTape() as tape:
                y = x * x
            return x - tape.gradient(y, x) * 0.5
        step(tf.constant(3.0))
    """)  # fmt: skip
    assert hints.OPENING in out
    assert "tape.watch(x)" in out


@pytest.mark.parametrize(
    "cell",
    ["0.1 * None", "1 / 0", "1 + 1", "None + 'a'", "tape = 3\nNone * 2"],
)
def test_other_errors_get_no_hint(
    shell: Any, capsys: pytest.CaptureFixture[str], cell: str
) -> None:
    assert hints.OPENING not in said(shell, capsys, cell)


def test_a_gradient_that_is_there_is_not_blamed(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    out = said(shell, capsys, """
        with tf.GradientTape() as tape:
            loss = (w - 4)**2
        grad = tape.gradient(loss, w)
        1 + None
    """)  # fmt: skip
    assert hints.OPENING not in out
