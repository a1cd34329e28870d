"""Editions of the lessons from one source: for students, and for teachers.

A student's edition has no solutions and no outputs. Behind each exercise stands a cell
that gives its points, with the metadata of nbgrader, and a folder has the tests of
otter. A teacher's edition has the solutions open, and the plan of the teaching notes
beside the parts of the lesson.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tapeviz.lessons import copies
from tapeviz.lessons.exercises import EXERCISES

NOTES = "TEACHING.md"
"""The file beside the lessons that has their plans."""

_SOLUTION = re.compile(
    r"<details(>\s*<summary>(?:Solution|Answer)<.summary>.*?<.details>\n*)", re.DOTALL
)


@dataclass(frozen=True)
class ExerciseCell:
    """What a cell of an exercise checks: code for the exercise and for the answer.

    ``label`` is the exercise's name, ``points`` are for a right answer.
    """

    label: str
    exercise: str
    answer: str
    points: float

    @property
    def id(self) -> str:
        """The exercise's name where letters, digits and "_" are allowed alone."""
        return "exercise_" + re.sub(r"[^a-zA-Z0-9]+", "_", self.label)

    @property
    def worth(self) -> str:
        """The points, in words."""
        return f"{self.points:g} point{'' if self.points == 1 else 's'}"


def student(folder: Path, names: Iterable[str]) -> dict[Path, bytes]:
    """The students' edition of lessons in a folder: the content of its files, by name.

    LessonsError for an exercise whose cell does not end with its check.
    """
    files = _licence(folder)
    for name in names:
        notebook = copies.read(folder / name)
        found = [_asked(cell, name) for cell in notebook["cells"]]
        _ask_for_different(found, name)
        pairs = zip(notebook["cells"], found, strict=True)
        notebook["cells"] = [new for pair in pairs for new in _for_students(*pair)]
        files[Path(name)] = copies.written(notebook)
        tests = Path("tests", Path(name).stem)
        files |= {tests / f"{a.id}.py": _otter_test(a) for a in found if a}
    return files


def teacher(folder: Path, names: Iterable[str]) -> dict[Path, bytes]:
    """The teachers' edition of lessons in a folder: the content of its files, by name.

    Plans come from the teaching notes in the folder, if there are any. LessonsError
    for an exercise whose cell does not end with its check.
    """
    notes = folder / NOTES
    plans = _plans(notes.read_text("utf-8") if notes.is_file() else "")
    files = _licence(folder)
    for name in names:
        notebook = copies.read(folder / name)
        plan = dict(plans.get(".".join(name.split("_")[:2]), {}))
        cells = notebook["cells"]
        notebook["cells"] = [new for c in cells for new in _for_teachers(c, name, plan)]
        files[Path(name)] = copies.written(notebook)
    return files


def _licence(folder: Path) -> dict[Path, bytes]:
    name = Path("LICENSE")
    return {name: (folder / name).read_bytes()} if (folder / name).is_file() else {}


# -- what a cell asks ----------------------------------------------------------------


def _asked(cell: Mapping[str, Any], notebook: str) -> ExerciseCell | None:
    """What a cell checks; None for a cell without the tag "exercise"."""
    tags = cell.get("metadata", {}).get("tags", ())
    if "exercise" not in tags or cell["cell_type"] != "code":
        return None
    source = _source(cell)
    call = _last_check(source)
    if call is None:
        raise copies.LessonsError(
            f"A cell of {notebook} has the tag exercise, and no check in it:\n"
            f"{source}\nWhat to do: end it with check(..., answer), or untag it."
        )
    exercise, answer = (ast.get_source_segment(source, one) or "" for one in call.args)
    quoted = exercise[0] in "\"'"
    label = ast.literal_eval(exercise) if quoted else " ".join(exercise.split())
    return ExerciseCell(label, exercise, answer, _points(tags, label))


def _points(tags: Iterable[str], label: str) -> float:
    """What an exercise is worth: by a tag such as "points=3", or by itself."""
    own = EXERCISES[label].points if label in EXERCISES else 1.0
    for tag in tags:
        if re.fullmatch(r"points=\d+(\.\d+)?", tag):
            return float(tag.removeprefix("points="))
        if tag.startswith("points"):
            raise copies.LessonsError(
                f"The tag {tag!r} of exercise {label} has no points in it.\n"
                'What to do: write it as in "points=3" or "points=0.5".'
            )
    return own


def _last_check(source: str) -> ast.Call | None:
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return None
    calls = [s.value for s in statements if isinstance(s, ast.Expr)]
    found = [
        call for call in calls
        if isinstance(call, ast.Call) and len(call.args) == 2
        and ast.unparse(call.func) == "check"
    ]  # fmt: skip
    return found[-1] if found else None


def _ask_for_different(found: Iterable[ExerciseCell | None], notebook: str) -> None:
    seen: set[str] = set()
    for asked in filter(None, found):
        if asked.id in seen:
            raise copies.LessonsError(
                f"Two cells of {notebook} check exercise {asked.label}.\n"
                "What to do: give each exercise a name of its own."
            )
        seen.add(asked.id)


# -- for students --------------------------------------------------------------------


def _for_students(
    cell: dict[str, Any], asked: ExerciseCell | None
) -> Iterator[dict[str, Any]]:
    if "solution" in cell.get("metadata", {}).get("tags", ()):
        return
    if cell["cell_type"] == "code":
        yield cell | {"outputs": [], "execution_count": None} | _checked(cell, asked)
    else:
        text = _SOLUTION.sub("", _source(cell)).rstrip()
        yield cell | {"source": text.splitlines(keepends=True)}
    if asked:
        yield _graded(cell, asked)


