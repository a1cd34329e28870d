"""Operations whose derivative is zero or undefined: sentences and edits for them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from tapeviz.inspect.gradient_question import LONG, Question
from tapeviz.inspect.reasons import code_edits
from tapeviz.inspect.source.dataflow import Statement, code_of, dotted
from tapeviz.trace.diagnosis import Reason

Wording = tuple[str, str, str]
"""The kind, the sentence and the fix in words."""

STAIRCASES = ("floor", "ceil", "round", "floordiv")
INDEX_OPS = ("argmax", "argmin")
DRAWS = ("categorical",)
COMPARES = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")


def step(tf: str, code: str, name: str) -> Wording | None:
    """The wording for an op without a derivative; None for any other op."""
    if name == "stop_gradient":
        return (
            "stopped",
            f"{code} lets the value through and holds every gradient back.",
            f"leave {tf}.stop_gradient out where a gradient is wanted",
        )
    if name in STAIRCASES:
        stair = f"{tf}.{name if name != 'floordiv' else 'floor'}(x)"
        return (
            "step",
            f"{code} is a staircase, flat between its steps, and passes no gradient.",
            (
                "leave it out while gradients are wanted, or add it as a constant: "
                f"x + {tf}.stop_gradient({stair} - x)"
            ),
        )
    if name in INDEX_OPS:
        return (
            "step",
            (
                f"{code} gives the place of an entry, a whole number that jumps, and "
                "so passes no gradient."
            ),
            (
                f"use the entry itself, {tf}.reduce_{name[3:]}, or weights, "
                f"{tf}.nn.softmax, or a cross entropy as the loss"
            ),
        )
    if name in DRAWS:
        return (
            "step",
            f"{code} draws whole numbers at random, and passes no gradient.",
            (
                "weigh the loss by the logarithm of how likely the draw was, taken "
                f"from {tf}.nn.log_softmax"
            ),
        )
    if name in COMPARES or name.startswith("logical"):
        return (
            "step",
            (
                f"{code} is True or False: it jumps from one to the other and passes "
                "no gradient."
            ),
            f"use something that changes smoothly, such as {tf}.sigmoid",
        )
    return None


def cast(tf: str, code: str, what: str, dtype: Any) -> Wording:
    """The same for a cast from or to whole numbers."""
    if dtype.kind in "fc":
        return (
            "integer",
            (
                f"{code} makes {dtype.name} of whole numbers, and whole numbers pass "
                "no gradient."
            ),
            "use floats from the start",
        )
    return (
        "integer",
        f"{code} makes {dtype.name} of {what}, and only floats have a gradient.",
        f"leave the cast out, or cast to a float dtype such as {tf}.float32",
    )


def written(question: Question, line: Statement) -> Iterator[Reason]:
    """Ops without a derivative in the code of a statement that was not recorded."""
    for node in line.parts:
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name, code = (
            dotted(node.func).rpartition(".")[2],
            " ".join(code_of(node).split()),
        )
        code = code if len(code) <= LONG else name
        found = (
            step(question.tf, code, name)
            if name in (*STAIRCASES, *INDEX_OPS, *DRAWS, "stop_gradient")
            else None
        )
        if name == "cast" and len(node.args) > 1:
            kind = dotted(node.args[1]).rpartition(".")[2]
            if kind.startswith(("int", "uint", "bool")):
                found = cast(question.tf, code, code_of(node.args[0]), np.dtype(kind))
        if found is not None:
            name = "cast_whole" if name == "cast" else name
            yield Reason(
                *found,
                question.span(line, node),
                suggested_edits(question, line, node, name),
            )


def suggested_edits(
    question: Question, line: Statement | None, node: Any, name: str
) -> code_edits.Edits:
    """Edits that replace an op without a derivative by a differentiable expression."""
    if isinstance(node, ast.Call) and node.args:
        if dotted(node.func).rpartition(".")[2] == name.removesuffix("_whole"):
            return _uncalled(question, line, node, name)
    elif isinstance(node, ast.Compare) and name in COMPARES and line is not None:
        return _smooth(question, line, node)
    elif isinstance(node, ast.BinOp) and name == "floordiv":
        plain = ast.BinOp(node.left, ast.Div(), node.right)
        return code_edits.replace(question, line, node, _through(question, plain, node))
    return ()


def _through(question: Question, plain: ast.expr, node: ast.expr) -> str:
    """A straight-through estimator: the step's value, the plain derivative."""
    template = f"U + {question.tf}.stop_gradient(STEP - U)"
    return code_edits.filled(template, U=plain, STEP=node)


def _uncalled(
    question: Question, line: Statement | None, node: ast.Call, name: str
) -> code_edits.Edits:
    tf, inner = question.tf, node.args[0]
    back = _cast_back(question, line, node)
    if name == "stop_gradient":
        return code_edits.replace(question, line, node, code_of(inner))
    if name in STAIRCASES:
        slope = inner
        if name == "floordiv" and len(node.args) > 1:
            slope = ast.BinOp(inner, ast.Div(), node.args[1])
        return code_edits.replace(question, line, node, _through(question, slope, node))
    if name == "cast_whole" and len(node.args) > 1 and back:
        return code_edits.replace(question, line, node.args[1], f"{tf}.float32")
    plain = not any(word.arg == "output_type" for word in node.keywords)
    if name in INDEX_OPS and plain and back:
        return code_edits.replace(question, line, node.func, f"{tf}.reduce_{name[3:]}")
    return ()


def _cast_back(question: Question, line: Statement | None, node: ast.AST) -> bool:
    """Whether floats are made of whole numbers later on, so that floats do as well.

    An index stays a whole number.
    """
    return line is not None and any(
        _to_floats(n) and n is not node and (one is not line or node in ast.walk(n))
        for one in question.upstream
        if one.order >= line.order
        for n in one.parts
    )


def _to_floats(node: ast.AST) -> bool:
    """Whether an expression is a cast to floats."""
    return (
        isinstance(node, ast.Call)
        and dotted(node.func).rpartition(".")[2] == "cast"
        and len(node.args) > 1
        and dotted(node.args[1]).rpartition(".")[2].startswith("float")
    )


def _smooth(question: Question, line: Statement, node: ast.Compare) -> code_edits.Edits:
    """A comparison as a sigmoid; a ``where`` around it as a mixture."""
    left, right = node.left, node.comparators[0]
    if isinstance(node.ops[0], (ast.Lt, ast.LtE)):
        left, right = right, left
    gap = ast.BinOp(left, ast.Sub(), right)
    zero = isinstance(right, ast.Constant) and right.value == 0
    soft = code_edits.filled(f"{question.tf}.sigmoid(U)", U=left if zero else gap)
    for one in line.parts:
        if isinstance(one, ast.Call) and node in one.args[:1] and len(one.args) == 3:
            template = f"{soft} * ONE + (1 - {soft}) * OTHER"
            new = code_edits.filled(template, ONE=one.args[1], OTHER=one.args[2])
            return code_edits.replace(question, line, one, new)
    return code_edits.replace(question, line, node, soft)
