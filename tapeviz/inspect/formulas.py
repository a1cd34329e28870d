"""The registry's formulas as a learner reads them: no word that only the kernels know.

A formula is shown with the op's settings filled in, by the names that TensorFlow gives
them, and as the learner wrote them where the line says so.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from tapeviz.engine.kernels.linalg import others, turned
from tapeviz.engine.parsing import parse
from tapeviz.engine.records import Record
from tapeviz.inspect.source.operands import settings_in
from tapeviz.trace.value import spelled_as

Shape: TypeAlias = tuple[int, ...]

_REDUCTIONS = (
    "sum", "mean", "max", "min", "prod", "logsumexp", "variance", "norm", "any", "all",
    "softmax", "log_softmax", "argmax", "argmin",
)  # fmt: skip
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_REDUCTIONS, ("axis", "keepdims")),
    **dict.fromkeys(("cumsum", "cumprod"), ("axis", "exclusive", "reverse")),
    **dict.fromkeys(("concat", "stack", "reverse"), ("axis",)),
    "gather": ("", "axis"),
    "roll": ("", "axis"),
}
"""The keywords of a word's arguments after the first; "" for one without."""

WORDS: Mapping[str, str] = {
    "expand_reduced": "broadcast_to({0}, {1})",
    "broadcast_to": "broadcast_to({0}, {1})", "unbroadcast": "sum_to({0}, {1})",
    "gate": "where({1} > 0, {0}, 0)", "quotient": "{0} / {1}",
    "sqrt_grad": "{0} / (2 * {1})", "rint": "round({0})",
    "finite": "check_numerics({0})", "leak": "where({0} > 0, 1, {1})",
    "shares": "shares({0}, {1})", "scatter": "scatter({0}, {2})",
    "rows": "scatter({0}, {2})", "scatter_nd": "scatter_nd({0}, {2})",
    "put_along": "scatter({0}, {2})", "positive": "{0} > 0", "product": "{0} * {1}",
    "opposite": "-{0}", "hot": "one_hot({0})", "entry": "{0}[{1}]",
    "cdf": "normal_cdf({0})", "bell": "normal_pdf({0})", "zero": "zeros_like({0})",
    "unit": "eye_like({0})", "arctan2": "atan2({0}, {1})", "even": "sym({0})",
    "half": "phi({0})", "gaps": "{0}[j] - {0}[i]", "singular": "svd({0}).s",
    "left": "svd({0}).u", "right": "svd({0}).v", "orthogonal": "qr({0}).q",
    "upper": "qr({0}).r",
}  # fmt: skip
"""What is shown of the kernels' words, from their arguments; the others are shown."""

TEXTS: Mapping[str, str] = {
    "identity": "identity(x)", "stop_gradient": "stop_gradient(x)",
    "leaky_relu": "leaky_relu(x, alpha)", "sort": "sort(x)", "top_k": "top_k(x)",
    "along": "gather(x, ids)", "part": "x[k]", "repeat": "repeat(x, ids)",
    "mirror_pad": "pad(x, ids)", "adjust_contrast": "adjust_contrast(a, b)",
    "einsum": "einsum(eq, {xs})", "tensordot": "tensordot({xs})",
    "matvec": "matvec({xs})", "add_n": "add_n([{xs}])",
    "stack": "stack([{xs}], axis)", "concat": "concat([{xs}], axis)",
    "pad": "pad(x, widths)", "custom": "made({xs})", "pick_at": "x[key]",
    "narrow": "x[key]", "reciprocal": "1.0 / x",
}  # fmt: skip
"""What is shown of an op instead of its text; ``{xs}`` are all of its operands."""

