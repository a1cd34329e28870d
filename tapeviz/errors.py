"""The errors of tapeviz: each says what happened, where, and what to do."""

from __future__ import annotations


class TapevizError(Exception):
    """The common ancestor of the errors that only tapeviz raises."""


class LayoutError(TapevizError, RuntimeError):
    """A graph could not be laid out: no layout engine, or one that fails."""
