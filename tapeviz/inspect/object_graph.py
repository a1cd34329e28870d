"""A graph of objects that somebody's own engine has left, read as a tape.

micrograd and its many children keep the graph in the values themselves: a value, its
parents, and what each is multiplied by on the way back. Where these are is a
``Description``. Which operation it was follows from the numbers, if nothing says it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

from tapeviz.engine.custom_gradient import CustomOp
from tapeviz.engine.dispatch import call
from tapeviz.engine.ops import NAMED
from tapeviz.engine.records import Asked, Record
from tapeviz.engine.tensor import Variable, array_of, recorded, with_value, wrap
from tapeviz.errors import type_error
from tapeviz.inspect.foreign_tape import NEAR, ForeignTape, error_of
from tapeviz.inspect.source.positions import line_of
from tapeviz.inspect.source.variables import DEEP, Names, members

Part = str | Callable[[Any], Any]
"""The name of an attribute, or a function of the object."""


@dataclass(frozen=True)
class Description:
    """Where the objects of an engine have what a picture shows.

    ``slopes`` has a number for each parent, what an upstream gradient is multiplied by.
    Where there is none, ``backward`` is the object's function that adds to the
    ``gradient`` of its parents. ``op`` is the sign or name of the operation.
    """

    value: Part
    parents: Part
    slopes: Part = ""
    op: Part = ""
    backward: str = "_backward"
    gradient: str = "grad"

    def fits(self, thing: Any) -> bool:
        """Whether an object has the attributes that are named."""
        named = (self.value, self.parents, self.slopes)
        return all(not isinstance(n, str) or not n or hasattr(thing, n) for n in named)


KNOWN = (
    Description("data", "_children", "_local_grads"),
    Description("data", "_prev", op="_op"),
)
"""The forms in which such a class is usually written."""

_described: dict[type, Description] = {}


def describe(  # noqa: PLR0913 - each is a place in the learner's class, by keyword
    kind: type,
    *,
    value: Part,
    parents: Part,
    slopes: Part = "",
    op: Part = "",
    backward: str = "_backward",
    gradient: str = "grad",
) -> None:
    """Say where a class of your own keeps its graph: ``play`` can show it then.

    Each is the name of an attribute or a function of the object. ``parents`` are the
    objects it was computed from, ``slopes`` what a gradient is multiplied by on the way
    to each of them. Without ``slopes`` an object's ``backward()`` is called, which adds
    to the attribute ``gradient`` of its parents; the gradients are put back. ``op`` is
    a sign or a name, if there is one. micrograd's ``Value`` needs no description.

    >>> class Number:
    ...     def __init__(self, v, came_from=()):
    ...         self.v, self.came_from = v, came_from
    >>> describe(
    ...     Number, value="v", parents=lambda n: [p for p, _ in n.came_from],
    ...     slopes=lambda n: [slope for _, slope in n.came_from],
    ... )
    >>> x = Number(3.0)
    >>> y = Number(x.v * x.v, [(x, x.v), (x, x.v)])
    >>> from tapeviz import play
    >>> play(y).run.results[0].entry
    6.0
    """
    _described[kind] = Description(value, parents, slopes, op, backward, gradient)


def description_of(thing: Any) -> Description | None:
    """Where an object has its graph; None if it is no such object."""
    for kind in type(thing).__mro__:
        if kind in _described:
            return _described[kind]
    return next((one for one in KNOWN if one.fits(thing)), None)


class _Made(NamedTuple):
    """Where in the learner's code an object was made, as which, and the object."""

    number: int
    code: CodeType
    instruction: int
    thing: Any


_made_in_block: dict[type, dict[int, _Made]] = {}
"""What was made in the last block of ``lines_of``, by the ``id``."""


