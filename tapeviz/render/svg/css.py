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
from functools import lru_cache
from itertools import chain, count
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
"""The properties that an element inherits from its parent."""

OWN = frozenset(("display", "opacity", "transform"))
"""The properties that are not inherited."""

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
_UNSET = ("initial", "unset")
_VAR = re.compile(r"var\(\s*(--[\w-]+)\s*")


@dataclass
class Styled:
    """An element with its computed style, its parent and its children.

    Elements of one ``key`` look alike, but for their text.
    """

    element: Element
    style: Style
    key: int = 0
    parent: Styled | None = None
    children: list[Styled] = field(default_factory=list)

    @property
    def tag(self) -> str:
        """The element's name without its namespace."""
        return _bare(self.element.tag)

    def get(self, name: str, usual: str = "") -> str:
        """A property of its style."""
        return self.style.get(name, usual)


@dataclass(frozen=True)
class _StyleRule:
    """One selector with its declarations; ``weight`` is its specificity."""

    steps: tuple[tuple[str, str], ...]
    weight: tuple[int, int, int]
    declared: Mapping[str, str]


@dataclass
class Sheet:
    """The rules of all ``<style>`` elements of a picture."""

    rules: list[_StyleRule] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by: dict[str, list[int]] = {}
        self._own: dict[str, list[tuple[str, str]]] = {}
        others = []
        for i, rule in enumerate(self.rules):
            (_, last), far = rule.steps[-1], len(rule.steps) > 1
            self._by.setdefault(_key(last), []).append(i)
            declared = tuple(rule.declared.items())
            if far or not re.fullmatch(r"#[\w-]+", last):
                others.append((rule.steps, declared))
            else:
                self._own.setdefault(last[1:], []).extend(declared)
        self.base = tuple(others)

    def look(self, node: _DomNode) -> tuple[object, ...]:
        """All that decides the style of an element whose parent's style is known.

        Besides ``base``: the rules that are for more than one id.
        """
        siblings = node.parent.element if node.parent and node.index else None
        before = None if siblings is None else siblings[node.index - 1].get("class")
        return (
            node.tag, node.index == 0, node.last, before,
            *node.element.attrib.items(), *self._own.get(node.id, ()),
        )  # fmt: skip

    def style(self, node: _DomNode, inherited: Style) -> Style:
        """The computed style of an element; ``inherited`` is its parent's."""
        keys = ("", node.tag, *(f".{c}" for c in node.classes), f"#{node.id}")
        near = sorted(set(chain.from_iterable(self._by.get(k, ()) for k in keys)))
        found = [self.rules[i] for i in near if _matches(self.rules[i].steps, node)]
        declared = dict(node.attributes())
        for rule in sorted(found, key=lambda rule: rule.weight):
            declared.update(rule.declared)
        declared.update(_declarations(node.element.get("style", "")))
        return _computed(declared, inherited)


class Cascade:
    """The styles of pictures that have much in common, as the frames of a film.

    What an element looks like is worked out once for all pictures in which it is there
    with the same attributes, under the same parent, by the same rules.
    """

    def __init__(self) -> None:
        self._base: object = None
        self._known: dict[object, tuple[int, Style]] = {}
        self._count = count(1)

    def styled(self, root: Element) -> list[Styled]:
        """Every element of a picture with its style, in the order of drawing."""
        texts = (el.text or "" for el in root.iter() if _bare(el.tag) == "style")
        sheet = Sheet(list(chain.from_iterable(map(_rules, texts))))
        if sheet.base != self._base:
            self._base, self._known = sheet.base, {}
        todo: list[tuple[_DomNode, Styled | None]] = [(_DomNode(root), None)]
        found: list[Styled] = []
        while todo:
            node, parent = todo.pop()
            element = self._styled(sheet, node, parent)
            found.append(element)
            if parent:
                parent.children.append(element)
            inner = [_DomNode(el, node, i) for i, el in enumerate(node.element)]
            todo += [(child, element) for child in reversed(inner)]
        return found

    def _styled(self, sheet: Sheet, node: _DomNode, parent: Styled | None) -> Styled:
        outer = parent.key if parent else 0
        look = (outer, sheet.look(node))
        if look not in self._known:
            style = sheet.style(node, parent.style if parent else {})
            self._known[look] = next(self._count), style
        key, style = self._known[look]
        return Styled(node.element, style, key, parent)


def styled(root: Element) -> list[Styled]:
    """Every element of one picture with its style, in the order of drawing."""
    return Cascade().styled(root)


