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

PAPER = 1200, 1200
"""The most dots, across and down, that a picture for paper has."""

_PRINTED, _COLOURS = (1.25, 1.0), 32
"""How many dots to a pixel one such picture has, and each of several; the colours."""

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


def printed(*pictures: Element) -> bytes:
    """Pictures of one size as one small PNG for paper and mail, in rows to be read.

    It has few colours. SaveError as in ``png``.
    """
    from PIL import Image

    scale, columns = sheet(pictures[0], len(pictures))
    painted = [image(picture, scale=scale) for picture in pictures]
    wide, high = painted[0].size
    size = columns * wide, -(-len(painted) // columns) * high
    paper = Image.new("RGB", size, "white")
    for i, one in enumerate(painted):
        paper.paste(one, (i % columns * wide, i // columns * high), one)
    return in_few_colours(paper)


def in_few_colours(image: Image) -> bytes:
    """An image as a PNG file's bytes, a third of what all its colours take."""
    from PIL.Image import Dither

    file = io.BytesIO()
    few = image.convert("RGB").quantize(_COLOURS, dither=Dither.NONE)
    few.save(file, "PNG")
    return file.getvalue()


def sheet(picture: Element, count: int) -> tuple[float, int]:
    """How many dots to a pixel so many pictures of this size have on paper at most.

    The second number is that of the columns which they then stand in.
    """
    wide, high = (float(picture.attributes[side]) for side in ("width", "height"))
    most = _PRINTED[count > 1]
    return max(
        (min(most, PAPER[0] / (n * wide), PAPER[1] / (-(-count // n) * high)), n)
        for n in range(1, count + 1)
    )


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
