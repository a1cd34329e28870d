"""A picture as a file of its own: every colour written out, for any program.

Browsers follow the style sheet, with its variables, its dark colours and its motion. It
stands in ``@supports``, a rule that programs without CSS variables leave out: those see
the attributes, which hold the style that each element comes to in the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tapeviz.render.svg.css import INHERITED, OWN, Styled, styled

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_KNOWS_VARIABLES = "@supports (--a:0)"

_UNDRAWN = frozenset(("title", "desc", "style", "metadata"))


def standalone(svg: str) -> str:
    """The picture with its colours and type as attributes, in any program's reach.

    >>> green = "<style>:root{--a:#008000}rect{fill:var(--a)}</style><rect/>"
    >>> print(standalone(f'<svg xmlns="http://www.w3.org/2000/svg">{green}</svg>'))
    <svg xmlns="http://www.w3.org/2000/svg"><style>@supports (--a:0){:root{--a:#008000}\
rect{fill:var(--a)}}</style><rect fill="#008000" /></svg>
    """
    root = ET.fromstring(svg.replace(_NAMESPACE, ""))  # noqa: S314 - our own
    for el in styled(root):
        if el.tag == "style":
            el.element.text = f"{_KNOWS_VARIABLES}{{{el.element.text}}}"
        elif el.tag not in _UNDRAWN:
            _write_out(el)
    root.attrib = {"xmlns": _NAMESPACE.split('"')[1], **root.attrib}
    return ET.tostring(root, encoding="unicode")


_NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'


def _write_out(el: Styled) -> None:
    """The element's style as attributes, as far as it is not its parent's."""
    outer = el.parent.style if el.parent else {}
    for name in _drawn(el):
        value = _plain(name, el.style[name])
        if name in OWN or outer.get(name) != el.style[name]:
            el.element.set(name, value)
        else:
            el.element.attrib.pop(name, None)
    if el.tag == "text" and el.parent and el.get("paint-order") == "stroke":
        _put_halo(el, el.parent.element)


def _drawn(el: Styled) -> Iterable[str]:
    return (name for name in el.style if name in INHERITED or name in OWN)


def _plain(name: str, value: str) -> str:
    if name == "font-family":
        return value.rpartition(",")[2]  # the generic one: some programs read no list
    return value.replace("px", "") if name == "transform" else value


def _put_halo(el: Styled, parent: Element) -> None:
    """Draw the text's outline below it, for programs that draw it above always."""
    halo = copy(el.element)
    halo.attrib = {**el.element.attrib, "fill": el.get("stroke", "none")}
    parent.insert(list(parent).index(el.element), halo)
    el.element.set("stroke", "none")
