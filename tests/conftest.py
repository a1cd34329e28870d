"""What all tests share: their order, their settings, and the peers to compare with."""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

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


@pytest.fixture(scope="session")
def peer() -> Callable[[str], ModuleType]:
    """``peer("tensorflow")`` gives the module; the test skips where there is none.

    With TAPEVIZ_REQUIRE_PEERS=1, as in the gate, it fails instead.
    """
    return _peer


def _peer(name: str) -> ModuleType:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError as error:
        reason = f"{name} is not here to compare with: {error}"
        if os.environ.get("TAPEVIZ_REQUIRE_PEERS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
