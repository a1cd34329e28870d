"""The learner's own names for the values of a tape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from tapeviz.engine.records import Records, given_name
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, Variable, array_of

Names = Mapping[str, Any]

SHELL = frozenset(("In", "Out", "exit", "quit"))
"""What IPython keeps among the learner's variables."""

MANY = 16
"""A longer list or dictionary gives no names."""

DEEP = 3
"""So many dots and brackets a name has at most."""


def names_of(records: Records, names: Names) -> dict[int, list[str]]:
    """The learner's own names for the records of a tape, by index, all that there are.

    A value whose variable now holds something else has none.
    """
    found: dict[int, list[str]] = {}
    for name, thing in list(names.items()):
        index = records.index_of(thing) if _own(name, thing) else -1
        if index >= 0 and name not in found.setdefault(index, []):
            found[index].append(name)
    return found


def given_names(records: Records) -> dict[int, str]:
    """The ``name=`` of each watched variable that was given one."""
    variables = (one for one in records.watched if isinstance(one.thing, Variable))
    given = {one.index: given_name(one.thing) for one in variables}
    return {index: name for index, name in given.items() if name}


def containers_of(records: Records, names: Names) -> dict[int, str]:
    """Names such as ``params[0]`` and ``lin.slope``, by the index of the record."""
    found: dict[int, str] = {}
    for name, thing in _contained(names):
        index = records.index_of(thing)
        if index >= 0:
            found.setdefault(index, name)
    return found


def holders(names: Names) -> dict[int, tuple[str, Any]]:
    """The name and the tensor that hold a raw value, by the value's identity.

    A tensor comes before a variable made of it, and the first of several names.
    """
    found: dict[int, tuple[str, Any]] = {}
    for name, thing in tensors(names):
        _known, one = found.get(id(array_of(thing)), ("", None))
        if one is None or (one.__class__ is Variable and thing.__class__ is Tensor):
            found[id(array_of(thing))] = (name, thing)
    return found


def tensors(names: Names) -> Iterable[tuple[str, Any]]:
    """Tensors and variables by name; then those in short lists and in objects."""
    every = list(names.items())
    yield from ((name, thing) for name, thing in every if _own(name, thing))
    yield from _contained(names)


def name_of(names: Names, thing: Any) -> str:
    """The learner's name for a tensor or variable; "" where there is none."""
    return next((name for name, one in tensors(names) if one is thing), "")


def _own(name: str, thing: Any) -> bool:
    return not name.startswith("_") and thing.__class__ in (Tensor, Variable)


def _contained(names: Names) -> Iterator[tuple[str, Any]]:
    """The tensors in the learner's lists, dictionaries and objects, by their path."""
    seen: set[int] = set()
    for name, thing in list(names.items()):
        hidden = name.startswith("_") or name in SHELL
        if not hidden and thing.__class__ not in (Tensor, Variable):
            yield from _inside(name, thing, seen, DEEP)


def _inside(
    path: str, thing: Any, seen: set[int], depth: int
) -> Iterator[tuple[str, Any]]:
    if thing.__class__ in (Tensor, Variable):
        yield path, thing
        return
    if not depth or id(thing) in seen:
        return
    parts = members(path, thing)
    if parts:
        seen.add(id(thing))
    for inner, one in parts:
        yield from _inside(inner, one, seen, depth - 1)


def members(path: str, thing: Any) -> list[tuple[str, Any]]:
    """What a short list, a dictionary or an object holds; no code of it is run."""
    listed, keyed = thing.__class__ in (list, tuple), thing.__class__ is dict
    if (listed or keyed) and len(thing) > MANY:
        return []
    if listed:
        return [(f"{path}[{k}]", v) for k, v in enumerate(thing)]
    if keyed:
        keys = [k for k in list(thing) if k.__class__ in (str, int)]
        return [(f"{path}[{k!r}]", thing[k]) for k in keys]
    if isinstance(thing, (type, ModuleType, GradientTape)):
        return []
    held = getattr(thing, "__dict__", None)
    if held.__class__ is not dict or len(held) > 4 * MANY:
        return []
    return [
        (f"{path}.{k}", v)
        for k, v in list(held.items())
        if isinstance(k, str) and not k.startswith("_")
    ]