@dataclass
class _DomNode:
    """An element, its parent and its index there: what selectors are matched with."""

    element: Element
    parent: _DomNode | None = None
    index: int = 0

    def __post_init__(self) -> None:
        self.tag = _bare(self.element.tag)
        self.id = self.element.get("id", "")

    @property
    def classes(self) -> frozenset[str]:
        """The names in its class attribute."""
        return frozenset(self.element.get("class", "").split())

    @property
    def last(self) -> bool:
        """Whether nothing comes after it."""
        return self.parent is None or self.index == len(self.parent.element) - 1

    def before(self, most: int) -> Iterator[_DomNode]:
        """At most so many of the elements before it, the nearest first."""
        if self.parent is not None:
            for i in range(self.index - 1, max(self.index - 1 - most, -1), -1):
                yield _DomNode(self.parent.element[i], self.parent, i)

    def attributes(self) -> Iterator[tuple[str, str]]:
        """The properties that are written as attributes."""
        for name, value in self.element.items():
            if name in INHERITED or name in OWN:
                yield name, value


def _bare(tag: str) -> str:
    return tag.rpartition("}")[2]


@lru_cache(maxsize=64)
def _rules(text: str) -> tuple[_StyleRule, ...]:
    return tuple(_rules_in(text))


def _rules_in(text: str) -> Iterator[_StyleRule]:
    for head, body in _blocks(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)):
        if head.startswith("@"):
            continue
        declared = dict(_declarations(body))
        for selector in _split(head, ","):
            steps = _steps(selector)
            ids = selector.count("#")
            named = len(re.findall(r"[.\[]|:(?!is|not|where)", selector))
            tags = len(re.findall(r"(?:^|[\s>+~(])[a-z]", selector))
            yield _StyleRule(steps, (ids, named, tags), declared)


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Each rule's head and what stands in its braces."""
    start = depth = brace = 0
    for i, char in enumerate(text):
        if char == "{":
            depth += 1
            brace = i if depth == 1 else brace
        elif char == "}":
            depth -= 1
            if depth == 0:
                yield text[start:brace].strip(), text[brace + 1 : i]
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


@lru_cache(maxsize=4096)
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
    """The id, class or tag that a compound needs, by which rules are looked up."""
    for part in _PART.finditer(compound):
        if part["id"]:
            return f"#{part['id']}"
        if part["cls"]:
            return f".{part['cls']}"
        if part["tag"] and part["tag"] != "*":
            return part["tag"]
    return ""


def _matches(steps: tuple[tuple[str, str], ...], node: _DomNode) -> bool:
    *rest, (how, last) = steps
    if not _compound_matches(last, node):
        return False
    if not rest:
        return True
    if how == ">":
        return node.parent is not None and _matches(tuple(rest), node.parent)
    if how in {"+", "~"}:
        near = node.before(1 if how == "+" else node.index)
        return any(_matches(tuple(rest), one) for one in near)
    outer = node.parent
    while outer is not None:
        if _matches(tuple(rest), outer):
            return True
        outer = outer.parent
    return False


def _compound_matches(compound: str, node: _DomNode) -> bool:
    parts = _parts(compound)
    return bool(parts) and all(_part_matches(part, node) for part in parts)


@lru_cache(maxsize=4096)
def _parts(compound: str) -> tuple[re.Match[str], ...]:
    """The parts of a compound; none where it holds what is not understood."""
    parts = tuple(_PART.finditer(compound))
    whole = sum(len(part[0]) for part in parts) == len(compound)
    return parts if whole else ()


def _part_matches(part: re.Match[str], node: _DomNode) -> bool:
    if part["tag"]:
        return part["tag"] in {"*", node.tag}
    if part["cls"]:
        return part["cls"] in node.classes
    if part["id"]:
        return part["id"] == node.id
    if part["key"]:
        value = node.element.get(part["key"])
        return value is not None and part["val"] in {None, value}
    return _pseudo_matches(part["pseudo"], part["inner"] or "", node)


def _pseudo_matches(pseudo: str, inner: str, node: _DomNode) -> bool:
    if pseudo in {"is", "where"}:
        return any(_matches(_steps(one), node) for one in _split(inner, ","))
    if pseudo == "not":
        return not any(_matches(_steps(one), node) for one in _split(inner, ","))
    if pseudo == "root":
        return node.parent is None
    return {"first-child": node.index == 0, "last-child": node.last}.get(pseudo, False)


def _computed(declared: Mapping[str, str], inherited: Style) -> Style:
    """The computed style: inherited and declared properties, variables put in."""
    computed = {
        k: v for k, v in inherited.items() if k in INHERITED or k.startswith("--")
    }
    own = {k: v for k, v in declared.items() if k.startswith("--")}
    if own:
        computed = {k: v for k, v in computed.items() if k not in own}
        computed |= {k: v for k, v in _customs(own, computed) if v is not None}
    for name, value in declared.items():
        if name.startswith("--"):
            continue
        put = filled(value, computed) if "var(" in value else value
        if put is None or put == "inherit":
            continue
        if put in _UNSET:
            computed.pop(name, None)
        elif name == "font-size":
            computed[name] = _size(put, inherited.get(name, "16"))
        else:
            computed[name] = put
    return computed


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
        found[name] = None if value in _UNSET else value
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


def _size(text: str, outer: str) -> str:
    if text.endswith(("em", "%")):
        part = float(text.rstrip("em%")) / (100 if text.endswith("%") else 1)
        return f"{part * pixels(outer):g}"
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
