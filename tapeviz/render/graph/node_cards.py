"""The cards of a picture: what a node shows in its box, row by row.

A variable is a box with a bar at its left, a watched constant a box with cut corners, a
plain constant a pill, an op a square box with its symbol in a circle; a target has a
second outline.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

from tapeviz.render.graph import annotations as marks
from tapeviz.render.svg import heatmap
from tapeviz.render.svg.elements import BOLD as _BOLD
from tapeviz.render.svg.elements import FONTS, Rect, ident
from tapeviz.render.svg.elements import text as _text
from tapeviz.render.svg.elements import wide as _wide
from tapeviz.trace.graph import NOT_RECORDED, Badge, Node
from tapeviz.trace.markup import css_class
from tapeviz.trace.markup import n as _n
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
    """A row of a card: ``draw(x, y, width)`` gives its markup."""

    width: float
    height: float
    draw: Callable[[float, float, float], str]


@dataclass(frozen=True)
class Card:
    """A node before it is laid out: its rows and its size."""

    node: Node
    rows: tuple[CardRow, ...]
    width: float
    height: float
    slot: Rect | None
    looks: tuple[str, ...] = ()


def card_of(
    node: Node, formula: str, prefix: str, longest: str, preview: CardRow | None
) -> Card:
    """The card of a node.

    In its gradient's slot there is room for ``longest``, a text that will stand there,
    and for the array ``preview``.
    """
    if node.kind == "op":
        rows = _op_rows(node, formula, prefix)
    elif node.kind in {"group", "port"}:
        rows = _folded_rows(node, prefix)
    else:
        rows = _leaf_rows(node, prefix)
    rim = _RIM if node.target else 0
    stack = _STACK if node.kind == "group" else 0
    above = sum(row.height for row in rows)
    open_slot = bool(longest or preview) or not words.quiet(node)
    if open_slot:
        rows = (*rows, _grad_row(node, prefix, longest, preview))
    wide = math.ceil(max(row.width for row in rows) + 2 * _PAD)
    high = math.ceil(sum(row.height for row in rows) + (8 if open_slot else 10))
    left = rim + _PAD + _LABEL
    slot = Rect(left, rim + above + 10, wide + rim - left - 6, 24)
    return Card(
        node,
        rows,
        wide + 2 * rim + stack,
        high + 2 * rim + stack,
        slot if open_slot else None,
    )


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

    def draw(x: float, y: float, _: float) -> str:
        at = f'x="{_n(x)}" y="{_n(y + 3)}" width="{_n(wide)}" height="19" rx="9.5"'
        d = f"M{_n(x + 12)} {_n(y + 12.5)}{_SIGNS[badge.kind]}"
        sign = f'<path class="tv-sign" d="{d}"/>'
        return (
            f'<g class="tv-{badge.kind}"><rect class="tv-plate" {at}/>{sign}'
            f"{_text('more', x + 22, y + 17, said)}</g>"
        )

    return CardRow(wide, 23, draw)


_SIGNS = {
    "added": "m-4 0h8m-4-4v8",
    "removed": "m-4 0h8",
    "changed": "m-4 3.5l4-7 4 7z",
    "held": "m-3.5-3.5h7v7h-7z",
    "shared": "m-3.5-3.5h7v7h-7z",
}
"""The shape of each badge, drawn about its middle."""


def _leaf_rows(node: Node, prefix: str) -> tuple[CardRow, ...]:
    bare = not (node.name or node.value.shape or node.target or node.unrecorded)
    if words.quiet(node) and bare:
        return (_lone_row(node, prefix),)
    return (_tag_row(node), *_value_rows(node, prefix))


def _op_rows(node: Node, formula: str, prefix: str) -> tuple[CardRow, ...]:
    tags = (_tag_row(node),) if node.target or node.source or node.unrecorded else ()
    first, *rest = _value_rows(node, prefix)
    return (*tags, _op_row(node, formula, first), *rest)


def _folded_rows(node: Node, prefix: str) -> tuple[CardRow, ...]:
    """What a group is and how much it holds, or where a port leads; then its value."""
    tags = (_tag_row(node),) if node.target or node.source else ()
    value = () if node.op == "out" else _value_rows(node, prefix)
    return (*tags, _title_row(node), *value)


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

    def draw(x: float, y: float, _: float) -> str:
        texts = (
            _text(cls, x + left, y + 14 + 17 * i, said)
            for i, (cls, said) in enumerate(shown)
        )
        return (_sign(x, y + 6) if left else "") + "".join(texts)

    wide = max(_wide(cls, said) * _BOLD for cls, said in shown)
    return CardRow(left + wide, 17 * max(len(shown), 2 if left else 1) + 2, draw)


def _sign(x: float, y: float) -> str:
    """A plus in a box: there is something to open."""
    box = f'x="{_n(x)}" y="{_n(y)}" width="20" height="20" rx="4"'
    return (
        f'<rect class="tv-badge" {box}/>'
        f'<path class="tv-badge" d="M{_n(x + 5)} {_n(y + 10)}h10m-5-5v10"/>'
    )


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
    return CardRow(
        _wide("tag", tags), 17, lambda x, y, _: _text("tag", x, y + 13, tags)
    )


def _op_row(node: Node, formula: str, value: CardRow) -> CardRow:
    """The symbol in its circle; beside it the formula, and the value below that."""
    symbol = shorten_to_fit(words.one_line(node.symbol or node.op), 70, 14, mono=True)
    wide = max(27.0, _wide("symbol", symbol) + (17 if len(symbol) > 1 else 12))
    shown = shorten_to_fit(formula, _ROOM, 12.5, mono=True)
    right = wide + 9

    def draw(x: float, y: float, room: float) -> str:
        return (
            f'<rect class="tv-badge" x="{_n(x)}" y="{_n(y + 7)}" width="{_n(wide)}" '
            f'height="27" rx="13.5"/>'
            + _text("symbol", x + wide / 2, y + 25, symbol)
            + _text("formula", x + right, y + 15, shown)
            + value.draw(x + right, y + 19, room - right)
        )

    inner = max(_wide("formula", shown), value.width)
    return CardRow(right + inner, 19 + value.height, draw)


def _value_rows(node: Node, prefix: str) -> tuple[CardRow, ...]:
    value = node.value
    if not value.shape:
        return (_value_row(node, prefix),)
    name = _value_row(node, prefix, bare=not node.name, shape=True)
    grid = _grid_row(node, prefix) if is_small(value) else _large_row(node, prefix)
    return (name, grid)


def _value_row(
    node: Node, prefix: str, *, bare: bool = False, shape: bool = False
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
    id = "" if shape else ident(prefix, node.id, "-value")
    cls = "dims left" if shape else "val"

    def draw(x: float, y: float, _: float) -> str:
        label = _text("name", x, y + 16, name) if name else ""
        return label + _text(cls, x + gap, y + 16, shown, id)

    return CardRow(gap + _wide(cls.partition(" ")[0], shown), 22, draw)


def _value_room() -> float:
    """How wide a value may be: as usual, or what the chosen digits need."""
    return max(150.0, 10.0 * words.chosen(0) + 130)


def _lone_row(node: Node, prefix: str) -> CardRow:
    """The number of a plain constant, in the middle of its pill."""
    shown = shorten_to_fit(words.fmt(node.value), _value_room(), 15)
    id = ident(prefix, node.id, "-value")
    return CardRow(
        max(20.0, _wide("val", shown)),
        22,
        lambda x, y, wide: _text("val lone", x + wide / 2, y + 16, shown, id),
    )


def is_small(value: Value) -> bool:
    """Whether an array is drawn as cells: a short vector or a small matrix."""
    most, across = _GRID
    is_table = 0 < len(value.shape) <= 2
    few = value.data is not None and 0 < len(value.data) <= most
    return is_table and few and value.shape[-1] <= across


def _grid_row(node: Node, prefix: str) -> CardRow:
    """A node's small array as cells."""
    return _grid(node.value, _named(prefix, node, "-value"))


