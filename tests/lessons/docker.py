"""A stand-in for Docker: the commands that ``otter grade`` gives, on folders.

An image is what stands in the folder ``/autograder`` of a container, a container is a
copy of it, and to start one is to run otter's autograder there, in this environment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

STORE = Path(os.environ.get("STAND_IN_FOR_DOCKER", "."))
_RUN = "from otter.run.run_autograder import main; main({!r})"


def _path(name: str) -> Path:
    """A file of a container, "ID:/autograder/...", or one of this machine."""
    container, _, path = name.rpartition(":")
    return STORE / container / path.lstrip("/") if container else Path(path)


def _build(words: Sequence[str]) -> str:
    shutil.copytree(words[-1], STORE / "image" / "autograder" / "source")
    Path(words[words.index("--iidfile") + 1]).write_text("image", "utf-8")
    return ""


def _create(_: Sequence[str]) -> str:
    container = uuid.uuid4().hex
    shutil.copytree(STORE / "image", STORE / container)
    for name in ("submission", "results"):
        (STORE / container / "autograder" / name).mkdir()
    return container


def _start(words: Sequence[str]) -> str:
    folder = STORE / words[-1]
    code = _RUN.format(str(folder / "autograder"))
    with (folder / "log").open("w") as log:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=log, stderr=log, check=False
        )
    (folder / "status").write_text(str(done.returncode), "utf-8")
    return ""


def _copy(words: Sequence[str]) -> str:
    return str(shutil.copy(_path(words[-2]), _path(words[-1])))


COMMANDS = {
    "buildx inspect": lambda _: "Name: default",
    "buildx ls": lambda _: '{"Name": "default", "Driver": "docker"}',
    "buildx build": _build,
    "image inspect": lambda words: json.dumps([{"Id": words[-1]}]),
    "create": _create,
    "container inspect": lambda words: json.dumps([{"Id": words[-1]}]),
    "container cp": _copy,
    "container start": _start,
    "container wait": lambda words: (STORE / words[-1] / "status").read_text("utf-8"),
    "container logs": lambda words: (STORE / words[-1] / "log").read_text("utf-8"),
    "container rm": lambda _: "",
}


def main(words: Sequence[str]) -> None:
    """Do what Docker would do; SystemExit for a command that otter does not give."""
    one, two = words[0], " ".join(words[:2])
    command = COMMANDS.get(two) or COMMANDS.get(one)
    if command is None:
        raise SystemExit(f"the stand-in for Docker does not know {words}")
    print(command(words))


if __name__ == "__main__":
    main(sys.argv[1:])
