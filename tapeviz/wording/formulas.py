"""Formulas in three notations: plain text, LaTeX and MathML.

A formula is parsed from Python's notation, in which the derivative rules are written,
into a small tree, and written out from there.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from tapeviz.trace.markup import Element, element
from tapeviz.trace.symbolic import no_factors
from tapeviz.trace.value import short_exponents, spelled_as
from tapeviz.wording.values import one_line


@dataclass(frozen=True)
class Math:
    """A formula: a kind, the formulas in it, and for a leaf its text.

    The kinds are ``symbol``, ``number``, ``word``, ``sign``, ``row``, ``fraction``,
    ``power``, ``root``, ``call`` (the first part is the function) and ``bracket``.
    """

    kind: str
    text: str = ""
    parts: tuple[Math, ...] = ()


def symbol(text: str) -> Math:
    """A name, such as ``x`` or ``v3``."""
    return Math("symbol", text)


def number(text: str) -> Math:
    """A number, or an array written out, as it stands."""
    return Math("number", text)


def sign(text: str) -> Math:
    """An operator such as ``+`` or ``=``."""
    return Math("sign", text)


def row(*parts: Math) -> Math:
    """Formulas side by side."""
    return Math("row", parts=parts)


def joined(parts: Sequence[Math], between: str) -> Math:
    """Formulas with a sign between them."""
    out: list[Math] = []
    for part in parts:
        out += [sign(between), part] if out else [part]
    return row(*out)


def derivative(above: Math, below: Math, d: str = "d") -> Math:
    """``dy/dx``, or with ``d="∂"`` a partial derivative."""
    return Math("fraction", d, (_differential(d, above), _differential(d, below)))


def _differential(d: str, of: Math) -> Math:
    plain = of.kind == "symbol" and of.text.isidentifier()
    return row(symbol(d), of if plain else Math("bracket", parts=(of,)))


_PATH = re.compile(r"(?:\u2026|[A-Za-z_]\w*)(?:/\w+)+")


def _encoded(text: str) -> str:
    """The text with names such as ``dense/kernel`` as identifiers.

    Python writes a division with spaces around its sign; without, it is in a name.
    """
    return _PATH.sub(
        lambda m: m[0].replace("/", "\u01c0").replace("\u2026", "\u01c1"), text
    )


def _decoded(text: str) -> str:
    return text.replace("\u01c0", "/").replace("\u01c1", "\u2026")


# -- reading ------------------------------------------------------------------------


def read(text: str) -> Math:
    """The formula of a text in Python's notation; the text itself where it is none."""
    try:
        tree = ast.parse(_encoded(text.strip()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Math("word", one_line(text, 200))
    return _read(tree)


_SIGNS: dict[type, tuple[str, int]] = {
    ast.Add: ("+", 1), ast.Sub: ("−", 1), ast.Mult: ("·", 2), ast.MatMult: ("@", 2),
    ast.Mod: ("mod", 2), ast.FloorDiv: ("//", 2), ast.BitAnd: ("and", 0),
    ast.BitOr: ("or", 0), ast.BitXor: ("xor", 0),
}  # fmt: skip
_TESTS: dict[type, str] = {
    ast.Gt: ">", ast.GtE: "≥", ast.Lt: "<", ast.LtE: "≤", ast.Eq: "=", ast.NotEq: "≠",
}  # fmt: skip


def _read(node: ast.expr, *, after: bool = False) -> Math:
    """The formula; ``after`` a sign a minus gets brackets, as on paper."""
    if isinstance(node, (ast.Name, ast.Constant)):
        return _leaf(node)
    if isinstance(node, ast.BinOp):
        return _binary(node, after=after)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        negative = row(sign("−"), _within(node.operand, 2))
        return Math("bracket", parts=(negative,)) if after else negative
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call(node, node.func.id)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _TESTS:
        left, right = _read(node.left), _read(node.comparators[0])
        return row(left, sign(_TESTS[type(node.ops[0])]), right)
    return Math("word", one_line(_decoded(ast.unparse(node)), 200))


def _leaf(node: ast.Name | ast.Constant) -> Math:
    if isinstance(node, ast.Name):
        return symbol(_decoded(node.id))
    plain = isinstance(node.value, (int, float))
    said = ast.unparse(node)
    return number(short_exponents(said)) if plain else Math("word", said)


def _binary(node: ast.BinOp, *, after: bool) -> Math:
    if isinstance(node.op, ast.Div):
        return Math("fraction", parts=(_read(node.left), _read(node.right)))
    if isinstance(node.op, ast.Pow):
        return Math("power", parts=(_within(node.left, 4), _read(node.right)))
    text, level = _SIGNS.get(type(node.op), ("?", 0))
    right = level + (isinstance(node.op, (ast.Sub, ast.MatMult)))
    minus = isinstance(node.left, ast.UnaryOp)
    left = _within(node.left, 0 if minus else level, after=after)
    return row(left, sign(text), _within(node.right, right, after=True))


def _level(node: ast.expr) -> int:
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Div):
            return 3
        return (
            3 if isinstance(node.op, ast.Pow) else _SIGNS.get(type(node.op), ("", 0))[1]
        )
    if isinstance(node, ast.UnaryOp):
        return 1
    return 0 if isinstance(node, (ast.Compare, ast.IfExp)) else 5


def _within(node: ast.expr, level: int, *, after: bool = False) -> Math:
    if _level(node) >= level:
        return _read(node, after=after)
    return Math("bracket", parts=(_read(node),))


def _call(node: ast.Call, name: str) -> Math:
    args = tuple(map(_read, node.args))
    if name == "sqrt" and len(args) == 1:
        return Math("root", parts=args)
    if name == "T" and len(args) == 1:
        return Math("power", parts=(_within(node.args[0], 4), Math("word", "T")))
    return Math("call", name, args)


# -- simplifying --------------------------------------------------------------------


def simplified(text: str, *, exponents: bool = False) -> str:
    """The formula with sums of whole numbers worked out, without what changes nothing.

    With ``exponents`` only exponents are worked out, so that numbers that were filled
    in can still be seen.

    >>> simplified("g * 2 * x ** (2 - 1)"), simplified("g * 1 * x ** (1 - 1)")
    ('g * 2 * x', 'g')
    >>> simplified("1 * 2 * 3 ** (2 - 1)", exponents=True)
    '1 * 2 * 3'
    """
    try:
        tree = ast.parse(_encoded(text.strip()), mode="eval").body
        before = ast.dump(tree)
        found = _Simplifier(exponents=exponents).visit(tree)
        if ast.dump(found) == before:
            return text
        return bracketed(_decoded(spelled_as(text, ast.unparse(found))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text


def bracketed(text: str) -> str:
    """The formula with brackets around each negative number after another sign.

    >>> bracketed("-2 * -3 - -1e-7")
    '-2 * (-3) - (-1e-7)'
    """
    return _BELOW_ZERO.sub(r"(-\1)", no_factors(text))


_BELOW_ZERO = re.compile(r"(?<=[*+/@-] )-(\d[\d.]*(?:e[+-]?\d+)?)(?![\d.e]| ?\*\*)")


class _Simplifier(ast.NodeTransformer):
    """Works out sums of whole numbers, and drops factors 1, terms 0 and exponents 1."""

    def __init__(self, *, exponents: bool) -> None:
        self.exponents = exponents

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        op, before = type(node.op), self.exponents
        node.left = self.visit(node.left)
        self.exponents = before and op is not ast.Pow
        node.right = self.visit(node.right)
        self.exponents = before
        left, right = _whole(node.left), _whole(node.right)
        if op is ast.Pow and right in (0, 1):
            return node.left if right else ast.Constant(1)
        if before:
            return node
        if left is not None and right is not None and op in _FOLDED:
            return _constant(_FOLDED[op](left, right))
        if (op is ast.Mult and right == 1) or (op in _FOLDED and right == 0):
            return node.left
        if (op is ast.Mult and left == 1) or (op is ast.Add and left == 0):
            return node.right
        return node


_FOLDED: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub,
}  # fmt: skip


def _whole(node: ast.expr) -> int | None:
    """The whole number that an expression is, below zero too."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _whole(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return None


def _constant(value: int) -> ast.expr:
    made = ast.Constant(abs(value))
    return ast.UnaryOp(ast.USub(), made) if value < 0 else made


# -- writing ------------------------------------------------------------------------


def to_text(math: Math) -> str:
    """The formula on one line of plain text."""
    return _write(math, _TEXT)


def to_latex(math: Math) -> str:
    r"""The formula as LaTeX, without the dollar signs around it.

    >>> to_latex(read("g * cos(x1) / 2"))
    '\\frac{g \\cdot \\cos\\left(x_{1}\\right)}{2}'
    """
    return _write(math, _LATEX)


def to_mathml(math: Math) -> Element:
    """The formula as a ``<math>`` element, with its text for those who need it."""
    inside = element("mrow", *_write(math, _MATHML))
    return element("math", inside, alttext=to_text(math))


T = TypeVar("T")
Notation = dict[str, Callable[[Math, tuple[T, ...]], T]]
"""How each kind of formula is written: a function of it and its written parts."""


def _write(math: Math, notation: Notation[T]) -> T:
    return notation[math.kind](
        math, tuple(_write(part, notation) for part in math.parts)
    )


def _text_sign(math: Math, _: tuple[str, ...]) -> str:
    return " * " if math.text == "·" else f" {math.text} "


def _text_row(math: Math, parts: tuple[str, ...]) -> str:
    minus = math.parts and math.parts[0].kind == "sign"
    return "".join(parts).lstrip() if not minus else "-" + "".join(parts[1:])


def _text_fraction(math: Math, parts: tuple[str, ...]) -> str:
    if math.text:
        return f"{parts[0]}/{parts[1]}"
    numerator, denominator = (f"({text})" if " " in text else text for text in parts)
    return f"{numerator} / {denominator}"


def _text_power(math: Math, parts: tuple[str, ...]) -> str:
    base, exponent = parts
    if math.parts[1].text == "T":
        return f"{base}ᵀ"
    return f"{base} ** ({exponent})" if " " in exponent else f"{base} ** {exponent}"


_TEXT: Notation[str] = {
    "symbol": lambda m, _: m.text,
    "number": lambda m, _: m.text,
    "word": lambda m, _: m.text,
    "sign": _text_sign,
    "row": _text_row,
    "fraction": _text_fraction,
    "power": _text_power,
    "root": lambda _, p: f"sqrt({p[0]})",
    "call": lambda m, p: f"{m.text}({', '.join(p)})",
    "bracket": lambda _, p: f"({p[0]})",
}

_INDEXED = re.compile(r"([A-Za-z])_?(\d+)")
_KNOWN = frozenset(
    ("sin", "cos", "tan", "exp", "log", "sinh", "cosh", "tanh", "max", "min", "det")
)
_LATEX_SIGNS = {
    "·": r"\cdot", "−": "-", "≥": r"\ge", "≤": r"\le", "≠": r"\ne", "@": r"\,",
    "mod": r"\bmod", "//": "//", "←": r"\leftarrow",
}  # fmt: skip
_ESCAPES = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{c: "\\" + c for c in "{}$&#_%"},
}  # fmt: skip


def latex_text(text: str) -> str:
    """Any text as LaTeX that prints just this text."""
    return "".join(_ESCAPES.get(c, c) for c in one_line(text))


def _latex_symbol(math: Math, _: tuple[str, ...]) -> str:
    text = math.text
    if text == "∂":
        return r"\partial "
    if len(text) == 1 and text.isalpha():
        return text
    indexed = _INDEXED.fullmatch(text)
    if indexed:
        return f"{indexed[1]}_{{{indexed[2]}}}"
    return rf"\mathtt{{{latex_text(text)}}}"


def _latex_call(math: Math, parts: tuple[str, ...]) -> str:
    name = math.text
    head = rf"\{name}" if name in _KNOWN else rf"\operatorname{{{latex_text(name)}}}"
    return rf"{head}\left({', '.join(parts)}\right)"


def _latex_sign(math: Math, _: tuple[str, ...]) -> str:
    return f" {_LATEX_SIGNS.get(math.text, math.text)} "


_LATEX: Notation[str] = {
    "symbol": _latex_symbol,
    "number": lambda m, _: latex_text(m.text),
    "word": lambda m, _: rf"\mathrm{{{latex_text(m.text)}}}",
    "sign": _latex_sign,
    "row": lambda _, p: "".join(p).strip(),
    "fraction": lambda _, p: rf"\frac{{{p[0]}}}{{{p[1]}}}",
    "power": lambda _, p: f"{{{p[0]}}}^{{{p[1]}}}",
    "root": lambda _, p: rf"\sqrt{{{p[0]}}}",
    "call": _latex_call,
    "bracket": lambda _, p: rf"\left({p[0]}\right)",
}


Elements = tuple[Element, ...]


def _mathml_leaf(tag: str, math: Math) -> Elements:
    return (element(tag, one_line(math.text)),)


def _mathml_symbol(math: Math, _: tuple[Elements, ...]) -> Elements:
    indexed = _INDEXED.fullmatch(math.text)
    if indexed is None:
        return _mathml_leaf("mi", math)
    return (element("msub", element("mi", indexed[1]), element("mn", indexed[2])),)


def _mathml_rows(tag: str, parts: tuple[Elements, ...]) -> Elements:
    return (element(tag, *(element("mrow", *part) for part in parts)),)


def _mathml_call(math: Math, parts: tuple[Elements, ...]) -> Elements:
    first, *others = parts or ((),)
    inside = first + tuple(one for part in others for one in (_COMMA, *part))
    return (*_mathml_leaf("mi", math), _OPEN, *inside, _CLOSE)


_OPEN, _COMMA, _CLOSE = (element("mo", sign) for sign in "(,)")

_MATHML: Notation[Elements] = {
    "symbol": _mathml_symbol,
    "number": lambda m, _: _mathml_leaf("mn", m),
    "word": lambda m, _: _mathml_leaf("mtext", m),
    "sign": lambda m, _: _mathml_leaf("mo", m),
    "row": lambda _, p: (element("mrow", *chain(*p)),),
    "fraction": lambda _, p: _mathml_rows("mfrac", p),
    "power": lambda _, p: _mathml_rows("msup", p),
    "root": lambda _, p: (element("msqrt", *p[0]),),
    "call": _mathml_call,
    "bracket": lambda _, p: (_OPEN, *p[0], _CLOSE),
}
