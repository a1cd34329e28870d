"""Warnings that point at the learner's line."""

from __future__ import annotations

import sys
import warnings

from tapeviz.errors import own


def warn(text: str, kind: type[Warning] = UserWarning) -> None:
    """Warn of something in the innermost line outside tapeviz."""
    level, frame = 1, sys._getframe(0)
    while frame.f_back is not None and own(frame.f_code):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, kind, stacklevel=level)
