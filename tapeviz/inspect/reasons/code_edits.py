"""The smallest change of the learner's code that removes a reason, as edits."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from tapeviz.engine.parsing import parse
from tapeviz.engine.tensor import wrap
from tapeviz.inspect.gradient_question import Question, edit
from tapeviz.inspect.source.dataflow import (
    Statement,
    called,
    code_of,
    deep,
    dotted,
    last_name,
    parent_of,
    within,
)
from tapeviz.trace.diagnosis import Edit

Edits = tuple[Edit, ...]
_TENSOR = wrap(0.0)

FUNCTIONS = {
    "log": "math.log", "log1p": "math.log1p", "sum": "reduce_sum",
    "mean": "reduce_mean",
    "max": "reduce_max", "min": "reduce_min", "prod": "reduce_prod", "power": "pow",
    "amax": "reduce_max", "amin": "reduce_min", "fabs": "abs", "absolute": "abs",
    "norm": "norm", "concatenate": "concat", "dot": "tensordot",
    "clip": "clip_by_value",
    "expm1": "math.expm1",
} | {
    name: name for name in (
        "sin", "cos", "tan", "exp", "sqrt", "abs", "square", "tanh", "sinh", "cosh",
        "maximum", "minimum", "sign", "pow", "matmul", "transpose", "reshape", "where",
        "stack", "add", "subtract", "multiply", "divide", "negative",
    )
}  # fmt: skip
"""What TensorFlow calls the functions of NumPy and math."""


def watch(question: Question, name: str, *, after: Statement | None = None) -> Edits:
    """``tape.watch(name)`` at the start of the block, or after a line in it."""
    line = question.head
    if line is None or not name:
        return ()
    block: Any = line.node
    program, asking = question.program, question.program.asking_line
    if asking is not None and program.key(name, line) != program.key(name, asking):
        return ()
    called = (code_of(i.optional_vars) for i in block.items if i.optional_vars)
    call = f"{next(called, question.tape_name)}.watch({name})"
    if after is not None:
        node: Any = after.node
        end = (node.end_lineno, node.end_col_offset)
        span = question.span_of(after, *end, *end)
        return edit(span, f"\n{' ' * node.col_offset}{call}")
    return edit(*_before(question, line, block.body[0], call))


def _before(
    question: Question, line: Statement, first: ast.stmt, text: str
) -> tuple[Any, str]:
    at = first.lineno, first.col_offset
    same_line = first.lineno == line.node.lineno
    gap = "; " if same_line else f"\n{' ' * first.col_offset}"
    return question.span_of(line, *at, *at), text + gap


def replace(question: Question, line: Statement | None, node: Any, new: str) -> Edits:
    """An expression replaced by the code ``new``, in parentheses where it needs any."""
    if line is None or deep(node):
        return ()
    span = question.span(line, node)
    loose = _binds_less(line, node, new) and not _in_parentheses(line, node)
    return edit(span, f"({new})" if loose else new)


def _in_parentheses(line: Statement, node: Any) -> bool:
    """Whether parentheses stand around an expression already."""
    first = linecache.getline(line.path, node.lineno).encode()
    last = linecache.getline(line.path, node.end_lineno).encode()
    before, after = first[: node.col_offset], last[node.end_col_offset :]
    return before.rstrip().endswith(b"(") and after.lstrip().startswith(b")")


_LOOSE = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Lambda)


def _binds_less(line: Statement, node: Any, new: str) -> bool:
    """Whether ``new``, put in the place of a node, would be torn apart there."""
    around = parent_of(line, node)
    tight = isinstance(around, (*_LOOSE, ast.Starred)) or (
        isinstance(around, (ast.Attribute, ast.Subscript)) and around.value is node
    )
    return tight and isinstance(parse(new, mode="eval").body, _LOOSE)


def filled(template: str, **parts: ast.AST) -> str:
    """A template's code with expressions put in for some of its names.

    >>> filled("A / B", A=ast.parse("a + b").body[0].value, B=ast.Name("c"))
    '(a + b) / c'
    """
    if any(map(deep, parts.values())):
        return "..."

    def change(node: ast.AST) -> ast.AST | None:
        return deepcopy(parts.get(node.id)) if isinstance(node, ast.Name) else None

    return code_of(_Change(change).visit(parse(template, mode="eval").body))


def reword(
    question: Question, line: Statement | None, node: Any,
    change: Callable[[ast.AST], ast.AST | None],
) -> Edits:  # fmt: skip
    """An expression with ``change`` applied to each of its nodes."""
    if line is None or node is None or deep(node):
        return ()
    new = code_of(_Change(change).visit(parse(code_of(node), mode="eval").body))
    return replace(question, line, node, new) if new != code_of(node) else ()


class _Change(ast.NodeTransformer):
    def __init__(self, change: Callable[[ast.AST], ast.AST | None]) -> None:
        self.change = change

    def visit(self, node: ast.AST) -> Any:
        made = super().generic_visit(node)
        return self.change(made) or made


def move(question: Question, lines: Iterable[Statement]) -> Edits:
    """Statements from outside the block moved to its end, or to its start.

    One of another cell, or whose value is used before the block too, stays there.
    """
    head = question.head
    if head is None:
        return ()
    block: Any = head.node
    moved = [line for line in lines if question.inside(line) is False]
    late = [one for one in moved if one.order > head.order]
    early = [one for one in moved if one not in late]
    last, first = block.body[-1], block.body[0]
    if not moved or first.lineno == block.lineno:
        return ()
    if any(_immovable(question, one, moved) for one in moved):
        return ()
    indent = " " * first.col_offset
    end, start = (last.end_lineno, last.end_col_offset), (first.lineno, len(indent))
    edits: list[Edit] = []
    for group, at, form in ((late, end, "\n{0}{1}"), (early, start, "{1}\n{0}")):
        if group:
            text = "".join(form.format(indent, _text(one)) for one in group)
            edits += edit(question.span_of(head, *at, *at), text)
    for one in moved:
        if one in late or not _is_used_before(question, one, moved):
            edits += _taken(question, one)
    return tuple(edits)


def _is_used_before(
    question: Question, line: Statement, moved: list[Statement]
) -> bool:
    """Whether something before the block, or another cell, needs a statement."""
    head = question.head or line
    between = (o for o in question.program.lines if line.order < o.order < head.order)
    used = (line.makes & one.reads for one in between if one not in moved)
    return line.path != head.path or any(used)


def _needs_what_comes_later(
    question: Question, line: Statement, moved: list[Statement]
) -> bool:
    """Whether a statement from behind the block reads what was made behind it."""
    head = question.head or line
    return line.order > head.order and any(
        made.order > head.order and made not in moved and not question.inside(made)
        for name in line.reads
        for made in question.program.before(name, line)
    )


def _taken(question: Question, line: Statement) -> Edits:
    """A statement removed; in a block of its own it becomes ``pass``."""
    if _alone(line):
        return replace(question, line, line.node, "pass")
    return edit(_whole(question, line), "")


def _alone(line: Statement) -> bool:
    """Whether a statement is the only one of its block."""
    bodies = (getattr(one, "body", ()) for one in (*line.withs, *line.loops))
    return any([line.node] == body for body in bodies)


def _immovable(question: Question, line: Statement, moved: list[Statement]) -> bool:
    """Whether a statement cannot be moved as it is."""
    node = line.node
    return (
        line.scope != (question.head or line).scope
        or _needs_what_comes_later(question, line, moved)
        or node.lineno != node.end_lineno
        or line is question.program.asking_line
        or not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign))
        or not _has_a_line(line)
    )


def _has_a_line(line: Statement) -> bool:
    """Whether nothing else but a comment stands in the statement's line."""
    text = linecache.getline(line.path, line.node.lineno).encode()
    before, after = text[: line.node.col_offset], text[line.node.end_col_offset or 0 :]
    return not before.strip() and after.strip()[:1] in (b"", b"#")


