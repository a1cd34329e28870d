"""SVG and HTML as a tree of elements, which is escaped where it is written."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any
from xml.dom import minidom
from xml.parsers.expat import ExpatError

Attribute = str | float | bool | None
"""What an attribute may be: True is its name alone, False and None leave it out."""

_VOID = frozenset(("br", "img", "input", "link", "meta"))
_SHAPES = frozenset(("circle", "ellipse", "line", "path", "polyline", "rect", "use"))
_ENDLESS = frozenset(("li", "td", "th", "tr"))
_CODE = frozenset(("script", "style"))
_QUOTED = {'"': "&quot;", "'": "&#x27;"}
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

PREFIX = "tv-"
"""How every class of ours begins, so that no style of a page around it takes it."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element: its tag, its attributes by name, and what is in it, in order."""

    tag: str
    attributes: Mapping[str, str | bool]
    children: tuple[Element | str, ...] = ()

    def write(self, quote: str = '"') -> str:
        """The markup of the element, its attributes between such quotation marks.

        >>> element("text", "a < b", cls="note", x=1.25).write()
        '<text class="tv-note" x="1.2">a &lt; b</text>'
        """
        return write((self,), quote)

    def walk(self) -> Iterator[Element]:
        """The element and all elements in it, in the order of their tags."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def ids(self) -> frozenset[str]:
        """The ids of the element and of all elements in it."""
        found = (one.attributes.get("id") for one in self.walk())
        return frozenset(str(id) for id in found if id)

    def without(self, ids: Container[str | bool | None]) -> Element:
        """The element without those in it that have such an id."""
        left = (
            child.without(ids) if isinstance(child, Element) else child
            for child in self.children
            if isinstance(child, str) or child.attributes.get("id") not in ids
        )
        return Element(self.tag, self.attributes, tuple(left))

    def containing(self, *children: Element | str) -> Element:
        """The element with more at its end."""
        return Element(self.tag, self.attributes, (*self.children, *children))

    def having(self, **attributes: Attribute) -> Element:
        """The element with other attributes besides its own."""
        own = element(self.tag, **attributes).attributes
        return Element(self.tag, {**self.attributes, **own}, self.children)


def element(
    tag: str, *children: Element | str | None, **attributes: Attribute
) -> Element:
    """An element. In the names of attributes ``_`` stands for ``-``.

    ``cls`` has its classes without our prefix. A number is written with at most one
    digit after the point. Children that are None or "" are left out.

    >>> element("rect", cls="frame rim", stroke_width=2.0, rx=None).write()
    '<rect class="tv-frame tv-rim" stroke-width="2"/>'
    """
    written: dict[str, str | bool] = {}
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        if name == "cls":
            written |= {"class": css_class(str(value))} if value else {}
        else:
            said = value if value is True or isinstance(value, str) else n(value)
            written[name.replace("_", "-")] = said
    return Element(tag, written, tuple(filter(None, children)))


@lru_cache(999)
def css_class(*names: str) -> str:
    """The value of a ``class`` attribute, each name with our prefix.

    >>> css_class("edge", "dims left")
    'tv-edge tv-dims tv-left'
    """
    return " ".join(
        name if name.startswith("tapeviz") else PREFIX + name
        for name in " ".join(names).split()
    )


def n(x: float) -> str:
    """A coordinate with at most one digit after the point.

    >>> n(2.0), n(2.25)
    ('2', '2.2')
    """
    return f"{x:.1f}".removesuffix(".0")


def write(nodes: Iterable[Element | str], quote: str = '"') -> str:
    """The markup of elements and texts, one after the other.

    It holds no character that an XML file may not hold. ValueError when a script or a
    style has something in it that would end it.
    """
    parts: list[str] = []
    for node in nodes:
        _write(node, parts, quote)
    return legal("".join(parts))


def legal(text: str) -> str:
    """The text with U+FFFD for each character that an XML file may not hold."""
    return _ILLEGAL.sub("\ufffd", text)


def _write(node: Element | str, parts: list[str], quote: str) -> None:
    if isinstance(node, str):
        parts.append(escape(node, quote=False))
        return
    tag, inside = node.tag, node.children
    parts.append(f"<{tag}")
    for name, value in node.attributes.items():
        if value is True:
            parts.append(f" {name}")
        else:
            said = str(value).replace("&", "&amp;").replace(quote, _QUOTED[quote])
            # A picture in an address has many: HTML, which alone has it, allows them.
            said = said if name == "src" else said.replace("<", "&lt;")
            parts.append(f" {name}={quote}{said}{quote}")
    if tag in _SHAPES and not inside:
        parts.append("/>")
        return
    parts.append(">")
    if tag in _CODE:
        parts.append(_code(tag, inside))
    else:
        for child in inside:
            _write(child, parts, quote)
    if tag not in _VOID and tag not in _ENDLESS:
        parts.append(f"</{tag}>")


def _code(tag: str, inside: tuple[Element | str, ...]) -> str:
    """What a script or a style holds, which no program reads as markup."""
    code = "".join(map(str, inside))
    if any(end in code.lower() for end in (f"</{tag}", "<!--")):
        raise ValueError(f"a <{tag}> cannot hold what ends it: {code[:60]!r}...")
    return code


def parse(markup: str) -> Element:
    """The tree of an SVG that came from outside; ValueError when it is not XML.

    >>> parse('<svg width="9"><path d="M1 1"/>a</svg>').write()
    '<svg width="9"><path d="M1 1"/>a</svg>'
    """
    try:
        document = minidom.parseString(markup)  # noqa: S318 - expat limits entities
    except ExpatError as error:
        raise ValueError(f"this is not an SVG: {error}") from None
    return _read(document.documentElement)


def _read(node: Any) -> Element:
    inside = (
        _read(child) if isinstance(child, minidom.Element) else child.data
        for child in node.childNodes
        if isinstance(child, (minidom.Element, minidom.Text))
    )
    return Element(node.tagName, dict(node.attributes.items()), tuple(inside))
