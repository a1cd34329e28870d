"""The one place where names from anywhere become markup."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tapeviz
from tapeviz.trace.markup import Element, element, parse, write

HOSTILE = (
    "</text></svg><script>alert(1)</script>",
    "\"' onload=alert(1) x=\"'",
    "a & b &lt; &amp;amp; ]]> <!-- <![CDATA[",
    "\x00\x08\ud800\ufffe",
)
LEGAL = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
)


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_text_and_an_attribute_stays_one(
    name: str, quote: str
) -> None:
    svg = element("svg", element("text", name, id=name, cls="name"), element("g"))
    text, group = ET.fromstring(svg.write(quote))  # noqa: S314 - ours
    legal = "".join("\ufffd" if c in "\x00\x08\ud800\ufffe" else c for c in name)
    assert (text.text, text.attrib) == (legal, {"id": legal, "class": "tv-name"})
    assert (group.tag, len(group)) == ("g", 0)


@given(LEGAL, LEGAL, st.sampled_from("\"'"))
def test_any_text_is_read_back_as_it_was(said: str, id: str, quote: str) -> None:
    svg = element("svg", said, element("g", id=id))
    assert parse(svg.write(quote)).children == svg.children


class Reader(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[object] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


@pytest.mark.parametrize("name", HOSTILE[:3])
def test_html_holds_it_as_text_too(name: str) -> None:
    reader = Reader()
    reader.feed(element("div", element("img", alt=name), element("td", name)).write())
    reader.close()
    assert reader.seen[:3] == [("div", []), ("img", [("alt", name)]), ("td", [])]
    assert "".join(map(str, reader.seen[3:])) == name


@pytest.mark.parametrize("tag", ["script", "style"])
@pytest.mark.parametrize("end", ["</{}>", "</{}", "<!--"])
def test_nothing_ends_a_script_or_a_style_early(tag: str, end: str) -> None:
    with pytest.raises(ValueError, match=f"a <{tag}> cannot hold what ends it"):
        element(tag, f"a{end.format(tag.upper())} b").write()


def test_code_is_written_as_it_is() -> None:
    style = element("style", "a>b{content:'&'}")
    assert style.write() == "<style>a>b{content:'&'}</style>"


def test_elements_end_as_html_and_svg_want_them() -> None:
    row = element("tr", element("td", "1"), element("td"))
    assert row.write() == "<tr><td>1<td>"
    made = element("div", element("img", hidden=True), element("path", d="M0 0"))
    assert made.write() == '<div><img hidden><path d="M0 0"/></div>'


def test_a_tree_grows_without_changing() -> None:
    first = element("g", "a", id="n1")
    more = first.having(cls="node").containing(element("rect"))
    assert first == Element("g", {"id": "n1"}, ("a",))
    assert more.write() == '<g id="n1" class="tv-node">a<rect/></g>'
    assert [one.tag for one in more.walk()] == ["g", "rect"]
    assert write(("<", first)) == '&lt;<g id="n1">a</g>'


def test_what_is_no_xml_is_refused() -> None:
    with pytest.raises(ValueError, match="this is not an SVG"):
        parse("<svg>")


WRITES = re.compile(r"</[a-z]|<[a-z]+[^>]* [\w-]+=[\"']|^import (html|xml\.sax)")
"""What a file that writes or escapes markup has among its texts and its imports."""


def said(tree: ast.Module) -> Iterator[str]:
    """The texts of a file, but for docstrings, and the modules that it imports from."""
    alone = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for one in ast.walk(tree):
        if isinstance(one, ast.Constant) and id(one) not in alone:
            yield str(one.value)
        elif isinstance(one, ast.ImportFrom):
            yield f"import {one.module}"
        elif isinstance(one, ast.Import):
            yield from (f"import {alias.name}" for alias in one.names)


def test_no_other_file_writes_or_escapes_markup() -> None:
    home = Path(tapeviz.__file__).parent
    found = {
        str(path.relative_to(home))
        for path in home.rglob("*.py")
        if any(map(WRITES.search, said(ast.parse(path.read_text("utf-8")))))
    }
    assert found == {"trace/markup.py"}


def test_elements_are_left_out_by_their_ids() -> None:
    inner = element("g", element("path", id="b"), "text", id="c")
    tree = element("svg", element("path", id="a"), inner, id="a")
    assert tree.without({"a", "b"}) == element(
        "svg", element("g", "text", id="c"), id="a"
    )