@contextmanager
def lines_of(kind: type) -> Iterator[None]:
    """Remember in which line each object of a class of your own is made.

    ``draw`` and ``play`` of what the block computes then have groups that are called
    as the learner's functions are. Objects themselves say nothing of that. What the
    last block made is kept in memory until the next one begins.

    >>> class Number:
    ...     def __init__(self, data, _children=(), _local_grads=()):
    ...         self.data, self._children = data, _children
    ...         self._local_grads = _local_grads
    >>> with lines_of(Number):
    ...     x = Number(3.0)
    """
    made = _made_in_block[kind] = {}
    own = {f.__code__ for f in vars(kind).values() if hasattr(f, "__code__")}
    plain: Any = next(
        vars(k)["__init__"] for k in kind.__mro__ if "__init__" in vars(k)
    )

    def remember(self: Any, *args: Any, **more: Any) -> None:
        frame = sys._getframe(1)
        while frame.f_code in own and frame.f_back is not None:
            frame = frame.f_back
        made[id(self)] = _Made(len(made), frame.f_code, frame.f_lasti, self)
        plain(self, *args, **more)

    inherited = "__init__" not in vars(kind)
    type.__setattr__(kind, "__init__", remember)
    try:
        yield
    finally:
        type.__setattr__(kind, "__init__", plain)
        if inherited:
            type.__delattr__(kind, "__init__")


BY_SIGN = {
    "+": "add", "-": "subtract", "*": "multiply", "×": "multiply", "/": "divide",
    "**": "power", "ReLU": "relu", "neg": "negative",
}  # fmt: skip
"""The op of ours that a sign means; another name is that of an op."""

CANDIDATES = {
    1: ("exp", "log", "tanh", "relu", "sigmoid", "negative", "sqrt", "sin", "cos"),
    2: ("add", "multiply", "subtract", "divide", "power"),
}
"""The ops that an object may have been made by, by the number of its parents."""


EXACT = 1e-12
"""How near a result is to that of the same operation: ``tanh`` of a small number is
near to the number itself, and farther than this."""