_TURNED = (
    "y @ divide_no_nan(T(y) @ g - T(g) @ y, gaps(singular(x) ** 2)) @ diag(singular(x))"
    " + (g - y @ T(y) @ g) @ diag(1 / singular(x))"
)
RULES: Mapping[str, tuple[str, ...]] = {
    "power": ("g * b * a ** (b - 1)", "g * y * log(a)"),
    "mean": ("broadcast_to(g, shape(x)) / count",),
    "variance": ("broadcast_to(g, shape(x)) * 2 * (x - mean(x, axis, True)) / count",),
    "std": ("broadcast_to(g / y, shape(x)) * (x - mean(x, axis, True)) / count",),
    "prod": ("broadcast_to(g, shape(x)) * product_of_others(x)",),
    "log": ("g / x",),
    "log1p": ("g / (1.0 + x)",),
    "asin": ("g / sqrt(1.0 - x * x)",),
    "acos": ("-g / sqrt(1.0 - x * x)",),
    "atanh": ("g / (1.0 - x * x)",),
    "relu6": ("where((y > 0) & (y < 6), g, 0)",),
    "leaky_relu": ("where(x > 0, g, alpha * g)",),
    "pad": ("g[key]",),
    "sort": ("unsorted(g)",),
    "eigenvalues": ("2 * half(eigenvectors(x) @ diag(g) @ T(eigenvectors(x)))",),
    "singular": ("left(x) @ diag(g) @ T(right(x))",),
    "left": (f"({_TURNED}) @ T(right(x))",),
    "right": (f"left(x) @ T({_TURNED})",),
    "trace": ("g * eye_like(x)",),
    "det": ("g * y * T(inv(x))",),
}
"""What is shown of an op's rules where they can be said more simply."""


def formula(record: Record, shapes: Sequence[Shape], code: str = "") -> str:
    """What an op computes, in terms of its operands: ``mean(x, axis=0)``, ``x[0]``.

    ``shapes`` are those of its operands, ``code`` is the learner's expression.
    """
    op = record.op
    text = TEXTS.get(op.name, op.text)
    if op.many:
        text = text.format(xs=", ".join(f"x{k}" for k in range(len(shapes))))
    return spelled_as(code, _shown(text, _settings(record, shapes, code)))


def rule(record: Record, slot: int, shapes: Sequence[Shape], code: str = "") -> str:
    """An operand's rule, in terms of ``g``, the operands and the result ``y``."""
    op, known = record.op, record.rule(slot)
    if known is None:
        return ""
    if op.name in _RULES_MADE:
        return _RULES_MADE[op.name](record, slot, shapes)
    texts = RULES.get(op.name)
    text = texts[slot] if texts else known.text
    if shapes and len(shapes[-1]) == 1:  # then g is one number
        text = text.replace("g[..., None]", "g")
    return spelled_as(code, _shown(text, _settings(record, shapes, code)))


# -- settings ------------------------------------------------------------------------


def _settings(record: Record, shapes: Sequence[Shape], code: str) -> dict[str, str]:
    """Each setting by its name, as text; so also what the rules count."""
    known = _named(record)
    written = settings_in(code) if known else {}
    rank = len(shapes[0]) if shapes else 0
    found = {name: _setting(name, v, rank, written) for name, v in known.items()}
    reduces = known.keys() >= {"axis", "keep"}
    if rank == 1 and reduces and not written:
        found["axis"] = "None"  # the only axis need not be named
    if record.op.name == "custom":
        found["made"] = str(known["made"].name)
    if reduces and shapes:
        found |= _count(shapes[0], known["axis"])
    if record.op.name in ("pick_at", "narrow"):
        found["key"] = _part_of(known, rank)
    if record.op.name == "pad" and shapes:
        pairs = zip(known["widths"], shapes[0], strict=False)
        found["key"] = ", ".join(f"{before}:{before + n}" for (before, _), n in pairs)
    return found


def _named(record: Record) -> dict[str, Any]:
    """The op's settings by their names."""
    return dict(zip(record.op.settings, record.settings, strict=False))


