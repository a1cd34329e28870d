"""A saved picture in programs that know no CSS variables: coloured, and to be read."""

from __future__ import annotations

import importlib
import io
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import tapeviz as tf
from tapeviz import descent, draw, play, why
from tapeviz.render.film.backward import backward_film
from tapeviz.render.film.svg import animate, frame_svg
from tapeviz.render.graph.scene import scene
from tapeviz.render.svg import raster, theme
from tapeviz.render.svg.standalone import standalone
from tapeviz.trace.markup import parse
from tapeviz.views.drawing import Displayable
from tests import samples

Pixels = NDArray[np.int64]
REQUIRED = os.environ.get("TAPEVIZ_REQUIRE_BROWSER") == "1"


def librsvg(svg: str) -> bytes:
    if not REQUIRED and not shutil.which("rsvg-convert"):
        pytest.skip("there is no rsvg-convert: apt install librsvg2-bin")
    done = subprocess.run(
        ["rsvg-convert"], input=svg.encode(), capture_output=True, check=True
    )
    return done.stdout


def resvg(svg: str) -> bytes:
    return bytes(_module("resvg_py").svg_to_bytes(svg_string=svg))


def cairosvg(svg: str) -> bytes:
    made = _module("cairosvg").svg2png(bytestring=svg.encode())
    assert isinstance(made, bytes)
    return made


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        if REQUIRED:
            raise
        pytest.skip(str(error))


PAINTERS = pytest.mark.parametrize("painter", [librsvg, resvg, cairosvg])
THEMES = pytest.mark.parametrize("name", ["auto", *theme.THEMES])


def painted(svg: str, painter: Callable[[str], bytes]) -> Pixels:
    """The picture on white paper, an array of shape (height, width, 3)."""
    image = Image.open(io.BytesIO(painter(svg))).convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(paper, image).convert("RGB")).astype(int)


def colour(hexes: str) -> Pixels:
    return np.array([*bytes.fromhex(hexes.removeprefix("#"))])


def like(pixels: Pixels, hexes: str, distance: int = 60) -> int:
    """How many pixels have nearly this colour."""
    return int((np.abs(pixels - colour(hexes)).sum(axis=-1) < distance).sum())


@PAINTERS
@THEMES
def test_every_node_is_filled_and_every_value_written(
    name: str, painter: Callable[[str], bytes]
) -> None:
    graph = samples.big()
    picture = scene(graph, theme=name)
    pixels = painted(standalone(picture.root), painter)
    colours = theme.colours(name)
    for node in graph.nodes:
        box = picture.boxes[node.id]
        role = "target" if node.target else node.kind
        inside = pixels[int(box.y) : int(box.y + box.height)]
        inside = inside[:, int(box.x) : int(box.x + box.width)]
        assert inside[-7, int(box.width / 2)].tolist() == [
            *colour(colours[f"{role}-fill"])
        ]
        assert like(inside, colours["ink"]) > 8, node


@PAINTERS
def test_a_film_that_stands_still_shows_its_last_step(
    painter: Callable[[str], bytes],
) -> None:
    film = backward_film(samples.backward_102())
    pixels = painted(standalone(animate(film)), painter)
    step = painted(standalone(frame_svg(film, len(film.frames) - 1)), painter)
    assert np.array_equal(pixels, step)
    light = theme.colours("light")
    assert like(pixels, light["hot-fill"], 1) > 500
    assert like(pixels, light["done"]) > 100
    assert like(pixels, light["paper"], 1) > pixels[..., 0].size / 2


def views() -> Iterator[tuple[str, Displayable]]:
    """One view of each kind that saves itself as SVG."""
    x, w = tf.Variable(2.0), tf.Variable([2.0, 1.0])
    with tf.GradientTape(persistent=True) as tape:
        y = x**2 + 2 * x + 1
    tape.gradient(y, x)
    with tf.GradientTape() as other:
        z = tf.reduce_sum(w * tf.constant([[3.0, 4.0]]))
    with tf.GradientTape() as long:
        many = x * 1.0
        for _ in range(40):
            many = tf.sin(many) * x + 0.1
    with tf.GradientTape() as cut:
        lost = float(x) * tf.constant(2.0)
    other.gradient(z, w)
    long.gradient(many, x)
    yield "draw", draw(tape)
    yield "memory", draw(tape, memory=True)
    yield "compared", draw(tape, other)
    yield "folded", draw(long)
    yield "play", play(tape, y, x)
    yield "folded film", play(long, many, x)
    yield "forward", play(tape, y, x, mode="forward")
    yield "why", why(cut, lost, x)
    for name, variable in (("one", x), ("two", w)):
        with descent(variable) as run:
            for _ in range(4):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum((variable - 5) ** 2)
                variable.assign_sub(0.1 * tape.gradient(loss, variable))
        yield name, play(run)


@PAINTERS
def test_every_view_saves_a_picture_with_its_colours(
    tmp_path: Path, painter: Callable[[str], bytes]
) -> None:
    light = theme.colours("light")
    for name, view in views():
        svg = view.save(tmp_path / f"{name}.svg").read_text("utf-8")
        pixels = painted(svg, painter)
        assert like(pixels, light["paper"], 1) > pixels[..., 0].size / 3, name
        assert like(pixels, "#000000", 20) < pixels[..., 0].size / 100, name
        assert like(pixels, light["ink"]) > 50, name
        assert like(pixels, light["variable"]) > 30, name


@pytest.mark.parametrize("sample", samples.GRAPHS)
def test_written_out_it_is_the_same_picture(sample: str) -> None:
    svg = scene(samples.GRAPHS[sample]()).root
    both = svg, parse(standalone(svg))
    before, after = (np.asarray(raster.image(one)) for one in both)
    halo = np.abs(before.astype(int) - after).max(axis=-1) > 0
    assert halo.mean() < 0.001  # where the paper around a word is painted twice


def test_what_a_browser_needs_is_asked_for_by_name() -> None:
    svg = standalone(animate(backward_film(samples.backward_102())))
    assert set(re.findall(r"<style[^>]*>(.{17})", svg)) == {"@supports (--a:0)"}
    assert "var(" not in re.sub(r"<style.*?</style>", "", svg)
    assert "prefers-reduced-motion" in svg
    assert "prefers-color-scheme:dark" in svg
