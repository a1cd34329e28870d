"""The guides are followed, word by word, in a copy of the repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tapeviz.views.drawing import Drawing

ROOT = Path(__file__).parents[1]
GUIDES = ROOT / "docs" / "guides"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of the files that the guides speak of."""
    for name in ("tapeviz", "tests", "chapters"):
        skipped = shutil.ignore_patterns("__pycache__", "golden", "*.ipynb")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=skipped)
    alone = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "CITATION.cff")
    for name in alone:
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def blocks(guide: str, language: str = "python") -> list[str]:
    """The blocks of code in a guide."""
    text = (GUIDES / f"{guide}.md").read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def run(clone: Path, *words: str) -> str:
    """What Python prints, started in the copy; an error if it fails."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=clone,
        env={**keep, "PYTHONPATH": str(clone)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_an_operation_is_one_entry(clone: Path) -> None:
    entry = next(b for b in blocks("add_an_operation") if "log_poisson_loss" in b)
    with (clone / "tapeviz" / "engine" / "ops" / "nn.py").open("a") as file:
        file.write(entry)
    said = run(
        clone,
        "-c",
        "import tapeviz as tf\n"
        "a, b = tf.Variable(2.0), tf.Variable(0.5)\n"
        "with tf.GradientTape() as tape: y = tf.nn.log_poisson_loss(a, b)\n"
        "print(float(y), *map(float, tape.gradient(y, [a, b])), tf.explain(tape))\n"
        "print('log_poisson_loss' in dir(tf.nn), tf.__file__)",
    )
    y, to_a, to_b = map(float, said.split()[:3])
    assert (y, to_a) == (pytest.approx(2.718281828**0.5 - 1), -0.5)
    assert to_b == pytest.approx(2.718281828**0.5 - 2)
    assert "g * (exp(b) - a)" in said
    assert said.splitlines()[-1] == f"True {clone / 'tapeviz' / '__init__.py'}"
    tested = run(
        clone, "-m", "pytest", "-n0", "-q", "tests/engine", "-k", "log_poisson_loss"
    )
    assert int(re.findall(r"(\d+) passed", tested)[-1]) > 10
    assert "log_poisson_loss" in run(clone, "-m", "tapeviz", "ops")


def test_a_lesson_is_one_file(clone: Path) -> None:
    (lesson,) = blocks("write_a_lesson", "py")
    (clone / "chapters" / "source" / "10_12_the_slope_of_a_cube.py").write_text(lesson)
    run(clone, "chapters/build.py", "10_12")
    made = json.loads(
        (clone / "chapters" / "10_12_the_slope_of_a_cube.ipynb").read_text()
    )
    outputs = [out for cell in made["cells"] for out in cell.get("outputs", [])]
    assert [out["text"] for out in outputs if "text" in out] == [["12.0\n"]]
    assert any("text/html" in out.get("data", {}) for out in outputs)
    said = run(
        clone,
        "-c",
        "from tapeviz.lessons import copies\n"
        "print(copies.find('10.12', copies.lessons(copies.shipped())))",
    )
    assert said.strip() == "10_12_the_slope_of_a_cube.ipynb"


def test_a_form_of_saving_is_one_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Drawing, "forms", dict(Drawing.forms))
    space: dict[str, Any] = {}
    for block in blocks("write_a_renderer"):
        exec(block, space)  # noqa: S102 - our own guide
    assert (tmp_path / "graph.csv").read_text() == "n0;n1\nn0;n1\n"
    with pytest.raises(
        ValueError, match=r"end the file's name with one of \.csv, \.dot"
    ):
        space["draw"](space["tape"]).save("graph.xyz")


def test_an_engine_of_ones_own_is_shown() -> None:
    space: dict[str, Any] = {}
    for block in blocks("show_another_engine"):
        exec(block, space)  # noqa: S102 - our own guide
    graph = space["draw"](space["graph"](space["y"], space["names"])).graph
    assert [node.name for node in graph.nodes] == ["w", "x", "", "b", "y"]
    run = space["play"](space["run"]).run
    assert [r.entry for r in run.results] == [2.0, 3.0, 1.0]  # x, w and 1
    last = space["play"](run).film.frames[-1]
    assert last.formula == "dy/dw = 2,  dy/dx = 3,  dy/db = 1"
    assert "= 2" in space["explain"](run).text
    described = space["play"](space["y"], [space["w"], space["b"]]).run
    assert [r.entry for r in described.results] == [2.0, 1.0]
    assert [n.op for n in described.graph.nodes if n.kind == "op"] == [
        "multiply",
        "add",
    ]
