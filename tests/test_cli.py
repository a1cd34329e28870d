"""The command line: the learner's folder is safe, and JupyterLab gets what it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeviz.cli import main
from tapeviz.lessons import copies

ROOT = Path(__file__).parents[1]
FOR_AUTHORS = ["build.py", "TEACHING.md", "sanitize.cfg"]
NAMES = ["10_1_first.ipynb", "10_2_second.ipynb", "10_10_tenth.ipynb"]


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three lessons and a picture, taken for the ones that came with tapeviz."""
    folder = tmp_path / "origin"
    (folder / "pictures").mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_text(f"{name}, first edition")
    (folder / "pictures" / "a.svg").write_text("<svg/>")
    for name in FOR_AUTHORS:
        (folder / name).write_text("not for learners")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "old.ipynb").write_text("old")
    monkeypatch.setattr(copies, "shipped", lambda: folder)
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """The learner's folder, not there yet, with a name that needs care."""
    return tmp_path / "my lessons é"


def files(folder: Path) -> dict[str, str]:
    """The visible files of a folder: their text by name."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in paths
        if not path.name.startswith(".")
    }


def test_copies_everything_a_lesson_needs(origin: Path, mine: Path) -> None:
    copied = copies.copy(mine)
    assert set(copied.added) == {*NAMES, "pictures/a.svg"}
    assert files(mine) == {
        name: text
        for name, text in files(origin).items()
        if "checkpoints" not in name and name not in FOR_AUTHORS
    }


def test_copying_again_changes_nothing(origin: Path, mine: Path) -> None:
    copies.copy(mine)
    before = {path: path.stat().st_mtime_ns for path in mine.glob("*.ipynb")}
    assert copies.copy(mine) == copies.Copied()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert files(origin)


def test_a_changed_lesson_stays_and_others_are_refreshed(
    origin: Path, mine: Path
) -> None:
    first, second, _ = NAMES
    copies.copy(mine)
    (mine / first).write_text("my answers")
    assert copies.copy(mine) == copies.Copied(left_alone=(first,))
    for name in (first, second):
        (origin / name).write_text(f"{name}, second edition")
    copied = copies.copy(mine)
    new_name = "10_1_first (new).ipynb"
    assert copied == copies.Copied(
        added=(new_name,),
        refreshed=(second,),
        left_alone=(first,),
        side_copies=(new_name,),
    )
    assert files(mine)[first] == "my answers"
    assert files(mine)[new_name] == f"{first}, second edition"
    assert files(mine)[second] == f"{second}, second edition"


def test_a_file_that_was_there_before_is_kept(origin: Path, mine: Path) -> None:
    mine.mkdir()
    (mine / NAMES[0]).write_text("somebody's own notebook")
    copies.copy(mine)
    assert files(mine)[NAMES[0]] == "somebody's own notebook"
    assert files(mine)["10_1_first (new).ipynb"] == files(origin)[NAMES[0]]


@pytest.mark.parametrize("record", ["not json", "[]", None])
def test_a_lost_record_costs_nothing(
    origin: Path, mine: Path, record: str | None
) -> None:
    copies.copy(mine)
    (mine / NAMES[0]).write_text("my answers")
    (origin / NAMES[1]).write_text("second edition")
    (mine / copies.RECORD).unlink()
    if record is not None:
        (mine / copies.RECORD).write_text(record)
    copies.copy(mine)
    assert files(mine)[NAMES[0]] == "my answers"


@given(
    st.lists(
        st.tuples(st.sampled_from(["learner", "edition", "copy"]), st.integers(0, 2)),
        max_size=12,
    )
)
def test_no_edit_is_ever_lost(steps: list[tuple[str, int]]) -> None:
    """Whatever happens in whatever order, what the learner typed is still there."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as base:
        origin, mine = Path(base, "origin"), Path(base, "mine")
        origin.mkdir()
        (origin / "a.ipynb").write_text("edition 0")
        patch.setattr(copies, "shipped", lambda: origin)
        copies.copy(mine)
        typed: dict[str, str] = {}
        for number, (who, which) in enumerate(steps):
            names = copies.lessons(mine)
            if who == "learner":
                name = names[which % len(names)]
                typed[name] = f"typed {number}"
                (mine / name).write_text(typed[name])
            elif who == "edition":
                (origin / "a.ipynb").write_text(f"edition {number}")
            else:
                copies.copy(mine)
                latest = (origin / "a.ipynb").read_text()
                assert typed or files(mine) == {"a.ipynb": latest}
            assert typed.items() <= files(mine).items()


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("", NAMES[0]),
        ("10.1", NAMES[0]),
        ("10.10", NAMES[2]),
        ("10_2", NAMES[1]),
        ("10.2 Second", NAMES[1]),
        (NAMES[2], NAMES[2]),
        ("10.2 sec", NAMES[1]),
    ],
)
def test_a_lesson_is_found_by_number_or_name(word: str, name: str) -> None:
    assert copies.find(word, NAMES) == name


