"""All tests read the scripts and styles that a distribution has: the minified ones.

Without a framework what needs it is left out, unless it is required.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hatch_build import minify_assets

NEEDS = {
    "torch": ["tapeviz/adapters/torch", "tests/adapters/functions.py"],
    "jax": ["tapeviz/adapters/jax"],
    "tensorflow": [
        "tapeviz/adapters/tensorflow",
        "tests/adapters/tensorflow_functions.py",
    ],
}
collect_ignore = [
    path
    for framework, paths in NEEDS.items()
    if not find_spec(framework)
    and os.environ.get(f"TAPEVIZ_REQUIRE_{framework.upper()}") != "1"
    for path in paths
]


def pytest_configure(config: pytest.Config) -> None:
    """Make them, once for all the processes that run tests."""
    if "TAPEVIZ_ASSETS" not in os.environ:
        folder = TemporaryDirectory()
        config.add_cleanup(folder.cleanup)
        minify_assets(Path(folder.name))
        os.environ["TAPEVIZ_ASSETS"] = folder.name
