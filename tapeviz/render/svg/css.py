"""The styles of our own pictures, worked out element by element.

A browser does this for an SVG on a page; a program that knows no CSS variables has to
be told what each element looks like in the end. Rules inside ``@media`` and
``@supports``, and those for states that a still picture is never in, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

INHERITED = frozenset(
    (
        "color", "direction", "fill", "fill-opacity", "fill-rule", "font-family",
        "font-size", "font-style", "font-weight", "paint-order", "stroke",
        "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-opacity",
        "stroke-width", "text-anchor", "visibility", "white-space",
    )
)  # fmt: skip
"""The properties that an element inherits from its parent."""

OWN = frozenset(("display", "opacity", "overflow", "transform"))
"""The properties that are not inherited."""

Tokens: TypeAlias = "list[Any] | None"
"""The value of a property as tinycss2 reads it; None for one that has no value."""

Style: TypeAlias = Mapping[str, Any]
"""The properties of an element as texts, and its custom ones (``--x``) as tokens."""

_WIDE = {"initial": None, "unset": "unset"}
"""What a custom property is set to that gets no value, or that of its parent."""

_FONT = re.compile(r"([\d.]+(?:px|pt|em))(?:/\S+)?\s+(.+)")


def styles(root: Element) -> Iterator[tuple[Element, Style, Style]]:
    """Each element with its parent's style and its own, in the order of drawing."""
    from cssselect2 import ElementWrapper, Matcher

    matcher = Matcher()
    for sheet in (el.text or "" for el in root.iter() if el.tag.endswith("style")):
        for selector, declared in _rules(sheet):
            matcher.add_selector(selector, declared)
    found: dict[Any, Style] = {}
    for node in ElementWrapper.from_xml_root(root).iter_subtree():
        element, outer = node.etree_element, found.get(node.parent, {})
        declared = {k: v for k, v in element.items() if k in INHERITED or k in OWN}
        for *_, rule in matcher.match(node):
            declared |= rule
        if "style" in element.attrib:
            declared |= _declarations(element.get("style", ""))
        found[node] = _computed(declared, outer)
        yield element, outer, found[node]


@lru_cache(maxsize=64)
def _rules(sheet: str) -> tuple[tuple[Any, Style], ...]:
    """Every selector of a style sheet with what it declares."""
    import tinycss2
    from cssselect2 import compile_selector_list

    return tuple(
        (selector, _declarations(rule.content))
        for rule in tinycss2.parse_stylesheet(sheet)
        if rule.type == "qualified-rule"
        for selector in compile_selector_list(rule.prelude)
    )


def _declarations(content: str | Iterable[Any]) -> Style:
    """What is declared: texts, or tokens where a variable is set or asked for."""
    import tinycss2

    found: dict[str, Any] = {}
    for item in tinycss2.parse_blocks_contents(content):
        if item.type != "declaration":
            continue
        said = tinycss2.serialize(item.value).strip()
        if item.name == "font" and (font := _FONT.search(said)):
            found |= {"font-style": "normal", "font-weight": "normal"}
            found |= {"font-size": font[1], "font-family": font[2]}
        elif item.name.startswith("--"):
            found[item.name] = _WIDE.get(said, item.value)
        elif item.name in INHERITED or item.name in OWN:
            found[item.name] = item.value if "var(" in said else said
    return found


def _computed(declared: Style, outer: Style) -> Style:
    """The computed style: inherited and declared properties, variables put in."""

    def variable(name: str) -> Tokens:
        return filled(own[name], variable) if name in own else outer.get(name)

    own = {k: v for k, v in declared.items() if k.startswith("--") and v != "unset"}
    style = {k: v for k, v in outer.items() if k not in OWN}
    style |= {name: variable(name) for name in own}
    for name, said in declared.items():
        if name.startswith("--"):
            continue
        value = said if isinstance(said, str) else _text(said, variable)
        if value == "initial":
            style.pop(name, None)
        elif value not in {"", "inherit", "unset"}:
            style[name] = value
    return style


def _text(value: Tokens, variable: Callable[[str], Tokens]) -> str:
    """A declared value with its variables put in; empty when one has no value."""
    import tinycss2

    return str(tinycss2.serialize(filled(value, variable) or ())).strip()


def filled(value: Tokens, variable: Callable[[str], Tokens]) -> Tokens:
    """The value with its variables put in; None when one has no value."""
    put: list[Any] = []
    for token in value or ():
        if token.type != "function" or token.lower_name != "var":
            put.append(token)
            continue
        name, *fallback = (t for t in token.arguments if t.type != "whitespace")
        inner = variable(name.value)
        if inner is None:
            inner = filled(fallback[1:], variable) if fallback else None
        if inner is None:
            return None
        put += inner
    return None if value is None else put
