"""The lessons: checks of their exercises, and a learner's own copies of them."""

from __future__ import annotations

from tapeviz.lessons.checks import check

__all__ = ["check"]
