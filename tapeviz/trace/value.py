"""A number or an array as plain data."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from tapeviz.trace.symbolic import MARK, Symbolic, as_factor

Entry: TypeAlias = float | int | bool | str | complex

WHOLE = 64
"""Arrays of at most this many entries are kept whole; larger ones as a summary."""

_INTEGERS = 1e7
"""Below this a float without a fraction is written as an integer."""


def format_number(entry: Entry, digits: int = 5) -> str:
    """A number for people, rounded to so many significant digits.

    >>> [format_number(v) for v in (6.0, 0.10000000149011612, 1e-7, float("-inf"))]
    ['6', '0.1', '1e-7', '-inf']
    """
    if isinstance(entry, Symbolic):
        return entry.written(digits)
    if isinstance(entry, (bool, str)):
        return str(entry)
    if isinstance(entry, complex):
        sign = "-" if math.copysign(1, entry.imag) < 0 else "+"
        real, imag = format_number(entry.real, digits), abs(entry.imag)
        return f"{real}{sign}{format_number(imag, digits)}j"
    if isinstance(entry, int) and abs(entry) < 10**12:
        return str(entry)
    x = float(entry)
    if x.is_integer() and abs(x) < _INTEGERS:
        return str(int(x))
    return short_exponents(f"{x:.{digits}g}")


def short_exponents(text: str) -> str:
    """A formula whose numbers have exponents as people write them.

    >>> short_exponents("v1e05 * 1e-07 + 2.5e+16")
    'v1e05 * 1e-7 + 2.5e16'
    """
    return _EXPONENT.sub(r"\1\2", text)


_EXPONENT = re.compile(r"(?<![\w.])(\d[\d.]*e)\+?(-?)0*(?=\d)")


def spelled_as(like: str, text: str) -> str:
    """The formula with its powers, and the quotes in it, spelled as in another one.

    >>> spelled_as("a**b", "x ** 2 * y"), spelled_as('p["W"]', "p['b'] * 2")
    ('x**2 * y', 'p["b"] * 2')
    """
    text = short_exponents(text)
    if "**" in like and " **" not in like:
        text = text.replace(" ** ", "**")
    double = '"' in like and "'" not in like
    return _SINGLE.sub(r'"\1"', text) if double else text


_SINGLE = re.compile(r"""'([^'"]*)'""")


def factor(text: str) -> str:
    """A written number as a factor: in brackets where it has a sign or is a sum.

    >>> factor("2"), factor("-2"), factor("1+2j")
    ('2', '(-2)', '(1+2j)')
    """
    if text.startswith(MARK):
        return as_factor(text)
    return f"({text})" if text.startswith("-") or text.endswith("j") else text


@dataclass(frozen=True)
class Summary:
    """What a picture says of a large array: its range, mean and a coarse image.

    ``thumb`` is a grid of at most 16 x 16 block means, row by row; ``odd`` counts the
    entries that are nan or infinite (they are left out of the other numbers).
    ``norm`` is the Euclidean norm of the whole array, None where it is not known.
    """

    low: float
    mean: float
    high: float
    odd: int
    thumb: tuple[tuple[float, ...], ...]
    norm: float | None = None


@dataclass(frozen=True)
class Value:
    """One value: its dtype (``"float32"``), its shape, and its entries row by row.

    ``data`` holds every entry (a scalar has one) up to ``WHOLE`` of them; beyond that
    it is None and ``summary`` describes the array.

    >>> Value("float32", (2,), (1.0, 0.5)).entry
    Traceback (most recent call last):
    ...
    ValueError: a value of shape (2,) is not one number
    """

    dtype: str
    shape: tuple[int, ...]
    data: tuple[Entry, ...] | None
    summary: Summary | None = None

    @property
    def size(self) -> int:
        """How many entries the array has."""
        return math.prod(self.shape)

    @property
    def entry(self) -> Entry:
        """The one number of a scalar or one-entry array."""
        if self.data is None or len(self.data) != 1:
            raise ValueError(f"a value of shape {self.shape} is not one number")
        return self.data[0]

    @cached_property
    def is_zero(self) -> bool:
        """Whether every entry is exactly zero (an empty array is not)."""
        if self.data is not None:
            return bool(self.data) and not self.symbolic and {*self.data} == {0}
        s = self.summary
        return s is not None and s.odd == 0 and s.low == s.high == 0

    @property
    def symbolic(self) -> bool:
        """Whether its numbers are such that a reader may change."""
        return isinstance((self.data or (None,))[0], Symbolic)

    @property
    def known(self) -> bool:
        """Whether there is a value: False for ``UNKNOWN``."""
        return bool(self.dtype)

    def problems(self) -> Iterator[str]:
        """What does not hold together, in sentences."""
        if self.known and self.data is not None and len(self.data) != self.size:
            yield f"{len(self.data)} entries for shape {self.shape}"
        if self.known and self.data is None and self.summary is None:
            yield "a value needs its entries or a summary"


UNKNOWN = Value("", (), ())
"""Stands for a value that is not known."""
