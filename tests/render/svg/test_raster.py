"""Pictures painted without a browser: right colours in the right places, always."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tapeviz.errors import SaveError
from tapeviz.render.film.backward import backward_film
from tapeviz.render.film.svg import frame_svg
from tapeviz.render.graph.scene import scene
from tapeviz.render.svg import pdf, raster, theme
from tapeviz.render.svg.standalone import written_out
from tapeviz.trace.markup import Element, parse
from tests import samples
from tests.render import tapes

ALL = pytest.mark.parametrize("name", samples.GRAPHS)


def drawn(body: str, *, scale: float = 1, style: str = "") -> NDArray[np.uint8]:
    svg = f'<svg width="20" height="10"><style>{style}</style>{body}</svg>'
    return pixels(parse(svg), scale=scale)


def pixels(svg: Element, *, scale: float = 2) -> NDArray[np.uint8]:
    """The picture as an array of shape (height, width, 4): red, green, blue, alpha."""
    return np.asarray(raster.image(svg, scale=scale))


def colour(hexes: str) -> list[int]:
    return [*bytes.fromhex(hexes.removeprefix("#")), 255]


@ALL
def test_png_and_pdf_have_the_size_of_the_picture(name: str) -> None:
    picture = scene(samples.GRAPHS[name]())
    image = Image.open(io.BytesIO(raster.png(picture.root, scale=1)))
    assert image.size == (picture.width, picture.height)
    box = re.search(rb"/MediaBox \[ ?0 0 (\S+) (\S+) ?\]", pdf.pages(picture.root))
    assert box
    points = [float(side) for side in box.groups()]
    assert points == pytest.approx([picture.width * 0.75, picture.height * 0.75])


@pytest.mark.parametrize("make", [raster.png, pdf.pages])
def test_the_same_picture_gives_the_same_bytes(
    make: Callable[[Element], bytes],
) -> None:
    svg = scene(samples.layer_done()).root
    first, second = make(svg), make(svg)
    assert first == second
    assert not re.search(rb"Date|Matplotlib|matplotlib", first)


def test_without_resvg_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(SaveError, match=r"pip install resvg-py.*\.svg"):
        raster.png(scene(samples.square()).root)


def test_a_picture_is_as_large_on_paper_whatever_its_scale() -> None:
    sizes = [
        Image.open(io.BytesIO(raster.png(scene(samples.square()).root, scale=k)))
        for k in (1, 2)
    ]
    assert [round(image.info["dpi"][0]) for image in sizes] == [96, 192]


def test_scale_makes_more_dots_of_the_same_picture() -> None:
    svg = scene(samples.listing_102()).root
    once, thrice = pixels(svg, scale=1), pixels(svg, scale=3)
    assert thrice.shape[:2] == (3 * once.shape[0], 3 * once.shape[1])
    small = Image.fromarray(thrice).resize(once.shape[1::-1], Image.Resampling.BOX)
    assert abs(np.asarray(small, float) - once).mean() < 3


@pytest.mark.parametrize("name", theme.THEMES)
def test_every_node_is_filled_in_its_theme(name: str) -> None:
    graph = samples.big()
    picture = scene(graph, theme=name)
    image = pixels(picture.root, scale=1)
    for node in graph.nodes:
        box = picture.boxes[node.id]
        role = "target" if node.target else node.kind
        pixel = image[int(box.y + box.height - 7), int(box.x + box.width / 2)]
        assert pixel.tolist() == colour(theme.colours(name)[f"{role}-fill"])


def test_a_step_of_a_film_is_painted_with_its_marks() -> None:
    film = backward_film(samples.backward_102())
    first = pixels(frame_svg(film, 0))
    later = pixels(frame_svg(film, len(film.frames) - 2))
    assert first.shape == later.shape
    hot = colour(theme.colours("light")["hot-fill"])
    assert not (first == hot).all(axis=2).any()
    assert (later == hot).all(axis=2).sum() > 500


def test_a_picture_in_a_picture_is_drawn_at_the_size_it_is_given() -> None:
    inner = '<rect x="10" width="10" height="10" fill="#ff0000"/>'
    image = drawn(
        f'<svg x="4" y="2" width="8" height="4" viewBox="0 0 20 10">{inner}</svg>'
    )
    red = np.argwhere((image == (255, 0, 0, 255)).all(axis=2))
    assert red.min(axis=0).tolist() == [2, 8]
    assert red.max(axis=0).tolist() == [5, 11]


def test_text_in_a_pdf_is_text() -> None:
    data = pdf.pages(scene(samples.listing_102()).root)
    assert b"/Type0" in data
    assert b"DejaVuSansMono" in data
    assert b"Computation graph of y: 4 operations" in data


def page_pixels(svg: Element) -> NDArray[np.uint8]:
    """What the page of a PDF shows, a dot for each point, of which a pixel has 3/4."""
    figure = pdf._Page(written_out(svg)).figure
    file = io.BytesIO()
    figure.savefig(file, dpi=72, facecolor="none")
    return np.asarray(Image.open(file).convert("RGBA"))


@pytest.mark.parametrize("paint", [partial(pixels, scale=0.75), page_pixels])
@pytest.mark.parametrize("style", ["overflow:hidden", ""])
def test_a_picture_in_a_picture_is_cut_where_it_says_so(
    paint: Callable[[Element], NDArray[np.uint8]], style: str
) -> None:
    inside = (
        '<rect width="40" height="20" fill="red"/>'
        '<text x="2" y="12" font-size="20" fill="red">MMMM</text>'
    )
    svg = parse(
        '<svg width="40" height="20"><svg x="8" y="4" width="20" height="8" '
        f'viewBox="8 4 20 8" style="{style}">{inside}</svg></svg>'
    )
    seen = paint(svg)[:, :, 3] > 0
    cut = np.zeros((15, 30), bool)
    cut[3:9, 6:21] = True
    assert (seen == (cut if style else True)).all()


def test_a_page_for_each_picture() -> None:
    svgs = [scene(graph()).root for graph in (samples.square, samples.layer)]
    assert re.search(rb"/Count 2\b", pdf.pages(*svgs))


def test_letters_no_font_has_are_no_reason_to_fail() -> None:
    assert raster.png(scene(samples.hostile()).root)


@pytest.mark.parametrize(
    ("body", "pixel"),
    [
        ('<rect x="5" y="2" width="10" height="6" fill="#ff0000"/>', (10, 5)),
        ('<path d="M5 2h10v6h-10z" fill="red"/>', (10, 5)),
        ('<path d="m5,2 10,0 0,6 -10 0Z" fill="rgb(255,0,0)"/>', (10, 5)),
        ('<circle cx="10" cy="5" r="4" fill="#f00"/>', (10, 5)),
        ('<line x1="0" y1="5" x2="20" y2="5" stroke="red" stroke-width="4"/>', (9, 5)),
        ('<polygon points="5,2 15,2 15,8 5,8" fill="red"/>', (10, 5)),
        ('<g transform="translate(5)"><rect width="9" height="9"/></g>', (10, 5)),
        ('<g transform="scale(3 2)"><rect x="2" width="2" height="4"/></g>', (10, 5)),
        ('<g fill="red"><path d="M2 2Q10 14 18 2"/></g>', (10, 5)),
    ],
)
def test_shapes(body: str, pixel: tuple[int, int]) -> None:
    image = drawn(f'<g fill="red">{body}</g>')
    assert image[pixel[1], pixel[0]].tolist() == [255, 0, 0, 255]
    assert image[0, 0, 3] == 0


@pytest.mark.parametrize("name", tapes.PROGRAMS)
def test_all_that_pictures_use_can_be_painted(name: str) -> None:
    image = pixels(parse(tapes.picture(name).inline_svg), scale=0.5)
    assert len(np.unique(image.reshape(-1, 4), axis=0)) > 3


SQUARE = '<g class="a b"><rect id="r" class="c" width="20" height="10"/></g>'


@pytest.mark.parametrize(
    ("style", "red"),
    [
        (".c{fill:red}", True),
        ("#r{fill:red}.c{fill:blue}", True),
        (".a .c{fill:red}.c{fill:blue}", True),
        (".c{fill:blue}.c{fill:red}", True),
        (".a>.c{fill:red}", True),
        (".x .c{fill:red}", False),
        (".c:is(.x,.c){fill:red}", True),
        (".c:not(.a *){fill:red}", False),
        ("rect:hover{fill:red}", False),
        ("@media print{.c{fill:red}}", False),
        (".a{--p:red}.c{fill:var(--p)}", True),
        (".c{fill:var(--none,var(--p,red))}", True),
        (".a{--h: ;--p:var(--h)red}.c{fill:var(--p,blue)}", True),
        (".a{--p:var(--h)blue}.c{fill:var(--p,red)}", True),
        (".a{--p:blue}.b{--p:initial}.c{fill:var(--p,red)}", True),
        ('[id="r"]{fill:red}', True),
        ("g{fill:red}", True),
    ],
)
def test_styles_are_worked_out_as_in_a_browser(style: str, red: bool) -> None:
    found = drawn(SQUARE, style=style)[5, 10].tolist()
    assert (found == [255, 0, 0, 255]) == red
