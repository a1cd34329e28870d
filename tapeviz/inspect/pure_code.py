"""Which code may be run again without anybody noticing.

What is not known for sure to be without effects is taken to have some.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, Variable
from tapeviz.inspect.source.dataflow import called, dotted
from tapeviz.trace.graph import ASKING

ROUNDS = 2000
"""Loops, one in the other, that make more rounds than this are not run again."""

_STATEMENTS = (
    ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.For, ast.If, ast.Pass,
    ast.Return, ast.With, ast.FunctionDef,
)  # fmt: skip
_FORBIDDEN = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.AsyncFor)
_BUILTINS = {
    "abs", "bool", "complex", "dict", "enumerate", "float", "int", "isinstance", "len",
    "list", "max", "min", "range", "repr", "reversed", "round", "set", "sorted", "str",
    "sum", "tuple", "zip",
}  # fmt: skip
METHODS = frozenset((
    "numpy", "item", "tolist", "sum", "mean", "max", "min", "prod", "std", "var",
    "reshape", "astype", "copy", "transpose", "flatten", "ravel", "dot", "clip",
    "squeeze", "read_value", "value", "decode", "get_shape", "items", "keys", "values",
))  # fmt: skip
_OF_TAPES = {"watch", "stop_recording", *ASKING}
_GROWING = {"append", "extend"}
IMPURE = frozenset((
    "random", "print", "summary", "io", "saved_model", "data", "debugging", "config",
    "function", "py_function", "numpy_function", "layers", "models", "optimizers",
    "train", "utils", "metrics", "callbacks", "datasets", "Sequential", "Model",
    "Module", "dropout", "shuffle", "experimental", "draw", "play", "why", "explain",
    "explore", "descent", "save", "savez", "savetxt", "load", "loadtxt", "put",
    "copyto", "place", "putmask", "seterr", "set_printoptions", "fill_diagonal", "lib",
    "memmap", "fromfile", "vectorize", "frompyfunc", "nditer", "timestamp", "normal",
    "initializers", "while_loop", "map_fn", "scan", "foldl", "foldr",
))  # fmt: skip
"""Words in the names of functions that print, write, draw at random or keep a state."""

_LAYERS = {"Dense", "Flatten", "Reshape", "Activation", "ReLU", "Softmax", "Sequential"}
_NEW = (ast.List, ast.Dict, ast.ListComp, ast.BinOp, ast.Constant)
IMMUTABLE = (int, float, complex, str, bytes, tuple, frozenset, type(None))

Source = Callable[[Any], ast.FunctionDef | None]
"""Finds the definition of a function's code object."""


class PureCode:
    """Judges code that runs with certain names.

    ``fresh`` are names that hold what the code itself made; ``made`` those it assigns.
    The attributes say what is known of the code's modules and values; ``copied`` that
    the names hold copies, which may be changed in place, and ``assigned`` at which of
    their attributes.
    """

    modules: tuple[str, ...] = ("tapeviz", "TrialModule", "numpy", "math")
    impure: frozenset[str] = IMPURE
    methods: frozenset[str] = METHODS
    values: tuple[type, ...] = (Tensor, Variable, np.ndarray, np.generic, str)
    copied = False
    assigned: frozenset[str] = frozenset()

    def __init__(self, names: dict[str, Any], source: Source) -> None:
        self.names, self.source = names, source
        self._seen: set[Any] = set()

    def allows(self, body: Iterable[ast.AST], arguments: Iterable[str] = ()) -> bool:
        """Whether statements or expressions can be run without anybody noticing."""
        judge = _Body(self, set(arguments))
        return all(judge.node(one) for one in body)

    def function(self, code: Any, *, tapes: bool) -> bool:
        """Whether a function of the learner's may be called."""
        if code in self._seen:
            return True
        self._seen.add(code)
        found = self.source(code)
        if found is None:
            return False
        args = [a.arg for a in ast.walk(found.args) if isinstance(a, ast.arg)]
        has_tape = any(
            isinstance(n, ast.Attribute) and n.attr in ("GradientTape", "watch")
            for n in ast.walk(found)
        )
        return (tapes or not has_tape) and self.allows(found.body, args)

    def member(self, thing: Any, name: str) -> Any:
        """What an object holds under a name, without running anything."""
        return getattr(thing, "__dict__", {}).get(name)

    def calls(self, thing: Any) -> bool:
        """Whether an object that a name holds may be called."""
        kind = type(thing)
        if isinstance(thing, type):
            return issubclass(thing, (Variable, GradientTape))
        if isinstance(thing, FunctionType):
            inner = getattr(thing, "__wrapped__", thing)
            same = inner.__globals__.get("__name__") == self.names.get("__name__")
            return self.function(inner.__code__, tapes=same and inner is thing)
        if str(kind.__module__).startswith("tapeviz."):
            return _is_plain_layer(thing)
        return self.method(vars(kind).get("__call__"))

    def method(self, thing: Any) -> bool:
        """Whether a method of the learner's class may be called."""
        plain = isinstance(thing, FunctionType)
        return plain and self.function(thing.__code__, tapes=False)


