r"""An optimizer's update as one short text: executed, shown, and split into terms.

The text is a few assignments. ``x`` is the variable, ``g`` its gradient, ``lr`` the
learning rate, ``t`` the number of the step, counted from 1; the other names are the
optimizer's settings and its slots, the numbers it remembers for each variable::

    m = momentum * m - lr * g
    x += m

An ``if`` depends on settings only and is decided once. What a slot held before the step
is written ``m_old``, so that every name stands for one value:

>>> rule = UpdateRule("m = momentum * m - lr * g\nx += m", {"m": "momentum"}, {})
>>> print(rule)
m = momentum * m_old - lr * g
x += m

The text is also analysed: the update is a sum of terms, each with its formula:

>>> for name, formula in rule.formulas.items():
...     print(f"{name}: {formula}")
momentum: momentum * m_old
gradient: -lr * g
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from tapeviz.engine.parsing import parse
from tapeviz.tf.keras.optimizers.repeated_rows import dense


def _maximum(a: Any, b: Any) -> Any:
    return np.maximum(dense(a), dense(b))


def _power(base: Any, exponent: Any) -> Any:
    """``beta ** t``, the base rounded to float32 first, as Keras does it."""
    return exponent.dtype.type(np.float32(base)) ** exponent


WORDS: dict[str, Any] = {
    "_power": _power,
    "abs": abs,
    "maximum": _maximum,
    "sqrt": np.sqrt,
}
"""The functions that a text may call."""

NamedTerm = tuple[str, ast.expr]


@dataclass(frozen=True)
class UpdateTerm:
    """One part of an update: what it comes from, its formula, and its value.

    ``name`` is "gradient", "weight decay", or the slot that carries earlier gradients
    ("momentum"). The values of an update's terms add up to the move.
    """

    name: str
    formula: str
    value: Any


class UpdateRule:
    """The text of an update for given settings, ready to run.

    ``slots`` gives each slot's short name in the text and its full name.
    """

    def __init__(
        self, text: str, slots: Mapping[str, str], settings: Mapping[str, Any]
    ) -> None:
        lines = list(_decided(parse(text).body, settings))
        used = {
            n.id for line in lines for n in ast.walk(line) if isinstance(n, ast.Name)
        }
        self.slots = {short: full for short, full in slots.items() if short in used}
        self.lines = _renamed(lines, set(self.slots))
        self._code = _compiled(self.lines)
        names = {"g": "gradient", "x": "weight decay", "": "constant", **self.slots}
        parts = _merged(_moves(self.lines, self.slots))
        self.formulas = {names[n]: ast.unparse(e) for n, e in parts.items()}
        self._terms = {n: _code(f, "eval") for n, f in self.formulas.items()}

    def run(self, values: dict[str, Any]) -> Any:
        """The variable's new value; ``values`` gains every name of the text.

        It must hold ``x``, ``g``, ``lr``, ``t``, the settings, and the slots as
        ``m_old``.
        """
        with np.errstate(all="ignore"):
            exec(self._code, WORDS, values)  # noqa: S102 - our own texts
        values.update({name: dense(value) for name, value in values.items()})
        return values["x_new"]

    def terms(self, values: dict[str, Any]) -> tuple[UpdateTerm, ...]:
        """The move of a step that was run, as a sum."""
        with np.errstate(all="ignore"):
            return tuple(
                UpdateTerm(name, self.formulas[name], eval(code, WORDS, values))  # noqa: S307 - ours
                for name, code in self._terms.items()
            )

    def __str__(self) -> str:
        return "\n".join(map(ast.unparse, self.lines))


def _decided(body: list[ast.stmt], settings: Mapping[str, Any]) -> Iterator[ast.stmt]:
    """The lines that run with these settings."""
    for line in body:
        if isinstance(line, ast.If):
            holds = eval(_code(ast.unparse(line.test), "eval"), {}, dict(settings))  # noqa: S307
            yield from _decided(line.body if holds else line.orelse, settings)
        else:
            yield line


def _renamed(lines: list[ast.stmt], unset: set[str]) -> list[ast.stmt]:
    """The lines with ``m_old`` for a slot that has not been set yet."""
    made = []
    for line in lines:
        name = _target(line)
        made.append(_Old(frozenset(unset)).visit(_set(name, line)))
        unset = unset - {name}
    return made


def _set(name: str, line: ast.stmt) -> ast.stmt:
    """``m += e`` as ``m = m + e``; what is added to ``x`` stays as it is."""
    if name == "x" or not isinstance(line, ast.AugAssign):
        return line
    value = ast.BinOp(_name(name), line.op, line.value)
    return ast.Assign([ast.Name(name, ast.Store())], value, lineno=0)


class _Old(ast.NodeTransformer):
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        old = node.id in self._names and isinstance(node.ctx, ast.Load)
        return _name(f"{node.id}_old") if old else node


def _target(line: ast.stmt) -> str:
    target: ast.expr | None = line.target if isinstance(line, ast.AugAssign) else None
    if isinstance(line, ast.Assign):
        target = line.targets[0]
    if not isinstance(target, ast.Name):
        raise TypeError(f"not an assignment to a name: {ast.unparse(line)}")
    return target.id


def _compiled(lines: list[ast.stmt]) -> CodeType:
    """The lines as code that leaves ``x`` alone and makes ``x_new``."""
    text, x = [], "x"
    for line in lines:
        if isinstance(line, ast.AugAssign):
            sign = "+" if isinstance(line.op, ast.Add) else "-"
            text.append(f"x_new = {x} {sign} ({ast.unparse(line.value)})")
            x = "x_new"
        else:
            text.append(ast.unparse(line))
    return _code("\n".join(text), "exec")


def _code(text: str, mode: str) -> CodeType:
    tree = _Powers().visit(parse(text, mode=mode))
    return compile(ast.fix_missing_locations(tree), "<tapeviz update>", mode)


class _Powers(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow) and not isinstance(node.right, ast.Constant):
            return ast.Call(_name("_power"), [node.left, node.right], [])
        return node


# -- the move as a sum ---------------------------------------------------------------


def _moves(lines: list[ast.stmt], slots: Mapping[str, str]) -> Iterator[NamedTerm]:
    """The parts that the lines add to ``x``, each with the name it comes from."""
    known: dict[str, list[NamedTerm]] = {n: [(n, _name(n))] for n in ("g", "x")}
    known |= {f"{s}_old": [(s, _name(f"{s}_old"))] for s in slots}
    for line in lines:
        if isinstance(line, ast.AugAssign):
            parts = _terms_of(line.value, known)
            yield from parts if isinstance(line.op, ast.Add) else _negative(parts)
        elif isinstance(line, ast.Assign):
            parts = list(_merged(_terms_of(line.value, known)).items())
            known[_target(line)] = parts if _carries(parts) else _whole(_target(line))


def _terms_of(e: ast.expr, known: Mapping[str, list[NamedTerm]]) -> list[NamedTerm]:
    """An expression as a sum over what it comes from; what is no sum stays whole."""
    match e:
        case ast.Name(name):
            return known.get(name, [("", e)])
        case ast.UnaryOp(ast.USub(), operand):
            return _negative(_terms_of(operand, known))
        case ast.BinOp(left, ast.Add(), right):
            return _terms_of(left, known) + _terms_of(right, known)
        case ast.BinOp(left, ast.Sub(), right):
            return _terms_of(left, known) + _negative(_terms_of(right, known))
        case ast.BinOp(left, ast.Mult() | ast.Div() as sign, right):
            return _scaled(left, sign, right, known) or [("", e)]
    return [("", e)]


def _scaled(
    left: ast.expr,
    sign: ast.operator,
    right: ast.expr,
    known: Mapping[str, list[NamedTerm]],
) -> list[NamedTerm]:
    """A sum times or over something constant, part by part; none if it is not that."""
    divides = isinstance(sign, ast.Div)
    firsts, seconds = _terms_of(left, known), _terms_of(right, known)
    if not _carries(seconds):
        return [
            (n, ast.BinOp(p, sign, right) if divides else _times(p, right))
            for n, p in firsts
        ]
    if not divides and not _carries(firsts):
        return [(n, _times(left, p)) for n, p in seconds]
    return []


def _carries(parts: list[NamedTerm]) -> bool:
    return any(name for name, _ in parts)


def _whole(name: str) -> list[NamedTerm]:
    return [("", _name(name))]


def _negative(parts: list[NamedTerm]) -> list[NamedTerm]:
    return [(name, _minus(e)) for name, e in parts]


def _minus(e: ast.expr) -> ast.expr:
    """``-e``, the sign at the first factor."""
    if isinstance(e, ast.BinOp) and isinstance(e.op, (ast.Mult, ast.Div)):
        return ast.BinOp(_minus(e.left), e.op, e.right)
    if isinstance(e, ast.UnaryOp) and _negated(e):
        return e.operand
    return ast.UnaryOp(ast.USub(), e)


def _negated(e: ast.expr) -> bool:
    return isinstance(e, ast.UnaryOp) and isinstance(e.op, ast.USub)


def _first(e: ast.expr) -> ast.expr:
    """The first factor of a product, where its sign stands."""
    while isinstance(e, ast.BinOp) and isinstance(e.op, (ast.Mult, ast.Div)):
        e = e.left
    return e


def _times(a: ast.expr, b: ast.expr) -> ast.expr:
    """``a * b`` without needless brackets, the sign in front."""
    if _negated(_first(b)):
        return _minus(_times(a, _minus(b)))
    if isinstance(b, ast.BinOp) and isinstance(b.op, (ast.Mult, ast.Div)):
        return ast.BinOp(_times(a, b.left), b.op, b.right)
    return ast.BinOp(a, ast.Mult(), b)


def _plus(a: ast.expr, b: ast.expr) -> ast.expr:
    if (share := _remaining_share(a, b)) is not None:
        return ast.BinOp(share, ast.Mult(), a)
    if _negated(_first(b)):
        return ast.BinOp(a, ast.Sub(), _minus(b))
    return ast.BinOp(a, ast.Add(), b)


def _remaining_share(a: ast.expr, b: ast.expr) -> ast.expr | None:
    """``beta`` if ``b`` is ``-(1 - beta) * a``, so that the sum is ``beta * a``."""
    if not (isinstance(b, ast.BinOp) and isinstance(b.op, ast.Mult)):
        return None
    rest = b.left.operand if isinstance(b.left, ast.UnaryOp) else None
    if isinstance(rest, ast.BinOp) and ast.unparse(rest).startswith("1 - "):
        return rest.right if ast.unparse(b.right) == ast.unparse(a) else None
    return None


def _merged(parts: Iterable[NamedTerm]) -> dict[str, ast.expr]:
    """One expression for each source."""
    made: dict[str, ast.expr] = {}
    for source, e in parts:
        made[source] = _plus(made[source], e) if source in made else e
    return made


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())