def _grid(value: Value, name: str = "", boldness: float = 1) -> CardRow:
    across = value.shape[-1]
    cells = [words.number(entry, words.chosen(4)) for entry in value.data or ()]
    wide = max(26.0, *(_wide("cell", cell) * boldness + 12 for cell in cells))
    down = len(cells) // across
    indices = [divmod(i, across) for i in range(len(cells))]

    def draw(x: float, y: float, _: float) -> str:
        lines = [f"M{_n(x + i * wide)} {_n(y)}v{down * 20}" for i in range(across + 1)]
        lines += [
            f"M{_n(x)} {_n(y + i * 20)}h{_n(across * wide)}" for i in range(down + 1)
        ]
        texts = "".join(
            _text("cell", x + (at + 1) * wide - 6, y + row * 20 + 14.5, cell)
            for (row, at), cell in zip(indices, cells, strict=True)
        )
        path = f'<path class="tv-hair" d="{"".join(lines)}"/>'
        return f"<g{name}>{path}{texts}</g>"

    return CardRow(across * wide, down * 20 + 4, draw)


def _large_row(node: Node, prefix: str) -> CardRow:
    """A large array: its lowest, mean and highest entry, and a small picture of it."""
    value = node.value
    said = words.range_of(value) or words.fmt(value)
    id = ident(prefix, node.id, "-value")
    wide, high = heatmap.size(value)

    def draw(x: float, y: float, _: float) -> str:
        return _text("cell left", x, y + 13, said, id) + heatmap.draw(value, x, y + 20)

    return CardRow(max(_wide("cell", said), wide), 20 + (high + 4 if high else 0), draw)