def _text(line: Statement) -> str:
    """A statement that stands in one line as it is written there."""
    return linecache.getline(line.path, line.node.lineno).strip()


def _whole(question: Question, line: Statement) -> Any:
    """A statement with the end of the line before it."""
    number = line.node.lineno
    if number > 1:
        before = linecache.getline(line.path, number - 1).rstrip("\n")
        return question.span_of(line, number - 1, len(before.encode()), number, 10**6)
    return question.span_of(line, number, 0, number, 10**6)


def remove(question: Question, line: Statement | None) -> Edits:
    """A statement removed, if it has its own line and is not alone in its block."""
    if line is None or not isinstance(line.node, ast.Expr):
        return ()
    one = line.node.lineno == line.node.end_lineno
    alone = not one or _text(line) != code_of(line.node) or _alone(line)
    return () if alone else edit(_whole(question, line), "")


def unpause(question: Question, line: Statement) -> Edits:
    """The lines of a stop_recording block, without it."""
    for block in line.withs:
        paused = called(block.items[0].context_expr).endswith(".stop_recording")
        if paused and block.body[0].lineno > block.lineno:
            step = block.body[0].col_offset - block.col_offset
            last = block.end_lineno or 0
            numbers = range(block.lineno + 1, last + 1)
            text = (
                linecache.getline(line.path, n).rstrip("\n")[step:] for n in numbers
            )
            span = question.span_of(line, block.lineno, 0, last, 10**6)
            return edit(span, "\n".join(text))
    return ()