def _setting(name: str, v: Any, rank: int, written: Mapping[str, str]) -> str:
    if name == "key":
        return _index(v)
    if name == "axis":
        return _axis(v, rank, written)
    if name == "shift" and len(v) == 1:
        return str(v[0])
    return _literal(v) or written.get("ids" if name != "alpha" else "", name)


def _count(shape: Shape, axis: Any) -> dict[str, str]:
    """How many entries are reduced to one, where the operand's shape is known."""
    axes = range(len(shape)) if axis is None else np.atleast_1d(axis)
    known = all(-len(shape) <= a < len(shape) for a in axes)
    return {"count": str(math.prod(shape[a] for a in axes))} if known else {}


def _axis(v: Any, rank: int, written: Mapping[str, str]) -> str:
    """An axis as the learner wrote it, or counted from the front."""
    if v is None:
        return "None"
    axes = _counted(np.atleast_1d(v).tolist(), rank)
    for text in written.values():
        try:
            given = np.atleast_1d(ast.literal_eval(text)).tolist()
            if all(-rank <= a < rank for a in given) and _counted(given, rank) == axes:
                return text
        except (ValueError, TypeError, SyntaxError):
            continue
    return str(axes[0]) if len(axes) == 1 else str(tuple(axes))


def _counted(axes: Sequence[int], rank: int) -> list[int]:
    """Axes in their order, counted from the front."""
    return sorted(a % rank if rank else a for a in axes)


def _literal(v: Any) -> str:
    """A setting as Python text that can be parsed; "" for arrays and the like."""
    if isinstance(v, np.dtype):
        return str(v.name)
    plain = isinstance(v, (bool, int, float, str, type(None)))
    several = v if isinstance(v, (tuple, list)) else [""]
    whole = all(k is None or isinstance(k, int) for k in several)
    return repr(v) if plain or whole else ""


def _index(key: Any) -> str:
    return ", ".join(_key(k) for k in (key if isinstance(key, tuple) else (key,)))


def _key(k: Any) -> str:
    if isinstance(k, slice):
        ends = ["" if e is None else str(e) for e in (k.start, k.stop)]
        return ":".join(ends + ([] if k.step is None else [str(k.step)]))
    return "..." if k is Ellipsis else "mask" if isinstance(k, np.ndarray) else str(k)


# -- rules that are made for one operand ----------------------------------------------


def _part(axis: int, rank: int, key: str) -> str:
    """The index of a part along an axis: ``0:2``, ``:, 1``."""
    at = axis % rank
    return ", ".join([*(":",) * at, key] if at <= rank - 1 - at or rank < 3 else
                     ["...", key, *(":",) * (rank - 1 - at)])  # fmt: skip


def _part_of(known: Mapping[str, Any], rank: int) -> str:
    """The index of what ``pick_at`` and ``narrow`` take."""
    if "k" in known:
        return _part(known["axis"], rank, str(known["k"]))
    start = known["start"]
    return _part(known["axis"], rank, f"{start}:{start + known['size']}")


def _of_transpose(record: Record, slot: int, shapes: Sequence[Shape]) -> str:
    del slot, shapes
    perm = record.settings[0]
    axes = "" if perm is None else f", {tuple(np.argsort(perm).tolist())}"
    return f"transpose(g{axes})"


def _of_concat(record: Record, slot: int, shapes: Sequence[Shape]) -> str:
    axis = record.settings[0]
    start = sum(shape[axis] for shape in shapes[:slot])
    key = f"{start}:{start + shapes[slot][axis]}"
    return f"g[{_part(axis, len(shapes[slot]), key)}]"


def _of_stack(record: Record, slot: int, shapes: Sequence[Shape]) -> str:
    return f"g[{_part(record.settings[0], len(shapes[slot]) + 1, str(slot))}]"


def _of_custom(record: Record, slot: int, shapes: Sequence[Shape]) -> str:
    del record
    return "grad(g)" if len(shapes) == 1 else f"grad(g)[{slot}]"


