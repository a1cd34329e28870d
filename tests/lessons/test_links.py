"""Badges: the addresses are those the services document, whole and escaped."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tapeviz.cli import main
from tapeviz.lessons import copies, links

LESSON = "10_1_what_is_automatic_differentiation.ipynb"


def addresses(text: str) -> list[str]:
    """Where the badges of a Markdown text lead."""
    return re.findall(r"\]\((https://[^)]+)\)(?=[^)]|$)", text)


def test_one_general_badge_and_three_for_each_lesson() -> None:
    names = list(copies.lessons(copies.shipped()))
    text = links.badges(names, "ada/notes")
    found = [a for a in addresses(text) if "badge" not in a.lower()]
    assert len(found) == 1 + 3 * len(names)


def test_binder_opens_the_lesson_in_jupyterlab() -> None:
    address = addresses(links.badge(links.SERVICES[0], "ada/notes", "main", LESSON))[-1]
    parts = urlsplit(address)
    assert parts.netloc == "mybinder.org"
    assert parts.path == "/v2/gh/ada/notes/main"
    assert parse_qs(parts.query) == {"urlpath": [f"lab/tree/chapters/{LESSON}"]}


@pytest.mark.parametrize(
    ("name", "host", "path"),
    [
        ("Colab", "colab.research.google.com", "/github/ada/notes/blob/v1/chapters/"),
        ("nbviewer", "nbviewer.org", "/github/ada/notes/blob/v1/chapters/"),
    ],
)
def test_the_others_open_the_file(name: str, host: str, path: str) -> None:
    service = next(s for s in links.SERVICES if s.name == name)
    parts = urlsplit(addresses(links.badge(service, "ada/notes", "v1", LESSON))[-1])
    assert (parts.netloc, parts.path) == (host, path + LESSON)


def test_a_branch_with_a_slash_stays_one_part_of_the_address() -> None:
    address = addresses(links.badge(links.SERVICES[0], "ada/notes", "a/b", LESSON))[-1]
    assert unquote(urlsplit(address).path.split("/")[-1]) == "a/b"


@pytest.mark.parametrize(
    "name", ["notes", "ada/notes/more", "a b/c", "", "../x", "a/b)"]
)
def test_what_is_no_repository_is_told(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if name:
        assert main(["links", "--repo", name]) == 1
        said = capsys.readouterr().err
        assert repr(name) in said
        assert "OWNER/NAME" in said
    with pytest.raises(links.LinksError):
        links.checked(name)


def test_the_badges_beside_the_lessons_are_these() -> None:
    found = (Path(__file__).parents[2] / "chapters" / "README.md").read_text("utf-8")
    lessons = copies.lessons(copies.shipped())
    for part in links.badges(lessons, links.repository()).split("\n\n"):
        assert part in found


def test_our_own_repository_comes_from_the_package(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["links"]) == 0
    assert f"/gh/{links.repository()}/main" in capsys.readouterr().out


def test_an_installation_without_an_address_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from importlib.metadata import PackageNotFoundError

    def lost(_name: str) -> None:
        raise PackageNotFoundError

    monkeypatch.setattr("importlib.metadata.metadata", lost)
    assert main(["links"]) == 1
    assert "--repo OWNER/NAME" in capsys.readouterr().err
