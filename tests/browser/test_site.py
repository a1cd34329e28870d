"""The site: built by its one command, read with the network blocked."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import tapeviz
from tapeviz.engine.ops.registry import TABLE
from tapeviz.lessons import copies
from tests.browser.conftest import Opener, Player

ROOT = Path(__file__).parents[2]
LESSONS = [Path(name).stem for name in copies.lessons(copies.shipped())]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "build.py"), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Links(HTMLParser):
    """What a page leads to and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.leads: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.ids |= {attributes[name] for name in ("id", "name") if name in attributes}
        if tag == "a" and "href" in attributes:
            self.leads.append(attributes["href"])
        elif tag == "link" and attributes.get("rel") not in {"canonical", "search"}:
            self.loads.append(attributes.get("href", ""))
        elif "src" in attributes:
            self.loads.append(attributes["src"])


def pages(site: Path) -> dict[Path, Links]:
    return {path: Links(path.read_text("utf-8")) for path in site.rglob("*.html")}


def test_every_inner_link_leads_somewhere(site: Path) -> None:
    found = pages(site)
    for path, page in found.items():
        for address in page.leads + page.loads:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            goal = goal / "index.html" if goal.is_dir() else goal
            assert goal.exists(), (path.name, address)
            if parts.fragment and goal in found:
                known = found[goal].ids
                assert unquote(parts.fragment) in known, (path.name, address)


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    for path, page in pages(site).items():
        outside = [it for it in page.loads if urlsplit(it).scheme in {"http", "https"}]
        assert outside == [], path.name


def test_a_reader_clicks_from_the_front_page_through_all_lessons(
    site: Path, open_page: Opener
) -> None:
    page = open_page(site / "index.html")
    page.get_by_role("link", name="the first lesson").click()
    seen = []
    for _ in LESSONS:
        page.wait_for_load_state()
        seen.append(Path(urlsplit(page.url).path).stem)
        films = page.locator(".tapeviz-film")
        assert films.count() > 0, seen[-1]
        Player(films.first).check()
        page.get_by_role("link", name=re.compile("^Next")).last.click()
    assert seen == LESSONS


def test_search_finds_a_lesson_offline(site: Path, open_page: Opener) -> None:
    page = open_page(site / "index.html")
    page.get_by_placeholder("Search").first.fill("persistent")
    page.keyboard.press("Enter")
    found = page.get_by_role("link", name=re.compile("10.5 Persistent tapes"))
    found.first.wait_for()
    found.first.click()
    assert "10_5_persistent_tapes" in page.url


def test_at_400_px_nothing_makes_the_page_wider(site: Path, open_page: Opener) -> None:
    page = open_page(site / "lessons" / f"{LESSONS[1]}.html", width=400)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 400


def test_in_print_there_is_the_text_and_no_navigation(
    site: Path, open_page: Opener
) -> None:
    page = open_page(site / "lessons" / f"{LESSONS[1]}.html", media="print")
    assert not page.locator(".sidebar-drawer").is_visible()
    assert page.get_by_role("heading", name="Summary").is_visible()


def test_every_operation_and_every_public_name_is_told(site: Path) -> None:
    table = (site / "reference" / "operations.html").read_text("utf-8")
    shown = set(re.findall(r'scope="row"><code>([^<]+)<', table))
    assert {op.name for op in TABLE if op.text != "value"} <= shown
    ids = Links((site / "reference" / "tapeviz.html").read_text("utf-8")).ids
    assert "tapeviz.reduce_sum" in ids
    for name in ("draw", "play", "explain", "why", "descent", "explore"):
        assert hasattr(tapeviz, name)
        text = (site / "reference" / f"{name}.html").read_text("utf-8")
        assert f"tapeviz.{name}" in Links(text).ids
        assert "tapeviz-" in text.partition('id="an-example"')[2], "it shows itself"
        assert f"tapeviz.{name}" not in ids, "its own page, and no other"
