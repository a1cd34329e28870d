"""The type stub of the door, written from its two tables: ``python -m tests.stub``."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import tapeviz

HEADER = "# Written from the tables in __init__.py by `python -m tests.stub`.\n"
ROOT = Path(tapeviz.__file__).parent


def stubs() -> dict[Path, str]:
    """Each stub's place and text."""
    top = [*_places(tapeviz.PLACES), "__version__: str"]
    found = {ROOT / "__init__.pyi": top}
    top += [
        f"from tapeviz.adapters import {n} as {n}" for n in sorted(tapeviz.FRAMEWORKS)
    ]
    for space, rooms in tapeviz.NAMESPACES.items():
        if len(rooms.split()) == 1:
            home, _, name = rooms.rpartition(".")
            top.append(
                f"from tapeviz{'.' + home if home else ''} import {name} as {space}"
            )
            continue
        top.append(f"from tapeviz.tf import {space} as {space}")
        offered = dir(getattr(tapeviz, space))
        places = {room: _defined(room, offered) for room in rooms.split()}
        found[ROOT / "tf" / space / "__init__.pyi"] = [*_places(places)]
    return {path: HEADER + "\n".join(lines) + "\n" for path, lines in found.items()}


def _places(places: dict[str, str]) -> Iterator[str]:
    for module, names in places.items():
        for name in names.split():
            yield f"from tapeviz.{module} import {name} as {name}"


def _defined(room: str, names: list[str]) -> str:
    module = import_module(f"tapeviz.{room}")
    return " ".join(
        n
        for n in names
        if getattr(vars(module).get(n), "__module__", "") == module.__name__
    )


if __name__ == "__main__":
    for path, text in stubs().items():
        path.write_text(text, "utf-8")
