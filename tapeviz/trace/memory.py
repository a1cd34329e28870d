"""What a tape keeps alive, in bytes, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from tapeviz.trace.codec import dumps, loads


@dataclass(frozen=True)
class Kept:
    """The arrays that one record keeps alive and no record before it does.

    ``node`` is its id in the graph. ``freed`` of the ``size`` bytes are free again once
    the tape is gone; the rest is alive for another reason. ``what`` names the operands
    whose values these are, ``"result"`` for the record's own value.
    """

    node: str
    size: int
    freed: int
    what: tuple[str, ...] = ()


@dataclass(frozen=True)
class Memory:
    """The arrays a tape keeps alive: each one counted once, with its first record.

    ``records`` is roughly what the records themselves take beside the arrays, in bytes.
    ``persistent`` and ``used`` say what tape it is, and
    whether a gradient used it up.
    """

    kept: tuple[Kept, ...]
    records: int
    persistent: bool
    used: bool

    @property
    def size(self) -> int:
        """All bytes of all arrays."""
        return sum(k.size for k in self.kept)

    @property
    def freed(self) -> int:
        """The bytes of arrays that are free again once the tape is gone."""
        return sum(k.freed for k in self.kept)

    def to_json(self) -> str:
        """The numbers as JSON text."""
        return dumps(self, "memory")

    @staticmethod
    def from_json(text: str) -> Memory:
        """The numbers in a JSON text of ``to_json``; ValueError if they are not."""
        return loads(Memory, text, "memory")
