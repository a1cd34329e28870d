"""Other frameworks through our pictures."""

import os

REQUIRED = os.environ.get("TAPEVIZ_REQUIRE_TORCH") == "1"
"""Whether the gate has installed PyTorch, so that nothing may be skipped without it."""
