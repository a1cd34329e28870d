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
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from tapeviz.errors import SaveError, error_message
from tapeviz.render.film.svg import abridged, frame_svg
from tapeviz.render.svg import raster
from tapeviz.trace.film import Film

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Tick = Callable[[int, int], None]

_COLOURS, _SAMPLES = 256, 2
_LAST = 3.0
_RATE = 10


def png(film: Film, step: int, scale: float = raster.SCALE) -> bytes:
    """One step as a PNG file's bytes."""
    return raster.png(frame_svg(film, step), scale=scale)


def pages(film: Film, tick: Tick) -> bytes:
    """The film as a PDF file's bytes, one page for each step."""
    count = len(film.frames)
    svgs = []
    for i in range(count):
        svgs.append(frame_svg(film, i))
        tick(i + 1, count)
    return raster.pdf(*svgs)


def gif(film: Film, seconds: float, scale: float, tick: Tick) -> bytes:
    """The film as an animated GIF's bytes; of a long film evenly spaced steps."""
    from PIL import Image

    canvas = raster.Canvas(scale)
    plain, colours = Image.Dither.NONE, _palette(film, canvas)
    shots = (Image.fromarray(p[..., :3]) for p in _pixels(film, canvas, tick))
    images = [shot.quantize(palette=colours, dither=plain) for shot in shots]
    lasts = [round(1000 * seconds)] * len(images)
    lasts[-1] = round(1000 * max(seconds, _LAST))
    file = io.BytesIO()
    images[0].save(
        file, "GIF", save_all=True, append_images=images[1:], duration=lasts, loop=0
    )
    return file.getvalue()


def _palette(film: Film, canvas: raster.Canvas) -> Any:
    """An image of the colours that a few steps all along the film have most of."""
    import numpy as np
    from PIL import Image

    last = len(film.frames) - 1
    steps = sorted({round(last * k / _SAMPLES) for k in range(_SAMPLES + 1)})
    with raster.default_settings():
        pictures = (canvas.paint(frame_svg(film, i)) for i in steps)
        shots = [shot[::2, ::2, :3].reshape(-1, 3) for shot in pictures]
    red, green, blue = np.concatenate(shots).astype(int).T
    found, counts = np.unique(red << 16 | green << 8 | blue, return_counts=True)
    most = found[np.argsort(-counts, kind="stable")[:_COLOURS]]
    image = Image.new("P", (1, 1))
    image.putpalette(
        np.stack([most >> 16, most >> 8 & 255, most & 255], 1).astype("uint8").tobytes()
    )
    return image


def movie(film: Film, ending: str, seconds: float, scale: float, tick: Tick) -> bytes:
    """The film as an MP4 or WebM file's bytes, made by ffmpeg.

    SaveError when there is no ffmpeg, or when it fails.
    """
    program = _encoder(ending)
    times = max(1, round(seconds * _RATE))
    frames = _pixels(film, raster.Canvas(scale), tick)
    first = next(frames)
    high, wide = first.shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        out, log = Path(folder) / f"film{ending}", Path(folder) / "ffmpeg.log"
        command = [
            *(program, "-y", "-loglevel", "error", "-f", "rawvideo"),
            *("-pix_fmt", "rgba", "-s", f"{wide}x{high}", "-r", str(_RATE), "-i", "-"),
            *(*_LOOK, *_CODEC[ending], str(out)),
        ]
        with log.open("wb") as errors:
            failed = _fed(command, chain((first,), frames), times, errors)
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


def _fed(
    command: list[str],
    frames: Iterable[NDArray[np.uint8]],
    times: int,
    errors: IO[bytes],
) -> int:
    """Run an encoder on frames, each written so many times; what it returned."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors) as run:
        pipe = cast("IO[bytes]", run.stdin)
        with suppress(BrokenPipeError), pipe:
            for frame in frames:
                for _ in range(times):
                    pipe.write(frame.data)
    return run.returncode


def _pixels(
    film: Film, canvas: raster.Canvas, tick: Tick
) -> Iterator[NDArray[np.uint8]]:
    short = abridged(film)
    with raster.default_settings():
        for i in range(len(short.frames)):
            yield canvas.paint(frame_svg(short, i))
            tick(i + 1, len(short.frames))


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
