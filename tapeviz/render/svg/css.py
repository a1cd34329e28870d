"""The styles of our own pictures, worked out element by element.

A browser does this for an SVG on a page; whoever paints a picture without one asks
here. What our pictures use is understood: selectors by tag, class, id and attribute,
``:is`` and ``:not``, the combinators, custom properties with fallbacks. Rules for
states that a still picture is never in, and those inside ``@media``, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

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
"""The properties that an element takes from the one around it."""

OWN = frozenset(("display", "opacity", "transform"))
"""The properties that hold for an element alone."""

Style = Mapping[str, str]
"""Properties by name, custom ones (``--x``) included."""

_PART = re.compile(
    r"(?P<tag>^[\w-]+|^\*)|\.(?P<cls>[\w-]+)|#(?P<id>[\w-]+)"
    r"|\[(?P<key>[\w-]+)(?:=\"?(?P<val>[^\]\"]*)\"?)?\]"
    r"|:(?P<pseudo>[\w-]+)(?:\((?P<inner>[^()]*(?:\([^()]*\))?[^()]*)\))?"
)
_FONT = re.compile(
    r"(?P<before>.*?)(?P<size>[\d.]+(?:px|pt|em)?)(?:/\S+)?\s+(?P<type>.+)"
)
_VAR = re.compile(r"var\(\s*(--[\w-]+)\s*")


@dataclass
class Styled:
    """An element with its style, the one it stands in, and those that stand in it."""

    element: Element
    style: Style
    around: Styled | None = None
    inner: list[Styled] = field(default_factory=list)

    @property
    def tag(self) -> str:
        """The element's name without its namespace."""
        return _bare(self.element.tag)

    def get(self, name: str, usual: str = "") -> str:
        """A property of its style."""
        return self.style.get(name, usual)


@dataclass(frozen=True)
class _Rule:
    """One selector with its declarations, and how much it counts."""

    steps: tuple[tuple[str, str], ...]
    weight: tuple[int, int, int]
    declared: Mapping[str, str]


@dataclass
class Sheet:
    """The rules of all ``<style>`` elements of a picture."""

    rules: list[_Rule] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by: dict[str, list[int]] = {}
        for i, rule in enumerate(self.rules):
            self._by.setdefault(_key(rule.steps[-1][1]), []).append(i)

    def style(self, me: _Place, around: Style) -> Style:
        """The style of an element that stands in one of this style."""
        keys = ("", me.tag, *(f".{c}" for c in me.classes), f"#{me.id}")
        near = sorted(set(chain.from_iterable(self._by.get(k, ()) for k in keys)))
        found = [self.rules[i] for i in near if _matches(self.rules[i].steps, me)]
        declared = dict(me.attributes())
        for rule in sorted(found, key=lambda rule: rule.weight):
            declared.update(rule.declared)
        declared.update(_declarations(me.element.get("style", "")))
        return _computed(declared, around)


def styled(root: Element) -> list[Styled]:
    """Every element of a picture with its style, in the order of drawing."""
    texts = (el.text or "" for el in root.iter() if _bare(el.tag) == "style")
    sheet = Sheet(list(chain.from_iterable(map(_rules, texts))))
    todo: list[tuple[_Place, Styled | None]] = [(_Place(root), None)]
    found: list[Styled] = []
    while todo:
        place, around = todo.pop()
        style = sheet.style(place, around.style if around else {})
        me = Styled(place.element, style, around)
        found.append(me)
        if around:
            around.inner.append(me)
        inner = [_Place(el, place, i) for i, el in enumerate(place.element)]
        todo += [(child, me) for child in reversed(inner)]
    return found


