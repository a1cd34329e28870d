"""A picture in the middle of a cell says that it is not shown, and what to write."""

from __future__ import annotations

import pytest

from tests.inspect.cells import kernel, run_cell

TAPE = "x = tf.Variable(3.0)\nwith tf.GradientTape() as tape:\n    y = x * x\n"


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ("draw(tape)\nz = 1", [1]),
        ("draw(tape)", []),
        ("draw(tape).show()\nz = 1", []),
        ("d = draw(tape)\nz = 1", []),
        ("for _ in range(2):\n    play(tape, y, x)\nwhy(tape, y, x)", [2]),
        ("def draw(t):\n    return 1\ndraw(tape)\nz = 1", []),
    ],
)
def test_a_view_that_nobody_sees_is_told(
    cell: str, lines: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    with kernel() as shell:
        run_cell(shell, f"from tapeviz import draw, play, why\n{TAPE}draw(tape)")
        capsys.readouterr()
        run_cell(shell, cell)
        said = capsys.readouterr().out
    assert said.count("shows nothing") == len(lines)
    for line in lines:
        call = cell.splitlines()[line - 1].strip()
        assert f"line {line}, {call}, shows nothing" in said
        assert f"{call}.show()" in said
