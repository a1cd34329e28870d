"""The students' edition in the hands of nbgrader and of otter, the real ones.

    python -m tests.lessons.grading            # all lessons, some minutes
    python -m tests.lessons.grading 10.2 10.7  # these

Both programs must be installed: pip install nbgrader otter-grader. Four students hand
in: one with everything right, one with the untouched notebook, one with every second
answer wrong, one with an error in place of every second answer. What the two programs
write down is compared with the points they earned. ``otter grade`` starts a container
for each notebook; a stand-in for Docker runs here what the container would run.
"""

from __future__ import annotations

import csv
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tests.lessons.test_checks import ANSWERS

ROOT = Path(__file__).parents[2]
COURSE = "ch10"


def answered(
    notebook: Path, wrong: Sequence[str] = (), broken: Sequence[str] = ()
) -> str:
    """A notebook with its exercises solved, some of them wrongly or with an error."""
    made = json.loads(notebook.read_text("utf-8"))
    for cell in made["cells"]:
        text = "".join(cell["source"])
        asks = re.search(r'^check\("([^"]+)", (.+)\)$', text, re.MULTILINE)
        if cell["cell_type"] == "code" and asks:
            value = np.asarray(ANSWERS[asks[1]], float)
            value = value * 1.5 + 1 if asks[1] in wrong else value
            solved = text.replace(asks[0], f"{asks[2]} = {value.tolist()}\n{asks[0]}")
            cell["source"] = "not Python" if asks[1] in broken else solved
    return json.dumps(made)


def exercises(notebook: Path) -> list[str]:
    """The exercises of a notebook."""
    return re.findall(r'check\(\\"([^"\\]+)', notebook.read_text("utf-8"))


def submissions(notebook: Path) -> dict[str, tuple[str, int]]:
    """What each student hands in for a notebook, and the points that belong to it."""
    names = exercises(notebook)
    return {
        "ada": (answered(notebook), len(names)),
        "eve": (notebook.read_text("utf-8"), 0),
        "max": (answered(notebook, wrong=names[::2]), len(names[1::2])),
        "zoe": (answered(notebook, broken=names[1::2]), len(names[::2])),
    }


def run(*words: str | Path, cwd: Path) -> str:
    """What a program prints; an error if it fails."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        cwd=cwd, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        print(done.stdout[-3000:], done.stderr[-3000:])
        raise SystemExit(f"{words} failed")
    return done.stdout + done.stderr


def nbgrader(course: Path) -> dict[str, dict[str, tuple[float, float]]]:
    """The points and the most of them, by notebook and student."""
    run("nbgrader", "generate_assignment", COURSE, "--create", cwd=course)
    for notebook in sorted((course / "release" / COURSE).glob("*.ipynb")):
        assert "HIDDEN" not in notebook.read_text("utf-8")
        for who, (text, _) in submissions(notebook).items():
            folder = course / "submitted" / who / COURSE
            folder.mkdir(parents=True, exist_ok=True)
            (folder / notebook.name).write_text(text, "utf-8")
    run("nbgrader", "autograde", COURSE, "--create", cwd=course)
    from nbgrader.api import Gradebook

    found: dict[str, Any] = {}
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        for submission in book.assignment_submissions(COURSE):
            for one in submission.notebooks:
                points = (one.score, one.max_score)
                found.setdefault(one.name, {})[submission.student.id] = points
    return found


def otter(
    edition: Path, notebook: Path, folder: Path
) -> dict[str, tuple[float, float]]:
    """The points and the most of them, by student."""
    handed_in = folder / "submissions"
    handed_in.mkdir(parents=True)
    for who, (text, _) in submissions(notebook).items():
        (handed_in / f"{who}.ipynb").write_text(text, "utf-8")
    os.environ["STAND_IN_FOR_DOCKER"] = str(folder)
    tests = edition / "tests" / notebook.stem
    run("otter", "generate", "-t", tests, "--no-config", cwd=folder)
    words = ("-n", "lesson", "--containers", "2", "submissions")
    run("otter", "grade", *words, cwd=folder)
    with (folder / "final_grades.csv").open() as file:
        most, *rows = csv.DictReader(file)
    total = "total_points_earned"
    return {Path(r["file"]).stem: (float(r[total]), float(most[total])) for r in rows}


def stand_in_for_docker(folder: Path) -> None:
    """Put a program of the name "docker" first on the path."""
    program = folder / "docker"
    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} -m tests.lessons.docker "$@"\n'
    )
    program.chmod(0o755)
    scripts = str(Path(sys.executable).parent)  # nbgrader starts alembic by its name
    paths = [str(folder), scripts, os.environ.get("PATH", "")]
    os.environ["PATH"] = os.pathsep.join(paths)


def main(lessons: Sequence[str]) -> None:
    """Grade the lessons with both programs; SystemExit where they are not as earned."""
    with TemporaryDirectory() as folder:
        course = Path(folder)
        stand_in_for_docker(course)
        edition = course / "source" / COURSE
        run("tapeviz", "lessons", "--student", edition, *lessons, cwd=ROOT)
        by_nbgrader = nbgrader(course)
        for notebook in sorted(edition.glob("*.ipynb")):
            inside = course / "otter" / notebook.stem
            by_otter = otter(edition, notebook, inside)
            for who, (_, points) in submissions(notebook).items():
                wanted = (points, len(exercises(notebook)))
                got = by_nbgrader[notebook.stem][who], by_otter[who]
                fine = got == (wanted, wanted)
                print(notebook.stem[:30], who, wanted, *got, "" if fine else "WRONG")
                if not fine:
                    raise SystemExit("the points are not those that were earned")
    for name in ("nbgrader", "otter-grader"):
        print(name, importlib.metadata.version(name))


if __name__ == "__main__":
    main(sys.argv[1:])