@pytest.mark.parametrize(("word", "what"), [("11", "No lesson"), ("10", "Several")])
def test_a_lesson_that_is_not_clear_is_asked_for(
    word: str, what: str, origin: Path, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert origin
    assert main(["lab", word, "--dir", str(mine)]) == 1
    message = capsys.readouterr().err
    assert what in message
    assert NAMES[0] in message
    assert not mine.exists()


def test_a_folder_that_cannot_be_made_is_explained(
    origin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert origin
    taken = tmp_path / "taken"
    taken.write_text("a file")
    assert main(["lab", "--no-start", "--dir", str(taken)]) == 1
    assert main(["lab", "--no-start", "--dir", str(taken / "below")]) == 1
    message = capsys.readouterr().err
    assert str(taken) in message
    assert "--dir" in message
    assert taken.read_text() == "a file"


def test_the_lessons_own_folder_is_refused(
    origin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lab", "--no-start", "--dir", str(origin)]) == 1
    assert "another folder" in capsys.readouterr().err
    assert not (origin / copies.RECORD).exists()


def test_the_report_names_what_happened(
    origin: Path, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["lab", "--no-start", "--dir", str(mine)]
    assert main(command) == 0
    (mine / NAMES[0]).write_text("my answers")
    for name in NAMES[:2]:
        (origin / name).write_text("second edition")
    assert main(command) == 0
    report = capsys.readouterr().out
    assert str(mine) in report
    assert f"{NAMES[0]}: kept" in report
    assert f"{NAMES[1]}: brought up to date" in report
    assert "10_1_first (new).ipynb: a new edition" in report


def test_jupyterlab_opens_the_lesson_in_the_learners_folder(
    mine: Path, tmp_path: Path
) -> None:
    stand_in = tmp_path / "path" / "jupyterlab"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").touch()
    (stand_in / "__main__.py").write_text(
        "import json, os, sys\n"
        "json.dump([os.getcwd(), *sys.argv[1:]], open('seen.json', 'w'))\n"
        "raise SystemExit(7)\n"
    )
    words = ["lab", "10.2", "--dir", str(mine), "--", "--port=9", "--no-browser"]
    done = subprocess.run(
        [sys.executable, "-m", "tapeviz", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(stand_in.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert str(mine) in done.stdout
    cwd, lesson, *rest = json.loads((mine / "seen.json").read_text())
    assert Path(cwd) == mine
    assert lesson.startswith("10_2_")
    assert rest[-2:] == ["--port=9", "--no-browser"]
    assert f"--LabApp.default_url=/lab/tree/{lesson}" in rest


def test_a_missing_jupyterlab_is_explained(
    origin: Path,
    mine: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert origin
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert main(["lab", "--dir", str(mine)]) == 1
    assert "-m pip install jupyterlab" in capsys.readouterr().err
    assert (mine / NAMES[0]).exists()


def test_version_and_help_answer_quickly() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "tapeviz", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("tapeviz ")
    assert "jupyter" not in done.stderr
    assert "matplotlib" not in done.stderr


def test_the_real_lessons_are_found_and_in_order() -> None:
    names = copies.lessons(copies.shipped())
    assert names[0].startswith("10_1")
    assert [name.split("_")[1] for name in names] == [str(n) for n in range(1, 12)]


def test_the_rules_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops"]) == 0
    printed = capsys.readouterr().out
    assert "where(a >= b, g, 0)" in printed
    assert all(f"\n{name} " in printed for name in ("sin", "matmul", "sum"))


def _lesson(source: str, output: str = "") -> str:
    """A notebook of one code cell, run if it has an output."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}]
    cell = {
        "cell_type": "code",
        "execution_count": 3 if output else None,
        "metadata": {},
        "outputs": outputs if output else [],
        "source": source,
    }
    return json.dumps(
        {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    )


def test_a_copy_shows_no_answer_and_running_it_is_no_change(
    origin: Path, mine: Path
) -> None:
    name = NAMES[0]
    (origin / name).write_text(_lesson("2 * 3", "6, the answer"))
    copies.copy(mine)
    (cell,) = json.loads((mine / name).read_text())["cells"]
    assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert "6, the answer" in (origin / name).read_text()
    (mine / name).write_text(_lesson("2 * 3", "6, run by the learner"))
    assert copies.copy(mine) == copies.Copied()
    (origin / name).write_text(_lesson("2 * 4", "8"))
    assert copies.copy(mine) == copies.Copied(refreshed=(name,))
    (mine / name).write_text(_lesson("2 * 5"))
    assert copies.copy(mine) == copies.Copied(left_alone=(name,))