@dataclass
class _Place:
    """An element where it stands: what selectors look at."""

    element: Element
    around: _Place | None = None
    at: int = 0

    def __post_init__(self) -> None:
        self.tag = _bare(self.element.tag)
        self.classes = frozenset(self.element.get("class", "").split())
        self.id = self.element.get("id", "")

    @property
    def last(self) -> bool:
        """Whether nothing comes after it."""
        return self.around is None or self.at == len(self.around.element) - 1

    def before(self, most: int) -> Iterator[_Place]:
        """At most so many of the elements before it, the nearest first."""
        if self.around is not None:
            for at in range(self.at - 1, max(self.at - 1 - most, -1), -1):
                yield _Place(self.around.element[at], self.around, at)

    def attributes(self) -> Iterator[tuple[str, str]]:
        """The properties that are written as attributes."""
        for name, value in self.element.items():
            if name in INHERITED or name in OWN:
                yield name, value


def _bare(tag: str) -> str:
    return tag.rpartition("}")[2]


def _rules(text: str) -> Iterator[_Rule]:
    order = 0
    for head, body in _blocks(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)):
        if head.startswith("@"):
            continue
        declared = dict(_declarations(body))
        for selector in _split(head, ","):
            steps = _steps(selector)
            ids = selector.count("#")
            named = len(re.findall(r"[.\[]|:(?!is|not|where)", selector))
            tags = len(re.findall(r"(?:^|[\s>+~(])[a-z]", selector))
            yield _Rule(steps, (ids, named, tags), declared)
            order += 1


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Each rule's head and what stands in its braces."""
    start = depth = opened = 0
    for i, char in enumerate(text):
        if char == "{":
            depth += 1
            opened = i if depth == 1 else opened
        elif char == "}":
            depth -= 1
            if depth == 0:
                yield text[start:opened].strip(), text[opened + 1 : i]
                start = i + 1


def _declarations(text: str) -> Iterator[tuple[str, str]]:
    for part in _split(text, ";"):
        name, colon, value = part.partition(":")
        if not colon:
            continue
        name = name.strip()
        if name == "font":
            yield from _font(value.strip())
        elif name in INHERITED or name in OWN or name.startswith("--"):
            yield name, value.removesuffix("!important").strip()


def _font(text: str) -> Iterator[tuple[str, str]]:
    """The parts of a font in one line."""
    found = _FONT.fullmatch(text)
    if found is None:
        return
    words = found["before"].split()
    slanted = [w for w in words if w in {"italic", "oblique"}]
    heavy = [w for w in words if w == "bold" or w.isdigit()]
    yield "font-style", slanted[0] if slanted else "normal"
    yield "font-weight", heavy[0] if heavy else "normal"
    yield "font-size", found["size"]
    yield "font-family", found["type"]


