"""What a tape keeps alive, in bytes, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from tapeviz.trace.codec import Document


@dataclass(frozen=True)
class KeptArray:
    """The arrays that one record keeps alive and no earlier record does.

    ``node`` is the record's id in the graph. Of the ``size`` bytes, ``del tape`` frees
    ``freed``; the others are referred to from elsewhere too. ``what`` names the
    operands whose values these are, ``"result"`` for the record's own value.
    """

    node: str
    size: int
    freed: int
    what: tuple[str, ...] = ()


@dataclass(frozen=True)
class Memory(Document):
    """The arrays a tape keeps alive: each one counted once, with its first record.

    ``records`` is roughly what the records themselves take without the arrays, in
    bytes. ``persistent`` says what tape it is, ``used`` whether a gradient used it up.
    """

    saved_as: ClassVar = "memory"

    arrays: tuple[KeptArray, ...] = field(metadata={"json": "kept"})
    records: int
    persistent: bool
    used: bool

    @property
    def size(self) -> int:
        """All bytes of all arrays."""
        return sum(k.size for k in self.arrays)

    @property
    def freed(self) -> int:
        """The bytes of arrays that ``del tape`` frees."""
        return sum(k.freed for k in self.arrays)
