"""What the lessons say of TensorFlow: their code prints the same numbers there."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import numpy as np
import pytest

import tapeviz
from tapeviz.lessons import copies

CHAPTERS = Path(__file__).parents[2] / "chapters"
NOTEBOOKS = [
    CHAPTERS / name
    for name in copies.lessons(CHAPTERS)
    if not name.startswith(("10_10_", "10_11_"))
]
"""The last two are about a model of ours, and PyTorch."""

OURS_ALONE = re.compile(
    r"^(import tapeviz|from tapeviz"
    r"|.*\b(draw|play|explore|why|explain|replay|check|descend|plot|drill|ordering)\().*\n?",
    re.MULTILINE,
)


def theirs(source: str) -> str:
    """A cell without what only tapeviz has; the recorded loop stays."""
    if "descend(" in source or "from tapeviz.engine" in source:
        return ""
    block = re.sub(r"with descent\(.*\) as run:", "if True:", source)
    return OURS_ALONE.sub("", block + "\n")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:4])
def test_the_same_is_printed(path: Path, tensorflow: ModuleType) -> None:
    space: dict[str, object] = {"__name__": "__main__", "tf": tensorflow}
    lesson = nbformat.read(path, as_version=4)
    for cell in lesson.cells:
        if cell.cell_type != "code":
            continue
        out, code = io.StringIO(), theirs(cell.source)
        if not code.strip():
            continue
        with redirect_stdout(out):
            exec(compile(code, cell.id, "exec"), space)  # noqa: S102 - the lesson
        printed = "".join(o.get("text", "") for o in cell.outputs)
        if "check(" not in cell.source:
            assert out.getvalue() == printed, cell.id


ASKED = re.compile(r"^why\((\w+), (.+), (.+)\)$", re.MULTILINE)


def test_every_puzzle_is_one_in_tensorflow_too(tensorflow: ModuleType) -> None:
    """The gradient that a puzzle is about: the same nothing in both programs."""
    (path,) = CHAPTERS.glob("10_8_*.ipynb")
    puzzles = [
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code" and ASKED.search(cell.source)
    ]
    assert len(puzzles) > 20
    for source in puzzles:
        asking = ASKED.sub(r"found = \1.gradient(\2, \3)", source)
        got = [_found(asking, module) for module in (tensorflow, tapeviz)]
        assert got[0] == got[1], source


def _found(source: str, module: ModuleType) -> str:
    """The gradient as text, or the class of the error for a tape that was used up."""
    space: dict[str, Any] = {"tf": module, "np": np, "__name__": "__main__"}
    asking = source.replace("tf.GradientTape(", "tf.GradientTape(persistent=True, ")
    exec(compile(asking.replace(", )", ")"), "puzzle", "exec"), space)  # noqa: S102 - the lesson
    found = space["found"]
    return "None" if found is None else str(np.asarray(found))


def test_a_used_tape_is_refused_in_the_same_words(
    tensorflow: ModuleType,
) -> None:
    tf = tensorflow
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x**2
    tape.gradient(y, x)
    with pytest.raises(RuntimeError) as caught:
        tape.gradient(y, x)
    (lesson,) = CHAPTERS.glob("10_5_*.ipynb")
    assert str(caught.value) in lesson.read_text("utf-8")


def test_a_keras_optimizer_makes_the_update(tensorflow: ModuleType) -> None:
    """The two lines at the end of lesson 10.6, in both."""
    for tf in (tensorflow, tapeviz):
        x = tf.Variable(2.0)
        optimizer = tf.keras.optimizers.SGD(0.1)
        for _ in range(10):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            grad = tape.gradient(loss, x)
            optimizer.apply_gradients([(grad, x)])
        assert f"{x.numpy():.4f}" == "4.6779"


def test_whole_numbers_cannot_be_watched_there_either(
    tensorflow: ModuleType,
) -> None:
    for tf in (tensorflow, tapeviz):
        x = tf.constant(3)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        assert tape.gradient(y, x) is None
        v = tf.Variable(3.0, trainable=False)
        with tf.GradientTape() as tape:
            y = v * v
        assert tape.gradient(y, v) is None
