"""Binder: repo2docker understands our folder and installs what the lessons need."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def dockerfile() -> str:
    """The Dockerfile that repo2docker makes of this repository."""
    words = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."]
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_image_has_our_python_and_our_system_packages(dockerfile: str) -> None:
    assert "Building conda environment for python=3.11" in dockerfile
    assert "apt-get install --yes --no-install-recommends graphviz" in dockerfile


def test_the_repository_is_copied_then_installed_then_prepared(dockerfile: str) -> None:
    steps = [
        "COPY --chown=0:0 src/ ",
        '-r "binder/requirements.txt"',
        "binder/postBuild",
    ]
    positions = [dockerfile.find(step) for step in steps]
    assert -1 not in positions, dict(zip(steps, positions, strict=True))
    assert positions == sorted(positions)


def test_what_is_installed_is_tapeviz_with_jupyterlab_pinned() -> None:
    lines = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    first, *pins = [line for line in lines if not line.startswith("#")]
    assert first == ".[lab]"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]["lab"]
    wanted = [Requirement(line) for line in project["dependencies"] + extras]
    needed = {it.name: it for it in wanted if not it.marker or it.marker.evaluate()}
    pinned = dict(pin.split("==") for pin in pins)
    assert pinned.keys() == needed.keys(), "all that tapeviz asks for itself"
    for name, version in pinned.items():
        assert version in needed[name].specifier, name


LESSON = """
import tapeviz as tf
from tapeviz import play
x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x**2
print(len(play(tape, y, x).film.frames))
"""


@pytest.mark.skipif(os.name == "nt", reason="Binder's images are Linux")
def test_its_steps_make_a_clean_environment_that_plays(tmp_path: Path) -> None:
    """What Binder does, in a virtual environment: install, prepare, open a lesson.

    With uv in pip's place where it is there, which is quicker.
    """
    folder = tmp_path / "image"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
    env = {**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    install = ["python", "-m", "pip", "install"]
    if find_spec("uv"):
        to = ["--python", str(folder / "bin" / "python")]
        install = [sys.executable, "-m", "uv", "pip", "install", *to]
    for words in (
        [*install, "-q", "-r", "binder/requirements.txt"],
        [str(ROOT / "binder" / "postBuild")],
    ):
        subprocess.run(words, cwd=ROOT, env=env, check=True, timeout=400)
    for words in (["-m", "jupyterlab", "--version"], ["-c", LESSON]):
        done = subprocess.run(
            [folder / "bin" / "python", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 3
