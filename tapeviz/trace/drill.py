"""Tasks to practise with: an item of a drill, and steps to be put in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Answer: TypeAlias = tuple[float | None, ...]
"""One number, or None for no gradient, for each name that is asked for."""


@dataclass(frozen=True)
class DrillItem:
    """A few lines of code, a question about them, and what wrong answers come from.

    The code runs where ``tf`` is tapeviz. ``asked`` are the names in it whose values
    are the ``answer``; ``mistakes`` pair a wrong answer with a sentence. ``choices``
    are what can be chosen, in the order shown; without any the number is typed.
    ``paths`` are the slopes along each path of each number, where it is a derivative.
    """

    code: str
    asked: tuple[str, ...]
    answer: Answer
    mistakes: tuple[tuple[Answer, str], ...]
    choices: tuple[Answer, ...] = ()
    hint: str = ""
    because: str = ""
    paths: tuple[tuple[tuple[float, ...], ...], ...] = ()

    @property
    def question(self) -> str:
        """What is asked, as a sentence."""
        verb = "is" if len(self.asked) == 1 else "are"
        return f"What {verb} {' and '.join(self.asked)} after these lines?"

    def said(self, answer: Answer) -> str:
        """What is said of a wrong answer; "" of one that no usual mistake gives."""
        return next((text for wrong, text in self.mistakes if wrong == answer), "")


@dataclass(frozen=True)
class OrderingTask:
    """Steps in the order shown, and what each of them needs to be done before it.

    ``needs`` has for each step the indices of others; ``shows`` what can be said of it
    once the order is right.
    """

    title: str
    steps: tuple[str, ...]
    needs: tuple[tuple[int, ...], ...]
    shows: tuple[str, ...]

    def too_early(self, order: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Each step of an order that comes before one it needs, with that one."""
        at = {step: position for position, step in enumerate(order)}
        for step in order:
            late = [need for need in self.needs[step] if at[need] > at[step]]
            if late:
                yield step, min(late, key=at.__getitem__)
