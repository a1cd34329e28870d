"""Code that was edited since it ran: a picture shows what ran, or no code."""

from __future__ import annotations

import linecache
import os
import runpy
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tapeviz as tf
from tapeviz import draw, explain, play, why

CODE = """\
def f(tf, x):
    with tf.GradientTape() as tape:
        y = tf.sin(x) * 2.0
    return tape, y


def g(x):
    return x
"""


class Learner:
    """A file with a function that is recorded, and edited later."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "learner.py"
        self.x = tf.Variable(1.0)
        self.moment = 0

    def write(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")
        self.moment += 10
        os.utime(self.path, (self.moment, self.moment))

    def run(self) -> None:
        self.tape, self.y = runpy.run_path(str(self.path))["f"](tf, self.x)
        self.tape.gradient(self.y, self.x)

    def said(self) -> Iterator[str]:
        """What the views say of it."""
        given: Any = self.tape, self.y, self.x
        film = play(*given)
        yield draw(self.tape).html
        yield from (str(film), film.html)
        yield from (str(explain(*given)), str(why(*given)))

    def lines(self) -> list[str]:
        """The lines of code that the picture brings with it."""
        sources = draw(self.tape).graph.sources
        return [line.strip() for source in sources for line in source.lines]


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Learner]:
    made = Learner(tmp_path)
    made.write(CODE)
    made.run()
    yield made
    linecache.cache.pop(str(made.path), None)


SHOWN = ["with tf.GradientTape() as tape:", "y = tf.sin(x) * 2.0"]
EDITS = {
    "another function": ("tf.sin", "tf.exp"),
    "another operator": ("* 2.0", "/ 2.0"),
    "another number": ("2.0", "7.0"),
    "another zero": ("* 2.0", "* 0.0"),
    "another sign": ("(x) *", "(-x)*"),
    "a line above": ("def f(", "z = 1\n\n\ndef f("),
    "a line in the block": ("        y =", "        x = x + 1\n        y ="),
    "half a line": ("tf.sin(x)", "tf.sin((x"),
    "nothing left": (CODE, ""),
}


def test_code_that_nobody_edited_is_shown(learner: Learner) -> None:
    assert learner.lines() == SHOWN


@pytest.mark.parametrize("edit", EDITS)
def test_what_did_not_run_is_not_shown(learner: Learner, edit: str) -> None:
    learner.write(CODE.replace(*EDITS[edit]))
    assert learner.lines() == []
    for text in learner.said():
        assert text
        assert "tf.exp" not in text
        assert "/ 2.0" not in text
    node = next(n for n in draw(learner.tape).graph.nodes if n.op == "sin")
    assert node.span is None


@pytest.mark.parametrize("edit", EDITS)
def test_what_was_read_before_the_edit_is_shown_or_none(
    learner: Learner, edit: str
) -> None:
    assert learner.lines() == SHOWN
    learner.write(CODE.replace(*EDITS[edit]))
    assert learner.lines() in ([], SHOWN)
    linecache.checkcache()
    assert learner.lines() == []


def test_a_file_that_is_gone_has_no_code(learner: Learner) -> None:
    learner.path.unlink()
    assert learner.lines() == []
    assert all(learner.said())


def test_what_was_edited_elsewhere_leaves_the_code_alone(learner: Learner) -> None:
    learner.write(CODE.replace("return x\n", "return x + 1  # more\n"))
    assert learner.lines() == SHOWN


def test_code_that_ran_again_after_the_edit_is_shown(learner: Learner) -> None:
    assert learner.lines() == SHOWN
    learner.write(CODE.replace("tf.sin", "tf.exp"))
    learner.run()
    assert learner.lines() == [SHOWN[0], "y = tf.exp(x) * 2.0"]


def test_a_part_of_a_file_that_ran_alone_is_shown(tmp_path: Path) -> None:
    """As Spyder runs a cell of a file: with empty lines before it."""
    cell = "with tf.GradientTape() as tape:\n    y = x * x\ntape.gradient(y, x)\n"
    path = tmp_path / "cells.py"
    path.write_text(f"# %%\nz = 1\n# %%\n{cell}# %%\nw = 2\n", encoding="utf-8")
    names = {"tf": tf, "x": tf.Variable(3.0)}
    exec(compile("\n" * 3 + cell, path, "exec"), names)  # noqa: S102 - as Spyder does
    sources = draw(names["tape"]).graph.sources  # type: ignore[arg-type]
    assert [source.lines for source in sources] == [tuple(cell.splitlines()[:2])]


def test_a_cell_that_lost_its_indentation_is_lit_where_it_stands(
    tmp_path: Path,
) -> None:
    """As marimo compiles a cell, which is the body of a function in its file."""
    cell = "with tf.GradientTape() as tape:\n    y = (x\n         * x)\n"
    body = textwrap.indent(cell, "    ")
    path = tmp_path / "notebook.py"
    path.write_text(f"@app.cell\ndef _(tf, x):\n{body}    return\n", encoding="utf-8")
    names = {"tf": tf, "x": tf.Variable(3.0)}
    exec(compile("\n" * 2 + cell, path, "exec"), names)  # noqa: S102 - as marimo does
    graph = draw(names["tape"]).graph  # type: ignore[arg-type]
    span = next(node.span for node in graph.nodes if node.op == "multiply")
    assert span is not None
    assert (span.line, span.col, span.end_line, span.end_col) == (4, 13, 5, 16)
    assert span.text == "x\n             * x"


def test_another_cell_that_lost_its_indentation_is_not_shown(tmp_path: Path) -> None:
    cell = "with tf.GradientTape() as tape:\n    y = x * x\n"
    path = tmp_path / "notebook.py"
    body = textwrap.indent(cell.replace("x * x", "x + x"), "    ")
    path.write_text(f"@app.cell\ndef _(tf, x):\n{body}    return\n", encoding="utf-8")
    names = {"tf": tf, "x": tf.Variable(3.0)}
    exec(compile("\n" * 2 + cell, path, "exec"), names)  # noqa: S102 - as marimo does
    assert draw(names["tape"]).graph.sources == ()  # type: ignore[arg-type]
