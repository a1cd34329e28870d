"""Vjp rules as short texts, and the Python functions that are compiled from them.

``"g * cos(x)"`` is the vjp of ``sin(x)``: ``g`` is the upstream gradient, ``x`` the
operand (``a``, ``b``, ``c`` where there are more), ``y`` the op's own result. The names
a rule uses are all that the record has to save. The text is executed, shown and tested.

From the rules of an op this module writes four functions. They run the same text and
differ in the namespace that its words (``cos``) are looked up in:

``vjp_*``           on arrays: adds to the gradients of the op's operands;
``vjp_in_place_*``  the same, where it may overwrite the upstream gradient;
``vjp_tensors_*``   on tensors, recorded, so that gradients have gradients;
``vjp_step_*``      on arrays, one operand's contribution alone, for the pictures.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from sys import getrefcount
from typing import Any

from numpy import ndarray

from tapeviz.engine.parsing import parse
from tapeviz.engine.recording import WATCHED
from tapeviz.errors import error_message

OPERANDS = ("a", "b", "c", "x")


@dataclass(frozen=True)
class Rule:
    """A rule's text and what it needs: operands, the result, shapes."""

    text: str

    @cached_property
    def _tree(self) -> ast.Expression:
        return parse(self.text, mode="eval")

    @cached_property
    def shapes(self) -> frozenset[str]:
        """The values of which only the shape is asked, as ``shape(x)``."""
        return frozenset(
            n.args[0].id
            for n in ast.walk(self._tree)
            if _is_shape(n)
            and isinstance(n, ast.Call)
            and isinstance(n.args[0], ast.Name)
        )

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that the compiled text looks up."""
        tree = parse(self.code, mode="eval")
        return frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))

    @cached_property
    def called(self) -> frozenset[str]:
        """Names that stand inside a function call or a comparison."""
        tree = parse(self.code, mode="eval")
        inside = [n for n in ast.walk(tree) if isinstance(n, (ast.Call, ast.Compare))]
        return frozenset(
            m.id for n in inside for m in ast.walk(n) if isinstance(m, ast.Name)
        )

    @cached_property
    def is_fresh(self) -> bool:
        """Whether its result is always a new array, never ``g`` itself."""
        return isinstance(self._tree.body, (ast.BinOp, ast.UnaryOp))

    def arrays(self, in_place: bool) -> str:
        """The text as it runs on arrays; ``in_place``: on one that may be changed."""
        words = _Words({**_PRODUCT, **_POWER} if in_place else _PRODUCT)
        body = words.visit(parse(self.code, mode="eval")).body
        chain = in_place and _starts_with_g(body)
        return ast.unparse(_written_over(body) if chain else body)

    @cached_property
    def code(self) -> str:
        """The text with ``shape(x)`` written as the saved name ``shape_x``."""
        return ast.unparse(_Shapes().visit(parse(self.text, mode="eval")))


def _is_shape(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "shape"
    )


class _Shapes(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if _is_shape(node) and isinstance(node.args[0], ast.Name):
            return ast.Name(f"shape_{node.args[0].id}", ast.Load())
        return node


_IN_PLACE = {
    ast.Mult: "multiply", ast.Div: "divide", ast.Add: "add", ast.Sub: "subtract",
    ast.USub: "negative",
}  # fmt: skip


_PRODUCT: dict[type[ast.operator], str] = {ast.MatMult: "matmul"}
_POWER: dict[type[ast.operator], str] = {ast.Pow: "raised"}


class _Words(ast.NodeTransformer):
    """``matmul(a, b)`` for ``a @ b``, so that the namespace decides what it does."""

    def __init__(self, names: dict[type[ast.operator], str]) -> None:
        self.names = names

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        name = self.names.get(type(node.op))
        return _call(name, node.left, node.right) if name else node


def _written_over(node: ast.expr) -> ast.expr:
    """A chain of operations on ``g``, each of which writes its result over it.

    ``g * y`` becomes ``multiply(g, y, o)``, where ``o`` is ``g`` or None. A number
    minus (or over) an intermediate result is written over that.
    """
    out = ast.Name("o", ast.Load())
    if isinstance(node, ast.UnaryOp):
        return _call("negative", _written_over(node.operand), out)
    if isinstance(node, ast.BinOp):
        name, rest = _IN_PLACE[type(node.op)], _between(node.right)
        return _call(name, _written_over(node.left), rest, out)
    return node


def _between(node: ast.expr) -> ast.expr:
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.left, ast.Constant)
        and isinstance(node.right, ast.BinOp)
        and type(node.op) in _IN_PLACE
    ):
        step = ast.Name(_IN_PLACE[type(node.op)], ast.Load())
        return _call("below", step, node.left, node.right)
    return node


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(args), [])


def _starts_with_g(node: ast.AST) -> bool:
    """Whether it is a chain of operations on ``g``, which only the first names."""
    while isinstance(node, (ast.BinOp, ast.UnaryOp)) and type(node.op) in _IN_PLACE:
        node, rest = (
            (node.left, node.right)
            if isinstance(node, ast.BinOp)
            else (node.operand, None)
        )
        if isinstance(node, ast.Name):
            return node.id == "g"
        if rest is not None and any(
            isinstance(n, ast.Name) and n.id == "g" for n in ast.walk(rest)
        ):
            return False
    return False


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
    rule in words is ``nickname``, ``domain`` says where the op is defined.
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
    def shapes(self) -> tuple[str, ...]:
        """The shapes its rules ask for, as ``shape_x``."""
        asked = {s for r in self.rules if r for s in r.shapes}
        return tuple(f"shape_{n}" for n in sorted(asked))

    @cached_property
    def extras(self) -> tuple[str, ...]:
        """What a record keeps beside operands and result."""
        return (*self.settings, *self.shapes)

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

    def settings_of(self, rec: tuple[Any, ...]) -> tuple[Any, ...]:
        """The op's settings, in the order of ``settings``."""
        extra = rec[-3]
        return () if self.broadcasts or extra is None else extra[: len(self.settings)]


