"""The lessons are tested as notebooks, with the tapeviz of this checkout.

Lesson 10.11 is run where PyTorch is installed, or required.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

collect_ignore = ["source", "build.py"]
if not find_spec("torch") and os.environ.get("TAPEVIZ_REQUIRE_TORCH") != "1":
    collect_ignore.append("10_11_the_same_in_pytorch.ipynb")

_PATHS = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, _PATHS))
