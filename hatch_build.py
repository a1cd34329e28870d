"""What differs in a distribution: scripts and styles made small, the README's links.

A checkout reads them as they are. Wheels hold them minified, in the same places; the
lessons and the tests read such copies too, from a folder that ``TAPEVIZ_ASSETS`` names.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import minify
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).parent


def _style(text: str) -> str:
    """A style minified, also inside a @container, which is left as a @media is not."""
    text = text.replace("@container ", "@media container,")
    small: str = minify.string("text/css", text)
    return small.replace("@media container,", "@container ")


def _script(text: str) -> str:
    """A script minified, to be followed by another one."""
    return f"{minify.string('text/javascript', text)};"


KINDS = {".css": _style, ".js": _script}


def minify_assets(folder: Path) -> dict[Path, str]:
    """Write them, minified, into a folder; from their paths there to those here."""
    render = ROOT / "tapeviz" / "render"
    made = {}
    for path in sorted(render.rglob("*")):
        if path.suffix in KINDS:
            small = folder / path.relative_to(render)
            small.parent.mkdir(parents=True, exist_ok=True)
            text = KINDS[path.suffix](path.read_text("utf-8"))
            small.write_text(text, encoding="utf-8", newline="\n")
            made[small] = path.relative_to(ROOT).as_posix()
    return made


class MinifyHook(BuildHookInterface[Any]):
    """Puts the minified files into a wheel; an editable installation has none."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Tell hatchling which files of the wheel come from elsewhere."""
        if version == "editable":
            return
        self.folder = TemporaryDirectory()
        made = minify_assets(Path(self.folder.name))
        build_data["force_include"] |= {str(path): name for path, name in made.items()}

    def finalize(self, version: str, *_: Any) -> None:
        """Clear up."""
        if version != "editable":
            self.folder.cleanup()


def readme(repository: str) -> str:
    """The README for a package index, whose page has none of the files beside it.

    >>> text = readme("https://example.org/us/it")
    >>> "](https://example.org/us/it/raw/main/chapters/pictures/backward.svg)" in text
    True
    """
    text = (ROOT / "README.md").read_text("utf-8")

    def absolute(found: re.Match[str]) -> str:
        kind = "raw" if found[1].endswith(".svg") else "blob"
        return f"]({repository}/{kind}/main/{found[1]})"

    return re.sub(r"\]\((?!https?:)([^)\s#]+)\)", absolute, text)


class ReadmeHook(MetadataHookInterface):
    """Gives a distribution the README with links that lead somewhere from anywhere."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Put it into the metadata."""
        text = readme(metadata["urls"]["Repository"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
