"""Numbers that a reader may change: written as tokens, which a page fills in.

A film is built twice: from the recorded numbers, and from symbolic ones. The second
time every text is a template. A token such as ``ꙮ12ꙮ`` is a Python identifier, so that
formulas that hold it are parsed and simplified as usual.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Self

MARK = "ꙮ"
"""Begins and ends a token; a graph whose names have this letter has no templates."""

TOKEN = re.compile(rf"{MARK}(\d+)([ib]?)(?:d(\d+))?(f?){MARK}")
"""A slot's number; ``i`` or ``b`` for a whole or a logical number; its digits, if not
the usual ones; and ``f`` for a factor, which has brackets where it is below zero."""

_WIDEST = 7
"""Characters of a number that are none of its digits, as in -1.2e-100."""


@dataclass(frozen=True)
class Slot:
    """What stands in a token's place.

    A number of the program: ``kind`` is "v" the value of node ``of``, "g" its adjoint,
    "c" the contribution along edge ``of``, "t" the sum after it, "l" the local
    derivative, "d" a finite difference; ``entry`` counts the entries row by row, or is
    one of those below. Or it is made of ``parts``, which have tokens in them: a word of
    the rules computes with them; "?" is the second text where the first has at most
    ``entry`` characters (each line of it), else the third; "!" is the second text where
    the first is not 0, else the third; "=" joins the sides of an equation that do not
    repeat; "~" says how the finite difference along edge ``of`` compares; "cut" is a
    text cut after ``entry``.
    """

    kind: str
    of: str = ""
    entry: int = 0
    parts: tuple[str, ...] = ()


MEAN, LOW, HIGH, ODD, NONZERO = -1, -2, -3, -4, -5
"""What stands for a whole array: its mean, lowest and highest entry (of those that are
finite), how many are nan or infinite, and how many are not zero."""

_SLOTS: ContextVar[dict[Slot, int]] = ContextVar("slots")


@contextmanager
def templates() -> Iterator[dict[Slot, int]]:
    """A block in which symbolic numbers are written; it gives their slots, numbered."""
    slots: dict[Slot, int] = {}
    mark = _SLOTS.set(slots)
    try:
        yield slots
    finally:
        _SLOTS.reset(mark)


def token(slot: Slot, flags: str = "") -> str:
    """What is written for a slot."""
    slots = _SLOTS.get()
    return f"{MARK}{slots.setdefault(slot, len(slots))}{flags}{MARK}"


class Symbolic(float):
    """A number with the slot that it comes from.

    Computing with it gives another one, whose slot says how it is computed.
    """

    __slots__ = ("form", "slot")
    slot: Slot
    form: str

    def __new__(cls, value: float, slot: Slot, form: str = "") -> Self:
        """A number of that slot; ``form`` is "i" or "b" for whole or logical ones."""
        made = super().__new__(cls, value)
        made.slot, made.form = slot, form
        return made

    def written(self, digits: int) -> str:
        """The token of it, to so many significant digits."""
        form = self.form if digits == _USUAL else f"{self.form}d{digits}"
        return token(self.slot, form)

    def other(self, entry: int) -> Symbolic:
        """What stands for the whole array that this is an entry of, as a number."""
        return Symbolic(self, Slot(self.slot.kind, self.slot.of, entry))

    def __add__(self, other: float) -> Symbolic:
        return computed("+", self, other)

    def __radd__(self, other: float) -> Symbolic:
        return computed("+", other, self) if other else self

    def __sub__(self, other: float) -> Symbolic:
        return computed("-", self, other)

    def __rsub__(self, other: float) -> Symbolic:
        return computed("-", other, self)

    def __mul__(self, other: float) -> Symbolic:
        return computed("*", self, other)

    def __rmul__(self, other: float) -> Symbolic:
        return self if other == 1 else computed("*", other, self)

    def __truediv__(self, other: float) -> Symbolic:
        return computed("/", self, other)

    def __rtruediv__(self, other: float) -> Symbolic:
        return computed("/", other, self)

    def __pow__(self, other: float, _: None = None) -> Symbolic:
        return computed("**", self, other)

    def __rpow__(self, other: float, _: None = None) -> Symbolic:
        return computed("**", other, self)

    def __neg__(self) -> Symbolic:
        return computed("neg", self)


_USUAL = 5


def computed(word: str, *numbers: float) -> Symbolic:
    """What a word of the rules gives for numbers; its value is not known before."""
    return Symbolic(math.nan, Slot(word, parts=tuple(map(exact_text, numbers))))


def exact_text(number: float) -> str:
    """A number so that it can be read back: its token, or all its digits."""
    if isinstance(number, Symbolic):
        return number.written(_USUAL)
    return repr(float(number))


def symbol_of(text: str) -> Symbolic | None:
    """The number that a text is the token of; its value is not known."""
    found = TOKEN.fullmatch(text)
    if found is None:
        return None
    slot = [*_SLOTS.get()][int(found[1])]
    return None if slot.kind in TEXTS else Symbolic(math.nan, slot)


TEXTS = ("?", "!", "=", "~", "cut")
"""The kinds of slots that are texts, not numbers."""


def is_template(text: str) -> bool:
    """Whether there are tokens in it; without slots the mark is a letter of a name."""
    return MARK in text and _SLOTS.get(None) is not None


def as_factor(text: str) -> str:
    """A token as a factor: in brackets where it is below zero."""
    whole = is_template(text) and TOKEN.fullmatch(text)
    return f"{text[:-1]}f{MARK}" if whole else text


def no_factors(text: str) -> str:
    """The tokens as plain numbers: the signs around them say which have brackets."""
    return text.replace(f"f{MARK}", MARK) if is_template(text) else text


def chosen_text(measured: str, limit: int, text: str, otherwise: str) -> str:
    """``text`` where each line of ``measured`` has at most ``limit`` characters.

    >>> chosen_text("12345", 4, "short", "long")
    'long'
    """
    if all(len(line) <= limit for line in _widest(measured).split("\n")):
        return text
    if not is_template(measured):
        return otherwise
    return token(Slot("?", "", limit, (measured, text, otherwise)))


def text_unless_zero(count: Symbolic, text: str, otherwise: str) -> str:
    """``text`` where the number is not zero."""
    return token(Slot("!", parts=(count.written(_USUAL), text, otherwise)))


def cut_text(text: str, limit: int) -> str:
    """A template that may get longer than ``limit`` characters, to be cut there."""
    if len(_widest(text)) <= limit:
        return text
    return token(Slot("cut", "", limit, (text,)))


def _widest(text: str) -> str:
    """The text with as many characters as it can have at most."""
    if not is_template(text):
        return text
    slots = [*_SLOTS.get()]

    def widest(found: re.Match[str]) -> str:
        slot = slots[int(found[1])]
        if slot.kind in "?!":
            yes, no = map(_widest, slot.parts[1:])
            if slot.parts[0] == slot.parts[1]:
                yes = yes[: slot.entry]
            return max(yes, no, key=len)
        if slot.kind in TEXTS:
            return max(map(_widest, slot.parts), key=len)
        return "0" * (int(found[3] or _USUAL) + _WIDEST + 2 * (found[4] == "f"))

    return TOKEN.sub(widest, text)


def shape_of_text(text: str) -> str:
    """The text with the same sign for each number and token in it."""
    return _NUMBERS.sub("#", text)


_NUMBERS = re.compile(rf"\(?-?(?:{TOKEN.pattern}|\b\d[\d.]*(?:e[+-]?\d+)?)\)?")
