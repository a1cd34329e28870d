"""Numbers, arrays, names and formulas as people write them, and graphs as tables."""

from __future__ import annotations

import ast
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from tapeviz.errors import value_error
from tapeviz.trace.graph import (
    CUTS,
    NOT_RECORDED,
    Badge,
    Edge,
    Graph,
    GraphFrame,
    Node,
    UnrecordedEdge,
)
from tapeviz.trace.symbolic import (
    HIGH,
    LOW,
    MEAN,
    ODD,
    Symbolic,
    chosen_text,
    text_unless_zero,
)
from tapeviz.trace.value import Entry, Value, format_number, spelled_as
from tapeviz.wording.text_width import ELLIPSIS

NOT_YET = "not yet"
"""The words for a gradient that is not computed yet."""

UNSEEN = "?"
"""Stands for a value that was not recorded."""

SIGNS = {
    "added": "+",
    "removed": "\u2212",
    "changed": "\u0394",
    "held": "\u25a0",
    "shared": "\u25a1",
}
"""What stands for each kind of badge in a text."""

_DIGITS = 5
_CELLS = 12
_JOINERS = "\u200c\u200d\u200e"
_FORMULA = 26


_CHOSEN: ContextVar[int | None] = ContextVar("digits", default=None)
_MOST = 17


@contextmanager
def precision(digits: int | None) -> Iterator[None]:
    """Inside it numbers are written with so many significant digits; None: as usual.

    >>> with precision(2):
    ...     number(3.14159)
    '3.1'
    """
    token = _CHOSEN.set(digits)
    try:
        yield
    finally:
        _CHOSEN.reset(token)


def check_precision(digits: int | None) -> int | None:
    """The number itself; ValueError unless it is None or from 1 to 17."""
    whole = isinstance(digits, int) and not isinstance(digits, bool)
    if digits is not None and not (whole and 1 <= digits <= _MOST):
        raise value_error(
            f"precision is {digits!r}, which is no number of digits",
            f"give a whole number from 1 to {_MOST}, or None for the usual ones",
        )
    return digits


def chosen(usual: int) -> int:
    """How many significant digits to write, where usually it would be so many."""
    return _CHOSEN.get() or usual


def fmt(value: Value) -> str:
    """The value for people: a rounded number, a small array, or words for a large one.

    An array of one entry is written as this number. Arrays of more than 12 entries are
    described by their dtype, shape and mean.

    >>> fmt(Value("float32", (1, 1), (6.0,)))
    '6'
    >>> fmt(Value("float32", (2,), (1.0, 0.25)))
    '[1, 0.25]'
    """
    data = value.data
    if not value.known:
        return UNSEEN
    if data is None or len(data) > _CELLS:
        return _described(value)
    if not data and value.shape:
        return f"empty {value.dtype} {shape(value)}"
    return _nested([number(entry) for entry in data], value.shape * (len(data) > 1))


def _described(value: Value) -> str:
    mean = _mean(value)
    words = f"{value.dtype} {shape(value)}"
    return words if mean is None else f"{words}  mean {number(mean)}"


def _mean(value: Value) -> float | None:
    if value.data is None:
        return value.summary.mean if value.summary else None
    if value.data and isinstance(value.data[0], Symbolic):
        return value.data[0].other(MEAN)
    found = [float(v) for v in value.data if isinstance(v, (bool, int, float))]
    finite = [v for v in found if math.isfinite(v)]
    return math.fsum(finite) / len(finite) if finite else None


def _nested(parts: Sequence[str], dims: tuple[int, ...]) -> str:
    if not dims:
        return parts[0]
    step = len(parts) // dims[0]
    rows = (_nested(parts[i : i + step], dims[1:]) for i in range(0, len(parts), step))
    return f"[{', '.join(rows)}]"


