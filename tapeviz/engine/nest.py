"""Nested lists, tuples and dicts (pytrees) of tensors: flatten and rebuild."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def leaves(structure: Any) -> list[Any]:
    """What is in a nest, in order; dicts by sorted key.

    >>> leaves({"b": 2, "a": [1, (3,)]})
    [1, 3, 2]
    """
    if isinstance(structure, (list, tuple)):  # ``Mapping`` takes long to say no
        items: Iterable[Any] = structure
    elif hasattr(structure, "_v") or not isinstance(structure, Mapping):
        return [structure]
    else:
        items = [structure[key] for key in sorted(structure)]
    found: list[Any] = []
    for item in items:
        if hasattr(item, "_v"):  # a tensor
            found.append(item)
        else:
            found.extend(leaves(item))
    return found


def like(structure: Any, values: list[Any]) -> Any:
    """The values in the shape of ``structure``.

    >>> like({"b": 0, "a": [0, 0]}, [1, 2, 3])
    {'b': 3, 'a': [1, 2]}
    """
    return _build(structure, iter(values))


def _build(structure: Any, values: Iterator[Any]) -> Any:
    kind: Any = type(structure)
    if isinstance(structure, (list, tuple)):
        items = [
            next(values) if hasattr(item, "_v") else _build(item, values)
            for item in structure
        ]
        if hasattr(structure, "_fields"):
            return kind(*items)
        return items if kind is list else kind(items)
    if hasattr(structure, "_v") or not isinstance(structure, Mapping):
        return next(values)
    made = {key: _build(structure[key], values) for key in sorted(structure)}
    ordered = {key: made[key] for key in structure}
    return ordered if kind is dict else kind(ordered)
