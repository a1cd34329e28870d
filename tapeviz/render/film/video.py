"""A film as files that need no browser: pictures of its steps, a GIF, a movie, pages.

Every picture shows the code, the graph and the words of one step. ``tick(done, all)``
is called after each picture, for whoever wants to show how far it is.
"""

from __future__ import annotations

import importlib
import io
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from tapeviz.errors import SaveError, error_message
from tapeviz.render.film.svg import abridged, frame_svg
from tapeviz.render.svg import pdf, raster
from tapeviz.trace.film import Film
from tapeviz.trace.markup import Element

if TYPE_CHECKING:
    from PIL.Image import Image

Tick = Callable[[int, int], None]

_COLOURS, _SAMPLES = 256, 2
_LAST = 3.0
_RATE = 10


def png(film: Film, step: int, scale: float = raster.SCALE) -> bytes:
    """One step as a PNG file's bytes."""
    return raster.png(frame_svg(film, step), scale=scale)


def pages(film: Film, tick: Tick) -> bytes:
    """The film as a PDF file's bytes, one page for each step."""
    return pdf.pages(*_svgs(film, tick))


def _svgs(film: Film, tick: Tick) -> Iterator[Element]:
    for i in range(len(film.frames)):
        yield frame_svg(film, i)
        tick(i + 1, len(film.frames))


def gif(film: Film, seconds: float, scale: float, tick: Tick) -> bytes:
    """The film as an animated GIF's bytes; of a long film evenly spaced steps."""
    from PIL import Image

    canvas = raster.Canvas(scale)
    painted = [canvas.paint(svg) for svg in _svgs(abridged(film), tick)]
    colours = _palette(painted[:: max(1, (len(painted) - 1) // _SAMPLES)])
    images = [
        image.quantize(palette=colours, dither=Image.Dither.NONE) for image in painted
    ]
    lasts = [round(1000 * seconds)] * len(images)
    lasts[-1] = round(1000 * max(seconds, _LAST))
    file = io.BytesIO()
    images[0].save(
        file, "GIF", save_all=True, append_images=images[1:], duration=lasts, loop=0
    )
    return file.getvalue()


def _pngs(film: Film, scale: float, tick: Tick) -> Iterator[bytes]:
    """The pictures of the film's steps; of a long film evenly spaced ones."""
    for svg in _svgs(abridged(film), tick):
        yield raster.png(svg, scale=scale)


def _palette(images: Iterable[Image]) -> Image:
    """An image of the colours that these pictures have most of."""
    from PIL import Image

    counts: Counter[Any] = Counter()
    for image in images:
        found = image.getcolors(image.width * image.height) or ()
        counts.update({colour: count for count, colour in found})
    palette = Image.new("P", (1, 1))
    most = counts.most_common(_COLOURS)
    palette.putpalette([part for colour, _ in most for part in colour])
    return palette


def movie(film: Film, ending: str, seconds: float, scale: float, tick: Tick) -> bytes:
    """The film as an MP4 or WebM file's bytes, made by ffmpeg.

    SaveError when there is no ffmpeg, or when it fails.
    """
    program = _encoder(ending)
    with tempfile.TemporaryDirectory() as folder:
        out, log = Path(folder) / f"film{ending}", Path(folder) / "ffmpeg.log"
        command = [
            *(program, "-y", "-loglevel", "error", "-f", "image2pipe", "-c:v", "png"),
            *("-framerate", f"{1 / seconds:.6g}", "-i", "-", "-r", str(_RATE)),
            *(*_LOOK, *_CODEC[ending], str(out)),
        ]
        with log.open("wb") as errors:
            failed = _fed(command, _pngs(film, scale, tick), errors)
        if failed or not out.exists():
            said = log.read_text(errors="replace").strip()[-300:]
            raise SaveError(
                error_message(
                    f"ffmpeg could not write {ending}: {said}", "save a .gif instead"
                )
            )
        return out.read_bytes()


_LOOK = (
    *("-vf", "crop=floor(iw/2)*2:floor(ih/2)*2,scale=out_color_matrix=bt709"),
    *("-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_range", "tv"),
)
"""Even sizes, which the encoders ask for, and colours as players expect them."""

_CODEC = {
    ".mp4": ("-movflags", "+faststart"),
    ".webm": ("-cpu-used", "5", "-row-mt", "1", "-crf", "32", "-b:v", "0"),
}
"""An MP4 that begins before it is loaded; a WebM made fast, at one quality."""


def _fed(command: list[str], pngs: Iterable[bytes], errors: IO[bytes]) -> int:
    """Run an encoder on pictures; what it returned."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors) as run:
        pipe = cast("IO[bytes]", run.stdin)
        with suppress(BrokenPipeError), pipe:
            for png in pngs:
                pipe.write(png)
    return run.returncode


def _encoder(ending: str) -> str:
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        imageio = importlib.import_module("imageio_ffmpeg")
    except ImportError:
        raise SaveError(
            error_message(
                f"{ending} needs ffmpeg, and there is none here",
                "install it (pip install imageio-ffmpeg), or save a .gif",
            )
        ) from None
    return str(imageio.get_ffmpeg_exe())