def number(entry: Entry, digits: int = 0) -> str:
    """One entry for people, with so many significant digits.

    >>> [number(v) for v in (6.0, 0.10000000149011612, 1e-7, float("-inf"), True)]
    ['6', '0.1', '1e-7', '-inf', 'True']
    """
    if isinstance(entry, str):
        return repr(one_line(entry, 12))
    return format_number(entry, digits or chosen(_DIGITS))


def exact(value: Value) -> str:
    """The value with every digit its dtype holds, for hovering and copying.

    A large array is described by its lowest, mean and highest entry.

    >>> exact(Value("float32", (), (0.10000000149011612,)))
    '0.1'
    """
    if value.data is not None:
        entries = [_precise(entry, value.dtype) for entry in value.data]
        return _nested(entries, value.shape) if entries else "[]"
    s = value.summary
    if s is None:
        return ELLIPSIS
    odd = f", {s.odd} nan or infinite" if s.odd else ""
    return f"from {s.low!r} to {s.high!r}, mean {s.mean!r}{odd}"


def _precise(entry: Entry, dtype: str) -> str:
    if isinstance(entry, float) and dtype in {"float16", "float32"}:
        import numpy as np

        return str(np.dtype(dtype).type(entry))
    return repr(entry)


def counted(count: int, noun: str) -> str:
    """A number of things, in words.

    >>> counted(2988, "operation"), counted(1, "leaf")
    ('2\u00a0988 operations', '1 leaf')
    """
    return f"{grouped(count)} {noun}{'' if count == 1 else 's'}"


def join(parts: Sequence[str]) -> str:
    """The parts as in "a, b and c"."""
    *most, last = parts or ("nothing",)
    return f"{', '.join(most)} and {last}" if most else last


def grouped(count: int) -> str:
    """A whole number with its thousands set apart."""
    return f"{count:,}".replace(",", "\u00a0")


def shape(value: Value) -> str:
    """The shape in parentheses, as NumPy prints it; "" for a scalar.

    >>> shape(Value("float32", (2,), (1.0, 2.0)))
    '(2,)'
    """
    return str(value.shape) if value.shape else ""


def describe(value: Value) -> str:
    """The exact value with its dtype and shape: what a picture says on hovering.

    >>> describe(Value("float32", (2,), (1.0, 2.0)))
    '[1.0, 2.0]  float32, shape (2,)'
    """
    if not value.known:
        return "a value that was not kept"
    dims = f", shape {shape(value)}" if value.shape else ""
    return f"{exact(value)}  {value.dtype}{dims}"


def one_line(text: str, limit: int = 0) -> str:
    """The text on one line, without invisible controls, and cut after ``limit``.

    Line ends and tabs become spaces; controls, also those that change the direction
    of writing, become U+FFFD. After a right-to-left text comes a mark that keeps
    what follows in its place.

    >>> one_line("two" + chr(10) + "lines", 6)
    'two l\u2026'
    """
    plain = re.sub(r"\s+", " ", text)
    simple = plain.isascii() and plain.isprintable()
    plain = plain if simple else "".join(map(_visible, plain))
    if limit and len(plain) > limit:
        plain = plain[: limit - 1] + ELLIPSIS
    if simple:
        return plain
    return plain.rstrip("\u200e") + "\u200e" if _leftward(plain) else plain


_PATH = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)+")


def short_name(name: str, limit: int) -> str:
    """A name on one line; a long path is cut at its start, where paths differ least.

    The cut is before a part if two whole parts fit, else within one.

    >>> short_name("sequential/dense_1/kernel", 16)
    '\u2026/dense_1/kernel'
    >>> short_name("sequential/dense_100/kernel", 16)
    '\u2026ense_100/kernel'
    """
    plain = one_line(name)
    if len(plain) <= limit or not _PATH.fullmatch(plain):
        return one_line(name, limit)
    rest = plain[1 - limit :]
    below = rest.partition("/")[2]
    return f"{ELLIPSIS}/{below}" if "/" in below else f"{ELLIPSIS}{rest}"


