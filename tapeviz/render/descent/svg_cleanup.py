"""matplotlib's SVG in fewer bytes: classes for styles, CSS variables for colours."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from xml.etree import ElementTree as ET

from tapeviz.render.svg import theme as themes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from xml.etree.ElementTree import Element

_JUNK = ("metadata", "defs", "style", "title")
_INHERITED = ("font-family", "stroke-linejoin")
_NUMBER = re.compile(r"-?\d+\.\d+")

KIND = "tapeviz-descent"
"""The class of every such picture."""

Names: TypeAlias = "Callable[[str], tuple[str, str]]"
"""From an id that matplotlib wrote to an id and a class."""


@dataclass(frozen=True)
class Finish:
    """What ``clean_svg`` makes of a picture.

    ``names`` gives an element of some id its new id and class ("" for none). ``rules``
    is CSS in which ``&`` stands for the picture and ``@role`` for a colour. ``width``
    is how wide the picture likes to be, in pixels; ``label`` what it says to somebody
    who does not see it.
    """

    names: Names
    rules: str
    width: int
    label: str
    theme: str = "auto"


def clean_svg(svg: str, finish: Finish) -> str:
    """The same picture in fewer bytes, its colours those of the page around it.

    ``svg`` was drawn in the colours of the light theme. No rule in the result touches
    another picture of the same page, and no shape in it needs another one's.
    """
    root = _parsed(svg)
    shapes = {el.get("id", ""): el.get("d", "") for el in root.iter("path")}
    root[:] = _children(root, shapes, finish.names)
    wide, high = (float(v) for v in root.get("viewBox", "").split()[2:])
    style = _classed(root, finish)
    own = f"tv-p{hashlib.sha256(style.encode()).hexdigest()[:8]}"
    root.attrib.clear()
    root.attrib.update(
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": f"{finish.width}",
            "height": f"{finish.width * high / wide:.0f}",
            "viewBox": f"0 0 {wide:g} {high:g}",
            "preserveAspectRatio": "xMinYMin",
            "role": "img",
            "aria-label": finish.label,
            "class": f"{themes.class_name(finish.theme)} {KIND} {own}",
        }
    )
    first = ET.Element("style")
    first.text = themes.css(finish.theme) + style.replace("&", f".{own}")
    root.insert(0, first)
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def _parsed(svg: str) -> Element:
    text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg[svg.index("<svg") :])
    return ET.fromstring(text.replace("xlink:href", "href"))  # noqa: S314 - our own


def _children(el: Element, shapes: Mapping[str, str], names: Names) -> list[Element]:
    found: list[Element] = []
    for child in el:
        if child.tag in _JUNK:
            continue
        child[:] = _children(child, shapes, names)
        new = _shape(child, shapes) if child.tag == "use" else child
        _tidy(new, names)
        if new.tag == "g" and not new.attrib:
            found.extend(new)
        else:
            found.append(new)
    return found


def _shape(use: Element, shapes: Mapping[str, str]) -> Element:
    """The element that replaces a ``<use>``: a circle or a path, moved there."""
    d = shapes[use.get("href", "#")[1:]]
    x, y = (float(use.get(k, "0")) for k in "xy")
    style = {"style": use.get("style", "")}
    if "C" in d:
        radius = abs(float(d.split()[2]))
        circle = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{radius:g}"}
        return ET.Element("circle", {**circle, **style})
    where = f"translate({x:.1f} {y:.1f})"
    return ET.Element("path", {"d": d, "transform": where, **style})


def _tidy(el: Element, names: Names) -> None:
    el.tail = None
    if el.tag not in {"text", "tspan"}:
        el.text = None
    for key, text in zip(("id", "class"), names(el.get("id", "")), strict=True):
        el.set(key, text)
    for key in [k for k in el.attrib if k == "clip-path" or not el.attrib[k]]:
        del el.attrib[key]
    if el.get("transform", "").startswith(("rotate(-0 ", "rotate(0 ")):
        del el.attrib["transform"]
    for key in ("d", "transform", "x", "y"):
        if key in el.attrib:
            el.set(key, _short(el.attrib[key]))


def _short(text: str) -> str:
    text = _NUMBER.sub(lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), text)
    return re.sub(r"\s*\b([MLCQz])\s*|\s+", lambda m: m[1] or " ", text).strip()


def _classed(root: Element, finish: Finish) -> str:
    names: dict[str, str] = {}
    for el in root.iter():
        style = _style(el.attrib.pop("style", ""))
        if style:
            name = names.setdefault(style, f"tv-c{len(names)}")
            el.set("class", f"{el.get('class', '')} {name}".strip())
    own = "".join(f"& .{name}{{{style}}}" for style, name in names.items())
    return themes.paint(own + finish.rules, finish.theme)


def _style(text: str) -> str:
    pairs = [part.split(":", 1) for part in text.split(";") if ":" in part]
    roles = {v: k for k, v in reversed([*themes.colours("light").items()])}
    styles = {k.strip(): v.strip() for k, v in pairs if k.strip() not in _INHERITED}
    styles = {k: f"@{roles[v]}" if v in roles else v for k, v in styles.items()}
    return ";".join(f"{k}:{v}" for k, v in styles.items())
