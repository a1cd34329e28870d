"""The cards of a picture: what a node shows in its box, row by row.

A variable is a box with a bar at its left, a watched constant a box with cut corners, a
plain constant a pill, an op a square box with its symbol in a circle; a target has a
second outline.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tapeviz.render.svg import heatmap
from tapeviz.render.svg.elements import BOLD as _BOLD
from tapeviz.render.svg.elements import FONTS, Rect, at, circle, path, rect
from tapeviz.render.svg.elements import text as _text
from tapeviz.render.svg.elements import wide as _wide
from tapeviz.trace.graph import NOT_RECORDED, Badge, Node
from tapeviz.trace.markup import Element, element, n
from tapeviz.trace.value import Value
from tapeviz.wording import values as words
from tapeviz.wording.text_width import shorten_to_fit, width

_PAD = 11
_ROOM = 230
_MARK = 17
_RIM = 3
_LABEL = width("gradient", FONTS["word"][0]) + 9
_GRID = (12, 6)
_STACK = 6
_SIGN = 31


@dataclass(frozen=True)
class CardRow:
    """A row of a card: ``draw(x, y, width)`` gives its elements."""

    width: float
    height: float
    draw: Callable[[float, float, float], Iterable[Element]]


@dataclass(frozen=True)
class GradientSlot:
    """What a gradient's slot is called, and the room for what it will show later.

    That is ``longest``, a text, or ``array``.
    """

    label: str = "gradient"
    longest: str = ""
    array: Value | None = None


@dataclass(frozen=True)
class Card:
    """A node before it is laid out: its rows and its size."""

    node: Node
    rows: tuple[CardRow, ...]
    width: float
    height: float
    slot: Rect | None
    looks: tuple[str, ...] = ()


def card_of(node: Node, formula: str, id: str, slot: GradientSlot) -> Card:
    """The card of a node, whose parts have ids that begin with ``id``."""
    rows = _rows(node, formula, id)
    rim = _RIM if node.target else 0
    stack = _STACK if node.kind == "group" else 0
    above = sum(row.height for row in rows)
    is_open = bool(slot.longest or slot.array) or not words.quiet(node)
    if is_open:
        rows = (*rows, _grad_row(node, id, slot))
    wide = math.ceil(max(row.width for row in rows) + 2 * _PAD)
    high = math.ceil(sum(row.height for row in rows) + (8 if is_open else 10))
    left = rim + _PAD + _LABEL
    free = Rect(left, rim + above + 10, wide + rim - left - 6, 24)
    around = 2 * rim + stack
    return Card(node, rows, wide + around, high + around, free if is_open else None)


def badged(card: Card, badges: Sequence[Badge]) -> Card:
    """The card with a row more for each badge."""
    if not badges:
        return card
    rows = [_badge_row(badge) for badge in badges]
    around = card.width - max(row.width for row in card.rows)
    return replace(
        card,
        rows=(*card.rows, *rows),
        width=max(card.width, math.ceil(max(row.width for row in rows) + around)),
        height=card.height + sum(math.ceil(row.height) for row in rows) + 3,
        looks=tuple(dict.fromkeys(f"is-{badge.kind}" for badge in badges)),
    )


def _badge_row(badge: Badge) -> CardRow:
    """A sign of its own shape and the badge's words, in a pill."""
    said = shorten_to_fit(words.one_line(badge.text), _ROOM, FONTS["more"][0])
    wide = _wide("more", said) * _BOLD + 30

    def draw(x: float, y: float, _: float) -> Iterator[Element]:
        plate = rect("plate", x, y + 3, wide, 19, rx=9.5)
        sign = path("sign", f"M{at(x + 12, y + 12.5)}{_SIGNS[badge.kind]}")
        label = _text("more", x + 22, y + 17, said)
        yield element("g", plate, sign, label, cls=badge.kind)

    return CardRow(wide, 23, draw)


_SIGNS = {
    "added": "m-4 0h8m-4-4v8",
    "removed": "m-4 0h8",
    "changed": "m-4 3.5l4-7 4 7z",
    "held": "m-3.5-3.5h7v7h-7z",
    "shared": "m-3.5-3.5h7v7h-7z",
}
"""The shape of each badge, drawn about its middle."""