def compile_function(
    source: str, name: str, words: dict[str, Any], title: str = ""
) -> Callable[..., Any]:
    """The function ``name`` that ``source`` defines; its text shows in tracebacks."""
    file = f"<tapeviz {title or name}>"
    space = {"__name__": "tapeviz.engine.primitives", **words}
    exec(compile(source, file, "exec"), space)  # noqa: S102 - our own rule texts
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    made: Callable[..., Any] = space[name]
    return made


def _unpack(op: Op) -> list[str]:
    if op.many:
        lines = ["    _, ins, xs, y, e, _, _ = r"]
    else:
        ins = ", ".join(f"i{n}" for n in op.operands)
        lines = [f"    _, {ins}, {', '.join(op.operands)}, y, e, _, _ = r"]
    if op.extras and not op.broadcasts:
        lines.append(f"    {', '.join(op.extras)}, = e")
    return lines


def _expression(
    op: Op, slot: int, *, on_tensors: bool, in_place: bool = False
) -> list[str]:
    """The lines that put operand ``slot``'s contribution into ``d``."""
    rule = op.rules[slot]
    if rule is None:
        raise ValueError(f"{op.name} has no rule for operand {slot}")
    lines = []
    if len(op.operands) > 1 and not on_tensors:
        plain = [n for n in op.operands if n in rule.called]
        lines = [f"if {n}.__class__ in PLAIN: {n} = g.dtype.type({n})" for n in plain]
    code = rule.code if on_tensors else rule.arrays(in_place)
    lines.append(f"d = {code}")
    if op.broadcasts:
        lines.append(f"if e is not None: d = unbroadcast(d, e[{slot}])")
    return lines


def _free(op: Op, slot: int) -> str:
    """``o``, the output array: ``g`` itself, unless another rule needs or kept it."""
    others = [
        f"i{n} < 0"
        for k, n in enumerate(op.operands)
        if (rule := op.rules[k]) and (k > slot or (k < slot and not rule.is_fresh))
    ]
    return f"o = g if {' and '.join(others)} else None" if others else "o = g"


def _lift(op: Op) -> list[str]:
    """The lines that make tensors of the saved values that the rules name."""
    names = {n for r in op.rules if r for n in r.names}
    if op.many:
        many = ["xs = [lift(v, j, t, g) for v, j in zip(xs, ins)]"]
        return many if "xs" in names else []
    lines = [f"{n} = lift({n}, i{n}, t, g)" for n in op.operands if n in names]
    return lines + (["y = lift(y, i, t, g)"] if "y" in names else [])


def _add(index: str, in_place: bool = False) -> list[str]:
    if in_place:
        return [f"accumulate(G, {index}, d)"]
    return [f"s = G[{index}]", f"G[{index}] = d if s is None else s + d"]


