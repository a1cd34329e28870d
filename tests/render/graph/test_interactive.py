"""The picture in the page: what it carries, how much it weighs."""

from __future__ import annotations

import re

import tapeviz as tf
from tapeviz import draw
from tapeviz.render.graph import interactive
from tapeviz.render.graph.scene import scene
from tapeviz.render.svg import theme
from tests import samples
from tests.pages import script_data

LOOK = {"theme": "auto", "direction": "LR", "least": 300}


def drawn() -> str:
    """Listing 10.2 as a notebook shows it."""
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1
    tape.gradient(y, x)
    return draw(tape)._repr_mimebundle_()["text/html"]


def test_the_output_of_a_listing_is_light() -> None:
    html = drawn()
    assert len(html.encode()) < 41_000
    assert len(interactive.script()) < 16_000
    assert not re.search(r"(src|href)=\"(?!data:)", html)


def test_an_output_is_the_same_every_time() -> None:
    graph = samples.listing_102()
    svg = scene(graph).root
    first, again = (interactive.notebook(svg, graph, "alt", LOOK) for _ in range(2))
    assert first == again


def test_without_scripts_an_image_with_words_remains() -> None:
    graph = samples.listing_102()
    html = interactive.notebook(scene(graph).root, graph, 'alt "text"', LOOK)
    before, _, script = html.partition("<script>")
    assert re.fullmatch(r'<div id="[\w-]+"><img .*></div>', before)
    assert 'alt="alt &quot;text&quot;"' in before
    assert script.count("</script>") == 1


def test_the_code_is_told_with_what_lights_it() -> None:
    data = script_data(drawn(), "told")
    lines = [line for source in data["code"] for line in source["lines"]]
    stretches = {
        lines[line][first:last]
        for places in data["lit"].values()
        for line, first, last in places
    }
    assert {"x**2", "2*x", "x**2 + 2*x + 1"} <= {
        s.replace(" * ", "*") for s in stretches
    }


def test_every_theme_may_be_chosen_in_the_page() -> None:
    data = script_data(drawn(), "told")
    assert [*data["names"]] == [*theme.NAMES]
    for name, table in theme.THEMES.items():
        assert dict(zip(data["roles"], data["themes"][name], strict=True)) == {
            role: colour[1:] for role, colour in table.items()
        }


def test_hostile_names_stay_inside() -> None:
    graph = samples.GRAPHS["hostile"]()
    html = interactive.notebook(scene(graph).root, graph, "alt", LOOK)
    assert html.count("<script>") == 1
    assert html.count("</script>") == 1
    script_data(html, "told")


def test_arrows_say_what_they_join() -> None:
    graph = samples.listing_102()
    ends = re.findall(r'data-ends="(\S+) (\S+)"', scene(graph).svg)
    assert sorted(ends) == sorted((e.tail, e.head) for e in graph.edges)
