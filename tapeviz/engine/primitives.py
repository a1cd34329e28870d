"""Vjp rules as short texts, and the functions that are compiled from them.

``"g * cos(x)"`` is the vjp of ``sin(x)``: ``g`` is the upstream gradient, ``x`` the
operand (``a``, ``b``, ``c`` where there are more), ``y`` the op's own result. The names
a rule uses are all that the record has to save. The text is executed, shown and tested.

A text is compiled once, to ``lambda g, r: g * cos(r[2])``, where ``r`` is the record.
What its words (``cos``) do depends on the namespace that they are looked up in: that of
arrays, of tensors (which are recorded, so that gradients have gradients), and of each
with one more axis in front (for Jacobians).
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import Any

from tapeviz.engine.parsing import parse
from tapeviz.errors import RULES

OPERANDS = ("a", "b", "c", "x")


@dataclass(frozen=True)
class Rule:
    """A rule's text and what it needs: operands, the result, shapes."""

    text: str

    @cached_property
    def tree(self) -> ast.expr:
        """The text as a tree, with ``shape(x)`` as the saved name ``shape_x``."""
        made: ast.expr = _Shapes().visit(parse(self.text, mode="eval")).body
        return made

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that the compiled text looks up."""
        return _names(self.tree)

    @cached_property
    def shapes(self) -> frozenset[str]:
        """The values of which only the shape is asked, as ``shape(x)``."""
        of = "shape_"
        return frozenset(n.removeprefix(of) for n in self.names if n.startswith(of))

    @cached_property
    def called(self) -> frozenset[str]:
        """Names that stand inside a function call or a comparison."""
        inside = (ast.Call, ast.Compare)
        found = [n for n in ast.walk(self.tree) if isinstance(n, inside)]
        return frozenset(name for n in found for name in _names(n))

    @cached_property
    def is_fresh(self) -> bool:
        """Whether its result is always a new array, never ``g`` itself."""
        return isinstance(self.tree, (ast.BinOp, ast.UnaryOp))


def _names(tree: ast.AST) -> frozenset[str]:
    return frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))


class _Shapes(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name, args = node.func, node.args
        if getattr(name, "id", "") == "shape" and isinstance(args[0], ast.Name):
            return _name(f"shape_{args[0].id}")
        return node


@dataclass(frozen=True)
class Op:
    """One entry of the registry.

    ``text`` is the op itself in the words of the rules, ``rules`` one vjp text per
    operand (None: no gradient flows there). ``operands`` that are called ``xs`` alone
    may be any number; ``settings`` are the arguments that are no tensors. ``kernel`` is
    TensorFlow's name of the op, for error messages. ``broadcasts``: the operands are
    broadcast to a common shape. ``cut``: no gradient passes, so results count as
    constants. ``ordered``: swapping the operands changes the result. ``conjugates``:
    for complex numbers the conjugate of the derivative is meant; not so for ops between
    real and complex, whose rules say it themselves. ``kinds``: the kinds of number it
    takes, by NumPy's letters (b, i, u, f, c); all if empty. ``missing``: asking for its
    gradient is an error, as in TensorFlow. ``reference`` is the op in NumPy (``np``),
    by another formula where there is one, for the tests. Pictures show ``symbol``; the
    rule in words is ``nickname``, and ``why`` gives the form of the rules that it comes
    from; ``domain`` says where the op is defined.
    """

    name: str
    code: int
    text: str
    rules: tuple[Rule | None, ...]
    operands: tuple[str, ...]
    settings: tuple[str, ...] = ()
    kernel: str = ""
    symbol: str = ""
    nickname: str = ""
    why: str = ""
    domain: str = ""
    broadcasts: bool = False
    cut: bool = False
    kinds: str = ""
    ordered: bool = True
    conjugates: bool = True
    missing: bool = False
    reference: str = ""

    @cached_property
    def many(self) -> bool:
        """Whether it takes any number of operands."""
        return self.operands == ("xs",)

    @cached_property
    def meets_floats(self) -> bool:
        """Whether floats of one shape and dtype need no check of their operands."""
        plain = self.name not in ("matmul", "solve")
        return plain and "f" in (self.kinds or "f")

    @cached_property
    def shapes(self) -> tuple[str, ...]:
        """The operands of which its rules ask for the shape."""
        return tuple(sorted({s for r in self.rules if r for s in r.shapes}))

    def keeps(self, name: str, slot: int) -> bool:
        """Whether the rule of ``slot`` needs the value called ``name``."""
        rule = self.rules[slot]
        return rule is not None and name in rule.names

    # -- reading a record -------------------------------------------------------

    def inputs(self, rec: tuple[Any, ...]) -> tuple[int, ...]:
        """The operands' indices in the recording, -1 for a constant."""
        return rec[1] if self.many else rec[1 : 1 + len(self.operands)]

    def values(self, rec: tuple[Any, ...]) -> tuple[Any, ...]:
        """The operands' values where the record kept them, else None."""
        n = len(self.operands)
        return rec[2] if self.many else rec[1 + n : 1 + 2 * n]

    @cached_property
    def places(self) -> dict[str, ast.expr]:
        """Where a record ``r`` has the values that the rules name."""
        n, names = len(self.operands), self.operands
        found = {name: _at("r", 1 + n + k) for k, name in enumerate(names)}
        found["y"] = _at("r", 1 + 2 * n)
        if not self.broadcasts:
            extras = (*self.settings, *(f"shape_{s}" for s in self.shapes))
            found |= {x: _item(_at("r", 2 + 2 * n), k) for k, x in enumerate(extras)}
        return found


# -- compiling -------------------------------------------------------------------------