def stay(question: Question, line: Statement | None, node: Any) -> Edits:
    """The same computation with tensors instead of NumPy and Python numbers.

    None where something would be asked of a tensor that only an array can do.
    """
    if line is None:
        return ()
    tensors = _AsTensors(question)
    outer = _with_methods(line, outermost(question, line, node))
    edits = reword(question, line, outer, tensors.change)
    later = (
        other for other in question.program.lines
        if other.scope == line.scope and other.order > line.order
    )  # fmt: skip
    asked = (n for one in later for n in one.parts if isinstance(n, ast.Attribute))
    lacking = (n for n in asked if not hasattr(_TENSOR, n.attr))
    missing = tensors.missing or any(dotted(n.value) in line.makes for n in lacking)
    return () if missing else edits


def _with_methods(line: Statement, node: Any) -> Any:
    """An expression with the methods and attributes that are asked of its value."""
    whole = node
    while True:
        around = parent_of(line, node)
        asks = isinstance(around, ast.Attribute)
        asks = asks or (isinstance(around, ast.Call) and around.func is node)
        part = isinstance(around, ast.Subscript) and around.value is node
        if not (asks or part or isinstance(around, (ast.BinOp, ast.UnaryOp))):
            return whole
        node = around
        whole = node if asks else whole


def outermost(question: Question, line: Statement, node: Any) -> Any:
    """The largest enclosing call that takes values out of the tape."""
    around = (one for one in line.parts if within(node, one) and escapes(question, one))
    return max(around, key=lambda one: sum(1 for _ in ast.walk(one)), default=node)


def escapes(question: Question, node: ast.AST) -> bool:
    """Whether an expression takes a value out of the tape."""
    if not isinstance(node, ast.Call):
        return False
    name = dotted(node.func)
    root, _, last = name.rpartition(".")
    copies = root == question.tf and last in ("constant", "Variable", "numpy_function")
    plain = name in ("float", "int", "complex", "round")
    theirs = bool(root) and question.modules(root.partition(".")[0])
    return _bare(node) or plain or copies or theirs


def _bare(node: ast.Call) -> bool:
    """Whether a call only takes the bare number or array out of a value."""
    bare = isinstance(node.func, ast.Attribute) and node.func.attr in _NUMBERS
    return bare and not node.args


_NUMBERS = ("numpy", "tolist", "item")


def _packed(question: Question, node: ast.expr) -> ast.expr:
    """A list of tensors as one tensor, and any other expression as it is."""
    if not isinstance(node, (ast.List, ast.Tuple)):
        return node
    text = f"{question.tf}.convert_to_tensor({code_of(node)})"
    return parse(text, mode="eval").body


_PLAIN = {
    "float", "int", "array", "asarray", "float32", "float64", "constant", "Variable",
}  # fmt: skip
"""Functions that only change what kind of thing a value is."""

_METHODS = {
    "T": "transpose(V)", "transpose": "transpose(V)", "copy": "identity(V)",
    "sum": "reduce_sum(V)", "mean": "reduce_mean(V)", "max": "reduce_max(V)",
    "min": "reduce_min(V)", "prod": "reduce_prod(V)", "std": "math.reduce_std(V)",
    "var": "math.reduce_variance(V)", "reshape": "reshape(V)", "dot": "tensordot(V)",
    "flatten": "reshape(V, [-1])", "ravel": "reshape(V, [-1])", "clip":
    "clip_by_value(V)", "squeeze": "squeeze(V)", "cumsum": "cumsum(V)",
}  # fmt: skip
"""What TensorFlow writes for the attributes and methods of an array V."""

