"""The peers: skipped where they are not installed, unless they are required."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType

import pytest

REQUIRED = os.environ.get("TAPEVIZ_REQUIRE_PEERS") == "1"


def peer(name: str) -> ModuleType:
    """A library to compare with; the test is skipped if it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if REQUIRED:
            raise
        pytest.skip(f"{name} is not installed (the extra 'peers' brings it): {error}")


@pytest.fixture(scope="session")
def tensorflow() -> ModuleType:
    """TensorFlow on one thread, quiet."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    loaded = "tensorflow" in sys.modules
    tf = peer("tensorflow")
    if not loaded:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    return tf


@pytest.fixture(scope="session")
def autograd() -> ModuleType:
    """HIPS autograd."""
    return peer("autograd")