def _checked(cell: Mapping[str, Any], asked: ExerciseCell | None) -> dict[str, Any]:
    """The metadata that let otter run the exercise's test behind its cell."""
    tests = {"otter": {"tests": [asked.id]}} if asked else {}
    return {"metadata": cell.get("metadata", {}) | tests}


_GRADED = """\
# {worth} for exercise {label}. Leave this cell as it is.
### BEGIN HIDDEN TESTS
from tapeviz.lessons import grade

given = {answer}
{reset}grade({exercise}, given, points={points:g})
### END HIDDEN TESTS"""


def _graded(cell: Mapping[str, Any], asked: ExerciseCell) -> dict[str, Any]:
    """The cell that nbgrader runs: what it shows at its end are the points."""
    names = _names(asked.answer)
    reset = f"{' = '.join(names)} = ...  # no answer to what comes next\n"
    text = _GRADED.format(
        worth=asked.worth, label=asked.label, answer=asked.answer,
        reset=reset if names else "", exercise=asked.exercise, points=asked.points,
    )  # fmt: skip
    grading = {
        "schema_version": 3, "grade_id": asked.id, "points": asked.points,
        "grade": True, "locked": True, "solution": False, "task": False,
    }  # fmt: skip
    made = {
        "cell_type": "code",
        "metadata": {
            "nbgrader": grading,
            "jupyter": {"source_hidden": True},
            "slideshow": {"slide_type": "skip"},
        },
        "source": text.splitlines(keepends=True),
        "outputs": [],
        "execution_count": None,
    }
    return made | ({"id": asked.id} if "id" in cell else {})


def _names(answer: str) -> list[str]:
    """The names in an answer that is one, or a list of some; else none."""
    tree = ast.parse(answer, mode="eval").body
    parts = tree.elts if isinstance(tree, (ast.List, ast.Tuple)) else [tree]
    names = [part.id for part in parts if isinstance(part, ast.Name)]
    return names if len(names) == len(parts) else []


_OTTER = """\
OK_FORMAT = True

test = {{
    "name": "{id}",
    "points": {points:g},
    "suites": [
        {{
            "type": "doctest",
            "cases": [
                {{
                    "hidden": False,
                    "code": r\"\"\"
                    >>> from tapeviz.lessons import judge
                    >>> verdict = judge({exercise}, {answer})
                    >>> assert verdict.right, verdict.words
                    \"\"\",
                }},
            ],
        }},
    ],
}}
"""


def _otter_test(asked: ExerciseCell) -> bytes:
    return _OTTER.format(
        id=asked.id, points=asked.points, exercise=asked.exercise, answer=asked.answer
    ).encode()


# -- for teachers --------------------------------------------------------------------


def _for_teachers(
    cell: dict[str, Any], notebook: str, plan: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """A cell with its solution open, and the notes that belong to it."""
    if cell["cell_type"] == "markdown":
        text = _SOLUTION.sub(r"<details open\1", _source(cell))
        text = re.sub(r"\A(#+) (.+)", lambda m: _planned(m, plan), text)
        cell = cell | {"source": text.splitlines(keepends=True)}
    yield cell
    asked = _asked(cell, notebook)
    if asked and asked.label in EXERCISES:
        yield _answer_note(cell, asked)


def _planned(heading: re.Match[str], plan: dict[str, str]) -> str:
    """A heading, with what the plan has for it; the title has what is for all."""
    note = plan.pop("" if heading[1] == "#" else heading[2], "")
    return heading[0] + (f"\n\n{_quoted(note)}" if note else "")


def _quoted(text: str) -> str:
    return re.sub("(?m)^", "> ", text)


_LESSON = re.compile(r"^### (\d+\.\d+) .*\n((?:(?!##).*\n?)*)", re.MULTILINE)
_POINT = re.compile(r"^- .*(?:\n  .*)*", re.MULTILINE)
_ROW = re.compile(r"^\| (\d+) \| (.+) \| (.+) \|$", re.MULTILINE)


def _plans(notes: str) -> dict[str, dict[str, str]]:
    """The teaching notes, by lesson and heading; what belongs to all of it, by ""."""
    found: dict[str, dict[str, str]] = {}
    for lesson, text in _LESSON.findall(notes):
        found[lesson] = {"": "\n".join(_POINT.findall(text))} | {
            where: f"**Plan, {minutes} minutes.** {what}"
            for minutes, what, where in _ROW.findall(text)
        }
    return found


def _answer_note(cell: Mapping[str, Any], asked: ExerciseCell) -> dict[str, Any]:
    """What an exercise of ours expects, and what is said of the usual mistakes."""
    exercise = EXERCISES[asked.label]
    said = [
        f"- {_shown(known)}: {sentence}"
        for known, sentence in exercise.mistakes if not callable(known)
    ]  # fmt: skip
    head = f"**{asked.worth.capitalize()}.** Right is {_shown(exercise.expected)}."
    text = _quoted("\n".join([f"{head} To others, `check` says:", "", *said]))
    metadata = {"tags": ["teacher"], "slideshow": {"slide_type": "notes"}}
    made = {"cell_type": "markdown", "metadata": metadata}
    id = {"id": f"{asked.id}_teacher"} if "id" in cell else {}
    return made | {"source": text.splitlines(keepends=True)} | id


def _shown(known: Any) -> str:
    if known is None:
        return "`None`"
    numbers = ", ".join(f"{n:g}" for n in np.ravel(known))
    return f"`[{numbers}]`" if np.ndim(known) else f"`{numbers}`"


def _source(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])
