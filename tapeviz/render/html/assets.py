"""Our own scripts and styles, and how they get into the outputs that carry them."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path


def read_assets(*names: str) -> str:
    """The text of our scripts or styles, one after the other.

    ``TAPEVIZ_ASSETS`` may name a folder to read them from instead of the package's own.
    """
    other = os.environ.get("TAPEVIZ_ASSETS")
    folder = Path(other) if other else files("tapeviz.render")
    return "".join(folder.joinpath(name).read_text("utf-8") for name in names)