def _rows(node: Node, formula: str, id: str) -> tuple[CardRow, ...]:
    """What a card says above the gradient: its roles, what it is, its value."""
    value = () if node.op == "out" else _value_rows(node, id)
    marked = node.target or node.source or node.unrecorded
    if node.kind == "op":
        what: tuple[CardRow, ...] = (_op_row(node, formula, value[0]),)
        value = value[1:]
    elif node.kind in {"group", "port"}:
        what = (_title_row(node),)
    elif words.quiet(node) and not (node.name or node.value.shape or marked):
        return (_lone_row(node, id),)
    else:
        what, marked = (), True
    return (*((_tag_row(node),) if marked else ()), *what, *value)


def _title_row(node: Node) -> CardRow:
    """A group's title in two lines beside the sign that it opens; a port's in one."""
    whole, nickname = (words.one_line(s) for s in (node.formula, node.nickname))
    first, of, rest = whole.partition(" of ")
    lines = [("title", first)] if node.kind == "group" else [("tag", whole)]
    more = " \u00b7 ".join(filter(None, ((of + rest).strip(), nickname)))
    lines += [("word", more.strip())] if node.kind == "group" and more.strip() else []
    shown = [
        (cls, shorten_to_fit(said, _ROOM + 40, FONTS[cls][0])) for cls, said in lines
    ]
    left = _SIGN if node.kind == "group" else 0

    def draw(x: float, y: float, _: float) -> Iterator[Element]:
        if left:
            yield rect("badge", x, y + 6, 20, 20, rx=4)
            yield path("badge", f"M{at(x + 5, y + 16)}h10m-5-5v10")
        for i, (cls, said) in enumerate(shown):
            yield _text(cls, x + left, y + 14 + 17 * i, said)

    wide = max(_wide(cls, said) * _BOLD for cls, said in shown)
    return CardRow(left + wide, 17 * max(len(shown), 2 if left else 1) + 2, draw)


def _tags(node: Node) -> str:
    kind = NOT_RECORDED.get(node.unrecorded) or WORDS.get(node.kind, node.kind)
    kind = f"variable, {kind}" if node.unrecorded and node.kind == "variable" else kind
    roles = ("target" if node.target else "", "source" if node.source else "")
    line = f"line {node.span.line}" if node.unrecorded and node.span else ""
    return " \u00b7 ".join(filter(None, (kind, *roles, line)))


WORDS = {"op": "", "group": "", "port": "", "watched": "watched constant"}
"""The word for a kind of node, where it differs from the kind's name."""


def _tag_row(node: Node) -> CardRow:
    tags = _tags(node)
    wide = _wide("tag", tags)
    return CardRow(wide, 17, lambda x, y, _: [_text("tag", x, y + 13, tags)])


def _op_row(node: Node, formula: str, value: CardRow) -> CardRow:
    """The symbol in its circle; beside it the formula, and the value below that."""
    symbol = shorten_to_fit(words.one_line(node.symbol or node.op), 70, 14, mono=True)
    wide = max(27.0, _wide("symbol", symbol) + (17 if len(symbol) > 1 else 12))
    shown = shorten_to_fit(formula, _ROOM, 12.5, mono=True)
    right = wide + 9

    def draw(x: float, y: float, room: float) -> Iterator[Element]:
        yield rect("badge", x, y + 7, wide, 27, rx=13.5)
        yield _text("symbol", x + wide / 2, y + 25, symbol)
        yield _text("formula", x + right, y + 15, shown)
        yield from value.draw(x + right, y + 19, room - right)

    inner = max(_wide("formula", shown), value.width)
    return CardRow(right + inner, 19 + value.height, draw)


def _value_rows(node: Node, id: str) -> tuple[CardRow, ...]:
    value = node.value
    if not value.shape:
        return (_value_row(node, id),)
    name = _value_row(node, id, bare=not node.name, shape=True)
    id = f"{id}-value"
    return (name, _grid(value, id) if is_small(value) else _large_row(value, id))


def _value_row(
    node: Node, id: str, *, bare: bool = False, shape: bool = False
) -> CardRow:
    """``x = 3``, ``= 3``, the bare ``3``, or an array's name and shape."""
    name = shorten_to_fit(words.short_name(node.name, 16), 165, 15, mono=True)
    gap = _wide("name", name) + (6 if name else 0)
    said = words.shape(node.value) if shape else words.fmt(node.value)
    kind = words.kind(node.value)
    said = f"{said} {kind}" if kind else said
    shown = shorten_to_fit(said if bare or shape else f"= {said}", _value_room(), 15)
    if node.unrecorded == "failed":
        shown = shorten_to_fit(words.one_line(node.note.partition(":")[0]), _ROOM, 15)
    value_id = None if shape else f"{id}-value"
    cls = "dims left" if shape else "val"

    def draw(x: float, y: float, _: float) -> Iterator[Element]:
        if name:
            yield _text("name", x, y + 16, name)
        yield _text(cls, x + gap, y + 16, shown, value_id)

    return CardRow(gap + _wide(cls.partition(" ")[0], shown), 22, draw)


