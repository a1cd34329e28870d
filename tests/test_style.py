"""The linter, the types, who may import whom, the spelling: checked like the rest."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = Path(sys.executable).parent

CHECKS = {
    "lint": ("ruff", "check"),
    "format": ("ruff", "format", "--check"),
    "types": ("mypy",),
    "import contracts": ("lint-imports",),
    "spelling": ("codespell",),
}


@pytest.mark.parametrize("check", CHECKS)
def test_nothing_to_mend(check: str) -> None:
    name, *words = CHECKS[check]
    program = shutil.which(name, path=str(SCRIPTS)) or shutil.which(name)
    assert program, f"{name} is not installed: it comes with the extra 'test'"
    done = subprocess.run(
        [program, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"\n{done.stdout}{done.stderr}"
