"""The lessons are tested as notebooks, with the tapeviz of this checkout."""

from __future__ import annotations

import os
from pathlib import Path

collect_ignore = ["source", "build.py"]

_PATHS = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, _PATHS))
