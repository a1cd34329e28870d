"""The command ``tapeviz``: the lessons, the rules, the badges, the doctor."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tapeviz.errors import TapevizError
from tapeviz.lessons import copies

FOLDER = Path("tapeviz-lessons")
"""Where the learner's copies go unless they say otherwise."""


@dataclass(frozen=True)
class Command:
    """A subcommand: its one-line help, its arguments, and what it does.

    ``run`` gets the arguments read and those after ``--``; it gives the exit status.
    """

    help: str
    run: Callable[[argparse.Namespace, Sequence[str]], int]
    arguments: Callable[[argparse.ArgumentParser], None] | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 0, or 1 with a message on stderr."""
    words = list(sys.argv[1:] if argv is None else argv)
    cut = words.index("--") if "--" in words else len(words)
    given = _parser().parse_args(words[:cut])
    try:
        return COMMANDS[given.command].run(given, words[cut + 1 :])
    except TapevizError as error:
        print(f"tapeviz: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tapeviz", description="Automatic differentiation you can watch."
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", title="commands"
    )
    for name, command in COMMANDS.items():
        sub = commands.add_parser(name, help=command.help, description=command.help)
        if command.arguments:
            command.arguments(sub)
    return parser


def _version() -> str:
    try:
        return f"tapeviz {importlib.metadata.version('tapeviz')}"
    except importlib.metadata.PackageNotFoundError:
        return "tapeviz (not installed: run from its folder)"


def _lab_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "tapeviz lab [--dir FOLDER] [--no-start] [LESSON] [-- ARGUMENT ...]"
    parser.epilog = "Everything after -- goes to JupyterLab as it stands."
    parser.add_argument(
        "lesson", nargs="?", default="", metavar="LESSON",
        help="the lesson to open, such as 10.6 (default: the first)",
    )  # fmt: skip
    parser.add_argument(
        "--dir", type=Path, default=FOLDER, metavar="FOLDER",
        help=f"the folder for your own copies (default: {FOLDER})",
    )  # fmt: skip
    parser.add_argument(
        "--no-start", action="store_true", help="copy the lessons, open nothing"
    )


def _lab(given: argparse.Namespace, extra: Sequence[str]) -> int:
    folder = _expanded(given.dir)
    lesson = copies.find(given.lesson, copies.lessons(copies.shipped()))
    print(_report(copies.copy(folder), folder))
    return 0 if given.no_start else _start(folder, lesson, extra)


def _expanded(folder: Path) -> Path:
    try:
        return folder.expanduser()
    except RuntimeError as error:
        raise copies.LessonsError(
            f"{folder} names a home folder that is not on this machine.\n"
            "What to do: give the whole path of a folder."
        ) from error


def _report(copied: copies.Copied, folder: Path, what: str = "Your lessons are") -> str:
    """What happened to the learner's folder, in sentences."""
    lines = [f"{what} in {folder.resolve()}"]
    for names, fate in (
        (copied.refreshed, "brought up to date"),
        (copied.left_alone, "kept as you changed it"),
        (copied.side_copies, "a new edition, beside your own"),
    ):
        lines += [f"  {name}: {fate}" for name in names]
    return "\n".join(lines)


def _start(folder: Path, lesson: str, extra: Sequence[str]) -> int:
    """Run JupyterLab on a lesson until it ends; give its exit status."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise copies.LessonsError(
            "JupyterLab is not installed in this Python.\n"
            f'What to do: run "{sys.executable}" -m pip install jupyterlab'
        )
    address = (
        [f"--LabApp.default_url=/lab/tree/{lesson}"] if "--no-browser" in extra else []
    )
    words = [lesson, *_as_root(), *address, *extra]
    command = [sys.executable, "-m", "jupyterlab", *words]
    if os.name != "nt":  # JupyterLab takes our place, and hears every signal itself
        sys.stdout.flush()
        os.chdir(folder)
        os.execv(sys.executable, command)
    return _wait(subprocess.Popen(command, cwd=folder))


def _wait(process: subprocess.Popen[bytes]) -> int:
    """The exit status of a process that handles Ctrl-C itself."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def _as_root() -> list[str]:
    """What JupyterLab wants to be told in a container, where the user is root."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--allow-root"] if root else []


def _lessons_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "tapeviz lessons --student DIR | --teacher DIR [LESSON ...]"
    parser.add_argument(
        "lessons", nargs="*", metavar="LESSON",
        help="the lessons, such as 10.6 (default: all)",
    )  # fmt: skip
    edition = parser.add_mutually_exclusive_group(required=True)
    edition.add_argument(
        "--student", type=Path, metavar="DIR",
        help="without solutions, with what nbgrader and otter need to grade it",
    )  # fmt: skip
    edition.add_argument(
        "--teacher", type=Path, metavar="DIR",
        help="with solutions open, and plans beside the cells",
    )  # fmt: skip
    parser.add_argument(
        "--source", type=Path, metavar="FOLDER",
        help="the folder of notebooks of your own (default: our lessons)",
    )  # fmt: skip


def _lessons(given: argparse.Namespace, _extra: Sequence[str]) -> int:
    from tapeviz.lessons import editions

    origin = _expanded(given.source) if given.source else copies.shipped()
    names = copies.lessons(origin)
    if not names:
        raise copies.LessonsError(
            f"{origin} has no notebooks.\nWhat to do: give --source another folder."
        )
    names = [copies.find(lesson, names) for lesson in given.lessons] or names
    folder = _expanded(given.student or given.teacher)
    if folder.resolve() == origin.resolve():
        raise copies.LessonsError(
            f"{folder} holds the lessons themselves, which stay as they are.\n"
            "What to do: choose another folder for the edition."
        )
    edition = editions.student if given.student else editions.teacher
    copied = copies.put(edition(origin, names), folder)
    whose = "students'" if given.student else "teachers'"
    print(_report(copied, folder, f"The {whose} edition is"))
    return 0


def _ops(_given: argparse.Namespace, _extra: Sequence[str]) -> int:
    from tapeviz.api import operations
    from tapeviz.wording.values import columns

    table = operations()
    print(columns(table.heads, table.rows))
    return 0


def _doctor(_given: argparse.Namespace, _extra: Sequence[str]) -> int:
    from tapeviz import doctor

    findings = doctor.examine()
    print(doctor.report(findings))
    return 0 if doctor.healthy(findings) else 1


def _links_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--repo",
        default="",
        metavar="OWNER/NAME",
        help="the repository on GitHub, for a fork (default: tapeviz's own)",
    )
    parser.add_argument(
        "--branch", default="main", help="its branch or tag (default: main)"
    )


def _links(given: argparse.Namespace, _extra: Sequence[str]) -> int:
    from tapeviz.lessons import links

    lessons = copies.lessons(copies.shipped())
    repo = given.repo or links.repository()
    print(links.badges((Path(name).name for name in lessons), repo, given.branch))
    return 0


COMMANDS = {
    "doctor": Command(
        "say what works on this machine, and how to mend what does not", _doctor
    ),
    "links": Command(
        "print badges that open the lessons on Binder, Colab and nbviewer",
        _links,
        _links_arguments,
    ),
    "lessons": Command(
        "write the students' edition of the lessons, or the teachers'",
        _lessons,
        _lessons_arguments,
    ),
    "ops": Command("print every operation with the rule of its derivative", _ops),
    "lab": Command(
        "copy the lessons to a folder of yours and open one in JupyterLab",
        _lab,
        _lab_arguments,
    ),
}
"""The subcommands by name; a new one is one more entry."""
