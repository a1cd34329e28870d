"""The two editions: nothing given away to students, nothing held back from teachers.

``python -m tests.lessons.grading`` grades the students' edition with nbgrader and otter
themselves; here its cells and tests are held against nbgrader's schema and run.
"""

from __future__ import annotations

import ast
import doctest
import json
import re
import shutil
from pathlib import Path
from textwrap import dedent
from typing import Any

import jsonschema
import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from tapeviz.cli import main
from tapeviz.lessons import Exercise, copies, editions
from tapeviz.lessons.exercises import EXERCISES
from tests.lessons.test_checks import ANSWERS

NAMES = copies.lessons(copies.shipped())
LESSONS = {".".join(name.split("_")[:2]) for name in NAMES}
ASKED = [name for name in EXERCISES if name.rstrip("abcdefgh") in LESSONS]
SCHEMA = json.loads(
    (Path(__file__).parents[1] / "data" / "nbgrader_cell_v3.json").read_text("utf-8")
)
"""nbgrader/nbgraderformat/v3.json of nbgrader 0.9.6, which is under the BSD licence."""


@pytest.fixture(scope="module")
def students() -> dict[Path, bytes]:
    """The files of the students' edition of our lessons."""
    return editions.student(copies.shipped(), NAMES)


@pytest.fixture(scope="module")
def teachers() -> dict[Path, bytes]:
    """The files of the teachers' edition."""
    return editions.teacher(copies.shipped(), NAMES)


def notebooks(files: dict[Path, bytes]) -> list[nbformat.NotebookNode]:
    """The notebooks of an edition, each of them valid."""
    found = [nbformat.reads(files[Path(name)].decode(), as_version=4) for name in NAMES]
    for notebook in found:
        nbformat.validate(notebook)
    return found


def graded(files: dict[Path, bytes]) -> dict[str, nbformat.NotebookNode]:
    """The cells that give points, by the exercise they name."""
    cells = [c for book in notebooks(files) for c in book.cells]
    found = [c for c in cells if c.metadata.get("nbgrader", {}).get("grade")]
    return {re.findall(r"exercise (\S+)\.", c.source)[0]: c for c in found}


def otter_tests(files: dict[Path, bytes]) -> dict[str, dict[str, Any]]:
    """The tests of otter, by name."""
    found = {}
    for path, content in files.items():
        if path.suffix == ".py":
            space: dict[str, Any] = {}
            exec(content, space)  # noqa: S102 - as otter reads them
            assert space["OK_FORMAT"]
            assert space["test"]["name"] == path.stem
            found[path.stem] = space["test"]
    return found


def named(answer: str, value: Any) -> dict[str, Any]:
    """What stands behind the names of an answer such as "[a, b]"."""
    names = re.findall(r"\w+", answer)
    return (
        {names[0]: value} if len(names) == 1 else dict(zip(names, value, strict=True))
    )


def asked(cell: nbformat.NotebookNode) -> str:
    """The answer that a graded cell takes."""
    return re.findall(r"^given = (.*)$", cell.source, re.MULTILINE)[0]


# -- for students --------------------------------------------------------------------


def test_a_student_finds_no_solution_and_no_output(students: dict[Path, bytes]) -> None:
    for book in notebooks(students):
        for cell in book.cells:
            assert not cell.get("outputs")
            assert not re.search("Solution|Answer</summary>", cell.source)
    hints = sum(c.source.count("Hint<") for b in notebooks(students) for c in b.cells)
    assert hints == len(ASKED)


def test_no_expected_value_is_added_to_what_is_asked(
    students: dict[Path, bytes],
) -> None:
    """The cells and tests that grade know the names of exercises, and their points."""
    texts = [c.source for c in graded(students).values()]
    texts += [b.decode() for path, b in students.items() if path.suffix == ".py"]
    for text in texts:
        rest = re.sub(r"10[._]\d+[a-h]?|points\W+1\b|# 1 point", "", text)
        assert not re.search(r"\d", rest), text


def test_the_licence_goes_along(
    students: dict[Path, bytes], teachers: dict[Path, bytes]
) -> None:
    licence = (copies.shipped() / "LICENSE").read_bytes()
    assert students[Path("LICENSE")] == teachers[Path("LICENSE")] == licence


def test_every_exercise_is_graded(students: dict[Path, bytes]) -> None:
    assert [*graded(students)] == ASKED
    assert len(otter_tests(students)) == len(ASKED)