class ObjectTape(ForeignTape):
    """The objects that lead to one of them, ``root``, as a tape of ours.

    ``sources`` are the objects asked about; without any, those that the learner has
    names for and that were computed from nothing.
    """

    framework = "your engine"
    has_code = False

    def __init__(
        self, root: Any, about: Description, names: Names, sources: Any
    ) -> None:
        super().__init__()
        self.about, self.root = about, root
        self._names = _named_objects(names, type(root))
        self._places = {key: k for k, key in enumerate(self._names)}
        self._parents: dict[int, list[Any]] = {}
        self._made = _made_in_block.get(type(root), {})
        self.order = list(self._ordered(root))
        leaves = [v for v in self.order if not self.parents(v)]
        asked = _objects(sources, type(root)) if sources is not None else []
        named = [v for v in leaves if id(v) in self._names]
        self.sources, self.is_asked = asked or named or leaves, bool(asked)
        self._asked_or_named = {id(v) for v in (*self.sources, *named)}
        self._mirrors: dict[int, Any] = {}
        self._objects: list[tuple[Any, list[tuple[Any, float]]]] = []

    def mirror(self) -> ObjectTape:
        """Itself, when every object has been recorded by an op of ours."""
        if not self._mirrors:
            with self:
                for v in self.order:
                    self._mirror(v, watch=id(v) in self._asked_or_named)
        return self

    def _read(self, thing: Any, part: Part) -> Any:
        return getattr(thing, part) if isinstance(part, str) else part(thing)

    def parents(self, thing: Any) -> list[Any]:
        """What an object was computed from; of a set, in the order of their names."""
        if id(thing) not in self._parents:
            found = self._read(thing, self.about.parents)
            ordered = list(found or ())
            if isinstance(found, (set, frozenset)):
                last = len(self._places)
                ordered.sort(
                    key=lambda v: (
                        self._places.get(id(v), last),
                        not self._read(v, self.about.parents),
                        self.value(v),
                    )
                )
            self._parents[id(thing)] = ordered
        return self._parents[id(thing)]

    def value(self, thing: Any) -> float:
        """The number that an object holds."""
        return float(self._read(thing, self.about.value))

    def label(self, thing: Any) -> str:
        """The sign or name of the operation, if the engine keeps one."""
        return str(self._read(thing, self.about.op)) if self.about.op else ""

    def line(self, thing: Any) -> tuple[str, int] | None:
        """The file and line in which an object was made, if ``lines_of`` saw it."""
        made = self._made.get(id(thing))
        return None if made is None else line_of(made.code, made.instruction)

    def as_made(self, pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        """Objects and more in the order in which they were made, if all were seen."""
        known = [self._made.get(id(thing)) for thing, _ in pairs]
        if not all(known):
            return pairs
        order = {
            id(thing): one.number
            for (thing, _), one in zip(pairs, known, strict=True)
            if one
        }
        return sorted(pairs, key=lambda pair: order[id(pair[0])])

    def _ordered(self, root: Any) -> Iterator[Any]:
        """The objects, each after those that it was computed from."""
        todo, seen = [(root, False)], set()
        while todo:
            thing, done = todo.pop()
            if done:
                yield thing
            elif id(thing) not in seen:
                seen.add(id(thing))
                todo.append((thing, True))
                todo += [(p, False) for p in reversed(self.parents(thing))]

    def slopes(self, thing: Any, parents: list[Any]) -> list[float]:
        """What an upstream gradient is multiplied by on the way to each parent."""
        about = self.about
        if about.slopes:
            return [float(s) for s in self._read(thing, about.slopes)]
        if not hasattr(thing, about.backward):
            raise type_error(
                f"nothing says what a gradient of {type(thing).__name__} is multiplied "
                "by on its way back",
                "describe the class with slopes=, the attribute or function that has a "
                "number for each parent",
            )
        every = [thing, *parents]
        before = [getattr(v, about.gradient) for v in every]
        try:
            for v in parents:
                setattr(v, about.gradient, 0.0)
            setattr(thing, about.gradient, 1.0)
            getattr(thing, about.backward)()
            return [float(getattr(v, about.gradient)) for v in parents]
        finally:
            for v, g in zip(every, before, strict=True):
                setattr(v, about.gradient, g)

    # -- recording -------------------------------------------------------------------

    def _mirror(self, thing: Any, *, watch: bool) -> None:
        parents, y = self.parents(thing), np.float64(self.value(thing))
        if not parents:
            made: Any = Variable(y) if watch else wrap(y)
            self._mirrors[id(thing)] = made
            self._objects.append((thing, []))
            if watch:
                recorded(made)
            return
        slopes = self.slopes(thing, parents)
        self._objects.append((thing, list(zip(parents, slopes, strict=True))))
        label = self.label(thing)
        given = [self._mirrors[id(p)] for p in parents]
        made = _made(label, given, y, slopes)
        made = self._custom(label, given, y, slopes) if made is None else made
        self._mirrors[id(thing)] = with_value(made, y)
        if (index := recorded(made)) >= 0:
            self.values[index] = y

    def _custom(self, label: str, given: list[Any], y: Any, slopes: list[float]) -> Any:
        def pull(g: Any) -> list[Any]:
            return [wrap(np.float64(array_of(g) * s)) for s in slopes]

        if all(recorded(t) < 0 for t in given):
            return wrap(y)
        return call.custom(given, CustomOp(label or "step", (y,), True, pull))

    # -- what readers ask ------------------------------------------------------------

    def mirrored(self, thing: Any) -> Any:
        """A nest with our tensors and variables in the place of the objects."""
        if isinstance(thing, (list, tuple)):
            return [self.mirrored(one) for one in thing]
        self.mirror()
        if isinstance(thing, type(self.root)) and id(thing) not in self._mirrors:
            self._mirrors[id(thing)] = wrap(np.float64(self.value(thing)))
        return self._mirrors.get(id(thing), thing)

    def named(self, names: Names) -> Names:
        """The learner's names with ours in the place of the objects.

        What a list holds is called by it only where it was computed from nothing: the
        tape of such an engine is a list of everything.
        """
        self.mirror()
        every = _named_objects(names, type(self.root))
        computed = {id(v) for v, parts in self._objects if parts}
        found = {
            n: self._mirrors[k]
            for k, n in every.items()
            if k in self._mirrors and (n.isidentifier() or k not in computed)
        }
        return {**names, **found}

    def own_gradients(self, targets: list[Any]) -> dict[int, Any] | None:
        """The chain rule with the slopes that the objects have."""
        arrived: dict[int, float] = {}
        keys = {id(m): k for k, m in self._mirrors.items()}
        for t in targets:
            arrived[keys[id(t)]] = arrived.get(keys[id(t)], 0.0) + 1.0
        for thing, parts in reversed(self._objects):
            g = arrived.get(id(thing))
            if g is not None:
                for parent, slope in parts:
                    arrived[id(parent)] = arrived.get(id(parent), 0.0) + g * slope
        found = ((self._index_of(self._mirrors[k]), g) for k, g in arrived.items())
        return {i: np.float64(g) for i, g in found if i >= 0}

    def last_asked(self) -> Asked | None:
        """The root, and the objects that it was asked about."""
        root = self._mirrors[id(self.root)]
        return Asked([root], [np.float64(1)], self.mirrored(self.sources))

    def reasons(self, _targets: list[Any], lost: list[Any], *_about: Any) -> list[str]:
        """Why the gradients of these sources are None, a sentence for each."""
        return ["The target was not computed from it." for _ in lost]


def _made(label: str, given: list[Any], y: Any, slopes: list[float]) -> Any:
    """The op of ours that gives this value and has these slopes; None for none."""
    sign = label.rstrip("-.0123456789")
    first = BY_SIGN.get(sign, sign if sign in NAMED else "")
    values = [array_of(t) for t in given]
    for near, name in product(
        (EXACT, NEAR[8]), (first, *CANDIDATES.get(len(given), ()))
    ):
        if name and _gives(name, values, y, slopes, near=near):
            return getattr(call, name)(*given)
    if len(given) != 1:
        return None
    ((t,), (x,), (slope,)) = given, values, slopes
    with np.errstate(all="ignore"):
        n = np.round(np.float64(slope * x / y if y else 0.0), 9)
    power = np.isfinite(n) and _gives("power", [x, n], y, [slope], summed=False)
    if power and first not in CANDIDATES[2][:-1]:
        return call.power(t, float(n))
    for name in dict.fromkeys((first, "multiply", "add")):  # a set has x * x once
        if name in CANDIDATES[2] and _gives(name, [x, x], y, [slope]):
            return getattr(call, name)(t, t)
    return None


def _gives(  # noqa: PLR0913 - what there is to compare, and how
    name: str,
    values: list[Any],
    y: Any,
    slopes: list[float],
    *,
    summed: bool = True,
    near: float = NEAR[8],
) -> bool:
    """Whether an op has this result and these slopes (of one operand twice: a sum)."""
    op = NAMED[name]
    if len(op.operands) != len(values):
        return False
    record = Record(0, op, (-1,) * len(values), tuple(values), y, None, None)
    with np.errstate(all="ignore"):
        if error_of(record.forward(values), y) > near:
            return False
        slots = range(len(values) if summed else 1)
        own = [record.vjp(k, np.float64(1)) for k in slots if op.rules[k]]
    if len(own) > len(slopes):
        own = [np.float64(sum(own))]
    return len(own) == len(slopes) and all(
        error_of(a, np.float64(b)) <= near for a, b in zip(own, slopes, strict=True)
    )


def _objects(nest: Any, kind: type) -> list[Any]:
    """The objects of an engine in a nest of lists."""
    if isinstance(nest, kind):
        return [nest]
    if isinstance(nest, (list, tuple)):
        return [v for one in nest for v in _objects(one, kind)]
    return []


def _named_objects(names: Names, kind: type) -> dict[int, str]:
    """What the learner calls objects of a class, also those in lists, by ``id``."""
    found: dict[int, str] = {}
    shown = [(n, thing) for n, thing in list(names.items()) if n[0] != "_"]
    for depth in (0, DEEP):
        for name, thing in shown:
            _look(name, thing, depth, kind, found)
    return found


def _look(name: str, thing: Any, depth: int, kind: type, found: dict[int, str]) -> None:
    if isinstance(thing, kind):
        found.setdefault(id(thing), name)
    elif depth:
        for inner, one in members(name, thing):
            _look(inner, one, depth - 1, kind, found)
