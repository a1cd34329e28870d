"""How an answer stands, and what can be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Verdict:
    """How an answer stands: ``kind`` is "open", "exact", "close" or "wrong".

    ``words`` say it in a sentence. It is ``right`` if its kind is "exact"; what is
    close, or still open, is not. ``if verdict:`` and ``assert verdict`` ask the same.

    >>> verdict = Verdict("close", "close, but not exact. Do not round on the way.")
    >>> verdict.right
    False
    >>> print(verdict)
    close, but not exact. Do not round on the way.
    """

    kind: str
    words: str

    @property
    def right(self) -> bool:
        """Whether the answer is right."""
        return self.kind == "exact"

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        return self.words


RIGHT = Verdict("exact", "right.")


def wrong(sentence: str) -> Verdict:
    """The verdict on an answer that is not right, with a sentence that helps."""
    return Verdict("wrong", f"not right yet. {sentence}")


class Task(Protocol):
    """What can be checked and graded: an ``Exercise``, or anything with these three."""

    @property
    def name(self) -> str:
        """What ``check`` calls it."""

    @property
    def points(self) -> float:
        """What a right answer is worth."""

    def judge(self, answer: Any) -> Verdict:
        """How an answer stands; it raises nothing, whatever the answer is."""