def test_the_cells_fit_nbgraders_schema(students: dict[Path, bytes]) -> None:
    ids = []
    for name, cell in graded(students).items():
        grading = cell.metadata.nbgrader
        jsonschema.validate(grading, SCHEMA)
        assert (grading.locked, grading.solution) == (True, False)
        assert grading.points == EXERCISES[name].points
        ids.append(grading.grade_id)
    assert len({*ids}) == len(ids)


def test_a_hidden_test_ends_with_the_points(students: dict[Path, bytes]) -> None:
    """The number that the last line shows is what nbgrader takes as the points."""
    shell = InteractiveShell()
    try:
        for name, cell in graded(students).items():
            for factor, points in ((1, 1.0), (3, 0.0)):
                value = [v * factor + (factor > 1) for v in _listed(ANSWERS[name])]
                value = value if isinstance(ANSWERS[name], list) else value[0]
                shell.user_ns |= named(asked(cell), value)
                assert shell.run_cell(cell.source).result == points
                names = named(asked(cell), value)
                assert all(shell.user_ns[one] is ... for one in names), "none is left"
            assert shell.run_cell(cell.source).result == 0.0
    finally:
        shell.history_manager.end_session()
        InteractiveShell.clear_instance()


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_what_nbgrader_hides_leaves_a_remark(students: dict[Path, bytes]) -> None:
    for cell in graded(students).values():
        lines = cell.source.splitlines()
        assert lines[0].startswith("# 1 point for exercise")
        assert "BEGIN HIDDEN TESTS" in lines[1]
        assert "END HIDDEN TESTS" in lines[-1]


def test_otters_tests_pass_with_the_answer_alone(students: dict[Path, bytes]) -> None:
    tests = otter_tests(students)
    for name, cell in graded(students).items():
        test = tests[cell.metadata.nbgrader.grade_id]
        code = dedent(test["suites"][0]["cases"][0]["code"])
        space = named(asked(cell), ANSWERS[name])
        assert _failures(code, space) == 0
        assert _failures(code, named(asked(cell), [...] * len(space))) == 1
        assert test["points"] == EXERCISES[name].points


def _failures(code: str, space: dict[str, Any]) -> int:
    found = doctest.DocTestParser().get_doctest(code, space, "test", None, None)
    return doctest.DocTestRunner().run(found, out=lambda _: None).failed


def test_otter_runs_the_test_behind_the_exercise(students: dict[Path, bytes]) -> None:
    for book in notebooks(students):
        for cell, after in zip(book.cells, book.cells[1:], strict=False):
            if tests := cell.metadata.get("otter", {}).get("tests"):
                assert "check(" in cell.source
                assert tests == [after.metadata.nbgrader.grade_id]


# -- for teachers --------------------------------------------------------------------


def test_a_teacher_sees_every_solution(teachers: dict[Path, bytes]) -> None:
    text = "\n".join(c.source for b in notebooks(teachers) for c in b.cells)
    assert text.count("<details open><summary>Solution") == len(ASKED)
    assert "<details><summary>Solution" not in text


def test_every_line_of_a_plan_stands_in_its_lesson(
    teachers: dict[Path, bytes],
) -> None:
    notes = (Path(copies.shipped()) / editions.NOTES).read_text("utf-8")
    for name, book in zip(NAMES, notebooks(teachers), strict=True):
        lesson = ".".join(name.split("_")[:2])
        plan = notes.partition(f"\n### {lesson} ")[2].partition("\n##")[0]
        rows = re.findall(r"\n\| \d+ \|", plan)
        plans = [c.source for c in book.cells if "> **Plan, " in c.source]
        assert len(plans) == len(rows) >= 3, (lesson, rows, plans)
        assert all(re.match("##? .*\n\n> ", text) for text in plans)
        assert "\n> - **Ask:**" in book.cells[0].source
        assert "\n> - **Expect:**" in book.cells[0].source


def test_what_is_expected_stands_below_an_exercise(
    teachers: dict[Path, bytes],
) -> None:
    text = "\n".join(c.source for b in notebooks(teachers) for c in b.cells)
    assert "> **1 point.** Right is `7`." in text
    assert "> - `12`: You have the slope of x**3. The second term has one too." in text
    assert "> **1 point.** Right is `[-18, -6]`." in text
    assert text.count("Right is") == len(ASKED)


