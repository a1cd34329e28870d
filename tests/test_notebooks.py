"""The lessons as files: run in order, free of noise, and short enough to read.

That their outputs are what the code gives today is checked by nbval, cell by cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tapeviz.lessons import copies

CHAPTERS = Path(__file__).parents[1] / "chapters"
LESSONS = [CHAPTERS / name for name in copies.lessons(CHAPTERS)]
COLUMNS = 79
NOISE = re.compile(r"/tmp/|\\Temp\\|ipykernel_\d| at 0x[0-9a-f]{6,}|Warning:|Traceback")


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def lesson(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    """A lesson, read and found to be in order as a notebook."""
    notebook = nbformat.read(request.param, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code(lesson: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The cells of code."""
    return [cell for cell in lesson.cells if cell.cell_type == "code"]


def texts(lesson: nbformat.NotebookNode) -> Iterator[str]:
    """What the outputs say in words: printed text and plain-text forms."""
    for cell in code(lesson):
        for output in cell.outputs:
            yield output.get("text", "")
            yield output.get("data", {}).get("text/plain", "")


def test_there_is_a_lesson_for_every_section_and_no_gap() -> None:
    sections = [path.name.split("_")[:2] for path in LESSONS]
    assert sections == [["10", str(n + 1)] for n in range(len(LESSONS))]
    chapter = (Path(__file__).parent / "data" / "chapter10.txt").read_text("utf-8")
    assert {*re.findall(r"^10\.(\d+) ", chapter, re.MULTILINE)} <= {
        n for _, n in sections
    }


def test_every_cell_was_run_in_order(lesson: nbformat.NotebookNode) -> None:
    counts = [cell.execution_count for cell in code(lesson)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_output_is_an_error_or_a_warning(lesson: nbformat.NotebookNode) -> None:
    outputs = [output for cell in code(lesson) for output in cell.outputs]
    assert [o for o in outputs if o.output_type == "error"] == []
    assert [o.text for o in outputs if o.get("name") == "stderr"] == []


def test_no_output_tells_of_the_machine(lesson: nbformat.NotebookNode) -> None:
    assert [text for text in texts(lesson) if NOISE.search(text)] == []


def test_the_lines_fit_a_page(lesson: nbformat.NotebookNode) -> None:
    lines = [line for cell in code(lesson) for line in cell.source.splitlines()]
    assert [line for line in lines if len(line) > COLUMNS] == []


def test_a_learner_gets_the_usual_kernel(lesson: nbformat.NotebookNode) -> None:
    """Any other name makes JupyterLab ask which kernel to use."""
    assert lesson.metadata.kernelspec.name == "python3"
    assert lesson.metadata.kernelspec.language == "python"
