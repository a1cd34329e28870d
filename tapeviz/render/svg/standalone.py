"""A picture as a file of its own: every colour written out, for any program.

Browsers follow the style sheet, with its variables, its dark colours and its motion. It
stands in ``@supports``, a rule that programs without CSS variables leave out: those see
the attributes, which hold the style that each element comes to in the end.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tapeviz.render.svg.css import INHERITED, OWN, Style, styles
from tapeviz.trace import markup

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_KNOWS_VARIABLES = "@supports (--a:0)"

UNDRAWN = frozenset(("title", "desc", "style", "metadata"))
"""The elements that nothing is painted of."""


def standalone(picture: markup.Element) -> str:
    """The picture with its colours and type as attributes, in any program's reach.

    >>> style = markup.element("style", ":root{--a:#008000}rect{fill:var(--a)}")
    >>> print(standalone(markup.element("svg", style, markup.element("rect"))))
    <svg xmlns="http://www.w3.org/2000/svg"><style>@supports (--a:0){:root{--a:#008000}\
rect{fill:var(--a)}}</style><rect fill="#008000" /></svg>
    """
    return as_text(written_out(picture))


def as_text(root: Element) -> str:
    """A picture without namespaces as the text of a file."""
    root.attrib = {"xmlns": "http://www.w3.org/2000/svg", **root.attrib}
    return ET.tostring(root, encoding="unicode")


def written_out(picture: markup.Element) -> Element:
    """The picture without namespaces, its style in attributes."""
    builder = ET.TreeBuilder()
    _build(picture, builder)
    root = builder.close()
    parents = {child: parent for parent in root.iter() for child in parent}
    for element, outer, style in tuple(styles(root)):
        if element.tag == "style":
            element.text = f"{_KNOWS_VARIABLES}{{{element.text}}}"
        elif element.tag not in UNDRAWN:
            _write_out(element, outer, style)
            if element.tag == "svg" and element in parents:
                # To cut at the edges takes long, and is done where it is asked for.
                element.set("overflow", style.get("overflow", "visible"))
            if element.tag == "text" and style.get("paint-order") == "stroke":
                _put_halo(element, parents[element])
    return root


def _build(node: markup.Element | str, builder: ET.TreeBuilder) -> None:
    """Copy a tree of ours into one that selectors can be matched in."""
    if isinstance(node, str):
        builder.data(markup.legal(node))
        return
    own = {k: markup.legal(str(v)) for k, v in node.attributes.items() if k != "xmlns"}
    builder.start(node.tag, own)
    for child in node.children:
        _build(child, builder)
    builder.end(node.tag)


def _write_out(element: Element, outer: Style, style: Style) -> None:
    """The element's style as attributes, as far as it is not its parent's."""
    for name, value in style.items():
        if name in OWN or (name in INHERITED and outer.get(name) != value):
            element.set(name, _plain(name, value))
        elif name in INHERITED:
            element.attrib.pop(name, None)


def _plain(name: str, value: str) -> str:
    if name == "font-family":
        return value.rpartition(",")[2]  # the generic one: some programs read no list
    return value.replace("px", "") if name == "transform" else value


def _put_halo(element: Element, parent: Element) -> None:
    """Draw the text's outline below it, for programs that draw it above always."""
    halo = copy(element)
    halo.attrib = {**element.attrib, "fill": element.get("stroke", "none")}
    parent.insert(list(parent).index(element), halo)
    element.set("stroke", "none")
