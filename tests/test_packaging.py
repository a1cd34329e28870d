"""What a clone and a wheel hold, and that the README says what the gate does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import tapeviz
from tapeviz.render.html.assets import read_assets

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout without asking a registry."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
    ]
    done = subprocess.run(
        [*command, "--no-index", "--wheel-dir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing of ours but what the wheel holds."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def tracked(*patterns: str) -> list[str]:
    """The files under version control that fit, or a skip outside a clone."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    words = ["git", "ls-files", "-z", *patterns]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]


def test_the_wheel_holds_every_file_of_the_package(installed: Path) -> None:
    missing = [name for name in tracked("tapeviz") if not (installed / name).is_file()]
    assert missing == []
    assert (installed / "tapeviz" / "py.typed").is_file()


def test_the_wheel_holds_scripts_and_styles_made_small(installed: Path) -> None:
    for name in tracked("tapeviz/*.js", "tapeviz/*.css"):
        inside = name.removeprefix("tapeviz/render/")
        assert (installed / name).read_text("utf-8") == read_assets(inside)
        assert (installed / name).stat().st_size < (ROOT / name).stat().st_size


def test_the_wheel_holds_nothing_but_the_package(installed: Path) -> None:
    names = {path.name for path in installed.iterdir()}
    assert names == {
        "tapeviz",
        f"tapeviz-{tapeviz.__version__.rpartition('tapeviz.')[2]}.dist-info",
    }
    strays = ["__pycache__", ".ipynb_checkpoints"]
    assert not [path for path in installed.rglob("*") if path.name in strays]


def test_the_page_on_a_package_index_links_to_what_is_there(installed: Path) -> None:
    """Its picture and its links are absolute, and each leads to a file of ours."""
    (info,) = installed.glob("*.dist-info")
    text = (info / "METADATA").read_text("utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text.partition("\n\n")[2])
    ours = [link for link in links if link.startswith(PROJECT["urls"]["Repository"])]
    assert any(
        link.endswith("/raw/main/chapters/pictures/backward.svg") for link in ours
    )
    for link in ours:
        assert (ROOT / link.partition("/main/")[2]).exists(), link
    assert all(link.startswith("https://") for link in links)
    assert (info / "licenses" / "chapters" / "LICENSE").is_file()


def test_an_installed_wheel_finds_its_lessons(installed: Path, tmp_path: Path) -> None:
    """The copies made from the wheel have the cells of the clone's lessons, not run."""
    code = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        "import tapeviz.cli\n"
        f"assert tapeviz.cli.__file__.startswith({str(installed)!r})\n"
        "raise SystemExit(tapeviz.cli.main(['lab', '--no-start', '--dir', 'mine']))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    inside = installed / "tapeviz" / "lessons" / "chapters"
    assert (inside / "TEACHING.md").is_file(), "the teachers' edition has its plans"
    chapters = sorted((ROOT / "chapters").glob("*.ipynb"))
    copies = sorted((tmp_path / "mine").glob("*.ipynb"))
    assert [path.name for path in copies] == [path.name for path in chapters]
    for copy, lesson in zip(copies, chapters, strict=True):
        mine, theirs = (json.loads(path.read_text("utf-8")) for path in (copy, lesson))
        cells = [(cell["cell_type"], cell["source"]) for cell in theirs["cells"]]
        assert [(cell["cell_type"], cell["source"]) for cell in mine["cells"]] == cells
        assert not any(cell.get("outputs") for cell in mine["cells"])


def test_the_readme_and_the_gate_run_the_same_line() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"```sh\n(python3 .*)\n```", readme)
    assert len(lines) == 2, "one line opens the lessons, one runs the tests"
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[0].endswith("tapeviz lab")
    assert gate[-1] == lines[1]


def test_the_readme_names_the_python_that_is_needed() -> None:
    least = PROJECT["requires-python"].removeprefix(">=")
    assert f"Python {least} or newer" in (ROOT / "README.md").read_text(
        encoding="utf-8"
    )


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    """Paths of one machine, and hosts that packages come from, help nobody else."""
    private = "/" + "(?:work|root|home|farm|opt|Users)/[a-z]"
    hosts = "files.python" + "hosted|pypi" + r"\.org/simple|registry\.npm" + "js"
    pattern = re.compile(f"{private}|{hosts}")
    kinds = (".py", ".md", ".toml", ".ipynb", ".js", ".css", ".cfg", ".txt", ".json")
    texts = {
        name: (ROOT / name).read_text(encoding="utf-8", errors="replace")
        for name in tracked()
        if name.endswith((*kinds, "run", "postBuild")) and (ROOT / name).is_file()
    }
    found = {name: pattern.search(text) for name, text in texts.items()}
    assert {name: match.group() for name, match in found.items() if match} == {}


def test_no_lock_file_is_tracked() -> None:
    assert tracked("uv.lock", "**/uv.lock") == []
