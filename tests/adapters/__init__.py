"""Other frameworks through our pictures."""

import os
from importlib.util import find_spec

import pytest

REQUIRED = os.environ.get("TAPEVIZ_REQUIRE_TORCH") == "1"
"""Whether the gate has installed PyTorch, so that nothing may be skipped without it."""

NEEDS_TORCH = pytest.mark.skipif(
    not (REQUIRED or find_spec("torch")), reason="PyTorch is not installed"
)
"""For a test that runs lesson 10.11."""