def _split(text: str, mark: str) -> list[str]:
    """The parts between marks that are not in parentheses or quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for i, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == mark and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _steps(selector: str) -> tuple[tuple[str, str], ...]:
    """The compounds of a selector, each after the combinator before it."""
    spaced = re.sub(r"\s*([>+~])\s*(?![^(]*\))", r" \1 ", selector)
    steps, before = [], " "
    for part in _split(re.sub(r"\s+(?![^(]*\))", "\0", spaced), "\0"):
        if part in {">", "+", "~"}:
            before = part
        else:
            steps.append((before, part))
            before = " "
    return tuple(steps)


def _key(compound: str) -> str:
    """What an element must have for a compound to be worth a look."""
    for part in _PART.finditer(compound):
        if part["id"]:
            return f"#{part['id']}"
        if part["cls"]:
            return f".{part['cls']}"
        if part["tag"] and part["tag"] != "*":
            return part["tag"]
    return ""


def _matches(steps: tuple[tuple[str, str], ...], me: _Place) -> bool:
    *rest, (how, last) = steps
    if not _fits(last, me):
        return False
    if not rest:
        return True
    if how == ">":
        return me.around is not None and _matches(tuple(rest), me.around)
    if how in {"+", "~"}:
        near = me.before(1 if how == "+" else me.at)
        return any(_matches(tuple(rest), one) for one in near)
    outer = me.around
    while outer is not None:
        if _matches(tuple(rest), outer):
            return True
        outer = outer.around
    return False


def _fits(compound: str, me: _Place) -> bool:
    parts = list(_PART.finditer(compound))
    whole = sum(len(part[0]) for part in parts) == len(compound)
    return whole and all(_has(part, me) for part in parts)


def _has(part: re.Match[str], me: _Place) -> bool:
    if part["tag"]:
        return part["tag"] in {"*", me.tag}
    if part["cls"]:
        return part["cls"] in me.classes
    if part["id"]:
        return part["id"] == me.id
    if part["key"]:
        value = me.element.get(part["key"])
        return value is not None and part["val"] in {None, value}
    return _is(part["pseudo"], part["inner"] or "", me)


def _is(pseudo: str, inner: str, me: _Place) -> bool:
    if pseudo in {"is", "where"}:
        return any(_matches(_steps(one), me) for one in _split(inner, ","))
    if pseudo == "not":
        return not any(_matches(_steps(one), me) for one in _split(inner, ","))
    if pseudo == "root":
        return me.around is None
    return {"first-child": me.at == 0, "last-child": me.last}.get(pseudo, False)


def _computed(declared: Mapping[str, str], around: Style) -> Style:
    """What holds in the end, variables put in."""
    kept = {k: v for k, v in around.items() if k in INHERITED or k.startswith("--")}
    own = {k: v for k, v in declared.items() if k.startswith("--")}
    if own:
        kept = {k: v for k, v in kept.items() if k not in own}
        kept |= {k: v for k, v in _customs(own, kept) if v is not None}
    for name, value in declared.items():
        if name.startswith("--"):
            continue
        put = filled(value, kept) if "var(" in value else value
        if put is None or put == "inherit":
            continue
        if put == "initial":
            kept.pop(name, None)
        elif name == "font-size":
            kept[name] = _size(put, around.get(name, "16"))
        else:
            kept[name] = put
    return kept


def _customs(own: Style, outer: Style) -> Iterator[tuple[str, str | None]]:
    """The custom properties an element sets; None for one that comes to nothing."""
    found: dict[str, str | None] = {}
    for name in own:
        _custom(name, own, outer, found)
    yield from found.items()


def _custom(
    name: str, own: Style, outer: Style, found: dict[str, str | None]
) -> str | None:
    if name not in own:
        return outer.get(name)
    if name not in found:
        found[name] = None
        inner = [m[1] for m in _VAR.finditer(own[name])]
        known = {k: _custom(k, own, outer, found) for k in inner}
        values = {k: v for k, v in known.items() if v is not None}
        value = filled(own[name], values)
        found[name] = None if value == "initial" else value
    return found[name]


def filled(value: str, known: Style) -> str | None:
    """The value with its variables put in; None when one is missing.

    >>> filled("var(--a,var(--b, 3))", {"--b": "2"})
    '2'
    """
    while found := _VAR.search(value):
        stop = _closing(value, found.end())
        rest = value[found.end() : stop].strip()
        put = known.get(found[1])
        if put is None:
            put = filled(rest[1:].strip(), known) if rest.startswith(",") else None
        if put is None:
            return None
        value = f"{value[: found.start()]}{put} {value[stop + 1 :]}"
    return value.strip()


def _closing(text: str, start: int) -> int:
    depth = 1
    for i in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return i
    return len(text)


def _size(text: str, around: str) -> str:
    if text.endswith(("em", "%")):
        part = float(text.rstrip("em%")) / (100 if text.endswith("%") else 1)
        return f"{part * pixels(around):g}"
    return text


def pixels(text: str, usual: float = 0.0) -> float:
    """A length in pixels: ``3``, ``3px`` or ``3pt``.

    >>> pixels("3pt")
    4.0
    """
    found = re.match(r"\s*(-?[\d.]+(?:e-?\d+)?)\s*(pt)?", text)
    return usual if found is None else float(found[1]) * (4 / 3 if found[2] else 1)


def numbers(text: str) -> list[float]:
    """All numbers in a text, in their order."""
    return [float(n) for n in re.findall(r"-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?", text)]
