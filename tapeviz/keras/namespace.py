"""TensorFlow's names, for code of ours that is written as a learner would write it."""

from __future__ import annotations

from typing import Any

import tapeviz

tf: Any = tapeviz
