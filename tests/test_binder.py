"""Binder: repo2docker understands our folder and installs what the lessons need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
    places = [dockerfile.find(step) for step in steps]
    assert -1 not in places, dict(zip(steps, places, strict=True))
    assert places == sorted(places)


def test_what_is_installed_is_tapeviz_with_jupyterlab() -> None:
    lines = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [".[lab]"]


@pytest.mark.skipif(os.name == "nt", reason="Binder's images are Linux")
def test_the_preparation_runs() -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [ROOT / "binder" / "postBuild"],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        check=True,
        timeout=120,
    )
