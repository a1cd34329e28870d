"""What stands in the learner's line for each operand of an operation."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache

from tapeviz.engine.parsing import parse

LONGEST = 40
"""A longer expression is no name."""

OPERATORS: dict[type, str] = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide",
    ast.Pow: "power", ast.MatMult: "matmul", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.USub: "negative",
}  # fmt: skip
"""The registry's name for each of Python's operators."""


@lru_cache(maxsize=2048)
def operand_words(text: str, op: str, count: int, *, alone: bool) -> tuple[str, ...]:
    """The name of each of ``count`` operands in the code of an operation.

    A name may be an attribute path or have a subscript; "" stands for anything else.
    A call is read only if it is ``alone``: one that makes several operations has
    operands of its own.

    >>> operand_words("self.slope * x", "multiply", 2, alone=True)
    ('self.slope', 'x')
    >>> operand_words("params[0] @ (h + 1)", "matmul", 2, alone=True)
    ('params[0]', '')
    """
    one = _statement(text)
    tree = one.value if isinstance(one, ast.Expr) else one
    said = tuple(_word(part, text) for part in _parts(tree, op, alone=alone))
    return said if len(said) >= count else ("",) * count


def _statement(text: str) -> ast.stmt | None:
    """The one statement that a text consists of; None for anything else."""
    try:
        body = parse(text.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return body[0] if len(body) == 1 else None


@lru_cache(maxsize=512)
def settings_in(code: str) -> dict[str, str]:
    """What a call says besides its first argument: keywords, and ``ids`` by place.

    >>> settings_in("tf.reduce_sum(x, 1, keepdims=True)")
    {'keepdims': 'True', 'ids': '1'}
    """
    statement = _statement(code)
    tree = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(tree, ast.Call):
        return {}
    found = {k.arg: k.value for k in tree.keywords if k.arg}
    found |= dict(zip(("ids",), tree.args[1:], strict=False))
    texts = {name: ast.unparse(value) for name, value in found.items()}
    return {name: text for name, text in texts.items() if len(text) <= LONGEST}


def _parts(tree: ast.AST | None, op: str, *, alone: bool) -> Sequence[ast.expr]:
    same = OPERATORS.get(type(getattr(tree, "op", None))) == op
    if isinstance(tree, ast.AugAssign) and same:
        return tree.target, tree.value
    if isinstance(tree, ast.BinOp) and same:
        return tree.left, tree.right
    if isinstance(tree, ast.UnaryOp) and same:
        return (tree.operand,)
    if isinstance(tree, ast.Subscript):
        return (tree.value,)
    return operands_of(tree) if isinstance(tree, ast.Call) and alone else ()


def operands_of(call: ast.Call) -> list[ast.expr]:
    """The operands that a call shows; none where some are starred."""
    args = call.args
    if args and isinstance(args[0], ast.Constant) and isinstance(args[0].value, str):
        args = args[1:]  # the equation of einsum
    if args and isinstance(args[0], (ast.List, ast.Tuple)):
        args = args[0].elts
    return [] if any(isinstance(arg, ast.Starred) for arg in args) else args


def _word(node: ast.AST, code: str) -> str:
    """A name, attribute path or subscript of one as it is written, else ""."""
    inner = node
    while isinstance(inner, (ast.Attribute, ast.Subscript)):
        if isinstance(inner, ast.Subscript) and not _plain(inner.slice):
            return ""
        inner = inner.value
    if not isinstance(inner, ast.Name):
        return ""
    text = ast.get_source_segment(code.strip(), node) or ast.unparse(node)
    return text if len(text) <= LONGEST else ""


def _plain(key: ast.expr) -> bool:
    """Whether a subscript is one name, number or text, possibly below zero."""
    if isinstance(key, ast.UnaryOp):
        key = key.operand
    return isinstance(key, (ast.Name, ast.Constant))
