"""Copies of the lessons in the learner's own folder, never at the learner's cost.

A small file beside the copies remembers what each lesson was when it was copied. So a
lesson that the learner never touched is brought up to date, and one they changed stays.
A copy has no outputs, so that no answer is on the page before the question; what counts
as a change is another source of a cell.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tapeviz.engine import files
from tapeviz.errors import TapevizError

RECORD = ".tapeviz-lessons.json"
"""The file in the learner's folder that remembers what was copied."""

_PACKAGE = Path(__file__).parent
_FOR_AUTHORS = (".py", ".md", ".cfg")
"""What lies among the lessons for those who write them."""


class LessonsError(TapevizError):
    """The lessons cannot be found, copied or opened."""


@dataclass(frozen=True)
class Copied:
    """What became of each lesson file: file names, in the order of the lessons.

    ``added`` are new in the folder, ``refreshed`` were untouched and are now up to
    date, ``left_alone`` were changed by the learner and stay, ``side_copies`` are new
    editions of those, under another name. What was up to date already is in none.
    """

    added: tuple[str, ...] = ()
    refreshed: tuple[str, ...] = ()
    left_alone: tuple[str, ...] = ()
    side_copies: tuple[str, ...] = ()


def shipped() -> Path:
    """The folder of the lessons as they came, in a wheel or in a checkout.

    LessonsError if there is none.
    """
    checkout = _PACKAGE.parents[1]
    folders = [_PACKAGE / "chapters"]
    if (checkout / "pyproject.toml").is_file():
        folders.append(checkout / "chapters")
    for folder in folders:
        if any(folder.glob("*.ipynb")):
            return folder
    raise LessonsError(
        "The lessons did not come with this installation of tapeviz.\n"
        "What to do: install it again, from a complete copy of its repository."
    )


def lessons(folder: Path) -> list[str]:
    """The names of the notebooks in a folder, in reading order (10.2 before 10.10)."""
    return sorted((path.name for path in folder.glob("*.ipynb")), key=_reading_order)


def find(lesson: str, names: list[str]) -> str:
    """The lesson meant by a word: its file name, its number or its beginning.

    >>> find("10.2", ["10_1_a.ipynb", "10_2_b.ipynb"])
    '10_2_b.ipynb'

    Without a word it is the first one. LessonsError if none or several fit.
    """
    if not lesson:
        return names[0]
    for end in (" ", ""):  # its first words, its beginning
        start = _plain(lesson) + end
        fits = [name for name in names if f"{_plain(name)}{end}".startswith(start)]
        if fits:
            break
    if len(fits) == 1:
        return fits[0]
    raise LessonsError(
        f"{'Several lessons fit' if fits else 'No lesson fits'} {lesson!r}.\n"
        f"What to do: name one of these: {', '.join(fits or names)}"
    )


def copy(folder: Path) -> Copied:
    """Put the lessons into a folder, and keep every file that the learner changed.

    The folder is made if it is not there. LessonsError says what stands in the way.
    """
    origin = shipped()
    if folder.resolve() == origin.resolve():
        raise LessonsError(
            f"{folder} holds the lessons themselves, which stay as they are.\n"
            "What to do: choose another folder for your own copies, with --dir."
        )
    with _explained(folder):
        names = [path.relative_to(origin) for path in _files(origin)]
        found = {name: _without_outputs((origin / name).read_bytes()) for name in names}
    return put(found, folder)


def put(contents: Mapping[Path, bytes], folder: Path) -> Copied:
    """Write files into a folder, by name, and keep every one that was changed there.

    The folder is made if it is not there. LessonsError says what stands in the way.
    """
    fates = defaultdict[str, list[str]](list)
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        record = _read_record(folder)
        for name, content in contents.items():
            _put_file(content, name, folder, record, fates)
        _write(folder / RECORD, json.dumps(record, indent=1, sort_keys=True).encode())
    return Copied(**{fate: tuple(names) for fate, names in fates.items()})


def _put_file(
    content: bytes, name: Path, folder: Path, record: dict[str, str],
    fates: dict[str, list[str]],
) -> None:  # fmt: skip
    target, key, new = folder / name, name.as_posix(), _digest(content)
    last, record[key] = record.get(key), new
    if not target.exists():
        _write(target, content)
        fates["added"].append(key)
        return
    present = target.read_bytes()
    now = _digest(present)
    if now == new:
        return
    if last in {now, sha256(present).hexdigest()}:  # as older records have it
        _write(target, content)
        fates["refreshed"].append(key)
        return
    fates["left_alone"].append(key)
    if last != new:
        side_name = name.with_name(f"{name.stem} (new){name.suffix}")
        _put_file(content, side_name, folder, record, fates)
        fates["side_copies"].append(side_name.as_posix())


def _files(origin: Path) -> list[Path]:
    paths = (path for path in origin.rglob("*") if path.is_file())
    found = (path for path in paths if _for_learners(path.relative_to(origin)))
    return sorted(found, key=lambda path: _reading_order(path.as_posix()))


def _for_learners(name: Path) -> bool:
    hidden = any(part.startswith((".", "__")) for part in name.parts)
    return not hidden and name.suffix not in _FOR_AUTHORS


def _read_record(folder: Path) -> dict[str, str]:
    """What was copied before, by name; nothing if that cannot be told."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _write(target: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    files.write(target, content)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LessonsError(
            f"The lessons cannot be copied to {folder}: "
            f"{error.strerror or error} ({error.filename}).\n"
            "What to do: choose a folder that you may write to, with --dir."
        ) from error


def _notebook(content: bytes) -> dict[str, Any] | None:
    """A notebook as data, or None for another file or a broken one."""
    try:
        found = json.loads(content)
        sound = all(isinstance(cell, dict) for cell in found["cells"])
    except (ValueError, TypeError, KeyError):
        return None
    return found if sound else None


def _without_outputs(content: bytes) -> bytes:
    """A notebook as if it had never run; other files as they are."""
    notebook = _notebook(content)
    if notebook is None:
        return content
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "code":
            cell |= {"outputs": [], "execution_count": None}
    return written(notebook)


def read(path: Path) -> dict[str, Any]:
    """A notebook as data; LessonsError if the file is none."""
    with _explained(path.parent):
        notebook = _notebook(path.read_bytes())
    if notebook is None:
        raise LessonsError(
            f"{path} is not a notebook.\nWhat to do: save it in Jupyter once more."
        )
    return notebook


def written(notebook: Mapping[str, Any]) -> bytes:
    """The text of a notebook's file, the same for the same notebook."""
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
    return f"{text}\n".encode()


def _digest(content: bytes) -> str:
    """What tells editions apart: a notebook's cells, another file's bytes."""
    notebook = _notebook(content)
    if notebook is None:
        return sha256(content).hexdigest()
    every = notebook["cells"]
    cells = [[c.get("cell_type"), "".join(c.get("source", ""))] for c in every]
    return sha256(json.dumps(cells).encode()).hexdigest()


def _plain(name: str) -> str:
    """A name for comparing: words and numbers only."""
    return " ".join(re.findall(r"[^\W_]+", name.removesuffix(".ipynb").lower()))


def _reading_order(name: str) -> list[tuple[int, str]]:
    parts = re.findall(r"\d+|\D+", name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
