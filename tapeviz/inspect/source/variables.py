"""The learner's own names for the values of a tape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, Variable

Names = Mapping[str, Any]


def names_of(tape: GradientTape, names: Names) -> dict[int, str]:
    """The learner's own names for the records of a tape, by index.

    A ``name=`` given to a variable comes first. A value that two variables hold gets
    both names; one whose variable now holds something else gets none.
    """
    found: dict[int, list[str]] = {}
    for name, thing in tensors(names):
        index = tape._index_of(thing)
        if index >= 0 and name not in found.setdefault(index, []):
            found[index].append(name)
    named = {index: " = ".join(all_) for index, all_ in found.items()}
    for index, thing in tape._watched.values():
        if isinstance(thing, Variable) and thing._name != "Variable":
            named[index] = thing._name
    return named


def holders(names: Names) -> dict[int, tuple[str, Any]]:
    """The name and the tensor that hold a raw value, by the value's identity.

    A tensor comes before a variable made of it; two names of one tensor are joined.
    """
    found: dict[int, tuple[str, Any]] = {}
    for name, thing in tensors(names):
        known, one = found.get(id(thing._v), ("", None))
        if one is thing:
            found[id(thing._v)] = (f"{known} = {name}", thing)
        elif one is None or (one.__class__ is Variable and thing.__class__ is Tensor):
            found[id(thing._v)] = (name, thing)
    return found


def tensors(names: Names) -> Iterable[tuple[str, Any]]:
    """Tensors and variables by name; those in short lists by name and number."""
    inside: list[tuple[str, Any]] = []
    for name, thing in list(names.items()):
        if name.startswith("_"):
            continue
        if thing.__class__ in (Tensor, Variable):
            yield name, thing
        elif thing.__class__ in (list, tuple) and len(thing) <= 16:
            inside += [
                (f"{name}[{i}]", t) for i, t in enumerate(thing)
                if t.__class__ in (Tensor, Variable)
            ]  # fmt: skip
    yield from inside
