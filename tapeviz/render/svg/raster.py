"""Our own SVGs as pixels, painted by resvg.

Colours are those of the picture's theme, or light ones where it follows the page. Text
is set in DejaVu, which matplotlib brings along; characters that it may lack come from a
font of this machine. No screen and no browser are needed, and the same picture gives
the same bytes.

>>> from tapeviz.trace.markup import element
>>> blue = element("rect", width=4, height=3, fill="#0000ff")
>>> image(element("svg", blue, width=4, height=3), scale=1).size
(4, 3)
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections import Counter
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tapeviz.errors import SaveError, error_message
from tapeviz.render.svg import rows
from tapeviz.render.svg.rows import Drawn
from tapeviz.render.svg.standalone import as_text, standalone, written_out
from tapeviz.trace.markup import Element

if TYPE_CHECKING:
    from PIL.Image import Image

SCALE = 2.0
"""How many dots of a PNG a pixel of the picture takes in each direction."""

_BEYOND = re.compile("[\u0590-\u1dff\u2c00-\U0010ffff]")
"""Characters that DejaVu may lack: their fonts are looked for on this machine."""

_METRE = 96 / 0.0254
"""How many pixels of a picture a metre has."""

_HEADER = 33
"""How many bytes of a PNG come before everything else."""


def png(picture: Element, *, scale: float = SCALE) -> bytes:
    """The picture as the bytes of a PNG file, ``scale`` dots to a pixel.

    SaveError where there is no resvg, as in a web page's Python.
    """
    painted = _painted(standalone(picture), scale)
    dots = round(_METRE * scale)
    size = b"pHYs" + struct.pack(">IIB", dots, dots, 1)
    chunk = b"\0\0\0\t" + size + struct.pack(">I", zlib.crc32(size))
    return painted[:_HEADER] + chunk + painted[_HEADER:]


def _painted(svg: str, scale: float) -> bytes:
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise SaveError(
            error_message(
                f"pixels are painted by the package resvg-py, which fails: {error}",
                "install it (pip install resvg-py), or save as .svg, .html or .pdf",
            )
        ) from error
    painted = svg_to_bytes(
        svg_string=svg,
        zoom=scale,
        skip_system_fonts=_BEYOND.search(svg) is None,
        font_files=_fonts(),
        font_family="DejaVu Sans",
        sans_serif_family="DejaVu Sans",
        monospace_family="DejaVu Sans Mono",
    )
    return bytes(painted)


def image(picture: Element, *, scale: float = SCALE) -> Image:
    """The same as an image of Pillow, with red, green, blue and alpha."""
    from PIL import Image

    return Image.open(io.BytesIO(png(picture, scale=scale)))


class Canvas:
    """Paints pictures of one size in turn, each only in the rows where it differs."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.image: Image | None = None
        self.drawn: Counter[Drawn] = Counter()

    def paint(self, picture: Element) -> Image:
        """The picture as an image of Pillow, with red, green and blue."""
        from PIL import Image

        root = written_out(picture)
        width, height = (int(root.get(side, "0")) for side in ("width", "height"))
        parts = dict(rows.drawn(root))
        drawn = Counter(parts.values())
        changed = (drawn - self.drawn) + (self.drawn - drawn)
        odd = any((it * self.scale) % 1 for it in (rows.GRID, width, height))
        whole = self.image is None or odd  # a part of a dot is drawn stretched
        image = self.image.copy() if self.image else Image.new("RGB", (0, 0))
        for top, bottom in [(0, height)] if whole else rows.merged(changed, height):
            strip = rows.cut(root, parts, top, bottom)
            strip.set("viewBox", f"0 {top} {width} {bottom - top}")
            strip.set("height", str(bottom - top))
            painted = _painted(as_text(strip), self.scale)
            rgb = Image.open(io.BytesIO(painted)).convert("RGB")
            if whole:
                image = rgb
            else:
                image.paste(rgb, (0, round(top * self.scale)))
        self.image, self.drawn = image, drawn
        return image


@lru_cache(maxsize=1)
def _fonts() -> list[str]:
    """The files of DejaVu; matplotlib itself takes long to load."""
    spec = find_spec("matplotlib")
    home = Path(spec.origin).parent if spec and spec.origin else Path()
    return [str(path) for path in home.glob("mpl-data/fonts/ttf/DejaVuSans*.ttf")]