def path_name(name: str) -> str:
    """A name as it is said in a sentence: of a long path the last two parts.

    >>> path_name("sequential/dense/kernel"), path_name("a_rather_long_name")
    ('\u2026/dense/kernel', 'a_rather_long_name')
    """
    plain = one_line(name)
    parts = plain.rsplit("/", 2) if _PATH.fullmatch(plain) else []
    shown = "/".join((ELLIPSIS, *parts[1:]))
    return shown if len(parts) > 2 and len(shown) <= 24 else short_name(name, 24)


def _visible(char: str) -> str:
    if char in _JOINERS:
        return char
    bad = unicodedata.category(char) in {"Cc", "Cf", "Cs"} or char in "\ufffe\uffff"
    return "\ufffd" if bad else char


def _leftward(text: str) -> bool:
    return any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)


def brief(value: Value, limit: int = 28) -> str:
    """The value in at most about ``limit`` characters, without its dtype.

    A small array is written out if it fits; otherwise its shape and mean stand for it.

    >>> brief(Value("float32", (3,), (1.0, 2.0, 6.0)), limit=8)
    '(3,) mean 3'
    """
    few = value.data is not None and len(value.data) <= _CELLS
    if few and not value.shape:
        return fmt(value)
    mean = _mean(value)
    said = shape(value) if mean is None else f"{shape(value)} mean {number(mean)}"
    return chosen_text(fmt(value), limit, fmt(value), said) if few else said


def kind(value: Value) -> str:
    """The dtype where it is worth a word: of arrays, and of unusual numbers.

    >>> kind(Value("float32", (), (1.0,))), kind(Value("float64", (), (1.0,)))
    ('', 'float64')
    """
    return "" if not value.shape and value.dtype in _USUAL else value.dtype


_USUAL = ("float32", "float", "int", "bool", "string", "")


def range_of(value: Value) -> str:
    r"""The lowest, the mean and the highest entry of a large array; "" without any.

    >>> range_of(Value("float32", (3,), (1.0, 2.0, 6.0))).split(" \u00b7 ")
    ['min 1', 'mean 3', 'max 6']
    """
    mean, summary = _mean(value), value.summary
    if mean is None:
        return ""
    entries = [float(e) for e in value.data or () if isinstance(e, (int, float))]
    finite = [e for e in entries if math.isfinite(e)]
    ends = (summary.low, summary.high) if summary else (min(finite), max(finite))
    odd = summary.odd if summary else len(entries) - len(finite)
    more = f" \u00b7 {odd} nan or inf" if odd else ""
    if value.data and isinstance(value.data[0], Symbolic):
        one = value.data[0]
        ends, count = (one.other(LOW), one.other(HIGH)), one.other(ODD)
        more = f" \u00b7 {number(count)} nan or inf"
        more = text_unless_zero(count, more, "")
    low, high = (number(end, chosen(4)) for end in ends)
    parts = [f"min {low}", f"mean {number(mean, chosen(4))}", f"max {high}"]
    return " \u00b7 ".join(parts) + more


def quiet(node: Node) -> bool:
    """Whether no gradient is shown: a constant, an unrecorded value or a port."""
    mute = node.kind in {"constant", "port"} or bool(node.unrecorded)
    return mute and not node.source and node.grad == "pending"


def flow(edge: Edge, tail: Value, head: Value) -> str:
    """The shape that flows along an edge, and what broadcasting makes of it."""
    dims = shape(tail)
    if edge.broadcast:
        return f"{dims or 'scalar'} \u2192 {shape(head)}"
    return dims


def gradient(node: Node) -> str:
    """What is known of a node's gradient, in words or as a number."""
    if node.gradient is not None:
        return brief(node.gradient)
    return "None" if node.grad == "none" else NOT_YET


def formulas(graph: Graph) -> dict[str, str]:
    """Each op's formula in the learner's names, like ``x ** 2 + 2 * x``.

    An operand without a name is written out as its own formula where all of it stays
    short, and as an ellipsis where it does not.
    """
    known: dict[str, ast.expr] = {}
    found: dict[str, str] = {}
    powers = spelling(graph)
    for node in graph.nodes:
        tree = None
        if node.kind == "op":
            names = {edge.label: known[edge.tail] for edge in graph.into[node.id]}
            tree, found[node.id] = _formula(node.formula, names, powers)
        known[node.id] = _operand(node, tree)
    return found


