"""A recorded computation as data that a page can run again: values, gradients, loss.

The formulas are the registry's texts as trees: a name is a string, a number a number,
and what is computed a list of a word and its arguments, as in ``["*", "g", ["cos",
"x"]]`` for ``g * cos(x)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

from tapeviz.trace.codec import Document
from tapeviz.trace.value import Entry

FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "basic": ("+", "-", "*", "/", "**", "neg"),
        "common": (
            *("%", ">", ">=", "<", "<=", "==", "!=", "&", "|", "^", "~", "not"),
            *("abs", "ceil", "cos", "cosh", "exp", "expm1", "floor", "log", "log1p"),
            *("sign", "sin", "sinh", "sqrt", "tan", "tanh", "arccos", "arccosh"),
            *("arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "maximum"),
            *("minimum", "where", "positive", "nonzero", "zero", "same", "gate"),
            *("product", "quotient", "sqrt_grad", "reciprocal", "sigmoid", "relu"),
        ),
        "functions": (
            *("cast", "isnan", "isinf", "isfinite", "finite", "gradient_message"),
            *("rint", "divide_no_nan", "multiply_no_nan", "xlogy", "xlog1py", "xdivy"),
            *("leak", "softplus", "erf", "erfc", "cdf", "bell", "lgamma", "digamma"),
            *("polygamma", "floordiv"),
        ),
        "arrays": (
            *("()", "unbroadcast", "broadcast_to", "expand_reduced", "reshape"),
            *("sum", "mean", "count", "@", "T", "add_n"),
        ),
        "moves": (
            *("[]", "...", "before", "inverse", "opposite", "pick", "put", "order"),
            *("transpose", "reverse", "roll", "pick_at", "place_at", "narrow", "widen"),
            *("trim", "pad", "tile", "untile", "gather", "scatter", "rows", "along"),
            *("put_along", "gather_nd", "scatter_nd", "diag", "diag_part", "concat"),
            *("stack", "entry", "hot"),
        ),
        "reductions": (
            *("max", "min", "prod", "any", "all", "argmax", "argmin", "shares"),
            *("logsumexp", "softmax", "log_softmax", "variance", "norm", "cumsum"),
            *("cumprod", "contrast"),
        ),
        "linalg": (
            *("einsum", "turned", "others", "cross", "det", "inv", "solve", "cholesky"),
            *("eigenvalues", "eigenvectors", "singular", "left", "right"),
            *("orthogonal", "upper", "trace", "even", "half", "unit", "band", "gaps"),
        ),
    }
)
"""The words that a page knows, by the script that has them."""

_NEEDS: Mapping[str, tuple[str, ...]] = {
    "moves": ("arrays",),
    "reductions": ("common", "arrays"),
    "linalg": ("arrays",),
}
"""The scripts that others stand on."""

FAMILY: Mapping[str, str] = {w: f for f, words in FAMILIES.items() for w in words}
"""The script of each word."""


@dataclass(frozen=True)
class Formulas:
    """An op as trees: itself, and one vjp for each operand (None: no gradient passes).

    ``operands`` and ``settings`` are the names that the trees use; operands that are
    called ``xs`` may be any number. ``broadcasts``: a contribution is summed down to
    its operand's shape.
    """

    name: str
    forward: Any
    vjps: tuple[Any, ...]
    operands: tuple[str, ...]
    settings: tuple[str, ...]
    broadcasts: bool


@dataclass(frozen=True)
class Instruction:
    """One value: a leaf with its numbers in ``data``, or an op of earlier values.

    ``id`` is that of the graph's node. ``formulas`` is the number of the op among the
    program's formulas, -1 for a leaf; ``operands`` are numbers of instructions.
    ``settings`` are plain data: an axis, a shape, an index.
    """

    id: str
    dtype: str
    shape: tuple[int, ...]
    formulas: int = -1
    operands: tuple[int, ...] = ()
    settings: tuple[Any, ...] = ()
    data: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Goal:
    """A target, by the number of its instruction, and the gradient it starts with.

    ``label`` is what the learner calls it, or "".
    """

    node: int
    seed: tuple[Entry, ...]
    label: str = ""


@dataclass(frozen=True)
class SweepStep:
    """A step of the backward pass: an instruction, and the operands it gives to."""

    node: int
    slots: tuple[int, ...]


@dataclass(frozen=True)
class Handle:
    """A leaf whose numbers may be changed, and what the learner calls it.

    ``kind`` is "variable", "watched" or "constant". ``alike`` are further instructions
    that stand for the same constant.
    """

    node: int
    label: str
    kind: str
    alike: tuple[int, ...] = ()


@dataclass(frozen=True)
class Exit:
    """Where Python looked at a value, so that what follows may depend on it.

    ``follows`` is the number of the first instruction recorded after it. ``kind`` is
    "compared" (by ``if``, ``while`` or ``bool``) or "left" (for Python or NumPy).
    ``line`` is 0 where it is not known.
    """

    node: int
    follows: int
    line: int
    kind: str


@dataclass(frozen=True)
class Program(Document):
    """What a page runs: instructions in the order of recording, and the backward pass.

    ``sources`` are numbers of instructions. ``handles`` are what may be changed,
    ``exits`` where the recorded path hangs on a value.
    """

    saved_as: ClassVar = "program"

    instructions: tuple[Instruction, ...]
    formulas: tuple[Formulas, ...]
    targets: tuple[Goal, ...]
    sources: tuple[int, ...]
    sweep: tuple[SweepStep, ...]
    handles: tuple[Handle, ...] = ()
    exits: tuple[Exit, ...] = ()

    @cached_property
    def free(self) -> frozenset[int]:
        """The instructions that can be changed, by their numbers."""
        return frozenset(i for h in self.handles for i in (h.node, *h.alike))

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The names of the scripts whose words it uses."""
        trees = (t for f in self.formulas for t in (f.forward, *f.vjps))
        used = {FAMILY[word] for tree in trees for word in words(tree)} | {"basic"}
        used |= {other for name in used for other in _NEEDS.get(name, ())}
        if any(one.shape for one in self.instructions):
            used.add("arrays")
        return tuple(name for name in FAMILIES if name in used)

    def problems(self) -> Iterator[str]:
        """What does not hold together, in sentences."""
        for i, one in enumerate(self.instructions):
            if one.formulas >= len(self.formulas):
                yield f"{one.id} is an op without formulas"
            if any(not 0 <= j < i for j in one.operands):
                yield f"{one.id} comes before an operand"
        for formulas in self.formulas:
            for tree in (formulas.forward, *formulas.vjps):
                for word in words(tree):
                    if word not in FAMILY:
                        yield f"{formulas.name} has a word that no page knows: {word}"


def words(tree: Any) -> Iterator[str]:
    """The words that a tree computes with; ``shape`` is none, as it is known before."""
    if isinstance(tree, (tuple, list)) and tree and tree[0] != "shape":
        yield tree[0]
        for part in tree[1:]:
            yield from words(part)
