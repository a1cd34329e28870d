"""Which scripts a page needs to run a program."""

from __future__ import annotations

from collections.abc import Iterable

from tapeviz.render.html.assets import read_assets
from tapeviz.trace.program import FAMILIES, Program


def scripts(*programs: Program, more: Iterable[str] = ()) -> tuple[str, ...]:
    """The names of the scripts for ``read_assets``, in their order.

    They have ``compile``, ``formatNumber`` and the words that these programs use, and
    the families ``more``. What every output carries is first.
    """
    used = {"basic", *more, *(family for one in programs for family in one.families)}
    words = [f"live/words-{name}.js" for name in FAMILIES if name in used]
    return ("live/program.js", "live/format.js", *words)


def machine(*programs: Program) -> str:
    """The scripts' text."""
    return read_assets(*scripts(*programs))
