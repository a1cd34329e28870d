"""Our own scripts and styles, made small for the outputs that carry them."""

from __future__ import annotations

import re
from importlib.resources import files


def lean(code: str) -> str:
    """A script of ours without comments and needless spaces.

    It relies on our style: statements end in semicolons, comments have lines of their
    own, and no regular expression holds a quote.
    """
    lines = (line for line in code.splitlines() if not line.lstrip().startswith("//"))
    parts = _LITERAL.split("\n".join(lines))
    parts[::2] = [_SPACE.sub(_tight, part) for part in parts[::2]]
    return "".join(parts).replace(";}", "}")


_LITERAL = re.compile(r'("(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`)')
_SPACE = re.compile(r"(^|.?)\s+(?=(.?))", re.DOTALL)


def _tight(found: re.Match[str]) -> str:
    before, after = found.groups()
    words = (before.isalnum() or before in '_$"`') and (
        after.isalnum() or after in "_$"
    )
    return f"{before} " if words else before


def small(text: str) -> str:
    """Styles without needless spaces."""
    text = re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", text))
    return re.sub(r"([{;][a-z-]+): ", r"\1:", text).replace(";}", "}").strip()


def static(name: str) -> str:
    """The text of a file of ours."""
    return files("tapeviz.render").joinpath("static", name).read_text("utf-8")
