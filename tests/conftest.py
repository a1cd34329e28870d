"""What all tests share: their order and their settings."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# Read when TensorFlow is first imported, by whichever test: quiet, on the processor,
# and with its plain kernels, whose messages are the documented ones.
for _name, _value in {
    "MPLBACKEND": "Agg",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "CUDA_VISIBLE_DEVICES": "",
}.items():
    os.environ.setdefault(_name, _value)

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
