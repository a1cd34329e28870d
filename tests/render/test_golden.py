"""The pictures of twenty tapes are what somebody looked at and found good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tapeviz.render.graph import layout
from tests.render import golden, tapes


@pytest.fixture(scope="module", params=["graphviz-pure", layout.IN_PROCESS])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each engine by itself, with nothing remembered of the other one."""
    found = [e for e in layout._candidates() if Path(e).stem == request.param]
    caches = layout.cached_layout, tapes.picture
    with pytest.MonkeyPatch.context() as patch:
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
