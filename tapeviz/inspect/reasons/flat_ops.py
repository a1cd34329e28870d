"""Operations whose derivative is zero or undefined: their entries, and edits for them.

A place is an operand of a record, or a call in code that was not recorded.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

import numpy as np

from tapeviz.inspect.gradient_question import LONG, Question
from tapeviz.inspect.reasons import code_edits
from tapeviz.inspect.reasons.entry import Edits, Entry, Facts, Places
from tapeviz.inspect.source.dataflow import (
    Statement,
    called,
    code_of,
    dotted,
    last_name,
    within,
)
from tapeviz.trace.graph import ASKING

STAIRCASES = ("floor", "ceil", "round", "floordiv")
INDEX_OPS = ("argmax", "argmin")
COMPARES = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")
WRITTEN = (*STAIRCASES, *INDEX_OPS, "categorical", "stop_gradient")
"""Functions without a derivative that are known by their names in code."""


def is_op(*names: str) -> Callable[[Question, Facts], bool]:
    """Evidence: the operation is one of these."""
    return lambda _question, facts: facts["name"] in names


def written(lines: Iterable[Statement]) -> Places:
    """Calls of such operations in statements that were not recorded."""
    for line in lines:
        for node in line.parts:
            if isinstance(node, ast.Call) and node.args:
                facts = _call(last_name(called(node)), node)
                if facts:
                    yield line.order, {**facts, "line": line, "node": node}


def _call(name: str, node: ast.Call) -> Facts:
    code = " ".join(code_of(node).split())
    facts = {"name": name, "code": code if len(code) <= LONG else name}
    if name in WRITTEN:
        return facts
    to = _cast_to(node)
    if not to.startswith(("int", "uint", "bool")):
        return {}
    more = {"dtype": np.dtype(to).name, "operand": code_of(node.args[0])}
    return {**facts, "name": "cast_whole", **more}


def _cast_to(node: ast.AST) -> str:
    """The dtype that an expression casts to; "" for any other expression."""
    if isinstance(node, ast.Call) and last_name(called(node)) == "cast":
        return last_name(dotted(node.args[1])) if len(node.args) > 1 else ""
    return ""


def _cast(question: Question, facts: Facts) -> Facts | None:
    if facts["name"] != "cast_whole":
        return None
    if "dtype" in facts:
        return facts
    return {"dtype": np.dtype(question.records[facts["i"]].settings[0]).name}


def _cast_to_float(question: Question, facts: Facts) -> Facts | None:
    found = _cast(question, facts)
    return found if found and np.dtype(found["dtype"]).kind in "fc" else None


def _staircase(question: Question, facts: Facts) -> Facts | None:
    name = facts["name"].replace("floordiv", "floor")
    held = facts["name"] in STAIRCASES
    return {"stair": f"{question.tf}.{name}(x)"} if held else None


def _index(_question: Question, facts: Facts) -> Facts | None:
    return {"best": facts["name"][3:]} if facts["name"] in INDEX_OPS else None


def _truth(_question: Question, facts: Facts) -> bool:
    return facts["name"] in COMPARES or facts["name"].startswith("logical")


def _suggested(question: Question, facts: Facts) -> Edits:
    """Edits that replace an op without a derivative by a differentiable expression."""
    line, node, name = facts["line"], facts["node"], facts["name"]
    if isinstance(node, ast.Call) and node.args:
        if last_name(called(node)) == name.removesuffix("_whole"):
            return _uncalled(question, line, node, name)
    elif isinstance(node, ast.Compare) and name in COMPARES and line is not None:
        return _smooth(question, line, node)
    elif isinstance(node, ast.BinOp) and name == "floordiv":
        plain = ast.BinOp(node.left, ast.Div(), node.right)
        return code_edits.replace(question, line, node, _through(question, plain, node))
    return ()


FLAT = (
    Entry(
        "integer", _cast_to_float,
        "{code} makes {dtype} of whole numbers, and whole numbers pass no gradient.",
        "use floats from the start", _suggested,
    ),
    Entry(
        "integer", _cast,
        "{code} makes {dtype} of {operand}, and only floats have a gradient.",
        "leave the cast out, or cast to a float dtype such as {tf}.float32", _suggested,
    ),
    Entry(
        "stopped", is_op("stop_gradient"),
        "{code} lets the value through and holds every gradient back.",
        "leave {tf}.stop_gradient out where a gradient is wanted", _suggested,
    ),
    Entry(
        "step", _staircase,
        "{code} is a staircase, flat between its steps, and passes no gradient.",
        "leave it out while gradients are wanted, or add it as a constant: "
        "x + {tf}.stop_gradient({stair} - x)", _suggested,
    ),
    Entry(
        "step", _index,
        "{code} gives the place of an entry, a whole number that jumps, and so passes "
        "no gradient.",
        "use the entry itself, {tf}.reduce_{best}, or weights, {tf}.nn.softmax, or a "
        "cross entropy as the loss", _suggested,
    ),
    Entry(
        "step", is_op("categorical"),
        "{code} draws whole numbers at random, and passes no gradient.",
        "weigh the loss by the logarithm of how likely the draw was, taken from "
        "{tf}.nn.log_softmax", _suggested,
    ),
    Entry(
        "step", _truth,
        "{code} is True or False: it jumps from one to the other and passes no "
        "gradient.",
        "use something that changes smoothly, such as {tf}.sigmoid", _suggested,
    ),
)  # fmt: skip


# -- cuts of recorded operations -------------------------------------------------------


def _corner(_question: Question, facts: Facts) -> bool:
    """A comparison that a tape made for the derivative of something with a corner."""
    verbs = tuple(f".{verb}" for verb in ASKING)
    return facts["name"] in COMPARES and called(facts["node"]).endswith(verbs)


def _passes_nothing(question: Question, facts: Facts) -> Facts:
    op = question.op(facts["i"])
    label = op.operands[0 if op.many else facts["slot"]]
    return {"which": f" (its operand {label})" if len(op.operands) > 1 else ""}


CUT = (
    Entry(
        "step", _corner,
        "{code} holds the slope of something with a corner, which jumps from one "
        "number to another and passes no gradient.",
        "where second derivatives are wanted, use a smooth function such as "
        "{tf}.nn.softplus", _suggested,
    ),
    *FLAT,
    Entry(
        "step", lambda q, f: q.op(f["i"]).missing,
        "{code} has no gradient at all; asking for it is an error.",
        "take its operand out of the gradient with {tf}.stop_gradient", _suggested,
    ),
    Entry(
        "step", _passes_nothing,
        "{code} passes no gradient to {operand}{which}.",
        "let the target depend on it in another way too", _suggested,
    ),
)  # fmt: skip


# -- edits -----------------------------------------------------------------------------


def _through(question: Question, plain: ast.expr, node: ast.expr) -> str:
    """A straight-through estimator: the step's value, the plain derivative."""
    template = f"U + {question.tf}.stop_gradient(STEP - U)"
    return code_edits.filled(template, U=plain, STEP=node)


def _uncalled(
    question: Question, line: Statement | None, node: ast.Call, name: str
) -> Edits:
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
        _cast_to(n).startswith("float")
        and n is not node
        and (one is not line or within(node, n))
        for one in question.upstream
        if one.order >= line.order
        for n in one.parts
    )


def _smooth(question: Question, line: Statement, node: ast.Compare) -> Edits:
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
