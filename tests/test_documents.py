"""What is written beside the code: links lead somewhere, and the examples run."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml

import tapeviz
from tapeviz.views.drawing import Drawing
from tests.adapters import REQUIRED

ROOT = Path(__file__).parents[1]


def _documents() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    named = [ROOT / name for name in done.stdout.split("\0") if name]
    return named or [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]


DOCUMENTS = _documents()
GENERATED = {"docs/lessons", "docs/reference", "docs/pictures", "docs/changes.md"}
"""What the site's index leads to, and only the build makes."""

SAID = {"grading.md", "write_a_lesson.md"}
"""Guides in which a remark behind a line says what the line gives."""


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_links_lead_somewhere(path: Path) -> None:
    for address in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        parts = urlsplit(address)
        if parts.scheme or not parts.path:
            continue
        goal = (path.parent / unquote(parts.path)).resolve()
        named = goal.relative_to(ROOT).as_posix()
        if any(named.startswith(made) for made in GENERATED):
            continue
        assert goal.exists(), address


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in DOCUMENTS
        if ("guides" in path.parts or path.name == "README.md")
        and path.name != "use_it_with_tensorflow.md"  # tests/adapters follow it
    ],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_the_examples_run(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python of a document, from top to bottom; a remark says what comes out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Drawing, "forms", dict(Drawing.forms))
    space: dict[str, Any] = {"__name__": "__main__"}
    if path.name == "use_it_with_pytorch.md" and not REQUIRED:
        pytest.importorskip("torch")
    for block in re.findall(r"```python\n(.*?)```", path.read_text("utf-8"), re.DOTALL):
        if block.startswith("op("):
            continue
        exec(compile(block, path.name, "exec"), space)  # noqa: S102 - our own
        for line in block.splitlines():
            said = re.match(r"([^#=]+?)\s+# (\"?[\w\[].*)$", line)
            if said and path.name in SAID:
                got = eval(said[1], space)  # noqa: S307 - our own
                shown = f'"{got}"' if isinstance(got, str) else repr(got)
                assert said[2] == shown, line


def test_the_map_of_the_house_names_what_is_there() -> None:
    """Every file and name in "Where things are" of CONTRIBUTING exists."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    part = text.partition("## Where things are")[2].partition("\n## ")[0]
    named = re.findall(r"`([a-z_/]+\.py)`(?:, `([\w.]+)`)?", part)
    assert len(named) > 15
    found = 0
    for file, name in named:
        inside = ROOT / "tapeviz" / file
        path = next((p for p in (inside, ROOT / file) if p.exists()), None)
        if path is None:  # beside the file named before it
            (path,) = (ROOT / "tapeviz").rglob(file)
        tree = ast.parse(path.read_text("utf-8"))
        defined = {getattr(node, "name", "") for node in ast.walk(tree)}
        assert {*name.split(".")} - {""} <= defined, (file, name)
        found += bool(name)
    assert found > 8


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_of_the_rooms_is_that_of_the_imports(theme: str) -> None:
    spec = importlib.util.spec_from_file_location("rooms", ROOT / "docs" / "rooms.py")
    assert spec is not None
    assert spec.loader is not None
    rooms = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rooms)
    drawn = (ROOT / "docs" / "static" / f"rooms-{theme}.svg").read_text("utf-8")
    assert drawn == rooms.picture(theme), "run python docs/rooms.py"


def test_the_citation_is_of_this_version() -> None:
    """``cffconvert --validate`` finds it valid; here only what a release changes."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert cited["version"] == tapeviz.__version__.rpartition("tapeviz.")[2]
    assert cited["license"] == ["MIT", "CC-BY-4.0"]


def test_the_paper_has_what_its_journal_asks_for() -> None:
    """Its fields and sections, and a reference for each that it cites, and no other."""
    text = (ROOT / "docs" / "paper" / "paper.md").read_text("utf-8")
    _, front, body = text.split("---\n", 2)
    fields = yaml.safe_load(front)
    assert {"title", "tags", "authors", "affiliations", "date"} <= {*fields}
    named = {str(one["index"]) for one in fields["affiliations"]}
    assert {str(person["affiliation"]) for person in fields["authors"]} <= named
    for heading in ("Summary", "Statement of need", "Story", "References"):
        assert f"\n# {heading}\n" in body
    assert 250 < len(body.split()) < 1000
    known = (ROOT / "docs" / "paper" / fields["bibliography"]).read_text("utf-8")
    cited = set(re.findall(r"@(\w+)", body))
    assert cited == set(re.findall(r"^@\w+{(\w+),", known, re.MULTILINE))
