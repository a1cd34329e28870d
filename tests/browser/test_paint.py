"""A painted picture is the one that the browser shows of the same SVG."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tapeviz.render.film.backward import backward_film
from tapeviz.render.film.svg import frame_svg
from tapeviz.render.graph.scene import scene
from tapeviz.render.svg import raster
from tests import samples
from tests.browser.conftest import Opener
from tests.browser.test_scene import FORCE

COARSE = 8
"""Pixels that count as one: the two set the same letters in slightly other dots."""

PICTURES = {
    "done": lambda: scene(samples.layer_done(), theme="light").root,
    "dark": lambda: scene(samples.marks(), theme="dark").root,
    "film": lambda: frame_svg(backward_film(samples.backward_102(), theme="light"), 12),
}


def coarse(image: Image.Image) -> np.ndarray:
    """The picture on white, its details averaged away."""
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    size = (image.width // COARSE, image.height // COARSE)
    return np.asarray(
        white.convert("RGB").resize(size, Image.Resampling.BOX), dtype=float
    )


@pytest.mark.parametrize("name", PICTURES)
def test_painted_as_in_the_browser(
    open_page: Opener, tmp_path: Path, name: str
) -> None:
    svg = PICTURES[name]()
    html = f'<!doctype html><meta charset="utf-8"><body style="margin:0">{svg.write()}'
    page = open_page.content(html, tmp_path, width=1600, reduced_motion=True)
    page.evaluate(FORCE, ["DejaVu Sans", "DejaVu Sans Mono"])
    shot = page.locator("svg").first.screenshot(omit_background=True)
    seen = Image.open(io.BytesIO(shot))
    painted = raster.image(svg, scale=1)
    assert painted.size == seen.size
    apart = np.abs(coarse(seen) - coarse(painted))
    assert apart.mean() < 1.2
    assert np.quantile(apart, 0.999) < 45
