"""What all tests share: their order and their settings."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")

settings.register_profile(
    "tapeviz", deadline=None, derandomize="CI" in os.environ, print_blob=True
)
settings.load_profile("tapeviz")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: a fault in what they stand on is told first.

    Playwright also keeps an event loop in the main thread while it is open, which the
    kernels of the notebook tests would trip over.
    """
    items.sort(key=lambda item: "browser" in item.path.parts)