# -- lessons of one's own, and the command -------------------------------------------


def cell(source: str, *tags: str, kind: str = "code") -> dict[str, Any]:
    """A cell of a notebook as it stands in its file."""
    made = {"cell_type": kind, "metadata": {"tags": [*tags]}, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def own(folder: Path, *cells: dict[str, Any]) -> Path:
    """A folder with one notebook of an older format, without ids."""
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    (folder / "own.ipynb").write_text(json.dumps(notebook), "utf-8")
    return folder


def test_exercises_of_ones_own_are_graded_the_same_way(tmp_path: Path) -> None:
    folder = own(
        tmp_path,
        cell("from sheet import slope"),
        cell("answer = ...\ncheck(slope, answer)", "exercise", "points=2.5"),
        cell("answer = 6.0", "solution"),
    )
    files = editions.student(folder, ["own.ipynb"])
    book = nbformat.reads(files[Path("own.ipynb")].decode(), as_version=4)
    nbformat.validate(book)
    assert len(book.cells) == 3, "the solution is gone, the graded cell is there"
    made = book.cells[2]
    jsonschema.validate(made.metadata.nbgrader, SCHEMA)
    assert made.metadata.nbgrader.points == 2.5
    space = {"slope": Exercise(6.0), "answer": 6.0}
    *rest, last = ast.parse(made.source).body
    exec(compile(ast.Module(rest, []), "", "exec"), space)  # noqa: S102 - our own
    assert eval(ast.unparse(last), space) == 2.5  # noqa: S307 - our own
    assert Path("tests/own/exercise_slope.py") in files
    assert len(copies.read(folder / "own.ipynb")["cells"]) == 3


def test_an_exercise_that_is_made_in_its_cell_is_graded(tmp_path: Path) -> None:
    text = 'check(\n    drill(\n        "10.4", seed="ada"\n    ), answer)'
    files = editions.student(own(tmp_path, cell(text, "exercise")), ["own.ipynb"])
    made = nbformat.reads(files[Path("own.ipynb")].decode(), as_version=4).cells[1]
    jsonschema.validate(made.metadata.nbgrader, SCHEMA)
    ast.parse(made.source)
    assert 'exercise drill( "10.4", seed="ada" ). Leave' in made.source.splitlines()[0]


@pytest.mark.parametrize(
    ("sources", "tag", "said"),
    [
        (["answer = ..."], "", "no check in it"),
        (["check(a, 1"], "", "no check in it"),
        (["check(a, b)", "check(a, c)"], "", "Two cells of own.ipynb check exercise a"),
        (["check(a, b)"], "points: 3", "has no points in it"),
    ],
)
def test_a_cell_that_cannot_be_graded_is_named(
    tmp_path: Path,
    sources: list[str],
    tag: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "in").mkdir()
    folder = own(
        tmp_path / "in", *(cell(source, "exercise", tag) for source in sources)
    )
    out = str(tmp_path / "out")
    assert main(["lessons", "--source", str(folder), "--student", out]) == 1
    message = capsys.readouterr().err
    assert said in message
    assert "What to do: " in message


def test_the_command_writes_what_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "handout"
    assert main(["lessons", "10.2", "--student", str(folder)]) == 0
    assert f"The students' edition is in {folder}" in capsys.readouterr().out
    (notebook,) = folder.glob("*.ipynb")
    assert notebook.name.startswith("10_2_")
    changed = notebook.read_text("utf-8").replace("Your tape", "My tape")
    notebook.write_text(changed, "utf-8")
    assert main(["lessons", "10.2", "--student", str(folder)]) == 0
    assert "kept as you changed it" in capsys.readouterr().out
    assert notebook.read_text("utf-8") == changed
    assert main(["lessons", "10.2", "--teacher", str(tmp_path / "mine")]) == 0
    assert "The teachers' edition" in capsys.readouterr().out


def test_the_lessons_themselves_are_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = own(tmp_path, cell("1"))
    words = ["lessons", "--source", str(folder), "--student", str(folder)]
    assert main(words) == 1
    assert "choose another folder" in capsys.readouterr().err
    shutil.rmtree(folder)
    folder.mkdir()
    assert main([*words[:3], "--teacher", str(folder)]) == 1
    assert "has no notebooks" in capsys.readouterr().err
