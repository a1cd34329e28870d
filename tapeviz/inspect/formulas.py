"""The registry's formulas as a learner reads them: no word that only the kernels know.

A formula is shown with the op's settings filled in, by the names that TensorFlow gives
them, and as the learner wrote them where the line says so.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from tapeviz.engine.kernels.linalg import others, turned
from tapeviz.engine.parsing import parse
from tapeviz.engine.records import Record
from tapeviz.inspect.source.operands import settings_in

Shape: TypeAlias = tuple[int, ...]

_REDUCED = ("axis", "keepdims")
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            *("sum", "mean", "max", "min", "prod", "logsumexp", "variance", "norm"),
            *("any", "all", "softmax", "log_softmax", "argmax", "argmin"),
        ),
        _REDUCED,
    ),
    **dict.fromkeys(("cumsum", "cumprod"), ("axis", "exclusive", "reverse")),
    **dict.fromkeys(("concat", "stack", "reverse"), ("axis",)),
    "gather": ("", "axis"),
    "roll": ("", "axis"),
}
"""The keywords of a word's arguments after the first; "" for one without."""

WORDS: Mapping[str, str] = {
    "expand_reduced": "broadcast_to({0}, {1})",
    "broadcast_to": "broadcast_to({0}, {1})",
    "unbroadcast": "sum_to({0}, {1})",
    "gate": "where({1} > 0, {0}, 0)",
    "quotient": "{0} / {1}",
    "sqrt_grad": "{0} / (2 * {1})",
    "rint": "round({0})",
    "finite": "check_numerics({0})",
    "leak": "where({0} > 0, 1, {1})",
    "shares": "shares({0}, {1})",
    "scatter": "scatter({0}, {2})",
    "rows": "scatter({0}, {2})",
    "scatter_nd": "scatter_nd({0}, {2})",
    "put_along": "scatter({0}, {2})",
    "positive": "{0} > 0",
    "product": "{0} * {1}",
    "opposite": "-{0}",
    "hot": "one_hot({0})",
    "entry": "{0}[{1}]",
    "cdf": "normal_cdf({0})",
    "bell": "normal_pdf({0})",
    "zero": "zeros_like({0})",
    "unit": "eye_like({0})",
    "arctan2": "atan2({0}, {1})",
    "even": "sym({0})",
    "half": "phi({0})",
    "gaps": "{0}[j] - {0}[i]",
    "singular": "svd({0}).s",
    "left": "svd({0}).u",
    "right": "svd({0}).v",
    "orthogonal": "qr({0}).q",
    "upper": "qr({0}).r",
}
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


def spelled_as(code: str, text: str) -> str:
    """A formula with its powers as some code spells them: ``x**2`` or ``x ** 2``."""
    tight = "**" in code and " **" not in code
    return text.replace(" ** ", "**") if tight else text


# -- settings ------------------------------------------------------------------------


def _settings(record: Record, shapes: Sequence[Shape], code: str) -> dict[str, str]:
    """Each setting by its name, as text; so also what the rules count."""
    known = dict(zip(record.op.settings, record.settings, strict=False))
    written = settings_in(code) if known else {}
    rank = len(shapes[0]) if shapes else 0
    found = {name: _setting(name, v, rank, written) for name, v in known.items()}
    if rank == 1 and known.keys() >= {"axis", "keep"} and not written:
        found["axis"] = "None"  # the only axis need not be named
    if record.op.name == "custom":
        found["made"] = str(known["made"].name)
    if "axis" in known and "keep" in known and shapes:
        for count in _counts(shapes[0], known["axis"]):
            found["count"] = str(count)
    if record.op.name in ("pick_at", "narrow"):
        found["key"] = _part_of(known, rank)
    if record.op.name == "pad" and shapes:
        found["key"] = _inner(known["widths"], shapes[0])
    return found


def _setting(name: str, v: Any, rank: int, written: Mapping[str, str]) -> str:
    if name == "key":
        return _index(v)
    if name == "axis":
        return _axis(v, rank, written)
    if name == "shift" and len(v) == 1:
        return str(v[0])
    return _literal(v) or written.get("ids" if name != "alpha" else "", name)


def _counts(shape: Shape, axis: Any) -> Iterator[int]:
    """How many entries are reduced to one, where the operand's shape is known."""
    axes = range(len(shape)) if axis is None else np.atleast_1d(axis)
    if all(-len(shape) <= a < len(shape) for a in axes):
        yield int(np.prod([shape[a] for a in axes], dtype=int))


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
    if isinstance(v, (bool, int, float, str, type(None))):
        return repr(v)
    if isinstance(v, (tuple, list)) and all(
        isinstance(k, (int, type(None))) for k in v
    ):
        return repr(v)
    return ""


def _index(key: Any) -> str:
    return ", ".join(_key(k) for k in (key if isinstance(key, tuple) else (key,)))


def _key(k: Any) -> str:
    if isinstance(k, slice):
        ends = ("" if e is None else str(e) for e in (k.start, k.stop))
        return ":".join([*ends, *([] if k.step is None else [str(k.step)])])
    return (
        "..." if k is Ellipsis else str(k) if not isinstance(k, np.ndarray) else "mask"
    )


# -- rules that are made for one operand ----------------------------------------------


def _part(axis: int, rank: int, key: str) -> str:
    """The index of a part along an axis: ``0:2``, ``:, 1``."""
    at = axis % rank
    return ", ".join([*(":",) * at, key] if at <= rank - 1 - at or rank < 3 else
                     ["...", key, *(":",) * (rank - 1 - at)])  # fmt: skip


def _part_of(known: Mapping[str, Any], rank: int) -> str:
    """The index of what ``pick_at`` and ``narrow`` take."""
    start = known.get("k", known.get("start", 0))
    one = "k" in known
    key = str(start) if one else f"{start}:{start + known['size']}"
    return _part(known["axis"], rank, key)


def _inner(widths: Sequence[tuple[int, int]], shape: Shape) -> str:
    """The index of what stands inside a padding."""
    pairs = zip(widths, shape, strict=False)
    return ", ".join(f"{before}:{before + size}" for (before, _), size in pairs)


def _of_transpose(record: Record, slot: int, shapes: Sequence[Shape]) -> str:
    del slot, shapes
    perm = record.settings[0]
    if perm is None:
        return "transpose(g)"
    return f"transpose(g, {tuple(np.argsort(perm).tolist())})"


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


def _of_part(record: Record, slot: int, shapes: Sequence[Shape]) -> str:
    known = dict(zip(record.op.settings, record.settings, strict=False))
    return f"g at [{_part_of(known, len(shapes[slot]))}], 0 elsewhere"


def _of_pick(record: Record, slot: int, shapes: Sequence[Shape]) -> str:
    del slot, shapes
    known = dict(zip(record.op.settings, record.settings, strict=False))
    return f"g at [{_index(known['key'])}], 0 elsewhere"


_RULES_MADE: Mapping[str, Callable[[Record, int, Sequence[Shape]], str]] = {
    "concat": _of_concat, "stack": _of_stack, "custom": _of_custom,
    "einsum": _of_einsum, "tensordot": _of_einsum, "matvec": _of_einsum,
    "pick": _of_pick, "pick_at": _of_part, "narrow": _of_part,
    "transpose": _of_transpose,
    "part": lambda record, _slot, _shapes: f"g at [{record.settings[0]}], 0 elsewhere",
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
    return isinstance(node, ast.Constant) and (
        node.value is None or node.value is False
    )
