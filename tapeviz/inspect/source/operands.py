"""What stands in the learner's line for each operand of an operation."""

from __future__ import annotations

import ast
from functools import lru_cache

from tapeviz.engine.parsing import parse

LONGEST = 40
"""A longer expression is no name."""

OPERATORS = {
    "add": ast.Add, "subtract": ast.Sub, "multiply": ast.Mult, "divide": ast.Div,
    "power": ast.Pow, "matmul": ast.MatMult, "floordiv": ast.FloorDiv, "mod": ast.Mod,
}  # fmt: skip


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
    try:
        tree = parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _augmented(text, op, count)
    parts = _parts(tree, op, alone=alone)
    said = tuple(_word(part, text) for part in parts)
    return said if len(said) >= count else ("",) * count


@lru_cache(maxsize=512)
def settings_in(code: str) -> dict[str, str]:
    """What a call says besides its first argument: keywords, and ``ids`` by place.

    >>> settings_in("tf.reduce_sum(x, 1, keepdims=True)")
    {'keepdims': 'True', 'ids': '1'}
    """
    try:
        tree = parse(code.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    if not isinstance(tree, ast.Call):
        return {}
    found = {k.arg: k.value for k in tree.keywords if k.arg}
    found |= dict(zip(("ids",), tree.args[1:], strict=False))
    texts = {name: ast.unparse(value) for name, value in found.items()}
    return {name: text for name, text in texts.items() if len(text) <= LONGEST}


def _augmented(text: str, op: str, count: int) -> tuple[str, ...]:
    """The operands of ``x *= w``."""
    try:
        body = parse(text.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ("",) * count
    one = body[0] if len(body) == 1 else None
    known = isinstance(one, ast.AugAssign) and isinstance(one.op, OPERATORS.get(op, ()))
    if known and isinstance(one, ast.AugAssign):
        return _word(one.target, text), _word(one.value, text)
    return ("",) * count


def _parts(tree: ast.expr, op: str, *, alone: bool) -> list[ast.expr]:
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, OPERATORS.get(op, ())):
        return [tree.left, tree.right]
    if isinstance(tree, ast.UnaryOp) and op == "negative":
        return [tree.operand]
    if isinstance(tree, ast.Subscript):
        return [tree.value]
    if not isinstance(tree, ast.Call) or not alone:
        return []
    if any(isinstance(arg, ast.Starred) for arg in tree.args):
        return []
    args = tree.args
    if args and isinstance(args[0], ast.Constant) and isinstance(args[0].value, str):
        args = args[1:]  # the equation of einsum
    first = args[0] if args else None
    listed = isinstance(first, (ast.List, ast.Tuple))
    return first.elts if listed else args  # type: ignore[union-attr]


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