def _state(node: Node) -> str:
    if node.gradient is None:
        return node.grad
    return "zero" if node.gradient.is_zero else "value"


def _grad_row(
    node: Node, prefix: str, longest: str, preview: CardRow | None
) -> CardRow:
    """The gradient slot, with a mark of its own for each state."""
    state = _state(node)
    known = node.gradient
    if known is not None and state == "value" and known.shape and is_small(known):
        shown = _grad_cells(known)
    else:
        shown = _grad_words(node, state)
    room = max(shown.width, _LABEL + max(_wide("grad", longest), 70))
    high = shown.height
    if preview is not None:
        room, high = max(room, preview.width), max(high, preview.height)

    def draw(x: float, y: float, wide: float) -> str:
        return (
            f'<path class="tv-hair" d="M{_n(x)} {_n(y + 2.5)}h{_n(wide)}"/>'
            + _text("word", x, y + 20, "gradient")
            + f'<g{_named(prefix, node, "-grad")} class="tv-{state}">'
            + shown.draw(x, y, wide)
            + "</g>"
        )

    return CardRow(room, high, draw)


def array_row(value: Value) -> CardRow:
    """An array in a gradient's slot: as cells, or a large one as a small picture."""
    if is_small(value):
        return _grad_cells(value)
    wide, high = heatmap.size(value)
    return CardRow(wide, 31 + high, lambda x, y, _: heatmap.draw(value, x, y + 27))


def array_in(slot: Rect, value: Value) -> str:
    """An array drawn in a node's gradient slot, for which ``arrays`` left room."""
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
            mark(state, x + _LABEL + 6, y + 15.5)
            + _text("grad", x + left, y + 20, said)
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


def mark(state: str, x: float, y: float) -> str:
    """The mark of a gradient's state around a point; a value has none."""
    return _MARKS[state](x, y)


