"""The pictures and texts of the twenty tapes as files that one has looked at.

``python -m tests.render.golden`` writes them again and says which ones differ; then
open ``golden/*.svg`` in a browser and look at what ``git diff`` calls changed.
"""

from __future__ import annotations

from pathlib import Path

from tapeviz.render.graph.scene import BADGE_RULES, RULES
from tapeviz.render.svg.theme import css, written
from tests.render.tapes import PROGRAMS, picture

FOLDER = Path(__file__).parent / "golden"
"""Where the files are."""

COMMAND = "python -m tests.render.golden"
"""What writes them again."""


def files(name: str) -> dict[Path, str]:
    """The files of one tape and what must be in them."""
    drawn = picture(name)
    svg = _lines(drawn._scene.unstyled.write())
    return {
        FOLDER / f"{name}.svg": f"{_LINK}{svg}\n",
        FOLDER / f"{name}.txt": f"{drawn}\n",
    }


def every() -> dict[Path, str]:
    """All files, with the style that the pictures share."""
    style = css() + written({**RULES, **BADGE_RULES})
    found = {FOLDER / "style.css": f"{_lines(style)}\n"}
    for name in PROGRAMS:
        found |= files(name)
    return found


_LINK = '<?xml-stylesheet type="text/css" href="style.css"?>\n'


def _lines(text: str) -> str:
    """An element or a rule on each line."""
    return text.replace("><", ">\n<").replace("}.", "}\n.")


def renew() -> None:
    """Write every file that is not as it must be."""
    FOLDER.mkdir(exist_ok=True)
    for path, text in every().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"look at {path}")


if __name__ == "__main__":
    renew()