def _value_room() -> float:
    """How wide a value may be: as usual, or what the chosen digits need."""
    return max(150.0, 10.0 * words.chosen(0) + 130)


def _lone_row(node: Node, id: str) -> CardRow:
    """The number of a plain constant, in the middle of its pill."""
    shown = shorten_to_fit(words.fmt(node.value), _value_room(), 15)
    return CardRow(
        max(20.0, _wide("val", shown)),
        22,
        lambda x, y, wide: [
            _text("val lone", x + wide / 2, y + 16, shown, f"{id}-value")
        ],
    )


def is_small(value: Value) -> bool:
    """Whether an array is drawn as cells: a short vector or a small matrix."""
    most, across = _GRID
    is_table = 0 < len(value.shape) <= 2
    few = value.data is not None and 0 < len(value.data) <= most
    return is_table and few and value.shape[-1] <= across


def _grid(value: Value, id: str | None = None, boldness: float = 1) -> CardRow:
    """A small array as cells."""
    across = value.shape[-1]
    cells = [words.number(entry, words.chosen(4)) for entry in value.data or ()]
    wide = max(26.0, *(_wide("cell", cell) * boldness + 12 for cell in cells))
    down = len(cells) // across
    indices = [divmod(i, across) for i in range(len(cells))]

    def draw(x: float, y: float, _: float) -> Iterator[Element]:
        lines = [f"M{at(x + i * wide, y)}v{down * 20}" for i in range(across + 1)]
        lines += [f"M{at(x, y + i * 20)}h{n(across * wide)}" for i in range(down + 1)]
        texts = (
            _text("cell", x + (column + 1) * wide - 6, y + row * 20 + 14.5, cell)
            for (row, column), cell in zip(indices, cells, strict=True)
        )
        yield element("g", path("hair", "".join(lines)), *texts, id=id)

    return CardRow(across * wide, down * 20 + 4, draw)


def _large_row(value: Value, id: str) -> CardRow:
    """A large array: its lowest, mean and highest entry, and a small picture of it."""
    said = words.range_of(value) or words.fmt(value)
    wide, high = heatmap.size(value)

    def draw(x: float, y: float, _: float) -> Iterator[Element]:
        yield _text("cell left", x, y + 13, said, id)
        yield from heatmap.draw(value, x, y + 20)

    return CardRow(max(_wide("cell", said), wide), 20 + (high + 4 if high else 0), draw)


def _grad_row(node: Node, id: str, slot: GradientSlot) -> CardRow:
    """The gradient slot, with a mark of its own for each state."""
    known = node.gradient
    state = node.grad if known is None else "zero" if known.is_zero else "value"
    if known is not None and state == "value" and known.shape and is_small(known):
        shown = _grad_cells(known)
    else:
        shown = _grad_words(node, state)
    room = max(shown.width, _LABEL + max(_wide("grad", slot.longest), 70))
    high = shown.height
    if slot.array is not None:
        preview = array_row(slot.array)
        room, high = max(room, preview.width), max(high, preview.height)

    def draw(x: float, y: float, wide: float) -> Iterator[Element]:
        yield path("hair", f"M{at(x, y + 2.5)}h{n(wide)}")
        yield _text("word", x, y + 20, slot.label)
        yield element("g", *shown.draw(x, y, wide), id=f"{id}-grad", cls=state)

    return CardRow(room, high, draw)


def array_row(value: Value) -> CardRow:
    """An array in a gradient's slot: as cells, or a large one as a small picture."""
    if is_small(value):
        return _grad_cells(value)
    wide, high = heatmap.size(value)
    return CardRow(wide, 31 + high, lambda x, y, _: heatmap.draw(value, x, y + 27))


def array_in(slot: Rect, value: Value) -> Iterable[Element]:
    """An array drawn in a node's gradient slot, which left room for it."""
    return array_row(value).draw(slot.x - _LABEL, slot.y - 6, slot.width)