def sweep_source(op: Op, name: str, *, on_tensors: bool, in_place: bool = False) -> str:
    """The source of an op's vjp, on arrays or ``on_tensors``.

    It takes the upstream gradient ``g``, the record ``r``, the list of gradients ``G``,
    the record's index ``i`` and the recording's handle ``t``. ``in_place``: ``g`` is an
    array that nobody else needs and that may be overwritten.
    """
    head = f"def {name}(g, r, G, i, t):"
    body = _unpack(op)
    if on_tensors:
        body += ["    " + line for line in _lift(op)]
    if op.many:
        body += ["    for k, j in enumerate(ins):", "        if j >= 0:"]
        lines = [
            *_expression(op, 0, on_tensors=on_tensors),
            "if d is None: continue",
            *_add("j"),
        ]
        body += ["            " + line for line in lines]
    for slot, operand in enumerate(() if op.many else op.operands):
        if op.rules[slot] is None:
            continue
        lines = _expression(op, slot, on_tensors=on_tensors, in_place=in_place)
        if in_place and ", o)" in "".join(lines):
            lines = [_free(op, slot), *lines]
        lines += _add(f"i{operand}", in_place)
        if len(op.operands) > 1:
            body.append(f"    if i{operand} >= 0:")
            body += ["        " + line for line in lines]
        else:
            body += ["    " + line for line in lines]
    return "\n".join([head, *body]) + "\n"


def loop_source(ops: Sequence[Op], *, on_tensors: bool, in_place: bool) -> str:
    """The source of the reverse sweep: one loop backwards over the records.

    The rules of ``ops`` are inlined, which saves a call for each of their records. The
    leaves, whose numbers come first, have no operands. ``in_place``: a rule may
    overwrite an upstream gradient that nobody else refers to.
    """
    cases: list[str] = []
    for op in ops:
        lines = sweep_source(op, "", on_tensors=on_tensors).splitlines()[1:]
        cases += [f"            elif op == {op.code}:"]
        cases += ["            " + line for line in lines]
    alone = "count(g) == ALONE and is_whole(g)"
    return "\n".join(
        [
            "def sweep(recs, G, start, stop, keep, t):",
            "    for i in range(stop - 1, start - 1, -1):",
            "        g = G[i]",
            "        if g is not None:",
            "            r = recs[i]",
            "            op = r[0]",
            "            if g.__class__ is ndarray:",
            "                if i not in keep: G[i] = None",
            *([f"                if {alone}:",
               "                    IN_PLACE[op](g, r, G, i, t)",
               "                    continue"] if in_place else []),
            "                RULES[op](g, r, G, i, t)",
            *cases,
            f"            elif op > {WATCHED}: RULES[op](g, r, G, i, t)",
            "",
        ]
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Sweep:
    """The vjps of all ops, by number, in one namespace, and the loop that runs them.

    ``inlined`` are the ops whose rules stand in the loop itself; ``on_tensors``: they
    take tensors and are recorded; ``in_place`` are the vjps that may overwrite ``g``.
    """

    table: Any
    words: dict[str, Any] = field(default_factory=dict)
    inlined: Sequence[Op] = ()
    on_tensors: bool = False
    in_place: Any = None

    @cached_property
    def run(self) -> Callable[..., None]:
        """``run(records, gradients, start, stop, indices to keep, handle)``."""
        words = self.words | {
            "RULES": self.table, "IN_PLACE": self.in_place, "ndarray": ndarray,
            "count": getrefcount, "ALONE": ALONE,
        }  # fmt: skip
        in_place = self.in_place is not None
        source = loop_source(
            self.inlined, on_tensors=self.on_tensors, in_place=in_place
        )
        return compile_function(source, "sweep", words)


def _alone(values: list[Any]) -> int:
    """What ``getrefcount`` says of an object that one local variable refers to."""
    g = values[0]
    values[0] = None
    return getrefcount(g)


ALONE = _alone([object()])


def step_source(op: Op, slot: int, name: str) -> str:
    """The source of a function that gives one operand's contribution alone."""
    lines = [f"def {name}(g, r, k):", *_unpack(op)]
    lines += ["    " + line for line in _expression(op, slot, on_tensors=False)]
    return "\n".join([*lines, "    return d"]) + "\n"


def compile_sweep(
    op: Op, words: dict[str, Any], *, on_tensors: bool, in_place: bool = False
) -> Callable[..., Any]:
    """An op's vjp in the namespace ``words``; without a rule it does nothing."""
    if op.missing:
        return partial(_missing, op.kernel)
    if not any(op.rules):
        return _nothing
    variant = "tensors_" if on_tensors else "in_place_" if in_place else ""
    name = f"vjp_{variant}{op.name}"
    source = sweep_source(op, name, on_tensors=on_tensors, in_place=in_place)
    return compile_function(source, name, words)


def _nothing(_g: Any, _r: Any, _G: Any, _i: Any, _t: Any) -> None:  # noqa: N803
    """No gradient passes this op."""


def _missing(kernel: str, *_sweep: Any) -> None:
    raise LookupError(
        error_message(
            f"gradient registry has no entry for: {kernel}",
            "this op has no derivative, not even 0: tf.stop_gradient(...) around it "
            "says that none is wanted",
        )
    )