def _is_plain_layer(thing: Any) -> bool:
    """Whether a layer is built and neither draws at random nor keeps a state."""
    inner = getattr(thing, "layers", ())
    named = type(thing).__name__ in _LAYERS and bool(getattr(thing, "built", True))
    is_loss = str(type(thing).__module__).endswith("keras.losses")
    return is_loss or (named and all(map(_is_plain_layer, inner)))


class _Body:
    """The statements of one block or function, judged one after the other."""

    def __init__(self, code: PureCode, made: set[str]) -> None:
        self.code, self.made = code, made
        self.fresh: set[str] = set()
        self.tapes: set[str] = set()
        self.defined: set[str] = set()
        self.rounds = 1

    def node(self, node: ast.AST) -> bool:
        """Whether a statement or an expression may run."""
        if isinstance(node, _STATEMENTS):
            return bool(getattr(self, f"_{type(node).__name__}", self._value)(node))
        parts = ast.walk(node) if isinstance(node, ast.expr) else ()
        return isinstance(node, ast.expr) and all(map(self._part, parts))

    def _FunctionDef(self, node: ast.FunctionDef) -> bool:  # noqa: N802 - as in ast
        if not self._all(node.decorator_list):
            return False
        self.defined.add(node.name)
        args = [a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)]
        return self.code.allows(node.body, {*self.made, *args})

    def _If(self, node: ast.If) -> bool:  # noqa: N802 - as in ast
        return self.node(node.test) and self._all([*node.body, *node.orelse])

    def _AugAssign(self, node: ast.AugAssign) -> bool:  # noqa: N802 - as in ast
        return self._may_grow(node.target) and self._value(node)

    def _value(self, node: Any) -> bool:
        """An assignment, an expression or a return."""
        value = getattr(node, "value", None)
        if value is not None and not self.node(value):
            return False
        targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
        return all(self._target(one, value) for one in targets if one is not None)

    def _all(self, body: Iterable[ast.AST]) -> bool:
        return all(self.node(one) for one in body)

    def _With(self, node: ast.With) -> bool:  # noqa: N802 - as in ast
        for item in node.items:
            if not self.node(item.context_expr):
                return False
            if isinstance(item.optional_vars, ast.Name):
                self.made.add(item.optional_vars.id)
                self.tapes.add(item.optional_vars.id)
        return self._all(node.body)

    def _For(self, node: ast.For) -> bool:  # noqa: N802 - as in ast
        before = self.rounds
        ok = self.node(node.iter) and self._rounds(node.iter)
        ok = ok and self._target(node.target, None)
        ok = ok and self._all([*node.body, *node.orelse])
        self.rounds = before
        return ok

    def _may_grow(self, target: ast.expr) -> bool:
        """Whether ``target += ...`` changes nothing that somebody else holds."""
        name = dotted(target)
        if name in self.fresh:
            return True
        if self.code.copied:
            return isinstance(target, ast.Name) or self._target(target, None)
        held = self.code.names.get(name)
        plain = isinstance(held, (*IMMUTABLE, np.generic)) or type(held) is Tensor
        return bool(name) and "." not in name and name not in self.made and plain

    def _target(self, target: ast.expr, value: ast.expr | None) -> bool:
        if isinstance(target, (ast.Tuple, ast.List)):
            return all(self._target(one, None) for one in target.elts)
        if isinstance(target, ast.Subscript):
            name = dotted(target.value)
            return name in self.fresh or (self.code.copied and self._is_own(name))
        if isinstance(target, ast.Attribute):
            return target.attr in self.code.assigned and self._is_own(dotted(target))
        if not isinstance(target, ast.Name):
            return False
        self.made.add(target.id)
        new = isinstance(value, _NEW) or self._is_made_by_a_module(value)
        (self.fresh.add if new else self.fresh.discard)(target.id)
        return True

    def _is_own(self, name: str) -> bool:
        """Whether a dotted name leads to what the code made or holds a copy of."""
        root, held = name.partition(".")[0], self.code.names
        shared = isinstance(held.get(root), (ModuleType, FunctionType, type))
        return root in self.made or (root in held and not shared)

    def _is_made_by_a_module(self, value: ast.expr | None) -> bool:
        root = called(value).partition(".")[0]
        home = getattr(self.code.names.get(root), "__name__", "")
        return home in self.code.modules or root in ("list", "dict")

    def _rounds(self, source: ast.expr) -> bool:
        """Whether a loop over something makes few rounds."""
        name, held = called(source), self.code.names.get(dotted(source))
        if isinstance(source, ast.Call) and name == "range":
            bounds = [self._integer(a) for a in source.args]
            known = [abs(b) for b in bounds if b is not None]
            return len(known) == len(bounds) and self._times(max(known, default=0))
        if isinstance(source, ast.Call):
            known_function = name in ("enumerate", "zip", "reversed", "list", "sorted")
            return known_function and all(map(self._rounds, source.args))
        if isinstance(source, (ast.List, ast.Tuple)):
            return self._times(len(source.elts))
        shape = getattr(held, "shape", None)
        if shape is not None and isinstance(held, self.code.values):
            return bool(shape) and self._times(int(shape[0]))
        if isinstance(held, (list, tuple, dict)):
            return self._times(len(held))
        return dotted(source) in self.fresh

    def _integer(self, node: ast.expr) -> int | None:
        value = node.value if isinstance(node, ast.Constant) else None
        held = self.code.names.get(dotted(node)) if value is None else value
        return held if isinstance(held, int) else None

    def _times(self, count: int) -> bool:
        self.rounds *= max(1, count)
        return self.rounds <= ROUNDS

    # -- expressions -----------------------------------------------------------------

    def _part(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Name):  # an iterator would be used up
            return not hasattr(self.code.names.get(node.id), "__next__")
        if isinstance(node, ast.comprehension):
            return self._rounds(node.iter)
        if isinstance(node, ast.Call):
            plain = {word.arg for word in node.keywords} & {"out", "file", None}
            return not plain and self._call(node.func)
        return not isinstance(node, _FORBIDDEN)

    def _call(self, func: ast.expr) -> bool:
        name = dotted(func)
        root, _, last = name.partition(".")
        if not name:
            return isinstance(func, ast.Attribute) and func.attr in self.code.methods
        if root in self.tapes and root != name:
            return last in _OF_TAPES
        if root in self.made and root != name:
            grows = root in self.fresh and last in _GROWING
            return grows or last in self.code.methods
        if name == root and name not in self.code.names and hasattr(builtins, name):
            return name in _BUILTINS
        if name in self.defined:
            return True
        return name not in self.made and self._held(name)

    def _held(self, name: str) -> bool:
        """Whether what a dotted name holds may be called."""
        root, *rest = name.split(".")
        thing = self.code.names.get(root)
        home = getattr(thing, "__name__", "").partition(".")[0]
        if home in self.code.modules and not callable(thing):
            return not self.code.impure & set(rest) and bool(rest)
        for part in rest[:-1]:
            thing = self.code.member(thing, part)
        if not rest:
            return thing is not None and self._plain_call(thing)
        if isinstance(thing, self.code.values):
            return rest[-1] in (self.code.methods if self._is_own(name) else METHODS)
        method = getattr(type(thing), rest[-1], None)
        held = self.code.member(thing, rest[-1])
        return self.code.calls(held) if held is not None else self.code.method(method)

    def _plain_call(self, thing: Any) -> bool:
        if isinstance(thing, (BuiltinFunctionType, ModuleType)):
            return getattr(thing, "__module__", "") == "math"
        return self.code.calls(thing)