_AXES = {"axis", "keepdims", "axes"}
_TEXT = ("str", "repr", "format", "list")


class _AsTensors:
    """Rewrites expressions, operands first; ``missing`` is what tensors can't do."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.missing: list[str] = []
        self._arrays: list[ast.AST] = []

    def change(self, node: ast.AST) -> ast.AST | None:
        """What to write for a node; None to leave it."""
        if isinstance(node, ast.JoinedStr):
            self.missing.append("f")
        if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Subscript)):
            if any(self._was_array(n) for n in ast.iter_child_nodes(node)):
                self._arrays.append(node)
            return None
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        made = self._call(node) if isinstance(node, ast.Call) else None
        if made is not None:
            self._arrays.append(made)
        return made

    def _was_array(self, node: ast.AST) -> bool:
        return any(node is one for one in self._arrays)

    def _attribute(self, node: ast.Attribute) -> ast.AST | None:
        if not self._was_array(node.value) or hasattr(_TENSOR, node.attr):
            return None
        if node.attr == "T":
            self._arrays.append(found := self._filled("transpose(V)", node.value))
            return found
        if node.attr not in _METHODS and node.attr not in _NUMBERS:
            self.missing.append(node.attr)
        return None

    def _filled(self, text: str, value: ast.AST, more: str = "") -> ast.expr:
        code = filled(f"{self.question.tf}.{text}", V=value)
        code = f"{code[:-1]}, {more})" if more else code
        return parse(code, mode="eval").body

    def _method(self, func: ast.Attribute, node: ast.Call) -> ast.AST | None:
        """A method of what was an array."""
        args = [code_of(a) for a in node.args]
        if func.attr in ("reshape", "transpose") and len(args) > 1:
            args = [f"({', '.join(args)})"]
        words = [code_of(word) for word in node.keywords]
        args += ["1"] * (func.attr == "dot") + words
        self._check(node)
        return self._filled(_METHODS[func.attr], func.value, ", ".join(args))

    def _check(self, node: ast.Call) -> None:
        """Note the keywords that only NumPy has."""
        known = {word.arg for word in node.keywords} <= _AXES
        self.missing += [] if known else ["keyword"]

    def _call(self, node: ast.Call) -> ast.AST | None:
        func = node.func
        if isinstance(func, ast.Attribute) and _bare(node):
            return func.value
        if isinstance(func, ast.Attribute) and self._was_array(func.value):
            return self._method(func, node) if func.attr in _METHODS else None
        if dotted(func) in _TEXT:
            self.missing.append(dotted(func))
        if not escapes(self.question, node):
            return None
        name = last_name(dotted(func))
        if name in _PLAIN:
            return _packed(self.question, node.args[0]) if node.args else None
        if name not in FUNCTIONS:
            self.missing.append(name)
            return None
        self._check(node)
        args = [code_of(a) for a in (*node.args, *node.keywords)]
        wants, most = _LAST.get(name, ("", 0))
        args += [wants] if len(args) < most else []
        code = f"{self.question.tf}.{FUNCTIONS[name]}({', '.join(args)})"
        return parse(code, mode="eval").body


_LAST = {"dot": ("1", 3), "concatenate": ("0", 2)}
"""The last argument that TensorFlow wants and NumPy does not; its place, from 1."""


def floats(question: Question, line: Statement | None, call: ast.expr | None) -> Edits:
    """Whole numbers written as floats: ``tf.Variable(3)`` as ``tf.Variable(3.0)``."""

    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return ast.Constant(float(node.value))
        if isinstance(node, ast.Attribute) and node.attr.startswith(("int", "uint")):
            return ast.Attribute(node.value, "float32", ast.Load())
        return None

    if not isinstance(call, ast.Call):
        return ()
    first = call.args[0] if call.args else None
    plain = isinstance(first, (ast.Constant, ast.List, ast.Tuple, ast.UnaryOp))
    if any(k.arg == "dtype" for k in call.keywords) or len(call.args) > 1:
        kinds = (ast.Attribute, ast.Constant) if plain else ast.Attribute
        return reword(
            question, line, call, lambda n: change(n) if isinstance(n, kinds) else None
        )
    return reword(question, line, first, change) if plain else ()