_MARKS: Mapping[str, Callable[[float, float], str]] = {
    "value": lambda _x, _y: "",
    "pending": lambda x, y: (
        f'<rect class="tv-mark" x="{_n(x - 5)}" y="{_n(y - 5)}" width="10" '
        f'height="10"/>'
    ),
    "zero": lambda x, y: (
        f'<circle class="tv-mark" cx="{_n(x)}" cy="{_n(y)}" r="5.5"/>'
        f'<circle class="tv-mark" cx="{_n(x)}" cy="{_n(y)}" r="1.5"/>'
    ),
    "none": lambda x, y: (
        f'<path class="tv-mark" d="M{_n(x - 5)} {_n(y - 5)}l10 10m0-10l-10 10"/>'
    ),
}


def draw(card: Card, box: Rect, prefix: str) -> str:
    """A laid-out card as SVG markup."""
    node = card.node
    rim = _RIM if node.target else 0
    stack = _STACK if node.kind == "group" else 0
    box = Rect(box.x, box.y, box.width - stack, box.height - stack)
    inner = Rect(box.x + rim, box.y + rim, box.width - 2 * rim, box.height - 2 * rim)
    y, rows = inner.y + (5 if len(card.rows) == 1 else 4), []
    for row in card.rows:
        rows.append(row.draw(inner.x + _PAD, y, inner.width - 2 * _PAD))
        y += row.height
    classes = ["node", node.kind, *(["target"] if node.target else [])]
    classes += ["source"] if node.source else []
    failed = node.unrecorded == "failed"
    classes += ["ghost"] * bool(node.unrecorded) + ["failed"] * failed
    classes += card.looks
    fold = f' data-fold="{ident("", node.id)}"' if stack else ""
    return (
        f'<g id="{ident(prefix, node.id)}" class="{css_class(*classes)}"{fold}>'
        f"<title>{escape(_node_title(node))}</title>"
        f"{_shape(node, inner)}{_rim(box) if rim else ''}"
        f"{marks.cross(inner.x + inner.width, inner.y) if failed else ''}"
        f"{''.join(rows)}</g>"
    )


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


def _shape(node: Node, box: Rect) -> str:
    if node.kind == "watched":
        return f'<path class="tv-frame" d="{_cut(box, 9)}"/>'
    rx = {"variable": 5.0, "op": 1.0, "group": 3.0}.get(
        node.kind, min(box.height / 2, 20)
    )
    bar = ""
    if node.kind == "group":
        bar = f'<path class="tv-frame tv-rim tv-pile" d="{_pile(box)}"/>'
    if node.kind == "variable" and not node.unrecorded:
        at = f'x="{_n(box.x)}" y="{_n(box.y)}" height="{_n(box.height)}"'
        bar = f'<rect class="tv-accent" {at} width="5" rx="2.5"/>'
    return f'<rect class="tv-frame" {_at(box)} rx="{_n(rx)}"/>{bar}'


def _pile(box: Rect) -> str:
    """The edges of two sheets that lie below a group's own."""
    wide, high = _n(box.width), _n(box.height)
    return "".join(
        f"M{_n(box.x + box.width + at - 3)} {_n(box.y + at)}h3v{high}h-{wide}v-3"
        for at in (3, 6)
    )


def _cut(box: Rect, c: float) -> str:
    wide, high = _n(box.width - 2 * c), _n(box.height - 2 * c)
    return (
        f"M{_n(box.x + c)} {_n(box.y)}h{wide}l{c} {c}v{high}l-{c} {c}"
        f"h-{wide}l-{c}-{c}v-{high}z"
    )


def _rim(box: Rect) -> str:
    return f'<rect class="tv-frame tv-rim" {_at(box)} rx="3" style="fill:none"/>'


def _at(box: Rect) -> str:
    return (
        f'x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" '
        f'height="{_n(box.height)}"'
    )


def _named(prefix: str, node: Node, part: str) -> str:
    return f' id="{ident(prefix, node.id, part)}"'
