"""The pictures of twenty tapes are what somebody looked at and found good."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tapeviz.render.graph import layout
from tests.render import golden, in_page, tapes

ENGINES = ("graphviz-pure", layout.IN_PROCESS, "graphviz-wasm")


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """What the third engine answers, asked all at once: it is in another Python."""
    sources = []
    with pytest.MonkeyPatch.context() as patch:
        run = layout._run
        patch.setattr(
            layout, "_run", lambda *given: sources.append(given[1]) or run(*given)
        )
        for cache in (layout.cached_layout, tapes.picture):
            cache.cache_clear()
        for name in tapes.PROGRAMS:
            golden.files(name)
    return in_page.ask(sources)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each engine by itself, with nothing remembered of the others."""
    caches = layout.cached_layout, tapes.picture
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "graphviz-wasm":
            answers = request.getfixturevalue("page")["answers"]
            patch.setitem(layout._loaded, request.param, answers.__getitem__)
        found = [e for e in layout._candidates() if Path(e).stem == request.param]
        patch.setattr(layout, "_candidates", lambda: iter(found[:1]))
        for cache in caches:
            cache.cache_clear()
        assert layout.engine() == found[0]
        yield request.param
    for cache in caches:
        cache.cache_clear()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("name", tapes.PROGRAMS)
def test_picture_and_text_are_as_they_were(name: str) -> None:
    check(golden.files(name))


def test_a_page_without_graphviz_says_what_to_do(page: dict[str, str]) -> None:
    assert page["engine"] == "graphviz-wasm"
    assert "await tapeviz.load_graphviz()" in page["before"]
    assert "could not be loaded from file:///nowhere.js" in page["elsewhere"]
    assert "graphviz-wasm said" in page["failed"]


def test_the_page_has_the_packages_that_we_need_in_versions_that_do(
    page: dict[str, Any],
) -> None:
    """Compiled ones are taken as that Pyodide has them: our bounds must let it."""
    bounds = PROJECT["dependencies"]
    needed = {it.name: it for it in map(Requirement, bounds) if it.name in COMPILED}
    assert {*needed} == COMPILED
    for name, wanted in needed.items():
        there = page["packages"][name]["version"]
        assert wanted.specifier.contains(there), f"{name} {there}"
    assert {"Pillow", "pillow"} & {*page["packages"]}, "matplotlib's, which paints"


ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
COMPILED = {"numpy", "matplotlib"}


def check(files: dict[Path, str]) -> None:
    for path, text in files.items():
        seen = path.read_text("utf-8") if path.exists() else ""
        assert text == seen, f"if it is meant to be so: {golden.COMMAND}, and look"


def test_there_are_twenty_and_no_other() -> None:
    assert len(tapes.PROGRAMS) == 20
    assert set(golden.FOLDER.iterdir()) == golden.every().keys()
    check(golden.every())


def test_the_same_tape_gives_the_same_bytes_in_every_form() -> None:
    first = tapes.picture("arrays")
    layout.cached_layout.cache_clear()
    tapes.picture.cache_clear()
    second = tapes.picture("arrays")
    assert first is not second
    # the table of forms by ending, as save() would make files of each
    for ending, form in first.forms.items():
        assert form(first) == form(second), ending