_SIGNS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.Pow: operator.pow, ast.Mod: operator.mod,
    ast.MatMult: operator.matmul, ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
    ast.BitXor: operator.xor, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Eq: operator.eq,
    ast.NotEq: operator.ne, ast.USub: operator.neg, ast.Invert: operator.invert,
}  # fmt: skip


def forward(op: Op, words: dict[str, Any]) -> Callable[..., Any]:
    """The op on arrays, operands first, then settings."""
    given = [*op.operands, *op.settings]
    tree = parse(op.text, mode="eval").body
    if ast.unparse(tree).endswith(f"({', '.join(given)})"):
        word = getattr(getattr(tree, "func", None), "id", "")
        if word:  # one word alone
            made: Callable[..., Any] = words[word]
            return made
    parts = [n for n in ast.walk(tree) if not isinstance(n, ast.expr_context)]
    if len(parts) == 2 + len(given):  # one sign alone
        return next(_SIGNS[type(n)] for n in parts if type(n) in _SIGNS)
    text = f"lambda {', '.join(given)}: {op.text}"
    own = {**words, "__name__": __name__}  # warnings of the engine are off
    compiled: Callable[..., Any] = eval(text, own)  # noqa: S307 - our own text
    return compiled


def vjp_code(op: Op, slot: int, *, in_place: bool = False) -> CodeType | None:
    """A rule compiled to ``lambda g, r: ...``; of many operands, ``lambda g, r, k``.

    ``in_place``: it writes its result over ``g``; None where it can't.
    """
    rule = op.rules[slot]
    if rule is None:
        raise ValueError(f"{op.name} has no rule for operand {slot}")
    numbers = len(op.operands) > 1 and op.meets_floats
    plain = rule.called & set(op.operands) if numbers else ()
    body = _Words(op.places, frozenset(plain)).visit(_copied(rule.tree))
    if in_place:
        if not _starts_with_g(body):
            return None
        body = _written_over(_Raised().visit(body))
    if op.broadcasts:
        shapes = _at("r", 2 + 2 * len(op.operands))
        alike = ast.Compare(shapes, [ast.Is()], [ast.Constant(None)])
        summed = _call("unbroadcast", _copied(body), _item(shapes, slot))
        body = ast.IfExp(alike, body, summed)
    args = [ast.arg(n) for n in ("g", "r", *("k" * op.many))]
    made = ast.Lambda(ast.arguments([], args, None, [], [], None, []), body)
    return compile(ast.fix_missing_locations(ast.Expression(made)), RULES, "eval")


def factors(op: Op) -> tuple[int | None, int | None]:
    """Of an op of two operands the places of what ``g`` is multiplied by in its rules.

    0 where ``g`` is handed on as it is; None, twice, if a rule has another form.
    """
    values = enumerate((*op.operands, "y"), 1 + len(op.operands))
    places = {"g": 0} | {f"g * {name}": k for k, name in values}
    found = [places.get(rule.text) if rule else None for rule in op.rules]
    apart = len(op.operands) != 2 or None in found
    return (None, None) if apart else (found[0], found[1])


def _copied(tree: ast.expr) -> ast.expr:
    return parse(ast.unparse(tree), mode="eval").body


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _at(name: str, k: int) -> ast.expr:
    return _item(_name(name), k)


def _item(of: ast.expr, k: int) -> ast.expr:
    return ast.Subscript(of, ast.Constant(k), ast.Load())


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(_name(name), list(args), [])


class _Words(ast.NodeTransformer):
    """Names as places in the record; ``matmul(a, b)`` for ``a @ b``.

    A name in ``plain`` may be a Python number where a word wants an array's dtype.
    """

    def __init__(self, places: dict[str, ast.expr], plain: frozenset[str]) -> None:
        self.places, self.plain = places, plain

    def visit_Name(self, node: ast.Name) -> ast.AST:
        found = self.places.get(node.id, node)
        return _call("number", found, _name("g")) if node.id in self.plain else found

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.args = [self.visit(arg) for arg in node.args]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.MatMult):
            return _call("matmul", node.left, node.right)
        return node


_IN_PLACE = {
    ast.Mult: "multiply", ast.Div: "divide", ast.Add: "add", ast.Sub: "subtract",
    ast.USub: "negative",
}  # fmt: skip


class _Raised(ast.NodeTransformer):
    """``raised(a, b)`` for ``a ** b``."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        power = isinstance(node.op, ast.Pow)
        return _call("raised", node.left, node.right) if power else node


def _written_over(node: ast.expr) -> ast.expr:
    """A chain of operations on ``g``, each of which writes its result over it.

    ``g * y`` becomes ``multiply(g, y, g)``. A number minus (or over) an intermediate
    result is written over that.
    """
    if isinstance(node, ast.UnaryOp):
        return _call("negative", _written_over(node.operand), _name("g"))
    if isinstance(node, ast.BinOp):
        name, rest = _IN_PLACE[type(node.op)], _between(node.right)
        return _call(name, _written_over(node.left), rest, _name("g"))
    return node


def _between(node: ast.expr) -> ast.expr:
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.left, ast.Constant)
        and isinstance(node.right, ast.BinOp)
        and type(node.op) in _IN_PLACE
    ):
        step = _name(_IN_PLACE[type(node.op)])
        return _call("below", step, node.left, node.right)
    return node


def _starts_with_g(node: ast.AST) -> bool:
    """Whether it is a chain of operations on ``g``, which only the first names."""
    while isinstance(node, (ast.BinOp, ast.UnaryOp)) and type(node.op) in _IN_PLACE:
        rest = _names(node.right) if isinstance(node, ast.BinOp) else ()
        node = node.left if isinstance(node, ast.BinOp) else node.operand
        if isinstance(node, ast.Name):
            return node.id == "g" and "g" not in rest
        if "g" in rest:
            return False
    return False