def _operand(node: Node, tree: ast.expr | None) -> ast.expr:
    """What a node is called in the formula of an op that uses it."""
    if node.name:
        return ast.Name(short_name(node.name, 16))
    if node.kind in {"op", "group", "port"}:
        return tree or ast.Name(ELLIPSIS)
    if node.value.shape:
        text = fmt(node.value)
        listed = text.startswith("[") and len(text) <= _FORMULA // 2
        return ast.Name(text if listed else ELLIPSIS)
    return constant(fmt(node.value))


def constant(text: str) -> ast.expr:
    """A name or number as an expression, so that ``-2`` gets parentheses if it must."""
    if text.startswith("-"):
        return ast.UnaryOp(ast.USub(), ast.Name(text[1:]))
    return ast.Name(text)


def _formula(
    formula: str, names: Mapping[str, ast.expr], powers: str
) -> tuple[ast.expr | None, str]:
    """The filled formula, with the long operands left out if it gets too long."""
    tree = _filled(formula, names)
    if tree is None:
        return None, one_line(formula)
    whole = spelled_as(powers, ast.unparse(tree))
    if len(whole) <= _FORMULA:
        return tree, whole
    plain = (ast.Name, ast.UnaryOp)
    short = {
        k: v if isinstance(v, plain) else ast.Name(ELLIPSIS) for k, v in names.items()
    }
    tree = _filled(formula, short)
    return (
        (tree, spelled_as(powers, ast.unparse(tree)))
        if tree
        else (None, one_line(formula))
    )


def fill(formula: str, names: Mapping[str, ast.expr | str]) -> str:
    """The formula with its slots replaced, and parentheses where they are needed.

    A replacement is an expression, or a name or number taken as it stands. Powers are
    spelled as the formula spells them.

    >>> fill("a * b", {"a": ast.parse("x + 1", mode="eval").body, "b": "2.0"})
    '(x + 1) * 2.0'
    """
    exprs = {k: ast.Name(v) if isinstance(v, str) else v for k, v in names.items()}
    tree = _filled(formula, exprs)
    return one_line(formula) if tree is None else spelled_as(formula, ast.unparse(tree))


def spelling(graph: Graph) -> str:
    """A text that shows how a graph's powers and quotes are spelled."""
    powers = next((n.formula for n in graph.nodes if "**" in n.formula), "")
    codes = (n.span.text for n in graph.nodes if n.span)
    return powers + next((q for code in codes for q in _QUOTES if q in code), "")


_QUOTES = ('"', "'")