def _grad_words(node: Node, state: str) -> CardRow:
    """A gradient as a number or a word after its mark."""
    said = shorten_to_fit(words.gradient(node), _ROOM, 13.5)
    if state == "zero":
        said = "zero" if not node.value.shape else "all zero"
    left = _LABEL + (0 if state == "value" else _MARK)
    return CardRow(
        left + _wide("grad", said),
        29,
        lambda x, y, _: (
            *mark(state, x + _LABEL + 6, y + 15.5),
            _text("grad", x + left, y + 20, said),
        ),
    )


def _grad_cells(value: Value) -> CardRow:
    """A gradient as cells: a vector beside the word, a matrix below it."""
    grid = _grid(value, boldness=_BOLD)
    left, down = (_LABEL, 6.0) if len(value.shape) == 1 else (0.0, 27.0)
    return CardRow(
        left + grid.width,
        down + grid.height,
        lambda x, y, wide: grid.draw(x + left, y + down, wide),
    )


def mark(state: str, x: float, y: float) -> tuple[Element, ...]:
    """The mark of a gradient's state around a point; a value has none."""
    if state == "pending":
        return (rect("mark", x - 5, y - 5, 10, 10),)
    if state == "zero":
        return circle("mark", x, y, 5.5), circle("mark", x, y, 1.5)
    if state == "none":
        return (path("mark", f"M{at(x - 5, y - 5)}l10 10m0-10l-10 10"),)
    return ()


def draw(card: Card, box: Rect, prefix: str) -> Element:
    """A laid-out card as SVG."""
    node = card.node
    stack = _STACK if node.kind == "group" else 0
    box = Rect(box.x, box.y, box.width - stack, box.height - stack)
    inner = box.inset(_RIM) if node.target else box
    y, rows = inner.y + (5 if len(card.rows) == 1 else 4), list[Element]()
    for row in card.rows:
        rows += row.draw(inner.x + _PAD, y, inner.width - 2 * _PAD)
        y += row.height
    failed = node.unrecorded == "failed"
    flags = {
        "target": node.target,
        "source": node.source,
        "ghost": node.unrecorded,
        "failed": failed,
    }
    classes = ["node", node.kind, *(name for name, on in flags.items() if on)]
    return element(
        "g",
        element("title", _node_title(node)),
        *_shape(node, inner),
        box.draw("frame rim", rx=3, style="fill:none") if node.target else None,
        _cross(inner.x + inner.width, inner.y) if failed else None,
        *rows,
        id=prefix + node.id,
        cls=" ".join([*classes, *card.looks]),
        data_fold=node.id if stack else None,
    )


def _cross(x: float, y: float) -> Element:
    """The mark of an operation that failed, in the upper right corner of its box."""
    return path("cross", f"M{at(x - 15, y + 7)}l8 8m0-8l-8 8")


def _node_title(node: Node) -> str:
    folded = node.kind in {"group", "port"}
    whole = words.one_line(node.formula)
    kind = node.op if node.kind == "op" else whole if folded else _tags(node)
    name = f"{words.one_line(node.name)} = " if node.name else ""
    lines = [f"{name}{words.describe(node.value)}", kind]
    if node.gradient is not None:
        lines.append(f"gradient {words.describe(node.gradient)}")
    elif node.grad == "none" and not words.quiet(node):
        lines.append("gradient: None")
    lines += [where] if (where := words.where(node)) else []
    lines += [words.one_line(said) for said in (node.nickname, node.note) if said]
    return "\n".join(lines)


def _shape(node: Node, box: Rect) -> Iterator[Element]:
    if node.kind == "watched":
        yield path("frame", _cut(box, 9))
        return
    round = {"variable": 5.0, "op": 1.0, "group": 3.0}
    yield box.draw("frame", rx=round.get(node.kind, min(box.height / 2, 20)))
    if node.kind == "group":
        yield path("frame rim pile", _pile(box))
    if node.kind == "variable" and not node.unrecorded:
        yield rect("accent", box.x, box.y, 5, box.height, rx=2.5)


def _pile(box: Rect) -> str:
    """The edges of two sheets that lie below a group's own."""
    wide, high = n(box.width), n(box.height)
    return "".join(
        f"M{at(box.x + box.width + far - 3, box.y + far)}h3v{high}h-{wide}v-3"
        for far in (3, 6)
    )


def _cut(box: Rect, c: float) -> str:
    wide, high = n(box.width - 2 * c), n(box.height - 2 * c)
    return (
        f"M{at(box.x + c, box.y)}h{wide}l{c} {c}v{high}l-{c} {c}"
        f"h-{wide}l-{c}-{c}v-{high}z"
    )