def _of_einsum(record: Record, slot: int, shapes: Sequence[Shape]) -> str:
    equation = record.settings[0]
    rest = [f"x{k}" for k in range(len(shapes)) if k != slot]
    more = len(others([np.zeros(s) for s in shapes], slot, equation)) - len(rest)
    shown = [repr(turned(equation, slot)), "g", *rest, *("ones",) * more]
    return f"einsum({', '.join(shown)})"


def _at(index: str) -> str:
    return f"g at [{index}], 0 elsewhere"


_RULES_MADE: Mapping[str, Callable[[Record, int, Sequence[Shape]], str]] = {
    "concat": _of_concat, "stack": _of_stack, "custom": _of_custom,
    "einsum": _of_einsum, "tensordot": _of_einsum, "matvec": _of_einsum,
    "pick": lambda record, _slot, _shapes: _at(_index(_named(record)["key"])),
    "part": lambda record, _slot, _shapes: _at(str(record.settings[0])),
    **dict.fromkeys(("pick_at", "narrow"), lambda record, slot, shapes: _at(
        _part_of(_named(record), len(shapes[slot])))),
    "transpose": _of_transpose,
}  # fmt: skip


# -- writing -------------------------------------------------------------------------


def _shown(text: str, known: Mapping[str, str]) -> str:
    """A formula of the registry with its settings in place of their names.

    An argument that is None or False is left out.

    >>> _shown("sum(x, axis, keep)", {"axis": "-1", "keep": "False"})
    'sum(x, axis=-1)'
    >>> _shown("pick(x, key)", {"key": "1:, 0"})
    'x[1:, 0]'
    >>> _shown("g * y * log(where(positive(a), a, 1))", {})
    'g * y * log(where(a > 0, a, 1))'
    """
    return _spelled(text, tuple(known.items()))


@lru_cache(maxsize=512)
def _spelled(text: str, known: tuple[tuple[str, str], ...]) -> str:
    tree = _Speller(dict(known)).visit(parse(text, mode="eval"))
    return ast.unparse(ast.fix_missing_locations(tree))


class _Speller(ast.NodeTransformer):
    def __init__(self, known: dict[str, str]) -> None:
        self._known = known

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id not in self._known or node.id == "key":
            return node
        return parse(self._known[node.id], mode="eval").body

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and isinstance(node.operand, ast.Constant):
            return ast.Constant(not node.operand.value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.slice, ast.Name) and node.slice.id == "key":
            return self._indexed(node.value, "key")
        return self.generic_visit(node)

    def _indexed(self, value: ast.expr, key: str) -> ast.AST:
        text = self._known.get(key, key)
        return parse(f"{ast.unparse(value)}[{text}]", mode="eval").body

    def visit_Call(self, node: ast.Call) -> ast.AST:
        word = node.func.id if isinstance(node.func, ast.Name) else ""
        if word == "pick" and isinstance(node.args[1], ast.Name):
            return self._indexed(node.args[0], node.args[1].id)
        if word == "made" and word in self._known:  # the learner's own function
            node.func = ast.Name(self._known[word])
        shown = [self.visit(arg) for arg in node.args]
        if word in WORDS:
            texts = [f"({ast.unparse(arg)})" for arg in shown]
            return parse(WORDS[word].format(*texts), mode="eval").body
        names = ("", *PARAMETERS.get(word, ()))
        names += ("",) * (len(shown) - len(names))
        pairs = [(n, a) for n, a in zip(names, shown, strict=False) if not _silent(a)]
        node.args = [a for n, a in pairs if not n]
        node.keywords = [ast.keyword(n, _single(a)) for n, a in pairs if n]
        return node


def _single(node: ast.expr) -> ast.expr:
    """An axis without the brackets of a tuple of one."""
    return node.elts[0] if isinstance(node, ast.Tuple) and len(node.elts) == 1 else node


def _silent(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and any(node.value is v for v in _LEFT_OUT)


_LEFT_OUT = (None, False)