def _filled(formula: str, names: Mapping[str, ast.expr]) -> ast.expr | None:
    try:
        tree = ast.parse(formula.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None
    filled: ast.expr = _Filler(names).visit(tree)
    return filled


class _Filler(ast.NodeTransformer):
    """Replaces the slots' names by the operands' expressions."""

    def __init__(self, names: Mapping[str, ast.expr]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.names.get(node.id, node)


def badge(badge: Badge) -> str:
    """A badge in words, after a sign of its kind.

    >>> badge(Badge("n1", "changed", "value 2 \u2192 3"))
    '\u0394 value 2 \u2192 3'
    """
    said = one_line(badge.text)
    return said if said[:1] in SIGNS.values() else f"{SIGNS[badge.kind]} {said}".strip()


def table(graph: Graph) -> str:
    """The graph as a plain table: one row for each value, in the order of recording.

    The columns are the id, what it is, its name, its formula in terms of names and
    ids, its value, its gradient, and the code it comes from.
    """
    if not graph.nodes:
        said = remarks(graph)
        return "\n".join(said) if said else "nothing was recorded"
    known = {node.id: operand_name(node, node.id) for node in graph.nodes}
    heads = ("id", "kind", "name", "formula", "value", "gradient", "where")
    rows = [_row(node, graph.into[node.id], known) for node in graph.nodes]
    below = remarks(graph)
    return "\n".join([columns(heads, rows), *(["", *below] if below else [])])


def remarks(graph: Graph) -> list[str]:
    """Sentences about the tape, its blocks, its cuts and its unrecorded values."""
    notes = [one_line(note.text) for note in graph.notes]
    noted = " ".join(notes)
    unrecorded = (node for node in graph.nodes if node.unrecorded and node.note)
    return [
        *notes,
        *(_block(frame, graph) for frame in graph.frames),
        *(_cut(edge, graph) for edge in graph.edges if edge.cut),
        *(_cut(trail, graph) for trail in graph.unrecorded_edges if trail.cut),
        *(
            _unrecorded(node, graph)
            for node in unrecorded
            if one_line(node.note) not in noted
        ),
    ]


def _block(frame: GraphFrame, graph: Graph) -> str:
    watched = ", ".join(map(path_name, frame.watches)) or "nothing"
    ops = [_named(graph.node(id)) for id in frame.nodes if graph.node(id).kind == "op"]
    return (
        f"{one_line(frame.name, 24)} watches {watched} and recorded {', '.join(ops)}."
    )


def _cut(one: Edge | UnrecordedEdge, graph: Graph) -> str:
    tail, head = graph.node(one.tail), graph.node(one.head)
    said = f"From {_named(head)} to {_named(tail)}: {CUTS[one.cut]}."
    return " ".join(filter(None, (said, one_line(one.note))))


def _unrecorded(node: Node, graph: Graph) -> str:
    into = [graph.node(t.tail) for t in graph.unrecorded_edges if t.head == node.id]
    of = f" from {', '.join(map(_named, into))}" if into else ""
    return f"{_named(node)}{of}, {NOT_RECORDED[node.unrecorded]}: {one_line(node.note)}"


def _named(node: Node) -> str:
    """A node by its name or, failing that, by its code or value, and its id."""
    code = node.formula if node.unrecorded else ""
    known = path_name(node.name or code)
    return known or f"{one_line(node.symbol) or fmt(node.value)} ({node.id})"


def operand_name(node: Node, otherwise: str) -> str:
    """What a node is called in a formula: its name, or the number that a leaf is."""
    if node.name:
        return short_name(node.name, 16)
    leaf = node.kind not in {"op", "group", "port"} and not node.value.shape
    return fmt(node.value) if leaf else otherwise


def _row(node: Node, slots: Iterable[Edge], known: dict[str, str]) -> tuple[str, ...]:
    names: dict[str, ast.expr | str] = {e.label: known[e.tail] for e in slots}
    formula = fill(node.formula, names) if node.kind == "op" else ""
    kind = node.op if node.kind == "op" else node.kind
    kind = f"{kind}, {NOT_RECORDED[node.unrecorded]}" if node.unrecorded else kind
    return (
        node.id,
        f"{kind}, target" if node.target else kind,
        path_name(node.name),
        one_line(formula, 40),
        fmt(node.value),
        "" if quiet(node) else gradient(node),
        where(node),
    )


def where(node: Node) -> str:
    """The code a node comes from, with its file and line; "" when it is not known.

    The number of a notebook cell is left out. It grows with every run, and the same
    code should give the same picture.
    """
    span = node.span
    if span is None:
        return ""
    prefix = "line " if span.file.startswith("In [") else f"{one_line(span.file, 24)}:"
    return f"{prefix}{span.line}  {one_line(span.text, 40)}"


def columns(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells as lines of text, each column as wide as its widest cell."""
    lines = [tuple(heads), *map(tuple, rows)]
    widths = [max(map(_cells, column)) for column in zip(*lines, strict=True)]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(line, widths) for line in (lines[0], rule, *lines[1:]))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (c + " " * (w - _cells(c)) for c, w in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


@lru_cache(maxsize=1024)
def _columns(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
